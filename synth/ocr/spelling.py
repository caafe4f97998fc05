"""The one spelling of a text: NFC; in Malayalam, single characters for chillu letters; and in Khmer and Burmese, whose marks can be typed
in several orders that look the same, the order of the Unicode Standard. A label must be the only spelling of what is drawn; text that
cannot be brought into that order is refused.

Sources: The Unicode Standard 16.0, 16.4 (Khmer) and UTN 61 (Khmer encoding structure); UTN 11 (Representing Myanmar in Unicode), with the
place of the lower dot that NFC demands; The Unicode Standard 16.0, 12.9 (chillu letters; before 5.1 they were written with a joiner).
"""

import re
import unicodedata

_KHMER_BASE = "[\u1780-\u17a2\u17a5-\u17a7\u17a9-\u17b3]"
_KHMER = re.compile(
    f"(?:{_KHMER_BASE}\u17cc?"  # a consonant or independent vowel, robat
    "(?:\u17d2[\u1780-\u1799\u179b-\u17a2\u17a7])*(?:\u17d2\u179a)?"  # subscripts; the subscript ro stands last
    "[\u17c9\u17ca]?[\u17b6-\u17c5]?(?:[\u17c6-\u17c8]|[\u17cb\u17cd-\u17d1\u17dd])*"  # register shifter, one vowel, signs
    "|[^\u1780-\u17d3\u17dd])*"
)
_KHMER_SWAPS = (
    (re.compile("\u17d2\u178a"), "\u17d2\u178f"),  # subscript da is drawn as subscript ta, which is the usual spelling
    (re.compile("\u17c1\u17b8"), "\u17be"),  # a vowel typed as its two halves
    (re.compile("\u17c1\u17b6"), "\u17c4"),
    (re.compile("(\u17d2\u179a)(\u17d2[\u1780-\u17a2])"), r"\2\1"),
    (re.compile("([\u17b6-\u17c5])([\u17c9\u17ca])"), r"\2\1"),
    (re.compile("([\u17c9\u17ca])((?:\u17d2[\u1780-\u17a2])+)"), r"\2\1"),
    (re.compile("([\u17c6-\u17c8])([\u17b6-\u17c5])"), r"\2\1"),
)
_CHILLUS = {"\u0d23": "\u0d7a", "\u0d28": "\u0d7b", "\u0d30": "\u0d7c", "\u0d32": "\u0d7d", "\u0d33": "\u0d7e", "\u0d15": "\u0d7f"}
_JOINED_CHILLU = re.compile("([\u0d15\u0d23\u0d28\u0d30\u0d32\u0d33])\u0d4d\u200d")
_BURMESE = re.compile(
    "(?:(?:[\u1004\u101b\u105a]\u103a\u1039)?[\u1000-\u102a\u103f\u104e]"  # kinzi, a consonant or independent vowel
    "(?:\u1039[\u1000-\u1021])*"  # stacked consonants
    "(?:\u1037?\u103a)?\u103b?\u103c?\u103d?\u103e?"  # asat, medials
    "\u1031?[\u102d\u102e\u1032]?[\u102f\u1030]?[\u102b\u102c]?(?:\u1037?\u103a)?\u1036?\u1037?\u1038?"  # vowels, tone marks
    "|[^\u1000-\u103f\u104e])*"
)


def canonical(code: str, text: str) -> str:
    """The text in the language's one spelling; empty if it has none.

    >>> canonical("km", "\u1780\u17d2\u178a") == "\u1780\u17d2\u178f"
    True
    >>> canonical("my", "\u1000\u102f\u102d")
    ''
    """
    plain = unicodedata.normalize("NFC", text)
    if code == "km":
        for pattern, replacement in _KHMER_SWAPS:
            plain = pattern.sub(replacement, plain)
        return plain if _KHMER.fullmatch(plain) else ""
    if code == "my":
        return plain if _BURMESE.fullmatch(plain) else ""
    if code == "ml":
        return with_chillus(plain)
    return plain


def with_chillus(text: str) -> str:
    """Malayalam text with chillu letters as single characters, where they were written with a joiner."""
    return _JOINED_CHILLU.sub(lambda found: _CHILLUS[found[1]], text)
