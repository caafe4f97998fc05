"""Questions of `spatial.relations` that are answered by points or steps: free places, parts, ways, the same in two pictures."""

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from schemas.dialect import LabelledBox, LabelledPoint, write_boxes, write_points
from schemas.geometry import box_px_to_1000, point_1000_to_px, point_px_to_1000
from schemas.geometry_3d import Camera, Vec3, add, rotate, transpose
from schemas.sample import Json
from synth.spatial.furniture import Surface
from synth.spatial.layout import Footprint, footprint, overlap, standing, strip, tops
from synth.spatial.mesh import to_model
from synth.spatial.objects import Thing, build
from synth.spatial.relations_bodies import Body, Place, Surroundings, bearing, towards
from synth.spatial.relations_hiding import Hiding
from synth.spatial.relations_prompts import answer
from synth.spatial.relations_views import Asked, Writer, by_name, coin, some
from synth.spatial.seen import Seen
from synth.spatial.shapes import Floats

AFFORDED = {
    "afford_sit": {"chair": "seat", "office_chair": "seat", "stool": "seat", "bench": "seat"},
    "afford_open": {"cabinet": "metal", "wardrobe": "metal", "fridge": "metal", "desk": "metal"},
    "afford_press": {"keyboard": "keys", "laptop": "keys"},
    "afford_grasp": {"mug": "handle"},
    "afford_twist": {"bottle": "cap"},
}
"""Task -> kind -> the slot of the part that a hand uses."""
CLEARANCE_M, HEADROOM_M = 0.02, 0.25
"""Room kept around a free place, and above it."""
LEVEL_M = 0.002
"""How far the corners of a triangle may lie above or below a surface that it is part of."""
KEY_M = 0.00005
"""How far below the top of keys a point on them may lie."""
NO_ROOM_SHARE = 0.2
BACK_SHARE, STOOL_M = 0.62, 0.75
"""What is above this share of the height of a seat that is taller than a stool is its back."""
WAY_HALF_M, STEPPED_OVER_M = 0.1, 0.55
"""Half the width of a way that is told as straight, and what lies higher over the floor is not in it."""
DEGREES, WAY_M = 5, 0.1
"""Steps in which a plan tells turns and ways."""


def _point(at: Surroundings, px: tuple[float, float], label: str) -> tuple[str, tuple[int, int]]:
    point = point_px_to_1000(px, at.camera.width_px, at.camera.height_px)
    return write_points([LabelledPoint(point, label)]), point


def pixel_of(camera: Camera, point: tuple[int, int]) -> tuple[int, int]:
    """Column and row of the pixel at a place in thousandths."""
    u, v = point_1000_to_px(point, camera.width_px, camera.height_px)
    return min(int(u), camera.width_px - 1), min(int(v), camera.height_px - 1)


# --- free places --------------------------------------------------------------------------------------------------------------------------


def free_space(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """A place on a piece of furniture where something could be put down; now and then nothing so large fits on it."""
    too_large = bool(rng.random() < NO_ROOM_SHARE)
    for (b,) in some([body for body in at.bodies if body.thing.kind in tops()], 1, rng, 8):
        top = max(build(b.thing).surfaces, key=lambda surface: surface.z)
        wide, deep = top.x1 - top.x0, top.y1 - top.y0
        if b.thing.kind in ("chair", "sofa", "carton", "stool") or top.z < 0.95 * b.thing.size[2] or not is_filled(b.thing, top):
            continue
        if too_large:
            w, d = (round(100 * max(b.thing.size[:2]) * (1.25 + 0.5 * float(rng.random()))) for _ in range(2))
            return _placed(b, w, d, answer("no_room", b=b.text), None)
        w, d = (10 + 5 * int(rng.integers(max(1, int(side * 100 * 0.5 / 5) - 1))) for side in (wide, deep))
        for _ in range(24):
            x, y = (low + side * float(rng.random()) for low, side in ((top.x0, wide), (top.y0, deep)))
            if (
                abs(x - (top.x0 + top.x1) / 2) + w / 200 > wide / 2 - CLEARANCE_M
                or abs(y - (top.y0 + top.y1) / 2) + d / 200 > deep / 2 - CLEARANCE_M
            ):
                continue
            if (text := _free_at(at, b, (x, y, top.z), w, d)) is not None:
                return _placed(b, w, d, text, "free")
    return None


def is_filled(thing: Thing, surface: Surface) -> bool:
    """Whether level triangles lie under all of a surface but a rim: not so where things stand on a cooker's four plates."""
    sides = ((surface.x0, surface.x1), (surface.y0, surface.y1))
    xs, ys = (np.linspace(low + CLEARANCE_M, high - CLEARANCE_M, 9) for low, high in sides)
    return bool(_on_level(thing, np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2), surface.z).all())


