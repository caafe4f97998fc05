"""Levels and order against python-bidi (the Rust crate `unicode-bidi`), which shares no code with ours. Neither mirrors: HarfBuzz does."""

import pytest
from bidi import get_display
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import DataError
from synth.render.bidi import embedding_levels, has_right_to_left, visual_order

ALPHABET = "abcאבגعغ012٠١٢۴+-,.:%$()[]{} \u0651\u200f\u200e\u061c!\u300c\u300d"


def displayed(text: str, base: int) -> str:
    levels = list(embedding_levels(text, base))
    # L1, which lines leave to the typesetter: spaces at the end have the paragraph's level
    for i in range(len(text.rstrip(" ")), len(text)):
        levels[i] = base
    order = visual_order(range(len(text)), levels)
    return "".join(text[i] for i in order)


@settings(max_examples=2000, deadline=None)
@given(text=st.text(alphabet=ALPHABET, min_size=1, max_size=24), base=st.sampled_from((0, 1)))
def test_order_equals_unicode_bidi(text: str, base: int) -> None:
    assert displayed(text, base) == get_display(text, base_dir="LR"[base])


def test_arabic_number_with_percent_and_brackets() -> None:
    text = "نمو 12.5% (ABC) في ٢٠٢٤"
    assert displayed(text, 1) == "٢٠٢٤ يف )ABC( %12.5 ومن"


def test_plain_text_needs_no_levels() -> None:
    assert not has_right_to_left("Годовой 年度 2024 वार्षिक")
    assert has_right_to_left("in عام")


def test_explicit_controls_are_refused() -> None:
    with pytest.raises(DataError, match="bidi_control") as caught:
        embedding_levels("a\u2067b\u2069", 0)
    assert "U+2067" in str(caught.value)
