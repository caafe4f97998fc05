"""Evidence boxes found again: for every stated box, the box around the characters that the stored text layer has there.

Serves `assay stats`, which prints how well the two agree. It reads the stored PDFs with PDFium, the record of how each page image was
drawn, and the stated boxes, which come from our typesetter (`documents.report`) or from MuPDF (`documents.pdf`): no engine judges itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from schemas.geometry import box_pt_to_px, clip_box, transform_box, union_box
from schemas.sample import BoxPx, Stored, Turn
from synth.documents.pictures import IDENTITY, Sheet, stored_pdfs, stored_sheets

NOTHING: BoxPx = (0.0, 0.0, 0.0, 0.0)
"""Stands for the box of a place where the text layer has no character; it overlaps nothing."""


def find_evidence(stored: Stored, turns: Sequence[Turn]) -> tuple[tuple[BoxPx, BoxPx], ...]:
    """Pairs (stated box, box found again) in pixels of the same page image, for all evidence that is text, each place once.

    The box found again is the union of the boxes of all characters whose centre lies in the stated box; on scans, characters are moved by
    the scan's matrix first. A box in a picture is the bar or marker of a chart: the verifier measures it, and it is left out here. A box of
    the wrong height, at the wrong place or over empty paper is noticed; one moved by whole characters within its line is not.
    """
    stated = sorted({(image, box) for image, box in _stated(turns)})
    sheets, pdfs = stored_sheets(stored), stored_pdfs(stored)
    pages = {image: _page(pdfs[sheets[image].document], sheets[image]) for image in sorted({image for image, _ in stated})}
    return tuple((box, _around(pages[image][0], box, sheets[image])) for image, box in stated if not _inside(box, pages[image][1]))


def _stated(turns: Iterable[Turn]) -> Iterator[tuple[int, BoxPx]]:
    for turn in turns:
        for item in turn.proof.evidence if turn.proof else ():
            if item.image is not None and item.box_px is not None:
                yield item.image, item.box_px


def _page(pdf: bytes, sheet: Sheet) -> tuple[list[BoxPx], list[BoxPx]]:
    """Boxes of the visible characters of a page, and of its pictures, in pixels of its image: points scaled to its dpi, then moved by the
    scan's matrix.

    PDFium's loose boxes reach from the font's descent to its ascent, as stated boxes do; its tight ones hug the ink.
    """
    with closing(pdfium.PdfDocument(pdf)) as document:
        page = document[sheet.page]
        left, _, _, top = page.get_cropbox()
        text = page.get_textpage()
        loose = [text.get_charbox(n, loose=True) for n in range(text.count_chars()) if text.get_text_range(n, 1).strip()]
        pictures = [item.get_bounds() for item in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE])]

    def to_px(found: Iterable[tuple[float, float, float, float]]) -> list[BoxPx]:
        boxes = ((x0 - left, top - y1, x1 - left, top - y0) for x0, y0, x1, y1 in found if x1 > x0 and y1 > y0)
        scaled = [box_pt_to_px(box, sheet.dpi) for box in boxes]
        return scaled if sheet.matrix == IDENTITY else [transform_box(box, sheet.matrix) for box in scaled]

    return to_px(loose), to_px(pictures)


def _around(boxes: Iterable[BoxPx], stated: BoxPx, sheet: Sheet) -> BoxPx:
    """The box around those whose centre lies in the stated box, cut at the image's edge as stated boxes are."""
    inside = [box for box in boxes if _holds(stated, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2)]
    return clip_box(union_box(inside), (0.0, 0.0, float(sheet.width_px), float(sheet.height_px))) if inside else NOTHING


def _inside(box: BoxPx, pictures: Iterable[BoxPx]) -> bool:
    """Whether the centre of a box lies in a picture."""
    return any(_holds(picture, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2) for picture in pictures)


def _holds(box: BoxPx, x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
