"""`code.html_file`: the user's own HTML files, each cleaned to one self-contained page, as a picture and as HTML.

Conversations give the code, mend it, or ask where texts stand. `verify` is that of `code.web_page`: it draws the stored page and every
answer again.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from schemas.canonical import canonical_json
from schemas.dialect import LabelledBox, write_boxes
from schemas.errors import DataError, UserError
from schemas.geometry import box_px_to_1000
from schemas.page_likeness import likeness
from schemas.sample import AssetUse, Attachment, Evidence, Image, Json, Proof, Rendering, Stored, Turn, Verdict
from synth.assets import Asset, read_asset, read_head, resolve
from synth.browser.chromium import browser_use, chromium_version
from synth.browser.page import Drawn
from synth.browser.typefaces import font_uses
from synth.code.html_file_clean import MAX_BYTES, cleaned, decoded, with_used_styles
from synth.code.html_site import BESIDE, Site, original
from synth.code.prompts import draw
from synth.code.web_edits import SHOWS_PX, draw_fault
from synth.code.web_proof import verdicts
from synth.code.web_run import Line, blocks_of, changed_pixels, check_drawn, draw_whole, fenced, lines_of
from synth.code.web_scores import is_page, score_answer
from synth.code.web_self_contained import check_self_contained
from synth.params import among, refuse, within
from synth.render.raster import png_bytes

Task = Literal["to_html", "mend", "ask"]
PROMPTS = "web_prompts"
WINDOWS = ((1280, 800), (1440, 900), (1024, 768))
LONGEST = 60
TRIES = 8
MOST_CHANGED = 0.001
"""Share of pixels that may change when unused rules go (chosen: the edge of a transition)."""
LEAST_LIKE = 0.9
"""Likeness of the texts (`schemas.page_likeness`) of the cleaned page and of the file as it is that cleaning must keep (chosen)."""
WHOLE = (Evidence(0),)


@dataclass(frozen=True, slots=True)
class Truth:
    """Which file, wherever it lies, in which window, cleaned to which page, and what is said about it.

    Attributes:
        done: How many scripts, pictures and so on went, and how many sheets came in.
        texts_alike: Likeness of the texts of page and file, both drawn: their areas, letters, places and colours, from 0 to 1.
        pixels_alike: Share of the picture's pixels that the file as it is shows too.
    """

    file: AssetUse
    window: tuple[int, int]
    page: str
    used: tuple[AssetUse, ...]
    task: Task
    done: dict[str, int]
    texts_alike: float
    pixels_alike: float


@dataclass(frozen=True)
class HtmlFiles:
    """Web pages of the user's own.

    Attributes:
        pattern: Path, glob or URI of HTML files.
        site: Folder in which style sheets are looked for; an address that begins with `/` starts there. The file's own folder if empty.
        licence: SPDX identifier of the files.
        tasks: What conversations begin with, taken in turn: `to_html`, `mend` or `ask`.
        questions: Questions a conversation of `ask`.
        max_bytes: Longest cleaned page that is kept.
        pinned: The files, and what they use of their site, as they were when the run was planned (see `pin`); looked up again if empty.
    """

    version: ClassVar[int] = 3

    pattern: str
    site: str = ""
    licence: str = "LicenseRef-user"
    tasks: tuple[Task, ...] = get_args(Task)
    questions: int = 4
    max_bytes: int = 60_000
    pinned: tuple[Asset, ...] = ()

    def __post_init__(self) -> None:
        refuse(
            among("tasks", self.tasks, get_args(Task)),
            within("questions", self.questions, 1, 10),
            within("max_bytes", self.max_bytes, 1_000, MAX_BYTES),
        )

    def files(self) -> tuple[Asset, ...]:
        """The user's files in order: the pinned ones, else what the pattern names now."""
        return tuple(asset for asset in self.pinned if asset.source != BESIDE) or resolve(self.pattern, self.licence)

    def assets(self) -> tuple[AssetUse, ...]:
        """The browser, its fonts, the files, and what they use of their site, as parts of a data set's fingerprint."""
        return (browser_use(), *font_uses(), *(asset.use() for asset in self.pinned or self.files()))

    def pin(self) -> "HtmlFiles":
        """The same family with its list of files fixed, the style sheets and pictures that they name with them."""
        chromium_version()
        if self.pinned:
            return self
        files = self.files()
        if not any(b"<" in read_head(file, 4096) for file in files):
            what = f"none of the files that {self.pattern!r} names is HTML"
            raise UserError(what, where="params.pattern", todo="name HTML files, for example with *.html at the end")
        beside: dict[str, Asset] = {}
        for file in files:
            site = Site(file, self.site)
            with suppress(DataError):  # the sample will say what is wrong
                cleaned(decoded(read_asset(file), file.name), site.read, file.name)
            beside |= {asset.path: asset for asset in site.used}
        return replace(self, pinned=(*files, *(beside[path] for path in sorted(beside))))

    def sample_truth(self, index: int, rng: Generator) -> Truth:
        """Read file number `index` and clean it for a window."""
        files = self.files()
        file = files[index % len(files)]
        window = WINDOWS[int(rng.integers(len(WINDOWS)))]
        site = Site(file, self.site, self.pinned or None)
        text = decoded(read_asset(file), file.name)
        whole, done = cleaned(text, site.read, file.name)
        page = with_used_styles(whole, *window)
        if len(page.encode()) > self.max_bytes:
            raise DataError("too_large", f"{file.name} has {len(page.encode()):,} bytes when cleaned, more than {self.max_bytes:,}")
        before, after = (draw_whole(one, *window) for one in (whole, page))
        height, width = after.pixels.shape[:2]
        if changed_pixels(before.pixels, after.pixels) > MOST_CHANGED * height * width:
            raise DataError("cleaning_changes", f"{file.name} looks otherwise without the rules that seemed unused")
        first = original(text, site, *window)
        alike = likeness(*(blocks_of(one.snapshot, one.pixels.shape[1], one.pixels.shape[0]) for one in (first, after))).whole
        if alike < LEAST_LIKE:
            raise DataError("cleaning_changes", f"the texts of {file.name} are only to {alike:.2f} like those of the cleaned page")
        low = min(height, first.pixels.shape[0])
        same = low * width - changed_pixels(first.pixels[:low], after.pixels[:low])
        task = self.tasks[(index + index // len(files)) % len(self.tasks)]
        used = tuple(asset.use() for asset in site.used)
        return Truth(file.use(), window, page, used, task, done, round(alike, 4), round(same / (height * width), 4))

    def render(self, truth: Truth, rng: Generator) -> Rendering[Drawn]:
        """Draw the cleaned page twice; DataError if it is no usable page or not the same one twice (`draws_differ`)."""
        check_self_contained(truth.page)
        drawn = draw_whole(truth.page, *truth.window)
        check_drawn(drawn)
        if not np.array_equal(draw_whole(truth.page, *truth.window).pixels, drawn.pixels):
            raise DataError("draws_differ", "the same page drew two pictures")
        height, width = drawn.pixels.shape[:2]
        spec: dict[str, Json] = {
            "browser": chromium_version(),
            "direction": drawn.snapshot.elements[0].style.get("direction", "ltr"),
            "texts": [line.text for line in lines_of(drawn.snapshot)],
            "window": list(truth.window),
        }
        return Rendering(
            landed=drawn,
            images=(Image.of(png_bytes(drawn.pixels), "png", width, height),),
            attachments=(
                Attachment.of("page.html", "text/html", truth.page.encode()),
                Attachment.of("page.json", "application/json", canonical_json(spec).encode()),
            ),
            assets=(browser_use(), truth.file, *truth.used),
            languages=(_language(truth.page),),
            tags=("html", truth.task, f"window:{truth.window[0]}"),
        )

    def write_turns(self, truth: Truth, rendering: Rendering[Drawn], rng: Generator) -> tuple[Turn, ...]:
        """Ask, and answer with code, words or boxes."""
        turns: list[Turn] = []
        if truth.task == "to_html":
            _say(turns, "to_html", draw(PROMPTS, "to_html", rng), fenced(truth.page), {"op": "draw"}, "same picture")
        elif truth.task == "mend":
            _mend(turns, truth, rendering.landed.pixels, rng)
        else:
            _ask(turns, rendering, self.questions, rng)
        if not turns:
            raise DataError("nothing_to_ask", f"no text of {truth.file.name} stands alone")
        return (replace(turns[0], text=f"<image>\n{turns[0].text}"), *turns[1:])

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Truth) -> tuple[Verdict, ...]:
        """Draw all pages again, and read their layouts."""
        return verdicts(stored, turns)

    def score_answers(self, stored: Stored, turns: tuple[Turn, ...], answers: Sequence[tuple[int, str]]) -> list[dict[str, float]]:
        """Likeness of the pages of (turn, text) answers to those of the right ones; answers in words are not compared so."""
        return [score_answer(stored, turns[turn].text, text) if is_page(turns[turn].task) else {} for turn, text in answers]


def _language(page: str) -> str:
    found = re.search(r'<html[^>]*\blang="([a-zA-Z]{2,3}(?:-[a-zA-Z]{2,4})?)', page)
    return found[1] if found else "und"


def _mend(turns: list[Turn], truth: Truth, pixels: NDArray[np.uint8], rng: Generator) -> None:
    for _ in range(TRIES):
        kind, broken = draw_fault(truth.page, rng)
        try:
            shows = changed_pixels(draw_whole(broken, *truth.window).pixels, pixels) >= SHOWS_PX
        except DataError:
            shows = True
        if shows:
            _say(
                turns,
                "mend",
                draw(PROMPTS, "mend", rng, code=fenced(broken)),
                fenced(truth.page),
                {"op": "mend", "fault": kind},
                "same picture",
            )
            return
    raise DataError("fault_invisible", f"none of {TRIES} mistakes shows in this page")


def _ask(turns: list[Turn], rendering: Rendering[Drawn], count: int, rng: Generator) -> None:
    """Where texts stand that the source has once, and what stands in a box."""
    image, page = rendering.images[0], rendering.attachments[0].data.decode()
    lines = lines_of(rendering.landed.snapshot)
    once = [
        line
        for line in lines
        if 2 < len(line.text) <= LONGEST and [one.text for one in lines].count(line.text) == 1 and f">{line.text}<" in page
    ]
    for number, place in enumerate(rng.permutation(len(once))[:count]):
        line: Line = once[int(place)]
        box = box_px_to_1000(line.box_px, image.width_px, image.height_px)
        evidence = (Evidence(0, line.box_px),)
        if number % 2:
            slots = {"box": ", ".join(map(str, box))}
            _say(
                turns,
                "text_in_box",
                draw(PROMPTS, "text_in_box", rng, **slots),
                line.text,
                {"op": "text_in_box", **slots},
                line.text,
                evidence,
            )
        else:
            answer = write_boxes([LabelledBox(box, line.text)])
            text = draw(PROMPTS, "box_text", rng, text=line.text)
            _say(turns, "box_text", text, answer, {"op": "box_text", "text": line.text}, answer, evidence)


def _say(
    turns: list[Turn], task: str, question: str, answer: str, program: dict[str, Json], value: Json, evidence: tuple[Evidence, ...] = WHOLE
) -> None:
    turns.append(Turn("user", question, task))
    turns.append(Turn("assistant", answer, task, proof=Proof(program, value, evidence)))
