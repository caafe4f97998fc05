"""Experts against a loop over tokens, and the load balance against transformers' function."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from model.moe import Experts, balance_loss
from model.pack import to_batch
from tests.model.rows import MOE, packed, random_model, randomise, sample, tiny


def one_at_a_time(experts: Experts, x: torch.Tensor) -> torch.Tensor:
    """The definition: every token asks its experts in turn."""
    rows = []
    for token in x:
        probabilities = F.softmax(experts.router.weight @ token, dim=0)
        best = probabilities.topk(experts.per_token)
        row = torch.zeros_like(token)
        for weight, expert in zip(best.values / best.values.sum(), best.indices, strict=True):
            gate, up = (token @ experts.gate_up[expert]).chunk(2)
            row = row + weight * ((F.silu(gate) * up) @ experts.down[expert])
        rows.append(row)
    return torch.stack(rows)


@given(st.integers(1, 30), st.integers(1, 6), st.integers(0, 99))
@settings(max_examples=20)
def test_grouped_experts_are_the_loop_over_tokens(tokens: int, per_token: int, seed: int) -> None:
    """With more experts than tokens, too, so that some get none."""
    experts = Experts(tiny(**MOE | {"num_experts_per_tok": per_token}).text)
    randomise(experts, seed)
    x = torch.randn(tokens, 64, generator=torch.Generator().manual_seed(seed))
    inputs = [x.clone().requires_grad_(), x.clone().requires_grad_()]
    got, want = experts(inputs[0], torch.ones(tokens, dtype=torch.bool))[0], one_at_a_time(experts, inputs[1])
    assert torch.allclose(got, want, atol=1e-4)
    grad = torch.randn(got.shape, generator=torch.Generator().manual_seed(1))
    parameters = list(experts.parameters())
    results = [torch.autograd.grad(out, [inputs[number], *parameters], grad) for number, out in enumerate((got, want))]
    for one, other in zip(*results, strict=True):
        assert (one - other).norm() <= 1e-4 * other.norm() + 1e-5  # with one expert a token the router has no gradient


def test_the_balance_is_that_of_transformers() -> None:
    modeling = pytest.importorskip("transformers.models.qwen3_vl_moe.modeling_qwen3_vl_moe", reason="transformers is the reference")
    experts = Experts(tiny(**MOE).text)
    layers, logits = [], []
    counted = torch.tensor([False] * 3 + [True] * 17)
    for seed in range(3):
        randomise(experts, seed)
        x = torch.randn(20, 64, generator=torch.Generator().manual_seed(seed))
        layers.append(experts(x, counted)[1])
        logits.append(experts.router(x))
    want = modeling.load_balancing_loss_func(tuple(logits), 6, 2, attention_mask=counted.unsqueeze(0))
    got = balance_loss(layers)
    assert torch.allclose(got, want, rtol=1e-5)
    got.backward()
    assert experts.router.weight.grad is not None
    assert experts.router.weight.grad.norm() > 0


def test_an_even_load_costs_the_least() -> None:
    even = torch.stack((torch.full((4,), 5.0), torch.full((4,), 2.5), torch.full((4,), 10.0)))
    skewed = torch.tensor([[10.0, 10, 0, 0], [5, 5, 0, 0], [10, 10, 10, 10]])
    assert balance_loss([even]) == 2.0  # top_k, when balanced
    assert balance_loss([skewed]) == 4.0


def test_every_token_counts_and_padding_does_not() -> None:
    model = random_model(tiny(**MOE))
    row, longer = packed([sample(0, text=20)]), packed([sample(0, text=20)], 90)
    assert torch.allclose(model(row).balance, model(longer).balance, rtol=1e-5)
    assert model(to_batch([], 90)).balance == 0  # a rank without a row gets an empty one
    first = packed([sample(0, text=1)], 90)  # a sample of one token more than its first
    assert model(first).balance > 0
    assert random_model(tiny())(row).balance == 0
