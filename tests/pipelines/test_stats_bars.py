"""A bar is met or missed only where the corpus is large enough to tell."""

import pytest

from pipelines.stats_bars import Bar, Judged, judge, lines, worst


def test_few_tries_cannot_meet_or_miss_a_bar_on_a_share() -> None:
    assert judge(0.5, 2, 0.03).outcome == "too small"  # one of two answers
    assert judge(1.0, 2, 0.03).outcome == "too small"
    assert judge(0.0, 52, 0.01).outcome == "too small"  # no near-duplicate among 52 images
    assert judge(4 / 346, 346, 0.01) == Judged("too small", 4 / 346 - 0.01, 396)


def test_many_tries_can() -> None:
    assert judge(0.013, 752, 0.01).outcome == "missed"
    assert judge(0.0, 486, 0.01).outcome == "met"
    assert judge(0.04, 1000, 0.03).outcome == "missed"
    assert judge(0.0, 400, 0.05).outcome == "met"


def test_what_is_far_from_the_limit_needs_few() -> None:
    assert judge(1.0, 100, 0.03).outcome == "missed"
    assert judge(0.0, 32, 0.30).outcome == "met"
    assert judge(0.0, 25, 0.05, chance=0.58).outcome == "met"


def test_chance_is_taken_off() -> None:
    assert judge(0.53, 2000, 0.05, chance=0.5).outcome == "met"
    assert judge(0.57, 2000, 0.05, chance=0.5).outcome == "missed"
    assert judge(0.53, 100, 0.05, chance=0.5).outcome == "too small"
    assert judge(0.53, 100, 0.05, chance=0.5).needed == 400  # two standard errors of one half are five points
    assert judge(0.53, 100, 0.05, chance=0.5).excess == pytest.approx(-0.02)


def test_without_tries_nothing_is_known() -> None:
    assert judge(0.0, 0, 0.05).outcome == "too small"


def test_the_worst_is_what_is_reported() -> None:
    small, met, missed = Judged("too small", 0.9, 5), Judged("met", -0.1, 5), Judged("missed", 0.1, 5)
    assert worst([small, missed, met]) == missed
    assert worst([small, met, Judged("too small", 1.0, 5)]) == Judged("too small", 1.0, 5)
    assert worst([]) is None


def test_lines_stand_in_columns() -> None:
    assert lines([Bar("a", "1 %", "below 3 %", "met"), Bar("long", "2 of 3", "none", "too small", "9 answers to tell")]) == [
        "met        a     below 3 %  1 %",
        "too small  long  none       2 of 3; needs 9 answers to tell",
    ]
    assert lines([]) == []
