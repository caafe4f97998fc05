"""Page images of PDFs: how large they may be, how they are drawn and scanned, and how they are stored.

A sample of pages has the attachments `document-<n>.pdf` and `pages.json`: one record an image, in image order, with document, page, dpi
and the 2x3 matrix that a scan applied to the clean pixels. Questions, layouts and wording are unknown here; real and synthetic PDFs are
treated alike.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import PIL.Image
import pymupdf
from numpy.random import Generator

from schemas.errors import UserError
from schemas.geometry import Affine, transform_box
from schemas.sample import Attachment, BoxPx, Image, Stored
from schemas.tokens import image_tokens
from synth.documents.blocks import BoxPt
from synth.render import scan
from synth.render.raster import rasterise

A4_PT = (595.0, 842.0)
"""ISO 216 A4 in points, rounded as PDF producers do."""

IDENTITY: Affine = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page image: which page it shows, and how points become its pixels (scale by dpi/72, then `matrix`)."""

    document: int
    page: int
    dpi: float
    matrix: Affine

    width_px: int
    height_px: int

    def to_px(self, box_pt: BoxPt) -> BoxPx:
        """Box in this image's pixels: the bounding box of the transformed corners, cut at the image's edge."""
        scale = self.dpi / 72
        x0, y0, x1, y1 = box_pt
        moved = transform_box((x0 * scale, y0 * scale, x1 * scale, y1 * scale), self.matrix)
        return (max(0.0, moved[0]), max(0.0, moved[1]), min(float(self.width_px), moved[2]), min(float(self.height_px), moved[3]))


@dataclass(frozen=True, slots=True)
class Drawn:
    """Page images with their sheets, and the attachments a verifier reads."""

    images: tuple[Image, ...]
    sheets: tuple[Sheet, ...]
    attachments: tuple[Attachment, ...]


def page_tokens(sizes_pt: Sequence[tuple[float, float]], dpi: float) -> int:
    """Vision tokens of pages of these sizes drawn at `dpi`."""
    return sum(image_tokens(round(width * dpi / 72), round(height * dpi / 72)) for width, height in sizes_pt)


def page_counts_that_fit(counts: Sequence[int], budget_tokens: int, min_dpi: int) -> tuple[int, ...]:
    """The page counts whose A4 pages fit the budget at `min_dpi`, with a quarter to spare since writers aim at a count and do not hit
    it.
    """
    each = page_tokens([A4_PT], min_dpi)
    fitting = tuple(count for count in counts if count * each * 1.25 <= budget_tokens)
    if not fitting:
        raise UserError(
            f"no page count of {tuple(counts)} fits {budget_tokens} tokens at {min_dpi} dpi ({each} tokens a page)",
            where="params.pages, params.context_tokens",
            todo="ask for fewer pages, a larger context_tokens or a smaller min_dpi",
        )
    return fitting


def choose_dpi(sizes_pt: Sequence[tuple[float, float]], budget_tokens: int, max_dpi: int, min_dpi: int = 36) -> int:
    """The largest whole dpi at which all pages fit the budget; tokens grow with dpi, so bisection finds it."""
    if page_tokens(sizes_pt, min_dpi) > budget_tokens:
        raise UserError(
            f"{len(sizes_pt)} pages do not fit {budget_tokens} tokens even at {min_dpi} dpi",
            todo="ask for fewer pages or a larger context_tokens",
        )
    low, high = min_dpi, max_dpi
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if page_tokens(sizes_pt, middle) <= budget_tokens else (low, middle - 1)
    return low


def draw_pages(pdfs: Sequence[bytes], look: scan.ScanLook | None, *, budget_tokens: int, max_dpi: int, rng: Generator) -> Drawn:
    """Rasterise all pages of all PDFs at one dpi that fits the budget, and scan them where `look` is given."""
    sizes = [size for pdf in pdfs for size in page_sizes(pdf)]
    dpi = choose_dpi(sizes, budget_tokens, min(max_dpi, int(look.dpi)) if look else max_dpi)
    images: list[Image] = []
    sheets: list[Sheet] = []
    for number, pdf in enumerate(pdfs):
        clean = rasterise(pdf, dpi=dpi)
        for page, image in enumerate(clean):
            matrix = IDENTITY
            if look:
                # Grey scanners are for grey pages: the colours of a chart tell its series apart.
                fitting = replace(look, gray=look.gray and _is_gray(image))
                image, matrix = scan.apply(image, clean[page ^ 1] if page ^ 1 < len(clean) else None, fitting, rng)
            images.append(image)
            sheets.append(Sheet(number, page, dpi, matrix, image.width_px, image.height_px))
    return Drawn(tuple(images), tuple(sheets), attach(pdfs, sheets))


def _is_gray(image: Image) -> bool:
    """Whether a PNG has one channel; reads the header only."""
    return PIL.Image.open(io.BytesIO(image.data)).mode == "L"


def page_sizes(pdf: bytes) -> list[tuple[float, float]]:
    """Width and height of every page in points."""
    with pymupdf.open(stream=pdf, filetype="pdf") as document:
        return [(page.rect.width, page.rect.height) for page in document]


def attach(pdfs: Sequence[bytes], sheets: Sequence[Sheet]) -> tuple[Attachment, ...]:
    """The PDFs and the record of how each image was drawn."""
    records = json.dumps([asdict(sheet) for sheet in sheets], separators=(",", ":")).encode()
    return (
        *(Attachment.of(f"document-{number}.pdf", "application/pdf", pdf) for number, pdf in enumerate(pdfs)),
        Attachment.of("pages.json", "application/json", records),
    )


def stored_sheets(stored: Stored) -> tuple[Sheet, ...]:
    """The sheets of a stored sample, one an image."""
    records = json.loads(stored.attachment("pages.json").data)
    return tuple(Sheet(**{**record, "matrix": tuple(record["matrix"])}) for record in records)


def stored_pdfs(stored: Stored) -> tuple[bytes, ...]:
    """The PDFs of a stored sample, in order."""
    return tuple(item.data for item in stored.attachments if item.media_type == "application/pdf")


def image_of(sheets: Sequence[Sheet], document: int, page: int) -> int:
    """Index of the image that shows `page` of `document`."""
    return next(index for index, sheet in enumerate(sheets) if (sheet.document, sheet.page) == (document, page))
