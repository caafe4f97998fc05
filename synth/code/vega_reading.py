"""From Vega's scene graph to the chart that it shows: the verifier's eyes for the other engine.

Knows marks, axes and legends, not the specification. Numbers come from places: an axis's ticks with their labels give the way from points
to values. What is not understood is a `DataError` (`unread_chart`).
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from matplotlib.font_manager import findfont, get_font
from matplotlib.ft2font import FT2Font

from schemas.errors import DataError
from synth.code.chart_reading import Reading, Row
from synth.code.chart_run import pixels_of

NEAR_PT = 1e-3
"""Places in points that are the same (chosen: what is left of double precision is far less)."""
TURNED = 0.64
"""Share of the distance of two labels turned by 40 degrees that is between their lines: sin 40°."""
EDGE_PX = 4
"""Letters within this of the picture's edge are taken to be cut off (chosen: the margin of ours is 10 points wide)."""
NUMBER = re.compile(r"[-\u2212]?[0-9]+(?:\.[0-9]+)?(?:e[-+\u2212]?[0-9]+)?")


@dataclass(slots=True)
class Axis:
    """One axis: its title, (place, label) of its ticks, whether lines cross the plot at them."""

    title: str = ""
    places: list[float] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    grid: bool = False

    def value(self, place: float) -> float:
        """The number at a place, by the line through the outermost ticks, on which all must lie."""
        if len(self.places) < 2 or not all(NUMBER.fullmatch(label) for label in self.labels):
            raise DataError("unread_chart", f"an axis with {self.labels[:3]} beside it is none of numbers")
        numbers = [float(label.replace("\u2212", "-")) for label in self.labels]
        (first, last), (low, high) = (self.places[0], self.places[-1]), (numbers[0], numbers[-1])
        if abs(last - first) < NEAR_PT or low == high:
            raise DataError("unread_chart", "an axis has no length")
        slope = (high - low) / (last - first)
        if any(abs(low + (at - first) * slope - number) > abs(slope) * NEAR_PT for at, number in zip(self.places, numbers, strict=True)):
            raise DataError("unread_chart", "the ticks of an axis are not where its numbers say")
        return low + (place - first) * slope

    def name(self, place: float) -> int:
        """Number of the tick nearest to a place."""
        return min(range(len(self.places)), key=lambda tick: abs(self.places[tick] - place))


@dataclass(slots=True)
class Scene:
    """What a scene graph holds."""

    title: str = ""
    axes: dict[str, Axis] = field(default_factory=dict)
    legend: list[tuple[str, str]] = field(default_factory=list)
    marks: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)
    size: tuple[float, float] = (0.0, 0.0)


def read_vega(scene: dict[str, Any]) -> Reading:
    """Read a scene.

    Raises:
        DataError: `unread_chart`, there is no chart of a known kind in it.
    """
    try:
        (whole,) = scene["scenegraph"]["items"]
        found = _scene(whole)
        _refuse_outside(found)
        return _read(found)
    except (KeyError, TypeError, ValueError, IndexError, ZeroDivisionError, RecursionError) as error:
        raise DataError("unread_chart", f"the scene is no chart: {error!r}") from error


def check_edge(png: bytes) -> None:
    """Refuse a picture whose outermost pixels are not all white.

    Raises:
        DataError: `text_cut_off`, something reaches its edge.
    """
    pixels = pixels_of(png)
    inner = pixels[EDGE_PX:-EDGE_PX, EDGE_PX:-EDGE_PX]
    if int((pixels != 255).sum()) != int((inner != 255).sum()):
        raise DataError("text_cut_off", "words reach the picture's edge")


def _refuse_outside(scene: Scene) -> None:
    """Every mark lies within the plot, and can be seen."""
    wide, high = scene.size
    for _, items in scene.marks:
        for item in items:
            x, y = item["x"], item["y"]
            across = (x, item.get("x2", x), x + item.get("width", 0.0))
            along = (y, item.get("y2", y), y + item.get("height", 0.0))
            if min(*across, *along) < -1 or max(across) > wide + 1 or max(along) > high + 1:
                raise DataError("unread_chart", f"a mark at {x:.1f}, {y:.1f} lies outside of the plot")
            if any(item.get(name, 1) != 1 for name in ("opacity", "fillOpacity", "strokeOpacity")):
                raise DataError("unread_chart", "a mark can be seen through")


def _refuse_touching(along: str, items: Sequence[dict[str, Any]]) -> None:
    """Labels beside an axis do not lie on one another.

    Raises:
        DataError: `text_overlaps`.
    """
    for one, other in itertools.pairwise(sorted(items, key=lambda item: float(item[along]))):
        apart, height = abs(other[along] - one[along]), float(one.get("fontSize", 10))
        if along == "y":
            room = apart - height
        elif one.get("angle"):
            room = apart * TURNED - height
        else:
            room = apart - (_width(str(one["text"]), height) + _width(str(other["text"]), height)) / 2
        if room < 0:
            raise DataError("text_overlaps", f"{one['text']!r} and {other['text']!r} lie on one another")


