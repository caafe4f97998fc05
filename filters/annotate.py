"""Gives samples their scores: finds each filter by its name and calls it. What a score is good for is decided where data is read.

A filter is a function `filters.<module>.<function>` of the shape `schemas.filter.Filter`; see there. Nothing here knows shards or Ray.
"""

import ast
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import filters
from schemas.errors import UserError, nearest
from schemas.filter import Filter
from schemas.rows import as_float32
from schemas.sample import Sample


def annotate(sample: Sample, chosen: Mapping[str, Filter]) -> Sample:
    """`sample` with one score a filter, as float32, the way it is stored, and none of a filter that does not apply; ValueError if a filter
    returns something that is not finite.
    """
    found = {name: score(sample) for name, score in chosen.items()}
    return replace(sample, scores=sample.scores | {name: as_float32(value) for name, value in found.items() if value is not None})


def load_filters(names: Sequence[str], where: str = "filters") -> dict[str, Filter]:
    """The filters called `names` (`pixels.contrast`), in that order; UserError names one that does not exist."""
    known = known_filters()
    for name in names:
        if name not in known:
            raise UserError(f"there is no filter {name!r}", where=where, todo=f"{nearest(name, known)}filters: {', '.join(known)}")
    return {name: _function(name) for name in names}


@cache
def known_filters() -> tuple[str, ...]:
    """Names of all filters: public functions whose one argument is `sample: Sample`. Sources are parsed, not imported."""
    names = set()
    for path in (file for root in filters.__path__ for file in Path(root).glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8"), str(path)).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and _scores_sample(node):
                names.add(f"{path.stem}.{node.name}")
    return tuple(sorted(names))


def _scores_sample(node: ast.FunctionDef) -> bool:
    arguments = [ast.unparse(a.annotation) if a.annotation else "" for a in node.args.args]
    return arguments == ["Sample"] and node.returns is not None and ast.unparse(node.returns) in ("float", "float | None")


def _function(name: str) -> Filter:
    module, _, function = name.partition(".")
    found: Filter = getattr(importlib.import_module(f"filters.{module}"), function)
    return found
