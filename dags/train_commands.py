"""`assay train` and `assay evaluate`, from parsed arguments to an exit code. torch is imported only when one of them runs."""

import argparse
import importlib.util
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dags.judges import Judges
from dags.terminal import positive, print_json, print_table, say
from schemas.errors import UserError
from schemas.manifest import MANIFEST_NAME, PLAN_NAME
from schemas.mixture import load_mixture
from schemas.phrases import counted
from schemas.shard import read_manifest

if TYPE_CHECKING:
    from model.evaluate import Evaluation, Question
    from model.train_config import TrainConfig

SHOWN = (
    *("verified", "value", "refusal", "exact_match", "anls", "relaxed_accuracy", "cer", "box_iou", "ap_3d@0.15", "ap_3d", "interval_iou"),
    *("runs", "chart", "page"),
)
"""Scores of the table, in order; `evaluation.json` has all."""
MEMORY_SAMPLES = 1_000
"""Training samples that the blind baselines remember at most, spread evenly (chosen: reading them takes a minute)."""


def add_train(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assay train`."""
    parser.add_argument("config", help="YAML training config, such as model/configs/tiny.yaml")
    parser.add_argument("--out", metavar="RUN", help="folder of the run (default runs/ and the config's name); run again to resume")
    parser.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", dest="overrides", help="override a value of the config; may be repeated"
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: a GPU if there is one")
    parser.add_argument("--dry-run", action="store_true", help="print the config, sizes, memory and mixture, and train nothing")


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assay evaluate`."""
    parser.add_argument(
        "run_folder",
        metavar="RUN",
        help="folder of a run, or of a Hugging Face checkpoint of Qwen3-VL; an unfinished run is read with pickle: only your own",
    )
    parser.add_argument("--data", action="append", default=[], metavar="DIR", help="data set to ask (default: the run's held-out mixture)")
    parser.add_argument(
        "-n", type=positive, metavar="N", help="ask the questions of N samples of each data set, spread evenly (default all)"
    )
    parser.add_argument("--out", metavar="DIR", help="where evaluation.json and predictions.jsonl go (default RUN)")
    parser.add_argument("--max-new-tokens", type=positive, default=2_048, metavar="N", help="no answer is longer (default 2048)")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: a GPU if there is one")
    parser.add_argument(
        "--no-verify", action="store_true", help="leave out proving predictions with the family's verifier, and running those that are code"
    )
    parser.add_argument("--json", action="store_true", help="print the scores as JSON")


def train(options: Namespace) -> int:
    """`assay train`."""
    from model.train_config import load_config

    config = load_config(options.config, options.overrides)
    folder = Path(options.out) if options.out else Path("runs") / Path(options.config).stem
    check_run_folder(folder)
    for mixture in {config.data.mixture, config.held_out.mixture if config.held_out else config.data.mixture}:
        check_data(_folders(mixture), f"{mixture}: ")
    need_torch()
    if options.dry_run:
        return _dry_run(config)
    from model.parallel import world
    from model.run import train as run

    with world(options.device) as here:
        run(config, folder, here, say)
    return 0


def evaluate(options: Namespace) -> int:
    """`assay evaluate`."""
    check_model_folder(Path(options.run_folder))
    check_data([Path(folder) for folder in options.data])
    need_torch()
    from model.evaluate import QuestionSet, judged, predict, score_all, write_predictions
    from model.stored import load_model, settings_of

    run, out = Path(options.run_folder), Path(options.out or options.run_folder)
    asked = QuestionSet([Path(folder) for folder in options.data] or _held_out(run), options.n)
    model = load_model(run, options.device)
    documents = counted(len({question.sample_id for question in asked.questions}), "document")
    say(f"{counted(len(asked.questions), 'question')} about {documents}")

    def on_batch(done: int) -> None:
        say(f"{done}/{len(asked.questions)} answered")

    predictions = predict(model, asked, settings_of(run), max_new_tokens=options.max_new_tokens, on_batch=on_batch)
    out.mkdir(parents=True, exist_ok=True)
    write_predictions(out / "predictions.jsonl", asked.questions, predictions)
    judges = Judges()
    verified = None if options.no_verify else judged(asked, predictions, judges.prove)
    compared = None if options.no_verify else judged(asked, predictions, judges.compare)
    for family, reason in judges.left_out.items():
        say(f"answers of {family} are neither proved nor compared: {reason}")
    model_scores = score_all(asked.questions, predictions, verified, compared)
    _print_scores(_scored(run, out, asked.questions, predictions, model_scores, judges.left_out), options.json)
    return 0


def check_run_folder(folder: Path) -> None:
    """UserError if a run would be put into a data set's folder."""
    if found := [name for name in (MANIFEST_NAME, PLAN_NAME) if (folder / name).exists()]:
        what = f"{str(folder)!r} is the folder of a data set (it holds {found[0]}), not of a run"
        raise UserError(what, where="--out", todo="give another folder, such as runs/NAME")


def check_model_folder(folder: Path) -> None:
    """UserError if there is nothing in a folder that a model could be read from."""
    if any((folder / name).is_file() for name in ("config.json", "model/config.json")) or any(folder.glob("checkpoints/*.json")):
        return
    what = f"{str(folder)!r} is not a folder" if not folder.is_dir() else f"{str(folder)!r} holds no model"
    raise UserError(what, where=str(folder), todo="give the folder of a run with a checkpoint, or of a Hugging Face checkpoint")


def check_data(folders: Iterable[Path], where: str = "") -> None:
    """UserError if one of the folders, which `where` names, is no finished data set; said before torch is imported, which takes seconds."""
    for folder in folders:
        try:
            read_manifest(folder)
        except UserError as error:
            raise UserError(error.what, where=f"{where}{error.where}", todo=error.todo) from error


def _scored(
    run: Path, out: Path, questions: Sequence["Question"], predictions: Sequence[str], ours: "Evaluation", left_out: Mapping[str, str]
) -> dict[str, "Evaluation"]:
    """The model's scores and those of the blind baselines, written to evaluation.json with what could not be judged."""
    from model.blind import BASELINES
    from model.checkpoint import write_json
    from model.evaluate import compare, score_all

    scores = {"model": ours}
    result: dict[str, Any] = {"model": ours.to_json(), "not_judged": dict(left_out)}
    memory = _memory(run, {question.sample_id for question in questions})
    for name, answer in BASELINES.items() if memory else ():
        blind = answer(memory, questions)
        scores[name] = score_all(questions, blind)
        difference = compare(questions, predictions, blind)
        result[name] = scores[name].to_json() | {"model_minus_blind": difference and str(difference)}
        if difference is not None:
            say(f"value, model minus {name}: {difference} (95 % interval over documents)")
    write_json(out / "evaluation.json", result)
    return scores


def _memory(run: Path, asked: Set[str]) -> list["Question"]:
    """Questions of the run's training data, for the blind baselines; none where there is no run or its data are gone."""
    from model.evaluate import QuestionSet
    from model.stored import train_json

    config = train_json(run)
    folders: list[Path] = []
    if config and Path(config["data"]["mixture"]).is_file():
        folders = [folder for folder in _folders(config["data"]["mixture"]) if folder.is_dir()]
    if not folders:
        say("no training data here, so the blind baselines are left out")
        return []
    questions = QuestionSet(folders, MEMORY_SAMPLES // len(folders)).questions
    seen = {question.sample_id for question in questions} & asked
    if seen:
        say(f"{len(seen)} of the documents asked about were trained on: these scores say nothing about new documents")
    return [question for question in questions if question.sample_id not in asked]


def _held_out(run: Path) -> list[Path]:
    from model.stored import train_json

    config = train_json(run)
    if config is None or not config.get("held_out"):
        raise UserError(f"{run} names no held-out data", where=str(run), todo="give data sets with --data DIR")
    return _folders(config["held_out"]["mixture"])


def _folders(mixture: str) -> list[Path]:
    return [Path(source.path) for source in load_mixture(mixture).datasets]


def _print_scores(scores: dict[str, "Evaluation"], as_json: bool) -> None:
    if as_json:
        print_json({name: one.to_json() for name, one in scores.items()})
        return
    for name, one in scores.items():
        names = [score for score in SHOWN if any(key[1] == score for key in one.scores)]
        groups = sorted({group for group, _ in one.scores}, key=lambda group: (group != "all", group))
        rows: list[list[object]] = [
            [group, max(e.items for (g, _), e in one.scores.items() if g == group), *(_cell(one, group, score) for score in names)]
            for group in groups
            if name == "model" or "/" not in group
        ]
        print_table(f"{name}: score [95 % interval over documents]", ["family/task", "answers", *names], rows)


def _cell(scores: "Evaluation", group: str, name: str) -> str:
    """A mean, with its interval where it is not of one task or one document."""
    found = scores.scores.get((group, name))
    if found is None:
        return ""
    return f"{found.mean:.3f}" if "/" in group or found.clusters == 1 else str(found)


def _dry_run(config: "TrainConfig") -> int:
    from model.estimate import estimate

    for title, rows in estimate(config):
        print_table(title, ["what", "value"], rows)
    return 0


def need_torch() -> None:
    """UserError if torch is not installed."""
    if importlib.util.find_spec("torch") is None:
        raise UserError(
            "training and evaluation need torch, which is not installed",
            where="torch",
            todo="run `make train`, or pip install torch==2.13.0",
        )
