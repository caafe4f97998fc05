"""Builds a recipe and kills a process at one moment of a commit: `python crash_driver.py RECIPE FOLDER WORKERS VICTIM STEP FLAG`.

VICTIM is driver, worker or raylet; the kill is SIGKILL and happens once, the first time STEP is reached, which the file FLAG remembers.
"""

import os
import signal
import sys
import time
from pathlib import Path

from dags.corpus import build
from dags.session import MachineError
from pipelines.plan import plan
from schemas.recipe import load_recipe


class Killer:
    """An `on_step` that kills. Travels to the workers by value, since this file is the main module."""

    def __init__(self, victim: str, step: str, flag: str) -> None:
        self.victim, self.step, self.flag, self.driver = victim, step, flag, os.getpid()

    def __call__(self, step: str) -> None:
        if step != self.step or not self._first():
            return
        pid = {"driver": self.driver, "worker": os.getpid(), "raylet": os.getppid()}[self.victim]
        if self.victim == "raylet" and "raylet" not in Path(f"/proc/{pid}/comm").read_text():
            raise RuntimeError(f"the parent of a worker is {Path(f'/proc/{pid}/comm').read_text()!r}, not raylet")
        os.kill(pid, signal.SIGKILL)
        time.sleep(60)  # the commit goes no further; Ray ends a worker whose driver or raylet has gone

    def _first(self) -> bool:
        try:
            os.close(os.open(self.flag, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        return True


def main() -> int:
    recipe, folder, workers, victim, step, flag = sys.argv[1:]
    try:
        build(plan(load_recipe(recipe)), Path(folder), workers=int(workers), on_step=Killer(victim, step, flag))
    except MachineError as error:
        print(error, file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
