"""Packs whole samples into rows of one length: which samples share a row, and the `Batch` that a row becomes.

A sample is never cut. Each keeps its own positions and is its own attention segment, so that samples in a row never see each other and a
packed sample has the log-probabilities it has alone.
"""

import heapq
from bisect import bisect_left, insort
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt
import torch

from model.batch import IGNORE, Batch, Tokens
from model.chat import PAD
from model.config import MERGE
from model.rope import IMAGE_PAD, VIDEO_PAD
from model.vision import plan_vision


def best_fit(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Best-fit decreasing: longest first, each into the row with the least room that still holds it.

    At most 11/9 of the best possible number of rows and 4 more (Johnson, Demers, Ullman, Garey and Graham 1974).

    Args:
        lengths: Tokens of each sample, none above `capacity`.
        capacity: Slots of a row.

    Returns:
        For each row the numbers of its samples.
    """
    rows: list[list[int]] = []
    room: list[tuple[int, int]] = []  # (free slots, row), sorted
    for number in sorted(range(len(lengths)), key=lambda k: (-lengths[k], k)):
        length = lengths[number]
        if length > capacity:
            raise ValueError(f"sample {number} has {length} tokens, a row holds {capacity}")
        at = bisect_left(room, (length, -1))
        if at == len(room):
            rows.append([number])
            insort(room, (capacity - length, len(rows) - 1))
        else:
            free, row = room.pop(at)
            rows[row].append(number)
            insort(room, (free - length, row))
    return rows


def even_rows(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """As few rows as best fit makes, each with long and short samples alike.

    Best fit leaves rows of nothing but the shortest samples, and with them steps that see one data set only. So its number of rows is
    filled anew: longest first, each into the row with the most room (Graham 1969, "Bounds on multiprocessing timing anomalies"), which
    levels the rows' attention costs, too. Where that fits not all, the rows are those of best fit.
    """
    tight = best_fit(lengths, capacity)
    rows: list[list[int]] = [[] for _ in tight]
    used = [(0, row) for row in range(len(rows))]  # a heap
    for number in sorted(range(len(lengths)), key=lambda k: (-lengths[k], k)):
        filled, row = used[0]
        if filled + lengths[number] > capacity:
            return tight
        heapq.heapreplace(used, (filled + lengths[number], row))
        rows[row].append(number)
    return rows


def to_batch(samples: Sequence[Tokens], length: int, *, exponent: float = 0.0) -> Batch:
    """One row of `length` slots from whole samples, one after another, padded with `<|endoftext|>` as a last segment.

    Args:
        samples: What the row holds; may be empty.
        length: Slots of the row.
        exponent: p of the loss weight: each trained token of a sample with n of them weighs its turn's weight times n^-p. 0 gives the mean
            over tokens, 0.5 the square-root weighting that the Qwen3-VL report names (section 1), 1 the mean over samples.

    Raises:
        ValueError: The samples do not fit, or a placeholder has no patch.
    """
    used = sum(len(sample.ids) for sample in samples)
    if used > length:
        raise ValueError(f"samples of {used} tokens do not fit into {length} slots: {[sample.sample_id for sample in samples]}")
    ids = np.full(length, PAD, np.int64)
    targets = np.full(length, IGNORE, np.int64)
    weight = np.zeros(length, np.float32)
    positions = np.zeros((3, length), np.int64)
    sources = np.zeros(length, np.int64)
    starts = list(accumulate((len(sample.ids) for sample in samples), initial=0))
    for sample, at, end in zip(samples, starts, starts[1:], strict=False):
        ids[at:end], positions[:, at:end], sources[at:end] = sample.ids, sample.positions, sample.source
        targets[at : end - 1], weight[at : end - 1] = _next_tokens(sample, exponent)
    segments = np.array(starts if used == length else [*starts, length], np.int32)
    patches = _patches(samples)
    visual = np.flatnonzero((ids == IMAGE_PAD) | (ids == VIDEO_PAD))
    if len(visual) * MERGE**2 != len(patches):
        raise ValueError(f"{len(visual)} placeholders for {len(patches)} patches in {[sample.sample_id for sample in samples]}")
    return Batch(
        ids=torch.from_numpy(ids),
        targets=torch.from_numpy(targets),
        supervised=torch.from_numpy(np.flatnonzero(targets != IGNORE)),
        loss_weight=torch.from_numpy(weight),
        positions=torch.from_numpy(positions),
        sources=torch.from_numpy(sources),
        cu_seqlens=torch.from_numpy(segments),
        max_seqlen=int(np.diff(segments).max(initial=0)),
        patches=torch.from_numpy(patches),
        visual=torch.from_numpy(visual),
        plan=plan_vision([grid for sample in samples for grid in sample.grids]) if len(patches) else None,
        sample_ids=tuple(sample.sample_id for sample in samples),
    )


def _next_tokens(sample: Tokens, exponent: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Targets and weights of all slots of a sample but its last, which predicts nothing."""
    trained = sample.weights[1:] > 0
    targets = np.where(trained, sample.ids[1:], IGNORE).astype(np.int64)
    scale = float(max(int(trained.sum()), 1)) ** -exponent
    return targets, (sample.weights[1:] * scale).astype(np.float32)


def _patches(samples: Sequence[Tokens]) -> npt.NDArray[np.uint8]:
    filled = [sample.patches for sample in samples if len(sample.patches)]
    if not filled:
        return np.empty((0, 1536), np.uint8)
    return filled[0] if len(filled) == 1 else np.concatenate(filled)
