"""`video.clips`: excerpts of the user's own films with labels laid over them, and questions about times, labels and shots.

The excerpt is encoded again, every frame at its own time, and stored; the model is shown frames of it that a rule of `sampling` chooses.
`verify` decodes the stored film with another decoder (`clips_proof`).
"""

import io
from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, Literal

from numpy.random import Generator
from PIL import Image as Pillow

from schemas.errors import DataError
from schemas.sample import AssetUse, Attachment, Clip, Rendering, Stored, Turn, Verdict
from schemas.tokens import clip_marks, count_conversation
from synth.assets import Asset, read_asset, resolve
from synth.params import QUESTIONS, among, refuse, within
from synth.render.fonts import asset_use
from synth.video.clips_film import FONT, Label, draw_labels, write_excerpt
from synth.video.clips_proof import verdicts
from synth.video.clips_questions import LANGUAGES, TASKS, Scene, ask, draw_notation
from synth.video.decode import Film, frames_at, probe
from synth.video.sampling import MIN_FRAMES, Budget, Chosen, fitted_size, from_indices, length_adaptive, mark_tokens, qwen3_vl
from synth.video.shots import find_shots, small_frames

FILM = "film.mp4"
JPEG_QUALITY = 90
"""Of stored frames (chosen)."""
LABELS = (0, 8)
TEXT_TOKENS = 0.3
"""Part of the context that is kept for the conversation (chosen)."""
SHORTEST = 0.3
"""Least part of a film, or of `max_seconds`, that an excerpt has (chosen)."""


