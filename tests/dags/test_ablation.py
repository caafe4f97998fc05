"""Ablations: configs are strict, equal steps are one, edited outputs are found, and a whole tiny run says what it must."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dags.ablation import check_overlap, run_ablation
from dags.ablation_compare import controls, factor_sides, pairs_of
from dags.ablation_config import load_ablation
from dags.ablation_noise import exchange_answers
from dags.ablation_overlap import find_overlap
from dags.ablation_report import to_csv, to_html, to_markdown
from dags.ablation_run import Done, Machine, after, reusable, run_steps
from dags.ablation_steps import Graph, in_order, resolve
from model.ablation_blind import frequency_losses
from model.ablation_scores import Item, answer_spans
from model.encode import encode
from model.evaluate import QuestionSet
from pipelines.commit import StorageError
from schemas.errors import UserError
from schemas.shard import Dataset
from schemas.tokens import IM_END, encode_text

TRAIN = {
    "model": {"preset": "tiny"},
    "data": {"max_image_tokens": 16, "workers": 0},
    "steps": 2,
    "rows_per_step": 1,
    "sequence_length": 256,
    "precision": "fp32",
    "compile": False,
    "optimizer": {"learning_rate": 0.003, "warmup_steps": 1},
    "checkpoint": {"every_steps": 2, "keep": 1},
}
RECIPE = """
seed: {seed}
samples_per_shard: 8
sources:
  - family: tiny.meters
    count: {count}
"""


def config(folder: Path, **more: Any) -> Path:
    """An ablation over two data sets of the tests' smallest family."""
    for name, seed, count in (("one", 1, 12), ("two", 2, 12), ("asked", 3, 6)):
        (folder / f"{name}.yaml").write_text(RECIPE.format(seed=seed, count=count), encoding="utf-8")
    document = {
        "name": "test",
        "seeds": [1, 2],
        "data": {"one": {"recipe": str(folder / "one.yaml")}, "two": {"recipe": str(folder / "two.yaml")}},
        "evaluation": {"one": {"recipe": str(folder / "asked.yaml")}},
        "train": TRAIN,
        **more,
    }
    path = folder / "ablation.yaml"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def graph_of(path: Path) -> Graph:
    return resolve(load_ablation(path), str(path))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"changes": {"x": {"without": ["on"]}}}, "no data set 'on'.*did you mean 'one'"),
        ({"changes": {"x": {"without": ["one", "two"]}}}, "leaves no data"),
        ({"changes": {"x": {}}}, "changes nothing"),
        ({"changes": {"base": {"same_data": True}}}, "`base` is the name"),
        ({"changes": {"x": {"witout": ["one"]}}}, "unknown key 'witout'.*did you mean 'without'"),
        ({"seeds": [1, 1]}, "stands twice"),
        ({"train": {**TRAIN, "seed": 4}}, "decided by the ablation"),
        ({"factors": {"x": {"without": ["one"]}}}, "1 factors; give two"),
        ({"factors": {"x": {"weights": {"one": 2.0}}, "y": {"weights": {"one": 3.0}}}}, "'x' and 'y' both change weights.one"),
        ({"factors": {"x": {"without": ["one"]}, "y": {"without": ["two"]}}}, "'x \\+ y' leaves no data"),
        ({"factors": {"x": {"without": ["one"]}, "y": {"train": ["steps=3"]}}, "leave_one_out": True}, "judged alone"),
        ({"factors": {"x": {"witout": ["one"]}}}, "unknown key 'witout'.*did you mean 'without'"),
        ({"comparison": {"level": 0.7}}, "less than 0.5"),
    ],
)
def test_mistakes_in_a_config_are_named(tmp_path: Path, more: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=f"(?s){words}"):
        load_ablation(config(tmp_path, **more))


