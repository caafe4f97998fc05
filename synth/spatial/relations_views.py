"""Questions of `spatial.relations` about sides: surroundings -> question, answer, program."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from numpy.random import Generator

from schemas.sample import Json
from synth.spatial.layout import Footprint, footprint, overlap, places
from synth.spatial.relations_bodies import (
    HIGH,
    NEAR,
    Body,
    Place,
    Surroundings,
    alike,
    bearing,
    both,
    higher,
    hour_of,
    seen_apart,
    side_of,
    towards,
)
from synth.spatial.relations_even import even_pair
from synth.spatial.relations_hiding import Hiding
from synth.spatial.relations_prompts import answer, word
from synth.spatial.seen import Seen

TRIES = 80
LEAST_FLOOR_M = 0.45
"""Least distance along the floor of what a direction is told of (chosen: nearer, the direction depends on where in a thing one stands)."""
SIDE_DEG, CLOCK_DEG = (35.0, 145.0), 9.0
"""Bearings that are left or right to everybody; how far an hour may be off."""
NEARER_M = 0.2
EVEN_HOURS = (0.41, 0.54, 0.52, 0.67, 0.88, 1.0, 0.78, 0.58, 0.58, 0.56, 0.42, 0.35)
"""Shares of the hours, one to twelve, that are asked for: in 70 scenes noon could be asked in 40 and six in 12 (measured)."""
STOOD_AT = ("floor", "wall")
"""What one can stand beside: no mug on a table."""
STANDING_M, TALL_M = 0.5, 1.8
"""Side of the free floor, and height, that somebody needs to stand."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's slots, its answer, and the bodies whose boxes are its evidence.

    Attributes:
        slots: Words of the question.
        text: The answer.
        value: The answer as data.
        bodies: What it rests on, in the first picture.
        program: What else the program says.
        named: Slot -> body, of those that may be replaced by what is not there.
        second: What it rests on in the second picture.
    """

    slots: dict[str, str]
    text: str
    value: Json
    bodies: tuple[Body, ...]
    program: dict[str, Json] = field(default_factory=dict)
    named: Mapping[str, Body] = field(default_factory=dict)
    second: tuple[Seen, ...] = ()


Writer: TypeAlias = Callable[[Surroundings, Hiding, Generator], Asked | None]


def some(bodies: Sequence[Body], count: int, rng: Generator, tries: int = TRIES) -> Iterator[tuple[Body, ...]]:
    """Random choices of different bodies, in random order."""
    for _ in range(tries if len(bodies) >= count else 0):
        yield tuple(bodies[int(k)] for k in rng.permutation(len(bodies))[:count])


def coin(rng: Generator) -> bool:
    """One of two."""
    return bool(rng.random() < 0.5)


def by_name(**bodies: Body) -> tuple[dict[str, str], dict[str, Body]]:
    """Slots, and which body is in each."""
    return {slot: body.text for slot, body in bodies.items()}, dict(bodies)


def told(key: str, bodies: Mapping[str, Body], **program: Json) -> Asked:
    """A question about named bodies with an answer of fixed words."""
    return Asked({slot: body.text for slot, body in bodies.items()}, answer(key), key, tuple(bodies.values()), dict(program), bodies)


# --- from the camera ----------------------------------------------------------------------------------------------------------------------


def left_right_of(at: Surroundings, a: Body, b: Body) -> str | None:
    """Which side of `b` the camera has `a` on."""
    sign = side_of(a, b, 0)
    return None if not sign or seen_apart(a, b, 0, at.camera) != sign else "left" if sign < 0 else "right"


def front_behind_of(at: Surroundings, a: Body, b: Body) -> str | None:
    """Whether `a` is before or behind `b` for the camera, in depth and in distance, where their names do not tell."""
    if not alike(NEAR, a, b):
        return None
    sign, gap = side_of(a, b, 2), a.item.distance_m - b.item.distance_m
    return None if not sign or abs(gap) < NEARER_M or (gap > 0) != (sign > 0) else "front" if sign < 0 else "behind"


def higher_lower_of(at: Surroundings, a: Body, b: Body) -> str | None:
    """Whether `a` is higher or lower than `b`."""
    return {1: "higher", -1: "lower", 0: None}[higher(a, b, at.camera)]


def higher_lower_alike(at: Surroundings, a: Body, b: Body) -> str | None:
    """The same where their names do not tell: what stands on the floor is never higher than what stands on tables."""
    return higher_lower_of(at, a, b) if a.kind.stands == b.kind.stands and alike(HIGH, a, b) else None


Judge: TypeAlias = Callable[[Surroundings, Body, Body], str | None]
OPPOSITE = {"left": "right", "right": "left", "front": "behind", "behind": "front", "higher": "lower", "lower": "higher"}


def choice(judge: Judge) -> Writer:
    """Which of two opposite relations holds."""

    def write(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
        for a, b in some(at.bodies, 2, rng, 3 * TRIES):
            if key := judge(at, a, b):
                return told(key, {"a": a, "b": b})
        return None

    return write


def above_below(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """Whether a thing is higher or lower than one of two of a kind, between which it is; else of two whose names do not tell."""
    if pair := even_pair(at.bodies, at.bodies, lambda a, b: higher_lower_of(at, a, b), rng):
        return told(pair.key, {"a": pair.a, "b": pair.b})
    return choice(higher_lower_alike)(at, hiding, rng)


def check(judge: Judge) -> Writer:
    """Whether a relation holds."""

    def write(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
        for a, b in some(at.bodies, 2, rng, 3 * TRIES):
            if key := judge(at, a, b):
                asked = key if coin(rng) else OPPOSITE[key]
                slots, bodies = by_name(a=a, b=b)
                verdict = "yes" if asked == key else "no"
                return Asked({**slots, "relation": word(asked)}, answer(verdict), verdict, (a, b), {"relation": asked}, bodies)
        return None

    return write


# --- from elsewhere -----------------------------------------------------------------------------------------------------------------------


def _go_together(at: Surroundings, a: Body, b: Body) -> bool:
    """Whether rooms are furnished so that one is put before the other, or on what is: names then tell where it is."""
    below = b.thing.support
    kinds = {b.thing.kind, at.scene.things[below].kind if below is not None else ""}
    pairs = [pair for row in places().values() for rule in ("facing", "around") for pair in row.get(rule, {}).items()]
    return any({one, other} <= kinds | {a.thing.kind} for one, other in pairs)


def own_side(*, ahead: bool) -> Writer:
    """Left or right, or in front or behind, for a thing that has a front; another thing, that could be meant, is on the other side."""

    def write(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
        seats = [body for body in at.bodies if (_fronted(body) if ahead else body.kind.front and "sit" in body.kind.use)]

        sitting = {body.item.number for body in seats}
        both_sides = {"front", "behind"} if ahead else {"left", "right"}

        def judge(a: Body, b: Body) -> str | None:
            if b.thing.support == a.item.number:
                return None
            return both(lambda of: _side(of(a), a.front, of(b), ahead))

        if pair := even_pair(seats, at.bodies, judge, rng):
            return told(pair.key, {"a": pair.a, "b": pair.b})
        for a, b, c in some(at.bodies, 3, rng):
            if a.item.number in sitting and _are_like(at, a, b, c) and {judge(a, b), judge(a, c)} == both_sides:
                return told(str(judge(a, b)), {"a": a, "b": b})
        return None

    return write


def _are_like(at: Surroundings, a: Body, b: Body, c: Body) -> bool:
    """Whether names do not tell which of two is before and which behind a seat."""
    return b.kind.stands == c.kind.stands and not _go_together(at, a, b) and not _go_together(at, a, c)


def _fronted(a: Body) -> bool:
    """Whether its shape shows which side is the front."""
    return a.kind.front and bool({"sit", "type", "watch", "time"} & set(a.kind.use)) and a.thing.kind != "keyboard"


def _side(at: Place, forward: tuple[float, float], target: Place, ahead: bool) -> str | None:
    degrees, metres = bearing(at, forward, target)
    if metres < LEAST_FLOOR_M:
        return None
    if ahead:
        return "front" if abs(degrees) < 90 - SIDE_DEG[0] else "behind" if abs(degrees) > 90 + SIDE_DEG[0] else None
    return None if not SIDE_DEG[0] < abs(degrees) < SIDE_DEG[1] else "right" if degrees > 0 else "left"


def facing(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """Left or right for somebody who stands at one thing and looks towards another."""
    for a, b, c in some(at.bodies, 3, rng):
        if a.kind.stands not in STOOD_AT:
            continue

        def judge(of: Callable[[Body], Place], a: Body = a, b: Body = b, c: Body = c) -> str | None:
            if math.dist(of(a)[:2], of(b)[:2]) < LEAST_FLOOR_M:
                return None
            return _side(of(a), towards(of(a), of(b)), of(c), False)

        if key := both(judge):
            return told(key, {"a": a, "b": b, "c": c})
    return None


def clock(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """An hour, drawn first: noon is behind what one looks at, six behind one's back."""
    wanted = str(1 + int(rng.integers(12)))
    if rng.random() >= EVEN_HOURS[int(wanted) - 1]:
        return None
    for a, b, c in some(at.bodies, 3, rng, 4 * TRIES):
        if a.kind.stands not in STOOD_AT:
            continue

        def judge(of: Callable[[Body], Place], a: Body = a, b: Body = b, c: Body = c) -> str | None:
            return _hour(of(a), towards(of(a), of(b)), of(c)) if math.dist(of(a)[:2], of(b)[:2]) >= LEAST_FLOOR_M else None

        if both(judge) == wanted:
            slots, bodies = by_name(a=a, b=b, c=c)
            return Asked(slots, answer("clock", value=wanted), int(wanted), (a, b, c), {}, bodies)
    return None


