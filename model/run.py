"""A training run in its folder: from a config to rows, steps, metrics, checkpoints and an exported model; run again, it goes on exactly.

`train.json` holds the config of the first start, `metrics.jsonl` and `events/` the numbers, `checkpoints/` what resuming needs, and
`model/`, in the end, the weights as Hugging Face safetensors.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from functools import partial
from itertools import islice
from pathlib import Path
from signal import SIGTERM
from typing import Any

import torch

from model.attention import describe
from model.batch import Batch
from model.checkpoint import Checkpoints, newest_step, read_json, write_json
from model.clock import Clock, Running
from model.config import Qwen3VLConfig, preset
from model.encode import EncodeSettings
from model.loader import Loader, LoaderSettings
from model.media import PixelBounds
from model.metrics import Metrics, peak_flops, progress_line
from model.parallel import World, gather_weights, place_model
from model.qwen3_vl import Qwen3VL
from model.stop import Stop, stop_signals
from model.train import Trainer, compute_type
from model.train_config import ModelChoice, TrainConfig
from model.weights import load_hf, read_config, save_hf
from schemas.errors import StoppedError, UserError
from schemas.mixture import Mixture, load_mixture
from schemas.tokens import FACTOR_PX

CONFIG = "train.json"
FREE_TO_CHANGE = ("checkpoint", "compile", "deterministic", "recompute", "log_every", "held_out")
"""Settings that may differ when a run is resumed, because no number that is learnt depends on them beyond rounding. So may `data.workers`,
and a mixture's `damaged`."""
FILLED = 0.5
"""Share of slots that best fit fills whatever the samples, since no two rows could be one: a run needs at least so many tokens."""


