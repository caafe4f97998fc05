"""Holds a sample against the contract of `schemas.family`: media, placeholders, evidence, sizes, verdicts.

What breaks it is a bug of the family, but of one sample at a time: a `DataError` with a stable reason, so that the sample is quarantined
and the corpus goes on. Nothing here knows what a family means.
"""

from collections.abc import Sequence
from itertools import pairwise

from schemas.errors import DataError
from schemas.family import AnyFamily
from schemas.sample import Clip, Evidence, Sample, Turn, Verdict
from synth.picture_header import picture_header

EDGE_PX = 0.5
"""Boxes may stand out by half a pixel: a box from page points, rounded at the page's edge."""

EDGE_S = 1e-6
"""Spans may stand out by the rounding of a float."""


def check_placeholders(turns: Sequence[Turn], images: int, clips: int) -> None:
    """Raise `DataError` unless the turns hold one `<image>` an image and one `<video>` a clip."""
    for mark, media in (("<image>", images), ("<video>", clips)):
        marks = sum(turn.text.count(mark) for turn in turns)
        if marks != media:
            raise DataError("placeholder_mismatch", f"the turns hold {marks} {mark} for {media} of them; write one for each, in order")


def check_draft(sample: Sample, family: AnyFamily) -> None:
    """Raise `DataError` unless image sizes are true, evidence lies inside, and the token budget is kept."""
    for number, image in enumerate(sample.images):
        found, width, height = picture_header(image.data)
        if (found, width, height) != (image.format, image.width_px, image.height_px):
            stated = f"{image.width_px}x{image.height_px} {image.format}"
            raise DataError("image_size", f"image {number} is stated as {stated} but holds {width}x{height} {found}")
    for number, turn in enumerate(sample.turns):
        for evidence in turn.proof.evidence if turn.proof else ():
            _check_evidence(sample, evidence, f"turn {number} ({turn.task})")
    budget = getattr(family, "context_tokens", None)
    total = sample.text_tokens + sample.vision_tokens
    if isinstance(budget, int) and total > budget > 0:
        raise DataError("over_budget", f"{total} tokens, but the family is built for context_tokens = {budget}")


def frame_size(clip: Clip) -> tuple[int, int]:
    """(width, height) in pixels that all frames of a clip have.

    Raises:
        DataError: Frames differ in size, are no pictures, fewer than two, not one for each time, or their times do not rise.
    """
    counts = (len(clip.frames), len(clip.time_s), len(clip.frame_index))
    if len(set(counts)) > 1 or counts[0] < 2:
        raise DataError("clip_times", f"a clip has {counts[0]} frames, {counts[1]} times and {counts[2]} numbers; give each, two at least")
    for what, values in (("times", clip.time_s), ("numbers", clip.frame_index)):
        if any(a >= b for a, b in pairwise(values)):
            raise DataError("clip_times", f"the {what} of a clip's frames do not rise: {list(values)[:20]}")
    sizes = set()
    for frame in clip.frames:
        try:
            sizes.add(picture_header(frame)[1:])
        except OSError as error:
            raise DataError("clip_shape", f"a frame of a clip is no picture: {error}") from error
    if len(sizes) > 1:
        raise DataError("clip_shape", f"the frames of a clip differ in size: {sorted(sizes)}")
    return sizes.pop()


def check_verdicts(sample: Sample, verdicts: Sequence[Verdict]) -> None:
    """Raise `DataError` unless there is one verdict an assistant turn, in order, naming its task."""
    asked = [turn.task for turn in sample.turns if turn.role == "assistant"]
    found = [verdict.task for verdict in verdicts]
    if asked != found:
        raise DataError("verdict_missing", f"assistant turns are {asked[:20]}, verdicts are {found[:20]}; give one each, in order")


def _check_evidence(sample: Sample, evidence: Evidence, where: str) -> None:
    if evidence.clip is not None:
        _check_span(sample, evidence, where)
    if evidence.image is None:
        return
    if not 0 <= evidence.image < len(sample.images):
        raise DataError("evidence_outside", f"{where} names image {evidence.image}; the sample has {len(sample.images)}")
    if evidence.box_px is None:
        return
    image, (x0, y0, x1, y1) = sample.images[evidence.image], evidence.box_px
    if not (-EDGE_PX <= x0 < x1 <= image.width_px + EDGE_PX and -EDGE_PX <= y0 < y1 <= image.height_px + EDGE_PX):
        size = f"{image.width_px}x{image.height_px}"
        raise DataError("evidence_outside", f"{where}: box {evidence.box_px} is empty or leaves image {evidence.image} ({size})")


def _check_span(sample: Sample, evidence: Evidence, where: str) -> None:
    if evidence.clip is None or not 0 <= evidence.clip < len(sample.clips):
        raise DataError("evidence_outside", f"{where} names clip {evidence.clip}; the sample has {len(sample.clips)}")
    start, end = evidence.time_s or (0.0, 0.0)
    if not 0 <= start <= end <= sample.clips[evidence.clip].duration_s + EDGE_S:
        duration = sample.clips[evidence.clip].duration_s
        raise DataError("evidence_outside", f"{where}: the span {evidence.time_s} s leaves clip {evidence.clip} of {duration} s")
