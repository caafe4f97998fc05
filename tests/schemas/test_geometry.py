"""Geometry: conversions undo each other within their stated error, and boxes obey the algebra of sets."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.geometry import (
    IDENTITY,
    Affine,
    area,
    box_1000_to_px,
    box_pt_to_px,
    box_px_to_1000,
    clip_box,
    compose,
    invert,
    iou,
    point_px_to_1000,
    transform_box,
    transform_point,
    union_box,
)
from schemas.sample import BoxPx

REAL = st.floats(-5_000, 5_000)
BOX = st.builds(lambda x, y, w, h: (x, y, x + w, y + h), REAL, REAL, st.floats(1, 3_000), st.floats(1, 3_000))
SIDE = st.integers(1, 10_000)
INVERTIBLE = st.tuples(*[st.floats(-4, 4)] * 6).filter(lambda m: abs(m[0] * m[4] - m[1] * m[3]) > 0.05)


def test_thousandths_by_hand() -> None:
    """Catches swapped axes, truncation, and 999 for 1000."""
    assert box_px_to_1000((0, 0, 640, 480), 640, 480) == (0, 0, 1000, 1000)
    assert box_px_to_1000((64, 120, 320.4, 240), 640, 480) == (100, 250, 501, 500)
    assert box_px_to_1000((-5, 10, 700, 490), 640, 480) == (0, 21, 1000, 1000)
    assert point_px_to_1000((1.5, 2.5), 1000, 1000) == (2, 2)  # Python rounds halves to even, and so does Qwen's script
    with pytest.raises(ValueError, match="0 px"):
        box_px_to_1000((0, 0, 1, 1), 0, 10)


@given(SIDE, SIDE, st.tuples(*[st.floats(0, 1)] * 4))
def test_px_and_thousandths_round_trip(width: int, height: int, shares: tuple[float, float, float, float]) -> None:
    """Catches any loss beyond half a thousandth of a side, and a second trip that moves the box again."""
    box_px = (shares[0] * width, shares[1] * height, shares[2] * width, shares[3] * height)
    box_1000 = box_px_to_1000(box_px, width, height)
    back = box_1000_to_px(box_1000, width, height)
    assert all(abs(a - b) <= side / 2000 + 1e-9 for a, b, side in zip(back, box_px, (width, height, width, height), strict=True))
    assert box_px_to_1000(back, width, height) == box_1000


@given(BOX, st.floats(36, 600))
def test_points_become_pixels(box_pt: BoxPx, dpi: float) -> None:
    """Catches a factor used the wrong way round: an inch is 72 points and `dpi` pixels."""
    assert box_pt_to_px(box_pt, dpi) == pytest.approx([side / 72 * dpi for side in box_pt], abs=1e-6)
    assert box_pt_to_px(box_pt, 72) == box_pt
    assert box_pt_to_px((72, 0, 144, 36), 144) == (144, 0, 288, 72)


@given(BOX, BOX)
def test_iou_is_symmetric_and_bounded(a: BoxPx, b: BoxPx) -> None:
    """Catches negative overlap of distant boxes counted as positive."""
    assert iou(a, b) == iou(b, a)
    assert 0 <= iou(a, b) <= 1
    assert iou(a, a) == pytest.approx(1)
    common = area(clip_box(a, b))
    assert iou(a, b) == pytest.approx(common / (area(a) + area(b) - common), abs=1e-9)


def test_iou_by_hand() -> None:
    """Catches intersection over the smaller box."""
    assert iou((0, 0, 2, 2), (1, 1, 3, 3)) == pytest.approx(1 / 7)
    assert iou((0, 0, 1, 1), (1, 0, 2, 1)) == 0
    assert iou((0, 0, 0, 0), (0, 0, 0, 0)) == 0


@given(BOX, BOX)
def test_clip_and_union_contain(a: BoxPx, b: BoxPx) -> None:
    """Catches a clip that leaves the frame and a union that leaves a box out."""
    clipped, whole = clip_box(a, b), union_box([a, b])
    assert b[0] <= clipped[0] <= clipped[2] <= b[2]
    assert b[1] <= clipped[1] <= clipped[3] <= b[3]
    assert clip_box(a, whole) == a
    assert clip_box(b, whole) == b


@given(BOX, INVERTIBLE)
def test_transform_contains_the_corners_and_inverts(box: BoxPx, matrix: Affine) -> None:
    """Catches a matrix read by columns, and a box around two corners only."""
    moved = transform_box(box, matrix)
    for corner in ((box[0], box[1]), (box[2], box[1]), (box[0], box[3]), (box[2], box[3])):
        x, y = transform_point(corner, matrix)
        assert moved[0] <= x <= moved[2]
        assert moved[1] <= y <= moved[3]
        assert transform_point((x, y), invert(matrix)) == pytest.approx(corner, abs=1e-4)
    assert compose(matrix, invert(matrix)) == pytest.approx(IDENTITY, abs=1e-6)


@given(INVERTIBLE, INVERTIBLE, REAL, REAL)
def test_compose_is_one_after_the_other(first: Affine, then: Affine, x: float, y: float) -> None:
    """Catches the product taken in the other order."""
    stepwise = transform_point(transform_point((x, y), first), then)
    assert transform_point((x, y), compose(first, then)) == pytest.approx(stepwise, rel=1e-6, abs=1e-3)


def test_quarter_turn_by_hand() -> None:
    """Catches a wrong sign: x to the right becomes y down under a clockwise quarter turn."""
    cos, sin = math.cos(math.pi / 2), math.sin(math.pi / 2)
    assert transform_box((0, 0, 4, 1), (cos, -sin, 10, sin, cos, 20)) == pytest.approx((9, 20, 10, 24))
    with pytest.raises(ValueError, match="determinant is 0"):
        invert((1, 2, 0, 2, 4, 0))
