"""Answers about text in pictures are proved, and no other answer is."""

import io
import json
from dataclasses import replace
from functools import cache

import pytest
from numpy.random import PCG64, Generator
from PIL import Image as Pillow

from schemas.errors import UserError
from schemas.sample import Evidence, Image, Sample, Turn
from synth.load import load_family
from synth.make import make_sample, verify_sample
from synth.ocr import prompts
from synth.ocr.corpus import Writer, load_corpus

SEED = 11
PARAMS: dict[str, dict[str, object]] = {
    "ocr.line": {"languages": ["en", "ar", "hi", "ja"], "units": ["line"], "wear": ["print", "photo"], "questions": 6},
    "ocr.page": {"languages": ["en", "ar", "zh-Hant", "th"], "wear": ["print"], "questions": 7},
    "ocr.scene": {"languages": ["fr", "fa", "ta", "ja"], "wear": ["photo"], "questions": 5},
    "ocr.form": {"languages": ["de", "he", "ko", "bn"], "wear": ["scan"], "questions": 6},
}


@cache
def made(name: str) -> tuple[Sample, ...]:
    return tuple(make_sample(load_family(name, PARAMS[name], "test"), name, index, SEED) for index in range(8))


def samples(name: str) -> tuple[Sample, ...]:
    """Those that are kept: a photograph may have hidden a word."""
    return tuple(sample for sample in made(name) if all(verdict.passed for verdict in sample.verdicts))


def proved(name: str, sample: Sample) -> tuple[bool, ...]:
    return tuple(verdict.passed for verdict in verify_sample(load_family(name, PARAMS[name], "test"), sample).verdicts)


def answers(sample: Sample) -> list[tuple[int, Turn]]:
    return [(number, turn) for number, turn in enumerate(sample.turns) if turn.role == "assistant"]


def with_turn(sample: Sample, number: int, turn: Turn) -> Sample:
    return replace(sample, turns=(*sample.turns[:number], turn, *sample.turns[number + 1 :]))


@pytest.mark.parametrize("name", PARAMS)
def test_what_a_family_asks_is_proved(name: str) -> None:
    reasons = [verdict.reason for sample in made(name) for verdict in sample.verdicts if not verdict.passed]
    assert all(reason.startswith("unreadable: ") for reason in reasons), reasons
    assert len(samples(name)) >= 6
    assert all(all(proved(name, sample)) for sample in samples(name))
    tasks = {turn.task for sample in samples(name) for turn in sample.turns}
    assert {"transcribe", "read_box", "spelled"} <= tasks


@pytest.mark.parametrize("name", PARAMS)
def test_no_other_answer_is_proved(name: str) -> None:
    """One letter more, one line less, a JSON box moved by a third of its height, a value changed."""
    for sample in samples(name):
        for number, turn in answers(sample):
            wrong = [turn.text + "x", turn.text[:-1]]
            if turn.task.startswith("spot"):
                found = json.loads(turn.text.removeprefix("```json\n").removesuffix("\n```"))
                x0, y0, x1, y1 = found[0]["bbox_2d"]
                third = max((y1 - y0) // 3, 3)
                found[0]["bbox_2d"] = [x0, min(y0 + third, 1000), x1, min(y1 + third, 1000)]
                wrong += [json.dumps(found, ensure_ascii=False), json.dumps(found[1:], ensure_ascii=False)]
            if turn.task == "transcribe" and "\n" in turn.text:
                lines = turn.text.split("\n")
                wrong.append("\n".join([lines[1], lines[0], *lines[2:]]))
            if turn.task == "fill":
                filled = json.loads(turn.text)
                key = next(key for key, value in filled.items() if isinstance(value, str))
                wrong.append(json.dumps({**filled, key: "0"}, ensure_ascii=False))
            if turn.task == "read_box":
                wrong.append(prompts.answer("nothing", "en") if turn.text != prompts.answer("nothing", "en") else "text")
            for text in wrong:
                verdicts = proved(name, with_turn(sample, number, replace(turn, text=text)))
                assert not verdicts[number // 2], (turn.task, text)


@pytest.mark.parametrize("name", PARAMS)
def test_moved_evidence_and_other_questions_are_refused(name: str) -> None:
    sample = samples(name)[0]
    number, turn = answers(sample)[0]
    assert turn.proof is not None
    box = turn.proof.evidence[0].box_px
    assert box is not None
    moved = Evidence(0, (box[0], box[1] + 3.0, box[2], box[3] + 3.0))
    shifted = replace(turn, proof=replace(turn.proof, evidence=(moved, *turn.proof.evidence[1:])))
    assert not proved(name, with_turn(sample, number, shifted))[0]
    other = with_turn(sample, number - 1, replace(sample.turns[number - 1], text="<image>\nHow are you?"))
    assert not proved(name, other)[0]


def test_a_picture_that_does_not_show_its_text_is_refused() -> None:
    sample = samples("ocr.line")[0]
    (image,) = sample.images
    with Pillow.open(io.BytesIO(image.data)) as picture:
        pale = Pillow.new("RGB", picture.size, (200, 200, 200))
    buffer = io.BytesIO()
    pale.save(buffer, "JPEG")
    blank = replace(sample, images=(Image.of(buffer.getvalue(), "jpeg", image.width_px, image.height_px),))
    assert not any(proved("ocr.line", blank))


def test_wrong_parameters_are_told() -> None:
    with pytest.raises(UserError, match="klingon"):
        load_family("ocr.line", {"languages": ["klingon"]}, "test")
    with pytest.raises(UserError, match="wear"):
        load_family("ocr.page", {"wear": ["dirty"]}, "test")
    with pytest.raises(UserError, match="languages"):
        load_family("ocr.form", {"languages": ["xx"]}, "test")


@pytest.mark.parametrize("code", ["en", "zh-Hant", "ar", "th", "sr", "ceb"])
def test_a_language_has_text_of_its_own(code: str) -> None:
    corpus = load_corpus(code)
    assert len(corpus.sentences) >= 80
    assert len(corpus.words) >= 300
    assert corpus.sources
    first, second = (Writer(code, Generator(PCG64(5))) for _ in range(2))
    for kind in ("sentence", "word", "title", "number", "price", "date", "time", "phone", "person", "company", "address"):
        assert getattr(first, kind)() == getattr(second, kind)()
