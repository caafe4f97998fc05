"""A stranger's 3D model -> triangles in metres: OBJ, GLB, PLY, STL files, alone or many in a Sweet Home 3D library (.sh3f).

What can be mended without guessing is mended and named in `RawModel.repairs`; everything else is a `DataError` with one of `REASONS`. Knows
nothing of scenes. trimesh parses; nothing is read but the bytes given here, so that a file cannot name others on the disk.
"""

import io
import math
import posixpath
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image as Pillow

from schemas.errors import DataError, NotInstalledError
from synth.spatial.shapes import Floats, Integers

REASONS = (
    "zero_byte",
    "not_a_mesh",
    "malformed",
    "no_faces",
    "not_finite",
    "flat",
    "too_many_triangles",
    "too_large",
    "unlikely_size",
)
"""Why a file cannot be used."""
MAX_TRIANGLES = 120_000
"""Most triangles of one model (chosen: a scene of some models is then cast and stored in seconds and some megabytes)."""
MAX_BYTES = 128 * 1024 * 1024
"""Largest unpacked file."""
BROKEN_SHARE = 0.02
"""Most triangles with coordinates that are no numbers that are left out; with more, the file is damaged."""
LEAST_M, MOST_M = 0.02, 6.0
"""Longest side of what can stand in a room, a yard or a street."""
UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254}
AUTO_UNITS = ("m", "cm", "mm")
"""Units that are tried in order until the longest side is likely."""
CREASE_COS = 0.7
"""Edges that turn by less than 45 degrees are shaded round."""
MATES = 64
"""Most triangles around a vertex whose normals are averaged."""
GREY = (150, 150, 150)
CATALOGUE = "PluginFurnitureCatalog.properties"
MAX_CATALOGUE_BYTES, MAX_DIGITS = 8 * 1024 * 1024, 9
"""Largest unpacked catalogue (chosen: tens of thousands of rows), and longest number of a row."""
ARCHIVE_FAULTS = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, OSError, RuntimeError)
"""What `zipfile` raises for a damaged or (RuntimeError) encrypted archive, or one packed in a way it does not know."""
FORMATS = ("obj", "glb", "ply", "stl")


@dataclass(frozen=True)
class RawModel:
    """Triangles as they were read, y up or z up as the file has it, in its own unit.

    Attributes:
        vertices: [n, 3].
        triangles: [m, 3].
        material: [m] number of each triangle's colour.
        colours: sRGB by number.
        repairs: What was mended, by name.
    """

    vertices: Floats
    triangles: Integers
    material: Integers
    colours: tuple[tuple[int, int, int], ...]
    repairs: tuple[str, ...]


def read_model(data: bytes, name: str, beside: Mapping[str, bytes] | None = None) -> RawModel:
    """The triangles in a file.

    Args:
        data: The file.
        name: Its name, whose ending tells the format.
        beside: Files that it may name (materials, textures), by path from its folder.

    Raises:
        DataError: With one of `REASONS`.
        NotInstalledError: trimesh is missing.
    """
    kind = name.rsplit(".", 1)[-1].lower()
    if not data:
        raise DataError("zero_byte", f"{name} is empty")
    if len(data) > MAX_BYTES:
        raise DataError("too_large", f"{name} has {len(data)} bytes, more than {MAX_BYTES}")
    if kind not in FORMATS or not _looks_like(kind, data):
        raise DataError("not_a_mesh", f"{name} starts with {data[:12]!r}, which is no {kind.upper()} file")
    if kind == "obj" and data.count(b"\nf ") > MAX_TRIANGLES:
        raise DataError("too_many_triangles", f"{name} has {data.count(chr(10).encode() + b'f ')} faces, more than {MAX_TRIANGLES}")
    if kind == "stl" and data[:5] != b"solid" and (len(data) - 84) // 50 > MAX_TRIANGLES:
        raise DataError("too_many_triangles", f"{name} has {(len(data) - 84) // 50} triangles, more than {MAX_TRIANGLES}")
    parts, missing = _parts(data, kind, name, dict(beside or {}))
    repairs = ["materials_not_read"] if missing else []
    if not parts:
        raise DataError("no_faces", f"{name} holds no triangles")
    offsets = np.cumsum([0, *(len(vertices) for vertices, _, _ in parts[:-1])])
    vertices = np.concatenate([vertices for vertices, _, _ in parts])
    triangles = np.concatenate([faces + offset for (_, faces, _), offset in zip(parts, offsets, strict=True)])
    palette = list(dict.fromkeys(colour for _, _, colour in parts))
    material = np.concatenate([np.full(len(faces), palette.index(colour)) for _, faces, colour in parts])
    return _mended(vertices, triangles, material, tuple(palette), repairs, name)


