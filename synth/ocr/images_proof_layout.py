"""Where text stands in a stranger's picture, for the verifier of `ocr.images`: order by Breuel's rules, where the generator cuts pages up;
gutters by the quiet between words of lines that follow each other, where the generator looks for free ground; regions and plain places.
Nothing here is the generator's, which has stricter limits.
"""

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from schemas.geometry import area, clip_box
from schemas.sample import BoxPx

INSIDE = 0.9
"""Share of a line's box that must lie in a region for the line to belong to it; between none and this much, the region cuts the line."""
CORE = 0.25
"""Share of a box's height, at its top and bottom, that is not sure to hold ink: the detector's boxes are loose, and those of neighbouring
lines overlap."""
OVERLAP = 0.1
"""Share of the narrower of two boxes by which their sides may overlap while they still stand beside each other."""
COLUMN = 10.0
"""Length of a line, in its heights, from which it is one of a column of text (chosen: some twenty letters)."""
TIGHT = 0.5
"""Space between lines of a column, in heights of their boxes, at most (chosen: rows of tables stand wider apart)."""
PLAIN = 24.0
"""Grey levels in a channel between ink and ground below which text is not looked for (`synth.ocr.legible.LEAST_CONTRAST`)."""
EDGE = 0.15
"""Share of a box's height, at its top and bottom, that is not looked at for that: there is ink of its neighbours in it."""
QUIET = 0.4
"""Share of the contrast of a line up to which a column of its pixels varies where there is no letter (chosen)."""
PARTS = ((1.5, 1), (1.0, 3))
"""Quiet in a line, in its heights, and over how many lines that follow each other it must go on to be a gutter (chosen)."""
PARTS_OF_WORDS = (0.3, 6)
"""The same where there are spaces between words, of which six seldom stand below each other (chosen)."""
STUB = 2.5
"""Heights of a line: shorter parts of one beside a gutter are numbers of items and the like."""


def lines_across(grey: NDArray[np.uint8], boxes: Sequence[BoxPx], *, spaced: bool) -> set[BoxPx]:
    """Boxes whose line is one of two columns' lines taken together: a gutter goes through it.

    Args:
        grey: The picture, (height, width).
        boxes: Of lines.
        spaced: Whether the language has spaces between its words.
    """
    lines = [(box, _quiet(grey, box)) for box in sorted(boxes, key=lambda box: box[1] + box[3])]
    found: set[BoxPx] = set()
    for number, (box, gaps) in enumerate(lines):
        height = box[3] - box[1]
        for width, count in (*PARTS, PARTS_OF_WORDS) if spaced else PARTS:
            for gap in gaps:
                chain, free = [box], gap
                for other, others in lines[number + 1 :]:
                    if other[2] <= free[0] or other[0] >= free[1]:
                        continue  # beside the gutter
                    free = max(
                        ((max(a, free[0]), min(b, free[1])) for a, b in others), key=lambda part: part[1] - part[0], default=(0.0, 0.0)
                    )
                    if free[1] - free[0] < width * height:
                        break
                    chain.append(other)
                if gap[1] - gap[0] >= width * height and len(chain) >= count:
                    found |= {*chain}
    return found


def _quiet(grey: NDArray[np.uint8], box: BoxPx) -> list[tuple[float, float]]:
    """Stretches between words of a line, in pixels of the picture, in which its columns hardly vary."""
    margin = EDGE * (box[3] - box[1])
    part = grey[round(box[1] + margin) : round(box[3] - margin), round(box[0]) : round(box[2])].astype(np.int16)
    if not part.size:
        return []
    varies = np.ptp(part, axis=0)
    loud = np.flatnonzero(varies > QUIET * np.ptp(part))
    least = STUB * (box[3] - box[1])
    return [(box[0] + int(a) + 1, box[0] + int(b)) for a, b in pairwise(loud) if b - a > 1 and a - loud[0] > least < loud[-1] - b]


