"""Columns of a page: its rows cut into bands of one, two or three equal columns.

A band of columns is a stretch of rows that leave the strips between equal columns white, drawn column by column and not row by row as
tables are. Where the margins lie is not known, so several places of the strips are tried, and the one that holds most rows counts. Nothing
here knows how the page was made.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, groupby, pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from synth.documents.reading_words import Word

CORRIDOR_PT = 8.0
"""A strip between columns is at least this wide (chosen: word spaces reach 6 pt in justified small type, column gaps begin at 18 pt)."""

EARLY_ENDS_PT = (0, 5, 10, 15, 20, 25, 30, 40, 50, 60)
"""How much before the margin the text of a page may end, tried in this order: steps of less than the slack of an 8 pt strip in an 18 pt
gap.
"""

MARGIN_SLACKS_PT = (0, 8, -8, 16, -16, 24, -24, 36, -36)
"""On a page with little text the margin is guessed from the one opposite, give or take this much."""

MIN_SIDE_BY_SIDE = 1.3
"""Columns stand side by side over at least this many usual word heights: more than one line (a balanced paragraph may have but two)."""

BLOCK_GAP_PITCHES = 1.4
MAX_BLOCKS = 9
"""White of more than this many row pitches may part a table from columns above or below it; the widest few are tried (chosen)."""

MIN_REACH = 0.1
"""Some line of a column covers this share of a column's width (chosen)."""

Edges: TypeAlias = tuple[float, ...]
"""The x, in points, of the middles of the strips between columns; none for one column."""

Part: TypeAlias = tuple[int, int, Edges]
"""Rows start to stop (exclusive) of a page, and the edges of their columns."""


@dataclass(frozen=True, slots=True)
class Band:
    """Neighbouring rows that have the same columns; `edges` are the x of the strips between these, none for one column."""

    rows: tuple[tuple[Word, ...], ...]
    edges: Edges

    def columns(self) -> tuple[tuple[float, float], ...]:
        """(left, right) of each column from left to right; the outer ones are open."""
        borders = (float("-inf"), *self.edges, float("inf"))
        return tuple(pairwise(borders))


def bands_of(rows: Sequence[Sequence[Word]], page_width_pt: float, *, rtl: bool) -> tuple[Band, ...]:
    """The page cut into bands of three, two and one columns, top to bottom."""
    if not rows:
        return ()
    page = _Rows(tuple(map(tuple, rows)), page_width_pt, rtl)
    places = _strips(page, 3), _strips(page, 2)
    three, two = (_best_cut(strips, 0, len(rows)) for strips in places)
    first, others = (three, places[1]) if _outweighs(page, three, two) else (two, places[0])
    parts: list[Part] = []
    for start, stop, edges in first.parts:
        parts += [(start, stop, edges)] if edges else _best_cut(others, start, stop).parts
    return tuple(Band(page.rows[start:stop], edges) for start, stop, edges in parts)


def _outweighs(page: "_Rows", three: "_Cut", two: "_Cut") -> bool:
    """Whether three columns are to be tried before two.

    Rows of two columns may happen to leave thirds white, but then two columns hold them as well; rows of three columns cross the middle.
    Where a page has both, those of which more rows fit no other columns come first: a few lines of one column leave thirds white too.
    """
    if not three.fills_all(page) or three.held >= two.held:
        return three.held >= two.held
    alone = len(three.columned - two.columned)
    return alone >= 0.25 * three.held and alone >= len(two.columned - three.columned)


