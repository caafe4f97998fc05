"""The log of a procedural clip: who is there, who is pushed when, and what happens by that; simulated exactly, at no frame's time.

Things stand still until they are pushed; then they go straight at constant speed until the push ends or they touch another thing, which
takes the motion over (equal masses, a central hit). Seconds count from the first frame, pixels are those of the encoded film, x right, y
down. Nothing here knows frames.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from schemas.errors import DataError
from synth.video.shapes import Outline, apart, outline, travel

Kind = Literal["appears", "disappears", "starts", "stops", "touches", "turns"]
CLEAR_PX = 10.0
"""Things that do not touch stay so far apart (chosen: the blur of compression reaches 3 px)."""

MOST_TOUCHES = 60
"""Of a clip (chosen: things that lie against each other would hand a push on for ever)."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A thing.

    Attributes:
        shape: One of `shapes.SHAPES`.
        colours: (time, colour) from which it has a colour; the first at time 0.
        radius_px: How far it reaches from its centre.
        x_px: Centre before it moves.
        y_px: Likewise.
        appears_s: 0 if it is there from the start.
        leaves_s: The film's end if it stays.
    """

    shape: str
    colours: tuple[tuple[float, str], ...]
    radius_px: float
    x_px: float
    y_px: float
    appears_s: float
    leaves_s: float

    def colour_at(self, time_s: float) -> str:
        """Its colour at a time."""
        return [colour for start, colour in self.colours if start <= time_s or start == 0][-1]


@dataclass(frozen=True, slots=True)
class Push:
    """What sets an actor going by itself: velocity in pixels a second, for so long unless it hits something."""

    actor: int
    time_s: float
    vx: float
    vy: float
    lasts_s: float


@dataclass(frozen=True, slots=True)
class World:
    """All that a clip shows."""

    width_px: int
    height_px: int
    duration_s: float
    actors: tuple[Actor, ...]
    pushes: tuple[Push, ...]


@dataclass(frozen=True, slots=True)
class Leg:
    """One straight motion."""

    start_s: float
    end_s: float
    x_px: float
    y_px: float
    vx: float
    vy: float

    def at(self, time_s: float) -> tuple[float, float]:
        """Where its thing is at a time; at its ends before and after."""
        gone = min(max(time_s, self.start_s), self.end_s) - self.start_s
        return self.x_px + gone * self.vx, self.y_px + gone * self.vy


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of the log.

    Attributes:
        kind: What happens.
        time_s: When.
        who: Number of the actor.
        other: The one that is touched, or -1.
        colour: What it turns, or empty.
    """

    kind: Kind
    time_s: float
    who: int
    other: int = -1
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """What pushes lead to: each actor's legs, and the touches as (time, who, whom)."""

    legs: tuple[tuple[Leg, ...], ...]
    touches: tuple[tuple[float, int, int], ...]

    def place(self, world: World, actor: int, time_s: float) -> tuple[float, float]:
        """Centre of an actor at a time."""
        return _place(world.actors[actor], self.legs[actor], time_s)


def simulate(world: World, without: int = -1) -> Run:
    """Let the world run, as if actor `without` had never been there.

    Raises:
        DataError: `tangled`: two moving things come near each other, one is pushed while it moves or is away, a thing moves out of the
            picture, or two things come near without touching.
    """
    legs: list[list[Leg]] = [[] for _ in world.actors]
    touches: list[tuple[float, int, int]] = []
    waiting = sorted(((push.time_s, push, -1) for push in world.pushes if push.actor != without), key=lambda item: item[0])
    while waiting:
        _, push, by = waiting.pop(0)
        actor, end = world.actors[push.actor], push.time_s + push.lasts_s
        if any(leg.end_s > push.time_s for leg in legs[push.actor]) or not actor.appears_s < push.time_s < actor.leaves_s:
            raise DataError("tangled", f"actor {push.actor} is pushed at {push.time_s} s, when it moves or is away")
        x, y = _place(actor, legs[push.actor], push.time_s)
        hit_s, hit = _first_hit(world, legs, push, (x, y), (push.actor, by, without))
        legs[push.actor].append(Leg(push.time_s, min(end, hit_s), x, y, push.vx, push.vy))
        if hit_s < end:
            touches.append((hit_s, push.actor, hit))
            if len(touches) > MOST_TOUCHES:
                raise DataError("tangled", f"more than {MOST_TOUCHES} touches")
            waiting = sorted([(hit_s, Push(hit, hit_s, push.vx, push.vy, end - hit_s), push.actor), *waiting], key=lambda item: item[0])
    run = Run(tuple(tuple(part) for part in legs), tuple(sorted(touches)))
    _refuse_tangles(world, run, without)
    return run


