"""Runs matplotlib code in the sandbox and tells what it drew: the picture's bytes and the artists read back.

One warm sandbox a process, started when first needed. What cannot be used is a `DataError` with one of `REASONS`.
"""

import errno
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from schemas.errors import DataError
from synth.sandbox.box import Limits, Outcome, Program, Sandbox, View

REASONS = (
    "code_error",
    "code_time",
    "code_output",
    "code_crashed",
    "code_warns",
    "no_picture",
    "blank_picture",
    "text_cut_off",
    "text_overlaps",
    "drawn_otherwise",
)
"""Why a program's chart cannot be used."""
PICTURE, REPORT, LIST, REDRAWN = "chart.png", "figures.json", "drawing.json", "redrawn.json"
VALUES = "values.json"
TELL = f"""
import json
with open({VALUES!r}, "w") as told:
    json.dump({{name: globals().get(name) for name in ("names", "values", "series")}}, told)
"""
"""Run after a program that prints an answer: writes down what the program computed with."""
FIGURE_KEYS = {"axes", "size_px"}
"""What the probe writes of a figure."""
MAX_AREA_PX = 16_000_000
"""Larger pictures are not decoded (chosen: twice what a screen of 4K has)."""
LIMITS = Limits(cpu_s=10, wall_s=120.0, memory_bytes=1 << 30, disk_bytes=16 << 20, files=16, output_bytes=16_384)
PACKAGES = ("matplotlib", "pandas", "zlib-ng")
"""What programs can import, with what those need."""
WARM_UP = """
import csv, io, json, pathlib
import matplotlib
matplotlib.use("Agg")
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
import base64, math, zlib
from PIL import Image, PngImagePlugin
from synth.code import chart_recorder
chart_recorder.install()
for style in ("default", "ggplot", "bmh", "fivethirtyeight", "dark_background", "seaborn-v0_8", "Solarize_Light2", "petroff10"):
    with plt.style.context(style):
        figure, axes = plt.subplots(layout="constrained", figsize=(2, 2))
        axes.bar(["a"], [10], label="a")
        axes.set_yscale("log" if style == "ggplot" else "linear")
        axes.set_title("A")
        axes.legend()
        figure.savefig(io.BytesIO())
        plt.close("all")
"""
"""Imports, the recorder of what is drawn, and one chart a style: fonts are found and formulae can be set before the first program comes."""
TRIES = 3
"""How often a program is tried that the machine kept from its end (chosen)."""
REFERENCE = """
import time
held = bytearray({memory_bytes})
held[::4096] = b"x" * len(range(0, len(held), 4096))
while time.process_time() < {cpu_s}:
    pass
print("done")
"""
"""Takes nearly the processor time and half of the memory that a program may have. On a machine that runs it to its end by the clock, what
does not end would have ended by its processor time if it used any: it waits."""
OUTSIDE_PX, OVERLAP_PX = 1.0, 1.0
"""Text may stand out of the picture, or on other text, by this much: its box has a margin that its ink has not (chosen)."""
_HERE = Path(__file__).parent
RECORDED = tuple((f"/sandbox/synth/code/{name}.py", _HERE / f"{name}.py") for name in ("chart_recorder", "chart_probe"))
"""What of ours programs can import."""
LEAST_INK = 0.002
"""Share of pixels unlike the most frequent one below which a picture is blank (chosen: a title alone is about this)."""
BLOCK = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Text:
    """A text and its box in pixels from the picture's upper left; `angle` in degrees against the clock."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    angle: float

    def leaves(self, width: float, height: float) -> bool:
        """Whether it stands out of a picture of this size."""
        return self.left < -OUTSIDE_PX or self.top < -OUTSIDE_PX or self.right > width + OUTSIDE_PX or self.bottom > height + OUTSIDE_PX


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a program drew.

    Attributes:
        png: The picture it saved.
        figure: Its artists as `chart_probe` describes them: the program's word.
        drawing: Every call that drew the picture (`chart_recorder`). Proved: drawn again, no pixel differs.
        texts: All texts with their boxes, measured by us.
    """

    png: bytes
    figure: dict[str, Any]
    drawing: dict[str, Any]
    texts: tuple[Text, ...]

    def wavers(self) -> bool:
        """Whether marks are drawn with lines that waver, as if by hand."""
        return any(call["gc"]["_sketch"] for call in self.drawing["calls"] if call["op"] in ("path", "markers", "paths"))

    def pixels(self) -> NDArray[np.uint8]:
        """The picture, (height, width, 3)."""
        return pixels_of(self.png)


