"""How the verifier of `spatial.relations` answers what is told by sides, order, hiding and carrying: a case -> what its answer rests on."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from synth.spatial.proof_facts import Facts
from synth.spatial.relations_case import Case, Wrong, options
from synth.spatial.relations_facts import Measured, carrier, gap_of, in_the_way, level_direction, rectangle, turn_of
from synth.spatial.relations_prompts import answer, sentence, word
from synth.spatial.stored_scene import Floats

MARGIN_M, MARGIN = 0.1, 0.15
"""Least difference of what is compared, in metres and of the extents (families.md C3)."""
MARGIN_PX = 0.02
FLOOR_M = 0.4
SIDE_DEG, HOUR_DEG = 30.0, 13.0
ROUNDING_M, ROUNDING = 0.0045, 0.001
"""How far a told number may be from the measured one, in metres and of it: lengths are asked for where their third decimal is near 0."""
STANDING_M, TALL_M, GROUND_SHARE = 0.45, 1.75, 0.9
"""Side of the floor that somebody stands on and height of them; share of it that must be level ground."""
SHOWN_SHARE, PER_CENT = 0.05, 2.5

# --- comparisons -------------------------------------------------------------------------------------------------------------------------


def _sign(gaps: Sequence[tuple[float, float]], of: str) -> int:
    """The sign that all differences have, each at least as large as it must be."""
    signs = {0 if abs(gap) < least else 1 if gap > 0 else -1 for gap, least in gaps}
    if len(signs) != 1 or signs == {0}:
        raise Wrong(f"wrong_question: {of} is not clear: {', '.join(f'{gap:.3f}' for gap, _ in gaps)}")
    return signs.pop()


def _along(a: Measured, b: Measured, axis: int, *, camera: bool) -> list[tuple[float, float]]:
    out = []
    for seen in (False, True):
        (al, ah), (bl, bh) = a.spans(seen=seen, camera=camera), b.spans(seen=seen, camera=camera)
        extent = (ah[axis] - al[axis] + bh[axis] - bl[axis]) / 2
        out.append((float(al[axis] + ah[axis] - bl[axis] - bh[axis]) / 2, max(MARGIN_M, MARGIN * float(extent))))
    return out


def _in_picture(a: Measured, b: Measured, axis: int) -> tuple[float, float]:
    side = (a.facts.camera.width, a.facts.camera.height)[axis]
    return float(a.uv[axis] - b.uv[axis]), MARGIN_PX * side


def left_right(case: Case, a: Measured, b: Measured) -> str:
    """Across the camera's view."""
    return "right" if _sign([*_along(a, b, 0, camera=True), _in_picture(a, b, 0)], "which is left") > 0 else "left"


def higher_lower(case: Case, a: Measured, b: Measured) -> str:
    """Above the floor, undersides and tops alike (two things on one desk are placed equally high); in the picture too."""
    down, least = _in_picture(a, b, 1)
    (al, ah), (bl, bh) = a.spans(seen=False, camera=False), b.spans(seen=False, camera=False)
    ends = [(float(al[2] - bl[2]), MARGIN_M), (float(ah[2] - bh[2]), MARGIN_M)]
    return "higher" if _sign([*_along(a, b, 2, camera=False), *ends, (-down, least)], "which is higher") > 0 else "lower"


def front_behind(case: Case, a: Measured, b: Measured) -> str:
    """In depth and in distance."""
    nearer = case.facts.distance(a.number) - case.facts.distance(b.number)
    return "behind" if _sign([*_along(a, b, 2, camera=True), (nearer, MARGIN_M)], "which is in front") > 0 else "front"


Relation = Callable[[Case, Measured, Measured], str]


def which(relation: Relation) -> Callable[[Case], list[int]]:
    """A choice of two relations."""

    def check(case: Case) -> list[int]:
        a, b = case.one("a"), case.one("b")
        case.expect(relation(case, a, b))
        return [a.number, b.number]

    return check


def whether(relation: Relation) -> Callable[[Case], list[int]]:
    """A relation that holds or not."""

    def check(case: Case) -> list[int]:
        a, b, key = case.one("a"), case.one("b"), case.program["relation"]
        if word(key) != case.slots["relation"]:
            raise Wrong(f"wrong_program: {key!r} is not {case.slots['relation']!r}")
        case.expect("yes" if relation(case, a, b) == key else "no")
        return [a.number, b.number]

    return check


# --- from elsewhere ----------------------------------------------------------------------------------------------------------------------


def _bearing(things: Sequence[Measured], ahead: Callable[[Sequence[Floats]], Floats], at: int, target: int) -> list[tuple[float, float]]:
    """Degrees and metres from one thing to another, by middles of all and of what is seen."""
    out = []
    for seen in (False, True):
        middles = [thing.seen_center if seen else thing.center for thing in things]
        out.append(turn_of(middles[at], ahead(middles), middles[target]))
    if min(metres for _, metres in out) < FLOOR_M:
        raise Wrong("wrong_question: what a direction is told of is too near")
    return out


