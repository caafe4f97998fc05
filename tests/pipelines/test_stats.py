"""The statistics of whole data sets, and their summary in about ten lines."""

from collections.abc import Callable
from pathlib import Path

from pipelines.stats import Metric, _questions, _templates, measure, summary
from pipelines.stats_facts import facts_of
from pipelines.stats_text import Asked
from schemas.shard import Dataset


def bars(metrics: list[Metric]) -> dict[str, tuple[str, str]]:
    return {bar.name: (bar.outcome, bar.value) for metric in metrics for bar in metric.bars}


def test_the_summary_says_what_there_is_and_what_was_lost(faulty_set: Path) -> None:
    told: list[tuple[int, int]] = []
    metrics = measure(faulty_set, on_sample=lambda *progress: told.append(progress))
    found = summary(metrics)
    assert len(found) <= 10
    assert found[0].startswith("13 samples, 13 images, 5 shards, ")
    assert found[1].startswith("13 of 17 planned samples kept, 1 rejected (wrong_answer), ")
    assert told[-1] == (13, 13)
    assert len(told) == 13


def test_a_small_data_set_is_told_what_it_needs(faulty_set: Path) -> None:
    found = bars(measure(faulty_set))
    assert found["answers proved from the stored bytes"] == ("met", "100.0% of 26")
    assert found["near-duplicate images"][0] == "too small"
    assert found["most frequent answer of a task"][0] == "too small"
    assert any("too small  near-duplicate images" in line and "needs 396 images to tell" in line for line in summary(measure(faulty_set)))


def test_a_fault_that_is_plain_is_missed_in_a_small_data_set_too(make_set: Callable[[str], Path]) -> None:
    """All of these meters look alike, and every question of a kind is worded alike."""
    found = bars(measure(make_set("{seed: 1, samples_per_shard: 60, sources: [{family: tiny.meters, count: 60, params: {meters: 2}}]}")))
    assert found["questions of one template"][0] == "missed"
    assert found["variety of questions, distinct-2"][0] == "missed"


def test_every_metric_has_a_definition_and_rows_that_fit_its_columns(faulty_set: Path) -> None:
    for metric in measure(faulty_set):
        assert metric.definition.endswith(".")
        assert all(len(row) == len(metric.columns) for row in metric.rows)
        assert all(bar["wanted"] and (bar["outcome"] == "too small") == bool(bar["needs"]) for bar in metric.to_json()["bars"])


def test_facts_keep_what_is_measured_and_no_media(faulty_set: Path) -> None:
    facts = facts_of(Dataset(faulty_set)[0], 7)
    assert [(one.sample, one.task, one.language) for one in facts.asked] == [(7, "sum", "en"), (7, "highest", "en")]
    assert facts.evidence_pages == (1, 1)
    assert len(facts.hashes) == len(facts.layouts) == 1


def test_fixed_prompts_are_not_held_to_the_bars_on_wording() -> None:
    def ask(sample: int, question: str, task: str) -> Asked:
        return Asked(sample, "f", task, "en", question, "a", str(sample))

    fixed = [ask(n, "qwenvl html", "parse") for n in range(50)]
    assert _questions(fixed).bars == _templates(fixed).bars == ()
    worded = [ask(n, f"what is {'the value' if n % 2 else 'it'}", "value") for n in range(50)]
    assert [bar.outcome for bar in (*_questions(worded).bars, *_templates(worded).bars)] == ["missed", "missed"]
