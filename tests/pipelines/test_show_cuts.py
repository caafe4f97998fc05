"""Cuts show whole lines, whole tables where they are small, and a table's head where they are not; on pages drawn for it."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PillowImage
from PIL import ImageDraw

from pipelines.show_cuts import Cut, Flags, cut_around, find_ink, group_boxes
from schemas.sample import BoxPx

WIDTH, HEIGHT = 1000, 1400
PITCH, LINE = 28, 16
"""Of the lines of text: from one to the next, and height of the ink."""


def page(*lines: tuple[int, int, int], paper: int = 255) -> Flags:
    """The ink of a page with lines of text, as (top, left, right)."""
    picture = PillowImage.new("L", (WIDTH, HEIGHT), paper)
    pen = ImageDraw.Draw(picture)
    for top, left, right in lines:
        for x in range(left, right - 7, 10):
            pen.rectangle((x, top, x + 7, top + LINE - 1), fill=255 - paper)
    return find_ink(np.asarray(picture))


def paragraph(top: int, number: int, left: int = 100, right: int = 900) -> Iterator[tuple[int, int, int]]:
    return ((top + row * PITCH, left, right) for row in range(number))


def table(top: int, rows: int) -> Iterator[tuple[int, int, int]]:
    """Three columns with wide gaps."""
    return ((top + row * PITCH, x, x + 80) for row in range(rows) for x in (100, 300, 500))


def box(top: int, left: int = 300, right: int = 380) -> BoxPx:
    return (float(left), top - 4.0, float(right), top + LINE + 4.0)


def cut_lines(ink: Flags, cut: Cut) -> bool:
    """Whether the upper or lower edge of a cut goes through ink."""
    _, top, _, bottom = cut
    edges = [ink[top - 1] & ink[top] if top else ink[0], ink[bottom - 1] & ink[bottom] if bottom < HEIGHT else ink[-1]]
    return any(edge.any() for edge in edges)


def test_ink_is_what_differs_from_the_paper() -> None:
    assert page((100, 100, 120)).sum() == 2 * 8 * LINE
    assert page((100, 100, 120), paper=20).sum() == 2 * 8 * LINE  # light on dark
    tinted = np.full((40, 40), 255, np.uint8)
    tinted[:10] = 225  # the tint of a table row
    assert not find_ink(tinted).any()


def test_a_short_paragraph_is_shown_whole_and_nothing_else() -> None:
    ink = page(*paragraph(300, 5), *paragraph(600, 5))
    (cut,) = cut_around(ink, [box(300 + 2 * PITCH)])
    left, top, right, bottom = cut
    assert 280 <= top <= 300
    assert 300 + 4 * PITCH + LINE <= bottom <= 600 - 14
    assert left == pytest.approx(90, abs=10)
    assert right == pytest.approx(910, abs=12)


def test_a_long_paragraph_is_cut_between_lines() -> None:
    ink = page(*paragraph(100, 40))
    (cut,) = cut_around(ink, [box(100 + 20 * PITCH)])
    assert not cut_lines(ink, cut)
    assert 4 * PITCH < cut[3] - cut[1] < 9 * PITCH


def test_a_small_table_is_shown_with_its_caption() -> None:
    ink = page((300, 100, 250), *table(300 + PITCH, 5))  # the caption is not above the column of the box
    (cut,) = cut_around(ink, [box(300 + 4 * PITCH, 500, 580)])
    assert cut[1] <= 300
    assert cut[0] <= 100
    assert cut[2] >= 580


def test_a_cell_far_down_a_table_is_shown_below_the_tables_head() -> None:
    ink = page(*table(200, 30))
    head, body = cut_around(ink, [box(200 + 20 * PITCH)])
    assert head[1] <= 200
    assert head[3] >= 200 + LINE
    assert head[3] < body[1] < 200 + 20 * PITCH < body[3]
    assert (head[0], head[2]) == (body[0], body[2])
    assert not cut_lines(ink, head)
    assert not cut_lines(ink, body)
    assert body[0] <= 100  # with the first cell of its row


def test_words_in_a_paragraph_are_no_cells() -> None:
    assert len(cut_around(page(*paragraph(100, 40)), [box(100 + 30 * PITCH)])) == 1


def test_a_lone_page_number_is_shown_with_paper_around_it() -> None:
    ink = page((1300, 496, 504))
    ((left, top, right, bottom),) = cut_around(ink, [box(1300, 496, 504)])
    assert right - left >= 300
    assert top < 1300 < 1300 + LINE < bottom


def test_a_tall_box_beside_a_line_does_not_count_as_a_line() -> None:
    ink = page(*paragraph(300, 2), *paragraph(680, 2))
    bar, caption = (300.0, 420.0, 380.0, 560.0), box(300 + PITCH)
    assert group_boxes([caption, bar]) == [[caption, bar]]
    (cut,) = cut_around(ink, [caption, bar])
    assert cut[3] < 680  # the next paragraph is further from the bar than a paragraph's end


def test_neighbouring_boxes_share_a_cut() -> None:
    near, far = [box(300), box(300 + 3 * PITCH)], box(1200)
    assert group_boxes([far, *near, near[0]]) == [near, [far]]
    assert group_boxes([]) == []


@given(st.lists(st.tuples(st.integers(0, 1370), st.integers(0, 900), st.integers(10, 100)), min_size=1, max_size=30), st.data())
def test_every_cut_lies_in_the_page_and_one_holds_the_box(places: list[tuple[int, int, int]], data: st.DataObject) -> None:
    ink = page(*((top, left, left + width) for top, left, width in places))
    top, left, width = data.draw(st.sampled_from(places))
    wanted = box(min(max(top, 4), HEIGHT - LINE - 4), left, left + width)
    cuts = cut_around(ink, [wanted])
    for x0, y0, x1, y1 in cuts:
        assert 0 <= x0 < x1 <= WIDTH
        assert 0 <= y0 < y1 <= HEIGHT
    x0, y0, x1, y1 = cuts[-1]
    assert x0 <= wanted[0]
    assert x1 >= wanted[2]
    assert y0 <= wanted[1]
    assert y1 >= wanted[3]
    assert len(cuts) == 1 or cuts[0][3] < cuts[1][1]