def _hand(turns: Sequence[tuple[float, float]]) -> str:
    if any(not SIDE_DEG < abs(degrees) < 180 - SIDE_DEG for degrees, _ in turns):
        raise Wrong("wrong_question: what is almost ahead or behind has no side")
    return "right" if _sign([(degrees, SIDE_DEG) for degrees, _ in turns], "the side") > 0 else "left"


def _hour(turns: Sequence[tuple[float, float]]) -> str:
    hours = {math.floor(degrees / 30 + 0.5) % 12 or 12 for degrees, _ in turns}
    off = max(abs(degrees - 30 * math.floor(degrees / 30 + 0.5)) for degrees, _ in turns)
    if len(hours) != 1 or off > HOUR_DEG:
        raise Wrong("wrong_question: the direction lies between two hours")
    return str(hours.pop())


def own(kind: str) -> Callable[[Case], list[int]]:
    """From the front of `a` to `b`: `side`, `ahead` or `clock`."""

    def check(case: Case) -> list[int]:
        a, b = case.one("a"), case.one("b")
        try:
            front = a.front
        except ValueError as error:
            raise Wrong(f"wrong_question: {error}") from error
        if kind != "ahead" and "sit" not in a.uses:
            raise Wrong("wrong_question: nobody sits there")
        turns = _bearing((a, b), lambda middles: front, 0, 1)
        if kind == "side":
            case.expect(_hand(turns))
        elif kind == "clock":
            case.expect_text(answer("clock", value=_hour(turns)), int(_hour(turns)))
        else:
            sign = _sign([(90 - abs(degrees), SIDE_DEG) for degrees, _ in turns], "what is in front of it")
            case.expect("front" if sign > 0 else "behind")
        return [a.number, b.number]

    return check


def facing(case: Case) -> list[int]:
    """At `a`, looking to `b`: the side or the hour of `c`."""
    a, b, c = case.one("a"), case.one("b"), case.one("c")
    _bearing((a, b), lambda middles: level_direction(middles[0], middles[1]), 0, 1)
    turns = _bearing((a, b, c), lambda middles: level_direction(middles[0], middles[1]), 0, 2)
    if case.task == "clock":
        case.expect_text(answer("clock", value=_hour(turns)), int(_hour(turns)))
    else:
        case.expect(_hand(turns))
    return [a.number, b.number, c.number]


def other_side(case: Case) -> list[int]:
    """Beyond `c`, looking back: `a` left or right of `b`."""
    a, b, c = case.one("a"), case.one("b"), case.one("c")
    eye = case.facts.camera.position
    spot = _beyond(case.facts, c)
    sides = [_bearing((a, b, c), lambda middles: level_direction(middles[2], eye), 2, k) for k in (0, 1)]
    for side, thing in zip(sides, (a, b), strict=True):
        side += [turn_of(spot, level_direction(spot, eye), middle) for middle in (thing.center, thing.seen_center)]
    if max(abs(degrees) for side in sides for degrees, _ in side) > 80:
        raise Wrong("wrong_question: from there one of them is not ahead")
    case.expect("left" if _sign([(x[0] - y[0], 8.0) for x, y in zip(*sides, strict=True)], "the side") < 0 else "right")
    return [a.number, b.number, c.number]


def _beyond(facts: Facts, c: Measured) -> Floats:
    """Where somebody stands who is right behind a thing that stands on the floor; `Wrong` where no level floor is free there."""
    eye, low = facts.camera.position, float(c.points[:, 2].min())
    way = level_direction(eye, c.center)
    reach = float(((c.plan - c.center[:2]) @ way).max())
    spot = c.center[:2] + way * (reach + STANDING_M / 2)
    shares = np.linspace(-0.5, 0.5, 5) * STANDING_M
    spots = np.array([spot + s * way + t * np.array([-way[1], way[0]]) for s in shares for t in shares])
    floors = [n for n, item in enumerate(facts.scene.items) if not item.about]
    ground = np.any([Measured(facts, n).carries(spots, low) for n in floors], axis=0) if floors else np.zeros(1)
    if carrier(facts, c.number) is not None or ground.mean() < GROUND_SHARE:
        raise Wrong(f"wrong_question: there is no floor beyond the {c.item.label} to stand on")
    if found := in_the_way(facts, rectangle(spot, way, STANDING_M, STANDING_M), low + 0.02, low + TALL_M, [c.number]):
        raise Wrong(f"wrong_question: {found} is where one would stand beyond the {c.item.label}")
    return np.array([*spot, low])


# --- order -------------------------------------------------------------------------------------------------------------------------------


def _in_order(values: Sequence[float]) -> list[int]:
    return sorted(range(len(values)), key=lambda k: values[k])


