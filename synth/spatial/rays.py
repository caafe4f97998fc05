"""Casts rays into a scene's meshes with Open3D (Embree), and works out again in double precision where each hit its triangle.

Embree finds which triangle a ray meets first; its distances differ in the last bits from processor to processor, so everything that is
drawn or stored is computed here from the triangle's own corners. Open3D is imported where it is first needed: it takes a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.errors import NotInstalledError
from schemas.geometry_3d import Camera, Matrix3
from synth.spatial.mesh import Mesh
from synth.spatial.shapes import Floats, Integers

NOTHING = -1
OFFSET_M = 5e-4
"""How far off a surface rays start, lest they meet it again (isl-org/Open3D#5430: speckled shadows)."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Where n rays met the scene.

    Attributes:
        mesh: [n] number of the mesh, or `NOTHING`.
        triangle: [n] number of the triangle among those of all meshes; 0 where nothing was met.
        depth: [n] multiples of the ray's direction; 1 where nothing was met.
        points: [n, 3] world, metres.
        flat: [n, 3] unit normal of the triangle, towards the ray's origin.
        smooth: [n, 3] unit normal between those of its corners, towards the ray's origin.
    """

    mesh: Integers
    triangle: Integers
    depth: Floats
    points: Floats
    flat: Floats
    smooth: Floats


class Rays:
    """The scene's meshes, ready for rays."""

    def __init__(self, meshes: Sequence[Mesh]) -> None:
        try:
            import open3d  # takes a second, and only drawing needs it
        except (ImportError, OSError) as error:
            todo = "pip install open3d-cpu==0.20.0, and sudo apt-get install libgl1 libegl1 libusb-1.0-0 libgomp1 (make system does)"
            raise NotInstalledError(f"Open3D cannot be loaded: {error}", where="spatial families", todo=todo) from error
        self._core: Any = open3d.core
        self._scene: Any = open3d.t.geometry.RaycastingScene(nthreads=1)
        for mesh in meshes:
            self._scene.add_triangles(
                self._core.Tensor(mesh.vertices.astype(np.float32)), self._core.Tensor(mesh.triangles.astype(np.uint32))
            )
        self.first = np.cumsum([0, *(len(mesh.triangles) for mesh in meshes[:-1])])
        """Number of each mesh's first triangle."""
        self.materials = [material for mesh in meshes for material in mesh.materials]
        material_first = np.cumsum([0, *(len(mesh.materials) for mesh in meshes[:-1])])
        self.material = np.concatenate([mesh.material + first for mesh, first in zip(meshes, material_first, strict=True)])
        """Number of each triangle's material among `materials`."""
        self._corners = np.concatenate([mesh.vertices[mesh.triangles] for mesh in meshes])
        self._normals = np.concatenate([mesh.normals[mesh.triangles] for mesh in meshes])
        a, b, c = (self._corners[:, k] for k in range(3))
        self._facing = cross(b - a, c - a)

    def cast(self, origins: Floats, directions: Floats) -> Hits:
        """First hits of rays [n, 3]."""
        found = self._scene.cast_rays(self._tensor(origins, directions), nthreads=1)
        ids = found["geometry_ids"].numpy()
        met = ids != self._scene.INVALID_ID
        mesh = np.where(met, ids, 0).astype(np.int64)
        triangle = np.where(met, found["primitive_ids"].numpy() + self.first[mesh], 0).astype(np.int64)
        corners, facing = self._corners[triangle], self._facing[triangle]
        depth = dots(corners[:, 0] - origins, facing) / dots(directions, facing)
        depth = np.where(met & np.isfinite(depth), depth, 1.0)
        points = origins + depth[:, None] * directions
        smooth = self._between(triangle, points)
        side = np.where(dots(facing, directions) > 0, -1.0, 1.0)[:, None]
        flat = unit(facing) * side
        smooth = smooth * np.where(dots(smooth, flat) < 0, -1.0, 1.0)[:, None]
        return Hits(np.where(met, mesh, NOTHING), triangle, depth, points, flat, smooth)

    def _between(self, triangle: Integers, points: Floats) -> Floats:
        """Normals between those of a triangle's corners, by the areas of the parts that a point divides it into."""
        a, b, c = (self._corners[triangle, k] for k in range(3))
        facing = self._facing[triangle]
        whole = np.maximum(dots(facing, facing), 1e-30)
        share_b = dots(cross(points - a, c - a), facing) / whole
        share_c = dots(cross(b - a, points - a), facing) / whole
        normals = self._normals[triangle]
        share_a = 1 - share_b - share_c
        return unit(share_a[:, None] * normals[:, 0] + share_b[:, None] * normals[:, 1] + share_c[:, None] * normals[:, 2])

    def blocked(self, origins: Floats, offsets: Floats) -> NDArray[np.bool_]:
        """Whether something lies between each origin and origin + offset."""
        found: NDArray[np.bool_] = self._scene.test_occlusions(self._tensor(origins, offsets), 0.0, 0.999, nthreads=1).numpy()
        return found

    def _tensor(self, origins: Floats, directions: Floats) -> Any:
        return self._core.Tensor(np.concatenate([origins, directions], axis=1).astype(np.float32))


def pixel_rays(camera: Camera, u: Floats, v: Floats) -> tuple[Floats, Floats]:
    """Origins and directions, in the world, of rays through pixel positions; directions are 1 long along the camera's axis, so that hits
    are at their depth.
    """
    x, y = (u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy
    r: Matrix3 = camera.rotation
    directions = np.stack([x * r[0][k] + y * r[1][k] + r[2][k] for k in range(3)], axis=1)
    return np.broadcast_to(np.asarray(camera.position), directions.shape), directions


def dots(a: Floats, b: Floats) -> Floats:
    """Scalar products of rows, summed in one order everywhere."""
    return a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2]


def cross(a: Floats, b: Floats) -> Floats:
    """Vector products of rows."""
    (ax, ay, az), (bx, by, bz) = a.T, b.T
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=1)


def unit(vectors: Floats) -> Floats:
    """Rows at length 1; rows of length 0 stay."""
    return vectors / np.sqrt(np.maximum(dots(vectors, vectors), 1e-30))[:, None]
