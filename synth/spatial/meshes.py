"""`spatial.meshes`: the user's own 3D models, put into drawn rooms, and asked about as `spatial.grounding` and `spatial.relations` ask.

Models are OBJ, GLB, PLY or STL files, or libraries of Sweet Home 3D (.sh3f, whose catalogues tell names and metric sizes). What can be
mended without guessing is (`mesh_files`), and recorded among the tags; a file that cannot be used is a `DataError` for its own samples.
A model's own materials and textures are read from inside its file or its library; files that lie beside an OBJ are not read, and the tag
`mended:materials_not_read` says that it names some. Fronts of strangers' models are not known and never asked for. `verify` reads nothing
but the stored scene and pictures.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePosixPath
from typing import ClassVar, Literal, get_args

from numpy.random import Generator

from schemas.bbox_3d import QWEN3VL_COOKBOOK
from schemas.errors import DataError, UserError
from schemas.sample import AssetUse, Rendering, Stored, Turn, Verdict
from schemas.seeds import stream
from schemas.tokens import count_conversation, image_tokens
from synth.assets import Asset, read_asset, resolve
from synth.params import among, refuse, within
from synth.spatial import proof, questions, relations_proof, relations_turns
from synth.spatial.develop import develop, draw_look, pixels_of
from synth.spatial.furniture import Model
from synth.spatial.grounding import CLUTTER, SCENES
from synth.spatial.layout import places
from synth.spatial.mesh import scene_attachment, scene_meshes
from synth.spatial.mesh_files import FORMATS, UNITS, Entry, Library, in_metres, read_library, read_model, unpack_entry
from synth.spatial.mesh_placing import as_thing, place
from synth.spatial.objects import Thing
from synth.spatial.questions import Asking
from synth.spatial.relations_bodies import Surroundings
from synth.spatial.relations_hiding import Hiding
from synth.spatial.scene import Scene, draw_scene
from synth.spatial.seen import look
from synth.spatial.shade import Shader

GroundingTask = Literal["detect_3d", "detect_3d_several", "point_3d", "detect_2d", "point_2d", "count", "count_boxes", "count_points"]
"""Those of `spatial.grounding` that name kinds: colours and uses of strangers' models are not known."""
LIBRARY = "sh3f"
ROOM_CATEGORIES = ("Bathroom", "Bedroom", "Exterior", "Kitchen", "Lights", "Living room", "Miscellaneous", "Office")
"""Categories of a library whose models stand in rooms; not doors, stairs, vehicles, people."""
ROOM_M = 2.3
"""Largest model of a library that is tried: higher ones stand under no ceiling."""
LICENCES = (
    ("Public domain", "CC0-1.0"),
    ("Creative Commons Attribution 3.0 United States", "CC-BY-3.0-US"),
    ("Creative Commons Attribution 3.0", "CC-BY-3.0"),
)
"""How libraries say it, and SPDX identifiers."""


@dataclass(frozen=True, slots=True)
class Source:
    """One model: its file, wherever it lies, and its number in a library's catalogue, or -1."""

    file: AssetUse
    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Truth:
    """The scene with the models in it: which thing is which source, and what may be asked."""

    scene: Scene
    sources: tuple[Source, ...]
    numbers: tuple[int, ...]
    relations: tuple[str, ...]
    grounding: tuple[str, ...]
    repairs: tuple[str, ...]


