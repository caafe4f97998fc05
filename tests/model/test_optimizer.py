import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.optimizer import AdamW, AdamWSettings, joined, split

SHAPES = {"weight": (7, 5), "bias": (5,)}


def parameters(dtype: torch.dtype = torch.float32) -> dict[str, torch.nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return {name: torch.nn.Parameter(torch.randn(shape, generator=generator).to(dtype)) for name, shape in SHAPES.items()}


def gradients(step: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(step + 1)
    return {name: torch.randn(shape, generator=generator) for name, shape in SHAPES.items()}


def give(held: dict[str, torch.nn.Parameter], grads: dict[str, torch.Tensor]) -> None:
    for name, parameter in held.items():
        parameter.grad = grads[name].to(parameter.dtype)


def test_it_takes_torchs_steps() -> None:
    ours, theirs = parameters(), parameters()
    own = AdamW(ours.items(), AdamWSettings(weight_decay=0.1))
    groups = [{"params": [theirs["weight"]], "weight_decay": 0.1}, {"params": [theirs["bias"]], "weight_decay": 0.0}]
    reference = torch.optim.AdamW(groups, lr=0.01, betas=(0.9, 0.95))
    for step in range(20):
        give(ours, gradients(step))
        give(theirs, gradients(step))
        own.step(0.01, 1e9, 1.0)
        reference.step()
    for name in SHAPES:
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-5, atol=1e-6)


def test_gradients_are_divided_by_the_weight_and_clipped_to_the_norm() -> None:
    ours, theirs = parameters(), parameters()
    own = AdamW(ours.items(), AdamWSettings(weight_decay=0.0))
    reference = torch.optim.AdamW(theirs.values(), lr=0.01, betas=(0.9, 0.95), weight_decay=0.0)
    for step in range(5):
        give(ours, gradients(step))
        give(theirs, {name: grad / 4.0 for name, grad in gradients(step).items()})
        norm = own.step(0.01, 0.3, 4.0)
        assert float(norm) == pytest.approx(float(torch.nn.utils.clip_grad_norm_(theirs.values(), 0.3)), rel=1e-5)
        reference.step()
    for name in SHAPES:
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-4, atol=1e-6)


def test_masters_keep_what_bf16_would_lose() -> None:
    """300 steps too small for bf16 to show one by one; without masters the weight would not move at all."""
    held = {"weight": torch.nn.Parameter(torch.ones(4, 4))}
    own = AdamW(held.items(), AdamWSettings(weight_decay=0.0), compute=torch.bfloat16)
    assert held["weight"].dtype == torch.bfloat16
    for _ in range(300):
        held["weight"].grad = torch.ones(4, 4, dtype=torch.bfloat16)
        own.step(1e-4, 1e9, 1.0)
    torch.testing.assert_close(own.masters()[0], torch.full((4, 4), 1 - 300e-4), rtol=1e-4, atol=1e-5)
    assert torch.equal(held["weight"].data, own.masters()[0].bfloat16())


@given(st.lists(st.floats(-(2.0**127), 2.0**127, width=32), min_size=1, max_size=50))
def test_halves_of_a_master_give_it_back_to_the_bit(values: list[float]) -> None:
    master = torch.tensor(values)
    high, low = split(master)
    assert torch.equal(joined(high, low).view(torch.int32), master.view(torch.int32))
    rounded = master.bfloat16()
    ties = (master.view(torch.int32) & 0xFFFF) == 0x8000  # torch rounds these to even
    assert torch.equal(high.view(torch.int16)[~ties], rounded.view(torch.int16)[~ties])


def test_micro_batches_are_summed_in_fp32() -> None:
    """256 + 1 is 256 in bf16, so bf16 sums would lose all but the first."""
    held = {"weight": torch.nn.Parameter(torch.zeros(2, 2))}
    own = AdamW(held.items(), AdamWSettings(), compute=torch.bfloat16)
    for value in (256.0, 1.0, 1.0, 1.0):
        held["weight"].grad = torch.full((2, 2), value, dtype=torch.bfloat16)
        own.collect()
    assert float(own.step(0.0, 1e9, 1.0)) == pytest.approx(2 * 259)


