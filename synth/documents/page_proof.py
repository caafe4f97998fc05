"""Proves that stored page images are what the stored PDFs give, by drawing the PDFs again: synthetic documents and real ones alike.

A clean page must come out equal, pixel for pixel. A scanned page has noise that nobody stored: the page is drawn small, moved by the matrix
that the scan is recorded to have applied, and correlated with the stored image shrunk to the same size; it must be like its page, no
other page may be more like it, and its page moved elsewhere may not be more like it.
"""

import io
from collections.abc import Sequence

import numpy as np
import PIL.Image
import pymupdf
from numpy.typing import NDArray

from schemas.geometry import invert
from schemas.sample import Image
from synth.documents.pictures import IDENTITY, Sheet
from synth.documents.proof_pixels import has_pixels

PROOF_WIDTH = 298
"""Width in pixels at which scans are compared (36 dpi of A4): text lines blur to grey bars, so content shows and scan noise does not."""

OVERSAMPLING = 2
"""Pages are drawn this many times larger than they are compared, so that moving them costs no sharpness."""

SAME_PAGE = 0.55
"""Least correlation of a scan with its own page. Measured over 200 scanned pages in six languages: 0.69 on a nearly empty cover under a
stamp, 0.8 and more on printed pages. Pages of one table reach 0.87 with each other, hence the second rule: no other page may be more like
the image."""

MISPLACED_PX = 3
"""A scan more like its page when moved by so many pixels of `PROOF_WIDTH`, 1 % of the width, lies elsewhere than recorded (chosen: lines
of text are three to five such pixels high; over 220 scanned pages in five languages the right place was better by 0.03 at least)."""

BLANK = 1.0
"""A picture whose standard deviation is below one grey level is a blank page."""

Thumbnail = NDArray[np.float32]


def image_faults(pdfs: Sequence[bytes], images: Sequence[Image], sheets: Sequence[Sheet], *, scans: bool = False) -> tuple[str, ...]:
    """Why images are not all pages of the PDFs in order, at most one reason an image; empty if they are.

    Args:
        pdfs: The stored PDFs.
        images: The stored page images.
        sheets: How each was drawn; `sheets[n]` belongs to `images[n]`.
        scans: Whether the pages may look scanned; otherwise a record of anything but a clean page is a fault.
    """
    if len(images) != len(sheets):
        return (f"wrong_image: {len(images)} images but {len(sheets)} page records",)
    if not scans and (moved := [sheet for sheet in sheets if sheet.matrix != IDENTITY]):
        return (f"wrong_image: {_name(moved[0])} is recorded as a scan, and these pages are not scanned",)
    documents = [pymupdf.open(stream=pdf, filetype="pdf") for pdf in pdfs]
    try:
        if absent := [sheet for sheet in sheets if not _exists(documents, sheet)]:
            return (f"wrong_image: there is no {_name(absent[0])}",)
        every = [(number, page) for number, document in enumerate(documents) for page in range(document.page_count)]
        if [(sheet.document, sheet.page) for sheet in sheets] != every:  # programs read the whole PDF, so its reader must see all of it
            return (f"wrong_image: {len(sheets)} images are not the {len(every)} pages of the PDFs in order",)
        clean = [(n, sheet) for n, sheet in enumerate(sheets) if sheet.matrix == IDENTITY]
        faults = [
            f"wrong_image: image {n} is not {_name(sheet)}, drawn again at {sheet.dpi} dpi"
            for n, sheet in clean
            if not _is_equal(documents[sheet.document][sheet.page], images[n], sheet)
        ]
        if len(clean) < len(sheets):
            faults += _scan_faults(documents, images, sheets)
    finally:
        for document in documents:
            document.close()
        pymupdf.TOOLS.store_shrink(100)  # MuPDF keeps the decoded pictures of closed documents, up to 256 MiB a process
    return tuple(faults)


def _exists(documents: Sequence[pymupdf.Document], sheet: Sheet) -> bool:
    return 0 <= sheet.document < len(documents) and 0 <= sheet.page < documents[sheet.document].page_count


