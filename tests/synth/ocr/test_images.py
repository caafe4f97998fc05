"""A picture of the user's own is labelled by two engines that agree, and no other answer about it is accepted."""

import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from schemas.dialect import parse_spotting, write_spotting
from schemas.errors import DataError, NotInstalledError, UserError
from schemas.geometry import iou
from schemas.sample import Attachment, BoxPx, Evidence, Image, Sample, Turn
from schemas.shard import write_shard
from synth.load import load_family
from synth.make import make_sample, verify_sample
from synth.ocr.images import Images
from synth.readers import models
from synth.readers.models import engine_assets
from synth.readers.twice import NAME, readings_attachment, stored_readings
from synth.render.ink import Placed, draw_plate, ink_box
from synth.render.typeset import Span, Style, Typesetter

STORY = ["Harbour opening hours", "The harbour is open from seven", "until nine in the evening.", "Dogs are welcome here."]


def installed() -> bool:
    try:
        engine_assets("en")
    except NotInstalledError:
        return False
    return True


needs_engines = pytest.mark.skipif(not installed(), reason="the engines are not installed: run `make readback`")


def draw(texts: Sequence[str], code: str = "en", size_px: float = 30.0) -> Pillow.Image:
    """Lines below each other, with a wide margin that holds nothing."""
    setter = Typesetter(code)
    lines = [setter.lines([Span(text, Style(size_px))], 1e6)[0] for text in texts]
    placed = [Placed(line, 30 - ink_box(line)[0], round((i + 1.5) * 2 * size_px), code) for i, line in enumerate(lines)]
    width = int(max(ink_box(line)[2] - ink_box(line)[0] for line in lines)) + 260
    return draw_plate(width, round((len(texts) + 2) * 2 * size_px), placed).picture.convert("RGB")


def store(folder: Path, *pictures: Pillow.Image) -> str:
    for number, picture in enumerate(pictures):
        picture.save(folder / f"{number}.png")
    return str(folder / "*.png")


def family(pattern: str, **params: object) -> Any:
    return load_family("ocr.images", {"pattern": pattern, "questions": 12, **params}, "test")


def made(pattern: str, index: int = 0, **params: object) -> Sample:
    return make_sample(family(pattern, **params), "ocr.images", index, 3)


