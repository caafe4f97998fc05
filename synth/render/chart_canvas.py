"""A drawing surface for charts on Matplotlib's Agg: lines, boxes and markers in points -> PNG bytes.

Agg is called directly: there is no figure, no axes and no text, and nothing is read from a user's rc file. Nothing here knows what is
drawn.
"""

from functools import cache
from typing import Any, TypeAlias

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from matplotlib.typing import CapStyleType, JoinStyleType
from PIL import Image

from synth.render.raster import png_bytes

Box: TypeAlias = tuple[float, float, float, float]
"""(x0, y0, x1, y1) in points from the top left corner, y down."""

DPI = 180
"""Resolution of the picture: a little above the 144 dpi that pages are drawn at, so that edges stay sharp."""

DASHES = (3.0, 2.0)
"""Stroke and gap of a dashed line in line widths."""

_ROUNDING_PX = 1e-8
"""A side this little below a whole pixel has that pixel, as in Matplotlib's own figures."""


class Canvas:
    """A picture of `width_pt` by `height_pt`; later calls paint over earlier ones."""

    def __init__(self, width_pt: float, height_pt: float, background: str) -> None:
        width, height = (int(side / 72 * DPI + _ROUNDING_PX) for side in (width_pt, height_pt))
        self._agg: Any = RendererAgg(width, height, DPI)  # type: ignore[no-untyped-call]  # Matplotlib's own types leave most of it out
        self._points = Affine2D().scale(DPI / 72, -DPI / 72).translate(0, round(height_pt / 72 * DPI))
        self.box((-1.0, -1.0, width_pt + 1.0, height_pt + 1.0), background)

    def line(self, start: tuple[float, float], end: tuple[float, float], color: str, width_pt: float, *, dashed: bool = False) -> None:
        """A straight stroke; solid ones end half their width beyond their ends."""
        pen = self._pen(color, width_pt, "round", "butt" if dashed else "projecting")
        if dashed:
            pen.set_dashes(0, [part * width_pt for part in DASHES])
        self._agg.draw_path(pen, Path([start, end]), self._points)

    def marker(self, at: tuple[float, float], color: str, shape: str, size_pt: float) -> None:
        """A solid marker."""
        style = _marker(shape)
        scale = self._agg.points_to_pixels(size_pt)
        pen = self._pen(color, 0.0, style.get_joinstyle(), style.get_capstyle())
        pen.set_snap(scale >= style.get_snap_threshold() if style.get_snap_threshold() is not None else None)
        turned = style.get_transform() + Affine2D().scale(scale)
        self._agg.draw_markers(pen, style.get_path(), turned, Path([at]), self._points, to_rgba(color))

    def box(self, box: Box, fill: str, *, edge: str = "", hatch: str = "") -> None:
        """A filled box."""
        pen = self._pen(edge or fill, 0.5 if edge else 0.0, "miter", "butt")
        if hatch:
            pen.set_hatch(hatch)
            pen.set_hatch_color(to_rgba(edge or fill))
            pen.set_hatch_linewidth(0.8)
        x0, y0, x1, y1 = box
        place = Affine2D.from_values(x1 - x0, 0.0, 0.0, y1 - y0, x0, y0)
        self._agg.draw_path(pen, Path.unit_rectangle(), place + self._points, to_rgba(fill))

    def _pen(self, color: str, width_pt: float, join: JoinStyleType, cap: CapStyleType) -> GraphicsContextBase:
        pen: GraphicsContextBase = self._agg.new_gc()
        pen.set_foreground(to_rgba(color), isRGBA=True)
        pen.set_linewidth(width_pt)
        pen.set_joinstyle(join)
        pen.set_capstyle(cap)
        pen.set_antialiased(True)
        return pen

    def png(self) -> bytes:
        """The picture as PNG."""
        buffer = self._agg.buffer_rgba()
        height, width, _ = buffer.shape
        return png_bytes(np.asarray(Image.frombuffer("RGBA", (width, height), buffer, "raw", "RGBA", 0, 1).convert("RGB")))


@cache
def _marker(shape: str) -> MarkerStyle:
    return MarkerStyle(shape)
