"""A stored PDF as an independent reader sees it: words, lines in reading order, printed page labels, bookmarks. Pages are read when asked
for.

This is the verifier's side of the document families. It knows the PDF's bytes and nothing of worlds, chapters or layouts, and shares no
code with what made the file. Points have their origin at the top left of the page, y down; page indices count from 0.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise, zip_longest
from statistics import median
from typing import Any

import pymupdf

from schemas.errors import DataError
from synth.documents.reading_columns import Band, bands_of
from synth.documents.reading_lines import Line, in_order, lines_of, right_to_left, rows_of
from synth.documents.reading_values import plain_digits
from synth.documents.reading_words import BoxPt, Word, words_and_pictures

__all__ = ["BoxPt", "Flow", "Line", "ReadDocument", "ReadPage", "Word", "read_pdf", "squeeze"]

SMALL_TYPE_RATIO = 0.93
"""Lines at the foot of a page in type smaller than this share of the page's usual type are footnotes (chosen)."""

HEAD_SHARE, FOOT_SHARE = 0.085, 0.915
"""Text above, or below, this share of the page's height is a running head or a foot (chosen: margins are a twelfth of a page or more)."""

RTL_LANGUAGES = frozenset({"ar", "fa", "he", "ur", "ps", "sd", "ug", "yi", "dv", "ckb"})

FEW_LETTERS = 300
"""A page with fewer letters, a page of figures say, does not tell its direction (chosen)."""


def squeeze(text: str) -> str:
    """The text without any white space: what stays the same when a line is broken elsewhere."""
    return re.sub(r"\s+", "", text)


def spaced(text: str) -> str:
    """The text with ASCII digits and no case, its white space kept: what `holds` looks through."""
    return plain_digits(text).casefold()


def holds(whole: str, text: str) -> bool:
    """Whether a text stands in a `spaced` one, white space aside; digits at its ends are not part of longer numbers."""
    plain = spaced(squeeze(text))
    if not any(char.isdigit() for char in plain):
        return plain in squeeze(whole)
    pattern = "".join(re.escape(a) + (r"\s*" if b and not (a.isdigit() and b.isdigit()) else "") for a, b in zip_longest(plain, plain[1:]))
    return bool(re.search(rf"(?<![0-9])(?<![0-9][.,]){pattern}(?![0-9])(?![.,][0-9])", whole))


def _commonest(amounts: Counter[float]) -> float:
    """The key with the largest amount, the smallest of several; 0 for none."""
    return max(sorted(amounts), key=lambda key: amounts[key], default=0.0)


@dataclass(frozen=True)
class Flow:
    """Text that can be searched without regard to white space: `squeezed`, and where each of its characters stands in `text`."""

    text: str

    @cached_property
    def squeezed(self) -> str:
        """The text without white space."""
        return squeeze(self.text)

    @cached_property
    def folded(self) -> str:
        """The text without white space, with ASCII digits and no case."""
        return plain_digits(self.squeezed).casefold()

    @cached_property
    def _positions(self) -> tuple[int, ...]:
        return tuple(index for index, char in enumerate(self.text) if not char.isspace())

    def original(self, start: int, end: int) -> str:
        """The text, with its white space as single spaces, of the squeezed characters start to end (exclusive)."""
        if start >= end:
            return ""
        return " ".join(self.text[self._positions[start] : self._positions[end - 1] + 1].split())

    def find_all(self, squeezed: str) -> Iterator[int]:
        """Every start of a squeezed text, overlapping ones too."""
        start = self.squeezed.find(squeezed)
        while start >= 0:
            yield start
            start = self.squeezed.find(squeezed, start + 1)


