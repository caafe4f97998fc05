"""Light that reaches points: whole where nothing is between, none behind walls, even on even surfaces, bounded by the window it comes
through.
"""

import numpy as np
import pytest

from schemas.geometry_3d import Camera, looking
from schemas.seeds import stream
from synth.spatial.mesh import scene_meshes
from synth.spatial.objects import Material, Thing
from synth.spatial.rays import Rays, Singles
from synth.spatial.scene import Light, Opening, Scene, Shell
from synth.spatial.visibility import Visibility, through

GREY = Material("paint", "grey", (134, 134, 136), 1)
LAMP = Light("lamp", (2.0, 2.5, 2.3), 0.2, (1.0, 1.0, 1.0), 3.0)
BEAM = Light("beam", (-0.6, 0.0, 0.8), 0.01, (1.0, 1.0, 1.0), 3.0, Opening(0, 0.0, 1.0, 3.0, 1.0, 2.0))
"""Through the wall x = 0; what it lights of the floor lies between x = 0.75 and 1.5."""


def room(*things: Thing) -> Scene:
    camera = Camera(160, 120, 110.0, 110.0, 80.0, 60.0, looking((0.0, 1.0, -0.9), 0.0), (2.0, 0.6, 2.0))
    return Scene("test", Shell(4.0, 5.0, 2.5, False, GREY, GREY, GREY, None), things, camera, (LAMP, BEAM), (0.3, 0.3, 0.3))


def seen(scene: Scene) -> tuple[Singles, Singles]:
    """Visibility [3, h, w] and points [3, h, w]."""
    camera, rays = scene.camera, Rays(scene_meshes(scene))
    h, w = camera.height_px, camera.width_px
    v, u = (axis.reshape(-1) + 0.5 for axis in np.mgrid[0:h, 0:w])
    hits = rays.see(camera, rays.facets(camera), u, v)
    visible = Visibility(rays, scene.lights, stream(1, "light")).of(hits, h, w)
    return visible.reshape(3, h, w), hits.points.reshape(3, h, w)


def test_an_empty_floor_is_lit_evenly_and_without_grain() -> None:
    visible, points = seen(room())
    floor = (points[2] < 0.001) & (points[0] > 1.3) & (points[0] < 2.7) & (points[1] > 1.4) & (points[1] < 3.6)
    assert floor.sum() > 2000
    assert visible[1][floor].min() == 1.0
    assert visible[0][floor].min() > 0.97  # the walls are near enough to darken a little
    across = np.abs(np.diff(visible[0], axis=1))[floor[:, 1:] & floor[:, :-1]]
    assert across.max() < 0.012  # and there is no pattern in it
    assert visible.max() <= 1.0 + 1e-6


def test_a_block_throws_a_shadow_and_darkens_its_foot() -> None:
    block = Thing("carton", (0.6, 0.6, 1.2), (2.0, 3.0, 0.0), 0.0, 1, {"body": GREY, "tape": GREY})
    visible, points = seen(room(block))
    floor = points[2] < 0.001
    near = floor & (np.abs(points[0] - 2.0) < 0.3) & (points[1] > 2.6) & (points[1] < 2.69)
    far = floor & (np.abs(points[0] - 2.0) < 0.3) & (points[1] > 1.3) & (points[1] < 1.6)
    assert visible[0][near].mean() < visible[0][far].mean() - 0.15
    bare, _ = seen(room())
    assert (visible[1] <= bare[1] + 1e-6)[floor].mean() > 0.999


def test_a_beam_lights_what_lies_behind_its_window() -> None:
    x = np.array([0.74, 0.9, 1.4, 1.6, 1.1, 1.1], np.float32)
    y = np.array([1.5, 1.5, 1.5, 1.5, 0.9, 2.0], np.float32)  # the last is behind the bar in the middle
    share, reach = through(BEAM, np.stack([x, y, np.zeros(6, np.float32)]))
    assert share == pytest.approx([0, 1, 1, 0, 0, 0], abs=0.4)
    assert reach == pytest.approx(x / 0.6, rel=1e-5)
    behind = through(BEAM, np.array([[-0.5], [1.5], [0.5]], np.float32))[0]
    assert behind[0] == 0.0
