"""Whether a picture still shows its plate: the picture is laid flat again and every word's ink is looked for where it should be.

That proves pixels and boxes together: text that was moved, covered, drowned in noise or drawn in the colour of its ground is not found.
Nothing here knows questions.
"""

import math
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from schemas.sample import BoxPx, Image
from schemas.text_layer import TextLayer, Word
from synth.render.pixels import read_grey, read_rgb
from synth.render.warp import Warp

Pixels: TypeAlias = NDArray[np.uint8]

LEAST_CORRELATION = 0.55
"""Pearson correlation between a word's ink and the picture there, in the colour channel that shows it best (chosen by looking: at 0.5
people begin to guess)."""
LEAST_CONTRAST = 24.0
"""Grey levels between ink and ground in that channel (chosen: a tenth of the range)."""
LEAST_LENGTH_PX = 6.0
"""Longer side of a word's ink in the picture (chosen: capitals of 6 pixels are read, smaller ones guessed)."""


def legibility_faults(image: Image, clean: Pixels, layer: TextLayer, warp: Warp) -> Iterator[str]:
    """Words that the picture does not show, in brightness or in any one colour channel, of those that are not said to be hidden.

    Args:
        image: The picture as stored.
        clean: (height, width), 255 is paper.
        layer: The text of `clean`.
        warp: From `clean` to the picture.
    """
    words = [word for word in layer.words if not word.hidden]
    if not words:
        return
    # Words, and two pixels around.
    lefts, tops, rights, bottoms = zip(*(word.box_px for word in words), strict=True)
    x0, y0 = max(int(min(lefts)) - 2, 0), max(int(min(tops)) - 2, 0)
    area = (x0, y0, min(int(max(rights)) + 2, clean.shape[1]), min(int(max(bottoms)) + 2, clean.shape[0]))
    clean = clean[area[1] : area[3], area[0] : area[2]]
    grey = warp.flattened(read_grey(image.data), area)
    channels: list[Pixels] = []  # colours are looked at where brightness alone does not tell
    for word, landed in zip(words, warp.boxes([word.box_px for word in words]), strict=True):
        fault = _size_fault(word, landed)
        if not fault and _ink_fault(grey, clean, word, (x0, y0)):
            channels = channels or list(np.moveaxis(warp.flattened(read_rgb(image.data), area), -1, 0))
            found = [_ink_fault(channel, clean, word, (x0, y0)) for channel in channels]
            fault = "" if "" in found else "; ".join(found)
        if fault:
            yield f"the word {word.text!r} cannot be read in the picture: {fault}"


def _size_fault(word: Word, landed: BoxPx) -> str:
    long = max(landed[3] - landed[1], landed[2] - landed[0])
    lettered = any(char.isalnum() for char in word.text)  # dots and dashes are small by nature
    return f"it is {long:.1f} pixels long, less than {LEAST_LENGTH_PX:.0f}" if lettered and long < LEAST_LENGTH_PX else ""


def _ink_fault(seen: Pixels, clean: Pixels, word: Word, at: tuple[int, int]) -> str:
    """Why the ink of a word is not to be seen in one channel of the picture laid flat, whose left top pixel is `at`."""
    x0, y0, x1, y1 = (int(side) - at[number % 2] for number, side in enumerate(word.box_px))
    rows, columns = slice(max(y0 - 2, 0), y1 + 2), slice(max(x0 - 2, 0), x1 + 2)
    patch = clean[rows, columns].ravel()
    mask = (patch < (int(patch.min()) + 255) / 2).astype(np.int64)
    count, inked = len(patch), int(mask.sum())
    if inked in (0, count):
        return "its clean rendering is of one tone"
    ink, tone = 255 - patch.astype(np.int64), seen[rows, columns].ravel().astype(np.int64)
    # Pearson's r in whole numbers, which no processor rounds otherwise; 0 where one of them is flat.
    sums = int(ink.sum()), int(tone.sum())
    spreads = count * int(ink @ ink) - sums[0] ** 2, count * int(tone @ tone) - sums[1] ** 2
    found = abs(count * int(ink @ tone) - sums[0] * sums[1]) / math.sqrt(spreads[0] * spreads[1]) if min(spreads) > 0 else 0.0
    if found < LEAST_CORRELATION:
        return f"its ink correlates {found:.2f} with the picture, less than {LEAST_CORRELATION}"
    dark = int(mask @ tone)
    contrast = abs(dark / inked - (sums[1] - dark) / (count - inked))
    if contrast < LEAST_CONTRAST:
        return f"{contrast:.0f} grey levels between ink and ground, less than {LEAST_CONTRAST:.0f}"
    return ""