def test_steps_are_shared_and_equal_changes_run_once(tmp_path: Path) -> None:
    changes = {"no one": {"without": ["one"]}, "again": {"same_data": True}, "heavier": {"weights": {"one": 1.0}}}
    graph = graph_of(config(tmp_path, changes=changes, leave_one_out=True))
    twins = {arm.name: arm.same_as for arm in graph.arms if arm.same_as}
    assert twins == {"without one": "no one", "heavier": "base"}
    kinds = [step.kind for step in graph.steps]
    assert kinds.count("build") == 3
    assert kinds.count("train") == 4 * 2  # base, no one, again, without two
    other = graph_of(config(tmp_path, name="other", changes={"late": {"train": ["steps=3"]}}))
    mine, theirs = ({step.fingerprint for step in one.steps} for one in (graph, other))
    assert len(mine & theirs) == 3 + 1 + 1 + 2 * 2  # data, overlap, blind baselines, and the base's runs, also between ablations


def test_stages_start_from_each_other(tmp_path: Path) -> None:
    graph = graph_of(config(tmp_path, stages=[["stage=s0"], ["stage=s1", "sequence_length=512"]]))
    first, second = graph.arms[0].trained[1]
    assert first in second.inputs
    assert first.body["config"]["stage"] == "s0"
    assert second.body["config"]["sequence_length"] == 512


def test_what_is_asked_and_trained_on_is_found_by_seed(tmp_path: Path) -> None:
    path = config(tmp_path, data={"one": {"recipe": str(tmp_path / "asked.yaml"), "set": ["sources.0.count=4"]}})
    graph = graph_of(path)
    machine = Machine(tmp_path / "steps", 1)
    done = run_steps([step for step in graph.steps if step.kind in ("build", "overlap")], machine, print)
    with pytest.raises(UserError, match="4 samples of the evaluation set.*occur in training"):
        check_overlap(graph, done)


def test_noise_exchanges_the_stated_share_and_more_noise_holds_less(tmp_path: Path) -> None:
    graph = graph_of(config(tmp_path))
    machine = Machine(tmp_path / "steps", 1)
    run_steps([graph.steps[0]], machine, print)
    source = graph.steps[0].folder(machine.store)
    exchange_answers(source, tmp_path / "all", 1.0, 0)
    before, after_ = Dataset(source), Dataset(tmp_path / "all")
    texts = [[turn.text for sample in data for turn in sample.turns if turn.role == "assistant"] for data in (before, after_)]
    assert sorted(texts[0]) == sorted(texts[1])
    assert texts[0] != texts[1]
    assert [sample.sample_id for sample in before] == [sample.sample_id for sample in after_]
    exchange_answers(source, tmp_path / "again", 1.0, 0)
    assert Dataset(tmp_path / "again").manifest == after_.manifest
    assert find_overlap(source, [tmp_path / "all"])["overlapping"] == len(before)


