"""`code.chart`: a chart drawn by matplotlib code, and conversations that give the code, change it, mend it, or ask what it shows.

A table becomes a chart's specification, the specification code in one of many idioms, and the code is executed in the sandbox: twice, with
equal bytes. `verify` executes the stored code and every answer again and reads table, words and colours back from matplotlib's artists.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Literal, get_args

from numpy.random import Generator

from schemas.canonical import canonical_json
from schemas.errors import DataError, UserError
from schemas.sample import AssetUse, Attachment, Evidence, Image, Json, Proof, Rendering, Sample, Stored, Turn, Verdict
from synth.assets import Asset, resolve
from synth.code.chart_code import write_code
from synth.code.chart_edits import Edit, Fault, apply_edit, broken_code, draw_edit, draw_fault
from synth.code.chart_programs import answering_program
from synth.code.chart_proof import LEAST_CHANGED, changed_pixels, verdicts
from synth.code.chart_questions import ASKED, PROMPTS, Question, questions
from synth.code.chart_run import Drawn, code_in, fenced, pixels_of, run_chart
from synth.code.chart_scores import DRAWING_TASKS, score_answer
from synth.code.chart_spec import Idiom, Kind, Spec
from synth.code.chart_tables import FOR_THIS_KIND, SHOWN, check_any_table, read_table
from synth.code.chart_world import Table, draw_idiom, draw_spec, draw_table, suits
from synth.code.prompts import draw, load
from synth.code.vega_draw import VEGA_SPEC, draw_vega
from synth.code.vega_spec import VEGA_KINDS, write_vega
from synth.params import Mistakes, among, refuse, within

Task = Literal["to_code", "edit", "mend", "ask", "run", "from_sketch", "from_vega"]
PYPLOT, NUMPY = "import matplotlib.pyplot as plt\n", "import numpy as np\n"
SKETCH = 'plt.rcParams["path.sketch"] = (1.0, 90, 2)'
"""Lines that waver by a pixel, in waves of 90 pixels, as drawn by hand."""
FRAME_PX = 4
"""Vega's pictures have nothing within this of their edge: the padding of `vega_spec` is wider."""
WHOLE = (Evidence(0),)


@dataclass(frozen=True, slots=True)
class Truth:
    """The chart, how its code is written, and what is said about it.

    Attributes:
        task: What the conversation begins with.
        edit: The change that is asked for, if one is.
        fault: The mistake in the code that is shown, if one is.
        file: Of the user's tables, the one that is drawn; none for a drawn table.
    """

    spec: Spec
    idiom: Idiom
    task: Task
    edit: Edit | None
    fault: Fault | None
    file: Asset | None


