"""A block of the model, the unit of `torch.compile`, of FSDP's sharding and of activation checkpointing."""

from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


class Block(nn.Module):
    """A module that forgets its activations and computes them again in the backward pass while `recompute` is true."""

    recompute: bool = False


def run(block: nn.Module, *args: Any) -> Any:
    """`block(*args)`, checkpointed if the block asks for it. Nothing in a block is random, so no generator state is kept."""
    if isinstance(block, Block) and block.recompute and torch.is_grad_enabled():
        return checkpoint(block, *args, use_reentrant=False, preserve_rng_state=False)
    return block(*args)
