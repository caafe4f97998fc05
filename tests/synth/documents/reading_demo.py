"""A small document whose every fact is known, laid out in seven languages, one to three columns: what the tests of the readers read."""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import numpy as np

from synth.documents.blocks import Cell, Chart, Contents, Document, Figure, Heading, LaidOut, Listing, Paragraph, Section, Table, Text
from synth.documents.formats import format_number
from synth.documents.layout import draw_look, layout
from synth.documents.measure import Picture
from synth.documents.proof import Artefact
from synth.documents.reading import read_pdf
from synth.documents.wording import load_wording
from synth.render.raster import rasterise

LANGUAGES = ("en", "de", "ru", "zh", "ja", "ar", "hi")
NUMERALS = {"ar": "arab", "hi": "deva"}
TABLE = {"en": "Table", "de": "Tabelle", "ru": "Таблица", "zh": "表", "ja": "表", "ar": "الجدول", "hi": "तालिका"}
FIGURE = {"en": "Figure", "de": "Abbildung", "ru": "Рисунок", "zh": "图", "ja": "図", "ar": "الشكل", "hi": "चित्र"}
UNIT = {"en": "t", "de": "t", "ru": "т", "zh": "吨", "ja": "トン", "ar": "طن", "hi": "टन"}
SENTENCE = {
    "en": "The report covers every plant in the northern region and lists the main results of the year for each of them in turn.",
    "de": "Der Bericht umfasst alle Werke der nördlichen Region und nennt für jedes von ihnen die wichtigsten Ergebnisse des Jahres.",
    "ru": "Отчёт охватывает все предприятия северного региона и приводит основные результаты года по каждому из них.",
    "zh": "本报告涵盖北部地区的所有工厂，并逐一列出各工厂本年度的主要成果，供管理层和股东参考。",
    "ja": "本報告書は北部地域のすべての工場を対象とし、それぞれの年間の主な成果を順に示すものである。",
    "ar": "يغطي التقرير جميع المصانع في المنطقة الشمالية ويعرض أهم نتائج السنة لكل منها على التوالي.",
    "hi": "यह रिपोर्ट उत्तरी क्षेत्र के सभी संयंत्रों को शामिल करती है और प्रत्येक के मुख्य परिणाम क्रम से बताती है।",
}
# title of the first chapter, of its list, the list's introduction, title of the second chapter, words before and after the fact
WORDS = {
    "en": ("Results", "Sites", "The list contains:", "Outlook", "The stock came to", "in the end, all told."),
    "de": ("Ergebnisse", "Standorte", "Die Liste enthält:", "Ausblick", "Der Bestand betrug", "am Ende, alles in allem."),
    "ru": ("Результаты", "Площадки", "Список содержит:", "Перспективы", "Остаток составил", "в конце, всего вместе."),
    "zh": ("成果", "厂址", "清单如下：", "展望", "期末库存为", "，以上为总计。"),
    "ja": ("成果", "拠点", "一覧は次のとおり：", "展望", "期末の在庫は", "で、これが合計である。"),
    "ar": ("النتائج", "المواقع", "تضم القائمة:", "التوقعات", "بلغ المخزون", "في النهاية، إجمالاً."),
    "hi": ("परिणाम", "स्थल", "सूची में हैं:", "आगे", "भंडार कुल", "रहा, सब मिलाकर।"),
}
YEARS = ("2019", "2020", "2021")
CODES = tuple(f"K-{100 + 3 * number}" for number in range(60))
STOCK = Decimal("4711.5")


@dataclass(frozen=True)
class Demo:
    """The laid-out document, what it says, and what readers see."""

    language: str
    numerals: str
    laid_out: LaidOut
    values: dict[tuple[str, str], Decimal]
    chart: Chart
    artefact: Artefact

    @property
    def table(self) -> str:
        """Printed label of the table."""
        return f"{TABLE[self.language]} 1".translate(digits(self.numerals))

    @property
    def figure(self) -> str:
        """Printed label of the figure."""
        return f"{FIGURE[self.language]} 1".translate(digits(self.numerals))

    def head(self, year: str) -> str:
        """Printed head of a year's column."""
        return f"{year} ({UNIT[self.language]})"

    def page(self, anchor: str) -> int:
        """0-based page of an anchor."""
        return self.laid_out.places[anchor][0].page


