"""`video.events`: the log is found again in the film, wrong answers and wrong films are refused, times follow no grid."""

import io
from dataclasses import replace
from functools import cache
from typing import cast

import numpy as np
import pytest
from PIL import Image as PillowImage

from schemas.errors import DataError
from schemas.sample import Proof, Sample, Turn
from schemas.timecode import Notation, read_time, write_rounded, write_time
from synth.load import load_family
from synth.make import draft_sample, make_sample, truth_adapter, verify_sample
from synth.video import encode as encoding
from synth.video.decode import probe
from synth.video.draw import RGB, Drawing, draw_look
from synth.video.encode import Coding, encode, frame_ticks
from synth.video.events_observed import observe
from synth.video.events_prompts import event_text, question, read_event, read_question
from synth.video.events_tracks import HUES, spots_of
from synth.video.log import Actor, Push, World, happenings, simulate
from synth.video.log_plan import draw_world
from synth.video.shapes import SHAPES, outline, travel

SIZE = (384, 256)
CODINGS = [Coding((25, 1), False, 12, 0, 20), Coding((30_000, 1_001), False, 250, 3, 23), Coding((15, 1), True, 60, 2, 20)]


def world_of(seed: int, duration_s: float = 9.0) -> World:
    rng = np.random.default_rng(seed)
    while True:
        try:
            return draw_world(SIZE, duration_s, 0.3, rng)
        except DataError:
            continue


def film_of(world: World, coding: Coding) -> bytes:
    rng = np.random.default_rng(5)
    run = simulate(world)
    changes = [(item.time_s, item.time_s) for item in happenings(world, run)]
    changes += [(leg.start_s, leg.end_s) for legs in run.legs for leg in legs]
    ticks, base = frame_ticks(coding, world.duration_s, changes, rng)
    return encode(Drawing(world, run, draw_look(rng)).at, ticks, base, SIZE, coding)


@cache
def sample() -> Sample:
    return make_sample(load_family("video.events", {"max_s": 12.0, "questions": 12}), "video.events", 3, 11)


def verdict_of(changed: Sample) -> list[bool]:
    family = load_family("video.events", {"max_s": 12.0, "questions": 12})
    truth = truth_adapter(family).validate_json(changed.truth)
    return [verdict.passed for verdict in family.verify(changed.stored, changed.turns, truth)]


@pytest.mark.parametrize("coding", CODINGS)
def test_every_event_is_found_in_the_film_within_one_frame(coding: Coding) -> None:
    for seed in (1, 2):
        world = world_of(seed)
        scene = observe(film_of(world, coding))
        left = list(scene.events)
        for item in happenings(world, simulate(world)):
            actor = world.actors[item.who]
            name = f"the {actor.shape}" if len(actor.colours) > 1 else f"the {actor.colours[0][1]} {actor.shape}"
            same = [e for e in left if (e.kind, e.who) == (item.kind, scene.named(name))]
            found = [e for e in same if e.low_s - 1e-6 <= item.time_s <= e.high_s + 1e-6]
            assert found, item
            left.remove(found[0])
        assert not left


@pytest.mark.parametrize("coding", CODINGS)
def test_films_are_the_same_bytes_and_have_the_times_that_were_meant(coding: Coding) -> None:
    world = world_of(3)
    data = film_of(world, coding)
    assert data == film_of(world, coding)
    ticks, base = frame_ticks(coding, world.duration_s, [], np.random.default_rng(5))
    assert coding.variable or np.allclose(probe(data).time_s, [float(tick * base) for tick in ticks], atol=1e-9)


def test_a_touch_hands_the_motion_on_and_without_it_nothing_moves() -> None:
    things = [Actor("circle", ((0.0, colour),), 20.0, x, 128.0, 0.0, 6.0) for colour, x in (("red", 60.0), ("blue", 200.0))]
    world = World(*SIZE, 6.0, tuple(things), (Push(0, 1.2345, 80.0, 0.0, 2.5),))
    run = simulate(world)
    ((time, who, other),) = run.touches
    assert (who, other) == (0, 1)
    assert time == pytest.approx(1.2345 + 100 / 80, abs=1e-3)
    assert run.legs[0][0].end_s == run.legs[1][0].start_s
    assert not simulate(world, without=0).legs[1]


