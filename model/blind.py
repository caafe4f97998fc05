"""What can be answered without looking: from the questions and answers of the training data alone.

A model that does not beat these has learnt how people ask, not what documents say. `assay stats` measures the same inside one data set;
here the memory is the training data and the questions are held out, and the answers are scored as the model's are.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from model.evaluate import Question

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+")


def most_frequent(memory: Sequence[Question], asked: Sequence[Question]) -> list[str]:
    """For each question the answer that the training data give most often to its task (ties to the first in order), or nothing.

    Refusals are left out, since which questions have no answer is what the task's name would give away.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for question in memory:
        if not question.refused:
            counts[question.task][question.reference] += 1
    best = {task: min(answers, key=lambda text: (-answers[text], text)) for task, answers in counts.items()}
    return [best.get(question.task, "") for question in asked]


def nearest_question(memory: Sequence[Question], asked: Sequence[Question]) -> list[str]:
    """For each question the answer to the training question that shares most words with it (Jaccard similarity; ties to the first)."""
    known = [(_words(question.text), question.reference) for question in memory]
    holders: dict[str, list[int]] = defaultdict(list)
    for number, (words, _) in enumerate(known):
        for word in words:
            holders[word].append(number)
    return [_answer(_words(question.text), known, holders) for question in asked]


BASELINES: dict[str, Callable[[Sequence[Question], Sequence[Question]], list[str]]] = {
    "most frequent answer": most_frequent,
    "nearest question": nearest_question,
}
"""Name to (training questions, questions asked) -> answers."""


def _answer(words: frozenset[str], known: Sequence[tuple[frozenset[str], str]], holders: dict[str, list[int]]) -> str:
    shared = Counter(number for word in words for number in holders.get(word, ()))
    if not shared:
        return known[0][1] if known else ""
    best = max(shared, key=lambda number: (shared[number] / (len(words) + len(known[number][0]) - shared[number]), -number))
    return known[best][1]


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))
