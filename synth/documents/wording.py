"""Loads the words of a language, `wording/<language>.yaml`, into frozen dataclasses, and refuses a file that is not complete.

Every language has the same keys (the dataclasses below are the list); `wording_checks.py` sees to slots and lengths. Nothing here
knows worlds or documents; numbers and dates are written by `formats.py`.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from schemas.errors import UserError
from synth.documents.genres import GENRES
from synth.documents.wording_checks import problems

FOLDER: Final = Path(__file__).with_name("wording")
Patterns = tuple[str, ...]
_STRICT: Final = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, slots=True)
class People:
    """Pools that names of people are made of; `patterns` say in which order."""

    patterns: Patterns
    given: Patterns
    family: Patterns
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class Labels:
    """Fixed printed words: labels of numbered things, titles of front and back matter, column heads."""

    table: str
    figure: str
    chapter: str
    section: str
    annex: str
    citation: str
    contents: str
    list_of_tables: str
    list_of_figures: str
    continued: str
    note: str
    conventions: str
    scope: str
    amendments: str
    glossary: str
    references: str
    rooms: str
    remarks: str
    closing: str
    points: str
    document_number: str
    issued: str
    code: str
    since: str
    person: str
    role: str
    reports_to: str
    room: str
    number: str
    date: str
    none: str
    hidden: str
    period: str
    reference: str
    quantity_head: str
    glossary_entry: str
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class Periods:
    """How a column of time is named, by kind of period."""

    year: str
    season: str
    quarter: str
    half: str
    run: str
    week: str
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class Captions:
    """Caption patterns of tables and figures."""

    directory: Patterns
    summary: Patterns
    metric: Patterns
    specs: Patterns
    duties: Patterns
    organisation: Patterns
    ledger: Patterns
    rooms: Patterns
    figure: Patterns
    trend: Patterns
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class Headings:
    """Patterns of section headings by what the section holds."""

    directory: Patterns
    summary: Patterns
    metric: Patterns
    specs: Patterns
    duties: Patterns
    organisation: Patterns
    ledger: Patterns
    figure: Patterns
    trend: Patterns
    listing: Patterns
    profile: Patterns
    topic: Patterns
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class Statements:
    """Sentences that state a fact; `{value}` is the fact."""

    claim: Patterns
    event: Patterns
    limit_min: Patterns
    limit_max: Patterns
    scale: Patterns
    amendment: Patterns
    xref: Patterns
    citation: Patterns
    remark: Patterns
    footnote: Patterns
    use: Patterns
    scope: Patterns
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun without article: singular, plural, and as a column head."""

    one: str
    many: str
    head: str
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class Quantity:
    """Name and unit of a metric or attribute."""

    name: str
    unit: str
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class OrderWords:
    """The rows of the long register: what one is called and which amount it has."""

    one: str
    many: str
    head: str
    amount: Quantity
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class NameParts:
    """Entity names: patterns over `{place}`, `{first}` and `{second}`."""

    patterns: Patterns
    first: Patterns
    second: Patterns
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class Roles:
    """Positions: one director, deputies who report to the director, managers who report to a deputy."""

    director: str
    deputies: Patterns
    managers: Patterns
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class TermWords:
    """A term of the glossary."""

    acronym: str
    expansion: str
    definition: str
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class GenreWords:
    """The words of one genre."""

    titles: Patterns
    subtitles: Patterns
    organisations: Patterns
    entity: Noun
    group: Noun
    names: NameParts
    groups: Patterns
    metrics: tuple[Quantity, ...]
    attributes: tuple[Quantity, ...]
    order: OrderWords
    lists: Patterns
    roles: Roles
    events: Patterns
    terms: tuple[TermWords, ...]
    sections: Patterns
    topics: Patterns
    context: Patterns
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class Wording:
    """All words of one language."""

    language: str
    direction: Literal["ltr", "rtl"]
    sentence_space: str
    list_separator: str
    unit_space: str
    people: People
    places: Patterns
    labels: Labels
    periods: Periods
    captions: Captions
    headings: Headings
    statements: Statements
    conventions: Patterns
    scope_intro: Patterns
    list_intro: Patterns
    table_lead: Patterns
    figure_lead: Patterns
    table_notes: Patterns
    amendments_intro: Patterns
    reference_titles: Patterns
    context: Patterns
    bullets: Patterns
    genres: dict[str, GenreWords]
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    def genre(self, name: str) -> GenreWords:
        """The words of genre `name`."""
        return self.genres[name]


@cache
def load_wording(language: str) -> Wording:
    """The words of `language` (a BCP 47 code with a file below `wording/`), checked.

    Raises:
        UserError: There is no such file, or it lacks a key, has an unknown one, a wrong slot or too short a list.
    """
    path = FOLDER / f"{language}.yaml"
    if not path.is_file():
        known = ", ".join(languages())
        raise UserError(f"no wording for language {language!r}", where="language", todo=f"use one of {known}, or write a file like en.yaml")
    return parse_wording(path.read_text(encoding="utf-8"), where=path.name)


def languages() -> tuple[str, ...]:
    """Languages that have a wording file, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def parse_wording(text: str, *, where: str) -> Wording:
    """Read and check one wording file; `where` names it in errors (`UserError`)."""
    try:
        document = yaml.load(text, Loader=_NoDuplicates)  # noqa: S506 - a SafeLoader that also refuses duplicate keys
        wording = TypeAdapter(Wording).validate_json(json.dumps(document))
    except yaml.YAMLError as error:
        raise UserError(f"not YAML: {error}", where=where, todo="mend the place named") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        what = f"{path}: {first['msg']} (found {first['input']!r:.80})"
        raise UserError(what, where=where, todo="give it the keys of en.yaml") from error
    if set(wording.genres) != set(GENRES):
        differing = sorted(set(wording.genres) ^ set(GENRES))
        raise UserError(
            f"genres must be exactly {', '.join(GENRES)}; differing: {differing}", where=where, todo="give it the genres of en.yaml"
        )
    if found := problems(wording):
        raise UserError("; ".join(found[:20]), where=where, todo="see the head of en.yaml for what slots and lists must be")
    return wording


_SafeLoader: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader  # libyaml reads eight times as fast


class _NoDuplicates(_SafeLoader):  # type: ignore[misc]  # both are loaders with the same constructor
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is given twice", node.start_mark)
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        return made
