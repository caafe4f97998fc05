"""Measures of the words of a corpus: how varied the questions are, how predictable the answers. Pure functions over `Asked` records."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

from schemas.phrases import shortened

# Scripts written without spaces, taken character by character: Thai, Lao, Khmer, Burmese, kana, Han, half-width kana.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
# Vowel signs and joiners, which `\w` leaves out: combining marks, Arabic vowels, the Indic blocks without the danda.
_SIGNS = r"\u0300-\u036f\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff\u200c\u200d"
_LETTERS = rf"(?:[^\W{_UNSPACED}]|[{_SIGNS}])+"
_WORD = re.compile(rf"[{_UNSPACED}]|{_LETTERS}(?:[-'.,:/]{_LETTERS})*")
_QUOTED = re.compile(r"“[^”]*”|„[^“”]*[“”]|«[^»]*»|»[^«]*«|「[^」]*」|『[^』]*』|《[^》]*》|‘[^’]*’|\"[^\"]*\"|`[^`]*`")
_CHARACTER = re.compile(rf"[{_UNSPACED}]")
MASK = "_"
RARE_SHARE = 0.05
"""A word that one sample, or at most this share of a language's samples, uses in questions fills a slot (chosen: templates are shared)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and its answer, as the measures need them.

    Attributes:
        sample: Number of the sample in the corpus.
        value: The answer's value as canonical JSON; `null` for a refusal.
        language: First language of the sample.
    """

    sample: int
    family: str
    task: str
    language: str
    question: str
    answer: str
    value: str

    @property
    def refused(self) -> bool:
        """Whether the right answer is that there is none."""
        return self.value == "null"


def words(text: str) -> list[str]:
    """Words in lower case; scripts without spaces are taken character by character."""
    return [word.lower() for word in _WORD.findall(text)]


def mask_slots(question: str, rare: Set[str] = frozenset()) -> str:
    """The question with what a template's slots hold taken out: quoted text, words with a digit or an inner capital, and rare words.

    Args:
        question: As asked.
        rare: Words, and pairs of characters of scripts without spaces, that few samples use (`rare_words`). A character is masked when both
            pairs that it is part of are rare.
    """
    masked: list[str] = []
    found = _WORD.findall(_QUOTED.sub(f" {MASK} ", question))
    for position, word in enumerate(found):
        slot = word == MASK or any(c.isdigit() for c in word) or (position > 0 and any(c.isupper() for c in word))
        slot = slot or all(unit in rare for unit in _units(found, position))
        if not slot:
            masked.append(word.lower())
        elif not masked or masked[-1] != MASK:
            masked.append(MASK)
    return " ".join(masked)


def rare_words(asked: Sequence[Asked]) -> dict[str, frozenset[str]]:
    """By language: the units of `mask_slots` that occur in the questions of one sample, or of at most a `RARE_SHARE` of them."""
    samples: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    everyone: dict[str, set[int]] = defaultdict(set)
    for one in asked:
        everyone[one.language].add(one.sample)
        found = _WORD.findall(_QUOTED.sub(f" {MASK} ", one.question))
        for position in range(len(found)):
            for unit in _units(found, position):
                samples[one.language][unit].add(one.sample)
    few = {language: max(1, int(RARE_SHARE * len(numbers))) for language, numbers in everyone.items()}
    return {language: frozenset(unit for unit, used in units.items() if len(used) <= few[language]) for language, units in samples.items()}


def _units(found: Sequence[str], position: int) -> tuple[str, ...]:
    """What decides whether a word is rare: itself in lower case, or, in scripts without spaces, the pairs with its neighbours."""
    word = found[position]
    if not _CHARACTER.fullmatch(word):
        return (word.lower(),)
    before = found[position - 1] if position else ""
    after = found[position + 1] if position + 1 < len(found) else ""
    return (before + word, word + after)


def distinct_n(texts: Iterable[str], n: int) -> float:
    """Different n-grams of words as a share of all n-grams; 1 if there are none."""
    grams = [gram for text in texts for gram in _grams(words(text), n)]
    return len(set(grams)) / len(grams) if grams else 1.0


def template_collisions(asked: Sequence[Asked]) -> tuple[float, list[tuple[str, int]]]:
    """Share of questions whose masked form another sample's question of the language has too, and the 20 forms with the most questions.

    Questions of rare words alone are compared unmasked.
    """
    rare = rare_words(asked)
    samples: dict[str, set[int]] = defaultdict(set)
    masked = [_form(one.question, rare[one.language]) for one in asked]
    for form, one in zip(masked, asked, strict=True):
        samples[form].add(one.sample)
    colliding = sum(len(samples[form]) > 1 for form in masked)
    top = [(form, number) for form, number in Counter(masked).most_common(20) if len(samples[form]) > 1]
    return (colliding / len(masked) if masked else 0.0), top


def _form(question: str, rare: frozenset[str]) -> str:
    form = mask_slots(question, rare)
    return form if form != MASK else " ".join(words(question))


def top_answers(asked: Sequence[Asked]) -> list[tuple[str, int, int, float, float, str]]:
    """For each task: number of answers, how often the most frequent value is given, its share, what an even share is, and the value.

    An even share is one over the different values, and 0 where there is one value only: no question has but one answer.

    Refusals are left out: they have one value.
    """
    rows = []
    for task, group in _by_task(one for one in asked if not one.refused).items():
        values = Counter(one.value for one in group)
        value, number = values.most_common(1)[0]
        even = 1 / len(values) if len(values) > 1 else 0.0
        rows.append((task, len(group), number, number / len(group), even, shortened(value, 60)))
    return rows


def chance(asked: Sequence[Asked]) -> float:
    """Mean over answerable questions of 1 / (different values its task has): guessing evenly among the values one has seen."""
    answerable = [one for one in asked if not one.refused]
    distinct = {task: len({one.value for one in group}) for task, group in _by_task(answerable).items()}
    return sum(1 / distinct[one.task] for one in answerable) / len(answerable) if answerable else 0.0


def most_frequent_answer(asked: Sequence[Asked]) -> float:
    """Share of answerable questions answered by the most frequent value that other samples have for the task."""
    answerable = [one for one in asked if not one.refused]
    right = 0
    for group in _by_task(answerable).values():
        everyone = Counter(one.value for one in group)
        by_sample: dict[int, Counter[str]] = defaultdict(Counter)
        for one in group:
            by_sample[one.sample][one.value] += 1
        for one in group:
            others = everyone - by_sample[one.sample]
            right += bool(others) and min(others, key=lambda value: (-others[value], value)) == one.value
    return right / len(answerable) if answerable else 0.0


def question_only(asked: Sequence[Asked]) -> tuple[float, float]:
    """Answering from the most similar question of another sample (Jaccard similarity of words, same language; ties to the first).

    Returns: Accuracy on answerable questions, and balanced accuracy of telling refusals from answers (chance is 0.5), NaN-free: 0.5 if one
        kind is absent.
    """
    guesses = [_nearest(one, index) for index in [_index(asked)] for one in asked]
    answerable = [(one, guess) for one, guess in zip(asked, guesses, strict=True) if not one.refused]
    right = sum(guess is not None and guess.value == one.value for one, guess in answerable)
    told = {
        kind: [g is not None and g.refused == kind for o, g in zip(asked, guesses, strict=True) if o.refused == kind]
        for kind in (True, False)
    }
    balanced = sum(sum(hits) / len(hits) for hits in told.values()) / 2 if all(told.values()) else 0.5
    return (right / len(answerable) if answerable else 0.0), balanced


_Index = dict[str, list[tuple[frozenset[str], Asked]]]


def _index(asked: Sequence[Asked]) -> _Index:
    index: _Index = defaultdict(list)
    for one in asked:
        index[one.language].append((frozenset(words(one.question)), one))
    return index


def _nearest(one: Asked, index: _Index) -> Asked | None:
    mine = frozenset(words(one.question))
    best, best_similarity = None, -1.0
    for theirs, other in index[one.language]:
        if other.sample != one.sample:
            shared = len(mine & theirs)
            similarity = shared / (len(mine) + len(theirs) - shared or 1)
            if similarity > best_similarity:
                best, best_similarity = other, similarity
    return best


def _by_task(asked: Iterable[Asked]) -> dict[str, list[Asked]]:
    groups: dict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        groups[one.task].append(one)
    return dict(sorted(groups.items()))


def _grams(sequence: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return list(pairwise(sequence)) if n == 2 else [tuple(sequence[i : i + n]) for i in range(len(sequence) - n + 1)]
