"""What the command shows while it works: a bar on a terminal, one line a shard otherwise, always on stderr. Data goes to stdout."""

import argparse
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from pipelines.report import Report
from schemas.manifest import CommitRecord
from schemas.phrases import counted

NAME_CHARS = 48
"""A first column whose cells are no longer than this is a name, which is not broken on a narrow terminal (chosen)."""
STILL_S = 10.0
"""Longest silence of a command that works on shards (chosen)."""
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


def human_seconds(seconds: float) -> str:
    """`90 s`, `12 min`, `3.4 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def positive(text: str) -> int:
    """The type of an argument that counts something."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


class Watcher:
    """Hears of shards as they finish and tells people. Use as `watch(...)`."""

    def __init__(self, total: int, verb: str, workers: int, bar: Progress | None) -> None:
        self.total, self.verb, self.workers, self.bar = total, verb, workers, bar
        self.done, self.start = 0, time.monotonic()
        self.told = self.start
        self.task = bar.add_task(self._running(), total=total) if bar else None

    def on_record(self, record: CommitRecord) -> None:
        """A shard was committed."""
        lost = [
            f"{sum(part.values())} {name}" for name, part in (("rejected", record.rejected), ("quarantined", record.quarantined)) if part
        ]
        self._tell(record.shard, ", ".join([f"{record.rows} kept", *lost, human_bytes(record.bytes)]))

    def on_report(self, shard: int, report: Report) -> None:
        """A shard was verified."""
        answers = f"{counted(sum(report.answers.values()), 'answer')} proved"
        self._tell(shard, f"{counted(report.samples, 'sample')}, {answers}, {counted(report.num_failures, 'failure')}")

    def still(self) -> None:
        """Say that work is going on, if nothing was said for a while; how far a shard is nobody knows before it is done."""
        now = time.monotonic()
        if self.bar is None and self.done < self.total and now - self.told >= STILL_S:
            self.told = now
            say(f"{self._running()}, {self.done} of {self.total} done ({human_seconds(now - self.start)})")

    def _running(self) -> str:
        return f"{self.verb}: {counted(min(self.workers, self.total - self.done), 'shard')} under way"

    def _tell(self, shard: int, text: str) -> None:
        self.done += 1
        self.told = time.monotonic()
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, advance=1, description=f"{self._running()}; shard {shard}: {text}")
        else:
            say(f"{self.verb} {self.done}/{self.total}: shard {shard}: {text} ({human_seconds(time.monotonic() - self.start)})")


@contextmanager
def watch(total: int, verb: str, workers: int) -> Iterator[Watcher]:
    """A watcher of `total` shards of which `workers` are made at a time, with a bar if stderr is a terminal."""
    if sys.stderr.isatty():
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            yield Watcher(total, verb, workers, bar)
        return
    watcher, over = Watcher(total, verb, workers, None), threading.Event()

    def remind() -> None:
        while not over.wait(STILL_S / 10):
            watcher.still()

    thread = threading.Thread(target=remind, daemon=True)
    thread.start()
    try:
        yield watcher
    finally:
        over.set()
        thread.join()


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
