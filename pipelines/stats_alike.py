"""Near-duplicate pages: candidates by perceptual hash, confirmed on pixels.

Two pages are near-duplicates when one is the other printed, scanned or compressed again, perhaps with a date or a number changed: most
of what is drawn on each is found at the same place of the other. Pages of one template with other content are not: their hashes, which see
a page in 64 cells, may be equal, but their words are not.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image as PillowImage

from schemas.sample import Image

CANDIDATE_BITS = 12
"""Pages whose two 64-bit hashes each differ in at most this many bits are compared pixel by pixel. Of 34 pages of a corpus compressed
again, made noisy or with a number changed, none differed in more; of the
same scanned again 97 % did not, shifted by 2 % of their size 82 %."""
SIDE = 640
"""Pixels of a page's longer side when pages are compared: lines of body type are about 8 high, so that words differ and noise does not."""
TILE = 40
"""Side of the tiles that are looked for in the other page: about five lines by three words."""
REACH = 16
"""A tile may lie this many pixels off: 2.5 % of the longer side."""
FAINT = 24
"""Grey levels from the paper's tone below which a pixel is paper: noise of scans has a deviation of up to 8."""
ALONG = 8
"""Pixels to each side along a line whose mean is taken off, two or three letters: lines of text, rules and leaders are dark alike, whatever
they say, and what is left is where letters differ from their neighbours."""
FOUND = 0.6
"""Correlation from which on a tile is the same."""
SHARE = 0.8
"""Share of what is drawn on either page that must be in tiles found in the other. Of 30 pages of a corpus compressed again, shifted, with a
number changed, or scanned and scanned again, each had 0.86 or more; of 26 pairs of following pages the nearest had 0.75, nine in ten at
most 0.03. A contents list of the same look and other words has 0.3."""
BATCH = 16
"""Tiles compared at a time."""

HELD = 128
"""Pages kept ready between comparisons, about 1 MiB each."""

Pixels = NDArray[np.float32]
Load = Callable[[int], Image]


def near_duplicates(hashes: Sequence[tuple[int, int]], load: Load) -> tuple[float, float]:
    """Share of pages that have a near-duplicate, and share of pages that were candidates; `load` gives page `n` of `hashes`."""
    read = lru_cache(HELD)(lambda number: ink(load(number)))
    alike: set[int] = set()
    tried: set[int] = set()
    for first, second in candidates(hashes):
        tried |= {first, second}
        if first in alike and second in alike:
            continue
        if is_near_duplicate(read(first), read(second)):
            alike |= {first, second}
    total = max(1, len(hashes))
    return len(alike) / total, len(tried) / total


