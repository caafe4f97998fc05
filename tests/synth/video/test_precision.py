"""Both sides' rules of how finely frames shown tell a time: they agree, and no time is told that the frames leave open."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.timecode import NOTATIONS, STEPS_S, nearest, read_time, write_rounded
from synth.video.precision import around, bounds, step_of_length, step_of_times
from synth.video.precision_proof import holds, told, told_length

NEAR_S = 1e-4


def shown(seed: int) -> tuple[list[float], float, np.random.Generator]:
    rng = np.random.default_rng(seed)
    times = np.unique(np.round(np.concatenate([[0], rng.uniform(0, 60, int(rng.integers(6, 90)))]), 3))
    return [float(time) for time in times], 60.5, rng


@given(st.integers(0, 10_000))
def test_what_is_asked_is_told_and_is_the_same_anywhere_between_frames(seed: int) -> None:
    times, duration_s, rng = shown(seed)
    first, last = sorted(float(time) for time in rng.uniform(0.1, 60.4, 2))
    if step_s := step_of_times([first], times, duration_s):
        assert told((first - NEAR_S, first), times, duration_s, step_s) == {nearest(first, step_s)}
        low, high = bounds(first, times, duration_s)
        assert {nearest(time, step_s) for time in rng.uniform(low, high, 20)} == {nearest(first, step_s)}
        for finer in (step for step in STEPS_S if step < min(step_s, high - low)):
            assert told((first - NEAR_S, first), times, duration_s, finer) == set()
    if step_s := step_of_length(first, last, times, duration_s):
        found = told_length((first - NEAR_S, first), (last - NEAR_S, last), times, duration_s, step_s)
        assert found == {nearest(last - first, step_s)}


def test_frames_on_both_sides_must_show_what_holds() -> None:
    times = [0.0, 1.0, 2.0, 3.0, 4.0]
    assert around(1.5, times) == (1.0, 2.0)
    assert around(4.2, times) is None
    assert holds(1.5, (0.9, 2.1), times)
    assert not holds(1.5, (1.1, 2.1), times)
    assert not holds(1.5, (0.9, 2.0), times)
    assert not holds(4.2, (3.9, 9.0), times)


@given(st.floats(0, 10_000), st.sampled_from(NOTATIONS), st.sampled_from(STEPS_S))
def test_rounded_times_are_read_back_as_multiples_of_their_step(time_s: float, notation: str, step_s: float) -> None:
    text = write_rounded(time_s, notation, step_s)  # type: ignore[arg-type]
    assert abs(read_time(text) - nearest(time_s, step_s) * step_s) < 1e-6
    assert ("." in text) == (step_s < 1)
    assert write_rounded(1.2, "seconds", 1.0) == "1 second"
