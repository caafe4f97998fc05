"""What the verifier of `spatial.relations` measures of one thing: points that are seen, points of its triangles, its front, its parts.

Everything comes from `proof_facts`' masks, depths and triangles; nothing is taken from what the scene file says of places. The one thing
that is told and not seen, which side is the front, must agree with the shape.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from synth.spatial.proof_facts import Facts
from synth.spatial.stored_scene import Floats
from synth.spatial.zbuffer import hull, outside_hull, rasterise

FRONTED = ("sit", "type", "watch", "time")
"""Uses of things whose front their shape tells: seats and laptops are high at their back, screens and clocks have their face in front."""
LEVEL = 0.9
"""Least upward part of the normal of what counts as level."""
FOOT_M = 0.02
KEY_M, EDGE_SHARE = 0.0012, 0.08
"""Least height of keys over their tray; share of all that is level that is more than an edge."""
HANDLE_SHARE, HANDLE_DEPTH = 0.15, 0.35
"""Largest share of a thing's surface that a handle has, and how far from its front, of its depth."""


class Measured:
    """One thing, measured."""

    def __init__(self, facts: Facts, number: int) -> None:
        self.facts, self.number = facts, number
        self.item = facts.scene.items[number]

    @cached_property
    def points(self) -> Floats:
        """[n, 3] corners of its triangles, world."""
        return self.item.corners.reshape(-1, 3)

    @cached_property
    def cloud(self) -> Floats:
        """[n, 3] where it is seen, world."""
        return self.facts.cloud(self.number)

    @cached_property
    def center(self) -> Floats:
        """Middle of the box around its triangles, which has the told box's directions."""
        told = self.facts.told(self.number)
        inner = told.inner(self.points)
        middle = (inner.min(axis=0) + inner.max(axis=0)) / 2
        return np.asarray(told.center + np.array([float((row * middle).sum()) for row in told.rotation]), float)

    @cached_property
    def size(self) -> Floats:
        """Extents of that box."""
        inner = self.facts.told(self.number).inner(self.points)
        return np.asarray(inner.max(axis=0) - inner.min(axis=0), float)

    @cached_property
    def shown(self) -> Floats:
        """Shares of that box's extents that what is seen spans."""
        inner = self.facts.told(self.number).inner(self.cloud)
        return np.asarray((inner.max(axis=0) - inner.min(axis=0)) / self.size, float)

    @cached_property
    def seen_center(self) -> Floats:
        """Middle of the upright box around what is seen."""
        return np.asarray((self.cloud.min(axis=0) + self.cloud.max(axis=0)) / 2, float)

    @cached_property
    def uv(self) -> Floats:
        """Mean column and row of its pixels."""
        rows, columns = np.nonzero(self.facts.mask(self.number))
        return np.array([columns.mean() + 0.5, rows.mean() + 0.5])

    def spans(self, *, seen: bool, camera: bool) -> tuple[Floats, Floats]:
        """Least and greatest coordinates of what is seen or of all of it, in the camera frame or in the world."""
        points = self.cloud if seen else self.points
        if camera:
            points = np.stack(self.facts.camera.local(points), axis=1)
        return points.min(axis=0), points.max(axis=0)

    @cached_property
    def plan(self) -> Floats:
        """Convex outline on the floor plan."""
        return hull(self.points[:, :2])

    @cached_property
    def alone(self) -> NDArray[np.bool_]:
        """[h, w] where it would be seen if it stood alone."""
        return np.asarray(rasterise(self.item.corners, self.facts.camera).triangle >= 0)

    @property
    def uses(self) -> Sequence[str]:
        """What it is good for."""
        found: Sequence[str] = (self.item.about or {})["uses"]
        return found

    @cached_property
    def front(self) -> Floats:
        """Unit vector along the floor that its front faces; ValueError where it has none, or its shape says otherwise."""
        if not (self.item.about or {})["front"] or not set(self.uses) & set(FRONTED):
            raise ValueError(f"the {self.item.label} has no front that its shape shows")
        told = self.facts.told(self.number)
        inner = told.inner(self.points).reshape(-1, 3, 3)
        middle, depth = inner.mean(axis=1), float(told.size[2])
        if {"sit", "type"} & set(self.uses):
            high = middle[:, 1] < -0.2 * told.size[1]  # y points down
            area = self.areas[high]
            behind = float((middle[high, 2] * area).sum() / max(1e-12, area.sum())) if len(area) else 0.0
            agrees = behind > 0.08 * depth
        else:
            ahead, back = (set(self.item.part[slab].tolist()) for slab in (middle[:, 2] < 0, middle[:, 2] > 0.25 * depth))
            agrees = bool(ahead - back)
        if not agrees:
            raise ValueError(f"the shape of the {self.item.label} does not say that its front is where the scene has it")
        away = -told.rotation[:2, 2]
        return np.asarray(away / np.hypot(*away), float)

    @cached_property
    def areas(self) -> Floats:
        """[m] of its triangles, square metres."""
        return np.asarray(np.sqrt((self._facing**2).sum(axis=1)) / 2, float)

    @cached_property
    def _facing(self) -> Floats:
        a, b, c = (self.item.corners[:, k] for k in range(3))
        return np.cross(b - a, c - a)

    @cached_property
    def level(self) -> NDArray[np.bool_]:
        """[m] which of its triangles lie level and look up."""
        return np.asarray(self._facing[:, 2] > LEVEL * 2 * np.maximum(self.areas, 1e-12))

    # --- parts ---------------------------------------------------------------------------------------------------------------------------

    def used_part(self, task: str, triangle: int, point: Floats) -> bool:
        """Whether a point of one of its triangles lies on the part that a task means, by shape."""
        part, item = int(self.item.part[triangle]), self.item
        height = self.points[:, 2] - self.points[:, 2].min()
        if task == "afford_sit":
            heights = item.corners[self.level, :, 2].mean(axis=1)
            bins, weight = np.round(heights / 0.02).astype(int), self.areas[self.level]
            most = max(set(bins.tolist()), key=lambda k: float(weight[np.abs(bins - k) <= 1].sum()))
            return bool(self._facing[triangle, 2] > 1.2 * self.areas[triangle] and abs(point[2] - most * 0.02) < 0.06)
        if task == "afford_open":
            inner = self.facts.told(self.number).inner(point[None])[0]
            share = float(self.areas[item.part == part].sum() / self.areas.sum())
            return share < HANDLE_SHARE and bool(inner[2] < (HANDLE_DEPTH - 0.5) * self.size[2])
        if task == "afford_press":
            return bool(self.level[triangle]) and abs(point[2] - self._uppermost()) < KEY_M
        if task == "afford_grasp":
            rim = self.points[height > 0.97 * height.max(), :2]
            axis = (rim.min(axis=0) + rim.max(axis=0)) / 2
            radius = float(np.hypot(*(rim - axis).T).max())
            return float(np.hypot(*(point[:2] - axis))) > radius + 0.002
        lows = {p: float(self.item.corners[item.part == p, :, 2].min()) for p in set(item.part.tolist())}
        return part == max(lows, key=lambda p: lows[p]) and len(lows) > 1

    def _uppermost(self) -> float:
        """Height of the highest level surface that is no mere edge: keys lie on a tray."""
        heights, weight = self.item.corners[self.level, :, 2].mean(axis=1), self.areas[self.level]
        bins = np.round(heights / KEY_M * 2).astype(np.int64)
        large = [k for k in set(bins.tolist()) if float(weight[np.abs(bins - k) <= 1].sum()) > EDGE_SHARE * float(weight.sum())]
        return float(max(large) * KEY_M / 2)

    # --- tops ----------------------------------------------------------------------------------------------------------------------------

    def carries(self, at: Floats, z: float) -> NDArray[np.bool_]:
        """Which points [n, 2] of the floor plan lie over one of its level triangles at a height."""
        tri = self.item.corners[self.level & (np.abs(self.item.corners[:, :, 2] - z) < 0.002).all(axis=1)][:, :, :2]
        out = np.zeros(len(at), bool)
        low, high = tri.min(axis=1), tri.max(axis=1)
        for k, spot in enumerate(at):
            near = tri[((low <= spot + 1e-9) & (high >= spot - 1e-9)).all(axis=1)]
            edge = np.roll(near, -1, axis=1) - near
            turns = edge[..., 0] * (spot[1] - near[..., 1]) - edge[..., 1] * (spot[0] - near[..., 0])
            out[k] = bool(((turns >= -1e-9).all(axis=1) | (turns <= 1e-9).all(axis=1)).any())
        return out


