import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.geometry_3d import IDENTITY_3, Box3D, Vec3, from_euler, rotation_about
from schemas.iou_3d import Answered, average_precision, intersection_volume, iou_3d, mean_average_precision

ANGLES = st.floats(-math.pi, math.pi)
BOXES = st.builds(
    Box3D,
    st.tuples(*[st.floats(-1, 1)] * 3),
    st.tuples(*[st.floats(0.1, 2)] * 3),
    st.builds(from_euler, ANGLES, ANGLES, ANGLES),
)
UNIT = Box3D((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def cube(x: float, y: float = 0.0, z: float = 0.0, size: float = 1.0) -> Box3D:
    return Box3D((x, y, z), (size, size, size))


@pytest.mark.parametrize(
    ("other", "volume"),
    [
        (UNIT, 1.0),
        (cube(0.5), 0.5),
        (cube(1.0), 0.0),  # touching
        (cube(1.0, 1.0), 0.0),  # along an edge
        (cube(3.0), 0.0),
        (cube(0.1, size=0.5), 0.125),  # inside
        (cube(0.25, size=0.5), 0.125),  # inside, with a face in common
        (Box3D((0.0, 0.0, 0.0), (1.0, 1.0, 0.0)), 0.0),  # flat
        (Box3D((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)), 0.0),  # a point
        (Box3D((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), rotation_about(2, math.pi / 4)), 2 * (math.sqrt(2) - 1)),  # an octagon
        (Box3D((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), rotation_about(1, math.pi / 2)), 1.0),
    ],
)
def test_common_volumes_that_can_be_worked_out(other: Box3D, volume: float) -> None:
    assert intersection_volume(UNIT, other) == pytest.approx(volume, abs=1e-12)
    assert intersection_volume(other, UNIT) == pytest.approx(volume, abs=1e-12)


@given(BOXES, BOXES)
def test_iou_is_symmetric_and_between_0_and_1(a: Box3D, b: Box3D) -> None:
    assert iou_3d(a, b) == pytest.approx(iou_3d(b, a), abs=1e-9)
    assert -1e-12 <= iou_3d(a, b) <= 1 + 1e-9
    assert iou_3d(a, a) == pytest.approx(1.0)


@given(BOXES, BOXES, st.tuples(*[st.floats(-5, 5)] * 3))
def test_iou_does_not_depend_on_where_both_are(a: Box3D, b: Box3D, by: Vec3) -> None:
    moved = [Box3D((x.center[0] + by[0], x.center[1] + by[1], x.center[2] + by[2]), x.size, x.rotation) for x in (a, b)]
    assert iou_3d(moved[0], moved[1]) == pytest.approx(iou_3d(a, b), abs=1e-9)


def test_a_quarter_turn_with_sizes_exchanged_is_the_same_box() -> None:
    a = Box3D((0.0, 0.0, 2.0), (0.5, 1.0, 0.9), IDENTITY_3)
    b = Box3D((0.0, 0.0, 2.0), (0.9, 1.0, 0.5), rotation_about(1, math.pi / 2))
    assert iou_3d(a, b) == pytest.approx(1.0)
    assert iou_3d(a, Box3D(a.center, a.size, b.rotation)) < 0.75


def test_a_round_object_may_be_told_from_any_side() -> None:
    lamp = Box3D((0.0, 0.0, 2.0), (0.4, 1.5, 0.4))
    turned = Box3D(lamp.center, lamp.size, rotation_about(1, 0.7))
    assert iou_3d(turned, lamp) < 0.9
    assert iou_3d(turned, lamp, "round") > 0.983


def test_agrees_with_points_drawn_at_random() -> None:
    rng = np.random.default_rng(3)
    a, b = (
        Box3D((0.0, 0.0, 0.0), (1.0, 2.0, 0.5), from_euler(0.3, 0.8, -0.2)),
        Box3D((0.2, 0.3, 0.1), (1.5, 0.7, 1.0), from_euler(1.0, 0.1, 0.4)),
    )
    points = (rng.random((400_000, 3)) - 0.5) * a.size @ np.array(a.rotation).T
    inside = (np.abs((points - b.center) @ np.array(b.rotation)) <= np.array(b.size) / 2).all(axis=1)
    assert intersection_volume(a, b) == pytest.approx(a.volume * inside.mean(), rel=0.01)


def test_average_precision_of_answers_without_scores() -> None:
    there = (cube(0), cube(3), cube(6))
    assert average_precision([Answered(there, there)], 0.5) == 1.0
    assert average_precision([Answered((), there)], 0.5) == 0.0
    assert math.isnan(average_precision([Answered((cube(0),), ())], 0.5))
    # two of three found, one box beside: precision 2/3 up to recall 2/3, which 67 of 101 steps reach
    assert average_precision([Answered((cube(0), cube(3), cube(9)), there)], 0.5) == pytest.approx(2 / 3 * 67 / 101)
    # the same object twice counts once; and the order of answers does not count
    twice = Answered((cube(0), cube(0.1), cube(3)), there)
    assert average_precision([twice], 0.5) == pytest.approx(2 / 3 * 67 / 101)
    assert average_precision([Answered(twice.found[::-1], there)], 0.5) == average_precision([twice], 0.5)


def test_average_precision_of_answers_with_scores() -> None:
    there = (cube(0), cube(3))
    # the false alarm comes last and costs nothing once both are found
    assert average_precision([Answered((cube(0), cube(3), cube(9)), there, (0.9, 0.8, 0.1))], 0.5) == 1.0
    assert average_precision([Answered((cube(0), cube(3), cube(9)), there, (0.8, 0.7, 0.9))], 0.5) == pytest.approx(2 / 3)


def test_the_mean_is_over_thresholds_and_classes_that_occur() -> None:
    half = Answered((cube(0.5),), (cube(0),))  # IoU 1/3
    assert mean_average_precision([[half]]) == pytest.approx(0.6)  # right at 0.05 … 0.30
    assert mean_average_precision([[half], [Answered((), ())]]) == pytest.approx(0.6)
    assert math.isnan(mean_average_precision([]))


@pytest.mark.slow
def test_agrees_with_an_independent_geometry_library() -> None:
    trimesh = pytest.importorskip("trimesh")
    pytest.importorskip("manifold3d")
    rng = np.random.default_rng(11)
    for _ in range(300):
        boxes, meshes = [], []
        for _ in range(2):
            pose = np.eye(4)
            rotation = from_euler(*rng.uniform(-3, 3, 3))
            pose[:3, :3], pose[:3, 3] = rotation, rng.uniform(-0.5, 0.5, 3)
            size = rng.uniform(0.2, 2, 3)
            boxes.append(Box3D(tuple(pose[:3, 3]), tuple(size), rotation))
            meshes.append(trimesh.creation.box(size, pose))
        with np.errstate(invalid="ignore"):  # trimesh divides by the volume, which may be 0
            common = float(trimesh.boolean.intersection(meshes, engine="manifold").volume)
        assert intersection_volume(*boxes) == pytest.approx(common, abs=1e-6)
