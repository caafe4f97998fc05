"""Packed rows of random tokens and pixels for the training benches: the shapes of real ones, without files.

Made apart from `model.pack`, so that a bare GPU machine needs nothing but torch, NumPy and tiktoken for them.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from model.batch import IGNORE, Batch, Grid, Tokens, VisionPlan
from model.config import MERGE, PATCH_VALUES
from model.rope import IMAGE_PAD, position_ids
from model.vision import plan_vision
from schemas.tokens import VISION_END, VISION_START

PAD = 151_643
"""`<|endoftext|>`."""


def made_sample(tokens: int, grids: Sequence[Grid], seed: int) -> Tokens:
    """A sample of `tokens` tokens: its images first, then text that is all trained."""
    rng = np.random.default_rng(seed)
    seen = [np.array([VISION_START, *[IMAGE_PAD] * (t * h * w // MERGE**2), VISION_END], np.int32) for t, h, w in grids]
    text = tokens - sum(map(len, seen))
    if text < 1:
        raise ValueError(f"{tokens} tokens do not hold {len(grids)} images of {sum(map(len, seen))}")
    ids: npt.NDArray[np.int32] = np.concatenate([*seen, rng.integers(0, 151_643, text).astype(np.int32)])
    weights = np.concatenate([np.zeros(tokens - text, np.float32), np.ones(text, np.float32)])
    patches = rng.integers(0, 256, (sum(t * h * w for t, h, w in grids), PATCH_VALUES), np.uint8)
    return Tokens(f"made/{seed}", 0, ids, weights, position_ids(ids, list(grids)), patches, tuple(grids))


def made_row(samples: Sequence[tuple[int, Sequence[Grid]]], length: int, seed: int = 0) -> Batch:
    """One row of samples, each (tokens, grids)."""
    return packed([made_sample(tokens, grids, 1000 * seed + k) for k, (tokens, grids) in enumerate(samples)], length)


def packed(samples: Sequence[Tokens], length: int) -> Batch:
    """Whole samples one after another, each token of weight predicted from the one before, then padding."""
    spare = length - sum(len(sample.ids) for sample in samples)
    ids = np.concatenate([*(sample.ids for sample in samples), np.full(spare, PAD, np.int32)]).astype(np.int64)
    weights = np.concatenate([*(np.append(sample.weights[1:], np.float32(0)) for sample in samples), np.zeros(spare, np.float32)])
    positions = np.concatenate([*(sample.positions for sample in samples), np.zeros((3, spare), np.int32)], axis=1)
    ends = np.cumsum([0, *(len(sample.ids) for sample in samples), *([spare] if spare else [])]).astype(np.int32)
    grids = [grid for sample in samples for grid in sample.grids]
    row = Batch(
        ids=torch.from_numpy(ids),
        targets=torch.from_numpy(np.where(weights > 0, np.roll(ids, -1), IGNORE)),
        supervised=torch.from_numpy(np.flatnonzero(weights)),
        loss_weight=torch.from_numpy(weights),
        positions=torch.from_numpy(positions.astype(np.int64)),
        sources=torch.zeros(length, dtype=torch.int64),
        cu_seqlens=torch.from_numpy(ends),
        max_seqlen=int(np.diff(ends).max()),
        patches=torch.from_numpy(np.concatenate([sample.patches for sample in samples])),
        visual=torch.from_numpy(np.flatnonzero(ids == IMAGE_PAD)),
        plan=plan_vision(grids) if grids else None,
        sample_ids=tuple(sample.sample_id for sample in samples),
    )
    return pinned(row)


def pinned(row: Batch) -> Batch:
    """The row in page-locked memory where there is a GPU, as the loader gives it."""
    if not torch.cuda.is_available():
        return row
    plan = row.plan and replace(row.plan, **_pinned_tensors(row.plan))
    return replace(row, plan=plan, **_pinned_tensors(row))


def _pinned_tensors(held: Batch | VisionPlan) -> dict[str, Any]:
    values = {item.name: getattr(held, item.name) for item in fields(held)}
    return {name: value.pin_memory() for name, value in values.items() if isinstance(value, torch.Tensor)}
