"""Writes what stands before and after the chapters: cover, contents, conventions, scope; amendments, glossary, rooms, references.

Statement keys: `scale/<metric>`, `scope`, `amend/<n>`, `amend_date/<n>`, `term/<acronym>`, `ref_author/<n>`, `ref_title/<n>`,
`ref_year/<n>`.
"""

from dataclasses import dataclass
from decimal import Decimal

from synth.documents.blocks import Block, Contents, Heading, Paragraph, Text
from synth.documents.chapters_displays import write_rooms
from synth.documents.chapters_plan import Plan
from synth.documents.chapters_prose import Marked, Pen, Sentence, fill
from synth.documents.draw import chance, choose, pick, shuffled
from synth.documents.numerals import localise_digits


@dataclass(frozen=True, slots=True)
class Matter:
    """Blocks, the heading of spare remarks, and the key of the heading before which they fit; empty for the end."""

    blocks: tuple[Block, ...]
    spare_head: Heading
    spare_before: str


def write_cover(pen: Pen) -> tuple[Block, ...]:
    """Organisation, title, subtitle, number and date of issue in several orders."""
    world, labels = pen.world, pen.wording.labels
    organisation = Paragraph((Text(world.organisation),), "imprint")
    title: list[Block] = [Paragraph((Text(world.title, bold=True),), "title")]
    if chance(pen.rng, 0.8):
        title.append(Paragraph((Text(pick(pen.rng, pen.words.subtitles)),), "subtitle"))
    number = Paragraph((Text(labels.document_number.format(n=world.number)),), "imprint")
    issued = Paragraph((Text(labels.issued.format(date=pen.date(world.issued))),), "imprint")
    orders: list[list[Block]] = [
        [organisation, *title, number, issued],
        [number, issued, *title, organisation],
        [organisation, number, *title, issued],
        [*title, organisation, number, issued],
    ]
    return tuple(pick(pen.rng, orders))


def write_front(pen: Pen, plan: Plan, *, short: bool, slides: bool) -> Matter:
    """Contents, lists of tables and figures, conventions with the scale of each metric, scope with what is not covered; or backwards."""
    level = 3 if short or slides else 1
    labels, wording = pen.wording.labels, pen.wording
    lists: list[Block] = [Contents(labels.contents)]
    if not short or (not slides and chance(pen.rng, 0.6)):
        lists.append(Contents(labels.list_of_tables, "tables"))
    if not short and sum(key.startswith(("figure", "trend")) for key in plan.labels) > 3:
        lists.append(Contents(labels.list_of_figures, "figures"))
    items = [Sentence((text,)) for text in choose(pen.rng, wording.conventions, min(4, len(wording.conventions)))]
    for metric in pen.world.metrics:
        if metric.scale > 1:
            scale = Marked(f"scale/{metric.key}", f"text/scale/{metric.key}", pen.number(Decimal(metric.scale), 0), "number")
            items.append(pen.state(wording.statements.scale, {"value": scale}, metric=metric.name, unit=metric.unit))
    conventions: list[Block] = [Heading("conventions", level, "", labels.conventions), pen.listing("conventions", items)]
    decoys = Marked("scope", "text/scope", wording.list_separator.join(pen.world.decoys), "text")
    intro = pen.plain(wording.scope_intro, entities=pen.words.entity.many)
    covered = pen.paragraph([intro, pen.state(wording.statements.scope, {"value": decoys})])
    scope: list[Block] = [Heading("scope", level, "", labels.scope), covered]
    remarks = Heading("remarks", level, "", labels.remarks, in_contents=False)
    if chance(pen.rng, 0.4):
        return Matter((*scope, *conventions, *lists), remarks, "scope")
    return Matter((*lists, *conventions, *scope), remarks, "")


def write_amendments(pen: Pen, plan: Plan) -> tuple[Block, ...]:
    """The annex that corrects table cells; it names table, row and column, never metric or entity."""
    world, labels = pen.world, pen.wording.labels
    number = localise_digits(labels.annex.format(n=1), world.numerals)
    blocks: list[Block] = [Heading("amendments", 1, number, labels.amendments), pen.paragraph([pen.plain(pen.wording.amendments_intro)])]
    metrics = {metric.key: metric for metric in world.metrics}
    patterns = pen.wording.statements.amendment
    patterns = tuple(pattern for pattern in patterns if not pattern.endswith("{value}.")) or patterns  # the stop could belong to the number
    for at, change in enumerate(world.amendments):
        metric = metrics[change.metric]
        value = pen.quantity(f"amend/{at + 1}", f"amend/{at + 1}", change.new, metric.decimals, "")
        day = Marked(f"amend_date/{at + 1}", f"text/amend_date/{at + 1}", pen.date(change.date), "date")
        sentence = pen.state(
            patterns,
            {"value": value, "date": day},
            n=localise_digits(str(at + 1), world.numerals),
            table=plan.labels[f"metric-{change.metric}"],
            code=change.entity,
            period=change.period,
        )
        blocks.append(pen.paragraph([sentence], "entry"))
    return tuple(blocks)


def write_back(pen: Pen, plan: Plan, *, short: bool, slides: bool) -> Matter:
    """Glossary, list of rooms, bibliography, in any order; spare text goes before them all. They share slides."""
    level = 3 if slides else 2 if short else 1
    parts = [_glossary(pen, level), _rooms(pen, plan, level), _references(pen, level)]
    keys = shuffled(pen.rng, range(len(parts)))
    first = parts[keys[0]][0]
    remarks = Heading("closing", level, "", pen.wording.labels.closing, in_contents=False)
    return Matter(tuple(block for at in keys for block in parts[at]), remarks, first.key if isinstance(first, Heading) else "")


def _glossary(pen: Pen, level: int) -> list[Block]:
    labels = pen.wording.labels
    blocks: list[Block] = [Heading("glossary", level, "", labels.glossary)]
    for term in sorted(pen.world.terms, key=lambda term: term.acronym):
        expansion = Marked(f"term/{term.acronym}", f"term/{term.acronym}", term.expansion, "text")
        entry = fill(labels.glossary_entry, {"value": expansion}, acronym=term.acronym, definition=term.definition)
        blocks.append(pen.paragraph([entry], "entry"))
    return blocks


def _rooms(pen: Pen, plan: Plan, level: int) -> list[Block]:
    return [Heading("rooms", level, "", pen.wording.labels.rooms), write_rooms(plan.labels["rooms"], pen)]


def _references(pen: Pen, level: int) -> list[Block]:
    labels = pen.wording.labels
    blocks: list[Block] = [Heading("references", level, "", labels.references)]
    for at, (author, title, year) in enumerate(pen.world.references):
        facts = {
            "author": Marked(f"ref_author/{at + 1}", f"ref/{at + 1}", author, "text"),
            "title": Marked(f"ref_title/{at + 1}", f"ref/{at + 1}", title, "text"),
            "year": Marked(f"ref_year/{at + 1}", f"ref/{at + 1}", year, "text"),
        }
        blocks.append(pen.paragraph([fill(f"{citation(pen, at + 1)} {labels.reference}", facts)], "entry"))
    return blocks


def citation(pen: Pen, number: int) -> str:
    """`[3]`."""
    return localise_digits(pen.wording.labels.citation.format(n=number), pen.world.numerals)
