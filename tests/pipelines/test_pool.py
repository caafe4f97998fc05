"""A pool of processes that loses one says so."""

import os
import signal
from pathlib import Path

import pytest

from pipelines import pool
from pipelines.ledger import read_records
from pipelines.workers import Job
from schemas.errors import MachineError
from schemas.recipe import load_recipe

RECIPE = "seed: 1\nsamples_per_shard: 2\nsources:\n  - {family: tiny.meters, count: 8}\n"
real_commit = pool._commit


def dies_at_the_second(job: Job, shard: int) -> int:
    """A worker that is killed as the system kills one when memory runs out; sent to the workers by name."""
    if shard == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return real_commit(job, shard)


@pytest.mark.timeout(240)  # processes start slowly on a busy machine; a pool that waits for the dead one never ends
def test_a_killed_worker_is_told_and_the_same_call_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    recipe = load_recipe(str(tmp_path / "recipe.yaml"))
    with monkeypatch.context() as patched:
        patched.setattr(pool, "_commit", dies_at_the_second)
        with pytest.raises(MachineError, match=r"was killed.*same command again"):
            pool.build_in_pool(recipe, tmp_path / "set", 1)
    assert 1 not in read_records(tmp_path / "set")
    assert pool.build_in_pool(recipe, tmp_path / "set", 1).totals.rows == 8
