"""Draws a scene as a camera would see it: textures, soft shadows, ambient occlusion, highlights, smooth edges; linear light out.

What light reaches a point is `visibility`'s business; here it is turned into what the eye gets. Edges are drawn again with four rays a
pixel. Knows nothing of questions; what is in the picture is in `View`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from schemas.geometry_3d import Vec3
from synth.spatial.mesh import SKY, Mesh, linear
from synth.spatial.objects import Material, Thing, materials
from synth.spatial.rays import NOTHING, Hits, Rays, Singles, dots, singles, unit
from synth.spatial.scene import Light, Scene
from synth.spatial.shapes import Floats, Integers
from synth.spatial.textures import brightness
from synth.spatial.visibility import Visibility

SKY_RGB = (2.4, 2.5, 2.6)
"""What windows shine with: over-exposed, as in photographs of rooms."""
HAZE_RGB = (0.75, 0.82, 0.92)
EDGE_COS = 0.9
"""Neighbouring pixels whose normals turn by more than 26 degrees are an edge."""
EDGE_RAYS = ((0.125, 0.375), (0.375, 0.875), (0.625, 0.125), (0.875, 0.625))
"""Places in a pixel on an edge: a rotated grid."""


@dataclass(frozen=True, slots=True)
class View:
    """A drawn scene.

    Attributes:
        light: [h, w, 3] linear light, unbounded.
        thing: [h, w] number of the thing seen at each pixel's centre, or -1.
        depth: [h, w] metres along the camera's axis; infinite where nothing is.
        part: [h, w] number of the material seen, among those of its mesh.
    """

    light: Singles
    thing: Integers
    depth: Floats
    part: Integers

    @classmethod
    def of(cls, light: Singles, meshes: Sequence[Mesh], hits: Hits, h: int, w: int) -> "View":
        """What rays through the middles of all pixels met, row by row."""
        nothing = hits.mesh == NOTHING
        first = np.cumsum([0, *(len(mesh.materials) for mesh in meshes[:-1])])
        thing = np.where(nothing, -1, np.array([mesh.thing for mesh in meshes])[hits.mesh])
        depth, part = np.where(nothing, np.inf, hits.depth), np.where(nothing, 0, hits.material - first[hits.mesh])
        return cls(light.reshape(h, w, 3), thing.reshape(h, w).astype(np.int64), depth.reshape(h, w), part.reshape(h, w).astype(np.int64))


class Shader:
    """Shades what rays meet in one scene."""

    def __init__(self, scene: Scene, meshes: Sequence[Mesh], rng: Generator) -> None:
        self._scene = scene
        self._rays = Rays(meshes)
        self._visibility = Visibility(self._rays, scene.lights, rng)
        self._meshes = meshes
        owners = [mesh.thing for mesh in meshes for _ in mesh.materials]
        self._owner = [scene.things[number] if number >= 0 else None for number in owners]
        looks = [_look(material) for material in self._rays.materials]
        self._colour = np.array([look[0] for look in looks], np.float32).T.copy()
        self._gloss, self._sharp = np.array([look[1] for look in looks], np.float32).T.copy()
        self._texture = [look[2] for look in looks]
        self._shines = np.array([material is SKY for material in self._rays.materials])

    def draw(self) -> View:
        """The picture, and what is where in it."""
        camera = self._scene.camera
        h, w = camera.height_px, camera.width_px
        v, u = (axis.reshape(-1) + 0.5 for axis in np.mgrid[0:h, 0:w])
        facets = self._rays.facets(camera)
        hits = self._rays.see(camera, facets, u, v)
        visible = self._visibility.of(hits, h, w)
        light = self._shade(hits, visible)
        edges = _edges(hits, h, w)
        if len(edges):
            rows, columns = edges // w, edges % w
            total = np.zeros((3, len(edges)), np.float32)
            for du, dv in EDGE_RAYS:
                found = self._rays.see(camera, facets, columns + du, rows + dv)
                share = np.take(visible, _alike(found, hits, rows, columns, h, w), axis=1)
                total += np.minimum(self._shade(found, share), 2)
            light[:, edges] = total / len(EDGE_RAYS)
        return View.of(light.T, self._meshes, hits, h, w)

    def _shade(self, hits: Hits, visible: Singles) -> Singles:
        """Light [3, n] from each hit to the eye."""
        albedo = self._albedo(hits)
        view, normal = -unit(hits.directions), hits.smooth
        gloss, sharp = self._gloss[hits.material], self._sharp[hits.material]
        glossy = np.flatnonzero(gloss > 0)
        up = 0.5 + 0.5 * normal[2]
        ambient = np.array(self._scene.ambient, np.float32)
        ground = np.array([linear(c) for c in self._scene.shell.floor.rgb], np.float32)
        bounce = (0.35 * ground + 0.25 * ground.max()) / max(0.2, float(ground.max()))  # light thrown back by the floor, paler than it
        incoming = [ambient[k] * (up + (1 - up) * bounce[k]) * visible[0] for k in range(3)]
        grazing = 1 - np.maximum(dots(normal, view), 0)
        mirror = gloss * (0.05 + 0.3 * grazing * grazing * grazing * grazing) * visible[0]
        shine = [mirror * ambient[k] for k in range(3)]
        for number, light in enumerate(self._scene.lights):
            to_light, falloff = _centre(light, hits.points)
            arriving = falloff * visible[1 + number]
            facing = np.maximum(dots(normal, to_light), 0) * arriving
            half = unit(to_light[:, glossy] + view[:, glossy])
            glint = _power(np.maximum(dots(normal[:, glossy], half), 0), sharp[glossy]) * gloss[glossy] * arriving[glossy]
            for k in range(3):
                incoming[k] += np.float32(light.rgb[k]) * facing
                shine[k][glossy] += np.float32(0.35 * light.rgb[k]) * glint
        out = np.stack([albedo[k] * incoming[k] + shine[k] for k in range(3)])
        sky = np.flatnonzero(self._shines[hits.material] & (hits.mesh != NOTHING))
        out[:, sky] = np.array(SKY_RGB, np.float32)[:, None]
        away = np.flatnonzero(hits.mesh == NOTHING)
        out[:, away] = np.array(HAZE_RGB, np.float32)[:, None] * (1 + 0.4 * np.clip(hits.directions[2, away], -1, 1))
        return out

    def _albedo(self, hits: Hits) -> Singles:
        """Share [3, n] of red, green and blue that surfaces give back."""
        factor = np.ones(len(hits.mesh), np.float32)
        footprint = hits.depth.astype(np.float32) / np.float32(self._scene.camera.fx)
        order = np.argsort(hits.material, kind="stable")
        starts = np.flatnonzero(np.diff(hits.material[order], prepend=-1))
        for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
            chosen = order[start:end]
            number = int(hits.material[chosen[0]])
            points, normals = np.take(hits.points, chosen, axis=1), np.take(hits.flat, chosen, axis=1)
            if owner := self._owner[number]:
                points, normals = _to_model(points, owner, owner.position), _to_model(normals, owner)
            factor[chosen] = brightness(self._texture[number], points, normals, footprint[chosen], self._rays.materials[number].seed)
        return singles(np.minimum(np.take(self._colour, hits.material, axis=1) * factor, np.float32(0.95)))


def _to_model(vectors: Singles, thing: Thing, origin: Vec3 = (0.0, 0.0, 0.0)) -> Singles:
    """Vectors [3, n] of the world in a thing's model frame."""
    angle = np.radians(thing.yaw_deg)
    c, s = np.float32(np.round(np.cos(angle), 7)), np.float32(np.round(np.sin(angle), 7))
    x, y, z = (vectors[k] - np.float32(origin[k]) for k in range(3))
    return np.stack([c * x + s * y, c * y - s * x, z])


