"""The verifier of `video.events`: the stored frames are the stored film's, found by a second decoder; every answer follows from the film.

Shares nothing with the generator but the phrasings and the notations of time.
"""

import io
from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from schemas.errors import DataError
from schemas.sample import Clip, Json, Stored, Turn, Verdict, sha256_hex
from schemas.timecode import Notation, read_time, write_rounded
from synth.video.decode import Film, second_frames_at
from synth.video.events_answers import ANSWERS, Case, Found, Unclear
from synth.video.events_observed import Scene, observe
from synth.video.events_prompts import absent_text, event_text, read_event, read_question
from synth.video.precision_proof import told, told_length

FILM = "film.mp4"
LIKE = 6.0
"""Mean difference of a stored frame and the film's, of 255, that JPEG and another way of scaling explain (chosen; it was 1.2 to 1.6 in
four films).
"""
EDGE_LIKE = 40.0
"""The same of the 1 % of pixels that differ most (chosen; in four films it was 12 to 16)."""


def verdicts(stored: Stored, turns: Sequence[Turn], notation: Notation) -> tuple[Verdict, ...]:
    """One verdict an assistant turn."""
    asked = ""
    found: list[Verdict] = []
    scene, fault = None, ""
    try:
        (clip,) = stored.clips
        data = stored.attachment(FILM).data
        scene = observe(data)
        fault = clip_fault(clip, data, scene.film)
    except DataError as error:
        fault = f"the film cannot be watched: {error}"
    for number, turn in enumerate(turns):
        if turn.role == "user":
            asked = turn.text.removeprefix("<video>") if number == 0 else turn.text
            continue
        reason = fault
        if not reason and scene is not None:
            reason = _fault(scene, stored.clips[0], asked, turn, notation)
        found.append(Verdict(turn.task, not reason, reason, "artefact"))
    return tuple(found)


def clip_fault(clip: Clip, data: bytes, film: Film) -> str:
    """What is wrong with the stored frames: their times are the container's, their pixels those that a second decoder finds."""
    if clip.source_sha256 != sha256_hex(data):
        return "the clip is of another film"
    if max(clip.frame_index) >= len(film.ticks) or abs(clip.duration_s - film.duration_s) > 1e-6 or abs(clip.source_fps - film.fps) > 1e-6:
        return "the clip's length or rate is not the film's"
    pixels, times, count = second_frames_at(data, film, clip.frame_index)
    if count != len(film.ticks):
        return f"the second decoder counts {count} frames, the first {len(film.ticks)}"
    for place, (number, stated, second) in enumerate(zip(clip.frame_index, clip.time_s, times, strict=True)):
        first = film.time_s[number]
        if abs(stated - first) > 1e-6 or abs(second - times[0] - (first - film.time_s[clip.frame_index[0]])) > 2e-3:
            return f"frame {number} is stated at {stated} s; it is at {first} s, and at {second} s by the second decoder"
        with PillowImage.open(io.BytesIO(clip.frames[place])) as picture:
            shown = np.asarray(picture.convert("RGB"))
        if fault := _unlike(shown, pixels[place]):
            return f"frame {number}: {fault}"
    return ""


