"""Whether the words of an answer say its value and nothing else, in any of seven languages.

An answer is one of the sentences that the wording has for its question, or the value alone. What stands in the place of the value must be
the value as the language prints it, compared whole: texts without regard to case and white space, numbers digit by digit with the decimals
stored, dates in a form of CLDR, lists in their order with the language's separator. A number may carry a unit that the document prints
beside it. Nothing here reads documents.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from string import Formatter

from schemas.sample import Json
from synth.documents.proof_questions import Asked
from synth.documents.proof_values import Measured, Unstated, Value, folded, stored_value
from synth.documents.question_words import Phrases, question_wording
from synth.documents.reading_values import date_printed, number_printed

AFTER_YES = " ,.–:：，。、\u3000"
"""What may end the word yes or no, and is left out where that is all the sentence says."""


def misprinted(text: str, answer: Json, asked: Asked, language: str, units: Sequence[str] = ()) -> str:
    """What is wrong with an answer's text, empty when it prints the stored answer and nothing else.

    Args:
        text: The answer as the model is taught to give it.
        answer: The stored answer (`proof_values.stored_value` says its form).
        asked: The question as read back.
        language: BCP 47 tag of the question.
        units: Texts in which a number's unit may be printed: heads, captions, the words around a value.
    """
    value, _ = stored_value(answer)
    wording = question_wording(language)
    refuses = folded(text) in map(folded, wording.refusals)
    if isinstance(value, Unstated):
        return "" if refuses else f"{text!r} does not say that the document has no answer"
    if refuses:
        return f"{text!r} says that the document has no answer, but it has {value!r}"
    phrases = wording.questions[asked.key]
    if isinstance(value, tuple) and value and isinstance(value[0], bool):
        said: Value = value[1] if len(value) == 2 else value[1:]
        rests = list(_after_finding(text, value[0], phrases, asked, language))
        if not rests:
            return f"{text!r} does not begin by saying {'yes' if value[0] else 'no'}"
    else:
        said, rests = value, [text]
    printed = [part for rest in rests for part in _values_in(rest, phrases, asked)]
    if any(_prints(part, said, language, units) for part in printed):
        return ""
    return f"{text!r} does not print {said!r} and nothing else"


def _after_finding(text: str, agrees: bool, phrases: Phrases, asked: Asked, language: str) -> Iterator[str]:
    """What follows a sentence that says yes, or no, in a text; the word alone will do."""
    wording = question_wording(language)
    words = wording.yes if agrees else wording.no
    sentences = [_with_slots(item, asked) for item in (phrases.affirm if agrees else phrases.deny)]
    for said in (*sentences, *(re.escape(word.rstrip(AFTER_YES)) + "[.。।]" for word in words)):
        if found := re.match(said, text, re.IGNORECASE):
            yield text[found.end() :].strip()


def _with_slots(template: str, asked: Asked, answer: str = "") -> str:
    """A pattern for a sentence with the question's slots, and a group for the answer."""
    parts = []
    for literal, slot, *_ in Formatter().parse(template):
        parts.append(re.escape(literal))
        if slot:
            parts.append(answer if slot == "answer" else re.escape(asked.slots.get(slot, "")))
    return "".join(parts)


def _values_in(text: str, phrases: Phrases, asked: Asked) -> Iterator[str]:
    """What may be the value in an answer: all of it, or what stands in its place in a sentence."""
    yield text
    for template in phrases.answer:
        if found := re.fullmatch(_with_slots(template, asked, "(.+?)"), text, re.IGNORECASE | re.DOTALL):
            yield found[1]


def _prints(text: str, value: Value, language: str, units: Sequence[str]) -> bool:
    """Whether a text is a value as the language prints it."""
    if isinstance(value, Decimal):
        return _prints_number(text, value, language, units)
    if isinstance(value, date):
        return date_printed(text, language) == value.isoformat()
    if isinstance(value, tuple):
        separator = question_wording(language).list_separator
        return bool(value) and folded(text) == folded(separator.join(map(_item, value)))
    return not isinstance(value, bool | Measured | Unstated) and folded(text) == folded(value)


def _item(value: Value) -> str:
    """An item of a list: a text, or a count without separators."""
    return value if isinstance(value, str) else str(value)


def _prints_number(text: str, value: Decimal, language: str, units: Sequence[str]) -> bool:
    found = number_printed(text, language)
    if found is None:
        return False
    number, unit = found
    return number == value and number.as_tuple().exponent == value.as_tuple().exponent and (not unit or _is_printed(unit, units))


def _is_printed(unit: str, texts: Sequence[str]) -> bool:
    """Whether a unit stands in one of the texts, not as a part of a word in scripts that part words."""
    inside = re.escape(unit) if not unit[:1].isascii() else rf"(?<![A-Za-z]){re.escape(unit)}(?![A-Za-z])"
    return any(re.search(inside, text, re.IGNORECASE) for text in texts)
