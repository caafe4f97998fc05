"""Builds on Ray: equal bytes for any number of workers, resuming, one builder a folder, drift and a poisonous sample told."""

import errno
import gc
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fcntl import LOCK_EX, flock
from pathlib import Path

import pytest

from dags import corpus
from dags.corpus import MAX_RETRIES, build
from pipelines import workers as stages
from pipelines.commit import StorageError, prepare_folder, write_manifest
from pipelines.ledger import close_books, read_records, write_plan_text
from pipelines.plan import plan
from schemas.errors import UserError
from schemas.recipe import load_recipe
from schemas.shard import Dataset

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Contents = Callable[[Path], dict[str, bytes]]


def test_every_planned_sample_is_accounted_for(built: Path) -> None:
    dataset = Dataset(built)
    assert len(dataset) == 12
    assert sum(record.planned for record in dataset.manifest.shards) == 15
    assert dataset.manifest.totals.verified_artefact == 24


@pytest.mark.slow
def test_one_worker_gives_the_same_bytes(run: Run, recipe: Path, built: Path, tmp_path: Path, contents_of: Contents) -> None:
    done = run("build", recipe, "--out", tmp_path / "one", "--workers", 1)
    assert done.returncode == 0, done.stderr
    assert contents_of(tmp_path / "one") == contents_of(built)


def test_resuming_makes_only_what_is_missing(run: Run, recipe: Path, built: Path, tmp_path: Path, contents_of: Contents) -> None:
    folder = tmp_path / "set"
    shutil.copytree(built, folder)
    lost = sorted((folder / "shards").iterdir())[2]
    (folder / "commits" / "000004.json").unlink()
    (folder / "manifest.json").unlink()
    lost.unlink()
    kept = {path: path.stat().st_mtime_ns for path in (folder / "shards").iterdir()}
    done = run("build", recipe, "--out", folder, "--workers", 3)
    assert "3 of 5 already there" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert contents_of(folder) == contents_of(built)


def test_a_second_builder_is_refused(recipe: Path, tmp_path: Path) -> None:
    handle = os.open(tmp_path, os.O_RDONLY)
    flock(handle, LOCK_EX)
    try:
        with pytest.raises(UserError, match="another build"):
            build(plan(load_recipe(recipe)), tmp_path, workers=1)
    finally:
        os.close(handle)


@pytest.mark.slow
def test_drift_is_a_determinism_error(run: Run, tmp_path: Path) -> None:
    recipe = tmp_path / "drift.yaml"
    recipe.write_text("seed: 1\nsamples_per_shard: 2\nsources: [{family: tiny.meters, count: 4, params: {drift: true}}]")
    assert run("build", recipe, "--out", tmp_path / "set", "--workers", 1).returncode == 0
    done = run("rebuild", tmp_path / "set", "--check", "--workers", 1)
    assert done.returncode == 1
    assert "sha256" in done.stdout


@pytest.mark.slow
def test_a_sample_that_kills_its_worker_once_is_made_by_the_next_attempt(run: Run, tmp_path: Path) -> None:
    recipe = tmp_path / "die.yaml"
    mark = tmp_path / "mark"
    recipe.write_text(f"seed: 1\nsources: [{{family: tiny.meters, count: 3, params: {{die_at: 1, die_mark: {mark}}}}}]")
    done = run("build", recipe, "--out", tmp_path / "set", "--workers", 1)
    assert done.returncode == 0, done.stderr
    assert mark.exists()
    assert len(Dataset(tmp_path / "set")) == 3


