"""The scores of charts: formulae against published values, and a chart with one thing wrong is clearly below the truth."""

from collections import Counter
from dataclasses import replace

import pytest

from schemas.color_difference import ciede2000, lab
from synth.code.chart_scores import CLEAR, Features, insensitive, mean_score, scores, wrong_ones

TRUE = Features(
    texts=Counter(["Rain", "mm", "a", "b", "0", "1", "2"]),
    layout=Counter([(1, 1, 0, 1, 0, 1)]),
    types=Counter(["bar"]),
    colors={"bar": ("#0072b2", "#0072b2", "#e69f00")},
    data=Counter([("bar", 0, 1), ("bar", 1, 2), ("bar", 2, 3)]),
)


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 3.1571, -77.2803), (50, 0, -82.7485), 2.8615),
        ((50, -1.0, 2.0), (50, 0, 0), 2.3669),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_ciede2000_gives_the_published_differences(one: tuple[float, ...], other: tuple[float, ...], difference: float) -> None:
    """Table 1 of Sharma, Wu and Dalal (2005)."""
    assert ciede2000(one, other) == pytest.approx(difference, abs=1e-4)  # type: ignore[arg-type]


def test_lab_of_white_black_and_red() -> None:
    assert lab("#ffffff") == pytest.approx((100, 0, 0), abs=0.02)
    assert lab("#000000") == (0, 0, 0)
    assert lab("#ff0000") == pytest.approx((53.24, 80.09, 67.20), abs=0.02)


def test_a_chart_is_like_itself_and_likeness_is_symmetric() -> None:
    assert scores(TRUE, TRUE) == dict.fromkeys(("text", "layout", "type", "color", "data"), 1.0)
    for wrong in wrong_ones(TRUE).values():
        assert scores(TRUE, wrong) == pytest.approx(scores(wrong, TRUE))


def test_one_thing_wrong_is_clearly_below() -> None:
    for kind, wrong in wrong_ones(TRUE).items():
        assert mean_score(TRUE, wrong) < 1 - CLEAR, kind
    assert insensitive(TRUE) == ""


def test_a_chart_in_which_one_thing_does_not_count_is_told() -> None:
    crowded = replace(TRUE, data=Counter({("point", n, n): 1 for n in range(500)}), colors={"point": ("#0072b2",) * 500})
    assert insensitive(crowded)
