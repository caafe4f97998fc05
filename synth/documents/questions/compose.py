"""Picks questions for a sample: types evenly, a fifth without an answer, no answer twice, and each on at least two pages.

Everything is a function of the context and the random stream; nothing is known of other samples, so evenness over a corpus comes from
drawing types in random order, each once before any comes again.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from numpy.random import Generator

from schemas.sample import Json
from synth.documents.questions import figures, prose, structure, tables, unanswerable
from synth.documents.questions.choosing import shuffled
from synth.documents.questions.context import Context, squeezed
from synth.documents.questions.draft import Draft, Question
from synth.documents.questions.phrase import phrase

Writer: TypeAlias = Callable[[Context, Generator], Draft | None]

TYPES: dict[str, tuple[Writer, ...]] = {
    "lookup_join": (tables.lookup_join, tables.group_of_extreme),
    "two_table_arithmetic": (tables.two_table_ratio, tables.growth_by_name),
    "continued_table": (tables.continued_count, tables.continued_total),
    "chart_against_text": (figures.chart_and_text, figures.claim_of_tallest),
    "multi_figure": (figures.highest_figure,),
    "temporal_order": (prose.event_extreme, prose.event_gap, prose.event_date_of_later),
    "reference_resolution": (prose.reference_to_table, prose.reference_caption, prose.citation_source),
    "definition_then_use": (prose.definition,),
    "scale_note": (tables.scaled_value,),
    "amendment": (prose.amendment_change, prose.amendment_in_force),
    "counting": (structure.count_captions,),
    "locating": (structure.pages_of_captions, structure.sections_on_pages),
    "set_operation": (prose.set_operation,),
    "consistency": (tables.consistency,),
    "constraint_search": (tables.constraint_search,),
    "multi_hop_path": (tables.room_path, prose.manager_of_list_member),
    "conditional_aggregation": (tables.conditional_total,),
    "page_arithmetic": (structure.contents_to_pdf_page, structure.section_distance),
    "two_documents": (tables.two_documents,),
}
"""Types 1 to 19 of families.md C1, each with the writers of its variants."""

UNANSWERABLE_SHARE = 0.2
"""MMLongBench-Doc has 20.6 % (families.md A1.1)."""

ROUNDS = 3
"""How often each type is asked for before a sample is given fewer questions than wanted."""


def compose(context: Context, rng: Generator, n: int) -> tuple[Question, ...]:
    """At most `n` questions about the documents of a context, fewer where a small document has no more."""
    wanted = n * UNANSWERABLE_SHARE
    num_none = int(wanted) + int(rng.random() < wanted % 1)
    drafts = _answerable(context, rng, n - num_none) + _unanswerable(context, rng, num_none)
    order = rng.permutation(len(drafts))
    said: set[str] = set()
    return tuple(_question(context, drafts[int(index)], rng, said) for index in order)


def _answerable(context: Context, rng: Generator, n: int) -> list[Draft]:
    """Drafts of different types as far as possible."""
    drafts: list[Draft] = []
    for _ in range(ROUNDS):
        for task in _in_order(context, rng):
            if len(drafts) < n and (draft := _attempt(context, rng, TYPES[task], drafts)):
                drafts.append(draft)
    return drafts


def _in_order(context: Context, rng: Generator) -> list[str]:
    """Types in random order; those that only samples of two documents have come first there, since they are rare."""
    order = list(shuffled(rng, tuple(TYPES)))
    return sorted(order, key=lambda task: task != "two_documents") if len(context.papers) > 1 else order


def _unanswerable(context: Context, rng: Generator, n: int) -> list[Draft]:
    """Type 20: near misses of questions of the other types, which are chosen as those with an answer are."""
    drafts: list[Draft] = []
    for task in [task for _ in range(ROUNDS) for task in _in_order(context, rng)]:
        if len(drafts) < n and (twin := _attempt(context, rng, TYPES[task], ())) and (draft := unanswerable.near_miss(context, twin, rng)):
            drafts.append(draft)
    return drafts


def _attempt(context: Context, rng: Generator, writers: Sequence[Writer], drafts: Sequence[Draft]) -> Draft | None:
    """A draft of one of the variants that may stand beside the others."""
    for writer in shuffled(rng, writers):
        draft = writer(context, rng)
        if draft and len(pages_of(context, draft)) >= 2 and not _says_itself(draft) and not _repeats(draft, drafts):
            return draft
    return None


def pages_of(context: Context, draft: Draft) -> set[tuple[int, int]]:
    """(document, page) of all evidence."""
    return {(paper, page) for paper, anchor in draft.anchors for page in context.papers[paper].pages((anchor,))}


def _says_itself(draft: Draft) -> bool:
    """Whether the question would print its answer."""
    slots = [squeezed(text).casefold() for text in draft.slots.values()]
    return all(any(_names(text, squeezed(answer).casefold()) for text in slots) for answer in draft.answer.printed)


def _names(text: str, answer: str) -> bool:
    """Whether a text says an answer; digits at its ends are not parts of longer numbers."""
    return bool(
        re.search(rf"(?<!\d){re.escape(answer)}(?!\d)" if answer[:1].isdigit() or answer[-1:].isdigit() else re.escape(answer), text)
    )


def _repeats(draft: Draft, drafts: Sequence[Draft]) -> bool:
    """Whether another question has the same answer or asks the same."""
    key = _key(draft.answer.stored)
    return any(key == _key(other.answer.stored) or (draft.wording, draft.slots) == (other.wording, other.slots) for other in drafts)


def _key(answer: Json) -> str:
    return json.dumps(answer, sort_keys=True, ensure_ascii=False)


def _question(context: Context, draft: Draft, rng: Generator, said: set[str]) -> Question:
    question, answer = phrase(context, draft, rng, said)
    return Question(draft.task, difficulty(context, draft), question, answer, draft.answer.stored, draft.program, draft.anchors)


def difficulty(context: Context, draft: Draft) -> str:
    """L1: two adjacent pages, one sort of source. L2: two pages otherwise. L3: three or four pages. L4: five or more, or an aggregate."""
    pages = sorted(pages_of(context, draft))
    if draft.answer.is_none:
        return "L3"
    if len(pages) >= 5 or draft.aggregates:
        return "L4"
    if len(pages) >= 3:
        return "L3"
    near = len(pages) == 2 and pages[0][0] == pages[1][0] and pages[1][1] - pages[0][1] == 1
    return "L1" if near and len(draft.kinds) < 2 else "L2"
