"""What a program says of its chart is held against the picture: other reports, and charts changed behind the picture, are refused."""

import errno
from dataclasses import replace

import pytest

from schemas.errors import DataError
from synth.code.chart_kinds import read_drawn
from synth.code.chart_run import LIMITS, SandboxError, run_chart
from synth.code.chart_witness import number_of
from synth.sandbox.box import Outcome, Program, Sandbox, Status, unavailable

pytestmark = pytest.mark.skipif(bool(unavailable()), reason=unavailable())
HONEST = """
import matplotlib.pyplot as plt
fig, ax = plt.subplots(layout="constrained")
bars = ax.bar(["a", "b", "c"], [3, 1, 2], color="#0072b2")
ax.set_title("Rain")
ax.set_ylabel("mm")
{before}
fig.savefig("chart.png")
{after}
"""
FORGE = """
import json
from pathlib import Path
from synth.code import chart_recorder
leave = chart_recorder.leave
def forged():
    leave()
    for name in ("figures.json", "drawing.json"):
        told = json.loads(Path(name).read_text())
        change(name, told)
        Path(name).write_text(json.dumps(told))
chart_recorder.leave = forged
def change(name, told):
    {change}
"""


def code(before: str = "", after: str = "") -> str:
    return HONEST.format(before=before, after=after)


def forged(change: str) -> str:
    return code(after=FORGE.format(change=change))


def test_an_honest_chart_is_read() -> None:
    reading = read_drawn(run_chart(code()))
    assert (reading.kind, reading.categories, reading.rows[0].values, reading.rows[0].color) == (
        "bar",
        ("a", "b", "c"),
        (3, 1, 2),
        "#0072b2",
    )
    assert reading == read_drawn(run_chart(code(after="ax.set_title('Sun'); bars[0].set_height(9)"))), "what is saved counts"


@pytest.mark.parametrize(
    "change",
    [
        "if 'axes' in told: told['axes'][0]['bars'][0]['boxes'][0][3] = 2.9",
        "if 'axes' in told: told['axes'][0]['bars'][0]['colors'][1] = '#0072b3'",
        "if 'axes' in told: told['axes'][0]['bars'][0]['boxes'].pop(); told['axes'][0]['bars'][0]['colors'].pop()",
        "if 'axes' in told: told['axes'][0]['title'] = 'Sun'",
        "if 'axes' in told: told['axes'][0]['x']['ticks'] = [[0, 'b'], [1, 'a'], [2, 'c']]",
        "if 'axes' in told: told['axes'][0]['y']['limits'] = [0, 31.5]; told['axes'][0]['bars'][0]['boxes'][0][3] = 30",
        "if 'axes' in told: told['axes'][0]['y']['scale'] = 'log'",
        "if 'axes' in told: told['axes'] = []",
        "if 'axes' in told: told['axes'][0]['box_px'] = None",
    ],
)
def test_a_forged_report_is_refused(change: str) -> None:
    with pytest.raises(DataError) as caught:
        read_drawn(run_chart(forged(change)))
    assert caught.value.reason in ("unproved_reading", "unread_chart")


@pytest.mark.parametrize(
    "change",
    [
        "if 'calls' in told: told['calls'].pop()",
        "if 'calls' in told: told['calls'][-1]['text'] = 'Rainy'",
        "if 'calls' in told: told['dpi'] += 1",
        "if 'calls' in told: told['calls'] = 'no calls'",
        "if 'calls' in told: told['calls'].append({'op': 'filter'})",
        "if 'calls' in told: told['width'] = 1e9",
    ],
)
def test_a_forged_display_list_is_refused(change: str) -> None:
    with pytest.raises(DataError) as caught:
        run_chart(forged(change))
    assert caught.value.reason == "drawn_otherwise"


def test_another_picture_than_the_figure_is_refused() -> None:
    paint = "from PIL import Image; p = Image.open('chart.png'); p.putpixel((300, 300), (1, 2, 3)); p.save('chart.png')"
    with pytest.raises(DataError, match="drawn_otherwise"):
        run_chart(code(after=paint))


