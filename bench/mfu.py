"""Utilisation of one GPU at the 2B shape: 16,384 packed tokens with images, 32,768 tokens, a real mix of lengths beside padding, and the
optimiser.

Each case runs in a process of its own. MFU is `model.config.training_flops` of what is not padding, over time and the device's dense bf16
peak; recomputed activations do not count as work. Useful tokens are those that are not padding.

    PYTHONPATH=. python bench/mfu.py                       # every case, about 8 minutes on an H100
    PYTHONPATH=. python bench/mfu.py --cases 16k 32k       # bars: MFU 0.50 (aim 0.55) at 16k; 32k fits
    PYTHONPATH=. python bench/mfu.py --cases 32k 256k --preset 150m  # the long stages of a proxy
    PYTHONPATH=. python bench/mfu.py --cases mix           # bar: 3 times the useful tokens/s of eager transformers with padding
    PYTHONPATH=. python bench/mfu.py --cases optimizer     # milliseconds and bytes of the update alone
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from bench.made_rows import made_sample
from bench.made_rows import packed as packed_row
from bench.rival import Rival, rival_inputs
from model.attention import describe
from model.batch import Batch, Grid, Tokens
from model.config import preset, training_flops
from model.metrics import peak_flops
from model.optimizer import AdamW, AdamWSettings
from model.parallel import world
from model.qwen3_vl import Qwen3VL
from model.train import Launched, Trainer, Work
from model.train_config import DataChoice, ModelChoice, OptimizerChoice, TrainConfig

IMAGE: Grid = (1, 64, 64)
MIX: list[tuple[int, int, Grid]] = [
    (2714, 1, (1, 106, 74)),
    (3237, 1, (1, 106, 74)),
    (3160, 1, (1, 106, 74)),
    (14552, 12, (1, 78, 60)),
    (5438, 2, (1, 106, 74)),
    (6337, 2, (1, 106, 74)),
    (2783, 1, (1, 68, 120)),
    (3074, 1, (1, 106, 74)),
    (5129, 2, (1, 68, 120)),
    (5734, 2, (1, 106, 74)),
    (4283, 1, (1, 106, 74)),
    (3241, 1, (1, 106, 74)),
    (2743, 1, (1, 100, 76)),
    (14938, 12, (1, 82, 58)),
    (12219, 4, (1, 106, 74)),
    (2927, 1, (1, 106, 74)),
    (3845, 1, (1, 106, 74)),
    (3213, 1, (1, 100, 76)),
    (9616, 4, (1, 100, 76)),
    (3132, 1, (1, 106, 74)),
    (11222, 4, (1, 106, 74)),
    (2308, 1, (1, 106, 74)),
    (3665, 1, (1, 106, 74)),
    (2751, 1, (1, 106, 74)),
    (6499, 1, (1, 106, 74)),
    (2347, 1, (1, 68, 120)),
    (3657, 1, (1, 106, 74)),
    (14658, 19, (1, 64, 46)),
    (2588, 1, (1, 106, 74)),
    (2969, 1, (1, 100, 76)),
    (3013, 1, (1, 106, 74)),
    (3888, 1, (1, 106, 74)),
    (2880, 1, (1, 106, 74)),
    (4076, 1, (1, 100, 76)),
    (6469, 2, (1, 100, 76)),
    (3088, 1, (1, 106, 74)),
    (4940, 2, (1, 68, 120)),
    (5253, 2, (1, 106, 74)),
    (2563, 1, (1, 106, 74)),
    (2980, 1, (1, 100, 76)),
    (3193, 1, (1, 106, 74)),
    (14588, 19, (1, 62, 48)),
    (11679, 4, (1, 106, 74)),
    (6871, 2, (1, 106, 74)),
]
"""(tokens, page images, grid of each): 28 samples of `documents.parse` with one page, 8 with two, 4 with four, and 4 of `documents.report`
with `context_tokens: 16384` and `pages: [10, 20, 40]`, as version 1 of these families makes them, shuffled."""
WARM, TIMED = 4, 10
RECOMPUTE = ("none", "6", "3", "2", "all")
"""Tried in this order until a case fits."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="+", choices=GROUPS, default=[group for group in GROUPS if group != "256k"])
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--recompute", default="none", choices=RECOMPUTE, help="what is tried first")
    parser.add_argument("--preset", default="2b")
    chosen = parser.parse_args()
    if chosen.case:
        print(json.dumps(CASES[chosen.case](chosen.preset, chosen.recompute)))
        return 0
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {chosen.preset} shape")
    print(f"{'case':<60}{'ms a step':>11}{'tokens/s':>11}{'useful':>9}{'MFU':>8}{'GiB':>7}")
    for group in chosen.cases:
        for case in GROUPS[group]:
            run_case(case, chosen.preset, chosen.recompute)
    return 0


