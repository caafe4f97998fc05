"""Draws scenes, proves every answer, plants wrong answers, and counts what the verifiers say.

    python -m bench.spatial_check --scenes 5000 --workers 16 [--first 0] [--side 512] [--seconds 540] [--out spatial.json]

Each scene is drawn once and asked about as `spatial.grounding` and as `spatial.relations` ask (a fifth from two viewpoints). Needs no Ray.
Printed, and written as JSON to `--out`, are: each geometric check over all things that are asked about, with how many were measured, how
many violated it and the worst value; answers and refusals by task; planted faults by kind and how many were accepted; samples that could
not be made; histograms of the things; the most frequent answer of each task beside an even guess; two guesses of boxes in space that look
at no picture (the mean box of a kind, and that box set where the true 2D box and a lens of 60 degrees say), as the share of boxes with an
IoU of 0.25 or more, a guess from even scenes answering odd ones; and a hash of all pictures and scene files, which must be the same
whatever the number of workers. After `--seconds` no further scene is counted. Exit code 1 if anything was violated.
"""

import argparse
import hashlib
import json
import math
import multiprocessing
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

import numpy as np

from bench.spatial_faults import wrong_boxes, wrong_relations
from pipelines.stats_space import Shown, histograms
from schemas.bbox_3d import QWEN3VL_COOKBOOK, parse_boxes_3d
from schemas.errors import DataError
from schemas.geometry_3d import Box3D, Vec3, from_euler, to_euler
from schemas.iou_3d import iou_3d
from schemas.sample import Json, Rendering, Stored, Turn
from schemas.seeds import derive_seed, stream
from synth.spatial import proof, relations_proof
from synth.spatial.prompts import NOTATION
from synth.spatial.proof_facts import HULL_PX, INSIDE_SHARE, LEAST_PX, LEAST_SHARE, Facts
from synth.spatial.questions import Task, write_turns
from synth.spatial.relations import Landed, Relations
from synth.spatial.stored_scene import read_scene

GUESSED_FOV_DEG, GUESSED_BOXES = 60.0, 12_000
"""What Qwen3-VL's cookbook takes where no camera is told; how many boxes are guessed at most, since each takes a millisecond."""
MASKS_OFF, DEPTH_OFF_M = 1e-3, 1e-5
"""Share of pixels in which two ways of drawing may differ, and the 99.5th percentile of their depths."""
LIMITS = {
    "masks: share of pixels drawn otherwise": ("most", MASKS_OFF),
    "depths: metres between two ways of drawing": ("most", DEPTH_OFF_M),
    "box: pixels outside its projected corners": ("most", HULL_PX),
    "box: share of points inside it": ("least", INSIDE_SHARE),
    "box: distance of a face, over what is allowed": ("most", 1.0),
    "seen: pixels": ("least", float(LEAST_PX)),
    "seen: share": ("least", LEAST_SHARE),
}
"""Check -> whether its limit is the most or the least, and the limit."""


@dataclass
class Found:
    """What one scene, or all of them, gave."""

    scenes: int = 0
    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    asked: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    planted: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    not_made: Counter[str] = field(default_factory=Counter)
    answers: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    things: list[Shown] = field(default_factory=list)
    boxes: list[tuple[int, str, Box3D, tuple[float, ...], tuple[int, int]]] = field(default_factory=list)
    digest: str = ""
    cpu_s: float = 0.0

    def add(self, other: "Found") -> None:
        """Count another in."""
        self.scenes, self.cpu_s = self.scenes + other.scenes, self.cpu_s + other.cpu_s
        for name in ("asked", "refused", "planted", "accepted", "not_made"):
            getattr(self, name).update(getattr(other, name))
        for name, values in other.values.items():
            self.values[name] += values
        for task, told in other.answers.items():
            self.answers[task].update(told)
        self.things += other.things
        self.boxes += other.boxes
        self.digest = hashlib.sha256((self.digest + other.digest).encode()).hexdigest()


def check(index: int, side: int) -> Found:
    """One scene."""
    found, start = Found(scenes=1), time.process_time()
    family = Relations(questions=40, min_side_px=side, max_side_px=side, context_tokens=32768)
    seed = derive_seed(6, "spatial_check", index)
    try:
        truth = family.sample_truth(index, stream(seed, "truth"))
        rendering = family.render(truth, stream(seed, "render"))
    except DataError as error:
        found.not_made[error.reason] += 1
        return found
    stored = Stored(rendering.images, rendering.clips, rendering.attachments)
    media = (*(image.sha256 for image in stored.images), *(item.sha256 for item in stored.attachments))
    found.digest = hashlib.sha256("".join(media).encode()).hexdigest()
    measure(rendering, found)
    try:
        turns = family.write_turns(truth, rendering, stream(seed, "turns"))
        planted = [(q, kind, wrong) for q, told in _pairs(turns) for kind, wrong in wrong_relations(told).items()]
        many = [*turns, *(turn for q, _, wrong in planted for turn in (q, wrong))]
        count(found, turns, planted, [v.reason if not v.passed else "" for v in relations_proof.verdicts(stored, many)])
    except DataError as error:
        found.not_made[f"relations: {error.reason}"] += 1
    boxes(index, rendering, replace(stored, images=stored.images[:1]), found)
    found.cpu_s = time.process_time() - start
    return found


