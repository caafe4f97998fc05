"""Writes sentences: facts with the exact words around each value, and filler that states none.

A `Sentence` is a pattern with its slots filled; a `Pen` joins sentences into paragraphs and remembers where each fact was told, so that
`chapters_statements` can say by which words a reader finds it. Nothing here knows where a paragraph goes.
"""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final, Literal

from numpy.random import Generator

from synth.documents.blocks import Inline, Listing, Paragraph, Text
from synth.documents.chapters_statements import Told, ValueKind
from synth.documents.draw import chance, pick
from synth.documents.formats import DateStyle, capitalise, format_date, format_number, unit_affixes
from synth.documents.setting import STOPS
from synth.documents.wording import GenreWords, Wording
from synth.documents.wording_checks import slots
from synth.documents.world import World

_FILLER_TRIES: Final = 40


@dataclass(frozen=True, slots=True)
class Marked:
    """A fact that fills a slot: statement key, anchor, kind, and the affixes of its unit."""

    key: str
    anchor: str
    text: str
    kind: ValueKind
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """Runs of text; `facts` are (index of the run that is the value, statement key, kind). `note` is the key of a footnote at the end."""

    runs: tuple[str, ...]
    facts: tuple[tuple[int, Marked], ...] = ()
    note: str = ""


class Pen:
    """Writes in one language about one world, and remembers what it stated.

    Attributes:
        told: Facts by statement key, filled as paragraphs are written.
    """

    def __init__(self, world: World, wording: Wording, topics: Sequence[str], rng: Generator) -> None:
        self.world, self.wording, self.rng = world, wording, rng
        self.words: GenreWords = wording.genre(world.genre)
        self.told: dict[str, Told] = {}
        named = [world.organisation, world.title, *world.decoys, *(entity.name for entity in world.entities)]
        self._places = [place for place in wording.places if not any(place in name for name in named)]
        self._entities = [entity.name for entity in world.entities]
        self._pools: dict[str, Sequence[str]] = {
            "group": world.groups,
            "person": [person.name for person in world.people],
            "place": self._places,
            "topic": topics,
        }
        self._used: set[str] = set()
        self._recent: list[str] = []

    # --- values ---

    def number(self, value: Decimal, decimals: int) -> str:
        """A printed number."""
        return format_number(value, decimals, self.world.language, self.world.numerals)

    def date(self, iso: str, style: DateStyle = "long") -> str:
        """A printed date."""
        return format_date(iso, style, self.world.language, self.world.numerals)

    def quantity(self, key: str, anchor: str, value: Decimal, decimals: int, unit: str) -> Marked:
        """A number with its unit as a fact."""
        prefix, suffix = unit_affixes(unit, self.world.language, self.wording.unit_space)
        return Marked(key, anchor, self.number(value, decimals), "number", prefix, suffix)

    # --- sentences ---

    def state(self, patterns: Sequence[str], facts: Mapping[str, Marked], *, note: str = "", **slots: str) -> Sentence:
        """A sentence that states facts: one of `patterns`, its slots filled with `facts` and plain `slots`."""
        return fill(pick(self.rng, patterns), facts, note=note, **slots)

    def plain(self, patterns: Sequence[str], **slots: str) -> Sentence:
        """A sentence that states no fact."""
        return fill(pick(self.rng, patterns), {}, **slots)

    def filler(self, subject: str = "") -> Sentence:
        """A sentence without facts, about the entity `subject` where given."""
        patterns = self.words.context if chance(self.rng, 0.4) else self.wording.context
        return self._fresh([pattern for pattern in patterns if "{entity}" in pattern] if subject else patterns, subject)

    def bullet(self) -> Sentence:
        """A short line without facts, for slides."""
        return self._fresh(self.wording.bullets, "")

    def _fresh(self, patterns: Sequence[str], subject: str) -> Sentence:
        """One of the patterns, not one of those used last, filled as it was not filled before, as far as 40 tries find such."""
        text = pattern = ""
        recent = set(self._recent[-(len(patterns) // 2) :])
        for attempt in range(_FILLER_TRIES):
            pattern = pick(self.rng, patterns)
            if attempt < _FILLER_TRIES - 1 and pattern in recent:
                continue
            text = pattern.format(**self._filling(pattern, subject))
            if text not in self._used:
                break
        self._used.add(text)
        self._recent = [*self._recent[-60:], pattern]
        return Sentence((capitalise(text),))

    def _filling(self, pattern: str, subject: str) -> dict[str, str]:
        """Texts for the slots that the pattern has."""
        asked = _slots(pattern)
        entity = subject or (pick(self.rng, self._entities) if "entity" in asked or "other" in asked else "")
        filling = {slot: pick(self.rng, pool) for slot, pool in self._pools.items() if slot in asked}
        if "other" in asked:
            filling["other"] = pick(self.rng, [name for name in self._entities if name != entity])
        return {"entity": entity, **filling}

    # --- blocks ---

    def paragraph(self, sentences: Sequence[Sentence], role: Literal["body", "entry", "lead", "note"] = "body") -> Paragraph:
        """One paragraph; its facts become statements."""
        return Paragraph(self.inlines(sentences), role)

    def listing(self, key: str, items: Sequence[Sentence]) -> Listing:
        """A bulleted list with one sentence an item."""
        return Listing(key, tuple(self.inlines([item]) for item in items))

    def inlines(self, sentences: Sequence[Sentence]) -> Inline:
        """The runs of some sentences, with anchors on values; records the statements."""
        runs: list[Text] = []
        spans: list[tuple[Marked, int, int, int, int]] = []
        notes: list[int] = []
        position = 0
        for at, sentence in enumerate(sentences):
            space = self.wording.sentence_space if at else ""
            facts = dict(sentence.facts)
            start = position + len(space)
            end = start + sum(map(len, sentence.runs))
            for index, run in enumerate(sentence.runs):
                text = space + run if index == 0 else run
                marked = facts.get(index)
                if marked:
                    spans.append((marked, position + len(text) - len(run), position + len(text), start, end))
                last = index == len(sentence.runs) - 1
                runs.append(Text(text, anchor=marked.anchor if marked else "", note=sentence.note if last else ""))
                position += len(text)
            stop = len(runs[-1].text) - len(runs[-1].text.rstrip(STOPS))  # the mark stands before it
            notes += [position - stop] if sentence.note else []
        whole = "".join(run.text for run in runs)
        for marked, left, right, start, end in spans:
            low = max((note for note in notes if note <= left), default=0)
            high = min((note for note in notes if note >= right), default=len(whole))
            self.told[marked.key] = Told(whole, (left, right), (start, end), (low, high), marked.kind, marked.anchor)
        return tuple(run for run in runs if run.text)


@lru_cache(maxsize=1 << 12)
def _slots(pattern: str) -> frozenset[str]:
    return frozenset(slots(pattern))


def fill(pattern: str, facts: Mapping[str, Marked], *, note: str = "", **slots: str) -> Sentence:
    """Fill a pattern: slots named in `facts` become runs of their own, all others plain text.

    Raises:
        KeyError: The pattern has a slot that is in neither.
    """
    runs: list[str] = []
    marks: list[tuple[int, Marked]] = []
    text = ""
    for literal, name, _, _ in string.Formatter().parse(pattern):
        text += literal
        if name is None:
            continue
        if name not in facts:
            text += slots[name]
            continue
        fact = facts[name]
        runs.append(text + fact.prefix)
        marks.append((len(runs), fact))
        runs.append(fact.text)
        text = fact.suffix
    runs.append(text)
    runs[0] = capitalise(runs[0])
    return Sentence(tuple(runs), tuple(marks), note)
