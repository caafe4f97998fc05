"""The measures of pages: published colour differences, best pairs, and what each measure notices."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from schemas.color_difference import ciede2000, lab
from schemas.page_likeness import Block, assign, likeness

PAGE = [
    Block(text, (0.1, 0.1 * n, 0.4, 0.1 * n + 0.05), "#202020") for n, text in enumerate(("Rain in Bergen", "Save", "Close", "Summary"))
]


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [("#000000", "#ffffff", 100.0), ("#ff0000", "#00ff00", 86.61), ("#0000ff", "#ffff00", 103.43), ("#808080", "#808080", 0.0)],
)
def test_differences_of_colours_are_the_known_ones(one: str, other: str, wanted: float) -> None:
    assert ciede2000(lab(one), lab(other)) == pytest.approx(wanted, abs=0.05)
    assert ciede2000(lab(other), lab(one)) == pytest.approx(wanted, abs=0.05)


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 5), (1, 1)])
def test_pairs_are_the_cheapest(shape: tuple[int, int]) -> None:
    rows, columns = shape
    for seed in range(20):
        costs = np.random.default_rng(seed).integers(0, 9, shape).tolist()
        found = assign(costs)
        assert len(found) == min(shape)
        longer = max(rows, columns)
        whole = [[costs[r][c] if r < rows and c < columns else 0 for c in range(longer)] for r in range(longer)]
        best = min(sum(whole[r][c] for r, c in enumerate(order)) for order in itertools.permutations(range(longer)))
        assert sum(costs[r][c] for r, c in found) == best


def test_a_page_is_like_itself() -> None:
    assert likeness(PAGE, PAGE).whole == 1
    assert likeness([], []).whole == 1
    assert likeness(PAGE, []).whole == 0


def test_each_measure_notices_its_own_fault() -> None:
    other = likeness(PAGE, [replace(PAGE[0], text="Rain in Lagos"), *PAGE[1:]])
    assert other.text < 1 == other.blocks == other.position == other.color
    assert likeness(PAGE, PAGE[1:]).blocks < 1
    moved = likeness(PAGE, [replace(PAGE[0], box=(0.5, 0.0, 0.8, 0.05)), *PAGE[1:]])
    assert moved.position == pytest.approx(1 - 0.4 / 4)
    assert likeness(PAGE, [replace(PAGE[0], color="#cc0000"), *PAGE[1:]]).color < 1
