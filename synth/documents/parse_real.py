"""Reads the layout of a real page from its text layer: running head and foot, headings, paragraphs, lists, tables, pictures, in reading
order.

Only pages on which that reading is safe are used; `read_parts` says why a page is not. MuPDF's blocks, the bookmarks and the type sizes
are all it goes by. Nothing here knows how the parts are written down.
"""

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pymupdf

from schemas.elements import RAISED, Cell, tidy
from schemas.geometry import iou
from synth.documents.blocks import BoxPt
from synth.documents.parse_parts import MARKER, ORDERED, Part
from synth.documents.parse_real_lines import TextLine, block_lines, code_text, join_lines
from synth.documents.parse_tables import UnsafePage, find_grids
from synth.documents.real_structure import HEAD_SHARE, HYPHENS, Section, squeeze

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


MAX_ICON_PT = 60.0
"""Larger drawings with curves are not icons; what they show is not read."""

MIN_MARGIN_PT = 9.0
"""Lines that come nearer to the page's right edge may go on outside (chosen: a character's width and a half)."""

MAX_BLANK_LINES = 2
"""Code goes on over at most this many empty lines."""


def read_parts(page: pymupdf.Page, sections: Sequence[Section], words: frozenset[str] = frozenset()) -> tuple[Part, ...]:
    """The parts of a page; `sections` are the headings known to start on it, `words` what the document prints (see `join_lines`).

    Raises:
        UnsafePage: Unreadable characters, a table that is not ruled throughout, turned text, overlapping blocks, an order that jumps
        about, line ends that cannot be decided, code inside a paragraph, a drawing.
    """
    layout = page.get_text("rawdict", flags=pymupdf.TEXTFLAGS_RAWDICT & ~pymupdf.TEXT_PRESERVE_LIGATURES)
    tables = _tables(page)
    parts: list[Part] = []
    code: list[TextLine] = []
    for block in layout["blocks"]:
        box: BoxPt = tuple(block["bbox"])
        if block["type"] == 1:
            if box[2] - box[0] >= MIN_PICTURE_PT and box[3] - box[1] >= MIN_PICTURE_PT:
                parts += [*_code_parts(code), Part("image", _clip(box, page.rect))]
            continue
        lines = [line for line in block_lines(block) if not any(_inside(line.box_pt, table.box_pt) for table in tables)]
        if any(line.box_pt[2] > page.rect.width - MIN_MARGIN_PT for line in lines):
            raise UnsafePage("text that runs off the page")
        for group in _groups(lines, page.rect.height, sections):
            if group[0].mono and not _margin_kind(group[0], page.rect.height):
                if code and not _goes_on(code[-1], group[0]):
                    parts += _code_parts(code)
                code += group
            else:
                parts += [*_code_parts(code), _part(group, page.rect.height, sections, words)]
    parts += _code_parts(code)
    merged = _merge_lists(_place(_place(parts, tables), _icons(page)))
    _check(merged)
    return tuple(merged)


def _code_parts(lines: list[TextLine]) -> list[Part]:
    """The code collected so far, which is then collected anew."""
    if not lines:
        return []
    part = Part("code", _around([line.box_pt for line in lines]), code_text(lines))
    lines.clear()
    return [part]


def _goes_on(last: TextLine, line: TextLine) -> bool:
    step = line.baseline_pt - last.baseline_pt
    return 0 < step <= (MAX_BLANK_LINES + 1.2) * 1.25 * line.size_pt and abs(line.size_pt - last.size_pt) < 0.1


def _icons(page: pymupdf.Page) -> list[Part]:
    """Small drawings with curves, such as the icons of admonitions."""
    boxes: list[BoxPt] = []
    for drawing in page.get_cdrawings():
        if any(item[0] in ("c", "qu") for item in drawing["items"]):
            boxes.append(tuple(drawing["rect"]))
    for _ in boxes:  # until nothing touches any more
        boxes = _united(boxes)
    shown = [box for box in boxes if min(box[2] - box[0], box[3] - box[1]) >= MIN_PICTURE_PT]
    if any(max(box[2] - box[0], box[3] - box[1]) > MAX_ICON_PT for box in boxes):
        raise UnsafePage("a drawing")
    return [Part("image", _clip(box, page.rect)) for box in shown]


