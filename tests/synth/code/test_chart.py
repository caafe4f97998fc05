"""`code.chart`: every kind is drawn and read back, every change and every mistake is what it says, and the verifier refuses the rest."""

from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from schemas.errors import DataError, UserError
from schemas.sample import Attachment, Sample
from synth.code.chart import Chart, Truth
from synth.code.chart_code import write_code
from synth.code.chart_edits import Edit, Fault, apply_edit, broken_code
from synth.code.chart_kinds import read_drawn
from synth.code.chart_proof import changed_pixels, shows, verdicts
from synth.code.chart_reading import Reading, same
from synth.code.chart_run import code_in, fenced, run_chart
from synth.code.chart_spec import Idiom, Kind, Series, Spec
from synth.code.chart_world import RC_FORMS, SETTINGS, draw_idiom, draw_spec, draw_table
from synth.make import make_sample, truth_adapter
from synth.sandbox.box import unavailable

pytestmark = pytest.mark.skipif(bool(unavailable()), reason=unavailable())
SEED = 7
PLAIN = Idiom("axes", "lists", False, False, False, 0)
BARS = Spec(
    kind="bar",
    title="Rain",
    x_label="",
    y_label="mm",
    categories=("Bergen", "Lagos", "Lima", "Pune"),
    x=(),
    series=(Series("", (240.0, 120.5, 12.0, 61.0), "#0072b2"),),
    log=False,
    grid=False,
    value_labels=False,
    style="default",
    colormap="viridis",
    width_in=6.4,
    height_in=4.8,
    dpi=80,
    marker="o",
    layout="constrained",
)
COLORS = {"A": "#ff0000", "B": "#00ff00", "C": "#0000ff"}
GROUPED = replace(BARS, kind="grouped", series=tuple(replace(BARS.series[0], name=name, color=color) for name, color in COLORS.items()))


def reading_of(spec: Spec, idiom: Idiom = PLAIN) -> Reading:
    return read_drawn(run_chart(write_code(spec, idiom)))


def sample_of(family: Chart, index: int = 0) -> Sample:
    return make_sample(family, "code.chart", index, SEED)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_is_drawn_and_read_back(kind: Kind) -> None:
    for seed in range(SEED, SEED + 4):
        rng = np.random.default_rng(seed)
        spec = draw_spec(draw_table(kind, rng), kind, rng)
        try:
            reading = reading_of(spec, draw_idiom(spec, rng))
            break
        except DataError as hidden:  # such as the stem between two dots that nearly touch
            if hidden.reason != "unseen_mark":
                raise
    assert (reading.kind, reading.title, reading.categories) == (kind, spec.title, spec.categories)
    if kind not in ("pie", "donut"):
        assert [row.values for row in reading.rows] == [pytest.approx(one.values) for one in spec.series]


@pytest.mark.parametrize("kind", ["bar", "grouped", "heatmap", "panels"])
def test_no_idiom_changes_the_picture(kind: Kind) -> None:
    spec = replace(GROUPED if kind != "bar" else BARS, kind=kind, value_labels=kind == "heatmap")
    pictures = set()
    for number, data in enumerate(("lists", "dict", "rows", "array", "csv", "frame")):
        for api in ("pyplot", "axes", "figure"):
            idiom = Idiom(api, data, number % 2 == 0, number > 2, number == 1, number % 4, number % 2 == 1)  # type: ignore[arg-type]
            code = write_code(spec, idiom)
            pictures.add(run_chart(code).png)
    assert len(pictures) == 1


def test_settings_are_one_however_they_are_written_and_each_changes_the_picture() -> None:
    plain = run_chart(write_code(GROUPED, PLAIN)).png
    for group in SETTINGS:
        spec = replace(GROUPED, rc=group)
        pictures = {run_chart(write_code(spec, replace(PLAIN, rc=form))).png for form in RC_FORMS}
        assert len(pictures) == 1, group
        assert plain not in pictures, group
        assert reading_of(spec) == replace(reading_of(GROUPED), look=reading_of(spec).look)


@pytest.mark.parametrize(
    ("edit", "spec"),
    [
        (Edit("title", value="Other"), BARS),
        (Edit("y_label", value="Other"), BARS),
        (Edit("recolour", "", "#dc143c"), BARS),
        (Edit("recolour", "B", "#dc143c"), GROUPED),
        (Edit("remove", "B"), GROUPED),
        (Edit("sort"), BARS),
        (Edit("log"), BARS),
        (Edit("grid"), BARS),
        (Edit("horizontal"), BARS),
    ],
)
def test_a_change_is_seen_in_the_artists(edit: Edit, spec: Spec) -> None:
    changed = reading_of(apply_edit(spec, edit))
    assert not same(changed, reading_of(spec))
    assert same(changed, reading_of(apply_edit(spec, edit), replace(PLAIN, api="pyplot", data="dict")))


