"""Chunked cross entropy against torch's own over whole logits: values, gradients, sums by source."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from model import loss
from model.batch import IGNORE
from model.loss import MAX_SOURCES, loss_parts, weighted_loss
from tests.model.rows import MOE, packed, random_model, sample, tiny

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


def problem(length: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    hidden, head = torch.randn(length, 12, generator=generator), torch.randn(50, 12, generator=generator)
    targets = torch.randint(0, 50, (length,), generator=generator)
    weights = torch.rand(length, generator=generator)
    ignored = torch.rand(length, generator=generator) < 0.3
    return hidden, head, targets.masked_fill(ignored, IGNORE), weights.masked_fill(ignored, 0.0)


@given(st.integers(1, 40), st.integers(1, 50), st.integers(0, 99))
@settings(max_examples=30)
def test_values_and_gradients_are_those_of_whole_logits(length: int, chunk: int, seed: int) -> None:
    hidden, head, targets, weights = problem(length, seed)
    results = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loss, "CHUNK_CPU", chunk)
        for chunked in (True, False):
            inputs = [hidden.clone().requires_grad_(), head.clone().requires_grad_()]
            if chunked:
                total, terms = weighted_loss(inputs[0], inputs[1], targets, weights)
                assert torch.allclose(terms.sum(), total)
            else:
                total = (F.cross_entropy(inputs[0] @ inputs[1].T, targets, reduction="none") * weights).sum()
            (total * 3 / 7).backward()
            results.append([total.detach(), *(tensor.grad for tensor in inputs if tensor.grad is not None)])
    for got, want in zip(*results, strict=True):
        assert torch.allclose(got, want, atol=1e-5)


@pytest.mark.parametrize("frozen", [0, 1])
def test_what_needs_no_gradient_gets_none(frozen: int) -> None:
    hidden, head, targets, weights = problem(9, 0)
    inputs = [hidden.requires_grad_(frozen != 0), head.requires_grad_(frozen != 1)]
    weighted_loss(inputs[0], inputs[1], targets, weights)[0].backward()
    assert [tensor.grad is None for tensor in inputs] == [frozen == 0, frozen == 1]


def test_without_gradients_only_values_are_computed() -> None:
    hidden, head, targets, weights = problem(9, 0)
    total, _ = weighted_loss(hidden, head, targets, weights)
    assert not total.requires_grad
    assert torch.allclose(total, (F.cross_entropy(hidden @ head.T, targets, reduction="none") * weights).sum())


def test_sums_by_source_add_up() -> None:
    hidden, head, targets, weights = problem(20, 1)
    total, terms = weighted_loss(hidden, head, targets, weights)
    sources = torch.arange(20) % 3
    parts = loss_parts(total, terms, weights, sources, torch.zeros(()))
    assert parts.source_loss.shape == parts.source_weight.shape == (MAX_SOURCES,)
    assert torch.allclose(parts.source_loss.sum(), parts.loss)
    assert torch.allclose(parts.source_loss[1], terms[sources == 1].sum())
    assert torch.allclose(parts.source_weight[2], weights[sources == 2].sum())


def test_a_row_of_many_is_the_sum_of_its_samples() -> None:
    """Packed and alone give the same loss and gradients; padding gives none."""
    model = random_model(tiny())
    samples = [sample(0, [("image", (1, 4, 4))]), sample(1), sample(2, [("video", (2, 2, 4))])]
    together = model(packed(samples, 96))
    together.loss.backward()
    gradients = {name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.grad is not None}
    model.zero_grad()
    alone = [model(packed([s])) for s in samples]
    torch.stack([parts.loss for parts in alone]).sum().backward()
    assert torch.allclose(together.source_loss[:3], torch.stack([parts.source_loss[0] for parts in alone]), rtol=1e-5)
    assert together.weight == sum(parts.weight for parts in alone)
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None
        assert (parameter.grad - gradients[name]).norm() <= 1e-4 * gradients[name].norm(), name


def test_weights_where_there_is_no_target_do_not_count() -> None:
    model, batch = random_model(tiny()), packed([sample(0)], 32)
    batch.loss_weight.fill_(1.0)
    parts = model(batch)
    assert parts.weight == (batch.targets != IGNORE).sum()
    assert torch.isfinite(parts.loss)


def test_the_gradient_is_right_after_recomputing_activations() -> None:
    model, batch = random_model(tiny()), packed([sample(0, [("image", (1, 4, 4))])])
    model(batch).loss.backward()
    plain = [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]
    model.zero_grad()
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    blocks = list(model.blocks())
    for block in blocks:
        block.recompute = True
        block.register_forward_pre_hook(count)
    model(batch).loss.backward()
    assert calls == 2 * len(blocks)
    for parameter, want in zip(model.parameters(), plain, strict=True):
        assert parameter.grad is not None
        assert torch.equal(parameter.grad, want)


@needs_gpu
def test_a_gpu_in_bfloat16_agrees_with_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the compiled pass over the logits and the product that adds up in float32, with a last chunk that is not full."""
    monkeypatch.setattr(loss, "CHUNK", 128)
    generator = torch.Generator().manual_seed(0)
    hidden, head = torch.randn(300, 64, generator=generator), torch.randn(1000, 64, generator=generator) / 8
    targets, weights = torch.randint(0, 1000, (300,), generator=generator), torch.rand(300, generator=generator)
    targets[7], weights[7] = IGNORE, 0.0
    results = []
    for dtype in (torch.bfloat16, torch.float32):
        inputs = [tensor.to("cuda", dtype).requires_grad_() for tensor in (hidden, head)]
        if dtype == torch.bfloat16:
            total = weighted_loss(inputs[0], inputs[1], targets.cuda(), weights.cuda())[0]
        else:
            total = (F.cross_entropy(inputs[0] @ inputs[1].T, targets.cuda(), reduction="none") * weights.cuda()).sum()
        results.append([total, *torch.autograd.grad(total / 3, inputs)])
    for got, want in zip(*results, strict=True):
        assert (got.float() - want).norm() <= 0.01 * want.norm()


@needs_gpu
@pytest.mark.parametrize("changes", [{}, MOE | {"moe_intermediate_size": 32}], ids=["dense", "experts"])
def test_compiled_blocks_on_a_gpu_agree_with_the_cpu(changes: dict[str, int]) -> None:
    model = random_model(tiny(**changes))
    batch = packed([sample(0, [("image", (1, 8, 8))]), sample(1, text=20), sample(2, [("video", (2, 4, 4))])], 128)
    parts = model(batch)
    parts.loss.backward()
    wanted = {name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.grad is not None}
    model.zero_grad()
    model.to("cuda", torch.bfloat16)
    for block in model.blocks():
        block.compile()
    found = model(batch.to("cuda"))
    found.loss.backward()
    assert found.loss.item() == pytest.approx(parts.loss.item(), rel=0.02)
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None
        alike = F.cosine_similarity(parameter.grad.float().cpu().flatten(), wanted[name].flatten(), dim=0)
        assert alike > 0.9 or "router" in name, name  # rounding sends a few tokens to other experts


@needs_gpu
def test_a_step_on_a_gpu_never_waits_for_the_host() -> None:
    """Torch raises at any operation that synchronises; the first pass may, since it chooses kernels and compiles."""
    model = random_model(tiny()).to("cuda", torch.bfloat16)
    batch = packed([sample(0, [("image", (1, 8, 8))]), sample(1, text=20)], 128).to("cuda")
    model(batch).loss.backward()
    torch.cuda.set_sync_debug_mode("error")
    try:
        model(batch).loss.backward()
    finally:
        torch.cuda.set_sync_debug_mode("default")
