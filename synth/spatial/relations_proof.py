"""The verifier of `spatial.relations`: proves scene and pictures, then answers every question from its own masks, depths, points.

Shares nothing with the generator but the phrasings. What a question names must be one thing, clearly seen; what it asks must be clear by
the margins of `relations_checks`.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from schemas.sample import Stored, Turn, Verdict
from synth.spatial import relations_answers as answers
from synth.spatial import relations_checks as checks
from synth.spatial.proof_facts import Facts
from synth.spatial.proof_picture import StoredPicture
from synth.spatial.relations_case import Case, Wrong, is_absent
from synth.spatial.relations_prompts import answer, is_question
from synth.spatial.stored_scene import StoredScene, read_scene

FIRST_NAME, SECOND_NAME = "scene-0.glb", "scene-1.glb"
FIRST = "In the first picture: "
"""What begins a question about one of two pictures."""
PAIR_TASKS = frozenset({"same_point", "same_object", "camera_move", "seen_in_both"})
"""What is asked of both pictures, without `FIRST`."""
EVIDENCE_PX = 2.0

CHECKS: dict[str, Callable[[Case], list[int]]] = {
    "left_right": checks.which(checks.left_right),
    "left_right_check": checks.whether(checks.left_right),
    "above_below": checks.which(checks.higher_lower),
    "above_below_check": checks.whether(checks.higher_lower),
    "front_behind": checks.which(checks.front_behind),
    "front_behind_check": checks.whether(checks.front_behind),
    "own_left_right": checks.own("side"),
    "own_front_behind": checks.own("ahead"),
    "own_clock": checks.own("clock"),
    "facing": checks.facing,
    "clock": checks.facing,
    "other_side": checks.other_side,
    "nearest": checks.extreme(sign=1),
    "farthest": checks.extreme(sign=-1),
    "nearest_to": checks.nearest_to,
    "depth_order": checks.depth_order,
    "occludes": checks.occludes,
    "hidden_by": checks.hidden_by,
    "hidden_share": checks.hidden_share,
    "support_check": checks.support_check,
    "support": checks.support,
    "inside_check": checks.inside_check,
    "distance_camera": answers.metres(lambda case, a: case.facts.distance(a[0].number), "a"),
    "distance": answers.metres(answers.apart((0, 1, 2)), "ab"),
    "distance_floor": answers.metres(answers.apart((0, 1)), "ab"),
    "distance_height": answers.metres(answers.apart((2,)), "ab"),
    "size_height": answers.metres(answers.height, "a"),
    "size_width": answers.metres(answers.width, "a"),
    "taller": answers.taller,
    "size_ratio": answers.size_ratio,
    "fits_between": answers.fits_between,
    "fits_box": answers.fits_box,
    "free_space": answers.free_space,
    "afford_sit": answers.afford,
    "afford_open": answers.afford,
    "afford_press": answers.afford,
    "afford_grasp": answers.afford,
    "afford_twist": answers.afford,
    "plan": answers.plan,
    "camera_height": answers.height_of_camera,
    "same_point": answers.same_point,
    "same_object": answers.same_object,
    "camera_move": answers.camera_move,
    "seen_in_both": answers.seen_in_both,
}
"""Task -> what it is checked by; each returns the things that the answer rests on."""


def verdicts(stored: Stored, turns: Sequence[Turn], opening: Turn | None = None) -> tuple[Verdict, ...]:
    """One verdict an assistant turn; the question that shows the pictures is the first, or `opening` where that is not among `turns`."""
    pictures, fault = list[StoredPicture](), ""
    try:
        scenes = [read_scene(stored.attachment(name).data) for name in (FIRST_NAME, SECOND_NAME)[: len(stored.images)]]
        pictures = [StoredPicture(image, Facts(scene)) for image, scene in zip(stored.images, scenes, strict=True)]
        fault = next((f"wrong_picture: {found}" for picture in pictures if (found := picture.fault())), "")
        if not fault and len(scenes) == 2 and not _same_things(*scenes):
            fault = "wrong_scene: the two pictures are of two scenes"
    except (ValueError, KeyError, OSError, struct.error) as error:
        fault = f"wrong_scene: {error}"
    faults: dict[tuple[int, int], str] = {}
    out = []
    for question, told in zip(turns[::2], turns[1::2], strict=True):
        found = fault
        if not found:
            try:
                begins = "<image>\n" * len(pictures) if question is (opening or turns[0]) else ""
                _check(pictures, begins, question, told, faults)
            except Wrong as wrong:
                found = str(wrong)
        out.append(Verdict(told.task, not found, found or "answered again from masks, depths and points", "artefact"))
    return tuple(out)


def _same_things(a: StoredScene, b: StoredScene) -> bool:
    return len(a.items) == len(b.items) and all(
        x.name == y.name and np.array_equal(x.corners, y.corners) for x, y in zip(a.items, b.items, strict=True)
    )


def _check(pictures: Sequence[StoredPicture], begins: str, question: Turn, told: Turn, faults: dict[tuple[int, int], str]) -> None:
    program: Any = told.proof.program if told.proof else None
    task = told.task
    if not isinstance(program, dict) or program.get("op") != task or question.task != task or task not in CHECKS:
        raise Wrong(f"wrong_program: {program!r:.80} does not belong to the task {task!r}")
    slots = program.get("slots")
    first = begins + (FIRST if len(pictures) > 1 and task not in PAIR_TASKS else "")
    asked = question.text
    if not isinstance(slots, dict) or not asked.startswith(first) or not is_question(task, slots, asked.removeprefix(first)):
        raise Wrong(f"wrong_question: {question.text!r:.120} is no phrasing of {task} with {slots!r:.80}")
    second = pictures[1].facts if len(pictures) > 1 else None
    case = Case(pictures[0].facts, second, task, slots, program, told.text)
    try:
        wanted = _absent(case) or CHECKS[task](case)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise Wrong(f"wrong_program: {program!r:.80} cannot be worked out: {error!r}") from error
    places = [(0, number) for number in dict.fromkeys(wanted) if number >= 0] + [(1, number) for number in case.second_boxes]
    for place in places:
        if place not in faults:
            picture = pictures[place[0]]
            faults[place] = picture.facts.fault(place[1]) or picture.thing_fault(place[1])
        if faults[place]:
            raise Wrong(f"unclear_thing: {faults[place]}")
    _check_evidence(pictures, told, places)
    said: Any = told.proof.answer if told.proof else None
    if said != case.value or isinstance(said, bool):
        raise Wrong(f"wrong_value: the proof says {said!r} where {case.value!r} is right")


def _absent(case: Case) -> list[int]:
    """What else is named by a question about what is not there, [-1] if nothing is; [] where all that it names is there."""
    gone = [slot for slot in ("a", "b", "c") if slot in case.slots and (label := is_absent(case.facts, case.slots[slot]))]
    if not gone:
        return []
    label = is_absent(case.facts, case.slots[gone[0]])
    if len(gone) > 1:
        raise Wrong(f"wrong_question: {len(gone)} things are not there")
    case.expect_text(answer("absent", label=label), "absent")
    return [case.one(slot).number for slot in ("a", "b", "c") if slot in case.slots and slot not in gone] or [-1]


def _check_evidence(pictures: Sequence[StoredPicture], told: Turn, places: Sequence[tuple[int, int]]) -> None:
    stated = [(item.image, item.box_px) for item in told.proof.evidence if item.box_px] if told.proof else []
    if len(stated) != len(places):
        raise Wrong(f"wrong_evidence: {len(stated)} boxes are stated, {len(places)} things answer the question")
    left = list(places)
    for image, box in stated:
        fits = (p for p in left if p[0] == image and _near(box, pictures[p[0]].facts.box_px(p[1])))
        hit = next(fits, None)
        if hit is None:
            raise Wrong(f"wrong_evidence: nothing that answers the question is seen at {box}")
        left.remove(hit)


def _near(a: Sequence[float], b: Sequence[float]) -> bool:
    return max(abs(x - y) for x, y in zip(a, b, strict=True)) <= EVIDENCE_PX
