"""One text for one value: the JSON that is hashed, compared and stored.

Keys are sorted, there are no spaces, characters are written as themselves, and floats are written by `repr`, the shortest text that reads
back to the same double. Values JSON cannot hold exactly (NaN, infinities, tuples' types, keys that are not text) are refused rather than
bent. Nothing here knows what the value means.
"""

import json
from collections.abc import Iterable
from math import isfinite
from typing import Any

from schemas.sample import Json

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_DECODER = json.JSONDecoder(parse_constant=lambda name: _refuse_constant(name))


def canonical_json(obj: Any, *, text_keys: bool = False) -> str:
    """The canonical JSON text of `obj`. Tuples are written as lists.

    Args:
        obj: The value.
        text_keys: Whether the caller has written out all keys as text, so that nobody need look for others, which the encoder would bend.

    Raises:
        ValueError: A float is not finite, or text holds a lone surrogate; the message names the place.
        TypeError: A value or key is of a type that JSON does not have (NumPy scalars other than float64 included).
    """
    try:
        if not (text_keys or _has_text_keys(obj)):
            _check(obj, "$")
        text = _ENCODER.encode(obj)
    except (TypeError, ValueError):
        _check(obj, "$")  # names the place
        raise
    text.encode()  # a lone surrogate has no UTF-8 form and would only fail later, inside Arrow
    return text


def parse_json(text: str) -> Json:
    """The value of a JSON text; the names NaN and Infinity, which Python's reader admits, are refused with ValueError."""
    value: Json = _DECODER.decode(text)
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON; store null or leave the key out")


_PLAIN = frozenset({str, int, bool, type(None)})
_LEAVES = _PLAIN | {float}
_TEXT = frozenset({str})


def _has_text_keys(obj: object) -> bool:
    """Whether all keys are text: what the encoder would bend, while it refuses all else that JSON cannot hold."""
    values: Iterable[object]
    if isinstance(obj, dict):
        if not _TEXT.issuperset(map(type, obj)):
            return False
        values = obj.values()
    elif isinstance(obj, (list, tuple)):
        values = obj
    else:
        return True
    return _LEAVES.issuperset(map(type, values)) or all(type(value) in _LEAVES or _has_text_keys(value) for value in values)


def _check(obj: object, path: str) -> None:
    if isinstance(obj, dict):
        for key, value in obj.items():
            if not isinstance(key, str):
                raise TypeError(f"{path} has the key {key!r} of type {type(key).__name__}; keys must be text")
            if type(value) not in _PLAIN:
                _check(value, f"{path}.{key}")
    elif isinstance(obj, (list, tuple)):
        for number, value in enumerate(obj):
            kind = type(value)
            if kind not in _PLAIN and not (kind is float and isfinite(value)):  # boxes are most of what is stored
                _check(value, f"{path}.{number}")
    elif isinstance(obj, float):
        if not isfinite(obj):
            raise ValueError(f"{path} is {obj!r}, which JSON cannot hold; store null or leave the key out")
    elif obj is not None and not isinstance(obj, (bool, int, str)):
        raise TypeError(f"{path} is {obj!r} of type {type(obj).__name__}, which JSON does not have; convert it first")
