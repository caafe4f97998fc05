"""Peak memory of a worker that builds 150-page reports through the graph, while the corpus grows to 8 times its size.

The figure is resident memory at its highest as the kernel keeps it for each process (VmHWM), shared pages included, of the fullest of
Ray's processes that ran a stage. The private part is what a process shares with nobody, looked at five times a second.

A worker's peak is that of the largest shard it has met, and the largest of 128 samples is larger than the largest of 16. So the corpus
grows in two ways: the same samples made over and over, where any growth is memory that is not given back, and as many different ones,
where the peak must stay below the bar. The bars are 1.5 GiB, and the same samples 8 times within a tenth of once. Exit code 1 if either is
missed. The smallest corpus holds 16 samples, so that each of two workers has met most of the seven languages, whose fonts and caches take
90 MiB. About 25 minutes on two cores.

example: python bench/memory.py
"""

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path

from dags.corpus import corpus_graph
from dags.processes import family_of_this_process, name_of, peak_memory_bytes, private_memory_bytes
from dags.session import ray_session
from dags.terminal import print_table
from pipelines.commit import prepare_folder
from pipelines.ledger import read_records, write_plan_text
from pipelines.plan import Plan, plan
from pipelines.workers import Job
from schemas.recipe import parse_recipe

BAR_BYTES = 1.5 * 2**30
GROWTH_BAR = 1.1
POLL_S = 0.2
RECIPE = """
seed: 5
samples_per_shard: {per_shard}
sources:
  - family: documents.report
    count: {count}
    params: {{pages: [{pages}], context_tokens: {context}, pair_share: 0.0}}
"""
CONTEXT_TOKENS_PER_PAGE = 1024
"""Room for a page of 900 vision tokens and its part of the conversation (chosen): 150 pages fit at about 100 dpi."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pages", type=int, default=150)
    options.add_argument("--base", type=int, default=16, help="samples of the smallest corpus (default 16)")
    options.add_argument("--growth", type=int, nargs="+", default=[1, 8], help="times the samples are made")
    options.add_argument("--per-shard", type=int, default=2, help="samples a shard (default 2)")
    options.add_argument("--workers", type=int, default=2)
    chosen = options.parse_args()
    rows: list[list[object]] = []
    again = [row(rows, chosen, chosen.base, times) for times in chosen.growth]
    different = row(rows, chosen, chosen.growth[-1] * chosen.base, 1)
    columns = [
        "different samples",
        "times each",
        "made and kept",
        "MB of shards",
        "seconds with start-up",
        "peak MiB of a worker",
        "private part",
    ]
    print_table(f"Memory of the fullest of {chosen.workers} workers, {chosen.pages} pages", columns, rows)
    return 0 if max(*again, different) <= BAR_BYTES and again[-1] <= GROWTH_BAR * again[0] else 1


def row(rows: list[list[object]], chosen: argparse.Namespace, count: int, times: int) -> int:
    """Build a corpus of `count` samples, each shard `times` times; add the row of the table; the peak in bytes."""
    text = RECIPE.format(per_shard=chosen.per_shard, count=count, pages=chosen.pages, context=chosen.pages * CONTEXT_TOKENS_PER_PAGE)
    start = time.monotonic()
    kept, size, peak, private = build(plan(parse_recipe(text, "bench/memory.py")), chosen.workers, times)
    took = round(time.monotonic() - start)
    rows.append([count, times, kept * times, round(size * times / 1e6, 1), took, round(peak / 2**20), round(private / 2**20)])
    print(*rows[-1], file=sys.stderr, flush=True)
    return peak


def build(planned: Plan, workers: int, times: int) -> tuple[int, int, int, int]:
    """Samples kept, bytes of shards, and the peaks in bytes, with and without shared pages. A shard made again is committed again: the
    protocol takes it for what it is, the work of a worker that was thought dead.
    """
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as scratch, ray_session(workers) as ray:
        folder = Path(scratch)
        prepare_folder(folder, write_plan_text(planned))
        watch = Watch()
        for _ in corpus_graph(ray, Job(planned, folder), list(range(planned.num_shards)) * times, workers).iter_rows():
            pass
        peak, private = watch.stop()
        records = read_records(folder).values()
        return sum(record.rows for record in records), sum(record.bytes for record in records), peak, private


class Watch(threading.Thread):
    """Notes the peak of this session's workers until told to stop; often enough that one that dies is seen as well."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.over, self.peak, self.private = threading.Event(), 0, 0
        self.start()

    def run(self) -> None:
        """Look, until told to stop."""
        while not self.over.wait(POLL_S):
            self.look()

    def look(self) -> None:
        """Note the peak so far. Ray's own actors are named `ray::_…`; they run no stage."""
        for pid in family_of_this_process():
            name = name_of(pid)
            if name.startswith("ray::") and not name.startswith("ray::_"):
                self.peak = max(self.peak, peak_memory_bytes(pid))
                self.private = max(self.private, private_memory_bytes(pid))

    def stop(self) -> tuple[int, int]:
        """Look once more and stop; the peaks in bytes, with and without shared pages."""
        self.over.set()
        self.join()
        self.look()
        return self.peak, self.private


if __name__ == "__main__":
    sys.exit(main())
