"""Writes matplotlib code for a chart, in many idioms: pyplot or axes, five ways to hold the table, loops or one call a series.

The code draws `chart.png` and needs nothing but matplotlib, NumPy, pandas and the standard library. Nothing here runs it.
"""

import datetime
import re
from dataclasses import dataclass

from synth.code.chart_spec import BOX_PARTS, CATEGORICAL, FULL, LYING, ROUND, Idiom, Series, Spec, is_crowded

OUTPUT = "chart.png"
NAMES = (
    {"rows": "categories", "x": "x", "data": "data", "colors": "colors", "name": "name", "values": "values", "color": "color"},
    {"rows": "labels", "x": "xs", "data": "table", "colors": "palette", "name": "label", "values": "ys", "color": "c"},
    {"rows": "names", "x": "positions", "data": "series", "colors": "series_colors", "name": "title", "values": "numbers", "color": "tone"},
    {"rows": "groups", "x": "x_values", "data": "measurements", "colors": "cols", "name": "key", "values": "heights", "color": "col"},
)
"""Variable names; the set with `data` called `series` and the others are equally likely."""


BASES = {"stacked": "bottom", "barh_stacked": "left"}
"""What a stacked chart calls the ends of the bars so far."""


@dataclass(frozen=True, slots=True)
class _Access:
    """How the code reaches the table: lines that build it, and expressions for the rows and for each series."""

    lines: list[str]
    rows: str
    values: list[str]
    errors: list[str]


def write_code(spec: Spec, idiom: Idiom) -> str:
    """The script."""
    names = NAMES[idiom.names]
    access = _table(spec, idiom, names)
    body: list[str] = []
    _section(body, idiom, "Data", access.lines)
    start = [f"plt.style.use({_text(spec.style)})"] if spec.style != "default" else []
    start += _settings(spec, idiom)
    size = f"figsize=({_number(spec.width_in)}, {_number(spec.height_in)})"
    size += f", layout={_text('constrained')}" if spec.layout == "constrained" else ""
    if spec.kind == "panels" and idiom.api != "pyplot":
        start.append(f"fig, axes = plt.subplots({1 if len(spec.series) < 4 else 2}, {_columns(spec)}, {size})")
    else:
        made = {"pyplot": [f"plt.figure({size})"], "figure": [f"fig = plt.figure({size})", "ax = fig.add_subplot()"]}
        start += made.get(idiom.api, [f"fig, ax = plt.subplots({size})"])
    _section(body, idiom, "Figure", start)
    _section(body, idiom, "Chart", _draw(spec, idiom, access, names))
    _section(body, idiom, "Labels", _finish(spec, idiom, access))
    save = f"{'plt' if idiom.api == 'pyplot' else 'fig'}.savefig({_text(OUTPUT)}, dpi={spec.dpi})"
    tight = [f"{'plt' if idiom.api == 'pyplot' else 'fig'}.tight_layout()"] if spec.layout == "tight" else []
    _section(body, idiom, "Output", [*tight, save])
    text = "\n".join(body)
    imports = [f"import {name}" for name in ("csv", "io") if f"{name}." in text]
    imports += [*([""] if imports else []), "import matplotlib.pyplot as plt"]
    imports += [f"import {module} as {name}" for module, name in (("numpy", "np"), ("pandas", "pd")) if f"{name}." in text]
    if idiom.function:
        inner = "\n".join(_indented(body)).rstrip()
        return "\n".join(imports) + f"\n\n\ndef main():\n{inner}\n\n\nif __name__ == {_text('__main__')}:\n    main()\n"
    return "\n".join(imports) + "\n\n" + text.strip("\n") + "\n"


def _indented(lines: list[str]) -> list[str]:
    """Lines moved in by four spaces, but for those inside a text of several lines."""
    moved, inside = [], False
    for line in lines:
        moved.append(line if inside or not line else f"    {line}")
        inside ^= line.count('"""') % 2 == 1
    return moved


