"""The user's tables: real ones become charts, and what is none is told by name."""

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.errors import DataError, UserError
from synth.assets import resolve
from synth.code.chart import Chart
from synth.code.chart_spec import Kind
from synth.code.chart_tables import read_table
from synth.code.chart_world import Table
from synth.make import make_sample
from synth.sandbox.box import unavailable

GOOD = "city,year,rain,sun\n" + "".join(f"Town {n},{1990 + n},{10 + 7 * n % 31},{200 - 3 * n}\n" for n in range(14))


def table_of(folder: Path, data: bytes, kind: Kind = "bar") -> Table:
    path = folder / "my-table_2.csv"
    path.write_bytes(data)
    (asset,) = resolve(str(path))
    return read_table(asset, kind, np.random.default_rng(3))


def test_rows_and_numbers_are_those_of_the_file(tmp_path: Path) -> None:
    table = table_of(tmp_path, GOOD.encode())
    assert table.subject == "My table 2"
    assert len(table.rows) == 10
    place = ["year", "rain", "sun"].index(table.names[0])
    for name, value in zip(table.rows, table.columns[0], strict=True):
        line = next(line for line in GOOD.splitlines() if line.startswith(f"{name},"))
        assert value == float(line.split(",")[1 + place])


def test_an_axis_of_numbers_rises(tmp_path: Path) -> None:
    table = table_of(tmp_path, GOOD.encode(), "line")
    assert table.over == "year"
    assert list(table.x) == sorted(table.x)
    assert not table.rows


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_and_a_byte_order_mark(tmp_path: Path, separator: str) -> None:
    assert table_of(tmp_path, b"\xef\xbb\xbf" + GOOD.replace(",", separator).encode()).rows


def test_a_parquet_file_is_a_table(tmp_path: Path) -> None:
    lines = [line.split(",") for line in GOOD.splitlines()]
    columns = {name: [line[place] if place == 0 else float(line[place]) for line in lines[1:]] for place, name in enumerate(lines[0])}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({**columns, "nested": [[1]] * 14}), sink)
    data = sink.getvalue().to_pybytes()
    assert table_of(tmp_path, data) == table_of(tmp_path, GOOD.encode())
    with pytest.raises(DataError, match="not_a_table"):
        table_of(tmp_path, data[:200])


def test_columns_whose_names_are_one_when_cut_are_not_drawn_together(tmp_path: Path) -> None:
    head = "city,average temperature in summer,average temperature in winter,rain"
    body = "".join(f"\nTown {n},{20 + n},{19 + n},{40 + n}" for n in range(8))
    for seed in range(12):
        path = tmp_path / "t.csv"
        path.write_text(head + body)
        table = read_table(resolve(str(path))[0], "grouped", np.random.default_rng(seed))
        assert len(set(table.names)) == len(table.names) == 2


def test_the_numbers_of_the_file_keep_their_digits(tmp_path: Path) -> None:
    body = "".join(f"Town {n},{2017 + n},{123.4567 + n}\n" for n in range(9))
    for kind, seed in (("bar", 3), ("line", 4), ("grouped", 5)):
        path = tmp_path / "t.csv"
        path.write_text("city,year,level\n" + body)
        table = read_table(resolve(str(path))[0], kind, np.random.default_rng(seed))  # type: ignore[arg-type]
        told = {float(cell) for line in body.splitlines() for cell in line.split(",")[1:]}
        assert {value for column in table.columns for value in column} | set(table.x) <= told, kind
    with pytest.raises(DataError, match="more digits"):
        table_of(tmp_path, ("city,year,level\n" + body).encode(), "heatmap")


