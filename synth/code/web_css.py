"""The rules of a style sheet that a page uses, so that the page can carry them itself.

A reader of well-formed, minified CSS such as Bootstrap's and Bulma's, not of any CSS. A rule stays if one of its selectors names only
classes, elements and identifiers of the page; a custom property stays if a rule that stays needs it.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("web_assets")
_STATES = re.compile(
    r":(?:hover|focus|focus-visible|focus-within|active|disabled|visited|target|placeholder-shown|valid|invalid|autofill|fullscreen"
    r"|-webkit[\w-]*|-moz[\w-]*|-ms[\w-]*)|::(?!before|after|placeholder)|\[(?:data-theme|data-bs-theme|disabled|readonly)"
)
"""What a picture of a page never shows."""
_CLASS, _TAG = re.compile(r"\.((?:[\w-]|\\.)+)"), re.compile(r"(?:^|[\s>+~(,])([a-z][a-z0-9]*)")
_VARIABLE = re.compile(r"var\((--[\w-]+)")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: media query (or none), selectors, declarations."""

    media: str
    selectors: tuple[str, ...]
    declarations: tuple[str, ...]


@cache
def load_rules(name: str) -> tuple[Rule, ...]:
    """The rules of one of our style sheets."""
    return tuple(read_rules((FOLDER / f"{name}.css").read_text(encoding="utf-8")))


def read_rules(css: str, media: str = "") -> Iterator[Rule]:
    """The rules of a style sheet in order; `@media` by width is opened, all else that begins with @ is left out."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    at = 0
    while (opened := css.find("{", at)) >= 0:
        head = css[at:opened].strip().rpartition(";")[2].strip()
        depth, end = 1, opened + 1
        while depth and end < len(css):
            depth += {"{": 1, "}": -1}.get(css[end], 0)
            end += 1
        body, at = css[opened + 1 : end - 1], end
        if head.startswith("@media") and not media:
            if re.search(r"\((?:min|max)-width", head) and "print" not in head:
                yield from read_rules(body, head.removeprefix("@media").strip())
        elif not head.startswith("@"):
            yield Rule(media, _split(head, ","), _split(body, ";"))


def _split(text: str, mark: str) -> tuple[str, ...]:
    """Parts between marks that stand outside brackets and quotes."""
    parts, depth, quote, start = [], 0, "", 0
    for place, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == mark and not depth:
            parts.append(text[start:place])
            start = place + 1
    parts.append(text[start:])
    return tuple(part.strip() for part in parts if part.strip())


def used_rules(rules: Collection[Rule], classes: Collection[str], tags: Collection[str]) -> list[Rule]:
    """The rules that touch a page with these classes and elements, without the custom properties that none of them needs."""
    found = []
    for rule in rules:
        selectors = tuple(one for one in rule.selectors if _touches(one, classes, tags))
        if selectors:
            found.append(Rule(rule.media, selectors, tuple(map(_plain, rule.declarations))))
    needed: set[str] = set()
    while True:
        before = len(needed)
        for rule in found:
            for declaration in rule.declarations:
                name, _, value = declaration.partition(":")
                if not name.startswith("--") or name in needed:
                    needed.update(_VARIABLE.findall(value))
        if len(needed) == before:
            break
    kept = [
        Rule(
            rule.media,
            rule.selectors,
            tuple(one for one in rule.declarations if not one.startswith("--") or one.partition(":")[0] in needed),
        )
        for rule in found
    ]
    return [rule for rule in kept if rule.declarations]


def _plain(declaration: str) -> str:
    """A declaration without a picture from elsewhere; data URIs stay."""
    return "background-image:none" if "url(" in declaration and "data:" not in declaration else declaration


def _touches(selector: str, classes: Collection[str], tags: Collection[str]) -> bool:
    if _STATES.search(selector):
        return False
    bare = re.sub(r":not\([^)]*\)", "", selector)
    bare = re.sub(r":(?:where|is)\(([^)]*)\)", r" \1", bare)
    named = [name.replace("\\", "") for name in _CLASS.findall(bare)]
    elements = _TAG.findall(re.sub(r"\[[^\]]*\]|\.(?:[\w-]|\\.)+|::?[\w-]+(?:\([^)]*\))?", "", bare))
    return all(name in classes for name in named) and all(name in tags for name in elements)


def write_rules(rules: Collection[Rule]) -> str:
    """CSS, one rule a line; rules of one media query in a row share it."""
    lines: list[str] = []
    media = ""
    for rule in rules:
        if rule.media != media:
            lines += ["}"] if media else []
            lines += [f"@media {rule.media} {{"] if rule.media else []
            media = rule.media
        pad = "  " if media else ""
        lines.append(f"{pad}{', '.join(rule.selectors)} {{ {'; '.join(rule.declarations)} }}")
    return "\n".join([*lines, *(["}"] if media else [])])
