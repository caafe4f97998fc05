"""Draws the log of a procedural clip: things and what befalls them, added one by one and kept where the world still runs untangled.

Times follow continuous laws. How close changes of one thing may follow each other comes from the gap between frames that will be shown, so
that each state can be seen. Nothing here knows frames.
"""

import math
from dataclasses import replace

from numpy.random import Generator

from schemas.errors import DataError
from synth.video.log import Actor, Push, Run, World, happenings, simulate
from synth.video.shapes import SHAPES

COLOURS = ("red", "orange", "yellow", "green", "turquoise", "blue", "purple", "pink")
TRIES = 14
"""Proposals for each change that is wanted (chosen)."""
STATE_S, LEG_S = 0.7, (0.8, 3.5)
"""Shortest state; how long things move (chosen: a film of 10 frames a second shows 8 to 35 of them)."""
STATE_GAPS = 1.4
"""Shortest state in gaps between frames shown: at least one frame falls into each."""
LEAST_PX, LEAST_SPEED = 30.0, 8.0
"""Shortest way, and least speed in pixels a second, that are told from standing still (chosen)."""


def draw_world(size_px: tuple[int, int], duration_s: float, gap_s: float, rng: Generator) -> World:
    """A world of 3 to 6 things.

    Args:
        size_px: (width, height) of the film.
        duration_s: Of the film.
        gap_s: Between frames that will be shown.
        rng: Source of randomness.

    Raises:
        DataError: `tangled`: hardly anything could be made to happen.
    """
    state_s = max(STATE_S, STATE_GAPS * gap_s)
    world = World(*size_px, duration_s, _things(size_px, duration_s, int(rng.integers(3, 7)), rng), ())
    run = simulate(world)
    wanted = min(24, max(3, int(duration_s / (1.5 * state_s))))
    kept = 0
    for _ in range(TRIES * wanted):
        try:
            proposed = _proposal(world, run, state_s, rng)
            new = simulate(proposed)
            _refuse_crowded(proposed, new, state_s)
        except DataError:
            continue
        world, run, kept = proposed, new, kept + 1
        if kept == wanted:
            break
    if len(happenings(world, run)) < 4:
        raise DataError("tangled", f"of {TRIES * wanted} proposals {kept} fit into {duration_s:.1f} s")
    return world


def _things(size_px: tuple[int, int], duration_s: float, count: int, rng: Generator) -> tuple[Actor, ...]:
    """Things on cells of a grid, so that none overlap; no two of a colour."""
    width, height = size_px
    columns, rows = (4, 2) if width > 1.3 * height else (2, 4) if height > 1.3 * width else (3, 3)
    cells = [int(k) for k in rng.permutation(columns * rows)[:count]]
    colours = [COLOURS[int(k)] for k in rng.permutation(len(COLOURS))[:count]]
    found = []
    for cell, colour in zip(cells, colours, strict=True):
        radius = float(rng.uniform(0.065, 0.1)) * min(size_px)
        column, row = cell % columns, cell // columns
        inner = [max(0.0, side / parts - 2.4 * radius) for side, parts in ((width, columns), (height, rows))]
        x = (column + 0.5) * width / columns + float(rng.uniform(-0.5, 0.5)) * inner[0]
        y = (row + 0.5) * height / rows + float(rng.uniform(-0.5, 0.5)) * inner[1]
        shape = SHAPES[int(rng.integers(len(SHAPES)))]
        found.append(Actor(shape, ((0.0, colour),), radius, x, y, 0.0, duration_s))
    return tuple(found)


def _proposal(world: World, run: Run, state_s: float, rng: Generator) -> World:
    """The world with one more change."""
    number = int(rng.integers(len(world.actors)))
    actor = world.actors[number]
    time = float(rng.uniform(state_s, world.duration_s - state_s))
    kind = rng.random()
    if kind < 0.35:
        return _push(world, run, number, time, -1, rng)
    if kind < 0.65:
        return _push(world, run, number, time, (number + 1 + int(rng.integers(len(world.actors) - 1))) % len(world.actors), rng)
    if kind < 0.85:
        used = {colour for other in world.actors for _, colour in other.colours}
        free = [colour for colour in COLOURS if colour not in used]
        others = [start for start, _ in actor.colours[1:]]
        if len(actor.colours) > 1:  # between two colours that it has already: so it can turn often
            before, now = actor.colours[-2][1], actor.colours[-1][1]
            if others and time < others[-1]:
                raise DataError("tangled", "turns are added in order")
            return _with(world, number, replace(actor, colours=(*actor.colours, (time, before if before != now else now))))
        if not free or any(other.shape == actor.shape for k, other in enumerate(world.actors) if k != number):
            raise DataError("tangled", "no colour is free, or it could not be named by its shape")
        return _with(world, number, replace(actor, colours=(*actor.colours, (time, free[int(rng.integers(len(free)))]))))
    if rng.random() < 0.5:
        if actor.appears_s > 0:
            raise DataError("tangled", "appears once")
        return _with(world, number, replace(actor, appears_s=time))
    if actor.leaves_s < world.duration_s:
        raise DataError("tangled", "leaves once")
    return _with(world, number, replace(actor, leaves_s=time))


def _push(world: World, run: Run, number: int, time: float, at: int, rng: Generator) -> World:
    """A push of an actor to a free place, or at another actor."""
    x, y = run.place(world, number, time)
    lasts = float(rng.uniform(*LEG_S))
    if at < 0:
        goal = (float(rng.uniform(0, world.width_px)), float(rng.uniform(0, world.height_px)))
        further = 1.0
    else:
        goal = run.place(world, at, time)
        goal = (goal[0] + float(rng.normal(0, 3)), goal[1] + float(rng.normal(0, 3)))
        further = float(rng.uniform(1.2, 2.0))
    dx, dy = (goal[0] - x) * further, (goal[1] - y) * further
    if at >= 0 and any(leg.start_s < time + lasts and leg.end_s > time for leg in run.legs[at]):
        raise DataError("tangled", "it moves itself")
    if time + lasts > world.duration_s - STATE_S:
        raise DataError("tangled", "too late")
    return replace(world, pushes=(*world.pushes, Push(number, time, dx / lasts, dy / lasts, lasts)))


def _with(world: World, number: int, actor: Actor) -> World:
    return replace(world, actors=(*world.actors[:number], actor, *world.actors[number + 1 :]))


def _refuse_crowded(world: World, run: Run, state_s: float) -> None:
    """Refuse changes of one thing that follow each other too fast, motions that can hardly be seen, and changes of things away."""
    for number, actor in enumerate(world.actors):
        times = [0.0, actor.appears_s, *(start for start, _ in actor.colours[1:])]
        for leg in run.legs[number]:
            way = math.hypot(leg.vx, leg.vy) * (leg.end_s - leg.start_s)
            if way < LEAST_PX or math.hypot(leg.vx, leg.vy) < LEAST_SPEED or leg.end_s - leg.start_s < LEG_S[0] / 2:
                raise DataError("tangled", "a motion that is hardly seen")
        spans = [*((time, time) for time in times[1:]), *((leg.start_s, leg.end_s) for leg in run.legs[number])]
        spans = sorted({span for span in spans if span[1] > 0})
        end = min(actor.leaves_s, world.duration_s)
        before = 0.0
        for start, stop in [*spans, (end, end)]:
            if start - before < state_s and not (start == end and before == 0):
                raise DataError("tangled", "one change follows another too fast")
            before = stop
        if any(time < actor.appears_s for time in [leg.start_s for leg in run.legs[number]] + times[2:]):
            raise DataError("tangled", "it changes before it is there")
