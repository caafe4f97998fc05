"""Draws a chart's marks with Matplotlib and says where its texts go; the texts themselves are typeset over the picture.

So every script is shaped by one engine and is in the text layer, and the picture holds only axes, grid, bars, lines, markers and swatches.
A reader can measure values back: tick labels are centred on the exact height (or column) of their tick, categories on their bars, and each
series has one solid colour that its swatch shows. Lengths are points from the chart's top left corner, y down. Nothing here knows about
pages.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from numpy.random import Generator

from schemas.errors import DataError
from synth.documents.blocks import BoxPt, Chart
from synth.documents.formats import format_number
from synth.render.chart_canvas import Canvas
from synth.render.typeset import Span, Style, Typesetter

PALETTES: tuple[tuple[str, ...], ...] = (
    ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9"),
    ("#1f4e9c", "#f28e2b", "#2e8b57", "#c0272d", "#8e44ad", "#17a2b8"),
    ("#264653", "#e9c46a", "#e76f51", "#2a9d8f", "#9b2226", "#8ecae6"),
    ("#b5179e", "#4895ef", "#80b918", "#f77f00", "#3a0ca3", "#06d6a0"),
    ("#8c2d04", "#0b84a5", "#f6c85f", "#6f4e7c", "#9dd866", "#ca472f"),
)
"""Series colours in order; the first set is Okabe and Ito's. All are saturated, since grey means grid or hidden values."""

HIDDEN_FILL, HIDDEN_LINE = "#dddddd", "#8a8a8a"
MARKERS = ("o", "s", "D", "^", "v", "p")
NAME_GAP_EM = 0.8
"""Least gap between neighbouring category names, well over a word space, so that readers tell them apart."""
LEAST_NAME_SCALE = 0.7
"""Category names are never set smaller than this, times the chart's type."""
DIGIT_MIDDLE_EM = 0.35
"""Digits are about 0.7 em high in nearly every typeface, so this far below their middle is the baseline that centres them on a tick."""
SWATCH_PT, GAP_PT, TICK_PT, MARKER_PT = 7.0, 4.0, 3.0, 4.6


@dataclass(frozen=True, slots=True)
class ChartLook:
    """How charts look.

    Attributes:
        palette: Number in `PALETTES`.
        bar_share: Width of a group of bars as a share of its slot.
        frame: Which sides of the plot are drawn.
        legend: Above or below the plot.
        truncate: Line charts may start above zero.
        one_marker: All series share a marker shape.
    """

    palette: int
    grid: Literal["none", "solid", "dashed"]
    grid_color: str
    frame: Literal["axes", "box", "base"]
    bar_share: float
    edge: bool
    legend: Literal["top", "bottom"]
    background: str
    truncate: bool
    one_marker: bool
    line_pt: float


@dataclass(frozen=True, slots=True)
class ChartLabel:
    """One text: centred in [x, x + width] on a baseline."""

    text: str
    style: Style
    x_pt: float
    width_pt: float
    baseline_pt: float


@dataclass(frozen=True, slots=True)
class ChartDrawing:
    """The picture, the texts over it, the plot area (from the first tick of the value axis to the last), and the box of each bar or marker
    by series number and category.
    """

    png: bytes
    labels: tuple[ChartLabel, ...]
    plot_pt: BoxPt
    ticks: tuple[Decimal, ...]
    marks: dict[tuple[int, str], BoxPt] = field(default_factory=dict)


def draw_chart_look(rng: Generator) -> ChartLook:
    """Draw a look."""
    return ChartLook(
        palette=int(rng.integers(len(PALETTES))),
        grid=("none", "solid", "dashed")[int(rng.integers(3))],
        grid_color=("#d9d9d9", "#e6e6e6", "#c8c8c8")[int(rng.integers(3))],
        frame=("axes", "box", "base")[int(rng.integers(3))],
        bar_share=0.55 + 0.25 * float(rng.random()),
        edge=bool(rng.random() < 0.25),
        legend="top" if rng.random() < 0.5 else "bottom",
        background=("#ffffff", "#ffffff", "#f7f7f7", "#fbfaf5")[int(rng.integers(4))],
        truncate=bool(rng.random() < 0.5),
        one_marker=bool(rng.random() < 0.5),
        line_pt=1.0 + float(rng.random()),
    )


def nice_ticks(low: Decimal, high: Decimal, *, at_most: int = 7) -> tuple[Decimal, ...]:
    """Round tick values from at or below `low` to at or above `high`, in steps of 1, 2, 2.5 or 5 times a power of ten.

    The idea is Heckbert's ("Nice numbers for graph labels", Graphics Gems, 1990).
    """
    if high <= low:
        high = low + 1
    power = Decimal(10) ** ((high - low).adjusted() - 1)
    for factor in ("1", "2", "2.5", "5", "10", "20", "25", "50", "100"):
        step = power * Decimal(factor)
        first, last = (low / step).to_integral_value("ROUND_FLOOR"), (high / step).to_integral_value("ROUND_CEILING")
        if last - first + 1 <= at_most:
            return tuple((first + number) * step for number in range(int(last - first) + 1))
    raise AssertionError("a step of 100 powers always leaves few ticks")


