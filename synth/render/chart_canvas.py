"""A drawing surface for charts on Matplotlib's Agg: lines, boxes and markers in points -> PNG bytes.

There are no axes and no text, and nothing is read from a user's rc file: every property is given. Nothing here knows what is drawn.
"""

import io
from typing import TypeAlias

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import Affine2D
from PIL import Image

Box: TypeAlias = tuple[float, float, float, float]
"""(x0, y0, x1, y1) in points from the top left corner, y down."""

DPI = 180
"""Resolution of the picture: a little above the 144 dpi that pages are drawn at, so that edges stay sharp."""


class Canvas:
    """A Matplotlib figure of `width_pt` by `height_pt`; later calls paint over earlier ones."""

    def __init__(self, width_pt: float, height_pt: float, background: str) -> None:
        self._figure = Figure(figsize=(width_pt / 72, height_pt / 72), dpi=DPI, facecolor=background, edgecolor="none")
        self._points = Affine2D().scale(DPI / 72, -DPI / 72).translate(0, round(height_pt / 72 * DPI))
        self._order = 0

    def line(self, start: tuple[float, float], end: tuple[float, float], color: str, width_pt: float, *, dashed: bool = False) -> None:
        """A straight stroke."""
        stroke = Line2D([start[0], end[0]], [start[1], end[1]], color=color, linewidth=width_pt, linestyle="-", marker="None")
        if dashed:
            stroke.set_linestyle((0, (3, 2)))
        self._add(stroke)

    def marker(self, at: tuple[float, float], color: str, shape: str, size_pt: float) -> None:
        """A solid marker."""
        self._add(Line2D([at[0]], [at[1]], color=color, marker=shape, markersize=size_pt, markeredgewidth=0.0, linestyle="None"))

    def box(self, box: Box, fill: str, *, edge: str = "", hatch: str = "") -> None:
        """A filled box."""
        x0, y0, x1, y1 = box
        patch = Rectangle((x0, y0), x1 - x0, y1 - y0, facecolor=fill, edgecolor=edge or "none", linewidth=0.5 if edge else 0.0)
        if hatch:
            patch.set_hatch(hatch)
            patch.set_hatch_linewidth(0.8)
        self._add(patch)

    def _add(self, artist: Line2D | Rectangle) -> None:
        artist.set_transform(self._points)
        artist.set_zorder(self._order)  # painted in the order of the calls
        artist.set_antialiased(True)
        artist.set_clip_on(False)
        self._order += 1
        self._figure.add_artist(artist)

    def png(self) -> bytes:
        """The picture, hardly compressed: a PDF packs it again. Pillow writes it, so that no date and no software name gets in."""
        agg = FigureCanvasAgg(self._figure)
        agg.draw()  # type: ignore[no-untyped-call]  # Matplotlib's own types leave it out
        pixels = np.asarray(agg.buffer_rgba())[:, :, :3]  # type: ignore[no-untyped-call]  # as above
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()
