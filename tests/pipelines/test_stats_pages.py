"""Each measure of pages on pages drawn for it."""

import io

import numpy as np
import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PillowImage
from PIL import ImageDraw

from pipelines.stats_pages import (
    box_iou,
    dhash,
    image_layout,
    layout_entropy,
    mean_layout_iou,
    pdf_layouts,
    phash,
)
from schemas.sample import Image


def page(seed: int, quality: int = 0) -> Image:
    """Paragraph-like bars at places drawn from a seed; as PNG, or JPEG of some quality."""
    rng = np.random.default_rng(seed)
    picture = PillowImage.new("L", (400, 560), 255)
    pen = ImageDraw.Draw(picture)
    for top in range(20, 540, 20):
        left = int(rng.integers(0, 200))
        pen.rectangle((left, top, left + int(rng.integers(20, 200)), top + 14), fill=int(rng.integers(0, 120)))
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=quality) if quality else picture.save(buffer, format="PNG")
    return Image.of(buffer.getvalue(), "jpeg" if quality else "png", 400, 560)


def test_hash_bits_are_comparisons_with_the_right_neighbour() -> None:
    ramp = np.tile(np.arange(9, dtype=np.int16), (8, 1))  # each pixel darker than the next
    assert dhash(ramp) == 2**64 - 1
    ramp[0, 1] = 9  # lighter than the one after it
    assert dhash(ramp) == 2**64 - 1 - 2


def test_dct_hash_sees_frequencies_and_not_brightness() -> None:
    noise = np.random.default_rng(3).uniform(0, 255, (32, 32))
    assert phash(noise) == phash(0.4 * noise + 90)
    wave = np.cos(np.pi * (2 * np.arange(32) + 1) * 3 / 64)[None, :] * np.full((32, 1), 200.0)  # row 0, column 3 of the frequencies
    assert phash(noise + wave) >> 3 & 1 == 1
    assert phash(noise - wave) >> 3 & 1 == 0


@given(st.lists(st.sampled_from([b"a", b"b", b"c", b"d"]), min_size=1, max_size=40))
def test_entropy_is_between_zero_and_that_of_all_different(signatures: list[bytes]) -> None:
    entropy, distinct = layout_entropy(signatures)
    assert 0 <= entropy <= np.log2(distinct) + 1e-9


def test_entropy_of_two_equal_halves_is_one_bit() -> None:
    assert layout_entropy([b"a", b"b", b"a", b"b"]) == (1.0, 2)


def pdf_of(*columns: int) -> bytes:
    with pymupdf.open() as document:
        for number in columns:
            sheet = document.new_page(width=600, height=800)
            for column in range(number):
                for line in range(30):
                    sheet.insert_text((30 + column * 540 / number, 60 + 20 * line), "lorem ipsum", fontsize=9)
        return bytes(document.tobytes())


def test_layouts_of_a_pdf_differ_by_columns() -> None:
    one, two, again = pdf_layouts(pdf_of(1, 2, 1))
    assert one == again
    assert one != two
    assert len(one) == 64
    assert mean_layout_iou([one, one]) == 1.0
    assert mean_layout_iou([one, two]) < 0.8


def test_layout_of_an_image_is_where_it_is_drawn() -> None:
    signature = np.unpackbits(np.frombuffer(image_layout(page(1)), np.uint8)).reshape(2, 16, 16)
    assert signature[0].any()
    assert not signature[1].any()
    assert not signature[0, :, 15].any()  # nothing is drawn in the right twelfth


def test_box_iou() -> None:
    assert box_iou((0, 0, 2, 2), (1, 1, 3, 3)) == pytest.approx(1 / 7)
    assert box_iou((0, 0, 1, 1), (2, 2, 3, 3)) == 0.0
