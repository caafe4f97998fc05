"""Reads the layout of a real page from its text layer: running head and foot, headings, paragraphs, lists, tables, pictures, in reading
order.

Only pages on which that reading is safe are used; `read_parts` says why a page is not. MuPDF's blocks, the bookmarks and the type sizes
are all it goes by. Nothing here knows how the parts are written down.
"""

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pymupdf

from schemas.elements import Cell, tidy
from schemas.geometry import iou
from synth.documents.blocks import BoxPt
from synth.documents.parse_parts import MARKER, ORDERED, Part
from synth.documents.parse_tables import UnsafePage, find_grids
from synth.documents.real_structure import FIRST_WIDE, HEAD_SHARE, HYPHENS, Section, squeeze

INDENT_PT = 6.0
"""A line that starts this much further in than its block begins a new paragraph (chosen: an em of small print)."""

ENDINGS = ".:;!?。：；！？"
SHORT_SHARE = 0.1
"""A line that ends in one of `ENDINGS`, or stays this share of the width short of the right edge, may be the last of its paragraph. A
full line that breaks off in a sentence is not, even if the next one begins like a list item (`5. This causes …` after `DEBUG=`)."""

MIN_LETTERS = 0.7
"""Least share of letters and digits among visible characters (chosen; forty pages of the Debian guides have 0.95 to 0.97)."""

BROKEN_CODE = "\u21a9\u21aa"
"""Arrows that mark a line of code continued on the next."""

MIN_PICTURE_PT = 12.0
"""Smaller pictures are ornaments."""

MAX_OVERLAP = 0.02
"""Largest IoU of two parts; more means that blocks were torn apart wrongly (chosen)."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """One printed line: text, box, the largest type size on it, and whether all of it is set in a type of equal widths (code, forms)."""

    text: str
    box_pt: BoxPt
    size_pt: float
    mono: bool


def read_parts(page: pymupdf.Page, sections: Sequence[Section]) -> tuple[Part, ...]:
    """The parts of a page; `sections` are the headings known to start on it.

    Raises:
        UnsafePage: Unreadable characters, a table that is not ruled throughout, turned text, overlapping blocks, or an order that jumps
        about.
    """
    layout = page.get_text("dict", flags=pymupdf.TEXTFLAGS_DICT & ~pymupdf.TEXT_PRESERVE_LIGATURES)
    tables = _tables(page)
    parts: list[Part] = []
    for block in layout["blocks"]:
        box: BoxPt = tuple(block["bbox"])
        if block["type"] == 1:
            if box[2] - box[0] >= MIN_PICTURE_PT and box[3] - box[1] >= MIN_PICTURE_PT:
                parts.append(Part("image", _clip(box, page.rect)))
            continue
        lines = [line for line in _lines(block) if not any(_inside(line.box_pt, table.box_pt) for table in tables)]
        parts.extend(_block_parts(lines, page.rect.height, sections))
    merged = _merge_lists(_place_tables(parts, tables))
    _check(merged)
    return tuple(merged)


def _lines(block: dict[str, Any]) -> list[TextLine]:
    """The block's lines; pieces of one line that MuPDF keeps apart (number and title of a heading) are joined."""
    found: list[TextLine] = []
    for line in block["lines"]:
        if abs(line["dir"][0] - 1) > 0.01:
            raise UnsafePage("turned text")
        text = "".join(str(span["text"]) for span in line["spans"])
        if "\ufffd" in text:
            raise UnsafePage("unreadable characters")
        if not text.strip():
            continue
        box: BoxPt = tuple(line["bbox"])
        size = max(float(span["size"]) for span in line["spans"])
        mono = all(span["flags"] & pymupdf.TEXT_FONT_MONOSPACED for span in line["spans"] if span["text"].strip())
        last = found[-1] if found else None
        if last and abs(last.box_pt[3] - box[3]) < 0.3 * size and box[0] >= last.box_pt[2] - 1:
            joined = f"{last.text.rstrip()} {text.strip()}"
            found[-1] = TextLine(joined, _around([last.box_pt, box]), max(size, last.size_pt), mono and last.mono)
        else:
            found.append(TextLine(text.strip(), box, size, mono))
    return found


def _block_parts(lines: Sequence[TextLine], height_pt: float, sections: Sequence[Section]) -> list[Part]:
    """The block cut where a new part begins."""
    parts: list[Part] = []
    group: list[TextLine] = []
    left = min((line.box_pt[0] for line in lines), default=0.0)
    right = max((line.box_pt[2] for line in lines), default=0.0)
    for line in lines:
        margin = _margin_kind(line, height_pt) or (group and _margin_kind(group[0], height_pt))
        if group and (margin or _begins(line, group, left, right) or _section(group, sections)):
            parts.append(_part(group, height_pt, sections))
            group = []
        group.append(line)
    if group:
        parts.append(_part(group, height_pt, sections))
    return parts


def _begins(line: TextLine, group: Sequence[TextLine], left: float, right: float) -> bool:
    """Whether a line begins a paragraph, a list item or a stretch of code after the lines of `group`."""
    last = group[-1]
    if line.mono or last.mono:
        return line.mono != last.mono
    ended = last.text[-1] in ENDINGS or last.box_pt[2] < right - SHORT_SHARE * (right - left)
    item = MARKER.match(line.text) and (not ORDERED.match(line.text) or ended or MARKER.match(group[0].text))
    return bool(item) or (ended and line.box_pt[0] > left + INDENT_PT)


