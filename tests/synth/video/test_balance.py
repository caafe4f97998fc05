"""Shares of sources, lengths and categories: what is wanted comes, also from a lopsided stock; the report says what cannot be had."""

from collections import Counter

import numpy as np
import pytest

from synth.video.balance import Item, balance, length_bin, report, smoothed


def stock() -> list[Item]:
    """A thousand films, nine tenths of them short ones of one source."""
    rng = np.random.default_rng(3)
    items = []
    for _ in range(1000):
        source = ("web", "lectures", "street")[int(rng.choice(3, p=[0.9, 0.07, 0.03]))]
        items.append(
            Item(source, float(np.exp(rng.uniform(2, 9))), ("how-to", "film", "first person")[int(rng.choice(3, p=[0.8, 0.15, 0.05]))])
        )
    return items


def test_targets_are_met_at_every_length_of_the_list() -> None:
    items = stock()
    targets = {"source": {"web": 1, "lectures": 1, "street": 2}, "category": {"how-to": 1, "film": 1, "first person": 1}}
    order = balance(items, 400, np.random.default_rng(1), targets)
    for count in (40, 400):
        for line in report(items, order[:count], targets):
            if line.dimension != "length":
                assert line.achieved == pytest.approx(line.wanted, abs=0.06), (count, line)


def test_no_film_comes_twice_before_its_cell_is_used_up() -> None:
    items = stock()
    order = balance(items, 300, np.random.default_rng(1), temperature=1.0)
    uses = Counter(order)
    for cell in {items[place].cell for place in order}:
        counts = [uses[place] for place, item in enumerate(items) if item.cell == cell]
        assert max(counts) - min(counts) <= 1


def test_the_order_is_a_function_of_the_stock_and_the_seed() -> None:
    assert balance(stock(), 50, np.random.default_rng(1)) == balance(stock(), 50, np.random.default_rng(1))
    assert balance(stock(), 50, np.random.default_rng(1)) != balance(stock(), 50, np.random.default_rng(2))


def test_what_no_film_has_is_reported_and_not_waited_for() -> None:
    items = [Item("a", 30.0, "x"), Item("a", 400.0, "x")]
    targets = {"length": {"<1min": 1.0, "5-15min": 1.0, ">=60min": 2.0}}
    lines = {
        line.name: line
        for line in report(items, balance(items, 10, np.random.default_rng(0), targets), targets)
        if line.dimension == "length"
    }
    assert (lines["<1min"].achieved, lines["5-15min"].achieved) == (0.5, 0.5)
    assert (lines[">=60min"].achieved, lines[">=60min"].films) == (0.0, 0)


def test_temperature_levels_sizes() -> None:
    assert smoothed({"a": 90, "b": 10}, 1.0) == {"a": 0.9, "b": 0.1}
    assert smoothed({"a": 90, "b": 10}, 2.0) == pytest.approx({"a": 0.75, "b": 0.25})
    assert smoothed({"a": 90, "b": 10}, float("inf")) == {"a": 0.5, "b": 0.5}


def test_lengths_fall_into_bins() -> None:
    assert [length_bin(s) for s in (0.0, 59.9, 60.0, 1_799.0, 3_600.0, 9_999.0)] == [
        "<1min",
        "<1min",
        "1-5min",
        "15-30min",
        ">=60min",
        ">=60min",
    ]


def test_wrong_targets_are_refused() -> None:
    with pytest.raises(ValueError, match="colour"):
        balance(stock(), 1, np.random.default_rng(0), {"colour": {"red": 1}})
    with pytest.raises(ValueError, match="all wanted"):
        balance(stock(), 1, np.random.default_rng(0), {"source": {"moon": 1}})
