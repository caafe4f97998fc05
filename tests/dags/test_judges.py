"""What judges a model's answers: programs are run and compared, and a machine that cannot says so."""

from dataclasses import replace

import pytest

from dags.judges import Judges
from schemas.errors import UserError
from synth.code.chart import Chart
from synth.load import load_family
from synth.make import make_sample
from synth.sandbox.box import unavailable


def test_families_that_compare_nothing_give_no_scores() -> None:
    sample = make_sample(load_family("tiny.meters", {}), "tiny.meters", 0, 1)
    assert Judges().compare(sample, [(1, "7")]) == [{}]


@pytest.mark.skipif(bool(unavailable()), reason=unavailable())
def test_a_chart_is_compared_and_words_are_not() -> None:
    sample = make_sample(Chart(kinds=("bar",), tasks=("to_code",)), "code.chart", 0, 7)
    judges = Judges()
    (right, wrong) = judges.compare(sample, [(1, sample.turns[1].text), (1, "no code")])
    assert right["chart"] == right["runs"] == 1
    assert wrong["chart"] == wrong["runs"] == 0
    asked = replace(sample, turns=(sample.turns[0], replace(sample.turns[1], task="ask_count")))
    assert judges.compare(asked, [(1, "7")]) == [{}]
    assert not judges.left_out
    damaged = replace(sample, turns=(sample.turns[0], replace(sample.turns[1], text="1 / 0")))
    assert judges.compare(damaged, [(1, sample.turns[1].text)]) == [{}]
    assert "code_error" in judges.left_out[f"code.chart ({sample.sample_id})"]


@pytest.mark.skipif(bool(unavailable()), reason=unavailable())
def test_answers_are_proved_each_alone() -> None:
    """An edit is one of the code that the sample gives, whatever the model gave for that."""
    sample = make_sample(Chart(kinds=("bar",), tasks=("to_code",)), "code.chart", 0, 7)
    assert sample.turns[3].task == "edit"
    code, edited = sample.turns[1].text, sample.turns[3].text
    other = code.replace("```python\n", "```python\n# as in the picture\n")
    assert Judges().prove(sample, [(1, other), (3, edited)]) == [True, True]
    assert Judges().prove(sample, [(1, code), (3, code)]) == [True, False]
    assert Judges().prove(sample, [(1, edited), (3, edited)]) == [False, True]


def test_where_nothing_can_be_held_the_family_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = make_sample(load_family("tiny.meters", {}), "tiny.meters", 0, 1)

    class Unheld(Chart):
        """Charts on a machine without bubblewrap."""

        def verify(self, *_: object) -> tuple[()]:
            raise UserError("no untrusted program may run here", where="synth.sandbox", todo="install bubblewrap")

        def score_answers(self, *_: object) -> list[dict[str, float]]:
            raise UserError("no untrusted program may run here", where="synth.sandbox", todo="install bubblewrap")

    monkeypatch.setattr("dags.judges.family_of", lambda sample: Unheld())
    monkeypatch.setattr("dags.judges.truth_adapter", lambda family: type("Adapter", (), {"validate_json": staticmethod(lambda text: None)}))
    judges = Judges()
    assert judges.prove(sample, [(1, "7")]) == [None]
    assert judges.compare(sample, [(1, "7")]) == [{}]
    assert judges.left_out == {"tiny.meters": "no untrusted program may run here; install bubblewrap"}
