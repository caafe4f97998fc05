"""Sets a figure into strips: the chart with its texts typeset over it, and the caption below."""

from dataclasses import replace

from synth.documents.blocks import Figure
from synth.documents.setting import Setter, spaced
from synth.documents.strips import ImageOp, Op, Part, Strip, TextOp
from synth.render.charts import draw_chart, wanted_width
from synth.render.typeset import Align, Span

NARROW_EM = 17.0
"""A chart narrower than this crosses the columns instead."""

CHART_ASPECT = 0.52
"""Height of a chart as a share of its width, before its bounds (chosen: near the golden section once the legend is taken off)."""

TEXT_SCALE = 0.82
"""Type of charts in terms of body type."""

USUAL_WIDTH_EM = 30.0
"""Charts are wider than this only where the names of their categories need it."""


def needs_page_width(setter: Setter, figure: Figure, column_pt: float) -> bool:
    """Whether a chart would be cramped in a column."""
    least, _ = wanted_width(figure.chart, setter.typesetter, setter.style(TEXT_SCALE))
    return column_pt < max(least, NARROW_EM * setter.size_pt)


def set_figure(setter: Setter, figure: Figure, width_pt: float, room_pt: float, number: int) -> list[Strip]:
    """Strips of a figure in a column of `width_pt`; the chart is never higher than about half of `room_pt`, the height of a column."""
    style = setter.style(TEXT_SCALE)
    _, wanted = wanted_width(figure.chart, setter.typesetter, style)
    width = min(width_pt, max(USUAL_WIDTH_EM * setter.size_pt, wanted))
    height = max(110.0, min(CHART_ASPECT * width + 8.0 * len(figure.chart.categories) * (figure.chart.kind == "barh"), 0.55 * room_pt))
    drawing = draw_chart(figure.chart, setter.look.chart, setter.typesetter, style, width, height, numerals=setter.numerals)
    x = (width_pt - width) / 2 if setter.look.table.centered else width_pt - width if setter.is_rtl else 0.0
    moved = [replace(label, x_pt=label.x_pt + x) for label in drawing.labels]
    x0, y0, x1, y1 = drawing.plot_pt
    marks = tuple((f"bar/{figure.key}/{series}/{name}", (a + x, b, c + x, d)) for (series, name), (a, b, c, d) in drawing.marks.items())
    ops: list[Op] = [ImageOp((x, 0.0, x + width, height), drawing.png, figure.key, (x0 + x, y0, x1 + x, y1), marks)]
    for label in moved:
        (line,) = setter.typesetter.lines([Span(label.text, label.style)], label.width_pt, align="center")[:1]
        ops.append(TextOp(line, label.x_pt, label.baseline_pt))
    text = " ".join(label.text for label in moved)
    chart = Strip(height, tuple(ops), (x, 0.0, x + width, height), keep=True, part=Part("figure", number, text=text))
    align: Align = "center" if setter.look.table.centered else "start"
    caption = setter.caption(figure.label, figure.caption, f"caption/{figure.key}", width_pt, number, align=align)
    caption[-1] = replace(caption[-1], keep=False)
    return spaced([replace(chart, after_pt=5.0), *caption], 1.1 * setter.pitch_pt, 1.2 * setter.pitch_pt)
