"""From finished evaluations to findings: pairs arms with the base, asks `model.ablation_stats`, judges the controls, adds up the cost."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from dags.ablation_config import Ablation
from dags.ablation_run import Done
from dags.ablation_steps import Arm, Graph
from model.ablation_scores import Item, read_items
from model.ablation_stats import Array, Pairs, degrees, effects_of, item_error
from schemas.seeds import stream

LESS_IS_BETTER = ("loss", "cer")
ALL = "all"
Scores = Mapping[int, Sequence[Item]]
"""Seed to the items of an arm."""
Side = tuple[float, Scores]
"""An arm and by what its scores are multiplied."""


def compare(graph: Graph, done: Mapping[str, Done], store: Path) -> dict[str, Any]:
    """All that the report says, as JSON: `comparisons`, `controls`, `tasks`, `scores`, `blind`, `noise`, `cost`, `runs`, `failed`,
    `overlaps`.
    """
    ablation = graph.ablation
    metric = ablation.comparison.metrics[0]
    items = {arm.name: _items_of(arm, done, store) for arm in graph.arms}
    live = [arm for arm in graph.arms[1:] if arm.same_as is None]
    level, smallest = ablation.comparison.level, ablation.comparison.smallest
    sides: dict[str, list[Side]] = {name: [(-1.0, items["base"]), (1.0, items[name])] for name in (arm.name for arm in live)}
    same_names = [arm.name for arm in live if control_of(arm) == "same data"]
    asked = factor_sides(ablation, items) if ablation.factors else {name: side for name, side in sides.items() if name not in same_names}
    questions = [one for name, side in asked.items() for one in pairs_of(name, side, metric)]
    same = [one for name in same_names for one in pairs_of(name, sides[name], metric)]
    comparisons = _judged(questions, metric, level, smallest, "comparisons")
    same_data = _judged(same, metric, level, smallest, "same data")
    judged = {**{name: sides[name] for name in same_names}, **asked}
    tasks = [one for name, side in judged.items() for one in pairs_of(name, side, metric, by_task=True)]
    others: list[dict[str, Any]] = []
    for other in ablation.comparison.metrics[1:]:
        more = [one for name, side in judged.items() for one in pairs_of(name, side, other)]
        others += _judged(more, other, level, smallest, f"other/{other}")
    return {
        "name": ablation.name,
        "metric": metric,
        "metrics": list(ablation.comparison.metrics),
        "level": level,
        "smallest": smallest,
        "seeds": list(ablation.seeds),
        "factors": list(ablation.factors),
        "comparisons": comparisons,
        "same_data": same_data,
        "tasks": _judged(tasks, metric, level, smallest, "tasks"),
        "other_metrics": others,
        "controls": controls(graph, comparisons, same_data),
        "scores": {name: _averages(found) for name, found in items.items()},
        "blind": done[graph.blind.fingerprint].measured.get("averages", {}),
        "noise": _noise([*same, *questions]),
        "equal_arms": {arm.name: arm.same_as for arm in graph.arms if arm.same_as is not None},
        "cost": cost(graph, done, len(comparisons)),
        "runs": runs(graph, done, store),
        "overlaps": [{"set": step.name, **done[step.fingerprint].measured} for step in graph.overlaps],
        "failed": [
            {"kind": step.kind, "step": step.name, "outcome": done[step.fingerprint].outcome, "error": done[step.fingerprint].error}
            for step in graph.steps
            if not done[step.fingerprint].usable
        ],
    }


def control_of(arm: Arm) -> str | None:
    """Which control an arm is, if it is one."""
    return arm.change.control if arm.change is not None else None


def _items_of(arm: Arm, done: Mapping[str, Done], store: Path) -> dict[int, list[Item]]:
    """Seed to items, of the seeds whose evaluation is there."""
    return {seed: read_items(step.folder(store) / "items.jsonl") for seed, step in arm.evaluated.items() if done[step.fingerprint].usable}


def factor_sides(ablation: Ablation, items: Mapping[str, Scores]) -> dict[str, list[Side]]:
    """Main effects, by factor, and how each two interact, by `A x B`, as sums over the arms of all cells.

    A main effect is the mean of what the factor changes, over all settings of the others; an interaction is half of how much one factor's
    effect differs with the other (Montgomery, Design and Analysis of Experiments, chapter 6). All have the same variance.
    """
    cells = ablation.cells
    share = 2 / len(cells)
    terms = [*((name,) for name in ablation.factors), *combinations(ablation.factors, 2)]
    return {
        " x ".join(term): [
            (share * float(np.prod([1 if name in cell else -1 for name in term])), items[" + ".join(cell) or "base"]) for cell in cells
        ]
        for term in terms
    }


def pairs_of(change: str, sides: Sequence[Side], metric: str, *, by_task: bool = False) -> list[Pairs]:
    """Weighted sums of arms - of an arm less the base, say - by evaluation set and, each set counting alike, over all; or by `set/task`.

    Only seeds that all of the arms have count, and only items that all of these runs have.
    """
    seeds = sorted(set.intersection(*(set(side) for _, side in sides)))
    if not seeds:
        return []
    keyed = [(factor, {seed: _keyed(side[seed], metric) for seed in seeds}) for factor, side in sides]
    common = set.intersection(*(set(found) for _, side in keyed for found in side.values()))
    sign = -1.0 if metric in LESS_IS_BETTER else 1.0
    first = keyed[0][1][seeds[0]]
    groups: dict[str, dict[str, list[tuple[str, str, int]]]] = defaultdict(lambda: defaultdict(list))
    for key in sorted(common):
        groups[f"{key[0]}/{first[key].task}" if by_task else key[0]][key[1]].append(key)
    found = []
    for group, samples in groups.items():
        sums = np.zeros((len(seeds), len(samples)))
        weights = np.zeros(len(samples))
        for column, keys in enumerate(samples.values()):
            weights[column] = sum(first[key].weight for key in keys)
            for row, seed in enumerate(seeds):
                sums[row, column] = sign * sum(factor * side[seed][key].value for factor, side in keyed for key in keys)
        if weights.sum() > 0:
            found.append(Pairs(change, group, sums, weights))
    return found if by_task or len(found) < 2 else [*found, _all_of(change, found)]


def _keyed(items: Iterable[Item], metric: str) -> dict[tuple[str, str, int], Item]:
    return {(one.set, one.sample, one.turn): one for one in items if one.metric == metric}


def _all_of(change: str, sets: Sequence[Pairs]) -> Pairs:
    """All sets together, each with the same weight whatever its size."""
    sums: Array = np.concatenate([one.sums / one.weights.sum() for one in sets], axis=1)
    weights: Array = np.concatenate([one.weights / one.weights.sum() for one in sets])
    return Pairs(change, ALL, sums, weights)


def _judged(pairs: Sequence[Pairs], metric: str, level: float, smallest: float, name: str) -> list[dict[str, Any]]:
    effects = effects_of(pairs, stream(0, f"ablation/{name}"), level=level, smallest=smallest) if pairs else []
    return [
        {"change": one.change, "group": one.group, "metric": metric, **{key: _json(value) for key, value in asdict(effect).items()}}
        for one, effect in zip(pairs, effects, strict=True)
    ]


def _json(value: Any) -> Any:
    """Infinity, which JSON lacks, as null."""
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _averages(found: Mapping[int, Sequence[Item]]) -> dict[str, dict[str, float]]:
    """Metric to evaluation set to the mean over seeds."""
    sums: dict[tuple[str, str], list[list[float]]] = defaultdict(list)
    for items in found.values():
        totals: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
        for one in items:
            totals[one.metric, one.set][0] += one.value
            totals[one.metric, one.set][1] += one.weight
        for key, total in totals.items():
            sums[key].append(total)
    result: dict[str, dict[str, float]] = defaultdict(dict)
    for (metric, name), seeds in sorted(sums.items()):
        result[metric][name] = float(np.mean([value / weight for value, weight in seeds if weight]))
    return dict(result)


def _noise(pairs: Sequence[Pairs]) -> dict[str, dict[str, float]]:
    """Group to what a later design is judged by: spread over seeds, standard error of items; the median over arms."""
    groups: dict[str, list[Pairs]] = defaultdict(list)
    for one in pairs:
        if len(one.by_seed) > 1:
            groups[one.group].append(one)
    rng = stream(0, "ablation/noise")
    return {
        group: {
            "spread": float(np.median([one.by_seed.std(ddof=1) for one in members])),
            "item_error": float(np.median([item_error(one, rng) for one in members])),
            "degrees": degrees(max(len(one.by_seed) for one in members), len(members)),
        }
        for group, members in groups.items()
    }


def controls(graph: Graph, comparisons: Sequence[Mapping[str, Any]], same_data: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the three controls say, each with `passed` (None: not to be told) and the numbers it follows from."""
    found: list[dict[str, Any]] = []
    if told := [one for one in same_data if one["low"] is not None]:
        inside = [one for one in told if one["low"] <= 0 <= one["high"]]
        # Groups overlap, so a binomial bound is too strict; a corrected finding, in any, is what must not be.
        passed = all(one["word"] not in ("helps", "hurts") for one in told)
        found.append({"control": "same data", "passed": passed, "says": f"{len(inside)} of {len(told)} intervals hold 0, and "
                      f"{'no' if passed else 'a'} corrected finding"})  # fmt: skip
    by = {(one["change"], one["group"]): one for one in comparisons}
    for arm in graph.arms:
        if control_of(arm) == "positive" and arm.change is not None:
            for name in arm.change.without:
                if (effect := by.get((arm.name, name))) is not None:
                    verdict = {"hurts": True, "cannot tell": None}.get(effect["word"], False)
                    says = f"{arm.name}: on {name} {effect['mean']:+.4f}, {effect['word']}"
                    found.append({"control": "positive", "passed": verdict, "says": says})
    noise = sorted((arm.change.label_noise, arm.name) for arm in graph.arms if arm.change is not None and arm.change.label_noise)
    group = ALL if len(graph.ablation.evaluation) > 1 else next(iter(graph.ablation.evaluation))
    ladder = [(share, by[name, group]["mean"]) for share, name in noise if (name, group) in by]
    if len(ladder) > 1:
        falling = all(later < earlier for earlier, later in zip([0.0, *(mean for _, mean in ladder)], [m for _, m in ladder], strict=False))
        says = "answers exchanged: " + ", ".join(f"{share:.0%} {mean:+.4f}" for share, mean in ladder)
        found.append({"control": "sensitivity", "passed": falling, "says": says})
    return found