@dataclass(frozen=True)
class Chart:
    """Charts in matplotlib.

    Attributes:
        kinds: Kinds of charts, taken in turn; of the user's tables the next that can show the numbers.
        tasks: What conversations begin with, taken in turn: `to_code` (picture to code, then a change), `edit` (picture, code and a wish),
            `mend` (picture and broken code), `ask` (questions), `run` (questions that a program is to answer), `from_sketch` (a picture
            as if drawn by hand, to code), `from_vega` (a picture that Vega drew, to matplotlib code of the same chart).
        questions: Questions a conversation of `ask` and `run`; one elsewhere.
        pattern: Path, glob or URI of CSV, TSV or Parquet files whose tables are drawn; tables are drawn up where it is empty.
        licence: SPDX identifier of the files.
        pinned: The files as they were when the run was planned (see `pin`); looked up again if empty.
    """

    version: ClassVar[int] = 4

    kinds: tuple[Kind, ...] = get_args(Kind)
    tasks: tuple[Task, ...] = get_args(Task)
    questions: int = 3
    pattern: str = ""
    licence: str = "LicenseRef-user"
    pinned: tuple[Asset, ...] = ()

    def __post_init__(self) -> None:
        refuse(
            among("kinds", self.kinds, get_args(Kind)),
            among("tasks", self.tasks, get_args(Task)),
            within("questions", self.questions, 1, 6),
            self._can_be_asked(),
            self._can_be_drawn_by_vega(),
            self._can_show_files(),
        )

    def _can_show_files(self) -> Mistakes:
        if self.pattern and not set(self.kinds) & set(SHOWN):
            todo = f"name one of {', '.join(SHOWN)}"
            yield UserError(f"{', '.join(self.kinds)} cannot show a table of numbers alone", where="params.kinds", todo=todo)

    def _can_be_asked(self) -> Mistakes:
        if {"ask", "run"} & set(self.tasks) and not set(self.kinds) & set(ASKED):
            todo = f"take ask and run out of tasks, or name one of {', '.join(ASKED)}"
            yield UserError(f"no questions are asked about {', '.join(self.kinds)}", where="params.tasks", todo=todo)

    def _can_be_drawn_by_vega(self) -> Mistakes:
        if "from_vega" in self.tasks and not set(self.kinds) & set(VEGA_KINDS):
            todo = f"take from_vega out of tasks, or name one of {', '.join(VEGA_KINDS)}"
            yield UserError(f"Vega-Lite draws no {', '.join(self.kinds)} here", where="params.tasks", todo=todo)

    def files(self) -> tuple[Asset, ...]:
        """The user's tables in order: the pinned ones, else what the pattern names now."""
        return self.pinned or (resolve(self.pattern, self.licence) if self.pattern else ())

    def assets(self) -> tuple[AssetUse, ...]:
        """The files as parts of a data set's fingerprint."""
        return tuple(asset.use() for asset in self.files())

    def pin(self) -> "Chart":
        """The same family with its list of files fixed."""
        if self.pattern and not self.pinned:
            check_any_table(self.files(), self.pattern)
        return replace(self, pinned=self.files())

    def sample_truth(self, index: int, rng: Generator) -> Truth:
        """Draw table, chart, idiom and what is asked; kinds and tasks follow `index`."""
        task = self.tasks[index % len(self.tasks)]
        turn = index // len(self.tasks)
        fit = {"ask": ASKED, "run": ASKED, "from_vega": VEGA_KINDS}.get(task, self.kinds)
        kinds = [kind for kind in self.kinds if kind in fit]
        kind = kinds[turn % len(kinds)]
        files = self.files()
        file = files[(turn + turn // len(kinds)) % len(files)] if files else None
        if file is None:
            table = draw_table(kind, rng)
        else:
            shown = [kind for kind in (*kinds[turn % len(kinds) :], *kinds[: turn % len(kinds)]) if kind in SHOWN]
            kind, table = _first_that_suits(file, shown, rng)
        spec = draw_spec(table, kind, rng)
        if task == "from_vega":  # which has its own looks: what the two engines share is drawn
            spec = replace(spec, value_labels=False, reference=None, note="", log=False, style="default", marker="o", rc=())
        return Truth(
            spec=spec,
            idiom=draw_idiom(spec, rng),
            task=task,
            edit=draw_edit(spec, rng) if task in ("to_code", "edit") else None,
            fault=draw_fault(spec, rng) if task == "mend" else None,
            file=file,
        )

    def render(self, truth: Truth, rng: Generator) -> Rendering[Drawn]:
        """Execute the code twice.

        Raises:
            DataError: It does not draw a usable chart, or not the same one twice (`draws_differ`).
        """
        code = write_code(truth.spec, truth.idiom)
        if truth.task == "from_sketch":
            code = sketched(code)
        drawn = run_chart(code)
        if run_chart(code).png != drawn.png:
            raise DataError("draws_differ", "the same code drew two pictures")
        png, source = drawn.png, Attachment.of("chart.py", "text/x-python", code.encode())
        if truth.task == "from_vega":
            png, source = _drawn_by_vega(truth.spec)
        height, width = pixels_of(png).shape[:2]
        return Rendering(
            landed=drawn,
            images=(Image.of(png, "png", width, height),),
            attachments=(
                source,
                Attachment.of("chart.json", "application/json", canonical_json(_table_of(truth.spec)).encode()),
            ),
            assets=(truth.file.use(),) if truth.file else (),
            languages=("en",),
            tags=(
                truth.spec.kind,
                truth.task,
                truth.idiom.api,
                f"data:{truth.idiom.data}",
                f"style:{truth.spec.style}",
                f"engine:{'vega' if truth.task == 'from_vega' else 'matplotlib'}",
            ),
        )

    def write_turns(self, truth: Truth, rendering: Rendering[Drawn], rng: Generator) -> tuple[Turn, ...]:
        """Ask, and answer with code or words."""
        code = write_code(truth.spec, truth.idiom) if truth.task == "from_vega" else rendering.attachments[0].data.decode()
        turns: list[Turn] = []
        if truth.task == "from_vega":
            _say(turns, "from_vega", draw(PROMPTS, "from_vega", rng), fenced(code), {"op": "from_vega"}, "same chart")
        if truth.task == "to_code":
            _say(turns, "to_code", draw(PROMPTS, "to_code", rng), fenced(code), {"op": "draw"}, "same picture")
        if truth.task == "from_sketch":
            plain = write_code(truth.spec, truth.idiom)
            run_chart(plain)
            _say(turns, "from_sketch", draw(PROMPTS, "from_sketch", rng), fenced(plain), {"op": "from_sketch"}, "same chart")
        if truth.edit is not None:
            self._edit(turns, truth, truth.edit, code, rng)
        if truth.fault is not None:
            self._mend(turns, truth, truth.fault, code, rng)
        asked: list[Question] = []
        if truth.spec.kind in ASKED and truth.task not in ("edit", "to_code"):  # after an edit, the picture is not what is talked about
            asked = questions(truth.spec, self.questions if truth.task in ("ask", "run") else 1, rng)
        for one in asked:
            if truth.task == "run":
                text = one.text + draw(PROMPTS, "run", rng)
                task = one.task.replace("ask_", "run_")
                _say(turns, task, text, fenced(answering_program(truth.spec, one)), one.program, one.answer)
            else:
                _say(turns, one.task, one.text, one.answer, one.program, one.answer)
        if not turns:
            raise DataError("nothing_to_ask", f"the values of this {truth.spec.kind} chart are too close to one another")
        return (replace(turns[0], text=f"<image>\n{turns[0].text}"), *turns[1:])

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Truth) -> tuple[Verdict, ...]:
        """Execute all code again, and read the artists."""
        return verdicts(stored, turns)

    def score_answers(self, stored: Stored, turns: tuple[Turn, ...], answers: Sequence[tuple[int, str]]) -> list[dict[str, float]]:
        """What answers draw beside what the right ones draw (`chart_scores.score_answer`); answers in words are not compared so."""
        return [score_answer(turns[turn].text, text) if turns[turn].task in DRAWING_TASKS else {} for turn, text in answers]

    def _edit(self, turns: list[Turn], truth: Truth, edit: Edit, code: str, rng: Generator) -> None:
        words = load(PROMPTS)
        series = words["series"].format(series=edit.series) if edit.series else words["all"]
        slots = {"title": {"text": edit.value}, "y_label": {"text": edit.value}, "remove": {"series": series}}
        slots["recolour"] = {"series": series, "color": edit.value}
        filled = slots.get(edit.operation, {})
        text = draw(PROMPTS, f"edit_{edit.operation}", rng, **filled)
        if truth.task == "edit":
            text += "\n\n" + draw(PROMPTS, "edit_code", rng, code=fenced(code))
        changed = write_code(apply_edit(truth.spec, edit), truth.idiom)
        run_chart(changed)
        _say(turns, "edit", text, fenced(changed), {"op": edit.operation, **filled}, "edited")

    def _mend(self, turns: list[Turn], truth: Truth, fault: Fault, code: str, rng: Generator) -> None:
        broken = broken_code(truth.spec, truth.idiom, fault)
        wrong, symptom = b"", "draws_another_picture"
        try:
            wrong = run_chart(broken).png
        except DataError as error:
            symptom = error.reason
        if wrong and changed_pixels(wrong, run_chart(code).png) < LEAST_CHANGED:
            raise DataError("fault_invisible", f"the mistake {fault.kind} does not show in this chart")
        text = draw(PROMPTS, "mend", rng, code=fenced(broken))
        _say(turns, "mend", text, fenced(code), {"op": "mend", "symptom": symptom}, "same picture")


def _drawn_by_vega(spec: Spec) -> tuple[bytes, Attachment]:
    """Picture and specification of the chart as Vega draws it, twice.

    Raises:
        DataError: It is not drawn, not alike twice, or its words do not fit (`text_cut_off`).
    """
    text = write_vega(spec)
    png = draw_vega(text).png
    if draw_vega(text).png != png:
        raise DataError("draws_differ", "the same specification drew two pictures")
    pixels = pixels_of(png)
    if any((pixels[[place, -1 - place]] < 255).any() or (pixels[:, [place, -1 - place]] < 255).any() for place in range(FRAME_PX)):
        raise DataError("text_cut_off", "Vega's words leave the picture")
    return png, Attachment.of(VEGA_SPEC, "application/json", text.encode())


def _first_that_suits(file: Asset, kinds: Sequence[Kind], rng: Generator) -> tuple[Kind, Table]:
    """The first kind that can show a file's numbers, and the part of the table that it shows; DataError of the first if none can."""
    refused = None
    for kind in kinds:
        try:
            table = read_table(file, kind, rng)
        except DataError as error:
            if error.reason not in FOR_THIS_KIND:
                raise
            refused = refused or error
            continue
        if suits(kind, table):
            return kind, table
    raise refused or DataError("unsuited_table", f"no chart of {', '.join(kinds)} can show the numbers of {file.name}")


def sketched(code: str) -> str:
    """The same program, whose lines waver."""
    last = NUMPY if NUMPY in code else PYPLOT
    return code.replace(last, f"{last}{SKETCH}\n", 1)


def _say(turns: list[Turn], task: str, question: str, answer: str, program: dict[str, Json], value: Json) -> None:
    turns.append(Turn("user", question, task))
    turns.append(Turn("assistant", answer, task, proof=Proof(program, value, WHOLE)))


def _table_of(spec: Spec) -> dict[str, Json]:
    """What the picture shows, for the verifier: no layout, no style."""
    whole: dict[str, Any] = asdict(spec)
    kept = (
        "kind",
        "title",
        "x_label",
        "y_label",
        "categories",
        "x",
        "series",
        "log",
        "grid",
        "value_labels",
        "colormap",
        "reference",
        "note",
    )
    table: dict[str, Json] = json.loads(json.dumps({key: whole[key] for key in kept}))
    return table


def perturb(sample: Sample) -> list[tuple[str, tuple[int, ...], tuple[Turn, ...]]]:
    """Hard negatives for the contract tests: code that runs and draws a chart with one thing wrong."""
    sources = [one.data.decode() for one in sample.attachments if one.name == "chart.py"]
    found: list[tuple[str, tuple[int, ...], tuple[Turn, ...]]] = []
    for number, turn in enumerate(sample.turns):
        if turn.task not in ("to_code", "mend", "edit", "from_vega") or turn.role != "assistant":
            continue
        code = code_in(turn.text)
        changes = {
            "grid toggled": code.replace("grid(True)", "grid(None)") if "grid(True)" in code else code.replace("grid(False)", "grid(True)"),
            "no title": "\n".join(line for line in code.splitlines() if "title(" not in line),
            "the code before": sources[0] if turn.task == "edit" else code,
            "limits mirrored": code.replace("plt.savefig(", "plt.gca().invert_yaxis(); plt.savefig(").replace(
                "fig.savefig(", "ax.invert_yaxis(); fig.savefig("
            ),
        }
        for kind, text in changes.items():
            if text.split() != code.split():
                turns = list(sample.turns)
                turns[number] = replace(turn, text=fenced(text))
                found.append((kind, (number,), tuple(turns)))
    return found
