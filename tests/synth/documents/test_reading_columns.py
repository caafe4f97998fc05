"""Columns are told from tables by the order in which their words are drawn, whatever the words say and wherever the margins lie."""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.documents.reading_columns import bands_of
from synth.documents.reading_words import Word

PAGE_PT, MARGIN_PT, GAP_PT, PITCH_PT = 595.0, 60.0, 18.0, 14.0


def lines(columns: int, rows: int, *, across: bool, ragged: float = 0.0, top: float = 100.0) -> list[list[Word]]:
    """Rows of one word a column, drawn row by row (`across`) or column by column; the last word ends `ragged` points early."""
    width = (PAGE_PT - 2 * MARGIN_PT - (columns - 1) * GAP_PT) / columns
    places = [(row, column) for row in range(rows) for column in range(columns)]
    drawn = dict(zip(places if across else sorted(places, key=lambda place: place[::-1]), count(), strict=False))
    found = []
    for row in range(rows):
        y = top + PITCH_PT * row
        lefts = [MARGIN_PT + column * (width + GAP_PT) for column in range(columns)]
        boxes = [(left, y, left + width - ragged * (left == lefts[-1]), y + 10.0) for left in lefts]
        found.append([Word("word", box, 9.0, drawn=drawn[row, column]) for column, box in enumerate(boxes)])
    return found


@pytest.mark.parametrize("rtl", [False, True])
@pytest.mark.parametrize("columns", [2, 3])
@given(rows=st.integers(3, 30), ragged=st.floats(0, 30))
@settings(deadline=None, max_examples=25)
def test_columns_are_drawn_one_after_the_other_and_tables_are_not(columns: int, rtl: bool, rows: int, ragged: float) -> None:
    ragged = 0.0 if rtl else ragged
    (band,) = bands_of(lines(columns, rows, across=False, ragged=ragged), PAGE_PT, rtl=rtl)
    assert len(band.edges) == columns - 1
    assert [band.edges for band in bands_of(lines(columns, rows, across=True, ragged=ragged), PAGE_PT, rtl=rtl)] == [()]


def test_a_heading_over_columns_is_a_band_of_its_own() -> None:
    heading = [Word("heading", (MARGIN_PT, 60.0, PAGE_PT - MARGIN_PT, 80.0), 18.0, drawn=-1)]
    bands = bands_of([heading, *lines(2, 12, across=False)], PAGE_PT, rtl=False)
    assert [(len(band.rows), len(band.edges)) for band in bands] == [(1, 0), (12, 1)]


def test_two_and_three_columns_on_one_page_are_two_bands() -> None:
    three = lines(3, 12, across=False)
    two = [[word._replace(drawn=word.drawn + 100) for word in row] for row in lines(2, 12, across=False, top=400.0)]
    assert [len(band.edges) for band in bands_of([*three, *two], PAGE_PT, rtl=False)] == [2, 1]


def test_an_empty_page_has_no_bands() -> None:
    assert bands_of([], PAGE_PT, rtl=False) == ()
