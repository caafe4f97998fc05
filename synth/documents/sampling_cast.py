"""Draws who and what a document is about: the organisation, its people, the entities and their groups; and how many of everything.

A cast outlives one issue of a document: two issues share it. Nothing here draws a measured value.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product
from typing import Final

from numpy.random import Generator

from synth.documents.draw import between, choose, pick, shuffled
from synth.documents.genres import genre
from synth.documents.wording import GenreWords, Wording
from synth.documents.wording_checks import slots
from synth.documents.world import Attribute, Entity, Person, World

_NUMERALS: Final[dict[str, tuple[str, ...]]] = {"ar": ("arab", "latn"), "hi": ("latn", "latn", "deva")}
"""Digits drawn from by language; all others print Latin digits. Both Arabic styles are common; Hindi print mostly uses Latin digits."""
_CODE_LETTERS: Final = "BCDFGHKLMNPRSTVWX"


@dataclass(frozen=True, slots=True)
class Size:
    """How many of everything a document of about `pages` pages has (chosen so that all kinds of question find material).

    `figure_groups` is how many groups get a bar figure of each plotted metric: the first ones.
    """

    pages: int
    groups: int
    entities: int
    periods: int
    tabulated: int
    bars: int
    figure_groups: int
    trend: bool
    attributes: int
    orders: int
    events: int
    terms: int
    lists: int
    deputies: int
    managers: int
    amendments: int
    references: int
    claims: int
    masked: int
    decoys: int


_SIZES: Final = (
    Size(10, 3, 10, 3, 2, 1, 2, False, 4, 40, 6, 4, 2, 2, 5, 2, 5, 2, 1, 2),
    Size(20, 3, 15, 4, 3, 1, 3, True, 5, 70, 6, 5, 3, 2, 6, 2, 6, 3, 1, 2),
    Size(40, 4, 20, 4, 3, 2, 4, True, 5, 110, 7, 6, 3, 3, 8, 3, 8, 4, 2, 3),
    Size(80, 5, 30, 5, 4, 2, 5, True, 6, 150, 8, 7, 4, 3, 12, 4, 10, 6, 2, 3),
    Size(150, 6, 42, 6, 4, 2, 6, True, 6, 190, 9, 8, 4, 3, 18, 5, 12, 8, 3, 3),
)


def size_of(pages_target: int = 0, *, num_entities: int = 0) -> Size:
    """The size nearest to a page target, or the one with `num_entities` entities."""
    if num_entities:
        return min(_SIZES, key=lambda size: abs(size.entities - num_entities))
    return min(_SIZES, key=lambda size: abs(size.pages - pages_target) / size.pages)


@dataclass(frozen=True, slots=True)
class Cast:
    """What two issues of a document share. `place` is the organisation's seat; `decoys` are names of entities that are not covered."""

    genre: str
    organisation: str
    place: str
    groups: tuple[str, ...]
    entities: tuple[Entity, ...]
    attributes: tuple[Attribute, ...]
    people: tuple[Person, ...]
    decoys: tuple[str, ...]
    numerals: str

    @classmethod
    def of(cls, world: World, place: str) -> "Cast":
        """The cast of a world that was drawn before."""
        return cls(
            genre=world.genre,
            organisation=world.organisation,
            place=place,
            groups=world.groups,
            entities=world.entities,
            attributes=world.attributes,
            people=world.people,
            decoys=world.decoys,
            numerals=world.numerals,
        )

    def in_other_rooms(self, rng: Generator) -> "Cast":
        """The same cast after everybody has moved to another room."""
        used = {person.room for person in self.people}
        rooms = _draw_rooms(len(self.people), used, rng)
        return replace(self, people=tuple(replace(person, room=room) for person, room in zip(self.people, rooms, strict=True)))


