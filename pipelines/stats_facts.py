"""What the statistics need to know of one sample, taken in one pass: no media, but what was measured of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipelines import stats_pages, stats_search, stats_space
from pipelines.report import family_of
from pipelines.show_exchange import exchanges, plain
from pipelines.stats_text import Asked
from schemas.canonical import canonical_json
from schemas.family import FindsEvidence
from schemas.sample import Sample, Turn

SEARCHED_PER_SAMPLE = 8
"""Questions of a sample that the text search tries (chosen: a search reads every page)."""
ABSENT = "absent"
"""The value by which families over real documents say that the pages do not hold the answer."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the measures need to know of one sample.

    Attributes:
        searched: Per question tried: whether the answer stands on the best page, and the share of pages it stands on.
        box_ious: How well stated evidence boxes fit those found again, where the family can find them.
        scores: The sample's score of each filter that applies to it.
        things: What is seen of the things of a stored scene.
    """

    family: str
    languages: tuple[str, ...]
    tags: tuple[str, ...]
    asked: tuple[Asked, ...]
    hows: tuple[tuple[str, str], ...]
    evidence_pages: tuple[int, ...]
    hashes: tuple[tuple[int, int], ...]
    layouts: tuple[bytes, ...]
    searched: tuple[tuple[bool, float], ...]
    box_ious: tuple[float, ...]
    scores: Mapping[str, float]
    things: tuple[stats_space.Shown, ...] = ()


def facts_of(sample: Sample, number: int) -> Facts:
    """What the measures need of one sample; decodes its pages once."""
    language = sample.languages[0] if sample.languages else ""
    asked, pages = [], []
    for exchange in exchanges(sample):
        value = _value(exchange.answer)
        asked.append(
            Asked(number, sample.family, exchange.answer.task, language, plain(exchange.question.text), exchange.answer.text, value)
        )
        pages.append(len({evidence.image for evidence in exchange.evidence if evidence.image is not None}))
    pdfs = [attachment.data for attachment in sample.attachments if attachment.media_type == "application/pdf"]
    layouts = [layout for pdf in pdfs for layout in stats_pages.pdf_layouts(pdf)] or [stats_pages.image_layout(i) for i in sample.images]
    return Facts(
        family=sample.family,
        languages=sample.languages,
        tags=sample.tags,
        asked=tuple(asked),
        hows=tuple((verdict.task, verdict.how) for verdict in sample.verdicts),
        evidence_pages=tuple(pages),
        hashes=tuple(stats_pages.page_hash(image) for image in sample.images),
        layouts=tuple(layouts),
        searched=tuple(_search(asked, pdfs)),
        box_ious=tuple(_box_ious(sample)),
        scores=sample.scores,
        things=stats_space.things_in(sample),
    )


def _value(answer: Turn) -> str:
    """What an answer says, apart from its wording: `null` for a refusal, the text where nothing but the text says it."""
    said = answer.proof.answer if answer.proof else None
    if said is None:
        return canonical_json(answer.text)
    if isinstance(said, dict) and "value" in said:  # `{"type": "number", "value": ...}`
        said = said["value"]
    return "null" if said == ABSENT else canonical_json(said)


def _search(asked: Sequence[Asked], pdfs: Sequence[bytes]) -> Iterable[tuple[bool, float]]:
    texts = [text for pdf in pdfs for text in stats_search.page_texts(pdf)]
    answerable = [one for one in asked if not one.refused and one.value not in ("true", "false")]
    for one in answerable[:SEARCHED_PER_SAMPLE] if len(texts) > 1 else []:
        found = stats_search.found_and_chance(one.question, one.answer, texts)
        if found is not None:
            yield found


def _box_ious(sample: Sample) -> Iterable[float]:
    family = family_of(sample)
    pairs = family.find_evidence(sample.stored, sample.turns) if isinstance(family, FindsEvidence) else ()
    return (stats_pages.box_iou(stated, found) for stated, found in pairs)
