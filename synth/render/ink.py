"""Draws set lines as ink, without a page description: typeset lines -> a grey plate and its text layer, with ink boxes.

The typesetter's points are pixels here. FreeType draws unhinted outlines at quarters of a pixel (`SUBPIXELS`), both ways, so that a glyph
has 16 pictures at a size, which are cached; overlapping ink takes the darker. Integer arithmetic throughout: equal input gives equal bytes
on any processor. Knows nothing of colours, grounds or wear, which come after.
"""

import ctypes
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, TypeAlias

import freetype
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from schemas.errors import DataError
from schemas.geometry import union_box
from schemas.sample import AssetUse, Attachment, BoxPx
from schemas.text_layer import Cluster, Run, TextLayer, TextLine, Word, clean_name, write_layer
from synth.render.fonts import FontFile, asset_use, font_path
from synth.render.raster import png_bytes
from synth.render.shape import SIMPLE_SCRIPTS, Shaped, script_in
from synth.render.typeset import Line
from synth.render.vertical import Column

SUBPIXELS = 4
"""Positions a pixel, along each axis, at which glyphs are drawn (chosen: an eighth of a pixel off at most, which no reader sees)."""
_CACHED_GLYPHS = 1 << 15
_UPRIGHT = freetype.Matrix(0x10000, 0, 0, 0x10000)  # 16.16 fixed point: no change

GlyphInk: TypeAlias = tuple[NDArray[np.uint8], int, int]
"""Coverage 0 to 255, (height, width); pixels from the glyph's whole-pixel origin right to the left column, and down to the top row."""
_Piece: TypeAlias = tuple[Shaped, float, float]
"""A shaped run, its size in pixels an em, and its left end from the line's column."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A set line on a plate.

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
    """Text alone, black on white, what stands where, and the fonts used."""

    picture: Pillow.Image
    layer: TextLayer
    assets: tuple[AssetUse, ...]

    def attachments(self, image: int = 0) -> tuple[Attachment, Attachment]:
        """`clean-n.png` and `text-n.json`."""
        return Attachment.of(clean_name(image), "image/png", png_bytes(np.asarray(self.picture)[:, :, None])), write_layer(
            self.layer, image
        )


def draw_plate(width_px: int, height_px: int, lines: Sequence[Placed | PlacedColumn]) -> Plate:
    """Draw lines, in reading order, on a plate.

    Raises:
        DataError: `ink_outside` if ink leaves the plate, `no_ink` if a word has none.
    """
    canvas = np.zeros((height_px, width_px), np.uint8)
    used: dict[FontFile, None] = {}
    drawn = tuple(DRAWN[type(placed)](canvas, placed, used) for placed in lines)
    return Plate(Pillow.fromarray(255 - canvas), TextLayer(width_px, height_px, drawn), tuple(asset_use(file) for file in used))


def ink_box(line: Line) -> BoxPx:
    """The ink of a line whose column begins at x = 0 and whose baseline is y = 0, in whole pixels: the room it needs on a plate."""
    found = [box for shaped, size, left in _pieces(line) if not shaped.is_space for _, box in _cluster_boxes(None, shaped, size, left, 0.0)]
    if not found:
        raise DataError("no_ink", f"the line {line.text!r} draws nothing")
    return union_box(found)


def _draw_line(canvas: NDArray[np.uint8], placed: Placed, used: dict[FontFile, None]) -> TextLine:
    words: list[Word] = []
    held: list[_Piece] = []
    for piece in _pieces(placed.line):
        if not piece[0].is_space:
            used[piece[0].face.file] = None
            held.append(piece)
        elif held:
            words.append(_draw_word(canvas, held, placed))
            held = []
    if held:
        words.append(_draw_word(canvas, held, placed))
    if not words:
        raise DataError("no_ink", f"the line {placed.line.text!r} draws nothing")
    box = union_box([word.box_px for word in words])
    return TextLine(placed.line.text.strip(" "), placed.language, box, tuple(words), placed.role, placed.block, placed.rtl)


def _draw_column(canvas: NDArray[np.uint8], placed: PlacedColumn, used: dict[FontFile, None]) -> TextLine:
    """A column is one word: vertical text has no spaces."""
    column, size = placed.column, placed.column.size_px
    file = column.face.file
    used[file] = None
    clusters: list[Cluster] = []
    bare = ""
    for letter in column.letters:
        box = _stamp(canvas, file, letter.glyph, size, placed.x_px + letter.x_em * size, placed.y_px + letter.y_em * size)
        if box is None:
            bare += letter.text
        else:
            clusters.append(Cluster(bare + letter.text, box))
            bare = ""
    if not clusters or bare:
        raise DataError("no_ink", f"the column {column.text!r} has characters that draw nothing")
    run = Run(column.text, asset_use(file).name, file.index, file.axes, size, placed.x_px, placed.y_px, vertical=True)
    box = union_box([cluster.box_px for cluster in clusters])
    word = Word(column.text, box, tuple(clusters), (run,))
    return TextLine(column.text, placed.language, box, (word,), placed.role, placed.block, vertical=True)


def _draw_word(canvas: NDArray[np.uint8], pieces: Sequence[_Piece], placed: Placed) -> Word:
    clusters: list[Cluster] = []
    runs: list[Run] = []
    for shaped, size, left in pieces:
        x, y = placed.x_px + left, placed.y_px
        found = _cluster_boxes(canvas, shaped, size, x, y)
        clusters += [Cluster(text, box) for text, box in (reversed(found) if shaped.rtl else found)]
        runs.append(run_of(shaped, size, x, y))
    text = "".join(shaped.text for shaped, _, _ in pieces)
    if not clusters:
        raise DataError("no_ink", f"the word {text!r} draws nothing")
    return Word(text, union_box([cluster.box_px for cluster in clusters]), tuple(clusters), tuple(runs))


DRAWN: Mapping[type, Callable[[NDArray[np.uint8], Any, dict[FontFile, None]], TextLine]] = {Placed: _draw_line, PlacedColumn: _draw_column}


def run_of(shaped: Shaped, size_px: float, x_px: float, y_px: float) -> Run:
    """How a run is stored, so that a verifier can draw it again."""
    file = shaped.face.file
    ligatures = script_in(shaped.text) not in SIMPLE_SCRIPTS
    return Run(shaped.text, asset_use(file).name, file.index, file.axes, size_px, x_px, y_px, shaped.rtl, ligatures=ligatures)


def _pieces(line: Line) -> Iterator[_Piece]:
    """Shaped runs of a line in logical order."""
    for fragment in sorted(line.fragments, key=lambda fragment: fragment.order):
        for shaped, left in zip(fragment.shapes, fragment.lefts_pt, strict=True):
            yield shaped, fragment.style.size_pt, left


def _cluster_boxes(canvas: NDArray[np.uint8] | None, shaped: Shaped, size_px: float, x_px: float, y_px: float) -> list[tuple[str, BoxPx]]:
    """Draw a run and say where each cluster's ink is, from left to right. A cluster without ink lends its text to the one before it in
    logical order.
    """
    scale = size_px / shaped.face.upem
    pen = 0
    found: list[tuple[str, BoxPx]] = []
    bare: list[tuple[int, str]] = []
    for cluster, kern in zip(shaped.clusters, shaped.kerns, strict=True):
        boxes = []
        for glyph, dx, dy in cluster.parts:
            box = _stamp(canvas, shaped.face.file, glyph, size_px, x_px + (pen + dx) * scale, y_px - dy * scale)
            if box is not None:
                boxes.append(box)
        pen += cluster.width + kern
        if boxes:
            found.append((cluster.text, union_box(boxes)))
        else:
            bare.append((len(found), cluster.text))
    for place, text in reversed(bare):
        # Left of `place` is logically before it in left-to-right text, and after it in right-to-left text.
        owner = min(max(place - (0 if shaped.rtl else 1), 0), len(found) - 1)
        if found:
            before, box = found[owner]
            found[owner] = (before + text, box)
    return found


def _stamp(canvas: NDArray[np.uint8] | None, file: FontFile, glyph: int, size_px: float, x_px: float, y_px: float) -> BoxPx | None:
    """Put one glyph's ink on the canvas (none: only measure) and say where it is; None for a glyph without ink."""
    x, y = math.floor(x_px * SUBPIXELS + 0.5), math.floor(y_px * SUBPIXELS + 0.5)
    coverage, over, down = glyph_ink(file, round(size_px * 64), glyph, x % SUBPIXELS, y % SUBPIXELS)
    height, width = coverage.shape
    if not (width and height):
        return None
    left, top = x // SUBPIXELS + over, y // SUBPIXELS + down
    if canvas is not None:
        if left < 0 or top < 0 or left + width > canvas.shape[1] or top + height > canvas.shape[0]:
            size = f"{canvas.shape[1]}x{canvas.shape[0]}"
            raise DataError("ink_outside", f"a glyph at ({left}, {top}) of {width}x{height} pixels leaves the plate of {size}")
        under = canvas[top : top + height, left : left + width]
        np.maximum(under, coverage, out=under)
    return (float(left), float(top), float(left + width), float(top + height))


