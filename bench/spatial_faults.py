"""Answers about space that are wrong in a named way, made from right ones: what `spatial_check.py` plants and the verifiers must refuse."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from schemas.bbox_3d import Codec, LabelledBox3D, parse_boxes_3d, write_boxes_3d
from schemas.geometry_3d import Box3D, Camera, multiply, rotation_about, transpose
from schemas.sample import Turn
from synth.spatial.relations_prompts import answer, sentence

OPPOSITES = (("left", "right"), ("higher", "lower"), ("front", "behind"), ("yes", "no"))
Change = Callable[[Box3D], Box3D]


def _in_world(camera: Camera) -> Change:
    def change(box: Box3D) -> Box3D:
        world = box.seen_by(Camera(1, 1, 1, 1, 0, 0, transpose(camera.rotation)))
        x, y, z = (a + b for a, b in zip(world.center, camera.position, strict=True))
        return replace(world, center=(x, y, z))

    return change


def box_changes(camera: Camera) -> Mapping[str, Change]:
    """Ways in which a box in the camera frame can be wrong, each large enough to be no rounding."""
    return {
        "mirrored": lambda b: replace(b, center=(-b.center[0] - math.copysign(0.05, b.center[0]), b.center[1], b.center[2])),
        "axes swapped": lambda b: replace(b, size=(b.size[1] * 1.03 + 0.01, b.size[0], b.size[2])),
        "yaw + 90": lambda b: replace(b, rotation=multiply(b.rotation, rotation_about(1, math.pi / 2))),
        "world frame": _in_world(camera),
        "distance for depth": lambda b: replace(b, center=(b.center[0], b.center[1], math.hypot(*b.center) + 0.02)),
        "scale x 2": lambda b: Box3D(b.center, (2 * b.size[0], 2 * b.size[1], 2 * b.size[2]), b.rotation),
    }


def wrong_boxes(told: Turn, camera: Camera, others: Sequence[Box3D], codec: Codec) -> dict[str, Turn]:
    """An answer in 3D boxes, wrong in each way; `others` are boxes of things, of which one that is not told is another instance."""
    right = parse_boxes_3d(told.text, codec)
    if not right:
        return {}
    out = {
        name: replace(told, text=write_boxes_3d([replace(b, box=change(b.box)) for b in right], codec))
        for name, change in box_changes(camera).items()
    }
    stranger = next((box for box in others if all(math.dist(box.center, b.box.center) > 0.05 for b in right)), None)
    if stranger:
        out["another instance"] = replace(told, text=write_boxes_3d([LabelledBox3D(stranger, right[0].label), *right[1:]], codec))
    return out


def wrong_relations(told: Turn) -> dict[str, Turn]:
    """An answer of `spatial.relations`, wrong in each way that fits it."""
    value = told.proof.answer if told.proof else None
    program = told.proof.program if told.proof else None
    options = program.get("of") if isinstance(program, dict) else None
    mirrored = {answer(a): answer(b) for pair in OPPOSITES for a, b in (pair, pair[::-1])}
    if told.text in mirrored:
        return {"mirrored relation": replace(told, text=mirrored[told.text])}
    if isinstance(value, list) and isinstance(options, list):
        return {"order reversed": replace(told, text=sentence(", ".join(str(text) for text in value[::-1])))}
    if isinstance(options, list):
        return {"another option": replace(told, text=next(sentence(str(o)) for o in options if sentence(str(o)) != told.text))}
    if told.text.endswith("o'clock"):
        return {"six hours on": replace(told, text=answer("clock", value=str((int(str(value)) + 5) % 12 + 1)))}
    if isinstance(value, int | float) and told.text.endswith(" m"):
        return {"number x 2": replace(told, text=answer("metres", value=f"{2 * value:.2f}"))}
    return {}
