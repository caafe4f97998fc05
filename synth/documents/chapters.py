"""Writes a world as a document of blocks: cover, front matter, chapters, back matter, with filler up to the length wanted.

Every fact is printed once unless it is a deliberate repetition, every fact carries an anchor, and facts that a question joins stand in
different chapters (`chapters_plan.py`). Nothing here knows how pages are laid out beyond an estimate of their number.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from numpy.random import Generator

from schemas.errors import DataError
from synth.documents.blocks import Block, Document, Figure, Heading, Inline, Listing, Section, Table
from synth.documents.chapters_budget import DENSITY, Budget, Room
from synth.documents.chapters_displays import caption_slots, metric_of, write_display
from synth.documents.chapters_matter import Matter, citation, write_amendments, write_back, write_cover, write_front
from synth.documents.chapters_numbers import number_headings
from synth.documents.chapters_plan import Chapter, Display, Fact, Link, Plan, draw_plan
from synth.documents.chapters_prose import Marked, Pen, Sentence
from synth.documents.chapters_statements import Statement, settle
from synth.documents.chapters_text import everything
from synth.documents.draw import between, chance, choose, pick, shuffled
from synth.documents.formats import capitalise
from synth.documents.genres import PageFormat, genre
from synth.documents.sampling import size_of_world
from synth.documents.wording import Wording
from synth.documents.world import World

_PARAGRAPH_CHARS: Final = 440
"""Mean length of a paragraph of filler in Latin script; slides have one list of bullets each instead."""
_WASTE: Final = 0.25
"""Pages lost where a section ends: half of one, less what the estimates of its blocks are too high by (chosen from layouts)."""
_SPARE_PAGES: Final = 1.2
"""Pages of spare text a section has: enough for its last page and for a gap or two above tables."""
_MOST_REMARKS: Final = 3
"""Most bullets below a table or figure on a slide."""
_SPARE_LISTS: Final = 3
"""Spare lists a slide has."""
_LEAST_TAIL: Final = 6
"""Characters after a value, in its sentence, that no number or date can be mistaken for."""
_SHORT: Final = 20
"""Below this many pages nothing is printed that can be spared: no leads before tables, no second level in the contents."""
_TRIES: Final = 3
"""How often a document is written anew before its world is given up (chosen: about one in a hundred documents needs a second attempt)."""
_BOOK_ORDERS: Final = 80
"""Longest register that a small book prints."""
_DEEP_CONTENTS: Final = 0.55
"""Share of long documents whose contents list sub-sections too."""
_COMMON_ROOM: Final = Room()
_LONG: Final = 40
"""From this many pages on, wide tables may stand on landscape pages of their own, and filler has a third level of headings."""


@dataclass(frozen=True, slots=True)
class Written:
    """A document, and where its facts are.

    Attributes:
        statements: Prose around each value, by `claim/<metric>/<entity>`, `event/<key>`, `limit/<attribute>`, `xref/<n>`, `citation/<n>`,
            `footnote/<n>`, `use/<acronym>`, `scale/<metric>`, `scope`, `amend/<n>`, `amend_date/<n>`, `term/<acronym>`, `ref_author/<n>`,
            `ref_title/<n>`, `ref_year/<n>`.
        links: What `xref/<n>`, `citation/<n>` and `remark/<n>` (whose footnote is `footnote/<n>`) are about, and the key of the table or
            number of the reference they lead to.
        tables, figures, lists, headings: Blocks by key; `chapters_displays.py` says which keys there are.
    """

    document: Document
    statements: dict[str, Statement]
    links: dict[str, Link]
    tables: dict[str, Table]
    figures: dict[str, Figure]
    lists: dict[str, Listing]
    headings: dict[str, Heading]


@dataclass(slots=True)
class _Draft:
    """What is known while the chapters are being written. `users` are the entities at which each acronym is used, all different."""

    pen: Pen
    plan: Plan
    budget: Budget
    users: dict[str, str]
    page: PageFormat
    deep_contents: bool
    pages_target: int
    footnotes: dict[str, Inline] = field(default_factory=dict)
    headings: set[str] = field(default_factory=set)
    counter: int = 0

    @property
    def is_slides(self) -> bool:
        """Slides have bullets instead of paragraphs."""
        return self.page == "slide"

    @property
    def is_short(self) -> bool:
        """Whether space is to be saved."""
        return self.pages_target < _SHORT or (self.is_slides and self.pages_target < _LONG)

    @property
    def display_level(self) -> int:
        """Level of headings above displays. The third level keeps a table on the slide where the chapter starts."""
        return 3 if self.is_slides and self.is_short else 2

    def next_key(self, kind: str) -> str:
        """A fresh key for a heading or list of filler."""
        self.counter += 1
        return f"{kind}-{self.counter}"


def write_document(world: World, wording: Wording, rng: Generator, *, pages_target: int, room: Room = _COMMON_ROOM) -> Written:
    """Write `world` in the words of its language on about `pages_target` pages (within a quarter, if `room` is that of the look used).

    Raises:
        DataError: `statement_ambiguous`, when in three attempts a value could not be told from the words around it.
    """
    for _ in range(_TRIES - 1):
        try:
            return _write(world, wording, rng, pages_target, room)
        except DataError as error:
            if error.reason != "statement_ambiguous":
                raise
    return _write(world, wording, rng, pages_target, room)


def _write(world: World, wording: Wording, rng: Generator, pages_target: int, room: Room) -> Written:
    """One attempt."""
    plan = draw_plan(world, wording, size_of_world(world), rng)
    pen = Pen(world, wording, plan.topics, rng)
    in_a_book = pages_target >= _LONG and len(world.orders) <= _BOOK_ORDERS
    page = pick(rng, [page for page in genre(world.genre).pages if page != "a5" or in_a_book])
    users = dict(zip((term.acronym for term in world.terms), (e.name for e in choose(rng, world.entities, len(world.terms))), strict=True))
    budget = Budget(page, world.language, room)
    deep = pages_target >= _SHORT and chance(rng, _DEEP_CONTENTS)
    draft = _Draft(pen, plan, budget, users, page, deep, max(pages_target, genre(world.genre).least_pages))
    front = write_front(pen, plan, short=draft.is_short, slides=draft.is_slides)
    annex, back = write_amendments(pen, plan), write_back(pen, plan, short=draft.is_short, slides=draft.is_slides)
    displays = [[(display, _write_display(draft, display)) for display in chapter.displays] for chapter in plan.chapters]
    paragraphs = _filler_paragraphs(draft, front.blocks, [*annex, *back.blocks], displays)
    chapters = [
        _write_chapter(draft, chapter, shown, count) for chapter, shown, count in zip(plan.chapters, displays, paragraphs, strict=True)
    ]
    sections = [
        Section(write_cover(pen), numbering="", page=draft.page),
        _matter_section(draft, front),
        *number_headings([section for chapter in chapters for section in chapter], world.numerals),
        _matter_section(draft, back, annex),
    ]
    document = Document(
        language=world.language,
        title=world.title,
        sections=tuple(sections),
        footnotes=draft.footnotes,
        running_head=pick(rng, (world.title, world.organisation)),
        continued=wording.labels.continued,
        numerals=world.numerals,
        pages_wanted=draft.pages_target,
    )
    return _index(document, pen, plan)


# --- chapters -----------------------------------------------------------------------------------------------------------------------


def _write_display(draft: _Draft, display: Display) -> list[Block]:
    """Heading, a lead that points to the table or figure, and the block itself."""
    pen = draft.pen
    label = draft.plan.labels.get(display.key, "")
    heading = Heading(f"show-{display.key}", draft.display_level, "", _display_heading(draft, display), in_contents=draft.deep_contents)
    if display.numbered == "table":
        lead = [pen.filler(), pen.plain(pen.wording.table_lead, table=label)]
    elif display.numbered == "figure":
        lead = [pen.filler(), pen.plain(pen.wording.figure_lead, figure=label)]
    else:
        lead = [pen.plain(pen.wording.list_intro, list=display.detail)]
    if draft.is_slides or draft.pages_target < _LONG:
        lead = lead[-1:]
    block = write_display(display, label, pen)
    blocks = [heading, block] if draft.is_short and display.numbered else [heading, pen.paragraph(lead), block]
    if draft.is_slides and display.numbered and not draft.is_short:
        remarks = tuple(pen.inlines([pen.bullet()]) for _ in range(between(pen.rng, 0, _MOST_REMARKS)))
        return [*blocks, Listing(draft.next_key("remarks"), remarks)] if remarks else blocks
    return blocks


def _display_heading(draft: _Draft, display: Display) -> str:
    pen, world = draft.pen, draft.pen.world
    slots = caption_slots(pen)
    if display.kind in ("metric", "figure", "trend"):
        key, _, group = display.detail.partition("-")
        slots = caption_slots(pen, metric_of(world, key), world.groups[int(group)] if group else "")
    patterns: tuple[str, ...] = getattr(pen.wording.headings, display.kind)
    return _fresh_heading(draft, [capitalise(pattern.format(**slots, list=display.detail)) for pattern in shuffled(pen.rng, patterns)])


def _fresh_heading(draft: _Draft, texts: Sequence[str]) -> str:
    """The first text that no heading has yet; the last one if all are taken."""
    text = next((text for text in texts if text not in draft.headings), texts[-1])
    draft.headings.add(text)
    return text


def _filler_paragraphs(
    draft: _Draft, front: Sequence[Block], back: Sequence[Block], displays: Sequence[Sequence[tuple[Display, list[Block]]]]
) -> list[int]:
    """Paragraphs of filler for each chapter, so that the whole comes to the pages wanted."""
    budget, plan = draft.budget, draft.plan
    contents_lines = sum(1 + len(shown) * draft.deep_contents for shown in displays) + len(plan.labels)
    used = 1.0 + budget.pages_of(front) + contents_lines / 40 + budget.pages_of(back) + 2 * _WASTE
    for chapter, shown in zip(plan.chapters, displays, strict=True):
        blocks = [block for _, group in shown for block in group]
        used += max(1.0, budget.pages_of(blocks) + len(chapter.facts) * 4 / 46 + _WASTE)
    free = max(0.0, draft.pages_target - used)
    total = round(free if draft.is_slides else budget.chars_of(free) / (_PARAGRAPH_CHARS * budget.density))
    return [total // len(displays) + (at < total % len(displays)) for at in range(len(displays))]


def _write_chapter(draft: _Draft, chapter: Chapter, shown: Sequence[tuple[Display, list[Block]]], count: int) -> list[Section]:
    """One chapter as sections: facts spread over its paragraphs, displays between its sub-sections of filler."""
    rng = draft.pen.rng
    num_intro = max(1, -(-(len(chapter.facts) - count) // 2))
    slots: list[list[Fact]] = [[] for _ in range(num_intro + count)]
    order = shuffled(rng, range(len(slots)))
    for at, fact in enumerate(chapter.facts):
        slots[order[at % len(order)]].append(fact)
    texts = [_write_slot(draft, facts, compact=draft.pages_target < _LONG) for facts in slots]
    units: list[tuple[Display | None, list[Block]]] = [(None, group) for group in _sub_sections(draft, texts[num_intro:])]
    places = sorted((between(rng, 0, len(units)) for _ in shown), reverse=True)  # in the order of the plan, which numbered them
    for place, unit in zip(places, reversed(shown), strict=True):
        units.insert(place, unit)
    head = Heading(draft.next_key("chapter"), 1, "", chapter.title)
    return _sections(draft, [head, *(block for text in texts[:num_intro] for block in text)], units)


def _write_slot(draft: _Draft, facts: Sequence[Fact], *, compact: bool) -> list[Block]:
    """A paragraph (or a list of bullets) that tells some facts among filler."""
    pen, rng = draft.pen, draft.pen.rng
    count = between(rng, 1, 2) if compact and facts else between(rng, 3, 6)
    sentences = [[pen.bullet() if draft.is_slides and chance(rng, 0.6) else pen.filler()] for _ in range(count)]
    for fact in facts:
        # Something follows every fact, since a full stop alone could be taken for part of a number or date.
        told = _tell(draft, fact)
        follower = [pen.filler()] if draft.is_slides and len(told.runs[-1]) < _LEAST_TAIL else []
        sentences.insert(between(rng, 0, len(sentences) - 1), [told, *follower])
    if draft.is_slides:
        return [Listing(draft.next_key("points"), tuple(pen.inlines(item) for item in sentences))]
    return [pen.paragraph([sentence for item in sentences for sentence in item])]


def _sub_sections(draft: _Draft, texts: Sequence[list[Block]]) -> Iterator[list[Block]]:
    """Paragraphs under headings: one to three a heading, on a topic or an entity; in long documents some entities come below a topic."""
    rng = draft.pen.rng
    at = 0
    deep = False
    while at < len(texts):
        size = 1 if draft.is_slides else between(rng, 1, 3)
        text, by_topic = _sub_heading(draft)
        level = 3 if deep and not by_topic and draft.pages_target >= _LONG else 2
        deep = by_topic or (deep and level == 3)
        heading = Heading(draft.next_key("part"), level, "", text, in_contents=draft.deep_contents and level == 2)
        yield [heading, *(block for text in texts[at : at + size] for block in text)]
        at += size


def _sub_heading(draft: _Draft) -> tuple[str, bool]:
    """A heading for filler, and whether it is on a topic; else it is on an entity."""
    pen, rng = draft.pen, draft.pen.rng
    by_topic = chance(rng, 0.4)
    entity = pick(rng, pen.world.entities)
    patterns = pen.wording.headings.topic if by_topic else pen.wording.headings.profile
    options = [capitalise(p.format(topic=pick(rng, draft.plan.topics), entity=entity.name)) for p in shuffled(rng, patterns)]
    return _fresh_heading(draft, options), by_topic


def _sections(draft: _Draft, opening: list[Block], units: Sequence[tuple[Display | None, list[Block]]]) -> list[Section]:
    """A chapter's blocks as one section, or as several where a wide table gets landscape pages."""
    rng = draft.pen.rng
    columns = 1 if draft.page == "a5" else 2 if draft.is_slides else pick(rng, genre(draft.pen.world.genre).columns)
    sections: list[Section] = []
    blocks = list(opening)
    for display, group in units:
        turned = display is not None and draft.pages_target >= _LONG and not draft.is_slides and _is_turned(draft, display)
        if turned:
            sections += [_section(draft, blocks, columns)] if blocks else []
            sections.append(replace(_section(draft, group, 1), landscape=True))
            blocks = []
        else:
            blocks += group
    if blocks:
        head = Heading(draft.next_key("spare"), 2, "", _sub_heading(draft)[0], in_contents=False)
        section = _section(draft, blocks, columns)
        sections.append(section if draft.is_slides else replace(section, spare_head=head))
    return sections


