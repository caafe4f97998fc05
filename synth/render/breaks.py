"""Where a line may break: a paragraph -> tokens that stay whole, spaces being tokens of their own.

Text without Chinese or Japanese breaks at spaces only. In Chinese and Japanese each character is a token together with the opening marks
before it and the closing marks, small kana and prolonged sound marks behind it, so that no line begins or ends with what kinsoku forbids;
Latin words and numbers stay whole, full-width ones too, and so do labels of tables, figures, chapters and pages. Sources: JIS X 4051, W3C
JLREQ 3.1.7-3.1.8, W3C CLREQ 3.1.2. Thai, Lao, Khmer and Burmese break between words, which ICU finds by its dictionaries (UAX #14, 5.7).
Knows nothing of widths or fonts.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache

from icu4py.breakers import LineBreaker

from schemas.errors import DataError

_CJK_RANGES = (
    "\u2e80-\u2fdf\u3000-\u312f\u3190-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\ufe30-\ufe4f\uff00-\uffef\U0001b000-\U0001b16f\U00020000-\U0003134f"
)
NO_LINE_END = (
    "([{#$\u00a3\u00a5\u00ab\u2018\u201c\u20ac\u2116\u3008\u300a\u300c\u300e\u3010\u3014\u3016\u3018\u301a\u301d"
    "\uff04\uff08\uff3b\uff5b\uff5f\uff62\uffe1\uffe5"
)
"""Opening marks and prefixes: a Chinese or Japanese line must not end with one."""
NO_LINE_START = (
    ")]}!%,.:;?\u00a2\u00b0\u00bb\u2010\u2013\u2014\u2019\u201d\u2020\u2021\u2025\u2026\u2030\u2032\u2033\u203c\u2047\u2048\u2049\u2103"
    "\u3000\u3001\u3002\u3005\u3009\u300b\u300d\u300f\u3011\u3015\u3017\u3019\u301b\u301c\u301f\u303b"
    "\u3041\u3043\u3045\u3047\u3049\u3063\u3083\u3085\u3087\u308e\u3095\u3096\u3099\u309a\u309b\u309c\u309d\u309e\u30a0"
    "\u30a1\u30a3\u30a5\u30a7\u30a9\u30c3\u30e3\u30e5\u30e7\u30ee\u30f5\u30f6\u30fb\u30fc\u30fd\u30fe"
    "\u31f0\u31f1\u31f2\u31f3\u31f4\u31f5\u31f6\u31f7\u31f8\u31f9\u31fa\u31fb\u31fc\u31fd\u31fe\u31ff"
    "\uff01\uff05\uff09\uff0c\uff0e\uff1a\uff1b\uff1f\uff3d\uff5d\uff5e\uff60\uff61\uff63\uff64\uff65\uff70\uff9e\uff9f\uffe0"
)
"""Closing marks, small kana, iteration and prolonged sound marks: a Chinese or Japanese line must not start with one."""

_OPEN, _CLOSE = f"[{re.escape(NO_LINE_END)}]", f"[{re.escape(NO_LINE_START)}]"
_CJK = re.compile(f"[{_CJK_RANGES}]")
_WESTERN = f"[^ {_CJK_RANGES}]"
_PLAIN_TOKEN = re.compile(" +|[^ ]+")
_WIDE_NUMBER = "[\uff10-\uff19]+(?:[\uff0c\uff0e][\uff10-\uff19]+)*|[\uff21-\uff3a\uff41-\uff5a]+"  # full-width digits, and letters
_LABEL = (
    "[\u8868\u56fe\u56f3]\\d+(?:[.\\-]\\d+)*|\u7b2c\\d+[\u7ae0\u8282\u7bc0\u9875\u9801]"  # 表5, 图5, 図5; 第5章, 第5节, 第5節, 第5页, 第5頁
)
_CORE = f"(?:{_LABEL}|{_WIDE_NUMBER}|(?!{_OPEN}|{_CLOSE})[{_CJK_RANGES}]|{_WESTERN}+(?<!{_OPEN}))"
_CJK_TOKEN = re.compile(f" +|{_OPEN}*{_CORE}{_CLOSE}*(?:\u00a0{_WESTERN}*{_CLOSE}*)*|{_OPEN}+|{_CLOSE}+|.")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
WORD_BROKEN: Mapping[str, str] = {"Thai": "th", "Laoo": "lo", "Khmr": "km", "Mymr": "my"}
"""Scripts without spaces between words -> the language whose words ICU looks for."""
_UNSPACED = re.compile("[\u0e01-\u0e7f]|([\u0e80-\u0eff])|([\u1780-\u17ff])|([\u1000-\u109f])")
_BARE_LETTER = re.compile("[\u0e01-\u0e2e\u0e81-\u0eae\u1780-\u17a2]")
_STACKERS = ("\u17d2", "\u1039")
"""Khmer coeng and Burmese virama, which put the next letter below."""
_CACHED = 1 << 12
_KILLER = "\u103a"
"""Burmese asat: of the class of viramas, but it joins nothing."""
_VIRAMA = 9  # canonical combining class of viramas, which join the next consonant (Unicode 4.3)


def has_cjk(text: str) -> bool:
    """Whether any character breaks by the Chinese and Japanese rules."""
    return _CJK.search(text) is not None


def tokens(text: str) -> list[str]:
    """The text cut where a line may break, and around spaces. Joined, they give the text back.

    >>> tokens("Sold 1,234.5 km")
    ['Sold', ' ', '1,234.5', ' ', 'km']
    >>> tokens("「東京」は2024年")
    ['「東', '京」', 'は', '2024', '年']

    Raises:
        DataError: `control_character` for tabs, line feeds and the like.
    """
    found = _CONTROL.search(text)
    if found:
        raise DataError("control_character", f"U+{ord(found[0]):04X} at {found.start()} in {text!r}: a paragraph has none")
    if has_cjk(text):
        return list(_CJK_TOKEN.findall(text))
    plain: list[str] = _PLAIN_TOKEN.findall(text)
    return [part for token in plain for part in _dictionary_words(token)] if _UNSPACED.search(text) else plain


@lru_cache(maxsize=_CACHED)
def _dictionary_words(text: str) -> tuple[str, ...]:
    """Text without spaces cut between words of Thai, Lao, Khmer or Burmese; whole if it has none of these."""
    found = _UNSPACED.search(text)
    if found is None:
        return (text,)
    return tuple(_joined(LineBreaker(text, ("th", "lo", "km", "my")[found.lastindex or 0])))


def _joined(words: LineBreaker) -> Iterator[str]:
    """Words, each with the bare consonants behind it, which are the ends of words that the dictionary lacks, and never cut in a stack."""
    held = ""
    for word in words:
        if held and not held.endswith(_STACKERS) and not _BARE_LETTER.fullmatch(word):
            yield held
            held = ""
        held += word
    yield held


def graphemes(text: str) -> list[str]:
    """User-perceived characters, near enough to UAX #29: marks, joiners and letters that a virama or joiner joins stay with their base."""
    parts: list[str] = []
    joined = False
    for char in text:
        extends = unicodedata.category(char) in ("Mn", "Mc", "Me") or char in "\u200c\u200d"
        if parts and (extends or (joined and char.isalpha())):
            parts[-1] += char
        else:
            parts.append(char)
        joined = (unicodedata.combining(char) == _VIRAMA and char != _KILLER) or char == "\u200d"
    return parts
