"""Writes questions about a picture of the user's own: labels and tasks -> turns with programs and evidence.

The whole picture is asked about only where no text is in doubt; else regions are that hold nothing doubtful. Boxes in questions and answers
are thousandths of the picture.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from schemas.dialect import SpottedText, write_spotting
from schemas.geometry import Box1000, box_1000_to_px, box_px_to_1000, union_box
from schemas.languages import language as language_row
from schemas.sample import BoxPx, Evidence, Json, Proof, Turn
from synth.ocr import prompts
from synth.ocr.corpus import load_corpus
from synth.ocr.images_labels import Labels, Line
from synth.ocr.images_layout import has_plain_order, holds_just, is_blank
from synth.readers.text import difference, edits, fold

Task = Literal["transcribe", "spot_lines", "read_line", "find_lines", "transcribe_box", "spot_box"]
TASKS: tuple[Task, ...] = get_args(Task)
ABSENT_SHARE = 0.25
"""Share of `read_line` and `find_lines` questions about what is not there (families.md C: 15 to 25 % unanswerable)."""
MOST_IN_REGION = 12
"""Lines of a region (chosen: more are the whole picture's affair)."""
COMMON = 3_000
"""Absent words are among that many of the language's most frequent ones."""
TRIED_WORDS = 200
"""Of those, so many are looked at for the one most like a word of the picture."""
LONGEST = 4
"""Characters of a word that is asked for in scripts without spaces (chosen)."""
_AROUND = re.compile(r"^[\W_]+|[\W_]+$")
_TRIES = 30


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture to ask about."""

    labels: Labels
    pixels: NDArray[np.uint8]
    language: str

    @property
    def width_px(self) -> int:
        """Of the picture."""
        return int(self.pixels.shape[1])

    @property
    def height_px(self) -> int:
        """Of the picture."""
        return int(self.pixels.shape[0])

    def box_1000(self, box_px: BoxPx) -> Box1000:
        """In thousandths of the picture."""
        return box_px_to_1000(box_px, self.width_px, self.height_px)

    def spotted(self, lines: Sequence[Line]) -> str:
        """The answer that gives lines with their boxes."""
        return write_spotting([SpottedText(self.box_1000(line.box_px), line.text) for line in lines])


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's task and slots, its answer, what the proof says, and the boxes it rests on."""

    slots: dict[str, Json]
    text: str
    answer: Json
    evidence: tuple[BoxPx, ...]


Writer: TypeAlias = Callable[[Scene, str, Generator], Asked | None]


def ask(scene: Scene, task: Task, rng: Generator) -> tuple[Turn, Turn] | None:
    """One question and its answer, or None where the task cannot be asked. Nothing of it depends on what was asked before."""
    speech = prompts.draw_language(task, scene.language, rng)
    asked = WRITERS[task](scene, speech, rng)
    if asked is None:
        return None
    question = prompts.draw_prompt(task, speech, rng, **{name: str(value) for name, value in asked.slots.items()})
    proof = Proof({"op": task, **asked.slots}, asked.answer, tuple(Evidence(0, box) for box in asked.evidence))
    return Turn("user", question, task), Turn("assistant", asked.text, task, proof=proof)


def _transcribe(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    return None if _in_doubt(scene) else _transcript(scene.labels.lines, {})


def _spot_lines(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    return None if _in_doubt(scene) else _spotting(scene, scene.labels.lines, {})


def _transcribe_box(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    found = _region(scene, rng)
    return found and _transcript(found[1], {"box": list(found[0])})


def _spot_box(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    found = _region(scene, rng)
    return found and _spotting(scene, found[1], {"box": list(found[0])})


def _read_line(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    lines = scene.labels.lines
    if rng.random() < ABSENT_SHARE:
        empty = _empty_box(scene, rng)
        if empty is not None:
            region = box_1000_to_px(empty, scene.width_px, scene.height_px)
            return Asked({"box": list(empty)}, prompts.answer("nothing", speech), "absent", (region,))
    boxes = [scene.box_1000(line.box_px) for line in lines]
    line = lines[int(rng.integers(len(lines)))]
    box = scene.box_1000(line.box_px)
    return None if boxes.count(box) > 1 else Asked({"box": list(box)}, line.text, line.text, (line.box_px,))


def _find_lines(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    texts = [line.text for line in scene.labels.lines]
    doubtful = [text for doubt in scene.labels.doubts for text in doubt.readings]
    there = _words_there(scene, texts)
    absent = rng.random() < ABSENT_SHARE
    for _ in range(_TRIES):
        wanted = _near_word(scene, there, rng) if absent else there[int(rng.integers(len(there)))] if there else None
        if wanted is None:
            return None
        hits = [line for line in scene.labels.lines if wanted in line.text]
        if absent == (not hits) and not is_disputed(wanted, texts, doubtful, spaced=language_row(scene.language).spaced):
            return _spotting(scene, hits, {"text": wanted})
    return None


WRITERS: Mapping[Task, Writer] = {
    "transcribe": _transcribe,
    "spot_lines": _spot_lines,
    "read_line": _read_line,
    "find_lines": _find_lines,
    "transcribe_box": _transcribe_box,
    "spot_box": _spot_box,
}


def _in_doubt(scene: Scene) -> bool:
    """Whether some text of the picture, or the order of its lines, is not known for sure."""
    return bool(scene.labels.doubts) or not has_plain_order([line.box_px for line in scene.labels.lines])


def _transcript(lines: Sequence[Line], slots: dict[str, Json]) -> Asked:
    text = "\n".join(line.text for line in lines)
    return Asked(slots, text, text, tuple(line.box_px for line in lines))


def _spotting(scene: Scene, lines: Sequence[Line], slots: dict[str, Json]) -> Asked:
    answer: list[Json] = [[*scene.box_1000(line.box_px), line.text] for line in lines]
    return Asked(slots, scene.spotted(lines), answer or "absent", tuple(line.box_px for line in lines))


def _region(scene: Scene, rng: Generator) -> tuple[Box1000, Sequence[Line]] | None:
    """Some lines that follow each other, and the box around them, which holds no other text, nor any in doubt."""
    lines = scene.labels.lines
    for _ in range(_TRIES):
        count = 1 + int(rng.integers(min(MOST_IN_REGION, len(lines))))
        start = int(rng.integers(len(lines) - count + 1))
        inside = lines[start : start + count]
        boxes = [line.box_px for line in inside]
        region = scene.box_1000(union_box(boxes))
        others = [line.box_px for line in (*lines[:start], *lines[start + count :])] + [doubt.box_px for doubt in scene.labels.doubts]
        if holds_just(box_1000_to_px(region, scene.width_px, scene.height_px), boxes, others) and has_plain_order(boxes):
            return region, inside
    return None


def _empty_box(scene: Scene, rng: Generator) -> Box1000 | None:
    """A box about as large as a line, on plain ground, with room between it and all text."""
    everything = [line.box_px for line in scene.labels.lines] + [doubt.box_px for doubt in scene.labels.doubts]
    x0, y0, x1, y1 = scene.labels.lines[int(rng.integers(len(scene.labels.lines)))].box_px
    for _ in range(_TRIES):
        width, height = (x1 - x0) * (0.3 + 0.7 * float(rng.random())), y1 - y0
        x, y = float(rng.random()) * (scene.width_px - width), float(rng.random()) * (scene.height_px - height)
        box = scene.box_1000((x, y, x + width, y + height))
        region = box_1000_to_px(box, scene.width_px, scene.height_px)
        if box[0] < box[2] and box[1] < box[3] and is_blank(scene.pixels, region, everything):
            return box
    return None


def _words_there(scene: Scene, texts: Sequence[str]) -> list[str]:
    """Words of the picture that can be asked for; in scripts without spaces those parts of its text that the language's corpus knows."""
    if language_row(scene.language).spaced:
        return sorted({word for text in texts for word in _words(text) if _is_askable(word)})
    everything = "\n".join(texts)
    return sorted(
        word for word in set(load_corpus(scene.language).words) if len(word) <= LONGEST and _is_askable(word) and word in everything
    )


def _words(text: str) -> list[str]:
    """Words between spaces, without the signs around them."""
    return [_AROUND.sub("", word) for word in text.split()]


def is_disputed(wanted: str, texts: Sequence[str], doubtful: Sequence[str], *, spaced: bool) -> bool:
    """Whether people could say otherwise which texts hold a word: in one of them it is part of a longer word, or in other letter case, or
    goes over a space; or something like it may stand in a doubtful one.
    """
    plain = fold(wanted).casefold()
    for text in texts:
        says = wanted in (_words(text) if spaced else text)
        if says != (plain in fold(text).casefold()):
            return True
    return any(_may_hold(fold(text).casefold(), plain) for text in doubtful)


def _may_hold(text: str, wanted: str) -> bool:
    """Whether a part of a text is a word but for a third of its letters. Of a word cut into one piece more than there are edits, one piece
    is whole in such a part.
    """
    most = max(1, len(wanted) // 3)
    cuts = [len(wanted) * number // (most + 1) for number in range(most + 2)]
    if not any(wanted[a:b] in text for a, b in pairwise(cuts)):
        return False
    lengths = range(len(wanted) - most, len(wanted) + most + 1)
    return any(edits(wanted, text[at : at + length]) <= most for length in lengths for at in range(max(1, len(text) - length + 1)))


def _near_word(scene: Scene, there: Sequence[str], rng: Generator) -> str | None:
    """A common word of the language that is not in the picture, and is like one that is: a near miss that only reading tells."""
    words = [word for word in load_corpus(scene.language).words[:COMMON] if _is_askable(word)]
    if not words or not there:
        return None
    like = there[int(rng.integers(len(there)))]
    tried = {words[int(number)] for number in rng.integers(len(words), size=TRIED_WORDS)} - set(there)
    return min(sorted(tried), key=lambda word: difference(fold(word), fold(like)), default=None)


def _is_askable(word: str) -> bool:
    """Whether a word can be asked for: letters alone, at least three of an alphabet or two ideographs or kana."""
    return word.isalpha() and len(word) >= (3 if word.isascii() or word[0] < "\u2e80" else 2)
