"""What question writers look at: for every document its world, the blocks it was written as, and where everything landed.

`Paper` gives facts: a program that finds a printed value again, and the anchors of the evidence. A fact whose value or surrounding words
are broken over pages is not given, so that every page of a question's evidence is necessary. Nothing here puts anything into words.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import pairwise

from schemas.sample import Json
from synth.documents.blocks import Document, Figure, LaidOut, Listing, Paragraph, Table, Text
from synth.documents.chapters import Written
from synth.documents.formats import format_date, format_number, unit_affixes
from synth.documents.numerals import localise_digits
from synth.documents.questions.draft import Anchor
from synth.documents.questions.words import QuestionWords, load_question_words
from synth.documents.wording import GenreWords, Wording, load_wording
from synth.documents.world import Attribute, Entity, Metric, World

CONTEXT_CHARS = 160
"""Longest text before or after a value that a program keeps (chosen: a long sentence)."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A printed value: the program that reads it and the places it follows from."""

    program: Json
    anchors: tuple[Anchor, ...]


@dataclass(frozen=True)
class Paper:
    """One document as its question writers see it."""

    index: int
    world: World
    written: Written
    laid_out: LaidOut
    wording: Wording

    @property
    def words(self) -> GenreWords:
        """Words of the document's genre."""
        return self.wording.genre(self.world.genre)

    # --- where things are ---

    def pages(self, anchors: Iterable[str]) -> set[int]:
        """Pages of these anchors."""
        return {place.page for anchor in anchors for place in self.laid_out.places.get(anchor, ())}

    def page(self, anchor: str) -> int | None:
        """The one page of an anchor, or None when it is nowhere or broken over pages."""
        pages = self.pages((anchor,))
        return next(iter(pages)) if len(pages) == 1 else None

    @cached_property
    def page_texts(self) -> tuple[str, ...]:
        """Everything set on each page, in reading order, without white space."""
        texts: list[list[str]] = [[] for _ in self.laid_out.pages]
        for piece in self.laid_out.pieces:
            parts = [piece.text, *piece.items, *(cell for row in piece.rows for cell in row)]
            texts[piece.page].append(" ".join(parts))
        return tuple(squeezed(" ".join(parts)) for parts in texts)

    # --- facts ---

    def anchored(self, *anchors: str) -> tuple[Anchor, ...]:
        """Anchors of this document."""
        return tuple((self.index, anchor) for anchor in anchors)

    def cell(self, table: str, row: str, column: str, *, row_text: Json = None, key: str = "", kind: str = "number") -> Fact | None:
        """The cell of a table by keys.

        Args:
            table: Key of the table.
            row: Key of the row in anchors.
            column: Key of the column in anchors.
            row_text: What is printed in the row's key cell, or a program for it; the row's key if not given.
            key: Key of the column that `row_text` stands in; the first if empty.
            kind: How the cell is read: number, date or text.
        """
        anchor = f"cell/{table}/{row}/{column}"
        if self.page(anchor) is None or table not in self.written.tables:
            return None
        program: dict[str, Json] = {
            "op": "cell",
            "doc": self.index,
            "table": self.written.tables[table].label,
            "row": row if row_text is None else row_text,
            "column": self.head(table, column),
            "as": kind,
        }
        if key:
            program["key"] = self.head(table, key)
        return Fact(program, self.anchored(anchor))

    def column(self, table: str, column: str, *, kind: str = "number", where: str = "", equals: Json = None) -> Json:
        """A program for all values of a column, of the rows whose cell in `where` is `equals`."""
        program: dict[str, Json] = {
            "op": "column",
            "doc": self.index,
            "table": self.written.tables[table].label,
            "column": self.head(table, column),
            "as": kind,
        }
        if where:
            program |= {"where": self.head(table, where), "equals": equals}
        return program

    def cells(self, table: str, column: str, *, rows: Json, kind: str = "number") -> Json:
        """A program for the values of several rows, which must all be there."""
        label = self.written.tables[table].label
        return {"op": "cells", "doc": self.index, "table": label, "rows": rows, "column": self.head(table, column), "as": kind}

    def head(self, table: str, column: str) -> str:
        """Printed head of a column."""
        anchor = f"head/{table}/{column}"
        row = self.written.tables[table].head[-1]
        return next(printed(cell.inlines) for cell in row if cell.inlines and cell.inlines[0].anchor == anchor)

    def told(self, key: str, *, before: Json = None, kind: str = "") -> Fact | None:
        """A value told in prose; None when its sentence is broken over pages. `before` replaces the words before it, by a program."""
        statement = self.written.statements.get(key)
        if statement is None or not statement.before.strip() or not statement.after.strip():
            return None
        head, tail = statement.before[-CONTEXT_CHARS:], statement.after[:CONTEXT_CHARS]
        page = self.page(statement.anchor)
        if page is None or squeezed(head + statement.value + tail) not in self.page_texts[page]:
            return None
        program: Json = {
            "op": "between",
            "doc": self.index,
            "before": head if before is None else before,
            "after": tail,
            "as": kind or statement.kind,
        }
        return Fact(program, self.anchored(statement.anchor))

    def code_of(self, entity: Entity) -> Fact | None:
        """The code of an entity, looked up by its name in the directory."""
        fact = self.cell("directory", entity.code, "code", row_text=entity.name, key="name", kind="text")
        return fact and Fact(fact.program, self.anchored(f"cell/directory/{entity.code}/code", f"cell/directory/{entity.code}/name"))

    def listing(self, name: str) -> Fact | None:
        """The items of a named list, found by the words before it; None when they and the list are not in one column of one page."""
        intro = self._intros.get(f"listing-{name}")
        anchors = [f"item/{name}/{number + 1}" for number in range(len(self.world.lists[name]))]
        if intro is None or not self._follows(intro, self.world.lists[name]):
            return None
        return Fact({"op": "list_items", "doc": self.index, "after": intro}, self.anchored(*anchors))

    def _follows(self, intro: str, codes: Sequence[str]) -> bool:
        """Whether all items stand below the words before them, on the same page."""
        return any(
            len(piece.items) == len(codes)
            and all(code in item for code, item in zip(codes, piece.items, strict=True))
            and squeezed(before.text).endswith(squeezed(intro))
            and before.page == piece.page
            and before.box_pt[1] < piece.box_pt[1]
            for before, piece in pairwise(self.laid_out.pieces)
        )

    @cached_property
    def _intros(self) -> dict[str, str]:
        """By key of a list, the end of the paragraph before it, where that stands once in the document and on the list's page."""
        intros: dict[str, str] = {}
        for section in self.written.document.sections:
            for before, block in zip(section.blocks, section.blocks[1:], strict=False):
                if isinstance(block, Listing) and isinstance(before, Paragraph):
                    intros[block.key] = printed(before.inlines)[-60:]
        return {key: text for key, text in intros.items() if sum(squeezed(text) in page for page in self.page_texts) == 1}

    # --- values as printed ---

    def quantity(self, value: Decimal, decimals: int, unit: str = "") -> str:
        """A number with its unit."""
        before, after = unit_affixes(unit, self.world.language, self.wording.unit_space)
        return f"{before}{format_number(value, decimals, self.world.language, self.world.numerals)}{after}"

    def whole(self, value: int) -> str:
        """A count or page number, without separators."""
        return localise_digits(str(value), self.world.numerals)

    def date(self, iso: str) -> str:
        """A date."""
        return format_date(iso, "long", self.world.language, self.world.numerals)

    def label(self, kind: str, number: int) -> str:
        """Printed label of a `table` or `figure` with a number."""
        pattern = self.wording.labels.table if kind == "table" else self.wording.labels.figure
        return localise_digits(pattern.format(n=number), self.world.numerals)

    # --- world ---

    @property
    def tabulated(self) -> tuple[Metric, ...]:
        """Metrics that have a table."""
        return tuple(metric for metric in self.world.metrics if f"metric-{metric.key}" in self.written.tables)

    @property
    def unscaled(self) -> tuple[Metric, ...]:
        """Metrics that have a table and no note on scale: their printed numbers are full values, so that a question about one needs no word
        on which of the two is meant.
        """
        return tuple(metric for metric in self.tabulated if metric.scale == 1)

    def metric(self, key: str) -> Metric:
        """A metric by key."""
        return next(metric for metric in self.world.metrics if metric.key == key)

    def attribute(self, key: str) -> Attribute:
        """An attribute by key."""
        return next(attribute for attribute in self.world.attributes if attribute.key == key)

    def entity(self, code: str) -> Entity:
        """An entity by code."""
        return next(entity for entity in self.world.entities if entity.code == code)

    def members(self, group: str) -> tuple[Entity, ...]:
        """Entities of a group."""
        return tuple(entity for entity in self.world.entities if entity.group == group)

    def amended(self, metric: str, code: str, period: str) -> bool:
        """Whether a table cell is overridden by an amendment; questions that do not mention amendments avoid such cells."""
        return any((change.metric, change.entity, change.period) == (metric, code, period) for change in self.world.amendments)

    @property
    def document(self) -> Document:
        """The blocks."""
        return self.written.document

    @property
    def captioned(self) -> tuple[Table | Figure, ...]:
        """Tables and figures in order of their page."""
        blocks: list[Table | Figure] = [*self.written.tables.values(), *self.written.figures.values()]
        return tuple(block for block in blocks if f"caption/{block.key}" in self.laid_out.places)


@dataclass(frozen=True, slots=True)
class Context:
    """All documents of one sample and the words of their language."""

    papers: tuple[Paper, ...]
    wording: Wording
    words: QuestionWords

    @classmethod
    def of(cls, worlds: Sequence[World], written: Sequence[Written], laid_out: Sequence[LaidOut]) -> "Context":
        """The context of documents in one language."""
        wording = load_wording(worlds[0].language)
        papers = tuple(Paper(n, *parts, wording) for n, parts in enumerate(zip(worlds, written, laid_out, strict=True)))
        return cls(papers, wording, load_question_words(worlds[0].language))


def printed(inlines: Sequence[Text]) -> str:
    """The text of runs."""
    return "".join(run.text for run in inlines)


def squeezed(text: str) -> str:
    """The text without white space."""
    return re.sub(r"\s+", "", text)