@pytest.mark.parametrize(
    "kind", ["value", "names", "label", "mirrored", "kind", "import", "misspelled", "bracket", "undefined", "colors", "unlogged"]
)
def test_a_mistake_shows_or_stops_the_program(kind: str) -> None:
    spec = replace(GROUPED if kind == "colors" else BARS, log=kind == "unlogged")
    right = run_chart(write_code(spec, PLAIN)).png
    broken = broken_code(spec, PLAIN, Fault(kind, 0, 0, 1))  # type: ignore[arg-type]
    if kind in ("import", "misspelled", "bracket", "undefined"):
        with pytest.raises(DataError, match="code_error"):
            run_chart(broken)
    else:
        assert changed_pixels(run_chart(broken).png, right) > 100


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import matplotlib.pyplot as plt\nplt.plot([1])", "no_picture"),
        ("open('chart.png', 'w').write('x')\nimport matplotlib.pyplot as plt\nplt.figure()", "no_picture"),
        ("import matplotlib.pyplot as plt\nplt.figure(); plt.savefig('chart.png')", "blank_picture"),
        ("import matplotlib.pyplot as plt\nplt.plot([1]); plt.title('x' * 200); plt.savefig('chart.png')", "text_cut_off"),
        (
            "import matplotlib.pyplot as plt\nplt.plot([1]); plt.text(0, 1, 'one'); plt.text(0, 1, 'two'); plt.savefig('chart.png')",
            "text_overlaps",
        ),
        ("import matplotlib.pyplot as plt\nplt.plot([1]); plt.title('\\u0e01'); plt.savefig('chart.png')", "code_warns"),
        ("1 / 0", "code_error"),
        ("import os; os.kill(os.getppid(), 9)", "code_error"),
        ("print('x' * 10_000_000)", "code_output"),
        ("import os; os.abort()", "code_crashed"),
    ],
)
def test_what_is_no_chart_is_told(code: str, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        run_chart(code)
    assert caught.value.reason == reason


def test_the_last_block_is_the_answer() -> None:
    assert code_in("First:\n```python\na\n```\nthen\n```py\nb\n```") == "b\n"
    assert code_in("a = 1") == "a = 1"
    assert code_in(fenced("a = 1\n")) == "a = 1\n"


TABLE = {**{key: getattr(BARS, key) for key in ("kind", "title", "x_label", "y_label", "log", "grid", "value_labels", "colormap")}}
WRONG: dict[str, Callable[[Reading], Reading]] = {
    "one value": lambda r: replace(r, rows=(replace(r.rows[0], values=(240.0, 121.0, 12.0, 61.0)),)),
    "two values exchanged": lambda r: replace(r, rows=(replace(r.rows[0], values=(120.5, 240.0, 12.0, 61.0)),)),
    "a row missing": lambda r: replace(r, rows=(replace(r.rows[0], values=(240.0, 120.5, 12.0)),)),
    "a colour": lambda r: replace(r, rows=(replace(r.rows[0], color="#0072b3"),)),
    "a name": lambda r: replace(r, categories=("Bergen", "Lagos", "Lima", "Puna")),
    "the title": lambda r: replace(r, title="rain"),
    "a label": lambda r: replace(r, y_label=""),
    "the scale": lambda r: replace(r, log=True),
    "the kind": lambda r: replace(r, kind="lollipop"),
    "the grid": lambda r: replace(r, grid=True),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_picture_of_another_table_is_refused(kind: str) -> None:
    reading = reading_of(BARS)
    series = [{"name": "", "values": list(BARS.series[0].values), "color": "#0072b2", "errors": []}]
    table = {**TABLE, "reference": None, "note": "", "categories": list(BARS.categories), "x": [], "series": series}
    assert shows(reading, table)
    assert not shows(WRONG[kind](reading), table)
    assert not same(WRONG[kind](reading), reading)


def test_the_stored_program_must_draw_the_stored_picture() -> None:
    sample = sample_of(Chart(kinds=("bar",), tasks=("ask",)))
    code = sample.stored.attachment("chart.py").data.decode()
    for changed in (code.replace("savefig", "gcf().savefig") if "plt.savefig" in code else code.replace("dpi=", "dpi=1 + "), "x = 1\n"):
        attachments = tuple(
            Attachment.of(item.name, item.media_type, changed.encode()) if item.name == "chart.py" else item for item in sample.attachments
        )
        found = verdicts(replace(sample.stored, attachments=attachments), sample.turns)
        assert all(not verdict.passed for verdict in found) or "gcf()" in changed


def test_a_question_must_be_about_the_program_and_the_program_about_the_question() -> None:
    sample = sample_of(Chart(kinds=("bar",), tasks=("ask",), questions=6))
    tasks = [turn.task for turn in sample.turns if turn.role == "assistant"]
    assert len(tasks) >= 2
    for number, turn in enumerate(sample.turns):
        if turn.role == "user":
            turns = list(sample.turns)
            turns[number] = replace(turn, text=("<image>\n" if number == 0 else "") + "What is the weather like?")
            found = verdicts(sample.stored, tuple(turns))
            assert [verdict.reason for verdict in found if not verdict.passed] == ["unknown_question"]
        elif turn.proof is not None and isinstance(turn.proof.program, dict):
            turns = list(sample.turns)
            turns[number] = replace(turn, proof=replace(turn.proof, program={**turn.proof.program, "op": "nothing"}))
            assert [verdict.passed for verdict in verdicts(sample.stored, tuple(turns))].count(False) == 1


def test_a_mended_program_must_have_been_broken() -> None:
    sample = sample_of(Chart(kinds=("bar",), tasks=("mend",)))
    code = sample.stored.attachment("chart.py").data.decode()
    head = sample.turns[0].text.split("\n\n```")[0]
    turns = (replace(sample.turns[0], text=f"{head}\n\n{fenced(code)}"), *sample.turns[1:])
    if not sample.turns[0].text.endswith("```"):
        pytest.fail("the code stands at the end of the question in every phrasing")
    assert verdicts(sample.stored, turns)[0].reason == "fault_invisible"


def test_a_program_must_print_the_answer() -> None:
    sample = sample_of(Chart(kinds=("bar",), tasks=("run",), questions=6))
    places = [number for number, turn in enumerate(sample.turns) if turn.role == "assistant"]
    assert len(places) >= 2
    for place in places:
        right = code_in(sample.turns[place].text)
        assert "print(" in right
        for wrong, reason in {"print('none')": "other_values", "1 / 0": "code_error", right + "print([])": "other_values"}.items():
            turns = list(sample.turns)
            turns[place] = replace(turns[place], text=fenced(wrong))
            reasons = [verdict.reason for verdict in verdicts(sample.stored, tuple(turns)) if not verdict.passed]
            assert reasons == [reason]


def test_a_sketch_wavers_and_its_answer_does_not() -> None:
    sample = sample_of(Chart(kinds=("bar",), tasks=("from_sketch",)))
    assert sample.verdicts[0].passed
    stored = sample.stored.attachment("chart.py").data.decode()
    for wrong in (stored, sample.turns[1].text.replace("title(", "title('x' + ")):
        turns = (sample.turns[0], replace(sample.turns[1], text=wrong if wrong.startswith("```") else fenced(wrong)), *sample.turns[2:])
        assert verdicts(sample.stored, turns)[0].reason in ("no_sketch", "draws_another_picture")


@pytest.mark.parametrize("field", ["reference", "note"])
def test_reference_lines_and_notes_are_read(field: str) -> None:
    profile = replace(BARS, kind="profile")
    spec = replace(profile, reference=100.0) if field == "reference" else replace(profile, note="Peak")
    reading = reading_of(spec)
    assert reading.references == ((100.0,) if field == "reference" else ())
    assert reading.notes == ((("Peak", 0.0, 240.0),) if field == "note" else ())
    assert not same(reading, reading_of(replace(BARS, kind="profile")))


def test_an_edit_may_not_change_the_look_beside() -> None:
    sample = sample_of(Chart(kinds=("bar",), tasks=("edit",)))
    place = next(number for number, turn in enumerate(sample.turns) if turn.task == "edit" and turn.role == "assistant")
    for wrong in ("facecolor('#fafafa')", "tick_params(labelsize=7)"):
        text = sample.turns[place].text
        on = "plt.gca().set_" if "plt.savefig" in text else "ax.set_"
        call = (on + wrong) if wrong.startswith("face") else (on.removesuffix("set_") + wrong)
        changed = text.replace("plt.savefig(", f"{call}; plt.savefig(").replace("fig.savefig(", f"{call}; fig.savefig(")
        turns = list(sample.turns)
        turns[place] = replace(turns[place], text=changed)
        assert verdicts(sample.stored, tuple(turns))[0].reason == "changes_something_else"


@pytest.mark.parametrize("task", ["to_code", "edit", "mend", "ask", "run", "from_sketch"])
def test_conversations_begin_as_asked(task: str) -> None:
    sample = sample_of(Chart(kinds=("line",), tasks=(task,)))  # type: ignore[arg-type]
    assert all(verdict.passed and verdict.how == "artefact" for verdict in sample.verdicts)
    assert (sample.turns[0].task.split("_")[0] if task in ("ask", "run") else sample.turns[0].task) == task


def test_parameters_are_checked() -> None:
    with pytest.raises(UserError, match="holds 'spider'"):
        Chart(kinds=("spider",))  # type: ignore[arg-type]
    with pytest.raises(UserError, match="questions is 0"):
        Chart(questions=0)


def test_truth_survives_json() -> None:
    sample = sample_of(Chart(tasks=("edit",)))
    truth = truth_adapter(Chart()).validate_json(sample.truth)
    assert isinstance(truth, Truth)
    assert truth.edit is not None
