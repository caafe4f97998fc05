"""Builds small data sets of the tests' own family `tiny.meters` in this process, stage after stage, without Ray."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.commit import prepare_folder, write_manifest
from pipelines.ledger import close_books, read_records, write_plan_text
from pipelines.plan import Plan, plan
from pipelines.workers import Job, make_shard
from schemas.recipe import parse_recipe

FAULTY = """
seed: 7
samples_per_shard: 4
filters: [pixels.contrast, text.answer_variety]
sources:
  - {family: tiny.meters, count: 10}
  - {family: tiny.meters, name: faulty, count: 7, params: {fail_every: 3, break_every: 5, lie_every: 4}}
"""


def build_here(planned: Plan, folder: Path) -> Path:
    prepare_folder(folder, write_plan_text(planned))
    for shard in range(planned.num_shards):
        make_shard(Job(planned, folder), shard)
    write_manifest(folder, close_books(planned, read_records(folder)))
    return folder


@pytest.fixture(scope="session")
def faulty_plan() -> Plan:
    return plan(parse_recipe(FAULTY, "test"))


@pytest.fixture(scope="session")
def faulty_set(faulty_plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished data set of 17 planned samples: 13 kept, 1 rejected, 3 quarantined. Read only."""
    return build_here(faulty_plan, tmp_path_factory.mktemp("faulty"))


@pytest.fixture
def make_set(tmp_path: Path) -> Callable[[str], Path]:
    """Build a recipe text into a folder of its own."""

    def make(recipe: str) -> Path:
        folder: Path = tmp_path / f"set{len(list(tmp_path.iterdir()))}"
        return build_here(plan(parse_recipe(recipe, "test")), folder)

    return make
