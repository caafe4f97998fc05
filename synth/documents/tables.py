"""Sets a table into strips: caption, head rows, body rows, note.

Column widths come from the content: figures and short texts never wrap, long prose does, heads wrap between words. A table too wide for its place
shrinks its type, then turns its heads, and is refused when that is not enough. Readers that parse tables from word positions rely on three distances:
8 pt between texts of neighbouring columns, 1.6 row pitches below the table, 1.2 line pitches above its caption.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from schemas.errors import DataError
from synth.documents.blocks import Cell, Table
from synth.documents.setting import BASELINE_EM, Setter, spaced
from synth.documents.strips import Op, Part, RectOp, RuleOp, Strip, TextOp, TurnedOp, notes_in
from synth.render.typeset import Line, Span, Style

MIN_SIZE_PT = 6.0
"""Type is never set smaller; 6 pt is the least most style guides allow in tables."""

SHRINK = (1.0, 0.94, 0.88, 0.82, 0.76, 0.7)
"""Sizes tried, times the table's own; 6 pt comes last."""

PROSE_EM = 24.0
"""A cell wider than this is long prose and may wrap (chosen: about 50 letters)."""

PROSE_LEAST_EM = 11.0
"""A column of prose is at least this wide."""

SLACK_PT = 0.05
"""Rounding room, so that a text as wide as its column does not wrap."""

TURNED_HEAD_EM = 9.0
"""Height at which turned heads wrap."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Type size, width of each column (padding included) and whether the heads are turned."""

    size_pt: float
    widths_pt: tuple[float, ...]
    turned: bool

    @property
    def width_pt(self) -> float:
        """Width of the table."""
        return sum(self.widths_pt)


@dataclass(frozen=True, slots=True)
class _Needs:
    """Widths at the table's own size, without padding: least and comfortable, a column."""

    least: list[float]
    wish: list[float]
    has_prose: bool


def set_table(setter: Setter, table: Table, width_pt: float, continued: str, number: int) -> list[Strip]:
    """Strips of a table set into `width_pt`.

    Args:
        setter: Look, scale and typesetter.
        table: The table.
        width_pt: Room across.
        continued: Words after the label on further pages.
        number: Number of the block.

    Raises:
        DataError: `table_too_wide`, or `ragged_table` when rows have different numbers of columns.
    """
    plan = plan_table(setter, table, width_pt)
    x = (width_pt - plan.width_pt) / 2 if setter.look.table.centered else width_pt - plan.width_pt if setter.is_rtl else 0.0
    painter = _Painter(setter, table, plan, x, number)
    head = [painter.head_row(index) for index in range(len(table.head))]
    caption_width = max(plan.width_pt, 0.6 * width_pt)
    align_x = x if not setter.is_rtl else x + plan.width_pt - caption_width
    shift = max(0.0, min(align_x, width_pt - caption_width))
    caption = _moved(setter.caption(table.label, table.caption, f"caption/{table.key}", caption_width, number), shift)
    again = _moved(setter.caption(f"{table.label} {continued}", (), "", caption_width, number), shift)
    resume = tuple(_glued([*spaced(again, 0.0, 3.0), *head]))
    body = [replace(painter.body_row(index), resume=resume if index else ()) for index in range(len(table.body))]
    pitch = max((strip.height_pt for strip in body), default=setter.pitch_pt)
    strips = _glued([*spaced(caption, 0.0, 3.0), *head]) + _paired(body)
    note = _moved(_note(setter, table, max(plan.width_pt, 0.6 * width_pt), number), shift)
    if note:
        strips[-1] = replace(strips[-1], keep=True)
        note[0] = replace(note[0], before_pt=0.75 * pitch)  # with the row above: more than 1.6 row pitches from baseline to baseline
    return spaced([*strips, *note], max(1.3 * setter.pitch_pt, 8.0), max(1.65 * pitch, 1.2 * setter.pitch_pt))


