"""Page images are proved by drawing the stored PDF again: clean pages pixel for pixel, scans by correlation; swapped, blank, altered and
foreign images are caught.
"""

import io
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np
import pymupdf
import pytest
from PIL import Image as Pillow

from schemas.sample import Image
from schemas.seeds import stream
from synth.documents.page_proof import SAME_PAGE, image_faults, scan_scores
from synth.documents.pictures import IDENTITY, Drawn, draw_pages
from synth.documents.report import Report
from synth.render.raster import encode_png
from synth.render.scan import ScanLook, draw_scan
from tests.synth.documents.real_pdf import write_pdf

GUIDE = Path("/usr/share/doc/installation-guide-amd64/en/install.en.pdf.gz")
MILD = ScanLook(
    skew_deg=0.8, shift=(0.003, -0.002), dpi=100, noise_sigma=3, bleed=0.05, stamp=False, blur_px=0.3, jpeg_quality=70,
    tint=(1, 0.99, 0.96), contrast=0.9, gray=False,
)  # fmt: skip


T = TypeVar("T")


def draw(pdf: bytes, look: ScanLook | None = None, seed: int = 1) -> Drawn:
    return draw_pages([pdf], look, budget_tokens=30_000, max_dpi=100, rng=stream(seed, "render"))


def faults_of(pdf: bytes, drawn: Drawn, images: tuple[Image, ...] | None = None) -> tuple[str, ...]:
    scans = any(sheet.matrix != IDENTITY for sheet in drawn.sheets)
    return image_faults([pdf], drawn.images if images is None else images, drawn.sheets, scans=scans)


@cache
def report_pdf(language: str) -> bytes:
    family = Report(languages=(language,), pages=(10,), scan_share=0)
    rendering = family.render(family.sample_truth(0, stream(3, "truth")), stream(3, "render"))
    (pdf,) = (item.data for item in rendering.attachments if item.media_type == "application/pdf")
    return pdf


