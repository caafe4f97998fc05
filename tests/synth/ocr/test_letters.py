"""Every letter that CLDR, or a national standard, gives a language is in the characters that must all be drawn."""

import pytest

from schemas.languages import load_languages
from synth.ocr.corpus import load_corpus
from synth.ocr.letters import NATIONAL, exemplars, national
from synth.render.fonts import LOOKS, font_chain, load_face

COUNTS = {"zh-Hans": 3755, "ja": 2965, "ko": 2350}
"""GB 2312 level 1, JIS X 0208 level 1 and KS X 1001 hangul, as the standards count them."""


@pytest.mark.parametrize("code", list(load_languages()))
def test_every_exemplar_character_is_drawn_in_every_look(code: str) -> None:
    asked = exemplars(code)
    assert asked or code in (*NATIONAL, "zh-Hant")
    assert set(asked) <= set(load_corpus(code).characters)
    script = load_languages()[code].script
    for look in LOOKS:
        chain = [load_face(file) for file in font_chain(script, look, "sans", bold=False, italic=False)]
        assert [char for item in asked for char in item if not any(ord(char) in face.coverage for face in chain)] == []


@pytest.mark.parametrize(("code", "count"), COUNTS.items())
def test_national_lists_are_whole_and_all_drawn(code: str, count: int) -> None:
    listed = set(national(code))
    assert len(listed) == count
    assert listed <= set(load_corpus(code).characters)


def test_capitals_follow_the_language() -> None:
    assert {"\u0130", "I"} <= set(exemplars("tr"))
    assert "SS" not in exemplars("de")
    assert not any("\u1c90" <= char <= "\u1cbf" for char in exemplars("ka"))
