"""Outlines of what moves in procedural clips, and how far one may travel until it touches another.

Outlines are (n, 2) arrays of x, y about the shape's centre, y down, for a shape that reaches 1 from its centre along x or y. Nothing here
draws.
"""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

Outline = NDArray[np.float64]

SHAPES = ("circle", "square", "triangle", "star", "diamond", "cross")
_ROUND = 64
"""Corners of a circle (chosen: 0.1 % short of round)."""


@cache
def outline(shape: str) -> Outline:
    """The outline of a shape of size 1."""
    match shape:
        case "circle":
            return _polar([1.0] * _ROUND, 0.0)
        case "square":
            return np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float64)
        case "triangle":
            return np.array([(0, -1), (1, 1), (-1, 1)], np.float64)
        case "star":
            return _polar([1.0, 0.42] * 5, -math.pi / 2)
        case "diamond":
            return np.array([(0, -1), (1, 0), (0, 1), (-1, 0)], np.float64)
        case "cross":
            arm = 0.36
            quarter = [(arm, -1.0), (arm, -arm), (1.0, -arm)]
            turned = [quarter]
            for _ in range(3):
                turned.append([(-y, x) for x, y in turned[-1]])
            return np.array([corner for part in turned for corner in part], np.float64)
    raise ValueError(f"{shape!r} is none of {', '.join(SHAPES)}")


def travel(moving: Outline, still: Outline, direction: tuple[float, float]) -> float:
    """How far `moving` goes along a unit vector until it touches `still`; infinity if it passes by. Outlines may be concave.

    Two polygons that do not overlap first touch where a corner of one meets a side of the other.
    """
    return min(_corners_to_sides(moving, still, direction), _corners_to_sides(still, moving, (-direction[0], -direction[1])))


def apart(first: Outline, second: Outline) -> float:
    """Least distance of two outlines that do not overlap."""
    return min(_corners_from_sides(first, second), _corners_from_sides(second, first))


def _corners_to_sides(corners: Outline, polygon: Outline, direction: tuple[float, float]) -> float:
    # corner + s d = a + u (b - a), solved for all corners and sides at once; s >= 0 and 0 <= u <= 1
    a = polygon[None]
    side = np.roll(polygon, -1, axis=0)[None] - a
    dx, dy = direction
    across = dx * side[..., 1] - dy * side[..., 0]
    off = a - corners[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        s = (off[..., 0] * side[..., 1] - off[..., 1] * side[..., 0]) / across
        u = (off[..., 0] * dy - off[..., 1] * dx) / across
    hits = s[(np.abs(across) > 1e-12) & (s >= -1e-9) & (u >= -1e-9) & (u <= 1 + 1e-9)]
    return max(0.0, float(hits.min())) if hits.size else math.inf


def _corners_from_sides(corners: Outline, polygon: Outline) -> float:
    a = polygon[None]
    side = np.roll(polygon, -1, axis=0)[None] - a
    off = corners[:, None] - a
    u = np.clip((off * side).sum(-1) / (side * side).sum(-1), 0, 1)
    return float(np.sqrt(((off - u[..., None] * side) ** 2).sum(-1)).min())


def _polar(radii: list[float], start: float) -> Outline:
    angles = [start + 2 * math.pi * number / len(radii) for number in range(len(radii))]
    return np.array([(r * math.cos(a), r * math.sin(a)) for r, a in zip(radii, angles, strict=True)], np.float64)