def _pairs(turns: Sequence[Turn]) -> list[tuple[Turn, Turn]]:
    return list(zip(turns[::2], turns[1::2], strict=True))


def measure(rendering: Rendering[Landed], found: Found) -> None:
    """The geometric checks of the first picture: the generator's masks and depths, and each thing that may be asked about."""
    at = rendering.landed.first
    facts = Facts(read_scene(rendering.attachments[0].data))
    shell = len(facts.scene.items) - len(at.scene.things)
    mine = np.where(facts.item_map < shell, -1, facts.item_map - shell)
    both = np.isfinite(at.view.depth) & np.isfinite(facts.buffer.depth) & (mine == at.view.thing)
    off = np.abs(at.view.depth[both] - facts.buffer.depth[both])
    measured = {"masks: share of pixels drawn otherwise": [float((mine != at.view.thing).mean())]}
    measured["depths: metres between two ways of drawing"] = [float(np.percentile(off, 99.5))]
    numbers = [item.number + shell for item in at.asking.seen if item.clear]
    measured["box: pixels outside its projected corners"] = [facts.outside_px(n) for n in numbers]
    measured["box: share of points inside it"] = [facts.inside_share(n) for n in numbers]
    measured["box: distance of a face, over what is allowed"] = [facts.looseness(n) for n in numbers]
    measured["seen: pixels"] = [float(facts.pixels[n]) for n in numbers]
    measured["seen: share"] = [facts.share(n) for n in numbers]
    for name, values in measured.items():
        found.values[name] += values
    for item in at.asking.seen:
        if item.clear:
            yaw = math.degrees(to_euler(item.box.rotation)[1])
            found.things.append(Shown(max(item.box.size), item.distance_m, yaw, 1 - item.share))


def boxes(index: int, rendering: Rendering[Landed], stored: Stored, found: Found) -> None:
    """The same scene as `spatial.grounding` asks about it."""
    asking = rendering.landed.first.asking
    seed, camera = derive_seed(6, "spatial_check boxes", index), asking.scene.camera
    rng = stream(seed, "turns")
    order: list[Task] = [task for _ in range(2) for task in get_args(Task)]
    turns = write_turns(asking, [order[int(k)] for k in rng.permutation(len(order))], 11, rng)
    clear = [item.box for item in asking.seen if item.clear]
    planted = []
    for question, told in _pairs(turns):
        if NOTATION[told.task] == "3d":
            planted += [(question, kind, wrong) for kind, wrong in wrong_boxes(told, camera, clear, QWEN3VL_COOKBOOK).items()]
            flat = [evidence.box_px for evidence in (told.proof.evidence if told.proof else ()) if evidence.box_px]
            told_boxes = parse_boxes_3d(told.text, QWEN3VL_COOKBOOK)
            size = (camera.width_px, camera.height_px)
            found.boxes += [(index, b.label, b.box, px, size) for b, px in zip(told_boxes, flat, strict=True)]
    many = [*turns, *(turn for q, _, wrong in planted for turn in (q, wrong))]
    telling = proof.Telling(QWEN3VL_COOKBOOK, False, 0.0)
    count(found, turns, planted, [v.reason if not v.passed else "" for v in proof.verdicts(stored, many, telling)])


