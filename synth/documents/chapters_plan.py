"""Decides what stands in which chapter, so that facts which a question joins are never in the same one, and numbers tables and figures.

Chapters start new pages, hence two facts in different chapters are on different pages. Nothing here writes a sentence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from numpy.random import Generator

from synth.documents.draw import choose, pick, shuffled
from synth.documents.numerals import localise_digits
from synth.documents.sampling_cast import Size
from synth.documents.wording import Wording
from synth.documents.world import World

DisplayKind = Literal["summary", "directory", "metric", "specs", "duties", "organisation", "figure", "trend", "ledger", "listing"]
FactKind = Literal["event", "limit", "use", "xref", "citation", "remark", "claim"]

_CHAPTERS: Final = {10: 6, 20: 7, 40: 9, 80: 11, 150: 12}
"""Chapters by size of world (chosen); six is the least that keeps joined facts apart."""

_TREND: Final = "m7"
"""The last metric of a genre is drawn over time."""
_DISPLAY_ROWS: Final = 6
"""Heading, caption and head of a table, in rows (chosen)."""
_FIGURE_ROWS: Final = 12
"""Height of a figure in table rows (chosen)."""


@dataclass(frozen=True, slots=True)
class Display:
    """A table, figure or list with a heading of its own. `detail` is a metric, `metric-group number` or a list's name."""

    kind: DisplayKind
    detail: str = ""

    @property
    def key(self) -> str:
        """The key of the block: `metric-m1`, `figure-m5-2`, `specs`."""
        return f"{self.kind}-{self.detail}" if self.detail else self.kind

    @property
    def numbered(self) -> Literal["table", "figure", ""]:
        """Which counter numbers it."""
        return "figure" if self.kind in ("figure", "trend") else "" if self.kind == "listing" else "table"


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact told in prose; `detail` is the rest of its statement key."""

    kind: FactKind
    detail: str


@dataclass(frozen=True, slots=True)
class Link:
    """What a remark is about and where it points: the key of a table, or the number of a reference as a text."""

    topic: str
    target: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """One numbered chapter; its displays are printed in this order."""

    title: str
    displays: tuple[Display, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole document before it is written.

    Attributes:
        links: By `xref/<n>`, `citation/<n>`, `remark/<n>`.
        labels: Printed label of each numbered display.
        topics: Topics that no link uses; filler may.
    """

    chapters: tuple[Chapter, ...]
    links: dict[str, Link]
    labels: dict[str, str]
    topics: tuple[str, ...]


def draw_plan(world: World, wording: Wording, size: Size, rng: Generator) -> Plan:
    """Place every table, figure, list and fact of the world."""
    count = _CHAPTERS[size.pages]
    displays = _place_displays(world, count, size, rng)
    words = wording.genre(world.genre)
    topics = shuffled(rng, words.topics)
    links = _draw_links(world, displays, topics, size, rng)
    facts = _place_facts(world, displays, links, rng)
    used = {link.topic for link in links.values()}
    titles = _draw_titles(words.sections, count, rng)
    chapters = tuple(
        Chapter(title, tuple(shuffled(rng, shown)), tuple(shuffled(rng, told)))
        for title, shown, told in zip(titles, displays, facts, strict=True)
    )
    labels = number_displays(chapters, world, wording)
    return Plan(chapters, links, labels, tuple(topic for topic in topics if topic not in used))


def number_displays(chapters: Iterable[Chapter], world: World, wording: Wording) -> dict[str, str]:
    """Printed labels of tables and figures, counted in document order; the list of rooms in the annex comes last."""
    shown = [display for chapter in chapters for display in chapter.displays]
    tables = [display.key for display in shown if display.numbered == "table"] + ["rooms"]
    figures = [display.key for display in shown if display.numbered == "figure"]
    return {
        key: localise_digits(pattern.format(n=at + 1), world.numerals)
        for pattern, keys in ((wording.labels.table, tables), (wording.labels.figure, figures))
        for at, key in enumerate(keys)
    }


def _draw_titles(sections: Sequence[str], count: int, rng: Generator) -> list[str]:
    """Chapter titles in the order in which the genre lists them: the first one opens the document."""
    chosen = {sections[0], *choose(rng, sections[1:], count - 1)}
    return [title for title in sections if title in chosen]