@dataclass(frozen=True)
class ReadPage:
    """One page: its words in logical order, the boxes of its pictures, and what follows from them.

    `label` is the PDF's own label, the printed page number.
    """

    index: int
    label: str
    width_pt: float
    height_pt: float
    words: tuple[Word, ...]
    images_pt: tuple[BoxPt, ...] = ()
    in_rtl_document: bool = False
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)  # what parsers of this page found, by their own keys

    @cached_property
    def bands(self) -> tuple[Band, ...]:
        """Rows in bands of one, two or three columns, without the texts inside pictures; heads and feet are bands of their own."""
        rows = rows_of(self.words_beside_pictures[1])
        head = [row for row in rows if max(word.box_pt[3] for word in row) < HEAD_SHARE * self.height_pt]
        foot = [row for row in rows if min(word.box_pt[1] for word in row) > FOOT_SHARE * self.height_pt]
        body = rows[len(head) : len(rows) - len(foot)]
        furniture = [Band(tuple(map(tuple, part)), ()) for part in (head, foot)]
        return tuple(band for band in (furniture[0], *bands_of(body, self.width_pt, rtl=self.right_to_left), furniture[1]) if band.rows)

    @cached_property
    def words_beside_pictures(self) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
        """The words that stand on a picture, and the others; a picture that fills most of the page is its background."""
        boxes = [box for box in self.images_pt if (box[2] - box[0]) * (box[3] - box[1]) < 0.6 * self.width_pt * self.height_pt]
        if not boxes:
            return (), self.words
        inside: list[Word] = []
        outside: list[Word] = []
        for word in self.words:
            x, y = word.middle_pt
            (inside if any(box[0] <= x <= box[2] and box[1] <= y <= box[3] for box in boxes) else outside).append(word)
        return tuple(inside), tuple(outside)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Lines in reading order."""
        return lines_of(self.bands, self.right_to_left)

    @cached_property
    def line_numbers(self) -> dict[int, int]:
        """Place of every line, by its `id`, in `lines`."""
        return {id(line): number for number, line in enumerate(self.lines)}

    @cached_property
    def right_to_left(self) -> bool:
        """Whether columns and table columns run right to left: as most letters do, or as the document does where a page has few."""
        letters = sum(self.letters_by_size.values())
        return self.in_rtl_document if letters < FEW_LETTERS else right_to_left(self.words)

    @cached_property
    def flow(self) -> Flow:
        """All lines, one a text line."""
        return Flow("\n".join(line.text for line in self.lines))

    @cached_property
    def body_flow(self) -> Flow:
        """The lines of `body`, one a text line."""
        return Flow("\n".join(line.text for line in self.body))

    @cached_property
    def spaced(self) -> str:
        """All text of the page, that on pictures and rotated text too, with single spaces, ASCII digits and no case: what scans look
        through.
        """
        inside = rows_of(self.words_beside_pictures[0])
        rest = [" ".join(word.text for word in row) for row in (*map(in_order, inside), [word for word in self.words if not word.upright])]
        return plain_digits(" ".join([*(line.text for line in self.lines), *rest])).casefold()

    @cached_property
    def folded(self) -> str:
        """The same without white space."""
        return squeeze(self.spaced)

    def holds(self, text: str) -> bool:
        """Whether a text stands on the page, white space aside; digits at its ends are not part of longer numbers."""
        return holds(self.spaced if any(map(str.isdigit, text)) else self.folded, text)

    @cached_property
    def letters_by_size(self) -> Counter[float]:
        """How many letters the page has in each type size; digits do not count, since tables would outweigh the text."""
        texts: defaultdict[float, list[str]] = defaultdict(list)
        for word in self.words:
            texts[word.size_pt].append(word.text)
        amount: Counter[float] = Counter()
        for size, parts in texts.items():
            amount[round(size, 1)] += sum(map(str.isalpha, "".join(parts)))
        return amount

    @cached_property
    def body_size_pt(self) -> float:
        """The type size most of the page's letters have."""
        return _commonest(self.letters_by_size)

    @cached_property
    def line_pitch_pt(self) -> float:
        """The usual distance from one line to the next of the same type."""
        drops = [b.box_pt[1] - a.box_pt[1] for a, b in pairwise(self.lines) if abs(a.size_pt - b.size_pt) < 0.2]
        return median([drop for drop in drops if 0 < drop < 4 * self.body_size_pt] or [1.4 * self.body_size_pt])

    @cached_property
    def body(self) -> tuple[Line, ...]:
        """Lines without the running head, the foot with the page number, and footnotes."""
        lines = list(self.lines)
        while lines and lines[-1].size_pt < SMALL_TYPE_RATIO * self.body_size_pt and lines[-1].box_pt[1] > self.height_pt * 0.5:
            lines.pop()
        return tuple(line for line in lines if not self.is_furniture(line))

    def is_furniture(self, line: Line) -> bool:
        """Whether the line is a running head or a foot."""
        return line.box_pt[3] < HEAD_SHARE * self.height_pt or line.box_pt[1] > FOOT_SHARE * self.height_pt


