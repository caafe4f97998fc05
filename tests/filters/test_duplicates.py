"""Sketches of texts: what makes two a duplicate, and what keeps twins apart."""

import datasketch
import numpy as np
import pytest

from bench.dedup_planted import TEXT_DUPLICATES, TEXT_TWINS, found
from filters.duplicates import EMPTY, TextRule, band_keys, minhash, sketch_text

RULE = TextRule()
NOUNS = "pump valve sensor motor belt filter bearing cable panel switch rotor gear".split()
VERBS = "drives cools feeds stops lifts turns checks warms guards marks".split()
CITIES = "Oslo Turin Gdansk Porto Ghent Malmo Graz Lyon Bergen Varna".split()


def text(seed: int, words: int = 300) -> str:
    """Sentences with numbers and names, different for each seed."""
    rng = np.random.default_rng(seed)
    said = []
    for _ in range(-(-words // 18)):
        a, b = rng.choice(NOUNS, 2)
        said.append(
            f"the {a}{'abcdefghij'[rng.integers(10)]} {rng.choice(VERBS)} {b} line {rng.integers(10, 999)} by {rng.choice(CITIES)}, where "
            f"{rng.choice(NOUNS)} {rng.choice(NOUNS)} number {rng.integers(1000)} {rng.choice(VERBS)} {rng.choice(NOUNS)} and never "
            f"{rng.choice(VERBS)} {rng.choice(NOUNS)}."
        )
    return " ".join(said)


def test_signatures_are_those_of_datasketch() -> None:
    """Catches a permutation or a mixing of our own."""
    values = np.random.default_rng(1).integers(0, 2**32, 700, dtype=np.uint32)
    theirs = datasketch.MinHash(64, hashfunc=int, scheme="affine32")
    theirs.update_batch(values.tolist())
    assert (minhash(values, 64) == theirs.hashvalues).all()


@pytest.mark.parametrize("kind", TEXT_DUPLICATES)
def test_planted_duplicates_are_found(kind: str) -> None:
    """Catches a sketch that a copy of this kind escapes."""
    rng = np.random.default_rng(5)
    hits = [found(sketch_text(one, RULE), sketch_text(TEXT_DUPLICATES[kind](one, rng), RULE), RULE) for one in map(text, range(20))]
    assert sum(hits) >= (15 if kind == "paraphrase" else 19)  # in these texts every third word is one that paraphrase rewords


@pytest.mark.parametrize("kind", TEXT_TWINS)
def test_planted_twins_are_told_apart(kind: str) -> None:
    """Catches a sketch without numbers and names: words alone call these the same."""
    rng = np.random.default_rng(5)
    hits = [found(sketch_text(one, RULE), sketch_text(TEXT_TWINS[kind](one, rng), RULE), RULE) for one in map(text, range(20))]
    assert not any(hits)


@pytest.mark.parametrize("words", [60, 300])
def test_one_changed_number_is_no_duplicate(words: int) -> None:
    """Catches a threshold below one number, in short texts and in long ones whose numbers the sketch holds."""
    one = text(3, words)
    number = next(word for word in one.split() if word.isdecimal())
    assert not found(sketch_text(one, RULE), sketch_text(one.replace(f" {number} ", " 77777 ", 1), RULE), RULE)


@pytest.mark.parametrize("short", ["", " ", "one", "one two", "。", "\ud800"])
def test_texts_of_no_word_or_few(short: str) -> None:
    """Catches an index or an empty minimum; none is compared."""
    sketch = sketch_text(short, RULE)
    assert sketch.words <= 2
    assert not found(sketch, sketch, RULE)
    assert (sketch.numbers == EMPTY).all()


def test_a_long_text_is_read_in_parts() -> None:
    """Catches memory of the order of the text, and a seam that changes more than a word pair."""
    long = text(1, 200_000)
    assert len(long) > 1 << 20
    again = " ".join(["Preface."] * 3 + [long])
    assert found(sketch_text(long, RULE), sketch_text(again, RULE), RULE)


def test_bands_of_one_row_differ_between_bands() -> None:
    """Catches keys without the number of their band, by which equal rows in different bands would meet."""
    signatures = np.full((1, RULE.permutations), 7, np.uint32)
    assert len(set(band_keys(signatures, RULE)[0].tolist())) == RULE.bands


def test_languages_without_spaces_have_words() -> None:
    """Catches a Chinese page as one word, which would be too short to compare."""
    assert sketch_text("泵由阀门驱动并由传感器检查。" * 5, RULE).words >= 32