def test_travel_is_the_gap_along_the_way() -> None:
    square = outline("square") * 10
    assert travel(square, square + np.array([50, 3]), (1.0, 0.0)) == pytest.approx(30)
    assert travel(square, square + np.array([50, 30]), (1.0, 0.0)) == np.inf


@pytest.mark.parametrize("shape", SHAPES)
def test_shape_and_colour_are_told_in_pixels(shape: str) -> None:
    for colour in RGB:
        world = World(*SIZE, 5.0, (Actor(shape, ((0.0, colour),), 17.3, 100.4, 90.7, 0.0, 5.0),), ())
        frame = Drawing(world, simulate(world), draw_look(np.random.default_rng(1))).at(1.0)
        (spot,) = spots_of(frame)
        assert (spot.colour, spot.shape) == (colour, shape)
    assert set(HUES) == set(RGB)


def test_all_answers_hold() -> None:
    assert len(sample().verdicts) >= 6
    assert all(verdict.passed for verdict in sample().verdicts)


def changed_answer(turn: Turn, text: str, value: object) -> Turn:
    assert turn.proof
    return replace(turn, text=text, proof=Proof(turn.proof.program, value, turn.proof.evidence))  # type: ignore[arg-type]


def perturbed(turn: Turn, others: list[Turn]) -> list[Turn]:
    """Shifted times, reversed order, the neighbour's answer, the other truth value, another thing; text and value alike."""
    value = turn.proof.answer if turn.proof else None
    notation = cast(Notation, turn.proof.program["notation"]) if turn.proof and isinstance(turn.proof.program, dict) else "seconds"
    wrong = [changed_answer(turn, o.text, o.proof.answer) for o in others if o.proof and o.text != turn.text and o.task == turn.task]
    if turn.task in ("how_long", "between", "when") and isinstance(value, float):
        written = notation if turn.task == "when" else "seconds"
        wrong += [changed_answer(turn, write_time(value + by, written), value + by) for by in (0.3, 1.7)]
    if isinstance(value, list) and turn.task == "moment":
        late = [float(cast(float, time)) + 0.4 for time in value]
        wrong.append(changed_answer(turn, " - ".join(write_time(time, notation) for time in late), late))
    if turn.task == "captions" and isinstance(value, list):
        lines = turn.text.split("\n")
        wrong.append(changed_answer(turn, "\n".join(lines[1:]), value[1:]))
        wrong.append(changed_answer(turn, "\n".join(reversed(lines)), list(reversed(value))))
    if turn.task == "order":
        wrong.append(changed_answer(turn, turn.text[::-1].replace(" ,", ", "), turn.text[::-1].replace(" ,", ", ")))
    if turn.text in ("Yes", "No"):
        other = "No" if turn.text == "Yes" else "Yes"
        wrong.append(changed_answer(turn, other, other))
    if turn.text.isdigit():
        wrong.append(changed_answer(turn, str(int(turn.text) + 1), int(turn.text) + 1))
    return wrong


def test_wrong_answers_are_refused_though_text_and_value_agree() -> None:
    asked = [turn for turn in sample().turns if turn.role == "assistant"]
    tried = 0
    for place, turn in enumerate(asked):
        for wrong in perturbed(turn, [other for other in asked if other is not turn]):
            turns = tuple(wrong if other is turn else other for other in sample().turns)
            tried += 1
            assert not verdict_of(replace(sample(), turns=turns))[place], (turn.task, turn.text, wrong.text)
    assert tried >= 6


@cache
def timed() -> Sample:
    params = {"max_s": 12.0, "questions": 6, "tasks": ["when", "moment", "between"]}
    return make_sample(load_family("video.events", params), "video.events", 1, 11)


def test_times_are_refused_where_the_frames_that_tell_them_are_not_shown() -> None:
    (clip,) = timed().clips
    kept = [0, 1, len(clip.frames) - 2, len(clip.frames) - 1]
    few = replace(clip, frames=tuple(clip.frames[k] for k in kept))
    few = replace(few, time_s=tuple(clip.time_s[k] for k in kept), frame_index=tuple(clip.frame_index[k] for k in kept))
    assert all(verdict.passed for verdict in timed().verdicts)
    assert not any(verdict_of(replace(timed(), clips=(few,))))


