"""The text layer by two readers, boxes, determinism and document structure of written PDFs."""

import hashlib
import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image

from synth.render.fonts import LOOKS, Face, FontFamily
from synth.render.pdf import BoxPt, PdfWriter
from synth.render.typeset import Span, Style, Typesetter
from tests.synth.render.pages import TEXTS, mupdf_text, pdfium_text, set_page

ROOT = Path(__file__).parents[3]
each_language = pytest.mark.parametrize("language", TEXTS)


def squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)


def iou(a: BoxPt, b: BoxPt) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    inter = max(width, 0.0) * max(height, 0.0)
    return inter / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inter)


@each_language
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("family", ["sans", "serif", "mono"])
def test_mupdf_reads_the_text_in_order(language: str, look: str, family: FontFamily) -> None:
    # Catches wrong ToUnicode, lost spaces, visual order, and glyphs shared by two characters.
    pdf, lines, _ = set_page(language, TEXTS[language], look=look, style=Style(11.0, bold=look == "book", italic=True, family=family))
    assert squeeze(mupdf_text(pdf)) == squeeze(TEXTS[language])
    assert squeeze("".join(line.text for line in lines)) == squeeze(TEXTS[language])
    assert "\u25cc" not in mupdf_text(pdf)
    assert "\ufffd" not in mupdf_text(pdf)


@each_language
def test_mupdf_keeps_spaces(language: str) -> None:
    pdf, lines, _ = set_page(language, TEXTS[language], align="justify")
    assert " ".join(mupdf_text(pdf).split()) == " ".join("".join(line.text for line in lines).split())


@each_language
def test_pdfium_reads_the_text(language: str) -> None:
    pdf, _, _ = set_page(language, TEXTS[language])
    text = TEXTS[language]
    if language == "ar":  # PDFium orders neutrals by rules of its own; words and both kinds of digits must be right, and in order
        words = re.findall(r"[\u0621-\u064a]+|[٠-٩٬٫]+|[A-Za-z]+|[0-9.]*[0-9]", text)
        read = re.findall(r"[\u0621-\u064a]+|[٠-٩٬٫]+|[A-Za-z]+|[0-9.]*[0-9]", pdfium_text(pdf))
        assert sorted(read) == sorted(words)
        arabic = re.compile(r"[\u0621-\u064a٠-٩]+")
        assert [word for word in read if arabic.match(word)] == [word for word in words if arabic.match(word)]
    else:
        assert squeeze(pdfium_text(pdf)) == squeeze(text)


@each_language
def test_boxes_equal_mupdf_words(language: str) -> None:
    pdf, _, boxes = set_page(language, TEXTS[language], style=Style(11.0, rise_pt=3.0))
    words = [tuple(word[:4]) for word in pymupdf.open(stream=pdf)[0].get_text("words")]
    scores = []
    for _, box in boxes:
        # A reader may cut a word where the direction or font changes: take the hull of those in the box.
        inside = [w for w in words if box[0] - 0.1 <= (w[0] + w[2]) / 2 <= box[2] + 0.1 and box[1] <= (w[1] + w[3]) / 2 <= box[3]]
        assert inside
        hull = (min(w[0] for w in inside), min(w[1] for w in inside), max(w[2] for w in inside), max(w[3] for w in inside))
        scores.append(iou(box, hull))
    assert sum(scores) / len(scores) > 0.98
    assert min(scores) > 0.9


@each_language
def test_ink_lies_in_the_boxes(language: str) -> None:
    pdf, _, boxes = set_page(language, TEXTS[language])
    picture = pymupdf.open(stream=pdf)[0].get_pixmap(dpi=144, colorspace=pymupdf.csGRAY)
    pixels = np.frombuffer(picture.samples, np.uint8).reshape(picture.height, picture.width).copy()
    for _, box in boxes:
        x0, y0, x1, y1 = (round(2 * value) for value in box)
        assert pixels[y0:y1, x0:x1].min() < 100  # there is ink
        pixels[y0:y1, x0 - 2 : x1 + 2] = 255  # letters may reach a point beyond their advance
    assert pixels.min() > 100  # and none elsewhere