def candidates(hashes: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Pairs of pages within `CANDIDATE_BITS` by both hashes, lower number first; a row of the matrix of all pairs at a time.

    Both, because on sparse pages most bits of one hash are decided by white paper alone.
    """
    values = np.array(hashes, dtype=np.uint64).reshape(-1, 2)  # (pages, 2)
    for first, value in enumerate(values):
        distance = np.bitwise_count(values[first + 1 :] ^ value).max(axis=1)  # (pages after this one,)
        yield from ((first, first + 1 + int(after)) for after in np.flatnonzero(distance <= CANDIDATE_BITS))


def ink(image: Image) -> Pixels:
    """What is drawn on a page: float32 (height, width), the longer side being `SIDE`.

    That is how far each pixel is from the paper's tone (the median of all), softened by a binomial filter so that displacements by parts of
    a pixel matter little, less its mean `ALONG` the line.
    """
    with PillowImage.open(io.BytesIO(image.data)) as picture:
        grey = picture.convert("L")
    scale = SIDE / max(grey.size)
    return ink_of(grey, (max(1, round(grey.width * scale)), max(1, round(grey.height * scale))))


def ink_of(grey: PillowImage.Image, size: tuple[int, int]) -> Pixels:
    """`ink` of a grey picture brought to a width and height."""
    tones = np.asarray(grey.resize(size, PillowImage.Resampling.BOX), dtype=np.float32)
    sharp = np.pad(np.maximum(np.abs(tones - np.median(tones)) - FAINT, 0), 1)
    tall = sharp[:-2] + 2 * sharp[1:-1] + sharp[2:]
    soft = (tall[:, :-2] + 2 * tall[:, 1:-1] + tall[:, 2:]) / 16
    sums = np.pad(soft, ((0, 0), (ALONG + 1, ALONG)), mode="edge").cumsum(axis=1, dtype=np.float64)
    mean = (sums[:, 2 * ALONG + 1 :] - sums[:, : -2 * ALONG - 1]) / (2 * ALONG + 1)
    drawn: Pixels = (soft - mean).astype(np.float32)
    return drawn


def is_near_duplicate(a: Pixels, b: Pixels) -> bool:
    """Whether `SHARE` of the ink of each of two pages, as `ink` gives it, is found in the other. Two empty pages are alike."""
    return _is_found(a, b) and _is_found(b, a)


def _is_found(a: Pixels, b: Pixels) -> bool:
    """Whether `SHARE` of the ink of `a` is in tiles that correlate by `FOUND` with a place of `b`; those with most ink are tried first."""
    tiles, windows = _tiles(a, b)
    weights = np.abs(tiles).sum(axis=(1, 2), dtype=np.float64)
    order = np.argsort(-weights, kind="stable")
    allowed = (1 - SHARE) * float(weights.sum())
    lost = 0.0
    for start in range(0, len(order), BATCH):
        some = order[start : start + BATCH]
        some = some[weights[some] > 0]
        lost += float(weights[some][_best_correlation(tiles[some], windows[some]) < FOUND].sum())
        if lost > allowed:
            return False
    return True


def _tiles(a: Pixels, b: Pixels) -> tuple[Pixels, Pixels]:
    """The tiles of `a`, (n, TILE, TILE), and of `b` the squares around their places, `REACH` wider on each side; both padded with paper."""
    rows, columns = -(-a.shape[0] // TILE), -(-a.shape[1] // TILE)
    height, width = rows * TILE, columns * TILE
    sheet = np.zeros((height, width), np.float32)
    sheet[: a.shape[0], : a.shape[1]] = a
    other = np.zeros((height + 2 * REACH, width + 2 * REACH), np.float32)
    part = b[: height + REACH, : width + REACH]
    other[REACH : REACH + part.shape[0], REACH : REACH + part.shape[1]] = part
    span = TILE + 2 * REACH
    windows = sliding_window_view(other, (span, span))[::TILE, ::TILE]
    return sheet.reshape(rows, TILE, columns, TILE).swapaxes(1, 2).reshape(-1, TILE, TILE), windows.reshape(-1, span, span)


def _best_correlation(tiles: Pixels, windows: Pixels) -> NDArray[np.float64]:
    """Highest Pearson correlation of each tile (n, T, T) with the T by T squares of its window (n, S, S): (n,)."""
    span, pixels = windows.shape[-1], TILE * TILE
    around = windows.astype(np.float64)
    centred = tiles - tiles.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
    spectrum = np.fft.rfft2(around) * np.fft.rfft2(centred, (span, span)).conj()
    crossed = np.fft.irfft2(spectrum, (span, span))[:, : span - TILE + 1, : span - TILE + 1]
    sums, squares = _box_sums(around), _box_sums(around**2)
    spread = np.sqrt(np.maximum(squares - sums**2 / pixels, 0) * (centred**2).sum(axis=(1, 2))[:, None, None])
    best: NDArray[np.float64] = np.where(spread > pixels, crossed / np.maximum(spread, 1e-9), 0.0).max(axis=(1, 2))
    return best


def _box_sums(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of every T by T square of each window: (n, S - T + 1, S - T + 1)."""
    total = np.pad(windows.cumsum(axis=1).cumsum(axis=2), ((0, 0), (1, 0), (1, 0)))
    sums: NDArray[np.float64] = total[:, TILE:, TILE:] - total[:, :-TILE, TILE:] - total[:, TILE:, :-TILE] + total[:, :-TILE, :-TILE]
    return sums
