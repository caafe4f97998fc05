"""Many samples of `code.chart`: how many are kept, why the others are not, and how unlike one another they are.

`python -m bench.chart_corpus [--samples N] [--from N]`. Every program of a kept sample has run, twice for the picture, and again when it
was verified; its display list has been drawn again without a pixel of difference.
"""

import argparse
import json
import math
import time
from collections import Counter
from typing import Any

from schemas.errors import DataError
from schemas.sample import Sample
from synth.code.chart import Chart
from synth.code.chart_run import sandbox
from synth.make import make_sample


def layout_of(truth: dict[str, Any]) -> str:
    """What of a chart is no data: kind, style, size, numbers of rows and series, and what is switched on."""
    spec = truth["spec"]
    counts = [len(spec["series"]), len(spec["categories"] or spec["x"])]
    kept = ("kind", "style", "width_in", "height_in", "dpi", "grid", "log", "value_labels", "layout", "marker")
    return json.dumps([*(spec[name] for name in kept), spec["reference"] is not None, bool(spec["note"]), *counts])


def entropy(counts: Counter[str]) -> float:
    """In bits."""
    return -sum(count / counts.total() * math.log2(count / counts.total()) for count in counts.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--from", dest="first", type=int, default=0)
    arguments = parser.parse_args()
    reasons, kept, start = Counter[str](), list[Sample](), time.process_time()
    for index in range(arguments.first, arguments.first + arguments.samples):
        try:
            sample = make_sample(Chart(), "code.chart", index, 20261124)
        except DataError as error:
            reasons[error.reason] += 1
            continue
        failed = [verdict.reason for verdict in sample.verdicts if not verdict.passed]
        if failed:
            reasons[f"refused: {failed[0]}"] += 1
        else:
            kept.append(sample)
    seconds = time.process_time() - start + sandbox().cpu_s
    layouts = Counter(layout_of(json.loads(sample.truth)) for sample in kept)
    asked = Counter(turn.text for sample in kept for turn in sample.turns if turn.role == "user" and "```" not in turn.text)
    kinds, styles = (Counter(sample.tags[place] for sample in kept) for place in (0, 4))
    answers = sum(turn.role == "assistant" for sample in kept for turn in sample.turns)
    print(f"{arguments.samples} samples, {len(kept)} kept, {answers} answers proved; not kept: {dict(reasons.most_common())}")
    print(f"{len(kinds)} kinds, {len(styles)} styles, {len(layouts)} distinct layouts, layout entropy {entropy(layouts):.1f} bits")
    print(f"questions without code: {asked.total()}, {sum(count for count in asked.values() if count > 1)} not the only ones of their text")
    print(f"{seconds / arguments.samples:.2f} processor seconds a sample, everything included")


if __name__ == "__main__":
    main()