@pytest.mark.skipif(bool(unavailable()), reason="no sandbox")
def test_values_of_many_digits_are_not_written_beside_bars(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("city,people\n" + "".join(f"Town {n},{1_234_567 + 70_001 * n}\n" for n in range(9)))
    family = Chart(kinds=("bar",), tasks=("to_code", "run"), pattern=f"{tmp_path}/*.csv").pin()
    for index in range(6):
        sample = make_sample(family, "code.chart", index, 5)
        assert all(verdict.passed for verdict in sample.verdicts)
        assert b'"value_labels":false' in sample.stored.attachment("chart.json").data.replace(b" ", b"")


@pytest.mark.parametrize("number", ["1_2", "\u0661\u0662", "infinity", "0x1p3", "12345678901234567891", "1,5"])
def test_what_python_alone_takes_for_a_number_is_none(tmp_path: Path, number: str) -> None:
    with pytest.raises(DataError, match="no_numbers"):
        table_of(tmp_path, b"a;b\n" + "".join(f"n{n};{number}\n" for n in range(9)).encode())


BAD = {
    "zero_byte": b" \n",
    "not_text": b"a,b\n\xff\xfe,1\n",
    "one_column": b"a\n1\n2\n3\n4\n",
    "no_numbers": b"a,b\n" + b"x,y\n" * 9,
    "too_few_rows": b"a,b\nx,1\ny,2\n",
    "no_names": b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(9)),
    "ragged": b"a,b\nx,1\ny,2,3\nz\nw,1\n",
    "repeated_x": b"a,b\n" + b"".join(b"%d,%d\n" % (n // 2, 50 - n) for n in range(9)),
    "unsuited_table": b"a,b\n" + b"".join(b"n%d,%d\n" % (n, 10**n) for n in range(9)),
}


@pytest.mark.parametrize("reason", BAD)
def test_what_cannot_be_drawn_is_told(tmp_path: Path, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        table_of(tmp_path, BAD[reason], "line" if reason == "repeated_x" else "bar")
    assert caught.value.reason == reason


@pytest.mark.parametrize("data", [b",,\n,,\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_a_file_without_a_cell_is_told(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(DataError, match="zero_byte"):
        table_of(tmp_path, data)


def test_nothing_but_nan_is_no_number(tmp_path: Path) -> None:
    assert math.isnan(float("nan"))
    with pytest.raises(DataError, match="no_numbers"):
        table_of(tmp_path, b"a,b\n" + b"".join(b"n%d,nan\n" % n for n in range(9)))


def test_text_that_would_be_a_formula_is_drawn_as_text(tmp_path: Path) -> None:
    table = table_of(tmp_path, b"a,b\n" + b"".join(b'"$x_%d$, \\"q\\"",%d\n' % (n, n + 3) for n in range(9)))
    assert all("$" not in row for row in table.rows)


@pytest.mark.skipif(bool(unavailable()), reason="no sandbox")
def test_a_chart_of_the_users_table_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "rain.csv").write_text(GOOD)
    family = Chart(kinds=("bar",), tasks=("to_code",), pattern=f"{tmp_path}/*.csv", licence="CC0-1.0").pin()
    sample = make_sample(family, "code.chart", 0, 5)
    assert all(verdict.passed for verdict in sample.verdicts)
    assert '"rain.csv"' in sample.provenance
    assert '"CC0-1.0"' in sample.provenance


@pytest.mark.skipif(bool(unavailable()), reason="no sandbox")
def test_a_kind_that_cannot_show_a_table_gives_way_to_the_next(tmp_path: Path) -> None:
    (tmp_path / "days.csv").write_text("day,rain\n" + "".join(f"2021-0{n}-01,{10 + 3 * n}\n" for n in range(1, 9)))
    family = Chart(kinds=("grouped", "histogram", "profile"), tasks=("to_code",), pattern=f"{tmp_path}/*.csv").pin()
    sample = make_sample(family, "code.chart", 0, 5)
    assert sample.tags[0] == "profile", "a histogram of it would be made up"
    assert all(verdict.passed for verdict in sample.verdicts)
    with pytest.raises(UserError, match="cannot show a table"):
        Chart(kinds=("histogram",), tasks=("to_code",), pattern=f"{tmp_path}/*.csv")


def test_no_table_at_all_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\0\1\2")
    with pytest.raises(UserError, match="none of the files"):
        Chart(pattern=f"{tmp_path}/*.csv").pin()