def _margin_kind(line: TextLine, height_pt: float) -> str:
    if line.box_pt[3] < height_pt * HEAD_SHARE:
        return "header"
    return "footer" if line.box_pt[1] > height_pt * (1 - HEAD_SHARE) else ""


def _section(group: Sequence[TextLine], sections: Sequence[Section]) -> Section | None:
    """The heading that these lines print, number and all."""
    text = squeeze(" ".join(line.text for line in group))
    return next(
        (s for s in sections if s.number and text in (squeeze(f"{s.number}{s.title}"), squeeze(f"{s.number}.{s.title}"))), None
    ) or next((s for s in sections if text == squeeze(s.title)), None)


def _part(group: Sequence[TextLine], height_pt: float, sections: Sequence[Section]) -> Part:
    box = _around([line.box_pt for line in group])
    mono = all(line.mono for line in group)
    text = tidy("\n".join(line.text for line in group) if mono else join_lines([line.text for line in group]))
    margin = _margin_kind(group[0], height_pt)
    if margin == "header" or margin == "footer":
        return Part("header" if margin == "header" else "footer", box, text)
    if section := _section(group, sections):
        return Part("heading", box, text, level=min(section.level, 6))
    if not mono and MARKER.match(group[0].text) and MARKER.sub("", text):
        return Part("list", box, ordered=bool(ORDERED.match(group[0].text)), items=((MARKER.sub("", text), box),))
    return Part("paragraph", box, text)


def join_lines(lines: Sequence[str]) -> str:
    """The lines of a paragraph as running text: a hyphen at a line end before a small letter goes, other ends become a space, none in CJK
    text.
    """
    text = ""
    for line in lines:
        if not text:
            text = line
        elif text[-1] in HYPHENS and len(text) > 1 and text[-2].isalpha() and line[:1].islower():
            text = text[:-1] + line
        elif ord(text[-1]) > FIRST_WIDE and ord(line[0]) > FIRST_WIDE:
            text += line
        else:
            text = f"{text} {line}"
    return re.sub(r"[ \t\u00a0]+", " ", text)


def _tables(page: pymupdf.Page) -> list[Part]:
    """Ruled tables in which every cell has a frame."""
    found = []
    for grid in find_grids(page):
        rows = tuple(tuple(_cell(page, box) for box in row) for row in grid.cells())
        if any(not any(cell.text for cell in column) for column in zip(*rows, strict=True)):
            raise UnsafePage("a table with a column that holds nothing")
        found.append(Part("table", grid.box_pt, rows=rows))
    return found


def _cell(page: pymupdf.Page, box: BoxPt) -> Cell:
    words = page.get_text("words", clip=pymupdf.Rect(box))
    return Cell(tidy(" ".join(word[4] for word in words if _inside((word[0], word[1], word[2], word[3]), box))))


def _place_tables(parts: Sequence[Part], tables: Sequence[Part]) -> list[Part]:
    """Tables where their top edge falls among the parts."""
    placed = list(parts)
    for table in tables:
        at = next((n for n, part in enumerate(placed) if part.kind != "header" and part.box_pt[1] >= table.box_pt[1]), len(placed))
        placed.insert(at, table)
    return placed


def _merge_lists(parts: Sequence[Part]) -> list[Part]:
    """Neighbouring list items of the same kind and indent become one list."""
    merged: list[Part] = []
    for part in parts:
        last = merged[-1] if merged else None
        if (
            last
            and part.kind == "list" == last.kind
            and part.ordered == last.ordered
            and abs(part.box_pt[0] - last.items[0][1][0]) < INDENT_PT
        ):
            merged[-1] = Part("list", _around([last.box_pt, part.box_pt]), ordered=part.ordered, items=last.items + part.items)
        else:
            merged.append(part)
    return merged


def _check(parts: Sequence[Part]) -> None:
    body = [part for part in parts if part.kind not in ("header", "footer")]
    signs = Counter(
        char.isalnum() for part in body for text in (part.text, *(text for text, _ in part.items)) for char in text if not char.isspace()
    )
    if not body:
        raise UnsafePage("no body text")
    if signs[True] < MIN_LETTERS * signs.total():
        raise UnsafePage("garbled text")
    if any(mark in part.text for part in body for mark in BROKEN_CODE):
        raise UnsafePage("lines of code broken by the typesetter")
    for number, part in enumerate(body):
        if any(iou(part.box_pt, other.box_pt) > MAX_OVERLAP for other in body[number + 1 :]):
            raise UnsafePage("overlapping blocks")
    for one, two in itertools.pairwise(body):
        if two.box_pt[3] <= one.box_pt[1] and two.box_pt[0] < one.box_pt[2]:
            raise UnsafePage("the order of the text layer jumps up the page")


def _around(boxes: Sequence[BoxPt]) -> BoxPt:
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def _inside(box: BoxPt, outer: BoxPt) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _clip(box: BoxPt, page: pymupdf.Rect) -> BoxPt:
    return max(box[0], 0.0), max(box[1], 0.0), min(box[2], page.width), min(box[3], page.height)