@pytest.mark.slow
def test_a_sample_that_kills_its_worker_every_time_ends_the_build_and_keeps_the_others(run: Run, tmp_path: Path) -> None:
    recipe, mark, folder = tmp_path / "die.yaml", tmp_path / "mark", tmp_path / "set"
    params = f"{{die_at: 3, die_times: 99, die_mark: {mark}}}"
    recipe.write_text(f"seed: 1\nsamples_per_shard: 1\nsources: [{{family: tiny.meters, count: 4, params: {params}}}]")
    done = run("build", recipe, "--out", folder, "--workers", 1)
    assert done.returncode == 3, done.stderr
    assert "it resumes" in done.stderr
    assert "Traceback" not in done.stderr
    assert mark.stat().st_size == 1 + MAX_RETRIES  # it really died each time it was tried
    assert not (folder / "manifest.json").exists()
    assert not (folder / "commits" / "000003.json").exists()
    mark.write_bytes(b"x" * 99)  # the sample is cured, the same command goes on
    again = run("build", recipe, "--out", folder, "--workers", 1)
    assert again.returncode == 0, again.stderr
    assert len(Dataset(folder)) == 4


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_the_same_command_goes_on(
    run: Run, environment: dict[str, str], tmp_path: Path, contents_of: Contents
) -> None:
    recipe, folder = tmp_path / "long.yaml", tmp_path / "set"
    recipe.write_text("seed: 11\nsamples_per_shard: 1\nsources: [{family: tiny.meters, count: 120}]")
    command = [sys.executable, "-m", "dags.cli", "build", str(recipe), "--out", str(folder), "--workers", "2"]
    # A test run in the background has Ctrl-C switched off, and children inherit that.
    process = subprocess.Popen(
        command,
        cwd=Path(__file__).parents[2],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    until = time.monotonic() + 60
    while time.monotonic() < until and not list(folder.glob("commits/*.json")):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run the same command again" in errors
    assert "Traceback" not in errors
    assert not (folder / "manifest.json").exists()
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("commits/*.json")}
    assert 0 < len(kept) < 120
    assert run(*command[3:]).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    undisturbed, planned = tmp_path / "undisturbed", plan(load_recipe(recipe))
    prepare_folder(undisturbed, write_plan_text(planned))
    for shard in range(planned.num_shards):
        stages.make_shard(stages.Job(planned, undisturbed), shard)
    write_manifest(undisturbed, close_books(planned, read_records(undisturbed)))
    assert contents_of(folder) == contents_of(undisturbed)


def test_a_mistake_that_only_a_worker_finds_is_three_lines_and_leaves_nothing(run: Run, tmp_path: Path) -> None:
    """Catches Ray's traceback of 150 lines, and a plan left behind that refuses the corrected recipe."""
    recipe, folder = tmp_path / "recipe.yaml", tmp_path / "set"
    recipe.write_text("seed: 1\nsources: [{family: tiny.meters, count: 2, params: {odd: mistake}}]")
    done = run("build", recipe, "--out", folder, "--workers", 1)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-3:] == ["assay: no sample can be made of this", "  where: params.odd", "  to do: change it"]
    assert "Traceback" not in done.stderr
    assert not folder.exists()


def test_a_worker_collects_seldom_and_the_graph_shows_the_stage_by_name() -> None:
    before = gc.get_threshold()
    try:
        run = corpus._collecting_seldom(stages.commit)
        assert run.__name__ == "commit"
        with pytest.raises(TypeError):
            run(None)
        assert gc.get_threshold() == corpus.GC_THRESHOLDS
    finally:
        gc.set_threshold(*before)


class DiskFull:
    """An `on_step` like a disk that has no room left when the shard is written."""

    def __call__(self, step: str) -> None:
        if step == "shard written":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.slow
def test_a_full_disk_in_a_worker_comes_out_as_itself_and_commits_nothing(
    recipe: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONPATH", environment["PYTHONPATH"])  # Ray's workers find the tests' families by it
    with pytest.raises(StorageError, match="No space left on device"):
        build(plan(load_recipe(recipe)), tmp_path / "set", workers=2, on_step=DiskFull())
    left = [path.name for path in (tmp_path / "set").rglob("*") if path.is_file()]
    assert left == ["plan.json"]
