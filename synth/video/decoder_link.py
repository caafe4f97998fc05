"""The worker's end of `decoder_process`: starts it when first needed, asks, and ends it when it goes astray or has read much.

A request that uses up its processor time, its memory, or crashes the decoder is a `DataError` of the film (`decoder_spins`,
`decoder_crashes`). One that waits beyond all measure without using the processor is trouble of the machine.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import IO, Any

from schemas.errors import DataError

REQUESTS = 200
"""After which the process is ended: decord keeps a little of every film (measured elsewhere: 1 MB a film)."""
PATIENCE = 20.0
"""Seconds on the clock for each second of processor time that is allowed, after which the machine is taken to be stuck (chosen)."""


class DecoderStuckError(Exception):
    """The decoder neither answers nor computes: no fault of the film that can be told."""


@dataclass
class _Link:
    process: subprocess.Popen[bytes]
    owner: int = field(default_factory=os.getpid)
    asked: int = 0

    @property
    def pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self.process.stdin is None or self.process.stdout is None:
            raise DecoderStuckError("the decoder was started without pipes")
        return self.process.stdin, self.process.stdout


_LOCK = threading.Lock()
_links: list[_Link] = []


def ask(what: str, path: str, cpu_s: float, **more: Any) -> tuple[dict[str, Any], list[bytes]]:
    """One answer of the decoder: its facts and its pixels.

    Args:
        what: `probe`, `frames` or `check`; see `decoder_process`.
        path: The film.
        cpu_s: Processor time that it may use.
        more: The rest of the request.

    Raises:
        DataError: The film is at fault.
        DecoderStuckError: The machine is.
    """
    with _LOCK:
        link = _linked()
        process, (into, out) = link.process, link.pipes
        watch = threading.Timer(PATIENCE * (cpu_s + 10), process.kill)
        watch.start()
        whole = False
        try:
            into.write(json.dumps({"what": what, "path": path, "cpu_s": cpu_s, **more}).encode() + b"\n")
            into.flush()
            head = json.loads(out.readline() or b"null")
            bodies = [out.read(size) for size in (head or {}).get("sizes", ())]
            whole = True
        except BrokenPipeError:
            head, bodies, whole = None, [], True
        finally:
            watch.cancel()
            if not whole:  # what was not read would be taken for the next answer: also after Ctrl+C and other signals
                close()
        link.asked += 1
        if head is None or any(len(body) < size for body, size in zip(bodies, head.get("sizes", ()), strict=False)):
            raise _died(process, path, cpu_s)
        if "reason" in head:
            raise DataError(head["reason"], head["detail"])
        return head, bodies


def close() -> None:
    """End the process, if this one has started it; the next request starts another."""
    while _links:
        link = _links.pop()
        if link.owner == os.getpid():
            link.process.kill()
            link.process.communicate()


def _linked() -> _Link:
    if _links and (_links[0].owner != os.getpid() or _links[0].asked >= REQUESTS or _links[0].process.poll() is not None):
        close()
    if not _links:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "synth.video.decoder_process"]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environment)  # noqa: S603 - ours
        _links.append(_Link(process))
        atexit.register(close)
    return _links[0]


def _died(process: subprocess.Popen[bytes], path: str, cpu_s: float) -> Exception:
    code = process.wait()
    close()
    if code == -signal.SIGXCPU:
        return DataError("decoder_spins", f"{path}: the decoder has used {cpu_s:.0f} s of processor time and is not done")
    if code == -signal.SIGKILL:
        return DecoderStuckError(f"the decoder of {path} has not answered, or somebody has killed it; run the same command again")
    return DataError("decoder_crashes", f"{path}: the decoder ended with code {code}")


def path_text(path: os.PathLike[str] | str) -> str:
    """An absolute path as the decoder is told it."""
    return os.path.abspath(path)  # noqa: PTH100 - resolving links would name another file in messages
