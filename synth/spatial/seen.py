"""What of each thing is seen in a drawn scene: pixels, share, boxes, a point on it. The generator's side; the verifier has its own.

Thresholds are stricter here than in `proof`, so that what is asked stays provable where two ways of drawing differ by some pixels.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.geometry_3d import Box3D, Camera
from schemas.sample import BoxPx
from synth.spatial.mesh import Mesh
from synth.spatial.rays import Rays
from synth.spatial.scene import Scene, canonical_box
from synth.spatial.shade import View
from synth.spatial.shapes import Integers

CLEAR_PX, CLEAR_SHARE = 260, 0.26
"""Least that is seen of what is asked about (families.md C3: 200 pixels and a share of 0.2, with a margin)."""
CLEAR_INNER_PX = 3
"""Least distance of its inmost pixel from its edge: a point on it told in thousandths is then on it."""
DISTINCT, BESIDE_PX = 1.5, 4
"""Least change across the outline of what is asked about, over that so many pixels beside (the verifier wants 1.3)."""
DISTINCT_PICTURE = 2.3
"""The same for the outlines of everything together (the verifier wants 2.0)."""
GONE_PX = 3
"""At most this much is seen of what counts as hidden."""
PROBE = 72
"""Rays along the longer side of a thing's own outline, to measure the share that is seen."""
NEAR_M = 0.08


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing in the picture.

    Attributes:
        number: In the scene.
        pixels: How many show it.
        share: Of its outline, as if nothing stood before it and the picture had no edge.
        box_px: Around the pixels that show it.
        point_px: A place well inside them.
        inner_px: How many pixels away from their edge that is.
        box: In the camera frame, in its canonical form.
        distance_m: From the camera to the nearest point of it that is seen.
        colours: Names of its materials' colours, and which share of its pixels shows each.
        distinct: How much more the picture changes at its outline than beside it; infinite where no picture was looked at.
    """

    number: int
    pixels: int
    share: float
    box_px: BoxPx
    point_px: tuple[float, float]
    inner_px: int
    box: Box3D
    distance_m: float
    colours: Mapping[str, float]
    distinct: float = math.inf

    @property
    def clear(self) -> bool:
        """Whether it is seen well enough to be asked about."""
        enough = self.pixels >= CLEAR_PX and self.share >= CLEAR_SHARE and self.inner_px >= CLEAR_INNER_PX
        return enough and self.distinct >= DISTINCT


def look(scene: Scene, meshes: Sequence[Mesh], view: View, picture: NDArray[np.uint8] | None = None) -> tuple[Seen, ...]:
    """All things of which more than `GONE_PX` pixels show, by number; `picture` [h, w, 3], if there is one, tells how well."""
    counts = np.bincount(view.thing[view.thing >= 0].reshape(-1), minlength=len(scene.things))
    by_thing = {mesh.thing: mesh for mesh in meshes if mesh.thing >= 0}
    return tuple(_seen(scene, by_thing[int(number)], view, picture) for number in np.flatnonzero(counts > GONE_PX))


def _seen(scene: Scene, mesh: Mesh, view: View, picture: NDArray[np.uint8] | None) -> Seen:
    mask = view.thing == mesh.thing
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box_px = (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
    crop = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    row, column, inner = _inside(crop)
    box = canonical_box(scene.things[mesh.thing], scene.camera).seen_by(scene.camera)
    v, u = np.nonzero(mask)
    camera, z = scene.camera, view.depth[mask]
    x, y = (u + 0.5 - camera.cx) / camera.fx * z, (v + 0.5 - camera.cy) / camera.fy * z
    distance = float(np.sqrt((x * x + y * y + z * z).min()))
    return Seen(
        mesh.thing,
        int(mask.sum()),
        _share(scene.camera, mesh, view),
        box_px,
        (box_px[0] + column + 0.5, box_px[1] + row + 0.5),
        inner,
        box,
        distance,
        _colours(mesh, view.part[mask]),
        math.inf if picture is None else _distinct(mask, picture, (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1)),
    )


def _colours(mesh: Mesh, parts: Integers) -> dict[str, float]:
    out: dict[str, float] = {}
    for part, pixels in enumerate(np.bincount(parts, minlength=len(mesh.materials)).tolist()):
        if pixels:
            name = mesh.materials[part].colour
            out[name] = out.get(name, 0.0) + pixels / len(parts)
    return out


def faint(view: View, picture: NDArray[np.uint8]) -> bool:
    """Whether the outlines of what is in a picture hardly show among what else changes in it: the picture could not be proved."""
    return _outlines(view.thing, picture) < DISTINCT_PICTURE


def _distinct(mask: NDArray[np.bool_], picture: NDArray[np.uint8], extent: tuple[int, int, int, int]) -> float:
    """`_outlines` of one thing, in a part of the picture twice as wide and high."""
    top, bottom, left, right = extent
    high, wide = max(12, (bottom - top) // 2), max(12, (right - left) // 2)
    part = (slice(max(0, top - high), bottom + high), slice(max(0, left - wide), right + wide))
    return _outlines(mask[part], picture[part])


def _outlines(regions: NDArray[Any], picture: NDArray[np.uint8]) -> float:
    """Mean change of a picture's bytes across outlines, over that across the same outlines moved up, down, left and right."""
    pixels = picture.astype(np.int16)
    at, beside = [0, 0], [0, 0]
    for axis in (0, 1):
        red, green, blue = (np.abs(np.diff(pixels[..., k], axis=axis)) for k in range(3))
        change = red + green + blue
        border = np.diff(regions, axis=axis) != 0
        moved = np.zeros_like(border)
        for way in (0, 1):
            shifted = np.moveaxis(moved, way, 0)
            source = np.moveaxis(border, way, 0)
            shifted[BESIDE_PX:] |= source[:-BESIDE_PX]
            shifted[:-BESIDE_PX] |= source[BESIDE_PX:]
        moved &= ~border
        for total, where in ((at, border), (beside, moved)):
            total[0] += int(change[where].sum())
            total[1] += int(where.sum())
    return (at[0] / max(1, at[1])) / max(1.0, beside[0] / max(1, beside[1]))


