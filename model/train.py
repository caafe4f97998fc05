"""The training loop: packed rows to gradients to weights, for pretraining and tuning alike.

A step takes its rows from the loader, sums the gradients of their weighted losses over rows and ranks, divides by the weight so summed,
clips, and updates. What a step reports is read while the next one runs, so that the host never makes the device wait; a step whose loss or
gradient is not finite has by then changed nothing, because the optimiser refuses it on the device.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.distributed.fsdp import FSDPModule
from torch.distributed.tensor import DTensor

from model.batch import Batch
from model.config import Qwen3VLConfig, training_flops
from model.loss import LossParts
from model.optimizer import AdamW, AdamWSettings
from model.parallel import World
from model.qwen3_vl import Qwen3VL
from model.schedule import Schedule
from model.text import DecoderLayer
from model.train_config import OptimizerChoice, Part, TrainConfig, part_of
from schemas.errors import AssayError, UserError


class NonFiniteError(AssayError):
    """A loss or gradient is not a number; the weights are those before the step."""


@dataclass(frozen=True, slots=True)
class Work:
    """What rows hold, counted on the CPU before they travel: tokens without padding, and model FLOPs."""

    tokens: int
    flops: int

    @classmethod
    def of(cls, config: Qwen3VLConfig, rows: Sequence[Batch]) -> "Work":
        """The sums over some rows."""
        tokens = flops = 0
        for row in rows:
            segments = row.cu_seqlens.diff().tolist()[: len(row.sample_ids)]
            frames = row.plan.cu_seqlens.diff().tolist() if row.plan is not None else []
            tokens += sum(segments)
            flops += training_flops(config, segments, frames, len(row.supervised))
        return cls(tokens, flops)


@dataclass(frozen=True, slots=True)
class Launched:
    """A step that the device may still be working on.

    Attributes:
        step: Steps done, this one included.
        numbers: On its way to the CPU: gradient norm, loss, then losses and weights by source over all ranks, then the loss of each row
            here.
        arrived: When `numbers` may be read; None on a CPU.
        rows: This rank's, on the CPU, to name samples from if the step fails.
    """

    step: int
    numbers: torch.Tensor
    arrived: torch.cuda.Event | None
    learning_rate: float
    weight: float
    work: Work
    rows: tuple[Batch, ...]


class Trainer:
    """A model with its optimiser, learning from rows. `launch` and `read` are the halves of one step; `model.run` is the loop around them.

    Args:
        model: On its device, unsharded or sharded.
        config: Of the run.
        here: The processes.
        source_names: Data sets of the mixture by number.
    """

    def __init__(self, model: Qwen3VL, config: TrainConfig, here: World, source_names: Sequence[str]) -> None:
        self.model, self.config, self.here, self.source_names = model, config, here, tuple(source_names)
        if config.rows_per_step % here.size:
            raise UserError(
                f"rows_per_step is {config.rows_per_step}, which {here.size} processes cannot share evenly",
                where="rows_per_step",
                todo=f"make it a multiple of {here.size}",
            )
        prepare(model, config, here)
        self.schedule = schedule_of(config)
        self.optimizer = optimizer_of(model, config.optimizer, compute_type(config))
        self.balance = model.config.text.router_aux_loss_coef if model.config.text.num_experts else 0.0

    @property
    def rows_here(self) -> int:
        """Rows of a step on this rank."""
        return self.config.rows_per_step // self.here.size

    def launch(self, step: int, rows: Sequence[Batch]) -> Launched:
        """Queue one whole step on the device: forward and backward of each row, clipping, update.

        Args:
            step: Steps done before this one.
            rows: This rank's, on the CPU.
        """
        weight, tokens, flops = self._counted(rows)
        losses, sources = [], torch.zeros(2, len(self.source_names), device=self.here.device)
        self.model.train()
        for row in rows:
            parts = self._backward(row.to(self.here.device), weight)
            losses.append(parts.loss.detach())
            sources += torch.stack([parts.source_loss, parts.source_weight])[:, : len(self.source_names)]
        total = self.here.sum_on_device(torch.cat([torch.stack(losses).sum()[None], sources.flatten()]))
        rate = self.schedule.at(step)
        # FSDP averages gradients over ranks.
        norm = self.optimizer.step(rate, self.config.optimizer.max_norm, weight / self.here.size, healthy=total[0])
        numbers, arrived = _to_cpu(torch.cat([norm[None], total, torch.stack(losses)]))
        return Launched(step + 1, numbers, arrived, rate, weight, Work(tokens, flops), tuple(rows))

    def read(self, launched: Launched) -> dict[str, Any]:
        """Wait for a launched step and return its numbers.

        Raises:
            NonFiniteError: Its loss or gradient is not finite.
        """
        if launched.arrived is not None:
            launched.arrived.synchronize()
        norm, loss, *rest = launched.numbers.tolist()
        count = len(self.source_names)
        losses, weights, by_row = rest[:count], rest[count : 2 * count], rest[2 * count :]
        if not (abs(norm) < float("inf") and abs(loss) < float("inf")):
            raise self._not_finite(launched, norm, loss, by_row)
        return {
            "loss": loss / launched.weight,
            "gradient_norm": norm,
            "learning_rate": launched.learning_rate,
            "tokens": launched.work.tokens,
            "weight": launched.weight,
            "source_loss": {name: a / b for name, a, b in zip(self.source_names, losses, weights, strict=True) if b},
            "source_weight": {name: b for name, b in zip(self.source_names, weights, strict=True) if b},
        }

    def held_out_loss(self, rows: Sequence[Batch]) -> float:
        """Weighted mean loss of rows, over all ranks, each of which must give as many."""
        sharded = isinstance(self.model, FSDPModule)
        self.model.train(sharded)  # a sharded model runs its tower on ranks without images only while it trains
        sums = torch.zeros(2, device=self.here.device)
        for row in rows:
            with torch.set_grad_enabled(sharded):
                parts: LossParts = self.model(row.to(self.here.device))
            sums += torch.stack([parts.loss.detach(), parts.weight])
        if isinstance(self.model, FSDPModule):
            self.model.reshard()  # else the root's parameters stay whole until a backward pass
        loss, weight = self.here.sum_on_device(sums).tolist()
        return float(loss / weight)

    def _counted(self, rows: Sequence[Batch]) -> tuple[float, int, int]:
        """Loss weight, tokens and FLOPs of the step over all ranks."""
        work = Work.of(self.model.config, rows)
        weight, tokens, flops = self.here.sum([sum(float(row.loss_weight.double().sum()) for row in rows), work.tokens, work.flops])
        if weight <= 0:
            ids = ", ".join(name for row in rows for name in row.sample_ids)
            raise UserError(
                f"no token of a step carries loss (samples {ids})", where="mixture", todo="give assistant turns a weight above 0"
            )
        return weight, round(tokens), round(flops)

    def _backward(self, row: Batch, weight: float) -> LossParts:
        if self.config.compile:
            torch._dynamo.maybe_mark_dynamic(row.cu_seqlens, 0)
        parts: LossParts = self.model(row)
        objective = parts.loss
        if self.balance:  # a mean over rows, while the rest is divided by `weight` in the end
            objective = objective + parts.balance * (self.balance * weight / self.config.rows_per_step)
        if objective.requires_grad:  # in stage 0 a row without images trains nothing
            objective.backward()
        if self.rows_here > 1:
            self.optimizer.collect()
        return parts

    def _not_finite(self, launched: Launched, norm: float, loss: float, by_row: Sequence[float]) -> NonFiniteError:
        bad = [row for row, value in zip(launched.rows, by_row, strict=True) if not abs(value) < float("inf")] or launched.rows
        which = "the loss" if not abs(loss) < float("inf") else "the gradient"
        sources = sorted({int(number) for row in bad for number in row.sources[row.loss_weight > 0]})
        return NonFiniteError(
            f"{which} of step {launched.step} is not finite (loss {loss / launched.weight}, gradient norm {norm}); no weight was changed\n"
            f"  where: rank {self.here.rank}, sources {', '.join(self.source_names[number] for number in sources)}, "
            f"samples {'; '.join(', '.join(row.sample_ids) for row in bad)}\n"
            "  to do: look at these samples with `assay show`; if they are sound, start a run with a lower rate or a longer warm-up; "
            "the same command again goes on from the last checkpoint"
        )


def prepare(model: Qwen3VL, config: TrainConfig, here: World) -> None:
    """Freeze what the stage does not train, choose which blocks recompute, compile blocks."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(part_of(name) in config.trained_parts)
        if not parameter.requires_grad and here.size == 1:
            parameter.data = parameter.data.to(compute_type(config))
    for number, block in enumerate(model.blocks()):
        block.recompute = config.recompute == "all" or (isinstance(config.recompute, int) and number % config.recompute == 0)
        if config.compile:
            # Rows have one length and any number of patches, so only the vision side is compiled for every size at once.
            block.compile(dynamic=None if isinstance(block, DecoderLayer) else True)