def _is_turned(draft: _Draft, display: Display) -> bool:
    """Whether a table stands on landscape pages: a wide one perhaps, and the register of a small book, in two columns there."""
    if display.kind == "ledger":
        return draft.page == "a5"
    return display.kind == "specs" and chance(draft.pen.rng, 0.5)


def _section(draft: _Draft, blocks: Sequence[Block], columns: int) -> Section:
    section = Section(tuple(blocks), columns=columns, page=draft.page)
    if not draft.is_slides:
        return replace(section, spare=_spare(draft))
    slides = sum(isinstance(block, Heading) and block.level <= 2 for block in blocks)
    points = Heading("points", 4, "", draft.pen.wording.labels.points, in_contents=False)
    # Bullets right below a list would read as more of its items.
    return replace(section, spare=_spare(draft, slides), spare_head=points, spare_gaps=False)


def _spare(draft: _Draft, slides: int = 1) -> tuple[Block, ...]:
    """Filler for about a page, or for some slides, which the layout uses where a page would stay half empty."""
    budget = draft.budget
    page = 1 + round(_SPARE_PAGES * budget.chars_of(1.0) / (_PARAGRAPH_CHARS * budget.density))
    count = _SPARE_LISTS * max(1, slides) if draft.is_slides else page
    return tuple(block for _ in range(count) for block in _write_slot(draft, (), compact=False))


