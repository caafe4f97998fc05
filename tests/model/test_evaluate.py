import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dags.judges import Judges
from model.blind import most_frequent, nearest_question
from model.config import preset
from model.encode import EncodeSettings, encode
from model.evaluate import (
    Question,
    QuestionSet,
    compare,
    judged,
    predict,
    prompt_of,
    prompt_tokens,
    questions_of,
    score_all,
    score_answer,
    text_leaves,
    write_predictions,
)
from model.media import PixelBounds
from model.pack import to_batch
from model.qwen3_vl import Qwen3VL
from schemas.errors import UserError
from schemas.sample import Json, Proof, Sample, Turn
from schemas.tokens import decode
from synth.load import load_family
from synth.make import make_sample
from tests.model import corpora

NUMBER: Json = {"type": "number", "value": "76.0"}
NONE: Json = {"type": "none", "value": None}
REFUSAL = "The document leaves this open."
SMALL = EncodeSettings(bounds=PixelBounds(min_px=4_096, max_px=4_096))
"""Four tokens an image."""


def answered(text: str, task: str = "lookup", answer: Json = NUMBER) -> Turn:
    return Turn("assistant", text, task, proof=Proof({}, answer, ()))


def conversation(name: str = "made/0", images: int = 2) -> Sample:
    """Two questions, the second of which brings another picture."""
    rng = np.random.default_rng(1)
    turns = (
        Turn("user", "<image>\nHow much is it?"),
        answered("It is 76.0 t."),
        Turn("user", "<image>\nAnd what else?"),
        answered(REFUSAL, "unanswerable", NONE),
    )
    return corpora.sample(name, turns, [corpora.picture(rng, 40, 40) for _ in range(images)])


def question(
    reference: str = "It is 76.0 t.", answer: Json = NUMBER, *, number: int = 0, task: str = "lookup", text: str = "How much?"
) -> Question:
    return Question((0, number), f"made/{number}", "made", 1, task, text, reference, answer, 10)


def test_each_answer_becomes_a_question_without_placeholders() -> None:
    found = questions_of(conversation())
    assert [(one.turn, one.task, one.text, one.refused) for one in found] == [
        (1, "lookup", "How much is it?", False),
        (3, "unanswerable", "And what else?", True),
    ]


def test_the_first_prompt_is_how_the_training_row_begins() -> None:
    sample = conversation()
    first, whole = prompt_tokens(sample, 1, EncodeSettings()), encode(sample)
    length = len(first.ids)
    assert first.ids.tolist() == whole.ids[:length].tolist()
    assert np.array_equal(first.positions, whole.positions[:, :length])
    assert decode(first.ids[-3:].tolist()) == "<|im_start|>assistant\n"


def test_a_later_question_is_asked_alone_with_all_media_shown_so_far() -> None:
    prompt = prompt_of(conversation(), 3)
    assert [turn.text for turn in prompt.turns] == ["<image><image>\nAnd what else?", ""]
    assert len(prompt.images) == 2
    assert len(prompt_of(conversation(), 1).images) == 1


def test_an_edit_of_what_was_answered_comes_after_that_answer() -> None:
    sample = conversation()
    request, given = Turn("user", "Now call it Rain."), Turn("assistant", "```python\nplot()\n```", "to_code")
    sample = replace(sample, turns=(sample.turns[0], given, request, answered("```python\nrain()\n```", "edit_title")))
    assert [turn.text for turn in prompt_of(sample, 3).turns] == [sample.turns[0].text, given.text, request.text, ""]
    assert len(prompt_of(sample, 3).images) == 1
    alone = replace(request, text=f"{request.text}\n\n```python\nplot()\n```")
    alone_too = replace(sample, turns=(*sample.turns[:2], alone, sample.turns[3]))
    assert [turn.text for turn in prompt_of(alone_too, 3).turns] == [f"<image>\n{alone.text}", ""]


