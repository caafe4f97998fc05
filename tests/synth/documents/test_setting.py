"""How paragraphs are set: entries of lists of paragraphs alike, marks of footnotes close to their sentence, narrow columns ragged."""

import re
from contextlib import closing
from dataclasses import replace
from functools import cache

import pymupdf
import pypdfium2 as pdfium
import pytest
from numpy.random import PCG64, Generator

from synth.documents.blocks import Document, Paragraph, Section, Text
from synth.documents.layout import draw_look, layout
from synth.documents.setting import UNSPACED, Setter
from synth.documents.strips import Strip, TextOp
from synth.documents.wording import load_wording
from synth.render.typeset import Fragment, Span, Typesetter
from tests.synth.documents.layout_demo import LANGUAGES, SENTENCES


@cache
def setter(language: str, indent: bool = True, justify: bool = True) -> Setter:
    look = replace(draw_look(language, Generator(PCG64(1))), indent=indent, justify=justify)
    return Setter(Typesetter(language, look=look.font), look, "a4", "latn", {"n": 1})


def starts(strips: list[Strip], width_pt: float, *, rtl: bool) -> list[float]:
    """How far each line begins from where lines begin."""
    lines = [(op.x_pt, op.line) for strip in strips for op in strip.ops if isinstance(op, TextOp)]
    edges = [(x + line.fragments[0].x_pt, x + line.fragments[-1].x_pt + line.fragments[-1].width_pt) for x, line in lines]
    return [width_pt - right if rtl else left for left, right in edges]


@pytest.mark.parametrize("indent", [True, False])
@pytest.mark.parametrize("language", LANGUAGES)
def test_entries_of_a_list_of_paragraphs_are_set_alike_and_hang(language: str, indent: bool) -> None:
    # Catches: the entry after a heading flush, and all others with a paragraph's indent.
    own = setter(language, indent)
    entry = Paragraph((Text("".join(SENTENCES[language]) * 2),), "entry")
    first, second = (own.paragraph(entry, 300.0, 0, after_heading=after) for after in (True, False))
    assert repr(first) == repr(second)  # lines are equal to themselves alone
    assert len(first) >= 2
    begin = starts(first, 300.0, rtl=own.is_rtl)
    assert abs(begin[0]) < 1.0
    assert all(at > 1.2 * own.size_pt for at in begin[1:])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_footnote_mark_stands_close_to_its_sentence(language: str) -> None:
    # Catches: a mark as near to the next sentence as to its own, which reads as if it belonged to that; a mark after a full-width stop.
    own = setter(language)
    first, second = SENTENCES[language][:2]
    space = "" if own.typesetter.script in UNSPACED else " "
    spans = own.spans((Text(first, note="n"), Text(space + second)), own.style())
    (line,) = own.typesetter.lines(spans, 4000.0)
    at = next(n for n, fragment in enumerate(line.fragments) if fragment.anchor == "mark/n")
    inked = [fragment for fragment in line.fragments if fragment.text.strip()]
    mark = line.fragments[at]
    before, after = (inked[inked.index(mark) + step] for step in ((1, -1) if own.is_rtl else (-1, 1)))

    blank = 0.0 if own.is_rtl else own.typesetter.width([Span("\u00a0", replace(mark.style, kern_pt=0.0))])  # a run of its own there

    def between(one: Fragment, other: Fragment) -> float:
        return max(one.x_pt, other.x_pt) - min(one.x_pt + one.width_pt, other.x_pt + other.width_pt)

    close = between(before, mark) + blank
    assert 0 < close < 0.09 * own.size_pt
    if space:
        assert between(mark, after) > 2 * close
    else:
        assert first.endswith(after.text[0])


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_engines_tell_a_footnote_mark_from_the_number_before_it(language: str) -> None:
    # Catches: 4711 and mark 1 read as 47111. PDFium leaves out a space of another font, but the mark is smaller and raised for it too.
    stop = "。" if language in ("zh", "ja") else "."
    paragraph = Paragraph((Text(f"{SENTENCES[language][1]} 4711{stop}", note="n"),))
    document = Document(language, "Title", (Section((paragraph,)),), {"n": (Text(SENTENCES[language][1]),)})
    rng = Generator(PCG64(1))
    pdf = layout(document, draw_look(language, rng), rng).pdf
    with pymupdf.open(stream=pdf) as opened, closing(pdfium.PdfDocument(pdf)) as other:
        assert {"4711"} == {part for part in re.findall(r"\d+", opened[0].get_text()) if "4711" in part}
        page = other[0].get_textpage()
        text = page.get_text_range()
        number = text.index("4711")
        below, above = (page.get_charbox(at, loose=True) for at in (number + 3, marks_near(text, number)))
        assert above[3] - above[1] < 0.75 * (below[3] - below[1])
        assert above[1] > below[1]


def marks_near(text: str, number: int) -> int:
    """Where the mark 1 stands that is nearest to a number: engines order what runs right to left."""
    return min((at for at, char in enumerate(text) if char == "1" and not number <= at < number + 4), key=lambda at: abs(at - number))


def opened(own: Setter, width_em: float) -> list[float]:
    """By how many ems each full line of the wording's sentences opens its spaces at a measure; nothing where it is set ragged."""
    wording, filling = load_wording(own.typesetter.language), dict.fromkeys(("entity", "other", "group", "person", "place"), "")
    filling = {slot: wording.places[at] for at, slot in enumerate(filling)}
    width, out = width_em * own.size_pt, []
    for genre in wording.genres.values():
        text = " ".join(pattern.format(**filling, topic=genre.topics[0]) for pattern in genre.context)
        set_lines = own.paragraph(Paragraph((Text(text),)), width, 0, after_heading=True)
        own_lines = own.typesetter.lines([Span(text, own.style())], width)
        for strip, line in zip(set_lines[:-1], own_lines[:-1], strict=True):
            if abs(strip.box_pt[2] - strip.box_pt[0] - width) < 0.5 and width - line.width_pt > 0.5:
                out.append((width - line.width_pt) / max(1, line.text.strip().count(" ")) / own.size_pt)
    return out


@pytest.mark.parametrize("language", ["de", "ru", "ar", "hi"])
def test_justified_lines_do_not_gape(language: str) -> None:
    # Catches: columns of 20 to 40 ems justified without hyphenation, where words are long.
    own = setter(language)
    for width_em in (20.0, 26.0, 32.0, 40.0):
        gaps = opened(own, width_em)
        assert sum(gap > 0.5 for gap in gaps) <= 0.15 * len(gaps), width_em
    assert opened(own, 48.0), "wide columns are justified"
