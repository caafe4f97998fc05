"""From the artists of a figure to the chart that they make: which kind, and which table. One reader a kind, each None where it is another.

Shares nothing with the code that draws. A figure that no reader understands is a `DataError` (`unread_chart`).
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from schemas.errors import DataError
from synth.code.chart_reading import TOLERANCE, Reading, Row, as_reading, close_all, read_names, read_ticks
from synth.code.chart_run import Drawn
from synth.code.chart_witness import counts_days, names_rows, witnessed

BOX_POINTS = 5


def read_drawn(drawn: Drawn) -> Reading:
    """Read what a program drew, after its report has been held against the picture.

    Raises:
        DataError: `unproved_reading`, the report is of another picture; `unread_chart`, there is no chart of a known kind in it.
    """
    look = witnessed(drawn)
    try:
        return replace(read_chart(drawn.figure), look=(*look, *_geometry(drawn.figure)))
    except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise DataError("unread_chart", f"what the program says of its figure is no report: {error!r}") from error


def _geometry(figure: dict[str, Any]) -> Iterator[str]:
    """Limits of the axes, sorts of steps, and widths of bars as shares of their axis."""
    for number, axes in enumerate(figure["axes"]):
        for axis in "xy":
            yield f"limits {number} {axis} {' '.join(f'{limit:.6g}' for limit in axes[axis]['limits'])}"
        yield from (f"steps {line['drawn']}" for line in axes["lines"] if line["drawn"].startswith("steps"))
        for bars in axes["bars"]:
            side, axis = (3, "y") if bars["orientation"] == "horizontal" else (2, "x")
            low, high = axes[axis]["limits"]
            yield "widths " + " ".join(sorted({f"{box[side] / abs(high - low):.5f}" for box in bars["boxes"]}))


def read_chart(figure: dict[str, Any]) -> Reading:
    """Read a figure.

    Raises:
        DataError: `unread_chart`, there is no chart of a known kind in it.
    """
    plots = [axes for axes in figure["axes"] if not axes["colorbar"]]
    if not plots:
        raise DataError("unread_chart", "the figure has no plot")
    if len(plots) == 1:
        return replace(_read_plot(plots[0]), title=" ".join([*figure["texts"], plots[0]["title"]]))
    return _panels(figure, [_read_plot(axes) for axes in plots])


def _panels(figure: dict[str, Any], plots: list[Reading]) -> Reading:
    """Bar charts side by side over the same rows, each a series."""
    first = plots[0]
    if len(figure["texts"]) != 1 or any(plot.kind != "bar" or plot.categories != first.categories for plot in plots):
        raise DataError("unread_chart", f"{len(plots)} plots are no bar charts of the same rows below one title")
    shared = {(plot.x_label, plot.y_label, plot.log, plot.grid, plot.value_labels, plot.upside_down, plot.references) for plot in plots}
    if len(shared) != 1:
        raise DataError("unread_chart", "plots side by side differ in their axes")
    rows = tuple(Row(plot.title, plot.rows[0].values, plot.rows[0].color) for plot in plots)
    return replace(first, kind="panels", title=figure["texts"][0], rows=rows)


def _read_plot(axes: dict[str, Any]) -> Reading:
    for reads in READERS:
        if (reading := reads(axes)) is not None:
            flipped = any(one > other for one, other in (axes["x"]["limits"], axes["y"]["limits"]))
            return replace(reading, upside_down=flipped and reading.kind != "heatmap")
    raise DataError("unread_chart", "no bars, lines, points, areas, wedges or image in the plot")


def _pie(axes: dict[str, Any]) -> Reading | None:
    wedges = axes["wedges"]
    if not wedges:
        return None
    shares = tuple((wedge["to"] - wedge["from"]) / 360 for wedge in wedges)
    row = Row("", shares, " ".join(wedge["color"] for wedge in wedges))
    told = [text["text"] for text in axes["texts"] if text["text"].endswith("%")]
    if told != [f"{100 * share:.1f}%" for share in shares]:
        raise DataError("unread_chart", f"wedges of {[round(share, 4) for share in shares]} say {told}")
    return as_reading(axes, "donut" if wedges[0]["width"] else "pie", [row], categories=[wedge["label"] for wedge in wedges])


def _heatmap(axes: dict[str, Any]) -> Reading | None:
    if len(axes["images"]) != 1 or not axes["images"][0]["values"]:
        return None
    values, colormap = axes["images"][0]["values"], axes["images"][0]["colormap"]
    columns = read_ticks(axes, "y", range(len(values)))
    categories = read_ticks(axes, "x", range(len(values[0])))
    cells = {(text["x"], text["y"]): text["text"] for text in axes["texts"]}
    for i, line in enumerate(values):
        for j, value in enumerate(line):
            if cells and cells.get((j, i)) != f"{value:g}":
                raise DataError("unread_chart", f"the cell ({i}, {j}) holds {value:g} and says {cells.get((j, i))!r}")
    rows = [Row(name, tuple(line), colormap) for name, line in zip(columns, values, strict=True)]
    return as_reading(axes, "heatmap", rows, categories=categories)


def _steps(axes: dict[str, Any]) -> Reading | None:
    steps = axes["steps"]
    if not steps:
        return None
    kind = "histogram" if len(steps) == 1 and steps[0]["filled"] else "stairs"
    rows = [Row(name, tuple(step["values"]), step["color"]) for name, step in zip(read_names(axes, kind, len(steps)), steps, strict=True)]
    return as_reading(axes, kind, rows, x=steps[0]["edges"])


def _areas(axes: dict[str, Any]) -> Reading | None:
    areas, lines = axes["areas"], axes["lines"]
    if not areas:
        return None
    if len(lines) == len(areas):
        return _bands(axes)
    rows = []
    for name, area in zip(read_names(axes, "area", len(areas)), areas, strict=True):
        rows.append(Row(name, tuple(high - low for _, low, high in area["edges"]), area["color"]))
    return as_reading(axes, "area", rows, x=[x for x, _, _ in areas[0]["edges"]])


def _bands(axes: dict[str, Any]) -> Reading:
    """Lines, each in the middle of an area."""
    rows = []
    for name, line, area in zip(read_names(axes, "band", len(axes["lines"])), axes["lines"], axes["areas"], strict=True):
        if not close_all([(low + high) / 2 for _, low, high in area["edges"]], line["y"]) or area["color"] != line["color"]:
            raise DataError("unread_chart", "a line is not in the middle of its band")
        halves = tuple((high - low) / 2 for _, low, high in area["edges"])
        rows.append(Row(name, tuple(line["y"]), line["color"], halves))
    return as_reading(axes, "band", rows, x=axes["lines"][0]["x"])


def _errorbars(axes: dict[str, Any]) -> Reading | None:
    bars = axes["errors"]
    if not bars:
        return None
    if axes["bars"]:
        return _bars_with_errors(axes)
    rows = [
        Row(name, tuple(bar["line"]["y"]), bar["line"]["color"], _halves(bar["segments"], bar["line"]["x"], bar["line"]["y"]))
        for name, bar in zip(read_names(axes, "errorbar", len(bars)), bars, strict=True)
    ]
    return as_reading(axes, "errorbar", rows, x=bars[0]["line"]["x"])


def _bars_with_errors(axes: dict[str, Any]) -> Reading:
    (bars,), (errors,) = axes["bars"], axes["errors"]
    middles, heights = [box[0] + box[2] / 2 for box in bars["boxes"]], tuple(box[1] + box[3] for box in bars["boxes"])
    row = Row("", heights, bars["color"], _halves(errors["segments"], middles, heights))
    return as_reading(axes, "bar_errors", [row], categories=read_ticks(axes, "x", middles))


def _halves(segments: list[list[float]], x: Sequence[float], y: Sequence[float]) -> tuple[float, ...]:
    """Half lengths of error bars, whose middles must be their marks."""
    if not close_all([(one[1] + one[3]) / 2 for one in segments], y) or not close_all([one[0] for one in segments], x):
        raise DataError("unread_chart", "error bars are not about their marks")
    return tuple((one[3] - one[1]) / 2 for one in segments)


def _bars(axes: dict[str, Any]) -> Reading | None:
    groups = axes["bars"]
    if not groups:
        return None
    lying = groups[0]["orientation"] == "horizontal"
    axis = "y" if lying else "x"
    start, size, base, length = (1, 3, 0, 2) if lying else (0, 2, 1, 3)  # of x, y, width, height
    boxes = groups[0]["boxes"]
    first = [box[start] + box[size] / 2 for box in boxes]
    if not lying and len(groups) == 1 and _touch(boxes) and not _has_names(axes, first):
        row = Row("", tuple(box[3] for box in boxes), groups[0]["color"])
        return as_reading(axes, "histogram", [row], x=[boxes[0][0], *(box[0] + box[2] for box in boxes)])
    found = zip(read_names(axes, "bar", len(groups)), groups, strict=True)
    rows = [Row(name, tuple(box[length] for box in group["boxes"]), group["color"]) for name, group in found]
    if len(groups) == 1:
        return _single_bars(axes, rows[0], [box[base] for box in boxes], read_ticks(axes, axis, first), lying=lying)
    if all(abs(box[start] - other[start]) < TOLERANCE for box, other in zip(boxes, groups[1]["boxes"], strict=True)):
        _check_stack([[(box[base], box[length]) for box in group["boxes"]] for group in groups])
        return as_reading(axes, "barh_stacked" if lying else "stacked", rows, categories=read_ticks(axes, axis, first))
    middles = [
        (min(box[start] for box in places) + max(box[start] + box[size] for box in places)) / 2
        for places in zip(*(group["boxes"] for group in groups), strict=True)
    ]
    return as_reading(axes, "barh_grouped" if lying else "grouped", rows, categories=read_ticks(axes, axis, middles))


def _single_bars(axes: dict[str, Any], row: Row, bases: Sequence[float], categories: Sequence[str], *, lying: bool) -> Reading:
    """Bars that begin at nothing, each where the last ended (a waterfall), or anywhere (ranges)."""
    if not any(bases):
        _check_labels(axes, row.values)
        return as_reading(axes, "barh" if lying else "bar", [row], categories=categories)
    if lying:
        ends = tuple(base + value for base, value in zip(bases, row.values, strict=True))
        rows = [Row("low", tuple(bases), row.color), Row("high", ends, row.color)]
        return as_reading(axes, "range", rows, categories=categories)
    _check_stack([[(base, value)] for base, value in zip(bases, row.values, strict=True)])
    return as_reading(axes, "waterfall", [row], categories=categories)


def _check_labels(axes: dict[str, Any], values: Sequence[float]) -> None:
    """Numbers beside bars must be theirs."""
    told = [text["text"] for text in axes["texts"]]
    if told and told != [f"{value:g}" for value in values]:
        raise DataError("unread_chart", f"bars of {list(values)[:3]} say {told[:3]}")


def _check_stack(groups: list[list[tuple[float, float]]]) -> None:
    """Each bar must stand on the one below, the lowest on nothing."""
    if any(abs(base) > TOLERANCE for base, _ in groups[0]):
        raise DataError("unread_chart", "the first bars of a stack do not begin at 0")
    for below, above in itertools.pairwise(groups):
        for (base, height), (start, _) in zip(below, above, strict=True):
            if abs(base + height - start) > TOLERANCE * max(1.0, abs(start)):
                raise DataError("unread_chart", f"a bar of a stack stands at {start}, not at {base + height}")


def _touch(boxes: list[list[float]]) -> bool:
    return len(boxes) > 1 and all(abs(one[0] + one[2] - other[0]) < 1e-6 * one[2] for one, other in itertools.pairwise(boxes))


def _has_names(axes: dict[str, Any], places: Sequence[float]) -> bool:
    found = {round(place, 6) for place, _ in axes["x"]["ticks"]}
    return all(round(place, 6) in found for place in places)


def _dumbbell(axes: dict[str, Any]) -> Reading | None:
    """Lying segments with a point at either end."""
    if len(axes["stems"]) != 1 or len(axes["points"]) != 2:
        return None
    segments, clouds = axes["stems"][0]["segments"], axes["points"]
    for place, cloud in zip((0, 2), clouds, strict=True):
        if not close_all([one[place] for one in segments], cloud["x"]) or not close_all([one[1] for one in segments], cloud["y"]):
            raise DataError("unread_chart", "segments and their ends do not meet")
    found = zip(read_names(axes, "dumbbell", 2), clouds, strict=True)
    rows = [Row(name, tuple(cloud["x"]), cloud["color"]) for name, cloud in found]
    return as_reading(axes, "dumbbell", rows, categories=read_ticks(axes, "y", clouds[0]["y"]))


def _lollipop(axes: dict[str, Any]) -> Reading | None:
    if len(axes["stems"]) != 1 or len(axes["lines"]) != 1:
        return None
    segments, (line,) = axes["stems"][0]["segments"], axes["lines"]
    tops = [max((segment[1], segment[3]), key=abs) for segment in segments]
    if line["style"] not in ("None", "") or not close_all(tops, line["y"]):
        raise DataError("unread_chart", "stems and their heads do not meet")
    row = Row("", tuple(line["y"]), line["color"])
    return as_reading(axes, "lollipop", [row], categories=read_ticks(axes, "x", [segment[0] for segment in segments]))


def _points(axes: dict[str, Any]) -> Reading | None:
    clouds = axes["points"]
    if not clouds:
        return None
    kind = "bubble" if any(len(set(cloud["sizes"])) > 1 for cloud in clouds) else "scatter"
    rows = [
        Row(name, tuple(one["y"]), one["color"], tuple(one["sizes"]) if kind == "bubble" else ())
        for name, one in zip(read_names(axes, kind, len(clouds)), clouds, strict=True)
    ]
    return as_reading(axes, kind, rows, x=clouds[0]["x"])


def _boxes(axes: dict[str, Any]) -> Reading | None:
    """Boxes are lines: of each, the outline has 5 points, whiskers stand, caps and median lie."""
    outlines = [line for line in axes["lines"] if len(line["x"]) == BOX_POINTS and line["x"][0] == line["x"][-1]]
    if not outlines or axes["legend"]:
        return None
    places, columns = [], []
    for outline in outlines:
        low, high = min(outline["x"]), max(outline["x"])
        lying = [
            line["y"][0]
            for line in axes["lines"]
            if len(line["x"]) == 2 and line["y"][0] == line["y"][1] and low <= sum(line["x"]) / 2 <= high
        ]
        if len(lying) != 3:
            raise DataError("unread_chart", f"a box has {len(lying)} lines across; caps and a median are wanted")
        least, middle, most = sorted(lying)
        places.append((low + high) / 2)
        columns.append((least, min(outline["y"]), middle, max(outline["y"]), most))
    rows = [Row("", tuple(values), "") for values in zip(*columns, strict=True)]
    return as_reading(axes, "box", rows, categories=read_ticks(axes, "x", places))


def _dots(axes: dict[str, Any]) -> Reading | None:
    """Points without a line, each beside a name on the vertical axis."""
    if len(axes["lines"]) != 1 or axes["lines"][0]["style"] not in ("None", ""):
        return None
    (line,) = axes["lines"]
    return as_reading(axes, "dots", [Row("", tuple(line["x"]), line["color"])], categories=read_ticks(axes, "y", line["y"]))


def _lines(axes: dict[str, Any]) -> Reading | None:
    lines = axes["lines"]
    if not lines:
        return None
    kind, x = "step" if lines[0]["drawn"].startswith("steps") else "line", lines[0]["x"]
    if kind == "line" and counts_days(axes["x"]):
        kind = "dates"
    elif kind == "line" and names_rows(axes["x"]):
        kind = "profile"
    found = zip(read_names(axes, kind, len(lines)), lines, strict=True)
    rows = [Row(name, tuple(line["y"]), line["color"]) for name, line in found]
    if kind == "profile":
        return as_reading(axes, kind, rows, categories=read_ticks(axes, "x", x))
    return as_reading(axes, kind, rows, x=x)


READERS = (_pie, _heatmap, _steps, _areas, _errorbars, _bars, _dumbbell, _lollipop, _points, _boxes, _dots, _lines)
