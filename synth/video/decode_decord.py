"""Reads films with decord, to check what `decode_av` reads: own FFmpeg build, own index, own seeking. Runs in `decoder_process`."""

from typing import Any

import decord
import numpy as np
from numpy.typing import NDArray

from schemas.errors import DataError


def frames(
    path: str, indices: list[int], *, size: tuple[int, int], in_order: bool, threads: int
) -> tuple[NDArray[np.uint8], list[float], int]:
    """RGB frames (n, height, width, 3), as decord turns them, when each is shown in seconds, and how many frames decord counts.

    Args:
        path: The film.
        indices: Of the frames.
        size: (width, height) to scale to; (-1, -1) for its own.
        in_order: Decode all frames from the first. Where a container's times cannot be relied on, decord's jumps land on other frames than
            were asked for (`Megamind.avi`: from frame 115 on).
        threads: Of the decoder.

    Raises:
        DataError: `broken_video`: decord cannot read it, or counts fewer frames.
    """
    try:
        reader: Any = decord.VideoReader(path, width=size[0], height=size[1], num_threads=threads)
        if max(indices) >= len(reader):
            raise DataError("broken_video", f"{path}: frame {max(indices)} is wanted, decord counts {len(reader)}")
        times = [float(start) for start, _ in reader.get_frame_timestamp(indices)]
        pixels = _in_order(reader, indices) if in_order else reader.get_batch(indices).asnumpy()
        return pixels, times, len(reader)
    except (decord.DECORDError, RuntimeError, AssertionError, IndexError, StopIteration) as error:
        raise DataError(
            "broken_video", f"{path} cannot be read by decord: {(str(error).splitlines() or [type(error).__name__])[0][:200]}"
        ) from error


def _in_order(reader: Any, indices: list[int]) -> NDArray[np.uint8]:
    wanted = set(indices)
    kept = {}
    for number in range(max(indices) + 1):
        frame = reader.next()
        if number in wanted:
            kept[number] = frame.asnumpy()
    return np.stack([kept[index] for index in indices])
