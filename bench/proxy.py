"""A proxy trained from random weights on a document corpus for some minutes: held-out loss falls, held-out answers beat blind baselines.

The corpus is built beforehand, with other seeds for the held-out part, so that no document is in both (`bench/build_without_ray.py` builds
it where Ray is not installed; `bench/recipes/proxy_*.yaml` are the recipes of the published run):

    assay build RECIPE --out DIR/train --set seed=1 && assay build RECIPE --out DIR/held_out --set seed=2
    PYTHONPATH=. python bench/proxy.py --train DIR/train --held-out DIR/held_out --out OUT --seconds 170        # minutes on an H100

One long packed row a step, since a small model leaves a GPU waiting for the host: a step of the 30M proxy over 4 rows of 8,192 slots takes
353 ms on an H100, of which its 11,700 kernels take 83; the rest is launches, and the loader's threads that hold Python's lock.

With `--seconds` a short run of the same shapes is timed first, and the schedule gets as many steps as fit.
It prints the curve, the table of scores, and for each blind baseline and score the difference with its 95 % interval over documents.
`OUT` gets metrics.jsonl, predictions.jsonl and proxy.json; `assay stats DIR/held_out` prints the baselines inside the held-out data.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from model.blind import BASELINES
from model.bootstrap import Estimate, estimate
from model.evaluate import Evaluation, Question, QuestionSet, Scored, predict, score_all, score_answer, write_predictions
from model.metrics import read_metrics
from model.parallel import World, world
from model.run import train
from model.stored import load_model, settings_of
from model.train_config import CheckpointChoice, DataChoice, HeldOutChoice, ModelChoice, OptimizerChoice, TrainConfig
from schemas.errors import UserError
from schemas.seeds import stream

TIMED_STEPS = 60
"""Steps of the run that is timed; the pace is the median of the second half, which compiles nothing."""
COMPARED = {"value": 1, "anls": 1, "token_f1": 1, "one_minus_ned": 1, "box_iou": 1, "cer": -1}
"""Scores whose differences from the baselines are printed: 1 where more is better, -1 where less is."""
SHOWN = ("value", "refusal", "exact_match", "anls", "cer", "one_minus_ned", "box_iou")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", nargs="+", type=Path, required=True, help="data sets to learn from")
    parser.add_argument("--held-out", nargs="+", type=Path, required=True, help="data sets asked about")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--preset", default="30m")
    parser.add_argument(
        "--model", type=Path, help="a folder to start from, such as an earlier run's `run/model`, instead of random weights"
    )
    parser.add_argument("--decay", choices=("cosine", "constant"), default="cosine", help="of the learning rate")
    parser.add_argument("--weights", nargs="+", type=float, help="shares in tokens of --train; equal by default")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, default=1_500)
    length.add_argument("--seconds", type=float, help="of training, instead of steps")
    parser.add_argument("--rows", type=int, default=1, help="rows a step")
    parser.add_argument("--length", type=int, default=32_768, help="slots a row")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--max-image-tokens", type=int, default=1_024)
    parser.add_argument("--min-image-tokens", type=int, help="pictures are scaled up to this many; Qwen3-VL's 64 by default")
    parser.add_argument("--asked", type=int, help="held-out samples asked about, of each data set; all by default")
    parser.add_argument("--max-new-tokens", type=int, default=1_024, help="no answer is longer")
    parser.add_argument("--batch-tokens", type=int, default=262_144, help="slots of the cache of answers decoded together")
    parser.add_argument("--workers", type=int, default=12, help="processes that make rows")
    parser.add_argument("--device", help="cuda or cpu")
    parser.add_argument("--no-compile", action="store_true")
    chosen = parser.parse_args()
    began = time.perf_counter()
    run = chosen.out / "run"
    chosen.out.mkdir(parents=True, exist_ok=True)
    with world(chosen.device) as here:
        config = config_of(chosen)
        if chosen.seconds is not None:
            config = with_steps(config, steps_within(chosen.seconds, config, chosen.out / "timed", here))
        started = time.perf_counter()
        train(config, run, here, say)
        minutes = (time.perf_counter() - started) / 60
        held_out = QuestionSet(chosen.held_out, chosen.asked)
        predictions = predict(
            load_model(run, chosen.device),
            held_out,
            settings_of(run),
            max_new_tokens=chosen.max_new_tokens,
            batch_tokens=chosen.batch_tokens,
        )
    say(data_wait(read_metrics(run)))
    curve = [(line["step"], line["loss"], line["held_out_loss"]) for line in read_metrics(run) if "held_out_loss" in line]
    write_predictions(chosen.out / "predictions.jsonl", held_out.questions, predictions)
    (chosen.out / "metrics.jsonl").write_bytes((run / "metrics.jsonl").read_bytes())
    result = report(curve, held_out.questions, predictions, QuestionSet(chosen.train).questions)
    print(f"{minutes:.1f} minutes of training, {(time.perf_counter() - began) / 60:.1f} in all")
    (chosen.out / "proxy.json").write_text(json.dumps({**result, "minutes": minutes, "curve": curve}, indent=1), encoding="utf-8")
    return 0


def config_of(chosen: argparse.Namespace) -> TrainConfig:
    """The run's config, with mixtures written beside it."""
    shares = chosen.weights or [1.0] * len(chosen.train)
    write_mixture(chosen.out / "train.yaml", chosen.train, shares)
    write_mixture(chosen.out / "held_out.yaml", chosen.held_out, [1.0] * len(chosen.held_out))
    on_gpu = chosen.device != "cpu"
    config = TrainConfig(
        model=ModelChoice(folder=str(chosen.model)) if chosen.model else ModelChoice(preset=chosen.preset),
        data=DataChoice(
            mixture=str(chosen.out / "train.yaml"),
            workers=chosen.workers,
            max_image_tokens=chosen.max_image_tokens,
            min_image_tokens=chosen.min_image_tokens,
        ),
        held_out=HeldOutChoice(mixture=str(chosen.out / "held_out.yaml"), rows=8),
        optimizer=OptimizerChoice(learning_rate=chosen.rate, decay=chosen.decay),
        steps=chosen.steps,
        rows_per_step=chosen.rows,
        sequence_length=chosen.length,
        precision="bf16" if on_gpu else "fp32",
        compile=on_gpu and not chosen.no_compile,
    )
    return with_steps(config, chosen.steps)