@dataclass(frozen=True, slots=True)
class Truth:
    """Which part of which film, what is laid over it and what is asked, as far as it can be.

    Attributes:
        file: The film, wherever it lies.
        start: Where the excerpt begins, in parts of what may be left out.
        length: Of the excerpt, in parts of the longest there may be.
        labels: Laid over it.
        tasks: In the order in which they are tried.
        languages: Of each question.
    """

    file: AssetUse
    start: float
    length: float
    labels: tuple[Label, ...]
    tasks: tuple[str, ...]
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Clips:
    """Excerpts of the user's own films.

    Attributes:
        pattern: Path, glob or URI of films (MP4, MKV, WebM, AVI, MOV and whatever FFmpeg reads).
        licence: SPDX identifier of the files.
        languages: Of questions.
        questions: Questions a clip at most, 1 to 20.
        labels: (least, most) labels laid over a clip, 0 to 8.
        max_seconds: Longest excerpt.
        context_tokens: No sample is longer; rate and size of frames follow it.
        sampling: `length_adaptive`, or `qwen3_vl`: the processor's own rule, 2 frames a second.
        pinned: The files as they were when the run was planned (see `pin`); looked up again if empty.
    """

    version: ClassVar[int] = 2

    pattern: str
    licence: str = "LicenseRef-user"
    languages: tuple[str, ...] = LANGUAGES
    questions: int = 5
    labels: tuple[int, int] = (0, 4)
    max_seconds: float = 60.0
    context_tokens: int = 8_192
    sampling: Literal["length_adaptive", "qwen3_vl"] = "length_adaptive"
    pinned: tuple[Asset, ...] = ()

    def __post_init__(self) -> None:
        refuse(
            among("languages", self.languages, LANGUAGES),
            within("questions", self.questions, *QUESTIONS),
            within("labels", self.labels, *LABELS),
            within("max_seconds", self.max_seconds, 1, 600, why="the excerpt is stored whole"),
            within("context_tokens", self.context_tokens, 2_048, why="a few frames and a question need that much"),
        )

    def files(self) -> tuple[Asset, ...]:
        """The files in order: the pinned ones, else what the pattern names now."""
        return self.pinned or _resolved(self.pattern, self.licence)

    def assets(self) -> tuple[AssetUse, ...]:
        """The files as parts of a data set's fingerprint, and the font of labels."""
        return (*(asset.use() for asset in self.files()), asset_use(FONT))

    def pin(self) -> "Clips":
        """The same family with its list of files fixed, so that one that goes away or changes fails its own samples and no others."""
        return replace(self, pinned=self.files())

    def sample_truth(self, index: int, rng: Generator) -> Truth:
        """File number `index` modulo their number, so that a small corpus has them all."""
        files = self.files()
        names = list(TASKS)
        tasks = [names[int(n)] for _ in range(-(-2 * self.questions // len(names))) for n in rng.permutation(len(names))]
        languages = [self.languages[int(n)] for n in rng.integers(len(self.languages), size=len(tasks))]
        count = int(rng.integers(self.labels[0], self.labels[1] + 1))
        start, length = float(rng.uniform()), float(rng.uniform(SHORTEST, 1))
        return Truth(files[index % len(files)].use(), start, length, draw_labels(count, rng), tuple(tasks), tuple(languages))

    def render(self, truth: Truth, rng: Generator) -> Rendering[Scene]:
        """Cut the excerpt, lay labels over it, encode it, and decode the frames that are shown."""
        asset = next(asset for asset in self.files() if asset.use() == truth.file)
        source = read_asset(asset)
        film = probe(source)
        first, last = self._excerpt(film, truth)
        stored, labels = write_excerpt(source, film, first, last, truth.labels)
        ours = probe(stored)
        if len(ours.ticks) != last - first + 1:
            raise DataError("cannot_encode", f"{asset.name}: {last - first + 1} frames were encoded, {len(ours.ticks)} are stored")
        shots = find_shots(small_frames(source, film)[first : last + 1])
        chosen = self._choose(ours, tuple(ours.time_s[cut] for cut in shots.cuts) if shots.clear else ())
        pixels = frames_at(stored, ours, chosen.indices, chosen.size_px)
        clip = Clip(
            frames=tuple(_jpeg(Pillow.fromarray(frame)) for frame in pixels),
            time_s=chosen.time_s,
            frame_index=chosen.indices,
            source_fps=ours.fps,
            duration_s=ours.duration_s,
            source_sha256=Attachment.of(FILM, "video/mp4", stored).sha256,
        )
        tags = (
            "real",
            f"sampling:{chosen.policy}",
            f"codec:{film.codec}",
            f"labels:{len(labels)}",
            *(f"flag:{flag}" for flag in film.flags),
        )
        return Rendering(
            landed=Scene(tuple(sorted(labels, key=lambda label: label.first)), shots, ours.time_s, ours.duration_s, chosen),
            clips=(clip,),
            attachments=(Attachment.of(FILM, "video/mp4", stored),),
            assets=(truth.file, asset_use(FONT)),
            languages=tuple(sorted(set(truth.languages))),
            tags=tags,
        )

    def write_turns(self, truth: Truth, rendering: Rendering[Scene], rng: Generator) -> tuple[Turn, ...]:
        """Ask, as long as the conversation fits; the first turn carries the clip."""
        scene = rendering.landed
        marks = [clip_marks(scene.chosen.time_s, *scene.chosen.size_px)]
        turns: tuple[Turn, ...] = ()
        said: set[str] = set()
        for task, language in zip(truth.tasks, truth.languages, strict=True):
            pair = ask(scene, task, language, draw_notation(rng), rng)
            if pair is None or len(turns) == 2 * self.questions or str(pair[1].proof) in said:
                continue
            asked, answered = pair
            more = (*turns, asked if turns else replace(asked, text=f"<video>\n{asked.text}"), answered)
            if count_conversation(more, (), marks) <= self.context_tokens:
                turns = more
                said.add(str(answered.proof))
        if not turns:
            raise DataError("nothing_to_ask", f"{truth.file.name}: no label is seen and no shot is clear")
        return turns

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Truth) -> tuple[Verdict, ...]:
        """Decode the stored film with decord, find labels and cuts in it, and answer each question anew."""
        return verdicts(stored, turns, tuple(label.text for label in truth.labels))

    def _excerpt(self, film: Film, truth: Truth) -> tuple[int, int]:
        """Numbers of the first and the last frame."""
        longest = min(film.duration_s, self.max_seconds)
        length = max(longest * truth.length, min(longest, 1.0))
        begin = truth.start * (film.duration_s - length)
        first = max(0, bisect_right(film.time_s, begin) - 1)
        last = max(first, bisect_right(film.time_s, film.time_s[first] + length) - 1)
        if last - first + 1 < MIN_FRAMES:
            raise DataError("too_few_frames", f"{truth.file.name}: an excerpt of {length:.2f} s has {last - first + 1} frames")
        return first, last

    def _choose(self, film: Film, cuts_s: tuple[float, ...]) -> Chosen:
        size = film.width_px, film.height_px
        budget = Budget(self.context_tokens, 1 - TEXT_TOKENS)
        adaptive = length_adaptive(film.time_s, film.duration_s, size, budget, cuts_s)
        if self.sampling == "length_adaptive":
            return adaptive
        indices = qwen3_vl(len(film.ticks), film.fps)
        pair_tokens = budget.clip_tokens // -(-len(indices) // 2) - mark_tokens(film.duration_s)
        if pair_tokens < 1:
            raise DataError("over_budget", f"{len(indices)} frames at 2 a second do not fit into {budget.clip_tokens} tokens")
        return from_indices("qwen3_vl", indices, film.time_s, film.duration_s, fitted_size(size, pair_tokens))


def _jpeg(picture: Pillow.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling="4:4:4")
    return buffer.getvalue()


@lru_cache(maxsize=64)
def _resolved(pattern: str, licence: str) -> tuple[Asset, ...]:
    """The list of files, made once a process: a run must not change its mind half way."""
    return resolve(pattern, licence)
