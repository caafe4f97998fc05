"""What a question is before and after it is put into words, and the answers it may have.

A stored answer is {"type": t, "value": v}; t is one of number (v a decimal text as printed), date (ISO), text, bool, list (of such
objects, `ordered` beside it) and none (the question has no answer). Nothing here knows documents.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeAlias

from schemas.sample import Json

Anchor: TypeAlias = tuple[int, str]
"""(document, anchor): a place an answer follows from."""

Kind: TypeAlias = Literal["table", "text", "figure", "structure"]
"""What sort of source an evidence is."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: stored form, and as it is printed. Lists print one text an item."""

    stored: dict[str, Json]
    printed: tuple[str, ...]

    @property
    def agrees(self) -> bool | None:
        """For an answer that says yes or no and then a value: whether it says yes; None for others."""
        items = self.stored["value"] if self.stored["type"] == "list" else None
        head = items[0] if isinstance(items, list) and items else None
        return head["value"] is True if isinstance(head, dict) and head["type"] == "bool" else None

    @property
    def is_none(self) -> bool:
        """Whether the question has no answer."""
        return self.stored["type"] == "none"


def number(value: Decimal, printed: str) -> Answer:
    """A number, with exactly the decimals that are printed."""
    return Answer({"type": "number", "value": str(value)}, (printed,))


def text(value: str) -> Answer:
    """A name, label or caption."""
    return Answer({"type": "text", "value": value}, (value,))


def day(iso: str, printed: str) -> Answer:
    """A date."""
    return Answer({"type": "date", "value": iso}, (printed,))


def finding(agrees: bool, value: Answer) -> Answer:
    """Yes or no, and the value that shows it: a bare yes would be right half the time."""
    return Answer({"type": "list", "value": [{"type": "bool", "value": agrees}, value.stored], "ordered": True}, value.printed)


def several(items: tuple[Answer, ...], *, ordered: bool) -> Answer:
    """A list of answers."""
    return Answer({"type": "list", "value": [item.stored for item in items], "ordered": ordered}, tuple(item.printed[0] for item in items))


NONE = Answer({"type": "none", "value": None}, ())
"""The document has no answer."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A question before it is put into words.

    Attributes:
        task: The type, one of the twenty of families.md C1.
        wording: Key of the phrasings.
        slots: What fills them.
        program: Derives the answer from the stored pages.
        anchors: The evidence; each page it lies on must be necessary.
        kinds: Sorts of sources.
        document: The document the question is about, or None for all.
    """

    task: str
    wording: str
    slots: dict[str, str]
    answer: Answer
    program: Json
    anchors: tuple[Anchor, ...]
    kinds: frozenset[Kind] = field(default_factory=frozenset)
    document: int | None = 0
    aggregates: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answer, program and evidence. `difficulty` is L1 to L4 (families.md C1), from pages, distance and sources."""

    task: str
    difficulty: str
    question: str
    answer_text: str
    answer: Json
    program: Json
    anchors: tuple[Anchor, ...]
