"""`documents.parse`: pages become QwenVL-HTML or QwenVL-Markdown, for synthetic documents (exact boxes) and for real PDFs (read from the
text layer).

A sample is a run of pages and one answer: all page images first, then all page texts in order (`parse_parts.join_pages`). Real pages are
used only where their layout can be read safely. `verify` parses the answer with the codec and holds every element against the stored PDF,
read with PDFium.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import pymupdf
from numpy.random import Generator

from schemas import qwenvl_html, qwenvl_markdown
from schemas.canonical import canonical_json
from schemas.errors import DataError, UserError
from schemas.geometry import Box1000, BoxPt, box_px_to_1000
from schemas.sample import AssetUse, Attachment, Evidence, Image, Proof, Rendering, Stored, Turn, Verdict
from schemas.tokens import count_text
from synth.assets import Asset, read_asset, resolve
from synth.documents import pictures
from synth.documents.blocks import LaidOut
from synth.documents.chapters import write_document
from synth.documents.genres import GENRES
from synth.documents.layout import draw_look, layout
from synth.documents.page_proof import image_faults
from synth.documents.parse_chars import read_chars
from synth.documents.parse_check import page_fault
from synth.documents.parse_parts import Part, join_pages, parts_of_pieces, split_pages, to_element
from synth.documents.parse_real import read_parts
from synth.documents.parse_real_lines import document_words, words_like_broken
from synth.documents.parse_tables import UnsafePage
from synth.documents.real_input import check_any_pdf, check_text, cut_pages, open_pdf, quiet
from synth.documents.real_language import document_language
from synth.documents.real_structure import has_contents, page_sections, page_text
from synth.documents.sampling import sample_world
from synth.documents.strips import MARK_PREFIX
from synth.documents.wording import load_wording
from synth.documents.world import World
from synth.params import among, refuse, resolution, within

Dialect = Literal["qwenvl-html", "qwenvl-markdown"]

PROMPTS: dict[Dialect, str] = {"qwenvl-html": qwenvl_html.PROMPT, "qwenvl-markdown": qwenvl_markdown.PROMPT}
WRITERS = {"qwenvl-html": qwenvl_html.write_html, "qwenvl-markdown": qwenvl_markdown.write_markdown}
PARSERS = {"qwenvl-html": qwenvl_html.parse_html, "qwenvl-markdown": qwenvl_markdown.parse_markdown}

LANGUAGES = ("en", "zh", "ja", "ar", "hi", "ru", "de")
"""Languages of synthetic documents; BCP 47."""

WORDS_NAME = "words.json"

TEXT_RESERVE_TOKENS = 128
"""Tokens for the prompt and the chat template."""

DOCUMENT_PAGES = 10
"""Length of the synthetic documents that pages are taken from (chosen: short, so that a sample costs little)."""

SEARCHED_PAGES = 40
"""How many pages of a real document are looked through for safe ones before it is given up (chosen)."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is parsed: a world (synthetic) or a file (real), where the run of pages begins (a share of what is usable), and the notation."""

    dialect: Dialect
    language: str
    start: float
    world: World | None = None
    asset: Asset | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """The answer, and what stands where: (image, box in pixels, note) for each element of the first page."""

    answer: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Parse:
    """Document pages to QwenVL-HTML and QwenVL-Markdown.

    Attributes:
        source: `synthetic` documents or `real` PDFs.
        pattern: Path, glob or URI of the PDFs; only for `real`.
        licence: SPDX identifier of the PDFs.
        dialect: The notation; `both` takes them in turn.
        languages: Languages of synthetic documents, taken in turn: en, zh, ja, ar, hi, ru, de.
        pages: Pages a sample at most; fewer where the budget or the document has no more. From 1 to 40.
        context_tokens: No sample is longer than this; pages are scaled down to fit.
        max_dpi: Resolution of pages where the budget allows it; 36 to 600.
        min_dpi: Pages are never drawn coarser; fewer are shown instead. From 36 to `max_dpi`.
        pinned: The files as they were when the run was planned (see `pin`).
    """

    version: ClassVar[int] = 6

    source: Literal["synthetic", "real"] = "synthetic"
    pattern: str = ""
    licence: str = "LicenseRef-user"
    dialect: Literal["qwenvl-html", "qwenvl-markdown", "both"] = "both"
    languages: tuple[str, ...] = LANGUAGES
    pages: int = 2
    context_tokens: int = 16_384
    max_dpi: int = 144
    min_dpi: int = 72
    pinned: tuple[Asset, ...] = ()

    def __post_init__(self) -> None:
        if self.source == "real" and not self.pattern and not self.pinned:
            raise UserError("source is real, but no pattern names the PDFs", where="params.pattern", todo="give a path, a glob or a URI")
        refuse(
            among("languages", self.languages, LANGUAGES),
            within("pages", self.pages, 1, SEARCHED_PAGES, why="no more are looked for"),
            within("context_tokens", self.context_tokens, TEXT_RESERVE_TOKENS + 1, why="the prompt needs that much"),
            resolution(self.min_dpi, self.max_dpi),
        )

    def files(self) -> tuple[Asset, ...]:
        """The PDFs in order; none for synthetic documents."""
        return () if self.source == "synthetic" else self.pinned or resolve(self.pattern, self.licence)

    def assets(self) -> tuple[AssetUse, ...]:
        """The files as parts of a data set's fingerprint."""
        return tuple(asset.use() for asset in self.files())

    def pin(self) -> "Parse":
        """The same family with its list of files fixed."""
        if self.source == "real" and not self.pinned:
            check_any_pdf(self.files(), self.pattern)
        return replace(self, pinned=self.files())

    def sample_truth(self, index: int, rng: Generator) -> Truth:
        """Draw the world or choose the file; languages, files and notations follow `index`."""
        notations: tuple[Dialect, ...] = ("qwenvl-html", "qwenvl-markdown") if self.dialect == "both" else (self.dialect,)
        dialect, start = notations[index % len(notations)], float(rng.random())
        turn = index // len(notations)
        if self.source == "synthetic":
            language = self.languages[turn % len(self.languages)]
            genre = GENRES[int(rng.integers(len(GENRES)))]
            return Truth(dialect, language, start, world=sample_world(language, genre, DOCUMENT_PAGES, rng))
        files = self.files()
        asset = files[turn % len(files)]
        with open_pdf(read_asset(asset), asset.name) as document:
            shown = range(min(document.page_count, SEARCHED_PAGES))
            check_text(document, shown, asset.name)
            language = document_language(asset.path, "".join(document[page].get_text() for page in shown))
        return Truth(dialect, language, start, asset=asset)

    def render(self, truth: Truth, rng: Generator) -> Rendering[Shown]:
        """Find a run of pages, cut it out, draw it, and write the answer."""
        known: Attachment | None = None
        if truth.world:
            pdf, parts, assets = _synthetic(truth.world, truth.start, self.pages, rng)
        else:
            pdf, parts, assets, known = _real(truth.asset, truth.start, self.pages)
        pdf, parts, budget = self._fit(pdf, parts, truth.dialect)
        with quiet():
            drawn = pictures.draw_pages([pdf], None, budget_tokens=budget, max_dpi=self.max_dpi, rng=rng)
        pages = [
            [to_element(part, _Scale(sheet, image)) for part in page]
            for page, sheet, image in zip(parts, drawn.sheets, drawn.images, strict=True)
        ]
        answer = join_pages([WRITERS[truth.dialect](page) for page in pages])
        evidence = tuple(
            Evidence(number, _clipped(drawn.sheets[number].to_px(part.box_pt), image), note=part.kind)
            for number, (page, image) in enumerate(zip(parts, drawn.images, strict=True))
            for part in page
        )
        kinds = sorted({part.kind for page in parts for part in page})
        return Rendering(
            landed=Shown(answer, evidence),
            images=drawn.images,
            attachments=(*drawn.attachments, known) if known else drawn.attachments,
            assets=assets,
            languages=(truth.language,),
            tags=(self.source, truth.dialect, f"pages:{len(parts)}", *kinds),
        )

    def write_turns(self, truth: Truth, rendering: Rendering[Shown], rng: Generator) -> tuple[Turn, ...]:
        """The trigger that Qwen3-VL's users type, and the answer."""
        task = f"parse_{truth.dialect.removeprefix('qwenvl-')}"
        asked = "<image>" * len(rendering.images) + "\n" + PROMPTS[truth.dialect]
        proof = Proof({"op": "parse", "dialect": truth.dialect, "pages": len(rendering.images)}, None, rendering.landed.evidence)
        return Turn("user", asked, task), Turn("assistant", rendering.landed.answer, task, proof=proof)

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Truth) -> tuple[Verdict, ...]:
        """Prove the images from the PDF, then every element of every page."""
        answered = turns[-1]
        (pdf,), sheets = pictures.stored_pdfs(stored), pictures.stored_sheets(stored)
        with quiet():
            faults = image_faults([pdf], stored.images, sheets) or _answer_faults(answered.text, pdf, truth.dialect, _stored_words(stored))
        return (
            Verdict(answered.task, not faults, faults[0] if faults else "every element found again in the PDF with PDFium", "artefact"),
        )

    def _fit(self, pdf: bytes, parts: list[tuple[Part, ...]], dialect: Dialect) -> tuple[bytes, list[tuple[Part, ...]], int]:
        """As many of the pages as fit at `min_dpi` together with their texts, and the tokens left for images."""
        sizes = pictures.page_sizes(pdf)
        for count in range(len(parts), 0, -1):
            text = join_pages([WRITERS[dialect]([to_element(p, _Thousandths(*sizes[n])) for p in parts[n]]) for n in range(count)])
            budget = self.context_tokens - TEXT_RESERVE_TOKENS - count_text(text)
            if pictures.page_tokens(sizes[:count], self.min_dpi) <= budget:
                return (pdf if count == len(parts) else _first_pages(pdf, count)), parts[:count], budget
        raise DataError("over_budget", f"one page and its text do not fit {self.context_tokens} tokens at {self.min_dpi} dpi")


