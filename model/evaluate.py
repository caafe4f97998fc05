"""Asks a model every question of data sets, greedily, and scores what it says: per family and task, with intervals over documents.

Each question is asked alone: all media of its sample, then its own words, so that no answer leans on another. `predictions.jsonl` keeps
every answer; `evaluation.json` the scores. Two blind baselines answer from training questions alone and are scored alike (`model.blind`).
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import torch

from model.batch import Tokens
from model.bootstrap import Estimate, estimate
from model.encode import EncodeSettings, encode
from model.generate import generate
from model.pack import to_batch
from model.qwen3_vl import Qwen3VL
from model.score_boxes_3d import BoxesOfClass, average_precisions, boxes_of
from model.score_regions import mean_box_iou, mean_interval_iou, parse_boxes, parse_intervals
from model.scores import anls, character_errors, exact_match, numbers, one_minus_ned, refuses, relaxed_accuracy, token_f1, value_match
from schemas.errors import UserError
from schemas.sample import Json, Sample, Turn
from schemas.seeds import stream
from schemas.shard import Dataset
from schemas.tokens import IM_END, SPECIAL_TOKENS, count_text, decode

STOP = (IM_END, SPECIAL_TOKENS["<|endoftext|>"])
BATCH_TOKENS = 32_768
"""Slots of the KV cache of a batch, the default (chosen): 3.8 GB at 2B's sizes."""
LONG_ANSWER = 64
"""Tokens from which a reference is a text to transcribe and is scored by character errors, not by equality (chosen)."""
_PLACEHOLDER = re.compile("<image>|<video>")

