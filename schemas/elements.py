"""What a page holds, in reading order, before it is written in a notation: headings, paragraphs, lists, tables, pictures, formulae, code,
with their boxes.

Text is tidy: single spaces, no blank lines, no control characters, line breaks as newlines; `tidy` makes it so. Only ASCII white space is
touched, because a no-break or an ideographic space is part of the text. Code keeps its lines and spaces instead. What is printed raised
(footnote marks) stands between `RAISED` and `LEVEL`. Which boxes and kinds a notation can say is the notation's
business, not this module's.
"""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from schemas.geometry import Box1000

TextKind: TypeAlias = Literal["paragraph", "caption", "footnote", "header", "footer"]
PictureKind: TypeAlias = Literal["image", "chart", "formula"]
Kind: TypeAlias = Literal["heading", "list", "table", "code"] | TextKind | PictureKind

TEXT_KINDS: tuple[TextKind, ...] = get_args(TextKind)
PICTURE_KINDS: tuple[PictureKind, ...] = get_args(PictureKind)
MAX_LEVEL = 6

RAISED, LEVEL = "\ufff9", "\ufffb"
"""Begin and end of a raised run in a text, as `word\ufff92\ufffb`; every notation writes them as its superscript. (Unicode keeps these
characters for annotations inside programs; no page prints them.)"""

_STRAY = re.compile(f"[{RAISED}{LEVEL}]")
_RAISED_RUN = re.compile(f"{RAISED}[^{RAISED}{LEVEL}\\s]+{LEVEL}")
_UNTIDY_CODE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]|^\n|\n\Z| (?:\n|\Z)")
_BLANK = re.compile(r"[ \t\r\f\v]+")
_UNTIDY = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]|  |^[ \n]|[ \n]\Z|\n[ \n]| \n")


def tidy(text: str) -> str:
    """`text` with ASCII white space collapsed, blank lines dropped, and other control characters removed."""
    lines = (re.sub(r"[\x00-\x1f\x7f]", "", _BLANK.sub(" ", line)).strip(" ") for line in text.split("\n"))
    return "\n".join(_BLANK.sub(" ", line) for line in lines if line)


def raised(text: str) -> str:
    """`text` as a raised run."""
    return f"{RAISED}{text}{LEVEL}"


