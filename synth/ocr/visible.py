"""Whether a picture shows every letter of its plate.

`legible.py` asks for whole words, of which a covered letter or a dot under a highlight is a small part. Here the picture's tones are fitted
(`fit.py`) to the ink of each cluster and of each part of it. Nothing here knows questions.
"""

import itertools
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from schemas.text_layer import TextLine
from synth.ocr.fit import LineFit
from synth.render.pixels import Grey

LEAST_CORRELATION = 0.45
"""Of a cluster's ink with the picture there (measured: the least of 1,181 clusters of kept `harsh` lines is 0.38 and 99 % have 0.56; of
7,415 of photographed pages, 0.69)."""
LEAST_CONTRAST = 12.0
"""Grey levels between a cluster's ink and its ground (measured: the least of 1,819 of kept `harsh` scenes is 13.1; 44 of pages)."""
LEAST_PART = 0.25
"""Contrast of a part of a cluster, as a share of the cluster's (measured: an erased dot has 0.1 at most)."""
LEAST_WITHIN = 0.4
"""Contrast within a letter's own box, as a share of that with the ground around it (measured: the least of 8,062 letters of kept samples is
0.49; of 456 solid blocks of the ink's tone that pass for their letter, 19 in 20 have 0.22 at most and the others are strokes)."""
PART_EM = 0.4
"""Size of those parts: about that of a dot with its surroundings."""
_LEAST_PART_PX = 5.0
_LEAST_PART_INK = 2.0
"""Ink of a part, in black pixels on white, below which it has nothing to show."""
_LEAST_TONE = 64
"""Coverage, of 255, of a row that has ink: grey rows between an i and its dot have none."""
_MARGIN_PX = 2
_NONE = np.zeros((0, 4), np.int64)


def unseen(fit: LineFit, line: TextLine) -> list[str]:
    """What the picture does not show of each word of a line: the first letter at fault, or nothing.

    Args:
        fit: Of the line's brightness.
        line: A line of the plate.
    """
    of_words = len(line.words)
    letters = [(number, cluster) for number, word in enumerate(line.words) for cluster in word.clusters if _is_lettered(cluster.text)]
    boxes = [word.box_px for word in line.words] + [cluster.box_px for _, cluster in letters]
    # To the sides stands the next letter, which would be found in the place of one that is not there.
    bare = fit.windows(boxes, 0, 0)
    windows = fit.grown(bare, 1, _MARGIN_PX)
    steps = [max(PART_EM * max([run.size_px for run in word.runs]), _LEAST_PART_PX) for word in line.words]
    parts = [
        _parts(fit.ink, window, steps[number])
        if _has_marks(cluster.text)
        else _pieces(window[2] - window[0], (0, window[3] - window[1]), steps[number])
        for (number, cluster), window in zip(letters, windows[of_words:].tolist(), strict=True)
    ]
    numbers = np.array([number for number, _ in letters], np.intp)
    owners = np.repeat(np.arange(len(letters)), [len(pieces) for pieces in parts])  # of each part, its letter
    pieces = np.concatenate((_NONE, *parts)) + windows[of_words:, [0, 1, 0, 1]][owners]
    found = fit.fit(np.concatenate((windows, bare[of_words:], pieces)))

    first, last = of_words + len(letters), of_words + 2 * len(letters)
    sign = np.where(found.contrast[numbers] > 0, 1.0, -1.0)
    r, whole = sign * found.correlation[of_words:first], found.contrast[of_words:first]
    within = _share(found.contrast[first:last], whole)
    shares = _share(found.contrast[last:], whole[owners])
    to_see = found.ink >= _LEAST_PART_INK
    dim = (r < LEAST_CORRELATION) | (sign * whole < LEAST_CONTRAST)
    faults = [""] * of_words
    for which in np.flatnonzero(dim | to_see[first:last] & (within < LEAST_WITHIN)).tolist():
        number, cluster = letters[which]
        if dim[which]:
            told = f"{cluster.text!r} correlates {r[which]:.2f} with it and stands out by {sign[which] * whole[which]:.0f} levels"
        else:
            told = f"{cluster.text!r} is a block, with {within[which]:.2f} of its contrast within"
        faults[number] = faults[number] or told
    for at in np.flatnonzero(to_see[last:] & (shares < LEAST_PART)).tolist():
        number, cluster = letters[int(owners[at])]
        faults[number] = faults[number] or f"a part of {cluster.text!r} has {shares[at]:.2f} of its contrast"
    return faults


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole != 0)


@lru_cache(maxsize=1 << 14)
def _is_lettered(text: str) -> bool:
    return any(map(str.isalnum, text))


@lru_cache(maxsize=1 << 14)
def _has_marks(text: str) -> bool:
    """Whether parts of a cluster may stand apart above or below the others; in Chinese characters they are no smaller than a letter."""
    plain = unicodedata.normalize("NFD", text)
    return len(plain) > 1 or not (plain.isascii() or unicodedata.east_asian_width(plain) == "W") or plain in "ij"


def _parts(ink: Grey, window: Sequence[int], step: float) -> NDArray[np.int64]:
    """Windows over what stands apart above or below in a cluster, such as dots and accents, and over pieces of what is larger: (n, 4),
    from the left top corner of the cluster's window.

    Args:
        ink: Of the line.
        window: The cluster's.
        step: Size of pieces, in pixels.
    """
    x0, y0, x1, y1 = window
    rows = np.flatnonzero(ink[y0:y1, x0:x1].max(axis=1) > _LEAST_TONE).tolist()
    gaps = [(a + b + 1) // 2 for a, b in itertools.pairwise(rows) if b - a > 1]  # a gap belongs to both sides
    return _pieces(x1 - x0, (0, *gaps, y1 - y0), step)


@lru_cache(maxsize=1 << 14)
def _pieces(width: int, rows: tuple[int, ...], step: float) -> NDArray[np.int64]:
    """Pieces, about `step` pixels large, of bands of rows that each begin where the one above ends; none where that is all in one."""
    found = [piece for upper, lower in itertools.pairwise(rows) for piece in _pieces_of(width, upper, lower, step)]
    return np.array(found) if len(found) > 1 else _NONE


def _pieces_of(width: int, upper: int, lower: int, step: float) -> Iterator[tuple[int, int, int, int]]:
    columns, pieces = max(1, round((width - 2) / step)), max(1, round((lower - upper - _MARGIN_PX) / step))
    for i, j in itertools.product(range(columns), range(pieces)):
        yield (
            width * i // columns - bool(i),
            upper + (lower - upper) * j // pieces - (_MARGIN_PX if j else 0),
            width * (i + 1) // columns + (i + 1 < columns),
            upper + (lower - upper) * (j + 1) // pieces + (_MARGIN_PX if j + 1 < pieces else 0),
        )
