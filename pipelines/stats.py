"""Measures a finished data set: what it holds, what is proved, what was rejected, whether it can be answered blind, how varied it is.

One pass takes from each sample what the measures need (`Facts`, no media); each measure is a small pure function in `stats_text`,
`stats_pages` or `stats_search`. Every number is printed with its definition; `summary` says in about ten lines what matters.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from math import sqrt
from pathlib import Path
from typing import Any, cast

from pipelines import stats_alike, stats_bars, stats_pages, stats_space, stats_text
from pipelines.ledger import summarise
from pipelines.stats_bars import Bar, judge
from pipelines.stats_facts import Facts, facts_of
from pipelines.stats_text import Asked
from schemas.sample import Image
from schemas.shard import Dataset

BLIND_LIMIT, TOP_LIMIT, COLLISION_LIMIT, ALIKE_LIMIT = 0.05, 0.03, 0.30, 0.01
"""Bars on shares: blind accuracy over chance, the most frequent answer of a task, questions of one template, near-duplicate images."""
LEAST_LAYOUTS = 16
"""Pages from which on a quarter and a half of a corpus have layouts to compare."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A measure with its definition and, where one is set, the value it should reach.

    Attributes:
        headline: A line of the summary that says what there is.
        bars: Lines of the summary that say whether it is as it should be.
    """

    name: str
    definition: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    wanted: str = ""
    notes: tuple[str, ...] = field(default=())
    headline: str = ""
    bars: tuple[Bar, ...] = field(default=())

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


def measure(folder: Path, *, on_sample: Callable[[int, int], None] | None = None) -> list[Metric]:
    """Every measure of the data set in `folder`; `on_sample` is told how many samples of how many were read."""
    dataset = Dataset(folder)
    facts = []
    for number, sample in enumerate(dataset):
        facts.append(facts_of(sample, number))
        if on_sample:
            on_sample(number + 1, len(dataset))
    asked = [one for fact in facts for one in fact.asked]
    return [
        _sizes(dataset, facts),
        _ledger(dataset),
        _by("Languages", "First language of each sample.", "language", (fact.languages[0] if fact.languages else "none" for fact in facts)),
        _proofs(facts),
        _scores(dataset, facts),
        _difficulty(facts),
        _blind(facts, asked),
        _answers(asked),
        _questions(asked),
        _templates(asked),
        _layouts(facts),
        _pages(facts, dataset),
        *_space(facts),
    ]


def summary(metrics: Sequence[Metric]) -> list[str]:
    """What matters, a line each: what the data set holds, what was lost, and every bar with its outcome."""
    bars = [bar for metric in metrics for bar in metric.bars]
    return [*(metric.headline for metric in metrics if metric.headline), *stats_bars.lines(bars)]


def _sizes(dataset: Dataset, facts: Sequence[Facts]) -> Metric:
    totals, images = dataset.manifest.totals, sum(len(fact.hashes) for fact in facts)
    rows = (("samples", totals.rows), ("images", images), ("shards", len(dataset.manifest.shards)), ("bytes", totals.bytes))
    tokens = (("text tokens", totals.text_tokens), ("vision tokens", totals.vision_tokens))
    definition = "Tokens by the Qwen vocabulary and Qwen3-VL's resize rule; bytes of the shard files."
    headline = ", ".join(f"{number:,} {what}" for what, number in rows + tokens)
    return Metric("Size", definition, ("what", "number"), rows + tokens, headline=headline)


def _ledger(dataset: Dataset) -> Metric:
    ledger = summarise(dataset.manifest.shards)
    lost = [(kind, reason, number) for kind in ("rejected", "quarantined") for reason, number in ledger[kind].items()]
    rows = (("planned", "", ledger["planned"]), ("kept", "", ledger["kept"]), *lost)
    definition = "planned = kept + rejected (a verifier or threshold turned the sample down) + quarantined (making it failed)."
    losses = ", ".join(f"{number:,} {kind} ({reason})" for kind, reason, number in lost) or "none rejected or quarantined"
    headline = f"{ledger['kept']:,} of {ledger['planned']:,} planned samples kept, {losses}"
    return Metric("Ledger", definition, ("what", "reason", "samples"), rows, headline=headline)


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
    wanted = "at least 95 % from the artefact"
    bar = Bar("answers proved from the stored bytes", f"{share:.1%} of {counts.total():,}", "at least 95 %", _outcome(share >= 0.95))
    return Metric("Proofs", definition, ("task", "artefact", "truth"), tuple(rows), wanted, (note,), bars=(bar,))


def _scores(dataset: Dataset, facts: Sequence[Facts]) -> Metric:
    rows: list[tuple[object, ...]] = []
    for name in sorted(map(str, cast(list[str], dataset.manifest.recipe["filters"]))):
        found = sorted(fact.scores[name] for fact in facts if name in fact.scores)
        spread = (found[0], found[len(found) // 20], found[len(found) // 2]) if found else ("", "", "")
        rows.append((name, len(found), len(facts) - len(found), *spread))
    definition = "Scores of the recipe's filters, higher is better. A filter does not apply to a sample that has nothing for it to judge."
    return Metric("Scores", definition, ("filter", "samples", "does not apply", "least", "5th percentile", "median"), tuple(rows))


def _outcome(met: bool) -> stats_bars.Outcome:
    return "met" if met else "missed"


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
    judged = []
    for family in sorted({one.family for one in asked}):
        mine = [one for one in asked if one.family == family]
        searched = [pair for fact in facts if fact.family == family for pair in fact.searched]
        for name, value, chance, tried in _baselines(mine, searched):
            error = sqrt(value * (1 - value) / tried) if tried else 0.0
            rows.append((family, name, value, chance, 100 * (value - chance), 100 * error))
            label = f"{100 * (value - chance):+.1f} points ({family}, {name})"
            judged.append(judge(value, int(tried), BLIND_LIMIT, chance=chance, label=label))
    return Metric(
        "Blind baselines",
        definition,
        ("family", "baseline", "accuracy", "chance", "points over", "std. error"),
        tuple(rows),
        "at most 5 points over chance",
        bars=_bars("best blind guess over chance", judged, "at most +5 points", "questions"),
    )


def _bars(name: str, judged: Sequence[stats_bars.Judged], wanted: str, unit: str) -> tuple[Bar, ...]:
    """The bar of the worst of several shares, none if there is none."""
    one = stats_bars.worst(judged)
    needs = f"{one.needed:,} {unit} to tell" if one and one.outcome == "too small" else ""
    return (Bar(name, one.label, wanted, one.outcome, needs),) if one else ()


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
        "Share of the most frequent answer value of each task, refusals apart, and an even guess among the values that were given (0 where "
        "there is but one); where a value is given once, the share only says how few answers there are."
    )
    rows = stats_text.top_answers(asked)
    repeated = [row for row in rows if row[2] > 1]
    judged = [
        judge(share, total, TOP_LIMIT, chance=even, label=f"{times:,} of {total:,} ({task}, {even:.1%} if even)")
        for task, total, times, share, even, _ in repeated
    ]
    if rows and not repeated:
        total = max(row[1] for row in rows)
        judged = [judge(1 / total, total, TOP_LIMIT, label=f"no value twice in up to {total:,}")]
    return Metric(
        "Answer prior",
        definition,
        ("task", "answers", "top times", "top share", "if even", "top value"),
        tuple(rows),
        "top share at most 0.03 over even",
        bars=_bars("most frequent answer of a task", judged, f"at most {TOP_LIMIT:.0%} over even", "answers of a task"),
    )


def _questions(asked: Sequence[Asked]) -> Metric:
    groups = _by_family_and_language(asked)
    rows = [(*key, len(group), stats_text.distinct_n([one.question for one in group], 2)) for key, group in sorted(groups.items())]
    definition = (
        "Different pairs of neighbouring words over all pairs, in questions; falls with size. Scripts without spaces go by character, of "
        "which there are fewer than words."
    )
    worded = [(row[3], f"{row[3]:.2f} of {row[2]:,} questions ({row[0]}, {row[1]})") for row in rows if _is_worded(groups[row[0], row[1]])]
    value, label = min(worded, default=(1.0, ""))
    bars = (Bar("variety of questions, distinct-2", label, "at least 0.35", _outcome(value >= 0.35)),) if worded else ()
    columns = ("family", "language", "questions", "distinct-2")
    return Metric("Distinct-2", definition, columns, tuple(rows), "at least 0.35", bars=bars)


def _by_family_and_language(asked: Sequence[Asked]) -> dict[tuple[str, str], list[Asked]]:
    groups: dict[tuple[str, str], list[Asked]] = defaultdict(list)
    for one in asked:
        for key in ((one.family, "all"), (one.family, one.language or "none")):
            groups[key].append(one)
    return groups


def _is_worded(asked: Sequence[Asked]) -> bool:
    """Whether questions are put into words; a family with one fixed prompt a task is not held to the bars on wording."""
    return len({one.question for one in asked}) > len({one.task for one in asked})


def _templates(asked: Sequence[Asked]) -> Metric:
    definition = (
        "Share of questions that equal another sample's after slots are masked: quoted text, words with a digit or an inner capital, and "
        f"words that one sample, or at most {stats_text.RARE_SHARE:.0%} of a language's samples, use; in scripts without spaces a "
        "character is masked when both pairs with its neighbours are that rare. Below, the masked questions asked most often, at most 20."
    )
    groups = _by_family_and_language(asked)
    rows = [(*key, len(group), stats_text.template_collisions(group)[0]) for key, group in sorted(groups.items())]
    judged = [
        judge(rate, total, COLLISION_LIMIT, label=f"{rate:.1%} of {total:,} questions ({family}, {language})")
        for family, language, total, rate in rows
        if _is_worded(groups[family, language])
    ]
    _, top = stats_text.template_collisions(asked)
    notes = tuple(f"{number:5d}  {form}" for form, number in top)
    columns = ("family", "language", "questions", "collision rate")
    bars = _bars("questions of one template", judged, f"below {COLLISION_LIMIT:.0%}", "questions")
    return Metric("Template collisions", definition, columns, tuple(rows), "below 0.30", notes, bars=bars)


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
    entropies = [row[3] for row in rows]
    value = ", ".join(f"{entropy:.1f}" for entropy in entropies) + " bits at 25, 50, 100 %"
    bar = Bar("layout entropy", value, "rising", _outcome(entropies[0] < entropies[1] < entropies[2]))
    bars = (bar,) if len(signatures) >= LEAST_LAYOUTS else ()
    return Metric("Layout entropy", definition, columns, tuple(rows), "entropy rising with the corpus", bars=bars)


def _space(facts: Sequence[Facts]) -> list[Metric]:
    things = [thing for fact in facts for thing in fact.things]
    if not things:
        return []
    rows = [(name, label, share) for name, shares in stats_space.histograms(things).items() for label, share in shares.items()]
    definition = (
        f"Of {len(things):,} things that show well enough to be asked about, the share in each bin: largest side of the box, distance of "
        "the nearest visible point, yaw of the box about the camera's vertical, share of the outline that is hidden."
    )
    return [Metric("Things in space", definition, ("measure", "bin", "share"), tuple(rows))]


def _pages(facts: Sequence[Facts], dataset: Dataset) -> Metric:
    hashes = [value for fact in facts for value in fact.hashes]
    ious = [iou for fact in facts for iou in fact.box_ious]
    places = [(sample, image) for sample, fact in enumerate(facts) for image in range(len(fact.hashes))]

    def load(number: int) -> Image:
        sample, image = places[number]
        return dataset[sample].images[image]

    alike, tried = stats_alike.near_duplicates(hashes, load)
    rows: list[tuple[object, ...]] = [("near-duplicate images", len(hashes), alike), ("compared pixel by pixel", len(hashes), tried)]
    judged = [judge(alike, len(hashes), ALIKE_LIMIT, label=f"{alike:.1%} of {len(hashes):,} images")] if hashes else []
    bars = _bars("near-duplicate images", judged, f"below {ALIKE_LIMIT:.0%}", "images")
    if ious:
        mean = sum(ious) / len(ious)
        rows.append(("evidence box IoU, mean", len(ious), mean))
        value = f"mean overlap {mean:.3f} of {len(ious):,}"
        bars += (Bar("evidence boxes found again", value, "at least 0.95", _outcome(mean >= 0.95)),)
    definition = (
        f"Near-duplicates: share of images with another one in which {stats_alike.SHARE:.0%} of what is drawn is found again, and the "
        f"other way round: tiles of {stats_alike.TILE} of {stats_alike.SIDE} pixels that correlate by {stats_alike.FOUND} or more with a "
        f"place at most {stats_alike.REACH} off. Compared are images whose 64-bit difference hash and 64-bit DCT hash each differ in at "
        f"most {stats_alike.CANDIDATE_BITS} bits. "
        "Evidence box IoU: stated boxes against those found again in the stored bytes, where the family can find them."
    )
    wanted = "near-duplicates below 0.01, mean IoU at least 0.95"
    return Metric("Pages", definition, ("measure", "of", "value"), tuple(rows), wanted, bars=bars)