Judged = TypeVar("Judged")
Judge = Callable[[Sample, Sequence[tuple[int, str]]], Sequence[Judged]]
"""Judges predictions of one sample, (turn, text) each, from its stored bytes: by the family's verifier, or by running the programs that
they are, neither of which this layer may import."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question and its reference answer, without media.

    Attributes:
        place: Number of the data set in its `QuestionSet`, and of the sample in the data set.
        turn: Number of the answer among the sample's turns.
        text: The question without placeholders.
        answer: The stored answer of its proof, if it has one.
        tokens: Of the whole sample, to group prompts of like length.
        round_labels: Of boxes in space, what may be turned about its vertical axis without looking different, as the proof says.
    """

    place: tuple[int, int]
    sample_id: str
    family: str
    turn: int
    task: str
    text: str
    reference: str
    answer: Json
    tokens: int
    round_labels: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the right answer is that there is none: `{"type": "none"}`, or `absent` over real documents."""
        return self.answer == "absent" or (isinstance(self.answer, dict) and self.answer.get("type") == "none")

    @property
    def has_value(self) -> bool:
        """Whether the answer is a value rather than a text to transcribe."""
        return self.answer is not None


class QuestionSet:
    """Every question of some data sets, in their order, and the samples they are about.

    Args:
        folders: Of finished data sets.
        limit: Samples of each data set, spread evenly over it; all if None.

    Raises:
        UserError: There is no question.
    """

    def __init__(self, folders: Sequence[Path], limit: int | None = None) -> None:
        self._data = [Dataset(folder) for folder in folders]
        self.questions: list[Question] = []
        for number, data in enumerate(self._data):
            count = len(data) if limit is None else min(limit, len(data))
            for k in range(count):
                index = k * len(data) // count
                self.questions += questions_of(data[index], (number, index))
        if not self.questions:
            names = ", ".join(map(str, folders))
            raise UserError(f"{names or 'no data set'} holds no question", where=names, todo="give data sets with assistant turns")

    def sample(self, question: Question) -> Sample:
        """The whole sample that a question is about."""
        number, index = question.place
        return self._data[number][index]


@dataclass(frozen=True, slots=True)
class Scored:
    """One score of one answer: what it adds to the numerator of an average, and `weight` to the denominator."""

    question: int
    name: str
    score: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All scores: (group, name) to estimate, a group being `all`, a family, or `family/task`."""

    questions: int
    documents: int
    scores: dict[tuple[str, str], Estimate] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Nested by group and name."""
        groups: dict[str, dict[str, Any]] = defaultdict(dict)
        for (group, name), value in self.scores.items():
            groups[group][name] = {key: _finite(number) for key, number in asdict(value).items()}
        return {"questions": self.questions, "documents": self.documents, "scores": dict(groups)}


def questions_of(sample: Sample, place: tuple[int, int] = (0, 0)) -> list[Question]:
    """The question before each assistant turn."""
    tokens = sample.text_tokens + sample.vision_tokens
    found = []
    for number, (asked, answered) in enumerate(zip(sample.turns, sample.turns[1:], strict=False)):
        if asked.role == "user" and answered.role == "assistant":
            text, answer = _PLACEHOLDER.sub("", asked.text).strip("\n"), answered.proof.answer if answered.proof else None
            identity = (place, sample.sample_id, sample.family, number + 1, answered.task)
            found.append(Question(*identity, text, answered.text, answer, tokens, _round_labels(answered)))
    return found


def _round_labels(answered: Turn) -> tuple[str, ...]:
    program = answered.proof.program if answered.proof else None
    told = program.get("round") if isinstance(program, dict) else None
    return tuple(map(str, told)) if isinstance(told, list) else ()


def prompt_of(sample: Sample, turn: int) -> Sample:
    """The sample with nothing but system turns, all media shown before an answer, its question, and an empty answer.

    A request to edit code that the question does not hold comes after the question and the stored answer before it, which give that code.
    """
    system = tuple(one for one in sample.turns if one.role == "system")
    first = turn - 3 if _edits_what_was_answered(sample, turn) else turn - 1
    before = "".join("".join(_PLACEHOLDER.findall(one.text)) for one in sample.turns[:first])
    asked = sample.turns[first].text
    if before:
        own = "".join(_PLACEHOLDER.findall(asked))
        asked = f"{before}{own}\n" + _PLACEHOLDER.sub("", asked).strip("\n")
    turns = (*system, Turn("user", asked), *sample.turns[first + 1 : turn], Turn("assistant", ""))
    images, clips = (sum(one.text.count(media) for one in turns) for media in ("<image>", "<video>"))
    return replace(sample, turns=turns, images=sample.images[:images], clips=sample.clips[:clips])


def _edits_what_was_answered(sample: Sample, turn: int) -> bool:
    asked, shown = sample.turns[turn - 1], sample.turns[max(turn - 3, 0) : turn - 1]
    in_turn = [one.role for one in shown] == ["user", "assistant"]
    return in_turn and sample.turns[turn].task.startswith("edit") and "```" not in asked.text and "```" in shown[1].text


def prompt_tokens(sample: Sample, turn: int, settings: EncodeSettings) -> Tokens:
    """The prompt up to and with the header of the answer, as in training."""
    whole = encode(prompt_of(sample, turn), settings)
    end = len(whole.ids) - 2  # the empty answer's <|im_end|> and newline
    return replace(whole, ids=whole.ids[:end], weights=whole.weights[:end], positions=whole.positions[:, :end])


@torch.no_grad()
def predict(
    model: Qwen3VL,
    asked: QuestionSet,
    settings: EncodeSettings,
    *,
    max_new_tokens: int = 2_048,
    batch_tokens: int = BATCH_TOKENS,
    on_batch: Callable[[int], None] = lambda done: None,
) -> list[str]:
    """The model's answers in the order of the questions.

    An answer may have a quarter more tokens than the longest reference of its task, and 16 more: the same room for every question of a
    task.

    Args:
        model: On its device, not sharded.
        asked: What to ask.
        settings: Resolution bounds and layout.
        max_new_tokens: No answer is longer.
        batch_tokens: Slots of a batch's KV cache; a longer prompt goes alone.
        on_batch: Told how many answers are there.
    """
    model.eval()
    device = model.head_weight.device
    questions, room = asked.questions, dict[str, int]()
    for question in questions:
        room[question.task] = max(room.get(question.task, 0), count_text(question.reference) * 5 // 4 + 16)
    answers: dict[int, str] = {}
    room = {task: min(most, max_new_tokens) for task, most in room.items()}
    for numbers_of_batch, tokens in _batches(asked, settings, batch_tokens, room):
        batch = to_batch(tokens, sum(len(one.ids) for one in tokens)).to(device)
        limit = max(room[questions[number].task] for number in numbers_of_batch)
        for number, ids in zip(numbers_of_batch, generate(model, batch, limit, STOP), strict=True):
            answers[number] = decode(ids)
        on_batch(len(answers))
    return [answers[number] for number in range(len(questions))]


def _batches(
    asked: QuestionSet, settings: EncodeSettings, batch_tokens: int, room: Mapping[str, int]
) -> Iterator[tuple[list[int], list[Tokens]]]:
    """Questions of one task together, so that their answers end at about the same time, until the padded batch with room for answers is
    full.
    """
    numbers_of_batch: list[int] = []
    tokens: list[Tokens] = []
    questions = asked.questions
    order = sorted(range(len(questions)), key=lambda k: (questions[k].task, questions[k].tokens, k))
    for _, group in groupby(order, key=lambda k: questions[k].task):
        for number in group:
            one = prompt_tokens(asked.sample(questions[number]), questions[number].turn, settings)
            longest = max(len(other.ids) for other in [*tokens, one])
            if tokens and (longest + room[questions[number].task]) * (len(tokens) + 1) > batch_tokens:
                yield numbers_of_batch, tokens
                numbers_of_batch, tokens = [], []
            numbers_of_batch.append(number)
            tokens.append(one)
        if tokens:
            yield numbers_of_batch, tokens
            numbers_of_batch, tokens = [], []


def score_answer(number: int, question: Question, prediction: str, refusals: Sequence[str]) -> list[Scored]:
    """Every score that fits a question.

    `value`: the values are right whatever the words (`scores.value_match`), or it is refused where it should be. `f1`: MMLongBench-Doc's
    (Ma et al. 2024) with that as the score, 2 S / (A + N) for S right values, A questions that have an answer, N predictions that give one.
    `refusal`: refused or answered as it should be. `exact_match`, `anls`, `token_f1`; `relaxed_accuracy` for single numbers. Texts to
    transcribe: `cer` (errors over characters, summed), `one_minus_ned`, `box_iou`. Spans of time: `interval_iou`.
    """
    reference, found = question.reference, dict[str, tuple[float, float]]()
    if question.has_value:
        refused = refuses(prediction, refusals)
        found["refusal"] = (float(refused == question.refused), 1.0)
        leaves, yes_no = text_leaves(question.answer)
        right = refused if question.refused else not refused and bool(value_match(prediction, reference, leaves, yes_no=yes_no))
        found["value"] = (float(right), 1.0)
        if not (refused and question.refused):
            found["f1"] = (2.0 * (right and not question.refused), float(not question.refused) + float(not refused))
        wanted = numbers(reference)
        if len(wanted) == 1 and not question.refused:
            found["relaxed_accuracy"] = (relaxed_accuracy((numbers(prediction) or [""])[-1], wanted[0]), 1.0)
    if question.has_value or count_text(reference) < LONG_ANSWER:
        found |= {"exact_match": (exact_match(prediction, reference), 1.0), "anls": (anls(prediction, reference), 1.0)}
        found["token_f1"] = (token_f1(prediction, reference), 1.0)
    else:
        errors, length = character_errors(prediction, reference)
        found |= {"cer": (errors, max(length, 1)), "one_minus_ned": (one_minus_ned(prediction, reference), 1.0)}
    if boxes := parse_boxes(reference):
        found["box_iou"] = (mean_box_iou(parse_boxes(prediction), boxes), 1.0)
    if "localis" in question.task and (spans := parse_intervals(reference)):
        found["interval_iou"] = (mean_interval_iou(parse_intervals(prediction), spans), 1.0)
    return [Scored(number, name, score, weight) for name, (score, weight) in found.items()]


def text_leaves(answer: Json) -> tuple[list[str], bool]:
    """Textual values of a stored answer, and whether it holds a yes or no. Numbers and dates are compared as printed, not here."""
    if isinstance(answer, bool):
        return [], True
    if isinstance(answer, dict):
        kind, value = answer.get("type"), answer.get("value")
        return ([str(value)], False) if kind == "text" else text_leaves(value) if kind in ("list", "bool") else ([], False)
    if isinstance(answer, list):
        parts = [text_leaves(item) for item in answer]
        return [leaf for leaves, _ in parts for leaf in leaves], any(yes_no for _, yes_no in parts)
    return ([answer], False) if isinstance(answer, str) and not numbers(answer) else ([], False)


def score_all(
    questions: Sequence[Question],
    predictions: Sequence[str],
    verified: Sequence[bool | None] | None = None,
    compared: Sequence[Mapping[str, float]] | None = None,
) -> Evaluation:
    """Averages with intervals of all questions, of each family, and of each task.

    Args:
        questions: What was asked.
        predictions: What was said.
        verified: Whether each prediction was proved from the stored bytes; None where no verifier was at hand.
        compared: Scores by name of what each prediction draws (`schemas.family.ScoresAnswers`).
    """
    refusals = sorted({question.reference for question in questions if question.refused})
    scored = [one for k, (q, p) in enumerate(zip(questions, predictions, strict=True)) for one in score_answer(k, q, p, refusals)]
    if verified is not None:
        told = ((k, passed) for k, passed in enumerate(verified) if passed is not None and questions[k].has_value)
        scored += [Scored(k, "verified", float(passed)) for k, passed in told]
    scored += [Scored(k, name, score) for k, by_name in enumerate(compared or ()) for name, score in by_name.items()]
    groups: dict[tuple[str, str], list[Scored]] = defaultdict(list)
    boxes: dict[str, list[BoxesOfClass]] = defaultdict(list)
    for one in scored:
        question = questions[one.question]
        for group in _groups(question):
            groups[group, one.name].append(one)
    for question, prediction in zip(questions, predictions, strict=True):
        found = boxes_of(question.text, question.reference, prediction, question.sample_id, question.round_labels)
        for group in _groups(question) if found else ():
            boxes[group] += found
    scores = {key: _estimate(members, questions) for key, members in sorted(groups.items())}
    for group, found in sorted(boxes.items()):
        precision = average_precisions(found, stream(0, "bootstrap/ap_3d"))
        scores |= {(group, name): value for name, value in precision.items()}
    return Evaluation(len(questions), len({question.sample_id for question in questions}), scores)


def _groups(question: Question) -> tuple[str, str, str]:
    return ("all", question.family, f"{question.family}/{question.task}")


def _estimate(scored: Sequence[Scored], questions: Sequence[Question]) -> Estimate:
    scale = [1.0] * len(scored)
    if scored[0].name == "refusal":  # balanced over both kinds, so that never refusing, or always, scores a half
        counts = Counter(questions[one.question].refused for one in scored)
        scale = [1 / counts[questions[one.question].refused] for one in scored]
    numerators = [one.score * by for one, by in zip(scored, scale, strict=True)]
    weights = [one.weight * by for one, by in zip(scored, scale, strict=True)]
    documents = [questions[one.question].sample_id for one in scored]
    return estimate(numerators, documents, stream(0, f"bootstrap/{scored[0].name}"), weights=weights)


def compare(questions: Sequence[Question], ours: Sequence[str], theirs: Sequence[str]) -> Estimate | None:
    """Mean difference in `value` between two sets of predictions over the same questions that have an answer; None if none has.

    Refusals are left out, as in `assay stats`: to refuse, or not, can be told from no question.
    """
    refusals = sorted({question.reference for question in questions if question.refused})
    values = []
    for predictions in (ours, theirs):
        scored = (one for k, (q, p) in enumerate(zip(questions, predictions, strict=True)) for one in score_answer(k, q, p, refusals))
        values.append({one.question: one.score for one in scored if one.name == "value"})
    asked = [number for number in sorted(values[0]) if not questions[number].refused]
    if not asked:
        return None
    documents = [questions[number].sample_id for number in asked]
    return estimate([values[0][k] - values[1][k] for k in asked], documents, stream(0, "bootstrap/difference"))


def write_predictions(path: Path, questions: Sequence[Question], predictions: Sequence[str]) -> None:
    """One JSON line an answer."""
    with path.open("w", encoding="utf-8") as file:
        for question, prediction in zip(questions, predictions, strict=True):
            line = {"sample_id": question.sample_id, "turn": question.turn, "task": question.task, "question": question.text}
            file.write(json.dumps({**line, "reference": question.reference, "prediction": prediction}, ensure_ascii=False) + "\n")


def judged(asked: QuestionSet, predictions: Sequence[str], judge: Judge[Judged]) -> list[Judged]:
    """What a judge says of each prediction, asked a sample at a time."""
    passed: list[Judged] = []
    for _, group in groupby(zip(asked.questions, predictions, strict=True), key=lambda pair: pair[0].place):
        pairs = list(group)
        passed += judge(asked.sample(pairs[0][0]), [(question.turn, prediction) for question, prediction in pairs])
    return passed


def _finite(number: float) -> float | None:
    return None if isinstance(number, float) and number in (float("inf"), float("-inf")) else number