def test_no_prompt_holds_an_answer() -> None:
    sample = conversation()
    for turn in (1, 3):
        text = decode(prompt_tokens(sample, turn, EncodeSettings()).ids.tolist())
        assert "76.0" not in text
        assert REFUSAL not in text


def scores_of(one: Question, prediction: str, refusals: Sequence[str] = (REFUSAL,)) -> dict[str, float]:
    return {scored.name: scored.score for scored in score_answer(0, one, prediction, refusals)}


def test_right_values_count_whatever_the_words() -> None:
    assert scores_of(question(), "76.0 tonnes")["value"] == 1
    assert scores_of(question(), "76.0 tonnes")["exact_match"] == 0
    assert scores_of(question(), "77.0 t")["value"] == 0
    assert scores_of(question(), "77.0 t")["relaxed_accuracy"] == 1
    assert scores_of(question(), REFUSAL)["value"] == 0


def test_refusing_is_right_where_there_is_no_answer_only() -> None:
    open_question = question(REFUSAL, NONE, task="unanswerable")
    assert scores_of(open_question, "the document leaves this open")["value"] == 1
    assert scores_of(open_question, "It is 76.0 t.")["refusal"] == 0
    assert scores_of(question("…", "absent"), REFUSAL)["refusal"] == 1


def test_always_refusing_scores_a_half_in_refusals_and_nothing_in_f1() -> None:
    """Catches a plain share, which a corpus with one refusal in five lets a model win by never refusing."""
    asked = [question(number=k) for k in range(8)] + [question(REFUSAL, NONE, number=8), question(REFUSAL, NONE, number=9)]
    for said in (REFUSAL, "12 t"):
        found = score_all(asked, [said] * 10).scores
        assert found["all", "refusal"].mean == pytest.approx(0.5)
        assert found["all", "f1"].mean == 0


def test_f1_is_mmlongbenchs() -> None:
    """3 answerable, of which 2 right and 1 refused; 1 open, answered: recall 2/3, precision 2/3."""
    asked = [question(number=k) for k in range(3)] + [question(REFUSAL, NONE, number=3)]
    found = score_all(asked, ["It is 76.0 t."] * 2 + [REFUSAL, "It is 5 t."]).scores
    assert found["all", "f1"].mean == pytest.approx(2 / 3)


def test_transcriptions_are_scored_by_characters_and_boxes() -> None:
    page = '<p data-bbox="1 2 300 400">' + "a long line of text that has to be copied out " * 8 + "</p>"
    perfect, cut = (scores_of(question(page, None), text) for text in (page, page[:60]))
    assert perfect == {"cer": 0, "one_minus_ned": 1, "box_iou": 1}
    assert cut["cer"] > 100
    assert cut["box_iou"] == 1


def test_character_errors_are_summed_not_averaged() -> None:
    texts = ["a" * 300 + " b" * 50, "c" * 100 + " d" * 40]
    asked = [question(text, None, number=k) for k, text in enumerate(texts)]
    found = score_all(asked, [texts[0], ""]).scores["all", "cer"]
    assert found.mean == pytest.approx(len(texts[1]) / sum(map(len, texts)))


def test_leaves_of_stored_answers() -> None:
    parts: list[Json] = [{"type": "bool", "value": True}, {"type": "text", "value": "HL-531"}, NUMBER]
    assert text_leaves({"type": "list", "value": parts, "ordered": True}) == (["HL-531"], True)
    assert text_leaves(NUMBER) == ([], False)


def test_scores_are_grouped_by_family_and_task() -> None:
    asked = [question(number=0), question(number=1, task="other")]
    found = score_all(asked, ["It is 76.0 t.", "no"]).scores
    assert found["made/lookup", "value"].mean == 1
    assert found["made/other", "value"].mean == 0
    assert found["made", "value"].mean == found["all", "value"].mean == 0.5
    assert found["all", "value"].clusters == 2