@dataclass(frozen=True)
class ReadDocument:
    """A whole PDF. `language` is a BCP 47 tag (from the PDF's catalogue unless given); `outline` is (level, title, page index)."""

    pages: "Pages"
    language: str
    outline: tuple[tuple[int, str, int], ...] = ()

    @cached_property
    def body_size_pt(self) -> float:
        """The type size most letters of the document have."""
        amounts: Counter[float] = Counter()
        for page in self.pages:
            amounts.update(page.letters_by_size)
        return _commonest(+amounts)

    def without(self, page: int) -> "ReadDocument":
        """The same document with the content, label and bookmarks of one page gone; the other pages keep their numbers."""
        outline = tuple(entry for entry in self.outline if entry[2] != page)
        return ReadDocument(self.pages.without(page), self.language, outline)

    def joints(self) -> Iterator["Joint"]:
        """For every page, its body text run together with that of the next page: paragraphs that break over the page."""
        for page, following in pairwise(self.pages):
            yield Joint(page.index, page.body_flow, following.body_flow)


@dataclass(frozen=True, slots=True)
class Joint:
    """The body texts of a page and of the next."""

    page: int
    before: Flow
    after: Flow

    @property
    def border(self) -> int:
        """Where the second text begins in the squeezed ones run together."""
        return len(self.before.squeezed)

    def holds(self, squeezed: str) -> bool:
        """Whether the texts run together hold a squeezed text."""
        return squeezed in self.before.squeezed + self.after.squeezed

    @property
    def flow(self) -> Flow:
        """The texts run together."""
        return Flow(f"{self.before.text}\n{self.after.text}")


@dataclass(frozen=True)
class Pages:
    """The pages of one open PDF, read on demand and kept; `gone` holds the blank pages in place of those taken away."""

    source: pymupdf.Document
    labels: tuple[str, ...]
    is_rtl: bool
    gone: Mapping[int, ReadPage] = field(default_factory=dict)
    kept: dict[int, ReadPage] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[ReadPage]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> ReadPage:
        if index in self.gone:
            return self.gone[index]
        if index not in self.kept:
            self.kept[index] = self._read(index)
        return self.kept[index]

    def _read(self, index: int) -> ReadPage:
        if not 0 <= index < len(self):
            raise IndexError(f"page index {index} of a document of {len(self)} pages")
        page = self.source[index]
        words, images = words_and_pictures(page)
        return ReadPage(index, self.labels[index], page.rect.width, page.rect.height, words, images, self.is_rtl)

    def without(self, index: int) -> "Pages":
        """The pages with one more gone; what has been read is shared."""
        blank = ReadPage(index, "", self[index].width_pt, self[index].height_pt, ())
        return Pages(self.source, self.labels, self.is_rtl, {**self.gone, index: blank}, self.kept)


def read_pdf(data: bytes, language: str = "") -> ReadDocument:
    """Open a PDF for reading.

    Args:
        data: The PDF file.
        language: BCP 47 tag; empty takes the catalogue's /Lang, and English where that is missing.

    Raises:
        DataError: `malformed`, the bytes are not a PDF that MuPDF can open, or `encrypted`.
    """
    try:
        source = pymupdf.open(stream=data, filetype="pdf")
    except (pymupdf.FileDataError, pymupdf.EmptyFileError) as error:
        raise DataError("malformed", f"not a readable PDF of {len(data)} bytes: {error}") from error
    if source.needs_pass:
        raise DataError("encrypted", "the PDF wants a password")
    kind, value = source.xref_get_key(source.pdf_catalog(), "Lang")
    labels = tuple(str(source[index].get_label()) for index in range(len(source)))
    outline = tuple((int(level), str(title), int(page) - 1) for level, title, page in source.get_toc())
    language = language or (value if kind == "string" and value else "en")
    return ReadDocument(Pages(source, labels, language.split("-")[0] in RTL_LANGUAGES), language, outline)


def same_label(a: str, b: str) -> bool:
    """Whether two printed page numbers are the same, digits of any script."""
    return plain_digits(a).strip().casefold() == plain_digits(b).strip().casefold()