def _is_equal(page: pymupdf.Page, image: Image, sheet: Sheet) -> bool:
    """Whether a page drawn at the sheet's resolution has exactly the pixels of the image."""
    scale = sheet.dpi / 72
    # Drawn in colour even for a grey image: MuPDF's own conversion to grey rounds otherwise than leaving two equal channels out.
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csRGB, alpha=False)
    # `samples_mv` lies in the pixmap, which lives as long as this call.
    drawn = np.frombuffer(pixmap.samples_mv, dtype=np.uint8).reshape(pixmap.height, pixmap.width, 3)
    return has_pixels(image.data, drawn)


def _scan_faults(documents: Sequence[pymupdf.Document], images: Sequence[Image], sheets: Sequence[Sheet]) -> list[str]:
    drawn, stored = _thumbnails(documents, images, sheets)
    faults = []
    for number, own in stored.items():
        scores = [correlation(own, page) for page in drawn]
        best = max(range(len(scores)), key=lambda other: (scores[other], other == number))
        if scores[number] < SAME_PAGE:
            faults.append(f"wrong_image: image {number} is not {_name(sheets[number])} (correlation {scores[number]:.2f})")
        elif best != number:
            faults.append(f"wrong_image: image {number} is more like {_name(sheets[best])} than like {_name(sheets[number])}")
        elif _moved_score(own, drawn[number]) > scores[number]:
            faults.append(f"wrong_image: image {number} shows {_name(sheets[number])} elsewhere than its matrix says")
    return faults


def scan_scores(documents: Sequence[pymupdf.Document], images: Sequence[Image], sheets: Sequence[Sheet]) -> dict[int, list[float]]:
    """For each scanned image, by its number, the correlation with every page that has a sheet, -1 to 1."""
    drawn, stored = _thumbnails(documents, images, sheets)
    return {number: [correlation(own, page) for page in drawn] for number, own in stored.items()}


def _thumbnails(
    documents: Sequence[pymupdf.Document], images: Sequence[Image], sheets: Sequence[Sheet]
) -> tuple[list[Thumbnail], dict[int, Thumbnail]]:
    """What every sheet should show, and the scanned images by their numbers."""
    drawn = [_thumbnail(_draw_small(documents[sheet.document][sheet.page], sheet)) for sheet in sheets]
    scans = [number for number, sheet in enumerate(sheets) if sheet.matrix != IDENTITY]
    return drawn, {number: _thumbnail(_open_small(images[number])) for number in scans}


def _moved_score(own: Thumbnail, page: Thumbnail) -> float:
    """The best correlation of a scan with its page moved by `MISPLACED_PX` up, down, left or right."""
    rows = min(own.shape[0], page.shape[0])
    own, page, step = own[:rows], page[:rows], MISPLACED_PX
    pairs = ((own[step:], page[:-step]), (own[:-step], page[step:]), (own[:, step:], page[:, :-step]), (own[:, :-step], page[:, step:]))
    return max(float((a * b).sum()) for a, b in pairs)


def _draw_small(page: pymupdf.Page, sheet: Sheet) -> PIL.Image.Image:
    """The page as the scan should show it, `OVERSAMPLING` times the proof's width. Drawn at the scan's resolution first: MuPDF draws hair
    lines at least a pixel wide, so a page drawn small is darker than one made small.
    """
    scale = sheet.dpi / 72
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csGRAY, alpha=False)
    picture = PIL.Image.frombytes("L", (pixmap.width, pixmap.height), pixmap.samples)
    width = OVERSAMPLING * PROOF_WIDTH
    picture = picture.resize((width, round(width * picture.height / picture.width)), PIL.Image.Resampling.BOX)
    a, b, c, d, e, f = invert(sheet.matrix)
    small = picture.width / sheet.width_px
    inverse = (a, b, c * small, d, e, f * small)
    return picture.transform(picture.size, PIL.Image.Transform.AFFINE, inverse, PIL.Image.Resampling.BILINEAR, fillcolor=255)


def _open_small(image: Image) -> PIL.Image.Image:
    picture = PIL.Image.open(io.BytesIO(image.data))
    picture.draft("L", (PROOF_WIDTH, 1))  # a JPEG is decoded no larger than needed
    return picture


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
