"""A stranger's picture becomes upright RGB that fits, or a `DataError` with a reason; never a crash, never a picture of something else."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from schemas.errors import DataError, UserError
from schemas.tokens import image_tokens
from synth.assets import resolve
from synth.ocr.images_input import MAX_SIDE_PX, REASONS, check_any_image, decode_stored, load_image

BUDGET = 4_000


def scene(width: int = 90, height: int = 60) -> Pillow.Image:
    """Dark at the top left, red at the top right, light below: no two ways of turning it look the same."""
    picture = Pillow.new("RGB", (width, height), (230, 230, 230))
    picture.paste((20, 20, 20), (0, 0, width // 2, height // 2))
    picture.paste((200, 30, 30), (width // 2, 0, width, height // 2))
    return picture


def file(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def pixels(data: bytes) -> Pillow.Image:
    return decode_stored(load_image(data, "a file", BUDGET))


def is_like(found: Pillow.Image, wanted: Pillow.Image, levels: float = 12.0) -> bool:
    return found.size == wanted.size and float(np.abs(np.asarray(found, float) - np.asarray(wanted, float)).mean()) < levels


def palette() -> bytes:
    return file(scene().quantize(8), "PNG")


def sixteen_bits() -> bytes:
    return file(Pillow.fromarray(np.asarray(scene().convert("L")).astype(np.uint16) * 257), "PNG")


def sixteen_bit_pgm() -> bytes:
    grey = np.asarray(scene().convert("L")).astype(">u2") * 257
    return b"P5 90 60 65535\n" + grey.astype(">u2").tobytes()


@pytest.mark.parametrize(
    ("make", "grey"),
    [
        (lambda: file(scene(), "PNG"), False),
        (lambda: file(scene(), "JPEG", quality=95), False),
        (lambda: file(scene(), "JPEG", quality=95, progressive=True), False),
        (lambda: file(scene().convert("CMYK"), "JPEG", quality=95), False),
        (lambda: file(scene().convert("CMYK"), "TIFF"), False),
        (lambda: file(scene(), "WEBP", quality=95), False),
        (lambda: file(scene(), "BMP"), False),
        (lambda: file(scene(), "GIF"), False),
        (palette, False),
        (sixteen_bits, True),
        (sixteen_bit_pgm, True),
        (lambda: file(scene().convert("LA"), "PNG"), True),
        (lambda: file(scene().convert("LAB"), "TIFF"), False),
    ],
    ids=["png", "jpeg", "progressive", "cmyk jpeg", "cmyk tiff", "webp", "bmp", "gif", "palette", "16 bits", "16-bit pgm", "grey", "lab"],
)
def test_every_kind_of_picture_looks_as_it_did(make: Callable[[], bytes], grey: bool) -> None:
    assert is_like(pixels(make()), scene().convert("L").convert("RGB") if grey else scene())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_stored_upright(orientation: int) -> None:
    """Catches a camera's picture that is read lying on its side."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's transpositions, as EXIF 2.32 has orientations
    lying = scene() if orientation == 1 else scene().transpose(Pillow.Transpose(undo[orientation]))
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    assert is_like(pixels(file(lying, "JPEG", quality=95, exif=exif)), scene())


def test_what_is_transparent_is_white() -> None:
    layer = scene().convert("RGBA")
    layer.putalpha(Pillow.new("L", layer.size, 0))
    assert is_like(pixels(file(layer, "PNG")), Pillow.new("RGB", layer.size, (255, 255, 255)), 0.5)
    indexed = Pillow.new("P", (64, 64), 0)
    indexed.putpalette([0, 0, 0, 255, 0, 0])
    assert pixels(file(indexed, "PNG", transparency=0)).getpixel((5, 5)) == (255, 255, 255)


def test_nothing_but_pixels_is_kept() -> None:
    """Catches a place or a name that a camera wrote down."""
    exif = Pillow.Exif()
    exif[0x010E] = "somebody's secret"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind in ("JPEG", "PNG"):
        stored = load_image(file(scene(), kind, exif=exif, icc_profile=profile, comment=b"a secret"), "a file", BUDGET)
        assert b"secret" not in stored.data
        with Pillow.open(io.BytesIO(stored.data)) as opened:
            assert "icc_profile" not in opened.info
        assert stored.format == kind.lower()


def test_a_picture_is_made_to_fit_and_keeps_its_shape() -> None:
    stored = load_image(file(Pillow.new("RGB", (4000, 3000)), "PNG"), "a file", 1_000)
    assert 900 <= image_tokens(stored.width_px, stored.height_px) <= 1_000
    assert abs(stored.width_px / stored.height_px - 4 / 3) < 0.01
    small = load_image(file(scene(), "PNG"), "a file", 1_000)
    assert (small.width_px, small.height_px) == scene().size


def png_of(width: int, height: int) -> bytes:
    """The head of a PNG that claims a size, and nothing else."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(head)) + chunk + struct.pack(">I", zlib.crc32(chunk)) + b"\0\0\0\0IDAT\0\0\0\0"


def damaged_png() -> bytes:
    data = bytearray(file(Pillow.effect_noise((200, 200), 80), "PNG"))
    data[len(data) // 2] ^= 0xFF
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "zero_byte"),
        (b"Dear Sir or Madam", "not_an_image"),
        (b"%PDF-1.7 not a picture", "not_an_image"),
        (b"\xff\xd8\xff\xe0 and no more", "malformed"),
        (file(Pillow.effect_noise((400, 300), 80), "JPEG")[:9_000], "truncated"),
        (file(Pillow.effect_noise((400, 300), 80), "PNG")[:9_000], "truncated"),
        (damaged_png(), "malformed"),
        (png_of(30_000, 100), "too_large"),
        (png_of(MAX_SIDE_PX, MAX_SIDE_PX), "too_large"),
        (png_of(2**31 - 1, 2**31 - 1), "too_large"),
        (png_of(0, 100), "malformed"),
        (file(scene(20, 20), "PNG"), "too_small"),
        (file(Pillow.new("L", (10_000, 40)), "PNG"), "too_long"),
        (file(scene(), "GIF", save_all=True, append_images=[Pillow.new("RGB", (90, 60))]), "animated"),
        (file(scene(), "TIFF", save_all=True, append_images=[scene()]), "animated"),
        (file(Pillow.fromarray(np.linspace(0, 1, 6_400, dtype=np.float32).reshape(80, 80)), "TIFF"), "unknown_colours"),
    ],
)
def test_what_cannot_be_used_has_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        load_image(data, "pictures/a.png", BUDGET)
    assert caught.value.reason == reason
    assert reason in REASONS
    assert "pictures/a.png" in caught.value.detail


def test_a_pattern_without_pictures_is_told_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no picture")
    pattern = str(tmp_path / "*")
    with pytest.raises(UserError, match="none of the files"):
        check_any_image(resolve(pattern), pattern)
    (tmp_path / "b.png").write_bytes(file(scene(), "PNG"))
    check_any_image(resolve(pattern), pattern)