def _width(text: str, size: float) -> float:
    """Of a line of type, in points."""
    font = _font()
    font.set_size(size, 72)
    font.set_text(text)
    return float(font.get_width_height()[0] / 64)


@cache
def _font() -> FT2Font:
    return get_font(findfont("DejaVu Sans"))


def _scene(root: dict[str, Any]) -> Scene:
    found = Scene(size=(root.get("width", 0.0), root.get("height", 0.0)))
    for mark in _marks(root):
        role, items = mark.get("role"), mark["items"]
        if role == "axis":
            _axis(found, items[0])
        elif role == "title":
            found.title = "".join(item["text"] for one in _marks(items[0]) if one["marktype"] == "text" for item in one["items"])
        elif role == "legend":
            found.legend += _legend(items[0])
        elif mark["marktype"] == "group":
            inner = [_scene(item) for item in items]
            found.marks += [one for scene in inner for one in scene.marks]
            if any(scene.title or scene.axes or scene.legend for scene in inner) and (found.title or found.axes or found.legend):
                raise DataError("unread_chart", "there are several charts in the picture")
            for scene in inner:
                found.size = scene.size if scene.marks else found.size
                found.title, found.axes, found.legend = scene.title or found.title, scene.axes or found.axes, scene.legend or found.legend
        elif role == "mark" and items:
            found.marks.append((mark["marktype"], items))
        elif items:
            raise DataError("unread_chart", f"a {mark['marktype']} in the picture is of no known part")
    return found


