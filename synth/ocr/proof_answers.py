"""Answers every question about text in a picture again, from its proved text layer and warp alone: the verifier's side of `questions.py`.

Boxes are moved again, JSON answers are parsed and compared, languages and scripts by `tongues.py`. None of it is the generator's.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from schemas.canonical import parse_json
from schemas.dialect import parse_spotting, write_spotting
from schemas.geometry import box_px_to_1000, clip_box
from schemas.languages import language as language_row
from schemas.languages import taken_for
from schemas.sample import BoxPx, Image, Json
from schemas.text_layer import TextLayer, TextLine, Word
from synth.ocr import prompts
from synth.ocr.redraw import text_ink
from synth.ocr.tongues import language_fault, script_of
from synth.render.warp import Warp

BOX_TOLERANCE = 1
"""Thousandths by which a box may differ from the one worked out again: rounding."""
LEAST_DIFFERENCE_EM = 0.1
"""Side of a square of ink, in ems, by which texts drawn alone must differ: that of a dot."""
SAME_BASELINE_EM = 0.3
"""By which the baselines of cells in a row may differ: one whose text was too wide is set smaller, in the middle of the others' height."""
ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


@dataclass(frozen=True, slots=True)
class Page:
    """A proved text layer in its picture."""

    layer: TextLayer
    warp: Warp
    image: Image
    language: str

    def box_px(self, box: BoxPx) -> BoxPx:
        """A box of the layer, in the picture."""
        return clip_box(self.warp.box(box), (0.0, 0.0, float(self.image.width_px), float(self.image.height_px)))

    def box_1000(self, box: BoxPx) -> list[int]:
        """The same in thousandths."""
        return list(box_px_to_1000(self.box_px(box), self.image.width_px, self.image.height_px))

    def line_boxes(self) -> list[BoxPx]:
        """Of all lines, in the picture."""
        return [self.box_px(line.box_px) for line in self.layer.lines]

    def at(self, box: Sequence[int]) -> list[Word]:
        """Words whose box is that many thousandths."""
        return [word for word in self.layer.words if self.box_1000(word.box_px) == [int(side) for side in box]]


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong with an answer, or nothing; the boxes it rests on; its value, where it has one."""

    fault: str
    evidence: Sequence[BoxPx] = ()
    value: Json = None


Check: TypeAlias = Callable[[Page, str, Any, str, Mapping[str, str]], Found]
"""Page, answer, program, language of the question, what stands in the question's slots."""


def _text_of(line: TextLine, speech: str) -> str:
    """A line with one mark for each stretch of unreadable words."""
    runs = [(hidden, [word.text for word in words]) for hidden, words in groupby(line.words, key=lambda word: word.hidden)]
    if not any(hidden for hidden, _ in runs):
        return line.text
    return " ".join(prompts.answer("gap", speech) if hidden else " ".join(texts) for hidden, texts in runs)


