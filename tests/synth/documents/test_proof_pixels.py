"""Stored images are compared with pages drawn again: whatever the PNG's form, equal pixels pass, and a single other byte does not."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from synth.documents.proof_pixels import ROWS, has_pixels
from synth.render.raster import encode_png


def draw(height: int, width: int, channels: int, seed: int = 1) -> NDArray[np.uint8]:
    """A page drawn in RGB, grey where `channels` is 1."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return np.repeat(noise, 3, axis=2) if channels == 1 else noise


def saved(pixels: NDArray[np.uint8], mode: str = "RGB", form: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels).convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


def with_rows(png: bytes, deflated: bytes) -> bytes:
    """The PNG with other deflated rows, its chunk's checksum right."""
    start = png.index(b"IDAT")
    (length,) = struct.unpack_from(">I", png, start - 4)
    chunk = struct.pack(">I", len(deflated)) + b"IDAT" + deflated + struct.pack(">I", zlib.crc32(b"IDAT" + deflated))
    return png[: start - 4] + chunk + png[start + 8 + length :]


def rows_of(png: bytes) -> bytes:
    start = png.index(b"IDAT")
    return png[start + 4 : start + 4 + struct.unpack_from(">I", png, start - 4)[0]]


@given(st.integers(1, 2 * ROWS + 1), st.integers(1, 40), st.sampled_from([1, 3]), st.data())
@settings(deadline=None, max_examples=60)
def test_equal_pixels_pass_and_any_other_value_does_not(height: int, width: int, channels: int, data: st.DataObject) -> None:
    drawn = draw(height, width, channels)
    assert has_pixels(encode_png(drawn[:, :, :channels]).data, drawn)
    other = drawn.copy()
    y, x, channel = (data.draw(st.integers(0, size - 1)) for size in drawn.shape)
    other[y, x, channel] ^= data.draw(st.integers(1, 255))
    assert not has_pixels(encode_png(drawn[:, :, :channels]).data, other)


def test_a_png_written_otherwise_is_judged_by_its_pixels() -> None:
    drawn = draw(90, 70, 3)
    assert has_pixels(saved(drawn), drawn)
    assert has_pixels(saved(drawn, dpi=(72, 72)), drawn)
    assert has_pixels(saved(drawn, form="BMP"), drawn)
    grey = draw(90, 70, 1)
    assert has_pixels(saved(grey, "L"), grey)
    for mode in ("L", "RGBA", "P", "1"):
        assert not has_pixels(saved(drawn, mode), drawn)
    for mode in ("RGBA", "P", "1"):
        assert not has_pixels(saved(grey, mode), grey)


@pytest.mark.parametrize(("height", "width"), [(89, 70), (90, 71), (70, 90)])
def test_another_size_is_another_image(height: int, width: int) -> None:
    drawn = draw(90, 70, 3)
    other = np.resize(drawn, (height, width, 3))
    assert not has_pixels(encode_png(other).data, drawn)
    assert not has_pixels(saved(other), drawn)


def test_broken_files_are_no_pages() -> None:
    drawn = draw(90, 70, 3)
    png = encode_png(drawn).data
    deflated = rows_of(png)
    raw = zlib.decompress(deflated)
    assert has_pixels(with_rows(png, deflated), drawn)
    broken = {
        "empty": b"",
        "cut off": png[:-40],
        "no file": b"%PDF-1.7",
        "header's checksum": png[:29] + bytes([png[29] ^ 1]) + png[30:],
        "rows' checksum": with_rows(png, deflated[:-1] + bytes([deflated[-1] ^ 1])),
        "rows without checksum": with_rows(png, deflated[:-4]),
        "too few rows": with_rows(png, zlib.compress(raw[:-211])),
        "too many rows": with_rows(png, zlib.compress(raw + raw[-211:])),
        "no deflate": with_rows(png, b"rows"),
        "unknown filter": with_rows(png, zlib.compress(b"\x09" + raw[1:])),
    }
    assert [name for name, data in broken.items() if has_pixels(data, drawn)] == []


def test_a_filter_byte_does_not_hide_other_pixels() -> None:
    """Rows that inflate to the bytes of the page but are marked as differences from the row above decode to another page."""
    drawn = draw(90, 70, 3)
    png = encode_png(drawn).data
    raw = bytearray(zlib.decompress(rows_of(png)))
    raw[211 * 80] = 2  # "up"
    assert not has_pixels(with_rows(png, zlib.compress(bytes(raw))), drawn)