def _marks(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from item.get("items", ())


def _axis(found: Scene, group: dict[str, Any]) -> None:
    along = "x" if group["orient"] == "bottom" else "y"
    axis = found.axes.setdefault(along, Axis())
    for mark in _marks(group):
        items = mark["items"]
        match mark["role"]:
            case "axis-grid":
                axis.grid = axis.grid or bool(items)
            case "axis-label":
                shown = [item for item in items if item.get("opacity", 1) > 0]
                _refuse_touching(along, shown)
                axis.places += [item[along] for item in shown]
                axis.labels += [str(item["text"]) for item in shown]
            case "axis-title":
                axis.title = "".join(str(item["text"]) for item in items)
            case "axis-tick" | "axis-domain":
                pass
            case role:
                raise DataError("unread_chart", f"an axis holds a {role}")


def _legend(group: dict[str, Any]) -> list[tuple[str, str]]:
    """(name, colour) of the entries."""
    if group.get("marktype") == "text":
        raise DataError("unread_chart", "a legend has a title")
    entries: list[tuple[str, str]] = []
    for mark in _marks(group):
        if mark["role"] == "legend-symbol":
            colors = [item["stroke"] if item.get("fill", "transparent") == "transparent" else item["fill"] for item in mark["items"]]
            entries += [("", color) for color in colors]
        elif mark["role"] == "legend-label":
            names = [str(item["text"]) for item in mark["items"]]
            entries = [(name, color) for name, (_, color) in zip(names, entries, strict=True)]
        else:
            entries += [entry for item in mark["items"] for entry in _legend(item)]
    return entries


def _read(scene: Scene) -> Reading:
    if not scene.marks or len({sort for sort, _ in scene.marks}) != 1:
        raise DataError("unread_chart", f"the plot holds {[sort for sort, _ in scene.marks][:4]}")
    sort, items = scene.marks[0][0], [item for _, items in scene.marks for item in items]
    x, y = scene.axes["x"], scene.axes["y"]
    match sort:
        case "rect":
            lying = "x2" in items[0]
            kind, categories, rows = _bars(scene, items, y if lying else x, x if lying else y, lying=lying)
            numbers: tuple[float, ...] = ()
        case "line" | "symbol" | "area":
            kind, categories, numbers, rows = _points(scene, sort, items)
        case _:
            raise DataError("unread_chart", f"the plot holds a {sort}")
    named = rows if len(rows) > 1 else [Row("", rows[0].values, rows[0].color)]
    return Reading(
        kind=kind,
        title=scene.title,
        x_label=x.title,
        y_label=y.title,
        categories=tuple(categories),
        x=numbers,
        rows=tuple(named),
        log=False,
        grid=x.grid or y.grid,
        value_labels=False,
    )


def _color(item: dict[str, Any]) -> str:
    color: str = item["fill"] if item.get("fill", "transparent") != "transparent" else item["stroke"]
    return color


def _series(scene: Scene, items: list[dict[str, Any]]) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """(name, colour, marks) of each series: by the legend, or all of one colour without one."""
    colors = dict.fromkeys(_color(item) for item in items)
    entries = scene.legend or [("", color) for color in colors]
    if {color for _, color in entries} != colors.keys() or len(entries) != len(colors):
        raise DataError("unread_chart", f"marks of {sorted(colors)} stand beside a legend of {entries}")
    return [(name, color, [item for item in items if _color(item) == color]) for name, color in entries]


def _bars(scene: Scene, items: list[dict[str, Any]], names: Axis, values: Axis, *, lying: bool) -> tuple[str, list[str], list[Row]]:
    start, size, base, length = ("y", "height", "x", "width") if lying else ("x", "width", "y", "height")
    order = sorted(range(len(names.places)), key=lambda tick: -names.places[tick] if lying else names.places[tick])
    ends, stacked = dict.fromkeys(order, 0.0), False
    rows: list[Row] = []
    places: list[list[float]] = []
    for name, color, bars in _series(scene, items):
        by_tick = {names.name(bar[start] + bar[size] / 2): bar for bar in bars}
        if len(by_tick) != len(bars) or by_tick.keys() != set(order):
            raise DataError("unread_chart", f"{len(bars)} bars stand at {len(order)} names")
        tops = {tick: sorted(values.value(bar[base] + end) for end in (0, bar[length])) for tick, bar in by_tick.items()}
        stacked = stacked or any(abs(low - ends[tick]) < abs(high - low) * 1e-6 and ends[tick] > 0 for tick, (low, high) in tops.items())
        if not all(abs(low - (ends[tick] if stacked else 0)) < 1e-6 * max(abs(high), 1e-300) for tick, (low, high) in tops.items()):
            raise DataError("unread_chart", "a bar begins neither at 0 nor where the last ended")
        if stacked or not rows:
            ends = {tick: high for tick, (_, high) in tops.items()}
        rows.append(Row(name, tuple(tops[tick][1] - tops[tick][0] for tick in order), color))
        places.append([by_tick[tick][start] for tick in order])
    together = all(abs(a - b) < NEAR_PT for line in places[1:] for a, b in zip(line, places[0], strict=True))
    if len(rows) > 1 and together != stacked:
        raise DataError("unread_chart", "bars lie on one another")
    kind = "bar" if len(rows) == 1 else "stacked" if stacked else "grouped"
    lying_kinds = {"bar": "barh", "stacked": "barh_stacked", "grouped": "barh_grouped"}
    return lying_kinds[kind] if lying else kind, [names.labels[tick] for tick in order], rows


def _points(scene: Scene, sort: str, items: list[dict[str, Any]]) -> tuple[str, list[str], tuple[float, ...], list[Row]]:
    x, y = scene.axes["x"], scene.axes["y"]
    numeric = all(NUMBER.fullmatch(label) for label in x.labels)
    lying = sort == "symbol" and not all(NUMBER.fullmatch(label) for label in y.labels)
    names, values, along = (y, x, "y") if lying else (x, y, "x")
    across = "x" if lying else "y"
    rows: list[Row] = []
    axes: list[list[float]] = []
    ends: dict[int, float] = {}
    for name, color, points in _series(scene, items):
        ordered = sorted(points, key=lambda point: -point[along] if lying else point[along])
        axes.append([point[along] for point in ordered])
        tops = [values.value(point[across]) for point in ordered]
        if sort == "area":  # each lies on the one before, the first on 0
            bottoms = [values.value(point["y2"]) for point in ordered]
            wanted = ends or dict.fromkeys(range(len(bottoms)), 0.0)
            if any(abs(bottom - wanted[place]) > 1e-6 * max(tops) for place, bottom in enumerate(bottoms)):
                raise DataError("unread_chart", "an area does not lie on the one before")
            ends = dict(enumerate(tops))
            tops = [top - bottom for top, bottom in zip(tops, bottoms, strict=True)]
        rows.append(Row(name, tuple(tops), color))
    if any(len(line) != len(axes[0]) or any(abs(a - b) > NEAR_PT for a, b in zip(line, axes[0], strict=True)) for line in axes):
        raise DataError("unread_chart", "the points of two series have other places")
    steps = {item.get("interpolate", "linear") for item in items}
    if sort == "line" and steps == {"step"}:
        kind = "step"
    elif steps - {"linear"}:
        raise DataError("unread_chart", f"lines are drawn as {sorted(steps)}")
    else:
        kind = {"area": "area", "symbol": "dots" if lying else "scatter"}.get(sort, "line" if numeric else "profile")
    if kind in ("dots", "profile"):
        ticks = [names.name(place) for place in axes[0]]
        if sorted(ticks) != list(range(len(names.places))):
            raise DataError("unread_chart", f"{len(ticks)} points stand at {len(names.places)} names")
        return kind, [names.labels[tick] for tick in ticks], (), rows
    return kind, [], tuple(x.value(place) for place in axes[0]), rows