def _matter_section(draft: _Draft, matter: Matter, annex: Sequence[Block] = ()) -> Section:
    """Front matter, or annex and back matter; spare remarks come under a heading of their own."""
    section = Section(
        (*annex, *matter.blocks),
        page=draft.page,
        columns=2 if draft.is_slides else 1,
        spare=_spare(draft),
        spare_before=matter.spare_before,
        spare_head=matter.spare_head,
        spare_gaps=False,
    )
    return section if annex else replace(section, numbering="r")


# --- facts --------------------------------------------------------------------------------------------------------------------------


def _tell(draft: _Draft, fact: Fact) -> Sentence:
    """The sentence that states a fact."""
    pen, world, statements = draft.pen, draft.pen.world, draft.pen.wording.statements
    if fact.kind == "event":
        event = next(event for event in world.events if event.key == fact.detail)
        return pen.state(
            statements.event, {"value": Marked(f"event/{event.key}", f"event/{event.key}", pen.date(event.date), "date")}, event=event.title
        )
    if fact.kind == "limit":
        return _tell_limit(pen, fact.detail)
    if fact.kind == "claim":
        return _tell_claim(draft, fact.detail)
    if fact.kind == "use":
        entity = draft.users[fact.detail]
        return pen.state(statements.use, {"value": Marked(f"use/{fact.detail}", f"use/{fact.detail}", fact.detail, "text")}, entity=entity)
    return _tell_link(draft, fact)


