"""The verifier's eyes: from the artists that `chart_probe` found to what kind of chart it is and which table it shows.

Shares nothing with the code that draws: it knows artists, not the program's text. A figure it does not understand is a `DataError`
(`unread_chart`).
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from schemas.errors import DataError
from synth.code.chart_run import Drawn
from synth.code.chart_witness import names_rows, witnessed

TOLERANCE = 1e-6
"""Relative difference of numbers that are the same (chosen: sums and angles lose the last digits of ten)."""
PIE_TOLERANCE = 1e-4
"""As above for shares from angles, which matplotlib keeps in single precision."""
BOX_POINTS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One series as read: its name, numbers and colour (of a pie, those of the wedges, with spaces between)."""

    name: str
    values: tuple[float, ...]
    color: str
    errors: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a figure shows.

    Attributes:
        upside_down: An axis falls from left to right or rises from top to bottom.
        look: Styles of grounds, frames, grid, marks and type (`chart_witness`), colours of marks left out.
    """

    kind: str
    title: str
    x_label: str
    y_label: str
    categories: tuple[str, ...]
    x: tuple[float, ...]
    rows: tuple[Row, ...]
    log: bool
    grid: bool
    value_labels: bool
    upside_down: bool = False
    look: tuple[str, ...] = ()


def read_drawn(drawn: Drawn) -> Reading:
    """Read what a program drew, after its report has been held against the picture.

    Raises:
        DataError: `unproved_reading`, the report is of another picture; `unread_chart`, there is no chart of a known kind in it.
    """
    look = witnessed(drawn)
    try:
        return replace(read_chart(drawn.figure), look=look)
    except (KeyError, TypeError, ValueError, IndexError, ZeroDivisionError) as error:
        raise DataError("unread_chart", f"what the program says of its figure is no report: {error!r}") from error


def read_chart(figure: dict[str, Any]) -> Reading:
    """Read a figure.

    Raises:
        DataError: `unread_chart`, there is no chart of a known kind in it.
    """
    plots = [axes for axes in figure["axes"] if not axes["colorbar"]]
    if len(plots) != 1:
        raise DataError("unread_chart", f"the figure has {len(plots)} plots; one is wanted")
    (axes,) = plots
    for reads in (_pie, _heatmap, _steps, _areas, _errorbars, _bars, _lollipop, _points, _boxes, _lines):
        if (reading := reads(axes)) is not None:
            flipped = any(one > other for one, other in (axes["x"]["limits"], axes["y"]["limits"]))
            return replace(reading, upside_down=flipped and reading.kind != "heatmap")
    raise DataError("unread_chart", "no bars, lines, points, areas, wedges or image in the plot")


def same(one: Reading, other: Reading) -> bool:
    """Whether two readings are the same chart, numbers by `TOLERANCE`."""
    if not close_all(one.x, other.x) or len(one.rows) != len(other.rows):
        return False
    if replace(one, x=(), rows=()) != replace(other, x=(), rows=()):
        return False
    tolerance = PIE_TOLERANCE if one.kind == "pie" else TOLERANCE
    return all(
        (a.name, a.color) == (b.name, b.color) and close_all(a.values, b.values, tolerance) and close_all(a.errors, b.errors)
        for a, b in zip(one.rows, other.rows, strict=True)
    )


def close_all(one: Sequence[float], other: Sequence[float], tolerance: float = TOLERANCE) -> bool:
    """Whether two lists of numbers are equal, but for rounding."""
    return len(one) == len(other) and all(abs(a - b) <= tolerance * max(1.0, abs(a), abs(b)) for a, b in zip(one, other, strict=True))


def _reading(axes: dict[str, Any], kind: str, rows: Sequence[Row], *, categories: Sequence[str] = (), x: Sequence[float] = ()) -> Reading:
    """What all kinds have in common. A single series is nameless: its name is on the axis."""
    across, along = ("x", "y") if kind == "barh" else ("y", "x")
    if kind not in ("pie", "heatmap") and names_rows(axes[across]):
        raise DataError("unread_chart", f"the axis of values of a {kind} chart has no numbers beside it")
    named = rows if len(rows) > 1 else [replace(row, name="") for row in rows]
    return Reading(
        kind=kind,
        title=axes["title"],
        x_label=axes["x"]["label"],
        y_label=axes["y"]["label"],
        categories=tuple(categories),
        x=tuple(x),
        rows=tuple(named),
        log=axes[across]["scale"] == "log",
        grid=axes[across]["grid"] or axes[along]["grid"],
        value_labels=bool(axes["texts"]),
    )


def _names(axes: dict[str, Any], kind: str, count: int) -> list[str]:
    """Names of series as the legend shows them; those of one are on the axis."""
    legend: list[str] = axes["legend"]
    if count > 1 and len(legend) != count:
        raise DataError("unread_chart", f"a {kind} chart of {count} series has a legend of {len(legend)}")
    return legend if count > 1 else [""]


def _ticks(axes: dict[str, Any], axis: str, places: Sequence[float]) -> list[str]:
    """The tick label at each place."""
    found = {round(place, 6): text for place, text in axes[axis]["ticks"]}
    labels = [found.get(round(place, 6)) for place in places]
    if None in labels:
        raise DataError("unread_chart", f"there is no {axis} tick label at {places[labels.index(None)]}")
    return [str(label) for label in labels]


def _pie(axes: dict[str, Any]) -> Reading | None:
    wedges = axes["wedges"]
    if not wedges:
        return None
    shares = tuple((wedge["to"] - wedge["from"]) / 360 for wedge in wedges)
    row = Row("", shares, " ".join(wedge["color"] for wedge in wedges))
    told = [text["text"] for text in axes["texts"] if text["text"].endswith("%")]
    if told != [f"{100 * share:.1f}%" for share in shares]:
        raise DataError("unread_chart", f"wedges of {[round(share, 4) for share in shares]} say {told}")
    return _reading(axes, "pie", [row], categories=[wedge["label"] for wedge in wedges])


def _heatmap(axes: dict[str, Any]) -> Reading | None:
    if len(axes["images"]) != 1 or not axes["images"][0]["values"]:
        return None
    values, colormap = axes["images"][0]["values"], axes["images"][0]["colormap"]
    names = _ticks(axes, "y", range(len(values)))
    categories = _ticks(axes, "x", range(len(values[0])))
    cells = {(text["x"], text["y"]): text["text"] for text in axes["texts"]}
    for i, line in enumerate(values):
        for j, value in enumerate(line):
            if cells and cells.get((j, i)) != f"{value:g}":
                raise DataError("unread_chart", f"the cell ({i}, {j}) holds {value:g} and says {cells.get((j, i))!r}")
    rows = [Row(name, tuple(line), colormap) for name, line in zip(names, values, strict=True)]
    return _reading(axes, "heatmap", rows, categories=categories)


def _steps(axes: dict[str, Any]) -> Reading | None:
    if len(axes["steps"]) != 1:
        return None
    (step,) = axes["steps"]
    return _reading(axes, "histogram", [Row("", tuple(step["values"]), step["color"])], x=step["edges"])


def _areas(axes: dict[str, Any]) -> Reading | None:
    areas = axes["areas"]
    if not areas:
        return None
    rows = []
    for name, area in zip(_names(axes, "area", len(areas)), areas, strict=True):
        rows.append(Row(name, tuple(high - low for _, low, high in area["edges"]), area["color"]))
    return _reading(axes, "area", rows, x=[x for x, _, _ in areas[0]["edges"]])


def _errorbars(axes: dict[str, Any]) -> Reading | None:
    bars = axes["errors"]
    if not bars:
        return None
    names = _names(axes, "errorbar", len(bars))
    rows = [
        Row(name, tuple(bar["line"]["y"]), bar["line"]["color"], _halves(bar)) for name, bar in zip(names, bars, strict=True) if bar["line"]
    ]
    return _reading(axes, "errorbar", rows, x=bars[0]["line"]["x"])


def _halves(bar: dict[str, Any]) -> tuple[float, ...]:
    """Half lengths of error bars, whose middles must be their marks."""
    segments, line = bar["segments"], bar["line"]
    if not close_all([(one[1] + one[3]) / 2 for one in segments], line["y"]) or not close_all([one[0] for one in segments], line["x"]):
        raise DataError("unread_chart", "error bars are not about their marks")
    return tuple((one[3] - one[1]) / 2 for one in segments)


def _bars(axes: dict[str, Any]) -> Reading | None:
    groups = axes["bars"]
    if not groups:
        return None
    lying = groups[0]["orientation"] == "horizontal"
    start, size, base, length = (1, 3, 0, 2) if lying else (0, 2, 1, 3)  # of x, y, width, height
    first = [box[start] + box[size] / 2 for box in groups[0]["boxes"]]
    if not lying and len(groups) == 1 and _touch(groups[0]["boxes"]) and not _has_names(axes, first):
        boxes = groups[0]["boxes"]
        row = Row("", tuple(box[3] for box in boxes), groups[0]["color"])
        return _reading(axes, "histogram", [row], x=[boxes[0][0], *(box[0] + box[2] for box in boxes)])
    names = _names(axes, "bar", len(groups))
    rows = [Row(name, tuple(box[length] for box in group["boxes"]), group["color"]) for name, group in zip(names, groups, strict=True)]
    if len(groups) == 1:
        _check_labels(axes, rows[0].values)
        return _reading(axes, "barh" if lying else "bar", rows, categories=_ticks(axes, "y" if lying else "x", first))
    stacked = all(abs(box[start] - other[start]) < TOLERANCE for box, other in zip(groups[0]["boxes"], groups[1]["boxes"], strict=True))
    if stacked:
        _check_stack([[(box[base], box[length]) for box in group["boxes"]] for group in groups])
        return _reading(axes, "stacked", rows, categories=_ticks(axes, "x", first))
    middles = [
        (min(box[start] for box in boxes) + max(box[start] + box[size] for box in boxes)) / 2
        for boxes in zip(*(group["boxes"] for group in groups), strict=True)
    ]
    return _reading(axes, "grouped", rows, categories=_ticks(axes, "x", middles))


def _check_labels(axes: dict[str, Any], values: Sequence[float]) -> None:
    """Numbers beside bars must be theirs."""
    told = [text["text"] for text in axes["texts"]]
    if told and told != [f"{value:g}" for value in values]:
        raise DataError("unread_chart", f"bars of {list(values)[:3]} say {told[:3]}")


def _check_stack(groups: list[list[tuple[float, float]]]) -> None:
    """Each bar must stand on the one below."""
    for below, above in itertools.pairwise(groups):
        for (base, height), (start, _) in zip(below, above, strict=True):
            if abs(base + height - start) > TOLERANCE * max(1.0, abs(start)):
                raise DataError("unread_chart", f"a bar of a stack stands at {start}, not at {base + height}")


def _touch(boxes: list[list[float]]) -> bool:
    return len(boxes) > 1 and all(abs(one[0] + one[2] - other[0]) < 1e-6 * one[2] for one, other in itertools.pairwise(boxes))


def _has_names(axes: dict[str, Any], places: Sequence[float]) -> bool:
    found = {round(place, 6) for place, _ in axes["x"]["ticks"]}
    return all(round(place, 6) in found for place in places)


def _lollipop(axes: dict[str, Any]) -> Reading | None:
    if len(axes["stems"]) != 1 or len(axes["lines"]) != 1:
        return None
    segments, (line,) = axes["stems"][0]["segments"], axes["lines"]
    tops = [max((segment[1], segment[3]), key=abs) for segment in segments]
    if line["style"] not in ("None", "") or not close_all(tops, line["y"]):
        raise DataError("unread_chart", "stems and their heads do not meet")
    row = Row("", tuple(line["y"]), line["color"])
    return _reading(axes, "lollipop", [row], categories=_ticks(axes, "x", [segment[0] for segment in segments]))


def _points(axes: dict[str, Any]) -> Reading | None:
    clouds = axes["points"]
    if not clouds:
        return None
    rows = [Row(name, tuple(one["y"]), one["color"]) for name, one in zip(_names(axes, "scatter", len(clouds)), clouds, strict=True)]
    return _reading(axes, "scatter", rows, x=clouds[0]["x"])


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
    return _reading(axes, "box", rows, categories=_ticks(axes, "x", places))


def _lines(axes: dict[str, Any]) -> Reading | None:
    lines = axes["lines"]
    if not lines:
        return None
    kind = "step" if lines[0]["drawn"].startswith("steps") else "line"
    names = _names(axes, kind, len(lines))
    rows = [Row(name, tuple(line["y"]), line["color"]) for name, line in zip(names, lines, strict=True)]
    return _reading(axes, kind, rows, x=lines[0]["x"])
