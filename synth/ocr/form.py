"""`ocr.form`: receipts, invoices, cards and forms in any of Assay's languages, with a JSON template to fill and questions about the text.

What is printed adds up: amounts are quantity times price, totals are sums. Labels come from `labels.yaml`; each stands in one block with
its value, which is what the answer to a template is proved from (`proof.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import ClassVar, Literal, get_args

import yaml
from babel import Locale
from babel.numbers import format_decimal
from numpy.random import Generator

from schemas.errors import DataError
from schemas.languages import core_languages
from schemas.languages import language as language_row
from schemas.sample import BoxPx, Rendering, Stored, Turn, Verdict
from synth.ocr.corpus import Writer
from synth.ocr.damage import Damage, draw_damage
from synth.ocr.picture import LEAST_CONTEXT_TOKENS, Taken, ask, rendering, take_picture
from synth.ocr.proof import verdicts
from synth.ocr.questions import Task
from synth.params import among, refuse, within
from synth.render.fonts import LOOKS, FontFamily
from synth.render.grounds import PAPERS
from synth.render.ink import Placed, draw_plate
from synth.render.photo import Wear
from synth.render.typeset import Align, Span, Style, Typesetter
from synth.render.warp_file import stored_warp

Kind = Literal["receipt", "invoice", "card", "form"]
FIELDS = (
    "name", "address", "phone", "date", "time", "number", "company", "item", "quantity", "price", "total", "tax", "born", "valid_until",
    "receipt", "invoice", "card", "form",
)  # fmt: skip
"""Columns of `labels.yaml`."""
LAYOUTS: Mapping[Kind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "receipt": (("date", "time", "number"), ("tax", "total")),
    "invoice": (("number", "date", "name", "address"), ("tax", "total")),
    "card": (("name", "number", "born", "valid_until"), ()),
    "form": (("name", "born", "address", "phone", "date", "number"), ()),
}
"""Fields above the items and below them; kinds with totals have items."""
WIDTH_EM: Mapping[Kind, float] = {"receipt": 24.0, "invoice": 38.0, "card": 30.0, "form": 34.0}
STRETCHES = (1.0, 1.2, 1.45, 1.75)
"""Factors on that, tried in turn until every text fits."""
TASKS: tuple[Task, ...] = ("fill", "transcribe", "read_box", "find_text", "spelled", "spot_lines")
LEAST_SIZE_PX = 13
"""Smallest type, pixels an em: the verifier tells every mark of every script from there on (tests/synth/ocr/test_redraw.py)."""
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Truth:
    """What a form says, how it is set, and what is asked.

    Attributes:
        title: Printed at the top: a company, or what the form is.
        fields: (label, value) above the items.
        items: (text, quantity, amount) of each row, as printed.
        heads: Labels of their columns; empty where there are no items.
        totals: (label, value) below the items.
    """

    language: str
    kind: Kind
    title: str
    fields: tuple[tuple[str, str], ...]
    items: tuple[tuple[str, str, str], ...]
    heads: tuple[str, ...]
    totals: tuple[tuple[str, str], ...]
    look: str
    family: FontFamily
    size_px: float
    colon: bool
    boxed: bool
    wear: Wear
    damages: tuple[Damage, ...]
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Form:
    """Receipts, invoices, cards and forms in 66 languages.

    Attributes:
        languages: BCP 47 tags, taken in turn; all core languages where none is named.
        kinds: `receipt`, `invoice`, `card`, `form`, taken in turn.
        wear: How pictures are taken: `print` (clean), `scan`, `photo`, taken in turn; `harsh` loses many forms, of which no word may be
            unreadable.
        questions: Questions a form at most; the first is the template.
        context_tokens: No sample is longer than this: questions that do not fit are left out.
        damaged: Share of pictures in which some words are made unreadable, which the right answers say.
    """

    version: ClassVar[int] = 5

    languages: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ("receipt", "invoice", "card", "form")
    wear: tuple[Wear, ...] = ("print", "scan", "photo")
    questions: int = 3
    context_tokens: int = 8_192
    damaged: float = 0.12

    def __post_init__(self) -> None:
        refuse(
            among("languages", self.languages, tuple(labels()), may_be_empty=True),
            among("kinds", self.kinds, get_args(Kind)),
            among("wear", self.wear, get_args(Wear)),
            within("questions", self.questions, 1, len(TASKS)),
            within("context_tokens", self.context_tokens, LEAST_CONTEXT_TOKENS, why="a small picture and a question need that much"),
            within("damaged", self.damaged, 0, 1),
        )

    def sample_truth(self, index: int, rng: Generator) -> Truth:
        """Draw what the form says; languages, kinds and wear follow `index`."""
        codes = self.languages or tuple(code for code in core_languages() if code in labels())
        language = codes[index % len(codes)]
        turn = index // len(codes)
        kind = self.kinds[(index + turn) % len(self.kinds)]
        row, words, writer = language_row(language), labels()[language], Writer(language, rng)
        above, below = LAYOUTS[kind]
        wear = self.wear[(index + turn // len(self.kinds)) % len(self.wear)]
        items, totals = _items(language, writer, rng) if below else ((), {})
        others = [TASKS[1:][int(number)] for number in rng.permutation(len(TASKS) - 1)]
        return Truth(
            language=language,
            kind=kind,
            title=writer.company() if kind in ("receipt", "card") else words[kind],
            fields=tuple((words[name], _value(name, writer, rng)) for name in above),
            items=items,
            heads=tuple(words[name] for name in ("item", "quantity", "price")) if below else (),
            totals=tuple((words[name], totals[name]) for name in below),
            look=tuple(LOOKS)[int(rng.integers(len(LOOKS)))],
            family="mono" if kind == "receipt" and row.script == "Latn" and rng.random() < 0.5 else "sans",
            size_px=float(19 + int(rng.integers(0, 10))),
            colon=bool(rng.random() < 0.5),
            boxed=kind == "form" and bool(rng.random() < 0.6),
            wear=wear,
            damages=draw_damage(self.damaged, wear, rng),
            tasks=("fill", *others[: self.questions - 1]),
        )

    def render(self, truth: Truth, rng: Generator) -> Rendering[Taken]:
        """Set, draw and photograph the form."""
        sheet = _set(truth)
        plate = draw_plate(round(sheet.width), round(sheet.y + sheet.margin), sheet.lines)
        heads = [number for number, line in enumerate(sheet.lines) if line.role == "cell"][: len(truth.heads)]
        spared = {number for number, line in enumerate(sheet.lines) if line.role == "key"}.union(heads)  # the template tells them
        taken = take_picture(
            plate,
            sheet.rules,
            truth.wear,
            0.7 * truth.size_px,
            rng,
            grounds=tuple(PAPERS),
            damages=truth.damages,
            spared=spared,
        )
        return rendering(taken, truth.language, (truth.kind, truth.wear, f"look:{truth.look}"))

    def write_turns(self, truth: Truth, rendering: Rendering[Taken], rng: Generator) -> tuple[Turn, ...]:
        """Ask about the form."""
        return ask(rendering.landed, truth.language, truth.tasks, self.context_tokens, rng)

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Truth) -> tuple[Verdict, ...]:
        """Draw the text again, find it in the picture, and answer each question anew."""
        return verdicts(stored, turns, stored_warp(stored), truth.language)


@cache
def labels() -> Mapping[str, Mapping[str, str]]:
    """Language -> field -> printed label."""
    rows: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("labels.yaml").read_text(encoding="utf-8"))
    return {code: dict(zip(FIELDS, words, strict=True)) for code, words in rows.items()}


def _value(name: str, writer: Writer, rng: Generator) -> str:
    """What somebody fills in."""
    draws: Mapping[str, Callable[[], str]] = {
        "name": writer.person,
        "address": writer.address,
        "phone": writer.phone,
        "date": lambda: writer.date(2006, 2027),
        "born": lambda: writer.date(1940, 2006),
        "valid_until": lambda: writer.date(2027, 2037),
        "time": writer.time,
        "number": lambda: "".join(str(int(digit)) for digit in rng.integers(0, 10, 8)),
    }
    return draws[name]()


def _items(language: str, writer: Writer, rng: Generator) -> tuple[tuple[tuple[str, str, str], ...], dict[str, str]]:
    """Two to six rows whose amounts are quantity times price, and tax and total as printed."""
    row = language_row(language)
    locale = Locale.parse(language, sep="-")

    def told(value: Decimal) -> str:
        return writer.localised(format_decimal(value, format="#,##0.00", locale=locale, numbering_system=row.numerals))

    rows, total = [], Decimal(0)
    for _ in range(2 + int(rng.integers(0, 5))):
        quantity, price = int(rng.integers(1, 10)), Decimal(int(rng.integers(50, 20000))) * _CENT
        total += quantity * price
        count = writer.localised(str(quantity))
        rows.append((writer.word(), count, told(quantity * price)))
    tax = (total * Decimal("0.2")).quantize(_CENT)
    return tuple(rows), {"tax": told(tax), "total": told(total + tax)}


def _set(truth: Truth) -> "_Sheet":
    """A form on the narrowest sheet on which all of its texts fit.

    Raises:
        DataError: `too_wide` if there is none.
    """
    setter = Typesetter(truth.language, look=truth.look)
    for stretch in STRETCHES:
        sheet = _Sheet(truth, setter, stretch)
        sheet.fill()
        if not sheet.too_wide:
            return sheet
    raise DataError("too_wide", f"{sheet.too_wide!r} does not fit at any size on a sheet of {sheet.width:.0f} pixels")


@dataclass
class _Sheet:
    """A form while it is set. Every label and its value are a block of their own; the items are one. `too_wide` did not fit."""

    truth: Truth
    setter: Typesetter
    stretch: float
    too_wide: str = ""
    y: float = 0.0
    block: int = -1
    lines: list[Placed] = field(default_factory=list)
    rules: list[BoxPx] = field(default_factory=list)

    @property
    def width(self) -> float:
        """Width of the sheet."""
        return WIDTH_EM[self.truth.kind] * self.stretch * self.truth.size_px + 2 * self.margin

    @property
    def margin(self) -> float:
        """Room around."""
        return round(1.5 * self.truth.size_px)

    @property
    def pitch(self) -> float:
        """From line to line."""
        return round(self.truth.size_px * 1.85)

    def fill(self) -> None:
        """Set everything from top to bottom."""
        truth = self.truth
        self.y = self.margin
        self.block += 1
        scale = 1.5 if truth.kind != "receipt" else 1.25
        self._put(truth.title, "title", self.margin, self.width - 2 * self.margin, "center", bold=True, scale=scale)
        self.y += self.pitch * 1.5
        for label, value in truth.fields:
            self._pair(label, value)
        if truth.items:
            self._rule()
            self.block += 1
            for number, row in enumerate((truth.heads, *truth.items)):
                self._row(row, bold=number == 0)
            self._rule()
        for label, value in truth.totals:
            self._pair(label, value, apart=True, bold=label == truth.totals[-1][0])
        self.y += 0.5 * self.pitch

    def _pair(self, label: str, value: str, *, apart: bool = False, bold: bool = False) -> None:
        """A label at the start and its value: at the end of the line, or in a column of its own, perhaps boxed."""
        truth = self.truth
        self.block += 1
        inner, share = self.width - 2 * self.margin, 0.42
        key = label + (":" if truth.colon else "")
        rtl = self.setter.direction == "rtl"
        first, rest = inner * share, inner * (1 - share)
        at = (self.margin + rest, self.margin) if rtl else (self.margin, self.margin + first)
        self._put(key, "key", at[0], first, "start", bold=bold)
        end = apart or truth.kind == "receipt"
        self._put(
            value, "value", at[1] + (8 if truth.boxed else 0), rest - (16 if truth.boxed else 0), "end" if end else "start", bold=bold
        )
        if truth.boxed:
            x0, y0, x1, y1 = round(at[1]), round(self.y - 0.1 * self.pitch), round(at[1] + rest), round(self.y + 1.1 * self.pitch)
            self.rules += _frame(x0, y0, x1, y1)
        self.y += self.pitch * (1.45 if truth.boxed else 1.0)

    def _row(self, cells: Sequence[str], *, bold: bool) -> None:
        inner = self.width - 2 * self.margin
        widths = (inner * 0.52, inner * 0.18, inner * 0.30)
        x = self.margin
        order = range(len(cells) - 1, -1, -1) if self.setter.direction == "rtl" else range(len(cells))
        lefts: dict[int, float] = {}
        for column in order:
            lefts[column] = x
            x += widths[column]
        for column, text in enumerate(cells):
            self._put(text, "cell", lefts[column], widths[column] - 6, "start" if column == 0 else "end", bold=bold)
        self.y += self.pitch

    def _put(self, text: str, role: str, x: float, width: float, align: Align, *, bold: bool = False, scale: float = 1.0) -> None:
        """Set a text on one line, smaller where it does not fit."""
        for shrink in (1.0, 0.9, 0.8, 0.7):
            size = max(round(self.truth.size_px * scale * shrink), LEAST_SIZE_PX)
            style = Style(float(size), bold=bold, family=self.truth.family)
            lines = self.setter.lines([Span(text, style)], width, align=align)
            if len(lines) == 1 and lines[0].width_pt <= width:
                baseline = round(self.y + self.pitch / 2 + 0.35 * size)
                rtl = self.setter.direction == "rtl"
                self.lines.append(Placed(lines[0], round(x), baseline, self.truth.language, rtl, role, self.block))
                return
        self.too_wide = self.too_wide or text

    def _rule(self) -> None:
        y = float(round(self.y + 0.2 * self.pitch))
        self.rules.append((float(self.margin), y, float(round(self.width - self.margin)), y + 1))
        self.y += 0.4 * self.pitch


def _frame(x0: int, y0: int, x1: int, y1: int) -> list[BoxPx]:
    """The four sides of a box, one pixel wide."""
    a, b, c, d = float(x0), float(y0), float(x1), float(y1)
    return [(a, b, c, b + 1), (a, d, c, d + 1), (a, b, a + 1, d), (c, b, c + 1, d + 1)]
