"""Names of people, firms and places, and telephone numbers, in the form that the people of a language give them.

Faker makes them where it knows the language itself, the patterns of `names.yaml` where it does not; a language's country decides the form
of telephone numbers (phonenumbers, Google's table of numbering plans).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypeAlias

import phonenumbers
import yaml
from babel.core import get_global
from faker import Faker
from faker.config import AVAILABLE_LOCALES
from numpy.random import Generator

Kind: TypeAlias = Literal["person", "company", "address"]
FILE = Path(__file__).with_name("names.yaml")
PROVIDERS = tuple(f"faker.providers.{kind}" for kind in ("address", "company", "misc", "person"))
"""What names are made of (Philippine streets, of plants in `misc`); Faker's twenty other kinds of things would take time to load."""
_METHODS: Mapping[Kind, str] = {"person": "name", "company": "company", "address": "address"}
_COLUMNS = ("given", "family", "street", "place")
_FREE_DIGITS = 5
"""Last digits of a telephone number that are drawn; the first ones say of which network it is."""


def territory(code: str) -> str:
    """The territory where a language is spoken most, by CLDR's likely subtags."""
    likely = get_global("likely_subtags")
    found = likely.get(code.replace("-", "_")) or likely.get(code.partition("-")[0], "en_Latn_US")
    return str(found).rpartition("_")[2]


@cache
def faker_locale(code: str, kind: Kind) -> str:
    """Faker's locale for a kind of name in a language, of its first territory where there is one; empty if Faker has none of its own."""
    base = code.partition("-")[0]
    wanted = {"zh-Hant": "zh_TW", "zh-Hans": "zh_CN"}.get(code, f"{base}_{territory(code)}")
    near = sorted(name for name in AVAILABLE_LOCALES if name.partition("_")[0] == base)
    names = [name for name in dict.fromkeys((wanted, *near)) if name in near]
    return next((name for name in names if find_spec(f"faker.providers.{kind}.{name}")), "")


def made_name(code: str, kind: Kind, rng: Generator, number: Callable[[], str]) -> str:
    """A name, or an address on one line; empty if neither Faker nor `names.yaml` has any of the language.

    Args:
        code: BCP 47 tag.
        kind: What of.
        rng: Draws it.
        number: Makes a house number in the language's digits.
    """
    row = _table().get(code, {})
    if kind in row:
        drawn = {name: _one(row[column], rng) for name in _COLUMNS if (column := _column(name, row))}
        return _one(row[kind], rng).format(n=number(), **drawn)
    locale = faker_locale(code, kind)
    if not locale:
        return ""
    maker = _faker(locale)
    maker.seed_instance(int(rng.integers(2**31)))  # one object a process, which other writers use too
    return " ".join(str(getattr(maker, _METHODS[kind])()).split())


def telephone(code: str, rng: Generator) -> str:
    """A telephone number as the language's country writes it; in Western digits."""
    region = territory(code)
    kinds = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    example = phonenumbers.example_number_for_type(region, kinds[int(rng.integers(2))]) or phonenumbers.example_number(region)
    if example is None:
        return "-".join("".join(map(str, rng.integers(0, 10, size))) for size in (3, 3, 4))
    digits = phonenumbers.national_significant_number(example)
    free = min(_FREE_DIGITS, len(digits) - 2)
    drawn = digits[: len(digits) - free] + "".join(map(str, rng.integers(0, 10, free)))
    forms = (phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    plus = f"+{example.country_code}"
    return str(phonenumbers.format_number(phonenumbers.parse(plus + drawn), forms[int(rng.integers(2))]))


def _column(name: str, row: Mapping[str, Sequence[str]]) -> str:
    return name if name in row else f"{name}s" if f"{name}s" in row else ""


def _one(items: Sequence[str], rng: Generator) -> str:
    return items[int(rng.integers(len(items)))]


@cache
def _table() -> Mapping[str, Mapping[str, Sequence[str]]]:
    table: Mapping[str, Mapping[str, Sequence[str]]] = yaml.load(FILE.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return table


@cache
def _faker(locale: str) -> Faker:
    return Faker(locale, providers=list(PROVIDERS))
