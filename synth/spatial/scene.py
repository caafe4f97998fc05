"""A scene: a furnished place, its lights and the camera that looks at it, drawn from a random stream.

Everything is in the world frame of `layout`. Knows nothing of meshes, pictures or questions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from numpy.random import Generator

from schemas.errors import DataError
from schemas.geometry_3d import Box3D, Camera, Vec3, looking, multiply, rotation_about, rounded, rounded_vector
from synth.spatial.layout import Footprint, footprint, furnish, overlap, places
from synth.spatial.objects import Material, Thing, catalogue, draw_material

FOV_DEG = (35.0, 100.0)
"""Horizontal fields of view: from a short telephoto lens to a phone's wide angle."""
ASPECTS = ((4, 3), (4, 3), (3, 2), (16, 9), (1, 1), (3, 4))
CAMERA_TRIES = 60
OPEN_AIR_M = 50.0
"""Things outdoors may be taller than the wall behind them."""
BEAM_SHARE = 0.45
"""Share of windows that the sun shines through (chosen)."""
CLEAR_M = 0.3
"""Room around the camera."""
LAMP_RGB = ((1.0, 0.9, 0.78), (1.0, 0.95, 0.88), (1.0, 1.0, 1.0))
"""Light of warm bulbs to daylight tubes, linear, in units of the brightest channel (chosen: weaker casts than the bulbs' own, since cameras
balance white)."""
DAY_RGB = ((0.93, 0.96, 1.0), (1.0, 0.98, 0.94), (1.0, 0.93, 0.85))


@dataclass(frozen=True, slots=True)
class Window:
    """A bright rectangle in a wall: which wall (as `layout.WALLS` counts), from where to where along it, and heights; metres."""

    wall: int
    start: float
    end: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Shell:
    """Floor, walls and ceiling; outdoors there is one wall, at the back, and no ceiling.

    Attributes:
        width: Along x, metres; so are the next two.
        depth: Along y.
        height: Of the walls.
        outdoors: Whether it is.
        floor: What one walks on; in a street, the carriageway.
        walls: All of them.
        ceiling: White, more or less.
        window: The one window of a room.
        road: In a street, how deep the carriageway is, from y = 0; a pavement follows.
    """

    width: float
    depth: float
    height: float
    outdoors: bool
    floor: Material
    walls: Material
    ceiling: Material
    window: Window | None
    road: float = 0.0


@dataclass(frozen=True, slots=True)
class Opening:
    """A hole in the plane where coordinate `axis` is `at`: from `start` to `end` along the other, from `low` to `high`; metres, world."""

    axis: Literal[0, 1]
    at: float
    start: float
    end: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Light:
    """A source with an extent.

    Attributes:
        kind: A `lamp` or `window`, at a position, whose light falls off with distance; a `sun`, whose `position` is the direction to it; a
            `beam`, a sun that shines through an opening only.
        position: Metres, or a unit vector.
        radius: Of the disc or ball it shines from, metres; of the sun, radians.
        rgb: Its colour, linear.
        power: What reaches a surface one metre away that faces it, linear; for the sun, at any distance.
        opening: What a beam comes through.
    """

    kind: Literal["lamp", "window", "sun", "beam"]
    position: Vec3
    radius: float
    rgb: Vec3
    power: float
    opening: Opening | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """All there is to see, and from where."""

    place: str
    shell: Shell
    things: tuple[Thing, ...]
    camera: Camera
    lights: tuple[Light, ...]
    ambient: Vec3


def box_of(thing: Thing) -> Box3D:
    """The box of a thing in the world, in the convention of `schemas.geometry_3d`."""
    (w, d, h), (x, y, z) = thing.size, thing.position
    # box axes in the model frame: x is x, y points down, z away from the front
    axes = ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0))
    turned = multiply(rotation_about(2, math.radians(thing.yaw_deg)), axes)
    return Box3D(rounded_vector((x, y, z + h / 2)), (w, h, d), rounded(turned))


def canonical_box(thing: Thing, camera: Camera) -> Box3D:
    """The box of a thing in the world, told as answers tell it. One without a front is told from the side that looks most to the camera; a
    round one from where it looks straight against the camera's direction.
    """
    box, kind = box_of(thing), catalogue()[thing.kind]
    if kind.front:
        return box
    forward = camera.rotation[2]
    facing_deg = math.degrees(math.atan2(forward[1], forward[0])) - 90.0  # the yaw of what faces the camera
    if kind.turn == "round":
        turned = multiply(rotation_about(2, math.radians(facing_deg - thing.yaw_deg)), box.rotation)
        return Box3D(box.center, box.size, rounded(turned))
    quarter = math.floor((facing_deg - thing.yaw_deg) / 90.0 + 0.5) % 4
    w, h, d = box.size
    turned = multiply(rotation_about(2, quarter * math.pi / 2), box.rotation)
    return Box3D(box.center, (d, h, w) if quarter % 2 else (w, h, d), rounded(turned))


