"""Where the pixels of a clean picture land in a photograph of it: a bend, a cylinder and a perspective, each with its exact inverse.

Two frames, both in pixels whose number i covers [i, i + 1), origin top left, y down: *clean* (the plate) and *photo* (the stored image). A
point goes through three steps, in this order:

    u = (x - middle_x) / half
    y1 = y + arc (u - arc_at)^2 + wave sine(turns u + phase)      paper that bulges or ripples, a line of text that sags
    x1 = middle_x + half u / sqrt(1 + squeeze u^2)                a bottle: narrower to the sides
    (x2, y2) = homography(x1, y1)                                 turn, scale, shift, perspective

Only + - * / and the square root are used, which IEEE 754 rounds alike on every processor, so the boxes of a sample are too. That is why
`sine` is a pair of parabolas (within 0.0011 of a sine) and the cylinder is not R sin(x / R) but the algebraic curve that agrees with it up
to the third order (squeeze = half^2 / (3 R^2); within 3 % up to one radian of turn).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from schemas.errors import DataError
from schemas.sample import BoxPx

Matrix: TypeAlias = tuple[float, float, float, float, float, float, float, float, float]
"""A 3x3 matrix by rows; (x, y) -> ((m0 x + m1 y + m2) / w, (m3 x + m4 y + m5) / w), w = m6 x + m7 y + m8."""
Point: TypeAlias = tuple[float, float]
Points: TypeAlias = NDArray[np.float64]
"""(..., 2): x, y."""

IDENTITY: Final[Matrix] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
_CELL_ERROR_PX = 0.09  # chosen: at most this along each axis of a mesh cell, so 0.18 px in its middle
_MAX_CELLS = 128  # an axis; a bound on time, which no drawn warp reaches
_BOX_ERROR_PX = 0.03
_SINE_CURVATURE = 45.0  # bound of |sine''|, in turns: 32 (1 + 0.225) = 39.2 within each half wave, and room for rounding


@dataclass(frozen=True, slots=True)
class Warp:
    """A map from clean pixels to photo pixels, and back; plain numbers, as it is stored in a sample's truth.

    Attributes:
        middle_x_px: Where u is 0.
        half_px: Clean pixels a unit of u.
        arc_px: Sag at one unit from `arc_at`: positive is down.
        arc_at: The top (or bottom) of the arc, in units of u.
        wave_px: Height of the ripple.
        wave_turns: Ripples a unit of u.
        wave_phase: Where in its turn the ripple is at u = 0.
        squeeze: 0 for a flat thing; 1/3 for a cylinder whose radius is `half_px`.
        matrix: The homography.
    """

    middle_x_px: float = 0.0
    half_px: float = 1.0
    arc_px: float = 0.0
    arc_at: float = 0.0
    wave_px: float = 0.0
    wave_turns: float = 0.0
    wave_phase: float = 0.0
    squeeze: float = 0.0
    matrix: Matrix = IDENTITY

    @property
    def is_identity(self) -> bool:
        """Whether nothing moves."""
        return not self.is_curved and self.matrix == IDENTITY

    @property
    def is_curved(self) -> bool:
        """Whether straight lines may come out bent."""
        return self.arc_px != 0 or self.wave_px != 0 or self.squeeze != 0

    def forward(self, clean: Points) -> Points:
        """Clean points in the photo.

        Raises:
            DataError: `behind_camera` if a point has no image.
        """
        points = np.asarray(clean, np.float64)
        x, y = points[..., 0], points[..., 1]
        if self.is_curved:
            u = (x - self.middle_x_px) / self.half_px
            y = y + self._bend(u)
            x = self.middle_x_px + self.half_px * (u / np.sqrt(1.0 + self.squeeze * u * u))
        return _project(self.matrix, x, y)

    def inverse(self, photo: Points) -> Points:
        """Photo points in the clean picture. Beyond the rim of the cylinder, where there is nothing, it goes on far outside.

        Raises:
            DataError: `behind_camera` if a point lies on or above the horizon.
        """
        points = np.asarray(photo, np.float64)
        flat = _project(adjugate(self.matrix), points[..., 0], points[..., 1])
        if not self.is_curved:
            return flat
        v = (flat[..., 0] - self.middle_x_px) / self.half_px
        u = v / np.sqrt(np.maximum(1.0 - self.squeeze * v * v, 1e-6))
        return np.stack((self.middle_x_px + self.half_px * u, flat[..., 1] - self._bend(u)), axis=-1)

    def box(self, box_px: BoxPx) -> BoxPx:
        """The smallest upright box, in the photo, around a warped box of the clean picture; short by 0.1 px at most."""
        return self.boxes([box_px])[0]

    def boxes(self, boxes_px: Sequence[BoxPx]) -> list[BoxPx]:
        """As `box`, for many at once: a page has thousands of words and clusters."""
        if self.is_identity or not boxes_px:
            return list(boxes_px)
        corners = np.asarray(boxes_px, np.float64)
        # Upright sides stay straight, for the bend depends on x alone: only the tops and bottoms need points between the corners.
        share = np.linspace(0.0, 1.0, self._samples(float(np.max(corners[:, 2] - corners[:, 0]))))
        x = corners[:, :1] + share * (corners[:, 2:3] - corners[:, :1])
        edges = np.stack(
            (np.stack((x, x), axis=1), np.broadcast_to(corners[:, 1::2, None], (*corners[:, 1::2].shape, len(share)))), axis=-1
        )
        landed = self.forward(edges).reshape(len(corners), -1, 2)
        low, high = landed.min(axis=1).tolist(), landed.max(axis=1).tolist()
        return [(x0, y0, x1, y1) for (x0, y0), (x1, y1) in zip(low, high, strict=True)]

    def quad(self, box_px: BoxPx) -> tuple[Point, Point, Point, Point]:
        """Where the corners of a clean box land: top left, top right, bottom right, bottom left, as the text reads."""
        x0, y0, x1, y1 = box_px
        a, b, c, d = self.forward(np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])).tolist()
        return ((a[0], a[1]), (b[0], b[1]), (c[0], c[1]), (d[0], d[1]))

    def outline(self, box_px: BoxPx) -> list[Point]:
        """The border of a warped clean box as a polygon, clockwise from the top left."""
        x0, y0, x1, y1 = box_px
        across = np.linspace(x0, x1, self._samples(x1 - x0))
        top, bottom = np.stack((across, np.full_like(across, y0)), -1), np.stack((across[::-1], np.full_like(across, y1)), -1)
        return [(x, y) for x, y in self.forward(np.concatenate((top, bottom))).tolist()]

    def apply(self, picture: Pillow.Image, size: tuple[int, int], fill: int | tuple[int, int, int]) -> Pillow.Image:
        """Resample a clean picture as a photo of `size`; what lies outside the picture is `fill`. The identity returns `picture` itself.

        Raises:
            DataError: `behind_camera` if the photo reaches above the horizon of the sheet.
        """
        return self._resample(picture, size, fill, back=False)

    def unwarp(self, photo: Pillow.Image, clean_size: tuple[int, int], fill: int | tuple[int, int, int] = 0) -> Pillow.Image:
        """The photo seen straight on: a picture in clean pixels. The other way round from `apply`."""
        return self._resample(photo, clean_size, fill, back=True)

    def after(self, matrix: Matrix) -> "Warp":
        """This warp, with one more homography behind it."""
        return replace(self, matrix=times(matrix, self.matrix))

    def in_pixels_of(self, step: float) -> "Warp":
        """The same warp between pictures whose pixels are `step` times as large, clean and photo alike."""
        if step == 1:
            return self
        sized = times(scaling(1 / step, 1 / step), times(self.matrix, scaling(step, step)))
        return replace(
            self,
            middle_x_px=self.middle_x_px / step,
            half_px=self.half_px / step,
            arc_px=self.arc_px / step,
            wave_px=self.wave_px / step,
            matrix=sized,
        )

    def _bend(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.arc_px * (u - self.arc_at) * (u - self.arc_at) + self.wave_px * sine(self.wave_turns * u + self.wave_phase)

    def _samples(self, width_px: float) -> int:
        """Points along a level line of that many clean pixels such that the curve between two leaves their chord by `_BOX_ERROR_PX`."""
        if not self.is_curved:
            return 2
        bend = 2.0 * abs(self.arc_px) + _SINE_CURVATURE * abs(self.wave_px) * self.wave_turns * self.wave_turns
        # |d^2/du^2 (u / sqrt(1 + k u^2))| <= 0.86 sqrt(k), where k u^2 = 1/4.
        curvature = (bend / self.half_px + 0.86 * math.sqrt(self.squeeze)) / self.half_px
        m = self.matrix
        scale = 2.0 * max(abs(m[0]) + abs(m[1]), abs(m[3]) + abs(m[4])) / abs(m[8])  # 2: room for what perspective magnifies
        # A chord of length h leaves a curve of that curvature by curvature h^2 / 8 at most.
        steps = width_px * math.sqrt(scale * curvature / (8.0 * _BOX_ERROR_PX))
        return 2 + min(512, math.ceil(steps))

    def _resample(self, picture: Pillow.Image, size: tuple[int, int], fill: int | tuple[int, int, int], *, back: bool) -> Pillow.Image:
        """Pillow wants, for each pixel that it fills, where to read: the inverse in the photo, the warp itself on the way `back`."""
        if self.is_identity and size == picture.size:
            return picture
        if self.is_curved:
            return picture.transform(
                size, Pillow.Transform.MESH, _mesh(self, size, back), resample=Pillow.Resampling.BILINEAR, fillcolor=fill
            )
        matrix = self.matrix if back else adjugate(self.matrix)
        m = [value / matrix[8] for value in matrix]
        affine = m[6] == 0 and m[7] == 0
        method, data = (Pillow.Transform.AFFINE, m[:6]) if affine else (Pillow.Transform.PERSPECTIVE, m[:8])
        return picture.transform(size, method, data, resample=Pillow.Resampling.BILINEAR, fillcolor=fill)


def sine(turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """A sine whose period is 1, from two parabolas that are then made rounder; within 0.0011 of sin(2 pi turns)."""
    s = 2.0 * (turns - np.floor(turns)) - 1.0
    parabola = -4.0 * s * (1.0 - np.abs(s))
    return parabola + 0.225 * (parabola * np.abs(parabola) - parabola)


def times(a: Matrix, b: Matrix) -> Matrix:
    """The matrix product: `b` first, then `a`."""
    rows = [a[0:3], a[3:6], a[6:9]]
    p = [sum(row[k] * b[3 * k + column] for k in range(3)) for row in rows for column in range(3)]
    return (p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8])


def adjugate(m: Matrix) -> Matrix:
    """The inverse of a homography, times its determinant, which a homography does not care about."""
    a, b, c, d, e, f, g, h, i = m
    return (
        e * i - f * h,
        c * h - b * i,
        b * f - c * e,
        f * g - d * i,
        a * i - c * g,
        c * d - a * f,
        d * h - e * g,
        b * g - a * h,
        a * e - b * d,
    )


def shift(x_px: float, y_px: float) -> Matrix:
    """Move by that much."""
    return (1.0, 0.0, x_px, 0.0, 1.0, y_px, 0.0, 0.0, 1.0)


def scaling(x: float, y: float) -> Matrix:
    """Stretch about the origin."""
    return (x, 0.0, 0.0, 0.0, y, 0.0, 0.0, 0.0, 1.0)


def turning(half_tangent: float) -> Matrix:
    """Turn about the origin, clockwise as seen, by the angle whose half has this tangent: no sine or cosine is needed."""
    t = half_tangent
    cos, sin = (1.0 - t * t) / (1.0 + t * t), 2.0 * t / (1.0 + t * t)
    return (cos, -sin, 0.0, sin, cos, 0.0, 0.0, 0.0, 1.0)


def tilting(across: float, down: float, half_px: float) -> Matrix:
    """Lean a sheet away about the origin: `half_px` to the right things are smaller by 1 + `across`, as far down by 1 + `down`."""
    return (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, across / half_px, down / half_px, 1.0)


def _project(m: Matrix, x: NDArray[np.float64], y: NDArray[np.float64]) -> Points:
    w = m[6] * x + m[7] * y + m[8]
    # An adjugate may have turned every sign; what may not be is that some points lie before the camera and others behind.
    if not (np.all(w > 0) or np.all(w < 0)):
        raise DataError("behind_camera", "a point of the picture lies behind the camera that the warp describes")
    return np.stack(((m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w), axis=-1)


@lru_cache(maxsize=16)  # the planes of a picture go through the same warp
def _mesh(warp: Warp, size: tuple[int, int], back: bool) -> list[tuple[tuple[int, ...], tuple[float, ...]]]:
    """Cells of `size` in which the map is bilinear to within `_CELL_ERROR_PX` an axis, as Pillow's MESH takes them."""
    source_of = warp.forward if back else warp.inverse
    rows, columns = 1, math.ceil(2 + (4 * abs(warp.wave_turns) if warp.wave_px else 0))
    while True:
        across, down = _steps(size[0], 2 * columns), _steps(size[1], 2 * rows)
        fine = source_of(np.stack(np.meshgrid(np.array(across, float), np.array(down, float)), axis=-1))
        too_wide = columns < _MAX_CELLS and _sag(fine[::2], np.array(across)) > _CELL_ERROR_PX
        too_tall = rows < _MAX_CELLS and _sag(fine[:, ::2].transpose(1, 0, 2), np.array(down)) > _CELL_ERROR_PX
        if not (too_wide or too_tall):
            break
        columns, rows = columns * 2 if too_wide else columns, rows * 2 if too_tall else rows
    corners = fine[::2, ::2].tolist()
    across, down = across[::2], down[::2]
    return [
        # Pillow asks for the corners from the top left, against the clock.
        ((across[i], down[j], across[i + 1], down[j + 1]), (*corners[j][i], *corners[j + 1][i], *corners[j + 1][i + 1], *corners[j][i + 1]))
        for j in range(len(down) - 1)
        for i in range(len(across) - 1)
        if across[i] < across[i + 1] and down[j] < down[j + 1]
    ]


def _steps(side_px: int, count: int) -> list[int]:
    """Whole pixels that divide a side; some coincide where it has fewer pixels than parts."""
    return [side_px * k // count for k in range(count + 1)]


def _sag(lines: NDArray[np.float64], at: NDArray[np.int64]) -> float:
    """How far, at most, a point between two neighbours-but-one leaves the straight line through them."""
    left, middle, right = lines[:, :-2:2], lines[:, 1:-1:2], lines[:, 2::2]
    width = np.maximum(at[2::2] - at[:-2:2], 1)
    share = ((at[1:-1:2] - at[:-2:2]) / width)[None, :, None]
    return float(np.max(np.abs(middle - (left + share * (right - left)))))
