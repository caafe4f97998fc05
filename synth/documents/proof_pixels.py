"""Whether an encoded page image holds exactly the pixels of a page drawn again.

Pages are stored as PNGs of unfiltered rows. These are inflated and compared a few at a time, so that no second copy of the page is made;
every other file is decoded by Pillow.
"""

import io
import struct
from collections.abc import Iterator

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from zlib_ng import zlib_ng

Pixels = NDArray[np.uint8]
"""Shape (height, width, channels)."""

ROWS = 64
"""Rows compared at a time (chosen: they fit the processor's cache at any width a page has)."""

SIGNATURE = b"\x89PNG\r\n\x1a\n"

CHANNELS = {0: 1, 2: 3}
"""Channels by PNG colour type: grey and RGB (W3C PNG, 11.2.1)."""


def has_pixels(image: bytes, drawn: Pixels) -> bool:
    """Whether an image file decodes to the RGB pixels `drawn`, or to one grey channel equal to all three; a broken file does not."""
    plain = _plain_png(image)
    same = _inflates_to(*plain, drawn) if plain else None
    return _decodes_to(image, drawn) if same is None else same


def _decodes_to(image: bytes, drawn: Pixels) -> bool:
    height, width, _ = drawn.shape
    try:
        stored = PIL.Image.open(io.BytesIO(image))
        if stored.size != (width, height) or stored.mode not in ("L", "RGB"):
            return False
        pixels = np.asarray(stored)
    except OSError:
        return False
    return _equal(pixels.reshape(height, width, -1), drawn)


def _equal(stored: Pixels, drawn: Pixels) -> bool:
    if stored.shape[2] == 3:
        return bool((stored == drawn).all())
    return all((stored[:, :, 0] == drawn[:, :, channel]).all() for channel in range(3))


def _plain_png(data: bytes) -> tuple[bytes, tuple[int, int, int]] | None:
    """The deflated rows of a PNG of 8 bits a channel and nothing but its pixels, and (height, width, channels); None for other files."""
    chunks = list(_chunks(data))
    if [kind for kind, _ in chunks] != [b"IHDR", b"IDAT", b"IEND"] or len(chunks[0][1]) != 13:
        return None
    width, height, depth, colour, *methods = struct.unpack(">IIBBBBB", chunks[0][1])
    if depth != 8 or colour not in CHANNELS or any(methods):
        return None
    return chunks[1][1], (height, width, CHANNELS[colour])


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(type, content) of the chunks of a PNG up to the first whose checksum is wrong (W3C PNG, 5.3)."""
    start = len(SIGNATURE) if data.startswith(SIGNATURE) else len(data)
    while start + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, start)
        checked = data[start + 4 : start + 8 + length]
        start += 12 + length
        if data[start - 4 : start] != struct.pack(">I", zlib_ng.crc32(checked)):
            return
        yield checked[:4], checked[4:]


def _inflates_to(deflated: bytes, shape: tuple[int, int, int], drawn: Pixels) -> bool | None:
    """Whether deflated rows are those drawn; None where they are filtered (each begins with its filter type, 0 for none; W3C PNG, 9.2)."""
    height, width, channels = shape
    if (height, width) != drawn.shape[:2]:
        return False
    inflater, stride = zlib_ng.decompressobj(), 1 + width * channels
    try:
        for top in range(0, height, ROWS):
            count = min(ROWS, height - top)
            inflated = inflater.decompress(deflated, count * stride)
            if len(inflated) < count * stride:
                return False
            rows = np.frombuffer(inflated, dtype=np.uint8).reshape(count, stride)
            if rows[:, 0].any():
                return None
            if not _equal(rows[:, 1:].reshape(count, width, channels), drawn[top : top + count]):
                return False
            deflated = inflater.unconsumed_tail
        return not inflater.decompress(deflated, 1) and inflater.eof
    except zlib_ng.error:  # type: ignore[misc]  # its stub gives an instance for the class
        return False