@dataclass(frozen=True, slots=True)
class _Scale:
    """Points -> thousandths of the page image."""

    sheet: pictures.Sheet
    image: Image

    def __call__(self, box_pt: BoxPt) -> Box1000:
        return box_px_to_1000(_clipped(self.sheet.to_px(box_pt), self.image), self.image.width_px, self.image.height_px)


@dataclass(frozen=True, slots=True)
class _Thousandths:
    """Points -> thousandths of the page, for counting tokens before the resolution is known."""

    width_pt: float
    height_pt: float

    def __call__(self, box_pt: BoxPt) -> Box1000:
        x0, y0, x1, y1 = (min(max(side / of, 0.0), 1.0) for side, of in zip(box_pt, (self.width_pt, self.height_pt) * 2, strict=True))
        return round(x0 * 1000), round(y0 * 1000), round(x1 * 1000), round(y1 * 1000)


def _clipped(box: BoxPt, image: Image) -> BoxPt:
    return max(0.0, box[0]), max(0.0, box[1]), min(float(image.width_px), box[2]), min(float(image.height_px), box[3])


def _synthetic(world: World, start: float, pages: int, rng: Generator) -> tuple[bytes, list[tuple[Part, ...]], tuple[AssetUse, ...]]:
    """A run of pages of a newly laid out document on which every piece is known exactly."""
    wording, look = load_wording(world.language), draw_look(world.language, rng)
    written = write_document(world, wording, rng, pages_target=DOCUMENT_PAGES)
    laid_out = layout(written.document, look, rng)
    with quiet(), pymupdf.open(stream=laid_out.pdf, filetype="pdf") as document:
        usable = {n: page_parts(laid_out, document, n) for n in range(document.page_count)}
        first, run = _run({n: parts for n, parts in usable.items() if parts}, start, pages)
        return cut_pages(document, first, len(run)), run, laid_out.assets


