"""Shows samples to people: chooses some, and writes them as one self-contained HTML page or as text. Nothing is fetched when the page is
opened.
"""

import html
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from pipelines.show_pictures import THUMB_SIDE_PX, Mark, color_of, draw_crop, draw_page
from schemas.errors import UserError
from schemas.sample import BoxPx, Evidence, Sample, Turn, Verdict
from schemas.shard import Dataset

MAX_PAGES, MAX_CROPS, LONG_ANSWER = 40, 6, 400
"""Pages in a sample's strip, crops a question, and characters from which an answer gets a box of its own."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question with its answer and verdict. `number` counts from 0 within the sample and picks the colour."""

    number: int
    question: Turn
    answer: Turn
    verdict: Verdict | None

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What the answer rests on."""
        return self.answer.proof.evidence if self.answer.proof else ()


def choose(folder: Path, number: int, *, task: str | None = None, family: str | None = None) -> list[Sample]:
    """At most `number` samples, spread evenly over those of `folder` that fit.

    Raises:
        UserError: No sample has that task or family.
    """
    dataset = Dataset(folder)
    if task is None and family is None:
        fitting = list(range(len(dataset)))
    else:
        fitting = [i for i, sample in enumerate(dataset) if (family in (None, sample.family)) and (task is None or task in _tasks(sample))]
    if not fitting:
        known = sorted({name for sample in dataset for name in (sample.family, *_tasks(sample))})
        raise UserError(
            f"no sample fits --task {task} --family {family}", where=str(folder), todo=f"there are {', '.join(known) or 'no samples'}"
        )
    step = max(1.0, len(fitting) / number)
    return [dataset[fitting[int(position * step)]] for position in range(min(number, len(fitting)))]


def exchanges(sample: Sample, task: str | None = None) -> list[Exchange]:
    """The sample's questions and answers, in order; only those of `task` if given."""
    verdicts = iter(sample.verdicts)
    pairs = [(asked, answered) for asked, answered in zip(sample.turns, sample.turns[1:], strict=False) if answered.role == "assistant"]
    found = [Exchange(number, asked, answered, next(verdicts, None)) for number, (asked, answered) in enumerate(pairs)]
    return [exchange for exchange in found if task in (None, exchange.answer.task)]


def render_page(title: str, samples: Sequence[Sample], *, task: str | None = None) -> str:
    """One self-contained HTML page of `samples`, with a contact sheet on top."""
    template = Template(files("pipelines").joinpath("show_page.html").read_text(encoding="utf-8"))
    answers = sum(len(exchanges(sample, task)) for sample in samples)
    subtitle = (
        f"{len(samples)} samples, {answers} answers. Boxes are the evidence, one colour a question; click a picture to see it in full size."
    )
    return template.substitute(
        title=html.escape(title),
        subtitle=html.escape(subtitle),
        sheet="\n".join(_sheet_entry(number, sample) for number, sample in enumerate(samples)),
        samples="\n".join(_sample(number, sample, task) for number, sample in enumerate(samples)),
    )


def summarise_text(samples: Iterable[Sample], *, task: str | None = None) -> str:
    """The samples as plain text, for a terminal."""
    lines = []
    for sample in samples:
        tokens = f"{sample.text_tokens:,} text and {sample.vision_tokens:,} vision tokens"
        lines += [
            f"{sample.sample_id}  {', '.join(sample.languages)}  {len(sample.images)} images, {tokens}",
            f"  {', '.join(sample.tags)}",
        ]
        for exchange in exchanges(sample, task):
            lines += [
                f"  Q{exchange.number + 1} [{exchange.answer.task}] {plain(exchange.question.text)}",
                f"     {exchange.answer.text[:400]}",
            ]
            lines += [f"     from {place(evidence)}" for evidence in exchange.evidence[:MAX_CROPS]]
            lines.append(f"     {_proved(exchange.verdict)}")
        lines.append("")
    return "\n".join(lines)


def plain(question: str) -> str:
    """A question without its media placeholders and what labels them: the last paragraph after the last placeholder."""
    text = question.replace("<video>", "<image>").rpartition("<image>")[2]
    return text.strip() or question.strip()


def place(evidence: Evidence) -> str:
    """Where evidence lies, for people; image numbers count from 1."""
    where = "" if evidence.image is None else f"image {evidence.image + 1}"
    when = "" if evidence.time_s is None else f"{evidence.time_s[0]:.2f} to {evidence.time_s[1]:.2f} s"
    return ", ".join(part for part in (where, when, evidence.note) if part)


def _tasks(sample: Sample) -> set[str]:
    return {turn.task for turn in sample.turns if turn.role == "assistant"}


def _proved(verdict: Verdict | None) -> str:
    if verdict is None:
        return "not verified"
    how = "from the stored bytes" if verdict.how == "artefact" else "against the stored truth"
    return f"{'proved' if verdict.passed else 'NOT proved'} {how}: {verdict.reason}"