class Run:
    """One process's part of a run. `train` makes it and runs it to the end.

    Args:
        config: What to do.
        folder: Of the run.
        here: The processes.
        say: Told what people should see.
        stop: Knows whether somebody asked to stop.
    """

    def __init__(self, config: TrainConfig, folder: Path, here: World, say: Callable[[str], None], stop: Stop) -> None:
        self.config, self.folder, self.here, self.stop = config, folder, here, stop
        self.say = say if here.is_first else lambda text: None
        self.say_anywhere = say
        here.on_first(partial(check_folder, folder, config))
        self.checkpoints = Checkpoints(folder / "checkpoints", config.checkpoint.keep, self.say, here.group)
        found: dict[str, Any] | None = here.on_first(self.checkpoints.latest)
        self.done = int(found["step"]) if found else 0
        self.tokens = int(found["tokens"]) if found else 0
        self.mixture = load_mixture(config.data.mixture)
        self.loader = open_loader(self.mixture, config, here, found["loader"] if found else None)
        self.loader.planner.check_shares(round(FILLED * config.steps * config.rows_per_step * config.length))
        sizes = model_sizes(config.model)
        fill = None if found else partial(first_weights, config)  # a checkpoint overwrites every tensor
        model = place_model(sizes, fill, here, compute_type(config))
        self.trainer = Trainer(model, config, here, [source.name for source in self.mixture.datasets])
        if found:
            tensors = self._tensors()
            self.checkpoints.load(self.done, tensors)
            self.trainer.optimizer.restored(self.done, tensors["parameters"])
            self.say(f"going on from step {self.done} of {config.steps}")
        elif (folder / CONFIG).exists():
            self.say(f"{folder} holds no checkpoint: starting over, with step 1 of {config.steps}")
        else:
            self.say(f"a new run of {config.steps} steps in {folder}")
        if here.is_first and not (folder / CONFIG).exists():  # not before: a start that fails leaves the folder to another config
            write_json(folder / CONFIG, config.resolved())
        self.clock = Clock()
        self.dropped: list[tuple[str, str, int]] = []
        self.left_out: Mapping[str, Mapping[str, int]] = {}
        self.reported = 0
        self.metrics = Metrics(folder, self.done) if here.is_first else None
        self.peak = peak_flops(torch.cuda.get_device_name(here.device)) if here.device.type == "cuda" else None

    def steps(self) -> None:
        """Every step that is left, then the export."""
        config, trainer = self.config, self.trainer
        held_out = held_out_rows(config, self.here, self.say)
        waiting: Running | None = None
        self.clock.pause(self.here.device)
        self.stop.in_steps = True
        for step in range(self.done, config.steps):
            rows = self._next_rows()
            told = (step + 1) % config.log_every == 0 or step + 1 == config.steps
            running = Running(trainer.launch(step, rows), self._counts(gathered=told))
            if step == self.done:
                self.say(describe())
            if waiting is not None:
                self._report(waiting)
            waiting = running
            self.checkpoints.poll()
            leaving = self.stop.agreed(together=told)
            measures = held_out and config.held_out and ((step + 1) % config.held_out.every_steps == 0 or step + 1 == config.steps)
            stores = leaving or (step + 1) % config.checkpoint.every_steps == 0 or step + 1 == config.steps
            # Only a step known to be sound is stored, and a CPU has nothing to overlap.
            if measures or stores or running.launched.arrived is None:
                self._report(waiting, held_out if measures else ())
                waiting = None
            if stores:
                tensors = self._tensors()
                more = {"tokens": self.tokens, "loader": self.loader.state(), "frozen": sorted(tensors.get("frozen", {}))}
                self.checkpoints.save(step + 1, tensors, more)
            if leaving:
                self.checkpoints.finish()
                raise StoppedError(self.stop.asked or SIGTERM)  # a rank that nobody asked stops with the others
        self.stop.in_steps = False
        self.checkpoints.finish()
        self._export()

    def close(self) -> None:
        """End workers and close files."""
        self.loader.close()
        if self.metrics is not None:
            self.metrics.close()

    def _next_rows(self) -> list[Batch]:
        began = time.perf_counter()
        rows = list(islice(self.loader, self.trainer.rows_here))
        self.clock.waited_s += time.perf_counter() - began
        if len(rows) < self.trainer.rows_here:
            raise UserError(
                f"the mixture's passes are used up after {self.loader.state()['row']} rows",
                where=self.config.data.mixture,
                todo="start another run, from this one's weights (model.folder), that allows more passes or trains fewer steps",
            )
        return rows

    def _counts(self, *, gathered: bool) -> dict[str, Any]:
        """Tokens by data set: planned over the whole run and all ranks, given to this rank since it started; and what any rank left out."""
        skipped = {name: dict(at["skipped"]) for name, at in self.loader.state()["sources"].items() if at["skipped"]}
        if gathered:  # which makes ranks wait for each other, so not in every step
            self.dropped = self.here.gather([(*key, count) for key, count in self.loader.delivered.dropped.items()])
        for name, reason, count in self.dropped:
            reasons = skipped.setdefault(name, {})
            reasons[reason] = reasons.get(reason, 0) + count
        return {
            "planned_tokens": self.loader.planned(),
            "delivered_tokens": dict(self.loader.delivered.tokens),
            **({"left_out": skipped} if skipped else {}),
        }

    def _report(self, running: Running, held_out: Sequence[Batch] = ()) -> None:
        launched = running.launched
        values = self.trainer.read(launched)
        took, waited = self.clock.lap(launched)
        self.clock.pace(took)
        self.tokens += launched.work.tokens
        values |= {"all_tokens": self.tokens, "seconds": took, "tokens_per_second": launched.work.tokens / took, "data_wait": waited / took}
        if self.peak is not None:
            values["mfu"] = launched.work.flops / took / (self.peak * self.here.size)
            values["memory_gib"] = torch.cuda.max_memory_allocated(self.here.device) / 2**30
        if held_out:
            values["held_out_loss"] = self.trainer.held_out_loss(held_out)
            self.clock.pause(self.here.device)  # which is not the time of a step
        if self.metrics is not None:
            self.metrics.write(launched.step, values | running.counts)
        self._tell(launched.step, values, running.counts.get("left_out", {}))

    def _tell(self, step: int, values: Mapping[str, Any], left_out: Mapping[str, Mapping[str, int]]) -> None:
        if step % self.config.log_every == 0 or step == self.config.steps or "held_out_loss" in values:
            self.say(progress_line(step, self.config.steps, values, self.clock.step_s * (self.config.steps - step)))
        if left_out != self.left_out:
            self.left_out = left_out
            parts = [f"{name}: {count} {reason}" for name, reasons in left_out.items() for reason, count in reasons.items()]
            self.say(f"samples left out so far: {'; '.join(parts)}")
            for report in self.loader.delivered.reports[self.reported :]:
                self.say_anywhere(f"rank {self.here.rank}: {report}")
            self.reported = len(self.loader.delivered.reports)

    def _tensors(self) -> dict[str, dict[str, torch.Tensor]]:
        frozen = {name: parameter.detach() for name, parameter in self.trainer.model.named_parameters() if not parameter.requires_grad}
        return {**self.trainer.optimizer.state(), **({"frozen": frozen} if frozen else {})}

    def _export(self) -> None:
        if self.config.checkpoint.export:
            weights = gather_weights(self.trainer.model, self.here)
            self.here.on_first(partial(self._write_model, weights))

    def _write_model(self, weights: Mapping[str, torch.Tensor]) -> None:
        kept = {name: tensor.to(compute_type(self.config)) for name, tensor in weights.items()}
        save_hf(self.trainer.model, self.folder / "model", state=kept)
        self.say(f"the model is in {self.folder / 'model'}")