@pytest.mark.timeout(600)  # on a busy machine; 20 s of processor time
def test_a_whole_run_resumes_and_an_edited_output_fails_what_needs_it_alone(tmp_path: Path) -> None:
    changes = {"again": {"same_data": True}, "no one": {"without": ["one"]}}
    graph = graph_of(config(tmp_path, changes=changes, train={**TRAIN, "steps": 1, "checkpoint": {"every_steps": 1, "keep": 1}}))
    out = tmp_path / "out"
    machine = Machine(out / "steps", 1, "cpu")
    result = run_ablation(graph, out, machine, print)
    assert not result["failed"]
    assert {one["change"] for one in result["comparisons"]} == {"no one"}
    assert (out / "test" / "report.html").read_text(encoding="utf-8").count("<svg") >= 2
    assert to_markdown(result).startswith("# Ablation test")
    assert to_csv(result).count("\n") > 3
    assert "<script" not in to_html(result, {})
    said: list[str] = []
    again = run_ablation(graph, out, machine, said.append)
    assert not said  # every step was used again
    assert again["comparisons"] == result["comparisons"]
    step = graph.arms[-1].trained[2][-1]
    with (step.folder(machine.store) / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write("\n")
    broken = run_ablation(graph, out, machine, said.append)
    assert [(one["kind"], one["outcome"]) for one in broken["failed"]] == [("train", "failed"), ("evaluate", "skipped")]
    assert "is not what the step wrote" in broken["failed"][0]["error"]
    assert {one["change"] for one in broken["comparisons"]} == {"no one"}  # by the other seed


def test_a_failed_step_fails_alone_and_a_full_disk_stops_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = graph_of(config(tmp_path))
    step, machine = graph.steps[0], Machine(tmp_path / "steps", 1)

    def fails(error: Exception) -> Callable[..., dict[str, Any]]:
        def build(*_: object) -> dict[str, Any]:
            raise error

        return build

    monkeypatch.setattr("dags.ablation_run._build", fails(RuntimeError("CUDA error: device lost")))
    done = after(step, [], machine, print)
    assert (done.outcome, done.error) == ("failed", "RuntimeError: CUDA error: device lost")
    train = graph.arms[0].trained[1][0]
    assert after(train, [done, Done("done")], machine, print).outcome == "skipped"
    monkeypatch.setattr("dags.ablation_run._build", fails(OSError(28, "No space left on device")))
    with pytest.raises(StorageError, match="No space left"):
        after(step, [], machine, print)
    assert reusable(step, machine.store) is None


@pytest.mark.timeout(600)  # on a busy machine
def test_a_run_whose_loss_is_not_finite_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"diverges": {"train": ["optimizer.learning_rate=1.0e+30"]}}
    graph = graph_of(config(tmp_path, seeds=[1], changes=changes))
    base, diverging = (arm.evaluated[1] for arm in graph.arms)
    machine = Machine(tmp_path / "steps", 1, "cpu")
    done = run_steps(in_order([base, diverging]), machine, print)
    trained = done[diverging.inputs[0].fingerprint]
    assert (trained.outcome, done[diverging.fingerprint].outcome, done[base.fingerprint].outcome) == ("failed", "skipped", "done")
    assert "is not finite" in trained.error
    assert reusable(diverging.inputs[0], machine.store) is None

    def broken(*_: object, **__: object) -> list[Item]:
        return [Item("one", "a", 1, "count", "loss", float("nan"), 2.0)]

    monkeypatch.setattr("model.ablation_scores.losses", broken)
    (base.folder(machine.store) / "step.json").unlink()
    done = run_steps([base], machine, print, done)
    assert (done[base.fingerprint].outcome, "of turn 1 of a in one" in done[base.fingerprint].error) == ("failed", True)


def test_blind_baselines_answer_from_training_alone(tmp_path: Path) -> None:
    graph = graph_of(config(tmp_path, seeds=[1], comparison={"metrics": ["loss", "exact_match"]}))
    machine = Machine(tmp_path / "steps", 1)
    done = run_steps(in_order([graph.blind]), machine, print)
    found = done[graph.blind.fingerprint].measured["averages"]
    assert set(found) == {"token frequencies", "most frequent answer", "nearest question"}
    assert set(found["nearest question"]) == {"exact_match"}
    asked = QuestionSet([graph.overlaps[0].inputs[0].folder(machine.store)])
    tokens = [*encode_text(asked.questions[0].reference), IM_END]
    (known,) = frequency_losses(asked.questions[:1], asked.questions[:1], "one")
    kinds = len(set(tokens))
    by_hand = [-np.log((tokens.count(token) + kinds / 151_936) / (len(tokens) + kinds)) for token in tokens]
    assert known.value == pytest.approx(sum(by_hand))
    unknown = frequency_losses([], asked.questions, "one")
    assert found["token frequencies"]["loss"]["one"] < known.value / known.weight + 1 < np.log(151_936)
    assert [one.value / one.weight for one in unknown] == pytest.approx([np.log(151_936)] * len(unknown))
    spans = [end - first for k in range(6) for first, end in answer_spans(encode(asked.sample(asked.questions[k])))]
    assert sorted(spans) == sorted(one.weight for one in unknown)


