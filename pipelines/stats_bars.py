"""Bars: what a corpus should reach, whether it does, and whether it is large enough to tell.

A share measured on few tries says little: of 20 answers, two equal ones are 10 %. So a bar on a share counts as met or missed only where
chance cannot have decided it; else `needs` says from how many tries on it can be judged.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Literal

SPREADS = 2
"""Standard errors that chance is given: about 95 % of a normal distribution."""

Outcome = Literal["met", "missed", "too small"]
_SEVERITY: tuple[Outcome, ...] = ("met", "too small", "missed")


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of the summary.

    Attributes:
        name: What is measured.
        value: What was found, with what it is a share of.
        wanted: What should be.
        outcome: `too small` where the corpus has too few tries to tell.
        needs: From how many tries on it can be told; empty where it can.
    """

    name: str
    value: str
    wanted: str
    outcome: Outcome
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A share against its limit: `excess` over the limit, and the tries from which on such a share is judged."""

    outcome: Outcome
    excess: float
    needed: int
    label: str = ""


def judge(share: float, tries: int, limit: float, *, chance: float = 0.0, label: str = "") -> Judged:
    """Whether `share - chance` is at most `limit`.

    With `needed` tries or more, `SPREADS` standard errors of a share at the limit are no more than the limit itself, and the share is taken
    as it is. With fewer it is believed if it is at least `SPREADS` standard errors from the limit, but never missed with so few tries that
    a single one is more than the limit.
    """
    at_limit = min(0.5, chance + limit)  # a share varies most at one half
    needed = ceil(SPREADS**2 * at_limit * (1 - at_limit) / limit**2)
    likely = (share * tries + 1) / (tries + 2)  # Laplace's rule: a share of 0 or 1 among few tries is not certain
    spread = SPREADS * sqrt(likely * (1 - likely) / tries) if tries else 1.0
    excess = share - chance - limit
    outcome: Outcome = "met" if excess <= 0 else "missed"
    if tries < needed and (abs(excess) < spread or (excess > 0 and tries * limit < 1)):
        outcome = "too small"
    return Judged(outcome, excess, needed, label)


def worst(judged: Iterable[Judged]) -> Judged | None:
    """The most severe, and among those the one furthest over its limit; None of none."""
    return max(judged, key=lambda one: (_SEVERITY.index(one.outcome), one.excess), default=None)


def lines(bars: Sequence[Bar]) -> list[str]:
    """The bars in columns, one a line: outcome, name, what is wanted, what was found."""
    rows = [(bar.outcome, bar.name, bar.wanted, bar.value + (f"; needs {bar.needs}" if bar.needs else "")) for bar in bars]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in rows]