def compute_type(config: TrainConfig) -> torch.dtype:
    """Type of forward and backward."""
    return torch.bfloat16 if config.precision == "bf16" else torch.float32


def schedule_of(config: TrainConfig) -> Schedule:
    """Learning rate by step."""
    choice = config.optimizer
    return Schedule(choice.learning_rate, choice.warmup_steps, config.steps, choice.decay, choice.final_share)


def optimizer_of(model: Qwen3VL, choice: OptimizerChoice, compute: torch.dtype) -> AdamW:
    """AdamW over what requires gradients; sharded parameters stay fp32, since FSDP casts them itself."""
    trained = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    settings = AdamWSettings(choice.beta1, choice.beta2, choice.eps, choice.weight_decay)
    rates: dict[Part, float] = choice.rates
    sharded = any(isinstance(parameter, DTensor) for _, parameter in trained)
    return AdamW(trained, settings, compute=None if sharded else compute, rate=lambda name: rates.get(part_of(name), 1.0))


def _to_cpu(values: torch.Tensor) -> tuple[torch.Tensor, torch.cuda.Event | None]:
    """A copy on the CPU that need not have arrived yet, and the event after which it has."""
    if not values.is_cuda:
        return values.clone(), None
    target = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
    target.copy_(values, non_blocking=True)
    arrived = torch.cuda.Event(enable_timing=True)
    arrived.record()
    return target, arrived
