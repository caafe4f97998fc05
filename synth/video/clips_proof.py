"""The verifier of `video.clips`: every question is answered anew from what the stored film shows (`clips_seen`), and compared as text.

A time that is answered must be that at which a label or a shot begins, to a step to which the frames shown tell it. Which labels a film
may hold is taken from the truth, so that texts are looked for and not read; that they are there, when, and that others are not, is
found in the pixels.
"""

import json
import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from schemas.sample import Json, Stored, Turn, Verdict
from schemas.timecode import Notation
from synth.video import prompts
from synth.video.clips_seen import Watched, spans_of, watch
from synth.video.precision_proof import holds, told, told_length

PROMPTS = "clips_prompts"
ABSENT = {"label_when": "no_label", "label_at": "none_at", "label_next": "none_next", "shot_start": "no_shot"}
"""What is answered where there is none."""


class DoubtError(Exception):
    """The pixels do not tell, or not those of the frames shown."""


Form = tuple[Notation, str, float]
"""Notation, language and step of times."""
NEAR_S = 0.001


@dataclass(frozen=True)
class Found:
    """Labels of a film in order of time, each with the times at which it appears and is gone; shots; and the times of the frames shown."""

    labels: tuple[tuple[str, float, float], ...]
    edges_s: tuple[float, ...]
    clear: bool
    duration_s: float
    shown_s: tuple[float, ...]

    def see_labels(self, *texts: str) -> None:
        """Refuse labels, all if none is named, of which no frame is shown."""
        for text, start, end in self.labels:
            if (not texts or text in texts) and not any(start - NEAR_S < time < end - NEAR_S for time in self.shown_s):
                raise DoubtError(f"no frame that is shown has {text!r}")

    def see_shots(self) -> None:
        """Refuse shots of which no frame is shown."""
        for start, end in pairwise(self.edges_s):
            if not any(start - NEAR_S < time < end - NEAR_S for time in self.shown_s):
                raise DoubtError(f"no frame is shown of the shot from {start} s on")

    def rounded(self, time_s: float, form: Form) -> str:
        """A time of an event as frames shown tell it."""
        return self._say(told(_at(time_s), self.shown_s, self.duration_s, form[2]), form)

    def rounded_length(self, start_s: float, end_s: float, form: Form) -> str:
        """The same of a length."""
        return self._say(told_length(_at(start_s), _at(end_s), self.shown_s, self.duration_s, form[2]), form)

    def _say(self, multiples: set[int], form: Form) -> str:
        notation, language, step_s = form
        if len(multiples) != 1:
            raise DoubtError(f"the frames shown do not tell the time to {step_s:g} s")
        return prompts.say_time(PROMPTS, multiples.pop() * step_s, notation, language, step_s)


def _at(time_s: float) -> tuple[float, float]:
    """The span of an event whose frame is known."""
    return time_s - NEAR_S / 10, time_s


def verdicts(stored: Stored, turns: Sequence[Turn], texts: Sequence[str]) -> tuple[Verdict, ...]:
    """One verdict an assistant turn.

    Args:
        stored: One clip and its film.
        turns: The conversation.
        texts: Labels that may have been laid over it.
    """
    watched, fault, labels = _watched(stored, texts)
    out = []
    for asked, answered in zip(turns[::2], turns[1::2], strict=True):
        why = fault
        if watched and not why:
            try:
                why = _answer_fault(watched, labels, asked, answered)
            except DoubtError as error:
                why = f"doubtful: {error}"
        out.append(Verdict(answered.task, not why, why or "answered again from the stored film, decoded by decord", "artefact"))
    return tuple(out)


def _watched(stored: Stored, texts: Sequence[str]) -> tuple[Watched | None, str, dict[str, list[tuple[int, int]] | None]]:
    if len(stored.clips) != 1 or len(stored.attachments) != 1:
        return None, f"media: {len(stored.clips)} clips and {len(stored.attachments)} films are stored, one each is wanted", {}
    if stored.attachments[0].sha256 != stored.clips[0].source_sha256:
        return None, "other_film: the clip's frames are said to be of another film than is stored", {}
    watched = watch(stored.attachments[0].data, stored.clips[0])
    return watched, watched.fault, {text: spans_of(watched, text) for text in texts} if not watched.fault else {}


def _answer_fault(watched: Watched, labels: Mapping[str, list[tuple[int, int]] | None], asked: Turn, answered: Turn) -> str:
    """Why an answer is not the film's; empty if it is."""
    matched = prompts.match(PROMPTS, asked.task, asked.text.removeprefix("<video>\n"))
    if matched is None or asked.task != answered.task or answered.proof is None:
        return f"other_question: {asked.text!r} is no question of the task {answered.task}"
    language, slots = matched
    try:
        notation, step_s = prompts.hear_form(PROMPTS, slots["form"], language) if "form" in slots else ("seconds", 0.0)
    except ValueError as error:
        return f"other_question: {error}"
    found = _found(watched, labels, asked.task)
    text, value = ANSWERS[asked.task](found, slots, (notation, language, step_s))
    if asked.task == "label_when" and slots["text"] not in labels and spans_of(watched, slots["text"]) != []:
        return f"doubtful: {slots['text']!r} is asked about as absent and may be there"
    if text is None:
        text = prompts.answer(PROMPTS, ABSENT[asked.task], language)
    if answered.text != text:
        return f"other_answer: {answered.text!r} is answered, the film says {text!r}"
    if answered.proof.answer != value:
        return f"other_value: {answered.proof.answer!r} is noted, the film says {value!r}"
    return _evidence_fault(found, answered)


