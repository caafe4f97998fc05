import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.geometry_3d import (
    IDENTITY_3,
    Box3D,
    Camera,
    Matrix3,
    Vec3,
    box_px_of,
    from_euler,
    from_quaternion,
    from_virtual,
    looking,
    multiply,
    rotate,
    rotation_about,
    to_euler,
    to_quaternion,
    to_virtual,
    transpose,
)

ANGLES = st.floats(-math.pi, math.pi)
ROTATIONS = st.builds(from_euler, ANGLES, ANGLES, ANGLES)
CAMERA = Camera(640, 480, 500.0, 500.0, 320.0, 240.0)


def near(a: Matrix3, b: Matrix3, limit: float = 1e-7) -> bool:
    return float(np.abs(np.array(a) - np.array(b)).max()) < limit


@given(ROTATIONS)
def test_euler_angles_and_quaternions_give_the_rotation_back(rotation: Matrix3) -> None:
    assert near(from_euler(*to_euler(rotation)), rotation)
    assert near(from_quaternion(to_quaternion(rotation)), rotation)
    assert to_quaternion(rotation)[0] >= 0
    assert near(multiply(rotation, transpose(rotation)), IDENTITY_3)


@pytest.mark.parametrize("y", [math.pi / 2, -math.pi / 2])
def test_euler_angles_where_only_their_difference_is_defined(y: float) -> None:
    rotation = from_euler(0.4, y, -1.1)
    assert near(from_euler(*to_euler(rotation)), rotation)
    assert to_euler(rotation)[2] == 0.0


@pytest.mark.parametrize(
    ("axis", "point", "turned"), [(0, (0, 1, 0), (0, 0, 1)), (1, (0, 0, 1), (1, 0, 0)), (2, (1, 0, 0), (0, 1, 0))], ids="xyz"
)
def test_rotations_are_right_handed(axis: int, point: Vec3, turned: Vec3) -> None:
    assert rotate(rotation_about(axis, math.pi / 2), point) == pytest.approx(turned, abs=1e-12)


def test_x_is_turned_first_and_z_last() -> None:
    # about x, y goes to z; about y, z goes to x; about z, x goes to y
    assert rotate(from_euler(math.pi / 2, math.pi / 2, math.pi / 2), (0, 1, 0)) == pytest.approx((0, 1, 0), abs=1e-12)
    assert rotate(from_euler(math.pi / 2, math.pi / 2, 0.0), (0, 1, 0)) == pytest.approx((1, 0, 0), abs=1e-12)


def test_a_camera_sees_right_to_the_right_and_up_above() -> None:
    level = Camera(640, 480, 500.0, 500.0, 320.0, 240.0, looking((0.0, 1.0, 0.0), 0.0), (0.0, -4.0, 1.0))
    middle, right, above = (level.project(level.to_camera(p)) for p in ((0.0, 0.0, 1.0), (1.0, 0.0, 1.0), (0.0, 0.0, 2.0)))
    assert middle == pytest.approx((320, 240))
    assert right == pytest.approx((445, 240))
    assert above == pytest.approx((320, 115))
    assert level.to_camera((0.0, 3.0, 1.0))[2] == pytest.approx(7.0)


def test_a_camera_rolled_to_its_right_sees_the_world_turn_left() -> None:
    rolled = Camera(640, 480, 500.0, 500.0, 320.0, 240.0, looking((0.0, 1.0, 0.0), math.radians(10)), (0.0, -4.0, 1.0))
    u, v = rolled.project(rolled.to_camera((1.0, 0.0, 1.0)))
    assert u > 320
    assert v < 240  # what was level on the right is now higher


def test_an_upright_box_that_faces_a_level_camera_has_the_identity_as_its_rotation() -> None:
    level = Camera(640, 480, 500.0, 500.0, 320.0, 240.0, looking((0.0, 1.0, 0.0), 0.0), (0.0, -4.0, 1.0))
    axes = ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0))  # x right, y down, z away from the front, in a world with z up
    seen = Box3D((0.0, 0.0, 1.0), (1.0, 2.0, 3.0), axes).seen_by(level)
    assert near(seen.rotation, IDENTITY_3)
    assert seen.center == pytest.approx((0, 0, 4))


def test_corners_and_their_box_in_the_picture() -> None:
    box = Box3D((0.0, 0.0, 5.0), (2.0, 1.0, 2.0))
    assert len(set(box.corners())) == 8
    assert box_px_of(box, CAMERA) == pytest.approx((320 - 125, 240 - 62.5, 320 + 125, 240 + 62.5))
    with pytest.raises(ValueError, match="not in front"):
        box_px_of(Box3D((0.0, 0.0, 0.5), (1.0, 1.0, 2.0)), CAMERA)


@given(st.floats(0.1, 50), st.floats(100, 2000))
def test_a_virtual_camera_can_be_undone_and_keeps_the_place_in_the_picture(z: float, focal: float) -> None:
    box = Box3D((0.3, -0.2, z), (1.0, 2.0, 3.0), from_euler(0.1, 0.2, 0.3))
    told = to_virtual(box, CAMERA, focal, 512.0)
    assert from_virtual(told, CAMERA, focal, 512.0).center == pytest.approx(box.center)
    assert (told.size, told.rotation) == (box.size, box.rotation)
    f = focal * CAMERA.height_px / 512.0
    virtual = Camera(640, 480, f, f, 320.0, 240.0)
    assert virtual.project(told.center) == pytest.approx(CAMERA.project(box.center))


def test_boxes_and_cameras_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="negative"):
        Box3D((0.0, 0.0, 0.0), (1.0, -1.0, 1.0))
    with pytest.raises(ValueError, match="not finite"):
        Box3D((0.0, math.nan, 0.0), (1.0, 1.0, 1.0))
    with pytest.raises(ValueError, match="no level"):
        looking((0.0, 0.0, -1.0), 0.0)
    with pytest.raises(ValueError, match="length 0"):
        from_quaternion((0.0, 0.0, 0.0, 0.0))
    with pytest.raises(ValueError, match="square pixels"):
        to_virtual(Box3D((0.0, 0.0, 1.0), (1.0, 1.0, 1.0)), Camera(64, 48, 50.0, 40.0, 32.0, 24.0), 512.0, 512.0)
