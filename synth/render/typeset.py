"""Typesetting: styled text in any of Assay's languages and a width -> lines of positioned fragments.

Paragraphs follow the Unicode bidirectional algorithm, break by the rules of their script and take every character from the first font of
the look's chain that has it. Lengths are PDF points (1/72 inch); x runs right from the line's left edge, ascents and descents are positive.
This module knows nothing of pages or PDF; `synth.render.pdf` draws what it makes.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from babel.core import get_global

from schemas.errors import UserError
from synth.render import bidi
from synth.render.paragraph import Entry, Span, Style, Tokenizer
from synth.render.shape import Shaped

__all__ = ["Align", "Direction", "Fragment", "Line", "Span", "Style", "Typesetter", "script_of"]

Align = Literal["start", "end", "center", "justify"]
Direction = Literal["ltr", "rtl"]
_RTL_SCRIPTS = frozenset({"Adlm", "Arab", "Hebr", "Nkoo", "Syrc", "Thaa"})
_MAX_CJK_GAP_EM = 0.14
"""Justified Chinese and Japanese text is never opened wider between characters: MuPDF reads a space from 0.15 em on (SPACE_DIST in
source/fitz/stext-device.c). JLREQ 3.8.2 would allow a quarter em."""
_EPSILON_PT = 1e-6
_BARE_NUMBER = re.compile(r"\d{1,3}(?:[.\-]\d{1,3})*\W*")
"""A number as labels have, in any digits, with the marks that follow it."""


@dataclass(frozen=True, slots=True, eq=False)
class Fragment:
    """Neighbouring text of one span on one line.

    Attributes:
        text: In logical order, without spaces at its ends.
        x_pt: Left end of the text from the line's left edge.
        width_pt: Advance width of the text.
        ascent_pt: Extent above the line's baseline as PDF readers report it, with `rise_pt` counted in.
        descent_pt: Extent below the line's baseline, likewise.
        order: Logical number of its first run on the line; sorts fragments into reading order.
        shapes: Shaped glyphs in logical order, spaces included.
        lefts_pt: x of each of them from the line's left edge.
    """

    text: str
    style: Style
    anchor: str
    x_pt: float
    width_pt: float
    ascent_pt: float
    descent_pt: float
    order: int
    shapes: tuple[Shaped, ...]
    lefts_pt: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One set line: fragments from left to right, the text in logical order, and its extent. Equal to itself alone, as caches find it."""

    fragments: tuple[Fragment, ...]
    text: str
    width_pt: float
    ascent_pt: float
    descent_pt: float


