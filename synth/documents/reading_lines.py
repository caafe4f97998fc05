"""Words of a page put into lines in reading order: rows by height, columns by corridors of white, right to left where the page is.

A page is cut into bands of one, two or three equal columns: a band of columns is a stretch of rows that leave the strips between
equal columns white, drawn column by column and not row by row as tables are. Every band is read column by column. Nothing here knows how
the page was made.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from synth.documents.reading_values import plain_digits
from synth.documents.reading_words import BoxPt, Word, mostly_rtl

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


@dataclass(frozen=True)
class Line:
    """Words of one line of one column, in reading order."""

    words: tuple[Word, ...]

    @cached_property
    def text(self) -> str:
        """Words joined by spaces, footnote marks left out."""
        return " ".join(word.text for word in self.words if not word.mark)

    @cached_property
    def folded(self) -> str:
        """The text without white space, with ASCII digits and no case."""
        return plain_digits("".join(self.text.split())).casefold()

    @cached_property
    def box_pt(self) -> BoxPt:
        """Bounding box."""
        return bounds([word.box_pt for word in self.words])

    @cached_property
    def size_pt(self) -> float:
        """Size of the largest type in the line."""
        return max(word.size_pt for word in self.words)

    @cached_property
    def bold(self) -> bool:
        """Whether every word is bold."""
        return all(word.bold for word in self.words)


def bounds(boxes: Sequence[BoxPt]) -> BoxPt:
    """The smallest box around all boxes."""
    return (min(box[0] for box in boxes), min(box[1] for box in boxes), max(box[2] for box in boxes), max(box[3] for box in boxes))


def rows_of(words: Sequence[Word]) -> list[list[Word]]:
    """Words grouped into rows by their heights, top to bottom, each row from left to right. Rotated words are left out."""
    rows: list[list[Word]] = []
    spans: list[tuple[float, float]] = []
    for word in sorted((word for word in words if word.upright), key=lambda item: (item.middle_pt[1], item.box_pt[0])):
        top, foot = word.box_pt[1], word.box_pt[3]
        if rows and min(foot, spans[-1][1]) - max(top, spans[-1][0]) > 0.5 * min(foot - top, spans[-1][1] - spans[-1][0]):
            rows[-1].append(word)
            if not word.mark:
                spans[-1] = (min(top, spans[-1][0]), max(foot, spans[-1][1])) if len(rows[-1]) < 3 else spans[-1]
        else:
            rows.append([word])
            spans.append((top, foot))
    return [sorted(row, key=lambda item: item.box_pt[0]) for row in rows]


@dataclass(frozen=True, slots=True)
class Band:
    """Neighbouring rows that have the same columns; `edges` are the x of the strips between these, none for one column."""

    rows: tuple[tuple[Word, ...], ...]
    edges: tuple[float, ...]

    def columns(self) -> tuple[tuple[float, float], ...]:
        """(left, right) of each column from left to right; the outer ones are open."""
        borders = (float("-inf"), *self.edges, float("inf"))
        return tuple(pairwise(borders))


def bands_of(rows: Sequence[Sequence[Word]], page_width_pt: float, *, rtl: bool) -> tuple[Band, ...]:
    """The page cut into bands of three, two and one columns, top to bottom."""
    words = [word for row in rows for word in row]
    if not words:
        return ()
    left, right = min(word.box_pt[0] for word in words), max(word.box_pt[2] for word in words)
    area = _Area(left, right, page_width_pt, rtl)
    whole = Band(tuple(map(tuple, rows)), ())
    three, two = (_best_cut(whole, area, count) for count in (3, 2))
    first, second = (three, two) if _outweighs(three, two) else (two, three)
    bands: list[Band] = []
    for band in first.parts:
        bands += [band] if band.edges else _best_cut(band, area, second.count).parts
    return tuple(bands)


def _outweighs(three: "_Cut", two: "_Cut") -> bool:
    """Whether three columns are to be tried before two.

    Rows of two columns may happen to leave thirds white, but then two columns hold them as well; rows of three columns cross the middle.
    """
    if not three.fills_all:
        return three.held >= two.held
    held = [{id(row) for part in cut.parts if part.edges for row in part.rows} for cut in (three, two)]
    return len(held[0] - held[1]) >= 0.25 * three.held or three.held >= two.held


@dataclass(frozen=True, slots=True)
class _Area:
    """Where the text of a page lies, the page's width, and its direction."""

    left: float
    right: float
    page_width: float
    rtl: bool

    def early_ends(self) -> Iterator[float]:
        """How much before its margin the text may end: the last column is ragged, or the page holds little."""
        yield from EARLY_ENDS_PT
        symmetric = (self.page_width - self.right) - self.left
        missing = -symmetric if self.rtl else symmetric
        yield from (missing + slack for slack in MARGIN_SLACKS_PT if missing + slack > EARLY_ENDS_PT[-1])


