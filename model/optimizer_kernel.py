"""The Triton kernel behind `model.optimizer.AdamW` on CUDA: one launch a tensor, each number read and written once.

Imported only where Triton is, which comes with torch for CUDA and is therefore not a dependency of its own. Parameters of the kernel go
without annotations, because Triton reads those as types.
"""

import importlib
from typing import Any

import torch

triton, tl = importlib.import_module("triton"), importlib.import_module("triton.language")

BLOCK = 1_024
"""Elements a program updates (chosen: 8 a thread)."""


def fused_update(
    gradient: torch.Tensor,
    master: torch.Tensor,
    mean: torch.Tensor,
    square: torch.Tensor,
    parameter: torch.Tensor,
    scale: torch.Tensor,
    *constants: float,
) -> None:
    """Update one tensor in place; the same as one round of `AdamW._update`.

    Args:
        gradient: bf16 or fp32, contiguous, as all others.
        master: fp32.
        mean: fp32, running mean of gradients.
        square: fp32, running mean of their squares.
        parameter: The bf16 copy, or the master itself.
        scale: fp32 scalar that multiplies the gradient; NaN to change nothing.
        constants: Learning rate, weight decay, beta1, beta2, eps, and the two bias corrections.
    """
    if master.numel():  # a rank's part of a small tensor may be empty
        grid = (triton.cdiv(master.numel(), BLOCK),)
        separate: dict[str, Any] = {"SEPARATE": parameter.data_ptr() != master.data_ptr(), "BLOCK": BLOCK}
        _adamw[grid](gradient.contiguous(), master, mean, square, parameter, scale, master.numel(), *constants, **separate)


# fmt: off
@triton.jit  # type: ignore[untyped-decorator]
def _adamw(gradients, masters, means, squares, parameters, scales, size,  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
           rate, decay, beta1, beta2, eps, correction1, correction2,  # noqa: ANN001
           SEPARATE: tl.constexpr, BLOCK: tl.constexpr):  # type: ignore[name-defined]
    # fmt: on
    scale = tl.load(scales)
    if scale == scale:
        at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
        inside = at < size
        gradient = tl.load(gradients + at, mask=inside).to(tl.float32) * scale
        mean = tl.load(means + at, mask=inside) * beta1 + gradient * (1 - beta1)
        square = tl.load(squares + at, mask=inside) * beta2 + gradient * gradient * (1 - beta2)
        master = tl.load(masters + at, mask=inside) * (1 - rate * decay)
        master -= rate / correction1 * mean / (tl.sqrt(square / correction2) + eps)
        tl.store(means + at, mean, mask=inside)
        tl.store(squares + at, square, mask=inside)
        tl.store(masters + at, master, mask=inside)
        if SEPARATE:
            tl.store(parameters + at, master.to(tl.bfloat16), mask=inside)
