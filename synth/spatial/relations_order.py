"""Questions of `spatial.relations` about order and about what hides or carries what: surroundings -> question, answer, program."""

import math
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise

from numpy.random import Generator

from schemas.sample import Json
from synth.spatial.layout import tops
from synth.spatial.relations_bodies import FARTHEST, NEAREST, Body, Place, Surroundings, alike, side_of
from synth.spatial.relations_even import Pair, PairJudge, even_choice, even_pair
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
    """The nearest (1) or farthest (-1) of two or three of one kind; where there are none, of three whose names do not tell."""

    def write(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
        for picked in (*_of_one_kind(at, rng), *some(at.bodies, 3, rng, 6 * TRIES)):
            if not alike(NEAREST if sign > 0 else FARTHEST, *picked):
                continue  # what stands along the walls is far, and what stands on tables is near: names would tell
            order = sorted(picked, key=lambda body: sign * body.item.distance_m)
            first, second = (body.item.distance_m for body in order[:2])
            if abs(second - first) >= max(NEARER_M, NEARER * max(first, second)) and side_of(order[0], order[1], 2) == -sign:
                return chosen(picked, order[0])
        return None

    return write


def _of_one_kind(at: Surroundings, rng: Generator) -> list[tuple[Body, ...]]:
    """All threes of things of one kind, then all pairs, each in random order."""
    groups: dict[str, list[Body]] = {}
    for body in at.bodies:
        groups.setdefault(body.thing.kind, []).append(body)
    picked = [
        [of for group in groups.values() for of in combinations([group[int(k)] for k in rng.permutation(len(group))], count)]
        for count in (3, 2)
    ]
    return [sets[int(k)] for sets in picked for k in rng.permutation(len(sets))]


def nearest_to(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """The nearest of three, or two, to another, from middle to middle and as far as what is seen tells.

    Each of them is the nearest to something, so that no name is right more often than others.
    """
    for picked in (*some(at.bodies, 3, rng, TRIES // 2), *some(at.bodies, 2, rng, TRIES // 2)):
        near: dict[int, list[Body]] = {body.item.number: [] for body in picked}
        for a in at.bodies:
            mine = {a.item.number, a.thing.support}
            if any(body.item.number in mine or body.thing.support == a.item.number for body in picked):
                continue
            firsts = [_nearest_of(a, picked, lambda body: body.center), _nearest_of(a, picked, lambda body: body.seen_world.center)]
            if firsts[0] is not None and firsts[0] is firsts[1]:
                near[firsts[0].item.number].append(a)
        if all(near.values()):
            right = picked[int(rng.integers(len(picked)))]
            pool = near[right.item.number]
            return chosen(picked, right, a=pool[int(rng.integers(len(pool)))])
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


def _hides(hiding: Hiding) -> PairJudge:
    """Whether one thing hides part of another; no only of what is clearly beside it."""

    def judge(a: Body, b: Body) -> str | None:
        if hiding.share(a, b) >= HIDES:
            return "yes"
        return "no" if hiding.apart(a, b) else None

    return judge


def occludes(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """Whether one thing hides part of another: what is large and in front does so more often, so each is asked about both ways."""
    pair = even_pair(at.bodies, at.bodies, _hides(hiding), rng)
    return told(pair.key, {"a": pair.a, "b": pair.b}) if pair else None


def hidden_by(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """Which of two hides part of a thing; the other hides part of something else."""
    hides = _hides(hiding)
    return _of_two(even_choice(at.bodies, at.bodies, lambda a, b: hides(b, a), "yes", rng), rng)


def _of_two(pair: Pair | None, rng: Generator) -> Asked | None:
    if pair is None:
        return None
    return chosen((pair.b, pair.other) if coin(rng) else (pair.other, pair.b), pair.b, a=pair.a)


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
    """Whether one thing stands on another, that carries something and might carry it."""
    pair = even_pair(*_loads(at), _stands_on, rng)
    return told(pair.key, {"a": pair.a, "b": pair.b}) if pair else None


def support(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """Which of two carries a thing; both carry something that the other might."""
    return _of_two(even_choice(*_loads(at), _stands_on, "yes", rng), rng)


def _loads(at: Surroundings) -> tuple[list[Body], list[Body]]:
    """What stands on something, and what carries something."""
    things = at.scene.things
    # where strangers' models touch what carries them is not known, and a pot may stand between a cooker's plates
    on = [a for a in at.bodies if a.thing.support is not None and a.kind.shape and touches(a.thing, things[a.thing.support])]
    loaded = {thing.support for thing in things}
    return on, [b for b in at.bodies if b.item.number in loaded]


def _stands_on(a: Body, b: Body) -> str | None:
    if a.thing.support == b.item.number:
        return "yes"
    return "no" if a.thing.kind in tops().get(b.thing.kind, ()) else None


def inside_check(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """Whether a thing stands between the boards of a bookshelf, or elsewhere though it could."""

    def judge(a: Body, b: Body) -> str:
        under = a.thing.position[2] + a.thing.size[2] < b.thing.position[2] + b.thing.size[2]
        return "yes" if a.thing.support == b.item.number and under else "no"

    might = [a for a in at.bodies if a.thing.kind in tops()["bookshelf"]]
    pair = even_pair(might, [b for b in at.bodies if b.thing.kind == "bookshelf"], judge, rng)
    return told(pair.key, {"a": pair.a, "b": pair.b}) if pair else None
