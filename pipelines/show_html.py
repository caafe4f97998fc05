"""One sample as HTML: its images with the evidence of every question, then each question with its answer, its evidence, and how it was
proved. `show_page.html` holds the page around it, the styles and the script.

Boxes are drawn by the browser over the pictures, so that a question's own can be told apart when a picture is enlarged.
"""

import html
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import babel

from pipelines.show_exchange import Exchange, absence, formula, places, plain, proved
from pipelines.show_pictures import Crop, Drawing, Preview, color_of
from schemas.phrases import counted
from schemas.sample import BoxPx, Sample

LONG_ANSWER = 400
"""Characters from which an answer gets a box of its own that scrolls."""
PAGE_WIDTH = 800
"""Width in CSS pixels to which a whole page would be scaled; crops are shown at the same scale."""
NEST_PX = 5.0
"""Boxes of several questions around the same place are drawn one around the other, so far apart."""


def language_name(tag: str) -> str:
    """The English name of a BCP 47 tag, or the tag where there is none."""
    name = babel.Locale("en").languages.get(tag) or babel.Locale("en").languages.get(tag.partition("-")[0])
    return str(name or tag)


def direction(sample: Sample) -> str:
    """The `dir` of questions and answers: from the language, since an answer may be digits alone."""
    language = sample.languages[-1].partition("-")[0] if sample.languages else ""
    return str(babel.Locale(language).text_direction) if language in babel.localedata.locale_identifiers() else "auto"


def sheet_entry(number: int, sample: Sample, drawing: Drawing) -> str:
    """The sample's entry on the contact sheet; `number` counts from 0."""
    cover = _frame(drawing.cover) if drawing.cover else ""
    return f'<li><a href="#s{number}"><span class="cover">{cover}</span><span>{number + 1}. {_title(sample)}</span></a></li>'


def article(number: int, sample: Sample, asked: Sequence[Exchange], drawing: Drawing) -> str:
    """Everything about one sample."""
    chips = "".join(f"<li>{html.escape(tag)}</li>" for tag in sample.tags)
    return "\n".join(
        [
            f'<article class="sample" id="s{number}" aria-labelledby="h{number}">',
            f'<div class="head"><h2 id="h{number}">{number + 1}. {_title(sample)}</h2><a href="#top">contents</a></div>',
            f'<ul class="chips" aria-label="tags">{chips}</ul>' if chips else "",
            *_images(number, sample, asked, drawing),
            *_clips(number, sample, drawing),
            *(_exchange(number, sample, exchange, drawing) for exchange in asked),
            f"<details><summary>About this sample</summary>{_about(sample)}</details>",
            "</article>",
        ]
    )


def _title(sample: Sample) -> str:
    languages = ", ".join(language_name(tag) for tag in sample.languages)
    media = [counted(len(found), what) for what, found in (("image", sample.images), ("clip", sample.clips)) if found]
    return html.escape(" · ".join(part for part in (sample.family, languages, *media) if part))


def _about(sample: Sample) -> str:
    facts = [
        ("id", sample.sample_id),
        ("make it again", f"assay rebuild DIR --sample {sample.sample_id}"),
        ("tokens", f"{sample.text_tokens:,} of text, {sample.vision_tokens:,} of images and clips"),
        *((name, f"{value:.3g}") for name, value in sorted(sample.scores.items())),
    ]
    return "<dl>" + "".join(f"<dt>{html.escape(name)}</dt><dd><code>{html.escape(value)}</code></dd>" for name, value in facts) + "</dl>"


# --- images ---------------------------------------------------------------------------------------------------------------------------


def _images(number: int, sample: Sample, asked: Sequence[Exchange], drawing: Drawing) -> Iterator[str]:
    """All images in order, each a button that enlarges it."""
    if not drawing.images:
        return
    yield f'<div class="images" role="group" aria-label="Images of sample {number + 1}">'
    for index, preview in drawing.images.items():
        marks = [(exchange, item.box_px) for exchange in asked for item in exchange.evidence if item.image == index and item.box_px]
        labels = ", ".join(dict.fromkeys(exchange.label for exchange, _ in marks))
        label = f"Enlarge image {index + 1} of {len(sample.images)}" + (f", with evidence of {labels}" if labels else "")
        frame = _frame(preview, _marks(marks, labelled=True))
        yield f'<button id="s{number}i{index}" class="image" aria-label="{label}">{frame}<span>{index + 1}</span></button>'
    if left := len(sample.images) - len(drawing.images):
        yield f'<span class="soft">and {left} more without evidence</span>'
    yield "</div>"


def _clips(number: int, sample: Sample, drawing: Drawing) -> Iterator[str]:
    """A contact sheet of each clip; bars under frames have the colours of the questions whose evidence they show."""
    for index, (clip, sheet) in enumerate(zip(sample.clips, drawing.clips, strict=True)):
        said = f"{counted(len(clip.frames), 'frame')} of {clip.duration_s:.1f} s, source at {clip.source_fps:.3g} frames a second"
        button = f'<button aria-label="Enlarge clip {index + 1}">{_frame(sheet)}</button>'
        yield f'<figure id="s{number}c{index}">{button}<figcaption>{said}</figcaption></figure>'


