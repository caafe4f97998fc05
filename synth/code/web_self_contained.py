"""Whether a page asks for anything outside itself: read tag by tag and token by token, so that prose may say what it likes."""

import re
from html.parser import HTMLParser

from schemas.errors import DataError

ADDRESSES = frozenset(
    {"src", "srcset", "imagesrcset", "href", "xlink:href", "action", "formaction", "poster", "background", "ping", "data", "srcdoc"}
)
"""Attributes that name what is outside (HTML Living Standard, attributes of type URL), and `srcdoc`, which is another page."""
STYLED = frozenset(
    {"style", "fill", "stroke", "filter", "mask", "clip-path", "cursor", "marker-start", "marker-mid", "marker-end", "to", "from", "values"}
)
"""Attributes that hold CSS, those of SVG among them."""
REFUSED = frozenset({"script", "iframe", "frame", "frameset", "object", "embed", "base"})
FUNCTIONS = frozenset({"url", "src", "image", "image-set", "-webkit-image-set"})
"""CSS functions of which a string is an address (CSS Values 4, CSS Images 4)."""
_TOKEN = re.compile(
    r"""/\*.*?(?:\*/|\Z)|(?P<asks>@import\b)|\burl\(\s*(?!["'\s])(?P<bare>[^)]*)\)|(?P<opens>[\w-]*)\("""
    r"""|"(?P<double>(?:\\.|[^"\\])*)"|'(?P<single>(?:\\.|[^'\\])*)'|(?P<closes>\))""",
    re.IGNORECASE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:([0-9a-f]{1,6})\s?|([g-z]))", re.IGNORECASE)
_ODD_COMMENT = re.compile(r"<!--?-?>|--!>")
"""What browsers take for the end of a comment and `HTMLParser` may not."""


def check_self_contained(html: str) -> None:
    """DataError `not_self_contained` if a page asks for anything outside itself, or holds a script."""
    if _ODD_COMMENT.search(html):
        raise _refusal("a comment that ends oddly")
    page = _Page()
    page.feed(html)
    page.close()


def check_css(css: str) -> None:
    """DataError `not_self_contained` if a style names anything outside the page."""
    around: list[str] = []
    for token in _TOKEN.finditer(_ESCAPE.sub(_letter, css)):
        if token["asks"]:
            raise _refusal("@import")
        if token["bare"] is not None:
            _check_address(token["bare"])
        elif token["opens"] is not None:
            around.append(token["opens"].lower())
        elif token["closes"]:
            del around[-1:]
        elif around and around[-1] in FUNCTIONS:
            _check_address(token["double"] or token["single"] or "")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.styling = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        refresh = tag == "meta" and any(name == "http-equiv" and (value or "").strip().lower() == "refresh" for name, value in attrs)
        if tag in REFUSED or refresh:
            raise _refusal(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on"):
                raise _refusal(f"{name} of <{tag}>")
            if name in ADDRESSES and value:
                _check_address(value)
            if name in STYLED and value:
                check_css(value)
        self.styling = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self.styling = False

    def handle_data(self, data: str) -> None:
        if self.styling:
            if "</" in data:  # browsers and `HTMLParser` may not agree on where such a style ends
                raise _refusal("a tag within a style")
            check_css(data)


def _letter(escape: re.Match[str]) -> str:
    """A letter that is written as an escape; other escapes as they are."""
    if escape[2]:
        return escape[2]
    code = int(escape[1], 16)
    return chr(code) if code < 128 and (chr(code).isalpha() or chr(code) == "@") else escape[0]


def _check_address(address: str) -> None:
    if not address.strip().lower().startswith(("#", "data:")):
        raise _refusal(address[:60])


def _refusal(what: str) -> DataError:
    return DataError("not_self_contained", f"the page holds {what!r}")