def _place_displays(world: World, count: int, size: Size, rng: Generator) -> list[list[Display]]:
    """Displays by chapter, each where there is least so far.

    The summary is in the first chapter, the directory in the second, the register in the last; metrics and specs lie between, each in a
    chapter of its own; so do the two tables of people, and the figures of one metric as far as there are chapters.
    """
    board = _Board(count, rng)
    middle = set(range(2, count - 1))
    board.put(Display("summary"), len(world.groups), {0})
    board.put(Display("directory"), len(world.entities), {1})
    board.put(Display("ledger"), len(world.orders), {count - 1})
    plain = [Display("metric", metric.key) for metric in world.metrics if metric.key not in world.plotted]
    board.put_apart([*plain, Display("specs")], len(world.entities), middle)
    board.put_apart([Display("duties"), Display("organisation")], len(world.people), {0, *middle})
    for key in world.plotted:
        kind: DisplayKind = "trend" if key == _TREND else "figure"
        groups = range(size.figure_groups)
        drawn = sorted(choose(rng, groups, max(1, len(groups) // 2))) if kind == "trend" else list(groups)
        board.put_apart([Display(kind, f"{key}-{group}") for group in drawn], _FIGURE_ROWS, {0, 1, *middle})
    board.put_apart([Display("listing", name) for name in world.lists], len(world.entities) // 3, set(range(count)))
    return board.chapters


class _Board:
    """Chapters while they are being filled; knows how many table rows each holds."""

    def __init__(self, count: int, rng: Generator) -> None:
        self.chapters: list[list[Display]] = [[] for _ in range(count)]
        self._rows = [0] * count
        self._rng = rng

    def put(self, display: Display, rows: int, allowed: set[int]) -> int:
        """Add to the emptiest allowed chapter; returns which one that was."""
        least = min(self._rows[at] for at in allowed)
        place = pick(self._rng, [at for at in sorted(allowed) if self._rows[at] == least])
        self.chapters[place].append(display)
        self._rows[place] += rows + _DISPLAY_ROWS
        return place

    def put_apart(self, displays: Sequence[Display], rows: int, allowed: set[int]) -> None:
        """Add each to another chapter, as long as there are enough allowed ones, then round again."""
        free = set(allowed)
        for display in displays:
            free = free or set(allowed)
            free.remove(self.put(display, rows, free))


def _spread(count: int, places: Sequence[int], rng: Generator) -> list[int]:
    """`count` places, all different as long as there are enough, then again from the start."""
    order = shuffled(rng, places)
    return [order[at % len(order)] for at in range(count)]


def _draw_links(world: World, displays: Sequence[Sequence[Display]], topics: Sequence[str], size: Size, rng: Generator) -> dict[str, Link]:
    """References from prose to tables and to the bibliography, each on a topic of its own."""
    targets = [display.key for shown in displays for display in shown if display.kind in ("metric", "specs", "ledger", "duties")]
    free = iter(topics)
    number = 2 if size.pages == 10 else 3
    links: dict[str, Link] = {}
    for kind in ("xref", "remark"):
        for at, target in enumerate(choose(rng, targets, number)):
            links[f"{kind}/{at + 1}"] = Link(next(free), target)
    for at, reference in enumerate(choose(rng, range(len(world.references)), number)):
        links[f"citation/{at + 1}"] = Link(next(free), str(reference + 1))
    return links


def _place_facts(world: World, displays: Sequence[Sequence[Display]], links: dict[str, Link], rng: Generator) -> list[list[Fact]]:
    """Facts by chapter, every one away from the display it is joined with; few facts where others are many."""
    home = {display.key: at for at, shown in enumerate(displays) for display in shown}
    chapters: list[list[Fact]] = [[] for _ in displays]
    group_of = {entity.code: world.groups.index(entity.group) for entity in world.entities}

    def place(fact: Fact, taboo: set[int]) -> None:
        rooms = [at for at in range(len(chapters)) if at not in taboo]
        least = min(len(chapters[at]) for at in rooms)
        chapters[pick(rng, [at for at in rooms if len(chapters[at]) == least])].append(fact)

    for at, event in zip(_spread(len(world.events), range(len(chapters)), rng), world.events, strict=True):
        chapters[at].append(Fact("event", event.key))
    taken = {home["specs"], home["directory"]}
    for limit in world.limits:
        place(Fact("limit", limit.attribute), taken)
        taken.add(next(at for at, told in enumerate(chapters) if Fact("limit", limit.attribute) in told))
    for key in world.claims:
        metric, code = key.split("/")
        place(Fact("claim", key), {home[f"figure-{metric}-{group_of[code]}"]})
    for key, link in links.items():
        kind, number = key.split("/")
        taboo = {home[link.target]} if link.target in home else set()
        place(Fact("xref" if kind == "xref" else "remark" if kind == "remark" else "citation", number), taboo)
    for term in world.terms[: len(chapters)]:
        place(Fact("use", term.acronym), set())
    return chapters
