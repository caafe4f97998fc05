"""Stated boxes are found again where they are right, on scans too, and not where they are moved or empty."""

import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.geometry import Affine, iou, transform_box
from schemas.sample import BoxPx, Evidence, Image, Proof, Stored, Turn
from synth.documents.evidence import find_evidence
from synth.documents.pictures import IDENTITY, Sheet, attach

DPI = 144.0
TILTED: Affine = (0.9998, -0.0175, 6.0, 0.0175, 0.9998, -3.0)
"""A scan turned by one degree and moved."""


def page() -> tuple[bytes, tuple[float, float, float, float]]:
    """A page of three lines, and the box in points of `Table 4` in the middle one."""
    with pymupdf.open() as document:
        sheet = document.new_page(width=400, height=300)
        sheet.insert_font(fontname="F0", fontbuffer=pymupdf.Font("helv").buffer)  # embedded: engines guess the height of fonts that are not
        for number, text in enumerate(("above", "Table 4 shows more", "below")):
            sheet.insert_text((60, 100 + 20 * number), text, fontname="F0", fontsize=11)
        words = [word for word in sheet.get_text("words") if word[4] in ("Table", "4")]
        box = (min(w[0] for w in words), min(w[1] for w in words), max(w[2] for w in words), max(w[3] for w in words))
        return bytes(document.tobytes()), box


def found(matrix: Affine, *boxes_px: BoxPx) -> tuple[tuple[BoxPx, BoxPx], ...]:
    pdf, _ = page()
    sheet = Sheet(0, 0, DPI, matrix, 800, 600)
    stored = Stored((Image(b"", "png", 800, 600, ""),), (), attach([pdf], [sheet]))
    evidence = tuple(Evidence(image=0, box_px=box) for box in boxes_px)
    turns = (Turn("user", "?"), Turn("assistant", "!", proof=Proof(None, None, (*evidence, Evidence(image=0), Evidence()))))
    return find_evidence(stored, turns)


def stated(matrix: Affine) -> BoxPx:
    scale = DPI / 72
    x0, y0, x1, y1 = page()[1]
    return transform_box((x0 * scale, y0 * scale, x1 * scale, y1 * scale), matrix)


@pytest.mark.parametrize("matrix", [IDENTITY, TILTED], ids=["clean", "scan"])
def test_right_boxes_are_found_again(matrix: Affine) -> None:
    ((box, again),) = found(matrix, stated(matrix))
    assert iou(box, again) > 0.99


def test_a_scan_moves_what_is_found() -> None:
    """The planted fault: a box in the pixels of the clean page."""
    ((box, again),) = found((1.0, 0.0, 9.0, 0.0, 1.0, 12.0), stated(IDENTITY))
    assert iou(box, again) < 0.8


@settings(max_examples=30, deadline=None)
@given(shift=st.floats(8, 30), up=st.booleans())
def test_boxes_moved_off_their_line_fit_badly(shift: float, up: bool) -> None:
    x0, y0, x1, y1 = stated(IDENTITY)
    dy = -shift if up else shift
    ((box, again),) = found(IDENTITY, (x0, y0 + dy, x1, y1 + dy))
    assert iou(box, again) < 0.75


def test_empty_paper_is_nothing() -> None:
    ((box, again),) = found(IDENTITY, (600.0, 400.0, 700.0, 450.0))
    assert iou(box, again) == 0.0


def test_boxes_in_pictures_are_left_out() -> None:
    """They are bars and markers of charts; the text around the picture is found as before."""
    with pymupdf.open(stream=page()[0], filetype="pdf") as document:
        document[0].insert_image((200, 20, 300, 90), pixmap=pymupdf.Pixmap(pymupdf.csGRAY, (0, 0, 8, 8)), keep_proportion=False)
        pdf = bytes(document.tobytes())
    for matrix in (IDENTITY, TILTED):
        bar, outside = (transform_box(box, matrix) for box in ((420.0, 60.0, 440.0, 170.0), (620.0, 60.0, 640.0, 170.0)))
        stored = Stored((Image(b"", "png", 800, 600, ""),), (), attach([pdf], [Sheet(0, 0, DPI, matrix, 800, 600)]))
        evidence = tuple(Evidence(image=0, box_px=box) for box in (bar, outside, stated(matrix)))
        pairs = find_evidence(stored, (Turn("assistant", "!", proof=Proof(None, None, evidence)),))
        assert [box for box, _ in pairs] == [stated(matrix), outside]
        assert [iou(*pair) > 0.99 for pair in pairs] == [True, False]


def test_each_place_counts_once_and_pages_without_a_box_do_not() -> None:
    assert len(found(IDENTITY, stated(IDENTITY), stated(IDENTITY))) == 1
