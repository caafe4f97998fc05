"""Each measure of words on corpora small enough to count by hand."""

import pytest

from pipelines.stats_text import (
    Asked,
    chance,
    distinct_n,
    mask_slots,
    most_frequent_answer,
    question_only,
    rare_words,
    template_collisions,
    top_answers,
    words,
)


def ask(sample: int, question: str, value: str, task: str = "t") -> Asked:
    return Asked(sample, "f", task, "en", question, value, value)


def test_words_of_spaced_and_unspaced_scripts() -> None:
    assert words("What's the Total of Table 4, please?") == ["what's", "the", "total", "of", "table", "4", "please"]
    assert words("表4の合計は1,234.5です") == ["表", "4", "の", "合", "計", "は", "1,234.5", "で", "す"]
    assert words("ما هو المجموع؟") == ["ما", "هو", "المجموع"]


def test_distinct_2() -> None:
    assert distinct_n(["a b c", "a b d"], 2) == 3 / 4  # ab, bc, ab, bd
    assert distinct_n([], 2) == 1.0


def test_masking_takes_out_slots_and_keeps_the_template() -> None:
    assert mask_slots("What does Table 4 say about “fresh water” in Plant Nord?") == "what does _ say about _ in _"
    assert mask_slots("What does Figure 12 say about “salt” in Hall?") == "what does _ say about _ in _"
    assert mask_slots("Which row comes first?") != mask_slots("Which row comes last?")


def test_vowel_signs_do_not_break_words() -> None:
    assert words("क्या यह पृष्ठ है? हाँ।") == ["क्या", "यह", "पृष्ठ", "है", "हाँ"]


def test_rare_words_are_slots_in_every_script() -> None:
    """Names without capitals or quotation marks would otherwise make one template look like many."""
    english = [ask(i, f"how much does {name} weigh", str(i)) for i, name in enumerate(["oak", "elm", "ash", "yew"])]
    assert template_collisions(english) == (1.0, [("how much does _ weigh", 4)])
    japanese = [ask(i, f"{name}の重さはいくらですか", str(i)) for i, name in enumerate(["樫木", "楡林", "松葉", "杉皮"])]
    assert template_collisions(japanese)[0] == 1.0
    others = [ask(i, text, str(i)) for i, text in enumerate(["one two", "three four", "five six"])]
    assert template_collisions(others)[0] == 0.0  # rare words alone are no template


def test_rare_words_are_counted_by_sample_and_not_by_question() -> None:
    asked = [ask(0, "the quay the quay", "1"), ask(0, "a quay", "2"), ask(1, "the gate", "3")]
    assert rare_words(asked)["en"] == {"quay", "a", "gate"}


def test_collisions_count_other_samples_only() -> None:
    asked = [ask(0, "How much is A1?", "1"), ask(0, "How much is B2?", "2"), ask(1, "How much is C3?", "3"), ask(2, "Where is it?", "4")]
    rate, top = template_collisions(asked)
    assert rate == 3 / 4
    assert top == [("how much is _", 3)]
    assert template_collisions(asked[:2])[0] == 0.0  # one sample does not collide with itself


def test_answer_prior_leaves_refusals_out() -> None:
    asked = [ask(i, "q", value) for i, value in enumerate(["1", "1", "2", "null", "null", "null"])]
    assert top_answers(asked) == [("t", 3, 2, 2 / 3, 1 / 2, "1")]
    assert top_answers(asked[:1]) == [("t", 1, 1, 1.0, 0.0, "1")]


def test_chance_is_one_over_the_values_of_the_task() -> None:
    asked = [ask(0, "q", "true", "yes"), ask(1, "q", "false", "yes"), *(ask(i, "q", str(i), "num") for i in range(4))]
    assert chance(asked) == pytest.approx((0.5 * 2 + 0.25 * 4) / 6)


def test_most_frequent_answer_does_not_look_at_the_sample_itself() -> None:
    assert most_frequent_answer([ask(i, "q", str(i)) for i in range(5)]) == 0.0
    assert most_frequent_answer([ask(0, "q", "7"), ask(0, "q", "7")]) == 0.0
    assert most_frequent_answer([ask(i, "q", "7") for i in range(5)]) == 1.0


def test_question_only_finds_answers_that_the_wording_gives_away() -> None:
    leaky = [ask(i, f"is the {word} big", word) for i, word in enumerate(["cat", "cat", "dog", "dog"])]
    assert question_only(leaky)[0] == 1.0
    fair = [ask(i, "how big is it", str(i)) for i in range(4)]
    assert question_only(fair)[0] == 0.0


def test_question_only_finds_refusals_that_the_wording_gives_away() -> None:
    leaky = [ask(i, "does it perhaps say" if i % 2 else "what is said", "null" if i % 2 else str(i)) for i in range(8)]
    assert question_only(leaky)[1] == 1.0
    assert question_only(leaky[::2])[1] == 0.5  # one kind only: nothing to tell apart
