"""Whether a picture still shows the words of its plate: every word's ink is looked for where it should be in the picture laid flat.

That proves pixels and boxes together: text that was moved, covered, drowned in noise or drawn in the colour of its ground is not found.
`visible.py` asks for every letter. Nothing here knows questions.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from schemas.sample import BoxPx
from schemas.text_layer import TextLine, Word
from synth.ocr.fit import Flattened, LineFit
from synth.render.pixels import Grey, masked_means

LEAST_CORRELATION = 0.55
"""Pearson correlation between a word's ink and the picture there, in the colour channel that shows it best (chosen by looking: at 0.5
people begin to guess)."""
LEAST_CONTRAST = 24.0
"""Grey levels between ink and ground in that channel (chosen: a tenth of the range)."""
LEAST_LENGTH_PX = 6.0
"""Longer side of a word's ink in the picture (chosen: capitals of 6 pixels are read, smaller ones guessed)."""
_MARGIN_PX = 2


def legibility_faults(flat: Flattened, clean: Grey, line: TextLine, fit: LineFit, landed: Sequence[BoxPx]) -> Iterator[str]:
    """Words that the picture does not show, in brightness or in any one colour channel, of those that are not said to be hidden.

    Args:
        flat: The picture laid flat.
        clean: (height, width), 255 is paper.
        line: A line of `clean`.
        fit: Of the line's brightness.
        landed: Boxes of its words in the picture.
    """
    numbers = [number for number, word in enumerate(line.words) if not word.hidden]
    found = dict(zip(numbers, _ink_faults(fit, [line.words[number] for number in numbers]), strict=True))
    dim = [number for number in numbers if found[number]]
    if dim:  # colours are looked at where brightness alone does not tell
        words = [line.words[number] for number in dim]
        channels = [_ink_faults(LineFit(channel, clean, line), words) for channel in flat.channels]
        found |= {number: "" if "" in faults else "; ".join(faults) for number, *faults in zip(dim, *channels, strict=True)}
    for number in numbers:
        word = line.words[number]
        if fault := _size_fault(word, landed[number]) or found[number]:
            yield f"the word {word.text!r} cannot be read in the picture: {fault}"


def _size_fault(word: Word, landed: BoxPx) -> str:
    long = max(landed[3] - landed[1], landed[2] - landed[0])
    if long >= LEAST_LENGTH_PX or not any(char.isalnum() for char in word.text):  # dots and dashes are small by nature
        return ""
    return f"it is {long:.1f} pixels long, less than {LEAST_LENGTH_PX:.0f}"


def _ink_faults(fit: LineFit, words: Sequence[Word]) -> list[str]:
    """Why the ink of each word is not to be seen in one channel of the picture."""
    if not words:
        return []
    windows = fit.windows([word.box_px for word in words], _MARGIN_PX, _MARGIN_PX)
    found = np.abs(fit.fit(windows).correlation).tolist()
    return [_ink_fault(fit, window, r) for window, r in zip(windows.tolist(), found, strict=True)]


def _ink_fault(fit: LineFit, window: Sequence[int], r: float) -> str:
    x0, y0, x1, y1 = window
    ink, seen = fit.ink[y0:y1, x0:x1], fit.seen[y0:y1, x0:x1]
    dark, light = masked_means(seen, ink, int(ink.max()) // 2)
    if dark is None or light is None:
        return "its clean rendering is of one tone"
    if r < LEAST_CORRELATION:
        return f"its ink correlates {r:.2f} with the picture, less than {LEAST_CORRELATION}"
    if (contrast := abs(dark - light)) < LEAST_CONTRAST:
        return f"{contrast:.0f} grey levels between ink and ground, less than {LEAST_CONTRAST:.0f}"
    return ""
