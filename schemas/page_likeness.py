"""How alike two drawn pages are, by their blocks of text: the measures of Design2Code (Si et al. 2024, arXiv:2403.03163, section 4.1).

Block match is the share of text area, on both pages, that has a partner on the other. Over matched pairs: text is the mean likeness of
characters, position the mean of 1 less the larger distance of centres along an axis as a share of the page, colour the mean of 1 less
CIEDE2000 / 100. The paper finds blocks in pictures and adds CLIP; here blocks are what the browser laid out, and the whole is the mean of
the four.
Blocks with equal text are paired first, in reading order; the others so that the sum of likenesses is greatest, pairs below 0.5 not at all.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from schemas.color_difference import ciede2000, lab
from schemas.sample import BoxPx

LEAST_ALIKE = 0.5
"""Likeness of texts below which blocks are no pair (Design2Code, metrics/visual_score.py)."""


@dataclass(frozen=True, slots=True)
class Block:
    """Text that stands together: its box in shares of the page's width and height, and its colour as #rrggbb."""

    text: str
    box: BoxPx
    color: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """The four measures, each from 0 to 1."""

    blocks: float
    text: float
    position: float
    color: float

    @property
    def whole(self) -> float:
        """Their mean."""
        return (self.blocks + self.text + self.position + self.color) / 4


def likeness(one: Sequence[Block], other: Sequence[Block]) -> Likeness:
    """How alike two pages are; 1 in all for a page and itself, 0 where nothing pairs."""
    pairs = match_blocks(one, other)
    whole = sum(map(_area, one)) + sum(map(_area, other))
    if not pairs or whole <= 0:
        same = float(not one and not other)
        return Likeness(same, same, same, same)
    count = len(pairs)
    return Likeness(
        blocks=sum(_area(one[a]) + _area(other[b]) for a, b, _ in pairs) / whole,
        text=sum(ratio for _, _, ratio in pairs) / count,
        position=sum(1 - _distance(one[a].box, other[b].box) for a, b, _ in pairs) / count,
        color=sum(max(0.0, 1 - ciede2000(lab(one[a].color), lab(other[b].color)) / 100) for a, b, _ in pairs) / count,
    )


def match_blocks(one: Sequence[Block], other: Sequence[Block]) -> list[tuple[int, int, float]]:
    """(place in one, place in other, likeness of their texts) of the pairs."""
    by_text: dict[str, list[int]] = {}
    for place, block in enumerate(other):
        by_text.setdefault(block.text, []).append(place)
    pairs, left = [], []
    for place, block in enumerate(one):
        if by_text.get(block.text):
            pairs.append((place, by_text[block.text].pop(0), 1.0))
        else:
            left.append(place)
    taken = {b for _, b, _ in pairs}
    right = [place for place in range(len(other)) if place not in taken]
    ratios = [[_ratio(one[a].text, other[b].text) for b in right] for a in left]
    for row, column in assign([[-ratio for ratio in line] for line in ratios]):
        if ratios[row][column] >= LEAST_ALIKE:
            pairs.append((left[row], right[column], ratios[row][column]))
    return pairs


def _ratio(one: str, other: str) -> float:
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < LEAST_ALIKE or matcher.quick_ratio() < LEAST_ALIKE:
        return 0.0
    return matcher.ratio()


def _area(block: Block) -> float:
    x0, y0, x1, y1 = block.box
    return max(0.0, x1 - x0) * max(0.0, y1 - y0)


def _distance(one: BoxPx, other: BoxPx) -> float:
    across = abs(one[0] + one[2] - other[0] - other[2]) / 2
    down = abs(one[1] + one[3] - other[1] - other[3]) / 2
    return min(1.0, max(across, down))


def assign(costs: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Pairs (row, column), as many as the shorter side has, of least total cost (the Hungarian method with potentials, O(n^2 m)).

    >>> sorted(assign([[4, 1, 3], [2, 0, 5]]))
    [(0, 1), (1, 0)]
    """
    if not costs or not costs[0]:
        return []
    if len(costs) > len(costs[0]):
        return [(row, column) for column, row in assign([list(line) for line in zip(*costs, strict=True)])]
    rows, columns = len(costs), len(costs[0])
    up, down = [0.0] * (rows + 1), [0.0] * (columns + 1)
    owner, way = [0] * (columns + 1), [0] * (columns + 1)
    for row in range(1, rows + 1):
        owner[0], column = row, 0
        least, seen = [math.inf] * (columns + 1), [False] * (columns + 1)
        while owner[column]:
            seen[column] = True
            here, step, following = owner[column], math.inf, 0
            for j in range(1, columns + 1):
                if seen[j]:
                    continue
                cost = costs[here - 1][j - 1] - up[here] - down[j]
                if cost < least[j]:
                    least[j], way[j] = cost, column
                if least[j] < step:
                    step, following = least[j], j
            for j in range(columns + 1):
                if seen[j]:
                    up[owner[j]] += step
                    down[j] -= step
                else:
                    least[j] -= step
            column = following
        while column:
            owner[column] = owner[way[column]]
            column = way[column]
    return [(owner[column] - 1, column - 1) for column in range(1, columns + 1) if owner[column]]