@pytest.fixture(scope="module", params=["real", "synthetic"])
def pdf(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A PDF of either sort: one mechanism proves both."""
    return report_pdf("en") if request.param == "synthetic" else write_pdf(tmp_path_factory.mktemp("pdf") / "a.pdf").read_bytes()


def swapped(items: tuple[T, ...], one: int, two: int) -> tuple[T, ...]:
    changed = list(items)
    changed[one], changed[two] = changed[two], changed[one]
    return tuple(changed)


def repainted(image: Image, value: int, *, whole: bool) -> Image:
    """The image with one pixel in the middle, or all of them, set to a grey value."""
    pixels = np.asarray(Pillow.open(io.BytesIO(image.data)).convert("RGB")).copy()
    if whole:
        pixels[:] = value
    else:
        y, x = pixels.shape[0] // 2, pixels.shape[1] // 2
        pixels[y, x] = (int(pixels[y, x, 0]) + value) % 256
    return encode_png(pixels)


def test_clean_pages_are_their_pages(pdf: bytes) -> None:
    assert faults_of(pdf, draw(pdf)) == ()


def test_swapped_clean_pages_are_caught_both(pdf: bytes) -> None:
    drawn = draw(pdf)
    found = faults_of(pdf, drawn, swapped(drawn.images, 2, 3))
    assert [fault.split(",")[0] for fault in found] == [f"wrong_image: image {n} is not page {n + 1} of document 1" for n in (2, 3)]


def test_pages_off_by_one_are_all_caught(pdf: bytes) -> None:
    drawn = draw(pdf)
    assert len(faults_of(pdf, drawn, (*drawn.images[1:], drawn.images[0]))) == len(drawn.images)


def test_every_page_must_be_shown_once_and_in_order(pdf: bytes) -> None:
    """Else "not in the document" would be proved from pages that nobody sees, and page numbers would count other pages."""
    drawn = draw(pdf)
    left_out = drawn.images[:2] + drawn.images[3:], drawn.sheets[:2] + drawn.sheets[3:]
    exchanged = swapped(drawn.images, 2, 3), swapped(drawn.sheets, 2, 3)
    for images, sheets in (left_out, exchanged):
        (fault,) = image_faults([pdf], images, sheets)
        assert "in order" in fault


def test_a_clean_page_cannot_be_passed_off_as_a_scan(pdf: bytes) -> None:
    """A scan is only compared for likeness: a changed digit would go through."""
    drawn = draw(pdf)
    sheets = (replace(drawn.sheets[0], matrix=(1.0, 0.0, 1e-9, 0.0, 1.0, 0.0)), *drawn.sheets[1:])
    (fault,) = image_faults([pdf], drawn.images, sheets)
    assert "recorded as a scan" in fault


@pytest.mark.parametrize("step", [1, 128])
def test_one_altered_pixel_is_caught(pdf: bytes, step: int) -> None:
    drawn = draw(pdf)
    images = (*drawn.images[:-1], repainted(drawn.images[-1], step, whole=False))
    (fault,) = faults_of(pdf, drawn, images)
    assert f"image {len(images) - 1} " in fault


def test_a_blank_image_is_no_page(pdf: bytes) -> None:
    for look in (None, MILD):
        drawn = draw(pdf, look)
        images = (repainted(drawn.images[0], 255, whole=True), *drawn.images[1:])
        (fault,) = faults_of(pdf, drawn, images)
        assert "image 0 is not" in fault


def test_a_clean_image_in_other_colours_is_caught() -> None:
    """Grey made of a coloured page, and a stored mode that nobody draws."""
    pdf = report_pdf("en")
    drawn = draw(pdf)
    number = next(n for n, image in enumerate(drawn.images) if Pillow.open(io.BytesIO(image.data)).mode == "RGB")
    for mode in ("L", "RGBA"):
        buffer = io.BytesIO()
        Pillow.open(io.BytesIO(drawn.images[number].data)).convert(mode).save(buffer, "PNG")
        other = replace(drawn.images[number], data=buffer.getvalue())
        assert len(faults_of(pdf, drawn, (*drawn.images[:number], other, *drawn.images[number + 1 :]))) == 1


def test_sheets_of_pages_that_do_not_exist_are_caught(pdf: bytes) -> None:
    drawn = draw(pdf)
    for document, page in ((0, 999), (0, -1), (1, 0)):
        sheets = (replace(drawn.sheets[0], document=document, page=page), *drawn.sheets[1:])
        (fault,) = image_faults([pdf], drawn.images, sheets)
        assert "there is no page" in fault
    assert "page records" in image_faults([pdf], drawn.images[:-1], drawn.sheets)[0]


def test_images_of_an_edited_pdf_are_caught(pdf: bytes) -> None:
    """The attachment is what a verifier reads the answers from: a number changed in it must not go unnoticed."""
    with pymupdf.open(stream=pdf, filetype="pdf") as document:
        document[4].insert_text((60, 60), "7", fontsize=6)
        edited = document.tobytes()
    (fault,) = faults_of(edited, draw(pdf))
    assert "image 4" in fault


def test_scans_are_their_pages_and_swapped_scans_are_caught(pdf: bytes) -> None:
    drawn = draw(pdf, MILD)
    assert faults_of(pdf, drawn) == ()
    found = faults_of(pdf, drawn, swapped(drawn.images, 2, 3))
    assert sorted({fault.split()[2] for fault in found}) == ["2", "3"]


def test_a_scan_under_another_matrix_is_caught() -> None:
    """Evidence boxes of scans are moved by the recorded matrix: it must be the one that moved the pixels."""
    pdf = report_pdf("en")
    drawn = draw(pdf, MILD)
    for shift in (0.01, 0.02, 0.1):
        sheets = tuple(replace(s, matrix=(*s.matrix[:2], s.matrix[2] + shift * s.width_px, *s.matrix[3:])) for s in drawn.sheets)
        assert len(image_faults([pdf], drawn.images, sheets, scans=True)) > len(sheets) // 2


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh", "ja", "ar", "hi", "ru", "de"])
def test_scans_of_every_language_are_like_their_own_pages(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    pdf, lowest = report_pdf(language), 1.0
    for seed in (1, 2, 3):
        drawn = draw(pdf, draw_scan(stream(seed, "look")), seed)
        assert faults_of(pdf, drawn) == ()
        assert faults_of(pdf, drawn, swapped(drawn.images, 4, 5))
        with pymupdf.open(stream=pdf, filetype="pdf") as document:
            scores = scan_scores([document], drawn.images, drawn.sheets)
        assert len(scores) == len(drawn.images)
        lowest = min(lowest, *(row[number] for number, row in scores.items()))
    with capsys.disabled():
        print(f" {language}: lowest correlation of a scan with its own page {lowest:.3f}")
    assert lowest > SAME_PAGE + 0.05  # catches: a threshold that the next noisy cover would miss


@pytest.mark.skipif(not GUIDE.exists(), reason="Debian's installation-guide-amd64 is not installed")
def test_a_real_guide_is_drawn_again_exactly() -> None:
    from synth.documents.pdf import Pdf

    family = Pdf(str(GUIDE), max_pages=6)
    truth = family.sample_truth(0, stream(1, "truth"))
    rendering = family.render(truth, stream(1, "render"))
    (pdf,) = (item.data for item in rendering.attachments if item.media_type == "application/pdf")
    assert image_faults([pdf], rendering.images, rendering.landed.sheets) == ()
    assert len(image_faults([pdf], rendering.images[::-1], rendering.landed.sheets)) >= len(rendering.images) - 1
