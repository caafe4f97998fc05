"""The verifier of `ocr.images`: both engines read the stored picture again, and every question is answered anew from what they read alike.

Both sides share the phrasings and the measuring instruments of `synth.readers`: what the engines read and how their two readings are
matched (`read_twice`), how sure a line must be (`LEAST_SURE`), how spellings are folded before they are compared (`fold`), and what the
engines never write (`UNWRITTEN`); a fault in one of these escapes this verifier. In which order lines are read, what lies across columns
and what a box holds are decided here in other ways, by rules of the verifier's own (`images_proof_layout`).
"""

import io
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from schemas.dialect import SpottedText, write_spotting
from schemas.geometry import area, box_1000_to_px, box_px_to_1000, clip_box
from schemas.languages import language as language_row
from schemas.sample import BoxPx, Image, Json, Stored, Turn, Verdict
from synth.ocr import prompts
from synth.ocr.images_proof_layout import INSIDE, is_plain, lines_across, order_fault, region_fault, room_around
from synth.readers.models import UNWRITTEN
from synth.readers.text import fold, nearest_part
from synth.readers.twice import LEAST_SURE, Readings, TwiceRead, read_twice, stored_readings

SAME_BOX_PX = 2.0
"""Pixels by which a box that is found again may lie elsewhere: another processor may round otherwise."""


@dataclass(frozen=True, slots=True)
class Page:
    """What both engines read again: lines read alike, none of them across two columns, and what is in doubt with each engine's reading."""

    image: Image
    pixels: NDArray[np.uint8]
    language: str
    lines: tuple[TwiceRead, ...]
    doubts: tuple[tuple[BoxPx, tuple[str, ...]], ...]

    def box_1000(self, box: BoxPx) -> list[int]:
        """In thousandths of the picture."""
        return list(box_px_to_1000(box, self.image.width_px, self.image.height_px))


def verdicts(stored: Stored, turns: Sequence[Turn], language: str) -> tuple[Verdict, ...]:
    """One verdict an assistant turn.

    Args:
        stored: One picture, with the readings that its questions were made from.
        turns: The conversation.
        language: BCP 47 tag of the text.
    """
    pixels, again = _read_again(stored.images[0].data, language)
    fault = reading_fault(stored_readings(stored), again)
    page = _page(stored, pixels, language)
    out = []
    for asked, answered in zip(turns[::2], turns[1::2], strict=True):
        found = fault or _answer_fault(page, asked, answered)
        out.append(Verdict(answered.task, not found, found or "answered again from what two engines read in the picture", "artefact"))
    return tuple(out)


@lru_cache(maxsize=2)  # reading takes seconds; the generator's reading does not pass through here
def _read_again(data: bytes, language: str) -> tuple[NDArray[np.uint8], Readings]:
    """A picture's pixels, (height, width, 3), and what the engines make of them."""
    with Pillow.open(io.BytesIO(data)) as opened:
        picture = opened.convert("RGB")
    return np.asarray(picture), read_twice(picture, language)


def reading_fault(before: Readings, now: Readings) -> str:
    """Where the stored readings are not those of the stored picture, or nothing."""
    if (len(before.lines), len(before.strays)) != (len(now.lines), len(now.strays)):
        return (
            f"other_reading: {len(before.lines)} lines and {len(before.strays)} words more are stored, "
            f"the engines find {len(now.lines)} and {len(now.strays)}"
        )
    for line, other in zip(before.lines, now.lines, strict=True):
        if (line.first, line.second) != (other.first, other.second) or not _same_place(line.box_px, other.box_px):
            return f"other_reading: {line.first!r} is stored at {line.box_px}, the engines read {other.first!r} at {other.box_px}"
        if (line.sure >= LEAST_SURE) != (other.sure >= LEAST_SURE):
            return f"other_reading: {line.first!r} is stored as {line.sure} % sure, the engine says {other.sure} %"
    for word, found in zip(before.strays, now.strays, strict=True):
        if word.text != found.text or not _same_place(word.box_px, found.box_px):
            return f"other_reading: the word {word.text!r} is stored at {word.box_px}, the engine reads {found.text!r} at {found.box_px}"
    return ""


