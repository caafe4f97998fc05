"""A scene as triangles in the world, and as a GLB file that any viewer opens and the verifier reads.

Vertices are snapped to a grid of 2**-14 m (0.06 mm), which single precision holds exactly within 1,024 m: the stored scene is then the
scene that was drawn, on every processor. Knows nothing of pictures or questions.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from schemas.canonical import canonical_json
from schemas.geometry_3d import Box3D, Camera, to_quaternion
from schemas.sample import Attachment, Json
from synth.spatial.furniture import Model
from synth.spatial.objects import Material, Thing, build, catalogue, is_model, materials
from synth.spatial.scene import Scene, Shell, Window, canonical_box
from synth.spatial.shapes import Floats, Integers, Part, cuboid, turn

GRID_PER_M = 16384
SCENE_NAME = "scene-0.glb"
MEDIA_TYPE = "model/gltf-binary"
SKY = Material("sky", "white", (255, 255, 255), 0)
"""What windows are made of: it shines."""
FAR_M = 30.0
"""How far ground and walls go on outdoors."""
FLOAT, UNSIGNED, TRIANGLES = 5126, 5125, 4
"""glTF 2.0, section 3.6.2.2 and 3.7.2.1."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """Triangles of one object.

    Attributes:
        name: `thing-3`, `floor` …
        thing: Its number in the scene, or -1 for floor, walls and ceiling.
        vertices: [n, 3] world, metres, on the grid.
        normals: [n, 3] world.
        triangles: [m, 3].
        materials: All it is made of.
        material: [m] which of them each triangle is of.
    """

    name: str
    thing: int
    vertices: Floats
    normals: Floats
    triangles: Integers
    materials: tuple[Material, ...]
    material: Integers


def scene_meshes(scene: Scene, models: Mapping[int, Model] | None = None) -> list[Mesh]:
    """Shell first, then one mesh a thing, in order; `models` has those, by number, that are built from no row of the catalogue."""
    shell = [_join(name, -1, [part], {part.slot: material}) for name, part, material in _shell_parts(scene.shell)]
    own = models or {}
    return shell + [_thing_mesh(number, thing, own[number] if number in own else build(thing)) for number, thing in enumerate(scene.things)]


def _thing_mesh(number: int, thing: Thing, model: Model) -> Mesh:
    yaw = math.radians(thing.yaw_deg)
    parts = [part.turned(2, yaw).moved(thing.position) for part in model.parts]
    return _join(f"thing-{number}", number, parts, thing.materials)


def _join(name: str, thing: int, parts: Sequence[Part], made_of: dict[str, Material]) -> Mesh:
    slots = list(dict.fromkeys(part.slot for part in parts))
    offsets = np.cumsum([0, *(len(part.vertices) for part in parts[:-1])])
    return Mesh(
        name,
        thing,
        np.round(np.concatenate([part.vertices for part in parts]) * GRID_PER_M) / GRID_PER_M,
        np.concatenate([part.normals for part in parts]),
        np.concatenate([part.triangles + offset for part, offset in zip(parts, offsets, strict=True)]),
        tuple(made_of[slot] for slot in slots),
        np.concatenate([np.full(len(part.triangles), slots.index(part.slot)) for part in parts]),
    )


def _shell_parts(shell: Shell) -> list[tuple[str, Part, Material]]:
    w, d, h = shell.width, shell.depth, shell.height
    if shell.road:
        return _street_parts(shell)
    if shell.outdoors:
        ground = cuboid((-FAR_M, -FAR_M, -0.1), (w + FAR_M, d + FAR_M, 0.0), "floor", 0.001)
        wall = cuboid((-FAR_M, d, 0.0), (w + FAR_M, d + 0.3, h), "wall", 0.01)
        return [("floor", ground, shell.floor), ("wall", wall, shell.walls)]
    t = 0.1
    out = [
        ("floor", cuboid((-t, -t, -t), (w + t, d + t, 0.0), "floor", 0.001), shell.floor),
        ("ceiling", cuboid((-t, -t, h), (w + t, d + t, h + t), "ceiling", 0.001), shell.ceiling),
    ]
    boxes = (((-t, -t), (w + t, 0.0)), ((-t, d), (w + t, d + t)), ((-t, 0.0), (0.0, d)), ((w, 0.0), (w + t, d)))
    for number, ((x0, y0), (x1, y1)) in enumerate(boxes):
        out.append((f"wall-{number}", cuboid((x0, y0, 0.0), (x1, y1, h), "wall", 0.001), shell.walls))
    b = 0.012  # skirting
    ends = (((0.0, 0.0), (w, b)), ((0.0, d - b), (w, d)), ((0.0, 0.0), (b, d)), ((w - b, 0.0), (w, d)))
    white = Material("paint", "white", (225, 223, 218), 0)
    for number, ((x0, y0), (x1, y1)) in enumerate(ends):
        out.append((f"skirting-{number}", cuboid((x0, y0, 0.0), (x1, y1, 0.08), "wall", 0.003), white))
    if shell.window:
        out += _window_parts(shell.window, w, d, white)
    return out


def _street_parts(shell: Shell) -> list[tuple[str, Part, Material]]:
    """A carriageway, a pavement with a kerb stone, a house front with windows and doors behind it, and another across the street."""
    x0, x1, road, d, h = -FAR_M, shell.width + FAR_M, shell.road, shell.depth, shell.height
    paving = Material("paving", "grey", (142, 140, 134), shell.floor.seed)
    stone, pane = Material("stone", "grey", (158, 156, 150), 1), Material("screen", "black", (36, 40, 48), 0)
    white, door = Material("paint", "white", (225, 223, 218), 0), Material("paint", "walnut", (84, 60, 48), 3)
    out = [
        ("floor", cuboid((x0, -4.0, -0.1), (x1, road - 0.15, 0.0), "floor", 0.001), shell.floor),
        ("kerb", cuboid((x0, road - 0.15, -0.1), (x1, road, 0.0), "kerb", 0.004), stone),
        ("pavement", cuboid((x0, road, -0.1), (x1, d, 0.0), "pavement", 0.001), paving),
        ("pavement-across", cuboid((x0, -7.0, -0.1), (x1, -4.0, 0.0), "pavement", 0.001), paving),
        ("wall", cuboid((x0, d, -0.1), (x1, d + 0.3, h), "wall", 0.01), shell.walls),
        ("wall-across", cuboid((x0, -7.3, -0.1), (x1, -7.0, h), "wall", 0.01), Material("render", "sand", (206, 190, 160), 7)),
        ("plinth", cuboid((x0, d - 0.03, 0.0), (x1, d, 0.45), "stone", 0.004), stone),
    ]
    step = 2.4
    for k in range(math.ceil((shell.width + 16) / step)):
        x = -8 + k * step + 0.7
        for floor in range(math.floor((h - 0.6) / 2.8) + 1):
            name, low = f"{k}-{floor}", 0.9 + 2.8 * floor
            at_door = floor == 0 and k % 3 == 1
            low, high = (0.0, 2.1) if at_door else (low, low + 1.4)
            if high > h - 0.2:
                continue
            out.append((f"jamb-{name}", cuboid((x - 0.07, d - 0.04, low), (x + 1.07, d, high + 0.08), "frame", 0.004), white))
            leaf = cuboid((x, d - 0.046, low + (0.0 if at_door else 0.07)), (x + 1.0, d - 0.04, high), "pane", 0.001)
            out.append((f"pane-{name}", leaf, door if at_door else pane))
            if not at_door:
                out.append((f"bar-{name}", cuboid((x + 0.47, d - 0.056, low), (x + 0.53, d - 0.046, high), "frame", 0.001), white))
    return out


def _window_parts(window: Window, w: float, d: float, white: Material) -> list[tuple[str, Part, Material]]:
    """A shining pane, 4 mm off the wall, with a frame and a cross."""

    def slab(start: float, end: float, low: float, high: float, thick: float, slot: str) -> Part:
        spans = (((start, 0.0), (end, thick)), ((start, d - thick), (end, d)), ((0.0, start), (thick, end)), ((w - thick, start), (w, end)))
        (x0, y0), (x1, y1) = spans[window.wall]
        return cuboid((x0, y0, low), (x1, y1, high), slot, 0.001)

    s, e, lo, hi, b = window.start, window.end, window.low, window.high, 0.05
    out = [("window", slab(s, e, lo, hi, 0.004, "sky"), SKY)]
    bars = (
        (s - b, s, lo - b, hi + b),
        (e, e + b, lo - b, hi + b),
        (s, e, lo - b, lo),
        (s, e, hi, hi + b),
        ((s + e) / 2 - 0.02, (s + e) / 2 + 0.02, lo, hi),
    )
    return [*out, *((f"window-frame-{k}", slab(*bar, 0.02, "frame"), white) for k, bar in enumerate(bars))]


def to_model(points: Floats, thing: Thing) -> Floats:
    """Points [n, 3] of the world in a thing's model frame."""
    return turn(points - np.asarray(thing.position), 2, -math.radians(thing.yaw_deg))


