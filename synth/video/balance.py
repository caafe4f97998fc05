"""Which films to take next, so that sources, lengths and categories come in the shares that are wanted: a deficit sampler, and its report.

Always taken is the film whose cell (source, length, category) is furthest behind its target, where targets of the three are independent of
each other. A cell without films cannot be filled; the report says what was achieved. Films of one cell are taken in a drawn order, each
once before any twice. Nothing here reads films: their metadata come in.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from numpy.random import Generator

LENGTHS_S = (60.0, 300.0, 900.0, 1_800.0, 3_600.0)
"""Upper ends of the bins of length; the last bin has no end (chosen: the lengths of needle tests)."""
DIMENSIONS = ("source", "length", "category")


@dataclass(frozen=True, slots=True)
class Item:
    """A film's metadata.

    Attributes:
        source: Where it comes from.
        duration_s: Its length.
        category: Its label: instructional, cinematic, egocentric, …
    """

    source: str
    duration_s: float
    category: str

    @property
    def cell(self) -> tuple[str, str, str]:
        """(source, bin of length, category)."""
        return self.source, length_bin(self.duration_s), self.category


@dataclass(frozen=True, slots=True)
class Share:
    """One line of the report: of `dimension`, what `name` was to have and has, in parts of one, and how many films there are."""

    dimension: str
    name: str
    wanted: float
    achieved: float
    films: int


def length_bin(duration_s: float) -> str:
    """`<1min`, `1-5min`, …, `>=60min`."""
    for low, high in zip((0.0, *LENGTHS_S), LENGTHS_S, strict=False):
        if duration_s < high:
            return f"<{high / 60:g}min" if low == 0 else f"{low / 60:g}-{high / 60:g}min"
    return f">={LENGTHS_S[-1] / 60:g}min"


def smoothed(counts: Mapping[str, float], temperature: float) -> dict[str, float]:
    """Shares in proportion to count ** (1 / temperature): 1 keeps the sizes, infinity makes all alike."""
    weights = {name: count ** (1 / temperature) if math.isfinite(temperature) else 1.0 for name, count in counts.items() if count > 0}
    total = sum(weights.values())
    return {name: weight / total for name, weight in sorted(weights.items())}


def balance(
    items: Sequence[Item],
    count: int,
    rng: Generator,
    targets: Mapping[str, Mapping[str, float]] | None = None,
    temperature: float = 2.0,
) -> list[int]:
    """Places of `count` films, in the order in which they are taken.

    Args:
        items: The films there are.
        count: How many are wanted; films come again when a cell has no others left.
        rng: Order of films within a cell.
        targets: Of `source`, `length` and `category`: share of each name; weights need not sum to one. What is left out gets the shares of
            the films there are, smoothed.
        temperature: Of that smoothing.

    Raises:
        ValueError: There are no films, or a target names a dimension that there is not.
    """
    if not items or (targets and set(targets) - set(DIMENSIONS)):
        raise ValueError(f"{len(items)} films, targets of {sorted(targets or ())}; give films, and targets of {', '.join(DIMENSIONS)}")
    wanted = shares_wanted(items, targets, temperature)
    cells: dict[tuple[str, str, str], list[int]] = {}
    for place in rng.permutation(len(items)):
        cells.setdefault(items[place].cell, []).append(int(place))
    weight = {cell: math.prod(wanted[d].get(name, 0.0) for d, name in zip(DIMENSIONS, cell, strict=True)) for cell in sorted(cells)}
    if not (total := sum(weight.values())):
        raise ValueError("no film is of a source, a length and a category that are all wanted")
    taken: Counter[tuple[str, str, str]] = Counter()
    have = {dimension: Counter[str]() for dimension in DIMENSIONS}
    order = []
    for number in range(1, count + 1):
        cell = max(
            weight,
            key=lambda cell: (
                _behind(cell, wanted, have, number) if weight[cell] else -math.inf,
                weight[cell] / total - taken[cell] / number,
                cell,
            ),
        )
        order.append(cells[cell][taken[cell] % len(cells[cell])])
        taken[cell] += 1
        for dimension, name in zip(DIMENSIONS, cell, strict=True):
            have[dimension][name] += 1
    return order


def _behind(cell: tuple[str, str, str], wanted: Mapping[str, Mapping[str, float]], have: Mapping[str, Counter[str]], number: int) -> float:
    """By how many films a cell's source, length and category lag behind their targets together."""
    return sum(wanted[d].get(name, 0.0) * number - have[d][name] for d, name in zip(DIMENSIONS, cell, strict=True))


def shares_wanted(
    items: Sequence[Item], targets: Mapping[str, Mapping[str, float]] | None, temperature: float
) -> dict[str, dict[str, float]]:
    """Shares of each dimension's names, those that no film has left out."""
    wanted = {}
    for place, dimension in enumerate(DIMENSIONS):
        counts = Counter(item.cell[place] for item in items)
        stated = (targets or {}).get(dimension)
        wanted[dimension] = smoothed({name: stated.get(name, 0.0) for name in counts}, 1.0) if stated else smoothed(counts, temperature)
    return wanted


def report(
    items: Sequence[Item], order: Sequence[int], targets: Mapping[str, Mapping[str, float]] | None = None, temperature: float = 2.0
) -> list[Share]:
    """What was wanted and what was achieved, of every name of every dimension; names that are wanted and that no film has come too."""
    lines = []
    wanted = shares_wanted(items, targets, temperature)
    for place, dimension in enumerate(DIMENSIONS):
        films, found = Counter(item.cell[place] for item in items), Counter(items[number].cell[place] for number in order)
        for name in sorted({*films, *(targets or {}).get(dimension, ())}):
            share = wanted[dimension].get(name, 0.0)
            lines.append(Share(dimension, name, share, found[name] / len(order) if order else 0.0, films[name]))
    return lines