def _section(body: list[str], idiom: Idiom, title: str, lines: list[str]) -> None:
    if lines:
        body += [*([""] if body else []), *([f"# {title}"] if idiom.comments else []), *lines]


def _table(spec: Spec, idiom: Idiom, names: dict[str, str]) -> _Access:
    rows = names["rows"] if spec.kind in CATEGORICAL else names["x"]
    keys = [_text(category) for category in spec.categories] or [_coordinate(spec, value) for value in spec.x]
    if spec.kind in ("histogram", "box", "stairs"):
        return _plain_table(spec, rows, keys)
    series, data = spec.series, names["data"]
    lists = ["[" + ", ".join(map(_number, one.values)) + "]" for one in series]
    errors = ["[" + ", ".join(map(_number, one.errors)) + "]" if one.errors else "" for one in series]
    if idiom.data == "dict":
        items = [f"    {_text(_key(one))}: {values}," for one, values in zip(series, lists, strict=True)]
        lines = [f"{rows} = [{', '.join(keys)}]", f"{data} = {{", *items, "}"]
        values = [f"{data}[{_text(_key(one))}]" for one in series]
    elif idiom.data == "rows":
        numbers = zip(*(one.values for one in series), strict=True)
        items = [f"    ({key}, {', '.join(map(_number, row))})," for key, row in zip(keys, numbers, strict=True)]
        lines = [f"{data} = [", *items, "]", f"{rows} = [row[0] for row in {data}]"]
        values = [f"[row[{place}] for row in {data}]" for place in range(1, len(series) + 1)]
    elif idiom.data == "array":
        lines = [f"{rows} = [{', '.join(keys)}]", f"{data} = np.array([", *(f"    {values}," for values in lists), "])"]
        values = [f"{data}[{place}]" for place in range(len(series))]
    elif idiom.data == "frame" and spec.kind != "dates":
        items = [f"        {_text(_key(one))}: {values}," for one, values in zip(series, lists, strict=True)]
        lines = ["df = pd.DataFrame(", "    {", *items, "    },", f"    index=[{', '.join(keys)}],", ")"]
        return _Access(lines, "df.index", [f"df[{_text(_key(one))}]" for one in series], errors)
    elif idiom.data == "csv":
        return _csv_table(spec, rows, data, errors)
    else:
        own = _identifiers(series, {rows, *names.values(), "plt", "np", "ax", "fig", "bottom", "width"})
        lines = [f"{rows} = [{', '.join(keys)}]", *(f"{name} = {values}" for name, values in zip(own, lists, strict=True))]
        values = own
    return _Access(lines, rows, values, errors)


def _settings(spec: Spec, idiom: Idiom) -> list[str]:
    """The settings of the chart, in one of three ways."""
    if not spec.rc:
        return []
    literals = {name: _text(value) if isinstance(value, str) else repr(value) for name, value in spec.rc}
    if idiom.rc == "update":
        return ["plt.rcParams.update({", *(f"    {_text(name)}: {value}," for name, value in literals.items()), "})"]
    if idiom.rc == "keys" or any(name.count(".") > 1 for name in literals):  # `plt.rc` takes names of two parts
        return [f"plt.rcParams[{_text(name)}] = {value}" for name, value in literals.items()]
    return [f"plt.rc({_text(name.partition('.')[0])}, {name.partition('.')[2]}={value})" for name, value in literals.items()]


def _plain_table(spec: Spec, rows: str, keys: list[str]) -> _Access:
    """Histograms and boxes come summed up: only what the picture shows is in the code."""
    if spec.kind == "histogram":
        counts = ", ".join(map(_number, spec.series[0].values))
        return _Access([f"edges = [{', '.join(keys)}]", f"counts = [{counts}]"], "edges", ["counts"], [""])
    if spec.kind == "stairs":
        own = _identifiers(spec.series, {"edges", "plt", "ax", "fig"})
        lines = [f"{name} = [{', '.join(map(_number, one.values))}]" for name, one in zip(own, spec.series, strict=True)]
        return _Access([f"edges = [{', '.join(keys)}]", *lines], "edges", own, [""] * len(own))
    lines = ["stats = ["]
    for place, key in enumerate(keys):
        parts = ", ".join(f"{_text(part)}: {_number(one.values[place])}" for part, one in zip(BOX_PARTS, spec.series, strict=True))
        lines.append(f"    {{{_text('label')}: {key}, {parts}}},")
    return _Access([*lines, "]"], rows, ["stats"] * len(spec.series), [""] * len(spec.series))


