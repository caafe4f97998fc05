"""How the verifier of `spatial.relations` answers what is told in metres, and what is answered by points, steps and boxes."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from synth.spatial.proof_facts import Facts
from synth.spatial.relations_case import Case, Wrong, options, thing_at
from synth.spatial.relations_checks import MARGIN, ROUNDING, ROUNDING_M
from synth.spatial.relations_facts import (
    Measured,
    carrier,
    gap_of,
    in_the_way,
    level_direction,
    meet,
    rectangle,
    root,
    turn_of,
    width_of,
)
from synth.spatial.relations_prompts import answer, read_point
from synth.spatial.stored_scene import Floats
from synth.spatial.zbuffer import hull

HEADROOM_M = 0.2
"""What must be free above a free place."""
POINT_TOLERANCE, BOX_TOLERANCE = 6.0, 3.0
"""Thousandths by which a point or a side in the second picture may be off: rounding of both points, by pixels of some thousandths."""
SHOWN, CLOSE = 0.9, 1.25
"""Share of an extent that must be seen; how much longer a space must be for the extent to be told without that."""
FLOOR_M, WAY_WIDTH_M, STEPPED_OVER_M = 0.02, 0.1, 0.5
"""What is no higher is floor; how wide a way is, and what is higher over it is not in it."""
DEGREES, WAY_M = 3.0, 0.06
"""How far turns and ways of a plan may be off: they are told in steps of 5 degrees and 0.1 m."""
STEP_M = 0.15
"""Least way sideways between two viewpoints."""

# --- metres ------------------------------------------------------------------------------------------------------------------------------


def metres(measure: Callable[[Case, list[Measured]], float], slots: str) -> Callable[[Case], list[int]]:
    """A length."""

    def check(case: Case) -> list[int]:
        things = [case.one(slot) for slot in slots]
        value = measure(case, things)
        case.expect_number("metres", value, ROUNDING_M + ROUNDING * value)
        return [thing.number for thing in things]

    return check


def apart(axes: Sequence[int]) -> Callable[[Case, list[Measured]], float]:
    """Between two centres, along some of the axes."""
    return lambda case, ab: float(np.sqrt(((ab[0].center - ab[1].center)[list(axes)] ** 2).sum()))


def height(case: Case, things: list[Measured]) -> float:
    """From the lowest to the highest point."""
    _refuse_half_seen(things[0], 1)
    _refuse_gap(case, things[0])
    return float(np.ptp(things[0].points[:, 2]))


def width(case: Case, things: list[Measured]) -> float:
    """Across the front, of a thing that has one."""
    if not (things[0].item.about or {})["front"]:
        raise Wrong("wrong_question: it has no front")
    _refuse_half_seen(things[0], 0)
    _refuse_gap(case, things[0])
    return float(things[0].size[0])


def _refuse_half_seen(thing: Measured, axis: int) -> None:
    """An extent (0 width, 1 height, 2 depth) can be told only where it is seen from end to end."""
    if thing.shown[axis] < SHOWN:
        raise Wrong(f"wrong_question: only {thing.shown[axis]:.2f} of the extent of the {thing.item.label} that is asked for is seen")


def _refuse_gap(case: Case, thing: Measured) -> None:
    """A pixel that shows a thing between two nearer parts of another may be taken for the other."""
    point = read_point(case.slots["a"])
    if point is None:
        return
    row, column = _pixel(case.facts, point)
    items, depth = case.facts.item_map, case.facts.buffer.depth
    for line, deep, place in ((items[row], depth[row], column), (items[:, column], depth[:, column], row)):
        nearer = deep < depth[row, column]
        before, after = (set(line[part][nearer[part]].tolist()) for part in (slice(0, place), slice(place + 1, None)))
        if any(case.facts.scene.items[n].about for n in (before & after) - {-1, thing.number}):
            raise Wrong(f"wrong_question: {list(point)} lies in a gap of something nearer")


def height_of_camera(case: Case) -> list[int]:
    """Above the floor that is seen."""
    floor = next((n for n, item in enumerate(case.facts.scene.items) if item.name == "floor"), -1)
    if floor < 0 or case.facts.pixels[floor] < 200:
        raise Wrong("wrong_question: no floor is seen")
    value = float(case.facts.camera.position[2] - np.median(case.facts.cloud(floor)[:, 2]))
    case.expect_number("metres", value, ROUNDING_M + ROUNDING * value)
    return []


def taller(case: Case) -> list[int]:
    """Which of two is taller."""
    picked = options(case)
    for thing in picked:
        _refuse_half_seen(thing, 1)
    tall = [float(np.ptp(thing.points[:, 2])) for thing in picked]
    if len(tall) != 2 or max(tall) < (1 + MARGIN) * min(tall):
        raise Wrong("wrong_question: they are about as tall")
    case.expect_option(case.program["of"][tall.index(max(tall))])
    return [thing.number for thing in picked]


def size_ratio(case: Case) -> list[int]:
    """Height over height."""
    a, b = case.one("a"), case.one("b")
    for thing in (a, b):
        _refuse_half_seen(thing, 1)
    case.expect_number("times", float(np.ptp(a.points[:, 2]) / np.ptp(b.points[:, 2])), 0.055)
    return [a.number, b.number]


def fits_between(case: Case) -> list[int]:
    """The free distance on the floor plan against the least width."""
    a, b, c = case.one("a"), case.one("b"), case.one("c")
    gap, need = gap_of(b.plan, c.plan), width_of(a.plan)
    if max(gap, need) < (1 + MARGIN) * min(gap, need):
        raise Wrong(f"wrong_question: a gap of {gap:.2f} m for {need:.2f} m is not clear")
    _refuse_half_seen(a, 0 if a.size[0] < a.size[2] else 2)
    mine = (a.number, b.number, c.number)
    on_them = [n for n in case.facts.things() if root(case.facts, n) in mine]
    if third := in_the_way(case.facts, hull(np.concatenate([b.plan, c.plan])), FLOOR_M, float(np.ptp(a.points[:, 2])), [*mine, *on_them]):
        raise Wrong(f"wrong_question: {third} is between them")
    case.expect("yes" if gap > need else "no")
    return [a.number, b.number, c.number]


def fits_box(case: Case) -> list[int]:
    """Upright into a box: sides against sides of the base, height against height."""
    a, sides = case.one("a"), case.program["box_cm"]
    if case.slots["size"] != f"{sides[0]} x {sides[1]} x {sides[2]} cm":
        raise Wrong("wrong_program: the box is not the question's")
    axes = [*sorted((0, 2), key=lambda axis: float(a.size[axis])), 1]
    ratios = [box / 100 / float(a.size[axis]) for box, axis in zip([*sorted(sides[:2]), sides[2]], axes, strict=True)]
    for ratio, axis in zip(ratios, axes, strict=True):
        if ratio < CLOSE:
            _refuse_half_seen(a, axis)
    if min(ratios) >= 1 + MARGIN - 0.03:
        case.expect("yes")
    elif min(ratios[0], ratios[2]) <= 1 / (1 + MARGIN - 0.03):
        case.expect("no")
    else:
        raise Wrong(f"wrong_question: whether it fits is not clear: {', '.join(f'{r:.2f}' for r in ratios)}")
    return [a.number]


# --- points ------------------------------------------------------------------------------------------------------------------------------


def _told(text: str, key: str, count: int) -> tuple[list[float], str]:
    """The numbers and the label of an answer that is one object in a JSON fence."""
    found = re.fullmatch(r"```json\n(.*)\n```", text, re.DOTALL)
    try:
        items: Any = json.loads(found[1]) if found else None
    except ValueError as error:
        raise Wrong(f"wrong_answer: {error}") from error
    if not isinstance(items, list) or len(items) != 1 or set(items[0]) != {key, "label"} or len(items[0][key]) != count:
        raise Wrong(f"wrong_answer: {text!r:.80} is not one {key} with a label")
    numbers = items[0][key]
    if not all(type(v) in (int, float) and 0 <= v <= 1000 for v in numbers):
        raise Wrong(f"wrong_answer: {numbers!r:.60} lies outside the picture")
    return [float(v) for v in numbers], str(items[0]["label"])


def _pixel(facts: Facts, point: Sequence[float]) -> tuple[int, int]:
    """Row and column."""
    camera = facts.camera
    column, row = (min(int(v * size / 1000), size - 1) for v, size in zip(point, (camera.width, camera.height), strict=True))
    return row, column


def _spot(facts: Facts, row: int, column: int) -> Floats:
    """The point of the world that a pixel shows."""
    c, z = facts.camera, float(facts.buffer.depth[row, column])
    local = np.array([(column + 0.5 - c.cx) / c.fx * z, (row + 0.5 - c.cy) / c.fy * z, z])
    return np.asarray(local @ c.rotation + c.position, float)


def free_space(case: Case) -> list[int]:
    """A rectangle around the point must lie on the top of `b`, with nothing above it; or no such rectangle can."""
    b, (w, d) = case.one("b"), case.program["base_cm"]
    if case.slots["size"] != f"{w} x {d} cm":
        raise Wrong("wrong_program: the base is not the question's")
    tri = b.item.corners[b.level]
    top = float(tri[:, :, 2].max())
    if case.text == answer("no_room", b=case.slots["b"]):
        if min(w, d) / 100 < (1 + MARGIN) * width_of(hull(tri[np.abs(tri[:, :, 2] - top).max(axis=1) < 0.002].reshape(-1, 3)[:, :2])):
            raise Wrong("wrong_answer: there may be room")
        case.value = "absent"
        return [b.number]
    point, label = _told(case.text, "point_2d", 2)
    row, column = _pixel(case.facts, point)
    spot = _spot(case.facts, row, column)
    if int(case.facts.item_map[row, column]) != b.number or label != b.item.label or abs(spot[2] - top) > 0.004:
        raise Wrong(f"wrong_answer: {point} is not on top of the {b.item.label}")
    along = case.facts.told(b.number).rotation[:2, 0]
    along = along / np.hypot(*along)
    if not any(_is_free(case, b, rectangle(spot[:2], along, *sides), top) for sides in ((w / 100, d / 100), (d / 100, w / 100))):
        raise Wrong(f"wrong_answer: something stands at {point}, or the base sticks out")
    case.value = "free"
    return [b.number]


def _is_free(case: Case, b: Measured, corners: Floats, top: float) -> bool:
    shares = np.linspace(0, 1, 7)
    grid = np.array([corners[0] + (corners[1] - corners[0]) * s + (corners[3] - corners[0]) * t for s in shares for t in shares])
    if not b.carries(grid, top).all():
        return False
    for number, item in enumerate(case.facts.scene.items):
        high, low = item.corners[..., 2].max(), item.corners[..., 2].min()
        if number != b.number and item.about and high > top + 0.003 and low < top + HEADROOM_M:
            if meet(corners, hull(item.corners.reshape(-1, 3)[:, :2])):
                return False
    return True


def afford(case: Case) -> list[int]:
    """A pixel of the part that a hand uses, or a body."""
    a = case.one("a")
    point, label = _told(case.text, "point_2d", 2)
    row, column = _pixel(case.facts, point)
    if int(case.facts.item_map[row, column]) != a.number or label != a.item.label:
        raise Wrong(f"wrong_answer: {point} does not show the {a.item.label}")
    before = sum(len(item.corners) for item in case.facts.scene.items[: a.number])
    triangle = int(case.facts.buffer.triangle[row, column]) - before
    if not a.used_part(case.task, triangle, _spot(case.facts, row, column)):
        raise Wrong(f"wrong_answer: {point} is on another part of the {a.item.label}")
    case.value = label
    return [a.number]


def plan(case: Case) -> list[int]:
    """Two turns and two ways."""
    a, b = case.one("a"), case.one("b")
    camera = case.facts.camera
    view = camera.rotation[2, :2] / np.hypot(*camera.rotation[2, :2])
    first = turn_of(camera.position, view, a.center)
    second = turn_of(a.center, level_direction(camera.position, a.center), b.center)
    if carrier(case.facts, a.number) in (None, b.number):
        raise Wrong("wrong_question: it stands on the floor, or is there already")
    roots = {n: root(case.facts, n) for n in case.facts.things()}
    for start, end, ends in ((camera.position, a.center, (a,)), (a.center, b.center, (a, b))):
        mine = [n for n in roots if roots[n] in [roots[thing.number] for thing in ends]]
        along = level_direction(start, end)
        way = rectangle((start[:2] + end[:2]) / 2, along, float(np.hypot(*(end[:2] - start[:2]))), WAY_WIDTH_M)
        if blocked := in_the_way(case.facts, way, FLOOR_M, STEPPED_OVER_M, mine):
            raise Wrong(f"wrong_question: {blocked} stands in the way")
    slots = {"turn": "\0", "way": "\1", "turn_on": "\2", "way_on": "\3", "a": case.slots["a"], "b": case.slots["b"]}
    pattern = re.escape(answer("plan", **slots))
    for mark, group in (("\0", r"([A-Za-z0-9 ]+)"), ("\1", r"(\d+\.\d)"), ("\2", r"([A-Za-z0-9 ]+)"), ("\3", r"(\d+\.\d)")):
        pattern = pattern.replace(re.escape(mark), group)
    found = re.fullmatch(pattern, case.text)
    if not found:
        raise Wrong(f"wrong_answer: {case.text!r:.80} is no plan for it")
    for said, true in ((found[1], first[0]), (found[3], second[0])):
        if abs((_degrees(said) - true + 180) % 360 - 180) > DEGREES:
            raise Wrong(f"wrong_answer: {said!r} where it is {true:.1f} degrees to the right")
    for said, true in ((found[2], first[1]), (found[4], second[1])):
        if abs(float(said) - true) > WAY_M:
            raise Wrong(f"wrong_answer: {said} m where it is {true:.2f} m")
    case.value = [_degrees(found[1]), float(found[2]), _degrees(found[3]), float(found[4])]
    return [a.number, b.number]


def _degrees(said: str) -> float:
    if said == answer("turn_none"):
        return 0.0
    for key, sign in (("turn_left", -1), ("turn_right", 1)):
        before, after = answer(key, degrees="\0").split("\0")
        if said.startswith(before) and said.endswith(after) and (number := said.removeprefix(before).removesuffix(after)).isdecimal():
            return float(sign * int(number))
    raise Wrong(f"wrong_answer: {said!r} is no turn")


# --- two pictures ------------------------------------------------------------------------------------------------------------------------


def _seen_at(case: Case) -> tuple[int, int, int]:
    """Thing, row and column of a question's point in the first picture."""
    point = case.program["point"]
    if case.slots["point"] != str(point):
        raise Wrong("wrong_program: the point is not the question's")
    row, column = _pixel(case.facts, point)
    number = thing_at(case.facts, point)
    return number, row, column


