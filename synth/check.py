"""Holds a sample against the contract of `schemas.family`: media, placeholders, evidence, sizes, verdicts.

What breaks it is a bug of the family, but of one sample at a time: a `DataError` with a stable reason, so that the sample is quarantined
and the corpus goes on. Nothing here knows what a family means.
"""

from collections.abc import Sequence

from schemas.errors import DataError
from schemas.family import AnyFamily
from schemas.sample import Evidence, Sample, Turn, Verdict
from synth.picture_header import picture_header

EDGE_PX = 0.5
"""Boxes may stand out by half a pixel: a box from page points, rounded at the page's edge."""


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


def check_verdicts(sample: Sample, verdicts: Sequence[Verdict]) -> None:
    """Raise `DataError` unless there is one verdict an assistant turn, in order, naming its task."""
    asked = [turn.task for turn in sample.turns if turn.role == "assistant"]
    found = [verdict.task for verdict in verdicts]
    if asked != found:
        raise DataError("verdict_missing", f"assistant turns are {asked[:20]}, verdicts are {found[:20]}; give one each, in order")


def _check_evidence(sample: Sample, evidence: Evidence, where: str) -> None:
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
