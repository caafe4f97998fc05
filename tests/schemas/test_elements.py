"""Elements: an element that cannot be is refused when it is made, and `tidy` gives text that can be."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.elements import Cell, Element, ListItem, grid, tidy


@given(st.text())
def test_tidy_is_accepted_and_stays(text: str) -> None:
    """Catches text that `tidy` leaves untidy, and a second pass that changes it again."""
    once = tidy(text)
    assert Cell(once).text == once
    assert tidy(once) == once


def test_tidy_by_hand() -> None:
    """Catches loss of white space that is part of the text: no-break and ideographic spaces."""
    assert tidy(" a \t b \r\n\n\u3000c\u00a0\x00 ") == "a b\n\u3000c\u00a0"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Element("heading", text="a"), "level 0"),
        (lambda: Element("heading", text="a", level=7), "level 7"),
        (lambda: Element("paragraph", text="a", level=1), "level 1"),
        (lambda: Element("paragraph"), "no text"),
        (lambda: Element("paragraph", text=" a"), "not tidy"),
        (lambda: Element("paragraph", text="a\x0b"), "not tidy"),
        (lambda: Element("list"), "0 items"),
        (lambda: Element("paragraph", text="a", ordered=True), "0 items"),
        (lambda: Element("table"), "0 table rows"),
        (lambda: Element("table", table=((Cell("a"),), ())), "no cell that begins"),
        (lambda: Element("image", table=((Cell("a"),),)), "1 table rows"),
        (lambda: Element("table", text="a", table=((Cell("a"),),)), "in items or cells"),
        (lambda: Element("paragraph", text="a", picture_1000=(0, 0, 1, 1)), "picture_1000"),
        (lambda: Element("image", (0, 0, 1001, 1)), "within 0 to 1000"),
        (lambda: ListItem("a", (2, 0, 1, 1)), "must be ordered"),
        (lambda: Cell("a", 0), "at least 1"),
    ],
)
def test_impossible_elements_are_refused(make: Callable[[], object], message: str) -> None:
    """Each row is an element that no notation could write truthfully."""
    with pytest.raises(ValueError, match=message):
        make()


def test_grid_by_hand() -> None:
    """Catches columns counted without the spans above."""
    table = ((Cell("a", 1, 2), Cell("b", 2)), (Cell("c"), Cell("d")))
    assert grid(table) == [[(0, 0), (0, 1), (0, 1)], [(0, 0), (1, 0), (1, 1)]]
