"""Average precision of answered boxes: equal to the definition in schemas, with intervals, and worse for every kind of wrong answer."""

import math
from dataclasses import replace

import numpy as np
import pytest

from model.evaluate import Question, score_all
from model.score_boxes_3d import NAMES, average_precisions, boxes_of
from schemas.bbox_3d import Codec, LabelledBox3D, write_boxes_3d
from schemas.geometry_3d import Box3D, from_euler
from schemas.iou_3d import Answered, average_precision, mean_average_precision

ASK = {"qwen3vl-cookbook": '… angles in units of 180 degrees: [{"bbox_3d": …', "radians-rpy": '… angles in radians: [{"bbox_3d": …'}


def box(rng: np.random.Generator) -> Box3D:
    x, y, z, w, h, d, turn = (float(v) for v in rng.uniform(0.5, 2.0, 7))
    return Box3D((x, y, z), (w, h, d), from_euler(0.0, turn, 0.0))


def shifted(of: Box3D, by: float) -> Box3D:
    return replace(of, center=(of.center[0] + by * of.size[0], *of.center[1:]))


def written(boxes: list[tuple[Box3D, str]], codec: Codec = "qwen3vl-cookbook") -> str:
    return write_boxes_3d([LabelledBox3D(one, label) for one, label in boxes], codec)


def test_it_is_the_definition_of_schemas() -> None:
    rng, rows, classes = np.random.default_rng(3), [], {"chair": [], "mug": []}  # type: ignore[var-annotated]
    for document in range(8):
        for label in classes:
            true = [box(rng) for _ in range(2)]
            found = [shifted(one, float(rng.uniform(0, 0.9))) for one in true][: 1 + int(rng.integers(2))] + [box(rng)] * int(
                rng.integers(2)
            )
            rows += boxes_of(
                ASK["qwen3vl-cookbook"], written([(b, label) for b in true]), written([(b, label) for b in found]), str(document)
            )
            classes[label].append(Answered(tuple(found), tuple(true)))
    got = average_precisions(rows, np.random.default_rng(1))
    assert got["ap_3d"].mean == pytest.approx(mean_average_precision(list(classes.values())), abs=0.02)
    for name, threshold in (("ap_3d@0.15", 0.15), ("ap_3d@0.25", 0.25), ("ap_3d@0.50", 0.5)):
        assert got[name].mean == pytest.approx(np.mean([average_precision(a, threshold) for a in classes.values()]), abs=0.02)
        assert got[name].low <= got[name].mean <= got[name].high
    assert set(got) == set(NAMES)


@pytest.mark.parametrize("codec", ASK)
def test_a_right_answer_scores_one_and_wrong_ones_less(codec: Codec) -> None:
    true = [(Box3D((0.0, 0.0, 3.0), (0.5, 1.0, 0.6), from_euler(0.1, 0.4, 0.0)), "chair")]
    other: Codec = "radians-rpy" if codec == "qwen3vl-cookbook" else "qwen3vl-cookbook"
    answers = {
        "right": written(true, codec),
        "twice": written(true * 2, codec),
        "far": written([(shifted(true[0][0], 3.0), "chair")], codec),
        "other label": written([(true[0][0], "sofa")], codec),
        "other notation": written(true, other),
        "no JSON": "a chair",
    }
    scores = {}
    for name, said in answers.items():
        asked = Question((0, 0), "one", "spatial.grounding", 1, "detect_3d", ASK[codec], answers["right"], 1, 10)
        found = score_all([asked], [said]).scores
        scores[name] = found["spatial.grounding/detect_3d", "ap_3d@0.50"].mean
        assert math.isinf(found["all", "ap_3d"].low)  # one document tells nothing of others
    assert scores["right"] == 1.0
    assert scores["twice"] == pytest.approx(0.5)
    assert scores["far"] == scores["other label"] == scores["no JSON"] == 0.0


def test_round_things_may_be_turned() -> None:
    true, turned = (Box3D((0.0, 0.0, 2.0), (0.4, 0.4, 0.4), from_euler(0.0, angle, 0.0)) for angle in (0.0, math.pi / 4))
    plain = boxes_of(ASK["qwen3vl-cookbook"], written([(true, "ball")]), written([(turned, "ball")]), "a")
    free = boxes_of(ASK["qwen3vl-cookbook"], written([(true, "ball")]), written([(turned, "ball")]), "a", ["ball"])
    assert plain[0].right == free[0].right == (1,) * 10  # 0.71 passes 0.50 either way
    assert boxes_of("How many?", "3", "3", "a") == []
