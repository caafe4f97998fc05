"""`video.clips` with planted faults: other frames, other times, another film, labels one sign off, and answers that are nearly right."""

import io
from dataclasses import replace
from functools import cache
from typing import cast

import numpy as np
import pytest
from PIL import Image

from pipelines.report import check_sample
from schemas.errors import DataError
from schemas.sample import Attachment, Json, Sample, Stored, Turn
from schemas.timecode import Notation, write_rounded
from synth.load import load_family
from synth.make import make_sample, truth_adapter
from synth.video import prompts
from synth.video.clips_film import Label, draw_labels, plate, write_excerpt
from synth.video.clips_seen import Watched, spans_of, watch
from synth.video.decode import probe
from tests.synth.video.films import sound_only, write_film

PARAMS = {"pattern": "tests/synth/contracts/video.clips/places.mp4", "labels": [3, 3], "questions": 10}


@cache
def sample() -> Sample:
    return make_sample(load_family("video.clips", PARAMS), "video.clips", 0, 4)


def reasons(stored: Stored, turns: tuple[Turn, ...] | None = None) -> set[str]:
    family = load_family("video.clips", PARAMS)
    truth = truth_adapter(family).validate_json(sample().truth)
    found = family.verify(stored, turns or sample().turns, truth)
    return {verdict.reason.partition(":")[0] for verdict in found if not verdict.passed}


def test_the_sample_is_proved() -> None:
    assert len(sample().turns) >= 10
    assert reasons(sample().stored) == set()


def test_a_frame_of_another_time_is_noticed() -> None:
    """Two stored frames are exchanged: their times are right, their pixels are not."""
    (clip,) = sample().clips
    frames = list(clip.frames)
    frames[1], frames[-2] = frames[-2], frames[1]
    assert reasons(replace(sample().stored, clips=(replace(clip, frames=tuple(frames)),))) == {"other_frame"}


def test_the_next_frame_is_noticed() -> None:
    (clip,) = sample().clips
    numbers = (*(number + 1 for number in clip.frame_index[:-1]), clip.frame_index[-1])
    times = watch(sample().attachments[0].data, clip).time_s
    moved = replace(clip, frame_index=numbers, time_s=tuple(times[number] for number in numbers))
    assert reasons(replace(sample().stored, clips=(moved,))) == {"other_frame"}


@pytest.mark.parametrize("shift_s", [0.04, -0.05, 1.0])
def test_times_that_are_off_by_a_frame_are_noticed(shift_s: float) -> None:
    (clip,) = sample().clips
    times = tuple(max(0.0, time + shift_s) for time in clip.time_s)
    assert reasons(replace(sample().stored, clips=(replace(clip, time_s=times),))) == {"other_time"}


def test_another_length_is_noticed() -> None:
    (clip,) = sample().clips
    assert reasons(replace(sample().stored, clips=(replace(clip, duration_s=clip.duration_s + 5),))) == {"other_length"}


def test_another_film_is_noticed() -> None:
    other = Attachment.of("film.mp4", "video/mp4", write_film(None, [k * 40 for k in range(60)]))
    assert reasons(replace(sample().stored, attachments=(other,))) == {"other_film"}
    (clip,) = sample().clips
    assert reasons(replace(sample().stored, attachments=(other,), clips=(replace(clip, source_sha256=other.sha256),))) - {"other_film"}


def test_answers_that_are_nearly_right_are_refused() -> None:
    """A tenth or a hundredth of a second, a neighbour's span, a reversed order, one shot more."""
    turns = list(sample().turns)
    tried = 0
    for place, turn in enumerate(turns):
        if turn.role != "assistant" or turn.proof is None or turn.proof.answer == "absent":
            continue
        for wrong in _near(turn):
            tried += 1
            changed = (*turns[:place], replace(turn, text=wrong), *turns[place + 1 :])
            assert reasons(sample().stored, changed) == {"other_answer"}, (turn.text, wrong)
    assert tried >= 6


def _near(turn: Turn) -> list[str]:
    digits = [k for k, sign in enumerate(turn.text) if sign.isdigit()]
    last = digits[-1] if digits else None
    found = [] if last is None else [turn.text[:last] + str((int(turn.text[last]) + 1) % 10) + turn.text[last + 1 :]]
    if turn.task == "label_order":
        found.append(", ".join(reversed(turn.text.split(", "))))
    return found


