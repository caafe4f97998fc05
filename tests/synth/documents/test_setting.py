"""How paragraphs are set: entries of lists of paragraphs alike, marks of footnotes close to their sentence, narrow columns ragged."""

from dataclasses import replace
from functools import cache

import pytest
from numpy.random import PCG64, Generator

from synth.documents.blocks import Paragraph, Text
from synth.documents.layout import draw_look
from synth.documents.setting import Setter
from synth.documents.strips import Strip, TextOp
from synth.render.typeset import Typesetter
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
    assert first == second
    assert len(first) >= 2
    begin = starts(first, 300.0, rtl=own.is_rtl)
    assert abs(begin[0]) < 1.0
    assert all(at > 1.2 * own.size_pt for at in begin[1:])
