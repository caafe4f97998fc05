"""Charts a second of processor time: the warm sandbox beside a sandbox started anew for each script, and beside scripts that nobody holds.

The three run the same scripts. Time is processor time of all processes, since the clock says little on a shared machine; what starting the
warm sandbox costs is said apart too. `python -m bench.sandboxed_charts [--charts N]`.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np

from synth.code.chart_code import write_code
from synth.code.chart_run import LIMITS, PACKAGES, PICTURE, RECORDED, WARM_UP
from synth.code.chart_spec import Kind
from synth.code.chart_world import draw_idiom, draw_spec, draw_table
from synth.sandbox.box import Program, Sandbox, View, check_available


def scripts(count: int) -> list[str]:
    kinds, found = get_args(Kind), []
    for number in range(count):
        rng = np.random.default_rng(number)
        spec = draw_spec(draw_table(kinds[number % len(kinds)], rng), kinds[number % len(kinds)], rng)
        found.append(write_code(spec, draw_idiom(spec, rng)))
    return found


def warm(codes: Sequence[str]) -> float:
    return held([codes], WARM_UP)


def cold(codes: Sequence[str]) -> float:
    return held([[code] for code in codes], "")


def held(batches: Sequence[Sequence[str]], warm_up: str) -> float:
    """Processor seconds of a sandbox a batch."""
    before, inside = used(resource.RUSAGE_CHILDREN), 0.0  # bwrap does not wait for what it holds, so that tells its own time
    for batch in batches:
        with Sandbox(View(PACKAGES, RECORDED, warm_up), LIMITS) as sandbox:
            for code in batch:
                outcome = sandbox.run(Program(code, (PICTURE,)))
                if PICTURE not in outcome.files:
                    raise RuntimeError(outcome)
            inside += sandbox.cpu_s
    return used(resource.RUSAGE_CHILDREN) - before + inside


def unheld(codes: Sequence[str]) -> float:
    before = used(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        for code in codes:
            (Path(folder) / "program.py").write_text(code)
            subprocess.run([sys.executable, "program.py"], cwd=folder, check=True, env={"MPLBACKEND": "Agg", "MPLCONFIGDIR": folder})
    return used(resource.RUSAGE_CHILDREN) - before


def used(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--charts", type=int, default=28)
    count = parser.parse_args().charts
    codes = scripts(count)
    check_available()  # so that the test whether programs can be held is over
    first_s, warm_s = warm(codes[:1]), warm(codes)
    cold_s, unheld_s = cold(codes), unheld(codes)
    print(f"{count} charts, processor seconds; the first chart of a warm sandbox takes {first_s:.2f} s, start included")
    print(f"each further chart of it: {(warm_s - first_s) / (count - 1):.3f} s; a new sandbox: {cold_s / count:.3f} s")
    for name, seconds in (
        ("warm sandbox, its start included", warm_s),
        ("a new sandbox a script", cold_s),
        ("a new interpreter a script, not held", unheld_s),
    ):
        print(f"{name:40} {seconds:8.2f} s {count / seconds:8.2f} charts/s  {seconds / warm_s:6.2f} times the first")


if __name__ == "__main__":
    main()
