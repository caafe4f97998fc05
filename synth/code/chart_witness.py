"""Holds what a program says of its artists against what it drew: every mark it names must be in the picture, and none that it does not.

The program's word are axes with limits, ticks, words and marks in data coordinates (`chart_probe`). The picture's are shapes and texts in
pixels (`chart_drawing`, `chart_run`). A linear or logarithmic axis between its limits leads from one to the other, and the numbers beside
the ticks, which are texts in the picture, say whether the limits are the true ones.
"""

import base64
import datetime
import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps

from schemas.errors import DataError
from synth.code.chart_drawing import Mark, Points, marks_of
from synth.code.chart_run import Drawn, Text
from synth.code.chart_seen import check_order, check_seen, check_within

NEAR_PX = 0.05
"""A corner lies where it is said to: the numbers of a report have ten digits (chosen)."""
BORDER_PX = 1.6
"""Ticks, grid lines and spines begin within this of the plot's border (chosen: a spine's line is as wide)."""
TICK_PX = 8.0
"""The label of a tick lies within this of its place along the axis (chosen: half a line of type, and its pad)."""
MOST_MARKS, MOST_TEXTS = 1000, 500
"""Pictures of more are not read (chosen: five times what ours have), as each mark is held against each."""
NUMBER = re.compile(r"^-?\d+(?:\.\d+)?(?:e-?\d+)?$")
POWER = re.compile(r"^\$\\mathdefault\{(-?)(?:(\d+(?:\.\d+)?)\\times)?10\^\{(-?\d+)\}\}\$$")


@dataclass(frozen=True, slots=True)
class Plot:
    """One axes of the report, and where it lies."""

    told: dict[str, Any]
    box: tuple[float, float, float, float]

    def place(self, points: Any) -> Points:
        """From data to pixels, (n, 2)."""
        pairs = np.array(points, float).reshape(-1, 2)
        left, bottom, right, top = self.box
        across = _share(pairs[:, 0], self.told["x"]) * (right - left) + left
        return np.stack([across, _share(pairs[:, 1], self.told["y"]) * (top - bottom) + bottom], axis=1)


def _share(values: Any, axis: dict[str, Any]) -> Any:
    (low, high), scale = axis["limits"], axis["scale"]
    if scale == "log":
        with np.errstate(divide="ignore", invalid="ignore"):
            values, low, high = np.log10(values), np.log10(low), np.log10(high)
        if not np.isfinite([low, high]).all():
            raise DataError("unread_chart", f"a logarithmic axis from {axis['limits'][0]} to {axis['limits'][1]}")
    elif scale != "linear":
        raise DataError("unread_chart", f"an axis is {scale}")
    if not high - low:
        raise DataError("unread_chart", "an axis has no length")
    return (values - low) / (high - low)


def witnessed(drawn: Drawn, *, clear: bool = True) -> tuple[str, ...]:
    """The styles of all that was drawn, in order, after it has been shown that the report names each mark and word, and no other.

    Args:
        drawn: What a program drew.
        clear: Whether every mark must lie within the axes' limits and be seen, as in a sample; a chart that is scored may lack that.

    Raises:
        DataError: `unproved_reading`, the report is not of this picture; `unread_chart`, what is drawn cannot be understood; `unseen_mark`.
    """
    try:
        marks = marks_of(drawn.drawing)
        if len(marks) > MOST_MARKS or len(drawn.texts) > MOST_TEXTS:
            raise DataError("unread_chart", f"{len(marks)} marks and {len(drawn.texts)} texts are more than are looked at")
        plots = [Plot(axes, tuple(axes["box_px"])) for axes in drawn.figure["axes"]]
        _words(drawn, plots)
        for plot in plots:
            _ticks(plot, drawn)
            _images(plot, drawn.drawing)
            for told, color in itertools.islice(_told_marks(plot), MOST_MARKS + 1):  # of which one more than drawn is refused
                mark = _find(marks, told, color)
                if clear and mark is not None:
                    check_within(told, mark, plot.box, color)
            for bars in plot.told["errors"]:
                for point in plot.place(bars["caps"]):  # which some styles give no width
                    _find(marks, point, bars["cap_color"], missing=True)
            _sizes(plot, marks)
        height = drawn.drawing["height"]
        styles = [_explained(mark, plots, drawn.drawing["width"], height) for mark in marks]
        check_order(marks, styles)
        if clear:
            check_seen(drawn, marks)
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise DataError("unproved_reading", f"what the program says of its figure is no report: {error!r}") from error
    return tuple(sorted({style for style in styles if style} | _typefaces(drawn)))


