"""Tasks of `spatial.relations` -> a conversation: which writer asks what, what is not there, and the second viewpoint."""

import math
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from numpy.random import Generator

from schemas.geometry_3d import Camera, Vec3, looking, rounded, rounded_vector
from schemas.sample import Evidence, Json, Proof, Turn
from synth.spatial import relations_numbers as numbers
from synth.spatial import relations_order as order
from synth.spatial import relations_points as points
from synth.spatial import relations_views as views
from synth.spatial.layout import Footprint, footprint, overlap
from synth.spatial.objects import Kind
from synth.spatial.questions import absent_kinds
from synth.spatial.relations_bodies import Body, Surroundings
from synth.spatial.relations_hiding import Hiding
from synth.spatial.relations_prompts import answer, draw_question
from synth.spatial.relations_views import Asked, Writer
from synth.spatial.scene import Scene

Task = Literal[
    "left_right",
    "left_right_check",
    "above_below",
    "above_below_check",
    "front_behind",
    "front_behind_check",
    "own_left_right",
    "own_front_behind",
    "facing",
    "clock",
    "own_clock",
    "other_side",
    "nearest",
    "farthest",
    "nearest_to",
    "depth_order",
    "occludes",
    "hidden_by",
    "hidden_share",
    "support_check",
    "support",
    "inside_check",
    "distance_camera",
    "distance",
    "distance_floor",
    "distance_height",
    "size_height",
    "size_width",
    "taller",
    "size_ratio",
    "fits_between",
    "fits_box",
    "free_space",
    "afford_sit",
    "afford_open",
    "afford_press",
    "afford_grasp",
    "afford_twist",
    "plan",
    "camera_height",
]
PairTask = Literal["same_point", "same_object", "camera_move", "seen_in_both"]
PairWriter: TypeAlias = Callable[[Surroundings, Surroundings, Generator], Asked | None]
ABSENT_SHARE = 0.16
"""Share of questions, of those that can be, that name something that is not there (families.md C: 15 to 25 %)."""
REPLACED = {"own_left_right": "b", "own_front_behind": "b", "own_clock": "b", "inside_check": "a"}
"""Slot that may name what is not there, where it is not `a`."""
ALWAYS_THERE = ("size_width", "size_height", "free_space", "fits_box", "nearest_to", "hidden_by", "support", "seen_in_both")
"""Tasks that name nothing absent: what is there in their other slots, or in the options, would tell that it is."""

WRITERS: dict[str, Writer] = {
    "left_right": views.choice(views.left_right_of),
    "left_right_check": views.check(views.left_right_of),
    "above_below": views.above_below,
    "above_below_check": views.check(views.higher_lower_alike),
    "front_behind": views.choice(views.front_behind_of),
    "front_behind_check": views.check(views.front_behind_of),
    "own_left_right": views.own_side(ahead=False),
    "own_front_behind": views.own_side(ahead=True),
    "facing": views.facing,
    "clock": views.clock,
    "own_clock": views.own_clock,
    "other_side": views.other_side,
    "nearest": order.nearest(sign=1),
    "farthest": order.nearest(sign=-1),
    "nearest_to": order.nearest_to,
    "depth_order": order.depth_order,
    "occludes": order.occludes,
    "hidden_by": order.hidden_by,
    "hidden_share": order.hidden_share,
    "support_check": order.support_check,
    "support": order.support,
    "inside_check": order.inside_check,
    "distance_camera": numbers.distance_camera,
    "distance": numbers.distance("xyz"),
    "distance_floor": numbers.distance("xy"),
    "distance_height": numbers.distance("z"),
    "size_height": numbers.size(2),
    "size_width": numbers.size(0),
    "taller": numbers.taller,
    "size_ratio": numbers.size_ratio,
    "fits_between": numbers.fits_between,
    "fits_box": numbers.fits_box,
    "free_space": points.free_space,
    "afford_sit": points.afford("afford_sit"),
    "afford_open": points.afford("afford_open"),
    "afford_press": points.afford("afford_press"),
    "afford_grasp": points.afford("afford_grasp"),
    "afford_twist": points.afford("afford_twist"),
    "plan": points.plan,
    "camera_height": numbers.camera_height,
}
PAIR_WRITERS: dict[str, PairWriter] = {
    "same_point": points.same_point,
    "same_object": points.same_object,
    "camera_move": points.camera_move,
    "seen_in_both": points.seen_in_both,
}


