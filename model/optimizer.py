"""AdamW over fp32 masters, for parameters that compute in bf16, in one pass over memory.

A step reads a bf16 gradient, three fp32 numbers and writes three of them and the bf16 parameter: 28 bytes a parameter. Casting, torch's
fused AdamW and copying back would take 40 (`bench/mfu.py` prints both). On CUDA a Triton kernel does it; elsewhere torch operations do the
same arithmetic. A step whose gradient norm is not finite changes nothing, decided on the device without waiting for the host. Parameters
that are fp32, as FSDP2's shards are, are their own masters.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.tensor import DTensor

Factors: TypeAlias = "Callable[[str], float]"


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
        parameters: Names and parameters. Those that are not of `compute` become so, and what they were is kept as the fp32 master.
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
        self.masters: list[torch.Tensor] = []
        for name, parameter in parameters:
            self.names.append(name)
            self.parameters.append(parameter)
            master = parameter.detach().float()
            self.masters.append(master)
            if compute is not None and parameter.dtype != compute:
                parameter.data = master.to(compute)  # the master itself where compute is fp32
        if not self.names:
            raise ValueError("no parameter requires a gradient")
        self.means = [torch.zeros_like(master) for master in self.masters]
        self.squares = [torch.zeros_like(master) for master in self.masters]
        self._sums: list[torch.Tensor] | None = None
        self._rates = [rate(name) for name in self.names]
        self._decays = [settings.weight_decay * (parameter.ndim > 1) for parameter in self.parameters]

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

    def state(self) -> dict[str, dict[str, torch.Tensor]]:
        """The tensors that a checkpoint holds, by kind and name; the number of steps is kept beside them."""
        kinds = {"parameters": self.masters, "means": self.means, "squares": self.squares}
        return {kind: dict(zip(self.names, tensors, strict=True)) for kind, tensors in kinds.items()}

    @torch.no_grad()
    def restored(self, steps: int) -> None:
        """Call after the tensors of `state` were filled from a checkpoint: parameters follow their masters."""
        self.steps = steps
        for parameter, master in zip(self.parameters, self.masters, strict=True):
            parameter.copy_(master)

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
            rate = learning_rate * self._rates[i]
            g, master, mean, square = grad.float() * scale, local(self.masters[i]), local(self.means[i]), local(self.squares[i])
            mean.mul_(beta1).add_(g, alpha=1 - beta1)
            square.mul_(beta2).addcmul_(g, g, value=1 - beta2)
            master.mul_(1 - rate * self._decays[i])
            master.addcdiv_(mean, (square / second).sqrt_().add_(eps), value=-rate / first)
            if self.parameters[i].dtype != master.dtype:
                local(self.parameters[i].data).copy_(master)

    def _update_fused(self, grads: Sequence[torch.Tensor], scale: torch.Tensor, learning_rate: float) -> None:
        from model.optimizer_kernel import fused_update  # Triton comes with torch for CUDA only

        constants = (self.settings.beta1, self.settings.beta2, self.settings.eps, *self.corrections())
        for i, grad in enumerate(grads):
            tensors = (local(self.masters[i]), local(self.means[i]), local(self.squares[i]), local(self.parameters[i].data))
            fused_update(grad, *tensors, scale, learning_rate * self._rates[i], self._decays[i], *constants)


def local(tensor: torch.Tensor) -> torch.Tensor:
    """This rank's part of a sharded tensor; the tensor itself where nothing is sharded."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def _norm(grads: Sequence[torch.Tensor], *, sharded: bool) -> torch.Tensor:
    """L2 norm over all gradients, and over all ranks if each holds a part."""
    square = torch.stack(torch._foreach_norm(list(grads), 2, dtype=torch.float32)).square().sum()
    if sharded:
        dist.all_reduce(square)
    return square.sqrt()
