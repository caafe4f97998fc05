"""Average precision of boxes in space over many answers, and its interval: AP at an IoU of 0.15, 0.25 and 0.50, and the mean over 0.05,
0.10 … 0.50 (Omni3D, Brazil et al., CVPR 2023; Qwen3-VL reports 0.15).

Answers carry no confidence, so that all boxes of a class enter the curve together, as one point (`schemas.iou_3d.average_precision`). The
notation of an answer is that which its question asks for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.bootstrap import RESAMPLES, Estimate
from schemas.bbox_3d import QWEN3VL_COOKBOOK, RADIANS_RPY, Codec, LabelledBox3D, parse_boxes_3d
from schemas.iou_3d import AP_THRESHOLDS, Answered, right_boxes

NAMES = {"ap_3d": AP_THRESHOLDS, "ap_3d@0.15": (0.15,), "ap_3d@0.25": (0.25,), "ap_3d@0.50": (0.5,)}


@dataclass(frozen=True, slots=True)
class BoxesOfClass:
    """One class in one answer.

    Attributes:
        label: The class.
        document: The sample.
        right: Found boxes that are right, at each of `AP_THRESHOLDS`.
        found: Boxes that the answer gives.
        true: Boxes that are there.
    """

    label: str
    document: str
    right: tuple[int, ...]
    found: int
    true: int


def boxes_of(question: str, reference: str, prediction: str, document: str, round_labels: Sequence[str] = ()) -> list[BoxesOfClass]:
    """What an answer gives of each class that it or the reference names; nothing where the reference is no list of boxes in space.

    An answer that cannot be read gives no box. A reference without boxes counts where the question asks for them: a box is then a false
    alarm.
    """
    codec = _codec(question)
    if codec is None:
        return []
    true, found = _parsed(reference, codec), _parsed(prediction, codec)
    labels = sorted({box.label for box in (*true, *found)})
    out = []
    for label in labels:
        mine, theirs = (tuple(b.box for b in boxes if b.label == label) for boxes in (found, true))
        turns = ("round" if label in round_labels else "none",) * len(theirs)
        right = tuple(right_boxes(Answered(mine, theirs, symmetries=turns)))  # type: ignore[arg-type] # two literals
        out.append(BoxesOfClass(label, document, right, len(mine), len(theirs)))
    return out


def average_precisions(boxes: Sequence[BoxesOfClass], rng: np.random.Generator) -> dict[str, Estimate]:
    """AP averaged over classes that are there, by name of `NAMES`, with intervals over documents as in `bootstrap.estimate`."""
    documents = {name: k for k, name in enumerate(dict.fromkeys(box.document for box in boxes))}
    labels = {name: k for k, name in enumerate(sorted({box.label for box in boxes if box.true}))}
    if not labels:
        return {}
    counts = np.zeros((len(documents), len(labels), len(AP_THRESHOLDS) + 2))
    for box in boxes:
        if box.label in labels:
            counts[documents[box.document], labels[box.label]] += [*box.right, box.found, box.true]
    whole = _precision(counts.sum(axis=0)[None])[0]
    low, high = np.full(len(AP_THRESHOLDS), -np.inf), np.full(len(AP_THRESHOLDS), np.inf)
    drawn = rng.multinomial(len(documents), np.full(len(documents), 1 / len(documents)), size=RESAMPLES) if len(documents) > 1 else None
    resampled = None if drawn is None else _precision(np.tensordot(drawn, counts, axes=1))
    out = {}
    for name, thresholds in NAMES.items():
        chosen = [AP_THRESHOLDS.index(threshold) for threshold in thresholds]
        ends = (low[0], high[0]) if resampled is None else np.quantile(resampled[:, chosen].mean(axis=1), [0.025, 0.975])
        items = sum(box.true for box in boxes)
        out[name] = Estimate(float(whole[chosen].mean()), float(ends[0]), float(ends[1]), items, len(documents))
    return out


def _precision(counts: np.typing.NDArray[np.float64]) -> np.typing.NDArray[np.float64]:
    """[n, thresholds] AP, the mean over classes that occur, of counts [n, classes, thresholds + found + true]."""
    right, found, true = counts[..., :-2], counts[..., -2:-1], counts[..., -1:]
    steps = np.floor(right * 100 / np.maximum(true, 1) + 1e-9) + 1  # of 101 recalls; where nothing is right none is reached
    values = np.where(right > 0, right / np.maximum(found, 1) * steps / 101, 0.0)
    there = true > 0
    return np.asarray((values * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1), np.float64)


def _codec(question: str) -> Codec | None:
    if '"bbox_3d"' not in question:
        return None
    return RADIANS_RPY if "angles in radians" in question else QWEN3VL_COOKBOOK


def _parsed(text: str, codec: Codec) -> tuple[LabelledBox3D, ...]:
    try:
        return parse_boxes_3d(text, codec)
    except ValueError:
        return ()