def page_parts(laid_out: LaidOut, document: pymupdf.Document, number: int) -> tuple[Part, ...] | None:
    """The parts of a page of a document just laid out; None if they do not say all that it prints."""
    pieces = [piece for piece in laid_out.pieces if piece.page == number]
    return parts_of_pieces(pieces, page_text(document[number]), _marks(laid_out, document, number))


def _marks(laid_out: LaidOut, document: pymupdf.Document, number: int) -> list[tuple[str, BoxPt]]:
    """The footnote marks on a page with their boxes."""
    boxes = [
        place.box_pt for key, places in laid_out.places.items() if key.startswith(MARK_PREFIX) for place in places if place.page == number
    ]
    blocks = document[number].get_text("rawdict")["blocks"] if boxes else []
    chars = [c for block in blocks for line in block.get("lines", ()) for span in line["spans"] for c in span["chars"]]
    return [("".join(c["c"] for c in chars if _centre_in(c["bbox"], box)).strip(), box) for box in boxes]


def _centre_in(box: Sequence[float], outer: BoxPt) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _real(asset: Asset | None, start: float, pages: int) -> tuple[bytes, list[tuple[Part, ...]], tuple[AssetUse, ...], Attachment]:
    """A run of pages of a real document whose layout is safe to read, and the words of its other pages that tell hyphens apart."""
    if asset is None:
        raise ValueError("a truth needs a world or an asset")
    with open_pdf(read_asset(asset), asset.name) as document:
        order = range(document.page_count)
        begin = int(start * len(order))
        words = document_words(document)
        usable: dict[int, tuple[Part, ...]] = {}
        why = "it has no pages"
        for number in [*order[begin:], *order[:begin]][:SEARCHED_PAGES]:
            try:
                check_text(document, [number], asset.name)
                if has_contents(page_text(document[number])):
                    raise UnsafePage("a contents list")
                usable[number] = read_parts(document[number], page_sections(document, number), words)
            except (UnsafePage, DataError) as error:
                why = str(error)
            if any(all(n + k in usable for k in range(pages)) for n in usable):
                break
        if not usable:
            raise DataError("unsafe_layout", f"{asset.name}: no page can be parsed safely; the last one has {why}")
        first, run = _run(usable, 0.0, pages)
        known = sorted(set().union(*(words_like_broken(document[first + k], words) for k in range(len(run)))))
        attachment = Attachment.of(WORDS_NAME, "application/json", canonical_json(known).encode())
        return cut_pages(document, first, len(run)), run, (asset.use(),), attachment


