"""An ablation as a graph of steps: build, exchange answers, look for overlap, answer blindly, train, evaluate. Each has inputs, a body and
a fingerprint.

A step's fingerprint hashes its kind, what it does and its inputs' fingerprints, never a path, so equal steps of other ablations are the
same step, done once, in one folder `KIND-FINGERPRINT` of the store. What learns or answers hashes also the code, the libraries and the kind
of device that do it (`made_with`), and of a model that is started from the content. Nothing here runs a step: `dags.ablation_run` does.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from dags.ablation_config import Ablation, Change, DataEntry, data_of
from dags.ablation_prints import checkpoint_print, made_with
from model.train_config import TrainConfig, parse_config
from pipelines.plan import plan
from schemas.canonical import canonical_json
from schemas.errors import UserError
from schemas.manifest import MANIFEST_NAME
from schemas.recipe import load_recipe
from schemas.sample import sha256_hex
from schemas.shard import file_sha256, read_manifest

Kind = Literal["data", "build", "noise", "overlap", "blind", "train", "evaluate"]
VERSION = 1
"""Of what steps do; part of every fingerprint."""
NOT_LEARNT = ("workers",)
"""Keys of a training config's `data` that change no number."""
NOISE_SEED = 0
SAME_DATA_SEED = 1_000_003
"""Added to a seed for the A/A control, whose order of data and first weights are thus others (chosen: prime, above any seed in use)."""


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        kind: What is done.
        name: For people.
        body: All that it depends on besides its inputs.
        inputs: The steps it reads, in an order that its body knows.
        fingerprint: SHA-256 over all of these but the name.
        unhashed: What it is run with and no number depends on, such as the path of a data set that is there already.
    """

    kind: Kind
    name: str
    body: dict[str, Any]
    inputs: tuple["Step", ...]
    fingerprint: str
    unhashed: dict[str, Any]

    def folder(self, store: Path) -> Path:
        """Where its output is: in the store, or, of a data set that was there already, its own folder."""
        return Path(self.unhashed["path"]) if self.kind == "data" else store / f"{self.kind}-{self.fingerprint[:16]}"


@dataclass(frozen=True)
class Arm:
    """One arm: the base or a change, with its steps by seed. `same_as` names an earlier arm that is equal after resolution."""

    name: str
    change: Change | None
    trained: dict[int, tuple[Step, ...]]
    evaluated: dict[int, Step]
    same_as: str | None = None


@dataclass(frozen=True)
class Graph:
    """Every step of an ablation in an order in which inputs come first, the arms, the checks of overlap, and the blind baselines."""

    ablation: Ablation
    arms: tuple[Arm, ...]
    overlaps: tuple[Step, ...]
    blind: Step
    steps: tuple[Step, ...]


def make_step(kind: Kind, name: str, body: dict[str, Any], inputs: Sequence[Step] = (), unhashed: dict[str, Any] | None = None) -> Step:
    """A step with its fingerprint."""
    document = {"version": VERSION, "kind": kind, "body": body, "inputs": [one.fingerprint for one in inputs]}
    return Step(kind, name, body, tuple(inputs), sha256_hex(canonical_json(document).encode()), unhashed or {})


def resolve(ablation: Ablation, where: str, device: str | None = None) -> Graph:
    """All steps of an ablation.

    Args:
        ablation: The config.
        where: Its place, for errors.
        device: Kind of device that trains and evaluates; None for the one that torch would take here.

    Raises:
        UserError: A recipe, data set or training config is wrong.
    """
    known: dict[str, Step] = {}
    maker = made_with(device)

    def data(name: str, entry: DataEntry) -> Step:
        key = canonical_json([entry.path, entry.recipe, list(entry.set)])
        if key not in known:
            known[key] = data_step(name, entry, f"{where}: data.{name}")
        return known[key]

    asked = {name: data(f"{name} (asked)", entry) for name, entry in ablation.evaluation.items()}
    arms: list[Arm] = []
    for name, change in ablation.arms.items():
        sets = {one: data(one, entry) for one, entry in data_of(ablation, change).items()}
        arm = _arm(ablation, name, change, sets, asked, maker, where)
        twin = next((other.name for other in arms if _prints(other) == _prints(arm)), None)
        arms.append(Arm(arm.name, change, arm.trained, arm.evaluated, twin))
    trained_on = {step.fingerprint: step for arm in arms for chain in arm.trained.values() for step in _sets_of(chain)}
    overlaps = tuple(
        make_step("overlap", f"{one.name}, in training?", {}, [one, *sorted(trained_on.values(), key=lambda step: step.fingerprint)])
        for one in {step.fingerprint: step for step in asked.values()}.values()
    )
    last = [step for arm in arms for step in arm.evaluated.values()]
    learnt_from = _sets_of(next(iter(arms[0].trained.values()))[:1])
    body = {"trained": len(learnt_from), "sets": _asked_sets(ablation), "metrics": list(ablation.comparison.metrics)}
    blind = make_step("blind", "baselines that see no picture", body, [*learnt_from, *asked.values()])
    return Graph(ablation, tuple(arms), overlaps, blind, tuple(in_order([*overlaps, blind, *last])))


def _asked_sets(ablation: Ablation) -> list[dict[str, Any]]:
    return [{"name": name, "limit": entry.limit} for name, entry in ablation.evaluation.items()]


def _prints(arm: Arm) -> list[str]:
    return [step.fingerprint for step in arm.evaluated.values()]


def _sets_of(chain: Sequence[Step]) -> list[Step]:
    """The data sets, before noise, that a chain of stages is trained on."""
    return [one.inputs[0] if one.kind == "noise" else one for step in chain for one in step.inputs if one.kind != "train"]


def in_order(wanted: Iterable[Step]) -> list[Step]:
    """These steps and all they need, inputs first, each once."""
    found: dict[str, Step] = {}

    def visit(step: Step) -> None:
        if step.fingerprint not in found:
            for one in step.inputs:
                visit(one)
            found[step.fingerprint] = step

    for step in wanted:
        visit(step)
    return list(found.values())


def data_step(name: str, entry: DataEntry, where: str) -> Step:
    """The step that brings a data set into being, or finds it."""
    if entry.path is not None:
        manifest = read_manifest(Path(entry.path))
        body = {"fingerprint": manifest.fingerprint, "manifest": file_sha256(Path(entry.path) / MANIFEST_NAME)}
        return make_step("data", name, body, unhashed={"path": entry.path, "samples": manifest.totals.rows})
    planned = plan(load_recipe(str(entry.recipe), entry.set), str(entry.recipe))
    if not planned.num_samples:
        raise UserError(f"the recipe {entry.recipe!r} makes no sample", where=where, todo="give its sources a count above 0")
    unhashed = {"recipe": entry.recipe, "set": list(entry.set), "samples": planned.num_samples}
    return make_step("build", name, {"fingerprint": planned.fingerprint}, unhashed=unhashed)


def _arm(
    ablation: Ablation,
    name: str,
    change: Change | None,
    sets: Mapping[str, Step],
    asked: Mapping[str, Step],
    maker: Mapping[str, Any],
    where: str,
) -> Arm:
    entries = data_of(ablation, change)
    if change is not None and change.label_noise is not None:
        noise = {"share": change.label_noise, "seed": NOISE_SEED}
        sets = {one: make_step("noise", f"{one}, {change.label_noise:.0%} noise", noise, [step]) for one, step in sets.items()}
    trained: dict[int, tuple[Step, ...]] = {}
    evaluated: dict[int, Step] = {}
    for seed in ablation.seeds:
        own_seed = seed + SAME_DATA_SEED if change is not None and change.same_data else seed
        chain: list[Step] = []
        for number, stage in enumerate(ablation.stages):
            overrides = (*stage, *(change.train if change else ()))
            config = train_config(ablation.train, overrides, own_seed, f"{where}: train")
            mixture = [{"name": one, "weight": entry.weight, "thresholds": entry.thresholds} for one, entry in entries.items()]
            body: dict[str, Any] = {"config": learnt(config), "mixture": mixture, "seed": own_seed, "made_with": dict(maker)}
            label = f"{name}, seed {seed}" + (f", stage {number + 1}" if len(ablation.stages) > 1 else "")
            unhashed = {"document": document_of(ablation.train, own_seed), "overrides": list(overrides)}
            chain.append(make_step("train", label, body, [*sets.values(), *chain[-1:]], unhashed))
        trained[seed] = tuple(chain)
        body = {
            "sets": _asked_sets(ablation),
            "metrics": list(ablation.comparison.metrics),
            "max_new_tokens": ablation.comparison.max_new_tokens,
            "made_with": dict(maker),
        }
        evaluated[seed] = make_step("evaluate", f"{name}, seed {seed}", body, [chain[-1], *asked.values()])
    return Arm(name, change, trained, evaluated)


def document_of(train: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The training config's document with what the ablation decides; its mixture is written when the step runs."""
    data = {key: value for key, value in (train.get("data") or {}).items() if key != "mixture"}
    return {**train, "data": {**data, "mixture": "mixture.json"}, "seed": seed}


def train_config(train: Mapping[str, Any], overrides: Sequence[str], seed: int, where: str) -> TrainConfig:
    """The checked training config of one run."""
    return parse_config(json.dumps(document_of(train, seed)), where, overrides)


def learnt(config: TrainConfig) -> dict[str, Any]:
    """What a run's numbers depend on: its config less what `model.run` lets change and where things lie; of a checkpoint its content."""
    from model.run import FREE_TO_CHANGE  # torch takes seconds

    found: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    found = {key: value for key, value in found.items() if key not in FREE_TO_CHANGE}
    found["data"] = {key: value for key, value in found["data"].items() if key not in ("mixture", *NOT_LEARNT)}
    if config.model.folder is not None:
        found["model"]["folder"] = checkpoint_print(Path(config.model.folder))
    return found