def _looks_like(kind: str, data: bytes) -> bool:
    if kind == "glb":
        return data[:4] == b"glTF"
    if kind == "ply":
        return data[:3] == b"ply"
    if kind == "stl":
        whole = len(data) >= 84 and len(data) == 84 + 50 * int.from_bytes(data[80:84], "little")
        return whole or data.lstrip()[:5].lower() == b"solid"
    lines = data[: 1 << 16].split(b"\n")
    return b"\0" not in data[: 1 << 16] and any(line.split()[:1] in ([b"v"], [b"f"], [b"o"], [b"g"]) for line in lines)


class _Beside:
    """trimesh's way to files that a file names: only those given, by their names; missing ones are noted."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files, self.missing = {posixpath.normpath(key.lower()): value for key, value in files.items()}, False

    def get(self, name: str) -> bytes:
        key = posixpath.normpath(name.strip().replace("\\", "/").lower())
        found = self.files.get(key) or self.files.get(posixpath.basename(key))
        if found is None:
            self.missing = True
            raise FileNotFoundError(name)
        return found

    __getitem__ = get

    def __contains__(self, name: str) -> bool:
        return posixpath.normpath(name.lower()) in self.files

    def keys(self) -> list[str]:
        return list(self.files)

    def namespaced(self, namespace: str) -> "_Beside":
        return self


def _parts(data: bytes, kind: str, name: str, beside: dict[str, bytes]) -> tuple[list[tuple[Floats, Integers, tuple[int, int, int]]], bool]:
    """Vertices, triangles and colour of each piece, in the file's frame; whether a texture or material file is missing."""
    try:
        import trimesh  # takes half a second, and only files of meshes need it
    except ImportError as error:
        raise NotInstalledError(f"trimesh cannot be loaded: {error}", where="spatial.meshes", todo="pip install trimesh==5.2.0") from error
    resolver: Any = _Beside(beside)
    # trimesh raises whatever its parsers meet in a damaged file
    faults = (ValueError, KeyError, IndexError, TypeError, AttributeError, OSError, NotImplementedError, AssertionError, OverflowError)
    try:
        with np.errstate(all="ignore"):
            scene: Any = trimesh.load_scene(io.BytesIO(data), file_type=kind, resolver=resolver, process=False)
        out = []
        for node in sorted(scene.graph.nodes_geometry):
            matrix, key = scene.graph[node]
            mesh = scene.geometry[key]
            if not isinstance(mesh, trimesh.Trimesh) or not len(mesh.faces):
                continue
            points = np.asarray(mesh.vertices, np.float64)
            m = np.asarray(matrix, np.float64)
            moved = np.stack([points[:, 0] * m[k, 0] + points[:, 1] * m[k, 1] + points[:, 2] * m[k, 2] + m[k, 3] for k in range(3)], axis=1)
            out.append((moved, np.asarray(mesh.faces, np.int64), _colour(mesh.visual)))
    except faults as error:
        raise DataError("malformed", f"{name}: {type(error).__name__}: {error}"[:300]) from error
    return out, resolver.missing


def _colour(visual: Any) -> tuple[int, int, int]:
    """One colour for a piece: the mean of its texture times its factor, its factor, the mean of its vertices', or grey."""
    material = getattr(visual, "material", None)
    if material is None:
        colours = getattr(visual, "vertex_colors", None) if getattr(visual, "defined", False) else None
        if colours is None or not len(colours):
            return GREY
        return _bytes(np.asarray(colours)[:, :3].astype(np.int64).sum(axis=0) / len(colours))
    image = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
    factor = getattr(material, "baseColorFactor", None)
    factor = factor if factor is not None else getattr(material, "diffuse", None)
    shade = np.asarray(factor if factor is not None else GREY, float)[:3]
    if factor is not None and np.asarray(factor).dtype.kind == "f":
        shade = shade * 255
    if not isinstance(image, Pillow.Image):
        return _bytes(shade)
    small = np.asarray(image.convert("RGB").resize((16, 16), Pillow.Resampling.BOX), np.int64).reshape(-1, 3).sum(axis=0) / 256
    return _bytes(small * (shade / 255 if shade.max() > 1 else 1.0))


def _bytes(colour: Floats) -> tuple[int, int, int]:
    red, green, blue = (int(min(255, max(0, round(float(v))))) for v in colour)
    return (red, green, blue)


