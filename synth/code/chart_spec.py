"""What a chart is before there is code for it: its kind, its table, its words and its look; and in which idiom the code is to be written.

The specification is the truth of `code.chart`. Values are decimal numbers as they stand in the code.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "bar", "barh", "grouped", "stacked", "line", "step", "area", "scatter", "pie", "histogram", "box", "heatmap", "errorbar", "lollipop",
    "donut", "barh_grouped", "barh_stacked", "bar_errors", "bubble", "band", "waterfall", "dumbbell", "range", "profile", "dates", "stairs",
    "dots", "panels",
]  # fmt: skip
DataForm = Literal["lists", "dict", "rows", "array", "csv", "frame"]
RcForm = Literal["update", "keys", "groups"]
Layout = Literal["constrained", "tight", "none"]
CATEGORICAL: tuple[Kind, ...] = (
    *("bar", "barh", "grouped", "stacked", "pie", "lollipop", "box", "heatmap"),
    *("donut", "barh_grouped", "barh_stacked", "bar_errors", "waterfall", "dumbbell", "range", "profile", "dots", "panels"),
)
"""Their rows have names; those of the others have numbers."""
FULL: tuple[Kind, ...] = ("grouped", "stacked", "area", "barh_grouped", "barh_stacked", "stairs", "dumbbell")
"""They fill the plot, so that a legend in it would hide something: it stands beside it."""
SINGLE: tuple[Kind, ...] = ("bar", "barh", "pie", "histogram", "lollipop", "donut", "bar_errors", "waterfall", "range", "dots")
"""They show one column of a table."""
SEVERAL: tuple[Kind, ...] = ("grouped", "stacked", "area", "heatmap", "barh_grouped", "barh_stacked", "dumbbell", "panels")
"""They show at least two."""
LYING: tuple[Kind, ...] = ("barh", "barh_grouped", "barh_stacked", "dumbbell", "range", "dots")
"""Their values run from left to right."""
ROUND: tuple[Kind, ...] = ("pie", "donut")
"""They have no axes."""
MANY_COLORED: tuple[Kind, ...] = ("pie", "donut", "waterfall")
"""Their one series has a colour a row."""
PARTS: tuple[Kind, ...] = ("stacked", "area", "pie", "donut", "barh_stacked", "bubble", "waterfall", "range")
"""Their values add up to a whole, so none may be negative."""
WRITTEN: tuple[Kind, ...] = ("heatmap",)
"""They write every value into the plot."""
COUNTED: tuple[Kind, ...] = (
    "bar",
    "barh",
    "grouped",
    "stacked",
    "lollipop",
    "barh_grouped",
    "barh_stacked",
    "bar_errors",
    "dots",
    "profile",
)
"""Kinds whose categories can be counted as positions along an axis: a heat map has two such axes, and lines have ticks of their own."""
BOX_PARTS = ("whislo", "q1", "med", "q3", "whishi")
"""What a box shows, by matplotlib's names of them, from low to high: one series each."""


@dataclass(frozen=True, slots=True)
class Series:
    """One row of numbers. `errors` are half lengths of error bars or bands, areas of bubbles, or none."""

    name: str
    values: tuple[float, ...]
    color: str
    errors: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Spec:
    """One chart.

    Attributes:
        kind: What is drawn.
        title: Above the plot.
        x_label: Name of the horizontal axis as the reader sees it; empty where there is none.
        y_label: Name of the vertical axis.
        categories: Names of the rows, or none.
        x: Numbers of the rows where they have no names: days since 1970 of dates, edges of the bins of a histogram.
        series: What is drawn of each row.
        log: The axis of values is logarithmic.
        grid: Grid lines are drawn.
        value_labels: Values are written beside the marks.
        style: One of matplotlib's style sheets.
        colormap: Of a heat map.
        width_in: Width of the picture in inches.
        height_in: Height in inches.
        dpi: Pixels an inch.
        marker: Of points.
        layout: Which of matplotlib's layout engines makes room for words, if any.
        reference: A value at which a line crosses the plot, if one does.
        note: A text above the highest point of the first series, if there is one.
        rc: matplotlib's settings that differ from the style's: (name, value).
    """

    kind: Kind
    title: str
    x_label: str
    y_label: str
    categories: tuple[str, ...]
    x: tuple[float, ...]
    series: tuple[Series, ...]
    log: bool
    grid: bool
    value_labels: bool
    style: str
    colormap: str
    width_in: float
    height_in: float
    dpi: int
    marker: str
    layout: Layout
    reference: float | None = None
    note: str = ""
    rc: tuple[tuple[str, bool | int | float | str], ...] = ()


@dataclass(frozen=True, slots=True)
class Idiom:
    """How the code is written: none of it changes the picture.

    Attributes:
        api: Through `pyplot`'s current axes, through an axes object of `subplots`, or through one that is added to a figure.
        data: The table as a list a series, a dictionary, rows of tuples, an array, CSV text, or a data frame of pandas.
        loop: Several series are drawn in a loop.
        function: Everything lies in a function that is called at the end.
        comments: Sections have a comment.
        names: Which of several sets of variable names.
        together: Title and labels of an axes object are set in one call.
        rc: Settings are given as one dictionary, key by key, or by group through `plt.rc`.
    """

    api: Literal["pyplot", "axes", "figure"]
    data: DataForm
    loop: bool
    function: bool
    comments: bool
    names: int
    together: bool = False
    rc: RcForm = "update"


CHARACTER_IN = 0.09
"""Width of a character of tick labels, in inches (measured: 10-point DejaVu Sans with a little air)."""
LARGE_TYPE = {"fivethirtyeight": 1.4}
"""Styles whose tick labels are larger, and how much."""
BESIDE_IN, LEGEND_IN = 1.1, 1.4
"""Width that the other axis, its labels and margins take, and a legend beside the plot (chosen)."""


def is_crowded(kind: Kind, categories: tuple[str, ...], style: str, width_in: float) -> bool:
    """Whether the names on the horizontal axis would touch unless they are turned."""
    if kind == "dates":
        return True
    if kind not in CATEGORICAL or kind in (*LYING, *ROUND):
        return False
    legend = LEGEND_IN if kind in (*FULL, "heatmap") else 0.0
    slot = (width_in - BESIDE_IN - legend) / len(categories)
    return max(map(len, categories)) * CHARACTER_IN * LARGE_TYPE.get(style, 1.0) > slot
