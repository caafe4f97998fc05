"""One process or many: who this process is, the model spread over all of them, and sums over all of them.

One GPU, or a CPU, holds the whole model and needs no process group. Under `torchrun` each process takes one GPU, FSDP2 shards every block's
fp32 parameters over all of them, gathers them in bf16 for the moment they are used, and reduces gradients in fp32.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict, set_model_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

from model.config import Qwen3VLConfig
from model.qwen3_vl import Qwen3VL
from schemas.errors import AssayError, UserError

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class World:
    """The processes of a run, seen from one of them; `group` talks over the CPU and is None for one process."""

    rank: int
    size: int
    device: torch.device
    group: dist.ProcessGroup | None

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and speaks for all."""
        return self.rank == 0

    def sum(self, values: Iterable[float]) -> list[float]:
        """Sums over all processes, in fp64."""
        total = torch.tensor(list(values), dtype=torch.float64)
        if self.group is not None:
            dist.all_reduce(total, group=self.group)
        return total.tolist()

    def sum_on_device(self, values: torch.Tensor) -> torch.Tensor:
        """Sums over all processes in place, queued on the device."""
        if self.group is not None:
            dist.all_reduce(values)
        return values

    def gather(self, values: Sequence[Any]) -> list[Any]:
        """What all processes give, in the order of their ranks."""
        if self.group is None:
            return list(values)
        given: list[Any] = [None] * self.size
        dist.all_gather_object(given, list(values), group=self.group)
        return [value for part in given for value in part]

    def agree(self, value: Any) -> Any:
        """What the first process says."""
        said = [value]
        if self.group is not None:
            dist.broadcast_object_list(said, group=self.group)
        return said[0]

    def on_first(self, action: Callable[[], Result]) -> Result:
        """What `action` gives on the first process, for all of them.

        Raises:
            AssayError, OSError: As the action did; on the other processes an AssayError with its message, so that none goes on alone.
        """
        found: tuple[Result | None, str] = (None, "")
        failed: Exception | None = None
        if self.is_first:
            try:
                found = (action(), "")
            except (AssayError, OSError) as error:
                found, failed = (None, str(error) or type(error).__name__), error
        result, message = self.agree(found)
        if failed is not None:
            raise failed
        if message:
            raise AssayError(f"the first process stopped: {message}")
        return cast(Result, result)


def device_kind(device: str | None = None) -> str:
    """`device`, or with None a GPU if there is one."""
    return device or ("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def world(device: str | None = None) -> Iterator[World]:
    """The processes that `torchrun` started, or this one alone.

    Args:
        device: `cuda` or `cpu`; None for a GPU if there is one.
    """
    # Rows differ in their number of patches, and blocks of fixed sizes would fragment memory. Read when CUDA starts.
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    kind = device_kind(device)
    if kind == "cuda" and not torch.cuda.is_available():
        raise UserError("there is no GPU that torch can use", where="--device cuda", todo="leave --device out, or install torch for CUDA")
    rank, size, place = (int(os.environ.get(name, default)) for name, default in (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0")))
    chosen = torch.device(kind, place) if kind == "cuda" else torch.device(kind)
    if kind == "cuda":
        torch.cuda.set_device(chosen)
    if size == 1:
        yield World(0, 1, chosen, None)
        return
    dist.init_process_group("cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo", device_id=chosen if kind == "cuda" else None)
    try:
        yield World(rank, size, chosen, dist.new_group(backend="gloo"))
    finally:
        dist.destroy_process_group()


def place_model(config: Qwen3VLConfig, fill: Callable[[], Qwen3VL] | None, here: World, compute: torch.dtype) -> Qwen3VL:
    """The model on this run's devices, the same weights for any number of them.

    Args:
        config: Its sizes.
        fill: Makes it with its weights on the CPU; called on the first process only, which sends each block to the others. None leaves them
            undefined, for a checkpoint to fill.
        here: The processes.
        compute: Type that sharded blocks are gathered in; a model that is not sharded is left to the optimiser.
    """
    if here.size == 1 and fill is not None:
        return fill().to(here.device)
    with torch.device("meta"):
        model = Qwen3VL(config)
    if here.size > 1:
        _shard(model, here, compute)
    model.to_empty(device=here.device)
    if fill is not None:
        weights = {name: tensor.float() for name, tensor in fill().state_dict().items()} if here.is_first else {}
        set_model_state_dict(model, weights, options=StateDictOptions(full_state_dict=True, broadcast_from_rank0=True))
    return model


def gather_weights(model: Qwen3VL, here: World) -> dict[str, torch.Tensor]:
    """Every tensor whole, on the CPU of the first process, empty on the others; every process must call this."""
    options = StateDictOptions(full_state_dict=here.size > 1, cpu_offload=True)
    state = get_model_state_dict(model, options=options)
    return {name: tensor for name, tensor in state.items() if isinstance(tensor, torch.Tensor)}


def _shard(model: Qwen3VL, here: World, compute: torch.dtype) -> None:
    mesh = init_device_mesh(here.device.type, (here.size,))
    # Inputs stay as they are: angles of RoPE are fp32 on purpose.
    policy = MixedPrecisionPolicy(param_dtype=compute, reduce_dtype=torch.float32, cast_forward_inputs=False)
    for block in model.blocks():
        fully_shard(block, mesh=mesh, mp_policy=policy)
    fully_shard(model, mesh=mesh, mp_policy=policy)
