"""One training step of the 2B shape beside transformers, eager and compiled, on one GPU in one run: 2 x 4,096 tokens, one image of 64x64
patches each.

Ours packs both samples into one row and keeps fp32 masters; the rival trains bf16 weights directly (`bench/rival.py`). Both clip. Each side
runs in a process of its own, so that none inherits the other's memory; compiling is left out. MFU as `model.config.training_flops` defines
it, of the device's dense bf16 peak: the head counts where there is a target, though the rival computes it everywhere.

    PYTHONPATH=. python bench/train_step.py        # about 6 minutes on an H100
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TypeAlias

import torch

from bench.made_rows import made_row, made_sample
from bench.rival import Rival, rival_inputs
from model.attention import describe
from model.batch import Grid
from model.config import preset, training_flops
from model.metrics import peak_flops
from model.parallel import world
from model.qwen3_vl import Qwen3VL
from model.train import Launched, Trainer
from model.train_config import DataChoice, ModelChoice, OptimizerChoice, TrainConfig

Step: TypeAlias = Callable[[int], float | None]
"""Runs step number n; returns a loss where one is at hand."""
SAMPLES: list[tuple[int, list[Grid]]] = [(4_096, [(1, 64, 64)])] * 2
TOKENS = sum(tokens for tokens, _ in SAMPLES)
BARS = {"transformers, compiled": 1.45, "transformers, eager": 1.7}
"""Least and, 0.15 and 0.2 above, wanted ratios."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", choices=("ours", *BARS))
    parser.add_argument("--preset", default="2b")
    parser.add_argument("--warm", type=int, default=5)
    parser.add_argument("--steps", type=int, default=15)
    chosen = parser.parse_args()
    if chosen.side:
        step = ours(chosen.preset) if chosen.side == "ours" else theirs(chosen.preset, compiled=chosen.side.endswith("compiled"))
        print(json.dumps(measure(step, chosen.warm, chosen.steps)))
        return 0
    found = {side: run_side(side, sys.argv[1:]) for side in ("ours", *BARS)}
    print_table(found, chosen.preset)
    return 0


def run_side(side: str, more: list[str]) -> dict[str, float]:
    """One side in a process of its own; what it says besides goes to stderr."""
    done = subprocess.run([sys.executable, __file__, "--side", side, *more], stdout=subprocess.PIPE, text=True, check=True)
    print(f"{side}: {done.stdout.strip()}", file=sys.stderr, flush=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def ours(name: str) -> Step:
    sizes = preset(name)
    with torch.device("cuda"):
        model = Qwen3VL(sizes)
    model.init_weights(1)
    config = TrainConfig(
        model=ModelChoice(preset=name),
        data=DataChoice(mixture=""),
        optimizer=OptimizerChoice(learning_rate=1e-4, warmup_steps=0),
        steps=1_000,
        rows_per_step=1,
        sequence_length=TOKENS,
    )
    with world("cuda") as here:
        trainer = Trainer(model, config, here, ["made"])
    row = made_row(SAMPLES, TOKENS)
    waiting: list[Launched] = []

    def step(number: int) -> float | None:
        waiting.append(trainer.launch(number, [row]))
        if number == 0:
            print(describe(), file=sys.stderr)
        return trainer.read(waiting.pop(0))["loss"] if len(waiting) > 1 else None

    return step


def theirs(name: str, *, compiled: bool) -> Step:
    rival = Rival(preset(name), compiled=compiled)
    inputs = rival_inputs([made_sample(tokens, grids, seed) for seed, (tokens, grids) in enumerate(SAMPLES)])

    def step(number: int) -> float | None:
        loss = rival.step(inputs)
        return float(loss) if number < 1 else None  # the rival need not wait for the host either

    return step


def measure(step: Step, warm: int, steps: int) -> dict[str, float]:
    """Seconds a step after warming up, the losses of first and last read, and peak memory."""
    losses = [step(number) for number in range(warm)]
    torch.cuda.synchronize()
    began = time.perf_counter()
    losses += [step(number) for number in range(warm, warm + steps)]
    torch.cuda.synchronize()
    seconds = (time.perf_counter() - began) / steps
    read = [loss for loss in losses if loss is not None]
    return {"seconds": seconds, "first_loss": read[0], "last_loss": read[-1], "gib": torch.cuda.max_memory_allocated() / 2**30}


def print_table(found: dict[str, dict[str, float]], name: str) -> None:
    device = torch.cuda.get_device_name()
    row = made_row(SAMPLES, TOKENS)
    frames = [h * w for _, grids in SAMPLES for _, h, w in grids]
    flops = training_flops(preset(name), [tokens for tokens, _ in SAMPLES], frames, len(row.supervised))
    peak = peak_flops(device)
    import transformers

    print(f"{device}, torch {torch.__version__}, transformers {transformers.__version__}, {name} shape, {TOKENS:,} tokens a step")
    print(f"{'side':<26}{'ms a step':>11}{'tokens/s':>11}{'MFU':>8}{'GiB':>7}{'ours over it':>14}  bar")
    for side, one in found.items():
        seconds = one["seconds"]
        mfu = f"{flops / seconds / peak:.3f}" if peak else "-"
        ratio = seconds / found["ours"]["seconds"]
        bar = f"{BARS[side]}: {'reached' if ratio >= BARS[side] else 'MISSED'}" if side in BARS else ""
        print(f"{side:<26}{seconds * 1e3:>11.1f}{TOKENS / seconds:>11,.0f}{mfu:>8}{one['gib']:>7.1f}{ratio:>14.2f}  {bar}")


if __name__ == "__main__":
    sys.exit(main())
