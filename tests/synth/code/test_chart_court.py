"""The verifier of `code.chart` against planted faults: words beside code, pasted pictures, printed words, other evidence, damaged parts."""

import base64
from dataclasses import replace

import pytest

from schemas.sample import Attachment, Evidence, Json, Sample, Turn
from synth.code.chart import Chart
from synth.code.chart_proof import verdicts
from synth.code.chart_proof_runs import depends_on
from synth.code.chart_run import code_in, fenced, pixels_of, run_printing
from synth.code.chart_scores import score_answer
from synth.make import draft_sample, make_sample
from synth.sandbox.box import unavailable

pytestmark = pytest.mark.skipif(bool(unavailable()), reason=unavailable())


def sample_of(task: str) -> Sample:
    return make_sample(Chart(kinds=("bar",), tasks=(task,)), "code.chart", 0, 7)  # type: ignore[arg-type]


def reason_of(sample: Sample, place: int = 1, **changed: object) -> str:
    turns: list[Turn] = list(sample.turns)
    turns[place] = replace(turns[place], **changed)  # type: ignore[arg-type]
    return verdicts(sample.stored, tuple(turns))[place // 2].reason


@pytest.mark.parametrize("task", ["to_code", "edit", "mend", "run", "from_sketch"])
def test_words_beside_the_code_and_other_evidence_are_refused(task: str) -> None:
    sample = sample_of(task)
    answer = sample.turns[1]
    assert reason_of(sample) == "ok"
    assert reason_of(sample, text=f"Lima is highest.\n{answer.text}") == "words_beside_code"
    assert reason_of(sample, text=answer.text + "\n") == "words_beside_code"
    assert answer.proof is not None
    for evidence in ((), (Evidence(1),), (Evidence(0, (0, 0, 5, 5)),)):
        assert reason_of(sample, proof=replace(answer.proof, evidence=evidence)) == "other_evidence"


@pytest.mark.parametrize("task", ["to_code", "mend"])
def test_a_pasted_picture_is_refused(task: str) -> None:
    sample = sample_of(task)
    height, width = pixels_of(sample.stored.images[0].data).shape[:2]
    paste = (
        "import base64, io\nimport matplotlib.pyplot as plt\n"
        f"data = base64.b64decode({base64.b64encode(sample.stored.images[0].data).decode()!r})\n"
        f"fig = plt.figure(figsize=({width} / 100, {height} / 100), dpi=100)\n"
        "fig.figimage(plt.imread(io.BytesIO(data)))\nfig.savefig('chart.png', dpi=100)\n"
    )
    assert reason_of(sample, text=fenced(paste)) not in ("ok", "words_beside_code")


def test_a_program_that_prints_the_answer_from_other_values_is_refused() -> None:
    sample = sample_of("run")
    answer = sample.turns[1]
    assert answer.proof is not None
    code, right = code_in(answer.text), answer.proof.answer
    head = "\n".join(code.splitlines()[:-1])
    printed = (f"{head}\nprint({right!r})", f"{head}\nfound = {right!r}\nprint(found)", f"{head}\nprint(str({right!r}))")
    for wrong in (f"print({right!r})", *printed, f"{code}\nvalues[0] += 1", f"{code}\nnames[0] = 'Oz'"):
        assert reason_of(sample, text=fenced(wrong)) == "other_values"


def test_what_depends_on_the_values_and_what_does_not() -> None:
    told = {"names": ["a", "b", "c"], "values": [3, -2.5, 7], "series": None}
    head = "names = ['a', 'b', 'c']\nvalues = [3, -2.5, 7]\n"
    lines = {
        "highest": "print(names[values.index(max(values))])",
        "lowest": "print(names[values.index(min(values))])",
        "more": "print('Yes' if values[0] > values[1] else 'No')",
        "ranking": "print(', '.join(sorted(names, key=lambda name: -values[names.index(name)])[:3]))",
        "value": "print(f'{values[1]:g}')",
        "above": "print(sum(value > 5 for value in values))",
        "count": "print(len(names))",
    }
    for operation, line in lines.items():
        printed = run_printing(head + line)[0]
        program: dict[str, Json] = {"op": operation, "row": "a" if operation == "more" else "b", "other": "b", "level": 5}
        assert depends_on(head + line, program, told), operation
        deep = f"x = {'+'.join(['0'] * 900)}"
        logs = "import math\n[math.log(value + 3) for value in values if value != 3]\n" + f"print({printed!r})"
        sign = f"print({printed!r} if values[0] > 0 else '')"
        for wrong in (f"found = {printed!r}\nprint(found)", f"{deep}\nprint({printed!r})", logs, sign, f"assert values[0] == 3\n{line}"):
            counts = operation == "count" and wrong.startswith("assert")  # whose values stay
            assert counts or not depends_on(f"{head}{wrong}", program, told), (operation, wrong)


@pytest.mark.parametrize(("name", "data"), [("chart.json", b"{"), ("chart.json", b"[]"), ("chart.json", b"{}"), ("chart.py", b"\xff")])
def test_a_damaged_part_is_told(name: str, data: bytes) -> None:
    sample = sample_of("to_code")
    parts = tuple(Attachment.of(name, part.media_type, data) if part.name == name else part for part in sample.stored.attachments)
    for attachments in (parts, tuple(part for part in parts if part.name != name)):
        found = verdicts(replace(sample.stored, attachments=attachments), sample.turns)
        assert {verdict.reason for verdict in found} == {"unreadable_sample"}


def edited(kind: str, operation: str) -> Sample:
    for seed in range(60):
        sample = draft_sample(Chart(kinds=(kind,), tasks=("edit",)), "code.chart", 0, seed)  # type: ignore[arg-type]
        answer = sample.turns[1].proof
        if answer is not None and isinstance(answer.program, dict) and answer.program["op"] == operation:
            return sample
    raise AssertionError(operation)


def before_saving(text: str, line: str) -> str:
    lines = text.splitlines()
    place = next(number for number, one in enumerate(lines) if "savefig" in one)
    indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
    return "\n".join([*lines[:place], indent + line, *lines[place:]])


@pytest.mark.parametrize(("kind", "operation"), [("bar", "title"), ("bar", "grid"), ("line", "recolour"), ("step", "title")])
def test_an_edit_that_changes_limits_or_steps_too_is_refused(kind: str, operation: str) -> None:
    sample = edited(kind, operation)
    text = sample.turns[1].text
    assert reason_of(sample) == "ok"
    wrong = text.replace('where="mid"', 'where="post"') if kind == "step" else before_saving(text, "plt.gca().margins(y=0.3)")
    assert wrong != text
    assert reason_of(sample, text=wrong) == "changes_something_else"


@pytest.mark.parametrize("line", ["ax['title'] = 5", "ax['bars'][0]['boxes'][0][3] = 10 ** 400", "ax['x'] = []", "ax['texts'] = [5]"])
def test_a_report_of_other_types_is_refused_and_scores_nothing(line: str) -> None:
    sample = sample_of("to_code")
    told = f"from synth.code import chart_recorder\nax = chart_recorder._saved['figures.json']['axes'][0]\n{line}"
    wrong = fenced(code_in(sample.turns[1].text) + told)
    assert reason_of(sample, text=wrong) in ("unproved_reading", "unread_chart", "no_picture")
    assert score_answer(sample.turns[1].text, wrong)["chart_data"] == 0


def test_huge_numbers_and_unknown_programs_are_refused() -> None:
    sample = sample_of("run")
    answer = sample.turns[1]
    assert answer.proof is not None
    assert reason_of(sample, text=fenced(code_in(answer.text) + "values = [10 ** 400] * len(values)")) == "other_values"
    assert reason_of(sample, proof=replace(answer.proof, program={})) != "ok"
