"""Optimiser steps of the 8B shape over several GPUs with FSDP2: it fits, ranks without images do not hang, and what it costs.

Rank 0's rows hold images and the others' text alone in the first step, then all hold images. fp32 masters, gathers in bf16, reductions in
fp32, every block recomputed. Weights are random on each shard.

    PYTHONPATH=. torchrun --nproc-per-node 2 bench/fsdp.py        # about 3 minutes on two H100
"""

import argparse
import os
import sys
import time

import torch

from bench.made_rows import made_row
from model.batch import Grid
from model.config import count_parameters, preset
from model.metrics import peak_flops
from model.optimizer import local
from model.parallel import place_model, world
from model.train import Trainer
from model.train_config import DataChoice, ModelChoice, OptimizerChoice, TrainConfig

IMAGE: Grid = (1, 64, 64)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="8b")
    parser.add_argument("--length", type=int, default=4_096)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--compile", action="store_true", help="compile blocks; the first step then takes minutes")
    parser.add_argument("--device", default="cuda")
    chosen = parser.parse_args()
    sizes = preset(chosen.preset)
    config = TrainConfig(
        model=ModelChoice(preset=chosen.preset),
        data=DataChoice(mixture=""),
        optimizer=OptimizerChoice(learning_rate=1e-5, warmup_steps=0),
        steps=chosen.steps,
        rows_per_step=int(os.environ.get("WORLD_SIZE", "1")),
        sequence_length=chosen.length,
        compile=chosen.compile,
        recompute="all",
    )
    with world(chosen.device) as here:
        began = time.perf_counter()
        model = place_model(sizes, None, here, torch.bfloat16)
        generator = torch.Generator(here.device).manual_seed(here.rank)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                shard = local(parameter)
                shard.fill_(1.0) if "norm" in name else shard.normal_(0.0, 0.02, generator=generator)
        trainer = Trainer(model, config, here, ["made"])
        count = count_parameters(sizes).total
        say(here.is_first, f"{here.size} x {name_of(here.device)}, torch {torch.__version__}, {chosen.preset}: {count:,} parameters")
        say(here.is_first, f"sharded in {time.perf_counter() - began:.1f} s")
        half = chosen.length // 2
        seeing = made_row([(half, [IMAGE] if half > 1_100 else [(1, 4, 4)])] * 2, chosen.length, here.rank)
        blind = made_row([(half, [])] * 2, chosen.length, here.rank)
        peak = peak_flops(name_of(here.device))
        for step in range(chosen.steps):
            began = time.perf_counter()
            launched = trainer.launch(step, [blind if step == 0 and here.rank else seeing])
            values = trainer.read(launched)
            seconds = time.perf_counter() - began
            mfu = f", MFU {launched.work.flops / seconds / peak / here.size:.3f}" if peak else ""
            memory = f", {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB" if here.device.type == "cuda" else ""
            say(
                here.is_first,
                f"step {step + 1}: loss {values['loss']:.4f}, norm {values['gradient_norm']:.2f}, {seconds:.2f} s, "
                f"{values['tokens'] / seconds:,.0f} tokens/s{mfu}{memory}",
            )
    return 0


def name_of(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def say(first: bool, text: str) -> None:
    if first:
        print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
