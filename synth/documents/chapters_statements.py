"""Chooses the words around each value by which a reader finds it: as few as make it the only such place of the whole document.

`Told` is a value within its paragraph, noted while sentences are written; `settle` cuts its context when all text is known. A reader
sees lines without their spaces and may see headings, captions and cells between them, so contexts are compared without white space, and
against everything that is printed. Nothing here writes text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from schemas.errors import DataError

ValueKind = Literal["number", "date", "text"]

CONTEXTS: Final = ((24, 32), (56, 64), (120, 128), (10_000, 10_000))
"""Tried in this order: characters before and after a value below which its statement reaches beyond the sentence, and how far it then
reaches; fewer in dense scripts. Chosen: the less it holds, the less often a page break runs through it."""
_LONGEST_WORD: Final = 20
_VALUE_CHARS: Final = 240
"""Characters that may stand between two contexts for a reader to take them for a value (twice the longest list of names)."""


@dataclass(frozen=True, slots=True)
class Statement:
    """The printed prose around one value: `before` + `value` + `after` stand in one paragraph, and only there.

    Attributes:
        kind: How the value is to be read.
        anchor: Names the box of the value.
    """

    before: str
    value: str
    after: str
    kind: ValueKind
    anchor: str


@dataclass(frozen=True, slots=True)
class Told:
    """A value in the text of its paragraph.

    Attributes:
        whole: The paragraph.
        value: (start, end) of the value in it.
        sentence: (start, end) of its sentence.
        bounds: (start, end) of the text around the value that no footnote mark interrupts.
    """

    whole: str
    value: tuple[int, int]
    sentence: tuple[int, int]
    bounds: tuple[int, int]
    kind: ValueKind
    anchor: str

    def statement(self, least: int, reach: int) -> Statement:
        """The statement with the sentence's words where these are `least` characters or more on a side, else with about `reach`."""
        left, right = self.value
        start, end = self.sentence
        low = start if left - start >= least else _word_start(self.whole, left - reach)
        high = end if end - right >= least else _word_end(self.whole, right + reach)
        low, high = max(low, self.bounds[0]), min(high, self.bounds[1])
        return Statement(self.whole[low:left], self.whole[left:right], self.whole[right:high], self.kind, self.anchor)


def settle(told: Mapping[str, Told], printed: str, density: float) -> dict[str, Statement]:
    """The statements of a document by key, sorted.

    Args:
        told: Values in their paragraphs, by key.
        printed: All text of the document in order: headings, paragraphs, captions, cells, footnotes.
        density: Characters of the language relative to Latin script.

    Raises:
        DataError: `statement_ambiguous`, when a value cannot be told from all the words of its paragraph.
    """
    squeezed = _squeeze(printed)
    return {key: _settled(key, told[key], squeezed, density) for key in sorted(told)}


def _settled(key: str, told: Told, printed: str, density: float) -> Statement:
    options = [told.statement(round(least * density), round(reach * density)) for least, reach in CONTEXTS]
    usable = [option for option in options if places_between(printed, option.before, option.after) == [_squeeze(option.value)]]
    if not usable:
        worst = options[-1]
        found = places_between(printed, worst.before, worst.after)
        what = f"{key}: between {worst.before!r} and {worst.after!r} stands {found!r}"
        raise DataError("statement_ambiguous", f"{what}; write the document with another seed")
    alone = (option for option in usable if printed.count(_squeeze(option.before)) == 1)
    return next(alone, usable[0])


def places_between(printed: str, before: str, after: str) -> list[str]:
    """What stands between two contexts, at every place where the second follows the first closely; all without white space."""
    head, tail = _squeeze(before), _squeeze(after)
    found = []
    at = printed.find(head)
    while at >= 0:
        start = at + len(head)
        end = printed.find(tail, start, start + _VALUE_CHARS + len(tail))
        if end >= 0:
            found.append(printed[start:end])
        at = printed.find(head, at + 1)
    return found


def _squeeze(text: str) -> str:
    return "".join(text.split())


def _word_start(text: str, near: int) -> int:
    """The start of the word at `near` or a little before; `near` itself in scripts without spaces, 0 where the text begins."""
    space = text.rfind(" ", max(0, near - _LONGEST_WORD), max(0, near))
    return space + 1 if space >= 0 else max(0, near)


def _word_end(text: str, near: int) -> int:
    """The end of the word at `near` or a little after; `near` itself in scripts without spaces, the length where the text ends."""
    space = text.find(" ", near, near + _LONGEST_WORD)
    return space if space >= 0 else min(near, len(text))
