"""Draws a world: what one document of a language and genre says, before anybody writes it.

The words come from `wording/`, the ranges from `genres.yaml`. The draw keeps the promises that questions rest on: codes and names are
unique, a printed number occurs once, three limits leave exactly one entity, lists overlap in part, and what is wrong is wrong on purpose
and known. Nothing here knows sentences, tables or pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from numpy.random import Generator

from schemas.errors import DataError
from synth.documents.draw import between, chance, choose, pick, shuffled
from synth.documents.formats import capitalise
from synth.documents.genres import GENRES as GENRES
from synth.documents.genres import NUM_TABULATED, Genre, MetricRange
from synth.documents.genres import genre as genre_of
from synth.documents.numerals import localise_digits
from synth.documents.sampling_cast import Cast, Size, draw_cast, size_of
from synth.documents.sampling_numbers import UnusedNumbers, draw_in, draw_limits, draw_other, draw_series
from synth.documents.wording import GenreWords, Wording, load_wording
from synth.documents.world import Amendment, Event, Limit, Metric, Order, Term, World

WRONG_TOTAL_SHARE: Final = 0.6
"""Share of worlds in which one printed total is wrong (chosen)."""
_SEASON: Final = {"quarter": 4, "half": 2}
_SPEC_TRIES: Final = 20
_LEAST_ORDERS: Final = 37
"""Rows that hardly any page has room for below the text before them (chosen)."""


@dataclass(frozen=True, slots=True)
class _Issue:
    """Which issue of a document: the year of its last period, and how many numbered runs came before."""

    year: int
    runs_before: int = 0


def sample_world(language: str, genre: str, pages_target: int, rng: Generator) -> World:
    """A world for about `pages_target` pages in `language` and `genre` (one of `GENRES`).

    Raises:
        UserError: The language has no wording.
        KeyError: There is no such genre.
        DataError: The ranges of the genre leave no unused numbers or no three limits; the sample is to be quarantined.
    """
    wording = load_wording(language)
    size = size_of(max(pages_target * 10 // genre_of(genre).least_pages, 10))
    cast = draw_cast(wording, genre, size, rng)
    issue = _Issue(between(rng, 2014, 2025))
    return _draw_world(cast, size, issue, wording, UnusedNumbers(), frozenset(), rng)


def sample_companion(world: World, rng: Generator) -> World:
    """Another issue of the same document, some years earlier or later: same cast; other periods, numbers and events."""
    wording, numbers_of_genre = load_wording(world.language), genre_of(world.genre)
    size = size_of_world(world)
    years = len(world.periods) // _SEASON.get(numbers_of_genre.period, 1) + 1
    last = int(world.issued[:4]) - 1
    issue = _Issue(last - years if chance(rng, 0.5) else last + years, len(world.periods))
    taken = {*world.values.values(), *world.specs.values(), *world.summary.values(), *world.claims.values()}
    taken |= (
        {order.amount for order in world.orders} | {limit.value for limit in world.limits} | {change.new for change in world.amendments}
    )
    cast = Cast.of(world, _seat(world, wording)).in_other_rooms(rng)
    return _draw_world(cast, size, issue, wording, UnusedNumbers(taken), frozenset(event.title for event in world.events), rng)


def size_of_world(world: World) -> Size:
    """The size a world was drawn with, found by its number of entities."""
    return size_of(num_entities=len(world.entities))


def _seat(world: World, wording: Wording) -> str:
    """The place named in the organisation's name, or any place that no entity is named after."""
    free = [place for place in wording.places if not any(place in entity.name for entity in world.entities)]
    return next((place for place in free if place in world.organisation), free[0])


