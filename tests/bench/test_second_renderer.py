"""The comparison with a second renderer tells a changed letter, a dropped mark and a moved word, and not half a pixel."""

import numpy as np
import pytest

pytest.importorskip("playwright")

from bench.second_renderer import EM_PX, Likeness, compare, draw, lay_over
from synth.render.ink import Placed, draw_plate, ink_box
from synth.render.typeset import Span, Style, Typesetter


def ink(code: str, text: str, *, shift: float = 0.0) -> np.ndarray:
    """A line's ink, 0 to 255."""
    (line,) = Typesetter(code).lines([Span(text, Style(float(EM_PX)))], 1e6)
    x0, y0, _, _ = ink_box(line)
    return 255 - np.asarray(draw_plate(1200, 160, [Placed(line, 20 - round(x0) + shift, 30 - round(y0), code)]).picture)


def likeness(code: str, ours: str, theirs: str, *, shift: float = 0.0) -> Likeness:
    one = ink(code, ours)
    return compare(one, lay_over(one, ink(code, theirs, shift=shift)))


@pytest.mark.parametrize(("code", "text"), [("en", "Important dates"), ("hi", "नाम और पता"), ("km", "សិទ្ធិមនុស្ស"), ("ar", "الاسم والعنوان")])
def test_half_a_pixel_is_no_disagreement(code: str, text: str) -> None:
    for shift in (0.0, 0.25, 0.5, 1.75):
        found = likeness(code, text, text, shift=shift)
        assert found.agree
        assert found.correlation > 0.9


@pytest.mark.parametrize(
    ("code", "ours", "theirs"),
    [
        ("en", "Important dates", "lmportant dates"),  # a small L for a capital I
        ("de", "schöne Grüße", "schone Grüße"),  # a dropped diaeresis
        ("ar", "الباب", "التاب"),  # two dots above for one below
        ("hi", "नाम और पता", "नाम ओर पता"),  # one stroke above
        ("en", "one two three", "two one three"),  # words swapped
    ],
)
def test_other_ink_is_a_disagreement(code: str, ours: str, theirs: str) -> None:
    assert not likeness(code, ours, theirs).agree


def test_lines_follow_number_and_look() -> None:
    assert [draw("th", 3).plate.layer, draw("th", 3).plate.layer == draw("th", 4).plate.layer] == [draw("th", 3).plate.layer, False]