def write_mixture(path: Path, folders: Sequence[Path], weights: Sequence[float]) -> None:
    """A mixture of data sets, named by number and folder."""
    if len(weights) != len(folders):
        raise UserError(f"{len(weights)} weights for {len(folders)} data sets", where="--weights", todo="give one a data set")
    pairs = enumerate(zip(folders, weights, strict=True))
    datasets = [{"path": str(folder), "name": f"{number}-{folder.name}", "weight": weight} for number, (folder, weight) in pairs]
    path.write_text(json.dumps({"seed": 1, "datasets": datasets}), encoding="utf-8")


def with_steps(config: TrainConfig, steps: int) -> TrainConfig:
    """The config with a schedule of `steps`: a twentieth warms up, held-out loss is measured 16 times, the only checkpoint is the last."""
    every = max(steps // 16, 1)
    return replace(
        config,
        steps=steps,
        held_out=config.held_out and replace(config.held_out, every_steps=every),
        optimizer=replace(config.optimizer, warmup_steps=max(steps // 20, 1)),
        checkpoint=CheckpointChoice(every_steps=steps, keep=1),
        log_every=every,
    )


def steps_within(seconds: float, config: TrainConfig, folder: Path, here: World) -> int:
    """Steps that take `seconds`, going by a short run in `folder`."""
    timed = replace(
        config,
        steps=TIMED_STEPS,
        held_out=None,
        log_every=TIMED_STEPS,
        checkpoint=CheckpointChoice(every_steps=TIMED_STEPS, keep=1, export=False),
    )
    train(timed, folder, here, say)
    step_s = statistics.median(line["seconds"] for line in read_metrics(folder)[TIMED_STEPS // 2 :])
    steps = max(int(seconds / step_s), 1)
    say(f"a step takes {1000 * step_s:.1f} ms, so {steps} steps take {seconds:.0f} s")
    return steps


def data_wait(lines: Sequence[dict[str, float]]) -> str:
    """How much of the steps' time was waiting for data, without the first tenth, which compiles and fills queues."""
    later = lines[len(lines) // 10 :]
    seconds = sum(line["seconds"] for line in later)
    waited = sum(line["data_wait"] * line["seconds"] for line in later)
    tokens = sum(line["tokens_per_second"] * line["seconds"] for line in later)
    return (
        f"data wait {100 * waited / seconds:.2f} % of {seconds:.1f} s, {tokens / seconds:,.0f} tokens/s, {lines[-1]['all_tokens']:,} in all"
    )


def report(
    curve: list[tuple[int, float, float]], questions: list[Question], predictions: list[str], memory: list[Question]
) -> dict[str, object]:
    """Print the curve and the scores of model and baselines; return them as JSON values."""
    print("step  training loss  held-out loss")
    for step, loss, held_out in curve:
        print(f"{step:>5}{loss:>14.4f}{held_out:>15.4f}")
    answers = {"model": predictions, **{name: answer(memory, questions) for name, answer in BASELINES.items()}}
    scores = {name: score_all(questions, texts) for name, texts in answers.items()}
    for name, one in scores.items():
        print_scores(name, one)
    each = {name: scores_of(questions, texts) for name, texts in answers.items()}
    minus = {
        name: {
            group: {score: found for score in COMPARED if (found := difference(score, questions, each["model"], theirs, group))}
            for group in groups_of(questions)
        }
        for name, theirs in each.items()
        if name != "model"
    }
    for name, by_group in minus.items():
        print(f"model minus {name} [95 % interval over documents]:")
        for group, texts_of in by_group.items():
            print(f"  {group}: {', '.join(f'{score} {text}' for score, text in texts_of.items())}")
    return {"scores": {name: one.to_json() for name, one in scores.items()}, "minus": minus}


def groups_of(questions: Sequence[Question]) -> list[str]:
    """`all`, the families, and `family/task`, as `score_all` groups."""
    return ["all", *sorted({group for one in questions for group in (one.family, f"{one.family}/{one.task}")})]


def scores_of(questions: Sequence[Question], texts: Sequence[str]) -> list[dict[str, Scored]]:
    """Every score of each answer by name."""
    refusals = sorted({one.reference for one in questions if one.refused})
    return [{s.name: s for s in score_answer(k, one, text, refusals)} for k, (one, text) in enumerate(zip(questions, texts, strict=True))]


def difference(
    score: str, questions: Sequence[Question], ours: Sequence[dict[str, Scored]], theirs: Sequence[dict[str, Scored]], group: str = "all"
) -> str | None:
    """Paired difference in one score with its interval over documents and what it says; None if no question of the group has that score.

    Refusals are left out, as in `model.evaluate.compare`. A ratio, such as CER, is differenced over the same denominators.
    """
    differences, weights, documents = [], [], []
    for one, our, their in zip(questions, ours, theirs, strict=True):
        if one.refused or group not in ("all", one.family, f"{one.family}/{one.task}") or score not in our:
            continue
        differences.append(our[score].score - their[score].score)
        weights.append(our[score].weight)
        documents.append(one.sample_id)
    if not differences:
        return None
    found_difference = estimate(differences, documents, stream(0, f"bootstrap/difference/{score}"), weights=weights)
    return f"{found_difference} {verdict(found_difference, COMPARED[score])}"


def verdict(difference: Estimate, sign: int) -> str:
    """What an interval says, where more is better (`sign` 1) or less (-1)."""
    low, high = sorted((sign * difference.low, sign * difference.high))
    return "better" if low > 0 else "WORSE" if high < 0 else "not told apart"


def print_scores(name: str, scores: Evaluation) -> None:
    print(f"{name}: {scores.questions} questions about {scores.documents} documents")
    for group in sorted({group for group, _ in scores.scores}):
        shown = [f"{score} {scores.scores[group, score]}" for score in SHOWN if (group, score) in scores.scores]
        print(f"  {group}: {', '.join(shown)}")


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
