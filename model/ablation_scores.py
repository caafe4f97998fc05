"""Scores of a model answer by answer, which ablations pair: held-out loss of every answer, and what `model.evaluate` gives answers it asks.

An item is one answer, known by evaluation set, sample and turn; items of one sample rise and fall together.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import torch

from model.batch import Tokens
from model.encode import EncodeSettings, encode
from model.evaluate import QuestionSet, predict, score_answer
from model.loss import weighted_loss
from model.pack import to_batch
from model.qwen3_vl import Qwen3VL
from schemas.sample import Sample
from schemas.shard import Dataset


@dataclass(frozen=True, slots=True)
class Item:
    """One score of one answer: `value` is the numerator, `weight` the denominator of an average (loss: nats and tokens)."""

    set: str
    sample: str
    turn: int
    task: str
    metric: str
    value: float
    weight: float


def spread(length: int, limit: int | None) -> list[int]:
    """Positions of `limit` of `length` samples, spread evenly; of all where it is None."""
    count = length if limit is None else min(limit, length)
    return [k * length // count for k in range(count)]


def losses(
    model: Qwen3VL, folder: Path, name: str, settings: EncodeSettings, *, limit: int | None = None, slots: int = 32_768
) -> Iterator[Item]:
    """Held-out loss of every answer, all of a sample's earlier turns before it, as in training.

    Args:
        model: On its device.
        folder: Of the evaluation set.
        name: Of the set.
        settings: How samples are encoded.
        limit: Samples asked about.
        slots: Of a packed row; a longer sample goes alone.
    """
    data = Dataset(folder)
    model.eval()
    waiting: list[tuple[Sample, Tokens]] = []
    for index in spread(len(data), limit):
        sample = data[index]
        tokens = encode(sample, settings)
        if waiting and sum(len(one.ids) for _, one in waiting) + len(tokens.ids) > slots:
            yield from _losses_of_row(model, name, waiting)
            waiting = []
        waiting.append((sample, tokens))
    if waiting:
        yield from _losses_of_row(model, name, waiting)


@torch.no_grad()
def _losses_of_row(model: Qwen3VL, name: str, row: Sequence[tuple[Sample, Tokens]]) -> list[Item]:
    """The items of samples that share a packed row, which does not change a sample's losses."""
    batch = to_batch([tokens for _, tokens in row], sum(len(tokens.ids) for _, tokens in row)).to(model.head_weight.device)
    ones = torch.ones(len(batch.supervised), device=batch.ids.device)
    head = model.head_weight.detach()  # whose gradient would be taken with the loss
    _, terms = weighted_loss(model.hidden(batch)[batch.supervised], head, batch.targets[batch.supervised], ones)
    by_slot = np.zeros(len(batch.ids))
    by_slot[batch.supervised.cpu().numpy()] = terms.double().cpu().numpy()
    found, at = [], 0
    for sample, tokens in row:
        answers = [number for number, turn in enumerate(sample.turns) if turn.role == "assistant" and turn.weight > 0]
        for turn, (first, end) in zip(answers, answer_spans(tokens), strict=True):
            nats = float(by_slot[at + first - 1 : at + end - 1].sum())  # a slot predicts the token after it
            found.append(Item(name, sample.sample_id, turn, sample.turns[turn].task, "loss", nats, float(end - first)))
        at += len(tokens.ids)
    return found


def answer_spans(tokens: Tokens) -> list[tuple[int, int]]:
    """First token and end of each trained answer; other turns lie between any two."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (tokens.weights > 0).astype(np.int8), [0]])))
    return [(int(first), int(end)) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def answers(
    model: Qwen3VL, folder: Path, name: str, settings: EncodeSettings, *, limit: int | None = None, max_new_tokens: int = 256
) -> tuple[list[Item], list[str]]:
    """Every score of what the model says, and what it says, in the order of the questions."""
    asked = QuestionSet([folder], limit)
    said = predict(model, asked, settings, max_new_tokens=max_new_tokens)
    return answer_items(asked, said, name), said


def answer_items(asked: QuestionSet, said: Sequence[str], name: str) -> list[Item]:
    """The scores of answers, by a model or a blind baseline."""
    refusals = sorted({one.reference for one in asked.questions if one.refused})
    return [
        Item(name, question.sample_id, question.turn, question.task, score.name, score.score, score.weight)
        for number, (question, text) in enumerate(zip(asked.questions, said, strict=True))
        for score in score_answer(number, question, text, refusals)
    ]


def write_items(path: Path, items: Iterable[Item]) -> None:
    """A JSON line an item, in the order of set, sample, turn and metric."""
    ordered = sorted(items, key=lambda one: (one.set, one.sample, one.turn, one.metric))
    path.write_text("".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in ordered), encoding="utf-8")


def read_items(path: Path) -> list[Item]:
    """What `write_items` wrote."""
    return [Item(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def averages(items: Iterable[Item]) -> dict[tuple[str, str], float]:
    """(set, metric) to the average over its items."""
    ordered = sorted(items, key=lambda one: (one.set, one.metric))
    groups = {key: list(group) for key, group in groupby(ordered, key=lambda one: (one.set, one.metric))}
    return {key: sum(one.value for one in group) / sum(one.weight for one in group) for key, group in groups.items()}