def _refuse(what: str) -> DataError:
    return DataError("unproved_reading", what)


def _words(drawn: Drawn, plots: Sequence[Plot]) -> None:
    """Every word drawn is told, and every word told is drawn."""
    told: list[str] = list(drawn.figure["texts"])
    for plot in plots:
        axes = plot.told
        told += [axes["title"], *axes["legend"], axes["legend_title"], *(text["text"] for text in axes["texts"])]
        for axis in (axes["x"], axes["y"]):
            told += [axis["label"], axis["offset"], *(text for _, text in axis["ticks"])] if axis["shown"] else []
    lines = Counter(line.strip() for text in told for line in text.split("\n") if line.strip())
    seen = Counter(text.text.strip() for text in drawn.texts)
    if lines != seen:
        raise _refuse(f"told and not drawn: {list(lines - seen)[:3]}; drawn and not told: {list(seen - lines)[:3]}")


def _ticks(plot: Plot, drawn: Drawn) -> None:
    """Labels stand at their ticks; where they are numbers, these are the places."""
    height = drawn.drawing["height"]
    for across, axis in ((True, plot.told["x"]), (False, plot.told["y"])):
        if not axis["shown"]:
            continue
        low, high = axis["limits"]
        for at, text in axis["ticks"]:
            x, y = plot.place([(at, plot.told["y"]["limits"][0]) if across else (plot.told["x"]["limits"][0], at)])[0]
            if not any(_stands_at(one, x, height - y, across) for one in drawn.texts if one.text == text.partition("\n")[0].strip()):
                raise _refuse(f"the tick label {text!r} is not at {at}")
        numbers = [(at, number) for at, text in axis["ticks"] if (number := number_of(text)) is not None]
        dates = [(at, date_of(text)) for at, text in axis["ticks"]]
        if not _is_counted([at for at, _ in dates]) and any(date is not None and date != at for at, date in dates):
            raise _refuse(f"the dates beside the ticks are others than their places: {axis['ticks'][:3]}")
        if names_rows(axis):
            continue
        power = number_of(axis["offset"]) or 1.0
        step = min((abs(a - b) for (a, _), (b, _) in itertools.pairwise(numbers)), default=abs(high - low))
        if any(abs(at - number * power) > 0.02 * step for at, number in numbers):
            raise _refuse(f"the numbers beside the ticks are others than their places: {numbers[:3]}")


def names_rows(axis: dict[str, Any]) -> bool:
    """Whether an axis names rows and does not count: its ticks are at 0, 1, 2 … or their labels are no numbers."""
    numbers = [number_of(text) for _, text in axis["ticks"]]
    if None in numbers or not numbers:
        return True
    places = [at for at, _ in axis["ticks"]]
    return places != numbers and _is_counted(places)


def counts_days(axis: dict[str, Any]) -> bool:
    """Whether an axis is one of dates: its labels are, and not those of rows at 0, 1, 2 …"""
    labels = [date_of(text) for _, text in axis["ticks"]]
    return bool(labels) and None not in labels and not _is_counted([at for at, _ in axis["ticks"]])


def _is_counted(places: Sequence[float]) -> bool:
    return list(places) == list(range(len(places)))


def date_of(text: str) -> float | None:
    """Days since 1970 of a date or a month; None if it is none.

    >>> date_of("1970-01-02"), date_of("1970-02"), date_of("May")
    (1.0, 31.0, None)
    """
    try:
        day = datetime.date.fromisoformat(text if len(text) != len("1970-01") else f"{text}-01")
    except ValueError:
        return None
    return float((day - datetime.date(1970, 1, 1)).days) if text[4:5] == "-" else None


def number_of(text: str) -> float | None:
    r"""The number that a label says, with thousands' commas, a per cent sign, or as a power of ten; None if it is no number.

    >>> number_of("−1,200"), number_of(r"$\mathdefault{10^{-2}}$"), number_of("May")
    (-1200.0, 0.01, None)
    """
    plain = text.strip().replace("\u2212", "-")
    if found := POWER.match(plain):
        return float(f"{found[1]}{found[2] or 1}e{found[3]}")
    plain = plain.replace(",", "").removesuffix("%")
    return float(plain) if NUMBER.match(plain) else None


def _stands_at(text: Text, x: float, y: float, across: bool) -> bool:
    """Whether a label reaches the place along its axis; those turned end there."""
    low, high, at = (text.left, text.right, x) if across else (text.top, text.bottom, y)
    return bool(low - TICK_PX <= at <= high + TICK_PX)


