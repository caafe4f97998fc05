"""Comparing what was drawn with what was read: folding both to what engines can be held to, and counting edits between them."""

import re
import unicodedata
from collections.abc import Sequence

_QUOTES = "‘’‚‛′`´ʻʼʽˈ‹›＇"
_DOUBLE_QUOTES = "“”„‟″«»＂"
_DASHES = "‐‑‒–—―−﹘﹣－"
_ONE = {
    **dict.fromkeys(map(ord, _QUOTES), "'"),
    **dict.fromkeys(map(ord, _DOUBLE_QUOTES), '"'),
    **dict.fromkeys(map(ord, _DASHES), "-"),
    ord("…"): "...",
    0x589: ":",
    0x2024: ".",
}
_CHILLUS = {"\u0d23": "\u0d7a", "\u0d28": "\u0d7b", "\u0d30": "\u0d7c", "\u0d32": "\u0d7d", "\u0d33": "\u0d7e", "\u0d15": "\u0d7f"}
_JOINED_CHILLU = re.compile("([\u0d15\u0d23\u0d28\u0d30\u0d32\u0d33])\u0d4d\u200d")
"""Malayalam chillu letters as they were written before Unicode 5.1, with a joiner; Tesseract still does."""
_COMPATIBLE = ((0xB5, 0xB6), (0xE33, 0xE34), (0xEB3, 0xEB4), (0xFB00, 0xFE00), (0xFE70, 0xFFF0))
"""Characters that are folded to their compatible ones, as they look the same: the micro sign, Thai and Lao am, Latin, Armenian and Hebrew
ligatures, Arabic presentation forms A and B, half and full width."""


def fold(text: str) -> str:
    """`text` without what pictures do not show or engines write in their own way.

    NFC; ligatures, presentation forms and joined chillus, full and half width as the plain characters; quotation marks, primes and
    apostrophes of any shape as straight ones, two single ones as one double one; hyphens, dashes and minus signs as a hyphen-minus; an
    ellipsis as three full stops; the Armenian full stop and dot as a colon and a full stop; spaces, format characters (category Cf:
    joiners, direction marks) and control characters left out. Letter case, diacritics and the digits of each script stay.

    >>> fold("“Ｏ ｋ” – ça…")
    '"Ok"-ça...'
    """
    text = _JOINED_CHILLU.sub(lambda found: _CHILLUS[found[1]], text)
    plain = "".join(unicodedata.normalize("NFKC", char) if _is_compatible(char) else char for char in text).translate(_ONE)
    shown = "".join(char for char in plain if not char.isspace() and unicodedata.category(char) not in ("Cf", "Cc"))
    return unicodedata.normalize("NFC", shown).replace("''", '"')


def _is_compatible(char: str) -> bool:
    return any(first <= ord(char) < end for first, end in _COMPATIBLE)


def edits(written: Sequence[str], read: Sequence[str]) -> int:
    """Least number of insertions, deletions and substitutions that make `read` of `written` (Levenshtein 1966), by Hyyrö's bit vectors
    ("A Bit-Vector Algorithm for Computing Levenshtein and Damerau Edit Distances", 2003), one bit a symbol of `written`.

    >>> edits("kitten", "sitting")
    3
    """
    if not written:
        return len(read)
    full = (1 << len(written)) - 1
    last = 1 << (len(written) - 1)
    places: dict[str, int] = {}
    for i, symbol in enumerate(written):
        places[symbol] = places.get(symbol, 0) | (1 << i)
    up, down, distance = full, 0, len(written)  # bits where the column rises, falls; its last value
    for symbol in read:
        match = places.get(symbol, 0) | down
        diagonal = ((((match & up) + up) ^ up) | match) & full
        rises, falls = down | (~(diagonal | up) & full), up & diagonal
        distance += bool(rises & last) - bool(falls & last)
        rises = ((rises << 1) | 1) & full
        up, down = ((falls << 1) & full) | (~(diagonal | rises) & full), rises & diagonal
    return distance


def difference(one: str, other: str) -> float:
    """Edits between two readings as a share of the longer one, 0 to 1 ; 0 for two empty ones."""
    return edits(one, other) / max(len(one), len(other), 1)


def nearest_part(wanted: str, text: str) -> int:
    """Least number of edits between `wanted` and any part of `text` (Sellers 1980).

    >>> nearest_part("merker", "let us determine markers of the coins")
    1
    """
    column = list(range(len(wanted) + 1))
    least = column[-1]
    for symbol in text:
        before, column[0] = 0, 0  # a part may begin anywhere
        for row, other in enumerate(wanted, 1):
            before, column[row] = column[row], min(before + (symbol != other), column[row] + 1, column[row - 1] + 1)
        least = min(least, column[-1])
    return least