def touches(thing: Thing, below: Thing) -> bool:
    """Whether a level triangle of what carries a thing lies under the middle of its foot."""
    foot = to_model(np.array([thing.position]), below)
    return bool(_on_level(below, foot[:, :2], float(foot[0, 2]))[0])


def _on_level(thing: Thing, spots: Floats, z: float) -> NDArray[np.bool_]:
    """[n] whether spots [n, 2] of a thing's model frame lie over one of its level triangles at a height."""
    corners = np.concatenate([part.vertices[part.triangles] for part in build(thing).parts])
    level = corners[(np.abs(corners[:, :, 2] - z) < LEVEL_M).all(axis=1)][:, :, :2]
    edge, off = np.roll(level, -1, axis=1) - level, spots[:, None, None] - level
    turns = edge[..., 0] * off[..., 1] - edge[..., 1] * off[..., 0]
    return np.asarray(((turns >= -1e-9).all(axis=2) | (turns <= 1e-9).all(axis=2)).any(axis=1))


def _placed(b: Body, w: int, d: int, text: str, value: Json) -> Asked:
    slots, named = by_name(b=b)
    return Asked({**slots, "size": f"{w} x {d} cm"}, text, value if value else "absent", (b,), {"base_cm": [w, d]}, named)


def _free_at(at: Surroundings, b: Body, model: tuple[float, float, float], w: int, d: int) -> str | None:
    """The answer, if a place of a thing's top, told in its model frame, is free and in view."""
    yaw = math.radians(b.thing.yaw_deg)
    c, s = math.cos(yaw), math.sin(yaw)
    x, y, z = (
        b.thing.position[0] + c * model[0] - s * model[1],
        b.thing.position[1] + s * model[0] + c * model[1],
        b.thing.position[2] + model[2],
    )
    place = Footprint(x, y, w / 200 + CLEARANCE_M, d / 200 + CLEARANCE_M, b.thing.yaw_deg, z - 0.001, z + HEADROOM_M)
    others = [thing for number, thing in enumerate(at.scene.things) if number != b.item.number]
    if any(overlap(place, footprint(thing)) for thing in others):
        return None
    point = at.camera.to_camera((x, y, z))
    if point[2] < 0.1:
        return None
    u, v = at.camera.project(point)
    text, rounded = _point(at, (u, v), b.label)
    if not (3 < u < at.camera.width_px - 3 and 3 < v < at.camera.height_px - 3):
        return None
    column, row = pixel_of(at.camera, rounded)
    spot = _spot(at, row, column)
    near = (slice(row - 1, row + 2), slice(column - 1, column + 2))
    on_it = (at.view.thing[near] == b.item.number).all() and math.dist(spot, (x, y, z)) < CLEARANCE_M / 2 and abs(spot[2] - z) < 0.002
    return text if on_it else None


def _spot(at: Surroundings, row: int, column: int) -> Vec3:
    """The point of the world that a pixel's middle shows."""
    c, z = at.camera, float(at.view.depth[row, column])
    local = ((column + 0.5 - c.cx) / c.fx * z, (row + 0.5 - c.cy) / c.fy * z, z)
    return add(rotate(transpose(c.rotation), local), c.position)


# --- parts that hands use -----------------------------------------------------------------------------------------------------------------


