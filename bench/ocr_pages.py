"""Dense, degraded pages of English of 1,000 x 1,400 pixels a second and core: the whole chain, in CPU time of one process.

Text drawn from the corpus and composed, set, drawn as ink, laid on paper, warped, lit, blurred, stored as JPEG, three questions, and every
answer proved. Scans and photographs in turn; the garbage collector is set as workers have it.

SynthDoG is not on PyPI, so its row is a stored figure, not measured in the same run: 30 English pages of 745 x 1,467 to 1,932 x 998 pixels
on one core, text and image alone, no boxes, nothing proved.

    PYTHONPATH=. python bench/ocr_pages.py
"""

import argparse
import gc
import json
import statistics
import sys
import time
from dataclasses import dataclass, replace

from numpy.random import Generator

from dags.corpus import GC_THRESHOLDS
from dags.terminal import print_table
from synth.make import make_sample
from synth.ocr.page import Page, Truth

WIDTH_PX, HEIGHT_PX = 1000, 1400
SYNTHDOG_PAGES_S = 0.53


@dataclass(frozen=True)
class LargePage(Page):
    """`ocr.page` with all pages of one size."""

    def sample_truth(self, index: int, rng: Generator) -> Truth:
        """The page as drawn, but for its size."""
        truth = super().sample_truth(index, rng)
        return replace(truth, look=replace(truth.look, width_px=WIDTH_PX, height_px=HEIGHT_PX))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=30)
    chosen = parser.parse_args()
    gc.set_threshold(*GC_THRESHOLDS)
    family = LargePage(languages=("en",), wear=("scan", "photo"), damaged=0.0)  # nobody else hides words
    for index in range(4):
        make_sample(family, "ocr.page", index, 1)
    laps, words, pixels = [], [], []
    for index in range(chosen.pages):
        start = time.process_time()
        made = make_sample(family, "ocr.page", index, 2)
        laps.append(time.process_time() - start)
        failed = [verdict.reason for verdict in made.verdicts if not verdict.passed]
        if failed:
            print(f"page {index} is not proved: {failed[0]}", file=sys.stderr)
        (layer,) = (json.loads(part.data) for part in made.attachments if part.name == "text-0.json")
        words.append(sum(len(line["words"]) for line in layer["lines"]))
        pixels.append(made.images[0].width_px * made.images[0].height_px)
    rate = chosen.pages / sum(laps)
    about = f"{WIDTH_PX} x {HEIGHT_PX} px set, {statistics.mean(pixels) / 1e6:.2f} Mpx stored, {statistics.mean(words):.0f} words"
    rows: list[list[object]] = [
        ["Assay, boxes and proof included", about, f"{rate:.2f}", "1.0"],
        ["SynthDoG, a stored figure", "745 x 1,467 to 1,932 x 998 px", f"{SYNTHDOG_PAGES_S}", f"{rate / SYNTHDOG_PAGES_S:.1f}"],
    ]
    print_table("English pages a second and core", ["who", "pages", "pages/s", "ours over this"], rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
