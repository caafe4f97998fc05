"""What users get wrong, and what they are told: each mistake with what was wrong, where, and what to do."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.checkpoint import Checkpoints
from model.config import preset
from model.parallel import World, world
from model.qwen3_vl import Qwen3VL
from model.run import _alone_in, out_of_memory
from model.stored import load_model
from model.train import Trainer
from model.train_config import STAGES, ModelChoice, TrainConfig, load_config, parse_config, part_of
from schemas.errors import IntegrityError, UserError
from schemas.sample import Turn
from tests.model import corpora
from tests.model.rows import random_model, tiny
from tests.model.test_train import Stop, config, folder_of, go, row, stopping_at

GOOD = """
model: {preset: tiny}
data: {mixture: mixture.yaml}
optimizer: {learning_rate: 1e-3, rates: {vision: 0.1}}
steps: 10
"""
CONFIGS = sorted((Path(__file__).parents[2] / "model" / "configs").glob("*.yaml"))


def told(error: UserError, *parts: str) -> None:
    text = str(error)
    assert "where:" in text
    assert "to do:" in text
    assert all(part in text for part in parts), text


def test_a_rate_without_a_point_is_a_number() -> None:
    """YAML 1.1 reads 1e-3 as text, which strict parsing would refuse."""
    assert parse_config(GOOD, "c.yaml").optimizer.learning_rate == 1e-3
    assert parse_config(GOOD, "c.yaml", ["optimizer.learning_rate=2E-5"]).optimizer.learning_rate == 2e-5


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("stpes=3", ("unknown key 'stpes'", "did you mean 'steps'")),
        ("optimizer.learning_rat=3", ("c.yaml: optimizer.learning_rat", "did you mean 'learning_rate'")),
        ("held_out={mixture: m.yaml, row: 3}", ("held_out.row", "did you mean 'rows'")),
        ("steps=ten", ("steps is 'ten'", "valid integer")),
        ("steps=0", ("steps is 0", "1 or more")),
        ("steps=true", ("steps is True",)),
        ("recompute=sometimes", ("recompute is 'sometimes'",)),
        ("recompute=0", ("recompute is 0",)),
        ("stage=s9", ("stage is 's9'", "'s0', 's1'")),
        ("trained=[]", ("trained is empty",)),
        ("optimizer.rates={vison: 1}", ("'vison'", "'vision'")),
        ("optimizer.learning_rate=0", ("learning_rate is 0", "more than 0")),
        ("loss_exponent=2", ("loss_exponent is 2", "0 to 1")),
        ("model.folder=x", ("exactly one of preset (tiny) and folder (x)",)),
        ("checkpoint={keep: 0}", ("keep is 0",)),
    ],
)
def test_a_wrong_config_is_refused(override: str, parts: tuple[str, ...]) -> None:
    with pytest.raises(UserError) as caught:
        parse_config(GOOD, "c.yaml", [override])
    told(caught.value, "c.yaml", *parts)


@pytest.mark.parametrize("text", ["model: {preset: tiny}", "[1, 2]", "model: {preset: tiny}\nmodel: {preset: 2b}", "a: [1"])
def test_a_file_that_is_no_config_is_refused(text: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_config(text, "c.yaml")
    told(caught.value, "c.yaml")


def test_a_config_that_is_not_there_is_refused() -> None:
    with pytest.raises(UserError, match="cannot read the config 'nowhere.yaml'"):
        load_config("nowhere.yaml")


@pytest.mark.parametrize("path", [path for path in CONFIGS if "mixture" not in path.name], ids=lambda path: path.stem)
def test_every_config_that_comes_with_assay_is_one(path: Path) -> None:
    found = load_config(path)
    assert found.length == (found.sequence_length or STAGES[found.stage][0])


def test_stages_have_the_reports_lengths() -> None:
    assert [STAGES[stage][0] for stage in ("s0", "s1", "s2", "s3")] == [8_192, 8_192, 32_768, 262_144]
    assert STAGES["s0"][1] == ("mergers",)


def test_each_parameter_belongs_to_a_part() -> None:
    names = [name for name, _ in Qwen3VL(tiny(tie_word_embeddings=False)).named_parameters()]
    parts = {name: part_of(name) for name in names}
    assert {part for name, part in parts.items() if name.startswith(("decoder", "head"))} == {"text"}
    assert sum(part == "mergers" for part in parts.values()) == 4 * 6


def test_rows_that_ranks_cannot_share_are_refused() -> None:
    with pytest.raises(UserError) as caught:
        Trainer(random_model(tiny(vocab_size=1_000)), config(rows_per_step=3), World(0, 2, torch.device("cpu"), None), ["a"])
    told(caught.value, "rows_per_step is 3", "multiple of 2")


# --- runs --------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def short(tmp_path: Path) -> TrainConfig:
    what = folder_of(tmp_path)
    return replace(what, steps=2, log_every=1, held_out=None, checkpoint=replace(what.checkpoint, export=False))


def changed_mixture(tmp_path: Path, change: Callable[[dict[str, object]], object]) -> None:
    path = tmp_path / "mixture.yaml"
    mixture = json.loads(path.read_text())
    change(mixture)
    path.write_text(json.dumps(mixture))


def refused(short: TrainConfig, tmp_path: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        go(short, tmp_path / "run")
    return caught.value


def test_a_second_process_in_a_runs_folder_is_refused(short: TrainConfig, tmp_path: Path) -> None:
    """It would remove the first one's checkpoint under way."""
    with world("cpu") as here, _alone_in(tmp_path / "run", here):
        told(refused(short, tmp_path), "another process trains in", "another folder")


