"""Reads a stored scene, a GLB file, for the verifier: triangles by object, what each object is, and the camera.

Shares no code with what wrote it. Refuses anything that is not what glTF 2.0 allows and this project writes.
"""

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
COMPONENTS = {5126: "<f4", 5125: "<u4"}
WIDTHS = {"SCALAR": 1, "VEC3": 3}


@dataclass(frozen=True, slots=True)
class Item:
    """One object of the scene.

    Attributes:
        name: Of its node.
        corners: [m, 3 corners, 3] triangles in the world, metres.
        colour: [m, 3] linear colour of each triangle, 0 to 1.
        shines: [m] whether it gives off light.
        part: [m] number of each triangle's part.
        about: What the file says of it; None for floor, walls and ceiling.
    """

    name: str
    corners: Floats
    colour: Floats
    shines: NDArray[np.bool_]
    part: Integers
    about: dict[str, Any] | None

    @property
    def label(self) -> str:
        """Its usual name, or nothing for the shell."""
        return str(self.about["label"]) if self.about else ""


@dataclass(frozen=True, slots=True)
class Pinhole:
    """The camera: pixels, and world to camera."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    rotation: Floats
    position: Floats

    def local(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        """x, y, z in the camera frame of points [..., 3]."""
        d = points - self.position
        r = self.rotation
        x, y, z = (d[..., 0] * r[k, 0] + d[..., 1] * r[k, 1] + d[..., 2] * r[k, 2] for k in range(3))
        return x, y, z


@dataclass(frozen=True, slots=True)
class StoredScene:
    """Objects and camera."""

    items: tuple[Item, ...]
    camera: Pinhole


def read_scene(data: bytes) -> StoredScene:
    """The scene in a GLB file; ValueError if it is none of ours."""
    document, binary = _chunks(data)
    try:
        items = tuple(_item(document, binary, node) for node in document["nodes"] if "mesh" in node)
        told = document["scenes"][0]["extras"]["camera"]
        rotation = np.array(told["rotation"], float)
        fx, fy, cx, cy = (float(told[key]) for key in ("fx", "fy", "cx", "cy"))
        position = np.array(told["position"], float)
        camera = Pinhole(int(told["width_px"]), int(told["height_px"]), fx, fy, cx, cy, rotation, position)
        matrix = np.array(next(n["matrix"] for n in document["nodes"] if "camera" in n), float).reshape(4, 4)
    except (KeyError, IndexError, TypeError, StopIteration) as error:
        raise ValueError(f"the scene file lacks {error}") from error
    _check_rotation(rotation, told["quaternion_wxyz"], "the camera")
    # the camera node, in glTF's axes, must say the same
    axes = np.stack([rotation[0], -rotation[1], -rotation[2], camera.position])
    if np.abs(matrix[:, :3] - axes).max() > 1e-8:
        raise ValueError("the scene file tells two different cameras")
    for item in items:
        if item.about:
            _check_rotation(np.array(item.about["box"]["rotation"], float), item.about["box"]["quaternion_wxyz"], item.name)
    return StoredScene(items, camera)


def _chunks(data: bytes) -> tuple[dict[str, Any], bytes]:
    if len(data) < 20 or data[:4] != b"glTF":
        raise ValueError("the scene is no GLB file")
    version, length = struct.unpack_from("<II", data, 4)
    size, kind = struct.unpack_from("<I4s", data, 12)
    if version != 2 or length != len(data) or kind != b"JSON":
        raise ValueError(f"the scene is GLB version {version} of {length} bytes, in {len(data)} bytes")
    text, rest = data[20 : 20 + size], data[20 + size :]
    size, kind = struct.unpack_from("<I4s", rest, 0)
    if kind != b"BIN\0" or len(rest) != 8 + size:
        raise ValueError("the scene has no binary chunk, or more than one")
    document: dict[str, Any] = json.loads(text)
    return document, rest[8:]


def _item(document: dict[str, Any], binary: bytes, node: dict[str, Any]) -> Item:
    corners, colours, shines, parts = [], [], [], []
    for number, primitive in enumerate(document["meshes"][node["mesh"]]["primitives"]):
        points = _array(document, binary, primitive["attributes"]["POSITION"]).astype(np.float64)
        indices = _array(document, binary, primitive["indices"]).astype(np.int64).reshape(-1, 3)
        if not np.isfinite(points).all() or (len(indices) and indices.max() >= len(points)):
            raise ValueError(f"{node['name']} has vertices that are not finite, or triangles without vertices")
        material = document["materials"][primitive["material"]]
        corners.append(points[indices])
        colours.append(np.tile(np.array(material["pbrMetallicRoughness"]["baseColorFactor"][:3], float), (len(indices), 1)))
        shines.append(np.full(len(indices), "emissiveFactor" in material))
        parts.append(np.full(len(indices), number))
    joined = (np.concatenate(corners), np.concatenate(colours), np.concatenate(shines), np.concatenate(parts))
    return Item(node["name"], *joined, node.get("extras"))


def _array(document: dict[str, Any], binary: bytes, number: int) -> NDArray[Any]:
    accessor = document["accessors"][number]
    view = document["bufferViews"][accessor["bufferView"]]
    width = WIDTHS[accessor["type"]]
    found = np.frombuffer(binary, COMPONENTS[accessor["componentType"]], accessor["count"] * width, view["byteOffset"])
    return found.reshape(-1, width) if width > 1 else found


def _check_rotation(matrix: Floats, quaternion: list[float], of: str) -> None:
    """A matrix must be a right-handed rotation, and the quaternion beside it the same one."""
    w, x, y, z = quaternion
    same = np.array(
        [
            [w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
        ]
    )
    if np.abs(matrix - same).max() > 1e-6 or np.abs(np.linalg.det(matrix) - 1) > 1e-6:
        raise ValueError(f"matrix and quaternion of {of} are not one rotation")