class Typesetter:
    """Sets text of one language in one look.

    Args:
        language: BCP 47 tag (`en`, `zh-Hant`, `ar`); its script decides fonts, direction and breaking.
        look: Font pairing, a key of `synth.render.fonts.LOOKS`.
    """

    def __init__(self, language: str, *, look: str = "noto") -> None:
        self.language = language
        self.look = look
        self.script = script_of(language)
        self.direction: Direction = "rtl" if self.script in _RTL_SCRIPTS else "ltr"
        self._is_rtl = self.direction == "rtl"
        self._tokenizer = Tokenizer(language, self.script, look, int(self._is_rtl))
        self._tokenizer.chain(Style(1.0))  # a wrong look fails here and not at the first word

    def width(self, spans: Sequence[Span]) -> float:
        """Width of the spans set on one line, in points; of the widest paragraph if there are line feeds."""
        paragraphs = (self._tokenizer.tokenize(paragraph) for paragraph in _paragraphs(spans))
        return max([math.fsum([token.width_pt for token, _ in tokens]) for tokens in paragraphs], default=0.0)

    def lines(self, spans: Sequence[Span], width_pt: float, *, align: Align = "start", first_indent_pt: float = 0.0) -> tuple[Line, ...]:
        """Break spans into lines and place them. A line feed starts a new paragraph; spaces at line ends are dropped.

        Args:
            spans: Text in logical order.
            width_pt: Width of the column; fragments' x is measured from its left edge.
            align: `start` and `end` follow the language's direction. `justify` leaves last lines at the start.
            first_indent_pt: Extra space at the start of each paragraph's first line; below zero it begins before the others.

        Raises:
            DataError: `missing_glyph`, `broken_cluster`, `unsupported_cluster`, `control_character` or `bidi_control`.
        """
        out: list[Line] = []
        for paragraph in _paragraphs(spans):
            rows = list(self._break(self._tokenizer.tokenize(paragraph), width_pt, first_indent_pt))
            for i, row in enumerate(rows):
                how: Align = "start" if align == "justify" and i == len(rows) - 1 else align
                out.append(self._place(row, paragraph[0].style, width_pt, how, 0.0 if i else first_indent_pt))
        return tuple(out)

    def _break(self, entries: list[Entry], width_pt: float, indent_pt: float) -> Iterator[list[Entry]]:
        """Greedy first fit. Spaces hang over the end; a token wider than a line is cut between characters."""
        start = at = 0
        used, limit = indent_pt, width_pt + _EPSILON_PT
        while at < len(entries):
            token = entries[at][0]
            after = used + token.width_pt
            if after <= limit or token.is_space:
                used = after
                at += 1
            elif any(not held.is_space for held, _ in entries[start:at]):
                at = _break_before_number(entries, start, at)
                yield _trimmed(entries[start:at])
                start, used = at, 0.0
            else:
                head, tail = self._tokenizer.split(entries[at], width_pt - used)
                entries[at : at + 1] = [head] if tail is None else [head, tail]
                used += head[0].width_pt
                at += 1
        yield _trimmed(entries[start:])

    def _place(self, row: Sequence[Entry], style: Style, width_pt: float, align: Align, indent_pt: float) -> Line:
        """Order a line's items from left to right, stretch and shift them, and gather them into fragments. `style` is an empty line's."""
        items = [item for token, _ in row for item in token.items]
        if not items:
            face = self._tokenizer.chain(style).first
            return Line((), "", 0.0, face.ascent_em * style.size_pt, face.descent_em * style.size_pt)
        spans = [owner for token, span in row for owner in token.owners or (span,) * len(token.items)]
        gaps = _justify_gaps(row, width_pt - indent_pt) if align == "justify" else {}
        widths = [item.width_pt for item in items]
        width = math.fsum([*(token.width_pt for token, _ in row), *gaps.values()])
        levels = [item.level for item in items]
        order = bidi.visual_order(range(len(items)), levels) if any(levels) else range(len(items))
        lefts = [0.0] * len(items)
        x = self._left_end(width_pt - width, align, indent_pt)
        for i in order:
            gap = gaps[i] if i in gaps else 0.0
            lefts[i] = x + gap if levels[i] % 2 else x + items[i].kern_pt
            x += widths[i] + gap + items[i].kern_pt
        shapes = [item.shaped for item in items]
        fragments = tuple([_fragment(spans[group[0]], group, shapes, lefts, widths) for group in _by_span(order, spans)])
        text = "".join([shape.text for shape in shapes])
        return Line(fragments, text, width, max([f.ascent_pt for f in fragments]), max([f.descent_pt for f in fragments]))

    def _left_end(self, room_pt: float, align: Align, indent_pt: float) -> float:
        """Where a line's left end is, when `room_pt` of the column is empty."""
        if align == "center":
            return room_pt / 2
        if align == "end":
            return 0.0 if self._is_rtl else room_pt
        return room_pt - indent_pt if self._is_rtl else indent_pt


