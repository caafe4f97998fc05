"""Puts users' own models into a drawn scene: on free floor in view of its camera, small ones on furniture; everything is held up.

Knows nothing of files or questions.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from synth.spatial.furniture import Model
from synth.spatial.layout import Footprint, footprint, overlap
from synth.spatial.mesh_files import RawModel, corner_normals
from synth.spatial.objects import Colour, Material, Thing, build, catalogue, model_key
from synth.spatial.scene import Scene
from synth.spatial.shapes import Floats, Part

TRIES = 120
SMALL_M = 0.45
"""Longest side of what is put on furniture rather than on the floor (chosen: a microwave oven)."""
LEAST_PX = 40
"""Least size in the picture, of the longest side."""
LEAST_CHANNEL, MOST_CHANNEL, PUREST = 30, 232, 0.2
"""Bounds of a colour's channels, and of its least to its greatest (of the catalogue's own colours)."""
GAP_M, TOP_GAP_M = 0.03, 0.01
FINISH = "wall_paint"
"""A dull one: highlights on a mean colour would look wet."""


def as_thing(raw: RawModel, name: str) -> tuple[Thing, Model]:
    """A model in its own frame (`mesh_files.in_metres`) as a thing at the origin, and its mesh; sizes are whole millimetres."""
    extent = raw.vertices.max(axis=0) - raw.vertices.min(axis=0)
    w, d, h = (max(0.001, round(float(side), 3)) for side in extent)
    points = raw.vertices * (np.array([w, d, h]) / extent)
    corners, normals = points[raw.triangles], corner_normals(raw)
    order = np.argsort(-np.bincount(raw.material, _areas(corners), len(raw.colours)), kind="stable")
    parts, made = [], {}
    for place, number in enumerate(order.tolist()):
        mine = raw.material == number
        if mine.any():
            slot = f"part-{place}"
            parts.append(
                Part(corners[mine].reshape(-1, 3), normals[mine].reshape(-1, 3), np.arange(3 * int(mine.sum())).reshape(-1, 3), slot)
            )
            made[slot] = Material(FINISH, "", _muted(raw.colours[number]), number)  # no name: nobody has looked at it
    stands = "top" if max(w, d, h) <= SMALL_M else "floor"
    return Thing(model_key(name, stands, (w, d, h)), (w, d, h), (0.0, 0.0, 0.0), 0.0, 0, made), Model(parts)


def _muted(colour: Colour) -> Colour:
    """No purer, darker or brighter than paint is: the light of a room could not be told from a purer one."""
    least = max(LEAST_CHANNEL, round(PUREST * max(colour)))
    red, green, blue = (min(MOST_CHANNEL, max(least, value)) for value in colour)
    return (red, green, blue)


def _areas(corners: Floats) -> Floats:
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.asarray(np.sqrt((facing * facing).sum(axis=1)) / 2)


def place(scene: Scene, models: Sequence[tuple[Thing, Model]], rng: Generator) -> tuple[Scene, tuple[int, ...]] | None:
    """The scene with these things in it, in order, and their numbers; None where the first finds no place, others are left out."""
    things, numbers = list(scene.things), []
    for k, (thing, _) in enumerate(models):
        top = catalogue()[thing.kind].stands == "top"
        found = _on_top(thing, things, scene, rng) if top else None
        found = found or _on_floor(thing, things, scene, rng)
        if found is None and k == 0:
            return None
        if found is not None:
            numbers.append(len(things))
            things.append(found)
        else:
            numbers.append(-1)
    return replace(scene, things=tuple(things)), tuple(numbers)


def _on_floor(thing: Thing, things: Sequence[Thing], scene: Scene, rng: Generator) -> Thing | None:
    shell = scene.shell
    for _ in range(TRIES):
        x, y = (float(rng.random()) * side for side in (shell.width, shell.depth))
        placed = _at(thing, x, y, 0.0, float(rng.random()) * 360.0, None)
        mine = footprint(placed, GAP_M)
        inside = all(0 < px < shell.width and shell.road < py < shell.depth for px, py in mine.corners())
        if inside and mine.high < shell.height and _free(mine, things, scene) and _in_view(placed, scene):
            return placed
    return None


def _on_top(thing: Thing, things: Sequence[Thing], scene: Scene, rng: Generator) -> Thing | None:
    shelves = [
        (number, below, surface)
        for number, below in enumerate(things)
        if catalogue()[below.kind].shape and below.support is None
        for surface in build(below).surfaces
        if surface.headroom > thing.size[2]
    ]
    for _ in range(TRIES if shelves else 0):
        number, below, surface = shelves[int(rng.integers(len(shelves)))]
        turn = float(rng.random()) * 360.0
        c, s = abs(math.cos(math.radians(turn))), abs(math.sin(math.radians(turn)))
        half = ((c * thing.size[0] + s * thing.size[1]) / 2, (s * thing.size[0] + c * thing.size[1]) / 2)
        room = (surface.x1 - surface.x0 - 2 * half[0], surface.y1 - surface.y0 - 2 * half[1])
        if min(room) < 0:
            continue
        right, back = surface.x0 + half[0] + float(rng.random()) * room[0], surface.y0 + half[1] + float(rng.random()) * room[1]
        c, s = math.cos(math.radians(below.yaw_deg)), math.sin(math.radians(below.yaw_deg))
        x, y = below.position[0] + c * right - s * back, below.position[1] + s * right + c * back
        placed = _at(thing, x, y, below.position[2] + surface.z, below.yaw_deg + turn, number)
        mine = footprint(placed, TOP_GAP_M)
        others = [other for k, other in enumerate(things) if k != number]
        if _free(mine, others, scene) and _in_view(placed, scene):
            return placed
    return None


def _at(thing: Thing, x: float, y: float, z: float, yaw: float, support: int | None) -> Thing:
    return replace(thing, position=(round(x, 4), round(y, 4), round(z, 4)), yaw_deg=round(yaw % 360.0, 1) % 360.0, support=support)


def _free(mine: Footprint, things: Sequence[Thing], scene: Scene) -> bool:
    x, y, z = scene.camera.position
    eye = Footprint(x, y, 0.3, 0.3, 0.0, 0.0, z + 0.3)
    return not overlap(mine, eye) and not any(overlap(mine, footprint(other)) for other in things)


def _in_view(thing: Thing, scene: Scene) -> bool:
    camera, (x, y, z) = scene.camera, thing.position
    point = camera.to_camera((x, y, z + thing.size[2] / 2))
    if point[2] < 0.3:
        return False
    u, v = camera.project(point)
    m = 0.05
    inside = m * camera.width_px < u < (1 - m) * camera.width_px and m * camera.height_px < v < (1 - m) * camera.height_px
    return inside and camera.fx * max(thing.size) / point[2] > LEAST_PX
