"""What paired runs say about a change: effect, interval, and one of four words by a stated rule.

Arms are paired by seed and by item. The effect is the mean over seeds of the difference in score, in the direction in which more is better.
Its variance is the sum of two independent parts:

* **items**: that of drawing other evaluation samples, by a bootstrap (`item_errors`), with samples - 1 degrees of freedom;
* **seeds**: there are too few to resample - three give ten different resamples, whose 95 % interval covers about 80 % -, so their part is
  that of a t distribution. The spread is the larger of the arm's own and the one pooled over arms (`_pooled`). A pooled one has the
  pool's degrees of freedom, less what the arms share through their one base (`degrees`); an own one has only seeds - 1, or arms that are
  noisier than the others, as those with exchanged answers or less data are, would be called findings.

Intervals and p-values are those of a t distribution with Welch and Satterthwaite's degrees of freedom (Biometrics Bulletin 1946), thus as
exact in the far tails, which corrections for hundreds of comparisons ask for, as near the middle.

Words follow p-values corrected after Holm (Scandinavian Journal of Statistics 1979): it keeps the chance of even one false finding in a
report under the level, whatever the dependence between comparisons. Benjamini and Hochberg's rate of false findings would find more, but a
reader acts on each word alone, and a data family is dropped on the strength of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

Array = npt.NDArray[np.float64]
Word = Literal["helps", "hurts", "no effect", "cannot tell"]
DRAWS = 4_000
"""Draws of a standard error (chosen: they leave it uncertain by 1 / sqrt(2 DRAWS) = 1.1 %), and of runs in `detectable_before`."""
BLOCK_VALUES = 4_000_000
"""Counts of samples held at once (chosen: 32 MB, whatever the number of samples)."""
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


@dataclass(frozen=True, slots=True)
class _Uncertain:
    """An effect's standard error, degrees of freedom (0: nothing is known of the spread over seeds), and spread over seeds."""

    error: float
    degrees: float
    spread: float

    def quantile(self, share: float) -> float:
        """Distance from the effect below which the true one's lies with a chance of `share`."""
        return self.error * float(stdtrit(self.degrees, share))


def effects_of(pairs: Sequence[Pairs], rng: np.random.Generator, *, level: float, smallest: float, draws: int = DRAWS) -> list[Effect]:
    """The effects of all comparisons of a report, corrected together.

    Args:
        pairs: At least one.
        rng: Draws items.
        level: Chance of any false finding.
        smallest: An effect that surely is not larger counts as none.
        draws: Draws of items.
    """
    pooled = _pooled(pairs)
    errors = item_errors(pairs, rng, draws)
    known = [_uncertain(one, *pooled[one.group], error) for one, error in zip(pairs, errors, strict=True)]
    values = [_p(float(one.by_seed.mean()), about) for one, about in zip(pairs, known, strict=True)]
    return [
        _effect(one, about, p, p_holm, level=level, comparisons=len(pairs), smallest=smallest)
        for one, about, p, p_holm in zip(pairs, known, values, holm(values), strict=True)
    ]


def _uncertain(one: Pairs, pooled: float, pooled_degrees: float, item_error: float) -> _Uncertain:
    """Both parts of an effect's variance together."""
    seeds, samples = one.sums.shape
    own = float(one.by_seed.std(ddof=1)) if seeds > 1 else 0.0
    spread, known = (own, seeds - 1.0) if own > pooled else (pooled, pooled_degrees)
    if known <= 0 or samples < 2:
        return _Uncertain(float("inf"), 0.0, spread)
    return _Uncertain(*_welch(spread**2 / seeds, known, item_error**2, samples - 1.0), spread)


def _welch(first: float, first_degrees: float, second: float, second_degrees: float) -> tuple[float, float]:
    """Standard error and degrees of freedom of a sum of two variances."""
    total = first + second
    if total == 0:
        return 0.0, first_degrees
    return float(np.sqrt(total)), total**2 / (first**2 / first_degrees + second**2 / second_degrees)


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


