"""The output notations that users of Qwen3-VL expect, each a named and versioned pair of a writer and a parser.

Here are the small JSON notations: boxes, points and spotted text. The page notations are in `schemas.qwenvl_html` and
`schemas.qwenvl_markdown`, boxes in space in `schemas.bbox_3d`. A sample's provenance names the notation among the family's parameters, so
that a later change is another name, never another meaning. Coordinates are integers 0–1000; the truth keeps pixels.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from schemas.canonical import parse_json
from schemas.geometry import Box1000, Point1000
from schemas.sample import Json


class Dialect(StrEnum):
    """Names of the notations, as stored in provenance. The number rises when what is written changes."""

    GROUNDING = "qwen3-vl.bbox-2d/1"
    POINTING = "qwen3-vl.point-2d/1"
    SPOTTING = "qwen3-vl.text-spotting/1"
    BOXES_3D_COOKBOOK = "qwen3-vl.bbox-3d.cookbook/1"
    BOXES_3D_RADIANS = "qwen3-vl.bbox-3d.radians-rpy/1"
    HTML = "qwen3-vl.html/2"
    MARKDOWN = "qwen3-vl.markdown/2"


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """An object and its box. `extra` holds further keys, where the prompt shows them (type, colour …)."""

    box_1000: Box1000
    label: str
    extra: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LabelledPoint:
    """An object and a point on it."""

    point_1000: Point1000
    label: str
    extra: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpottedText:
    """A line or a word and its box."""

    box_1000: Box1000
    text: str
    extra: dict[str, Json] = field(default_factory=dict)


def write_boxes(boxes: Sequence[LabelledBox]) -> str:
    """`[{"bbox_2d": [x0, y0, x1, y1], "label": …}]` in a json fence (Qwen3-VL, cookbooks/2d_grounding.ipynb)."""
    return write_objects({"bbox_2d": list(b.box_1000), "label": b.label, **b.extra} for b in boxes)


def parse_boxes(text: str) -> tuple[LabelledBox, ...]:
    """The inverse of `write_boxes`; the fence may be missing, and a single object counts as a list of one. ValueError otherwise."""
    return tuple(LabelledBox(_box(o), _text(o, "label"), _rest(o, "bbox_2d", "label")) for o in parse_objects(text))


def write_points(points: Sequence[LabelledPoint]) -> str:
    """`[{"point_2d": [x, y], "label": …}]` in a json fence (Qwen3-VL, cookbooks/spatial_understanding.ipynb)."""
    return write_objects({"point_2d": list(p.point_1000), "label": p.label, **p.extra} for p in points)


def parse_points(text: str) -> tuple[LabelledPoint, ...]:
    """The inverse of `write_points`, as lenient as `parse_boxes`."""
    points = []
    for item in parse_objects(text):
        x, y = _integers(item, "point_2d", 2)
        points.append(LabelledPoint((x, y), _text(item, "label"), _rest(item, "point_2d", "label")))
    return tuple(points)


def write_spotting(spotted: Sequence[SpottedText]) -> str:
    """`[{"bbox_2d": [x0, y0, x1, y1], "text_content": …}]` in a json fence (Qwen3-VL, cookbooks/ocr.ipynb)."""
    return write_objects({"bbox_2d": list(s.box_1000), "text_content": s.text, **s.extra} for s in spotted)


def parse_spotting(text: str) -> tuple[SpottedText, ...]:
    """The inverse of `write_spotting`, as lenient as `parse_boxes`."""
    return tuple(SpottedText(_box(o), _text(o, "text_content"), _rest(o, "bbox_2d", "text_content")) for o in parse_objects(text))


def unfence(text: str) -> str:
    """The inside of a text that is one fenced block, whatever its language; other text as it is, without ASCII white space around it."""
    found = re.fullmatch(r"\s*```[A-Za-z]*[ \t]*\n(.*?)\n?```\s*", text, re.DOTALL)
    return found.group(1) if found else text.strip(" \t\r\n")


def write_objects(objects: Iterable[dict[str, Json]]) -> str:
    """A list of objects in a json fence."""
    # One object a line behind a tab, as the released models answer.
    lines = [json.dumps(item, ensure_ascii=False, allow_nan=False) for item in objects]
    body = "[\n\t" + ",\n\t".join(lines) + "\n]" if lines else "[]"
    return f"```json\n{body}\n```"


def parse_objects(text: str) -> list[dict[str, Any]]:
    """The inverse of `write_objects`; the fence may be missing, and a single object counts as a list of one. ValueError otherwise."""
    value = parse_json(unfence(text))
    objects = [value] if isinstance(value, dict) else value
    if not isinstance(objects, list):
        raise ValueError(f"expected a list of objects, found {value!r:.60}")
    found = [item for item in objects if isinstance(item, dict)]
    if len(found) != len(objects):
        raise ValueError(f"expected a list of objects, found {value!r:.60}")
    return found


def _box(item: dict[str, Any]) -> Box1000:
    x0, y0, x1, y1 = _integers(item, "bbox_2d", 4)
    return (x0, y0, x1, y1)


def _integers(item: dict[str, Any], key: str, count: int) -> list[int]:
    value = item.get(key)
    if not isinstance(value, list) or len(value) != count or not all(type(v) is int and 0 <= v <= 1000 for v in value):
        raise ValueError(f"{key} is {value!r:.60}; expected {count} integers from 0 to 1000")
    return value


def _text(item: dict[str, Any], key: str) -> str:
    value = item.get(key)
    if not isinstance(value, str):
        raise ValueError(f"{key} is {value!r:.60}; expected text")
    return value


def _rest(item: dict[str, Any], *known: str) -> dict[str, Json]:
    return {key: value for key, value in item.items() if key not in known}
