"""Frames -> H.264 in MP4, with constant and variable rates, B-frames and groups of pictures of any length; the same bytes on every run.

One thread, fixed settings, no dates. x264 and libavformat come with PyAV, whose version is in the fingerprint.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from numpy.random import Generator
from numpy.typing import NDArray

TICKS = 90_000
"""A second in ticks, for films of a variable rate."""
RATES = (Fraction(10), Fraction(12), Fraction(15), Fraction(24), Fraction(25), Fraction(30), Fraction(30_000, 1_001))
MOST_FRAMES = 40_000
"""Of a film; the rate of longer ones is lower (chosen: encoding and tracking take some 5 ms a frame)."""
STILL_S = 2.0
"""Longest gap of a variable rate, where nothing moves (chosen)."""
EASE_S = 0.4
"""Before and after a change a variable rate has all its frames (chosen: that a thing stands still is seen in some frames)."""
X264 = {"preset": "veryfast", "threads": "1", "mbtree": "0", "x264-params": "cpu-independent=1"}
"""Settings of every film that is written. x264's macroblock tree (core 165) reads memory that nothing has written where there are B-frames:
with it the same frames give other bytes from process to process. Without
`cpu-independent` a processor without AVX gives others too.
"""
_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP | Interpolation.BITEXACT


@dataclass(frozen=True, slots=True)
class Coding:
    """How a film is encoded.

    Attributes:
        rate: Frames a second; of a variable rate, the most that is usual.
        variable: Whether times are uneven and stills have few frames.
        group: Frames from one key frame to the next.
        b_frames: Most B-frames in a row.
        crf: x264's constant rate factor.
    """

    rate: tuple[int, int]
    variable: bool
    group: int
    b_frames: int
    crf: int


def draw_coding(duration_s: float, rng: Generator) -> Coding:
    """Settings as films have them: one in three of a variable rate, groups of 12 to 300 frames, 0 to 3 B-frames."""
    rate = RATES[int(rng.integers(len(RATES)))]
    if duration_s * rate > MOST_FRAMES / 2:
        rate = Fraction(max(2, min(8, int(MOST_FRAMES / duration_s))))
    group = round(12 * 25 ** float(rng.random()))
    return Coding((rate.numerator, rate.denominator), bool(rng.random() < 1 / 3), group, int(rng.integers(4)), int(rng.integers(16, 25)))


def frame_ticks(coding: Coding, duration_s: float, changes: Sequence[tuple[float, float]], rng: Generator) -> tuple[list[int], Fraction]:
    """Times of the frames in ticks, and seconds a tick.

    Args:
        coding: Of the film.
        duration_s: Of the film.
        changes: (start, end) of what changes; a variable rate has frames there and one shortly before.
        rng: Of the unevenness.
    """
    rate = Fraction(*coding.rate)
    if not coding.variable:
        return list(range(max(1, int(duration_s * rate)))), 1 / rate
    step = float(1 / rate)
    busy, around = sorted(changes), max(3 * step, EASE_S)
    ticks, time, still, place = [0], 0.0, 0.0, 0
    while time < duration_s - 3 * step:
        time += step * float(rng.uniform(0.6, 1.4))
        while place < len(busy) and busy[place][1] < time - around:
            place += 1
        near = any(start - around <= time <= end + around for start, end in busy[place : place + 12])
        still = 0.0 if near else still + step
        if near or still >= STILL_S * 0.6:
            ticks.append(round(time * TICKS))
            still = 0.0
    ticks += [round((time + part * step) * TICKS) for part in (1, 2)]
    return ticks, Fraction(1, TICKS)


def picture_of(pixels: NDArray[np.uint8]) -> VideoFrame:
    """RGB (height, width, 3) as YUV 4:2:0, the same on every processor."""
    return VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p", interpolation=_EXACT, threads=1)


def encode(
    draw: Callable[[float], NDArray[np.uint8]], ticks: Sequence[int], base: Fraction, size_px: tuple[int, int], coding: Coding
) -> bytes:
    """The film as the bytes of an MP4 file.

    Args:
        draw: Gives the frame (height, width, 3) of a time in seconds; the same array if nothing has changed.
        ticks: Times of frames, rising from 0.
        base: Seconds a tick.
        size_px: (width, height), even.
        coding: Settings.
    """
    out = io.BytesIO()
    options = {**X264, "crf": str(coding.crf), "bf": str(coding.b_frames), "g": str(coding.group)}
    with av.open(out, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(*coding.rate), options=options)
        stream.width, stream.height = size_px
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1
        stream.codec_context.time_base = base
        stream.time_base = base
        before: tuple[int, VideoFrame] | None = None
        for tick in ticks:
            pixels = draw(float(tick * base))
            if before is None or before[0] != id(pixels):
                before = (id(pixels), picture_of(pixels))
            frame = before[1]
            frame.pts, frame.time_base = tick, base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()