def _p(mean: float, about: _Uncertain) -> float:
    """Two-sided, of an effect of 0."""
    if not about.degrees:
        return 1.0
    if about.error == 0:  # every run and sample says the same
        return float(mean == 0)
    return min(1.0, 2 * float(stdtr(about.degrees, -abs(mean) / about.error)))


def holm(p: Sequence[float]) -> list[float]:
    """Holm's step-down correction: the k-th smallest of m times m - k, made monotone, at most 1."""
    corrected, highest = [1.0] * len(p), 0.0
    for rank, number in enumerate(sorted(range(len(p)), key=lambda k: p[k])):
        highest = max(highest, min(1.0, p[number] * (len(p) - rank)))
        corrected[number] = highest
    return corrected


def _effect(one: Pairs, about: _Uncertain, p: float, p_holm: float, *, level: float, comparisons: int, smallest: float) -> Effect:
    seeds, samples = one.sums.shape
    mean = float(one.by_seed.mean())
    if not about.degrees:
        inf = float("inf")
        return Effect(mean, -inf, inf, -inf, inf, 1.0, 1.0, "cannot tell", seeds, samples, about.spread, inf)
    half, sure = about.quantile(1 - level / 2), about.quantile(1 - level / 2 / comparisons)
    word = word_of(mean, p_holm, mean - sure, mean + sure, level, smallest)
    ends = (mean - half, mean + half, mean - sure, mean + sure)
    return Effect(mean, *ends, p, p_holm, word, seeds, samples, about.spread, sure + about.quantile(POWER))


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
    # As `effects_of` will judge: an arm's own spread is taken, with its few degrees of freedom, where it is larger than the pooled one.
    own, pooled = (spread**2 / seeds * rng.chisquare(df, DRAWS) / df for df in (seeds - 1, known_degrees))
    of_seeds, known = np.maximum(own, pooled), np.where(own > pooled, seeds - 1.0, known_degrees)
    total = of_seeds + item_error**2
    if not total.all():
        return 0.0  # no noise of either kind
    df = known / np.maximum(of_seeds / total, 1e-4) ** 2  # beyond a million of them t is normal to the eye
    bar = np.sqrt(total) * stdtrit(df, 1 - level / 2 / comparisons)
    real = np.hypot(spread / np.sqrt(seeds), item_error) * rng.standard_normal(DRAWS)
    return float(np.quantile(bar - real, POWER))


def item_error(one: Pairs, rng: np.random.Generator, draws: int = DRAWS) -> float:
    """Standard error of an effect from the choice of evaluation samples alone; see `item_errors`."""
    return item_errors([one], rng, draws)[0]


def item_errors(pairs: Sequence[Pairs], rng: np.random.Generator, draws: int = DRAWS) -> list[float]:
    """Standard errors from the choice of evaluation samples: these are drawn with replacement, the same draws for all pairs of a group.

    The bootstrap's variance is short by (samples - 1) / samples, which is made good. Counts of `BLOCK_VALUES` are held at once.
    """
    together: dict[tuple[str, int], list[int]] = {}
    for number, one in enumerate(pairs):
        together.setdefault((one.group, len(one.weights)), []).append(number)
    errors = [0.0] * len(pairs)
    for (_, samples), numbers in together.items():
        sums = np.stack([pairs[number].sums.mean(axis=0) for number in numbers], axis=1)
        weights = np.stack([pairs[number].weights for number in numbers], axis=1)
        drawn = []
        block = max(1, BLOCK_VALUES // samples)
        for begin in range(0, draws, block):
            counts = rng.multinomial(samples, np.full(samples, 1 / samples), size=min(block, draws - begin))
            drawn.append((counts @ sums) / np.maximum(counts @ weights, 1e-12))
        found = np.concatenate(drawn).std(axis=0) * np.sqrt(samples / max(samples - 1, 1))
        for number, error in zip(numbers, found, strict=True):
            errors[number] = float(error)
    return errors


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