@lru_cache(maxsize=_CACHED_GLYPHS)
def glyph_ink(file: FontFile, size_64: int, glyph: int, x_sub: int, y_sub: int) -> GlyphInk:
    """The ink of one glyph, trimmed to what is not empty.

    Args:
        file: Font, face and axes.
        size_64: 64ths of a pixel an em.
        glyph: Its number in the font.
        x_sub: Place of the origin in its pixel, from the left, in `SUBPIXELS`.
        y_sub: The same from the top.
    """
    face = _freetype_face(file)
    face.set_char_size(size_64, size_64, 72, 72)
    step = 64 // SUBPIXELS
    face.set_transform(_UPRIGHT, freetype.Vector(x_sub * step, -y_sub * step))
    face.load_glyph(glyph, freetype.FT_LOAD_RENDER | freetype.FT_LOAD_NO_HINTING | freetype.FT_LOAD_NO_BITMAP)
    bitmap = face.glyph.bitmap
    if not (bitmap.rows and bitmap.width):
        return np.zeros((0, 0), np.uint8), 0, 0
    rows = np.frombuffer(ctypes.string_at(bitmap._FT_Bitmap.buffer, bitmap.rows * bitmap.pitch), np.uint8).reshape(
        bitmap.rows, bitmap.pitch
    )[:, : bitmap.width]
    ys, xs = np.nonzero(rows.any(axis=1))[0], np.nonzero(rows.any(axis=0))[0]
    if not len(ys):
        return np.zeros((0, 0), np.uint8), 0, 0
    trimmed = np.ascontiguousarray(rows[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1])
    return trimmed, face.glyph.bitmap_left + int(xs[0]), -face.glyph.bitmap_top + int(ys[0])


@cache
def _freetype_face(file: FontFile) -> Any:
    face = freetype.Face(str(font_path(file)), file.index)
    if file.axes:
        pinned = dict(file.axes)
        face.set_var_design_coords([pinned.get(axis.tag, axis.default) for axis in face.get_variation_info().axes])
    return face