def count(found: Found, turns: Sequence[Turn], planted: Sequence[tuple[Turn, str, Turn]], reasons: Sequence[str]) -> None:
    """Right answers that were refused, and wrong ones that were not; the reasons of the right ones come first."""
    for (_, told), reason in zip(_pairs(turns), reasons, strict=False):
        found.asked[told.task] += 1
        found.answers[told.task][str(told.proof.answer if told.proof else None)] += 1
        if reason:
            found.refused[f"{told.task}: {reason}"] += 1
    for (_, kind, _), reason in zip(planted, reasons[len(turns) // 2 :], strict=True):
        found.planted[kind] += 1
        found.accepted[kind] += not reason


# --- tables ------------------------------------------------------------------------------------------------------------------------------


def report(found: Found, side: int) -> dict[str, Json]:
    """All that is printed, as data."""
    checks: dict[str, Json] = {}
    violations = sum(found.refused.values()) + sum(found.accepted.values())
    for name, (end, limit) in LIMITS.items():
        values = np.array(found.values[name])
        worst = float(values.max() if end == "most" else values.min()) if len(values) else None
        bad = int((values > limit).sum() if end == "most" else (values < limit).sum())
        violations += bad
        checks[name] = {"measured": len(values), "violated": bad, "limit": limit, "worst": worst}
    tasks: dict[str, Json] = {}
    for task, told in sorted(found.answers.items()):
        (top, most), total = told.most_common(1)[0], told.total()
        tasks[task] = {"answers": total, "different": len(told), "most_frequent": top, "its_share": most / total, "even": 1 / len(told)}
    blind, prior = guesses(found)
    planted: dict[str, Json] = {kind: {"planted": n, "accepted": found.accepted[kind]} for kind, n in sorted(found.planted.items())}
    guessed: dict[str, Json] = {"boxes": len(found.boxes), "mean_box_of_kind": blind, "mean_box_at_2d_box": prior}
    return {
        "scenes": found.scenes,
        "side_px": side,
        "answers": found.asked.total(),
        "violations": violations,
        "checks": checks,
        "refused": dict(found.refused.most_common()),
        "planted": planted,
        "not_made": dict(sorted(found.not_made.items())),
        "histograms": {name: dict(shares) for name, shares in histograms(found.things).items()},
        "tasks": tasks,
        "guesses_iou_025": guessed,
        "digest": found.digest,
        "cpu_s_per_scene": found.cpu_s / max(1, found.scenes),
    }


def printed(told: Mapping[str, Json]) -> Iterable[str]:
    """The tables as lines."""
    yield f"{told['scenes']} scenes, {told['answers']} answers, {told['violations']} violations"
    for name, table in told.items():
        rows = table.items() if isinstance(table, dict) else ()
        if not rows:
            yield f"{name}: {table}"
        for key, row in rows:
            cells = row.items() if isinstance(row, dict) else [("", row)]
            yield f"{name:>12} {key:>46}: " + "  ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in cells)


def guesses(found: Found) -> tuple[float, float]:
    """Share of boxes of odd scenes that guesses from even scenes hit: without the picture, and with the 2D box."""
    known: dict[str, list[Box3D]] = defaultdict(list)
    for index, label, box, _, _ in found.boxes:
        if index % 2 == 0:
            known[label].append(box)
    blind, prior = list[bool](), list[bool]()
    for index, label, box, px, size in found.boxes[:GUESSED_BOXES]:
        if index % 2 and label in known:
            mean_size = _mean(b.size for b in known[label])
            blind.append(iou_3d(Box3D(_mean(b.center for b in known[label]), mean_size), box) >= 0.25)
            prior.append(iou_3d(lifted(mean_size, px, size), box) >= 0.25)
    return sum(blind) / max(1, len(blind)), sum(prior) / max(1, len(prior))


def lifted(size: Vec3, px: Sequence[float], picture: tuple[int, int]) -> Box3D:
    """A box of a size whose height fills the 2D box, upright before a level camera with a lens of `GUESSED_FOV_DEG`."""
    focal = picture[0] / 2 / math.tan(math.radians(GUESSED_FOV_DEG / 2))
    z = focal * size[1] / max(1.0, px[3] - px[1])
    x, y = ((px[0] + px[2]) / 2 - picture[0] / 2) / focal * z, ((px[1] + px[3]) / 2 - picture[1] / 2) / focal * z
    return Box3D((x, y, z), size, from_euler(0.0, 0.0, 0.0))


def _mean(vectors: Iterable[Vec3]) -> Vec3:
    x, y, z = np.mean(list(vectors), axis=0)
    return (float(x), float(y), float(z))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    total, start = Found(), time.monotonic()
    indices = range(options.first, options.first + options.scenes)
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        # one after another, so that the hash does not depend on which worker was faster
        for found in pool.imap(_Check(options.side), indices, chunksize=4):
            total.add(found)
            for reason, number in found.refused.items():
                print(f"scene {options.first + total.scenes - 1}: {number} refused: {reason}", file=sys.stderr, flush=True)
            if time.monotonic() - start > options.seconds:
                break
        pool.terminate()
    told = report(total, options.side)
    print("\n".join(printed(told)))
    if options.out:
        options.out.write_text(json.dumps(told, indent=1) + "\n")
    return int(bool(told["violations"]))


@dataclass(frozen=True)
class _Check:
    """`check` with its side, as a pool can send it."""

    side: int

    def __call__(self, index: int) -> Found:
        return check(index, self.side)


if __name__ == "__main__":
    sys.exit(main())
