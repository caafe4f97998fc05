"""Meshes of simple shapes, from which furniture and things are put together.

All in an object's **model frame**: metres, x to the right of somebody who looks at its front, y away from the front, z up. Triangles wind
counter-clockwise seen from outside. Normals belong to vertices, so that round shapes shade round. Knows nothing of objects or scenes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
SIDES = 28
"""Corners of a round outline (chosen: at 300 px across, its edge leaves the circle by 1 px at most)."""


@dataclass(frozen=True, slots=True)
class Part:
    """A mesh of one material.

    Attributes:
        vertices: [n, 3] metres.
        normals: [n, 3] unit vectors, outward.
        triangles: [m, 3] indices of vertices.
        slot: Which of the object's materials it is made of.
    """

    vertices: Floats
    normals: Floats
    triangles: Integers
    slot: str

    def moved(self, by: Sequence[float]) -> "Part":
        """The same mesh shifted."""
        return Part(self.vertices + np.asarray(by, float), self.normals, self.triangles, self.slot)

    def turned(self, axis: int, angle: float) -> "Part":
        """The same mesh turned about an axis through the origin: 0 for x, 1 for y, 2 for z; radians, right-handed."""
        return Part(turn(self.vertices, axis, angle), turn(self.normals, axis, angle), self.triangles, self.slot)


def turn(points: Floats, axis: int, angle: float) -> Floats:
    """Points [n, 3] turned about an axis, by sums that no linear algebra library reorders."""
    c, s = math.cos(angle), math.sin(angle)
    a, b = [(1, 2), (2, 0), (0, 1)][axis]
    out = points.copy()
    out[:, a] = c * points[:, a] - s * points[:, b]
    out[:, b] = s * points[:, a] + c * points[:, b]
    return out


def cuboid(low: Sequence[float], high: Sequence[float], slot: str, bevel: float = 0.004) -> Part:
    """A box from corner to corner whose edges are broken by `bevel` metres: 24 vertices, 44 triangles.

    Each vertex has the normal of its large face, so that the narrow faces between shade as if they were round.
    """
    lo, hi = np.asarray(low, float), np.asarray(high, float)
    b = min(bevel, float((hi - lo).min()) * 0.3)
    signs, axes, triangles = _cuboid()
    outer = np.where(signs > 0, hi, lo)
    return Part(np.where(axes > 0, outer, outer - signs * b), signs * axes, triangles, slot)


@cache
def _cuboid() -> tuple[Floats, Floats, Integers]:
    """For vertex 3 * corner + axis, which lies on the face across `axis`: signs [24, 3] of its corner, 1 for its axis [24, 3];
    triangles.
    """
    signs = np.array([[1.0 if corner >> k & 1 else -1.0 for k in range(3)] for corner in range(8) for _ in range(3)])
    axes = np.tile(np.eye(3), (8, 1))
    faces: list[list[int]] = []
    for axis in range(3):
        p, q = 1 << (axis + 1) % 3, 1 << (axis + 2) % 3
        for side in (0, 1 << axis):
            faces.append([3 * c + axis for c in (side, side | p, side | p | q, side | q)])
    for axis in range(3):  # the twelve edges: along `axis`, between the faces across the other two
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for rest in range(4):
            start = (rest & 1) << u | (rest >> 1) << v
            end = start | 1 << axis
            faces.append([3 * start + u, 3 * end + u, 3 * end + v, 3 * start + v])
    faces += [[3 * c, 3 * c + 1, 3 * c + 2] for c in range(8)]
    unit = np.where(axes > 0, signs, signs * 0.9)
    return signs, axes, _closed(unit, signs * axes, faces, "").triangles


def lathe(profile: Sequence[tuple[float, float]], slot: str, *, sides: int = SIDES, sharp: bool = False) -> Part:
    """A solid of revolution about z: `profile` lists (radius, height) from the bottom outward to the top; ends on the axis or is capped.

    Args:
        profile: At least two points.
        slot: Its material.
        sides: Corners around.
        sharp: Whether each band keeps its own normals (for straight outlines with corners) instead of sharing them.
    """
    points = list(profile)
    if points[0][0] > 0:
        points.insert(0, (0.0, points[0][1]))
    if points[-1][0] > 0:
        points.append((0.0, points[-1][1]))
    angles = [2 * math.pi * k / sides for k in range(sides)]
    ring = np.array([[math.cos(a), math.sin(a)] for a in angles])
    bands = [(points[k], points[k + 1]) for k in range(len(points) - 1) if points[k] != points[k + 1]]
    slopes = [_outward(*band) for band in bands]
    vertices, normals, triangles = [], [], []
    for k, (lower, upper) in enumerate(bands):
        before = slopes[k] if sharp or k == 0 else _smooth(slopes[k], slopes[k - 1])
        after = slopes[k] if sharp or k == len(bands) - 1 else _smooth(slopes[k], slopes[k + 1])
        base = 2 * sides * k
        for (radius, height), (nr, nz) in ((lower, before), (upper, after)):
            vertices.append(np.column_stack([ring * radius, np.full(sides, height)]))
            normals.append(np.column_stack([ring * nr, np.full(sides, nz)]))
        low, high = base + np.arange(sides), base + sides + np.arange(sides)
        if lower[0] > 0:
            triangles.append(np.stack([low, np.roll(low, -1), np.roll(high, -1) if upper[0] > 0 else high], axis=1))
        if upper[0] > 0:
            triangles.append(np.stack([low, np.roll(high, -1), high], axis=1))
    return Part(np.concatenate(vertices), np.concatenate(normals), np.concatenate(triangles), slot)


def cylinder(
    radius: float, low: float, high: float, slot: str, *, top: float | None = None, bevel: float = 0.003, sides: int = SIDES
) -> Part:
    """An upright cylinder, or a truncated cone whose upper radius is `top`, with a broken edge."""
    upper = radius if top is None else top
    b = min(bevel, (high - low) * 0.3, radius * 0.3, upper * 0.3)
    return lathe([(radius - b, low), (radius, low + b), (upper, high - b), (upper - b, high)], slot, sides=sides)


def ball(radius: Sequence[float], center: Sequence[float], slot: str, *, sides: int = SIDES) -> Part:
    """An ellipsoid with half-axes `radius`."""
    rows = sides // 2
    profile = [(math.sin(math.pi * k / rows), -math.cos(math.pi * k / rows)) for k in range(rows + 1)]
    profile[0], profile[-1] = (0.0, -1.0), (0.0, 1.0)
    unit = lathe(profile, slot, sides=sides)
    scale = np.asarray(radius, float)
    normals = unit.normals / scale
    normals /= np.sqrt((normals * normals).sum(axis=1))[:, None]
    return Part(unit.vertices * scale + np.asarray(center, float), normals, unit.triangles, slot)


def tube(path: Sequence[Sequence[float]], radius: float, slot: str, *, sides: int = 12) -> Part:
    """A round bar along a path [n, 3] that lies in one plane through its first three points, with closed ends."""
    points = np.asarray(path, float)
    forward = np.diff(points, axis=0)
    tangents = np.concatenate([forward[:1], forward[:-1] + forward[1:], forward[-1:]])
    tangents /= np.sqrt((tangents * tangents).sum(axis=1))[:, None]
    across = np.cross(forward[0], forward[1] if len(forward) > 1 else _any_other(forward[0]))
    if not np.abs(across).max() > 1e-12:
        across = np.cross(forward[0], _any_other(forward[0]))
    across /= math.sqrt(float((across * across).sum()))
    angles = [2 * math.pi * k / sides for k in range(sides)]
    vertices, normals = [], []
    for point, tangent in zip(points, tangents, strict=True):
        other = np.cross(tangent, across)
        spokes = np.array([math.cos(a) * across + math.sin(a) * other for a in angles])
        vertices.append(point + radius * spokes)
        normals.append(spokes)
    faces = [
        [k * sides + i, k * sides + (i + 1) % sides, (k + 1) * sides + (i + 1) % sides, (k + 1) * sides + i]
        for k in range(len(points) - 1)
        for i in range(sides)
    ]
    faces += [list(range(sides)), [(len(points) - 1) * sides + i for i in range(sides)]]
    return _closed(np.concatenate(vertices), np.concatenate(normals), faces, slot)


def bar(start: Sequence[float], end: Sequence[float], radius: float, slot: str) -> Part:
    """A straight round bar."""
    return tube([start, end], radius, slot)


def ring(radius: float, thick: float, center: Sequence[float], slot: str, *, sides: int = SIDES) -> Part:
    """A torus about z: `radius` to the middle of a round bar of radius `thick`."""
    corners = 10
    around, across = (
        np.array([[math.cos(2 * math.pi * k / n), math.sin(2 * math.pi * k / n)] for k in range(n)]) for n in (sides, corners)
    )
    out = np.stack([np.outer(around[:, 0], across[:, 0]), np.outer(around[:, 1], across[:, 0]), np.tile(across[:, 1], (sides, 1))], axis=2)
    middles = np.concatenate([around * radius, np.zeros((sides, 1))], axis=1)[:, None]
    first = np.arange(sides)[:, None] * corners + np.arange(corners)
    beside, next_ = np.roll(first, -1, axis=1), np.roll(first, -1, axis=0)
    last = np.roll(beside, -1, axis=0)
    triangles = np.concatenate([np.stack(t, axis=2).reshape(-1, 3) for t in ((first, next_, last), (first, last, beside))])
    return Part((middles + thick * out).reshape(-1, 3) + np.asarray(center, float), out.reshape(-1, 3), triangles, slot)


def bounds(parts: Sequence[Part]) -> tuple[Floats, Floats]:
    """Lowest and highest coordinates of all parts."""
    points = np.concatenate([part.vertices for part in parts])
    return points.min(axis=0), points.max(axis=0)


def fitted(parts: Sequence[Part], size: Sequence[float]) -> list[Part]:
    """The parts stretched to fill exactly `size`, centred on z's axis, standing on z = 0."""
    low, high = bounds(parts)
    scale = np.asarray(size, float) / (high - low)
    middle = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    out = []
    for part in parts:
        normals = part.normals / scale
        normals /= np.sqrt((normals * normals).sum(axis=1))[:, None]
        out.append(Part((part.vertices - middle) * scale, normals, part.triangles, part.slot))
    return out


