"""Draws set lines as ink, without a page description: typeset lines -> a grey plate and its text layer, with ink boxes.

The typesetter's points are pixels here. FreeType draws unhinted outlines at quarters of a pixel (`SUBPIXELS`), both ways, so that a glyph
has 16 pictures at a size, which are cached; overlapping ink takes the darker. Integer arithmetic throughout: equal input gives equal bytes
on any processor. Knows nothing of colours, grounds or wear, which come after.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from schemas.errors import DataError
from schemas.sample import AssetUse, Attachment, BoxPx
from schemas.text_layer import Cluster, Run, TextLayer, TextLine, Word, clean_name, write_layer
from synth.render.fonts import FontFile, asset_use
from synth.render.glyphs import GlyphInk, SizedFont, sized_font
from synth.render.pixels import darken, inverted
from synth.render.raster import png_bytes
from synth.render.shape import SIMPLE_SCRIPTS, Shaped, script_in
from synth.render.typeset import Line
from synth.render.vertical import Column

SUBPIXELS = 4
"""Positions a pixel, along each axis, at which glyphs are drawn (chosen: an eighth of a pixel off at most, which no reader sees)."""
_STEP_64 = 64 // SUBPIXELS
_Piece: TypeAlias = tuple[Shaped, float, float]
"""A shaped run, its size in pixels an em, and its left end from the line's column."""


