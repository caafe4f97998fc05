"""The verifier of the spatial families: proves scene and picture, then answers every question again from what it measured itself.

Each question is read back through the phrasings, its answer is worked out from rasterised masks, depths and triangles (`proof_facts`), and
the text of the answer is parsed by code of this module and compared: objects must pair up one to one. Nothing here is the generator's but
phrasings.
"""

import json
import math
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schemas.bbox_3d import Codec
from schemas.geometry_3d import Camera
from schemas.sample import Stored, Turn, Verdict
from synth.spatial import prompts
from synth.spatial.proof_facts import COLOUR_NAMES, MARGIN, MARGIN_M, MARGIN_SHARE, Facts
from synth.spatial.proof_picture import StoredPicture
from synth.spatial.stored_scene import Floats, read_scene

SCENE_NAME = "scene-0.glb"
BOX_TOLERANCE = 2.0
"""Thousandths, beyond a pixel, by which a side of a 2D box may differ: two ways of drawing, and rounding."""
CORNER_M, CORNER_SHARE = 0.0025, 0.004
"""How far a corner of an answered box may be from the true one: rounding of nine numbers to three decimals, in metres and of the largest
extent (half a thousandth of 180 degrees turns a corner by 0.0016 of its arm, about each of three axes)."""
VIRTUAL_HEIGHT_PX = 512.0


@dataclass(frozen=True, slots=True)
class Telling:
    """How boxes in space are told: parameters of the family, and of the sample's questions."""

    codec: Codec
    tell_camera: bool
    virtual_focal_px: float


class _Wrong(Exception):
    """What is wrong with an answer."""


@dataclass(frozen=True, slots=True)
class _Case:
    """One question and answer in front of the facts."""

    facts: Facts
    telling: Telling
    slots: dict[str, str]
    program: dict[str, Any]
    text: str


def verdicts(stored: Stored, turns: Sequence[Turn], telling: Telling, opening: Turn | None = None) -> tuple[Verdict, ...]:
    """One verdict an assistant turn; the question that shows the picture is the first, or `opening` where that is not among `turns`."""
    try:
        picture = StoredPicture(stored.images[0], Facts(read_scene(stored.attachment(SCENE_NAME).data)))
        fault = picture.fault()
        fault = fault and f"wrong_picture: {fault}"
    except (ValueError, KeyError, OSError, struct.error) as error:
        picture, fault = None, f"wrong_scene: {error}"
    faults: dict[int, str] = {}
    out = []
    for question, answer in zip(turns[::2], turns[1::2], strict=True):
        found = fault
        if picture is not None and not found:
            try:
                begins = "<image>\n" if question is (opening or turns[0]) else ""
                _check(picture, telling, begins, question, answer, faults)
            except _Wrong as wrong:
                found = str(wrong)
            except (KeyError, TypeError, IndexError, ValueError) as error:
                found = f"wrong_program: {error!r}"
        out.append(Verdict(answer.task, not found, found or "answered again from masks and depths", "artefact"))
    return tuple(out)


def _check(picture: StoredPicture, telling: Telling, begins: str, question: Turn, answer: Turn, faults: dict[int, str]) -> None:
    facts = picture.facts
    program: Any = answer.proof.program if answer.proof else None
    task = answer.task
    if not isinstance(program, dict) or program.get("op") != task or question.task != task or task not in CHECKS:
        raise _Wrong(f"wrong_program: {program!r:.80} does not belong to the task {task!r}")
    tail = prompts.ending(task, telling.codec, _told_camera(facts, telling), telling.virtual_focal_px, VIRTUAL_HEIGHT_PX)
    asked = question.text.removeprefix(begins)
    whole = question.text.startswith(begins) and asked.endswith(tail)
    slots = prompts.match_prompt(task, asked.removesuffix(tail)) if whole else None
    if slots is None:
        raise _Wrong(f"wrong_question: {asked!r:.120} is no phrasing of {task}, or ends otherwise than {tail!r:.60}")
    for name, value in slots.items():
        if value != str(program.get(name)):
            raise _Wrong(f"wrong_question: it says {value!r} where the program says {program.get(name)!r}")
    wanted = CHECKS[task](_Case(facts, telling, slots, program, answer.text))
    for number in wanted:
        if number not in faults:
            faults[number] = facts.fault(number) or facts.front_fault(number) or picture.thing_fault(number)
        if faults[number]:
            raise _Wrong(f"wrong_box: {faults[number]}")
    if prompts.NOTATION[task] == "3d":
        items = [facts.scene.items[number] for number in wanted]
        turned = sorted({slots.get("label", item.label) for item in items if (item.about or {})["turn"] == "round"})
        if program.get("round") != turned:
            raise _Wrong(f"wrong_program: {program.get('round')!r} are said to be round, {turned!r} are")
    _check_evidence(facts, answer, wanted)
    right: Any = "absent" if not wanted else len(wanted) if task.startswith("count") else _objects(answer.text)
    said: Any = answer.proof.answer if answer.proof else None
    if said != right or isinstance(said, bool):
        raise _Wrong(f"wrong_value: the proof says {said!r} where {right!r} is right")