def _unlike(shown: NDArray[np.uint8], film: NDArray[np.uint8]) -> str:
    scaled = cv2.resize(film, (shown.shape[1], shown.shape[0]), interpolation=cv2.INTER_AREA)
    away = np.abs(scaled.astype(np.int16) - shown).mean(2).ravel()
    worst = np.partition(away, -max(1, away.size // 100))[-max(1, away.size // 100) :].mean()
    return f"differs from the film by {away.mean():.1f}, {worst:.0f} at its worst" if away.mean() > LIKE or worst > EDGE_LIKE else ""


def _fault(scene: Scene, clip: Clip, asked: str, turn: Turn, notation: Notation) -> str:
    """Why an answer is not proved; empty if it is."""
    if turn.task not in ANSWERS:
        return f"{turn.task!r} is no task"
    slots = read_question(turn.task, notation, asked)
    if slots is None:
        return "the question is none of its task"
    if turn.proof is None or turn.proof.program != {"task": turn.task, "notation": notation}:
        return "the program is not that of the question"
    try:
        case = Case(scene, clip.time_s, slots, read_time)
        found = ANSWERS[turn.task](case)
        return _text_fault(case, found, turn.text, turn.proof.answer, notation) or _evidence_fault(found, turn, scene)
    except (Unclear, ValueError) as error:
        return str(error)


def _text_fault(case: Case, found: Found, text: str, value: Json, notation: Notation) -> str:
    if found.absent:
        return "" if (text, value) == (absent_text(), "absent") else f"no such event is in the film, but the answer is {text!r}"
    if found.events:
        return _captions_fault(case, found, text, value, notation)
    duration_s = case.scene.film.duration_s
    if found.lasts:
        return _time_fault(told_length(*found.lasts, case.shown_s, duration_s, case.step_s), case.step_s, text, value, "seconds")
    if found.spans:
        parts = text.split(" - ")
        values = value if isinstance(value, list) else [value]
        if len(parts) != len(found.spans) or len(values) != len(parts):
            return f"{len(found.spans)} times are asked for"
        faults = [
            _time_fault(told(span, case.shown_s, duration_s, case.step_s), case.step_s, part, one, notation)
            for span, part, one in zip(found.spans, parts, values, strict=True)
        ]
        return next((fault for fault in faults if fault), "")
    return "" if text == found.text and str(value) == found.text else f"the film shows {found.text!r}"


def _time_fault(multiples: set[int], step_s: float, text: str, value: Json, notation: Notation) -> str:
    """Why a time is not one of those that the frames shown tell; `multiples` of the step."""
    if not multiples:
        return f"the frames shown do not tell the time to {step_s:g} s"
    known = {write_rounded(number * step_s, notation, step_s) for number in multiples}
    if text not in known:
        return f"the frames shown tell {' or '.join(sorted(known))}, not {text}"
    if not isinstance(value, float) or abs(value - read_time(text)) > 1e-6:
        return f"{value} is not {text}"
    return ""


def _captions_fault(case: Case, found: Found, text: str, value: Json, notation: Notation) -> str:
    """Line by line: each names one event of those left, at its time, and none is left over."""
    left, lines = list(found.events), text.split("\n")
    if not isinstance(value, list) or len(value) != len(lines):
        return "there are not as many times as lines"
    for line, time in zip(lines, value, strict=True):
        when, _, what = line.partition(": ")
        for kind, nth, slots in read_event(what.removesuffix(".")):
            same = case.events(kind, slots)
            if (nth == 0) == (len(same) == 1) and 0 < len(same) >= nth and what == f"{event_text(kind, False, nth, **slots)}.":
                event = same[max(0, nth - 1)]
                break
        else:
            return f"{what!r} is nothing that happens"
        multiples = told((event.low_s, event.high_s), case.shown_s, case.scene.film.duration_s, case.step_s)
        if fault := _time_fault(multiples, case.step_s, when, time, notation):
            return fault
        if event not in left:
            return f"{what!r} stands twice"
        left.remove(event)
    times = [time for time in value if isinstance(time, float)]
    return f"{len(left)} events are left out" if left else "" if times == sorted(times) else "lines are not in order"


def _evidence_fault(found: Found, turn: Turn, scene: Scene) -> str:
    """Stated spans are those that the answer was read from, to a frame."""
    stated = sorted(item.time_s for item in (turn.proof.evidence if turn.proof else ()) if item.time_s)
    if len(stated) != len(found.evidence):
        return f"{len(found.evidence)} spans show it, {len(stated)} are stated"
    step = 0.05 + 1.5 * max(b - a for a, b in pairwise(scene.film.time_s))
    for one, other in zip(stated, sorted(found.evidence), strict=True):
        if max(abs(one[0] - other[0]), abs(one[1] - other[1])) > step:
            return f"evidence at {one} s is at {other} s"
    return ""
