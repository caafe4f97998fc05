"""The numbers behind each genre: ranges, decimals, scales, kinds of period and page formats, read from `genres.yaml`.

They are the same in every language; the words are in `wording/`. Nothing here draws anything.
"""

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import ClassVar, Final, Literal

import yaml
from pydantic import ConfigDict, TypeAdapter

GENRES: Final = (
    *("annual_report", "manual", "lab_protocol", "tender", "minutes", "thesis"),
    *("catalogue", "statute", "exam", "travel_guide", "medical_leaflet", "slides"),
)
NUM_TABULATED: Final = 4
"""Metrics of a genre that may get a table: the first ones of its list."""
NUM_BARS: Final = 2
"""The metrics after them are plotted as bars, the last one as a line over the periods."""

PageFormat = Literal["a4", "letter", "a5", "slide"]


@dataclass(frozen=True, slots=True)
class Range:
    """Printed numbers from `low` to `high` with `decimals` fraction digits."""

    decimals: int
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class MetricRange:
    """Range of a metric; `scale` times the printed number is the value in the unit; `additive` says that totals make sense."""

    range: Range
    scale: int
    additive: bool


@dataclass(frozen=True, slots=True)
class Genre:
    """Numbers of one genre.

    Attributes:
        least_pages: The shortest document that all kinds of fact fit on.
        period: A key of `periods` in the wording.
        pages, columns: Drawn from evenly, so repetition is weight.
        metrics, attributes: In the order of the wording.
        order: Amounts of the long register.
    """

    least_pages: int
    period: str
    pages: tuple[PageFormat, ...]
    columns: tuple[int, ...]
    metrics: tuple[MetricRange, ...]
    attributes: tuple[Range, ...]
    order: Range


@cache
def genre(name: str) -> Genre:
    """The numbers of genre `name`, one of `GENRES`.

    Raises:
        KeyError: There is no such genre.
    """
    entry = _entries()[name]
    return Genre(
        least_pages=entry.least_pages,
        period=entry.period,
        pages=entry.pages,
        columns=entry.columns,
        metrics=tuple(MetricRange(Range(d, low, high), scale, law == "sum") for d, scale, low, high, law in entry.metrics),
        attributes=tuple(Range(*numbers) for numbers in entry.attributes),
        order=Range(*entry.order),
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    """One genre as `genres.yaml` writes it; the file's head explains the rows."""

    least_pages: int
    period: str
    pages: tuple[PageFormat, ...]
    columns: tuple[int, ...]
    metrics: tuple[tuple[int, int, Decimal, Decimal, Literal["sum", "level"]], ...]
    attributes: tuple[tuple[int, Decimal, Decimal], ...]
    order: tuple[int, Decimal, Decimal]
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)


@cache
def _entries() -> dict[str, _Entry]:
    document = yaml.safe_load(Path(__file__).with_name("genres.yaml").read_text(encoding="utf-8"))
    return TypeAdapter(dict[str, _Entry]).validate_json(json.dumps(document))
