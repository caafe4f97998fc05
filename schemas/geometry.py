"""Boxes and points in the plane, and every change of frame they go through, written once.

A name says its frame. `_px`: pixels of one image, floats, origin top left, x right, y down, (x0, y0, x1, y1) with x1 and y1 exclusive.
`_pt`: the same axes in points (1/72 inch) on a page, as PyMuPDF has them. `_1000`: integers 0–1000, a thousandth of the image's width or
height each: Qwen3-VL's frame for 2-D answers. Nothing here knows about images, pages or output formats.
"""

from collections.abc import Iterable
from typing import TypeAlias

from schemas.sample import BoxPx

BoxPt: TypeAlias = tuple[float, float, float, float]
Box1000: TypeAlias = tuple[int, int, int, int]
Point1000: TypeAlias = tuple[int, int]
Affine: TypeAlias = tuple[float, float, float, float, float, float]
"""A 2x3 matrix by rows (a, b, c, d, e, f): x' = a x + b y + c, y' = d x + e y + f."""

IDENTITY: Affine = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
POINTS_PER_INCH = 72.0  # PDF 1.7 (ISO 32000-1), 8.3.2.3


def box_px_to_1000(box_px: BoxPx, width_px: int, height_px: int) -> Box1000:
    """round(v / side * 1000), clamped to 0–1000: `convert_to_qwen2vl` in the Qwen3-VL repository (tools/process_bbox.ipynb)."""
    x0, y0, x1, y1 = box_px
    return (*point_px_to_1000((x0, y0), width_px, height_px), *point_px_to_1000((x1, y1), width_px, height_px))


def box_1000_to_px(box_1000: Box1000, width_px: int, height_px: int) -> BoxPx:
    """Undo `box_px_to_1000`: v / 1000 * side. Off by at most half a thousandth of the side from the box it was made from."""
    x0, y0, x1, y1 = box_1000
    return (*point_1000_to_px((x0, y0), width_px, height_px), *point_1000_to_px((x1, y1), width_px, height_px))


def point_px_to_1000(point_px: tuple[float, float], width_px: int, height_px: int) -> Point1000:
    """As `box_px_to_1000`, for one point."""
    return (_thousandth(point_px[0], width_px), _thousandth(point_px[1], height_px))


def point_1000_to_px(point_1000: Point1000, width_px: int, height_px: int) -> tuple[float, float]:
    """As `box_1000_to_px`, for one point."""
    _check_size(width_px, height_px)
    return (point_1000[0] / 1000 * width_px, point_1000[1] / 1000 * height_px)


def box_pt_to_px(box_pt: BoxPt, dpi: float) -> BoxPx:
    """A box on a page in the pixels of that page drawn at `dpi`."""
    scale = dpi / POINTS_PER_INCH
    x0, y0, x1, y1 = box_pt
    return (x0 * scale, y0 * scale, x1 * scale, y1 * scale)


def area(box: BoxPx) -> float:
    """Area of a box of any frame, in that frame's units squared; 0 when it is empty or inside out."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def clip_box(box: BoxPx, within: BoxPx) -> BoxPx:
    """The part of `box` inside `within`. Where they do not meet the result has no area and lies on the border of `within`."""
    x0, x1 = (min(max(x, within[0]), within[2]) for x in (box[0], box[2]))
    y0, y1 = (min(max(y, within[1]), within[3]) for y in (box[1], box[3]))
    return (x0, y0, x1, y1)


def union_box(boxes: Iterable[BoxPx]) -> BoxPx:
    """The smallest box around all `boxes`; ValueError if there is none."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return (min(x0), min(y0), max(x1), max(y1))


def iou(a: BoxPx, b: BoxPx) -> float:
    """Intersection over union of two boxes of one frame, 0 to 1; 0 when neither has an area."""
    common = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    whole = area(a) + area(b) - common
    return common / whole if whole > 0 else 0.0


def transform_point(point: tuple[float, float], matrix: Affine) -> tuple[float, float]:
    """The point moved by `matrix`."""
    (x, y), (a, b, c, d, e, f) = point, matrix
    return (a * x + b * y + c, d * x + e * y + f)


def transform_box(box: BoxPx, matrix: Affine) -> BoxPx:
    """The upright box around the four moved corners; exact for scale and shift, larger than the shape for a rotation."""
    x0, y0, x1, y1 = box
    xs, ys = zip(*(transform_point(corner, matrix) for corner in ((x0, y0), (x1, y0), (x0, y1), (x1, y1))), strict=True)
    return (min(xs), min(ys), max(xs), max(ys))


def compose(first: Affine, then: Affine) -> Affine:
    """The matrix that moves by `first` and then by `then`."""
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (p * a + q * d, p * b + q * e, p * c + q * f + r, s * a + t * d, s * b + t * e, s * c + t * f + u)


def invert(matrix: Affine) -> Affine:
    """The matrix that undoes `matrix`; ValueError if it flattens the plane."""
    a, b, c, d, e, f = matrix
    det = a * e - b * d
    if det == 0:
        raise ValueError(f"the matrix {matrix} has no inverse: its determinant is 0")
    return (e / det, -b / det, (b * f - c * e) / det, -d / det, a / det, (c * d - a * f) / det)


def _thousandth(value_px: float, side_px: int) -> int:
    _check_size(side_px)
    return min(1000, max(0, round(value_px / side_px * 1000)))


def _check_size(*sides_px: int) -> None:
    if min(sides_px) <= 0:
        raise ValueError(f"an image side is {min(sides_px)} px; sides must be positive")
