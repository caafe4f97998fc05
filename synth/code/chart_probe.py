"""Reads a drawn figure back from matplotlib's artists, as JSON. Runs inside the sandbox, when the chart's own program saves it.

Nothing is read from the program's source: heights come from rectangles, points from lines and collections, words from text artists. What is
told is neutral: artists with their numbers, no kinds of charts. Standard library and matplotlib only.
"""

from typing import Any

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


def describe(figure: Figure) -> dict[str, Any]:
    """The figure as drawn: its axes with marks and words."""
    return {
        "axes": [_axes(axes) for axes in figure.axes],
        "texts": [text.get_text() for text in figure.texts],
        "size_px": [round(figure.bbox.width), round(figure.bbox.height)],
    }


def _axes(axes: Axes) -> dict[str, Any]:
    legend = axes.get_legend()
    contained = {id(artist) for container in axes.containers for artist in _flat(container)}
    crossing = [line for line in axes.lines if line.get_transform() == axes.get_yaxis_transform(which="grid")]
    lines = [line for line in axes.lines if id(line) not in contained and line not in crossing]
    corners = axes.bbox.extents
    frame = legend.get_window_extent().extents if legend else None
    return {
        "title": "\n".join(filter(None, (axes.get_title("left"), axes.get_title("center"), axes.get_title("right")))),
        "cell": _cell(axes),
        "box_px": _numbers(corners),
        "legend_px": _numbers(frame) if frame is not None else [],
        "x": _axis(axes.xaxis, axes.get_xlim()),
        "y": _axis(axes.yaxis, axes.get_ylim()),
        "legend": [text.get_text() for text in legend.get_texts()] if legend else [],
        "legend_title": legend.get_title().get_text() if legend else "",
        "bars": [_bars(container) for container in axes.containers if isinstance(container, BarContainer)],
        "errors": [_errorbar(container) for container in axes.containers if isinstance(container, ErrorbarContainer)],
        "lines": [_line(line) for line in lines],
        "references": [_numbers(line.get_ydata())[0] for line in crossing],
        "reference_colors": [_color(line.get_color()) for line in crossing],
        "points": [_points(item) for item in axes.collections if isinstance(item, PathCollection)],
        "areas": [_area(item) for item in axes.collections if isinstance(item, PolyCollection)],
        "stems": [_stems(item) for item in axes.collections if isinstance(item, LineCollection) and id(item) not in contained],
        "steps": [_steps(patch) for patch in axes.patches if isinstance(patch, StepPatch)],
        "wedges": [_wedge(patch) for patch in axes.patches if isinstance(patch, Wedge)],
        "images": [_image(image) for image in axes.images],
        "texts": [_text(text) for text in axes.texts if text.get_text()],
        "colorbar": axes.get_label() == "<colorbar>",
    }


def _cell(axes: Axes) -> list[int]:
    """Rows and columns of the grid of plots, and which of them this one takes; nothing where it is in none."""
    place = axes.get_subplotspec()
    if place is None:
        return []
    grid = place.get_gridspec()
    return [grid.nrows, grid.ncols, place.rowspan.start, place.rowspan.stop, place.colspan.start, place.colspan.stop]


def _flat(container: Any) -> list[Any]:
    """The artists of a container, those in its tuples too."""
    return [artist for item in container if item is not None for artist in (item if isinstance(item, tuple) else (item,))]


def _axis(axis: Axis, limits: tuple[float, float]) -> dict[str, Any]:
    low, high = sorted(limits)
    ticks = [
        [_number(tick.get_loc()), label.get_text()]
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
        for label in (tick.label1, tick.label2)
        if low <= tick.get_loc() <= high and label.get_text() and label.get_visible()
    ]
    grid = any(line.get_visible() for line in axis.get_gridlines())
    return {
        "offset": axis.get_offset_text().get_text(),
        "label": axis.get_label().get_text(),
        "scale": axis.get_scale(),
        "limits": [_number(value) for value in limits],
        "ticks": ticks,
        "grid": bool(grid),
        "shown": axis.axes.axison,
    }


def _bars(container: BarContainer) -> dict[str, Any]:
    colors = [_color(bar.get_facecolor()) for bar in container]
    return {
        "label": container.get_label(),
        "orientation": container.orientation,
        "boxes": [[_number(value) for value in (bar.get_x(), bar.get_y(), bar.get_width(), bar.get_height())] for bar in container],
        "color": colors[0] if len(set(colors)) == 1 else " ".join(colors),
        "colors": colors,
    }


