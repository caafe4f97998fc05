"""How a publisher's pages look: every knob of a layout, drawn once a document so that no two documents share a template.

A `Look` says nothing about content. Lengths are points for an A4 page; `setting.Setter` scales them to other pages. All ranges are chosen
from looking at reports, books and slides; none of them may break what independent readers rely on (cell gaps of 8 pt, column gaps of 18
pt).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from numpy.random import Generator

from synth.documents.strips import Color
from synth.render.charts import ChartLook, draw_chart_look
from synth.render.fonts import FontFamily
from synth.render.typeset import script_of

T = TypeVar("T")

BLACK: Color = (0.0, 0.0, 0.0)
WHITE: Color = (1.0, 1.0, 1.0)

ACCENTS: tuple[Color, ...] = (
    (0.0, 0.0, 0.0), (0.10, 0.22, 0.42), (0.55, 0.10, 0.12), (0.05, 0.36, 0.30),
    (0.35, 0.20, 0.45), (0.60, 0.33, 0.05), (0.0, 0.35, 0.55), (0.25, 0.25, 0.28),
)  # fmt: skip
"""Dark enough for small type on white: contrast of at least 4.5 (WCAG 2.2, 1.4.3)."""

FONTS = ("noto", "office", "book")
"""Looks of `synth.render.fonts` that documents are set in."""
LEADING = {"Hans": 1.62, "Hant": 1.62, "Jpan": 1.68, "Kore": 1.6, "Arab": 1.58, "Deva": 1.56}
"""Line pitch in ems by script; tall or dense scripts need more than the 1.36 of Latin and Cyrillic."""


@dataclass(frozen=True, slots=True)
class HeadingLook:
    """Headings: size of each level in ems, and how they stand out."""

    scale: tuple[float, float, float, float]
    color: Color
    bold: bool
    family: FontFamily
    rule: Literal["none", "below", "above", "bar", "band"]
    centered: bool
    sink_pt: float
    spans: bool


@dataclass(frozen=True, slots=True)
class TableLook:
    """Tables: lines, fills and paddings. `pad_x_pt` on both sides of every cell keeps texts of neighbouring columns at least 8 pt apart."""

    style: Literal["grid", "rows", "booktabs", "zebra", "plain"]
    head_fill: Color | None
    head_text: Color
    line: Color
    pad_x_pt: float
    pad_y_pt: float
    scale: float
    full_width: bool
    centered: bool
    caption_bold: bool
    caption_italic: bool
    caption_color: Color


@dataclass(frozen=True, slots=True)
class FurnitureLook:
    """Heads and feet of pages."""

    running: Literal["none", "start", "center", "outer"]
    chapter: bool
    rule: bool
    folio: Literal["foot_center", "foot_outer", "head_outer"]
    dashes: bool


@dataclass(frozen=True, slots=True)
class ContentsLook:
    """Contents lists.

    Attributes:
        leader: What joins an entry to its page label.
        spread: Extra space between entries, in line pitches; none on slides.
        share: Width of lists that run from left to right, as a share of the measure.
        scale: Type size in terms of body type; 1 on slides.
        bold: Whether entries of the first level are bold.
        indent_em: Indent of each further level.
        rule: Which entries have a hairline under them.
        centered: Whether titles are centred over the list.
    """

    leader: Literal["dots", "spaced", "none"]
    spread: float
    share: float
    scale: float
    bold: bool
    indent_em: float
    rule: Literal["none", "first", "all"]
    centered: bool


@dataclass(frozen=True, slots=True)
class Look:
    """All knobs of one document.

    Attributes:
        font: Key of `synth.render.fonts.LOOKS`.
        leading: Line pitch in ems.
        margins_pt: Top, right, bottom, left of an A4 page.
        indent: Paragraphs are told apart by an indent, else by space.
        bullet: Glyph of unordered lists.
        separator: Between a caption's label and its text.
        balance: Last columns of a section end at one height.
    """

    font: str
    family: FontFamily
    size_pt: float
    leading: float
    margins_pt: tuple[float, float, float, float]
    justify: bool
    indent: bool
    accent: Color
    column_gap_pt: float
    column_rule: bool
    bullet: str
    separator: str
    balance: bool
    contents: ContentsLook
    heading: HeadingLook
    table: TableLook
    furniture: FurnitureLook
    chart: ChartLook


def draw_look(language: str, rng: Generator) -> Look:
    """Draw the look of one document in `language` (BCP 47)."""
    script = script_of(language)
    accent = pick(rng, ACCENTS)
    family: FontFamily = "serif" if rng.random() < 0.5 else "sans"
    tight = float(rng.random())
    margins = (between(rng, 62, 88), between(rng, 48, 84), between(rng, 62, 92), between(rng, 48, 84))
    cjk = script in ("Hans", "Hant", "Jpan", "Kore")
    return Look(
        font=pick(rng, FONTS),
        family=family,
        size_pt=between(rng, 8.8, 11.2),
        leading=LEADING.get(script, 1.36) * (0.96 + 0.1 * tight),
        margins_pt=margins,
        justify=bool(rng.random() < 0.6),
        indent=bool(rng.random() < (0.8 if cjk else 0.4)),
        accent=accent,
        column_gap_pt=between(rng, 24, 34),
        column_rule=bool(rng.random() < 0.25),
        bullet=pick(rng, ("•", "–", "·", "•")),
        separator=pick(rng, ("：", "  ") if cjk else (": ", ". ", " – ", "  ")),
        balance=bool(rng.random() < 0.6),
        contents=_draw_contents(rng),
        heading=_draw_heading(accent, family, rng),
        table=_draw_table(accent, rng),
        furniture=_draw_furniture(rng),
        chart=draw_chart_look(rng),
    )


def _draw_contents(rng: Generator) -> ContentsLook:
    leader: Literal["dots", "spaced", "none"] = pick(rng, ("dots", "spaced", "none", "dots"))
    ruled: Literal["none", "first", "all"] = pick(rng, ("none", "first", "all"))
    return ContentsLook(
        leader=leader,
        spread=between(rng, 0.0, 0.9),
        share=pick(rng, (1.0, 1.0, 0.85, 0.7)),
        scale=between(rng, 0.92, 1.14),
        bold=bool(rng.random() < 0.5),
        indent_em=pick(rng, (0.0, 1.0, 1.4, 2.2)),
        rule=ruled if leader == "none" else "none",
        centered=bool(rng.random() < 0.2),
    )


def _draw_heading(accent: Color, family: FontFamily, rng: Generator) -> HeadingLook:
    first = between(rng, 1.55, 2.3)
    second = between(rng, 1.22, 1.45)
    centered = bool(rng.random() < 0.18)
    return HeadingLook(
        scale=(first, min(second, first - 0.15), 1.12, 1.0),
        color=accent if rng.random() < 0.7 else BLACK,
        bold=bool(rng.random() < 0.8),
        family=family if rng.random() < 0.6 else "sans",
        rule=pick(rng, ("none", "none", "below", "above", "band", "none" if centered else "bar")),
        centered=centered,
        sink_pt=pick(rng, (0.0, 0.0, 24.0, 60.0)),
        spans=bool(rng.random() < 0.6),
    )


def _draw_table(accent: Color, rng: Generator) -> TableLook:
    style: Literal["grid", "rows", "booktabs", "zebra", "plain"] = pick(rng, ("grid", "rows", "booktabs", "zebra", "plain"))
    pale = tuple(1 - 0.12 * (1 - channel) for channel in accent)
    fills: tuple[Color | None, ...] = {
        "grid": (None, (0.9, 0.9, 0.9), (pale[0], pale[1], pale[2]), accent),
        "rows": (None, (0.93, 0.93, 0.93)),
        "booktabs": (None,),
        "zebra": (accent, (0.85, 0.85, 0.87)),
        "plain": (None,),
    }[style]
    fill = pick(rng, fills)
    return TableLook(
        style=style,
        head_fill=fill,
        head_text=WHITE if fill == accent else BLACK,
        line=pick(rng, (BLACK, (0.45, 0.45, 0.45), accent)),
        pad_x_pt=between(rng, 6.0, 9.0) if style in ("plain", "booktabs") else between(rng, 4.6, 7.0),
        pad_y_pt=between(rng, 1.6, 3.6),
        scale=between(rng, 0.86, 0.96),
        full_width=bool(rng.random() < 0.45),
        centered=bool(rng.random() < 0.35),
        caption_bold=bool(rng.random() < 0.6),
        caption_italic=bool(rng.random() < 0.25),
        caption_color=accent if rng.random() < 0.4 else BLACK,
    )


def _draw_furniture(rng: Generator) -> FurnitureLook:
    return FurnitureLook(
        running=pick(rng, ("none", "start", "center", "outer")),
        chapter=bool(rng.random() < 0.6),
        rule=bool(rng.random() < 0.45),
        folio=pick(rng, ("foot_center", "foot_outer", "foot_center", "head_outer")),
        dashes=bool(rng.random() < 0.2),
    )


def pick(rng: Generator, options: Sequence[T]) -> T:
    """One of `options`, each as likely."""
    return options[int(rng.integers(len(options)))]


def between(rng: Generator, low: float, high: float) -> float:
    """A number in [low, high), rounded to hundredths so that looks read well in a record."""
    return round(low + (high - low) * float(rng.random()), 2)
