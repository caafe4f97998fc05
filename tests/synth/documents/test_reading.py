"""Readers against documents whose facts are known. What each check would miss if the reader went wrong is said in its name."""

from datetime import date
from decimal import Decimal

import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import DataError
from synth.documents.formats import format_date, format_number
from synth.documents.proof import ProofError, evaluate
from synth.documents.proof_values import same
from synth.documents.reading import read_pdf
from synth.documents.reading_structure import captions, contents_labels, headings, list_items
from synth.documents.reading_values import dates_in, numbers_in, parse_date, parse_number
from tests.synth.documents.reading_demo import CODES, FIGURE, LANGUAGES, NUMERALS, STOCK, TABLE, WORDS, YEARS, Demo, demo, digits

LAYOUTS = [(language, columns) for language in LANGUAGES for columns in (1, 2, 3)]


@given(st.sampled_from(LANGUAGES), st.booleans(), st.integers(-(10**9), 10**9), st.integers(0, 3))
@settings(deadline=None, max_examples=200)
def test_printed_numbers_read_back(language: str, native: bool, units: int, decimals: int) -> None:
    value = Decimal(units).scaleb(-decimals)
    printed = format_number(value, decimals, language, NUMERALS.get(language, "latn") if native else "latn")
    assert parse_number(printed, language) == value


@given(st.sampled_from(LANGUAGES), st.booleans(), st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.sampled_from(["long", "medium"]))
@settings(deadline=None, max_examples=300)
def test_printed_dates_read_back(language: str, native: bool, day: date, style: str) -> None:
    printed = format_date(day.isoformat(), style, language, NUMERALS.get(language, "latn") if native else "latn")
    assert parse_date(printed, language) == day.isoformat()


@pytest.mark.parametrize(
    ("text", "language", "numbers"),
    [
        ("row K-104, 1,234.50 t", "en", ("1234.50",)),
        ("1.234,5 statt 1.234", "de", ("1234.5", "1234")),
        ("итого 12\u00a0345,6 т за 2021", "ru", ("12345.6", "2021")),
        ("共1,234吨", "zh", ("1234",)),
        ("١٬٢٣٤٫٥", "ar", ("1234.5",)),
        ("१२,३४,५६७.८", "hi", ("1234567.8",)),
        ("1.2.3 and 03/04/2021", "en", ()),
    ],
)
def test_codes_dates_and_section_numbers_are_no_numbers(text: str, language: str, numbers: tuple[str, ...]) -> None:
    assert tuple(str(number) for number in numbers_in(text, language)) == numbers


def test_impossible_dates_are_left_out() -> None:
    assert dates_in("February 30, 2021 and March 1, 2021", "en") == ("2021-03-01",)


@pytest.mark.parametrize(("language", "columns"), LAYOUTS)
def test_every_cell_of_a_table_over_pages_reads_as_printed(language: str, columns: int) -> None:
    doc = demo(language, columns)
    for year in YEARS:
        program = {"op": "column", "table": doc.table, "column": doc.head(year), "as": "number"}
        assert evaluate(program, doc.artefact) == tuple(doc.values[code, year] for code in CODES)  # type: ignore[arg-type]


@pytest.mark.parametrize(("language", "columns"), LAYOUTS)
def test_prose_reads_through_columns_without_footnote_marks(language: str, columns: int) -> None:
    doc = demo(language, columns)
    _, _, _, _, before, after = WORDS[language]
    assert evaluate({"op": "between", "before": before, "after": after, "as": "number"}, doc.artefact) == STOCK


@pytest.mark.parametrize(("language", "columns"), LAYOUTS)
def test_lists_end_where_they_end(language: str, columns: int) -> None:
    lists = list_items(demo(language, columns).artefact.documents[0], WORDS[language][2])
    assert [[item.text for item in items] for items in lists] == [list(CODES[:6])]


