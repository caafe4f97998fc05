"""Commands to Chromium and its answers: the DevTools protocol over a pipe, JSON objects that end in a zero byte.

One thread, one exchange at a time, each with a deadline. A browser that is gone or does not answer in time is a `BrowserLostError`; whoever
meets one starts another browser. See https://chromedevtools.github.io/devtools-protocol/ for the methods.
"""

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

from synth.browser.chromium import start_chromium

Message = dict[str, Any]
READ_BYTES = 1 << 20


class BrowserLostError(Exception):
    """The browser, or the process that draws the page, ended; or it did not answer in time (`timed_out`)."""

    def __init__(self, what: str, *, timed_out: bool = False) -> None:
        self.timed_out = timed_out
        super().__init__(what)


class CommandError(Exception):
    """The browser refused a command."""


class Devtools:
    """One browser process and the pipe to it."""

    def __init__(self) -> None:
        inside_in, self._commands = os.pipe()
        self._answers, inside_out = os.pipe()
        try:
            self._process = start_chromium(inside_in, inside_out)
        finally:
            os.close(inside_in)
            os.close(inside_out)
        os.set_blocking(self._commands, False)
        self._number, self._buffer = 0, bytearray()
        self.events: list[Message] = []
        self.heard: Callable[[Message], None] = lambda event: None  # is told of events that come while an answer is waited for
        self.owner = os.getpid()

    def call(self, method: str, params: Message | None = None, *, session: str = "", within_s: float = 20.0) -> Message:
        """Send a command and wait for its answer; events that come meanwhile are kept in `events`.

        Raises:
            BrowserLostError: No answer came.
            CommandError: The answer is an error.
        """
        number = self.send(method, params, session=session, within_s=within_s)
        for message in self.messages(within_s):
            if message.get("id") == number:
                if "error" in message:
                    raise CommandError(f"{method}: {message['error'].get('message', message['error'])}")
                result: Message = message["result"]
                return result
            if "method" in message:
                self.heard(message)
                self.events.append(message)
        raise AssertionError("messages end by an error only")

    def send(self, method: str, params: Message | None = None, *, session: str = "", within_s: float = 20.0) -> int:
        """Send a command without waiting; its number."""
        self._number += 1
        message: Message = {"id": self._number, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        rest = memoryview(json.dumps(message).encode() + b"\0")
        until = time.monotonic() + within_s
        while rest:
            if not select.select([], [self._commands], [], max(0.0, until - time.monotonic()))[1]:
                raise BrowserLostError(f"the browser took no command for {within_s:.0f} s", timed_out=True)
            try:
                rest = rest[os.write(self._commands, rest) :]
            except OSError as error:
                raise BrowserLostError(f"the browser is gone: {error}") from error
        return self._number

    def messages(self, within_s: float) -> Iterator[Message]:
        """What comes, until nothing has come for too long."""
        until = time.monotonic() + within_s
        while True:
            end = self._buffer.find(b"\0")
            if end >= 0:
                message: Message = json.loads(self._buffer[:end])
                del self._buffer[: end + 1]
                if message.get("method") in ("Inspector.targetCrashed", "Target.targetCrashed"):
                    raise BrowserLostError("the process that draws the page crashed")
                yield message
                continue
            if not select.select([self._answers], [], [], max(0.0, until - time.monotonic()))[0]:
                raise BrowserLostError(f"the browser did not answer for {within_s:.0f} s", timed_out=True)
            part = os.read(self._answers, READ_BYTES)
            if not part:
                raise BrowserLostError("the browser ended")
            self._buffer += part

    def wait(self, wanted: Callable[[Message], bool], within_s: float) -> Message:
        """The first event, of those kept or to come, that is wanted; the others before it are dropped."""
        while self.events:
            if wanted(event := self.events.pop(0)):
                return event
        for message in self.messages(within_s):
            if "method" in message and wanted(message):
                return message
        raise AssertionError("messages end by an error only")

    def close(self) -> None:
        """End the browser and all its processes."""
        if self.owner == os.getpid():  # a fork has the pipe's ends, but the browser is its parent's
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process, signal.SIGKILL)  # bubblewrap's namespace of processes ends with it
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._process, 0)
        for end in (self._commands, self._answers):
            with contextlib.suppress(OSError):
                os.close(end)
        self._commands = self._answers = -1