def _draw_world(
    cast: Cast, size: Size, issue: _Issue, wording: Wording, numbers: UnusedNumbers, told: frozenset[str], rng: Generator
) -> World:
    words, ranges = wording.genre(cast.genre), genre_of(cast.genre)
    codes = [entity.code for entity in cast.entities]
    metrics, plotted = _draw_metrics(words, ranges, size, rng)
    metric_ranges = dict(zip((m.key for m in metrics), _ranges_used(ranges, size), strict=True))
    periods = _periods(ranges.period, size.periods, issue, wording, cast.numerals)
    series = draw_series(codes, metric_ranges, size.periods, _SEASON.get(ranges.period, 1), rng)
    unprinted = {key: UnusedNumbers() for key in plotted}  # a figure has no ties, but prints no numbers
    values = {
        f"{key}/{period}": unprinted.get(key.split("/")[0], numbers).take(value, metric_ranges[key.split("/")[0]].range.decimals)
        for key, row in series.items()
        for period, value in zip(periods, row, strict=True)
    }
    specs, limits = _draw_specs(cast, ranges, numbers, rng)
    measured = _Measured(cast, metric_ranges, plotted, values, periods, numbers)
    summary, wrong_total = _draw_summary(measured, rng)
    claims, masked = _draw_claims(measured, size, rng)
    issued = date(issue.year + 1, 1, 10) + timedelta(days=between(rng, 0, 290))
    return World(
        language=wording.language,
        genre=cast.genre,
        organisation=cast.organisation,
        title=pick(rng, words.titles).format(organisation=cast.organisation, place=cast.place, period=periods[-1]),
        number=f"{cast.entities[0].code.split('-')[0]}-{between(rng, 1000, 9999)}",
        issued=issued.isoformat(),
        periods=periods,
        groups=cast.groups,
        entities=cast.entities,
        metrics=metrics,
        attributes=cast.attributes,
        values=values,
        specs=specs,
        people=cast.people,
        orders=_draw_orders(codes, ranges, _num_orders(size, ranges, rng), issue.year, numbers, rng),
        events=_draw_events(words, size.events, issue.year, told, rng),
        terms=tuple(Term(term.acronym, term.expansion, term.definition) for term in choose(rng, words.terms, size.terms)),
        amendments=_draw_amendments(measured, issued, size.amendments, rng),
        limits=limits,
        lists=_draw_lists(words, codes, size.lists, rng),
        summary=summary,
        wrong_total=wrong_total,
        claims=claims,
        references=_draw_references(wording, words, cast, size.references, issue.year, rng),
        decoys=cast.decoys,
        numerals=cast.numerals,
        plotted=plotted,
        masked=masked,
    )


