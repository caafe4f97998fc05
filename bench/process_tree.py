"""What this process and all below it have used, read from /proc: sandboxes and browsers are processes that nobody waits for."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Used:
    """Processor seconds, ended children included; the most resident MiB that one process has held, by the name of its program."""

    cpu_s: float
    peak_mib: dict[str, float]


def used() -> Used:
    """Of the tree of this process, now."""
    parents, cpu, peaks = {}, {}, {}
    for path in Path("/proc").iterdir():
        if not path.name.isdigit():
            continue
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
            status = dict(line.split(":", 1) for line in (path / "status").read_text().splitlines())
        except (OSError, ProcessLookupError):  # it has ended
            continue
        number = int(path.name)
        parents[number], cpu[number] = int(fields[1]), sum(map(int, fields[11:15]))
        peaks[number] = (status["Name"].strip(), int(status.get("VmHWM", "0 kB").split()[0]) / 1024)
    below = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in below} - below:
        below |= more
    peak_mib: dict[str, float] = {}
    for number in below & peaks.keys():
        name, size = peaks[number]
        peak_mib[name] = max(size, peak_mib.get(name, 0.0))
    return Used(sum(cpu.get(number, 0) for number in below) / os.sysconf("SC_CLK_TCK"), peak_mib)