def own_clock(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """An hour for somebody who sits."""
    wanted = str(1 + int(rng.integers(12)))
    for a, b in some(at.bodies, 2, rng, 4 * TRIES):
        if not a.kind.front or "sit" not in a.kind.use or _go_together(at, a, b) or b.thing.support == a.item.number:
            continue
        if both(lambda of, a=a, b=b: _hour(of(a), a.front, of(b))) == wanted:  # type: ignore[misc] # mypy: defaults in a lambda
            slots, bodies = by_name(a=a, b=b)
            return Asked(slots, answer("clock", value=wanted), int(wanted), (a, b), {}, bodies)
    return None


def _hour(at: Place, ahead: tuple[float, float], target: Place) -> str | None:
    degrees, metres = bearing(at, ahead, target)
    return hour_of(degrees, CLOCK_DEG) if metres >= LEAST_FLOOR_M else None


def other_side(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """Left or right for somebody beyond a thing who looks back to the camera, where there is room to stand."""
    eye = at.camera.position
    for a, b, c in some(at.bodies, 3, rng):
        spot = _beyond(at, c)
        if spot is None:
            continue

        def seen_from(of: Callable[[Body], Place], place: Place, a: Body = a, b: Body = b) -> str | None:
            back = towards(place, eye)
            (da, fa), (db, fb) = bearing(place, back, of(a)), bearing(place, back, of(b))
            if max(abs(da), abs(db)) > 75 or min(fa, fb) < LEAST_FLOOR_M:
                return None  # both must lie in view from there
            return None if abs(da - db) < 12 else "left" if da < db else "right"

        def judge(of: Callable[[Body], Place], c: Body = c, spot: Place = spot) -> str | None:
            sides = {seen_from(of, of(c)), seen_from(of, spot)}  # wherever beyond it
            return sides.pop() if len(sides) == 1 else None

        if key := both(judge):
            return told(key, {"a": a, "b": b, "c": c})
    return None


def _beyond(at: Surroundings, c: Body) -> Place | None:
    """Where somebody can stand right behind a thing, as the camera sees it; None where a wall is, or something else."""
    if c.thing.support is not None or c.kind.stands not in STOOD_AT:
        return None
    way, middle = towards(at.camera.position, c.center), c.center
    reach = max((x - middle[0]) * way[0] + (y - middle[1]) * way[1] for x, y in footprint(c.thing).corners())
    x, y = (middle[axis] + way[axis] * (reach + STANDING_M / 2) for axis in (0, 1))
    place = Footprint(x, y, STANDING_M / 2, STANDING_M / 2, math.degrees(math.atan2(way[1], way[0])), 0.0, TALL_M)
    shell = at.scene.shell
    on_floor = all(0 < px < shell.width and shell.road < py < shell.depth for px, py in place.corners())
    others = (footprint(thing) for number, thing in enumerate(at.scene.things) if number != c.item.number)
    return (x, y, 0.0) if on_floor and not any(overlap(place, other) for other in others) else None
