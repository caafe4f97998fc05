"""Near-duplicate pictures: hashes of a picture and of windows of it propose pairs, and pixels confirm them.

A picture's hash is the sign of its 64 lowest frequencies (as `stats_pages.phash`), taken of how far each pixel is from the median tone, so
that colours, inverted ones too, do not count. One that was cut, or shown inside a screen, is found by its windows: the hash of a window
costs two small matrix products, since the cosines of a window are a basis like those of the whole. Pixels are compared by
`stats_alike`, after the window was cut out.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import prod, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from pipelines.dedup_marks import has_changed_mark
from pipelines.stats_alike import SIDE, Pixels, ink_of, is_near_duplicate
from schemas.sample import Image

PICTURE_BITS = 14
"""Hashes that differ in at most this many of 64 bits propose a pair (chosen; `bench/dedup_planted.py --pictures` prints by kind what share
of copies is proposed, and how many other pairs, which pixels then refuse)."""
SCALES = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7)
"""Sides of windows as shares of the whole; each is laid at both ends and in the middle, across and down."""
WHOLE, TRIMMED = 0, 1
"""The first two windows: all, and what is left without a border of one tone on each side."""
_THUMB, _FINE = 96, 4
_FREQUENCIES = 8
_FLAT = 24.0
"""Grey levels within which a row or column is a border."""
_COARSE = 4
"""Pixels compared for one in which pictures are laid over each other."""
FINEST = 1600
"""Pixels of the longer side at most when letters are compared: body type of an A4 page is 18 pixels high."""
FINE_STEPS = 15
"""Steps that the map is improved by before letters are compared."""
LAID_OVER = 0.5
"""Least correlation of two pictures laid over each other."""
BLOCK = 256
"""Pictures of which a block of the matrix of all pairs is looked at together, by this many others."""

Window = tuple[float, float, float, float]
"""Left, top, right and bottom as shares of the picture's sides."""


@dataclass(frozen=True, slots=True)
class PictureSketch:
    """The hash, uint64 (windows,), of each window; and where the trimmed one lies."""

    hashes: NDArray[np.uint64]
    trimmed: Window


@cache
def fixed_windows() -> tuple[Window, ...]:
    """The whole picture, then all but the trimmed window."""
    places = [tuple(at * (1 - scale) for at in (0.0, 0.5, 1.0)) for scale in SCALES]
    cut = [(x, y, x + scale, y + scale) for scale, steps in zip(SCALES, places, strict=True) for y, x in product(steps, steps)]
    return ((0.0, 0.0, 1.0, 1.0), *cut)


def windows_of(sketch_trimmed: Window) -> tuple[Window, ...]:
    """The windows in the order of a sketch's hashes."""
    whole, *others = fixed_windows()
    return (whole, sketch_trimmed, *others)


def sketch_picture(image: Image) -> PictureSketch:
    """The hashes of an encoded picture."""
    with PillowImage.open(io.BytesIO(image.data)) as picture:
        picture.draft("L", (_THUMB * _FINE, _THUMB * _FINE))
        grey = picture.convert("L").resize((_THUMB * _FINE, _THUMB * _FINE), PillowImage.Resampling.BOX)
    fine = np.asarray(grey, dtype=np.float32)
    trimmed = _trim(fine)
    far = np.abs(fine - np.median(fine)).reshape(_THUMB, _FINE, _THUMB, _FINE).mean(axis=(1, 3))
    down, across = _bases()
    y, x = _basis(trimmed[1], trimmed[3]), _basis(trimmed[0], trimmed[2])
    low = np.insert((down @ far) @ across.swapaxes(1, 2), TRIMMED, y @ far @ x.T, axis=0).reshape(-1, _FREQUENCIES**2)  # (windows, 64)
    bits = low > np.median(low[:, 1:], axis=1, keepdims=True)
    return PictureSketch(np.packbits(bits, axis=1, bitorder="little").view(np.uint64).ravel(), trimmed)


