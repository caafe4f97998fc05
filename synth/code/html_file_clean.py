"""Makes a stranger's HTML file one self-contained page that can be a target: no scripts, no requests, only the styles that apply.

Style sheets beside the file are put into it, pictures become grey boxes of their size (as in Design2Code), links go nowhere. The browser
says which rules apply. Every file that cannot be used is a `DataError` with one of the names in `REASONS`.
"""

import codecs
import html
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

from schemas.errors import DataError
from synth.browser.page import MAX_NODES, UsedStyle, used_styles

REASONS = ("zero_byte", "not_html", "broken_encoding", "too_large", "cleaning_changes", "nothing_shown")
"""Why a file cannot be used, beside those of `web_run`."""
MAX_BYTES = 2 << 20
VOID = frozenset({"area", "br", "col", "hr", "img", "input", "meta", "wbr", "source", "track", "embed", "link", "base"})
DROPPED = frozenset(
    {"script", "noscript", "template", "iframe", "object", "applet", "audio", "video", "canvas", "frameset", "title", "style"}
)
"""Elements that go with all that is in them; styles and title are written anew."""
IGNORED = frozenset({"html", "head", "body", "meta", "link", "base", "embed", "source", "track"})
"""Tags that go, or are written anew, while what is in them stays."""
_KEPT_LINKS = frozenset({"href", "src", "srcset", "action", "poster", "data", "formaction", "background", "ping", "xlink:href"})
_BOX = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'%3E%3Crect width='100%25' height='100%25' fill='%23c8c8c8'/%3E%3C/svg%3E"
)
_META = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_IMPORT = re.compile(r"""@import\s+(?:url\()?\s*["']?([^"')\s;]+)["']?\s*\)?[^;]*;""", re.IGNORECASE)
_URL = re.compile(r"""url\(\s*(?:"(?!data:)[^"]*"|'(?!data:)[^']*'|(?!data:|["'])[^)]*)\s*\)""", re.IGNORECASE)
Files = Callable[[str], bytes | None]
"""The content of a file, by its address as the page has it; None if there is none."""


def decoded(data: bytes, where: str) -> str:
    """A file's text by its byte order mark, by what it says of itself, or as UTF-8; DataError with one of `REASONS`."""
    if not data.strip():
        raise DataError("zero_byte", f"{where} is empty")
    if len(data) > MAX_BYTES:
        raise DataError("too_large", f"{where} has {len(data):,} bytes, more than {MAX_BYTES:,}")
    told = _META.search(data[:2048])
    name = "utf-16" if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else told[1].decode("ascii") if told else "utf-8"
    try:
        text = data.decode("utf-8-sig" if name.lower().replace("-", "") == "utf8" else name)
    except (LookupError, UnicodeDecodeError) as error:
        raise DataError("broken_encoding", f"{where} is not {name}: {error}") from error
    if not re.search(r"<(?:!doctype html|html|body|div|p|h1|table|main)\b", text, re.IGNORECASE) or "\0" in text:
        raise DataError("not_html", f"{where} begins with {text[:40]!r}")
    return text


