"""What the pages of a real PDF hold that questions can be asked about: headings, cross-references, table captions, terms, contents entries.

MuPDF's text layer, bookmarks and links become a `Structure` whose parts know their page and box. This is the generator's side; proofs
read the same pages with another library (`real_reading`). Pages count from 0, boxes are points from the top left of the page. Nothing
here knows how questions are worded.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import pymupdf

from synth.documents.blocks import BoxPt

Char: TypeAlias = tuple[str, BoxPt]
"""One character and its box."""

SECTION_NUMBER = re.compile(r"^第?((?:[A-Z]|\d{1,3})(?:\.\d{1,3})*)(?:章|节|節)?\.?$")
TABLE_LABEL = re.compile(
    r"^((?:Table|Tabelle|Таблица|表|表格|Tableau|Tabla|Tabella|Tabel|Tabela|Tabell|Tabulka|Taula|Tabelul|Bảng)\s*"
    r"(?:[A-Z]|\d{1,3})(?:\.\d{1,3})*)[.:：]?\s+(\S.*)$"
)
TERM = re.compile(r"^[A-Za-z][A-Za-z0-9]*(?:[-_./][A-Za-z0-9]+)*$")
CONTENTS_LEADERS = re.compile(r"(?:\.\s?){4,}\s*(?:[ivxlcdm]+|\d+)\s*$")
MIN_CONTENTS_LINES = 5
PUNCTUATION = "()[]{}<>\"'.,;:!?“”„‘’‚«»‹›、。「」（）"

HEAD_SHARE = 0.085
"""Share of the page height at top and foot where running heads and page numbers stand (measured on the Debian guides: 0.055)."""

FIRST_WIDE = 0x2E7F
"""Code points above this are set without spaces between words here (CJK radicals, kana, ideographs, Hangul, full-width forms)."""

HYPHENS = "-\u00ad\u2010"

LEAD_CHARS = {"wide": (10, 24), "narrow": (24, 64)}
"""Least and most characters of the words quoted before a reference, for CJK text and for others (chosen: enough to be unique, short
enough to read)."""


def squeeze(text: str) -> str:
    """Text for comparison: compatibility forms and apostrophes unified, white space gone."""
    plain = unicodedata.normalize("NFKC", text).replace("\u2019", "'").replace("\u2018", "'").replace("\u2010", "-").replace("\u2011", "-")
    return "".join(plain.split())


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the text layer; `line` numbers the lines of the page."""

    text: str
    box_pt: BoxPt
    line: tuple[int, int]


@dataclass(frozen=True)
class PageText:
    """The words of one page and a way to find text in them without regard to white space and line ends."""

    words: tuple[Word, ...]
    height_pt: float

    @cached_property
    def squeezed(self) -> str:
        """All words without white space."""
        return "".join(squeeze(word.text) for word in self.words)

    @cached_property
    def _starts(self) -> list[int]:
        starts, position = [], 0
        for word in self.words:
            starts.append(position)
            position += len(squeeze(word.text))
        return starts

    @cached_property
    def lines(self) -> tuple[tuple[Word, ...], ...]:
        """Words by line, in the text layer's order."""
        lines: dict[tuple[int, int], list[Word]] = {}
        for word in self.words:
            lines.setdefault(word.line, []).append(word)
        return tuple(tuple(line) for line in lines.values())

    def find(self, text: str) -> Iterator[tuple[Word, ...]]:
        """Runs of words that together hold `text`, in order."""
        wanted = squeeze(text)
        start = self.squeezed.find(wanted) if wanted else -1
        while start >= 0:
            first = bisect_right(self._starts, start) - 1
            last = bisect_right(self._starts, start + len(wanted) - 1) - 1
            yield self.words[first : last + 1]
            start = self.squeezed.find(wanted, start + 1)

    def in_margin(self, word: Word) -> bool:
        """Whether a word stands where running heads and page numbers are."""
        return word.box_pt[3] < self.height_pt * HEAD_SHARE or word.box_pt[1] > self.height_pt * (1 - HEAD_SHARE)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading: bookmark level (1 is the top), title, printed number or nothing, page, and the box of the printed title."""

    level: int
    title: str
    number: str
    page: int
    box_pt: BoxPt


@dataclass(frozen=True, slots=True)
class Reference:
    """A cross-reference: the words before the printed number, the number, where it stands, and the page it leads to."""

    lead: str
    number: str
    page: int
    box_pt: BoxPt
    target: int


@dataclass(frozen=True, slots=True)
class TableCaption:
    """A table caption that fits on one line."""

    label: str
    text: str
    page: int
    box_pt: BoxPt


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of a printed contents list: title, printed page label, and where the entry stands."""

    title: str
    label: str
    page: int
    box_pt: BoxPt


