"""Questions about the document itself: counting captions, locating sections and figures, printed page numbers and PDF pages.

PDF pages are counted from 1 and always called so in the question; printed page numbers are those in the head or foot of the page.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from numpy.random import Generator

from schemas.sample import Json
from synth.documents.blocks import Figure, Heading, Table
from synth.documents.questions.choosing import first_that_works, one, shuffled
from synth.documents.questions.context import Context, Paper, printed, squeezed
from synth.documents.questions.draft import Answer, Draft, several, text
from synth.documents.questions.tables import whole

SECTION_SLOTS = ("section", "later", "third")
"""Sections asked about at once: with fewer, a short document has too few different answers."""

SHORT_PAGES = 20
"""Documents with fewer pages have too few page numbers for pairs of them to differ from one document to the next."""

MAX_PAGES_LISTED = 8
"""Longest list of pages asked for (chosen)."""


def _prefix(label: str) -> str:
    """`Table ` of `Table 4`."""
    return label.rstrip("0123456789٠١٢٣٤٥٦٧٨٩०१२३४५६७८९")


def _sharing(paper: Paper, words: str, kind: type[Table] | type[Figure]) -> list[Table | Figure]:
    """Tables or figures whose caption holds some words, on their caption's one page."""
    wanted = squeezed(words).casefold()
    blocks = [block for block in paper.captioned if isinstance(block, kind)]
    return [block for block in blocks if wanted in squeezed(block.label + printed(block.caption)).casefold()]


def _subjects(paper: Paper) -> list[str]:
    """Words that several captions share: names of groups and metrics, and what the document is about."""
    return [*paper.world.groups, *(metric.name for metric in paper.world.metrics), paper.words.entity.many]


def _captions(
    paper: Paper, words: str, kind: type[Table] | type[Figure], least: int = 2
) -> tuple[list[Table | Figure], dict[str, Json]] | None:
    """At least so many captions that share words, on two pages or more, and the arguments of a program that finds them."""
    shared = _sharing(paper, words, kind)
    pages = [paper.page(f"caption/{block.key}") for block in shared]
    if None in pages or len(set(pages)) < 2 or len(shared) < least:
        return None
    return shared, {"doc": paper.index, "kind": _prefix(shared[0].label), "contains": words}


def _is_short(paper: Paper) -> bool:
    return len(paper.laid_out.pages) < SHORT_PAGES


def count_captions(context: Context, rng: Generator) -> Draft | None:
    """11: how many tables, or figures, name something in their caption, and on which pages, or how the last caption reads.

    A count alone, or with pages of a short document, would be the same for many documents.
    """
    paper = one(rng, context.papers)
    kind: type[Table] | type[Figure] = Figure if rng.random() < 0.6 else Table
    quotes = _is_short(paper) or rng.random() < 0.5

    def ask(words: str) -> Draft | None:
        found = _captions(paper, words, kind)
        if found is None or len(found[0]) > MAX_PAGES_LISTED:
            return None
        shared, arguments = found
        captions: Json = {"op": "captions", **arguments}
        rest = _last_caption(paper, shared, captions) if quotes else _caption_places(paper, shared, {"op": "caption_pages", **arguments})
        if rest is None:
            return None
        program: Json = [{"op": "count", "of": captions}, *rest[0]]
        anchors = paper.anchored(*(f"caption/{block.key}" for block in shared))
        wording = ("count_figures" if kind is Figure else "count_tables") + ("_quoted" if quotes else "")
        answer = several((whole(paper, len(shared)), *rest[1]), ordered=True)
        return Draft("counting", wording, {"words": words}, answer, program, anchors, frozenset({"structure"}), paper.index, True)

    return first_that_works(rng, _subjects(paper), ask)


def _caption_places(paper: Paper, shared: Sequence[Table | Figure], pages: Json) -> tuple[list[Json], list[Answer]]:
    """Programs and answers for the page of each caption."""
    places = sorted(paper.page(f"caption/{block.key}") or 0 for block in shared)
    programs: list[Json] = [{"op": "nth", "of": pages, "index": index} for index in range(len(shared))]
    return programs, [_page(paper, page, False) for page in places]


def _last_caption(paper: Paper, shared: Sequence[Table | Figure], captions: Json) -> tuple[list[Json], list[Answer]] | None:
    """Program and answer for the whole caption, label included, that comes last.

    None unless it is alone on its page, in one piece, and without the number of captions, which could be taken for the count.
    """
    pages = [paper.page(f"caption/{block.key}") or 0 for block in shared]
    last = shared[pages.index(max(pages))]
    whole_text = squeezed(last.label), squeezed(printed(last.caption))
    texts = [piece.text for piece in paper.laid_out.pieces if piece.kind == "caption" and piece.page == max(pages)]
    found = [each for each in texts if squeezed(each).startswith(whole_text[0]) and squeezed(each).endswith(whole_text[1])]
    if pages.count(max(pages)) > 1 or len(found) != 1 or len(shared) in map(int, re.findall(r"\d+", found[0])):
        return None
    return [{"op": "nth", "of": captions, "index": -1}], [text(found[0])]


