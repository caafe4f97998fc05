"""The parts of a page that a page parser should report, with boxes in points, and how they become the elements of an answer.

Synthetic documents give parts exactly (`parts_of_pieces`, from the layout's own record); real ones are read by `parse_real`. An answer
about several pages is the pages' texts in order, each under a line `<!-- Page 3 -->`, which both notations allow as a comment; one page
has no such line. Nothing here knows how answers are checked.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from schemas.elements import Cell, Element, Kind, ListItem, raised, tidy
from schemas.geometry import Box1000
from synth.documents.blocks import BoxPt, Piece
from synth.documents.real_structure import PageText, squeeze, union

MARKER = re.compile(r"^(?:[•●○▪▫■□◆◇▸►‣∙·*–—-]|\(?(?:\d{1,3}|[٠-٩]{1,3}|[०-९]{1,3}|[a-z])[.)．、])\s*")
"""What stands before a list item: a bullet, or a number or letter with its point."""

ORDERED = re.compile(r"^\(?(?:\d{1,3}|[٠-٩]{1,3}|[०-९]{1,3}|[a-z])[.)．、]")

PAGE_MARK = "<!-- Page {number} -->"
_PAGE_MARK = re.compile(r"^<!-- Page (\d+) -->\n?", re.MULTILINE)

_OWN_MARK = re.compile(r"(\d{1,3})\u00a0")
"""A footnote begins with its mark and a no-break space."""

KINDS: dict[str, Kind] = {"head": "header", "foot": "footer", "figure": "image"}
"""Names of the layout's pieces where they differ from the elements'."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a page in reading order. `items` are (text, box), `rows` the cells of a table."""

    kind: Kind
    box_pt: BoxPt
    text: str = ""
    level: int = 0
    ordered: bool = False
    items: tuple[tuple[str, BoxPt], ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = field(default=())


def parts_of_pieces(pieces: Sequence[Piece], page: PageText, marks: Sequence[tuple[str, BoxPt]] = ()) -> tuple[Part, ...] | None:
    """The parts of one laid out page, or None if a list item cannot be found on it again or the page prints something that no piece says.

    The layout's record has no boxes of list items, and of a contents list it has the titles but not the page numbers: such pages are not
    used. `marks` are the footnote marks printed on the page, with their boxes.
    """
    parts = [_part(piece, page) for piece in pieces]
    found = tuple(part for part in parts if part is not None)
    if len(found) < len(parts) or Counter(_glyphs(page.squeezed)) != Counter(_glyphs("".join(map(_said, pieces)))):
        return None
    marked = [_marked(part, [text for text, box in marks if _centre_inside(box, part.box_pt)]) for part in found]
    whole = tuple(part for part in marked if part is not None)
    return whole if len(whole) == len(marked) else None


def _said(piece: Piece) -> str:
    return squeeze("".join(text for row in piece.rows for text in row) or "".join(piece.items) or piece.text)


def _glyphs(text: str) -> str:
    """Characters whose number does not depend on how a reader takes ligatures apart."""
    return "".join(char for char in text if char.isalnum() and not unicodedata.combining(char))


def _marked(part: Part, marks: Sequence[str]) -> Part | None:
    """The part with its footnote marks raised, or None if it is not clear which characters they are."""
    if part.kind == "footnote" and (own := _OWN_MARK.match(part.text)):
        part = replace(part, text=f"{raised(own[1])} {part.text[own.end() :]}")
    if not marks:
        return part
    texts = [part.text, *(text for text, _ in part.items)]
    for mark in dict.fromkeys(marks):
        wanted = re.compile(rf"(?<=\S)\u00a0{re.escape(mark)}(?!\d)")
        if sum(len(wanted.findall(text)) for text in texts) != marks.count(mark):
            return None
        texts = [wanted.sub(raised(mark), text) for text in texts]
    items = tuple((text, box) for text, (_, box) in zip(texts[1:], part.items, strict=True))
    return replace(part, text=texts[0], items=items)


def _centre_inside(box: BoxPt, outer: BoxPt) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _part(piece: Piece, page: PageText) -> Part | None:
    kind: Kind = KINDS.get(piece.kind, piece.kind)  # type: ignore[arg-type]
    if piece.kind == "table":
        return Part(kind, piece.box_pt, rows=_rows(piece))
    if piece.kind == "list":
        boxes = [_find_inside(item, piece.box_pt, page) for item in piece.items]
        items = tuple((tidy(MARKER.sub("", text)), box) for text, box in zip(piece.items, boxes, strict=True) if box)
        ordered = bool(piece.items) and all(ORDERED.match(item) for item in piece.items)
        return Part(kind, piece.box_pt, items=items, ordered=ordered) if len(items) == len(piece.items) > 0 else None
    text = "" if piece.kind == "figure" else tidy(piece.text)
    return Part(kind, piece.box_pt, text, level=min(piece.level, 6) if piece.kind == "heading" else 0)


def _rows(piece: Piece) -> tuple[tuple[Cell, ...], ...]:
    rows = []
    for number, row in enumerate(piece.rows):
        spans = piece.colspans[number] if piece.colspans else (1,) * len(row)
        rows.append(tuple(Cell(tidy(text), colspan=span, header=number < piece.head_rows) for text, span in zip(row, spans, strict=True)))
    return tuple(rows)


def _find_inside(text: str, box: BoxPt, page: PageText) -> BoxPt | None:
    for words in page.find(text):
        found = union(words)
        if box[0] - 2 <= found[0] and box[1] - 2 <= found[1] and found[2] <= box[2] + 2 and found[3] <= box[3] + 2:
            return found
    return None


def to_element(part: Part, to_1000: Callable[[BoxPt], Box1000]) -> Element:
    """The element of a part, with its boxes in thousandths of the page image."""
    items = tuple(ListItem(text, to_1000(box)) for text, box in part.items)
    return Element(part.kind, to_1000(part.box_pt), part.text, part.level, part.ordered, items, part.rows)


def join_pages(texts: Sequence[str]) -> str:
    """One answer for the texts of several pages."""
    if len(texts) == 1:
        return texts[0]
    return "\n\n".join(f"{PAGE_MARK.format(number=number)}\n{text}" for number, text in enumerate(texts, 1))


def split_pages(answer: str) -> list[str]:
    """The inverse of `join_pages`.

    Raises:
        ValueError: The page marks do not count 1, 2, 3 … or something stands before the first.
    """
    marks = list(_PAGE_MARK.finditer(answer))
    if not marks:
        return [answer]
    if answer[: marks[0].start()].strip() or [int(mark[1]) for mark in marks] != list(range(1, len(marks) + 1)):
        raise ValueError(f"the page marks are {[mark[1] for mark in marks]}; they must count from 1, with nothing before the first")
    ends = [*(mark.start() for mark in marks[1:]), len(answer)]
    return [answer[mark.end() : end].strip("\n") for mark, end in zip(marks, ends, strict=True)]