def extreme(*, sign: int) -> Callable[[Case], list[int]]:
    """The nearest (1) or farthest (-1) to the camera."""

    def check(case: Case) -> list[int]:
        picked = options(case)
        away = [case.facts.distance(thing.number) for thing in picked]
        order = _in_order([sign * value for value in away])
        if abs(away[order[0]] - away[order[1]]) < max(MARGIN_M, MARGIN * max(away[order[0]], away[order[1]])):
            raise Wrong("wrong_question: two are about as far")
        case.expect_option(case.program["of"][order[0]])
        return [thing.number for thing in picked]

    return check


def nearest_to(case: Case) -> list[int]:
    """The nearest to `a`, by middles of all and of what is seen."""
    a, picked = case.one("a"), options(case)
    firsts = set()
    for seen in (False, True):
        here = a.seen_center if seen else a.center
        away = [float(np.sqrt((((thing.seen_center if seen else thing.center) - here) ** 2).sum())) for thing in picked]
        order = _in_order(away)
        if away[order[1]] - away[order[0]] < max(MARGIN_M, MARGIN * away[order[1]]):
            raise Wrong("wrong_question: two are about as near")
        firsts.add(order[0])
    if len(firsts) != 1:
        raise Wrong("wrong_question: what is seen and what is there differ")
    case.expect_option(case.program["of"][firsts.pop()])
    return [a.number, *(thing.number for thing in picked)]


def depth_order(case: Case) -> list[int]:
    """All, nearest first."""
    picked = options(case)
    away = [case.facts.distance(thing.number) for thing in picked]
    order = _in_order(away)
    for k, following in pairwise(order):
        if away[following] - away[k] < max(MARGIN_M, MARGIN * away[k]):
            raise Wrong("wrong_question: two are about as far")
    sorted_texts = [case.program["of"][k] for k in order]
    case.expect_text(sentence(", ".join(sorted_texts)), sorted_texts)
    return [thing.number for thing in picked]


# --- hiding and carrying -----------------------------------------------------------------------------------------------------------------


def hides(a: Measured, b: Measured) -> bool:
    """Whether `a` hides part of `b`: drawn alone and together; `Wrong` where it hides a sliver."""
    covered = b.alone & b.facts.mask(a.number)
    share = float(covered.sum() / max(1, b.alone.sum()))
    if share >= SHOWN_SHARE:
        return True
    near = b.alone.copy()
    for axis in (0, 1):
        near |= np.roll(near, 2, axis=axis) | np.roll(near, -2, axis=axis)
    if (near & b.facts.mask(a.number)).any():
        raise Wrong(f"wrong_question: whether it hides {share:.3f} of the other is not clear")
    return False


def occludes(case: Case) -> list[int]:
    """Whether `a` hides part of `b`."""
    a, b = case.one("a"), case.one("b")
    case.expect("yes" if hides(a, b) else "no")
    return [a.number, b.number]


def hidden_by(case: Case) -> list[int]:
    """Which option hides part of `a`."""
    a, picked = case.one("a"), options(case)
    hiders = [text for text, thing in zip(case.program["of"], picked, strict=True) if hides(thing, a)]
    if len(hiders) != 1:
        raise Wrong(f"wrong_question: {len(hiders)} of them hide it")
    case.expect_option(hiders[0])
    return [a.number, *(thing.number for thing in picked)]


def hidden_share(case: Case) -> list[int]:
    """Per cent of the outline that others cover."""
    a = case.one("a")
    rows, columns = np.nonzero(a.alone)
    camera = case.facts.camera
    if not len(rows) or rows.min() < 1 or columns.min() < 1 or rows.max() > camera.height - 2 or columns.max() > camera.width - 2:
        raise Wrong("wrong_question: the picture's edge cuts it")
    share = 1 - float((a.alone & case.facts.mask(a.number)).sum() / len(rows))
    case.expect_number("per_cent", 100 * share, PER_CENT)
    return [a.number]


def support_check(case: Case) -> list[int]:
    """Whether `a` stands on `b`."""
    a, b = case.one("a"), case.one("b")
    case.expect("yes" if carrier(case.facts, a.number) == b.number else "no")
    return [a.number, b.number]


def support(case: Case) -> list[int]:
    """Which option carries `a`."""
    a, picked = case.one("a"), options(case)
    under = [text for text, thing in zip(case.program["of"], picked, strict=True) if carrier(case.facts, a.number) == thing.number]
    if len(under) != 1:
        raise Wrong(f"wrong_question: {len(under)} of them carry it")
    case.expect_option(under[0])
    return [a.number, *(thing.number for thing in picked)]


def inside_check(case: Case) -> list[int]:
    """Whether `a` is within `b` and under its top."""
    a, b = case.one("a"), case.one("b")
    off = np.abs(case.facts.told(b.number).inner(a.points)) - b.size / 2
    within = bool((off <= 0.002).all()) and a.points[:, 2].max() < b.points[:, 2].max() - 0.005
    if not within and gap_of(a.plan, b.plan) < 0.02 and a.points[:, 2].min() < b.points[:, 2].max() - 0.005:
        raise Wrong("wrong_question: it is neither inside nor clearly elsewhere")
    case.expect("yes" if within else "no")
    return [a.number, b.number]