def train(config: TrainConfig, folder: Path, here: World, say: Callable[[str], None]) -> None:
    """Train, or go on training, until the config's steps are done.

    Raises:
        UserError: Config, data or folder cannot be used, or the device has too little memory.
        NonFiniteError: A loss or gradient is not finite.
        StoppedError: A signal asked for it; it says what is stored.
    """
    with _alone_in(folder, here), _order_of_sums(config.deterministic), stop_signals(here) as stop:
        try:
            run = Run(config, folder, here, say, stop)
            try:
                run.steps()
            finally:
                try:
                    if here.group is None:  # the checkpoint under way is sound; of several ranks, others may not get here
                        run.checkpoints.finish()
                finally:
                    run.close()
        except torch.OutOfMemoryError as error:
            raise out_of_memory(config, here, str(error)) from error
        except StoppedError as error:
            raise StoppedError(error.number, _what_is_kept(folder, config) if here.is_first else "") from error


def _what_is_kept(folder: Path, config: TrainConfig) -> str:
    step = newest_step(folder / "checkpoints")
    if step is None:
        return "stopped before the first step was done: nothing is stored, the same command starts over"
    return f"stopped; the checkpoint of step {step} of {config.steps} is stored, and the same command goes on from there"


@contextmanager
def _order_of_sums(deterministic: bool) -> Iterator[None]:
    """Whether torch's operations keep to one order of adding up, until the end of the context."""
    if not deterministic:
        yield
        return
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    debugging: Any = torch.utils.deterministic
    filled = debugging.fill_uninitialized_memory
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when cuBLAS starts; torch asks for it
    torch.use_deterministic_algorithms(True, warn_only=True)
    debugging.fill_uninitialized_memory = False  # costs a write of every buffer
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        debugging.fill_uninitialized_memory = filled


@contextmanager
def _alone_in(folder: Path, here: World) -> Iterator[None]:
    """Hold the run folder's lock, which the system releases however this process ends."""
    handle = here.on_first(partial(_locked, folder))
    try:
        yield
    finally:
        if here.is_first:
            os.close(handle)


