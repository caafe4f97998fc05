"""Hostile programs, each of which must fail, end, and leave the sandbox as it was for the next."""

import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.errors import UserError
from synth.sandbox import box
from synth.sandbox.box import Limits, Outcome, Program, Sandbox, View

LIMITS = Limits(cpu_s=2, wall_s=60.0, memory_bytes=512 << 20, disk_bytes=8 << 20, files=32, output_bytes=4_096)
MARK = "what lies outside"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    if said := box.unavailable():
        pytest.skip(said)
    with Sandbox(View(), LIMITS) as one:
        yield one


@pytest.fixture
def run(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, which must work and be empty after each test."""
    sandbox.run(Program(""))
    before = sandbox._process
    yield sandbox
    after = sandbox.run(Program("import os; print(os.listdir('.'), os.getppid() > 0)"))
    assert (after.status, after.stdout) == ("ok", "[] True\n"), after.stderr
    assert sandbox._process is before, "the sandbox was lost and started anew"


def test_a_program_runs_and_its_files_come_back(run: Sandbox) -> None:
    source = "import sys\nprint(open('in.txt').read(), __name__)\nopen('out.bin', 'wb').write(b'\\0\\1')\nopen('other', 'w')\nsys.exit()"
    outcome = run.run(Program(source, ("out.bin", "absent"), (("in.txt", b"hello"),), after="print('after', __name__)"))
    assert outcome == Outcome("ok", 0, "hello __main__\nafter __main__\n", "", {"out.bin": b"\0\1"}, ("in.txt", "other", "out.bin"))


def test_errors_are_told_by_the_program_alone(run: Sandbox) -> None:
    outcome = run.run(Program("def f():\n    return 1 / 0\nf()", after="print('never')"))
    assert (outcome.status, outcome.code, outcome.stdout) == ("error", 1, "")
    assert outcome.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert "inside.py" not in outcome.stderr
    assert 'File "program.py", line 2, in f' in outcome.stderr
    assert run.run(Program("import sys; sys.exit('no')")).stderr == "no\n"
    assert run.run(Program("import sys; sys.exit(7)")).code == 7
    assert "SyntaxError" in run.run(Program("def")).stderr


def test_hashes_of_strings_do_not_vary(run: Sandbox) -> None:
    with Sandbox(View(), LIMITS) as other:
        assert run.run(Program("print(hash('a'))")).stdout == other.run(Program("print(hash('a'))")).stdout


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/proc/self/environ", "/proc/1/root/etc/passwd", "/sys/kernel", "/root/.profile", "/home", "MARK"]
)
def test_files_outside_cannot_be_read(run: Sandbox, path: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(MARK)
    path = path.replace("MARK", str(secret))
    for way in (path, "../../../.." + path):
        outcome = run.run(Program(f"import os\nprint(os.listdir({way!r}) if os.path.isdir({way!r}) else open({way!r}).read())"))
        assert outcome.status == "error"
        assert "FileNotFoundError" in outcome.stderr


def test_the_environment_is_empty_of_ours(run: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", MARK)
    with Sandbox(View(), LIMITS) as fresh:
        assert MARK not in fresh.run(Program("import os; print(dict(os.environ))")).stdout


def test_packages_that_were_not_named_cannot_be_imported(run: Sandbox) -> None:
    assert "ModuleNotFoundError" in run.run(Program("import numpy")).stderr
    assert "ModuleNotFoundError" in run.run(Program("import schemas")).stderr


def test_nothing_but_the_own_folder_can_be_written(run: Sandbox) -> None:
    source = """
import os
for folder, folders, _ in os.walk('/'):
    if folder.startswith('/work'):
        continue
    try:
        open(os.path.join(folder, 'planted'), 'w')
        print(folder)
    except OSError:
        pass
for name in os.listdir('/dev') + ['../sandbox/start.py', '../lib']:
    try:
        os.rename('/dev/' + name, '/work/x'); print(name)
    except OSError:
        pass
try:
    open('/sandbox/start.py', 'a'); print('start.py')
except OSError:
    pass
"""
    outcome = run.run(Program(source))
    assert (outcome.status, outcome.stdout) == ("ok", ""), outcome.stderr


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_VSOCK", "AF_PACKET", "AF_ALG"])
def test_no_socket_can_be_opened(run: Sandbox, family: str) -> None:
    outcome = run.run(Program(f"import socket\nsocket.socket(socket.{family}, socket.SOCK_STREAM)"))
    assert "PermissionError" in outcome.stderr


def test_names_cannot_be_looked_up(run: Sandbox) -> None:
    outcome = run.run(Program("import urllib.request as u\nu.urlopen('http://example.org')"))
    assert outcome.status == "error"


ONE_PROCESS = {
    "fork bomb": "import os\nwhile True: os.fork()",
    "thread bomb": "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(9,)).start()",
    "shell": "import subprocess\nsubprocess.run(['/bin/sh'])",
    "exec": "import os, sys\nos.execv(sys.executable, ['python'])",
    "pools": "import multiprocessing as m\nm.get_context('fork').Process(target=print).start()",
    "namespaces": "import ctypes\nif ctypes.CDLL(None).unshare(0x10000000): raise PermissionError",
    "mount": "import ctypes\nif ctypes.CDLL(None).mount(b'x', b'/work', b'tmpfs', 0, 0): raise PermissionError",
    "chroot": "import os\nos.chroot('/work')",
    "raw system call": "import ctypes\nl = ctypes.CDLL(None)\nif l.syscall(41, 2, 1, 0) < 0: raise PermissionError()",
    "memory of others": "import ctypes\nl = ctypes.CDLL(None)\nif l.ptrace(16, 2, 0, 0): raise PermissionError()",
    "memory without a limit": "import os\nos.memfd_create('x')",
}


@pytest.mark.parametrize("kind", ONE_PROCESS)
def test_a_program_stays_one_process(run: Sandbox, kind: str) -> None:
    outcome = run.run(Program(ONE_PROCESS[kind]))
    assert outcome.status == "error"
    assert "PermissionError" in outcome.stderr or "can't start new thread" in outcome.stderr


KILLERS = {
    "parent": "os.kill(os.getppid(), 9)",
    "parent stopped": "os.kill(os.getppid(), signal.SIGSTOP)",
    "everybody": "os.kill(-1, 9)",
    "the group": "os.killpg(0, 9)",
    "init": "os.kill(1, 9)",
    "through a pipe's owner": "r, w = os.pipe(); fcntl.fcntl(r, fcntl.F_SETOWN, os.getppid())",
    "through a queue": "signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9)",
    "through limits": "resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (0, 0))",
    "through priorities": "os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)",
}


@pytest.mark.parametrize("kind", KILLERS)
def test_nobody_else_can_be_killed(run: Sandbox, kind: str) -> None:
    outcome = run.run(Program(f"import fcntl, os, resource, signal\n{KILLERS[kind]}"))
    assert outcome.status == "error"
    assert "PermissionError" in outcome.stderr


@pytest.mark.parametrize(
    "source", ["x = bytearray(50 << 30)", "import mmap\nx = mmap.mmap(-1, 50 << 30)", "x = []\nwhile True: x.append(bytearray(1 << 20))"]
)
def test_memory_ends(run: Sandbox, source: str) -> None:
    outcome = run.run(Program(source))
    assert outcome.status == "error"
    assert "MemoryError" in outcome.stderr or "Cannot allocate memory" in outcome.stderr


ENDLESS = {
    "loop": "while True: pass",
    "deaf loop": "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass",
    "silent loop": "import os\nos.close(1); os.close(2)\nwhile True: pass",
    "regular expression": "import re\nre.match('(a+)+$', 'a' * 50 + 'b')",
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_time_ends(run: Sandbox, kind: str) -> None:
    start = time.monotonic()
    assert run.run(Program(ENDLESS[kind])).status == "time"
    assert time.monotonic() - start < LIMITS.wall_s + 5


def test_a_sleeper_is_told_from_a_worker() -> None:
    if said := box.unavailable():
        pytest.skip(said)
    with Sandbox(View(), replace(LIMITS, wall_s=1.0)) as one:
        assert one.run(Program("import time\ntime.sleep(1000)")).status == "stalled"


def test_a_forked_process_has_a_sandbox_of_its_own() -> None:
    if said := box.unavailable():
        pytest.skip(said)
    code = """
import os
from synth.sandbox.box import *
sandbox = Sandbox(View())
sandbox.run(Program(''))
number = sandbox._process.pid
child = os.fork()
if child == 0:
    said = sandbox.run(Program('print(1)')).stdout
    sandbox.close()
    os._exit(0 if said == '1\\n' and sandbox._process is None else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert sandbox.run(Program('print(2)')).stdout == '2\\n'
assert sandbox._process.pid == number
sandbox.close()
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_the_disk_ends(run: Sandbox) -> None:
    source = "with open('big', 'wb') as f:\n    while True: f.write(bytes(1 << 20))"
    assert "OSError" in run.run(Program(source)).stderr
    many = "import itertools\nfor n in itertools.count(): open(f'big{n}', 'wb').write(bytes(1 << 20))"
    assert "No space left" in run.run(Program(many)).stderr
    empty = "import itertools\nfor n in itertools.count(): open(f'f{n}', 'w').close()"
    outcome = run.run(Program(empty))
    assert "No space left" in outcome.stderr
    assert len(outcome.names) <= LIMITS.files
    nested = "import os\nwhile True: os.mkdir('d'); os.chdir('d')"
    assert "No space left" in run.run(Program(nested)).stderr


def test_floods_are_stopped_and_cut(run: Sandbox) -> None:
    outcome = run.run(Program("while True: print('x' * 1000)"))
    assert (outcome.status, len(outcome.stdout)) == ("output", LIMITS.output_bytes)
    outcome = run.run(Program("print('x' * 10_000)"))
    assert (outcome.status, len(outcome.stdout)) == ("ok", LIMITS.output_bytes)


@pytest.mark.parametrize("target", ["/sandbox/start.py", "/etc/passwd", "/dev/zero", "x"])
def test_links_are_not_followed_out_of_the_folder(run: Sandbox, target: str) -> None:
    outcome = run.run(Program(f"import os\nos.symlink({target!r}, 'out.png')", ("out.png",)))
    assert (outcome.status, outcome.files, outcome.names) == ("ok", {}, ("out.png",))
    outcome = run.run(Program("import os\nos.mkfifo('out.png')", ("out.png",)))
    assert (outcome.status, outcome.files) == ("error", {})
    outcome = run.run(Program("import os\nos.mkdir('out.png')", ("out.png",)))
    assert (outcome.status, outcome.files) == ("ok", {})


def test_a_file_without_rights_and_a_folder_without_come_back_or_not_and_nothing_breaks(run: Sandbox) -> None:
    outcome = run.run(Program("import os\nopen('a', 'w').write('x')\nos.chmod('a', 0)\n", ("a",)))
    assert outcome.files == {"a": b"x"}
    run.run(Program("import os\nopen('a', 'w').write('x')\nos.chmod('.', 0)\n", ("a",)))


def test_crashes_are_told(run: Sandbox) -> None:
    for source in ("import os; os.abort()", "import ctypes; ctypes.string_at(0)", "import os; os.kill(os.getpid(), 9)"):
        assert run.run(Program(source)).status == "crashed"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="calls of another architecture as x86-64 has them")
def test_calls_of_another_architecture_end_the_program(run: Sandbox) -> None:
    # mov eax, 20 (getpid of i386); int 0x80; ret
    source = """
import ctypes, mmap
page = mmap.mmap(-1, 4096, prot=7)
page.write(b'\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3')
ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
print('lived')
"""
    outcome = run.run(Program(source))
    assert (outcome.status, outcome.code, outcome.stdout) == ("crashed", -signal.SIGSYS, "")


def test_names_of_files_stay_in_the_folder(run: Sandbox) -> None:
    for name in ("../x", "/x", "", ".."):
        with pytest.raises(ValueError, match="not the name of a file"):
            run.run(Program("", inputs=((name, b""),)))


def test_the_frames_cannot_be_forged(run: Sandbox) -> None:
    """A program holds no descriptor but its own, so whatever it writes is its output."""
    source = "import os\nfor n in range(3, 200):\n    try: os.write(n, b'\\0' * 64); print('wrote', n)\n    except OSError: pass"
    assert run.run(Program(source)).stdout == ""


def test_a_lost_sandbox_is_told_and_started_anew() -> None:
    if said := box.unavailable():
        pytest.skip(said)
    with Sandbox(View(), LIMITS) as one:
        one.run(Program(""))
        assert one._process is not None
        one._process.kill()
        assert one.run(Program("print(1)")).stdout == "1\n" or one.run(Program("print(1)")).stdout == "1\n"


def test_all_ends_with_the_process_that_started_it() -> None:
    if said := box.unavailable():
        pytest.skip(said)
    code = (
        "import os, sys; from synth.sandbox.box import *; s = Sandbox(View()); s.run(Program(''));"
        "print(s._process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    number = int(done.stdout)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{number}").exists() and "Z" not in Path(f"/proc/{number}/stat").read_text().rpartition(")")[2][:3]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_without_bubblewrap_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    box._hold_one.cache_clear()
    monkeypatch.setenv("PATH", "/nonexistent")
    try:
        with pytest.raises(UserError, match="bubblewrap is not installed") as caught:
            Sandbox()
        assert "apt-get install bubblewrap" in caught.value.todo
    finally:
        box._hold_one.cache_clear()


def test_where_namespaces_are_restricted_nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A `bwrap` that says what it says on Ubuntu 24.04 and in a Docker container."""
    box._hold_one.cache_clear()
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    try:
        with pytest.raises(UserError, match="uid map") as caught:
            Sandbox()
        assert "apparmor" in caught.value.todo
    finally:
        box._hold_one.cache_clear()


def test_a_busy_machine_is_tried_again_and_what_failed_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    if said := box.unavailable():
        pytest.skip(said)
    box._hold_one.cache_clear()
    answers = ["lost"] * (box.TRIES + 1)
    real = Sandbox.run
    monkeypatch.setattr(Sandbox, "run", lambda self, program: Outcome(answers.pop()) if answers else real(self, program))  # type: ignore[arg-type]
    try:
        assert "was not held: lost" in box.unavailable()
        assert not box.unavailable(), "the second time, one answer is lost and the next comes"
        assert not answers
    finally:
        box._hold_one.cache_clear()


def test_a_sandbox_that_writes_many_errors_goes_on(tmp_path: Path) -> None:
    """More than a pipe holds, written by the sandbox itself while it warms up."""
    if said := box.unavailable():
        pytest.skip(said)
    with Sandbox(View(warm_up="import sys; sys.stderr.write('x' * 1_000_000)"), LIMITS) as noisy:
        assert noisy.run(Program("print(1)")).stdout == "1\n"
    with pytest.raises(UserError, match="no such thing"):
        Sandbox(View(warm_up="raise RuntimeError('no such thing')"), LIMITS).run(Program(""))
