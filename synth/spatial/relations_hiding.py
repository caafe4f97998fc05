"""How much of each thing others hide, by rays against each thing alone: the generator's side of occlusion questions."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from synth.spatial.mesh import Mesh
from synth.spatial.rays import Rays
from synth.spatial.shapes import Integers

if TYPE_CHECKING:
    from synth.spatial.relations_bodies import Body, Surroundings

APART_PX = 6.0
"""Least distance in the picture of two things of which neither hides any of the other (chosen: nobody doubts it)."""


@dataclass
class Hiding:
    """Outlines of things alone, cast when they are first asked for."""

    at: "Surroundings"
    meshes: dict[int, Mesh]
    _alone: dict[int, Integers] = field(default_factory=dict)

    def alone(self, body: "Body") -> Integers:
        """Numbers of the picture's pixels, row by row, in which a thing would be seen if it stood alone."""
        if body.item.number not in self._alone:
            camera, mesh = self.at.camera, self.meshes[body.item.number]
            off = mesh.vertices - np.asarray(camera.position)
            x, y, z = (off[:, 0] * r[0] + off[:, 1] * r[1] + off[:, 2] * r[2] for r in camera.rotation)
            z = np.maximum(z, 1e-6)
            us, vs = camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy
            x0, y0 = max(0, int(us.min()) - 1), max(0, int(vs.min()) - 1)
            x1, y1 = min(camera.width_px, int(us.max()) + 2), min(camera.height_px, int(vs.max()) + 2)
            v, u = (axis.reshape(-1) for axis in np.mgrid[y0:y1, x0:x1])
            hit = Rays([mesh]).met(camera, u + 0.5, v + 0.5)
            self._alone[body.item.number] = (v * camera.width_px + u)[hit]
        return self._alone[body.item.number]

    def share(self, a: "Body", b: "Body") -> float:
        """Share of the outline of `b` in the picture that `a` hides."""
        pixels = self.alone(b)
        return float((self.at.view.thing.reshape(-1)[pixels] == a.item.number).sum() / max(1, len(pixels)))

    def apart(self, a: "Body", b: "Body") -> bool:
        """Whether `a` hides nothing of `b`, with some pixels between them."""
        (x0, y0, x1, y1), (u0, v0, u1, v1) = a.item.box_px, self._outline(b)
        return max(x0 - u1, u0 - x1, y0 - v1, v0 - y1) > APART_PX

    def _outline(self, body: "Body") -> tuple[float, float, float, float]:
        rows, columns = np.divmod(self.alone(body), self.at.camera.width_px)
        return (float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1))

    def total(self, body: "Body") -> float | None:
        """Share of a thing's outline that others hide; None where the picture's edge cuts it."""
        rows, columns = np.divmod(self.alone(body), self.at.camera.width_px)
        camera = self.at.camera
        if not len(rows) or rows.min() < 2 or columns.min() < 2 or rows.max() > camera.height_px - 3 or columns.max() > camera.width_px - 3:
            return None
        seen = (self.at.view.thing.reshape(-1)[self.alone(body)] == body.item.number).sum()
        return float(1 - seen / len(rows))
