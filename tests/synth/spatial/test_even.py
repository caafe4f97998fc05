"""Questions about two things are drawn from sets in which no name is right more often than it is wrong."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from synth.spatial.relations_bodies import Body
from synth.spatial.relations_even import even_choice, even_pair, even_sets


@dataclass(frozen=True)
class Numbered:
    number: int
    kind: str


@dataclass(frozen=True)
class Named:
    """As much of a body as the sets look at."""

    item: Numbered
    thing: Numbered

    @classmethod
    def of(cls, number: int, kind: str) -> Body:
        return cast(Body, cls(Numbered(number, kind), Numbered(number, kind)))


FIRSTS = [Named.of(k, f"cup {k}") for k in range(4)]
SECONDS = [Named.of(10 + k, f"table {k}") for k in range(3)]


def on(a: Body, b: Body) -> str | None:
    """The first two cups are on the first table, the third on the second, the last on none; nobody knows of the third table."""
    place = {0: 10, 1: 10, 2: 11}.get(a.item.number)
    return None if b.item.number == 12 else "yes" if place == b.item.number else "no"


def test_each_name_has_each_answer_as_often() -> None:
    crossed, of_one_kind = even_sets(FIRSTS, SECONDS, on)
    assert len(crossed) == 2
    assert not of_one_kind
    rng = np.random.default_rng(0)
    seen: Counter[tuple[Any, ...]] = Counter()
    for _ in range(4000):
        pair = even_pair(FIRSTS, SECONDS, on, rng)
        assert pair is not None
        assert pair.key == on(pair.a, pair.b)
        seen.update([("a", pair.a.item.number, pair.key), ("b", pair.b.item.number, pair.key)])
    assert {name for name in seen if name[0] == "b"} == {("b", n, key) for n in (10, 11) for key in ("yes", "no")}
    for slot, number in {name[:2] for name in seen}:
        yes, no = (seen[slot, number, key] for key in ("yes", "no"))
        assert abs(yes - no) < 4 * (yes + no) ** 0.5, "a name tells the answer"


def test_each_option_is_right_as_often() -> None:
    rng = np.random.default_rng(1)
    right: Counter[int] = Counter()
    for _ in range(2000):
        pair = even_choice(FIRSTS, SECONDS, on, "yes", rng)
        assert pair is not None
        assert on(pair.a, pair.b) == "yes"
        assert on(pair.a, pair.other) == "no"
        right[pair.b.item.number] += 1
    assert set(right) == {10, 11}
    assert abs(right[10] - right[11]) < 4 * 2000**0.5


def test_what_names_would_tell_is_not_asked() -> None:
    """One cup is on the only table that anything is on: every set of questions about it would lean to one answer."""
    rng = np.random.default_rng(2)
    assert even_pair(FIRSTS[:2], SECONDS, on, rng) is None
    assert even_choice(FIRSTS[:2], SECONDS, on, "yes", rng) is None
    assert even_pair(FIRSTS, SECONDS, lambda a, b: None, rng) is None


def test_two_of_one_kind_are_even() -> None:
    tables = [Named.of(10, "table"), Named.of(11, "table")]
    rng = np.random.default_rng(3)
    found = [even_pair(FIRSTS[:1], tables, on, rng) for _ in range(400)]
    assert Counter(pair.key for pair in found if pair)["yes"] in range(150, 251)
    cups = [Named.of(0, "cup"), Named.of(2, "cup")]
    turned = [even_pair(cups, SECONDS[:1], on, rng) for _ in range(400)]
    assert {(pair.a.item.number, pair.key) for pair in turned if pair} == {(0, "yes"), (2, "no")}
    assert even_choice(cups, SECONDS[:1], on, "yes", rng) is None, "there is nothing to choose from"