def plan_table(setter: Setter, table: Table, width_pt: float) -> Plan:
    """Choose type size and column widths for `width_pt`; see `set_table` for errors."""
    columns = len(table.body[0]) if table.body else sum(cell.colspan for cell in table.head[0])
    for row in (*table.head, *table.body):
        if sum(cell.colspan for cell in row) != columns:
            raise DataError("ragged_table", f"a row of table {table.key} has {sum(c.colspan for c in row)} columns, not {columns}; give every row the same")
    own = setter.size_pt * setter.look.table.scale
    padding = 2 * setter.look.table.pad_x_pt * columns
    sizes = [factor * own for factor in SHRINK if factor * own > MIN_SIZE_PT] + [min(own, MIN_SIZE_PT)]
    for turned in dict.fromkeys((table.rotated_head, True)):
        needs = _needs(setter, table, columns, own, turned)
        for size in sizes:
            if sum(needs.least) * size / own + padding <= width_pt:
                return Plan(round(size, 2), _share(setter, needs, size / own, width_pt), turned)
    raise DataError(
        "table_too_wide",
        f"table {table.key} ({table.label}) needs more than {width_pt:.0f} pt for {columns} columns at {MIN_SIZE_PT} pt; use a landscape section or fewer columns",
    )


def _needs(setter: Setter, table: Table, columns: int, size: float, turned: bool) -> _Needs:
    """Measure every cell once, at the table's own size."""
    plain = Style(size, family=setter.look.family)
    bold = replace(plain, bold=True)
    least, wish, has_prose = [0.0] * columns, [0.0] * columns, False
    for row in table.body:
        for column, cell in enumerate(row):
            width = setter.typesetter.width(setter.spans(cell.inlines, bold if cell.bold else plain)) + SLACK_PT
            wish[column] = max(wish[column], width)
            if width > PROSE_EM * size:
                has_prose, width = True, PROSE_LEAST_EM * size
            least[column] = max(least[column], width)
    for index, row in enumerate(table.head):
        column = 0
        for cell in row:
            if turned and _is_turned(table, index, column):
                full = word = 2.2 * size * setter.look.leading
            else:
                text = "".join(part.text for part in cell.inlines)
                full = setter.typesetter.width(setter.spans(cell.inlines, bold)) + SLACK_PT
                word = _longest_word(setter, text, bold, full)
            _demand(least, column, cell.colspan, word)
            _demand(wish, column, cell.colspan, full)
            column += cell.colspan
    return _Needs(least, [max(pair) for pair in zip(least, wish, strict=True)], has_prose)


def _longest_word(setter: Setter, text: str, style: Style, full: float) -> float:
    """The least width a head can be wrapped to: its longest word, or four characters where a script breaks anywhere."""
    if setter.typesetter.script in ("Hans", "Hant", "Jpan") and " " not in text:
        return min(full, 4.2 * style.size_pt)
    return max((setter.typesetter.width([Span(word, style)]) for word in text.split()), default=0.0) + SLACK_PT


def _demand(widths: list[float], start: int, span: int, need: float) -> None:
    """Widen the spanned columns equally until they hold `need`."""
    lack = need - sum(widths[start : start + span])
    for column in range(start, start + span):
        widths[column] += max(0.0, lack) / span


def _share(setter: Setter, needs: _Needs, factor: float, width_pt: float) -> tuple[float, ...]:
    """Give every column its least width, then share the rest by what each still wishes, then evenly where the look fills the measure."""
    padding = 2 * setter.look.table.pad_x_pt
    least = [need * factor + padding for need in needs.least]
    lacks = [(wish - need) * factor for need, wish in zip(needs.least, needs.wish, strict=True)]
    room = width_pt - sum(least)
    granted = min(1.0, room / sum(lacks)) if sum(lacks) > 0 else 0.0
    widths = [need + granted * lack for need, lack in zip(least, lacks, strict=True)]
    rest = width_pt - sum(widths)
    if setter.look.table.full_width and rest > 0:
        rest = min(rest, 2.0 * sum(widths))  # a table of two short columns is not torn across a landscape page
        widths = [width + rest / len(widths) for width in widths]
    return tuple(widths)


def _is_turned(table: Table, row: int, column: int) -> bool:
    """Heads of the last head row are turned, except the first column's and spanning ones."""
    if row != len(table.head) - 1 or column == 0:
        return False
    at = 0
    for cell in table.head[row]:
        if at == column:
            return cell.colspan == 1
        at += cell.colspan
    return False


