"""The sandbox seen from outside: start it, run programs in it, read what became of them.

Bubblewrap (`bwrap`, of Flatpak) makes new user, mount, PID, network, IPC, UTS and cgroup namespaces: what is in view is a read-only Python,
the packages named, the files named, and nothing else; there is no network interface, no `/proc`, no `/sys`, no home. Inside, `inside.py`
holds the limits and the list of system calls for each program. Kernel features: user namespaces (or root), seccomp, `pidfd_open`, tmpfs
mounted by its user (Linux 5.3 or newer). What is missing is a `UserError`; there is no weaker mode.

Not held off: that a program uses the processor until its time is over, and that what it prints or draws is its own word.
"""

import atexit
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Literal, Self

from schemas.errors import UserError
from synth.sandbox.frames import Frame, read_frame, write_frame

Status = Literal["ok", "error", "time", "stalled", "output", "crashed", "lost"]
GRACE_S = 15.0
"""Seconds past a program's own time in which the sandbox must answer, or it is started anew (chosen)."""
START_S = 120.0
"""Seconds in which the sandbox must have warmed up (chosen; matplotlib takes 1 to 5)."""
TRIES = 3
"""How often a machine that did not answer is tried (chosen)."""
END_S = 2.0
"""Seconds in which it may end by itself (chosen)."""
INSTALL = "apt-get install bubblewrap libseccomp2 (or the like of another distribution)"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use.

    Attributes:
        cpu_s: Seconds of processor time.
        wall_s: Seconds by the clock; a program that reaches them without having used `cpu_s` slept, or the machine is overloaded.
        memory_bytes: Address space, what is imported before included.
        disk_bytes: Size of the folder that it may write, which lies in memory.
        files: Files and folders in it.
        output_bytes: Bytes kept of what it prints, and of its errors.
    """

    cpu_s: int = 10
    wall_s: float = 20.0
    memory_bytes: int = 1 << 30
    disk_bytes: int = 32 << 20
    files: int = 64
    output_bytes: int = 65_536


@dataclass(frozen=True, slots=True)
class View:
    """What programs can see.

    Attributes:
        packages: Distributions they may import, with what those need themselves.
        files: (path inside, file or folder outside), read-only; what lies in `/packages` or `/sandbox` can be imported. The path must not
            lie in `/work`.
        warm_up: Python run once before the first program: imports that all need. It is trusted.
    """

    packages: tuple[str, ...] = ()
    files: tuple[tuple[str, Path], ...] = ()
    warm_up: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """One program.

    Attributes:
        source: Python.
        outputs: Names of files in its folder that are wanted back.
        inputs: (name, bytes) of files that lie there before.
        after: Python run in its names after it ended well; trusted text in untrusted company, so what it reports is the program's word.
    """

    source: str
    outputs: tuple[str, ...] = ()
    inputs: tuple[tuple[str, bytes], ...] = ()
    after: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a program.

    Attributes:
        status: `ok`; `error`, it raised or left with another code; `time`, over its processor time; `stalled`, over its time by the clock
            alone; `output`, over its limit; `crashed`, ended by a signal; `lost`, the sandbox itself did not answer.
        code: Exit code, or minus the signal's number.
        stdout: First bytes of what it printed.
        stderr: First bytes of its errors; a traceback names `program.py`.
        files: The wanted files that it left.
        names: All names in its folder.
    """

    status: Status
    code: int = 0
    stdout: str = ""
    stderr: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    names: tuple[str, ...] = ()