def write_turns(
    at: Surroundings, hiding: Hiding, second: Surroundings | None, tasks: Sequence[str], most: int, rng: Generator
) -> tuple[Turn, ...]:
    """A conversation of at most `most` questions, of the first tasks that the scene allows; the first turn carries the pictures."""
    turns: list[Turn] = []
    before = set[str]()
    pictures = "<image>\n" if second is None else "<image>\n<image>\n"
    for task in tasks:
        if task in PAIR_WRITERS:
            asked = PAIR_WRITERS[task](at, second, rng) if second else None
        else:
            asked = WRITERS[task](at, hiding, rng)
        if asked is None:
            continue
        asked = with_absent(at, task, asked, rng)
        question = draw_question(task, rng, asked.slots)
        if second is not None and task in WRITERS:
            question = f"In the first picture: {question}"
        if question in before or len(turns) >= 2 * most:
            continue
        before.add(question)
        evidence = [Evidence(0, body.item.box_px, note=body.label) for body in asked.bodies]
        evidence += [Evidence(1, item.box_px) for item in asked.second]
        slots: dict[str, Json] = dict(asked.slots)
        program: dict[str, Json] = {"op": task, "slots": slots, **asked.program}
        turns.append(Turn("user", ("" if turns else pictures) + question, task))
        turns.append(Turn("assistant", asked.text, task, proof=Proof(program, asked.value, tuple(evidence))))
    return tuple(turns)


def with_absent(at: Surroundings, task: str, asked: Asked, rng: Generator) -> Asked:
    """The same question, now and then about something of the same sort that is not there; the answer then says so."""
    slot = REPLACED.get(task, "a")
    if rng.random() >= ABSENT_SHARE or task in ALWAYS_THERE or slot not in asked.named or asked.value == "absent":
        return asked
    body = asked.named[slot]
    pool = [kind for key, kind in absent_kinds(at.scene).items() if _stands_in(task, key, kind, body)]
    if not pool:
        return asked
    label = pool[int(rng.integers(len(pool)))].names[0]
    left = tuple(other for name, other in asked.named.items() if name != slot)
    return Asked({**asked.slots, slot: f"the {label}"}, answer("absent", label=label), "absent", left, asked.program)


def _stands_in(task: str, key: str, kind: Kind, body: Body) -> bool:
    if task in points.AFFORDED:
        return key in points.AFFORDED[task]
    return kind.stands == body.kind.stands


# --- a second viewpoint -------------------------------------------------------------------------------------------------------------------


def second_camera(scene: Scene, rng: Generator) -> Camera | None:
    """A camera some steps left or right of the first, turned to what that looks at; None where there is no room for one."""
    first = scene.camera
    forward, right = first.rotation[2], first.rotation[0]
    things = [thing for thing in scene.things if first.to_camera(thing.position)[2] > 0.3]
    depths = sorted(first.to_camera(thing.position)[2] for thing in things)
    if not depths:
        return None
    reach = depths[len(depths) // 2]
    ways = [1.0, -1.0] if rng.random() < 0.5 else [-1.0, 1.0]
    blocks = [footprint(thing, 0.12) for thing in scene.things]
    aim = tuple(first.position[k] + reach * forward[k] for k in range(3))
    for way in ways:
        for _ in range(8):
            step = way * reach * (0.25 + 0.5 * float(rng.random()))
            back = reach * 0.15 * (float(rng.random()) - 0.5)
            eye: Vec3 = rounded_vector(
                (
                    first.position[0] + step * right[0] + back * forward[0],
                    first.position[1] + step * right[1] + back * forward[1],
                    first.position[2],
                )
            )
            inside = 0.15 < eye[0] < scene.shell.width - 0.15 and 0.15 < eye[1] < scene.shell.depth - 0.15
            spot = Footprint(eye[0], eye[1], 0.01, 0.01, 0.0, eye[2] - 0.01, eye[2] + 0.01)
            if not inside or any(overlap(spot, block) for block in blocks):
                continue
            off = [0.3 * reach * (float(rng.random()) - 0.5) for _ in range(2)]
            look = (aim[0] + off[0] - eye[0], aim[1] + off[1] - eye[1], aim[2] - eye[2])
            roll = math.radians((float(rng.random()) - 0.5) * 6.0)
            return Camera(first.width_px, first.height_px, first.fx, first.fy, first.cx, first.cy, rounded(looking(look, roll)), eye)
    return None
