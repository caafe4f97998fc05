"""The canvas against a Matplotlib figure with the same artists: it calls Agg as they do."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray
from PIL import Image

from synth.render.chart_canvas import DASHES, DPI, Canvas

POINT = st.tuples(st.floats(0, 120), st.floats(0, 90))


class Reference:
    """The same surface made of a figure's artists."""

    def __init__(self, width_pt: float, height_pt: float, background: str) -> None:
        self.figure = Figure(figsize=(width_pt / 72, height_pt / 72), dpi=DPI, facecolor=background, edgecolor="none")
        self.points = Affine2D().scale(DPI / 72, -DPI / 72).translate(0, round(height_pt / 72 * DPI))

    def add(self, artist: Line2D | Rectangle) -> None:
        artist.set_transform(self.points)
        artist.set_zorder(len(self.figure.get_children()))
        artist.set_clip_on(False)
        self.figure.add_artist(artist)

    def pixels(self) -> NDArray[np.uint8]:
        agg = FigureCanvasAgg(self.figure)
        agg.draw()  # type: ignore[no-untyped-call]  # Matplotlib's own types leave it out
        return np.asarray(agg.buffer_rgba())[:, :, :3]  # type: ignore[no-untyped-call]  # as above


def pixels(canvas: Canvas) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(canvas.png())))


@settings(max_examples=40, deadline=None)
@given(size=st.tuples(st.floats(60, 160), st.floats(60, 120)), start=POINT, end=POINT, level=st.booleans(), dashed=st.booleans())
def test_lines(size: tuple[float, float], start: tuple[float, float], end: tuple[float, float], level: bool, dashed: bool) -> None:
    end = (end[0], start[1]) if level else end
    canvas, reference = Canvas(*size, "#fbfaf5"), Reference(*size, "#fbfaf5")
    canvas.line(start, end, "#0072b2", 0.6, dashed=dashed)
    reference.add(Line2D([start[0], end[0]], [start[1], end[1]], color="#0072b2", lw=0.6, ls=(0, DASHES) if dashed else "-"))
    assert np.array_equal(pixels(canvas), reference.pixels())


@settings(max_examples=40, deadline=None)
@given(corners=st.tuples(POINT, POINT), edge=st.sampled_from(["", "#222222"]), hatch=st.sampled_from(["", "////"]))
def test_boxes(corners: tuple[tuple[float, float], tuple[float, float]], edge: str, hatch: str) -> None:
    (x0, x1), (y0, y1) = (sorted(side) for side in zip(*corners, strict=True))
    canvas, reference = Canvas(130.0, 100.0, "#ffffff"), Reference(130.0, 100.0, "#ffffff")
    canvas.box((x0, y0, x1, y1), "#dddddd", edge=edge, hatch=hatch if edge else "")
    patch = Rectangle((x0, y0), x1 - x0, y1 - y0, facecolor="#dddddd", edgecolor=edge or "none", linewidth=0.5 if edge else 0.0)
    if hatch and edge:
        patch.set_hatch(hatch)
        patch.set_hatch_linewidth(0.8)
    reference.add(patch)
    assert np.array_equal(pixels(canvas), reference.pixels())


@pytest.mark.parametrize("shape", ["o", "s", "D", "^", "v", "p"])
def test_markers(shape: str) -> None:
    canvas, reference = Canvas(130.0, 100.0, "#f7f7f7"), Reference(130.0, 100.0, "#f7f7f7")
    for at in ((20.1, 30.7), (64.0, 50.0), (99.95, 80.33)):
        canvas.marker(at, "#d55e00", shape, 4.6)
        reference.add(Line2D([at[0]], [at[1]], color="#d55e00", marker=shape, markersize=4.6, markeredgewidth=0.0, linestyle="None"))
    assert np.array_equal(pixels(canvas), reference.pixels())


def test_later_calls_paint_over_earlier_ones() -> None:
    canvas = Canvas(100.0, 100.0, "#ffffff")
    canvas.box((10.0, 10.0, 90.0, 90.0), "#ff0000")
    canvas.box((40.0, 40.0, 60.0, 60.0), "#0000ff")
    drawn = pixels(canvas)
    assert tuple(drawn[125, 125]) == (0, 0, 255)
    assert tuple(drawn[50, 50]) == (255, 0, 0)
