"""Whether a picture shows every letter of its plate.

`legible.py` asks for whole words, of which a covered letter or a dot under a highlight is a small part. Here a straight line is fitted from
the plate's ink to the tones of the picture laid flat, in a window around each cluster and each part of it: the correlation says whether the
shapes are there, the slope how much they stand out. Sums over windows come from summed-area tables, a line at a time, and are exact.
Nothing here knows questions.
"""

import itertools
import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from schemas.sample import BoxPx
from schemas.text_layer import TextLine, Word
from synth.render.pixels import Grey, Sums, product_sums, stacked, summed

LEAST_CORRELATION = 0.45
"""Of a cluster's ink with the picture there (measured: the least of 1,181 clusters of kept `harsh` lines is 0.38 and 99 % have 0.56; of
7,415 of photographed pages, 0.69)."""
LEAST_CONTRAST = 12.0
"""Grey levels between a cluster's ink and its ground (measured: the least of 1,819 of kept `harsh` scenes is 13.1; 44 of pages)."""
LEAST_PART = 0.25
"""Contrast of a part of a cluster, as a share of the cluster's (measured: an erased dot has 0.1 at most)."""
PART_EM = 0.4
"""Size of those parts: about that of a dot with its surroundings."""
_LEAST_PART_PX = 5.0
_LEAST_PART_INK = 2.0
"""Ink of a part, in black pixels on white, below which it has nothing to show."""
_LEAST_TONE = 64
"""Coverage, of 255, of a row that has ink: grey rows between an i and its dot have none."""
_MARGIN_PX = 2


@dataclass(frozen=True, slots=True)
class Fit:
    """Fits of a picture's tones to ink, an element a window.

    Attributes:
        correlation: Pearson's r, -1 to 1, positive where ink is darker than its ground; 0 where one of the two is flat.
        contrast: Grey levels from ink to ground, with the same sign.
        ink: How much there is to see: the ink's squared deviation, in pixels of black on white.
    """

    correlation: NDArray[np.float64]
    contrast: NDArray[np.float64]
    ink: NDArray[np.float64]


def fit(ink: Grey, seen: Grey, boxes: NDArray[np.int64]) -> Fit:
    """Fit `seen` to `ink`, both (height, width) and 255 where there is ink or light, in windows (n, 4): x0, y0, x1, y1, clipped here."""
    height, width = ink.shape
    x0, x1 = np.clip(boxes[:, 0], 0, width), np.clip(boxes[:, 2], 0, width)
    y0, y1 = np.clip(boxes[:, 1], 0, height), np.clip(boxes[:, 3], 0, height)
    n = np.maximum((x1 - x0) * (y1 - y0), 1)
    corners = np.stack((y1, y0, y1, y0)) * (width + 1) + np.stack((x1, x1, x0, x0))  # (4, n)
    tables = [table.reshape(-1, channels).take(corners, axis=0) for table, channels in zip(_tables(ink, seen), (2, 2, 1), strict=True)]
    (a, b), (aa, bb), (ab,) = ((table[0] - table[1] - table[2] + table[3]).T for table in tables)  # (n,)
    var_a, var_b, common = aa - a * a / n, bb - b * b / n, ab - a * b / n
    norm = np.sqrt(np.maximum(var_a, 0.0) * np.maximum(var_b, 0.0))
    r = np.divide(-common, norm, out=np.zeros_like(norm), where=norm > 0)
    slope = np.divide(-common, var_a, out=np.zeros_like(norm), where=var_a > 0)
    return Fit(r, 255.0 * slope, var_a / 255.0**2)


def _tables(ink: Grey, seen: Grey) -> tuple[Sums, Sums, Sums]:
    """Summed-area tables of both, of their squares, and of their products."""
    return (*summed(stacked((ink, seen))), product_sums(ink, seen))


