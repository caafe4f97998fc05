"""Page images of small PDFs made by MuPDF."""

import io
import zlib

import numpy as np
import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from schemas.errors import DataError
from synth.render.raster import BAND_ROWS, encode_png, page_dpi, png_bytes, png_grey, rasterise


def pdf(*, colour: bool = False, width: float = 300, height: float = 200) -> bytes:
    document = pymupdf.open()
    page = document.new_page(width=width, height=height)
    page.draw_rect((36, 72, 108, 144), fill=(0, 0, 0), color=None)
    if colour:
        page.draw_rect((200, 100, 201, 101), fill=(1, 0, 0), color=None)
    data: bytes = document.tobytes()
    return data


def pixels(data: bytes) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    return np.asarray(Pillow.open(io.BytesIO(data)))


def test_points_land_at_their_pixels() -> None:
    # Catches: a scale of dpi/96, y up.
    (image,) = rasterise(pdf(), dpi=144)
    assert (image.width_px, image.height_px) == (600, 400)
    found = pixels(image.data)
    rows, columns = np.nonzero(found < 128)
    assert (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1) == (72, 216, 144, 288)


def test_pages_without_colour_have_one_channel_and_one_red_point_makes_three() -> None:
    # Catches: a colour check that samples too few pixels.
    assert pixels(rasterise(pdf())[0].data).ndim == 2
    assert pixels(rasterise(pdf(colour=True))[0].data).shape[2] == 3
    assert pixels(rasterise(pdf(colour=True), gray=True)[0].data).ndim == 2


def test_max_pixels_lowers_the_resolution() -> None:
    (image,) = rasterise(pdf(), dpi=144, max_pixels=60_000)
    assert 0.97 * 60_000 <= image.width_px * image.height_px <= 60_000
    dpi = page_dpi(300, 200, dpi=144, max_pixels=60_000)
    assert abs(image.width_px - 300 * dpi / 72) <= 1


@given(width=st.floats(50, 2000), height=st.floats(50, 2000), limit=st.integers(10_000, 4_000_000), dpi=st.floats(36, 300))
def test_the_bound_holds_after_rounding(width: float, height: float, limit: int, dpi: float) -> None:
    scale = page_dpi(width, height, dpi=dpi, max_pixels=limit) / 72
    assert np.ceil(width * scale - 1e-9) * np.ceil(height * scale - 1e-9) <= limit
    assert scale <= dpi / 72


def test_the_same_pdf_gives_the_same_bytes_and_pages_can_be_picked() -> None:
    data = pdf(colour=True)
    assert rasterise(data) == rasterise(data)
    assert rasterise(data, pages=[0]) == rasterise(data)


def test_pictures_of_a_drawn_document_are_let_go() -> None:
    # Catches: decoded pictures of closed documents that stay in MuPDF's store, 20 MiB a report of 60 pages.
    source = pymupdf.open()
    picture = encode_png(np.arange(256 * 256 * 3, dtype=np.uint32).astype(np.uint8).reshape(256, 256, 3))
    source.new_page().insert_image((72, 72, 328, 328), stream=picture.data)
    data = source.tobytes()
    with pymupdf.open(stream=data, filetype="pdf") as document:
        document[0].get_pixmap()
    assert "key=(image 256 x 256" in store()  # closing alone keeps it
    rasterise(data)
    assert "key=(image" not in store()


def store() -> str:
    """What MuPDF's store of resources holds, one a line."""
    buffer = pymupdf.mupdf.fz_new_buffer(1024)
    out = pymupdf.mupdf.FzOutput(buffer)
    pymupdf.mupdf.fz_debug_store(out)
    out.fz_close_output()
    text: str = buffer.fz_buffer_extract().decode("latin-1")
    return text


def test_bytes_that_are_no_pdf_are_refused() -> None:
    with pytest.raises(DataError, match="unreadable_pdf"):
        rasterise(b"hello")


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("height", [1, BAND_ROWS - 1, BAND_ROWS, BAND_ROWS + 1, 3 * BAND_ROWS + 5])
def test_every_row_is_stored_once(height: int, channels: int) -> None:
    # Catches: a last band that is lost, or filled up with rows of the band before.
    drawn = np.random.default_rng(height).integers(0, 256, (height, 7, channels), dtype=np.uint8)
    image = encode_png(drawn)
    assert (image.width_px, image.height_px) == (7, height)
    assert np.array_equal(pixels(image.data).reshape(drawn.shape), drawn)
    packed = image.data[image.data.index(b"IDAT") + 4 : image.data.index(b"IEND") - 8]  # up to the chunk's checksum and the next length
    assert len(zlib.decompress(packed)) == height * (1 + 7 * channels)


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("shape", [(1, 1), (3 * BAND_ROWS + 1, 50), (40, 700)], ids=str)
def test_a_grey_png_is_read_as_written_and_as_others_read_it(shape: tuple[int, int], level: int) -> None:
    written = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    data = png_bytes(written[:, :, None], level)
    assert np.array_equal(png_grey(data), written)
    assert np.array_equal(pixels(data), written)


def test_a_png_of_another_kind_or_a_damaged_one_is_refused() -> None:
    # Catches: a check of the sum left out, rows counted wrongly, filtered rows taken for pixels.
    grey = np.full((20, 30, 1), 200, np.uint8)
    data = png_bytes(grey)
    assert png_grey(data).shape == (20, 30)
    filtered = io.BytesIO()
    Pillow.fromarray(np.random.default_rng(1).integers(0, 256, (20, 30), dtype=np.uint8)).save(filtered, "PNG")
    shorter = data[:20] + (19).to_bytes(4, "big") + data[24:]
    for bad in (
        b"",
        data[:40],
        data[:-1],
        data[:60] + bytes([data[60] ^ 1]) + data[61:],
        encode_png(grey.repeat(3, 2)).data,
        filtered.getvalue(),
        shorter,
    ):
        with pytest.raises(ValueError, match="PNG"):
            png_grey(bad)
