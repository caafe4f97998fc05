"""Processes that make a loader's rows: the interpreter's lock of the one that launches kernels stays its own.

Rows of many short samples are a millisecond of Python each. In threads of the trainer they held its lock while the GPU waited for launches:
a step of the 30M proxy over rows of 300 lines of text took 392 ms on an H100, of which the GPU worked 80.

Processes are forked from a server that has imported what they need and has no threads. A row comes back as a descriptor of memory without a
name (`memfd_create`), which needs no /dev/shm, whose 64 MiB in a container one row of pages can exceed.
"""

import math
import mmap
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from multiprocessing.reduction import DupFd
from typing import Any, Generic, TypeVar

import torch

from model.batch import Batch, VisionPlan

_ALIGN = 64
_Kept = TypeVar("_Kept")
_Result = TypeVar("_Result")
_Held = TypeVar("_Held", Batch, VisionPlan)


class Workers(Generic[_Kept]):
    """Processes that each hold what `opened` returns, and call functions with it.

    Args:
        count: Processes.
        opened: Called once in each process, as `opened(*arguments)`; importable by name, as are the functions that are submitted.
    """

    def __init__(self, count: int, opened: Callable[..., _Kept], *arguments: Any) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["model.loader"])
        self._pool = ProcessPoolExecutor(count, context, initializer=_begin, initargs=(opened, arguments))

    def submit(self, task: Callable[..., _Result], argument: Any) -> "Future[_Result]":
        """Begin `task(kept, argument)` in one of the processes. What it raises is raised by the future's `result`."""
        return self._pool.submit(_call, task, argument)

    def close(self) -> None:
        """End the processes; what has not begun is dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)


_kept: list[Any] = []
"""Of a worker process: what it holds."""


def _begin(opened: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the trainer decides when to stop
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)  # there is a process for every core
    _kept.append(opened(*arguments))


def _end_with_parent() -> None:
    """A trainer that is killed takes its workers along, which would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _call(task: Callable[..., _Result], argument: Any) -> _Result:
    return task(_kept[0], argument)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a tensor lies in a parcel's memory."""

    start: int
    dtype: torch.dtype
    shape: tuple[int, ...]

    def of(self, memory: mmap.mmap) -> torch.Tensor:
        """The tensor, which keeps the memory."""
        count = math.prod(self.shape)
        if not count:
            return torch.empty(self.shape, dtype=self.dtype)
        return torch.frombuffer(memory, dtype=self.dtype, count=count, offset=self.start).view(self.shape)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A batch on its way from one process to another: its tensors lie in memory that a descriptor names, the rest beside it.

    Attributes:
        descriptor: `multiprocessing.reduction.DupFd`.
        size: Bytes of the memory.
        places: Of the tensors, in the order of `_tensors`.
        rest: The batch without them.
    """

    descriptor: Any
    size: int
    places: tuple[_Place, ...]
    rest: Batch

    @classmethod
    def of(cls, batch: Batch) -> "Parcel":
        """Copy a batch's tensors into memory without a name."""
        places, size = [], 0
        for tensor in _tensors(batch):
            places.append(_Place(size, tensor.dtype, tuple(tensor.shape)))
            size += -(-tensor.nbytes // _ALIGN) * _ALIGN
        size = max(size, 1)  # no mapping is empty
        descriptor = os.memfd_create("assay-row")
        try:
            os.truncate(descriptor, size)
            memory = mmap.mmap(descriptor, size)
            for place, tensor in zip(places, _tensors(batch), strict=True):
                place.of(memory).copy_(tensor)
            return cls(DupFd(descriptor), size, tuple(places), _mapped(batch, lambda _: _NOTHING))
        finally:
            os.close(descriptor)

    def open(self) -> Batch:
        """The batch, its tensors in the shared memory. Once only."""
        descriptor = self.descriptor.detach()
        try:
            memory = mmap.mmap(descriptor, self.size)
        finally:
            os.close(descriptor)
        places = iter(self.places)
        return _mapped(self.rest, lambda _: next(places).of(memory))


_NOTHING = torch.empty(0)


def pinned(batch: Batch) -> Batch:
    """The batch with every tensor in page-locked memory."""
    return _mapped(batch, torch.Tensor.pin_memory)


def _tensors(held: Batch | VisionPlan) -> Iterator[torch.Tensor]:
    for item in fields(held):
        value = getattr(held, item.name)
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, VisionPlan):
            yield from _tensors(value)


def _mapped(held: _Held, change: Callable[[torch.Tensor], torch.Tensor]) -> _Held:
    """`held` with every tensor changed, in the order of `_tensors`."""
    changed: dict[str, Any] = {}
    for item in fields(held):
        value = getattr(held, item.name)
        if isinstance(value, torch.Tensor):
            changed[item.name] = change(value)
        elif isinstance(value, VisionPlan):
            changed[item.name] = _mapped(value, change)
    return replace(held, **changed)