def _found(watched: Watched, labels: Mapping[str, list[tuple[int, int]] | None], task: str) -> Found:
    if task.startswith("shot") and not watched.clear:
        raise DoubtError("a step between frames is neither a cut nor none")
    ends = (*watched.time_s[1:], watched.duration_s)
    shown = []
    for text, spans in labels.items() if task.startswith("label") else ():
        if spans is None or len(spans) > 1:
            raise DoubtError(f"whether {text!r} is shown is not plain: {spans}")
        shown += [(text, watched.time_s[first], ends[last]) for first, last in spans]
    edges = (0.0, *(watched.time_s[cut] for cut in watched.cuts), watched.duration_s)
    labelled = tuple(sorted(shown, key=lambda label: label[1]))
    return Found(labelled, edges, watched.clear, watched.duration_s, watched.shown_s)


Answer = tuple[str | None, Json]
"""Text and value; None for a text where there is nothing."""
NOTHING: Answer = (None, "absent")


def _label_when(found: Found, slots: Mapping[str, str], form: Form) -> Answer:
    for text, start_s, end_s in found.labels:
        if text == slots["text"]:
            found.see_labels(text)
            start, end = found.rounded(start_s, form), found.rounded(end_s, form)
            return prompts.answer(PROMPTS, "span", form[1], start=start, end=end), [start, end]
    found.see_labels()
    return NOTHING


def _label_length(found: Found, slots: Mapping[str, str], form: Form) -> Answer:
    for text, start_s, end_s in found.labels:
        if text == slots["text"]:
            found.see_labels(text)
            length = found.rounded_length(start_s, end_s, form)
            return length, length
    raise DoubtError(f"{slots['text']!r} is not shown")


def _label_at(found: Found, slots: Mapping[str, str], form: Form) -> Answer:
    at = prompts.hear_time(PROMPTS, slots["time"])
    here = [(text, (start, end)) for text, start, end in found.labels if start <= at < end]
    if len(here) > 1:
        raise DoubtError(f"{here} are shown together")
    # without a label: from the end of the last one to the beginning of the next
    none = (
        max((end for _, _, end in found.labels if end <= at), default=0.0),
        min((s for _, s, _ in found.labels if s > at), default=math.inf),
    )
    if not holds(at, here[0][1] if here else none, found.shown_s):
        raise DoubtError(f"the frames shown around {at} s do not tell what is there")
    return (here[0][0], here[0][0]) if here else NOTHING


def _label_order(found: Found, slots: Mapping[str, str], form: Form) -> Answer:
    found.see_labels()
    texts: list[Json] = [text for text, _, _ in found.labels]
    return ", ".join(map(str, texts)), texts


def _label_count(found: Found, slots: Mapping[str, str], form: Form) -> Answer:
    found.see_labels()
    return str(len(found.labels)), len(found.labels)


def _label_next(found: Found, slots: Mapping[str, str], form: Form) -> Answer:
    found.see_labels()
    texts = [text for text, _, _ in found.labels]
    if slots["text"] not in texts:
        raise DoubtError(f"{slots['text']!r} is not shown")
    after = texts[texts.index(slots["text"]) + 1 :]
    return (after[0], after[0]) if after else NOTHING


def _shot_count(found: Found, slots: Mapping[str, str], form: Form) -> Answer:
    found.see_shots()
    return str(len(found.edges_s) - 1), len(found.edges_s) - 1


def _shot_list(found: Found, slots: Mapping[str, str], form: Form) -> Answer:
    found.see_shots()
    written = [found.rounded(edge, form) for edge in found.edges_s]
    shots: list[Json] = [{"start": written[k], "end": written[k + 1]} for k in range(len(written) - 1)]
    return json.dumps(shots), shots


def _shot_at(found: Found, slots: Mapping[str, str], form: Form) -> Answer:
    found.see_shots()
    at = prompts.hear_time(PROMPTS, slots["time"])
    number = bisect_right(found.edges_s[:-1], at)
    if not holds(at, (found.edges_s[number - 1], found.edges_s[number]), found.shown_s):
        raise DoubtError(f"the frames shown around {at} s are not of one shot")
    return str(number), number


def _shot_start(found: Found, slots: Mapping[str, str], form: Form) -> Answer:
    found.see_shots()
    number = int(slots["number"])
    if not 1 <= number < len(found.edges_s):
        return NOTHING
    text = found.rounded(found.edges_s[number - 1], form)
    return text, text


ANSWERS: Mapping[str, Callable[[Found, Mapping[str, str], Form], Answer]] = {
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


def _evidence_fault(found: Found, answered: Turn) -> str:
    """Every span that is pointed at must be that of a label or of a shot, or the whole film."""
    if answered.proof is None:
        return "no_proof: the answer has none"
    known = [(start, end) for _, start, end in found.labels]
    known += [(found.edges_s[k], found.edges_s[k + 1]) for k in range(len(found.edges_s) - 1)]
    known.append((0.0, found.duration_s))
    for evidence in answered.proof.evidence:
        span = evidence.time_s
        if span is None or not any(abs(span[0] - a) < NEAR_S and abs(span[1] - b) < NEAR_S for a, b in known):
            return f"other_evidence: {span} is the span of no label and of no shot"
    return ""
