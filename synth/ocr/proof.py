"""The verifier of the OCR families: proves plate and picture, then answers every question again from the proved text.

Each task is answered here from the text layer and the warp alone, without the generator's code: boxes are moved again, JSON answers are
parsed and compared, and the question must be one of the known phrasings with the program's own values in its slots.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.canonical import parse_json
from schemas.dialect import parse_spotting, write_spotting
from schemas.geometry import box_px_to_1000, clip_box
from schemas.languages import language as language_row
from schemas.sample import BoxPx, Image, Stored, Turn, Verdict
from schemas.text_layer import TextLayer, TextLine, Word, clean_name, read_layer
from synth.ocr import prompts
from synth.ocr.corpus import tells_apart
from synth.ocr.legible import Warp, legibility_faults
from synth.ocr.redraw import plate_faults
from synth.render.raster import png_grey

BOX_TOLERANCE = 1
"""Thousandths by which a box may differ from the one worked out again: rounding."""
EVIDENCE_TOLERANCE_PX = 1.0


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

    def words(self) -> list[Word]:
        """All words in reading order."""
        return [word for line in self.layer.lines for word in line.words]


def verdicts(stored: Stored, turns: Sequence[Turn], warp: Warp, language: str) -> tuple[Verdict, ...]:
    """One verdict an assistant turn.

    Args:
        stored: One picture with its clean rendering and text layer.
        turns: The conversation.
        warp: From the clean rendering to the picture.
        language: BCP 47 tag that every line must have.
    """
    page = Page(read_layer(stored), warp, stored.images[0], language)
    fault = _picture_fault(stored, page)
    pairs = list(zip(turns[::2], turns[1::2], strict=True))
    out = []
    for question, answer in pairs:
        found = fault or _answer_fault(page, question, answer)
        how: Any = "truth" if answer.task == "language" else "artefact"
        out.append(Verdict(answer.task, not found, found or "answered again from the ink", how))
    return tuple(out)


def _picture_fault(stored: Stored, page: Page) -> str:
    """The first thing wrong with plate or picture."""
    try:
        clean = png_grey(stored.attachment(clean_name(0)).data)
    except ValueError as error:
        return f"wrong_ink: {error}"
    for fault in plate_faults(clean, page.layer):
        return f"wrong_ink: {fault}"
    for line in page.layer.lines:
        if line.language != page.language:
            return f"wrong_language: the line {line.text!r} is in {line.language}, not in {page.language}"
    return next((f"unreadable: {fault}" for fault in legibility_faults(page.image, clean, page.layer, page.warp)), "")


def _answer_fault(page: Page, question: Turn, answer: Turn) -> str:
    program: Any = answer.proof.program if answer.proof else None
    if not isinstance(program, dict) or program.get("op") != answer.task or question.task != answer.task or answer.task not in CHECKS:
        return f"wrong_program: {program!r} does not belong to the task {answer.task!r}"
    found = prompts.match_prompt(answer.task, question.text.removeprefix("<image>\n"))
    if found is None:
        return f"wrong_question: {question.text!r} is none of the phrasings of {answer.task}"
    speech, slots = found
    for name in ("box", "text"):
        if name in slots and slots[name] != str(program.get(name)):
            return f"wrong_question: it says {slots[name]!r} where the program says {program.get(name)!r}"
    fault, evidence = CHECKS[answer.task](page, answer.text, program, speech, slots)
    return (fault and f"wrong_answer: {fault}") or _evidence_fault(answer, evidence)


def _evidence_fault(answer: Turn, wanted: Sequence[BoxPx]) -> str:
    stated = [item.box_px for item in answer.proof.evidence if item.box_px] if answer.proof else []
    if len(stated) != len(wanted):
        return f"wrong_evidence: {len(stated)} boxes are stated, {len(wanted)} pieces of text answer the question"
    for box, other in zip(stated, wanted, strict=True):
        if max(abs(a - b) for a, b in zip(box, other, strict=True)) > EVIDENCE_TOLERANCE_PX:
            return f"wrong_evidence: the box {box} is not where the text is, {other}"
    return ""


Found = tuple[str, list[BoxPx]]
"""A fault or nothing, and the boxes the answer rests on."""


def _check_transcribe(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    paragraphs: dict[int, str] = {}
    last: TextLine | None = None
    for line in page.layer.lines:
        if last is None or line.block != last.block:
            paragraphs[line.block] = line.text
        else:
            paragraphs[line.block] += ("\t" if _beside(last, line) else "\n") + line.text
        last = line
    wanted = "\n\n".join(paragraphs.values())
    order = [line.block for line in page.layer.lines]
    if order != sorted(order):
        return "the blocks are not in reading order", []
    return _unlike(text, wanted), [page.box_px(line.box_px) for line in page.layer.lines]


def _check_spot_lines(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    return _spotted(page, text, page.layer.lines)


def _check_spot_words(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    return _spotted(page, text, page.words())


def _spotted(page: Page, text: str, wanted: Sequence[TextLine | Word]) -> Found:
    """Compare a JSON answer with pieces of text in order."""
    boxes = [page.box_px(item.box_px) for item in wanted]
    try:
        found = parse_spotting(text)
    except ValueError as error:
        return f"the answer is no list of spotted text: {error}", boxes
    if write_spotting(found) != text:
        return "the answer is not written as Qwen3-VL writes spotted text", boxes
    if [item.text for item in found] != [item.text for item in wanted]:
        return (
            f"the answer has the texts {[item.text for item in found]!r:.200}, the picture {[item.text for item in wanted]!r:.200}",
            boxes,
        )
    for item, piece in zip(found, wanted, strict=True):
        if max(abs(a - b) for a, b in zip(item.box_1000, page.box_1000(piece.box_px), strict=True)) > BOX_TOLERANCE:
            return f"{item.text!r} is said to be at {item.box_1000}, and is at {page.box_1000(piece.box_px)}", boxes
    return "", boxes


def _check_read_box(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    box = [int(side) for side in program["box"]]
    hits = [word for word in page.words() if page.box_1000(word.box_px) == box]
    if len(hits) == 1:
        return _unlike(text, hits[0].text), [page.box_px(hits[0].box_px)]
    pixels = (
        box[0] * page.image.width_px / 1000,
        box[1] * page.image.height_px / 1000,
        box[2] * page.image.width_px / 1000,
        box[3] * page.image.height_px / 1000,
    )
    for word in page.words():
        other = page.box_px(word.box_px)
        if min(pixels[2], other[2]) > max(pixels[0], other[0]) and min(pixels[3], other[3]) > max(pixels[1], other[1]):
            return f"the box {box} is not that of one word, but meets {word.text!r}", []
    stated = clip_box(pixels, (0.0, 0.0, float(page.image.width_px), float(page.image.height_px)))
    return _unlike(text, prompts.answer("nothing", speech)), [stated]


def _check_find_text(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    wanted = program["text"]
    partly = [word.text for word in page.words() if wanted in word.text and word.text != wanted]
    if partly:
        return f"{wanted!r} is part of {partly[0]!r} too, so that the question has two answers", []
    return _spotted(page, text, [word for word in page.words() if word.text == wanted])


def _check_spelled(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    hits = [word for word in page.words() if page.box_1000(word.box_px) == [int(side) for side in program["box"]]]
    if len(hits) != 1:
        return f"the box {program['box']} is that of {len(hits)} words", []
    wanted = prompts.answer("yes" if hits[0].text == program["text"] else "no", speech, text=hits[0].text)
    return _unlike(text, wanted), [page.box_px(hits[0].box_px)]


def _check_table(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    tables: dict[int, list[TextLine]] = {}
    for line in page.layer.lines:
        if line.role == "cell":
            tables.setdefault(line.block, []).append(line)
    for cells in tables.values():
        sides = list(zip(*(line.box_px for line in cells), strict=True))
        if page.box_1000((min(sides[0]), min(sides[1]), max(sides[2]), max(sides[3]))) == program["box"]:
            return _unlike(text, _html(cells)), [page.box_px(line.box_px) for line in cells]
    return f"no table is at {program['box']}", []


def _check_fill(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    try:
        template = parse_json(slots["template"])
    except ValueError as error:
        return f"the template is no JSON: {error}", []
    wanted: dict[str, Any] = {}
    boxes: list[BoxPx] = []
    for key, value in zip(page.layer.lines, page.layer.lines[1:], strict=False):
        if value.role == "value":
            if key.role != "key" or not _belongs(key, value):
                return f"the value {value.text!r} does not stand beside its label, {key.text!r}", []
            wanted[key.text.rstrip(" :")] = value.text
            boxes.append(page.box_px(value.box_px))
    rows: list[list[TextLine]] = []
    for line in page.layer.lines:
        if line.role == "cell":
            if rows and _beside(rows[-1][-1], line):
                rows[-1].append(line)
            else:
                rows.append([line])
    if rows:
        wanted["items"] = [{head.text: cell.text for head, cell in zip(rows[0], row, strict=True)} for row in rows[1:]]
        boxes += [page.box_px(cell.box_px) for row in rows[1:] for cell in row]
    if template != program.get("template") or not isinstance(template, dict) or set(template) != set(wanted):
        return f"the template {template!r:.160} does not ask for {sorted(wanted)!r:.160}", boxes
    return _unlike(text, json.dumps(wanted, ensure_ascii=False, indent=1)), boxes


def _belongs(key: TextLine, value: TextLine) -> bool:
    """Whether a value stands beside its label, on the side where reading goes on."""
    level = min(key.box_px[3], value.box_px[3]) > max(key.box_px[1], value.box_px[1])
    return level and (value.box_px[2] <= key.box_px[0] if key.rtl else value.box_px[0] >= key.box_px[2])


def _html(cells: Sequence[TextLine]) -> str:
    """The table that cells in reading order make; its first row is the head."""
    out, tag = "<table><thead><tr>", "th"
    for number, cell in enumerate(cells):
        if number and not _beside(cells[number - 1], cell):
            out += "</tr></thead><tbody><tr>" if tag == "th" else "</tr><tr>"
            tag = "td"
        told = cell.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        out += f"<{tag}>{told}</{tag}>"
    return out + "</tr></tbody></table>"


def _beside(before: TextLine, line: TextLine) -> bool:
    """Whether two neighbouring cells stand in one row: their ink overlaps in height."""
    return line.role == before.role == "cell" and line.box_px[1] < before.box_px[3]


def _check_language(page: Page, text: str, program: Any, speech: str, slots: Mapping[str, str]) -> Found:
    boxes = [page.box_px(line.box_px) for line in page.layer.lines]
    if not tells_apart(page.language, " ".join(line.text for line in page.layer.lines)):
        return f"the text could be in {', '.join(language_row(page.language).confusable)} too", boxes
    return _unlike(text, language_row(page.language).name), boxes


CHECKS: Mapping[str, Callable[[Page, str, Any, str, Mapping[str, str]], Found]] = {
    "transcribe": _check_transcribe,
    "spot_lines": _check_spot_lines,
    "spot_words": _check_spot_words,
    "read_box": _check_read_box,
    "find_text": _check_find_text,
    "spelled": _check_spelled,
    "table": _check_table,
    "fill": _check_fill,
    "language": _check_language,
}


def _unlike(text: str, wanted: str) -> str:
    return "" if text == wanted else f"the answer is {text!r:.160}, the picture says {wanted!r:.160}"
