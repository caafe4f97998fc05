"""A rasteriser for the verifier: which triangle is nearest at each pixel's centre, and how deep, in double precision.

Shares nothing with the ray casting that drew the picture. Triangles are cut at a near plane, filled where a pixel's centre is inside all three
edges, and depths are interpolated as 1/z, which is linear in the picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synth.spatial.stored_scene import Floats, Integers, Pinhole

NEAR_M = 0.02
CHUNK = 1 << 20
"""Pixels tested at a time: some 100 MB."""


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
    """Test the pixels in the upright box around each triangle, many triangles at a time."""
    x0, x1 = (np.clip(edge, 0, w).astype(np.int64) for edge in (np.ceil(u.min(axis=1) - 0.5), np.floor(u.max(axis=1) - 0.5) + 1))
    y0, y1 = (np.clip(edge, 0, h).astype(np.int64) for edge in (np.ceil(v.min(axis=1) - 0.5), np.floor(v.max(axis=1) - 0.5) + 1))
    area = (u[:, 1] - u[:, 0]) * (v[:, 2] - v[:, 0]) - (u[:, 2] - u[:, 0]) * (v[:, 1] - v[:, 0])
    cells = np.where(area != 0, np.maximum(x1 - x0, 0) * np.maximum(y1 - y0, 0), 0)
    order = np.flatnonzero(cells)
    start = 0
    while start < len(order):
        sums = np.cumsum(cells[order[start:]])
        count = max(1, int(np.searchsorted(sums, CHUNK, side="right")))
        chosen = order[start : start + count]
        start += count
        _fill_some(chosen, u, v, q, area, x0, y0, x1, cells, source, w, inverse, number)


def _fill_some(
    chosen: Integers,
    u: Floats,
    v: Floats,
    q: Floats,
    area: Floats,
    x0: Integers,
    y0: Integers,
    x1: Integers,
    cells: Integers,
    source: Integers,
    w: int,
    inverse: Floats,
    number: Integers,
) -> None:
    counts = cells[chosen]
    which = np.repeat(chosen, counts)
    inside = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    across = (x1 - x0)[which]
    column, row = x0[which] + inside % across, y0[which] + inside // across
    px, py = column + 0.5, row + 0.5
    a, b, c = (_edge(u, v, which, k, px, py) / area[which] for k in range(3))
    hit = (a >= 0) & (b >= 0) & (c >= 0)
    which, cell = which[hit], (row * w + column)[hit]
    near = a[hit] * q[which, 0] + b[hit] * q[which, 1] + c[hit] * q[which, 2]
    # the nearest of this batch for each pixel, then against what is there
    order = np.lexsort((-source[which], near, cell))
    last = np.flatnonzero(np.diff(cell[order], append=-1))
    best = order[last]
    better = near[best] > inverse[cell[best]]
    inverse[cell[best[better]]] = near[best[better]]
    number[cell[best[better]]] = source[which[best[better]]]


def _edge(u: Floats, v: Floats, which: Integers, k: int, px: Floats, py: Floats) -> Floats:
    """Twice the signed area between a pixel's centre and the edge opposite corner k."""
    i, j = (k + 1) % 3, (k + 2) % 3
    return np.asarray((u[which, j] - u[which, i]) * (py - v[which, i]) - (px - u[which, i]) * (v[which, j] - v[which, i]), float)


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
