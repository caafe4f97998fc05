"""Small models and packed rows for tests of the model: sizes that show every part, weights so large that every part matters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from model.batch import IGNORE, Batch, Grid
from model.config import PATCH_VALUES, Qwen3VLConfig, preset
from model.qwen3_vl import Qwen3VL
from model.rope import IMAGE_PAD, VIDEO_PAD, position_ids
from model.vision import plan_vision
from schemas.tokens import VISION_END, VISION_START

PAD = 151643


def tiny(**changes: Any) -> Qwen3VLConfig:
    """The tiny preset with fields of its parts changed; a field of the tower is named `vision_…`."""
    config = preset("tiny")
    vision = {name.removeprefix("vision_"): value for name, value in changes.items() if name.startswith("vision_")}
    tied = changes.pop("tie_word_embeddings", config.tie_word_embeddings)
    text = {name: value for name, value in changes.items() if not name.startswith("vision_")}
    return replace(config, vision=replace(config.vision, **vision), text=replace(config.text, **text), tie_word_embeddings=tied)


MOE = {"num_experts": 6, "num_experts_per_tok": 2, "moe_intermediate_size": 24}


@dataclass(frozen=True)
class Sample:
    """One conversation: token ids, and patches and grids of its images and videos in order."""

    ids: np.ndarray[Any, np.dtype[np.int32]]
    grids: tuple[Grid, ...]
    videos: tuple[bool, ...]
    patches: np.ndarray[Any, np.dtype[np.uint8]]


def sample(seed: int, media: Sequence[tuple[str, Grid]] = (), text: int = 7) -> Sample:
    """A sample with some text before, between and after media; a video has text (its timestamp) before each temporal patch."""
    rng = np.random.default_rng(seed)

    def words() -> list[int]:
        return [int(word) for word in rng.integers(1000, 150_000, rng.integers(1, text + 1))]

    ids = words()
    for kind, (t, h, w) in media:
        pad = IMAGE_PAD if kind == "image" else VIDEO_PAD
        for _ in range(t):
            ids += [*words(), VISION_START, *[pad] * (h * w // 4), VISION_END]
    ids += words()
    grids = tuple(grid for _, grid in media)
    patches = rng.integers(0, 256, (sum(t * h * w for t, h, w in grids), PATCH_VALUES), np.uint8)
    return Sample(np.array(ids, np.int32), grids, tuple(kind == "video" for kind, _ in media), patches)


def packed(samples: Sequence[Sample], length: int | None = None) -> Batch:
    """One row of whole samples, every next token supervised, padded to `length`."""
    ids = np.concatenate([s.ids for s in samples]).astype(np.int64)
    positions = np.concatenate([position_ids(s.ids, s.grids) for s in samples], axis=1)
    targets = np.concatenate([np.append(s.ids[1:], IGNORE) for s in samples]).astype(np.int64)
    sources = np.concatenate([np.full(len(s.ids), number) for number, s in enumerate(samples)])
    bounds = np.cumsum([0, *(len(s.ids) for s in samples)])
    length = length or len(ids)
    spare = length - len(ids)
    if spare:
        ids, targets, sources = (np.append(x, np.full(spare, fill)) for x, fill in ((ids, PAD), (targets, IGNORE), (sources, 0)))
        positions, bounds = np.pad(positions, ((0, 0), (0, spare))), np.append(bounds, length)
    grids = [grid for s in samples for grid in s.grids]
    return Batch(
        ids=torch.from_numpy(ids),
        targets=torch.from_numpy(targets),
        supervised=torch.from_numpy(np.flatnonzero(targets != IGNORE)),
        loss_weight=torch.from_numpy((targets != IGNORE).astype(np.float32)),
        positions=torch.from_numpy(positions.astype(np.int64)),
        sources=torch.from_numpy(sources),
        cu_seqlens=torch.from_numpy(bounds.astype(np.int32)),
        max_seqlen=int(np.diff(bounds).max()),
        patches=torch.from_numpy(np.concatenate([s.patches for s in samples])),
        visual=torch.from_numpy(np.flatnonzero((ids == IMAGE_PAD) | (ids == VIDEO_PAD))),
        plan=plan_vision(grids) if grids else None,
        sample_ids=tuple(f"made/{number}" for number in range(len(samples))),
    )


def randomise(module: torch.nn.Module, seed: int = 0) -> None:
    """Weights large enough, norms and biases uneven enough, that each part changes the logits by far more than rounding."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            spread = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(1 + 0.3 * spread if "norm" in name and name.endswith("weight") else 0.12 * spread)


def random_model(config: Qwen3VLConfig, seed: int = 0) -> Qwen3VL:
    model = Qwen3VL(config)
    randomise(model, seed)
    return model
