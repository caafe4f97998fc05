"""The second reader of a real PDF: what PDFium finds in the stored bytes, for proofs only.

The questions about real documents are made with MuPDF; this module reads the same bytes with a library that shares no code with it, so
that an answer stands only if two unrelated readers agree. It knows nothing of questions or wording. Page indices count from 0; text is in
reading order as PDFium gives it.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import pypdfium2 as pdfium

NUMBER = r"(?:[A-Z]|\d{1,3})(?:\.\d{1,3})*"
"""A printed section number: `3`, `4.5.4`, `B.2`."""

CAPTION_WORDS = "Table|Tabelle|Таблица|表|表格|Tableau|Tabla|Tabella|Tabel|Tabela|Tabell|Tabulka|Taula|Tabelul|Bảng"
"""The word for a table in the languages of Debian's guides."""

_CAPTION = re.compile(rf"^((?:{CAPTION_WORDS})\s*{NUMBER})[.:：]?\s+(\S.*)$")
_NUMBERED_LINE = re.compile(rf"^({NUMBER})\.?\s+[^\s\d.]")
_CONTENTS_LINE = re.compile(rf"^(?:{NUMBER}\s+)?(\S.*?)\s*(?:\.\s?){{4,}}\s*([ivxlcdm]+|\d+)\s*$")
_LEAST_ENTRIES = 5  # fewer dotted lines on a page are a form or a table
_FOOT_LINES = 2  # the printed page number stands in the first or last lines of a page's text


_LOOK_ALIKES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u2010": "-", "\u2011": "-", "\u00ad": None})


def fold(text: str) -> str:
    """Compatibility forms, apostrophes and hyphens unified (bookmarks often have the plain ones), hyphens at line ends removed."""
    return unicodedata.normalize("NFKC", re.sub(r"(?<=\w)[-\u00ad\u2010]\n", "", text)).translate(_LOOK_ALIKES)


def squeeze(text: str) -> str:
    """Folded, without white space: equal for the same words however they are set."""
    return re.sub(r"\s+", "", fold(text))


@dataclass(frozen=True, slots=True)
class Heading:
    """A bookmark whose title was found printed on its page. `number` is the printed section number, empty if there is none."""

    level: int
    title: str
    number: str
    page: int


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption line: `label` is `Table 3.1`, `text` the rest of the line."""

    label: str
    text: str
    page: int


@dataclass(frozen=True)
class RealPage:
    """One page's text; everything derived from it is computed once, also for documents with other pages taken away."""

    text: str
    label: str

    @cached_property
    def folded(self) -> str:
        """The text, folded."""
        return fold(self.text)

    @cached_property
    def squeezed(self) -> str:
        """The text, squeezed."""
        return squeeze(self.text)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """Lines that are not empty, without space at their ends."""
        return tuple(line.strip() for line in self.text.splitlines() if line.strip())

    @cached_property
    def captions(self) -> tuple[tuple[str, str], ...]:
        """Caption lines as (label, text)."""
        found = [(_CAPTION.match(line), _CONTENTS_LINE.match(line)) for line in self.lines]
        return tuple((" ".join(caption[1].split()), caption[2].strip()) for caption, listed in found if caption and not listed)

    @cached_property
    def contents(self) -> tuple[tuple[str, str], ...]:
        """Entries of a printed contents list as (title, printed page label)."""
        found = [match for line in self.lines if (match := _CONTENTS_LINE.match(line))]
        return tuple((match[1], match[2]) for match in found) if len(found) >= _LEAST_ENTRIES else ()

    @property
    def folio(self) -> str:
        """The PDF's label of the page if it is also printed in the first or last lines, else empty."""
        outer = [*self.lines[:_FOOT_LINES], *self.lines[-_FOOT_LINES:]]
        return self.label if self.label and any(self.label in line.split() for line in outer) else ""


