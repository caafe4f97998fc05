"""FreeType's picture of one glyph: unhinted outlines at parts of a pixel, trimmed and cached.

Integer arithmetic throughout: equal input gives equal bytes on any processor. Knows nothing of text.
"""

import ctypes
from functools import cache, lru_cache
from typing import Any, TypeAlias

import freetype
import numpy as np
from numpy.typing import NDArray

from synth.render.fonts import FontFile, font_path
from synth.render.pixels import inked_box

GlyphInk: TypeAlias = tuple[NDArray[np.uint8], int, int]
"""Coverage 0 to 255, (height, width), of no size where there is no ink; pixels from the glyph's whole-pixel origin right to the left
column, and down to the top row."""
_CACHED_SIZES = 512
_CACHED_GLYPHS = 1 << 12
_UPRIGHT = freetype.Matrix(0x10000, 0, 0, 0x10000)  # 16.16 fixed point: no change
_FLAGS = freetype.FT_LOAD_RENDER | freetype.FT_LOAD_NO_HINTING | freetype.FT_LOAD_NO_BITMAP
_NO_INK: GlyphInk = (np.zeros((0, 0), np.uint8), 0, 0)


class SizedFont:
    """Glyphs of one font file at one size; get it from `sized_font`.

    Args:
        file: Font, face and axes.
        size_64: 64ths of a pixel an em.
    """

    __slots__ = ("_face", "_inks", "_size_64")

    def __init__(self, file: FontFile, size_64: int) -> None:
        self._face, self._size_64 = _face(file), size_64
        self._inks: dict[tuple[int, int, int], GlyphInk] = {}

    def ink(self, glyph: int, x_64: int, y_64: int) -> GlyphInk:
        """The ink of one glyph, trimmed to what is not empty.

        Args:
            glyph: Its number in the font.
            x_64: Place of the origin in its pixel, from the left, in 64ths.
            y_64: The same from the top.
        """
        key = (glyph, x_64, y_64)
        found = self._inks.get(key)
        if found is None:
            if len(self._inks) >= _CACHED_GLYPHS:
                self._inks.clear()
            found = self._inks[key] = self._drawn(glyph, x_64, y_64)
        return found

    def _drawn(self, glyph: int, x_64: int, y_64: int) -> GlyphInk:
        face = self._face
        if _set_sizes.get(face) != self._size_64:
            face.set_char_size(self._size_64, self._size_64, 72, 72)
            _set_sizes[face] = self._size_64
        face.set_transform(_UPRIGHT, freetype.Vector(x_64, -y_64))
        face.load_glyph(glyph, _FLAGS)
        slot = face._FT_Face.contents.glyph.contents  # freetype-py's own wrappers cost as much again as the drawing
        bitmap = slot.bitmap
        height, width, pitch = bitmap.rows, bitmap.width, bitmap.pitch
        if not (height and width):
            return _NO_INK
        grey = np.frombuffer(ctypes.string_at(bitmap.buffer, height * pitch), np.uint8).reshape(height, pitch)[:, :width]
        left, top, across, down = inked_box(grey)  # control points of curves leave empty edges
        if not down:
            return _NO_INK
        return grey[top : top + down, left : left + across].copy(), slot.bitmap_left + left, top - slot.bitmap_top


sized_font = lru_cache(maxsize=_CACHED_SIZES)(SizedFont)


_set_sizes: dict[Any, int] = {}
"""64ths of a pixel an em that a face draws at, since it was last asked."""


@cache
def _face(file: FontFile) -> Any:
    face = freetype.Face(str(font_path(file)), file.index)
    if file.axes:
        pinned = dict(file.axes)
        face.set_var_design_coords([pinned.get(axis.tag, axis.default) for axis in face.get_variation_info().axes])
    return face
