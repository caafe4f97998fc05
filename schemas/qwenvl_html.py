"""QwenVL-HTML, the page notation with a box on every element: elements to HTML and back.

The prompt is `qwenvl html`. The grammar is the one printed in the Qwen2.5-VL report (arXiv 2502.13923, "Document Omni-Parsing Data") with
boxes 0–1000 as Qwen3-VL has them: `data-bbox` holds four integers with spaces between; wrappers (`image`, `chart`, `formula`) hold an
`img` with its own box and then the content: a table for a chart, a `p` for a caption, a `div` for a formula. Chosen here, because nothing
is published: captions, footnotes, running heads and feet are `p` with their kind as class, a line break is `<br/>`, a raised mark is
`<sup>`, and code is HTML's own `<pre><code>`, with the box on `pre`. Both ways keep every `Element` exactly.
"""

from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser

from schemas.dialect import unfence
from schemas.elements import LEVEL, MAX_LEVEL, PICTURE_KINDS, RAISED, TEXT_KINDS, Cell, Element, Kind, ListItem, tidy, tidy_code
from schemas.geometry import Box1000

PROMPT = "qwenvl html"
"""The request that Qwen3-VL's cookbook uses."""

_HEADINGS = {f"h{level}": level for level in range(1, MAX_LEVEL + 1)}


def write_html(elements: Sequence[Element]) -> str:
    """The page as QwenVL-HTML. ValueError if an element or a list item has no box."""
    return "\n".join(["<html><body>", *map(_write_element, elements), "</body></html>"])


def parse_html(text: str) -> tuple[Element, ...]:
    """The elements of a page in QwenVL-HTML.

    Lenient where models vary without changing the meaning: a fence, missing `html` or `body`, styles, unknown attributes and unknown
    inline tags are passed over.

    Raises:
        ValueError: A box is missing or malformed, or an element cannot be.
    """
    parser = _Parser()
    parser.feed(unfence(text))
    parser.close()
    if parser.open_tag:
        raise ValueError(f"<{parser.open_tag}> is never closed; the text was cut off")
    return tuple(parser.elements)


def _write_element(element: Element) -> str:
    box, text = _bbox(element.box_1000, element.kind), _escape(element.text)
    if element.kind == "heading":
        return f"<h{element.level}{box}>{text}</h{element.level}>"
    if element.kind == "list":
        tag = "ol" if element.ordered else "ul"
        items = "".join(f"<li{_bbox(item.box_1000, 'li')}>{_escape(item.text)}</li>" for item in element.items)
        return f"<{tag}{box}>{items}</{tag}>"
    if element.kind == "table":
        return f"<table{box}>{_rows(element)}</table>"
    if element.kind == "code":
        return f"<pre{box}><code>{escape(element.text, quote=False)}</code></pre>"
    if element.kind in PICTURE_KINDS:
        return _write_picture(element, box, text)
    name = "" if element.kind == "paragraph" else f' class="{element.kind}"'
    return f"<p{name}{box}>{text}</p>"


def _write_picture(element: Element, box: str, text: str) -> str:
    name = "image caption" if element.kind == "image" and text else element.kind
    table = f"<table>{_rows(element)}</table>" if element.table else ""
    words = "" if not text else f"<div>{text}</div>" if element.kind == "formula" else f"<p>{text}</p>"
    return f'<div class="{name}"{box}><img{_bbox(element.picture_1000, "img")}/>{table}{words}</div>'


def _rows(element: Element) -> str:
    heads = 0  # rows at the top whose cells are all headers
    while heads < len(element.table) and all(cell.header for cell in element.table[heads]):
        heads += 1
    rows = ["<tr>" + "".join(map(_write_cell, row)) + "</tr>" for row in element.table]
    head = f"<thead>{''.join(rows[:heads])}</thead>" if heads else ""
    body = f"<tbody>{''.join(rows[heads:])}</tbody>" if heads < len(rows) else ""
    return head + body


def _write_cell(cell: Cell) -> str:
    tag = "th" if cell.header else "td"
    spans = (f' colspan="{cell.colspan}"' if cell.colspan > 1 else "") + (f' rowspan="{cell.rowspan}"' if cell.rowspan > 1 else "")
    return f"<{tag}{spans}>{_escape(cell.text)}</{tag}>"


def _bbox(box_1000: Box1000 | None, where: str) -> str:
    if box_1000 is None:
        raise ValueError(f"{where} has no box; QwenVL-HTML needs one on every element")
    return f' data-bbox="{" ".join(map(str, box_1000))}"'


