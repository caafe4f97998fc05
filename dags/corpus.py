"""The graph of a corpus build: plan, synthesize, verify, score, commit, as Ray Data operators over rows of one shard each.

Nothing depends on the engine running each row exactly once: shards are pure functions of the plan and commits are idempotent. Resuming is
the set of shards without a commit record. What the stages do is in `pipelines.workers`.
"""

import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from functools import wraps
from os import O_RDONLY, close
from os import open as open_handle
from pathlib import Path
from typing import Any

from dags.session import MachineError, ray_session
from pipelines import workers as stages
from pipelines.commit import OnStep, StorageError, forget_plan, ignore_step, prepare_folder, remove_leftovers, write_manifest
from pipelines.ledger import check_same_plan, close_books, is_finished, missing_shards, read_records, write_plan_text
from pipelines.plan import Plan
from pipelines.workers import Job
from schemas.errors import AssayError, UserError
from schemas.manifest import CommitRecord, Manifest

MAX_BLOCKS = 4096
"""Tasks the engine is told of at once; beyond that a task makes several shards, one after the other."""
MAX_RETRIES = 3
"""Times a task is run again when its worker or node dies. A sample that kills its process every time ends the build instead of repeating
for ever.
"""
GC_THRESHOLDS = (50_000, 10, 10)
"""Objects that start a collection, and collections of one generation that start one of the next, in a worker. With Python's own 700 a
twentieth of the processor time of `documents.report` goes into looking for cycles; these take a quarter of that (measured).
"""

RAY_NOTE = "\nFailed to apply UDF transform"
"""Begins what Ray appends to the text of an error that a stage raised: advice about its own retries."""

OnShard = Callable[[CommitRecord], None]


def ignore_shard(record: CommitRecord) -> None:
    """The `on_shard` of a build nobody watches."""


def build(
    plan: Plan,
    folder: Path,
    *,
    workers: int,
    address: str | None = None,
    on_shard: OnShard = ignore_shard,
    on_step: OnStep = ignore_step,
) -> Manifest:
    """Build the planned data set in `folder`, or finish it; one that is finished is only read.

    Args:
        plan: What to build.
        folder: Where; created if absent.
        workers: Shards made at the same time.
        address: A Ray cluster's address; Ray is started on this machine without it.
        on_shard: Called in this process with each commit record as it arrives.
        on_step: Called in the worker at each moment of a commit (`pipelines.commit.STEPS`), and here at those of the manifest; for crash
            tests.

    Raises:
        UserError: The folder belongs to another plan, to nobody, or to a build that is running.
        DeterminismError: A shard came out with other bytes than those committed.
        StorageError, MachineError: The disk or Ray gave up; the same call again resumes.
    """
    check_same_plan(folder, plan)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"cannot use {str(folder)!r} as a data set's folder: {error.strerror}"
        raise UserError(what, where="--out", todo="choose a folder that can be made and written to") from error
    with _only_builder(folder):
        records = read_records(folder)
        todo = missing_shards(plan, folder, records)
        if todo or not is_finished(folder):
            prepare_folder(folder, write_plan_text(plan))
            if todo:
                try:
                    run_graph(Job(plan, folder.resolve(), on_step), todo, workers, address, on_shard)
                except (UserError, KeyboardInterrupt):  # a recipe that is changed now is another plan, which this one must not keep out
                    forget_plan(folder)
                    raise
            remove_leftovers(folder)  # of workers that were killed and replaced
            manifest = close_books(plan, read_records(folder))
            write_manifest(folder, manifest, on_step)
            return manifest
        return close_books(plan, records)


def run_graph(job: Job, shards: list[int], workers: int, address: str | None, on_shard: OnShard) -> None:
    """Make and commit the given shards on Ray."""
    with ray_session(workers, address) as ray, ray_errors(ray):
        for row in corpus_graph(ray, job, shards, workers).iter_rows():
            on_shard(CommitRecord.from_json(row["record"], f"record of shard {row['shard']}"))


def corpus_graph(ray: Any, job: Job, shards: list[int], workers: int) -> Any:
    """The operators, in order. Equal options let Ray run the stages of a shard in one process, so samples never cross between processes."""
    dataset, workers = shard_numbers(ray, shards), min(workers, len(shards))  # Ray warns of more than it can use
    for stage in (stages.plan, stages.synthesize, stages.verify, stages.score, stages.commit):
        dataset = map_shards(ray, dataset, stage, {"job": job}, workers)
    return dataset


def shard_numbers(ray: Any, shards: list[int]) -> Any:
    """A data set of one row a shard."""
    return ray.data.from_items(shards, override_num_blocks=min(len(shards), MAX_BLOCKS))


def map_shards(ray: Any, dataset: Any, stage: Callable[..., Any], arguments: dict[str, Any], workers: int) -> Any:
    """One operator: `stage` on each row by itself, at most `workers` at once, one processor each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # max_retries has no named parameter yet
        return dataset.map_batches(
            _collecting_seldom(stage),
            fn_kwargs=arguments,
            batch_size=1,
            batch_format="pyarrow",
            num_cpus=1,
            compute=ray.data.TaskPoolStrategy(size=workers),
            max_retries=MAX_RETRIES,
        )


def _collecting_seldom(stage: Callable[..., Any]) -> Callable[..., Any]:
    """`stage`, in a process whose garbage collector does not look at every object a document is made of."""

    @wraps(stage)  # the graph shows its name
    def run(rows: Any, **arguments: Any) -> Any:
        gc.set_threshold(*GC_THRESHOLDS)
        return stage(rows, **arguments)

    return run


@contextmanager
def ray_errors(ray: Any) -> Iterator[None]:
    """What our stages raised comes out as itself; what Ray raised as a `MachineError`."""
    try:
        yield
    except ray.exceptions.RayTaskError as error:
        causes = list(_causes(error))
        # Ray's error is of the class of ours too, but its text is the traceback of three processes.
        ours = next((cause for cause in causes if isinstance(cause, AssayError) and not isinstance(cause, ray.exceptions.RayError)), None)
        if ours and ours.args and isinstance(ours.args[0], str):
            ours.args = (ours.args[0].partition(RAY_NOTE)[0], *ours.args[1:])
        raise (ours or MachineError(f"a stage failed: {causes[-1]!r}")) from error
    except (ray.exceptions.RayError, ConnectionError) as error:
        reason = str(error).partition("\n")[0] or repr(error)
        raise MachineError(f"Ray gave up: {reason}. Run the same command again: it resumes") from error


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came from, outermost first. Ray keeps what a task raised in `cause`."""
    while error is not None:
        yield error
        cause = getattr(error, "cause", None)
        error = cause if isinstance(cause, BaseException) and cause is not error else error.__cause__


@contextmanager
def _only_builder(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system releases however this process ends."""
    handle = open_handle(folder, O_RDONLY)
    try:
        flock(handle, LOCK_EX | LOCK_NB)
    except BlockingIOError as error:
        close(handle)
        what = f"another build is running in {str(folder)!r}"
        raise UserError(what, where="--out", todo="wait for it, or choose another folder") from error
    except OSError as error:
        close(handle)
        raise StorageError(f"cannot lock {folder}: {error}") from error
    try:
        yield
    finally:
        close(handle)
