"""A stranger's picture, checked before anything is made from it: bytes -> upright RGB of a size that fits, as it is stored.

Every file that cannot be used is a `DataError` with one of the names in `REASONS`, never a crash. Nothing here knows what is asked.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Sequence

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps

from schemas.errors import DataError, UserError
from schemas.sample import Image
from schemas.tokens import MAX_ASPECT, image_tokens
from synth.assets import Asset, read_head

REASONS = ("zero_byte", "not_an_image", "truncated", "malformed", "animated", "unknown_colours", "too_small", "too_large", "too_long")
"""Why a file cannot be used."""
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
"""What is read, by Pillow's names: what cameras, scanners and screenshots write."""
MAGIC = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"II*\0", b"MM\0*", b"BM", b"GIF8", b"P4", b"P5", b"P6")
"""How such files begin."""
MIN_SIDE_PX = 32
"""Shorter pictures hold no line of text that could be told (chosen)."""
MAX_SIDE_PX, MAX_AREA_PX = 16_384, 64_000_000
"""Larger pictures are refused before they are decoded (chosen: 64 megapixels with transparency are 0.26 GB, of which a worker holds three;
it may use 1.5)."""
JPEG_QUALITY = 95
"""Of pictures that came with JPEG's losses, so that a second coding adds little (chosen)."""
SHRINK = 0.98
"""Steps in which a picture is made smaller until it fits (chosen)."""
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, struct.error, zlib.error)
"""What Pillow's decoders raise on damaged data."""


def check_any_image(assets: Sequence[Asset], pattern: str) -> None:
    """UserError if none of the files that a pattern names begins like a picture; looks at their first bytes only."""
    if not any(read_head(asset, 16).startswith(MAGIC) for asset in assets):
        names = ", ".join(asset.name for asset in assets[:3]) + (", …" if len(assets) > 3 else "")
        what = f"none of the files that {pattern!r} names is a picture ({names})"
        raise UserError(what, where="params.pattern", todo=f"name pictures ({', '.join(FORMATS)}), for example with *.jpg at the end")


def load_image(data: bytes, where: str, budget_tokens: int) -> Image:
    """The picture as it is stored: upright, RGB, transparent parts white, without metadata, small enough for the budget.

    Pictures that came as JPEG are stored as JPEG, all others as PNG.

    Args:
        data: The file.
        where: Its name in errors.
        budget_tokens: Vision tokens it may have; it is scaled down to fit.

    Raises:
        DataError: With one of `REASONS`.
    """
    if not data:
        raise DataError("zero_byte", f"{where} is empty")
    picture, lossy = _decode(data, where)
    picture = _fitted(picture, budget_tokens)
    picture.info = {}  # profile, place and comments, which Pillow would write again
    buffer = io.BytesIO()
    if lossy:
        picture.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling="4:4:4")
    else:
        picture.save(buffer, "PNG")
    return Image.of(buffer.getvalue(), "jpeg" if lossy else "png", picture.width, picture.height)


def decode_stored(image: Image) -> Pillow.Image:
    """The pixels of a stored picture, RGB."""
    with Pillow.open(io.BytesIO(image.data)) as picture:
        return picture.convert("RGB")


def _decode(data: bytes, where: str) -> tuple[Pillow.Image, bool]:
    """Pixels, and whether they came as JPEG."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of large pictures, bad EXIF and the like: sizes are checked here
        try:
            opened = Pillow.open(io.BytesIO(data), formats=FORMATS)
        except _BROKEN as error:
            reason = "malformed" if data.startswith(MAGIC) else "not_an_image"
            raise DataError(reason, f"{where} starts with {data[:8]!r} and cannot be opened: {error}") from error
        except Pillow.DecompressionBombError as error:
            raise DataError("too_large", f"{where}: {error}") from error
        with opened:
            try:
                _check_header(opened, where)
                opened.load()
                turned = ImageOps.exif_transpose(opened)
            except _BROKEN as error:
                reason = "truncated" if "truncated" in str(error) or isinstance(error, EOFError) else "malformed"
                raise DataError(reason, f"{where} cannot be decoded: {error}") from error
            return _as_rgb(turned, where), opened.format == "JPEG"


def _check_header(opened: Pillow.Image, where: str) -> None:
    """What the header tells, before anything is decoded."""
    width, height = opened.size
    if max(width, height) > MAX_SIDE_PX or width * height > MAX_AREA_PX:
        what = f"{where} has {width} x {height} pixels, more than {MAX_SIDE_PX} a side or {MAX_AREA_PX:,} in all"
        raise DataError("too_large", f"{what}; scale it down or cut it")
    if min(width, height) < MIN_SIDE_PX:
        raise DataError("too_small", f"{where} has {width} x {height} pixels; the least is {MIN_SIDE_PX} a side")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise DataError("too_long", f"{where} is more than {MAX_ASPECT} times as long as wide ({width} x {height}), which Qwen3-VL refuses")
    if (frames := getattr(opened, "n_frames", 1)) > 1:
        raise DataError("animated", f"{where} has {frames} frames or pages; save each as a picture of its own")


def _as_rgb(picture: Pillow.Image, where: str) -> Pillow.Image:
    """Eight bits a channel, on white where it is transparent."""
    if picture.mode[0] in "IF":
        values = np.asarray(picture)
        if values.dtype.kind == "f" or values.min() < 0 or values.max() > 65_535:
            what = f"{where} has one channel of 32 bits (mode {picture.mode})"
            raise DataError("unknown_colours", f"{what}; save it with 8 or 16 bits a channel")
        # Pillow's own conversion would cut values off at 255.
        return Pillow.fromarray((values.astype(np.uint16) >> 8).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        ground = Pillow.new("RGBA", layer.size, (255, 255, 255, 255))
        return Pillow.alpha_composite(ground, layer).convert("RGB")
    return picture.convert("RGB")


def _fitted(picture: Pillow.Image, budget_tokens: int) -> Pillow.Image:
    """The picture, or a smaller one of the same shape that has no more vision tokens than the budget."""
    width, height = size = picture.size
    scale = 1.0
    while image_tokens(*size) > budget_tokens:
        scale *= SHRINK
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return picture if size == picture.size else picture.resize(size, Pillow.Resampling.LANCZOS)
