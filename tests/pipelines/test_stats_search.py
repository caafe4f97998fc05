"""The text search baseline finds what stands on one page and not what takes two."""

from collections import Counter

from pipelines.stats_search import best_page, found_and_chance
from pipelines.stats_text import words

PAGES = ["The harbour opened in 1921 with four cranes.", "The depot burned down in 1954.", "Annual reports are kept in room 12.", "Index"]


def test_best_page_shares_the_rare_words() -> None:
    counted = [Counter(words(page)) for page in PAGES]
    assert best_page("When did the depot burn down?", counted) == 1
    assert best_page("Where are annual reports kept?", counted) == 2


def test_an_answer_on_the_best_page_is_found_and_chance_is_the_share_of_pages() -> None:
    assert found_and_chance("When did the depot burn down?", "1954", PAGES) == (True, 0.25)
    assert found_and_chance("How many years after the harbour opened did the depot burn down?", "33", PAGES) == (False, 0.0)
    assert found_and_chance("When did the depot burn down?", "…", PAGES) is None


def test_words_of_an_answer_must_stand_together() -> None:
    assert found_and_chance("cranes of the harbour", "four cranes", PAGES) == (True, 0.25)
    assert found_and_chance("cranes of the harbour", "cranes four", PAGES) == (False, 0.0)
