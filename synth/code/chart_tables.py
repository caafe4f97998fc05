"""A stranger's CSV, TSV or Parquet file, checked and cut to a table that a chart can show.

What cannot be used is a `DataError` with one of `REASONS`, never a crash.
"""

import csv
import io
import itertools
import math
import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq
from numpy.random import Generator

from schemas.errors import DataError, UserError
from synth.assets import Asset, read_asset, read_head
from synth.code.chart_spec import CATEGORICAL, PARTS, SEVERAL, SINGLE, WRITTEN, Kind
from synth.code.chart_world import MOST_ROWS, MOST_SERIES, Table, is_short

PARQUET = b"PAR1"
"""How a Parquet file begins."""
REASONS = (
    "zero_byte",
    "not_text",
    "not_a_table",
    "too_large",
    "one_column",
    "no_numbers",
    "too_few_rows",
    "no_names",
    "ragged",
    "repeated_x",
    "unsuited_table",
)
"""Why a file cannot be used."""
MAX_BYTES, MAX_ROWS, MAX_COLUMNS = 32 << 20, 200_000, 500
"""Largest table that is read (chosen: a chart shows ten rows of it)."""
LEAST_ROWS = 4
NAME_CHARACTERS = 18
"""Longest name of a row or column that is drawn (chosen: more would not fit ten times on an axis)."""
SPREAD = 200.0
"""Most that the largest value shown may be of the smallest: above, marks are too small to see."""
HEAD_BYTES = 4_096
NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
"""What is a number: no underscores, no digits of other scripts, no separators of thousands, no `nan`."""


FOR_THIS_KIND = ("one_column", "no_names", "too_few_rows", "repeated_x", "unsuited_table")
"""Reasons that concern one kind of chart; another may show the file."""
SHOWN: tuple[Kind, ...] = (
    *("bar", "barh", "grouped", "stacked", "line", "step", "area", "scatter", "pie", "donut", "heatmap", "lollipop", "dots", "profile"),
    *("barh_grouped", "barh_stacked", "dumbbell", "panels"),
)
"""Kinds that show a table's numbers and none besides: the others need counts, spreads or sizes, which would have to be made up."""


def check_any_table(assets: Sequence[Asset], pattern: str) -> None:
    """UserError if none of the files is Parquet, or text with a separator in its first lines."""
    heads = [read_head(asset, HEAD_BYTES) for asset in assets]
    if not any(head.startswith(PARQUET) or (b"\0" not in head and any(mark in head for mark in (b",", b";", b"\t"))) for head in heads):
        names = ", ".join(asset.name for asset in assets[:3]) + (", …" if len(assets) > 3 else "")
        what = f"none of the files that {pattern!r} names is a table in CSV or Parquet ({names})"
        raise UserError(what, where="params.pattern", todo="name CSV, TSV or Parquet files, for example with *.csv at the end")


