"""A recipe becomes a committed data set on one machine without Ray: a pool of processes over shards, with the graph's own stages.

For machines on which Ray is not installed. Plan, proofs, commits and hashes are `assay build`'s, and the same call again resumes. It
knows no cluster and does not go on by itself after a killed worker, but says so: that is what the graph is for.
"""

import gc
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

from pipelines.commit import prepare_folder, remove_leftovers, write_manifest
from pipelines.ledger import check_same_plan, close_books, missing_shards, read_records, write_plan_text
from pipelines.plan import plan
from pipelines.workers import Job, make_shard
from schemas.errors import MachineError
from schemas.manifest import Manifest
from schemas.recipe import Recipe

GC_THRESHOLDS = (50_000, 10, 10)
"""As `dags.corpus` sets them in its workers."""


def build_in_pool(recipe: Recipe, folder: Path, workers: int) -> Manifest:
    """Build a recipe's data set in `folder`, or finish it.

    Raises:
        UserError: The recipe is wrong, or the folder belongs to another plan.
        StorageError: The disk gave up; the same call resumes.
        MachineError: A worker was killed, as by the system when memory ran out; the same call resumes.
    """
    planned = plan(recipe)
    check_same_plan(folder, planned)
    folder.mkdir(parents=True, exist_ok=True)
    prepare_folder(folder, write_plan_text(planned))
    job = Job(planned, folder)
    shards = missing_shards(planned, folder, read_records(folder))
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as Ray does for its workers: a process a core is all the parallelism there is
    # Spawned, as threads of the parent's libraries do not survive a fork. Not a `multiprocessing.Pool`, which waits for ever for the result
    # of a worker that was killed.
    spawn = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(workers, spawn, initializer=gc.set_threshold, initargs=GC_THRESHOLDS) as pool:
            for _ in pool.map(partial(_commit, job), shards):  # which drops what has not begun when a shard fails
                pass
    except BrokenProcessPool as error:
        raise MachineError(
            f"a process that builds {folder} was killed, as happens when memory runs out. Run the same command again: it resumes; with "
            "fewer --workers it needs less memory"
        ) from error
    remove_leftovers(folder)
    manifest = close_books(planned, read_records(folder))
    write_manifest(folder, manifest)
    return manifest


def _commit(job: Job, shard: int) -> int:
    """Make one shard; its record is on the disk, so only the number goes back."""
    make_shard(job, shard)
    return shard
