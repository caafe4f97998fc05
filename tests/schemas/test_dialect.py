"""The JSON notations: exact bytes of a small example, round trips, and a refusal for each malformed answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dialect import (
    Dialect,
    LabelledBox,
    LabelledPoint,
    SpottedText,
    parse_boxes,
    parse_points,
    parse_spotting,
    unfence,
    write_boxes,
    write_points,
    write_spotting,
)
from tests.schemas.pages import BOX
from tests.schemas.samples import JSON, TEXT

EXTRA = st.dictionaries(TEXT.filter(lambda key: key not in ("bbox_2d", "point_2d", "label", "text_content")), JSON, max_size=2)
UNIT = st.integers(0, 1000)


def test_bytes() -> None:
    """Catches a changed layout, which would change the meaning of a stored dialect name."""
    assert write_boxes([LabelledBox((1, 2, 3, 4), "Straße"), LabelledBox((0, 0, 1000, 1000), "b", {"type": "bus"})]) == (
        '```json\n[\n\t{"bbox_2d": [1, 2, 3, 4], "label": "Straße"},\n'
        '\t{"bbox_2d": [0, 0, 1000, 1000], "label": "b", "type": "bus"}\n]\n```'
    )
    assert write_points([LabelledPoint((5, 6), "nose")]) == '```json\n[\n\t{"point_2d": [5, 6], "label": "nose"}\n]\n```'
    assert write_spotting([SpottedText((1, 2, 3, 4), 'a "b"')]) == (
        '```json\n[\n\t{"bbox_2d": [1, 2, 3, 4], "text_content": "a \\"b\\""}\n]\n```'
    )
    assert write_boxes([]) == "```json\n[]\n```"
    assert [name.value for name in Dialect][:2] == ["qwen3-vl.bbox-2d/1", "qwen3-vl.point-2d/1"]


@given(st.lists(st.builds(LabelledBox, BOX, TEXT, EXTRA), max_size=3).map(tuple))
def test_boxes_round_trip(boxes: tuple[LabelledBox, ...]) -> None:
    """Catches labels that break out of the fence or the JSON."""
    assert parse_boxes(write_boxes(boxes)) == boxes


@given(st.lists(st.builds(LabelledPoint, st.tuples(UNIT, UNIT), TEXT, EXTRA), max_size=3).map(tuple))
def test_points_round_trip(points: tuple[LabelledPoint, ...]) -> None:
    """As above, for points."""
    assert parse_points(write_points(points)) == points


@given(st.lists(st.builds(SpottedText, BOX, TEXT | st.just("```\n]"), EXTRA), max_size=3).map(tuple))
def test_spotting_round_trip(spotted: tuple[SpottedText, ...]) -> None:
    """As above, for text read off an image, which may itself be a fence."""
    assert parse_spotting(write_spotting(spotted)) == spotted


def test_lenient_forms() -> None:
    """Catches refusal of what the released models do: no fence, or one bare object."""
    assert parse_boxes('{"bbox_2d": [1, 2, 3, 4], "label": "a"}') == (LabelledBox((1, 2, 3, 4), "a"),)
    assert parse_boxes(' [{"label": "a", "bbox_2d": [1, 2, 3, 4]}]\n') == (LabelledBox((1, 2, 3, 4), "a"),)
    assert unfence("```html\n<p>\n```\n") == "<p>"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "none",
        '"a"',
        "[1]",
        '[{"label": "a"}]',
        '[{"bbox_2d": [1, 2, 3], "label": "a"}]',
        '[{"bbox_2d": [1, 2, 3, 1001], "label": "a"}]',
        '[{"bbox_2d": [1, 2, 3, 4.5], "label": "a"}]',
        '[{"bbox_2d": [1, 2, 3, true], "label": "a"}]',
        '[{"bbox_2d": [1, 2, 3, -4], "label": "a"}]',
        '[{"bbox_2d": [1, 2, 3, 4], "label": 7}]',
        '[{"bbox_2d": [1, 2, 3, 4]}]',
        '[{"bbox_2d": [1, 2, 3, 4], "label": NaN}]',
    ],
)
def test_each_malformed_answer_is_refused(text: str) -> None:
    """Each row is an answer that must not score as a box."""
    with pytest.raises(ValueError):  # noqa: PT011 - json's own errors are ValueErrors too
        parse_boxes(text)
