"""The characters of a PDF's pages with their boxes, and the pictures drawn on them, as PDFium gives them: what `parse_check` goes by.

Text is bare of white space, because lines end elsewhere; every other character counts, and raised ones are others than those on the line.
A hyphen at a line end is taken away only where the document prints the word without it and never with it (`line_ends`). Points have their
origin at the top left of the page.
"""

import ctypes
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from schemas.elements import LEVEL, RAISED
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

MONO = re.compile(r"mono|courier|typewriter|consol|menlo|cmtt|lmtt|code(?!c)", re.IGNORECASE)
"""Names of fonts of equal widths; not all of them say so in their flags."""

MAX_RAISED_SIZE, MIN_LIFT = 0.82, 0.12
"""Raised characters are at most this size and at least this much above the baseline, in ems of their neighbours (footnote marks are 0.6 to
0.75 of the text and rise by 0.3)."""

COMPOUND = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
"""A word, or words joined by hyphens."""

_NEAR = 4  # characters on either side that a raised one is held against
_RAISED_PLANE = 0xF0000
_AROUND = "()[]{}<>\"'.,;:!?“”„‘’‚«»‹›…"
_BREAK = re.compile(r"(\S+?)([-\u2010/])[ ]*[\r\n]+[ ]*(\S+)")
_LAST_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*$")
_FIRST_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")

MIN_LIKENESS = 0.8
"""Least overlap of a picture's box with the image that is drawn (chosen: rounding to thousandths costs a few hundredths of small ones)."""

LONE_WORD = 4
"""Shortest word by which the place of a text is told (chosen)."""


@dataclass(frozen=True, slots=True)
class Char:
    """One visible character and its box."""

    text: str
    box_pt: BoxPt
    mono: bool = False
    size_pt: float = 0.0
    baseline_pt: float = 0.0
    left_pt: float = 0.0


@dataclass(frozen=True)
class PageChars:
    """The characters of one page in PDFium's order, the boxes of the pictures that are drawn on it, the tokens that a line end broke and
    that must stand in one piece, and the printed lines.
    """

    chars: tuple[Char, ...]
    width_pt: float
    height_pt: float
    images_pt: tuple[BoxPt, ...] = ()
    whole: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()

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
    """Text without white space, soft hyphens and invisible characters. Raised characters, and those that Unicode has raised, are moved to
    a private plane, so that `m<sup>2</sup>` is `m²` and not `m2`.
    """
    out: list[str] = []
    is_raised = False
    for char in text:
        if char in (RAISED, LEVEL):
            is_raised = char == RAISED
        else:
            up = is_raised or unicodedata.decomposition(char).startswith("<super>")
            kept = (c for c in fold(char) if c.isprintable() and not c.isspace() and c != "\u00ad")
            out += [chr(_RAISED_PLANE + ord(c)) for c in kept] if up else kept
    return "".join(out)


def read_chars(data: bytes, more: frozenset[str] = frozenset()) -> tuple[PageChars, ...]:
    """The visible characters of every page. `more` are words of the document the pages are from, which decide about hyphens with theirs."""
    words = vocabulary(data) | more
    document = pdfium.PdfDocument(data)
    try:
        return tuple(_page_chars(document[number], words) for number in range(len(document)))
    finally:
        document.close()


@lru_cache(maxsize=4)
def vocabulary(data: bytes) -> frozenset[str]:
    """The words and tokens that a document prints within lines."""
    document = pdfium.PdfDocument(data)
    try:
        texts = [document[number].get_textpage().get_text_range() for number in range(len(document))]
    finally:
        document.close()
    lines = [line for text in texts for line in re.split(r"(?<=\x02)|(?<=\ufffe)|\s*[\r\n]+", text)]
    found: set[str] = set()
    for line in lines:
        plain = fold(line).lower()
        found.update(COMPOUND.findall(plain))
        found.update(token.strip(_AROUND) for token in plain.split())
    return frozenset(found)


def line_ends(text: str, words: frozenset[str], mono: set[int]) -> tuple[set[int], list[str]]:
    """Of a page's raw text: places of hyphens at line ends that only divide a word, and tokens that go on over a line end. Code, at the
    places `mono`, has lines of its own.
    """
    dropped: set[int] = set()
    whole: list[str] = []
    for end in _BREAK.finditer(text):
        if end.start(2) in mono and end.start(3) in mono:
            continue
        before, after = fold(end[1]).lower().lstrip(_AROUND), fold(end[3]).lower().rstrip(_AROUND)
        if end[2] == "/":
            whole.append(f"{end[1].lstrip(_AROUND)}/{end[3].rstrip(_AROUND)}")
            continue
        first, second = _LAST_WORD.search(before), _FIRST_WORD.match(after)
        if first and second and f"{first[0]}{second[0]}" in words and f"{first[0]}-{second[0]}" not in words:
            dropped.add(end.start(2))
            whole.append(_LAST_WORD.search(end[1].rstrip())[0] + _FIRST_WORD.match(end[3])[0])  # type: ignore[index]  # found above
        elif end[1][-1:].isalnum():
            whole.append(f"{end[1].lstrip(_AROUND)}-{end[3].rstrip(_AROUND)}")
    return dropped, whole


