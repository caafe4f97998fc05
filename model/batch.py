"""What travels from the data path to the model: `Tokens`, one encoded sample in numpy, and `Batch`, one packed row of samples in torch.

A batch is one row of `length` slots. Sub-samples lie one after another, never split; slots left over are padding and form the last segment
of `cu_seqlens`. There is no batch dimension: more rows a step are more steps of accumulation or more ranks. Media of all sub-samples are
concatenated in the order of their placeholders, so that the j-th merged patch belongs to slot `visual[j]`.
"""

from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

IGNORE = -100
"""Target of a slot without loss: `torch.nn.functional.cross_entropy`'s default ignore_index."""

Grid: TypeAlias = tuple[int, int, int]
"""(t, h, w) of one image or one two-frame video group series, in patches of 16 px (t: temporal patches of two frames)."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """One encoded sample of L tokens, on the CPU.

    Attributes:
        sample_id: Where it came from.
        source: Number of its data set in the mixture.
        ids: int32 [L].
        weights: float32 [L], loss weight of predicting `ids[i]` from what precedes it; 0 where nothing is trained.
        positions: int32 [3, L], the (T, H, W) ids of interleaved MRoPE.
        patches: uint8 [N, 1536], pixel values 0–255 in Qwen's order: (channel, 2 frames, 16 rows, 16 columns) a patch, in 2x2 blocks.
        grids: One (t, h, w) a placeholder, images and videos in the order of the text. N = sum of t*h*w.
    """

    sample_id: str
    source: int
    ids: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]
    positions: npt.NDArray[np.int32]
    patches: npt.NDArray[np.uint8]
    grids: tuple[Grid, ...]


@dataclass(frozen=True, slots=True)
class VisionPlan:
    """All that the vision tower derives from grids alone, made on the CPU so that a step never waits for the host; N patches, S frames.

    Attributes:
        corners: int64 [4, N], rows of the 48x48 position table at the four corners around each patch.
        corner_weights: float32 [4, N], their bilinear weights.
        rows_cols: int64 [N, 2], row and column of each patch in its image, for 2-D RoPE.
        cu_seqlens: int32 [S + 1], attention segments: one a temporal patch of one image or video.
        max_seqlen: Longest segment.
    """

    corners: torch.Tensor
    corner_weights: torch.Tensor
    rows_cols: torch.Tensor
    cu_seqlens: torch.Tensor
    max_seqlen: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One packed row of T slots.

    Attributes:
        ids: int64 [T], padded with <|endoftext|>.
        targets: int64 [T], the token each slot predicts (`ids` shifted by one inside its sub-sample), `IGNORE` where there is none.
        supervised: int64 [M], the slots that have a target: the output head is computed for these alone.
        loss_weight: float32 [T], weight of that prediction: turn weight times n^-p, with n the supervised tokens of the sub-sample.
        positions: int64 [3, T]; padding slots hold 0.
        sources: int64 [T], source number of each slot; 0 in padding, whose weight is 0.
        cu_seqlens: int32 [S + 1], starts of sub-samples, then the end; padding is one more segment.
        max_seqlen: Longest segment.
        patches: uint8 [N, 1536] of all sub-samples; N may be 0.
        visual: int64 [N / 4], the slot of each merged patch.
        plan: Vision indices of all grids, or None where N is 0.
        sample_ids: Sub-samples in order, for messages.
    """

    ids: torch.Tensor
    targets: torch.Tensor
    supervised: torch.Tensor
    loss_weight: torch.Tensor
    positions: torch.Tensor
    sources: torch.Tensor
    cu_seqlens: torch.Tensor
    max_seqlen: int
    patches: torch.Tensor
    visual: torch.Tensor
    plan: VisionPlan | None
    sample_ids: tuple[str, ...] = ()

    def to(self, device: torch.device | str, *, non_blocking: bool = True) -> "Batch":
        """The batch with every tensor on `device`."""
        return _moved(self, device, non_blocking)


def _moved(record: "Batch", device: torch.device | str, non_blocking: bool) -> "Batch":
    def moved(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return value.to(device, non_blocking=non_blocking)
        if isinstance(value, VisionPlan):
            return VisionPlan(**{field.name: moved(getattr(value, field.name)) for field in fields(value)})
        return value

    return Batch(**{field.name: moved(getattr(record, field.name)) for field in fields(record)})
