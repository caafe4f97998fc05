"""What is observed in a film -> the answer to each question of `video.events`; the verifier's side, which knows no log.

Each function gives what was found, or raises `Unclear` where the film does not tell with a margin.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from synth.video.events_observed import Observed, Scene
from synth.video.events_prompts import DIRECTIONS, most_nth, read_event, read_nth
from synth.video.events_tracks import Motion
from synth.video.precision_proof import holds

Span = tuple[float, float]
REACH_PX = 6.0
"""A thing whose way comes so near to another may have touched it (chosen)."""


class Unclear(Exception):
    """Why a question cannot be answered from the film."""


@dataclass(frozen=True)
class Found:
    """An answer: times as spans in which they lie (first, last), a text, or the two events that a length lies between; and its evidence."""

    spans: tuple[Span, ...] = ()
    text: str = ""
    lasts: tuple[Span, Span] | None = None
    absent: bool = False
    events: tuple[Observed, ...] = ()
    evidence: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Case:
    """One question: the film, the times of the frames shown, the slots, and how to read times in it."""

    scene: Scene
    shown_s: Sequence[float]
    slots: dict[str, str]
    read_time: Callable[[str], float]

    @property
    def step_s(self) -> float:
        """To what times are asked to be rounded."""
        return float(self.slots["step"])

    @property
    def gap_s(self) -> float:
        """Longest time between frames shown."""
        return max(second - first for first, second in pairwise(self.shown_s))

    def thing(self, slot: str) -> int:
        """The track that a slot names."""
        if (found := self.scene.named(self.slots[slot])) < 0:
            raise Unclear(f"{self.slots[slot]!r} names no one thing")
        return found

    def events(self, kind: str, slots: dict[str, str]) -> list[Observed]:
        """Events of a description, in time."""
        who = self.scene.named(slots["who"])
        other = self.scene.named(slots["other"]) if slots.get("other") else -1
        if who < 0 or (slots.get("other") and other < 0):
            raise Unclear(f"{slots} names no one thing")
        colour = slots.get("colour", "")
        return [e for e in self.scene.events if (e.kind, e.who, e.other, e.colour) == (kind, who, other, colour)]

    def event(self, text: str) -> Observed | None:
        """The one event that a text names, which frames must show; None if there is none of its kind."""
        for kind, nth, slots in read_event(text):
            found = self.events(kind, slots)
            if not found:
                return None
            if (nth == 0) != (len(found) == 1) or nth > len(found) or len(found) > most_nth():
                raise Unclear(f"{text!r} is one of {len(found)}")
            event = found[max(0, nth - 1)]
            self.see(event)
            return event
        raise Unclear(f"{text!r} is no event")

    def see(self, event: Observed) -> None:
        """Refuse an event without a frame shown before and after it, in the states it parts."""
        film = self.scene.film
        for who in [event.who] if event.other < 0 else [event.who, event.other]:
            times = {0.0, film.duration_s}
            times |= {
                e.middle_s for e in self.scene.events if e.who == who and e.kind in ("appears", "disappears", "turns", "starts", "stops")
            }
            before = max(time for time in times if time < event.low_s or time == 0.0)
            after = min(time for time in times if time > event.high_s or time == film.duration_s)
            # by a frame's length an event may lie on either side of a frame that is shown
            if not self.shown(before, event.high_s) or not self.shown(event.low_s, after):
                raise Unclear(f"no frame is shown before or after the event at {event.middle_s:.2f} s")

    def shown(self, start_s: float, end_s: float, count: int = 1) -> bool:
        """Whether so many frames are shown in a span."""
        return sum(start_s <= time <= end_s for time in self.shown_s) >= count


def when(case: Case) -> Found:
    """Time of one event."""
    event = case.event(case.slots["what"])
    return Found(absent=True) if event is None else Found(spans=((event.low_s, event.high_s),), evidence=(_span(event),))


def how_long(case: Case) -> Found:
    """Duration of one motion."""
    move, slack = _move(case)
    start, stop = ((time - slack, time + slack) for time in (move.start_s, move.stop_s))
    return Found(lasts=(start, stop), evidence=((move.start_s, move.stop_s),))


def moment(case: Case) -> Found:
    """Start and end of one motion."""
    move, slack = _move(case)
    spans = tuple((time - slack, time + slack) for time in (move.start_s, move.stop_s))
    return Found(spans=spans, evidence=((move.start_s, move.stop_s),))


def direction(case: Case) -> Found:
    """One of eight directions."""
    move, _ = _move(case)
    turn = math.degrees(math.atan2(move.stop[1] - move.start[1], move.stop[0] - move.start[0])) % 360 / 45
    if abs(turn - round(turn)) > 0.4:
        raise Unclear(f"{turn * 45:.0f} degrees lies between two directions")
    return Found(text=DIRECTIONS[round(turn) % 8], evidence=((move.start_s, move.stop_s),))


def between(case: Case) -> Found:
    """Time between two events."""
    first, second = sorted(_several(case, "first", "second"), key=lambda event: event.middle_s)
    return Found(lasts=((first.low_s, first.high_s), (second.low_s, second.high_s)), evidence=(_span(first), _span(second)))


def before(case: Case) -> Found:
    """Whether one event comes before another."""
    first, second = _several(case, "first", "second")
    return Found(text="Yes" if first.middle_s < second.middle_s else "No", evidence=(_span(first), _span(second)))


def order(case: Case) -> Found:
    """Letters in order of time."""
    events = _several(case, "a", "b", "c")
    ordered = sorted(zip("ABC", events, strict=True), key=lambda pair: pair[1].middle_s)
    return Found(text=", ".join(letter for letter, _ in ordered), evidence=tuple(_span(event) for event in events))


def count(kind: str) -> Callable[[Case], Found]:
    """Number of events of a kind, of one thing or of all."""

    def counted(case: Case) -> Found:
        events = [e for e in case.scene.events if e.kind == kind and (kind == "touches" or e.who == case.thing("who"))]
        for event in events:
            case.see(event)
        return Found(text=str(len(events)), evidence=tuple(_span(event) for event in events))

    return counted


def extreme(place: int) -> Callable[[Case], Found]:
    """The thing that starts first (0) or last (-1)."""

    def found(case: Case) -> Found:
        starts = [event for event in case.scene.events if event.kind == "starts"][:: 1 if place == 0 else -1]
        if len(starts) < 2 or abs(starts[0].middle_s - starts[1].middle_s) < case.gap_s:
            raise Unclear("two things start at nearly the same time")
        case.see(starts[0])
        return Found(text=_name(case.scene, starts[0].who), evidence=(_span(starts[0]),))

    return found


def colour_at(case: Case) -> Found:
    """Colour of a thing at a time."""
    time, who = case.read_time(case.slots["time"]), case.thing("who")
    _still(case, time, [who])
    spot = case.scene.spot(who, time)
    if spot is None:
        raise Unclear(f"it is not there at {time:.2f} s")
    return Found(text=spot.colour, evidence=((time, time),))


def visible_at(case: Case) -> Found:
    """Number of things at a time."""
    time, everything = case.read_time(case.slots["time"]), range(len(case.scene.tracks))
    _still(case, time, everything)
    return Found(text=str(sum(case.scene.is_there(track, time) for track in everything)), evidence=((time, time),))


def touched_by(case: Case) -> Found:
    """What touches a thing first."""
    touches = [event for event in case.scene.events if event.kind == "touches" and event.other == case.thing("who")]
    if not touches:
        raise Unclear("nothing touches it")
    case.see(touches[0])
    return Found(text=_name(case.scene, touches[0].who), evidence=(_span(touches[0]),))


def what_if(case: Case) -> Found:
    """Whether a thing would move without another: it does if that one had no part in one of its motions.

    Where all began with that one, it stands; then whatever else sets out by itself must pass it by. What the other only handed on might
    have come through without it.
    """
    scene, gone, asked = case.scene, case.thing("who"), case.thing("other")
    if not scene.moves[asked]:
        raise Unclear("it does not move in the film")
    first = scene.moves[asked][0]
    evidence = ((first.start_s, first.stop_s),)
    chains = [_pushers(scene, asked, move) for move in scene.moves[asked]]
    if any(gone not in chain for chain in chains):
        return Found(text="Yes", evidence=evidence)
    if any(chain[-1] != gone for chain in chains):
        raise Unclear("the thing that is gone only handed a push on")
    spot = scene.spot(asked, first.start_s)
    for who, moves in enumerate(scene.moves):
        for move in moves:
            if who not in (gone, asked) and not _pushers(scene, who, move) and spot is not None:
                size = max(*spot.mask.shape, *scene.tracks[who].spots[0].mask.shape)
                if _away(move, (spot.x, spot.y)) < size + REACH_PX:
                    raise Unclear("another thing passes near")
    return Found(text="No", evidence=evidence)


def captions(case: Case) -> Found:
    """Everything."""
    for event in case.scene.events:
        case.see(event)
    return Found(events=case.scene.events, evidence=tuple(_span(event) for event in case.scene.events))


ANSWERS: dict[str, Callable[[Case], Found]] = {
    "when": when,
    "how_long": how_long,
    "moment": moment,
    "between": between,
    "before": before,
    "order": order,
    "count_starts": count("starts"),
    "count_turns": count("turns"),
    "count_touches": count("touches"),
    "first": extreme(0),
    "last": extreme(-1),
    "direction": direction,
    "colour_at": colour_at,
    "visible_at": visible_at,
    "touched_by": touched_by,
    "what_if": what_if,
    "captions": captions,
}


def _move(case: Case) -> tuple[Motion, float]:
    """The motion that the question names, and how exactly its times are known."""
    moves, nth = case.scene.moves[case.thing("who")], read_nth(case.slots["nth"])
    if not moves or (nth == 0) != (len(moves) == 1) or nth > len(moves):
        raise Unclear(f"motion {nth} of {len(moves)}")
    move = moves[max(0, nth - 1)]
    if not case.shown(move.start_s, move.stop_s, 2):
        raise Unclear("fewer than two frames of the motion are shown")
    low, high = next((e.low_s, e.high_s) for e in case.scene.events if e.kind == "starts" and abs(e.middle_s - move.start_s) < 1e-9)
    return move, (high - low) / 2


def _several(case: Case, *slots: str) -> list[Observed]:
    events = [case.event(case.slots[slot]) for slot in slots]
    found = [event for event in events if event is not None]
    if len(found) < len(slots):
        raise Unclear("one of the events does not happen")
    times = sorted(event.middle_s for event in found)
    if any(second - first < case.gap_s for first, second in pairwise(times)):
        raise Unclear(f"events lie closer than the frames shown, {case.gap_s:.2f} s")
    return found


def _still(case: Case, time_s: float, tracks: Sequence[int]) -> None:
    """Refuse a time near a change of what is there, or for which the frames shown before and after it do not show what holds then."""
    film = case.scene.film
    # a change is first shown by the frame at the end of its span
    changes = [0.0, film.duration_s]
    changes += [event.high_s for event in case.scene.events if event.who in tracks and event.kind in ("appears", "disappears", "turns")]
    low, high = max((t for t in changes if t <= time_s), default=0.0), min((t for t in changes if t > time_s), default=0.0)
    if min(time_s - low, high - time_s) < 0.15 or not holds(time_s, (low, high), case.shown_s):
        raise Unclear(f"something changes near {time_s:.2f} s, or the frames shown around it do not tell what holds then")


def _name(scene: Scene, track: int) -> str:
    found = scene.tracks[track]
    return f"the {found.shape}" if len(found.colours) > 1 else f"the {min(found.colours)} {found.shape}"


def _pushers(scene: Scene, who: int, move: Motion) -> tuple[int, ...]:
    """What set a motion going, and what set that going, and so on to what began by itself; nothing if the thing itself did."""
    for event in scene.events:
        if event.kind == "touches" and event.other == who and abs(event.middle_s - move.start_s) <= event.high_s - event.low_s:
            stopped = [other for other in scene.moves[event.who] if abs(other.stop_s - event.middle_s) <= event.high_s - event.low_s]
            return (event.who, *(_pushers(scene, event.who, stopped[0]) if stopped else ()))
    return ()


def _away(move: Motion, point: tuple[float, float]) -> float:
    """Distance of a point from a motion's way, drawn on as far again: a thing that stopped on touching would have gone on."""
    start, way = np.array(move.start), np.array(move.stop) - np.array(move.start)
    part = float(np.clip((np.array(point) - start) @ way / (way @ way), 0, 2.5))
    return float(np.hypot(*(start + part * way - np.array(point))))


def _span(event: Observed) -> Span:
    return event.middle_s, event.middle_s
