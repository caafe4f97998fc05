"""A blind baseline: is the answer on the one page that a text search finds? If so the question does not need the document's other pages."""

import math
from collections import Counter
from collections.abc import Sequence

import pymupdf

from pipelines.stats_text import words

K1, B = 1.5, 0.75
"""Okapi BM25 with its customary constants (Robertson and Zaragoza, 2009)."""


def page_texts(pdf: bytes) -> list[str]:
    """The text layer of each page."""
    with pymupdf.open(stream=pdf, filetype="pdf") as document:
        return [page.get_text() for page in document]


def best_page(question: str, pages: Sequence[Counter[str]]) -> int:
    """The page with the highest BM25 score for the question; ties to the first."""
    sizes = [page.total() for page in pages]
    mean = sum(sizes) / len(sizes) or 1.0
    scores = [0.0] * len(pages)
    for word in set(words(question)):
        having = sum(word in page for page in pages)
        weight = math.log(1 + (len(pages) - having + 0.5) / (having + 0.5))
        for number, page in enumerate(pages):
            if (frequency := page[word]) > 0:
                scores[number] += weight * frequency * (K1 + 1) / (frequency + K1 * (1 - B + B * sizes[number] / mean))
    return scores.index(max(scores))


def found_and_chance(question: str, answer: str, pages: Sequence[str]) -> tuple[bool, float] | None:
    """Whether the answer's words all stand together on the best page, and the share of pages on which they do; None for an answer without
    words.
    """
    wanted = words(answer)
    if not wanted or not pages:
        return None
    listed = [words(page) for page in pages]
    holding = [_contains(page, wanted) for page in listed]
    best = best_page(question, [Counter(page) for page in listed])
    return holding[best], sum(holding) / len(holding)


def _contains(text: Sequence[str], wanted: Sequence[str]) -> bool:
    first, size = wanted[0], len(wanted)
    return any(word == first and list(text[i : i + size]) == list(wanted) for i, word in enumerate(text))
