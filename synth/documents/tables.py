"""Sets a table into strips: caption, head rows, body rows, note.

Readers that parse tables from word positions rely on three distances: 8 pt between texts of neighbouring columns, 1.6 row pitches below
the table, 1.2 line pitches above its caption. `table_plan` chooses widths and type size; nothing here knows about pages.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from synth.documents.blocks import Cell, Table
from synth.documents.setting import BASELINE_EM, Setter, spaced, stack
from synth.documents.strips import Op, Part, RectOp, RuleOp, Strip, TextOp, TurnedOp, notes_in
from synth.documents.table_plan import SLACK_PT, Plan, is_turned, plan_table, unit_below
from synth.render.typeset import Align, Line, Style

TURNED_HEAD_EM = 16.0
"""Height at which turned heads wrap."""

KEPT_ROWS = 4
"""Rows that stay together at the head and at the foot of a table: no page begins with a stump of one."""

ABREAST = 2.2
"""A table that would fill so many pages is set in two columns, where it is narrow enough (chosen: it still runs over two pages)."""

LEAST_SCALE = 0.8
"""Type of a table that is set smaller to save a column, in terms of its usual size (chosen)."""

HEADING_PITCHES = 4.0
"""Room for the heading above a table, in line pitches (chosen)."""

CAPTION_GAP_EM = 0.5
"""White between the line boxes of a caption and of the table's head: readers take a line less than 0.4 em below for more of the caption."""

LEAST_CAPTION_GAP_PT = 3.0
"""Space between a caption and a head at the least (chosen)."""

MOST_PAD_PITCHES = 0.22
"""Readers end a table at white of 1.6 pitches; rows are at most 1.44 apart."""


def set_table(setter: Setter, table: Table, width_pt: float, continued: str, number: int, column_pt: float = math.inf) -> list[Strip]:
    """Strips of a table set into `width_pt`; in somewhat smaller type where that saves a column.

    Args:
        setter: Look, scale and typesetter.
        table: The table.
        width_pt: Room across.
        continued: Words after the label on further pages.
        number: Number of the block.
        column_pt: Height of a column, if columns are to be saved.

    Raises:
        DataError: See `plan_table`.
    """
    strips = _set_table(setter, table, width_pt, continued, number, 1.0)
    if _num_columns(setter, strips, column_pt) > 1:
        smaller = _set_table(setter, table, width_pt, continued, number, LEAST_SCALE)
        return smaller if _num_columns(setter, smaller, column_pt) < _num_columns(setter, strips, column_pt) else strips
    return strips


def _num_columns(setter: Setter, strips: Sequence[Strip], column_pt: float) -> int:
    """Columns that a table fills, with its heading above the first and its head repeated in the others."""
    head = stack(next((strip.resume for strip in strips if strip.resume), ()))[0]
    height = HEADING_PITCHES * setter.pitch_pt + stack(strips)[0] - head
    return max(1, math.ceil(height / (column_pt - head))) if column_pt < math.inf else 1


def _set_table(setter: Setter, table: Table, width_pt: float, continued: str, number: int, scale: float) -> list[Strip]:
    plan = plan_table(setter, table, width_pt, scale)
    x = (width_pt - plan.width_pt) / 2 if setter.look.table.centered else width_pt - plan.width_pt if setter.is_rtl else 0.0
    painter = _Painter(setter, table, plan, x, number)
    head = [painter.head_row(index) for index in range(len(table.head))]
    caption_width = max(plan.width_pt, 0.6 * width_pt)
    align_x = x if not setter.is_rtl else x + plan.width_pt - caption_width
    shift = max(0.0, min(align_x, width_pt - caption_width))
    caption = _moved(setter.caption(table.label, table.caption, f"caption/{table.key}", caption_width, number), shift)
    again = _moved(setter.caption(f"{table.label} {continued}", (), "", caption_width, number), shift)
    resume = tuple(_glued([*spaced(again, 0.0, _caption_gap(setter, again, head)), *head]))
    body = [painter.body_row(index, resume if index else ()) for index in range(len(table.body))]
    pitch = max((strip.height_pt for strip in body), default=setter.pitch_pt)
    strips = [*_glued([*spaced(caption, 0.0, _caption_gap(setter, caption, head)), *head]), *body]
    note = _moved(_note(setter, table, max(plan.width_pt, 0.6 * width_pt), number), shift)
    if note:
        strips[-1] = replace(strips[-1], keep=True)
        note[0] = replace(note[0], before_pt=0.75 * pitch)  # with the row above: more than 1.6 row pitches from baseline to baseline
    return spaced([*strips, *note], max(1.3 * setter.pitch_pt, 8.0), max(1.65 * pitch, 1.2 * setter.pitch_pt))


