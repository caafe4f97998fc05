"""How the lines of a stranger's picture stand to each other: in which order they are read, which of them run across two columns, and which
regions hold just some of them. The verifier has its own ways, in `images_proof_layout`.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from schemas.geometry import area, clip_box
from schemas.sample import BoxPx

COLUMN_WIDTH = 11.0
"""Heights of a line from which it may be one of a column of text, if others stand beside it (chosen: some twenty letters). Shorter ones may
be cells of a table or labels and values of a form, which people read in rows or in columns."""
COLUMN_GAP = 0.4
"""Heights of a line below which the gap to the next one must lie in a column of text (chosen: cells of tables stand wider apart)."""
WHOLE = 0.95
"""Share of a line's box that must lie in a region for the line to be in it."""
LOOSE = 0.2
"""Share of the height of a line's box, above and below, that is not sure to hold its ink: a region may reach into it."""
BLANK = 20.0
"""Grey levels in a channel by which a place that shows nothing may vary (chosen, below what the verifier allows)."""
GUTTERS = ((1.2, 1), (0.8, 3))
"""Width of a gap inside a line, in its heights, and rows of text that it must part, straight through, to part columns (chosen)."""
NARROW_GUTTER = (0.25, 5)
"""The same where words have spaces between them (chosen: these are 0.2 wide, up to 0.5 in justified lines, and seldom stand below each
other in five lines; Chinese and Japanese characters often do)."""
PART = 2.0
"""Heights of a line that its parts on both sides of a gutter must have: the number of an item is no column."""
REACH = 1.5
"""Heights of a line, left and right of a gutter, within which there is text."""


def reading_order(boxes: Sequence[BoxPx]) -> list[int]:
    """Indices of boxes as they are read, by a recursive X-Y cut (Nagy, Seth and Viswanathan 1992): the boxes are cut in two between
    columns, or else at the widest gap; what cannot be cut goes by rows.
    """
    return _cut(boxes, list(range(len(boxes))))


def has_plain_order(boxes: Sequence[BoxPx]) -> bool:
    """Whether nobody would read boxes in another order: they can be cut apart in one way only, and those that stand in a row are lines of
    columns of text, long and close to the next.
    """
    return _is_cut_plainly(boxes, list(range(len(boxes)))) and all(_is_column_line(box, boxes) for box in boxes if _has_beside(box, boxes))


def _has_beside(box: BoxPx, boxes: Sequence[BoxPx]) -> bool:
    centre = (box[1] + box[3]) / 2
    for other in boxes:
        apart = other[2] - box[0] < 0.2 * (other[2] - other[0]) or box[2] - other[0] < 0.2 * (other[2] - other[0])
        apart = apart or box[2] - other[0] < 0.2 * (box[2] - box[0]) or other[2] - box[0] < 0.2 * (box[2] - box[0])
        if apart and (other[1] <= centre <= other[3] or box[1] <= (other[1] + other[3]) / 2 <= box[3]):
            return True
    return False


def _is_column_line(box: BoxPx, boxes: Sequence[BoxPx]) -> bool:
    height = box[3] - box[1]
    if box[2] - box[0] < COLUMN_WIDTH * height:
        return False
    stacked = (other for other in boxes if other != box and min(box[2], other[2]) - max(box[0], other[0]) > height)
    return any(max(other[1] - box[3], box[1] - other[3]) <= COLUMN_GAP * height for other in stacked)


def _cut(boxes: Sequence[BoxPx], some: list[int]) -> list[int]:
    if len(some) < 2:
        return some
    behind, _ = _where_to_cut(boxes, some)
    if not behind:
        return sorted(some, key=lambda i: (boxes[i][1] + boxes[i][3], boxes[i][0]))
    return [*_cut(boxes, [i for i in some if i not in behind]), *_cut(boxes, [i for i in some if i in behind])]


def _is_cut_plainly(boxes: Sequence[BoxPx], some: list[int]) -> bool:
    """Whether boxes can be cut apart, and each cut is the only one that people would make."""
    if len(some) < 2:
        return True
    behind, plainly = _where_to_cut(boxes, some)
    return plainly and all(_is_cut_plainly(boxes, [i for i in some if (i in behind) == side]) for side in (False, True))


def _where_to_cut(boxes: Sequence[BoxPx], some: Sequence[int]) -> tuple[frozenset[int], bool]:
    """What is read after the rest, nothing if boxes cannot be cut; and whether that is plain: not where a gap that is no mere space between
    lines goes through all columns, and is as wide as what parts these.
    """
    (gap, below), (across, right) = _gaps(boxes, some)
    if across > 0 and gap <= (COLUMN_GAP + 0.5) * median(boxes[i][3] - boxes[i][1] for i in some):
        return right, True
    return (below if gap >= across else right), bool(below or right) and not gap >= across > 0


def _gaps(boxes: Sequence[BoxPx], some: Sequence[int]) -> tuple[tuple[float, frozenset[int]], tuple[float, frozenset[int]]]:
    """The widest gap between rows, and what lies below it; the widest between columns, and what lies to its right."""
    # A slanted line's upright box reaches into the lines beside it: half of its height stands for it.
    tall = [(boxes[i][1] + (boxes[i][3] - boxes[i][1]) / 4, boxes[i][3] - (boxes[i][3] - boxes[i][1]) / 4, i) for i in some]
    return _widest_gap(tall), _widest_gap([(boxes[i][0], boxes[i][2], i) for i in some])


