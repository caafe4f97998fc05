"""One spelling for one look: what `synth.ocr.spelling` makes equal, and what it refuses."""

import time

import pytest

from schemas.languages import load_languages
from synth.ocr.corpus import load_corpus
from synth.ocr.spelling import canonical

KA, TA, DA, RO, COENG = "\u1780", "\u178f", "\u178a", "\u179a", "\u17d2"


@pytest.mark.parametrize(
    ("code", "written", "kept"),
    [
        ("km", KA + COENG + DA, KA + COENG + TA),
        ("km", KA + COENG + RO + COENG + TA, KA + COENG + TA + COENG + RO),
        ("km", KA + "\u17c6\u17b6", KA + "\u17b6\u17c6"),
        ("km", KA + "\u17c1\u17b8", KA + "\u17be"),
        ("my", "\u1000\u103c\u1031\u102c\u103a", "\u1000\u103c\u1031\u102c\u103a"),
        ("ml", "\u0d35\u0d47\u0d30\u0d4d\u200d", "\u0d35\u0d47\u0d7c"),
        ("vi", "e\u0302\u0301", "\u1ebf"),
    ],
)
def test_two_spellings_of_one_look_become_one(code: str, written: str, kept: str) -> None:
    assert canonical(code, written) == kept


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("km", "\u17b6" + KA),  # a vowel without a letter
        ("km", KA + "\u17b6\u17b6"),  # twice the same vowel, one over the other
        ("km", KA + COENG),
        ("my", "\u1000\u102f\u102d"),  # the lower vowel before the upper one
        ("my", "\u1031\u1000"),  # in the order in which it is seen
        ("my", "\u1000\u103d\u103b"),
    ],
)
def test_text_in_no_order_of_the_standard_is_refused(code: str, written: str) -> None:
    assert canonical(code, written) == ""


def test_refusing_takes_time_that_grows_with_the_text_only() -> None:
    start = time.perf_counter()
    for code, text in (("km", KA * 4000 + COENG), ("my", "\u1000" * 4000 + "\u1031\u1031")):
        assert canonical(code, text) == ""
    assert time.perf_counter() - start < 1.0


@pytest.mark.parametrize("code", list(load_languages()))
def test_all_text_has_its_one_spelling(code: str) -> None:
    corpus = load_corpus(code)
    assert all(canonical(code, text) == text for text in (*corpus.sentences, *corpus.words))
