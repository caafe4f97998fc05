"""Where the time of a run's steps goes, and what was known when a step was launched."""

import time
from dataclasses import dataclass, field
from typing import Any

import torch

from model.train import Launched


@dataclass(slots=True)
class Clock:
    """Where the time of steps goes; `step_s` is what a step takes lately.

    A GPU is asked when it finished each step, because the host reads a step late: at a pause it reads two at once.
    """

    waited_s: float = 0.0
    step_s: float = 0.0
    last: float = field(default_factory=time.perf_counter)
    last_on_gpu: torch.cuda.Event | None = None

    def lap(self, launched: Launched) -> tuple[float, float]:
        """Seconds since the step before was finished, or since the last `pause`, and how many of them this one waited for data."""
        now, waited = time.perf_counter(), self.waited_s
        if launched.arrived is not None and self.last_on_gpu is not None:
            took = self.last_on_gpu.elapsed_time(launched.arrived) / 1e3
        else:
            took = now - self.last
        self.last, self.last_on_gpu, self.waited_s = now, launched.arrived, 0.0
        return max(took, 1e-9), waited

    def pause(self, device: torch.device) -> None:
        """Leave out what was done since the last step, which has been read."""
        self.last, self.waited_s = time.perf_counter(), 0.0
        if device.type == "cuda":
            self.last_on_gpu = torch.cuda.Event(enable_timing=True)
            self.last_on_gpu.record()

    def pace(self, took: float) -> None:
        """Take a step's time into account. The first, which compiles, is soon forgotten."""
        self.step_s = took if not self.step_s else min(0.9 * self.step_s + 0.1 * took, 4 * took)


@dataclass(frozen=True, slots=True)
class Running:
    """A launched step, and what the loader had given out by then."""

    launched: Launched
    counts: dict[str, Any]
