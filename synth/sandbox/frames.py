"""How the two sides of the sandbox speak: a JSON header and byte strings, each length said first. Standard library only."""

import json
import struct
from dataclasses import dataclass
from typing import IO, Any

MAX_BYTES = 1 << 30
"""Largest frame that is read (chosen: twice the largest disk that a program may have)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message."""

    header: dict[str, Any]
    blobs: tuple[bytes, ...] = ()


def write_frame(stream: IO[bytes], frame: Frame) -> None:
    """Send a frame: big-endian lengths of 4 bytes, first how many parts there are."""
    parts = (json.dumps(frame.header).encode(), *frame.blobs)
    stream.write(struct.pack(">I", len(parts)))
    for part in parts:
        stream.write(struct.pack(">I", len(part)))
        stream.write(part)
    stream.flush()


def read_frame(stream: IO[bytes]) -> Frame | None:
    """The next frame, or None at the end of the stream; ValueError if it ends or is wrong in the middle."""
    if not (head := stream.read(4)):
        return None
    (count,) = struct.unpack(">I", head)
    parts, total = [], 0
    for _ in range(count):
        (size,) = struct.unpack(">I", _exactly(stream, 4))
        total += size
        if total > MAX_BYTES:
            raise ValueError(f"a frame of more than {MAX_BYTES} bytes")
        parts.append(_exactly(stream, size))
    return Frame(json.loads(parts[0]), tuple(parts[1:]))


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise ValueError(f"the stream ended after {len(data)} of {size} bytes")
    return data
