"""How much of each light, and of what comes from everywhere, reaches each pixel's point: soft shadows and ambient occlusion.

A few rays are cast for every fourth pixel. Their aims are spread evenly over a tile of four by four such points, so that neighbours share
the work: averaged along a surface, tiles leave no grain. What is found is carried to all pixels, within surfaces only.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from schemas.geometry_3d import cross as vector_product
from synth.spatial.rays import OFFSET_M, Hits, Rays, Singles, dots, singles
from synth.spatial.scene import Light
from synth.spatial.shapes import Integers

AMBIENT_RAYS, LIGHT_RAYS = 3, 2
"""Rays a point for what comes from everywhere, and for each light (chosen: a tile has 48 and 32, and grain stays below the sensor's
noise)."""
AMBIENT_REACH_M = 1.2
"""Things farther off darken little (chosen: the depth of a niche between furniture)."""
SUN_REACH_M = 60.0
LIKE_COS, LIKE_M = 0.9, 0.03
"""Neighbours within 26 degrees and in planes 3 cm apart at most are one surface."""
MEETING_COS, MEETING = 0.25, 0.25
"""Faces of one thing that meet at up to 75 degrees lend each other a little light, since few rays are cast on narrow bevels."""
TILE = 4
_ORDER = (0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5)
"""Bayer's ordered dither of a tile: neighbours differ most."""
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True)
class _Surface:
    """What tells surfaces apart on a grid [h, w]: meshes, and [3, h, w] normals and points."""

    mesh: NDArray[np.int32]
    normal: Singles
    points: Singles

    def part(self, rows: slice, columns: slice) -> "_Surface":
        """Some rows and columns of it."""
        return _Surface(self.mesh[rows, columns], self.normal[:, rows, columns], self.points[:, rows, columns])

    def like(self, other: "_Surface") -> Singles:
        """1 where this and another grid of the same size show one surface, little where two that meet at an edge, 0 elsewhere."""
        between = other.points - self.points
        near = np.abs(dots(between, self.normal) + dots(between, other.normal)) < 2 * LIKE_M
        cos = dots(self.normal, other.normal)
        like = np.where(cos > LIKE_COS, np.float32(1), np.where(cos > MEETING_COS, np.float32(MEETING), np.float32(0)))
        return singles(like * ((self.mesh == other.mesh) & near))


class Visibility:
    """Traces one scene's lights."""

    def __init__(self, rays: Rays, lights: tuple[Light, ...], rng: Generator) -> None:
        self._rays, self._lights = rays, lights
        self._sphere = _sphere(float(rng.random()))
        self._discs = [_disc(light, float(rng.random())) for light in lights]

    def of(self, hits: Hits, h: int, w: int) -> Singles:
        """[1 + lights, h * w]: share of the surroundings, and of each light, that reaches each pixel's point."""
        grid = np.arange(h * w).reshape(h, w)[::2, ::2]
        hh, hw = grid.shape
        coarse = self.trace(hits.taken(grid.reshape(-1)), _cells(hh, hw)).reshape(-1, hh, hw)
        fine = _Surface(hits.mesh.reshape(h, w), hits.smooth.reshape(3, h, w), hits.points.reshape(3, h, w))
        surface = fine.part(slice(None, None, 2), slice(None, None, 2))
        out, found = _carried(_smoothed(coarse, surface), surface, fine)
        lost = np.flatnonzero(~found)
        if len(lost):
            rows, columns = lost // w, lost % w
            out[:, lost] = self.trace(hits.taken(lost), (rows % TILE) * TILE + columns % TILE)
        for number, light in enumerate(self._lights):
            if light.kind == "beam":  # its outline is known exactly
                out[1 + number] *= through(light, hits.points)[0]
        return out

    def trace(self, hits: Hits, cells: Integers) -> Singles:
        """Visibility [1 + lights, n] of points, by rays aimed as their places in the tile say."""
        flat = hits.flat
        points = hits.points + flat * np.float32(OFFSET_M)
        out = np.zeros((1 + len(self._lights), len(cells)), np.float32)
        for aims in self._sphere:  # a point of the unit sphere, added to the normal, is cosine-weighted
            out[0] += ~self._rays.blocked(points, (flat * np.float32(1.02) + np.take(aims, cells, axis=1)) * np.float32(AMBIENT_REACH_M))
        out[0] /= AMBIENT_RAYS
        for number, (light, disc) in enumerate(zip(self._lights, self._discs, strict=True)):
            share = out[1 + number]
            for aims in disc:
                offsets = np.take(aims, cells, axis=1)
                if light.kind in ("lamp", "window"):
                    offsets = offsets - points
                lit = dots(offsets, flat) > 0
                if light.kind == "beam":  # as far as the opening, and a little round it, for what is carried to neighbours
                    share_there, reach = through(light, points, blur_m=0.08)
                    lit &= share_there > 0
                    offsets = offsets * (reach * np.float32(0.98 / SUN_REACH_M))
                lit = np.flatnonzero(lit)
                share[lit] += ~self._rays.blocked(np.take(points, lit, axis=1), np.take(offsets, lit, axis=1))
            share /= LIGHT_RAYS
        return out