def digits(numerals: str) -> dict[int, int]:
    """Translation of ASCII digits."""
    return str.maketrans("0123456789", {"arab": "٠١٢٣٤٥٦٧٨٩", "deva": "०१२३४५६७८९"}.get(numerals, "0123456789"))


@lru_cache(maxsize=32)
def demo(language: str, columns: int = 1, seed: int = 1, kind: str = "bar") -> Demo:
    """The document in a language with native digits where it has them, its pages drawn at 100 dpi."""
    numerals = NUMERALS.get(language, "latn")
    rng = np.random.default_rng(seed)
    values = {(code, year): Decimal(int(rng.integers(100_000, 9_999_999))) / 10 for code in CODES for year in YEARS}
    chart = _chart(language, kind, rng)
    document = Document(
        language, "Demo", _sections(language, numerals, columns, values, chart), _notes(language), "Demo", numerals=numerals
    )
    laid_out = layout(document, draw_look(language, rng), rng)
    images = rasterise(laid_out.pdf, dpi=100)
    pictures = tuple(Picture(0, number, image.data, 100.0) for number, image in enumerate(images))
    return Demo(language, numerals, laid_out, values, chart, Artefact((read_pdf(laid_out.pdf),), pictures))


def _chart(language: str, kind: str, rng: np.random.Generator) -> Chart:
    sentence = SENTENCE[language]
    words = [sentence[at : at + 3] for at in range(0, 15, 3)] if language in ("zh", "ja") else sentence.split()[:5]
    names = tuple(dict.fromkeys(words))
    series = tuple((name, tuple(Decimal(int(rng.integers(100, 900))) for _ in names)) for name in ("Alpha", "Omega"))
    return Chart(kind, names, series, UNIT[language], masked=(names[2],), hidden=load_wording(language).labels.hidden)  # type: ignore[arg-type]


def _text(text: str, anchor: str = "", note: str = "") -> tuple[Text, ...]:
    return (Text(text, anchor, note=note),)


def _notes(language: str) -> dict[str, tuple[Text, ...]]:
    return {"n1": _text(SENTENCE[language])}


def _sections(language: str, numerals: str, columns: int, values: dict[tuple[str, str], Decimal], chart: Chart) -> tuple[Section, ...]:
    first, sites, intro, second, before, after = WORDS[language]
    sentence = SENTENCE[language]
    one, two = (str(number).translate(digits(numerals)) for number in (1, 2))
    filler = Paragraph(_text(" ".join([sentence] * 4)))
    fact = Paragraph(
        (
            Text(f"{sentence} {before} "),
            Text(format_number(STOCK, 1, language, numerals), "text/stock", note="n1"),
            Text(f" {after} {sentence}"),
        )
    )
    listing = Listing("sites", tuple(_text(code, f"item/sites/{number}") for number, code in enumerate(CODES[:6])))
    table = Table("t", f"{TABLE[language]} {one}", _text(sentence[:30], "caption/t"), _head(language), _body(language, numerals, values))
    figure = Figure("f", f"{FIGURE[language]} {one}", _text(sentence[:40], "caption/f"), chart)
    chapter = (
        Heading("first", 1, one, first), filler, fact, Heading("sites", 2, f"{one}.{one}", sites), Paragraph(_text(intro)), listing,
        filler, table, filler, figure, filler,
    )  # fmt: skip
    return (
        Section((Paragraph(_text("Demo"), "title"),), numbering=""),
        Section((Contents("Contents"),), numbering="r"),
        Section(chapter, columns=columns),
        Section((Heading("second", 1, two, second), filler, filler), columns=columns, landscape=columns == 2),
    )


def _head(language: str) -> tuple[tuple[Cell, ...], ...]:
    return ((Cell(_text("Code")), *(Cell(_text(f"{year} ({UNIT[language]})"), "figures") for year in YEARS)),)


def _body(language: str, numerals: str, values: dict[tuple[str, str], Decimal]) -> tuple[tuple[Cell, ...], ...]:
    def cell(code: str, year: str) -> Cell:
        return Cell(_text(format_number(values[code, year], 1, language, numerals), f"cell/t/{code}/{year}"), "figures")

    return tuple((Cell(_text(code, f"cell/t/{code}/code")), *(cell(code, year) for year in YEARS)) for code in CODES)
