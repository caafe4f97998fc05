"""Confidence intervals of averages by resampling whole documents, because questions about one document rise and fall together."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 2_000
"""Resamples (chosen: the ends of a 95 % interval then move by less than a tenth of its width from seed to seed)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """An average with its percentile interval.

    Attributes:
        mean: Sum of the scores over the sum of their weights.
        low: Lower end of the interval.
        high: Upper end.
        items: Scores averaged.
        clusters: Documents they came from; with one the interval is (-inf, inf), since nothing is known about others.
    """

    mean: float
    low: float
    high: float
    items: int
    clusters: int

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def estimate(
    scores: Sequence[float],
    clusters: Sequence[Hashable],
    rng: np.random.Generator,
    *,
    weights: Sequence[float] | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> Estimate:
    """The mean of `scores` with the cluster bootstrap's percentile interval (Field and Welsh, JRSS B 2007; Efron and Tibshirani 1993, ch.
    13).

    Clusters are drawn with replacement, as many as there are; each brings all of its scores. Give differences of paired scores to compare
    two systems on the same questions: they differ at this level if the interval leaves out 0.

    Args:
        scores: One number an item; with `weights`, the numerators of a ratio (CER: errors).
        clusters: The document of each item.
        rng: Draws the resamples.
        weights: Denominators (CER: characters); all 1 if None.
        level: Coverage of the interval.
        resamples: Number of resamples.

    Raises:
        ValueError: There is nothing to average, or the lengths differ.
    """
    if not scores or len(scores) != len(clusters):
        raise ValueError(f"{len(scores)} scores for {len(clusters)} cluster labels; give one label a score, and at least one score")
    sums, sizes = _by_cluster(scores, [1.0] * len(scores) if weights is None else weights, clusters)
    mean = float(sums.sum() / sizes.sum())
    if len(sums) == 1:
        return Estimate(mean, -np.inf, np.inf, len(scores), 1)
    drawn = rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=resamples)
    means = (drawn @ sums) / (drawn @ sizes)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(mean, float(low), float(high), len(scores), len(sums))


def _by_cluster(
    scores: Sequence[float], weights: Sequence[float], clusters: Sequence[Hashable]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Sum of scores and of weights of each cluster, in order of first appearance."""
    numbers = {cluster: number for number, cluster in enumerate(dict.fromkeys(clusters))}
    labels = np.array([numbers[cluster] for cluster in clusters])
    sums, sizes = np.zeros(len(numbers)), np.zeros(len(numbers))
    np.add.at(sums, labels, scores)
    np.add.at(sizes, labels, weights)
    return sums, sizes