@dataclass(frozen=True, slots=True)
class _Cut:
    """A band cut into parts for `count` columns, which hold `held` rows."""

    count: int
    held: int
    parts: list[Band]

    @property
    def fills_all(self) -> bool:
        """Whether some part has text in its last column."""
        return any(part.edges and max(row[-1].box_pt[2] for row in part.rows) > part.edges[-1] for part in self.parts)


def _best_cut(band: Band, area: _Area, count: int) -> _Cut:
    """The band cut at the strips between `count` equal columns that hold most rows."""
    covered = _covered(band.rows, area.left, area.right)
    best = _Cut(count, 0, [band])
    for early in area.early_ends():
        width = (area.right - area.left + early) / count
        edges = tuple((area.left - early * area.rtl) + width * number for number in range(1, count))
        inside = [int(edge - area.left) for edge in edges if 0 <= edge - area.left < covered.shape[1]]
        if inside and int((~covered[:, inside].any(axis=1)).sum()) > best.held:
            parts = _cut(band, edges)
            held = sum(len(part.rows) for part in parts if part.edges)
            best = _Cut(count, held, parts) if held > best.held else best
    return best


def _covered(rows: Sequence[Sequence[Word]], left: float, right: float) -> NDArray[np.bool_]:
    """For every row and whole point from `left` on, whether a word stands within half a strip; shape (rows, points)."""
    covered = np.zeros((len(rows), int(right - left) + 2), dtype=bool)
    for number, row in enumerate(rows):
        for word in row:
            covered[number, max(0, int(word.box_pt[0] - left - CORRIDOR_PT / 2)) : int(word.box_pt[2] - left + CORRIDOR_PT / 2) + 1] = True
    return covered


def _cut(band: Band, edges: tuple[float, ...]) -> list[Band]:
    """The band with its stretches of columns made bands of their own."""
    parts: list[Band] = []
    for open_strip, group in groupby(band.rows, key=lambda row: not any(crosses(row, edge) for edge in edges)):
        rows = tuple(group)
        for stretch, columned in _columned(rows, edges) if open_strip else ((rows, False),):
            if parts and not columned and not parts[-1].edges:
                parts[-1] = Band(parts[-1].rows + stretch, ())
            else:
                parts.append(Band(stretch, edges if columned else ()))
    return parts


def _columned(rows: tuple[tuple[Word, ...], ...], edges: tuple[float, ...]) -> Iterator[tuple[tuple[tuple[Word, ...], ...], bool]]:
    """Rows that leave the edges white, cut at white lines into the longest stretches that are columns, and the rest."""
    blocks = [rows] if _are_columns(rows, edges) else _blocks(rows)
    start = 0
    while start < len(blocks):
        end = len(blocks)
        while end > start and not _are_columns(sum(blocks[start:end], ()), edges):
            end -= 1
        yield sum(blocks[start : max(end, start + 1)], ()), end > start
        start = max(end, start + 1)


