"""The questions of `video.events`, from `events_prompts.yaml`: phrasings, how events are named, and what an answer looks like.

Both sides use it: the generator draws a phrasing, the verifier finds which one a question is and what stands in its slots.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from numpy.random import Generator

from schemas.timecode import STEPS_S

FILE = Path(__file__).with_name("events_prompts.yaml")
ENDINGS = {
    "when": ("notation",),
    "how_long": ("duration",),
    "moment": ("span", "notation"),
    "between": ("duration",),
    "before": ("yes_no",),
    "order": ("letters",),
    "count_starts": ("number",),
    "count_turns": ("number",),
    "count_touches": ("number",),
    "first": ("thing",),
    "last": ("thing",),
    "direction": ("direction",),
    "colour_at": ("colour",),
    "visible_at": ("number",),
    "touched_by": ("thing",),
    "what_if": ("yes_no",),
    "captions": ("lines", "notation"),
}
"""Task -> what follows a phrasing; `notation` is that of times."""
DIRECTIONS = ("right", "down right", "down", "down left", "left", "up left", "up", "up right")
"""By 45 degrees, from right on, y down."""


@cache
def _load() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return loaded


def question(task: str, notation: str, step_s: float, rng: Generator, **slots: str) -> str:
    """One phrasing with its slots filled and its ending, which says to what times are rounded."""
    found = _load()["tasks"][task]
    text = " ".join([found[int(rng.integers(len(found)))], *endings(task, notation)])
    return text.format(**slots, step=f"{step_s:g}", digits=_digits(step_s))


def endings(task: str, notation: str) -> list[str]:
    """What follows a phrasing of a task."""
    return [_load()["endings"][notation if part == "notation" else part] for part in ENDINGS[task]]


def read_question(task: str, notation: str, text: str) -> dict[str, str] | None:
    """What stands in the slots of a question without its clip's placeholder; None if it is no question of the task."""
    for phrasing in _load()["tasks"][task]:
        if found := re.fullmatch(_pattern(" ".join([phrasing, *endings(task, notation)])), text):
            slots = found.groupdict()
            step_s = float(slots.get("step", STEPS_S[0]))
            return slots if step_s in STEPS_S and slots.get("digits", _digits(step_s)) == _digits(step_s) else None
    return None


def _digits(step_s: float) -> str:
    return ".f" if step_s < 1 else ""


def event_text(kind: str, base: bool, nth: int, **slots: str) -> str:
    """An event as a clause, or as what follows "does"; `nth` from 1, or 0 where it happens once."""
    text: str = _load()["events"][kind][base].format(nth=nth_text(nth), **slots)
    return text


def read_event(text: str) -> Iterator[tuple[str, int, dict[str, str]]]:
    """All readings of an event: kind, nth (0 if not said), slots."""
    for kind, forms in _load()["events"].items():
        for form in forms:
            if found := re.fullmatch(_pattern(form), text):
                slots = found.groupdict()
                yield kind, read_nth(slots.pop("nth")), slots


def nth_text(nth: int) -> str:
    """` for the second time`; empty for 0."""
    text: str = _load()["nth"][nth]
    return text


def read_nth(text: str) -> int:
    """The number of `nth_text`."""
    return int(_load()["nth"].index(text))


def most_nth() -> int:
    """The highest ordinal that has words."""
    return len(_load()["nth"]) - 1


def absent_text() -> str:
    """What is said where there is no such event."""
    text: str = _load()["absent"]
    return text


@cache
def _pattern(phrasing: str) -> str:
    nth = "|".join(re.escape(text) for text in _load()["nth"])
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(phrasing).replace(r"\{nth\}", f"(?P<nth>{nth})"))
    pattern = pattern.replace("(?P<step>.+)", r"(?P<step>[0-9]+(?:\.[0-9]+)?)").replace("(?P<digits>.+)", r"(?P<digits>(?:\.f)?)")
    pattern = pattern.replace("(?P<colour>.+)", "(?P<colour>[a-z]+)")
    return pattern.replace("(?P<who>.+)", "(?P<who>the [a-z]+(?: [a-z]+)?)").replace("(?P<other>.+)", "(?P<other>the [a-z]+(?: [a-z]+)?)")
