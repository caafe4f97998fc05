"""The Triton kernel behind `model.optimizer.AdamW` on CUDA: one launch for all tensors, each number read and written once.

Imported only where Triton is, which comes with torch for CUDA and is therefore not a dependency of its own. Parameters of the kernel go
without annotations, because Triton reads those as types.
"""

import importlib
from collections.abc import Sequence
from typing import Any

import torch

triton, tl = importlib.import_module("triton"), importlib.import_module("triton.language")

BLOCK = 1_024
"""Elements that a program updates (the fastest of 256 to 16,384 tried on an H100, at 3.0 TB/s)."""


class FusedUpdate:
    """Updates tensors in place as `AdamW._update` does. Where they lie is written down once; gradients lie elsewhere in every step.

    Args:
        parameters: bf16 or fp32, on one device, contiguous as all others.
        lows: int16 halves below bf16 parameters (`model.optimizer.split`), or None for fp32.
        means: fp32, running means of gradients.
        squares: fp32, running means of their squares.
        rates: Factor on the learning rate, by tensor.
        decays: Weight decay by tensor.
    """

    def __init__(
        self,
        parameters: Sequence[torch.Tensor],
        lows: Sequence[torch.Tensor | None],
        means: Sequence[torch.Tensor],
        squares: Sequence[torch.Tensor],
        rates: Sequence[float],
        decays: Sequence[float],
    ) -> None:
        if len({(parameter.dtype, low is None) for parameter, low in zip(parameters, lows, strict=True)}) != 1:
            raise ValueError("parameters of one optimiser must be of one type")
        self.device, self.compact = parameters[0].device, lows[0] is not None
        halves = [parameter if low is None else low for parameter, low in zip(parameters, lows, strict=True)]
        self.held = (parameters, halves, means, squares)  # while they live, so do their addresses
        self.fixed = [self._there([tensor.data_ptr() for tensor in group]) for group in self.held]
        self.aligned = all(tensor.data_ptr() % 16 == 0 for group in self.held for tensor in group)
        sizes = torch.tensor([parameter.numel() for parameter in parameters])
        blocks = -(-sizes // BLOCK)
        self.owners = torch.arange(len(parameters), dtype=torch.int32).repeat_interleave(blocks).to(self.device)
        self.firsts = (blocks.cumsum(0) - blocks).to(self.device)
        self.sizes = sizes.to(self.device)
        self.rates, self.decays = (torch.tensor(values, dtype=torch.float32, device=self.device) for values in (rates, decays))

    def __call__(self, gradients: Sequence[torch.Tensor], scale: torch.Tensor, learning_rate: float, *constants: float) -> None:
        """One step.

        Args:
            gradients: All bf16 or all fp32.
            scale: fp32 scalar that multiplies the gradients; NaN to change nothing.
            learning_rate: Before each tensor's factor.
            constants: beta1, beta2, eps, and the two bias corrections.
        """
        held = [gradient.contiguous() for gradient in gradients]
        types = {gradient.dtype for gradient in held}
        if len(types) != 1:
            raise ValueError(f"gradients of one step must be of one type, found {sorted(map(str, types))}")
        aligned = self.aligned and all(gradient.data_ptr() % 16 == 0 for gradient in held)
        tables = (self._there([gradient.data_ptr() for gradient in held]), *self.fixed)
        flags: dict[str, Any] = {
            "COMPACT": self.compact,
            "BF16": types == {torch.bfloat16},
            "ALIGNED": aligned,
            "BLOCK": BLOCK,
        }
        _adamw[(len(self.owners),)](
            *tables, self.owners, self.firsts, self.sizes, self.rates, self.decays, scale, learning_rate, *constants, **flags
        )

    def _there(self, addresses: list[int]) -> torch.Tensor:
        """Addresses on the device, copied without waiting."""
        table = torch.tensor(addresses, dtype=torch.int64)
        return table.pin_memory().to(self.device, non_blocking=True) if self.device.type == "cuda" else table


# fmt: off
@triton.jit  # type: ignore[untyped-decorator]
def _adamw(gradient_table, parameter_table, low_table, mean_table, square_table,  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
           owners, firsts, sizes, rates, decays, scales, learning_rate, beta1, beta2, eps, correction1, correction2,  # noqa: ANN001
           COMPACT: tl.constexpr, BF16: tl.constexpr, ALIGNED: tl.constexpr, BLOCK: tl.constexpr):  # type: ignore[name-defined]
    # fmt: on
    scale = tl.load(scales)
    if scale == scale:
        program = tl.program_id(0)
        owner = tl.load(owners + program)
        first, size = (program - tl.load(firsts + owner)) * BLOCK, tl.load(sizes + owner)
        rate = learning_rate * tl.load(rates + owner)
        keep = 1 - rate * tl.load(decays + owner)
        gradients = _at(gradient_table, owner, tl.bfloat16 if BF16 else tl.float32, ALIGNED)
        parameters = _at(parameter_table, owner, tl.int16 if COMPACT else tl.float32, ALIGNED)
        lows = _at(low_table, owner, tl.int16, ALIGNED)
        means, squares = _at(mean_table, owner, tl.float32, ALIGNED), _at(square_table, owner, tl.float32, ALIGNED)
        at = first + tl.arange(0, BLOCK)
        if first + BLOCK <= size:  # without a mask, loads are 16 bytes wide
            _update(gradients, parameters, lows, means, squares, at, tl.full((BLOCK,), True, tl.int1),
                    scale, keep, rate / correction1, beta1, beta2, eps, correction2, COMPACT)
        else:
            _update(gradients, parameters, lows, means, squares, at, at < size,
                    scale, keep, rate / correction1, beta1, beta2, eps, correction2, COMPACT)


# fmt: off
@triton.jit  # type: ignore[untyped-decorator]
def _update(gradients, parameters, lows, means, squares, at, inside,  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
            scale, keep, rate, beta1, beta2, eps, correction2, COMPACT: tl.constexpr):  # type: ignore[name-defined] # noqa: ANN001
    # fmt: on
    gradient = tl.load(gradients + at, mask=inside).to(tl.float32) * scale
    mean = tl.load(means + at, mask=inside) * beta1 + gradient * (1 - beta1)
    square = tl.load(squares + at, mask=inside) * beta2 + gradient * gradient * (1 - beta2)
    if COMPACT:
        low = tl.load(lows + at, mask=inside).to(tl.int32)
        upper = tl.load(parameters + at, mask=inside).to(tl.int32) - (low < 0).to(tl.int32)
        master = ((upper << 16) | (low & 0xFFFF)).to(tl.float32, bitcast=True)
    else:
        master = tl.load(parameters + at, mask=inside)
    master = master * keep - rate * mean / (tl.sqrt(square / correction2) + eps)
    tl.store(means + at, mean, mask=inside)
    tl.store(squares + at, square, mask=inside)
    if COMPACT:
        bits = master.to(tl.int32, bitcast=True)
        tl.store(parameters + at, ((bits + 0x8000) >> 16).to(tl.int16), mask=inside)
        tl.store(lows + at, bits.to(tl.int16), mask=inside)
    else:
        tl.store(parameters + at, master, mask=inside)


@triton.jit  # type: ignore[untyped-decorator]
def _at(table, owner, kind, ALIGNED: tl.constexpr):  # type: ignore[no-untyped-def, name-defined] # noqa: ANN001, ANN202
    address = tl.load(table + owner).to(tl.pointer_type(kind))
    if ALIGNED:
        address = tl.multiple_of(address, 16)
    return address