def test_times_finer_than_the_frames_shown_are_refused() -> None:
    """The film's own times of a label, right to the tenth, where frames shown lie further apart."""
    family = load_family("video.clips", {**PARAMS, "languages": ["en"]})
    made = make_sample(family, "video.clips", 0, 4)
    place = next(k for k, turn in enumerate(made.turns) if turn.task == "label_when" and turn.proof and turn.proof.evidence)
    proof = made.turns[place].proof
    assert proof
    assert proof.evidence[0].time_s
    assert isinstance(proof.program, dict)
    notation = cast(Notation, proof.program["notation"])
    form = prompts.match("clips_prompts", "label_when", made.turns[place - 1].text.removeprefix("<video>\n"))
    assert form
    times: list[Json] = [write_rounded(time, notation, 0.1) for time in proof.evidence[0].time_s]
    asked = made.turns[place - 1].text.replace(form[1]["form"], prompts.say_form("clips_prompts", notation, "en", 0.1))
    answered = replace(made.turns[place], text=f"From {times[0]} to {times[1]}.", proof=replace(proof, answer=times))
    turns = (*made.turns[: place - 1], replace(made.turns[place - 1], text=asked), answered, *made.turns[place + 1 :])
    verdict = family.verify(made.stored, turns, truth_adapter(family).validate_json(made.truth))[place // 2]
    assert verdict.reason.startswith("doubtful: the frames shown do not tell the time to 0.1 s")


def test_answers_that_need_frames_which_are_not_shown_are_refused() -> None:
    (clip,) = sample().clips
    few = replace(clip, frames=clip.frames[:4], time_s=clip.time_s[:4], frame_index=clip.frame_index[:4])
    family = load_family("video.clips", PARAMS)
    found = family.verify(replace(sample().stored, clips=(few,)), sample().turns, truth_adapter(family).validate_json(sample().truth))
    assert {v.reason.partition(":")[0] for v in found if v.task in ("label_order", "label_count", "shot_count", "shot_list")} == {
        "doubtful"
    }


def test_evidence_must_be_the_span() -> None:
    turns = list(sample().turns)
    place = next(k for k, turn in enumerate(turns) if turn.proof and turn.proof.evidence)
    proof = turns[place].proof
    assert proof
    moved = tuple(replace(e, time_s=(e.time_s[0], e.time_s[1] + 0.1)) for e in proof.evidence if e.time_s)
    turns[place] = replace(turns[place], proof=replace(proof, evidence=moved))
    assert reasons(sample().stored, tuple(turns)) == {"other_evidence"}


def watched(text: str) -> Watched:
    """A grey film of 40 frames whose frames 10 to 24 show a label."""
    frame = np.full((40, 240, 320), 110, np.uint8)
    part = plate(text, 240)
    frame[10:25, 60 : 60 + part.shape[0], 80 : 80 + part.shape[1]] = part
    return Watched(tuple(k / 25 for k in range(40)), 1.6, 240, frame, (), True, (), "")


@pytest.mark.parametrize("text", ["AK-6XX", "UU-VEG", "22-T3B", "8B-SG6", "MW-NMH"])
def test_a_label_is_found_in_its_frames_and_no_text_that_is_like_it(text: str) -> None:
    assert spans_of(watched(text), text) == [(10, 24)]
    for place in (0, 1, 3, 4, 5):
        other = text[:place] + ("E" if text[place] != "E" else "F") + text[place + 1 :]
        assert spans_of(watched(other), text) in (None, [])


def test_labels_follow_a_continuous_law() -> None:
    """Last digits of hundredths of seconds of drawn starts must not tell the law; chi-square with 9 degrees of freedom, p > 0.01."""
    rng = np.random.default_rng(8)
    starts = [label.start * 60 for _ in range(800) for label in draw_labels(3, rng)]
    counts = np.bincount([int(start * 100) % 10 for start in starts], minlength=10)
    assert ((counts - len(starts) / 10) ** 2 / (len(starts) / 10)).sum() < 21.67


def test_an_excerpt_has_every_frame_at_its_own_time() -> None:
    """Of a film of variable rate: times are kept, not made even."""
    ticks = [0, 17, 50, 100, 200, 217, 250, 300, 400, 417, 450, 500]
    source = write_film(None, ticks)
    film = probe(source)
    stored, shown = write_excerpt(source, film, 2, 10, (Label("AB-CDE", 0.0, 1.0, (0.0, 0.0)),))
    assert np.allclose(probe(stored).time_s, [(tick - 50) / 1000 for tick in ticks[2:11]], atol=1e-5)
    assert shown == ()  # 0.45 s is too short for a label


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "zero_byte"), (b"text" * 99, "not_a_video"), (sound_only(), "no_video_stream"), (write_film(None, [0, 40]), "too_few_frames")],
)
def test_a_file_that_is_no_clip_costs_its_own_sample(data: bytes, reason: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        make_sample(load_family("video.clips", {"pattern": str(path)}), "video.clips", 0, 1)
    assert caught.value.reason == reason


def test_stored_frames_have_the_size_that_was_chosen() -> None:
    (clip,) = sample().clips
    sizes = {Image.open(io.BytesIO(frame)).size for frame in clip.frames}
    assert len(sizes) == 1
    width, height = sizes.pop()
    assert width % 32 == height % 32 == 0
    assert len(clip.frames) % 2 == 0


def test_a_stored_clip_is_checked_with_its_tokens() -> None:
    """What `assay verify` does to each sample; it once counted tokens without clips."""
    proved, broken = check_sample(sample())
    assert broken == []
    assert sum(proved.values()) == len(sample().turns) // 2
    _, broken = check_sample(replace(sample(), vision_tokens=sample().vision_tokens + 1))
    assert "counting gives" in broken[0]