def _told_camera(facts: Facts, telling: Telling) -> Camera | None:
    c = facts.camera
    return Camera(c.width, c.height, c.fx, c.fy, c.cx, c.cy) if telling.tell_camera else None


def _check_evidence(facts: Facts, answer: Turn, wanted: Sequence[int]) -> None:
    stated = [item.box_px for item in answer.proof.evidence if item.box_px] if answer.proof else []
    if len(stated) != len(wanted):
        raise _Wrong(f"wrong_evidence: {len(stated)} boxes are stated, {len(wanted)} things answer the question")
    left = list(wanted)
    for box in stated:
        hit = next((n for n in left if max(abs(a - b) for a, b in zip(box, facts.box_px(n), strict=True)) <= 2), None)
        if hit is None:
            raise _Wrong(f"wrong_evidence: nothing that answers the question is seen at {box}")
        left.remove(hit)


# --- which things a question means -------------------------------------------------------------------------------------------------------


def _of_kind(case: _Case, name: str) -> list[int]:
    """All things of a name that are seen at all."""
    _refuse_doubt(case, name)
    found = [n for n in case.facts.shown() if name in (case.facts.scene.items[n].about or {})["names"]]
    if not found and not case.facts.is_absent(name):
        raise _Wrong(f"wrong_question: no {name} is in view, but something there might be called so")
    return found


def _refuse_doubt(case: _Case, name: str) -> None:
    """A name that some people would give to another thing in view has two answers."""
    for n in case.facts.shown():
        names = (case.facts.scene.items[n].about or {})["names"]
        if name not in names and case.facts.may_be_called(n, name):
            raise _Wrong(f"wrong_question: {name!r} may mean the {names[0]} too")


def _one(case: _Case) -> int:
    """The one thing that an expression fits."""
    hits = {number for kind, slots in prompts.match_expression(case.slots["what"]) for number in _fitting(case, kind, slots)}
    if len(hits) != 1:
        raise _Wrong(f"wrong_question: {case.slots['what']!r} fits {len(hits)} things")
    return hits.pop()


def _fitting(case: _Case, kind: str, slots: dict[str, str]) -> list[int]:
    facts = case.facts
    if kind in ("use", "need"):
        words = prompts.uses() if kind == "use" else prompts.acts()
        keys = [key for key, text in words.items() if text == slots["use" if kind == "use" else "act"]]
        return [n for n in facts.shown() if set(keys) & set((facts.scene.items[n].about or {})["uses"])]
    pool = [n for n in facts.shown() if facts.scene.items[n].label == slots["label"]]
    if not pool:
        return []  # another reading of the same words: "chest" is no colour of "of drawers"
    _refuse_doubt(case, slots["label"])
    if kind == "only":
        return pool
    if kind == "colour":
        if slots["colour"] not in COLOUR_NAMES:
            return []
        may = [n for n in pool if facts.may_be_coloured(n, slots["colour"])]
        if not all(facts.is_coloured(n, slots["colour"]) for n in may):
            raise _Wrong(f"wrong_question: whether a {slots['label']} is {slots['colour']} is not clear")
        return may
    if kind == "resting_on":
        return [n for n in pool if (under := facts.stands_on(n)) is not None and facts.scene.items[under].label == slots["support"]]
    return _best(facts, pool, kind)


