"""Whether a program takes note of what the document says about the scale of its numbers.

Where a document notes that the printed numbers of a metric stand for thousands, an answer is either the full value, by a program that
multiplies (`scaled_value`), or does not depend on the scale (a growth rate, a code). A printed number as it stands would be wrong by that
factor. Notes are found by the wording files' sentences in the text layer; which metric a table is about, by its caption.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from string import Formatter

from synth.documents.proof_values import folded
from synth.documents.question_words import scale_sentences
from synth.documents.reading import ReadDocument, squeeze

IN_PRINT = frozenset(
    {
        "lookup_join",
        "two_table_ratio",
        "consistency",
        "two_documents",
        "reference_value",
        "footnote_value",
        "amendment_change",
        "amendment_in_force",
    }
)
"""Kinds of question whose answers change with the scale, and whose programs read printed numbers as they stand."""

METRIC_CHARS, VALUE_CHARS = 40, 16
"""Longest name of a metric, and longest number or unit, that a note on scale may hold, spaces left out (the wording has 30 and 12)."""


def unscaled(key: str, captions: Sequence[str], documents: Sequence[ReadDocument]) -> str:
    """The metric whose printed numbers are taken for full values against a note of the documents; empty where there is none.

    Args:
        key: Kind of question.
        captions: Captions of the tables that its program has read.
        documents: All documents asked about.
    """
    if key not in IN_PRINT:
        return ""
    read = "\n".join(map(folded, captions))
    return next((metric for document in documents for metric in scaled_metrics(document) if metric in read), "")


def scaled_metrics(document: ReadDocument) -> tuple[str, ...]:
    """Folded names of the metrics that a note on scale is about."""
    return _noted("\n".join(page.folded for page in document.pages), document.language)


@lru_cache(maxsize=8)
def _noted(text: str, language: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found["metric"] for note in _notes(language) for found in note.finditer(text)))


@lru_cache
def _notes(language: str) -> tuple[re.Pattern[str], ...]:
    """Patterns for notes on scale in squeezed, folded text."""
    return tuple(map(_pattern, scale_sentences(language)))


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = []
    for literal, slot, *_ in Formatter().parse(sentence):
        parts.append(re.escape(squeeze(literal).casefold()))
        if slot:
            parts.append(f"(?P<metric>.{{1,{METRIC_CHARS}}}?)" if slot == "metric" else f".{{1,{VALUE_CHARS}}}?")
    return re.compile("".join(parts))
