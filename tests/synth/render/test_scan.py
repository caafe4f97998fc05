"""The scan look: geometry exact, tones plausible, bytes repeatable."""

import io
from dataclasses import replace

import numpy as np
import pytest
from numpy.random import PCG64, Generator
from PIL import Image as Pillow

from schemas.sample import Image
from synth.render import scan
from synth.render.raster import encode_png

WIDTH, HEIGHT = 820, 1160


def page(*marks: tuple[int, int], colour: bool = False) -> Image:
    """A white page with 9 px black squares centred on `marks`."""
    pixels = np.full((HEIGHT, WIDTH, 3 if colour else 1), 255, dtype=np.uint8)
    for x, y in marks:
        pixels[y - 4 : y + 5, x - 4 : x + 5] = 0
    if colour:
        pixels[500:600, 300:400] = (200, 30, 30)
    return encode_png(pixels)


def gray(image: Image) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    return np.asarray(Pillow.open(io.BytesIO(image.data)).convert("L"), dtype=np.float64)


def clean_look(seed: int = 0) -> scan.ScanLook:
    return replace(scan.draw_scan(Generator(PCG64(seed))), noise_sigma=2.0, bleed=0.0, stamp=False, jpeg_quality=90, contrast=1.0)


@pytest.mark.parametrize("seed", range(6))
def test_the_matrix_moves_a_known_mark_to_within_a_pixel(seed: int) -> None:
    # Catches: a matrix of the inverse, a wrong sign of the skew, a shift in half pixels.
    marks = [(100, 120), (700, 150), (410, 580), (120, 1040), (690, 1030)]
    look = replace(clean_look(seed), skew_deg=(-1) ** seed * (0.4 + 0.2 * seed), blur_px=0.4)
    image, (a, b, c, d, e, f) = scan.apply(page(*marks), None, look, Generator(PCG64(seed)))
    ink = gray(image).max() - gray(image)
    for x, y in marks:
        # The middle of pixel x is x + 0.5.
        there = (a * (x + 0.5) + b * (y + 0.5) + c, d * (x + 0.5) + e * (y + 0.5) + f)
        left, top = int(there[0]) - 12, int(there[1]) - 12
        patch = np.clip(ink[top : top + 25, left : left + 25] - 60, 0, None)
        rows, columns = np.mgrid[top : top + 25, left : left + 25] + 0.5
        found = ((patch * columns).sum() / patch.sum(), (patch * rows).sum() / patch.sum())
        assert np.hypot(found[0] - there[0], found[1] - there[1]) < 1.0


def test_a_positive_skew_turns_counter_clockwise() -> None:
    look = replace(clean_look(), skew_deg=1.0, shift=(0.0, 0.0))
    _, (_, _, _, d, e, f) = scan.apply(page(), None, look, Generator(PCG64(0)))
    left, right = (d * 0 + e * 500 + f), (d * WIDTH + e * 500 + f)
    assert right < left


def test_same_stream_same_bytes_and_another_stream_other_noise() -> None:
    look = clean_look()
    one, two, other = (scan.apply(page((100, 100)), None, look, Generator(PCG64(seed)))[0] for seed in (1, 1, 2))
    assert one == two
    assert one.data != other.data


def test_bleed_shows_the_mirrored_reverse_page_faintly() -> None:
    # Catches: a reverse page that is not mirrored, or as dark as the front.
    look = replace(clean_look(), skew_deg=0.0, shift=(0.0, 0.0), bleed=0.12, noise_sigma=0.5)
    marks = [(x, y) for x in range(100, 130, 9) for y in range(300, 360, 9)]
    image, _ = scan.apply(page(), page(*marks), look, Generator(PCG64(0)))
    found = gray(image)
    here, there = found[300:350, WIDTH - 125 : WIDTH - 105].mean(), found[300:350, 105:125].mean()
    assert there - here > 12
    assert here > 150


def test_gray_scans_have_one_channel_and_colour_survives_otherwise() -> None:
    look = replace(clean_look(), gray=False, tint=(0.97, 0.96, 0.9))
    image, _ = scan.apply(page(colour=True), None, look, Generator(PCG64(0)))
    middle = np.asarray(Pillow.open(io.BytesIO(image.data)))[550, 350].astype(int)
    assert middle[0] - middle[1] > 90
    image, _ = scan.apply(page(colour=True), None, replace(look, gray=True), Generator(PCG64(0)))
    assert Pillow.open(io.BytesIO(image.data)).mode == "L"


def test_paper_is_tinted_on_pages_without_colour() -> None:
    # Catches: a tint lost because a grey page never became RGB.
    look = replace(clean_look(), gray=False, tint=(0.98, 0.95, 0.85))
    image, _ = scan.apply(page(), None, look, Generator(PCG64(0)))
    assert np.allclose(np.asarray(Pillow.open(io.BytesIO(image.data)))[50:-50, 50:-50].mean(axis=(0, 1)) / 255, look.tint, atol=0.02)


def test_noise_has_the_sigma_asked_for() -> None:
    look = replace(clean_look(), noise_sigma=6.0, tint=(0.6, 0.6, 0.6), gray=True, jpeg_quality=95, blur_px=0.0)
    image, _ = scan.apply(page(), None, look, Generator(PCG64(0)))
    assert 4.5 < gray(image)[60:-60, 60:-60].std() < 6.5


def test_a_stamp_leaves_text_readable() -> None:
    # Catches: an opaque stamp over evidence.
    look = replace(clean_look(), stamp=True, noise_sigma=0.5, gray=True)
    for seed in range(5):
        image, _ = scan.apply(page(), None, look, Generator(PCG64(seed)))
        found = gray(image)
        assert 1000 < (found < 215).sum() < 0.02 * found.size
        assert found[40:-40, 40:-40].min() > 110


def test_drawn_looks_stay_in_their_ranges_and_differ() -> None:
    looks = [scan.draw_scan(Generator(PCG64(seed))) for seed in range(60)]
    assert len(set(looks)) == 60
    assert all(abs(look.skew_deg) <= 1.6 and 72 <= look.dpi <= 200 and 40 <= look.jpeg_quality <= 95 for look in looks)
    assert {look.gray for look in looks} == {look.stamp for look in looks} == {True, False}
