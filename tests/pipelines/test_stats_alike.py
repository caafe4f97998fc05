"""Near-duplicates on planted pairs: real pages made again, and pages that share a template and no words."""

import io
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.random import PCG64, Generator
from PIL import Image as PillowImage
from PIL import ImageChops

from pipelines import stats_alike
from pipelines.stats_alike import ink, is_near_duplicate, near_duplicates
from pipelines.stats_pages import page_hash
from schemas.sample import Image
from synth.documents.blocks import Block, Contents, Document, Heading, Paragraph, Section, Text
from synth.documents.layout import draw_look, layout
from synth.render.raster import rasterise
from synth.render.scan import apply, draw_scan

WORDS = tuple("market depot harbour kiln orchard valve ledger bridge quarry lantern summit copper meadow signal archive turbine".split())


def title(rng: Generator) -> str:
    return " ".join(WORDS[int(n)] for n in rng.integers(0, len(WORDS), 4)).capitalize()


@cache
def contents_page(seed: int, date: str = "12 March 2024") -> Image:
    """A contents list of one look and length; its entries follow `seed`."""
    rng = Generator(PCG64(seed))
    headings = [Heading(f"h{n}", 1, str(n + 1), title(rng)) for n in range(14)]
    front: tuple[Block, ...] = (Contents("Contents"), Paragraph((Text(f"As of {date}, unless said."),)))
    body = tuple(block for heading in headings for block in (heading, Paragraph((Text("Words."),))))
    document = Document("en", "A report", (Section(front), Section(body)))
    look = draw_look("en", Generator(PCG64(5)))
    look = replace(look, contents=replace(look.contents, leader="dots"))
    return rasterise(layout(document, look, Generator(PCG64(6))).pdf, pages=[0])[0]


def png(picture: PillowImage.Image) -> Image:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return Image.of(buffer.getvalue(), "png", picture.width, picture.height)


def opened(image: Image) -> PillowImage.Image:
    return PillowImage.open(io.BytesIO(image.data)).convert("L")


def recompressed(image: Image) -> Image:
    buffer = io.BytesIO()
    opened(image).save(buffer, "JPEG", quality=40)
    return Image.of(buffer.getvalue(), "jpeg", image.width_px, image.height_px)


def shifted(image: Image) -> Image:
    return png(ImageChops.offset(opened(image), round(0.017 * image.width_px), round(-0.013 * image.height_px)))


def noisy(image: Image) -> Image:
    tones = np.asarray(opened(image)) + Generator(PCG64(1)).normal(0, 8, (image.height_px, image.width_px))
    return png(PillowImage.fromarray(np.clip(tones, 0, 255).astype(np.uint8)))


def scanned(image: Image) -> Image:
    rng = Generator(PCG64(2))
    return apply(image, None, replace(draw_scan(rng), skew_deg=0.9), rng)[0]


def redated(image: Image) -> Image:
    assert image == contents_page(1)
    return contents_page(1, "27 June 2025")


@pytest.mark.parametrize("remake", [recompressed, shifted, noisy, scanned, redated])
def test_a_page_made_again_is_a_near_duplicate(remake: Callable[[Image], Image]) -> None:
    # Catches: a measure that misses what a trainer would call the same page.
    pages = [contents_page(1), remake(contents_page(1)), contents_page(2)]
    assert pages[0] != pages[1]
    alike, _ = near_duplicates([page_hash(page) for page in pages], pages.__getitem__)
    assert alike == pytest.approx(2 / 3)


def test_contents_lists_of_one_template_and_other_words_are_candidates_and_not_near_duplicates(monkeypatch: pytest.MonkeyPatch) -> None:
    # Catches: counting a shared template as a shared page, which a hash of 64 cells does.
    monkeypatch.setattr(stats_alike, "CANDIDATE_BITS", 64)
    pages = [contents_page(seed) for seed in range(1, 5)]
    assert near_duplicates([page_hash(page) for page in pages], pages.__getitem__) == (0.0, 1.0)


def test_a_page_with_half_of_its_lines_changed_is_another_page() -> None:
    # Catches: a threshold under which most of a page may change.
    one, two = opened(contents_page(1)), opened(contents_page(2))
    half = one.height // 4
    mixed = one.copy()
    mixed.paste(two.crop((0, 0, two.width, half)), (0, 0))
    assert not is_near_duplicate(ink(png(one)), ink(png(mixed)))


def test_part_of_a_page_is_not_the_page() -> None:
    # Catches: comparing in one direction only, so that a page is like every page that holds what it holds.
    whole = opened(contents_page(1))
    part = whole.copy()
    part.paste(255, (0, whole.height // 4, whole.width, whole.height))
    assert not is_near_duplicate(ink(png(part)), ink(png(whole)))


def test_empty_pages_are_alike_and_unlike_others() -> None:
    blank = png(PillowImage.new("L", (400, 560), 255))
    assert is_near_duplicate(ink(blank), ink(blank))
    assert not is_near_duplicate(ink(blank), ink(contents_page(1)))
    assert not is_near_duplicate(ink(png(PillowImage.new("L", (560, 400), 255))), ink(contents_page(2)))
    assert near_duplicates([], [].__getitem__) == (0.0, 0.0)
