"""Filters are found by name and score what they say."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as PillowImage

from filters import pixels, text
from filters.annotate import annotate, known_filters, load_filters
from schemas.errors import UserError
from schemas.sample import Image, Sample, Turn


def image(array: "np.ndarray[tuple[int, int], np.dtype[np.uint8]]") -> Image:
    buffer = io.BytesIO()
    PillowImage.fromarray(array).save(buffer, format="PNG")
    return Image.of(buffer.getvalue(), "png", array.shape[1], array.shape[0])


def sample(*images: Image, turns: tuple[Turn, ...] = ()) -> Sample:
    return Sample("x", "f", 1, 0, 0, (), (), images, (), (), turns, "{}", (), "{}", 0, 0)


BLANK = np.full((320, 320), 255, np.uint8)
LEFT = np.where(np.arange(320)[None, :] < 160, np.random.default_rng(1).integers(0, 2, (320, 320)) * 255, 255).astype(np.uint8)


def test_contrast_of_blank_and_full_pages() -> None:
    assert pixels.contrast(sample(image(BLANK))) == 0.0
    assert pixels.contrast(sample(image(LEFT))) == 1.0
    assert pixels.contrast(sample(image(LEFT), image(BLANK))) == 0.0  # the worst page counts
    assert pixels.contrast(sample()) == 1.0


def test_coverage_is_the_share_drawn_upon() -> None:
    assert pixels.coverage(sample(image(LEFT))) == pytest.approx(0.5)
    assert pixels.coverage(sample(image(BLANK))) == 0.0


def test_variety_of_answers_and_questions() -> None:
    turns = (Turn("user", "how big is it"), Turn("assistant", "3"), Turn("user", "how big is that"), Turn("assistant", " 3 "))
    assert text.answer_variety(sample(turns=turns)) == 0.5
    assert text.question_variety(sample(turns=turns)) == 4 / 6
    assert text.answer_variety(sample()) == 1.0


def test_filters_are_known_by_their_shape() -> None:
    assert known_filters() == (
        "blur.sharpness",
        "ocr_roundtrip.legibility",
        "ocr_roundtrip.similarity",
        "pixels.contrast",
        "pixels.coverage",
        "repetition.variety",
        "text.answer_variety",
        "text.question_variety",
    )


def test_annotate_stores_float32_and_keeps_other_scores() -> None:
    turns = tuple(Turn("assistant", answer) for answer in ("1", "2", "1"))
    found = annotate(replace(sample(turns=turns), scores={"old": 1.0}), load_filters(["text.answer_variety"]))
    assert found.scores == {"old": 1.0, "text.answer_variety": float(np.float32(2 / 3))}


def test_a_filter_that_does_not_apply_leaves_no_score() -> None:
    found = annotate(replace(sample(), scores={"old": 1.0}), {"a": lambda _: None, "b": lambda _: 0.5})
    assert found.scores == {"old": 1.0, "b": 0.5}


def test_a_misspelt_filter_is_told_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"did you mean 'pixels\.contrast'"):
        load_filters(["pixels.contrasts"])


def test_a_filter_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        annotate(sample(), {"broken": lambda _: float("nan")})
