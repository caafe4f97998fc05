"""Words of a page put into lines in reading order: rows by height, columns by corridors of white, right to left where the page is.

A page is cut into bands of one, two or three equal columns: a band of columns is a stretch of rows that leave the strips between equal columns white and
fill them as running text does. Every band is read column by column. Nothing here knows how the page was made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from synth.documents.reading_words import BoxPt, Word, mostly_rtl

CORRIDOR_PT = 8.0
"""A strip between columns is at least this wide (chosen: word spaces reach 6 pt in justified small type, column gaps begin at 18 pt)."""

EDGE_SLACK_PT = 24.0
"""Strips are looked for this far from where equal columns would have them (chosen: a ragged last column ends that much early)."""

MIN_SHARED_ROWS = 2
"""Columns need this many rows with text on both sides of the strip: a balanced paragraph may be no higher."""

MIN_FILL = 0.6
"""Running text fills this share of its column in most rows, table cells do not (chosen)."""


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
        return tuple(zip(borders[:-1], borders[1:], strict=True))


def bands_of(rows: Sequence[Sequence[Word]]) -> tuple[Band, ...]:
    """The page cut into bands of three, two and one columns, top to bottom."""
    words = [word for row in rows for word in row]
    if not words:
        return ()
    left, right = min(word.box_pt[0] for word in words), max(word.box_pt[2] for word in words)
    bands = [Band(tuple(map(tuple, rows)), ())]
    crossings = _crossings(rows, left, right)
    for count in (3, 2):
        edges = tuple(left + _whitest(crossings, (right - left) * number / count) for number in range(1, count))
        bands = [part for band in bands for part in (_cut(band, edges, (right - left) / count) if not band.edges else [band])]
    return tuple(bands)


def _crossings(rows: Sequence[Sequence[Word]], left: float, right: float) -> NDArray[np.int64]:
    """For every whole point from `left` on, how many rows have a word within half a strip of it."""
    width = int(right - left) + 2
    total = np.zeros(width, dtype=np.int64)
    for row in rows:
        covered = np.zeros(width, dtype=bool)
        for word in row:
            covered[max(0, int(word.box_pt[0] - left - CORRIDOR_PT / 2)) : int(word.box_pt[2] - left + CORRIDOR_PT / 2) + 1] = True
        total += covered
    return total


def _whitest(crossings: NDArray[np.int64], near: float) -> float:
    """The middle of the place around `near` that fewest rows cross: ragged lines move the middle between columns."""
    first = max(0, int(near - EDGE_SLACK_PT))
    window = crossings[first : int(near + EDGE_SLACK_PT) + 1]
    whitest = np.flatnonzero(window == window.min(initial=len(crossings)))
    runs = np.split(whitest, np.flatnonzero(np.diff(whitest) > 1) + 1)
    best = max(runs, key=len)
    return first + float(best[0] + best[-1]) / 2 if len(best) else near


def _cut(band: Band, edges: tuple[float, ...], width: float) -> list[Band]:
    """The band with its stretches of columns made bands of their own."""
    parts: list[Band] = []
    for open_strip, group in groupby(band.rows, key=lambda row: not any(crosses(row, edge) for edge in edges)):
        rows = tuple(group)
        columned = open_strip and _are_columns(rows, edges, width)
        if parts and not columned and not parts[-1].edges:
            parts[-1] = Band(parts[-1].rows + rows, ())
        else:
            parts.append(Band(rows, edges if columned else ()))
    return parts


def _are_columns(rows: Sequence[Sequence[Word]], edges: Sequence[float], width: float) -> bool:
    """Whether rows are set in columns at the edges; the columns read last may be empty."""
    filled = [edge for edge in edges if min(row[0].box_pt[0] for row in rows) < edge < max(row[-1].box_pt[2] for row in rows)]
    return bool(filled) and all(_is_corridor(rows, edge, width) for edge in filled)


def crosses(row: Sequence[Word], edge: float) -> bool:
    """Whether a word of the row stands in the strip around `edge`."""
    return any(word.box_pt[0] < edge + CORRIDOR_PT / 2 and word.box_pt[2] > edge - CORRIDOR_PT / 2 for word in row)


def _is_corridor(rows: Sequence[Sequence[Word]], edge: float, width: float) -> bool:
    """Whether rows have text on both sides of a strip that fills its column as running text does."""
    shared = [row for row in rows if row[0].box_pt[0] < edge < row[-1].box_pt[2]]
    return len(shared) >= MIN_SHARED_ROWS and all(_fill(rows, edge, side * width) >= MIN_FILL for side in (-1, 1))


def _fill(rows: Sequence[Sequence[Word]], edge: float, reach: float) -> float:
    """Share of the column from `edge` to `edge + reach` that words and their spaces cover, in the fuller quarter of its rows."""
    left, right = min(edge, edge + reach), max(edge, edge + reach)
    widths = [sum(word.box_pt[2] - word.box_pt[0] + 0.25 * word.size_pt for word in row if left < word.middle_pt[0] < right) for row in rows]
    shares = sorted(width / (right - left) for width in widths if width)
    return shares[len(shares) * 3 // 4] if shares else 0.0


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
