"""Which writing system and which language a text is in, worked out for the verifier from the text alone.

Scripts follow from the names of characters in the Unicode Standard. A language is held against each one it is taken for, on four kinds of
evidence of its own: words of its Universal Declaration of Human Rights and of wordfreq's ranking, CLDR's exemplar letters, kana, and
the national character sets for Chinese. The generator decides by other means (`corpus.tells_apart`).
"""

import re
import unicodedata
from functools import cache
from pathlib import Path

from wordfreq import available_languages, top_n_list

from schemas.languages import language as language_row
from schemas.languages import taken_for
from synth.ocr.letters import exemplars

UDHR = Path(__file__).with_name("udhr")
LEAST_LEAD = 1
"""Pieces of evidence by which a language must be ahead of another (chosen; the generator asks for three words)."""
RANKED_WORDS = 10_000
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff\u064b-\u0652'’ʻʼ-])*")
_RANKINGS = {"no": "nb", "zh-Hans": "", "zh-Hant": "", "sr": ""}
"""wordfreq's names where they differ; its Chinese and Serbian are of both scripts."""
_CHINESE_SETS = {"zh-Hans": "gb2312", "zh-Hant": "big5"}
_SCRIPTS = {
    "LATIN": "Latn", "CYRILLIC": "Cyrl", "GREEK": "Grek", "ARMENIAN": "Armn", "GEORGIAN": "Geor", "ETHIOPIC": "Ethi", "ARABIC": "Arab",
    "HEBREW": "Hebr", "DEVANAGARI": "Deva", "BENGALI": "Beng", "GUJARATI": "Gujr", "GURMUKHI": "Guru", "TAMIL": "Taml", "TELUGU": "Telu",
    "KANNADA": "Knda", "MALAYALAM": "Mlym", "SINHALA": "Sinh", "THAI": "Thai", "LAO": "Laoo", "KHMER": "Khmr", "MYANMAR": "Mymr",
    "CJK": "Hani", "HIRAGANA": "Jpan", "KATAKANA": "Jpan", "HANGUL": "Hang",
}  # fmt: skip
"""First word of a letter's name -> ISO 15924 code."""
_OF_NO_SCRIPT = frozenset({"FEMININE ORDINAL INDICATOR", "MASCULINE ORDINAL INDICATOR", "MICRO SIGN"})


def script_of(text: str) -> str:
    """ISO 15924 code of the one writing system of a text's letters, `Hani` for Chinese characters without kana; empty if there are several.

    >>> script_of("Привет, 2024"), script_of("東京タワー"), script_of("Ωmega")
    ('Cyrl', 'Jpan', '')
    """
    names = {unicodedata.name(char, "?") for char in text if unicodedata.category(char) in ("Lo", "Lu", "Ll", "Lt")} - _OF_NO_SCRIPT
    found = {_SCRIPTS.get(name.split()[0].split("-")[0], "") for name in names}
    if "Jpan" in found:
        found -= {"Hani"}
    return found.pop() if len(found) == 1 else ""


def language_fault(text: str, code: str) -> str:
    """Why a text may not be in a language; nothing if it speaks for it more than for any language it is taken for."""
    own = _evidence(text, code)
    for other in taken_for(code):
        theirs = _evidence(text, other)
        lead = len(own - theirs) - len(theirs - own)
        if lead < LEAST_LEAD:
            names = (language_row(code).name, language_row(other).name)
            return f"{len(own - theirs)} words and letters speak for {names[0]}, {len(theirs - own)} for {names[1]}"
    return "" if len(own) >= LEAST_LEAD else f"nothing in it speaks for {language_row(code).name}"


def _evidence(text: str, code: str) -> frozenset[str]:
    """Words and letters of a text that are of a language."""
    if code in _CHINESE_SETS or code == "ja":
        return frozenset(char for char in text if char.isalpha() and _is_written(char, code, any(map(_is_kana, text))))
    folded = unicodedata.normalize("NFC", text).casefold()
    words = {word for word in _WORD.findall(folded) if word in _lexicon(code)}
    return frozenset(words | {char for char in folded if char.isalpha() and char in _letters(code)})


def _is_written(char: str, code: str, kana: bool) -> bool:
    """Whether a character is of Japanese text, which has kana, or of Chinese text of one kind, which has none."""
    if code == "ja":
        return kana
    try:
        return not kana and bool(char.encode(_CHINESE_SETS[code]))
    except UnicodeEncodeError:
        return False


def _is_kana(char: str) -> bool:
    return unicodedata.name(char, "").startswith(("HIRAGANA", "KATAKANA"))


@cache
def _letters(code: str) -> frozenset[str]:
    return frozenset(char for item in exemplars(code) for char in item.casefold())


@cache
def _lexicon(code: str) -> frozenset[str]:
    path, name = UDHR / f"{code}.txt", _RANKINGS.get(code, code)
    text = unicodedata.normalize("NFC", path.read_text(encoding="utf-8")).casefold() if path.exists() else ""
    ranked = top_n_list(name, RANKED_WORDS) if name in available_languages() else []
    return frozenset((*_WORD.findall(text), *ranked))