@dataclass(frozen=True)
class Structure:
    """Everything found. `terms` maps a term to the boxes of its occurrences, (page, box) in order; `folios` a page to its printed
    number's box.
    """

    pages: tuple[PageText, ...]
    labels: tuple[str, ...]
    sections: tuple[Section, ...]
    references: tuple[Reference, ...]
    captions: tuple[TableCaption, ...]
    contents: tuple[Listed, ...]
    terms: dict[str, tuple[tuple[int, BoxPt], ...]]
    folios: dict[int, BoxPt]


def read_structure(document: pymupdf.Document) -> Structure:
    """Read the structure of an open PDF (already cut to the pages that are shown)."""
    opened = [document[number] for number in range(document.page_count)]
    pages = tuple(page_text(page) for page in opened)
    labels = tuple(page_label(page) for page in opened)
    sections = tuple(_sections(document, pages))
    listed = tuple(entry for number, page in enumerate(pages) for entry in _contents(number, page))
    contents_pages = {entry.page for entry in listed}
    references = [ref for page in opened if page.number not in contents_pages for ref in _references(page, pages[page.number])]
    captions = [caption for number, page in enumerate(pages) if number not in contents_pages for caption in _captions(number, page)]
    folios = {number: box for number, page in enumerate(pages) if (box := _folio(page, labels[number]))}
    return Structure(pages, labels, sections, tuple(references), tuple(captions), listed, _terms(pages), folios)


def page_label(page: pymupdf.Page) -> str:
    """The page's label; MuPDF leaves labels in UTF-16 as hexadecimal text, which is decoded here."""
    label: str = page.get_label()
    return re.sub(r"<FEFF((?:[0-9A-Fa-f]{4})*)>", lambda match: bytes.fromhex(match[1]).decode("utf-16-be"), label)


def page_text(page: pymupdf.Page) -> PageText:
    """The words of a page."""
    words = tuple(Word(w[4], (w[0], w[1], w[2], w[3]), (w[5], w[6])) for w in page.get_text("words") if squeeze(w[4]))
    return PageText(words, page.rect.height)


def page_sections(document: pymupdf.Document, number: int) -> tuple[Section, ...]:
    """The headings that start on one page; empty for a page with a contents list, where titles are not headings."""
    page = page_text(document[number])
    found = (
        _printed_section(level, " ".join(title.split()), number, page)
        for level, title, at in document.get_toc(simple=True)
        if at == number + 1
    )
    return () if has_contents(page) else tuple(section for section in found if section.box_pt[3])


def has_contents(page: PageText) -> bool:
    """Whether a page prints a contents list."""
    return bool(_contents(0, page))


def union(words: tuple[Word, ...]) -> BoxPt:
    """The box around words."""
    boxes = [word.box_pt for word in words]
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def _sections(document: pymupdf.Document, pages: tuple[PageText, ...]) -> Iterator[Section]:
    """Bookmarks whose title is printed on the page they lead to. Others are kept with an empty box: nothing may be asked across them."""
    for level, raw, number in document.get_toc(simple=True):
        title, index = " ".join(raw.split()), number - 1
        if not 0 <= index < len(pages):
            continue
        yield _printed_section(level, title, index, pages[index])


def _printed_section(level: int, title: str, index: int, page: PageText) -> Section:
    best: tuple[int, Section] | None = None
    for words in page.find(title):
        if page.in_margin(words[0]):
            continue
        first = page.words.index(words[0])
        before = SECTION_NUMBER.match(page.words[first - 1].text) if first else None
        own_line = first == 0 or page.words[first - 1].line != words[0].line or bool(before)
        found = Section(level, title, before[1] if before else "", index, union(words))
        rank = 2 if before else int(own_line)
        if best is None or rank > best[0]:
            best = (rank, found)
    return best[1] if best and best[0] else Section(level, title, "", index, (0.0, 0.0, 0.0, 0.0))


def _contents(number: int, page: PageText) -> list[Listed]:
    found = []
    for line in page.lines:
        text = " ".join(word.text for word in line)
        leaders = CONTENTS_LEADERS.search(text)
        if leaders and leaders.start():
            head = text[: leaders.start()].split()
            title = " ".join(head[1:] if head and SECTION_NUMBER.match(head[0]) else head)
            found.append(Listed(title, text.split()[-1], number, union(line)))
    return found if len(found) >= MIN_CONTENTS_LINES else []


def _captions(number: int, page: PageText) -> Iterator[TableCaption]:
    blocks: dict[int, set[int]] = {}
    for word in page.words:
        blocks.setdefault(word.line[0], set()).add(word.line[1])
    for line in page.lines:
        match = TABLE_LABEL.match(" ".join(word.text for word in line))
        if match and len(blocks[line[0].line[0]]) == 1:  # one line alone: the caption does not run on
            yield TableCaption(" ".join(match[1].split()), match[2], number, union(line))


def _folio(page: PageText, label: str) -> BoxPt | None:
    return next((word.box_pt for word in page.words if label and word.text == label and page.in_margin(word)), None)


