"""What this process and those it started use, as Linux tells in /proc: who they are, processor seconds, peak memory.

On other systems there is no /proc and every function finds nothing; a build does without.
"""

import os
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def name_of(pid: int) -> str:
    """Name of a running process; empty once it has ended, also while nobody has collected it."""
    name, fields = _stat(pid)
    return "" if fields[:1] == ["Z"] else name


def children_of_this_process() -> list[int]:
    """Process ids of the children."""
    return [pid for pid, parent in _parents().items() if parent == os.getpid()]


def family_of_this_process() -> list[int]:
    """Process ids of this process and all it started, directly or not: of Ray, this session's part and no other's."""
    parents = _parents()
    found = {os.getpid()} if parents else set()
    while grown := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= grown
    return sorted(found)


def cpu_seconds(pids: list[int]) -> float:
    """Processor time of processes, in user mode and kernel, with that of their children that have ended.

    Source: proc_pid_stat(5), fields 14 to 17, in clock ticks.
    """
    ticks = [sum(map(int, fields[11:15])) for _, fields in map(_stat, pids) if fields]
    return sum(ticks) / TICKS_PER_S


def peak_memory_bytes(pid: int) -> int:
    """The most resident memory a process ever had, shared pages included; 0 once it has ended.

    Source: proc_pid_status(5), `VmHWM`, in KiB.
    """
    return _status_bytes(pid, "VmHWM")


def private_memory_bytes(pid: int) -> int:
    """Resident memory that a process shares with no other and no file: what it allocated itself, without Ray's object store.

    Source: proc_pid_status(5), `RssAnon`, in KiB; 0 once the process has ended.
    """
    return _status_bytes(pid, "RssAnon")


def _status_bytes(pid: int, field: str) -> int:
    try:
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) * 1024


def _parents() -> dict[int, int]:
    """Each running process and its parent."""
    found = {int(path.name): _stat(int(path.name))[1] for path in _PROC.glob("[0-9]*")}
    return {pid: int(fields[1]) for pid, fields in found.items() if fields}


def _stat(pid: int) -> tuple[str, list[str]]:
    """A process's name, and the fields of its `stat` from the third on; both empty if it has ended."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "", []
    name, _, rest = text.partition("(")[2].rpartition(") ")
    return name, rest.split()
