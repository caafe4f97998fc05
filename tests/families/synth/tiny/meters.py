"""Family `tiny.meters`: a row of seven-segment meters on one picture, and questions about their readings.

Small, but a family like any other: the verifier reads the digits back from the stored pixels by which segments are lit, and works the
answers out from those. Its parameters plant faults, so that tests see what a pipeline does with them. Nothing but tests may use it.
"""

import io
import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image as PillowImage

from schemas.errors import DataError, UserError
from schemas.sample import Attachment, BoxPx, Evidence, Image, Proof, Rendering, Stored, Turn, Verdict

UNIT = 6  # px; a digit is 5 units wide and 9 high, with one unit of air around
# Segments as boxes in units: top, upper left, upper right, middle, lower left, lower right, foot.
SEGMENTS = ((1, 0, 4, 1), (0, 1, 1, 4), (4, 1, 5, 4), (1, 4, 4, 5), (0, 5, 1, 8), (4, 5, 5, 8), (1, 8, 4, 9))
LIT = ("1110111", "0010010", "1011101", "1011011", "0111010", "1101011", "1101111", "1010010", "1111111", "1111011")
PHRASES = ("What is the sum of all readings?", "Add up every reading: what do you get?", "How much do the meters show together?")


@dataclass(frozen=True, slots=True)
class Panel:
    """What the meters show, left to right, each below 1000."""

    readings: tuple[int, ...]
    ask: str


@dataclass(frozen=True, slots=True)
class Meters:
    """Meters to read and add up.

    Attributes:
        meters: How many, at least 2.
        fail_every: Every n-th index raises DataError("planted").
        break_every: Every n-th index raises a plain ZeroDivisionError.
        lie_every: Every n-th index answers one too many.
        odd: What every sample has that cannot be stored or made: `nan` in a proof, `text` or `error` with a lone surrogate, a `mistake` of
            the user's.
        drift: The picture changes from run to run.
        die_at: The process kills itself at this index, `die_times` times; the file `die_mark` grows by a byte each time.
        die_times: See `die_at`.
        die_mark: See `die_at`.
    """

    meters: int = 3
    fail_every: int = 0
    break_every: int = 0
    lie_every: int = 0
    odd: str = ""
    drift: bool = False
    die_at: int = -1
    die_times: int = 1
    die_mark: str = ""
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.meters < 2:
            raise ValueError(f"meters is {self.meters}; a sum needs at least 2")

    def sample_truth(self, index: int, rng: Generator) -> Panel:
        if self.fail_every and index % self.fail_every == self.fail_every - 1:
            raise DataError("planted", f"index {index} fails on purpose")
        if self.break_every and index % self.break_every == self.break_every - 1:
            raise ZeroDivisionError(f"index {index} breaks on purpose")
        if self.odd == "error":
            raise ValueError(f"index {index} has the name caf\udce9")
        if self.odd == "mistake":
            raise UserError("no sample can be made of this", where="params.odd", todo="change it")
        if index == self.die_at:
            self._die()
        readings = tuple(int(value) for value in rng.integers(0, 1000, self.meters))
        lie = self.lie_every and index % self.lie_every == self.lie_every - 1
        return Panel(readings, "lie" if lie else "sum")

    def _die(self) -> None:
        with Path(self.die_mark).open("ab") as mark:
            if mark.tell() < self.die_times:
                mark.write(b"x")
                mark.flush()
                os.kill(os.getpid(), signal.SIGKILL)

    def render(self, truth: Panel, rng: Generator) -> Rendering[tuple[BoxPx, ...]]:
        ink = int(rng.integers(0, 100))
        if self.drift:
            ink = os.getpid() % 100
        picture, boxes = draw(truth.readings, ink)
        buffer = io.BytesIO()
        PillowImage.fromarray(picture).save(buffer, format="PNG", compress_level=1)
        image = Image.of(buffer.getvalue(), "png", picture.shape[1], picture.shape[0])
        note = Attachment.of("panel.json", "application/json", json.dumps({"meters": len(truth.readings)}).encode())
        return Rendering(boxes, images=(image,), attachments=(note,), languages=("en",), tags=(f"meters:{len(truth.readings)}",))

    def write_turns(self, truth: Panel, rendering: Rendering[tuple[BoxPx, ...]], rng: Generator) -> tuple[Turn, ...]:
        phrase = PHRASES[int(rng.integers(0, len(PHRASES)))]
        total = sum(truth.readings) + (truth.ask == "lie")
        evidence = tuple(Evidence(0, box, note=f"meter {number}") for number, box in enumerate(rendering.landed, start=1))
        proof = Proof({"op": "sum", "of": "readings"}, float("nan") if self.odd == "nan" else total, evidence)
        phrase += "caf\udce9" if self.odd == "text" else ""
        highest = max(truth.readings)
        best = Proof({"op": "max", "of": "readings"}, highest, evidence)
        return (
            Turn("user", f"<image>\n{phrase}", "sum"),
            Turn("assistant", f"{total}", "sum", proof=proof),
            Turn("user", "What is the highest reading?", "highest"),
            Turn("assistant", f"{highest}", "highest", proof=best),
        )

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Panel) -> tuple[Verdict, ...]:
        readings = read(np.asarray(PillowImage.open(io.BytesIO(stored.images[0].data))))
        answers = {"sum": sum(readings), "highest": max(readings)}
        verdicts = []
        for turn in turns:
            if turn.role == "assistant" and turn.proof is not None:
                right = answers[turn.task]
                passed = turn.text == str(right) and turn.proof.answer == right
                verdicts.append(Verdict(turn.task, passed, "ok" if passed else "wrong_answer", "artefact"))
        return tuple(verdicts)


def draw(readings: tuple[int, ...], ink: int) -> tuple[NDArray[np.uint8], tuple[BoxPx, ...]]:
    """Grey picture (height, width) of three-digit meters, and the box of each."""
    pitch = 7 * UNIT  # one digit with air
    picture = np.full((11 * UNIT, len(readings) * 4 * pitch), 255, np.uint8)
    boxes = []
    for number, reading in enumerate(readings):
        for place, digit in enumerate(f"{reading:03d}"):
            left = (4 * number + place) * pitch + UNIT
            for (x0, y0, x1, y1), lit in zip(SEGMENTS, LIT[int(digit)], strict=True):
                if lit == "1":
                    picture[(y0 + 1) * UNIT : (y1 + 1) * UNIT, left + x0 * UNIT : left + x1 * UNIT] = ink
        start = float(4 * number * pitch)
        boxes.append((start, 0.0, start + 3 * pitch, float(picture.shape[0])))
    return picture, tuple(boxes)


def read(picture: NDArray[np.uint8]) -> list[int]:
    """The readings again, from which segments are dark in the middle."""
    cell, readings = 7 * UNIT, []
    for number in range(picture.shape[1] // (4 * cell)):
        digits = ""
        for place in range(3):
            left = (4 * number + place) * cell + UNIT
            middles = [(left + (x0 + x1) * UNIT // 2, (y0 + y1 + 2) * UNIT // 2) for x0, y0, x1, y1 in SEGMENTS]
            digits += str(LIT.index("".join("1" if picture[y, x] < 128 else "0" for x, y in middles)))
        readings.append(int(digits))
    return readings
