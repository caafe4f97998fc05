"""The structured world a synthetic document is written from: the truth of `documents.report`.

A world is small and relational: entities with attributes, metrics over periods, people, orders, events, terms, amendments, lists. Every
number is a `Decimal` exactly as printed (in the printed scale); `Metric.scale` says what the printed number must be multiplied by.
Strings are as printed, in the document's language. Dates are ISO (`2024-03-01`); wording decides how they are printed. Nothing here knows
how pages are laid out.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Metric:
    """A quantity reported for every entity and period.

    Attributes:
        key: Stable name (`m1`).
        name: As printed.
        unit: As printed (`t`, `EUR`), may be empty.
        decimals: Digits after the decimal separator as printed.
        scale: Printed number times `scale` is the value in `unit` (1, 1000, 1000000); above 1 only a conventions page says so.
    """

    key: str
    name: str
    unit: str
    decimals: int
    scale: int = 1


@dataclass(frozen=True, slots=True)
class Attribute:
    """A fixed property of every entity (capacity, price class, floor area); `limits` of constraint questions refer to it."""

    key: str
    name: str
    unit: str
    decimals: int


@dataclass(frozen=True, slots=True)
class Entity:
    """A thing the document is about: plant, product, course, route. `code` is unique over the document and printed in tables."""

    code: str
    name: str
    group: str
    manager: str
    since: str


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the organisation. `room` is printed only in the room list; `reports_to` is another person's key or empty."""

    key: str
    name: str
    role: str
    room: str
    reports_to: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """One row of the long ledger table that runs over pages (orders, deliveries, bookings, cases)."""

    number: str
    entity: str
    date: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Event:
    """Something dated, told in one chapter only."""

    key: str
    date: str
    title: str


@dataclass(frozen=True, slots=True)
class Term:
    """An acronym, defined in the glossary and used elsewhere without its expansion."""

    acronym: str
    expansion: str
    definition: str


@dataclass(frozen=True, slots=True)
class Amendment:
    """A correction printed after the table it corrects: metric, entity, period, the value in the table and the value in force."""

    metric: str
    entity: str
    period: str
    old: Decimal
    new: Decimal
    date: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A requirement stated in one place: attribute `key` at least (`min`) or at most (`max`) `value`."""

    attribute: str
    kind: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class World:
    """Everything one document says.

    Attributes:
        values: Printed number for `metric/entity/period`.
        specs: Printed number for `attribute/entity`.
        lists: Named lists of entity codes (`name as printed` -> codes), printed as bullet lists in different chapters.
        summary: Printed total for `metric/group` of the last period; at most one of them is wrong on purpose (`wrong_total`).
        claims: Prose statement of a figure's value for `metric/entity`; some disagree with the figure on purpose.
        references: Bibliography in printed order: (author, title, year).
        plotted: Keys of metrics that are printed in figures only; all others have tables.
        masked: `metric/entity` of figure categories drawn without a readable value.
        decoys: Names that are mentioned in the scope statement as *not* covered: the near misses of unanswerable questions.
    """

    language: str
    genre: str
    organisation: str
    title: str
    number: str
    issued: str
    periods: tuple[str, ...]
    groups: tuple[str, ...]
    entities: tuple[Entity, ...]
    metrics: tuple[Metric, ...]
    attributes: tuple[Attribute, ...]
    values: dict[str, Decimal]
    specs: dict[str, Decimal]
    people: tuple[Person, ...]
    orders: tuple[Order, ...]
    events: tuple[Event, ...]
    terms: tuple[Term, ...]
    amendments: tuple[Amendment, ...]
    limits: tuple[Limit, ...]
    lists: dict[str, tuple[str, ...]]
    summary: dict[str, Decimal]
    wrong_total: str
    claims: dict[str, Decimal]
    references: tuple[tuple[str, str, str], ...]
    decoys: tuple[str, ...]
    numerals: str = "latn"
    plotted: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()

    def value(self, metric: str, entity: str, period: str) -> Decimal:
        """The printed number of one table cell, before amendments."""
        return self.values[f"{metric}/{entity}/{period}"]