@each_language
def test_same_bytes_in_another_process(language: str) -> None:
    # Catches hash-seed, cache-history and date dependence: the other process sets another text first.
    code = (
        "import hashlib\n"
        "from tests.synth.render.pages import TEXTS, set_page\n"
        "set_page('en', 'zebra ' + TEXTS['en']); set_page('ar', TEXTS['ar'][::-1].replace('(', ''))\n"
        f"print(hashlib.sha256(set_page({language!r}, TEXTS[{language!r}])[0]).hexdigest())"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7"}, capture_output=True)
    assert run.stdout.decode().strip() == hashlib.sha256(set_page(language, TEXTS[language])[0]).hexdigest(), run.stderr.decode()


def test_same_picture_with_two_texts_keeps_both() -> None:
    # Latin and Cyrillic A share a glyph in many fonts, the ideograph and the Kangxi radical in CJK fonts, two letters yeh inside a word.
    for language, text in (("ru", "AА BВ"), ("ja", "一\u2f00二\u2f06"), ("en", "a b\u00a0c"), ("ar", "بيت بیت")):
        pdf, _, _ = set_page(language, text)
        raw = "".join(s["text"] for b in pymupdf.open(stream=pdf)[0].get_text("dict")["blocks"] for n in b["lines"] for s in n["spans"])
        assert raw == text


@pytest.mark.parametrize(("language", "digits"), [("hi", "०१२३४५६७८९"), ("ar", "٢٣٤٥٦٧٨٩")])
@pytest.mark.parametrize("look", LOOKS)
def test_native_digits_look_native(language: str, digits: str, look: str) -> None:
    # Hind and Poppins draw Western digits for Devanagari code points; pixels and text layer would disagree.
    families: tuple[FontFamily, ...] = ("sans", "serif")
    for family in families:
        typesetter = Typesetter(language, look=look)
        for digit in digits:
            native = typesetter.lines([Span(digit, Style(20.0, family=family))], 100.0)[0].fragments[0].shapes[0]
            western = native.face.font.get_nominal_glyph(ord(str(int(digit))))
            if western is not None:
                assert ink_size(native.face, native.clusters[0].parts[0][0]) != ink_size(native.face, western)


def ink_size(face: Face, glyph: int) -> tuple[int, int]:
    extents = face.font.get_glyph_extents(glyph)
    assert extents is not None
    return extents.width, extents.height


def test_rotated_line_and_its_box() -> None:
    typesetter = Typesetter("en")
    writer = PdfWriter(typesetter, title="", language="en")
    page = writer.new_page(200.0, 200.0)
    (line,) = typesetter.lines([Span("Revenue", Style(12.0), "head")], 100.0)
    ((anchor, box),) = writer.draw_line_rotated(page, line, 50.0, 150.0)
    (word,) = pymupdf.open(stream=writer.finish())[0].get_text("words")
    assert (anchor, word[4]) == ("head", "Revenue")
    assert iou(box, word[:4]) > 0.98


def test_structure_drawing_and_links() -> None:
    typesetter = Typesetter("ru")
    writer = PdfWriter(typesetter, title="Отчёт", language="ru")
    for _ in range(3):
        writer.new_page(100.0, 100.0)
    writer.outline([(1, "Глава 1", 0), (2, "1.1", 1), (1, "Глава 2", 2)])
    writer.page_labels([(0, "r", 1), (2, "D", 1)])
    writer.link(0, (10.0, 10.0, 30.0, 20.0), 2)
    writer.rect(0, (40.0, 40.0, 60.0, 60.0), fill=(1.0, 0.0, 0.0))
    writer.rule(0, 0.0, 80.0, 100.0, 80.0, width_pt=4.0)
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2), (0, 0, 255)).save(buffer, "PNG")
    writer.image(0, (70.0, 10.0, 90.0, 30.0), buffer.getvalue())
    document = pymupdf.open(stream=writer.finish())
    assert document.metadata is not None
    assert document.metadata["title"] == "Отчёт"
    assert document.get_toc() == [[1, "Глава 1", 1], [2, "1.1", 2], [1, "Глава 2", 3]]
    assert [page.get_label() for page in document.pages()] == ["i", "ii", "1"]
    (link,) = document[0].get_links()
    assert (link["page"], tuple(link["from"])) == (2, (10.0, 10.0, 30.0, 20.0))
    picture = document[0].get_pixmap(dpi=72)
    assert [picture.pixel(*at) for at in ((50, 50), (50, 80), (80, 20), (5, 5))] == [(255, 0, 0), (0, 0, 0), (0, 0, 255), (255, 255, 255)]
    assert not document.is_repaired


def test_assets_name_fonts_with_licence() -> None:
    typesetter = Typesetter("ar")
    writer = PdfWriter(typesetter, title="", language="ar")
    page = writer.new_page(300.0, 100.0)
    writer.draw_line(page, typesetter.lines([Span("عام ABC", Style(12.0))], 200.0)[0], 10.0, 50.0)
    assert [asset.name for asset in writer.assets] == ["NotoSansArabic[wght].ttf", "NotoSans[wght].ttf"]
    assert {asset.licence for asset in writer.assets} == {"OFL-1.1"}
    assert all(re.fullmatch("[0-9a-f]{64}", asset.sha256) and asset.source.startswith("manimgx-fonts ") for asset in writer.assets)


def test_wrong_outline_is_refused() -> None:
    writer = PdfWriter(Typesetter("en"), title="", language="en")
    writer.new_page(10.0, 10.0)
    with pytest.raises(ValueError, match="level 2 after level 0"):
        writer.outline([(2, "deep", 0)])
