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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from schemas.errors import DataError
from schemas.sample import BoxPx
from synth.render.pixels import by_bands, read_at, read_rows

Matrix: TypeAlias = tuple[float, float, float, float, float, float, float, float, float]
"""A 3x3 matrix by rows; (x, y) -> ((m0 x + m1 y + m2) / w, (m3 x + m4 y + m5) / w), w = m6 x + m7 y + m8."""
Reals: TypeAlias = NDArray[np.float64]
Points: TypeAlias = Reals
"""(..., 2): x, y."""
Places: TypeAlias = NDArray[np.float32]
Pixels: TypeAlias = NDArray[np.uint8]

IDENTITY: Final[Matrix] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
_BOX_ERROR_PX = 0.03
_BORDER_POINTS = 33
_FEW_POINTS = 32
"""Up to which numbers one by one are quicker than arrays (measured)."""
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
        return np.stack(_through(self.matrix, *(self._bent(x, y) if self.is_curved else (x, y))), axis=-1)

    def inverse(self, photo: Points) -> Points:
        """Photo points in the clean picture. Beyond the rim of the cylinder, where there is nothing, it goes on far outside.

        Raises:
            DataError: `behind_camera` if a point lies on or above the horizon.
        """
        points = np.asarray(photo, np.float64)
        x, y = _through(adjugate(self.matrix), points[..., 0], points[..., 1])
        return np.stack(self._straightened(x, y) if self.is_curved else (x, y), axis=-1)

    def box(self, box_px: BoxPx) -> BoxPx:
        """The smallest upright box, in the photo, around a warped box of the clean picture; short by 0.1 px at most."""
        return self.boxes([box_px])[0]

    def boxes(self, boxes_px: Sequence[BoxPx]) -> list[BoxPx]:
        """As `box`, for many at once: a page has thousands of words and clusters."""
        if self.is_identity or not boxes_px:
            return list(boxes_px)
        # Upright sides stay straight, for the bend depends on x alone: only the tops and bottoms need points between the corners.
        count = self._samples(max(x1 - x0 for x0, _, x1, _ in boxes_px))
        if len(boxes_px) * count <= _FEW_POINTS:
            return [self._one_box(box, count) for box in boxes_px]
        corners = np.asarray(boxes_px, np.float64)
        left = corners[:, :1]
        x, y = (left + _shares(count) * (corners[:, 2:3] - left))[:, None], corners[:, 1::2, None]  # (n, 1, count), (n, 2, 1)
        across, down = _through(self.matrix, *(self._bent(x, y) if self.is_curved else (x, y)))
        across, down = across.reshape(len(corners), -1), down.reshape(len(corners), -1)
        least, most = np.minimum.reduce, np.maximum.reduce
        sides = (least(across, axis=1), least(down, axis=1), most(across, axis=1), most(down, axis=1))
        return list(zip(*(side.tolist() for side in sides), strict=True))

    def apply(self, picture: Pillow.Image, size: tuple[int, int], fill: int = 0) -> Pillow.Image:
        """Resample a clean picture (grey or RGB) as a photo of `size`; outside the picture all channels are `fill`. The identity returns
        `picture` itself.

        Raises:
            DataError: `behind_camera` if the photo reaches above the horizon of the sheet.
        """
        return self._resample(picture, size, fill, back=False)

    def unwarp(self, photo: Pillow.Image, clean_size: tuple[int, int], fill: int = 0) -> Pillow.Image:
        """The photo seen straight on: a picture in clean pixels. The other way round from `apply`."""
        return self._resample(photo, clean_size, fill, back=True)

    def flattened(self, photo: Pixels, box_px: tuple[int, int, int, int]) -> Pixels:
        """What the photo, grey (height, width) or (height, width, 3), shows of a clean box, seen straight on; black outside the photo."""
        x0, y0, x1, y1 = box_px
        if self.is_identity and x1 <= photo.shape[1] and y1 <= photo.shape[0]:
            return photo[y0:y1, x0:x1]
        (flat,) = self.read((x1 - x0, y1 - y0), lambda where: read_at(where, [photo], 0), back=True, at=(x0, y0))
        return flat

    def read(
        self, size: tuple[int, int], read: Callable[[Places], Sequence[Pixels]], *, back: bool = False, at: tuple[int, int] = (0, 0)
    ) -> list[Pixels]:
        """Pictures of `size` (width, height).

        Args:
            size: Of the photo; `back`, of the part of the clean picture that begins at `at`.
            read: Makes some rows of each from where they are to be read: (2, rows, width), x and y, 0 being the middle of the first pixel.
            back: Whether clean pictures are made from photos, and not photos from clean pictures.
            at: Left top pixel.
        """
        x: Reals = np.arange(at[0] + 0.5, at[0] + size[0])
        y: Reals = read_rows(size[1])[:, None] + at[1]
        if back:
            x, y = _through(self.matrix, *(self._bent(x, y) if self.is_curved else (x, y)))
        else:
            x, y = _through(adjugate(self.matrix), x, y)
            if self.is_curved:
                x, y = self._straightened(x, y)
        return by_bands(x, y, size[1], read)

    def seen(self, size: tuple[int, int]) -> BoxPx:
        """A box around what a photo of `size` (width, height) shows of the clean picture and of what lies around it, by its border."""
        if not self.is_curved:
            return Warp(matrix=adjugate(self.matrix))._one_box((0.0, 0.0, float(size[0]), float(size[1])), 2)
        points = self.inverse(_border(*size))
        (x0, y0), (x1, y1) = np.minimum.reduce(points).tolist(), np.maximum.reduce(points).tolist()
        return (x0, y0, x1, y1)

    def after(self, matrix: Matrix) -> "Warp":
        """This warp, with one more homography behind it."""
        return self._with(self.middle_x_px, product(matrix, self.matrix))

    def on_wider(self, across: int, down: int) -> "Warp":
        """The warp of a clean picture that got that many pixels more to the left and at the top."""
        return self._with(self.middle_x_px + across, product(self.matrix, shift(-across, -down)))

    def _with(self, middle_x_px: float, matrix: Matrix) -> "Warp":
        bend = (self.half_px, self.arc_px, self.arc_at, self.wave_px, self.wave_turns, self.wave_phase)
        return Warp(middle_x_px, *bend, self.squeeze, matrix)

    def _bent(self, x: Reals, y: Reals) -> tuple[Reals, Reals]:
        """The bend and the cylinder."""
        u = (x - self.middle_x_px) / self.half_px
        return self.middle_x_px + self.half_px * (u / np.sqrt(1.0 + self.squeeze * u * u)), y + self._bend(u)

    def _straightened(self, x: Reals, y: Reals) -> tuple[Reals, Reals]:
        """The inverse of `_bent`."""
        v = (x - self.middle_x_px) / self.half_px
        u = v / np.sqrt(np.maximum(1.0 - self.squeeze * v * v, 1e-6))
        return self.middle_x_px + self.half_px * u, y - self._bend(u)

    def _bend(self, u: Reals) -> Reals:
        bend = self.arc_px * (u - self.arc_at) * (u - self.arc_at)
        return bend + self.wave_px * sine(self.wave_turns * u + self.wave_phase) if self.wave_px else bend

    def _one_box(self, box_px: BoxPx, count: int) -> BoxPx:
        """As `boxes`, number by number: quicker than arrays for a few points, and equal to the last bit."""
        x0, y0, x1, y1 = box_px
        m = self.matrix
        first_w, behind = m[6] * x0 + (m[7] * y0 + m[8]), False
        across, down = [], []
        curved = self.is_curved
        for k in range(count):
            x = x0 + k / (count - 1) * (x1 - x0)
            bend = 0.0
            if curved:
                u = (x - self.middle_x_px) / self.half_px
                bend = self.arc_px * (u - self.arc_at) * (u - self.arc_at)
                if self.wave_px:
                    s = self.wave_turns * u + self.wave_phase
                    s = 2.0 * (s - math.floor(s)) - 1.0
                    parabola = -4.0 * s * (1.0 - abs(s))
                    bend = bend + self.wave_px * (parabola + 0.225 * (parabola * abs(parabola) - parabola))
                x = self.middle_x_px + self.half_px * (u / math.sqrt(1.0 + self.squeeze * u * u))
            for y in (y0 + bend, y1 + bend):
                w = m[6] * x + (m[7] * y + m[8])
                behind = behind or w * first_w <= 0
                across.append((m[0] * x + (m[1] * y + m[2])) / w)
                down.append((m[3] * x + (m[4] * y + m[5])) / w)
        if behind:
            raise _behind_camera()
        return (min(across), min(down), max(across), max(down))

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

    def _resample(self, picture: Pillow.Image, size: tuple[int, int], fill: int, *, back: bool) -> Pillow.Image:
        if self.is_identity and size == picture.size:
            return picture
        pixels = np.asarray(picture)
        return Pillow.fromarray(self.read(size, lambda where: read_at(where, [pixels], fill), back=back)[0])


