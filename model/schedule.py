"""Learning rate as a pure function of the step, so that resuming needs no state."""

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Schedule:
    """Linear warm-up, then decay to a share of the peak, then constant.

    Attributes:
        peak: Greatest learning rate.
        warmup_steps: Steps over which it rises linearly; step 0 already learns at peak / warmup_steps.
        total_steps: Steps of the run; decay ends with the last of them.
        decay: `cosine` (Loshchilov and Hutter 2017, one half-wave), `linear`, or `constant`.
        final_share: Learning rate at the end over the peak.
    """

    peak: float
    warmup_steps: int
    total_steps: int
    decay: Literal["cosine", "linear", "constant"] = "cosine"
    final_share: float = 0.1

    def at(self, step: int) -> float:
        """Learning rate of step number `step`, counted from 0."""
        if step < self.warmup_steps:
            return self.peak * (step + 1) / self.warmup_steps
        if self.decay == "constant":
            return self.peak
        done = min((step - self.warmup_steps + 1) / max(self.total_steps - self.warmup_steps, 1), 1.0)
        left = (1 + math.cos(math.pi * done)) / 2 if self.decay == "cosine" else 1 - done
        return self.peak * (self.final_share + (1 - self.final_share) * left)
