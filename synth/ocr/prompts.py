"""The questions of the OCR families, loaded from `prompts*.yaml`: task and language of the question -> phrasings, and the fixed answers.

Both sides use it: the generator draws a phrasing, the verifier finds the phrasing that a question is and what stands in its slots.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from numpy.random import Generator

Language = str
FILES = ("prompts.yaml", "prompts_images.yaml")
CHINESE_SHARE = 0.25
"""Questions in Chinese, of all (chosen): the two languages most users of the models write in; Chinese text is asked about in it half the
time."""


@cache
def _load() -> dict[str, Any]:
    loaded: dict[str, Any] = {}
    for name in FILES:
        loaded |= yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return loaded


@cache
def phrasings(task: str) -> Mapping[Language, tuple[str, ...]]:
    """All phrasings of a task, by language of the question."""
    return {language: tuple(texts) for language, texts in _load()[task].items()}


def draw_language(task: str, of_text: str, rng: Generator) -> Language:
    """The language a question is asked in, given that of the text it is about."""
    share = 0.5 if of_text.startswith("zh") else CHINESE_SHARE
    return "zh" if rng.random() < share and "zh" in phrasings(task) else "en"


def draw_prompt(task: str, language: Language, rng: Generator, **slots: str) -> str:
    """One phrasing with its slots filled."""
    found = phrasings(task)[language]
    return found[int(rng.integers(len(found)))].format(**slots)


def answer(key: str, language: Language, **slots: str) -> str:
    """A fixed answer: `nothing`, `unreadable`, `gap`, or `yes` and `no` with {text}."""
    text: str = _load()["answers"][key][language]
    return text.format(**slots)


def script_names(language: Language) -> Mapping[str, str]:
    """ISO 15924 code -> name, in the language of a question."""
    return {code: names[language] for code, names in _load()["scripts"].items()}


def match_prompt(task: str, question: str) -> tuple[Language, dict[str, str]] | None:
    """The language of the phrasing that `question` is, and what stands in its slots; None if it is no phrasing of the task."""
    for language, texts in phrasings(task).items():
        for text in texts:
            found = _pattern(text).fullmatch(question)
            if found:
                return language, found.groupdict()
    return None


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(text)))
