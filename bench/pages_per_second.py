"""Pages a second through the whole chain beside the same documents printed by Chromium and rasterised by pdftoppm.

Ours: world -> PDF -> page images -> questions -> every answer proved, in one process; the time without the proofs is printed, too.
Rival: the same blocks as HTML with the same pages, type and fonts (`printed_html`), written beforehand -> Chromium `page.pdf` -> `pdftoppm
-r 144`; it writes no truth, no questions and proves nothing. One browser and one page serve all documents, and both are warm: each side
first prints the same documents of another seed. Both draw at 144 dpi, in turn, on one machine. CPU seconds are those of all processes,
the browser's included.

    python -m bench.pages_per_second [--documents 7] [--pages 20]

Needs Debian's `chromium` and `poppler-utils`, and `pip install playwright==1.65.2`. Prints one Markdown table; a ratio is pages a second,
ours over theirs.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # ships without types
import pymupdf
from playwright.sync_api import Page, sync_playwright

from bench.printed_html import Printed, as_html, families, printed
from bench.static_fonts import install, write_config
from schemas.seeds import derive_seed
from synth.documents.report import LANGUAGES, Report
from synth.make import draft_sample, verify_sample

CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
NAME = "documents.report"
SEED, WARM_SEED = 0, 1


@dataclass(slots=True)
class Cost:
    """Seconds on the wall and on all CPUs."""

    wall_s: float = 0.0
    cpu_s: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Add what happens inside, in this process and all below it."""
        wall, cpu = time.perf_counter(), cpu_seconds()
        yield
        self.wall_s += time.perf_counter() - wall
        self.cpu_s += cpu_seconds() - cpu


def cpu_seconds() -> float:
    """CPU seconds of this process, of its children that have ended, and of all processes below it that run (a browser's)."""
    own, ended = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    running = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        running += times.user + times.system + times.children_user + times.children_system
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime + running


def main() -> None:
    """Time both chains and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=7)
    parser.add_argument("--pages", type=int, default=20)
    args = parser.parse_args()
    family = Report(pages=(args.pages,), context_tokens=262_144, scan_share=0.0, pair_share=0.0)
    drafts, proofs, pages = time_ours(family, args.documents)
    rows = [
        ("Assay, one process: PDF, PNG pages, questions, every answer proved", pages, drafts + proofs),
        ("the same without the proofs", pages, drafts),
        *((f"Chromium `page.pdf`, `pdftoppm -r 144 {flag}`", count, cost) for flag, count, cost in time_rival(family, args.documents)),
    ]
    print(f"{args.documents} documents in {', '.join(LANGUAGES)} (one each in turn), aimed at {args.pages} pages, 144 dpi\n")
    print(f"{versions()}; {os.cpu_count()} cores\n")
    print("| chain | pages | wall s | CPU s | pages/s | documents/s | pages/CPU s | ours over this, wall | CPU |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, count, cost in rows:
        wall = (pages / rows[0][2].wall_s) / (count / cost.wall_s)
        cpu = (pages / rows[0][2].cpu_s) / (count / cost.cpu_s)
        print(
            f"| {name} | {count} | {cost.wall_s:.1f} | {cost.cpu_s:.1f} | {count / cost.wall_s:.1f} | {args.documents / cost.wall_s:.2f} "
            f"| {count / cost.cpu_s:.1f} | {wall:.1f} | {cpu:.1f} |"
        )


def time_ours(family: Report, count: int) -> tuple[Cost, Cost, int]:
    """Cost of making samples, cost of proving them, and their pages."""
    drafts, proofs, pages = Cost(), Cost(), 0
    for index in range(count):
        verify_sample(family, draft_sample(family, NAME, index, WARM_SEED))
    for index in range(count):
        with drafts.counted():
            sample = draft_sample(family, NAME, index, SEED)
        with proofs.counted():
            verify_sample(family, sample)
        pages += len(sample.images)
    return drafts, proofs, pages


def time_rival(family: Report, count: int) -> list[tuple[str, int, Cost]]:
    """(pdftoppm flag, pages, cost) of the rival. Writing the HTML, installing fonts and starting the browser are not counted."""
    warm, items = ([printed(family, n, derive_seed(seed, NAME, n)) for n in range(count)] for seed in (WARM_SEED, SEED))
    results = []
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        env: dict[str, str | float | bool] = {**os.environ, "FONTCONFIG_FILE": str(install_fonts([*warm, *items], folder))}
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS, env=env)
        page = browser.new_page()
        print_all(page, warm, folder)
        texts, printing = [as_html(item) for item in items], Cost()
        with printing.counted():
            for number, text in enumerate(texts):
                print_pdf(page, text, folder / f"{number}.pdf")
        browser.close()
        pages = [pymupdf.open(folder / f"{number}.pdf").page_count for number in range(count)]
        print("pages, ours and the rival's:", [(len(i.laid_out.pages), n) for i, n in zip(items, pages, strict=True)], file=sys.stderr)
        for flag in ("-png", "-jpeg"):
            drawing = Cost()
            with drawing.counted():
                for number in range(count):
                    subprocess.run(["pdftoppm", "-r", "144", flag, folder / f"{number}.pdf", folder / f"{number}"], check=True)
            results.append((flag, sum(pages), printing + drawing))
    return results


def install_fonts(items: Sequence[Printed], folder: Path) -> Path:
    """All fonts of the documents; returns the fontconfig file."""
    for item in items:
        for designs in families(item).values():
            for name, files in designs.items():
                install(name, files, folder)
    return write_config(folder)


def print_all(page: Page, items: Sequence[Printed], folder: Path) -> None:
    """Documents through the browser, as `<number>.pdf`."""
    for number, item in enumerate(items):
        print_pdf(page, as_html(item), folder / f"{number}.pdf")


def print_pdf(page: Page, text: str, path: Path) -> None:
    """One document through the browser; its style sheet gives sizes and margins."""
    page.set_content(text)
    page.pdf(path=str(path), prefer_css_page_size=True, print_background=True)


def versions() -> str:
    """Chromium's and poppler's versions."""
    chromium = subprocess.run(["/usr/bin/chromium", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    poppler = subprocess.run(["/usr/bin/pdftoppm", "-v"], capture_output=True, text=True, check=True).stderr.split()[2]
    return f"Chromium {chromium}, poppler {poppler}"


if __name__ == "__main__":
    main()
