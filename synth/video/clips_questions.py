"""Questions about an excerpt: what labels say and when, where shots begin; each only if frames that are shown to the model tell it.

A fifth of what can be absent is asked about something absent, in the same words. Nothing here decodes or proves.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from numpy.random import Generator

from schemas.sample import Evidence, Json, Proof, Turn
from schemas.timecode import NOTATIONS, Notation
from synth.video import prompts
from synth.video.clips_film import Shown, draw_text
from synth.video.precision import around, step_of_length, step_of_times
from synth.video.sampling import Chosen
from synth.video.shots import Shots

PROMPTS = "clips_prompts"
LANGUAGES = ("en", "de", "zh")
ABSENT = 0.2
"""Share of questions about something that is not there, of those that may be (chosen, as in the families of documents)."""
SHORT_S = 0.1
"""Times so near to a change are not asked about (chosen: the last digit of a time)."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known of a stored film.

    Attributes:
        labels: In order of time.
        shots: Its cuts, as numbers of frames.
        time_s: Of all its frames.
        duration_s: Its length.
        chosen: The frames that are shown to the model.
    """

    labels: tuple[Shown, ...]
    shots: Shots
    time_s: tuple[float, ...]
    duration_s: float
    chosen: Chosen

    def is_seen(self, label: Shown) -> bool:
        """Whether a frame that the model is shown has the label."""
        return any(label.first <= index <= label.last for index in self.chosen.indices)

    @property
    def all_seen(self) -> bool:
        """Whether every label is."""
        return all(map(self.is_seen, self.labels))

    def step(self, *times_s: float) -> float | None:
        """To which step the frames shown tell some times."""
        return step_of_times(times_s, self.chosen.time_s, self.duration_s)

    @property
    def edges_s(self) -> tuple[float, ...]:
        """Times at which shots begin, and the film's end."""
        return (0.0, *(self.time_s[cut] for cut in self.shots.cuts), self.duration_s)

    @property
    def shots_seen(self) -> bool:
        """Whether cuts are clear, and the model is shown a frame of each shot."""
        starts = (0, *self.shots.cuts)
        return self.shots.clear and {bisect_right(starts, index) for index in self.chosen.indices} == set(range(1, len(starts) + 1))


@dataclass(frozen=True, slots=True)
class Asked:
    """Slots of a question, its answer as text and as a value, and the spans that show it."""

    slots: dict[str, str]
    text: str
    value: Json
    spans: tuple[tuple[float, float], ...]


def ask(scene: Scene, task: str, language: str, notation: Notation, rng: Generator) -> tuple[Turn, Turn] | None:
    """One question and its answer; None if the scene does not tell."""
    asked = TASKS[task](scene, language, notation, rng)
    if asked is None:
        return None
    question = prompts.draw(PROMPTS, task, language, rng, **asked.slots)
    slots: dict[str, Json] = dict(asked.slots)
    evidence = tuple(Evidence(clip=0, time_s=span, note=task) for span in asked.spans)
    proof = Proof({"task": task, "notation": notation, **slots}, asked.value, evidence)
    return Turn("user", question, task), Turn("assistant", asked.text, task, proof=proof)


def _form(language: str, notation: Notation, step_s: float) -> str:
    return prompts.say_form(PROMPTS, notation, language, step_s)


def _time(time_s: float, notation: Notation, language: str, step_s: float | None = None) -> str:
    return prompts.say_time(PROMPTS, time_s, notation, language, step_s)


def _asked_at(time_s: float, notation: Notation, language: str) -> tuple[dict[str, str], float]:
    """A time as a slot of a question, and what is then said in seconds."""
    said = _time(time_s, notation, language)
    return {"time": said}, prompts.hear_time(PROMPTS, said)


def _any_step(scene: Scene, count: int, rng: Generator) -> float | None:
    """A step as it would be asked for of some times: for what is absent."""
    return scene.step(*(float(time) for time in rng.uniform(0, scene.duration_s, count)))


def _said(key: str, language: str, **slots: str) -> str:
    return prompts.answer(PROMPTS, key, language, **slots)


def _other_text(scene: Scene, rng: Generator) -> str:
    """A label that is not shown, one sign away from one that is where there is one."""
    texts = [label.text for label in scene.labels]
    for _ in range(20):
        drawn = draw_text(rng)
        text = drawn
        if texts:
            near = texts[int(rng.integers(len(texts)))]
            text = near[:3] + drawn[3:]
        if text not in texts:
            return text
    return "00-000"


def _label_when(scene: Scene, language: str, notation: Notation, rng: Generator) -> Asked | None:
    if scene.all_seen and rng.random() < ABSENT:
        step_s = _any_step(scene, 2, rng)
        slots = {"text": _other_text(scene, rng), "form": _form(language, notation, step_s)} if step_s else {}
        return Asked(slots, _said("no_label", language), "absent", ()) if slots else None
    label = _one_label(scene, rng)
    step_s = scene.step(label.start_s, label.end_s) if label else None
    if label is None or step_s is None or step_s > label.end_s - label.start_s:
        return None
    start, end = _time(label.start_s, notation, language, step_s), _time(label.end_s, notation, language, step_s)
    text = _said("span", language, start=start, end=end)
    slots = {"text": label.text, "form": _form(language, notation, step_s)}
    return Asked(slots, text, [start, end], ((label.start_s, label.end_s),))


def _label_length(scene: Scene, language: str, notation: Notation, rng: Generator) -> Asked | None:
    label = _one_label(scene, rng)
    step_s = step_of_length(label.start_s, label.end_s, scene.chosen.time_s, scene.duration_s) if label else None
    if label is None or step_s is None:
        return None
    text = _time(label.end_s - label.start_s, notation, language, step_s)
    slots = {"text": label.text, "form": _form(language, notation, step_s)}
    return Asked(slots, text, text, ((label.start_s, label.end_s),))