def _best(facts: Facts, pool: Sequence[int], kind: str) -> list[int]:
    """The thing that clearly leads in a measure; all where none does."""
    if kind in ("leftmost", "rightmost"):
        values = [(facts.box_px(n)[0] + facts.box_px(n)[2]) / 2 for n in pool]
        margins = [MARGIN_SHARE * facts.camera.width] * len(pool)
    elif kind in ("tallest", "shortest"):
        values = [facts.height(n) for n in pool]
        margins = [MARGIN * v for v in values]
    else:
        values = [facts.distance(n) for n in pool]
        margins = [max(MARGIN_M, MARGIN * v) for v in values]
    sign = 1 if kind in ("rightmost", "tallest", "farthest") else -1
    order = sorted(range(len(pool)), key=lambda k: sign * values[k], reverse=True)
    if len(order) > 1 and abs(values[order[0]] - values[order[1]]) < min(margins[order[0]], margins[order[1]]):
        return list(pool)
    return [pool[k] for k in order[:1]]


# --- answers -----------------------------------------------------------------------------------------------------------------------------


def _objects(text: str) -> list[dict[str, Any]]:
    """The JSON list in a fence."""
    found = re.fullmatch(r"```json\n(.*)\n```", text, re.DOTALL)
    if not found:
        raise _Wrong("wrong_answer: no fenced JSON")
    try:
        value = json.loads(found[1])
    except ValueError as error:
        raise _Wrong(f"wrong_answer: {error}") from error
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _Wrong("wrong_answer: no list of objects")
    return value


def _numbers(item: dict[str, Any], key: str, count: int) -> list[float]:
    value = item.get(key)
    if set(item) != {key, "label"} or not isinstance(value, list) or len(value) != count:
        raise _Wrong(f"wrong_answer: {item!r:.80} is no {key} with a label")
    if not all(type(v) in (int, float) and math.isfinite(v) for v in value):
        raise _Wrong(f"wrong_answer: {value!r:.80} holds what is no number")
    return [float(v) for v in value]


def _paired(case: _Case, text: str, key: str, count: int, wanted: Sequence[tuple[int, str]]) -> list[int]:
    """Every answered object must fit one wanted thing, each once."""
    objects = _objects(text)
    if len(objects) != len(wanted):
        raise _Wrong(f"wrong_answer: {len(objects)} objects are told, {len(wanted)} are seen")
    fits: Callable[[_Case, list[float], int], bool] = {"bbox_3d": _fits_3d, "bbox_2d": _fits_2d, "point_2d": _fits_point}[key]
    left = list(wanted)
    for item in objects:
        numbers = _numbers(item, key, count)
        hit = next((pair for pair in left if pair[1] == item["label"] and fits(case, numbers, pair[0])), None)
        if hit is None:
            raise _Wrong(f"wrong_answer: {item!r:.140} fits nothing that is left")
        left.remove(hit)
    return [number for number, _ in wanted]


def _fits_2d(case: _Case, numbers: list[float], number: int) -> bool:
    camera, box = case.facts.camera, case.facts.box_px(number)
    for value, side, size in zip(numbers, box, (camera.width, camera.height) * 2, strict=True):
        if abs(value * size / 1000 - side) > 1 + BOX_TOLERANCE * size / 1000:
            return False
    return True


def _fits_point(case: _Case, numbers: list[float], number: int) -> bool:
    return _item_at(case, numbers) == number


def _item_at(case: _Case, point: Sequence[float]) -> int:
    camera = case.facts.camera
    if not all(0 <= v <= 1000 for v in point):
        raise _Wrong(f"wrong_answer: the point {list(point)} is not in the picture")
    column, row = (min(int(v * size / 1000), size - 1) for v, size in zip(point, (camera.width, camera.height), strict=True))
    return int(case.facts.item_map[row, column])


