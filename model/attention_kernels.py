"""Three ways to compute packed attention, each a forward and a backward over the same arguments. `model.attention` chooses among them.

`lse`, the log-sum-exp of every row of scores, is whatever a kernel's own backward pass wants, flattened to float32 [heads * T].
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F

Saved: TypeAlias = tuple[torch.Tensor, torch.Tensor]
"""What a forward pass returns: the output and lse."""
Gradients: TypeAlias = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Packed:
    """q [T, heads, dim] and k, v [T, kv heads, dim], of which only the last axis must be contiguous, in segments `cu` (int32 [S + 1])."""

    q: torch.Tensor
    k: torch.Tensor
    v: torch.Tensor
    cu: torch.Tensor
    longest: int
    causal: bool


@dataclass(frozen=True, slots=True)
class Kernel:
    """One implementation: `forward` gives output and lse; `backward` takes the output's gradient and both, and gives those of q, k, v."""

    name: str
    forward: Callable[[Packed], Saved]
    backward: Callable[[torch.Tensor, Packed, Saved], Gradients]


def _flash4_forward(x: Packed) -> Saved:
    out, lse = _flash4()._flash_attn_fwd(x.q, x.k, x.v, **_flash4_segments(x), return_lse=True)[:2]
    return out, lse.reshape(-1)


def _flash4_backward(grad: torch.Tensor, x: Packed, saved: Saved) -> Gradients:
    lse = saved[1].view(x.q.shape[1], x.q.shape[0])
    exact = torch.are_deterministic_algorithms_enabled()
    found = _flash4()._flash_attn_bwd(x.q, x.k, x.v, saved[0], grad, lse, **_flash4_segments(x), deterministic=exact)
    return found[0], found[1], found[2]


def _flash4() -> Any:
    return importlib.import_module("flash_attn.cute.interface")


def _flash4_segments(x: Packed) -> dict[str, Any]:
    return {"cu_seqlens_q": x.cu, "cu_seqlens_k": x.cu, "max_seqlen_q": x.longest, "max_seqlen_k": x.longest, "causal": x.causal}


def _varlen_forward(x: Packed) -> Saved:
    result = torch.ops.aten._flash_attention_forward(x.q, x.k, x.v, x.cu, x.cu, x.longest, x.longest, 0.0, x.causal, False)
    return result[0], result[1].reshape(-1)


def _varlen_backward(grad: torch.Tensor, x: Packed, saved: Saved) -> Gradients:
    lse = saved[1].view(x.q.shape[1], x.q.shape[0])
    seed = torch.zeros(2, dtype=torch.uint64, device=x.q.device)  # of dropout, which is 0
    found: Gradients = torch.ops.aten._flash_attention_backward(
        grad, x.q, x.k, x.v, saved[0], lse, x.cu, x.cu, x.longest, x.longest, 0.0, x.causal, seed, seed
    )
    return found


def segmented_sdpa(x: Packed) -> torch.Tensor:
    """Packed attention [T, heads, dim] by one `scaled_dot_product_attention` a segment, differentiable by torch itself."""
    lengths = x.cu.diff().tolist()
    parts = zip(*(tensor.transpose(0, 1).unsqueeze(0).split(lengths, dim=2) for tensor in (x.q, x.k, x.v)), strict=True)
    grouped = x.q.shape[1] != x.k.shape[1]
    outs = [F.scaled_dot_product_attention(q, k, v, is_causal=x.causal, enable_gqa=grouped) for q, k, v in parts if q.shape[2]]
    return torch.cat(outs, dim=2).squeeze(0).transpose(0, 1).contiguous()


def _sdpa_forward(x: Packed) -> Saved:
    return segmented_sdpa(x), x.q.new_empty(x.q.shape[0] * x.q.shape[1], dtype=torch.float32)


def _sdpa_backward(grad: torch.Tensor, x: Packed, saved: Saved) -> Gradients:
    """By the formulas of FlashAttention (arXiv 2205.14135, appendix B.4), one head and segment at a time so that scores stay small."""
    dq, dk, dv = (torch.zeros_like(tensor, dtype=torch.float32) for tensor in (x.q, x.k, x.v))
    group, scale = x.q.shape[1] // x.k.shape[1], x.q.shape[2] ** -0.5
    for start, end in pairwise(x.cu.tolist()):
        future = torch.ones(end - start, end - start, dtype=torch.bool, device=grad.device).triu(1)
        for head in range(x.q.shape[1]):
            own, shared = (slice(start, end), head), (slice(start, end), head // group)
            q, k, v, dout = x.q[own].float() * scale, x.k[shared].float(), x.v[shared].float(), grad[own].float()
            scores = q @ k.T
            weights = (scores.masked_fill(future, -torch.inf) if x.causal else scores).softmax(-1)
            dweights = dout @ v.T
            dscores = weights * (dweights - (dweights * weights).sum(-1, keepdim=True))
            dq[own] = dscores @ k * scale
            dk[shared] += dscores.T @ q
            dv[shared] += weights.T @ dout
    return dq.to(x.q.dtype), dk.to(x.k.dtype), dv.to(x.v.dtype)


SDPA = Kernel("sdpa", _sdpa_forward, _sdpa_backward)
"""On any device and in any precision; reads the segments on the host."""

KERNELS = (
    Kernel("flash-attn-4", _flash4_forward, _flash4_backward),  # flash_attn.cute of the PyPI package flash-attn-4
    Kernel("torch-varlen", _varlen_forward, _varlen_backward),  # what torch.nn.attention.varlen.varlen_attn calls
    SDPA,
)
"""Fastest first: on an H100 flash-attn-4 took half the time of torch's kernel. cuDNN's packed call is not among them: through torch 2.11 it
gave wrong results there on every shape tried, after 50 to 75 ms a call."""