def draw_cast(wording: Wording, genre_name: str, size: Size, rng: Generator) -> Cast:
    """Draw organisation, people, entities and decoys of one document."""
    words, ranges = wording.genre(genre_name), genre(genre_name)
    places = shuffled(rng, wording.places)
    seat = places.pop()
    families = shuffled(rng, wording.people.family)
    organisation = pick(rng, words.organisations).format(place=seat, family=families.pop())
    people = _draw_people(wording, words, families, size, rng)
    names = _draw_names(words, places, size.entities + size.decoys, rng)
    groups = tuple(choose(rng, words.groups, size.groups))
    return Cast(
        genre=genre_name,
        organisation=organisation,
        place=seat,
        groups=groups,
        entities=_draw_entities(names[: size.entities], groups, people[1 + size.deputies :], rng),
        attributes=tuple(
            Attribute(f"a{at + 1}", words.attributes[at].name, words.attributes[at].unit, ranges.attributes[at].decimals)
            for at in sorted(choose(rng, range(len(words.attributes)), size.attributes))
        ),
        people=people,
        decoys=tuple(names[size.entities :]),
        numerals=pick(rng, _NUMERALS.get(wording.language, ("latn",))),
    )


def _draw_people(wording: Wording, words: GenreWords, families: Sequence[str], size: Size, rng: Generator) -> tuple[Person, ...]:
    """The director, deputies below the director, managers below a deputy; no two share a surname."""
    count = 1 + size.deputies + size.managers
    roles = [words.roles.director, *words.roles.deputies[: size.deputies], *(pick(rng, words.roles.managers) for _ in range(size.managers))]
    rooms = _draw_rooms(count, set(), rng)
    people = []
    for at in range(count):
        name = pick(rng, wording.people.patterns).format(given=pick(rng, wording.people.given), family=families[at])
        boss = "" if at == 0 else "p1" if at <= size.deputies else f"p{between(rng, 2, 1 + size.deputies)}"
        people.append(Person(f"p{at + 1}", name, roles[at], rooms[at], boss))
    return tuple(people)


def _draw_rooms(count: int, used: set[str], rng: Generator) -> list[str]:
    """Room numbers such as `C2.14`: building, floor, door. Doors are numbered from 10 so that none looks like a page or section number."""
    rooms = [f"{building}{floor}.{door}" for building in "ABCDEH" for floor in range(1, 6) for door in range(10, 60)]
    return choose(rng, [room for room in rooms if room not in used], count)


def _draw_names(words: GenreWords, places: Sequence[str], count: int, rng: Generator) -> list[str]:
    """Different entity names; a place serves one name only, so that no name is mistaken for another."""
    pattern_slots = [(pattern, slots(pattern)) for pattern in words.names.patterns]
    if all("place" in used for _, used in pattern_slots):
        return [pick(rng, words.names.patterns).format(place=place, first=pick(rng, words.names.first)) for place in places[:count]]
    combinations = [
        pattern.format(first=first, second=second)
        for pattern in words.names.patterns
        for first, second in product(words.names.first, words.names.second)
    ]
    return choose(rng, combinations, count)


def _draw_entities(names: Sequence[str], groups: Sequence[str], managers: Sequence[Person], rng: Generator) -> tuple[Entity, ...]:
    """Entities with codes in no relation to their groups; every group has at least three, every manager at least one."""
    letters = "".join(choose(rng, _CODE_LETTERS, 2))
    codes = sorted(choose(rng, range(201, 990), len(names)))
    members = [*groups, *groups, *groups, *(pick(rng, groups) for _ in range(len(names) - 3 * len(groups)))]
    keys = [person.key for person in managers]
    owners = [*keys, *(pick(rng, keys) for _ in range(len(names) - len(keys)))]
    days = choose(rng, range(0, 25 * 365), len(names))
    return tuple(
        Entity(f"{letters}-{code}", name, group, owner, (date(1985, 1, 1) + timedelta(days=day)).isoformat())
        for code, name, group, owner, day in zip(codes, names, shuffled(rng, members), shuffled(rng, owners), days, strict=True)
    )
