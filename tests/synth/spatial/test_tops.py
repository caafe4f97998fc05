"""Free places are asked for only on tops whose whole surface carries."""

import numpy as np
import pytest

from synth.spatial.objects import build, draw_thing
from synth.spatial.relations_points import is_filled


@pytest.mark.parametrize(("kind", "filled"), [("stove", False), ("desk", True), ("side_table", True), ("microwave", True)])
def test_a_cooker_carries_on_its_plates_alone(kind: str, filled: bool) -> None:
    for seed in range(4):
        thing = draw_thing(kind, np.random.default_rng(seed))
        assert is_filled(thing, max(build(thing).surfaces, key=lambda surface: surface.z)) is filled
