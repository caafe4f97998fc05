"""Questions without an answer, made from questions with one: a thing that the question names is replaced by one the document does not have.

So nothing in their wording tells them apart, every kind of question occurs with and without an answer, and each is a near miss: the
question it was made from has an answer in the same document. Where the same is asked of several things all of them are absent, since what
is there would have to be answered. The program proves that (`near`), that the changed query finds nothing (`query`), and that no page holds
the texts an answer would need (`never`).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from numpy.random import Generator

from schemas.sample import Json
from synth.documents.questions.choosing import one, shuffled
from synth.documents.questions.context import Context, Paper, printed, squeezed
from synth.documents.questions.draft import NONE, Draft
from synth.documents.questions.structure import SECTION_SLOTS, chapters

TASK = "unanswerable"

CODE_TRIES = 20
"""Codes drawn until one is nowhere printed (chosen; hardly any is)."""

MAX_BEYOND = 3
"""An absent table or figure has a number at most this far beyond the last (chosen: near enough to be believed)."""


@dataclass(frozen=True, slots=True)
class Absent:
    """What is asked for in vain.

    Attributes:
        slots: The slots of the question that change.
        near: Programs that must have a value, beside that of the question it was made from.
        query: Programs that must find nothing.
        never: Texts of which no page of the document holds all.
    """

    slots: dict[str, str]
    near: tuple[Json, ...] = ()
    query: tuple[Json, ...] = ()
    never: tuple[tuple[str, ...], ...] = ()


Maker: TypeAlias = Callable[[Paper, Draft, str, Generator], Absent | None]
"""Finds something absent for one slot of a question."""


def near_miss(context: Context, twin: Draft, rng: Generator) -> Draft | None:
    """The question `twin` with one slot replaced so that it has no answer; None where nothing fitting is absent."""
    paper = context.papers[twin.document or 0]
    for slot, maker in shuffled(rng, REPLACEABLE.get(twin.wording, ())):
        absent = maker(paper, twin, slot, rng)
        if absent is not None:
            return _without_answer(twin, absent)
    return None


def _without_answer(twin: Draft, absent: Absent) -> Draft:
    changed = twin.program
    for slot, text in absent.slots.items():
        changed = _replaced(changed, twin.slots[slot], text)
    queries = [*absent.query, *([changed] if changed != twin.program and not absent.query else [])]
    program: dict[str, Json] = {"op": "absent", "near": [*absent.near, twin.program], "query": queries}
    if absent.never:
        program["never"] = [list(texts) for texts in absent.never]
    if twin.document is not None:
        program["doc"] = twin.document
    return replace(twin, task=TASK, slots=twin.slots | absent.slots, answer=NONE, program=program)


def _replaced(program: Json, old: str, new: str) -> Json:
    """The program with every argument that is the text `old` replaced."""
    if isinstance(program, dict):
        return {key: _replaced(value, old, new) for key, value in program.items()}
    if isinstance(program, list):
        return [_replaced(item, old, new) for item in program]
    return new if program == old else program


# --- what may be absent ---------------------------------------------------------------------------------------------------------------


def _entity(paper: Paper, twin: Draft, slot: str, rng: Generator) -> Absent | None:
    """20a: a name that the scope statement excludes and nothing else mentions."""
    return _entities(paper, (slot,), rng)


def _both_entities(paper: Paper, twin: Draft, slot: str, rng: Generator) -> Absent | None:
    """20a: two such names, where something is asked about two."""
    return _entities(paper, ("entity", "other"), rng)


def _entities(paper: Paper, slots: Sequence[str], rng: Generator) -> Absent | None:
    scope = paper.told("scope")
    decoys = list(shuffled(rng, paper.world.decoys))[: len(slots)]
    if scope is None or len(decoys) < len(slots):
        return None
    more_than_once: list[Json] = [
        {"op": "compare", "relation": "gt", "left": {"op": "mentions", "doc": paper.index, "text": decoy}, "right": 1} for decoy in decoys
    ]
    listed: list[Json] = [{"op": "contains", "of": scope.program, "item": decoy} for decoy in decoys]
    return Absent(dict(zip(slots, decoys, strict=True)), near=tuple(listed), query=tuple(more_than_once))


def _code(paper: Paper, twin: Draft, slot: str, rng: Generator) -> Absent | None:
    """20a: a code like the others that stands nowhere."""
    known = twin.slots[slot]
    for _ in range(CODE_TRIES):
        code = re.sub(r"\d+$", lambda digits: str(rng.integers(10 ** (len(digits[0]) - 1), 10 ** len(digits[0]))), known)
        if not _printed(paper, code):
            return Absent({slot: code}, never=((code,),))
    return None


def _period(paper: Paper, twin: Draft, slot: str, rng: Generator) -> Absent | None:
    """20b: the period just before the first or after the last one, which no page prints beside what the question is about."""
    period = _beyond(paper, rng)
    names = [twin.slots[name] for name in ("entity", "code", "group", "metric") if name in twin.slots]
    if period is None or not names or any(_together(paper, period, name) for name in names[:1]):
        return None
    return Absent({slot: period}, never=((names[0], period),))


def _hidden(paper: Paper, twin: Draft, slot: str, rng: Generator) -> Absent | None:
    """20c: a category of a figure whose value is not shown and not told."""
    for figure in shuffled(rng, tuple(paper.written.figures.values())):
        metric = figure.key.split("-")[1]
        hidden = [name for name in figure.chart.masked if f"{metric}/{_code_of(paper, name)}" not in paper.world.claims]
        shown = [name for name in figure.chart.categories if name not in figure.chart.masked]
        if hidden and shown and figure.key.startswith("figure-"):
            name, series = one(rng, hidden), figure.chart.series[-1][0]
            bar: dict[str, Json] = {"op": "bar", "doc": paper.index, "figure": figure.label, "series": series}
            entity = paper.entity(_code_of(paper, name))
            slots = {slot: entity.name, "figure": figure.label, "metric": paper.metric(metric).name, "period": series}
            return Absent(slots, near=({**bar, "category": one(rng, shown)},), query=({**bar, "category": name},))
    return None


def _code_of(paper: Paper, name: str) -> str:
    """Code of an entity named by code or name."""
    return next((entity.code for entity in paper.world.entities if name in (entity.code, entity.name)), name)


def _numbered(kind: str) -> Maker:
    """20d: a table or figure with a number just beyond the last."""

    def make(paper: Paper, twin: Draft, slot: str, rng: Generator) -> Absent | None:
        count = len(paper.written.tables if kind == "table" else paper.written.figures)
        label = paper.label(kind, count + 1 + int(rng.integers(MAX_BEYOND)))
        return None if _printed(paper, label) or _listed(paper, label) else Absent({slot: label}, never=((label,),))

    return make


def _unused(texts: Callable[[Paper], Iterable[str]]) -> Maker:
    """20d: something of the same sort that documents of this genre may have, and this one has not."""

    def make(paper: Paper, twin: Draft, slot: str, rng: Generator) -> Absent | None:
        others = [text for text in texts(paper) if not _printed(paper, text)]
        if not others:
            return None
        text = one(rng, others)
        return Absent({slot: text}, never=((text,),))

    return make


def _all_sections(paper: Paper, twin: Draft, slot: str, rng: Generator) -> Absent | None:
    """20d: three titles that chapters of this genre may have, and none of this document has."""
    others = list(shuffled(rng, [text for text in paper.words.sections[1:] if not _printed(paper, text)]))[: len(SECTION_SLOTS)]
    if len(others) < len(SECTION_SLOTS):
        return None
    return Absent(dict(zip(SECTION_SLOTS, others, strict=True)), never=tuple((text,) for text in others))


def _section_between(paper: Paper, twin: Draft, slot: str, rng: Generator) -> Absent | None:
    """20d: such a title in place of the one that both distances are measured from, where documents of the genre would have it."""
    order = paper.words.sections
    first, last = (order.index(twin.slots[name]) for name in ("section", "third"))
    others = [text for text in order[first + 1 : last] if not _printed(paper, text)]
    if not others:
        return None
    text = one(rng, others)
    return Absent({slot: text}, never=((text,),))


def _printed(paper: Paper, text: str) -> bool:
    """Whether a text stands anywhere in the document."""
    wanted = "".join(text.split()).casefold()
    return any(wanted in page.casefold() for page in paper.page_texts)


def _listed(paper: Paper, label: str) -> bool:
    """Whether an entry of a contents list and the page number after it would be read as the label: 术语表 11 holds 表11."""
    wanted = squeezed(label).casefold()
    entries = [(f"heading/{heading.key}", heading.text) for heading, _ in chapters(paper)]
    entries += [(f"caption/{block.key}", printed(block.caption)) for block in paper.captioned]
    ends = (squeezed(f"{text}{paper.laid_out.pages[page].label}") for anchor, text in entries for page in paper.pages((anchor,)))
    return any(end.casefold().endswith(wanted) for end in ends)


def _together(paper: Paper, period: str, name: str) -> bool:
    """Whether any page that holds the name holds the period too."""
    texts = ["".join(text.split()) for text in (period, name)]
    return any(all(text in page for text in texts) for page in paper.page_texts)


def _beyond(paper: Paper, rng: Generator) -> str | None:
    """The period just before the first or after the last one, where periods are named by a number."""
    first, last = paper.world.periods[0], paper.world.periods[-1]
    name, step = (first, -1) if rng.random() < 0.5 else (last, 1)
    numbers = re.findall(r"\d+", name)
    if len(numbers) != 1 or not numbers[0].isascii():
        return None
    other = name.replace(numbers[0], str(int(numbers[0]) + step))
    return other if int(numbers[0]) + step > 0 and other not in paper.world.periods else None


_event = _unused(lambda paper: paper.words.events)
_list = _unused(lambda paper: paper.words.lists)
_topic = _unused(lambda paper: paper.words.topics)
_group = _unused(lambda paper: paper.words.groups)
_metric = _unused(lambda paper: [metric.name for metric in paper.words.metrics])
_subject = _unused(lambda paper: [*paper.words.groups, *(metric.name for metric in paper.words.metrics)])
_table, _figure = _numbered("table"), _numbered("figure")

REPLACEABLE: dict[str, Sequence[tuple[str, Maker]]] = {
    "lookup_join": (("entity", _entity), ("period", _period)),
    "group_of_extreme": (("metric", _metric), ("period", _period)),
    "two_table_ratio": (("code", _code), ("period", _period), ("other", _metric)),
    "growth": (("entity", _entity), ("period", _period), ("later", _period)),
    "continued_count": (("table", _table),),
    "continued_total": (("table", _table), ("code", _code)),
    "scaled_value": (("code", _code), ("period", _period)),
    "consistency": (("group", _group), ("period", _period)),
    "constraint_search": (("table", _table),),
    "room_path": (("entity", _entity),),
    "manager_of_member": (("list", _list), ("other", _list)),
    "conditional_total": (("group", _group),),
    "conditional_count": (("group", _group),),
    "two_documents": (("code", _code),),
    "event_gap": (("event", _event), ("other", _event)),
    "event_later": (("event", _event), ("other", _event)),
    "reference_value": (("topic", _topic), ("code", _code), ("period", _period)),
    "footnote_value": (("topic", _topic), ("code", _code), ("period", _period)),
    "reference_caption": (("topic", _topic),),
    "footnote_caption": (("topic", _topic),),
    "citation_source": (("topic", _topic),),
    "definition": (("entity", _both_entities),),
    "amendment_change": (("code", _code), ("period", _period)),
    "amendment_in_force": (("code", _code), ("period", _period)),
    "set_difference": (("list", _list), ("other", _list)),
    "set_intersection": (("list", _list), ("other", _list)),
    "figure_pages_pdf": (("words", _subject),),
    "figure_pages_printed": (("words", _subject),),
    "table_pages_pdf": (("words", _subject),),
    "table_pages_printed": (("words", _subject),),
    "section_pages": (("section", _all_sections),),
    "contents_pdf_page": (("section", _all_sections),),
    "section_distance": (("later", _section_between),),
    "chart_and_text": (("entity", _hidden), ("entity", _entity)),
    "claim_of_tallest": (("figure", _figure),),
    "highest_figure": (("metric", _metric),),
}
"""By wording: the slots that may be replaced, and by what, some with others beside them.

What is first or last, and how many there are, cannot be asked in vain."""
