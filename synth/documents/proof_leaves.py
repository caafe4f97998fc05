"""The leaves of proof programs: what is read from a document's pages. One small function a leaf; page numbers given and returned are
1-based.

Every leaf takes the scope and its evaluated arguments, and returns a value or raises ProofError when what it looks for is missing or
ambiguous. Documents are known through `reading` alone, charts through `measure`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import takewhile
from typing import TypeAlias

from synth.documents import reading_structure as structure
from synth.documents.measure import Picture, measure_bar
from synth.documents.proof_values import Measured, ProofError, Value, as_number, as_sequence, as_text, folded, same
from synth.documents.reading import BoxPt, ReadDocument, same_label
from synth.documents.reading_tables import Cell, TablePart, best_caption, table_parts, widest_span
from synth.documents.reading_values import parse_date, parse_number

Arguments: TypeAlias = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a leaf has read: a text on a 0-based page of a document, or where a mark of a figure ends, (x, y) in points.

    `is_caption` is set for the caption of a table or figure that was read.
    """

    document: int
    page: int
    text: str
    at_pt: tuple[float, float] | None = None
    is_caption: bool = False


@dataclass(frozen=True)
class Artefact:
    """What proofs read: the stored documents, and the stored image of each page with the way from points to its pixels.

    Leaves note in `seen` what they read, where there is such a list.
    """

    documents: tuple[ReadDocument, ...]
    pictures: tuple[Picture, ...] = ()
    seen: list[Seen] | None = None

    def watched(self, seen: list[Seen]) -> "Artefact":
        """The same, noting what is read."""
        return Artefact(self.documents, self.pictures, seen)

    def see(self, given: Arguments, page: int, text: str, at_pt: tuple[float, float] | None = None, *, is_caption: bool = False) -> None:
        """Note what a leaf has read on a 0-based page."""
        if self.seen is not None:
            self.seen.append(Seen(int(as_number(given.get("doc", Decimal(0)))), page, text, at_pt, is_caption))

    def document(self, given: Arguments) -> ReadDocument:
        """The document a leaf names; the first where it names none."""
        number = int(as_number(given.get("doc", Decimal(0))))
        if not 0 <= number < len(self.documents):
            raise ProofError("missing", f"document {number} of {len(self.documents)}")
        return self.documents[number]

    def without(self, document: int, page: int) -> "Artefact":
        """The same with one page (0-based) of one document gone."""
        changed = self.documents[document].without(page)
        return Artefact((*self.documents[:document], changed, *self.documents[document + 1 :]), self.pictures)


def read_as(text: str, kind: str, language: str) -> Value:
    """Printed text as a value of kind number, date or text.

    Raises:
        ProofError: `unreadable` when the text is not one number or one date.
    """
    if kind == "text":
        return " ".join(text.split())
    if kind == "number":
        number = parse_number(text, language)
        if number is None:
            raise ProofError("unreadable", f"{text!r} is not one number in {language}")
        return number
    if kind == "date":
        found = parse_date(text, language)
        if found is None:
            raise ProofError("unreadable", f"{text!r} is not one date in {language}")
        return date.fromisoformat(found)
    raise ProofError("bad_program", f"no kind {kind!r}; there are number, date, text")


def _kind(given: Arguments, default: str = "text") -> str:
    return as_text(given.get("as", default))


def _single(found: Sequence[Value], what: str) -> Value:
    """The one value found; the same value found twice is still one."""
    if not found:
        raise ProofError("missing", what)
    if any(not same(found[0], other) for other in found[1:]):
        raise ProofError("ambiguous", f"{what}: {found[:4]!r}")
    return found[0]


# --- tables -------------------------------------------------------------------------------------------------------------------------


Row: TypeAlias = tuple[Cell | None, ...]


def _rows(scope: Artefact, given: Arguments, headings: Sequence[str]) -> Iterator[tuple[int, Row]]:
    """(page, cells under the headings) of every body row of the named table, over all its pages; "" is the first column."""
    label = as_text(given["table"])
    read: dict[tuple[int, BoxPt], list[Row]] = {}
    for part in table_parts(scope.document(given), label):
        columns = _find_columns(part, headings)
        if columns:
            place = (part.page, part.caption_box_pt)
            head_rows = max(depth for _, depth in columns)
            body = [(tuple(row[column] for column, _ in columns), widest_span(row)) for row in part.body(head_rows)]
            if place not in read:
                read[place] = [row for row, _ in body]
            elif _goes_on(read[place], sure := [row for row, _ in takewhile(lambda item: all(item[0]) and item[1] == 1, body)]):
                read[place] = sure
    if scope.seen is not None and (found := best_caption(scope.document(given), label)):
        scope.see(given, found[0].index, structure.caption_text(*found), is_caption=True)
    if not read:
        raise ProofError("missing", f"a table {label!r} with the columns {[text for text in headings if text]}")
    for (page, _), rows in read.items():
        yield from ((page, row) for row in rows)


