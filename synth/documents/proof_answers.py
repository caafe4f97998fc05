"""Whether the words of an answer print the value they should, in any of seven languages.

The text of an answer is read as a person would: numbers and dates in it are parsed, texts are looked for, yes, no and refusals are
recognised by the words of the question wording (data, not code, that the writer of answers uses too). Nothing here reads documents.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from schemas.sample import Json
from synth.documents.proof_values import Measured, Unstated, Value, folded, stored_value
from synth.documents.question_words import answer_words
from synth.documents.reading_values import dates_in, numbers_in


def unprinted(text: str, answer: Json, languages: Sequence[str]) -> str:
    """What is wrong with an answer's text, empty when it prints the stored answer.

    Args:
        text: The answer as the model is taught to give it.
        answer: The stored answer (`proof_values.stored_value` says its form).
        languages: BCP 47 tags whose number and date formats and words may be used.
    """
    value, ordered = stored_value(answer)
    refuses = any(folded(words) in folded(text) for language in languages for words in answer_words(language).refusals)
    if isinstance(value, Unstated):
        return "" if refuses else f"{text!r} does not say that the document has no answer"
    if refuses:
        return f"{text!r} says that the document has no answer, but it has {value!r}"
    if isinstance(value, tuple):
        return _unprinted_list(text, value, ordered, languages)
    return "" if any(_prints(text, value, language) for language in languages) else f"{text!r} does not print {value!r}"


def _unprinted_list(text: str, values: tuple[Value, ...], ordered: bool, languages: Sequence[str]) -> str:
    """As `unprinted` for a list; an ordered one must be printed in its order."""
    for value in values:
        if not any(_prints(text, value, language) for language in languages):
            return f"{text!r} does not print {value!r}"
    if ordered and all(isinstance(value, str) for value in values):
        if not _in_order(folded(text), [folded(str(value)) for value in values]):
            return f"{text!r} prints the items in another order than {values!r}"
    numbers = [value for value in values if isinstance(value, Decimal)]
    if ordered and numbers and not any([n for n in numbers_in(text, language) if n in numbers] == numbers for language in languages):
        return f"{text!r} prints the numbers in another order than {values!r}"
    return ""


def _prints(text: str, value: Value, language: str) -> bool:
    if isinstance(value, bool):
        return answer_words(language).says(text) is value
    if isinstance(value, Decimal):
        return any(number == value and number.as_tuple().exponent == value.as_tuple().exponent for number in numbers_in(text, language))
    if isinstance(value, date):
        return value.isoformat() in dates_in(text, language)
    if isinstance(value, Measured):
        return False
    return folded(str(value)) in folded(text)


def _in_order(text: str, parts: Sequence[str]) -> bool:
    """Whether the parts stand in the text one after another; one may begin like another."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True
