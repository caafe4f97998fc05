"""Scores a sample by the words of its conversation alone."""

from collections.abc import Sequence
from itertools import pairwise

from schemas.sample import Sample


def answer_variety(sample: Sample) -> float:
    """Different answers as a share of all answers; 1 when no answer is given twice, and for a sample without answers."""
    answers = [turn.text.strip() for turn in sample.turns if turn.role == "assistant"]
    return len(set(answers)) / len(answers) if answers else 1.0


def question_variety(sample: Sample) -> float:
    """Different word pairs as a share of all word pairs in the questions (distinct-2); 1 for a sample without questions."""
    pairs = [pair for turn in sample.turns if turn.role == "user" for pair in _pairs(turn.text.lower().split())]
    return len(set(pairs)) / len(pairs) if pairs else 1.0


def _pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    return list(pairwise(words))
