"""`assay build --dry-run`: what a build would come to, estimated from the first samples of each source; nothing is written."""

import time
from argparse import Namespace
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

from dags.terminal import human_bytes, human_seconds, print_json, print_table, say
from pipelines.ledger import check_same_plan
from pipelines.plan import PILOT_SAMPLES, Item, Plan
from pipelines.quarantine import attempt
from pipelines.workers import made_item
from schemas.phrases import counted
from schemas.recipe import Source
from schemas.sample import Sample
from schemas.shard import write_shard

ESTIMATED_FROM = 2
"""Samples a source that an estimate is the mean of (chosen: each takes seconds, and the first also loads fonts and words)."""
START_S = 15.0
"""What a build takes besides its samples: Ray starts and stops, and each worker imports and reads fonts and words. Measured on two quiet
cores: 12 s for two samples that cost nothing, and some 3 s more where workers make documents.
"""


def dry_run(planned: Plan, folder: Path, options: Namespace) -> int:
    """Print what a build would do; makes samples of each source to estimate from, and says which sources fail at it."""
    check_same_plan(folder, planned)
    rows = [_estimate(planned, number, source) for number, source in enumerate(planned.recipe.sources)]
    total = {key: sum(row[key] for row in rows) for key in ("samples", "bytes", "tokens", "cpu_seconds")}
    at_once = min(options.workers, max(planned.num_shards, 1))
    seconds = START_S + total["cpu_seconds"] * wait_share(planned.num_shards, at_once)
    if options.json:
        print_json({"fingerprint": planned.fingerprint, "shards": planned.num_shards, "sources": rows, "total": total, "seconds": seconds})
        return 0
    table = [[r["source"], r["samples"], human_bytes(r["bytes"]), r["tokens"], human_seconds(r["cpu_seconds"])] for r in rows]
    title = f"Plan (bytes, tokens and time estimated from {ESTIMATED_FROM} samples a source)"
    print_table(title, ["source", "samples", "bytes", "tokens", "one core"], table)
    print(f"fingerprint {planned.fingerprint}")
    shards, workers = counted(planned.num_shards, "shard"), counted(at_once, "worker")
    print(f"{counted(planned.num_samples, 'sample')} in {shards}, about {human_bytes(total['bytes'])}, {total['tokens']:,} tokens")
    what = f"proofs and {START_S:.0f} s of start-up included, on a machine that does nothing else"
    print(f"about {human_seconds(seconds)} with {workers}, {what}; nothing was written")
    return 0


def wait_share(shards: int, at_once: int) -> float:
    """The part of the work's time that one waits for it: shards are whole, so the last round may leave workers idle."""
    return ceil(shards / at_once) / shards if shards else 0.0


def _estimate(planned: Plan, number: int, source: Source) -> dict[str, Any]:
    """What a source would come to, from the first few of its samples that can be made; all zero if none of them can."""
    count = source.count or 0
    made: list[Sample] = []
    seconds, failed = 0.0, 0
    for index in range(min(count, PILOT_SAMPLES)):
        start = time.perf_counter()
        found = attempt(partial(made_item, planned, Item(number, index)))
        if isinstance(found, Sample):
            seconds += time.perf_counter() - start
            made.append(found)
            if len(made) == ESTIMATED_FROM:
                break
        else:
            failed += 1
            say(f"{source.name}: sample {index} would be quarantined ({found.reason}: {found.detail})")
    if failed:
        outcome = "the others were taken for the estimate" if made else "the source counts as nothing in the estimate"
        say(f"{source.name}: {failed} of {failed + len(made)} pilot samples failed; {outcome}")
    each = count / max(len(made), 1)
    tokens = sum(sample.text_tokens + sample.vision_tokens for sample in made)
    size = sum(len(write_shard([sample])) for sample in made)
    work = {"bytes": round(size * each), "tokens": round(tokens * each), "cpu_seconds": seconds * each}
    return {"source": source.name, "samples": count, **work, "pilot_failed": failed}
