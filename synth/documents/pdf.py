"""`documents.pdf`: real PDFs, given by path or URI, become page images and questions that need several of their pages.

The path is: choose an asset and a window of pages (`sample_truth`), cut the pages into a PDF of their own and draw them (`render`), find
structure with MuPDF and ask about it (`real_structure`, `real_questions`). `verify` reads the stored PDF with PDFium and derives every
answer again (`real_verdict`). Page numbers in questions are PDF pages of the pages shown, counted from 1.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import median
from typing import ClassVar

import pymupdf
from numpy.random import Generator

from schemas.errors import DataError
from schemas.sample import AssetUse, BoxPx, Evidence, Proof, Rendering, Stored, Turn, Verdict
from synth.assets import Asset, read_asset, resolve
from synth.documents import evidence, pictures
from synth.documents.page_proof import image_faults
from synth.documents.real_input import check_any_pdf, check_content, check_text, cut_pages, open_pdf, quiet
from synth.documents.real_language import document_language
from synth.documents.real_questions import RealQuestion, candidates, compose, near_misses
from synth.documents.real_reading import read_real
from synth.documents.real_structure import Structure, contents_end, front_pages, read_structure, technical_terms
from synth.documents.real_verdict import Court, agrees
from synth.documents.real_wording import load_real_wording, question_language
from synth.params import QUESTIONS, refuse, resolution, within

TEXT_RESERVE_TOKENS = 2_048
"""Tokens kept free for the conversation (chosen)."""

MIN_PAGES = 8
"""Shortest window cut from a longer document (chosen: fewer pages hold hardly any cross-page structure)."""

CONTENTS_SHARE = 0.2
"""Share of windows that start at the first page and so show the contents list (chosen); its presence gives most structure away on one
page."""

OUTSIDE_PAGES = 6
"""Pages outside the window whose terms are asked about in vain (chosen)."""


@dataclass(frozen=True, slots=True)
class Truth:
    """Which pages of which file are shown, and what the rest of the file has that they have not.

    Attributes:
        asset: The file with its content hash.
        language: BCP 47 tag of the document, `und` if unknown.
        first: 0-based first page shown.
        pages: Number of pages shown.
        total: Pages of the file.
        outside_titles: Bookmarks of pages not shown.
        outside_terms: Technical terms of pages not shown.
    """

    asset: Asset
    language: str
    first: int
    pages: int
    total: int
    outside_titles: tuple[str, ...]
    outside_terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """The pages as cut out, what was found in them, and how they were drawn."""

    pdf: bytes
    structure: Structure
    sheets: tuple[pictures.Sheet, ...]


@dataclass(frozen=True)
class Pdf:
    """Questions about the user's own PDFs.

    Attributes:
        pattern: Path, glob or URI of PDFs (`.pdf`, `.pdf.gz`).
        licence: SPDX identifier of the files.
        language: BCP 47 tag of the files; detected from path and text if empty.
        questions: Questions a conversation, 1 to 20.
        max_pages: Longest window of consecutive pages, 2 or more.
        context_tokens: No sample is longer than this; pages are scaled down to fit. More than 2,048, which the conversation may take.
        max_dpi: Resolution of pages where the budget allows it; 36 to 600.
        min_dpi: Pages are never drawn coarser; fewer are shown instead. From 36 to `max_dpi`.
        pinned: The files as they were when the run was planned (see `pin`); looked up again if empty.
    """

    version: ClassVar[int] = 4

    pattern: str
    licence: str = "LicenseRef-user"
    language: str = ""
    questions: int = 8
    max_pages: int = 40
    context_tokens: int = 32_768
    max_dpi: int = 144
    min_dpi: int = 72
    pinned: tuple[Asset, ...] = ()

    def __post_init__(self) -> None:
        refuse(
            within("questions", self.questions, *QUESTIONS),
            within("max_pages", self.max_pages, 2, why="a question needs two pages"),
            within("context_tokens", self.context_tokens, TEXT_RESERVE_TOKENS + 1, why="the conversation needs that much"),
            resolution(self.min_dpi, self.max_dpi),
        )

    def files(self) -> tuple[Asset, ...]:
        """The files in order: the pinned ones, else what the pattern names now."""
        return self.pinned or _resolved(self.pattern, self.licence)

    def assets(self) -> tuple[AssetUse, ...]:
        """The files as parts of a data set's fingerprint."""
        return tuple(asset.use() for asset in self.files())

    def pin(self) -> "Pdf":
        """The same family with its list of files fixed, so that a file that goes away or changes later fails its own samples and no
        others.
        """
        if not self.pinned:
            check_any_pdf(self.files(), self.pattern)
        return replace(self, pinned=self.files())

    def sample_truth(self, index: int, rng: Generator) -> Truth:
        """Choose the window; file number `index` modulo their number, so that a small corpus has them all."""
        files = self.files()
        asset = files[index % len(files)]
        with open_pdf(read_asset(asset), asset.name) as document:
            total = document.page_count
            most = self._longest_window(document, rng)
            first = self._window_start(document, most, rng, asset.name)
            pages = self._pages_that_fit(document, first, most)
            window = range(first, first + pages)
            check_text(document, window, asset.name)
            language = self.language or document_language(asset.path, "".join(document[page].get_text() for page in window))
            titles = tuple(
                " ".join(title.split()) for _, title, page in document.get_toc(simple=True) if 0 < page <= total and page - 1 not in window
            )
            others = [page for page in range(total) if page not in window]
            picked = [others[n] for n in sorted(int(n) for n in rng.permutation(len(others))[:OUTSIDE_PAGES])]
            check_content(document, picked, asset.name)
            terms = technical_terms(document, picked)
        return Truth(asset, language, first, pages, total, titles, terms)

    def render(self, truth: Truth, rng: Generator) -> Rendering[Shown]:
        """Cut the window out and draw its pages."""
        with open_pdf(read_asset(truth.asset), truth.asset.name) as document:
            pdf = cut_pages(document, truth.first, truth.pages)
        with quiet(), pymupdf.open(stream=pdf, filetype="pdf") as document:
            structure = read_structure(document)
        budget = self.context_tokens - TEXT_RESERVE_TOKENS
        with quiet():
            drawn = pictures.draw_pages([pdf], None, budget_tokens=budget, max_dpi=self.max_dpi, rng=rng)
        tags = ("real", f"pages:{truth.pages}", "contents" if structure.contents else "no-contents")
        return Rendering(
            landed=Shown(pdf, structure, drawn.sheets),
            images=drawn.images,
            attachments=drawn.attachments,
            assets=(truth.asset.use(),),
            languages=tuple(dict.fromkeys((truth.language, question_language(truth.language)))),
            tags=tags,
        )

    def write_turns(self, truth: Truth, rendering: Rendering[Shown], rng: Generator) -> tuple[Turn, ...]:
        """Ask; the first user turn carries the pages."""
        shown, wording = rendering.landed, load_real_wording(question_language(truth.language))
        second = read_real(shown.pdf)
        chosen = compose(
            candidates(shown.structure),
            list(near_misses(shown.structure, _some(truth.outside_titles, rng), _some(truth.outside_terms, rng))),
            self.questions,
            lambda question: agrees(question.program, question.answer, question.pages, second),
            rng,
        )
        if not any(question.answer != "absent" for question in chosen):
            raise DataError(
                "no_structure",
                f"{truth.asset.name}: pages {truth.first + 1} to {truth.first + truth.pages} hold nothing to ask across pages",
            )
        turns: list[Turn] = []
        said: set[str] = set()
        for question in chosen:
            text = wording.ask(question.task, question.slots, rng, said)
            turns.append(Turn("user", text if turns else "<image>" * len(rendering.images) + "\n" + text, question.task))
            answer = wording.answer(question.task, question.values, rng)
            turns.append(Turn("assistant", answer, question.task, proof=_proof(question, shown)))
        return tuple(turns)

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Truth) -> tuple[Verdict, ...]:
        """Prove the page images by drawing the stored PDF again, then every answer from the PDF alone."""
        (pdf,), sheets = pictures.stored_pdfs(stored), pictures.stored_sheets(stored)
        pairs = list(zip(turns[::2], turns[1::2], strict=True))
        with quiet():
            faults = image_faults([pdf], stored.images, sheets)
        if faults:
            return tuple(Verdict(answered.task, False, faults[0], "artefact") for _, answered in pairs)
        court = Court(pdf, read_real(pdf), sheets, load_real_wording(question_language(truth.language)))
        return tuple(court.judge(asked, answered) for asked, answered in pairs)

    def find_evidence(self, stored: Stored, turns: tuple[Turn, ...]) -> tuple[tuple[BoxPx, BoxPx], ...]:
        """Evidence boxes beside the boxes of the characters that the stored text layer has there."""
        return evidence.find_evidence(stored, turns)

    def _longest_window(self, document: pymupdf.Document, rng: Generator) -> int:
        """The most pages to show, between half and all of what is allowed for pages of the usual size; whole documents where they fit."""
        usual = median(pictures.page_tokens([(page.rect.width, page.rect.height)], self.min_dpi) for page in document.pages())
        most = max(1, min(self.max_pages, int((self.context_tokens - TEXT_RESERVE_TOKENS) // usual)))
        if document.page_count <= most:
            return int(document.page_count)
        return int(rng.integers(min(most, max(MIN_PAGES, most // 2)), most + 1))

    def _pages_that_fit(self, document: pymupdf.Document, first: int, most: int) -> int:
        """How many of `most` pages from the 0-based page `first` fit the budget, each at its own size.

        Raises:
            DataError: `page_too_large`, not even the first fits.
        """
        budget = left = self.context_tokens - TEXT_RESERVE_TOKENS
        for number in range(first, first + most):
            rect = document[number].rect
            left -= pictures.page_tokens([(rect.width, rect.height)], self.min_dpi)
            if left < 0:
                if number > first:
                    return number - first
                what = f"page {number + 1} of {rect.width:.0f} x {rect.height:.0f} pt at {self.min_dpi} dpi"
                raise DataError("page_too_large", f"{what} exceeds {budget} tokens")
        return most

    def _window_start(self, document: pymupdf.Document, pages: int, rng: Generator, where: str) -> int:
        """The first page, or, more often, any page after the contents list from which the window fits."""
        last = document.page_count - pages
        if last <= 0 or rng.random() < CONTENTS_SHARE:
            return 0
        check_content(document, front_pages(document), where)
        return int(rng.integers(min(contents_end(document), last), last + 1))


@lru_cache(maxsize=64)
def _resolved(pattern: str, licence: str) -> tuple[Asset, ...]:
    """The list of files, made once a process: a run must not change its mind half way."""
    return resolve(pattern, licence)


def _some(items: Sequence[str], rng: Generator, most: int = 40) -> list[str]:
    return [items[int(number)] for number in rng.permutation(len(items))[:most]]


def _proof(question: RealQuestion, shown: Shown) -> Proof:
    """Evidence boxes in image pixels."""
    found = []
    for page, box_pt in question.places:
        image = pictures.image_of(shown.sheets, 0, page)
        label = shown.structure.labels[page]
        what = re.sub(r"\s+", " ", ", ".join(question.slots.values()))[:60]
        note = f"{question.difficulty}; PDF page {page + 1}" + (f", printed {label}" if label else "") + (f": {what}" if what else "")
        found.append(Evidence(image=image, box_px=shown.sheets[image].to_px(box_pt), note=note))
    return Proof(question.program, question.answer, tuple(found))
