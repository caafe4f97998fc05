"""`ocr.page`: dense pages in any of Assay's languages, with columns, headings, lists, tables and reading order, and questions about them.

Pages are composed by `compose.py`, drawn as ink, laid on paper and worn; they are proved as lines are (`proof.py`).
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, get_args

from numpy.random import Generator

from schemas.errors import DataError
from schemas.languages import core_languages, load_languages
from schemas.languages import language as language_row
from schemas.sample import Rendering, Stored, Turn, Verdict
from schemas.seeds import stream
from schemas.tokens import count_text, image_tokens
from synth.ocr.compose import Composed, PageLook, compose, draw_page_look
from synth.ocr.corpus import Writer
from synth.ocr.damage import Damage, draw_damage
from synth.ocr.picture import LEAST_CONTEXT_TOKENS, Taken, ask, rendering, take_picture
from synth.ocr.proof import verdicts
from synth.ocr.questions import Task
from synth.params import among, refuse, within
from synth.render.fonts import font_script
from synth.render.grounds import PAPERS
from synth.render.ink import Placed, draw_plate
from synth.render.photo import Wear
from synth.render.warp_file import stored_warp

TASKS: tuple[Task, ...] = ("transcribe", "spot_lines", "read_box", "find_text", "spelled", "table", "language", "script")


PICTURE_GROWTH = 1.35
"""Room for what a photograph that is turned and leans is larger than its page (chosen)."""
SPOTTED_TOKENS = 36
"""Of a line's box and keys, where lines are spotted."""
SHRINK, LEAST_HEIGHT_PX = 0.8, 240


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """One line: what it belongs to, such as `heading` or `cell`, the number of its block, and its text."""

    role: str
    block: int
    text: str


@dataclass(frozen=True, slots=True)
class Truth:
    """What a page says, how it is set and taken, and what is asked.

    Attributes:
        text_seed: What the text was drawn with.
        text: Its lines in reading order.
    """

    language: str
    look: PageLook
    text_seed: int
    text: tuple[PrintedLine, ...]
    wear: Wear
    damages: tuple[Damage, ...]
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Page:
    """Dense pages in 66 languages.

    Attributes:
        languages: BCP 47 tags, taken in turn; all core languages where none is named.
        wear: How pictures are taken: `print` (clean), `scan`, `photo`, taken in turn; `harsh` loses most pages, of which
            no word may be unreadable.
        questions: Questions a page at most.
        context_tokens: No sample is longer than this: pages that do not fit become smaller, and questions that do not are left out.
        damaged: Share of pictures in which some words are made unreadable, which the right answers say.
    """

    version: ClassVar[int] = 5

    languages: tuple[str, ...] = ()
    wear: tuple[Wear, ...] = ("print", "scan", "photo")
    questions: int = 3
    context_tokens: int = 16_384
    damaged: float = 0.12

    def __post_init__(self) -> None:
        refuse(
            among("languages", self.languages, tuple(load_languages()), may_be_empty=True),
            among("wear", self.wear, get_args(Wear)),
            within("questions", self.questions, 1, len(TASKS)),
            within("context_tokens", self.context_tokens, LEAST_CONTEXT_TOKENS, why="a small picture and a question need that much"),
            within("damaged", self.damaged, 0, 1),
        )

    def sample_truth(self, index: int, rng: Generator) -> Truth:
        """Draw look and tasks; languages and wear follow `index`."""
        codes = self.languages or core_languages()
        language = codes[index % len(codes)]
        look = draw_page_look(font_script(language, language_row(language).script), rng)
        first: Task = "transcribe" if rng.random() < 0.7 else "spot_lines"
        others = [TASKS[2:][int(number)] for number in rng.permutation(len(TASKS) - 2)]
        wear = self.wear[(index + index // len(codes)) % len(self.wear)]
        seed = int(rng.integers(2**32))
        look = self._that_fits(language, look, seed)
        return Truth(
            language=language,
            look=look,
            text_seed=seed,
            text=_printed(language, look, seed),
            wear=wear,
            damages=draw_damage(self.damaged, wear, rng),
            tasks=(first, *others[: self.questions - 1]),
        )

    def render(self, truth: Truth, rng: Generator) -> Rendering[Taken]:
        """Compose, draw and photograph the page."""
        composed = _composed(truth.language, truth.look, truth.text_seed)
        plate = draw_plate(truth.look.width_px, truth.look.height_px, composed.lines)
        taken = take_picture(
            plate, composed.rules, truth.wear, 0.92 * truth.look.size_px, rng, grounds=tuple(PAPERS), damages=truth.damages
        )
        roles = sorted({line.role for line in composed.lines})
        return rendering(taken, truth.language, (truth.wear, f"columns:{truth.look.columns}", f"look:{truth.look.look}", *roles))

    def write_turns(self, truth: Truth, rendering: Rendering[Taken], rng: Generator) -> tuple[Turn, ...]:
        """Ask about the page."""
        return ask(rendering.landed, truth.language, truth.tasks, self.context_tokens, rng)

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Truth) -> tuple[Verdict, ...]:
        """Draw the text again, find it in the picture, and answer each question anew."""
        return verdicts(stored, turns, stored_warp(stored), truth.language)

    def _that_fits(self, language: str, look: PageLook, seed: int) -> PageLook:
        """The look, on a page so low that picture and text fit the context."""
        while True:
            lines = _printed(language, look, seed)
            picture = PICTURE_GROWTH * image_tokens(look.width_px, look.height_px)
            if picture + count_text("\n".join(line.text for line in lines)) + SPOTTED_TOKENS * len(lines) <= self.context_tokens:
                return look
            height = round(SHRINK * look.height_px)
            if height < LEAST_HEIGHT_PX:
                raise DataError(
                    "over_budget", f"a page of {look.width_px}x{look.height_px} pixels does not fit {self.context_tokens} tokens"
                )
            look = replace(look, height_px=height)


@lru_cache(maxsize=2)  # truth and picture of a page need the same
def _composed(language: str, look: PageLook, seed: int) -> Composed:
    rng = stream(seed, "text")
    return compose(language, look, Writer(language, rng), rng)


def _printed(language: str, look: PageLook, seed: int) -> tuple[PrintedLine, ...]:
    lines = _composed(language, look, seed).lines
    return tuple(PrintedLine(at.role, at.block, at.line.text.strip(" ") if isinstance(at, Placed) else at.column.text) for at in lines)
