"""Pictures that are the same but for a number are not duplicates, however poor the copies that are."""

import numpy as np
import pymupdf
import pytest

from bench.dedup_pictures import PICTURE_DUPLICATES, Pixels, encoded
from pipelines.dedup_marks import has_changed_mark
from pipelines.dedup_pictures import proposals, same_picture, sketch_picture, windows_of


def page(*, total: str = "1284", seed: int = 1) -> Pixels:
    """A page of numbered items with amounts, and a total, at 96 dpi."""
    rng = np.random.default_rng(seed)
    with pymupdf.open() as document:
        sheet = document.new_page()
        sheet.insert_text((60, 60), f"Statement {int(rng.integers(100, 999))} of the northern office", fontsize=16)
        for line in range(40):
            words = " ".join("".join(map(chr, rng.integers(97, 123, int(rng.integers(3, 9))))) for _ in range(8))
            sheet.insert_text((60, 90 + 16 * line), f"{words} {int(rng.integers(1000, 9999))}", fontsize=10)
        sheet.insert_text((60, 90 + 16 * 41), f"Total of all items {total}", fontsize=10)
        drawn = sheet.get_pixmap(dpi=96, alpha=False)
        return np.frombuffer(drawn.samples, np.uint8).reshape(drawn.h, drawn.w, 3).copy()


def same(one: Pixels, other: Pixels) -> bool:
    """What the command says of two pictures."""
    images = [encoded(pixels) for pixels in (one, other)]
    sketches = [sketch_picture(image) for image in images]
    return any(
        same_picture(images[0], images[1], (windows_of(sketches[0].trimmed)[window], windows_of(sketches[1].trimmed)[to]))
        for _, _, window, to in proposals(sketches[0].hashes[None], sketches[1].hashes[None])
    )


@pytest.mark.parametrize("kind", PICTURE_DUPLICATES)
def test_a_copy_is_found(kind: str) -> None:
    """Catches a rule so strict that no copy passes it."""
    assert same(page(), PICTURE_DUPLICATES[kind](page(), np.random.default_rng(2)))


@pytest.mark.parametrize("total", ["1234", "7284", "1289", "9531"])
def test_a_page_with_one_number_changed_is_not_a_duplicate(total: str) -> None:
    """Catches a comparison by means, in which one digit of a thousand letters does not count; in a compressed copy too."""
    assert not same(page(), page(total=total))
    assert not same(page(), PICTURE_DUPLICATES["re-encoded"](page(total=total), np.random.default_rng(2)))


def test_another_page_of_the_same_form_is_not_a_duplicate() -> None:
    """Catches a look that stands for what is said."""
    assert not same(page(), page(seed=2))


def test_what_lies_over_a_page_or_outside_it_changes_no_mark() -> None:
    """Catches a stamp, or the edge of a cut, taken for a letter that was changed; a letter gone is found beside it."""
    grey = page()[..., 0].astype(np.float32)
    seen = np.ones(grey.shape, bool)
    assert not has_changed_mark(grey, grey, seen)
    stamped = grey.copy()
    stamped[200:300, 200:400] *= 0.6
    assert not has_changed_mark(grey, stamped, seen)
    cut, shown = grey.copy(), seen.copy()
    cut[:, :90] = 255
    shown[:, :90] = False
    assert has_changed_mark(grey, cut, seen)
    assert not has_changed_mark(grey, cut, shown)
