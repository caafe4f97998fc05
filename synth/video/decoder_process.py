"""The process in which films are decoded: one request a line of JSON on stdin, one answer on stdout, then as many raw bytes as it says.

Decoders are native code that damaged files send astray. Here they may use so much processor time a request and so much memory; beyond that
the kernel ends the process, and `decoder_link` reports it. Nothing here knows what films are for.
"""

import json
import os
import resource
import sys
from typing import Any, BinaryIO

import av

from schemas.errors import DataError

MEMORY_BYTES = 6 << 30
"""Of address space (chosen: 17 frames of 8K as YUV are 0.9 GB, and decord maps several times what it uses)."""


def main() -> None:
    """Answer requests until stdin ends."""
    av.logging.set_level(None)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not stand between answers
    for line in sys.stdin.buffer:
        _answer(json.loads(line), answers)


def _answer(request: dict[str, Any], answers: BinaryIO) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime + request["cpu_s"]) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
    try:
        head, bodies = _do(request)
        _send(answers, {**head, "sizes": [len(body) for body in bodies]}, bodies)
    except DataError as error:
        _send(answers, {"reason": error.reason, "detail": error.detail}, [])
    except MemoryError:
        _send(answers, {"reason": "too_large", "detail": f"decoding takes more than {MEMORY_BYTES >> 30} GiB"}, [])


def _do(request: dict[str, Any]) -> tuple[dict[str, Any], list[memoryview]]:
    from synth.video import decode_av, decode_decord  # loading decord takes longer than decoding a short film

    match request["what"]:
        case "probe":
            return decode_av.probe(request["path"]), []
        case "frames":
            found = decode_av.frames(request["path"], request["film"], request["indices"], tuple(request["size"]), request["threads"])
            pixels = [memoryview(frame.tobytes()) for frame in found]
            return {}, pixels
        case "check":
            more = {"size": tuple(request["size"]), "in_order": request["in_order"], "threads": request["threads"]}
            batch, times, count = decode_decord.frames(request["path"], request["indices"], **more)
            return {"shape": batch.shape, "time_s": times, "count": count}, [memoryview(batch.tobytes())]
    raise AssertionError(request["what"])


def _send(answers: BinaryIO, head: dict[str, Any], bodies: list[memoryview]) -> None:
    answers.write(json.dumps(head).encode() + b"\n")
    for body in bodies:
        answers.write(body)
    answers.flush()


if __name__ == "__main__":
    main()
