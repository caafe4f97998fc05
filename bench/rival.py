"""The rival of the training benches: `Qwen3VLForConditionalGeneration` of transformers with random weights in bf16, one optimiser step at a
time.

It gets what helps it: SDPA attention, fused AdamW over bf16 weights without masters, positions made beforehand, and no attention mask where
nothing is padded.
"""

from collections.abc import Sequence

import torch
from torch.nn.utils import clip_grad_norm_

from model.batch import IGNORE, Tokens
from model.config import Qwen3VLConfig


class Rival:
    """A model and its optimiser. `step` trains on samples as one batch, padded to the longest.

    Args:
        sizes: Of the model.
        compiled: Whether the whole model goes through torch.compile.
        recompute: Whether it recomputes activations.
    """

    def __init__(self, sizes: Qwen3VLConfig, *, compiled: bool, recompute: bool = False) -> None:
        from transformers import Qwen3VLConfig as TheirConfig
        from transformers import Qwen3VLForConditionalGeneration

        with torch.device("cuda"):
            model = Qwen3VLForConditionalGeneration._from_config(  # type: ignore[no-untyped-call]
                TheirConfig.from_dict(sizes.to_hf()), attn_implementation="sdpa", dtype=torch.bfloat16
            )
        if recompute:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        self.parameters = list(model.parameters())
        self.optimizer = torch.optim.AdamW(self.parameters, lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
        self.model = torch.compile(model.train()) if compiled else model.train()

    def step(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """Forward, backward, clipping, update; the loss on the device."""
        loss: torch.Tensor = self.model(**inputs, use_cache=False).loss
        loss.backward()
        clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.detach()


def rival_inputs(samples: Sequence[Tokens]) -> dict[str, torch.Tensor]:
    """Arguments of the model's forward, on the GPU, for samples padded on the right to the longest."""
    length = max(len(sample.ids) for sample in samples)
    padded = any(len(sample.ids) < length for sample in samples)
    ids = torch.full((len(samples), length), 151_643)
    labels = torch.full((len(samples), length), IGNORE)
    positions = torch.ones(3, len(samples), length, dtype=torch.int64)
    mask = torch.zeros(len(samples), length, dtype=torch.int64)
    for number, sample in enumerate(samples):
        end = len(sample.ids)
        ids[number, :end] = torch.from_numpy(sample.ids)
        labels[number, :end] = torch.where(torch.from_numpy(sample.weights) > 0, torch.from_numpy(sample.ids).long(), IGNORE)
        positions[:, number, :end] = torch.from_numpy(sample.positions)
        mask[number, :end] = 1
    patches = torch.cat([torch.from_numpy(sample.patches) for sample in samples])
    inputs = {
        "input_ids": ids,
        "labels": labels,
        "position_ids": positions,
        "pixel_values": (patches.float() / 127.5 - 1).to(torch.bfloat16),
        "image_grid_thw": torch.tensor([grid for sample in samples for grid in sample.grids]),
        **({"attention_mask": mask} if padded else {}),
    }
    return {name: tensor.cuda() for name, tensor in inputs.items()}
