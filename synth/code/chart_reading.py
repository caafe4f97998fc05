"""The verifier's eyes: from the artists that `chart_probe` found to what kind of chart it is and which table it shows.

Shares nothing with the code that draws: it knows artists, not the program's text. A figure it does not understand is a `DataError`
(`unread_chart`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from schemas.errors import DataError
from synth.code.chart_witness import names_rows

TOLERANCE = 1e-6
"""Relative difference of numbers that are the same (chosen: sums and angles lose the last digits of ten)."""
LYING = ("barh", "barh_grouped", "barh_stacked", "range", "dumbbell", "dots")
"""Kinds whose values run from left to right."""
VALUED = ("bar", "barh", "pie", "donut", "heatmap")
"""Kinds whose texts in the plot are their values."""
PIE_TOLERANCE = 1e-4
"""As above for shares from angles, which matplotlib keeps in single precision."""


@dataclass(frozen=True, slots=True)
class Row:
    """One series as read: its name, numbers and colour (of a pie, those of the wedges, with spaces between)."""

    name: str
    values: tuple[float, ...]
    color: str
    errors: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a figure shows.

    Attributes:
        references: Values at which a line crosses the plot.
        notes: Texts in the plot, each with the point that it is about.
        upside_down: An axis falls from left to right or rises from top to bottom.
        look: Styles of grounds, frames, grid, marks and type (`chart_witness`), colours of marks left out.
    """

    kind: str
    title: str
    x_label: str
    y_label: str
    categories: tuple[str, ...]
    x: tuple[float, ...]
    rows: tuple[Row, ...]
    log: bool
    grid: bool
    value_labels: bool
    upside_down: bool = False
    references: tuple[float, ...] = ()
    notes: tuple[tuple[str, float, float], ...] = ()
    look: tuple[str, ...] = ()


def same(one: Reading, other: Reading) -> bool:
    """Whether two readings are the same chart, numbers by `TOLERANCE`."""
    if not close_all(one.x, other.x) or len(one.rows) != len(other.rows):
        return False
    if replace(one, x=(), rows=()) != replace(other, x=(), rows=()):
        return False
    tolerance = PIE_TOLERANCE if one.kind in ("pie", "donut") else TOLERANCE
    return all(
        (a.name, a.color) == (b.name, b.color) and close_all(a.values, b.values, tolerance) and close_all(a.errors, b.errors)
        for a, b in zip(one.rows, other.rows, strict=True)
    )


def close_all(one: Sequence[float], other: Sequence[float], tolerance: float = TOLERANCE) -> bool:
    """Whether two lists of numbers are equal, but for rounding."""
    return len(one) == len(other) and all(abs(a - b) <= tolerance * max(1.0, abs(a), abs(b)) for a, b in zip(one, other, strict=True))


def as_reading(axes: dict[str, Any], kind: str, rows: Sequence[Row], *, categories: Sequence[str] = (), x: Sequence[float] = ()) -> Reading:
    """What all kinds have in common. A single series is nameless: its name is on the axis."""
    across, along = ("x", "y") if kind in LYING else ("y", "x")
    if kind not in ("pie", "donut", "heatmap") and names_rows(axes[across]):
        raise DataError("unread_chart", f"the axis of values of a {kind} chart has no numbers beside it")
    named = rows if len(rows) > 1 else [replace(row, name="") for row in rows]
    return Reading(
        kind=kind,
        title=axes["title"],
        x_label=axes["x"]["label"],
        y_label=axes["y"]["label"],
        categories=tuple(categories),
        x=tuple(x),
        rows=tuple(named),
        log=axes[across]["scale"] == "log",
        grid=axes[across]["grid"] or axes[along]["grid"],
        value_labels=kind in VALUED and bool(axes["texts"]),
        references=tuple(axes["references"]),
        notes=() if kind in VALUED else tuple((text["text"], text["x"], text["y"]) for text in axes["texts"]),
    )


def read_names(axes: dict[str, Any], kind: str, count: int) -> list[str]:
    """Names of series as the legend shows them; those of one are on the axis."""
    legend: list[str] = axes["legend"]
    if count > 1 and len(legend) != count:
        raise DataError("unread_chart", f"a {kind} chart of {count} series has a legend of {len(legend)}")
    return legend if count > 1 else [""]


def read_ticks(axes: dict[str, Any], axis: str, places: Sequence[float]) -> list[str]:
    """The tick label at each place."""
    found = {round(place, 6): text for place, text in axes[axis]["ticks"]}
    labels = [found.get(round(place, 6)) for place in places]
    if None in labels:
        raise DataError("unread_chart", f"there is no {axis} tick label at {places[labels.index(None)]}")
    return [str(label) for label in labels]
