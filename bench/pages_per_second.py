"""Pages a second through the whole chain beside the same documents printed by Chromium and rasterised by pdftoppm.

Ours: world -> PDF -> page images -> questions -> every answer proved, in one process. Rival: the same blocks as HTML -> Chromium
`page.pdf` -> `pdftoppm -r 144`, pictures of charts given; it writes no truth, no questions and proves nothing. Both draw at 144 dpi, both
run on the same machine in turn.

    python bench/pages_per_second.py [--documents 7] [--pages 20]

Needs Debian's `chromium` and `poppler-utils`, and `pip install playwright==1.65.2`. Prints one Markdown table; ratios are pages a second,
ours over theirs.
"""

import argparse
import base64
import html
import subprocess
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from schemas.seeds import derive_seed, stream
from synth.documents.blocks import Block, Cell, Contents, Document, Figure, Heading, Inline, Listing, Paragraph, Table
from synth.documents.chapters import write_document
from synth.documents.report import LANGUAGES, Report
from synth.documents.wording import load_wording
from synth.make import make_sample
from synth.render.charts import draw_chart, draw_chart_look
from synth.render.typeset import Style, Typesetter

CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
SEED = 0


def main() -> None:
    """Time both chains and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=7)
    parser.add_argument("--pages", type=int, default=20)
    args = parser.parse_args()
    family = Report(pages=(args.pages,), context_tokens=262_144, scan_share=0.0, pair_share=0.0)
    ours_pages, ours_s = time_ours(family, args.documents)
    print(f"{args.documents} documents in {', '.join(LANGUAGES)} (one each in turn), aimed at {args.pages} pages, 144 dpi\n")
    print("| chain | pages | seconds | pages/s | ours over this |")
    print("| --- | --- | --- | --- | --- |")
    print(f"| Assay, one process: PDF, PNG pages, questions, proofs | {ours_pages} | {ours_s:.1f} | {ours_pages / ours_s:.1f} | 1.0 |")
    for flag, pages, seconds in time_rival(family, args.documents):
        ratio = (ours_pages / ours_s) / (pages / seconds)
        print(f"| {versions()}: page.pdf, `pdftoppm -r 144 {flag}` | {pages} | {seconds:.1f} | {pages / seconds:.1f} | {ratio:.1f} |")


def time_ours(family: Report, count: int) -> tuple[int, float]:
    """Pages and seconds of `make_sample` over `count` seeds, after one warm-up that loads the fonts."""
    make_sample(family, "documents.report", 0, SEED + 1)
    start, pages = time.perf_counter(), 0
    for index in range(count):
        pages += len(make_sample(family, "documents.report", index, SEED).images)
    return pages, time.perf_counter() - start


def time_rival(family: Report, count: int) -> list[tuple[str, int, float]]:
    """(pdftoppm flag, pages, seconds) for the rival, Chromium started once and warm; writing the HTML is not counted."""
    results = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
        page = browser.new_page()
        pages = [as_html(document_of(family, index)) for index in range(count)]
        print_pdf(page, pages[0], folder / "warm.pdf")
        start = time.perf_counter()
        for index, text in enumerate(pages):
            print_pdf(page, text, folder / f"{index}.pdf")
        printing = time.perf_counter() - start
        for flag, ending in (("-png", "png"), ("-jpeg", "jpg")):
            start = time.perf_counter()
            for index in range(count):
                command = ["pdftoppm", "-r", "144", flag, str(folder / f"{index}.pdf"), str(folder / f"{index}")]
                subprocess.run(command, check=True)
            seconds = printing + time.perf_counter() - start
            results.append((flag, len(list(folder.glob(f"*.{ending}"))), seconds))
        browser.close()
    return results


def document_of(family: Report, index: int) -> Document:
    """The blocks that `make_sample` lays out for the same index."""
    seed = derive_seed(SEED, "documents.report", index)
    truth = family.sample_truth(index, stream(seed, "truth"))
    world = truth.worlds[0]
    return write_document(world, load_wording(world.language), stream(seed, "render"), pages_target=truth.pages).document


def print_pdf(page: Page, text: str, path: Path) -> None:
    """One document through the browser."""
    page.set_content(text)
    page.pdf(path=str(path), format="A4", print_background=True, margin={"top": "20mm", "bottom": "20mm", "left": "20mm", "right": "20mm"})


def as_html(document: Document) -> str:
    """The blocks as plain HTML, in the fonts the system has."""
    direction = "rtl" if document.language == "ar" else "ltr"
    parts = [_block(block, document.language) for section in document.sections for block in section.blocks]
    style = "body{font:10pt sans-serif}table{border-collapse:collapse;font-size:8pt}td,th{border:1px solid #999;padding:2pt 4pt}"
    head = f'<html lang="{document.language}" dir="{direction}"><meta charset="utf-8"><style>{style}</style>'
    return f"{head}<body>{''.join(parts)}</body></html>"


def _block(block: Block, language: str) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{html.escape(f'{block.number} {block.text}')}</h{block.level}>"
        case Paragraph():
            return f"<p>{_inline(block.inlines)}</p>"
        case Listing():
            return "<ul>" + "".join(f"<li>{_inline(item)}</li>" for item in block.items) + "</ul>"
        case Table():
            rows = "".join(f"<tr>{_cells(row)}</tr>" for row in (*block.head, *block.body))
            return f"<p>{html.escape(block.label)} {_inline(block.caption)}</p><table>{rows}</table>"
        case Figure():
            drawn = draw_chart(block.chart, draw_chart_look(stream(SEED, "rival")), Typesetter(language), Style(8.0), 360.0, 200.0)
            picture = base64.b64encode(drawn.png).decode()
            return f'<img width=480 src="data:image/png;base64,{picture}"><p>{html.escape(block.label)} {_inline(block.caption)}</p>'
        case Contents():
            return f"<h2>{html.escape(block.title)}</h2>"


def _cells(row: tuple[Cell, ...]) -> str:
    return "".join(f"<td colspan={cell.colspan}>{_inline(cell.inlines)}</td>" for cell in row)


def _inline(inlines: Inline) -> str:
    return "".join(html.escape(text.text) for text in inlines)


def versions() -> str:
    """Chromium's and poppler's versions."""
    chromium = subprocess.run(["/usr/bin/chromium", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    poppler = subprocess.run(["/usr/bin/pdftoppm", "-v"], capture_output=True, text=True, check=True).stderr.split()[2]
    return f"Chromium {chromium}, poppler {poppler}"


if __name__ == "__main__":
    main()