def run_case(case: str, name: str, first: str) -> None:
    """One case in a process of its own, with as little recomputing as memory allows, from `first` on."""
    environment = {**os.environ, "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True"}
    for recompute in RECOMPUTE[RECOMPUTE.index(first) :] if case.startswith(("16", "32", "262", "mix, ours")) else ("none",):
        command = [sys.executable, __file__, "--case", case, "--preset", name, "--recompute", recompute]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        label = f"{case}, recompute {recompute}" if recompute != "none" else case
        if not done.returncode:
            break
        lines = [line for line in done.stderr.splitlines() if "Error" in line] or done.stderr.splitlines() or ["no message"]
        print(f"{label:<60}  {lines[-1][:150]}", flush=True)
        if "OutOfMemory" not in done.stderr:
            return
    else:
        return
    for line in [line for line in done.stderr.splitlines() if line.startswith("attention")]:
        print(f"  {line}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if "lines" in found:
        print("\n".join(found["lines"]), flush=True)
        return
    mfu = f"{found['mfu']:.3f}" if found["mfu"] is not None else "-"
    speed = f"{found['ms']:>11.1f}{found['tokens_per_second']:>11,.0f}"
    print(f"{label:<60}{speed}{found['useful']:>9.1%}{mfu:>8}{found['gib']:>7.1f}", flush=True)


def trained(name: str, rows: Sequence[Batch], recompute: str) -> dict[str, Any]:
    """Steps of one row each, cycling through `rows`."""
    sizes, length = preset(name), len(rows[0].ids)
    with torch.device("cuda"):
        model = Qwen3VL(sizes)
    model.init_weights(1)
    config = TrainConfig(
        model=ModelChoice(preset=name),
        data=DataChoice(mixture=""),
        optimizer=OptimizerChoice(learning_rate=1e-4, warmup_steps=0),
        steps=1_000,
        rows_per_step=1,
        sequence_length=length,
        recompute=int(recompute) if recompute.isdecimal() else "all" if recompute == "all" else "none",
    )
    with world("cuda") as here:
        trainer = Trainer(model, config, here, ["made"])
    waiting: list[Launched] = []

    def step(number: int) -> None:
        waiting.append(trainer.launch(number, [rows[number % len(rows)]]))
        if len(waiting) > 1:
            trainer.read(waiting.pop(0))

    warm = max(WARM, len(rows) + 1)  # every shape is seen, so nothing compiles while the clock runs
    seconds = timed(step, warm, TIMED if len(rows) == 1 else len(rows))
    print(describe().replace("\n", "; "), file=sys.stderr)
    done = [rows[number % len(rows)] for number in range(warm, warm + (TIMED if len(rows) == 1 else len(rows)))]
    work = Work.of(sizes, done)
    return summary(seconds, work.tokens, len(done) * length, work.flops, len(done))


def timed(step: Callable[[int], object], warm: int, count: int) -> float:
    """Seconds of `count` steps after `warm` others."""
    for number in range(warm):
        step(number)
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    began = time.perf_counter()
    for number in range(warm, warm + count):
        step(number)
    torch.cuda.synchronize()
    return time.perf_counter() - began


def summary(seconds: float, useful: int, slots: int, flops: int, steps: int) -> dict[str, Any]:
    peak = peak_flops(torch.cuda.get_device_name())
    return {
        "ms": seconds / steps * 1e3,
        "tokens_per_second": useful / seconds,
        "useful": useful / slots,
        "mfu": flops / seconds / peak if peak else None,
        "gib": torch.cuda.max_memory_allocated() / 2**30,
    }


def packed(samples: Sequence[tuple[int, Sequence[Grid]]], length: int) -> list[Batch]:
    """Rows of `length` slots from (tokens, grids): longest first, each into the first row that has room."""
    made = [made_sample(tokens, grids, seed) for seed, (tokens, grids) in enumerate(samples)]
    rows: list[list[Tokens]] = []
    for one in sorted(made, key=lambda sample: -len(sample.ids)):
        fitting = (row for row in rows if sum(len(other.ids) for other in row) + len(one.ids) <= length)
        row = next(fitting, None)
        if row is None:
            rows.append([one])
        else:
            row.append(one)
    return [packed_row(row, length) for row in rows]


def mix() -> list[tuple[int, list[Grid]]]:
    return [(tokens, [grid] * images) for tokens, images, grid in MIX]


def padded(name: str, size: int) -> dict[str, Any]:
    """Eager transformers over the mix in its order, `size` samples a batch padded to the longest; activations recomputed, or it does not
    fit.
    """
    sizes = preset(name)
    rival = Rival(sizes, compiled=False, recompute=True)
    made = [made_sample(tokens, grids, seed) for seed, (tokens, grids) in enumerate(mix())]
    groups = [made[at : at + size] for at in range(0, len(made) - size + 1, size)]

    def step(number: int) -> None:
        rival.step(rival_inputs(groups[number % len(groups)]))

    seconds = timed(step, 2, len(groups))
    slots = sum(size * max(len(sample.ids) for sample in group) for group in groups)
    lengths = [len(sample.ids) for group in groups for sample in group]
    frames = [h * w for group in groups for sample in group for _, h, w in sample.grids]
    supervised = int(sum(np.count_nonzero(sample.weights[1:]) for group in groups for sample in group))
    return summary(seconds, sum(lengths), slots, training_flops(sizes, lengths, frames, supervised), len(groups))


def optimizer(name: str) -> dict[str, Any]:
    """Milliseconds of one update: ours, and torch's fused AdamW over fp32 copies with casts around it."""
    with torch.device("cuda"):
        model = Qwen3VL(preset(name))
    model.init_weights(1)
    own = AdamW(model.named_parameters(), AdamWSettings(), compute=torch.bfloat16)
    parameters = list(model.parameters())
    gradients = [torch.randn_like(parameter) * 1e-3 for parameter in parameters]
    ours = timed(partial(our_update, own, gradients), 3, 10) * 100
    masters = [torch.nn.Parameter(parameter.detach().float()) for parameter in parameters]
    own.lows.clear()
    own.means.clear()
    own.squares.clear()
    torch.cuda.empty_cache()
    for master in masters:
        master.grad = torch.empty_like(master)
    fused = torch.optim.AdamW(masters, lr=1e-5, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    theirs = timed(partial(their_update, fused, masters, parameters, gradients), 3, 10) * 100
    count = sum(parameter.numel() for parameter in parameters)
    lines = [
        f"  optimiser over {count:,} parameters: {ours:.1f} ms with norm and clipping, {28 * count / ours / 1e9:.2f} TB/s",
        f"  casts, torch's fused AdamW, copies: {theirs:.1f} ms, {theirs / ours:.2f} times as long",
    ]
    return {"lines": lines}


def our_update(own: AdamW, gradients: Sequence[torch.Tensor], _: int) -> None:
    for parameter, gradient in zip(own.parameters, gradients, strict=True):
        parameter.grad = gradient
    own.step(1e-5, 1.0, 1.0)


def their_update(
    fused: torch.optim.Optimizer,
    masters: list[torch.nn.Parameter],
    parameters: Sequence[torch.nn.Parameter],
    gradients: Sequence[torch.Tensor],
    _: int,
) -> None:
    torch._foreach_copy_([master.grad for master in masters if master.grad is not None], list(gradients))
    torch.nn.utils.clip_grad_norm_(masters, 1.0)
    fused.step()
    torch._foreach_copy_([parameter.data for parameter in parameters], [master.data for master in masters])


CASES: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "16,384 tokens, 4 documents, 4 images": lambda name, recompute: trained(name, packed([(4_096, [IMAGE])] * 4, 16_384), recompute),
    "16,384 tokens, 1 document, 8 images": lambda name, recompute: trained(name, packed([(16_384, [IMAGE] * 8)], 16_384), recompute),
    "32,768 tokens, 8 documents, 8 images": lambda name, recompute: trained(name, packed([(4_096, [IMAGE])] * 8, 32_768), recompute),
    "32,768 tokens, 1 document, 16 images": lambda name, recompute: trained(name, packed([(32_768, [IMAGE] * 16)], 32_768), recompute),
    "262,144 tokens, 1 document, 128 images": lambda name, recompute: trained(name, packed([(262_144, [IMAGE] * 128)], 262_144), recompute),
    "mix, ours packed in 16,384": lambda name, recompute: trained(name, packed(mix(), 16_384), recompute),
    "mix, transformers eager, 4 padded": lambda name, recompute: padded(name, 4),
    "mix, transformers eager, 2 padded": lambda name, recompute: padded(name, 2),
    "mix, transformers eager, 1 alone": lambda name, recompute: padded(name, 1),
    "optimizer": lambda name, recompute: optimizer(name),
}
GROUPS = {
    "16k": [case for case in CASES if case.startswith("16,")],
    "32k": [case for case in CASES if case.startswith("32,")],
    "256k": [case for case in CASES if case.startswith("262,")],
    "mix": [case for case in CASES if case.startswith("mix")],
    "optimizer": ["optimizer"],
}

if __name__ == "__main__":
    sys.exit(main())
