"""The vision tower: flattened patches to visual tokens for the decoder, and the indices it needs, planned on the CPU."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import nn

from model.attention import varlen_attention
from model.batch import Grid, VisionPlan
from model.config import MERGE, PATCH_VALUES, TABLE_SIDE, VISION_EPS, VISION_ROPE_THETA, VisionConfig
from model.recompute import Block, run
from model.rope import inverse_frequencies, rotate


def plan_vision(grids: Sequence[Grid]) -> VisionPlan:
    """All that the vision tower derives from grids alone.

    Args:
        grids: At least one (t, h, w) in patches, h and w even.

    Returns:
        The plan, on the CPU; its tensors are new, those behind them are cached per (h, w).
    """
    frames = [_plan_frame(h, w) for t, h, w in grids for _ in range(t)]
    lengths = [h * w for t, h, w in grids for _ in range(t)]
    return VisionPlan(
        corners=torch.cat([corners for corners, _, _ in frames], dim=1),
        corner_weights=torch.cat([weights for _, weights, _ in frames], dim=1),
        rows_cols=torch.cat([rows_cols for _, _, rows_cols in frames]),
        cu_seqlens=torch.from_numpy(np.cumsum([0, *lengths], dtype=np.int32)),
        max_seqlen=max(lengths),
    )


@lru_cache(maxsize=1024)
def _plan_frame(h: int, w: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Table rows [4, h w], their weights [4, h w], and (row, column) [h w, 2] of the patches of one frame, in 2x2 blocks."""
    if h % MERGE or w % MERGE or h < 1 or w < 1:
        raise ValueError(f"a grid of {h}x{w} patches does not divide into blocks of {MERGE}x{MERGE}")
    order = np.arange(h * w).reshape(h // MERGE, MERGE, w // MERGE, MERGE).swapaxes(1, 2).reshape(-1)
    rows, columns = order // w, order % w
    (row0, row1, row_part), (column0, column1, column_part) = _table_taps(rows, h), _table_taps(columns, w)
    corners = [row * TABLE_SIDE + column for row in (row0, row1) for column in (column0, column1)]
    weights = [row * column for row in (1 - row_part, row_part) for column in (1 - column_part, column_part)]
    return (
        torch.from_numpy(np.stack(corners)),
        torch.from_numpy(np.stack(weights).astype(np.float32)),
        torch.from_numpy(np.stack((rows, columns), axis=1)),
    )


def _table_taps(index: npt.NDArray[np.int64], size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The two lines of the table around each sample point of linspace(0, 47, size), and how far the point is towards the second.

    Bilinear with aligned corners (`Qwen3VLVisionModel.fast_pos_embed_interpolate` of transformers 4.57), in exact integers.
    """
    steps = max(size - 1, 1)
    first, rest = np.divmod(index * (TABLE_SIDE - 1), steps)
    return first, np.minimum(first + 1, TABLE_SIDE - 1), rest / steps


class VisionAttention(nn.Module):
    """Full self-attention within each frame."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.heads, self.head_dim = config.num_heads, config.head_dim
        self.qkv = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.out = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, cu_seqlens: torch.Tensor, max_seqlen: int) -> torch.Tensor:
        """[N, hidden] to [N, hidden], in segments `cu_seqlens`."""
        q, k, v = self.qkv(x).view(len(x), 3, self.heads, self.head_dim).unbind(1)
        seen = varlen_attention(rotate(q, cos, sin), rotate(k, cos, sin), v, cu_seqlens, max_seqlen, causal=False)
        mixed: torch.Tensor = self.out(seen.flatten(1))
        return mixed


class VisionBlock(Block):
    """One pre-norm block with an MLP in tanh-approximated GELU."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.hidden_size, eps=VISION_EPS)
        self.attention = VisionAttention(config)
        self.mlp_norm = nn.LayerNorm(config.hidden_size, eps=VISION_EPS)
        self.up = nn.Linear(config.hidden_size, config.intermediate_size)
        self.down = nn.Linear(config.intermediate_size, config.hidden_size)

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, cu_seqlens: torch.Tensor, max_seqlen: int) -> torch.Tensor:
        """[N, hidden] to [N, hidden], in segments `cu_seqlens`."""
        x = x + self.attention(self.attention_norm(x), cos, sin, cu_seqlens, max_seqlen)
        y: torch.Tensor = x + self.down(F.gelu(self.up(self.mlp_norm(x)), approximate="tanh"))
        return y


class Merger(Block):
    """2x2 patches to one visual token, through exact GELU. The main merger normalises patches, those of DeepStack the joined four."""

    def __init__(self, config: VisionConfig, *, norm_joined: bool) -> None:
        super().__init__()
        self.joined = MERGE**2 * config.hidden_size
        self.norm = nn.LayerNorm(self.joined if norm_joined else config.hidden_size, eps=VISION_EPS)
        self.norm_joined = norm_joined
        self.up = nn.Linear(self.joined, self.joined)
        self.down = nn.Linear(self.joined, config.out_hidden_size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[N, hidden], four patches of a token in a row, to [N / 4, decoder hidden]."""
        if self.norm_joined:
            x = self.norm(x.view(-1, self.joined))
        else:
            x = self.norm(x).view(-1, self.joined)
        y: torch.Tensor = self.down(F.gelu(self.up(x)))
        return y


class VisionTower(nn.Module):
    """Patches to visual tokens, and to the DeepStack features of the tapped blocks."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        self.patch = nn.Linear(PATCH_VALUES, config.hidden_size)
        self.table = nn.Embedding(TABLE_SIDE**2, config.hidden_size)
        self.blocks = nn.ModuleList(VisionBlock(config) for _ in range(config.depth))
        self.merger = Merger(config, norm_joined=False)
        self.deepstack_mergers = nn.ModuleList(Merger(config, norm_joined=True) for _ in config.deepstack_visual_indexes)

    def forward(self, patches: torch.Tensor, plan: VisionPlan) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Visual tokens [N / 4, decoder hidden], and one such tensor for each tapped block in the order of the blocks.

        Args:
            patches: uint8 [N, 1536]; scaled here to -1..1, as the released preprocessor_config.json does with mean and deviation 0.5.
            plan: What `plan_vision` made of the grids.
        """
        dtype = self.patch.weight.dtype
        x = self.patch((patches.float() / 127.5 - 1).to(dtype))
        x = x + (self.table(plan.corners) * plan.corner_weights.unsqueeze(-1)).sum(0).to(dtype)
        cos, sin = self._angles(plan.rows_cols)
        taps = []
        for index, block in enumerate(self.blocks):
            x = run(block, x, cos, sin, plan.cu_seqlens, plan.max_seqlen)
            if index in self.config.deepstack_visual_indexes:
                taps.append(run(self.deepstack_mergers[self.config.deepstack_visual_indexes.index(index)], x))
        return run(self.merger, x), taps

    def _angles(self, rows_cols: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """float32 [N, head_dim / 2] twice: the first half of the frequencies turns with the row, the second with the column."""
        frequencies = inverse_frequencies(VISION_ROPE_THETA, self.config.head_dim // 4, rows_cols.device)
        angles = (rows_cols.float().unsqueeze(-1) * frequencies).flatten(1)
        return angles.cos(), angles.sin()
