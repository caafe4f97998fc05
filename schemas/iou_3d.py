"""Exact intersection over union of oriented boxes in space, and average precision over it: the metric of Omni3D (arXiv 2207.10660).

The common volume is found by cutting one box, as five tetrahedra, with the six faces of the other. Volumes of the pieces add up without any
case for faces that coincide, which is where clipping of polygons goes wrong. Boxes may be touching, equal, nested or flat.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from schemas.geometry_3d import Box3D, multiply, rotate, rotation_about, subtract, transpose

Symmetry: TypeAlias = Literal["none", "round"]
"""How an object may be turned about its own vertical axis without looking different: not at all or in quarters (a box is the same cuboid
after half a turn, and after quarter turns with width and depth exchanged, so that IoU needs no case for it), or at will.
"""
Tetrahedra: TypeAlias = NDArray[np.float64]
"""[n, 4 corners, 3]."""

AP_THRESHOLDS = tuple(round(0.05 * k, 2) for k in range(1, 11))
"""0.05, 0.10 … 0.50: what Omni3D averages over; it also tells 0.15, 0.25 and 0.50 apart, and Qwen3-VL reports 0.15."""
ROUND_STEPS = 45
"""Turns tried for a round object, over the 90 degrees after which a box of square footprint repeats. At worst, half a step or 1 degree, the
IoU of equal boxes is 2 / (1 + sin 1° + cos 1°) taken over its union: 0.983."""
_FIVE = ((0, 3, 5, 6), (1, 0, 3, 5), (2, 0, 3, 6), (4, 0, 5, 6), (7, 3, 5, 6))
"""Corners, in the order of `CORNER_SIGNS`, of the five tetrahedra that a box falls into."""


def intersection_volume(a: Box3D, b: Box3D) -> float:
    """Common volume of two boxes told in one frame, cubic metres; exact up to rounding."""
    if min(*a.size, *b.size) <= 0:
        return 0.0
    back = transpose(b.rotation)
    # in the frame of b, scaled so that b is a cube of side 1
    corners = np.array([[v / s for v, s in zip(rotate(back, subtract(p, b.center)), b.size, strict=True)] for p in a.corners()])
    pieces: Tetrahedra = corners[np.array(_FIVE)]
    for axis in range(3):
        for sign in (1.0, -1.0):
            pieces = _cut(pieces, 0.5 - sign * pieces[:, :, axis])
            if not len(pieces):
                return 0.0
    return float(_volumes(pieces).sum()) * b.volume


def iou_3d(a: Box3D, b: Box3D, symmetry: Symmetry = "none") -> float:
    """Intersection over union, 0 to 1; 0 where neither has a volume.

    With `round` symmetry `b` is the truth, an object that may be turned about its vertical axis (y of its box): the best of `ROUND_STEPS`
    turns counts, since no picture tells them apart.
    """
    if symmetry == "round":
        turned = (multiply(b.rotation, rotation_about(1, k * math.pi / 2 / ROUND_STEPS)) for k in range(ROUND_STEPS))
        return max(iou_3d(a, Box3D(b.center, b.size, rotation)) for rotation in turned)
    common = intersection_volume(a, b)
    whole = a.volume + b.volume - common
    return common / whole if whole > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Answered:
    """What was found and what is there of one class in one picture.

    Attributes:
        found: Boxes that a model gave.
        true: Boxes that are there.
        scores: Confidence of each found box; all equal where none are given.
        symmetries: Of each true box; `none` where none are given.
    """

    found: tuple[Box3D, ...]
    true: tuple[Box3D, ...]
    scores: tuple[float, ...] = ()
    symmetries: tuple[Symmetry, ...] = ()


def average_precision(answers: Sequence[Answered], threshold: float) -> float:
    """AP of one class at one IoU threshold, interpolated at 101 recalls as COCO does; NaN where nothing is there to be found.

    The tie rule for answers without scores: boxes of equal score enter the curve together, as one point, so that no order within a picture
    or among pictures counts. Each true box is matched once, pairs of higher IoU first; a second box on the same object is a false alarm.
    """
    total = sum(len(answer.true) for answer in answers)
    if not total:
        return math.nan
    hits: list[tuple[float, bool]] = []
    for answer in answers:
        hits += _match(_overlaps(answer), answer.scores or (1.0,) * len(answer.found), threshold)
    scores = np.array([score for score, _ in hits])
    right = np.array([hit for _, hit in hits], dtype=bool)
    precision = np.zeros(101)
    for score in np.unique(scores):
        taken = scores >= score
        reached = int(right[taken].sum())
        # recalls 0.00 … 1.00 that are reached; integers, since 0.29 * 100 is less than 29
        steps = reached * 100 // total
        precision[: steps + 1] = np.maximum(precision[: steps + 1], reached / int(taken.sum()))
    return float(precision.mean())


def mean_average_precision(answers_by_class: Sequence[Sequence[Answered]], thresholds: Sequence[float] = AP_THRESHOLDS) -> float:
    """AP averaged over thresholds and over the classes that occur; NaN if none does."""
    values = [average_precision(answers, t) for answers in answers_by_class for t in thresholds]
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def right_boxes(answer: Answered, thresholds: Sequence[float] = AP_THRESHOLDS) -> list[int]:
    """How many found boxes are right at each threshold, matched as `average_precision` does."""
    ious = _overlaps(answer)
    scores = answer.scores or (1.0,) * len(answer.found)
    return [sum(hit for _, hit in _match(ious, scores, threshold)) for threshold in thresholds]


def _overlaps(answer: Answered) -> list[list[float]]:
    """IoU of each found box with each true one."""
    alike: Symmetry = "none"
    symmetries = answer.symmetries or (alike,) * len(answer.true)
    return [[iou_3d(box, true, symmetry) for true, symmetry in zip(answer.true, symmetries, strict=True)] for box in answer.found]


def _match(ious: Sequence[Sequence[float]], scores: Sequence[float], threshold: float) -> list[tuple[float, bool]]:
    """Score of each found box and whether it is right; among boxes of one score, pairs of higher IoU are matched first."""
    pairs = [
        (-score, -value, i, j)
        for i, (row, score) in enumerate(zip(ious, scores, strict=True))
        for j, value in enumerate(row)
        if value >= threshold
    ]
    found, taken = set[int](), set[int]()
    for _, _, i, j in sorted(pairs):
        if i not in found and j not in taken:
            found.add(i)
            taken.add(j)
    return [(score, i in found) for i, score in enumerate(scores)]


def _cut(pieces: Tetrahedra, depths: NDArray[np.float64]) -> Tetrahedra:
    """What lies inside a half space of each tetrahedron, as tetrahedra; `depths` [n, 4] of their corners are positive inside."""
    order = np.argsort(-depths, axis=1, kind="stable")
    pieces = np.take_along_axis(pieces, order[:, :, None], axis=1)
    depths = np.take_along_axis(depths, order, axis=1)
    inside = (depths > 0).sum(axis=1)
    kept = [pieces[inside == 4]]
    for count, make in ((1, _tip), (2, _wedge), (3, _frustum)):
        chosen = inside == count
        if chosen.any():
            kept.append(make(pieces[chosen], depths[chosen]))
    return np.concatenate(kept)


def _tip(p: Tetrahedra, d: NDArray[np.float64]) -> Tetrahedra:
    return np.stack([p[:, 0], _between(p, d, 0, 1), _between(p, d, 0, 2), _between(p, d, 0, 3)], axis=1)


def _wedge(p: Tetrahedra, d: NDArray[np.float64]) -> Tetrahedra:
    first = (p[:, 0], _between(p, d, 0, 2), _between(p, d, 0, 3))
    return _prism(first, (p[:, 1], _between(p, d, 1, 2), _between(p, d, 1, 3)))


def _frustum(p: Tetrahedra, d: NDArray[np.float64]) -> Tetrahedra:
    return _prism((p[:, 0], p[:, 1], p[:, 2]), (_between(p, d, 0, 3), _between(p, d, 1, 3), _between(p, d, 2, 3)))


def _prism(a: tuple[NDArray[np.float64], ...], b: tuple[NDArray[np.float64], ...]) -> Tetrahedra:
    """Three tetrahedra that fill the prism between triangles a and b, corner i of one facing corner i of the other."""
    parts = ((a[0], a[1], a[2], b[2]), (a[0], a[1], b[2], b[1]), (a[0], b[0], b[1], b[2]))
    return np.concatenate([np.stack(part, axis=1) for part in parts])


def _between(p: Tetrahedra, d: NDArray[np.float64], i: int, o: int) -> NDArray[np.float64]:
    """Where the edge from corner i, inside, to corner o, outside, meets the plane."""
    share = d[:, i] / (d[:, i] - d[:, o])
    return np.asarray(p[:, i] + share[:, None] * (p[:, o] - p[:, i]), np.float64)


def _volumes(pieces: Tetrahedra) -> NDArray[np.float64]:
    a, b, c = (pieces[:, k] - pieces[:, 0] for k in (1, 2, 3))
    return np.asarray(np.abs((a * np.cross(b, c)).sum(axis=1)) / 6, np.float64)