@dataclass(frozen=True)
class RealDocument:
    """Pages, headings in order, and `unlisted`: (page, line) numbered like a section but without a bookmark.

    A heading whose title is not printed on its page has the number `?`: no program may rest on it.
    """

    pages: tuple[RealPage, ...]
    headings: tuple[Heading, ...]
    unlisted: tuple[tuple[int, str], ...]

    def without(self, page: int) -> "RealDocument":
        """The same document with one page's text and bookmarks gone; the other pages keep their numbers."""
        pages = (*self.pages[:page], RealPage("", ""), *self.pages[page + 1 :])
        headings = tuple(heading for heading in self.headings if heading.page != page)
        return RealDocument(pages, headings, tuple(entry for entry in self.unlisted if entry[0] != page))

    @property
    def squeezed(self) -> tuple[str, ...]:
        """The text of every page, squeezed."""
        return tuple(page.squeezed for page in self.pages)

    @property
    def captions(self) -> tuple[Caption, ...]:
        """Caption lines of tables in reading order, contents pages left out."""
        return tuple(Caption(*caption, number) for number, page in enumerate(self.pages) if not page.contents for caption in page.captions)

    @property
    def contents(self) -> tuple[tuple[str, str], ...]:
        """Entries of printed contents lists: (title, printed page label)."""
        return tuple(entry for page in self.pages for entry in page.contents)

    def pages_with(self, term: str) -> tuple[int, ...]:
        """Pages on which `term` stands between word boundaries."""
        pattern = re.compile(rf"(?<![\w-]){re.escape(term)}(?![\w-])")
        return tuple(number for number, page in enumerate(self.pages) if pattern.search(page.text))


def read_real(data: bytes) -> RealDocument:
    """Read a whole PDF with PDFium.

    Raises:
        pypdfium2.PdfiumError: The bytes are not a PDF that PDFium can open.
    """
    document = pdfium.PdfDocument(data)
    try:
        pages = tuple(_read_page(document, number) for number in range(len(document)))
        headings = tuple(Heading(level, title, _printed_number(title, pages[page]), page) for level, title, page in _bookmarks(document))
        return RealDocument(pages, headings, _unlisted(pages, {heading.number for heading in headings}))
    finally:
        document.close()


def text_in_box(data: bytes, page: int, box_pt: Sequence[float]) -> str:
    """What PDFium reads inside a box of a page, given in points from the top left."""
    document = pdfium.PdfDocument(data)
    try:
        opened = document[page]
        left, bottom, _, top = opened.get_cropbox()
        x0, y0, x1, y1 = box_pt
        text: str = opened.get_textpage().get_text_bounded(left + x0, max(bottom, top - y1), left + x1, top - y0)
        return text
    finally:
        document.close()


def _read_page(document: pdfium.PdfDocument, number: int) -> RealPage:
    text: str = document[number].get_textpage().get_text_range()
    # U+FFFE is PDFium's mark for a hyphen at the end of a line.
    return RealPage(text.replace("\r\n", "\n").replace("\ufffe", "-\n"), document.get_page_label(number) or "")


def _bookmarks(document: pdfium.PdfDocument) -> Iterator[tuple[int, str, int]]:
    for mark in document.get_toc():
        target = mark.get_dest()
        index = target.get_index() if target else None
        if index is not None:
            yield int(mark.level) + 1, " ".join(mark.get_title().split()), int(index)


def _printed_number(title: str, page: RealPage) -> str:
    """The section number printed before the title; empty if there is none, `?` if the title is not printed at all."""
    wanted = squeeze(title)
    if not wanted or wanted not in page.squeezed:
        return "?"
    spaced = r"\s*".join(re.escape(char) for char in wanted)
    match = re.search(rf"(?:^|\s|第)({NUMBER})\s*(?:章|节|節|付録)?\.?\s*{spaced}", page.folded)
    return match[1] if match else ""


def _unlisted(pages: Sequence[RealPage], numbers: set[str]) -> tuple[tuple[int, str], ...]:
    """Lines numbered like the next or a missing section, but which are no heading: the bookmarks are incomplete."""
    last: dict[str, int] = dict.fromkeys(numbers, 0)
    for number in numbers:
        parent, _, own = number.rpartition(".")
        last[parent] = max(last.get(parent, 0), int(own) if own.isdigit() else 0)
    found = []
    for index, page in enumerate(pages):
        for line in page.lines if not page.contents else ():
            match = _NUMBERED_LINE.match(line)
            parent, _, own = match[1].rpartition(".") if match else ("", "", "")
            if match and match[1] not in numbers and parent in numbers and own.isdigit() and 1 <= int(own) <= last[parent] + 1:
                found.append((index, line))
    return tuple(found)
