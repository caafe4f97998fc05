"""AdamW over fp32 masters, for parameters that compute in bf16, in one pass over memory.

A parameter and its master share memory: the parameter is the upper half of the master, rounded to nearest, and `lows` holds the 16 bits
below. A step reads a bf16 gradient, the two halves and two fp32 means, and writes all but the gradient: 26 bytes a parameter, where
casting, torch's fused AdamW and copying back would take 40 (`bench/mfu.py` times both). On CUDA a Triton kernel does it in one launch;
elsewhere torch operations do the same arithmetic. A step whose gradient norm is not finite changes nothing, decided on the device without
waiting for the host. Parameters that are fp32, as FSDP2's shards are, are their own masters.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.tensor import DTensor

Factors: TypeAlias = "Callable[[str], float]"
PIECE = 2**26
"""Numbers that are joined at a time (chosen: 1 GB of temporaries)."""


@dataclass(frozen=True, slots=True)
class AdamWSettings:
    """Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.

    Attributes:
        beta1: Decay of the mean of gradients.
        beta2: Decay of the mean of squares (0.95, as in most large runs since GPT-3, against the paper's 0.999).
        eps: Added to the root.
        weight_decay: Applied to tensors of two dimensions or more; norms and biases are left alone.
    """

    beta1: float = 0.9
    beta2: float = 0.95
    eps: float = 1e-8
    weight_decay: float = 0.1


class AdamW:
    """Optimiser of the parameters of a model that require gradients.

    Args:
        parameters: Names and parameters. Those that are not of `compute` become so; what bf16 would lose of them is kept.
        settings: Constants of the update.
        compute: Type that forward and backward run in; None leaves parameters as they are.
        rate: Factor on the learning rate by parameter name.
    """

    def __init__(
        self,
        parameters: Iterable[tuple[str, nn.Parameter]],
        settings: AdamWSettings,
        *,
        compute: torch.dtype | None = None,
        rate: Factors = lambda name: 1.0,
    ) -> None:
        self.settings, self.steps = settings, 0
        self.names: list[str] = []
        self.parameters: list[nn.Parameter] = []
        self.lows: list[torch.Tensor | None] = []
        for name, parameter in parameters:
            master = parameter.detach().float()
            low = None
            if compute is not None and parameter.dtype != compute:
                parameter.data = master.to(compute)  # the master itself where compute is fp32
            if parameter.dtype == torch.bfloat16:
                parameter.data, low = split(master)
            self.names.append(name)
            self.parameters.append(parameter)
            self.lows.append(low)
        if not self.names:
            raise ValueError("no parameter requires a gradient")
        self.means = [torch.zeros_like(parameter.data, dtype=torch.float32) for parameter in self.parameters]
        self.squares = [torch.zeros_like(parameter.data, dtype=torch.float32) for parameter in self.parameters]
        self._sums: list[torch.Tensor] | None = None
        self._rates = [rate(name) for name in self.names]
        self._decays = [settings.weight_decay * (parameter.ndim > 1) for parameter in self.parameters]
        self._fused: Any = None

    def collect(self) -> None:
        """Add the gradients of one of several micro-batches to fp32 sums, since bf16 sums would lose the small ones."""
        if self.parameters[0].dtype == torch.float32:
            return  # autograd sums in place
        grads = self._gradients()
        if self._sums is None:
            self._sums = [grad.float() for grad in grads]
        else:
            torch._foreach_add_(self._sums, grads)
        self._clear()

    def step(self, learning_rate: float, max_norm: float, total_weight: float, healthy: torch.Tensor | None = None) -> torch.Tensor:
        """One update with the gradient divided by `total_weight` and clipped; forgets the gradients.

        Args:
            learning_rate: Before each parameter's own factor.
            max_norm: Gradients are scaled down to this L2 norm over all parameters and ranks (Pascanu et al., ICML 2013).
            total_weight: Loss weight of all micro-batches on all ranks: gradients are of the sum of weighted losses.
            healthy: Scalar that must be finite too: the loss.

        Returns:
            fp32 scalar on the device: the norm before clipping. If it or `healthy` is not finite, nothing was changed.
        """
        grads = self._sums if self._sums is not None else self._gradients()
        norm = _norm(grads, sharded=isinstance(self.parameters[0], DTensor)) / total_weight
        scale = torch.clamp(max_norm / (norm + 1e-6), max=1.0) / total_weight
        sound = torch.isfinite(norm) if healthy is None else torch.isfinite(norm) & torch.isfinite(healthy)
        scale = torch.where(sound, scale, torch.nan)
        self.steps += 1
        update = self._update_fused if grads[0].is_cuda else self._update
        update(grads, scale, learning_rate)
        self._sums = None
        self._clear()
        return norm

    def masters(self) -> list[torch.Tensor]:
        """fp32 masters: the parameters themselves where they are fp32, else joined from their halves into new tensors on the CPU."""
        pairs = zip(self.parameters, self.lows, strict=True)
        return [parameter.detach() if low is None else _joined_on_cpu(parameter.detach(), low) for parameter, low in pairs]

    def state(self) -> dict[str, dict[str, torch.Tensor]]:
        """The tensors that a checkpoint holds, by kind and name; the number of steps is kept beside them."""
        kinds = {"parameters": self.masters(), "means": self.means, "squares": self.squares}
        return {kind: dict(zip(self.names, tensors, strict=True)) for kind, tensors in kinds.items()}

    @torch.no_grad()
    def restored(self, steps: int, masters: Mapping[str, torch.Tensor]) -> None:
        """Call after the tensors of `state` were filled from a checkpoint: what could not be filled in place is taken over.

        Args:
            steps: Done before the checkpoint.
            masters: By name, what `state` gave as `parameters`.
        """
        self.steps = steps
        for name, parameter, low in zip(self.names, self.parameters, self.lows, strict=True):
            if low is not None:
                high, rest = split(masters[name])
                parameter.data.copy_(high)
                low.copy_(rest)

    def corrections(self) -> tuple[float, float]:
        """1 - beta^t of both means, for the running step t (Kingma and Ba, ICLR 2015, section 3)."""
        return 1 - self.settings.beta1**self.steps, 1 - self.settings.beta2**self.steps

    def _gradients(self) -> list[torch.Tensor]:
        """This rank's part of each gradient; zeros where a parameter was not used, so that all ranks and world sizes do the same."""
        return [
            torch.zeros_like(local(parameter.data)) if parameter.grad is None else local(parameter.grad) for parameter in self.parameters
        ]

    def _clear(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def _update(self, grads: Sequence[torch.Tensor], scale: torch.Tensor, learning_rate: float) -> None:
        if not bool(torch.isfinite(scale)):
            return
        beta1, beta2, eps = self.settings.beta1, self.settings.beta2, self.settings.eps
        first, second = self.corrections()
        for i, grad in enumerate(grads):
            rate, low, parameter = learning_rate * self._rates[i], self.lows[i], local(self.parameters[i].data)
            g, mean, square = grad.float() * scale, local(self.means[i]), local(self.squares[i])
            master = parameter if low is None else joined(parameter, low)
            mean.mul_(beta1).add_(g, alpha=1 - beta1)
            square.mul_(beta2).addcmul_(g, g, value=1 - beta2)
            master.mul_(1 - rate * self._decays[i])
            master.addcdiv_(mean, (square / second).sqrt_().add_(eps), value=-rate / first)
            if low is not None:
                high, rest = split(master)
                parameter.copy_(high)
                low.copy_(rest)

    def _update_fused(self, grads: Sequence[torch.Tensor], scale: torch.Tensor, learning_rate: float) -> None:
        if self._fused is None:
            from model.optimizer_kernel import FusedUpdate  # Triton comes with torch for CUDA only

            tensors = ([local(parameter.data) for parameter in self.parameters], self.lows)
            moments = ([local(mean) for mean in self.means], [local(square) for square in self.squares])
            self._fused = FusedUpdate(*tensors, *moments, self._rates, self._decays)
        self._fused(grads, scale, learning_rate, self.settings.beta1, self.settings.beta2, self.settings.eps, *self.corrections())


def split(master: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """An fp32 tensor as bf16, rounded to nearest with ties away from zero, and the int16 bits below; `joined` undoes it to the bit."""
    bits = master.view(torch.int32)
    return ((bits + 0x8000) >> 16).to(torch.int16).view(torch.bfloat16), bits.to(torch.int16)


def joined(high: torch.Tensor, low: torch.Tensor) -> torch.Tensor:
    """The fp32 tensor that `split` took apart. Where the lower bits are half or more, which as int16 is negative, `high` was rounded up."""
    upper = high.view(torch.int16).int() - (low < 0).int()
    return ((upper << 16) | (low.int() & 0xFFFF)).view(torch.float32)


def _joined_on_cpu(high: torch.Tensor, low: torch.Tensor) -> torch.Tensor:
    """`joined`, in pieces, so that a GPU need not hold a whole fp32 copy."""
    whole = torch.empty(high.shape, dtype=torch.float32)
    pieces = zip(whole.view(-1).split(PIECE), high.reshape(-1).split(PIECE), low.view(-1).split(PIECE), strict=True)
    for target, upper, lower in pieces:
        target.copy_(joined(upper, lower))
    return whole


def local(tensor: torch.Tensor) -> torch.Tensor:
    """This rank's part of a sharded tensor; the tensor itself where nothing is sharded."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def _norm(grads: Sequence[torch.Tensor], *, sharded: bool) -> torch.Tensor:
    """L2 norm over all gradients, and over all ranks if each holds a part."""
    square = torch.stack(torch._foreach_norm(list(grads), 2, dtype=torch.float32)).square().sum()
    if sharded:
        dist.all_reduce(square)
    return square.sqrt()
