"""Numbers and cut texts, as people read them."""

from schemas.phrases import counted, shortened


def test_one_is_not_many() -> None:
    assert [counted(number, "shard") for number in (0, 1, 1000)] == ["0 shards", "1 shard", "1,000 shards"]


def test_a_text_that_is_cut_says_so() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abcde…"
