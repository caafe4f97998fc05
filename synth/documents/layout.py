"""Turns a document of blocks into a PDF and says where every anchor landed.

`layout` is the whole path: number the footnotes, set blocks into strips (`setting`, `tables`, `figures`), fill pages (`flow`), write them
(`emit`). The same document, look and rng state give the same bytes in any process. Nothing here knows what a document is about.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from numpy.random import Generator

from schemas.errors import DataError
from synth.documents.blocks import Block, Contents, Document, Figure, Heading, LaidOut, Listing, Paragraph, Section, Table
from synth.documents.covers import CoverLook, draw_cover, set_cover
from synth.documents.emit import Emitter, Leaf, page_infos
from synth.documents.figures import needs_page_width, set_figure
from synth.documents.flow import LEAST_FULL, Flow, Frame, Page, Run, Spare, find_targets, number_pages
from synth.documents.layout_blocks import depths, number_notes, slides, take_lead, tightened
from synth.documents.looks import Look, draw_look
from synth.documents.numerals import page_label
from synth.documents.setting import Setter, heading_text, held, stack
from synth.documents.strips import Part, Strip, TextOp
from synth.documents.table_plan import plan_table
from synth.documents.tables import ABREAST, row_height, set_table
from synth.render.pdf import PdfWriter
from synth.render.typeset import Typesetter

__all__ = ["Look", "draw_look", "layout"]

PAGE_PT = {"a4": (595.28, 841.89), "letter": (612.0, 792.0), "a5": (419.53, 595.28), "slide": (960.0, 540.0)}
"""ISO 216 and ANSI sizes, and 16:9 slides, in points."""

MARGIN_SCALE = {"a4": 1.0, "letter": 1.0, "a5": 0.72}
SLIDE_MARGINS_PT = (68.0, 64.0, 80.0, 64.0)

NOTE_GAP_PITCHES = 2.2
"""Between text and footnotes, in line pitches; the rule stands in it. A table that ends above it must not seem to go on."""

FITTINGS = 1
"""How often the type is changed to come nearer to the pages wanted."""

LEAST_RATIO, MOST_RATIO = 0.75, 1.25
"""Pages in terms of the pages wanted within which the type is left alone (chosen)."""

SMALLEST_PT, SMALLEST_SLIDE_PT, LARGEST_PT = 8.0, 7.2, 12.2
"""Bounds of body type that is changed so, before the page kind's scale (slides: 12.4 pt as printed)."""

MEAN_EMPTY = 0.4
"""Mean share of a section's last page that stays empty (chosen)."""

LEAST_FULL_SLIDE = 0.7
"""A slide that is emptier than this gets spare text (chosen: sparse slides look alike)."""

FULLEST = 0.98
"""Greatest share of a page that spare text fills."""

SQUEEZED = 0.85
"""A table whose type would shrink below this share of its size in a column crosses the columns instead."""


def layout(document: Document, look: Look, rng: Generator) -> LaidOut:
    """Lay out a document.

    Args:
        document: Sections of blocks.
        look: How it looks; draw it with `draw_look`.
        rng: For choices within the look: the design of the cover, and how full pages get.

    Raises:
        DataError: `table_too_wide`, `ragged_table`, `block_too_tall`, `unknown_footnote`, or the typesetter's reasons.
    """
    parts = [part for section in document.sections for part in slides(section)]
    designs = [_Design(part, draw_cover(look, rng) if part.numbering == "" else None, float(rng.random())) for part in parts]
    typesetter, marks = Typesetter(document.language, look=look.font), number_notes(document)
    job = _Job(document, look, typesetter, marks)
    flow = job.fill(designs)
    for _ in range(FITTINGS):
        scale = _fitting_scale(flow, document, job.look)
        if scale == 1.0:
            break
        job = _Job(document, replace(job.look, size_pt=round(scale * job.look.size_pt, 2)), typesetter, marks)
        flow = job.fill(designs)
    return job.write(flow.pages)


def _fitting_scale(flow: Flow, document: Document, look: Look) -> float:
    """The factor by which the type must change for the document to come to about the pages wanted; 1 where it does or cannot."""
    pages, wanted = len(flow.pages), document.pages_wanted
    if not wanted or LEAST_RATIO * wanted <= pages <= MOST_RATIO * wanted:
        return 1.0
    floor = SMALLEST_SLIDE_PT if any(section.page == "slide" for section in document.sections) else SMALLEST_PT
    empty = MEAN_EMPTY * len(flow.content)  # the last page of each section is half empty at any size
    scale = math.sqrt(max(0.1, wanted - empty) / max(0.1, math.fsum(flow.content) - empty / 2))
    size = min(max(scale * look.size_pt, floor), LARGEST_PT)
    return size / look.size_pt if abs(size / look.size_pt - 1) > 0.01 else 1.0


