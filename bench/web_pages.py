"""Web pages a second with the boxes of all elements, beside the usual way; and what becomes of a number of samples.

Ours: one tab used again, `synth.browser.page.draw_page`, layout and picture of each page. Rival: Playwright, a new page a sample,
`set_content`, one script that reads the boxes of all elements, `screenshot` as PNG; the same Chromium, pages and windows, one process each,
turn by turn.
Also prints verdicts, reasons, layouts and languages of `--samples` samples of `code.web_page`, and memory over `--pages` pages.

    python -m bench.web_pages --pages 60 --rounds 3 --samples 88

Needs Debian's `chromium-headless-shell`, `bubblewrap`, and `pip install playwright==1.65.2` for the rival.
"""

import argparse
import os
import statistics
import time
from collections import Counter
from pathlib import Path

from playwright.sync_api import sync_playwright

from schemas.errors import DataError
from schemas.seeds import derive_seed, stream
from synth.browser.chromium import chromium_version, find_chromium
from synth.browser.page import _KEPT, Document, close_browser, draw_page
from synth.code.web_html import write_page
from synth.code.web_page import WebPage, _rtl
from synth.make import make_sample

SEED, NAME = 7, "code.web_page"
FLAGS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--font-render-hinting=none", "--disable-lcd-text"]
BOXES = (
    "[...document.querySelectorAll('*')].map(e => { const b = e.getBoundingClientRect(); return [e.tagName, b.x, b.y, b.width, b.height] })"
)


def main() -> None:
    """Print all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=88)
    parser.add_argument("--memory-pages", type=int, default=2000)
    parser.add_argument("--rival", default="", help="another Chromium for the rival, such as /usr/lib/chromium/chromium; ours if empty")
    args = parser.parse_args()
    pages = written(args.pages)
    print(f"{chromium_version()}, {len(pages)} pages, {os.cpu_count()} cores")
    speed(pages, args.rounds, args.rival or str(find_chromium()))
    memory(pages, args.memory_pages)
    samples(args.samples)


def written(count: int) -> list[tuple[str, tuple[int, int]]]:
    """HTML and window of the first samples."""
    family, found = WebPage(), []
    for index in range(count):
        truth = family.sample_truth(index, stream(derive_seed(SEED, NAME, index), "truth"))
        html = write_page(truth.body, truth.look, title=truth.kind, language=truth.language, rtl=_rtl(truth.language))
        found.append((html, truth.window))
    return found


def speed(pages: list[tuple[str, tuple[int, int]]], rounds: int, rival: str) -> None:
    """Both ways, turn by turn."""
    ours, theirs, costs = [], [], [0.0, 0.0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=rival, args=FLAGS)
        draw_page(Document(pages[0][0]), *pages[0][1])
        for _ in range(rounds):
            start, used = time.perf_counter(), cpu_s()
            for html, window in pages:
                draw_page(Document(html), *window)
            ours.append(len(pages) / (time.perf_counter() - start))
            costs[0] += cpu_s() - used
            start, used = time.perf_counter(), cpu_s()
            for html, (width, height) in pages:
                page = browser.new_page(viewport={"width": width, "height": height})
                page.set_content(html)
                page.evaluate(BOXES)
                page.screenshot()
                page.close()
            theirs.append(len(pages) / (time.perf_counter() - start))
            costs[1] += cpu_s() - used
        browser.close()
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    print("| way | pages/s, rounds |\n| --- | --- |")
    print(f"| one tab, layout and picture | {', '.join(f'{one:.1f}' for one in ours)} |")
    print(f"| Playwright, a new page each | {', '.join(f'{one:.1f}' for one in theirs)} |")
    print(f"| ratio, median | {statistics.median(ratios):.1f} |")
    each = [1000 * cost / rounds / len(pages) for cost in costs]
    print(f"| CPU a page, all processes | {each[0]:.0f} ms and {each[1]:.0f} ms, ratio {each[1] / each[0]:.1f} |")


def cpu_s() -> float:
    """Processor time of this process and all below it, those that ended included."""
    parents, times = {}, {}
    for path in Path("/proc").iterdir():
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split() if path.name.isdigit() else []
        except (OSError, ProcessLookupError):
            continue
        if fields:
            parents[int(path.name)], times[int(path.name)] = int(fields[1]), sum(map(int, fields[11:15]))
    below = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in below} - below:
        below |= more
    return sum(times[number] for number in below) / os.sysconf("SC_CLK_TCK")


def memory(pages: list[tuple[str, tuple[int, int]]], count: int) -> None:
    """Resident memory of the browser's processes while pages are drawn in one browser."""
    close_browser()
    told = []
    for number in range(count):
        draw_page(Document(pages[number % len(pages)][0]), *pages[number % len(pages)][1])
        if (number + 1) % max(1, count // 8) == 0:
            told.append(f"{number + 1}: {resident() / 2**20:.0f} MiB")
    print("memory of the browser's processes, shared pages counted in each, after pages", "; ".join(told))


def resident() -> int:
    """Bytes of all processes of the browser's session."""
    leader, whole = _KEPT[0].devtools._process, 0
    for path in Path("/proc").iterdir():
        try:
            if path.name.isdigit() and os.getsid(int(path.name)) == leader:
                whole += int((path / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ProcessLookupError):
            continue
    return whole


def samples(count: int) -> None:
    """What becomes of samples."""
    kept, reasons, answers = 0, Counter[str](), Counter[str]()
    layouts, languages, tags = set[tuple[tuple[int, ...], ...]](), set[str](), Counter[str]()
    start = time.perf_counter()
    for index in range(count):
        try:
            sample = make_sample(WebPage(), NAME, index, SEED)
        except DataError as error:
            reasons[error.reason] += 1
            continue
        wrong = [verdict.reason for verdict in sample.verdicts if not verdict.passed]
        kept += not wrong
        reasons.update(f"rejected: {reason}" for reason in set(wrong))
        answers.update(verdict.task for verdict in sample.verdicts if verdict.passed)
        languages.update(sample.languages)
        tags.update(sample.tags[:1])
        image, page = sample.images[0], sample.stored.attachment("page.html").data.decode()
        elements = draw_page(Document(page), image.width_px, image.height_px, picture=False).snapshot.elements
        layouts.add(tuple(sorted({tuple(int(side) // 80 for side in one.box_px) for one in elements if one.box_px})))
    print(f"{kept} of {count} samples kept, {count / (time.perf_counter() - start):.2f} a second; not kept: {dict(reasons)}")
    print(f"answers proved: {dict(answers.most_common())}")
    print(f"{len(layouts)} layouts (boxes of all elements on a grid of 80 pixels), {len(languages)} languages, kinds {dict(tags)}")


if __name__ == "__main__":
    main()