def _told_marks(plot: Plot) -> Iterator[tuple[Points, str]]:
    """Corners that a mark must have, in pixels, and its colour: of an area or an outline some of its corners."""
    axes = plot.told
    for bars in axes["bars"]:
        for (x, y, width, height), color in zip(bars["boxes"], bars["colors"], strict=True):
            yield plot.place([(x, y), (x + width, y), (x + width, y + height), (x, y + height)]), color
    for one in (*axes["lines"], *(bars["line"] for bars in axes["errors"] if bars["line"])):
        points = plot.place(list(zip(*_stepped(one), strict=True)))
        if one["style"] not in ("None", "", " "):
            yield points, one["color"]
        if one["marker"] not in ("None", "", " "):
            yield from ((point, one["marker_color"]) for point in points)
    left, right = axes["x"]["limits"]
    yield from (
        (plot.place([(left, value), (right, value)]), color)
        for value, color in zip(axes["references"], axes["reference_colors"], strict=True)
    )
    for cloud in axes["points"]:
        for x, y, color in zip(cloud["x"], cloud["y"], cloud["colors"], strict=True):
            yield plot.place([(x, y)])[0], color
    for area in axes["areas"]:
        yield plot.place(area["corners"]), area["color"]
    for lines in (*axes["stems"], *axes["errors"]):
        for segment, color in zip(lines["segments"], lines["colors"], strict=True):
            yield plot.place(segment), color
    for step in axes["steps"]:
        values, edges = step["values"], step["edges"]
        corners = [(edges[0], step["base"]), (edges[-1], step["base"])] if step["filled"] else []
        corners += [(edge, value) for place, value in enumerate(values) for edge in edges[place : place + 2]]
        yield plot.place(corners), step["color"]
    for wedge in axes["wedges"]:
        (x, y), radius = wedge["center"], wedge["radius"]
        angles = np.radians([wedge["from"], wedge["to"]])
        yield plot.place(np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], axis=1)), wedge["color"]


def _stepped(line: dict[str, Any]) -> tuple[list[float], list[float]]:
    """Corners of a line, with those of its steps."""
    x, y, drawn = line["x"], line["y"], line["drawn"]
    if not drawn.startswith("steps"):
        return x, y
    if drawn == "steps-mid":
        middles = [(a + b) / 2 for a, b in itertools.pairwise(x)]
        return [x[0], *(at for at in middles for _ in range(2)), x[-1]], [value for value in y for _ in range(2)]
    ends = ([at for at in x for _ in range(2)], [value for value in y for _ in range(2)])
    return (ends[0][1:], ends[1][:-1]) if drawn == "steps-post" else (ends[0][:-1], ends[1][1:])


def _find(marks: Sequence[Mark], told: Points, color: str, *, missing: bool = False) -> Mark | None:
    """Give the mark with these corners its role; one point is a marker's place. It must be there unless it may be missing."""
    if told.ndim == 2:
        told = told[np.isfinite(told).all(axis=1)]  # on a logarithmic axis bars begin at no place
    for mark in marks:
        if mark.role or color not in (mark.fill, mark.edge):
            continue
        if told.ndim == 1:
            if mark.anchor is not None and abs(told[0] - mark.anchor[0]) < NEAR_PX and abs(told[1] - mark.anchor[1]) < NEAR_PX:
                break
        elif mark.anchor is None and (np.abs(mark.points[None] - told[:, None]).max(axis=2).min(axis=1) < NEAR_PX).all():
            break
    else:
        if missing:
            return None
        raise _refuse(f"a mark in {color} at {told.round(1).ravel().tolist()[:8]} px was told and not drawn")
    other = mark.edge if mark.fill else ""
    mark.role = f"mark edge {other if other != mark.fill else ''} {mark.style} {'filled' if mark.fill else ''} {mark.shape}"
    return mark


def _sizes(plot: Plot, marks: Sequence[Mark]) -> None:
    """Areas of markers are in the proportion of the sizes told."""
    for cloud in plot.told["points"]:
        found = [(mark.anchor, mark) for mark in marks if mark.anchor is not None and mark.role and mark.fill in cloud["colors"]]
        sizes, wide = itertools.cycle(cloud["sizes"]), []
        for x, y in plot.place(np.stack([cloud["x"], cloud["y"]], axis=1)):
            near = [mark for (at_x, at_y), mark in found if abs(at_x - x) < NEAR_PX and abs(at_y - y) < NEAR_PX]
            wide.append(max(mark.high[0] - mark.low[0] for mark in near) / max(next(sizes), 1e-9) ** 0.5)
        if wide and max(wide) > 1.01 * min(wide):
            raise _refuse("the sizes of markers are others than told")


