"""Shows samples to people: chooses some, and writes them as one self-contained HTML page or as text. Nothing is fetched when the page is
opened.
"""

import html
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from string import Template

from pipelines.show_exchange import Exchange, absence, exchanges, places, plain, proved
from pipelines.show_html import article, language_name, sheet_entry
from pipelines.show_pictures import draw
from schemas.errors import UserError, nearest
from schemas.phrases import counted, shortened
from schemas.sample import Sample
from schemas.shard import Dataset

MAX_PLACES = 6
"""Images with evidence listed for a question in text."""


def choose(folder: Path, number: int, *, task: str | None = None, family: str | None = None, sample_id: str | None = None) -> list[Sample]:
    """At most `number` samples, spread evenly over those of `folder` that fit.

    Raises:
        UserError: No sample has that task, family or id.
    """
    dataset = Dataset(folder)
    if sample_id is not None:
        named = [sample for sample in dataset if sample.sample_id == sample_id]
        if not named:
            todo = "ids stand in what `assay show` prints; samples that were not kept are shown by `assay rebuild DIR --sample ID`"
            raise UserError(f"no sample {sample_id!r}", where=str(folder), todo=todo)
        return named
    if task is None and family is None:
        fitting = list(range(len(dataset)))
    else:
        fitting = [i for i, sample in enumerate(dataset) if (family in (None, sample.family)) and (task is None or task in _tasks(sample))]
    if not fitting:
        raise _nothing_fits(dataset, task, family)
    step = max(1.0, len(fitting) / number)
    return [dataset[fitting[int(position * step)]] for position in range(min(number, len(fitting)))]


def render_page(
    title: str,
    samples: Sequence[Sample],
    *,
    task: str | None = None,
    total: int | None = None,
    on_sample: Callable[[int, int], None] | None = None,
) -> str:
    """One self-contained HTML page of `samples`, with a contact sheet on top.

    Args:
        title: Of the page; the data set's folder.
        samples: What to show.
        task: Only questions of this type.
        total: Samples of the data set, to say of how many these are a selection.
        on_sample: Told after each sample how many of how many are drawn.
    """
    entries, articles = [], []
    with ThreadPoolExecutor() as pool:  # Pillow lets go of the interpreter while it decodes, scales and encodes
        asked = [exchanges(sample, task) for sample in samples]
        for number, (sample, questions, drawing) in enumerate(zip(samples, asked, pool.map(draw, samples, asked), strict=True)):
            entries.append(sheet_entry(number, sample, drawing))
            articles.append(article(number, sample, questions, drawing))
            if on_sample:
                on_sample(number + 1, len(samples))
    template = Template(files("pipelines").joinpath("show_page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=html.escape(title), subtitle=html.escape(_subtitle(asked, total)), sheet="\n".join(entries), samples="\n".join(articles)
    )


def summarise_text(samples: Iterable[Sample], *, task: str | None = None) -> str:
    """The samples as plain text, for a terminal."""
    lines = []
    for sample in samples:
        languages = ", ".join(map(language_name, sample.languages))
        tokens = f"{sample.text_tokens:,} text and {sample.vision_tokens:,} vision tokens"
        media = [counted(len(found), what) for what, found in (("image", sample.images), ("clip", sample.clips)) if found]
        lines += [f"{sample.sample_id}  {languages}  {', '.join([*media, tokens])}", f"  {', '.join(sample.tags)}"]
        for exchange in exchanges(sample, task):
            lines += _exchange_lines(exchange)
        lines.append("")
    return "\n".join(lines)


def _exchange_lines(exchange: Exchange) -> list[str]:
    refusal = exchange.refusal
    lines = [f"  {exchange.label} [{exchange.answer.task}] {plain(exchange.question.text)}", f"     {shortened(exchange.answer.text, 400)}"]
    if refusal:
        lines.append(f"     no answer: {absence(refusal)}")
    found = [f"     {'nearly matches' if refusal else 'from'} {text}" for text in places(exchange.evidence)]
    lines += found[:MAX_PLACES] + ([f"     and {len(found) - MAX_PLACES} more"] if len(found) > MAX_PLACES else [])
    return [*lines, f"     {proved(exchange.verdict)}"]


def _subtitle(asked: Sequence[Sequence[Exchange]], total: int | None) -> str:
    """How many samples and answers are shown, and how many of these were proved."""
    verdicts = [exchange.verdict for questions in asked for exchange in questions]
    passed = sum(verdict is not None and verdict.passed and verdict.how == "artefact" for verdict in verdicts)
    samples = counted(len(asked), "sample") if total in (None, len(asked)) else f"{len(asked)} of {total:,} samples"
    answers = counted(len(verdicts), "answer")
    return f"Showing {samples} with {answers}, {passed} of them proved again from the stored bytes."


def _nothing_fits(dataset: Dataset, task: str | None, family: str | None) -> UserError:
    """What was asked for, and what there is of it."""
    known = {
        "--task": (task, sorted({name for sample in dataset for name in _tasks(sample)})),
        "--family": (family, sorted({sample.family for sample in dataset})),
    }
    asked = {option: found for option, found in known.items() if found[0] is not None}
    parts = [
        f"{nearest(value or '', names) if value not in names else ''}{option} may be {', '.join(names) or 'nothing: there is no sample'}"
        for option, (value, names) in asked.items()
    ]
    given = " ".join(f"{option} {value}" for option, (value, _) in asked.items())
    return UserError(f"no sample fits {given}", where=str(dataset.folder), todo="; ".join(parts))


def _tasks(sample: Sample) -> set[str]:
    return {turn.task for turn in sample.turns if turn.role == "assistant"}
