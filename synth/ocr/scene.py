"""`ocr.scene`: text on signs, labels, screens and notes that hang on walls and stand in streets, photographed at an angle.

One to three signs a picture, each of its own kind and colours with one to three lines; read from the top sign to the lowest. Proved as
lines are (`proof.py`).
"""

from dataclasses import dataclass
from typing import ClassVar, get_args

from numpy.random import Generator

from schemas.errors import DataError
from schemas.languages import core_languages, load_languages
from schemas.sample import Rendering, Stored, Turn, Verdict
from synth.ocr.corpus import Writer
from synth.ocr.damage import Damage, draw_damage
from synth.ocr.picture import LEAST_CONTEXT_TOKENS, Taken, ask, photograph, rendering
from synth.ocr.proof import verdicts
from synth.ocr.questions import Task
from synth.params import among, refuse, within
from synth.render.fonts import LOOKS, FontFamily
from synth.render.grounds import draw_ground, readable_ink
from synth.render.ink import Placed, draw_plate, ink_box
from synth.render.photo import Wear
from synth.render.photographed import PHOTOGRAPHS
from synth.render.planes import Planes
from synth.render.typeset import Line, Span, Style, Typesetter
from synth.render.warp_file import stored_warp

WALLS = ("plaster", "concrete", "brick", "wood", "street", "sky", "fabric", "tiles", "marble", "asphalt")
PHOTOGRAPHED = 0.6
"""Share of pictures whose wall or place behind the signs is from a photograph (chosen)."""
SIGNS = ("painted_sign", "label", "screen", "sticky_note", "chalkboard", "cardboard", "brushed_metal", "paper")
TASKS: tuple[Task, ...] = ("transcribe", "spot_lines", "spot_words", "read_box", "find_text", "spelled")


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign.

    Attributes:
        kind: Its ground.
        texts: Its lines.
        size_px: Type, pixels an em.
    """

    kind: str
    texts: tuple[str, ...]
    look: str
    family: FontFamily
    bold: bool
    size_px: float


@dataclass(frozen=True, slots=True)
class Truth:
    """What hangs where on what, and how it is photographed."""

    language: str
    wall: str
    signs: tuple[Sign, ...]
    wear: Wear
    damages: tuple[Damage, ...]
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Scene:
    """Signs, labels, screens and notes in 66 languages.

    Attributes:
        languages: BCP 47 tags, taken in turn; all core languages where none is named.
        wear: How pictures are taken: `photo` or `harsh`, taken in turn.
        questions: Questions a picture at most.
        context_tokens: No sample is longer than this: questions that do not fit are left out.
        damaged: Share of pictures in which some words are made unreadable, which the right answers say.
    """

    version: ClassVar[int] = 5

    languages: tuple[str, ...] = ()
    wear: tuple[Wear, ...] = ("photo", "photo", "harsh")
    questions: int = 3
    context_tokens: int = 4_096
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
        """Draw signs; languages and wear follow `index`."""
        codes = self.languages or core_languages()
        language = codes[index % len(codes)]
        writer = Writer(language, rng)
        signs = tuple(_draw_sign(writer, rng) for _ in range(1 + int(rng.integers(0, 3))))
        first: Task = "transcribe" if rng.random() < 0.6 else "spot_lines"
        others = [TASKS[2:][int(number)] for number in rng.permutation(len(TASKS) - 2)]
        wear = self.wear[(index + index // len(codes)) % len(self.wear)]
        walls = tuple(PHOTOGRAPHS) if rng.random() < PHOTOGRAPHED else WALLS
        wall = walls[int(rng.integers(len(walls)))]
        return Truth(language, wall, signs, wear, draw_damage(self.damaged, wear, rng), (first, *others[: self.questions - 1]))

    def render(self, truth: Truth, rng: Generator) -> Rendering[Taken]:
        """Hang the signs one below the other, each shifted to a side, and photograph them."""
        hung = [_hang(sign, truth.language) for sign in truth.signs]
        room = round(80 + 80 * float(rng.random()))  # what lies beyond the edges is the wall mirrored, and shall hold no signs
        width = max(size[0] for _, size in hung) + 2 * room
        height = sum(size[1] + room for _, size in hung) + room
        _, wall = draw_ground(rng, width, height, among=(truth.wall,))
        ink = Planes.plain((width, height), (0, 0, 0))
        placed: list[Placed] = []
        y = room
        for number, (sign, (lines, size)) in enumerate(zip(truth.signs, hung, strict=True)):
            x = room + int(rng.integers(0, width - size[0] - 2 * room + 1))
            _, panel = draw_ground(rng, *size, among=(sign.kind,))
            wall.put(panel, (x, y))
            ink.put(Planes.plain(size, readable_ink(panel, rng)), (x, y))
            placed += _lay(lines, sign, truth.language, number, (x, y), size)
            y += size[1] + room
        plate = draw_plate(width, height, placed)
        smallest = min(sign.size_px for sign in truth.signs)
        taken = photograph(plate, wall, ink, truth.wall, truth.wear, smallest, rng, damages=truth.damages)
        kinds = sorted({sign.kind for sign in truth.signs})
        return rendering(taken, truth.language, (truth.wear, f"signs:{len(truth.signs)}", *kinds))

    def write_turns(self, truth: Truth, rendering: Rendering[Taken], rng: Generator) -> tuple[Turn, ...]:
        """Ask about the signs."""
        return ask(rendering.landed, truth.language, truth.tasks, self.context_tokens, rng)

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Truth) -> tuple[Verdict, ...]:
        """Draw the text again, find it in the picture, and answer each question anew."""
        return verdicts(stored, turns, stored_warp(stored), truth.language)


def _draw_sign(writer: Writer, rng: Generator) -> Sign:
    draws = (writer.company, writer.person, writer.price, writer.time, writer.date, writer.phone, writer.word)
    texts = [
        writer.phrase(22) if rng.random() < 0.6 else draws[int(rng.integers(len(draws)))]() for _ in range(1 + int(rng.integers(0, 3)))
    ]
    return Sign(
        kind=SIGNS[int(rng.integers(len(SIGNS)))],
        texts=tuple(text if len(text) <= 40 else writer.word() for text in texts),
        look=tuple(LOOKS)[int(rng.integers(len(LOOKS)))],
        family="serif" if rng.random() < 0.3 else "sans",
        bold=bool(rng.random() < 0.5),
        size_px=float(22 + int(rng.integers(0, 43))),
    )


def _hang(sign: Sign, language: str) -> tuple[list[Line], tuple[int, int]]:
    """The lines of a sign, and the sign's size with a border of an em and a half."""
    setter = Typesetter(language, look=sign.look)
    lines = []
    for number, text in enumerate(sign.texts):
        size = sign.size_px if number else round(1.2 * sign.size_px)
        (line,) = setter.lines([Span(text, Style(float(size), sign.bold, family=sign.family))], 1e6)
        lines.append(line)
    boxes = [ink_box(line) for line in lines]
    width = max(box[2] - box[0] for box in boxes) + 3.0 * sign.size_px
    height = sum(box[3] - box[1] for box in boxes) + (len(lines) - 1) * 0.6 * sign.size_px + 2.4 * sign.size_px
    if width > 2000:
        raise DataError("too_wide", f"a sign with {sign.texts!r} would be {width:.0f} pixels wide")
    return lines, (round(width), round(height))


def _lay(lines: list[Line], sign: Sign, language: str, block: int, at: tuple[int, int], size: tuple[int, int]) -> list[Placed]:
    """Lines centred on a sign, one below the other."""
    rtl = Typesetter(language, look=sign.look).direction == "rtl"
    placed = []
    y = at[1] + 1.2 * sign.size_px
    for line in lines:
        x0, y0, x1, y1 = ink_box(line)
        placed.append(Placed(line, round(at[0] + (size[0] - (x1 - x0)) / 2 - x0), round(y - y0), language, rtl, "sign", block))
        y += y1 - y0 + 0.6 * sign.size_px
    return placed
