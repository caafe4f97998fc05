"""The printed lines of a real page, and how they become running text or code: hyphens and tokens at line ends, raised marks, indents.

What is joined is decided by the words that the document prints within its lines; where they do not decide, the page is unsafe. Nothing here
knows what part of a page a line belongs to.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pymupdf

from schemas.elements import LEVEL, RAISED, raised, tidy_code
from synth.documents.blocks import BoxPt
from synth.documents.parse_tables import UnsafePage
from synth.documents.real_structure import FIRST_WIDE, HYPHENS

WIDE_GAP_EM = 3.0
"""A gap in a line from which its sides are two texts (chosen: justified lines stay below two ems)."""

SMALL, LIFT = 0.82, 0.12
"""Raised marks are at most this size and at least this much above the line's baseline, in ems of the line."""

_MONO_NAME = re.compile(r"mono|courier|typewriter|consol|menlo|cmtt|lmtt|code(?!c)", re.IGNORECASE)
_QUOTES = "()[]{}<>\"'.,;:!?“”„‘’‚«»‹›…"
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LAST_WORD = re.compile(_WORD.pattern + "$")
_GOES_ON = "._=:@+&?%~\\"
_SUPERSCRIPTS = re.compile("[\u00b9\u00b2\u00b3\u2070\u2074-\u2079]+")


@dataclass(frozen=True, slots=True)
class TextLine:
    """One printed line.

    Attributes:
        text: The words, with raised marks.
        box_pt: Around it.
        size_pt: The largest type size on it.
        mono: Whether all of it is set in a type of equal widths (code, forms).
        glyphs: (character, left edge) from left to right.
        baseline_pt: Where it stands.
        ends: Whether its first and its last character are set in a type of equal widths.
    """

    text: str
    box_pt: BoxPt
    size_pt: float
    mono: bool
    glyphs: tuple[tuple[str, float], ...] = ()
    baseline_pt: float = 0.0
    ends: tuple[bool, bool] = (False, False)


def block_lines(block: dict[str, Any]) -> list[TextLine]:
    """The block's lines; pieces of one line that MuPDF keeps apart (number and title of a heading) are joined where they are near.

    Raises:
        UnsafePage: Unreadable characters or turned text.
    """
    found: list[TextLine] = []
    for line in block["lines"]:
        if abs(line["dir"][0] - 1) > 0.01:
            raise UnsafePage("turned text")
        new = _line(line)
        if new is None:
            continue
        last = found[-1] if found else None
        if last and abs(new.box_pt[0] - last.box_pt[2]) <= new.size_pt and (with_mark := _with_mark(last, new)):
            found[-1] = with_mark
            continue
        if last and abs(last.baseline_pt - new.baseline_pt) < 0.3 * new.size_pt and new.box_pt[0] >= last.box_pt[2] - 1:
            if (last.mono and new.mono) or new.box_pt[0] - last.box_pt[2] <= WIDE_GAP_EM * new.size_pt:
                found[-1] = _joined(last, new)
                continue
        found.append(new)
    return found


def _line(line: dict[str, Any]) -> TextLine | None:
    spans = [(span, "".join(char["c"] for char in span["chars"])) for span in line["spans"]]
    if any("\ufffd" in text for _, text in spans):
        raise UnsafePage("unreadable characters")
    shown = [(span, text) for span, text in spans if text.strip()]
    if not shown:
        return None
    size = max(float(span["size"]) for span, _ in shown)
    baseline = max(_baseline(span) for span, _ in shown if float(span["size"]) >= 0.95 * size)
    text = ""
    for span, words in spans:
        up = words.strip() and span["size"] <= SMALL * size and baseline - _baseline(span) >= LIFT * size
        text += raised("".join(words.split())) if up else words
    text = _SUPERSCRIPTS.sub(lambda found: raised(unicodedata.normalize("NFKC", found[0])), text).replace(LEVEL + RAISED, "")
    monos = [_is_mono(span) for span, _ in shown]
    glyphs = tuple((char["c"], float(char["origin"][0])) for span, _ in shown for char in span["chars"] if not char["c"].isspace())
    return TextLine(text.strip(), tuple(line["bbox"]), size, all(monos), glyphs, baseline, (monos[0], monos[-1]))


def _baseline(span: dict[str, Any]) -> float:
    """Of the first character that is no space: spaces that MuPDF adds stand on the line before."""
    return float(next(char["origin"][1] for char in span["chars"] if not char["c"].isspace()))


def _with_mark(one: TextLine, two: TextLine) -> TextLine | None:
    """One line of two pieces of which one is raised above the other; None if none is."""
    small, large = (one, two) if one.size_pt < two.size_pt else (two, one)
    lift = large.baseline_pt - small.baseline_pt
    if small.size_pt > SMALL * large.size_pt or not LIFT * large.size_pt <= lift <= large.size_pt or len(small.text.split()) > 1:
        return None
    mark = raised(small.text.replace(RAISED, "").replace(LEVEL, ""))
    return replace(_joined(one, two), text=f"{mark} {two.text}" if small is one else one.text + mark)


