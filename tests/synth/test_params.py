"""Parameters of the documents families: what could not become a good sample is refused before anything is made, with what is allowed."""

import math

import pytest

from schemas.errors import UserError
from synth.load import load_family
from synth.params import refuse, within

REAL = {"source": "real", "pattern": "x.pdf"}


@pytest.mark.parametrize(
    ("family", "params", "place", "what", "todo"),
    [
        ("documents.report", {"languages": ["hi", "klingon"]}, "languages.1", "languages holds 'klingon'", "known languages: en, zh, ja"),
        ("documents.report", {"languages": []}, "languages", "languages is an empty list", "at least one of en, zh"),
        ("documents.report", {"genres": ["novel"]}, "genres.0", "genres holds 'novel'", "known genres: annual_report, manual"),
        ("documents.report", {"genres": ["minuts"]}, "genres.0", "'minuts'", "did you mean 'minutes'?"),
        ("documents.report", {"pages": [0]}, "pages.0", "pages holds 0", "10 to 150"),
        ("documents.report", {"pages": [10, 3]}, "pages.1", "pages holds 3", "10 to 150"),
        ("documents.report", {"pages": [20000]}, "pages.0", "pages holds 20000", "10 to 150"),
        ("documents.report", {"pages": []}, "pages", "pages is an empty list", "10 to 150"),
        ("documents.report", {"pages": [150], "context_tokens": 4096}, "pages", "no page count of (150,) fits", "larger context_tokens"),
        ("documents.report", {"context_tokens": -1}, "context_tokens", "context_tokens is -1", "1 or more"),
        ("documents.report", {"questions": 500}, "questions", "questions is 500", "1 to 20"),
        ("documents.report", {"questions": -1}, "questions", "questions is -1", "1 to 20"),
        ("documents.report", {"scan_share": 7}, "scan_share", "scan_share is 7", "0 to 1"),
        ("documents.report", {"pair_share": -0.1}, "pair_share", "pair_share is -0.1", "0 to 1"),
        ("documents.report", {"min_dpi": 200}, "min_dpi", "min_dpi is 200, more than max_dpi, which is 144", "exchange"),
        ("documents.report", {"max_dpi": 9999}, "max_dpi", "max_dpi is 9999", "36 to 600"),
        ("documents.pdf", {"pattern": "x.pdf", "questions": 0}, "questions", "questions is 0", "1 to 20"),
        ("documents.pdf", {"pattern": "x.pdf", "max_pages": 1}, "max_pages", "max_pages is 1", "2 or more"),
        ("documents.pdf", {"pattern": "x.pdf", "context_tokens": 2048}, "context_tokens", "is 2048", "2049 or more"),
        ("documents.pdf", {"pattern": "x.pdf", "min_dpi": -72}, "min_dpi", "min_dpi is -72", "36 to 600"),
        ("documents.parse", {"languages": ["jp"]}, "languages.0", "languages holds 'jp'", "did you mean 'ja'?"),
        ("documents.parse", {"pages": -2}, "pages", "pages is -2", "1 to 40"),
        ("documents.parse", {**REAL, "pages": 41}, "pages", "pages is 41", "1 to 40"),
        ("documents.parse", {"context_tokens": 0}, "context_tokens", "context_tokens is 0", "129 or more"),
    ],
)
def test_a_wrong_parameter_is_refused_with_what_is_allowed(
    family: str, params: dict[str, object], place: str, what: str, todo: str
) -> None:
    """Each row was accepted once: it failed in every sample, or gave something else than was asked for."""
    with pytest.raises(UserError) as caught:
        load_family(family, params, "demo.yaml: sources.0")
    assert caught.value.where.startswith(f"demo.yaml: sources.0.params.{place}")
    assert what in caught.value.what
    assert todo in caught.value.todo


def test_all_mistakes_are_said_each_with_its_place() -> None:
    with pytest.raises(UserError) as caught:
        load_family("documents.report", {"languages": ["xx"], "scan_share": 7, "pages": [1]}, "demo.yaml: sources.2")
    text = str(caught.value)
    assert text.startswith("3 mistakes:")
    assert all(f"where: demo.yaml: sources.2.params.{place}\n" in text for place in ("languages.0", "scan_share", "pages.0"))


def test_what_is_at_the_bounds_is_taken() -> None:
    load_family("documents.report", {"pages": [10, 150], "questions": 20, "scan_share": 0, "pair_share": 1, "context_tokens": 262144})
    load_family("documents.parse", {"pages": 40, "min_dpi": 36, "max_dpi": 36})
    refuse(within("share", 0.0, 0, 1), within("share", [1.0], 0, 1), within("count", 10**9, 1))


def test_what_is_no_number_is_outside_of_every_range() -> None:
    with pytest.raises(UserError, match="share is nan"):
        refuse(within("share", math.nan, 0, 1))