def through(light: Light, points: Singles, blur_m: float = 0.004) -> tuple[Singles, Singles]:
    """How much of a beam's disc shows through its opening at points [3, n], apart from what else is between; and metres to the opening.

    The edge of the patch of light widens with the distance from the opening; a bar in the middle is left out.
    """
    opening = light.opening
    if opening is None:
        raise ValueError("a beam needs an opening")
    sun, axis = light.position, opening.axis
    reach = (np.float32(opening.at) - points[axis]) / np.float32(sun[axis])
    along, up = points[1 - axis] + reach * np.float32(sun[1 - axis]), points[2] + reach * np.float32(sun[2])
    blur = np.float32(blur_m) + np.abs(reach) * np.float32(light.radius)
    middle = (opening.start + opening.end) / 2
    share = (reach > 0).astype(np.float32)
    for low, high, value in ((opening.start, opening.end, along), (opening.low, opening.high, up)):
        share = share * np.clip((value - np.float32(low)) / blur + np.float32(0.5), 0, 1)
        share = share * np.clip((np.float32(high) - value) / blur + np.float32(0.5), 0, 1)
    bar = np.clip((np.float32(0.02) - np.abs(along - np.float32(middle))) / blur + np.float32(0.5), 0, 1)
    return singles(share * (1 - bar)) if blur_m < 0.05 else singles(share), singles(reach)


def _cells(h: int, w: int) -> Integers:
    """Place in its tile of each point of a grid, row by row."""
    return ((np.arange(h) % TILE)[:, None] * TILE + np.arange(w) % TILE).reshape(-1)


def _spread(rays: int) -> Integers:
    """[rays, 16] numbers from 0 to 16 * rays - 1: which of evenly spread aims each cell of a tile takes; each cell's are far apart."""
    return np.asarray(np.arange(rays)[:, None] * TILE * TILE + np.array(_ORDER), np.int64)


def _sphere(spin: float) -> Singles:
    """[rays, 3, 16] points of the unit sphere, in a spiral from pole to pole."""
    number = _spread(AMBIENT_RAYS)
    z = 1 - (2 * number + 1) / (TILE * TILE * AMBIENT_RAYS)
    ring = np.sqrt(1 - z * z)
    x, y = _circle(number * _GOLDEN + spin)
    return np.stack([ring * x, ring * y, z], axis=1).astype(np.float32)


def _disc(light: Light, spin: float) -> Singles:
    """[rays, 3, 16] places of a light, in the world; of the sun and its beams, offsets to it."""
    number = _spread(LIGHT_RAYS)
    reach = np.sqrt((number + 0.5) / (TILE * TILE * LIGHT_RAYS)) * light.radius
    x, y = _circle(number * _GOLDEN + spin)
    x, y = reach * x, reach * y
    axis = np.array(light.position)[None, :, None]
    if light.kind in ("sun", "beam"):
        a = vector_product(light.position, (0.0, 0.0, 1.0) if abs(light.position[2]) < 0.9 else (1.0, 0.0, 0.0))
        b = vector_product(light.position, a)
        spots = axis + x[:, None] * np.array(a)[None, :, None] + y[:, None] * np.array(b)[None, :, None]
        return singles(SUN_REACH_M * spots)
    flat = (x, y, 0 * x) if light.kind == "lamp" else (0.2 * x, 0.2 * x, y)  # a window stands
    return singles(axis + np.stack(flat, axis=1))


def _circle(turns: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Cosine and sine of whole turns, rounded to what every processor agrees on."""
    angle = 2 * np.pi * (turns - np.floor(turns))
    return np.round(np.cos(angle), 6), np.round(np.sin(angle), 6)


def _smoothed(values: Singles, surface: _Surface) -> Singles:
    """The mean over neighbours on the same surface: 1, 2, 1 along rows and columns, then the same of those means two apart.

    Both together weigh the sixteen places of a tile alike, so that nothing of its pattern is left on an even surface.
    """
    _, h, w = values.shape
    full = slice(None)
    for step in (1, 2):
        for rows in (False, True):
            low, high = slice(0, (h if rows else w) - step), slice(step, None)
            here, there = ((low, full), (high, full)) if rows else ((full, low), (full, high))
            like = surface.part(*here).like(surface.part(*there))
            total, weight = 2 * values, np.full((h, w), 2, np.float32)
            total[:, here[0], here[1]] += values[:, there[0], there[1]] * like
            total[:, there[0], there[1]] += values[:, here[0], here[1]] * like
            weight[here] += like
            weight[there] += like
            values = total / weight
    return values


def _carried(coarse: Singles, surface: _Surface, fine: _Surface) -> tuple[Singles, NDArray[np.bool_]]:
    """Values [k, h * w] of all pixels, each the mean of the up to four coarse points around it on its surface; whether there was one."""
    h, w = fine.mesh.shape
    hh, hw = surface.mesh.shape
    out, weight = np.zeros((len(coarse), h, w), np.float32), np.zeros((h, w), np.float32)
    for row in (0, 1):
        for column in (0, 1):
            target = (slice(row, None, 2), slice(column, None, 2))
            part, values, weights = fine.part(*target), out[:, target[0], target[1]], weight[target]
            for dy in range(1 + row):
                for dx in range(1 + column):
                    nh, nw = min(weights.shape[0], hh - dy), min(weights.shape[1], hw - dx)
                    here, there = (slice(nh), slice(nw)), (slice(dy, dy + nh), slice(dx, dx + nw))
                    like = part.part(*here).like(surface.part(*there))
                    values[:, here[0], here[1]] += coarse[:, there[0], there[1]] * like
                    weights[here] += like
    out /= np.maximum(weight, np.float32(1e-6))
    return out.reshape(len(coarse), -1), (weight > 0).reshape(-1)