def test_a_time_to_a_finer_step_than_frames_tell_is_refused() -> None:
    """The question asks for tenths, and the answer is the film's time in tenths."""
    place = next(k for k, turn in enumerate(timed().turns) if turn.task == "when" and turn.proof and turn.proof.evidence)
    asked, turn = timed().turns[place - 1 : place + 1]
    assert turn.proof
    assert turn.proof.evidence[0].time_s
    assert isinstance(turn.proof.program, dict)
    notation = cast(Notation, turn.proof.program["notation"])
    slots = read_question("when", notation, asked.text.removeprefix("<video>"))
    assert slots
    assert slots["step"] != "0.1"
    text = write_rounded(turn.proof.evidence[0].time_s[0], notation, 0.1)
    finer = question("when", notation, 0.1, np.random.default_rng(1), what=slots["what"])
    changed = (replace(asked, text=f"<video>{finer}" if place == 1 else finer), changed_answer(turn, text, read_time(text)))
    turns = (*timed().turns[: place - 1], *changed, *timed().turns[place + 1 :])
    family = load_family("video.events", {"max_s": 12.0})
    verdict = family.verify(timed().stored, turns, truth_adapter(family).validate_json(timed().truth))[place // 2]
    assert verdict.reason == "the frames shown do not tell the time to 0.1 s"


def test_other_frames_times_and_films_are_refused() -> None:
    (clip,) = sample().clips
    late = replace(clip, time_s=tuple(time + 0.02 for time in clip.time_s))
    swapped = replace(clip, frames=(clip.frames[-1], *clip.frames[1:-1], clip.frames[0]))
    out = io.BytesIO()
    with PillowImage.open(io.BytesIO(clip.frames[3])) as picture:
        picture.transpose(PillowImage.Transpose.FLIP_LEFT_RIGHT).save(out, "JPEG", quality=92)
    mirrored = replace(clip, frames=(*clip.frames[:3], out.getvalue(), *clip.frames[4:]))
    for wrong in (late, swapped, mirrored, replace(clip, source_sha256="0" * 64), replace(clip, duration_s=clip.duration_s + 1)):
        assert not any(verdict_of(replace(sample(), clips=(wrong,))))
    other = make_sample(load_family("video.events", {"max_s": 12.0}), "video.events", 4, 11)
    assert not any(verdict_of(replace(sample(), clips=other.clips, attachments=other.attachments))[:1])


def test_an_event_in_words_is_read_back() -> None:
    for kind, slots in (("turns", {"who": "the star", "colour": "green"}), ("touches", {"who": "the red star", "other": "the cross"})):
        for base in (False, True):
            for nth in (0, 1, 3):
                text = event_text(kind, base, nth, **slots)
                assert (kind, nth, slots) in list(read_event(text))


def test_event_times_have_no_favourite_last_digit() -> None:
    digits = np.zeros(10, int)
    for seed in range(40):
        world = world_of(seed, 20.0)
        for item in happenings(world, simulate(world)):
            digits[round(read_time(write_time(item.time_s, "mm:ss.ff")) * 100) % 10] += 1
    assert digits.sum() > 300
    even = digits.sum() / 10
    assert ((digits - even) ** 2 / even).sum() < 21.67  # chi-square, 9 degrees of freedom, p = 0.01


def test_a_changed_film_fails_its_sample() -> None:
    family = load_family("video.events", {"max_s": 8.0})
    draft = draft_sample(family, "video.events", 2, 11)
    other = draft_sample(family, "video.events", 5, 11)
    assert not any(verdict.passed for verdict in verify_sample(family, replace(draft, attachments=other.attachments)).verdicts)


def test_films_are_the_same_bytes_on_any_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches an encoder whose choices follow the vector units of the machine."""
    world, coding = world_of(3, 4.0), CODINGS[0]
    usual = film_of(world, coding)
    monkeypatch.setitem(encoding.X264, "x264-params", encoding.X264["x264-params"] + ":asm=0")
    assert film_of(world, coding) == usual
