"""Finds ruled tables on a real page from its drawn lines, where every cell has a frame; anything else that looks like a table is reported
as unsafe.

Lines are axis-parallel strokes and thin or outlined rectangles, in points from the top left of the page. What stands in the cells is
someone else's matter.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import pymupdf

from synth.documents.blocks import BoxPt
from synth.documents.real_structure import HEAD_SHARE

Segment: TypeAlias = tuple[float, float, float]
"""(position, start, end): of a horizontal line y, x0, x1; of a vertical one x, y0, y1."""

TOUCH_PT = 1.5
"""Ends this near to each other meet (chosen)."""

MIN_LINE_PT = 8.0
"""Shorter strokes are glyph parts or ticks."""

MIN_RULE_PT = 100.0
"""Loose horizontal rules from this width may be a table without frames."""


class UnsafePage(Exception):
    """Why the layout of a page cannot be read safely."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A ruled table: the positions of its vertical and horizontal lines, in order."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]

    @property
    def box_pt(self) -> BoxPt:
        """The frame."""
        return self.xs[0], self.ys[0], self.xs[-1], self.ys[-1]

    def cells(self) -> list[list[BoxPt]]:
        """Boxes of the cells by rows."""
        rows, columns = list(pairwise(self.ys)), list(pairwise(self.xs))
        return [[(left, top, right, bottom) for left, right in columns] for top, bottom in rows]


def find_grids(page: pymupdf.Page) -> list[Grid]:
    """The ruled tables of a page, from top to bottom. Frames around text (one row and one column) are not tables.

    Raises:
        UnsafePage: A table has merged cells, or horizontal rules stand alone as in a table without frames.
    """
    across, down = _segments(page)
    grids: list[Grid] = []
    loose = 0
    for rows, columns in _connected(across, down):
        xs, ys = _positions(columns), _positions(rows)
        if len(xs) < 2 or len(ys) < 2:
            loose += sum(end - start >= MIN_RULE_PT and _in_body(y, page) for y, start, end in rows)
        elif len(xs) > 2 and len(ys) > 2:
            if not _framed(xs, ys, rows, columns):
                raise UnsafePage("a table with merged cells")
            grids.append(Grid(xs, ys))
        elif len(xs) > 2 or len(ys) > 2:
            raise UnsafePage("a frame with parts, which may be a table")
    if loose > 1:
        raise UnsafePage("rules without frames, which may be a table")
    return sorted(grids, key=lambda grid: grid.ys[0])


def _in_body(y: float, page: pymupdf.Page) -> bool:
    height = page.rect.height
    return bool(height * HEAD_SHARE < y < height * (1 - HEAD_SHARE))


def _segments(page: pymupdf.Page) -> tuple[list[Segment], list[Segment]]:
    across: list[Segment] = []
    down: list[Segment] = []
    for drawing in page.get_cdrawings():
        for x0, y0, x1, y1 in _strokes(drawing):
            if abs(y1 - y0) <= TOUCH_PT and abs(x1 - x0) >= MIN_LINE_PT:
                across.append(((y0 + y1) / 2, min(x0, x1), max(x0, x1)))
            elif abs(x1 - x0) <= TOUCH_PT and abs(y1 - y0) >= MIN_LINE_PT:
                down.append(((x0 + x1) / 2, min(y0, y1), max(y0, y1)))
    return across, down


def _strokes(drawing: dict[str, Any]) -> Iterator[BoxPt]:
    """The lines of a drawing; of rectangles that are stroked and not thin, the four sides. Filled areas are no lines."""
    for item in drawing["items"]:
        if item[0] == "l":
            yield (*item[1], *item[2])
        elif item[0] == "re":
            x0, y0, x1, y1 = item[1]
            if min(abs(x1 - x0), abs(y1 - y0)) <= TOUCH_PT:
                yield x0, y0, x1, y1
            elif "s" in drawing["type"]:
                yield from ((x0, y0, x1, y0), (x0, y1, x1, y1), (x0, y0, x0, y1), (x1, y0, x1, y1))


def _connected(across: Sequence[Segment], down: Sequence[Segment]) -> Iterator[tuple[list[Segment], list[Segment]]]:
    """Groups of lines that hang together, each as (horizontal, vertical)."""
    rest = [(True, line) for line in across] + [(False, line) for line in down]
    while rest:
        group, rest = [rest[0]], rest[1:]
        for member in group:  # grows while it is walked through
            touching = [other for other in rest if _touch(member, other)]
            group.extend(touching)
            rest = [other for other in rest if other not in touching]
        yield [line for flat, line in group if flat], [line for flat, line in group if not flat]


def _touch(one: tuple[bool, Segment], two: tuple[bool, Segment]) -> bool:
    (flat, (at, start, end)), (other_flat, (other_at, other_start, other_end)) = one, two
    if flat == other_flat:
        return abs(at - other_at) <= TOUCH_PT and start - TOUCH_PT <= other_end and other_start - TOUCH_PT <= end
    return start - TOUCH_PT <= other_at <= end + TOUCH_PT and other_start - TOUCH_PT <= at <= other_end + TOUCH_PT


def _positions(lines: Sequence[Segment]) -> tuple[float, ...]:
    """Where lines stand, those closer than they can be told apart counted once."""
    found: list[float] = []
    for at, _, _ in sorted(lines):
        if not found or at - found[-1] > TOUCH_PT:
            found.append(at)
    return tuple(found)


def _framed(xs: Sequence[float], ys: Sequence[float], rows: Sequence[Segment], columns: Sequence[Segment]) -> bool:
    """Whether each side of each cell is drawn."""
    flat = all(_drawn(rows, y, (x0 + x1) / 2) for y in ys for x0, x1 in pairwise(xs))
    return flat and all(_drawn(columns, x, (y0 + y1) / 2) for x in xs for y0, y1 in pairwise(ys))


def _drawn(lines: Sequence[Segment], at: float, middle: float) -> bool:
    return any(abs(at - position) <= TOUCH_PT and start <= middle <= end for position, start, end in lines)