def _united(boxes: Sequence[BoxPt]) -> list[BoxPt]:
    out: list[BoxPt] = []
    for box in boxes:
        near = [one for one in out if one[0] <= box[2] and box[0] <= one[2] and one[1] <= box[3] and box[1] <= one[3]]
        out = [one for one in out if one not in near] + [_around([box, *near])]
    return out


def _groups(lines: Sequence[TextLine], height_pt: float, sections: Sequence[Section]) -> list[list[TextLine]]:
    """The block cut where a new part begins."""
    groups: list[list[TextLine]] = []
    group: list[TextLine] = []
    left = min((line.box_pt[0] for line in lines), default=0.0)
    right = max((line.box_pt[2] for line in lines), default=0.0)
    for line in lines:
        margin = _margin_kind(line, height_pt) or (group and _margin_kind(group[0], height_pt))
        if group and (margin or _begins(line, group, left, right) or _section(group, sections)):
            groups.append(group)
            group = []
        group.append(line)
    return [*groups, group] if group else groups


def _begins(line: TextLine, group: Sequence[TextLine], left: float, right: float) -> bool:
    """Whether a line begins a paragraph, a list item or a stretch of code after the lines of `group`."""
    last = group[-1]
    if line.mono != last.mono:
        if last.text[-1] not in ENDINGS if line.mono else line.text[:1].islower():
            raise UnsafePage("a line of code inside a paragraph")
        return True
    if line.mono:
        return False
    if line.text.startswith(RAISED):
        return True
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


def _part(group: Sequence[TextLine], height_pt: float, sections: Sequence[Section], words: frozenset[str]) -> Part:
    box = _around([line.box_pt for line in group])
    if any(abs(one.baseline_pt - two.baseline_pt) < 0.3 * one.size_pt for one, two in itertools.pairwise(group)):
        raise UnsafePage("two texts on one line")
    text = tidy(join_lines([line.text for line in group], words, [line.ends for line in group]))
    if (text[-1] in HYPHENS and text[-2:-1].isalnum()) or (text[-1] == "/" and len(text) > 1):
        raise UnsafePage("a word or a path that goes on elsewhere")
    margin = _margin_kind(group[0], height_pt)
    if margin == "header" or margin == "footer":
        return Part("header" if margin == "header" else "footer", box, text)
    if section := _section(group, sections):
        return Part("heading", box, text, level=min(section.level, 6))
    if text.startswith(RAISED):
        return Part("footnote", box, text)
    if MARKER.match(group[0].text) and MARKER.sub("", text):
        return Part("list", box, ordered=bool(ORDERED.match(group[0].text)), items=((MARKER.sub("", text), box),))
    return Part("paragraph", box, text)


def _tables(page: pymupdf.Page) -> list[Part]:
    """Ruled tables in which every cell has a frame."""
    found = []
    grids = find_grids(page)
    words = page.get_text("words") if grids else []
    for grid in grids:
        rows = tuple(tuple(_cell(page, box, words) for box in row) for row in grid.cells())
        if any(not any(cell.text for cell in column) for column in zip(*rows, strict=True)):
            raise UnsafePage("a table with a column that holds nothing")
        found.append(Part("table", grid.box_pt, rows=rows))
    return found


def _cell(page: pymupdf.Page, box: BoxPt, words: Sequence[tuple[Any, ...]]) -> Cell:
    text = page.get_text("text", clip=pymupdf.Rect(box))
    if re.search(r"[\w]?[-\u2010/]\n\S", text) or re.search("[\u00b9\u00b2\u00b3\u2070\u2074-\u2079]", text):
        raise UnsafePage("a table cell with a line end in a word or a raised mark")
    return Cell(tidy(" ".join(word[4] for word in words if _inside((word[0], word[1], word[2], word[3]), box))))


def _place(parts: Sequence[Part], tables: Sequence[Part]) -> list[Part]:
    """Tables or icons where their top edge falls among the parts."""
    placed = list(parts)
    for table in tables:
        at = next((n for n, part in enumerate(placed) if part.kind != "header" and _stands_below(part, table)), len(placed))
        placed.insert(at, table)
    return placed


def _stands_below(part: Part, other: Part) -> bool:
    """Whether a part comes after a table or an icon; the text beside an icon does."""
    return part.box_pt[1] >= other.box_pt[1] or (other.kind == "image" and part.box_pt[3] > other.box_pt[1])


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