def _inside(mask: NDArray[np.bool_]) -> tuple[int, int, int]:
    """Row and column of a pixel that is left when the mask is worn down from its edges as long as something is left, and how often it
    was.
    """
    worn, depth = np.pad(mask, 1), 1
    while True:
        inner = worn.copy()
        inner[1:-1, 1:-1] &= worn[:-2, 1:-1] & worn[2:, 1:-1] & worn[1:-1, :-2] & worn[1:-1, 2:]
        if not inner.any():
            break
        worn, depth = inner, depth + 1
    rows, columns = np.nonzero(worn)
    middle = len(rows) // 2
    return int(rows[middle]) - 1, int(columns[middle]) - 1, depth


def _share(camera: Camera, mesh: Mesh, view: View) -> float:
    """Share of a thing's outline that shows: probes over the outline of the thing alone, also outside the picture; 0 if it is too near."""
    local = mesh.vertices - np.asarray(camera.position)
    x, y, z = (local[:, 0] * r[0] + local[:, 1] * r[1] + local[:, 2] * r[2] for r in camera.rotation)
    if z.min() < NEAR_M:
        return 0.0
    u, v = camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy
    step = max(0.25, float(max(np.ptp(u), np.ptp(v))) / PROBE)
    grid_v, grid_u = np.mgrid[v.min() : v.max() : step, u.min() : u.max() : step]
    us, vs = grid_u.reshape(-1) + step / 2, grid_v.reshape(-1) + step / 2
    alone = Rays([mesh]).met(camera, us, vs)
    if not alone.any():
        return 0.0
    columns, rows = np.floor(us).astype(int), np.floor(vs).astype(int)
    inside = (columns >= 0) & (columns < camera.width_px) & (rows >= 0) & (rows < camera.height_px)
    shown = np.zeros(len(us), bool)
    shown[inside] = view.thing[rows[inside], columns[inside]] == mesh.thing
    return float((shown & alone).sum() / alone.sum())
