"""Furnishes a room: pieces along walls, around tables and in front of sofas, things on top of them; nothing overlaps, everything is held
up.

World frame: the floor is z = 0, the room spans x from 0 to its width and y from 0 to its depth. Knows nothing of cameras, light or
questions.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from numpy.random import Generator

from synth.spatial.furniture import Surface
from synth.spatial.objects import Thing, build, catalogue, draw_thing

PLACES_FILE = Path(__file__).with_name("rooms.yaml")
TRIES = 24
"""Places tried for one piece before it is left out."""
GAP_M = 0.02
"""Room kept between pieces, and to walls (chosen: thicker than a skirting)."""
ON_TOP_GAP_M = 0.008
SETS_SHARE = 0.4
"""Share of surfaces on which stand things of one or two kinds only (chosen: with none, "1" was the answer to two counts in three)."""
WALLS = ((0, 180.0), (1, 0.0), (2, 90.0), (3, 270.0))
"""Walls y = 0, y = depth, x = 0, x = width, and the yaw of something whose back is to each."""


Spot = tuple[float, float]
"""A place on the floor plan, metres."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """An upright box: its middle and half extents on the floor, yaw in degrees, and the heights it spans."""

    x: float
    y: float
    half_w: float
    half_d: float
    yaw_deg: float
    low: float
    high: float

    def corners(self) -> list[Spot]:
        """On the floor, in order around."""
        c, s = math.cos(math.radians(self.yaw_deg)), math.sin(math.radians(self.yaw_deg))
        signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        return [(self.x + c * i * self.half_w - s * j * self.half_d, self.y + s * i * self.half_w + c * j * self.half_d) for i, j in signs]


@cache
def places() -> Mapping[str, Any]:
    """The kinds of place, by name."""
    found: dict[str, Any] = _rooms()["places"]
    return found


@cache
def tops() -> Mapping[str, Any]:
    """What may stand on which kind of furniture."""
    found: dict[str, Any] = _rooms()["tops"]
    return found


@cache
def _rooms() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(PLACES_FILE.read_text(encoding="utf-8"))
    return loaded


def footprint(thing: Thing, gap: float = 0.0) -> Footprint:
    """The upright box around a thing, `gap` metres wider on each side."""
    (w, d, h), (x, y, z) = thing.size, thing.position
    return Footprint(x, y, w / 2 + gap, d / 2 + gap, thing.yaw_deg, z, z + h)


def overlap(a: Footprint, b: Footprint) -> bool:
    """Whether two upright boxes share a volume: separating axes of their floor rectangles, and their heights."""
    if a.high <= b.low + 1e-6 or b.high <= a.low + 1e-6:
        return False
    return meet(a.corners(), b.corners())


def meet(a: Sequence[Spot], b: Sequence[Spot]) -> bool:
    """Whether two convex polygons of the floor plan share an area: no side of either parts them."""
    for polygon in (a, b):
        for p, q in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
            first, second = ([(q[1] - p[1]) * x - (q[0] - p[0]) * y for x, y in corners] for corners in (a, b))
            if max(first) <= min(second) or max(second) <= min(first):
                return False
    return True


def outline(spots: Iterable[Spot]) -> list[Spot]:
    """The convex polygon around spots of the floor plan, in order around."""
    ordered, out = sorted(set(spots)), list[Spot]()
    for chain in (ordered, ordered[::-1]):
        half = list[Spot]()
        for p in chain:
            while len(half) > 1 and (half[-1][0] - half[-2][0]) * (p[1] - half[-2][1]) <= (half[-1][1] - half[-2][1]) * (
                p[0] - half[-2][0]
            ):
                half.pop()
            half.append(p)
        out += half[:-1]
    return out


def strip(a: Spot, b: Spot, half_width: float, high: float) -> Footprint:
    """The upright box along a straight way on the floor."""
    x, y = b[0] - a[0], b[1] - a[1]
    yaw = math.degrees(math.atan2(y, x))
    return Footprint((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, math.hypot(x, y) / 2, half_width, yaw, 0.0, high)


def standing(things: Sequence[Thing], number: int) -> int:
    """Number of the thing on the floor or wall that carries a thing, by way of others or not; its own if nothing does."""
    while (below := things[number].support) is not None:
        number = below
    return number


def furnish(
    place: str, width: float, depth: float, height: float, clutter: float, rng: Generator, *, road: float = 0.0
) -> tuple[Thing, ...]:
    """Everything that stands in a place.

    Args:
        place: A kind of place of `rooms.yaml`.
        width: Of the room, metres; so are the next two.
        depth: Along y.
        height: Of its walls.
        clutter: Things per square metre of furniture top, 0 or more.
        rng: Draws it.
        road: Depth of the carriageway, along y, on which nothing stands but vehicles.
    """
    room, row, things = (width, depth, height), places()[place], list[Thing]()
    for kind, chance, most in row["furniture"]:
        for _ in range(most):
            if rng.random() < chance:
                _put(draw_thing(kind, rng), things, room, rng, close=kind == row.get("close"), road=road)
    for kind, by in row.get("facing", {}).items():
        for target in [t for t in things if t.kind == by]:
            _put_facing(draw_thing(kind, rng), target, things, room, rng)
    for kind, by in row.get("around", {}).items():
        for target in [t for t in things if t.kind == by]:
            _put_around(kind, target, things, room, rng)
    for number, thing in enumerate(list(things)):
        if thing.kind in tops():
            _load(number, thing, things, clutter, rng)
    return tuple(things)


def _free(thing: Thing, things: Iterable[Thing], room: tuple[float, float, float], gap: float = GAP_M) -> bool:
    mine = footprint(thing, gap)
    inside = all(0 < x < room[0] and 0 < y < room[1] for x, y in footprint(thing, gap * 0.5).corners())
    return inside and mine.high < room[2] and not any(overlap(mine, footprint(other)) for other in things)


def _at(thing: Thing, x: float, y: float, z: float, yaw: float, support: int | None = None) -> Thing:
    """The thing at a place, told in whole tenths of a millimetre and of a degree."""
    return replace(thing, position=(round(x, 4), round(y, 4), round(z, 4)), yaw_deg=round(yaw % 360.0, 1) % 360.0, support=support)


def _put(thing: Thing, things: list[Thing], room: tuple[float, float, float], rng: Generator, *, close: bool, road: float) -> bool:
    stands = catalogue()[thing.kind].stands
    w, d, h = thing.size
    for _ in range(TRIES):
        if close:  # in the middle of the back wall, for a camera that stands close
            placed = _at(thing, room[0] / 2, room[1] - d / 2 - 0.05, 0.0, 0.0)
        elif stands == "kerb":  # along it, either way; now and then on the far lane
            y = road - 0.15 - w / 2 if rng.random() < 0.8 else 0.4 + w / 2
            placed = _at(thing, d / 2 + float(rng.random()) * (room[0] - d), y, 0.0, 90.0 if rng.random() < 0.5 else 270.0)
        elif stands in ("wall", "hung"):
            wall, yaw = WALLS[int(rng.integers(4))]
            along = room[0] if wall < 2 else room[1]
            if along < w + 0.2:
                continue
            off, back = w / 2 + 0.05 + float(rng.random()) * (along - w - 0.1), d / 2 + (GAP_M if stands == "wall" else 0.004)
            x, y = ((off, back), (off, room[1] - back), (back, off), (room[0] - back, off))[wall]
            z = 0.0 if stands == "wall" else 1.15 + float(rng.random()) * max(0.0, room[2] - h - 1.35)
            placed = _at(thing, x, y, z, yaw)
        else:
            near = rng.random() < 0.5  # half of it along the walls, where rooms are full
            margin = max(w, d) / 2 + 0.03
            x, y = (low + margin + float(rng.random()) * (side - low - 2 * margin) for low, side in ((0.0, room[0]), (road, room[1])))
            if near and rng.random() < 0.5:
                x = margin if rng.random() < 0.5 else room[0] - margin
            elif near:
                y = road + margin if rng.random() < 0.5 else room[1] - margin
            placed = _at(thing, x, y, 0.0, float(rng.random()) * 360.0)
        if _free(placed, things, room, 0.002 if stands == "hung" else GAP_M):
            things.append(placed)
            return True
    return False


def _put_facing(thing: Thing, target: Thing, things: list[Thing], room: tuple[float, float, float], rng: Generator) -> None:
    """In front of `target`, and turned to it."""
    for _ in range(TRIES):
        away = target.size[1] / 2 + thing.size[1] / 2 + 0.05 + 0.4 * float(rng.random())
        aside = (float(rng.random()) - 0.5) * 0.4 * target.size[0]
        x, y = _beside(target, aside, -away)
        placed = _at(thing, x, y, 0.0, target.yaw_deg + 180.0 + (float(rng.random()) - 0.5) * 50.0)
        if _free(placed, things, room):
            things.append(placed)
            return


def _put_around(kind: str, target: Thing, things: list[Thing], room: tuple[float, float, float], rng: Generator) -> None:
    """Seats of one make at the sides of a table, each turned to it and pushed in more or less."""
    first = draw_thing(kind, rng)
    w, d, _ = target.size
    for side, aside in ((0, -w / 4), (0, w / 4), (180, -w / 4), (180, w / 4), (90, 0.0), (270, 0.0)):
        if rng.random() < 0.3:
            continue
        reach = (d if side in (0, 180) else w) / 2 + first.size[1] / 2 + 0.03 + 0.25 * float(rng.random())
        c, s = math.cos(math.radians(side)), math.sin(math.radians(side))
        x, y = _beside(target, c * aside + s * reach, s * aside - c * reach)
        # a seat at the table's front looks away from the viewer of that front: to the table
        placed = _at(first, x, y, 0.0, target.yaw_deg + side + 180.0 + (float(rng.random()) - 0.5) * 30.0)
        if _free(placed, things, room, 0.01):
            things.append(placed)


def _beside(target: Thing, right: float, back: float) -> tuple[float, float]:
    """A point of the floor told in a thing's own frame."""
    c, s = math.cos(math.radians(target.yaw_deg)), math.sin(math.radians(target.yaw_deg))
    return (target.position[0] + c * right - s * back, target.position[1] + s * right + c * back)


