"""`ocr.line`: one word, phrase or line of text in any of Assay's languages, printed, scanned or photographed, and questions about it.

Text is set by HarfBuzz with fallback by run, drawn as ink, laid on a ground and worn; `verify` shapes and draws every run again from its
text alone, looks for the ink in the stored picture, and answers each question anew (`proof.py`).
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from numpy.random import Generator

from schemas.languages import core_languages, load_languages
from schemas.sample import Rendering, Stored, Turn, Verdict
from synth.ocr.corpus import Writer
from synth.ocr.damage import Damage, draw_damage
from synth.ocr.picture import LEAST_CONTEXT_TOKENS, Taken, ask, rendering, take_picture
from synth.ocr.proof import verdicts
from synth.ocr.questions import Task
from synth.params import among, refuse, within
from synth.render.fonts import LOOKS, FontFamily
from synth.render.ink import Placed, draw_plate, ink_box
from synth.render.photo import Wear
from synth.render.typeset import Span, Style, Typesetter
from synth.render.warp_file import stored_warp

Unit = Literal["word", "words", "phrase", "line", "characters"]
ALL_TASKS: tuple[Task, ...] = ("transcribe", "spot_words", "read_box", "find_text", "spelled", "language", "script")
ONE_WORD_TASKS: tuple[Task, ...] = ("transcribe", "read_box", "spelled", "language", "script")
CHARACTERS_TASKS: tuple[Task, ...] = ("transcribe", "read_box", "spelled", "script")
CHARACTERS = 16
"""Characters a picture of `characters`, where the longest line holds them."""
ENDLESS_PX = 1e6
"""A column that no line fills."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is written, how it is set, and how the picture is taken."""

    language: str
    text: str
    unit: Unit
    look: str
    family: FontFamily
    bold: bool
    italic: bool
    size_px: float
    wear: Wear
    damages: tuple[Damage, ...]
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Line:
    """Words, phrases and lines in 66 languages.

    Attributes:
        languages: BCP 47 tags, taken in turn; all core languages where none is named.
        units: What a picture holds: a `word`, `words` in no order, a `phrase` of some words, a `line` of running text, or `characters`:
            some of those that must all be drawn.
        wear: How pictures are taken: `print` (clean), `scan`, `photo`, `harsh`; taken in turn.
        min_size_px: Smallest type, pixels an em.
        max_size_px: Largest type.
        max_characters: Longest line.
        questions: Questions a picture at most; the first is always to transcribe it.
        context_tokens: No sample is longer than this: questions that do not fit are left out.
        damaged: Share of pictures in which some words are made unreadable, which the right answers say.
    """

    version: ClassVar[int] = 5

    languages: tuple[str, ...] = ()
    units: tuple[Unit, ...] = ("word", "words", "phrase", "line", "characters")
    wear: tuple[Wear, ...] = ("print", "scan", "photo", "harsh")
    min_size_px: int = 16
    max_size_px: int = 56
    max_characters: int = 70
    questions: int = 3
    context_tokens: int = 4_096
    damaged: float = 0.12

    def __post_init__(self) -> None:
        refuse(
            among("languages", self.languages, tuple(load_languages()), may_be_empty=True),
            among("units", self.units, get_args(Unit)),
            among("wear", self.wear, get_args(Wear)),
            within("min_size_px", self.min_size_px, 13, self.max_size_px, why="below, the verifier cannot tell every mark"),
            within("max_size_px", self.max_size_px, 13, 200),
            within("max_characters", self.max_characters, 8, 200),
            within("questions", self.questions, 1, len(ALL_TASKS)),
            within("context_tokens", self.context_tokens, LEAST_CONTEXT_TOKENS, why="a small picture and a question need that much"),
            within("damaged", self.damaged, 0, 1),
        )

    def sample_truth(self, index: int, rng: Generator) -> Truth:
        """Draw text and look; languages, units and wear follow `index`."""
        codes = self.languages or core_languages()
        language = codes[index % len(codes)]
        turn = index // len(codes)
        unit = self.units[(index + turn) % len(self.units)]
        wear = self.wear[(index + turn // len(self.units)) % len(self.wear)]
        text = self._text(unit, turn // len(self.units), Writer(language, rng), rng)
        span = self.max_size_px - self.min_size_px
        wanted = {"word": ONE_WORD_TASKS, "characters": CHARACTERS_TASKS}.get(unit, ALL_TASKS)
        others = [wanted[1:][int(number)] for number in rng.permutation(len(wanted) - 1)]
        return Truth(
            language=language,
            text=text,
            unit=unit,
            look=tuple(LOOKS)[int(rng.integers(len(LOOKS)))],
            family="serif" if rng.random() < 0.4 else "sans",
            bold=bool(rng.random() < 0.25),
            italic=bool(rng.random() < 0.12),
            size_px=float(self.min_size_px + int(rng.integers(0, span + 1))),
            wear=wear,
            damages=draw_damage(self.damaged, wear, rng),
            tasks=("transcribe", *others[: self.questions - 1]),
        )

    def render(self, truth: Truth, rng: Generator) -> Rendering[Taken]:
        """Set, draw and photograph the line."""
        setter = Typesetter(truth.language, look=truth.look)
        style = Style(truth.size_px, truth.bold, truth.italic, truth.family)
        (line,) = setter.lines([Span(truth.text, style)], ENDLESS_PX)
        x0, y0, x1, y1 = ink_box(line)
        left, right, above, below = (round(truth.size_px * (0.25 + 0.75 * float(rng.random()))) for _ in range(4))
        placed = Placed(line, left - x0, above - y0, truth.language, setter.direction == "rtl")
        plate = draw_plate(int(x1 - x0) + left + right, int(y1 - y0) + above + below, [placed])
        taken = take_picture(plate, (), truth.wear, truth.size_px, rng, damages=truth.damages)
        return rendering(taken, truth.language, (truth.unit, truth.wear, f"look:{truth.look}"))

    def write_turns(self, truth: Truth, rendering: Rendering[Taken], rng: Generator) -> tuple[Turn, ...]:
        """Ask about the picture."""
        return ask(rendering.landed, truth.language, truth.tasks, self.context_tokens, rng)

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Truth) -> tuple[Verdict, ...]:
        """Draw the text again, find it in the picture, and answer each question anew."""
        return verdicts(stored, turns, stored_warp(stored), truth.language)

    def _text(self, unit: Unit, turn: int, writer: Writer, rng: Generator) -> str:
        """One string of the unit; now and then a number, price, date, name or address stands in for a phrase."""
        if unit == "word":
            return writer.word()
        if unit == "words":
            return writer.words(self.max_characters)
        if unit == "line":
            return writer.phrase(self.max_characters)
        if unit == "characters":
            return writer.characters(turn, min(CHARACTERS, (self.max_characters + 1) // 2))  # some have spaces between them
        kinds = (writer.number, writer.price, writer.date, writer.time, writer.phone, writer.person, writer.company, writer.address)
        if rng.random() < 0.5:
            text = kinds[int(rng.integers(len(kinds)))]()
            if len(text) <= self.max_characters:
                return text
        return writer.phrase(min(28, self.max_characters))
