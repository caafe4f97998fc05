"""Strangers' models: what is mended, what is refused, and that verdicts rest on the stored scene alone."""

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from schemas.errors import DataError, UserError
from schemas.seeds import stream
from synth.make import make_sample, truth_adapter
from synth.spatial.mesh_files import (
    MAX_TRIANGLES,
    REASONS,
    RawModel,
    corner_normals,
    in_metres,
    read_library,
    read_model,
    unpack_entry,
)
from synth.spatial.mesh_placing import as_thing
from synth.spatial.meshes import Meshes
from synth.spatial.objects import catalogue, model_key
from synth.spatial.shapes import Floats

CORNERS = [(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)]
QUADS = [(1, 2, 4, 3), (5, 7, 8, 6), (1, 5, 6, 2), (3, 4, 8, 7), (1, 3, 7, 5), (2, 6, 8, 4)]
"""A cube's sides, numbered from 1 as OBJ does, seen from outside."""


def obj(size: tuple[float, float, float] = (0.6, 0.9, 0.5), faces: list[tuple[int, ...]] | None = None, head: str = "") -> bytes:
    lines = [head, *(f"v {x * size[0]} {y * size[1]} {z * size[2]}" for x, y, z in CORNERS)]
    lines += [" ".join(("f", *map(str, face))) for face in (QUADS if faces is None else faces)]
    return "\n".join(lines).encode()


def stl(triangles: Floats) -> bytes:
    rows = b"".join(struct.pack("<12fH", 0, 0, 0, *corner.reshape(-1), 0) for corner in triangles)
    return b"\0" * 80 + struct.pack("<I", len(triangles)) + rows


def glb() -> bytes:
    points = np.array(CORNERS, "<f4") * np.array([0.6, 0.9, 0.5], "<f4")
    indices = np.array([[q[0], q[k], q[k + 1]] for q in QUADS for k in (1, 2)], "<u2").reshape(-1) - 1
    binary: bytes = points.tobytes() + indices.astype("<u2").tobytes()
    binary += b"\0" * (-len(binary) % 4)
    document = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "scene": 0,
        "nodes": [{"mesh": 0, "scale": [2, 1, 1]}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [1, 0, 0, 1]}}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 8, "type": "VEC3", "min": [0, 0, 0], "max": [0.6, 0.9, 0.5]},
            {"bufferView": 1, "componentType": 5123, "count": 36, "type": "SCALAR"},
        ],
        "bufferViews": [{"buffer": 0, "byteOffset": 0, "byteLength": 96}, {"buffer": 0, "byteOffset": 96, "byteLength": 72}],
        "buffers": [{"byteLength": len(binary)}],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + bytes(body)


def ply() -> bytes:
    head = "ply\nformat ascii 1.0\nelement vertex 8\nproperty float x\nproperty float y\nproperty float z\nelement face 6\n"
    head += "property list uchar int vertex_indices\nend_header\n"
    rows = [f"{x * 0.6} {y * 0.9} {z * 0.5}" for x, y, z in CORNERS] + [" ".join(("4", *(str(k - 1) for k in face))) for face in QUADS]
    return (head + "\n".join(rows) + "\n").encode()


def sides(model: RawModel) -> list[float]:
    return [round(float(side), 4) for side in np.ptp(model.vertices, axis=0)]


def test_quads_and_n_gons_become_triangles() -> None:
    assert len(read_model(obj(), "box.obj").triangles) == 12
    fan = [(1, 2, 4, 3), (5, 7, 8, 6), (1, 5, 6, 2, 4), (3, 4, 8, 7), (1, 3, 7, 5), (2, 6, 8, 4)]
    assert len(read_model(obj(faces=fan), "box.obj").triangles) == 13


@pytest.mark.parametrize(("made", "name", "wide"), [(glb, "box.glb", 1.2), (ply, "box.ply", 0.6), (lambda: obj(), "box.obj", 0.6)])
def test_formats_give_the_same_box(made: Callable[[], bytes], name: str, wide: float) -> None:
    model = read_model(made(), name)
    assert sides(model) == [wide, 0.9, 0.5]
    assert not model.repairs
    upright, unit = in_metres(model, "y", "auto", name)
    assert sides(upright) == [wide, 0.5, 0.9]
    assert unit == "m"
    assert float(upright.vertices[:, 2].min()) == 0.0
    if name == "box.glb":
        assert model.colours == ((255, 0, 0),)


