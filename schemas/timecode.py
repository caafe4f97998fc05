"""Times of clips as text: seconds as Qwen3-VL prints them before frames, and h:m:s notations of answers; and the time of a pair of frames.

Seconds are floats from the first frame shown. Nothing here knows decoders.
"""

import math
import re
from collections.abc import Sequence
from typing import Literal

Notation = Literal["seconds", "mm:ss.ff", "hh:mm:ss.f"]
NOTATIONS: tuple[Notation, ...] = ("seconds", "mm:ss.ff", "hh:mm:ss.f")
"""`12.3 seconds` as the processor prints, `00:12.30` as the cookbook's event localisation asks, `00:00:12.3` as a second form."""

_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,6}):(\d{2}(?:\.\d+)?)")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*(?:s|sec|seconds?)?")


def pair_times(time_s: Sequence[float]) -> tuple[float, ...]:
    """The time of each pair of frames, the mean of its two; an odd last frame is its own pair.

    Source: `_calculate_timestamps` of `transformers`' processing_qwen3_vl.py, which knows only frame numbers and a constant rate.
    """
    return tuple((time_s[k] + time_s[min(k + 1, len(time_s) - 1)]) / 2 for k in range(0, len(time_s), 2))


def write_mark(time_s: float) -> str:
    """`<12.3 seconds>`, as it stands before a pair of frames."""
    return f"<{time_s:.1f} seconds>"


def write_time(time_s: float, notation: Notation) -> str:
    """A time in one of `NOTATIONS`, rounded to its last digit and never to a 60th second.

    Raises:
        ValueError: The time is negative.
    """
    if time_s < 0:
        raise ValueError(f"{time_s} s lies before the clip")
    if notation == "seconds":
        return f"{time_s:.1f} seconds"
    if notation == "mm:ss.ff":
        hundredths = round(time_s * 100)
        return f"{hundredths // 6000:02d}:{hundredths % 6000 // 100:02d}.{hundredths % 100:02d}"
    tenths = round(time_s * 10)
    return f"{tenths // 36000:02d}:{tenths // 600 % 60:02d}:{tenths % 600 // 10:02d}.{tenths % 10}"


def read_time(text: str) -> float:
    """Seconds of a time in any of `NOTATIONS`, or of a bare number.

    Raises:
        ValueError: It is none.
    """
    if match := _CLOCK.fullmatch(text.strip()):
        hours, minutes, seconds = match.groups()
        if float(seconds) < 60:
            return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)
    if match := _SECONDS.fullmatch(text.strip()):
        return float(match[1])
    raise ValueError(f"{text!r} is no time; write 12.3 seconds, 00:12.30 or 00:00:12.3")


def rounding_s(notation: Notation) -> float:
    """By how much a written time may differ from the time meant: half of its last digit."""
    return 0.005 if notation == "mm:ss.ff" else 0.05


STEPS_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""To multiples of which times of events are rounded; frames shown to a model tell no finer ones than their distance."""


def nearest(time_s: float, step_s: float) -> int:
    """Which multiple of a step is nearest; the later of two."""
    return math.floor(time_s / step_s + 0.5 + 1e-9)


def write_rounded(time_s: float, notation: Notation, step_s: float) -> str:
    """A time rounded to a multiple of one of `STEPS_S`, with tenths only where the step has some: `12.5 seconds`, `00:12`, `00:00:12`."""
    whole, digit = divmod(nearest(time_s, step_s) * round(step_s * 10), 10)
    digits = f".{digit}" if step_s < 1 else ""
    if notation == "seconds":
        return f"{whole}{digits} {'second' if whole == 1 and not digits else 'seconds'}"
    if notation == "mm:ss.ff":
        return f"{whole // 60:02d}:{whole % 60:02d}{digits}"
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{digits}"
