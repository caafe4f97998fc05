"""Embedding levels by the Unicode bidirectional algorithm (UAX #9, revision 50): text and paragraph direction -> one level a character.

Implemented are rules W1-W7, N0-N2, I1-I2 for paragraphs without explicit formatting characters, and reordering by L2. Marks (LRM, RLM, ALM)
count; embeddings, overrides and isolates are refused, because Assay's generators have no use for them. Knows nothing of fonts or lines.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TypeVar

from schemas.errors import DataError

Item = TypeVar("Item")

_EXPLICIT = re.compile("[\u202a-\u202e\u2066-\u2069]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]")
# Unicode BidiBrackets.txt, pairs in use in running text; full-width and CJK pairs included.
_PAIRS = (
    "()[]{}\u2045\u2046\u207d\u207e\u208d\u208e\u2308\u2309\u230a\u230b\u27e6\u27e7\u27e8\u27e9"
    "\u27ea\u27eb\u3008\u3009\u300a\u300b\u300c\u300d\u300e\u300f\u3010\u3011\u3014\u3015\u3016\u3017\u3018\u3019\u301a\u301b"
    "\uff08\uff09\uff3b\uff3d\uff5b\uff5d\uff5f\uff60\uff62\uff63"
)
_CLOSER = {_PAIRS[i]: _PAIRS[i + 1] for i in range(0, len(_PAIRS), 2)}
_BRACKET = re.compile(f"[{re.escape(_PAIRS)}]")
_CACHED_PARAGRAPHS = 1 << 10
_MAX_OPEN_BRACKETS = 63  # UAX #9, BD16

_LETTERS = {"L": "L", "R": "R", "AL": "A", "EN": "E", "AN": "N", "ES": "S", "CS": "C", "ET": "T", "NSM": "M", "BN": "x"}
"""Bidi class -> the letter that stands for it in the class strings below; every other class is neutral, `O`."""
_STANDS_FOR = {"L": "L", "R": "R", "E": "R", "N": "R"}
"""The direction a resolved class counts as in N0 to N2: numbers count as R."""


@cache
def _class_letter(char: str) -> str:
    return _LETTERS.get(unicodedata.bidirectional(char) or "L", "O")


def has_right_to_left(text: str) -> bool:
    """Whether any character needs the algorithm in a left-to-right paragraph."""
    return _RIGHT_TO_LEFT.search(text) is not None


@lru_cache(maxsize=_CACHED_PARAGRAPHS)
def embedding_levels(text: str, base: int) -> tuple[int, ...]:
    """The level of each character of one paragraph: even runs go left to right, odd ones right to left.

    Cached, because cells of tables are measured before they are set.

    Args:
        text: One paragraph, in logical order.
        base: 0 for a left-to-right paragraph, 1 for right-to-left.

    Raises:
        DataError: `bidi_control` if the text holds an explicit embedding, override or isolate.
    """
    found = _EXPLICIT.search(text)
    if found:
        raise DataError("bidi_control", f"U+{ord(found[0]):04X} at {found.start()} in {text!r}: remove explicit formatting characters")
    classes = "".join(map(_class_letter, text))
    if "x" in classes:
        return _with_boundary_neutrals(text, classes, base)
    edge = "R" if base else "L"
    if base and "L" not in classes:  # numbers count as R, so that all between them is, too
        numbers = _resolve_weak(classes, edge) if "E" in classes or "N" in classes else ""
        return tuple([2 if letter in "EN" else 1 for letter in numbers]) or (1,) * len(text)
    resolved = _resolve_neutral(_resolve_brackets(_resolve_weak(classes, edge), classes, text, edge), edge)
    levels = {"L": base * 2, "R": 1, "E": 2, "N": 2}  # rules I1 and I2
    return tuple([levels[letter] for letter in resolved])


def _with_boundary_neutrals(text: str, classes: str, base: int) -> tuple[int, ...]:
    """Rule X9: boundary neutrals are out of sight, and take the level of what precedes them."""
    seen = iter(embedding_levels("".join(char for char, letter in zip(text, classes, strict=True) if letter != "x"), base))
    levels: list[int] = []
    for letter in classes:
        levels.append((levels[-1] if levels else base) if letter == "x" else next(seen))
    return tuple(levels)


def _resolve_weak(classes: str, edge: str) -> str:
    """Rules W1 to W7."""
    if "M" in classes:  # W1: a mark is what it sits on
        classes = re.sub("(^|[^M])(M+)", lambda found: found[1] + (found[1] or edge) * len(found[2]), classes)
    classes = re.sub("A[^LR]*", lambda found: found[0].replace("E", "N"), classes)  # W2: digits after an Arabic letter
    classes = classes.replace("A", "R")  # W3
    classes = re.sub("(?<=E)[SC](?=E)", "E", classes)  # W4: one separator between numbers joins them
    classes = re.sub("(?<=N)C(?=N)", "N", classes)
    classes = re.sub("T+(?=E)|(?<=E)T+", lambda found: "E" * len(found[0]), classes)  # W5: terminators beside digits are digits
    classes = re.sub("[SCT]", "O", classes)  # W6
    first = "^[^R]*|L[^R]*" if edge == "L" else "L[^R]*"
    return re.sub(first, lambda found: found[0].replace("E", "L"), classes)  # W7: digits after a Latin letter


def _bracket_pairs(classes: str, text: str) -> list[tuple[int, int]]:
    """Places of matching brackets that are still neutral (BD16), in order of the opener."""
    stack: list[tuple[str, int]] = []
    pairs: list[tuple[int, int]] = []
    for found in _BRACKET.finditer(text):
        char, i = found[0], found.start()
        if classes[i] != "O":
            continue
        if char in _CLOSER:
            if len(stack) == _MAX_OPEN_BRACKETS:
                return []
            stack.append((_CLOSER[char], i))
            continue
        depth = next((d for d in range(len(stack) - 1, -1, -1) if stack[d][0] == char), None)
        if depth is not None:
            pairs.append((stack[depth][1], i))
            del stack[depth:]
    return sorted(pairs)


def _resolve_brackets(classes: str, original: str, text: str, edge: str) -> str:
    """Rule N0: a bracket pair takes the paragraph's direction if that is inside, else the context's if the other is inside."""
    out = list(classes)
    for start, end in _bracket_pairs(classes, text):
        inside = {_STANDS_FOR[letter] for letter in out[start + 1 : end] if letter in _STANDS_FOR}
        if not inside:
            continue
        before = next((_STANDS_FOR[letter] for letter in reversed(out[:start]) if letter in _STANDS_FOR), edge)
        chosen = edge if edge in inside else before
        for place in (start, end):
            stop = place + 1
            while stop < len(out) and original[stop] == "M":
                stop += 1
            out[place:stop] = chosen * (stop - place)
    return "".join(out)


def _resolve_neutral(classes: str, edge: str) -> str:
    """Rules N1 and N2: neutrals between equal directions take it, others the paragraph's."""

    def direction(found: re.Match[str]) -> str:
        left = _STANDS_FOR[classes[found.start() - 1]] if found.start() else edge
        right = _STANDS_FOR[classes[found.end()]] if found.end() < len(classes) else edge
        return (left if left == right else edge) * len(found[0])

    return re.sub("O+", direction, classes)


def visual_order(items: Sequence[Item], levels: Sequence[int]) -> list[Item]:
    """Items of one line from left to right (rule L2): from the highest level to 1, reverse every run at that level or above."""
    order = list(range(len(items)))
    for level in range(max(levels, default=0), 0, -1):
        i = 0
        while i < len(order):
            end = i
            while end < len(order) and levels[order[end]] >= level:
                end += 1
            if end > i:
                order[i:end] = order[i:end][::-1]
            i = max(end, i + 1)
    return [items[i] for i in order]
