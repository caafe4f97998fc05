"""The verifier of `code.chart`: runs the stored code again, compares what it draws, and answers every question from the artists.

Uses nothing of what draws tables, writes code or asks: it shares the wording file, the sandbox and nothing else. The sandbox must have
drawn the stored picture bit by bit, and its artists must show the stored table.
"""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from schemas.errors import DataError
from schemas.sample import Evidence, Json, Stored, Turn, Verdict
from synth.code.chart_kinds import read_drawn
from synth.code.chart_proof_edits import CHANGES, free, series_name
from synth.code.chart_proof_runs import computes_with, depends_on
from synth.code.chart_reading import PIE_TOLERANCE, TOLERANCE, Reading, Row, close_all, same
from synth.code.chart_run import Drawn, code_in, fenced, pixels_of, run_chart, run_printing
from synth.code.chart_scores import CLEAR, features, insensitive, least_score
from synth.code.chart_spec import COUNTED
from synth.code.prompts import load, match
from synth.code.vega_draw import VEGA_SPEC, draw_vega
from synth.code.vega_reading import check_edge, read_vega

PROMPTS = "chart_prompts"
WHOLE = (Evidence(0),)
"""What every answer rests on: the whole of the one picture."""
MARGIN = 0.04
"""Values that are compared must differ by this share of the highest."""
LEAST_CHANGED = 30
"""Pixels by which a mistaken picture must differ from the right one (chosen: the head of one marker)."""
PIXEL_STEP = 24
"""Levels of one channel by which a pixel counts as another (chosen: well over the noise of anti-aliasing, of which there is none here)."""


@dataclass(slots=True)
class Court:
    """One sample on trial: its stored bytes, and what each piece of code drew."""

    stored: Stored
    runs: dict[str, Drawn | DataError] = field(default_factory=dict)

    def draw(self, code: str) -> Drawn:
        """What a piece of code draws; run once.

        Raises:
            DataError: It does not draw a usable chart.
        """
        if code not in self.runs:
            try:
                self.runs[code] = run_chart(code)
            except DataError as error:
                self.runs[code] = error
        found = self.runs[code]
        if isinstance(found, DataError):
            raise found
        return found

    def source(self) -> str:
        """The stored program.

        Raises:
            DataError: There is none, or it is no text.
        """
        try:
            return self.stored.attachment("chart.py").data.decode("utf-8")
        except (KeyError, UnicodeDecodeError) as error:
            raise DataError("unreadable_sample", f"there is no program in chart.py: {error}") from error


def verdicts(stored: Stored, turns: tuple[Turn, ...]) -> tuple[Verdict, ...]:
    """One verdict an answer, from the stored bytes alone."""
    court = Court(stored)
    fault, shown = _media_fault(court)
    found, given = [], ""
    for asked, turn in itertools.pairwise(turns):
        if turn.role != "assistant":
            continue
        reason = fault
        if shown is not None and turn.proof is not None and turn.proof.evidence != WHOLE:
            reason = "other_evidence"
        elif shown is not None:
            try:
                reason = _judge(court, shown, asked.text.removeprefix("<image>\n"), turn, given)
            except DataError as error:
                reason = error.reason
        given = code_in(turn.text) if turn.task == "to_code" else given
        found.append(Verdict(turn.task, not reason, reason or "ok", "artefact"))
    return tuple(found)


def _media_fault(court: Court) -> tuple[str, Reading | None]:
    """What is wrong with the picture, and what it shows: the stored program must draw it and the stored table must be in it."""
    try:
        png, reading = _by_vega(court) if any(one.name == VEGA_SPEC for one in court.stored.attachments) else _by_matplotlib(court)
        if len(court.stored.images) != 1 or png != court.stored.images[0].data:
            return "other_picture", None
    except DataError as error:
        return error.reason, None
    try:
        right = shows(reading, json.loads(court.stored.attachment("chart.json").data))
    except (ArithmeticError, AttributeError, KeyError, RecursionError, TypeError, ValueError):  # no JSON, or not the table that was written
        return "unreadable_sample", None
    return ("", reading) if right else ("other_table", None)


