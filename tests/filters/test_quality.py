"""Each score ranks its planted defect below the clean sample."""

import io
from dataclasses import replace
from itertools import pairwise

import numpy as np
from PIL import Image as Pillow
from PIL import ImageFilter

from filters.blur import sharpness
from filters.repetition import variety
from schemas.sample import Image, Sample, Turn
from tests.schemas.samples import sample


def picture(radius: float, seed: int = 1) -> Image:
    """Bars on paper, blurred."""
    bars = np.kron(np.random.default_rng(seed).integers(0, 2, (20, 40)), np.ones((10, 5))).astype(np.uint8) * 180 + 40
    sink = io.BytesIO()
    Pillow.fromarray(bars).filter(ImageFilter.GaussianBlur(radius)).save(sink, "PNG")
    return Image.of(sink.getvalue(), "png", 200, 200)


def saying(text: str) -> Sample:
    return replace(sample(1), turns=(Turn("user", "What?", "t"), Turn("assistant", text, "t")))


def test_blur_scores_below_sharp() -> None:
    """Catches a score that follows contrast or content instead."""
    scores = [[sharpness(replace(sample(1), images=(picture(radius, seed),))) for seed in range(5)] for radius in (0, 1, 2, 4)]
    assert all(min(clear) > max(blurred) for clear, blurred in pairwise(scores))
    assert sharpness(replace(sample(1), images=())) == 1


def page(lines: int, radius: float) -> Image:
    """A page of print with so many lines of small bars, blurred."""
    sheet = np.full((1000, 700), 250, np.uint8)
    for line in range(lines):
        sheet[40 + 25 * line : 50 + 25 * line, 60:640] = np.kron(np.arange(290) % 3 > 0, np.ones((10, 2))).astype(np.uint8) * 200 + 30
    sink = io.BytesIO()
    Pillow.fromarray(sheet).filter(ImageFilter.GaussianBlur(radius)).save(sink, "PNG")
    return Image.of(sink.getvalue(), "png", 700, 1000)


def test_a_page_of_one_crisp_line_is_sharper_than_a_blurred_full_one() -> None:
    """Catches a score that follows how much is drawn."""
    assert sharpness(replace(sample(1), images=(page(1, 0),))) > 0.8
    assert sharpness(replace(sample(1), images=(page(30, 3),))) < 0.5
    assert sharpness(replace(sample(1), images=(page(0, 0),))) == 0


def test_repetition_scores_below_prose() -> None:
    """Catches a score of the length."""
    assert variety(saying("the pump drives the belt and cools the rotor")) == 1
    assert variety(saying("no no no no no no no no no")) == 0.125
    assert variety(saying("yes")) == 1
