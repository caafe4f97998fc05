"""Runs the `assay` command in a process of its own, with the tests' families on its path."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests' / 'families'}", "PYTHONHASHSEED": "random"}


@pytest.fixture(scope="session")
def run(environment: dict[str, str]) -> Run:
    """`run("build", …)`: the finished process with its output as text."""

    def assay(*arguments: object, script: str = "", timeout: float = 100) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, script] if script else [sys.executable, "-m", "dags.cli"]
        command += [str(argument) for argument in arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout, check=False)

    return assay


@pytest.fixture(scope="session")
def recipe() -> Path:
    """15 planned samples in 5 shards, of which 12 are kept."""
    return Path(__file__).with_name("crash_recipe.yaml")


@pytest.fixture(scope="session")
def built(run: Run, recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recipe's data set, built undisturbed by the command with two workers. Read only."""
    folder = tmp_path_factory.mktemp("built") / "set"
    done = run("build", recipe, "--out", folder, "--workers", 2)
    assert done.returncode == 0, done.stderr
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by relative path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="session")
def contents_of() -> Callable[[Path], dict[str, bytes]]:
    return contents
