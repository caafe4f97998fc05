"""What can stand in a scene: the catalogue, one object drawn from it, and that object as a mesh.

Knows nothing of rooms, cameras or questions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from numpy.random import Generator

from schemas.geometry_3d import Vec3
from schemas.iou_3d import Symmetry
from schemas.seeds import stream
from synth.spatial import furniture, household, outdoors, things
from synth.spatial.furniture import Model, Surface
from synth.spatial.shapes import bounds, fitted

CATALOGUE, MATERIALS = (Path(__file__).with_name(name) for name in ("catalog.yaml", "materials.yaml"))
BUILDERS = {"furniture": furniture, "household": household, "outdoors": outdoors, "things": things}
Colour = tuple[int, int, int]
"""sRGB, 0 to 255."""
COLOUR_SPREAD = 9
"""How far a drawn colour may lie from the middle of its name, of 255 a channel (chosen: names stay apart in `proof_facts.colour_name`)."""
TINY_M = 0.001


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the catalogue; its fields are told there."""

    names: tuple[str, ...]
    shape: str
    size: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    stands: Literal["floor", "wall", "hung", "top", "shelf", "kerb"]
    slots: Mapping[str, tuple[str, ...]]
    square: Literal[False, True, "cube", "upright"] = False
    front: bool = False
    turn: Symmetry = "none"
    use: tuple[str, ...] = ()
    is_a: tuple[str, ...] = ()
    has: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Material:
    """What a part is made of: a kind of `materials.yaml`, a colour of it by name and as drawn, and a seed for its texture."""

    kind: str
    colour: str
    rgb: Colour
    seed: int


@dataclass(frozen=True, slots=True)
class Thing:
    """One object of a scene.

    Attributes:
        kind: Its row of the catalogue.
        size: Width, depth and height in its model frame, metres.
        position: Of the middle of its underside, in the world.
        yaw_deg: How far it is turned about the vertical from facing -y, counter-clockwise seen from above; whole tenths of a degree.
        seed: Of its shape's details.
        materials: By slot.
        support: Number of the thing it stands on, or None for the floor or a wall.
    """

    kind: str
    size: Vec3
    position: Vec3
    yaw_deg: float
    seed: int
    materials: dict[str, Material]
    support: int | None = None


MODEL_KEY = "model:"
"""What begins the key of a kind that is no row of the catalogue: a user's own model (`model_key`)."""


def model_key(name: str, stands: str, size: Vec3) -> str:
    """The key of the kind of a user's own model, which tells all there is to tell of it."""
    return f"{MODEL_KEY}{name}:{stands}:{':'.join(f'{side:g}' for side in size)}"


def is_model(key: str) -> bool:
    """Whether a kind is a user's own model, of which nothing is known but its name and size."""
    return key.startswith(MODEL_KEY)


class _Kinds(dict[str, Kind]):
    """The catalogue's rows, and kinds that are told by their keys."""

    def __missing__(self, key: str) -> Kind:
        if not is_model(key):
            raise KeyError(key)
        name, stands, *sides = key.removeprefix(MODEL_KEY).rsplit(":", 4)  # a name may hold colons
        alike = next((row.names for row in self.values() if name in row.names), ())
        names = (name, *(other for other in alike if other != name))
        w, d, h = ((0.6 * float(side), 1.6 * float(side)) for side in sides)  # what things of a name measure differs so much
        return Kind(names, "", (w, d, h), "top" if stands == "top" else "floor", {})


@cache
def catalogue() -> Mapping[str, Kind]:
    """All kinds of object, by key; keys of `model_key` are known too, though not listed."""
    rows: dict[str, dict[str, Any]] = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    out = _Kinds()
    for key, row in rows.items():
        size = tuple((float(low), float(high)) for low, high in row["size"])
        slots = {slot: tuple(kinds) for slot, kinds in row["slots"].items()}
        rest = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items() if name not in ("size", "slots")}
        out[key] = Kind(size=size, slots=slots, **rest)  # type: ignore[arg-type] # a row of another shape is found by test_objects
    return out


@cache
def materials() -> Mapping[str, Any]:
    """`materials.yaml` as it stands."""
    loaded: dict[str, Any] = yaml.safe_load(MATERIALS.read_text(encoding="utf-8"))
    return loaded


def draw_size(key: str, rng: Generator) -> Vec3:
    """Width, depth and height of one of its kind, whole millimetres."""
    kind = catalogue()[key]
    w, d, h = (round(low + (high - low) * float(rng.random()), 3) for low, high in kind.size)
    if kind.square is True:
        d = w
    elif kind.square == "cube":
        d = h = w
    elif kind.square == "upright":
        h = w
    return (w, d, h)


def draw_material(kind: str, rng: Generator) -> Material:
    """A colour of a kind of material."""
    names = materials()["kinds"][kind]["colours"]
    name = names[int(rng.integers(len(names)))]
    red, green, blue = (int(v) + int(rng.integers(-COLOUR_SPREAD, COLOUR_SPREAD + 1)) for v in materials()["colours"][name])
    return Material(kind, name, (red, green, blue), int(rng.integers(1 << 31)))


def draw_thing(key: str, rng: Generator) -> Thing:
    """One of its kind, at the origin."""
    size, seed = draw_size(key, rng), int(rng.integers(1 << 31))
    chosen = {}
    for slot, kinds in catalogue()[key].slots.items():
        chosen[slot] = draw_material(kinds[int(rng.integers(len(kinds)))], rng)
    return Thing(key, size, (0.0, 0.0, 0.0), 0.0, seed, chosen)


def build(thing: Thing) -> Model:
    """Its mesh and surfaces in the model frame, filling its size exactly."""
    return _built(thing.kind, thing.size, thing.seed)


@lru_cache(maxsize=256)
def _built(key: str, size: Vec3, seed: int) -> Model:
    """Layout, mesh and file ask for the same one in turn."""
    model = _builder(catalogue()[key].shape)(*size, stream(seed, "shape"))
    low, high = bounds(model.parts)
    scale = [side / (h - lo) for side, lo, h in zip(size, low, high, strict=True)]
    middle = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2])
    surfaces = [
        Surface(
            (s.x0 - middle[0]) * scale[0],
            (s.y0 - middle[1]) * scale[1],
            (s.x1 - middle[0]) * scale[0],
            (s.y1 - middle[1]) * scale[1],
            (s.z - middle[2]) * scale[2],
            s.headroom * scale[2],
        )
        for s in model.surfaces
    ]
    return Model(fitted(model.parts, size), surfaces)


def _builder(name: str) -> Callable[..., Model]:
    module, function = name.split(".")
    found: Callable[..., Model] = getattr(BUILDERS[module], function)
    return found
