"""The statistics of ablations on simulated runs, whose truth is known."""

import tracemalloc

import numpy as np
import pytest

from model.ablation_stats import (
    Pairs,
    decision_accuracy,
    degrees,
    detectable_before,
    effects_of,
    holm,
    item_error,
    word_of,
)

SAMPLES = 60


def simulated(
    rng: np.random.Generator, effects: list[float], seeds: int, seed_noise: float = 0.01, item_noise: float = 0.05
) -> list[Pairs]:
    """Changes against one base: each run has noise of its own, each change its own liking for items."""
    base = rng.normal(0, seed_noise, seeds)
    pairs = []
    for number, effect in enumerate(effects):
        liking = rng.normal(0, item_noise, SAMPLES)
        own = rng.normal(0, seed_noise, seeds)
        differences = effect + (own - base)[:, None] + liking[None] + rng.normal(0, item_noise, (seeds, SAMPLES))
        pairs.append(Pairs(f"change {number}", "all", differences, np.ones(SAMPLES)))
    return pairs


def test_intervals_cover_and_false_findings_keep_the_level() -> None:
    """200 reports of five changes without an effect: 95 % intervals cover, at most 5 % of the reports find anything."""
    rng = np.random.default_rng(1)
    covered, found = [], []
    for _ in range(200):
        effects = effects_of(simulated(rng, [0.0] * 5, 3), rng, level=0.05, smallest=0.001, draws=2_000)
        covered += [effect.low <= 0 <= effect.high for effect in effects]
        found.append(any(effect.word in ("helps", "hurts") for effect in effects))
    assert np.mean(covered) >= 0.94
    assert np.mean(found) <= 0.06


def test_an_effect_of_the_size_foretold_is_found_four_times_in_five() -> None:
    rng = np.random.default_rng(2)
    spread = float(np.sqrt(2 * 0.01**2 + 0.05**2 / SAMPLES))  # of `simulated`: base, own, and items anew in each run
    error = float(np.mean([item_error(one, rng) for one in simulated(rng, [0.0] * 20, 3)]))
    size = detectable_before(spread, degrees(3, 5), error, seeds=3, level=0.05, comparisons=5, rng=rng)
    words = [effects_of(simulated(rng, [size, 0, 0, 0, 0], 3), rng, level=0.05, smallest=0.001, draws=4_000)[0].word for _ in range(150)]
    assert 0.7 <= words.count("helps") / len(words) <= 0.97
    assert "hurts" not in words


def test_a_small_effect_known_well_counts_as_none_and_one_seed_tells_nothing() -> None:
    rng = np.random.default_rng(3)
    quiet = effects_of(simulated(rng, [0.0] * 3, 4, 1e-4, 1e-4), rng, level=0.05, smallest=0.02)
    assert [effect.word for effect in quiet] == ["no effect"] * 3
    alone = effects_of(simulated(rng, [1.0], 1), rng, level=0.05, smallest=0.02)
    assert alone[0].word == "cannot tell"
    assert alone[0].high == np.inf


def test_an_arm_that_lost_seeds_and_samples_is_judged_by_what_is_left() -> None:
    rng = np.random.default_rng(6)
    pairs = simulated(rng, [-0.5, 0.0, -0.5], 3)
    short = Pairs("short", "all", pairs[2].sums[:1, :40], pairs[2].weights[:40])
    effects = effects_of([short, *pairs[:2]], rng, level=0.05, smallest=0.02)
    assert [effect.seeds for effect in effects] == [1, 3, 3]
    assert effects[0].word == effects[1].word == "hurts"  # by the spread of the others


def test_a_change_for_the_worse_hurts_and_another_arm_that_fell_apart_hides_it_not() -> None:
    rng = np.random.default_rng(4)
    pairs = simulated(rng, [-0.5, 0.0, 0.0, 0.0], 3)
    wild = Pairs("wild", "all", pairs[3].sums + np.array([[5.0], [-5.0], [0.0]]), pairs[3].weights)
    effects = effects_of([*pairs[:3], wild], rng, level=0.05, smallest=0.02)
    assert effects[0].word == "hurts"
    assert effects[3].word == "cannot tell"