def _one_label(scene: Scene, rng: Generator) -> Shown | None:
    """A label that the model sees, and that is on for long enough to be timed."""
    found = [label for label in scene.labels if scene.is_seen(label) and label.end_s - label.start_s >= SHORT_S]
    return found[int(rng.integers(len(found)))] if found else None


def _label_at(scene: Scene, language: str, notation: Notation, rng: Generator) -> Asked | None:
    """At a time near that of a frame which the model is shown, like the frame shown on its other side, and not near a beginning or end."""
    near = scene.chosen.largest_gap_s / 4
    absent = rng.random() < ABSENT
    for number in rng.permutation(len(scene.chosen.time_s)):
        slots, at = _asked_at(max(0.0, scene.chosen.time_s[number] + rng.uniform(-near, near)), notation, language)
        here = [label for label in scene.labels if label.start_s - SHORT_S < at < label.end_s + SHORT_S]
        inside = [label for label in here if label.start_s + SHORT_S < at < label.end_s - SHORT_S]
        beside = around(at, scene.chosen.time_s)
        if beside is None or len(here) != len(inside) or bool(inside) == absent or len(inside) > 1:
            continue
        if {label.text for label in scene.labels for time in beside if label.start_s <= time < label.end_s} != {i.text for i in inside}:
            continue
        if inside and not inside[0].start_s <= beside[0] <= beside[1] < inside[0].end_s:
            continue
        if absent:
            return Asked(slots, _said("none_at", language), "absent", ())
        return Asked(slots, inside[0].text, inside[0].text, ((inside[0].start_s, inside[0].end_s),))
    return None


def _label_order(scene: Scene, language: str, notation: Notation, rng: Generator) -> Asked | None:
    if len(scene.labels) < 2 or not scene.all_seen:
        return None
    texts: list[Json] = [label.text for label in scene.labels]
    return Asked({}, ", ".join(map(str, texts)), texts, tuple((label.start_s, label.end_s) for label in scene.labels))


def _label_count(scene: Scene, language: str, notation: Notation, rng: Generator) -> Asked | None:
    if not scene.all_seen:
        return None
    return Asked({}, str(len(scene.labels)), len(scene.labels), tuple((label.start_s, label.end_s) for label in scene.labels))


def _label_next(scene: Scene, language: str, notation: Notation, rng: Generator) -> Asked | None:
    if not scene.labels or not scene.all_seen:
        return None
    absent = len(scene.labels) == 1 or rng.random() < ABSENT
    at = len(scene.labels) - 1 if absent else int(rng.integers(len(scene.labels) - 1))
    slots = {"text": scene.labels[at].text}
    if absent:
        return Asked(slots, _said("none_next", language), "absent", ())
    after = scene.labels[at + 1]
    return Asked(slots, after.text, after.text, ((after.start_s, after.end_s),))


def _shot_count(scene: Scene, language: str, notation: Notation, rng: Generator) -> Asked | None:
    if not scene.shots_seen:
        return None
    count = len(scene.shots.cuts) + 1
    return Asked({}, str(count), count, ((0.0, scene.duration_s),))


def _shot_list(scene: Scene, language: str, notation: Notation, rng: Generator) -> Asked | None:
    if not scene.shots_seen or not scene.shots.cuts:
        return None
    step_s = scene.step(*scene.edges_s[1:])
    if step_s is None:
        return None
    edges = [_time(edge, notation, language, step_s) for edge in scene.edges_s]
    shots: list[Json] = [{"start": start, "end": end} for start, end in pairwise(edges)]
    return Asked({"form": _form(language, notation, step_s)}, json.dumps(shots), shots, ((0.0, scene.duration_s),))


def _shot_at(scene: Scene, language: str, notation: Notation, rng: Generator) -> Asked | None:
    if not scene.shots_seen or not scene.shots.cuts:
        return None
    slots, at = _asked_at(rng.uniform(0, scene.duration_s), notation, language)
    if any(abs(at - edge) < SHORT_S for edge in scene.edges_s):
        return None
    number = bisect_right(scene.edges_s[:-1], at)
    beside = around(at, scene.chosen.time_s)
    if beside is None or {bisect_right(scene.edges_s[:-1], time) for time in beside} != {number}:
        return None
    span = scene.edges_s[number - 1], scene.edges_s[number]
    return Asked(slots, str(number), number, (span,))


def _shot_start(scene: Scene, language: str, notation: Notation, rng: Generator) -> Asked | None:
    if not scene.shots_seen or not scene.shots.cuts:
        return None
    count = len(scene.shots.cuts) + 1
    absent = rng.random() < ABSENT
    number = 2 + int(rng.integers(count - 1))
    start = scene.edges_s[number - 1]
    step_s = scene.step(start)
    if step_s is None:
        return None
    form = _form(language, notation, step_s)
    if absent:
        return Asked({"number": str(count + 1), "form": form}, _said("no_shot", language), "absent", ())
    text = _time(start, notation, language, step_s)
    return Asked({"number": str(number), "form": form}, text, text, ((start, scene.edges_s[number]),))


Ask = Callable[[Scene, str, Notation, Generator], Asked | None]
TASKS: Mapping[str, Ask] = {
    "label_when": _label_when,
    "label_length": _label_length,
    "label_at": _label_at,
    "label_order": _label_order,
    "label_count": _label_count,
    "label_next": _label_next,
    "shot_count": _shot_count,
    "shot_list": _shot_list,
    "shot_at": _shot_at,
    "shot_start": _shot_start,
}


def draw_notation(rng: Generator) -> Notation:
    """One of the notations."""
    return NOTATIONS[int(rng.integers(len(NOTATIONS)))]
