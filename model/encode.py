"""`encode`: one sample to token ids, loss weights, 3-D positions and patches, equal to `transformers`' own Qwen3-VL processor.

Frame times are the clip's own, never a rate assumed; resolution bounds are those of 32 px units; nothing is cut short, so placeholders
always match patches. Nothing here knows sequences, data sets or devices.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from model.batch import Grid, Tokens
from model.chat import lay_out
from model.config import MERGE, PATCH_VALUES
from model.media import PixelBounds, Pixels, clip_grid, image_grid, patches_of_clip, patches_of_image, size_of
from model.rope import position_ids
from schemas.errors import DataError
from schemas.sample import Clip, Image, Sample
from schemas.shard_rows import Conversation, Film, Picture
from schemas.timecode import pair_times
from schemas.tokens import ClipMarks

Readable: TypeAlias = Sample | Conversation
"""What can be encoded: a whole sample, or the columns that a trainer reads of it."""


@dataclass(frozen=True, slots=True)
class EncodeSettings:
    """How samples are encoded. The defaults are those of the released Qwen3-VL and of the token counts that shards store.

    Attributes:
        bounds: Area bounds of images and clips.
        outer_video_marks: See `model.chat.lay_out`.
    """

    bounds: PixelBounds = field(default_factory=PixelBounds)
    outer_video_marks: bool = False


def encode(sample: Readable, settings: EncodeSettings | None = None, *, source: int = 0) -> Tokens:
    """Encode one sample.

    Args:
        sample: A sample with its encoded media.
        settings: Resolution bounds and layout.
        source: Number of its data set in the mixture.

    Raises:
        DataError: Media cannot be decoded, have impossible sizes, or do not match the placeholders; its detail names the sample.
    """
    settings = settings or EncodeSettings()
    images: Sequence[Image | Picture] = sample.images
    clips: Sequence[Clip | Film] = sample.clips
    try:
        image_grids, clip_grids = grids_of(sample, settings.bounds)
        laid = lay_out(
            sample.turns,
            [_tokens(grid) for grid in image_grids],
            [ClipMarks(pair_times(clip.time_s), _tokens(grid) // grid[0]) for clip, grid in zip(clips, clip_grids, strict=True)],
            outer_video_marks=settings.outer_video_marks,
        )
        media: dict[str, Iterator[tuple[Image | Picture | Clip | Film, Grid]]] = {
            "image": iter(zip(images, image_grids, strict=True)),
            "video": iter(zip(clips, clip_grids, strict=True)),
        }
        ordered = [next(media[kind]) for kind in laid.order]
        pixels = [_patches(item, grid, f"medium {number}") for number, (item, grid) in enumerate(ordered)]
    except DataError as error:
        raise DataError(error.reason, f"sample {sample.sample_id}: {error.detail}") from error
    grids = tuple(grid for _, grid in ordered)
    patches = pixels[0] if len(pixels) == 1 else np.concatenate([np.empty((0, PATCH_VALUES), np.uint8), *pixels])
    return Tokens(sample.sample_id, source, laid.ids, laid.weights, position_ids(laid.ids, grids), patches, grids)


def grids_of(sample: Readable, bounds: PixelBounds) -> tuple[list[Grid], list[Grid]]:
    """The grids of a sample's images and of its clips; decodes nothing. DataError as `encode`."""
    images: Sequence[Image | Picture] = sample.images
    clips: Sequence[Clip | Film] = sample.clips
    return (
        [image_grid(image.width_px, image.height_px, bounds) for image in images],
        [_clip_grid(clip, number, bounds) for number, clip in enumerate(clips)],
    )


def vision_tokens(sample: Readable, bounds: PixelBounds) -> int:
    """Tokens of all media of a sample, without marks and times; decodes nothing. DataError as `encode`."""
    return sum(_tokens(grid) for grids in grids_of(sample, bounds) for grid in grids)


def _clip_grid(clip: Clip | Film, number: int, bounds: PixelBounds) -> Grid:
    if len(clip.frames) != len(clip.time_s):
        raise DataError("clip_times", f"clip {number} has {len(clip.frames)} frames but {len(clip.time_s)} times")
    width, height = size_of(clip.frames[0], f"frame 0 of clip {number}") if clip.frames else (0, 0)
    return clip_grid(len(clip.frames), width, height, bounds)


def _patches(item: Image | Picture | Clip | Film, grid: Grid, where: str) -> Pixels:
    if isinstance(item, Image | Picture):
        return patches_of_image(item.data, (item.width_px, item.height_px), grid, where)
    return patches_of_clip(item.frames, grid, where)


def _tokens(grid: Grid) -> int:
    return grid[0] * grid[1] * grid[2] // MERGE**2