@dataclass(frozen=True, slots=True)
class _InkedWord:
    """A word of a line that stands at (0, 0): its shaped runs, clusters with ink boxes in logical order, and glyphs with their places."""

    text: str
    pieces: tuple[_Piece, ...]
    clusters: tuple[tuple[str, BoxPx], ...]
    stamps: tuple[GlyphInk, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A set line on a plate, at whole pixels.

    Attributes:
        line: Set by `synth.render.typeset`, its points taken as pixels.
        x_px: Left edge of the line's column.
        y_px: The baseline.
        language: BCP 47 tag.
        rtl: Whether the paragraph runs from right to left.
        role, block: As in `TextLine`.
    """

    line: Line
    x_px: float
    y_px: float
    language: str
    rtl: bool = False
    role: str = "body"
    block: int = 0


@dataclass(frozen=True, slots=True)
class PlacedColumn:
    """A column of vertical text on a plate; `x_px` is its middle, `y_px` its top."""

    column: Column
    x_px: float
    y_px: float
    language: str
    role: str = "body"
    block: int = 0


@dataclass(frozen=True, slots=True)
class Plate:
    """Text alone, black on white, (height, width), what stands where, and the fonts used."""

    pixels: NDArray[np.uint8]
    layer: TextLayer
    assets: tuple[AssetUse, ...]

    @property
    def picture(self) -> Pillow.Image:
        """The text as a picture of Pillow's."""
        return Pillow.fromarray(self.pixels)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return (self.pixels.shape[1], self.pixels.shape[0])

    def attachments(self, image: int = 0) -> tuple[Attachment, Attachment]:
        """`clean-n.png` and `text-n.json`."""
        return Attachment.of(clean_name(image), "image/png", png_bytes(self.pixels[:, :, None], 1)), write_layer(self.layer, image)


def draw_plate(width_px: int, height_px: int, lines: Sequence[Placed | PlacedColumn]) -> Plate:
    """Draw lines, in reading order, on a plate.

    Raises:
        DataError: `ink_outside` if ink leaves the plate, `no_ink` if a word has none.
    """
    canvas = np.zeros((height_px, width_px), np.uint8)
    used: dict[FontFile, None] = {}
    drawn = tuple(DRAWN[type(placed)](canvas, placed, used) for placed in lines)
    return Plate(inverted(canvas), TextLayer(width_px, height_px, drawn), tuple(asset_use(file) for file in used))


def ink_box(line: Line) -> BoxPx:
    """The ink of a line whose column begins at x = 0 and whose baseline is y = 0, in whole pixels: the room it needs on a plate."""
    return hull([box for word in _inked(line) for _, box in word.clusters])


def hull(boxes: Sequence[BoxPx]) -> BoxPx:
    """The smallest box around boxes."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return (min(lefts), min(tops), max(rights), max(bottoms))


def _draw_line(canvas: NDArray[np.uint8], placed: Placed, used: dict[FontFile, None]) -> TextLine:
    x, y = int(placed.x_px), int(placed.y_px)
    if (x, y) != (placed.x_px, placed.y_px):
        raise ValueError(f"a line stands at ({placed.x_px}, {placed.y_px}); lines begin at whole pixels")
    words = []
    for inked in _inked(placed.line):
        for coverage, left, top in inked.stamps:
            _put(canvas, coverage, left + x, top + y)
        clusters = tuple([Cluster(text, (x0 + x, y0 + y, x1 + x, y1 + y)) for text, (x0, y0, x1, y1) in inked.clusters])
        runs = tuple([run_of(shaped, size, x + left, placed.y_px) for shaped, size, left in inked.pieces])
        used.update(dict.fromkeys([shaped.face.file for shaped, _, _ in inked.pieces]))
        words.append(Word(inked.text, hull([cluster.box_px for cluster in clusters]), clusters, runs))
    box = hull([word.box_px for word in words])
    return TextLine(placed.line.text.strip(" "), placed.language, box, tuple(words), placed.role, placed.block, placed.rtl)


def _draw_column(canvas: NDArray[np.uint8], placed: PlacedColumn, used: dict[FontFile, None]) -> TextLine:
    """A column is one word: vertical text has no spaces."""
    column, size = placed.column, placed.column.size_px
    file = column.face.file
    used[file] = None
    font = sized_font(file, round(size * 64))
    clusters: list[Cluster] = []
    bare = ""
    for letter in column.letters:
        stamp = _stamp(font, letter.glyph, placed.x_px + letter.x_em * size, placed.y_px + letter.y_em * size)
        if stamp is None:
            bare += letter.text
        else:
            _put(canvas, *stamp)
            clusters.append(Cluster(bare + letter.text, _box(stamp)))
            bare = ""
    if not clusters or bare:
        raise DataError("no_ink", f"the column {column.text!r} has characters that draw nothing")
    run = Run(column.text, asset_use(file).name, file.index, file.axes, size, placed.x_px, placed.y_px, vertical=True)
    box = hull([cluster.box_px for cluster in clusters])
    word = Word(column.text, box, tuple(clusters), (run,))
    return TextLine(column.text, placed.language, box, (word,), placed.role, placed.block, vertical=True)


DRAWN: Mapping[type, Callable[[NDArray[np.uint8], Any, dict[FontFile, None]], TextLine]] = {Placed: _draw_line, PlacedColumn: _draw_column}


def run_of(shaped: Shaped, size_px: float, x_px: float, y_px: float) -> Run:
    """How a run is stored, so that a verifier can draw it again."""
    file = shaped.face.file
    ligatures = script_in(shaped.text) not in SIMPLE_SCRIPTS
    return Run(shaped.text, asset_use(file).name, file.index, file.axes, size_px, x_px, y_px, shaped.rtl, ligatures=ligatures)


@lru_cache(maxsize=64)
def _inked(line: Line) -> tuple[_InkedWord, ...]:
    """The words of a line in logical order, as if it stood at (0, 0). Cached, because a line is measured before it is placed."""
    words: list[_InkedWord] = []
    held: list[_Piece] = []
    for fragment in sorted(line.fragments, key=lambda fragment: fragment.order):
        for shaped, left in zip(fragment.shapes, fragment.lefts_pt, strict=True):
            if not shaped.is_space:
                held.append((shaped, fragment.style.size_pt, left))
            elif held:
                words.append(_ink_word(held))
                held = []
    if held:
        words.append(_ink_word(held))
    if not words:
        raise DataError("no_ink", f"the line {line.text!r} draws nothing")
    return tuple(words)


def _ink_word(pieces: Sequence[_Piece]) -> _InkedWord:
    clusters: list[tuple[str, BoxPx]] = []
    stamps: list[GlyphInk] = []
    for shaped, size, left in pieces:
        found = _ink_clusters(stamps, shaped, size, left)
        clusters += found[::-1] if shaped.rtl else found
    text = "".join([shaped.text for shaped, _, _ in pieces])
    if not clusters:
        raise DataError("no_ink", f"the word {text!r} draws nothing")
    return _InkedWord(text, tuple(pieces), tuple(clusters), tuple(stamps))


def _ink_clusters(stamps: list[GlyphInk], shaped: Shaped, size_px: float, x_px: float) -> list[tuple[str, BoxPx]]:
    """Gather a run's ink, and say where each cluster's is, from left to right. A cluster without ink lends its text to the one before it in
    logical order.
    """
    scale = size_px / shaped.face.upem
    font = sized_font(shaped.face.file, round(size_px * 64))
    pen = 0
    found: list[tuple[str, BoxPx]] = []
    bare: list[tuple[int, str]] = []
    for cluster, kern in zip(shaped.clusters, shaped.kerns, strict=True):
        boxes = []
        for glyph, dx, dy in cluster.parts:
            stamp = _stamp(font, glyph, x_px + (pen + dx) * scale, -dy * scale)
            if stamp is not None:
                stamps.append(stamp)
                boxes.append(_box(stamp))
        pen += cluster.width + kern
        if boxes:
            found.append((cluster.text, boxes[0] if len(boxes) == 1 else hull(boxes)))
        else:
            bare.append((len(found), cluster.text))
    for place, text in reversed(bare):
        # Left of `place` is logically before it in left-to-right text, and after it in right-to-left text.
        owner = min(max(place - (0 if shaped.rtl else 1), 0), len(found) - 1)
        if found:
            before, box = found[owner]
            found[owner] = (before + text, box)
    return found


def _stamp(font: SizedFont, glyph: int, x_px: float, y_px: float) -> GlyphInk | None:
    """One glyph's ink, with the place of its left column and top row; None for a glyph without ink."""
    x, y = math.floor(x_px * SUBPIXELS + 0.5), math.floor(y_px * SUBPIXELS + 0.5)
    coverage, over, down = font.ink(glyph, x % SUBPIXELS * _STEP_64, y % SUBPIXELS * _STEP_64)
    return (coverage, x // SUBPIXELS + over, y // SUBPIXELS + down) if coverage.size else None


def _box(stamp: GlyphInk) -> BoxPx:
    coverage, left, top = stamp
    height, width = coverage.shape
    return (left, top, left + width, top + height)


def _put(canvas: NDArray[np.uint8], coverage: NDArray[np.uint8], left: int, top: int) -> None:
    """Overlapping ink takes the darker."""
    height, width = coverage.shape
    if left < 0 or top < 0 or left + width > canvas.shape[1] or top + height > canvas.shape[0]:
        size = f"{canvas.shape[1]}x{canvas.shape[0]}"
        raise DataError("ink_outside", f"a glyph at ({left}, {top}) of {width}x{height} pixels leaves the plate of {size}")
    darken(canvas[top : top + height, left : left + width], coverage)
