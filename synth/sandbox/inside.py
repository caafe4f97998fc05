"""The process inside the sandbox: imports once what programs need, then forks one confined child a program and tells what became of it.

It speaks frames with `synth.sandbox.box` through its standard input and output (`frames.py`). Each child gets a fresh folder `/work` in
memory, of bounded size and number of files, limits, no capabilities and the filter of `system_calls`; it holds no descriptor but its own
input, output and errors, so that it can reach neither the frames nor this process. Runs inside: imports nothing but the standard library
and the two modules beside it.
"""

import contextlib
import ctypes
import gc
import io
import os
import resource
import selectors
import signal
import stat
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from synth.sandbox.frames import Frame, read_frame, write_frame
from synth.sandbox.system_calls import confine

WORK = Path("/work")
MS_NOSUID, MS_NODEV, MS_NOEXEC, MNT_DETACH = 2, 4, 8, 2
CAPABILITY_VERSION_3 = 0x20080522
CHUNK = 65_536
OPEN_FILES = 64
"""Descriptors a program may hold (chosen)."""
FLOOD = 16
"""A program that writes this many times what is kept is stopped (chosen)."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a child: status, exit code or signal number, and the first bytes of what it wrote."""

    status: str
    code: int
    stdout: bytes
    stderr: bytes


def main() -> None:
    """Warm up, say so, then serve until the input ends. Only in a forked child does the loop below return to run a program."""
    c_library = ctypes.CDLL(None, use_errno=True)
    frames_in, frames_out = _take_frames()
    sys.path.append("/packages")
    first = read_frame(frames_in)
    if first is None:
        return
    _mount(c_library, first.header)
    exec(compile(first.blobs[0], "warm_up.py", "exec"), {"__name__": "warm_up"})  # noqa: S102 - the project's own text
    _check(c_library.umount2(os.fsencode(WORK), MNT_DETACH), "umount")
    gc.collect()
    gc.freeze()  # children copy no page because the collector marked it
    write_frame(frames_out, Frame({"ready": True}))
    while (frame := read_frame(frames_in)) is not None:
        _mount(c_library, frame.header)
        for name, data in zip(frame.header["inputs"], frame.blobs[1:], strict=True):
            (WORK / name).write_bytes(data)
        out, err = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            _become_program(c_library, out[1], err[1], frame.header)
            _run(frame)
        os.close(out[1])
        os.close(err[1])
        ended = _watch(child, out[0], err[0], frame.header)
        os.close(out[0])
        os.close(err[0])
        names, kept, blobs = _collect(frame.header)
        os.chdir("/")
        _check(c_library.umount2(os.fsencode(WORK), MNT_DETACH), "umount")
        header = {"status": ended.status, "code": ended.code, "files": names, "kept": kept, "cpu_s": sum(os.times()[:4])}
        write_frame(frames_out, Frame(header, (ended.stdout, ended.stderr, *blobs)))


def _take_frames() -> tuple[io.BufferedReader, io.BufferedWriter]:
    """The streams to the outside, under other numbers than 0 and 1, which then lead nowhere."""
    frames_in, frames_out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return frames_in, frames_out


def _mount(c_library: ctypes.CDLL, limits: dict[str, Any]) -> None:
    options = f"size={limits['disk_bytes']},nr_inodes={limits['files'] + 1},mode=0700".encode()
    flags = MS_NOSUID | MS_NODEV | MS_NOEXEC
    _check(c_library.mount(b"work", os.fsencode(WORK), b"tmpfs", ctypes.c_ulong(flags), options), "mount")


def _check(status: int, what: str) -> None:
    if status != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def _become_program(c_library: ctypes.CDLL, out: int, err: int, limits: dict[str, Any]) -> None:
    """Give up everything that a program must not have; there is no way back."""
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir(WORK)
    for kind, least, most in (
        (resource.RLIMIT_AS, limits["memory_bytes"], limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["cpu_s"], limits["cpu_s"] + 1),  # SIGXCPU, then SIGKILL for who catches it
        (resource.RLIMIT_FSIZE, limits["disk_bytes"], limits["disk_bytes"]),
        (resource.RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        resource.setrlimit(kind, (least, most))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a full disk is an OSError in the program, not its end
    none = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable, in two halves each
    _check(c_library.capset((ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0), none), "capset")
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), encoding="utf-8", line_buffering=False)
    sys.stderr = io.TextIOWrapper(
        os.fdopen(2, "wb", buffering=0, closefd=False), encoding="utf-8", errors="backslashreplace", write_through=True
    )
    confine()


