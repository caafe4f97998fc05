"""`spatial.grounding`: a picture of a furnished place, and where things are in it: oriented boxes in space, boxes and points in the
picture, counts.

Scenes are drawn with metric sizes, standing on what holds them up, seen by a known camera; Open3D casts the rays. The scene is stored as a
GLB file beside the picture; `verify` draws its masks and depths again with a rasteriser of its own and proves every box from them
(`proof.py`).
"""

from dataclasses import dataclass
from typing import ClassVar, get_args

from numpy.random import Generator

from schemas.bbox_3d import Codec
from schemas.errors import DataError
from schemas.sample import Rendering, Stored, Turn, Verdict
from schemas.seeds import stream
from schemas.tokens import count_conversation, image_tokens
from synth.params import among, refuse, within
from synth.spatial import develop
from synth.spatial.layout import places
from synth.spatial.mesh import scene_attachment, scene_meshes
from synth.spatial.proof import Telling, verdicts
from synth.spatial.questions import Asking, Task, write_turns
from synth.spatial.scene import Scene, draw_scene
from synth.spatial.seen import Seen, faint, look
from synth.spatial.shade import Shader

CLUTTER = {"sparse": 3.0, "lived-in": 8.0, "crowded": 16.0}
"""Things per square metre of furniture top (chosen)."""
SPARE_ROUNDS = 2
"""How often each task is tried beyond what is asked: not all can be asked of each picture."""
SCENES = 12
"""Scenes drawn at most, until one shows enough."""


@dataclass(frozen=True, slots=True)
class Truth:
    """The scene, and what is asked of it."""

    scene: Scene
    tasks: tuple[Task, ...]
    tell_camera: bool
    clutter: str


@dataclass(frozen=True)
class Grounding:
    """Where things are: 9-DoF boxes, 2D boxes, points and counts in drawn rooms, kitchens, offices, desks, shelves, yards and streets.

    Attributes:
        places: Kinds of place, taken in turn; all where none is named.
        clutter: How much stands on furniture: `sparse`, `lived-in`, `crowded`; taken in turn.
        tasks: What is asked; all where none is named.
        questions: Questions a picture at most.
        min_side_px: Least length of the picture's longer side.
        max_side_px: Greatest.
        codec: Notation of boxes in space, `qwen3vl-cookbook` or `radians-rpy`.
        virtual_focal_px: Focal length of the one virtual camera that depths are told for, in pixels of a picture 512 high; 0 for depths in
            metres.
        context_tokens: Most tokens of a sample; the last questions are left out where there would be more.
    """

    version: ClassVar[int] = 3

    places: tuple[str, ...] = ()
    clutter: tuple[str, ...] = ("sparse", "lived-in", "crowded")
    tasks: tuple[Task, ...] = ()
    questions: int = 6
    min_side_px: int = 512
    max_side_px: int = 896
    codec: Codec = "qwen3vl-cookbook"
    virtual_focal_px: int = 0
    context_tokens: int = 8192

    def __post_init__(self) -> None:
        refuse(
            among("places", self.places, tuple(places()), may_be_empty=True),
            among("codec", (self.codec,), get_args(Codec)),
            among("clutter", self.clutter, tuple(CLUTTER)),
            among("tasks", self.tasks, get_args(Task), may_be_empty=True),
            within("questions", self.questions, 1, 20),
            within("min_side_px", self.min_side_px, 320, self.max_side_px, why="smaller, hardly a thing can be told"),
            within("max_side_px", self.max_side_px, 320, 2048),
            within("virtual_focal_px", self.virtual_focal_px, 0, 4096),
            within("context_tokens", self.context_tokens, 1024, why="a picture of the largest size and one question"),
        )

    def sample_truth(self, index: int, rng: Generator) -> Truth:
        """Draw scene and questions; places and clutter follow `index`."""
        kinds = self.places or tuple(places())
        place = kinds[index % len(kinds)]
        clutter = self.clutter[(index // len(kinds)) % len(self.clutter)]
        side = self.min_side_px + int(rng.integers(self.max_side_px - self.min_side_px + 1))
        tasks = self.tasks or get_args(Task)
        rounds = range(SPARE_ROUNDS + self.questions // len(tasks))
        order = [tasks[int(k)] for _ in rounds for k in rng.permutation(len(tasks))]
        tell_camera = bool(rng.random() < 0.5)
        for _ in range(SCENES):
            try:
                scene = draw_scene(place, side, CLUTTER[clutter], rng)
            except DataError:
                continue
            return Truth(scene, tuple(order), tell_camera, clutter)
        raise DataError("nothing_to_see", f"{SCENES} scenes of a {place} show fewer than three things each")

    def render(self, truth: Truth, rng: Generator) -> Rendering[tuple[Seen, ...]]:
        """Draw the scene and take its picture."""
        meshes = scene_meshes(truth.scene)
        view = Shader(truth.scene, meshes, stream(int(rng.integers(1 << 62)), "light")).draw()
        picture = develop.develop(view.light, develop.draw_look(rng), rng)
        pixels = develop.pixels_of(picture)
        if faint(view, pixels):
            raise DataError("faint", f"outlines in the picture of a {truth.scene.place} hardly show")
        seen = look(truth.scene, meshes, view, pixels)
        return Rendering(
            landed=seen,
            images=(picture,),
            attachments=(scene_attachment(truth.scene, meshes),),
            languages=("en",),
            tags=(f"place:{truth.scene.place}", f"clutter:{truth.clutter}", f"things:{len(seen)}"),
        )

    def write_turns(self, truth: Truth, rendering: Rendering[tuple[Seen, ...]], rng: Generator) -> tuple[Turn, ...]:
        """Ask about the picture."""
        asking = Asking(truth.scene, rendering.landed, self.codec, truth.tell_camera, float(self.virtual_focal_px))
        turns = write_turns(asking, truth.tasks, self.questions, rng)
        (image,) = rendering.images
        seen_tokens = [image_tokens(image.width_px, image.height_px)]
        if not turns:
            raise DataError("nothing_to_ask", f"none of {len(truth.tasks)} questions fits the picture of a {truth.scene.place}")
        while count_conversation(turns, seen_tokens) > self.context_tokens:
            turns = turns[:-2]
            if not turns:
                raise DataError(
                    "over_budget", f"one question about {image.width_px}x{image.height_px} pixels exceeds {self.context_tokens} tokens"
                )
        return turns

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Truth) -> tuple[Verdict, ...]:
        """Draw the stored scene again with other code, find it in the picture, and answer each question anew."""
        return verdicts(stored, turns, Telling(self.codec, truth.tell_camera, float(self.virtual_focal_px)))
