"""The verifier of `video.clips`: every question is answered anew from what the stored film shows (`clips_seen`), and compared as text.

A time that is answered must be the time of the frame at which a label or a shot begins, to the last digit that is written. Which labels a
film may hold is taken from the truth, so that texts are looked for and not read; that they are there, when, and that others are not, is
found in the pixels.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from schemas.sample import Json, Stored, Turn, Verdict
from schemas.timecode import Notation
from synth.video import prompts
from synth.video.clips_seen import Watched, spans_of, watch

PROMPTS = "clips_prompts"
ABSENT = {"label_when": "no_label", "label_at": "none_at", "label_next": "none_next", "shot_start": "no_shot"}
"""What is answered where there is none."""


class DoubtError(Exception):
    """The pixels do not tell."""


@dataclass(frozen=True)
class Found:
    """Labels of a film in order of time, each with the times at which it appears and is gone; and shots."""

    labels: tuple[tuple[str, float, float], ...]
    edges_s: tuple[float, ...]
    clear: bool
    duration_s: float


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
    notation = _notation(language, slots, answered)
    found = _found(watched, labels, asked.task)
    text, value = ANSWERS[asked.task](found, slots, notation, language)
    if asked.task == "label_when" and slots["text"] not in labels and spans_of(watched, slots["text"]) != []:
        return f"doubtful: {slots['text']!r} is asked about as absent and may be there"
    if text is None:
        text = prompts.answer(PROMPTS, ABSENT[asked.task], language)
    if answered.text != text:
        return f"other_answer: {answered.text!r} is answered, the film says {text!r}"
    if answered.proof.answer != value:
        return f"other_value: {answered.proof.answer!r} is noted, the film says {value!r}"
    return _evidence_fault(found, answered)


def _notation(language: str, slots: Mapping[str, str], answered: Turn) -> Notation:
    """The notation that the question asks for, or the one that is noted where it asks for none."""
    forms = prompts.load(PROMPTS)["forms"]
    for notation, words in forms.items():
        if words[language] == slots.get("form"):
            found: Notation = notation
            return found
    return "seconds"


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
    return Found(tuple(sorted(shown, key=lambda label: label[1])), edges, watched.clear, watched.duration_s)


Answer = tuple[str | None, Json]
"""Text and value; None for a text where there is nothing."""
NOTHING: Answer = (None, "absent")


def _label_when(found: Found, slots: Mapping[str, str], notation: Notation, language: str) -> Answer:
    for text, start_s, end_s in found.labels:
        if text == slots["text"]:
            start, end = prompts.say_time(PROMPTS, start_s, notation, language), prompts.say_time(PROMPTS, end_s, notation, language)
            return prompts.answer(PROMPTS, "span", language, start=start, end=end), [start, end]
    return NOTHING


def _label_length(found: Found, slots: Mapping[str, str], notation: Notation, language: str) -> Answer:
    (length,) = [end - start for text, start, end in found.labels if text == slots["text"]] or [0.0]
    return prompts.say_time(PROMPTS, length, notation, language), prompts.say_time(PROMPTS, length, notation, language)


def _label_at(found: Found, slots: Mapping[str, str], notation: Notation, language: str) -> Answer:
    at = prompts.hear_time(PROMPTS, slots["time"])
    here = [text for text, start, end in found.labels if start <= at < end]
    if len(here) > 1:
        raise DoubtError(f"{here} are shown together")
    return (here[0], here[0]) if here else NOTHING


def _label_order(found: Found, slots: Mapping[str, str], notation: Notation, language: str) -> Answer:
    texts: list[Json] = [text for text, _, _ in found.labels]
    return ", ".join(map(str, texts)), texts


def _label_count(found: Found, slots: Mapping[str, str], notation: Notation, language: str) -> Answer:
    return str(len(found.labels)), len(found.labels)


def _label_next(found: Found, slots: Mapping[str, str], notation: Notation, language: str) -> Answer:
    texts = [text for text, _, _ in found.labels]
    if slots["text"] not in texts:
        raise DoubtError(f"{slots['text']!r} is not shown")
    after = texts[texts.index(slots["text"]) + 1 :]
    return (after[0], after[0]) if after else NOTHING


def _shot_count(found: Found, slots: Mapping[str, str], notation: Notation, language: str) -> Answer:
    return str(len(found.edges_s) - 1), len(found.edges_s) - 1


def _shot_list(found: Found, slots: Mapping[str, str], notation: Notation, language: str) -> Answer:
    written = [prompts.say_time(PROMPTS, edge, notation, language) for edge in found.edges_s]
    shots: list[Json] = [{"start": written[k], "end": written[k + 1]} for k in range(len(written) - 1)]
    return json.dumps(shots), shots


def _shot_at(found: Found, slots: Mapping[str, str], notation: Notation, language: str) -> Answer:
    number = bisect_right(found.edges_s[:-1], prompts.hear_time(PROMPTS, slots["time"]))
    return str(number), number


def _shot_start(found: Found, slots: Mapping[str, str], notation: Notation, language: str) -> Answer:
    number = int(slots["number"])
    if not 1 <= number < len(found.edges_s):
        return NOTHING
    text = prompts.say_time(PROMPTS, found.edges_s[number - 1], notation, language)
    return text, text


ANSWERS: Mapping[str, Callable[[Found, Mapping[str, str], Notation, str], Answer]] = {
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

NEAR_S = 0.001


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
