"""Measures a finished data set: what it holds, what is proved, what was rejected, whether it can be answered blind, how varied it is.

One pass takes from each sample what the measures need (`Facts`, no media); each measure is a small pure function in `stats_text`,
`stats_pages` or `stats_search`. Every number is printed with its definition.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from math import sqrt
from pathlib import Path
from typing import Any

from pipelines import stats_pages, stats_search, stats_text
from pipelines.ledger import summarise
from pipelines.report import family_of
from pipelines.show import exchanges, plain
from pipelines.stats_text import Asked
from schemas.canonical import canonical_json
from schemas.family import FindsEvidence
from schemas.sample import Sample, Turn
from schemas.shard import Dataset

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


@dataclass(frozen=True, slots=True)
class Metric:
    """A measure with its definition and, where one is set, the value it should reach."""

    name: str
    definition: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    wanted: str = ""
    notes: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """For `--json`: rows as objects."""
        return {**asdict(self), "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows]}

    def print(self, print_table: Callable[[str, list[str], list[list[object]]], None]) -> None:
        """Title, table and definition, for people."""
        print_table(self.name, list(self.columns), [list(row) for row in self.rows])
        print(f"  {self.definition}" + (f" Wanted: {self.wanted}." if self.wanted else ""))
        for note in self.notes:
            print(f"  {note}")
        print()


def measure(folder: Path) -> list[Metric]:
    """Every measure of the data set in `folder`."""
    dataset = Dataset(folder)
    facts = [facts_of(sample, number) for number, sample in enumerate(dataset)]
    asked = [one for fact in facts for one in fact.asked]
    return [
        _sizes(dataset),
        _ledger(dataset),
        _by("Languages", "First language of each sample.", "language", (fact.languages[0] if fact.languages else "none" for fact in facts)),
        _proofs(facts),
        _difficulty(facts),
        _blind(facts, asked),
        _answers(asked),
        _questions(asked),
        _templates(asked),
        _layouts(facts),
        _pages(facts),
    ]


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


def _sizes(dataset: Dataset) -> Metric:
    totals = dataset.manifest.totals
    rows = (("samples", totals.rows), ("shards", len(dataset.manifest.shards)), ("bytes", totals.bytes))
    tokens = (("text tokens", totals.text_tokens), ("vision tokens", totals.vision_tokens))
    definition = "Tokens by the Qwen vocabulary and Qwen3-VL's resize rule; bytes of the shard files."
    return Metric("Size", definition, ("what", "number"), rows + tokens)


def _ledger(dataset: Dataset) -> Metric:
    ledger = summarise(dataset.manifest.shards)
    lost = [(kind, reason, number) for kind in ("rejected", "quarantined") for reason, number in ledger[kind].items()]
    rows = (("planned", "", ledger["planned"]), ("kept", "", ledger["kept"]), *lost)
    definition = "planned = kept + rejected (a verifier or threshold turned the sample down) + quarantined (making it failed)."
    return Metric("Ledger", definition, ("what", "reason", "samples"), rows)


def _by(name: str, definition: str, column: str, values: Iterable[str]) -> Metric:
    return Metric(name, definition, (column, "samples"), tuple(sorted(Counter(values).items())))


def _proofs(facts: Sequence[Facts]) -> Metric:
    counts = Counter(how for fact in facts for how in fact.hows)
    tasks = sorted({task for task, _ in counts})
    rows = [(task, counts[task, "artefact"], counts[task, "truth"]) for task in tasks]
    artefact = sum(number for (_, how), number in counts.items() if how == "artefact")
    share = artefact / counts.total() if counts else 1.0
    definition = "Answers per task, by what proves them: the stored bytes alone (artefact), or only the stored truth."
    note = f"from the artefact: {share:.1%}"
    return Metric("Proofs", definition, ("task", "artefact", "truth"), tuple(rows), "at least 95 % from the artefact", (note,))


def _difficulty(facts: Sequence[Facts]) -> Metric:
    pages = Counter(min(number, 6) for fact in facts for number in fact.evidence_pages)
    rows = [("pages of evidence", f"{number}{' or more' if number == 6 else ''}", count) for number, count in sorted(pages.items())]
    tags = Counter(tuple(tag.split(":", 1)) for fact in facts for tag in fact.tags if ":" in tag)
    rows += [(knob, value, count) for (knob, value), count in sorted(tags.items())]
    return Metric(
        "Difficulty and knobs",
        "Images an answer's evidence lies on, in answers; each `knob:value` tag, in samples.",
        ("knob", "value", "number"),
        tuple(rows),
    )


def _blind(facts: Sequence[Facts], asked: Sequence[Asked]) -> Metric:
    definition = (
        "Accuracy without the pages. Most frequent: the value other samples have most often for the task. Question only: the answer of "
        "the most similar question of another sample; chance for both is one over the different values of a task. Is there an answer: "
        "telling refusals from answers that way, balanced, chance 0.5. Text search: share of answers printed on the page that BM25 finds "
        "for the question; chance is a random page. The standard error, in points, is that of a proportion."
    )
    rows: list[tuple[object, ...]] = []
    for family in sorted({one.family for one in asked}):
        mine = [one for one in asked if one.family == family]
        searched = [pair for fact in facts if fact.family == family for pair in fact.searched]
        for name, value, chance, tried in _baselines(mine, searched):
            error = sqrt(value * (1 - value) / tried) if tried else 0.0
            rows.append((family, name, value, chance, 100 * (value - chance), 100 * error))
    return Metric(
        "Blind baselines",
        definition,
        ("family", "baseline", "accuracy", "chance", "points over", "std. error"),
        tuple(rows),
        "at most 5 points over chance",
    )


def _baselines(asked: Sequence[Asked], searched: Sequence[tuple[bool, float]]) -> Iterable[tuple[str, float, float, float]]:
    """Name, accuracy, chance and number of tries of each blind baseline over the questions of one family."""
    even = stats_text.chance(asked)
    alike, told = stats_text.question_only(asked)
    refused = sum(one.refused for one in asked)
    answered = len(asked) - refused
    yield "most frequent answer", stats_text.most_frequent_answer(asked), even, answered
    yield "question only", alike, even, answered
    if refused and answered:
        # The mean of two accuracies varies as one over this many tries would.
        yield "question only: is there an answer?", told, 0.5, 4 / (1 / refused + 1 / answered)
    if searched:
        hit, share = (sum(values) / len(searched) for values in zip(*searched, strict=True))
        yield "best single page by text search", hit, share, len(searched)


def _answers(asked: Sequence[Asked]) -> Metric:
    definition = (
        "Share of the most frequent answer value of each task, refusals apart; where a value is given once, the share only says how few "
        "answers there are."
    )
    return Metric(
        "Answer prior",
        definition,
        ("task", "answers", "top times", "top share", "top value"),
        tuple(stats_text.top_answers(asked)),
        "top share at most 0.03",
    )


def _questions(asked: Sequence[Asked]) -> Metric:
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in asked:
        for key in ((one.family, "all"), (one.family, one.language or "none")):
            groups[key].append(one.question)
    rows = [(family, language, len(texts), stats_text.distinct_n(texts, 2)) for (family, language), texts in sorted(groups.items())]
    definition = (
        "Different pairs of neighbouring words over all pairs, in questions; falls with size. Scripts without spaces go by character, of "
        "which there are fewer than words."
    )
    return Metric("Distinct-2", definition, ("family", "language", "questions", "distinct-2"), tuple(rows), "at least 0.35")


def _templates(asked: Sequence[Asked]) -> Metric:
    definition = (
        "Share of questions that equal another sample's after slots are masked: quoted text, words with a digit or an inner capital, and "
        f"words that one sample, or at most {stats_text.RARE_SHARE:.0%} of a language's samples, use; in scripts without spaces a "
        "character is masked when both pairs with its neighbours are that rare. Below, the masked questions asked most often, at most 20."
    )
    groups: dict[tuple[str, str], list[Asked]] = defaultdict(list)
    for one in asked:
        for key in ((one.family, "all"), (one.family, one.language or "none")):
            groups[key].append(one)
    rows = [(*key, len(group), stats_text.template_collisions(group)[0]) for key, group in sorted(groups.items())]
    _, top = stats_text.template_collisions(asked)
    notes = tuple(f"{number:5d}  {form}" for form, number in top)
    return Metric(
        "Template collisions", definition, ("family", "language", "questions", "collision rate"), tuple(rows), "below 0.30", notes
    )


def _layouts(facts: Sequence[Facts]) -> Metric:
    signatures = [layout for fact in facts for layout in fact.layouts]
    rows = []
    for percent in (25, 50, 100):
        part = signatures[: max(1, len(signatures) * percent // 100)]
        entropy, distinct = stats_pages.layout_entropy(part)
        rows.append((f"{percent} %", len(part), distinct, entropy, 2**entropy, stats_pages.mean_layout_iou(part)))
    definition = (
        "Page elements on a 16 by 16 grid, text and pictures apart: different signatures, Shannon entropy in bits, perplexity (2 to the "
        "entropy), and mean overlap of two pages."
    )
    columns = ("of corpus", "pages", "layouts", "entropy", "perplexity", "mean overlap")
    return Metric("Layout entropy", definition, columns, tuple(rows), "entropy rising with the corpus")


def _pages(facts: Sequence[Facts]) -> Metric:
    hashes = [value for fact in facts for value in fact.hashes]
    ious = [iou for fact in facts for iou in fact.box_ious]
    rows: list[tuple[object, ...]] = [("near-duplicate images", len(hashes), stats_pages.near_duplicates(hashes))]
    if ious:
        rows.append(("evidence box IoU, mean", len(ious), sum(ious) / len(ious)))
    definition = (
        "Near-duplicates: share of images with another one whose 64-bit difference hash and 64-bit DCT hash each differ in at most 6 "
        "bits. Evidence box IoU: stated boxes against those found again in the stored bytes, where the family can find them."
    )
    return Metric("Pages", definition, ("measure", "of", "value"), tuple(rows), "near-duplicates below 0.01, mean IoU at least 0.95")
