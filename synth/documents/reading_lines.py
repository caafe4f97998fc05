"""Words of a page put into lines in reading order: rows by height, every band of columns read column by column, right to left where the
page is. Nothing here knows how the page was made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from synth.documents.reading_columns import Band
from synth.documents.reading_values import plain_digits
from synth.documents.reading_words import BoxPt, Word, mostly_rtl


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
    lefts, tops, rights, feet = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(feet)


def rows_of(words: Sequence[Word]) -> list[list[Word]]:
    """Words grouped into rows by their heights, top to bottom, each row from left to right. Rotated words are left out."""
    rows: list[list[Word]] = []
    row_top = row_foot = 0.0
    for word in sorted((word for word in words if word.upright), key=lambda item: (item.box_pt[1] + item.box_pt[3], item.box_pt[0])):
        _, top, _, foot = word.box_pt
        if rows and min(foot, row_foot) - max(top, row_top) > 0.5 * min(foot - top, row_foot - row_top):
            rows[-1].append(word)
            if len(rows[-1]) < 3 and not word.mark:
                row_top, row_foot = min(top, row_top), max(foot, row_foot)
        else:
            rows.append([word])
            row_top, row_foot = top, foot
    return [sorted(row, key=lambda item: item.box_pt[0]) for row in rows]


def lines_of(bands: Sequence[Band], rtl: bool) -> tuple[Line, ...]:
    """All lines of a page in reading order, columns from the right where `rtl`."""
    lines: list[Line] = []
    for band in bands:
        if not band.edges:
            lines += map(_line, band.rows)
            continue
        for left, right in reversed(band.columns()) if rtl else band.columns():
            # A tall line of one column may chain two of another into one row of the page, so each column is cut into rows of its own.
            lines += map(_line, rows_of([word for row in band.rows for word in row if left < word.middle_pt[0] <= right]))
    return tuple(lines)


def _line(row: Sequence[Word]) -> Line:
    """One line in reading order."""
    return Line(tuple(in_order(row)))


def in_order(row: Sequence[Word]) -> list[Word]:
    """Words of one row in reading order: `reading_words` numbers them so."""
    return sorted(row, key=lambda word: word.order)


def right_to_left(words: Sequence[Word]) -> bool:
    """Whether most letters run right to left; codes and numbers with Latin letters do not count."""
    digits = {char for char in set("".join(word.text for word in words)) if char.isdigit()}
    return mostly_rtl("".join(word.text for word in words if digits.isdisjoint(word.text)))
