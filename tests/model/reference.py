"""transformers' Qwen3-VL as a reference: built from one of our configs, run on one sample at a time."""

from pathlib import Path
from typing import Any

import pytest
import torch

from model.config import Qwen3VLConfig
from model.rope import IMAGE_PAD, VIDEO_PAD
from tests.model.rows import Sample, randomise


def reference_model(config: Qwen3VLConfig, seed: int = 0) -> Any:
    """Their model of these sizes with random weights, in float32."""
    transformers = pytest.importorskip("transformers", reason="transformers is the reference")
    kind = "Qwen3VLMoe" if config.text.num_experts else "Qwen3VL"
    settings = getattr(transformers, f"{kind}Config")(**config.to_hf("float32"))
    model = getattr(transformers, f"{kind}ForConditionalGeneration")(settings).float().eval()
    randomise(model, seed)
    return model


def save_reference(model: Any, folder: Path) -> None:
    """Their own way to write it."""
    model.save_pretrained(folder)


def inputs(sample: Sample) -> dict[str, torch.Tensor]:
    """What their processor would give for the sample."""
    ids = torch.from_numpy(sample.ids).long().unsqueeze(0)
    given = {"input_ids": ids, "mm_token_type_ids": (ids == IMAGE_PAD).int() + 2 * (ids == VIDEO_PAD).int()}
    pixels = (torch.from_numpy(sample.patches).float() - 127.5) / 127.5
    parts = pixels.split([t * h * w for t, h, w in sample.grids])
    for video, name, grid_name in ((False, "pixel_values", "image_grid_thw"), (True, "pixel_values_videos", "video_grid_thw")):
        chosen = [number for number, kind in enumerate(sample.videos) if kind is video]
        if chosen:
            given[name] = torch.cat([parts[number] for number in chosen])
            given[grid_name] = torch.tensor([sample.grids[number] for number in chosen])
    return given


def reference_logits(model: Any, sample: Sample) -> torch.Tensor:
    """[L, vocabulary]."""
    model.model.rope_deltas = None  # they keep the last sample's
    logits: torch.Tensor = model(**inputs(sample)).logits[0]
    return logits
