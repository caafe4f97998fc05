"""`ocr.page`: dense pages in any of Assay's languages, with columns, headings, lists, tables and reading order, and questions about them.

Pages are composed by `compose.py`, drawn as ink, laid on paper and worn; they are proved as lines are (`proof.py`).
"""

from dataclasses import dataclass
from typing import ClassVar, get_args

from numpy.random import Generator

from schemas.languages import language as language_row
from schemas.languages import load_languages
from schemas.sample import Rendering, Stored, Turn, Verdict
from synth.ocr.compose import PageLook, compose, draw_page_look
from synth.ocr.corpus import Writer
from synth.ocr.line import core_languages
from synth.ocr.picture import ask, rendering, take_picture
from synth.ocr.proof import verdicts
from synth.ocr.questions import Task
from synth.params import among, refuse, within
from synth.render.fonts import font_script
from synth.render.grounds import PAPERS
from synth.render.ink import Plate, draw_plate
from synth.render.photo import Wear
from synth.render.warp_file import stored_warp

TASKS: tuple[Task, ...] = ("transcribe", "spot_lines", "read_box", "find_text", "spelled", "table", "language")


@dataclass(frozen=True, slots=True)
class Truth:
    """How a page is set and taken, and what is asked; its text is in the text layer."""

    language: str
    look: PageLook
    wear: Wear
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Page:
    """Dense pages in 66 languages.

    Attributes:
        languages: BCP 47 tags, taken in turn; all core languages where none is named.
        wear: How pictures are taken: `print` (clean), `scan`, `photo`, taken in turn; `harsh` loses most pages, of which
            no word may be unreadable.
        questions: Questions a page at most.
    """

    version: ClassVar[int] = 3

    languages: tuple[str, ...] = ()
    wear: tuple[Wear, ...] = ("print", "scan", "photo")
    questions: int = 3

    def __post_init__(self) -> None:
        refuse(
            among("languages", self.languages, tuple(load_languages()), may_be_empty=True),
            among("wear", self.wear, get_args(Wear)),
            within("questions", self.questions, 1, len(TASKS)),
        )

    def sample_truth(self, index: int, rng: Generator) -> Truth:
        """Draw look and tasks; languages and wear follow `index`."""
        codes = self.languages or core_languages()
        language = codes[index % len(codes)]
        look = draw_page_look(font_script(language, language_row(language).script), rng)
        first: Task = "transcribe" if rng.random() < 0.7 else "spot_lines"
        others = [TASKS[2:][int(number)] for number in rng.permutation(len(TASKS) - 2)]
        return Truth(language, look, self.wear[(index + index // len(codes)) % len(self.wear)], (first, *others[: self.questions - 1]))

    def render(self, truth: Truth, rng: Generator) -> Rendering[Plate]:
        """Compose, draw and photograph the page."""
        composed = compose(truth.language, truth.look, Writer(truth.language, rng), rng)
        plate = draw_plate(truth.look.width_px, truth.look.height_px, composed.lines)
        taken = take_picture(plate, composed.rules, truth.wear, 0.92 * truth.look.size_px, rng, grounds=tuple(PAPERS))
        roles = sorted({line.role for line in composed.lines})
        return rendering(plate, taken, truth.language, (truth.wear, f"columns:{truth.look.columns}", f"look:{truth.look.look}", *roles))

    def write_turns(self, truth: Truth, rendering: Rendering[Plate], rng: Generator) -> tuple[Turn, ...]:
        """Ask about the page."""
        return ask(rendering, truth.language, truth.tasks, rng)

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Truth) -> tuple[Verdict, ...]:
        """Draw the text again, find it in the picture, and answer each question anew."""
        return verdicts(stored, turns, stored_warp(stored), truth.language)