def _tell_limit(pen: Pen, key: str) -> Sentence:
    limit = next(limit for limit in pen.world.limits if limit.attribute == key)
    attribute = next(attribute for attribute in pen.world.attributes if attribute.key == key)
    patterns = pen.wording.statements.limit_min if limit.kind == "min" else pen.wording.statements.limit_max
    value = pen.quantity(f"limit/{key}", f"limit/{key}", limit.value, attribute.decimals, attribute.unit)
    return pen.state(patterns, {"value": value}, attribute=attribute.name)


def _tell_claim(draft: _Draft, key: str) -> Sentence:
    pen, world = draft.pen, draft.pen.world
    metric_key, code = key.split("/")
    metric, entity = metric_of(world, metric_key), next(entity for entity in world.entities if entity.code == code)
    value = pen.quantity(f"claim/{key}", f"text/claim/{key}", world.claims[key], metric.decimals, metric.unit)
    figure = draft.plan.labels[f"figure-{metric_key}-{world.groups.index(entity.group)}"]
    slots = {"figure": figure, "entity": entity.name, "metric": metric.name, "period": world.periods[-1]}
    return pen.state(pen.wording.statements.claim, {"value": value}, **slots)


def _tell_link(draft: _Draft, fact: Fact) -> Sentence:
    pen, statements, number = draft.pen, draft.pen.wording.statements, fact.detail
    link = draft.plan.links[f"{fact.kind}/{number}"]
    if fact.kind == "citation":
        value = Marked(f"citation/{number}", f"text/citation/{number}", citation(pen, int(link.target)), "text")
        return pen.state(statements.citation, {"value": value}, topic=link.topic)
    label = draft.plan.labels[link.target]
    if fact.kind == "xref":
        return pen.state(statements.xref, {"value": Marked(f"xref/{number}", f"text/xref/{number}", label, "text")}, topic=link.topic)
    key = f"footnote/{number}"
    draft.footnotes[key] = pen.inlines([pen.state(statements.footnote, {"value": Marked(key, key, label, "text")}, topic=link.topic)])
    return replace(pen.plain(statements.remark, topic=link.topic), note=key)


def _index(document: Document, pen: Pen, plan: Plan) -> Written:
    blocks = [block for section in document.sections for block in section.blocks]
    return Written(
        document=document,
        statements=settle(pen.told, "\n".join(everything(document)), DENSITY.get(document.language, 1.0)),
        links=plan.links,
        tables={block.key: block for block in blocks if isinstance(block, Table)},
        figures={block.key: block for block in blocks if isinstance(block, Figure)},
        lists={block.key: block for block in blocks if isinstance(block, Listing)},
        headings={block.key: block for block in blocks if isinstance(block, Heading)},
    )
