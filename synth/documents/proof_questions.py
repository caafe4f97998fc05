"""Reads a question back: which of a language's phrasings it is, and what it names. Serves the verifier, which knows the wording files.

A question is a lead, the document meant, the question itself, a request for its other parts, and a wish for a form of answer; all but the
question may be missing. Texts are compared without regard to case, since each part begins with a capital letter.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter

from synth.documents.proof_shapes import literal_slots
from synth.documents.question_words import Wording, question_wording
from synth.documents.reading_values import plain_digits

IMAGE = "<image>"


@dataclass(frozen=True, slots=True)
class Asked:
    """One way to read a question.

    Attributes:
        key: Which of the wording's questions it is.
        slots: What it names.
        document: The 0-based document it says it is about, or None.
    """

    key: str
    slots: Mapping[str, str]
    document: int | None


def read_question(text: str, language: str, named: Sequence[str]) -> Iterator[Asked]:
    """Every way to read a question in its language, likely ones first; `named` are the texts of its program, which many slots are."""
    wording = question_wording(language)
    asked = text.rpartition(IMAGE)[2].strip()
    folded = asked.casefold()
    likely = [
        (key, ask, also)
        for key, phrasing in wording.questions.items()
        for ask in phrasing.ask
        if _may_be(ask, folded)
        for also in phrasing.also or ("",)
        if _may_be(also, folded)
    ]
    cut = [(_document(head), body) for head, rest in _heads(asked, wording) for body in _bodies(rest, wording)]
    names = "|".join(re.escape(name.strip()) for name in sorted({*named}, key=lambda name: (-len(name), name)) if name.strip())
    for inside in (r".+?", r".+", names):
        for document, body in cut:
            for key, ask, also in likely:
                if found := _pattern(ask, also, inside, literal_slots(key) if inside == names else frozenset()).fullmatch(body):
                    yield Asked(key, found.groupdict(), document)


def _heads(text: str, wording: Wording) -> Iterator[tuple[str, str]]:
    """The text cut into what may stand before a question and the rest: nothing, a lead, the document meant, or both."""
    yield "", text
    folded = text.casefold()
    for lead in wording.leads:
        if _may_be(lead, folded) and (found := _pattern(lead).match(text)):
            yield "", text[found.end() :].lstrip()
            yield from _named_document(text[found.end() :].lstrip(), wording)
    yield from _named_document(text, wording)


def _named_document(text: str, wording: Wording) -> Iterator[tuple[str, str]]:
    for phrase in wording.which_document:
        if found := _pattern(phrase, "", r"\d").match(text):
            yield found[0], text[found.end() :].lstrip()


def _document(head: str) -> int | None:
    digits = re.findall(r"\d", plain_digits(head))
    return int(digits[0]) - 1 if digits else None


def _bodies(text: str, wording: Wording) -> Iterator[str]:
    """The text, and the text without a wish for a form of answer at its end."""
    yield text
    for tail in wording.tails:
        if text.casefold().endswith(tail.casefold()):
            yield text[: -len(tail)].rstrip()


@lru_cache(maxsize=1 << 13)
def _literals(template: str) -> tuple[str, ...]:
    return tuple(text.strip().casefold() for text, *_ in Formatter().parse(template) if text.strip())


def _may_be(template: str, folded: str) -> bool:
    """Whether a case-folded text holds all words of a template."""
    return all(part in folded for part in _literals(template))


@lru_cache(maxsize=1 << 12)
def _pattern(template: str, also: str = "", inside: str = r".+?", slots: frozenset[str] = frozenset()) -> re.Pattern[str]:
    """A template, and one that may follow it, as a pattern with a group a slot; a slot named twice must be the same.

    `inside` is what a slot may be: all of them, or only `slots` where some are given.
    """
    seen: set[str] = set()
    parts: list[str] = []
    for piece in (template, also) if also else (template,):
        parts.append(r"\s*" if parts else "")
        for text, slot, *_ in Formatter().parse(piece):
            parts.append(re.escape(text))
            if slot:
                may_be = f"(?:{inside})" if not slots or slot in slots else ".+?"
                parts.append(f"(?P={slot})" if slot in seen else f"(?P<{slot}>{may_be})")
                seen.add(slot)
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
