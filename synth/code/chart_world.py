"""Draws charts: a table of a subject or a part of the user's table, a kind that suits it, and a look."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import floor, log10
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import yaml
from numpy.random import Generator

from synth.code.chart_spec import (
    BOX_PARTS,
    CATEGORICAL,
    FULL,
    LARGE_TYPE,
    LYING,
    PARTS,
    ROUND,
    SEVERAL,
    SINGLE,
    DataForm,
    Idiom,
    Kind,
    Layout,
    RcForm,
    Series,
    Spec,
    is_crowded,
)

STYLES = (
    "default",
    "default",
    "ggplot",
    "bmh",
    "fivethirtyeight",
    "dark_background",
    "seaborn-v0_8",
    "seaborn-v0_8-whitegrid",
    "seaborn-v0_8-ticks",
    "Solarize_Light2",
    "tableau-colorblind10",
    "petroff10",
    "seaborn-v0_8-darkgrid",
)
"""Style sheets of matplotlib that need no font but its own."""
SETTINGS: tuple[tuple[tuple[str, bool | int | float | str], ...], ...] = (
    (("axes.spines.top", False), ("axes.spines.right", False)),
    (("axes.titlesize", 14), ("axes.titleweight", "bold")),
    (("axes.titlelocation", "left"),),
    (("axes.titlecolor", "#8b0000"),),
    (("axes.labelsize", 9), ("xtick.labelsize", 8), ("ytick.labelsize", 8)),
    (("axes.facecolor", "#f5f1e8"),),
    (("axes.edgecolor", "#888888"), ("axes.linewidth", 1.5)),
    (("figure.facecolor", "#eef3f7"),),
    (("font.family", "serif"),),
    (("legend.frameon", False),),
)
"""Settings that scripts often change, in groups; the fonts are matplotlib's own."""
DARK = "dark_background"
LEAST_LIGHT = 0.35
"""Least luma of a wedge, of 1, on which black words can be read (chosen)."""
COLORMAPS = ("viridis", "cividis", "magma", "Blues", "YlOrRd", "Greens", "PuBu")
PALETTES = (
    ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#f0e442", "#999999"),  # Okabe and Ito
    ("#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f", "#edc948", "#b07aa1", "#ff9da7"),  # Tableau 10
    ("#264653", "#e76f51", "#2a9d8f", "#e9c46a", "#9b2226", "#8ecae6", "#6d597a", "#b5838d"),
    ("#b5179e", "#4895ef", "#80b918", "#f77f00", "#3a0ca3", "#06d6a0", "#ef476f", "#ffd166"),
    ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f"),
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LONG_NAME = 6
"""Characters that fit left of a plot 6 inches wide without a layout engine (measured: 0.75 inches)."""
LOW_IN = 4.5
"""Height below which the name of the horizontal axis is cut off without a layout engine (measured)."""
NOTED: tuple[Kind, ...] = ("line", "dates", "profile", "scatter")
NOTES = ("Peak", "Maximum", "Highest", "Record")
CROSSED: tuple[Kind, ...] = ("bar", "line", "dates", "step", "scatter", "grouped", "stacked", "bar_errors", "profile", "area")
"""Kinds that a reference line may cross."""
FIRST_DAY, LAST_DAY = 14_610, 20_454
"""First of January 2010 and 2026, in days since 1970."""
APIS: tuple[Literal["pyplot", "axes", "figure"], ...] = ("pyplot", "pyplot", "axes", "axes", "figure")
DATA_FORMS: tuple[DataForm, ...] = get_args(DataForm)
RC_FORMS: tuple[RcForm, ...] = get_args(RcForm)
MOST_ROWS, MOST_SERIES = 10, 4
DIGITS = 3
"""Significant digits of drawn values: what can be measured in a plot of some 400 pixels."""


@dataclass(frozen=True, slots=True)
class Table:
    """Names or numbers of rows, and named columns of numbers.

    Attributes:
        subject: What it is about.
        measure: What the numbers are, with their unit.
        rows: Names of the rows.
        over: Name of the numeric axis.
        x: Its numbers.
        names: Of the columns.
        columns: Numbers of each.
    """

    subject: str
    measure: str
    rows: tuple[str, ...]
    over: str
    x: tuple[float, ...]
    names: tuple[str, ...]
    columns: tuple[tuple[float, ...], ...]


@cache
def topics() -> tuple[dict[str, Any], ...]:
    """Subjects of drawn tables."""
    return tuple(yaml.safe_load(Path(__file__).with_name("chart_topics.yaml").read_text(encoding="utf-8")))


def draw_table(kind: Kind, rng: Generator) -> Table:
    """A table for a kind of chart: rows with names, or with numbers, that wander within the subject's range."""
    topic = topics()[int(rng.integers(len(topics())))]
    low, high = topic["range"]
    over, first, step = topic["over"]
    count = int(rng.integers(4, MOST_ROWS + 1))
    rows = topic["rows"][: max(4, min(count, len(topic["rows"])))]
    series = len(topic["columns"]) if kind not in SINGLE else 1
    if kind not in SINGLE:
        series = (
            int(rng.integers(2, min(MOST_SERIES, series) + 1)) if kind in SEVERAL else int(rng.integers(1, min(MOST_SERIES, series) + 1))
        )
    length = len(rows) if kind in CATEGORICAL else count
    columns = tuple(_walk(low, high, length, smooth=kind not in CATEGORICAL, rng=rng) for _ in range(series))
    measure = f"{topic['measure']} ({topic['unit']})" if topic["unit"] else topic["measure"]
    if kind == "panels":
        rows = rows[:6]  # side by side, more would touch
        columns = tuple(column[:6] for column in columns)
    if kind == "dumbbell":
        columns = columns[:2]
    x = tuple(float(first + step * place) for place in range(length)) if kind not in CATEGORICAL else ()
    if kind == "dates":
        over, first, step = "", int(rng.integers(FIRST_DAY, LAST_DAY)), int(rng.choice((1, 7, 14, 28)))
        x = tuple(float(first + step * place) for place in range(length))
    names = tuple(str(name) for name in topic["columns"][: len(columns)])
    return Table(topic["subject"], measure, tuple(map(str, rows)), over, x, names, columns)


def _walk(low: float, high: float, length: int, *, smooth: bool, rng: Generator) -> tuple[float, ...]:
    """Numbers in a range, from one another or alone; within a decade of its end, so that no mark is too small to see."""
    bottom = max(low, high / 12)
    at = bottom + (high - bottom) * float(rng.random())
    values = []
    for _ in range(length):
        if smooth:
            at = min(high, max(bottom, at + (high - bottom) * 0.35 * (float(rng.random()) - 0.5)))
        else:
            at = bottom + (high - bottom) * float(rng.random())
        values.append(significant(at))
    return tuple(values)


def significant(value: float, digits: int = DIGITS) -> float:
    """A number rounded to some digits, as a decimal."""
    if value == 0:
        return 0.0
    return float(round(value, digits - 1 - floor(log10(abs(value)))))


def is_short(value: float) -> bool:
    """Whether `{:g}`, with its six digits, writes a number as it is."""
    return float(f"{value:g}") == value


def draw_spec(table: Table, kind: Kind, rng: Generator) -> Spec:
    """A chart of the table."""
    palette = list(PALETTES[int(rng.integers(len(PALETTES)))])
    shift = int(rng.integers(len(palette)))
    colors = palette[shift:] + palette[:shift]
    rows, x, series = _contents(table, kind, colors, rng)
    value_axis = table.measure
    row_axis = "" if kind in CATEGORICAL else table.over
    labels = (value_axis, row_axis) if kind in LYING else ("", "") if kind in (*ROUND, "heatmap") else (row_axis, value_axis)
    if kind == "panels":
        labels = ("", "")
    if kind in ("histogram", "stairs"):
        labels = (table.measure, "Count")
    positive = all(value > 0 for one in series for value in one.values)
    title = f"{table.subject}: {table.names[0]}" if kind in SINGLE and kind != "histogram" and table.names[0] else table.subject
    title = f"{table.subject}: {table.measure}" if kind == "panels" else title
    short = all(is_short(value) for one in series for value in one.values)
    log = kind in ("line", "scatter", "bar", "step") and positive and bool(rng.random() < 0.12)
    width_in = float(rng.choice((6.0, 6.4, 7.0, 8.0, 9.0)))
    height_in = float(rng.choice((4.0, 4.5, 4.8, 5.0, 6.0)))
    style = STYLES[int(rng.integers(len(STYLES)))] if kind != "box" else STYLES[int(rng.integers(2))]
    style = "default" if kind in ROUND and style == DARK else style  # shares are written on the wedges, which are light
    return Spec(
        kind=kind,
        title=title,
        x_label=labels[0],
        y_label=labels[1],
        categories=rows,
        x=x,
        series=series,
        log=log,
        grid=kind not in (*ROUND, "heatmap") and bool(rng.random() < 0.5),
        value_labels=kind in ("heatmap", *ROUND) or (kind in ("bar", "barh") and bool(rng.random() < 0.4) and short),
        style=style,
        colormap=COLORMAPS[int(rng.integers(len(COLORMAPS)))],
        width_in=width_in,
        height_in=height_in,
        dpi=int(rng.choice((80, 100, 120))),
        marker=MARKERS[int(rng.integers(len(MARKERS)))],
        layout=_layout(
            kind, rows, series, log or style in LARGE_TYPE or height_in < LOW_IN or is_crowded(kind, rows, style, width_in), rng
        ),
        reference=_reference(kind, series, rng),
        note=NOTES[int(rng.integers(len(NOTES)))] if kind in NOTED and rng.random() < 0.25 else "",
        rc=_settings(kind, len(series), rng, dark=style == DARK),
    )


def _settings(kind: Kind, count: int, rng: Generator, *, dark: bool) -> tuple[tuple[str, bool | int | float | str], ...]:
    """One to three groups of settings that show in a chart of this kind, for a third of the charts."""
    if rng.random() > 0.35:
        return ()
    fit = [group for group in SETTINGS if not (kind in ROUND and "axes." in group[0][0] and "title" not in group[0][0])]
    fit = [group for group in fit if count > 1 or not group[0][0].startswith("legend")]
    fit = [group for group in fit if not (dark and "color" in group[0][0])]  # made for dark words on light grounds
    chosen = sorted(int(place) for place in rng.permutation(len(fit))[: int(rng.integers(1, 4))])
    return tuple(setting for place in chosen for setting in fit[place])


def _reference(kind: Kind, series: Sequence[Series], rng: Generator) -> float | None:
    """A value within the range of the first series."""
    if kind not in CROSSED or rng.random() >= 0.2:
        return None
    low, high = min(series[0].values), max(series[0].values)
    return significant(low + (high - low) * (0.2 + 0.6 * float(rng.random())), 2) or None


def _layout(kind: Kind, rows: Sequence[str], series: Sequence[Series], crowded: bool, rng: Generator) -> Layout:
    """No layout engine, as in most scripts, unless words would be cut off: a legend beside the plot, turned names, long ones left of it."""
    beside = (kind in FULL and len(series) > 1) or kind == "panels"
    long_names = kind in (*LYING, "heatmap") and max(map(len, (*rows, *(one.name for one in series)))) > LONG_NAME
    engine: Layout = "constrained" if rng.random() < 0.6 else "tight"
    return engine if crowded or beside or long_names or rng.random() < 0.3 else "none"


def _contents(
    table: Table, kind: Kind, colors: Sequence[str], rng: Generator
) -> tuple[tuple[str, ...], tuple[float, ...], tuple[Series, ...]]:
    """Rows, x and series as a kind wants them."""
    if kind == "histogram":
        return (), *_histogram(table, colors[0], rng)
    if kind == "box":
        return table.rows, (), _boxes(table, rng)
    if kind in ROUND:
        return (
            table.rows,
            (),
            (Series("", table.columns[0], " ".join(itertools.islice(map(lightened, itertools.cycle(colors)), len(table.rows)))),),
        )
    if kind == "stairs":
        return (), *_stairs(table, colors, rng)
    if kind == "range":
        values = table.columns[0]
        ends = tuple(significant(value * (1.1 + 0.8 * float(rng.random()))) for value in values)
        return table.rows, (), (Series("low", values, colors[0]), Series("high", ends, colors[0]))
    if kind == "waterfall":
        changes = _changes(table.columns[0], rng)
        return table.rows, (), (Series("", changes, " ".join(colors[0] if value >= 0 else colors[1] for value in changes)),)
    series = []
    single = len(table.columns) == 1
    for name, values, color in zip(table.names, table.columns, colors, strict=False):
        errors: tuple[float, ...] = ()
        if kind in ("errorbar", "bar_errors", "band"):
            errors = tuple(significant(abs(value) * (0.05 + 0.15 * float(rng.random())), 2) for value in values)
        elif kind == "bubble":
            errors = tuple(float(rng.integers(20, 400)) for _ in values)
        series.append(Series("" if single else name, values, "" if kind == "heatmap" else color, errors))
    return (table.rows, (), tuple(series)) if kind in CATEGORICAL else ((), table.x, tuple(series))


def lightened(color: str) -> str:
    """A colour mixed with white until black words can be read on it.

    >>> lightened("#000000")
    '#7f7f7f'
    """
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    if 299 * red + 587 * green + 114 * blue >= LEAST_LIGHT * 255_000:
        return color
    return lightened(f"#{(red + 255) // 2:02x}{(green + 255) // 2:02x}{(blue + 255) // 2:02x}")


def _changes(values: Sequence[float], rng: Generator) -> tuple[float, ...]:
    """Gains and losses that never add up to less than nothing."""
    changes = [values[0]]
    for value in values[1:]:
        loses = rng.random() < 0.45 and value < 0.8 * math.fsum(changes)
        changes.append(-value if loses else value)
    return tuple(changes)


def _stairs(table: Table, colors: Sequence[str], rng: Generator) -> tuple[tuple[float, ...], tuple[Series, ...]]:
    """One to three histograms over the same bins, as outlines."""
    edges, (first,) = _histogram(table, colors[0], rng)
    series = [Series("", first.values, colors[0])]
    for color in colors[1 : min(3, len(table.columns))]:
        middle = 0.25 + 0.5 * float(rng.random())
        places = np.clip((rng.normal(middle, 0.16, int(rng.integers(80, 400))) * (len(edges) - 1)).astype(int), 0, len(edges) - 2)
        series.append(Series("", tuple(float(count) for count in np.bincount(places, minlength=len(edges) - 1)), color))
    named = [replace(one, name=name if len(series) > 1 else "") for one, name in zip(series, table.names, strict=False)]
    return edges, tuple(named)


def _histogram(table: Table, color: str, rng: Generator) -> tuple[tuple[float, ...], tuple[Series, ...]]:
    """Edges of equal bins over the values' range, and how many fall in each of a bell's sample."""
    low, high = min(table.columns[0]), max(table.columns[0])
    bins = int(rng.integers(6, 13))
    step = significant((high - low) / bins or 1.0, 2)
    start = floor(low / step) * step
    edges = tuple(significant(start + step * place, 6) for place in range(bins + 1))
    middle, width = 0.3 + 0.4 * float(rng.random()), 0.12 + 0.15 * float(rng.random())
    sample = rng.normal(middle, width, int(rng.integers(80, 400)))
    counts = [int(((place / bins <= sample) & (sample < (place + 1) / bins)).sum()) for place in range(bins)]
    return edges, (Series("", tuple(map(float, counts)), color),)


def _boxes(table: Table, rng: Generator) -> tuple[Series, ...]:
    """Five numbers a row, in order and apart."""
    columns = []
    for middle in table.columns[0]:
        spread = [abs(middle) * (0.08 + 0.2 * float(rng.random())) for _ in range(4)]
        columns.append((middle - spread[0] - spread[1], middle - spread[1], middle, middle + spread[2], middle + spread[2] + spread[3]))
    return tuple(
        Series(part, tuple(significant(value, 4) for value in values), "")
        for part, values in zip(BOX_PARTS, zip(*columns, strict=True), strict=True)
    )


def draw_idiom(spec: Spec, rng: Generator) -> Idiom:
    """How the code is written."""
    chosen = DATA_FORMS[int(rng.integers(len(DATA_FORMS)))]
    odd = any("," in text or '"' in text or "\n" in text for text in (*spec.categories, *(one.name for one in spec.series)))
    return Idiom(
        api=APIS[int(rng.integers(len(APIS)))],
        data="lists" if chosen == "csv" and odd else chosen,  # such names would need quotes in CSV
        loop=bool(rng.random() < 0.5),
        function=bool(rng.random() < 0.25),
        comments=bool(rng.random() < 0.4),
        names=int(rng.integers(4)),
        together=bool(rng.random() < 0.3),
        rc=RC_FORMS[int(rng.integers(len(RC_FORMS)))],
    )


def suits(kind: Kind, table: Table) -> bool:
    """Whether a kind can show a table: parts of a whole are not negative, and a pie has few wedges."""
    if kind in PARTS and any(value < 0 for column in table.columns for value in column):
        return False
    return kind not in ROUND or len(table.rows) <= 8
