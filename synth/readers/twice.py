"""Reads a picture coarse to fine: PaddleOCR finds lines and reads them, a second engine reads each of them again and then looks for words
of its own. What follows from the two readings is for others to say; nothing here knows questions.

Boxes are whole pixels, so that a processor that rounds otherwise in its last digit gives the same ones.
"""

import math
from dataclasses import dataclass
from typing import Any

from PIL import Image as Pillow

from schemas.canonical import canonical_json, parse_json
from schemas.languages import load_languages
from schemas.sample import Attachment, BoxPx, Stored
from synth.readers.engines import find_words, read_box, read_page
from synth.readers.models import second_reader

NAME = "readings-0.json"
WORD_LETTERS = 3
WORD_SURE = 0.8
"""A word that the second engine finds by itself counts from that many letters and digits and from that confidence on: shorter or less sure
ones are more often texture than text (chosen; of 20 photographs, screenshots and scans none had such a word that was none)."""
LEAST_SURE = 80
"""Confidence of the first engine, in hundredths, below which a reading is not believed whatever the second one says: single signs and
texture (chosen)."""
FAINT = 0.35
"""Score of a box from which text is looked for in it (chosen: at the detector's own value it passes over single letters in a drawing; what
is found too much, the second engine does not read alike)."""


@dataclass(frozen=True, slots=True)
class TwiceRead:
    """One line that the first engine found.

    Attributes:
        box_px: Whole pixels.
        first: What the first engine read.
        second: What the second one read in the same box.
        sure: The first engine's confidence, in hundredths.
    """

    box_px: BoxPx
    first: str
    second: str
    sure: int


@dataclass(frozen=True, slots=True)
class StrayWord:
    """A word that only the second engine found."""

    box_px: BoxPx
    text: str


@dataclass(frozen=True, slots=True)
class Readings:
    """All that two engines make of a picture, lines as the first one ordered them."""

    lines: tuple[TwiceRead, ...]
    strays: tuple[StrayWord, ...]


def languages_read_twice() -> tuple[str, ...]:
    """Languages that PaddleOCR and a second engine both read."""
    return tuple(code for code, row in load_languages().items() if row.reader == "paddle")


def read_twice(picture: Pillow.Image, code: str) -> Readings:
    """What both engines read in a picture of text in one language.

    Raises:
        NotInstalledError: An engine or its language data are not there.
    """
    reader = second_reader(code)
    found = []
    for line in read_page(picture, least_found=FAINT):
        box = _whole(line.box_px, picture)
        found.append(TwiceRead(box, line.text, read_box(picture, box, reader).text, round(100 * line.confidence)))
    words = find_words(picture, reader)
    strays = [
        StrayWord(_whole(word.box_px, picture), word.text)
        for word in words
        if word.confidence >= WORD_SURE
        and sum(map(str.isalnum, word.text)) >= WORD_LETTERS
        and not any(_holds(line.box_px, word.box_px) for line in found)
    ]
    return Readings(tuple(found), tuple(strays))


def _whole(box: BoxPx, picture: Pillow.Image) -> BoxPx:
    """The box in whole pixels, inside the picture."""
    x0, y0, x1, y1 = box
    return (
        float(max(0, math.floor(x0))),
        float(max(0, math.floor(y0))),
        float(min(picture.width, math.ceil(x1))),
        float(min(picture.height, math.ceil(y1))),
    )


def _holds(box: BoxPx, other: BoxPx) -> bool:
    """Whether the middle of `other` lies in `box`."""
    x, y = (other[0] + other[2]) / 2, (other[1] + other[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def readings_attachment(readings: Readings) -> Attachment:
    """Both readings of every line, and the words that only the second engine found."""
    lines = [[list(line.box_px), line.first, line.second, line.sure] for line in readings.lines]
    strays = [[list(word.box_px), word.text] for word in readings.strays]
    return Attachment.of(NAME, "application/json", canonical_json({"lines": lines, "strays": strays}).encode())


def stored_readings(stored: Stored) -> Readings:
    """The inverse of `readings_attachment`. KeyError if there are none, ValueError if they are not readings."""
    data: Any = parse_json(stored.attachment(NAME).data.decode())
    lines = tuple(TwiceRead(_box(box), first, second, sure) for box, first, second, sure in data["lines"])
    return Readings(lines, tuple(StrayWord(_box(box), text) for box, text in data["strays"]))


def _box(values: list[float]) -> BoxPx:
    x0, y0, x1, y1 = values
    return (x0, y0, x1, y1)