def _errorbar(container: ErrorbarContainer) -> dict[str, Any]:
    line, caps, bars = container
    segments = [segment for bar in bars for segment in bar.get_segments()]
    return {
        "label": container.get_label(),
        "line": _line(line) if line is not None else None,
        "segments": [_numbers(segment) for segment in segments],
        "colors": [_color(bar.get_color()[0]) for bar in bars for _ in bar.get_segments()],
        "caps": [[_number(x), _number(y)] for cap in caps for x, y in cap.get_xydata()],
        "cap_color": _color(caps[0].get_markeredgecolor()) if caps else "",
    }


def _line(line: Line2D) -> dict[str, Any]:
    return {
        "label": line.get_label(),
        "x": _numbers(line.get_xdata(orig=False)),
        "y": _numbers(line.get_ydata(orig=False)),
        "color": _color(line.get_color()),
        "style": line.get_linestyle(),
        "drawn": line.get_drawstyle(),
        "marker": str(line.get_marker()),
        "marker_color": _color(line.get_markerfacecolor()),
    }


def _points(item: PathCollection) -> dict[str, Any]:
    offsets, faces = np.asarray(item.get_offsets()), item.get_facecolor()
    colors = [_color(faces[place % len(faces)]) for place in range(len(offsets))] if len(faces) else []
    return {
        "label": item.get_label(),
        "x": _numbers(offsets[:, 0]),
        "y": _numbers(offsets[:, 1]),
        "color": colors[0] if len(set(colors)) == 1 else " ".join(colors),
        "colors": colors,
        "sizes": _numbers(item.get_sizes()),
    }


def _area(item: PolyCollection) -> dict[str, Any]:
    """Corners of the outline, and lower and upper edge at each x."""
    corners = np.asarray(item.get_paths()[0].vertices)
    heights: dict[float, list[float]] = {}
    for x, y in corners:
        heights.setdefault(_number(x), []).append(_number(y))
    return {
        "label": item.get_label(),
        "corners": [_numbers(corner) for corner in corners],
        "edges": [[x, min(heights[x]), max(heights[x])] for x in sorted(heights)],
        "color": _color(item.get_facecolor()[0]),
    }


def _stems(item: LineCollection) -> dict[str, Any]:
    colors = [_color(color) for color in item.get_color()]
    segments = [_numbers(segment) for segment in item.get_segments()]
    return {
        "label": item.get_label(),
        "segments": segments,
        "color": colors[0] if len(set(colors)) == 1 else " ".join(colors),
        "colors": [colors[place % len(colors)] for place in range(len(segments))] if colors else [],
    }


def _steps(patch: StepPatch) -> dict[str, Any]:
    values, edges, base = patch.get_data()
    color = patch.get_facecolor() if patch.get_fill() else patch.get_edgecolor()
    told = {"label": patch.get_label(), "values": _numbers(values), "edges": _numbers(edges), "color": _color(color)}
    return {**told, "base": _number(base or 0), "filled": patch.get_fill()}


def _wedge(patch: Wedge) -> dict[str, Any]:
    return {
        "from": _number(patch.theta1),
        "to": _number(patch.theta2),
        "center": _numbers(patch.center),
        "radius": _number(patch.r),
        "width": _number(patch.width) if patch.width is not None else None,
        "color": _color(patch.get_facecolor()),
        "label": patch.get_label(),
    }


def _image(image: AxesImage) -> dict[str, Any]:
    array: Any = np.ma.filled(np.ma.asarray(image.get_array()), np.nan)
    return {
        "values": [_numbers(row) for row in array] if array.ndim == 2 else [],
        "colormap": image.get_cmap().name,
        "range": _numbers(image.get_clim()),
    }


def _text(text: Text) -> dict[str, Any]:
    x, y = text.xy if isinstance(text, Annotation) else text.get_position()
    axes: Any = text.axes
    return {"text": text.get_text(), "x": _number(axes.convert_xunits(x)), "y": _number(axes.convert_yunits(y))}


def _color(value: Any) -> str:
    """As `#rrggbb`."""
    return to_hex(value)


def _numbers(values: Any) -> list[float]:
    return [_number(value) for value in np.asarray(values, dtype=float).ravel()]


def _number(value: Any) -> float:
    """To 10 digits, so that the order of sums does not show."""
    return float(f"{float(value):.10g}")
