"""Starts Ray for one command and stops it again: on this machine with no flags, or on a cluster by its address. Quiet, bounded, without a
dashboard.
"""

import logging
import os
import re
import shutil
import signal
import socket
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from dags.processes import children_of_this_process, name_of
from pipelines.quarantine import Failure, attempt
from schemas.errors import MachineError as MachineError  # by which commands know it
from schemas.errors import UserError

CONNECT_S = 5.0
"""How long a cluster may take to answer before Ray is asked to join it (chosen): Ray itself would try for minutes."""
POLL_S = 0.5
"""How often the watcher looks whether Ray's daemon is alive (chosen)."""
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
    # Arrow's own allocator keeps what it freed, more with every shard; the system's gives large blocks back at once.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}


def cpu_count() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def ray_session(workers: int, address: str | None = None) -> Iterator[Any]:
    """Ray with room for `workers` tasks at once, as a context; `address` joins a running cluster instead.

    One logical processor more than there are workers is announced, because some of Ray's own operators want one and would wait for ever.

    Raises:
        UserError: `address` is none.
        MachineError: Nobody answers there, or Ray does not start.
    """
    if address:
        _check_reachable(address)
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import ray  # takes a second: only commands that need it pay

    folder = None if address else _own_folder()
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
            _init(ray, address, options)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        context.raise_original_map_exception = True  # else what a stage raised arrives as text only
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what fails is raised, and told once
        with _raylet_watched():
            yield ray
    finally:
        ray.shutdown()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _check_reachable(address: str) -> None:
    """Connect to a `host:port` once; other forms, such as `auto`, are left to Ray."""
    match = re.fullmatch(r"(?:ray://)?\[?([^/\[\]]+)\]?:(\d+)", address)
    if match is None:
        return
    host, port = match[1], int(match[2])
    if port > 65535:
        raise _bad_address(address, f"port {port} is above 65535")
    try:
        socket.create_connection((host, port), CONNECT_S).close()
    except (OSError, UnicodeError) as error:  # UnicodeError: a host name that cannot be encoded
        raise MachineError(f"no Ray cluster answers at {address}: {error}. Start it, or mend --address") from error


def _init(ray: Any, address: str | None, options: dict[str, Any]) -> None:
    failed = attempt(partial(ray.init, **options))  # also a bare `Exception`, which Ray raises where a machine is too busy to start it
    if not isinstance(failed, Failure):
        return
    why = failed.detail.partition("\n")[0]
    if address and failed.reason == "ValueError":
        raise _bad_address(address, why)
    where = f"join the cluster at {address}" if address else "start"
    todo = "Run the same command again: it resumes. `assay doctor` looks at the machine"
    if address and os.environ.get("RAY_AUTH_MODE") != "token":
        todo = "A cluster of `ray start` asks for a token, as it says when it starts: set RAY_AUTH_MODE=token here too. " + todo
    raise MachineError(f"Ray could not {where}: {why}. {todo}")


def _bad_address(address: str, why: str) -> UserError:
    todo = "give host:port of a running Ray cluster, ray://host:port, or auto; without --address Ray starts on this machine"
    return UserError(f"{address!r} is not the address of a Ray cluster: {why}", where="--address", todo=todo)


class _RayletDiedError(KeyboardInterrupt):
    """An interrupt, since what Ray and its libraries wait for gives way to one."""


@contextmanager
def _raylet_watched() -> Iterator[None]:
    """Raise `MachineError` in the main thread soon after Ray's daemon on this machine dies; other threads are not watched over.

    Left alone, Ray ends this process with exit code 1 and no word, some ten seconds later. The signal is one that nobody else uses: shells
    start background commands with SIGINT ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    raylets = [pid for pid in children_of_this_process() if "raylet" in name_of(pid)]
    over, here = threading.Event(), threading.get_ident()

    def watch() -> None:
        while not over.wait(POLL_S):
            if any("raylet" not in name_of(pid) for pid in raylets):
                signal.pthread_kill(here, signal.SIGUSR2)  # wakes the main thread out of whatever it waits for
                return

    def give_up(*_: object) -> None:
        if not over.is_set():
            raise _RayletDiedError

    before = signal.signal(signal.SIGUSR2, give_up)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except _RayletDiedError:
        raise MachineError("Ray's daemon on this machine (raylet) died. Run the same command again: it resumes") from None
    finally:
        over.set()
        watcher.join()
        signal.signal(signal.SIGUSR2, before)


def _own_folder() -> Path:
    """A new folder for Ray's sockets and logs, named after this process; those that killed processes left behind are removed."""
    parent = Path(_short_temporary_folder())
    for left in parent.glob("assay-ray-*-*"):
        owner = left.name.split("-")[2]
        if owner.isdecimal() and not _is_running(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"assay-ray-{os.getpid()}-", dir=parent))


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)  # asks, sends nothing
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True


def _short_temporary_folder() -> str:
    found = tempfile.gettempdir()
    return found if len(found) <= SOCKET_PATH_LIMIT else "/tmp"  # noqa: S108 - mkdtemp makes a folder of its own in it
