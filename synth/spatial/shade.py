"""Draws a scene as a camera would see it: textures, soft shadows, ambient occlusion, highlights, smooth edges; linear light out.

Visibility of lights and surroundings is found with a few rays for every fourth pixel, smoothed along surfaces, and carried to all; edges
are drawn again with four rays a pixel. Knows nothing of questions; what is in the picture is in `View`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from schemas.geometry_3d import Camera
from schemas.geometry_3d import cross as vector_product
from synth.spatial.mesh import SKY, Mesh, linear, to_model
from synth.spatial.objects import Material, materials
from synth.spatial.rays import NOTHING, OFFSET_M, Hits, Rays, dots, pixel_rays, unit
from synth.spatial.scene import Light, Scene
from synth.spatial.shapes import Floats, Integers
from synth.spatial.textures import brightness

AMBIENT_RAYS, LIGHT_RAYS = 6, 3
"""Rays a point for what comes from everywhere, and for each light (chosen: with their neighbours' the grain is below the sensor's
noise)."""
AMBIENT_REACH_M = 1.2
"""Things farther off do not darken (chosen: the depth of a niche between furniture)."""
SKY_RGB = (2.4, 2.5, 2.6)
"""What windows shine with: over-exposed, as in photographs of rooms."""
HAZE_RGB = (0.75, 0.82, 0.92)
EDGE_COS = 0.9
"""Neighbouring pixels whose normals turn by more than 26 degrees are an edge."""


@dataclass(frozen=True, slots=True)
class View:
    """A drawn scene.

    Attributes:
        light: [h, w, 3] linear light, unbounded.
        thing: [h, w] number of the thing seen at each pixel's centre, or -1.
        depth: [h, w] metres along the camera's axis; infinite where nothing is.
    """

    light: Floats
    thing: Integers
    depth: Floats


class Shader:
    """Shades what rays meet in one scene."""

    def __init__(self, scene: Scene, meshes: Sequence[Mesh], rng: Generator) -> None:
        self._scene, self._meshes, self._rng = scene, meshes, rng
        self._rays = Rays(meshes)
        self._thing = np.array([mesh.thing for mesh in meshes])
        looks = [_look(material) for material in self._rays.materials]
        self._colour = np.array([look[0] for look in looks])
        self._gloss = np.array([look[1] for look in looks])
        self._texture = [look[2] for look in looks]

    def draw(self) -> View:
        """The picture, and what is where in it."""
        camera = self._scene.camera
        h, w = camera.height_px, camera.width_px
        v, u = (axis.reshape(-1) + 0.5 for axis in np.mgrid[0:h, 0:w])
        origins, directions = pixel_rays(camera, u, v)
        hits = self._rays.cast(origins, directions)
        visible = self._visibility(hits, h, w)
        light = self._shade(hits, directions, visible)
        edges = _edges(hits, h, w)
        if len(edges):
            light[edges] = self._smooth_edges(camera, hits, visible, edges, w, h)
        thing = np.where(hits.mesh == NOTHING, -1, self._thing[hits.mesh])
        depth = np.where(hits.mesh == NOTHING, np.inf, hits.depth)
        return View(light.reshape(h, w, 3), thing.reshape(h, w), depth.reshape(h, w))

    def _visibility(self, hits: Hits, h: int, w: int) -> NDArray[np.float32]:
        """[h * w, 1 + lights]: share of the surroundings, and of each light, that reaches each pixel's point."""
        rows, columns = range(0, h, 2), range(0, w, 2)
        hh, hw = len(rows), len(columns)
        grid = (np.arange(0, h, 2)[:, None] * w + np.arange(0, w, 2)[None, :]).reshape(-1)
        coarse = self._trace(hits, grid).reshape(hh, hw, -1)
        key, normal = hits.mesh[grid].reshape(hh, hw), hits.flat[grid].reshape(hh, hw, 3).astype(np.float32)
        along = _offsets(hits)[grid].reshape(hh, hw).astype(np.float32)
        coarse = _smoothed(coarse, key, normal, along)
        out = np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)[:h, :w].reshape(h * w, -1)
        near = np.repeat(np.repeat(np.arange(hh * hw).reshape(hh, hw), 2, axis=0), 2, axis=1)[:h, :w].reshape(-1)
        out = _carried(hits, grid, hh, hw, coarse.reshape(hh * hw, -1), near, out)
        strangers = (hits.mesh != hits.mesh[grid][near]) | (dots(hits.flat, hits.flat[grid][near]) < EDGE_COS)
        lost = np.flatnonzero(strangers & np.isnan(out[:, 0]))
        if len(lost):
            out[lost] = self._trace(hits, lost)
        return out

    def _trace(self, hits: Hits, chosen: Integers) -> NDArray[np.float32]:
        """Visibility [n, 1 + lights] of some pixels' points, by rays."""
        points, flat = hits.points[chosen] + hits.flat[chosen] * OFFSET_M, hits.flat[chosen]
        n, out = len(chosen), []
        open_share = np.zeros(n, np.float32)
        for k in range(AMBIENT_RAYS):
            open_share += ~self._rays.blocked(points, _hemisphere(flat, k, self._rng) * AMBIENT_REACH_M)
        out.append(open_share / AMBIENT_RAYS)
        for light in self._scene.lights:
            share = np.zeros(n, np.float32)
            for k in range(LIGHT_RAYS):
                offsets = _towards(light, points, k, self._rng)
                lit = np.flatnonzero(dots(offsets, flat) > 0)
                share[lit] += ~self._rays.blocked(points[lit], offsets[lit])
            out.append(share / LIGHT_RAYS)
        return np.stack(out, axis=1)

    def _shade(self, hits: Hits, directions: Floats, visible: NDArray[np.float32]) -> Floats:
        """Light [n, 3] from each hit to the eye."""
        material = self._rays.material[hits.triangle]
        albedo = self._albedo(hits, directions, material)
        view, normal = -unit(directions), hits.smooth
        up = 0.5 + 0.5 * normal[:, 2:3]
        ambient = np.asarray(self._scene.ambient)
        ground = np.array([linear(c) for c in self._scene.shell.floor.rgb])
        ground = 0.35 * ground + 0.25 * float(ground.max())  # light thrown back by the floor, paler than the floor
        incoming = ambient * (up + (1 - up) * ground / max(0.2, float(ground.max()))) * visible[:, :1]
        shine = np.zeros_like(incoming)
        for number, light in enumerate(self._scene.lights):
            to_light, falloff = _centre(light, hits.points)
            facing = np.maximum(dots(normal, to_light), 0.0)
            arriving = (light.power * falloff * visible[:, 1 + number])[:, None] * np.asarray(light.rgb)
            incoming = incoming + facing[:, None] * arriving
            half = unit(to_light + view)
            shine = (
                shine
                + (_power(np.maximum(dots(normal, half), 0.0), self._gloss[material, 1]) * self._gloss[material, 0])[:, None] * arriving
            )
        grazing = 1 - np.maximum(dots(normal, view), 0.0)
        mirror = self._gloss[material, 0] * (0.05 + 0.3 * grazing * grazing * grazing * grazing)
        out: Floats = albedo * incoming + 0.35 * shine + mirror[:, None] * ambient * visible[:, :1]
        sky = np.array([self._rays.materials[m] is SKY for m in range(len(self._rays.materials))])[material]
        out[sky] = SKY_RGB
        away = hits.mesh == NOTHING
        out[away] = np.asarray(HAZE_RGB) * (1.0 + 0.4 * np.clip(directions[away, 2:3], -1, 1))
        return out

    def _albedo(self, hits: Hits, directions: Floats, material: Integers) -> Floats:
        albedo = self._colour[material].copy()
        footprint = hits.depth / self._scene.camera.fx
        order = np.argsort(material, kind="stable")
        starts = np.flatnonzero(np.diff(material[order], prepend=-1))
        for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
            chosen = order[start:end]
            number = int(material[chosen[0]])
            thing = int(self._thing[hits.mesh[chosen[0]]])
            points, normals = hits.points[chosen], hits.flat[chosen]
            if thing >= 0:
                owner = self._scene.things[thing]
                points = to_model(points, owner)
                normals = to_model(normals + np.asarray(owner.position), owner)
            factor = brightness(self._texture[number], points, normals, footprint[chosen], self._rays.materials[number].seed)
            albedo[chosen] *= factor[:, None]
        return np.asarray(np.minimum(albedo, 0.95), float)

    def _smooth_edges(self, camera: Camera, hits: Hits, visible: NDArray[np.float32], edges: Integers, w: int, h: int) -> Floats:
        """Light of pixels on edges: the mean of four rays each, whose visibility is that of the like neighbour."""
        total = np.zeros((len(edges), 3))
        rows, columns = (edges // w).astype(np.int64), (edges % w).astype(np.int64)
        for du, dv in ((0.125, 0.375), (0.375, 0.875), (0.625, 0.125), (0.875, 0.625)):  # a rotated grid
            origins, directions = pixel_rays(camera, np.asarray(columns + du, float), np.asarray(rows + dv, float))
            found = self._rays.cast(origins, directions)
            best, share = np.full(len(edges), np.inf), np.zeros((len(edges), visible.shape[1]), np.float32)
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    other = np.clip(rows + dy, 0, h - 1) * w + np.clip(columns + dx, 0, w - 1)
                    unlike = np.where(found.mesh == hits.mesh[other], 0.0, 4.0) + 1 - dots(found.flat, hits.flat[other])
                    better = unlike < best - 1e-9
                    best[better], share[better] = unlike[better], visible[other[better]]
            total += np.minimum(self._shade(found, directions, share), 2.0)
        return total / 4


def _look(material: Material) -> tuple[list[float], list[float], str]:
    """Linear colour, gloss and texture of a material."""
    if material is SKY:
        return [1.0, 1.0, 1.0], [0.0, 5.0], "smooth"
    row = materials()["kinds"][material.kind]
    return [linear(c) for c in material.rgb], [float(v) for v in row["gloss"]], row["texture"]


def _hemisphere(normals: Floats, number: int, rng: Generator) -> Floats:
    """One direction a row, cosine-weighted about its normal; ray `number` of `AMBIENT_RAYS` takes its own ring."""
    n = len(normals)
    spin, rise = rng.random(n), (number + rng.random(n)) / AMBIENT_RAYS
    # a point of the unit sphere, added to the normal, is cosine-weighted; the circle without the processor's own sine
    z = 1 - 2 * rise
    x, y = _circle(spin)
    flat = np.sqrt(np.maximum(0.0, 1 - z * z))
    return unit(normals * 1.001 + np.stack([flat * x, flat * y, z], axis=1))


def _circle(turns: Floats) -> tuple[Floats, Floats]:
    """Cosine and sine of whole turns, by a rational parametrisation of each quarter: the same bits on every processor."""
    quarter = np.floor(turns * 4)
    t = turns * 4 - quarter
    t = t * (1.1716 - 0.1716 * t)  # makes speeds at both ends of a quarter more alike; even distribution is not needed
    c, s = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
    which = quarter.astype(np.int64) % 4
    return np.choose(which, [c, -s, -c, s]), np.choose(which, [s, c, -s, -c])


def _towards(light: Light, points: Floats, number: int, rng: Generator) -> Floats:
    """Offsets [n, 3] from points to a place of the light; for the sun, 60 m long."""
    n = len(points)
    x, y = _circle((number + rng.random(n)) / LIGHT_RAYS)
    reach = np.sqrt(rng.random(n)) * light.radius
    if light.kind == "sun":
        axis = light.position
        a = vector_product(axis, (0.0, 0.0, 1.0) if abs(axis[2]) < 0.9 else (1.0, 0.0, 0.0))
        b = vector_product(axis, a)
        return 60.0 * np.asarray(np.asarray(axis) + (reach * x)[:, None] * np.asarray(a) + (reach * y)[:, None] * np.asarray(b))
    spots = np.stack([reach * x, reach * y, np.zeros(n)], axis=1)
    if light.kind == "window":  # it stands
        spots = np.stack([reach * x * 0.2, reach * x * 0.2, reach * y], axis=1)
    return np.asarray(light.position) + spots - points


def _centre(light: Light, points: Floats) -> tuple[Floats, Floats]:
    """Unit vectors to the light, and how its power falls off."""
    if light.kind == "sun":
        return np.broadcast_to(np.asarray(light.position), points.shape), np.ones(len(points))
    offsets = np.asarray(light.position) - points
    return unit(offsets), 1 / (dots(offsets, offsets) + 0.5)  # bounded close by, as an extended source is


def _power(base: Floats, exponent: Floats) -> Floats:
    """Base ** exponent for 0 <= base <= 1 by squarings: (1 - (1 - b²)/k·…)… is the usual limit, here with 2⁷ steps."""
    x = np.maximum(0.0, 1 - (1 - base) * exponent / 128)
    for _ in range(7):
        x = x * x
    return x


def _offsets(hits: Hits) -> Floats:
    """Distance of each hit's plane from the world's origin, along its normal: equal on one flat surface."""
    return dots(hits.points, hits.flat)


def _smoothed(values: NDArray[np.float32], key: Integers, normal: NDArray[np.float32], along: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean over neighbours that lie on the same surface: 3x3, then of those means, two and three apart, which reaches 13x13."""
    for step in (1, 2, 3):
        values = _smoothed_once(values, key, normal, along, step)
    return values


def _smoothed_once(
    values: NDArray[np.float32], key: Integers, normal: NDArray[np.float32], along: NDArray[np.float32], step: int
) -> NDArray[np.float32]:
    h, w, _ = values.shape
    total, weight = values.copy(), np.ones((h, w, 1), np.float32)
    for dy in (-step, 0, step):
        for dx in (-step, 0, step):
            if dx == dy == 0:
                continue
            here = (slice(max(0, -dy), h - max(0, dy)), slice(max(0, -dx), w - max(0, dx)))
            there = (slice(max(0, dy), h + min(0, dy)), slice(max(0, dx), w + min(0, dx)))
            cos = (normal[here] * normal[there]).sum(axis=2)
            like = (key[here] == key[there]) & (cos > EDGE_COS) & (np.abs(along[here] - along[there]) < 0.03)
            total[here] += values[there] * like[:, :, None]
            weight[here] += like[:, :, None]
    return total / weight


def _carried(
    hits: Hits, grid: Integers, hh: int, hw: int, coarse: NDArray[np.float32], near: Integers, out: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Give each pixel the mean of the up to four coarse points around it that are on its surface; NaN where there is none."""
    total, weight = np.zeros_like(out), np.zeros((len(out), 1), np.float32)
    row, column = near // hw, near % hw
    normal = hits.flat[grid]
    for dy in (0, 1):
        for dx in (0, 1):
            other = np.minimum(row + dy, hh - 1) * hw + np.minimum(column + dx, hw - 1)
            like = (hits.mesh == hits.mesh[grid][other]) & (dots(hits.flat, normal[other]) > EDGE_COS)
            total += coarse[other] * like[:, None]
            weight += like[:, None]
    return np.where(weight > 0, total / np.maximum(weight, 1), np.nan).astype(np.float32)


def _edges(hits: Hits, h: int, w: int) -> Integers:
    """Pixels beside one of another object or another way of facing."""
    mesh, normal = hits.mesh.reshape(h, w), hits.smooth.reshape(h, w, 3)
    edge = np.zeros((h, w), bool)
    for here, there in (
        ((slice(None), slice(0, -1)), (slice(None), slice(1, None))),
        ((slice(0, -1), slice(None)), (slice(1, None), slice(None))),
    ):
        a, b = normal[here], normal[there]
        cos = a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1] + a[..., 2] * b[..., 2]
        differ = (mesh[here] != mesh[there]) | (cos < EDGE_COS)
        edge[here] |= differ
        edge[there] |= differ
    return np.flatnonzero(edge)
