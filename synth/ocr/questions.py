"""Writes questions about the text of one picture: a text layer, where it landed in the picture, and tasks -> questions with programs.

Boxes in questions and answers are thousandths of the picture (`schemas.dialect`). Knows nothing of how the layer was made; the verifier,
`proof.py`, shares nothing with this module but the phrasings.
"""

import html
import itertools
import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from fontTools.unicodedata import script as unicode_script
from numpy.random import Generator

from schemas.dialect import SpottedText, write_spotting
from schemas.geometry import Box1000, box_1000_to_px, box_px_to_1000, clip_box
from schemas.languages import language as language_row
from schemas.sample import BoxPx, Evidence, Json, Proof, Turn
from schemas.text_layer import TextLayer, TextLine, Word
from synth.ocr import prompts
from synth.ocr.corpus import tells_apart
from synth.render.breaks import graphemes

Task = Literal["transcribe", "spot_words", "spot_lines", "read_box", "find_text", "spelled", "table", "fill", "language"]
FALSE_SHARE = 0.5
"""Share of `spelled` questions whose spelling is wrong."""
ABSENT_SHARE = 0.2
"""Share of `read_box` and `find_text` questions about what is not there (families.md C: 15 to 25 % unanswerable, as near misses)."""
LANGUAGE_SHARE = 0.4
"""Share of conversations that may name the language; it follows from the words, and is not proved from ink (chosen: well below 5 % of all
answers)."""
_TRIES = 20


class Warp(Protocol):
    """From pixels of the clean rendering to pixels of the picture."""

    def box(self, box_px: BoxPx) -> BoxPx:
        """The smallest upright box around where a box lands."""
        ...


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture to ask about.

    Attributes:
        layer: The text of its clean rendering.
        warp: Where that lands.
        width_px: Width of the picture.
        height_px: Its height.
        language: BCP 47 tag of the text.
        other_words: Words of the language, whose letters wrong spellings take.
    """

    layer: TextLayer
    warp: Warp
    width_px: int
    height_px: int
    language: str
    other_words: Sequence[str]

    def box_px(self, box_px: BoxPx) -> BoxPx:
        """A box of the clean rendering, in the picture."""
        return clip_box(self.warp.box(box_px), (0.0, 0.0, float(self.width_px), float(self.height_px)))

    def box_1000(self, box_px: BoxPx) -> Box1000:
        """The same in thousandths of the picture."""
        return box_px_to_1000(self.box_px(box_px), self.width_px, self.height_px)

    def words(self) -> list[Word]:
        """All words in reading order."""
        return [word for line in self.layer.lines for word in line.words]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and its answer, with the program that gives it and the boxes (of the picture) it rests on."""

    question: str
    answer: str
    program: dict[str, Json]
    evidence: tuple[BoxPx, ...]


Writer: TypeAlias = Callable[[Scene, str, Generator], Asked | None]


def write_turns(scene: Scene, tasks: Sequence[Task], rng: Generator) -> tuple[Turn, ...]:
    """A conversation: one question for each task that can be asked, in order; the first turn carries the picture."""
    turns: list[Turn] = []
    for task in tasks:
        if task == "language" and rng.random() >= LANGUAGE_SHARE:
            continue
        speech = prompts.draw_language(task, scene.language, rng)
        asked = WRITERS[task](scene, speech, rng)
        if asked is None:
            continue
        mark = "" if turns else "<image>\n"
        evidence = tuple(Evidence(0, box) for box in asked.evidence)
        turns.append(Turn("user", mark + asked.question, task))
        turns.append(Turn("assistant", asked.answer, task, proof=Proof({"op": task, **asked.program}, None, evidence)))
    return tuple(turns)


def transcript(lines: Sequence[TextLine]) -> str:
    """Lines as they stand, an empty line between blocks; cells of a row of a table with tabs between them."""
    blocks: list[str] = []
    for _, found in itertools.groupby(lines, key=lambda line: line.block):
        block = list(found)
        rows = table_rows(block) if block[0].role == "cell" else [[line] for line in block]
        blocks.append("\n".join("\t".join(line.text for line in row) for row in rows))
    return "\n\n".join(blocks)


def _transcribe(scene: Scene, speech: str, rng: Generator) -> Asked:
    lines = scene.layer.lines
    boxes = tuple(scene.box_px(line.box_px) for line in lines)
    return Asked(prompts.draw_prompt("transcribe", speech, rng), transcript(lines), {}, boxes)


