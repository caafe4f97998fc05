"""Reads films with PyAV: which frames there are and when each is shown, and their pixels. Runs in `decoder_process`, never in a worker.

A frame's time is its presentation time in the container. AVI and the like have none that can be relied on: there the times are what the
decoder puts out, if they rise; otherwise number / rate, which is flagged. Only frames that are wanted, and those that they are made from,
are decoded: B-frames that nothing refers to are passed over (`skip_frame`), which changes no pixel of the others.
"""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream
from numpy.typing import NDArray

from schemas.errors import DataError

TIMED = frozenset({"mov", "mp4", "m4a", "3gp", "matroska", "webm"})
"""Containers that state the presentation time of every frame (libavformat's names)."""
MAX_FRAME_PX = 7_680 * 4_320
"""Larger frames are refused (chosen: 8K; one is 100 MB as RGB, and a decoder holds up to 17)."""
LARGE_PX = 3_840 * 2_160
MAX_FRAMES = 2_000_000
"""Longer films are refused (chosen: 9 hours at 60 frames a second)."""
SCALING = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.BITEXACT
"""swscale without the shortcuts that differ between processors."""


def probe(path: str) -> dict[str, Any]:
    """The facts of the first video stream, as `decode.Film` has them, with times in ticks of `time_base`.

    Raises:
        DataError: `not_a_video`, `no_video_stream`, `no_frames`, `too_large`, `broken_video`.
    """
    with _opened(path) as container:
        stream = _video(container, path)
        name = container.format.name
        flags: list[str] = []
        packets = _packets(container, stream, flags)
        first = _first_frame(path)
        listed = [pts for pts, _ in packets if pts is not None]
        if not set(name.split(",")) & TIMED or len(listed) < len(packets) or len(set(listed)) < len(listed):
            if len(set(listed)) < len(listed):
                flags.append("repeated_times")
            ticks, keys = _decoded_ticks(path, flags), []
        else:
            keys = sorted(pts for pts, key in packets if key and pts is not None)
            ticks = sorted(pts for pts in listed if keys and pts >= keys[0])
            if len(ticks) < len(packets):
                flags.append("starts_without_key_frame")
        if not ticks:
            raise DataError("no_frames", f"{path} has a video stream of {len(packets)} packets and no frame that can be decoded")
        base, rate = stream.time_base or Fraction(1, 1000), _rate(stream, ticks)
        if ticks == list(range(len(ticks))) and "times_from_rate" in flags:
            base = 1 / rate
        if ticks[0] < 0:
            flags.append("negative_times")
        if stream.frames and stream.frames != len(ticks):
            flags.append("other_frame_count")
        return {
            "container": name,
            "codec": stream.codec_context.name,
            "width_px": first.width,
            "height_px": first.height,
            "rotation_deg": first.rotation % 360,
            "pixel_aspect": _aspect(stream),
            "rate": [rate.numerator, rate.denominator],
            "time_base": [base.numerator, base.denominator],
            "ticks": ticks,
            "keys": keys,
            "last_ticks": _last_duration(ticks, base, rate),
            "flags": [*flags, *(["large_frames"] if first.width * first.height > LARGE_PX else [])],
        }


def frames(path: str, film: dict[str, Any], indices: list[int], size: tuple[int, int], threads: int) -> Iterator[NDArray[np.uint8]]:
    """RGB frames (height, width, 3) at rising indices, scaled to `size` (width, height) before rotation.

    Raises:
        DataError: `broken_video`: a wanted frame cannot be decoded.
    """
    with _opened(path) as container:
        stream = _video(container, path)
        stream.codec_context.thread_count = threads
        stream.thread_type = "AUTO" if threads != 1 else "NONE"
        found = _at_times(container, stream, film, indices) if film["keys"] else _at_places(container, stream, indices)
        count = 0
        for frame in _reported(found, path):
            count += 1
            pixels: NDArray[np.uint8] = (
                frame.reformat(*size, format="rgb24", interpolation=SCALING, threads=1).to_ndarray().astype(np.uint8, copy=False)
            )
            yield pixels
        if count < len(indices):
            raise DataError("broken_video", f"{path}: frame {indices[count]} of {len(film['ticks'])} cannot be decoded")


def _at_times(container: InputContainer, stream: VideoStream, film: dict[str, Any], indices: list[int]) -> Iterator[VideoFrame]:
    """Frames by their times: one pass a group of pictures, groups without a wanted frame jumped over."""
    ticks, keys = film["ticks"], film["keys"]
    wanted = [ticks[index] for index in indices]
    groups: list[tuple[int, list[int]]] = []
    for tick in wanted:
        key = bisect_right(keys, tick) - 1
        if groups and key <= groups[-1][0] + 1:  # the next group is reached sooner by going on than by a jump
            groups[-1] = (key, [*groups[-1][1], tick])
        else:
            groups.append((key, [tick]))
    for _, some in groups:
        first_key = bisect_right(keys, some[0]) - 1
        for back in (0, 1, len(keys)):  # a container may jump too far: then from an earlier group, then from the start
            container.seek(keys[max(0, first_key - back)], stream=stream, backward=True, any_frame=False)
            reached = _run(container, stream, some)
            first = next(reached, None)
            if first is not None:
                break
        else:
            return
        yield first
        yield from reached