@dataclass(frozen=True, slots=True)
class _Painter:
    """Draws the rows of one table; x runs from the left edge of the room the table was set into."""

    setter: Setter
    table: Table
    plan: Plan
    x_pt: float
    number: int

    def head_row(self, index: int) -> Strip:
        """A head row, with the table's top rule above the first and the middle rule below the last."""
        row, look = self.table.head[index], self.setter.look.table
        style = replace(self._style(), bold=True, color=look.head_text)
        turned = self.plan.turned and any(_is_turned(self.table, index, column) for column, _, _, _ in self._slots(row))
        cells = [(slot, self._head_cell(slot, index, style)) for slot in self._slots(row)]
        pitch = self._pitch()
        lines_high = max((len(lines) for slot, lines in cells if not self._turns(index, slot[0])), default=1) * pitch
        turned_high = max((max((line.width_pt for line in lines), default=0.0) for slot, lines in cells if self._turns(index, slot[0])), default=0.0)
        height = max(lines_high, turned_high + 4.0 if turned else 0.0) + 2 * look.pad_y_pt
        ops: list[Op] = []
        if look.head_fill:
            ops.append(RectOp((self.x_pt, 0.0, self.x_pt + self.plan.width_pt, height), fill=look.head_fill))
        ops.extend(self._head_rules(row, index, height))
        for slot, lines in cells:
            ops.extend(self._turned(slot, lines, height) if self._turns(index, slot[0]) else self._upright(slot, lines, height - look.pad_y_pt - len(lines) * pitch))
        return self._strip(row, height, ops, [line for _, lines in cells for line in lines], is_head=True)

    def body_row(self, index: int) -> Strip:
        """A body row; its texts share the first baseline."""
        row, look = self.table.body[index], self.setter.look.table
        style = self._style()
        cells = [(slot, self._cell(slot, replace(style, bold=slot[3].bold))) for slot in self._slots(row)]
        height = max((len(lines) for _, lines in cells), default=1) * self._pitch() + 2 * look.pad_y_pt
        ops: list[Op] = []
        if look.style == "zebra" and index % 2:
            ops.append(RectOp((self.x_pt, 0.0, self.x_pt + self.plan.width_pt, height), fill=(0.94, 0.94, 0.96)))
        ops.extend(self._body_rules(index, height))
        for slot, lines in cells:
            ops.extend(self._upright(slot, lines, look.pad_y_pt))
        return self._strip(row, height, ops, [line for _, lines in cells for line in lines], is_head=False)

    def _style(self) -> Style:
        return Style(self.plan.size_pt, family=self.setter.look.family)

    def _pitch(self) -> float:
        return self.plan.size_pt * min(self.setter.look.leading, 1.5)

    def _turns(self, row: int, column: int) -> bool:
        return self.plan.turned and _is_turned(self.table, row, column)

    def _slots(self, row: Sequence[Cell]) -> Iterator[tuple[int, float, float, Cell]]:
        """(column, left edge, width, cell) of each cell; the first column is the rightmost where lines run from right to left."""
        column, at = 0, 0.0
        for cell in row:
            width = sum(self.plan.widths_pt[column : column + cell.colspan])
            left = self.x_pt + (self.plan.width_pt - at - width if self.setter.is_rtl else at)
            yield column, left, width, cell
            column, at = column + cell.colspan, at + width

    def _cell(self, slot: tuple[int, float, float, Cell], style: Style) -> tuple[Line, ...]:
        _, _, width, cell = slot
        spans = self.setter.spans(cell.inlines, style)
        return self.setter.typesetter.lines(spans, width - 2 * self.setter.look.table.pad_x_pt, align=cell.align) if spans else ()

    def _head_cell(self, slot: tuple[int, float, float, Cell], row: int, style: Style) -> tuple[Line, ...]:
        column, _, width, cell = slot
        anchor = f"head/{self.table.key}/{column}" if row == len(self.table.head) - 1 else ""
        spans = self.setter.spans(cell.inlines, style, anchor)
        if not spans:
            return ()
        if not self._turns(row, column):
            align = "center" if cell.colspan > 1 else cell.align
            return self.setter.typesetter.lines(spans, width - 2 * self.setter.look.table.pad_x_pt, align=align)
        # Turned heads all start at the foot of the row: set ragged in a measure that the longest word fits.
        text = "".join(part.text for part in cell.inlines)
        measure = max(TURNED_HEAD_EM * style.size_pt, _longest_word(self.setter, text, style, self.setter.typesetter.width(spans)))
        lines = self.setter.typesetter.lines(spans, measure)
        return lines if len(lines) <= 2 else self.setter.typesetter.lines(spans, self.setter.typesetter.width(spans) * 0.6 + 2 * style.size_pt)

    def _upright(self, slot: tuple[int, float, float, Cell], lines: Sequence[Line], top: float) -> list[Op]:
        pitch = self._pitch()
        x = slot[1] + self.setter.look.table.pad_x_pt
        first = top + pitch / 2 + BASELINE_EM * self.plan.size_pt
        return [TextOp(line, x, first + number * pitch) for number, line in enumerate(lines)]

    def _turned(self, slot: tuple[int, float, float, Cell], lines: Sequence[Line], height: float) -> list[Op]:
        """Lines side by side, centred in the column, reading upwards from the foot of the row."""
        pitch = self._pitch()
        _, left, width, _ = slot
        first = left + (width - len(lines) * pitch) / 2 + pitch / 2 + BASELINE_EM * self.plan.size_pt
        foot = height - self.setter.look.table.pad_y_pt - 1.0
        # Lines are placed in their measure; a turned line starts at the foot whatever its direction.
        return [TurnedOp(line, first + n * pitch, foot + (line.fragments[0].x_pt if line.fragments else 0.0)) for n, line in enumerate(lines)]

    def _head_rules(self, row: Sequence[Cell], index: int, height: float) -> list[Op]:
        look, last = self.setter.look.table, index == len(self.table.head) - 1
        out: list[Op] = []
        if look.style == "grid":
            return [RectOp((left, 0.0, left + width, height), stroke=look.line) for _, left, width, _ in self._slots(row)]
        if index == 0 and look.style in ("booktabs", "rows"):
            out.append(self._across(0.0, 1.0))
        if last and look.style != "zebra":
            out.append(self._across(height, 0.5 if look.style == "booktabs" else 0.8))
        if not last and look.style in ("booktabs", "rows"):
            inset = look.pad_x_pt / 2
            spanning = [(left, width) for _, left, width, cell in self._slots(row) if cell.colspan > 1]
            out.extend(RuleOp(left + inset, height, left + width - inset, height, look.line, 0.4) for left, width in spanning)
        return out

    def _body_rules(self, index: int, height: float) -> list[Op]:
        look, last = self.setter.look.table, index == len(self.table.body) - 1
        if look.style == "grid":
            return [RectOp((left, 0.0, left + width, height), stroke=look.line) for _, left, width, _ in self._slots(self.table.body[index])]
        if look.style == "rows":
            return [self._across(height, 1.0 if last else 0.35)]
        return [self._across(height, 1.0 if look.style == "booktabs" else 0.5)] if last and look.style in ("booktabs", "zebra") else []

    def _across(self, y: float, width_pt: float) -> RuleOp:
        return RuleOp(self.x_pt, y, self.x_pt + self.plan.width_pt, y, self.setter.look.table.line, width_pt)

    def _strip(self, row: Sequence[Cell], height: float, ops: Sequence[Op], lines: Sequence[Line], *, is_head: bool) -> Strip:
        texts = tuple("".join(part.text for part in cell.inlines) for cell in row)
        part = Part("table", self.number, row=texts, is_head=is_head, colspans=tuple(cell.colspan for cell in row))
        box = (self.x_pt, 0.0, self.x_pt + self.plan.width_pt, height)
        return Strip(height, tuple(ops), box, keep=is_head, notes=notes_in(lines), part=part)


def _note(setter: Setter, table: Table, width_pt: float, number: int) -> list[Strip]:
    """The note below a table, in small type."""
    if not table.note:
        return []
    spans = setter.spans(table.note, setter.style(0.8), f"note/{table.key}")
    strips = setter.set_lines(spans, width_pt, Part("paragraph", number))
    return [*_glued(strips[:-1]), strips[-1]]


def _glued(strips: Sequence[Strip]) -> list[Strip]:
    """All strips held to the next."""
    return [replace(strip, keep=True) for strip in strips]


def _paired(rows: Sequence[Strip]) -> list[Strip]:
    """Rows of which the first two and the last two stay together."""
    return [replace(row, keep=number < len(rows) - 1 and number in (0, len(rows) - 2)) for number, row in enumerate(rows)]


def _moved(strips: Sequence[Strip], dx: float) -> list[Strip]:
    """Text strips moved to the right."""
    out = []
    for strip in strips:
        ops = tuple(replace(op, x_pt=op.x_pt + dx) if isinstance(op, TextOp) else op for op in strip.ops)
        x0, y0, x1, y1 = strip.box_pt
        out.append(replace(strip, ops=ops, box_pt=(x0 + dx, y0, x1 + dx, y1)))
    return out
