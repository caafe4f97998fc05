"""Decides what of a page is cut out to show evidence: whole lines, the whole paragraph or table where that is small enough, and else the
table's head as well.

Works on pixels alone, so that it serves every family and scans too: ink is what differs from the paper, a line ends where a row of pixels
holds none. Boxes and cuts are (x0, y0, x1, y1) in the pixels of the stored image.
"""

from collections.abc import Sequence
from statistics import median_low
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from schemas.sample import BoxPx

Cut: TypeAlias = tuple[int, int, int, int]
Flags: TypeAlias = NDArray[np.bool_]

CONTRAST = 64
"""Grey levels between ink and paper (chosen: above the tints of table rows and the noise of scans, below grey text)."""
SPECKS_PX = 2
"""Inked pixels that a row or column of blank paper may have: dust on scans."""
RULE_SHARE = 0.7
"""A column of pixels inked for more than this share of the surroundings is a rule or the edge of a scan, not text."""
BLOCK_GAP = 1.3
"""Blank paper of this many heights of a line ends a paragraph or table (chosen; in the following, too, a height is that of a line)."""
ABOVE, BELOW, LEAST, HEAD = 9.0, 5.0, 2.2, 2.5
"""Heights shown above and below the evidence if its block ends there, shown at least if it does not, and shown of the block's beginning."""
TOGETHER = 12.0
"""The boxes of one cut span at most this many heights."""
ISOLATED, CELL = 0.8, 10.0
"""A box with this many heights of blank paper on both sides, and not wider than so many, is taken for a cell of a table."""
CAPTION = 3.0
"""Height of a caption or note that may go with a table."""
MARGIN_PX, LEAST_WIDTH_PX = 14, 320
"""Blank paper left around a cut, and its least width: a lone page number is shown with its surroundings."""


def find_ink(grey: NDArray[np.uint8]) -> Flags:
    """What is drawn on a page, shape (height, width); the paper is its most frequent level of grey."""
    paper = np.bincount(grey[::4, ::4].ravel(), minlength=256).argmax()
    is_ink: Flags = np.abs(np.arange(256) - paper) > CONTRAST
    return is_ink[grey]


def group_boxes(boxes: Sequence[BoxPx]) -> list[list[BoxPx]]:
    """The boxes of one page, from top to bottom, those near each other together."""
    groups: list[list[BoxPx]] = []
    for box in sorted(set(boxes), key=lambda box: (box[1], box[0])):
        if groups and max(box[3], *(other[3] for other in groups[-1])) - groups[-1][0][1] <= TOGETHER * _line_height(groups[-1]):
            groups[-1].append(box)
        else:
            groups.append([box])
    return groups


def cut_around(ink: Flags, boxes: Sequence[BoxPx]) -> list[Cut]:
    """What of a page to show for boxes that belong together: a cut that holds them, after the table's head if that is further up.

    Cuts have the same left and right edge and show lines in full, over the page's whole width without its blank margins.
    """
    unit = _line_height(boxes)
    x0, x1 = int(min(box[0] for box in boxes)), int(max(box[2] for box in boxes)) + 1
    y0, y1 = max(0, int(min(box[1] for box in boxes))), min(len(ink), int(max(box[3] for box in boxes)) + 1)
    around = ink[max(0, int(y0 - ABOVE * unit)) : int(y1 + BELOW * unit)]
    text = ink[:, around.mean(axis=0) < RULE_SHARE].sum(axis=1) > SPECKS_PX  # (rows,) whether a row of pixels has text
    near = ink[:, max(0, int(x0 - unit)) : int(x1 + unit)].sum(axis=1) > SPECKS_PX  # the same above and below the boxes alone
    up = _Side(near[:y0][::-1], text[:y0][::-1], unit)
    rows = [(y0 - up.extent(ABOVE), y1 + _Side(near[y1:], text[y1:], unit).extent(BELOW))]
    if up.block > ABOVE * unit and all(_is_cell(ink, box, unit) for box in boxes):
        start = y0 - up.block
        top, end = y0 - up.line_end(up.block), start + _Side(near[start:y0], text[start:y0], unit).line_end(int(HEAD * unit))
        rows = [(top, end), *rows] if end < rows[0][0] else [(top, rows[0][1])]
    left, right = _sides(ink, rows, x0, x1)
    return [(left, top, right, bottom) for top, bottom in rows]


class _Side:
    """What lies above or below some boxes, counted in rows of pixels from the boxes outwards.

    Attributes:
        near: Whether rows have ink straight above (below) the boxes.
        text: Whether rows have text anywhere.
        unit: Height of a line.
        block: Rows up to the end of the paragraph or table, with a caption or note that is only beside the boxes.
    """

    def __init__(self, near: Flags, text: Flags, unit: float) -> None:
        self.near, self.text, self.unit = near, text, unit
        block = _last_before_gap(near, BLOCK_GAP * unit)
        beside = _last_before_gap(text[block:], unit)
        self.block = block + (beside if beside <= CAPTION * unit else 0)

    def extent(self, most: float) -> int:
        """Rows to show: the whole block if it is at most so many heights, else the least."""
        return self.line_end(self.block if self.block <= most * self.unit else int(LEAST * self.unit))

    def line_end(self, start: int) -> int:
        """Rows up to the first space between lines from `start` on: of all text if there is one nearby, else of the text near the boxes."""
        for flags, reach in ((self.text, 2 * self.unit), (self.near, 4 * self.unit)):
            blank = np.flatnonzero(~flags[start : start + int(reach)])
            if blank.size:
                end = start + int(blank[0])
                space = int(np.argmax(flags[end:])) if flags[end:].any() else len(flags) - end
                return end + min(MARGIN_PX, (space + 1) // 2)
        return min(start, len(self.near))


def _last_before_gap(flags: Flags, gap: float) -> int:
    """Rows up to the last ink before a gap; what comes before the first row counts as ink."""
    inked = np.flatnonzero(np.concatenate([[True], flags]))
    gaps = np.flatnonzero(np.diff(inked) > gap)
    return int(inked[gaps[0]] if gaps.size else inked[-1])


def _is_cell(ink: Flags, box: BoxPx, unit: float) -> bool:
    """Whether a box stands alone in its line."""
    x0, y0, x1, y1 = (int(value) for value in box)
    gap = int(ISOLATED * unit)
    if x1 - x0 > CELL * unit:
        return False
    sides = (ink[y0:y1, max(0, x0 - gap) : max(0, x0 - 1)], ink[y0:y1, x1 + 2 : x1 + gap])
    return all(np.count_nonzero(side) <= SPECKS_PX for side in sides)


def _sides(ink: Flags, rows: Sequence[tuple[int, int]], x0: int, x1: int) -> tuple[int, int]:
    """Left and right edge of what is inked in some rows, and of the boxes."""
    width = ink.shape[1]
    columns = sum(ink[top:bottom].sum(axis=0) for top, bottom in rows)
    inked = np.flatnonzero(columns > SPECKS_PX)
    left, right = (min(x0, int(inked[0])), max(x1, int(inked[-1]) + 1)) if inked.size else (x0, x1)
    missing = max(MARGIN_PX, (LEAST_WIDTH_PX - (right - left)) // 2)
    return max(0, left - missing), min(width, right + missing)


def _line_height(boxes: Sequence[BoxPx]) -> float:
    """Height of a line, taken to be that of the middle box; of two, the lower, since the other may be a bar of a chart."""
    return max(8.0, median_low(box[3] - box[1] for box in boxes))
