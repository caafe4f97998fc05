"""Tables keep names whole: in a pipe, which has no width, and on a narrow terminal."""

import io
import re

import pytest
from rich.console import Console
from rich.progress import Progress

from dags.terminal import STILL_S, Watcher, print_table


def test_a_pipe_folds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    row: list[object] = ["documents.report/conditional_aggregation", *["0.106 [0.083, 0.131]"] * 12]
    print_table("a title", ["family/task", *[f"score {n}" for n in range(12)]], [row])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "a title"
    assert sum("documents.report/conditional_aggregation" in line and line.count("[0.083, 0.131]") == 12 for line in lines) == 1


def test_a_narrow_terminal_folds_the_columns_after_the_name(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    print_table("a title", ["family/task", "reason"], [["documents.report/conditional_aggregation", "word " * 30]])
    lines = capsys.readouterr().out.splitlines()
    assert max(len(re.sub(r"\x1b\[\d*m", "", line)) for line in lines) <= 80
    assert any("documents.report/conditional_aggregation" in line for line in lines)


def test_a_first_shard_that_takes_long_is_not_silent(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("dags.terminal.time.monotonic", lambda: now[0])
    watcher = Watcher(3, "built", 2, None)
    for _ in range(25):
        now[0] += 1.0
        watcher.still()
    assert capsys.readouterr().err.splitlines() == [
        f"built: 2 shards under way, 0 of 3 done ({seconds:.0f} s)" for seconds in (STILL_S, 2 * STILL_S)
    ]
    for shard in range(3):
        watcher._tell(shard, "1 kept")
    capsys.readouterr()
    now[0] += 100
    watcher.still()
    assert capsys.readouterr().err == ""


def test_the_bar_says_how_many_shards_are_under_way() -> None:
    with Progress(console=Console(file=io.StringIO())) as bar:
        watcher = Watcher(3, "built", 2, bar)
        assert bar.tasks[0].description == "built: 2 shards under way"
        for shard in range(2):
            watcher._tell(shard, "1 kept")
        assert bar.tasks[0].description == "built: 1 shard under way; shard 1: 1 kept"