def _look(material: Material) -> tuple[list[float], list[float], str]:
    """Linear colour, gloss and texture of a material."""
    if material is SKY:
        return [1.0, 1.0, 1.0], [0.0, 5.0], "smooth"
    row = materials()["kinds"][material.kind]
    return [linear(c) for c in material.rgb], [float(v) for v in row["gloss"]], row["texture"]


def _centre(light: Light, points: Singles) -> tuple[Singles, Singles]:
    """Unit vectors [3, n] to the light, and how much of its power arrives where nothing is between."""
    place = np.array(light.position, np.float32)[:, None]
    if light.kind in ("sun", "beam"):
        return np.broadcast_to(place, points.shape), np.full(points.shape[1], light.power, np.float32)
    offsets = place - points
    return unit(offsets), np.float32(light.power) / (dots(offsets, offsets) + np.float32(0.5))  # bounded close by: it has an extent


def _power(base: Singles, exponent: Singles) -> Singles:
    """Base ** exponent for 0 <= base <= 1 by squarings: (1 - (1 - b²)/k·…)… is the usual limit, here with 2⁷ steps."""
    x = np.maximum(0, 1 - (1 - base) * exponent / 128)
    for _ in range(7):
        x = x * x
    return x


def _alike(found: Hits, hits: Hits, rows: Integers, columns: Integers, h: int, w: int) -> Integers:
    """For each ray beside a pixel's centre the pixel, among that and its four neighbours, whose surface is most like what it met."""
    best, chosen = np.full(len(rows), np.inf, np.float32), rows * w + columns
    for dy, dx in ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)):
        other = np.clip(rows + dy, 0, h - 1) * w + np.clip(columns + dx, 0, w - 1)
        unlike = (
            np.where(found.mesh == hits.mesh[other], np.float32(0), np.float32(4)) + 1 - dots(found.flat, np.take(hits.flat, other, axis=1))
        )
        better = unlike < best - np.float32(1e-6)
        best, chosen = np.where(better, unlike, best), np.where(better, other, chosen)
    return chosen


def _edges(hits: Hits, h: int, w: int) -> Integers:
    """Pixels beside one of another object or another way of facing."""
    mesh, normal = hits.mesh.reshape(h, w), hits.smooth.reshape(3, h, w)
    edge = np.zeros((h, w), bool)
    for here, there in (
        ((slice(None), slice(0, -1)), (slice(None), slice(1, None))),
        ((slice(0, -1), slice(None)), (slice(1, None), slice(None))),
    ):
        cos = dots(normal[:, here[0], here[1]], normal[:, there[0], there[1]])
        differ = (mesh[here] != mesh[there]) | (cos < EDGE_COS)
        edge[here] |= differ
        edge[there] |= differ
    return np.flatnonzero(edge)
