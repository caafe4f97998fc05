"""How like two drawn charts are, in five numbers from 0 to 1: text, layout, type, colour and data.

The first four are the low-level scores of ChartMimic (Yang et al., "ChartMimic: Evaluating LMM's Cross-Modal Reasoning Capability via
Chart-to-Code Generation", arXiv:2406.09961, section 3.3 and its evaluators), each an F1 of what a figure holds:

* text: the texts drawn, as a multiset;
* layout: of each plot its cell in the grid of plots, (rows, columns, first and last row, first and last column);
* type: the sorts of marks, as a multiset. There by the names of the functions that were called; here by the artists that they left, so
  that two ways to write one chart are one;
* colour: of each sort of marks its colours, paired so that their likeness is greatest; likeness is 1 - ΔE / 100 by CIEDE2000.

ChartMimic does not look at numbers. The fifth does: marks with their coordinates, to a thousandth of the axis's length, as a multiset.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from schemas.color_difference import ciede2000, lab
from schemas.errors import DataError
from synth.code.chart_run import Drawn, code_in, run_chart
from synth.code.chart_witness import witnessed

STEP = 1e-3
"""Share of an axis's length within which two coordinates are one (chosen: less than a pixel of most plots)."""
CLEAR = 0.008
"""Least by which the lowest score of a chart with one thing wrong must be below 1 (chosen: one mark missing of sixty)."""
SCORES = ("text", "layout", "type", "color", "data")


@dataclass(frozen=True, slots=True)
class Features:
    """What of a figure is compared. `colors` has one list a sort of marks, `data` the marks with their coordinates."""

    texts: Counter[str]
    layout: Counter[tuple[int, ...]]
    types: Counter[str]
    colors: dict[str, tuple[str, ...]]
    data: Counter[tuple[Any, ...]]


def features(drawn: Drawn) -> Features:
    """What a program drew; its report must have been held against the picture (`chart_witness`)."""
    plots = drawn.figure["axes"]
    marks = [mark for plot in plots for mark in _marks(plot)]
    colors: dict[str, list[str]] = {}
    for sort, color, _ in marks:
        colors.setdefault(sort, []).append(color)
    return Features(
        texts=Counter(text.text for text in drawn.texts),
        layout=Counter(tuple(plot["cell"]) for plot in plots),
        types=Counter(sort for plot in plots for sort in {sort for sort, _, _ in _marks(plot)}),
        colors={sort: tuple(found) for sort, found in colors.items()},
        data=Counter((sort, *where) for sort, _, where in marks),
    )


def _marks(plot: dict[str, Any]) -> Iterator[tuple[str, str, tuple[Any, ...]]]:
    """Of each mark its sort, colour and coordinates. A line is told point by point, outlines and strokes (of boxes) as one mark each."""
    for bars in plot["bars"]:
        for (x, y, width, height), color in zip(bars["boxes"], bars["colors"], strict=True):
            yield "bar", color, (*_at(plot, x, y), *_at(plot, x + width, y + height))
    for line in (*plot["lines"], *(bars["line"] for bars in plot["errors"] if bars["line"])):
        points = [_at(plot, x, y) for x, y in zip(line["x"], line["y"], strict=True)]
        if len(points) == 2 or points[:1] == points[-1:]:
            yield "line", line["color"], tuple(itertools.chain(*points))
        else:
            yield from (("line", line["color"], point) for point in points)
    for cloud in plot["points"]:
        for x, y, color in zip(cloud["x"], cloud["y"], cloud["colors"], strict=True):
            yield "point", color, _at(plot, x, y)
    for area in plot["areas"]:
        yield from (("area", area["color"], (*_at(plot, x, low), *_at(plot, x, high))) for x, low, high in area["edges"])
    for lines in (*plot["stems"], *plot["errors"]):
        for (x, y, x_end, y_end), color in zip(lines["segments"], lines["colors"], strict=True):
            yield "segment", color, (*_at(plot, x, y), *_at(plot, x_end, y_end))
    for step in plot["steps"]:
        for (low, high), value in zip(itertools.pairwise(step["edges"]), step["values"], strict=True):
            yield "step", step["color"], (*_at(plot, low, value), *_at(plot, high, value))
    for wedge in plot["wedges"]:
        yield "wedge", wedge["color"], (round(wedge["from"]), round(wedge["to"]))
    for image in plot["images"]:
        rows = enumerate(image["values"])
        yield from (("cell", image["colormap"], (i, j, f"{value:.4g}")) for i, row in rows for j, value in enumerate(row))


def _at(plot: dict[str, Any], x: float, y: float) -> tuple[int, int]:
    (left, right), (bottom, top) = plot["x"]["limits"], plot["y"]["limits"]
    return _step(x, left, right), _step(y, bottom, top)


def _step(value: float, low: float, high: float) -> int:
    """Steps from 0, so that other limits change nothing but their length."""
    return round(value / (abs(high - low) * STEP or 1.0))


