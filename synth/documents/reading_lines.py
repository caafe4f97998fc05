"""Words of a page put into lines in reading order: rows by height, columns by corridors of white, right to left where the page is.

A page is cut into bands of one, two or three equal columns: a band of columns is a stretch of rows that leave the strips between
equal columns white, drawn column by column and not row by row as tables are. Every band is read column by column. Nothing here knows how the page was made.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from synth.documents.reading_words import BoxPt, Word, mostly_rtl

CORRIDOR_PT = 8.0
"""A strip between columns is at least this wide (chosen: word spaces reach 6 pt in justified small type, column gaps begin at 18 pt)."""

EARLY_ENDS_PT = (0, 5, 10, 15, 20, 25, 30, 40, 50, 60)
"""How much before the margin the text of a page may end, tried in this order: steps of less than the slack of an 8 pt strip in an 18 pt gap."""

MIN_SHARED_ROWS = 2
"""Columns need this many rows with text on both sides of the strip: a balanced paragraph may be no higher."""

MIN_REACH = 0.25
"""Some line of a column covers this share of a column's width (chosen)."""

MAX_TURNS = 0.34
"""How often, a row, the content may go from one column to another: columns are drawn one after the other, tables row by row (chosen)."""


@dataclass(frozen=True)
class Line:
    """Words of one line of one column, in reading order."""

    words: tuple[Word, ...]

    @cached_property
    def text(self) -> str:
        """Words joined by spaces, footnote marks left out."""
        return " ".join(word.text for word in self.words if not word.mark)

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


def bands_of(rows: Sequence[Sequence[Word]], *, rtl: bool) -> tuple[Band, ...]:
    """The page cut into bands of three, two and one columns, top to bottom."""
    bands = [Band(tuple(map(tuple, rows)), ())]
    words = [word for row in rows for word in row]
    if not words:
        return ()
    left, right = min(word.box_pt[0] for word in words), max(word.box_pt[2] for word in words)
    for count in (3, 2):
        bands = [part for band in bands for part in ([band] if band.edges else _best_cut(band, left, right, count, rtl))]
    return tuple(bands)


def _best_cut(band: Band, left: float, right: float, count: int, rtl: bool) -> list[Band]:
    """The band cut at the strips between `count` equal columns that hold most rows; the last column may end early, ragged or short as it is."""
    covered = _covered(band.rows, left, right)
    best: tuple[int, list[Band]] = (0, [band])
    for early in EARLY_ENDS_PT:
        width = (right - left + early) / count
        edges = tuple((left - early * rtl) + width * number for number in range(1, count))
        inside = [int(edge - left) for edge in edges if 0 <= edge - left < covered.shape[1]]
        if not inside or int((~covered[:, inside].any(axis=1)).sum()) <= best[0]:
            continue
        parts = _cut(band, edges)
        held = sum(len(part.rows) for part in parts if part.edges)
        if held > best[0]:
            best = (held, parts)
    return best[1]


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
        columned = open_strip and _are_columns(rows, edges)
        if parts and not columned and not parts[-1].edges:
            parts[-1] = Band(parts[-1].rows + rows, ())
        else:
            parts.append(Band(rows, edges if columned else ()))
    return parts


def _are_columns(rows: Sequence[Sequence[Word]], edges: Sequence[float]) -> bool:
    """Whether rows that leave the edges white are columns and not a table: text on both sides of each edge, drawn one side after the other.

    The columns read last may be empty.
    """
    left, right = min(row[0].box_pt[0] for row in rows), max(row[-1].box_pt[2] for row in rows)
    used = [edge for edge in edges if left < edge < right]
    shared = [sum(row[0].box_pt[0] < edge < row[-1].box_pt[2] for row in rows) for edge in used]
    if not used or min(shared) < MIN_SHARED_ROWS:
        return False
    if not _reaches(rows, used):
        return False
    drawn = sorted((word.drawn, sum(word.middle_pt[0] > edge for edge in used)) for row in rows for word in row)
    turns = sum(before != after for (_, before), (_, after) in pairwise(drawn))
    return turns <= max(2 * len(used), MAX_TURNS * min(shared))


def _reaches(rows: Sequence[Sequence[Word]], edges: Sequence[float]) -> bool:
    """Whether every column has a line that covers a quarter of it: the page numbers of a contents list are no column."""
    borders = (min(row[0].box_pt[0] for row in rows), *edges, max(row[-1].box_pt[2] for row in rows))
    for left, right in pairwise(borders):
        widest = max((sum(word.box_pt[2] - word.box_pt[0] for word in row if left <= word.middle_pt[0] <= right) for row in rows), default=0.0)
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
            inside = ([word for word in row if left < word.middle_pt[0] <= right] for row in band.rows)
            lines += [_line(row) for row in inside if row]
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
