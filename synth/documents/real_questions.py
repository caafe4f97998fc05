"""Questions about a real document: from its `Structure` to questions whose answers need at least two of its pages.

Each type is one function that lists what can be asked; `compose` picks among the types evenly. Answers are computed here from what MuPDF
found; the program that goes with a question lets a reader that shares no code with this module derive the answer again. Pages in answers
and programs count from 1.
"""

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from numpy.random import Generator

from schemas.sample import Json
from synth.documents.blocks import BoxPt
from synth.documents.real_structure import Section, Structure, squeeze

Place = tuple[int, BoxPt]
NOWHERE: BoxPt = (0.0, 0.0, 0.0, 0.0)

MAX_LISTED = 8
"""Longest list that is asked for (chosen: people do not ask for longer ones)."""


@dataclass(frozen=True, slots=True)
class RealQuestion:
    """A question with its answer (`values` as printed, `answer` as JSON), the program that derives it, and the places it rests on."""

    task: str
    slots: dict[str, str]
    values: tuple[str, ...]
    answer: Json
    program: Json
    places: tuple[Place, ...]

    @property
    def pages(self) -> tuple[int, ...]:
        """The pages it rests on, in order, counted from 0."""
        return tuple(sorted({page for page, _ in self.places}))

    @property
    def difficulty(self) -> str:
        """L1 two adjacent pages, L2 two pages further apart, L3 three or four pages, L4 more (families C1)."""
        pages = self.pages
        if len(pages) <= 2:
            return "L2" if pages and pages[-1] - pages[0] >= 5 else "L1"
        return "L3" if len(pages) <= 4 else "L4"


def _named(section: Section) -> dict[str, Json]:
    return {"op": "heading", "title": section.title}


def _place(section: Section) -> Place:
    return section.page, section.box_pt


def _usable(structure: Structure) -> list[Section]:
    """Sections that can be named in a question: printed, and with a title that no other section has."""
    titles = Counter(squeeze(section.title) for section in structure.sections)
    return [s for s in structure.sections if s.box_pt != NOWHERE and titles[squeeze(s.title)] == 1 and len(s.title) >= 3]


def _gapless(structure: Structure) -> bool:
    """Whether every bookmark was found in print and no contents list gives the order of sections away on one page."""
    return not structure.contents and all(section.box_pt != NOWHERE for section in structure.sections)


def _neighbours(structure: Structure) -> Iterator[RealQuestion]:
    usable = set(_usable(structure)) if _gapless(structure) else set()
    for one, two in zip(structure.sections, structure.sections[1:], strict=False):
        if one in usable and two in usable and one.page != two.page:
            places = (_place(one), _place(two))
            after: Json = {"op": "title", "of": {"op": "next", "of": _named(one)}}
            before: Json = {"op": "title", "of": {"op": "previous", "of": _named(two)}}
            yield RealQuestion("next_section", {"title": one.title}, (two.title,), two.title, after, places)
            yield RealQuestion("previous_section", {"title": two.title}, (one.title,), one.title, before, places)


def _children(structure: Structure, parent: Section) -> list[Section] | None:
    """Sections one level below `parent`, or None if its end is not in these pages."""
    position = structure.sections.index(parent)
    after = structure.sections[position + 1 :]
    end = next((n for n, other in enumerate(after) if other.level <= parent.level), None)
    return None if end is None else [other for other in after[:end] if other.level == parent.level + 1]


def _subsections(structure: Structure) -> Iterator[RealQuestion]:
    usable = set(_usable(structure)) if _gapless(structure) else set()
    for parent in structure.sections:
        children = _children(structure, parent) if parent in usable else None
        if not children or len(children) < 2 or not usable.issuperset(children):
            continue
        places = (_place(parent), *map(_place, children))
        below: Json = {"op": "children", "of": _named(parent)}
        titles = [child.title for child in children]
        slots = {"title": parent.title}
        yield RealQuestion("count_subsections", slots, (str(len(titles)),), len(titles), {"op": "count", "of": below}, places)
        if len(titles) <= MAX_LISTED:
            yield RealQuestion("list_subsections", slots, tuple(titles), list(titles), {"op": "titles", "of": below}, places)


def _distances(structure: Structure) -> Iterator[RealQuestion]:
    usable = [] if structure.contents else _usable(structure)
    for step in (3, 5, 8, 13, 21, 34):  # sections this far apart: near and far pairs, without listing all of them
        for one, two in zip(usable, usable[step:], strict=False):
            apart = two.page - one.page
            if apart > 0:
                program: Json = {"op": "sub", "a": {"op": "page", "of": _named(two)}, "b": {"op": "page", "of": _named(one)}}
                slots = {"first": one.title, "second": two.title}
                yield RealQuestion("page_distance", slots, (str(apart),), apart, program, (_place(one), _place(two)))