def format_ticks(ticks: Sequence[Decimal], language: str, numerals: str) -> tuple[str, ...]:
    """Tick values as the language writes numbers, all with the decimals the finest of them needs."""
    places = max(0, *(-int(tick.normalize().as_tuple().exponent) for tick in ticks))
    return tuple(format_number(tick, places, language, numerals) for tick in ticks)


def wanted_width(chart: Chart, typesetter: Typesetter, style: Style) -> tuple[float, float]:
    """(least, comfortable) width in points: category names wrapped to single words, and on one line each."""
    if chart.kind == "barh":
        return 14.0 * style.size_pt, 14.0 * style.size_pt
    count, gap, axis = len(chart.categories), NAME_GAP_EM * style.size_pt, 5.0 * style.size_pt
    name = max(typesetter.width([Span(text, style)]) for text in chart.categories)
    return axis + count * (_longest_word(chart, typesetter, style) + gap), axis + count * (name + gap)


def _longest_word(chart: Chart, typesetter: Typesetter, style: Style) -> float:
    """Widest part of a category name that should not be broken; where a script has no spaces that is the name."""
    return max(typesetter.width([Span(word, style)]) for name in chart.categories for word in name.split() or [""])


def draw_chart(
    chart: Chart, look: ChartLook, typesetter: Typesetter, style: Style, width_pt: float, height_pt: float, *, numerals: str = "latn"
) -> ChartDrawing:
    """Draw a chart into `width_pt` by `height_pt`; `style` is that of its texts."""
    ticks = _ticks(chart, look, at_most=max(4, min(7, int(height_pt / (3.2 * style.size_pt)))))
    texts = format_ticks(ticks, typesetter.language, numerals)
    plan = _Plan(chart, look, typesetter, style, width_pt, height_pt, ticks, texts)
    return plan.draw()


def _ticks(chart: Chart, look: ChartLook, *, at_most: int) -> tuple[Decimal, ...]:
    shown = [value for _, values in chart.series for name, value in zip(chart.categories, values, strict=True) if name not in chart.masked]
    low, high = min(shown, default=Decimal(0)), max(shown, default=Decimal(1))
    if chart.kind == "line" and look.truncate and low > high / 2:
        return nice_ticks(low - (high - low) / 4, high, at_most=at_most)
    return nice_ticks(min(low, Decimal(0)), max(high, Decimal(0)), at_most=at_most)