@pytest.mark.parametrize(
    ("ratio", "seeds", "missed", "found"), [(1, 3, 0.06, 0.02), (3, 3, 0.075, 0.03), (10, 3, 0.075, 0.03), (10, 2, 0.11, 0.05)]
)
def test_an_arm_noisier_than_the_others_is_no_finding(ratio: float, seeds: int, missed: float, found: float) -> None:
    """Of eight arms without an effect one has more spread. With its spread and the pool's degrees of freedom its 95 % interval missed 0 in
    9, 13 and 17 % of the reports with a ratio of 3, of 10, and of 10 with two seeds.
    """
    trials, samples = 1_000, 20
    rng = np.random.default_rng(7)
    misses = finds = 0
    for _ in range(trials):
        base = rng.normal(0, 0.007, seeds)
        runs = [rng.normal(0, 0.007 * (ratio if arm == 0 else 1), seeds) - base for arm in range(8)]
        pairs = [Pairs(str(arm), "all", np.repeat(run[:, None], samples, 1), np.ones(samples)) for arm, run in enumerate(runs)]
        noisy = effects_of(pairs, rng, level=0.05, smallest=0.001, draws=2)[0]
        misses += not noisy.low <= 0 <= noisy.high
        finds += noisy.word in ("helps", "hurts")
    assert misses / trials <= missed
    assert finds / trials <= found


def test_a_large_effect_is_found_among_thousands_of_comparisons_and_a_small_one_is_not() -> None:
    """Of draws alone no p-value is small enough for more than some hundred comparisons, and the surest interval ends at the last draw."""
    rng = np.random.default_rng(8)
    for count in (600, 3_000):
        large, small = (
            [Pairs("x", f"set {k}", mean + rng.normal(0, 0.01, (3, 30)), np.ones(30)) for k in range(count)] for mean in (5.0, 0.0)
        )
        assert {one.word for one in effects_of(large, rng, level=0.05, smallest=0.02, draws=200)} == {"helps"}
        assert not any(one.word in ("helps", "hurts") for one in effects_of(small, rng, level=0.05, smallest=0.02, draws=200))
    steady = [Pairs("x", f"set {k}", np.repeat([[0.01], [0.02], [0.03]], 30, 1), np.ones(30)) for k in range(3_000)]
    surest = effects_of(steady, rng, level=0.05, smallest=0.02, draws=200)[0]
    # Two degrees of freedom: the t distribution's quantile at q is (2 q - 1) / sqrt(2 q (1 - q)).
    q = 1 - 0.05 / 2 / 3_000
    assert surest.sure_high - surest.mean == pytest.approx(
        surest.seed_spread / np.sqrt(3) * (2 * q - 1) / np.sqrt(2 * q * (1 - q)), rel=1e-4
    )


def test_items_are_drawn_in_bounded_memory() -> None:
    samples, rng = 20_000, np.random.default_rng(9)
    pairs = [Pairs("x", f"set {k}", rng.normal(0, 1, (2, samples)), np.ones(samples)) for k in range(3)]
    tracemalloc.start()
    effects_of(pairs, rng, level=0.05, smallest=0.02, draws=600)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 120e6  # all draws of one group at once take 96 MB, with those of all groups 288 MB, and as much again to multiply


def test_the_error_of_items_is_the_textbooks() -> None:
    rng = np.random.default_rng(10)
    one = Pairs("x", "all", np.repeat(rng.normal(0, 1, (1, 50)), 2, 0), np.ones(50))
    assert item_error(one, rng) == pytest.approx(one.sums[0].std(ddof=1) / np.sqrt(50), rel=0.05)


def test_holm_is_the_textbooks() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("mean", "p", "low", "high", "word"),
    [
        (0.1, 0.01, 0.05, 0.2, "helps"),
        (-0.1, 0.01, -0.2, -0.05, "hurts"),
        (0.001, 0.5, -0.01, 0.01, "no effect"),
        (0.001, 0.5, -0.03, 0.01, "cannot tell"),
    ],
)
def test_words_follow_the_rule(mean: float, p: float, low: float, high: float, word: str) -> None:
    assert word_of(mean, p, low, high, 0.05, 0.02) == word


def test_decision_accuracy_counts_pairs_ranked_alike() -> None:
    rng = np.random.default_rng(5)
    assert decision_accuracy([1, 2, 3, 4], [10, 20, 30, 40], rng)[0] == 1.0
    share, low, high = decision_accuracy([1, 2, 3, 4], [1, 2, 4, 3], rng)
    assert share == pytest.approx(5 / 6)
    assert low <= share <= high
    with pytest.raises(ValueError, match="arms"):
        decision_accuracy([1], [1], rng)