def cost(graph: Graph, done: Mapping[str, Done], questions: int) -> dict[str, Any]:
    """Seconds by kind of step, spent now and reused, tokens and FLOPs of training, and all of it by decided question."""
    seconds: dict[str, dict[str, float]] = {"done": defaultdict(float), "reused": defaultdict(float)}
    tokens = flops = 0.0
    for step in graph.steps:
        one = done[step.fingerprint]
        if one.usable:
            seconds[one.outcome][step.kind] += one.seconds
            tokens += one.measured.get("tokens", 0) if step.kind == "train" else 0
            flops += one.measured.get("flops", 0) if step.kind == "train" else 0
    device = sum(part.get(kind, 0.0) for part in seconds.values() for kind in ("train", "evaluate"))
    price = graph.ablation.price_per_hour
    return {
        "seconds": {outcome: dict(part) for outcome, part in seconds.items()},
        "device_seconds": device,
        "tokens": tokens,
        "flops": flops,
        "money": None if price is None else device / 3600 * price,
        "by_question": {"device_seconds": device / questions, "tokens": tokens / questions, "flops": flops / questions}
        if questions
        else {},
    }


def runs(graph: Graph, done: Mapping[str, Done], store: Path) -> list[dict[str, Any]]:
    """The record of each run: data -> model -> evaluation, by fingerprint and folder."""
    found = []
    for arm in graph.arms:
        for seed, evaluated in arm.evaluated.items():
            chain = arm.trained[seed]
            found.append(
                {
                    "arm": arm.name,
                    "seed": seed,
                    "data": {one.name: str(one.folder(store)) for one in chain[0].inputs},
                    "models": [str(step.folder(store)) for step in chain],
                    "evaluation": str(evaluated.folder(store)),
                    "outcome": done[evaluated.fingerprint].outcome,
                    "last_losses": [done[step.fingerprint].measured.get("last_loss") for step in chain],
                }
            )
    return found
