"""The questions of the families of video, from YAML files beside this module: task -> language -> phrasings with slots; and fixed answers.

The generator draws a phrasing; the verifier finds which phrasing a question is and what stands in its slots.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from numpy.random import Generator

from schemas.timecode import NOTATIONS, STEPS_S, Notation, read_time, write_rounded, write_time


@cache
def load(name: str) -> Mapping[str, Any]:
    """All of one file."""
    loaded: dict[str, Any] = yaml.safe_load((Path(__file__).parent / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


def draw(name: str, task: str, language: str, rng: Generator, **slots: str) -> str:
    """One phrasing of a task with its slots filled."""
    phrasings = load(name)["questions"][task][language]
    text: str = phrasings[int(rng.integers(len(phrasings)))]
    return text.format(**slots)


def answer(name: str, key: str, language: str, **slots: str) -> str:
    """A fixed answer with its slots filled."""
    text: str = load(name)["answers"][key][language]
    return text.format(**slots)


def say_time(name: str, time_s: float, notation: Notation, language: str, step_s: float | None = None) -> str:
    """A time in a notation, rounded to multiples of a step if one is given; seconds with their word in the language."""
    number, _, unit = (write_time(time_s, notation) if step_s is None else write_rounded(time_s, notation, step_s)).partition(" ")
    one, several = load(name)["units"][language]
    return f"{number} {one if unit == 'second' else several}" if unit else number


def say_form(name: str, notation: Notation, language: str, step_s: float) -> str:
    """How a question asks for times: their notation, and to what they are rounded."""
    text: str = load(name)["forms"][notation][language]
    return text.format(step=f"{step_s:g}", digits=".f" if step_s < 1 else "")


def hear_form(name: str, text: str, language: str) -> tuple[Notation, float]:
    """What `say_form` said; ValueError if it is none of its forms."""
    for notation in NOTATIONS:
        for step_s in STEPS_S:
            if say_form(name, notation, language, step_s) == text:
                return notation, step_s
    raise ValueError(f"{text!r} asks for no notation of times")


def hear_time(name: str, text: str) -> float:
    """Seconds of a time that `say_time` wrote, in any language; ValueError if it is none."""
    for one, several in load(name)["units"].values():
        text = text.removesuffix(several).removesuffix(one)
    return read_time(text.strip())


def match(name: str, task: str, question: str) -> tuple[str, dict[str, str]] | None:
    """The language of the phrasing that a question is, and what stands in its slots; None if it is no phrasing of the task."""
    for language, texts in load(name)["questions"].get(task, {}).items():
        for text in texts:
            if found := re.fullmatch(_pattern(text), question):
                return language, found.groupdict()
    return None


def match_answer(name: str, key: str, text: str) -> dict[str, str] | None:
    """What stands in the slots of a fixed answer; None if `text` is none of its forms."""
    for form in load(name)["answers"][key].values():
        if found := re.fullmatch(_pattern(form), text):
            return found.groupdict()
    return None


@cache
def _pattern(text: str) -> str:
    return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(text))
