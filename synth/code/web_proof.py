"""Proves answers about web pages from the stored bytes: draws the stored page again, reads its layout, and draws and reads every answer.

Nothing here knows trees, roles or tokens: elements and styles are the browser's.
"""

from collections.abc import Sequence

import numpy as np

from schemas.errors import DataError
from schemas.sample import Evidence, Stored, Turn, Verdict
from synth.code.prompts import load, match
from synth.code.web_court import Court, differing
from synth.code.web_proof_answers import ANSWERS, rests_on, same_boxes, same_evidence
from synth.code.web_proof_edits import CHANGES, items_of
from synth.code.web_run import draw_whole, fenced, html_in

PROMPTS = "web_prompts"
LEAST_CHANGED = 60
"""Pixels that must differ for a mistake to show (chosen: two letters)."""


def verdicts(stored: Stored, turns: Sequence[Turn]) -> tuple[Verdict, ...]:
    """One verdict an answer."""
    try:
        court = Court(stored)
    except DataError as error:
        return tuple(Verdict(turn.task, False, error.reason, "artefact") for turn in turns if turn.role != "user")
    try:
        wrong = court.fault()
    except DataError as error:
        wrong = error.reason
    out, given, question = [], "", ""
    for turn in turns:
        if turn.role == "user":
            question = turn.text.removeprefix("<image>\n")
            continue
        reason = wrong or _judge(court, question, turn, given)
        out.append(Verdict(turn.task, not reason, reason, "artefact"))
        given = html_in(turn.text) if turn.text.startswith("```html") else given
    return tuple(out)


def _judge(court: Court, question: str, turn: Turn, given: str) -> str:
    """Why an answer is not proved; empty if it is."""
    if turn.proof is None:
        return "no_proof"
    whole = turn.task in ("to_html", "mend") or turn.task.startswith("edit_")
    if whole and turn.proof.evidence != (Evidence(0),):
        return "evidence_elsewhere"
    try:
        if turn.task == "to_html":
            return _to_html(court, question, turn)
        if turn.task == "mend":
            return _mend(court, question, turn)
        if turn.task.startswith("edit_"):
            return _edit(court, question, turn, given)
        return _ask(court, question, turn)
    except DataError as error:
        return error.reason


def _to_html(court: Court, question: str, turn: Turn) -> str:
    if match(PROMPTS, "to_html", question) is None or turn.proof is None or turn.proof.answer != "same picture":
        return "unknown_question"
    return "" if _gives(court, turn.text) else "draws_another_picture"


def _gives(court: Court, answer: str) -> bool:
    """Whether an answer is one fenced page, drawn like the picture, with the texts and boxes of the stored page."""
    html = html_in(answer)
    if answer != fenced(html):
        return False
    drawn = court.draw(html)
    return court.same_picture(drawn) and items_of(drawn.snapshot, boxes=True) == items_of(court.shown.snapshot, boxes=True)


def _mend(court: Court, question: str, turn: Turn) -> str:
    slots = match(PROMPTS, "mend", question)
    if slots is None or turn.proof is None or turn.proof.answer != "same picture":
        return "unknown_question"
    try:
        broken = draw_whole(html_in(slots["code"]), *court.spec.window).pixels
    except DataError:
        broken = np.zeros((0, 0, 3), np.uint8)
    if differing(broken, court.picture) < LEAST_CHANGED:
        return "nothing_broken"
    return "" if _gives(court, turn.text) else "draws_another_picture"


def _edit(court: Court, question: str, turn: Turn, given: str) -> str:
    """What was asked must have changed, and nothing else."""
    request, _, rest = question.partition("\n\n")
    if rest:
        slots = match(PROMPTS, "edit_code", rest)
        if slots is None or html_in(slots["code"]).strip() != court.source.strip():
            return "other_code_in_question"
    elif given.strip() != court.source.strip():
        return "no_code_to_change"
    asked = match(PROMPTS, turn.task, request)
    if asked is None or turn.proof is None or turn.proof.answer != "edited" or turn.proof.program != {"op": turn.task, **asked}:
        return "unknown_question"
    if turn.text != fenced(html_in(turn.text)):
        return "no_code"
    before, drawn = items_of(court.shown.snapshot), court.draw(html_in(turn.text))
    after = items_of(drawn.snapshot)
    if differing(drawn.pixels, court.picture) < LEAST_CHANGED // 4:
        return "changes_nothing"
    keeps_places = turn.task in ("edit_recolour", "edit_toggle", "edit_value")
    if keeps_places and [i.box for i in items_of(court.shown.snapshot, boxes=True)] != [
        i.box for i in items_of(drawn.snapshot, boxes=True)
    ]:
        return "moves_something"
    return "" if CHANGES[turn.task](court.shown.snapshot, before, after, asked) else "changes_something_else"


def _ask(court: Court, question: str, turn: Turn) -> str:
    if turn.task not in load(PROMPTS) or turn.task not in ANSWERS or turn.proof is None:
        return "unknown_question"
    asked = match(PROMPTS, turn.task, question)
    if asked is None or turn.proof.program != {"op": turn.task, **asked}:
        return "unknown_question"
    found = ANSWERS[turn.task](court, asked)
    if found is None:
        return "no_answer"
    if turn.proof.answer != turn.text:
        return "other_value"
    if turn.task.startswith("box_"):
        right = same_boxes(court, found, turn.text)
    else:
        right = [text for text, _ in found] == [turn.text]
    if not right:
        return "wrong_answer"
    boxes = rests_on(court, turn.task, asked, turn.text, found)
    return "" if same_evidence(turn.proof.evidence, boxes) else "evidence_elsewhere"