def _goes_on(narrow: Sequence[Row], wide: Sequence[Row]) -> bool:
    """Whether a wider reading of a part begins with all rows of the narrower one and has more: that one was cut where its column of the
    page seemed to end.
    """
    return len(wide) > len(narrow) and all(
        [cell and cell.text for cell in one] == [cell and cell.text for cell in other] for one, other in zip(narrow, wide, strict=False)
    )


def _find_columns(part: TablePart, headings: Sequence[str]) -> list[tuple[int, int]]:
    """(column, head rows) of each heading, nothing when one is missing."""
    found: list[tuple[int, int]] = []
    for text in headings:
        column = part.find_column(text.split("|")) if text else (0, 0)
        if column is None:
            return []
        found.append(column)
    return found


def cell(scope: Artefact, given: Arguments) -> Value:
    """`cell{table, row, column, key?, as?}`: what stands under `column` in the one row whose cell under `key` (the first column) is
    `row`.
    """
    row, column, key = folded(as_text(given["row"])), as_text(given["column"]), as_text(given.get("key", ""))
    document = scope.document(given)
    found = [
        read_as(_noted(scope, given, page, name, value), _kind(given), document.language)
        for page, (name, value) in _rows(scope, given, (key, column))
        if name and folded(name.text) == row
    ]
    if len(found) > 1:
        raise ProofError("ambiguous", f"{len(found)} rows {given['row']!r} in {given['table']!r}")
    return _single(found, f"row {given['row']!r} in {given['table']!r}")


def _noted(scope: Artefact, given: Arguments, page: int, *cells: Cell | None) -> str:
    """The text of the last of some cells, all of them noted as read."""
    for item in cells:
        if item:
            scope.see(given, page, item.text)
    return cells[-1].text if cells[-1] else ""


def column(scope: Artefact, given: Arguments) -> Value:
    """`column{table, column, as?, where?, equals?}`: all values under `column`, of the rows whose cell under `where` is `equals` or among
    it.
    """
    language = scope.document(given).language
    where = as_text(given.get("where", ""))
    wanted = given.get("equals")
    allowed = None if wanted is None else {folded(as_text(item)) for item in (wanted if isinstance(wanted, tuple) else (wanted,))}
    values = []
    for page, (name, value) in _rows(scope, given, (where, as_text(given["column"]))):
        if allowed is None or (name and folded(name.text) in allowed):
            values.append(read_as(_noted(scope, given, page, name, value), _kind(given), language))
    return tuple(values)


def cells(scope: Artefact, given: Arguments) -> Value:
    """`cells{table, rows, column, key?, as?}`: what `cell` gives for each of several rows; all must be there."""
    names = [folded(as_text(name)) for name in as_sequence(given["rows"])]
    column, key, language = as_text(given["column"]), as_text(given.get("key", "")), scope.document(given).language
    found: dict[str, Value] = {}
    for page, (name, value) in _rows(scope, given, (key, column)):
        if name and folded(name.text) in names:
            if folded(name.text) in found:
                raise ProofError("ambiguous", f"two rows {name.text!r} in {given['table']!r}")
            found[folded(name.text)] = read_as(_noted(scope, given, page, name, value), _kind(given), language)
    missing = [name for name in names if name not in found]
    if missing:
        raise ProofError("missing", f"rows {missing!r} in {given['table']!r}")
    return tuple(found[name] for name in names)


# --- running text -------------------------------------------------------------------------------------------------------------------


def between(scope: Artefact, given: Arguments) -> Value:
    """`between{before, after, as?}`: the text that stands between two texts, which must occur once in the whole document."""
    document, before, after = scope.document(given), as_text(given["before"]), as_text(given["after"])
    found = structure.between(document, before, after)
    if len(found) > 1:
        raise ProofError("ambiguous", f"{len(found)} places between {before[-30:]!r} and {after[:30]!r}")
    for item in found:
        scope.see(given, item.page, item.text)
    return _single(
        [read_as(item.text, _kind(given), document.language) for item in found], f"text between {before[-30:]!r} and {after[:30]!r}"
    )


def mentions(scope: Artefact, given: Arguments) -> Value:
    """`mentions{text}`: how often a text occurs on all pages, white space aside."""
    wanted = folded(as_text(given["text"]))
    return Decimal(sum(page.folded.count(wanted) for page in scope.document(given).pages))


def pages_containing(scope: Artefact, given: Arguments) -> Value:
    """`pages_containing{text}`: PDF page numbers of all pages that hold a text, ascending."""
    return tuple(Decimal(page + 1) for page in structure.pages_containing(scope.document(given), as_text(given["text"])))


def list_items(scope: Artefact, given: Arguments) -> Value:
    """`list_items{after}`: the items of the one list that follows a line ending with a text."""
    lists = structure.list_items(scope.document(given), as_text(given["after"]))
    if len(lists) != 1:
        raise ProofError("missing" if not lists else "ambiguous", f"{len(lists)} lists after {given['after']!r}")
    for item in lists[0]:
        scope.see(given, item.page, item.text)
    return tuple(item.text for item in lists[0])


