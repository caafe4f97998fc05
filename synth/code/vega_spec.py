"""Writes a chart as a Vega-Lite specification: the same chart as `chart_code` writes for matplotlib, drawn by another engine.

Data stand in the specification itself; nothing refers to anything outside it.
"""

import json
from typing import Any

from synth.code.chart_spec import FULL, LYING, Kind, Spec, is_crowded

VEGA_KINDS: tuple[Kind, ...] = (
    *("bar", "barh", "grouped", "stacked", "barh_grouped", "barh_stacked"),
    *("line", "step", "scatter", "profile", "area", "dots"),
)
"""Kinds that Vega-Lite draws with one mark."""
MARKS: dict[Kind, dict[str, Any]] = {
    "line": {"type": "line"},
    "step": {"type": "line", "interpolate": "step"},
    "profile": {"type": "line"},
    "scatter": {"type": "point", "filled": True, "opacity": 1},
    "dots": {"type": "point", "filled": True, "opacity": 1},
    "area": {"type": "area"},
}
"""Marks by kind; bars elsewhere."""
POINTS_PER_INCH = 72
NUMBERS = {"format": "~r", "labelFlush": False, "labelOverlap": "greedy", "labelSeparation": 4}
"""How numbers are written beside an axis: six digits, no separators of thousands, no zeros at the end (d3-format)."""


def write_vega(spec: Spec) -> str:
    """The specification as JSON, in points: at the chart's `dpi` its picture has the size of matplotlib's, but for rounding.

    The chart's kind is one of `VEGA_KINDS`, without values beside the marks, reference line and note, on linear axes.
    """
    lying, numeric = spec.kind in LYING, bool(spec.x)
    rows: list[Any] = [_number(value) for value in spec.x] or list(spec.categories)
    several = len(spec.series) > 1
    data = [
        {"row": row, "value": _number(value), **({"series": one.name, "place": place} if several else {})}
        for place, one in enumerate(spec.series)
        for row, value in zip(rows, one.values, strict=True)
    ]
    labels = (spec.y_label, spec.x_label) if lying else (spec.x_label, spec.y_label)
    common = {"grid": spec.grid, "tickRound": False}
    names: dict[str, Any] = {"field": "row", "type": "quantitative" if numeric else "nominal"}
    if numeric:
        names["axis"] = {"title": labels[0] or None, **common, **NUMBERS}
        names["scale"] = {"zero": False, "nice": spec.kind != "area"}
    else:
        turned = -40 if is_crowded(spec.kind, spec.categories, spec.style, spec.width_in) else 0
        names["axis"] = {"title": labels[0] or None, **common, "labelAngle": turned}
        names["sort"] = list(spec.categories[::-1] if lying else spec.categories)  # the first lies at the bottom, as in matplotlib
    values: dict[str, Any] = {"field": "value", "type": "quantitative"}
    values["axis"] = {"title": labels[1] or None, **common, **NUMBERS}
    values["scale"] = {"zero": spec.kind not in ("line", "step", "scatter", "profile", "dots")}
    encoding: dict[str, Any] = {"y": names, "x": values} if lying else {"x": names, "y": values}
    mark = MARKS.get(spec.kind, {"type": "bar"})
    if several:
        domain = {"domain": [one.name for one in spec.series], "range": [one.color for one in spec.series]}
        encoding["color"] = {"field": "series", "type": "nominal", "sort": None, "scale": domain, "legend": {"title": None}}
        if spec.kind in ("grouped", "barh_grouped"):
            order = [one.name for one in (spec.series[::-1] if lying else spec.series)]
            encoding["yOffset" if lying else "xOffset"] = {"field": "series", "type": "nominal", "sort": order}
        elif spec.kind in FULL:
            encoding["order"] = {"field": "place", "type": "quantitative"}  # the first stands on the axis
    else:
        mark = {**mark, "color": spec.series[0].color}
    return json.dumps(
        {
            "title": spec.title,
            "width": round(spec.width_in * POINTS_PER_INCH),
            "height": round(spec.height_in * POINTS_PER_INCH),
            "autosize": {"type": "fit", "contains": "padding"},
            "background": "white",
            "padding": 10,
            "data": {"values": data},
            "mark": mark,
            "encoding": encoding,
            "usermeta": {"ppi": spec.dpi},
            "config": {"font": "DejaVu Sans", "point": {"size": 50}, "axis": {"labelLimit": 0}, "title": {"limit": 0}},
        },
        ensure_ascii=False,
    )


def _number(value: float) -> float | int:
    return int(value) if float(value).is_integer() and abs(value) < 1e15 else value
