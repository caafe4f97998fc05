"""Questions of `spatial.relations` about order and about what hides or carries what: surroundings -> question, answer, program."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from numpy.random import Generator

from schemas.sample import Json
from synth.spatial.layout import tops
from synth.spatial.relations_bodies import FARTHEST, NEAR, NEAREST, Body, Place, Surroundings, alike, side_of
from synth.spatial.relations_hiding import Hiding
from synth.spatial.relations_points import touches
from synth.spatial.relations_prompts import answer, sentence
from synth.spatial.relations_views import NEARER_M, TRIES, Asked, Writer, by_name, coin, some, told

NEARER = 0.2
"""Share of a distance by which another must be longer, beside `NEARER_M`."""
HIDES = 0.06
"""Least share of an outline that is said to be hidden."""


def options(bodies: Sequence[Body]) -> str:
    """`the chair, the desk or the ball`."""
    return ", ".join(body.text for body in bodies[:-1]) + " or " + bodies[-1].text


def chosen(bodies: Sequence[Body], right: Body, **bodies_named: Body) -> Asked:
    """A question with options."""
    slots, named = by_name(**bodies_named)
    texts: list[Json] = [body.text for body in bodies]
    return Asked(
        {**slots, "options": options(bodies)}, sentence(right.text), right.text, (*bodies_named.values(), *bodies), {"of": texts}, named
    )


def nearest(*, sign: int) -> Writer:
    """The nearest (1) or farthest (-1) of three."""

    def write(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
        for picked in some(at.bodies, 3, rng, 6 * TRIES):
            if not alike(NEAREST if sign > 0 else FARTHEST, *picked):
                continue  # what stands along the walls is far, and what stands on tables is near: names would tell
            order = sorted(picked, key=lambda body: sign * body.item.distance_m)
            first, second = (body.item.distance_m for body in order[:2])
            if abs(second - first) >= max(NEARER_M, NEARER * max(first, second)) and side_of(order[0], order[1], 2) == -sign:
                return chosen(picked, order[0])
        return None

    return write


def nearest_to(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """The nearest of three to a fourth, from middle to middle and as far as what is seen tells."""
    for a, *picked in some(at.bodies, 4, rng):
        if any(body.thing.support == a.item.number or a.thing.support == body.item.number for body in picked):
            continue
        firsts = [_nearest_of(a, picked, lambda body: body.center), _nearest_of(a, picked, lambda body: body.seen_world.center)]
        if firsts[0] is not None and firsts[0] is firsts[1]:
            return chosen(picked, firsts[0], a=a)
    return None


def _nearest_of(a: Body, picked: Sequence[Body], of: Callable[[Body], Place]) -> Body | None:
    order = sorted(picked, key=lambda body: math.dist(of(a), of(body)))
    first, second = (math.dist(of(a), of(body)) for body in order[:2])
    gaps = [_gap(a, body) for body in order]
    return order[0] if second - first >= max(0.25, 0.25 * second) and gaps[0] < min(gaps[1:]) - 0.1 else None


def _gap(a: Body, b: Body) -> float:
    """Free distance between the upright boxes around what is seen of two things, metres."""
    off = [max(0.0, a.seen_world.low[k] - b.seen_world.high[k], b.seen_world.low[k] - a.seen_world.high[k]) for k in range(3)]
    return math.hypot(*off)


def depth_order(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """Three or four in order of distance."""
    count = 3 + int(rng.integers(2))
    for picked in some(at.bodies, count, rng):
        order = sorted(picked, key=lambda body: body.item.distance_m)
        steps = list(pairwise(order))
        if all(
            b.item.distance_m - a.item.distance_m >= max(NEARER_M, NEARER * a.item.distance_m) and side_of(a, b, 2) < 0 for a, b in steps
        ):
            texts: list[Json] = [body.text for body in order]
            given: list[Json] = [body.text for body in picked]
            words = ", ".join(str(text) for text in texts)
            return Asked({"options": ", ".join(body.text for body in picked)}, sentence(words), texts, picked, {"of": given})
    return None


# --- hiding and carrying ------------------------------------------------------------------------------------------------------------------


def occludes(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """Whether one thing hides part of another; asked only where another beside it, that hides something else, has the other answer."""
    for (b,) in some(at.bodies, 1, rng):
        hiders = [a for a in at.bodies if a is not b and hiding.share(a, b) >= HIDES]
        others = [a for a in at.bodies if a is not b and hiding.apart(a, b) and a.item.distance_m < b.item.distance_m - NEARER_M]
        others = [a for a in others if _hides_some(at, hiding, a)]
        if hiders and others:
            pool, key = (hiders, "yes") if coin(rng) else (others, "no")
            return told(key, {"a": pool[int(rng.integers(len(pool)))], "b": b})
    return None


def _hides_some(at: Surroundings, hiding: Hiding, a: Body) -> bool:
    """Whether a thing hides part of any other: what stands in front, and is large, does so more often than what is not."""
    return any(hiding.share(a, b) >= HIDES for b in at.bodies if b is not a)


def hidden_by(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """What hides part of a thing; the other options hide something else."""
    for (a,) in some(at.bodies, 1, rng):
        hiders = [b for b in at.bodies if b is not a and hiding.share(b, a) >= HIDES]
        others = [b for b in at.bodies if b is not a and hiding.apart(b, a) and _hides_some(at, hiding, b)]
        others = [b for b in others if alike(NEAR, hiders[0], b)] if hiders else []
        if len(hiders) == 1 and others:
            picked = [hiders[0], *(others[int(k)] for k in rng.permutation(len(others))[:2])]
            return chosen([picked[int(k)] for k in rng.permutation(len(picked))], hiders[0], a=a)
    return None


def hidden_share(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """How much of a thing is hidden, in steps of ten per cent; the step is drawn first."""
    wanted = 10 * (1 + int(rng.integers(7)))
    for (a,) in some(at.bodies, 1, rng):
        share = hiding.total(a)
        if share is not None and abs(100 * share - wanted) <= 5:
            slots, bodies = by_name(a=a)
            value = round(100 * share)
            return Asked(slots, answer("per_cent", value=str(value)), value, (a,), {}, bodies)
    return None


def support_check(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """Whether one thing stands on another, where there is another that carries something and might carry it."""
    if found := _carried(at, rng):
        a, under, others = found
        right = coin(rng)
        return told("yes" if right else "no", {"a": a, "b": under if right else others[int(rng.integers(len(others)))]})
    return None


def support(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """Which of two or three carries a thing; all carry something."""
    if found := _carried(at, rng):
        a, under, others = found
        picked = [under, *others[:2]]
        return chosen([picked[int(k)] for k in rng.permutation(len(picked))], under, a=a)
    return None


def _carried(at: Surroundings, rng: Generator) -> tuple[Body, Body, list[Body]] | None:
    """A thing, what carries it, and others that might and carry something: the carrier is drawn first, since tables carry most."""
    things = at.scene.things
    # where strangers' models touch what carries them is not known, and a pot may stand between a cooker's plates
    on = [a for a in at.bodies if a.thing.support is not None and a.kind.shape and touches(a.thing, things[a.thing.support])]
    loaded = {thing.support for thing in things}
    carriers = [b for b in at.bodies if b.item.number in loaded]
    for (under,) in some(carriers, 1, rng, 8):
        mine = [a for a in on if a.thing.support == under.item.number]
        a = mine[int(rng.integers(len(mine)))] if mine else under
        others = [b for b in carriers if b is not under and b is not a and a.thing.kind in tops().get(b.thing.kind, ())]
        if mine and others:
            return a, under, others
    return None


def inside_check(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """Whether a thing stands between the boards of a bookshelf, where one does and another, that could, does not."""
    for (b,) in some([body for body in at.bodies if body.thing.kind == "bookshelf"], 1, rng, 4):
        top = b.thing.position[2] + b.thing.size[2]
        might = [a for a in at.bodies if a.thing.kind in tops()["bookshelf"]]
        within = [a for a in might if a.thing.support == b.item.number and a.thing.position[2] + a.thing.size[2] < top]
        outside = [a for a in might if a not in within]
        if within and outside:
            pool, key = (within, "yes") if coin(rng) else (outside, "no")
            return told(key, {"a": pool[int(rng.integers(len(pool)))], "b": b})
    return None
