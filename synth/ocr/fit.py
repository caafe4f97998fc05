"""Fits a picture's tones to the ink of its plate, in many windows of a line at once.

A straight line is fitted from ink to tone: the correlation says whether the shapes are there, the slope how much they stand out. Sums over
windows come from summed-area tables of whole numbers and are exact. Nothing here knows what is asked of a fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from schemas.sample import BoxPx, Image
from schemas.text_layer import TextLayer, TextLine
from synth.render.pixels import READ_PX, Grey, fit_sums, inverted, read_grey, read_rgb
from synth.render.warp import Warp

Number = TypeVar("Number", np.float64, np.int64)
MARGIN_PX = 4
"""Room around a line's ink that its windows may reach into."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Fits, an element a window.

    Attributes:
        correlation: Pearson's r, -1 to 1, positive where ink is darker than its ground; 0 where one of the two is flat.
        contrast: Grey levels from ink to ground, with the same sign.
        ink: How much there is to see: the ink's squared deviation, in pixels of black on white.
    """

    correlation: NDArray[np.float64]
    contrast: NDArray[np.float64]
    ink: NDArray[np.float64]


class LineFit:
    """A line's ink and what the picture shows there.

    Args:
        flat: (height, width), one channel of the picture laid flat.
        clean: (height, width), the plate, 255 is paper.
        line: A line of the plate.
    """

    __slots__ = ("_tables", "ink", "left", "seen", "top")

    def __init__(self, flat: Grey, clean: Grey, line: TextLine) -> None:
        x0, y0, x1, y1 = line.box_px
        self.left, self.top = max(int(x0) - MARGIN_PX, 0), max(int(y0) - MARGIN_PX, 0)
        place = (slice(self.top, int(y1) + MARGIN_PX), slice(self.left, int(x1) + MARGIN_PX))
        self.ink, self.seen = inverted(clean[place]), flat[place]
        self._tables = fit_sums(self.ink, self.seen)

    def windows(self, boxes: Sequence[BoxPx], across: int, down: int) -> NDArray[np.int64]:
        """Whole pixels around boxes of the plate, with a margin, clipped to the line: (n, 4), x0, y0, x1, y1."""
        found = np.array(boxes, np.float64).reshape(-1, 4)
        np.floor(found[:, :2], out=found[:, :2])
        np.ceil(found[:, 2:], out=found[:, 2:])
        found += (-self.left - across, -self.top - down, across - self.left, down - self.top)
        return self._clipped(found).astype(np.int64)

    def grown(self, windows: NDArray[np.int64], across: int, down: int) -> NDArray[np.int64]:
        """Windows of the line with a margin, clipped to it."""
        return self._clipped(np.add(windows, (-across, -down, across, down)))

    def _clipped(self, windows: NDArray[Number]) -> NDArray[Number]:
        """Windows cut to the line, in place."""
        height, width = self.ink.shape
        np.maximum(windows, 0, out=windows)
        np.minimum(windows, (width, height, width, height), out=windows)
        return windows

    def fit(self, windows: NDArray[np.int64]) -> Fit:
        """Fits in windows (n, 4) of the line."""
        x, y = windows[:, [2, 2, 0, 0]], windows[:, [3, 1, 3, 1]]  # right below, right above, left below, left above
        y *= self.ink.shape[1] + 1
        y += x
        found = self._tables.take(y, axis=1)  # (5, n, 4)
        a, b, aa, bb, ab = found[:, :, 0] - found[:, :, 1] - found[:, :, 2] + found[:, :, 3]
        n = (windows[:, 2:] - windows[:, :2]).prod(axis=1)
        # Whole numbers, 0 where one of the two is flat.
        var_a, var_b, common = n * aa - a * a, n * bb - b * b, a * b - n * ab
        r = common / np.maximum(np.sqrt(var_a * var_b), 1.0)
        return Fit(r, 255.0 * (common / np.maximum(var_a, 1.0)), var_a / (255.0**2 * np.maximum(n, 1)))


class Flattened:
    """A stored picture laid flat as its plate is, as far as the text and a few pixels around it reach; black elsewhere.

    Args:
        image: The picture.
        warp: From the plate to it.
        layer: The plate's text.
    """

    __slots__ = ("_area", "_channels", "_image", "_shape", "_warp", "grey")

    def __init__(self, image: Image, warp: Warp, layer: TextLayer) -> None:
        self._image, self._warp, self._shape = image, warp, (layer.height_px, layer.width_px)
        lefts, tops, rights, bottoms = zip(*(line.box_px for line in layer.lines), strict=True) if layer.lines else ((0.0,),) * 4
        # Exact coordinates are worked out for one row in so many: those of the whole picture, wherever the text begins.
        y0 = max(int(min(tops)) - MARGIN_PX, 0) // READ_PX * READ_PX
        right, bottom = min(int(max(rights)) + MARGIN_PX, layer.width_px), min(int(max(bottoms)) + MARGIN_PX, layer.height_px)
        self._area = (max(int(min(lefts)) - MARGIN_PX, 0), y0, right, bottom)
        self._channels: list[Grey] = []
        self.grey = self._laid(read_grey(image.data))

    @property
    def channels(self) -> list[Grey]:
        """Red, green and blue."""
        if not self._channels:
            colours = read_rgb(self._image.data)
            self._channels = [self._laid(np.ascontiguousarray(colours[..., number])) for number in range(3)]
        return self._channels

    def _laid(self, picture: Grey) -> Grey:
        x0, y0, x1, y1 = self._area
        whole = np.zeros(self._shape, np.uint8)
        whole[y0:y1, x0:x1] = self._warp.flattened(picture, self._area)
        return whole
