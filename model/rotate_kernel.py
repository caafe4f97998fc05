"""Triton kernels that normalise and rotate queries and keys before `model.attention` on CUDA, and undo both in the backward pass.

Torch operations would read and write the projections several times, and its compiler keeps them apart where the norm's gradient is summed
over tokens. Imported only where Triton is, which comes with torch for CUDA and is therefore not a dependency of its own. Parameters of the
kernels go without annotations, because Triton reads those as types.
"""

import importlib
from typing import Any

import torch

triton, tl = importlib.import_module("triton"), importlib.import_module("triton.language")

PROGRAMS = 264
"""Programs of the backward pass (two for each processor of an H100, the fastest tried there). A constant, so that the gradients of
the norms are summed in the same order on every device."""


def normed_rotated(
    qkv: torch.Tensor, kv_heads: int, q_scale: torch.Tensor, k_scale: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, eps: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Queries and keys after RMSNorm over each head and `model.rope.rotate`, in float32 between.

    Args:
        qkv: [T, heads + 2 kv_heads, dim], contiguous; dim is a power of two.
        kv_heads: Heads of keys, and of values, which are left out.
        q_scale: [dim], weight of the queries' norm.
        k_scale: [dim], of the keys'.
        cos: float32 [T, dim / 2].
        sin: float32 [T, dim / 2].
        eps: Of the norms.

    Returns:
        [T, heads, dim] and [T, kv_heads, dim].
    """
    tokens, everything, dim = qkv.shape
    heads = everything - 2 * kv_heads
    q, k = qkv.new_empty(tokens, heads, dim), qkv.new_empty(tokens, kv_heads, dim)
    _refuse_strides(qkv, cos, sin)
    _forward[(tokens,)](qkv, q_scale, k_scale, cos, sin, q, k, eps, heads, kv_heads, **_sizes(heads, kv_heads, dim))
    return q, k


def normed_rotated_backward(
    dq: torch.Tensor,
    dk: torch.Tensor,
    dv: torch.Tensor,
    qkv: torch.Tensor,
    q_scale: torch.Tensor,
    k_scale: torch.Tensor,
    cos: torch.Tensor,
    sin: torch.Tensor,
    eps: float,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients by `qkv`, in which that of the values is copied into place, and by the two scales.

    `dq` is [T, heads, dim], `dk` and `dv` are [T, kv heads, dim], all contiguous; the rest is what `normed_rotated` was given.
    """
    tokens, heads, dim = dq.shape
    kv_heads = dk.shape[1]
    _refuse_strides(dq, dk, dv, qkv, cos, sin)
    dqkv = torch.empty_like(qkv)
    sums = torch.empty(PROGRAMS, 2, dim, dtype=torch.float32, device=qkv.device)
    sizes = _sizes(heads, kv_heads, dim)
    _backward[(PROGRAMS,)](dq, dk, dv, qkv, q_scale, k_scale, cos, sin, dqkv, sums, eps, tokens, heads, kv_heads, PROGRAMS, **sizes)
    return dqkv, sums[:, 0].sum(0).to(q_scale.dtype), sums[:, 1].sum(0).to(k_scale.dtype)


def _refuse_strides(*tensors: torch.Tensor) -> None:
    for tensor in tensors:
        if not tensor.is_contiguous():
            raise ValueError(f"a tensor of shape {tuple(tensor.shape)} has strides {tensor.stride()}; the kernel reads contiguous ones")


def _sizes(heads: int, kv_heads: int, dim: int) -> dict[str, Any]:
    rows = triton.next_power_of_2(heads + kv_heads)
    return {"DIM": dim, "ROWS": rows, "VALUES": triton.next_power_of_2(kv_heads), "num_warps": min(8, max(1, rows * dim // 512))}


# fmt: off
@triton.jit  # type: ignore[untyped-decorator]
def _forward(qkv, q_scale, k_scale, cosines, sines, q, k, eps, heads, kv_heads,  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
             DIM: tl.constexpr, ROWS: tl.constexpr, VALUES: tl.constexpr):  # type: ignore[name-defined]
    # fmt: on
    token = tl.program_id(0).to(tl.int64)
    row, lane = tl.arange(0, ROWS)[:, None], tl.arange(0, DIM // 2)[None, :]
    is_query, is_key = row < heads, (row >= heads) & (row < heads + kv_heads)
    inside = is_query | is_key
    source = qkv + token * (heads + 2 * kv_heads) * DIM + row * DIM + lane
    a, b = tl.load(source, mask=inside, other=0).to(tl.float32), tl.load(source + DIM // 2, mask=inside, other=0).to(tl.float32)
    inverse = tl.rsqrt((tl.sum(a * a, 1) + tl.sum(b * b, 1)) / DIM + eps)[:, None]
    scale = tl.where(is_query, q_scale, k_scale) + lane
    a *= inverse * tl.load(scale).to(tl.float32)
    b *= inverse * tl.load(scale + DIM // 2).to(tl.float32)
    angle = token * (DIM // 2) + lane
    cos, sin = tl.load(cosines + angle), tl.load(sines + angle)
    first, second = a * cos - b * sin, b * cos + a * sin
    query, key = q + token * heads * DIM + row * DIM + lane, k + token * kv_heads * DIM + (row - heads) * DIM + lane
    tl.store(query, first, mask=is_query)
    tl.store(query + DIM // 2, second, mask=is_query)
    tl.store(key, first, mask=is_key)
    tl.store(key + DIM // 2, second, mask=is_key)


# fmt: off
@triton.jit  # type: ignore[untyped-decorator]
def _backward(dq, dk, dv, qkv, q_scale, k_scale, cosines, sines, dqkv, sums, eps,  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
              tokens, heads, kv_heads, programs,  # noqa: ANN001
              DIM: tl.constexpr, ROWS: tl.constexpr, VALUES: tl.constexpr):  # type: ignore[name-defined]
    # fmt: on
    row, lane = tl.arange(0, ROWS)[:, None], tl.arange(0, DIM // 2)[None, :]
    is_query, is_key = row < heads, (row >= heads) & (row < heads + kv_heads)
    inside = is_query | is_key
    scale = tl.where(is_query, q_scale, k_scale) + lane
    scale_a, scale_b = tl.load(scale).to(tl.float32), tl.load(scale + DIM // 2).to(tl.float32)
    value, column = tl.arange(0, VALUES)[:, None], tl.arange(0, DIM)[None, :]
    sum_a, sum_b = tl.zeros((ROWS, DIM // 2), tl.float32), tl.zeros((ROWS, DIM // 2), tl.float32)
    token = tl.program_id(0).to(tl.int64)
    while token < tokens:
        base = token * (heads + 2 * kv_heads) * DIM
        source = base + row * DIM + lane
        a = tl.load(qkv + source, mask=inside, other=0).to(tl.float32)
        b = tl.load(qkv + source + DIM // 2, mask=inside, other=0).to(tl.float32)
        inverse = tl.rsqrt((tl.sum(a * a, 1) + tl.sum(b * b, 1)) / DIM + eps)[:, None]
        a *= inverse
        b *= inverse
        query, key = dq + token * heads * DIM + row * DIM + lane, dk + token * kv_heads * DIM + (row - heads) * DIM + lane
        first = tl.load(query, mask=is_query, other=0).to(tl.float32) + tl.load(key, mask=is_key, other=0).to(tl.float32)
        second = (tl.load(query + DIM // 2, mask=is_query, other=0).to(tl.float32)
                  + tl.load(key + DIM // 2, mask=is_key, other=0).to(tl.float32))
        angle = token * (DIM // 2) + lane
        cos, sin = tl.load(cosines + angle), tl.load(sines + angle)
        da, db = first * cos + second * sin, second * cos - first * sin
        sum_a += da * a
        sum_b += db * b
        da *= scale_a
        db *= scale_b
        shared = ((tl.sum(da * a, 1) + tl.sum(db * b, 1)) / DIM)[:, None]
        tl.store(dqkv + source, (da - a * shared) * inverse, mask=inside)
        tl.store(dqkv + source + DIM // 2, (db - b * shared) * inverse, mask=inside)
        copied = tl.load(dv + token * kv_heads * DIM + value * DIM + column, mask=value < kv_heads)
        tl.store(dqkv + base + (heads + kv_heads + value) * DIM + column, copied, mask=value < kv_heads)
        token += programs
    target = sums + tl.program_id(0) * 2 * DIM + tl.arange(0, DIM // 2)
    tl.store(target, tl.sum(tl.where(is_query, sum_a, 0), 0))
    tl.store(target + DIM // 2, tl.sum(tl.where(is_query, sum_b, 0), 0))
    tl.store(target + DIM, tl.sum(tl.where(is_key, sum_a, 0), 0))
    tl.store(target + DIM + DIM // 2, tl.sum(tl.where(is_key, sum_b, 0), 0))
