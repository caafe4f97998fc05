"""Greedy decoding with a cache against decoding without one, and against transformers' `generate`."""

from pathlib import Path

import pytest
import torch

from model.generate import generate
from model.qwen3_vl import Qwen3VL
from model.rope import position_ids
from model.weights import load_hf
from tests.model.reference import inputs, reference_model, save_reference
from tests.model.rows import MOE, Sample, packed, random_model, sample, tiny

PROMPTS = [sample(0, [("image", (1, 4, 8))]), sample(1, text=3), sample(2, [("video", (2, 4, 4)), ("image", (1, 2, 2))], text=9)]


def longer(prompt: Sample, answer: list[int]) -> Sample:
    ids = torch.cat([torch.from_numpy(prompt.ids), torch.tensor(answer, dtype=torch.int32)]).numpy()
    return Sample(ids, prompt.grids, prompt.videos, prompt.patches)


@torch.no_grad()
def without_cache(model: Qwen3VL, prompt: Sample, count: int) -> list[int]:
    answer: list[int] = []
    for _ in range(count):
        answer.append(int(model.logits(packed([longer(prompt, answer)]))[-1].argmax()))
    return answer


@pytest.mark.parametrize("changes", [{}, MOE], ids=["dense", "experts"])
def test_a_batch_with_a_cache_says_what_each_prompt_says_alone_without(changes: dict[str, int]) -> None:
    model = random_model(tiny(**changes))
    assert generate(model, packed(PROMPTS), 6, ()) == [without_cache(model, prompt, 6) for prompt in PROMPTS]


def test_answers_are_those_of_transformers(tmp_path: Path) -> None:
    theirs = reference_model(tiny())
    save_reference(theirs, tmp_path)
    answers = generate(load_hf(tmp_path), packed(PROMPTS), 8, ())
    for prompt, answer in zip(PROMPTS, answers, strict=True):
        theirs.model.rope_deltas = None
        wanted = theirs.generate(**inputs(prompt), max_new_tokens=8, do_sample=False, eos_token_id=None, pad_token_id=0)
        assert answer == wanted[0, len(prompt.ids) :].tolist()


def test_an_answer_ends_before_a_stop_token_while_others_go_on() -> None:
    model = random_model(tiny())
    free = generate(model, packed(PROMPTS), 6, ())
    stop = free[0][2]
    stopped = generate(model, packed(PROMPTS), 6, (stop,))
    assert stopped[0] == free[0][: free[0].index(stop)]
    assert any(len(answer) == 6 for answer in stopped)


def test_a_padded_row_names_its_prompts() -> None:
    from dataclasses import replace

    model = random_model(tiny())
    padded = replace(packed(PROMPTS, 150), sample_ids=("a", "b", "c"))
    assert generate(model, padded, 4, ()) == generate(model, packed(PROMPTS), 4, ())
    assert generate(model, padded, 0, ()) == [[], [], []]


def test_what_follows_an_image_goes_on_from_its_larger_side() -> None:
    """Catches decoding from the position of the last token, which inside an image is not the largest."""
    prompt = sample(3, [("image", (1, 12, 2))])
    cut = Sample(prompt.ids[:-1][: int((prompt.ids == 151655).nonzero()[0][-1]) + 1], prompt.grids, prompt.videos, prompt.patches)
    assert position_ids(cut.ids, cut.grids)[:, -1].tolist() != [position_ids(cut.ids, cut.grids).max()] * 3
    model = random_model(tiny())
    assert generate(model, packed([cut]), 5, ()) == [without_cache(model, cut, 5)]
