"""Wrong answers, questions and scenes against the verifier of `spatial.relations`."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from itertools import pairwise

import numpy as np
import pytest

from schemas.sample import Json, Proof, Sample, Turn
from schemas.seeds import stream
from synth.make import make_sample, truth_adapter
from synth.spatial.mesh import scene_attachment, scene_meshes
from synth.spatial.proof_facts import Facts
from synth.spatial.relations import Relations, Truth
from synth.spatial.relations_case import Case, Wrong, is_absent
from synth.spatial.relations_checks import higher_lower, left_right
from synth.spatial.relations_facts import Measured, gap_of, width_of
from synth.spatial.relations_prompts import answer, filled, phrasings, sentence
from synth.spatial.relations_proof import CHECKS, _absent
from synth.spatial.scene import draw_scene
from synth.spatial.stored_scene import read_scene
from tests.synth.spatial.test_grounding import level, marked_scene

NAME = "spatial.relations"
CLOSED = (("left", "right"), ("higher", "lower"), ("front", "behind"), ("yes", "no"))
TURNED = (
    *("left_right", "left_right_check", "above_below", "above_below_check", "front_behind", "front_behind_check", "size_ratio", "plan"),
)
"""Tasks whose answer is another when their things change places."""
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@cache
def sample(index: int = 0, pairs: float = 0.0, place: str = "living room") -> Sample:
    return make_sample(family(pairs, place), NAME, index, 12)


def family(pairs: float = 0.0, place: str = "living room") -> Relations:
    return Relations(places=(place,), questions=40, pairs=pairs, min_side_px=512, max_side_px=512, context_tokens=32768)


SAMPLES: tuple[Callable[[], Sample], ...] = (lambda: sample(0), lambda: sample(1, 1.0), lambda: sample(2, 0.0, "office"))


def verdicts(of: Sample, turns: tuple[Turn, ...]) -> list[bool]:
    truth: Truth = truth_adapter(family()).validate_json(of.truth)
    return [verdict.passed for verdict in family().verify(of.stored, turns, truth)]


def changed(of: Sample, change: Callable[[Turn, Turn], Turn | None]) -> tuple[list[int], tuple[Turn, ...]]:
    """Numbers of the answers that `change` made another, and all turns."""
    turns, numbers = list(of.turns), []
    for k in range(1, len(turns), 2):
        other = change(turns[k - 1], turns[k])
        if other is not None and other.text != turns[k].text:
            turns[k] = other
            numbers.append(k // 2)
    return numbers, tuple(turns)


def refused(of: Sample, change: Callable[[Turn, Turn], Turn | None]) -> int:
    """How many answers were changed; all of them must be refused."""
    numbers, turns = changed(of, change)
    found = verdicts(of, turns)
    accepted = [(turns[2 * k].text, turns[2 * k + 1].text) for k in numbers if found[k]]
    assert not accepted
    return len(numbers)


def slots(turn: Turn) -> dict[str, str]:
    assert turn.proof is not None
    program = turn.proof.program
    assert isinstance(program, dict)
    found = program["slots"]
    assert isinstance(found, dict)
    return {key: str(value) for key, value in found.items()}


@pytest.mark.parametrize("made", SAMPLES)
def test_own_answers_pass(made: Callable[[], Sample]) -> None:
    assert all(verdict.passed for verdict in made().verdicts)


@pytest.mark.parametrize("made", SAMPLES)
def test_every_other_word_is_refused(made: Callable[[], Sample]) -> None:
    """A mirrored relation, a side in the world's frame, a front turned by 90 or 180 degrees: each is another of few words."""
    opposite = {answer(a): answer(b) for pair in CLOSED for a, b in (pair, pair[::-1])}
    assert refused(made(), lambda q, a: replace(a, text=opposite[a.text]) if a.text in opposite else None) > 2


def test_every_other_option_is_refused() -> None:
    def other(question: Turn, told: Turn) -> Turn | None:
        assert told.proof is not None
        program = told.proof.program
        of = program.get("of") if isinstance(program, dict) else None
        if not isinstance(of, list):
            return None
        if told.task == "depth_order":
            assert isinstance(told.proof.answer, list)
            return replace(told, text=sentence(", ".join(str(text) for text in told.proof.answer[::-1])))
        return replace(told, text=next(sentence(str(text)) for text in of if sentence(str(text)) != told.text))

    assert sum(refused(made(), other) for made in SAMPLES) > 2


@pytest.mark.parametrize("factor", [2.0, 0.5, 1.1])
@pytest.mark.parametrize("made", SAMPLES)
def test_numbers_of_another_scale_are_refused(made: Callable[[], Sample], factor: float) -> None:
    def scaled(question: Turn, told: Turn) -> Turn | None:
        if told.text.endswith(" m") or (told.text.endswith(" times") and factor != 1.1):
            number = NUMBER.search(told.text)
            assert number
            return replace(told, text=told.text.replace(number[0], f"{float(number[0]) * factor:.2f}"))
        return None

    assert refused(made(), scaled)