def _widest_gap(spans: Sequence[tuple[float, float, int]]) -> tuple[float, frozenset[int]]:
    """The widest gap between spans along one axis, and the indices of what lies behind it."""
    widest, behind = 0.0, frozenset[int]()
    ordered = sorted(spans)
    end = ordered[0][1]
    for number, (start, stop, _) in enumerate(ordered):
        if number and start - end > widest:
            widest, behind = start - end, frozenset(i for _, _, i in ordered[number:])
        end = max(end, stop)
    return widest, behind


def across_columns(grey: NDArray[np.uint8], boxes: Sequence[BoxPx], *, spaced: bool) -> list[bool]:
    """Which boxes hold words of two columns, as a detector takes them for one line where the gutter is narrow.

    Args:
        grey: The picture, (height, width).
        boxes: Of lines, in whole pixels.
        spaced: Whether the language has spaces between its words.
    """
    gutters = (*GUTTERS, NARROW_GUTTER) if spaced else GUTTERS
    ink = np.zeros(grey.shape, bool)
    for box in boxes:
        x0, y0, x1, y1 = map(int, box)
        ink[y0:y1, x0:x1] |= _ink(grey[y0:y1, x0:x1])
    return [any(_is_gutter(ink, box, gap, boxes, gutters) for gap in _inner_gaps(ink, box, gutters[-1][0])) for box in boxes]


def _ink(part: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """What stands out of the ground of a line, which is its commonest tone."""
    if not part.size:
        return np.zeros(part.shape, bool)
    away = np.abs(part.astype(np.int16) - int(np.median(part)))
    return np.asarray(away > max(BLANK, 0.35 * float(np.percentile(away, 99))))


def _core(box: BoxPx) -> tuple[int, int]:
    """Rows of a line without those that descenders of its neighbours reach into."""
    margin = LOOSE * (box[3] - box[1])
    return round(box[1] + margin), round(box[3] - margin)


def _inner_gaps(ink: NDArray[np.bool_], box: BoxPx, narrowest: float) -> list[tuple[int, int]]:
    """Stretches without ink inside of a line, at least `narrowest` of its height wide, with parts of it left and right."""
    top, bottom = _core(box)
    filled = np.flatnonzero(ink[top:bottom, int(box[0]) : int(box[2])].any(axis=0)) + int(box[0])
    height = box[3] - box[1]
    gaps = [(int(a) + 1, int(b)) for a, b in pairwise(filled) if b - a - 1 >= narrowest * height]
    return [gap for gap in gaps if gap[0] - filled[0] >= PART * height and filled[-1] - gap[1] >= PART * height]


def _is_gutter(
    ink: NDArray[np.bool_], box: BoxPx, gap: tuple[int, int], boxes: Sequence[BoxPx], gutters: Sequence[tuple[float, int]]
) -> bool:
    """Whether a gap in a line parts as many rows of text as its width asks for, straight through them all."""
    height = box[3] - box[1]
    rows = sorted({_core(other) for other in boxes if other[0] < gap[1] + REACH * height and other[2] > gap[0] - REACH * height})
    mine = rows.index(_core(box))
    for width, count in gutters:
        if gap[1] - gap[0] >= width * height:
            up = _parted(ink, rows[mine - 1 :: -1] if mine else [], gap, width * height, REACH * height)
            down = _parted(ink, rows[mine + 1 :], gap, width * height, REACH * height)
            if 1 + up + down >= count:
                return True
    return False


def _parted(ink: NDArray[np.bool_], rows: Sequence[tuple[int, int]], gap: tuple[int, int], least: float, reach: float) -> int:
    """How many of the rows that follow a gap leave `least` pixels of it free and have text on both sides of that."""
    start, end = gap
    count, last = 0, -1
    for top, bottom in rows:
        filled = np.flatnonzero(ink[top:bottom, start:end].any(axis=0)) + start
        edges = [start - 1, *map(int, filled), end]
        start, end = max(((a + 1, b) for a, b in pairwise(edges)), key=lambda free: free[1] - free[0])
        if end - start < least:
            break
        left, right = ink[top:bottom, max(0, int(start - reach)) : start], ink[top:bottom, end : int(end + reach)]
        if left.any() and right.any() and not (last >= 0 and top <= last <= bottom):
            count, last = count + 1, (top + bottom) // 2
    return count


def holds_just(region: BoxPx, inside: Sequence[BoxPx], others: Sequence[BoxPx]) -> bool:
    """Whether a region holds some boxes whole, and nothing of others but their loose edges."""
    if any(area(clip_box(box, region)) < WHOLE * area(box) for box in inside):
        return False
    for x0, y0, x1, y1 in others:
        edge = LOOSE * (y1 - y0)
        if x0 < region[2] and x1 > region[0] and y0 + edge < region[3] and y1 - edge > region[1]:
            return False
    return True


def is_blank(pixels: NDArray[np.uint8], region: BoxPx, texts: Sequence[BoxPx]) -> bool:
    """Whether a region of a picture, (height, width, 3), shows nothing, and is a line's height and more away from all text."""
    x0, y0, x1, y1 = map(round, region)
    if any(x0 < b[2] and x1 > b[0] and y0 < 2.1 * b[3] - 1.1 * b[1] and y1 > 2.1 * b[1] - 1.1 * b[3] for b in texts):
        return False
    part = pixels[y0:y1, x0:x1].reshape(-1, 3).astype(np.float64)
    return bool(len(part)) and bool(np.ptp(np.quantile(part, (0.005, 0.995), axis=0), axis=0).max() <= BLANK)