def _load(number: int, thing: Thing, things: list[Thing], clutter: float, rng: Generator) -> None:
    """Stand things on one piece of furniture."""
    allowed: Sequence[str] = tops()[thing.kind]
    for surface in build(thing).surfaces:
        area = (surface.x1 - surface.x0) * (surface.y1 - surface.y0)
        count = min(12, int(area * clutter * (0.5 + float(rng.random())) + float(rng.random())))
        singles, here = set[str](), allowed
        if rng.random() < SETS_SHARE:  # a row of books, a set of cups
            several = [kind for kind in dict.fromkeys(allowed) if kind not in _rooms()["single"]]
            here = [several[int(rng.integers(len(several)))] for _ in range(1 + int(rng.integers(2)))]
        for _ in range(count):
            kind = here[int(rng.integers(len(here)))]
            if kind in singles and kind in _rooms()["single"]:
                continue
            singles.add(kind)
            _stand(draw_thing(kind, rng), number, thing, surface, things, rng)


def _stand(thing: Thing, number: int, below: Thing, surface: Surface, things: list[Thing], rng: Generator) -> None:
    """One thing somewhere on a surface, wholly on it."""
    kind = catalogue()[thing.kind]
    if thing.size[2] > surface.headroom:
        return
    for _ in range(TRIES):
        turn = (float(rng.random()) - 0.5) * (60.0 if kind.front else 360.0)
        if kind.stands == "shelf":
            turn = 0.0
        c, s = abs(math.cos(math.radians(turn))), abs(math.sin(math.radians(turn)))
        half_x, half_y = (c * thing.size[0] + s * thing.size[1]) / 2, (s * thing.size[0] + c * thing.size[1]) / 2
        room_x, room_y = surface.x1 - surface.x0 - 2 * half_x, surface.y1 - surface.y0 - 2 * half_y
        if room_x < 0 or room_y < 0:
            continue
        right = surface.x0 + half_x + float(rng.random()) * room_x
        back = surface.y0 + half_y + float(rng.random()) * room_y
        x, y = _beside(below, right, back)
        placed = _at(thing, x, y, below.position[2] + surface.z, below.yaw_deg + turn, number)
        mine = footprint(placed, ON_TOP_GAP_M)
        if not any(overlap(mine, footprint(other)) for place, other in enumerate(things) if place != number):
            things.append(placed)
            return
