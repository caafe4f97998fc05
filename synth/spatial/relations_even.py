"""Questions of `spatial.relations` whose words tell nothing of the answer, by design: sets of them in one scene -> one of a set.

Where things stand follows from what they are: books lie on shelves, chairs are turned to tables. So a question about two things is drawn
from a set in which each name is right as often as it is wrong: two firsts and two seconds, each first related to another second; or one
thing against two of one kind, of which one is related to it and one is not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from numpy.random import Generator

from synth.spatial.relations_bodies import Body

PairJudge: TypeAlias = Callable[[Body, Body], str | None]
"""What holds of a first and a second thing; None where that is in doubt."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A question about two things.

    Attributes:
        a: The first.
        b: The second.
        key: What holds of them.
        other: The second that `b` is weighed against, of which that does not hold; `b` itself where firsts of one kind are compared.
    """

    a: Body
    b: Body
    key: str
    other: Body


def even_sets(firsts: Sequence[Body], seconds: Sequence[Body], judge: PairJudge) -> tuple[list[list[Pair]], list[list[Pair]]]:
    """All sets whose words tell nothing: crossed ones, and those with two seconds of one kind."""
    holds = {(a.item.number, b.item.number): judge(a, b) for a in firsts for b in seconds if a is not b}

    def key(a: Body, b: Body) -> str:
        return holds.get((a.item.number, b.item.number)) or ""

    crossed, of_one_kind = [], []
    for b, d in combinations(seconds, 2):
        differ = [a for a in firsts if key(a, b) and key(a, d) and key(a, b) != key(a, d)]
        if b.thing.kind == d.thing.kind:
            of_one_kind += [[Pair(a, b, key(a, b), d), Pair(a, d, key(a, d), b)] for a in differ]
        for a, c in combinations(differ, 2):
            if key(a, b) == key(c, d) and key(a, d) == key(c, b):
                crossed.append([Pair(x, y, key(x, y), z) for x in (a, c) for y, z in ((b, d), (d, b))])
    return crossed, of_one_kind


def even_pair(firsts: Sequence[Body], seconds: Sequence[Body], judge: PairJudge, rng: Generator) -> Pair | None:
    """One question of a set, drawn evenly: crossed where there are such; firsts of one kind may be compared as well as seconds."""
    crossed, of_one_kind = even_sets(firsts, seconds, judge)
    turned = even_sets(seconds, firsts, lambda b, a: judge(a, b))[1]
    of_one_kind += [[Pair(p.b, p.a, p.key, p.a) for p in pairs] for pairs in turned]
    return _drawn(crossed or of_one_kind, rng)


def even_choice(firsts: Sequence[Body], seconds: Sequence[Body], judge: PairJudge, key: str, rng: Generator) -> Pair | None:
    """One question which of two seconds has a relation to a first, drawn evenly."""
    crossed, of_one_kind = even_sets(firsts, seconds, judge)
    sets = [[pair for pair in pairs if pair.key == key] for pairs in crossed or of_one_kind]
    return _drawn([pairs for pairs in sets if pairs], rng)


def _drawn(sets: Sequence[Sequence[Pair]], rng: Generator) -> Pair | None:
    if not sets:
        return None
    pairs = sets[int(rng.integers(len(sets)))]
    return pairs[int(rng.integers(len(pairs)))]