@lru_cache(maxsize=256)
def script_of(language: str) -> str:
    """ISO 15924 script of a language tag, by CLDR's likely subtags.

    >>> [script_of(tag) for tag in ("en", "zh", "zh-TW", "ja", "sr-Latn")]
    ['Latn', 'Hans', 'Hant', 'Jpan', 'Latn']
    """
    parts = language.replace("_", "-").split("-")
    explicit = next((part.title() for part in parts[1:] if len(part) == 4 and part.isalpha()), "")
    if explicit:
        return explicit
    likely = get_global("likely_subtags")
    region = next((part.upper() for part in parts[1:] if len(part) == 2 and part.isalpha()), "")
    found = likely.get(f"{parts[0].lower()}_{region}") or likely.get(parts[0].lower())
    if found is None:
        raise UserError(f"unknown language {language!r}", where="language", todo="give a BCP 47 tag such as en, zh-Hans or ar")
    return str(found).split("_")[1]


def _paragraphs(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Spans cut at line feeds; each paragraph has at least one span, perhaps empty."""
    current: list[Span] = []
    for span in spans:
        first, *rest = span.text.split("\n")
        current.append(Span(first, span.style, span.anchor) if rest else span)
        for text in rest:
            yield current
            current = [Span(text, span.style, span.anchor)]
    if current:
        yield current


def _break_before_number(entries: Sequence[Entry], start: int, at: int) -> int:
    """Where a line that began at `start` ends, when token `at` does not fit: `at`, or the word before it where `at` is a bare number.

    The number of a table, figure, chapter or page stays with the word that says of what (`Abb. 5`), if the line has other words.
    """
    if at - start < 3 or [token.is_space for token, _ in entries[at - 3 : at]] != [True, False, True]:
        return at
    text = "".join([item.shaped.text for item in entries[at][0].items])
    has_word = any(not token.is_space for token, _ in entries[start : at - 3])
    return at - 2 if has_word and _BARE_NUMBER.fullmatch(text) else at


def _trimmed(row: list[Entry]) -> list[Entry]:
    """A row without spaces at its end."""
    while row and row[-1][0].is_space:
        row.pop()
    return row


def _justify_gaps(row: Sequence[Entry], width_pt: float) -> dict[int, float]:
    """Item number -> points to open after it. Spaces share the room equally; Chinese and Japanese open between characters, too."""
    room = width_pt - math.fsum(token.width_pt for token, _ in row)
    slots: list[int] = []
    at = -1
    for (token, _), (after, _) in pairwise(row):
        at += len(token.items)
        if token.is_space or ((token.is_cjk or after.is_cjk) and not after.is_space):
            slots.append(at)
    if not slots or room <= 0:
        return {}
    gap = room / len(slots)
    if any(token.is_cjk for token, _ in row) and gap > _MAX_CJK_GAP_EM * row[0][1].style.size_pt:
        return {}
    return dict.fromkeys(slots, gap)


def _by_span(order: Sequence[int], spans: Sequence[Span]) -> Iterator[Sequence[int]]:
    """Item numbers from left to right, grouped into visual neighbours of one span."""
    start = 0
    held = spans[order[0]]
    for at, i in enumerate(order):
        if spans[i] is not held:
            yield order[start:at]
            start, held = at, spans[i]
    yield order[start:]


def _fragment(span: Span, group: Sequence[int], shapes: Sequence[Shaped], lefts: Sequence[float], widths: Sequence[float]) -> Fragment:
    """One fragment of a line's neighbouring items, given by their numbers from left to right; its extent is without outer spaces."""
    style = span.style
    inked = [i for i in group if not shapes[i].is_space] or group
    left, right = lefts[inked[0]], lefts[inked[-1]] + widths[inked[-1]]
    faces = {shapes[i].face for i in inked}
    ascent = max([face.ascent_em for face in faces]) * style.size_pt + style.rise_pt
    descent = max([face.descent_em for face in faces]) * style.size_pt - style.rise_pt
    if isinstance(group, range):
        first, held = group.start, slice(group.start, group.stop)
        runs, starts = tuple(shapes[held]), tuple(lefts[held])
    else:
        logical = sorted(group)
        first, runs, starts = logical[0], tuple([shapes[i] for i in logical]), tuple([lefts[i] for i in logical])
    text = "".join([shape.text for shape in runs]).strip(" ")
    return Fragment(text, style, span.anchor, left, right - left, ascent, descent, first, runs, starts)