def _csv_table(spec: Spec, rows: str, data: str, errors: list[str]) -> _Access:
    keys = list(spec.categories) or [_iso(value) if spec.kind == "dates" else _number(value) for value in spec.x]
    head = ["row", *(_key(one) for one in spec.series)]
    numbers = zip(*(one.values for one in spec.series), strict=True)
    body = [",".join([key, *map(_number, row)]) for key, row in zip(keys, numbers, strict=True)]
    key = f"row[{_text('row')}]"
    key = key if spec.categories else f"np.datetime64({key})" if spec.kind == "dates" else f"float({key})"
    lines = ['text = """', *[",".join(head), *body], '"""', f"{data} = list(csv.DictReader(io.StringIO(text.strip())))"]
    lines.append(f"{rows} = [{key} for row in {data}]")
    return _Access(lines, rows, [f"[float(row[{_text(_key(one))}]) for row in {data}]" for one in spec.series], errors)


def _draw(spec: Spec, idiom: Idiom, access: _Access, names: dict[str, str]) -> list[str]:
    """The calls that draw the marks."""
    on, series = "plt" if idiom.api == "pyplot" else "ax", spec.series
    if spec.kind in ROUND:
        colors = "[" + ", ".join(_text(color) for color in series[0].color.split()) + "]"
        ring = f", pctdistance=0.8, wedgeprops={{{_text('width')}: 0.4}}" if spec.kind == "donut" else ""
        return [f"{on}.pie({access.values[0]}, labels={access.rows}, colors={colors}, autopct={_text('%1.1f%%')}, startangle=90{ring})"]
    if spec.kind == "histogram":
        color = _text(series[0].color)
        if idiom.loop:
            return [f"{on}.stairs(counts, edges, fill=True, color={color})"]
        return [f"{on}.hist(edges[:-1], bins=edges, weights=counts, color={color}, edgecolor={_text('white')})"]
    if spec.kind == "box":
        return [f"{'plt.gca()' if on == 'plt' else 'ax'}.bxp(stats, showfliers=False)"]
    if spec.kind == "heatmap":
        return _heatmap(spec, on, access)
    if spec.kind == "panels":
        return _panels(spec, idiom, access)
    if spec.kind in ("waterfall", "range", "dumbbell"):
        return _spans(spec, on, access)
    if spec.kind == "area":
        labels = "[" + ", ".join(_text(one.name) for one in series) + "]"
        colors = "[" + ", ".join(_text(one.color) for one in series) + "]"
        return [f"{on}.stackplot({access.rows}, {', '.join(access.values)}, labels={labels}, colors={colors})"]
    lines = [f"width = {_number(round(0.8 / len(series), 3))}"] if spec.kind in ("grouped", "barh_grouped") else []
    lines += [f"{BASES[spec.kind]} = [0] * len({access.rows})"] if spec.kind in BASES else []
    if idiom.loop and len(series) > 1 and not series[0].errors:
        columns = "[" + ", ".join(access.values) + "]"
        labels = "[" + ", ".join(_text(one.name) for one in series) + "]"
        colors = "[" + ", ".join(_text(one.color) for one in series) + "]"
        lines.append(f"{names['colors']} = {colors}")
        name, values, color = names["name"], names["values"], names["color"]
        index = "index, " if spec.kind in ("grouped", "barh_grouped") else ""
        inner = f"zip({labels}, {columns}, {names['colors']})"
        head = f"for {index}({name}, {values}, {color}) in enumerate({inner}):" if index else f"for {name}, {values}, {color} in {inner}:"
        return [*lines, head, *(f"    {line}" for line in _marks(spec, on, access.rows, values, name, color, "index", ""))]
    for place, one in enumerate(series):
        label = _text(one.name) if len(series) > 1 else ""
        lines += _marks(spec, on, access.rows, access.values[place], label, _text(one.color), str(place), access.errors[place])
    if spec.kind in BASES:
        lines.pop()  # nothing stands on the last
    return lines