def _stored_words(stored: Stored) -> frozenset[str]:
    """What `_real` knew of the words that line ends divide: the one thing the verifier takes from pages that are not stored."""
    found = next((item for item in stored.attachments if item.name == WORDS_NAME), None)
    return frozenset(json.loads(found.data)) if found else frozenset()


def _run(usable: dict[int, tuple[Part, ...]], start: float, pages: int) -> tuple[int, list[tuple[Part, ...]]]:
    """The first page and the parts of a run of `pages` neighbours, or of the longest there is; `start` (0 to 1) chooses among equals."""
    if not usable:
        raise DataError("unsafe_layout", "no page of the document can be parsed safely")
    lengths = {n: next(k for k in range(pages + 1) if k == pages or n + k not in usable) for n in sorted(usable)}
    best = [n for n, length in lengths.items() if length == max(lengths.values())]
    first = best[min(int(start * len(best)), len(best) - 1)]
    return first, [usable[first + k] for k in range(lengths[first])]


def _first_pages(pdf: bytes, count: int) -> bytes:
    with open_pdf(pdf, "the pages shown") as document:
        return cut_pages(document, 0, count)


def _answer_faults(answer: str, pdf: bytes, dialect: Dialect, words: frozenset[str]) -> Sequence[str]:
    try:
        pages = [PARSERS[dialect](text) for text in split_pages(answer)]
    except ValueError as error:
        return (f"the answer does not parse: {error}",)
    chars = read_chars(pdf, words)
    if len(pages) != len(chars):
        return (f"the answer has {len(pages)} pages, the PDF {len(chars)}",)
    return [
        f"page {number + 1}: {fault}"
        for number, (page, read) in enumerate(zip(pages, chars, strict=True))
        if (fault := page_fault(page, read))
    ]