class _Plan:
    """Where the parts of one chart go. Built once, drawn once."""

    def __init__(
        self,
        chart: Chart,
        look: ChartLook,
        typesetter: Typesetter,
        style: Style,
        width_pt: float,
        height_pt: float,
        ticks: Sequence[Decimal],
        tick_texts: Sequence[str],
    ) -> None:
        self.chart, self.look, self.typesetter, self.style = chart, look, typesetter, style
        self.width, self.height = width_pt, height_pt
        self.ticks, self.tick_texts = tuple(ticks), tuple(tick_texts)
        self.pitch = 1.3 * style.size_pt
        self.flat = chart.kind == "barh"
        self.labels: list[ChartLabel] = []
        self.marks: dict[tuple[int, str], BoxPt] = {}
        self.colors = PALETTES[look.palette]
        self.names = style
        self.canvas = Canvas(width_pt, height_pt, look.background)
        self.plot = self._plot_area()

    # --- room ---

    def _plot_area(self) -> BoxPt:
        """The plot area, once legend, axis title and labels have taken their room."""
        legend = len(self._legend_rows()) * (self.pitch + 2.0) + GAP_PT
        top = GAP_PT + (legend if self.look.legend == "top" else 0.0)
        bottom = self.height - GAP_PT - (legend if self.look.legend == "bottom" else 0.0)
        widest_tick = max(self._width(text) for text in self.tick_texts)
        if self.flat:
            # Half a tick label may stand out on the right.
            right = self.width - GAP_PT - widest_tick / 2
            names = (line for name in self.chart.categories for line in self._wrap(name, 0.34 * self.width))
            left = 3 * GAP_PT + max(self._width(line) for line in names)
            return (left, top, right, bottom - 2 * self.pitch - GAP_PT)
        left = GAP_PT + widest_tick + TICK_PT + GAP_PT
        right = self.width - 2 * GAP_PT
        self.names = self._name_style((right - left) / len(self.chart.categories))
        slot = (right - left) / len(self.chart.categories) - NAME_GAP_EM * self.names.size_pt
        lines = max(len(self._wrap(name, slot, self.names)) for name in self.chart.categories)
        return (left, top + self.pitch + self.style.size_pt, right, bottom - lines * self.pitch - TICK_PT - 2.0)

    def _name_style(self, slot: float) -> Style:
        """The style of category names below the plot: smaller where a word would not fit its slot, but never cut."""
        word = _longest_word(self.chart, self.typesetter, self.style)
        scale = slot / (word + NAME_GAP_EM * self.style.size_pt)
        if scale < LEAST_NAME_SCALE:
            count = len(self.chart.categories)
            raise DataError(
                "chart_too_narrow", f"{count} category names do not fit {self.width:.0f} pt; use a wider column, `barh` or shorter names"
            )
        return replace(self.style, size_pt=round(self.style.size_pt * min(1.0, 0.99 * scale), 2))

    def _width(self, text: str, style: Style | None = None) -> float:
        return self.typesetter.width([Span(text, style or self.style)])

    def _wrap(self, text: str, width: float, style: Style | None = None) -> list[str]:
        return [line.text for line in self.typesetter.lines([Span(text, style or self.style)], max(width, 8.0))]

    def _legend_rows(self) -> list[list[tuple[int, str, float]]]:
        """Entries by legend row: (number, name, width of the entry). A number after the last series stands for hatched categories."""
        rows: list[list[tuple[int, str, float]]] = [[]]
        used = 0.0
        names = [name for name, _ in self.chart.series]
        if self.chart.masked and self.chart.hidden:
            names.append(self.chart.hidden)
        for number, name in enumerate(names):
            width = SWATCH_PT + 3.0 + self._width(name) + 14.0
            if rows[-1] and used + width > self.width - 2 * GAP_PT:
                rows.append([])
                used = 0.0
            rows[-1].append((number, name, width))
            used += width
        return rows

    # --- positions ---

    def _value_at(self, value: Decimal) -> float:
        """Position of a value on the value axis."""
        first, last = self.ticks[0], self.ticks[-1]
        share = float((value - first) / (last - first))
        x0, y0, x1, y1 = self.plot
        return x0 + share * (x1 - x0) if self.flat else y1 - share * (y1 - y0)

    def _slot(self, index: int) -> tuple[float, float]:
        """Start and length of a category's slot on the category axis."""
        start, end = (self.plot[1], self.plot[3]) if self.flat else (self.plot[0], self.plot[2])
        length = (end - start) / len(self.chart.categories)
        return start + index * length, length

    # --- drawing ---

    def draw(self) -> ChartDrawing:
        """Draw everything."""
        self._draw_axes()
        self._draw_hidden()
        if self.chart.kind == "line":
            self._draw_lines()
        else:
            self._draw_bars()
        self._draw_base()
        self._label_categories()
        self._draw_legend()
        return ChartDrawing(self.canvas.png(), tuple(self.labels), self.plot, self.ticks, self.marks)

    def _text(self, text: str, center_x: float, center_y: float, style: Style | None = None) -> None:
        style = style or self.style
        width = self._width(text, style) + 0.2  # rounding room, so that it does not wrap
        self.labels.append(ChartLabel(text, style, center_x - width / 2, width, center_y + DIGIT_MIDDLE_EM * style.size_pt))

    def _draw_axes(self) -> None:
        x0, y0, x1, y1 = self.plot
        for tick, text in zip(self.ticks, self.tick_texts, strict=True):
            along = self._value_at(tick)
            if self.flat:
                self._grid(along, y0, along, y1)
                self.canvas.line((along, y1), (along, y1 + TICK_PT), "#333333", 0.7)
                self._text(text, along, y1 + TICK_PT + 1.0 + self.pitch / 2)
            else:
                self._grid(x0, along, x1, along)
                self.canvas.line((x0 - TICK_PT, along), (x0, along), "#333333", 0.7)
                self._text(text, x0 - TICK_PT - 2.0 - self._width(text) / 2, along)
        title = self._width(self.chart.axis_title)
        if self.flat:
            at = (min((x0 + x1) / 2, self.width - title / 2 - GAP_PT), y1 + TICK_PT + 2.0 + 1.5 * self.pitch)
        else:
            at = (max(GAP_PT + title / 2, min(x0, self.width - title / 2)), y0 - self.pitch / 2 - 0.8 * self.style.size_pt)
        self._text(self.chart.axis_title, *at)

    def _grid(self, x0: float, y0: float, x1: float, y1: float) -> None:
        if self.look.grid != "none":
            self.canvas.line((x0, y0), (x1, y1), self.look.grid_color, 0.6, dashed=self.look.grid == "dashed")

    def _draw_hidden(self) -> None:
        """Grey hatched boxes over the whole height of categories whose values are not shown."""
        for index, name in enumerate(self.chart.categories):
            if name in self.chart.masked:
                start, length = self._slot(index)
                inset = 0.12 * length
                x0, y0, x1, y1 = self.plot
                near, far = start + inset, start + length - inset
                self._hatched((x0, near, x1, far) if self.flat else (near, y0, far, y1))

    def _draw_bars(self) -> None:
        zero = self._value_at(Decimal(0))
        count = len(self.chart.series)
        for number, (_, values) in enumerate(self.chart.series):
            for index, (name, value) in enumerate(zip(self.chart.categories, values, strict=True)):
                if name in self.chart.masked:
                    continue
                start, length = self._slot(index)
                bar = length * self.look.bar_share / count
                near = start + length * (1 - self.look.bar_share) / 2 + number * bar
                far, end = near + bar * (0.92 if count > 1 else 1.0), self._value_at(value)
                low, high = min(zero, end), max(zero, end)
                box = (low, near, high, far) if self.flat else (near, low, far, high)
                self.marks[number, name] = box
                self.canvas.box(box, self.colors[number], edge="#222222" if self.look.edge else "")

    def _draw_lines(self) -> None:
        for number, (_, values) in enumerate(self.chart.series):
            points = [
                None if name in self.chart.masked else (sum(self._slot(index)) - self._slot(index)[1] / 2, self._value_at(value))
                for index, (name, value) in enumerate(zip(self.chart.categories, values, strict=True))
            ]
            for before, after in itertools.pairwise(points):
                if before and after:
                    self.canvas.line(before, after, self.colors[number], self.look.line_pt)
            marker = MARKERS[0 if self.look.one_marker else number]
            for name, point in zip(self.chart.categories, points, strict=True):
                if point:
                    x, y = point
                    self.marks[number, name] = (x - MARKER_PT / 2, y - MARKER_PT / 2, x + MARKER_PT / 2, y + MARKER_PT / 2)
                    self.canvas.marker(point, self.colors[number], marker, MARKER_PT)

    def _draw_base(self) -> None:
        """The lines around the plot, over the feet of the bars."""
        x0, y0, x1, y1 = self.plot
        sides = {"base": 1, "axes": 2, "box": 4}[self.look.frame]
        base, value = ((x0, y0), (x0, y1)), ((x0, y1), (x1, y1))
        if not self.flat:
            base, value = value, base
        for start, end in (base, value, ((x1, y0), (x1, y1)), ((x0, y0), (x1, y0)))[:sides]:
            self.canvas.line(start, end, "#333333", 0.8)
        if self.ticks[0] < 0:
            zero = self._value_at(Decimal(0))
            self.canvas.line(*(((zero, y0), (zero, y1)) if self.flat else ((x0, zero), (x1, zero))), "#333333", 0.8)

    def _label_categories(self) -> None:
        x0, _, _, y1 = self.plot
        for index, name in enumerate(self.chart.categories):
            start, length = self._slot(index)
            middle = start + length / 2
            if self.flat:
                lines = self._wrap(name, 0.34 * self.width)
                top = middle - (len(lines) - 1) * self.pitch / 2
                for number, line in enumerate(lines):
                    self._text(line, x0 - 2 * GAP_PT + 2.0 - self._width(line) / 2, top + number * self.pitch)
            else:
                for number, line in enumerate(self._wrap(name, length - NAME_GAP_EM * self.names.size_pt, self.names)):
                    self._text(line, middle, y1 + TICK_PT + (number + 0.5) * self.pitch, self.names)

    def _swatch(self, box: BoxPt, number: int) -> None:
        if number < len(self.chart.series):
            self.canvas.box(box, self.colors[number])
        else:
            self._hatched(box)

    def _hatched(self, box: BoxPt) -> None:
        self.canvas.box(box, HIDDEN_FILL, edge=HIDDEN_LINE, hatch="////")

    def _draw_legend(self) -> None:
        """Each entry: its swatch directly before its name (to the right of it where lines run from right to left)."""
        rows = self._legend_rows()
        row_height = self.pitch + 2.0
        top = GAP_PT if self.look.legend == "top" else self.height - GAP_PT - len(rows) * row_height
        rtl = self.typesetter.direction == "rtl"
        for line, row in enumerate(rows):
            y = top + (line + 0.5) * row_height
            x = max(GAP_PT, (self.width - math.fsum(width for _, _, width in row)) / 2)
            for number, name, width in reversed(row) if rtl else row:
                label = self._width(name)
                swatch = x + label + 3.0 if rtl else x
                half = SWATCH_PT / 2
                self._swatch((swatch, y - half, swatch + SWATCH_PT, y + half), number)
                self._text(name, x + label / 2 if rtl else x + SWATCH_PT + 3.0 + label / 2, y)
                x += width
