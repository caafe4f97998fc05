"""`video.events`: procedural films of 5 s to 2 h from a log of what moves, meets, comes, goes and changes colour, asked about in time.

The log is simulated at continuous times, drawn, and encoded as H.264 with constant and variable rates, B-frames and groups of any length.
The film is stored beside the frames that the length-adaptive sampler chooses. `verify` decodes the film, follows what is coloured in it,
and derives every answer from that (`events_proof.py`).
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image as PillowImage

from schemas.errors import DataError
from schemas.sample import Attachment, Clip, Rendering, Stored, Turn, Verdict, sha256_hex
from schemas.timecode import NOTATIONS, Notation
from schemas.tokens import clip_marks, count_conversation
from synth.params import among, refuse, within
from synth.video.decode import frames_at, probe
from synth.video.draw import Drawing, Look, draw_look
from synth.video.encode import Coding, draw_coding, encode, frame_ticks
from synth.video.events_proof import FILM, verdicts
from synth.video.events_questions import TASKS, Asking, turns_of
from synth.video.log import World, happenings, simulate
from synth.video.log_plan import draw_world
from synth.video.sampling import Budget, length_adaptive

SIZES = ((448, 256), (512, 288), (384, 384), (640, 352), (256, 448), (416, 320))
"""(width, height) of films, in whole squares of 32 px (chosen)."""
LONG_S, LONG_SIZE = 600.0, (320, 192)
"""From this length on films are small: they are shown in few tokens a frame, and time goes into frames."""
WORLDS = 8
"""Worlds drawn at most, until one has enough happening."""
QUALITY = 92
"""Of JPEG, for the frames shown (chosen)."""


@dataclass(frozen=True, slots=True)
class Truth:
    """The log, how it is drawn and encoded, and what is asked."""

    world: World
    look: Look
    coding: Coding
    notation: Notation
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class Events:
    """When, how long, in which order, how often, who and what if: procedural films with exact times.

    Attributes:
        min_s: Shortest film; lengths are even on a logarithmic scale.
        max_s: Longest.
        tasks: What is asked; all where none is named.
        questions: Questions a film at most.
        notations: How times are written.
        context_tokens: Most tokens of a sample; four fifths of it are for the clip.
    """

    version: ClassVar[int] = 2

    min_s: float = 5.0
    max_s: float = 120.0
    tasks: tuple[str, ...] = ()
    questions: int = 8
    notations: tuple[Notation, ...] = NOTATIONS
    context_tokens: int = 8192

    def __post_init__(self) -> None:
        refuse(
            within("min_s", self.min_s, 5, self.max_s),
            within("max_s", self.max_s, 5, 7200),
            among("tasks", self.tasks, tuple(TASKS), may_be_empty=True),
            among("notations", self.notations, NOTATIONS),
            within("questions", self.questions, 1, 20),
            within("context_tokens", self.context_tokens, 4096, why="a clip of small frames and some questions"),
        )

    def sample_truth(self, index: int, rng: Generator) -> Truth:
        """Draw length, log, look and coding."""
        duration_s = self.min_s * (self.max_s / self.min_s) ** float(rng.random())
        size = LONG_SIZE if duration_s > LONG_S else SIZES[int(rng.integers(len(SIZES)))]
        coding = draw_coding(duration_s, rng)
        # the gap that frames of an even rate would have: changes are drawn so far apart that each state is shown
        times = [k / 10 for k in range(int(duration_s * 10))]
        gap_s = length_adaptive(times, duration_s, size, Budget(self.context_tokens)).largest_gap_s
        notation = self.notations[int(rng.integers(len(self.notations)))]
        known = self.tasks or tuple(TASKS)
        tasks = tuple(known[int(k)] for _ in range(1 + 2 * self.questions // len(known)) for k in rng.permutation(len(known)))
        for _ in range(WORLDS):
            try:
                world = draw_world(size, duration_s, gap_s, rng)
            except DataError:
                continue
            return Truth(world, draw_look(rng), coding, notation, tasks)
        raise DataError("tangled", f"in {WORLDS} worlds of {duration_s:.0f} s hardly anything could be made to happen")

    def render(self, truth: Truth, rng: Generator) -> Rendering[tuple[float, ...]]:
        """Draw and encode the film, and choose its frames."""
        world = truth.world
        run = simulate(world)
        changes = [(item.time_s, item.time_s) for item in happenings(world, run)]
        changes += [(leg.start_s, leg.end_s) for legs in run.legs for leg in legs]
        size = (world.width_px, world.height_px)
        ticks, base = frame_ticks(truth.coding, world.duration_s, changes, rng)
        data = encode(Drawing(world, run, truth.look).at, ticks, base, size, truth.coding)
        film = probe(data)
        chosen = length_adaptive(film.time_s, film.duration_s, size, Budget(self.context_tokens))
        frames = tuple(_jpeg(pixels) for pixels in frames_at(data, film, chosen.indices, chosen.size_px))
        clip = Clip(frames, chosen.time_s, chosen.indices, film.fps, film.duration_s, sha256_hex(data))
        kind = "variable" if truth.coding.variable else "constant"
        return Rendering(
            landed=chosen.time_s,
            clips=(clip,),
            attachments=(Attachment.of(FILM, "video/mp4", data),),
            languages=("en",),
            tags=(f"length:{_length(world.duration_s)}", f"rate:{kind}", f"things:{len(world.actors)}", f"policy:{chosen.policy}"),
        )

    def write_turns(self, truth: Truth, rendering: Rendering[tuple[float, ...]], rng: Generator) -> tuple[Turn, ...]:
        """Ask about the clip."""
        (clip,) = rendering.clips
        asking = Asking(truth.world, simulate(truth.world), clip.time_s, clip.duration_s, truth.notation)
        turns = turns_of(asking, truth.tasks, self.questions, rng)
        with PillowImage.open(io.BytesIO(clip.frames[0])) as picture:
            marks = clip_marks(clip.time_s, *picture.size)
        while turns and count_conversation(turns, (), [marks]) > self.context_tokens:
            turns = turns[:-2]
        if not turns:
            raise DataError("nothing_to_ask", f"none of {len(truth.tasks)} questions fits the film")
        return turns

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Truth) -> tuple[Verdict, ...]:
        """Watch the stored film and answer each question anew."""
        return verdicts(stored, turns, truth.notation)


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    PillowImage.fromarray(pixels).save(out, "JPEG", quality=QUALITY, subsampling=0)
    return out.getvalue()


def _length(duration_s: float, edges: Sequence[int] = (10, 30, 60, 180, 600, 1800, 3600)) -> str:
    """The bin of a length, such as `30-60s`."""
    low = max((edge for edge in edges if edge <= duration_s), default=0)
    high = min((edge for edge in edges if edge > duration_s), default=7200)
    return f"{low}-{high}s"
