"""A published ablation, step by step within a limit of time: leave one family out, A/A, a ladder of label noise; resumable, without Ray.

`bench/ablations/proxy.yaml` is the config. A call does as many steps as fit into `--seconds` and stops between steps; the last call writes
the report and says what the wall time of all calls went into. Everything runs in the one process of a call: imports, the server that
forks the makers of rows, and the GPU's context are paid once. Build first, on the machine's cores, then train:

    PYTHONPATH=. python bench/ablation_run.py bench/ablations/proxy.yaml --out OUT --only build --workers 16 --seconds 500
    PYTHONPATH=. python bench/ablation_run.py bench/ablations/proxy.yaml --out OUT --workers 12 --seconds 500      # again until it is done

`OUT/NAME/` gets report.html, report.md, results.csv and result.json, as `assay ablate` writes them; `OUT/steps` is what to carry between
machines (its builds, at least). Two configs that differ in `model.preset` give the ranks that `--transfer SMALL LARGE` compares, each a
result.json. `OUT/NAME-spent.jsonl` has the seconds of each call by kind of step.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from dags.ablation import STEPS, check_overlap, run_ablation
from dags.ablation_config import load_ablation
from dags.ablation_run import Done, Machine, after, reusable
from dags.ablation_steps import Graph, resolve
from model.ablation_stats import decision_accuracy
from schemas.seeds import stream

BUILDS = ("data", "build", "noise", "overlap", "blind")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("config", nargs="?")
    options.add_argument("--out", type=Path)
    options.add_argument("--seconds", type=float, default=500.0, help="no step is begun later than this")
    options.add_argument("--only", choices=("build",), help="bring data into being and stop")
    options.add_argument("--workers", type=int, default=12)
    options.add_argument("--device")
    options.add_argument("--set", action="append", default=[], dest="overrides")
    options.add_argument("--transfer", nargs=2, type=Path, metavar=("SMALL", "LARGE"))
    chosen = options.parse_args()
    if chosen.transfer:
        return transfer(*chosen.transfer)
    began, spent = time.perf_counter(), {"imports": time.process_time()}
    graph = resolve(load_ablation(chosen.config, chosen.overrides), chosen.config, chosen.device)
    spent["resolve"] = time.perf_counter() - began
    machine = Machine((chosen.out / STEPS).resolve(), chosen.workers, chosen.device)
    machine.store.mkdir(parents=True, exist_ok=True)
    left = within(graph, machine, began + chosen.seconds, spent, only_builds=chosen.only == "build")
    print(f"{time.perf_counter() - began:.1f} s, {left} of {len(graph.steps)} steps left")
    failed = False
    if not left and not chosen.only:
        compared = time.perf_counter()
        failed = bool(run_ablation(graph, chosen.out, machine, say)["failed"])
        spent["compare"] = time.perf_counter() - compared
        print((chosen.out / graph.ablation.name / "report.md").read_text(encoding="utf-8"))
    spent["wall"] = spent["imports"] + time.perf_counter() - began
    print_spent(chosen.out / f"{graph.ablation.name}-spent.jsonl", spent)
    return 1 if failed else 0


def print_spent(path: Path, spent: Mapping[str, float]) -> None:
    """Add a call's seconds to those of earlier calls, and print all of them by kind and what lies outside training and evaluation."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(spent) + "\n")
    total: Counter[str] = Counter()
    calls = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for call in calls:
        total.update(call)
    wall = total.pop("wall")
    learning = total.pop("optimiser steps", 0.0)
    print(f"{len(calls)} calls, {wall:.1f} s of wall time:")
    for kind, seconds in total.most_common():
        print(f"  {kind:10} {seconds:8.1f} s  {seconds / wall:6.1%}" + (f", of which {learning:.1f} s in steps" if kind == "train" else ""))
    print(f"  {'between':10} {wall - total.total():8.1f} s  {(wall - total.total()) / wall:6.1%}")
    built = sum(total[kind] for kind in BUILDS)
    outside = wall - built - total["train"] - total["evaluate"]
    print(
        f"outside building, training and evaluation {outside:.1f} s, {outside / max(wall - built, 1e-9):.1%} of the time without building"
    )


def within(graph: Graph, machine: Machine, end: float, spent: dict[str, float], *, only_builds: bool) -> int:
    """Do steps until `end`, a time of `perf_counter`, and add their seconds by kind to `spent`; returns how many are left."""
    done: dict[str, Done] = {}
    for step in graph.steps:
        if only_builds and step.kind not in BUILDS:
            continue
        if time.perf_counter() > end and (step.kind == "data" or reusable(step, machine.store) is None):
            continue
        if step.kind == "train":
            check_overlap(graph, {one.fingerprint: done.get(one.fingerprint, Done("skipped")) for one in graph.overlaps})
        if all(one.fingerprint in done for one in step.inputs):
            began = time.perf_counter()
            outcome = after(step, [done[one.fingerprint] for one in step.inputs], machine, say)
            done[step.fingerprint] = outcome
            if outcome.outcome == "done":
                spent[step.kind] = spent.get(step.kind, 0.0) + outcome.seconds
                if step.kind == "train":
                    spent["optimiser steps"] = spent.get("optimiser steps", 0.0) + outcome.measured["step_seconds"]
                say(f"  {time.perf_counter() - began:.1f} s  {json.dumps(outcome.measured)}")
    return len(graph.steps) - len(done)


def transfer(small: Path, large: Path) -> int:
    """Print how often two sizes rank two arms alike, by evaluation set."""
    results = [json.loads(path.read_text(encoding="utf-8")) for path in (small, large)]
    metric = results[0]["metric"]
    tables = [{arm: found.get(metric, {}) for arm, found in result["scores"].items()} for result in results]
    arms = sorted(set(tables[0]) & set(tables[1]))
    for name in sorted(tables[0]["base"]):
        sides = [[table[arm][name] for arm in arms] for table in tables]
        share, low, high = decision_accuracy(sides[0], sides[1], stream(0, f"transfer/{name}"))
        print(f"{name}: {len(arms)} arms, decision accuracy {share:.3f} [{low:.3f}, {high:.3f}]")
    return 0


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
