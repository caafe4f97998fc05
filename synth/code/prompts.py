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

LISTS = ("open", "close")
"""What may stand before and after a request."""
HERE = Path(__file__).parent


@cache
def load(name: str) -> Mapping[str, Any]:
    """All of one file: tasks, and the few fixed words."""
    loaded: dict[str, Any] = yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


def draw(name: str, task: str, rng: Generator, **slots: str) -> str:
    """One phrasing of a task with its slots filled; slots that the file has a list for are drawn from it."""
    words = load(name)
    phrasings = words[task]
    text: str = phrasings[int(rng.integers(len(phrasings)))]
    drawn = {slot: words[slot][int(rng.integers(len(words[slot])))] for slot in LISTS if f"{{{slot}}}" in text}
    return text.format(**drawn, **slots)


def match(name: str, task: str, question: str) -> dict[str, str] | None:
    """What stands in the slots of the phrasing that `question` is; None if it is none of the task's.

    >>> match("chart_prompts", "edit_title", "Now call the chart “Rain”.")
    {'text': 'Rain'}
    """
    for text in load(name)[task]:
        if found := re.fullmatch(_pattern(name, text), question, re.DOTALL):
            return {slot: text for slot, text in found.groupdict().items() if slot not in LISTS}
    return None


@cache
def _pattern(name: str, text: str) -> str:
    words = load(name)
    slots = words["slots"] | {slot: "|".join(map(re.escape, words[slot])) for slot in LISTS}
    return re.sub(r"\\\{(\w+)\\\}", lambda found: f"(?P<{found[1]}>{slots.get(found[1], '.*?')})", re.escape(text))
