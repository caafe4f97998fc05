"""Draws from a NumPy generator that stay the same over NumPy versions and machines.

Only `random` is used (NumPy's compatibility policy fixes its stream, and it costs a tenth of `integers`), and only + - * / on the results,
because `exp` and `pow` may differ in the last bit between C libraries. Nothing here knows what is drawn.
"""

import math
from collections.abc import Sequence
from typing import TypeVar

from numpy.random import Generator

T = TypeVar("T")


def pick(rng: Generator, options: Sequence[T]) -> T:
    """One of `options`, all equally likely.

    Raises:
        ValueError: `options` is empty.
    """
    return options[below(rng, len(options))]


def below(rng: Generator, end: int) -> int:
    """An integer from 0 to `end` - 1, all equally likely to within one part in 2**53 / `end`.

    Raises:
        ValueError: `end` is not positive.
    """
    if end < 1:
        raise ValueError(f"nothing can be drawn from {end} options; give at least one")
    return int(rng.random() * end)


def chance(rng: Generator, probability: float) -> bool:
    """True with the given probability."""
    return bool(rng.random() < probability)


def between(rng: Generator, low: int, high: int) -> int:
    """An integer from `low` to `high`, both included."""
    return low + below(rng, high + 1 - low)


def choose(rng: Generator, options: Sequence[T], count: int) -> list[T]:
    """`count` different members of `options` in random order (the head of a Fisher-Yates shuffle).

    Raises:
        ValueError: There are fewer than `count` options.
    """
    if count > len(options):
        raise ValueError(f"cannot choose {count} of {len(options)} options; lengthen the list or ask for fewer")
    pool = list(options)
    for at in range(count):
        other = at + below(rng, len(pool) - at)
        pool[at], pool[other] = pool[other], pool[at]
    return pool[:count]


def shuffled(rng: Generator, options: Sequence[T]) -> list[T]:
    """All of `options` in random order."""
    return choose(rng, options, len(options))


def bell(rng: Generator) -> float:
    """A draw that is roughly normal with mean 0 and standard deviation 1: the sum of twelve uniform draws less six (Irwin-Hall)."""
    return math.fsum(rng.random(12).tolist()) - 6.0


def squash(z: float) -> float:
    """Softsign: maps any real number into (0, 1), 0 to one half."""
    return 0.5 + z / (2.0 * (1.0 + abs(z)))