def _by_matplotlib(court: Court) -> tuple[bytes, Reading]:
    """The picture that the stored program draws, and what it shows."""
    drawn = court.draw(court.source())
    _refuse_dull(drawn)
    return drawn.png, read_drawn(drawn)


def _by_vega(court: Court) -> tuple[bytes, Reading]:
    """The picture that Vega draws of the stored specification, and what its scene shows."""
    try:
        drawn = draw_vega(court.stored.attachment(VEGA_SPEC).data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise DataError("unreadable_sample", f"{VEGA_SPEC} is no text: {error}") from error
    check_edge(drawn.png)
    return drawn.png, read_vega(drawn.scene)


def _refuse_dull(drawn: Drawn) -> None:
    if dull := insensitive(features(drawn)):
        raise DataError("insensitive", f"the scores do not tell this chart from one with {dull}")


def shows(reading: Reading, table: dict[str, Any]) -> bool:
    """Whether the artists show the stored table: words, numbers and colours."""
    words = ("kind", "title", "x_label", "y_label", "log", "grid", "value_labels")
    if any(getattr(reading, word) != table[word] for word in words) or list(reading.categories) != table["categories"]:
        return False
    if list(reading.references) != [table["reference"]] * (table["reference"] is not None):
        return False
    if [text for text, _, _ in reading.notes] != [table["note"]] * bool(table["note"]):
        return False
    if not close_all(reading.x, table["x"]) or len(reading.rows) != len(table["series"]):
        return False
    for row, series in zip(reading.rows, table["series"], strict=True):
        values, tolerance = series["values"], TOLERANCE
        if reading.kind in ("pie", "donut"):  # shows shares
            values, tolerance = [value / sum(values) for value in values], PIE_TOLERANCE
        named = row.name == series["name"] or reading.kind in ("box", "range")
        colored = row.color == series["color"] or reading.kind in ("box", "heatmap")
        if not (named and colored and close_all(row.values, values, tolerance) and close_all(row.errors, series["errors"])):
            return False
    return reading.kind != "heatmap" or all(row.color == table["colormap"] for row in reading.rows)


def _judge(court: Court, shown: Reading, question: str, turn: Turn, given: str) -> str:
    """Why an answer is refused; empty if it is right."""
    if turn.proof is None or not isinstance(turn.proof.program, dict):
        return "no_program"
    program = turn.proof.program
    if turn.task == "to_code":
        if match(PROMPTS, "to_code", question) is None:
            return "unknown_question"
        if program != {"op": "draw"}:
            return "other_program"
        return _unless(_draws_the_picture(court, shown, turn), "draws_another_picture")
    if turn.task == "mend":
        return _mend(court, shown, question, turn)
    if turn.task == "edit":
        return _edit(court, shown, question, turn, given)
    if turn.task == "from_sketch":
        return _from_sketch(court, shown, question, turn)
    if turn.task == "from_vega":
        return _from_vega(court, shown, question, turn)
    if turn.task.startswith("run_"):
        return _run(shown, question, turn)
    asked = match(PROMPTS, turn.task, question) if turn.task.startswith("ask_") else None
    if asked is None:
        return "unknown_question"
    answer = _answer(turn.task, shown, program, asked)
    return _unless(answer is not None and answer == turn.text == turn.proof.answer, "wrong_answer")


def _run(shown: Reading, question: str, turn: Turn) -> str:
    """What the program prints must be the answer."""
    task = turn.task.replace("run_", "ask_")
    plain = next((question.removesuffix(text) for text in load(PROMPTS)["run"] if question.endswith(text)), "")
    asked = match(PROMPTS, task, plain) if plain else None
    if asked is None or turn.proof is None or not isinstance(turn.proof.program, dict):
        return "unknown_question"
    answer, code = _answer(task, shown, turn.proof.program, asked), _answered(turn)
    printed, told = run_printing(code)
    names = _names(shown)
    if not computes_with(shown, turn.proof.program, names, told) or not depends_on(code, turn.proof.program, told):
        return "other_values"
    return _unless(answer is not None and answer == printed == turn.proof.answer, "wrong_answer")


def _from_sketch(court: Court, shown: Reading, question: str, turn: Turn) -> str:
    """The stored picture must waver, the answer's not, and all else be the same."""
    if match(PROMPTS, "from_sketch", question) is None:
        return "unknown_question"
    drawn = court.draw(_answered(turn))
    if not court.draw(court.source()).wavers() or drawn.wavers():
        return "no_sketch"
    right = same(read_drawn(drawn), shown) and turn.proof is not None and turn.proof.answer == "same chart"
    return _unless(right and turn.proof is not None and turn.proof.program == {"op": "from_sketch"}, "draws_another_picture")


def _from_vega(court: Court, shown: Reading, question: str, turn: Turn) -> str:
    """The answer's chart must be the one that the other engine drew: words, numbers, colours, grid; its looks are its own."""
    if match(PROMPTS, "from_vega", question) is None:
        return "unknown_question"
    drawn = court.draw(_answered(turn))
    _refuse_dull(drawn)
    read = read_drawn(drawn)
    if read.kind == "step" and {style for style in read.look if style.startswith("steps ")} != {"steps steps-mid"}:  # Vega's `step`
        return "draws_another_picture"
    right = same(replace(read, look=()), shown) and turn.proof is not None and turn.proof.answer == "same chart"
    return _unless(right and turn.proof is not None and turn.proof.program == {"op": "from_vega"}, "draws_another_picture")


def _draws_the_picture(court: Court, shown: Reading, turn: Turn) -> bool:
    """Whether the answer's code draws the stored picture with artists that show the same: not a picture pasted in."""
    drawn = court.draw(_answered(turn))
    right = drawn.png == court.stored.images[0].data and turn.proof is not None and turn.proof.answer == "same picture"
    return right and same(read_drawn(drawn), shown)


def _answered(turn: Turn) -> str:
    """The code of an answer that is code and nothing else.

    Raises:
        DataError: Other words stand around it.
    """
    code = code_in(turn.text)
    if turn.text != fenced(code):
        raise DataError("words_beside_code", "the answer holds more than its code")
    return code


def _unless(right: bool, reason: str) -> str:
    return "" if right else reason


def _mend(court: Court, shown: Reading, question: str, turn: Turn) -> str:
    """The code in the question must be wrong, and that of the answer right."""
    slots = match(PROMPTS, "mend", question)
    if slots is None:
        return "unknown_question"
    wrong, symptom = b"", "draws_another_picture"
    try:
        wrong = court.draw(code_in(slots["code"])).png
    except DataError as error:
        symptom = error.reason
    if wrong and changed_pixels(wrong, court.stored.images[0].data) < LEAST_CHANGED:
        return "fault_invisible"
    if wrong and not clearly_below(court.draw(code_in(slots["code"])), court.draw(court.source())):
        return "insensitive"
    if turn.proof is None or turn.proof.program != {"op": "mend", "symptom": symptom}:
        return "other_program"
    return _unless(_draws_the_picture(court, shown, turn), "draws_another_picture")


def clearly_below(wrong: Drawn, right: Drawn) -> bool:
    """Whether the scores tell a mistaken chart from the right one; mirrored axes are seen by `read_drawn` and no score."""
    try:
        return not same(read_drawn(wrong), read_drawn(right)) or least_score(features(right), features(wrong)) <= 1 - CLEAR
    except DataError:
        return True


def changed_pixels(one: bytes, other: bytes) -> int:
    """How many pixels of two pictures differ visibly; all of them if their sizes do."""
    a, b = pixels_of(one).astype(np.int16), pixels_of(other).astype(np.int16)
    if a.shape != b.shape:
        return int(a.shape[0] * a.shape[1])
    return int((np.abs(a - b).max(axis=2) >= PIXEL_STEP).sum())


def _edit(court: Court, shown: Reading, question: str, turn: Turn, given: str) -> str:
    """What was asked must have changed in the artists, and nothing else that they show."""
    instruction, _, rest = question.partition("\n\n")
    if rest:
        slots = match(PROMPTS, "edit_code", rest)
        if slots is None or code_in(slots["code"]).strip() != court.source().strip():
            return "other_code_in_question"
    elif given.strip() != court.source().strip():
        return "no_code_to_change"
    for operation, change in CHANGES.items():
        asked = match(PROMPTS, f"edit_{operation}", instruction)
        if asked is None:
            continue
        drawn = court.draw(_answered(turn))
        if turn.proof is None or turn.proof.program != {"op": operation, **asked}:
            return "other_program"
        if drawn.figure["size_px"] != court.draw(court.source()).figure["size_px"]:
            return "changes_more"
        return _unless(
            same(free(read_drawn(drawn), operation), free(change(shown, asked), operation)) and turn.proof.answer == "edited",
            "changes_something_else",
        )
    return "unknown_question"


def _answer(task: str, shown: Reading, program: dict[str, Json], asked: dict[str, str]) -> str | None:
    """The answer to a question from the artists; None if it has none, or the program is not what was asked."""
    if task == "ask_count":
        return str(len(shown.rows[0].values)) if program == {"op": "count"} and shown.kind in COUNTED else None
    if task == "ask_series":
        return str(len(shown.rows)) if program == {"op": "series"} else None
    of, name = asked.get("of", ""), ""
    if of:
        before, after = load(PROMPTS)["of"].split("{series}")
        name = series_name(of.removeprefix(before).removesuffix(after))
    row = next((row for row in shown.rows if row.name == name), None)
    if row is None:
        return None
    wanted: dict[str, Json] = {"op": task.removeprefix("ask_"), "series": name}
    wanted |= {slot: asked[slot] for slot in ("row", "other") if slot in asked}
    wanted |= {"level": float(asked["text"])} if "text" in asked else {}
    return _from_row(task, shown, row, asked) if wanted == program else None


def _names(shown: Reading) -> list[str]:
    """What the rows are called on their axis."""
    if shown.kind == "dates":
        return [str(np.datetime64(int(day), "D")) for day in shown.x]
    return list(shown.categories) or [f"{value:.15g}" for value in shown.x]


def _from_row(task: str, shown: Reading, row: Row, asked: dict[str, str]) -> str | None:
    """As above, for questions about one series."""
    names = _names(shown)
    values = dict(zip(names, row.values, strict=True))
    least = MARGIN * max(abs(value) for one in shown.rows for value in one.values) - TOLERANCE
    order = sorted(names, key=lambda name: -values[name])
    ranked = [values[name] for name in order]
    match task:
        case "ask_highest":
            return order[0] if apart(ranked[:2], least) else None
        case "ask_lowest":
            return order[-1] if apart(ranked[-2:], least) else None
        case "ask_ranking":
            return ", ".join(order[:3]) if apart(ranked[:4], least) else None
        case "ask_more":
            one, other = values.get(asked["row"]), values.get(asked["other"])
            if one is None or other is None or abs(one - other) < least:
                return None
            return "Yes" if one > other else "No"
        case "ask_above" if shown.kind != "heatmap":  # whose values fill a field, and not a row
            level = float(asked["text"])
            return str(sum(value > level for value in ranked)) if all(abs(value - level) >= least for value in ranked) else None
        case "ask_value":
            found = values.get(asked["row"])
            return f"{found:g}" if found is not None and shown.value_labels else None
    return None


def apart(ranked: Sequence[float], least: float) -> bool:
    """Whether falling numbers are each `least` from the next."""
    return all(one - other >= least for one, other in itertools.pairwise(ranked))
