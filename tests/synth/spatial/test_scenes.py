"""What is drawn: objects fill their sizes, stand on something, and do not overlap; cameras stand free."""

import ast
from pathlib import Path

import numpy as np
import pytest

from schemas.errors import UserError
from schemas.geometry_3d import to_quaternion
from schemas.seeds import stream
from synth.spatial import prompts
from synth.spatial.grounding import Grounding
from synth.spatial.layout import footprint, overlap, places, tops
from synth.spatial.mesh import scene_attachment, scene_meshes
from synth.spatial.objects import build, catalogue, draw_thing, materials
from synth.spatial.scene import Scene, box_of, canonical_box, draw_scene
from synth.spatial.shapes import bounds
from synth.spatial.stored_scene import read_scene


def scenes() -> list[Scene]:
    return [draw_scene(place, 320, 9.0, stream(number, "truth")) for number, place in enumerate(places())]


@pytest.mark.parametrize("kind", catalogue())
def test_every_kind_fills_its_size_and_is_made_of_its_materials(kind: str) -> None:
    for seed in range(4):
        thing = draw_thing(kind, stream(seed, kind))
        model = build(thing)
        low, high = bounds(model.parts)
        assert high - low == pytest.approx(thing.size, abs=1e-9)
        assert (low[0] + high[0], low[1] + high[1], low[2]) == pytest.approx((0, 0, 0), abs=1e-9)
        assert {part.slot for part in model.parts} == set(thing.materials)
        for part in model.parts:
            assert np.isfinite(part.normals).all()
            assert part.triangles.max() < len(part.vertices)
        for surface in model.surfaces:
            assert surface.x0 < surface.x1
            assert surface.y0 < surface.y1


def test_the_data_files_name_only_what_there_is() -> None:
    kinds = catalogue()
    for row in places().values():
        named = [kind for kind, _, _ in row["furniture"]] + [*row.get("facing", {}), *row.get("around", {})]
        assert set(named) <= set(kinds)
    assert {kind for top in tops().values() for kind in top} | set(tops()) <= set(kinds)
    assert {material for kind in kinds.values() for slot in kind.slots.values() for material in slot} <= set(materials()["kinds"])
    assert {use for kind in kinds.values() for use in kind.use} <= set(prompts.uses())
    names = [name for kind in kinds.values() for name in kind.names]
    doubled = {name for name in names if names.count(name) > 1}
    assert doubled == {"book"}  # standing and lying ones are both books
    assert not {name for name in names if ", " in name}  # lists of names are joined with it


def test_nothing_overlaps_and_everything_is_held_up() -> None:
    for scene in scenes():
        for number, thing in enumerate(scene.things):
            for other in scene.things[:number]:
                if thing.support is None or scene.things[thing.support] is not other:
                    assert not overlap(footprint(thing), footprint(other)), (scene.place, thing.kind, other.kind)
            if thing.support is not None:
                below = scene.things[thing.support]
                levels = [below.position[2] + surface.z for surface in build(below).surfaces]
                assert min(abs(level - thing.position[2]) for level in levels) < 2e-4
            elif catalogue()[thing.kind].stands != "hung":
                assert thing.position[2] == 0.0


def test_boxes_hold_their_meshes_tightly_from_whichever_side_they_are_told() -> None:
    for scene in scenes():
        meshes = {mesh.thing: mesh for mesh in scene_meshes(scene)}
        for number, thing in enumerate(scene.things):
            for box in (box_of(thing), canonical_box(thing, scene.camera)):
                inner = (meshes[number].vertices - box.center) @ np.array(box.rotation)
                off = np.abs(np.concatenate([inner.max(axis=0) - np.array(box.size) / 2, inner.min(axis=0) + np.array(box.size) / 2]))
                assert off.max() < max(0.001, 0.01 * max(box.size)), (thing.kind, off)


def test_a_stored_scene_is_read_back_as_it_was() -> None:
    scene = scenes()[3]
    meshes = scene_meshes(scene)
    stored = read_scene(scene_attachment(scene, meshes).data)
    assert [item.name for item in stored.items] == [mesh.name for mesh in meshes]
    for item, mesh in zip(stored.items, meshes, strict=True):
        wanted = np.concatenate([mesh.vertices[mesh.triangles[mesh.material == k]] for k in range(len(mesh.materials))])
        assert np.array_equal(item.corners, wanted)  # the grid loses nothing in single precision
    camera = scene.camera
    assert (stored.camera.width, stored.camera.height, stored.camera.fx) == (camera.width_px, camera.height_px, camera.fx)
    x, y, z = stored.camera.local(np.array([[1.0, 2.0, 0.5]]))
    assert (x[0], y[0], z[0]) == pytest.approx(camera.to_camera((1.0, 2.0, 0.5)))
    box = canonical_box(scene.things[0], camera)
    about = next(item.about for item in stored.items if item.name == "thing-0")
    assert about is not None
    assert about["box"]["quaternion_wxyz"] == pytest.approx(to_quaternion(box.rotation), abs=1e-8)


def damaged(data: bytes) -> dict[str, bytes]:
    place = data.index(b'"quaternion_wxyz":[') + len(b'"quaternion_wxyz":[')
    end = data.index(b",", place)
    return {
        "another kind of file": b"glXX" + data[4:],
        "cut short": data[:-4],
        "no focal length": data.replace(b'"fx":', b'"fz":', 1),
        "another quaternion": data[:place] + b"0.123456789"[: end - place].ljust(end - place, b"1") + data[end:],
        "another triangle's corner": data.replace(b'"count":', b'"c0unt":', 1),
        "nothing": b"",
    }


@pytest.mark.parametrize("kind", damaged(b'"quaternion_wxyz":[1,'))
def test_a_damaged_scene_file_is_refused(kind: str) -> None:
    scene = scenes()[0]
    data = scene_attachment(scene, scene_meshes(scene)).data
    with pytest.raises(ValueError, match="."):
        read_scene(damaged(data)[kind])


def test_the_verifier_shares_only_phrasings_with_the_generator() -> None:
    folder = Path(prompts.__file__).parent
    verifier = {"proof", "proof_facts", "proof_picture", "stored_scene", "zbuffer"}
    for name in verifier:
        tree = ast.parse((folder / f"{name}.py").read_text())
        found = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        ours = {module.split(".")[-1] for module in found if module.startswith("synth.")} | {"prompts"} - {"spatial"}
        assert ours - {"spatial"} <= verifier | {"prompts"}
        assert not {node.names[0].name for node in ast.walk(tree) if isinstance(node, ast.Import)} & {"open3d"}


@pytest.mark.parametrize(
    ("params", "part"),
    [
        ({"places": ("livingroom",)}, "did you mean 'living room'"),
        ({"tasks": ("detect3d",)}, "did you mean 'detect_3d'"),
        ({"min_side_px": 100}, "min_side_px is 100"),
        ({"min_side_px": 900, "max_side_px": 600}, "min_side_px is 900"),
        ({"questions": 0}, "questions is 0"),
        ({"codec": "degrees"}, "codec"),
    ],
)
def test_mistakes_in_parameters_are_told(params: dict[str, object], part: str) -> None:
    with pytest.raises(UserError, match=part):
        Grounding(**params)  # type: ignore[arg-type]