@pytest.fixture(scope="module")
def clear(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """A picture in which everything is read alike."""
    return made(store(tmp_path_factory.mktemp("clear"), draw(STORY)))


@pytest.fixture(scope="module")
def doubtful(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """A picture with two lines in letters that the engines do not know."""
    picture = draw(STORY)
    below = draw(["Гавань открыта", "с семи часов"], "ru")
    whole = Pillow.new("RGB", (max(picture.width, below.width), picture.height + below.height), (255, 255, 255))
    whole.paste(picture, (0, 0))
    whole.paste(below, (0, picture.height))
    return made(store(tmp_path_factory.mktemp("doubtful"), whole))


def judged(sample: Sample) -> list[tuple[bool, str]]:
    return [(v.passed, v.reason) for v in verify_sample(Images("nothing is read from here"), sample).verdicts]


def answers(sample: Sample, *tasks: str) -> list[int]:
    return [n for n, turn in enumerate(sample.turns) if turn.role == "assistant" and (not tasks or turn.task in tasks)]


def verdict_with(sample: Sample, number: int, turn: Turn) -> tuple[bool, str]:
    """The verdict over answer `number` when it is `turn`."""
    changed = replace(sample, turns=(*sample.turns[:number], turn, *sample.turns[number + 1 :]))
    return judged(changed)[number // 2]


@needs_engines
def test_all_tasks_are_asked_and_proved(clear: Sample) -> None:
    assert all(passed for passed, _ in judged(clear))
    assert {turn.task for turn in clear.turns} == {"transcribe", "spot_lines", "read_line", "find_lines", "transcribe_box", "spot_box"}
    (whole,) = answers(clear, "transcribe")[:1]
    assert clear.turns[whole].text == "\n".join(STORY)
    assert {verdict.how for verdict in clear.verdicts} == {"artefact"}
    assert "disputed:0" in clear.tags
    used = {asset["name"] for asset in json.loads(clear.provenance)["assets"]}
    assert {"0.png", "eng.traineddata", "PP-OCRv6_small_rec/inference.onnx"} <= used


@needs_engines
def test_lines_in_doubt_are_listed_with_both_readings_and_stay_out_of_all_answers(doubtful: Sample) -> None:
    lines = stored_readings(doubtful.stored).lines
    unlike = [line for line in lines if line.first != line.second]
    assert len(unlike) == 2
    assert "disputed:2" in doubtful.tags
    assert not answers(doubtful, "transcribe", "spot_lines")  # of the whole picture nothing is said
    proofs = [turn.proof for turn in doubtful.turns if turn.proof]
    shown = [evidence.box_px for proof in proofs for evidence in proof.evidence if evidence.box_px]
    assert shown
    assert not any(iou(box, line.box_px) for box in shown for line in unlike)
    assert all(passed for passed, _ in judged(doubtful))


@needs_engines
def test_what_is_not_there_is_said_not_to_be(tmp_path: Path) -> None:
    pattern = store(tmp_path, draw(STORY))
    refusals = [
        turn
        for index in range(4)
        for turn in made(pattern, index, questions=18).turns
        if turn.role == "assistant" and turn.proof and turn.proof.answer == "absent"
    ]
    assert {turn.task for turn in refusals} == {"read_line", "find_lines"}
    assert {turn.text for turn in refusals} <= {"```json\n[]\n```", "There is no text there.", "那里没有文字。"}


@needs_engines
def test_an_answer_with_one_letter_changed_is_refused(clear: Sample) -> None:
    for number in answers(clear):
        turn = clear.turns[number]
        at = next((i for i, char in enumerate(turn.text) if char.isalpha() and i > 12), 0)
        text = turn.text[:at] + ("x" if turn.text[at] != "x" else "y") + turn.text[at + 1 :]
        passed, reason = verdict_with(clear, number, replace(turn, text=text))
        assert not passed
        assert reason.startswith("wrong_answer")


@needs_engines
def test_swapped_lines_are_refused(clear: Sample) -> None:
    for number in answers(clear, "transcribe", "transcribe_box"):
        turn = clear.turns[number]
        lines = turn.text.split("\n")
        if turn.proof is None or len(lines) < 2:
            continue
        text = "\n".join([lines[1], lines[0], *lines[2:]])
        evidence = (turn.proof.evidence[1], turn.proof.evidence[0], *turn.proof.evidence[2:])
        assert verdict_with(clear, number, replace(turn, text=text))[1].startswith("wrong_answer")
        swapped = replace(turn, text=text, proof=replace(turn.proof, answer=text, evidence=evidence))
        assert verdict_with(clear, number, swapped)[1].startswith("wrong_order")


@needs_engines
def test_a_box_shifted_by_a_third_of_its_height_and_a_line_left_out_are_refused(clear: Sample) -> None:
    for number in answers(clear, "spot_lines", "spot_box"):
        turn = clear.turns[number]
        first, *rest = parse_spotting(turn.text)
        x0, y0, x1, y1 = first.box_1000
        third = (y1 - y0) // 3
        moved = write_spotting([replace(first, box_1000=(x0, y0 + third, x1, y1 + third)), *rest])
        assert verdict_with(clear, number, replace(turn, text=moved))[1].startswith("wrong_answer")
        assert verdict_with(clear, number, replace(turn, text=write_spotting(rest)))[1].startswith("wrong_answer")


@needs_engines
def test_evidence_must_be_the_lines_boxes(clear: Sample) -> None:
    for number in answers(clear):
        turn = clear.turns[number]
        assert turn.proof is not None
        elsewhere: BoxPx = (1.0, 1.0, 20.0, 20.0)
        moved = (*turn.proof.evidence[1:], Evidence(0, elsewhere))
        assert verdict_with(clear, number, replace(turn, proof=replace(turn.proof, evidence=moved)))[1].startswith("wrong_evidence")


def with_picture(sample: Sample, picture: Pillow.Image) -> Sample:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return replace(sample, images=(Image.of(buffer.getvalue(), "png", picture.width, picture.height),))


def opened(sample: Sample) -> Pillow.Image:
    with Pillow.open(io.BytesIO(sample.images[0].data)) as picture:
        return picture.convert("RGB")


@needs_engines
def test_a_picture_that_was_changed_is_refused(clear: Sample) -> None:
    """Catches a verifier that believes the stored readings: one line is painted over, the picture is shifted, another one is stored."""
    picture = opened(clear)
    x0, y0, x1, y1 = map(int, stored_readings(clear.stored).lines[1].box_px)
    covered = picture.copy()
    covered.paste((255, 255, 255), (x0, y0, x1, y1))
    shifted = Pillow.fromarray(np.roll(np.asarray(picture), 8, axis=0))
    for other in (covered, shifted, draw(["Something else"])):
        assert all(reason.startswith("other_reading") for _, reason in judged(with_picture(clear, other)))


def with_readings(sample: Sample, readings: Attachment) -> Sample:
    return replace(sample, attachments=tuple(readings if item.name == NAME else item for item in sample.attachments))


@needs_engines
def test_readings_that_were_edited_are_refused(doubtful: Sample) -> None:
    found = stored_readings(doubtful.stored)
    unlike = next(line for line in found.lines if line.first != line.second)
    made_alike = tuple(replace(line, second=line.first) if line is unlike else line for line in found.lines)
    left_out = tuple(line for line in found.lines if line is not unlike)
    for lines in (made_alike, left_out):
        changed = with_readings(doubtful, readings_attachment(replace(found, lines=lines)))
        assert all(reason.startswith("other_reading") for _, reason in judged(changed))


@needs_engines
def test_a_region_that_meets_other_text_is_refused(clear: Sample) -> None:
    number = answers(clear, "spot_box")[0]
    asked, turn = clear.turns[number - 1], clear.turns[number]
    assert turn.proof is not None
    old, new = str(turn.proof.program["box"]), [0, 0, 1000, 400]  # type: ignore[index, call-overload]
    changed = replace(
        clear,
        turns=(
            *clear.turns[: number - 1],
            replace(asked, text=asked.text.replace(old, str(new))),
            replace(turn, proof=replace(turn.proof, program={"op": "spot_box", "box": [*new]})),
            *clear.turns[number + 1 :],
        ),
    )
    assert judged(changed)[number // 2][1].startswith(("wrong_question", "wrong_evidence"))
    unlike = replace(turn, proof=replace(turn.proof, program={"op": "spot_box", "box": [*new]}))
    assert verdict_with(clear, number, unlike)[1].startswith("wrong_question")


@needs_engines
def test_text_is_not_said_to_be_absent_where_it_is(clear: Sample) -> None:
    for number in answers(clear, "read_line", "find_lines"):
        turn = clear.turns[number]
        assert turn.proof is not None
        if turn.proof.answer == "absent":
            continue
        text = "```json\n[]\n```" if turn.task == "find_lines" else "There is no text there."
        absent = replace(turn, text=text, proof=replace(turn.proof, answer="absent", evidence=()))
        assert not verdict_with(clear, number, absent)[0]


@needs_engines
@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (Pillow.new("RGB", (300, 200), (200, 220, 240)), "no_text"),
        (draw(["Гавань открыта", "с семи часов утра"], "ru"), "readers_disagree"),
    ],
    ids=["nothing", "other letters"],
)
def test_what_cannot_be_labelled_has_a_reason(picture: Pillow.Image, reason: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        made(store(tmp_path, picture))
    assert caught.value.reason == reason


@needs_engines
def test_a_sample_stays_within_its_tokens(tmp_path: Path) -> None:
    sample = made(store(tmp_path, draw(STORY * 3)), questions=20, context_tokens=1_024)
    assert sample.text_tokens + sample.vision_tokens <= 1_024
    assert sample.turns


@needs_engines
@pytest.mark.slow
def test_another_process_makes_equal_bytes(tmp_path: Path) -> None:
    pattern = store(tmp_path, draw(STORY))
    code = (
        "import hashlib, sys; from schemas.shard import write_shard;"
        "from synth.load import load_family; from synth.make import make_sample;"
        "family = load_family('ocr.images', {'pattern': sys.argv[1], 'questions': 12});"
        "print(hashlib.sha256(write_shard([make_sample(family, 'ocr.images', 0, 3)])).hexdigest())"
    )
    hashes = {subprocess.run([sys.executable, "-c", code, pattern], capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert len(hashes) == 1
    assert hashes == {hashlib.sha256(write_shard([made(pattern)])).hexdigest() + "\n"}


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"language": "th"}, "which only one engine reads"),
        ({"language": "eng"}, "which is not known"),
        ({"questions": 0}, "questions is 0"),
        ({"context_tokens": 100}, "context_tokens is 100"),
    ],
)
def test_wrong_parameters_are_told(params: dict[str, object], told: str) -> None:
    with pytest.raises(UserError, match=told):
        family("a.png", **params)


def test_missing_engines_are_told_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pattern = store(tmp_path, draw(STORY))
    monkeypatch.setattr(models, "find_spec", lambda name: None if name == "tesserocr" else object())
    with pytest.raises(NotInstalledError, match=r"(?s)tesserocr is not installed.*make readback"):
        family(pattern).pin()


def test_files_that_are_no_pictures_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("no picture")
    monkeypatch.setattr("synth.ocr.images.engine_assets", lambda code: ())
    with pytest.raises(UserError, match="is a picture"):
        family(str(tmp_path / "*")).pin()