def pages_of_captions(context: Context, rng: Generator) -> Draft | None:
    """12: on which PDF pages, or printed pages, the figures or tables about something stand."""
    paper = one(rng, context.papers)
    kind: type[Table] | type[Figure] = Figure if rng.random() < 0.7 else Table
    by_label = rng.random() < 0.5

    def ask(words: str) -> Draft | None:
        found = _captions(paper, words, kind, 3 if _is_short(paper) else 2)
        if found is None or len(found[0]) > MAX_PAGES_LISTED:
            return None
        shared, arguments = found
        places = [paper.page(f"caption/{block.key}") or 0 for block in shared]
        if len(set(places)) < len(places):
            return None
        program: Json = {"op": "caption_pages", **arguments}
        if by_label:
            program = {"op": "page_labels", "doc": paper.index, "pages": program}
        answer = several(tuple(_page(paper, place, by_label) for place in sorted(places)), ordered=True)
        anchors = paper.anchored(*(f"caption/{block.key}" for block in shared))
        wording = ("figure_pages" if kind is Figure else "table_pages") + ("_printed" if by_label else "_pdf")
        return Draft("locating", wording, {"words": words}, answer, program, anchors, frozenset({"structure"}), paper.index, True)

    return first_that_works(rng, _subjects(paper), ask)


def _page(paper: Paper, page: int, by_label: bool) -> Answer:
    """A page as its printed number or its number in the PDF."""
    if by_label:
        return text(paper.laid_out.pages[page].label)
    return whole(paper, page + 1)


def chapters(paper: Paper) -> list[tuple[Heading, int]]:
    """Headings in the contents with the page they stand on."""
    found = []
    for section in paper.document.sections:
        for block in section.blocks:
            if isinstance(block, Heading) and block.in_contents:
                page = paper.page(f"heading/{block.key}")
                if page is not None and paper.page(f"contents/{block.key}") is not None:
                    found.append((block, page))
    return found


def _full(heading: Heading) -> str:
    return f"{heading.number} {heading.text}".strip()


def _unique(paper: Paper, headings: Sequence[tuple[Heading, int]]) -> list[tuple[Heading, int]]:
    """Headings whose text no other heading has."""
    texts = [squeezed(_full(heading)).casefold() for heading, _ in headings]
    return [item for item, key in zip(headings, texts, strict=True) if texts.count(key) == 1]


def _asked(paper: Paper) -> list[tuple[Heading, int]]:
    """Headings of chapters that questions name. Not the first one's, which every document of a genre has, nor those of front and back
    matter, which all have: a question that names one could not be without an answer, and so would give its like away.
    """
    titled = [item for item in chapters(paper) if item[0].key.startswith("chapter-") and item[0].text != paper.words.sections[0]]
    return _unique(paper, titled)


def contents_to_pdf_page(context: Context, rng: Generator) -> Draft | None:
    """18: the contents list gives printed page numbers; which pages of the PDF are these, for three sections."""
    paper = one(rng, context.papers)
    usable = []
    for heading, page in _asked(paper):
        label = paper.laid_out.pages[page].label
        if label and paper.page(f"folio/{page}") is not None and paper.whole(page + 1) != label:
            usable.append((heading, page))
    chosen = list(shuffled(rng, usable))[: len(SECTION_SLOTS)]
    if len(chosen) < len(SECTION_SLOTS):
        return None
    program: Json = [_by_contents(paper, heading) for heading, _ in chosen]
    anchors = paper.anchored(*(anchor for heading, page in chosen for anchor in (f"contents/{heading.key}", f"folio/{page}")))
    answer = several(tuple(_page(paper, page, False) for _, page in chosen), ordered=True)
    return Draft("page_arithmetic", "contents_pdf_page", _named(chosen), answer, program, anchors, frozenset({"structure"}), paper.index)


def _by_contents(paper: Paper, heading: Heading) -> Json:
    """A program for the PDF page that carries the number which the contents list gives for a heading."""
    entry: Json = {"op": "contents_label", "doc": paper.index, "text": _full(heading)}
    return {"op": "label_page", "doc": paper.index, "label": entry}


def _named(chosen: Sequence[tuple[Heading, int]]) -> dict[str, str]:
    """Slots for the titles of sections, in the order asked."""
    return {slot: heading.text for slot, (heading, _) in zip(SECTION_SLOTS, chosen, strict=True)}


def section_distance(context: Context, rng: Generator) -> Draft | None:
    """18: how many pages after one section another begins, and how many after that a third."""
    paper = one(rng, context.papers)
    chosen = sorted(list(shuffled(rng, _asked(paper)))[: len(SECTION_SLOTS)], key=lambda item: item[1])
    if _is_short(paper) or len({page for _, page in chosen}) < len(SECTION_SLOTS):
        return None
    pages: list[Json] = [{"op": "heading_page", "doc": paper.index, "text": _full(heading)} for heading, _ in chosen]
    program: Json = [{"op": "sub", "args": [later, early]} for early, later in pairwise(pages)]
    steps = [later - early for (_, early), (_, later) in pairwise(chosen)]
    answer = several(tuple(whole(paper, step) for step in steps), ordered=True)
    anchors = paper.anchored(*(f"heading/{heading.key}" for heading, _ in chosen))
    return Draft("page_arithmetic", "section_distance", _named(chosen), answer, program, anchors, frozenset({"structure"}), paper.index)


def sections_on_pages(context: Context, rng: Generator) -> Draft | None:
    """12: the PDF pages on which three named sections begin, in the order asked."""
    paper = one(rng, context.papers)
    chosen = list(shuffled(rng, _asked(paper)))[: len(SECTION_SLOTS)]
    if len(chosen) < len(SECTION_SLOTS) or len({page for _, page in chosen}) < 2:
        return None
    program: Json = [{"op": "heading_page", "doc": paper.index, "text": _full(heading)} for heading, _ in chosen]
    answer = several(tuple(_page(paper, page, False) for _, page in chosen), ordered=True)
    anchors = paper.anchored(*(f"heading/{heading.key}" for heading, _ in chosen))
    return Draft("locating", "section_pages", _named(chosen), answer, program, anchors, frozenset({"structure"}), paper.index)
