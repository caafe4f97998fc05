"""Questions about what a chart shows, with answers from its specification. `chart_proof` answers them again from the artists.

Only what an eye can tell is asked: values that are compared differ by `MARGIN` of the highest.
"""

import datetime
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from numpy.random import Generator

from schemas.sample import Json
from synth.code.chart_spec import COUNTED, ROUND, Kind, Spec
from synth.code.chart_world import significant
from synth.code.prompts import draw, load

PROMPTS = "chart_prompts"
MARGIN = 0.04
"""Least difference of compared values, as a share of the highest (chosen: some 12 pixels of a plot 300 high)."""
ASKED: tuple[Kind, ...] = (
    *("bar", "barh", "grouped", "stacked", "line", "step", "area", "scatter", "pie", "heatmap", "errorbar", "lollipop"),
    *("donut", "barh_grouped", "barh_stacked", "bar_errors", "band", "dumbbell", "profile", "dates", "dots", "panels"),
)
"""Kinds of charts that questions are asked about."""
UNLEVELLED: tuple[Kind, ...] = ("pie", "donut", "stacked", "barh_stacked", "area", "heatmap")
"""Kinds whose values are not measured along one axis from one line."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answer and the program that gives it."""

    task: str
    text: str
    answer: str
    program: dict[str, Json]


def questions(spec: Spec, count: int, rng: Generator) -> list[Question]:
    """Up to `count` questions of different types, in random order."""
    place = int(rng.integers(len(spec.series)))
    one = spec.series[place]
    of = load(PROMPTS)["of"].format(series=load(PROMPTS)["series"].format(series=one.name)) if one.name else ""
    found = [*_order(spec, one.name, one.values, of, rng), *_numbers(spec, one.name, one.values, of, rng)]
    chosen = [found[int(number)] for number in rng.permutation(len(found))]
    return chosen[:count]


def row_names(spec: Spec) -> list[str]:
    """What the rows are called on their axis."""
    if spec.kind == "dates":
        return [(datetime.date(1970, 1, 1) + datetime.timedelta(days=day)).isoformat() for day in spec.x]
    return list(spec.categories) or [f"{value:.15g}" for value in spec.x]


def _order(spec: Spec, series: str, values: Sequence[float], of: str, rng: Generator) -> list[Question]:
    """Who is higher than who."""
    names, least = row_names(spec), MARGIN * max(abs(value) for one in spec.series for value in one.values)
    order = sorted(range(len(values)), key=lambda place: -values[place])
    ranked = [values[place] for place in order]
    found = []
    if ranked[0] - ranked[1] >= least:
        found.append(_question("ask_highest", names[order[0]], {"op": "highest", "series": series}, rng, of=of))
    if ranked[-2] - ranked[-1] >= least:
        found.append(_question("ask_lowest", names[order[-1]], {"op": "lowest", "series": series}, rng, of=of))
    if len(ranked) > 4 and all(ranked[n] - ranked[n + 1] >= least for n in range(3)):
        answer = ", ".join(names[place] for place in order[:3])
        found.append(_question("ask_ranking", answer, {"op": "ranking", "series": series}, rng, of=of))
    a, b = (int(number) for number in rng.permutation(len(values))[:2])
    if abs(values[a] - values[b]) >= least:
        program: dict[str, Json] = {"op": "more", "series": series, "row": names[a], "other": names[b]}
        found.append(_question("ask_more", "Yes" if values[a] > values[b] else "No", program, rng, of=of, row=names[a], other=names[b]))
    return found


def _numbers(spec: Spec, series: str, values: Sequence[float], of: str, rng: Generator) -> list[Question]:
    """How many, and how much where it is written beside the mark."""
    names, least = row_names(spec), MARGIN * max(abs(value) for one in spec.series for value in one.values)
    found = [_question("ask_count", str(len(values)), {"op": "count"}, rng)] if spec.kind in COUNTED else []
    if len(spec.series) > 1:
        found.append(_question("ask_series", str(len(spec.series)), {"op": "series"}, rng))
    if spec.value_labels and spec.kind not in ROUND:
        place = int(rng.integers(len(values)))
        program: dict[str, Json] = {"op": "value", "series": series, "row": names[place]}
        found.append(_question("ask_value", f"{values[place]:g}", program, rng, of=of, row=names[place]))
    ranked = sorted(values)
    gaps = [(low + high) / 2 for low, high in itertools.pairwise(ranked) if high - low >= 3 * least]
    if gaps and spec.kind not in UNLEVELLED:
        level = significant(gaps[int(rng.integers(len(gaps)))], 2)
        if all(abs(value - level) >= least for value in values):
            program = {"op": "above", "series": series, "level": level}
            answer = str(sum(value > level for value in values))
            found.append(_question("ask_above", answer, program, rng, of=of, text=f"{level:g}"))
    return found


def _question(task: str, answer: str, program: dict[str, Json], rng: Generator, **slots: str) -> Question:
    return Question(task, draw(PROMPTS, task, rng, **slots), answer, program)