def _escape(text: str) -> str:
    return escape(text, quote=False).replace("\n", "<br/>").replace(RAISED, "<sup>").replace(LEVEL, "</sup>")


class _Parser(HTMLParser):
    """Collects elements. At any time one top-level element is open; leaves (p, li, td, th, the inner div) collect text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.open_tag = ""  # of the top-level element being read
        self._depth = 0  # of open_tag within itself: the wrapper and the content of a formula are both div
        self._attrs: dict[str, str] = {}
        self._picture: Box1000 | None = None
        self._text: list[str] = []  # of the element
        self._leaf: list[str] | None = None  # where text goes now
        self._items: list[ListItem] = []
        self._rows: list[list[Cell]] = []
        self._part: dict[str, str] = {}  # attributes of the open li, td or th
        self._silent = False  # inside <style>

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self._silent = tag == "style"
        if tag == "br":
            self.handle_data("\n")
        elif tag == "sup":
            self.handle_data(RAISED)
        elif not self.open_tag:
            self._open(tag, found)
        elif tag == "img":
            self._picture = _parse_bbox(found, "img")
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("li", "td", "th"):
            self._leaf, self._part = [], found
        elif tag == self.open_tag or (tag == "p" and self.open_tag == "div"):
            self._depth += tag == self.open_tag
            self._text.append("\n")  # between two parts of one wrapper
            self._leaf = self._text

    def handle_data(self, data: str) -> None:
        if self._leaf is not None and not self._silent:
            self._leaf.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._silent = False
        if tag == "sup":
            self.handle_data(LEVEL)
        elif tag == "li" and self._leaf is not None:
            self._items.append(ListItem(_joined(self._leaf), _parse_bbox(self._part, "li")))
            self._leaf = None
        elif tag in ("td", "th") and self._leaf is not None:
            self._close_cell(tag, _joined(self._leaf))
        elif tag == "p" and self.open_tag == "div":
            self._leaf = None
        elif tag == self.open_tag:
            self._depth -= 1
            self._leaf = None
            if self._depth == 0:
                self._close()

    def _open(self, tag: str, attrs: dict[str, str]) -> None:
        if tag in _HEADINGS or tag in ("p", "pre", "ul", "ol", "table", "div"):
            self.open_tag, self._attrs, self._depth = tag, attrs, 1
            self._picture, self._text, self._items, self._rows = None, [], [], []
            self._leaf = self._text if tag in _HEADINGS or tag in ("p", "pre") else None

    def _close_cell(self, tag: str, text: str) -> None:
        if not self._rows:
            raise ValueError(f"<{tag}> stands outside a row")
        spans = [int(self._part.get(name, "1")) for name in ("colspan", "rowspan")]
        self._rows[-1].append(Cell(text, spans[0], spans[1], tag == "th"))
        self._leaf = None

    def _close(self) -> None:
        tag, self.open_tag = self.open_tag, ""
        kind = _kind(tag, self._attrs.get("class", ""))
        self.elements.append(
            Element(
                kind=kind,
                box_1000=_parse_bbox(self._attrs, tag),
                text=tidy_code("".join(self._text)) if kind == "code" else _joined(self._text),
                level=_HEADINGS.get(tag, 0),
                ordered=tag == "ol",
                items=tuple(self._items),
                table=tuple(tuple(row) for row in self._rows),
                picture_1000=self._picture,
            )
        )


def _kind(tag: str, name: str) -> Kind:
    if tag in _HEADINGS:
        return "heading"
    if tag in ("ul", "ol"):
        return "list"
    if tag == "table":
        return "table"
    if tag == "pre":
        return "code"
    if tag == "p":
        return next((kind for kind in TEXT_KINDS if kind == name), "paragraph")
    first = name.replace(".", " ").split(" ")[0]  # `formula.machine_printed` and `image caption` are a formula and an image
    for kind in PICTURE_KINDS:
        if kind == first:
            return kind
    raise ValueError(f"<div class={name!r}> is not one of {', '.join(PICTURE_KINDS)}")


def _parse_bbox(attrs: dict[str, str], where: str) -> Box1000:
    parts = attrs.get("data-bbox", "").split()
    if len(parts) != 4 or not all(part.isdecimal() and part.isascii() for part in parts):
        raise ValueError(f"<{where}> has data-bbox {attrs.get('data-bbox')!r}; expected four integers")
    x0, y0, x1, y1 = map(int, parts)
    return (x0, y0, x1, y1)


def _joined(parts: list[str]) -> str:
    return tidy("".join(parts))
