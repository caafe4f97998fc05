"""Proves that a picture hides a word that is said to be unreadable.

Something must lie there, the word's own ink must not show through it, and no letter of the language may be found there either. What is
neither shown (`visible.py`) nor hidden proves nothing. Sums are of whole numbers, so that no processor finds another verdict. Nothing here
knows questions.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image as Pillow

from schemas.sample import BoxPx
from schemas.text_layer import Run, Word
from synth.ocr.redraw import text_ink
from synth.ocr.visible import LEAST_CONTRAST
from synth.render.pixels import Colour, Grey, Sums, inverted, summed

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
_PLACES = 1 << 12
"""Places of a picture that are compared with a letter at a time: 12 MB of a letter of 20 x 20 pixels."""


def not_hidden(flat: Colour, clean: Grey, word: Word, language: str, alphabet: Sequence[str]) -> str:
    """Why a word is not proved to be hidden; nothing if it is.

    Args:
        flat: (height, width, 3), the picture laid flat.
        clean: (height, width), the plate.
        word: A word of the plate.
        language: BCP 47 tag of its line.
        alphabet: Letters of the language, most frequent first.
    """
    x0, y0, x1, y1 = (int(side) for side in word.box_px)
    if (r := _shown(inverted(clean[y0:y1, x0:x1]), flat, (x0, y0))) >= MOST_CORRELATION:
        return f"its ink correlates {r:.2f} with the picture"
    em = max(run.size_px for run in word.runs)
    if (trace := _trace(flat, clean, word.box_px, em)) < LEAST_TRACE:
        return f"its place differs by {trace:.0f} grey levels from what is around it, so that nobody sees that it is hidden"
    # The lens draws the edge of a cover into its first pixels.
    inset = min(round(0.12 * em), (x1 - x0) // 6, (y1 - y0) // 6)
    step = max(1, round(em / _SEARCH_EM_PX))
    inside = _Reduced.of(flat[y0 + inset : y1 - inset, x0 + inset : x1 - inset], step)
    like = replace(word.runs[0], text="", x_px=0.0, y_px=0.0)
    for text in dict.fromkeys((*(cluster.text for cluster in word.clusters), *alphabet[:LETTERS])):
        letter = _letter(text, like, language, step)
        if letter is not None and (likeness := inside.likeness(letter)) >= LETTER_CORRELATION:
            return f"{text!r} is found in its place, with a correlation of {likeness:.2f}"
    return ""


def _shown(ink: Grey, flat: Colour, at: tuple[int, int]) -> float:
    """Greatest likeness of ink that stands out with a picture where it should be and up to two pixels off; any colour, either sign."""
    height, width = ink.shape
    top, left = max(at[1] - _REACH_PX, 0), max(at[0] - _REACH_PX, 0)
    seen = flat[top : at[1] + height + _REACH_PX, left : at[0] + width + _REACH_PX]
    places = (seen.shape[0] - height + 1, seen.shape[1] - width + 1)
    if min(places) < 1:
        return 0.0
    a, b = ink.astype(np.float64), np.ascontiguousarray(np.moveaxis(seen, -1, 0), np.float64)  # b: (3, height, width)
    common = np.array(
        [[np.einsum("ij,cij->c", a, b[:, dy : dy + height, dx : dx + width]) for dx in range(places[1])] for dy in range(places[0])]
    )  # (places down, places across, 3)
    n, total = float(ink.size), float(a.sum())
    sums, squares = (_windows(table, ink.shape) for table in summed(seen))
    covariance = n * common - total * sums
    spread, spreads = n * float((a * a).sum()) - total * total, n * squares - sums * sums
    stands_out = np.abs(covariance) * 255.0 > MOST_CONTRAST * spread
    return _greatest(covariance, spread, spreads, stands_out)


class _Reduced:
    """A picture to look for letters in, (height, width, 3), each `step` x `step` pixels one, with tables of its sums."""

    __slots__ = ("_pixels", "_squares", "_sums")

    def __init__(self, pixels: Colour) -> None:
        self._pixels = pixels.astype(np.float64)
        self._sums, self._squares = summed(pixels)

    @classmethod
    def of(cls, inside: Colour, step: int) -> "_Reduced":
        """Of a part of a picture laid flat."""
        return cls(np.ascontiguousarray(inside if step == 1 else Pillow.fromarray(np.ascontiguousarray(inside)).reduce(step)))

    def likeness(self, letter: Sums) -> float:
        """Greatest likeness of a letter's ink, cut to the room there is, with any place where it stands out; 0 if it fits nowhere."""
        letter = letter[: self._pixels.shape[0], : self._pixels.shape[1]]  # marks may reach beyond the word's own ink
        n, total = float(letter.size), float(letter.sum())
        spread = n * float((letter * letter).sum()) - total * total
        sums, squares = _windows(self._sums, letter.shape), _windows(self._squares, letter.shape)
        spreads = n * squares - sums * sums  # (places down, places across, 3)
        # The slope is at most the root of the ratio of spreads: where that is small, nothing can stand out.
        may = spreads * 255.0**2 >= LEAST_CONTRAST**2 * spread
        if spread <= 0 or not may.any():
            return 0.0
        windows = sliding_window_view(self._pixels, letter.shape, axis=(0, 1))
        found = 0.0
        places = np.argwhere(may).T  # (3, places)
        for at in range(0, places.shape[1], _PLACES):
            where = tuple(places[:, at : at + _PLACES])
            covariance = n * (windows[where].reshape(-1, letter.size) @ letter.ravel()) - total * sums[where]
            stands_out = np.abs(covariance) * 255.0 >= LEAST_CONTRAST * spread
            found = max(found, _greatest(covariance, spread, spreads[where], stands_out))
        return found


def _windows(table: Sums, size: tuple[int, ...]) -> Sums:
    """Sums over all windows of a size (height, width), from a summed-area table."""
    height, width = size
    return table[height:, width:] - table[:-height, width:] - table[height:, :-width] + table[:-height, :-width]


def _greatest(covariance: Sums, spread: float, spreads: Sums, where: NDArray[np.bool_]) -> float:
    """The greatest correlation of either sign, of those places; all three are times the number of pixels, squared."""
    if not where.any() or spread <= 0:
        return 0.0
    return float((np.abs(covariance[where]) / np.sqrt(spread * spreads[where])).max())


@lru_cache(maxsize=1024)
def _letter(text: str, like: Run, language: str, step: int) -> Sums | None:
    """The ink (height, width) of a letter as a run would have it, reduced; None for what is no letter, or a mere stroke."""
    ink = text_ink(text, like, language) if any(map(str.isalnum, text)) else None
    if ink is None or ink.mean() > MOST_INK * 255:
        return None
    return np.asarray(Pillow.fromarray(ink).reduce(step), np.float64)


def _trace(flat: Colour, clean: Grey, box: BoxPx, em: float) -> float:
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
