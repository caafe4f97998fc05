"""How finely the frames shown to a model tell when something happens, and so to which step a time is asked. The generator's side.

What happens between two frames that are shown may have happened at any time between them. A time is asked to the finest step in which all
those times are written alike, and the question says the step; so no answer is finer than its evidence. What holds at a time is asked where
the frames shown before and after it agree. `precision_proof` decides the same in another way.
"""

from bisect import bisect_left
from collections.abc import Sequence

from schemas.timecode import STEPS_S, nearest

Span = tuple[float, float]
SAME_S = 1e-6
PARTS = 8
"""A film has so many steps at least (chosen: a coarser time says nothing)."""
LENGTHS = 2
"""And so has a length (chosen likewise)."""


def bounds(time_s: float, shown_s: Sequence[float], duration_s: float) -> Span:
    """The last time shown before an event and the first from it on; the film's ends where there is none."""
    place = bisect_left(shown_s, time_s - SAME_S)
    return (shown_s[place - 1] if place else 0.0), (shown_s[place] if place < len(shown_s) else duration_s)


def around(time_s: float, shown_s: Sequence[float]) -> Span | None:
    """The times shown on either side of a time; None if it lies before the first or after the last."""
    place = bisect_left(shown_s, time_s)
    return (shown_s[place - 1], shown_s[place]) if 0 < place < len(shown_s) else None


def step_of_times(times_s: Sequence[float], shown_s: Sequence[float], duration_s: float) -> float | None:
    """The finest step to which all of some times are told; None if that is too coarse."""
    return _step([bounds(time, shown_s, duration_s) for time in times_s], duration_s / PARTS)


def step_of_length(first_s: float, last_s: float, shown_s: Sequence[float], duration_s: float) -> float | None:
    """The finest step to which the time between two events is told; None if that is too coarse."""
    first, last = bounds(first_s, shown_s, duration_s), bounds(last_s, shown_s, duration_s)
    return _step([(last[0] - first[1], last[1] - first[0])], (last_s - first_s) / LENGTHS)


def _step(spans: Sequence[Span], most_s: float) -> float | None:
    fit = (step for step in STEPS_S if step <= most_s and all(nearest(low, step) == nearest(high, step) for low, high in spans))
    return next(fit, None)
