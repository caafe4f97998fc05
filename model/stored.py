"""Models of finished and unfinished runs, and of Hugging Face checkpoints, opened for evaluation."""

from pathlib import Path
from typing import Any

import torch

from model.checkpoint import Checkpoints, read_json
from model.encode import EncodeSettings
from model.media import PixelBounds
from model.parallel import device_kind
from model.qwen3_vl import Qwen3VL
from model.run import bounds_of, model_sizes
from model.train_config import ModelChoice
from model.weights import load_hf
from schemas.errors import UserError


def train_json(run: Path) -> dict[str, Any] | None:
    """The config that a run was started with; None if the folder is not a run's."""
    path = run / "train.json"
    return read_json(path) if path.is_file() else None


def settings_of(run: Path) -> EncodeSettings:
    """How a run encoded its samples; Qwen3-VL's defaults where there was none."""
    config = train_json(run)
    if config is None:
        return EncodeSettings(bounds=PixelBounds())
    return EncodeSettings(bounds=bounds_of(config["data"].get("min_image_tokens"), config["data"]["max_image_tokens"]))


def load_model(run: Path, device: str | None = None) -> Qwen3VL:
    """A run's exported model, else that of its newest checkpoint; or a Hugging Face checkpoint. bf16 on a GPU, fp32 on a CPU.

    Args:
        run: Folder.
        device: `cuda` or `cpu`; None for a GPU if there is one.

    Raises:
        UserError: There is no model.
    """
    kind = device_kind(device)
    dtype = torch.bfloat16 if kind == "cuda" else torch.float32
    folder = run / "model" if (run / "model" / "config.json").is_file() else run
    if (folder / "config.json").is_file():
        return load_hf(folder, dtype=dtype).to(kind)
    config = train_json(run)
    record = Checkpoints(run / "checkpoints", 1, print, readonly=True).latest() if (run / "checkpoints").is_dir() else None
    if config is None or record is None:
        raise UserError(
            f"{run} holds no model", where=str(run), todo="give the folder of a run with a checkpoint, or of a Hugging Face checkpoint"
        )
    model = Qwen3VL(model_sizes(ModelChoice(**config["model"])))
    parameters = {name: parameter.detach() for name, parameter in model.named_parameters()}
    frozen = set(record["frozen"])
    kinds = {
        "parameters": {name: tensor for name, tensor in parameters.items() if name not in frozen},
        "frozen": {name: tensor for name, tensor in parameters.items() if name in frozen},
    }
    Checkpoints(run / "checkpoints", 1, print, readonly=True).load(record["step"], {kind: group for kind, group in kinds.items() if group})
    return model.to(kind, dtype)
