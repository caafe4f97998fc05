"""Fills a page with text in one language: headings, paragraphs, lists and tables flow down columns until the page is full.

Lengths are pixels of the plate. Columns follow the language's direction. Everything is placed in reading order; a paragraph that goes on in
the next column stays one block. Knows nothing of ink, photographs or questions.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from numpy.random import Generator

from schemas.errors import DataError
from schemas.sample import BoxPx
from synth.ocr.corpus import Writer
from synth.render.breaks import has_cjk
from synth.render.fonts import LOOKS, FontFamily
from synth.render.ink import Placed, PlacedColumn
from synth.render.typeset import Align, Line, Span, Style, Typesetter
from synth.render.vertical import set_columns

Kind = Literal["heading", "paragraph", "list", "table"]


@dataclass(frozen=True, slots=True)
class PageLook:
    """How a page is set.

    Attributes:
        width_px, height_px: Size of the page.
        look: A key of `synth.render.fonts.LOOKS`.
        family: Of body text.
        size_px: Of body text, pixels an em.
        leading: Line pitch in ems.
        columns: 1 to 3.
        margin_px: Around the page.
        gutter_px: Between columns.
        align: Of paragraphs.
        indent: Whether paragraphs are told apart by an indent, else by space.
        ruled: Whether tables have lines.
        tables: Whether there are tables.
        vertical: Whether text runs downwards, in columns from right to left.
    """

    width_px: int
    height_px: int
    look: str
    family: FontFamily
    size_px: float
    leading: float
    columns: int
    margin_px: float
    gutter_px: float
    align: Align
    indent: bool
    ruled: bool
    tables: bool
    vertical: bool


@dataclass(frozen=True, slots=True)
class Composed:
    """Lines in reading order, and the boxes of lines (`rules`) that are drawn but are not text."""

    lines: tuple[Placed | PlacedColumn, ...]
    rules: tuple[BoxPx, ...]


def draw_page_look(script: str, rng: Generator) -> PageLook:
    """Draw a dense page: 700 to 1,100 pixels wide, type of 13 to 22 pixels (15 to 24 in scripts of fine strokes).

    Args:
        script: ISO 15924 code, from `font_script`.
        rng: Draws it.
    """
    wide = rng.random() < 0.2
    short, long = 700 + int(rng.integers(0, 301)), 980 + int(rng.integers(0, 421))
    width, height = (long, short) if wide else (short, long)
    fine = script in FINE_SCRIPTS
    size = float((15 if fine else 13) + int(rng.integers(0, 10)))
    columns = 1 + int(rng.integers(0, 3 if width / size > 60 else 2 if width / size > 40 else 1))
    look = tuple(LOOKS)[int(rng.integers(len(LOOKS)))]
    family: FontFamily = "serif" if rng.random() < 0.5 else "sans"
    hand = "Arab" if script == "Aran" and script not in LOOKS[look][family] else script
    return PageLook(
        width_px=width,
        height_px=height,
        look=look,
        family=family,
        size_px=size,
        leading=LEADING.get(hand, 1.35) + 0.3 * float(rng.random()),
        columns=columns,
        margin_px=round(size * (2.0 + 2.0 * float(rng.random()))),
        gutter_px=round(size * (1.6 + float(rng.random()))),
        align="justify" if rng.random() < 0.4 and columns < 3 else "start",
        indent=bool(rng.random() < 0.4),
        ruled=bool(rng.random() < 0.6),
        tables=bool(rng.random() < 0.6),
        vertical=bool(script in VERTICAL_SCRIPTS and rng.random() < VERTICAL_SHARE),
    )


VERTICAL_SCRIPTS = frozenset({"Jpan", "Hant", "Hans"})
VERTICAL_SHARE = 0.25
"""Of the pages in a script that is also written downwards (chosen)."""
FINE_SCRIPTS = frozenset(
    {"Hans", "Hant", "Jpan", "Kore", "Arab", "Aran", "Deva", "Beng", "Taml", "Telu", "Thai", "Khmr", "Mymr", "Laoo", "Sinh"}
)
LEADING: Mapping[str, float] = {
    "Arab": 1.75,
    "Aran": 2.1,
    "Khmr": 1.9,
    "Mymr": 2.0,
    "Thai": 1.6,
    "Telu": 1.7,
    "Deva": 1.55,
    "Laoo": 1.6,
    "Mlym": 1.6,
}
"""Least line pitch in ems where ink stands far above or below its line (chosen by looking)."""
_SIZES: Mapping[str, float] = {"heading": 1.35, "title": 1.9}
_TABLE_TRIES = 6
_VERTICAL_TRIES = 200


@dataclass
class _Page:
    """A page while it is filled."""

    look: PageLook
    setter: Typesetter
    language: str
    column: int = 0
    y: float = 0.0
    block: int = -1
    lines: list[Placed] = field(default_factory=list)
    rules: list[BoxPx] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.y = self.look.margin_px

    @property
    def column_width(self) -> float:
        """Measure of one column."""
        look = self.look
        return (look.width_px - 2 * look.margin_px - (look.columns - 1) * look.gutter_px) / look.columns

    @property
    def left(self) -> float:
        """Left edge of the current column; the first is on the right where text runs from right to left."""
        at = self.look.columns - 1 - self.column if self.rtl else self.column
        return self.look.margin_px + at * (self.column_width + self.look.gutter_px)

    @property
    def rtl(self) -> bool:
        """Whether the language runs from right to left."""
        return self.setter.direction == "rtl"

    @property
    def room(self) -> float:
        """Pixels left in the current column."""
        return self.look.height_px - self.look.margin_px - self.y

    @property
    def full(self) -> bool:
        """Whether the last column is behind."""
        return self.column >= self.look.columns

    def next_column(self) -> None:
        """Go on at the top of the next column."""
        self.column += 1
        self.y = self.look.margin_px

    def put(self, line: Line, size_px: float, pitch: float, role: str, x: float = 0.0) -> None:
        """Place a line in the current column and go down by its pitch."""
        baseline = self.y + pitch / 2 + 0.35 * size_px
        self.lines.append(Placed(line, round(self.left + x), round(baseline), self.language, self.rtl, role, self.block))
        self.y += pitch


def compose(language: str, look: PageLook, writer: Writer, rng: Generator) -> Composed:
    """Fill a page.

    Raises:
        DataError: The typesetter's reasons.
    """
    if look.vertical:
        return compose_vertical(language, look, writer, rng)
    page = _Page(look, Typesetter(language, look=look.look), language)
    if rng.random() < 0.7:
        _heading(page, writer, rng, "title")
    stream = _kinds(look, rng)
    while not page.full:
        kind = next(stream)
        if page.room < 3 * look.leading * look.size_px:
            page.next_column()
            continue
        BLOCKS[kind](page, writer, rng)
    return Composed(tuple(page.lines), tuple(page.rules))


def compose_vertical(language: str, look: PageLook, writer: Writer, rng: Generator) -> Composed:
    """Fill a page with columns from right to left: a title, then paragraphs, with half a pitch between them."""
    placed: list[PlacedColumn] = []
    height = look.height_px - 2 * look.margin_px
    x = look.width_px - look.margin_px
    block = 0
    while True:
        title = not placed
        size = look.size_px * (_SIZES["heading"] if title else 1.0)
        pitch = size * look.leading
        text = _cjk_only(writer.title, 1) if title else _cjk_only(writer.sentence, 2 + int(rng.integers(0, 4)))
        for column in set_columns(text, language, look.look, look.family, size, height, bold=title):
            x -= pitch
            if x < look.margin_px:
                return Composed(tuple(placed), ())
            placed.append(PlacedColumn(column, round(x + pitch / 2), round(look.margin_px), language, "title" if title else "body", block))
        block += 1
        x -= 0.5 * pitch


def _cjk_only(draw: Callable[[], str], wanted: int) -> str:
    """`wanted` texts of nothing but Chinese or Japanese characters, joined; DataError `not_vertical` where a language has too few."""
    found: list[str] = []
    for _ in range(_VERTICAL_TRIES):
        text = draw()
        if all(map(has_cjk, text)):
            found.append(text)
            if len(found) == wanted:
                return "".join(found)
    raise DataError("not_vertical", f"of {_VERTICAL_TRIES} texts {len(found)} can be set downwards; {wanted} are wanted")


def _kinds(look: PageLook, rng: Generator) -> Iterator[Kind]:
    """Blocks without end: a heading, some paragraphs, now and then a list or a table."""
    while True:
        yield "heading"
        for _ in range(1 + int(rng.integers(0, 3))):
            yield "paragraph"
        if rng.random() < 0.4:
            yield "list"
        if look.tables and rng.random() < 0.5:
            yield "table"
            yield "paragraph"


def _heading(page: _Page, writer: Writer, rng: Generator, role: str = "heading") -> None:
    """One or two lines of larger, bold type, with room above; not at the foot of a column."""
    look = page.look
    size = look.size_px * _SIZES[role]
    pitch = size * look.leading
    lines = page.setter.lines([Span(writer.title(), Style(size, bold=True, family=look.family))], page.column_width)
    if page.y > look.margin_px:
        page.y += 0.5 * pitch
    if page.room < len(lines) * pitch + 3 * look.size_px * look.leading:
        page.next_column()
        return
    page.block += 1
    for line in lines:
        page.put(line, size, pitch, role)
    page.y += 0.25 * pitch


def _paragraph(page: _Page, writer: Writer, rng: Generator) -> None:
    """Two to five sentences, going on in the next column where this one is full."""
    text = writer.paragraph(2 + int(rng.integers(0, 4)))
    _running(page, text, "body", page.look.align, page.look.size_px * 1.4 if page.look.indent else 0.0)
    page.y += 0.0 if page.look.indent else 0.6 * page.look.size_px


def _list(page: _Page, writer: Writer, rng: Generator) -> None:
    """Three to six items, numbered or with bullets; each is a block."""
    numbered = rng.random() < 0.4
    sign = ("•", "–", "▪")[int(rng.integers(3))]
    for number in range(3 + int(rng.integers(0, 4))):
        if page.full:
            return
        mark = f"{number + 1}." if numbered else sign
        _running(page, f"{mark} {writer.phrase(60)}", "item", "start", 0.0)
    page.y += 0.5 * page.look.size_px


def _running(page: _Page, text: str, role: str, align: Align, indent: float) -> None:
    look = page.look
    pitch = look.size_px * look.leading
    style = Style(look.size_px, family=look.family)
    page.block += 1
    for line in page.setter.lines([Span(text, style)], page.column_width, align=align, first_indent_pt=indent):
        if page.room < pitch:
            page.next_column()
        if page.full:
            return
        page.put(line, look.size_px, pitch, role)


def _table(page: _Page, writer: Writer, rng: Generator) -> None:
    """Two to five columns, three to eight rows, the head in bold; no cell is cut, and a table stays in its column."""
    look = page.look
    pitch = look.size_px * (look.leading + 0.35)
    columns = max(2, min(2 + int(rng.integers(0, 4)), int(page.column_width / (5.5 * look.size_px))))
    rows = min(3 + int(rng.integers(0, 6)), int(page.room / pitch) - 1)
    if rows < 3:
        page.next_column()
        return
    width, pad = page.column_width / columns, 0.4 * look.size_px
    kinds = ["text", *(("number", "price", "date", "text")[int(rng.integers(4))] for _ in range(columns - 1))]
    heads = ["head"] * columns
    setter, inner = page.setter, width - 2 * pad
    head, plain = (Style(look.size_px * 0.92, bold=bold, family=look.family) for bold in (True, False))
    drawn = [[_cell(setter, writer, kind, plain if row else head, inner) for kind in (kinds if row else heads)] for row in range(rows)]
    lines = [[line for line in row if line is not None] for row in drawn]
    if any(len(row) < columns for row in lines):
        return
    page.block += 1
    top = page.y
    for row in lines:
        for column, line in enumerate(row):
            place = columns - 1 - column if page.rtl else column
            baseline = page.y + pitch / 2 + 0.35 * look.size_px
            x = round(page.left + place * width + pad)
            page.lines.append(Placed(line, x, round(baseline), page.language, page.rtl, "cell", page.block))
        page.y += pitch
    if look.ruled:
        page.rules += _grid(page.left, top, page.column_width, columns, rows, pitch)
    page.y += 0.8 * look.size_px


def _cell(setter: Typesetter, writer: Writer, kind: str, style: Style, width: float) -> Line | None:
    """The text of a cell on one line, or nothing where none of some drawings fits."""
    draws: Mapping[str, Callable[[], str]] = {
        "head": writer.word,
        "text": lambda: writer.phrase(18),
        "number": writer.number,
        "price": writer.price,
        "date": writer.date,
    }
    for _ in range(_TABLE_TRIES):
        lines = setter.lines([Span(draws[kind](), style)], width)
        if len(lines) == 1 and lines[0].width_pt <= width:
            return lines[0]
    lines = setter.lines([Span(writer.word(), style)], width)
    return lines[0] if len(lines) == 1 and lines[0].width_pt <= width else None


def _grid(left: float, top: float, width: float, columns: int, rows: int, pitch: float) -> list[BoxPx]:
    """Lines between rows and columns and around, one pixel wide."""
    x0, y0, x1, y1 = round(left), round(top), round(left + width), round(top + rows * pitch)
    across = [(float(x0), float(y), float(x1), float(y + 1)) for y in (round(top + row * pitch) for row in range(rows + 1))]
    down = [(float(x), float(y0), float(x + 1), float(y1)) for x in (round(left + c * width / columns) for c in range(columns + 1))]
    return across + down


BLOCKS: Mapping[Kind, Callable[[_Page, Writer, Generator], None]] = {
    "heading": _heading,
    "paragraph": _paragraph,
    "list": _list,
    "table": _table,
}