@dataclass(frozen=True)
class _Rows:
    """The rows of a page, and of all their words, row after row, what the search for columns compares."""

    rows: tuple[tuple[Word, ...], ...]
    width_pt: float
    rtl: bool
    # Strips tried at several places often part the same rows alike: what `cuts` and `_Strips.are_columns` found.
    found_cuts: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    found_columns: dict[tuple[int, int, bytes], bool] = field(default_factory=dict)

    @cached_property
    def boxes(self) -> NDArray[np.float64]:
        """Left, top, right and foot of all words, shape (4, words)."""
        return np.array([word.box_pt for row in self.rows for word in row]).T

    @cached_property
    def starts(self) -> list[int]:
        """Number of the first word of every row, then the number of words."""
        return list(accumulate(map(len, self.rows), initial=0))

    def words(self, start: int, stop: int) -> slice:
        """The words of rows start to stop."""
        return slice(self.starts[start], self.starts[stop])

    @cached_property
    def drawn(self) -> NDArray[np.int64]:
        """Position of all words in the page's content."""
        return np.array([word.drawn for row in self.rows for word in row])

    @cached_property
    def left(self) -> float:
        """Where the text begins."""
        return float(self.boxes[0].min())

    @cached_property
    def right(self) -> float:
        """Where the text ends."""
        return float(self.boxes[2].max())

    def edges(self, count: int) -> Iterator[Edges]:
        """The places of `count` equal columns: for every distance before its margin it may end, then between equal margins."""
        symmetric = (self.width_pt - self.right) - self.left
        missing = -symmetric if self.rtl else symmetric
        guessed = (missing + slack for slack in MARGIN_SLACKS_PT if missing + slack > EARLY_ENDS_PT[-1])
        for early in (*EARLY_ENDS_PT, *guessed):  # the last column is ragged, or the page holds little
            width = (self.right - self.left + early) / count
            yield tuple((self.left - early * self.rtl) + width * number for number in range(1, count))
        # Narrow tables, centred in their columns, reach neither margin: these are then alike, at most as wide as the narrower white.
        margin = min(self.left, self.width_pt - self.right)
        yield tuple(margin + (self.width_pt - 2 * margin) / count * number for number in range(1, count))

    @cached_property
    def middles_pt(self) -> list[float]:
        """The mean y of the words of every row."""
        return [sum(word.middle_pt[1] for word in row) / len(row) for row in self.rows]

    def cuts(self, start: int, stop: int) -> list[int]:
        """Where rows are cut at white lines into at most `MAX_BLOCKS` parts, at the widest of them; begins with start, ends with stop."""
        if (start, stop) not in self.found_cuts:
            self.found_cuts[start, stop] = self._find_cuts(start, stop)
        return self.found_cuts[start, stop]

    def _find_cuts(self, start: int, stop: int) -> list[int]:
        gaps = sorted(((self.middles_pt[row] - self.middles_pt[row - 1], row) for row in range(start + 1, stop)), reverse=True)
        usual = gaps[len(gaps) // 2][0] if gaps else 0.0
        return [start, *sorted(row for gap, row in gaps[: MAX_BLOCKS - 1] if gap > BLOCK_GAP_PITCHES * usual), stop]


@dataclass(frozen=True)
class _Strips:
    """The strips around the edges between equal columns, tried at one place.

    Attributes:
        page: The rows they are tried on.
        edges: Middles of the strips.
        white: Whether a row keeps the strips white, told from whole points, shape (rows).
        open: The same told exactly, for every row.
        sides: How many edges lie left of the middle of a word, shape (words).
        lowest: The least of these in every row.
        highest: The largest of these in every row.
    """

    page: _Rows
    edges: Edges
    white: NDArray[np.bool_]
    open: list[bool]
    sides: NDArray[np.int8]
    lowest: list[int]
    highest: list[int]

    def parts(self, start: int, stop: int) -> list[Part]:
        """Rows start to stop with their stretches of columns made parts of their own."""
        parts: list[Part] = []
        for first, last, columned in self._stretches(start, stop):
            if columned:
                parts.append((first, last, self.edges))
            elif parts and not parts[-1][2]:
                parts[-1] = (parts[-1][0], last, ())
            else:
                parts.append((first, last, ()))
        return parts

    def _stretches(self, start: int, stop: int) -> Iterator[tuple[int, int, bool]]:
        """Rows in stretches (start, stop, whether they are columns), those that are as long as can be."""
        for is_open, group in groupby(range(start, stop), key=self.open.__getitem__):
            numbers = list(group)
            first, last = numbers[0], numbers[-1] + 1
            if is_open and self._used(first, last):
                yield from self._columned(first, last)
            else:
                yield first, last, False

    def _columned(self, start: int, stop: int) -> Iterator[tuple[int, int, bool]]:
        """Rows that leave the edges white, cut at white lines into the longest stretches that are columns, and the rest."""
        cuts = self.page.cuts(start, stop)
        at = 0
        while at < len(cuts) - 1:
            end = len(cuts) - 1
            while end > at and not self.are_columns(cuts[at], cuts[end]):
                end -= 1
            yield cuts[at], cuts[max(end, at + 1)], end > at
            at = max(end, at + 1)

    def _used(self, start: int, stop: int) -> int:
        """How many edges have text on both sides in rows that leave them white."""
        return max(self.highest[start:stop]) - min(self.lowest[start:stop])

    def are_columns(self, start: int, stop: int) -> bool:
        """Whether rows that leave the edges white are columns and not a table: text on both sides of each edge, drawn one side after the
        other.

        The columns read last may be empty.
        """
        used = self._used(start, stop)
        if not used:
            return False
        first = min(self.lowest[start:stop])
        edges = range(first, first + used)
        found, parted = self.page.found_columns, (start, stop, self.sides[self.page.words(start, stop)].tobytes())
        if parted not in found:
            found[parted] = self._turns(start, stop) == used and all(self._side_by_side(start, stop, edge) for edge in edges)
        return found[parted] and self._reaches(start, stop, [self.edges[edge] for edge in edges])

    def _turns(self, start: int, stop: int) -> int:
        """How often the text goes over to another column in the order it is drawn."""
        words = self.page.words(start, stop)
        drawn = np.sort(4 * self.page.drawn[words] + self.sides[words]) & 3
        return int(np.count_nonzero(drawn[1:] != drawn[:-1]))

    def _side_by_side(self, start: int, stop: int, edge: int) -> bool:
        """Whether text stands on both sides of an edge over more than one line, or several lines above and below a single one."""
        words = self.page.words(start, stop)
        _, tops, _, feet = self.page.boxes[:, words]
        is_left = self.sides[words] <= edge
        (top, other_top), (foot, other_foot) = ((side(y[is_left]), side(y[~is_left])) for y, side in ((tops, np.min), (feet, np.max)))
        heights = np.sort(feet - tops)
        height = (heights[(len(heights) - 1) // 2] + heights[len(heights) // 2]) / 2
        if min(foot, other_foot) - max(top, other_top) >= MIN_SIDE_BY_SIDE * height:
            return True
        # A picture's caption may be all the text of a column.
        return bool(abs(other_top - top) > 2 * height and abs(foot - other_foot) > 2 * height)

    def _reaches(self, start: int, stop: int, edges: Sequence[float]) -> bool:
        """Whether every column has a line that covers a tenth of it: the page numbers of a contents list are no column."""
        rows = self.page.rows[start:stop]
        borders = (min(row[0].box_pt[0] for row in rows), *edges, max(row[-1].box_pt[2] for row in rows))
        for left, right in pairwise(borders):
            widest = max(sum(word.box_pt[2] - word.box_pt[0] for word in row if left <= word.middle_pt[0] <= right) for row in rows)
            if widest < MIN_REACH * (borders[1] - borders[0]):
                return False
        return True


def _strips(page: _Rows, count: int) -> list[_Strips]:
    """The strips between `count` columns at every place that is tried."""
    places = list(page.edges(count))
    edges = np.array(places)[:, :, None]
    left, _, right, _ = page.boxes
    crossing = ((left < edges + CORRIDOR_PT / 2) & (right > edges - CORRIDOR_PT / 2)).any(axis=1)
    sides = ((left + right) / 2 > edges).sum(axis=1, dtype=np.int8)
    inside = (edges >= page.left) & (edges - page.left < int(page.right - page.left) + 2)
    points = (edges - page.left).astype(int)
    covered = (left - page.left - CORRIDOR_PT / 2).astype(int) <= points
    covered &= points <= (right - page.left + CORRIDOR_PT / 2).astype(int)
    first = page.starts[:-1]
    white = inside.any(axis=1) & ~np.logical_or.reduceat((covered & inside).any(axis=1), first, axis=1)
    is_open = ~np.logical_or.reduceat(crossing, first, axis=1)
    lowest, highest = np.minimum.reduceat(sides, first, axis=1), np.maximum.reduceat(sides, first, axis=1)
    columns = (places, white, is_open.tolist(), sides, lowest.tolist(), highest.tolist())
    return [_Strips(page, *strips) for strips in zip(*columns, strict=True)]


@dataclass(frozen=True, slots=True)
class _Cut:
    """Rows cut into parts of one column and of several."""

    parts: list[Part]

    @property
    def columned(self) -> frozenset[int]:
        """The rows that columns hold."""
        return frozenset(row for start, stop, edges in self.parts if edges for row in range(start, stop))

    @property
    def held(self) -> int:
        """How many rows columns hold."""
        return sum(stop - start for start, stop, edges in self.parts if edges)

    def fills_all(self, page: _Rows) -> bool:
        """Whether some part has text in its last column."""
        return any(edges and max(row[-1].box_pt[2] for row in page.rows[start:stop]) > edges[-1] for start, stop, edges in self.parts)


def _best_cut(places: Sequence[_Strips], start: int, stop: int) -> _Cut:
    """Rows start to stop cut at the strips that hold most of them, the first of several alike."""
    best, held = _Cut([(start, stop, ())]), 0
    for strips in places:
        if np.count_nonzero(strips.white[start:stop]) > held:
            cut = _Cut(strips.parts(start, stop))
            if cut.held > held:
                best, held = cut, cut.held
    return best
