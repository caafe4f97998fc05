"""The verifier of the OCR families: proves plate and picture, word by word what can be read and what cannot, then every answer from that.

The answers themselves are worked out again in `proof_answers.py`, from the text layer and the warp alone, without the generator's code; the
question must be one of the known phrasings with the program's own values in its slots.
"""

import itertools
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.geometry import union_box
from schemas.sample import BoxPx, Stored, Turn, Verdict
from schemas.text_layer import TextLayer, TextLine, clean_name, read_layer
from synth.ocr import prompts
from synth.ocr.corpus import load_corpus
from synth.ocr.fit import Flattened, LineFit
from synth.ocr.hidden import not_hidden
from synth.ocr.legible import legibility_faults
from synth.ocr.letters import exemplars, letters_of
from synth.ocr.proof_answers import CHECKS, Page
from synth.ocr.redraw import plate_faults
from synth.ocr.visible import unseen
from synth.render.pixels import read_rgb
from synth.render.raster import png_grey
from synth.render.warp import Warp

EVIDENCE_TOLERANCE_PX = 1.0


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
    out = []
    for question, answer in zip(turns[::2], turns[1::2], strict=True):
        found = fault or _answer_fault(page, question, answer)
        out.append(Verdict(answer.task, not found, found or "answered again from the ink", "artefact"))
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
    if fault := layout_fault(page.layer):
        return f"wrong_layout: {fault}"
    return _unreadable(page, clean) or _unhidden(page, clean)


def _unreadable(page: Page, clean: NDArray[np.uint8]) -> str:
    """The first word that the picture should show and does not."""
    flat = Flattened(page.image, page.warp, page.layer)
    landed = iter(page.warp.boxes([word.box_px for word in page.layer.words]))
    for line in page.layer.lines:
        boxes = list(itertools.islice(landed, len(line.words)))
        if all(word.hidden for word in line.words):
            continue
        fit = LineFit(flat.grey, clean, line)
        for fault in legibility_faults(flat, clean, line, fit, boxes):
            return f"unreadable: {fault}"
        for word, fault in zip(line.words, unseen(fit, line), strict=True):
            if fault and not word.hidden:
                return f"unreadable: the picture does not show all of {word.text!r}: {fault}"
    return ""


def _unhidden(page: Page, clean: NDArray[np.uint8]) -> str:
    """The first word that is said to be hidden and is not proved to be."""
    hidden = [word for word in page.layer.words if word.hidden]
    if hidden:
        colours = page.warp.flattened(read_rgb(page.image.data), (0, 0, clean.shape[1], clean.shape[0]))
    for word in hidden:
        if fault := not_hidden(colours, clean, word, page.language, _alphabet(page.language)):
            return f"not_hidden: {word.text!r} is said to be unreadable: {fault}"
    return ""


@cache
def _alphabet(language: str) -> tuple[str, ...]:
    """Letters of a language, those that its texts have most first."""
    return tuple(dict.fromkeys((*letters_of(load_corpus(language).sentences), *exemplars(language))))


def layout_fault(layer: TextLayer) -> str:
    """What is wrong with boxes and order of lines: each box is around its words, and reading goes on below, or beside in its direction."""
    for line in layer.lines:
        around = union_box(word.box_px for word in line.words)
        if max(abs(a - b) for a, b in zip(around, line.box_px, strict=True)) > EVIDENCE_TOLERANCE_PX:
            return f"the box of {line.text!r} is {line.box_px}, its words are in {around}"
    for before, line in itertools.pairwise(layer.lines):
        if not _follows(before, line):
            return f"{line.text!r} is said to be read after {before.text!r}, and stands before it"
    return ""


def _follows(before: TextLine, line: TextLine) -> bool:
    (a0, _, a1, b1), (x0, y0, x1, y1) = before.box_px, line.box_px
    if line.vertical:
        return x0 + x1 < a0 + a1
    beside = x1 <= a0 + EVIDENCE_TOLERANCE_PX if line.rtl else x0 >= a1 - EVIDENCE_TOLERANCE_PX
    return beside or (y0 + y1) / 2 > b1  # cells of a row are not below each other


def _answer_fault(page: Page, question: Turn, answer: Turn) -> str:
    program: Any = answer.proof.program if answer.proof else None
    if not isinstance(program, dict) or program.get("op") != answer.task or question.task != answer.task or answer.task not in CHECKS:
        return f"wrong_program: {program!r} does not belong to the task {answer.task!r}"
    asked = prompts.match_prompt(answer.task, question.text.removeprefix("<image>\n"))
    if asked is None:
        return f"wrong_question: {question.text!r} is none of the phrasings of {answer.task}"
    speech, slots = asked
    for name in ("box", "text", "choices"):
        if name in slots and slots[name] != str(program.get(name)):
            return f"wrong_question: it says {slots[name]!r} where the program says {program.get(name)!r}"
    found = CHECKS[answer.task](page, answer.text, program, speech, slots)
    if found.fault:
        return f"wrong_answer: {found.fault}"
    if answer.proof and answer.proof.answer != found.value:
        return f"wrong_answer: the proof says {answer.proof.answer!r:.160}, the picture gives {found.value!r:.160}"
    return _evidence_fault(answer, found.evidence)


def _evidence_fault(answer: Turn, wanted: Sequence[BoxPx]) -> str:
    stated = [item.box_px for item in answer.proof.evidence if item.box_px] if answer.proof else []
    if len(stated) != len(wanted):
        return f"wrong_evidence: {len(stated)} boxes are stated, {len(wanted)} pieces of text answer the question"
    for box, other in zip(stated, wanted, strict=True):
        if max(abs(a - b) for a, b in zip(box, other, strict=True)) > EVIDENCE_TOLERANCE_PX:
            return f"wrong_evidence: the box {box} is not where the text is, {other}"
    return ""
