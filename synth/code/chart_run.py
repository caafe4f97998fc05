"""Runs matplotlib code in the sandbox and tells what it drew: the picture's bytes and the artists read back.

One warm sandbox a process, started when first needed. What cannot be used is a `DataError` with one of `REASONS`.
"""

import io
import json
import re
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
    "code_lost",
    "code_warns",
    "no_picture",
    "blank_picture",
    "text_cut_off",
    "text_overlaps",
)
"""Why a program's chart cannot be used."""
PICTURE, REPORT = "chart.png", "figures.json"
FIGURE_KEYS = {"axes", "outside", "overlapping", "size_px"}
"""What the probe writes of a figure."""
MAX_AREA_PX = 16_000_000
"""Larger pictures are not decoded (chosen: twice what a screen of 4K has)."""
LIMITS = Limits(cpu_s=10, wall_s=30.0, memory_bytes=1 << 30, disk_bytes=16 << 20, files=16, output_bytes=16_384)
WARM_UP = """
import csv, io, json, pathlib
import matplotlib
matplotlib.use("Agg")
import numpy as np
import matplotlib.pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
figure, axes = plt.subplots(layout="constrained")
axes.bar(["a"], [1], label="a")
axes.legend()
figure.savefig(io.BytesIO())
plt.close("all")
"""
"""Imports, and one chart, so that fonts are found and glyphs are loaded before the first program."""
LEAST_INK = 0.002
"""Share of pixels unlike the most frequent one below which a picture is blank (chosen: a title alone is about this)."""
BLOCK = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a program drew: the PNG it saved, and its only figure as `chart_probe` describes it."""

    png: bytes
    figure: dict[str, Any]

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


def run_chart(code: str) -> Drawn:
    """Run code and read its chart back.

    Raises:
        DataError: With one of `REASONS`.
        UserError: No program can be held on this machine.
    """
    outcome = _sandbox().run(Program(code, (PICTURE, REPORT), after=_probe()))
    if outcome.status != "ok":
        raise DataError(f"code_{outcome.status}", f"the program ended with {outcome.code}: {outcome.stderr.strip()[-300:]}")
    return _checked(outcome)


def _checked(outcome: Outcome) -> Drawn:
    if outcome.stderr.strip():  # a glyph that the font lacks, among others
        raise DataError("code_warns", outcome.stderr.strip()[-300:])
    if PICTURE not in outcome.files or REPORT not in outcome.files:
        raise DataError("no_picture", f"the program left {', '.join(outcome.names) or 'nothing'}, not {PICTURE}")
    try:
        figures = json.loads(outcome.files[REPORT])
    except (ValueError, RecursionError) as error:
        raise DataError("no_picture", f"what the program says of its figures is no JSON: {error}") from error
    if not isinstance(figures, list) or not all(isinstance(figure, dict) and FIGURE_KEYS <= figure.keys() for figure in figures):
        raise DataError("no_picture", "what the program says of its figures is not what the probe writes")
    if len(figures) != 1:
        raise DataError("no_picture", f"the program left {len(figures)} figures open; one is wanted")
    drawn = Drawn(outcome.files[PICTURE], figures[0])
    pixels = drawn.pixels().reshape(-1, 3)
    colors, counts = np.unique(pixels.astype(np.uint32) @ np.array([1, 256, 65_536], np.uint32), return_counts=True)
    if 1 - counts.max() / counts.sum() < LEAST_INK or len(colors) < 2:
        raise DataError("blank_picture", f"{counts.max() / counts.sum():.2%} of the picture have one colour")
    if drawn.figure["outside"]:
        raise DataError("text_cut_off", f"{drawn.figure['outside'][:3]} leave the picture")
    if drawn.figure["overlapping"]:
        raise DataError("text_overlaps", f"{drawn.figure['overlapping'][:3]} lie on one another")
    return drawn


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
def _sandbox() -> Sandbox:
    return Sandbox(View(packages=("matplotlib",), warm_up=WARM_UP), LIMITS)


@cache
def _probe() -> str:
    return Path(__file__).with_name("chart_probe.py").read_text(encoding="utf-8")