def test_an_stl_in_millimetres_is_taken_for_what_it_is() -> None:
    box = read_model(obj((600, 900, 500)), "box.obj")
    again = read_model(stl(box.vertices[box.triangles]), "box.stl")
    model, unit = in_metres(again, "z", "auto", "box.stl")
    assert unit == "mm"
    assert sides(model) == [0.6, 0.9, 0.5]
    assert "unit_mm" in model.repairs
    assert in_metres(again, "z", "in", "box.stl", (0.6, 0.9, 0.5))[1] == "catalogue"
    with pytest.raises(DataError, match="unlikely_size"):
        in_metres(again, "z", "m", "box.stl")


def test_a_closed_shape_that_is_inside_out_is_turned() -> None:
    turned = read_model(obj(faces=[face[::-1] for face in QUADS]), "box.obj")
    assert turned.repairs == ("inside_out",)
    corners = turned.vertices[turned.triangles] - turned.vertices.mean(axis=0)
    outward = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert ((outward * corners.mean(axis=1)).sum(axis=1) > 0).all()
    half_open = read_model(obj(faces=[face[::-1] for face in QUADS[:5]]), "box.obj")
    assert not half_open.repairs  # which side is out cannot be told


def test_triangles_that_are_none_are_left_out_and_told() -> None:
    assert read_model(obj(faces=[*QUADS, (1, 1, 2)]), "box.obj").repairs == ("no_area",)
    many = obj(faces=[*QUADS] * 12)
    broken = many.replace(b"v 0.0 0.0 0.0", b"v 0.0 0.0 0.0\nv nan 0 0", 1)
    shifted = broken.replace(b"\nf ", b"\nf -9 -9 -8\nf ", 0)
    model = read_model(shifted.replace(b"v nan 0 0\n", b"", 1) + b"\nv nan 0 0\nf 9 1 2\n", "box.obj")
    assert "not_finite" in model.repairs


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.obj", "zero_byte"),
        (b"%PDF-1.7 and so on", "a.obj", "not_a_mesh"),
        (b"\x89PNG\r\n\x1a\n", "a.glb", "not_a_mesh"),
        (b"hello", "a.stl", "not_a_mesh"),
        (b"solid nothing\nendsolid nothing\n", "a.stl", "no_faces"),
        (obj(faces=[]), "a.obj", "no_faces"),
        (obj(faces=[(1, 1, 1)]), "a.obj", "no_faces"),
        (obj((1.0, 0.0, 1.0)), "a.obj", "flat"),
        (obj().replace(b"0.6", b"nan"), "a.obj", "not_finite"),
        (obj() + b"\nf 1 2 3" * (MAX_TRIANGLES + 1), "a.obj", "too_many_triangles"),
        (glb()[:200], "a.glb", "malformed"),
        (ply()[:150], "a.ply", ""),
        (b"model", "a.fbx", "not_a_mesh"),
    ],
)
def test_what_cannot_be_used_says_why(data: bytes, name: str, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        read_model(data, name)
    assert caught.value.reason in REASONS
    assert not reason or caught.value.reason == reason


def test_textures_give_their_mean_colour_and_missing_ones_are_told() -> None:
    picture = io.BytesIO()
    Pillow.new("RGB", (8, 8), (200, 100, 50)).save(picture, "PNG")
    lines = obj().replace(b"f 1 2 4 3", b"vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nusemtl wood\nf 1/1 2/2 4/3 3/4", 1)
    named = b"mtllib box.mtl\n" + lines
    material = b"newmtl wood\nKd 1.0 1.0 1.0\nmap_Kd wood.png\n"
    whole = read_model(named, "box.obj", {"box.mtl": material, "wood.png": picture.getvalue()})
    assert (200, 100, 50) in whole.colours
    assert not whole.repairs
    assert "materials_not_read" in read_model(named, "box.obj", {"box.mtl": material}).repairs
    assert "materials_not_read" in read_model(named, "box.obj", {}).repairs
    assert "materials_not_read" in read_model(named.replace(b"box.mtl", b"../../etc/passwd"), "box.obj", {}).repairs


def test_round_shapes_are_shaded_round_and_boxes_are_not() -> None:
    box = read_model(obj((1, 1, 1)), "box.obj")
    normals = corner_normals(box)
    assert np.allclose(np.abs(normals).max(axis=2), 1)
    k = np.arange(40) * 2 * np.pi / 40
    ring = "\n".join(f"v {np.cos(a)} 0 {np.sin(a)}\nv {np.cos(a)} 1 {np.sin(a)}" for a in k)
    faces = "\n".join(f"f {2 * i + 1} {2 * i + 2} {2 * ((i + 1) % 40) + 2} {2 * ((i + 1) % 40) + 1}" for i in range(40))
    tube = read_model(f"{ring}\n{faces}\n".encode(), "tube.obj")
    corners = tube.vertices[tube.triangles]
    radial = corners * np.array([1, 0, 1]) / np.sqrt((corners * corners * np.array([1, 0, 1])).sum(axis=2, keepdims=True))
    assert float(np.abs((corner_normals(tube) * radial).sum(axis=2)).min()) > 0.999


def test_a_model_is_a_thing_whose_kind_is_told_by_its_key() -> None:
    model, _ = in_metres(read_model(obj(), "box.obj"), "y", "auto", "box.obj")
    thing, mesh = as_thing(model, "night stand")
    kind = catalogue()[thing.kind]
    assert (thing.size, kind.names, kind.stands, kind.front) == ((0.6, 0.5, 0.9), ("night stand",), "floor", False)
    assert sum(len(part.triangles) for part in mesh.parts) == 12
    assert thing.kind not in list(catalogue())
    assert catalogue()[model_key("couch", "floor", (2.0, 0.9, 0.8))].names == ("couch", "sofa")
    with pytest.raises(KeyError):
        catalogue()["nothing"]


# --- libraries and samples ----------------------------------------------------------------------------------------------------------------


def library(rows: str, files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("PluginFurnitureCatalog.properties", rows)
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


ROW = "license=Public domain\nid#1=a\nname#1=Night stand 2\nmodel#1=/a/box.obj\nwidth#1=60\ndepth#1=50\nheight#1=90\ncategory#1=Bedroom\n"


def test_a_library_tells_names_sizes_and_licence() -> None:
    data = library(ROW, {"a/box.obj": obj()})
    found = read_library(data, "l.sh3f")
    (entry,) = found.entries
    assert (entry.name, entry.size, entry.plain) == ("night stand", (0.6, 0.5, 0.9), True)
    assert unpack_entry(data, entry, "l.sh3f")[0] == obj()
    assert (found.licence, found.left_out) == ("Public domain", 0)
    with pytest.raises(DataError, match="malformed"):
        read_library(b"no archive", "l.sh3f")
    with pytest.raises(DataError, match="lacks"):
        unpack_entry(library(ROW, {}), entry, "l.sh3f")
    tilted = read_library(library(ROW + "modelRotation#1=0 0 1 -1 0 0 0 -1 0\n", {}), "l.sh3f")
    assert not tilted.entries[0].plain


def row(number: int, **fields: str) -> str:
    told = {"name": "Night stand", "model": "/a/box.obj", "width": "60", "depth": "50", "height": "90", "category": "Bedroom"} | fields
    return "".join(f"{key}#{number}={value}\n" for key, value in told.items())


def test_a_bad_row_of_a_library_costs_itself_alone(tmp_path: Path) -> None:
    bad = [{"width": "80,5"}, {"depth": "0"}, {"height": "-3"}, {"width": "inf"}, {"height": "nan"}, {"name": "12"}]
    data = library(ROW + "".join(row(k, **fields) for k, fields in enumerate(bad, 2)) + f"name#{'9' * 5000}=x\n", {"a/box.obj": obj()})
    found = read_library(data, "l.sh3f")
    assert ([entry.number for entry in found.entries], found.left_out) == ([1], len(bad))
    assert read_library(library(row(1, name="Table: round"), {}), "l.sh3f").entries[0].name == "table round"
    (tmp_path / "bad.sh3f").write_bytes(library(row(1, width="80,5"), {"a/box.obj": obj()}))
    (tmp_path / "good.sh3f").write_bytes(data)
    family = Meshes(pattern=f"{tmp_path}/*", min_side_px=400, max_side_px=400, places=("bedroom",)).pin()
    assert [source.name for source in family._sources()] == ["bad.sh3f", "night stand"]
    assert f"library_rows_left_out:{len(bad)}" in make_sample(family, "spatial.meshes", 1, 4).tags
    with pytest.raises(DataError, match="no_faces: .*1 rows tell no name or size"):
        make_sample(family, "spatial.meshes", 0, 4)


def test_damaged_encrypted_and_endless_libraries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = library(ROW, {"a/box.obj": obj()})
    start = whole.index(b"PK\x01\x02")
    encrypted = bytearray(whole)
    encrypted[6] |= 1
    encrypted[start + 8] |= 1
    unknown = bytearray(whole)
    unknown[8] = unknown[start + 10] = 77
    for data in (encrypted, unknown, whole[: len(whole) // 2]):
        with pytest.raises(DataError, match="malformed"):
            read_library(bytes(data), "l.sh3f")
    monkeypatch.setattr("synth.spatial.mesh_files.MAX_CATALOGUE_BYTES", len(ROW) - 1)
    with pytest.raises(DataError, match="too_large"):
        read_library(whole, "l.sh3f")


def test_materials_beside_a_file_are_told_as_not_read(tmp_path: Path) -> None:
    (tmp_path / "chest.obj").write_bytes(obj((0.7, 0.5, 0.45), head="mtllib chest.mtl\nusemtl wood"))
    (tmp_path / "chest.mtl").write_bytes(b"newmtl wood\nKd 1 0 0\n")
    family = Meshes(pattern=f"{tmp_path}/chest.obj")
    assert "materials_not_read" in family._load(family._sources()[0])[2]


def test_truth_does_not_hold_where_a_file_lies(tmp_path: Path) -> None:
    truths = []
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "toy_chest.obj").write_bytes(obj((0.7, 0.5, 0.45)))
        family = Meshes(pattern=f"{tmp_path / folder}/*", places=("bedroom",)).pin()
        truth = family.sample_truth(0, stream(1, "truth"))
        truths.append(truth_adapter(family).dump_json(truth).decode().replace(family.pattern, ""))
    assert truths[0] == truths[1]
    assert str(tmp_path) not in truths[0]


def test_a_picture_without_questions_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chest.obj").write_bytes(obj((0.7, 0.5, 0.45)))
    family = Meshes(pattern=f"{tmp_path}/chest.obj", min_side_px=400, max_side_px=400, places=("bedroom",))
    monkeypatch.setattr("synth.spatial.relations_turns.write_turns", lambda *_: ())
    with monkeypatch.context() as without:
        without.setattr("synth.spatial.questions.write_turns", lambda *_: ())
        with pytest.raises(DataError, match="nothing_to_ask"):
            make_sample(family, "spatial.meshes", 0, 4)
    monkeypatch.setattr("synth.spatial.meshes.image_tokens", lambda *_: 8192)
    with pytest.raises(DataError, match="over_budget"):
        make_sample(family, "spatial.meshes", 0, 4)


def test_samples_of_files_and_libraries(tmp_path: Path) -> None:
    (tmp_path / "toy_chest.obj").write_bytes(obj((0.7, 0.5, 0.45)))
    (tmp_path / "bad.obj").write_bytes(b"nothing")
    (tmp_path / "all.sh3f").write_bytes(library(ROW, {"a/box.obj": obj()}))
    family = Meshes(pattern=f"{tmp_path}/*", min_side_px=400, max_side_px=400, places=("bedroom",)).pin()
    assert isinstance(family, Meshes)
    assert [source.name for source in family._sources()] == ["night stand", "bad", "toy chest"]
    first = make_sample(family, "spatial.meshes", 0, 4)
    assert all(verdict.passed for verdict in first.verdicts)
    used = json.loads(first.provenance)["assets"]
    assert {asset["licence"] for asset in used if "box.obj" in asset["name"]} == {"CC0-1.0"}
    with pytest.raises(DataError, match="not_a_mesh"):
        make_sample(family, "spatial.meshes", 1, 4)
    third = make_sample(family, "spatial.meshes", 2, 4)
    assert "toy chest" in third.attachments[0].data.decode("latin-1")
    for path in tmp_path.iterdir():
        path.unlink()
    assert all(verdict.passed for verdict in family.verify(first.stored, first.turns, None))  # type: ignore[arg-type] # truth is not read


def test_a_pattern_that_names_no_model_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(UserError, match="none of the files"):
        Meshes(pattern=f"{tmp_path}/*").pin()