def _sheet_entry(number: int, sample: Sample) -> str:
    evidence = [e.image for exchange in exchanges(sample) for e in exchange.evidence if e.image is not None]
    telling = Counter(evidence).most_common(1)[0][0] if evidence else 0  # a cover says little
    thumb = draw_page(sample.images[telling], [], 2 * THUMB_SIDE_PX) if sample.images else ""
    pages = f"{len(sample.images)} image{'s' * (len(sample.images) != 1)}"
    caption = html.escape(f"{sample.family} · {', '.join(sample.languages)} · {pages}")
    frame = f'<span class="frame"><img src="{thumb}" alt="" loading="lazy"></span>'
    return f'<a href="#s{number}">{frame}<span class="small soft">{caption}</span></a>'


def _sample(number: int, sample: Sample, task: str | None) -> str:
    asked = exchanges(sample, task)
    chips = [*sample.languages, *sample.tags, f"{sample.text_tokens:,} text tokens", f"{sample.vision_tokens:,} vision tokens"]
    chips += [f"{name} {value:.3g}" for name, value in sorted(sample.scores.items())]
    return "\n".join(
        [
            f'<section class="sample" id="s{number}"><div class="head"><h2>{html.escape(sample.family)}</h2>',
            f'<code class="soft">{html.escape(sample.sample_id)}</code></div>',
            '<div class="chips">' + "".join(f'<span class="chip">{html.escape(chip)}</span>' for chip in chips) + "</div>",
            '<div class="pages">' + "".join(_pages(number, sample, asked)) + "</div>",
            *(_exchange(number, sample, exchange) for exchange in asked),
            "</section>",
        ]
    )


def _pages(number: int, sample: Sample, asked: Sequence[Exchange]) -> Iterator[str]:
    """The strip of pages: those with evidence in full with their boxes, the others small."""
    for index, image in enumerate(sample.images[:MAX_PAGES]):
        marks = [
            Mark(evidence.box_px, color_of(exchange.number), f"Q{exchange.number + 1}")
            for exchange in asked
            for evidence in exchange.evidence
            if evidence.image == index and evidence.box_px is not None
        ]
        marks = _nested(list(dict.fromkeys(marks)))  # one box may support an answer twice
        source = draw_page(image, marks) if marks or index == 0 else draw_page(image, [], 2 * THUMB_SIDE_PX)
        picture = f'<img id="s{number}p{index}" src="{source}" alt="image {index + 1}" loading="lazy">'
        yield f"<figure>{picture}<figcaption>{index + 1}</figcaption></figure>"
    if len(sample.images) > MAX_PAGES:
        yield f'<figure class="soft">and {len(sample.images) - MAX_PAGES} more</figure>'


def _nested(marks: list[Mark]) -> list[Mark]:
    """Marks of equal boxes one around the other, so that each colour is seen."""
    seen: Counter[BoxPx] = Counter()
    found = []
    for mark in marks:
        grow = 5.0 * seen[mark.box_px]
        x0, y0, x1, y1 = mark.box_px
        found.append(Mark((x0 - grow, y0 - grow, x1 + grow, y1 + grow), mark.color, mark.label))
        seen[mark.box_px] += 1
    return found


def _exchange(number: int, sample: Sample, exchange: Exchange) -> str:
    answer = exchange.answer
    long = " long" if len(answer.text) > LONG_ANSWER else ""
    verdict = exchange.verdict
    mood = "good" if verdict is not None and verdict.passed else "bad"
    program = json.dumps(answer.proof.program, indent=2, ensure_ascii=False) if answer.proof else ""
    value = json.dumps(answer.proof.answer, ensure_ascii=False) if answer.proof else ""
    return "\n".join(
        [
            f'<div class="turn"><span class="number" style="background:{color_of(exchange.number)}">Q{exchange.number + 1}</span><div>',
            f'<div class="question" dir="auto">{html.escape(plain(exchange.question.text))}</div>',
            f'<div class="answer{long}" dir="auto">{html.escape(answer.text)}</div>',
            f'<div class="verdict"><span class="chip">{html.escape(answer.task)}</span>',
            f'<span class="{mood}">{html.escape(_proved(verdict))}</span></div>',
            '<div class="evidence">' + "".join(_crops(number, sample, exchange)) + "</div>",
            f"<details><summary>program and value</summary><pre>{html.escape(program)}</pre><pre>{html.escape(value)}</pre></details>",
            "</div></div>",
        ]
    )


def _crops(number: int, sample: Sample, exchange: Exchange) -> Iterator[str]:
    for evidence in exchange.evidence[:MAX_CROPS]:
        caption = html.escape(place(evidence))
        if evidence.image is None or evidence.box_px is None:
            yield f"<figure><figcaption>{caption}</figcaption></figure>"
            continue
        crop = draw_crop(sample.images[evidence.image], Mark(evidence.box_px, color_of(exchange.number), ""))
        page = f"s{number}p{evidence.image}"
        yield f'<figure><img src="{crop}" data-page="{page}" alt="evidence" loading="lazy"><figcaption>{caption}</figcaption></figure>'
    if len(exchange.evidence) > MAX_CROPS:
        yield f"<figure><figcaption>and {len(exchange.evidence) - MAX_CROPS} more places</figcaption></figure>"
