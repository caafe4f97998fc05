"""Runs an ablation's steps: one after another in this process, or side by side on the GPUs of a Ray cluster.

A step writes into its folder in the store and, last of all, `step.json`, with the hash of every file that later steps read. A step with a
`step.json` is done and used again; if one of its files no longer has its hash, it and what needs it fail, and everything else goes on. A
kill costs what the unfinished step had not stored: builds go on with their missing shards, training with its last checkpoint.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from dags.ablation_steps import Step, train_config
from pipelines.commit import TEMPORARY, StorageError, write_atomically
from schemas.errors import AssayError, UserError
from schemas.shard import file_sha256, read_manifest

RECORD = "step.json"
Say = Callable[[str], None]
Outcome = Literal["done", "reused", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Done:
    """How a step ended: `seconds` of work, now or when it was done; `error` if it failed or could not start; what it measured."""

    outcome: Outcome
    seconds: float = 0.0
    error: str = ""
    measured: dict[str, Any] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether later steps may read it."""
        return self.outcome in ("done", "reused")


@dataclass(frozen=True, slots=True)
class Machine:
    """Where steps run.

    Attributes:
        store: Folder of steps.
        workers: Processes that build, and that make rows where the config names no number.
        device: `cuda` or `cpu`; None for a GPU if there is one.
        address: A Ray cluster's; None for this process.
    """

    store: Path
    workers: int
    device: str | None = None
    address: str | None = None


def run_steps(steps: Sequence[Step], machine: Machine, say: Say, before: Mapping[str, Done] | None = None) -> dict[str, Done]:
    """Run steps one after another, inputs first; those whose inputs failed are skipped. `before` has the outcomes of earlier ones.

    Returns:
        Fingerprint to outcome, of these and earlier steps.

    Raises:
        StorageError: The disk is full or refuses, which no other step would survive.
    """
    found: dict[str, Done] = dict(before or {})
    for step in steps:
        found[step.fingerprint] = after(step, [found[one.fingerprint] for one in step.inputs], machine, say)
    return found


def after(step: Step, inputs: Sequence[Done], machine: Machine, say: Say) -> Done:
    """One step, given how its inputs ended. Failures that are the step's own are told and returned."""
    if any(not one.usable for one in inputs):
        return Done("skipped", error="a step that it needs failed")
    try:
        if (recorded := reusable(step, machine.store)) is not None:
            return recorded
        say(f"{step.kind}: {step.name}")
        return _run(step, machine, say)
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(f"{step.kind} {step.name}: {error}; the same command goes on") from error
    except (AssayError, RuntimeError) as error:  # torch tells the loss of a GPU by a RuntimeError
        text = f"{type(error).__name__}: {error}"
        say(f"FAILED {step.kind}: {step.name}: {text}")
        return Done("failed", error=text)


def reusable(step: Step, store: Path) -> Done | None:
    """The record of a step that is done; None if it is not.

    Raises:
        UserError: One of its files, or the record itself, was changed since.
    """
    folder = step.folder(store)
    if step.kind == "data":
        if (found := read_manifest(folder).fingerprint) != step.body["fingerprint"]:
            raise UserError(f"the data set became another one ({found[:16]})", where=str(folder), todo="run the command again")
        return Done("reused")
    path = folder / RECORD
    if not path.is_file():
        return None
    record = _read_record(path)
    for name, digest in record["outputs"].items():
        if not (folder / name).is_file() or file_sha256(folder / name) != digest:
            raise UserError(
                f"{name} of the step {step.name!r} is not what the step wrote: it was changed or removed since",
                where=str(folder / name),
                todo=f"delete the folder {folder}, and the same command makes it again",
            )
    return Done("reused", record["seconds"], measured=record["measured"])


def _read_record(path: Path) -> dict[str, Any]:
    """A step's record; UserError if it is none, as after a copy that was cut short."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:  # of JSON, or of UTF-8
        record = None
    kinds = {"outputs": dict, "seconds": float | int, "measured": dict}
    if not isinstance(record, dict) or not all(isinstance(record.get(key), kind) for key, kind in kinds.items()):
        todo = f"delete the folder {path.parent}, and the same command makes it again"
        raise UserError("this is not the record that a step wrote: it was cut short or changed since", where=str(path), todo=todo)
    return record


def _run(step: Step, machine: Machine, say: Say) -> Done:
    began = time.perf_counter()
    folder = step.folder(machine.store)
    (folder / TEMPORARY).mkdir(parents=True, exist_ok=True)
    actions: dict[str, Callable[[Step, Path, Machine, Say], dict[str, Any]]] = {
        "build": _build,
        "noise": _noise,
        "overlap": _overlap,
        "blind": _blind,
        "train": _train,
        "evaluate": _evaluate,
    }
    measured = actions[step.kind](step, folder, machine, say)
    seconds = time.perf_counter() - began
    record = {
        "kind": step.kind,
        "name": step.name,
        "fingerprint": step.fingerprint,
        "body": step.body,
        "inputs": {one.fingerprint: str(one.folder(machine.store)) for one in step.inputs},
        "outputs": {name: file_sha256(folder / name) for name in _outputs(step, folder)},
        "seconds": seconds,
        "measured": measured,
    }
    write_atomically(folder, RECORD, json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    return Done("done", seconds, measured=measured)


def _outputs(step: Step, folder: Path) -> list[str]:
    """Files that later steps read, relative to the step's folder."""
    if step.kind in ("build", "noise"):
        return ["manifest.json", *sorted(record.file for record in read_manifest(folder).shards)]
    if step.kind == "train":
        return ["metrics.jsonl", *sorted(path.relative_to(folder).as_posix() for path in (folder / "model").iterdir())]
    return ["items.jsonl"] if step.kind == "evaluate" else [f"{step.kind}.json"]