def read_table(asset: Asset, kind: Kind, rng: Generator) -> Table:
    """A window of the file's rows and one to four of its numeric columns that `kind` can show.

    Raises:
        DataError: With one of `REASONS`.
    """
    data = read_asset(asset)
    head, rows = _parse_parquet(data, asset.name) if data.startswith(PARQUET) else _parse(data, asset.name)
    numeric = {place: _column(rows, place) for place in range(len(head))}
    full = [place for place, values in numeric.items() if sum(value is not None for value in values) >= max(LEAST_ROWS, len(rows) // 2)]
    if not full:
        raise DataError("no_numbers", f"{asset.name} has no column that is mostly numbers")
    return (
        _categorical(asset, head, rows, numeric, full, kind, rng) if kind in CATEGORICAL else _over(asset, head, numeric, full, kind, rng)
    )


def _parse(data: bytes, where: str) -> tuple[list[str], list[list[str]]]:
    """Head and rows of equal length."""
    if not data.strip():
        raise DataError("zero_byte", f"{where} is empty")
    if len(data) > MAX_BYTES:
        raise DataError("too_large", f"{where} has {len(data)} bytes, more than {MAX_BYTES}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("not_text", f"{where} is no UTF-8: {error}") from error
    if "\0" in text:
        raise DataError("not_text", f"{where} holds NUL characters")
    first = text.partition("\n")[0]
    separator = max((",", ";", "\t"), key=first.count)
    try:
        lines = [line for line in csv.reader(io.StringIO(text), delimiter=separator) if any(cell.strip() for cell in line)]
    except csv.Error as error:
        raise DataError("not_text", f"{where}: {error}") from error
    if not lines:
        raise DataError("zero_byte", f"{where} holds no cell with text")
    head = [cell.strip() for cell in lines[0]]
    if len(head) < 2:
        raise DataError("one_column", f"{where} has one column; a chart needs names and numbers, or two columns of numbers")
    if len(lines) > MAX_ROWS or len(head) > MAX_COLUMNS:
        raise DataError("too_large", f"{where} has {len(lines)} rows and {len(head)} columns")
    rows = [line for line in lines[1:] if len(line) == len(head)]
    if len(rows) < len(lines[1:]) * 0.9:
        raise DataError("ragged", f"{where}: {len(lines) - 1 - len(rows)} of {len(lines) - 1} rows have not {len(head)} cells")
    if len(rows) < LEAST_ROWS:
        raise DataError("too_few_rows", f"{where} has {len(rows)} rows; {LEAST_ROWS} are needed")
    return head, rows


def _parse_parquet(data: bytes, where: str) -> tuple[list[str], list[list[str]]]:
    """The flat columns of a Parquet file as text; what is missing is empty."""
    if len(data) > MAX_BYTES:
        raise DataError("too_large", f"{where} has {len(data)} bytes, more than {MAX_BYTES}")
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        if file.metadata.num_rows > MAX_ROWS or file.metadata.num_columns > MAX_COLUMNS:
            raise DataError("too_large", f"{where} has {file.metadata.num_rows} rows and {file.metadata.num_columns} columns")
        table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise DataError("not_a_table", f"{where} is no readable Parquet file: {error}") from error
    flat = [name for name in table.column_names if not pa.types.is_nested(table.schema.field(name).type)]
    if len(flat) < 2:
        raise DataError("one_column", f"{where} has one column; a chart needs names and numbers, or two columns of numbers")
    if table.num_rows < LEAST_ROWS:
        raise DataError("too_few_rows", f"{where} has {table.num_rows} rows; {LEAST_ROWS} are needed")
    columns = [["" if value is None else str(value) for value in table[name].to_pylist()] for name in flat]
    return flat, [list(row) for row in zip(*columns, strict=True)]


def _column(rows: list[list[str]], place: int) -> list[float | None]:
    return [_value(row[place]) for row in rows]


def _value(text: str) -> float | None:
    """A finite number, or None: also for whole numbers of so many digits that they are names, such as those of accounts."""
    stripped = text.strip()
    if not NUMBER.fullmatch(stripped):
        return None
    value = float(stripped)
    if not math.isfinite(value) or (stripped.lstrip("+-").isdigit() and int(stripped) != value):
        return None
    return value


def _categorical(
    asset: Asset,
    head: list[str],
    rows: list[list[str]],
    numeric: dict[int, list[float | None]],
    full: list[int],
    kind: Kind,
    rng: Generator,
) -> Table:
    """Names from the first column of text whose values differ."""
    texts = [place for place in range(len(head)) if place not in full and len({row[place] for row in rows}) >= LEAST_ROWS]
    if not texts:
        raise DataError("no_names", f"{asset.name} has no column of names for a {kind} chart")
    names_at = texts[0]
    chosen = _choose(_named(head, full), kind, rng)
    shown: dict[str, int] = {}
    for number in rng.permutation(len(rows)):
        row = int(number)
        name = _short(rows[row][names_at])
        if name and name not in shown and all(numeric[place][row] is not None for place in chosen):
            shown[name] = row
        if len(shown) == MOST_ROWS:
            break
    order = sorted(shown.values())
    columns = tuple(tuple(_known(numeric[place][row]) for row in order) for place in chosen)
    _check(asset, kind, columns)
    names = tuple(_short(head[place]) for place in chosen)
    labels = tuple(_short(rows[row][names_at]) for row in order)
    return Table(_title(asset), names[0] if len(names) == 1 else "Value", labels, "", (), names, columns)


def _over(asset: Asset, head: list[str], numeric: dict[int, list[float | None]], full: list[int], kind: Kind, rng: Generator) -> Table:
    """The first numeric column that rises is the axis, or the first of them all."""
    if len(full) < 2:
        raise DataError("one_column", f"{asset.name} has one column of numbers; a {kind} chart needs two")
    axis = next((place for place in full if _rises(numeric[place])), full[0])
    chosen = _choose(_named(head, [place for place in full if place != axis]), kind, rng)
    whole = [row for row in range(len(numeric[axis])) if all(numeric[place][row] is not None for place in (axis, *chosen))]
    start = int(rng.integers(max(1, len(whole) - MOST_ROWS + 1)))
    order = sorted(whole[start : start + MOST_ROWS], key=lambda row: _known(numeric[axis][row]))
    x = tuple(_known(numeric[axis][row]) for row in order)
    if len(set(x)) < len(x):
        raise DataError(
            "repeated_x", f"{asset.name} has several rows of one {head[axis]}, so that a {kind} chart of it would have two values"
        )
    columns = tuple(tuple(_known(numeric[place][row]) for row in order) for place in chosen)
    _check(asset, kind, columns)
    names = tuple(_short(head[place]) for place in chosen)
    return Table(_title(asset), names[0] if len(names) == 1 else "Value", (), _short(head[axis]), x, names, columns)


def _named(head: list[str], full: list[int]) -> list[int]:
    """Columns with a name that is still no other's once it is cut; the first of those that share one."""
    first: dict[str, int] = {}
    for place in full:
        first.setdefault(_short(head[place]), place)
    return [place for name, place in first.items() if name]


def _choose(full: list[int], kind: Kind, rng: Generator) -> list[int]:
    most = 1 if kind in SINGLE or kind == "box" else min(MOST_SERIES, len(full))
    least = min(2, most) if kind in SEVERAL else 1
    count = int(rng.integers(least, most + 1)) if kind != "dumbbell" else least
    return sorted(int(place) for place in rng.permutation(full)[:count])


def _check(asset: Asset, kind: Kind, columns: tuple[tuple[float, ...], ...]) -> None:
    values = [abs(value) for column in columns for value in column]
    if len(columns[0]) < LEAST_ROWS:
        raise DataError("too_few_rows", f"{asset.name} has {len(columns[0])} rows with all of the numbers; {LEAST_ROWS} are needed")
    if kind in PARTS and any(value < 0 for column in columns for value in column):
        raise DataError("unsuited_table", f"{asset.name} has negative numbers, which a {kind} chart cannot show")
    if kind in SEVERAL and len(columns) < 2:
        raise DataError("one_column", f"{asset.name} has one column of numbers; a {kind} chart needs two")
    if kind in WRITTEN and not all(map(is_short, values)):
        raise DataError("unsuited_table", f"{asset.name} has numbers of more digits than a {kind} chart can write into its cells")
    if max(values) == 0 or max(values) > SPREAD * max(min(values), 1e-300):
        raise DataError("unsuited_table", f"{asset.name}: the numbers shown reach from {min(values):g} to {max(values):g}")


def _rises(values: list[float | None]) -> bool:
    known = [value for value in values if value is not None]
    return len(known) > 1 and all(one < other for one, other in itertools.pairwise(known))


def _known(value: float | None) -> float:
    if value is None:
        raise ValueError("a cell without a number was chosen")
    return value


def _short(text: str) -> str:
    """A name in one line, cut at a length that an axis takes; without what matplotlib would set as formulae."""
    words = " ".join(text.replace("$", "").replace("_", " ").split())
    return words if len(words) <= NAME_CHARACTERS else words[: NAME_CHARACTERS - 1].rstrip() + "…"


def _title(asset: Asset) -> str:
    stem = asset.name.rsplit("/", 1)[-1].split(".")[0]
    return " ".join(stem.replace("_", " ").replace("-", " ").split()).capitalize() or "Table"