def _frame(preview: Preview, marks: str = "") -> str:
    """A picture with marks over it; its size is in stored pixels, which are the units of the marks."""
    (width, height), (left, top, *_) = preview.size, preview.part
    overlay = f'<svg viewBox="{left} {top} {width} {height}" aria-hidden="true">{marks}</svg>' if marks else ""
    return f'<span class="frame"><img src="{preview.uri}" width="{width}" height="{height}" alt="" loading="lazy">{overlay}</span>'


def _marks(marks: Iterable[tuple[Exchange, BoxPx]], *, labelled: bool = False) -> str:
    seen: Counter[BoxPx] = Counter()
    drawn = []
    once = {(exchange.number, box): exchange for exchange, box in marks}  # one box may support an answer twice
    for (_, box), exchange in once.items():
        grow = 2.0 + NEST_PX * seen[box]
        seen[box] += 1
        x, y = box[0] - grow, box[1] - grow
        kind = f"q{exchange.number}" + (" near" if exchange.refusal else "")
        label = f'<text x="{x:.0f}" y="{y - 4:.0f}">{exchange.label}</text>' if labelled else ""
        edges = f'x="{x:.1f}" y="{y:.1f}" width="{box[2] - box[0] + 2 * grow:.1f}" height="{box[3] - box[1] + 2 * grow:.1f}"'
        rects = f'<rect class="halo" {edges}/><rect {edges}/>'  # white around the colour, which may be that of what is marked
        drawn.append(f'<g class="{kind}" color="{color_of(exchange.number)}">{rects}{label}</g>')
    return "".join(drawn)


# --- questions and answers ------------------------------------------------------------------------------------------------------------


def _exchange(number: int, sample: Sample, exchange: Exchange, drawing: Drawing) -> str:
    answer, language = exchange.answer, html.escape(sample.languages[-1]) if sample.languages else ""
    script = f'dir="{direction(sample)}" lang="{language}"'
    long = ' class="answer long" tabindex="0" role="region" aria-label="answer"' if len(answer.text) > LONG_ANSWER else ' class="answer"'
    mood, sign = ("good", "✓") if exchange.verdict and exchange.verdict.passed else ("bad", "✗")
    crops = drawing.crops.get(exchange.number, [])
    return "\n".join(
        [
            f'<section class="turn"><span class="number" style="background:{color_of(exchange.number)}">{exchange.label}</span><div>',
            f"<h3 {script}>{html.escape(plain(exchange.question.text))}</h3>",
            f"<div{long} {script}>{html.escape(answer.text)}</div>",
            f'<p class="verdict"><span class="{mood}">{sign} {html.escape(proved(exchange.verdict))}</span> ',
            f'<span class="chip">{html.escape(answer.task)}</span></p>',
            _near_miss(exchange),
            '<div class="crops">' + "".join(_crop(number, sample, exchange, crop) for crop in crops) + "</div>",
            _elsewhere(exchange, crops),
            _proof(exchange),
            "</div></section>",
        ]
    )


def _near_miss(exchange: Exchange) -> str:
    """What a refusal says is not there, and that the boxes are no answer."""
    if exchange.refusal is None:
        return ""
    below = " What follows is not an answer, but what the question nearly matches:" if exchange.evidence else ""
    return f'<p class="miss" dir="auto">There is no answer. {html.escape(absence(exchange.refusal))}{below}</p>'


def _crop(number: int, sample: Sample, exchange: Exchange, crop: Crop) -> str:
    marks = _marks((exchange, item.box_px) for item in crop.evidence if item.box_px)
    pieces = [_frame(piece, marks if piece is crop.pieces[-1] else "") for piece in crop.pieces]
    width = round(crop.pieces[0].size[0] * min(1.0, PAGE_WIDTH / sample.images[crop.image].width_px))
    caption = html.escape("; ".join(places(crop.evidence)))
    return (
        f'<figure style="width:{width}px"><button data-image="s{number}i{crop.image}" data-question="q{exchange.number}" '
        f'aria-label="Enlarge image {crop.image + 1}">{"".join(pieces)}</button><figcaption><bdi>{caption}</bdi></figcaption></figure>'
    )


def _elsewhere(exchange: Exchange, crops: Sequence[Crop]) -> str:
    """Evidence that no crop shows: without a box, or one too many."""
    shown = {item for crop in crops for item in crop.evidence}
    left = [item for item in exchange.evidence if item not in shown]
    return f'<p class="soft small">{"also " if shown else ""}<bdi>{html.escape("; ".join(places(left)))}</bdi></p>' if left else ""


def _proof(exchange: Exchange) -> str:
    proof = exchange.answer.proof
    if proof is None:
        return ""
    value = html.escape(json.dumps(proof.answer, ensure_ascii=False))
    return (
        "<details><summary>Proof: the program, and the value it gives</summary>"
        f'<pre tabindex="0">{html.escape(formula(proof.program))}</pre><pre tabindex="0">{value}</pre></details>'
    )
