import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import score_regions as regions
from model import scores

WORDS = st.text(alphabet="abcdé日本ا ", max_size=20)


def levenshtein(a: str, b: str) -> int:
    """The textbook's table."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (x != y)))
    return row[-1]


@given(WORDS, WORDS)
def test_distance_is_levenshteins(a: str, b: str) -> None:
    assert scores.distance(a, b) == levenshtein(a, b)


def test_distance_of_long_texts_is_quick_and_right() -> None:
    text = "the quick brown fox " * 300
    assert scores.distance(text, text[:3000] + "X" + text[3001:]) == 1


@given(WORDS)
def test_a_right_answer_scores_one(text: str) -> None:
    assert scores.exact_match(text, text) == scores.anls(text, text) == scores.one_minus_ned(text, text) == scores.token_f1(text, text) == 1
    assert scores.cer(text, text) == scores.cluster_error_rate(text, text) == 0


@given(WORDS, WORDS)
def test_scores_stay_in_their_range(a: str, b: str) -> None:
    for name in ("exact_match", "anls", "one_minus_ned", "token_f1", "relaxed_accuracy"):
        assert 0 <= scores.SCORES[name](a, b) <= 1
    assert scores.cer(a, b) >= 0


def test_anls_is_zero_from_half_on() -> None:
    """STVQA's threshold: below 0.5 normalised distance counts, 0.5 does not."""
    assert scores.anls("abcd", "abxx") == 0.0
    assert scores.anls("abcde", "abcxx") == pytest.approx(0.6)
    assert scores.anls(" ABC ", "abc") == 1.0


def test_exact_match_forgives_case_quotes_and_the_full_stop_only() -> None:
    assert scores.exact_match("“HL-531”.", "hl-531") == 1
    assert scores.exact_match("HL-532", "HL-531") == 0
    assert scores.exact_match("１２３", "123") == 1


def test_cer_counts_errors_over_the_reference() -> None:
    assert scores.cer("kitten", "sitting") == pytest.approx(3 / 7)
    assert scores.cer("aaaa", "a") == 3
    assert scores.cer("é", "e\u0301") == 0


def test_cluster_errors_count_a_letter_with_its_marks_once() -> None:
    """Catches counting code points: one Hindi syllable is three of them."""
    assert scores.clusters("कि") == ["कि"]
    assert scores.cluster_error_rate("का", "कि") == 1.0


@pytest.mark.parametrize(
    ("prediction", "reference", "score"),
    [("104", "100", 1), ("105", "100", 1), ("106", "100", 0), ("12%", "0.12", 1), ("yes", "Yes", 1), ("0.01", "0", 0), ("no", "3", 0)],
)
def test_relaxed_accuracy_allows_five_percent(prediction: str, reference: str, score: float) -> None:
    assert scores.relaxed_accuracy(prediction, reference) == score


def test_numbers_are_read_in_any_digits_as_printed() -> None:
    assert scores.numbers("EUR 20.148.000,5 and −3 of ٢٠٢٤") == ["20.148.000,5", "-3", "2024"]
    assert scores.numbers("page 5, 10, 3.") == ["5", "10", "3"]


@pytest.mark.parametrize(
    ("prediction", "reference", "kind", "score"),
    [
        ("5", "5.0", "Int", 1),
        ("five", "5", "Int", 0),
        ("12.5", "1250", "Float", 1),
        ("100.9", "100", "Float", 1),
        ("102", "100", "Float", 0),
        ("HL-532", "HL-531", "Str", 1 - 1 / 6),
        ("page 12", "page 13", "Str", 0),
        ("b; a", "a; b", "List", 1),
        ("a", "a; b", "List", 0),
    ],
)
def test_mmlongbench_scores_by_declared_format(prediction: str, reference: str, kind: str, score: float) -> None:
    assert scores.mmlongbench(prediction, reference, kind) == pytest.approx(score)


