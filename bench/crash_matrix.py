"""Kills the driver, a worker or Ray's daemon (raylet) with SIGKILL at each step of a commit, resumes with fewer workers, and compares.

A cell passes when the data set is byte for byte what an undisturbed build gives: 0 samples lost, 0 doubled, equal hashes. `--only VICTIM`
runs a part.

example: python bench/crash_matrix.py
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from dags.terminal import print_table
from pipelines.commit import PUBLISH_STEPS, STEPS
from schemas.shard import Dataset

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests' / 'families'}"}
DRIVER = ROOT / "tests" / "dags" / "crash_driver.py"
VICTIMS = ("driver", "worker", "raylet")
RECIPE = ROOT / "tests" / "dags" / "crash_recipe.yaml"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", choices=VICTIMS, help="one victim")
    only = options.parse_args().only
    with tempfile.TemporaryDirectory(prefix="assay-crash-") as scratch:
        start, whole = time.monotonic(), Path(scratch, "whole")
        build(whole, 2)
        rows = [try_cell(whole, Path(scratch), victim, step) for victim, step in cells(only)]
    columns = ["killed", "after", "exit", "shards then", "exit of resume", "lost", "doubled", "files unlike", "seconds", ""]
    print_table("Crash matrix: SIGKILL, then resume with 1 worker instead of 2", columns, rows)
    failed = sum(row[-1] != "ok" for row in rows)
    print(f"{len(rows) - failed} of {len(rows)} cells pass; {round(time.monotonic() - start)} seconds")
    return 1 if failed else 0


def cells(only: str | None) -> Iterator[tuple[str, str]]:
    """Every step of a commit with every victim; the manifest is the driver's alone."""
    for victim in (only,) if only else VICTIMS:
        yield from ((victim, step) for step in STEPS)
        if victim == "driver":
            yield from ((victim, f"manifest {step}") for step in PUBLISH_STEPS)


def try_cell(whole: Path, scratch: Path, victim: str, step: str) -> list[object]:
    """Kill, resume, compare: one row of the table."""
    start = time.monotonic()
    name = f"{victim}-{step.replace(' ', '-')}"
    folder, flag = scratch / name, scratch / f"{name}.flag"
    command = [sys.executable, str(DRIVER), str(RECIPE), str(folder), "2", victim, step, str(flag)]
    killed = subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=False, timeout=300)
    committed = len(list((folder / "commits").glob("*.json")))
    resumed = build(folder, 1)
    lost, doubled = compare_ids(whole, folder)
    unlike = sum(contents(whole).get(path) != data for path, data in contents(folder).items()) + len(
        contents(whole).keys() - contents(folder).keys()
    )
    good = flag.exists() and resumed == 0 and not (lost or doubled or unlike)
    row: list[object] = [victim, step, killed.returncode, committed, resumed, lost, doubled, unlike, round(time.monotonic() - start)]
    print(" ".join(map(str, row)), file=sys.stderr, flush=True)
    return [*row, "ok" if good else "FAILED"]


def build(folder: Path, workers: int) -> int:
    command = [sys.executable, "-m", "dags.cli", "build", str(RECIPE), "--out", str(folder), "--workers", str(workers)]
    return subprocess.run(command, env=ENVIRONMENT, cwd=ROOT, capture_output=True, check=False, timeout=300).returncode


def compare_ids(whole: Path, folder: Path) -> tuple[int, int]:
    expected, found = (Counter(sample.sample_id for sample in Dataset(path)) for path in (whole, folder))
    return (expected - found).total(), (found - expected).total()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


if __name__ == "__main__":
    sys.exit(main())
