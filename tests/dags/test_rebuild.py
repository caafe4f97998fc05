"""Rebuilding compares the files that are stored, not only what is said of them, and builds where a cluster can write."""

from pathlib import Path
from typing import Any

import pytest

from dags import rebuild as again
from pipelines.commit import prepare_folder, write_manifest
from pipelines.ledger import close_books, read_records, write_plan_text
from pipelines.plan import Plan, plan
from pipelines.workers import Job, make_shard
from schemas.manifest import Manifest
from schemas.recipe import parse_recipe

RECIPE = """
seed: 7
samples_per_shard: 2
sources: [{family: tiny.meters, count: 4, params: {fail_every: 3}}]
"""


def build_here(planned: Plan, folder: Path, **_: Any) -> Manifest:
    """What the graph does, without the graph."""
    prepare_folder(folder, write_plan_text(planned))
    for shard in range(planned.num_shards):
        make_shard(Job(planned, folder), shard)
    manifest = close_books(planned, read_records(folder))
    write_manifest(folder, manifest)
    return manifest


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    build_here(plan(parse_recipe(RECIPE, "test")), tmp_path / "set")
    monkeypatch.setattr(again, "build", build_here)
    return tmp_path / "set"


def test_an_undamaged_set_is_equal(stored: Path) -> None:
    assert again.rebuild(stored, workers=1) == (2, [])


@pytest.mark.parametrize("part", ["shards", "quarantine"])
@pytest.mark.parametrize("fault", ["gone", "changed"])
def test_a_stored_file_that_is_gone_or_changed_is_a_difference(part: str, fault: str, stored: Path) -> None:
    """Catches a comparison of commit records alone: they still agree."""
    path = sorted((stored / part).iterdir())[0]
    data = path.read_bytes()
    path.unlink()
    if fault == "changed":
        path.write_bytes(data + b"x")
    _, (difference,) = again.rebuild(stored, workers=1)
    assert difference.what == f"{part}/{path.name}"
    assert (difference.stored == "missing") == (fault == "gone")


def test_a_cluster_builds_beside_the_data_set(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a folder on this machine's own disk, which no other node sees."""
    seen = []

    def build(planned: Plan, folder: Path, **options: Any) -> Manifest:
        seen.append(folder)
        return build_here(planned, folder, **options)

    monkeypatch.setattr(again, "build", build)
    again.rebuild(stored, workers=1, address="auto")
    assert seen[0].parent == stored.parent
    assert not seen[0].exists()
