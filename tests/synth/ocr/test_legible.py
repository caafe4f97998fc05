"""Ink is found in the picture, in brightness or in colour alone, and not where it was moved, covered or drowned."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from schemas.sample import Image
from synth.ocr.fit import Flattened, LineFit
from synth.ocr.legible import legibility_faults
from synth.render.ink import Placed, Plate, draw_plate, ink_box
from synth.render.pixels import jpeg
from synth.render.planes import Planes, ycc
from synth.render.typeset import Span, Style, Typesetter
from synth.render.warp import Warp, shift, tilting

WARPS = (Warp(), Warp(matrix=shift(13.0, 9.0)), Warp(150.0, 150.0, arc_px=9.0, squeeze=0.2, matrix=tilting(0.1, 0.05, 150.0)))


def plate() -> Plate:
    (line,) = Typesetter("en").lines([Span("Brown foxes, jumping", Style(30.0))], 5000.0)
    x0, y0, x1, y1 = ink_box(line)
    return draw_plate(int(x1 - x0) + 24, int(y1 - y0) + 24, [Placed(line, 12 - x0, 12 - y0, "en")])


def photo(
    plate: Plate, warp: Warp, ground: tuple[int, int, int], ink: tuple[int, int, int], spoil: Callable[[NDArray[np.uint8]], None]
) -> Image:
    clean = np.asarray(plate.picture)
    picture = Planes.plain(plate.picture.size, ground, 1)
    picture.lay(ycc(ink), 255 - clean)
    size = plate.picture.size if warp.is_identity else (plate.picture.width + 40, plate.picture.height + 40)
    pixels = picture.warped(warp, size).rgb().copy()
    spoil(pixels)
    return Image.of(jpeg(pixels, 92, fine_colour=True), "jpeg", *size)


def faults(image: Image, plate: Plate, warp: Warp) -> list[str]:
    """Of the plate's one line."""
    (line,) = plate.layer.lines
    flat, clean = Flattened(image, warp, plate.layer), np.asarray(plate.picture)
    landed = warp.boxes([word.box_px for word in line.words])
    return list(legibility_faults(flat, clean, line, LineFit(flat.grey, clean, line), landed))


def nothing(pixels: NDArray[np.uint8]) -> None:
    pass


def hidden(pixels: NDArray[np.uint8]) -> None:
    pixels[:, 100:200] = 128


def moved(pixels: NDArray[np.uint8]) -> None:
    pixels[:] = np.roll(pixels, 6, axis=0)


def drowned(pixels: NDArray[np.uint8]) -> None:
    pixels[:] = np.random.default_rng(1).integers(0, 256, pixels.shape, dtype=np.uint8)


@pytest.mark.parametrize("warp", WARPS)
@pytest.mark.parametrize(
    ("ground", "ink"), [((240, 240, 230), (20, 30, 60)), ((30, 40, 30), (220, 230, 220)), ((200, 60, 60), (20, 142, 60))]
)
def test_ink_is_found(warp: Warp, ground: tuple[int, int, int], ink: tuple[int, int, int]) -> None:
    """The last pair is of one brightness: red and green."""
    drawn = plate()
    assert faults(photo(drawn, warp, ground, ink, nothing), drawn, warp) == []


@pytest.mark.parametrize("warp", WARPS)
@pytest.mark.parametrize("spoil", [hidden, moved, drowned])
def test_what_spoils_it_is_seen(warp: Warp, spoil: Callable[[NDArray[np.uint8]], None]) -> None:
    drawn = plate()
    image = photo(drawn, warp, (240, 240, 230), (20, 30, 60), spoil)
    assert faults(image, drawn, warp)


def test_ink_of_the_grounds_own_colour_is_not_found() -> None:
    drawn = plate()
    image = photo(drawn, Warp(), (200, 190, 180), (190, 182, 172), nothing)
    assert faults(image, drawn, Warp())


def test_a_picture_that_is_a_line_short_is_black_there() -> None:
    # Catches: a warp that reads the identity from a smaller photo without looking at its size.
    drawn = plate()
    whole = photo(drawn, Warp(), (240, 240, 230), (20, 30, 60), nothing)
    cut = np.asarray(Pillow.new("RGB", (whole.width_px // 3, whole.height_px), (240, 240, 230)))
    image = Image.of(jpeg(cut, 90, fine_colour=True), "jpeg", cut.shape[1], cut.shape[0])
    assert len(faults(image, drawn, Warp())) == 3
