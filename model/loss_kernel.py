"""The Triton kernel behind `model.loss` on CUDA: losses of logits, and the gradients in their place.

Imported only where Triton is, which comes with torch for CUDA and is therefore not a dependency of its own. Parameters of the kernel go
without annotations, because Triton reads those as types.
"""

import importlib

import torch

triton, tl = importlib.import_module("triton"), importlib.import_module("triton.language")

BLOCK, WARPS = 8_192, 16
"""Logits that a program looks at together."""


def cross_entropy_in_place(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted losses of some rows, as `model.loss._cross_entropy` gives them; the gradient of their sum overwrites the logits.

    A program keeps to one row, which it reads twice and writes once; the second time much of it is still in the cache.

    Args:
        logits: bf16 or fp32 [N, vocabulary], contiguous.
        targets: int64 [N]; where it is negative the weight must be 0.
        weights: fp32 [N].

    Returns:
        fp32 [N].
    """
    terms = torch.empty(len(logits), dtype=torch.float32, device=logits.device)
    _cross_entropy[(len(logits),)](logits, targets, weights, terms, logits.shape[1], BLOCK=BLOCK, num_warps=WARPS)
    return terms


# fmt: off
@triton.jit  # type: ignore[untyped-decorator]
def _cross_entropy(logits, targets, weights, terms, size, BLOCK: tl.constexpr):  # type: ignore[no-untyped-def, name-defined] # noqa: ANN001, ANN202
    # fmt: on
    row = tl.program_id(0)
    logits += row.to(tl.int64) * size
    target, weight = tl.load(targets + row), tl.load(weights + row)
    wanted = tl.load(logits + tl.maximum(target, 0)).to(tl.float32)
    highest, total = -float("inf"), 0.0
    for start in range(0, size, BLOCK):
        at = start + tl.arange(0, BLOCK)
        scores = tl.load(logits + at, mask=at < size, other=-float("inf")).to(tl.float32)
        before = highest
        highest = tl.maximum(highest, tl.max(scores, 0))
        total = total * tl.exp(before - highest) + tl.sum(tl.exp(scores - highest), 0)
    log_total = highest + tl.log(total)
    tl.store(terms + row, (log_total - wanted) * weight)
    tl.debug_barrier()  # every thread has read `wanted` before any overwrites it
    for start in range(0, size, BLOCK):
        at = start + tl.arange(0, BLOCK)
        scores = tl.load(logits + at, mask=at < size, other=-float("inf")).to(tl.float32)
        gradient = (tl.exp(scores - log_total) - (at == target).to(tl.float32)) * weight
        tl.store(logits + at, gradient, mask=at < size)