def lines_with(wanted: str, texts: Sequence[str], doubtful: Sequence[str], language: str) -> list[int] | None:
    """Numbers of the texts that say `wanted`; None if people could dispute which do: it is part of a longer word or stands there in other
    letter case, or something like it may be in a doubtful text.
    """
    found = [number for number, text in enumerate(texts) if wanted in words_of(text, language)]
    loose = [number for number, text in enumerate(texts) if fold(wanted).casefold() in fold(text).casefold()]
    slack = max(1, len(wanted) // 3)
    if any(nearest_part(fold(wanted).casefold(), fold(text).casefold()) <= slack for text in doubtful):
        return None
    return found if found == loose else None


def words_of(text: str, language: str) -> set[str]:
    """Words of a line, without signs around them; in scripts without spaces all parts of two to four letters or ideographs."""
    if language_row(language).spaced:
        return {word.strip("".join(c for c in word if not c.isalnum())) for word in text.split()}
    runs = "".join(char if char.isalpha() and not char.isascii() else " " for char in text).split()
    return {run[at : at + length] for run in runs for length in (2, 3, 4) for at in range(len(run) - length + 1)}


def _page(stored: Stored, pixels: NDArray[np.uint8], language: str) -> Page:
    readings = stored_readings(stored)
    grey = np.asarray(Pillow.fromarray(pixels).convert("L"))
    across = lines_across(grey, [line.box_px for line in readings.lines], spaced=language_row(language).spaced)
    sure = [line for line in readings.lines if line.sure >= LEAST_SURE and line.box_px not in across]
    alike = tuple(line for line in sure if _letters(line.first) == _letters(line.second) != "")
    doubts: list[tuple[BoxPx, tuple[str, ...]]] = [(line.box_px, (line.first, line.second)) for line in readings.lines if line not in alike]
    doubts += [(word.box_px, (word.text,)) for word in readings.strays]
    return Page(stored.images[0], pixels, language, alike, tuple(doubts))


def _same_place(one: BoxPx, other: BoxPx) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= SAME_BOX_PX


def _answer_fault(page: Page, asked: Turn, answered: Turn) -> str:
    program: Any = answered.proof.program if answered.proof else None
    if not isinstance(program, dict) or program.get("op") != answered.task or asked.task != answered.task or answered.task not in CHECKS:
        return f"wrong_program: {program!r} does not belong to the task {answered.task!r}"
    found = prompts.match_prompt(answered.task, asked.text.removeprefix("<image>\n"))
    if found is None:
        return f"wrong_question: {asked.text!r} is none of the phrasings of {answered.task}"
    speech, slots = found
    if slots != {name: str(value) for name, value in program.items() if name != "op"}:
        return f"wrong_question: it says {slots!r:.160} where the program is {program!r:.160}"
    return CHECKS[answered.task](page, answered, program, speech)


def _check_transcribe(page: Page, answered: Turn, program: Any, speech: str) -> str:
    return _doubtful(page) if page.doubts else _transcript(answered, page.lines)


def _check_spot_lines(page: Page, answered: Turn, program: Any, speech: str) -> str:
    return _doubtful(page) if page.doubts else _spotted(answered, page, page.lines)


def _check_transcribe_box(page: Page, answered: Turn, program: Any, speech: str) -> str:
    fault, inside = _inside(page, program)
    return fault or _transcript(answered, inside)


def _check_spot_box(page: Page, answered: Turn, program: Any, speech: str) -> str:
    fault, inside = _inside(page, program)
    return fault or _spotted(answered, page, inside)


def _check_read_line(page: Page, answered: Turn, program: Any, speech: str) -> str:
    box = program["box"]
    hits = [line for line in page.lines if page.box_1000(line.box_px) == box]
    if len(hits) == 1:
        text = _said(hits[0])
        return _unlike(answered, text, text) or _evidence_fault(answered, [hits[0].box_px])
    region = _region(page, program)
    fault = region_fault(region, [], room_around([line.box_px for line in page.lines] + [where for where, _ in page.doubts]))
    if fault:
        return f"wrong_question: {fault}"
    if not is_plain(page.pixels, region):
        return f"wrong_question: something stands out in {region}"
    return _unlike(answered, prompts.answer("nothing", speech), "absent") or _evidence_fault(answered, [region])


def _check_find_lines(page: Page, answered: Turn, program: Any, speech: str) -> str:
    texts = [_said(line) for line in page.lines]
    doubtful = [text for _, readings in page.doubts for text in readings]
    found = lines_with(program["text"], texts, doubtful, page.language)
    if found is None:
        return f"wrong_question: which lines hold {program['text']!r} can be disputed"
    return _spotted(answered, page, [page.lines[number] for number in found], ordered=False)


def _letters(text: str) -> str:
    """Folded, and without the signs that only one of the engines has."""
    return fold("".join(char for char in text if char not in UNWRITTEN))


def _said(line: TwiceRead) -> str:
    """The first engine's reading; the second's where that has signs the first does not know."""
    whole = line.first if set(UNWRITTEN).isdisjoint(line.second) else line.second
    return unicodedata.normalize("NFC", re.sub(r"\s+", " ", whole).strip())


def _doubtful(page: Page) -> str:
    where, readings = page.doubts[0]
    return f"wrong_question: not all text is known: at {where} the engines read {' and '.join(map(repr, readings))}"


def _region(page: Page, program: Any) -> BoxPx:
    x0, y0, x1, y1 = program["box"]
    return box_1000_to_px((x0, y0, x1, y1), page.image.width_px, page.image.height_px)


def _inside(page: Page, program: Any) -> tuple[str, list[TwiceRead]]:
    """The lines in the region that a program names, and why it is none."""
    region = _region(page, program)
    inside = [line for line in page.lines if area(clip_box(line.box_px, region)) >= INSIDE * area(line.box_px)]
    others = [line.box_px for line in page.lines if line not in inside] + [where for where, _ in page.doubts]
    fault = region_fault(region, [], others) if inside else f"the region {region} holds no line"
    return fault and f"wrong_question: {fault}", inside


def _transcript(answered: Turn, lines: Sequence[TwiceRead]) -> str:
    fault, ordered = _as_stated(answered, lines)
    text = "\n".join(_said(line) for line in ordered)
    return fault or _unlike(answered, text, text) or _order_fault(ordered)


def _spotted(answered: Turn, page: Page, lines: Sequence[TwiceRead], *, ordered: bool = True) -> str:
    fault, stated = _as_stated(answered, lines)
    if fault:
        return fault
    answer: list[Json] = [[*page.box_1000(line.box_px), _said(line)] for line in stated]
    found = [SpottedText(box_px_to_1000(line.box_px, page.image.width_px, page.image.height_px), _said(line)) for line in stated]
    return _unlike(answered, write_spotting(found), answer or "absent") or (_order_fault(stated) if ordered else "")


def _as_stated(answered: Turn, lines: Sequence[TwiceRead]) -> tuple[str, list[TwiceRead]]:
    """The lines an answer needs, in the order of its evidence, which must be their boxes, each once."""
    stated = [item.box_px for item in answered.proof.evidence if item.box_px] if answered.proof else []
    if sorted(stated) != sorted(line.box_px for line in lines):
        return f"wrong_evidence: {len(stated)} boxes are stated, and are not those of the {len(lines)} lines that answer the question", []
    left = list(lines)
    ordered = []
    for box in stated:
        line = next(line for line in left if line.box_px == box)
        left.remove(line)
        ordered.append(line)
    return "", ordered


def _evidence_fault(answered: Turn, wanted: Sequence[BoxPx]) -> str:
    stated = [item.box_px for item in answered.proof.evidence] if answered.proof else []
    return "" if stated == list(wanted) else f"wrong_evidence: the boxes {stated!r:.160} are stated, {list(wanted)!r:.160} hold the answer"


def _order_fault(lines: Sequence[TwiceRead]) -> str:
    fault = order_fault([line.box_px for line in lines])
    return fault and f"wrong_order: {fault}"


def _unlike(answered: Turn, text: str, answer: Json) -> str:
    stated = answered.proof.answer if answered.proof else None
    if answered.text != text:
        return f"wrong_answer: the answer is {answered.text!r:.160}, the picture says {text!r:.160}"
    return "" if stated == answer else f"wrong_answer: the proof says {stated!r:.160}, the picture {answer!r:.160}"


CHECKS: Mapping[str, Callable[[Page, Turn, Any, str], str]] = {
    "transcribe": _check_transcribe,
    "spot_lines": _check_spot_lines,
    "transcribe_box": _check_transcribe_box,
    "spot_box": _check_spot_box,
    "read_line": _check_read_line,
    "find_lines": _check_find_lines,
}
