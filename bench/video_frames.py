"""Uniform frames of a one-minute and a two-hour film: our decoding beside qwen-vl-utils with decord, the same frames at the same size.

The films are made here: 720p, 30 frames a second, groups of 250 with B-frames, H.264 by x264; the long one is the short one repeated 120
times without encoding again. Both sides give RGB of the size that the budget allows, from one thread; processor time of the process and of
its children is counted, the lesser of repeated runs, taken in turns.

    python -m bench.video_frames --rivals PYTHON [--folder DIR] [--repeats 3]

PYTHON has qwen-vl-utils 0.0.14, decord2, torch and torchvision.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SIZE, RATE, GROUP = (1280, 720), 30, "250"
COUNTS = (64, 256, 768)
OURS = """
import json, resource, sys, time
from pathlib import Path
from synth.video import decoder_link
from synth.video.decode import frames_at, probe
path, count, width, height = Path(sys.argv[1]), *map(int, sys.argv[2:5])
film = probe(path)
total = len(film.ticks)
indices = [round(k * (total - 1) / (count - 1)) for k in range(count)]
def used():
    return sum(r.ru_utime + r.ru_stime for r in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
decoder_link.close()
before = used()
film = probe(path)
for begin in range(0, count, 128):
    pixels = frames_at(path, film, indices[begin : begin + 128], (width, height))
decoder_link.close()
print(json.dumps({"cpu_s": used() - before, "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024}))
"""
RIVAL = """
import json, resource, sys, time
import decord, torch
if not torch.cuda.is_available():  # torchvision's wheel is built for CUDA; its kernels are not used here, but must be known by name
    known = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        known.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
from qwen_vl_utils import vision_process
path, count, width, height = sys.argv[1], *map(int, sys.argv[2:5])
torch.set_num_threads(1)
decord_reader = decord.VideoReader
decord.VideoReader = lambda uri, **more: decord_reader(uri, num_threads=1, **more)
def used():
    r = resource.getrusage(resource.RUSAGE_SELF)
    return r.ru_utime + r.ru_stime
before = used()
video, metadata, fps = vision_process._read_video_decord({"video": path, "nframes": count})
resize, bicubic = vision_process.transforms.functional.resize, vision_process.InterpolationMode.BICUBIC
video = resize(video, [height, width], interpolation=bicubic, antialias=True)
print(json.dumps({"cpu_s": used() - before, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
"""


def write_minute(path: Path) -> None:
    """A minute of a drifting texture with moving noise: compresses like a quiet film."""
    rng = np.random.default_rng(0)
    texture = (rng.random((90, 240, 3)) * 255).astype(np.uint8).repeat(12, axis=0).repeat(12, axis=1)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.options = {"g": GROUP, "bf": "3", "preset": "veryfast", "crf": "26", "sc_threshold": "0"}
        for number in range(60 * RATE):
            x, y = number % 1500, number // 6 % 300
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(texture[y : y + SIZE[1], x : x + SIZE[0]]), format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def repeat(source: Path, path: Path, times: int) -> None:
    """The same packets over and over, with times that go on."""
    with av.open(str(path), "w") as out:
        stream = None
        for turn in range(times):
            with av.open(str(source)) as film:
                stream = stream or out.add_stream_from_template(film.streams.video[0])
                for packet in film.demux(video=0):
                    if packet.size and packet.pts is not None and packet.dts is not None and packet.time_base:
                        shift = round(Fraction(60 * turn) / packet.time_base)
                        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                        packet.stream = stream
                        out.mux(packet)


def measured(python: str, code: str, *arguments: str) -> dict[str, float]:
    """What one run of a side prints."""
    command = [python, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{python} failed:\n{done.stderr[-1500:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rivals", required=True, help="a python that has qwen-vl-utils")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "assay-video-frames")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--films", nargs="*", default=["1 minute", "2 hours"])
    parser.add_argument("--counts", nargs="*", type=int, default=COUNTS)
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    films = {"1 minute": options.folder / "minute.mp4", "2 hours": options.folder / "hours.mp4"}
    if not films["1 minute"].exists():
        write_minute(films["1 minute"])
    if not films["2 hours"].exists():
        repeat(films["1 minute"], films["2 hours"], 120)
    print(f"{'film':10} {'frames':>6} {'size':>9} {'ours cpu s':>11} {'peak MB':>8} {'rival cpu s':>12} {'peak MB':>8} {'ratio':>6}")
    for name, path in ((name, films[name]) for name in options.films):
        for count in options.counts:
            width, height = (640, 352) if count <= 256 else (448, 256)
            arguments = (str(path), str(count), str(width), str(height))
            ours, rivals = [], []
            for _ in range(options.repeats):
                ours.append(measured(sys.executable, OURS, *arguments))
                rivals.append(measured(options.rivals, RIVAL, *arguments))
            a, b = (min(side, key=lambda run: run["cpu_s"]) for side in (ours, rivals))
            figures = f"{a['cpu_s']:11.2f} {a['peak_mb']:8.0f} {b['cpu_s']:12.2f} {b['peak_mb']:8.0f} {b['cpu_s'] / a['cpu_s']:6.2f}"
            print(f"{name:10} {count:6} {width:4}x{height:<4} {figures}", flush=True)


if __name__ == "__main__":
    main()