def _joined(one: TextLine, two: TextLine) -> TextLine:
    a, b = one.box_pt, two.box_pt
    box = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
    size = max(one.size_pt, two.size_pt)
    text = f"{one.text} {two.text}"
    return TextLine(
        text,
        box,
        size,
        one.mono and two.mono,
        one.glyphs + two.glyphs,
        max(one, two, key=lambda line: line.size_pt).baseline_pt,
        (one.ends[0], two.ends[1]),
    )


def _is_mono(span: dict[str, Any]) -> bool:
    return bool(span["flags"] & pymupdf.TEXT_FONT_MONOSPACED) or bool(_MONO_NAME.search(span["font"]))


def document_words(document: pymupdf.Document) -> frozenset[str]:
    """The words and tokens that a document prints within its lines, in small letters."""
    found: set[str] = set()
    for number in range(document.page_count):
        for line in _plain(document[number].get_text()).splitlines():
            found.update(_WORD.findall(line))
            found.update(token.strip(_QUOTES) for token in line.split())
    return frozenset(found)


def words_like_broken(page: pymupdf.Page, words: frozenset[str]) -> set[str]:
    """Those of `words` that begin as a word which a hyphen at a line end of the page divides: what was known when it was joined."""
    lines = _plain(page.get_text()).splitlines()
    begun = {found[-1] for line in lines if line.rstrip().endswith("-") and (found := _WORD.findall(line.rstrip().rstrip("-")))}
    return {word for word in words if word.startswith(tuple(begun))} if begun else set()


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("\u2010", "-").replace("\u2011", "-").replace("\u2019", "'").lower()


def join_lines(lines: Iterable[str], words: frozenset[str] = frozenset(), ends: Sequence[tuple[bool, bool]] = ()) -> str:
    """The lines of a paragraph as running text. A line end is a space, in CJK text nothing; a hyphen there goes if the document has the
    word without it and never with it, and stays, without a space, in the opposite case.

    Raises:
        UnsafePage: It cannot be told whether a hyphen is part of a word, or whether a path or an address goes on.
    """
    text = ""
    for number, line in enumerate(lines):
        is_mono = bool(ends) and number > 0 and ends[number - 1][1] and ends[number][0]
        if not text:
            text = line
            continue
        between = _between(text, line, words, is_mono=is_mono)
        text = text[:-1] + line if between is None else text + between + line
    return re.sub(r"[ \t\u00a0]+", " ", text)


def _between(text: str, line: str, words: frozenset[str], *, is_mono: bool) -> str | None:
    """What stands between two lines: a space, nothing, or None where the hyphen before it goes."""
    last, following = text.split()[-1], line.split()[0]
    before, after = _plain(last).lstrip(_QUOTES), _plain(following).rstrip(_QUOTES)
    if last[-1] == "\u00ad":
        return None
    if last[-1] in HYPHENS and len(last) > 1:
        first, second = _LAST_WORD.search(before[:-1]), _WORD.match(after)
        if first and second:
            without, with_it = first[0] + second[0] in words, f"{first[0]}-{second[0]}" in words
            if without == with_it or (is_mono and without):
                raise UnsafePage("a hyphen at a line end that may be part of the word")
            return None if without else ""
        if before[-2:-1].isalnum() and after[0].isalnum():
            return ""
        raise UnsafePage("a hyphen at a line end that may be a dash")
    if last[-1] == "/" and len(last) > 1:
        if before + after in words:
            return ""
        raise UnsafePage("a path at a line end that may go on")
    if is_mono or "/" in last or "/" in following:
        goes_on = last[-1] in _GOES_ON and not (last[-1] in ".:?" and following[0].isupper() and not is_mono)
        if goes_on or (following[0] in "/._=@" and len(following) > 1 and "/" in last):
            raise UnsafePage("a path at a line end that may go on")
    return (
        "" if ord(text[-1]) > FIRST_WIDE and ord(line[0]) > FIRST_WIDE and RAISED not in (line[0], text[-1]) and text[-1] != LEVEL else " "
    )


def code_text(lines: Sequence[TextLine]) -> str:
    """Lines of code with their indents, columns and blank lines, told from where the characters stand.

    Raises:
        UnsafePage: The characters do not stand in columns.
    """
    steps = [two[1] - one[1] for line in lines for one, two in itertools.pairwise(line.glyphs)]
    step = min((step for step in steps if step > 1.0), default=0.6 * lines[0].size_pt)
    left = min(line.glyphs[0][1] for line in lines)
    pitches = [two.baseline_pt - one.baseline_pt for one, two in itertools.pairwise(lines)]
    pitch = min((pitch for pitch in pitches if pitch > 1.0), default=1.2 * lines[0].size_pt)
    out: list[str] = []
    for number, line in enumerate(lines):
        if number:
            out += [""] * (round((line.baseline_pt - lines[number - 1].baseline_pt) / pitch) - 1)
        text = ""
        for char, x in line.glyphs:
            column = (x - left) / step
            if abs(column - round(column)) > 0.3 or round(column) < len(text):
                raise UnsafePage("code that does not stand in columns")
            text = text.ljust(round(column)) + char
        out.append(text)
    return tidy_code("\n".join(out))
