"""The words of questions and answers about real documents: `wording/real/<language>.yaml`, read strictly.

Documents in a language without a file are asked about in English. Nothing here knows what the questions mean.
"""

import re
from functools import cache
from pathlib import Path
from typing import ClassVar

import yaml
from numpy.random import Generator
from pydantic import BaseModel, ConfigDict, model_validator

FOLDER = Path(__file__).parent / "wording" / "real"
ANSWERED_ALIKE = {
    "title": ("next_section", "previous_section", "reference_title", "table_next"),
    "page": ("reference_page", "contents_page"),
    "count": ("count_subsections", "term_page_count", "headings_between", "count_tables"),
    "distance": ("page_distance", "section_span", "term_span"),
    "pages": ("term_pages", "terms_both"),
    "titles": ("list_subsections",),
    "absent_section": ("absent_section",),
    "absent_term": ("absent_term",),
    "absent_table": ("absent_table",),
}
"""Kind of answer -> the question types that are answered so."""

KIND_OF = {task: kind for kind, tasks in ANSWERED_ALIKE.items() for task in tasks}
MIN_PHRASINGS = 5


class RealWording(BaseModel):
    """One language's phrasings: openings and closings put around questions, questions by type, answers by kind, list joiners."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    language: str
    openings: tuple[str, ...]
    closings: tuple[str, ...]
    questions: dict[str, tuple[str, ...]]
    answers: dict[str, tuple[str, ...]]
    joiners: dict[str, str]

    @model_validator(mode="after")
    def _complete(self) -> "RealWording":
        if set(self.questions) != set(KIND_OF) or set(self.answers) != set(ANSWERED_ALIKE) or set(self.joiners) != {"pages", "titles"}:
            raise ValueError(f"{self.language}: question types, answer kinds or joiners differ from those of real_wording.py")
        if few := [task for task, phrasings in self.questions.items() if len(set(phrasings)) < MIN_PHRASINGS]:
            raise ValueError(f"{self.language}: fewer than {MIN_PHRASINGS} phrasings for {few}")
        if "" not in self.openings or "" not in self.closings:
            raise ValueError(f"{self.language}: a question may go without an opening or a closing; give an empty one of each")
        return self

    def ask(self, task: str, slots: dict[str, str], rng: Generator, said: set[str]) -> str:
        """A question of this type with its slots filled, perhaps with an opening and a closing; those in `said` are not drawn again,
        and those drawn are added to it.
        """
        opening = _unsaid(self.openings, said, rng)
        phrase = self.questions[task][int(rng.integers(len(self.questions[task])))]
        closing = _unsaid(self.closings, said, rng)
        if not opening.rstrip().endswith(":"):
            phrase = phrase[:1].upper() + phrase[1:]
        return opening + fill(phrase, slots) + closing

    def answer(self, task: str, values: tuple[str, ...], rng: Generator) -> str:
        """An answer of this type that prints `values`, in order."""
        kind = KIND_OF[task]
        phrasings = self.answers[kind]
        return fill(phrasings[int(rng.integers(len(phrasings)))], {"value": self.printed(kind, values)})

    def printed(self, kind: str, values: tuple[str, ...]) -> str:
        """Several values as one text."""
        return self.joiners.get(kind, " ").join(values)

    def says(self, task: str, text: str, values: tuple[str, ...]) -> bool:
        """Whether `text` is an answer of this type that prints exactly `values`."""
        kind = KIND_OF[task]
        return _plain(text) in {_plain(fill(phrase, {"value": self.printed(kind, values)})) for phrase in self.answers[kind]}


def _unsaid(texts: tuple[str, ...], said: set[str], rng: Generator) -> str:
    """One of the texts that was not said yet; the empty one may come again."""
    fresh = [text for text in texts if text not in said]
    text = fresh[int(rng.integers(len(fresh)))]
    said |= {text} - {""}
    return text


def fill(phrase: str, slots: dict[str, str]) -> str:
    """The phrase with every {slot} replaced; words that hold braces themselves are left alone."""
    return re.sub(r"\{(\w+)\}", lambda match: slots[match[1]], phrase)


def question_language(language: str) -> str:
    """The language in which a document is asked about: its own where there is a wording file, else English."""
    return language if (FOLDER / f"{language}.yaml").is_file() else "en"


@cache
def load_real_wording(language: str) -> RealWording:
    """The wording of a language that has a file."""
    return RealWording.model_validate(yaml.safe_load((FOLDER / f"{language}.yaml").read_text(encoding="utf-8")))


def _plain(text: str) -> str:
    return "".join(text.replace("\u2019", "'").split())