def _marks(spec: Spec, on: str, rows: str, values: str, label: str, color: str, place: str, errors: str) -> list[str]:
    """The calls for one series."""
    tail = f"color={color}" + (f", label={label}" if label else "")
    middle = _number((len(spec.series) - 1) / 2)
    match spec.kind:
        case "bar" | "barh":
            return [f"{'bars = ' if spec.value_labels else ''}{on}.{spec.kind}({rows}, {values}, {tail})"]
        case "grouped":
            return [f"{on}.bar([i + ({place} - {middle}) * width for i in range(len({rows}))], {values}, width, {tail})"]
        case "barh_grouped":
            return [f"{on}.barh([i + ({place} - {middle}) * width for i in range(len({rows}))], {values}, width, {tail})"]
        case "stacked":
            return [f"{on}.bar({rows}, {values}, bottom=bottom, {tail})", f"bottom = [b + v for b, v in zip(bottom, {values})]"]
        case "barh_stacked":
            return [f"{on}.barh({rows}, {values}, left=left, {tail})", f"left = [b + v for b, v in zip(left, {values})]"]
        case "bar_errors":
            return [f"{on}.bar({rows}, {values}, yerr={errors}, capsize=4, {tail})"]
        case "bubble":
            return [f"{on}.scatter({rows}, {values}, s={errors}, alpha=0.7, {tail})"]
        case "band":
            low, high = (f"[v {sign} e for v, e in zip({values}, {errors})]" for sign in "-+")
            return [
                f"{on}.plot({rows}, {values}, {tail})",
                f"{on}.fill_between({rows}, {low}, {high}, color={color}, alpha=0.25, linewidth=0)",
            ]
        case "dots":
            return [f"{on}.plot({values}, {rows}, {_text(spec.marker)}, {tail})"]
        case "stairs":
            return [f"{on}.stairs({values}, edges, linewidth=2, {tail})"]
        case "step":
            return [f"{on}.step({rows}, {values}, where={_text('mid')}, {tail})"]
        case "scatter":
            return [f"{on}.scatter({rows}, {values}, marker={_text(spec.marker)}, {tail})"]
        case "errorbar":
            return [f"{on}.errorbar({rows}, {values}, yerr={errors}, fmt={_text(spec.marker + '-')}, capsize=3, {tail})"]
        case "lollipop":
            return [f"{on}.vlines({rows}, 0, {values}, {tail})", f"{on}.plot({rows}, {values}, {_text(spec.marker)}, {tail})"]
        case _:
            return [f"{on}.plot({rows}, {values}, marker={_text(spec.marker)}, {tail})"]


def _columns(spec: Spec) -> int:
    return 2 if len(spec.series) in (2, 4) else 3