def draw_scene(place: str, side_px: int, clutter: float, rng: Generator) -> Scene:
    """A scene of a kind of place, seen in a picture whose longer side is `side_px`; DataError where no camera sees three things."""
    row = places()[place]
    width, depth = (round(low + (high - low) * float(rng.random()), 2) for low, high in (row["width"], row["depth"]))
    height, outdoors = round(2.35 + 0.6 * float(rng.random()), 2), bool(row.get("outdoors"))
    road = round(row["road"][0] + (row["road"][1] - row["road"][0]) * float(rng.random()), 2) if "road" in row else 0.0
    height = round(height * (3.0 if road else 1.0), 2)
    wall_kinds = row.get("walls", ("wall_paint", "wall_paint", "wallpaper"))
    things = furnish(place, width, depth, OPEN_AIR_M if outdoors else height, clutter, rng, road=road)
    window = None if outdoors else _draw_window(width, depth, height, rng)
    shell = Shell(
        width,
        depth,
        height,
        outdoors,
        draw_material(row["floor"][int(rng.integers(len(row["floor"])))], rng),
        draw_material(wall_kinds[int(rng.integers(len(wall_kinds)))], rng),
        draw_material("ceiling", rng),
        window,
        road,
    )
    camera = _draw_camera(shell, things, side_px, rng, close=row.get("close", ""))
    lights, ambient = _draw_lights(shell, rng)
    return Scene(place, shell, things, camera, lights, ambient)


def _draw_window(width: float, depth: float, height: float, rng: Generator) -> Window | None:
    if rng.random() < 0.25:
        return None
    wall = int(rng.integers(4))
    along = width if wall < 2 else depth
    size = min(along - 0.6, 0.9 + 1.2 * float(rng.random()))
    start = 0.3 + float(rng.random()) * (along - 0.6 - size)
    low = 0.8 + 0.3 * float(rng.random())
    return Window(wall, round(start, 2), round(start + size, 2), round(low, 2), round(min(height - 0.2, low + 1.3), 2))


def _draw_lights(shell: Shell, rng: Generator) -> tuple[tuple[Light, ...], Vec3]:
    """One to three lights, and the light that comes from everywhere."""

    def tint(choices: Sequence[Vec3]) -> Vec3:
        return choices[int(rng.integers(len(choices)))]

    if shell.outdoors:
        azimuth, up = 2 * math.pi * float(rng.random()), math.radians(25 + 40 * float(rng.random()))
        sun = rounded_vector((math.cos(azimuth) * math.cos(up), math.sin(azimuth) * math.cos(up), math.sin(up)))
        power = 1.6 * float(rng.random()) + 0.3  # from overcast to bright
        return (Light("sun", sun, 0.03, tint(DAY_RGB[1:]), round(power, 3)),), (0.5, 0.54, 0.6)
    lights = []
    for _ in range(1 + int(rng.random() < 0.4)):
        x, y = (round((0.25 + 0.5 * float(rng.random())) * side, 2) for side in (shell.width, shell.depth))
        position = (x, y, round(shell.height - 0.12, 2))
        lights.append(
            Light("lamp", position, 0.1 + round(0.2 * float(rng.random()), 2), tint(LAMP_RGB), round(1.6 + 2.4 * float(rng.random()), 3))
        )
    if shell.window:
        along, z = (shell.window.start + shell.window.end) / 2, (shell.window.low + shell.window.high) / 2
        ends = ((along, 0.03), (along, shell.depth - 0.03), (0.03, along), (shell.width - 0.03, along))
        x, y = ends[shell.window.wall]
        lights.append(Light("window", rounded_vector((x, y, z)), 0.45, tint(DAY_RGB), round(2.0 + 5.0 * float(rng.random()), 3)))
        if rng.random() < BEAM_SHARE:
            lights.append(_draw_beam(shell, shell.window, tint(DAY_RGB[1:]), rng))
    level = 0.22 + 0.15 * float(rng.random())
    return tuple(lights), rounded_vector((level, level * 0.98, level * 0.95))


def _draw_beam(shell: Shell, window: Window, rgb: Vec3, rng: Generator) -> Light:
    """The sun, low enough to shine far into the room."""
    out = ((0.0, -1.0), (0.0, 1.0), (-1.0, 0.0), (1.0, 0.0))[window.wall]
    aside, up = math.radians(90 * float(rng.random()) - 45), math.radians(20 + 25 * float(rng.random()))
    c, s = math.cos(aside), math.sin(aside)
    sun = rounded_vector(((c * out[0] - s * out[1]) * math.cos(up), (s * out[0] + c * out[1]) * math.cos(up), math.sin(up)))
    at = (0.0, shell.depth, 0.0, shell.width)[window.wall]
    opening = Opening(1 if window.wall < 2 else 0, at, window.start, window.end, window.low, window.high)
    return Light("beam", sun, 0.01, rgb, round(2.0 + 2.5 * float(rng.random()), 3), opening)