@dataclass(frozen=True)
class Meshes:
    """The user's own 3D models (OBJ, GLB, PLY, STL, or Sweet Home 3D's libraries) in drawn rooms: boxes in space, counts, relations.

    Attributes:
        pattern: Path, glob or URI of models (`.obj`, `.glb`, `.ply`, `.stl`) or libraries (`.sh3f`).
        licence: SPDX identifier of the files; libraries tell their own.
        names: What files are called in questions, by file name without ending; the file name itself, with blanks for `_` and `-`, else.
        up: The files' upward axis, `y` or `z`; `auto` takes y for OBJ and GLB and z for PLY and STL.
        unit: The files' unit, `m`, `cm`, `mm`, `in`; `auto` takes the first of metres, centimetres, millimetres that makes a likely size.
        places: Kinds of place, taken in turn; all where none is named.
        models: Models a scene at most.
        relations: Questions of `spatial.relations` a picture at most.
        grounding: Questions of `spatial.grounding` a picture at most.
        min_side_px: Least length of the picture's longer side.
        max_side_px: Greatest.
        context_tokens: Most tokens of a sample; the last questions are left out where there would be more.
        pinned: The files as they were when the run was planned (see `pin`); looked up again if empty.
    """

    version: ClassVar[int] = 3

    pattern: str
    licence: str = "LicenseRef-user"
    names: Mapping[str, str] | None = None
    up: Literal["auto", "y", "z"] = "auto"
    unit: Literal["auto", "m", "cm", "mm", "in"] = "auto"
    places: tuple[str, ...] = ()
    models: int = 4
    relations: int = 6
    grounding: int = 3
    min_side_px: int = 512
    max_side_px: int = 896
    context_tokens: int = 8192
    pinned: tuple[Asset, ...] = ()

    def __post_init__(self) -> None:
        refuse(
            among("up", (self.up,), ("auto", "y", "z")),
            among("unit", (self.unit,), ("auto", *UNITS)),
            among("places", self.places, tuple(places()), may_be_empty=True),
            within("models", self.models, 1, 12),
            within("relations", self.relations, 0, 40),
            within("grounding", self.grounding, 0 if self.relations else 1, 20, why="something must be asked"),
            within("min_side_px", self.min_side_px, 320, self.max_side_px, why="smaller, hardly a thing can be told"),
            within("max_side_px", self.max_side_px, 320, 2048),
            within("context_tokens", self.context_tokens, 1024, why="a picture of the largest size and one question"),
        )

    def files(self) -> tuple[Asset, ...]:
        """The files in order: the pinned ones, else what the pattern names now."""
        return self.pinned or _resolved(self.pattern, self.licence)

    def assets(self) -> tuple[AssetUse, ...]:
        """The files as parts of a data set's fingerprint."""
        return tuple(asset.use() for asset in self.files())

    def pin(self) -> "Meshes":
        """The same family with its list of files fixed."""
        if not any(_ending(asset) in (*FORMATS, LIBRARY) for asset in self.files()):
            names = ", ".join(asset.name for asset in self.files()[:3])
            what = f"none of the files that {self.pattern!r} names is a model or a library of models ({names})"
            raise UserError(what, where="params.pattern", todo=f"name files that end in .{', .'.join((*FORMATS, LIBRARY))}")
        return replace(self, pinned=self.files())

    def sample_truth(self, index: int, rng: Generator) -> Truth:
        """Draw a scene and put model number `index`, modulo their number, and some others into it."""
        sources = self._sources()
        first, others = sources[index % len(sources)], [sources[int(k)] for k in rng.integers(len(sources), size=self.models - 1)]
        thing, mesh, mended = self._load(first)
        chosen, loaded, repairs = [first], [(thing, mesh)], list(mended)
        for source in others:
            try:
                thing, mesh, mended = self._load(source)
            except DataError:
                continue  # it has samples of its own, which say what is wrong with it
            if source.name not in [one.name for one in chosen]:
                chosen, loaded, repairs = [*chosen, source], [*loaded, (thing, mesh)], [*repairs, *mended]
        kinds = self.places or tuple(places())
        side = self.min_side_px + int(rng.integers(self.max_side_px - self.min_side_px + 1))
        for _ in range(SCENES):
            try:
                scene = draw_scene(kinds[index % len(kinds)], side, CLUTTER["sparse"], rng)
            except DataError:
                continue
            found = place(scene, loaded, rng)
            if found:
                orders = [_shuffled(get_args(of), rng) for of in (relations_turns.Task, GroundingTask)]
                there = [(source, number) for source, number in zip(chosen, found[1], strict=True) if number >= 0]
                mine, numbers = tuple(source for source, _ in there), tuple(number for _, number in there)
                return Truth(found[0], mine, numbers, orders[0], orders[1], tuple(dict.fromkeys(repairs)))
        raise DataError("no_place", f"none of {SCENES} scenes has room in view for {first.name} of {loaded[0][0].size} m")

    def render(self, truth: Truth, rng: Generator) -> Rendering[tuple[Surroundings, Hiding]]:
        """Draw the scene and take its picture."""
        models = {number: self._load(source)[1] for source, number in zip(truth.sources, truth.numbers, strict=True)}
        meshes = scene_meshes(truth.scene, models)
        view = Shader(truth.scene, meshes, stream(int(rng.integers(1 << 62)), "light")).draw()
        picture = develop(view.light, draw_look(rng), rng)
        at = Surroundings(Asking(truth.scene, look(truth.scene, meshes, view, pixels_of(picture)), QWEN3VL_COOKBOOK, False), view)
        uses = tuple(self._use(source) for source in truth.sources)
        tags = (f"place:{truth.scene.place}", f"models:{len(models)}", *(f"mended:{name}" for name in truth.repairs))
        left_out = sum(_library(asset).left_out for asset in {self._asset(source) for source in truth.sources if source.number >= 0})
        tags += (f"library_rows_left_out:{left_out}",) if left_out else ()
        landed = (at, Hiding(at, {mesh.thing: mesh for mesh in meshes}))
        return Rendering(landed, (picture,), (), (scene_attachment(truth.scene, meshes),), uses, ("en",), tags)

    def write_turns(self, truth: Truth, rendering: Rendering[tuple[Surroundings, Hiding]], rng: Generator) -> tuple[Turn, ...]:
        """Ask as both families ask."""
        at, hiding = rendering.landed
        turns = relations_turns.write_turns(at, hiding, None, truth.relations, self.relations, rng)
        more = questions.write_turns(at.asking, truth.grounding, self.grounding, rng)  # type: ignore[arg-type] # tasks of GroundingTask
        if turns and more:
            more = (replace(more[0], text=more[0].text.removeprefix("<image>\n")), *more[1:])
        turns += more
        if not turns:
            raise DataError("nothing_to_ask", f"no question fits the picture of a {truth.scene.place}")
        (image,) = rendering.images
        while count_conversation(turns, [image_tokens(image.width_px, image.height_px)]) > self.context_tokens:
            turns = turns[:-2]
            if not turns:
                what = f"one question about {image.width_px}x{image.height_px} pixels"
                raise DataError("over_budget", f"{what} exceeds {self.context_tokens} tokens")
        return turns

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Truth) -> tuple[Verdict, ...]:
        """Each question by the verifier of the family that asks so."""
        pairs = list(zip(turns[::2], turns[1::2], strict=True))
        mine = [k for k, (_, told) in enumerate(pairs) if told.task in relations_proof.CHECKS]
        other = [k for k in range(len(pairs)) if k not in mine]
        found = dict(zip(mine, relations_proof.verdicts(stored, [turn for k in mine for turn in pairs[k]], turns[0]), strict=True))
        telling = proof.Telling(QWEN3VL_COOKBOOK, False, 0.0)
        found |= dict(zip(other, proof.verdicts(stored, [turn for k in other for turn in pairs[k]], telling, turns[0]), strict=True))
        return tuple(found[k] for k in range(len(pairs)))

    # --- models ---------------------------------------------------------------------------------------------------------------------------

    def _sources(self) -> tuple[Source, ...]:
        """All models of all files; a library that cannot be read is one source, whose samples say so."""
        out = []
        for asset in self.files():
            if _ending(asset) != LIBRARY:
                out.append(Source(asset.use(), -1, self._name(asset)))
                continue
            try:
                entries = [entry for entry in _library(asset).entries if _in_rooms(entry)]
            except DataError:
                entries = []
            out += [Source(asset.use(), entry.number, entry.name) for entry in entries] or [Source(asset.use(), -1, asset.name)]
        return tuple(out)

    def _name(self, asset: Asset) -> str:
        stem = PurePosixPath(asset.name.removesuffix(".gz")).stem
        plain = " ".join(stem.replace("_", " ").replace("-", " ").replace(":", " ").split()).lower().rstrip("0123456789 ")
        return (self.names or {}).get(stem, plain or "object")

    def _load(self, source: Source) -> tuple[Thing, Model, tuple[str, ...]]:
        return _loaded(self._asset(source), source.number, source.name, self.up, self.unit)

    def _asset(self, source: Source) -> Asset:
        """Where a source's file lies now."""
        return next(asset for asset in self.files() if asset.use() == source.file)

    def _use(self, source: Source) -> AssetUse:
        use, asset = source.file, self._asset(source)
        if source.number < 0:
            return use
        entry = next(entry for entry in _library(asset).entries if entry.number == source.number)
        licence = _licence(asset) if use.licence == "LicenseRef-user" else use.licence
        return AssetUse(f"{use.name}: {entry.path}, by {entry.creator}", use.sha256, licence, use.source)


