"""Starts Ray for one command and stops it again: on this machine with no flags, or on a cluster by its address. Quiet, bounded, without a
dashboard.
"""

import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

OBJECT_STORE_BYTES = 1_000_000_000
"""Rows between operators are commit records of a few kB; stages of one shard run in one process. One GB is room to spare."""
SOCKET_PATH_LIMIT = 60
"""Characters left for a temporary folder: a Unix socket's whole path may have 107, and Ray appends about 45."""

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_DEDUP_LOGS": "0",
    # glibc gives each thread an arena of its own, which never shrinks: with two the peak memory of a worker stays flat.
    "MALLOC_ARENA_MAX": "2",
}


def cpu_count() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def ray_session(workers: int, address: str | None = None) -> Iterator[Any]:
    """Ray with room for `workers` tasks at once, as a context; `address` joins a running cluster instead.

    One logical processor more than there are workers is announced, because some of Ray's own operators want one and would wait for ever.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import ray  # takes a second: only commands that need it pay

    folder = None if address else Path(tempfile.mkdtemp(prefix="assay-", dir=_short_temporary_folder()))
    options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if address:
        options |= {"address": address}
    else:
        options |= {
            "address": "local",
            "num_cpus": max(workers + 1, cpu_count()),
            "object_store_memory": OBJECT_STORE_BYTES,
            "include_dashboard": False,
            "_temp_dir": str(folder),
        }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            ray.init(**options)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        yield ray
    finally:
        ray.shutdown()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _short_temporary_folder() -> str:
    found = tempfile.gettempdir()
    return found if len(found) <= SOCKET_PATH_LIMIT else "/tmp"  # noqa: S108 - mkdtemp makes a folder of its own in it
