"""What is said to be hidden: the search for letters, and the places that it passes over, against the plain definition."""

import numpy as np
import pytest
from numpy.typing import NDArray

from synth.ocr.hidden import _Reduced, _shown
from synth.ocr.visible import LEAST_CONTRAST


def plain_likeness(letter: NDArray[np.float64], picture: NDArray[np.uint8]) -> float:
    """Of each place by itself: Pearson's r where the slope is large enough."""
    found = 0.0
    height, width = letter.shape
    for channel in range(3):
        for y in range(picture.shape[0] - height + 1):
            for x in range(picture.shape[1] - width + 1):
                b = picture[y : y + height, x : x + width, channel].astype(float).ravel()
                slope, a = np.polyfit(letter.ravel(), b, 1)[0], letter.ravel()
                if abs(slope) * 255 >= LEAST_CONTRAST and b.std() > 0:
                    found = max(found, abs(float(np.corrcoef(a, b)[0, 1])))
    return found


@pytest.mark.parametrize("noise", [2, 12, 60])
def test_no_place_of_a_letter_is_passed_over(noise: int) -> None:
    # Catches: a bound by which places are left out that leaves out too many.
    rng = np.random.Generator(np.random.PCG64(noise))
    letter = rng.integers(0, 256, (6, 5)).astype(float)
    picture = (128 + rng.integers(-noise, noise + 1, (14, 20, 3))).astype(np.uint8)
    assert _Reduced(picture).likeness(letter) == pytest.approx(plain_likeness(letter, picture))
    picture[4:10, 7:12, 1] = 128 - letter * 20 / 255
    assert _Reduced(picture).likeness(letter) == pytest.approx(plain_likeness(letter, picture))
    assert _Reduced(picture).likeness(letter) > (0.9 if noise < 5 else 0.4)


def test_ink_that_shows_is_found_wherever_it_was_moved() -> None:
    rng = np.random.Generator(np.random.PCG64(3))
    ink = (rng.random((12, 30)) < 0.4).astype(np.uint8) * 255
    flat = np.full((40, 60, 3), 90, np.uint8)
    assert _shown(ink, flat, (10, 10)) == 0.0
    flat[12:24, 9:39, 2] = 90 - ink // 12  # 21 levels, in blue alone, two pixels down and one to the left
    assert _shown(ink, flat, (10, 10)) > 0.95
    flat[12:24, 9:39, 2] = 90 + ink // 51  # 5 levels are not to be seen
    assert _shown(ink, flat, (10, 10)) == 0.0
    assert _shown(ink, flat[:15], (10, 10)) == 0.0, "no place is whole"
