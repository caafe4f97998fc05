"""Greedy decoding of a packed row of prompts: one pass over all of them fills the cache, then all go on together, one token a step."""

from collections.abc import Collection
from itertools import pairwise

import torch
import torch.nn.functional as F

from model.attention import varlen_attention
from model.batch import Batch
from model.config import TextConfig
from model.qwen3_vl import Qwen3VL


@torch.no_grad()
def generate(model: Qwen3VL, batch: Batch, max_new_tokens: int, stop_ids: Collection[int]) -> list[list[int]]:
    """The most likely continuation of each prompt, token by token.

    Args:
        model: On the device of `batch`; not sharded.
        batch: Prompts as sub-samples, with their images. The first `len(sample_ids)` segments are prompts; all are where there are no ids.
        max_new_tokens: At most so many tokens each.
        stop_ids: Tokens that end an answer; they are not part of it.

    Returns:
        Token ids of each answer, in the order of the prompts.
    """
    bounds = batch.cu_seqlens.tolist()
    bounds = bounds[: len(batch.sample_ids) + 1] if batch.sample_ids else bounds
    lengths = [end - start for start, end in pairwise(bounds)]
    answers: list[list[int]] = [[] for _ in lengths]
    if max_new_tokens < 1 or not lengths:
        return answers
    cache = KvCache(model.config.text, lengths, max_new_tokens, model.head_weight)
    ends = batch.cu_seqlens[1 : len(lengths) + 1].long()
    tokens = _best(model, model.hidden(batch, cache)[ends - 1])
    # What follows a vision block goes on from the largest position in it, which is not that of its last token.
    positions = torch.stack([batch.positions[:, start:end].amax() for start, end in pairwise(bounds)])
    ongoing = set(range(len(lengths)))
    for _ in range(max_new_tokens):
        for row, token in enumerate(tokens.tolist()):
            if row in ongoing and token in stop_ids:
                ongoing.remove(row)
            elif row in ongoing:
                answers[row].append(token)
        if not ongoing or len(answers[min(ongoing)]) == max_new_tokens:
            break
        positions = positions + 1
        cache.advance()
        tokens = _best(model, _step(model, tokens, positions, cache))
    return answers


def _step(model: Qwen3VL, tokens: torch.Tensor, positions: torch.Tensor, cache: "KvCache") -> torch.Tensor:
    """[B, hidden] after one more token [B] for each prompt, at positions [B]."""
    decoder, none = model.decoder, torch.empty(0, dtype=torch.int64, device=tokens.device)
    hidden: torch.Tensor = decoder(
        decoder.embedding(tokens), positions.expand(3, -1), none, 1, none, (), torch.ones_like(tokens, dtype=torch.bool), cache
    )[0]
    return hidden


def _best(model: Qwen3VL, hidden: torch.Tensor) -> torch.Tensor:
    """[B]: the likeliest token after each hidden state [B, hidden]."""
    return F.linear(hidden, model.head_weight).argmax(-1)


class KvCache:
    """Keys and values of B prompts of different lengths, [layers, B, room, kv heads, dim] each, filled from the left.

    Args:
        config: Sizes.
        lengths: Tokens of each prompt, which must be the first tokens of the packed row.
        more: Tokens to come.
        like: A tensor on the device and in the precision of the model.
    """

    def __init__(self, config: TextConfig, lengths: list[int], more: int, like: torch.Tensor) -> None:
        shape = (config.num_hidden_layers, len(lengths), max(lengths) + more, config.num_key_value_heads, config.head_dim)
        self._keys, self._values = (torch.zeros(shape, dtype=like.dtype, device=like.device) for _ in range(2))
        self._live = torch.tensor(lengths, device=like.device)
        self._rows = torch.arange(len(lengths), device=like.device)
        self._row_of_token = self._rows.repeat_interleave(self._live)
        self._place_of_token = torch.cat([torch.arange(length, device=like.device) for length in lengths])
        self._prompting = True

    def advance(self) -> None:
        """Make room for one more token of each prompt."""
        self._live = self._live + (0 if self._prompting else 1)
        self._prompting = False

    def attend(
        self, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, cu_seqlens: torch.Tensor, max_seqlen: int
    ) -> torch.Tensor:
        """Attention of the packed prompts among themselves, then of one new token a prompt over all before it. Keeps k and v."""
        keys, values = self._keys[layer], self._values[layer]
        if self._prompting:
            known = len(self._row_of_token)
            keys[self._row_of_token, self._place_of_token] = k[:known]
            values[self._row_of_token, self._place_of_token] = v[:known]
            return varlen_attention(q, k, v, cu_seqlens, max_seqlen, causal=True)
        keys[self._rows, self._live] = k
        values[self._rows, self._live] = v
        visible = torch.arange(keys.shape[1], device=q.device) <= self._live.unsqueeze(1)
        seen = F.scaled_dot_product_attention(
            q.unsqueeze(2), keys.transpose(1, 2), values.transpose(1, 2), visible[:, None, None], enable_gqa=q.shape[1] != k.shape[1]
        )
        return seen.squeeze(2)
