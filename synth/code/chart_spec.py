"""What a chart is before there is code for it: its kind, its table, its words and its look; and in which idiom the code is to be written.

The specification is the truth of `code.chart`. Values are decimal numbers as they stand in the code.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "bar", "barh", "grouped", "stacked", "line", "step", "area", "scatter", "pie", "histogram", "box", "heatmap", "errorbar", "lollipop"
]  # fmt: skip
DataForm = Literal["lists", "dict", "rows", "array", "csv"]
CATEGORICAL: tuple[Kind, ...] = ("bar", "barh", "grouped", "stacked", "pie", "lollipop", "box", "heatmap")
"""Their rows have names; those of the others have numbers."""
SINGLE: tuple[Kind, ...] = ("bar", "barh", "pie", "histogram", "lollipop")
"""They show one series."""
PARTS: tuple[Kind, ...] = ("stacked", "area", "pie")
"""Their values add up to a whole, so none may be negative."""
BOX_PARTS = ("whislo", "q1", "med", "q3", "whishi")
"""What a box shows, by matplotlib's names of them, from low to high: one series each."""


@dataclass(frozen=True, slots=True)
class Series:
    """One row of numbers. `errors` are half lengths of error bars, or none."""

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
        x: Numbers of the rows where they have no names; edges of the bins of a histogram.
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


@dataclass(frozen=True, slots=True)
class Idiom:
    """How the code is written: none of it changes the picture.

    Attributes:
        api: Through `pyplot`'s current axes, or through an axes object.
        data: The table as a list a series, a dictionary, rows of tuples, an array, or CSV text.
        loop: Several series are drawn in a loop.
        function: Everything lies in a function that is called at the end.
        comments: Sections have a comment.
        names: Which of several sets of variable names.
    """

    api: Literal["pyplot", "axes"]
    data: DataForm
    loop: bool
    function: bool
    comments: bool
    names: int
