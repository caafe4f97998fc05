"""What the things in stored scenes are like: how large, how far, how turned, how much of them is hidden.

Measured as the verifier does, from triangles, masks and depths of the scene file beside a picture.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from itertools import pairwise

import numpy as np

from schemas.sample import Sample
from synth.spatial.mesh import MEDIA_TYPE
from synth.spatial.proof_facts import LEAST_PX, LEAST_SHARE, Facts
from synth.spatial.stored_scene import read_scene

EDGES: Mapping[str, Sequence[float]] = {
    "largest extent, m": (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2),
    "distance, m": (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0),
    "yaw to the camera, degrees": (-135.0, -90.0, -45.0, 0.0, 45.0, 90.0, 135.0),
    "hidden share": (0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7),
}
"""Measure -> where one bin ends and the next begins; the first has no lower end and the last no upper one."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing that is seen well enough to be asked about: the measures of `EDGES`, in their order."""

    extent_m: float
    distance_m: float
    yaw_deg: float
    hidden: float


def things_in(sample: Sample) -> tuple[Shown, ...]:
    """Things of the scene that is stored beside a sample's first picture; none where there is no scene."""
    scenes = [item for item in sample.attachments if item.media_type == MEDIA_TYPE]
    if not scenes:
        return ()
    facts = Facts(read_scene(scenes[0].data))
    clear = (n for n in facts.things() if facts.pixels[n] >= LEAST_PX and facts.share(n) >= LEAST_SHARE)
    return tuple(_shown(facts, number) for number in clear)


def _shown(facts: Facts, number: int) -> Shown:
    told = facts.told(number)
    right = facts.camera.rotation @ told.rotation[:, 0]  # the box's first axis in the camera frame: x right, z forward
    yaw = math.degrees(math.atan2(-float(right[2]), float(right[0])))
    return Shown(float(told.size.max()), facts.distance(number), yaw, 1 - facts.share(number))


def histograms(things: Sequence[Shown]) -> dict[str, dict[str, float]]:
    """Share of the things in each bin, by measure and bin."""
    values = np.array([astuple(thing) for thing in things]).reshape(-1, len(EDGES))
    out = {}
    for column, (name, edges) in enumerate(EDGES.items()):
        counts = np.bincount(np.searchsorted(edges, values[:, column], side="right"), minlength=len(edges) + 1)
        bins = [
            f"below {edges[0]:g}",
            *(f"{low:g} to {high:g}" for low, high in pairwise(edges)),
            f"{edges[-1]:g} or more",
        ]
        out[name] = {label: int(count) / max(1, len(values)) for label, count in zip(bins, counts, strict=True)}
    return out
