"""Draws the numbers of a world: levels with growth and season, values no other place of the document prints, thresholds that leave one solution.

Values are skewed by cubes rather than by a log-normal law, because `exp` may differ in the last bit between C libraries and a world must not.
Nothing here knows words.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import combinations
from typing import Final

from numpy.random import Generator

from schemas.errors import DataError
from synth.documents.draw import bell, between, chance, choose, pick, squash
from synth.documents.genres import MetricRange, Range
from synth.documents.world import Limit

_TRIES: Final = 2_000
_YEARS: Final = range(1_900, 2_100)


class UnusedNumbers:
    """Hands out numbers that were not handed out before, so that a printed number names one place of the document.

    Whole numbers that read like years are never handed out.
    """

    def __init__(self, taken: Iterable[Decimal] = ()) -> None:
        self._taken = {number.normalize() for number in taken}

    def take(self, near: float, decimals: int) -> Decimal:
        """The unused number with `decimals` fraction digits that is nearest to `near` (the smaller one first).

        Raises:
            DataError: `numbers_exhausted`, when nothing within 2,000 steps is free.
        """
        step = Decimal(1).scaleb(-decimals)
        start = Decimal(near).quantize(step)
        for distance in range(_TRIES):
            for number in (start - distance * step, start + distance * step):
                if number > 0 and self._is_free(number):
                    self._taken.add(number.normalize())
                    return number
        raise DataError("numbers_exhausted", f"no unused number with {decimals} decimals near {near}; widen the range in genres.yaml")

    def _is_free(self, number: Decimal) -> bool:
        return number.normalize() not in self._taken and not (number == int(number) and int(number) in _YEARS)


def draw_series(entities: Sequence[str], ranges: Mapping[str, MetricRange], periods: int, season: int, rng: Generator) -> dict[str, list[float]]:
    """Unrounded values over the periods for each `metric/entity`.

    An entity's size carries over to all its metrics (correlation about one half), each metric grows at its own pace, and `season` periods a year
    (1, 2 or 4) rise and fall together.
    """
    size = {entity: bell(rng) for entity in entities}
    wave = [bell(rng) * 0.15 for _ in range(season)] if season > 1 else [0.0]
    series: dict[str, list[float]] = {}
    for key, metric in ranges.items():
        for entity in entities:
            level = 0.6 * size[entity] + 0.6 * bell(rng)
            pace = 0.06 + 0.10 * bell(rng)
            positions = [squash(level + pace * at + wave[at % season] + 0.05 * bell(rng)) for at in range(periods)]
            series[f"{key}/{entity}"] = [_at(metric.range, position, skewed=metric.additive) for position in positions]
    return series


def _at(range_: Range, position: float, *, skewed: bool) -> float:
    low, high = float(range_.low), float(range_.high)
    return low + (high - low) * (position * position * position if skewed else position)


def draw_in(range_: Range, numbers: UnusedNumbers, rng: Generator) -> Decimal:
    """An unused number from the range, small ones likelier."""
    return numbers.take(_at(range_, squash(bell(rng)), skewed=True), range_.decimals)


def draw_near(value: Decimal, decimals: int, numbers: UnusedNumbers, rng: Generator, *, least: float, most: float) -> Decimal:
    """An unused number that differs from `value` by a share between `least` and `most`, up or down."""
    share = least + (most - least) * float(rng.random())
    return numbers.take(float(value) * (1.0 + share if chance(rng, 0.5) else 1.0 - share), decimals)


def draw_limits(
    specs: Mapping[str, Decimal], entities: Sequence[str], decimals: Mapping[str, int], numbers: UnusedNumbers, rng: Generator
) -> tuple[Limit, Limit, Limit]:
    """Three limits on different attributes that exactly one entity satisfies, while every two of them admit another one as well.

    Raises:
        DataError: `no_limits`, when 2,000 draws found none; draw other specs.
    """
    for _ in range(_TRIES):
        drawn = [_draw_limit(key, specs, entities, rng) for key in choose(rng, sorted(decimals), 3)]
        if _is_sharp(drawn, specs, entities):
            first, second, third = (
                Limit(limit.attribute, limit.kind, _unused_threshold(limit, specs, entities, decimals[limit.attribute], numbers)) for limit in drawn
            )
            return first, second, third
    raise DataError("no_limits", f"no three limits single out one of {len(entities)} entities; draw other specs")


def _draw_limit(key: str, specs: Mapping[str, Decimal], entities: Sequence[str], rng: Generator) -> Limit:
    """A limit that 40 to 80 per cent of the entities satisfy."""
    values = sorted(specs[f"{key}/{entity}"] for entity in entities)
    kind = pick(rng, ("min", "max"))
    passing = between(rng, max(2, len(values) * 2 // 5), max(2, len(values) * 4 // 5))
    at = len(values) - passing if kind == "min" else passing - 1
    return Limit(key, kind, values[at])


def _unused_threshold(limit: Limit, specs: Mapping[str, Decimal], entities: Sequence[str], decimals: int, numbers: UnusedNumbers) -> Decimal:
    """A printed threshold between the last passing value and the first failing one, where there is room; else the passing value itself."""
    others = [specs[f"{limit.attribute}/{entity}"] for entity in entities]
    failing = [v for v in others if (v < limit.value if limit.kind == "min" else v > limit.value)]
    if not failing:
        return limit.value
    edge = max(failing) if limit.kind == "min" else min(failing)
    number = numbers.take(float((limit.value + edge) / 2), decimals)
    inside = edge < number <= limit.value if limit.kind == "min" else limit.value <= number < edge
    return number if inside else limit.value


def satisfies(limit: Limit, specs: Mapping[str, Decimal], entity: str) -> bool:
    """Whether the entity's attribute is on the right side of the limit."""
    value = specs[f"{limit.attribute}/{entity}"]
    return value >= limit.value if limit.kind == "min" else value <= limit.value


def _is_sharp(limits: Sequence[Limit], specs: Mapping[str, Decimal], entities: Sequence[str]) -> bool:
    passing = [{entity for entity in entities if satisfies(limit, specs, entity)} for limit in limits]
    return len(set.intersection(*passing)) == 1 and all(len(one & other) > 1 for one, other in combinations(passing, 2))
