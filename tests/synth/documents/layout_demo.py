"""A small document in each of seven languages, with every kind of block, for the tests of the layout."""

from decimal import Decimal

from synth.documents.blocks import Cell, Chart, Contents, Document, Figure, Heading, Inline, Listing, Paragraph, Section, Table, Text

SENTENCES = {
    "en": (
        "The northern depot reported a steady rise in deliveries during the second quarter.",
        "Maintenance of the main line was finished two weeks before the agreed date.",
        "Staff at both sites took part in the safety course (see Table 1).",
    ),
    "de": (
        "Das nördliche Lager meldete im zweiten Quartal einen stetigen Anstieg der Lieferungen.",
        "Die Wartung der Hauptstrecke wurde zwei Wochen vor dem vereinbarten Termin abgeschlossen.",
        "Die Größenverhältnisse der Anlage („Werk Süd“) sind in Tabelle 1 zusammengefasst.",
    ),
    "ru": (
        "Северный склад сообщил об устойчивом росте поставок во втором квартале.",
        "Обслуживание главной линии завершено за две недели до согласованного срока.",
        "Сотрудники обеих площадок прошли курс по безопасности (см. таблицу 1).",
    ),
    "zh": (
        "北部仓库报告称，第二季度的交货量稳步上升。",
        "主线的维护工作比约定日期提前两周完成，共更换了 128 个零件。",
        "两个地点的员工都参加了安全培训（见表 1）。",
    ),
    "ja": (
        "北部倉庫によると、第2四半期の出荷量は着実に増加した。",
        "本線の保守作業は、合意した期日より２週間早く完了した。",
        "両拠点の社員は安全講習に参加しました（表 1 を参照）。",
    ),
    "ar": (
        "أعلن المستودع الشمالي عن ارتفاع مطرد في عمليات التسليم خلال الربع الثاني.",
        "انتهت صيانة الخط الرئيسي قبل أسبوعين من الموعد المتفق عليه في عام ٢٠٢٤.",
        "شارك الموظفون في الموقعين في دورة السلامة (انظر الجدول ١).",
    ),
    "hi": (
        "उत्तरी डिपो ने दूसरी तिमाही में आपूर्ति में लगातार वृद्धि की सूचना दी।",
        "मुख्य लाइन का रखरखाव तय तिथि से दो सप्ताह पहले पूरा हो गया।",
        "दोनों स्थलों के कर्मचारियों ने सुरक्षा प्रशिक्षण में भाग लिया (तालिका १ देखें)।",
    ),
}
WORDS = {
    "en": ("Table", "Figure", "Contents", "(continued)", "Overview", "Site", "Output", "Capacity", "Annual report", "tonnes"),
    "de": (
        "Tabelle",
        "Abbildung",
        "Inhalt",
        "(Fortsetzung)",
        "Überblick",
        "Standort",
        "Ausstoß",
        "Leistungsfähigkeit",
        "Jahresbericht",
        "Tonnen",
    ),
    "ru": ("Таблица", "Рисунок", "Содержание", "(продолжение)", "Обзор", "Площадка", "Выпуск", "Мощность", "Годовой отчёт", "тонн"),
    "zh": ("表", "图", "目录", "（续）", "概述", "地点", "产量", "生产能力", "年度报告", "吨"),
    "ja": ("表", "図", "目次", "（続き）", "概要", "拠点", "生産量", "生産能力", "年次報告書", "トン"),
    "ar": ("الجدول", "الشكل", "المحتويات", "(تابع)", "نظرة عامة", "الموقع", "الإنتاج", "الطاقة", "التقرير السنوي", "طن"),
    "hi": ("तालिका", "चित्र", "विषय सूची", "(जारी)", "अवलोकन", "स्थल", "उत्पादन", "क्षमता", "वार्षिक रिपोर्ट", "टन"),
}
LANGUAGES = tuple(SENTENCES)
NUMERALS = {"ar": "arab", "hi": "deva"}