def _images(plot: Plot, drawing: dict[str, Any]) -> None:
    """An image's cells have the colours that its values have on its colour map."""
    shown = [call for call in drawing["calls"] if call["op"] == "image"]
    for image in plot.told["images"]:
        if len(shown) != 1 or not image["values"]:
            raise DataError("unread_chart", "one image of numbers is wanted")
        check_cells(image, shown[0], plot, drawing["height"])


def check_cells(image: dict[str, Any], call: dict[str, Any], plot: Plot, height: float) -> None:
    """Each cell's middle has the colour of its value."""
    pixels = np.frombuffer(zlib.decompress(base64.b64decode(call["pixels"])), np.uint8).reshape(call["shape"])
    low, high = image["range"]
    values = np.array(image["values"], float)
    wanted = colormaps[image["colormap"]]((values - low) / (high - low), bytes=True)
    rows, columns = values.shape
    middles = plot.place([(column, row) for row in range(rows) for column in range(columns)])
    for (x, y), color in zip(middles, wanted.reshape(-1, 4), strict=True):
        seen = pixels[int(y - call["y"]), int(x - call["x"])]
        if np.abs(seen[:3].astype(int) - color[:3]).max() > 2:
            raise _refuse(f"a cell of the image at {x:.0f}, {y:.0f} px has another colour than its value")


def _explained(mark: Mark, plots: Sequence[Plot], width: float, height: float) -> str:
    """What a mark is, with its style; DataError if nobody named it and it is no part of a frame."""
    if mark.role:
        return mark.role
    if not mark.edge and len(mark.points) <= 2:  # the ends of error bars in styles that give markers no edge: a fill without area
        return ""
    if np.abs(mark.low).max() < BORDER_PX and np.abs(mark.high - (width, height)).max() < BORDER_PX:
        return f"ground {mark.fill}"
    for plot in plots:
        left, bottom, right, top = plot.box
        legend = plot.told["legend_px"]
        if legend and _within(mark, legend):
            frame = np.abs(mark.low - legend[:2]).max() < 2 * BORDER_PX and np.abs(mark.high - legend[2:]).max() < 2 * BORDER_PX
            return f"legend {mark.fill} {mark.edge} {mark.style}" if frame else ""
        if plot.told["colorbar"] and _within(mark, plot.box):
            return ""
        if np.abs(mark.low - (left, bottom)).max() < BORDER_PX and np.abs(mark.high - (right, top)).max() < BORDER_PX:
            return f"plot {mark.fill} {mark.edge}"
        at_side = [abs(a - b) < BORDER_PX for a, b in zip((*mark.low, *mark.high), plot.box, strict=True)]
        thin = (mark.high - mark.low) < BORDER_PX
        lies = mark.anchor or tuple(mark.low)
        if mark.anchor is not None and len(mark.points) == 2 and _on_border(lies, plot.box):
            return f"tick {mark.edge} {mark.style}"
        if mark.anchor is None and ((thin[0] and at_side[1] and at_side[3]) or (thin[1] and at_side[0] and at_side[2])):
            return f"{'spine' if _on_border(lies, plot.box) else 'grid'} {mark.edge} {mark.style}"
    raise DataError("unread_chart", f"a mark in {mark.fill or mark.edge} at {mark.points[0].round(1).tolist()} px is named by nobody")


def _within(mark: Mark, box: Sequence[float]) -> bool:
    return bool((mark.low > np.array(box[:2]) - 2 * BORDER_PX).all() and (mark.high < np.array(box[2:]) + 2 * BORDER_PX).all())


def _on_border(point: tuple[float, ...], box: Sequence[float]) -> bool:
    x, y = point
    return min(abs(x - box[0]), abs(x - box[2]), abs(y - box[1]), abs(y - box[3])) < BORDER_PX


def _typefaces(drawn: Drawn) -> set[str]:
    """Fonts, sizes and colours of the words."""
    found = set()
    for call in drawn.drawing["calls"]:
        if call["op"] == "text" and call["text"].strip():
            font = call["font"]
            color = [round(value, 3) for value in call["gc"]["_rgb"]]
            found.add(f"type {font['family']} {font['weight']} {font['style']} {font['size']} {color}")
    return found
