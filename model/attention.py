"""Attention over packed sub-samples, through the fastest kernel that this machine has and that proves itself on a small problem.

The choice is made once per process, device, precision and shape of head, when the first call comes. `describe` says what was chosen and why
the faster ones were not. The operation is opaque to `torch.compile`, so a block compiles to one graph whichever kernel runs.
"""

import logging
from functools import lru_cache
from typing import Any

import torch

from model.attention_kernels import KERNELS, SDPA, Kernel, Packed, segmented_sdpa

LOG = logging.getLogger(__name__)
TOLERANCE = 2e-2
"""Relative error (norm) up to which a kernel counts as right: bfloat16 has 8 bits of mantissa, and errors near 5e-3 are usual."""
HALF = (torch.bfloat16, torch.float16)
"""What the fused kernels compute in."""
_FAILURES = (ImportError, RuntimeError, AssertionError, TypeError, ValueError, AttributeError, NotImplementedError)
"""What kernels raise on hardware, versions or shapes they do not support."""


def varlen_attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, cu_seqlens: torch.Tensor, max_seqlen: int, causal: bool
) -> torch.Tensor:
    """softmax(q kᵀ / sqrt(dim)) v within each segment; query heads share key-value heads in groups.

    Args:
        q: [T, heads, dim].
        k: [T, kv heads, dim].
        v: [T, kv heads, dim].
        cu_seqlens: int32 [S + 1], where segments start, then T.
        max_seqlen: Longest segment.
        causal: Whether a token sees only itself and what precedes it.

    Returns:
        [T, heads, dim].
    """
    if q.device.type != "cuda" or q.dtype not in HALF:
        out: torch.Tensor = _unfused(q, k, v, cu_seqlens, causal)
    else:
        out = torch.ops.assay.attention(q, k, v, cu_seqlens, max_seqlen, causal)[0]
    return out


@torch.compiler.disable  # type: ignore[untyped-decorator]
def _unfused(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, cu_seqlens: torch.Tensor, causal: bool) -> torch.Tensor:
    kernel_for(q, k, causal)  # for `describe`
    return segmented_sdpa(Packed(q, k, v, cu_seqlens, 0, causal))


def describe() -> str:
    """One line for each choice made so far in this process."""
    return "\n".join(_CHOICES.values()) or "attention: nothing chosen yet"


def use(name: str | None) -> None:
    """Restrict all later calls to one kernel, by name, or lift the restriction. For benches and tests."""
    global _only
    _only = name
    choose.cache_clear()
    _CHOICES.clear()


_CHOICES: dict[str, str] = {}
_only: str | None = None


@lru_cache(maxsize=64)
def choose(device: torch.device, dtype: torch.dtype, head_dim: int, group: int, causal: bool) -> Kernel:
    """The first of `KERNELS` that computes a small packed problem of this kind rightly, forward and backward.

    Raises:
        RuntimeError: None does.
    """
    kind = "causal" if causal else "full"
    call = f"{device.type} {str(dtype).removeprefix('torch.')} head_dim {head_dim}, {group} query heads a key head, {kind}"
    passed_over: list[str] = []
    for kernel in KERNELS:
        fault = _fault(kernel, device, dtype, head_dim, group, causal) if _only in (None, kernel.name) else "not asked for"
        if fault is None:
            _CHOICES[call] = f"attention: {kernel.name} for {call}" + "".join(f"; not {why}" for why in passed_over)
            LOG.info("%s", _CHOICES[call])
            return kernel
        passed_over.append(f"{kernel.name}: {fault}")
    raise RuntimeError(f"no attention kernel works for {call}: {'; '.join(passed_over)}")


def _fault(kernel: Kernel, device: torch.device, dtype: torch.dtype, head_dim: int, group: int, causal: bool) -> str | None:
    """Why a kernel cannot be used, or None."""
    if kernel is SDPA:
        return None
    if device.type != "cuda" or dtype not in HALF:
        return "needs CUDA and half precision"
    return trial(kernel, device, dtype, head_dim, group, causal)


