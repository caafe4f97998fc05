"""The decoder: Qwen3 layers with normalised queries and keys, grouped key-value heads and SwiGLU, over packed tokens [T, hidden].

Projections that read the same input are one matrix each (query, key and value; gate and up); `model.weights` splits them at the border.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import nn

from model.config import TextConfig
from model.moe import Experts
from model.normed_attention import normed_attention, normed_heads
from model.recompute import Block, run
from model.rope import mrope


class Cache(Protocol):
    """Where generation keeps keys and values; it also attends over them, since only it knows which of them are live."""

    def attend(
        self, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, cu_seqlens: torch.Tensor, max_seqlen: int
    ) -> torch.Tensor:
        """Attention of new queries [T, heads, dim] over what is cached and the new keys and values [T, kv heads, dim], which are kept."""
        ...


class Attention(nn.Module):
    """Causal self-attention with RMSNorm over each head of q and k before RoPE."""

    def __init__(self, config: TextConfig, layer: int) -> None:
        super().__init__()
        heads = config.num_attention_heads
        self.layer, self.head_dim, self.kv_heads, self.eps = layer, config.head_dim, config.num_key_value_heads, config.rms_norm_eps
        self.qkv = nn.Linear(config.hidden_size, (heads + 2 * self.kv_heads) * self.head_dim, bias=False)
        self.out = nn.Linear(heads * self.head_dim, config.hidden_size, bias=False)
        self.q_norm = nn.RMSNorm(self.head_dim, eps=config.rms_norm_eps)
        self.k_norm = nn.RMSNorm(self.head_dim, eps=config.rms_norm_eps)

    def forward(
        self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, cu_seqlens: torch.Tensor, max_seqlen: int, cache: Cache | None
    ) -> torch.Tensor:
        """[T, hidden] to [T, hidden], in segments `cu_seqlens`, or with all that `cache` keeps."""
        qkv, scales = self.qkv(x).view(len(x), -1, self.head_dim), (self.q_norm.weight, self.k_norm.weight)
        if cache is None:
            seen = normed_attention(qkv, self.kv_heads, *scales, cos, sin, cu_seqlens, max_seqlen, self.eps)
        else:
            q, k, v = normed_heads(qkv, self.kv_heads, *scales, cos, sin, self.eps)
            seen = cache.attend(self.layer, q, k, v, cu_seqlens, max_seqlen)
        mixed: torch.Tensor = self.out(seen.flatten(1))
        return mixed


class Mlp(nn.Module):
    """SwiGLU."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.gate_up = nn.Linear(config.hidden_size, 2 * config.intermediate_size, bias=False)
        self.down = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[T, hidden] to [T, hidden]."""
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        y: torch.Tensor = self.down(F.silu(gate) * up)
        return y


class DecoderLayer(Block):
    """One pre-norm layer, dense or with experts."""

    def __init__(self, config: TextConfig, layer: int) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.attention = Attention(config, layer)
        self.mlp_norm = nn.RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.mlp: Mlp | Experts = Experts(config) if config.is_sparse(layer) else Mlp(config)

    def forward(
        self,
        x: torch.Tensor,
        cos: torch.Tensor,
        sin: torch.Tensor,
        cu_seqlens: torch.Tensor,
        max_seqlen: int,
        counted: torch.Tensor,
        cache: Cache | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """[T, hidden] to [T, hidden], and what balances the experts (`model.moe`), None where there are none.

        Args:
            x: [T, hidden].
            cos: float32 [T, head_dim / 2], from `mrope`.
            sin: float32 [T, head_dim / 2].
            cu_seqlens: int32 [S + 1].
            max_seqlen: Longest segment.
            counted: bool [T], tokens that the balance looks at.
            cache: Keys and values of generation.
        """
        x = x + self.attention(self.attention_norm(x), cos, sin, cu_seqlens, max_seqlen, cache)
        normed = self.mlp_norm(x)
        if isinstance(self.mlp, Experts):
            y, routing = self.mlp(normed, counted)
            return x + y, routing
        return x + self.mlp(normed), None


class Decoder(nn.Module):
    """Embedding, layers and final norm."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(DecoderLayer(config, layer) for layer in range(config.num_hidden_layers))
        self.norm = nn.RMSNorm(config.hidden_size, eps=config.rms_norm_eps)

    def forward(
        self,
        x: torch.Tensor,
        positions: torch.Tensor,
        cu_seqlens: torch.Tensor,
        max_seqlen: int,
        visual: torch.Tensor,
        taps: Sequence[torch.Tensor],
        counted: torch.Tensor,
        cache: Cache | None = None,
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Hidden states after the final norm, and what each sparse layer says about its routing.

        Args:
            x: [T, hidden], embeddings with visual tokens in place.
            positions: int64 [3, T].
            cu_seqlens: int32 [S + 1].
            max_seqlen: Longest segment.
            visual: int64 [V], slots of visual tokens.
            taps: DeepStack features [V, hidden]; number i is added to the visual slots after layer i.
            counted: bool [T], tokens that the balance of experts looks at: all but padding.
            cache: Keys and values of generation.
        """
        config = self.config
        cos, sin = mrope(positions, config.rope_theta, config.mrope_section, config.head_dim)
        routing: list[torch.Tensor] = []
        for index, layer in enumerate(self.layers):
            x, choices = run(layer, x, cos, sin, cu_seqlens, max_seqlen, counted, cache)
            if choices is not None:
                routing.append(choices)
            if index < len(taps):
                x = x.index_add(0, visual, taps[index].to(x.dtype))
        return self.norm(x), routing