def _references(page: pymupdf.Page, text: PageText) -> Iterator[Reference]:
    """Links inside the document whose text is a section number."""
    links = [
        link for link in page.get_links() if link["kind"] in (pymupdf.LINK_GOTO, pymupdf.LINK_NAMED) and isinstance(link.get("page"), int)
    ]
    if not links:
        return
    for block in page.get_text("rawdict", flags=pymupdf.TEXTFLAGS_WORDS)["blocks"]:
        chars = block_chars([[(c["c"], c["bbox"]) for span in line["spans"] for c in span["chars"]] for line in block.get("lines", ())])
        for link in links:
            inside = [number for number, (char, box) in enumerate(chars) if char.strip() and _centre_in(box, link["from"])]
            if inside:
                yield from _reference(chars, inside[0], inside[-1], page.number, int(link["page"]))


def _centre_in(box: BoxPt, rect: pymupdf.Rect) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return bool(rect.x0 <= x < rect.x1 and rect.y0 <= y < rect.y1)


def block_chars(lines: list[list[Char]]) -> list[Char]:
    """The characters of a paragraph run together: a hyphen at a line end is dropped, other line ends are a space, but not between CJK
    characters.
    """
    joined: list[Char] = []
    for line in lines:
        if joined and line:
            char, box = joined[-1]
            if char in HYPHENS and len(joined) > 1 and joined[-2][0].isalpha():
                joined.pop()
            elif not char.isspace() and not (ord(char) > FIRST_WIDE and ord(line[0][0]) > FIRST_WIDE):
                joined.append((" ", box))
        joined.extend(line)
    return joined


def _reference(chars: list[Char], start: int, end: int, page: int, target: int) -> Iterator[Reference]:
    number = "".join(char for char, _ in chars[start : end + 1]).strip()
    lead = trim_lead("".join(char for char, _ in chars[max(0, start - 160) : start]))
    if lead and SECTION_NUMBER.match(number):
        boxes = [box for _, box in chars[start : end + 1]]
        yield Reference(lead, number, page, (boxes[0][0], boxes[0][1], boxes[-1][2], boxes[-1][3]), target)


def trim_lead(before: str) -> str:
    """The last words of the text before a reference, whole words of one sentence where that is long enough; empty if too short."""
    text = " ".join(before.split())
    wide = sum(ord(char) > FIRST_WIDE for char in text) * 3 > len(text)
    least, most = LEAD_CHARS["wide" if wide else "narrow"]
    sentence = re.split(r"[。！？]" if wide else r"(?<=[.!?])\s", text)[-1]
    lead = sentence if len(sentence) >= least else text
    if len(lead) > most:
        cut = lead[-most:]
        clause = re.match(r"[^、，,；]*[、，,；](.*)$", cut) if wide else re.match(r"\S*\s(.*)$", cut)
        lead = clause[1] if clause and len(clause[1]) >= least else re.sub(r"^[A-Za-z0-9]+\s?", "", cut)
    return lead.strip() if len(lead) >= least else ""


def front_pages(document: pymupdf.Document) -> range:
    """The pages on which a contents list is looked for: the first tenth, twenty at least."""
    return range(min(document.page_count, max(20, document.page_count // 10)))


def contents_end(document: pymupdf.Document) -> int:
    """The page after the last page of the contents lists at the front; 0 if there are none on `front_pages`."""
    pages = [number for number in front_pages(document) if _contents(number, page_text(document[number]))]
    return pages[-1] + 1 if pages else 0


def technical_terms(document: pymupdf.Document, pages: Sequence[int]) -> tuple[str, ...]:
    """Technical words of some pages, sorted."""
    return tuple(sorted({term for number in pages for word in page_text(document[number]).words if (term := _term(word.text))}))


def _terms(pages: tuple[PageText, ...]) -> dict[str, tuple[tuple[int, BoxPt], ...]]:
    """Technical words that stand on 2 to 12 pages, always as whole words: a page with the term inside another word disqualifies it."""
    places: dict[str, list[tuple[int, BoxPt]]] = {}
    for number, page in enumerate(pages):
        for word in page.words:
            term = _term(word.text)
            if term and not page.in_margin(word):
                places.setdefault(term, []).append((number, word.box_pt))
    texts = [page.squeezed.casefold() for page in pages]
    kept = {}
    for term in sorted(places):
        on = {number for number, _ in places[term]}
        if 2 <= len(on) <= 12 and on == {number for number, text in enumerate(texts) if term.casefold() in text}:
            kept[term] = tuple(places[term])
    return kept


def _term(text: str) -> str:
    """The technical word in a piece of text, without punctuation around it; empty if it is an ordinary word."""
    word = text.strip(PUNCTUATION)
    if not 4 <= len(word) <= 32 or not TERM.match(word) or SECTION_NUMBER.match(word):
        return ""
    inner = any(char.isupper() for char in word[1:])
    return word if inner or any(char.isdigit() or char in "-_./" for char in word) else ""
