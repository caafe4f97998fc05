"""The verifier's view of edits: what each does to what a chart shows, and what of the look may move with it."""

from collections.abc import Callable
from dataclasses import replace

from schemas.errors import DataError
from synth.code.chart_reading import Reading, Row
from synth.code.prompts import load

PROMPTS = "chart_prompts"
MOVES = {
    "log": ("tick", "type", "limits"),
    "grid": ("grid", "spine"),
    "remove": ("mark", "limits", "widths"),
    "horizontal": ("limits", "widths"),
}
"""What else an edit may change of the look: smaller ticks with smaller labels come with a logarithmic axis, grid lines may lie on the
border, series may differ in their marks, and limits follow what is drawn."""


def free(reading: Reading, operation: str) -> Reading:
    """A reading without the part of its look that an edit changes."""
    return replace(reading, look=tuple(style for style in reading.look if style.split()[0] not in MOVES.get(operation, ())))


def _recolour(shown: Reading, asked: dict[str, str]) -> Reading:
    name = series_name(asked["series"])
    if name not in [row.name for row in shown.rows]:
        raise DataError("wrong_answer", f"there is no series {name!r}")
    return replace(shown, rows=tuple(replace(row, color=asked["color"]) if row.name == name else row for row in shown.rows))


def _remove(shown: Reading, asked: dict[str, str]) -> Reading:
    name = series_name(asked["series"])
    return replace(shown, rows=tuple(row for row in shown.rows if row.name != name))


def _sort(shown: Reading, asked: dict[str, str]) -> Reading:
    if len(shown.rows) != 1:
        raise DataError("wrong_answer", f"{len(shown.rows)} series are not sorted")
    (row,) = shown.rows
    order = sorted(range(len(row.values)), key=lambda place: -row.values[place])
    rows = (Row(row.name, tuple(row.values[place] for place in order), row.color),)
    return replace(shown, categories=tuple(shown.categories[place] for place in order), rows=rows)


CHANGES: dict[str, Callable[[Reading, dict[str, str]], Reading]] = {
    "title": lambda shown, asked: replace(shown, title=asked["text"]),
    "y_label": lambda shown, asked: replace(shown, y_label=asked["text"]),
    "recolour": _recolour,
    "remove": _remove,
    "sort": _sort,
    "log": lambda shown, asked: replace(shown, log=True),
    "grid": lambda shown, asked: replace(shown, grid=not shown.grid),
    "horizontal": lambda shown, asked: replace(shown, kind="barh", x_label=shown.y_label, y_label=shown.x_label),
}
"""What each change does to what a chart shows."""


def series_name(text: str) -> str:
    """The name between the quotes, or none where the chart has one series."""
    words = load(PROMPTS)
    if text == words["all"]:
        return ""
    before, after = words["series"].split("{series}")
    return text.removeprefix(before).removesuffix(after)
