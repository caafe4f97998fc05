"""Which share of needles a policy of sampling shows at all, by length of film, depth and budget: what no model can find is found here.

A needle is on show for a time; it survives if a frame that is chosen lies in it. Two sets: needles that last as long as the largest gap
between chosen frames (all must survive), and needles of 1, 3 and 10 s.

    python -m bench.needle_coverage [--needles 100]
"""

import argparse
from collections.abc import Callable, Sequence

import numpy as np

from synth.video.sampling import Budget, from_indices, length_adaptive, qwen3_vl

MINUTES = (1, 5, 15, 30, 60, 120)
STAGES = (8_192, 32_768, 262_144)
FPS, SIZE = 25.0, (1280, 720)
DEPTHS = 10


def adaptive(times: Sequence[float], seconds: float, context: int) -> tuple[tuple[float, ...], float]:
    """Times of the chosen frames, and the largest gap."""
    chosen = length_adaptive(times, seconds, SIZE, Budget(context))
    return chosen.time_s, chosen.largest_gap_s


def qwens(times: Sequence[float], seconds: float, context: int) -> tuple[tuple[float, ...], float]:
    """The processor's rule, which knows no budget: 2 frames a second, at most 768."""
    chosen = from_indices("qwen3_vl", qwen3_vl(len(times), FPS), times, seconds, (32, 32))
    return chosen.time_s, chosen.largest_gap_s


def uniform_64(times: Sequence[float], seconds: float, context: int) -> tuple[tuple[float, ...], float]:
    """64 frames, as many evaluations take."""
    chosen = from_indices("uniform", [round(k * (len(times) - 1) / 63) for k in range(64)], times, seconds, (32, 32))
    return chosen.time_s, chosen.largest_gap_s


POLICIES: dict[str, Callable[[Sequence[float], float, int], tuple[tuple[float, ...], float]]] = {
    "length_adaptive": adaptive,
    "qwen3_vl": qwens,
    "uniform 64": uniform_64,
}


def survive(shown: Sequence[float], seconds: float, length: float, depth: int, count: int, rng: np.random.Generator) -> float:
    """Share of `count` needles of a length, begun at random in a tenth of the film, in which a chosen frame lies."""
    low, high = (min(edge * seconds / DEPTHS, seconds - length) for edge in (depth, depth + 1))
    starts = rng.uniform(low, max(low, high), count)
    after = np.searchsorted(shown, starts)
    ends = np.append(shown, np.inf)[after]
    return float((ends <= starts + length + 1e-9).mean())


def main() -> None:
    """Print the grid."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--needles", type=int, default=100, help="needles a cell")
    needles = parser.parse_args().needles
    rng = np.random.default_rng(0)
    for context in STAGES:
        print(f"\ncontext {context:,} tokens; share of needles shown, worst tenth of depth / mean of all ten")
        print(
            f"{'policy':16} {'min':>4} {'frames':>6} {'gap s':>6}  "
            + "".join(f"{name:>14}" for name in ("one gap long", "1 s", "3 s", "10 s"))
        )
        for name, policy in POLICIES.items():
            for minutes in MINUTES:
                seconds = 60.0 * minutes
                times = [k / FPS for k in range(int(seconds * FPS))]
                shown, gap = policy(times, seconds, context)
                cells = []
                for length in (gap, 1.0, 3.0, 10.0):
                    found = [survive(shown, seconds, length, depth, needles, rng) for depth in range(DEPTHS)]
                    cells.append(f"{min(found):6.0%}/{np.mean(found):6.1%} ")
                print(f"{name:16} {minutes:4} {len(shown):6} {gap:6.2f}  " + "".join(f"{cell:>14}" for cell in cells))


if __name__ == "__main__":
    main()
