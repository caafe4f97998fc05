"""Draws scenes, proves every answer, and counts: violations, what things are like, how good the best blind guesses are.

    python bench/spatial_check.py [--scenes 5000] [--first 0] [--side 512] [--cpu-s 1e9]

It stops before a scene once it has used so many CPU seconds, and says how many scenes it drew.

Printed are: scenes, answers, answers refused by the verifier (each with its reason) and samples that could not be made (each with its
reason); histograms of the things asked about (largest extent, distance, yaw to the camera, visible share, tasks, answers to counts); the
most frequent answer of each task beside an even guess; and two guesses of boxes in space that look at no picture: the mean box of a kind,
and the kind's mean box set where the true 2D box and a lens of 60 degrees say (a prior given the 2D box for nothing), as the share of boxes
with an IoU of 0.25 or more. A guess from the even numbered scenes answers the odd ones. Exit code 1 if an answer was refused.
"""

import argparse
import math
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np

from schemas.bbox_3d import parse_boxes_3d
from schemas.errors import DataError
from schemas.geometry_3d import Box3D, Vec3, from_euler, to_euler
from schemas.iou_3d import iou_3d
from schemas.sample import Stored
from schemas.seeds import derive_seed, stream
from synth.spatial.grounding import Grounding
from synth.spatial.prompts import NOTATION

GUESSED_FOV_DEG = 60.0
"""What Qwen3-VL's cookbook takes where no camera is told."""
EDGES = {
    "largest extent, m": (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2),
    "distance, m": (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0),
    "yaw to the camera, degrees": (-135.0, -90.0, -45.0, 0.0, 45.0, 90.0, 135.0),
    "visible share": (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--cpu-s", type=float, default=1e9)
    options = parser.parse_args()
    family = Grounding(min_side_px=options.side, max_side_px=options.side, questions=8)
    seen, refused, lost = Seen(), Counter[str](), Counter[str]()
    answers, scenes, start = 0, 0, time.process_time()
    for index in range(options.first, options.first + options.scenes):
        if time.process_time() - start > options.cpu_s:
            break
        scenes += 1
        seed = derive_seed(6, "spatial_check", index)
        try:
            truth = family.sample_truth(index, stream(seed, "truth"))
            rendering = family.render(truth, stream(seed, "render"))
            turns = family.write_turns(truth, rendering, stream(seed, "turns"))
        except DataError as error:
            lost[str(error).split(":")[0]] += 1
            continue
        for verdict in family.verify(Stored(rendering.images, rendering.clips, rendering.attachments), turns, truth):
            answers += 1
            if not verdict.passed:
                refused[f"{verdict.task}: {verdict.reason}"] += 1
                print(f"scene {index}, {truth.scene.place}, {verdict.task}: {verdict.reason}", file=sys.stderr)
        for thing in rendering.landed:
            if thing.clear:
                seen.things.append((max(thing.box.size), thing.distance_m, math.degrees(to_euler(thing.box.rotation)[1]), thing.share))
        for answer in turns[1::2]:
            value = answer.proof.answer if answer.proof else None
            seen.values[answer.task][str(value)] += 1
            if NOTATION[answer.task] == "3d" and answer.proof:
                boxes = parse_boxes_3d(answer.text, family.codec)
                flat = [evidence.box_px for evidence in answer.proof.evidence if evidence.box_px]
                size = (truth.scene.camera.width_px, truth.scene.camera.height_px)
                seen.boxes += [(index, b.label, b.box, px, size) for b, px in zip(boxes, flat, strict=True)]
    used = time.process_time() - start
    print(f"{scenes} scenes, {answers} answers; {sum(refused.values())} refused; {sum(lost.values())} samples not made {dict(lost)}")
    print(f"{used / max(1, scenes):.3f} CPU s a scene, side {options.side}")
    for reason, number in refused.most_common(20):
        print(f"  refused {number}: {reason:.160}")
    seen.report()
    return int(bool(refused))


class Seen:
    """What was seen and answered."""

    def __init__(self) -> None:
        self.things: list[tuple[float, float, float, float]] = []
        self.values: dict[str, Counter[str]] = defaultdict(Counter)
        self.boxes: list[tuple[int, str, Box3D, tuple[float, float, float, float], tuple[int, int]]] = []

    def report(self) -> None:
        """All tables."""
        for column, (name, edges) in enumerate(EDGES.items()):
            values = np.array([thing[column] for thing in self.things])
            shares = np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1) / max(1, len(values))
            labels = ["<" + f"{edges[0]:g}", *(f"{edge:g}-" for edge in edges)]
            print(f"{name:>28}: " + "  ".join(f"{label} {share:.1%}" for label, share in zip(labels, shares, strict=True)))
        for task, told in sorted(self.values.items()):
            (top, most), total = told.most_common(1)[0], told.total()
            ends = f"most frequent {top!r} {most / total:.1%}, an even guess {1 / len(told):.1%}"
            print(f"{task:>18}: {total} answers, {len(told)} different; {ends}")
        blind, prior = self.guesses()
        print(
            f"boxes in space: {len(self.boxes)}; IoU of 0.25 or more: mean box of the kind {blind:.1%}, the same at the 2D box {prior:.1%}"
        )

    def guesses(self) -> tuple[float, float]:
        """Share of boxes of odd scenes that guesses from even scenes hit: without the picture, and with the 2D box."""
        known: dict[str, list[Box3D]] = defaultdict(list)
        for index, label, box, _, _ in self.boxes:
            if index % 2 == 0:
                known[label].append(box)
        blind, prior = list[bool](), list[bool]()
        for index, label, box, px, size in self.boxes:
            if index % 2 and label in known:
                mean_size = _mean(b.size for b in known[label])
                blind.append(iou_3d(Box3D(_mean(b.center for b in known[label]), mean_size), box) >= 0.25)
                prior.append(iou_3d(lifted(mean_size, px, size), box) >= 0.25)
        return sum(blind) / max(1, len(blind)), sum(prior) / max(1, len(prior))


def lifted(size: Vec3, px: tuple[float, float, float, float], picture: tuple[int, int]) -> Box3D:
    """A box of a size whose height fills the 2D box, upright before a level camera with a lens of `GUESSED_FOV_DEG`."""
    focal = picture[0] / 2 / math.tan(math.radians(GUESSED_FOV_DEG / 2))
    z = focal * size[1] / max(1.0, px[3] - px[1])
    x, y = ((px[0] + px[2]) / 2 - picture[0] / 2) / focal * z, ((px[1] + px[3]) / 2 - picture[1] / 2) / focal * z
    return Box3D((x, y, z), size, from_euler(0.0, 0.0, 0.0))


def _mean(vectors: Iterable[Vec3]) -> Vec3:
    x, y, z = np.mean(list(vectors), axis=0)
    return (float(x), float(y), float(z))


if __name__ == "__main__":
    sys.exit(main())
