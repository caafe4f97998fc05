"""Questions of `spatial.relations` about metres: distances, sizes, what fits where.

Distances are drawn by size before a pair is looked for, and boxes to fit into from what such things usually measure, so that neither the
task nor a name tells the answer.
"""

import math
from dataclasses import replace

from numpy.random import Generator

from schemas.geometry import point_px_to_1000
from synth.spatial.layout import Footprint, footprint, meet, outline, standing
from synth.spatial.relations_bodies import Body, Surroundings
from synth.spatial.relations_hiding import Hiding
from synth.spatial.relations_order import chosen
from synth.spatial.relations_points import pixel_of
from synth.spatial.relations_prompts import answer, at_point
from synth.spatial.relations_views import TRIES, Asked, Writer, by_name, coin, some, told

LEAST_M, MOST_M, STEPS = 0.25, 4.5, 8
"""Distances that are asked for, in steps of equal ratio."""
VARIED = 1.45
"""Least ratio of the largest to the smallest of a kind whose size is asked for: others can be told from the name."""
LEAST_SIDE_M = 0.08
"""Sides of smaller things are not asked for: two decimals would tell too little."""
BOXLIKE = (
    *("table", "coffee_table", "desk", "chair", "stool", "armchair", "sofa", "bed", "cabinet", "wardrobe", "bookshelf", "bench"),
    *("fridge", "washer", "carton", "crate"),
)
"""Kinds whose outline on the floor is the rectangle around it: between others the gap is wider than between those."""
FLOOR_PX = 400
"""Least that must be seen of the floor for heights above it."""
CLEAR_INNER_PX = 4
"""Least distance of the point by which a thing is named from its edge."""
PLAIN_CM = 0.35
"""Farthest from a whole centimetre that a length may be, so that two ways of measuring round alike."""
ALIKE = 1.05
"""Ratio of the usual heights of two kinds within which their names do not tell which one is taller."""
SHOWN = 0.92
"""Share of an extent that must be seen where it is asked for."""
CLOSE = 1.28
"""Spaces so much longer than an extent are so by far: the extent need not be seen."""
YES_SHARE = 0.4
"""How often something that fits into a box is looked for: it is found more often than something that does not."""
FITS = 1.18
"""By how much larger or smaller a space must be than what is to stand in it (families.md C3: 15 %)."""


def _metres(value: float, *bodies: Body) -> Asked | None:
    """A length, unless its third decimal leaves the second in doubt."""
    if abs(100 * value - round(100 * value)) > PLAIN_CM:
        return None
    slots, named = by_name(**dict(zip("ab", bodies, strict=False)))
    return Asked(slots, answer("metres", value=f"{value:.2f}"), round(value, 2), bodies, {}, named)


def _step(rng: Generator) -> tuple[float, float]:
    """A drawn range of distances."""
    ratio, step = (MOST_M / LEAST_M) ** (1 / STEPS), int(rng.integers(STEPS))
    return float(LEAST_M * ratio**step), float(LEAST_M * ratio ** (step + 1))