def _border(width_px: int, height_px: int) -> Points:
    """Points along the border of a photo, `_BORDER_POINTS` a side."""
    share = _shares(_BORDER_POINTS)
    points = np.zeros((4, _BORDER_POINTS, 2))
    points[:2, :, 0], points[2:, :, 1] = share * width_px, share * height_px
    points[1, :, 1], points[3, :, 0] = height_px, width_px
    return points.reshape(-1, 2)


@lru_cache(maxsize=512)
def _shares(count: int) -> Reals:
    """So many numbers from 0 to 1."""
    return np.arange(count) / (count - 1)


def sine(turns: Reals) -> Reals:
    """A sine whose period is 1, from two parabolas that are then made rounder; within 0.0011 of sin(2 pi turns)."""
    s = 2.0 * (turns - np.floor(turns)) - 1.0
    parabola = -4.0 * s * (1.0 - np.abs(s))
    return parabola + 0.225 * (parabola * np.abs(parabola) - parabola)


def product(a: Matrix, b: Matrix) -> Matrix:
    """The matrix product: `b` first, then `a`."""
    a0, a1, a2, a3, a4, a5, a6, a7, a8 = a
    b0, b1, b2, b3, b4, b5, b6, b7, b8 = b
    return (
        a0 * b0 + a1 * b3 + a2 * b6,
        a0 * b1 + a1 * b4 + a2 * b7,
        a0 * b2 + a1 * b5 + a2 * b8,
        a3 * b0 + a4 * b3 + a5 * b6,
        a3 * b1 + a4 * b4 + a5 * b7,
        a3 * b2 + a4 * b5 + a5 * b8,
        a6 * b0 + a7 * b3 + a8 * b6,
        a6 * b1 + a7 * b4 + a8 * b7,
        a6 * b2 + a7 * b5 + a8 * b8,
    )


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


def _through(m: Matrix, x: Reals, y: Reals) -> tuple[Reals, Reals]:
    """Points, given by broadcast coordinates, moved by a homography."""
    across, down = m[0] * x + (m[1] * y + m[2]), m[3] * x + (m[4] * y + m[5])
    if m[6] == m[7] == 0:
        return across / m[8], down / m[8]
    w = m[6] * x + (m[7] * y + m[8])
    # An adjugate may have turned every sign; what may not be is that some points lie before the camera and others behind.
    if not w.min() > 0 and not w.max() < 0:
        raise _behind_camera()
    return across / w, down / w


def _behind_camera() -> DataError:
    return DataError("behind_camera", "a point of the picture lies behind the camera that the warp describes")