def _panels(spec: Spec, idiom: Idiom, access: _Access) -> list[str]:
    """A plot a series: one call after the other, or in a loop over the axes."""
    colors = [_text(one.color) for one in spec.series]
    titles = [_text(one.name) for one in spec.series]
    if idiom.api == "pyplot":
        lines = []
        for place, values in enumerate(access.values):
            lines += [f"plt.subplot({1 if len(titles) < 4 else 2}, {_columns(spec)}, {place + 1})"]
            lines += [f"plt.bar({access.rows}, {values}, color={colors[place]})", f"plt.title({titles[place]})"]
            lines += ["plt.xticks(rotation=90)", f"plt.grid({spec.grid})"]
        return lines
    if not idiom.loop:
        lines = []
        for place, values in enumerate(access.values):
            on = f"axes.flat[{place}]"
            lines += [f"{on}.bar({access.rows}, {values}, color={colors[place]})", f"{on}.set_title({titles[place]})"]
            lines += [f"{on}.tick_params(axis={_text('x')}, labelrotation=90)", f"{on}.grid({spec.grid})"]
        return lines
    head = f"for ax, title, heights, tone in zip(axes.flat, [{', '.join(titles)}], [{', '.join(access.values)}], [{', '.join(colors)}]):"
    body = [f"ax.bar({access.rows}, heights, color=tone)", "ax.set_title(title)"]
    body += [f"ax.tick_params(axis={_text('x')}, labelrotation=90)", f"ax.grid({spec.grid})"]
    return [head, *(f"    {line}" for line in body)]


def _spans(spec: Spec, on: str, access: _Access) -> list[str]:
    """Bars that begin elsewhere than at nothing, and pairs of points."""
    rows, (first, *rest), one = access.rows, access.values, spec.series[0]
    if spec.kind == "waterfall":
        gain = next((color for value, color in zip(one.values, one.color.split(), strict=True) if value >= 0), "#000000")
        loss = next((color for value, color in zip(one.values, one.color.split(), strict=True) if value < 0), "#000000")
        shades = f"[{_text(gain)} if change >= 0 else {_text(loss)} for change in changes]"
        starts = "[sum(changes[:place]) for place in range(len(changes))]"
        return [f"changes = {first}", f"{on}.bar({rows}, changes, bottom={starts}, color={shades})"]
    if spec.kind == "range":
        lengths = f"[b - a for a, b in zip({first}, {rest[0]})]"
        return [f"{on}.barh({rows}, {lengths}, left={first}, height=0.5, color={_text(one.color)})"]
    lines = [f"{on}.hlines({rows}, {first}, {rest[0]}, color={_text('#999999')}, zorder=1)"]
    for values, series in zip(access.values, spec.series, strict=True):
        lines.append(f"{on}.scatter({values}, {rows}, s=60, color={_text(series.color)}, label={_text(series.name)})")
    return lines


def _heatmap(spec: Spec, on: str, access: _Access) -> list[str]:
    columns = "[" + ", ".join(_text(one.name) for one in spec.series) + "]"
    lines = [f"grid = np.array([{', '.join(access.values)}])", f"columns = {columns}"]
    lines.append(f"image = {on}.imshow(grid, cmap={_text(spec.colormap)}, aspect={_text('auto')})")
    lines += [f"{'plt' if on == 'plt' else 'fig'}.colorbar(image)", "middle = (grid.min() + grid.max()) / 2"]
    lines += ["for i in range(grid.shape[0]):", "    for j in range(grid.shape[1]):"]
    dark = "white" if spec.colormap in ("viridis", "cividis", "magma") else "black"
    light = "black" if dark == "white" else "white"
    lines.append(f"        color = {_text(dark)} if grid[i, j] < middle else {_text(light)}")
    return [*lines, f"        {on}.text(j, i, {_text('{:g}')}.format(grid[i, j]), ha={_text('center')}, va={_text('center')}, color=color)"]


