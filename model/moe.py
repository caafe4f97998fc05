"""Mixture of experts: a router picks experts for each token, and one grouped matrix product runs them all (Qwen3-VL-MoE)."""

import torch
import torch.nn.functional as F
from torch import nn

from model.config import TextConfig


class Experts(nn.Module):
    """SwiGLU experts. Their weights lie as in the released checkpoints: [E, hidden, 2 x width], gate before up, and [E, width, hidden]."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        count, hidden, width = config.num_experts, config.hidden_size, config.moe_intermediate_size
        self.per_token = config.num_experts_per_tok
        self.router = nn.Linear(hidden, count, bias=False)
        self.gate_up = nn.Parameter(torch.empty(count, hidden, 2 * width))
        self.down = nn.Parameter(torch.empty(count, width, hidden))

    def forward(self, x: torch.Tensor, counted: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The experts' mix for each token, and what balances them.

        Args:
            x: [T, hidden].
            counted: bool [T], tokens that the balance looks at.

        Returns:
            [T, hidden]; float32 [3, E]: how often each expert was chosen, the sum of its probabilities, and the number of tokens.
        """
        probabilities = self.router(x).softmax(-1, dtype=torch.float32)
        weights, chosen = probabilities.topk(self.per_token, dim=-1)
        weights = (weights / weights.sum(-1, keepdim=True)).to(x.dtype)
        return self._mix(x, weights, chosen), _routing(probabilities, chosen, counted)

    def _mix(self, x: torch.Tensor, weights: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        """Sort tokens by expert, run each expert on its run of rows, and sum each token's rows in the order they were chosen."""
        order = chosen.flatten().argsort(stable=True)
        count = torch.arange(len(self.gate_up), device=x.device)
        ends = torch.searchsorted(chosen.flatten()[order], count, right=True).to(torch.int32)
        rows = x[order // self.per_token]
        gate, up = F.grouped_mm(rows, self.gate_up, offs=ends).chunk(2, dim=-1)
        outputs = F.grouped_mm(F.silu(gate) * up, self.down, offs=ends)
        mixed: torch.Tensor = (outputs[order.argsort()].view(*chosen.shape, -1) * weights.unsqueeze(-1)).sum(1)
        return mixed


def _routing(probabilities: torch.Tensor, chosen: torch.Tensor, counted: torch.Tensor) -> torch.Tensor:
    seen = counted.float()
    picks = torch.zeros_like(probabilities).scatter(1, chosen, 1.0)
    return torch.stack((seen @ picks, seen @ probabilities, seen.sum().expand(probabilities.shape[1])))


def balance_loss(routing: list[torch.Tensor]) -> torch.Tensor:
    """Load balance over all sparse layers: E sum_e f_e p_e, with f the choices and p the probability of expert e a token.

    Switch Transformer (arXiv 2101.03961), equations 4 to 6, as `load_balancing_loss_func` of transformers computes it. An even load gives
    the number of experts a token.

    Args:
        routing: float32 [3, E] of each layer, from `Experts.forward`.

    Returns:
        A scalar.
    """
    picks, probabilities, tokens = torch.stack(routing).sum(0)
    loss: torch.Tensor = len(picks) * (picks * probabilities / tokens.square().clamp(min=1)).sum()
    return loss
