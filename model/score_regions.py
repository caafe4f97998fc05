"""Scores of places: boxes in images and intervals in clips, and how they are read out of answers.

Boxes are (x0, y0, x1, y1), x right, y down, in any one unit (Qwen3-VL's answers count 0 to 1000 a side); intervals are (start, end) in
seconds. What cannot be read scores 0, as in the benchmarks named.
"""

import re
from collections.abc import Sequence
from typing import TypeAlias

Box: TypeAlias = tuple[float, float, float, float]
Interval: TypeAlias = tuple[float, float]

_BOX = re.compile(r'"bbox_2d"\s*:\s*\[([^\]]*)\]|data-bbox="([^"]*)"|<!--\s*(?:Table|Image)\s*\(([^)]*)\)\s*-->')
_SPAN = re.compile(
    r"((?:\d+:)?\d+:\d+(?:\.\d+)?|\d+(?:\.\d+)?)\s*(?:s|sec|seconds)?\s*(?:-|\u2013|to)\s*((?:\d+:)?\d+:\d+(?:\.\d+)?|\d+(?:\.\d+)?)"
)


def box_iou(a: Box, b: Box) -> float:
    """Area of the intersection over area of the union; 0 where both are empty. Everingham et al., "The PASCAL VOC Challenge", IJCV 2010."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    union = _area(a) + _area(b) - shared
    return shared / union if union > 0 else 0.0


def interval_iou(a: Interval, b: Interval) -> float:
    """Length of the intersection over length of the union; 0 where both are empty. The mIoU of Charades-STA (Gao et al., ICCV 2017) is its
    mean.
    """
    shared = max(min(a[1], b[1]) - max(a[0], b[0]), 0.0)
    union = max(a[1] - a[0], 0.0) + max(b[1] - b[0], 0.0) - shared
    return shared / union if union > 0 else 0.0


def recall_at_1(predictions: Sequence[Interval], reference: Interval, threshold: float) -> float:
    """R@1, IoU >= threshold: whether the first predicted interval overlaps the reference so far (Gao et al. 2017; 0.3, 0.5 and 0.7 are
    usual).
    """
    return float(bool(predictions) and interval_iou(predictions[0], reference) >= threshold)


def parse_boxes(text: str) -> list[Box]:
    """Every readable box of an answer, in order: `bbox_2d` of JSON, `data-bbox` of QwenVL-HTML, comments of QwenVL-Markdown.

    A box that is not four numbers is left out, so that it matches nothing.
    """
    found = []
    for match in _BOX.finditer(text):
        parts = next(group for group in match.groups() if group is not None).replace(",", " ").split()
        if len(parts) == 4 and all(_is_number(part) for part in parts):
            x0, y0, x1, y1 = map(float, parts)
            found.append((x0, y0, x1, y1))
    return found


def parse_intervals(text: str) -> list[Interval]:
    """Every interval of an answer, in order: `1.5 - 4 seconds`, `1.5s to 4.0s`, `00:01.50 - 00:04.00`, in seconds."""
    return [(_seconds(match[1]), _seconds(match[2])) for match in _SPAN.finditer(text)]


def mean_box_iou(predictions: Sequence[Box], references: Sequence[Box]) -> float:
    """Mean over the reference boxes of the IoU with the prediction paired to it; unpaired ones count 0.

    Pairs are made greedily from the highest IoU down, as COCO's evaluation pairs detections (Lin et al. 2014); ties go to the first.
    """
    pairs = sorted((-box_iou(p, r), i, j) for i, p in enumerate(predictions) for j, r in enumerate(references))
    taken, given, total = set[int](), set[int](), 0.0
    for negative, i, j in pairs:
        if i not in taken and j not in given and negative < 0:
            taken.add(i)
            given.add(j)
            total -= negative
    return total / len(references) if references else float(not predictions)


def mean_interval_iou(predictions: Sequence[Interval], references: Sequence[Interval]) -> float:
    """Mean over reference intervals of the IoU with the prediction at the same place in the answer; missing ones count 0."""
    if not references:
        return float(not predictions)
    return sum(interval_iou(p, r) for p, r in zip(predictions, references, strict=False)) / len(references)


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(?:\.\d+)?", text) is not None


def _seconds(text: str) -> float:
    total = 0.0
    for part in text.split(":"):
        total = total * 60 + float(part)
    return total
