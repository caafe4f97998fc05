"""Qwen3-VL: one packed row of tokens and patches in, loss out. Equal to transformers' model to rounding: tests/model/test_parity.py."""

import zlib
from collections.abc import Iterator
from functools import cache

import torch
import torch.distributed
import torch.nn.functional as F
from torch import nn

from model.batch import Batch, VisionPlan
from model.config import MERGE, PATCH_VALUES, Qwen3VLConfig
from model.loss import LossParts, loss_parts, weighted_loss
from model.moe import balance_loss
from model.recompute import Block
from model.text import Cache, Decoder
from model.vision import VisionTower, plan_vision


class Qwen3VL(nn.Module):
    """The whole model. Parameters are float32 and uninitialised until `init_weights`, `model.weights.load_hf` or a checkpoint fills them.

    Nothing in `forward` reads a tensor on the host, so a GPU step runs ahead of Python (the SDPA fallback of `model.attention` excepted).
    """

    def __init__(self, config: Qwen3VLConfig) -> None:
        super().__init__()
        self.config = config
        self.vision = VisionTower(config.vision)
        self.decoder = Decoder(config.text)
        self.head = None if config.tie_word_embeddings else nn.Linear(config.text.hidden_size, config.text.vocab_size, bias=False)

    @property
    def head_weight(self) -> torch.Tensor:
        """[vocabulary, hidden]: the output head, or the token embedding it is tied to."""
        return self.decoder.embedding.weight if self.head is None else self.head.weight

    def blocks(self) -> Iterator[Block]:
        """The tower's blocks, its mergers, the decoder's layers: the units to compile, to shard, and to recompute (`Block.recompute`)."""
        for module in self.modules():
            if isinstance(module, Block):
                yield module

    def forward(self, batch: Batch) -> LossParts:
        """Sums of weighted losses, in all and by source. Slots without a target get no logits; those of the others never exist at once."""
        hidden, routing = self._run(batch, None)
        targets, weights, sources = (x[batch.supervised] for x in (batch.targets, batch.loss_weight, batch.sources))
        loss, terms = weighted_loss(hidden.index_select(0, batch.supervised), self.head_weight, targets, weights)
        balance = balance_loss(routing) if routing else loss.new_zeros(())
        return loss_parts(loss, terms, weights, sources, balance)

    def hidden(self, batch: Batch, cache: Cache | None = None) -> torch.Tensor:
        """[T, hidden], what the output head reads."""
        return self._run(batch, cache)[0]

    def logits(self, batch: Batch) -> torch.Tensor:
        """[T, vocabulary], all at once: for tests and short rows."""
        return F.linear(self.hidden(batch), self.head_weight)

    def _run(self, batch: Batch, cache: Cache | None) -> tuple[torch.Tensor, list[torch.Tensor]]:
        x = self.decoder.embedding(batch.ids)
        taps: list[torch.Tensor] = []
        if batch.plan is not None:
            tokens, taps = self.vision(batch.patches, batch.plan)
            x = x.index_copy(0, batch.visual, tokens.to(x.dtype))
        elif torch.distributed.is_initialized() and torch.distributed.get_world_size() > 1:
            x = x + self._nothing_seen(batch.patches.device)
        # Padding is the segment behind the last sample.
        counted = torch.arange(len(x), device=x.device) < batch.cu_seqlens[len(batch.sample_ids)]
        hidden, routing = self.decoder(x, batch.positions, batch.cu_seqlens, batch.max_seqlen, batch.visual, taps, counted, cache)
        return hidden, routing

    def _nothing_seen(self, device: torch.device) -> torch.Tensor:
        """0, by way of the whole tower: a rank without images must join the collectives that gather and reduce its weights."""
        patches = torch.zeros(MERGE**2, PATCH_VALUES, dtype=torch.uint8, device=device)
        tokens, taps = self.vision(patches, _smallest_plan(device))
        return torch.stack([tokens, *taps]).sum() * 0.0

    @torch.no_grad()
    def init_weights(self, seed: int) -> None:
        """Random weights as `transformers` draws them: normal with deviation `initializer_range`, norms 1, biases 0.

        Each tensor has a generator of its own, made from the seed and the tensor's name, so a model of other depth shares what it can.
        """
        deviations = {"vision": self.config.vision.initializer_range, "decoder": self.config.text.initializer_range}
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
            elif "norm" in name:
                parameter.fill_(1.0)
            else:
                generator = torch.Generator(parameter.device).manual_seed(zlib.crc32(f"{seed}/{name}".encode()))
                parameter.normal_(0.0, deviations.get(name.split(".")[0], self.config.text.initializer_range), generator=generator)


@cache
def _smallest_plan(device: torch.device) -> VisionPlan:
    """The plan of one visual token."""
    plan = plan_vision(((1, MERGE, MERGE),))
    return VisionPlan(
        plan.corners.to(device), plan.corner_weights.to(device), plan.rows_cols.to(device), plan.cu_seqlens.to(device), plan.max_seqlen
    )