def tidy_code(text: str) -> str:
    """Code with tabs as spaces, no space at line ends, no empty lines around it, and no control characters."""
    lines = (re.sub(r"[\x00-\x1f\x7f]", "", line.expandtabs(8)).rstrip(" ") for line in re.split(r"\r?\n", text))
    return "\n".join(lines).strip("\n")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table, written where its top left corner is."""

    text: str
    colspan: int = 1
    rowspan: int = 1
    header: bool = False

    def __post_init__(self) -> None:
        _check_text(self.text, "a cell")
        if _STRAY.search(self.text):
            raise ValueError(f"the cell {self.text!r:.60} has a raised run, which tables cannot say")
        if min(self.colspan, self.rowspan) < 1:
            raise ValueError(f"a cell spans {self.colspan} columns and {self.rowspan} rows; both must be at least 1")


@dataclass(frozen=True, slots=True)
class ListItem:
    """One item of a list."""

    text: str
    box_1000: Box1000 | None = None

    def __post_init__(self) -> None:
        _check_text(self.text, "a list item", needed=True)
        _check_box(self.box_1000, "a list item")


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a page. Boxes are integers 0–1000 of the page image, or None where the notation read had none.

    Attributes:
        kind: What it is.
        box_1000: Around the whole element.
        text: The words, of code with its lines and indents; of a picture its caption or the text read in it; of a formula its LaTeX.
        level: 1–6 for a heading, else 0.
        ordered: Whether a list is numbered.
        items: Of a list.
        table: Rows of cells, of a table or of a chart's data. A row lists only the cells that begin in it, as in HTML.
        picture_1000: Around the picture alone, without its caption; `box_1000` when not given. Only for image, chart and formula.
    """

    kind: Kind
    box_1000: Box1000 | None = None
    text: str = ""
    level: int = 0
    ordered: bool = False
    items: tuple[ListItem, ...] = ()
    table: tuple[tuple[Cell, ...], ...] = ()
    picture_1000: Box1000 | None = None

    def __post_init__(self) -> None:
        if self.kind in PICTURE_KINDS and self.picture_1000 is None:
            object.__setattr__(self, "picture_1000", self.box_1000)
        self._check_fields()
        if self.kind == "code":
            _check_code(self.text)
        else:
            _check_text(self.text, self.kind, needed=self.kind == "heading" or self.kind == "formula" or self.kind in TEXT_KINDS)
        _check_box(self.box_1000, self.kind)
        _check_box(self.picture_1000, self.kind)

    def _check_fields(self) -> None:
        if (self.kind == "heading") != (1 <= self.level <= MAX_LEVEL) or (self.kind != "heading" and self.level):
            raise ValueError(f"{self.kind} has level {self.level}; headings have 1 to {MAX_LEVEL}, everything else 0")
        if (self.kind == "list") != bool(self.items) or (self.ordered and self.kind != "list"):
            raise ValueError(f"{self.kind} has {len(self.items)} items; a list has at least one, everything else none")
        if (self.kind == "table" and not self.table) or (self.table and self.kind not in ("table", "chart")):
            raise ValueError(f"{self.kind} has {len(self.table)} table rows; a table has at least one, a chart may have some")
        if any(not row for row in self.table):
            raise ValueError("a table row has no cell that begins in it; let the spans above it be one row shorter")
        if self.text and self.kind in ("list", "table"):
            raise ValueError(f"a {self.kind} holds its text in items or cells, but has text {self.text!r:.40}")
        if self.picture_1000 is not None and self.kind not in PICTURE_KINDS:
            raise ValueError(f"{self.kind} has picture_1000 {self.picture_1000}; only {', '.join(PICTURE_KINDS)} have it")


def grid(table: tuple[tuple[Cell, ...], ...]) -> list[list[tuple[int, int]]]:
    """Which cell covers each place of the table: (row, position in the row) of the cell, by rows and columns.

    Raises:
        ValueError: The cells leave a gap, overlap, or run out of the table.
    """
    owner: dict[tuple[int, int], tuple[int, int]] = {}
    for y, row in enumerate(table):
        x = 0
        for number, cell in enumerate(row):
            while (y, x) in owner:
                x += 1
            for place in ((y + dy, x + dx) for dy in range(cell.rowspan) for dx in range(cell.colspan)):
                if place in owner:
                    raise ValueError(f"cells overlap at row {place[0]}, column {place[1]}")
                owner[place] = (y, number)
    height, width = max(y for y, _ in owner) + 1, max(x for _, x in owner) + 1
    if height != len(table) or len(owner) != height * width:
        raise ValueError(f"cells fill {len(owner)} places, not the {len(table)} rows of {width} columns")
    return [[owner[y, x] for x in range(width)] for y in range(height)]


def _check_code(text: str) -> None:
    if not text.strip():
        raise ValueError("code has no text")
    if found := _UNTIDY_CODE.search(text) or _STRAY.search(text):
        raise ValueError(f"the text of code is not tidy at {found.start()} ({text!r:.60}); use tidy_code()")


def _check_text(text: str, where: str, *, needed: bool = False) -> None:
    if needed and not text:
        raise ValueError(f"{where} has no text")
    if found := _UNTIDY.search(text):
        raise ValueError(f"the text of {where} is not tidy at {found.start()} ({text!r:.60}); use tidy()")
    if _STRAY.search(_RAISED_RUN.sub("", text)):
        raise ValueError(f"the text of {where} has a raised run that is empty, nested, spaced or not closed ({text!r:.60})")


def _check_box(box_1000: Box1000 | None, where: str) -> None:
    if box_1000 is None:
        return
    x0, y0, x1, y1 = box_1000
    if not (0 <= x0 <= x1 <= 1000 and 0 <= y0 <= y1 <= 1000):
        raise ValueError(f"the box of {where} is {box_1000}; it must be ordered and within 0 to 1000")