def carrier(facts: Facts, number: int) -> int | None:
    """The thing with a level surface right under another's foot, or within `FOOT_M` of it, since seats have slats; None for the floor."""
    points = facts.scene.items[number].corners.reshape(-1, 3)
    low = float(points[:, 2].min())
    middle = points[points[:, 2] < low + 0.002, :2].mean(axis=0)
    spots = np.array([middle, *(middle + FOOT_M * np.array([np.cos(k), np.sin(k)]) for k in np.arange(8) * np.pi / 4)])
    return next((n for n in facts.things() if n != number and Measured(facts, n).carries(spots, low).any()), None)


def root(facts: Facts, number: int) -> int:
    """What carries a thing on the floor or wall, by way of others or not; itself if nothing does."""
    below = carrier(facts, number)
    return number if below is None else root(facts, below)


def meet(a: Floats, b: Floats) -> bool:
    """Whether two convex polygons overlap: no side of either parts them."""
    for polygon in (a, b):
        for p, q in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            normal = np.array([q[1] - p[1], p[0] - q[0]])
            mine, other = a @ normal, b @ normal
            if mine.max() <= other.min() or other.max() <= mine.min():
                return False
    return True


def in_the_way(facts: Facts, area: Floats, low: float, high: float, but: Sequence[int]) -> str:
    """Name of an item, of floor and walls too, over a convex polygon of the floor plan between two heights; nothing if all is free."""
    for number, item in enumerate(facts.scene.items):
        points = item.corners.reshape(-1, 3)
        if number in but or points[:, 2].min() >= high or points[:, 2].max() <= low:
            continue
        apart = (points[:, :2].min(axis=0) >= area.max(axis=0)) | (points[:, :2].max(axis=0) <= area.min(axis=0))
        if not apart.any() and meet(area, hull(points[:, :2])):
            return item.name
    return ""


