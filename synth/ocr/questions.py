"""Writes questions about the text of one picture: a text layer, where it landed in the picture, and tasks -> questions with programs.

Boxes in questions and answers are thousandths of the picture (`schemas.dialect`). Knows nothing of how the layer was made; the verifier,
`proof.py`, shares nothing with this module but the phrasings.
"""

import html
import itertools
import json
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fontTools.unicodedata import script as unicode_script
from numpy.random import Generator

from schemas.dialect import SpottedText, write_spotting
from schemas.errors import DataError
from schemas.geometry import Box1000, box_1000_to_px, box_px_to_1000, clip_box, union_box
from schemas.languages import language as language_row
from schemas.languages import taken_for
from schemas.sample import BoxPx, Evidence, Json, Proof, Turn
from schemas.text_layer import TextLayer, TextLine, Word
from synth.ocr import prompts
from synth.ocr.corpus import tells_apart
from synth.ocr.near_misses import TRIES, other_word, respelled
from synth.render.warp import Warp

Task = Literal["transcribe", "spot_words", "spot_lines", "read_box", "find_text", "spelled", "table", "fill", "language", "script"]
FALSE_SHARE = 0.5
"""Share of `spelled` questions whose spelling is wrong."""
ABSENT_SHARE = 0.2
"""Share of `read_box` and `find_text` questions about what is not there (families.md C: 15 to 25 % unanswerable, as near misses)."""
ABSENT_WORD_SHARE = 0.5
"""Share of absent texts looked for that are other words of the language; the rest are misspellings of what is there."""
HIDDEN_SHARE = 0.6
"""Share of questions about a word that are about an unreadable one, where there is one (chosen: one picture in eight has one)."""
SCRIPTS_ALIKE = (
    ("Latn", "Cyrl", "Grek"),
    ("Armn", "Geor", "Ethi"),
    ("Arab", "Hebr"),
    ("Deva", "Beng", "Gujr", "Guru"),
    ("Taml", "Telu", "Knda", "Mlym", "Sinh"),
    ("Thai", "Laoo", "Khmr", "Mymr"),
    ("Hani", "Jpan", "Hang"),
)
"""Writing systems that are taken for each other (families.md C2 names Lao and Thai; the others by descent and looks)."""
NOTHING: Json = {"type": "none", "value": None}
UNREADABLE: Json = {"type": "none", "value": None, "reason": "unreadable"}
"""Values of the answers that there is no text, and that there is but nobody can read it."""


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
        """All words that can be read, in reading order."""
        return [word for word in self.layer.words if not word.hidden]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and its answer, with the program that gives it, the boxes (of the picture) it rests on, and the answer's value: none
    where the answer is text to transcribe.
    """

    question: str
    answer: str
    program: dict[str, Json]
    evidence: tuple[BoxPx, ...]
    value: Json = None


Writer: TypeAlias = Callable[[Scene, str, Generator], Asked | None]


def write_turns(scene: Scene, tasks: Sequence[Task], rng: Generator) -> tuple[Turn, ...]:
    """A conversation: one question for each task that can be asked, in order; the first turn carries the picture."""
    turns: list[Turn] = []
    for task in tasks:
        speech = prompts.draw_language(task, scene.language, rng)
        asked = WRITERS[task](scene, speech, rng)
        if asked is None:
            continue
        mark = "" if turns else "<image>\n"
        evidence = tuple(Evidence(0, box) for box in asked.evidence)
        turns.append(Turn("user", mark + asked.question, task))
        turns.append(Turn("assistant", asked.answer, task, proof=Proof({"op": task, **asked.program}, asked.value, evidence)))
    return tuple(turns)


def readable(line: TextLine, gap: str) -> str:
    """A line's text, with `gap` for each stretch of words that cannot be read."""
    if not any(word.hidden for word in line.words):
        return line.text
    told: list[str] = []
    for word in line.words:
        if not word.hidden:
            told.append(word.text)
        elif told[-1:] != [gap]:
            told.append(gap)
    return " ".join(told)


def transcript(lines: Sequence[TextLine], gap: str) -> str:
    """Lines as they stand, an empty line between blocks; cells of a row of a table with tabs between them; one `gap` for neighbouring lines
    of a block of which nothing can be read.
    """
    blocks: list[str] = []
    for _, found in itertools.groupby(lines, key=lambda line: line.block):
        block = list(found)
        if block[0].role == "cell":
            blocks.append("\n".join("\t".join(readable(line, gap) for line in row) for row in table_rows(block)))
            continue
        told = [readable(line, gap) for line in block]
        blocks.append("\n".join(text for number, text in enumerate(told) if number == 0 or (text, told[number - 1]) != (gap, gap)))
    return "\n\n".join(blocks)


def _transcribe(scene: Scene, speech: str, rng: Generator) -> Asked:
    lines = scene.layer.lines
    boxes = tuple(scene.box_px(line.box_px) for line in lines)
    return Asked(prompts.draw_prompt("transcribe", speech, rng), transcript(lines, prompts.answer("gap", speech)), {}, boxes)


