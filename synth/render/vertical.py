"""Vertical text of Chinese and Japanese: characters from top to bottom, broken into columns by the rules of their script.

HarfBuzz shapes whole columns downwards with the font's vertical forms (`vert`, on by default in that direction). Text with anything but
characters of one CJK font is refused: Latin words would have to be turned or set upright by rules of their own (JLREQ 2.3.2). Points are
pixels, as in `synth.render.ink`.
"""

from dataclasses import dataclass
from functools import cache

import uharfbuzz as hb

from schemas.errors import DataError
from synth.render.breaks import has_cjk, tokens
from synth.render.fonts import Face, FontFamily, font_chain, load_face
from synth.render.typeset import script_of


@dataclass(frozen=True, slots=True)
class Upright:
    """One character of a column: its glyph, and where its origin is, in ems from the column's middle (x right) and top (y down)."""

    text: str
    glyph: int
    x_em: float
    y_em: float


@dataclass(frozen=True, slots=True)
class Column:
    """One column of vertical text in one face."""

    text: str
    face: Face
    size_px: float
    letters: tuple[Upright, ...]
    height_px: float


def set_columns(
    text: str, language: str, look: str, family: FontFamily, size_px: float, height_px: float, *, bold: bool = False
) -> tuple[Column, ...]:
    """Break text into columns of at most `height_px` and shape them.

    Raises:
        DataError: `not_vertical` if a character is not the script's own.
    """
    script = script_of(language)
    face = load_face(font_chain(script, look, family, bold, False)[0])
    strange = [char for char in text if not has_cjk(char) or ord(char) not in face.coverage]
    if strange or not text:
        raise DataError("not_vertical", f"{text!r:.80} has {strange[:3]!r}, which vertical text of {script} does not hold")
    room = max(int(height_px / size_px), 2)  # every character is one em high
    columns: list[str] = [""]
    for token in tokens(text):
        if columns[-1] and len(columns[-1]) + len(token) > room:
            columns.append("")
        columns[-1] += token
    return tuple(_column(column, face, language, size_px) for column in columns)


def _column(text: str, face: Face, language: str, size_px: float) -> Column:
    letters = _shaped(face, text, language)
    return Column(text, face, size_px, letters, len(text) * size_px)


@cache
def _shaped(face: Face, text: str, language: str) -> tuple[Upright, ...]:
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.language = language
    buffer.direction = "ttb"
    hb.shape(face.font, buffer, {"liga": False, "clig": False, "calt": False})
    out, x, y = [], 0, 0
    for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        if info.codepoint == 0:
            raise DataError("missing_glyph", f"{face.file.path} has no glyph for {text[info.cluster]!r}")
        out.append(Upright(text[info.cluster], info.codepoint, (x + place.x_offset) / face.upem, -(y + place.y_offset) / face.upem))
        x, y = x + place.x_advance, y + place.y_advance
    return tuple(out)