def text(language: str, start: int, count: int, anchor: str = "", note: str = "") -> Inline:
    """Running text with one anchored sentence in the middle, and a footnote mark at its end."""
    sentences = [SENTENCES[language][(start + n) % 3] for n in range(count)]
    gap = "" if language in ("zh", "ja") else " "
    head = gap.join(sentences[: count // 2])
    tail = gap.join(sentences[count // 2 + 1 :])
    parts = [Text(head + gap)] if head else []
    parts.append(Text(sentences[count // 2], anchor, note=note))
    return (*parts, Text(gap + tail)) if tail else tuple(parts)


def ledger(language: str, key: str, label: str, rows: int, columns: int = 4) -> Table:
    """A table with two head rows and `rows` body rows whose cells are all anchored."""
    words = WORDS[language]
    head = (
        (Cell((Text(words[5]),)), Cell((Text(words[6]),), "center", colspan=columns - 2), Cell((Text(words[7]),), "figures")),
        (
            Cell(
                (
                    Text(
                        "",
                    ),
                )
            ),
            *(Cell((Text(str(2020 + n)),), "figures") for n in range(columns - 2)),
            Cell((Text(words[9]),), "figures"),
        ),
    )
    body = tuple(
        (
            Cell((Text(f"K-{100 + row}", f"cell/{key}/{row}/0"),)),
            *(
                Cell((Text(f"{row + 1}{column}.{(row * 7 + column) % 10}", f"cell/{key}/{row}/{column}"),), "figures")
                for column in range(1, columns)
            ),
        )
        for row in range(rows)
    )
    return Table(key, label, (Text(f"{words[6]} · {words[7]}", f"caption/{key}"),), head, body, note=(Text(SENTENCES[language][0]),))


def chart(language: str, kind: str, key: str, label: str, masked: bool = False) -> Figure:
    """A chart with two series."""
    words = WORDS[language]
    names = tuple(f"{words[5]} {letter}" for letter in "ABCDE")
    one = tuple(Decimal(value) for value in ("12.5", "30.1", "22.0", "41.7", "18.3"))
    two = tuple(Decimal(value) for value in ("20.5", "9.1", "33.0", "27.7", "38.3"))
    drawn = Chart(kind, names, ((words[6], one), (words[7], two)), words[9], (names[2],) if masked else ())  # type: ignore[arg-type]
    return Figure(key, label, (Text(f"{words[6]} ({words[9]})", f"caption/{key}"),), drawn)


def demo(language: str, *, rows: int = 60, chapters: int = 2, columns: int = 2) -> Document:
    """Cover, contents, chapters in one and several columns, a landscape section and slides."""
    words = WORDS[language]
    cover = Section(
        (Paragraph((Text(words[8]),), "title"), Paragraph((Text(words[4]),), "subtitle"), Paragraph((Text("2024"),), "imprint")), ""
    )
    front = Section((Contents(words[2]), Contents(words[0], "tables")), "r")
    sections = [cover, front]
    for number in range(1, chapters + 1):
        sections.append(_chapter(language, number, rows, 1 if number % 2 else columns))
    wide = Section((Heading("wide", 1, str(chapters + 1), words[7]), ledger(language, "wide", f"{words[0]} 90", 8, 10)), landscape=True)
    slides = Section(
        (
            Heading("slide1", 1, "", words[8]),
            Listing("points", tuple((Text(sentence),) for sentence in SENTENCES[language])),
            Heading("slide2", 1, "", words[6]),
            chart(language, "bar", "fslide", f"{words[1]} 90"),
        ),
        page="slide",
    )
    notes = {f"n{number}": text(language, number, 2) for number in range(1, chapters + 1)}
    return Document(language, words[8], (*sections, wide, slides), notes, words[8], words[3], NUMERALS.get(language, "latn"))


def _chapter(language: str, number: int, rows: int, columns: int) -> Section:
    words = WORDS[language]
    blocks = [
        Heading(f"c{number}", 1, str(number), f"{words[4]} {number}"),
        Paragraph(text(language, 0, 3), "lead"),
        Paragraph(text(language, 1, 7, f"text/{number}", f"n{number}")),
        Paragraph(text(language, 2, 5)),
        Heading(f"c{number}.1", 2, f"{number}.1", words[6]),
        Paragraph(text(language, 0, 6)),
        chart(language, ("bar", "line", "barh")[number % 3], f"f{number}", f"{words[1]} {number}", number == 1),
        Listing(f"l{number}", tuple((Text(sentence),) for sentence in SENTENCES[language]), ordered=number % 2 == 0),
        ledger(language, f"t{number}", f"{words[0]} {number}", rows),
        *(Paragraph(text(language, n, 6)) for n in range(6)),
        Heading(f"c{number}.2", 2, f"{number}.2", words[7]),
        *(Paragraph(text(language, n, 9)) for n in range(4)),
        Paragraph(text(language, 1, 3), "note"),
    ]
    return Section(tuple(blocks), columns=columns, page=("a4", "letter", "a5")[number % 3])  # type: ignore[arg-type]