def _spot_lines(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    """Lines of which something can be read; their boxes are around that."""
    gap = prompts.answer("gap", speech)
    shown = [(line, [word.box_px for word in line.words if not word.hidden]) for line in scene.layer.lines]
    seen = [(union_box(boxes) if len(boxes) < len(line.words) else line.box_px, readable(line, gap)) for line, boxes in shown if boxes]
    found = [SpottedText(scene.box_1000(box), text) for box, text in seen]
    evidence = tuple(scene.box_px(box) for box, _ in seen)
    return Asked(prompts.draw_prompt("spot_lines", speech, rng), write_spotting(found), {}, evidence) if seen else None


def _spot_words(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    words = scene.words()
    if not language_row(scene.language).spaced or not words:
        return None
    found = [SpottedText(scene.box_1000(word.box_px), word.text) for word in words]
    return Asked(prompts.draw_prompt("spot_words", speech, rng), write_spotting(found), {}, tuple(scene.box_px(w.box_px) for w in words))


def _read_box(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    if rng.random() < ABSENT_SHARE:
        empty = _empty_box(scene, rng)
        if empty is not None:
            box = box_px_to_1000(empty, scene.width_px, scene.height_px)
            question = prompts.draw_prompt("read_box", speech, rng, box=str(list(box)))
            evidence = box_1000_to_px(box, scene.width_px, scene.height_px)
            return Asked(question, prompts.answer("nothing", speech), {"box": list(box)}, (evidence,), NOTHING)
    word = _draw_word(scene, rng)
    box = scene.box_1000(word.box_px)
    question = prompts.draw_prompt("read_box", speech, rng, box=str(list(box)))
    answer, value = (prompts.answer("unreadable", speech), UNREADABLE) if word.hidden else (word.text, _text(word.text))
    return Asked(question, answer, {"box": list(box)}, (scene.box_px(word.box_px),), value)


def _find_text(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    words = scene.words()
    if len(words) < max(1, len(scene.layer.words)):
        return None  # what nobody can read may say so too
    known = {word.text for word in scene.layer.words}
    word = _lettered(words, rng)
    wanted: str | None = word.text
    if rng.random() < ABSENT_SHARE:
        another = rng.random() < ABSENT_WORD_SHARE
        wanted = other_word(word.text, known, scene.other_words, rng) if another else _misspelled(scene, word, rng)
    if wanted is None or "“" in wanted or "”" in wanted:
        return None  # the question puts it between such marks
    if any(wanted in other.text and other.text != wanted for other in words):
        return None  # part of a longer word: whether it says so there is for people to dispute
    hits = [other for other in words if other.text == wanted]
    found = [SpottedText(scene.box_1000(hit.box_px), hit.text) for hit in hits]
    question = prompts.draw_prompt("find_text", speech, rng, text=wanted)
    evidence = tuple(scene.box_px(hit.box_px) for hit in hits)
    value: Json = {"type": "list", "value": [list(item.box_1000) for item in found]} if found else NOTHING
    return Asked(question, write_spotting(found), {"text": wanted}, evidence, value)


def _spelled(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    word = _draw_word(scene, rng)
    wrong = _misspelled(scene, word, rng) if rng.random() < FALSE_SHARE else None
    said = wrong or word.text
    if "“" in word.text + said or "”" in word.text + said:
        return None
    box = scene.box_1000(word.box_px)
    question = prompts.draw_prompt("spelled", speech, rng, box=str(list(box)), text=said)
    answer = prompts.answer("unreadable" if word.hidden else "no" if wrong else "yes", speech, text=word.text)
    value = UNREADABLE if word.hidden else not wrong
    return Asked(question, answer, {"box": list(box), "text": said}, (scene.box_px(word.box_px),), value)


def _table(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    tables = sorted({line.block for line in scene.layer.lines if line.role == "cell"})
    if not tables:
        return None
    block = tables[int(rng.integers(len(tables)))]
    rows = table_rows([line for line in scene.layer.lines if line.block == block])
    cells = [line for row in rows for line in row]
    area = scene.box_px(union_box(line.box_px for line in cells))
    box = box_px_to_1000(area, scene.width_px, scene.height_px)
    gap = prompts.answer("gap", speech)
    head, *body = [[html.escape(readable(line, gap), quote=False) for line in row] for row in rows]
    answer = f"<table><thead>{_row('th', head)}</thead><tbody>{''.join(_row('td', row) for row in body)}</tbody></table>"
    question = prompts.draw_prompt("table", speech, rng, box=str(list(box)))
    return Asked(question, answer, {"box": list(box)}, tuple(scene.box_px(line.box_px) for line in cells))


def _fill(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    """The template has the labels as printed, without a colon; rows of a table become `items`."""
    gap = prompts.answer("gap", speech)
    found: dict[str, Json] = {}
    evidence: list[BoxPx] = []
    keys = {line.block: line for line in scene.layer.lines if line.role == "key"}
    for line in scene.layer.lines:
        if line.role == "value":
            found[keys[line.block].text.rstrip(" :")] = readable(line, gap)
            evidence.append(scene.box_px(line.box_px))
    rows = table_rows([line for line in scene.layer.lines if line.role == "cell"])
    template: dict[str, Json] = dict.fromkeys(found, "")
    if rows:
        heads = [line.text for line in rows[0]]
        found["items"] = [dict(zip(heads, (readable(line, gap) for line in row), strict=True)) for row in rows[1:]]
        template["items"] = [dict.fromkeys(heads, "")]
        evidence += [scene.box_px(line.box_px) for row in rows[1:] for line in row]
    if not found:
        return None
    question = prompts.draw_prompt("fill", speech, rng, template=json.dumps(template, ensure_ascii=False))
    return Asked(question, json.dumps(found, ensure_ascii=False, indent=1), {"template": template}, tuple(evidence), found)


def _row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{text}</{tag}>' for text in cells)}</tr>"


def table_rows(cells: Sequence[TextLine]) -> list[list[TextLine]]:
    """Cells in reading order, cut into rows: a row ends where the next cell lies wholly below the cell before it.

    Raises:
        DataError: `ragged_table` if rows have different numbers of cells.
    """
    rows: list[list[TextLine]] = []
    for cell in cells:
        if rows and cell.box_px[1] < rows[-1][-1].box_px[3]:
            rows[-1].append(cell)
        else:
            rows.append([cell])
    if len({len(row) for row in rows}) > 1:
        raise DataError("ragged_table", f"the rows of a table have {[len(row) for row in rows]} cells")
    return rows


def _language(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    """Only where the words tell the language from those it is taken for."""
    if not tells_apart(scene.language, _all_text(scene)):
        return None
    names = [language_row(code).name for code in (scene.language, *taken_for(scene.language))]
    return _named("language", scene, speech, names, rng)


def _script(scene: Scene, speech: str, rng: Generator) -> Asked | None:
    """Only where all letters are of one writing system, kana with the Chinese characters beside them being one."""
    found = {unicode_script(char) for char in _all_text(scene) if char.isalpha()} - {"Zyyy", "Zinh"}
    if found & {"Hira", "Kana"}:
        found = found - {"Hira", "Kana", "Hani"} | {"Jpan"}
    alike = next((group for group in SCRIPTS_ALIKE if found and found <= {*group}), ())
    if len(found) != 1 or not alike:
        return None
    known = prompts.script_names(speech)
    return _named("script", scene, speech, [known[code] for code in (*found, *sorted({*alike} - found))], rng)


def _named(task: Task, scene: Scene, speech: str, names: Sequence[str], rng: Generator) -> Asked | None:
    """Ask for the first of some names, or for its letter among all of them."""
    mixed = [names[int(number)] for number in rng.permutation(len(names))]
    choices = " ".join(f"{letter}. {name}" for letter, name in zip(string.ascii_uppercase, mixed, strict=False))
    question = prompts.draw_prompt(task, speech, rng, choices=choices)
    if choices not in question:
        return Asked(question, names[0], {}, _all_boxes(scene), _text(names[0]))
    if len(names) == 1:
        return None
    letter = string.ascii_uppercase[mixed.index(names[0])]
    return Asked(question, letter, {"choices": choices}, _all_boxes(scene), _text(letter))


def _all_text(scene: Scene) -> str:
    return " ".join(word.text for word in scene.words())


def _all_boxes(scene: Scene) -> tuple[BoxPx, ...]:
    return tuple(scene.box_px(line.box_px) for line in scene.layer.lines)


def _text(value: str) -> Json:
    return {"type": "text", "value": value}


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
    "script": _script,
}


def _draw_word(scene: Scene, rng: Generator) -> Word:
    """A word to ask about, readable or not."""
    hidden = [word for word in scene.layer.words if word.hidden]
    words = scene.words()
    return _lettered(hidden if hidden and (not words or rng.random() < HIDDEN_SHARE) else words, rng)


def _lettered(words: Sequence[Word], rng: Generator) -> Word:
    """A word, rather one with letters than a lone sign."""
    lettered = [word for word in words if any(char.isalnum() for char in word.text)] or words
    return lettered[int(rng.integers(len(lettered)))]


def _misspelled(scene: Scene, word: Word, rng: Generator) -> str | None:
    return respelled(word, scene.language, {other.text for other in scene.layer.words}, scene.other_words, rng)


def _empty_box(scene: Scene, rng: Generator) -> BoxPx | None:
    """A box of the picture, about as large as a word, that holds no text."""
    taken = [scene.box_px(line.box_px) for line in scene.layer.lines]
    like = scene.box_px(_draw_word(scene, rng).box_px)
    width, height = max(like[2] - like[0], 12.0), max(like[3] - like[1], 8.0)
    for _ in range(TRIES):
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
