"""What the graph gives and costs: N workers beside one in-process loop of `make_sample` over the same samples, start-up apart.

Both sides make and prove the same samples; the graph also puts them into shards on the disk. Filters are left out, as `make_sample` has
none. Both are warm when the clock starts: the loop has made the first samples, and so has the graph, on the Ray session that is then
timed, so that fonts and wordings are loaded.

Processor seconds count this process and all it started: the graph's driver, daemons and workers. Seconds on the wall mean something on a
quiet machine only; processor seconds mean as much on a busy one. The last rows run the loop in N plain processes at once, each with its
share: what this machine gives to anybody.

example: python bench/scaling.py pipelines/recipes/smoke.yaml --samples 128
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dags.corpus import corpus_graph
from dags.processes import cpu_seconds, family_of_this_process
from dags.session import ray_session
from dags.terminal import print_table
from pipelines.commit import prepare_folder
from pipelines.ledger import write_plan_text
from pipelines.plan import Item, Plan, plan
from pipelines.workers import Job, attempt, cached_family
from schemas.canonical import canonical_json
from schemas.recipe import Recipe, load_recipe
from schemas.sample import Sample
from synth.make import make_sample

BAR = 1.7
"""Times the loop's throughput that two workers on two cores shall reach."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds on the wall and of processors."""

    wall_s: float
    cpu_s: float


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("recipe")
    options.add_argument("--samples", type=int, default=128, help="samples timed (default 128)")
    options.add_argument("--warm", type=int, default=16, help="samples made before the clock starts (default 16)")
    options.add_argument("--per-shard", type=int, default=2, help="samples a shard (default 2)")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--set", action="append", default=[], dest="overrides")
    chosen = options.parse_args()
    recipe = load_recipe(chosen.recipe, chosen.overrides)
    planned = plan(sized(recipe, chosen.warm + chosen.samples, chosen.per_shard))
    shards = list(range(planned.num_shards))
    warm, timed = shards[: chosen.warm // chosen.per_shard], shards[chosen.warm // chosen.per_shard :]
    loop = time_loop(planned, warm, timed)
    graph = time_graph(planned, warm, timed, chosen.workers)
    beside = time_beside(planned, warm, timed, chosen.workers)
    made = sum(len(planned.items(shard)) for shard in timed)
    rows: list[list[object]] = [
        [what, processes, made, spent.wall_s, made / spent.wall_s, loop.wall_s / spent.wall_s, spent.cpu_s, spent.cpu_s / loop.cpu_s]
        for what, processes, spent in (
            ("loop of make_sample", 1, loop),
            ("graph: plan to commit", chosen.workers, graph),
            ("loops beside each other", chosen.workers, beside),
        )
    ]
    columns = ["what", "processes", "samples", "seconds", "samples/s", "times the loop", "CPU seconds", "CPU over the loop's"]
    print_table("Throughput, start-up apart", columns, rows)
    return 0 if loop.wall_s / graph.wall_s >= BAR else 1


def sized(recipe: Recipe, samples: int, per_shard: int) -> Recipe:
    """The recipe's first source with `samples` samples, without filters."""
    source = recipe.sources[0].model_copy(update={"count": samples, "tokens": None})
    return recipe.model_copy(update={"sources": (source,), "samples_per_shard": per_shard, "filters": (), "thresholds": {}})


def time_loop(planned: Plan, warm: list[int], timed: list[int]) -> Spent:
    """Every sample of `timed`, one after the other."""
    make_all(planned, warm)
    return spend(lambda: make_all(planned, timed))


def make_all(planned: Plan, shards: list[int]) -> None:
    """`make_sample` for every sample of `shards`; one that fails has cost the graph as much."""
    for item in (item for shard in shards for item in planned.items(shard)):
        attempt(lambda item=item: make(planned, item))  # type: ignore[misc]


def make(planned: Plan, item: Item) -> Sample:
    source = planned.recipe.sources[item.source]
    family = cached_family(source.family, canonical_json(source.params))
    return make_sample(family, source.family, item.index, planned.recipe.seed, source=source.name)


def time_graph(planned: Plan, warm: list[int], timed: list[int], workers: int) -> Spent:
    """The graph over `timed`, on workers that have made `warm`."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as scratch, ray_session(workers) as ray:
        prepare_folder(Path(scratch), write_plan_text(planned))
        job = Job(planned, Path(scratch))

        def run(shards: list[int]) -> None:
            for _ in corpus_graph(ray, job, shards, workers).iter_rows():
                pass

        run(warm)
        return spend(lambda: run(timed))


def time_beside(planned: Plan, warm: list[int], timed: list[int], workers: int) -> Spent:
    """`timed` in plain processes at once, every n-th shard each: they share nothing and wait for nobody. The slowest counts."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers) as pool:
        parts = [(planned, warm[number::workers], timed[number::workers]) for number in range(workers)]
        spent = pool.starmap(time_loop, parts, chunksize=1)
    return Spent(max(part.wall_s for part in spent), sum(part.cpu_s for part in spent))


def spend(work: Callable[[], None]) -> Spent:
    """What `work` takes, in this process and those it started."""
    cpu_s, wall_s = cpu_seconds(family_of_this_process()), time.perf_counter()
    work()
    return Spent(time.perf_counter() - wall_s, cpu_seconds(family_of_this_process()) - cpu_s)


if __name__ == "__main__":
    sys.exit(main())
