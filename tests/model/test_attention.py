"""Every kernel of packed attention against plain softmax in float32, forward and backward."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model import attention
from model.attention import TOLERANCE, choose, describe, trial, use, varlen_attention
from model.attention_kernels import KERNELS, SDPA, Kernel, Packed, Saved

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


def plain(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, lengths: list[int], causal: bool) -> torch.Tensor:
    """By the definition: a mask over the whole row."""
    group = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
    segment = torch.repeat_interleave(torch.tensor(lengths, device=q.device))
    visible = segment[:, None] == segment
    if causal:
        visible &= torch.ones_like(visible).tril()
    scores = torch.einsum("qhd,khd->hqk", q.float(), k.float()) * q.shape[2] ** -0.5
    return torch.einsum("hqk,khd->qhd", scores.masked_fill(~visible, -torch.inf).softmax(-1), v.float())


def problem(
    lengths: list[int], heads: int, kv: int, dim: int, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """q, k, v and the gradient of the output; v is a view into a wider row, as it is in the model."""
    generator = torch.Generator(device).manual_seed(sum(lengths))
    rows = torch.randn(sum(lengths), heads + 2 * kv, dim, device=device, generator=generator).to(dtype)
    q, k, v = rows.split((heads, kv, kv), dim=1)
    grad = torch.randn(q.shape, device=device, generator=generator).to(dtype)
    return q.contiguous(), k.contiguous(), v, grad


def boundaries(lengths: list[int], device: str = "cpu") -> torch.Tensor:
    return torch.tensor([0, *lengths], device=device).cumsum(0).to(torch.int32)


def results(lengths: list[int], tensors: tuple[torch.Tensor, ...], causal: bool, *, exact: bool) -> list[torch.Tensor]:
    """Output and the gradients of q, k and v."""
    q, k, v = (tensor.detach().to(torch.float32 if exact else tensor.dtype).requires_grad_() for tensor in tensors[:3])
    if exact:
        out = plain(q, k, v, lengths, causal)
    else:
        out = varlen_attention(q, k, v, boundaries(lengths, str(q.device)), max(lengths), causal)
    return [out.detach(), *torch.autograd.grad(out, (q, k, v), tensors[3].to(out.dtype))]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.sampled_from([(4, 2), (2, 2), (6, 1)]), st.booleans())
@settings(max_examples=30)
def test_the_cpu_agrees_with_plain_softmax(lengths: list[int], heads: tuple[int, int], causal: bool) -> None:
    tensors = problem(lengths, *heads, 16)
    for got, want in zip(results(lengths, tensors, causal, exact=False), results(lengths, tensors, causal, exact=True), strict=True):
        assert torch.allclose(got, want, atol=2e-5)


@pytest.mark.parametrize("causal", [True, False])
def test_the_formulas_of_the_fallbacks_backward_pass(causal: bool) -> None:
    """`SDPA` is what other kernels are held against before they are chosen."""
    lengths = [5, 1, 17]
    q, k, v, grad = problem(lengths, 4, 2, 8)
    given = Packed(q, k, v, boundaries(lengths), max(lengths), causal)
    saved = SDPA.forward(given)
    got = [saved[0], *SDPA.backward(grad, given, saved)]
    for one, other in zip(got, results(lengths, (q, k, v, grad), causal, exact=True), strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_an_empty_segment_is_no_trouble() -> None:
    q, k, v, _ = problem([3, 0, 4], 2, 2, 8)
    assert torch.allclose(varlen_attention(q, k, v, boundaries([3, 0, 4]), 4, True), plain(q, k, v, [3, 0, 4], True), atol=1e-5)


def test_a_neighbour_changes_nothing() -> None:
    """Catches attention across sub-samples, to the bit."""
    q, k, v, _ = problem([9, 7], 4, 2, 16)
    alone = varlen_attention(q[:9], k[:9], v[:9], boundaries([9]), 9, True)
    assert torch.equal(varlen_attention(q, k, v, boundaries([9, 7]), 9, True)[:9], alone)


def test_the_choice_says_why_faster_kernels_were_passed_over() -> None:
    attention._CHOICES.clear()
    choose.cache_clear()
    assert describe() == "attention: nothing chosen yet"
    q, k, v, _ = problem([4], 2, 1, 8)
    varlen_attention(q, k, v, boundaries([4]), 4, True)
    assert "sdpa for cpu float32 head_dim 8" in describe()
    assert "flash-attn-4: needs CUDA" in describe()


def test_a_kernel_that_computes_wrongly_is_passed_over() -> None:
    def sees_the_future(x: Packed) -> Saved:
        return SDPA.forward(replace(x, causal=False))

    def absent(x: Packed) -> Saved:
        raise ImportError("No module named 'absent'")

    def fault(kernel: Kernel) -> str | None:
        return trial(kernel, torch.device("cpu"), torch.float32, 16, 2, True)

    assert fault(SDPA) is None
    assert "wrong by" in str(fault(replace(SDPA, forward=sees_the_future)))
    assert "wrong by" in str(fault(replace(SDPA, backward=lambda grad, x, saved: SDPA.backward(2 * grad, x, saved))))
    assert fault(replace(SDPA, forward=absent)) == "ImportError: No module named 'absent'"


def test_a_kernel_can_be_asked_for_by_name() -> None:
    use("torch-varlen")
    try:
        with pytest.raises(RuntimeError, match="sdpa: not asked for"):
            choose(torch.device("cpu"), torch.float32, 16, 2, True)
    finally:
        use(None)


@needs_gpu
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
@pytest.mark.parametrize(("heads", "kv", "dim", "causal"), [(16, 8, 128, True), (6, 3, 64, True), (16, 16, 64, False), (16, 16, 72, False)])
def test_a_gpu_kernel_agrees_with_plain_softmax(kernel: Kernel, heads: int, kv: int, dim: int, causal: bool) -> None:
    use(kernel.name)
    try:
        try:
            choose(torch.device("cuda"), torch.bfloat16, dim, heads // kv, causal)
        except RuntimeError as error:
            if kernel.name in ("torch-varlen", "sdpa"):
                raise
            pytest.skip(str(error))
        lengths = [300, 1, 77, 640, 6]
        tensors = problem(lengths, heads, kv, dim, "cuda", torch.bfloat16)
        for got, want in zip(results(lengths, tensors, causal, exact=False), results(lengths, tensors, causal, exact=True), strict=True):
            assert (got.float() - want).norm() / want.norm() < TOLERANCE
    finally:
        use(None)


@needs_gpu
def test_compiled_attention_is_one_graph() -> None:
    lengths = [30, 98]
    q, k, v, _ = problem(lengths, 4, 2, 64, "cuda", torch.bfloat16)
    got = torch.compile(varlen_attention, fullgraph=True)(q, k, v, boundaries(lengths, "cuda"), max(lengths), True)
    want = plain(q, k, v, lengths, True)
    assert (got.float() - want).norm() / want.norm() < TOLERANCE