def _check_transcribe(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    paragraphs: dict[int, str] = {}
    last: TextLine | None = None
    for line in page.layer.lines:
        told = _text_of(line, speech)
        if last is None or line.block != last.block:
            paragraphs[line.block] = told
        elif line.role == last.role == "cell" and _level(last, line):
            paragraphs[line.block] += "\t" + told
        elif line.role == "cell" or not all(word.hidden for one in (last, line) for word in one.words):
            paragraphs[line.block] += "\n" + told
        last = line
    order = [line.block for line in page.layer.lines]
    if order != sorted(order):
        return Found("the blocks are not in reading order")
    return Found(_unlike(text, "\n\n".join(paragraphs.values())), page.line_boxes())


def _check_spot_lines(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    shown = [line for line in page.layer.lines if not all(word.hidden for word in line.words)]
    return _spotted(page, text, [(_text_of(line, speech), _seen_box(line)) for line in shown])


def _seen_box(line: TextLine) -> BoxPx:
    """Around the words of a line that can be read."""
    sides = np.array([word.box_px for word in line.words if not word.hidden])
    (x0, y0), (x1, y1) = sides[:, :2].min(axis=0).tolist(), sides[:, 2:].max(axis=0).tolist()
    return (x0, y0, x1, y1)


def _check_spot_words(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    return _spotted(page, text, [(word.text, word.box_px) for word in page.layer.words if not word.hidden])


def _spotted(page: Page, text: str, wanted: Sequence[tuple[str, BoxPx]]) -> Found:
    """Compare a JSON answer with pieces of text and their boxes, in order."""
    boxes = [page.box_px(box) for _, box in wanted]
    try:
        found = parse_spotting(text)
    except ValueError as error:
        return Found(f"the answer is no list of spotted text: {error}")
    if write_spotting(found) != text:
        return Found("the answer is not written as Qwen3-VL writes spotted text")
    if [item.text for item in found] != [told for told, _ in wanted]:
        return Found(f"the answer has the texts {[item.text for item in found]!r:.200}, the picture {[told for told, _ in wanted]!r:.200}")
    for item, (_, box) in zip(found, wanted, strict=True):
        if max(abs(a - b) for a, b in zip(item.box_1000, page.box_1000(box), strict=True)) > BOX_TOLERANCE:
            return Found(f"{item.text!r} is said to be at {item.box_1000}, and is at {page.box_1000(box)}")
    return Found("", boxes)


def _check_read_box(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    box = [int(side) for side in program["box"]]
    hits = page.at(box)
    if len(hits) == 1:
        (word,) = hits
        told, value = (prompts.answer("unreadable", speech), _none("unreadable")) if word.hidden else (word.text, _text(word.text))
        return Found(_unlike(text, told), [page.box_px(word.box_px)], value)
    width, height = page.image.width_px, page.image.height_px
    pixels = (box[0] * width / 1000, box[1] * height / 1000, box[2] * width / 1000, box[3] * height / 1000)
    for word in page.layer.words:
        other = page.box_px(word.box_px)
        if min(pixels[2], other[2]) > max(pixels[0], other[0]) and min(pixels[3], other[3]) > max(pixels[1], other[1]):
            return Found(f"the box {box} is not that of one word, but meets {word.text!r}")
    return Found(_unlike(text, prompts.answer("nothing", speech)), [clip_box(pixels, (0.0, 0.0, float(width), float(height)))], _none())


def _check_find_text(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    wanted = program["text"]
    for word in page.layer.words:
        if word.hidden:
            return Found(f"{word.text!r} cannot be read, so that nobody knows whether {wanted!r} stands there too")
        if wanted in word.text and word.text != wanted:
            return Found(f"{wanted!r} is in {word.text!r} too, which is longer, so that the question has two answers")
        if word.text != wanted and _alike(word, wanted, page.language):
            return Found(f"{wanted!r} looks like {word.text!r}, so that the question has two answers")
    hits = [word for word in page.layer.words if word.text == wanted]
    found = _spotted(page, text, [(word.text, word.box_px) for word in hits])
    places: list[Json] = [list(item.box_1000) for item in parse_spotting(text)] if not found.fault else []
    return Found(found.fault, found.evidence, {"type": "list", "value": places} if places else _none())


def _check_spelled(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    hits = page.at(program["box"])
    if len(hits) != 1:
        return Found(f"the box {program['box']} is that of {len(hits)} words")
    (word,) = hits
    evidence = [page.box_px(word.box_px)]
    if word.hidden:
        return Found(_unlike(text, prompts.answer("unreadable", speech)), evidence, _none("unreadable"))
    right = word.text == program["text"]
    if not right and _alike(word, program["text"], page.language):
        return Found(f"{program['text']!r} looks like {word.text!r}, so that nobody can tell")
    return Found(_unlike(text, prompts.answer("yes" if right else "no", speech, text=word.text)), evidence, right)


def _alike(word: Word, text: str, language: str) -> bool:
    """Whether a text, drawn as the first run of a word is, cannot be told from the word."""
    if abs(len(word.text) - len(text)) > 2 or sum(a != b for a, b in zip(word.text, text, strict=False)) > max(3, len(text) // 2):
        # Two characters of one look are seldom as many as that; drawing every word of a page would take as long as all else.
        return False
    like = word.runs[0]
    one, other = (text_ink(item, like, language) for item in (word.text, text))
    if one is None or other is None:
        return False
    return different_px(one, other) < (LEAST_DIFFERENCE_EM * like.size_px) ** 2


def different_px(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    """Pixels that are ink in one picture and not in another, with their top left corners together or a pixel apart, whichever is least."""
    height, width = max(one.shape[0], other.shape[0]) + 2, max(one.shape[1], other.shape[1]) + 2
    still = np.zeros((height, width), np.int16)
    still[1 : 1 + one.shape[0], 1 : 1 + one.shape[1]] = one
    found = []
    for dy in range(3):
        for dx in range(3):
            moved = np.zeros_like(still)
            moved[dy : dy + other.shape[0], dx : dx + other.shape[1]] = other
            found.append(int((np.abs(still - moved) > 128).sum()))
    return min(found)


def _check_table(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    tables: dict[int, list[TextLine]] = {}
    for line in page.layer.lines:
        if line.role == "cell":
            tables.setdefault(line.block, []).append(line)
    for cells in tables.values():
        sides = list(zip(*(line.box_px for line in cells), strict=True))
        if page.box_1000((min(sides[0]), min(sides[1]), max(sides[2]), max(sides[3]))) == program["box"]:
            fault = table_fault(cells) or _unlike(text, _html(_rows(cells), speech))
            return Found(fault, [page.box_px(line.box_px) for line in cells])
    return Found(f"no table is at {program['box']}")


def _check_fill(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    try:
        template = parse_json(slots["template"])
    except ValueError as error:
        return Found(f"the template is no JSON: {error}")
    wanted: dict[str, Any] = {}
    boxes: list[BoxPx] = []
    for key, value in zip(page.layer.lines, page.layer.lines[1:], strict=False):
        if value.role == "value":
            if key.role != "key" or not _belongs(key, value):
                return Found(f"the value {value.text!r} does not stand beside its label, {key.text!r}")
            wanted[key.text.rstrip(" :")] = _text_of(value, speech)
            boxes.append(page.box_px(value.box_px))
    cells = [line for line in page.layer.lines if line.role == "cell"]
    if fault := table_fault(cells):
        return Found(fault)
    rows = _rows(cells)
    if rows:
        wanted["items"] = [{head.text: _text_of(cell, speech) for head, cell in zip(rows[0], row, strict=True)} for row in rows[1:]]
        boxes += [page.box_px(cell.box_px) for row in rows[1:] for cell in row]
    labels = [*(line for line in page.layer.lines if line.role == "key"), *(rows[0] if rows else ())]
    if any(word.hidden for line in labels for word in line.words):
        return Found("the template tells a label that cannot be read")
    if template != program.get("template") or not isinstance(template, dict) or set(template) != set(wanted):
        return Found(f"the template {template!r:.160} does not ask for {sorted(wanted)!r:.160}")
    return Found(_unlike(text, json.dumps(wanted, ensure_ascii=False, indent=1)), boxes, wanted)


def _rows(cells: Sequence[TextLine]) -> list[list[TextLine]]:
    """Cells in rows from top to bottom, those of a row as they are read: rows are cells on one baseline, wherever they are told."""
    rows: list[list[TextLine]] = []
    for cell in sorted(cells, key=_baseline):
        if rows and _level(rows[-1][0], cell):
            rows[-1].append(cell)
        else:
            rows.append([cell])
    return [sorted(row, key=lambda cell: -cell.box_px[2] if cell.rtl else cell.box_px[0]) for row in rows]


def table_fault(cells: Sequence[TextLine]) -> str:
    """Why cells in reading order are no table, or nothing."""
    rows = _rows(cells)
    if len({len(row) for row in rows}) > 1:
        return f"the rows of a table have {[len(row) for row in rows]} cells"
    return "" if [cell for row in rows for cell in row] == [*cells] else "the cells of a table are not told row by row"


def _baseline(line: TextLine) -> float:
    return line.words[0].runs[0].y_px


def _level(one: TextLine, other: TextLine) -> bool:
    """Whether two lines stand on one baseline."""
    em = max(line.words[0].runs[0].size_px for line in (one, other))
    return abs(_baseline(one) - _baseline(other)) <= SAME_BASELINE_EM * em


def _belongs(key: TextLine, value: TextLine) -> bool:
    """Whether a value stands beside its label, on the side where reading goes on."""
    level = min(key.box_px[3], value.box_px[3]) > max(key.box_px[1], value.box_px[1])
    return level and (value.box_px[2] <= key.box_px[0] if key.rtl else value.box_px[0] >= key.box_px[2])


def _html(rows: Sequence[Sequence[TextLine]], speech: str) -> str:
    """A table whose first row is its head."""
    told = [[re.sub("[&<>]", lambda found: ESCAPES[found[0]], _text_of(cell, speech)) for cell in row] for row in rows]
    lines = [
        f"<tr><{tag}>" + f"</{tag}><{tag}>".join(row) + f"</{tag}></tr>"
        for tag, row in zip(("th", *["td"] * len(told)), told, strict=False)
    ]
    return f"<table><thead>{lines[0]}</thead><tbody>{''.join(lines[1:])}</tbody></table>"


def _check_language(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    fault = language_fault(" ".join(word.text for word in page.layer.words if not word.hidden), page.language)
    if fault:
        return Found(fault)
    names = {language_row(code).name for code in (page.language, *taken_for(page.language))}
    return _named(page, text, slots, language_row(page.language).name, names)


def _check_script(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    names = prompts.script_names(speech)
    code = script_of("".join(word.text for word in page.layer.words if not word.hidden))
    if code not in names:
        return Found("the letters are of no writing system, or of several")
    return _named(page, text, slots, names[code], {names[code]})


def _named(page: Page, text: str, slots: Mapping[str, str], name: str, asked_for: set[str]) -> Found:
    """Whether an answer is a name, or its letter where choices are given, all of `asked_for` among them and each once."""
    told = name
    if "choices" in slots:
        choices = re.findall(r"([A-Z])\. (.+?)(?= [A-Z]\. |$)", slots["choices"])
        if len({one for _, one in choices}) != len(choices) or not asked_for <= {one for _, one in choices}:
            return Found(f"the choices {slots['choices']!r} are not {sorted(asked_for)} and others")
        told = next(letter for letter, one in choices if one == name)
    return Found(_unlike(text, told), page.line_boxes(), _text(told))


def _none(reason: str = "") -> Json:
    value: dict[str, Json] = {"type": "none", "value": None}
    return {**value, "reason": reason} if reason else value


def _text(value: str) -> Json:
    return {"type": "text", "value": value}


CHECKS: Mapping[str, Check] = {
    "transcribe": _check_transcribe,
    "spot_lines": _check_spot_lines,
    "spot_words": _check_spot_words,
    "read_box": _check_read_box,
    "find_text": _check_find_text,
    "spelled": _check_spelled,
    "table": _check_table,
    "fill": _check_fill,
    "language": _check_language,
    "script": _check_script,
}


def _unlike(text: str, wanted: str) -> str:
    return "" if text == wanted else f"the answer is {text!r:.160}, the picture says {wanted!r:.160}"
