"""Changes to a chart that somebody asks for, and mistakes that somebody made: both made in the specification or the code, for the answer.

What a change must do is decided again, from the artists, in `chart_proof`.
"""

import re
from dataclasses import dataclass, replace
from typing import Literal

from numpy.random import Generator

from synth.code.chart_code import write_code
from synth.code.chart_spec import LYING, MANY_COLORED, ROUND, Idiom, Series, Spec

Operation = Literal["title", "y_label", "recolour", "remove", "sort", "log", "grid", "horizontal"]
FaultKind = Literal["value", "names", "colors", "label", "mirrored", "kind", "unlogged", "import", "misspelled", "bracket", "undefined"]
COLORS = ("#dc143c", "#008080", "#000080", "#ff8c00", "#800080", "#556b2f")
"""Crimson, teal, navy, dark orange, purple, dark olive green."""
TITLES = ("{title}, revised", "{title} at a glance", "Survey: {title}", "{title} (second report)", "A closer look at {title}")
Y_LABELS = ("Measured value", "Amount", "Result of the survey", "Reported figures")


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: what is done, to which series (its name; empty if there is one), and the new text or colour."""

    operation: Operation
    series: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake, and where: number of a series and of two rows."""

    kind: FaultKind
    series: int = 0
    row: int = 0
    other: int = 1


def draw_edit(spec: Spec, rng: Generator) -> Edit:
    """A change that suits the chart."""
    possible: list[Operation] = ["title"]
    if spec.kind not in (*ROUND, *LYING, "heatmap", "histogram", "stairs", "panels"):
        possible.append("y_label")
    if spec.kind not in (*ROUND, "heatmap", "box"):
        possible += ["grid"]
    if spec.kind not in (*MANY_COLORED, "heatmap", "box", "range"):
        possible += ["recolour"]
    if len(spec.series) > 2 and spec.kind not in ("heatmap", "box", "panels"):
        possible.append("remove")
    if spec.kind in ("bar", "lollipop"):
        possible.append("sort")
    positive = all(value > 0 for one in spec.series for value in one.values)
    if (
        spec.kind in ("bar", "line", "scatter", "step") and positive and not spec.log and spec.reference is None and spec.layout != "none"
    ):  # wide labels
        possible.append("log")
    if spec.kind == "bar" and spec.reference is None and spec.layout != "none":  # names need room on the left
        possible.append("horizontal")
    operation = possible[int(rng.integers(len(possible)))]
    series = spec.series[int(rng.integers(len(spec.series)))].name if operation in ("recolour", "remove") else ""
    colors = [color for color in COLORS if all(color != one.color for one in spec.series)]
    values = {
        "title": TITLES[int(rng.integers(len(TITLES)))].format(title=spec.title),
        "y_label": Y_LABELS[int(rng.integers(len(Y_LABELS)))],
        "recolour": colors[int(rng.integers(len(colors)))],
    }
    return Edit(operation, series, values.get(operation, ""))


def apply_edit(spec: Spec, edit: Edit) -> Spec:
    """The chart after the change."""
    match edit.operation:
        case "title":
            return replace(spec, title=edit.value)
        case "y_label":
            return replace(spec, y_label=edit.value)
        case "recolour":
            return replace(spec, series=tuple(replace(one, color=edit.value) if one.name == edit.series else one for one in spec.series))
        case "remove":
            return replace(spec, series=tuple(one for one in spec.series if one.name != edit.series))
        case "sort":
            (one,) = spec.series
            order = sorted(range(len(one.values)), key=lambda place: -one.values[place])
            rows = tuple(spec.categories[place] for place in order)
            return replace(spec, categories=rows, series=(replace(one, values=tuple(one.values[place] for place in order)),))
        case "log":
            return replace(spec, log=True)
        case "grid":
            return replace(spec, grid=not spec.grid)
        case "horizontal":
            return replace(spec, kind="barh", x_label=spec.y_label, y_label=spec.x_label)


def draw_fault(spec: Spec, rng: Generator) -> Fault:
    """A mistake that changes this chart or stops it."""
    possible: list[FaultKind] = ["value", "value", "import", "misspelled", "bracket", "undefined"]
    if spec.kind != "panels":
        possible += ["mirrored"]
    if spec.categories:
        possible += ["names"]
    if len(spec.series) > 1 and spec.kind not in ("heatmap", "box", "range"):
        possible += ["colors"]
    if spec.y_label:
        possible += ["label"]
    if spec.kind in ("bar", "grouped", "line"):
        possible += ["kind"]
    if spec.log:
        possible += ["unlogged"]
    kind = possible[int(rng.integers(len(possible)))]
    rows = len(spec.series[0].values)
    one = int(rng.integers(rows))
    return Fault(kind, int(rng.integers(len(spec.series))), one, (one + 1 + int(rng.integers(rows - 1))) % rows)


def broken_code(spec: Spec, idiom: Idiom, fault: Fault) -> str:
    """The code with the mistake in it."""
    wrong = _wrong_spec(spec, fault)
    code = write_code(wrong, idiom)
    on = "plt.gca()" if idiom.api == "pyplot" else "ax"
    match fault.kind:
        case "mirrored":
            lines = code.splitlines(keepends=True)
            place = next(number for number, line in enumerate(lines) if "savefig(" in line)
            indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
            return "".join([*lines[:place], f"{indent}{on}.invert_xaxis()\n", *lines[place:]])
        case "import":
            return code.replace("import numpy as np\n" if "import numpy as np\n" in code else "import matplotlib.pyplot as plt\n", "", 1)
        case "misspelled":
            return re.sub(r"\b(set_|set\(|sup)?title([(=])", lambda found: f"{found[1] or ''}titel{found[2]}", code, count=1)
        case "bracket":
            return code.replace("savefig(", "savefig((", 1)
        case "undefined":
            return re.sub(r"\.savefig\(\"[^\"]*\"", ".savefig(output_path", code, count=1)
        case _:
            return code


def _wrong_spec(spec: Spec, fault: Fault) -> Spec:
    """The specification with a mistake in it; the same where the mistake is one of the code."""
    series = list(spec.series)
    one = series[fault.series]
    match fault.kind:
        case "value":
            values = list(one.values)
            values[fault.row], values[fault.other] = values[fault.other], values[fault.row]
            series[fault.series] = replace(one, values=tuple(values))
            if spec.kind == "box":  # all five parts, or a box would be out of order
                series = [_exchanged(part, fault.row, fault.other) for part in spec.series]
            return replace(spec, series=tuple(series))
        case "names":
            rows = list(spec.categories)
            rows[fault.row], rows[fault.other] = rows[fault.other], rows[fault.row]
            return replace(spec, categories=tuple(rows))
        case "colors":
            other = (fault.series + 1) % len(series)
            series[fault.series], series[other] = replace(one, color=series[other].color), replace(series[other], color=one.color)
            return replace(spec, series=tuple(series))
        case "label":
            return replace(spec, y_label="")
        case "kind":
            kinds = {"bar": "lollipop", "grouped": "stacked", "line": "step"}
            return replace(spec, kind=kinds[spec.kind])  # type: ignore[arg-type]
        case "unlogged":
            return replace(spec, log=False)
        case _:
            return spec


def _exchanged(one: Series, row: int, other: int) -> Series:
    values = list(one.values)
    values[row], values[other] = values[other], values[row]
    return replace(one, values=tuple(values))