def test_mmlongbench_refuses_another_format() -> None:
    with pytest.raises(ValueError, match="none of Int"):
        scores.mmlongbench("a", "a", "Date")


def test_longdocurl_lists_pay_for_surplus_items() -> None:
    assert scores.longdocurl_list(["a", "b"], ["b", "a"]) == 1
    assert scores.longdocurl_list(["a", "b", "c", "d"], ["a"]) == pytest.approx(math.sqrt(1 / 4))


def test_value_match_reads_values_not_words() -> None:
    reference = "No, the two do not agree. Their sum is 10,863.8 t."
    assert scores.value_match("No; added up it is 10,863.8.", reference, [], yes_no=True) == 1
    assert scores.value_match("Yes, they agree. Their sum is 10,863.8 t.", reference, [], yes_no=True) == 0
    assert scores.value_match("No, the two do not agree. Their sum is 10,863.9 t.", reference, [], yes_no=True) == 0
    assert scores.value_match("It is HL-531", "Only HL-531 meets all limits.", ["HL-531"], yes_no=False) == 1
    assert scores.value_match("It is HL-531 or HL-532", "Only HL-531 meets all limits.", ["HL-531"], yes_no=False) == 0
    assert scores.value_match("3, 10, 5", "5, 10, 3", [], yes_no=False) == 0


def test_refusals_are_known_from_the_corpus_own_words() -> None:
    known = ["The document leaves this open.", "The document does not say."]
    assert scores.refuses("The document leaves that open", known)
    assert not scores.refuses("76.0%", known)
    assert not scores.refuses("The value is 76.0%.", [])


def test_box_iou_of_known_boxes() -> None:
    assert regions.box_iou((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert regions.box_iou((0, 0, 1, 1), (2, 2, 3, 3)) == 0
    assert regions.box_iou((1, 1, 1, 1), (1, 1, 1, 1)) == 0


BOXES = st.tuples(*[st.floats(0, 100)] * 4).map(lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]) + 1, max(b[1], b[3]) + 1))


@given(BOXES, BOXES)
def test_box_iou_is_symmetric_and_one_only_for_itself(a: regions.Box, b: regions.Box) -> None:
    assert regions.box_iou(a, a) == pytest.approx(1)
    assert regions.box_iou(a, b) == pytest.approx(regions.box_iou(b, a))
    assert 0 <= regions.box_iou(a, b) <= 1 + 1e-9


def test_boxes_are_read_in_all_three_notations_and_broken_ones_are_not() -> None:
    text = '[{"bbox_2d": [1, 2, 3, 4]}, {"bbox_2d": [1, 2, 3]}] <p data-bbox="5 6 7 8"> <!-- Table (9, 10, 11, 12) -->'
    assert regions.parse_boxes(text) == [(1, 2, 3, 4), (5, 6, 7, 8), (9, 10, 11, 12)]


def test_each_reference_box_is_paired_once() -> None:
    """Catches a metric that a model wins by printing one good box many times."""
    wanted: list[regions.Box] = [(0, 0, 10, 10), (20, 20, 30, 30)]
    assert regions.mean_box_iou(wanted[::-1], wanted) == 1
    assert regions.mean_box_iou([wanted[0]] * 5, wanted) == 0.5
    assert regions.mean_box_iou([], wanted) == 0


def test_intervals_are_read_and_scored() -> None:
    assert regions.parse_intervals("from 1.5 - 4 seconds") == [(1.5, 4)]
    assert regions.parse_intervals("00:01.50 - 01:04.00") == [(1.5, 64)]
    assert regions.interval_iou((0, 10), (5, 15)) == pytest.approx(1 / 3)
    assert regions.recall_at_1([(0, 10)], (5, 15), 0.3) == 1
    assert regions.recall_at_1([(0, 10)], (5, 15), 0.5) == 0
    assert regions.mean_interval_iou([(0, 10)], [(0, 10), (20, 30)]) == 0.5