@dataclass(frozen=True, slots=True)
class _Raw:
    """A character as PDFium has it."""

    text: str
    box_pt: BoxPt
    size_pt: float
    baseline_pt: float
    left_pt: float
    mono: bool


def _page_chars(page: pdfium.PdfPage, words: frozenset[str]) -> PageChars:
    left, bottom, right, top = page.get_cropbox()
    raw = _raw_chars(page.get_textpage(), left, top)
    mono = {number for number, char in enumerate(raw) if char.mono}
    text = "".join(char.text for char in raw)
    dropped, whole = line_ends(text, words, mono)
    up = _raised(raw)
    chars: list[Char] = []
    for number, char in enumerate(raw):
        shown = bare(f"{RAISED}{char.text}{LEVEL}" if number in up else char.text)
        if not shown or number in dropped:
            continue
        if chars and chars[-1].box_pt == char.box_pt and is_right_to_left(shown):
            # One glyph that stands for several letters: PDFium gives them from left to right.
            shown += chars.pop().text
        chars.append(Char(shown, char.box_pt, char.mono, char.size_pt, char.baseline_pt, char.left_pt))
    kinds = [pdfium_c.FPDF_PAGEOBJ_IMAGE, pdfium_c.FPDF_PAGEOBJ_FORM]
    drawn = (item.get_bounds() for item in page.get_objects(filter=kinds, max_depth=1))
    images = tuple((x0 - left, top - y1, x1 - left, top - y0) for x0, y0, x1, y1 in drawn)
    return PageChars(tuple(chars), right - left, top - bottom, images, tuple(whole), tuple(text.splitlines()))


def _raw_chars(textpage: pdfium.PdfTextPage, left: float, top: float) -> list[_Raw]:
    found: list[_Raw] = []
    x, y, matrix = ctypes.c_double(), ctypes.c_double(), pdfium_c.FS_MATRIX()
    name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    for number in range(textpage.count_chars()):
        code = pdfium_c.FPDFText_GetUnicode(textpage.raw, number)
        if not code or 0xD800 <= code <= 0xDFFF:
            continue
        # PDFium gives hyphens that divide a word as one of two code points that nobody prints.
        text = "-\n" if code in (0x02, 0xFFFE) else chr(code)
        x0, y0, x1, y1 = textpage.get_charbox(number, loose=True)
        pdfium_c.FPDFText_GetCharOrigin(textpage.raw, number, x, y)
        pdfium_c.FPDFText_GetMatrix(textpage.raw, number, matrix)
        size = pdfium_c.FPDFText_GetFontSize(textpage.raw, number) * math.hypot(matrix.c, matrix.d)
        pdfium_c.FPDFText_GetFontInfo(textpage.raw, number, name, 128, flags)
        mono = bool(MONO.search(name.value.decode("latin-1"))) or bool(flags.value & 1)
        box = (x0 - left, top - y1, x1 - left, top - y0)
        found += [_Raw(part, box, size, top - y.value, x.value - left, mono) for part in text]
    return found


def _raised(raw: Sequence[_Raw]) -> set[int]:
    """Places of characters that are smaller than their neighbours on the line and stand above its baseline."""
    found: set[int] = set()
    for run in _runs([n for n, char in enumerate(raw) if not char.text.isspace()], raw):
        one = raw[run[0]]
        around_it = [*raw[max(0, run[0] - _NEAR) : run[0]], *raw[run[-1] + 1 : run[-1] + 1 + _NEAR]]
        for near in (char for char in around_it if not char.text.isspace()):
            lift = near.baseline_pt - one.baseline_pt
            if one.size_pt <= MAX_RAISED_SIZE * near.size_pt and MIN_LIFT * near.size_pt <= lift <= near.size_pt:
                found.update(run)
    return found


def _runs(numbers: Sequence[int], raw: Sequence[_Raw]) -> Iterator[list[int]]:
    run: list[int] = []
    for number in numbers:
        same = (
            run and abs(raw[number].size_pt - raw[run[-1]].size_pt) < 0.05 and abs(raw[number].baseline_pt - raw[run[-1]].baseline_pt) < 0.5
        )
        if run and not (same and number - run[-1] <= 2):
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def is_right_to_left(text: str) -> bool:
    """Whether a text holds a letter of a right-to-left script."""
    return any(low <= ord(char) <= high for char in text for low, high in UNORDERED_SCRIPTS[::2])


def around(boxes: Sequence[BoxPt]) -> BoxPt:
    """The smallest box around all."""
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)
