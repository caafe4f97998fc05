"""The characters of a PDF's pages with their boxes, and the images drawn on them, as PDFium gives them: what `parse_check` checks against.

Text is bare of white space and hyphens, because lines end elsewhere; every other character counts. Points have their origin at the top left
of the page.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from schemas.geometry import Box1000, BoxPt
from synth.documents.real_reading import fold

ROUNDING = 0.6
"""Half a thousandth of the page side is the error of an integer box; a little more, for pixels that do not divide the page evenly
(thousandths)."""

UNORDERED_SCRIPTS = ((0x0590, 0x08FF), (0x0900, 0x0DFF), (0xFB1D, 0xFEFC))
"""Code points of right-to-left and Indic text, whose order in a text layer differs between readers: there the characters are compared,
not their order."""

RUN = re.compile(r"\d+|[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u064b-\u065f\u0900-\u0963])*")
"""A run of digits, or of letters with their vowel signs."""

MIN_LIKENESS = 0.8
"""Least overlap of a picture's box with the image that is drawn (chosen: rounding to thousandths costs a few hundredths of small ones)."""

LONE_WORD = 4
"""Shortest word by which the place of a text is told (chosen)."""


@dataclass(frozen=True, slots=True)
class Char:
    """One visible character and its box."""

    text: str
    box_pt: BoxPt


@dataclass(frozen=True)
class PageChars:
    """The characters of one page in PDFium's order, and the boxes of the images that are drawn on it."""

    chars: tuple[Char, ...]
    width_pt: float
    height_pt: float
    images_pt: tuple[BoxPt, ...] = ()

    def to_pt(self, box: Box1000) -> BoxPt:
        """A box in thousandths as points, grown by the rounding error."""
        x0, y0, x1, y1 = box
        return (
            (x0 - ROUNDING) * self.width_pt / 1000,
            (y0 - ROUNDING) * self.height_pt / 1000,
            (x1 + ROUNDING) * self.width_pt / 1000,
            (y1 + ROUNDING) * self.height_pt / 1000,
        )

    def image_at(self, box_pt: BoxPt) -> BoxPt | None:
        """The image drawn in a box: the one most like it, if it is like it at all. What is printed beside it is no part of a picture."""
        found = max(self.images_pt, key=lambda image: _likeness(image, box_pt), default=None)
        return found if found and _likeness(found, box_pt) >= MIN_LIKENESS else None

    def lone_word(self, text: str) -> list[BoxPt]:
        """The box of the longest word of a text that the page prints once; nothing where there is none."""
        whole = "".join(char.text for char in self.chars)
        owner = [number for number, char in enumerate(self.chars) for _ in char.text]
        words = sorted({bare(word) for word in RUN.findall(text)}, key=lambda word: (-len(word), word))
        alone = next((word for word in words if len(word) >= LONE_WORD and whole.count(word) == 1), "")
        at = whole.find(alone)
        return [around([self.chars[number].box_pt for number in owner[at : at + len(alone)]])] if alone else []

    def inside(self, box_pt: BoxPt) -> list[int]:
        """Numbers of the characters whose centre lies in the box."""
        x0, y0, x1, y1 = box_pt
        return [
            n
            for n, c in enumerate(self.chars)
            if x0 <= (c.box_pt[0] + c.box_pt[2]) / 2 <= x1 and y0 <= (c.box_pt[1] + c.box_pt[3]) / 2 <= y1
        ]


def _likeness(one: BoxPt, two: BoxPt) -> float:
    """The area two boxes share, of that which either covers."""
    shared = max(0.0, min(one[2], two[2]) - max(one[0], two[0])) * max(0.0, min(one[3], two[3]) - max(one[1], two[1]))
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, two))
    return shared / (areas - shared) if areas > shared else 0.0


def bare(text: str) -> str:
    """Text without white space, hyphens and invisible characters."""
    return "".join(char for char in fold(text) if char.isprintable() and not char.isspace() and char not in "-\u2011\u00ad")


def read_chars(data: bytes) -> tuple[PageChars, ...]:
    """The visible characters of every page."""
    document = pdfium.PdfDocument(data)
    try:
        return tuple(_page_chars(document[number]) for number in range(len(document)))
    finally:
        document.close()


def _page_chars(page: pdfium.PdfPage) -> PageChars:
    left, bottom, right, top = page.get_cropbox()
    textpage = page.get_textpage()
    chars: list[Char] = []
    for number in range(textpage.count_chars()):
        code = pdfium_c.FPDFText_GetUnicode(textpage.raw, number)
        text = bare(chr(code)) if code and not 0xD800 <= code <= 0xDFFF else ""
        if text:
            x0, y0, x1, y1 = textpage.get_charbox(number, loose=True)
            box = (x0 - left, top - y1, x1 - left, top - y0)
            if chars and chars[-1].box_pt == box and is_right_to_left(text):
                # One glyph that stands for several letters: PDFium gives them from left to right.
                chars[-1] = Char(text + chars[-1].text, box)
            else:
                chars.append(Char(text, box))
    drawn = (item.get_bounds() for item in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE]))
    images = tuple((x0 - left, top - y1, x1 - left, top - y0) for x0, y0, x1, y1 in drawn)
    return PageChars(tuple(chars), right - left, top - bottom, images)


def is_right_to_left(text: str) -> bool:
    """Whether a text holds a letter of a right-to-left script."""
    return any(low <= ord(char) <= high for char in text for low, high in UNORDERED_SCRIPTS[::2])


def around(boxes: Sequence[BoxPt]) -> BoxPt:
    """The smallest box around all."""
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)
