"""What paired runs say about a change: effect, interval, and one of four words by a stated rule.

Arms are paired by seed and by item. The effect is the mean over seeds of the difference in score, in the direction in which more is better.
Its uncertainty has two independent parts, drawn together (a hierarchical bootstrap with a parametric top level):

* **items**: evaluation samples are drawn with replacement (`model.bootstrap`), the same draws for every arm;
* **seeds**: there are too few to resample - three give ten different resamples, whose 95 % interval covers about 80 % -, so their part is
  a t distribution of the seeds' spread. The spread is the larger of the arm's own and the one pooled over arms, and its degrees of freedom
  are those of the pooled one, less what the arms share through their one base (`degrees`).

Words follow p-values corrected after Holm (Scandinavian Journal of Statistics 1979): it keeps the chance of even one false finding in a
report under the level, whatever the dependence between comparisons. Benjamini and Hochberg's rate of false findings would find more, but a
reader acts on each word alone, and a data family is dropped on the strength of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Word = Literal["helps", "hurts", "no effect", "cannot tell"]
DRAWS = 20_000
"""Draws of an effect (chosen: a corrected p-value of 0.05 among 50 comparisons rests on 20 of them)."""
POWER = 0.8
"""Chance with which an effect of the smallest detectable size is found: the customary value."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One change's effect on one group of items.

    Attributes:
        mean: Positive where the change makes the score better.
        low: Lower end of the interval at the level, uncorrected.
        high: Upper end.
        sure_low: Lower end of the interval that holds for all comparisons at once (Bonferroni).
        sure_high: Upper end.
        p: Two-sided, uncorrected.
        p_holm: Corrected for the number of comparisons.
        word: What follows, by `word_of`.
        seeds: Pairs of runs.
        samples: Evaluation samples.
        seed_spread: Standard deviation of the effect over seeds.
        detectable: The effect that this design finds with a chance of `POWER`.
    """

    mean: float
    low: float
    high: float
    sure_low: float
    sure_high: float
    p: float
    p_holm: float
    word: Word
    seeds: int
    samples: int
    seed_spread: float
    detectable: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """Differences of one change on one group: `sums` [seeds, samples], of numerators over a sample's items; `weights` [samples]."""

    change: str
    group: str
    sums: Array
    weights: Array

    @property
    def by_seed(self) -> Array:
        """Effect of each seed."""
        effects: Array = self.sums.sum(axis=1) / self.weights.sum()
        return effects


def effects_of(
    pairs: Sequence[Pairs], rng: np.random.Generator, *, level: float, smallest: float, draws: int = DRAWS, pilot: float | None = None
) -> list[Effect]:
    """The effects of all comparisons of a report, corrected together.

    Args:
        pairs: At least one; those of a group have equal weights.
        rng: Draws items and seeds.
        level: Chance of any false finding.
        smallest: An effect that surely is not larger counts as none.
        draws: Draws a comparison.
        pilot: Spread over seeds known from other runs, where there is one seed only; without it nothing can be told.
    """
    pooled = _pooled(pairs)
    drawn: dict[tuple[str, int], Array] = {}
    found: list[tuple[Pairs, Array, float, float]] = []
    for one in pairs:
        seeds, samples = one.sums.shape
        if (key := (one.group, samples)) not in drawn:
            drawn[key] = rng.multinomial(samples, np.full(samples, 1 / samples), size=draws).astype(np.float64)
        counts = drawn[key]
        mean = float(one.by_seed.mean())
        by_item = counts @ one.sums.mean(axis=0) / np.maximum(counts @ one.weights, 1e-12)
        spread, degrees = pooled[one.group]
        if seeds > 1:
            spread = max(spread, float(one.by_seed.std(ddof=1)))
        elif pilot is not None:
            spread, degrees = pilot, 1e6
        noise = spread / np.sqrt(seeds) * rng.standard_t(degrees, draws) if degrees else np.full(draws, np.nan)
        found.append((one, by_item + noise, mean, spread))
    values = [_p(draws_of_one) for _, draws_of_one, _, _ in found]
    corrected = holm(values)
    return [
        _effect(one, draws_of_one, mean, spread, p, p_holm, level=level, comparisons=len(found), smallest=smallest)
        for (one, draws_of_one, mean, spread), p, p_holm in zip(found, values, corrected, strict=True)
    ]


def _pooled(pairs: Sequence[Pairs]) -> dict[str, tuple[float, float]]:
    """Group to the spread over seeds, pooled over its changes, and its degrees of freedom; 0 with one seed."""
    groups: dict[str, list[Array]] = {}
    for one in pairs:
        groups.setdefault(one.group, []).append(one.by_seed)
    pooled = {}
    for group, members in groups.items():
        variances = [float(each.var(ddof=1)) for each in members if len(each) > 1]
        # The median, as one arm that fell apart would hide what all others say; where it is larger, an arm's own spread is taken. The
        # divisor is that of chi squared over its mean (Wilson and Hilferty, PNAS 1931).
        seeds = max(map(len, members))
        below = (1 - 2 / (9 * (seeds - 1))) ** 3 if variances else 1.0
        spread = float(np.sqrt(np.median(variances) / below)) if variances else 0.0
        pooled[group] = (spread, degrees(seeds, len(variances)))
    return pooled


def degrees(seeds: int, changes: int) -> float:
    """Degrees of freedom of a variance pooled over changes that share one base.

    Differences from one base are correlated by a half, so the estimates of their variances are by a quarter: the mean of C varies as
    (1 + (C - 1) / 4) / C of one, which has seeds - 1 degrees.
    """
    return (seeds - 1) * changes / (1 + (changes - 1) / 4) if changes else 0.0


