"""The scores of charts: formulae against published values, and a chart with one thing wrong is clearly below the truth."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from schemas.color_difference import ciede2000, lab
from schemas.sample import Sample
from synth.code.chart import Chart
from synth.code.chart_run import code_in, fenced
from synth.code.chart_scores import CLEAR, SCORES, Features, insensitive, least_score, score_answer, scores, wrong_ones
from synth.make import make_sample
from synth.sandbox.box import unavailable

HELD = pytest.mark.skipif(bool(unavailable()), reason=unavailable())

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
        assert least_score(TRUE, wrong) < 1 - CLEAR, kind
    assert insensitive(TRUE) == ""


@pytest.mark.parametrize(("count", "dull"), [(60, False), (70, True), (500, True)])
def test_a_chart_in_which_one_thing_does_not_count_is_told(count: int, dull: bool) -> None:
    """One mark missing of sixty is told by the scores, and of seventy no longer clearly."""
    crowded = replace(TRUE, data=Counter({("point", n, n): 1 for n in range(count)}), colors={"point": ("#0072b2",) * count})
    assert bool(insensitive(crowded)) == dull


@pytest.fixture(scope="module")
def grouped() -> Sample:
    return make_sample(Chart(kinds=("grouped",), tasks=("to_code",)), "code.chart", 0, 7)


@HELD
def test_answers_are_scored_by_what_they_draw(grouped: Sample) -> None:
    right = grouped.turns[1].text
    found = score_answer(right, right)
    assert found == {**dict.fromkeys((f"chart_{name}" for name in SCORES), 1.0), "chart": 1.0, "runs": 1.0}
    code = code_in(right)
    color = next(word for word in code.split('"') if word.startswith("#"))
    recoloured = score_answer(right, f"Here it is:\n{fenced(code.replace(color, '#123456'))}")
    assert recoloured["chart_color"] < 1
    assert recoloured["chart_text"] == recoloured["chart_data"] == 1
    title = json.loads(grouped.stored.attachment("chart.json").data)["title"]
    untitled = score_answer(right, fenced(code.replace(f'"{title}"', '"Something else"')))
    assert 0 < untitled["chart_text"] < 1
    assert untitled["chart_color"] == 1
    assert untitled["runs"] == 1


@HELD
def test_programs_that_draw_nothing_score_nothing(grouped: Sample) -> None:
    right = grouped.turns[1].text
    endless = fenced("import matplotlib.pyplot as plt\nwhile True: pass")
    for wrong in ("I cannot.", fenced("1 / 0"), fenced("print('no picture')"), fenced(code_in(right)[:-40]), endless):
        assert set(score_answer(right, wrong).values()) == {0.0}


@HELD
def test_words_on_one_another_are_no_failure_of_an_answer(grouped: Sample) -> None:
    code = code_in(grouped.turns[1].text)
    save = next(line for line in code.splitlines() if "savefig(" in line)
    twice = code.replace(save, f"plt.figtext(0.5, 0.5, 'here')\nplt.figtext(0.5, 0.5, 'there')\n{save}") if save in code else code
    found = score_answer(grouped.turns[1].text, fenced(twice))
    assert found["runs"] == 1
    assert 0 < found["chart_text"] < 1


@HELD
def test_a_forged_report_counts_for_nothing_but_the_words_in_the_picture(grouped: Sample) -> None:
    """A program that draws an empty plot and has the recorder tell another chart."""
    right = grouped.turns[1].text
    forged = "import json\nfrom synth.code import chart_probe\nchart_probe.describe = lambda figure: {'axes': [], 'size_px': [640, 480]}\n"
    found = score_answer(right, fenced(forged + code_in(right)))
    assert found["chart_type"] == found["chart_color"] == found["chart_data"] == found["chart_layout"] == 0