def distance_camera(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """From the camera to the nearest visible point."""
    low, high = _step(rng)
    near = (_metres(a.item.distance_m, a) for (a,) in some(at.bodies, 1, rng) if low <= a.item.distance_m < high)
    return next((asked for asked in near if asked), None)


def distance(axes: str) -> Writer:
    """Between the centres of two things: in space, along the floor, or in height."""

    def write(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
        low, high = _step(rng)
        for a, b in some(at.bodies, 2, rng):
            value = math.dist([a.center["xyz".index(k)] for k in axes], [b.center["xyz".index(k)] for k in axes])
            if low <= value < high and (asked := _metres(value, a, b)):
                return asked
        return None

    return write


def _varies(a: Body, axis: int) -> bool:
    low, high = a.kind.size[axis]
    return high / low >= VARIED and low >= LEAST_SIDE_M


def size(axis: int) -> Writer:
    """How wide (0; of a thing with a front) or tall (2) the thing at a point is: its name would tell most of it."""

    def write(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
        for (a,) in some(at.bodies, 1, rng):
            point = point_px_to_1000(a.item.point_px, at.camera.width_px, at.camera.height_px)
            if a.thing.size[axis] < LEAST_SIDE_M or a.item.inner_px < CLEAR_INNER_PX or (axis == 0 and not a.kind.front):
                continue
            asked = _metres(a.thing.size[axis], a)
            column, row = pixel_of(at.camera, point)
            if (
                asked
                and a.shown[axis] >= SHOWN
                and at.view.thing[row, column] == a.item.number
                and not at.is_behind(a.item.number, column, row)
            ):
                return replace(asked, slots={"a": at_point(*point)}, named={})
        return None

    return write


def taller(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """Which of two is taller, where such things usually are about as tall."""
    for a, b in some(at.bodies, 2, rng, 3 * TRIES):
        mine, other = a.thing.size[2], b.thing.size[2]
        usual = sum(a.kind.size[2]) / sum(b.kind.size[2])
        told_apart = max(mine, other) >= 1.2 * min(mine, other) and abs(mine - other) >= 0.05 and min(a.shown[2], b.shown[2]) >= SHOWN
        if told_apart and 1 / ALIKE <= usual <= ALIKE:
            return chosen((a, b), a if mine > other else b)
    return None


def size_ratio(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """Height over height."""
    for a, b in some(at.bodies, 2, rng):
        value = a.thing.size[2] / b.thing.size[2]
        if 0.3 <= value <= 4 and abs(value - 1) > 0.1 and _varies(a, 2) and _varies(b, 2) and min(a.shown[2], b.shown[2]) >= SHOWN:
            slots, named = by_name(a=a, b=b)
            return Asked(slots, answer("times", value=f"{value:.1f}"), round(value, 1), (a, b), {}, named)
    return None


def fits_between(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """Whether a thing fits between two others; only one that fits somewhere and elsewhere does not."""
    upright = [body for body in at.bodies if body.thing.support is None and body.thing.kind in BOXLIKE]
    pairs = [(b, c, gap_between(footprint(b.thing), footprint(c.thing))) for b in upright for c in upright if b.item.number < c.item.number]
    for (a,) in some(upright, 1, rng, 12):
        thin = min(a.thing.size[:2])
        if a.shown[a.thing.size.index(thin)] < SHOWN:
            continue
        mine = [(b, c, gap) for b, c, gap in pairs if a is not b and a is not c and gap > 0.12 and _is_empty(at, a, b, c)]
        room, none = [p for p in mine if p[2] >= FITS * thin and p[2] < 4 * thin], [p for p in mine if p[2] * FITS <= thin]
        if room and none:
            pool, key = (room, "yes") if coin(rng) else (none, "no")
            b, c, _ = pool[int(rng.integers(len(pool)))]
            return told(key, {"a": a, "b": b, "c": c})
    return None


def _is_empty(at: Surroundings, a: Body, b: Body, c: Body) -> bool:
    """Whether nothing but `a`, and what stands on the three, is between `b` and `c`, as high as `a` reaches."""
    between = outline([*footprint(b.thing).corners(), *footprint(c.thing).corners()])
    things, mine = at.scene.things, {body.item.number for body in (a, b, c)}
    others = (footprint(thing) for number, thing in enumerate(things) if standing(things, number) not in mine)
    return not any(other.low < a.thing.size[2] and meet(between, other.corners()) for other in others)


def gap_between(a: Footprint, b: Footprint) -> float:
    """Least distance of two rectangles on the floor, metres; 0 where they meet."""
    mine, other = a.corners(), b.corners()
    least = math.inf
    for corners, sides in ((mine, other), (other, mine)):
        inside = [True] * 4
        for p, q in zip(sides, sides[1:] + sides[:1], strict=True):
            for n, corner in enumerate(corners):
                least = min(least, _to_side(corner, p, q))
                inside[n] &= (q[0] - p[0]) * (corner[1] - p[1]) - (q[1] - p[1]) * (corner[0] - p[0]) >= 0
        if any(inside):
            return 0.0
    return least


def _to_side(point: tuple[float, float], p: tuple[float, float], q: tuple[float, float]) -> float:
    x, y = q[0] - p[0], q[1] - p[1]
    share = max(0.0, min(1.0, ((point[0] - p[0]) * x + (point[1] - p[1]) * y) / (x * x + y * y)))
    return math.dist(point, (p[0] + share * x, p[1] + share * y))


def fits_box(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """Whether a thing fits upright into a box: one side of the box is what such things usually measure, the others leave room."""
    want = bool(rng.random() < YES_SHARE)
    for (a,) in some(at.bodies, 1, rng):
        deciding = "height" if coin(rng) else "base"
        thin, long = sorted(a.thing.size[:2])
        tall = a.thing.size[2]
        usual = sum(a.kind.size[2]) / 2 if deciding == "height" else min(sum(a.kind.size[0]), sum(a.kind.size[1])) / 2
        usual *= 0.97 + 0.06 * float(rng.random())
        actual = tall if deciding == "height" else thin
        if not (actual * FITS <= usual if want else usual * FITS <= actual):
            continue
        room = [1.3 + 0.3 * float(rng.random()) for _ in range(3)]
        sides = [thin * room[0], long * room[1], tall * room[2]]
        sides[2 if deciding == "height" else 0] = usual
        w, d, h = (max(1, round(100 * side)) for side in sides)
        if min(w, d, h) < 10 or min(w / 100 / thin, h / 100 / tall) > 2 or (deciding == "base" and d < w):
            continue
        spaces = ((w / 100, a.thing.size.index(thin)), (d / 100, 1 - a.thing.size.index(thin)), (h / 100, 2))
        if any(space < CLOSE * a.thing.size[axis] and a.shown[axis] < SHOWN for space, axis in spaces):
            continue
        key = "yes" if want else "no"
        slots, named = by_name(a=a)
        return Asked({**slots, "size": f"{w} x {d} x {h} cm"}, answer(key), key, (a,), {"box_cm": [w, d, h]}, named)
    return None


def camera_height(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """How high the camera was, where the floor is seen."""
    return _metres(at.camera.position[2]) if at.floor_px >= FLOOR_PX else None
