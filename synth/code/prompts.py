"""The questions of the code families, from YAML files beside them: task -> phrasings with slots.

The generator draws a phrasing; the verifier finds which phrasing a question is and what stands in its slots.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from numpy.random import Generator

HERE = Path(__file__).parent


@cache
def load(name: str) -> Mapping[str, Any]:
    """All of one file: tasks, and the few fixed words."""
    loaded: dict[str, Any] = yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


def draw(name: str, task: str, rng: Generator, **slots: str) -> str:
    """One phrasing of a task with its slots filled."""
    phrasings = load(name)[task]
    text: str = phrasings[int(rng.integers(len(phrasings)))]
    return text.format(**slots)


def match(name: str, task: str, question: str) -> dict[str, str] | None:
    """What stands in the slots of the phrasing that `question` is; None if it is none of the task's.

    >>> match("chart_prompts", "edit_title", "Now call the chart “Rain”.")
    {'text': 'Rain'}
    """
    for text in load(name)[task]:
        if found := re.fullmatch(_pattern(name, text), question, re.DOTALL):
            return found.groupdict()
    return None


@cache
def _pattern(name: str, text: str) -> str:
    slots = load(name)["slots"]
    return re.sub(r"\\\{(\w+)\\\}", lambda found: f"(?P<{found[1]}>{slots.get(found[1], '.*?')})", re.escape(text))