def code_in(answer: str) -> str:
    """The last fenced block of an answer, as the report's cookbook takes it; the whole answer if it has none."""
    blocks = BLOCK.findall(answer)
    return str(blocks[-1]) if blocks else answer


def fenced(code: str) -> str:
    """Code as an answer gives it."""
    return f"```python\n{code.rstrip()}\n```"


def run_chart(code: str, *, flawless: bool = True) -> Drawn:
    """Run code, draw again what it says that it drew, and read its chart.

    Args:
        code: The program.
        flawless: Whether warnings, blank pictures and words that are cut off or lie on one another are refused: a sample may have none, an
            answer that is scored may.

    Raises:
        DataError: With one of `REASONS`.
        SandboxError: The machine, not the program, gave out.
        UserError: No program can be held on this machine.
    """
    outcome = run_again(Program(code, (PICTURE, REPORT, LIST), after="from synth.code import chart_recorder; chart_recorder.leave()"))
    if outcome.status != "ok":
        raise DataError(f"code_{outcome.status}", f"the program ended with {outcome.code}: {outcome.stderr.strip()[-300:]}")
    return _checked(outcome, flawless=flawless)


def run_printing(code: str) -> tuple[str, dict[str, Any]]:
    """What a program prints, without spaces about it, and its `names`, `values` and `series` at its end (None if it has none).

    Raises:
        DataError: It ended badly, with one of `REASONS`.
        SandboxError: The machine, not the program, gave out.
    """
    outcome = run_again(Program(code, (VALUES,), after=TELL))
    if outcome.status != "ok":
        raise DataError(f"code_{outcome.status}", f"the program ended with {outcome.code}: {outcome.stderr.strip()[-300:]}")
    return outcome.stdout.strip(), _loaded(outcome.files.get(VALUES, b""))


