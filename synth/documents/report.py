"""`documents.report`: a structured world becomes a 10 to 150 page PDF, page images, and questions that need several of its pages.

The path is: draw worlds (`sampling`), write them (`chapters`), lay them out (`layout`), rasterise and perhaps scan them (`pictures`), ask
(`questions`). `verify` reads only the stored PDF and page images (`reading`, `measure`, `proof`) and imports nothing that the first four
steps use.
"""

from dataclasses import dataclass
from typing import ClassVar

from numpy.random import Generator

from schemas.sample import BoxPx, Evidence, Proof, Rendering, Stored, Turn, Verdict
from synth.documents import evidence, pictures, proof
from synth.documents.blocks import LaidOut
from synth.documents.chapters import Written, write_document
from synth.documents.chapters_budget import Room
from synth.documents.layout import draw_look, layout
from synth.documents.measure import Picture
from synth.documents.page_proof import image_faults
from synth.documents.questions import Context, Question, compose
from synth.documents.reading import read_pdf
from synth.documents.sampling import GENRES, sample_companion, sample_world
from synth.documents.wording import load_wording
from synth.documents.world import World
from synth.params import QUESTIONS, among, refuse, resolution, within
from synth.render.scan import ScanLook, draw_scan

LANGUAGES = ("en", "zh", "ja", "ar", "hi", "ru", "de")
"""Languages whose wording is complete; BCP 47."""

TEXT_RESERVE_TOKENS = 2_048
TOKENS_PER_QUESTION = 230
"""Tokens kept free for the conversation when pages are scaled to the budget: at least so many, and so many a question (a question with its
answer takes 60 tokens in English and, over ten of them, up to 205 in Hindi).
"""


def text_reserve(questions: int) -> int:
    """Tokens kept free for a conversation of so many questions."""
    return max(TEXT_RESERVE_TOKENS, TOKENS_PER_QUESTION * questions)


PAGES = (10, 150)
"""Page counts that may be aimed at: all kinds of fact need ten pages, and no document of more than 150 was ever looked at."""


@dataclass(frozen=True, slots=True)
class Truth:
    """The worlds of one sample (two for comparison questions), the page count aimed at, and the scan look or None."""

    worlds: tuple[World, ...]
    pages: int
    scan: ScanLook | None


@dataclass(frozen=True, slots=True)
class Printed:
    """Where everything landed: one entry a document, and one a page image."""

    written: tuple[Written, ...]
    laid_out: tuple[LaidOut, ...]
    sheets: tuple[pictures.Sheet, ...]


