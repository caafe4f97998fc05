"""Reads the layout of a real page from its text layer: running head and foot, headings, paragraphs, lists, tables, pictures, in reading order.

Only pages on which that reading is safe are used; `read_parts` says why a page is not. MuPDF's blocks, the bookmarks and the type sizes are all it goes
by. Nothing here knows how the parts are written down.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pymupdf

from schemas.elements import Cell, tidy
from schemas.geometry import iou
from synth.documents.blocks import BoxPt
from synth.documents.parse_parts import MARKER, ORDERED, Part
from synth.documents.real_structure import FIRST_WIDE, HEAD_SHARE, HYPHENS, Section, squeeze

INDENT_PT = 6.0
"""A line that starts this much further in than its block begins a new paragraph (chosen: an em of small print)."""

MIN_PICTURE_PT = 12.0
"""Smaller pictures are ornaments."""

MAX_OVERLAP = 0.02
"""Largest IoU of two parts; more means that blocks were torn apart wrongly (chosen)."""


class UnsafePage(Exception):
    """Why the layout of a page cannot be read safely."""


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
        UnsafePage: Unreadable characters, a table that is not clean, turned text, overlapping blocks, or an order that jumps about.
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


def _lines(block: dict[str, list[dict[str, list[dict[str, object]]]]]) -> list[TextLine]:
    """The block's lines; pieces of one line that MuPDF keeps apart (number and title of a heading) are joined."""
    found: list[TextLine] = []
    for line in block["lines"]:
        if abs(line["dir"][0] - 1) > 0.01:  # type: ignore[call-overload]
            raise UnsafePage("turned text")
        text = "".join(str(span["text"]) for span in line["spans"])
        if "\ufffd" in text:
            raise UnsafePage("unreadable characters")
        if not text.strip():
            continue
        box: BoxPt = tuple(line["bbox"])  # type: ignore[assignment]
        size = max(float(span["size"]) for span in line["spans"])  # type: ignore[arg-type]
        mono = all(int(span["flags"]) & pymupdf.TEXT_FONT_MONOSPACED for span in line["spans"] if str(span["text"]).strip())  # type: ignore[call-overload]
        last = found[-1] if found else None
        if last and abs(last.box_pt[3] - box[3]) < 0.3 * size and box[0] >= last.box_pt[2] - 1:
            found[-1] = TextLine(f"{last.text.rstrip()} {text.strip()}", _around([last.box_pt, box]), max(size, last.size_pt), mono and last.mono)
        else:
            found.append(TextLine(text.strip(), box, size, mono))
    return found


def _block_parts(lines: Sequence[TextLine], height_pt: float, sections: Sequence[Section]) -> list[Part]:
    parts: list[Part] = []
    group: list[TextLine] = []
    left = min((line.box_pt[0] for line in lines), default=0.0)
    for line in lines:
        margin = _margin_kind(line, height_pt)
        starts = not line.mono and (bool(MARKER.match(line.text)) or line.box_pt[0] > left + INDENT_PT)
        starts = starts or bool(group and group[-1].mono != line.mono)
        if group and (margin or starts or _margin_kind(group[0], height_pt) or _section(group, sections)):
            parts.append(_part(group, height_pt, sections))
            group = []
        group.append(line)
    if group:
        parts.append(_part(group, height_pt, sections))
    return parts


def _margin_kind(line: TextLine, height_pt: float) -> str:
    if line.box_pt[3] < height_pt * HEAD_SHARE:
        return "header"
    return "footer" if line.box_pt[1] > height_pt * (1 - HEAD_SHARE) else ""


def _section(group: Sequence[TextLine], sections: Sequence[Section]) -> Section | None:
    """The heading that these lines print, number and all."""
    text = squeeze(" ".join(line.text for line in group))
    return next((s for s in sections if s.number and text in (squeeze(f"{s.number}{s.title}"), squeeze(f"{s.number}.{s.title}"))), None) or next(
        (s for s in sections if text == squeeze(s.title)), None
    )


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
    """The lines of a paragraph as running text: a hyphen at a line end before a small letter goes, other ends become a space, none in CJK text."""
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
    """Ruled tables of at least two rows and columns. A box around text (one column) is no table; one with merged or empty frames is not safe."""
    if not _has_grid(page):
        return []
    found = []
    for table in page.find_tables().tables:
        if table.col_count < 2 or table.row_count < 2:
            continue
        cells = [[_cell(page, box) if box else None for box in row.cells] for row in table.rows]
        if any(cell is None for row in cells for cell in row) or not any(cell and cell.text for row in cells for cell in row):
            raise UnsafePage("a table with merged cells")
        found.append(Part("table", tuple(table.bbox), rows=tuple(tuple(cell for cell in row if cell) for row in cells)))
    return found


def _has_grid(page: pymupdf.Page) -> bool:
    """Whether the page has the rules of a table: three levels of horizontal and two of vertical lines (looking for tables costs 0.1 s a page)."""
    across, down = set(), set()
    for drawing in page.get_cdrawings():
        x0, y0, x1, y1 = drawing["rect"]
        if x1 - x0 > 5 * (y1 - y0):
            across.add(round(y0))
        elif y1 - y0 > 5 * (x1 - x0):
            down.add(round(x0))
        else:
            across |= {round(y0), round(y1)}
            down |= {round(x0), round(x1)}
    return len(across) >= 3 and len(down) >= 2


def _cell(page: pymupdf.Page, box: BoxPt) -> Cell:
    words = page.get_text("words", clip=pymupdf.Rect(box))
    return Cell(tidy(" ".join(word[4] for word in words)))


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
        if last and part.kind == "list" == last.kind and part.ordered == last.ordered and abs(part.box_pt[0] - last.items[0][1][0]) < INDENT_PT:
            merged[-1] = Part("list", _around([last.box_pt, part.box_pt]), ordered=part.ordered, items=last.items + part.items)
        else:
            merged.append(part)
    return merged


def _check(parts: Sequence[Part]) -> None:
    body = [part for part in parts if part.kind not in ("header", "footer")]
    if not body:
        raise UnsafePage("no body text")
    for number, part in enumerate(body):
        if any(iou(part.box_pt, other.box_pt) > MAX_OVERLAP for other in body[number + 1 :]):
            raise UnsafePage("overlapping blocks")
    for one, two in zip(body, body[1:], strict=False):
        if two.box_pt[3] <= one.box_pt[1] and two.box_pt[0] < one.box_pt[2]:
            raise UnsafePage("the order of the text layer jumps up the page")


def _around(boxes: Sequence[BoxPt]) -> BoxPt:
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def _inside(box: BoxPt, outer: BoxPt) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _clip(box: BoxPt, page: pymupdf.Rect) -> BoxPt:
    return max(box[0], 0.0), max(box[1], 0.0), min(box[2], page.width), min(box[3], page.height)
