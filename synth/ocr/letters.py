"""The characters of a language that must all be drawn: CLDR's exemplar letters, those of its texts, and the first level of the national
character sets of China, Japan and Korea.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import yaml

from schemas.languages import language as language_row

EXEMPLARS = Path(__file__).with_name("exemplars.yaml")
NATIONAL: Mapping[str, tuple[str, int, int]] = {
    "zh-Hans": ("gb2312", 0xB0, 0xD7),
    "ja": ("euc_jp", 0xB0, 0xCF),
    "ko": ("euc_kr", 0xB0, 0xC8),
}
"""Language -> codec, first and last lead byte: GB 2312 level 1, JIS X 0208 level 1, KS X 1001 hangul."""
CARRIERS: Mapping[str, str] = {
    "Arab": "\u0628", "Beng": "\u0995", "Deva": "\u0915", "Gujr": "\u0a95", "Guru": "\u0a15", "Khmr": "\u1780", "Knda": "\u0c95",
    "Laoo": "\u0e81", "Mlym": "\u0d15", "Mymr": "\u1000", "Sinh": "\u0d9a", "Taml": "\u0b95", "Telu": "\u0c15", "Thai": "\u0e01",
}  # fmt: skip
"""Script -> the letter that a mark is shown on: beh, ka, ko kai."""
JOINERS = frozenset("\u1039\u17d2")
"""Burmese and Khmer stackers, which are seen only in the letter that they put below another."""
CASED = frozenset({"Latn", "Cyrl", "Grek", "Armn"})
"""Scripts with small letters and capitals. Georgian's capitals are for whole lines of them only."""
_DOTTED: Mapping[str, str] = {"i": "\u0130", "\u0131": "I"}  # capitals of Turkish and Azerbaijani


@cache
def exemplars(code: str) -> tuple[str, ...]:
    """CLDR's main exemplar characters of a language as they can be drawn: marks on a letter, and capitals after the small letters."""
    script = language_row(code).script
    shown = [_on_letter(item, script) for item in _table().get(code, "").split()]
    capitals = [_capital(item, code) for item in shown] if script in CASED else []
    return tuple(dict.fromkeys(item for item in (*shown, *capitals) if item))


def letters_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Letters of texts, most frequent first."""
    counted = Counter(char for text in texts for char in text if char.isalpha())
    return tuple(char for char, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def national(code: str) -> Iterator[str]:
    """The first level of the national character set, for a language that has one."""
    if code not in NATIONAL:
        return
    codec, first, last = NATIONAL[code]
    for lead in range(first, last + 1):
        for trail in range(0xA1, 0xFF):
            try:
                yield bytes([lead, trail]).decode(codec)
            except UnicodeDecodeError:  # an empty place of the set
                continue


@cache
def _table() -> Mapping[str, str]:
    table: Mapping[str, str] = yaml.safe_load(EXEMPLARS.read_text(encoding="utf-8"))
    return table


def _on_letter(item: str, script: str) -> str:
    if unicodedata.category(item[0]) not in ("Mn", "Mc") or script not in CARRIERS:
        return item
    carrier = CARRIERS[script]
    return unicodedata.normalize("NFC", carrier + item + (carrier if item in JOINERS else ""))


def _capital(item: str, code: str) -> str:
    """The capital; empty where it is more than one letter, as of sharp s."""
    upper = _DOTTED.get(item, item.upper()) if code in ("tr", "az") else item.upper()
    return upper if len(upper) == len(item) else ""
