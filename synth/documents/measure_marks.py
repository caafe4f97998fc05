"""Where a bar ends or a marker stands in the straight pixels of a figure, in points along its value axis.

A pixel's share of a colour comes from its place between background and colour, so ends are found between pixels. Nothing here knows
labels, captions or documents; bars grow from zero.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from synth.documents.proof_values import ProofError
from synth.documents.reading import BoxPt

Rgb: TypeAlias = NDArray[np.float32]
"""One colour, or pixels of shape (height, width, 3); 0 to 255."""

FOOT_PT = ((0.8, 2.4), (2.5, 6.0))
"""Distances from the zero line, in points, between which a bar shows."""

HATCH_DARKNESS = (15.0, 95.0)
"""How much darker than the background a hatched box is on average, in grey levels: more than grid lines, less than any bar."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The value axis: whether values run `up` the page or `along` it, and value = offset + slope * position in points."""

    run: Literal["up", "along"]
    offset: float
    slope: float
    low_pt: float
    high_pt: float

    def value(self, at_pt: float) -> float:
        """The value at a position."""
        return self.offset + self.slope * at_pt

    def position(self, value: float) -> float:
        """Where a value stands, in points."""
        return (value - self.offset) / self.slope

    @property
    def extent(self) -> float:
        """The difference of the last and first tick."""
        return abs(self.slope) * (self.high_pt - self.low_pt)


def lengths(colours: Rgb) -> NDArray[np.float32]:
    """Euclidean length of each colour, shape (...) of (..., 3), channel by channel since NumPy sums so short an axis slowly."""
    red, green, blue = np.moveaxis(colours, -1, 0)
    length: NDArray[np.float32] = np.sqrt(red * red + green * green + blue * blue)
    return length


@dataclass(frozen=True)
class Drawing:
    """Straight pixels of a figure, of its box in points, at `scale` pixels a point."""

    pixels: Rgb
    box_pt: BoxPt
    scale: float

    @cached_property
    def ground(self) -> Rgb:
        """The background: the commonest bright colour, by the median of each channel over the brightest half."""
        flat = self.pixels.reshape(-1, 3)
        brightness = flat[:, 0] + flat[:, 1] + flat[:, 2]
        middle: Rgb = np.median(flat[brightness >= np.median(brightness)], axis=0).astype(np.float32)
        return middle


@dataclass(frozen=True)
class Plot:
    """A figure with its axis and the colour looked for."""

    drawing: Drawing
    axis: Axis
    colour: Rgb

    @property
    def scale(self) -> float:
        """Pixels a point."""
        return self.drawing.scale

    @cached_property
    def strip_axis(self) -> Rgb:
        """Pixels with the value axis along the first dimension, whatever way it runs."""
        pixels = self.drawing.pixels
        return pixels if self.axis.run == "up" else pixels.transpose(1, 0, 2)

    def px(self, at_pt: float) -> float:
        """Index along the value axis of a position in points."""
        return (at_pt - self.drawing.box_pt[self.axis.run == "up"]) * self.scale

    def across_px(self, at_pt: float) -> float:
        """Index along the category axis of a position in points."""
        return (at_pt - self.drawing.box_pt[self.axis.run != "up"]) * self.scale

    def pt(self, index: float) -> float:
        """Position in points of an index along the value axis."""
        return index / self.scale + self.drawing.box_pt[self.axis.run == "up"]

    @cached_property
    def cover(self) -> NDArray[np.float32]:
        """How much of each pixel has the colour, 0 to 1, by its place between background and colour; other colours count 0."""
        line = self.colour - self.drawing.ground
        offset = self.strip_axis - self.drawing.ground
        share = np.clip((offset @ line) / float(line @ line), 0.0, 1.0)
        aside = lengths(offset - share[..., None] * line)
        return np.where(aside < 0.3 * np.linalg.norm(line), share, 0.0).astype(np.float32)


def mark_end(plot: Plot, across_pt: float, slot_pt: float, what: str) -> float:
    """Position on the value axis, in points, of the end of the bar or the middle of the marker at a category."""
    low, high = sorted((plot.px(plot.axis.low_pt), plot.px(plot.axis.high_pt)))
    first, last = max(0, int(low) - 2), min(plot.cover.shape[0], int(high) + 3)
    middle = plot.across_px(across_pt)
    if _is_hatched(plot, middle):
        raise ProofError("masked", f"the value of {what} is hidden")
    bar = _bar_columns(plot, middle, 0.5 * slot_pt * plot.scale)
    if bar is not None:
        return plot.pt(_bar_end(plot.cover[first:last, bar].mean(axis=1), plot, first))
    near = max(1, round(0.5 * plot.scale))
    profile = plot.cover[first:last, max(0, int(middle) - near) : int(middle) + near + 1].mean(axis=1)
    weights = _heaviest_run(profile)
    if weights.max(initial=0.0) < 0.5:
        raise ProofError("missing", f"no mark for {what}")
    return plot.pt(first + float((weights * (np.arange(len(profile)) + 0.5)).sum() / weights.sum()))


