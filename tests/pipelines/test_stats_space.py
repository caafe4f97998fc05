"""Histograms of things in stored scenes against what the scenes were drawn with."""

import math
from dataclasses import replace

import pytest

from pipelines.stats_space import EDGES, Shown, histograms, things_in
from schemas.geometry_3d import to_euler
from synth.make import make_sample, truth_adapter
from synth.spatial.grounding import Grounding
from synth.spatial.scene import canonical_box


def test_measures_are_those_of_the_drawn_scene() -> None:
    family = Grounding(places=("living room",), min_side_px=512, max_side_px=512)
    sample = make_sample(family, "spatial.grounding", 0, 99)
    scene = truth_adapter(family).validate_json(sample.truth).scene
    boxes = [canonical_box(thing, scene.camera).seen_by(scene.camera) for thing in scene.things]
    found = things_in(sample)
    assert len(found) >= 3
    for thing in found:
        yaws = [math.degrees(to_euler(box.rotation)[1]) for box in boxes if max(box.size) == pytest.approx(thing.extent_m, abs=1e-6)]
        assert min(abs((yaw - thing.yaw_deg + 180) % 360 - 180) for yaw in yaws) < 4  # the camera is tilted a little
        assert 0 <= thing.hidden <= 0.8
        assert 0.2 < thing.distance_m < 20
    assert not things_in(replace(sample, attachments=()))


def test_bins_hold_their_lower_end_and_sum_to_one() -> None:
    things = [Shown(0.4, 0.49, 0.0, 0.0), Shown(5.0, 0.5, 179.0, 0.71), Shown(0.01, 11.0, -179.0, 0.3)]
    found = histograms(things)
    assert found.keys() == EDGES.keys()
    assert all(sum(shares.values()) == pytest.approx(1) for shares in found.values())
    assert found["largest extent, m"]["0.4 to 0.8"] == pytest.approx(1 / 3)
    assert found["largest extent, m"]["3.2 or more"] == pytest.approx(1 / 3)
    assert found["distance, m"]["below 0.5"] == pytest.approx(1 / 3)
    assert found["distance, m"]["0.5 to 1"] == pytest.approx(1 / 3)
    assert found["hidden share"]["0.3 to 0.4"] == pytest.approx(1 / 3)
    assert sum(sum(shares.values()) for shares in histograms([]).values()) == 0
