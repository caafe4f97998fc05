"""`spatial.relations`: a picture of a furnished place, or two from two viewpoints, and how things in it lie to each other.

Sides and order from the camera, from a thing's own front and from elsewhere; what hides and carries what; metres; what fits where; free
places, parts that hands use, ways; the same thing in two pictures. Asked is only what holds by 15 % of the extents and 10 cm, for whole
things and for what is seen of them; `verify` draws masks and depths of the stored scene itself and derives each answer from its own points
(`relations_proof.py`).
"""

from dataclasses import dataclass, replace
from typing import ClassVar, get_args

from numpy.random import Generator

from schemas.errors import DataError
from schemas.geometry_3d import Camera
from schemas.sample import Attachment, Image, Rendering, Stored, Turn, Verdict
from schemas.seeds import stream
from schemas.tokens import count_conversation, image_tokens
from synth.params import among, refuse, within
from synth.spatial.develop import develop, draw_look, pixels_of
from synth.spatial.grounding import CLUTTER, SCENES
from synth.spatial.layout import places
from synth.spatial.mesh import Mesh, scene_attachment, scene_meshes
from synth.spatial.questions import Asking
from synth.spatial.relations_bodies import Surroundings
from synth.spatial.relations_hiding import Hiding
from synth.spatial.relations_proof import SECOND_NAME, verdicts
from synth.spatial.relations_turns import PairTask, Task, second_camera, write_turns
from synth.spatial.scene import Scene, draw_scene
from synth.spatial.seen import look
from synth.spatial.shade import Shader


@dataclass(frozen=True, slots=True)
class Truth:
    """The scene, the second viewpoint where there is one, and what may be asked, in order."""

    scene: Scene
    second: Camera | None
    tasks: tuple[str, ...]
    clutter: str


@dataclass(frozen=True)
class Landed:
    """What is where in the pictures."""

    first: Surroundings
    second: Surroundings | None
    meshes: tuple[Mesh, ...]


@dataclass(frozen=True)
class Relations:
    """How things lie to each other in drawn rooms, kitchens, offices, desks and yards: sides, order, hiding, support, metres, ways.

    Attributes:
        places: Kinds of place, taken in turn; all where none is named.
        clutter: How much stands on furniture: `sparse`, `lived-in`, `crowded`; taken in turn.
        tasks: What is asked; all where none is named. Those of two pictures are asked in samples that have two.
        questions: Questions a sample at most.
        pairs: Share of samples with two pictures of one place.
        min_side_px: Least length of a picture's longer side.
        max_side_px: Greatest.
        context_tokens: Most tokens of a sample; the last questions are left out where there would be more.
    """

    version: ClassVar[int] = 3

    places: tuple[str, ...] = ()
    clutter: tuple[str, ...] = ("sparse", "lived-in", "crowded")
    tasks: tuple[Task | PairTask, ...] = ()
    questions: int = 8
    pairs: float = 0.2
    min_side_px: int = 512
    max_side_px: int = 896
    context_tokens: int = 8192

    def __post_init__(self) -> None:
        refuse(
            among("places", self.places, tuple(places()), may_be_empty=True),
            among("clutter", self.clutter, tuple(CLUTTER)),
            among("tasks", self.tasks, (*get_args(Task), *get_args(PairTask)), may_be_empty=True),
            within("questions", self.questions, 1, 40),
            within("pairs", self.pairs, 0, 1),
            within("min_side_px", self.min_side_px, 320, self.max_side_px, why="smaller, hardly a thing can be told"),
            within("max_side_px", self.max_side_px, 320, 2048),
            within("context_tokens", self.context_tokens, 1024, why="two pictures of the largest size and one question"),
        )

    def sample_truth(self, index: int, rng: Generator) -> Truth:
        """Draw scene, viewpoints and the order of questions; places and clutter follow `index`."""
        kinds = self.places or tuple(places())
        place = kinds[index % len(kinds)]
        clutter = self.clutter[(index // len(kinds)) % len(self.clutter)]
        side = self.min_side_px + int(rng.integers(self.max_side_px - self.min_side_px + 1))
        single, paired = ([task for task in self.tasks or get_args(of) if task in get_args(of)] for of in (Task, PairTask))
        two = bool(paired) and (not single or bool(rng.random() < self.pairs))
        order = [single[int(k)] for k in rng.permutation(len(single))]
        for _ in range(SCENES):
            try:
                scene = draw_scene(place, side, CLUTTER[clutter], rng)
            except DataError:
                continue
            camera = second_camera(scene, rng) if two else None
            if two and camera is None:
                continue
            first = [paired[int(k)] for k in rng.permutation(len(paired))] if two else []
            return Truth(scene, camera, (*first, *order), clutter)
        raise DataError("nothing_to_see", f"{SCENES} scenes of a {place} show fewer than three things each, or leave no room for a camera")

    def render(self, truth: Truth, rng: Generator) -> Rendering[Landed]:
        """Draw the scene and take its picture, or two."""
        meshes = scene_meshes(truth.scene)
        cameras = [truth.scene.camera, *([truth.second] if truth.second else [])]
        style = draw_look(rng)
        images, attachments, views = list[Image](), list[Attachment](), list[Surroundings]()
        for number, camera in enumerate(cameras):
            scene = replace(truth.scene, camera=camera)
            view = Shader(scene, meshes, stream(int(rng.integers(1 << 62)), "light")).draw()
            images.append(develop(view.light, style, rng))
            pixels = pixels_of(images[-1])
            stored = scene_attachment(scene, meshes)
            attachments.append(stored if not number else Attachment.of(SECOND_NAME, stored.media_type, stored.data))
            views.append(Surroundings(Asking(scene, look(scene, meshes, view, pixels), "qwen3vl-cookbook", False), view))
        tags = (f"place:{truth.scene.place}", f"clutter:{truth.clutter}", f"things:{len(views[0].asking.seen)}", f"views:{len(views)}")
        landed = Landed(views[0], views[1] if len(views) > 1 else None, tuple(meshes))
        return Rendering(landed=landed, images=tuple(images), attachments=tuple(attachments), languages=("en",), tags=tags)

    def write_turns(self, truth: Truth, rendering: Rendering[Landed], rng: Generator) -> tuple[Turn, ...]:
        """Ask about the pictures."""
        landed = rendering.landed
        hiding = Hiding(landed.first, {mesh.thing: mesh for mesh in landed.meshes})
        turns = write_turns(landed.first, hiding, landed.second, truth.tasks, self.questions, rng)
        seen_tokens = [image_tokens(image.width_px, image.height_px) for image in rendering.images]
        if not turns:
            raise DataError("nothing_to_ask", f"none of {len(truth.tasks)} questions fits the picture of a {truth.scene.place}")
        while count_conversation(turns, seen_tokens) > self.context_tokens:
            turns = turns[:-2]
            if not turns:
                raise DataError("over_budget", f"one question about {len(seen_tokens)} pictures exceeds {self.context_tokens} tokens")
        return turns

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Truth) -> tuple[Verdict, ...]:
        """Draw the stored scene again with other code, find it in the pictures, and answer each question anew."""
        return verdicts(stored, turns)
