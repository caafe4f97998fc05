"""The words of `spatial.relations`, loaded from `relations_prompts.yaml`: phrasings by task, answers, endings.

Both sides use it: the generator draws a phrasing and fills its slots, the verifier fills every phrasing with the program's slots and looks
whether the question is one of them.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from numpy.random import Generator

FILE = Path(__file__).with_name("relations_prompts.yaml")
POINT_TASKS = ("free_space", "afford_sit", "afford_open", "afford_press", "afford_grasp", "afford_twist", "same_point")
"""Tasks whose answer is one point of a picture."""


@cache
def _load() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return loaded


def phrasings(task: str) -> tuple[str, ...]:
    """All phrasings of a task."""
    return tuple(_load()["tasks"][task])


def word(key: str) -> str:
    """How a relation is said: `left` -> "to the left of"."""
    return str(_load()["words"][key])


def answer(key: str, **slots: str) -> str:
    """An answer with its slots filled."""
    return str(_load()["answers"][key]).format(**slots)


def sentence(expression: str) -> str:
    """An expression as an answer of its own.

    >>> sentence("the red chair")
    'The red chair.'
    """
    return expression[:1].upper() + expression[1:] + "."


def at_point(x: int, y: int) -> str:
    """An expression for what is seen at a place of the picture, in thousandths."""
    return f"the object at point [{x}, {y}]"


def read_point(expression: str) -> tuple[int, int] | None:
    """Undo `at_point`; None for any other expression."""
    found = re.fullmatch(r"the object at point \[(\d+), (\d+)\]", expression)
    return (int(found[1]), int(found[2])) if found else None


def draw_question(task: str, rng: Generator, slots: Mapping[str, str]) -> str:
    """One phrasing with its slots filled and its ending."""
    found = phrasings(task)
    return filled(found[int(rng.integers(len(found)))], slots) + ending(task)


def is_question(task: str, slots: Mapping[str, str], question: str) -> bool:
    """Whether a question is a phrasing of its task with these slots, all of them used."""
    return any(filled(text, slots) + ending(task) == question for text in phrasings(task) if all(f"{{{name}}}" in text for name in slots))


def filled(text: str, slots: Mapping[str, str]) -> str:
    """A phrasing with its slots filled; one that begins with a slot begins with a capital."""
    done = text.format(**slots)
    return done[:1].upper() + done[1:]


def ending(task: str) -> str:
    """The notation of an answer, where it has one."""
    endings: dict[str, str] = _load()["endings"]
    return endings["point"] if task in POINT_TASKS else endings["box"] if task == "same_object" else ""
