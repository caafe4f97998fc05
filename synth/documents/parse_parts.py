"""The parts of a page that a page parser should report, with boxes in points, and how they become the elements of an answer.

Synthetic documents give parts exactly (`parts_of_pieces`, from the layout's own record); real ones are read by `parse_real`. An answer
about several pages is the pages' texts in order, each under a line `<!-- Page 3 -->`, which both notations allow as a comment; one page
has no such line. Nothing here knows how answers are checked.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from schemas.elements import Cell, Element, Kind, ListItem, tidy
from schemas.geometry import Box1000
from synth.documents.blocks import BoxPt, Piece
from synth.documents.real_structure import PageText, union

MARKER = re.compile(r"^(?:[•●○▪▫■□◆◇▸►‣∙·*–—-]|\(?(?:\d{1,3}|[٠-٩]{1,3}|[०-९]{1,3}|[a-z])[.)．、])\s*")
"""What stands before a list item: a bullet, or a number or letter with its point."""

ORDERED = re.compile(r"^\(?(?:\d{1,3}|[٠-٩]{1,3}|[०-९]{1,3}|[a-z])[.)．、]")

PAGE_MARK = "<!-- Page {number} -->"
_PAGE_MARK = re.compile(r"^<!-- Page (\d+) -->\n?", re.MULTILINE)

MAX_OUTSIDE = 0.01
"""Largest share of a page's characters outside all pieces; half of what the verifier allows."""

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


def parts_of_pieces(pieces: Sequence[Piece], page: PageText) -> tuple[Part, ...] | None:
    """The parts of one laid out page, or None if a list item cannot be found on it again or words stand outside all pieces.

    The layout's record has no boxes of list items, and of a contents list it has the titles but not the page numbers.
    """
    parts = [_part(piece, page) for piece in pieces]
    found = tuple(part for part in parts if part is not None)
    outside = sum(len(word.text) for word in page.words if not any(_centre_inside(word.box_pt, part.box_pt) for part in found))
    complete = outside <= MAX_OUTSIDE * sum(len(word.text) for word in page.words)
    return found if len(found) == len(parts) and complete else None


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
