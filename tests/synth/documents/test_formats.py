"""Numbers, dates and units as CLDR prints them."""

from decimal import Decimal

import pytest
from babel import Locale
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from synth.documents.formats import capitalise, format_date, format_number, unit_affixes


@pytest.mark.parametrize(
    ("language", "numerals", "expected"),
    [
        ("en", "latn", "1,234,567.50"),
        ("de", "latn", "1.234.567,50"),
        ("ru", "latn", "1\u00a0234\u00a0567,50"),
        ("zh", "latn", "1,234,567.50"),
        ("hi", "latn", "12,34,567.50"),
        ("hi", "deva", "१२,३४,५६७.५०"),
        ("ar", "arab", "١٬٢٣٤٬٥٦٧٫٥٠"),
        ("ar", "latn", "1,234,567.50"),
    ],
)
def test_numbers(language: str, numerals: str, expected: str) -> None:
    assert format_number(Decimal("1234567.5"), 2, language, numerals) == expected


@given(st.sampled_from(("en", "zh", "ja", "ar", "hi", "ru", "de")), st.integers(-(10**9), 10**9), st.integers(0, 3))
def test_numbers_are_those_of_babel(language: str, digits: int, decimals: int) -> None:
    """Catches wrong group sizes and signs."""
    value, locale = Decimal(digits).scaleb(-decimals), Locale.parse(language)
    grouping = locale.decimal_formats[None].pattern.split(".")[0]
    pattern = f"{grouping}.{'0' * decimals}" if decimals else grouping
    assert format_number(value, decimals, language) == format_decimal(value, format=pattern, locale=locale, numbering_system="latn")


def test_a_number_with_more_digits_than_are_printed_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 1 decimals"):
        format_number(Decimal("1.25"), 1, "en")


@pytest.mark.parametrize(
    ("language", "numerals", "expected"),
    [("en", "latn", "March 1, 2024"), ("de", "latn", "1. März 2024"), ("ja", "latn", "2024年3月1日"), ("ar", "arab", "١ مارس ٢٠٢٤")],
)
def test_long_dates(language: str, numerals: str, expected: str) -> None:
    assert format_date("2024-03-01", "long", language, numerals) == expected


def test_medium_dates_have_no_direction_marks() -> None:
    assert format_date("2024-03-01", "medium", "ar") == "01/03/2024"


@pytest.mark.parametrize(
    ("unit", "language", "space", "expected"),
    [
        ("EUR", "en", " ", ("EUR ", "")),
        ("EUR", "de", " ", ("", " EUR")),
        ("EUR", "ar", " ", ("", " EUR")),
        ("%", "en", " ", ("", "%")),
        ("%", "de", " ", ("", "\u00a0%")),
        ("kg", "ja", "", ("", " kg")),
        ("時間", "ja", "", ("", "時間")),
        ("°C", "en", " ", ("", " °C")),
        ("", "en", " ", ("", "")),
    ],
)
def test_units(unit: str, language: str, space: str, expected: tuple[str, str]) -> None:
    assert unit_affixes(unit, language, space) == expected


def test_capitalise_leaves_the_rest_alone() -> None:
    assert capitalise("net output in MWh") == "Net output in MWh"
    assert capitalise("") == ""


def test_only_currency_codes_are_currencies() -> None:
    # Catches: any three capitals taken for a currency ("NTU 12" in English).
    assert unit_affixes("EUR", "en") == ("EUR\u0020", "")
    assert unit_affixes("NTU", "en") == ("", " NTU")
    assert unit_affixes("FNU", "de") == ("", " FNU")
