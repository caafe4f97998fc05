"""A glyph's ink is FreeType's, where FreeType puts it."""

import freetype
import numpy as np
import pytest

from synth.render.fonts import TYPEFACES, font_path
from synth.render.glyphs import sized_font

FLAGS = freetype.FT_LOAD_RENDER | freetype.FT_LOAD_NO_HINTING | freetype.FT_LOAD_NO_BITMAP


@pytest.mark.parametrize("name", ["noto-sans", "noto-serif", "amiri"])
@pytest.mark.parametrize(("x_64", "y_64"), [(0, 0), (16, 0), (56, 8), (40, 48)])
def test_ink_is_what_freetype_draws(name: str, x_64: int, y_64: int) -> None:
    # Catches: a trimmed edge that is counted on the wrong side, y turned over, a cached glyph of another place or size.
    file = TYPEFACES[name].regular
    face = freetype.Face(str(font_path(file)), file.index)
    if file.axes:
        pinned = dict(file.axes)
        face.set_var_design_coords([pinned.get(axis.tag, axis.default) for axis in face.get_variation_info().axes])
    for size_64 in (13 * 64, 40 * 64 + 7):
        for glyph in range(30, 60):
            face.set_char_size(size_64)
            face.set_transform(freetype.Matrix(0x10000, 0, 0, 0x10000), freetype.Vector(x_64, -y_64))
            face.load_glyph(glyph, FLAGS)
            bitmap = face.glyph.bitmap
            wanted, found = np.zeros((400, 400), np.uint8), np.zeros((400, 400), np.uint8)
            if bitmap.rows:
                grey = np.array(bitmap.buffer, np.uint8).reshape(bitmap.rows, bitmap.pitch)[:, : bitmap.width]
                top, left = 200 - face.glyph.bitmap_top, 200 + face.glyph.bitmap_left
                wanted[top : top + grey.shape[0], left : left + grey.shape[1]] = grey
            ink, over, down = sized_font(file, size_64).ink(glyph, x_64, y_64)
            found[200 + down : 200 + down + ink.shape[0], 200 + over : 200 + over + ink.shape[1]] = ink
            assert np.array_equal(found, wanted)
            assert not ink.size or all(edge.any() for edge in (ink[0], ink[-1], ink[:, 0], ink[:, -1]))
