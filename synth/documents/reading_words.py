"""Words of one PDF page from MuPDF's text layer, in logical order, with MuPDF's two faults on right-to-left lines repaired.

MuPDF lists the characters of a line that holds right-to-left letters from right to left, digits too, so ٢٠٢٤ reads ٤٢٠٢, and tears
brackets off their word. Such pages are read character by character and put in order here by the part of the Unicode bidirectional
algorithm (UAX 9) that a reader needs: runs of digits with their separators and words with Latin letters run left to right. Nothing here
knows how the page was made.
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple, TypeAlias

import pymupdf

BoxPt: TypeAlias = tuple[float, float, float, float]
"""(x0, y0, x1, y1) in PDF points, origin top left of the page, y down."""

MARK_SIZE_RATIO = 0.78
"""Type smaller than this share of its line's type, and raised, is a footnote mark (chosen; superscripts are set at 0.58 to 0.7)."""

WORD_GAP_EM = 0.17
"""A gap wider than this starts a new word (MuPDF's own rule is 0.15 to 0.2 em)."""

SAME_LINE_EM = 0.2
"""Baselines nearer than this belong to one line (chosen)."""

TEXT_FLAGS = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP

RTL_KINDS = frozenset({"R", "AL"})
"""Bidirectional classes of letters that run right to left (UAX 9, table 4)."""

LTR_KINDS = frozenset({"L", "EN", "AN"})
"""Bidirectional classes of characters that run left to right even on a right-to-left line (UAX 9, table 4)."""


class Word(NamedTuple):
    """A word with its box, type size, weight and direction.

    Attributes:
        mark: Whether it is a raised footnote mark.
        upright: False for rotated text.
        order: Words of one line sorted by it are in reading order.
        drawn: Position in the page's content: columns are drawn one after the other, tables row by row.
        baseline_pt: The y of the baseline of upright text.
    """

    text: str
    box_pt: BoxPt
    size_pt: float
    bold: bool = False
    mark: bool = False
    upright: bool = True
    order: int = 0
    drawn: int = 0
    baseline_pt: float = 0.0

    @property
    def middle_pt(self) -> tuple[float, float]:
        """Centre of the box."""
        return (self.box_pt[0] + self.box_pt[2]) / 2, (self.box_pt[1] + self.box_pt[3]) / 2


class _Run(NamedTuple):
    """One MuPDF span: text in one font."""

    text: str
    box_pt: BoxPt
    size_pt: float
    bold: bool
    mark: bool
    upright: bool
    baseline_pt: float


def words_and_pictures(page: pymupdf.Page) -> tuple[tuple[Word, ...], tuple[BoxPt, ...]]:
    """All words of a page, numbered so that words of one line are in reading order, and the boxes of its pictures in points."""
    textpage = page.get_textpage(flags=TEXT_FLAGS | pymupdf.TEXT_PRESERVE_IMAGES)
    pictures = tuple(info["bbox"] for info in textpage.extractIMGINFO())
    if pictures:
        textpage = page.get_textpage(flags=TEXT_FLAGS)  # a page with pictures would list their bytes among its text
    return _page_words(textpage), pictures


def _page_words(textpage: pymupdf.TextPage) -> tuple[Word, ...]:
    if has_rtl(textpage.extractText()):
        words = _words_by_character(textpage.extractRAWDICT())
        return tuple(word._replace(order=order) for order, word in enumerate(words))
    drawn = sorted(enumerate(_words_by_run(textpage)), key=lambda item: item[1].box_pt[0])
    return tuple(word._replace(order=order, drawn=number) for order, (number, word) in enumerate(drawn))


def _words_by_run(textpage: pymupdf.TextPage) -> list[Word]:
    """Words as MuPDF splits them, in the order they are drawn, with what their fonts say."""
    runs: dict[tuple[int, int], list[_Run]] = {}
    for number, block in enumerate(textpage.extractDICT()["blocks"]):
        for index, line in enumerate(block.get("lines", ())):
            runs[number, index] = _runs(line)
    words: list[Word] = []
    for x0, y0, x1, y1, text, block, line, _ in textpage.extractWORDS():
        found = runs.get((block, line), [])
        if len(found) == 1:
            (run,) = found
            words.append(Word(text, (x0, y0, x1, y1), run.size_pt, run.bold, upright=run.upright, baseline_pt=run.baseline_pt))
        else:
            words += _split_marks(text, (x0, y0, x1, y1), found)
    return words


def has_rtl(text: str) -> bool:
    """Whether the text has a letter of a right-to-left script."""
    return any(unicodedata.bidirectional(char) in RTL_KINDS for char in set(text))


