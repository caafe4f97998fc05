"""Cameras, rotations and oriented boxes in space, and every change of frame they go through, written once.

Lengths are metres, angles radians unless a name says otherwise. A **camera frame** has x right, y down, z forward; a point (x, y, z) is
seen at u = fx x / z + cx, v = fy y / z + cy pixels from the outer corner of the top left pixel, whose centre is (0.5, 0.5). A **world
frame** is right-handed with z up. A **box frame** has x to the right of somebody who looks at the object's front, y down, z away from the
front: an upright object that faces a level camera has the identity as its rotation. Rotations are 3x3 matrices, by rows, that take vectors
of the box frame to the frame the box is told in; they are plain tuples and never go through a linear algebra library, whose last bits
depend on the processor.
"""

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

from schemas.sample import BoxPx

Vec3: TypeAlias = tuple[float, float, float]
Matrix3: TypeAlias = tuple[Vec3, Vec3, Vec3]
Quaternion: TypeAlias = tuple[float, float, float, float]
"""(w, x, y, z) of length 1, with w >= 0."""

IDENTITY_3: Matrix3 = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
CORNER_SIGNS: tuple[Vec3, ...] = tuple((x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5))
"""Corners of a box of size 1; number i differs from number i ^ 1 along z, i ^ 2 along y, i ^ 4 along x."""
DECIMALS = 9
"""Decimals of matrices and positions that are stored: finer than anything asked, coarser than what two processors disagree on."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera: intrinsics in pixels, picture size, and its pose.

    Attributes:
        width_px: Width of the picture.
        height_px: Height of the picture.
        fx: Focal length along x, pixels.
        fy: Focal length along y, pixels.
        cx: Principal point, pixels from the left edge.
        cy: Principal point, pixels from the top edge.
        rotation: World to camera.
        position: Of the camera's centre, in the world.
    """

    width_px: int
    height_px: int
    fx: float
    fy: float
    cx: float
    cy: float
    rotation: Matrix3 = IDENTITY_3
    position: Vec3 = (0.0, 0.0, 0.0)

    def to_camera(self, point: Vec3) -> Vec3:
        """A point of the world in the camera frame."""
        return rotate(self.rotation, subtract(point, self.position))

    def project(self, point: Vec3) -> tuple[float, float]:
        """Pixels where a point of the camera frame is seen; ValueError if it is not in front of the camera."""
        x, y, z = point
        if not z > 0:
            raise ValueError(f"the point {point} is not in front of the camera")
        return (self.fx * x / z + self.cx, self.fy * y / z + self.cy)


@dataclass(frozen=True, slots=True)
class Box3D:
    """A cuboid: its centre, its extents along its own axes, all >= 0, and its rotation from box frame to the frame of `center`."""

    center: Vec3
    size: Vec3
    rotation: Matrix3 = IDENTITY_3

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in (*self.center, *self.size, *(v for row in self.rotation for v in row))):
            raise ValueError(f"the box {self} holds a number that is not finite")
        if min(self.size) < 0:
            raise ValueError(f"the size {self.size} of a box is negative")

    @property
    def volume(self) -> float:
        """Cubic metres."""
        return self.size[0] * self.size[1] * self.size[2]

    def corners(self) -> tuple[Vec3, ...]:
        """The eight corners, in the order of `CORNER_SIGNS`."""
        sx, sy, sz = self.size
        return tuple(add(self.center, rotate(self.rotation, (x * sx, y * sy, z * sz))) for x, y, z in CORNER_SIGNS)

    def seen_by(self, camera: Camera) -> "Box3D":
        """The same box, told in the world, in the camera's frame."""
        return Box3D(camera.to_camera(self.center), self.size, multiply(camera.rotation, self.rotation))


def box_px_of(box: Box3D, camera: Camera) -> BoxPx:
    """The upright box, in pixels and unclipped, around the projected corners of a box told in the camera frame."""
    us, vs = zip(*(camera.project(corner) for corner in box.corners()), strict=True)
    return (min(us), min(vs), max(us), max(vs))


# --- a virtual camera ---------------------------------------------------------------------------------------------------------------


def to_virtual(box: Box3D, camera: Camera, focal_px: float, height_px: float) -> Box3D:
    """The box as a camera of one fixed focal length would have to see it to give this picture.

    Cube R-CNN's rule (Omni3D, arXiv 2207.10660, section 4.3): z_v = z · (f_v · H) / (f · H_v), f and H being focal length and height of the
    picture, f_v and H_v those of the virtual camera. Ours, since the Qwen3-VL report does not say: x, y, sizes and rotation stay, so that
    the box projects to the same place with the virtual focal length f_v · H / H_v in the picture's own pixels. ValueError where fx is not
    fy.
    """
    x, y, z = box.center
    return replace(box, center=(x, y, z * _virtual_scale(camera, focal_px, height_px)))


def from_virtual(box: Box3D, camera: Camera, focal_px: float, height_px: float) -> Box3D:
    """Undo `to_virtual`."""
    x, y, z = box.center
    return replace(box, center=(x, y, z / _virtual_scale(camera, focal_px, height_px)))


