"""Proves that stored page images are what the stored PDFs give, by drawing the PDFs again with PDFium, which shares no code with what drew the images.

Every page is drawn small, moved by the matrix that a scan is recorded to have applied, and correlated with the stored image shrunk to the same size. An
image must be like its page, and no other page of the sample may be more like it.
"""

import io
from collections.abc import Sequence

import numpy as np
import PIL.Image
import pypdfium2 as pdfium
from numpy.typing import NDArray

from schemas.geometry import invert
from schemas.sample import Image
from synth.documents.pictures import IDENTITY, Sheet

PROOF_WIDTH = 298
"""Width in pixels at which pictures are compared (36 dpi of A4): glyph edges, where two renderers differ, average out."""

OVERSAMPLING = 2
"""PDFium draws this many times larger than it is compared: as exact as full size, four times faster (measured)."""

SAME_PAGE = 0.65
"""Least correlation of an image with its own page: the middle between 0.83, the lowest of 180 pages of three guides in English, Russian and Chinese
at 87 and 144 dpi with itself, and 0.47, the highest with any other page (measured; a test repeats it)."""

BLANK = 1.0
"""A picture whose standard deviation is below one grey level is a blank page."""

Thumbnail = NDArray[np.float32]


def image_faults(pdfs: Sequence[bytes], images: Sequence[Image], sheets: Sequence[Sheet]) -> tuple[str, ...]:
    """Why images are not the pages their sheets say; empty if all are."""
    if len(images) != len(sheets):
        return (f"{len(images)} images but {len(sheets)} page records",)
    documents = [pdfium.PdfDocument(pdf) for pdf in pdfs]
    try:
        drawn = [_thumbnail(_draw(documents[sheet.document], sheet)) for sheet in sheets]
    finally:
        for document in documents:
            document.close()
    stored = [_thumbnail(_open(image)) for image in images]
    return tuple(fault for number in range(len(images)) if (fault := _fault(number, stored[number], drawn, sheets)))


def _draw(document: pdfium.PdfDocument, sheet: Sheet) -> PIL.Image.Image:
    """The page as the stored image should show it, `OVERSAMPLING` times the proof's width."""
    page = document[sheet.page]
    scale = OVERSAMPLING * PROOF_WIDTH / page.get_width()
    picture: PIL.Image.Image = page.render(scale=scale, grayscale=True).to_pil()
    if sheet.matrix == IDENTITY:
        return picture
    a, b, c, d, e, f = invert(sheet.matrix)
    small = picture.width / sheet.width_px
    return picture.transform(picture.size, PIL.Image.Transform.AFFINE, (a, b, c * small, d, e, f * small), PIL.Image.Resampling.BILINEAR, fillcolor=255)


def _open(image: Image) -> PIL.Image.Image:
    picture = PIL.Image.open(io.BytesIO(image.data))
    picture.draft("L", (PROOF_WIDTH, 1))  # a JPEG is decoded no larger than needed
    return picture


def _fault(number: int, stored: Thumbnail, drawn: Sequence[Thumbnail], sheets: Sequence[Sheet]) -> str:
    own = correlation(stored, drawn[number])
    if own < SAME_PAGE:
        return f"wrong_image: image {number} is not {_name(sheets[number])} (correlation {own:.2f})"
    best = max(range(len(drawn)), key=lambda other: (correlation(stored, drawn[other]), other == number))
    return "" if best == number else f"wrong_image: image {number} is more like {_name(sheets[best])} than like {_name(sheets[number])}"


def _name(sheet: Sheet) -> str:
    return f"page {sheet.page + 1} of document {sheet.document + 1}"


def _thumbnail(image: PIL.Image.Image) -> Thumbnail:
    """Grey values of shape (H, PROOF_WIDTH) with mean 0 and norm 1; all zeros for a blank page."""
    shape = (PROOF_WIDTH, max(1, round(PROOF_WIDTH * image.height / image.width)))
    grey = np.asarray(image.convert("L").resize(shape, PIL.Image.Resampling.BOX), dtype=np.float32)
    centred = grey - grey.mean()
    return centred / np.linalg.norm(centred) if centred.std() >= BLANK else np.zeros_like(centred)


def correlation(a: Thumbnail, b: Thumbnail) -> float:
    """Correlation of two thumbnails; two blank ones are equal. Heights may differ by a pixel of rounding, others have nothing in common."""
    if abs(a.shape[0] - b.shape[0]) > 1:
        return 0.0
    rows = min(a.shape[0], b.shape[0])
    if not a.any() and not b.any():
        return 1.0
    return float((a[:rows] * b[:rows]).sum())
