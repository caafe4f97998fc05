"""The second reader of a real PDF: what PDFium finds in the stored bytes, for proofs only.

The questions about real documents are made with MuPDF; this module reads the same bytes with a library that shares no code with it, so that an answer
stands only if two unrelated readers agree. It knows nothing of questions or wording. Page indices count from 0; text is in reading order as PDFium gives it.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import pypdfium2 as pdfium

NUMBER = r"(?:[A-Z]|\d{1,3})(?:\.\d{1,3})*"
"""A printed section number: `3`, `4.5.4`, `B.2`."""

CAPTION_WORDS = (
    "Table|Tabelle|Таблица|表|表格|Tableau|Tabla|Tabella|Tabel|Tabela|Tabell|Tabulka|Taula|Tabelul|Bảng"  # of the languages of Debian's guides
)
_CAPTION = re.compile(rf"^((?:{CAPTION_WORDS})\s*{NUMBER})[.:：]?\s+(\S.*)$")
_NUMBERED_LINE = re.compile(rf"^({NUMBER})\.?\s+[^\s\d.]")
_CONTENTS_LINE = re.compile(rf"^(?:{NUMBER}\s+)?(\S.*?)\s*(?:\.\s?){{4,}}\s*([ivxlcdm]+|\d+)\s*$")
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
class RealDocument:
    """The text of every page, the bookmarks (level, title, page), and the PDF's page labels."""

    texts: tuple[str, ...]
    outline: tuple[tuple[int, str, int], ...]
    labels: tuple[str, ...]

    def without(self, page: int) -> "RealDocument":
        """The same document with one page's text and bookmarks gone; the other pages keep their numbers."""
        texts = tuple("" if number == page else text for number, text in enumerate(self.texts))
        return replace(self, texts=texts, outline=tuple(entry for entry in self.outline if entry[2] != page))

    @cached_property
    def squeezed(self) -> tuple[str, ...]:
        """The text of every page, squeezed."""
        return tuple(squeeze(text) for text in self.texts)

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        """Bookmarks in order. One whose title is not printed on its page has the number `?`, which no program may rest on."""
        return tuple(Heading(level, title, self._printed_number(title, page), page) for level, title, page in self.outline)

    @cached_property
    def captions(self) -> tuple[Caption, ...]:
        """Caption lines of tables in reading order, contents pages left out."""
        found = []
        for page, text in enumerate(self.texts):
            for line in text.splitlines():
                match = _CAPTION.match(line.strip())
                if match and not _CONTENTS_LINE.match(line.strip()):
                    found.append(Caption(" ".join(match[1].split()), match[2].strip(), page))
        return tuple(found)

    @cached_property
    def contents(self) -> tuple[tuple[str, str, int], ...]:
        """Entries of printed contents lists: (title, printed page label, page the entry stands on)."""
        entries = []
        for page, text in enumerate(self.texts):
            found = [match for line in text.splitlines() if (match := _CONTENTS_LINE.match(line.strip()))]
            if len(found) >= 5:  # fewer dotted lines are a form or a table
                entries.extend((match[1], match[2], page) for match in found)
        return tuple(entries)

    @cached_property
    def unlisted(self) -> tuple[str, ...]:
        """Lines numbered like the next or a missing section, but which are no heading: the bookmarks are incomplete."""
        numbers = {heading.number for heading in self.headings}
        last: dict[str, int] = {number: 0 for number in numbers}
        for number in numbers:
            parent, _, own = number.rpartition(".")
            last[parent] = max(last.get(parent, 0), int(own) if own.isdigit() else 0)
        contents_pages = {page for _, _, page in self.contents}
        found = []
        for page, text in enumerate(self.texts):
            for line in text.splitlines() if page not in contents_pages else ():
                match = _NUMBERED_LINE.match(line.strip())
                parent, _, own = match[1].rpartition(".") if match else ("", "", "")
                if match and match[1] not in numbers and parent in numbers and 1 <= int(own) <= last[parent] + 1:
                    found.append(line.strip())
        return tuple(found)

    def folio(self, page: int) -> str:
        """The PDF's label of a page if it is also printed in the first or last lines, else empty."""
        label, lines = self.labels[page], [line.split() for line in self.texts[page].splitlines() if line.strip()]
        outer = [*lines[:_FOOT_LINES], *lines[-_FOOT_LINES:]]
        return label if label and any(label in words for words in outer) else ""

    def pages_with(self, term: str) -> tuple[int, ...]:
        """Pages on which `term` stands between word boundaries."""
        pattern = re.compile(rf"(?<![\w-]){re.escape(term)}(?![\w-])")
        return tuple(page for page, text in enumerate(self.texts) if pattern.search(text))

    def _printed_number(self, title: str, page: int) -> str:
        """The section number printed before the title; empty if there is none, `?` if the title is not printed at all."""
        text, wanted = self.texts[page], squeeze(title)
        if not wanted or wanted not in self.squeezed[page]:
            return "?"
        spaced = r"\s*".join(re.escape(char) for char in wanted)
        match = re.search(rf"(?:^|\s|第)({NUMBER})\s*(?:章|节|節|付録)?\.?\s*{spaced}", fold(text))
        return match[1] if match else ""


def read_real(data: bytes) -> RealDocument:
    """Read a whole PDF with PDFium.

    Raises:
        pypdfium2.PdfiumError: The bytes are not a PDF that PDFium can open.
    """
    document = pdfium.PdfDocument(data)
    try:
        pages = range(len(document))
        texts = tuple(_page_text(document, page) for page in pages)
        labels = tuple(document.get_page_label(page) or "" for page in pages)
        return RealDocument(texts, tuple(_bookmarks(document)), labels)
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


def _page_text(document: pdfium.PdfDocument, page: int) -> str:
    text: str = document[page].get_textpage().get_text_range()
    # U+FFFE is PDFium's mark for a hyphen at the end of a line.
    return text.replace("\r\n", "\n").replace("\ufffe", "-\n")


def _bookmarks(document: pdfium.PdfDocument) -> list[tuple[int, str, int]]:
    entries = []
    for mark in document.get_toc():
        target = mark.get_dest()
        index = target.get_index() if target else None
        if index is not None:
            entries.append((int(mark.level) + 1, " ".join(mark.get_title().split()), int(index)))
    return entries
