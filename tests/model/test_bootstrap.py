import numpy as np
import pytest

from model.bootstrap import estimate


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """40 documents of 8 correlated answers: an interval over answers would cover the truth in about half the cases."""
    draw, covered = rng(1), 0
    for _ in range(200):
        level = np.repeat(draw.beta(2, 2, 40), 8)
        hits = (draw.random(320) < level).astype(float).tolist()
        found = estimate(hits, np.repeat(np.arange(40), 8).tolist(), rng(2), resamples=400)
        covered += found.low <= 0.5 <= found.high
    assert 0.88 <= covered / 200 <= 0.99


def test_clusters_widen_the_interval() -> None:
    """The planted fault is resampling answers as if each had a document of its own."""
    hits = [1.0] * 80 + [0.0] * 80
    together = estimate(hits, [k // 20 for k in range(160)], rng())
    apart = estimate(hits, list(range(160)), rng())
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_a_ratio_weighs_by_its_denominators() -> None:
    found = estimate([1.0, 9.0], ["a", "b"], rng(), weights=[10.0, 10.0])
    assert found.mean == 0.5


def test_one_document_says_nothing_about_others() -> None:
    found = estimate([1.0, 1.0], ["a", "a"], rng())
    assert (found.mean, found.low, found.high) == (1.0, -np.inf, np.inf)


def test_nothing_to_average_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one score"):
        estimate([], [], rng())


def test_equal_arguments_give_equal_intervals() -> None:
    assert estimate([0.0, 1.0, 1.0], [1, 2, 3], rng()) == estimate([0.0, 1.0, 1.0], [1, 2, 3], rng())
