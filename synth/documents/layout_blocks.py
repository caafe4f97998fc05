"""What a layout does with blocks and strips before pages are filled: slides, leads, heading depths, footnote numbers, contents lists.

All of it is pure. Nothing here sets text or knows where on a page it lands.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from schemas.errors import DataError
from synth.documents.blocks import Block, Document, Figure, Heading, Inline, Listing, Paragraph, Section, Table
from synth.documents.flow import Run
from synth.documents.setting import stack
from synth.documents.strips import LabelOp, Strip

SPREAD_LEFT = 0.9
"""Share of the space a page leaves for spreading its contents lists that is used for it; the rest is lost where pages break (chosen)."""


def slides(section: Section) -> list[Section]:
    """A section of slides as one section a slide: each heading that does not follow a heading starts one. Other sections stay whole.

    The slides share the spare text out.
    """
    if section.page != "slide":
        return [section]
    out: list[list[Block]] = [[]]
    for block in section.blocks:
        if isinstance(block, Heading) and block.level <= 2 and out[-1] and not isinstance(out[-1][-1], Heading):
            out.append([])
        out[-1].append(block)
    return [replace(section, blocks=tuple(blocks), spare=section.spare[at :: len(out)]) for at, blocks in enumerate(out)]


def tightened(runs: list[Run], page_pt: float, spread_pt: float) -> list[Run]:
    """The runs with less than `spread_pt` of extra space between contents entries, where that saves a page."""
    num_entries = sum(any(isinstance(op, LabelOp) for op in strip.ops) for run in runs for strip in run.strips)
    wide = math.fsum(stack(run.strips)[0] / run.columns for run in runs) / page_pt
    narrow = wide - num_entries * spread_pt / page_pt
    if math.ceil(wide) == math.ceil(narrow):
        return runs
    less = spread_pt * (1 - SPREAD_LEFT * (math.ceil(narrow) - narrow) / (wide - narrow))
    return [replace(run, strips=tuple(_closer(strip, less) for strip in run.strips)) for run in runs]


def _closer(strip: Strip, less_pt: float) -> Strip:
    """A strip of a contents entry with less space around it; others as they are."""
    if strip.part is None or strip.part.kind != "list" or strip.part.item >= 0:
        return strip
    return replace(strip, before_pt=max(0.0, strip.before_pt - less_pt), after_pt=max(0.0, strip.after_pt - less_pt / 2))


def take_lead(blocks: list[Block], following: Block) -> list[Block]:
    """Take from the end of `blocks` what leads in the next block: the headings right above it, and a paragraph between them and a table
    or figure.
    """
    at = len(blocks)
    shows = isinstance(following, Table | Figure)
    if shows and at > 1 and isinstance(blocks[at - 1], Paragraph) and isinstance(blocks[at - 2], Heading):
        at -= 1
    while at and isinstance(blocks[at - 1], Heading):
        at -= 1
    taken = blocks[at:]
    del blocks[at:]
    return taken


def depths(levels: Sequence[int]) -> list[int]:
    """How deep each heading is nested: one more than the last heading of a higher level."""
    open_levels: list[int] = []
    out = []
    for level in levels:
        open_levels = [*(above for above in open_levels if above < level), level]
        out.append(len(open_levels))
    return out


def number_notes(document: Document) -> dict[str, int]:
    """Footnote key -> number, in order of first mark."""
    marks: dict[str, int] = {}
    for section in document.sections:
        for text in (text for block in section.blocks for inlines in _inlines(block) for text in inlines):
            if not text.note:
                continue
            if text.note not in document.footnotes:
                what = f"the text {text.text!r} has a mark for footnote {text.note!r}, which the document does not have"
                raise DataError("unknown_footnote", f"{what}; add it to Document.footnotes")
            marks.setdefault(text.note, len(marks) + 1)
    return marks


def _inlines(block: Block) -> Iterator[Inline]:
    """Every run of text in a block, in reading order."""
    if isinstance(block, Paragraph):
        yield block.inlines
    elif isinstance(block, Listing):
        yield from block.items
    elif isinstance(block, Table):
        yield block.caption
        yield from (cell.inlines for row in (*block.head, *block.body) for cell in row)
        yield block.note
    elif isinstance(block, Figure):
        yield block.caption
