"""Changes to a page that are asked for, mistakes put into its code, pages that are nearly right: made on the tree, the look or the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from numpy.random import Generator

from schemas.errors import DataError
from synth.code.web_look import Look, hls
from synth.code.web_tree import El, Path, at, changed, exchanged, text_of, walk, without
from synth.code.web_words import Words

Operation = Literal["text", "remove", "swap", "recolour", "toggle", "value"]
HEADINGS = ("h1", "h2", "h3")
SHOWS_PX = 60
"""Pixels that must change for a mistake to show (chosen: two letters)."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A change.

    Attributes:
        operation: What kind of change.
        slots: What its request names: (slot, text).
        body: The tree afterwards.
        look: The tokens afterwards.
    """

    operation: Operation
    slots: tuple[tuple[str, str], ...]
    body: El
    look: Look


def draw_edit(body: El, look: Look, words: Words, rng: Generator) -> Edit:
    """One of the changes that the page allows, each kind as likely as the other."""
    found = list(_edits(body, look, words, rng))
    if not found:
        raise DataError("nothing_to_edit", "the page has nothing that can be changed")
    return found[int(rng.integers(len(found)))]


def _edits(body: El, look: Look, words: Words, rng: Generator) -> Iterator[Edit]:
    texts = [text_of(item) for _, item in walk(body)]
    nodes = list(walk(body))

    def once(text: str) -> bool:
        """Whether nothing but an element and what is alone in it has this text."""
        return bool(text) and sum(text in other for other in {id(item): text_of(item) for _, item in nodes if _leaf(item)}.values()) == 1

    def one(options: list[tuple[Path, El]]) -> tuple[Path, El] | None:
        return options[int(rng.integers(len(options)))] if options else None

    if chosen := one([(path, item) for path, item in nodes if item.tag in HEADINGS and once(text_of(item))]):
        new = words.phrase(18)
        if not any(new in text for text in texts):
            after = changed(body, chosen[0], lambda item: replace(item, children=(new,)))
            yield Edit("text", (("text", text_of(chosen[1])), ("value", new)), after, look)
    entries = [(path, item) for path, item in nodes if _entry(item) and once(text_of(item))]
    lists = {path[:-1]: [other for other in entries if other[0][:-1] == path[:-1]] for path, _ in entries}
    several = [group for group in lists.values() if len(group) >= 3]
    if several:
        group = several[int(rng.integers(len(several)))]
        path, item = group[int(rng.integers(len(group)))]
        yield Edit("remove", (("text", text_of(item)),), without(body, path), look)
        a, b = sorted(int(place) for place in rng.permutation(len(group))[:2])
        (one_path, first), (other_path, second) = group[a], group[b]
        if first.role == second.role:
            after = exchanged(body, one_path[:-1], one_path[-1], other_path[-1])
            yield Edit("swap", (("text", text_of(first)), ("other", text_of(second))), after, look)
    if any(item.tag == "button" and item.role in ("button", "button small") for _, item in nodes):
        old = look.tokens["primary"]
        new = hls(float(rng.random()), 0.3, 0.7)
        if new != old and old not in [look.tokens[name] for name in look.tokens if name != "primary" and name != "strong"]:
            yield Edit("recolour", (("other", old), ("color", new)), body, replace(look, tokens={**look.tokens, "primary": new}))
    fields = {dict(item.attributes).get("id", ""): (path, item) for path, item in nodes if item.tag == "input"}
    labels = [
        (text_of(item), fields[name])
        for _, item in nodes
        if item.tag == "label" and (name := dict(item.attributes).get("for", "")) in fields
    ]
    labels = [(text, found) for text, found in labels if once(text)]
    boxes = [(text, found) for text, found in labels if ("type", "checkbox") in found[1].attributes]
    if boxes:
        text, (path, item) = boxes[int(rng.integers(len(boxes)))]
        on = ("checked", "") in item.attributes
        kept = tuple(pair for pair in item.attributes if pair[0] != "checked")
        toggled = replace(item, attributes=kept if on else (*kept, ("checked", "")))
        yield Edit("toggle", (("text", text), ("state", "off" if on else "on")), changed(body, path, lambda _: toggled), look)
    lines = [(text, found) for text, found in labels if dict(found[1].attributes).get("type") != "checkbox"]
    if lines:
        text, (path, item) = lines[int(rng.integers(len(lines)))]
        new = words.phrase(16)
        kept = tuple(pair for pair in item.attributes if pair[0] not in ("value", "placeholder"))
        filled = replace(item, attributes=(*kept, ("value", new)))
        yield Edit("value", (("text", text), ("value", new)), changed(body, path, lambda _: filled), look)


def _leaf(item: El) -> bool:
    return bool(item.children) and all(isinstance(child, str) for child in item.children)


def _entry(item: El) -> bool:
    return item.tag == "a" and item.role.split(" ")[0] in ("nav-link", "side-link", "tab", "menu-item")


def draw_fault(code: str, rng: Generator) -> tuple[str, str]:
    """(kind of mistake, the code with it); whether it shows, the caller finds out."""
    lines = code.split("\n")
    start, end = lines.index("<style>"), lines.index("</style>")
    kind = str(rng.choice(["property", "brace", "selector", "attribute", "tag"]))
    rules = [number for number in range(start + 1, end) if "{" in lines[number] and "}" in lines[number]]
    body = range(end, len(lines))
    styled = [number for number in body if re.search(r'(?:class|style)="', lines[number])]
    if kind in ("property", "brace", "selector") and rules:
        number = rules[int(rng.integers(len(rules)))]
        line = lines[number]
        if kind == "brace":
            lines[number] = line.replace("}", "", 1)
        elif kind == "selector":
            lines[number] = re.sub(r"\.([A-Za-z])", r".x\1", line, count=1)
        else:
            names = re.findall(r"(?:[{;] )([a-z-]+):", line)
            name = names[int(rng.integers(len(names)))] if names else ""
            lines[number] = re.sub(rf"(?<![\w-]){re.escape(name)}:", f"{_misspelt(name)}:", line, count=1) if name else line
    elif kind == "attribute" and styled:
        number = styled[int(rng.integers(len(styled)))]
        lines[number] = re.sub(r'(class|style)="', lambda found: f'{_misspelt(found[1])}="', lines[number], count=1)
    else:
        closed = [number for number in body if lines[number].strip() in ("</div>", "</section>", "</article>", "</nav>", "</header>")]
        if closed:
            del lines[closed[int(rng.integers(len(closed)))]]
    return kind, "\n".join(lines)


def _misspelt(name: str) -> str:
    """A name with its last two letters exchanged, as hands do."""
    return name[:-2] + name[-1] + name[-2] if len(name) > 2 and name[-1] != name[-2] else name + name[-1]


def near_misses(body: El, rng: Generator) -> Iterator[tuple[str, El]]:
    """Trees that are wrong in one thing: a text, a colour, an order, a missing element; `mirrored` is the tree itself,
    to be written in the other direction.
    """
    nodes = [(path, item) for path, item in walk(body) if path]
    leaves = [(path, item) for path, item in nodes if _leaf(item) and len(text_of(item)) > 3]
    path, _ = leaves[int(rng.integers(len(leaves)))]
    yield "text", changed(body, path, lambda one: replace(one, children=(text_of(one)[::-1],)))
    yield "colour", changed(body, path, lambda one: replace(one, role="", attributes=(*one.attributes, ("style", "color: #cc2277"))))
    yield "missing", without(body, path)
    full = [(parent, [n for n, child in enumerate(whole.children) if text_of(child).strip()]) for parent, whole in [((), body), *nodes]]
    parent, places = max(full, key=lambda one: (len(one[1]) > 1, len(text_of(at(body, one[0]))) if len(one[1]) > 1 else 0))
    yield "order", exchanged(body, parent, places[0], places[-1])
    yield "mirrored", body
