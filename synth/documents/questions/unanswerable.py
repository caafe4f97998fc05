"""Questions without an answer that come near to one: an entity only named as not covered, a period beyond the table, a hidden value, a false premise.

Each carries a program that proves the absence: what the question names exists (`near`), the query finds nothing, and no page holds the
words an answer would need (`never`).
"""

import re

from numpy.random import Generator

from schemas.sample import Json
from synth.documents.questions.choosing import first_that_works, one
from synth.documents.questions.context import Context, Paper
from synth.documents.questions.draft import NONE, Draft
from synth.documents.questions.structure import chapters
from synth.documents.world import Entity

TASK = "unanswerable"


def absent_entity(context: Context, rng: Generator) -> Draft | None:
    """20a: a name that the scope statement excludes; no table has a row for it."""
    paper = one(rng, context.papers)
    scope = paper.told("scope")
    if scope is None or not paper.world.decoys or not paper.tabulated:
        return None
    decoy, metric, period = one(rng, paper.world.decoys), one(rng, paper.tabulated), one(rng, paper.world.periods)
    real = paper.code_of(one(rng, paper.world.entities))
    if real is None or not isinstance(real.program, dict):
        return None
    more_than_once: Json = {"op": "compare", "relation": "gt", "left": {"op": "mentions", "doc": paper.index, "text": decoy}, "right": 1}
    program: Json = {
        "op": "absent",
        "near": [{"op": "contains", "of": scope.program, "item": decoy}, real.program],
        "query": [{**real.program, "row": decoy}, more_than_once],
    }
    slots = {"metric": metric.name, "entity": decoy, "period": period}
    return Draft(TASK, "absent_entity", slots, NONE, program, scope.anchors, frozenset({"table"}), paper.index)


def absent_period(context: Context, rng: Generator) -> Draft | None:
    """20b: the right entity and table, a period that the table does not have."""
    paper = one(rng, context.papers)
    if not paper.tabulated:
        return None

    def ask(entity: Entity) -> Draft | None:
        metric = one(rng, paper.tabulated)
        period = _beyond(paper, rng)
        cell = paper.cell(f"metric-{metric.key}", entity.code, paper.world.periods[-1])
        if period is None or cell is None or not isinstance(cell.program, dict) or _together(paper, period, (entity.code, entity.name)):
            return None
        program: Json = {
            "op": "absent",
            "near": [cell.program],
            "query": [{**cell.program, "column": period}],
            "never": [[entity.code, period], [entity.name, period]],
        }
        slots = {"metric": metric.name, "entity": entity.name, "period": period}
        return Draft(TASK, "absent_entity", slots, NONE, program, cell.anchors, frozenset({"table"}), paper.index)

    return first_that_works(rng, paper.world.entities, ask)


def _beyond(paper: Paper, rng: Generator) -> str | None:
    """The period just before the first or after the last one, where periods are named by a number."""
    first, last = paper.world.periods[0], paper.world.periods[-1]
    name, step = (first, -1) if rng.random() < 0.5 else (last, 1)
    numbers = re.findall(r"\d+", name)
    if len(numbers) != 1 or not numbers[0].isascii():
        return None
    other = name.replace(numbers[0], str(int(numbers[0]) + step))
    return other if int(numbers[0]) + step > 0 and other not in paper.world.periods else None


def _together(paper: Paper, period: str, names: tuple[str, ...]) -> bool:
    """Whether any page that holds one of the names holds the period too."""
    wanted = "".join(period.split())
    pages = [text for text in paper.page_texts if wanted in text]
    return any("".join(name.split()) in text for text in pages for name in names)


def hidden_value(context: Context, rng: Generator) -> Draft | None:
    """20c: a category of a figure whose value is not shown."""
    paper = one(rng, context.papers)

    def ask(key: str) -> Draft | None:
        figure = paper.written.figures[key]
        metric_key = key.split("-")[1]
        shown = [name for name in figure.chart.categories if name not in figure.chart.masked]
        hidden = [name for name in figure.chart.masked if f"{metric_key}/{_code(paper, name)}" not in paper.world.claims]
        if not hidden or not shown:
            return None
        category, series = one(rng, hidden), figure.chart.series[-1][0]
        bar: dict[str, Json] = {"op": "bar", "doc": paper.index, "figure": figure.label, "series": series}
        program: Json = {"op": "absent", "near": [{**bar, "category": one(rng, shown)}], "query": [{**bar, "category": category}]}
        slots = {"metric": paper.metric(metric_key).name, "entity": category, "period": series, "figure": figure.label}
        anchors = paper.anchored(f"caption/{figure.key}")
        return Draft(TASK, "hidden_value", slots, NONE, program, anchors, frozenset({"figure"}), paper.index)

    return first_that_works(rng, [key for key, figure in paper.written.figures.items() if figure.chart.masked], ask)


def _code(paper: Paper, name: str) -> str:
    """Code of an entity named by code or name."""
    return next((entity.code for entity in paper.world.entities if name in (entity.code, entity.name)), name)


def false_event(context: Context, rng: Generator) -> Draft | None:
    """20d: the date of something that never happened here, though its like did."""
    paper = one(rng, context.papers)
    real = next((fact for event in paper.world.events if (fact := paper.told(f"event/{event.key}"))), None)
    told = {event.title for event in paper.world.events}
    others = [title for title in paper.words.events if title not in told and not _printed(paper, title)]
    if real is None or not others:
        return None
    title = one(rng, others)
    program: Json = {"op": "absent", "near": [real.program], "query": [{"op": "mentions", "doc": paper.index, "text": title}], "never": [[title]]}
    return Draft(TASK, "false_event", {"event": title}, NONE, program, real.anchors, frozenset({"text"}), paper.index)


def false_section(context: Context, rng: Generator) -> Draft | None:
    """20d: the page of a section that this document does not have."""
    paper = one(rng, context.papers)
    real = chapters(paper)
    others = [title for title in paper.words.sections if not _printed(paper, title)]
    if not real or not others:
        return None
    heading, _ = one(rng, real)
    title = one(rng, others)
    near: Json = {"op": "heading_page", "doc": paper.index, "text": f"{heading.number} {heading.text}".strip()}
    program: Json = {"op": "absent", "near": [near], "query": [{"op": "heading_page", "doc": paper.index, "text": title}], "never": [[title]]}
    anchors = paper.anchored(f"heading/{heading.key}")
    return Draft(TASK, "false_section", {"section": title}, NONE, program, anchors, frozenset({"structure"}), paper.index)


def false_table(context: Context, rng: Generator) -> Draft | None:
    """20d: the caption of a table with a number just beyond the last."""
    paper = one(rng, context.papers)
    count = len(paper.written.tables)
    last = next((table for table in paper.written.tables.values() if table.label == paper.label("table", count)), None)
    if last is None:
        return None
    label = paper.label("table", count + 1 + int(rng.integers(3)))
    if _printed(paper, label):
        return None
    program: Json = {
        "op": "absent",
        "near": [{"op": "caption", "doc": paper.index, "label": last.label}],
        "query": [{"op": "caption", "doc": paper.index, "label": label}],
        "never": [[label]],
    }
    return Draft(TASK, "false_table", {"table": label}, NONE, program, paper.anchored(f"caption/{last.key}"), frozenset({"structure"}), paper.index)


def _printed(paper: Paper, text: str) -> bool:
    """Whether a text stands anywhere in the document."""
    wanted = "".join(text.split()).casefold()
    return any(wanted in page.casefold() for page in paper.page_texts)
