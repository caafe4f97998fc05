"""Encoded pictures and frames to the patches of Qwen3-VL's vision tower, as uint8 with `transformers`' own sizes and resampling.

Pictures are resized by Pillow (`Qwen2VLImageProcessorPil`, bicubic). Frames are resized by torch's antialiased bicubic kernel for uint8,
which is what torchvision, and so `Qwen3VLVideoProcessor`, calls on the CPU; the two kernels differ by one level in up to 0.4 % of values.
Normalisation, (x / 255 - 0.5) / 0.5, is left to the device. Qwen3-VL's smallest unit is a square of 32 px: patches of 16 px, merged 2x2.
"""

import io
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

from model.batch import Grid
from model.config import PATCH_PX, PATCH_VALUES
from schemas.errors import DataError
from schemas.tokens import MAX_CLIP_PX, MAX_PX, MIN_CLIP_PX, MIN_PX, clip_size, smart_resize

Pixels = npt.NDArray[np.uint8]
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error, PillowImage.DecompressionBombError)
"""What Pillow's decoders raise on damaged files."""


@dataclass(frozen=True, slots=True)
class PixelBounds:
    """Area bounds in px²: of one image, and of all frames of one clip together."""

    min_px: int = MIN_PX
    max_px: int = MAX_PX
    min_clip_px: int = MIN_CLIP_PX
    max_clip_px: int = MAX_CLIP_PX


def image_grid(width_px: int, height_px: int, bounds: PixelBounds) -> Grid:
    """(1, h, w) in patches of an image; DataError if it is more than 200 times as long as wide."""
    try:
        height, width = smart_resize(height_px, width_px, min_px=bounds.min_px, max_px=bounds.max_px)
    except ValueError as error:
        raise DataError("image_shape", str(error)) from error
    return 1, height // PATCH_PX, width // PATCH_PX


def clip_grid(frames: int, width_px: int, height_px: int, bounds: PixelBounds) -> Grid:
    """(t, h, w) in patches of a clip, by `clip_size`.

    Raises:
        DataError: There are fewer than two frames, a side is not positive, or a frame is more than 200 times as long as wide.
    """
    try:
        height, width = clip_size(frames, height_px, width_px, min_px=bounds.min_clip_px, max_px=bounds.max_clip_px)
    except ValueError as error:
        raise DataError("clip_length" if frames < 2 else "clip_shape", str(error)) from error
    return (frames + 1) // 2, height // PATCH_PX, width // PATCH_PX


def patches_of_image(data: bytes | memoryview, size_px: tuple[int, int], grid: Grid, where: str) -> Pixels:
    """Decode, resize to `grid` and cut into patches.

    Args:
        data: The encoded picture. Transparency is put on white, as the processor does.
        size_px: (width, height) it is said to have.
        grid: (1, h, w) from `image_grid`.
        where: Names the picture in errors.

    Returns:
        uint8 [h * w, 1536]: patches row by row in 2x2 blocks, each (channel, 2 equal frames, 16, 16).

    Raises:
        DataError: The picture cannot be decoded to its end, or is not of the size it is said to have.
    """
    size = (grid[2] * PATCH_PX, grid[1] * PATCH_PX)
    picture = decode(data, where)
    if picture.size != size_px:
        raise DataError("image_size", f"{where} is stated as {size_px} px (width, height) but holds {picture.size}")
    if size_px != size:
        picture = picture.resize(size, PillowImage.Resampling.BICUBIC)
    return _patches(np.asarray(picture)[None], grid)


def patches_of_clip(frames: Sequence[bytes | memoryview], grid: Grid, where: str) -> Pixels:
    """Decode, resize to `grid` and cut into patches; an odd last frame is repeated.

    Returns:
        uint8 [t * h * w, 1536], as `patches_of_image`, two successive frames in each patch.

    Raises:
        DataError: A frame cannot be decoded, or frames differ in size.
    """
    pictures = [np.asarray(decode(frame, f"frame {number} of {where}")) for number, frame in enumerate(frames)]
    if len(shapes := {picture.shape for picture in pictures}) > 1:
        sizes = sorted(f"{width} x {height}" for height, width, _ in shapes)
        raise DataError("clip_shape", f"the frames of {where} differ in size: {', '.join(sizes)} px")
    return _patches(_resize(np.stack(pictures), grid[1] * PATCH_PX, grid[2] * PATCH_PX), grid)


def decode(data: bytes | memoryview, where: str) -> PillowImage.Image:
    """An RGB picture, decoded to its end; DataError otherwise."""
    try:
        with PillowImage.open(io.BytesIO(data)) as picture:
            return _on_white(picture)
    except UnidentifiedImageError as error:
        raise DataError("image_format", f"{where} is no picture that Pillow knows ({len(data)} bytes)") from error
    except _BROKEN as error:
        raise DataError("image_broken", f"{where} cannot be decoded: {error} ({len(data)} bytes)") from error


def size_of(data: bytes | memoryview, where: str) -> tuple[int, int]:
    """(width, height) in pixels from the header of an encoded picture; DataError if it has none."""
    try:
        with PillowImage.open(io.BytesIO(data)) as picture:
            return picture.size
    except _BROKEN as error:
        raise DataError("image_format", f"{where} is no picture that Pillow knows ({len(data)} bytes)") from error


def _on_white(picture: PillowImage.Image) -> PillowImage.Image:
    # `convert_to_rgb` of transformers' image_transforms.py.
    picture.load()
    if picture.mode == "RGB" and picture.info.get("transparency") is None:
        return picture
    if "A" not in picture.getbands() and picture.info.get("transparency") is None:
        return picture.convert("RGB")
    rgba = picture.convert("RGBA")
    return PillowImage.alpha_composite(PillowImage.new("RGBA", rgba.size, (255, 255, 255, 255)), rgba).convert("RGB")


def _resize(frames: Pixels, height: int, width: int) -> Pixels:
    if frames.shape[1:3] == (height, width):
        return frames
    channels_last = torch.from_numpy(frames).permute(0, 3, 1, 2)
    resized = torch.nn.functional.interpolate(channels_last, (height, width), mode="bicubic", antialias=True, align_corners=False)
    pixels: Pixels = resized.permute(0, 2, 3, 1).numpy()
    return pixels


def _patches(frames: Pixels, grid: Grid) -> Pixels:
    """[F, H, W, 3] to [t * h * w, 1536]; one frame stands for both of its pair."""
    t, h, w = grid
    out = np.empty((t, h // 2, w // 2, 2, 2, 3, 2, PATCH_PX, PATCH_PX), np.uint8)
    for half in (0, 1):
        chosen = frames[[min(2 * pair + half, len(frames) - 1) for pair in range(t)]] if len(frames) > 1 else frames
        squares = chosen.reshape(t, h // 2, 2, PATCH_PX, w // 2, 2, PATCH_PX, 3)
        out[..., half, :, :] = squares.transpose(0, 1, 4, 2, 5, 7, 3, 6)
    return out.reshape(t * h * w, PATCH_VALUES)