def _locked(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        flock(handle, LOCK_EX | LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise UserError(f"another process trains in {folder}", where="--out", todo="wait for it, or give another folder") from error
    return handle


def out_of_memory(config: TrainConfig, here: World, message: str) -> UserError:
    """What to lower, in the order that costs least."""
    advice = []
    if config.recompute != "all":
        advice.append(f"set recompute to all (it is {config.recompute})")
    advice.append(f"lower sequence_length (it is {config.length})")
    advice.append(f"use more GPUs, over which parameters and optimiser are sharded (there are {here.size})")
    first = message.partition(". ")[0]
    return UserError(f"out of memory on {here.device}: {first}", where="model, sequence_length, recompute", todo=", or ".join(advice))


def check_folder(folder: Path, config: TrainConfig) -> None:
    """Check that a folder is new, or of the same run.

    Raises:
        UserError: Another config was started there.
    """
    path, now = folder / CONFIG, _without_workers(config.resolved())
    if not path.exists():
        return
    before = _without_workers(read_json(path))
    changed = [
        f"{name}: {before.get(name)} -> {now.get(name)}"
        for name in now
        if name not in FREE_TO_CHANGE and before.get(name) != _plain(now[name])
    ]
    if changed:
        raise UserError(
            f"the run in {folder} was started with another config: {'; '.join(changed)}",
            where=str(path),
            todo="give the config it was started with, or another --out; to start from its weights, set model.folder to its model folder",
        )


def _without_workers(config: dict[str, Any]) -> dict[str, Any]:
    return config | {"data": {name: value for name, value in config["data"].items() if name != "workers"}}


def model_sizes(choice: ModelChoice) -> Qwen3VLConfig:
    """Sizes of the chosen model; UserError if there is no such preset or folder."""
    return preset(choice.preset) if choice.preset is not None else read_config(Path(str(choice.folder)))


def first_weights(config: TrainConfig) -> Qwen3VL:
    """The model that a run starts from, on the CPU."""
    if config.model.folder is not None:
        return load_hf(Path(config.model.folder))
    model = Qwen3VL(model_sizes(config.model))
    model.init_weights(config.seed)
    return model


def bounds_of(min_image_tokens: int | None, max_image_tokens: int | None) -> PixelBounds:
    """Qwen3-VL's area bounds where none are given."""
    own = PixelBounds()
    most = own.max_px if max_image_tokens is None else max_image_tokens * FACTOR_PX**2
    least = min(own.min_px, most) if min_image_tokens is None else min_image_tokens * FACTOR_PX**2
    return PixelBounds(min_px=least, max_px=most)


def open_loader(mixture: Mixture, config: TrainConfig, here: World, state: dict[str, Any] | None = None) -> Loader:
    """This rank's loader of a mixture."""
    settings = LoaderSettings(
        length=config.length,
        encode=EncodeSettings(bounds=bounds_of(config.data.min_image_tokens, config.data.max_image_tokens)),
        exponent=config.loss_exponent,
        pin_memory=here.device.type == "cuda",
        workers=processors() if config.data.workers is None else config.data.workers,
    )
    return Loader(mixture, settings, rank=here.rank, ranks=here.size, state=state)


def processors() -> int:
    """Processors for each process of this machine (`torchrun` says how many there are), less one for the step itself."""
    return max(1, len(os.sched_getaffinity(0)) // int(os.environ.get("LOCAL_WORLD_SIZE", "1")) - 1)


def held_out_rows(config: TrainConfig, here: World, say: Callable[[str], None]) -> list[Batch]:
    """The first rows of the held-out mixture, this rank's share; empty if there is none.

    Raises:
        UserError: Nothing in them carries loss.
    """
    if config.held_out is None:
        return []
    with open_loader(load_mixture(config.held_out.mixture), config, here) as loader:
        rows = list(islice(loader, -(-config.held_out.rows // here.size)))
        left_out = here.gather([(*key, count) for key, count in loader.delivered.dropped.items()])
    if left_out:
        say("held-out samples left out: " + "; ".join(f"{name}: {count} {reason}" for name, reason, count in left_out))
    if here.sum([sum(float(row.loss_weight.sum()) for row in rows)]) == [0.0]:
        raise UserError(
            f"no token of the {config.held_out.rows} held-out rows carries loss",
            where=config.held_out.mixture,
            todo="give more rows, or data whose assistant turns have a weight above 0",
        )
    return rows


def _plain(value: Any) -> Any:
    """A value as JSON gives it back: tuples become lists."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, Iterable) and not isinstance(value, str) else value