def _second(case: Case) -> Facts:
    if case.second is None:
        raise Wrong("wrong_question: there is no second picture")
    return case.second


def same_point(case: Case) -> list[int]:
    """The spot of a pixel, projected into the second picture, where it must be what is seen."""
    (number, row, column), second = _seen_at(case), _second(case)
    spot = _spot(case.facts, row, column)
    x, y, z = (float(v) for v in second.camera.local(spot))
    camera = second.camera
    u, v = (camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy) if z > 0 else (-1.0, -1.0)
    if not (0 <= u < camera.width and 0 <= v < camera.height) or int(second.item_map[int(v), int(u)]) != number:
        raise Wrong("wrong_question: the second picture does not show it")
    if abs(float(second.buffer.depth[int(v), int(u)]) - z) > 0.006 + 0.005 * z:
        raise Wrong("wrong_question: it is hidden in the second picture")
    point, label = _told(case.text, "point_2d", 2)
    off = max(abs(point[0] - 1000 * u / camera.width), abs(point[1] - 1000 * v / camera.height))
    if off > POINT_TOLERANCE or label != case.facts.scene.items[number].label:
        raise Wrong(f"wrong_answer: {point} is {off:.0f} thousandths from where it is seen")
    case.second_boxes.append(number)
    case.value = label
    return [number]


