"""What is drawn and what is read are folded alike and compared by edits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.readers.text import edits, fold


def plain_edits(written: str, read: str) -> int:
    """The textbook's table, row by row."""
    row = list(range(len(read) + 1))
    for i, a in enumerate(written, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(read, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


@given(st.text("abç", max_size=70), st.text("abç", max_size=70))
def test_edits_are_those_of_the_plain_algorithm(written: str, read: str) -> None:
    assert edits(written, read) == plain_edits(written, read)


def test_edits_of_words() -> None:
    assert edits(["ក្រុង", "ភ្នំ"], ["ក្រុង", "ពេញ", "ភ្នំ"]) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("“a” ‘b’", "\"a\" 'b'"),
        ("a–b—c−d", "a-b-c-d"),
        ("ＡＢ１２", "AB12"),
        ("ｶﾞ", "ガ"),
        ("\ufef3\ufeec", "يه"),  # presentation forms
        ("e\u0301", "é"),
        ("กำ", "กํา"),
        ("می\u200cخواهم", "میخواهم"),
        ("a\u3000b\u00a0c", "abc"),
        ("o\u02bbz", "o'z"),
    ],
)
def test_what_is_folded_together(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("a", "A"), ("é", "e"), ("ș", "ş"), ("x²", "x2"), ("١", "1"), ("ي", "ی"), ("鑑", "鉴"), ("क", "क्")]
)
def test_what_is_kept_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