def _runs(line: dict[str, Any]) -> list[_Run]:
    spans = [span for span in line["spans"] if span["text"].strip()]
    size = max((span["size"] for span in spans), default=0.0)
    foot = max((span["bbox"][3] for span in spans), default=0.0)
    upright = abs(line["dir"][0]) > 0.7
    runs = []
    for span in spans:
        raised = span["bbox"][3] < foot - 0.12 * size or bool(span["flags"] & pymupdf.TEXT_FONT_SUPERSCRIPT)
        mark = span["size"] < MARK_SIZE_RATIO * size and raised
        bold = bool(span["flags"] & pymupdf.TEXT_FONT_BOLD) or "bold" in span["font"].lower()
        runs.append(_Run(span["text"].strip(), tuple(span["bbox"]), span["size"], bold, mark, upright, span["origin"][1]))
    return runs


def _split_marks(text: str, box: BoxPt, runs: Sequence[_Run]) -> list[Word]:
    """The word without the footnote marks MuPDF glued to it, then the marks."""
    inside = [run for run in runs if _overlap(run.box_pt, box) > 0]
    plain = [run for run in inside if not run.mark]
    marks = [run for run in inside if run.mark and run.text in text and box[0] - 0.5 <= (run.box_pt[0] + run.box_pt[2]) / 2 <= box[2] + 0.5]
    base = max(
        plain or inside, key=lambda run: _overlap(run.box_pt, box), default=_Run("", box, box[3] - box[1], False, False, True, box[3])
    )
    words = []
    for run in marks:
        at = _occurrence(text, run.text, (run.box_pt[0] - box[0]) / max(box[2] - box[0], 1e-6))
        text = text[:at] + text[at + len(run.text) :]
        words.append(Word(run.text, run.box_pt, run.size_pt, run.bold, mark=True, baseline_pt=run.baseline_pt))
    if text:
        if marks and marks[-1].box_pt[2] >= box[2] - 0.5:
            box = (box[0], box[1], marks[0].box_pt[0], box[3])
        words.insert(0, Word(text, box, base.size_pt, base.bold, upright=base.upright, baseline_pt=base.baseline_pt))
    return words


def _occurrence(text: str, part: str, share: float) -> int:
    """Where `part` stands in `text`: of several places the one nearest to this share of its length, since a line of Chinese is one word."""
    places = [at for at in range(len(text)) if text.startswith(part, at)]
    return min(places, key=lambda at: abs(at - share * len(text)))


def _overlap(a: BoxPt, b: BoxPt) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


# --- right-to-left pages ------------------------------------------------------------------------------------------------------------


class _Glyph(NamedTuple):
    """What one drawn glyph says: one character, or the characters of a cluster."""

    text: str
    box_pt: BoxPt
    size_pt: float
    bold: bool
    mark: bool
    upright: bool
    baseline_pt: float
    drawn: int = 0


def _words_by_character(raw: dict[str, Any]) -> tuple[Word, ...]:
    lines = (line for block in raw["blocks"] for line in block.get("lines", ()))
    glyphs = [glyph for number, line in enumerate(lines) for glyph in _glyphs(line, number)]
    rtl = mostly_rtl("".join(glyph.text for glyph in glyphs))
    words: list[Word] = []
    for row in _baseline_rows([glyph for glyph in glyphs if glyph.upright]):
        words += _words_of_row(row, rtl)
    return (*words, *_turned_words([glyph for glyph in glyphs if not glyph.upright]))


def mostly_rtl(text: str) -> bool:
    """Whether most letters of a text run right to left."""
    letters = [(char, count) for char, count in Counter(text).items() if char.isalpha()]
    rtl = sum(count for char, count in letters if unicodedata.bidirectional(char) in RTL_KINDS)
    return 2 * rtl > sum(count for _, count in letters)


def _turned_words(glyphs: Sequence[_Glyph]) -> list[Word]:
    """Words of text turned anticlockwise by a quarter: stacks from left to right, read upwards, or downwards where they run right to
    left.
    """
    words: list[Word] = []
    for _, stack in groupby(
        sorted(glyphs, key=lambda item: (round(item.box_pt[0]), -item.box_pt[3])), key=lambda item: round(item.box_pt[0])
    ):
        upwards = list(stack)
        rtl = has_rtl("".join(glyph.text for glyph in upwards))
        groups: list[list[_Glyph]] = [[]]
        for glyph in upwards:
            last = groups[-1][-1] if groups[-1] else None
            if not glyph.text.strip() or (last and last.box_pt[1] - glyph.box_pt[3] > WORD_GAP_EM * glyph.size_pt):
                groups.append([])
            if glyph.text.strip():
                groups[-1].append(glyph)
        found = [_join(group, rtl) for group in groups if group]
        words += reversed(found) if rtl else found
    return words


