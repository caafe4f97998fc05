"""Whether a letter or digit differs between two pictures laid over each other: what tells a page from one with another number on it.

Small connected marks of the one are looked for at their place in the other. How well the worst is found is compared with how well marks
are found in general: copies that were compressed, scaled or turned lose a little everywhere, one with a number changed loses much in one
place. What was laid over the page, such as a watermark, changes the paper as well; marks there are left out.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]

CONTRAST = 40.0
"""Grey levels by which a mark differs from what is around it (chosen)."""
AROUND = 31
"""Side in pixels of what counts as around: wider than strokes of body type, so that its median is the paper."""
HEIGHT, WIDTH, AREA = (5, 40), (2, 60), 6
"""Least and greatest height and width of a mark, and its least area, in pixels: letters, digits and words that touch."""
OFF = 3
"""Pixels that a mark may lie off its place."""
OVERLAY = 20.0
"""Grey levels by which paper differs where something was laid over it."""
USUAL = 0.1
"""The share of marks that are found worse than is usual between two pictures."""
WORSE = 5.0
"""How many times as far from 1 as the usual correlation that of the worst mark may be; chosen on the pictures of
`bench/dedup_planted.py --pictures`, as are the next two."""
SHARP = 0.99
"""Usual correlations above this count as this: equal pixels have 1."""
LOWEST = 0.5
"""No mark of a copy, however poor, correlates by less."""
FEWEST = 10
"""With fewer marks nothing can be said of what is usual."""


def has_changed_mark(one: Pixels, other: Pixels, seen: NDArray[np.bool_]) -> bool:
    """Whether a mark of either of two grey pictures (height, width), laid over each other, is not what the other has there.

    Args:
        one: Grey levels, 0 to 255.
        other: The same of the other picture, warped onto `one`.
        seen: Where `other` shows anything.
    """
    other = _same_tones(one, other)
    papers = [cv2.medianBlur(np.clip(grey, 0, 255).astype(np.uint8), AROUND).astype(np.float32) for grey in (one, other)]
    laid = (np.abs(papers[0] - papers[1]) > OVERLAY).astype(np.uint8)
    usable = (cv2.dilate(laid, np.ones((AROUND, AROUND), np.uint8)) == 0) & (
        cv2.erode(seen.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    )
    return any(
        _one_is_worse(_correlations(a, b, _marks(a, paper), usable)) for a, b, paper in ((one, other, papers[0]), (other, one, papers[1]))
    )


def _one_is_worse(found: NDArray[np.float64]) -> bool:
    if len(found) < FEWEST:
        return False
    usual = min(SHARP, float(np.quantile(found, USUAL)))
    return bool(found.min() < max(LOWEST, 1 - WORSE * (1 - usual)))


def _same_tones(one: Pixels, other: Pixels) -> Pixels:
    """`other` in the tones of `one`, as far as a line through both can map them; an inverted picture is turned back."""
    spread = float(other.var())
    if spread < 1:
        return other
    slope = float(((one - one.mean()) * (other - other.mean())).mean()) / spread
    slope = float(np.copysign(one.std() / other.std(), slope))
    mapped: Pixels = ((other - other.mean()) * slope + one.mean()).astype(np.float32)
    return mapped


def _marks(grey: Pixels, paper: Pixels) -> NDArray[np.int32]:
    """Left, top, width, height and area of what may be letters, (marks, 5)."""
    drawn = (np.abs(grey - paper) > CONTRAST).astype(np.uint8)
    found = cv2.connectedComponentsWithStats(drawn, connectivity=8)[2][1:]
    wide, high = found[:, cv2.CC_STAT_WIDTH], found[:, cv2.CC_STAT_HEIGHT]
    sized = (high >= HEIGHT[0]) & (high <= HEIGHT[1]) & (wide >= WIDTH[0]) & (wide <= WIDTH[1]) & (found[:, cv2.CC_STAT_AREA] >= AREA)
    marks: NDArray[np.int32] = found[sized]
    return marks


def _correlations(one: Pixels, other: Pixels, marks: NDArray[np.int32], usable: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Highest correlation of each mark of `one`, with a pixel around it, with places in `other` at most `OFF` off; of usable ones only."""
    here, there = (_local(grey) for grey in (one, other))
    height, width = one.shape
    found = []
    for x, y, wide, high, _ in marks.tolist():
        x0, y0, x1, y1 = x - 1, y - 1, x + wide + 1, y + high + 1
        inside = x0 >= OFF and y0 >= OFF and x1 <= width - OFF and y1 <= height - OFF
        if inside and usable[y0 - OFF : y1 + OFF, x0 - OFF : x1 + OFF].all():
            around = there[y0 - OFF : y1 + OFF, x0 - OFF : x1 + OFF]
            found.append(float(cv2.matchTemplate(around, here[y0:y1, x0:x1], cv2.TM_CCOEFF_NORMED).max()))
    return np.array(found)


def _local(grey: Pixels) -> Pixels:
    """Softened by half a pixel, so that displacements by parts of one matter little, less the mean around."""
    soft = cv2.GaussianBlur(grey, (0, 0), 0.6)
    local: Pixels = soft - cv2.blur(soft, (AROUND, AROUND))
    return local
