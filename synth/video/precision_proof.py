"""Which times frames shown to a model tell of an event that a film has: the verifier's side of `precision`.

An event lies in a stretch between two frames that are shown. To a step of time it is told if the stretch has one multiple of the step that
is nearest to all of it.
"""

from collections.abc import Sequence
from itertools import pairwise, product

from schemas.timecode import nearest

Span = tuple[float, float]
_LEAST_S = 1e-6


def told(event: Span, shown_s: Sequence[float], duration_s: float, step_s: float) -> set[int]:
    """Multiples of a step that may be answered for an event which happens after `event[0]` and at `event[1]` at the latest.

    None where the frames shown leave it open; several only where the film itself does not tell in which stretch it lies.
    """
    return _alike(_stretches(event, shown_s, duration_s), step_s)


def told_length(first: Span, last: Span, shown_s: Sequence[float], duration_s: float, step_s: float) -> set[int]:
    """The same of the time from one event to a later one."""
    begins, ends = _stretches(first, shown_s, duration_s), _stretches(last, shown_s, duration_s)
    return _alike([(b[0] - a[1], b[1] - a[0]) for a, b in product(begins, ends)], step_s)


def holds(time_s: float, state: Span, shown_s: Sequence[float]) -> bool:
    """Whether a time lies between two frames shown that both fall into a state, which begins at `state[0]` and is gone at `state[1]`."""
    before = [time for time in shown_s if time < time_s]
    after = [time for time in shown_s if time >= time_s]
    return bool(before and after) and before[-1] >= state[0] - _LEAST_S and after[0] < state[1] - _LEAST_S


def _stretches(event: Span, shown_s: Sequence[float], duration_s: float) -> list[Span]:
    if event[1] <= 0:
        return [(0.0, 0.0)]
    return [(a, b) for a, b in pairwise([0.0, *shown_s, duration_s]) if max(a, event[0]) + _LEAST_S < min(b, event[1])]


def _alike(spans: Sequence[Span], step_s: float) -> set[int]:
    return {nearest(low, step_s) for low, high in spans if nearest(low, step_s) == nearest(high, step_s)}
