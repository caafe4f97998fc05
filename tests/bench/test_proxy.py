"""Differences from the baselines are paired, signed by what is better, and leave refusals out."""

from pathlib import Path

import pytest

from bench.proxy import difference, scores_of, verdict, write_mixture
from model.bootstrap import Estimate
from model.evaluate import Question
from schemas.errors import UserError

TEXT = "The consequences for the depot are considered before anything is changed. " * 12


def transcription(number: int) -> Question:
    return Question((0, number), f"s{number}", "documents.parse", 1, "parse_html", "QwenVL HTML", TEXT, None, 100)


def refusal(number: int) -> Question:
    return Question((1, number), f"r{number}", "documents.report", 1, "lookup", "Who?", "Not stated.", {"type": "none"}, 100)


def test_a_better_transcription_is_better_by_every_score() -> None:
    questions = [transcription(number) for number in range(5)]
    good, bad = scores_of(questions, [TEXT] * 5), scores_of(questions, ["nothing"] * 5)
    for score in ("one_minus_ned", "cer"):
        assert str(difference(score, questions, good, bad)).endswith(" better")
        assert str(difference(score, questions, bad, good)).endswith(" WORSE")
        assert str(difference(score, questions, good, good)).endswith("not told apart")


def test_groups_hold_their_own_and_refusals_count_nowhere() -> None:
    questions = [transcription(0), transcription(1), refusal(0)]
    ours, theirs = scores_of(questions, [TEXT, TEXT, "Not stated."]), scores_of(questions, ["", "", "x"])
    assert difference("value", questions, ours, theirs) is None
    assert difference("one_minus_ned", questions, ours, theirs, "documents.report") is None
    assert difference("one_minus_ned", questions, ours, theirs, "documents.parse/parse_html") is not None


def test_an_interval_around_nothing_tells_nothing() -> None:
    assert verdict(Estimate(0.1, -0.1, 0.3, 5, 5), 1) == "not told apart"
    assert verdict(Estimate(-0.2, -0.3, -0.1, 5, 5), -1) == "better"


def test_each_data_set_needs_a_weight(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="1 weights for 2 data sets"):
        write_mixture(tmp_path / "m.yaml", [Path("a"), Path("b")], [1.0])