@dataclass(frozen=True, slots=True)
class _Design:
    """A section, what was drawn for its cover if it is one, and a number in [0, 1) that says how full its last page gets."""

    section: Section
    cover: CoverLook | None
    fullness: float


@dataclass(slots=True)
class _Job:
    """One document being laid out."""

    document: Document
    look: Look
    typesetter: Typesetter
    marks: dict[str, int]
    blocks: int = 0
    setters: dict[str, Setter] = field(default_factory=dict)
    set_notes: dict[tuple[str, str, float], list[Strip]] = field(default_factory=dict)

    def fill(self, designs: Sequence[_Design]) -> Flow:
        """All sections on pages."""
        flow = Flow(self.note_height)
        for design in designs:
            section = design.section
            frame = self.frame(section)
            runs = self.cover(section, frame, design.cover) if design.cover else self.runs(section, frame)
            spare = self.spare(section, frame, design.fullness)
            flow.add_section(runs, frame, section.numbering, balance_last=self.look.balance, spare=spare)
        return flow

    def setter(self, page: str) -> Setter:
        """The setter for a page kind."""
        if page not in self.setters:
            self.setters[page] = Setter(self.typesetter, self.look, page, self.document.numerals, self.marks)
        return self.setters[page]

    def frame(self, section: Section) -> Frame:
        """The page of a section."""
        width, height = PAGE_PT[section.page]
        if section.landscape and section.page != "slide":
            width, height = height, width
        scale = MARGIN_SCALE.get(section.page, 1.0)
        top, right, bottom, left = SLIDE_MARGINS_PT if section.page == "slide" else tuple(scale * margin for margin in self.look.margins_pt)
        gap = max(20.0, self.look.column_gap_pt * (1.4 if section.page == "slide" else 1.0))
        is_rtl = self.typesetter.direction == "rtl"
        return Frame(section.page, width, height, left, top, width - right, height - bottom, section.columns, gap, is_rtl)

    # --- footnotes ---

    def notes(self, keys: Sequence[str], frame: Frame) -> list[Strip]:
        """Strips of footnotes."""
        setter = self.setter(frame.page)
        out: list[Strip] = []
        for key in keys:
            slot = (key, frame.page, frame.measure_pt)
            if slot not in self.set_notes:
                number = -self.marks[key]  # footnotes are pieces of their own: numbers that no block has
                self.set_notes[slot] = setter.footnote(key, self.document.footnotes[key], frame.measure_pt, number)
            out.extend(self.set_notes[slot])
        return out

    def note_height(self, keys: Sequence[str], frame: Frame) -> float:
        """Room a page's footnotes need at its foot."""
        return stack(self.notes(keys, frame))[0] + NOTE_GAP_PITCHES * self.setter(frame.page).pitch_pt if keys else 0.0

    # --- setting ---

    def runs(self, section: Section, frame: Frame) -> list[Run]:
        """The strips of a section, grouped into stretches that cross the page and stretches of columns."""
        setter = self.setter(section.page)
        groups: list[tuple[int, list[Block]]] = []
        for block in section.blocks:
            columns = self._columns(block, section, frame, setter)
            if groups and groups[-1][0] == columns:
                groups[-1][1].append(block)
                continue
            # What leads in a block of other columns moves with it; else it would be left at the end of a column.
            moved = take_lead(groups[-1][1], block) if groups and columns != section.columns else []
            groups.append((columns, [*moved, block]))
        runs = [self._run(blocks, frame, columns, setter, section.spare_before) for columns, blocks in groups if blocks]
        if any(isinstance(block, Contents) for block in section.blocks) and section.page != "slide":
            runs = tightened(runs, frame.bottom_pt - frame.top_pt, self.look.contents.spread * setter.pitch_pt)
        if section.spare and runs and all(run.slot < 0 for run in runs):
            runs = self._with_slot(runs, section)
        lead = self._sink(section)
        if lead and runs:
            first = runs[0]
            runs[0] = replace(first, strips=(lead, *first.strips), slot=first.slot + 1 if first.slot >= 0 else -1)
        return runs

    def _run(self, blocks: Sequence[Block], frame: Frame, columns: int, setter: Setter, spare_before: str) -> Run:
        """Blocks of one width; the slot for spare text is before the heading named."""
        strips: list[Strip] = []
        slot = -1
        for block, made in self._strips(blocks, frame, columns, setter):
            if spare_before and isinstance(block, Heading) and block.key == spare_before:
                slot = len(strips)
            strips += made
        return Run(tuple(strips), columns, slot)

    @staticmethod
    def _with_slot(runs: list[Run], section: Section) -> list[Run]:
        """The runs with a slot at their end, in the section's columns."""
        last = runs[-1]
        if last.columns == section.columns:
            return [*runs[:-1], replace(last, slot=len(last.strips))]
        return [*runs, Run((), section.columns, 0)]

    def spare(self, section: Section, frame: Frame, share: float) -> Spare:
        """The spare text of a section, set when it is asked for; `share` in [0, 1) says how full its last page gets."""
        least = LEAST_FULL_SLIDE if frame.page == "slide" else LEAST_FULL
        setter = self.setter(section.page)
        ready: dict[tuple[int, int], list[Strip]] = {}

        def set_block(number: int, columns: int) -> list[Strip]:
            if (number, columns) not in ready:
                self.blocks += 1
                ready[number, columns] = self._set(section.spare[number], section.spare[number], frame.column_width(columns), frame, setter)
            return ready[number, columns]

        def set_head(columns: int) -> list[Strip]:
            self.blocks += 1
            head = section.spare_head
            return setter.heading(head, frame.column_width(columns), self.blocks) if head else []

        head = set_head if section.spare_head else None
        return Spare(set_block, len(section.spare), FULLEST - (FULLEST - least) * share, least, head, section.spare_gaps)

    def cover(self, section: Section, frame: Frame, look: CoverLook) -> list[Run]:
        """The strips of a cover."""
        setter = self.setter(section.page)
        groups: list[tuple[str, Sequence[Strip]]] = []
        for block in section.blocks:
            self.blocks += 1
            if isinstance(block, Paragraph):
                strips = setter.paragraph(block, frame.measure_pt, self.blocks, after_heading=True, cover=look.align)
                groups.append((block.role, strips))
            else:
                groups.append(("", self._set(block, None, frame.measure_pt, frame, setter)))
        return [Run(tuple(set_cover(self.look, look, frame, groups)), 1)]

    def _sink(self, section: Section) -> Strip | None:
        """White space above a chapter's heading."""
        first = section.blocks[0] if section.blocks else None
        opens = isinstance(first, Heading) and first.level == 1 and section.page != "slide" and section.columns == 1
        return Strip(self.look.heading.sink_pt, keep=True) if opens and self.look.heading.sink_pt else None

    def _columns(self, block: Block, section: Section, frame: Frame, setter: Setter) -> int:
        """How many columns there are where a block stands."""
        if section.columns > 1 and not self._spans(block, section, frame, setter):
            return section.columns
        return 2 if section.columns != 2 and isinstance(block, Table) and self._fits_abreast(block, frame, setter) else 1

    def _fits_abreast(self, table: Table, frame: Frame, setter: Setter) -> bool:
        """Whether a long table is narrow enough for two columns."""
        height = len(table.body) * row_height(setter, setter.size_pt * self.look.table.scale)
        if frame.page == "slide" or height < ABREAST * (frame.bottom_pt - frame.top_pt):
            return False
        return self._fits_column(table, frame.column_width(2), setter)

    def _fits_column(self, table: Table, width_pt: float, setter: Setter) -> bool:
        """Whether a table can be set in a column without much smaller type or turned heads."""
        try:
            plan = plan_table(setter, table, width_pt)
        except DataError as error:
            if error.reason != "table_too_wide":
                raise
            return False
        return plan.size_pt >= SQUEEZED * setter.size_pt * self.look.table.scale and plan.turned == table.rotated_head

    def _spans(self, block: Block, section: Section, frame: Frame, setter: Setter) -> bool:
        """Whether a block crosses all columns of its section."""
        width = frame.column_width(section.columns)
        if isinstance(block, Table):
            return not self._fits_column(block, width, setter)
        if isinstance(block, Figure):
            return needs_page_width(setter, block, width)
        if isinstance(block, Heading):
            return block.level == 1 and (self.look.heading.spans or not setter.heading_fits(block, width))
        return isinstance(block, Contents) or (isinstance(block, Paragraph) and block.role in ("title", "subtitle", "imprint"))

    def _strips(self, blocks: Sequence[Block], frame: Frame, columns: int, setter: Setter) -> Iterator[tuple[Block, list[Strip]]]:
        width, before = frame.column_width(columns), None
        for at, block in enumerate(blocks):
            self.blocks += 1
            strips = self._set(block, before, width, frame, setter)
            if strips and isinstance(block, Paragraph) and at + 1 < len(blocks) and isinstance(blocks[at + 1], Table | Figure | Listing):
                strips[-1] = held(strips[-1])  # the sentence that announces a table stands above it
            yield block, strips
            before = block

    def _set(self, block: Block, before: Block | None, width: float, frame: Frame, setter: Setter) -> list[Strip]:
        number = self.blocks
        if isinstance(block, Heading):
            return setter.heading(block, width, number)
        if isinstance(block, Paragraph):
            return setter.paragraph(block, width, number, after_heading=not isinstance(before, Paragraph))
        if isinstance(block, Listing):
            return setter.listing(block, width, number)
        if isinstance(block, Table):
            opens_page = frame.page == "slide" or frame.width_pt > frame.height_pt
            column = frame.bottom_pt - frame.top_pt if opens_page else math.inf
            return set_table(setter, block, width, self.document.continued, number, column)
        if isinstance(block, Figure):
            return set_figure(setter, block, width, (frame.bottom_pt - frame.top_pt) * (0.8 if frame.page == "slide" else 1.0), number)
        return setter.contents(block, self._entries(block, setter), width, frame.bottom_pt - frame.top_pt, number)

    def _entries(self, block: Contents, setter: Setter) -> list[tuple[int, str, str, str]]:
        """(level, text, target anchor, entry anchor) of every entry of a contents list."""
        blocks = [item for section in self.document.sections for item in section.blocks]
        if block.kind == "sections":
            headings = [item for item in blocks if isinstance(item, Heading) and item.in_contents]
            levels = depths([item.level for item in headings])
            return [
                (level, heading_text(item), f"heading/{item.key}", f"contents/{item.key}")
                for level, item in zip(levels, headings, strict=True)
            ]
        wanted = Table if block.kind == "tables" else Figure
        out = []
        for item in blocks:
            if isinstance(item, wanted):
                text = setter.caption_label(item.label, item.caption) + "".join(part.text for part in item.caption)
                target = next((part.anchor for part in item.caption if part.anchor), f"caption/{item.key}")
                out.append((2, text, target, f"contents-of-{block.kind}/{item.key}"))
        return out

    # --- writing ---

    def write(self, pages: Sequence[Page]) -> LaidOut:
        """Write the filled pages."""
        numbers = number_pages(pages)
        labels = [page_label(page.numbering, number, self.document.numerals) for page, number in zip(pages, numbers, strict=True)]
        targets = find_targets(pages, _anchors)
        writer = PdfWriter(self.typesetter, title=self.document.title, language=self.document.language)
        emitter = Emitter(writer, self.document, labels, targets)
        chapter = ""
        for number, page in enumerate(pages):
            first = next((item.strip.part for item in page.placed if item.strip.part), None)
            opens = first is not None and first.kind == "heading" and first.level == 1
            chapter = _first_chapter(page) or chapter
            notes = self.notes(page.notes, page.frame)
            leaf = Leaf(self.setter(page.frame.page), labels[number], chapter, opens)
            emitter.draw_page(number, page, leaf, notes, page.frame.bottom_pt - stack(notes)[0])
        writer.outline(self._outline(targets))
        writer.page_labels(_label_rules(pages, numbers))
        places = {anchor: tuple(found) for anchor, found in emitter.places.items()}
        pdf = writer.finish()
        return LaidOut(pdf, page_infos(pages, labels), places, tuple(emitter.pieces), emitter.charts, writer.assets)

    def _outline(self, targets: Mapping[str, int]) -> list[tuple[int, str, int]]:
        """Bookmarks of all headings in the contents; a level is never more than one deeper than the one before."""
        entries = self._entries(Contents("", "sections"), self.setter("a4"))
        return [(level, text.replace("\u2002", " "), targets[target]) for level, text, target, _ in entries]


def _anchors(strip: Strip) -> list[str]:
    return [f.anchor for op in strip.ops if isinstance(op, TextOp) for f in op.line.fragments if f.anchor]


def _first_chapter(page: Page) -> str:
    """Text of the first chapter heading on a page, or empty."""
    parts = [item.strip.part for item in page.placed if item.strip.part]
    heads: list[Part] = [part for part in parts if part.kind == "heading" and part.level == 1]
    return "".join(part.text for part in heads if part.block == heads[0].block).replace("\u2002", " ").strip() if heads else ""


def _label_rules(pages: Sequence[Page], numbers: Sequence[int]) -> list[tuple[int, str, int]]:
    """PDF page label rules: one where the numbering changes. PDF has no other digits than ASCII, so labels in the file are ASCII."""
    starts = [index for index, page in enumerate(pages) if index == 0 or pages[index - 1].numbering != page.numbering]
    return [(index, pages[index].numbering, numbers[index]) for index in starts]