def scene_attachment(scene: Scene, meshes: Sequence[Mesh]) -> Attachment:
    """The scene as a GLB file: z up, one node an object with what it is under `extras`, camera and lights under the scene's `extras`."""
    chunks: list[bytes] = []
    document: dict[str, Json] = {"asset": {"version": "2.0", "generator": "Assay"}, "scene": 0}
    views: list[Json] = []
    accessors: list[Json] = []

    def put(array: Floats | Integers, kind: int, shape: str) -> int:
        data = np.ascontiguousarray(array, "<f4" if kind == FLOAT else "<u4")
        views.append({"buffer": 0, "byteOffset": sum(map(len, chunks)), "byteLength": data.nbytes})
        accessor: dict[str, Json] = {"bufferView": len(views) - 1, "componentType": kind, "count": len(data), "type": shape}
        if shape == "VEC3":
            accessor |= {"min": data.min(axis=0).tolist(), "max": data.max(axis=0).tolist()}
        chunks.append(data.tobytes())
        accessors.append(accessor)
        return len(accessors) - 1

    looks: list[Json] = []
    mesh_list: list[Json] = []
    nodes: list[Json] = [
        {"name": "world", "rotation": [-math.sqrt(0.5), 0.0, 0.0, math.sqrt(0.5)], "children": list(range(1, len(meshes) + 2))}
    ]
    for mesh in meshes:
        position = put(mesh.vertices, FLOAT, "VEC3")
        primitives: list[Json] = []
        for number, material in enumerate(mesh.materials):
            indices = put(mesh.triangles[mesh.material == number].reshape(-1), UNSIGNED, "SCALAR")
            primitives.append({"attributes": {"POSITION": position}, "indices": indices, "material": len(looks), "mode": TRIANGLES})
            looks.append(_look(material))
        mesh_list.append({"name": mesh.name, "primitives": primitives})
        node: dict[str, Json] = {"name": mesh.name, "mesh": len(mesh_list) - 1}
        if mesh.thing >= 0:
            node["extras"] = _about(scene.things[mesh.thing], scene.camera, mesh)
        nodes.append(node)
    nodes.append({"name": "camera", "camera": 0, "matrix": _camera_matrix(scene.camera)})
    document |= {
        "scenes": [{"nodes": [0], "extras": {"camera": _camera(scene.camera), "place": scene.place}}],
        "nodes": nodes,
        "meshes": mesh_list,
        "materials": looks,
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": sum(map(len, chunks))}],
        "cameras": [_perspective(scene.camera)],
    }
    return Attachment.of(SCENE_NAME, MEDIA_TYPE, _glb(document, b"".join(chunks)))