def _glyphs(line: dict[str, Any], number: int) -> list[_Glyph]:
    """Glyphs of MuPDF line `number`. Of a cluster only the first character has a width, the others stand at its right edge (its upper one
    in text turned anticlockwise), listed after it, or before it where MuPDF has turned the line round.
    """
    spans = line["spans"]
    size = max((span["size"] for span in spans), default=0.0)
    foot = max((span["bbox"][3] for span in spans), default=0.0)
    upright = abs(line["dir"][0]) > 0.7
    glyphs: list[_Glyph] = []
    waiting = ""
    for span in spans:
        type_size = span["size"]
        mark = type_size < MARK_SIZE_RATIO * size and span["bbox"][3] < foot - 0.12 * size
        bold = bool(span["flags"] & pymupdf.TEXT_FONT_BOLD) or "bold" in span["font"].lower()
        for char in span["chars"]:
            text, box = char["c"], char["bbox"]
            start, end = (0, 2) if upright else (1, 3)
            if box[end] - box[start] < 0.01 and unicodedata.category(text) != "Zs":
                if glyphs and abs(glyphs[-1].box_pt[end if upright else start] - box[start]) < 0.01:
                    glyphs[-1] = glyphs[-1]._replace(text=glyphs[-1].text + text)
                else:
                    waiting = text + waiting
            else:
                glyphs.append(_Glyph(text + waiting, box, type_size, bold, mark, upright, char["origin"][1], number))
                waiting = ""
    return glyphs


def _baseline_rows(glyphs: Sequence[_Glyph]) -> list[list[_Glyph]]:
    """Glyphs grouped by their baselines, since boxes of different fonts differ in height; each group from left to right.

    Footnote marks join the group whose baseline is just below them.
    """
    rows: list[list[_Glyph]] = []
    for glyph in sorted((glyph for glyph in glyphs if not glyph.mark), key=lambda item: item.baseline_pt):
        if rows and glyph.baseline_pt - rows[-1][0].baseline_pt < SAME_LINE_EM * glyph.size_pt:
            rows[-1].append(glyph)
        else:
            rows.append([glyph])
    for mark in (glyph for glyph in glyphs if glyph.mark):
        below = [row for row in rows if -0.1 < row[0].baseline_pt - mark.baseline_pt < mark.size_pt]
        if below:
            min(below, key=lambda row: row[0].baseline_pt).append(mark)
        else:
            rows.append([mark])
    return [sorted(row, key=lambda item: item.box_pt[0]) for row in rows]


def _words_of_row(row: Sequence[_Glyph], rtl_page: bool) -> list[Word]:
    """Words of one row, right to left, with left-to-right runs of words put back into their order."""
    rtl = rtl_page or has_rtl("".join(glyph.text for glyph in row))
    visual: list[list[_Glyph]] = []
    last: _Glyph | None = None
    for glyph in row:
        if glyph.text.isspace():
            last = None
            continue
        if last is None or glyph.box_pt[0] - last.box_pt[2] > WORD_GAP_EM * glyph.size_pt or glyph.mark != last.mark:
            visual.append([])
        visual[-1].append(glyph)
        last = glyph
    words = [_join(group, rtl) for group in visual]
    return _order_words(words[::-1]) if rtl else words


def _order_words(words: Sequence[Word]) -> list[Word]:
    """Words listed right to left, with stretches of Latin words turned round. Plain numbers stay where they are: they follow the line."""
    ordered: list[Word] = []
    latin: list[Word] = []
    for word in words:
        kinds = {unicodedata.bidirectional(char) for char in word.text}
        if "L" in kinds and not kinds & RTL_KINDS:
            latin.append(word)
            continue
        ordered += [*latin[::-1], word]
        latin = []
    return [*ordered, *latin[::-1]]


def _join(group: Sequence[_Glyph], rtl: bool) -> Word:
    """One word from glyphs listed left to right, on a line that runs right to left or not."""
    texts = [glyph.text for glyph in group]
    if rtl:
        texts = _logical(texts)
    lefts, tops, rights, feet = zip(*(glyph.box_pt for glyph in group), strict=True)
    box = (min(lefts), min(tops), max(rights), max(feet))
    first = group[0]
    return Word("".join(texts), box, first.size_pt, first.bold, first.mark, first.upright, drawn=first.drawn, baseline_pt=first.baseline_pt)


def _logical(texts: Sequence[str]) -> list[str]:
    """Glyph texts listed left to right, in reading order: right to left, but numbers and Latin runs left to right (UAX 9, rules W4, N1,
    L2).
    """
    if LTR_KINDS.isdisjoint([unicodedata.bidirectional(text[0]) for text in texts]):
        return list(reversed(texts))
    logical: list[str] = []
    run: list[str] = []
    for text in reversed(texts):
        if _runs_ltr(text) or (run and _separates(text)):
            run.append(text)
            continue
        logical += [*_close(run), text]
        run = []
    return logical + _close(run)


def _close(run: list[str]) -> list[str]:
    """A left-to-right run turned round; separators at its end belong to the surrounding text."""
    tail: list[str] = []
    while run and not _runs_ltr(run[-1]):
        tail.insert(0, run.pop())
    return run[::-1] + tail


def _runs_ltr(text: str) -> bool:
    return unicodedata.bidirectional(text[0]) in LTR_KINDS


def _separates(text: str) -> bool:
    return unicodedata.bidirectional(text[0]) in ("CS", "ES", "NSM") or text in "٫٬"