class Sandbox:
    """A warm sandbox: one process that forks a confined child a program. Programs run one after the other; start several for more.

    Args:
        view: What programs can see.
        limits: What each may use.

    Attributes:
        cpu_s: Processor seconds that the running sandbox and all its programs have taken, as it said last.

    Raises:
        UserError: This machine cannot hold an untrusted program.
    """

    def __init__(self, view: View | None = None, limits: Limits | None = None) -> None:
        self.view, self.limits = view or View(), limits or Limits()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock, self._owner = threading.Lock(), os.getpid()
        self.cpu_s = 0.0
        check_available()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, program: Program) -> Outcome:
        """Run one program to its end, or to the end of its limits. The sandbox is started when needed, after a loss or a fork too."""
        if self._owner != os.getpid():  # this process was forked: the pipes, and perhaps the lock, are its parent's
            self._process, self._lock, self._owner = None, threading.Lock(), os.getpid()
        with self._lock:
            process = self._process
            if process is None or process.poll() is not None:
                process = self._start()
            return self._ask(process, program)

    def close(self) -> None:
        """End the sandbox with all in it. It may be used again."""
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        atexit.unregister(self.close)
        with contextlib.suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()  # between programs, it ends by itself
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()  # bwrap dies with all in its PID namespace
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def _ask(self, process: subprocess.Popen[bytes], program: Program) -> Outcome:
        limits = self.limits
        header = {
            **asdict(limits),
            "outputs": list(program.outputs),
            "inputs": [_plain(name) for name, _ in program.inputs],
            "after": program.after,
        }
        frame, answer = Frame(header, (program.source.encode(), *(data for _, data in program.inputs))), None
        try:
            answer = _exchange(process, frame, limits.wall_s + GRACE_S)
        finally:  # whatever ended the exchange, the next program must not be given what was left in the pipe
            if answer is None:
                process.kill()
                self.close()
        if answer is None:
            return Outcome("lost")
        self.cpu_s = answer.header["cpu_s"]
        stdout, stderr, *blobs = answer.blobs
        return Outcome(
            status=answer.header["status"],
            code=answer.header["code"],
            stdout=stdout.decode("utf-8", "replace"),
            stderr=stderr.decode("utf-8", "replace"),
            files=dict(zip(answer.header["kept"], blobs, strict=True)),
            names=tuple(answer.header["files"]),
        )

    def _start(self) -> subprocess.Popen[bytes]:
        self.close()
        command = [*_bubblewrap(), *_python_view(), *_package_view(self.view.packages)]
        for inside, outside in self.view.files:
            command += ["--ro-bind", str(outside), inside]
        command += ["--remount-ro", "/", "--", *_PYTHON, "/sandbox/start.py"]
        with tempfile.TemporaryFile() as errors:  # not a pipe, which would fill up and stop the sandbox, since nobody reads it
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)  # noqa: S603
            answer = _exchange(process, Frame(asdict(self.limits), (self.view.warm_up.encode(),)), START_S)
            if answer is None:
                process.kill()
                process.communicate()
                errors.seek(0)
                said = errors.read().decode("utf-8", "replace").strip()
        if answer is None:
            raise UserError(f"the sandbox does not start: {said[-2000:]}", where="synth.sandbox", todo=advice(said))
        self._process = process
        atexit.register(self.close)
        return process


def check_available() -> None:
    """Raise `UserError` unless a program can be held here. Tried on a real program, once a process if it goes well."""
    if said := unavailable():
        raise UserError(f"no untrusted program may run here: {said}", where="synth.sandbox", todo=advice(said))


def unavailable() -> str:
    """Why no program can be held on this machine; empty if it can, which is remembered. What fails is tried again the next time."""
    try:
        _hold_one()
    except UserError as error:
        return error.what
    return ""


@cache
def _hold_one() -> None:
    """Hold a program that tries what it must not; UserError if that cannot be done (which `cache` does not remember)."""
    if sys.platform != "linux":
        raise _unheld(f"the sandbox needs Linux, and this is {sys.platform}")
    if shutil.which("bwrap") is None:
        raise _unheld("bubblewrap is not installed (there is no `bwrap` on PATH)")
    sandbox = Sandbox.__new__(Sandbox)  # not __init__, which asks this function
    sandbox.view, sandbox.limits, sandbox._process, sandbox._lock, sandbox._owner = View(), Limits(), None, threading.Lock(), os.getpid()
    with sandbox:
        for _ in range(TRIES):
            outcome = sandbox.run(Program("try:\n    __import__('socket').socket()\nexcept PermissionError:\n    print('held')"))
            if outcome.status not in ("lost", "stalled"):  # the machine was too busy to answer, which says nothing about it
                break
    if outcome.stdout != "held\n":
        raise _unheld(f"a program was not held: {outcome.status}, {outcome.stdout}{outcome.stderr}")


def _unheld(what: str) -> UserError:
    return UserError(what, where="synth.sandbox", todo=advice(what))


