"""Chooses type size and column widths of a table from its content and the room it has.

Figures and short texts never wrap, long prose does, heads wrap between words. A table too wide for its place shrinks its type, then turns
its heads, and is refused when that is not enough. Nothing here draws.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from schemas.errors import DataError
from synth.documents.blocks import Inline, Table
from synth.documents.setting import Setter
from synth.render.typeset import Line, Span, Style

MIN_SIZE_PT = 6.0
"""Type is never set smaller; 6 pt is the least most style guides allow in tables."""

SHRINK = (1.0, 0.94, 0.88, 0.82, 0.76, 0.7)
"""Sizes tried, times the table's own; 6 pt comes last."""

PROSE_EM = 24.0
"""A cell wider than this is long prose and may wrap (chosen: about 50 letters)."""

PROSE_LEAST_EM = 11.0
"""A column of prose is at least this wide."""

LEAST_PAD_PT = 4.1
"""Padding of tables that are short of room: still 8.2 pt between texts."""

SLACK_PT = 0.05
"""Rounding room, so that a text as wide as its column does not wrap."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Type size, padding on either side of a cell, width of each column (paddings included) and whether the heads are turned.

    `lines` are the body cells on one line each, from the left edge, where they serve as they are: at this size and not wrapped.
    """

    size_pt: float
    pad_x_pt: float
    widths_pt: tuple[float, ...]
    turned: bool
    lines: list[list[Line | None]]

    @property
    def width_pt(self) -> float:
        """Width of the table."""
        return math.fsum(self.widths_pt)


@dataclass(frozen=True, slots=True)
class _Needs:
    """Widths at the table's own size, without padding: least and comfortable, a column; and its body cells set on one line each."""

    least: list[float]
    wish: list[float]
    lines: list[list[Line | None]]


def plan_table(setter: Setter, table: Table, width_pt: float, scale: float = 1.0) -> Plan:
    """Choose type size and column widths for `width_pt`, from `scale` times the table's own size downwards.

    Raises:
        DataError: `table_too_wide`, `line_feed_in_cell`, or `ragged_table` when rows have different numbers of columns.
    """
    columns = len(table.body[0]) if table.body else sum(cell.colspan for cell in table.head[0])
    for row in (*table.head, *table.body):
        found = sum(cell.colspan for cell in row)
        if found != columns:
            raise DataError("ragged_table", f"a row of table {table.key} has {found} columns, not {columns}; give every row the same")
    own = scale * setter.size_pt * setter.look.table.scale
    sizes = [factor * own for factor in SHRINK if factor * own > MIN_SIZE_PT] + [min(own, MIN_SIZE_PT)]
    for turned in dict.fromkeys((table.rotated_head, True)):
        needs = _needs(setter, table, columns, own, turned)
        for size, pad in ((size, pad) for size in sizes for pad in (setter.look.table.pad_x_pt, LEAST_PAD_PT)):
            if math.fsum(needs.least) * size / own + 2 * pad * columns <= width_pt:
                widths = _share(setter, needs, size / own, pad, width_pt)
                return Plan(size, pad, widths, turned, needs.lines if size == own else [])
    what = f"table {table.key} ({table.label}) needs more than {width_pt:.0f} pt for {columns} columns at {MIN_SIZE_PT} pt"
    raise DataError("table_too_wide", f"{what}; use a landscape section or fewer columns")


def _needs(setter: Setter, table: Table, columns: int, size: float, turned: bool) -> _Needs:
    """What a table needs at a size, measured once a document: it may be tried in several widths."""
    key = ("needs", id(table), size, turned)
    if key not in setter.memo:
        setter.memo[key] = _measure(setter, table, columns, size, turned)
    needs: _Needs = setter.memo[key]
    return needs


