"""Makes a stranger's HTML file one self-contained page that can be a target: no scripts, no requests, only the styles that apply.

Style sheets of its site are put into it under their conditions, pictures become grey boxes of their size (as in Design2Code), links go
nowhere. The browser says which rules apply. Every file that cannot be used is a `DataError` with one of the names in `REASONS`.
"""

import base64
import codecs
import html
import io
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from PIL import Image as PillowImage

from schemas.errors import DataError
from synth.browser.page import MAX_NODES, UsedStyle, used_styles

REASONS = ("zero_byte", "not_html", "broken_encoding", "too_large", "cleaning_changes", "nothing_shown", "missing_sheet")
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
_IMPORT = re.compile(r"""@import\s+(?:url\(\s*)?["']?([^"')\s;]+)["']?\s*\)?([^;]*);""", re.IGNORECASE)
_CONDITIONS = re.compile(r"\s*(?:(layer)(?:\(([^)]*)\))?)?\s*(?:supports\(((?:[^()]|\([^()]*\))*)\))?\s*(.*)", re.IGNORECASE | re.DOTALL)
"""What may follow the address of an import (CSS Cascade 5, section 2): a layer, what must be supported, media."""
_ADDRESS = r"""url\(\s*(?:"(?!data:)[^"]*"|'(?!data:)[^']*'|(?!data:|["'])[^)]*)\s*\)"""
_URL = re.compile(_ADDRESS, re.IGNORECASE)
_GROUND = re.compile(rf"(\bbackground(?:-image)?\s*:[^;{{}}]*?){_ADDRESS}", re.IGNORECASE)
_ICON = re.compile(
    r"""(\bcontent\s*:\s*)(?:"(?:\\[ef][0-9a-f]{3}\s?|[\ue000-\uf8ff])+"|'(?:\\[ef][0-9a-f]{3}\s?|[\ue000-\uf8ff])+')""", re.IGNORECASE
)
"""Letters of an icon font, from Unicode's private area: without the font, which does not come with the page, they are empty boxes."""
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
FONT_HOSTS = frozenset({"fonts.googleapis.com", "fonts.gstatic.com", "fonts.bunny.net", "use.typekit.net", "rsms.me"})
"""Hosts whose sheets declare fonts and nothing else; the browser has fonts of its own, so pages go without them."""
MAX_IMPORTS = 4
MAX_SIDE_PX = 100_000
"""Larger lengths that a picture of the SVG kind states are not believed (chosen: no page that is kept has room for a tenth)."""
Files = Callable[[str], bytes | None]
"""The content of a file, by its address as the page would ask for it; None if there is none."""


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
    except (LookupError, UnicodeError) as error:
        raise DataError("broken_encoding", f"{where} is not {name}: {error}") from error
    if not re.search(r"<(?:!doctype html|html|body|div|p|h1|table|main)\b", text, re.IGNORECASE) or "\0" in text:
        raise DataError("not_html", f"{where} begins with {text[:40]!r}")
    return text


