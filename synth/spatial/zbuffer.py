"""A rasteriser for the verifier: which triangle is nearest at each pixel's centre, and how deep, in double precision.

Shares nothing with the ray casting that drew the picture. Triangles are cut at a near plane and filled row by row where pixels' centres lie
between their edges; depths are interpolated as 1/z, which is linear in the picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synth.spatial.stored_scene import Floats, Integers, Pinhole

NEAR_M = 0.02
CHUNK = 1 << 20
"""Pixels filled at a time: some 60 MB."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """What is nearest at each pixel of a canvas.

    Attributes:
        triangle: [h, w] number of the triangle, or -1.
        depth: [h, w] metres along the camera's axis, infinite where nothing is.
        left: Column of the picture that column 0 of the canvas is.
        top: Row of the picture that row 0 of the canvas is.
    """

    triangle: Integers
    depth: Floats
    left: int = 0
    top: int = 0


def rasterise(corners: Floats, camera: Pinhole, left: int = 0, top: int = 0, width: int = 0, height: int = 0) -> Buffer:
    """Draw triangles [m, 3, 3] of the world on a canvas: the picture, or a rectangle of its plane that starts at (left, top)."""
    w, h = width or camera.width, height or camera.height
    inverse, number = np.zeros(h * w), np.full(h * w, -1, np.int64)
    x, y, z = camera.local(corners)
    cut, source = _cut_near(np.stack([x, y, z], axis=2))
    if len(cut):
        u = camera.fx * cut[:, :, 0] / cut[:, :, 2] + camera.cx - left
        v = camera.fy * cut[:, :, 1] / cut[:, :, 2] + camera.cy - top
        _fill(u, v, 1 / cut[:, :, 2], source, w, h, inverse, number)
    with np.errstate(divide="ignore"):
        depth = np.where(number >= 0, 1 / inverse, np.inf)
    return Buffer(number.reshape(h, w), depth.reshape(h, w), left, top)


def _cut_near(local: Floats) -> tuple[Floats, Integers]:
    """Triangles in front of the near plane, in the camera frame, and which one each is (part) of."""
    ahead = local[:, :, 2] > NEAR_M
    whole = ahead.all(axis=1)
    pieces, sources = [local[whole]], [np.flatnonzero(whole)]
    for index in np.flatnonzero(ahead.any(axis=1) & ~whole):
        ring = []
        for k in range(3):
            a, b = local[index, k], local[index, (k + 1) % 3]
            if a[2] > NEAR_M:
                ring.append(a)
            if (a[2] > NEAR_M) != (b[2] > NEAR_M):
                ring.append(a + (b - a) * ((NEAR_M - a[2]) / (b[2] - a[2])))
        for k in range(1, len(ring) - 1):
            pieces.append(np.stack([ring[0], ring[k], ring[k + 1]])[None])
            sources.append(np.array([index]))
    return np.concatenate(pieces), np.concatenate(sources)


def _fill(u: Floats, v: Floats, q: Floats, source: Integers, w: int, h: int, inverse: Floats, number: Integers) -> None:
    """Fill triangles row by row, many at a time; corners [m, 3] in pixels, `q` their 1/z."""
    # corners from top to bottom: an edge that two triangles share is then cut by a row at the very same place in both, and no pixel is
    # left out or filled twice between them
    order = np.argsort(v, axis=1, kind="stable")
    u, v, q = (np.take_along_axis(values, order, axis=1) for values in (u, v, q))
    first, last = (np.clip(np.ceil(edge - 0.5), 0, h).astype(np.int64) for edge in (v[:, 0], v[:, 2]))
    slope_x, slope_y, flat = _slopes(u, v, q)
    rows = np.where(flat, 0, last - first)
    which = np.repeat(np.arange(len(u)), rows)
    row = first[which] + np.arange(len(which)) - np.repeat(np.cumsum(rows) - rows, rows)
    y = row + 0.5
    long = _cut(u, v, which, 0, 2, y)
    short = np.where(y < v[which, 1], _cut(u, v, which, 0, 1, y), _cut(u, v, which, 1, 2, y))
    start, end = (np.clip(np.ceil(edge - 0.5), 0, w).astype(np.int64) for edge in (np.minimum(long, short), np.maximum(long, short)))
    base = q[which, 0] + slope_x[which] * (0.5 - u[which, 0]) + slope_y[which] * (y - v[which, 0])
    sums = np.cumsum(end - start)
    done = 0
    while done < len(which):
        before = int(sums[done - 1]) if done else 0
        stop = max(done + 1, int(np.searchsorted(sums, before + CHUNK, side="right")))
        part = slice(done, stop)
        done = stop
        counts = end[part] - start[part]
        column = np.repeat(start[part], counts) + np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        cell = np.repeat(row[part] * w, counts) + column
        near = np.repeat(base[part], counts) + np.repeat(slope_x[which[part]], counts) * column
        ahead = near > inverse[cell]
        cell, near = cell[ahead], near[ahead]
        np.maximum.at(inverse, cell, near)
        best = near == inverse[cell]
        number[cell[best]] = np.repeat(source[which[part]], counts)[ahead][best]


def _slopes(u: Floats, v: Floats, q: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """How 1/z changes along x and y of the picture, and which triangles are seen from their edge and have no such slope."""
    ux, vx, qx = (values[:, 1] - values[:, 0] for values in (u, v, q))
    uy, vy, qy = (values[:, 2] - values[:, 0] for values in (u, v, q))
    area = ux * vy - uy * vx
    flat = np.abs(area) < 1e-9
    safe = np.where(flat, 1.0, area)
    return (qx * vy - qy * vx) / safe, (ux * qy - uy * qx) / safe, flat


def _cut(u: Floats, v: Floats, which: Integers, i: int, j: int, y: Floats) -> Floats:
    """Where the line through corners i and j of a triangle meets a row."""
    rise = v[which, j] - v[which, i]
    share = (y - v[which, i]) / np.where(rise == 0, 1.0, rise)
    return np.asarray(u[which, i] + share * (u[which, j] - u[which, i]), float)


def hull(points: Floats) -> Floats:
    """The convex hull of points [n, 2], in order around (Andrew's monotone chain)."""
    ordered = sorted({(float(x), float(y)) for x, y in points})

    def half(chain: list[tuple[float, float]]) -> list[tuple[float, float]]:
        out: list[tuple[float, float]] = []
        for p in chain:
            while len(out) > 1 and _turns(out[-2], out[-1], p) <= 0:
                out.pop()
            out.append(p)
        return out[:-1]

    return np.array(half(ordered) + half(ordered[::-1]))


def _turns(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def outside_hull(polygon: Floats, points: Floats) -> Floats:
    """How far each point [n, 2] lies outside a convex polygon, at least; 0 or less inside."""
    ends = np.roll(polygon, -1, axis=0)
    along = ends - polygon
    length = np.sqrt(along[:, 0] ** 2 + along[:, 1] ** 2)
    far: NDArray[np.float64] = np.full(len(points), -np.inf)
    for p, d, size in zip(polygon, along, length, strict=True):
        if size > 0:
            far = np.maximum(far, ((points[:, 0] - p[0]) * d[1] - (points[:, 1] - p[1]) * d[0]) / size)
    return far
