"""The questions of the spatial families, loaded from `prompts.yaml`: task -> phrasings, notations, and expressions that fit one object.

Both sides use it: the generator draws a phrasing, the verifier finds which phrasing a question is and what stands in its slots.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from numpy.random import Generator

from schemas.bbox_3d import Codec, describe_camera
from schemas.geometry_3d import Camera

FILE = Path(__file__).with_name("prompts.yaml")
NOTATION = {
    "detect_3d": "3d",
    "detect_3d_several": "3d",
    "refer_3d": "3d",
    "point_3d": "3d",
    "detect_2d": "bbox_2d",
    "refer_2d": "bbox_2d",
    "count_boxes": "bbox_2d",
    "point_2d": "point_2d",
    "refer_point": "point_2d",
    "count_points": "point_2d",
    "count": "",
}
"""What each task answers in."""
FILLERS = frozenset({"a", "an", "and", "for", "of", "the", "with"})
"""Words of names that tell nothing of what a thing is."""
PART_LETTERS = 3
"""Least length of a word that is looked for within others: "bin" in "dustbin"."""


@cache
def _load() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return loaded


def phrasings(task: str) -> tuple[str, ...]:
    """All phrasings of a task."""
    return tuple(_load()["tasks"][task])


def uses() -> Mapping[str, str]:
    """What objects are good for: key -> words."""
    found: dict[str, str] = _load()["uses"]
    return found


def acts() -> Mapping[str, str]:
    """What one does with them: some keys of `uses` -> words."""
    found: dict[str, str] = _load()["acts"]
    return found


def express(kind: str, **slots: str) -> str:
    """An expression that fits one object."""
    text: str = _load()["expressions"][kind]
    return text.format(**slots)


def draw_prompt(task: str, rng: Generator, **slots: str) -> str:
    """One phrasing with its slots filled."""
    found = phrasings(task)
    return found[int(rng.integers(len(found)))].format(**slots)


def ending(task: str, codec: Codec, camera: Camera | None, virtual_focal_px: float = 0.0, virtual_height_px: float = 0.0) -> str:
    """What follows a phrasing: the notation, the intrinsics where they are told, and the virtual camera where there is one."""
    notation = NOTATION[task]
    if not notation:
        return ""
    parts = [_load()["formats"][codec if notation == "3d" else notation]]
    if notation == "3d" and camera:
        parts.append(_load()["camera"].format(camera=describe_camera(camera)))
    if notation == "3d" and virtual_focal_px:
        parts.append(_load()["virtual"].format(focal=f"{virtual_focal_px:g}", height=f"{virtual_height_px:g}"))
    return " " + " ".join(parts)


def match_prompt(task: str, question: str) -> dict[str, str] | None:
    """What stands in the slots of the phrasing that `question` is, its ending left out; None if it is no phrasing of the task."""
    for text in phrasings(task):
        if found := re.fullmatch(_pattern(text), question):
            return found.groupdict()
    return None


def match_expression(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """All readings of an expression: its kind and slots."""
    for kind, pattern in _load()["expressions"].items():
        if found := re.fullmatch(_pattern(pattern), text):
            yield kind, found.groupdict()


def may_mean(name: str, names: Sequence[str]) -> bool:
    """Whether people may call a thing so that has these names, among them what it also is: an armchair is a chair, a desk a table to some.

    >>> may_mean("chair", ["armchair", "easy chair"]), may_mean("sofa", ["armchair"])
    (True, False)
    """
    return any(other.casefold().endswith(name.casefold()) for other in names)


def share_words(name: str, names: Sequence[str]) -> bool:
    """Whether a name has a word in common with another, or one that is part of the other's: such names may mean one thing.

    >>> share_words("toilet", ["toilets unit"]), share_words("waste bin", ["dustbin"]), share_words("TV", ["tv"])
    (True, True, True)
    >>> share_words("chest of drawers", ["bar of soap"])
    False
    """
    mine, others = _words(name), {word for other in names for word in _words(other)}
    return any(a == b or (min(len(a), len(b)) >= PART_LETTERS and (a in b or b in a)) for a in mine for b in others)


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W\d_]+", name.casefold())) - FILLERS


@cache
def _pattern(text: str) -> str:
    # a colour is one word, all else is as long as it may be
    return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(text).replace(r"\{colour\}", "(?P<colour>[a-z]+)"))