# --- structure ----------------------------------------------------------------------------------------------------------------------


def captions(scope: Artefact, given: Arguments) -> Value:
    """`captions{kind, contains?}`: captions, label included, whose label begins with `kind` (`Table`) and which hold a text."""
    return tuple(text for _, text in _captions(scope, given))


def caption_pages(scope: Artefact, given: Arguments) -> Value:
    """`caption_pages{kind, contains?}`: the PDF page numbers of these captions, in their order."""
    return tuple(Decimal(page + 1) for page, _ in _captions(scope, given))


def _captions(scope: Artefact, given: Arguments) -> list[tuple[int, str]]:
    wanted = folded(as_text(given.get("contains", "")))
    found = structure.captions(scope.document(given), as_text(given["kind"]))
    shown = [(item.page, item.text) for _, item in found if wanted in folded(item.text)]
    for page, text in shown:
        scope.see(given, page, text)
    return shown


def caption(scope: Artefact, given: Arguments) -> Value:
    """`caption{label}`: the text of the caption that begins with a label, without the label."""
    label = as_text(given["label"])
    found = best_caption(scope.document(given), label)
    if found is None:
        raise ProofError("missing", f"a caption {label!r}")
    whole = structure.caption_text(*found)
    scope.see(given, found[0].index, whole)
    return structure.without_label(whole, label)


def heading_page(scope: Artefact, given: Arguments) -> Value:
    """`heading_page{text}`: the PDF page number of the heading with this text, number included."""
    found = structure.headings(scope.document(given), as_text(given["text"]))
    for item in found:
        scope.see(given, item.page, as_text(given["text"]))
    return _single([Decimal(item.page + 1) for item in found], f"heading {given['text']!r}")


def contents_label(scope: Artefact, given: Arguments) -> Value:
    """`contents_label{text}`: the printed page number that the contents list gives for an entry."""
    found = structure.contents_labels(scope.document(given), as_text(given["text"]))
    for item in found:
        scope.see(given, item.page, f"{as_text(given['text'])} {item.text}")
    return _single([item.text for item in found], f"contents entry {given['text']!r}")


def page_label(scope: Artefact, given: Arguments) -> Value:
    """`page_label{page}`: the printed number of a PDF page."""
    pages, number = scope.document(given).pages, int(as_number(given["page"]))
    if not 1 <= number <= len(pages) or not pages[number - 1].label:
        raise ProofError("missing", f"a printed number on PDF page {number}")
    return pages[number - 1].label


def page_labels(scope: Artefact, given: Arguments) -> Value:
    """`page_labels{pages}`: the printed numbers of several PDF pages, in their order."""
    return tuple(page_label(scope, {**given, "page": page}) for page in as_sequence(given["pages"]))


def label_page(scope: Artefact, given: Arguments) -> Value:
    """`label_page{label}`: the PDF page number of the page with this printed number."""
    label = as_text(given["label"])
    found = [page for page in scope.document(given).pages if page.label and same_label(page.label, label)]
    for page in found:
        scope.see(given, page.index, page.label)
    return _single([Decimal(page.index + 1) for page in found], f"the page numbered {label!r}")


def page_count(scope: Artefact, given: Arguments) -> Value:
    """`page_count{}`: the number of PDF pages."""
    return Decimal(len(scope.document(given).pages))


# --- figures ------------------------------------------------------------------------------------------------------------------------


def bar(scope: Artefact, given: Arguments) -> Value:
    """`bar{figure, category, series?}`: the value a figure shows for a category, measured from the pixels of the page image."""
    number = int(as_number(given.get("doc", Decimal(0))))
    pictures = {picture.page: picture for picture in scope.pictures if picture.document == number}
    label, category = as_text(given["figure"]), as_text(given["category"])
    mark = measure_bar(scope.document(given), pictures, label, category, as_text(given.get("series", "")))
    scope.see(given, mark.page, mark.caption, is_caption=True)
    scope.see(given, mark.page, "", mark.at_pt)
    return Measured(mark.value, mark.tolerance)


def bars(scope: Artefact, given: Arguments) -> Value:
    """`bars{figure, categories, series?}`: the values of several categories, in their order."""
    return tuple(bar(scope, {**given, "category": name}) for name in as_sequence(given["categories"]))


LEAVES: dict[str, Callable[[Artefact, Arguments], Value]] = {
    "cell": cell, "cells": cells, "column": column, "between": between, "mentions": mentions, "pages_containing": pages_containing,
    "list_items": list_items, "captions": captions, "caption": caption, "page_labels": page_labels, "caption_pages": caption_pages,
    "heading_page": heading_page, "contents_label": contents_label, "page_label": page_label, "label_page": label_page,
    "page_count": page_count, "bar": bar, "bars": bars,
}  # fmt: skip
"""Leaf name -> function of the artefact and evaluated arguments."""