@dataclass(frozen=True)
class Report:
    """Synthetic multi-page documents with cross-page questions.

    Attributes:
        languages: BCP 47 tags, taken in turn: en, zh, ja, ar, hi, ru, de.
        genres: Genres, taken in turn; empty for all: annual_report, manual, lab_protocol, tender, minutes, thesis, catalogue, statute,
            exam, travel_guide, medical_leaflet, slides.
        pages: Page counts aimed at, each 10 to 150; those that do not fit `context_tokens` at `min_dpi` are left out.
        context_tokens: No sample is longer than this; pages are scaled down to fit.
        max_dpi: Resolution of pages where the budget allows it; 36 to 600.
        min_dpi: Pages are never drawn coarser than this; small print is lost below about 70. From 36 to `max_dpi`.
        questions: Questions a conversation, 1 to 20.
        scan_share: Share of documents that look scanned, 0 to 1.
        pair_share: Share of samples of 20 pages or more with a second document to compare with, 0 to 1.
    """

    version: ClassVar[int] = 6

    languages: tuple[str, ...] = LANGUAGES
    genres: tuple[str, ...] = ()
    pages: tuple[int, ...] = (10, 20)
    context_tokens: int = 32_768
    max_dpi: int = 144
    min_dpi: int = 72
    questions: int = 8
    scan_share: float = 0.25
    pair_share: float = 0.15

    def __post_init__(self) -> None:
        refuse(
            among("languages", self.languages, LANGUAGES),
            among("genres", self.genres, GENRES, may_be_empty=True),
            within("pages", self.pages, *PAGES, why="a shorter document does not hold all kinds of fact"),
            within("context_tokens", self.context_tokens, 1),
            resolution(self.min_dpi, self.max_dpi),
            within("questions", self.questions, *QUESTIONS),
            within("scan_share", self.scan_share, 0, 1),
            within("pair_share", self.pair_share, 0, 1),
        )
        pictures.page_counts_that_fit(self.pages, self.context_tokens - TEXT_RESERVE_TOKENS, self.min_dpi)

    def sample_truth(self, index: int, rng: Generator) -> Truth:
        """Draw language, genre, length and the world itself; language and genre follow `index` so that a small corpus has all of them."""
        genres = self.genres or GENRES
        language = self.languages[index % len(self.languages)]
        genre = genres[(index // len(self.languages) + index) % len(genres)]
        pages = int(rng.choice(pictures.page_counts_that_fit(self.pages, self.context_tokens - text_reserve(self.questions), self.min_dpi)))
        paired = rng.random() < self.pair_share and pages >= 20
        world = sample_world(language, genre, pages // 2 if paired else pages, rng)
        worlds = (world, sample_companion(world, rng)) if paired else (world,)
        return Truth(worlds, pages // len(worlds), draw_scan(rng) if rng.random() < self.scan_share else None)

    def render(self, truth: Truth, rng: Generator) -> Rendering[Printed]:
        """Write, lay out and rasterise every document."""
        language = truth.worlds[0].language
        wording = load_wording(language)
        looks = tuple(draw_look(language, rng) for _ in truth.worlds)  # two documents of one house may well look different
        written = tuple(
            write_document(world, wording, rng, pages_target=truth.pages, room=Room.of(look.size_pt, look.leading, look.margins_pt))
            for world, look in zip(truth.worlds, looks, strict=True)
        )
        laid_out = tuple(layout(text.document, look, rng) for text, look in zip(written, looks, strict=True))
        budget = self.context_tokens - text_reserve(self.questions)
        drawn = pictures.draw_pages([item.pdf for item in laid_out], truth.scan, budget_tokens=budget, max_dpi=self.max_dpi, rng=rng)
        world = truth.worlds[0]
        tags = (f"genre:{world.genre}", f"pages:{len(drawn.images)}", f"documents:{len(written)}", "scan" if truth.scan else "clean")
        assets = {use.sha256: use for item in laid_out for use in item.assets}
        return Rendering(
            landed=Printed(written, laid_out, drawn.sheets),
            images=drawn.images,
            attachments=drawn.attachments,
            assets=tuple(assets[key] for key in sorted(assets)),
            languages=(language,),
            tags=tags,
        )

    def write_turns(self, truth: Truth, rendering: Rendering[Printed], rng: Generator) -> tuple[Turn, ...]:
        """Ask `questions` questions, each needing at least two pages; the first user turn carries the pages."""
        landed = rendering.landed
        context = Context.of(truth.worlds, landed.written, landed.laid_out)
        turns: list[Turn] = []
        for question in compose(context, rng, self.questions):
            text = question.question if turns else f"{_pages(truth.worlds, landed.sheets)}\n{question.question}"
            turns.append(Turn("user", text, question.task))
            turns.append(Turn("assistant", question.answer_text, question.task, proof=_proof(question, landed)))
        return tuple(turns)

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Truth) -> tuple[Verdict, ...]:
        """Prove the page images from the PDFs, then every answer from PDFs and images alone."""
        pdfs, sheets = pictures.stored_pdfs(stored), pictures.stored_sheets(stored)
        pairs = list(zip(turns[::2], turns[1::2], strict=True))
        if faults := image_faults(pdfs, stored.images, sheets, scans=truth.scan is not None):
            return tuple(Verdict(answered.task, False, faults[0], "artefact") for _, answered in pairs)
        shown = zip(sheets, stored.images, strict=True)
        views = tuple(Picture(sheet.document, sheet.page, image.data, sheet.dpi, sheet.matrix) for sheet, image in shown)
        artefact = proof.Artefact(tuple(read_pdf(pdf) for pdf in pdfs), views)
        return tuple(proof.verify_turn(asked, answered, artefact) for asked, answered in pairs)

    def find_evidence(self, stored: Stored, turns: tuple[Turn, ...]) -> tuple[tuple[BoxPx, BoxPx], ...]:
        """Evidence boxes beside the boxes of the characters that the stored text layer has there."""
        return evidence.find_evidence(stored, turns)


def _pages(worlds: tuple[World, ...], sheets: tuple[pictures.Sheet, ...]) -> str:
    """The page images in order; two documents are numbered, as questions name them."""
    runs = ["<image>" * sum(sheet.document == number for sheet in sheets) for number in range(len(worlds))]
    if len(runs) == 1:
        return runs[0]
    return "\n".join(f"{number}. {world.title}\n{run}" for number, (world, run) in enumerate(zip(worlds, runs, strict=True), 1))


def _proof(question: Question, landed: Printed) -> Proof:
    """Evidence boxes in image pixels for each anchor the answer follows from."""
    found = []
    for document, anchor in question.anchors:
        for place in landed.laid_out[document].places[anchor]:
            image = pictures.image_of(landed.sheets, document, place.page)
            label = landed.laid_out[document].pages[place.page].label
            note = f"{question.difficulty}; document {document + 1}, PDF page {place.page + 1}, printed {label or '-'}: {anchor}"
            found.append(Evidence(image=image, box_px=landed.sheets[image].to_px(place.box_pt), note=note))
    return Proof(question.program, question.answer, tuple(found))
