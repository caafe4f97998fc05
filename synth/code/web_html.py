"""Writes a tree of elements as a page that carries all its styles, in one of five idioms.

`plain`: classes of our own, named in one of four ways; `utility`: a class a declaration; `inline`: style attributes; `bootstrap`, `bulma`:
the framework's classes and those of its rules that the page uses, with the page's tokens put on top.
"""

import html
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from synth.code.web_css import Rule, load_rules, used_rules, write_rules
from synth.code.web_look import Look
from synth.code.web_tree import El

NARROW = "(max-width: 700px)"
VOID = frozenset({"input", "meta", "br", "hr", "img"})
INLINE = frozenset({"a", "span", "b", "data", "button", "label", "svg", "path", "th", "td", "li", "p", "h1", "h2", "h3", "option", "time"})
"""Elements that stay on one line with their texts."""


@cache
def _load(name: str) -> Mapping[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return loaded


def styles() -> Mapping[str, Any]:
    """How roles look, and what frameworks call them."""
    return _load("web_styles.yaml")


def write_page(root: El, look: Look, *, title: str, language: str, rtl: bool, narrow: bool = False) -> str:
    """The whole document, root being its body. `narrow`: for a telephone; only styles that stand in attributes need be told.

    >>> # doctest: +SKIP
    >>> write_page(el("body", "body", el("h1", "title", "Rain")), look, title="Rain", language="en", rtl=False)
    """
    writer = _Writer(look, rtl, narrow)
    body = writer.element(root, 0)
    style = writer.sheet()
    attributes = f' lang="{language}"' + (' dir="rtl"' if rtl else "")
    inline = f' style="{writer.inline("html")}"' if look.idiom == "inline" else ""
    return (
        f'<!DOCTYPE html>\n<html{attributes}{inline}>\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{html.escape(title)}</title>\n'
        f"<style>\n{style}\n</style>\n</head>\n{body}\n</html>\n"
    )


def declarations(role: str, tokens: Mapping[str, str], *, narrow: bool = False) -> dict[str, str]:
    """The declarations of a role alone, variants without what they build on."""
    text: str = styles()["narrow" if narrow else "roles"].get(role, "")
    filled = (part.strip().partition(":") for part in text.format(**tokens).split(";") if part.strip())
    return {name.strip(): value.strip() for name, _, value in filled}


def parts_of(role: str) -> list[str]:
    """`nav-link current` -> itself and what it builds on, that first."""
    base, *variants = role.split(" ")
    return [base, *(f"{base} {variant}" for variant in variants)]


def merged(role: str, tokens: Mapping[str, str], *, narrow: bool = False) -> dict[str, str]:
    """All declarations of a role."""
    out: dict[str, str] = {}
    for part in parts_of(role):
        out |= declarations(part, tokens, narrow=narrow)
    return out


class _Writer:
    """Writes elements, and keeps which roles and classes they had."""

    def __init__(self, look: Look, rtl: bool, narrow: bool) -> None:
        self.look, self.rtl, self.narrow = look, rtl, narrow
        self.roles: dict[str, None] = {"html": None}
        self.utilities: dict[str, tuple[str, str]] = {}
        self.classes: dict[str, None] = {}
        self.tags: dict[str, None] = {"html": None, "body": None, "head": None}

    def element(self, item: El, depth: int) -> str:
        self.tags[item.tag] = None
        pad = "  " * depth
        attributes = "".join(f' {name}="{html.escape(value)}"' if value else f" {name}" for name, value in item.attributes)
        opened = f"<{item.tag}{self._style_of(item.role)}{attributes}>"
        if item.tag in VOID:
            return pad + opened
        if item.tag in INLINE or all(isinstance(child, str) for child in item.children):
            inner = "".join(
                html.escape(child, quote=False) if isinstance(child, str) else self.element(child, 0) for child in item.children
            )
            return f"{pad}{opened}{inner}</{item.tag}>"
        inner = "\n".join(
            f"{pad}  {html.escape(child, quote=False)}" if isinstance(child, str) else self.element(child, depth + 1)
            for child in item.children
        )
        return f"{pad}{opened}\n{inner}\n{pad}</{item.tag}>"

    def inline(self, role: str) -> str:
        """The style attribute's value of a role."""
        told = merged(role, self.look.tokens)
        if self.narrow:
            told |= merged(role, self.look.tokens, narrow=True)
        return html.escape("; ".join(f"{name}: {value}" for name, value in told.items()))

    def _style_of(self, role: str) -> str:
        if not role:
            return ""
        if self.look.idiom == "inline":
            return f' style="{self.inline(role)}"'
        names = list(self._utilities(role)) if self.look.idiom == "utility" else list(self._classes(role))
        return f' class="{html.escape(" ".join(dict.fromkeys(names)))}"' if names else ""

    def _classes(self, role: str) -> Iterator[str]:
        framework = styles().get(self.look.idiom, {}).get("classes", {})
        if role in framework or role.split(" ")[0] in framework:
            names = framework[role if role in framework else role.split(" ")[0]].split()
            self.classes.update(dict.fromkeys(names))
            yield from names
            return
        for part in parts_of(role):
            self.roles[part] = None
            yield self.class_name(part)

    def class_name(self, part: str) -> str:
        """What a role is called as a class."""
        base, _, variant = part.partition(" ")
        match self.look.naming:
            case "bem":
                return f"{base}--{variant}" if variant else base
            case "camel":
                return re.sub(r"-(\w)", lambda found: found[1].upper(), f"is-{variant}" if variant else f"{base}-el")
            case "short":
                return f"is-{variant}" if variant else f"c-{base}"
            case _:
                return f"{base}-{variant}" if variant else base

    def _utilities(self, role: str) -> Iterator[str]:
        for narrow in (False, True):
            for name, value in merged(role, self.look.tokens, narrow=narrow).items():
                utility = ("max-md:" if narrow else "") + utility_name(name, value)
                self.utilities[utility] = (NARROW if narrow else "", f"{name}: {value}")
                yield utility

    def sheet(self) -> str:
        """All rules of the page."""
        tokens = self.look.tokens
        if self.look.idiom == "inline":
            return "*, ::before, ::after { box-sizing: border-box }"
        if self.look.idiom == "utility":
            rules = [Rule(media, (f".{escaped(name)}",), (told,)) for name, (media, told) in self.utilities.items()]
            base = Rule("", ("html",), ("height: 100%",))
            return write_rules([base, *sorted(rules, key=lambda rule: bool(rule.media))])
        own = [self._rule(part, "") for part in self.roles if part not in ("html",)]
        narrow = [self._rule(part, NARROW) for part in self.roles if declarations(part, tokens, narrow=True)]
        rules = [Rule("", ("html",), ("height: 100%",)), *own, *narrow]
        if self.look.idiom == "plain":
            return write_rules([rule for rule in rules if rule.declarations])
        name = "bootstrap-rtl" if self.look.idiom == "bootstrap" and self.rtl else self.look.idiom
        framework = used_rules(load_rules(name), self.classes, self.tags)
        theme = [
            Rule("", (name if name == "body" else f".{name}",), tuple(one.strip() for one in text.format(**tokens).split(";")))
            for name, text in styles()[self.look.idiom]["theme"].items()
            if name == "body" or name in self.classes
        ]
        return write_rules([*framework, *theme, *(rule for rule in rules if rule.declarations)])

    def _rule(self, part: str, media: str) -> Rule:
        """The rule of one of our own roles; a variant's needs its base beside it where its name alone says too little."""
        base, _, variant = part.partition(" ")
        names = f".{self.class_name(part)}"
        if variant and self.look.naming in ("short", "camel"):
            names = f".{self.class_name(base)}{names}"
        told = declarations(part, self.look.tokens, narrow=bool(media))
        return Rule(media, (names,), tuple(f"{name}: {value}" for name, value in told.items()))


def utility_name(name: str, value: str) -> str:
    """A class for one declaration, in the manner of utility frameworks: `gap-[12px]`, `[white-space:pre]`."""
    known: dict[str, dict[str, str]] = dict(_load("web_utilities.yaml"))
    if whole := known["whole"].get(f"{name}:{value}"):
        return whole
    written = re.sub(r"\s+", "_", value).replace("'", "")
    return f"{known['short'][name]}-[{written}]" if name in known["short"] else f"[{name}:{written}]"


def escaped(name: str) -> str:
    """A class name as a selector writes it (CSSOM, serialize an identifier, for what our names hold)."""
    return re.sub(r"([^\w-])", r"\\\1", name)
