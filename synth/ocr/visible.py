"""Whether a picture shows every letter of its plate, and proves where it shows none.

`legible.py` asks for whole words, of which a covered letter or a dot under a highlight is a small part. Here a straight line is fitted from
the plate's ink to the tones of the picture laid flat, in a window around each cluster and each part of it: the correlation says whether the
shapes are there, the slope how much they stand out. Sums over windows come from summed-area tables (Crow 1984), a line at a time.

That a word is hidden takes more than that: something must lie there, the word's own ink must not show through it, and no letter of the
language may be found there either. What is neither shown nor hidden proves nothing. Nothing here knows questions.
"""

import itertools
import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image as Pillow

from schemas.sample import BoxPx
from schemas.text_layer import TextLine, Word
from synth.ocr.redraw import text_ink

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

MOST_CORRELATION = 0.3
"""Of a hidden word's ink with the picture, in any colour and moved by up to two pixels either way, if it stands out at all (chosen: well
below what is found for any word that can be read)."""
MOST_CONTRAST = 6.0
"""Grey levels up to which ink counts as not standing out at all (chosen: half of what a readable letter needs)."""
LETTER_CORRELATION = 0.6
"""From there on a letter is recognised in a hidden word's place, if it stands out by `LEAST_CONTRAST` (chosen: below are chance
likenesses of blurred edges)."""
LEAST_TRACE = 10.0
"""Grey levels by which a hidden word's place differs from `TRACE_SHARE` of the ground around it, in a colour: else nobody sees that there
was text."""
TRACE_SHARE = 0.08
_AROUND_EM = (6.0, 2.5)  # across and down: a cover is larger than its word
LETTERS = 48
"""Letters of the language that are looked for, the most frequent ones (chosen)."""
MOST_INK = 0.6
"""Share of a letter's box that is ink from where on it is a mere stroke, such as `l` and alef, which any edge of light is like (chosen)."""
_SEARCH_EM_PX = 20.0
"""Size to which larger text is reduced for the search."""
_REACH_PX = 2

Grey = NDArray[np.uint8]


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
    # Tables may run over: differences are right as long as a window's own sum fits.
    whole: type[np.unsignedinteger[Any]] = np.uint32 if int(n.max()) * 255 * 255 < 1 << 32 else np.uint64
    a, b = ink.astype(whole), seen.astype(whole)
    table = np.zeros((5, height + 1, width + 1), whole)
    for number, product in enumerate((a, b, a * a, b * b, a * b)):
        product.cumsum(axis=0, dtype=whole, out=product).cumsum(axis=1, dtype=whole, out=table[number, 1:, 1:])
    sums = (table[:, y1, x1] - table[:, y0, x1] - table[:, y1, x0] + table[:, y0, x0]).astype(np.float64)  # (5, n)
    var_a, var_b = sums[2] - sums[0] * sums[0] / n, sums[3] - sums[1] * sums[1] / n
    common = sums[4] - sums[0] * sums[1] / n
    norm = np.sqrt(np.maximum(var_a, 0.0) * np.maximum(var_b, 0.0))
    r = np.divide(-common, norm, out=np.zeros_like(norm), where=norm > 0)
    slope = np.divide(-common, var_a, out=np.zeros_like(norm), where=var_a > 0)
    return Fit(r, 255.0 * slope, var_a / 255.0**2)


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


