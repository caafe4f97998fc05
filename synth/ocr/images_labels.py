"""From two engines' readings of a picture to what may be asked about it: lines on which they agree, in reading order, and all that is in
doubt. Knows nothing of questions.
"""

import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.errors import DataError
from schemas.sample import BoxPx
from synth.ocr.images_layout import across_columns, reading_order
from synth.readers.models import UNWRITTEN
from synth.readers.text import fold
from synth.readers.twice import LEAST_SURE, Readings, TwiceRead

AGREEMENT = 0
"""Edits that two readings of a line may differ by once both are folded. Measured (`bench/ocr_agreement.py`, 1,081 lines of pages and signs
in English, German, French, Chinese and Japanese): at 0 edits 78 % of lines are kept and the letters of 99.8 % of them are right; at 5 % of
the line, 84 % are kept and 96.8 % right. Spaces are the first engine's, which has them right in 97.5 % of the lines kept."""
LEAST_AGREED = 0.25
"""Share of all characters read that must lie in lines that both engines read alike; below, the picture is not asked about (chosen: of 32
trials, photographs and drawings whose lines were mostly texture had at most 0.10, and pages and screenshots of text at least 0.23)."""


_NO_UNWRITTEN = dict.fromkeys(map(ord, UNWRITTEN))


@dataclass(frozen=True, slots=True)
class Line:
    """A line both engines read alike."""

    box_px: BoxPx
    text: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """A place where text may stand that is not known, and what engines made of it."""

    box_px: BoxPx
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Labels:
    """What is known of a picture's text: lines in reading order, and what is in doubt."""

    lines: tuple[Line, ...]
    doubts: tuple[Doubt, ...]


def label(readings: Readings, grey: NDArray[np.uint8], where: str, *, spaced: bool) -> Labels:
    """What may be believed of two engines' readings: lines read alike that do not run across two columns.

    Args:
        readings: Of the picture.
        grey: Its pixels, (height, width).
        where: Its name in errors.
        spaced: Whether the language has spaces between its words.

    Raises:
        DataError: `readers_disagree`: the lines that may be believed hold too little of what was read.
    """
    across = across_columns(grey, [line.box_px for line in readings.lines], spaced=spaced)
    agreed = [line for line, apart in zip(readings.lines, across, strict=True) if is_agreed(line) and not apart]
    doubts = [Doubt(line.box_px, (line.first, line.second)) for line in readings.lines if line not in agreed]
    doubts += [Doubt(word.box_px, (word.text,)) for word in readings.strays]
    held = sum(len(fold(line.first)) for line in agreed)
    read = held + sum(max(len(fold(text)) for text in doubt.readings) for doubt in doubts)
    if doubts and held < LEAST_AGREED * read:
        first = doubts[0].readings
        what = f"of {read} characters read, {held} lie in lines that both engines read alike ({len(agreed)} of {len(agreed) + len(doubts)})"
        what += f", {sum(across)} lines run across columns" if any(across) else ""
        raise DataError("readers_disagree", f"{where}: {what}; for example {' and '.join(map(repr, first))}")
    order = reading_order([line.box_px for line in agreed])
    return Labels(tuple(Line(agreed[i].box_px, text_of(agreed[i])) for i in order), tuple(doubts))


def is_agreed(line: TwiceRead) -> bool:
    """Whether the engines read the same letters, but for signs that the first one cannot write."""
    written = fold(line.first)
    return bool(written) and written == fold(line.second.translate(_NO_UNWRITTEN)) and line.sure >= LEAST_SURE


def text_of(line: TwiceRead) -> str:
    """What a line says that both engines read alike: the first one's reading, or the second one's if the first cannot write all of it; NFC,
    with single spaces.
    """
    reading = line.second if any(sign in line.second for sign in UNWRITTEN) else line.first
    return unicodedata.normalize("NFC", " ".join(reading.split()))