def test_pairs_take_what_all_runs_have_and_loss_falls_for_the_better() -> None:
    def item(sample: str, value: float) -> Item:
        return Item("one", sample, 1, "count", "loss", value, 2.0)

    base = {1: [item("a", 4.0), item("b", 4.0)], 2: [item("a", 4.0), item("b", 6.0)]}
    other = {1: [item("a", 2.0), item("b", 4.0), item("c", 9.0)], 2: [item("a", 2.0), item("b", 6.0)], 3: [item("a", 0.0)]}
    (pair,) = pairs_of("x", [(-1.0, base), (1.0, other)], "loss")
    assert pair.sums.shape == (2, 2)
    assert pair.by_seed == pytest.approx([0.5, 0.5])


def test_factors_are_crossed_and_their_effects_told_apart(tmp_path: Path) -> None:
    factors = {"heavy": {"weights": {"one": 3.0}}, "long": {"train": ["steps=3"]}}
    graph = graph_of(config(tmp_path, factors=factors, changes={"again": {"same_data": True}}))
    assert [arm.name for arm in graph.arms] == ["base", "again", "heavy", "long", "heavy + long"]
    both = graph.arms[-1].trained[1][0].body
    assert (both["mixture"][0]["weight"], both["config"]["steps"]) == (3.0, 3)
    means = {"base": 4.0, "heavy": 3.0, "long": 3.5, "heavy + long": 1.0}  # together they save 1.5 more than alone
    items = {
        arm: {seed: [Item("one", str(k), 1, "count", "loss", 2 * mean + k, 2.0) for k in range(4)] for seed in (1, 2)}
        for arm, mean in means.items()
    }
    sides = factor_sides(graph.ablation, items)
    found = {name: pairs_of(name, side, "loss")[0].by_seed for name, side in sides.items()}
    assert list(found) == ["heavy", "long", "heavy x long"]
    # Half the sum of the effects without and with the other; half of their difference. Loss that falls is better.
    assert found["heavy"] == pytest.approx([(1.0 + 2.5) / 2] * 2)
    assert found["long"] == pytest.approx([(0.5 + 2.0) / 2] * 2)
    assert found["heavy x long"] == pytest.approx([(2.5 - 1.0) / 2] * 2)


def test_a_control_that_fails_is_said_to(tmp_path: Path) -> None:
    changes = {"again": {"same_data": True}, "some": {"label_noise": 0.1}, "much": {"label_noise": 0.5}}
    graph = graph_of(config(tmp_path, changes=changes, leave_one_out=True))
    wrong = [
        {"change": "some", "group": "one", "mean": -0.2, "word": "hurts"},
        {"change": "much", "group": "one", "mean": -0.1, "word": "hurts"},
        {"change": "without one", "group": "one", "mean": 0.0, "word": "no effect"},
    ]
    found = controls(graph, wrong, [{"low": 0.1, "high": 0.2, "word": "helps"}])
    assert [(one["control"], one["passed"]) for one in found] == [("same data", False), ("positive", False), ("sensitivity", False)]
    wrong[0]["mean"], wrong[2]["word"] = -0.01, "hurts"
    found = controls(graph, wrong, [{"low": -0.1, "high": 0.2, "word": "cannot tell"}])
    assert all(one["passed"] for one in found)


def test_spans_are_the_answers(tmp_path: Path) -> None:
    graph = graph_of(config(tmp_path))
    machine = Machine(tmp_path / "steps", 1)
    run_steps(in_order([graph.steps[0]]), machine, print)
    sample = Dataset(graph.steps[0].folder(machine.store))[0]
    tokens = encode(sample)
    spans = answer_spans(tokens)
    assert len(spans) == sum(turn.role == "assistant" for turn in sample.turns)
    assert sum(end - first for first, end in spans) == int(np.sum(tokens.weights > 0))