def proposals(one: NDArray[np.uint64], other: NDArray[np.uint64], bits: int = PICTURE_BITS) -> Iterator[tuple[int, int, int, int]]:
    """(picture of `one`, picture of `other`, window of the first, window of the second): pairs within `bits` by a window of either and the
    whole or trimmed picture of the other, by their nearest windows, a block of pairs at a time; before that whole by whole, if these are
    within `bits` though not the nearest, so that a pair may come twice. Arrays are (pictures, windows).
    """
    for a, b in product(range(0, len(one), BLOCK), range(0, len(other), BLOCK)):
        left, right = one[a : a + BLOCK], other[b : b + BLOCK]
        forth, forth_at = _nearest(left[:, :2], right)
        back, back_at = _nearest(right[:, :2], left)
        whole_bits = np.bitwise_count(left[:, WHOLE, None] ^ right[None, :, WHOLE])
        for i, j in np.argwhere(np.minimum(forth, back.T) <= bits).tolist():
            if min(forth[i, j], back[j, i]) < whole_bits[i, j] <= bits:
                yield a + i, b + j, WHOLE, WHOLE
            if forth[i, j] <= back[j, i]:
                whole, window = divmod(int(forth_at[i, j]), right.shape[1])
                yield a + i, b + j, whole, window
            else:
                window, whole = int(back_at[j, i]) % left.shape[1], int(back_at[j, i]) // left.shape[1]
                yield a + i, b + j, window, whole