def _measure(setter: Setter, table: Table, columns: int, size: float, turned: bool) -> _Needs:
    """Measure every cell once, at the table's own size."""
    plain = Style(size, family=setter.look.family)
    bold = replace(plain, bold=True)
    least, wish = [0.0] * columns, [0.0] * columns
    body: list[list[Line | None]] = []
    for row in table.body:
        body.append([])
        for column, cell in enumerate(row):
            line = _one_line(setter, setter.spans(cell.inlines, bold if cell.bold else plain))
            width = line.width_pt + SLACK_PT if line else 0.0
            wish[column] = max(wish[column], width)
            if width > PROSE_EM * size:
                line, width = None, PROSE_LEAST_EM * size
            body[-1].append(line)
            least[column] = max(least[column], width)
    for index, row in enumerate(table.head):
        column = 0
        for cell in row:
            if turned and is_turned(table, index, column):
                word, full = 1.2 * size * setter.look.leading, 2.2 * size * setter.look.leading
            else:
                text = "".join(part.text for part in cell.inlines)
                full = setter.typesetter.width(setter.spans(cell.inlines, bold)) + SLACK_PT
                word = _longest_word(setter, text, bold, full)
            _demand(least, column, cell.colspan, word)
            _demand(wish, column, cell.colspan, full)
            column += cell.colspan
    return _Needs(least, [max(pair) for pair in zip(least, wish, strict=True)], body)


def _one_line(setter: Setter, spans: Sequence[Span]) -> Line | None:
    """Spans on one line whose left edge is the text's, or None without text."""
    lines = setter.typesetter.lines(spans, math.inf, align="end" if setter.is_rtl else "start")
    if len(lines) > 1:
        raise DataError("line_feed_in_cell", f"the cell {lines[0].text!r} has a line feed; give it one paragraph")
    return lines[0] if lines and lines[0].fragments else None


def _longest_word(setter: Setter, text: str, style: Style, full: float) -> float:
    """The least width a head can be wrapped to: its longest word, or the longest part between brackets where there are no spaces."""
    parts = (part for word in text.split() for part in re.split("(?=[（(])", word) if part)
    return min(full, max((setter.typesetter.width([Span(part, style)]) for part in parts), default=0.0) + SLACK_PT)


def unit_below(inlines: Inline) -> Inline:
    """A head with a line feed before the bracket that ends it: a unit that does not fit beside its quantity stands below it."""
    return tuple(replace(part, text=re.sub(r"\s*([（(][^（(]*[）)])$", r"\n\1", part.text)) for part in inlines)


def _demand(widths: list[float], start: int, span: int, need: float) -> None:
    """Widen the spanned columns equally until they hold `need`."""
    lack = need - math.fsum(widths[start : start + span])
    for column in range(start, start + span):
        widths[column] += max(0.0, lack) / span


def _share(setter: Setter, needs: _Needs, factor: float, pad_pt: float, width_pt: float) -> tuple[float, ...]:
    """Give every column its least width, then share the rest by what each still wishes, then evenly where the look fills the measure."""
    least = [need * factor + 2 * pad_pt for need in needs.least]
    lacks = [(wish - need) * factor for need, wish in zip(needs.least, needs.wish, strict=True)]
    room = width_pt - math.fsum(least)
    granted = min(1.0, room / math.fsum(lacks)) if math.fsum(lacks) > 0 else 0.0
    widths = [need + granted * lack for need, lack in zip(least, lacks, strict=True)]
    rest = width_pt - math.fsum(widths)
    if setter.look.table.full_width and rest > 0:
        rest = min(rest, 2.0 * math.fsum(widths))  # a table of two short columns is not torn across a landscape page
        widths = [width + rest / len(widths) for width in widths]
    return tuple(widths)


def is_turned(table: Table, row: int, column: int) -> bool:
    """Heads of the last head row are turned, except the first column's and spanning ones."""
    if row != len(table.head) - 1 or column == 0:
        return False
    at = 0
    for cell in table.head[row]:
        if at == column:
            return cell.colspan == 1
        at += cell.colspan
    return False
