"""Canonical JSON: one text for one value, and nothing bent to fit."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from schemas.canonical import canonical_json, parse_json
from schemas.sample import Json
from tests.schemas.samples import JSON


@given(JSON)
def test_round_trip_and_fixed_point(value: Json) -> None:
    """Catches floats printed short of their value, and two texts for one value."""
    text = canonical_json(value)
    assert parse_json(text) == value
    assert canonical_json(parse_json(text)) == text


def test_form() -> None:
    """Catches spaces, escapes of ordinary characters, unsorted keys and floats losing their point."""
    assert canonical_json({"b": [1, 1.0, 1e-7], "a": "é\n", "ä": (None, True)}) == '{"a":"é\\n","b":[1,1.0,1e-07],"ä":[null,true]}'


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ({"a": [math.nan]}, ValueError, r"\$\.a\.0 is nan"),
        (-math.inf, ValueError, r"\$ is -inf"),
        ("\ud800", ValueError, "surrogates"),
        ({1: 2}, TypeError, "key 1 of type int"),
        ({"a": np.int64(3)}, TypeError, r"\$\.a is np\.int64\(3\)"),
        ({"a": {1, 2}}, TypeError, "set"),
        (b"x", TypeError, "bytes"),
    ],
)
def test_what_json_cannot_hold_is_refused(value: Any, error: type[Exception], message: str) -> None:
    """Each row would otherwise be written as something else: null, "1", or text that no UTF-8 file can hold."""
    with pytest.raises(error, match=message):
        canonical_json(value)


def test_reader_refuses_nan() -> None:
    """Catches Python's reader admitting what is not JSON."""
    with pytest.raises(ValueError, match="NaN is not JSON"):
        parse_json('{"a":NaN}')
