"""Scores how often a sample's answers repeat themselves."""

from itertools import pairwise

from schemas.sample import Sample


def variety(sample: Sample) -> float:
    """Different word pairs as a share of all word pairs of the answer that repeats most, 0 to 1; 1 for a sample without answers of two
    words or more.
    """
    answers = [turn.text.lower().split() for turn in sample.turns if turn.role == "assistant"]
    return min((len(set(pairwise(words))) / (len(words) - 1) for words in answers if len(words) > 1), default=1.0)
