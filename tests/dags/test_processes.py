"""What /proc says of processes is what they did: kinship, names, processor seconds, peak memory; and whose folders may be removed."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dags import session
from dags.processes import children_of_this_process, cpu_seconds, family_of_this_process, name_of, peak_memory_bytes, private_memory_bytes

Start = Callable[[str], int]

NESTED = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; print(1, flush=True); time.sleep(60)'])"
BURN = "import time\nwhile time.process_time() < 0.5: pass\nprint(1, flush=True)\ntime.sleep(60)"


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a Python process that prints when it is ready; all are killed at the end, with what they started."""
    started = []

    def run(code: str) -> int:
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
        started.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process.pid

    yield run
    for process in started:
        os.killpg(process.pid, 9)
        process.communicate()


def test_the_family_has_children_and_grandchildren_and_nobody_else(start: Start) -> None:
    child = start(NESTED)
    family = family_of_this_process()
    assert child in children_of_this_process()
    assert {os.getpid(), child} < set(family)
    (grandchild,) = [int(pid) for pid in Path(f"/proc/{child}/task/{child}/children").read_text().split()]
    assert grandchild in family
    assert grandchild not in children_of_this_process()
    assert os.getppid() not in family


def test_processor_seconds_count_work_and_not_sleep(start: Start) -> None:
    """Catches wall time in place of work, and a child that is lost when it ends."""
    before = cpu_seconds(family_of_this_process())
    start(BURN)
    subprocess.run([sys.executable, "-c", BURN.replace("time.sleep(60)", "")], check=True, capture_output=True)
    time.sleep(0.3)
    assert 0.95 < cpu_seconds(family_of_this_process()) - before < 2.0


def test_a_process_that_has_ended_has_no_name_and_no_memory() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    while name_of(process.pid):  # until it has ended; nobody has collected it yet
        time.sleep(0.01)
    assert peak_memory_bytes(process.pid) == 0
    process.wait()
    assert (name_of(process.pid), peak_memory_bytes(process.pid), cpu_seconds([process.pid])) == ("", 0, 0.0)


def test_peak_memory_is_the_highest_and_not_the_last(start: Start) -> None:
    """Catches memory that was given back before anybody looked."""
    pid = start("import time; x = bytearray(b'x') * 10**8; del x; print(1, flush=True); time.sleep(60)")
    assert peak_memory_bytes(pid) > 10**8


def test_ray_folders_of_ended_processes_are_removed_and_others_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    kept = [f"assay-ray-{os.getpid()}-a", "assay-ray-1-b", "assay-ray-notes-c"]  # process 1 always runs, and may be another user's
    with tempfile.TemporaryDirectory() as short:  # pytest's own paths are too long for sockets
        monkeypatch.setattr(tempfile, "tempdir", short)
        for name in (f"assay-ray-{ended.pid}-d", *kept):
            Path(short, name).mkdir()
        own = session._own_folder()
        assert sorted(path.name for path in Path(short).iterdir()) == sorted([*kept, own.name])


def test_private_memory_leaves_out_what_is_shared(start: Start) -> None:
    """60 MiB of its own, and 60 MiB mapped for sharing, all touched."""
    allocate = "import mmap, time\nown = b'x' * (60 << 20)\nshared = mmap.mmap(-1, 60 << 20)\nshared.write(own)\nprint(1, flush=True)\n"
    bare, full = start("print(1, flush=True); import time; time.sleep(60)"), start(allocate + "time.sleep(60)")
    private = private_memory_bytes(full) - private_memory_bytes(bare)
    assert 60 << 20 <= private < 70 << 20
    assert peak_memory_bytes(full) - peak_memory_bytes(bare) > 110 << 20
    assert private_memory_bytes(2**22 + 1) == 0
