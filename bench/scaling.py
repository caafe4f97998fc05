"""What the graph costs and gives: N workers beside one in-process loop of `make_sample` over the same seeds, and a worker's memory.

Start-up is kept apart: the loop makes one sample first, and the graph's workers one shard each, before the clock starts. Both then make
the same samples. Memory is the anonymous resident memory of the fullest worker, sampled five times a second, while the corpus grows 1, 2,
4 and 8 times.

example: python bench/scaling.py pipelines/recipes/smoke.yaml --samples 24
"""

import argparse
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

from dags.corpus import corpus_graph
from dags.session import ray_session
from dags.terminal import human_bytes, print_table
from pipelines.commit import prepare_folder
from pipelines.ledger import write_plan_text
from pipelines.plan import Item, Plan, plan
from pipelines.workers import Job, attempt, draft_item, verify_item
from schemas.recipe import Recipe, load_recipe
from schemas.sample import Sample


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("recipe")
    options.add_argument("--samples", type=int, default=24, help="samples timed")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--growth", type=int, nargs="*", default=[1, 2, 4, 8], help="sizes for memory, in multiples of --base samples")
    options.add_argument("--base", type=int, default=4)
    options.add_argument("--set", action="append", default=[], dest="overrides")
    chosen = options.parse_args()
    recipe = load_recipe(chosen.recipe, chosen.overrides)
    if chosen.samples:
        compare_with_loop(recipe, chosen.samples, chosen.workers)
    if chosen.growth:
        grow(recipe, [factor * chosen.base for factor in chosen.growth], chosen.workers)
    return 0


def compare_with_loop(recipe: Recipe, samples: int, workers: int) -> None:
    """One process in a loop, then the graph, over the same samples."""
    planned = plan(sized(recipe, samples + workers))
    timed = list(range(workers, planned.num_shards))  # the first shards warm the workers up
    loop_s = time_loop(planned, timed)
    graph_s, _ = time_graph(planned, timed, workers)
    made = sum(len(planned.items(shard)) for shard in timed)
    rows: list[list[object]] = [
        ["loop of make_sample", 1, made, loop_s, made / loop_s, 1.0],
        ["graph: plan to commit", workers, made, graph_s, made / graph_s, loop_s / graph_s],
    ]
    print_table("Throughput, start-up apart", ["what", "processes", "samples", "seconds", "samples/s", "times the loop"], rows)


def grow(recipe: Recipe, sizes: list[int], workers: int) -> None:
    """Peak memory of the fullest worker for corpora of growing size."""
    rows: list[list[object]] = []
    for size in sizes:
        planned = plan(sized(recipe, size))
        seconds, peak = time_graph(planned, list(range(planned.num_shards)), workers, warm=False)
        rows.append([size, planned.num_shards, seconds, human_bytes(peak)])
    print_table(f"Memory of the fullest of {workers} workers", ["samples", "shards", "seconds", "peak anonymous memory"], rows)


def sized(recipe: Recipe, samples: int) -> Recipe:
    """The recipe's first source with `samples` samples, one a shard: shards of one size are fair to time."""
    source = recipe.sources[0].model_copy(update={"count": samples, "tokens": None})
    return recipe.model_copy(update={"sources": (source,), "samples_per_shard": 1})


def time_loop(planned: Plan, shards: list[int]) -> float:
    """Seconds of making and proving every sample of `shards`, one after the other."""
    items = [item for shard in shards for item in planned.items(shard)]
    attempt(partial(make, planned, planned.items(0)[0]))
    start = time.perf_counter()
    for item in items:
        attempt(partial(make, planned, item))  # one that fails costs the graph as much
    return time.perf_counter() - start


def make(planned: Plan, item: Item) -> Sample:
    """What `make_sample` does, for a planned sample."""
    return verify_item(planned, item, draft_item(planned, item))


def time_graph(planned: Plan, shards: list[int], workers: int, warm: bool = True) -> tuple[float, int]:
    """Seconds of the graph over `shards`, and the peak memory of its fullest worker in bytes."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as scratch, ray_session(workers) as ray:
        prepare_folder(Path(scratch), write_plan_text(planned))
        job = Job(planned, Path(scratch))
        if warm:
            corpus_graph(ray, job, list(range(workers)), workers).materialize()
        watch = Watch()
        start = time.perf_counter()
        for _ in corpus_graph(ray, job, shards, workers).iter_rows():
            pass
        return time.perf_counter() - start, watch.stop()


class Watch(threading.Thread):
    """Samples the memory of Ray's workers on this machine."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.over, self.peak = threading.Event(), 0
        self.start()

    def run(self) -> None:
        """Look until told to stop."""
        while not self.over.wait(0.2):
            for folder in Path("/proc").glob("[0-9]*"):
                self.peak = max(self.peak, anonymous_bytes(folder))

    def stop(self) -> int:
        """Stop looking; the peak in bytes."""
        self.over.set()
        self.join()
        return self.peak


def anonymous_bytes(process: Path) -> int:
    """Anonymous resident memory of a process if it is one of Ray's task workers, else 0."""
    try:
        if b"ray::" not in (process / "cmdline").read_bytes():
            return 0
        fields = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return int(fields["RssAnon"].split()[0]) * 1024


if __name__ == "__main__":
    sys.exit(main())