def _spot_lines(scene: Scene, speech: str, rng: Generator) -> Asked:
    found = [SpottedText(scene.box_1000(line.box_px), line.text) for line in scene.layer.lines]
    boxes = tuple(scene.box_px(line.box_px) for line in scene.layer.lines)
    return Asked(prompts.draw_prompt("spot_lines", speech, rng), write_spotting(found), {}, boxes)


def _spot_words(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    if not language_row(scene.language).spaced:
        return None
    words = scene.words()
    found = [SpottedText(scene.box_1000(word.box_px), word.text) for word in words]
    return Asked(prompts.draw_prompt("spot_words", speech, rng), write_spotting(found), {}, tuple(scene.box_px(w.box_px) for w in words))


def _read_box(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    if rng.random() < ABSENT_SHARE:
        empty = _empty_box(scene, rng)
        if empty is not None:
            box = box_px_to_1000(empty, scene.width_px, scene.height_px)
            question = prompts.draw_prompt("read_box", speech, rng, box=str(list(box)))
            evidence = box_1000_to_px(box, scene.width_px, scene.height_px)
            return Asked(question, prompts.answer("nothing", speech), {"box": list(box)}, (evidence,))
    word = _draw_word(scene, rng)
    box = scene.box_1000(word.box_px)
    question = prompts.draw_prompt("read_box", speech, rng, box=str(list(box)))
    return Asked(question, word.text, {"box": list(box)}, (scene.box_px(word.box_px),))


def _find_text(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    word = _draw_word(scene, rng)
    wanted = word.text
    if rng.random() < ABSENT_SHARE:
        near = _respelled(scene, word.text, rng)
        if near is None:
            return None
        wanted = near
    if "“" in wanted or "”" in wanted:
        return None  # the question puts it between such marks
    hits = [other for other in scene.words() if other.text == wanted]
    if any(wanted in other.text and other.text != wanted for other in scene.words()):
        return None  # part of a longer word: whether that is a place where it says so is for people to dispute
    found = [SpottedText(scene.box_1000(hit.box_px), hit.text) for hit in hits]
    question = prompts.draw_prompt("find_text", speech, rng, text=wanted)
    evidence = tuple(scene.box_px(hit.box_px) for hit in hits)
    return Asked(question, write_spotting(found), {"text": wanted}, evidence)


def _spelled(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    word = _draw_word(scene, rng)
    wrong = _respelled(scene, word.text, rng) if rng.random() < FALSE_SHARE else None
    said = wrong or word.text
    if "“" in word.text + said or "”" in word.text + said:
        return None
    box = scene.box_1000(word.box_px)
    question = prompts.draw_prompt("spelled", speech, rng, box=str(list(box)), text=said)
    answer = prompts.answer("no" if wrong else "yes", speech, text=word.text)
    return Asked(question, answer, {"box": list(box), "text": said}, (scene.box_px(word.box_px),))


def _table(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    tables = sorted({line.block for line in scene.layer.lines if line.role == "cell"})
    if not tables:
        return None
    block = tables[int(rng.integers(len(tables)))]
    rows = table_rows([line for line in scene.layer.lines if line.block == block])
    cells = [line for row in rows for line in row]
    area = scene.box_px(_hull([line.box_px for line in cells]))
    box = box_px_to_1000(area, scene.width_px, scene.height_px)
    head, *body = [[html.escape(line.text, quote=False) for line in row] for row in rows]
    answer = f"<table><thead>{_row('th', head)}</thead><tbody>{''.join(_row('td', row) for row in body)}</tbody></table>"
    question = prompts.draw_prompt("table", speech, rng, box=str(list(box)))
    return Asked(question, answer, {"box": list(box)}, tuple(scene.box_px(line.box_px) for line in cells))


def _fill(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    """The template has the labels as printed, without a colon; rows of a table become `items`."""
    found: dict[str, Json] = {}
    evidence: list[BoxPx] = []
    keys = {line.block: line for line in scene.layer.lines if line.role == "key"}
    for line in scene.layer.lines:
        if line.role == "value":
            found[keys[line.block].text.rstrip(" :")] = line.text
            evidence.append(scene.box_px(line.box_px))
    rows = table_rows([line for line in scene.layer.lines if line.role == "cell"])
    template: dict[str, Json] = dict.fromkeys(found, "")
    if rows:
        heads = [line.text for line in rows[0]]
        found["items"] = [dict(zip(heads, (line.text for line in row), strict=True)) for row in rows[1:]]
        template["items"] = [dict.fromkeys(heads, "")]
        evidence += [scene.box_px(line.box_px) for row in rows[1:] for line in row]
    if not found:
        return None
    question = prompts.draw_prompt("fill", speech, rng, template=json.dumps(template, ensure_ascii=False))
    return Asked(question, json.dumps(found, ensure_ascii=False, indent=1), {"template": template}, tuple(evidence))


def _row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{text}</{tag}>' for text in cells)}</tr>"


def _hull(boxes: Sequence[BoxPx]) -> BoxPx:
    return (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))


def table_rows(cells: Sequence[TextLine]) -> list[list[TextLine]]:
    """Cells in reading order, cut into rows: a row ends where the next cell lies wholly below the cell before it."""
    rows: list[list[TextLine]] = []
    for cell in cells:
        if rows and cell.box_px[1] < rows[-1][-1].box_px[3]:
            rows[-1].append(cell)
        else:
            rows.append([cell])
    return rows


def _language(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    """Only where the words tell the language from those it is taken for."""
    if not tells_apart(scene.language, " ".join(line.text for line in scene.layer.lines)):
        return None
    boxes = tuple(scene.box_px(line.box_px) for line in scene.layer.lines)
    return Asked(prompts.draw_prompt("language", speech, rng), language_row(scene.language).name, {}, boxes)


WRITERS: Mapping[Task, Writer] = {
    "transcribe": _transcribe,
    "spot_lines": _spot_lines,
    "spot_words": _spot_words,
    "read_box": _read_box,
    "find_text": _find_text,
    "spelled": _spelled,
    "table": _table,
    "fill": _fill,
    "language": _language,
}


def _draw_word(scene: Scene, rng: Generator) -> Word:
    """A word, rather one with letters than a lone sign."""
    words = scene.words()
    lettered = [word for word in words if any(char.isalnum() for char in word.text)] or words
    return lettered[int(rng.integers(len(lettered)))]


def _respelled(scene: Scene, text: str, rng: Generator) -> str | None:
    """`text` with one cluster changed for one that other words have in its place, dropped or doubled; None if nothing new comes of it."""
    parts = graphemes(text)
    known = {word.text for word in scene.words()}
    for _ in range(_TRIES):
        at = int(rng.integers(len(parts)))
        if not any(char.isalnum() for char in parts[at]):
            continue
        kind = int(rng.integers(4))
        if kind == 0 and len(parts) > 2:
            changed = "".join([*parts[:at], *parts[at + 1 :]])
        elif kind == 1:
            changed = "".join([*parts[: at + 1], *parts[at:]])
        else:
            other = graphemes(scene.other_words[int(rng.integers(len(scene.other_words)))])
            swap = other[int(rng.integers(len(other)))]
            if not _of_one_kind(swap[0], parts[at][0]):
                continue
            changed = "".join([*parts[:at], swap, *parts[at + 1 :]])
        if changed != text and changed not in known and graphemes(changed) != parts:
            return changed
    return None


def _of_one_kind(one: str, other: str) -> bool:
    """Whether characters are of one script and category: a Cyrillic letter in a Latin word could not be seen to be wrong."""
    return unicode_script(one) == unicode_script(other) and unicodedata.category(one) == unicodedata.category(other)


def _empty_box(scene: Scene, rng: Generator) -> BoxPx | None:
    """A box of the picture, about as large as a word, that holds no text."""
    taken = [scene.box_px(line.box_px) for line in scene.layer.lines]
    like = scene.box_px(_draw_word(scene, rng).box_px)
    width, height = max(like[2] - like[0], 12.0), max(like[3] - like[1], 8.0)
    for _ in range(_TRIES):
        x = float(rng.random()) * (scene.width_px - width)
        y = float(rng.random()) * (scene.height_px - height)
        if x < 0 or y < 0:
            return None
        box = (x, y, x + width, y + height)
        if all(_apart(box, other) for other in taken):
            return box
    return None


def _apart(a: BoxPx, b: BoxPx) -> bool:
    """Whether boxes are at least four pixels apart."""
    return a[2] + 4 < b[0] or b[2] + 4 < a[0] or a[3] + 4 < b[1] or b[3] + 4 < a[1]