def _closed(vertices: Floats, normals: Floats, faces: Sequence[Sequence[int]], slot: str) -> Part:
    """Convex polygons as triangles, each turned so that it looks where its vertices' normals do (at caps, away from the middle)."""
    fans = np.array([[face[0], face[k], face[k + 1]] for face in faces for k in range(1, len(face) - 1)])
    a, b, c = (vertices[fans[:, k]] for k in range(3))
    facing, outward = np.cross(b - a, c - a), normals[fans].sum(axis=1)
    along, across = (facing * outward).sum(axis=1), (facing * facing).sum(axis=1) * (outward * outward).sum(axis=1)
    cap = along * along <= 0.05 * across  # its corners have the normals of the side
    away = np.where(cap, (facing * (a - vertices.mean(axis=0))).sum(axis=1), along)
    return Part(vertices, normals, np.where((away >= 0)[:, None], fans, fans[:, [0, 2, 1]]), slot)


def _outward(lower: tuple[float, float], upper: tuple[float, float]) -> tuple[float, float]:
    """Radial and vertical part of the unit normal of a band."""
    nr, nz = upper[1] - lower[1], lower[0] - upper[0]
    length = math.hypot(nr, nz)
    return (nr / length, nz / length)


def _smooth(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    """Their mean direction, or `a` where they turn by more than 60 degrees: an edge."""
    if a[0] * b[0] + a[1] * b[1] < 0.5:
        return a
    nr, nz = a[0] + b[0], a[1] + b[1]
    length = math.hypot(nr, nz)
    return (nr / length, nz / length)


def _any_other(vector: Floats) -> Floats:
    other = np.zeros(3)
    other[int(np.abs(vector).argmin())] = 1.0
    return other
