"""What a wording file must be beyond its keys: which slots each pattern has, and how long its lists are.

Works on any tree of dataclasses, dictionaries, tuples and strings; which classes those are is the business of `wording.py`.
"""

import string
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, Final

_FILLER: Final = "entity other group person place topic"
SLOTS: Final[dict[str, tuple[str, str]]] = {
    # key: (slots every pattern must use, slots it may use)
    "people.patterns": ("given family", ""),
    "labels.table": ("n", ""),
    "labels.figure": ("n", ""),
    "labels.chapter": ("n", ""),
    "labels.section": ("n", ""),
    "labels.annex": ("n", ""),
    "labels.citation": ("n", ""),
    "labels.document_number": ("n", ""),
    "labels.issued": ("date", ""),
    "labels.reference": ("author title year", ""),
    "labels.quantity_head": ("name unit", ""),
    "labels.glossary_entry": ("acronym value definition", ""),
    "periods.year": ("year", ""),
    "periods.season": ("year next", ""),
    "periods.quarter": ("n year", ""),
    "periods.half": ("n year", ""),
    "periods.run": ("n", ""),
    "periods.week": ("n", ""),
    "captions.directory": ("entities", ""),
    "captions.summary": ("period", "group"),
    "captions.metric": ("metric unit", "entity entities"),
    "captions.specs": ("", "entity entities"),
    "captions.duties": ("", "entity entities"),
    "captions.ledger": ("orders", ""),
    "captions.figure": ("metric unit group period", ""),
    "captions.trend": ("metric unit group", ""),
    "headings.directory": ("", "entities"),
    "headings.metric": ("metric", "entities"),
    "headings.ledger": ("orders", ""),
    "headings.figure": ("metric group", ""),
    "headings.trend": ("metric group", ""),
    "headings.listing": ("list", ""),
    "headings.profile": ("entity", ""),
    "headings.topic": ("topic", ""),
    "statements.claim": ("figure entity metric period value", ""),
    "statements.event": ("event value", ""),
    "statements.limit_min": ("attribute value", ""),
    "statements.limit_max": ("attribute value", ""),
    "statements.scale": ("metric value unit", ""),
    "statements.amendment": ("n table code period value date", ""),
    "statements.xref": ("topic value", ""),
    "statements.citation": ("topic value", ""),
    "statements.remark": ("topic", ""),
    "statements.footnote": ("topic value", ""),
    "statements.use": ("entity value", ""),
    "statements.scope": ("value", ""),
    "scope_intro": ("entities", ""),
    "list_intro": ("list", ""),
    "table_lead": ("table", ""),
    "figure_lead": ("figure", ""),
    "reference_titles": ("topic", ""),
    "context": ("", _FILLER),
    "bullets": ("", _FILLER),
    "genres.*.titles": ("", "organisation place period"),
    "genres.*.organisations": ("", "place family"),
    "genres.*.names.patterns": ("", "place first second"),
    "genres.*.context": ("", _FILLER),
}
"""Slots by key; text under a key that is not here has none."""

SIZES: Final[dict[str, tuple[int, int | None]]] = {
    "people.given": (40, None),
    "people.family": (40, None),
    "places": (60, None),
    "conventions": (3, None),
    "reference_titles": (6, None),
    "context": (40, None),
    "bullets": (8, None),
    "genres.*.titles": (3, None),
    "genres.*.names.first": (6, None),
    "genres.*.groups": (6, None),
    "genres.*.lists": (4, None),
    "genres.*.roles.deputies": (3, None),
    "genres.*.events": (12, None),
    "genres.*.terms": (8, None),
    "genres.*.sections": (12, None),
    "genres.*.topics": (16, None),
    "genres.*.metrics": (7, 7),
    "genres.*.attributes": (6, 6),
    "genres.*.context": (12, None),
}
"""Least and greatest length of lists (chosen: what the largest world draws, and enough variety). Other lists have at least one entry."""


def slots(pattern: str) -> set[str]:
    """Names of the slots of a pattern: `{"table"}` for `see {table}`."""
    return {name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None}


def problems(wording: object) -> list[str]:
    """Everything that is wrong with the slots and list lengths of a wording tree, each with its key path; empty when all is well."""
    return [*_slot_problems(wording), *_size_problems(wording)]


def _slot_problems(wording: object) -> Iterator[str]:
    for path, text in _texts(wording, ""):
        required, optional = (set(names.split()) for names in SLOTS.get(_general(path), ("", "")))
        try:
            found = slots(text)
        except ValueError as error:
            yield f"{path}: {text!r} is not a pattern: {error}"
            continue
        if missing := required - found:
            yield f"{path}: {text!r} lacks the slot {sorted(missing)}"
        if extra := found - required - optional:
            yield f"{path}: {text!r} has the slot {sorted(extra)}, which nothing fills there"
        if text.count("{value}") > 1:
            yield f"{path}: {text!r} states the value more than once"


def _size_problems(wording: object) -> Iterator[str]:
    for path, values in _lists(wording, ""):
        least, most = SIZES.get(_general(path), (0 if path.endswith("names.second") else 1, None))
        if len(values) < least or (most is not None and len(values) > most):
            yield f"{path} has {len(values)} entries; it needs {least}" + (" or more" if most is None else f" to {most}")
        if len(set(values)) < len(values):
            yield f"{path} has an entry twice: {next(value for value in values if values.count(value) > 1)!r}"


def _general(path: str) -> str:
    """The path with the genre's name replaced by a star."""
    parts = path.split(".")
    return ".".join([parts[0], "*", *parts[2:]]) if parts[0] == "genres" else path


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    else:
        for name, child in _children(value):
            yield from _texts(child, path if isinstance(value, tuple) else f"{path}.{name}".strip("."))


def _lists(value: Any, path: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    if isinstance(value, tuple):
        yield path, value
    elif not isinstance(value, str):
        for name, child in _children(value):
            yield from _lists(child, f"{path}.{name}".strip("."))


def _children(value: Any) -> Iterator[tuple[str, Any]]:
    if is_dataclass(value):
        yield from ((field.name, getattr(value, field.name)) for field in fields(value))
    elif isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, tuple):
        yield from ((str(at), child) for at, child in enumerate(value))
