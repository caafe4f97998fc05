"""Whether a picture still shows its plate: the picture is laid flat again and every word's ink is looked for where it should be.

That proves pixels and boxes together: text that was moved, covered, drowned in noise or drawn in the colour of its ground is not found.
Nothing here knows questions.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from schemas.sample import BoxPx
from schemas.text_layer import TextLayer, Word
from synth.render.warp import Warp

LEAST_CORRELATION = 0.55
"""Pearson correlation between a word's ink and the picture there, in the colour channel that shows it best (chosen by looking: at 0.5
people begin to guess)."""
LEAST_CONTRAST = 24.0
"""Grey levels between ink and ground in that channel (chosen: a tenth of the range)."""
LEAST_LENGTH_PX = 6.0
"""Longer side of a word's ink in the picture (chosen: capitals of 6 pixels are read, smaller ones guessed)."""


def legibility_faults(flat: NDArray[np.uint8], clean: NDArray[np.uint8], layer: TextLayer, warp: Warp) -> Iterator[str]:
    """Words that the picture does not show, of those that are not said to be hidden.

    Args:
        flat: (height, width, 3), the picture laid flat by `warp`.
        clean: (height, width), 255 is paper.
        layer: The text of `clean`.
        warp: From `clean` to `photo`.
    """
    words = [word for word in layer.words if not word.hidden]
    for word, landed in zip(words, warp.boxes([word.box_px for word in words]), strict=True):
        fault = _word_fault(flat, clean, word, landed)
        if fault:
            yield f"the word {word.text!r} cannot be read in the picture: {fault}"


def _word_fault(flat: NDArray[np.uint8], clean: NDArray[np.uint8], word: Word, landed: BoxPx) -> str:
    long = max(landed[3] - landed[1], landed[2] - landed[0])
    lettered = any(char.isalnum() for char in word.text)  # dots and dashes are small by nature
    if lettered and long < LEAST_LENGTH_PX:
        return f"it is {long:.1f} pixels long, less than {LEAST_LENGTH_PX:.0f}"
    x0, y0, x1, y1 = (int(side) for side in word.box_px)
    rows, columns = slice(max(y0 - 2, 0), y1 + 2), slice(max(x0 - 2, 0), x1 + 2)
    patch = clean[rows, columns]
    ink = patch < (int(patch.min()) + 255) / 2
    if not ink.any() or ink.all():
        return "its clean rendering is of one tone"
    wanted = 255.0 - clean[rows, columns].astype(np.float64)
    seen = flat[rows, columns].astype(np.float64)  # (height, width, 3)
    found = _correlation(wanted, seen)
    best = int(np.argmax(np.abs(found)))
    if abs(found[best]) < LEAST_CORRELATION:
        return f"its ink correlates {abs(found[best]):.2f} with the picture, less than {LEAST_CORRELATION}"
    channel = seen[:, :, best]
    contrast = abs(float(channel[ink].mean() - channel[~ink].mean()))
    if contrast < LEAST_CONTRAST:
        return f"{contrast:.0f} grey levels between ink and ground, less than {LEAST_CONTRAST:.0f}"
    return ""


def _correlation(ink: NDArray[np.float64], seen: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pearson's r of ink (height, width) with each channel of (height, width, 3); 0 where one of them is flat."""
    a, b = ink - ink.mean(), seen - seen.mean(axis=(0, 1))
    norm = np.sqrt((a * a).sum() * (b * b).sum(axis=(0, 1)))
    product: NDArray[np.float64] = np.einsum("hw,hwc->c", a, b)
    found: NDArray[np.float64] = np.divide(product, norm, out=np.zeros(3), where=norm > 0)
    return found