def _spans(structure: Structure) -> Iterator[RealQuestion]:
    usable = set(_usable(structure)) if _gapless(structure) else set()
    for number, one in enumerate(structure.sections):
        after = structure.sections[number + 1 :]
        two = next((other for other in after if other.level <= one.level), None)
        if one in usable and two in usable and two is not None and two.level == one.level and two.page > one.page:
            apart = two.page - one.page
            program: Json = {
                "op": "sub",
                "a": {"op": "page", "of": {"op": "next_same", "of": _named(one)}},
                "b": {"op": "page", "of": _named(one)},
            }
            yield RealQuestion("section_span", {"title": one.title}, (str(apart),), apart, program, (_place(one), _place(two)))


def _references(structure: Structure) -> Iterator[RealQuestion]:
    numbers = Counter(section.number for section in structure.sections)
    targets = {s.number: s for s in _usable(structure) if s.number and numbers[s.number] == 1}
    everything = "\0".join(page.squeezed for page in structure.pages)
    for ref in structure.references:
        target = targets.get(ref.number)
        if structure.contents or target is None or target.page in (ref.page,) or ref.target != target.page:
            continue
        if everything.count(squeeze(ref.lead)) != 1:
            continue
        found: Json = {"op": "numbered", "number": {"op": "reference", "lead": ref.lead}}
        places, slots = ((ref.page, ref.box_pt), _place(target)), {"lead": ref.lead}
        yield RealQuestion("reference_title", slots, (target.title,), target.title, {"op": "title", "of": found}, places)
        page = target.page + 1
        yield RealQuestion("reference_page", slots, (str(page),), page, {"op": "page", "of": found}, places)


def _contents(structure: Structure) -> Iterator[RealQuestion]:
    titles = Counter(squeeze(entry.title) for entry in structure.contents)
    for entry in structure.contents:
        pages = [page for page in structure.folios if structure.labels[page] == entry.label]
        if titles[squeeze(entry.title)] != 1 or len(pages) != 1 or pages[0] == entry.page:
            continue
        page = pages[0]
        program: Json = {"op": "page_labelled", "label": {"op": "contents_label", "title": entry.title}}
        places = ((entry.page, entry.box_pt), (page, structure.folios[page]))
        yield RealQuestion("contents_page", {"title": entry.title}, (str(page + 1),), page + 1, program, places)


def _terms(structure: Structure) -> Iterator[RealQuestion]:
    for term, all_places in structure.terms.items():
        places = _first_on_each_page(all_places)
        pages = [page + 1 for page, _ in places]
        listed: Json = {"op": "pages_with", "term": term}
        if len(pages) <= MAX_LISTED:
            yield RealQuestion("term_pages", {"term": term}, tuple(map(str, pages)), list(pages), listed, places)
        if len(pages) >= 3:
            yield RealQuestion("term_page_count", {"term": term}, (str(len(pages)),), len(pages), {"op": "count", "of": listed}, places)
        apart = pages[-1] - pages[0]
        program: Json = {"op": "sub", "a": {"op": "max", "of": listed}, "b": {"op": "min", "of": listed}}
        yield RealQuestion("term_span", {"term": term}, (str(apart),), apart, program, (places[0], places[-1]))


def _first_on_each_page(places: Sequence[Place]) -> tuple[Place, ...]:
    firsts: dict[int, Place] = {}
    for place in places:
        firsts.setdefault(place[0], place)
    return tuple(firsts.values())


def _term_pairs(structure: Structure) -> Iterator[RealQuestion]:
    pages = {term: {page for page, _ in places} for term, places in structure.terms.items()}
    terms = [term for term in pages if len(pages[term]) >= 3]
    for number, one in enumerate(terms):
        for two in terms[number + 1 :]:
            common = sorted(pages[one] & pages[two])
            if not 2 <= len(common) <= MAX_LISTED or common in (sorted(pages[one]), sorted(pages[two])):
                continue  # where one term's pages are the answer, the other is not needed
            places = tuple(place for term in (one, two) for place in _first_on_each_page(structure.terms[term]) if place[0] in common)
            program: Json = {"op": "intersect", "a": {"op": "pages_with", "term": one}, "b": {"op": "pages_with", "term": two}}
            answer = [page + 1 for page in common]
            yield RealQuestion("terms_both", {"first": one, "second": two}, tuple(map(str, answer)), list(answer), program, places)


def _heading_counts(structure: Structure) -> Iterator[RealQuestion]:
    sections = structure.sections if _gapless(structure) else ()
    starts = sorted({section.page for section in sections})
    for first in starts:
        for last in starts:
            inside = [s for s in sections if first <= s.page <= last]
            if 1 <= last - first <= 5 and len(inside) >= 2:
                program: Json = {"op": "count", "of": {"op": "headings_on", "first": first + 1, "last": last + 1}}
                slots = {"first": str(first + 1), "last": str(last + 1)}
                yield RealQuestion("headings_between", slots, (str(len(inside)),), len(inside), program, tuple(map(_place, inside)))