def _mended(
    vertices: Floats, triangles: Integers, material: Integers, colours: tuple[tuple[int, int, int], ...], repairs: list[str], name: str
) -> RawModel:
    """Without triangles that are no triangles; wound outward where that can be told."""
    if triangles.min(initial=0) < 0 or triangles.max(initial=0) >= len(vertices):
        raise DataError("malformed", f"{name} has triangles without vertices")
    sound = np.asarray(np.isfinite(vertices).all(axis=1))
    finite = sound[triangles].all(axis=1)
    if not finite.all():
        if (~finite).mean() > BROKEN_SHARE:
            raise DataError("not_finite", f"{name}: {(~finite).mean():.0%} of the triangles have coordinates that are no numbers")
        repairs.append("not_finite")
    corners = np.where(np.isfinite(vertices), vertices, 0.0)[triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    extent = float(np.ptp(corners[finite].reshape(-1, 3), axis=0).max()) if finite.any() else 0.0
    keep = finite & (area > (1e-7 * extent) ** 2)
    if not keep.any():
        raise DataError("no_faces", f"{name} holds no triangle with an area")
    if (finite & ~keep).any():
        repairs.append("no_area")
    triangles, material, corners = triangles[keep], material[keep], corners[keep]
    if len(triangles) > MAX_TRIANGLES:
        raise DataError("too_many_triangles", f"{name} has {len(triangles)} triangles, more than {MAX_TRIANGLES}")
    middle = corners.reshape(-1, 3).mean(axis=0)
    a, b, c = (corners[:, k] - middle for k in range(3))
    if float((a * np.cross(b, c)).sum()) < 0 and _closed(corners):
        triangles = triangles[:, ::-1].copy()
        repairs.append("inside_out")
    sides = np.ptp(corners.reshape(-1, 3), axis=0)
    if np.sort(sides)[1] < 1e-6 * max(sides.max(), 1e-12) or sides.min() < 1e-4 * sides.max():
        raise DataError("flat", f"{name} measures {', '.join(f'{side:.4g}' for side in sides)}: it has no body")
    used, index = np.unique(triangles, return_inverse=True)
    return RawModel(vertices[used], index.reshape(-1, 3), material, colours, tuple(dict.fromkeys(repairs)))


def _closed(corners: Floats) -> bool:
    """Whether every edge, by place, belongs to two triangles that run along it in opposite directions."""
    span = max(float(np.ptp(corners.reshape(-1, 3), axis=0).max()), 1e-12)
    _, index = np.unique(np.round(corners.reshape(-1, 3) / span * 1e6).astype(np.int64), axis=0, return_inverse=True)
    faces = index.reshape(-1, 3)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges = edges[edges[:, 0] != edges[:, 1]]
    there, counts = np.unique(edges, axis=0, return_counts=True)
    back = np.unique(edges[:, ::-1], axis=0)
    return bool(len(there) == len(back) and (there == back).all() and (counts == 1).all())


def in_metres(model: RawModel, up: str, unit: str, name: str, size: tuple[float, float, float] | None = None) -> tuple[RawModel, str]:
    """The model in the frame of `shapes`: metres, x right, y away from its front, z up, standing on z = 0 around the origin.

    Args:
        model: As read.
        up: The file's upward axis, `y` (its front then looks along +z, as glTF has it) or `z`.
        unit: One of `UNITS`, or `auto`.
        name: For errors.
        size: Width, depth and height in metres, where a catalogue tells them; instead of a unit.

    Returns:
        The model, and the unit that was taken.

    Raises:
        DataError: `unlikely_size`.
    """
    v = model.vertices
    turned = np.stack([v[:, 0], -v[:, 2], v[:, 1]], axis=1) if up == "y" else v
    low, high = turned.min(axis=0), turned.max(axis=0)
    if size is not None:
        scale, unit = np.asarray(size) / (high - low), "catalogue"
    else:
        longest = float((high - low).max())
        fits = [u for u in (AUTO_UNITS if unit == "auto" else (unit,)) if LEAST_M <= longest * UNITS[u] <= MOST_M]
        if not fits:
            raise DataError("unlikely_size", f"{name} is {longest:.4g} {unit} long; a thing in a room has {LEAST_M} to {MOST_M} m")
        unit = fits[0]
        scale = np.full(3, UNITS[unit])
    middle = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    repairs = model.repairs + ((f"unit_{unit}",) if unit in ("cm", "mm") else ())
    return RawModel((turned - middle) * scale, model.triangles, model.material, model.colours, repairs), unit


def corner_normals(model: RawModel) -> Floats:
    """[m, 3, 3] normals at the corners of each triangle: the mean, by area, of those around it that turn little from its own."""
    corners = model.vertices[model.triangles]
    own = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    flat = own / np.maximum(np.sqrt((own * own).sum(axis=1, keepdims=True)), 1e-30)
    _, index = np.unique(np.round(corners.reshape(-1, 3) * 1e5).astype(np.int64), axis=0, return_inverse=True)
    order, counts = np.argsort(index, kind="stable"), np.bincount(index)
    first = np.cumsum(counts) - counts
    mates = np.where(counts > MATES, 0, counts)[index]  # a fan's hub keeps its triangles' own normals
    corner = np.repeat(np.arange(len(index)), mates)
    nth = np.arange(len(corner)) - np.repeat(np.cumsum(mates) - mates, mates)
    mine, other = corner // 3, order[first[index[corner]] + nth] // 3
    near = (flat[mine] * flat[other]).sum(axis=1) > CREASE_COS
    sums = np.stack([np.bincount(corner[near], own[other[near], k], len(index)) for k in range(3)], axis=1).reshape(-1, 3, 3)
    length = np.sqrt((sums * sums).sum(axis=2, keepdims=True))
    return np.asarray(np.where(length > 1e-20, sums / np.maximum(length, 1e-30), flat[:, None]), float)


# --- Sweet Home 3D libraries --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of a library.

    Attributes:
        number: In its catalogue.
        path: Inside the archive.
        name: What it is, in English, lower case.
        category: Of the catalogue.
        size: Width, depth, height in metres.
        creator: Who made it.
        plain: Whether it stands upright on something, as it is stored.
    """

    number: int
    path: str
    name: str
    category: str
    size: tuple[float, float, float]
    creator: str
    plain: bool


@dataclass(frozen=True, slots=True)
class Library:
    """What the catalogue of an .sh3f archive tells.

    Attributes:
        entries: Its models, by number.
        left_out: How many rows tell no file, no name or no size in numbers greater than 0.
        licence: What it says of its licence, or nothing.
    """

    entries: tuple[Entry, ...]
    left_out: int
    licence: str


def read_library(data: bytes, name: str) -> Library:
    """The models in an .sh3f archive, by its catalogue; DataError `malformed` if it is none, `too_large` if that has no end."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(CATALOGUE) as file:
            packed = file.read(MAX_CATALOGUE_BYTES + 1)
    except (*ARCHIVE_FAULTS, KeyError) as error:
        raise DataError("malformed", f"{name} is no furniture library: {error}") from error
    if len(packed) > MAX_CATALOGUE_BYTES:
        raise DataError("too_large", f"{name}: its catalogue unpacks to more than {MAX_CATALOGUE_BYTES} bytes")
    lines = packed.decode("latin-1").splitlines()
    rows: dict[int, dict[str, str]] = {}
    for line in lines:
        key, _, value = line.partition("=")
        field, _, place = key.strip().partition("#")
        if place.isdecimal() and len(place) <= MAX_DIGITS:
            rows.setdefault(int(place), {})[field] = value.strip()
    entries = [_entry(number, row) for number, row in sorted(rows.items())]
    licence = next((line.partition("=")[2].strip() for line in lines if line.startswith("license=")), "")
    return Library(tuple(entry for entry in entries if entry), entries.count(None), licence)


def _entry(number: int, row: Mapping[str, str]) -> Entry | None:
    """A row of a catalogue, whose sizes are centimetres; None if it lacks something or tells no size."""
    if not {"model", "name", "width", "depth", "height"} <= row.keys():
        return None
    try:
        size = (float(row["width"]) / 100, float(row["depth"]) / 100, float(row["height"]) / 100)
    except ValueError:
        return None
    words = row["name"].encode("latin-1", "replace").decode("unicode_escape", "replace").lower()
    name = " ".join(words.replace(":", " ").split()).rstrip("0123456789 ")
    if not name or not all(math.isfinite(side) and side > 0 for side in size):
        return None
    plain = "modelRotation" not in row and "elevation" not in row and row.get("doorOrWindow") != "true"
    return Entry(number, row["model"].lstrip("/"), name, row.get("category", ""), size, row.get("creator", ""), plain)


def unpack_entry(data: bytes, entry: Entry, name: str) -> tuple[bytes, dict[str, bytes]]:
    """A model's file, and those beside it; DataError `too_large` or `malformed`."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            folder = posixpath.dirname(entry.path)
            inside = [info for info in archive.infolist() if posixpath.dirname(info.filename) == folder and not info.is_dir()]
            if sum(info.file_size for info in inside) > MAX_BYTES:
                raise DataError("too_large", f"{name}: {entry.path} unpacks to more than {MAX_BYTES} bytes")
            files = {posixpath.basename(info.filename): archive.read(info) for info in inside}
    except ARCHIVE_FAULTS as error:
        raise DataError("malformed", f"{name}: {error}") from error
    if posixpath.basename(entry.path) not in files:
        raise DataError("malformed", f"{name} lacks {entry.path}")
    return files[posixpath.basename(entry.path)], files