def _num_orders(size: Size, ranges: Genre, rng: Generator) -> int:
    """Length of the register: between half and all of what the size allows, but so long that it runs over pages; slides hold little."""
    most = size.orders if ranges.least_pages == 10 else size.orders * 15 // ranges.least_pages
    return between(rng, max(size.entities, min(most, _LEAST_ORDERS), most * 11 // 20), most)


def _ranges_used(ranges: Genre, size: Size) -> tuple[MetricRange, ...]:
    bars_from = NUM_TABULATED
    line = (ranges.metrics[-1],) if size.trend else ()
    return (*ranges.metrics[: size.tabulated], *ranges.metrics[bars_from : bars_from + size.bars], *line)


def _draw_metrics(words: GenreWords, ranges: Genre, size: Size, rng: Generator) -> tuple[tuple[Metric, ...], tuple[str, ...]]:
    """The metrics of the document, and the keys of those that are plotted only. Keys number the genre's list, whatever is used of it."""
    used = _ranges_used(ranges, size)
    metrics = tuple(
        Metric(f"m{at + 1}", words.metrics[at].name, words.metrics[at].unit, range_.range.decimals, range_.scale)
        for at, range_ in enumerate(ranges.metrics)
        if range_ in used
    )
    return metrics, tuple(metric.key for metric in metrics[size.tabulated :])


def _periods(kind: str, count: int, issue: _Issue, wording: Wording, numerals: str) -> tuple[str, ...]:
    """Printed names of the periods, oldest first; the last one lies in the issue's year."""
    parts = _SEASON.get(kind, 1)
    pattern = getattr(wording.periods, kind)
    names = []
    for back in reversed(range(count)):
        year, part = issue.year - back // parts, parts - back % parts
        n = issue.runs_before + count - back if parts == 1 else part
        names.append(localise_digits(pattern.format(year=year, next=f"{(year + 1) % 100:02d}", n=n), numerals))
    return tuple(names)


def _draw_specs(cast: Cast, ranges: Genre, numbers: UnusedNumbers, rng: Generator) -> tuple[dict[str, Decimal], tuple[Limit, Limit, Limit]]:
    """Values of `attribute/entity`, and three limits that single out one entity; specs are redrawn up to 20 times until there are such."""
    codes = [entity.code for entity in cast.entities]
    for attempt in range(_SPEC_TRIES):
        specs = {
            f"{attribute.key}/{code}": draw_in(ranges.attributes[int(attribute.key[1:]) - 1], numbers, rng)
            for attribute in cast.attributes
            for code in codes
        }
        try:
            return specs, draw_limits(specs, codes, {attribute.key: attribute.decimals for attribute in cast.attributes}, numbers, rng)
        except DataError as error:
            if error.reason != "no_limits" or attempt == _SPEC_TRIES - 1:
                raise
            numbers.put_back(specs.values())
    raise AssertionError("unreachable: the last attempt returns or raises")


@dataclass(frozen=True, slots=True)
class _Measured:
    """What totals, claims and amendments are about: the metrics' ranges by key, those that are plotted only, their values, and the numbers
    that are not printed yet.
    """

    cast: Cast
    ranges: dict[str, MetricRange]
    plotted: Sequence[str]
    values: dict[str, Decimal]
    periods: Sequence[str]
    numbers: UnusedNumbers

    def latest(self, key: str) -> Decimal:
        """The value of `metric/entity` in the last period."""
        return self.values[f"{key}/{self.periods[-1]}"]


def _draw_summary(measured: _Measured, rng: Generator) -> tuple[dict[str, Decimal], str]:
    """Printed totals of the last period by additive tabulated metric and group, and the key of the wrong one, or an empty string."""
    totals = {
        f"{key}/{group}": sum(
            (measured.latest(f"{key}/{entity.code}") for entity in measured.cast.entities if entity.group == group), Decimal(0)
        )
        for key, range_ in measured.ranges.items()
        if range_.additive and key not in measured.plotted
        for group in measured.cast.groups
    }
    if not chance(rng, WRONG_TOTAL_SHARE):
        return totals, ""
    wrong = pick(rng, sorted(key for key in totals if measured.ranges[key.split("/")[0]].scale == 1))  # others are not asked about
    share = 0.04 + 0.10 * float(rng.random())
    factor = 1.0 + share if chance(rng, 0.5) else 1.0 - share
    totals[wrong] = measured.numbers.take(float(totals[wrong]) * factor, measured.ranges[wrong.split("/")[0]].range.decimals)
    return totals, wrong


def _draw_claims(measured: _Measured, size: Size, rng: Generator) -> tuple[dict[str, Decimal], tuple[str, ...]]:
    """Prose values of bar figures, every second one wrong by 10 to 25 per cent of the range's end; and masked categories, other ones."""
    groups = measured.cast.groups[: size.figure_groups]
    shown_entities = [entity.code for entity in measured.cast.entities if entity.group in groups]
    keys = shuffled(rng, [f"{key}/{code}" for key in measured.plotted[: size.bars] for code in shown_entities])
    free = [key for key in keys if measured.numbers.reserve(measured.latest(key))][: size.claims]
    claims: dict[str, Decimal] = {}
    for at, key in enumerate(free):
        shown, range_ = measured.latest(key), measured.ranges[key.split("/")[0]].range
        claims[key] = draw_other(shown, range_, measured.numbers, rng, least=0.10, most=0.25) if at % 2 else shown
    return {key: claims[key] for key in sorted(claims)}, tuple(key for key in keys if key not in claims)[: size.masked]


def _draw_orders(codes: Sequence[str], ranges: Genre, count: int, year: int, numbers: UnusedNumbers, rng: Generator) -> tuple[Order, ...]:
    """The register in order of number and date; numbers rise with gaps, dates lie in `year`. Every entity has an order, some have many."""
    letter, number = pick(rng, "BDFHKLNRTVXZ"), between(rng, 10_000, 60_000)
    days = sorted(between(rng, 0, 364) for _ in range(count))
    owners = shuffled(rng, [*codes, *(pick(rng, codes) for _ in range(count - len(codes)))])
    orders = []
    for day, owner in zip(days, owners, strict=True):
        number += between(rng, 1, 9)
        when = date(year, 1, 1) + timedelta(days=day)
        orders.append(Order(f"{letter}{number}", owner, when.isoformat(), draw_in(ranges.order, numbers, rng)))
    return tuple(orders)


def _draw_events(words: GenreWords, count: int, year: int, told: frozenset[str], rng: Generator) -> tuple[Event, ...]:
    """Events on different days of the two years before the register's year, so that no other table prints their dates."""
    titles = [title for title in words.events if title not in told]
    count = min(count, len(titles))
    days = choose(rng, range(730), count)
    start = date(year - 2, 1, 1)
    return tuple(
        Event(f"e{at + 1}", (start + timedelta(days=day)).isoformat(), title)
        for at, (day, title) in enumerate(zip(days, choose(rng, titles, count), strict=True))
    )


def _draw_amendments(measured: _Measured, issued: date, count: int, rng: Generator) -> tuple[Amendment, ...]:
    """Corrections of different cells; never of the last period, whose totals are printed, nor of a metric with a note on scale, since a
    question about the corrected entry would have to say which of two numbers it means.
    """
    tabulated = [key for key, range_ in measured.ranges.items() if key not in measured.plotted and range_.scale == 1]
    codes, periods = [entity.code for entity in measured.cast.entities], measured.periods[:-1]
    cells = choose(rng, [(key, code, period) for key in tabulated for code in codes for period in periods], count)
    days = sorted(choose(rng, range(20, 280), count))
    amendments = []
    for (key, code, period), day in zip(cells, days, strict=True):
        old, decimals = measured.values[f"{key}/{code}/{period}"], measured.ranges[key].range.decimals
        share = 0.05 + 0.15 * float(rng.random())
        new = measured.numbers.take(float(old) * (1.0 + share if chance(rng, 0.5) else 1.0 - share), decimals)
        amendments.append(Amendment(key, code, period, old, new, (issued + timedelta(days=day)).isoformat()))
    return tuple(amendments)


def _draw_lists(words: GenreWords, codes: Sequence[str], count: int, rng: Generator) -> dict[str, tuple[str, ...]]:
    """Named lists; each shares about half of its members with the one before, and both have members of their own."""
    lists: dict[str, tuple[str, ...]] = {}
    previous: list[str] = []
    for name in choose(rng, words.lists, count):
        length = between(rng, max(4, len(codes) // 4), max(4, len(codes) // 3))
        shared = choose(rng, previous, max(1, min(length, len(previous)) // 2)) if previous else []
        fresh = choose(rng, [code for code in codes if code not in previous], length - len(shared))
        previous = shuffled(rng, [*shared, *fresh])
        lists[name] = tuple(previous)
    return lists


def _draw_references(
    wording: Wording, words: GenreWords, cast: Cast, count: int, year: int, rng: Generator
) -> tuple[tuple[str, str, str], ...]:
    """The bibliography in printed order: authors who are not people of the document, different titles, years before `year`."""
    surnames = {family for family in wording.people.family if not any(family in person.name for person in cast.people)}
    authors = choose(rng, sorted(surnames), count)
    topics = choose(rng, words.topics, count)
    references = []
    for surname, topic in zip(authors, topics, strict=True):
        author = pick(rng, wording.people.patterns).format(given=pick(rng, wording.people.given), family=surname)
        title = capitalise(pick(rng, wording.reference_titles).format(topic=topic))
        references.append((author, title, localise_digits(str(year - between(rng, 1, 30)), cast.numerals)))
    return tuple(references)