@pytest.mark.parametrize("made", SAMPLES)
def test_hours_beside_the_right_one_and_plans_the_other_way_are_refused(made: Callable[[], Sample]) -> None:
    def other(question: Turn, told: Turn) -> Turn | None:
        if told.text.endswith("o'clock"):
            return replace(told, text=answer("clock", value=str(int(told.text.split()[0]) % 12 + 1)))
        if told.task == "plan" and "degrees" in told.text:
            mirrored = told.text.replace("the left", "\0").replace("the right", "the left").replace("\0", "the right")
            return replace(told, text=mirrored)
        return None

    refused(made(), other)


def another_measure(facts: Facts, question: Turn, told: Turn) -> Turn | None:
    """The answer by another measure of the same things, where that is another number."""
    if told.proof is None or told.proof.answer == "absent":
        return None
    case = Case(facts, None, told.task, slots(told), {}, "")
    if told.task == "distance_camera":
        n = case.one("a").number
        right, wrong = facts.distance(n), float(facts.buffer.depth[facts.mask(n)].min())
    elif told.task in ("distance", "distance_floor"):
        d = case.one("a").center - case.one("b").center
        both = (float(np.sqrt((d * d).sum())), float(np.hypot(d[0], d[1])))
        right, wrong = both if told.task == "distance" else both[::-1]
    elif told.task in ("size_height", "size_width"):
        w, h, _ = case.one("a").size
        right, wrong = (h, w) if told.task == "size_height" else (w, h)
    else:
        return None
    return replace(told, text=f"{wrong:.2f} m") if abs(wrong - right) > 0.05 else None


def test_depth_is_no_distance_and_height_no_width() -> None:
    tried = 0
    for made in SAMPLES:
        facts = Facts(read_scene(made().attachments[0].data))
        tried += refused(made(), partial(another_measure, facts))
    assert tried > 2


@pytest.mark.parametrize("made", SAMPLES)
def test_what_is_there_is_not_absent_and_what_is_absent_has_no_answer(made: Callable[[], Sample]) -> None:
    def refuse(question: Turn, told: Turn) -> Turn | None:
        assert told.proof is not None
        if told.proof.answer == "absent":
            return replace(told, text="Left.")
        name = slots(told).get("a")
        return replace(told, text=answer("absent", label=name.removeprefix("the "))) if name else None

    assert refused(made(), refuse) > 5


