"""Small films of known content for tests: grey levels that tell a frame's number, at stated times."""

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

TICK = Fraction(1, 1000)


def frame_pixels(number: int, width: int = 160, height: int = 96) -> np.ndarray:
    """Twelve blocks, black or white: the number in binary, the highest bit first; the upper left corner of each frame is red."""
    pixels = np.full((height, width, 3), 128, np.uint8)
    step = width // 12
    for bit in range(12):
        pixels[height // 2 :, bit * step : (bit + 1) * step] = 255 * (number >> (11 - bit) & 1)
    pixels[: height // 4, : width // 4] = (255, 0, 0)
    return pixels


def read_number(pixels: np.ndarray) -> int:
    """The number that `frame_pixels` drew."""
    height, width, _ = pixels.shape
    step = width / 12
    row = pixels[height * 3 // 4, :, :].mean(axis=-1)
    return sum(int(row[int((bit + 0.5) * step)] > 128) << (11 - bit) for bit in range(12))


def write_film(
    path: Path | None,
    ticks: Sequence[int],
    *,
    codec: str = "libx264",
    container: str = "mp4",
    options: dict[str, str] | None = None,
    size: tuple[int, int] = (160, 96),
    aspect: Fraction | None = None,
    audio: bool = False,
) -> bytes:
    """A film whose frame k shows k, at `ticks[k]` milliseconds."""
    sink = io.BytesIO()
    with av.open(sink, "w", format=container) as out:
        stream: Any = out.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.time_base = stream.codec_context.time_base = TICK
        stream.codec_context.thread_count = 1
        stream.options = (
            {"g": "12", "bf": "2", "preset": "veryfast", "crf": "12", **(options or {})} if codec == "libx264" else options or {}
        )
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        for number, tick in enumerate(ticks):
            frame = av.VideoFrame.from_ndarray(frame_pixels(number, *size), format="rgb24")
            frame.pts, frame.time_base = tick, TICK
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    data = sink.getvalue()
    if path:
        path.write_bytes(data)
    return data


def sound_only() -> bytes:
    """A file without a picture."""
    sink = io.BytesIO()
    with av.open(sink, "w", format="mp4") as out:
        stream: Any = out.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        frame.rate, frame.pts = 8000, 0
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return sink.getvalue()


def rotated(data: bytes, degrees: int) -> bytes:
    """An MP4 whose track header says that it is shown turned clockwise by 90, 180 or 270 degrees."""
    at = data.index(b"tkhd") + 4 + 40  # matrix: 40 bytes into a version 0 box
    cos, sin = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    matrix = np.array([cos * 65536, sin * 65536, 0, -sin * 65536, cos * 65536, 0, 0, 0, 1 << 30], ">i4").tobytes()
    return data[:at] + matrix + data[at + 36 :]