def trial(kernel: Kernel, device: torch.device, dtype: torch.dtype, head_dim: int, group: int, causal: bool) -> str | None:
    """What goes wrong when a kernel is run on a small problem, or None."""
    try:
        error = _error_on_sample(kernel, device, dtype, head_dim, group, causal)
    except _FAILURES as failure:
        return f"{type(failure).__name__}: {(str(failure).strip() or 'no message').splitlines()[0][:120]}"
    return None if error <= TOLERANCE else f"wrong by {error:.3g} on a sample"


def _error_on_sample(kernel: Kernel, device: torch.device, dtype: torch.dtype, head_dim: int, group: int, causal: bool) -> float:
    """Largest relative error of the output and the gradients; nan, which no comparison passes, if there is one anywhere."""
    lengths = (5, 1, 130, 64)
    cu = torch.tensor([0, *lengths], dtype=torch.int32, device=device).cumsum(0, dtype=torch.int32)
    rng = torch.Generator(device).manual_seed(0)
    heads = (2 * group, 2, 2, 2 * group)
    q, k, v, grad = (torch.randn(sum(lengths), n, head_dim, device=device, dtype=dtype, generator=rng) for n in heads)
    exact, given = (Packed(*tensors, cu, max(lengths), causal) for tensors in ((q.float(), k.float(), v.float()), (q, k, v)))
    wanted, saved = SDPA.forward(exact), kernel.forward(given)
    pairs = zip((saved[0], *kernel.backward(grad, given, saved)), (wanted[0], *SDPA.backward(grad.float(), exact, wanted)), strict=True)
    return float(torch.stack([(got.float() - want).norm() / want.norm() for got, want in pairs]).max())


def kernel_for(q: torch.Tensor, k: torch.Tensor, causal: bool) -> Kernel:
    """The kernel chosen for queries [T, heads, dim] and keys [T, kv heads, dim]."""
    return choose(q.device, q.dtype, q.shape[2], q.shape[1] // k.shape[1], causal)


@torch.library.custom_op("assay::attention", mutates_args=())
def _forward(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, cu_seqlens: torch.Tensor, max_seqlen: int, causal: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    return kernel_for(q, k, causal).forward(Packed(q, k, v, cu_seqlens, max_seqlen, causal))


@_forward.register_fake
def _forward_shapes(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, cu_seqlens: torch.Tensor, max_seqlen: int, causal: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    return q.new_empty(q.shape), q.new_empty(q.shape[0] * q.shape[1], dtype=torch.float32)


@torch.library.custom_op("assay::attention_backward", mutates_args=())
def _backward(
    grad: torch.Tensor,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    out: torch.Tensor,
    lse: torch.Tensor,
    cu_seqlens: torch.Tensor,
    max_seqlen: int,
    causal: bool,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return kernel_for(q, k, causal).backward(grad, Packed(q, k, v, cu_seqlens, max_seqlen, causal), (out, lse))


@_backward.register_fake
def _backward_shapes(
    grad: torch.Tensor,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    out: torch.Tensor,
    lse: torch.Tensor,
    cu_seqlens: torch.Tensor,
    max_seqlen: int,
    causal: bool,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return q.new_empty(q.shape), k.new_empty(k.shape), v.new_empty(v.shape)


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[torch.Tensor, torch.Tensor]) -> None:
    q, k, v, cu_seqlens, ctx.max_seqlen, ctx.causal = inputs
    ctx.save_for_backward(q, k, v, *output, cu_seqlens)


def _differentiate(ctx: Any, grad: torch.Tensor, _: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    q, k, v, out, lse, cu_seqlens = ctx.saved_tensors
    gradients = torch.ops.assay.attention_backward(grad.contiguous(), q, k, v, out, lse, cu_seqlens, ctx.max_seqlen, ctx.causal)
    return *gradients, None, None, None


_forward.register_autograd(_differentiate, setup_context=_save)
