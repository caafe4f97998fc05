"""`bbox_3d`: nine numbers for an oriented box in the camera frame, in two named notations, each with its inverse.

Qwen3-VL's 3-D cookbook contradicts itself: the text says `[x, y, z, x_size, y_size, z_size, roll, pitch, yaw]` with angles in radians, its
code takes the last three as pitch, yaw, roll and multiplies each by 180 degrees (QwenLM/Qwen3-VL issues 2044, 1501). The sample answers fit
the code. So `QWEN3VL_COOKBOOK`, the default, writes what the code reads: angles about x, y, z as fractions of 180 degrees, R = Rz · Ry ·
Rx. `RADIANS_RPY` writes what the text says, roll being about z, pitch about x, yaw about y: the same three angles, in radians, in that
other order. A notation never changes its meaning: another would get another name.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from schemas.dialect import parse_objects, write_objects
from schemas.geometry_3d import Box3D, Camera, Vec3, from_euler, to_euler
from schemas.sample import Json

Codec: TypeAlias = Literal["qwen3vl-cookbook", "radians-rpy"]
QWEN3VL_COOKBOOK: Codec = "qwen3vl-cookbook"
RADIANS_RPY: Codec = "radians-rpy"
DECIMALS = 3
"""Millimetres, and 0.2 degrees at worst. The cookbook prints two, which would tell a cup 8 cm wide from one of 7 or 9 only."""
MAX_METRES = 10_000.0


@dataclass(frozen=True, slots=True)
class LabelledBox3D:
    """An object and its box in the camera frame. `extra` holds further keys, where the prompt shows them."""

    box: Box3D
    label: str
    extra: dict[str, Json] = field(default_factory=dict)


def to_numbers(box: Box3D, codec: Codec) -> list[float]:
    """Nine numbers, not rounded."""
    about_x, about_y, about_z = to_euler(box.rotation)
    if codec == "qwen3vl-cookbook":
        return [*box.center, *box.size, about_x / math.pi, about_y / math.pi, about_z / math.pi]
    return [*box.center, *box.size, about_z, about_x, about_y]


def from_numbers(numbers: Sequence[float], codec: Codec) -> Box3D:
    """Undo `to_numbers`; ValueError unless there are nine finite numbers with sizes >= 0."""
    if len(numbers) != 9:
        raise ValueError(f"a bbox_3d has 9 numbers, found {len(numbers)}")
    x, y, z, sx, sy, sz, first, second, third = numbers
    if max(abs(x), abs(y), abs(z), sx, sy, sz) > MAX_METRES:
        raise ValueError(f"the bbox_3d {list(numbers)} is larger than {MAX_METRES:.0f} m")
    about: Vec3 = (first * math.pi, second * math.pi, third * math.pi) if codec == "qwen3vl-cookbook" else (second, third, first)
    return Box3D((x, y, z), (sx, sy, sz), from_euler(*about))


def write_boxes_3d(boxes: Sequence[LabelledBox3D], codec: Codec) -> str:
    """`[{"bbox_3d": [nine numbers], "label": …}]` in a json fence, numbers to `DECIMALS`."""
    return write_objects(
        {"bbox_3d": [round(v, DECIMALS) + 0.0 for v in to_numbers(b.box, codec)], "label": b.label, **b.extra} for b in boxes
    )


def parse_boxes_3d(text: str, codec: Codec) -> tuple[LabelledBox3D, ...]:
    """The inverse of `write_boxes_3d`; the fence may be missing, and a single object counts as a list of one. ValueError otherwise."""
    found = []
    for item in parse_objects(text):
        label = item.get("label")
        if not isinstance(label, str):
            raise ValueError(f"label is {label!r:.60}; expected text")
        extra = {key: value for key, value in item.items() if key not in ("bbox_3d", "label")}
        found.append(LabelledBox3D(from_numbers(_numbers(item.get("bbox_3d")), codec), label, extra))
    return tuple(found)


def describe_camera(camera: Camera) -> str:
    """What a prompt says of the intrinsics, in pixels: `fx=…, fy=…, cx=…, cy=…`."""
    return ", ".join(f"{name}={getattr(camera, name):.1f}" for name in ("fx", "fy", "cx", "cy"))


def _numbers(value: Any) -> list[float]:
    if not isinstance(value, list) or not all(type(v) in (int, float) and math.isfinite(v) for v in value):
        raise ValueError(f"bbox_3d is {value!r:.80}; expected 9 numbers")
    return [float(v) for v in value]
