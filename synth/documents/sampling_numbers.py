"""Draws the numbers of a world: levels with growth and season, values that are printed once, thresholds that leave one solution.

Values are skewed by cubes rather than by a log-normal law, because `exp` may differ in the last bit between C libraries and a world must
not. Nothing here knows words.
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

    Whole numbers that read like years are never handed out. Numbers are kept as thousandths, so at most three decimals are possible.
    """

    def __init__(self, taken: Iterable[Decimal] = ()) -> None:
        self._taken = {int(number * 1000) for number in taken}

    def put_back(self, numbers: Iterable[Decimal]) -> None:
        """Make numbers free again that will not be printed after all."""
        self._taken -= {int(number * 1000) for number in numbers}

    def take(self, near: float, decimals: int) -> Decimal:
        """The unused number with `decimals` fraction digits that is nearest to `near` (the smaller one first).

        Raises:
            DataError: `numbers_exhausted`, when nothing within 2,000 steps is free.
        """
        step = 10 ** (3 - decimals)
        start = round(near * 1000 / step) * step
        for distance in range(0, _TRIES * step, step):
            for thousandths in (start - distance, start + distance):
                if thousandths > 0 and self._is_free(thousandths):
                    self._taken.add(thousandths)
                    return Decimal(thousandths // step).scaleb(-decimals)
        raise DataError("numbers_exhausted", f"no unused number with {decimals} decimals near {near}; widen the range in genres.yaml")

    def reserve(self, number: Decimal) -> bool:
        """Mark `number` as handed out; False if it was already, or reads like a year."""
        thousandths = int(number * 1000)
        if not self._is_free(thousandths):
            return False
        self._taken.add(thousandths)
        return True

    def _is_free(self, thousandths: int) -> bool:
        return thousandths not in self._taken and not (thousandths % 1000 == 0 and thousandths // 1000 in _YEARS)


def draw_series(
    entities: Sequence[str], ranges: Mapping[str, MetricRange], periods: int, season: int, rng: Generator
) -> dict[str, list[float]]:
    """Unrounded values over the periods for each `metric/entity`.

    An entity's size carries over to all its metrics (correlation about one half), each metric grows at its own pace, and the `season`
    periods of a year (1, 2 or 4) rise and fall together.
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


def draw_other(value: Decimal, range_: Range, numbers: UnusedNumbers, rng: Generator, *, least: float, most: float) -> Decimal:
    """An unused number off `value` by a share between `least` and `most` of the range's upper end; inside the range where possible."""
    low, high = float(range_.low), float(range_.high)
    shift = (least + (most - least) * float(rng.random())) * high
    fits_up, fits_down = float(value) + shift <= high, float(value) - shift >= low
    up = chance(rng, 0.5) if fits_up == fits_down else fits_up
    return numbers.take(float(value) + shift if up or float(value) <= shift else float(value) - shift, range_.decimals)


def draw_limits(
    specs: Mapping[str, Decimal], entities: Sequence[str], decimals: Mapping[str, int], numbers: UnusedNumbers, rng: Generator
) -> tuple[Limit, Limit, Limit]:
    """Three limits on different attributes that exactly one entity satisfies, while every two of them admit another one as well.

    Args:
        specs: Number by `attribute/entity`.
        entities: Entity codes.
        decimals: Printed fraction digits by attribute.
        numbers: Where thresholds are taken from, so that no table prints them.
        rng: The stream.

    Raises:
        DataError: `no_limits`, when 2,000 draws found none; draw other specs.
    """
    columns = {key: {entity: specs[f"{key}/{entity}"] for entity in entities} for key in decimals}
    for _ in range(_TRIES):
        drawn = [_draw_limit(key, columns[key], rng) for key in choose(rng, sorted(decimals), 3)]
        if not _is_sharp(drawn, columns):
            continue
        first, second, third = (_moved_off(limit, columns[limit.attribute], decimals[limit.attribute], numbers) for limit in drawn)
        if first and second and third:
            return first, second, third
    raise DataError("no_limits", f"no three limits single out one of {len(entities)} entities; draw other specs")


def _draw_limit(key: str, column: Mapping[str, Decimal], rng: Generator) -> Limit:
    """A limit that 40 to 80 per cent of the entities satisfy, the last of them just so."""
    values = sorted(column.values())
    kind = pick(rng, ("min", "max"))
    passing = between(rng, max(2, len(values) * 2 // 5), max(2, len(values) * 4 // 5))
    return Limit(key, kind, values[len(values) - passing if kind == "min" else passing - 1])


def _moved_off(limit: Limit, column: Mapping[str, Decimal], decimals: int, numbers: UnusedNumbers) -> Limit | None:
    """The limit moved off the table's own value into the gap before the first failing entity, or None where the gap has no room."""
    beyond = [value for value in column.values() if (value < limit.value if limit.kind == "min" else value > limit.value)]
    edge = max(beyond) if limit.kind == "min" else min(beyond)
    low, high = min(limit.value, edge), max(limit.value, edge)
    step = Decimal(1).scaleb(-decimals)
    middle = ((low + high) / 2).quantize(step)
    for distance in range(int((high - low) / step) // 2):
        for number in (middle - distance * step, middle + distance * step):
            if low < number < high and numbers.reserve(number):
                return Limit(limit.attribute, limit.kind, number)
    return None


def satisfies(limit: Limit, value: Decimal) -> bool:
    """Whether an attribute's value is on the right side of the limit."""
    return value >= limit.value if limit.kind == "min" else value <= limit.value


def _is_sharp(limits: Sequence[Limit], columns: Mapping[str, Mapping[str, Decimal]]) -> bool:
    passing = [{entity for entity, value in columns[limit.attribute].items() if satisfies(limit, value)} for limit in limits]
    return len(set.intersection(*passing)) == 1 and all(len(one & other) > 1 for one, other in combinations(passing, 2))
