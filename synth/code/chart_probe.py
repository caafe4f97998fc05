"""Reads a drawn figure back from matplotlib's artists, as JSON. Its text is run inside the sandbox, after the chart's own program.

Nothing is read from the program's source: heights come from rectangles, points from lines and collections, words from text artists. What is
told is neutral: artists with their numbers, no kinds of charts. Standard library and matplotlib only.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch, Wedge
from matplotlib.text import Annotation, Text
from matplotlib.transforms import BboxBase

OUTSIDE_PX = 1.0
"""Text may stand out of the picture by this much: its box has a margin that its ink has not (chosen)."""
OVERLAP_PX = 1.0
"""Texts may share this much in both directions (chosen)."""


def describe(figure: Figure) -> dict[str, Any]:
    """The figure as drawn: its axes with marks and words, and which texts are cut off or lie on one another."""
    boxes = [(text, text.get_window_extent()) for text in _drawn_texts(figure)]
    return {
        "axes": [_axes(axes) for axes in figure.axes],
        "outside": [text.get_text() for text, box in boxes if _leaves(box, figure.bbox)],
        "overlapping": _overlapping(boxes),
        "size_px": [round(figure.bbox.width), round(figure.bbox.height)],
    }


def _axes(axes: Axes) -> dict[str, Any]:
    legend = axes.get_legend()
    contained = {id(artist) for container in axes.containers for artist in _flat(container)}
    lines = [line for line in axes.lines if id(line) not in contained]
    return {
        "title": axes.get_title(),
        "x": _axis(axes.xaxis, axes.get_xlim()),
        "y": _axis(axes.yaxis, axes.get_ylim()),
        "legend": [text.get_text() for text in legend.get_texts()] if legend else [],
        "bars": [_bars(container) for container in axes.containers if isinstance(container, BarContainer)],
        "errors": [_errorbar(container) for container in axes.containers if isinstance(container, ErrorbarContainer)],
        "lines": [_line(line) for line in lines],
        "points": [_points(item) for item in axes.collections if isinstance(item, PathCollection)],
        "areas": [_area(item) for item in axes.collections if isinstance(item, PolyCollection)],
        "stems": [_stems(item) for item in axes.collections if isinstance(item, LineCollection) and id(item) not in contained],
        "steps": [_steps(patch) for patch in axes.patches if isinstance(patch, StepPatch)],
        "wedges": [_wedge(patch) for patch in axes.patches if isinstance(patch, Wedge)],
        "images": [_image(image) for image in axes.images],
        "texts": [_text(text) for text in axes.texts if text.get_text()],
        "colorbar": axes.get_label() == "<colorbar>",
    }


def _flat(container: Any) -> list[Any]:
    """The artists of a container, those in its tuples too."""
    return [artist for item in container if item is not None for artist in (item if isinstance(item, tuple) else (item,))]


def _axis(axis: Axis, limits: tuple[float, float]) -> dict[str, Any]:
    low, high = sorted(limits)
    ticks = [
        [_number(tick.get_loc()), tick.label1.get_text()]
        for tick in axis.get_major_ticks()
        if low <= tick.get_loc() <= high and tick.label1.get_text()
    ]
    grid = any(line.get_visible() for line in axis.get_gridlines())
    return {
        "label": axis.get_label().get_text(),
        "scale": axis.get_scale(),
        "limits": [_number(value) for value in limits],
        "ticks": ticks,
        "grid": bool(grid),
        "shown": axis.axes.axison,
    }


def _bars(container: BarContainer) -> dict[str, Any]:
    return {
        "label": container.get_label(),
        "orientation": container.orientation,
        "boxes": [[_number(value) for value in (bar.get_x(), bar.get_y(), bar.get_width(), bar.get_height())] for bar in container],
        "color": _color(container[0].get_facecolor()) if len(container) else "",
    }


def _errorbar(container: ErrorbarContainer) -> dict[str, Any]:
    line, _, bars = container
    halves = [[_number((segment[1][1] - segment[0][1]) / 2) for segment in bar.get_segments()] for bar in bars]
    return {"label": container.get_label(), "line": _line(line), "halves": halves}


def _line(line: Line2D) -> dict[str, Any]:
    return {
        "label": line.get_label(),
        "x": _numbers(line.get_xdata(orig=False)),
        "y": _numbers(line.get_ydata(orig=False)),
        "color": _color(line.get_color()),
        "style": line.get_linestyle(),
        "drawn": line.get_drawstyle(),
        "marker": str(line.get_marker()),
    }


def _points(item: PathCollection) -> dict[str, Any]:
    offsets = np.asarray(item.get_offsets())
    color = _color(item.get_facecolor()[0]) if len(item.get_facecolor()) else ""
    return {"label": item.get_label(), "x": _numbers(offsets[:, 0]), "y": _numbers(offsets[:, 1]), "color": color}


def _area(item: PolyCollection) -> dict[str, Any]:
    """Lower and upper edge at each x, from the outline."""
    corners = np.asarray(item.get_paths()[0].vertices)
    heights: dict[float, list[float]] = {}
    for x, y in corners:
        heights.setdefault(_number(x), []).append(_number(y))
    return {
        "label": item.get_label(),
        "edges": [[x, min(heights[x]), max(heights[x])] for x in sorted(heights)],
        "color": _color(item.get_facecolor()[0]),
    }


def _stems(item: LineCollection) -> dict[str, Any]:
    return {
        "label": item.get_label(),
        "segments": [[_number(value) for value in np.asarray(segment).ravel()] for segment in item.get_segments()],
        "color": _color(item.get_color()[0]) if len(item.get_color()) else "",
    }


def _steps(patch: StepPatch) -> dict[str, Any]:
    values, edges, _ = patch.get_data()
    return {"label": patch.get_label(), "values": _numbers(values), "edges": _numbers(edges), "color": _color(patch.get_facecolor())}


def _wedge(patch: Wedge) -> dict[str, Any]:
    return {"from": _number(patch.theta1), "to": _number(patch.theta2), "color": _color(patch.get_facecolor()), "label": patch.get_label()}


def _image(image: AxesImage) -> dict[str, Any]:
    array: Any = np.ma.filled(np.ma.asarray(image.get_array()), np.nan)
    return {"values": [_numbers(row) for row in array] if array.ndim == 2 else [], "colormap": image.get_cmap().name}


def _text(text: Text) -> dict[str, Any]:
    x, y = text.xy if isinstance(text, Annotation) else text.get_position()
    return {"text": text.get_text(), "x": _number(x), "y": _number(y)}


def _drawn_texts(figure: Figure) -> list[Text]:
    """Draw the figure and note which texts are: labels of ticks outside the limits, and of hidden axes, exist and are not."""
    drawn: list[Text] = []
    draw = Text.draw

    def note(text: Any, renderer: Any) -> None:
        if text.get_visible() and text.get_text().strip():
            drawn.append(text)
        draw(text, renderer)

    Text.draw = note  # type: ignore[method-assign, assignment]
    figure.canvas.draw()
    Text.draw = draw  # type: ignore[method-assign]
    return drawn


def _leaves(box: BboxBase, page: BboxBase) -> bool:
    return bool(
        box.x0 < page.x0 - OUTSIDE_PX or box.y0 < page.y0 - OUTSIDE_PX or box.x1 > page.x1 + OUTSIDE_PX or box.y1 > page.y1 + OUTSIDE_PX
    )


def _overlapping(boxes: Sequence[tuple[Text, BboxBase]]) -> list[list[str]]:
    """Pairs of texts on one another. Turned ones are left out: their boxes share much where their ink shares nothing."""
    straight = [(text.get_text(), box) for text, box in boxes if text.get_rotation() % 90 == 0]
    return [
        [one, other]
        for number, (one, a) in enumerate(straight)
        for other, b in straight[number + 1 :]
        if min(a.x1, b.x1) - max(a.x0, b.x0) > OVERLAP_PX and min(a.y1, b.y1) - max(a.y0, b.y0) > OVERLAP_PX
    ]


def _color(value: Any) -> str:
    """As `#rrggbb`."""
    return to_hex(value)


def _numbers(values: Any) -> list[float]:
    return [_number(value) for value in np.asarray(values, dtype=float).ravel()]


def _number(value: Any) -> float:
    """To 10 digits, so that the order of sums does not show."""
    return float(f"{float(value):.10g}")


def tell() -> None:
    """Write what was drawn beside it."""
    figures = [plt.figure(number) for number in plt.get_fignums()]
    Path("figures.json").write_text(json.dumps([describe(figure) for figure in figures]), encoding="utf-8")


if __name__ == "__main__":
    tell()
