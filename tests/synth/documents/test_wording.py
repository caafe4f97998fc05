"""Wording files: all languages complete and alike, patterns with the right slots, nothing in filler that could be an answer."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import combinations
from typing import Any

import pytest

from schemas.errors import UserError
from synth.documents.genres import GENRES, genre
from synth.documents.wording import FOLDER, languages, load_wording, parse_wording
from synth.documents.wording_checks import problems, slots

ENGLISH = (FOLDER / "en.yaml").read_text(encoding="utf-8")


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from texts(getattr(value, field.name))
    else:
        for child in value.values() if isinstance(value, dict) else value:
            yield from texts(child)


@pytest.mark.parametrize("language", languages())
def test_every_language_loads_and_names_itself(language: str) -> None:
    wording = load_wording(language)
    assert wording.language == language
    assert tuple(sorted(wording.genres)) == tuple(sorted(GENRES))


@pytest.mark.parametrize("language", languages())
def test_prose_without_facts_has_no_digits(language: str) -> None:
    wording = load_wording(language)
    free = [*wording.context, *wording.bullets, *wording.places, *wording.conventions]
    for words in wording.genres.values():
        free += [*words.context, *words.topics, *words.events, *words.sections, *words.groups, *words.lists]
    assert [text for text in free if re.search(r"\d", text)] == []


@pytest.mark.parametrize("language", languages())
def test_names_of_quantities_do_not_contain_one_another(language: str) -> None:
    for name, words in load_wording(language).genres.items():
        quantities = [quantity.name.casefold() for quantity in (*words.metrics, *words.attributes)]
        clashes = [(one, other) for one, other in combinations(quantities, 2) if one in other or other in one]
        assert clashes == [], name


@pytest.mark.parametrize("language", languages())
def test_acronyms_and_expansions_occur_nowhere_else(language: str) -> None:
    wording = load_wording(language)
    for name, words in wording.genres.items():
        everything = list(texts([words.titles, words.context, words.topics, words.events, words.sections, words.lists, wording.context]))
        for term in words.terms:
            assert not any(re.search(rf"\b{re.escape(term.acronym)}\b", text) for text in everything), (name, term.acronym)
            assert not any(term.expansion in text for text in everything), (name, term.expansion)


@pytest.mark.parametrize("language", languages())
def test_no_slot_is_left_in_text_that_nothing_fills(language: str) -> None:
    assert problems(load_wording(language)) == []


@pytest.mark.parametrize("name", GENRES)
def test_numbers_of_a_genre_fit_its_words(name: str) -> None:
    numbers, words = genre(name), load_wording("en").genre(name)
    assert len(numbers.metrics) == len(words.metrics)
    assert len(numbers.attributes) == len(words.attributes)
    for range_ in (*(metric.range for metric in numbers.metrics), *numbers.attributes, numbers.order):
        assert range_.low < range_.high
        assert range_.decimals or range_.low >= 250, "a small whole number looks like a page number"
    assert sum(metric.additive for metric in numbers.metrics[:2]) == 2, "the two tabulated metrics of the smallest document need totals"
    assert any(metric.scale > 1 for metric in numbers.metrics[:2])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  contents: Contents\n", "", "labels.contents"),
        ("  contents: Contents\n", "  contents: Contents\n  kontents: x\n", "kontents"),
        ("  contents: Contents\n", "  contents: Contents\n  contents: Again\n", "given twice"),
        ('"On {topic}, see {value}."', '"On {topic}, see {table}."', "lacks the slot"),
        ('"On {topic}, see {value}."', '"On {topic}, see {value} {when}."', "nothing fills"),
        ('"On {topic}, see {value}."', '"On {topic}, see {value} {value}."', "more than once"),
        ('"On {topic}, see {value}."', '"On {topic}, see {value."', "not a pattern"),
        ("Alice, Martin", "Martin", "people.given has 39"),
        ("Alice, Martin", "Martin, Martin", "twice"),
        ("  slides:\n", "  slidez:\n", "slidez"),
        ("direction: ltr", "direction: up", "direction"),
    ],
)
def test_a_damaged_file_is_refused_with_the_place(old: str, new: str, message: str) -> None:
    assert old in ENGLISH
    with pytest.raises(UserError, match=re.escape(message)):
        parse_wording(ENGLISH.replace(old, new, 1), where="en.yaml")


def test_an_unknown_language_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match="no wording for language 'tlh'"):
        load_wording("tlh")


def test_slots_of_a_pattern() -> None:
    assert slots("On {topic}, see {value}.") == {"topic", "value"}


SHUNNED = {
    "places": (
        *("Birkenau", "Auschwitz", "Dachau", "Buchenwald", "Treblinka", "Bergen-Belsen", "Vogelsang", "Tannhausen", "Larkhill"),
        *("Хатынь", "Катынь", "Бутово", "Тростянка", "Тростенец", "Горелово", "津山", "南京", "平顶山", "花岡"),
        *("اليرموك", "القادسية", "صبرا", "شاتيلا", "الحولة", "الروضة", "जलियाँवाला", "बेलछी"),
    ),
    "people": (
        *("Oliver Cromwell", "Thomas Cromwell", "Anton Drechsler", "Adolf Hitler", "周永康", "林俊杰", "梁家辉", "加藤智大", "松本智津夫"),
        *("سعيد الغامدي", "أحمد الغامدي", "وليد الشهري", "طارق الهاشمي", "أنس الشامي", "अनिल कपूर", "राजेश खन्ना", "विनोद खन्ना"),
    ),
    "family": ("Vickers", "Rowntree", "Yardley", "Jardine", "Quandt", "Жданова", "Калашникова"),
}
"""Camps, massacres, persecutors and perpetrators, people known by just this name, and firms: no name of a document may recall them."""


@pytest.mark.parametrize("language", languages())
def test_no_name_recalls_a_crime_or_a_firm(language: str) -> None:
    wording = load_wording(language)
    people = wording.people
    names = {
        pattern.format(given=given, family=family) for pattern in people.patterns for given in people.given for family in people.family
    }
    assert not set(wording.places) & set(SHUNNED["places"])
    assert not names & set(SHUNNED["people"])
    assert not set(people.family) & set(SHUNNED["family"])