@pytest.mark.parametrize(("language", "columns"), LAYOUTS)
def test_headings_contents_and_captions_are_where_the_layout_put_them(language: str, columns: int) -> None:
    doc = demo(language, columns)
    document, one, two = doc.artefact.documents[0], *("12".translate(digits(doc.numerals)))
    assert [found.page for found in headings(document, f"{two} {WORDS[language][3]}")] == [doc.page("heading/second")]
    label = doc.laid_out.pages[doc.page("heading/second")].label
    assert [same(found.text, label) for found in contents_labels(document, f"{two} {WORDS[language][3]}")] == [True]
    assert [found.page for _, found in captions(document, TABLE[language])] == [doc.page("caption/t")]
    assert [found.page for _, found in captions(document, FIGURE[language])] == [doc.page("caption/f")]
    assert one != two


@pytest.mark.parametrize("language", ["en", "ar", "ja"])
def test_columns_are_read_one_after_the_other(language: str) -> None:
    """Catches a reader that runs across columns: paragraphs of equal text would interleave and the whole sentence be lost."""
    doc = demo(language, 3)
    page = doc.artefact.documents[0].pages[doc.page("heading/first")]
    assert any(band.edges for band in page.bands)
    from tests.synth.documents.reading_demo import SENTENCE

    assert page.flow.squeezed.count("".join(SENTENCE[language].split())) >= 7


def test_arabic_digits_and_brackets_stand_in_reading_order() -> None:
    doc = demo("ar", 1)
    text = " ".join(page.flow.text for page in doc.artefact.documents[0].pages)
    assert "٤٬٧١١٫٥" in text
    assert "(continued)" in text or "(تابع)" in text


def test_a_page_taken_away_leaves_the_others_their_numbers() -> None:
    doc = demo("en", 1)
    document = doc.artefact.documents[0]
    gone = doc.page("heading/second")
    less = document.without(gone)
    assert not less.pages[gone].words
    assert less.pages[gone].label == ""
    assert len(less.pages) == len(document.pages)
    assert all(less.pages[index].words == document.pages[index].words for index in range(len(document.pages)) if index != gone)
    assert all(page != gone for _, _, page in less.outline)


def test_texts_with_digits_are_not_found_inside_longer_numbers() -> None:
    page = demo("en", 1).artefact.documents[0].pages[demo("en", 1).page("caption/t")]
    assert page.holds("Table 1")
    assert not page.holds("Table 12")
    assert not page.holds("K-10")


@pytest.mark.parametrize("data", [b"", b"not a pdf", b"%PDF-1.7\nbroken"])
def test_what_is_no_pdf_is_malformed(data: bytes) -> None:
    with pytest.raises(DataError, match="malformed"):
        list(read_pdf(data).pages)


def test_a_missing_row_and_a_doubled_place_raise_different_reasons() -> None:
    doc: Demo = demo("en", 1)
    with pytest.raises(ProofError, match="missing"):
        evaluate({"op": "cell", "table": "Table 1", "row": "K-999", "column": doc.head("2020")}, doc.artefact)
    with pytest.raises(ProofError, match="ambiguous"):
        evaluate({"op": "between", "before": "The report covers", "after": "plant"}, doc.artefact)


def test_a_paragraph_indented_like_the_items_does_not_join_the_list() -> None:
    """Catches a reach taken from the page's pitch alone, which the wide rows of a table beside the list stretch."""
    with pymupdf.open() as source:
        page = source.new_page()
        for row in range(20):
            page.insert_text((60, 90 + 20 * row), "row", fontsize=9)
        page.insert_text((60, 500), "These were measured twice:", fontsize=9)
        for y, code in ((520, "NL-547"), (547, "NL-714"), (563, "NL-224")):
            page.insert_text((60, y), "-", fontsize=9)
            page.insert_text((71, y), code, fontsize=9)
        page.insert_text((71, 531), "second line", fontsize=9)
        page.insert_text((71, 585), "A paragraph that begins", fontsize=9)
        page.insert_text((60, 596), "with an indented line.", fontsize=9)
        data = source.tobytes()
    (items,) = list_items(read_pdf(data), "These were measured twice:")
    assert [item.text for item in items] == ["NL-547 second line", "NL-714", "NL-224"]
