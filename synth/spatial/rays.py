"""Casts rays into a scene's meshes with Open3D (Embree), and works out from each triangle where and how it was met.

Embree finds which triangle a ray meets first; its distances differ in the last bits from processor to processor, so everything that is
drawn or stored is computed here from the triangle's own corners. What is told of a triangle as a camera sees it (one over the depth, the
normal between its corners) is linear in the place in the picture, so that a pixel takes a few products. Depths are double precision, since
boxes are measured from them; what is only for light is single. Open3D is imported where it is first needed: it takes a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from schemas.errors import NotInstalledError
from schemas.geometry_3d import Camera, Matrix3
from synth.spatial.mesh import Mesh
from synth.spatial.shapes import Floats, Integers

Singles: TypeAlias = NDArray[np.float32]
"""Single precision; vectors of n points are [3, n], so that each axis lies together."""
NOTHING = -1
OFFSET_M = 5e-4
"""How far off a surface rays start, lest they meet it again (isl-org/Open3D#5430: speckled shadows)."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Where n rays of a camera met the scene.

    Attributes:
        mesh: [n] number of the mesh, or `NOTHING`.
        material: [n] number of the material among those of all meshes; 0 where nothing was met.
        depth: [n] metres along the camera's axis; 1 where nothing was met.
        directions: [3, n] world, 1 long along the camera's axis.
        points: [3, n] world, metres.
        flat: [3, n] unit normal of the triangle, towards the camera.
        smooth: [3, n] unit normal between those of its corners, towards the camera.
    """

    mesh: NDArray[np.int32]
    material: NDArray[np.int32]
    depth: Floats
    directions: Singles
    points: Singles
    flat: Singles
    smooth: Singles

    def taken(self, chosen: Integers) -> "Hits":
        """Some of them."""
        vectors = (np.take(v, chosen, axis=1) for v in (self.directions, self.points, self.flat, self.smooth))
        return Hits(self.mesh[chosen], self.material[chosen], self.depth[chosen], *vectors)


@dataclass(frozen=True, slots=True)
class _Facets:
    """What each of m triangles is to one camera: rows whose scalar product with a ray (x, y, 1) of the camera frame gives what is named.

    Attributes:
        nearness: [3, m] 1 / depth.
        flat: [3, m] unit normal towards the camera, world.
        smooth: [9, m] three rows, one an axis of the world: the normal between the corners', of some length.
    """

    nearness: Floats
    flat: Singles
    smooth: Singles


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
        self._meshes = tuple(meshes)
        for mesh in meshes:
            self._scene.add_triangles(
                self._core.Tensor(mesh.vertices.astype(np.float32)), self._core.Tensor(mesh.triangles.astype(np.uint32))
            )
        self.materials = [material for mesh in meshes for material in mesh.materials]

    @cached_property
    def _first(self) -> NDArray[np.int32]:
        """Number of each mesh's first triangle."""
        return np.cumsum([0, *(len(mesh.triangles) for mesh in self._meshes[:-1])]).astype(np.int32)

    @cached_property
    def _material(self) -> NDArray[np.int32]:
        """Number of each triangle's material among `materials`."""
        first = np.cumsum([0, *(len(mesh.materials) for mesh in self._meshes[:-1])])
        return np.concatenate([mesh.material + k for mesh, k in zip(self._meshes, first, strict=True)]).astype(np.int32)

    def see(self, camera: Camera, facets: _Facets, u: NDArray[Any], v: NDArray[Any]) -> Hits:
        """First hits of a camera's rays through pixel positions [n]."""
        x, y = (u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy
        directions = turned(camera.rotation, x.astype(np.float32), y.astype(np.float32))
        eye = np.array(camera.position, np.float32)
        found = self._scene.cast_rays(self._tensor(np.broadcast_to(eye[:, None], directions.shape), directions), nthreads=1)
        ids = found["geometry_ids"].numpy()
        met = ids != self._scene.INVALID_ID
        mesh = np.where(met, ids, 0).astype(np.int32)
        triangle = np.where(met, found["primitive_ids"].numpy().astype(np.int32) + self._first[mesh], 0)
        near = facets.nearness[0][triangle] * x + facets.nearness[1][triangle] * y + facets.nearness[2][triangle]
        depth = np.where(met & (near > 0), 1 / np.where(near > 0, near, 1.0), 1.0)
        points = eye[:, None] + depth.astype(np.float32) * directions
        flat = np.take(facets.flat, triangle, axis=1)
        xs, ys = x.astype(np.float32), y.astype(np.float32)
        smooth = np.empty_like(flat)
        for axis in range(3):
            a, b, c = (np.take(facets.smooth[3 * axis + k], triangle) for k in range(3))
            smooth[axis] = a * xs + b * ys + c
        return Hits(np.where(met, mesh, np.int32(NOTHING)), self._material[triangle], depth, directions, points, flat, unit(smooth))

    def facets(self, camera: Camera) -> _Facets:
        """The scene's triangles as one camera sees them."""
        eye, r = np.array(camera.position), np.array(camera.rotation)
        corners = np.concatenate([mesh.vertices[mesh.triangles] for mesh in self._meshes]) - eye
        normals = np.concatenate([mesh.normals[mesh.triangles] for mesh in self._meshes])
        a, b, c = (corners[:, k].T for k in range(3))
        facing = cross(b - a, c - a)
        off = dots(a, facing)  # of the triangle's plane from the eye, by its area
        off = np.where(np.abs(off) < 1e-15, 1e-15, off)
        whole = np.maximum(dots(facing, facing), 1e-30)
        nearness = facing / off
        # share of a corner in a point p = d / nearness: ((p - other) x edge) . facing / whole, which over the depth is linear in d
        slopes = []
        for start, edge in ((a, cross(c - a, facing)), (a, cross(facing, b - a))):
            slope = edge / whole
            slopes.append(slope - dots(start, slope) * nearness)
        slopes.insert(0, nearness - slopes[0] - slopes[1])
        mean = normals.sum(axis=1).T
        flat = facing / np.sqrt(whole) * -np.sign(off)
        side = np.where(dots(mean, flat) < 0, -1.0, 1.0)
        smooth = [
            side * sum(normals[:, k, axis] * dots(slopes[k], np.broadcast_to(r[j][:, None], facing.shape)) for k in range(3))
            for axis in range(3)
            for j in range(3)
        ]
        near = np.stack([dots(nearness, np.broadcast_to(r[j][:, None], facing.shape)) for j in range(3)])
        # lengths would overflow no single, but underflow where triangles are far: brought to about 1
        size = np.maximum(np.abs(np.stack(smooth)).max(axis=0), 1e-30)
        return _Facets(near, flat.astype(np.float32), (np.stack(smooth) / size).astype(np.float32))

    def blocked(self, origins: Singles, offsets: Singles) -> NDArray[np.bool_]:
        """Whether something lies between each origin and origin + offset, [3, n]."""
        found: NDArray[np.bool_] = self._scene.test_occlusions(self._tensor(origins, offsets), 0.0, 0.999, nthreads=1).numpy()
        return found

    def met(self, camera: Camera, u: Floats, v: Floats) -> NDArray[np.bool_]:
        """Whether a camera's rays through pixel positions [n] meet anything."""
        x, y = ((u - camera.cx) / camera.fx).astype(np.float32), ((v - camera.cy) / camera.fy).astype(np.float32)
        directions = turned(camera.rotation, x, y)
        origins = np.broadcast_to(np.array(camera.position, np.float32)[:, None], directions.shape)
        found: NDArray[np.bool_] = self._scene.test_occlusions(self._tensor(origins, directions), nthreads=1).numpy()
        return found

    def _tensor(self, origins: Singles, directions: Singles) -> Any:
        rays = np.empty((origins.shape[1], 6), np.float32)
        for k in range(3):
            rays[:, k], rays[:, 3 + k] = origins[k], directions[k]
        return self._core.Tensor.from_numpy(rays)


def turned(rotation: Matrix3, x: Singles, y: Singles) -> Singles:
    """Directions [3, n] in the world of rays (x, y, 1) of the camera frame; 1 long along the camera's axis."""
    r = np.array(rotation, np.float32)
    return np.stack([x * r[0, k] + y * r[1, k] + r[2, k] for k in range(3)])


def dots(a: NDArray[Any], b: NDArray[Any]) -> Any:
    """Scalar products of vectors [3, n], summed in one order everywhere."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: NDArray[Any], b: NDArray[Any]) -> Any:
    """Vector products of vectors [3, n]."""
    return np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def singles(values: Any) -> Singles:
    """Values in single precision."""
    return np.asarray(values, np.float32)


def unit(vectors: Singles) -> Singles:
    """Vectors [3, n] at length 1; those of length 0 stay."""
    return singles(vectors / np.sqrt(np.maximum(dots(vectors, vectors), np.float32(1e-30))))