@pytest.mark.parametrize(
    "mark",
    [
        "ax.add_patch(plt.Rectangle((0.5, 0), 0.2, 1.5, color='red'))",
        "ax.axhline(1.5, xmax=0.5)",
        "ax.bar(['a'], [1], color='red')[0].remove; fig.add_artist(plt.Circle((0.5, 0.5), 0.1, transform=fig.transFigure))",
    ],
)
def test_marks_that_no_kind_of_chart_explains_are_refused(mark: str) -> None:
    with pytest.raises(DataError, match="unread_chart|unproved_reading"):
        read_drawn(run_chart(code(before=mark)))


def test_numbers_beside_ticks_must_be_their_places() -> None:
    with pytest.raises(DataError, match="unproved_reading"):
        read_drawn(run_chart(code(before="ax.set_yticks([0.5, 1, 2, 3], ['0', '10', '20', '30'])")))
    with pytest.raises(DataError, match="no numbers beside"):
        read_drawn(run_chart(code(before="ax.set_yticks([])")))
    big = code(before="[bar.set_height(3e8) for bar in bars]; ax.set_ylim(0, 4e8)")
    assert read_drawn(run_chart(big)).rows[0].values[0] == 3e8


@pytest.mark.parametrize("status", ["lost", "stalled"])
def test_trouble_of_the_machine_is_no_property_of_a_chart(status: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build stops at such an error, to be run again; a sample that failed so is not committed as rejected."""
    tries = []

    def run(sandbox: Sandbox, program: Program) -> Outcome:
        tries.append(program)
        return Outcome(status)

    monkeypatch.setattr(Sandbox, "run", run)
    with pytest.raises(SandboxError) as caught:
        run_chart(code())
    assert (caught.value.errno, len(tries)) == (errno.EIO, 4)
    assert tries[3].source != code()


@pytest.mark.parametrize(("status", "reason"), [("lost", "code_crashed"), ("stalled", "code_time")])
def test_what_does_not_end_where_another_does_is_a_property_of_the_program(
    status: Status, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Sandbox.run
    monkeypatch.setattr(Sandbox, "run", lambda sandbox, program: Outcome(status) if "sleep" in program.source else run(sandbox, program))
    monkeypatch.setattr("synth.code.chart_run.LIMITS", replace(LIMITS, cpu_s=1))
    with pytest.raises(DataError, match=reason):
        run_chart("import time\ntime.sleep(1000)")


def test_numbers_of_labels() -> None:
    assert [number_of(text) for text in ("2,000", "\u22120.5", "1e6", "40%", "Q1", "")] == [2000, -0.5, 1e6, 40, None, None]
    assert number_of("$\\mathdefault{10^{-2}}$") == 0.01


@pytest.mark.parametrize(
    "look", ["ax.set_facecolor('#eeeeee')", "bars[0].set_linewidth(3); bars[0].set_edgecolor('black')", "ax.title.set_size(20)"]
)
def test_the_look_is_read_from_the_picture(look: str) -> None:
    plain, other = read_drawn(run_chart(code())), read_drawn(run_chart(code(before=look)))
    assert plain.look != other.look
    assert plain.rows == other.rows


@pytest.mark.parametrize(
    "hiding",
    [
        "ax.add_patch(plt.Rectangle((0, 0), 1, 1, transform=ax.transAxes, facecolor='w', edgecolor='none', zorder=50))",
        "ax.set_ylim(0, 1)",
        "ax.set_ylim(0, 1e7)",
        "bars[1].set_clip_box(fig.transFigure.transform_bbox(ax.get_position().shrunk(0.1, 0.1)))",
        "ax.grid(axis='x', linewidth=400, color='w', zorder=50); ax.set_axisbelow(False)",
        "ax.set_title('Rain', color='w')",
    ],
)
def test_what_is_drawn_and_not_seen_is_refused(hiding: str) -> None:
    drawn = run_chart(code(before=hiding), flawless=False)
    with pytest.raises(DataError) as caught:
        read_drawn(drawn)
    assert caught.value.reason in ("unseen_mark", "unread_chart", "unproved_reading")
