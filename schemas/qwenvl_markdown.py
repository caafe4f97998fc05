r"""QwenVL-Markdown, the page notation in which only pictures and tables have boxes: elements to Markdown and back.

The prompt is `qwenvl markdown`. Ordinary Markdown, where a table is LaTeX under the comment `<!-- Table (x0, y0, x1, y1) -->` and a
picture is the comment `<!-- Image (x0, y0, x1, y1) -->`, integers 0–1000 (Qwen3-VL, cookbooks/document_parsing.ipynb). Chosen here,
because nothing is published: a formula is a `$$` block, a picture's caption is the paragraph after it, a line break is `<br>`, a raised
mark is `<sup>`, and code is a fenced block, the fence longer than any in it. The notation says less than the elements hold;
`markdown_view` is what it says, and parsing what was written gives exactly that.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from schemas.elements import LEVEL, MAX_LEVEL, RAISED, Element, ListItem, tidy, tidy_code
from schemas.geometry import Box1000
from schemas.latex_table import parse_tabular, write_tabular

PROMPT = "qwenvl markdown"
"""The request that Qwen3-VL's cookbook uses."""

_COMMENT = re.compile(r"<!--\s*(Table|Image)\s*\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\)\s*-->")
_HEADING = re.compile(rf"(#{{1,{MAX_LEVEL}}}) +(.+)")
_ITEM = re.compile(r"(?:([-+*])|\d{1,9}([.)])) +(.+)")
_UNESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])|(<br ?/?>)|(</?sup>)|(&#?\w+;)")
# Characters that would be read as markup wherever they stand, each with the context in which it would.
_ESCAPE = re.compile(r"[\\`*$]|_(?!(?<=[^\W_]_)[^\W_])|<(?=[A-Za-z/!?])|&(?=#?\w+;)|~(?=~)|(?<=~)~|\](?=[(:\[])")
# What would start a heading, a quotation, a list, a task or a rule at the beginning of a block; escaped at the match's end.
_ESCAPE_START = re.compile(r"\d{1,9}(?=[.)](?: |$))|(?=#{1,6}(?: |$)|[-+](?: |$)|>|-(?: *-){2,} *$|\[[ xX]\] )")
_FENCED = re.compile(r"^(`{3,})[^`\n]*\n(.*?)\n\1`*[ \t]*$", re.MULTILINE | re.DOTALL)
_ASCII_BLANK = " \t\r\n"


def write_markdown(elements: Sequence[Element]) -> str:
    """The page as QwenVL-Markdown. ValueError if a picture or table has no box, or a table's cells do not fill a rectangle."""
    blocks: list[str] = []
    previous: Element | None = None
    alternate = False
    for element in markdown_view(elements):
        # Two lists in a row need two markers, or Markdown joins them.
        alternate = not alternate and previous is not None and previous.kind == "list" and previous.ordered == element.ordered
        blocks.append(_write_block(element, alternate=alternate))
        previous = element
    return "\n\n".join(blocks)


def parse_markdown(text: str) -> tuple[Element, ...]:
    """The elements of a page in QwenVL-Markdown; text elements have no box. A fence around the whole
    that names Markdown is passed over; any other is code.

    Raises:
        ValueError: A table is not under its comment or is not a `tabular`, or a box is not ordered within 0–1000.
    """
    elements: list[Element] = []
    marker = ""
    for block in _blocks(_unwrapped(text)):
        element, own = _parse_block(block)
        if own and own == marker:  # a blank line between items of one list
            elements[-1] = replace(elements[-1], items=elements[-1].items + element.items)
        else:
            elements.append(element)
        marker = own
    return tuple(elements)


def markdown_view(elements: Sequence[Element]) -> tuple[Element, ...]:
    """What QwenVL-Markdown can say of `elements`: no boxes of text, charts as images, captions and running heads as paragraphs."""
    return tuple(_view(elements))


def _view(elements: Sequence[Element]) -> Iterator[Element]:
    for element in elements:
        if element.kind in ("image", "chart"):
            yield Element("image", element.picture_1000)
            if element.text:
                yield Element("paragraph", text=element.text)
        elif element.kind == "code":
            yield Element("code", text=element.text)
        elif element.kind == "formula":
            yield Element("formula", text=element.text)
        elif element.kind == "heading":
            yield Element("heading", text=element.text, level=element.level)
        elif element.kind == "list":
            yield Element("list", ordered=element.ordered, items=tuple(ListItem(item.text) for item in element.items))
        elif element.kind == "table":
            yield element
        else:
            yield Element("paragraph", text=element.text)


def _write_block(element: Element, *, alternate: bool) -> str:
    if element.kind == "heading":
        return f"{'#' * element.level} {_escape(element.text)}"
    if element.kind == "list":
        return "\n".join(_write_items(element, alternate=alternate))
    if element.kind == "table":
        return f"{_comment('Table', element.box_1000)}\n{write_tabular(element.table)}"
    if element.kind == "image":
        return _comment("Image", element.box_1000)
    if element.kind == "code":
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", element.text)), default=0))
        return f"{fence}\n{element.text}\n{fence}"
    if element.kind == "formula":
        if "$" in element.text.replace("\\$", ""):
            raise ValueError(f"a formula cannot hold $ in Markdown: {element.text!r:.60}")
        return f"$$\n{element.text}\n$$"
    return _escape(element.text)


def _write_items(element: Element, *, alternate: bool) -> Iterator[str]:
    for number, item in enumerate(element.items, 1):
        marker = f"{number}{')' if alternate else '.'}" if element.ordered else "*" if alternate else "-"
        yield f"{marker} {_escape(item.text)}"


def _comment(name: str, box_1000: Box1000 | None) -> str:
    if box_1000 is None:
        raise ValueError(f"{name.lower()} has no box; QwenVL-Markdown needs one on pictures and tables")
    return f"<!-- {name} ({', '.join(map(str, box_1000))}) -->"


def _escape(text: str) -> str:
    escaped = _ESCAPE.sub(r"\\\g<0>", text)
    if start := _ESCAPE_START.match(escaped):
        escaped = f"{escaped[: start.end()]}\\{escaped[start.end() :]}"
    return escaped.replace("\n", "<br>").replace(RAISED, "<sup>").replace(LEVEL, "</sup>")


def _unescape(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        if match[3]:
            return RAISED if match[3] == "<sup>" else LEVEL
        return match[1] or ("\n" if match[2] else html.unescape(match[0]))

    return tidy(_UNESCAPE.sub(plain, text))


def _unwrapped(text: str) -> str:
    found = re.fullmatch(r"\s*```(?:markdown|md)[ \t]*\n(.*?)\n?```\s*", text, re.DOTALL)
    return found[1] if found else text.strip(_ASCII_BLANK)


def _blocks(text: str) -> Iterator[str]:
    """Fenced blocks whole; what stands between them cut at blank lines."""
    at = 0
    for fenced in _FENCED.finditer(text):
        yield from _plain_blocks(text[at : fenced.start()])
        yield fenced[0]
        at = fenced.end()
    yield from _plain_blocks(text[at:])


def _plain_blocks(text: str) -> Iterator[str]:
    for block in re.split(r"\n(?:[ \t]*\n)+", text.strip("\n")):
        if block.strip(_ASCII_BLANK):
            yield block.strip("\n")


def _parse_block(block: str) -> tuple[Element, str]:
    """The element of one block, and the marker of its list if it is one."""
    if found := _COMMENT.match(block):
        return _parse_boxed(found, block[found.end() :].strip()), ""
    if found := _FENCED.fullmatch(block):
        return Element("code", text=tidy_code(found[2])), ""
    if block.startswith("$$") and block.endswith("$$") and len(block) > 4:
        return Element("formula", text=tidy(block[2:-2])), ""
    if found := _HEADING.fullmatch(block):
        return Element("heading", text=_unescape(found[2]), level=len(found[1])), ""
    lines = block.split("\n")
    items = [found for line in lines if (found := _ITEM.fullmatch(line.strip(_ASCII_BLANK)))]
    if len(items) == len(lines):
        marker = items[0][1] or items[0][2]
        return Element("list", ordered=items[0][1] is None, items=tuple(ListItem(_unescape(item[3])) for item in items)), marker
    return Element("paragraph", text=_unescape(" ".join(lines))), ""  # a soft line break is a space


def _parse_boxed(comment: re.Match[str], rest: str) -> Element:
    x0, y0, x1, y1 = map(int, comment.groups()[1:])
    if comment[1] == "Table":
        return Element("table", (x0, y0, x1, y1), table=parse_tabular(rest))
    if rest:
        raise ValueError(f"an image comment is a block of its own, but is followed by {rest!r:.40}")
    return Element("image", (x0, y0, x1, y1))