def _build(step: Step, folder: Path, machine: Machine, say: Say) -> dict[str, Any]:
    from pipelines.pool import build_in_pool
    from schemas.recipe import load_recipe

    recipe = load_recipe(step.unhashed["recipe"], step.unhashed["set"])
    if machine.address is not None:
        from dags.corpus import build
        from pipelines.plan import plan

        manifest = build(plan(recipe), folder, workers=machine.workers, address=machine.address)
    else:
        manifest = build_in_pool(recipe, folder, machine.workers)
    if not manifest.totals.rows:
        raise UserError("no sample was kept", where=step.unhashed["recipe"], todo=f"see why: assay show {folder} --lost")
    return {"samples": manifest.totals.rows, "tokens": manifest.totals.text_tokens + manifest.totals.vision_tokens}


def _noise(step: Step, folder: Path, machine: Machine, say: Say) -> dict[str, Any]:
    from dags.ablation_noise import exchange_answers

    manifest = exchange_answers(step.inputs[0].folder(machine.store), folder, step.body["share"], step.body["seed"])
    return {"samples": manifest.totals.rows}


def _overlap(step: Step, folder: Path, machine: Machine, say: Say) -> dict[str, Any]:
    from dags.ablation_overlap import find_overlap

    asked, *trained = (one.folder(machine.store) for one in step.inputs)
    found = find_overlap(asked, trained)
    write_atomically(folder, "overlap.json", json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return found


def _blind(step: Step, folder: Path, machine: Machine, say: Say) -> dict[str, Any]:
    from model.ablation_blind import blind_items
    from model.ablation_scores import averages
    from model.evaluate import QuestionSet

    folders = [one.folder(machine.store) for one in step.inputs]
    count = step.body["trained"]
    memory = QuestionSet(folders[:count]).questions
    found: dict[str, dict[str, dict[str, float]]] = {}
    for entry, data in zip(step.body["sets"], folders[count:], strict=True):
        items = blind_items(memory, QuestionSet([data], entry["limit"]), entry["name"], step.body["metrics"])
        for baseline, scored in items.items():
            for (name, metric), value in averages(scored).items():
                found.setdefault(baseline, {}).setdefault(metric, {})[name] = value
    write_atomically(folder, "blind.json", json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return {"averages": found}


def _train(step: Step, folder: Path, machine: Machine, say: Say) -> dict[str, Any]:
    from dataclasses import replace

    from model.config import training_flops
    from model.metrics import read_metrics
    from model.parallel import world
    from model.run import model_sizes, train
    from model.train_config import ModelChoice

    config = train_config(step.unhashed["document"], step.unhashed["overrides"], step.body["seed"], step.name)
    sets = [one for one in step.inputs if one.kind != "train"]
    datasets = [{**entry, "path": str(one.folder(machine.store).resolve())} for entry, one in zip(step.body["mixture"], sets, strict=True)]
    mixture = folder / "mixture.json"
    mixture.write_text(json.dumps({"seed": step.body["seed"], "datasets": datasets}, indent=1), encoding="utf-8")
    workers = config.data.workers if config.data.workers is not None else machine.workers
    config = replace(config, data=replace(config.data, mixture=str(mixture), workers=workers))
    if before := [one for one in step.inputs if one.kind == "train"]:
        config = replace(config, model=ModelChoice(folder=str(before[0].folder(machine.store) / "model")))
    with world(machine.device) as here:
        train(config, folder, here, say)
    lines = read_metrics(folder)
    return {
        "steps": len(lines),
        "tokens": lines[-1]["all_tokens"],
        "step_seconds": sum(line["seconds"] for line in lines),
        "last_loss": lines[-1]["loss"],
        "flops": config.steps * config.rows_per_step * training_flops(model_sizes(config.model), [config.length]),
    }


def _evaluate(step: Step, folder: Path, machine: Machine, say: Say) -> dict[str, Any]:
    from model.ablation_scores import answers, averages, losses, write_items
    from model.stored import load_model, settings_of
    from model.train import NonFiniteError

    run, *sets = (one.folder(machine.store) for one in step.inputs)
    model, settings = load_model(run, machine.device), settings_of(run)
    items = []
    for entry, data in zip(step.body["sets"], sets, strict=True):
        name, limit = entry["name"], entry["limit"]
        items += list(losses(model, data, name, settings, limit=limit))
        if set(step.body["metrics"]) - {"loss"}:
            scored, said = answers(model, data, name, settings, limit=limit, max_new_tokens=step.body["max_new_tokens"])
            items += scored
            (folder / f"answers-{name}.json").write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
    if broken := [one for one in items if not isfinite(one.value)]:
        first = broken[0]
        raise NonFiniteError(f"the {first.metric} of {len(broken)} answers, first of turn {first.turn} of {first.sample} in {first.set}")
    write_items(folder / "items.jsonl", items)
    return {"averages": {f"{name}/{metric}": value for (name, metric), value in averages(items).items()}}
