"""What can be had without looking, beside the scores of an ablation: from the base's training answers alone, for the same questions.

Answers are those of `model.blind`. Held-out loss has a blind side too: the nats a token of someone who knows how often the answers to a
task hold each token, and nothing else. A model above that has learnt less than a table of counts.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import log

from model.ablation_scores import Item, answer_items
from model.blind import BASELINES
from model.config import preset
from model.evaluate import Question, QuestionSet
from schemas.tokens import IM_END, encode_text

FREQUENCIES = "token frequencies"


def blind_items(memory: Sequence[Question], asked: QuestionSet, name: str, metrics: Sequence[str]) -> dict[str, list[Item]]:
    """Baseline to its scores in the metrics that were asked for.

    Args:
        memory: Questions of the training data.
        asked: The evaluation set.
        name: Of the set.
        metrics: Of the comparison.
    """
    found = {}
    if "loss" in metrics:
        found[FREQUENCIES] = frequency_losses(memory, asked.questions, name)
    if set(metrics) - {"loss"}:
        for baseline, answer in BASELINES.items():
            items = answer_items(asked, answer(memory, asked.questions), name)
            found[baseline] = [one for one in items if one.metric in metrics]
    return found


def frequency_losses(memory: Sequence[Question], asked: Sequence[Question], name: str) -> list[Item]:
    """The loss of every answer under the frequencies of tokens in the training answers to its task, or in all if the task is new.

    A token that occurs c times among N of T kinds has the probability (c + T / V) / (N + T) in a vocabulary of V: method C of Witten and
    Bell (IEEE Transactions on Information Theory 1991), which leaves T / (N + T) to all tokens alike.
    """
    vocabulary = preset("tiny").text.vocab_size  # that of every preset
    counts: dict[str | None, Counter[int]] = defaultdict(Counter)
    for question in memory:
        tokens = _tokens(question)
        counts[question.task].update(tokens)
        counts[None].update(tokens)
    found = []
    for question in asked:
        known = counts[question.task if question.task in counts else None]
        total, kinds = known.total(), max(len(known), 1)
        tokens = _tokens(question)
        nats = -sum(log((known[token] + kinds / vocabulary) / (total + kinds)) for token in tokens)
        found.append(Item(name, question.sample_id, question.turn, question.task, "loss", nats, float(len(tokens))))
    return found


def _tokens(question: Question) -> list[int]:
    """What is trained on of an answer."""
    return [*encode_text(question.reference), IM_END]