def unseen(flat: Grey, clean: Grey, line: TextLine) -> list[str]:
    """What the picture does not show of each word of a line: the first letter at fault, or nothing.

    Args:
        flat: (height, width), brightness of the picture laid flat.
        clean: (height, width), the plate, 255 is paper.
        line: A line of the plate.
    """
    left, top = (max(int(side) - 2 * _MARGIN_PX, 0) for side in line.box_px[:2])
    right, bottom = (int(side) + 2 * _MARGIN_PX for side in line.box_px[2:])
    ink = 255 - clean[top:bottom, left:right]
    clusters = [
        (number, cluster) for number, word in enumerate(line.words) for cluster in word.clusters if any(map(str.isalnum, cluster.text))
    ]
    windows = [_window(word.box_px, left, top) for word in line.words] + [_window(cluster.box_px, left, top) for _, cluster in clusters]
    parts = [
        (which, part)
        for which, (number, cluster) in enumerate(clusters)
        for part in _parts(ink if _has_marks(cluster.text) else None, windows[len(line.words) + which], _em(line.words[number]))
    ]
    found = fit(ink, flat[top:bottom, left:right], np.array(windows + [part for _, part in parts]))
    of_words = len(line.words)
    faults = [""] * of_words
    for which, (number, cluster) in enumerate(clusters):
        sign = 1.0 if found.contrast[number] > 0 else -1.0
        r, contrast = sign * found.correlation[of_words + which], sign * found.contrast[of_words + which]
        if r < LEAST_CORRELATION or contrast < LEAST_CONTRAST:
            faults[number] = faults[number] or f"{cluster.text!r} correlates {r:.2f} with it and stands out by {contrast:.0f} levels"
    for at, (which, _) in enumerate(parts, of_words + len(clusters)):
        number, cluster = clusters[which]
        whole = found.contrast[of_words + which]
        share = found.contrast[at] / whole if whole else 0.0
        if found.ink[at] >= _LEAST_PART_INK and share < LEAST_PART:
            faults[number] = faults[number] or f"a part of {cluster.text!r} has {share:.2f} of its contrast"
    return faults


Window: TypeAlias = tuple[int, int, int, int]
"""x0, y0, x1, y1 in whole pixels of a line."""


def _window(box: BoxPx, left: int, top: int) -> Window:
    """Whole pixels around a box, with a margin, from the corner of a line."""
    x0, y0, x1, y1 = box
    # To the sides stands the next letter, which would be found in the place of one that is not there.
    return (int(x0) - left - 1, int(y0) - top - _MARGIN_PX, math.ceil(x1) - left + 1, math.ceil(y1) - top + _MARGIN_PX)


@lru_cache(maxsize=1 << 14)
def _has_marks(text: str) -> bool:
    """Whether parts of a cluster may stand apart above or below the others; in Chinese characters they are no smaller than a letter."""
    plain = unicodedata.normalize("NFD", text)
    return len(plain) > 1 or not (plain.isascii() or unicodedata.east_asian_width(plain) == "W") or plain in "ij"


def _parts(ink: Grey | None, window: Window, em: float) -> Iterator[Window]:
    """Windows over what stands apart above or below in a cluster, such as dots and accents, and over pieces of what is larger.

    Args:
        ink: Of the line; None if nothing stands apart in this cluster.
        window: The cluster's.
        em: Pixels an em.
    """
    x0, y0, x1, y1 = window
    starts = [y0, y1]
    if ink is not None:
        rows = (np.flatnonzero(ink[max(y0, 0) : y1, max(x0, 0) : x1].max(axis=1) > _LEAST_TONE) + max(y0, 0)).tolist()
        starts[1:1] = [(a + b + 1) // 2 for a, b in itertools.pairwise(rows) if b - a > 1]  # a gap belongs to both sides
    step = max(PART_EM * em, _LEAST_PART_PX)
    columns = max(1, round((x1 - x0 - 2) / step))
    for upper, lower in itertools.pairwise(starts):
        pieces = max(1, round((lower - upper - _MARGIN_PX) / step))
        if len(starts) == 2 and pieces * columns == 1:
            return
        for i, j in itertools.product(range(columns), range(pieces)):
            yield (
                x0 + (x1 - x0) * i // columns - bool(i),
                upper + (lower - upper) * j // pieces - (_MARGIN_PX if j else 0),
                x0 + (x1 - x0) * (i + 1) // columns + (i + 1 < columns),
                upper + (lower - upper) * (j + 1) // pieces + (_MARGIN_PX if j + 1 < pieces else 0),
            )


def _em(word: Word) -> float:
    return max(run.size_px for run in word.runs)