@pytest.mark.parametrize("fault", ["gradient", "loss"])
@pytest.mark.parametrize("compute", [None, torch.bfloat16])
def test_a_step_that_is_not_finite_changes_nothing(fault: str, compute: torch.dtype | None) -> None:
    held = parameters()
    own = AdamW(held.items(), AdamWSettings(), compute=compute)
    give(held, gradients(0))
    own.step(0.01, 1.0, 1.0)
    before = {kind: {name: tensor.clone() for name, tensor in group.items()} for kind, group in own.state().items()}
    grads = gradients(1)
    if fault == "gradient":
        grads["weight"][3, 2] = torch.inf
    give(held, grads)
    own.step(0.01, 1.0, 1.0, healthy=torch.tensor(torch.nan if fault == "loss" else 1.0))
    assert all(torch.equal(tensor, before[kind][name]) for kind, group in own.state().items() for name, tensor in group.items())


def test_an_unused_parameter_is_treated_as_one_with_zero_gradient() -> None:
    """So that a rank or a world size whose batches lack images takes the same step as one where they are elsewhere."""
    unused, zero = parameters(), parameters()
    optimizers = [AdamW(held.items(), AdamWSettings()) for held in (unused, zero)]
    give(unused, gradients(0))
    give(zero, gradients(0) | {"weight": torch.zeros(SHAPES["weight"])})
    unused["weight"].grad = None
    for own in optimizers:
        own.step(0.01, 1.0, 1.0)
    assert torch.equal(unused["weight"], zero["weight"])


def test_restored_state_goes_on_to_the_bit() -> None:
    def run(own: AdamW, held: dict[str, torch.nn.Parameter], steps: range) -> None:
        for step in steps:
            give(held, gradients(step))
            own.step(0.01, 1.0, 1.0)

    whole = parameters()
    first = AdamW(whole.items(), AdamWSettings(), compute=torch.bfloat16)
    run(first, whole, range(3))
    later = parameters()
    second = AdamW(later.items(), AdamWSettings(), compute=torch.bfloat16)
    state = second.state()
    for kind, group in state.items():
        for name, tensor in group.items():
            tensor.copy_(first.state()[kind][name])
    second.restored(3, state["parameters"])
    run(first, whole, range(3, 6))
    run(second, later, range(3, 6))
    assert all(torch.equal(whole[name], later[name]) for name in SHAPES)


def test_a_part_may_learn_slower() -> None:
    held = parameters()
    before = {name: parameter.detach().clone() for name, parameter in held.items()}
    own = AdamW(held.items(), AdamWSettings(weight_decay=0.0), rate=lambda name: 0.0 if name == "bias" else 1.0)
    give(held, gradients(0))
    own.step(0.01, 1.0, 1.0)
    assert torch.equal(held["bias"], before["bias"])
    assert not torch.equal(held["weight"], before["weight"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="the fused kernel needs a CUDA GPU; bench/mfu.py times it there")
@pytest.mark.parametrize("compute", [None, torch.bfloat16])
def test_the_fused_kernel_does_what_torch_operations_do(compute: torch.dtype | None) -> None:
    plain, fused = parameters(), {name: torch.nn.Parameter(parameter.data.cuda()) for name, parameter in parameters().items()}
    optimizers = [AdamW(held.items(), AdamWSettings(), compute=compute) for held in (plain, fused)]
    for step in range(5):
        grads = gradients(step)
        if step == 3:
            grads["weight"][0, 0] = torch.nan
        give(plain, grads)
        give(fused, {name: grad.cuda() for name, grad in grads.items()})
        for own in optimizers:
            own.step(0.01, 1.0, 2.0)
    for mine, theirs in zip(optimizers[0].masters(), optimizers[1].masters(), strict=True):
        torch.testing.assert_close(mine, theirs.cpu(), rtol=1e-5, atol=1e-6)


def test_fp32_training_of_a_bf16_checkpoint_moves_the_parameters() -> None:
    """Catches a master that is another copy than the parameter: the run would export what it began with."""
    layer = torch.nn.Linear(8, 8).to(torch.bfloat16)
    before = layer.weight.detach().float().clone()
    optimizer = AdamW(layer.named_parameters(), AdamWSettings(), compute=torch.float32)
    layer(torch.ones(2, 8)).sum().backward()
    optimizer.step(0.1, 1.0, 1.0)
    assert layer.weight.dtype == torch.float32
    assert not torch.equal(layer.weight.float(), before)
