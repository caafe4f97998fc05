"""Log -> questions and answers of `video.events`. Only what holds with a margin, and what the frames shown let one see, is asked.

The generator's side: it knows the log, never the pixels.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from numpy.random import Generator

from schemas.errors import DataError
from schemas.sample import Evidence, Json, Proof, Turn
from schemas.timecode import Notation, read_time, write_rounded, write_time
from synth.video.events_prompts import DIRECTIONS, absent_text, event_text, most_nth, nth_text, question
from synth.video.log import Happening, Leg, Run, World, happenings, simulate
from synth.video.log_plan import COLOURS
from synth.video.precision import around, step_of_length, step_of_times

MARGIN_S = 0.35
"""Events that are compared lie so far apart at least (chosen), and as far as frames shown do."""


@dataclass(frozen=True)
class Answer:
    """What a task came to: slots of the question, text of the answer, its value, the spans that show it, to what times are rounded."""

    slots: dict[str, str]
    text: str
    value: Json
    spans: tuple[tuple[float, float], ...]
    step_s: float = 0.0


class Asking:
    """One clip to ask about.

    Args:
        world: What is there.
        run: What happens.
        shown_s: Times of the frames shown.
        duration_s: Of the film.
        notation: Of times.
    """

    def __init__(self, world: World, run: Run, shown_s: Sequence[float], duration_s: float, notation: Notation) -> None:
        self.world, self.run, self.shown_s, self.duration_s, self.notation = world, run, shown_s, duration_s, notation
        self.log = [item for item in happenings(world, run) if item.time_s < duration_s]
        self.margin_s = max([MARGIN_S, *(b - a for a, b in pairwise(shown_s))])

    def name(self, actor: int) -> str:
        """How a thing is called: by its shape alone if it changes its colour."""
        found = self.world.actors[actor]
        return f"the {found.shape}" if len(found.colours) > 1 else f"the {found.colours[0][1]} {found.shape}"

    def same(self, item: Happening) -> list[Happening]:
        """All events that are called alike."""
        return [
            other
            for other in self.log
            if (other.kind, other.who, other.other, other.colour) == (item.kind, item.who, item.other, item.colour)
        ]

    def text(self, item: Happening, base: bool) -> str:
        """An event in words, numbered if there are several alike."""
        alike = self.same(item)
        nth = alike.index(item) + 1 if len(alike) > 1 else 0
        slots = {"who": self.name(item.who), "other": self.name(item.other) if item.other >= 0 else "", "colour": item.colour}
        return event_text(item.kind, base, nth, **slots)

    def step(self, *times_s: float) -> float | None:
        """To which step the frames shown tell some times."""
        return step_of_times(times_s, self.shown_s, self.duration_s)

    def length(self, slots: dict[str, str], first_s: float, last_s: float, spans: tuple[tuple[float, float], ...]) -> Answer | None:
        """The time from one event to another as an answer, if the frames shown tell it."""
        step_s = step_of_length(first_s, last_s, self.shown_s, self.duration_s)
        if step_s is None:
            return None
        text = write_rounded(last_s - first_s, "seconds", step_s)
        return Answer(slots, text, read_time(text), spans, step_s)

    def plain(self) -> list[Happening]:
        """Events that frames show: one in the state before, one in the state after; few enough of a kind to be numbered."""
        return [item for item in self.log if len(self.same(item)) <= most_nth() and self._is_shown(item)]

    def legs(self, actor: int) -> list[Leg]:
        """Motions that frames show."""
        return [leg for leg in self.run.legs[actor] if self._shows(leg.start_s, leg.end_s, 2)]

    def _shows(self, start_s: float, end_s: float, count: int = 1) -> bool:
        return sum(start_s < time < end_s for time in self.shown_s) >= count

    def _is_shown(self, item: Happening) -> bool:
        actors = [item.who] if item.other < 0 else [item.who, item.other]
        return all(self._state_before_and_after(item.time_s, actor) for actor in actors)

    def _state_before_and_after(self, time_s: float, actor: int) -> bool:
        found = self.world.actors[actor]
        points = {0.0, self.duration_s, found.appears_s, min(found.leaves_s, self.duration_s), *(start for start, _ in found.colours[1:])}
        points |= {time for leg in self.run.legs[actor] for time in (leg.start_s, leg.end_s)}
        before = max(point for point in points if point < time_s - 1e-6 or point == 0.0)
        after = min(point for point in points if point > time_s + 1e-6 or point == self.duration_s)
        return self._shows(before, time_s) and self._shows(time_s, after)


def when(a: Asking, rng: Generator) -> Answer | None:
    """Time of one event."""
    found = a.plain()
    if not found:
        return None
    item = found[int(rng.integers(len(found)))]
    if (step_s := a.step(item.time_s)) is None:
        return None
    text = write_rounded(item.time_s, a.notation, step_s)
    return Answer({"what": a.text(item, True)}, text, read_time(text), ((item.time_s, item.time_s),), step_s)


def absent(a: Asking, rng: Generator) -> Answer | None:
    """Time of an event that could be and is not: another thing, or another colour, in the words of one that is."""
    found = a.plain()
    if not found:
        return None
    item = found[int(rng.integers(len(found)))]
    who = int(rng.integers(len(a.world.actors)))
    colour = COLOURS[int(rng.integers(len(COLOURS)))] if item.kind == "turns" else ""
    actor = a.world.actors[who]
    if item.other == who or (item.kind == "turns" and (len(actor.colours) < 2 or colour in [name for _, name in actor.colours])):
        return None
    if any((other.kind, other.who, other.other, other.colour) == (item.kind, who, item.other, colour) for other in a.log):
        return None
    if (step_s := a.step(item.time_s)) is None:
        return None
    other = a.name(item.other) if item.other >= 0 else ""
    return Answer({"what": event_text(item.kind, True, 0, who=a.name(who), other=other, colour=colour)}, absent_text(), None, (), step_s)


def _leg(a: Asking, rng: Generator) -> tuple[int, Leg, str] | None:
    found = [(actor, leg) for actor in range(len(a.world.actors)) for leg in a.legs(actor) if len(a.run.legs[actor]) <= most_nth()]
    if not found:
        return None
    actor, leg = found[int(rng.integers(len(found)))]
    legs = a.run.legs[actor]
    return actor, leg, nth_text(legs.index(leg) + 1 if len(legs) > 1 else 0)


def how_long(a: Asking, rng: Generator) -> Answer | None:
    """Duration of one motion."""
    if not (found := _leg(a, rng)):
        return None
    actor, leg, nth = found
    return a.length({"who": a.name(actor), "nth": nth}, leg.start_s, leg.end_s, ((leg.start_s, leg.end_s),))


def moment(a: Asking, rng: Generator) -> Answer | None:
    """Start and end of one motion."""
    if not (found := _leg(a, rng)):
        return None
    actor, leg, nth = found
    if (step_s := a.step(leg.start_s, leg.end_s)) is None or step_s > leg.end_s - leg.start_s:
        return None
    ends = [write_rounded(time, a.notation, step_s) for time in (leg.start_s, leg.end_s)]
    value: list[Json] = [read_time(end) for end in ends]
    return Answer({"who": a.name(actor), "nth": nth}, " - ".join(ends), value, ((leg.start_s, leg.end_s),), step_s)


def direction(a: Asking, rng: Generator) -> Answer | None:
    """One of eight directions, at most 15 degrees off."""
    if not (found := _leg(a, rng)):
        return None
    actor, leg, nth = found
    turn = math.degrees(math.atan2(leg.vy, leg.vx)) % 360 / 45
    if abs(turn - round(turn)) > 1 / 3:
        return None
    text = DIRECTIONS[round(turn) % 8]
    return Answer({"who": a.name(actor), "nth": nth}, text, text, ((leg.start_s, leg.end_s),))


def _apart(a: Asking, count: int, rng: Generator) -> list[Happening] | None:
    """Some events in random order, every two of them apart."""
    found = a.plain()
    if len(found) < count:
        return None
    chosen = [found[int(k)] for k in rng.permutation(len(found))[:count]]
    times = sorted(item.time_s for item in chosen)
    return chosen if all(second - first > 1.5 * a.margin_s for first, second in pairwise(times)) else None


def between(a: Asking, rng: Generator) -> Answer | None:
    """Time between two events."""
    if not (two := _apart(a, 2, rng)):
        return None
    slots = {"first": a.text(two[0], False), "second": a.text(two[1], False)}
    first_s, last_s = sorted(item.time_s for item in two)
    return a.length(slots, first_s, last_s, tuple((item.time_s, item.time_s) for item in two))


def before(a: Asking, rng: Generator) -> Answer | None:
    """Whether one event comes before another."""
    if not (two := _apart(a, 2, rng)):
        return None
    text = "Yes" if two[0].time_s < two[1].time_s else "No"
    return Answer({"first": a.text(two[0], False), "second": a.text(two[1], False)}, text, text, tuple((i.time_s, i.time_s) for i in two))


def order(a: Asking, rng: Generator) -> Answer | None:
    """Letters of three events in order."""
    if not (three := _apart(a, 3, rng)):
        return None
    letters = ", ".join(letter for letter, _ in sorted(zip("ABC", three, strict=True), key=lambda pair: pair[1].time_s))
    slots = {key: a.text(item, False) for key, item in zip("abc", three, strict=True)}
    return Answer(slots, letters, letters, tuple((item.time_s, item.time_s) for item in three))


def _counted(a: Asking, kind: str, rng: Generator) -> Answer | None:
    who = int(rng.integers(len(a.world.actors)))
    items = [item for item in a.log if item.kind == kind and (kind == "touches" or item.who == who)]
    if not items or any(item not in a.plain() for item in items):
        return None
    slots = {} if kind == "touches" else {"who": a.name(who)}
    return Answer(slots, str(len(items)), len(items), tuple((item.time_s, item.time_s) for item in items))


def _extreme(a: Asking, which: int) -> Answer | None:
    starts = [item for item in a.log if item.kind == "starts"][:: 1 if which == 0 else -1]
    if len({item.who for item in starts}) < 2 or abs(starts[0].time_s - starts[1].time_s) < 1.5 * a.margin_s or starts[0] not in a.plain():
        return None
    return Answer({}, a.name(starts[0].who), a.name(starts[0].who), ((starts[0].time_s, starts[0].time_s),))


def _still_time(a: Asking, actors: Sequence[int], rng: Generator) -> float | None:
    """A time far from every change of some things, between two frames shown that both show what holds then."""
    time = read_time(write_time(float(rng.uniform(0, a.duration_s)), a.notation))  # as it will be asked
    changes = [0.0, a.duration_s]
    changes += [item.time_s for item in a.log if item.who in actors and item.kind in ("appears", "disappears", "turns")]
    low, high = max(t for t in changes if t <= time), min(t for t in changes if t > time)
    beside = around(time, a.shown_s)
    return time if min(time - low, high - time) > 0.3 and beside and low <= beside[0] and beside[1] < high else None


def colour_at(a: Asking, rng: Generator) -> Answer | None:
    """Colour of a thing that changes it, at a time."""
    turning = [k for k, actor in enumerate(a.world.actors) if len(actor.colours) > 1]
    who = turning[int(rng.integers(len(turning)))] if turning else -1
    if who < 0 or (time := _still_time(a, [who], rng)) is None:
        return None
    actor = a.world.actors[who]
    if not actor.appears_s < time < actor.leaves_s:
        return None
    return Answer({"who": a.name(who), "time": write_time(time, a.notation)}, actor.colour_at(time), actor.colour_at(time), ((time, time),))


def visible_at(a: Asking, rng: Generator) -> Answer | None:
    """How many things are there at a time."""
    if (time := _still_time(a, range(len(a.world.actors)), rng)) is None:
        return None
    count = sum(actor.appears_s < time < actor.leaves_s for actor in a.world.actors)
    return Answer({"time": write_time(time, a.notation)}, str(count), count, ((time, time),))


def touched_by(a: Asking, rng: Generator) -> Answer | None:
    """What touches a thing first."""
    touches = [item for item in a.log if item.kind == "touches"]
    if not touches:
        return None
    other = touches[int(rng.integers(len(touches)))].other
    item = next(touch for touch in touches if touch.other == other)
    if item not in a.plain():
        return None
    return Answer({"who": a.name(other)}, a.name(item.who), a.name(item.who), ((item.time_s, item.time_s),))


def what_if(a: Asking, rng: Generator) -> Answer | None:
    """Whether a thing that moves would have moved without another; simulated again."""
    moving = [k for k, legs in enumerate(a.run.legs) if legs]
    if not moving:
        return None
    other = moving[int(rng.integers(len(moving)))]
    touching = [item.who for item in a.log if item.kind == "touches" and item.other == other]
    who = touching[0] if touching and rng.random() < 0.7 else int(rng.integers(len(a.world.actors)))
    if who == other or any(item.kind == "touches" and item.other == who for item in a.log):
        return None  # what only hands a push on leaves open what happens without it
    try:
        text = "Yes" if simulate(a.world, without=who).legs[other] else "No"
    except DataError:  # without it, others would run into each other: no clear answer
        return None
    first = a.run.legs[other][0]
    return Answer({"who": a.name(who), "other": a.name(other)}, text, text, ((first.start_s, first.end_s),))


def captions(a: Asking, rng: Generator) -> Answer | None:
    """All events with times."""
    if not 2 <= len(a.log) <= 16 or any(item not in a.plain() for item in a.log):
        return None
    if (step_s := a.step(*(item.time_s for item in a.log))) is None:
        return None
    times = [write_rounded(item.time_s, a.notation, step_s) for item in a.log]
    lines = [f"{time}: {a.text(item, False)}." for time, item in zip(times, a.log, strict=True)]
    value: list[Json] = [read_time(time) for time in times]
    return Answer({}, "\n".join(lines), value, tuple((item.time_s, item.time_s) for item in a.log), step_s)


TASKS: dict[str, Callable[[Asking, Generator], Answer | None]] = {
    "when": when,
    "how_long": how_long,
    "moment": moment,
    "between": between,
    "before": before,
    "order": order,
    "count_starts": lambda a, rng: _counted(a, "starts", rng),
    "count_turns": lambda a, rng: _counted(a, "turns", rng),
    "count_touches": lambda a, rng: _counted(a, "touches", rng),
    "first": lambda a, rng: _extreme(a, 0),
    "last": lambda a, rng: _extreme(a, -1),
    "direction": direction,
    "colour_at": colour_at,
    "visible_at": visible_at,
    "touched_by": touched_by,
    "what_if": what_if,
    "captions": captions,
    "absent": absent,
}
"""`absent` asks as `when` does."""


def turns_of(asking: Asking, tasks: Sequence[str], questions: int, rng: Generator) -> tuple[Turn, ...]:
    """The conversation: as many of the tasks, in their order, as fit the clip, none asked twice in the same words."""
    found: list[Turn] = []
    asked: set[str] = set()
    for name in tasks:
        answer = next((one for one in (TASKS[name](asking, rng) for _ in range(4)) if one), None)
        task = "when" if name == "absent" else name
        if answer is None or (key := f"{task} {sorted(answer.slots.items())}") in asked:
            continue
        asked.add(key)
        text = question(task, asking.notation, answer.step_s, rng, **answer.slots)
        evidence = tuple(Evidence(clip=0, time_s=span) for span in answer.spans)
        program: Json = {"task": task, "notation": asking.notation}
        found.append(Turn("user", text if found else f"<video>{text}", task))
        value = "absent" if answer.value is None else answer.value
        found.append(Turn("assistant", answer.text, task, proof=Proof(program, value, evidence)))
        if len(found) == 2 * questions:
            break
    return tuple(found)
