"""What the command shows while it works: a bar on a terminal, one line a shard otherwise, always on stderr. Data goes to stdout."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from pipelines.report import Report
from schemas.manifest import CommitRecord

NAME_CHARS = 48
"""A first column whose cells are no longer than this is a name, which is not broken on a narrow terminal (chosen)."""
PIPE_CHARS = 10_000
"""Wider than any table (chosen)."""


def print_json(value: Any) -> None:
    """`value` on stdout, for machines."""
    print(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True))


def say(text: str) -> None:
    """A line for people, on stderr."""
    print(text, file=sys.stderr, flush=True)


def print_table(title: str, columns: list[str], rows: list[list[object]]) -> None:
    """A table on stdout; numbers to the right."""
    table = Table(header_style="bold")
    for position, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[position], (int, float)) for row in rows)
        name = position == 0 and all(len(str(row[0])) <= NAME_CHARS for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold", no_wrap=name)
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    width = None if sys.stdout.isatty() else Console(width=PIPE_CHARS).measure(table).maximum  # a pipe has no width: nothing is folded
    console = Console(width=width, highlight=False)
    console.print(title, style="bold", markup=False, soft_wrap=True)
    console.print(table, markup=False)


def human_bytes(size: float) -> str:
    """`1.5 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(size) < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def counted(number: int, what: str) -> str:
    """`1 shard`, `2 shards`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def human_seconds(seconds: float) -> str:
    """`90 s`, `12 min`, `3.4 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


class Watcher:
    """Hears of shards as they finish and tells people. Use as `watch(...)`."""

    def __init__(self, total: int, verb: str, bar: Progress | None) -> None:
        self.total, self.verb, self.bar = total, verb, bar
        self.done, self.start = 0, time.monotonic()
        self.task = bar.add_task(verb, total=total) if bar else None

    def on_record(self, record: CommitRecord) -> None:
        """A shard was committed."""
        lost = [
            f"{sum(part.values())} {name}" for name, part in (("rejected", record.rejected), ("quarantined", record.quarantined)) if part
        ]
        self._tell(record.shard, ", ".join([f"{record.rows} kept", *lost, human_bytes(record.bytes)]))

    def on_report(self, shard: int, report: Report) -> None:
        """A shard was verified."""
        self._tell(shard, f"{report.samples} samples, {sum(report.answers.values())} answers proved, {report.num_failures} failures")

    def _tell(self, shard: int, text: str) -> None:
        self.done += 1
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, advance=1, description=f"{self.verb}: shard {shard}: {text}")
        else:
            say(f"{self.verb} {self.done}/{self.total}: shard {shard}: {text} ({human_seconds(time.monotonic() - self.start)})")


@contextmanager
def watch(total: int, verb: str) -> Iterator[Watcher]:
    """A watcher of `total` shards, with a bar if stderr is a terminal."""
    if not sys.stderr.isatty():
        yield Watcher(total, verb, None)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Watcher(total, verb, bar)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
