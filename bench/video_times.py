"""Whether every frame is had at its time: films of known content in seven kinds of file, and real files, by PyAV and by decord.

Frames of made films show their number in binary and stand at drawn times, constant and variable, in groups of 5 to 200 with up to 3
B-frames. A frame is wrong if it shows another number than was asked for, or if its time is off by half of the film's shortest frame. Of
real files the two decoders are compared: a film on whose times they differ must be flagged.

    python -m bench.video_times [--films 2000] [--real FILE …]
"""

import argparse
import sys
from itertools import accumulate
from pathlib import Path

import numpy as np

from schemas.errors import DataError
from synth.video.decode import frames_at, probe, second_frames_at
from tests.synth.video.films import read_number, write_film

KINDS = (
    ("libx264", "mp4"),
    ("libx264", "matroska"),
    ("libx264", "mov"),
    ("mpeg4", "avi"),
    ("mpeg4", "mp4"),
    ("libvpx-vp9", "webm"),
    ("libx265", "mp4"),
)
WANTED = 8
"""Frames asked for of each film."""
ALIKE = 3.0
"""Mean difference of levels up to which two decoders' frames of a real film are the same one: they turn YUV into RGB each in its way."""


def made_film(number: int, rng: np.random.Generator) -> tuple[bytes, list[int]]:
    """A film, and when each of its frames is shown in milliseconds."""
    codec, container = KINDS[number % len(KINDS)]
    count = int(rng.integers(24, 90))
    fps = 30.0 if container == "avi" else float(rng.choice([12, 15, 24, 25, 29.97, 30, 50, 60]))
    ticks = [round(k * 1000 / fps) for k in range(count)]
    if rng.random() < 0.5 and container != "avi":
        ticks = list(accumulate(map(int, rng.integers(10, 120, count - 1)), initial=0))
    options = {
        "libx264": {"g": str(rng.integers(5, 200)), "bf": str(rng.integers(0, 4))},
        "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
    }
    return write_film(None, ticks, codec=codec, container=container, options=options.get(codec)), ticks


def check_made(films: int) -> int:
    """Print how many frames of made films are wrong by each decoder; returns that of PyAV's."""
    rng = np.random.default_rng(0)
    frames, wrong, wrong_second = 0, 0, 0
    for number in range(films):
        data, ticks = made_film(number, rng)
        film = probe(data)
        half = float(min(np.diff(ticks))) / 2000
        wanted = sorted({int(k) for k in rng.integers(0, len(ticks), WANTED)})
        pixels, times, _ = second_frames_at(data, film, wanted)
        for k, ours, theirs, time in zip(wanted, frames_at(data, film, wanted), pixels, times, strict=True):
            frames += 1
            wrong += int(read_number(ours) != k or abs(film.time_s[k] - ticks[k] / 1000) > half)
            wrong_second += int(read_number(theirs) != k or abs(time - ticks[k] / 1000) > half)
    print(f"{films} made films, {frames} frames: {wrong} wrong by PyAV, {wrong_second} by decord")
    return wrong


def check_real(path: Path) -> bool:
    """Print whether the decoders agree on a file; returns whether they do or the film is flagged."""
    try:
        film = probe(path)
        wanted = sorted({round(k * (len(film.ticks) - 1) / 15) for k in range(16)})
        ours = frames_at(path, film, wanted, film.coded_px)
        theirs, times, count = second_frames_at(path, film, wanted)
    except DataError as error:
        print(f"{path.name:28} refused: {error}")
        return True
    off = sum(abs(film.time_s[k] - time) > 0.5 / film.fps for k, time in zip(wanted, times, strict=True))
    other = sum(float(np.abs(a.astype(int) - b).mean()) > ALIKE for a, b in zip(ours, theirs, strict=True))
    facts = f"{len(film.ticks)} frames ({count} by decord), {film.duration_s:.2f} s, {film.fps:.3f}/s"
    found = f"of {len(wanted)}: {off} other times, {other} other frames by decord"
    print(f"{path.name:28} {facts}; {found}; flags: {', '.join(film.flags) or 'none'}")
    return not off or "times_from_rate" in film.flags


def main() -> None:
    """Print the table; exit code 1 if a time is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--films", type=int, default=2000)
    parser.add_argument("--real", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    good = [check_real(path) for path in options.real]
    sys.exit(check_made(options.films) > 0 or not all(good))


if __name__ == "__main__":
    main()
