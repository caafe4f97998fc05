"""What the tests of the typesetting engine share: one text a language, and what readers get back from a page."""

import re

import pymupdf
import pypdfium2

from synth.render.pdf import BoxPt, PdfWriter
from synth.render.typeset import Align, Line, Span, Style, Typesetter

TEXTS = {
    "en": "Annual Report for 2024: the office sold 1,234.5 km of cable (A-12) — “efficient” AV Wa fi.",
    "de": "Geschäftsbericht für 2024: Größe, Übermaß & Straße – 1.234,5 € (A-12).",
    "ru": "Годовой отчёт за 2024 год: продажи выросли на 12,5 % («Север», № 7).",
    "zh": "年度报告：销售额达到1,234.5万元，“华东”地区增长12%（详见表3）。他说——好……第２０２４号，ABC公司（东京）。",
    "ja": "年次報告書：売上高は１，２３４百万円、「東京支社」はサーバーを12台ＡＢＣ増設した。パーティーっていつ？（第3章）",
    "ar": "التقرير السنوي لعام ٢٠٢٤: بلغت المبيعات الإجمالية ١٬٢٣٤٫٥ ريال (أ) بزيادة 12.5% في شركة ABC Holding (الرياض) أيضا.",
    "hi": "वार्षिक रिपोर्ट २०२४: क्षेत्रीय विक्रय श्रृंखला में १,२३४.५ किमी (क-१२) और ABC कंपनी की 12% वृद्धि हुई।",
}
_ARABIC_DIGITS = re.compile("[٠-٩٬٫]+")


def set_page(
    language: str, text: str, *, look: str = "noto", align: Align = "start", style: Style | None = None, width_pt: float = 300.0
) -> tuple[bytes, tuple[Line, ...], list[tuple[str, BoxPt]]]:
    """One page of a text, each word under an anchor of its own: the PDF, its lines, and the boxes drawn."""
    style = style or Style(11.0)
    typesetter = Typesetter(language, look=look)
    writer = PdfWriter(typesetter, title=text[:20], language=language)
    page = writer.new_page(400.0, 600.0)
    spans = [Span(part, style, "" if part == " " else part) for part in re.findall(" |[^ ]+", text)]
    lines = typesetter.lines(spans, width_pt, align=align)
    boxes, y = [], 40.0
    for line in lines:
        boxes += writer.draw_line(page, line, 50.0, y)
        y += 22.0
    return writer.finish(), lines, boxes


def mupdf_text(pdf: bytes) -> str:
    """MuPDF's text without line ends, runs of Arabic-Indic digits turned round again (its known quirk)."""
    raw = "".join(
        span["text"]
        for block in pymupdf.open(stream=pdf)[0].get_text("dict")["blocks"]
        for line in block["lines"]
        for span in line["spans"]
    )
    return _ARABIC_DIGITS.sub(lambda found: found[0][::-1], raw)


def pdfium_text(pdf: bytes) -> str:
    """PDFium's text."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return str(document[0].get_textpage().get_text_bounded())
    finally:
        document.close()
