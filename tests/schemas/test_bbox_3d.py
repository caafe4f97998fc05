import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bbox_3d import Codec, LabelledBox3D, from_numbers, parse_boxes_3d, to_numbers, write_boxes_3d
from schemas.geometry_3d import Box3D, from_euler
from schemas.iou_3d import iou_3d

ANGLES = st.floats(-math.pi, math.pi)
BOXES = st.builds(
    Box3D,
    st.tuples(st.floats(-9, 9), st.floats(-9, 9), st.floats(0.2, 20)),
    st.tuples(st.floats(0.1, 3), st.floats(0.1, 3), st.floats(0.1, 3)),
    st.builds(from_euler, ANGLES, ANGLES, ANGLES),
)
CODECS = st.sampled_from(get_args(Codec))


@given(BOXES, CODECS)
def test_nine_numbers_give_the_box_back(box: Box3D, codec: Codec) -> None:
    back = from_numbers(to_numbers(box, codec), codec)
    assert np.abs(np.array(back.corners()) - np.array(box.corners())).max() < 1e-6
    assert iou_3d(back, box) > 0.999


@given(BOXES, CODECS)
def test_what_is_written_is_the_box_to_a_centimetre(box: Box3D, codec: Codec) -> None:
    (back,) = parse_boxes_3d(write_boxes_3d([LabelledBox3D(box, "chair", {"colour": "red"})], codec), codec)
    assert (back.label, back.extra) == ("chair", {"colour": "red"})
    assert np.abs(np.array(back.box.corners()) - np.array(box.corners())).max() < 0.02


def test_the_cookbook_writes_pitch_yaw_roll_as_fractions_of_half_a_turn() -> None:
    box = Box3D((1.0, 2.0, 3.0), (0.5, 0.6, 0.7), from_euler(0.1 * math.pi, -0.2 * math.pi, 0.3 * math.pi))
    assert to_numbers(box, "qwen3vl-cookbook") == pytest.approx([1, 2, 3, 0.5, 0.6, 0.7, 0.1, -0.2, 0.3])
    assert to_numbers(box, "radians-rpy") == pytest.approx([1, 2, 3, 0.5, 0.6, 0.7, 0.3 * math.pi, 0.1 * math.pi, -0.2 * math.pi])
    assert write_boxes_3d([LabelledBox3D(box, "a cup")], "qwen3vl-cookbook") == (
        '```json\n[\n\t{"bbox_3d": [1.0, 2.0, 3.0, 0.5, 0.6, 0.7, 0.1, -0.2, 0.3], "label": "a cup"}\n]\n```'
    )


def test_the_cookbooks_own_drawing_code_agrees() -> None:
    """Its arithmetic, retold: angles times 180 are degrees; corners about the middle are turned about x, then y, then z."""
    box = Box3D((0.2, -0.1, 4.0), (1.0, 0.5, 0.8), from_euler(0.3, -0.7, 1.9))
    x, y, z, sx, sy, sz, pitch, yaw, roll = to_numbers(box, "qwen3vl-cookbook")
    p, w, r = (math.radians(180 * angle) for angle in (pitch, yaw, roll))
    about_x = np.array([[1, 0, 0], [0, math.cos(p), -math.sin(p)], [0, math.sin(p), math.cos(p)]])
    about_y = np.array([[math.cos(w), 0, math.sin(w)], [0, 1, 0], [-math.sin(w), 0, math.cos(w)]])
    about_z = np.array([[math.cos(r), -math.sin(r), 0], [math.sin(r), math.cos(r), 0], [0, 0, 1]])
    corners = [np.array([a * sx, b * sy, c * sz]) / 2 for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)]
    drawn = [about_z @ (about_y @ (about_x @ corner)) + (x, y, z) for corner in corners]
    assert np.array(drawn) == pytest.approx(np.array(box.corners()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        '[{"bbox_3d": [1, 2, 3], "label": "x"}]',
        '[{"bbox_3d": [1, 2, 3, 1, 1, 1, 0, 0, 0]}]',
        '[{"bbox_3d": [1, 2, 3, -1, 1, 1, 0, 0, 0], "label": "x"}]',
        '[{"bbox_3d": [1, 2, 3, 1, 1, 1, 0, 0, "0"], "label": "x"}]',
        '[{"bbox_3d": [1, 2, 1e9, 1, 1, 1, 0, 0, 0], "label": "x"}]',
    ],
)
def test_what_is_no_box_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="."):
        parse_boxes_3d(text, "qwen3vl-cookbook")
