import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
import torch

from model.batch import IGNORE, Batch
from model.config import Qwen3VLConfig
from model.media import image_grid
from model.metrics import read_metrics
from model.parallel import World, world
from model.run import bounds_of, train
from model.train import NonFiniteError, Trainer
from model.train_config import (
    CheckpointChoice,
    DataChoice,
    HeldOutChoice,
    ModelChoice,
    OptimizerChoice,
    TrainConfig,
    part_of,
)
from model.weights import load_hf
from schemas.errors import UserError
from schemas.sample import Turn
from tests.model import corpora
from tests.model.rows import MOE, packed, random_model, sample, tiny

ROOT = Path(__file__).parents[2]
ALONE = World(0, 1, torch.device("cpu"), None)
SOURCES = ("first", "second")


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    """The same sums on every machine, and no fight over two cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def config(**changes: Any) -> TrainConfig:
    values: dict[str, Any] = {
        "model": ModelChoice(preset="tiny"),
        "data": DataChoice(mixture=""),
        "optimizer": OptimizerChoice(learning_rate=3e-3, warmup_steps=0),
        "steps": 100,
        "rows_per_step": 1,
        "precision": "fp32",
        "compile": False,
    }
    return TrainConfig(**values | changes)


def few_words(batch: Batch) -> Batch:
    """The row in a vocabulary of a thousand, which is most of the time of a step otherwise; the model finds images by slot, not by id."""
    return replace(batch, ids=batch.ids % 997, targets=torch.where(batch.targets == IGNORE, IGNORE, batch.targets % 997))


def row(*seeds: int, length: int = 64) -> Batch:
    """Samples with an image for even seeds, text alone for odd ones."""
    made = [sample(seed, [("image", (1, 4, 4))] if seed % 2 == 0 else [], text=12) for seed in seeds]
    return few_words(replace(packed(made, length), sample_ids=tuple(f"sample-{seed}" for seed in seeds)))


def trainer(*, sizes: Qwen3VLConfig | None = None, **changes: Any) -> Trainer:
    return Trainer(random_model(sizes or tiny(vocab_size=1_000)), config(**changes), ALONE, SOURCES)


def losses(one: Trainer, steps: Sequence[Sequence[Batch]]) -> list[float]:
    return [one.read(one.launch(number, rows))["loss"] for number, rows in enumerate(steps)]


def weights(one: Trainer) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in one.model.named_parameters()}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_row_seen_again_is_learnt(precision: str) -> None:
    found = losses(trainer(precision=precision), [[row(0, 1)]] * 6)
    assert found[-1] < found[0] - 0.5


def test_rows_of_a_step_weigh_by_their_tokens() -> None:
    """Two rows must give what one row with the samples of both gives; a mean of their means would not, since they hold 5 and 40 tokens."""
    long, short = sample(1, text=90), sample(3, text=3)
    apart, together = trainer(rows_per_step=2), trainer(rows_per_step=1)
    step_apart = apart.read(apart.launch(0, [few_words(packed([one], 96)) for one in (long, short)]))
    step_together = together.read(together.launch(0, [few_words(packed([long, short], 192))]))
    assert step_apart["loss"] == pytest.approx(step_together["loss"], rel=1e-5)
    assert step_apart["gradient_norm"] == pytest.approx(step_together["gradient_norm"], rel=1e-4)
    rows = [few_words(packed([one], 96)) for one in (long, short)]
    assert abs(sum(apart.held_out_loss([one]) for one in rows) / 2 - apart.held_out_loss(rows)) > 1e-4


def test_losses_are_told_by_source() -> None:
    one = trainer()
    values = one.read(one.launch(0, [row(0, 1)]))
    total = sum(values["source_loss"][name] * values["source_weight"][name] for name in SOURCES)
    assert total / values["weight"] == pytest.approx(values["loss"], rel=1e-6)
    assert set(values["source_loss"]) == set(SOURCES)


def test_stage_0_trains_all_four_mergers_and_nothing_else() -> None:
    """The peer trainer leaves the DeepStack mergers frozen and trains an untied head: defects 1 and 2 of the reference."""
    one = trainer(sizes=tiny(vocab_size=1_000, tie_word_embeddings=False), stage="s0")
    before = weights(one)
    losses(one, [[row(0, 2)]] * 2)
    changed = {name for name, tensor in weights(one).items() if not torch.equal(tensor, before[name])}
    assert changed == {name for name in before if part_of(name) == "mergers"}
    heads = {name.rsplit(".", 2)[0] for name in changed}
    assert heads == {"vision.merger", *(f"vision.deepstack_mergers.{number}" for number in range(3))}


def test_stage_0_takes_a_row_without_images_and_learns_nothing_from_it() -> None:
    one = trainer(stage="s0", optimizer=OptimizerChoice(learning_rate=3e-3, warmup_steps=0, weight_decay=0.0))
    before = weights(one)
    values = one.read(one.launch(0, [row(1, 3)]))
    assert values["gradient_norm"] == 0
    assert values["loss"] > 0
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights(one).items())


def test_other_stages_train_everything() -> None:
    one = trainer(stage="s1")
    before = weights(one)
    losses(one, [[row(0, 2)]])
    assert not [name for name, tensor in weights(one).items() if torch.equal(tensor, before[name])]


def test_a_loss_that_is_not_finite_stops_before_the_weights_change() -> None:
    one = trainer(rows_per_step=2)
    sound, broken = row(0, 1), row(2, 5)
    broken = replace(broken, loss_weight=torch.where(broken.sources == 1, torch.inf, broken.loss_weight))
    losses(one, [[sound, sound]])
    before = weights(one)
    with pytest.raises(NonFiniteError) as caught:
        one.read(one.launch(1, [sound, broken]))
    message = str(caught.value)
    assert all(part in message for part in ("step 2", "sample-2, sample-5", "second", "no weight was changed"))
    assert "sample-0" not in message
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights(one).items())


def test_a_step_that_trains_no_token_is_refused() -> None:
    one = trainer()
    silent = row(1)
    with pytest.raises(Exception, match=r"no token of a step carries loss.*sample-1"):
        one.launch(0, [replace(silent, loss_weight=torch.zeros_like(silent.loss_weight))])


@pytest.mark.parametrize("recompute", ["all", 2])
def test_recomputing_changes_no_number(recompute: Any) -> None:
    steps = [[row(0, 1)], [row(2, 3)]]
    assert losses(trainer(recompute=recompute), steps) == losses(trainer(), steps)


def test_experts_are_kept_balanced() -> None:
    """The balance loss must reach the router: with all of the text's loss taken away, the router still moves."""
    choice = OptimizerChoice(learning_rate=1e-2, warmup_steps=0, weight_decay=0)
    one = trainer(sizes=tiny(vocab_size=1_000, **MOE), optimizer=choice)
    batch = row(1, 3)
    silent = replace(batch, loss_weight=batch.loss_weight * 1e-20)
    before = weights(one)
    losses(one, [[silent]])
    moved = {name for name, tensor in weights(one).items() if not torch.equal(tensor, before[name])}
    assert any("router" in name or "gate" in name for name in moved)


WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(("pydantic", "yaml", "ray", "pymupdf", "transformers", "tensorboard")))
import model.train, model.parallel, model.checkpoint, model.metrics
import bench.train_step, bench.mfu, bench.fsdp
"""


def test_the_loop_and_its_benches_need_none_of_the_builders_packages() -> None:
    """Catches an import that keeps a bare GPU machine, which has torch and little else, from running them."""
    subprocess.run([sys.executable, "-c", WITHOUT], cwd=ROOT, check=True)


# --- whole runs --------------------------------------------------------------------------------------------------------------------


def folder_of(root: Path) -> TrainConfig:
    """A run of six small steps over two data sets, its config, and its data in `root`."""
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        samples = []
        for number in range(10):
            images = [corpora.picture(rng, 40, 32)] if number % 3 == 0 else []
            turns = [Turn("user", "<image>" * len(images) + corpora.words(rng, 4)), Turn("assistant", corpora.words(rng, 3 + number % 4))]
            samples.append(corpora.sample(f"{name}/{number}", turns, images))
        corpora.store(root / name, samples)
    datasets = [{"path": str(root / "a"), "weight": 2.0}, {"path": str(root / "b")}]
    (root / "mixture.yaml").write_text(json.dumps({"seed": 3, "datasets": datasets}))
    (root / "held_out.yaml").write_text(json.dumps({"datasets": datasets[1:]}))
    return config(
        data=DataChoice(mixture=str(root / "mixture.yaml"), workers=1, min_image_tokens=1, max_image_tokens=16),
        held_out=HeldOutChoice(mixture=str(root / "held_out.yaml"), every_steps=3, rows=1),
        checkpoint=CheckpointChoice(every_steps=2, keep=2),
        steps=6,
        sequence_length=128,
    )


def go(what: TrainConfig, out: Path, say: Callable[[str], None] = lambda text: None, device: str = "cpu") -> None:
    with world(device) as here:
        train(what, out, here, say)


def learnt(folder: Path) -> list[tuple[Any, ...]]:
    """What must be equal to the bit, however often a run was stopped."""
    keys = ("step", "loss", "gradient_norm", "source_loss", "all_tokens", "held_out_loss")
    return [tuple(line.get(key) for key in keys) for line in read_metrics(folder)]


class Stop(BaseException):
    """Ends a run in the middle, as Ctrl-C would."""


def stopping_at(step: int) -> Callable[[str], None]:
    def say(text: str) -> None:
        if text.startswith(f"step {step}/"):
            raise Stop

    return say


@pytest.mark.slow
def test_a_run_stopped_and_started_again_goes_on_exactly(tmp_path: Path) -> None:
    what = replace(folder_of(tmp_path), log_every=1)
    go(what, tmp_path / "whole")
    for step in (1, 3, 5):
        with pytest.raises(Stop):
            go(what, tmp_path / "stopped", stopping_at(step))
    told: list[str] = []
    go(what, tmp_path / "stopped", told.append)
    assert any(text.startswith("going on from step 4") for text in told)
    assert learnt(tmp_path / "stopped") == learnt(tmp_path / "whole")
    whole, stopped = (load_hf(tmp_path / name / "model").state_dict() for name in ("whole", "stopped"))
    assert all(torch.equal(whole[name], stopped[name]) for name in whole)
    assert sorted(path.name for path in (tmp_path / "stopped" / "checkpoints").glob("*.json")) == ["00000004.json", "00000006.json"]
    go(what, tmp_path / "whole")  # nothing left to do
    assert len(learnt(tmp_path / "whole")) == 6


def test_what_a_resumed_run_may_change(tmp_path: Path) -> None:
    """Threads of the loader and what to do with damage change no number that was learnt; a rate and a mixture do."""
    what = replace(folder_of(tmp_path), steps=2, held_out=None)
    go(what, tmp_path / "run")
    mixture = tmp_path / "mixture.yaml"
    told = json.loads(mixture.read_text())
    mixture.write_text(json.dumps(told | {"damaged": "skip"}))
    go(replace(what, data=replace(what.data, workers=2), recompute="all"), tmp_path / "run")
    with pytest.raises(UserError, match="started with another config: optimizer"):
        go(replace(what, optimizer=replace(what.optimizer, learning_rate=1.0)), tmp_path / "run")
    told["datasets"][0]["passes"] = 50  # which changes how the present window is packed
    mixture.write_text(json.dumps(told))
    with pytest.raises(UserError, match="the loader's state is of another mixture"):
        go(what, tmp_path / "run")


def test_a_mixture_that_cannot_fill_its_share_is_told_before_training(tmp_path: Path) -> None:
    what = replace(folder_of(tmp_path), steps=1_000)
    mixture = tmp_path / "mixture.yaml"
    told = json.loads(mixture.read_text())
    told["datasets"][0]["passes"] = 1
    mixture.write_text(json.dumps(told))
    with pytest.raises(UserError, match="cannot fill its share of 66.7%"):
        go(what, tmp_path / "run")
    go(replace(what, steps=1, held_out=None), tmp_path / "run")  # the failed start has not taken the folder for its config


def test_held_out_data_without_answers_are_told(tmp_path: Path) -> None:
    what = folder_of(tmp_path)
    corpora.store(tmp_path / "mute", [corpora.sample("m/0", [Turn("user", "?"), Turn("assistant", "No.", weight=0.0)])])
    (tmp_path / "held_out.yaml").write_text(json.dumps({"datasets": [{"path": str(tmp_path / "mute")}]}))
    with pytest.raises(UserError, match="no token of the 1 held-out rows carries loss"):
        go(what, tmp_path / "run")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_a_gpu_goes_on_to_the_bit(tmp_path: Path) -> None:
    """In bf16, through torch.compile, and through the attention kernel that this machine has."""
    what = replace(folder_of(tmp_path), log_every=1, precision="bf16", compile=True, deterministic=True)
    go(what, tmp_path / "whole", device="cuda")
    seconds = [line["seconds"] for line in read_metrics(tmp_path / "whole")]
    assert min(seconds) > median(seconds) / 10  # a step read together with the one before it has its own time
    for step in (3, 5):
        with pytest.raises(Stop):
            go(what, tmp_path / "stopped", stopping_at(step), device="cuda")
    go(what, tmp_path / "stopped", device="cuda")
    assert learnt(tmp_path / "stopped") == learnt(tmp_path / "whole")


@pytest.mark.slow
def test_frozen_weights_come_back_too(tmp_path: Path) -> None:
    what = replace(folder_of(tmp_path), stage="s0", steps=4, log_every=1, held_out=None)
    go(what, tmp_path / "whole")
    with pytest.raises(Stop):
        go(what, tmp_path / "stopped", stopping_at(3))
    go(what, tmp_path / "stopped")
    assert learnt(tmp_path / "stopped") == learnt(tmp_path / "whole")


DRIVER = """
import sys
from pathlib import Path
import torch
from tests.model.test_train import folder_of, go
from dataclasses import replace
import json
torch.set_num_threads(1)
root, out = Path(sys.argv[1]), Path(sys.argv[2])
from model.train_config import CheckpointChoice
import tests.model.corpora as corpora
corpora.store = lambda *args: None  # the data are there already
what = replace(folder_of(root), log_every=1, checkpoint=CheckpointChoice(every_steps=1, keep=2))
go(what, out, lambda text: print(text, flush=True))
"""


@pytest.mark.slow
@pytest.mark.crash
@pytest.mark.timeout(900)
def test_killed_at_random_points_the_losses_are_those_of_an_undisturbed_run(tmp_path: Path) -> None:
    what = replace(folder_of(tmp_path), log_every=1, checkpoint=CheckpointChoice(every_steps=1, keep=2))
    go(what, tmp_path / "whole")
    rng = random.Random(5)
    for _ in range(5):
        process = start_driver(tmp_path)
        assert process.stdout is not None
        steps = rng.randrange(2, 4)  # by the third, the checkpoint of the first is whole
        while steps and (line := process.stdout.readline()):
            steps -= line.startswith("step")
        time.sleep(rng.random() * 0.5)  # somewhere in the next step, or while a checkpoint is being written
        process.kill()
        process.stdout.close()
        process.wait()
    with start_driver(tmp_path) as process:
        told = process.communicate()[0]
    assert "going on from step" in told
    assert learnt(tmp_path / "killed") == learnt(tmp_path / "whole")


def start_driver(root: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", DRIVER, str(root), str(root / "killed")], cwd=ROOT, stdout=subprocess.PIPE, text=True)


SHARDED = """
import sys
from pathlib import Path
import torch
from tests.model.test_train import folder_of, go
from dataclasses import replace
import tests.model.corpora as corpora
torch.set_num_threads(1)
corpora.store = lambda *args: None
root = Path(sys.argv[1])
what = folder_of(root)
held_out = replace(what.held_out, rows=2)
go(replace(what, rows_per_step=2, steps=int(sys.argv[2]), log_every=1, held_out=held_out), root / sys.argv[3])
"""


def two_ranks(root: Path, steps: int, out: str) -> None:
    done = run_two_ranks(root, steps, out)
    assert done.returncode == 0, done.stderr[-3000:]


def run_two_ranks(root: Path, steps: int, out: str) -> "subprocess.CompletedProcess[str]":
    script = root / "sharded.py"
    script.write_text(SHARDED)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "0", "--rdzv-backend", "c10d"]
    command += ["--rdzv-endpoint", "localhost:0", str(script), str(root), str(steps), out]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_processes_learn_what_one_does_and_share_its_checkpoints(tmp_path: Path) -> None:
    what = folder_of(tmp_path)
    assert what.held_out is not None
    what = replace(what, rows_per_step=2, log_every=1, held_out=replace(what.held_out, rows=2))
    go(what, tmp_path / "one")
    two_ranks(tmp_path, 6, "two")
    one, two = read_metrics(tmp_path / "one"), read_metrics(tmp_path / "two")
    assert [line["all_tokens"] for line in one] == [line["all_tokens"] for line in two]
    assert [line["loss"] for line in two] == pytest.approx([line["loss"] for line in one], rel=1e-5)
    measured = [[line["held_out_loss"] for line in lines if "held_out_loss" in line] for lines in (one, two)]
    assert measured[1] == pytest.approx(measured[0], rel=1e-5)
    with pytest.raises(Stop):
        go(what, tmp_path / "moved", stopping_at(5))  # a checkpoint of one process, at step 4
    two_ranks(tmp_path, 6, "moved")
    assert [line["loss"] for line in read_metrics(tmp_path / "moved")] == pytest.approx([line["loss"] for line in one], rel=1e-5)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_where_the_first_process_fails_the_other_says_so(tmp_path: Path) -> None:
    """In writing the model, after which no process talks to another."""
    folder_of(tmp_path)
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "model").write_text("in the way")
    done = run_two_ranks(tmp_path, 2, "two")
    assert done.returncode != 0
    assert "the first process stopped: " in done.stderr


@pytest.mark.parametrize(("least", "most", "fewest", "fullest"), [(None, None, 64, 80), (1, None, 15, 15), (1, 8, 8, 12)])
def test_bounds_in_tokens_decide_what_a_picture_of_a_line_costs(least: int | None, most: int | None, fewest: int, fullest: int) -> None:
    """490 x 26 pixels are 15 tokens as they are; sides are rounded to whole tokens, so that few of the steps between can be had."""
    _, rows, columns = image_grid(490, 26, bounds_of(least, most))  # in patches, four of which are a token
    assert fewest <= rows * columns / 4 <= fullest