def _finish(spec: Spec, idiom: Idiom, access: _Access) -> list[str]:
    """Title, axes, legend."""
    pyplot = idiom.api == "pyplot"
    if spec.kind == "panels":
        return [f"{'plt' if pyplot else 'fig'}.suptitle({_text(spec.title)})"]
    lines = [f"plt.title({_text(spec.title)})" if pyplot else f"ax.set_title({_text(spec.title)})"]
    words = {"title": spec.title, "xlabel": spec.x_label, "ylabel": spec.y_label}
    if idiom.together and not pyplot:
        lines = ["ax.set(" + ", ".join(f"{name}={_text(text)}" for name, text in words.items() if text) + ")"]
    for axis, label in (("x", spec.x_label), ("y", spec.y_label)):
        if label and (pyplot or not idiom.together):
            lines.append(f"plt.{axis}label({_text(label)})" if pyplot else f"ax.set_{axis}label({_text(label)})")
    if spec.kind in ("grouped", "barh_grouped"):
        start = f"plt.{'y' if spec.kind in LYING else 'x'}ticks" if pyplot else f"ax.set_{'y' if spec.kind in LYING else 'x'}ticks"
        lines.append(f"{start}(range(len({access.rows})), {access.rows})")
    if spec.kind == "heatmap":
        for axis, what in (("x", access.rows), ("y", "columns")):
            start = f"plt.{axis}ticks" if pyplot else f"ax.set_{axis}ticks"
            lines.append(f"{start}(range(len({what})), {what})")
    if is_crowded(spec.kind, spec.categories, spec.style, spec.width_in):
        turned = "rotation=40, ha=" + _text("right")
        lines.append(f"plt.xticks({turned})" if pyplot else f"plt.setp(ax.get_xticklabels(), {turned})")
    on = "plt" if pyplot else "ax"
    if spec.log:
        axis = "x" if spec.kind in LYING else "y"
        lines.append(f"plt.{axis}scale({_text('log')})" if pyplot else f"ax.set_{axis}scale({_text('log')})")
    if spec.value_labels and spec.kind in ("bar", "barh"):
        lines.append(f"{on}.bar_label(bars, fmt={_text('{:g}')}, padding=2)")
        lines.append(f"{on}.margins({'x' if spec.kind == 'barh' else 'y'}=0.15)")  # room for the label of the highest
    if spec.reference is not None:
        lines.append(f"{on}.axhline({_number(spec.reference)}, color={_text('#808080')}, linestyle={_text('--')}, linewidth=1)")
    if spec.note:
        lines += _note(spec, on, access)
    if spec.kind not in ROUND:
        lines.append(f"{on}.grid({spec.grid})")
    if len(spec.series) > 1 and spec.kind not in ("heatmap", "box", "range"):
        beside = f"loc={_text('upper left')}, bbox_to_anchor=(1, 1)" if spec.kind in FULL else ""
        lines.append(f"{on}.legend({beside})")
    return lines


def _note(spec: Spec, on: str, access: _Access) -> list[str]:
    """A text above the highest point of the first series, and room for it."""
    values = access.values[0]
    place = f"({access.rows}[peak], {values}[peak])" if values.isidentifier() else f"({access.rows}[peak], top[peak])"
    lines = [] if values.isidentifier() else [f"top = list({values})" if values.startswith("df[") else f"top = {values}"]
    lines.append(f"peak = max(range(len({access.rows})), key=lambda i: {values if values.isidentifier() else 'top'}[i])")
    above = f"xytext=(0, 8), textcoords={_text('offset points')}, ha={_text('center')}"
    return [*lines, f"{on}.annotate({_text(spec.note)}, {place}, {above})", f"{on}.margins(y=0.15)"]


def _coordinate(spec: Spec, value: float) -> str:
    return f"np.datetime64({_text(_iso(value))})" if spec.kind == "dates" else _number(value)


def _iso(days: float) -> str:
    """The date of a number of days since 1970."""
    return (datetime.date(1970, 1, 1) + datetime.timedelta(days=days)).isoformat()


def _identifiers(series: tuple[Series, ...], taken: set[str]) -> list[str]:
    """A variable name a series, from its name."""
    found: list[str] = []
    for one in series:
        word = re.sub(r"\W+", "_", _key(one).lower(), flags=re.ASCII).strip("_")
        word = word if word and not word[0].isdigit() else f"series_{word}".rstrip("_")
        while word in taken or word in found:
            word += "_values"
        found.append(word)
    return found


def _key(one: Series) -> str:
    """What the column of a series is called: one alone has no name of its own."""
    return one.name or "value"


def _number(value: float) -> str:
    """As one writes it: no `.0` on whole numbers."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def _text(value: str) -> str:
    """A string literal in double quotes."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