@pytest.mark.slow
def test_another_config_in_a_runs_folder_is_refused_with_the_difference(short: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(Stop):
        go(short, tmp_path / "run", stopping_at(1))
    error = refused(replace(short, optimizer=replace(short.optimizer, learning_rate=1.0)), tmp_path)
    told(error, "optimizer", "0.003", "1.0", "another --out")
    with pytest.raises(Stop):
        go(replace(short, log_every=2, checkpoint=replace(short.checkpoint, keep=1)), tmp_path / "run", stopping_at(2))


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda m: m["datasets"][0].update(weight=0), ("weight is 0", "above 0")),
        (lambda m: m["datasets"][0].update(path="nowhere"), ("nowhere",)),
        (lambda m: m["datasets"][0].update(thresholds={"sharpness": 0.5}), ("no score 'sharpness'",)),
        (lambda m: m.update(too_long="refuse"), ("too long", "too_long")),
        pytest.param(lambda m: [d.update(passes=1) for d in m["datasets"]], ("passes",), marks=pytest.mark.slow),
    ],
    ids=["weight 0", "no data set", "no score", "too long", "used up"],
)
def test_a_mixture_that_cannot_be_trained_on_is_refused(
    short: TrainConfig, tmp_path: Path, change: Callable[[dict[str, object]], object], parts: tuple[str, ...]
) -> None:
    if parts[0] == "too long":
        short, parts = replace(short, sequence_length=64), ("tokens, a row holds 64", "too_long: drop")
        long = corpora.sample("long/0", [Turn("user", "word " * 80), Turn("assistant", "yes")])
        corpora.store(tmp_path / "long", [long])
        change = lambda m: m.update(too_long="refuse", datasets=[{"path": str(tmp_path / "long")}])  # noqa: E731
    changed_mixture(tmp_path, change)
    told(refused(replace(short, steps=50) if parts == ("passes",) else short, tmp_path), *parts)


def test_long_samples_are_dropped_where_the_mixture_says_so(short: TrainConfig, tmp_path: Path) -> None:
    texts = ["word " * 80, *["word"] * 3]
    samples = [corpora.sample(f"long/{k}", [Turn("user", text), Turn("assistant", "yes")]) for k, text in enumerate(texts)]
    corpora.store(tmp_path / "long", samples)
    changed_mixture(tmp_path, lambda m: m.update(datasets=[{"path": str(tmp_path / "long")}]))
    go(replace(short, sequence_length=64, steps=1), tmp_path / "run")
    state = json.loads((tmp_path / "run" / "checkpoints" / "00000001.json").read_text())
    assert state["loader"]["row"] == 1


def test_a_model_that_is_not_there_is_refused(short: TrainConfig, tmp_path: Path) -> None:
    told(refused(replace(short, model=ModelChoice(preset="3b")), tmp_path), "'3b'", "2b")
    told(refused(replace(short, model=ModelChoice(folder=str(tmp_path / "none"))), tmp_path / "other"), "none")


@pytest.mark.slow
def test_resuming_with_other_data_is_refused(short: TrainConfig, tmp_path: Path) -> None:
    short = replace(short, steps=3, checkpoint=replace(short.checkpoint, every_steps=1))
    with pytest.raises(Stop):
        go(short, tmp_path / "run", stopping_at(3))
    changed_mixture(tmp_path, lambda m: m.update(seed=4))
    told(refused(short, tmp_path), "another mixture")


@pytest.mark.slow
def test_a_checkpoint_whose_bytes_changed_is_refused(short: TrainConfig, tmp_path: Path) -> None:
    short = replace(short, steps=3, checkpoint=replace(short.checkpoint, every_steps=1))
    with pytest.raises(Stop):
        go(short, tmp_path / "run", stopping_at(3))
    for metadata in (tmp_path / "run" / "checkpoints").glob("*/.metadata"):
        metadata.write_bytes(b"x" * metadata.stat().st_size)
    with pytest.raises(IntegrityError, match="delete it to use the one before"):
        go(short, tmp_path / "run")


def test_running_out_of_memory_says_what_to_lower(short: TrainConfig, tmp_path: Path) -> None:
    def too_much(text: str) -> None:
        if text.startswith("step 1/"):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has …")

    with pytest.raises(UserError) as caught:
        go(short, tmp_path / "run", too_much)
    told(caught.value, "out of memory", "recompute to all", "sequence_length (it is 128)", "more GPUs")
    assert "recompute to all" not in str(out_of_memory(replace(short, recompute="all"), World(0, 1, torch.device("cpu"), None), "x"))


def test_evaluating_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        load_model(tmp_path, "cpu")
    told(caught.value, "holds no model")


@pytest.mark.slow
def test_an_unfinished_run_is_evaluated_from_its_newest_checkpoint(short: TrainConfig, tmp_path: Path) -> None:
    short = replace(short, stage="s0", steps=3, checkpoint=replace(short.checkpoint, every_steps=1))
    with pytest.raises(Stop):
        go(short, tmp_path / "run", stopping_at(3))
    found = dict(load_model(tmp_path / "run", "cpu").named_parameters())
    record = Checkpoints(tmp_path / "run" / "checkpoints", 1, print, readonly=True).latest()
    assert record is not None
    start = Qwen3VL(preset("tiny"))
    start.init_weights(short.seed)
    changed = {name for name, parameter in start.named_parameters() if not torch.equal(parameter, found[name])}
    assert changed <= {name for name in found if part_of(name) == "mergers"}
    assert len(found) - len(changed) >= len(record["frozen"])


def test_a_row_of_padding_alone_is_refused_by_name() -> None:
    one = Trainer(random_model(tiny(vocab_size=1_000)), config(), World(0, 1, torch.device("cpu"), None), ["a", "b"])
    empty = row(1)
    with pytest.raises(UserError, match="no token of a step carries loss"):
        one.launch(0, [replace(empty, loss_weight=empty.loss_weight * 0)])