def scores(one: Features, other: Features) -> dict[str, float]:
    """Likeness by each of `SCORES`; `one` is the truth, and they are symmetric."""
    return {
        "text": _f1(one.texts, other.texts),
        "layout": _f1(one.layout, other.layout),
        "type": _f1(one.types, other.types),
        "color": _color_f1(one.colors, other.colors),
        "data": _f1(one.data, other.data),
    }


def least_score(one: Features, other: Features) -> float:
    """The lowest of the five: a single mistake shows in the score that is about it, and four that are not would hide it in a mean."""
    return min(scores(one, other).values())


def _f1(one: Counter[Any], other: Counter[Any]) -> float:
    """2 |A ∩ B| / (|A| + |B|) of multisets; 1 where both are empty."""
    whole = one.total() + other.total()
    return 2 * (one & other).total() / whole if whole else 1.0


def _color_f1(one: dict[str, tuple[str, ...]], other: dict[str, tuple[str, ...]]) -> float:
    alike = sum(_paired(one.get(sort, ()), other.get(sort, ())) for sort in one.keys() | other.keys())
    whole = sum(map(len, one.values())) + sum(map(len, other.values()))
    return 2 * alike / whole if whole else 1.0


def _paired(one: Sequence[str], other: Sequence[str]) -> float:
    """Sum of likenesses of pairs: equal colours first, then the nearest of those left, which is the greatest sum but for rare ties."""
    same = Counter(one) & Counter(other)
    left, right = list((Counter(one) - same).elements()), list((Counter(other) - same).elements())
    pairs = sorted(((_likeness(a, b), i, j) for i, a in enumerate(left) for j, b in enumerate(right)), reverse=True)
    total, used_left, used_right = float(same.total()), set[int](), set[int]()
    for likeness, i, j in pairs:
        if i not in used_left and j not in used_right:
            total += likeness
            used_left.add(i)
            used_right.add(j)
    return total


@lru_cache(maxsize=1 << 16)
def _likeness(one: str, other: str) -> float:
    if not (one.startswith("#") and other.startswith("#")):
        return float(one == other)
    return max(0.0, 1 - ciede2000(lab(one), lab(other)) / 100)


DRAWING_TASKS = ("to_code", "from_sketch", "from_vega", "edit", "mend")
"""Tasks whose answers draw charts."""
LOW_LEVEL = ("text", "layout", "type", "color")
"""The scores of ChartMimic, whose mean it calls the low-level score."""


def score_answer(reference: str, prediction: str) -> dict[str, float]:
    """What a model's program draws beside what the right one draws: `runs`, `chart_` and each of `SCORES`, `chart` the mean of `LOW_LEVEL`.

    A program that fails, or leaves no picture, scores 0 in all, as in ChartMimic. Texts are those found in the picture. The other scores
    come from the program's own report of its artists, which must be the picture's (`chart_witness`): 0 where it is not, or where the chart
    is of a kind that cannot be held against its picture.
    """
    names = [*(f"chart_{name}" for name in SCORES), "chart", "runs"]
    try:
        drawn = run_chart(code_in(prediction), flawless=False)
    except DataError:
        return dict.fromkeys(names, 0.0)
    right = run_chart(code_in(reference))
    try:
        witnessed(drawn, clear=False)
        found = scores(features(right), features(drawn))
    except (
        DataError,
        ArithmeticError,
        AttributeError,
        IndexError,
        KeyError,
        TypeError,
        ValueError,
    ):
        texts = (Counter(text.text for text in one.texts) for one in (right, drawn))
        found = dict.fromkeys(SCORES, 0.0) | {"text": _f1(*texts)}
    whole = sum(found[name] for name in LOW_LEVEL) / len(LOW_LEVEL)
    return {f"chart_{name}": value for name, value in found.items()} | {"chart": whole, "runs": 1.0}


def wrong_ones(true: Features) -> dict[str, Features]:
    """The chart with one thing wrong: the colour of a series, a text, a mark, a mark's place, the sort of the marks, the grid."""
    sort, colors = max(true.colors.items(), key=lambda item: len(item[1]))
    other = "#000000" if colors[0] != "#000000" else "#ffffff"
    (mark, *_) = sorted(true.data, key=repr)
    text = max(true.texts, key=lambda one: (len(one), one))
    return {
        "one color": replace(true, colors={**true.colors, sort: tuple(other if color == colors[0] else color for color in colors)}),
        "one text": replace(true, texts=true.texts - Counter([text]) + Counter([text + "?"])),
        "one mark missing": replace(true, data=true.data - Counter([mark])),
        "one mark elsewhere": replace(true, data=true.data - Counter([mark]) + Counter([(*mark, "elsewhere")])),
        "another sort": replace(true, types=Counter({f"other {sort}": count for sort, count in true.types.items()})),
        "another grid": replace(true, layout=Counter({(*cell, 0): count for cell, count in true.layout.items()})),
    }


def insensitive(true: Features) -> str:
    """The first of `wrong_ones` that the scores do not put clearly below the truth; empty if they do with all."""
    return next((kind for kind, wrong in wrong_ones(true).items() if least_score(true, wrong) > 1 - CLEAR), "")
