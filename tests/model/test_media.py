"""Sizes and patches of pictures and clips: `transformers`' rules on any size, and the order of values inside a patch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from model.media import PixelBounds, clip_grid, image_grid, patches_of_clip, patches_of_image, size_of
from schemas.errors import DataError
from tests.model.corpora import encoded, pixels

SIDE = st.integers(1, 6_000)


@given(SIDE, SIDE)
def test_image_sizes_are_the_processors(width: int, height: int) -> None:
    """Catches another rounding, another bound, another error, at any size."""
    theirs = pytest.importorskip("transformers.models.qwen2_vl.image_processing_pil_qwen2_vl", reason="transformers is not installed")
    bounds = PixelBounds()
    try:
        expected = theirs.smart_resize(height, width, factor=32, min_pixels=bounds.min_px, max_pixels=bounds.max_px)
    except ValueError:
        with pytest.raises(DataError, match="times as long as wide"):
            image_grid(width, height, bounds)
        return
    assert image_grid(width, height, bounds) == (1, expected[0] // 16, expected[1] // 16)


@given(st.integers(2, 800), SIDE, SIDE)
def test_clip_sizes_are_the_processors(frames: int, width: int, height: int) -> None:
    """Catches an area counted by frame instead of by clip, and frames rounded otherwise: 5 count as 4, 7 as 8."""
    theirs = pytest.importorskip("transformers.models.qwen3_vl.video_processing_qwen3_vl", reason="transformers is not installed")
    bounds = PixelBounds()
    try:
        expected = theirs.smart_resize(
            frames, height, width, temporal_factor=2, factor=32, min_pixels=bounds.min_clip_px, max_pixels=bounds.max_clip_px
        )
    except ValueError:
        with pytest.raises(DataError, match="times as long as wide"):
            clip_grid(frames, width, height, bounds)
        return
    assert clip_grid(frames, width, height, bounds) == ((frames + 1) // 2, expected[0] // 16, expected[1] // 16)


def patch_by_hand(frames: np.ndarray, number: int, width: int) -> np.ndarray:
    """Patch `number` of one pair of frames [2, H, W, 3], from the description in `model.batch`, one value at a time."""
    block, inside = divmod(number, 4)
    top = (block // (width // 32) * 2 + inside // 2) * 16
    left = (block % (width // 32) * 2 + inside % 2) * 16
    values = [frames[f, top + r, left + c, k] for k in range(3) for f in range(2) for r in range(16) for c in range(16)]
    return np.array(values, np.uint8)


def test_order_of_values() -> None:
    """Catches channels last, frames outside channels, rows of patches instead of 2x2 blocks."""
    array = pixels(default_rng(0), 320, 256)
    patches = patches_of_image(encoded(array), (320, 256), (1, 16, 20), "it")
    assert patches.shape == (320, 1536)
    for number in (0, 1, 2, 3, 4, 41, 319):
        np.testing.assert_array_equal(patches[number], patch_by_hand(np.stack([array, array]), number, 320))


def test_frames_of_a_clip_lie_in_pairs() -> None:
    """Catches frames paired with themselves, and an odd last frame dropped."""
    arrays = [pixels(default_rng(k), 64, 96) for k in range(5)]
    patches = patches_of_clip([encoded(array) for array in arrays], (3, 6, 4), "it").reshape(3, 24, 1536)
    for pair, (a, b) in enumerate([(0, 1), (2, 3), (4, 4)]):
        for number in (0, 7, 23):
            np.testing.assert_array_equal(patches[pair, number], patch_by_hand(np.stack([arrays[a], arrays[b]]), number, 64))


def test_sizes_from_the_header() -> None:
    data = encoded(pixels(default_rng(0), 40, 30), "JPEG")
    assert size_of(data[:-20], "it") == (40, 30)
    with pytest.raises(DataError, match="it is no picture"):
        size_of(b"", "it")
