"""Weighted cross entropy in chunks of tokens: the logits of a whole row never exist, and neither does a second pass to get gradients.

The gradient of a sum of token losses needs no knowledge of what follows, so it is computed with the loss while a chunk's logits are at hand
(as Liger Kernel does, arXiv 2410.10989), and scaled in the backward pass.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch.utils import _pytree

CHUNK, CHUNK_CPU = 4096, 256
"""Tokens a chunk. On a GPU: 1.2 GB of bfloat16 logits at Qwen's vocabulary, in so few chunks that adding up the head's gradient costs
little. On a CPU, where temporaries of float32 are not fused away: 160 MB."""
MAX_SOURCES = 256
"""Length of the per-source sums; sources are numbered below it."""


@dataclass(frozen=True, slots=True)
class LossParts:
    """What a batch contributes to the loss; the caller divides by weight summed over all ranks and steps of accumulation.

    Attributes:
        loss: Scalar, sum of weight times token loss in nats; differentiable.
        weight: Scalar, sum of weights.
        source_loss: float32 [MAX_SOURCES], `loss` by source, detached.
        source_weight: float32 [MAX_SOURCES], `weight` by source.
        balance: Scalar, load balance of a mixture of experts (`model.moe.balance_loss`), differentiable; 0 for a dense model.
    """

    loss: torch.Tensor
    weight: torch.Tensor
    source_loss: torch.Tensor
    source_weight: torch.Tensor
    balance: torch.Tensor


def weighted_loss(
    hidden: torch.Tensor, head: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum over slots of weight times cross entropy, and its terms.

    Args:
        hidden: [T, hidden].
        head: [vocabulary, hidden].
        targets: int64 [T]; where it is `IGNORE` the weight must be 0.
        weights: float32 [T].

    Returns:
        The sum, a float32 scalar, differentiable by `hidden` and `head`; its terms, float32 [T], detached.
    """
    loss, terms = _ChunkedLoss.apply(hidden, head, targets, weights)  # type: ignore[no-untyped-call]
    return loss, terms


class _ChunkedLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, head: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        terms = torch.empty(len(hidden), dtype=torch.float32, device=hidden.device)
        dhidden = torch.empty_like(hidden) if any(ctx.needs_input_grad) else None
        dhead = None
        size = CHUNK if hidden.is_cuda else CHUNK_CPU
        for start in range(0, len(hidden), size):
            part = slice(start, start + size)
            terms[part], dlogits = _cross_entropy(F.linear(hidden[part], head), targets[part], weights[part])
            if dhidden is not None:
                torch.mm(dlogits, head, out=dhidden[part])
            if ctx.needs_input_grad[1]:
                dhead = _added_product(dhead, dlogits, hidden[part])
        if ctx.needs_input_grad[1] and dhead is None:  # not one slot has a target
            dhead = torch.zeros_like(head, dtype=torch.float32)
        ctx.save_for_backward(dhidden, dhead)
        ctx.head_dtype = head.dtype
        ctx.mark_non_differentiable(terms)
        return terms.sum(), terms

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor, _: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        dhidden, dhead = ctx.saved_tensors
        by_hidden = dhidden * grad.to(dhidden.dtype) if ctx.needs_input_grad[0] else None
        scaled = _compiled_scaled() if dhidden is not None and dhidden.is_cuda else _scaled
        by_head = scaled(dhead, grad, ctx.head_dtype) if ctx.needs_input_grad[1] else None
        return by_hidden, by_head, None, None


def _cross_entropy(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Weighted losses of some rows, and the gradient of their sum by the logits, which it may overwrite."""
    if logits.is_cuda:
        from model.loss_kernel import cross_entropy_in_place  # Triton comes with torch for CUDA only

        return cross_entropy_in_place(logits, targets, weights), logits
    return cross_entropy_by_operations(logits, targets, weights)


def cross_entropy_by_operations(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Weighted losses [N] of logits [N, vocabulary], and the gradient of their sum: weight times (softmax minus one-hot)."""
    scores, wanted, weights = logits.float(), targets.clamp(min=0).unsqueeze(1), weights.unsqueeze(1)
    total = scores.logsumexp(-1, keepdim=True)
    terms = ((total - scores.gather(1, wanted)) * weights).squeeze(1)
    chosen = torch.arange(logits.shape[1], device=logits.device) == wanted
    gradient = ((scores - total).exp() - chosen.float()) * weights
    return terms, gradient.to(logits.dtype)


def _scaled(values: torch.Tensor, factor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return (values * factor).to(dtype)


@cache
def _compiled_scaled() -> Any:
    """`_scaled` without the float32 product in memory."""
    return torch.compile(_scaled)


_pytree.register_dataclass(LossParts)  # so that FSDP sees the tensors inside


def _added_product(total: torch.Tensor | None, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """`total` (nothing at first) plus leftᵀ right, in float32 throughout."""
    if left.is_cuda and left.dtype != torch.float32:
        if total is None:
            return torch.mm(left.T, right, out_dtype=torch.float32)
        return torch.addmm(total, left.T, right, out_dtype=torch.float32, out=total)
    left, right = left.T.float(), right.float()
    return left @ right if total is None else total.addmm_(left, right)


def loss_parts(loss: torch.Tensor, terms: torch.Tensor, weights: torch.Tensor, sources: torch.Tensor, balance: torch.Tensor) -> LossParts:
    """The parts from what `weighted_loss` returns, weights [T] and source numbers [T]."""
    members = (sources == torch.arange(MAX_SOURCES, device=sources.device).unsqueeze(1)).float()
    return LossParts(loss, weights.sum(), members @ terms, members @ weights, balance)