def run_again(program: Program) -> Outcome:
    """What a program does; tried anew where the machine kept it from its end.

    Raises:
        DataError: `code_time` or `code_crashed`, it did not end `TRIES` times on a machine on which `REFERENCE` does.
        SandboxError: Nor did that: the machine does not give what `LIMITS` promise.
    """
    for _ in range(TRIES):
        outcome = sandbox().run(program)
        if outcome.status not in ("lost", "stalled"):
            return outcome
        sandbox().close()
    lost = outcome.status == "lost"
    what = "did not answer" if lost else f"had not ended the program after {LIMITS.wall_s:.0f} s by the clock"
    known = sandbox().run(Program(REFERENCE.format(cpu_s=0.9 * LIMITS.cpu_s, memory_bytes=LIMITS.memory_bytes // 2)))
    if (known.status, known.stdout) == ("ok", "done\n"):
        raise DataError("code_crashed" if lost else "code_time", f"the sandbox {what}, {TRIES} times in a row, and runs another to its end")
    raise SandboxError(errno.EIO, f"the sandbox {what}, {TRIES} times in a row; free the machine of other work")


class SandboxError(OSError):
    """The machine's trouble, and no property of a program: with `errno.EIO`, by which a build stops, to be run again."""


def _checked(outcome: Outcome, *, flawless: bool) -> Drawn:
    if flawless and outcome.stderr.strip():  # a glyph that the font lacks, among others
        raise DataError("code_warns", outcome.stderr.strip()[-300:])
    if PICTURE not in outcome.files or REPORT not in outcome.files or LIST not in outcome.files:
        raise DataError("no_picture", f"the program left {', '.join(outcome.names) or 'nothing'}, not {PICTURE}")
    png, redrawn = outcome.files[PICTURE], _redrawn(outcome)
    if flawless:
        _refuse_blank(pixels_of(png))
    if redrawn["differ"]:
        raise DataError("drawn_otherwise", f"what the program says that it drew differs from the picture in {redrawn['differ']} pixels")
    figure, drawing = (_loaded(outcome.files[name]) for name in (REPORT, LIST))
    if not figure.keys() >= FIGURE_KEYS:
        raise DataError("no_picture", "what the program says of its figure is not what the probe writes")
    drawn = Drawn(png, figure, drawing, tuple(Text(*text) for text in redrawn["texts"]))
    if not flawless:
        return drawn
    if outside := [text.text for text in drawn.texts if text.leaves(drawing["width"], drawing["height"])]:
        raise DataError("text_cut_off", f"{outside[:3]} leave the picture")
    if overlapping := overlaps(drawn.texts):
        raise DataError("text_overlaps", f"{overlapping[:3]} lie on one another")
    return drawn


def _refuse_blank(pixels: NDArray[np.uint8]) -> None:
    colors, counts = np.unique(pixels.reshape(-1, 3).astype(np.uint32) @ np.array([1, 256, 65_536], np.uint32), return_counts=True)
    if 1 - counts.max() / counts.sum() < LEAST_INK or len(colors) < 2:
        raise DataError("blank_picture", f"{counts.max() / counts.sum():.2%} of the picture have one colour")


def _redrawn(outcome: Outcome) -> dict[str, Any]:
    """How the display list differs from the picture, by a program of ours in a process of its own."""
    inputs = tuple((name, outcome.files[name]) for name in (PICTURE, LIST))
    again = run_again(Program(_source("chart_redraw"), (REDRAWN,), inputs))
    if REDRAWN not in again.files:
        raise DataError("drawn_otherwise", f"what the program says that it drew cannot be drawn: {again.stderr.strip()[-300:]}")
    return _loaded(again.files[REDRAWN])


def _loaded(data: bytes) -> dict[str, Any]:
    try:
        loaded = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DataError("no_picture", f"what the program says of its figures is no JSON: {error}") from error
    if not isinstance(loaded, dict):
        raise DataError("no_picture", "what the program says of its figures is no JSON object")
    return loaded


def overlaps(texts: Sequence[Text]) -> list[tuple[str, str]]:
    """Pairs of texts on one another. Turned ones are left out: their boxes share much where their ink shares nothing."""
    straight = [text for text in texts if text.angle % 90 == 0]
    return [
        (a.text, b.text)
        for number, a in enumerate(straight)
        for b in straight[number + 1 :]
        if min(a.right, b.right) - max(a.left, b.left) > OVERLAP_PX and min(a.bottom, b.bottom) - max(a.top, b.top) > OVERLAP_PX
    ]


def pixels_of(png: bytes) -> NDArray[np.uint8]:
    """A picture's pixels, (height, width, 3).

    Raises:
        DataError: `no_picture`, it is not one.
    """
    try:
        with PillowImage.open(io.BytesIO(png), formats=("PNG",)) as picture:
            if picture.width * picture.height > MAX_AREA_PX:
                raise DataError("no_picture", f"the picture has {picture.width} x {picture.height} pixels, more than {MAX_AREA_PX:,}")
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, PillowImage.DecompressionBombError) as error:
        raise DataError("no_picture", f"what the program saved is no PNG: {error}") from error


@cache
def sandbox() -> Sandbox:
    """The sandbox of this process, with matplotlib, pandas, the recorder and the probe in view."""
    return Sandbox(View(packages=PACKAGES, files=RECORDED, warm_up=WARM_UP), LIMITS)


@cache
def _source(name: str) -> str:
    return (_HERE / f"{name}.py").read_text(encoding="utf-8")
