"""Many samples of a code family: whether each runs, draws again to the same bytes and is proved, why others are not, how varied all are.

    python -m bench.code_check --family code.chart --samples 5000 --workers 2 [--from N] [--seed S] [--params JSON] [--json FILE]

For each sample: its code is drawn (which every family does twice, with equal bytes), drawn once more here and compared, and every answer is
verified from the stored bytes. "Run" counts samples whose code drew; what a family turns down before a sample is made (two values too
near to be asked about, names too long for their axis) is told by its reason and no failure of code. Layouts, collisions and distinct-2 are
`assay stats`' measures; memory is the most that one process of a worker's tree held, by its name.
"""

import argparse
import json
import multiprocessing
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bench.process_tree import used
from pipelines.stats_facts import Facts, facts_of
from pipelines.stats_pages import layout_entropy
from pipelines.stats_text import distinct_n, template_collisions
from schemas.errors import DataError
from schemas.seeds import derive_seed, stream
from synth.load import load_family
from synth.make import draft_sample, truth_adapter, verify_sample


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of one sample.

    Attributes:
        lost: Why it was not made, or which verdict turned it down; empty if it is kept.
        made: Its code ran and drew.
        same: It drew the same bytes once more.
        facts: What the statistics need of it, if it is kept.
    """

    index: int
    lost: str
    made: bool
    same: bool
    facts: Facts | None = None
    answers: int = 0
    cpu_s: float = 0.0
    peak_mib: dict[str, float] = field(default_factory=dict)


def check(index: int, *, name: str, params: dict[str, Any], seed: int) -> Checked:
    """Make, draw again and prove one sample."""
    family, before = load_family(name, params), used().cpu_s
    try:
        sample = draft_sample(family, name, index, seed)
    except DataError as error:
        return Checked(index, f"not made: {error.reason}", made=False, same=False, cpu_s=used().cpu_s - before)
    again = family.render(truth_adapter(family).validate_json(sample.truth), stream(derive_seed(seed, name, index), "render"))
    same = [image.sha256 for image in again.images] == [image.sha256 for image in sample.images]
    verdicts = verify_sample(family, sample).verdicts
    wrong = [verdict.reason for verdict in verdicts if not verdict.passed]
    facts = None if wrong else facts_of(sample, index)
    after = used()
    lost = f"refused: {wrong[0]}" if wrong else ""
    return Checked(index, lost, True, same, facts, len(verdicts), after.cpu_s - before, after.peak_mib)


def report(found: list[Checked], wall_s: float) -> dict[str, Any]:
    """All figures, by name."""
    facts = [one.facts for one in found if one.facts is not None]
    asked = [question for fact in facts for question in fact.asked]
    layouts = [layout for fact in facts for layout in fact.layouts]
    lost, made = Counter(one.lost for one in found if one.lost), [one for one in found if one.made]
    peaks: dict[str, float] = {}
    for one in found:
        for name, size in one.peak_mib.items():
            peaks[name] = max(size, peaks.get(name, 0.0))
    tags = Counter(tag for fact in facts for tag in fact.tags)
    entropies = {f"{share} %": layout_entropy(layouts[: max(1, len(layouts) * share // 100)]) for share in (25, 50, 100)}
    return {
        "samples": len(found),
        "run": len(made),
        "drawn again to the same bytes": sum(one.same for one in made),
        "verified": len(facts),
        "verified share of those run": len(facts) / max(1, len(made)),
        "answers of verified samples": sum(one.answers for one in found if one.facts is not None),
        "not kept, by reason": dict(lost.most_common()),
        "distinct layouts": entropies["100 %"][1],
        "layout entropy in bits": {share: round(bits, 2) for share, (bits, _) in entropies.items()},
        "template collisions": round(template_collisions(asked)[0], 4),
        "distinct-2 of questions": round(distinct_n([one.question for one in asked], 2), 3),
        "different questions": len({one.question for one in asked}),
        "different answers": len({one.answer for one in asked}),
        "languages": dict(Counter(fact.languages[0] if fact.languages else "none" for fact in facts).most_common()),
        "tags": dict(tags.most_common()),
        "tasks": dict(Counter(one.task for one in asked).most_common()),
        "processor seconds a sample": round(sum(one.cpu_s for one in found) / max(1, len(found)), 3),
        "peak MiB of one process": {name: round(size) for name, size in sorted(peaks.items())},
        "wall seconds": round(wall_s, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", default="code.chart")
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=20261129)
    parser.add_argument("--params", type=json.loads, default={}, help="the family's parameters as JSON")
    parser.add_argument("--json", type=Path, help="where the figures are to be written")
    chosen = parser.parse_args()
    load_family(chosen.family, chosen.params, "--params")  # so that a mistake in them is told before anything starts
    work = partial(check, name=chosen.family, params=chosen.params, seed=chosen.seed)
    began, found = time.perf_counter(), list[Checked]()
    with multiprocessing.get_context("spawn").Pool(chosen.workers) as pool:
        for one in pool.imap_unordered(work, range(chosen.first, chosen.first + chosen.samples), chunksize=4):
            found.append(one)
            if len(found) % 100 == 0:
                print(f"{len(found)} of {chosen.samples}", flush=True)
    figures = report(sorted(found, key=lambda one: one.index), time.perf_counter() - began)
    for name, value in figures.items():
        print(f"{name}: {value}")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