def _ending(asset: Asset) -> str:
    return asset.name.removesuffix(".gz").rsplit(".", 1)[-1].lower()


def _in_rooms(entry: Entry) -> bool:
    return entry.plain and entry.category in ROOM_CATEGORIES and max(entry.size) <= ROOM_M


def _shuffled(names: tuple[str, ...], rng: Generator) -> tuple[str, ...]:
    return tuple(names[int(k)] for k in rng.permutation(len(names)))


@lru_cache(maxsize=8)
def _resolved(pattern: str, licence: str) -> tuple[Asset, ...]:
    return resolve(pattern, licence)


@lru_cache(maxsize=8)
def _library(asset: Asset) -> Library:
    return read_library(read_asset(asset), asset.name)


@lru_cache(maxsize=8)
def _licence(asset: Asset) -> str:
    """The SPDX identifier of what a library says of itself."""
    said = _library(asset).licence
    return next((spdx for words, spdx in LICENCES if said.startswith(words)), "LicenseRef-user")


@lru_cache(maxsize=16)
def _loaded(asset: Asset, number: int, called: str, up: str, unit: str) -> tuple[Thing, Model, tuple[str, ...]]:
    data, name = read_asset(asset), asset.name.removesuffix(".gz")
    beside: dict[str, bytes] = {}
    size = None
    if _ending(asset) == LIBRARY:
        library = _library(asset)
        entry = next((entry for entry in library.entries if entry.number == number), None)
        if entry is None:
            raise DataError("no_faces", f"{name} lists no model that stands in a room; {library.left_out} rows tell no name or size")
        data, beside = unpack_entry(data, entry, name)
        name, size = entry.path, entry.size
    raw = read_model(data, name, beside)
    upward = up if up != "auto" else "y" if name.lower().endswith((".obj", ".glb")) else "z"
    model, _ = in_metres(raw, upward, unit, name, size)
    thing, mesh = as_thing(model, called)
    return thing, mesh, model.repairs