class _Reader(HTMLParser):
    """Reads a page: attributes of `html` and `body`, styles in order, and what is shown."""

    def __init__(self, files: Files) -> None:
        super().__init__(convert_charrefs=True)
        self.files = files
        self.title, self.styles, self.body = "", list[str](), list[str]()
        self.outer: dict[str, str] = {"html": "", "body": ""}
        self._skipped: list[str] = []
        self._in_head = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("html", "body"):
            self.outer[tag] = self.outer[tag] or _attributes(given)
        if tag == "link" and "stylesheet" in given.get("rel", "").lower() and given.get("media", "all") in ("all", "screen", ""):
            self.styles.append(self._sheet(given.get("href", "")))
        self._in_head = (self._in_head or tag == "head") and tag != "body"
        if self._skipped or tag in DROPPED:
            if tag not in VOID:
                self._skipped.append(tag)
            return
        if tag in IGNORED or self._in_head:
            return
        if tag == "img":
            given = _box(given)
        self.body.append(f"<{tag}{_attributes(given)}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            if tag in self._skipped:
                del self._skipped[len(self._skipped) - 1 - self._skipped[::-1].index(tag) :]
            return
        self._in_head = self._in_head and tag != "head"
        if tag not in IGNORED and tag not in VOID and not self._in_head:
            self.body.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        inside = self._skipped[-1] if self._skipped else ""
        if inside == "style":
            self.styles.append(self._imported(data, 0))
        elif inside == "title" and not self.title:
            self.title = " ".join(data.split())
        elif not self._skipped and not self._in_head:
            self.body.append(html.escape(data, quote=False))

    def _sheet(self, address: str, depth: int = 0) -> str:
        data = self.files(address) if address and depth < 4 else None
        return self._imported(data.decode("utf-8", "replace"), depth) if data else ""

    def _imported(self, css: str, depth: int) -> str:
        plain = _IMPORT.sub(lambda found: self._sheet(found[1], depth + 1), css)
        return _URL.sub("none", plain).replace("</", "<\\/")


def _attributes(given: dict[str, str]) -> str:
    kept = []
    for name, value in given.items():
        if name.startswith("on") or not re.fullmatch(r"[a-zA-Z_:][\w:.-]*", name):
            continue
        if name in _KEPT_LINKS and not value.startswith(("data:", "#")):
            if name != "href":
                continue
            value = "#"
        if name == "style":
            value = _URL.sub("none", value)
        kept.append(f' {name}="{html.escape(value)}"' if value else f" {name}")
    return "".join(kept)


def _box(given: dict[str, str]) -> dict[str, str]:
    """An image as a grey box."""
    return {name: value for name, value in given.items() if name not in ("src", "srcset", "loading")} | {"src": _BOX}


def cleaned(text: str, files: Files, where: str) -> str:
    """The page with all its styles in it and nothing else that it asks for."""
    reader = _Reader(files)
    reader.feed(text)
    reader.close()
    if len(reader.body) > 3 * MAX_NODES:
        raise DataError("too_many_nodes", f"{where} has {len(reader.body):,} tags and texts, more than {3 * MAX_NODES:,}")
    body = re.sub(r"\n\s*\n+", "\n", "".join(reader.body)).strip()
    if not re.search(r">[^<]*\w", f">{body}"):
        raise DataError("nothing_shown", f"{where} shows no text before its scripts run")
    return _page(reader, "\n".join(reader.styles), body)


def _page(reader: _Reader, style: str, body: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html{reader.outer["html"]}>\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{html.escape(reader.title)}</title>\n'
        f"<style>\n{style}\n</style>\n</head>\n<body{reader.outer['body']}>\n{body}\n</body>\n</html>\n"
    )


def with_used_styles(page: str, width_px: int, height_px: int) -> str:
    """The page with those rules alone that apply in a window of this size, one a line."""
    start, end = page.index("<style>\n") + len("<style>\n"), page.index("\n</style>")
    sheets = used_styles(page, width_px, height_px)
    lines = list(used_lines(sheets[0])) if sheets else []
    return page[:start] + "\n".join(_without_spare(lines)) + page[end:]


def used_lines(sheet: UsedStyle) -> Iterator[str]:
    """The rules of a style element that are used, those in at-rules within these."""
    text = re.sub(r"/\*.*?(?:\*/|$)", lambda found: " " * len(found[0]), sheet.text, flags=re.DOTALL)
    yield from _lines(UsedStyle(text, sheet.used), 0, len(text))


def _lines(sheet: UsedStyle, start: int, end: int) -> Iterator[str]:
    text, at = sheet.text, start
    while at < end:
        opened = text.find("{", at, end)
        if opened < 0:
            return
        close = _closing(text, opened, end)
        head = text[at:opened].rpartition(";")[2].strip()
        if head.startswith("@"):
            if head.startswith(("@media", "@supports", "@layer", "@container")):
                inner = list(_lines(sheet, opened + 1, close))
                if inner:
                    yield " ".join([f"{head} {{", *inner, "}"])
        elif ":root" in head or any(low < close and high > at for low, high in sheet.used):  # the browser does not count rules of the root
            told = " ".join(text[opened + 1 : close].split())
            yield f"{' '.join(head.split())} {{ {re.sub(r';(?=-?[a-z][a-z-]*:)', '; ', told)} }}"
        at = close + 1


def _closing(text: str, opened: int, end: int) -> int:
    """Place of the brace that closes the one at `opened`; `end` if none does."""
    depth, quote, at = 0, "", opened
    while at < end:
        char = text[at]
        if quote:
            at += char == "\\"
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "{}":
            depth += 1 if char == "{" else -1
            if depth == 0:
                return at
        at += 1
    return end


def _without_spare(lines: list[str]) -> list[str]:
    """Rules without custom properties that none of them uses."""
    while True:
        needed = {name for line in lines for name in re.findall(r"var\(\s*(--[\w-]+)", line)}
        kept = [_needing(line, needed) for line in lines]
        if kept == lines:
            return [line for line in lines if not re.search(r"\{\s*\}\s*$", line)]
        lines = kept


def _needing(line: str, needed: set[str]) -> str:
    return re.sub(r"(--[\w-]+)\s*:\s*[^;{}]*;?", lambda found: found[0] if found[1] in needed else "", line)