def _fits_3d(case: _Case, numbers: list[float], number: int) -> bool:
    """Corner by corner, so that another order of sizes or a turn by 90 degrees is another box."""
    told, camera = case.facts.told(number), case.facts.camera
    x, y, z = camera.local(told.corners())
    true = np.stack([x, y, z], axis=1)
    if case.telling.virtual_focal_px:  # z of the centre is scaled, the rest of the box keeps its place about it
        mz = float(camera.local(told.center[None])[2][0])
        scale = case.telling.virtual_focal_px * camera.height / (camera.fy * VIRTUAL_HEIGHT_PX)
        true = true + np.array([0.0, 0.0, mz * scale - mz])
    limit = CORNER_M + CORNER_SHARE * float(told.size.max())
    return bool(np.sqrt(((_corners(numbers, case.telling.codec) - true) ** 2).sum(axis=1)).max() <= limit)


def _corners(numbers: Sequence[float], codec: Codec) -> Floats:
    """[8, 3] of nine numbers, as the notations' own descriptions have it: turned about x, then y, then z."""
    a, b, c = numbers[6:]
    about_x, about_y, about_z = (a * math.pi, b * math.pi, c * math.pi) if codec == "qwen3vl-cookbook" else (b, c, a)
    signs = np.array([[sx, sy, sz] for sx in (-0.5, 0.5) for sy in (-0.5, 0.5) for sz in (-0.5, 0.5)])
    x, y, z = (signs * np.array(numbers[3:6])).T
    y, z = y * math.cos(about_x) - z * math.sin(about_x), y * math.sin(about_x) + z * math.cos(about_x)
    x, z = x * math.cos(about_y) + z * math.sin(about_y), -x * math.sin(about_y) + z * math.cos(about_y)
    x, y = x * math.cos(about_z) - y * math.sin(about_z), x * math.sin(about_z) + y * math.cos(about_z)
    return np.asarray(np.stack([x, y, z], axis=1) + np.array(numbers[:3]), float)


def _detect(key: str, count: int) -> Callable[[_Case], list[int]]:
    def check(case: _Case) -> list[int]:
        name = case.slots["label"]
        return _paired(case, case.text, key, count, [(n, name) for n in _of_kind(case, name)])

    return check


def _several(case: _Case) -> list[int]:
    names = case.slots["labels"].split(", ")
    if len(set(names)) != len(names):
        raise _Wrong("wrong_question: a kind is named twice")
    return _paired(case, case.text, "bbox_3d", 9, [(n, name) for name in names for n in _of_kind(case, name)])


def _refer(key: str, count: int) -> Callable[[_Case], list[int]]:
    def check(case: _Case) -> list[int]:
        number = _one(case)
        return _paired(case, case.text, key, count, [(number, case.facts.scene.items[number].label)])

    return check


def _at_point(case: _Case) -> list[int]:
    number = _item_at(case, case.program["point"])
    if number < 0 or not case.facts.scene.items[number].about:
        raise _Wrong(f"wrong_question: there is no thing at {case.slots['point']}")
    return _paired(case, case.text, "bbox_3d", 9, [(number, case.facts.scene.items[number].label)])


def _count(key: str, numbers: int) -> Callable[[_Case], list[int]]:
    def check(case: _Case) -> list[int]:
        name = case.slots["label"]
        wanted = _of_kind(case, name)
        *list_lines, last = case.text.split("\n")
        if last != str(len(wanted)):
            raise _Wrong(f"wrong_answer: {last!r} where {len(wanted)} are seen")
        if key:
            return _paired(case, "\n".join(list_lines), key, numbers, [(n, name) for n in wanted])
        if list_lines:
            raise _Wrong("wrong_answer: more than a number")
        return wanted

    return check


CHECKS: dict[str, Callable[[_Case], list[int]]] = {
    "detect_3d": _detect("bbox_3d", 9),
    "detect_3d_several": _several,
    "refer_3d": _refer("bbox_3d", 9),
    "point_3d": _at_point,
    "detect_2d": _detect("bbox_2d", 4),
    "refer_2d": _refer("bbox_2d", 4),
    "point_2d": _detect("point_2d", 2),
    "refer_point": _refer("point_2d", 2),
    "count": _count("", 0),
    "count_boxes": _count("bbox_2d", 4),
    "count_points": _count("point_2d", 2),
}