def _draw_camera(shell: Shell, things: Sequence[Thing], side_px: int, rng: Generator, *, close: str) -> Camera:
    """The best of some cameras: that which has most things in view."""
    across, down = ASPECTS[int(rng.integers(len(ASPECTS)))]
    width, height = (round(side_px * side / max(across, down) / 2) * 2 for side in (across, down))
    fov = math.radians(FOV_DEG[0] + (FOV_DEG[1] - FOV_DEG[0]) * float(rng.random()) * (0.6 if close else 1.0))
    focal = round(width / 2 / math.tan(fov / 2), 1)
    wanted = 1 + int(rng.integers(12))  # the best of few or of many: some views are crowded, some are not
    best: tuple[int, Camera] | None = None
    blocks = [footprint(thing, CLEAR_M * (0.4 if close else 1.0)) for thing in things]
    for _ in range(CAMERA_TRIES):
        eye, target = _close_view(shell, things, close, rng) if close else _wide_view(shell, things, rng)
        inside = CLEAR_M / 2 < eye[0] < shell.width - CLEAR_M / 2 and CLEAR_M / 2 < eye[1] < shell.depth - CLEAR_M / 2
        if not inside or math.dist(eye[:2], target[:2]) < 0.2 or any(overlap(_point(eye), block) for block in blocks):
            continue
        roll = math.radians((float(rng.random()) - 0.5) * (6.0 if rng.random() < 0.8 else 24.0))
        forward = (target[0] - eye[0], target[1] - eye[1], target[2] - eye[2])
        camera = Camera(width, height, focal, focal, width / 2, height / 2, rounded(looking(forward, roll)), rounded_vector(eye))
        seen = sum(_in_view(thing, camera) for thing in things)
        if seen >= 3 and (best is None or seen > best[0]):
            best, wanted = (seen, camera), wanted - 1
            if wanted <= 0:
                break
    if best is None:
        raise DataError("nothing_to_see", f"none of {CAMERA_TRIES} cameras has three things in view")
    return best[1]


def _point(eye: Vec3) -> Footprint:
    return Footprint(eye[0], eye[1], 0.01, 0.01, 0.0, eye[2] - 0.01, eye[2] + 0.01)


def _wide_view(shell: Shell, things: Sequence[Thing], rng: Generator) -> tuple[Vec3, Vec3]:
    """From the height of a small child's eyes to that of a raised arm, over the room."""
    x, y = (CLEAR_M / 2 + float(rng.random()) * (side - CLEAR_M) for side in (shell.width, shell.depth))
    eye = (round(x, 3), round(y, 3), round(0.6 + 1.6 * float(rng.random()), 3))
    thing = things[int(rng.integers(len(things)))] if things else None
    middle = thing.position if thing else (shell.width / 2, shell.depth / 2, 0.0)
    target = (
        0.6 * middle[0] + 0.4 * shell.width / 2,
        0.6 * middle[1] + 0.4 * shell.depth / 2,
        0.2 + 0.7 * float(rng.random()),
    )
    return eye, target


def _close_view(shell: Shell, things: Sequence[Thing], kind: str, rng: Generator) -> tuple[Vec3, Vec3]:
    """From in front of the piece that the place is about, on to its top or, where it is a shelf, at one of its boards."""
    main = next((t for t in things if t.kind == kind), None)
    x, y, top = (main.position[0], main.position[1], main.size[2]) if main else (shell.width / 2, shell.depth / 2, 0.7)
    half_w, half_d = (main.size[0] / 2, main.size[1] / 2) if main else (0.5, 0.4)
    aside, back = (float(rng.random()) - 0.5) * 2.0 * half_w, 0.05 + 0.75 * float(rng.random())
    rise, down = 0.25 + 0.5 * float(rng.random()), 0.15 * float(rng.random())
    target = (x + (float(rng.random()) - 0.5) * 0.8 * half_w, y + (float(rng.random()) - 0.5) * half_d, top + down)
    eye = (round(x + aside, 3), round(y - half_d - back, 3), round(top + rise, 3))
    if kind == "bookshelf":
        board = top * (0.25 + 0.75 * float(rng.random()))
        eye = (eye[0], round(eye[1] - 0.25, 3), round(max(0.4, board + 0.35 * (float(rng.random()) - 0.3)), 3))
        target = (target[0], y, board)
    return eye, target


def _in_view(thing: Thing, camera: Camera) -> bool:
    """Whether the middle of a thing lies in the picture, large enough to be seen."""
    x, y, z = thing.position
    point = camera.to_camera((x, y, z + thing.size[2] / 2))
    if point[2] < 0.2:
        return False
    u, v = camera.project(point)
    return 0 < u < camera.width_px and 0 < v < camera.height_px and camera.fx * max(thing.size) / point[2] > 16
