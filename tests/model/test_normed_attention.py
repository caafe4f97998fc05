import pytest
import torch

from model.normed_attention import normed_attention

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
LENGTHS = [70, 1, 300, 29]


def problem(heads: int, kv_heads: int, dim: int) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Projections and both scales; cosines, sines and boundaries."""
    generator = torch.Generator().manual_seed(heads)
    tokens = sum(LENGTHS)
    learned = [torch.randn(tokens, heads + 2 * kv_heads, dim, generator=generator), *(torch.rand(2, dim, generator=generator) + 0.5)]
    angles = torch.randn(tokens, dim // 2, generator=generator) * 3
    return learned, [angles.cos(), angles.sin(), torch.tensor([0, *LENGTHS]).cumsum(0).int()]


def results(learned: list[torch.Tensor], fixed: list[torch.Tensor], kv_heads: int) -> list[torch.Tensor]:
    """Output and gradients of the learned tensors."""
    learned = [tensor.detach().requires_grad_() for tensor in learned]
    (qkv, q_scale, k_scale), (cos, sin, boundaries) = learned, fixed
    out = normed_attention(qkv, kv_heads, q_scale, k_scale, cos, sin, boundaries, max(LENGTHS), 1e-6)
    grad = torch.randn(out.shape, generator=torch.Generator().manual_seed(1)).to(out)
    return [out.detach(), *torch.autograd.grad(out, learned, grad)]


@needs_gpu
@pytest.mark.parametrize(("heads", "kv_heads", "dim"), [(16, 8, 128), (32, 8, 128), (6, 3, 64), (64, 4, 128), (4, 4, 32)])
def test_the_fused_operation_does_what_torch_operations_do(heads: int, kv_heads: int, dim: int) -> None:
    """Scales included, whose gradients are summed over tokens in an order of their own, and values, whose gradient is copied into place."""
    learned, fixed = problem(heads, kv_heads, dim)
    wanted = results([tensor.bfloat16().float() for tensor in learned], fixed, kv_heads)
    found = results([tensor.cuda().bfloat16() for tensor in learned], [tensor.cuda() for tensor in fixed], kv_heads)
    for got, want in zip(found, wanted, strict=True):
        assert got.shape == want.shape
        assert float((got.float().cpu() - want).norm() / want.norm()) < 0.02


def test_heads_are_normalised_before_they_turn() -> None:
    """One token sees only itself, so its output is its value; of two equal keys each gets half, whatever their lengths were."""
    qkv = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]])
    one, zero = torch.ones(1, 1), torch.zeros(1, 1)
    out = normed_attention(qkv, 1, torch.ones(2), torch.ones(2), one, zero, torch.tensor([0, 1], dtype=torch.int32), 1, 1e-6)
    assert torch.equal(out, qkv[:, 2:])
    twice = torch.cat([qkv, qkv * torch.tensor([1.0, 7.0, 3.0]).view(1, 3, 1)])
    out = normed_attention(
        twice, 1, torch.ones(2), torch.ones(2), one.expand(2, 1), zero.expand(2, 1), torch.tensor([0, 2], dtype=torch.int32), 2, 1e-6
    )
    torch.testing.assert_close(out[1, 0], torch.tensor([10.0, 12.0]))