def same_picture(one: Image, other: Image, windows: tuple[Window, Window]) -> bool:
    """Whether most of what is drawn in a window of each of two pictures is found in that of the other (`stats_alike`), once the second was
    laid over the first, and no letter or digit in it is another (`dedup_marks`).
    """
    cuts = [_cut(image, window) for image, window in zip((one, other), windows, strict=True)]
    size = _common_size(cuts, SIDE)
    warp = _laid_over(*(_far(cut, _common_size(cuts, SIDE // _COARSE)) for cut in cuts))
    if warp is None:
        return False
    first, over, _ = _overlay(cuts, _common_size(cuts, SIDE), _scaled(warp, SIDE / (SIDE // _COARSE)))
    drawn: list[Pixels] = [ink_of(PillowImage.fromarray(grey), size) for grey in (first, over)]
    if not is_near_duplicate(drawn[0], drawn[1]):
        return False
    warp = _aligned(_far(cuts[0], size), _far(cuts[1], size), _scaled(warp, SIDE / (SIDE // _COARSE)), FINE_STEPS)[1]
    side = min(FINEST, *(max(cut.size) for cut in cuts))
    return not has_changed_mark(*_overlay(cuts, _common_size(cuts, side), _scaled(warp, side / SIDE)))


def _common_size(cuts: Sequence[PillowImage.Image], side: int) -> tuple[int, int]:
    """Width and height of the pictures' mean shape, the longer being `side`, the shorter at least 8."""
    aspect = sqrt(prod(cut.width / cut.height for cut in cuts))
    short = max(8, round(side * min(aspect, 1 / aspect)))
    return (side, short) if aspect >= 1 else (short, side)


def _scaled(warp: Pixels, scale: float) -> Pixels:
    """The map for pictures `scale` times as large; the middle of pixel 0 lies half a pixel from the edge in both."""
    scaled = warp.copy()
    scaled[:, 2] = scale * warp[:, 2] + (scale - 1) / 2 * (1 - warp[:, :2].sum(axis=1))
    return scaled


def _overlay(cuts: Sequence[PillowImage.Image], size: tuple[int, int], warp: Pixels) -> tuple[Pixels, Pixels, NDArray[np.bool_]]:
    """Both pictures at a size, grey, the second laid over the first; and where it reaches. What it does not reach has its median tone."""
    one, other = (np.asarray(cut.resize(size, PillowImage.Resampling.BOX), dtype=np.float32) for cut in cuts)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    over = cv2.warpAffine(other, warp, size, flags=how, borderValue=(float(np.median(other)),))
    seen = cv2.warpAffine(np.ones_like(other), warp, size, flags=how) > 0.5
    return one, np.asarray(over, np.float32), seen


def _far(cut: PillowImage.Image, size: tuple[int, int]) -> Pixels:
    """How far each pixel of a picture brought to this width and height is from its median tone."""
    grey = np.asarray(cut.resize(size, PillowImage.Resampling.BOX), dtype=np.float32)
    far: Pixels = np.abs(grey - np.median(grey))
    return far


def _laid_over(one: Pixels, other: Pixels) -> Pixels | None:
    """The affine map (2, 3) from pixels of `one` to those of `other`, or None where they correlate by less than `LAID_OVER`."""
    found, warp = _aligned(one, other, np.eye(2, 3, dtype=np.float32), 40)
    return warp if found >= LAID_OVER else None


def _aligned(one: Pixels, other: Pixels, start: Pixels, steps: int) -> tuple[float, Pixels]:
    """The correlation of two pictures laid over each other, and the map where it is highest, searched from `start` (G. Evangelidis,
    E. Psarakis, "Parametric image alignment using enhanced correlation coefficient maximization", 2008); -1 and `start` if it is not found.
    """
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, steps, 1e-4)
    try:
        found, warp = cv2.findTransformECC(one, other, start.copy(), cv2.MOTION_AFFINE, stop, None, 5)  # type: ignore[call-overload]
    except cv2.error:  # it does not converge: they have little to do with each other, or one is empty
        return -1.0, start
    return float(found), np.asarray(warp, np.float32)


def _nearest(wholes: NDArray[np.uint64], windows: NDArray[np.uint64]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Fewest bits between one of two hashes (n, 2) and one of W (m, W); and which: first * W + second."""
    least = np.full((len(wholes), len(windows)), 255, np.uint8)
    at = np.zeros_like(least)
    for first in range(wholes.shape[1]):
        for second in range(windows.shape[1]):
            distance = np.bitwise_count(wholes[:, first, None] ^ windows[None, :, second])
            nearer = distance < least
            least[nearer] = distance[nearer]
            at[nearer] = first * windows.shape[1] + second
    return least, at


def _cut(image: Image, window: Window) -> PillowImage.Image:
    with PillowImage.open(io.BytesIO(image.data)) as picture:
        grey = picture.convert("L")
    x0, y0, x1, y1 = (round(at * side) for at, side in zip(window, (grey.width, grey.height) * 2, strict=True))
    return grey.crop((x0, y0, max(x0 + 1, x1), max(y0 + 1, y1)))


def _trim(grey: NDArray[np.float32]) -> Window:
    """What is left without the rows above and below, then the columns beside, that are of one tone; all of a picture of one tone."""
    top, bottom = _span(np.ptp(grey, axis=1) > _FLAT)
    left, right = _span(np.ptp(grey[top:bottom], axis=0) > _FLAT)
    size = float(len(grey))
    return left / size, top / size, right / size, bottom / size


def _span(drawn: NDArray[np.bool_]) -> tuple[int, int]:
    places = np.flatnonzero(drawn)
    return (int(places[0]), int(places[-1]) + 1) if len(places) else (0, len(drawn))


@cache
def _bases() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(windows, 8, _THUMB) each: the cosines of every fixed window, down and across."""
    windows = fixed_windows()
    return np.stack([_basis(w[1], w[3]) for w in windows]), np.stack([_basis(w[0], w[2]) for w in windows])


def _basis(low: float, high: float) -> NDArray[np.float32]:
    """(8, _THUMB): the lowest frequencies of the DCT-II over the part of a side between two shares of it."""
    at = ((np.arange(_THUMB) + 0.5) / _THUMB - low) / (high - low)
    waves = np.cos(np.pi * np.arange(_FREQUENCIES)[:, None] * at) * ((at >= 0) & (at <= 1))
    return waves.astype(np.float32)
