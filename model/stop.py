"""What Ctrl-C and SIGTERM mean to a run: the first is kept until the step is done and stored, a second ends the process at once.

Outside of steps nothing is under way that a checkpoint could keep, so there even the first ends the run. Nothing here knows what a step is.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from typing import Any

from model.parallel import World
from schemas.errors import StoppedError

SIGNALS = (signal.SIGINT, signal.SIGTERM)
ECHO_S = 2.0
"""Within so many seconds a second signal is the first one again, where a launcher passes on what the terminal sent already (chosen)."""


class Stop:
    """Whether a run of processes was asked to stop. `stop_signals` makes it.

    Attributes:
        asked: Number of the first signal, or 0.
        in_steps: Whether steps are under way, of which the last is to be stored.
    """

    def __init__(self, here: World) -> None:
        self.here = here
        self.asked, self.in_steps = 0, False
        self._since = 0.0

    def agreed(self, *, together: bool) -> bool:
        """Whether to stop after this step; where there are several processes, all of them or none, and only in a step where all wait."""
        if self.here.group is None:
            return bool(self.asked)
        return together and self.here.sum([self.asked])[0] > 0

    def on_signal(self, number: int, _: Any) -> None:
        """The handler. It may interrupt a `print`, so it writes by itself."""
        now = time.monotonic()
        if not self.asked:
            self.asked, self._since = number, now
            if not self.in_steps:
                raise StoppedError(number)
            when = "this step" if self.here.group is None else "the next step that is told"
            self._tell(f"stopping after {when}, which is stored; a second signal ends at once, without")
        elif self.here.group is None or now - self._since > ECHO_S:
            self._tell("stopped at once; the same command goes on from the checkpoint before, if there is one")
            os._exit(128 + number)  # else Python would wait for the checkpoint that is being written

    def _tell(self, text: str) -> None:
        if self.here.is_first:
            os.write(2, f"{text}\n".encode())


@contextmanager
def stop_signals(here: World) -> Iterator[Stop]:
    """Listen to the signals meanwhile. One that is ignored, as Ctrl-C is in the background of a script, stays so."""
    stop = Stop(here)
    if current_thread() is not main_thread():  # where Python takes no handlers
        yield stop
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heard = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in heard:
        signal.signal(number, stop.on_signal)
    try:
        yield stop
    finally:
        for number in heard:
            signal.signal(number, before[number])
