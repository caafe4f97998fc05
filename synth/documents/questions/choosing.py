"""Bounded draws for question writers: one item, or the first of several shuffled items that works."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from numpy.random import Generator

Item = TypeVar("Item")
Made = TypeVar("Made")


def one(rng: Generator, items: Sequence[Item]) -> Item:
    """One of the items."""
    return items[int(rng.integers(len(items)))]


def shuffled(rng: Generator, items: Sequence[Item]) -> Iterator[Item]:
    """The items in random order."""
    return (items[int(index)] for index in rng.permutation(len(items)))


def first_that_works(rng: Generator, items: Sequence[Item], make: Callable[[Item], Made | None], *, tries: int = 12) -> Made | None:
    """What `make` gives for the first of at most `tries` shuffled items for which it gives something."""
    for _, item in zip(range(tries), shuffled(rng, items), strict=False):
        made = make(item)
        if made is not None:
            return made
    return None