class _Reader(HTMLParser):
    """Reads a page: attributes of `html` and `body`, styles in order, and what is shown; counts what goes."""

    def __init__(self, files: Files, where: str) -> None:
        super().__init__(convert_charrefs=True)
        self.files, self.where = files, where
        self.title, self.styles, self.body = "", list[str](), list[str]()
        self.outer: dict[str, str] = {"html": "", "body": ""}
        self.done: Counter[str] = Counter()
        self._skipped: list[str] = []
        self._in_head = False
        self._media: str | None = ""  # of the style element that is open; None if it holds no CSS

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("html", "body"):
            self.outer[tag] = self.outer[tag] or _attributes(given)
        if tag == "link" and not self._skipped:
            self._link(given)
        if tag == "style":
            self._media = given.get("media", "") if given.get("type", "text/css").strip().lower() in ("text/css", "") else None
        self._in_head = (self._in_head or tag == "head") and tag != "body"
        if self._skipped or tag in DROPPED:
            self.done[tag] += not self._skipped and tag not in ("style", "title")
            if tag not in VOID:
                self._skipped.append(tag)
            return
        if tag in IGNORED or self._in_head:
            return
        if tag == "img":
            given = self._box(given)
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
            if self._media is not None:
                self.styles.append(under(self._opened(data, "", 0), self._media))
        elif inside == "title" and not self.title:
            self.title = " ".join(data.split())
        elif not self._skipped and not self._in_head:
            self.body.append(html.escape(_PRIVATE.sub("", data), quote=False))

    def _link(self, given: dict[str, str]) -> None:
        kinds = given.get("rel", "").lower().split()
        if (
            "stylesheet" in kinds
            and "alternate" not in kinds
            and "disabled" not in given
            and given.get("media", "").strip().lower() != "print"
        ):
            self.styles.append(under(self._sheet(given.get("href", ""), "", 0), given.get("media", "")))

    def _sheet(self, address: str, base: str, depth: int) -> str:
        """A style sheet that the page, or the sheet at `base`, names; DataError `missing_sheet` if it cannot be read."""
        parts = split_address(address)
        if parts is not None and parts.hostname in FONT_HOSTS:
            self.done["font_sheets"] += 1
            return ""
        if parts is not None and not parts.netloc and not address.startswith("/"):
            address = posixpath.join(posixpath.dirname(base), address)
        data = self.files(address) if address.strip() and depth < MAX_IMPORTS else None
        if data is None:
            raise DataError(
                "missing_sheet", f"{self.where} names the style sheet {address[:100]!r}, which is not among the files of its site"
            )
        self.done["sheets"] += 1
        return self._opened(data.decode("utf-8-sig", "replace"), address, depth)

    def _opened(self, css: str, base: str, depth: int) -> str:
        """A sheet with what it imports in it, and grey where pictures lie behind something."""
        plain = _IMPORT.sub(lambda found: under(self._sheet(found[1], base, depth + 1), found[2]), _COMMENT.sub(" ", css))
        while _GROUND.search(plain):
            self.done["grounds"] += 1
            plain = _GROUND.sub(rf'\1url("{_BOX}")', plain)
        plain, icons = _ICON.subn(r'\1""', plain)
        self.done["icon_rules"] += icons
        return _URL.sub("none", plain).replace("</", "<\\/")

    def _box(self, given: dict[str, str]) -> dict[str, str]:
        """An image as a grey box, as large as the picture where that can be read."""
        self.done["pictures"] += 1
        source = given.get("src", "").strip()
        data = _inline(source) if source.startswith("data:") else self.files(source) if source else None
        size = picture_size(data) if data else None
        box = _BOX if size is None else _BOX.replace("svg'%3E", f"svg' width='{size[0]}' height='{size[1]}'%3E", 1)
        return {name: value for name, value in given.items() if name not in ("src", "srcset", "sizes", "loading")} | {"src": box}


def under(css: str, conditions: str) -> str:
    r"""A sheet under the conditions of its `media` attribute, or of the import that names it.

    >>> under("a{}", " layer(x) print")
    '@layer x {\n@media print {\na{}\n}\n}'
    """
    found = _CONDITIONS.fullmatch(conditions)
    if not css.strip() or found is None:
        return css
    layer, name, supports, media = found.groups()
    if media.strip().lower() not in ("", "all", "screen"):
        css = f"@media {media.strip()} {{\n{css}\n}}"
    if supports:
        css = f"@supports ({supports}) {{\n{css}\n}}"
    return f"@layer {name or ''} {{\n{css}\n}}".replace("@layer  {", "@layer {") if layer else css


def split_address(address: str) -> SplitResult | None:
    """The parts of an address; None if it is none (RFC 3986, 3.2.2: what begins with a bracket is an address of IPv6)."""
    try:
        return urlsplit(address)
    except ValueError:
        return None