def _caption_gap(setter: Setter, caption: Sequence[Strip], head: Sequence[Strip]) -> float:
    """Space between a caption and a head; line boxes of tall scripts reach beyond their strips."""
    below = caption[-1].box_pt[3] - caption[-1].height_pt
    above = max((op.line.ascent_pt - op.baseline_pt for strip in head[:1] for op in strip.ops if isinstance(op, TextOp)), default=0.0)
    return max(LEAST_CAPTION_GAP_PT, CAPTION_GAP_EM * setter.size_pt + below + above)


def row_height(setter: Setter, size_pt: float) -> float:
    """Height of a row of one line at a type size."""
    return _pitch(setter, size_pt) + 2 * _pad(setter, size_pt)


def _pitch(setter: Setter, size_pt: float) -> float:
    return size_pt * min(setter.look.leading, 1.5)


def _pad(setter: Setter, size_pt: float) -> float:
    """Space above and below a row's text. Bounded, so that rows are never half as far apart again as the lines of a broken head."""
    return min(setter.look.table.pad_y_pt, MOST_PAD_PITCHES * _pitch(setter, size_pt))


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
        turned = self.plan.turned and any(is_turned(self.table, index, column) for column, _, _, _ in self._slots(row))
        cells = [(slot, self._head_cell(slot, index, style)) for slot in self._slots(row)]
        pitch = self._pitch()
        lines_high = max((len(lines) for slot, lines in cells if not self._turns(index, slot[0])), default=1) * pitch
        turned_high = max((line.width_pt for slot, lines in cells if self._turns(index, slot[0]) for line in lines), default=0.0)
        height = max(lines_high, turned_high + 4.0 if turned else 0.0) + 2 * self._pad()
        ops: list[Op] = []
        if look.head_fill:
            ops.append(RectOp((self.x_pt, 0.0, self.x_pt + self.plan.width_pt, height), fill=look.head_fill))
        ops.extend(self._head_rules(row, index, height))
        for slot, lines in cells:
            if self._turns(index, slot[0]):
                ops.extend(self._turned(slot, lines, height))
            else:
                ops.extend(self._upright(slot, lines, height - self._pad() - len(lines) * pitch))
        return self._strip(row, height, ops, [line for _, lines in cells for line in lines], is_head=True, keep=True)

    def body_row(self, index: int, resume: tuple[Strip, ...]) -> Strip:
        """A body row; its texts share the first baseline. `KEPT_ROWS` rows stay together at either end."""
        row, look = self.table.body[index], self.setter.look.table
        cells = [(slot, self._cell(slot, index)) for slot in self._slots(row)]
        height = max((len(lines) for _, lines in cells), default=1) * self._pitch() + 2 * self._pad()
        ops: list[Op] = []
        if look.style == "zebra" and index % 2:
            ops.append(RectOp((self.x_pt, 0.0, self.x_pt + self.plan.width_pt, height), fill=(0.94, 0.94, 0.96)))
        ops.extend(self._body_rules(index, height))
        last = len(self.table.body) - 1
        keep = index < last and (index < KEPT_ROWS - 1 or index > last - KEPT_ROWS)
        for slot, lines in cells:
            ops.extend(self._upright(slot, lines, self._pad(), shift=self._shift(slot, index)))
        return self._strip(row, height, ops, [line for _, lines in cells for line in lines], is_head=False, keep=keep, resume=resume)

    def _style(self) -> Style:
        return Style(self.plan.size_pt, family=self.setter.look.family)

    def _pitch(self) -> float:
        return _pitch(self.setter, self.plan.size_pt)

    def _pad(self) -> float:
        return _pad(self.setter, self.plan.size_pt)

    def _turns(self, row: int, column: int) -> bool:
        return self.plan.turned and is_turned(self.table, row, column)

    def _slots(self, row: Sequence[Cell]) -> Iterator[tuple[int, float, float, Cell]]:
        """(column, left edge, width, cell) of each cell; the first column is the rightmost where lines run from right to left."""
        column, at = 0, 0.0
        for cell in row:
            width = math.fsum(self.plan.widths_pt[column : column + cell.colspan])
            left = self.x_pt + (self.plan.width_pt - at - width if self.setter.is_rtl else at)
            yield column, left, width, cell
            column, at = column + cell.colspan, at + width

    def _ready(self, row: int, column: int) -> Line | None:
        """The line set while the table was measured, where it serves."""
        return self.plan.lines[row][column] if self.plan.lines else None

    def _cell(self, slot: tuple[int, float, float, Cell], row: int) -> tuple[Line, ...]:
        column, _, width, cell = slot
        if line := self._ready(row, column):
            return (line,)
        spans = self.setter.spans(cell.inlines, replace(self._style(), bold=cell.bold))
        return self.setter.typesetter.lines(spans, width - 2 * self.plan.pad_x_pt, align=self._align(cell)) if spans else ()

    def _shift(self, slot: tuple[int, float, float, Cell], row: int) -> float:
        """How far a ready line, which starts at the left edge of its cell, is moved to stand as the cell is aligned."""
        column, _, width, cell = slot
        line = self._ready(row, column)
        if not line:
            return 0.0
        room = width - 2 * self.plan.pad_x_pt - line.width_pt
        at_left = self._align(cell) == ("end" if self.setter.is_rtl else "start")
        return room / 2 if cell.align == "center" else 0.0 if at_left else room

    def _align(self, cell: Cell) -> Align:
        """Figures stand at the right edge in every script, so that units come below units."""
        if cell.align == "figures":
            return "start" if self.setter.is_rtl else "end"
        return cell.align

    def _head_cell(self, slot: tuple[int, float, float, Cell], row: int, style: Style) -> tuple[Line, ...]:
        column, _, width, cell = slot
        anchor = f"head/{self.table.key}/{column}" if row == len(self.table.head) - 1 else ""
        spans = self.setter.spans(cell.inlines, style, anchor)
        if not spans:
            return ()
        if not self._turns(row, column):
            room = width - 2 * self.plan.pad_x_pt
            if self.setter.typesetter.width(spans) > room:
                spans = self.setter.spans(unit_below(cell.inlines), style, anchor)
            return self.setter.typesetter.lines(spans, room, align="center" if cell.colspan > 1 else self._align(cell))
        # Turned heads start at the foot of the row; they wrap to as many lines as stand side by side in the column.
        natural = self.setter.typesetter.width(spans) + SLACK_PT
        lines = self.setter.typesetter.lines(spans, max(TURNED_HEAD_EM * style.size_pt, 0.6 * natural))
        return lines if len(lines) * self._pitch() <= width - self.plan.pad_x_pt else self.setter.typesetter.lines(spans, natural)

    def _upright(self, slot: tuple[int, float, float, Cell], lines: Sequence[Line], top: float, shift: float = 0.0) -> list[Op]:
        pitch = self._pitch()
        x = slot[1] + self.plan.pad_x_pt + shift
        first = top + pitch / 2 + BASELINE_EM * self.plan.size_pt
        return [TextOp(line, x, first + number * pitch) for number, line in enumerate(lines)]

    def _turned(self, slot: tuple[int, float, float, Cell], lines: Sequence[Line], height: float) -> list[Op]:
        """Lines side by side, centred in the column, reading upwards from the foot of the row."""
        pitch = self._pitch()
        _, left, width, _ = slot
        first = left + (width - len(lines) * pitch) / 2 + pitch / 2 + BASELINE_EM * self.plan.size_pt
        foot = height - self._pad() - 1.0
        # Lines are placed in their measure; a turned line starts at the foot whatever its direction.
        starts = [line.fragments[0].x_pt if line.fragments else 0.0 for line in lines]
        return [TurnedOp(line, first + n * pitch, foot + start) for n, (line, start) in enumerate(zip(lines, starts, strict=True))]

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
            inset = self.plan.pad_x_pt / 2
            spanning = [(left, width) for _, left, width, cell in self._slots(row) if cell.colspan > 1]
            out.extend(RuleOp(left + inset, height, left + width - inset, height, look.line, 0.4) for left, width in spanning)
        return out

    def _body_rules(self, index: int, height: float) -> list[Op]:
        look, last = self.setter.look.table, index == len(self.table.body) - 1
        if look.style == "grid":
            slots = self._slots(self.table.body[index])
            return [RectOp((left, 0.0, left + width, height), stroke=look.line) for _, left, width, _ in slots]
        if look.style == "rows":
            return [self._across(height, 1.0 if last else 0.35)]
        return [self._across(height, 1.0 if look.style == "booktabs" else 0.5)] if last and look.style in ("booktabs", "zebra") else []

    def _across(self, y: float, width_pt: float) -> RuleOp:
        return RuleOp(self.x_pt, y, self.x_pt + self.plan.width_pt, y, self.setter.look.table.line, width_pt)

    def _strip(
        self,
        row: Sequence[Cell],
        height: float,
        ops: Sequence[Op],
        lines: Sequence[Line],
        *,
        is_head: bool,
        keep: bool,
        resume: tuple[Strip, ...] = (),
    ) -> Strip:
        texts = tuple("".join(part.text for part in cell.inlines) for cell in row)
        part = Part("table", self.number, row=texts, is_head=is_head, colspans=tuple(cell.colspan for cell in row))
        box = (self.x_pt, 0.0, self.x_pt + self.plan.width_pt, height)
        return Strip(height, tuple(ops), box, keep=keep, notes=notes_in(lines), resume=resume, part=part)


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


def _moved(strips: Sequence[Strip], dx: float) -> list[Strip]:
    """Text strips moved to the right."""
    out = []
    for strip in strips:
        ops = tuple(replace(op, x_pt=op.x_pt + dx) if isinstance(op, TextOp) else op for op in strip.ops)
        x0, y0, x1, y1 = strip.box_pt
        out.append(replace(strip, ops=ops, box_pt=(x0 + dx, y0, x1 + dx, y1)))
    return out
