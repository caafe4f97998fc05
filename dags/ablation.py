"""An ablation from config to report, with Ray or without: resolve, bring data into being, look for overlap, train, evaluate, compare."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dags.ablation_compare import ALL, compare, control_of
from dags.ablation_report import loss_curves, to_csv, to_html, to_markdown
from dags.ablation_run import Done, Machine, Say, reusable, run_steps
from dags.ablation_steps import Graph, Step
from pipelines.commit import TEMPORARY, write_atomically
from schemas.errors import UserError
from schemas.seeds import stream

STEPS = "steps"
RESULT = "result.json"


def run_ablation(graph: Graph, out: Path, machine: Machine, say: Say) -> dict[str, Any]:
    """Do all steps that are left and write the report into `out`/NAME.

    Args:
        graph: From `dags.ablation_steps.resolve`.
        out: Folder of all ablations that share steps; `machine.store` lies in it.
        machine: Where steps run.
        say: Told what people should see.

    Returns:
        What `dags.ablation_compare.compare` found, with `wall_seconds`.

    Raises:
        UserError: An evaluation set overlaps training.
        StorageError: The disk gave up; the same call goes on.
    """
    began = time.perf_counter()
    for arm in graph.arms:
        if arm.same_as is not None:
            say(f"{arm.name!r} is equal to {arm.same_as!r} after resolution: it runs once")
    first = [step for step in graph.steps if step.kind in ("data", "build", "overlap", "blind")]
    done = run_steps(first, machine, say)
    check_overlap(graph, done)
    rest = [step for step in graph.steps if step.fingerprint not in done]
    if machine.address is not None:
        from dags.ablation_ray import run_side_by_side

        done |= run_side_by_side(rest, done, machine, say)
    else:
        done |= run_steps(rest, machine, say, done)
    result = compare(graph, done, machine.store)
    result["wall_seconds"] = time.perf_counter() - began
    write_report(graph, result, done, out / graph.ablation.name, machine.store)
    return result


def check_overlap(graph: Graph, done: Mapping[str, Done]) -> None:
    """UserError if something that is asked about was trained on, in any arm."""
    for step in graph.overlaps:
        measured = done[step.fingerprint].measured
        if measured.get("overlapping"):
            raise UserError(
                f"{measured['overlapping']} samples of the evaluation set {step.inputs[0].name!r} occur in training: "
                + "; ".join(measured["examples"]),
                where=f"evaluation.{step.inputs[0].name}",
                todo="build it with another seed, or from other files",
            )


def write_report(graph: Graph, result: Mapping[str, Any], done: Mapping[str, Done], folder: Path, store: Path) -> None:
    """report.html, report.md, results.csv and result.json in `folder`."""
    (folder / TEMPORARY).mkdir(parents=True, exist_ok=True)
    lines = {
        arm.name: [
            [step.folder(store) for step in chain] for chain in arm.trained.values() if all(done[step.fingerprint].usable for step in chain)
        ]
        for arm in graph.arms
        if arm.same_as is None
    }
    write_atomically(folder, "report.html", to_html(result, loss_curves(lines)))
    write_atomically(folder, "report.md", to_markdown(result))
    write_atomically(folder, "results.csv", to_csv(result))
    write_atomically(folder, RESULT, json.dumps(result, indent=1, ensure_ascii=False) + "\n")


def foretell(graph: Graph, out: Path, store: Path) -> dict[str, Any]:
    """What a run would do: steps with whether they are done, tokens, time, cost, and the smallest effect that the design can detect.

    Time is that of equal work in the store: training by FLOPs, other steps by the mean of their kind; None where none was done yet. The
    noise is that of the newest report in `out` over the same evaluation sets.
    """
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(store.glob("*/step.json"))]
    rows, seconds, tokens, flops = [], 0.0, 0, 0.0
    unknown: set[str] = set()
    for step in graph.steps:
        there = step.kind == "data" or reusable(step, store) is not None
        own_tokens, own_flops = _work(step) if step.kind == "train" else (0, 0.0)
        expected = 0.0 if there else _seconds(step, own_flops, records)
        if expected is None:
            unknown.add(step.kind)
        elif not there:
            seconds, tokens, flops = seconds + expected, tokens + own_tokens, flops + own_flops
        if expected is None and not there:
            tokens, flops = tokens + own_tokens, flops + own_flops
        rows.append({"kind": step.kind, "step": step.name, "done": there, "tokens": own_tokens, "seconds": expected})
    price = graph.ablation.price_per_hour
    return {
        "steps": rows,
        "tokens": tokens,
        "flops": flops,
        "seconds": seconds,
        "kinds_of_unknown_time": sorted(unknown),
        "money": None if price is None else price * seconds / 3600,
        "detectable": detectable(graph, out),
    }


def _work(step: Step) -> tuple[int, float]:
    """Slots and FLOPs of a training step."""
    from dags.ablation_steps import train_config
    from model.config import training_flops
    from model.run import model_sizes

    config = train_config(step.unhashed["document"], step.unhashed["overrides"], step.body["seed"], step.name)
    rows = config.steps * config.rows_per_step
    return rows * config.length, float(rows * training_flops(model_sizes(config.model), [config.length]))


def _seconds(step: Step, flops: float, records: Sequence[Mapping[str, Any]]) -> float | None:
    """Expected seconds of a step, from those of its kind that were done."""
    alike = [one for one in records if one["kind"] == step.kind and one["seconds"] > 0]
    if not alike:
        return None
    if step.kind == "train":
        return float(flops * sum(one["seconds"] for one in alike) / sum(one["measured"]["flops"] for one in alike))
    if step.kind == "build":
        return float(step.unhashed["samples"] * sum(o["seconds"] for o in alike) / sum(o["measured"]["samples"] for o in alike))
    return float(sum(one["seconds"] for one in alike) / len(alike))


def detectable(graph: Graph, out: Path) -> dict[str, float | None]:
    """Evaluation set to the smallest effect that is found four times in five; empty without an earlier report over these sets."""
    from model.ablation_stats import degrees, detectable_before

    ablation = graph.ablation
    factors = len(ablation.factors)
    arms = [arm for arm in graph.arms[1:] if arm.same_as is None and control_of(arm) != "same data"]
    questions = factors * (factors + 1) // 2 or len(arms)
    groups = [*ablation.evaluation, *([ALL] if len(ablation.evaluation) > 1 else [])]
    for path in sorted(out.glob(f"*/{RESULT}"), key=lambda path: path.stat().st_mtime, reverse=True):
        pilot = json.loads(path.read_text(encoding="utf-8"))
        if pilot["metric"] == ablation.comparison.metrics[0] and set(groups) <= set(pilot["noise"]):
            known = degrees(len(ablation.seeds), questions)
            return {
                group: _finite(
                    detectable_before(
                        pilot["noise"][group]["spread"],
                        known,
                        pilot["noise"][group]["item_error"],
                        seeds=len(ablation.seeds),
                        level=ablation.comparison.level,
                        comparisons=max(questions * len(groups), 1),
                        rng=stream(0, f"ablation/detectable/{group}"),
                    )
                )
                for group in groups
            }
    return {}


def _finite(value: float) -> float | None:
    return None if value == float("inf") else value