def rectangle(at: Floats, along: Floats, w: float, d: float) -> Floats:
    """[4, 2] corners of a rectangle on the floor plan, `w` metres along a unit vector."""
    across = np.array([-along[1], along[0]])
    return np.array([at + sx * w / 2 * along + sy * d / 2 * across for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))])


def width_of(polygon: Floats) -> float:
    """Least width of a convex polygon [n, 2]: over its sides, the farthest corner from each."""
    ends = np.roll(polygon, -1, axis=0)
    widths = []
    for p, q in zip(polygon, ends, strict=True):
        d = q - p
        if length := float(np.hypot(*d)):
            off = ((polygon[:, 0] - p[0]) * d[1] - (polygon[:, 1] - p[1]) * d[0]) / length
            widths.append(float(np.abs(off).max()))
    return min(widths)


def gap_of(a: Floats, b: Floats) -> float:
    """Least distance between two convex polygons [n, 2]; 0 where they meet."""
    best = np.inf
    for polygon, points in ((a, b), (b, a)):
        dense = np.concatenate([points + (np.roll(points, -1, axis=0) - points) * share for share in np.linspace(0, 1, 16, endpoint=False)])
        if (outside_hull(polygon, dense) <= 0).any():
            return 0.0
        for p, q in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            d = q - p
            share = np.clip(((dense - p) @ d) / max(1e-12, float(d @ d)), 0, 1)
            off = dense - (p + share[:, None] * d)
            best = min(best, float(np.sqrt((off * off).sum(axis=1)).min()))
    return float(best)


def turn_of(at: Floats, ahead: Floats, target: Floats) -> tuple[float, float]:
    """Degrees clockwise, seen from above, from a direction to a target on the floor plan, and how far it is."""
    d = target[:2] - at[:2]
    over = ahead[1] * d[0] - ahead[0] * d[1]
    return float(np.degrees(np.arctan2(over, ahead[0] * d[0] + ahead[1] * d[1]))), float(np.hypot(*d))


def level_direction(a: Floats, b: Floats) -> Floats:
    """Unit vector along the floor from a to b."""
    d = b[:2] - a[:2]
    return np.asarray(d / max(1e-9, float(np.hypot(*d))), float)