def happenings(world: World, run: Run) -> tuple[Happening, ...]:
    """The log in order of time."""
    found: list[Happening] = []
    for number, actor in enumerate(world.actors):
        if actor.appears_s > 0:
            found.append(Happening("appears", actor.appears_s, number))
        if actor.leaves_s < world.duration_s:
            found.append(Happening("disappears", actor.leaves_s, number))
        found += [Happening("turns", time, number, colour=colour) for time, colour in actor.colours[1:]]
        found += [Happening("starts", leg.start_s, number) for leg in run.legs[number]]
        found += [Happening("stops", leg.end_s, number) for leg in run.legs[number]]
    found += [Happening("touches", time, who, other) for time, who, other in run.touches]
    return tuple(sorted(found, key=lambda item: (item.time_s, item.kind, item.who)))


def outline_at(actor: Actor, place: tuple[float, float]) -> Outline:
    """An actor's outline in pixels with its centre at a place."""
    shaped: Outline = outline(actor.shape) * actor.radius_px + place
    return shaped


def _place(actor: Actor, legs: Sequence[Leg], time_s: float) -> tuple[float, float]:
    begun = [leg for leg in legs if leg.start_s <= time_s]
    return begun[-1].at(time_s) if begun else (actor.x_px, actor.y_px)


def _first_hit(world: World, legs: list[list[Leg]], push: Push, place: tuple[float, float], out: tuple[int, ...]) -> tuple[float, int]:
    """(time, whom) of the first touch of a pushed actor with one that stands there then, `out` left out; infinity if there is none."""
    speed = math.hypot(push.vx, push.vy)
    mover = outline_at(world.actors[push.actor], place)
    best = (math.inf, -1)
    for number, other in enumerate(world.actors):
        if number in out:
            continue
        still = outline_at(other, _place(other, legs[number], push.time_s + push.lasts_s))
        hit_s = push.time_s + travel(mover, still, (push.vx / speed, push.vy / speed)) / speed
        if other.appears_s < hit_s < other.leaves_s:
            best = min(best, (hit_s, number))
    return best


def _refuse_tangles(world: World, run: Run, without: int) -> None:
    """Step through the run as finely as things may move (`CLEAR_PX` / 4) and refuse what comes near without being meant to."""
    for number, actor in enumerate(world.actors):
        for other in range(len(world.actors)):
            if number != other and without not in (number, other):
                _refuse_near(world, run, (number, other), actor.appears_s)
    touched = {(who, other): time for time, who, other in run.touches}
    for number, parts in enumerate(run.legs):
        for leg in parts:
            steps = max(2, int(math.hypot(leg.vx, leg.vy) * (leg.end_s - leg.start_s) / (CLEAR_PX / 4)))
            for step in range(steps + 1):
                time = leg.start_s + (leg.end_s - leg.start_s) * step / steps
                actor = world.actors[number]
                place = leg.at(time)
                reach = actor.radius_px + CLEAR_PX / 2
                if not (reach <= place[0] <= world.width_px - reach and reach <= place[1] <= world.height_px - reach):
                    raise DataError("tangled", f"actor {number} leaves the picture at {time} s")
                for other in range(len(world.actors)):
                    if other in (number, without) or _meant(touched, number, other, time, run):
                        continue
                    _refuse_near(world, run, (number, other), time)


def _meant(touched: dict[tuple[int, int], float], a: int, b: int, time_s: float, run: Run) -> bool:
    """Whether two are on the leg that brings them together, or that parts them."""
    for pair in ((a, b), (b, a)):
        if pair in touched:
            legs = [leg for who in pair for leg in run.legs[who] if touched[pair] in (leg.start_s, leg.end_s)]
            if any(leg.start_s <= time_s <= leg.end_s for leg in legs):
                return True
    return False


def _refuse_near(world: World, run: Run, pair: tuple[int, int], time_s: float) -> None:
    first, second = (world.actors[number] for number in pair)
    if not (first.appears_s <= time_s <= first.leaves_s and second.appears_s <= time_s <= second.leaves_s):
        return
    places = [run.place(world, number, time_s) for number in pair]
    if math.dist(*places) > 1.5 * (first.radius_px + second.radius_px) + CLEAR_PX:
        return
    if apart(outline_at(first, places[0]), outline_at(second, places[1])) < CLEAR_PX:
        raise DataError("tangled", f"actors {pair[0]} and {pair[1]} come near each other at {time_s} s")
