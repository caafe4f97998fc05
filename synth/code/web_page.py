"""`code.web_page`: a web page as picture and as HTML, and conversations that give the code, change it, mend it, or ask what the page shows.

A page of one of eleven kinds is drawn as a tree of elements with design tokens, in real words of one language, and written as one
self-contained file in one of five idioms. Chromium draws it. `verify` draws the stored file and every answer again and reads texts, boxes
and styles back from the browser's layout.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.random import Generator

from schemas.canonical import canonical_json
from schemas.errors import DataError
from schemas.languages import core_languages, language, load_languages
from schemas.page_likeness import likeness
from schemas.sample import AssetUse, Attachment, Evidence, Image, Json, Proof, Rendering, Sample, Stored, Turn, Verdict
from synth.browser.chromium import browser_use, chromium_version
from synth.browser.page import Drawn
from synth.browser.typefaces import font_uses
from synth.code.prompts import draw
from synth.code.web_edits import SHOWS_PX, Edit, draw_edit, draw_fault, near_misses
from synth.code.web_html import write_page
from synth.code.web_look import Idiom, Look, draw_look
from synth.code.web_pages import Kind, draw_body
from synth.code.web_parts import Draft
from synth.code.web_proof import verdicts
from synth.code.web_questions import PROMPTS, Asker
from synth.code.web_run import blocks_of, changed_pixels, check_drawn, draw_whole, fenced, html_in, lines_of
from synth.code.web_scores import is_page, score_answer
from synth.code.web_tree import El
from synth.code.web_words import Words
from synth.ocr.corpus import load_corpus
from synth.params import among, refuse, within
from synth.render.raster import png_bytes

Task = Literal["to_html", "edit", "mend", "ask"]
WINDOWS = ((1280, 800), (390, 844), (1024, 768), (1440, 900), (768, 1024))
"""Windows in CSS pixels: a laptop, a telephone, a small screen, a large laptop, a tablet upright."""
NARROW_PX = 700
STATES = ("", "menu", "", "error")
CLEARLY = 0.0005
"""By which a page with one thing wrong must score below the right one (chosen: one text of a hundred in another colour)."""
TRIES = 6
"""Mistakes that are tried until one shows."""
WHOLE = (Evidence(0),)


@dataclass(frozen=True, slots=True)
class Truth:
    """The page, how it is written, and what is said about it.

    Attributes:
        kind: What kind of page.
        language: BCP 47 tag of its words.
        window: Width and height of the window.
        task: What the conversation begins with.
        edit: The change that is asked for, if one is.
    """

    kind: Kind
    language: str
    window: tuple[int, int]
    body: El
    look: Look
    task: Task
    edit: Edit | None


@dataclass(frozen=True)
class WebPage:
    """Web pages.

    Attributes:
        kinds: Kinds of pages, taken in turn.
        idioms: How styles are written, taken in turn: `plain` CSS, `utility` classes, `inline` styles, `bootstrap`, `bulma`.
        languages: BCP 47 tags, taken in turn; the core ones if empty.
        tasks: What conversations begin with, taken in turn: `to_html` (picture to code, then a change), `edit` (picture, code and a wish),
            `mend` (picture and broken code), `ask` (questions).
        questions: Questions a conversation of `ask`; one elsewhere.
    """

    version: ClassVar[int] = 1

    kinds: tuple[Kind, ...] = get_args(Kind)
    idioms: tuple[Idiom, ...] = get_args(Idiom)
    languages: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = get_args(Task)
    questions: int = 4

    def __post_init__(self) -> None:
        refuse(
            among("kinds", self.kinds, get_args(Kind)),
            among("idioms", self.idioms, get_args(Idiom)),
            among("languages", self.languages, tuple(load_languages()), may_be_empty=True),
            among("tasks", self.tasks, get_args(Task)),
            within("questions", self.questions, 1, 10),
        )

    def assets(self) -> tuple[AssetUse, ...]:
        """The browser, whose build decides every pixel, and its fonts, as parts of a data set's fingerprint."""
        return (browser_use(), *font_uses())

    def pin(self) -> "WebPage":
        """The same family: it has no files."""
        chromium_version()
        return self

    def sample_truth(self, index: int, rng: Generator) -> Truth:
        """Draw page, look and what is asked; task, kind, idiom and language follow `index`, each at its own pace."""
        task = self.tasks[index % len(self.tasks)]
        turn = index // len(self.tasks)
        codes = self.languages or core_languages()
        kind = self.kinds[turn % len(self.kinds)]
        idiom = self.idioms[(turn + turn // len(self.kinds)) % len(self.idioms)]
        code = codes[(turn + index % len(self.tasks) * 11) % len(codes)]
        window = WINDOWS[int(rng.integers(len(WINDOWS)))]
        words = Words(code, rng)
        draft = Draft(words, rng, window[0] < NARROW_PX, STATES[int(rng.integers(len(STATES)))])
        body = draw_body(kind, draft)
        look = draw_look(code, idiom, rng)
        edit = draw_edit(body, look, words, rng) if task in ("to_html", "edit") else None
        return Truth(kind, code, window, body, look, task, edit)

    def render(self, truth: Truth, rng: Generator) -> Rendering[Drawn]:
        """Draw the page twice.

        Raises:
            DataError: It is no usable page, not the same one twice (`draws_differ`), or pages that are nearly right are not told from it
                (`insensitive`).
        """
        html = _written(truth, truth.body, truth.look)
        drawn = draw_whole(html, *truth.window)
        check_drawn(drawn)
        if not np.array_equal(draw_whole(html, *truth.window).pixels, drawn.pixels):
            raise DataError("draws_differ", "the same page drew two pictures")
        _check_sensitive(truth, drawn, rng)
        height, width = drawn.pixels.shape[:2]
        spec: dict[str, Json] = {
            "browser": chromium_version(),
            "direction": "rtl" if _rtl(truth.language) else "ltr",
            "texts": [line.text for line in lines_of(drawn.snapshot)],
            "window": list(truth.window),
        }
        look = truth.look
        return Rendering(
            landed=drawn,
            images=(Image.of(png_bytes(drawn.pixels), "png", width, height),),
            attachments=(
                Attachment.of("page.html", "text/html", html.encode()),
                Attachment.of("page.json", "application/json", canonical_json(spec).encode()),
            ),
            assets=(browser_use(), *load_corpus(truth.language).sources, *_fonts_of(look)),
            languages=(truth.language,),
            tags=(truth.kind, truth.task, f"idiom:{look.idiom}", f"window:{truth.window[0]}", "dark" if look.dark else "light"),
        )

    def write_turns(self, truth: Truth, rendering: Rendering[Drawn], rng: Generator) -> tuple[Turn, ...]:
        """Ask, and answer with code, words or boxes."""
        html = rendering.attachments[0].data.decode()
        turns: list[Turn] = []
        if truth.task == "to_html":
            _say(turns, "to_html", draw(PROMPTS, "to_html", rng), fenced(html), {"op": "draw"}, "same picture")
        if truth.edit is not None:
            self._edit(turns, truth, truth.edit, html, rng)
        if truth.task == "mend":
            self._mend(turns, truth, html, rendering.landed, rng)
        if truth.task in ("ask", "mend"):
            image = rendering.images[0]
            asker = Asker(truth.body, rendering.landed.snapshot, (image.width_px, image.height_px), rng)
            for one in asker.questions(self.questions if truth.task == "ask" else 1):
                evidence = tuple(Evidence(0, box) for box in one.boxes) or WHOLE
                _say(turns, one.task, one.text, one.answer, one.program, one.answer, evidence)
        if not turns:
            raise DataError("nothing_to_ask", f"nothing can be asked about this {truth.kind} page")
        return (replace(turns[0], text=f"<image>\n{turns[0].text}"), *turns[1:])

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Truth) -> tuple[Verdict, ...]:
        """Draw all pages again, and read their layouts."""
        return verdicts(stored, turns)

    def score_answers(self, stored: Stored, turns: tuple[Turn, ...], answers: Sequence[tuple[int, str]]) -> list[dict[str, float]]:
        """Likeness of the pages of (turn, text) answers to those of the right ones; answers in words are not compared so."""
        return [score_answer(stored, turns[turn].text, text) if is_page(turns[turn].task) else {} for turn, text in answers]

    def _edit(self, turns: list[Turn], truth: Truth, edit: Edit, html: str, rng: Generator) -> None:
        task, slots = f"edit_{edit.operation}", dict(edit.slots)
        text = draw(PROMPTS, task, rng, **slots)
        if truth.task == "edit":
            text += "\n\n" + draw(PROMPTS, "edit_code", rng, code=fenced(html))
        after = _written(truth, edit.body, edit.look)
        check_drawn(draw_whole(after, *truth.window))
        _say(turns, task, text, fenced(after), {"op": task, **slots}, "edited")

    def _mend(self, turns: list[Turn], truth: Truth, html: str, drawn: Drawn, rng: Generator) -> None:
        for _ in range(TRIES):
            kind, broken = draw_fault(html, rng)
            try:
                shows = changed_pixels(draw_whole(broken, *truth.window).pixels, drawn.pixels) >= SHOWS_PX
            except DataError:
                shows = True
            if shows:
                text = draw(PROMPTS, "mend", rng, code=fenced(broken))
                _say(turns, "mend", text, fenced(html), {"op": "mend", "fault": kind}, "same picture")
                return
        raise DataError("fault_invisible", f"none of {TRIES} mistakes shows in this page")


def _rtl(code: str) -> bool:
    return language(code).script in ("Arab", "Hebr")


def _written(truth: Truth, body: El, look: Look, *, mirrored: bool = False) -> str:
    rtl, narrow = _rtl(truth.language) != mirrored, truth.window[0] < NARROW_PX
    return write_page(body, look, title=truth.kind.capitalize(), language=truth.language, rtl=rtl, narrow=narrow)


def _fonts_of(look: Look) -> tuple[AssetUse, ...]:
    """The font files of the families that the look names."""
    names = [part.strip().strip("'").replace(" ", "") for part in f"{look.tokens['font']}, {look.tokens['head']}".split(",")]
    return tuple(use for use in font_uses() if use.name.partition("-")[0].partition("[")[0].partition(".")[0] in names)


def _check_sensitive(truth: Truth, drawn: Drawn, rng: Generator) -> None:
    """DataError `insensitive` if the measures do not tell two pages, each wrong in one thing, from the right one."""
    height, width = drawn.pixels.shape[:2]
    right = blocks_of(drawn.snapshot, width, height)
    misses = dict(near_misses(truth.body, rng))
    for name in sorted(misses)[int(rng.integers(2)) :: 2]:
        html = _written(truth, misses[name], truth.look, mirrored=name == "mirrored")
        try:
            wrong = draw_whole(html, *truth.window)
        except DataError:  # it is so wrong that it is no page
            continue
        score = likeness(right, blocks_of(wrong.snapshot, width, height)).whole
        if score > 1 - CLEARLY:
            raise DataError("insensitive", f"a page with another {name} scores {score:.5f}")


def _say(
    turns: list[Turn], task: str, question: str, answer: str, program: dict[str, Json], value: Json, evidence: tuple[Evidence, ...] = WHOLE
) -> None:
    turns.append(Turn("user", question, task))
    turns.append(Turn("assistant", answer, task, proof=Proof(program, value, evidence)))


def perturb(sample: Sample) -> list[tuple[str, tuple[int, ...], tuple[Turn, ...]]]:
    """Hard negatives for the contract tests: pages that are drawn well and have one thing wrong."""
    stored = sample.stored.attachment("page.html").data.decode()
    found: list[tuple[str, tuple[int, ...], tuple[Turn, ...]]] = []
    for number, turn in enumerate(sample.turns):
        if turn.role != "assistant" or not turn.text.startswith("```html"):
            continue
        html = html_in(turn.text)
        changes = {
            "another colour": html.replace("</style>", "h1, h2, h3 { color: #cc2277 !important }\n</style>"),
            "a missing part": html.replace("</style>", "h1, h2, h3 { display: none !important }\n</style>"),
            "larger type": html.replace("</style>", "body * { font-size: 15.5px !important }\n</style>"),
            "mirrored": html.replace("</style>", f"html {{ direction: {'ltr' if 'dir=' in html[:80] else 'rtl'} }}\n</style>"),
            "the page before": stored if turn.task.startswith("edit") else html,
            "an outside style": html.replace("</head>", '<link rel="stylesheet" href="https://example.org/a.css">\n</head>'),
            "a script": html.replace("</body>", "<script>document.title = 'x'</script></body>"),
        }
        for kind, text in changes.items():
            if text != html:
                turns = list(sample.turns)
                turns[number] = replace(turn, text=fenced(text))
                found.append((kind, (number,), tuple(turns)))
    return found
