"""Tracks -> what is observed: every coming, going, turning, starting, stopping and touching, each with the span of time in which it lies.

The verifier's side of `video.events`.
"""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import permutations

from synth.video.decode import Film
from synth.video.events_tracks import TOUCH_PX, Motion, Spot, Track, gap_px, motions, read_tracks


@dataclass(frozen=True)
class Observed:
    """One event: it happens after `low_s` and at `high_s` at the latest; `other` is the track touched, `colour` what is turned to."""

    kind: str
    low_s: float
    high_s: float
    who: int
    other: int = -1
    colour: str = ""

    @property
    def middle_s(self) -> float:
        """Best estimate."""
        return (self.low_s + self.high_s) / 2


@dataclass(frozen=True)
class Scene:
    """All that is seen in a film."""

    film: Film
    tracks: tuple[Track, ...]
    moves: tuple[tuple[Motion, ...], ...]
    events: tuple[Observed, ...]

    def named(self, name: str) -> int:
        """The one track that `the red circle` or `the circle` names; -1 if none or several."""
        words = name.removeprefix("the ").split()
        found = [
            number
            for number, track in enumerate(self.tracks)
            if track.shape == words[-1] and (len(words) == 1 or track.colours == {words[0]})
        ]
        return found[0] if len(found) == 1 else -1

    def changes(self, track: int) -> list[tuple[float, float]]:
        """(first, last) of each change of a track in time, a motion being one."""
        spans = [
            (event.low_s, event.high_s) for event in self.events if event.who == track and event.kind in ("appears", "disappears", "turns")
        ]
        return sorted(spans + [(move.start_s, move.stop_s) for move in self.moves[track]])

    def is_there(self, track: int, time_s: float) -> bool:
        """Whether a thing is shown at a time."""
        found = self.tracks[track]
        return _frame(self.film, time_s) in set(found.frames)

    def spot(self, track: int, time_s: float) -> Spot | None:
        """A thing as the frame on show at a time has it."""
        number, found = _frame(self.film, time_s), self.tracks[track]
        return found.spots[found.frames.index(number)] if number in found.frames else None


def observe(data: bytes) -> Scene:
    """Watch a film.

    Raises:
        DataError: As `read_tracks`.
    """
    film, tracks = read_tracks(data)
    times = film.time_s
    moves = tuple(tuple(motions(track, film)) for track in tracks)
    events: list[Observed] = []
    for who, track in enumerate(tracks):
        events += [Observed("appears", times[k - 1], times[k], who) for k in track.comes if k > 0]
        events += [Observed("disappears", times[k - 1], times[k], who) for k in track.goes]
        events += [Observed("turns", times[k - 1], times[k], who, colour=colour) for k, colour in track.turns]
        for move in moves[who]:
            events.append(Observed("starts", *_around(film, move.start_s), who))
            events.append(Observed("stops", *_around(film, move.stop_s), who))
    for who, other in permutations(range(len(tracks)), 2):
        events += _touches(film, (tracks[who], tracks[other]), (moves[who], moves[other]), (who, other))
    return Scene(film, tuple(tracks), moves, tuple(sorted(events, key=lambda event: event.middle_s)))


def _touches(
    film: Film, pair: tuple[Track, Track], moves: tuple[tuple[Motion, ...], tuple[Motion, ...]], who: tuple[int, int]
) -> list[Observed]:
    """One stops, the other starts at once, and no gap is between them: the mover touched the one that stood."""
    found = []
    for stopped in moves[0]:
        for started in moves[1]:
            low, high = _around(film, stopped.stop_s)
            if not low - (high - low) <= started.start_s <= high + (high - low):
                continue
            still = [pair[k].spots[_nearest(pair[k].frames, _frame(film, time))] for k, time in ((0, high), (1, low - (high - low)))]
            if gap_px(still[0], still[1]) <= TOUCH_PX:
                found.append(Observed("touches", low, high, *who))
    return found


def _around(film: Film, time_s: float) -> tuple[float, float]:
    """One frame before and after a time found between frames."""
    number = _frame(film, time_s)
    step = max(1 / 60, film.time_s[min(number + 1, len(film.time_s) - 1)] - film.time_s[number])
    return time_s - min(step, 0.5), time_s + min(step, 0.5)


def _frame(film: Film, time_s: float) -> int:
    return max(0, bisect_right(film.time_s, time_s) - 1)


def _nearest(frames: list[int], number: int) -> int:
    return min(range(len(frames)), key=lambda k: abs(frames[k] - number))
