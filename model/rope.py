"""Interleaved MRoPE (Qwen3-VL report, section 2.1): three position ids a token, and the angles that queries and keys are turned by."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from model.batch import Grid
from model.config import MERGE
from schemas.errors import DataError
from schemas.tokens import SPECIAL_TOKENS

IMAGE_PAD, VIDEO_PAD = SPECIAL_TOKENS["<|image_pad|>"], SPECIAL_TOKENS["<|video_pad|>"]


def position_ids(ids: npt.NDArray[np.integer], grids: Sequence[Grid]) -> npt.NDArray[np.int32]:
    """(T, H, W) ids of every token of one sample (`Qwen3VLModel.get_rope_index`).

    Text counts up on all three axes. A vision block that starts at id s has T = s, H = s + row and W = s + column over its merged grid, and
    what follows goes on from s + max(rows, columns). Each temporal patch of a video is a block of its own, since a timestamp precedes it.

    Args:
        ids: [L] token ids; each run of `<|image_pad|>` or `<|video_pad|>` is one block.
        grids: (t, h, w) in patches of each image and video, in the order of the text.

    Returns:
        int32 [3, L].

    Raises:
        DataError: The runs of placeholders are not those of the grids.
    """
    starts, lengths = _runs(ids)
    blocks = [(h // MERGE, w // MERGE) for t, h, w in grids for _ in range(t)]
    if lengths.tolist() != [rows * columns for rows, columns in blocks]:
        raise DataError("placeholders", f"runs of {lengths.tolist()} placeholders for vision blocks (rows, columns) {blocks}")
    positions = np.empty((3, len(ids)), np.int32)
    at = base = 0
    for start, length, (rows, columns) in zip(starts.tolist(), lengths.tolist(), blocks, strict=True):
        positions[:, at:start] = np.arange(base, base + start - at)
        base += start - at
        at = start + length
        positions[0, start:at] = base
        positions[1, start:at] = base + np.arange(length) // columns
        positions[2, start:at] = base + np.arange(length) % columns
        base += max(rows, columns)
    positions[:, at:] = np.arange(base, base + len(ids) - at)
    return positions


def _runs(ids: npt.NDArray[np.integer]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Starts and lengths of the runs of equal placeholders."""
    kinds = np.where((ids == IMAGE_PAD) | (ids == VIDEO_PAD), ids, 0)
    edges = np.flatnonzero(np.diff(kinds, prepend=0, append=0))
    starts, ends = edges[:-1], edges[1:]
    inside = kinds[starts] != 0
    return starts[inside], (ends - starts)[inside]


def inverse_frequencies(theta: float, count: int, device: torch.device | None = None) -> torch.Tensor:
    """float32 [count]: theta^(-k / count) for k = 0, 1, … (RoFormer, arXiv 2104.09864)."""
    return 1.0 / theta ** (torch.arange(count, dtype=torch.float32, device=device) / count)


def mrope_axes(section: tuple[int, int, int], count: int, device: torch.device | None = None) -> torch.Tensor:
    """int64 [count]: the axis (0 T, 1 H, 2 W) whose position turns each frequency.

    Frequency k belongs to H where k mod 3 is 1 and k < 3 section[1], to W where k mod 3 is 2 and k < 3 section[2], and to T everywhere else
    (`Qwen3VLTextRotaryEmbedding.recomposition_frequencies`).
    """
    k = torch.arange(count, device=device)
    height, width = (k % 3 == 1) & (k < 3 * section[1]), (k % 3 == 2) & (k < 3 * section[2])
    return height.long() + 2 * width.long()


def mrope(positions: torch.Tensor, theta: float, section: tuple[int, int, int], head_dim: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosine and sine of every token's angles, computed and kept in float32.

    Args:
        positions: int64 [3, T].
        theta: Base of the frequencies.
        section: Frequencies of T, H and W.
        head_dim: Width of one head.

    Returns:
        Two float32 tensors [T, head_dim / 2].
    """
    half, device = head_dim // 2, positions.device
    chosen = positions.float().index_select(0, mrope_axes(section, half, device))
    angles = chosen.T.contiguous() * inverse_frequencies(theta, half, device)
    return angles.cos(), angles.sin()


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Heads turned by their angles in the half-rotation convention, in float32, given back in the precision of `x`.

    Args:
        x: [T, heads, dim].
        cos: float32 [T, dim / 2].
        sin: float32 [T, dim / 2].
    """
    first, second = x.float().chunk(2, dim=-1)
    cos, sin = cos.unsqueeze(1), sin.unsqueeze(1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1).to(x.dtype)