def _virtual_scale(camera: Camera, focal_px: float, height_px: float) -> float:
    if camera.fx != camera.fy:
        raise ValueError(f"a virtual camera needs square pixels; fx is {camera.fx} and fy {camera.fy}")
    return focal_px * camera.height_px / (camera.fy * height_px)


# --- rotations ----------------------------------------------------------------------------------------------------------------------


def rotation_about(axis: int, angle: float) -> Matrix3:
    """Right-handed rotation about axis 0 (x), 1 (y) or 2 (z)."""
    c, s = math.cos(angle), math.sin(angle)
    if axis == 0:
        return ((1.0, 0.0, 0.0), (0.0, c, -s), (0.0, s, c))
    if axis == 1:
        return ((c, 0.0, s), (0.0, 1.0, 0.0), (-s, 0.0, c))
    return ((c, -s, 0.0), (s, c, 0.0), (0.0, 0.0, 1.0))


def from_euler(x: float, y: float, z: float) -> Matrix3:
    """R = Rz(z) · Ry(y) · Rx(x): about x first, then y, then z, all fixed axes."""
    return multiply(rotation_about(2, z), multiply(rotation_about(1, y), rotation_about(0, x)))


def to_euler(rotation: Matrix3) -> Vec3:
    """Undo `from_euler`: x and z in (-pi, pi], y in [-pi/2, pi/2]. Where y is ±pi/2 only x ∓ z is defined, and z is 0."""
    (r00, r01, _), (r10, r11, _), (r20, r21, r22) = rotation
    y = math.atan2(-r20, math.hypot(r00, r10))
    if math.hypot(r00, r10) < 1e-9:
        sign = 1.0 if y > 0 else -1.0
        return (math.atan2(sign * r01, r11), y, 0.0)
    return (math.atan2(r21, r22), y, math.atan2(r10, r00))


def to_quaternion(rotation: Matrix3) -> Quaternion:
    """The unit quaternion of a rotation; the branch with the largest divisor, after Shepperd (1978)."""
    (a, b, c), (d, e, f), (g, h, i) = rotation
    squares = (1 + a + e + i, 1 + a - e - i, 1 - a + e - i, 1 - a - e + i)
    largest = max(range(4), key=lambda k: squares[k])
    twice = math.sqrt(squares[largest])
    s = 0.5 / twice
    w, x, y, z = (
        (twice / 2, (h - f) * s, (c - g) * s, (d - b) * s),
        ((h - f) * s, twice / 2, (b + d) * s, (c + g) * s),
        ((c - g) * s, (b + d) * s, twice / 2, (f + h) * s),
        ((d - b) * s, (c + g) * s, (f + h) * s, twice / 2),
    )[largest]
    return (w, x, y, z) if w >= 0 else (-w, -x, -y, -z)


def from_quaternion(quaternion: Quaternion) -> Matrix3:
    """The rotation of a quaternion of any length but 0."""
    length = math.sqrt(math.fsum(v * v for v in quaternion))
    if length == 0:
        raise ValueError("a quaternion of length 0 is no rotation")
    w, x, y, z = (v / length for v in quaternion)
    return (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )


def looking(forward: Vec3, roll: float) -> Matrix3:
    """World to camera for a camera that looks along `forward`, level but for `roll` (positive: the camera's right side goes down)."""
    length = math.sqrt(dot(forward, forward))
    z = (forward[0] / length, forward[1] / length, forward[2] / length)
    across = math.hypot(z[0], z[1])
    if across < 1e-9:
        raise ValueError("a camera that looks straight up or down has no level")
    x = (z[1] / across, -z[0] / across, 0.0)
    y = cross(z, x)
    return multiply(rotation_about(2, -roll), (x, y, z))


# --- vectors and matrices -----------------------------------------------------------------------------------------------------------


def add(a: Vec3, b: Vec3) -> Vec3:
    """A + b."""
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def subtract(a: Vec3, b: Vec3) -> Vec3:
    """A - b."""
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def dot(a: Vec3, b: Vec3) -> float:
    """The scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vec3, b: Vec3) -> Vec3:
    """The right-handed vector product."""
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def rotate(matrix: Matrix3, vector: Vec3) -> Vec3:
    """Matrix · vector."""
    return (dot(matrix[0], vector), dot(matrix[1], vector), dot(matrix[2], vector))


def transpose(matrix: Matrix3) -> Matrix3:
    """The transposed matrix: of a rotation, its inverse."""
    a, b, c = zip(*matrix, strict=True)
    return (a, b, c)


def multiply(a: Matrix3, b: Matrix3) -> Matrix3:
    """A · b: first b, then a."""
    columns = transpose(b)
    x, y, z = (rotate(a, column) for column in columns)
    return transpose((x, y, z))


def rounded(matrix: Matrix3) -> Matrix3:
    """The matrix as it is stored, to `DECIMALS` decimals, so that a last bit that differs between processors is gone."""
    a, b, c = (rounded_vector(row) for row in matrix)
    return (a, b, c)


def rounded_vector(vector: Vec3) -> Vec3:
    """As `rounded`, for a vector."""
    x, y, z = (round(value, DECIMALS) + 0.0 for value in vector)
    return (x, y, z)
