"""The language of a real document, from its path and its text. Nothing is guessed beyond that: an unknown one is `und`."""

import re
import unicodedata
from collections import Counter

GUIDES = {
    **{
        code: code
        for code in ("ar", "ca", "cs", "da", "de", "el", "en", "es", "fr", "hi", "id", "it", "ja", "ko", "nl", "pt", "ro", "ru", "sv", "vi")
    },
    **{"zh_CN": "zh", "zh_TW": "zh-Hant", "pt_BR": "pt-BR"},
}
"""Language parts of Debian's file names -> BCP 47."""

SCRIPT_OF = {
    **dict.fromkeys(("ru",), "CYRILLIC"),
    **dict.fromkeys(("ja", "zh", "zh-Hant"), "CJK"),
    **{"ko": "HANGUL", "el": "GREEK", "ar": "ARABIC", "hi": "DEVANAGARI"},
}

ALONE = {"CYRILLIC": "ru", "HANGUL": "ko", "GREEK": "el", "ARABIC": "ar", "DEVANAGARI": "hi"}
"""Script -> the language it is taken for when the path says nothing."""

FUNCTION_WORDS = {
    "en": {"the", "of", "and", "to", "is", "in", "that", "for"},
    "de": {"der", "die", "und", "das", "ist", "nicht", "werden", "mit"},
    "fr": {"le", "les", "des", "est", "dans", "une", "pour", "que"},
    "es": {"el", "los", "del", "las", "una", "para", "que", "con"},
}
"""Words that tell languages in Latin script apart (chosen; frequent in one language and rare in the others)."""

MIN_SHARE = 0.08
"""Least share of a language's function words among all words to be taken for it (forty pages of
the Debian guides have 0.12 to 0.18 of their own language's words and at most 0.03 of another's)."""


def document_language(path: str, text: str) -> str:
    """BCP 47 tag of a document's language."""
    script = main_script(text)
    for part in re.split(r"[/.-]", path)[::-1]:
        code = GUIDES.get(part)
        if code and SCRIPT_OF.get(code, "LATIN") == script:
            return code
    if script == "CJK":
        return "ja" if re.search(r"[\u3041-\u30fa]{2}", text) else "zh"
    if script != "LATIN":
        return ALONE.get(script, "und")
    words = Counter(re.findall(r"[^\W\d_]+", text.casefold()))
    total = sum(words.values()) or 1
    shares = {language: sum(words[word] for word in known) / total for language, known in sorted(FUNCTION_WORDS.items())}
    best = max(shares, key=lambda language: shares[language])
    return best if shares[best] >= MIN_SHARE else "und"


def main_script(text: str) -> str:
    """The script that most letters of a text have: `LATIN`, `CYRILLIC`, `CJK` (kana too), … A wide character counts as three letters of
    an alphabet.
    """
    counts: Counter[str] = Counter()
    for char, times in Counter(text).items():
        if char.isalpha():
            name = unicodedata.name(char, "OTHER").split(" ", 1)[0].split("-", 1)[0]
            wide = name in ("CJK", "HIRAGANA", "KATAKANA")
            counts["CJK" if wide else name] += times * (3 if wide else 1)
    return min(counts, key=lambda script: (-counts[script], script)) if counts else "LATIN"