def same_object(case: Case) -> list[int]:
    """The box around what the second picture shows of it."""
    (number, _, _), second = _seen_at(case), _second(case)
    told, label = _told(case.text, "bbox_2d", 4)
    if second.pixels[number] < 100 or label != case.facts.scene.items[number].label:
        raise Wrong("wrong_answer: that is not what the first picture shows there, or the second does not show it")
    box, camera = second.box_px(number), second.camera
    for value, side, size in zip(told, box, (camera.width, camera.height) * 2, strict=True):
        if abs(value - 1000 * side / size) > BOX_TOLERANCE + 1000 / size:
            raise Wrong(f"wrong_answer: {told} where it is seen at {box}")
    case.second_boxes.append(number)
    case.value = label
    return [number]


def camera_move(case: Case) -> list[int]:
    """Which way the second viewpoint lies from the first."""
    x, _, z = (float(v) for v in case.facts.camera.local(_second(case).camera.position))
    if abs(x) < STEP_M or abs(x) < 0.6 * abs(z):
        raise Wrong("wrong_question: the camera did not clearly go to a side")
    case.expect("right" if x > 0 else "left")
    return []


def seen_in_both(case: Case) -> list[int]:
    """Whether the second picture shows a thing of the first."""
    a, second = case.one("a"), _second(case)
    pixels = int(second.pixels[a.number])
    if 12 < pixels < 200:
        raise Wrong(f"wrong_question: {pixels} pixels show it in the second picture")
    case.expect("yes" if pixels >= 200 else "no")
    if pixels >= 200:
        case.second_boxes.append(a.number)
    return [a.number]
