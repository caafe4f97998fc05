"""Numbers and dates as documents in seven languages print them, read back into decimals and ISO dates.

The verifier's own inverse of CLDR formatting: it shares no code with the writer, only month names come from CLDR (babel).
"""

import re
import unicodedata
from datetime import date
from decimal import Decimal
from functools import lru_cache

import babel
import babel.dates

GROUP_AND_DECIMAL = {"de": (".", ","), "ru": ("\u00a0\u202f ", ","), "fr": ("\u00a0\u202f ", ","), "es": (".", ","), "it": (".", ",")}
"""Group separators and decimal separator by language (CLDR 45, `numbers/symbols`); other languages use (",", ".")."""

ARABIC_GROUP, ARABIC_DECIMAL = "٬", "٫"  # U+066C and U+066B, unambiguous wherever they stand

MINUS = "-−﹣－"


class _Plain(dict[int, int | str]):
    """A table for `str.translate` that grows with the characters it meets."""

    def __missing__(self, code: int) -> int | str:
        category = unicodedata.category(chr(code))
        self[code] = "" if category == "Cf" else str(unicodedata.digit(chr(code))) if category == "Nd" else code
        return self[code]


_PLAIN = _Plain()


def plain_digits(text: str) -> str:
    """The text with digits of all scripts as ASCII digits, and without invisible formatting characters (direction marks)."""
    if text.isascii():
        return text
    return text.translate(_PLAIN)


@lru_cache
def _number_pattern(language: str) -> re.Pattern[str]:
    group, decimal = GROUP_AND_DECIMAL.get(language.split("-")[0], (",", "."))
    groups = f"[{re.escape(group + ARABIC_GROUP)}]"
    point = f"[{re.escape(decimal + ARABIC_DECIMAL)}]"
    body = rf"(?P<whole>[0-9]{{1,3}}(?:{groups}[0-9]{{2,3}})*{groups}[0-9]{{3}}|[0-9]+)(?:{point}(?P<part>[0-9]+))?"
    # not inside a code (K-104), a longer number or a date
    return re.compile(rf"(?<![A-Za-z0-9_.,/])(?<![A-Za-z0-9][{MINUS}])(?P<sign>[{MINUS}])?{body}(?![A-Za-z0-9_])(?![{MINUS}.,/][0-9])")


def numbers_in(text: str, language: str) -> tuple[Decimal, ...]:
    """Every number printed in the text with the separators of `language`, with its printed decimals (`1,50` gives Decimal('1.50'))."""
    found = []
    for match in _number_pattern(language).finditer(plain_digits(text)):
        whole = re.sub(r"[^0-9]", "", match["whole"])
        number = Decimal(f"{whole}.{match['part']}" if match["part"] else whole)
        found.append(-number if match["sign"] else number)
    return tuple(found)


def parse_number(text: str, language: str) -> Decimal | None:
    """The one number in the text, or None when there is none or more than one."""
    found = numbers_in(text, language)
    return found[0] if len(found) == 1 else None


def number_printed(text: str, language: str) -> tuple[Decimal, str] | None:
    """The number that a text is, and the unit before or after it; None when the text says more than that, or has badly grouped digits."""
    plain = plain_digits(text).strip()
    found = list(_number_pattern(language).finditer(plain))
    if len(found) != 1:
        return None
    unit = (plain[: found[0].start()] + " " + plain[found[0].end() :]).strip()
    (number,) = numbers_in(plain, language)
    return None if any(map(str.isdecimal, unit)) else (number, unit)


@lru_cache
def _months(language: str) -> tuple[tuple[str, int], ...]:
    """Month names and abbreviations of a language without spaces and full stops, longest first."""
    names: dict[str, int] = {}
    try:
        locale = babel.Locale.parse(language.replace("-", "_"))
    except (babel.UnknownLocaleError, ValueError):
        locale = babel.Locale("en")
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in babel.dates.get_month_names(width, context, locale).items():
                names[_squeeze(name).rstrip(".").casefold()] = number
    named = [(name, number) for name, number in names.items() if not name[:1].isdigit()]
    return tuple(sorted(named, key=lambda item: (-len(item[0]), item)))


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", "", plain_digits(text))


@lru_cache
def _date_patterns(language: str) -> tuple[re.Pattern[str], ...]:
    names = "|".join(re.escape(name) for name, _ in _months(language)) or r"(?!)"
    month_first = language.split("-")[0] == "en"
    slashed = r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})" if month_first else r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d{4})"
    shapes = (
        r"(?P<y>\d{4})年(?P<m>\d{1,2})月(?P<d>\d{1,2})日",
        r"(?P<y>\d{4})[-/](?P<m>\d{1,2})[-/](?P<d>\d{1,2})",
        r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})",
        slashed,
        rf"(?P<d>\d{{1,2}})\.?(?P<name>{names})\.?,?(?P<y>\d{{4}})",
        rf"(?P<name>{names})\.?(?P<d>\d{{1,2}}),?(?P<y>\d{{4}})",
    )
    return tuple(re.compile(rf"(?<!\d){shape}(?!\d)") for shape in shapes)


def dates_in(text: str, language: str) -> tuple[str, ...]:
    """Every date printed in the text (CLDR long and medium forms, ISO), as ISO dates in order of first mention; impossible ones are left
    out.
    """
    squeezed = _squeeze(text).casefold()
    found: dict[int, str] = {}
    months = dict(_months(language))
    for pattern in _date_patterns(language):
        for match in pattern.finditer(squeezed):
            parts = match.groupdict()
            month = months[parts["name"]] if parts.get("name") else int(parts["m"])
            try:
                found.setdefault(match.start(), date(int(parts["y"]), month, int(parts["d"])).isoformat())
            except ValueError:
                continue
    return tuple(found[start] for start in sorted(found))


def date_printed(text: str, language: str) -> str | None:
    """The ISO date that a text is, in a form of the language; None when it says more than a date."""
    squeezed = re.sub(r"(?<=\d)г\.$", "", _squeeze(text).casefold())  # Russian long dates end with the word year
    whole = any(pattern.fullmatch(squeezed) for pattern in _date_patterns(language))
    return parse_date(text, language) if whole else None


def parse_date(text: str, language: str) -> str | None:
    """The one date in the text as an ISO date, or None."""
    found = dates_in(text, language)
    return found[0] if len(set(found)) == 1 else None