def advice(said: str) -> str:
    """What to do about what `unavailable` said."""
    if "bubblewrap is not installed" in said or "libseccomp" in said:
        return INSTALL
    if "needs Linux" in said:
        return "build on Linux; other families need no sandbox"
    if "uid map" in said or "Permission denied" in said or "Operation not permitted" in said or "new namespace" in said:
        return (
            "allow user namespaces: on Ubuntu 24.04, which restricts them by AppArmor, install the package apparmor-profiles and load its "
            "profile bwrap-userns-restrict, or run `sysctl kernel.apparmor_restrict_unprivileged_userns=0`; in Docker or Podman start the "
            "container with --security-opt seccomp=unconfined --security-opt apparmor=unconfined --cap-add SYS_ADMIN"
        )
    return "see whether `bwrap --unshare-all --ro-bind / / true` works, and report this with its message"


def _plain(name: str) -> str:
    if "/" in name or name in ("", ".", ".."):
        raise ValueError(f"{name!r} is not the name of a file in the program's folder")
    return name


_PYTHON = (str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"), "-S", "-B", "-s", "-P")


def _bubblewrap() -> list[str]:
    """The frame: new namespaces of every kind, no environment but this, no capability but that to mount `/work`."""
    command = ["bwrap", "--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--uid", "1000", "--gid", "1000"]
    command += ["--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN", "--clearenv"]
    # one thread a library, since what a sum gives depends on their number; hashes of strings that do not vary
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        command += ["--setenv", name, "1"]
    for name, value in (("LC_ALL", "C.UTF-8"), ("TZ", "UTC"), ("HOME", "/work"), ("PYTHONHASHSEED", "0"), ("SOURCE_DATE_EPOCH", "0")):
        command += ["--setenv", name, value]
    # memory that was freed is used again instead of being asked for anew, page by page: a twentieth of a chart's time
    for name, size in (("MMAP_THRESHOLD_", 64 << 20), ("TRIM_THRESHOLD_", 512 << 20), ("TOP_PAD_", 32 << 20)):
        command += ["--setenv", f"MALLOC_{name}", str(size)]
    for device in ("null", "zero", "urandom", "random"):
        command += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    return [*command, "--dir", "/work"]


def _python_view() -> list[str]:
    """This interpreter without what is installed beside it, the system's libraries, and our side of the sandbox."""
    prefix, name = Path(sys.base_prefix), f"python{sys.version_info.major}.{sys.version_info.minor}"
    command: list[str] = []
    for folder in ("/usr/lib", "/usr/lib64", "/lib", "/lib64"):
        path = Path(folder)
        if path.is_symlink():
            command += ["--symlink", os.fspath(path.readlink()), folder]
        elif path.is_dir():
            command += ["--ro-bind", folder, folder]
    if prefix != Path("/usr"):
        command += ["--ro-bind", str(prefix / "lib"), str(prefix / "lib")]
    command += ["--ro-bind", str((prefix / "bin" / name).resolve()), str(prefix / "bin" / name)]
    here = Path(__file__).parent
    for module in ("frames", "inside", "system_calls"):
        command += ["--ro-bind", str(here / f"{module}.py"), f"/sandbox/synth/sandbox/{module}.py"]
    return [*command, "--ro-bind", str(here / "start.py"), "/sandbox/start.py"]


def _package_view(packages: tuple[str, ...]) -> list[str]:
    """Each top-level folder and file of the distributions, and of those that they require, at `/packages`."""
    command = []
    for name in _closure(packages):
        found = distribution(name)
        for top in sorted({file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__")}):
            command += ["--ro-bind", str(found.locate_file(top)), f"/packages/{top}"]
    return command


def _closure(packages: tuple[str, ...]) -> list[str]:
    """The distributions and all that they need, in order of name; extras are left out."""
    found, wanted = set[str](), list(packages)
    while wanted:
        name = wanted.pop()
        try:
            needs = distribution(name).requires or []
        except PackageNotFoundError:
            if name in packages:
                raise UserError(f"the package {name} is not installed", where="synth.sandbox", todo="run `make setup`") from None
            continue  # for another platform or Python
        found.add(name)
        names = [match[0].lower() for need in needs if "extra ==" not in need and (match := re.match(r"[\w.-]+", need))]
        wanted += [need for need in names if need not in found]
    return sorted(found)


def _exchange(process: subprocess.Popen[bytes], frame: Frame, within_s: float) -> Frame | None:
    """Send a frame and wait for its answer; None if there is none in time, or the sandbox is gone."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("the sandbox was started without pipes")
    timer = threading.Timer(within_s, process.kill)
    timer.daemon = True
    timer.start()
    try:
        write_frame(process.stdin, frame)
        return read_frame(process.stdout)
    except (OSError, ValueError):  # the pipe is broken, or what came is no frame
        return None
    finally:
        timer.cancel()