def test_blind_baselines_answer_from_training_questions_alone() -> None:
    memory = [question("12 t", text="How much coal?"), question("9 t", text="How much iron ore?"), question("9 t", text="How much tin?")]
    asked = [question("?", text="how much coal was there")]
    assert most_frequent(memory, asked) == ["9 t"]
    assert nearest_question(memory, asked) == ["12 t"]
    assert most_frequent(memory, [question(task="unseen")]) == [""]
    refusals = [question(REFUSAL, NONE, task="unanswerable")] * 3
    assert most_frequent(refusals, refusals[:1]) == [""]


def test_a_difference_between_systems_is_paired_by_question() -> None:
    asked = [question(number=k) for k in range(30)]
    right, wrong = ["It is 76.0 t."] * 30, ["It is 1 t."] * 30
    better = compare(asked, right, wrong[:15] + right[15:])
    assert better is not None
    assert better.mean == 0.5
    assert better.low > 0
    same = compare(asked, right, right)
    assert same is not None
    assert (same.low, same.high) == (0, 0)
    assert compare([question(answer=None)], ["a"], ["b"]) is None
    assert compare([question(REFUSAL, NONE)], [REFUSAL], ["b"]) is None


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> QuestionSet:
    samples = [conversation(f"made/{k}") for k in range(3)]
    return QuestionSet([corpora.store(tmp_path_factory.mktemp("data") / "made", samples, per_shard=2)])


def random_model() -> Qwen3VL:
    model = Qwen3VL(preset("tiny"))
    model.init_weights(3)
    return model


def test_predictions_do_not_depend_on_the_batch(asked: QuestionSet) -> None:
    model = random_model()
    alone, together = (predict(model, asked, SMALL, max_new_tokens=4, batch_tokens=size) for size in (1, 100_000))
    assert alone == together
    assert len(alone) == len(asked.questions) == 6


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_model_that_learnt_the_answers_gives_them(asked: QuestionSet) -> None:
    """Training rows and prompts must agree to the token, or what was learnt by heart would not come back."""
    model, rows = random_model(), []
    for one in asked.questions[:2]:
        prompt = prompt_of(asked.sample(one), one.turn)
        rows.append(encode(replace(prompt, turns=(*prompt.turns[:-1], Turn("assistant", one.reference))), SMALL))
    batch = to_batch(rows, sum(len(one.ids) for one in rows))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(40):
        model(batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert predict(model, asked, SMALL, max_new_tokens=16)[:2] == [one.reference for one in asked.questions[:2]]


def test_questions_may_be_limited_to_samples_spread_over_the_data(tmp_path: Path) -> None:
    folder = corpora.store(tmp_path / "made", [conversation(f"made/{k}") for k in range(10)])
    assert [one.sample_id for one in QuestionSet([folder], limit=2).questions] == ["made/0", "made/0", "made/5", "made/5"]


def test_data_without_questions_are_refused(tmp_path: Path) -> None:
    folder = corpora.store(tmp_path / "made", [corpora.sample("made/0", [Turn("user", "hello")])])
    with pytest.raises(UserError, match="holds no question"):
        QuestionSet([folder])


def test_every_prediction_is_written(asked: QuestionSet, tmp_path: Path) -> None:
    write_predictions(tmp_path / "p.jsonl", asked.questions, [str(k) for k in range(6)])
    lines: list[dict[str, Any]] = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert [line["prediction"] for line in lines] == ["0", "1", "2", "3", "4", "5"]
    assert lines[1]["reference"] == REFUSAL


def test_predictions_are_proved_by_the_family_from_the_stored_bytes(tmp_path: Path) -> None:
    family = load_family("tiny.meters", {})
    samples = [make_sample(family, "tiny.meters", index, 1) for index in range(3)]
    made = QuestionSet([corpora.store(tmp_path / "meters", samples)])
    right = [one.reference for one in made.questions]
    assert all(judged(made, right, Judges().prove))
    wrong = [right[0] + "1", *right[1:]]
    assert judged(made, wrong, Judges().prove) == [False, *[True] * (len(right) - 1)]