def _p(draws: Array) -> float:
    """Two-sided: twice the share of draws on the rarer side of 0, at least one draw of it."""
    if np.isnan(draws).any():
        return 1.0
    rarer = min(int((draws <= 0).sum()), int((draws >= 0).sum()))
    return min(1.0, 2 * (rarer + 1) / (len(draws) + 1))


def holm(p: Sequence[float]) -> list[float]:
    """Holm's step-down correction: the k-th smallest of m times m - k, made monotone, at most 1."""
    corrected, highest = [1.0] * len(p), 0.0
    for rank, number in enumerate(sorted(range(len(p)), key=lambda k: p[k])):
        highest = max(highest, min(1.0, p[number] * (len(p) - rank)))
        corrected[number] = highest
    return corrected


def _effect(
    one: Pairs, draws: Array, mean: float, spread: float, p: float, p_holm: float, *, level: float, comparisons: int, smallest: float
) -> Effect:
    seeds, samples = one.sums.shape
    if np.isnan(draws).any() or samples == 1:
        inf = float("inf")
        return Effect(mean, -inf, inf, -inf, inf, 1.0, 1.0, "cannot tell", seeds, samples, spread, inf)
    low, high, sure_low, sure_high = np.quantile(draws, [level / 2, 1 - level / 2, level / 2 / comparisons, 1 - level / 2 / comparisons])
    still = draws - draws.mean()
    detectable = np.quantile(np.abs(still), 1 - level / comparisons) + np.quantile(still, POWER)
    word = word_of(mean, p_holm, float(sure_low), float(sure_high), level, smallest)
    ends = (float(low), float(high), float(sure_low), float(sure_high))
    return Effect(mean, *ends, p, p_holm, word, seeds, samples, spread, float(detectable))


def word_of(mean: float, p_holm: float, sure_low: float, sure_high: float, level: float, smallest: float) -> Word:
    """The rule: `helps` or `hurts` if the corrected p-value is below the level, by the sign of the effect; else `no effect` (larger than
    `smallest`) if the interval that holds for all comparisons at once lies within plus and minus `smallest`; else `cannot tell`. An effect
    can be told from 0 and yet be smaller than `smallest`: it helps or hurts, a little.
    """
    if p_holm < level:
        return "helps" if mean > 0 else "hurts"
    return "no effect" if -smallest <= sure_low and sure_high <= smallest else "cannot tell"


def detectable_before(
    spread: float, known_degrees: float, item_error: float, *, seeds: int, level: float, comparisons: int, rng: np.random.Generator
) -> float:
    """The smallest effect that a design would find with a chance of `POWER`, from a pilot.

    Args:
        spread: Standard deviation of a paired difference over seeds.
        known_degrees: Degrees of freedom that the design's own spread will have (`degrees`); infinite without seeds makes it infinite.
        item_error: Standard error of a difference from the choice of evaluation samples.
        seeds: Of the design.
        level: Chance of any false finding.
        comparisons: Of the design.
        rng: Draws both parts.
    """
    if seeds < 2 or known_degrees <= 0:
        return float("inf")
    believed = spread / np.sqrt(seeds) * rng.standard_t(known_degrees, DRAWS) + item_error * rng.standard_normal(DRAWS)
    bar = np.quantile(np.abs(believed), 1 - level / comparisons)
    # An arm's own spread is taken where it is larger than the pooled one, which raises the bar for some.
    own, pooled = (np.sqrt(rng.chisquare(df, DRAWS) / df) for df in (seeds - 1, known_degrees))
    real = spread / np.sqrt(seeds) * rng.standard_normal(DRAWS) + item_error * rng.standard_normal(DRAWS)
    return float(np.quantile(bar * np.maximum(own, pooled) - real, POWER))


def item_error(one: Pairs, rng: np.random.Generator, draws: int = 2_000) -> float:
    """Standard error of an effect from the choice of evaluation samples alone."""
    samples = len(one.weights)
    counts = rng.multinomial(samples, np.full(samples, 1 / samples), size=draws)
    return float((counts @ one.sums.mean(axis=0) / np.maximum(counts @ one.weights, 1e-12)).std())


def decision_accuracy(small: Sequence[float], large: Sequence[float], rng: np.random.Generator) -> tuple[float, float, float]:
    """Share of pairs of arms that a small model ranks as a large one does, with its 95 % interval over arms (Magnusson et al.,
    "DataDecide", arXiv 2504.11393).

    Args:
        small: Score of each arm, by the small model.
        large: The same arms by the large one.
        rng: Draws arms with replacement.

    Raises:
        ValueError: Fewer than two arms, or unequal numbers of them.
    """
    if len(small) != len(large) or len(small) < 2:
        raise ValueError(f"{len(small)} and {len(large)} arms; give the same two or more arms")
    a, b = np.sign(np.subtract.outer(small, small)), np.sign(np.subtract.outer(large, large))
    agree = (a == b).astype(np.float64)
    upper = np.triu_indices(len(small), 1)
    picks = rng.integers(len(small), size=(2_000, len(small)))
    shares = []
    for pick in picks:
        left, right = pick[upper[0]], pick[upper[1]]
        if (different := left != right).any():  # an arm agrees with itself whatever the models say
            shares.append(float(agree[left[different], right[different]].mean()))
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(agree[upper].mean()), float(low), float(high)