@pytest.mark.parametrize("made", SAMPLES)
def test_an_answer_for_another_instance_is_refused(made: Callable[[], Sample]) -> None:
    """The question is about `b` where evidence and answer are about `a`, words and program agreeing."""
    tried = 0
    of = made()
    turns = list(of.turns)
    for k in range(1, len(turns), 2):
        told, asked = turns[k], turns[k - 1]
        mine = slots(told)
        if told.proof is None or told.proof.answer == "absent" or told.task not in TURNED:
            continue
        swapped = {**mine, "a": mine["b"], "b": mine["a"]}
        body = asked.text.replace("<image>\n", "")
        prefix = "In the first picture: " if body.startswith("In the first picture: ") else ""
        text = next(p for p in phrasings(told.task) if body.removeprefix(prefix).startswith(filled(p, mine)))
        program: Json = {**told.proof.program, "slots": dict(swapped)} if isinstance(told.proof.program, dict) else None
        turns[k - 1] = replace(asked, text=("<image>\n" * asked.text.count("<image>")) + prefix + filled(text, swapped))
        turns[k] = replace(told, proof=Proof(program, told.proof.answer, told.proof.evidence))
        tried += 1
        assert not verdicts(of, tuple(turns))[k // 2], turns[k - 1].text
    assert tried > 2


@pytest.mark.parametrize("made", SAMPLES)
def test_boxes_that_are_not_those_of_what_is_named_are_refused(made: Callable[[], Sample]) -> None:
    of = made()
    turns = list(of.turns)
    touched = []
    for k in range(1, len(turns), 2):
        proof = turns[k].proof
        if proof and proof.evidence and proof.evidence[0].box_px:
            x0, y0, x1, y1 = proof.evidence[0].box_px
            moved = replace(proof.evidence[0], box_px=(x0 + 5, y0, x1 + 5, y1))
            turns[k] = replace(turns[k], proof=replace(proof, evidence=(moved, *proof.evidence[1:])))
            touched.append(k // 2)
    found = verdicts(of, tuple(turns))
    assert touched
    assert not any(found[k] for k in touched)


def test_other_words_and_other_pictures_are_refused() -> None:
    of = sample(1, 1.0)
    turns = tuple(replace(t, text=t.text.replace("the ", "a ")) if t.role == "user" else t for t in of.turns)
    assert not any(good for good, q, p in zip(verdicts(of, turns), turns[::2], of.turns[::2], strict=True) if q.text != p.text)
    truth: Truth = truth_adapter(family()).validate_json(of.truth)
    swapped = replace(of.stored, images=of.images[::-1])
    assert not any(v.passed for v in family().verify(swapped, of.turns, truth))
    strange = sample(2, 0.0, "office").attachments[0]
    two = replace(of.stored, attachments=(of.attachments[0], replace(strange, name="scene-1.glb")))
    assert not any(v.passed for v in family().verify(two, of.turns, truth))


def test_what_is_not_clear_is_refused() -> None:
    """Two things side by side, whose middles lie 3 cm apart, are neither left nor right of each other."""
    of = sample(0)
    facts = Facts(read_scene(of.attachments[0].data))
    measured = [Measured(facts, n) for n in facts.shown() if facts.pixels[n] > 300]
    unclear = 0
    for a, b in pairwise(measured):
        case = Case(facts, None, "left_right", {}, {}, "")
        gap = abs(sum(a.spans(seen=False, camera=True)[k][0] - b.spans(seen=False, camera=True)[k][0] for k in (0, 1))) / 2
        if gap < 0.1:
            unclear += 1
            with pytest.raises(Wrong, match="not clear"):
                left_right(case, a, b)
    lone = measured[0]
    with pytest.raises(Wrong, match="not clear"):
        left_right(Case(facts, None, "left_right", {}, {}, ""), lone, lone)


def test_a_front_that_the_shape_contradicts_is_refused() -> None:
    """Half a turn in matrix and quaternion alike: the box stays as tight, its front is the back."""
    scene = draw_scene("living room", 512, 3.0, stream(3, "truth"))
    stored = read_scene(scene_attachment(scene, scene_meshes(scene)).data)
    facts, tried = Facts(stored), 0
    for number in facts.things():
        about = stored.items[number].about
        if about and about["front"] and {"sit", "watch", "time"} & set(about["uses"]):
            front = Measured(facts, number).front
            box = json.loads(json.dumps(about["box"]))
            box["rotation"] = [[-row[0], row[1], -row[2]] for row in box["rotation"]]
            items = list(stored.items)
            items[number] = replace(items[number], about={**about, "box": box})
            turned = Facts(replace(stored, items=tuple(items)))
            assert np.hypot(*front) == pytest.approx(1)
            with pytest.raises(ValueError, match="shape"):
                _ = Measured(turned, number).front
            tried += 1
    assert tried


def test_what_may_be_called_so_is_not_absent() -> None:
    facts = Facts(read_scene(sample(2, 0.0, "office").attachments[0].data))
    labels = {facts.scene.items[n].label for n in facts.things()}
    assert "desk" in labels
    assert not is_absent(facts, "the desk")
    assert not is_absent(facts, "the table")  # some people call a desk so
    assert is_absent(facts, "the fridge") == "fridge"
    case = Case(facts, None, "left_right", {"a": "the fridge", "b": "the bed"}, {}, "")
    with pytest.raises(Wrong, match="2 things are not there"):
        _absent(case)


def test_every_task_has_a_check_and_three_phrasings() -> None:
    for task in CHECKS:
        assert len(set(phrasings(task))) >= 3, task


def test_gaps_and_widths_of_polygons() -> None:
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    turned = np.array([[2.0, 0.5], [2.5, 0.0], [3.0, 0.5], [2.5, 1.0]])
    assert gap_of(square, turned) == pytest.approx(1.0)
    assert gap_of(square, square + 0.5) == 0.0
    assert width_of(square) == pytest.approx(1.0)
    assert width_of(turned) == pytest.approx(np.sqrt(0.5))


def test_a_question_says_which_picture_it_is_of() -> None:
    first = "In the first picture: "
    turns = sample(1, 1.0).turns
    bare = tuple(replace(turn, text=turn.text.replace(first, "")) for turn in turns)
    found = verdicts(sample(1, 1.0), bare)
    assert not any(found[k // 2] for k in range(0, len(turns), 2) if first in turns[k].text)
    named = replace(sample(0).turns[0], text="<image>\n" + first + sample(0).turns[0].text.removeprefix("<image>\n"))
    assert not verdicts(sample(0), (named, *sample(0).turns[1:]))[0]


def test_a_tall_thing_on_the_same_floor_is_not_placed_higher() -> None:
    scene = marked_scene(level())
    facts = Facts(read_scene(scene_attachment(scene, scene_meshes(scene)).data))
    red, blue, _ = facts.things()
    case = Case(facts, None, "above_below", {}, {}, "")
    with pytest.raises(Wrong, match="which is higher is not clear"):
        higher_lower(case, Measured(facts, red), Measured(facts, blue))
