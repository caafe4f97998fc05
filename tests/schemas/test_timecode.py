"""Times as text: what is written is read again within its last digit, and nothing else is taken for a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.timecode import NOTATIONS, Notation, pair_times, read_time, rounding_s, write_mark, write_time


@given(st.floats(0, 100_000), st.sampled_from(NOTATIONS))
def test_a_written_time_is_read_again(time_s: float, notation: Notation) -> None:
    assert abs(read_time(write_time(time_s, notation)) - time_s) <= rounding_s(notation) + 1e-6


def test_layouts() -> None:
    assert [write_time(3661.239, notation) for notation in NOTATIONS] == ["3661.2 seconds", "61:01.24", "01:01:01.2"]
    assert [write_time(59.999, notation) for notation in NOTATIONS] == ["60.0 seconds", "01:00.00", "00:01:00.0"]
    assert write_mark(0.25) == "<0.2 seconds>"
    assert pair_times([0.0, 0.5, 1.0]) == (0.25, 1.0)


@pytest.mark.parametrize("text", ["", "12:75", "soon", "-3 seconds", "1:2:3:4", "<3.0 seconds>"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        read_time(text)


def test_no_time_lies_before_the_clip() -> None:
    with pytest.raises(ValueError, match="before the clip"):
        write_time(-0.1, "seconds")
