"""A proxy trained from random weights on a document corpus for some minutes: held-out loss falls, held-out answers beat blind baselines.

The corpus is built beforehand, with other seeds for the held-out part, so that no document is in both:

    assay build RECIPE --out DIR/train --set seed=1 && assay build RECIPE --out DIR/held_out --set seed=2
    PYTHONPATH=. python bench/proxy.py --train DIR/train --held-out DIR/held_out --out OUT --steps 1500        # minutes on an H100

It prints the curve, the table of scores, and for each blind baseline the difference in right values with its 95 % interval over documents.
`OUT` gets metrics.jsonl, predictions.jsonl and proxy.json; `assay stats DIR/held_out` prints the baselines inside the held-out data.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from model.blind import BASELINES
from model.bootstrap import Estimate
from model.evaluate import Evaluation, Question, QuestionSet, compare, predict, score_all, write_predictions
from model.metrics import read_metrics
from model.parallel import world
from model.run import train
from model.stored import load_model, settings_of
from model.train_config import CheckpointChoice, DataChoice, HeldOutChoice, ModelChoice, OptimizerChoice, TrainConfig

SHOWN = ("value", "refusal", "exact_match", "anls", "cer", "one_minus_ned", "box_iou")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", nargs="+", type=Path, required=True, help="data sets to learn from, equal weights")
    parser.add_argument("--held-out", nargs="+", type=Path, required=True, help="data sets asked about")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--preset", default="30m")
    parser.add_argument("--steps", type=int, default=1_500)
    parser.add_argument("--rows", type=int, default=4, help="rows a step")
    parser.add_argument("--length", type=int, default=8_192, help="slots a row")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--max-image-tokens", type=int, default=1_024)
    parser.add_argument("--asked", type=int, help="held-out samples asked about, of each data set; all by default")
    parser.add_argument("--device", help="cuda or cpu")
    chosen = parser.parse_args()
    began = time.perf_counter()
    run = chosen.out / "run"
    chosen.out.mkdir(parents=True, exist_ok=True)
    with world(chosen.device) as here:
        train(config_of(chosen), run, here, say)
        minutes = (time.perf_counter() - began) / 60
        held_out = QuestionSet(chosen.held_out, chosen.asked)
        predictions = predict(load_model(run, chosen.device), held_out, settings_of(run), max_new_tokens=1_024)
    curve = [(line["step"], line["loss"], line["held_out_loss"]) for line in read_metrics(run) if "held_out_loss" in line]
    write_predictions(chosen.out / "predictions.jsonl", held_out.questions, predictions)
    (chosen.out / "metrics.jsonl").write_bytes((run / "metrics.jsonl").read_bytes())
    result = report(curve, held_out.questions, predictions, QuestionSet(chosen.train).questions)
    print(f"{minutes:.1f} minutes of training, {(time.perf_counter() - began) / 60:.1f} in all")
    (chosen.out / "proxy.json").write_text(json.dumps({**result, "minutes": minutes, "curve": curve}, indent=1), encoding="utf-8")
    return 0


def config_of(chosen: argparse.Namespace) -> TrainConfig:
    """The run's config, with mixtures written beside it."""
    for name, folders in (("train", chosen.train), ("held_out", chosen.held_out)):
        datasets = [{"path": str(folder), "name": f"{number}-{folder.name}"} for number, folder in enumerate(folders)]
        (chosen.out / f"{name}.yaml").write_text(json.dumps({"seed": 1, "datasets": datasets}), encoding="utf-8")
    every = max(chosen.steps // 20, 1)
    on_gpu = chosen.device != "cpu"
    return TrainConfig(
        model=ModelChoice(preset=chosen.preset),
        data=DataChoice(mixture=str(chosen.out / "train.yaml"), max_image_tokens=chosen.max_image_tokens, workers=12 if on_gpu else 2),
        held_out=HeldOutChoice(mixture=str(chosen.out / "held_out.yaml"), every_steps=every, rows=8),
        optimizer=OptimizerChoice(learning_rate=chosen.rate, warmup_steps=max(chosen.steps // 20, 1)),
        checkpoint=CheckpointChoice(every_steps=chosen.steps, keep=1),
        steps=chosen.steps,
        rows_per_step=chosen.rows,
        sequence_length=chosen.length,
        precision="bf16" if on_gpu else "fp32",
        compile=on_gpu,
        log_every=every,
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
    differences = {name: compare(questions, predictions, texts) for name, texts in answers.items() if name != "model"}
    for name, difference in differences.items():
        print(f"right values, model minus {name}: {difference} {verdict(difference)}")
    return {"scores": {name: one.to_json() for name, one in scores.items()}, "minus": {name: str(d) for name, d in differences.items()}}


def verdict(difference: Estimate | None) -> str:
    if difference is None:
        return "no question has a value"
    return "above it" if difference.low > 0 else "BELOW IT" if difference.high < 0 else "not told apart from it"


def print_scores(name: str, scores: Evaluation) -> None:
    print(f"{name}: {scores.questions} questions about {scores.documents} documents")
    for group in sorted({group for group, _ in scores.scores}):
        shown = [f"{score} {scores.scores[group, score]}" for score in SHOWN if (group, score) in scores.scores]
        print(f"  {group}: {', '.join(shown)}")


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