def _run(container: InputContainer, stream: VideoStream, wanted: list[int]) -> Iterator[VideoFrame]:
    """Decode on from where the container stands until all wanted times are met; ends early if one is passed over."""
    context, left, waiting = stream.codec_context, iter(wanted), set(wanted)
    next_tick: int | None = next(left)
    for packet in container.demux(stream):
        context.skip_frame = "DEFAULT" if packet.pts in waiting or not packet.size else "NONREF"
        for frame in _decoded(packet):
            if frame.pts is None or frame.pts < (next_tick or 0) or frame.pts not in waiting:
                if frame.pts is not None and next_tick is not None and frame.pts > next_tick:
                    return
                continue
            if frame.pts != next_tick:
                return
            yield frame
            next_tick = next(left, None)
            if next_tick is None:
                return


def _at_places(container: InputContainer, stream: VideoStream, indices: list[int]) -> Iterator[VideoFrame]:
    """Frames by their number in the order in which the decoder puts them out."""
    left = iter(indices)
    wanted: int | None = next(left, None)
    number = 0
    for packet in container.demux(stream):
        for frame in _decoded(packet):
            if number == wanted:
                yield frame
                wanted = next(left, None)
                if wanted is None:
                    return
            number += 1


def _decoded(packet: Any) -> list[VideoFrame]:
    """Frames that come out with a packet; a damaged packet gives none, and the frame it would have been is then missed."""
    with suppress(av.error.InvalidDataError, av.error.EOFError):
        return list(packet.decode())
    return []


def _reported(found: Iterator[VideoFrame], path: str) -> Iterator[VideoFrame]:
    try:
        yield from found
    except av.error.FFmpegError as error:
        raise DataError("broken_video", f"{path} cannot be decoded: {error}") from error


def _opened(path: str) -> InputContainer:
    try:
        return av.open(path, mode="r")
    except (av.error.FFmpegError, ValueError) as error:
        raise DataError("not_a_video", f"{path} is no video that FFmpeg knows: {error}") from error


def _video(container: InputContainer, path: str) -> VideoStream:
    for stream in container.streams.video:
        if stream.disposition & stream.disposition.__class__.attached_pic:
            continue  # the cover of a song
        width, height = stream.codec_context.width, stream.codec_context.height
        if width * height > MAX_FRAME_PX:
            raise DataError("too_large", f"{path} has frames of {width} x {height} px, more than {MAX_FRAME_PX:,} px")
        return stream
    kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
    raise DataError("no_video_stream", f"{path} holds {kinds} and no video")


def _packets(container: InputContainer, stream: VideoStream, flags: list[str]) -> list[tuple[int | None, bool]]:
    """(time in ticks, starts a group) of every packet that is shown."""
    found: list[tuple[int | None, bool]] = []
    before: int | None = None
    try:
        for packet in container.demux(stream):
            if not packet.size or packet.is_discard:
                continue
            found.append((packet.pts, packet.is_keyframe))
            if packet.dts is not None:
                if before is not None and packet.dts < before and "clock_runs_back" not in flags:
                    flags.append("clock_runs_back")
                before = packet.dts
            if len(found) > MAX_FRAMES:
                raise DataError("too_large", f"{container.name} has more than {MAX_FRAMES:,} frames")
    except av.error.FFmpegError:
        flags.append("truncated")
    return found


def _first_frame(path: str) -> VideoFrame:
    with _opened(path) as container:
        stream = _video(container, path)
        for packet in container.demux(stream):
            for frame in _decoded(packet):
                return frame
    raise DataError("no_frames", f"{path} has a video stream and no frame that can be decoded")


def _decoded_ticks(path: str, flags: list[str]) -> list[int]:
    """Times as the decoder puts frames out; their numbers, flagged, if those do not rise."""
    ticks: list[int | None] = []
    with _opened(path) as container:
        try:
            for packet in container.demux(_video(container, path)):
                ticks += [frame.pts for frame in _decoded(packet)]
        except av.error.FFmpegError:
            flags.append("truncated")
    whole = [tick for tick in ticks if tick is not None]
    if len(whole) == len(ticks) and all(a < b for a, b in pairwise(whole)):
        return whole
    flags.append("times_from_rate")
    return list(range(len(ticks)))


def _rate(stream: VideoStream, ticks: list[int]) -> Fraction:
    """The stated rate of frames; if none is, that of the times."""
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate and 0 < rate <= 1000:
            return Fraction(rate)
    if stream.time_base and len(ticks) > 1 and ticks[-1] > ticks[0]:
        return (len(ticks) - 1) / (stream.time_base * (ticks[-1] - ticks[0]))
    raise DataError("no_rate", "the video states no rate of frames and has no times")


def _last_duration(ticks: list[int], base: Fraction, rate: Fraction) -> int:
    """Ticks for which the last frame is shown: as long as the one before it, or one frame of the rate."""
    return ticks[-1] - ticks[-2] if len(ticks) > 1 else max(1, round(1 / (rate * base)))


def _aspect(stream: VideoStream) -> float:
    aspect = stream.sample_aspect_ratio or Fraction(1)
    return float(aspect) if 0 < aspect < 10 else 1.0