def _heaviest_run(profile: NDArray[np.float32]) -> NDArray[np.float32]:
    """The profile with all but its heaviest unbroken stretch of covered pixels set to 0: the marker, without axis lines of a like
    colour.
    """
    covered = np.concatenate(([False], profile > 0.2, [False]))
    edges = np.flatnonzero(covered[1:] != covered[:-1]).reshape(-1, 2)
    kept = np.zeros_like(profile)
    if len(edges):
        start, end = max(edges, key=lambda edge: float(profile[edge[0] : edge[1]].sum()))
        kept[start:end] = profile[start:end]
    return kept


def _bar_columns(plot: Plot, middle: float, reach: float) -> slice | None:
    """Pixel columns of the inside of the bar in a category's slot; None when no bar of the colour stands on the zero line there."""
    zero = plot.px(plot.axis.position(0.0))
    left, right = max(0, int(middle - reach)), min(plot.cover.shape[1], int(middle + reach) + 1)
    solid = np.zeros(right - left, dtype=bool)
    for near, far in FOOT_PT:  # the axis line stains the nearest pixels, a low bar does not reach the furthest
        start, end = sorted(
            (zero - near * plot.scale, zero - far * plot.scale)
            if plot.axis.run == "up"
            else (zero + near * plot.scale, zero + far * plot.scale)
        )
        foot = plot.cover[max(0, int(start)) : max(1, int(end) + 1), left:right]
        if foot.size:
            solid |= foot.mean(axis=0) > 0.6
    columns = np.flatnonzero(solid)
    if len(columns) < max(2, 2 * plot.scale):
        return None
    trim = len(columns) // 4
    inner = columns[trim : len(columns) - trim]
    return slice(left + int(inner[0]), left + int(inner[-1]) + 1)


def _bar_end(profile: NDArray[np.float32], plot: Plot, first: int) -> float:
    """Index of the bar's end: from near the zero line outwards, the length covered without a break, counted between pixels."""
    zero = plot.px(plot.axis.position(0.0))
    away = max(2, int(plot.scale))
    if plot.axis.run == "up":
        start = int(zero) - away
        return start - _unbroken(profile[: start - first][::-1])
    start = int(zero) + away + 1
    return start + _unbroken(profile[start - first :])


def _unbroken(profile: NDArray[np.float32]) -> float:
    """Length covered from the start, to where coverage falls to half of what it is inside; one bare pixel is noise.

    Frames and grid lines further out do not count. The part of a pixel comes from the coverage just before and after the fall.
    """
    level = float(np.median(profile[: max(1, _fall(profile, 0.5))]))
    fall = _fall(profile, 0.5 * level)
    before = max(0, fall - 2)
    ground = float(profile[fall : fall + 4].min(initial=level / 2))
    return before + float(np.clip((profile[before : fall + 2] - ground) / max(level - ground, 0.1), 0.0, 1.0).sum())


def _fall(profile: NDArray[np.float32], level: float) -> int:
    """The first index from which two neighbours are below a level, or the length."""
    below = np.append(profile < level, [True, True])
    return int(np.flatnonzero(below[:-1] & below[1:])[0])


def _is_hatched(plot: Plot, middle: float) -> bool:
    """Whether light grey, which no bar or line has, covers the whole length of the axis at the category."""
    reach = max(2, int(2.5 * plot.scale))
    low, high = sorted((plot.px(plot.axis.low_pt), plot.px(plot.axis.high_pt)))
    columns = slice(max(0, int(middle) - reach), int(middle) + reach + 1)
    ground = plot.drawing.ground
    for share in (0.12, 0.5, 0.88):
        at = int(low + share * (high - low))
        patch = plot.strip_axis[max(0, at - reach) : at + reach + 1, columns].reshape(-1, 3)
        colourless = float(np.ptp(patch, axis=1).mean()) < 20 + float(np.ptp(ground))
        if not (colourless and HATCH_DARKNESS[0] < float((ground - patch).mean()) < HATCH_DARKNESS[1]):
            return False
    return True
