import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.schedule import Schedule


def test_warm_up_is_linear_and_learns_from_the_first_step() -> None:
    schedule = Schedule(peak=0.8, warmup_steps=4, total_steps=10)
    assert [schedule.at(step) for step in range(4)] == pytest.approx([0.2, 0.4, 0.6, 0.8])


@pytest.mark.parametrize("decay", ["cosine", "linear"])
def test_decay_ends_at_the_final_share_with_the_last_step(decay: str) -> None:
    schedule = Schedule(peak=1.0, warmup_steps=2, total_steps=12, decay=decay, final_share=0.1)  # type: ignore[arg-type]
    assert schedule.at(11) == pytest.approx(0.1)
    assert schedule.at(10) > schedule.at(11)
    assert schedule.at(500) == schedule.at(11)


def test_cosine_is_half_way_down_in_the_middle_and_linear_too() -> None:
    for decay in ("cosine", "linear"):
        assert Schedule(1.0, 0, 10, decay, final_share=0.0).at(4) == pytest.approx(0.5)


@given(st.integers(0, 50), st.integers(1, 200), st.sampled_from(["cosine", "linear", "constant"]), st.integers(0, 400))
def test_rates_are_positive_and_never_above_the_peak(warmup: int, total: int, decay: str, step: int) -> None:
    rate = Schedule(3e-4, warmup, total, decay).at(step)  # type: ignore[arg-type]
    assert 0 < rate <= 3e-4 * (1 + 1e-12)


@given(st.integers(0, 20), st.integers(30, 200), st.sampled_from(["cosine", "linear"]))
def test_after_warm_up_it_only_falls(warmup: int, total: int, decay: str) -> None:
    schedule = Schedule(1.0, warmup, total, decay)  # type: ignore[arg-type]
    rates = [schedule.at(step) for step in range(warmup, total)]
    assert rates == sorted(rates, reverse=True)