def afford(task: str) -> Writer:
    """A point on the part of a thing that one sits on, opens it by, types on, grasps or twists."""

    def write(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
        for (a,) in some([body for body in at.bodies if body.thing.kind in AFFORDED[task]], 1, rng, 6):
            if px := _part_px(at, a, AFFORDED[task][a.thing.kind]):
                text, _ = _point(at, px, a.label)
                slots, named = by_name(a=a)
                return Asked(slots, text, a.label, (a,), {}, named)
        return None

    return write


def _part_px(at: Surroundings, a: Body, slot: str) -> tuple[float, float] | None:
    """A pixel well inside what is seen of a part."""
    rows, columns = np.nonzero(at.view.thing == a.item.number)
    camera = at.camera
    local = at.points(a.item)
    r, p = camera.rotation, camera.position
    world = np.stack([local[:, 0] * r[0][k] + local[:, 1] * r[1][k] + local[:, 2] * r[2][k] + p[k] for k in range(3)], axis=1)
    model = to_model(world, a.thing)
    mask = np.zeros(at.view.thing.shape, bool)
    mask[rows, columns] = _on_part(model, a.thing, slot)
    reach = 2 * math.ceil(max(camera.width_px, camera.height_px) / 2000) + 1
    inner = mask.copy()
    for _ in range(reach):
        padded = np.pad(inner, 1)
        inner &= padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    if slot == "keys":  # not on the bevel of one
        level = np.zeros(mask.shape, bool)
        level[np.nonzero(at.view.thing == a.item.number)] = model[:, 2] > _top(a.thing, slot) - KEY_M
        inner &= level
    rows, columns = np.nonzero(inner)
    if not len(rows):
        return None
    middle = len(rows) // 2
    return (float(columns[middle]) + 0.5, float(rows[middle]) + 0.5)


def _top(thing: Thing, slot: str) -> float:
    return max(float(part.vertices[:, 2].max()) for part in build(thing).parts if part.slot == slot)


def _on_part(model: Floats, thing: Thing, slot: str) -> NDArray[np.bool_]:
    """[n] whether points [n, 3] of a thing's model frame lie on a part: within 2 mm of the box around a piece of it, and of no other."""
    if slot == "handle":
        return np.asarray(model[:, 0] > -thing.size[0] / 2 + thing.size[1] + 0.004)
    out = np.zeros(len(model), bool)
    parts = build(thing).parts
    for mine in (True, False):
        for part in parts:
            if (part.slot == slot) == mine:
                low, high = part.vertices.min(axis=0), part.vertices.max(axis=0)
                near = ((model > low - 0.002) & (model < high + 0.002)).all(axis=1)
                out = out | near if mine else out & ~near
    if slot == "seat":
        low = out & (model[:, 2] < BACK_SHARE * thing.size[2]) if thing.size[2] > STOOL_M else out  # a back may be of the seat's stuff
        return np.asarray(low & (model[:, 2] > model[low, 2].max(initial=0.0) - 0.02))
    return out


# --- ways ---------------------------------------------------------------------------------------------------------------------------------


def plan(at: Surroundings, hiding: Hiding, rng: Generator) -> Asked | None:
    """Fetch a small thing and bring it to a piece of furniture."""
    eye, view = at.camera.position, at.camera.rotation[2]
    for a, b in some(at.bodies, 2, rng):
        if (
            a.kind.stands != "top"
            or not a.kind.shape
            or b.thing.kind not in tops()
            or b.item.number == a.thing.support
            or b.kind.stands == "top"
            or a.thing.support is None
            or not touches(a.thing, at.scene.things[a.thing.support])
        ):
            continue
        if not (_is_open(at, eye, a.center, a) and _is_open(at, a.center, b.center, a, b)):
            continue
        first, way = bearing(eye, towards((0, 0, 0), view), a.center)
        second, on = bearing(a.center, towards(eye, a.center), b.center)
        if min(way, on) < 0.3 or abs(second) > 172:
            continue
        words = answer("plan", turn=_turn(first), way=f"{way:.1f}", turn_on=_turn(second), way_on=f"{on:.1f}", a=a.text, b=b.text)
        slots, named = by_name(a=a, b=b)
        value: list[Json] = [DEGREES * round(first / DEGREES), round(way, 1), DEGREES * round(second / DEGREES), round(on, 1)]
        return Asked(slots, words, value, (a, b), {}, named)
    return None


def _is_open(at: Surroundings, start: Place, end: Place, *ends: Body) -> bool:
    """Whether nothing stands in a straight way on the floor but its ends, with what they stand on."""
    way = strip((start[0], start[1]), (end[0], end[1]), WAY_HALF_M, STEPPED_OVER_M)
    things = at.scene.things
    mine = {standing(things, body.item.number) for body in ends}
    return not any(overlap(way, footprint(thing)) for number, thing in enumerate(things) if standing(things, number) not in mine)


def _turn(degrees: float) -> str:
    rounded = DEGREES * round(abs(degrees) / DEGREES)
    return answer("turn_none") if not rounded else answer("turn_right" if degrees > 0 else "turn_left", degrees=str(rounded))


# --- two pictures -------------------------------------------------------------------------------------------------------------------------


def same_point(at: Surroundings, second: Surroundings, rng: Generator) -> Asked | None:
    """Where the second picture shows what the first shows at a point."""
    there = {item.number: item for item in second.asking.seen if item.clear}
    for (a,) in some(at.bodies, 1, rng, 12):
        if a.item.number not in there:
            continue
        rows, columns = np.nonzero(at.view.thing == a.item.number)
        for _ in range(8):
            k = int(rng.integers(len(rows)))
            asked = point_px_to_1000((columns[k] + 0.5, rows[k] + 0.5), at.camera.width_px, at.camera.height_px)
            found = _in_second(at, second, a.item.number, asked)
            if found:
                text = write_points([LabelledPoint(point_px_to_1000(found, second.camera.width_px, second.camera.height_px), a.label)])
                point: list[Json] = [*asked]
                return Asked({"point": str(list(asked))}, text, a.label, (a,), {"point": point}, {}, (there[a.item.number],))
    return None


def _in_second(at: Surroundings, second: Surroundings, number: int, asked: tuple[int, int]) -> tuple[float, float] | None:
    column, row = pixel_of(at.camera, asked)
    here = at.view.thing[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3]
    if not (here == number).all():
        return None
    point = second.camera.to_camera(_spot(at, row, column))
    if point[2] < 0.1:
        return None
    u, v = second.camera.project(point)
    if not (4 < u < second.camera.width_px - 4 and 4 < v < second.camera.height_px - 4):
        return None
    near = (slice(int(v) - 2, int(v) + 3), slice(int(u) - 2, int(u) + 3))
    if not (second.view.thing[near] == number).all() or abs(float(second.view.depth[int(v), int(u)]) - point[2]) > 0.004 + 0.003 * point[2]:
        return None
    return (u, v)


def same_object(at: Surroundings, second: Surroundings, rng: Generator) -> Asked | None:
    """The box in the second picture of what the first shows at a point."""
    there = {item.number: item for item in second.asking.seen if item.clear}
    for (a,) in some(at.bodies, 1, rng, 12):
        point = point_px_to_1000(a.item.point_px, at.camera.width_px, at.camera.height_px)
        column, row = pixel_of(at.camera, point)
        if a.item.number in there and a.item.inner_px >= 4 and at.view.thing[row, column] == a.item.number:
            item, camera = there[a.item.number], second.camera
            text = write_boxes([LabelledBox(box_px_to_1000(item.box_px, camera.width_px, camera.height_px), a.label)])
            where: list[Json] = [*point]
            return Asked({"point": str(list(point))}, text, a.label, (a,), {"point": where}, {}, (item,))
    return None


def camera_move(at: Surroundings, second: Surroundings, rng: Generator) -> Asked | None:
    """Whether the camera went left or right."""
    x, _, z = at.camera.to_camera(second.camera.position)
    key = "left" if x < 0 else "right"
    return Asked({}, answer(key), key, ()) if abs(x) >= 0.2 and abs(x) > 0.7 * abs(z) else None


def seen_in_both(at: Surroundings, second: Surroundings, rng: Generator) -> Asked | None:
    """Whether a thing of the first picture is in the second."""
    shown = set(np.unique(second.view.thing).tolist())
    there = {item.number: item for item in second.asking.seen if item.clear}
    both, one = ([b for b in at.bodies if b.item.number in there], [b for b in at.bodies if b.item.number not in shown])
    pairs = [(x, y) for x in both for y in one if x.kind.stands == y.kind.stands]
    if not pairs:
        return None  # else most answers would be yes, or names would tell
    want = coin(rng)
    a = pairs[int(rng.integers(len(pairs)))][0 if want else 1]
    key = "yes" if want else "no"
    slots, named = by_name(a=a)
    return Asked(slots, answer(key), key, (a,), {}, named, _second(there.get(a.item.number)))


def _second(item: Seen | None) -> tuple[Seen, ...]:
    return (item,) if item else ()
