"""What the verifier knows of `wording/questions/<language>.yaml`: the phrasings of questions and answers, and the words that decide what
an answer says. It shares the data with the writer of questions, and no code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from schemas.errors import UserError

FOLDER = Path(__file__).parent / "wording"


@dataclass(frozen=True, slots=True)
class Phrases:
    """Ways to ask and to answer one kind of question."""

    ask: tuple[str, ...]
    also: tuple[str, ...]
    answer: tuple[str, ...]
    affirm: tuple[str, ...]
    deny: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """The question wording of one language; `yes` and `no` begin answers, `refusals` are whole ones."""

    leads: tuple[str, ...]
    which_document: tuple[str, ...]
    tails: tuple[str, ...]
    questions: Mapping[str, Phrases]
    yes: tuple[str, ...]
    no: tuple[str, ...]
    refusals: tuple[str, ...]
    list_separator: str


@lru_cache
def question_wording(language: str) -> Wording:
    """The question wording of a language (BCP 47).

    Raises:
        UserError: There is none.
    """
    path = FOLDER / "questions" / f"{language}.yaml"
    if not path.is_file():
        known = sorted(item.stem for item in path.parent.glob("*.yaml"))
        raise UserError(f"no question wording for {language!r}", where=path.name, todo=f"choose one of {known}")
    words = _loaded(path)
    frame, said = words["frame"], words["answer_words"]
    parts = ("ask", "also", "answer", "affirm", "deny")
    return Wording(
        leads=tuple(frame["leads"]),
        which_document=tuple(frame["which_document"]),
        tails=(*frame["tails_bare"], *frame["tails_sentence"]),
        questions={key: Phrases(*(tuple(item.get(part, ())) for part in parts)) for key, item in words["questions"].items()},
        yes=tuple(said["affirm"]),
        no=tuple(said["deny"]),
        refusals=tuple(words["refusals"]),
        list_separator=words["list_separator"],
    )


@lru_cache
def column_heads(language: str) -> Mapping[str, tuple[str, ...]]:
    """How documents of a language head the columns that programs read, by what stands in them, over all genres."""
    words: dict[str, Any] = _loaded(FOLDER / f"{language}.yaml")
    labels, genres = words["labels"], words["genres"].values()
    heads = {name: (labels[name],) for name in ("code", "person", "room", "reports_to", "number")}
    heads |= {name: (labels[name].replace("{n}", ""),) for name in ("table", "figure")}
    heads["entity"] = tuple(genre["entity"]["head"] for genre in genres)
    heads["group"] = tuple(genre["group"]["head"] for genre in genres)
    heads["manager"] = tuple(genre["roles"]["managers"][0] for genre in genres)
    return heads


@lru_cache
def limit_sentences(language: str) -> Mapping[str, tuple[str, ...]]:
    """How documents of a language state a limit to {attribute}, by the relation that {value} then has: `ge` for the least, `le` for the
    most.
    """
    statements: dict[str, list[str]] = _loaded(FOLDER / f"{language}.yaml")["statements"]
    return {"ge": tuple(statements["limit_min"]), "le": tuple(statements["limit_max"])}


@lru_cache
def scale_sentences(language: str) -> tuple[str, ...]:
    """How documents of a language say that the printed numbers of {metric} are to be multiplied by {value} to give {unit}."""
    statements: dict[str, list[str]] = _loaded(FOLDER / f"{language}.yaml")["statements"]
    return tuple(statements["scale"])


def _loaded(path: Path) -> dict[str, Any]:
    """A wording file, by libyaml's parser, which is ten times as fast."""
    words: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return words
