"""Turns a stored PDF into page images: MuPDF draws, PNG keeps every pixel.

Frames: a point (x, y) of a page (origin top left, y down) lands at (x * dpi / 72, y * dpi / 72) in the pixels of its image, where pixel i
covers [i, i + 1). Pages without colour become one-channel PNGs, a third of the bytes. Nothing here knows what is on a page or how it was
laid out.
"""

import math
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pymupdf
from numpy.typing import NDArray
from zlib_ng import zlib_ng

from schemas.errors import DataError
from schemas.sample import Image

POINTS_PER_INCH = 72.0

_DAMAGED: Any = zlib_ng.error  # its stub takes the class for an instance
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
BAND_ROWS = 64
"""Rows packed at a time: 230 kB of an A4 page at 144 dpi."""


def page_dpi(width_pt: float, height_pt: float, *, dpi: float, max_pixels: int | None = None) -> float:
    """The resolution a page of this size is drawn at: `dpi`, or less where the image would exceed `max_pixels`.

    MuPDF rounds both sides up to whole pixels, so the bound is kept for the rounded sides.
    """
    if max_pixels is None:
        return dpi
    scale = dpi / POINTS_PER_INCH
    if math.ceil(width_pt * scale) * math.ceil(height_pt * scale) <= max_pixels:
        return dpi
    # (w s + 1)(h s + 1) <= max_pixels, solved for s: whatever the rounding does, the image fits.
    area, edge = width_pt * height_pt, width_pt + height_pt
    scale = (math.sqrt(edge * edge + 4 * area * (max_pixels - 1)) - edge) / (2 * area)
    return scale * POINTS_PER_INCH


def rasterise(
    pdf: bytes, *, dpi: float = 144.0, max_pixels: int | None = None, gray: bool | None = None, pages: Sequence[int] | None = None
) -> tuple[Image, ...]:
    """Draw the pages of `pdf` as PNG images.

    Args:
        pdf: The file's bytes.
        dpi: Pixels an inch; `page_dpi` says what a page really gets.
        max_pixels: Upper bound for width times height of each image.
        gray: None decides by page: one channel where no pixel has colour, else RGB.
        pages: 0-based page numbers, all when None.

    Raises:
        DataError: `unreadable_pdf` when MuPDF cannot open the bytes.
    """
    try:
        document = pymupdf.open(stream=pdf, filetype="pdf")
    except (pymupdf.FileDataError, pymupdf.EmptyFileError) as error:
        raise DataError("unreadable_pdf", f"MuPDF cannot open these {len(pdf)} bytes ({error}); check that they are a whole PDF") from error
    with document:
        wanted = range(document.page_count) if pages is None else pages
        images = tuple(_draw_page(document[number], dpi, max_pixels, gray) for number in wanted)
    pymupdf.TOOLS.store_shrink(100)  # MuPDF keeps the decoded pictures of closed documents, up to 256 MiB a process
    return images


def _draw_page(page: pymupdf.Page, dpi: float, max_pixels: int | None, gray: bool | None) -> Image:
    scale = page_dpi(page.rect.width, page.rect.height, dpi=dpi, max_pixels=max_pixels) / POINTS_PER_INCH
    matrix = pymupdf.Matrix(scale, scale)
    colorspace = pymupdf.csGRAY if gray else pymupdf.csRGB
    pixmap = page.get_pixmap(matrix=matrix, colorspace=colorspace, alpha=False)
    pixels = np.frombuffer(pixmap.samples_mv, dtype=np.uint8).reshape(pixmap.height, pixmap.width, pixmap.n)  # freed with the pixmap
    if pixmap.n == 3 and gray is None and not has_colour(pixels):
        pixels = pixels[:, :, :1]
    return encode_png(pixels)


def has_colour(pixels: NDArray[np.uint8]) -> bool:
    """Whether any pixel of an (H, W, 3) image is not grey. Every 7th row is tried first: most coloured pages show there."""
    for part in (pixels[::7], pixels):
        red = part[:, :, 0]
        if (red != part[:, :, 1]).any() or (red != part[:, :, 2]).any():
            return True
    return False


def encode_png(pixels: NDArray[np.uint8]) -> Image:
    """An (H, W, 1) or (H, W, 3) image as PNG."""
    height, width, _ = pixels.shape
    return Image.of(png_bytes(pixels), "png", width, height)


def png_bytes(pixels: NDArray[np.uint8], level: int = 2) -> bytes:
    """PNG of an (H, W, 1) or (H, W, 3) image: unfiltered rows, deflated by zlib-ng at a level.

    Written here because Pillow always filters rows, which helps photographs and hurts pages: 23 ms and 108 kB a text page at 144 dpi with
    Pillow's level 1, 12 ms and 104 kB like this (measured), and unfiltered rows are decoded faster too. Format: W3C PNG, 5 and 11.
    """
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 0 if channels == 1 else 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", _deflated(pixels.reshape(height, width * channels), level)), (b"IEND", b""))
    return _SIGNATURE + b"".join([_chunk(kind, body) for kind, body in chunks])


def _deflated(rows: NDArray[np.uint8], level: int) -> bytes:
    """Rows of (H, bytes), each behind its filter type (0, none), deflated by bands that stay in the cache."""
    band = np.zeros((BAND_ROWS, 1 + rows.shape[1]), dtype=np.uint8)
    packer = zlib_ng.compressobj(level)
    packed: list[bytes] = []
    for at in range(0, len(rows), BAND_ROWS):
        part = rows[at : at + BAND_ROWS]
        band[: len(part), 1:] = part
        packed.append(packer.compress(band[: len(part)].data))
    return b"".join([*packed, packer.flush()])


def png_grey(data: bytes) -> NDArray[np.uint8]:
    """The (H, W) pixels of a one-channel PNG that `png_bytes` wrote, in a third of a general reader's time; ValueError if it is none."""
    if data[:8] != _SIGNATURE or data[12:16] != b"IHDR" or len(data) < 57 or data[37:41] != b"IDAT" or data[-8:-4] != b"IEND":
        raise ValueError(f"these {len(data)} bytes are no PNG of Assay's")
    width, height, *kind = struct.unpack(">IIBBBBB", data[16:29])
    length = int.from_bytes(data[33:37], "big")
    if (
        kind != [8, 0, 0, 0, 0]
        or length + 57 != len(data)
        or data[41 + length : 45 + length] != struct.pack(">I", zlib.crc32(data[37 : 41 + length]))
    ):
        raise ValueError(f"these {len(data)} bytes are a damaged PNG, or one of another kind")
    try:
        rows = np.frombuffer(zlib_ng.decompress(data[41 : 41 + length], bufsize=height * (width + 1)), np.uint8)
    except _DAMAGED as error:
        raise ValueError(f"the pixels of a PNG of {len(data)} bytes cannot be unpacked: {error}") from error
    if rows.size != height * (width + 1) or rows[:: width + 1].any():
        raise ValueError(f"a PNG of {width}x{height} pixels has filtered rows, or more or fewer than that")
    return rows.reshape(height, width + 1)[:, 1:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
