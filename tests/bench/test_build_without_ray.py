"""The pool of processes makes the data set that the graph makes, and goes on where it stopped."""

from pathlib import Path

import pytest

from pipelines.ledger import read_records
from pipelines.pool import build_in_pool
from schemas.recipe import load_recipe

RECIPE = Path(__file__).parents[2] / "bench" / "recipes" / "proxy_parse.yaml"


@pytest.mark.slow
def test_a_pool_resumes_to_the_same_bytes_whatever_the_workers(tmp_path: Path) -> None:
    recipe = load_recipe(str(RECIPE), ["sources.0.count=3", "samples_per_shard=1"])
    whole = build_in_pool(recipe, tmp_path / "whole", 1)
    cut = tmp_path / "cut"
    build_in_pool(recipe, cut, 2)
    lost = read_records(cut)[1]
    (cut / lost.file).unlink()
    (cut / "manifest.json").unlink()
    again = build_in_pool(recipe, cut, 2)
    assert (cut / lost.file).is_file()
    assert [record.sha256 for record in again.shards] == [record.sha256 for record in whole.shards]
