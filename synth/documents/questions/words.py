"""Loads the phrasings of a language, `wording/questions/<language>.yaml`, into frozen dataclasses; files with other keys are refused.

Every language has the keys of the dataclasses below, and for each phrasing of a question the same slots as English.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from schemas.errors import UserError

FOLDER = Path(__file__).parents[1] / "wording" / "questions"

_STRICT = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, slots=True)
class AnswerWords:
    """How answers begin that say yes or no, and phrases that only refusals hold. The verifier reads yes and no too, and whole refusals."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    affirm: tuple[str, ...]
    deny: tuple[str, ...]
    refusals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """What may stand around a question: `leads` before it, `tails` after it, by the form of answer they ask for."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    leads: tuple[str, ...]
    which_document: tuple[str, ...]
    tails_bare: tuple[str, ...]
    tails_sentence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrasing:
    """Ways to ask one kind of question, and sentences that answer it (`{answer}` is the value).

    `also` asks for the rest of an answer of several parts. Questions whose answer starts with yes or no have `affirm` and `deny` for that.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    ask: tuple[str, ...]
    also: tuple[str, ...] = ()
    answer: tuple[str, ...] = ()
    affirm: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QuestionWords:
    """All question wording of one language."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    answer_words: AnswerWords
    list_separator: str
    full_stop: str
    frame: Frame
    refusals: tuple[str, ...]
    questions: dict[str, Phrasing]


@lru_cache
def load_question_words(language: str) -> QuestionWords:
    """The question wording of a language (BCP 47).

    Raises:
        UserError: There is none, or the file has missing, unknown or empty keys.
    """
    path = FOLDER / f"{language}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(item.stem for item in FOLDER.glob("*.yaml")))
        raise UserError(f"no question wording for {language!r}", where="languages", todo=f"choose one of {known}")
    try:
        # JSON mode of pydantic turns lists into tuples while staying strict about everything else.
        return TypeAdapter(QuestionWords).validate_json(_json(path))
    except ValidationError as error:
        raise UserError(
            f"question wording of {language!r} is not complete: {error}", where=path.name, todo="give it the keys of en.yaml"
        ) from error


def _json(path: Path) -> str:
    return json.dumps(yaml.safe_load(path.read_text(encoding="utf-8")))