def _run(frame: Frame) -> None:
    """Run the program as `__main__`, then what is to be run after it in the same names; never returns.

    What the program raises goes through the loop of `main` to the hook, as in any interpreter.
    """
    sys.excepthook = _told
    sys.argv = ["program.py"]
    names: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
    try:
        exec(compile(frame.blobs[0], "program.py", "exec"), names)  # noqa: S102 - what this process is for
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(end.code + "\n")
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if code:
            _end(code)
    if frame.header["after"]:
        exec(compile(frame.header["after"], "after.py", "exec"), names)  # noqa: S102 - the project's own text
    _end(0)


def _told(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback from the program's own frames on, and end."""
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith("/sandbox/"):
        trace = trace.tb_next
    sys.stderr.write("".join(traceback.format_exception(kind, error, trace)))
    _end(1)


def _end(code: int) -> None:
    """Leave without what an interpreter does at its end: it would cost a tenth of a second and run more of the program's code."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    os._exit(code & 0xFF)


def _watch(child: int, out: int, err: int, limits: dict[str, Any]) -> Ended:
    """Keep the first bytes of what the child writes until it has ended; kill it after its time, or when it floods."""
    deadline = time.monotonic() + limits["wall_s"]
    kept: dict[int, list[bytes]] = {out: [], err: []}
    seen, forced = {out: 0, err: 0}, ""
    handle = os.pidfd_open(child)
    with selectors.DefaultSelector() as selector:
        for descriptor in (out, err, handle):
            selector.register(descriptor, selectors.EVENT_READ)
        while handle in (open_ones := selector.get_map()) or out in open_ones or err in open_ones:
            left = deadline - time.monotonic()
            if left <= 0 and not forced:
                forced = "time"
                os.kill(child, signal.SIGKILL)
            for key, _ in selector.select(max(0.0, left) if not forced else None):
                data = b"" if key.fd == handle else os.read(key.fd, CHUNK)
                if not data:
                    selector.unregister(key.fd)
                    continue
                if seen[key.fd] < limits["output_bytes"]:
                    kept[key.fd].append(data[: limits["output_bytes"] - seen[key.fd]])
                seen[key.fd] += len(data)
                if seen[key.fd] > FLOOD * limits["output_bytes"] and not forced:
                    forced = "output"
                    os.kill(child, signal.SIGKILL)
    os.close(handle)
    _, wait_status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(wait_status)
    out_of_time = usage.ru_utime + usage.ru_stime >= limits["cpu_s"]
    status = forced if forced != "time" or out_of_time else "stalled"
    status = status or _status(code, out_of_time)
    return Ended(status, code, b"".join(kept[out]), b"".join(kept[err]))


def _status(code: int, out_of_time: bool) -> str:
    if code >= 0:
        return "error" if code else "ok"
    return "time" if -code == signal.SIGXCPU or (-code == signal.SIGKILL and out_of_time) else "crashed"


def _collect(limits: dict[str, Any]) -> tuple[list[str], list[str], list[bytes]]:
    """Names of all that lies in the folder, and of the wanted files, with their bytes: regular files, never what a link leads to."""
    WORK.chmod(0o700)  # whatever the program made of it
    names = sorted(entry.name for entry in os.scandir(WORK))
    kept, blobs = [], []
    for name in limits["outputs"]:
        if name not in names or not stat.S_ISREG((WORK / name).lstat().st_mode):
            continue
        (WORK / name).chmod(0o600)
        kept.append(name)
        blobs.append((WORK / name).read_bytes())
    return names, kept, blobs


if __name__ == "__main__":
    main()
