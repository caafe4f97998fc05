"""Questions whose facts are told in running text, notes and lists: dates, references, definitions, amendments, sets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from numpy.random import Generator

from schemas.sample import Json
from synth.documents.blocks import Table
from synth.documents.chapters_statements import Statement
from synth.documents.questions.choosing import first_that_works, one, shuffled
from synth.documents.questions.context import CONTEXT_CHARS, Context, Fact, Paper, printed, squeezed
from synth.documents.questions.draft import Anchor, Answer, Draft, Kind, day, several, text
from synth.documents.questions.tables import of_value, whole
from synth.documents.world import Amendment, Entity, Event, Term

MAX_LISTED = 8
"""Longest list asked for (chosen)."""


def _dated(paper: Paper) -> list[tuple[Event, Fact]]:
    """Events whose sentence is whole on one page."""
    facts = ((event, paper.told(f"event/{event.key}")) for event in paper.world.events)
    return [(event, fact) for event, fact in facts if fact]


def event_extreme(context: Context, rng: Generator) -> Draft | None:
    """6: the earliest or latest of all dated events, told in different chapters."""
    paper = one(rng, context.papers)
    dated = _dated(paper)
    if len(dated) < len(paper.world.events) or len({event.date for event, _ in dated}) < len(dated):
        return None  # an event that is broken over pages could be the earliest
    last = rng.random() < 0.5
    chosen = (max if last else min)((event for event, _ in dated), key=lambda event: event.date)
    program: Json = {
        "op": "argmax" if last else "argmin",
        "names": [event.title for event, _ in dated],
        "values": [fact.program for _, fact in dated],
    }
    anchors = tuple(anchor for _, fact in dated for anchor in fact.anchors)
    wording = "event_last" if last else "event_first"
    return Draft("temporal_order", wording, {}, text(chosen.title), program, anchors, frozenset({"text"}), paper.index, True)


def event_gap(context: Context, rng: Generator) -> Draft | None:
    """6: days between two events told in different chapters."""

    def ask(paper: Paper, dates: Sequence[str], programs: Json) -> tuple[Answer, Json]:
        days = abs((date.fromisoformat(dates[0]) - date.fromisoformat(dates[1])).days)
        return whole(paper, days), {"op": "days", "args": programs}

    return _two_events(context, rng, "event_gap", ask)


def event_date_of_later(context: Context, rng: Generator) -> Draft | None:
    """6: the date of whichever of two events came later."""

    def ask(paper: Paper, dates: Sequence[str], programs: Json) -> tuple[Answer, Json]:
        return day(max(dates), paper.date(max(dates))), {"op": "max", "of": programs}

    return _two_events(context, rng, "event_later", ask)


def _two_events(
    context: Context, rng: Generator, wording: str, ask: Callable[[Paper, Sequence[str], Json], tuple[Answer, Json]]
) -> Draft | None:
    """A question on two events of different dates; `ask` gives answer and program from their dates and the programs that read them."""
    paper = one(rng, context.papers)
    chosen = list(shuffled(rng, _dated(paper)))[:2]
    dates = [event.date for event, _ in chosen]
    if len(set(dates)) < 2:
        return None
    answer, program = ask(paper, dates, [fact.program for _, fact in chosen])
    slots = {"event": chosen[0][0].title, "other": chosen[1][0].title}
    anchors = tuple(anchor for _, fact in chosen for anchor in fact.anchors)
    return Draft("temporal_order", wording, slots, answer, program, anchors, frozenset({"text"}), paper.index)


@dataclass(frozen=True, slots=True)
class _Pointer:
    """A passage on a topic that points to a table; in the footnote of a remark if `where` is `footnote`, else `reference`."""

    topic: str
    where: str
    label: Fact
    table: Table


def _pointers(paper: Paper) -> list[_Pointer]:
    """Passages and footnotes that point to tables and are whole on one page."""
    out = []
    for key, link in paper.written.links.items():
        label, table = paper.told(key.replace("remark", "footnote"), kind="text"), paper.written.tables.get(link.target)
        if label and table:
            out.append(_Pointer(link.topic, "reference" if key.startswith("xref") else "footnote", label, table))
    return out


def reference_to_table(context: Context, rng: Generator) -> Draft | None:
    """7: a passage, or the footnote of a remark, points to a table; a value of that table is asked for."""
    paper = one(rng, context.papers)

    def ask(pointer: _Pointer) -> Draft | None:
        if not pointer.table.key.startswith("metric-"):
            return None
        metric = paper.metric(pointer.table.key.removeprefix("metric-"))
        entity, period = one(rng, paper.world.entities), one(rng, paper.world.periods)
        cell = paper.cell(pointer.table.key, entity.code, period)
        if metric.scale > 1 or cell is None or paper.amended(metric.key, entity.code, period) or not isinstance(cell.program, dict):
            return None
        program: Json = {**cell.program, "table": pointer.label.program}
        slots = {"topic": pointer.topic, "code": entity.code, "period": period}
        value = paper.world.value(metric.key, entity.code, period)
        answer = of_value(paper, value, metric.decimals, metric.unit)
        anchors = (*pointer.label.anchors, *cell.anchors)
        kinds: frozenset[Kind] = frozenset({"table", "text"})
        return Draft("reference_resolution", f"{pointer.where}_value", slots, answer, program, anchors, kinds, paper.index)

    return first_that_works(rng, _pointers(paper), ask)


def reference_caption(context: Context, rng: Generator) -> Draft | None:
    """7: a passage points to a table; its caption is asked for."""
    paper = one(rng, context.papers)
    pointers = [pointer for pointer in _pointers(paper) if paper.page(f"caption/{pointer.table.key}") is not None]
    if not pointers:
        return None
    pointer = one(rng, pointers)
    program: Json = {"op": "caption", "doc": paper.index, "label": pointer.label.program}
    anchors = (*pointer.label.anchors, *paper.anchored(f"caption/{pointer.table.key}"))
    answer, slots = text(printed(pointer.table.caption)), {"topic": pointer.topic}
    kinds: frozenset[Kind] = frozenset({"structure", "text"})
    return Draft("reference_resolution", f"{pointer.where}_caption", slots, answer, program, anchors, kinds, paper.index)


def citation_source(context: Context, rng: Generator) -> Draft | None:
    """7: a passage cites a number; the bibliography says whose work that is."""
    paper = one(rng, context.papers)

    def ask(key: str) -> Draft | None:
        link = paper.written.links[key]
        mark, statement = paper.told(key, kind="text"), paper.written.statements.get(f"ref_title/{link.target}")
        if mark is None or statement is None:
            return None
        written_mark = paper.written.statements[key].value
        _, found, rest = statement.before.partition(written_mark)
        if not found:
            return None
        source = paper.told(f"ref_title/{link.target}", before={"op": "concat", "args": [mark.program, rest[:CONTEXT_CHARS]]}, kind="text")
        if source is None:
            return None
        title = paper.world.references[int(link.target) - 1][1]
        anchors = (*mark.anchors, *source.anchors)
        slots = {"topic": link.topic}
        return Draft(
            "reference_resolution", "citation_source", slots, text(title), source.program, anchors, frozenset({"text"}), paper.index
        )

    return first_that_works(rng, [key for key in paper.written.links if key.startswith("citation")], ask)


def definition(context: Context, rng: Generator) -> Draft | None:
    """8: the abbreviations used at two entities; the glossary says what they stand for."""
    paper = one(rng, context.papers)
    uses = [use for term in shuffled(rng, paper.world.terms) if (use := _use(paper, term))][:2]
    if len(uses) < 2 or uses[0].entity == uses[1].entity:
        return None
    answer = several(tuple(text(use.term.expansion) for use in uses), ordered=True)
    anchors = tuple(anchor for use in uses for anchor in use.anchors)
    slots = {"entity": uses[0].entity, "other": uses[1].entity}
    program: Json = [use.program for use in uses]
    return Draft("definition_then_use", "definition", slots, answer, program, anchors, frozenset({"text"}), paper.index)


@dataclass(frozen=True, slots=True)
class _Use:
    """An abbreviation used at an entity, and the program that spells it out."""

    term: Term
    entity: str
    program: Json
    anchors: tuple[Anchor, ...]


def _use(paper: Paper, term: Term) -> _Use | None:
    """Where an abbreviation is used, followed into the glossary."""
    used, statement = paper.told(f"use/{term.acronym}", kind="text"), paper.written.statements.get(f"term/{term.acronym}")
    if used is None or statement is None or not statement.before.startswith(term.acronym):
        return None
    before: Json = {"op": "concat", "args": [used.program, statement.before.removeprefix(term.acronym)]}
    found = paper.told(f"term/{term.acronym}", before=before, kind="text")
    entity = _user(paper, paper.written.statements[f"use/{term.acronym}"])
    return _Use(term, entity, found.program, (*used.anchors, *found.anchors)) if found and entity else None


def _user(paper: Paper, told: Statement) -> str | None:
    """The entity at which an abbreviation is used: that of its own sentence, since the words kept around it may reach into others."""
    before, after = squeezed(told.before).casefold(), squeezed(told.after).casefold()
    for entity in paper.world.entities:
        for pattern in paper.wording.statements.use:
            head, tail = (squeezed(part.format(entity=entity.name)).casefold() for part in pattern.split("{value}"))
            if before.endswith(head) and after.startswith(tail):
                return entity.name
    return None


def amendment_change(context: Context, rng: Generator) -> Draft | None:
    """10: by how much an amendment changed a printed cell: the table gives the old value, the annex the new one."""
    return _amendment(context, rng, "amendment_change")


def amendment_in_force(context: Context, rng: Generator) -> Draft | None:
    """10: the value in force: the later entry wins over the printed one."""
    return _amendment(context, rng, "amendment_in_force")


def _amendment(context: Context, rng: Generator, wording: str) -> Draft | None:
    paper = one(rng, context.papers)
    numbered = list(enumerate(paper.world.amendments, start=1))

    def ask(item: tuple[int, Amendment]) -> Draft | None:
        index, change = item
        entry = paper.told(f"amend/{index}")
        cell = paper.cell(f"metric-{change.metric}", change.entity, change.period)
        metric, entity = paper.metric(change.metric), paper.entity(change.entity)
        if metric.scale > 1 or entry is None or cell is None:
            return None
        slots = {"metric": metric.name, "code": entity.code, "period": change.period}
        anchors = (*cell.anchors, *entry.anchors)
        if wording == "amendment_change":
            program: Json = {"op": "abs", "of": {"op": "sub", "args": [entry.program, cell.program]}}
            answer = of_value(paper, abs(change.new - change.old), metric.decimals, metric.unit)
        else:
            program = {"op": "amended", "printed": cell.program, "entry": entry.program}
            answer = of_value(paper, change.new, metric.decimals, metric.unit)
        kinds: frozenset[Kind] = frozenset({"table", "text"})
        return Draft("amendment", wording, slots, answer, program, anchors, kinds, paper.index)

    return first_that_works(rng, numbered, ask)


def set_operation(context: Context, rng: Generator) -> Draft | None:
    """13: codes in one list and not in another, or in both; the lists stand in different chapters."""
    paper = one(rng, context.papers)
    names = [name for name in paper.world.lists if paper.listing(name)]
    difference = rng.random() < 0.6

    def ask(pair: tuple[str, str]) -> Draft | None:
        left, right = pair
        a, b = paper.world.lists[left], paper.world.lists[right]
        codes = [code for code in a if (code not in b) == difference]
        facts = (paper.listing(left), paper.listing(right))
        if not 1 <= len(codes) <= MAX_LISTED or not (facts[0] and facts[1]):
            return None
        program: Json = {"op": "setdiff" if difference else "intersect", "left": facts[0].program, "right": facts[1].program}
        answer = several(tuple(text(code) for code in codes), ordered=False)
        slots = {"list": left, "other": right}
        anchors = (*facts[0].anchors, *facts[1].anchors)
        wording = "set_difference" if difference else "set_intersection"
        return Draft("set_operation", wording, slots, answer, program, anchors, frozenset({"text"}), paper.index, True)

    return first_that_works(rng, [(a, b) for a in names for b in names if a != b], ask)


def manager_of_list_member(context: Context, rng: Generator) -> Draft | None:
    """16: the person in charge of the one entity that only one of two lists names: lists, directory, duties."""
    paper = one(rng, context.papers)
    people = {person.key: person.name for person in paper.world.people}
    names = [name for name in paper.world.lists if paper.listing(name)]

    def ask(pair: tuple[str, str]) -> Draft | None:
        left, right = pair
        codes = [code for code in paper.world.lists[left] if code not in paper.world.lists[right]]
        facts = (paper.listing(left), paper.listing(right))
        if len(codes) != 1 or not (facts[0] and facts[1]):
            return None
        entity: Entity = paper.entity(codes[0])
        code: Json = {"op": "only", "of": {"op": "setdiff", "left": facts[0].program, "right": facts[1].program}}
        name = paper.cell("directory", entity.code, "name", row_text=code, kind="text")
        person = name and paper.cell("duties", entity.code, "manager", row_text=name.program, kind="text")
        if not (name and person):
            return None
        anchors = (*facts[0].anchors, *facts[1].anchors, *name.anchors, *person.anchors)
        slots = {"list": left, "other": right}
        kinds: frozenset[Kind] = frozenset({"table", "text"})
        return Draft(
            "multi_hop_path", "manager_of_member", slots, text(people[entity.manager]), person.program, anchors, kinds, paper.index
        )

    return first_that_works(rng, [(a, b) for a in names for b in names if a != b], ask, tries=30)
