"""Whether what was drawn is seen: marks within the axes' limits, not cut off, under no ground, and with their colour in the picture.

A display list that draws the picture bit by bit may still draw a mark and then a rectangle over it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.errors import DataError
from synth.code.chart_drawing import Mark, Points
from synth.code.chart_run import Drawn

OUTSIDE_PX = 1.5
"""Corners may lie out of the plot by this much (chosen: a line of the frame is as wide)."""
FRAME_LINE_PX = 8.0
"""Wider lines of frames and grids hide what they are about (chosen: three times the widest of ours)."""
LEAST_CONTRAST, LEAST_TEXT_CONTRAST = 16, 60
"""Levels of a channel by which marks and words must differ from what is about them (chosen)."""
NEAR = 0.35
"""Share of that difference which a pixel of a mark may lack: thin lines are never of their full colour (chosen)."""

Pixels = NDArray[np.int16]


def unseen(what: str) -> DataError:
    """The refusal of something that is drawn and not seen."""
    return DataError("unseen_mark", what)


def check_within(told: Points, mark: Mark, box: Sequence[float], color: str) -> None:
    """Corners of a mark, as told, lie within the axes' limits, and what is drawn of it was cut off nowhere else."""
    points = told.reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    if (points < np.array(box[:2]) - OUTSIDE_PX).any() or (points > np.array(box[2:]) + OUTSIDE_PX).any():
        raise unseen(f"a mark in {color} reaches out of the axes' limits")
    if mark.clip is not None:
        left, bottom, wide, high = mark.clip
        if max(left - box[0], bottom - box[1], box[2] - left - wide, box[3] - bottom - high) > OUTSIDE_PX:
            raise unseen(f"a mark in {color} is cut off")


def check_order(marks: Sequence[Mark], styles: Sequence[str]) -> None:
    """No ground is drawn upon a mark; frames and grids are thin.

    Args:
        marks: All, in the order in which they were drawn.
        styles: What each is (`chart_witness`).
    """
    for number, (mark, style) in enumerate(zip(marks, styles, strict=True)):
        sort = style.partition(" ")[0]
        if sort in ("ground", "plot") and mark.fill:
            under = [one for one in marks[:number] if one.role and (one.low < mark.high).all() and (one.high > mark.low).all()]
            if under:
                raise unseen(f"{len(under)} marks lie under a ground in {mark.fill}")
        if sort in ("spine", "grid", "tick", "legend") and mark.line > FRAME_LINE_PX:
            raise unseen(f"a line of a frame is {mark.line:.0f} px wide")


def check_seen(drawn: Drawn, marks: Sequence[Mark]) -> None:
    """Marks that the report names, and words, are in the picture with their colours.

    Raises:
        DataError: `unseen_mark`.
    """
    pixels = drawn.pixels().astype(np.int16)
    height = len(pixels)
    for mark in marks:
        if mark.role:
            _check_mark(mark, pixels, height)
    _check_texts(drawn, pixels)


def _check_mark(mark: Mark, pixels: Pixels, height: int) -> None:
    """Some pixel in the mark's box has its colour, or that of its line."""
    if (mark.fill and not mark.edge) and (mark.high - mark.low).min() < 1e-6:
        return  # a bar of nothing
    about = 1 + mark.line / 2
    left, low = np.maximum(0, np.floor(mark.low - about)).astype(int)
    right, high = np.ceil(mark.high + about).astype(int)
    part = pixels[max(0, height - high) : max(0, height - low), left:right]
    wanted = [color for color in (mark.fill, mark.edge) if color]
    if not any(_has(part, color, mark.alpha) for color in wanted):
        raise unseen(f"no pixel of a mark in {' and '.join(wanted)} at {mark.low.round(1).tolist()} px is seen")


def _has(part: Pixels, color: str, alpha: float) -> bool:
    """Whether some pixels have a colour, and others do not or all do."""
    if not part.size:
        return False
    away = np.abs(part - np.array([int(color[place : place + 2], 16) for place in (1, 3, 5)], np.int16)).max(axis=2)
    ground = max(LEAST_CONTRAST, int(away.max()))
    return int(away.min()) <= (NEAR + (1 - alpha) * (1 - NEAR)) * ground


def _check_texts(drawn: Drawn, pixels: Pixels) -> None:
    """Of each text the pixels in its box differ."""
    for text in drawn.texts:
        top, left = max(0, int(text.top)), max(0, int(text.left))
        part = pixels[top : int(np.ceil(text.bottom)), left : int(np.ceil(text.right))].reshape(-1, 3)
        if not len(part) or int((part.max(axis=0) - part.min(axis=0)).max()) < LEAST_TEXT_CONTRAST:
            raise unseen(f"the words {text.text!r} are not seen")
