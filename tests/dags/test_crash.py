"""SIGKILL at moments of a commit, then resume with another number of workers: nothing lost, nothing doubled, every byte as if undisturbed.

CI runs these cells; `bench/crash_matrix.py` runs all of them and prints the table.
"""

import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.shard import Dataset

Run = Callable[..., "subprocess.CompletedProcess[str]"]
DRIVER = str(Path(__file__).with_name("crash_driver.py"))

CELLS = [
    ("worker", "shard flushed", 0),  # Ray runs the task again and the build ends well; a temporary file is left behind
    ("driver", "record flushed", -9),
    ("driver", "manifest written", -9),
    ("raylet", "quarantine written", 3),
]


@pytest.mark.crash
@pytest.mark.parametrize(("victim", "step", "code"), CELLS)
def test_a_kill_loses_nothing_and_doubles_nothing(
    victim: str,
    step: str,
    code: int,
    run: Run,
    recipe: Path,
    built: Path,
    tmp_path: Path,
    contents_of: Callable[[Path], dict[str, bytes]],
) -> None:
    folder, flag = tmp_path / "set", tmp_path / "flag"
    killed = run(recipe, folder, 2, victim, step, flag, script=DRIVER)
    assert flag.exists(), "the step was never reached"
    assert killed.returncode == code, killed.stderr
    resumed = run("build", recipe, "--out", folder, "--workers", 1)
    assert resumed.returncode == 0, resumed.stderr
    ids = Counter(sample.sample_id for sample in Dataset(folder))
    expected = Counter(sample.sample_id for sample in Dataset(built))
    assert expected - ids == Counter(), "lost"
    assert ids - expected == Counter(), "doubled"
    assert contents_of(folder) == contents_of(built)


@pytest.mark.crash
def test_a_dead_daemon_is_told_where_a_shell_has_interrupts_ignored(run: Run, recipe: Path, tmp_path: Path) -> None:
    """As in `assay build RECIPE --out DIR &` of a script."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a child inherits it
    try:
        killed = run(recipe, tmp_path / "set", 2, "raylet", "shard written", tmp_path / "flag", script=DRIVER)
    finally:
        signal.signal(signal.SIGINT, before)
    assert killed.returncode == 3, killed.stderr
    assert "(raylet) died" in killed.stderr