def _inline(address: str) -> bytes | None:
    head, _, body = address.partition(",")
    try:
        return base64.b64decode(body, validate=True) if head.endswith(";base64") else unquote_to_bytes(body)
    except ValueError:
        return None


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a picture in pixels, of SVG those that it states or its view box has; None if it is none."""
    if b"<svg" in data[:2048]:
        head = data[data.index(b"<svg") :].partition(b">")[0].decode("utf-8", "replace")
        sides = [re.search(rf"""\b{side}\s*=\s*["']\s*([\d.]+)(?:px)?\s*["']""", head) for side in ("width", "height")]
        room = re.search(r"""\bviewBox\s*=\s*["']\s*[-\d.]+[\s,]+[-\d.]+[\s,]+([\d.]+)[\s,]+([\d.]+)""", head)
        told = [side[1] for side in sides if side] if all(sides) else list(room.groups()) if room else []
        return _whole(*told) if told else None
    try:
        with PillowImage.open(io.BytesIO(data), formats=("PNG", "JPEG", "GIF", "WEBP")) as picture:
            return picture.size
    except (OSError, ValueError, PillowImage.DecompressionBombError):
        return None


def _whole(width: str, height: str) -> tuple[int, int] | None:
    """Two stated lengths in whole pixels; None if one is no number, or no length of a picture."""
    try:
        sides = float(width), float(height)
    except ValueError:
        return None
    return (round(sides[0]), round(sides[1])) if max(sides) <= MAX_SIDE_PX else None


def _attributes(given: dict[str, str]) -> str:
    kept = []
    for name, value in given.items():
        if name == "autofocus" or name.startswith("on") or not re.fullmatch(r"[a-zA-Z_:][\w:.-]*", name):
            continue
        if name in _KEPT_LINKS and not value.startswith(("data:", "#")):
            if name != "href":
                continue
            value = "#"
        if name == "style":
            value = _URL.sub("none", value)
        kept.append(f' {name}="{html.escape(value)}"' if value else f" {name}")
    return "".join(kept)


def cleaned(text: str, files: Files, where: str) -> tuple[str, dict[str, int]]:
    """The page with all its styles in it and nothing else that it asks for; and how many of what went or came in."""
    reader = _Reader(files, where)
    try:
        reader.feed(text)
        reader.close()
    except AssertionError as error:  # so `html.parser` says that it does not know a declaration
        raise DataError("not_html", f"{where} cannot be read: {error}") from error
    if len(reader.body) > 3 * MAX_NODES:
        raise DataError("too_many_nodes", f"{where} has {len(reader.body):,} tags and texts, more than {3 * MAX_NODES:,}")
    body = re.sub(r"\n\s*\n+", "\n", "".join(reader.body)).strip()
    if not re.search(r">[^<]*\w", f">{body}"):
        raise DataError("nothing_shown", f"{where} shows no text before its scripts run")
    return _page(reader, "\n".join(reader.styles), body), {name: count for name, count in sorted(reader.done.items()) if count}


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
    return page[:start] + "\n".join(_without_spare(lines, page[end:])) + page[end:]


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
        *statements, head = (" ".join(part.split()) for part in text[at:opened].split(";"))
        yield from (f"{one};" for one in statements if one.startswith("@layer"))  # they say which layer wins
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


def _without_spare(lines: list[str], body: str) -> list[str]:
    """Rules without custom properties that neither one of them nor a style attribute uses."""
    while True:
        needed = {name for line in (*lines, body) for name in re.findall(r"var\(\s*(--[\w-]+)", line)}
        kept = [_needing(line, needed) for line in lines]
        if kept == lines:
            return [line for line in lines if not re.search(r"\{\s*\}\s*$", line)]
        lines = kept


def _needing(line: str, needed: set[str]) -> str:
    return re.sub(r"(--[\w-]+)\s*:\s*[^;{}]*;?", lambda found: found[0] if found[1] in needed else "", line)
