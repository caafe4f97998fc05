"""Films: what they are, when each frame is shown, and frames by number. The API of decoding for families, verifiers and benches.

`probe` lists the frames with their presentation times; `frames_at` decodes some with PyAV; `second_frames_at` decodes the same with decord,
which a verifier compares. Both run in a process of their own that is ended when a file sends it astray (`decoder_link`).
Seconds count from the first frame shown. Pixels are upright RGB: turned as the container says, and stretched where its pixels are not
square.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.errors import DataError
from synth.video.decoder_link import ask, path_text

Frames = NDArray[np.uint8]
"""(n, height, width, 3)."""

CPU_S = 30.0
CPU_S_A_FRAME_A_MEGAPIXEL = 0.05
"""Processor time that decoding may take (chosen: H.264 takes 0.005 s a frame and megapixel, AV1 four times that)."""
CPU_S_A_MEGABYTE = 1.0
"""That listing the frames may take where they must be decoded for it (chosen: a megabyte is some ten frames of 720p)."""
COMPARED_PX, DIFFER = (64, 36), 3.0
"""Frames of two decoders are compared at this size, and differ from this mean difference of levels on (chosen: 16 frames each of
esplanade.webm and places.mp4 of the tests came to 0.9 to 1.3, of cityCC0.mpg of Kivy's examples to 7.8 to 47).
"""
MAX_BATCH_BYTES = 1 << 30
"""Of pixels that one call hands over (chosen)."""


@dataclass(frozen=True)
class Film:
    """The first video stream of a file.

    Attributes:
        container: libavformat's name, such as `mov,mp4,m4a,3gp,3g2,mj2`.
        codec: FFmpeg's name, such as `h264`.
        width_px: Of an upright frame with square pixels, as it is shown.
        height_px: Likewise.
        coded_px: (width, height) as stored.
        rotation_deg: 0, 90, 180 or 270: anticlockwise turn that makes stored frames upright.
        rate: Stated frames a second.
        time_base: Seconds a tick.
        ticks: When each frame is shown, as the container counts.
        keys: Ticks at which groups of pictures begin; empty if frames can be had by their order alone.
        last_ticks: For how long the last frame is shown.
        flags: What is out of the ordinary, of `FLAGS`.
    """

    container: str
    codec: str
    width_px: int
    height_px: int
    coded_px: tuple[int, int]
    rotation_deg: int
    rate: Fraction
    time_base: Fraction
    ticks: tuple[int, ...]
    keys: tuple[int, ...]
    last_ticks: int
    flags: tuple[str, ...]

    @cached_property
    def time_s(self) -> tuple[float, ...]:
        """Presentation time of each frame, from the first one's."""
        return tuple(float((tick - self.ticks[0]) * self.time_base) for tick in self.ticks)

    @property
    def duration_s(self) -> float:
        """From the first frame's time until the last frame is gone."""
        return float((self.ticks[-1] - self.ticks[0] + self.last_ticks) * self.time_base)

    @property
    def fps(self) -> float:
        """Stated rate."""
        return float(self.rate)


FLAGS = {
    "times_from_rate": "the container's times are broken: a frame's time is its number divided by the rate",
    "repeated_times": "two frames are stated for one time",
    "negative_times": "frames are stated before time 0; seconds count from the first",
    "clock_runs_back": "decoding times fall",
    "starts_without_key_frame": "frames before the first key frame cannot be decoded and are left out",
    "other_frame_count": "the container states another number of frames than it holds",
    "truncated": "the file ends before its frames do",
    "large_frames": "frames are larger than 4K",
    "decoders_differ": "decord reads other frames than PyAV, or cannot read it (`differing`)",
}


def probe(source: Path | bytes) -> Film:
    """List the frames of a film.

    Args:
        source: Its file, or its bytes.

    Raises:
        DataError: `not_a_video`, `no_video_stream`, `no_frames`, `no_rate`, `too_large`, `zero_byte`, `decoder_spins`, `decoder_crashes`.
    """
    with on_disk(source) as path:
        size = Path(path).stat().st_size
        facts, _ = ask("probe", path, CPU_S + CPU_S_A_MEGABYTE * size / 1e6)
    width, height = round(facts["width_px"] * facts["pixel_aspect"]), facts["height_px"]
    turned = facts["rotation_deg"] % 180 == 90
    return Film(
        container=facts["container"],
        codec=facts["codec"],
        width_px=height if turned else width,
        height_px=width if turned else height,
        coded_px=(facts["width_px"], facts["height_px"]),
        rotation_deg=facts["rotation_deg"],
        rate=Fraction(*facts["rate"]),
        time_base=Fraction(*facts["time_base"]),
        ticks=tuple(facts["ticks"]),
        keys=tuple(facts["keys"]),
        last_ticks=facts["last_ticks"],
        flags=tuple(facts["flags"]),
    )


def frames_at(source: Path | bytes, film: Film, indices: Sequence[int], size_px: tuple[int, int] | None = None, threads: int = 1) -> Frames:
    """Frames by number, decoded by PyAV.

    Args:
        source: The film's file or bytes.
        film: What `probe` says of it.
        indices: Numbers of frames, from 0, in any order.
        size_px: (width, height) of what is wanted; as they are shown if None.
        threads: Of the decoder.

    Raises:
        DataError: `broken_video`, `too_large`, `decoder_spins`, `decoder_crashes`.
    """
    width, height = size_px or (film.width_px, film.height_px)
    if (wanted := len(indices) * width * height * 3) > MAX_BATCH_BYTES:
        raise DataError("too_large", f"{len(indices)} frames of {width} x {height} px are {wanted:,} bytes; ask for fewer or smaller ones")
    ordered = sorted(set(indices))
    turned = film.rotation_deg % 180 == 90
    size = (height, width) if turned else (width, height)
    facts = {"ticks": film.ticks, "keys": film.keys}
    with on_disk(source) as path:
        _, bodies = ask("frames", path, _cpu_s(film), film=facts, indices=ordered, size=size, threads=threads)
    place = {index: number for number, index in enumerate(ordered)}
    out = np.empty((len(indices), height, width, 3), np.uint8)
    for number, index in enumerate(indices):
        out[number] = np.rot90(np.frombuffer(bodies[place[index]], np.uint8).reshape(size[1], size[0], 3), film.rotation_deg // 90)
    return out


def second_frames_at(source: Path | bytes, film: Film, indices: Sequence[int]) -> tuple[Frames, tuple[float, ...], int]:
    """The same frames decoded by decord, the time of each in seconds as decord reads it, and its count of frames.

    Frames have the size that is stored, but for turned ones, of which decord hands over torn rows unless a row is a multiple of 64 bytes.
    Where the container's times are broken, decord's are nonsense (`Megamind.avi`: -3.8e17 s): believe them only if `film` has no flag
    `times_from_rate`.
    """
    width, height = film.coded_px
    size = (-1, -1) if film.rotation_deg % 180 == 0 else (-(-height // 64) * 64, width)
    with on_disk(source) as path:
        facts, (body,) = ask("check", path, _cpu_s(film), indices=list(indices), size=size, in_order=not film.keys, threads=1)
    return np.frombuffer(body, np.uint8).reshape(facts["shape"]), tuple(facts["time_s"]), facts["count"]


def differing(source: Path | bytes, film: Film, indices: Sequence[int]) -> tuple[int, ...]:
    """Those of some frames on which the decoders differ, by number; all of them if decord cannot read the film."""
    ours = frames_at(source, film, indices)
    try:
        theirs, _, _ = second_frames_at(source, film, indices)
    except DataError:
        return tuple(indices)
    small = [[cv2.resize(frame, COMPARED_PX, interpolation=cv2.INTER_AREA).astype(np.int16) for frame in some] for some in (ours, theirs)]
    away = [float(np.abs(a - b).mean()) for a, b in zip(*small, strict=True)]
    return tuple(index for index, levels in zip(indices, away, strict=True) if levels > DIFFER)


@contextmanager
def on_disk(source: Path | bytes) -> Iterator[str]:
    """The path of a film; bytes are written to a file for as long as it is needed."""
    if isinstance(source, Path):
        if source.stat().st_size == 0:
            raise DataError("zero_byte", f"{source} is empty")
        yield path_text(source)
        return
    if not source:
        raise DataError("zero_byte", "the film is empty")
    with tempfile.NamedTemporaryFile(prefix="assay-film-") as file:
        file.write(source)
        file.flush()
        yield file.name


def _cpu_s(film: Film) -> float:
    megapixels = film.coded_px[0] * film.coded_px[1] / 1e6
    return CPU_S + CPU_S_A_FRAME_A_MEGAPIXEL * len(film.ticks) * megapixels
