"""One question of `spatial.relations` in front of the verifier's measurements: what it names, and what its answer must be.

Checks (`relations_checks`, `relations_answers`) raise `Wrong` where the answer is wrong, or where what is asked about is not clear enough
to have one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from synth.spatial import prompts
from synth.spatial.proof_facts import COLOUR_NAMES, Facts
from synth.spatial.relations_facts import Measured
from synth.spatial.relations_prompts import answer, read_point, sentence


class Wrong(Exception):
    """What is wrong with a question or its answer."""


@dataclass
class Case:
    """One question and answer in front of the measurements.

    Attributes:
        facts: Of the first picture.
        second: Of the second one, if there is one.
        task: What is asked.
        slots: Words of the question.
        program: What else the proof's program says.
        text: The answer.
        second_boxes: Things whose boxes in the second picture are evidence; filled by checks.
        value: The right answer as data; filled by checks.
    """

    facts: Facts
    second: Facts | None
    task: str
    slots: dict[str, str]
    program: dict[str, Any]
    text: str
    second_boxes: list[int] = field(default_factory=list)
    value: Any = None
    _measured: dict[int, Measured] = field(default_factory=dict)

    def one(self, slot: str) -> Measured:
        """The one thing that a slot names."""
        return self.named(self.slots[slot])

    def named(self, text: str) -> Measured:
        """The one thing that an expression fits."""
        point = read_point(text)
        found = meant(self.facts, text) if point is None else [thing_at(self.facts, point)]
        if len(found) != 1:
            raise Wrong(f"wrong_question: {text!r} fits {len(found)} things")
        return self._measured.setdefault(found[0], Measured(self.facts, found[0]))

    def expect(self, key: str) -> None:
        """The answer must be this one."""
        self.expect_text(answer(key), key)

    def expect_option(self, text: str) -> None:
        """The answer must be this one of the options."""
        self.expect_text(sentence(text), text)

    def expect_text(self, wanted: str, value: Any) -> None:
        """The answer must be these words, and as data this value."""
        self.value = value
        if self.text != wanted:
            raise Wrong(f"wrong_answer: {self.text!r:.60} where {wanted!r:.60} is right")

    def expect_number(self, key: str, value: float, slack: float) -> None:
        """The answer must be a number near this one."""
        before, after = answer(key, value="\0").split("\0")
        found = re.fullmatch(re.escape(before) + r"(\d+(?:\.\d+)?)" + re.escape(after), self.text)
        if not found or abs(float(found[1]) - value) > slack:
            raise Wrong(f"wrong_answer: {self.text!r:.60} where {value:.3f} is measured")
        self.value = float(found[1])


def thing_at(facts: Facts, point: Sequence[float]) -> int:
    """The thing that the pixel at a place in thousandths shows; `Wrong` where it shows none."""
    camera = facts.camera
    column, row = (min(int(v * size / 1000), size - 1) for v, size in zip(point, (camera.width, camera.height), strict=True))
    number = int(facts.item_map[row, column])
    if number < 0 or not facts.scene.items[number].about:
        raise Wrong(f"wrong_question: there is no thing at {list(point)}")
    return number


def meant(facts: Facts, text: str) -> list[int]:
    """Things in view that an expression may mean: `the chair`, `the red chair`."""
    out = set[int]()
    for kind, slots in prompts.match_expression(text):
        if kind not in ("only", "colour") or (kind == "colour" and slots["colour"] not in COLOUR_NAMES):
            continue
        called = [n for n in facts.shown() if facts.may_be_called(n, slots["label"])]
        may = [n for n in called if kind == "only" or facts.may_be_coloured(n, slots["colour"])]
        if kind == "colour" and not all(facts.is_coloured(n, slots["colour"]) for n in may):
            raise Wrong(f"wrong_question: whether one of them is {slots['colour']} is not clear")
        out |= set(may)
    return sorted(out)


def is_absent(facts: Facts, text: str) -> str:
    """The name in an expression, if nothing of the scene, in view or not, could be called so; else nothing."""
    label = "" if read_point(text) else text.removeprefix("the ")
    return label if label and facts.is_absent(label) else ""


def options(case: Case) -> list[Measured]:
    """What the options of a question name, in order; `Wrong` where the program lists others."""
    texts = case.program["of"]
    *first, last = texts
    said = ", ".join(texts) if case.task == "depth_order" else f"{', '.join(first)} or {last}"
    if said != case.slots["options"] or len(set(texts)) != len(texts):
        raise Wrong(f"wrong_program: {texts!r:.80} are not the options {case.slots['options']!r:.80}")
    return [case.named(text) for text in texts]