def _glb(document: dict[str, Json], binary: bytes) -> bytes:
    """Header, JSON chunk padded with blanks, binary chunk padded with zeros (glTF 2.0, section 4.4)."""
    text = canonical_json(document).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    head = struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + len(binary))
    return head + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary


def _about(thing: Thing, camera: Camera, mesh: Mesh) -> Json:
    """What a thing is, for questions: its names, uses, box and support."""
    kind, box = catalogue()[thing.kind], canonical_box(thing, camera)
    about: dict[str, Json] = {
        "label": kind.names[0],
        "names": list(kind.names),
        "is_a": list(kind.is_a),
        "has": list(kind.has),
        "own_model": is_model(thing.kind),
        "uses": list(kind.use),
        "front": kind.front,
        "turn": kind.turn,
        "support": thing.support,
        "box": _box(box),
    }
    return about


def _box(box: Box3D) -> Json:
    rotation: list[Json] = [list(row) for row in box.rotation]
    quaternion: list[Json] = [round(v, 9) + 0.0 for v in to_quaternion(box.rotation)]
    return {"center": list(box.center), "size": list(box.size), "rotation": rotation, "quaternion_wxyz": quaternion}


def _camera(camera: Camera) -> Json:
    rotation: list[Json] = [list(row) for row in camera.rotation]
    k: dict[str, Json] = {
        "width_px": camera.width_px,
        "height_px": camera.height_px,
        "fx": camera.fx,
        "fy": camera.fy,
        "cx": camera.cx,
        "cy": camera.cy,
    }
    quaternion: list[Json] = [round(v, 9) + 0.0 for v in to_quaternion(camera.rotation)]
    return {**k, "rotation": rotation, "quaternion_wxyz": quaternion, "position": list(camera.position)}


def _camera_matrix(camera: Camera) -> list[Json]:
    """Camera to world by columns, in glTF's camera axes: x right, y up, z back."""
    right, down, forward = camera.rotation
    columns = ((*right, 0.0), (*(-v for v in down), 0.0), (*(-v for v in forward), 0.0), (*camera.position, 1.0))
    return [round(value, 9) + 0.0 for column in columns for value in column]


def _perspective(camera: Camera) -> Json:
    yfov = round(2 * math.atan(camera.height_px / 2 / camera.fy), 9)
    return {
        "type": "perspective",
        "perspective": {"yfov": yfov, "aspectRatio": round(camera.width_px / camera.height_px, 9), "znear": 0.01},
    }


def _look(material: Material) -> Json:
    colour: list[Json] = [round(linear(v), 6) for v in material.rgb]
    gloss = materials()["kinds"].get(material.kind, {"gloss": [0.0, 5]})["gloss"][0]
    extras: dict[str, Json] = {"kind": material.kind}
    rough = {"baseColorFactor": [*colour, 1.0], "metallicFactor": 0.0, "roughnessFactor": round(1 - 0.8 * gloss, 3)}
    look: dict[str, Json] = {"name": material.kind, "pbrMetallicRoughness": rough, "extras": extras}
    if material.kind == SKY.kind:
        look["emissiveFactor"] = [1.0, 1.0, 1.0]
    return look


def linear(value: int) -> float:
    """An sRGB value from 0 to 255 as linear light, 0 to 1 (IEC 61966-2-1)."""
    share = value / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
