"""The decoder's attention from its projections on: RMSNorm over each head of queries and keys, RoPE, packed causal attention.

On CUDA in half precision the three are one operation of `torch.compile`'s graphs, whose first two parts are Triton kernels
(`model.rotate_kernel`); elsewhere they are the torch operations that define them.
"""

import importlib
from typing import Any

import torch
import torch.nn.functional as F

from model.attention import HALF, kernel_for, varlen_attention
from model.attention_kernels import Packed
from model.rope import rotate


def normed_attention(
    qkv: torch.Tensor,
    kv_heads: int,
    q_scale: torch.Tensor,
    k_scale: torch.Tensor,
    cos: torch.Tensor,
    sin: torch.Tensor,
    cu_seqlens: torch.Tensor,
    max_seqlen: int,
    eps: float,
) -> torch.Tensor:
    """Causal attention within each segment.

    Args:
        qkv: [T, heads + 2 kv_heads, dim], queries, keys and values.
        kv_heads: Heads of keys and of values.
        q_scale: [dim], weight of the norm of queries.
        k_scale: [dim], weight of the norm of keys.
        cos: float32 [T, dim / 2], from `model.rope.mrope`.
        sin: float32 [T, dim / 2].
        cu_seqlens: int32 [S + 1], where segments start, then T.
        max_seqlen: Longest segment.
        eps: Of the norms.

    Returns:
        [T, heads, dim].
    """
    dim = qkv.shape[2]
    if qkv.device.type == "cuda" and qkv.dtype in HALF and dim & (dim - 1) == 0:
        out: torch.Tensor = torch.ops.assay.normed_attention(qkv, kv_heads, q_scale, k_scale, cos, sin, cu_seqlens, max_seqlen, eps)[0]
        return out
    q, k, v = normed_heads(qkv, kv_heads, q_scale, k_scale, cos, sin, eps)
    return varlen_attention(q, k, v, cu_seqlens, max_seqlen, causal=True)


def normed_heads(
    qkv: torch.Tensor, kv_heads: int, q_scale: torch.Tensor, k_scale: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, eps: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Queries and keys, normalised and rotated, and values; arguments as in `normed_attention`."""
    q, k, v = qkv.split((qkv.shape[1] - 2 * kv_heads, kv_heads, kv_heads), dim=1)
    q, k = (F.rms_norm(x, (x.shape[2],), scale, eps) for x, scale in ((q, q_scale), (k, k_scale)))
    return rotate(q, cos, sin), rotate(k, cos, sin), v


def _rotate_kernel() -> Any:
    return importlib.import_module("model.rotate_kernel")  # Triton comes with torch for CUDA only


@torch.library.custom_op("assay::normed_attention", mutates_args=())
def _forward(
    qkv: torch.Tensor,
    kv_heads: int,
    q_scale: torch.Tensor,
    k_scale: torch.Tensor,
    cos: torch.Tensor,
    sin: torch.Tensor,
    cu_seqlens: torch.Tensor,
    max_seqlen: int,
    eps: float,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    q, k = _rotate_kernel().normed_rotated(qkv, kv_heads, q_scale, k_scale, cos, sin, eps)
    out, lse = kernel_for(q, k, True).forward(Packed(q, k, qkv[:, -kv_heads:], cu_seqlens, max_seqlen, True))
    return out, lse, q, k


@_forward.register_fake
def _forward_shapes(
    qkv: torch.Tensor,
    kv_heads: int,
    q_scale: torch.Tensor,
    k_scale: torch.Tensor,
    cos: torch.Tensor,
    sin: torch.Tensor,
    cu_seqlens: torch.Tensor,
    max_seqlen: int,
    eps: float,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    tokens, everything, dim = qkv.shape
    heads = everything - 2 * kv_heads
    q, k = qkv.new_empty(tokens, heads, dim), qkv.new_empty(tokens, kv_heads, dim)
    return torch.empty_like(q), q.new_empty(tokens * heads, dtype=torch.float32), q, k


@torch.library.custom_op("assay::normed_attention_backward", mutates_args=())
def _backward(
    grad: torch.Tensor,
    qkv: torch.Tensor,
    q_scale: torch.Tensor,
    k_scale: torch.Tensor,
    cos: torch.Tensor,
    sin: torch.Tensor,
    q: torch.Tensor,
    k: torch.Tensor,
    out: torch.Tensor,
    lse: torch.Tensor,
    cu_seqlens: torch.Tensor,
    max_seqlen: int,
    eps: float,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    given = Packed(q, k, qkv[:, -k.shape[1] :], cu_seqlens, max_seqlen, True)
    gradients = (gradient.contiguous() for gradient in kernel_for(q, k, True).backward(grad, given, (out, lse)))
    found: tuple[torch.Tensor, torch.Tensor, torch.Tensor] = _rotate_kernel().normed_rotated_backward(
        *gradients, qkv, q_scale, k_scale, cos, sin, eps
    )
    return found


@_backward.register_fake
def _backward_shapes(
    grad: torch.Tensor,
    qkv: torch.Tensor,
    q_scale: torch.Tensor,
    k_scale: torch.Tensor,
    cos: torch.Tensor,
    sin: torch.Tensor,
    q: torch.Tensor,
    k: torch.Tensor,
    out: torch.Tensor,
    lse: torch.Tensor,
    cu_seqlens: torch.Tensor,
    max_seqlen: int,
    eps: float,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return torch.empty_like(qkv), torch.empty_like(q_scale), torch.empty_like(k_scale)


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[torch.Tensor, ...]) -> None:
    qkv, _, q_scale, k_scale, cos, sin, cu_seqlens, ctx.max_seqlen, ctx.eps = inputs
    out, lse, q, k = output
    ctx.save_for_backward(qkv, q_scale, k_scale, cos, sin, q, k, out, lse, cu_seqlens)


def _differentiate(ctx: Any, grad: torch.Tensor, *_: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    *saved, cu_seqlens = ctx.saved_tensors
    by_qkv, by_q_scale, by_k_scale = torch.ops.assay.normed_attention_backward(
        grad.contiguous(), *saved, cu_seqlens, ctx.max_seqlen, ctx.eps
    )
    return by_qkv, None, by_q_scale, by_k_scale, None, None, None, None, None


_forward.register_autograd(_differentiate, setup_context=_save)