def order_fault(boxes: Sequence[BoxPx]) -> str:
    """Why boxes are not in reading order, or why their order is not plain; nothing if it is.

    Lines beside each other are columns of text only if they are long and close above or below another; others may be cells of a table or
    labels and values of a form, which people read in rows or in columns. Else it goes by the two rules of Breuel ("High Performance
    Document Layout Analysis", 2003): of boxes above each other the upper is read first; of boxes beside each other the left one, unless a
    box between them in height spans both. Each box must come right before the next by one of them, and none may come before one that was
    read earlier.
    """
    for one, other in combinations(boxes, 2):
        if _in_a_row(one, other) and min((box[2] - box[0]) / (box[3] - box[1]) for box in (one, other)) < COLUMN:
            return f"{one} and {other} stand in a row"
        if _in_a_row(one, other) and not (_has_next(one, boxes) and _has_next(other, boxes)):
            return f"{one} and {other} stand in a row, and are not both of a column"
    for later in range(1, len(boxes)):
        if not _precedes(boxes, later - 1, later):
            return f"nothing says that {boxes[later - 1]} is read before {boxes[later]}"
        for earlier in range(later):
            if _precedes(boxes, later, earlier):
                return f"{boxes[later]} is read before {boxes[earlier]}"
    return ""


def _precedes(boxes: Sequence[BoxPx], one: int, other: int) -> bool:
    a, b = boxes[one], boxes[other]
    if _above_each_other(a, b):
        return a[1] + a[3] < b[1] + b[3]
    if a[0] > b[0]:
        return False
    low, high = sorted((a[1] + a[3], b[1] + b[3]))
    between = (c for c in boxes if low < c[1] + c[3] < high)
    return not any(_above_each_other(c, a) and _above_each_other(c, b) for c in between)


def _has_next(box: BoxPx, boxes: Sequence[BoxPx]) -> bool:
    """Whether another line is above or below this one, at most `TIGHT` of its height away."""
    room = TIGHT * (box[3] - box[1])
    return any(other != box and _above_each_other(box, other) and max(box[1], other[1]) - min(box[3], other[3]) <= room for other in boxes)


def _in_a_row(a: BoxPx, b: BoxPx) -> bool:
    """Whether the middle of one box's height lies in the other, and they are beside each other."""
    middles = (a[1] + a[3]) / 2, (b[1] + b[3]) / 2
    return (b[1] < middles[0] < b[3] or a[1] < middles[1] < a[3]) and not _above_each_other(a, b)


def _above_each_other(a: BoxPx, b: BoxPx) -> bool:
    """Whether boxes share more of their width than `OVERLAP` of the narrower."""
    return min(a[2], b[2]) - max(a[0], b[0]) > OVERLAP * min(a[2] - a[0], b[2] - b[0])


def region_fault(region: BoxPx, inside: Sequence[BoxPx], others: Sequence[BoxPx]) -> str:
    """Why a region does not hold just these boxes, or nothing."""
    for box in inside:
        if area(clip_box(box, region)) < INSIDE * area(box):
            return f"the region {region} cuts the line at {box}"
    for box in others:
        if touches(region, box):
            return f"the region {region} meets the text at {box}"
    return ""


def touches(region: BoxPx, box: BoxPx) -> bool:
    """Whether a region holds some of what is sure to be a box's text."""
    margin = CORE * (box[3] - box[1])
    x0, y0, x1, y1 = box[0], box[1] + margin, box[2], box[3] - margin
    return min(x1, region[2]) > max(x0, region[0]) and min(y1, region[3]) > max(y0, region[1])


def room_around(boxes: Sequence[BoxPx]) -> list[BoxPx]:
    """Boxes of text with a line's height more above and below."""
    return [(x0, y0 - (y1 - y0), x1, y1 + (y1 - y0)) for x0, y0, x1, y1 in boxes]


def is_plain(pixels: NDArray[np.uint8], region: BoxPx) -> bool:
    """Whether nothing stands out in a region of (height, width, 3): its darkest and lightest hundredth lie at most `PLAIN` levels apart."""
    x0, y0, x1, y1 = (round(side) for side in region)
    part = pixels[y0:y1, x0:x1].reshape(-1, 3)
    if not len(part):
        return False
    low, high = np.percentile(part, (1, 99), axis=0)
    return bool(np.max(high - low) <= PLAIN)