def not_hidden(flat: NDArray[np.uint8], clean: Grey, word: Word, language: str, alphabet: Sequence[str]) -> str:
    """Why a word is not proved to be hidden; nothing if it is.

    Args:
        flat: (height, width, 3), the picture laid flat.
        clean: (height, width), the plate.
        word: A word of the plate.
        language: BCP 47 tag of its line.
        alphabet: Letters of the language, most frequent first.
    """
    x0, y0, x1, y1 = (int(side) for side in word.box_px)
    # The lens draws the edge of a cover into its first pixels.
    inset = min(round(0.12 * _em(word)), (x1 - x0) // 6, (y1 - y0) // 6)
    inside = flat[y0 + inset : y1 - inset, x0 + inset : x1 - inset]
    ink = 255 - clean[y0:y1, x0:x1]
    r = max(_shown(ink, flat[..., channel], (x0, y0)) for channel in range(3))
    if r >= MOST_CORRELATION:
        return f"its ink correlates {r:.2f} with the picture"
    for text in dict.fromkeys((*(cluster.text for cluster in word.clusters), *alphabet[:LETTERS])):
        letter = text_ink(text, word.runs[0], language) if any(map(str.isalnum, text)) else None
        if letter is None or letter.mean() > MOST_INK * 255:
            continue
        if (likeness := _found(letter, inside, _em(word))) >= LETTER_CORRELATION:
            return f"{text!r} is found in its place, with a correlation of {likeness:.2f}"
    if (trace := _trace(flat, clean, word.box_px, _em(word))) < LEAST_TRACE:
        return f"its place differs by {trace:.0f} grey levels from what is around it, so that nobody sees that it is hidden"
    return ""


def _trace(flat: NDArray[np.uint8], clean: Grey, box: BoxPx, em: float) -> float:
    """Grey levels by which a box differs from at least `TRACE_SHARE` of the paper around it, in the colour that tells most."""
    x0, y0, x1, y1 = (int(side) for side in box)
    inside = flat[y0:y1, x0:x1].reshape(-1, 3).astype(np.float64)
    across, down = (round(reach * em) for reach in _AROUND_EM)
    rows, columns = slice(max(y0 - down, 0), y1 + down), slice(max(x0 - across, 0), x1 + across)
    paper = clean[rows, columns] == 255
    paper[y0 - rows.start : y1 - rows.start, x0 - columns.start : x1 - columns.start] = False
    around = flat[rows, columns][paper].astype(np.float64)
    if not len(around):
        return 0.0
    return float(np.quantile(np.abs(around - np.median(inside, axis=0)), 1.0 - TRACE_SHARE, axis=0).max())


def _shown(ink: Grey, seen: Grey, at: tuple[int, int]) -> float:
    """Greatest likeness, of either sign, of ink that stands out with a picture where it should be and up to two pixels off."""
    height, width = ink.shape
    found = 0.0
    for dy in range(-_REACH_PX, _REACH_PX + 1):
        for dx in range(-_REACH_PX, _REACH_PX + 1):
            top, left = at[1] + dy, at[0] + dx
            if top >= 0 and left >= 0 and top + height <= seen.shape[0] and left + width <= seen.shape[1]:
                one = fit(ink, seen[top : top + height, left : left + width], np.array([[0, 0, width, height]]))
                found = max(found, abs(float(one.correlation[0])) if abs(float(one.contrast[0])) > MOST_CONTRAST else 0.0)
    return found


def _found(letter: Grey, inside: NDArray[np.uint8], em: float) -> float:
    """Greatest likeness of a letter with any place of a picture (height, width, 3) where it stands out; 0 if it fits nowhere."""
    step = max(1, round(em / _SEARCH_EM_PX))
    small = np.asarray(Pillow.fromarray(letter).reduce(step), np.float64)
    best = 0.0
    for channel in range(3):
        picture = np.asarray(Pillow.fromarray(inside[..., channel]).reduce(step), np.float64)
        part = small[: picture.shape[0], : picture.shape[1]]  # marks may reach beyond the word's own ink
        windows = sliding_window_view(picture, part.shape).reshape(-1, part.size)  # (places, pixels)
        a = (part - part.mean()).ravel()
        b = windows - windows.mean(axis=1, keepdims=True)
        common, spread = b @ a, np.sqrt((b * b).sum(axis=1))
        size = float(np.sqrt(a @ a))
        if size == 0:
            continue
        stands_out = np.abs(common) * 255.0 / size**2 >= LEAST_CONTRAST
        likeness = np.divide(np.abs(common), spread * size, out=np.zeros_like(common), where=(spread > 0) & stands_out)
        best = max(best, float(likeness.max(initial=0.0)))
    return best