def _tables(structure: Structure) -> Iterator[RealQuestion]:
    captions = structure.captions
    for one, two in itertools.pairwise(captions):
        if one.page != two.page:
            program: Json = {"op": "caption_text", "of": {"op": "next_caption", "label": one.label}}
            places = ((one.page, one.box_pt), (two.page, two.box_pt))
            yield RealQuestion("table_next", {"label": one.label}, (two.text,), two.text, program, places)
    if len({caption.page for caption in captions}) >= 2:
        everywhere = tuple((caption.page, caption.box_pt) for caption in captions)
        yield RealQuestion("count_tables", {}, (str(len(captions)),), len(captions), {"op": "count", "of": {"op": "captions"}}, everywhere)


def _absent(task: str, slot: str, text: str, near: str) -> RealQuestion:
    return RealQuestion(task, {slot: text}, (), "absent", {"op": "absent", "text": text, "near": near}, ())


def near_misses(structure: Structure, titles: Sequence[str], terms: Sequence[str]) -> Iterator[RealQuestion]:
    """Questions without an answer: `titles` and `terms` of the same book outside these pages, and the table after the last one."""
    everything = "\0".join(page.squeezed for page in structure.pages).casefold()
    sections = _usable(structure)
    for number, title in enumerate(titles):
        if sections and squeeze(title).casefold() not in everything:
            yield _absent("absent_section", "title", title, sections[number % len(sections)].title)
    for term in terms:
        kin = next((known for known in structure.terms if known[:2].casefold() == term[:2].casefold()), None)
        if kin and term.casefold() not in everything:
            yield _absent("absent_term", "term", term, kin)
    if structure.captions:
        last = structure.captions[-1].label
        label = following_label(last)
        if label and squeeze(label).casefold() not in everything:
            yield _absent("absent_table", "label", label, last)


def following_label(label: str) -> str:
    """The label after this one: `Table 3.2` -> `Table 3.3`, `Table 9` -> `Table 10`; empty where its number does not end in digits."""
    match = re.fullmatch(r"(.*?)(\d+)", label)
    return f"{match[1]}{int(match[2]) + 1}" if match else ""


TYPES: tuple[Callable[[Structure], Iterator[RealQuestion]], ...] = (
    _neighbours,
    _subsections,
    _distances,
    _spans,
    _references,
    _contents,
    _terms,
    _term_pairs,
    _heading_counts,
    _tables,
)


def candidates(structure: Structure) -> list[RealQuestion]:
    """Everything that can be asked and answered, with at least two pages each."""
    return [question for kind in TYPES for question in kind(structure) if len(question.pages) >= 2]


def compose(
    answerable: Sequence[RealQuestion],
    unanswerable: Sequence[RealQuestion],
    count: int,
    holds: Callable[[RealQuestion], bool],
    rng: Generator,
) -> tuple[RealQuestion, ...]:
    """Pick `count` questions: one in five unanswerable, types in turn, no answer and no subject twice.

    `holds` says whether a second reader agrees; a candidate it turns down is dropped, so that one unreadable page does not cost a whole
    sample.
    """
    missing = round(count / 5 + float(rng.random()) * 0.5 - 0.25)
    chosen = _pick(unanswerable, missing, holds, rng)
    chosen += _pick(answerable, count - len(chosen), holds, rng)
    return tuple(chosen[number] for number in rng.permutation(len(chosen)))


def _pick(questions: Sequence[RealQuestion], count: int, holds: Callable[[RealQuestion], bool], rng: Generator) -> list[RealQuestion]:
    by_task: dict[str, list[RealQuestion]] = {}
    for question in questions:
        by_task.setdefault(question.task, []).append(question)
    tasks = [sorted(by_task)[number] for number in rng.permutation(len(by_task))]
    queues = {task: [by_task[task][number] for number in rng.permutation(len(by_task[task]))] for task in tasks}
    chosen: list[RealQuestion] = []
    used: set[str] = set()
    while len(chosen) < count and any(queues.values()):
        for task in tasks:
            found = next((n for n, q in enumerate(queues[task]) if not _stale(q, used) and holds(q)), None)
            if found is None:
                queues[task].clear()
            elif len(chosen) < count:
                question = queues[task].pop(found)
                chosen.append(question)
                used |= {str(question.answer), *question.slots.values()} - {"absent"}
    return chosen


def _stale(question: RealQuestion, used: set[str]) -> bool:
    """Whether the answer or a subject was had before, or the question prints its own answer."""
    subjects = set(question.slots.values())
    own = subjects & set(question.values)
    return bool(own) or str(question.answer) in used or (question.task != "headings_between" and bool(subjects & used))
