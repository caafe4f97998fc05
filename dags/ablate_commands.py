"""`assay ablate`, from parsed arguments to an exit code. torch is imported only when it runs."""

import argparse
from argparse import Namespace
from pathlib import Path

from dags.ablation_config import load_ablation
from dags.session import MachineError, cpu_count
from dags.terminal import human_seconds, positive, print_json, print_table, say
from dags.train_commands import need_torch


def add_ablate(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assay ablate`."""
    parser.add_argument("config", help="YAML of an ablation, such as dags/ablations/tiny.yaml")
    parser.add_argument("--out", default="runs/ablations", metavar="DIR", help="folder of steps and reports (default runs/ablations)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", dest="overrides", help="override a value of the config; may be repeated"
    )
    parser.add_argument("--workers", type=positive, default=cpu_count(), metavar="N", help="processes that build and that read ahead")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: a GPU if there is one")
    parser.add_argument("--address", metavar="A", help="a Ray cluster, on whose GPUs runs go side by side; without it one after another")
    parser.add_argument("--dry-run", action="store_true", help="print steps, tokens, time, cost and the smallest effect, and do nothing")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def ablate(options: Namespace) -> int:
    """`assay ablate`."""
    ablation = load_ablation(options.config, options.overrides)
    need_torch()
    from dags.ablation import STEPS, foretell, run_ablation
    from dags.ablation_report import to_markdown
    from dags.ablation_run import Machine
    from dags.ablation_steps import resolve

    out = Path(options.out)
    graph = resolve(ablation, options.config, _device(options))
    machine = Machine((out / STEPS).resolve(), options.workers, options.device, options.address)
    if options.dry_run:
        _print_plan(foretell(graph, out, machine.store), options.json)
        return 0
    machine.store.mkdir(parents=True, exist_ok=True)
    result = run_ablation(graph, out, machine, say)
    if options.json:
        print_json(result)
    else:
        print(to_markdown(result))
    say(f"the report is {out / ablation.name / 'report.html'}")
    if result["failed"]:
        lost = [one for one in result["failed"] if one["outcome"] == "failed"]
        raise MachineError(f"{len(lost)} steps failed; what did not need them is in the report. The same command tries them again")
    return 0 if all(one["passed"] is not False for one in result["controls"] if one["control"] == "same data") else 1


def _device(options: Namespace) -> str | None:
    """The kind of device that steps are fingerprinted with: as asked for, else what a cluster has, else what is here (None)."""
    from dags.ablation_prints import CLUSTER

    return options.device or (CLUSTER if options.address else None)


def _print_plan(plan: dict[str, object], as_json: bool) -> None:
    if as_json:
        print_json(plan)
        return
    rows = plan["steps"]
    assert isinstance(rows, list)  # noqa: S101 - for mypy
    shown: list[list[object]] = [
        [one["kind"], one["step"], "done" if one["done"] else "to do", one["tokens"] or "", _time(one["seconds"], one["done"])]
        for one in rows
    ]
    print_table("Steps", ["kind", "step", "", "tokens", "time"], shown)
    todo = sum(not one["done"] for one in rows)
    unknown = plan["kinds_of_unknown_time"]
    more = f" and that of {', '.join(map(str, unknown))}, of which none was done here yet" if isinstance(unknown, list) and unknown else ""
    seconds, money = plan["seconds"], plan["money"]
    print(f"{todo} of {len(rows)} steps to do, {plan['tokens']:,} tokens, {plan['flops']:.3g} FLOPs")
    print(f"about {human_seconds(float(str(seconds)))}{more}" + (f", which costs {money:.2f}" if isinstance(money, float) else ""))
    smallest = plan["detectable"]
    if isinstance(smallest, dict) and smallest:
        print(
            "smallest effect found four times in five: "
            + ", ".join(f"{k} {'none' if v is None else f'{v:.4f}'}" for k, v in smallest.items())
        )
    else:
        print("smallest effect: not known before an ablation over these evaluation sets was done here; one with `same_data` is enough")


def _time(seconds: object, done: bool) -> str:
    return "" if done else "not known" if seconds is None else human_seconds(float(str(seconds)))