def _blocks(rows: tuple[tuple[Word, ...], ...]) -> list[tuple[tuple[Word, ...], ...]]:
    """Rows cut at white lines, into at most `MAX_BLOCKS` parts at the widest of them."""
    middles = [sum(word.middle_pt[1] for word in row) / len(row) for row in rows]
    gaps = sorted(((below - above, index) for index, (above, below) in enumerate(pairwise(middles), start=1)), reverse=True)
    usual = gaps[len(gaps) // 2][0] if gaps else 0.0
    cuts = sorted(index for gap, index in gaps[: MAX_BLOCKS - 1] if gap > BLOCK_GAP_PITCHES * usual)
    return [rows[start:end] for start, end in pairwise([0, *cuts, len(rows)])]


def _are_columns(rows: Sequence[Sequence[Word]], edges: Sequence[float]) -> bool:
    """Whether rows that leave the edges white are columns and not a table: text on both sides of each edge, drawn one side after the other.

    The columns read last may be empty.
    """
    words = [word for row in rows for word in row]
    left, right = min(word.box_pt[0] for word in words), max(word.box_pt[2] for word in words)
    used = [edge for edge in edges if left < edge < right]
    if not used or not all(_side_by_side(words, edge) for edge in used):
        return False
    if not _reaches(rows, used):
        return False
    drawn = sorted((word.drawn, sum(word.middle_pt[0] > edge for edge in used)) for word in words)
    turns = sum(before != after for (_, before), (_, after) in pairwise(drawn))
    return turns == len(used)


def _side_by_side(words: Sequence[Word], edge: float) -> bool:
    """Whether text stands on both sides of an edge over more than one line, or several lines above and below a single one."""
    sides = [[word for word in words if (word.middle_pt[0] < edge) == is_left] for is_left in (True, False)]
    if not all(sides):
        return False
    (top, foot), (other_top, other_foot) = ((min(w.box_pt[1] for w in side), max(w.box_pt[3] for w in side)) for side in sides)
    height = median(word.box_pt[3] - word.box_pt[1] for word in words)
    if min(foot, other_foot) - max(top, other_top) >= MIN_SIDE_BY_SIDE * height:
        return True
    # A picture's caption may be all the text of a column.
    return max(other_top - top, top - other_top) > 2 * height and max(foot - other_foot, other_foot - foot) > 2 * height


def _reaches(rows: Sequence[Sequence[Word]], edges: Sequence[float]) -> bool:
    """Whether every column has a line that covers a tenth of it: the page numbers of a contents list are no column."""
    borders = (min(row[0].box_pt[0] for row in rows), *edges, max(row[-1].box_pt[2] for row in rows))
    for left, right in pairwise(borders):
        widest = max(
            (sum(word.box_pt[2] - word.box_pt[0] for word in row if left <= word.middle_pt[0] <= right) for row in rows), default=0.0
        )
        if widest < MIN_REACH * (borders[1] - borders[0]):
            return False
    return True


def crosses(row: Sequence[Word], edge: float) -> bool:
    """Whether a word of the row stands in the strip around `edge`."""
    return any(word.box_pt[0] < edge + CORRIDOR_PT / 2 and word.box_pt[2] > edge - CORRIDOR_PT / 2 for word in row)


def lines_of(bands: Sequence[Band], rtl: bool) -> tuple[Line, ...]:
    """All lines of a page in reading order, columns from the right where `rtl`."""
    lines: list[Line] = []
    for band in bands:
        for left, right in reversed(band.columns()) if rtl else band.columns():
            # A tall line of one column may chain two of another into one row of the page, so each column is cut into rows of its own.
            inside = [word for row in band.rows for word in row if left < word.middle_pt[0] <= right]
            lines += [_line(row) for row in (rows_of(inside) if band.edges else band.rows) if row]
    return tuple(lines)


def _line(row: Sequence[Word]) -> Line:
    """One line in reading order."""
    return Line(tuple(in_order(row)))


def in_order(row: Sequence[Word]) -> list[Word]:
    """Words of one row in reading order: `reading_words` numbers them so."""
    return sorted(row, key=lambda word: word.order)


def right_to_left(words: Sequence[Word]) -> bool:
    """Whether most letters run right to left; codes and numbers with Latin letters do not count."""
    return mostly_rtl("".join(word.text for word in words if not any(char.isdigit() for char in word.text)))
