"""Tokens of a paragraph: styled spans -> shaped pieces that a line must not cut, with widths, levels and the spans they came from.

Shaping is done once a style and token, because documents repeat their words. Lengths are points. Knows nothing of columns, lines or pages.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import TypeAlias

from synth.render import bidi, breaks
from synth.render.fonts import FontFamily, font_chain, font_script
from synth.render.shape import FontChain, Shaped, chain_of, shape_token

_EPSILON_PT = 1e-6
_SPLIT_MARGIN = 8
"""Characters by which the place of a cut may be misjudged before it is looked for again (chosen)."""


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks. `color` is RGB in 0-1; `rise_pt` lifts the baseline (superscripts); `kern_pt` is room before a span of the style that
    follows another without a break, below zero to draw them together.
    """

    size_pt: float
    bold: bool = False
    italic: bool = False
    family: FontFamily = "sans"
    color: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rise_pt: float = 0.0
    kern_pt: float = 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """Text in one style. Boxes of a span with an anchor are reported under that name when it is drawn."""

    text: str
    style: Style
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A shaped run with its bidirectional level, its width at its style's size, and the room before it."""

    shaped: Shaped
    level: int
    width_pt: float
    kern_pt: float = 0.0


@dataclass(frozen=True, slots=True)
class Token:
    """What stays together on a line: items in logical order.

    Attributes:
        is_space: Spaces, which a line may end with and drops there.
        is_cjk: Has Chinese or Japanese, so that a gap beside it may be opened.
        owners: The span of each item where a token crosses spans, else empty.
    """

    items: tuple[Item, ...]
    width_pt: float
    is_space: bool
    is_cjk: bool
    owners: tuple[Span, ...] = ()


Entry: TypeAlias = tuple[Token, Span]
"""A token, and the span it (or its first item) came from."""

_Piece: TypeAlias = tuple[str, Span, int]
"""Text of one span and one level."""


class Tokenizer:
    """Cuts and shapes paragraphs of one language in one look.

    Args:
        language: BCP 47 tag, for regional letter forms.
        script: ISO 15924 code that decides the fonts.
        look: A key of `synth.render.fonts.LOOKS`.
        base: Paragraph level: 0 from left to right, 1 from right to left.
    """

    def __init__(self, language: str, script: str, look: str, base: int) -> None:
        self._language, self._look, self._base = language, look, base
        self._script = font_script(language, script)
        self._chains: dict[Style, FontChain] = {}
        self._tokens: dict[Style, dict[tuple[str, int], Token]] = {}

    def chain(self, style: Style) -> FontChain:
        """Fonts tried for text in a style, first choice first."""
        chain = self._chains.get(style)
        if chain is None:
            chain = self._chains[style] = _chain(self._language, self._script, self._look, style.family, style.bold, style.italic)
        return chain

    def tokenize(self, spans: Sequence[Span]) -> list[Entry]:
        """One paragraph as tokens. Letters join across span ends."""
        text = "".join([span.text for span in spans])
        levels = bidi.embedding_levels(text, self._base) if self._base or bidi.has_right_to_left(text) else None
        ends = list(accumulate([len(span.text) for span in spans]))
        out: list[Entry] = []
        at = end = stop = level = 0
        which = -1
        known: dict[tuple[str, int], Token] = {}
        for part in breaks.tokens(text):
            at, end = end, end + len(part)
            while stop <= at:
                which += 1
                stop = ends[which]
                known = self._tokens.setdefault(spans[which].style, {})
            if levels:
                level = levels[at]
            if end <= stop and (not levels or levels[at:end].count(level) == end - at):
                token = known.get((part, level))
                if token is None:
                    token = known[part, level] = _token(self._items(part, spans[which].style, level))
                out.append((token, spans[which]))
            else:
                out.append(self._mixed(list(_pieces(text, at, end, spans, ends, levels or (0,) * len(text)))))
        return out

    def split(self, entry: Entry, room_pt: float) -> tuple[Entry, Entry | None]:
        """Cut a token that is wider than a line: the longest head that fits (at least one character), and the rest."""
        token, span = entry
        owners = token.owners or (span,) * len(token.items)
        pieces = [
            (part, owner, item.level)
            for item, owner in zip(token.items, owners, strict=True)
            for part in breaks.graphemes(item.shaped.text)
        ]
        # Letters change their width with their neighbours, so heads are set to be measured, from shortly before where the room should end.
        limit = room_pt + _EPSILON_PT
        first = max(1, int(len(pieces) * room_pt / token.width_pt) - _SPLIT_MARGIN) if token.width_pt > room_pt else 1
        while first > 1 and self._mixed(pieces[:first])[0].width_pt > limit:
            first = max(1, first - _SPLIT_MARGIN)
        for count in range(first, len(pieces)):
            if self._mixed(pieces[: count + 1])[0].width_pt > limit:
                return self._mixed(pieces[:count]), self._mixed(pieces[count:])
        return entry, None

    def _mixed(self, pieces: Sequence[_Piece]) -> Entry:
        """A token of pieces of several spans or levels; pieces that could be one are shaped as one."""
        merged: list[_Piece] = []
        for text, span, level in pieces:
            if merged and merged[-1][1] is span and merged[-1][2] == level:
                text = merged.pop()[0] + text
            merged.append((text, span, level))
        items: list[Item] = []
        owners: list[Span] = []
        for n, (text, span, level) in enumerate(merged):
            before = merged[n - 1][0] if n and merged[n - 1][2] == level else ""
            after = merged[n + 1][0] if n + 1 < len(merged) and merged[n + 1][2] == level else ""
            made = self._items(text, span.style, level, before, after)
            if made and n and span.style.kern_pt and merged[n - 1][1] is not span:
                made = (replace(made[0], kern_pt=span.style.kern_pt), *made[1:])
            items.extend(made)
            owners.extend([span] * len(made))
        return _token(tuple(items), tuple(owners)), merged[0][1]

    def _items(self, text: str, style: Style, level: int, before: str = "", after: str = "") -> tuple[Item, ...]:
        runs = shape_token(self.chain(style), text, level % 2 == 1, before, after)
        return tuple([Item(run, level, run.width_em * style.size_pt) for run in runs])


@lru_cache(maxsize=1024)
def _chain(language: str, script: str, look: str, family: FontFamily, bold: bool, italic: bool) -> FontChain:
    return chain_of(font_chain(script, look, family, bold, italic), language)


def _token(items: tuple[Item, ...], owners: tuple[Span, ...] = ()) -> Token:
    text = "".join([item.shaped.text for item in items])
    return Token(items, math.fsum([item.width_pt + item.kern_pt for item in items]), not text.strip(" "), breaks.has_cjk(text), owners)


def _pieces(text: str, start: int, end: int, spans: Sequence[Span], ends: Sequence[int], levels: Sequence[int]) -> Iterator[_Piece]:
    """Characters `start` to `end` as pieces of one span and one level."""
    which = 0
    while start < end:
        while ends[which] <= start:
            which += 1
        stop = start + 1
        while stop < min(end, ends[which]) and levels[stop] == levels[start]:
            stop += 1
        yield text[start:stop], spans[which], levels[start]
        start = stop
