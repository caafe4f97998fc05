"""Turns numbers, dates and units into text as CLDR writes them in a language, in Latin, Arabic-Indic or Devanagari digits.

Only this direction: whoever verifies a document reads numbers with code of its own. Nothing here knows wording files or documents.
"""

import datetime
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final, Literal

from babel import Locale
from babel.dates import format_date as babel_date
from babel.numbers import get_decimal_symbol, get_group_symbol, list_currencies, parse_pattern

from synth.documents.numerals import localise_digits

_ARABIC_SEPARATORS: Final = {",": "٬", ".": "٫"}  # CLDR symbols of ar with numbering system arab
_DIRECTION_MARKS: Final = str.maketrans("", "", "\u200e\u200f\u061c")  # hints for plain text; the typesetter runs the bidi algorithm

DateStyle = Literal["long", "medium"]


def format_number(value: Decimal, decimals: int, language: str, numerals: str = "latn") -> str:
    """`value` with exactly `decimals` fraction digits and the language's separators: `1,234.50`, `1.234,50`, `१२,३४५.६`.

    The value must not need more digits than that, since a printed number is the truth itself.

    Raises:
        ValueError: `value` has more fraction digits than are printed.
    """
    if value != round(value, decimals):
        raise ValueError(f"{value} has more than {decimals} decimals; round it before it becomes part of the world")
    style = _number_style(language)
    whole, _, fraction = f"{abs(value):.{decimals}f}".partition(".")
    text = "-" * (value < 0) + style.grouped(whole) + (style.decimal + fraction if fraction else "")
    if numerals == "arab":
        text = "".join(_ARABIC_SEPARATORS.get(mark, mark) for mark in text)
    return localise_digits(text, numerals)


@dataclass(frozen=True, slots=True)
class _NumberStyle:
    """How CLDR writes decimal numbers in a language: separators, and the sizes of the last group and of the others."""

    group: str
    decimal: str
    last: int
    others: int

    def grouped(self, digits: str) -> str:
        """Digits in groups, from the right."""
        groups, rest = [digits[-self.last :]], digits[: -self.last]
        while rest:
            groups.append(rest[-self.others :])
            rest = rest[: -self.others]
        return self.group.join(reversed(groups))


@lru_cache(maxsize=64)
def _number_style(language: str) -> _NumberStyle:
    locale = _locale(language)
    last, others = parse_pattern(locale.decimal_formats[None].pattern).grouping
    group, decimal = (symbol(locale, numbering_system="latn") for symbol in (get_group_symbol, get_decimal_symbol))
    return _NumberStyle(group, decimal, last, others)


@lru_cache(maxsize=1 << 14)
def format_date(iso: str, style: DateStyle, language: str, numerals: str = "latn") -> str:
    """The ISO date in the language's CLDR long or medium form: `March 1, 2024`, `2024年3月1日`."""
    text = babel_date(datetime.date.fromisoformat(iso), format=style, locale=_locale(language))
    return localise_digits(text.translate(_DIRECTION_MARKS), numerals)


def unit_affixes(unit: str, language: str, unit_space: str = " ") -> tuple[str, str]:
    """What is printed before and after a number in `unit`: `("EUR ", "")`, `("", " %")`, `("", "%")`, `("", " kg")`.

    Currency codes (ISO 4217, as far as CLDR has a name for them) and percent signs follow CLDR; other units follow the number, after a
    space, or after `unit_space` when they are written in letters without case (Han, kana, Arabic, Devanagari).
    """
    if not unit:
        return "", ""
    if unit in _currencies():
        before = _locale(language).currency_formats["standard"].pattern.translate(_DIRECTION_MARKS).startswith("¤")
        return (f"{unit} ", "") if before else ("", f" {unit}")
    if unit in "%‰":
        spaced = not _locale(language).percent_formats[None].pattern.endswith("0%")
        return "", f"\u00a0{unit}" if spaced else unit
    caseless = unicodedata.category(unit[0]) == "Lo"
    return "", (unit_space if caseless else " ") + unit


def capitalise(text: str) -> str:
    """`text` with its first letter in upper case, the rest unchanged; scripts without case stay as they are."""
    return text[:1].upper() + text[1:]


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    return Locale.parse(language, sep="-")
