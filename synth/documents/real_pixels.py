"""Proves that stored page images are what the stored PDF gives, by drawing the PDF again with PDFium, which shares no code with what drew
the images.
"""

import io
from collections.abc import Sequence

import numpy as np
import PIL.Image
import pypdfium2 as pdfium
from numpy.typing import NDArray

from schemas.sample import Image

PROOF_WIDTH = 298
"""Width in pixels at which both pictures are compared (36 dpi of A4): glyph edges, where two renderers differ, average out."""

SAME_PAGE = 0.65
"""Least correlation of an image with its own page: the middle between 0.83, the lowest of 180 pages of three guides in English, Russian
and Chinese at 87 and 144 dpi with itself, and 0.47, the highest with any other page (measured)."""

BLANK = 1.0
"""A picture whose standard deviation is below one grey level is a blank page."""


def image_faults(pdf: bytes, images: Sequence[Image], pages: Sequence[int]) -> tuple[str, ...]:
    """Why images are not the pages they should be (`pages[i]` is the 0-based page of image i); empty if all are.

    An image must be like its page, and no other page may be more like it.
    """
    document = pdfium.PdfDocument(pdf)
    if len(images) != len(pages) or not set(pages) <= set(range(len(document))):
        return (f"{len(images)} images for {len(pages)} pages of a PDF of {len(document)}",)
    try:
        shapes = [(PROOF_WIDTH, round(PROOF_WIDTH * document[page].get_height() / document[page].get_width())) for page in pages]
        drawn = [_thumbnail(_draw(document[page], image.width_px), shape) for page, image, shape in zip(pages, images, shapes, strict=True)]
    finally:
        document.close()
    stored = [_thumbnail(PIL.Image.open(io.BytesIO(image.data)), shape) for image, shape in zip(images, shapes, strict=True)]
    return tuple(fault for number in range(len(images)) if (fault := _fault(number, stored[number], drawn, pages)))


def _draw(page: pdfium.PdfPage, width_px: int) -> PIL.Image.Image:
    picture: PIL.Image.Image = page.render(scale=width_px / page.get_width(), grayscale=True).to_pil()
    return picture


def _fault(number: int, stored: NDArray[np.float32], drawn: Sequence[NDArray[np.float32]], pages: Sequence[int]) -> str:
    own = correlation(stored, drawn[number])
    if own < SAME_PAGE:
        return f"image {number} is not PDF page {pages[number] + 1} (correlation {own:.2f})"
    best = max(range(len(drawn)), key=lambda other: (correlation(stored, drawn[other]), other == number))
    return "" if best == number else f"image {number} is more like PDF page {pages[best] + 1} than like page {pages[number] + 1}"


def _thumbnail(image: PIL.Image.Image, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Grey values with mean 0 and norm 1, (H, W) for the shape (W, H); all zeros for a blank page."""
    grey = np.asarray(image.convert("L").resize(shape, PIL.Image.Resampling.BOX), dtype=np.float32)
    centred = grey - grey.mean()
    return centred / np.linalg.norm(centred) if centred.std() >= BLANK else np.zeros_like(centred)


def correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Correlation of two thumbnails; two blank ones are equal, others of different shape have nothing in common."""
    if a.shape != b.shape:
        return 0.0
    if not a.any() and not b.any():
        return 1.0
    return float((a * b).sum())
