"""Values of charts measured from the pixels of a stored page image.

The figure is the picture above its caption. Its value axis is calibrated from tick labels of the text layer and where they stand, a category is found by
its label, a series by the colour of the swatch beside its name, and the bar's end or the marker's middle is measured between pixels. A scanned page is
straightened by the matrix stored with it. Nothing here knows how charts are drawn beyond that; bars grow from zero.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from synth.documents.proof_values import Measured, ProofError, folded
from synth.documents.reading import BoxPt, Line, ReadDocument, ReadPage
from synth.documents.reading_lines import bounds, in_order, rows_of
from synth.documents.reading_tables import best_caption
from synth.documents.reading_values import parse_number
from synth.documents.reading_words import Word

Affine: TypeAlias = tuple[float, float, float, float, float, float]
"""(a, b, c, d, e, f): x' = a x + b y + c, y' = d x + e y + f."""

Rgb: TypeAlias = NDArray[np.float32]
"""One colour, or pixels of shape (height, width, 3); 0 to 255."""

TOLERANCE = Decimal("0.015")
"""Measured values are right within this share of the axis range (families.md, C1 row 4)."""

DIGIT_MIDDLE_EM = 0.35
"""Lining digits are 0.7 em high in nearly every typeface, so their middle is this far above the baseline."""

LABEL_GAP_EM = 0.33
"""Words of a figure closer than this are one label (a space is 0.2 to 0.3 em)."""

MIN_CONTRAST = 40.0
"""Least distance of a swatch's colour from the background, of 441 (chosen; palettes keep 80)."""


@dataclass(frozen=True)
class Picture:
    """A stored page image: which page it shows and how points become its pixels (scale by dpi / 72, then `matrix`)."""

    document: int
    page: int
    data: bytes
    dpi: float
    matrix: Affine = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)

    @cached_property
    def _image(self) -> Image.Image:
        return Image.open(io.BytesIO(self.data)).convert("RGB")

    def straight(self, box_pt: BoxPt) -> Rgb:
        """Pixels of a box of the page as if it had not been scanned, at `dpi`; shape (height, width, 3)."""
        scale = self.dpi / 72
        x0, y0, x1, y1 = (value * scale for value in box_pt)
        a, b, c, d, e, f = self.matrix
        crop = (a, b, a * x0 + b * y0 + c, d, e, d * x0 + e * y0 + f)
        size = (max(1, round(x1 - x0)), max(1, round(y1 - y0)))
        pixels = self._image.transform(size, Image.Transform.AFFINE, crop, Image.Resampling.BILINEAR)
        return np.asarray(pixels, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Label:
    """A text of the figure: its box in points and, for a number, its value."""

    text: str
    box_pt: BoxPt
    size_pt: float
    baseline_pt: float
    number: Decimal | None

    @property
    def digits_y_pt(self) -> float:
        """Middle of the digits."""
        return self.baseline_pt - DIGIT_MIDDLE_EM * self.size_pt

    @property
    def middle_x_pt(self) -> float:
        """Middle of the box."""
        return (self.box_pt[0] + self.box_pt[2]) / 2


@dataclass(frozen=True, slots=True)
class _Axis:
    """The value axis: whether values run `up` the page or `along` it, and value = offset + slope * position in points."""

    run: Literal["up", "along"]
    offset: float
    slope: float
    low_pt: float
    high_pt: float
    step: Decimal

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


def measure_bar(document: ReadDocument, pictures: Mapping[int, Picture], label: str, category: str, series: str = "") -> Measured:
    """The value a figure shows for a category.

    Args:
        document: The document as read.
        pictures: Stored image by 0-based page.
        label: The figure's label (`Figure 3`).
        category: Text of the category.
        series: Text of the legend entry; empty for the only one.

    Raises:
        ProofError: `missing` figure, category, series or axis; `masked` when the category's value is hidden.
    """
    page, box = find_figure(document, label)
    key = f"bar/{label}/{category}/{series}"
    if key not in page.memo:
        try:
            page.memo[key] = _measure(page, box, pictures, document.language, label, category, series)
        except ProofError as error:
            page.memo[key] = error
    found = page.memo[key]
    if isinstance(found, ProofError):
        raise ProofError(found.reason, found.detail)
    return found


def _measure(
    page: ReadPage, box: BoxPt, pictures: Mapping[int, Picture], language: str, label: str, category: str, series: str
) -> Measured:
    """As `measure_bar`, on the page and inside the box of the figure."""
    if page.index not in pictures:
        raise ProofError("missing", f"an image of PDF page {page.index + 1}")
    labels = _labels(page, box, language)
    spot = _find(labels, category, f"category {category!r} in {label}")
    axis = _axis(labels, category, label)
    pixels = pictures[page.index].straight(box)
    scale = pictures[page.index].dpi / 72
    colour = _series_colour(pixels, labels, box, scale, series, page.right_to_left)
    across = spot.middle_x_pt if axis.run == "up" else (spot.box_pt[1] + spot.box_pt[3]) / 2
    at_pt = _mark_end(_Plot(pixels, box, scale, axis, colour), across, _slot_pt(labels, spot, axis), f"{category!r} in {label}")
    return Measured(Decimal(str(round(axis.value(at_pt), 6))), Decimal(str(round(axis.extent, 6))) * TOLERANCE)


def _slot_pt(labels: Sequence[_Label], spot: _Label, axis: _Axis) -> float:
    """Distance of a category's label from its nearest neighbour along the category axis."""
    if axis.run == "up":
        others = [abs(label.middle_x_pt - spot.middle_x_pt) for label in labels if abs(label.baseline_pt - spot.baseline_pt) < 1.0]
    else:
        others = [abs(label.baseline_pt - spot.baseline_pt) for label in labels if abs(label.box_pt[2] - spot.box_pt[2]) < 1.0]
    return min((gap for gap in others if gap > 1.0), default=40.0)


def find_figure(document: ReadDocument, label: str) -> tuple[ReadPage, BoxPt]:
    """The page and box of the picture above the caption that begins with a label."""
    found = best_caption(document, label)
    if found is None:
        raise ProofError("missing", f"a caption {label!r}")
    page, caption = found
    above = [box for box in page.images_pt if box[3] <= caption.box_pt[1] + 3 and _spans(box, caption)]
    if not above:
        raise ProofError("missing", f"a picture above the caption {label!r} on PDF page {page.index + 1}")
    return page, max(above, key=lambda box: box[3])


def _spans(box: BoxPt, caption: Line) -> bool:
    return min(box[2], caption.box_pt[2]) > max(box[0], caption.box_pt[0])


def _labels(page: ReadPage, box: BoxPt, language: str) -> list[_Label]:
    """Texts over the figure; words close together are one, and lines of a label close below each other too."""
    inside = [word for word in page.words if word.upright and box[0] <= word.middle_pt[0] <= box[2] and box[1] <= word.middle_pt[1] <= box[3]]
    labels: list[_Label] = []
    for row in rows_of(inside):
        group: list[Word] = []
        for word in row:
            if group and word.box_pt[0] - group[-1].box_pt[2] > LABEL_GAP_EM * word.size_pt:
                labels.append(_label(group, language))
                group = []
            group.append(word)
        labels.append(_label(group, language))
    return labels


def _label(words: Sequence[Word], language: str) -> _Label:
    text = " ".join(word.text for word in in_order(words))
    number = parse_number(text, language) if any(char.isdigit() for char in text) and not any(char.isalpha() for char in text) else None
    return _Label(text, bounds([word.box_pt for word in words]), words[0].size_pt, words[0].baseline_pt, number)


def _find(labels: Sequence[_Label], text: str, what: str) -> _Label:
    """The label with this text, which may be broken over lines set one below the other around one middle."""
    wanted = folded(text)
    hits = []
    for label in labels:
        whole, parts = folded(label.text), [label]
        while wanted.startswith(whole) and whole != wanted:
            below = _below(labels, parts[-1], wanted[len(whole) :])
            if below is None:
                break
            parts.append(below)
            whole += folded(below.text)
        if whole == wanted:
            hits.append(_Label(text, bounds([part.box_pt for part in parts]), label.size_pt, label.baseline_pt, label.number))
    if not hits:
        raise ProofError("missing", what)
    if len(hits) > 1:
        raise ProofError("ambiguous", f"{len(hits)} labels for {what}")
    return hits[0]


def _below(labels: Sequence[_Label], label: _Label, rest: str) -> _Label | None:
    """The next line of a broken label: close below, overlapping in x, and how the wanted text goes on."""
    for other in labels:
        drop = other.baseline_pt - label.baseline_pt
        overlap = min(other.box_pt[2], label.box_pt[2]) - max(other.box_pt[0], label.box_pt[0])
        if 0 < drop < 2 * label.size_pt and overlap > 0 and rest.startswith(folded(other.text)):
            return other
    return None


def _axis(labels: Sequence[_Label], category: str, figure: str) -> _Axis:
    """The value axis: the longest stack or row of numbers that is linear in its position and has not the category among it."""
    numbers = [label for label in labels if label.number is not None]
    stacks = _groups(numbers, lambda label: label.box_pt[2], 1.5)
    lines = _groups(numbers, lambda label: label.baseline_pt, 1.0)
    axes = [axis for group in stacks if (axis := _calibrate(group, "up", category))]
    axes += [axis for group in lines if (axis := _calibrate(group, "along", category))]
    if not axes:
        raise ProofError("missing", f"a value axis in {figure}")
    return max(axes, key=lambda axis: (axis.run == "up", axis.high_pt - axis.low_pt)) if len(axes) > 1 else axes[0]


def _groups(labels: Sequence[_Label], place: Callable[[_Label], float], slack: float) -> list[list[_Label]]:
    """Labels whose place is the same within `slack` points."""
    groups: list[list[_Label]] = []
    for label in sorted(labels, key=place):
        if groups and place(label) - place(groups[-1][-1]) <= slack:
            groups[-1].append(label)
        else:
            groups.append([label])
    return groups


def _calibrate(group: Sequence[_Label], run: Literal["up", "along"], category: str) -> _Axis | None:
    """A least-squares axis through tick labels, or None when they are fewer than three, not linear, or hold the category."""
    if len(group) < 3 or any(folded(label.text) == folded(category) for label in group):
        return None
    at = np.array([label.digits_y_pt if run == "up" else label.middle_x_pt for label in group])
    values = np.array([float(label.number or 0) for label in group])
    spread = values.max() - values.min()
    if not spread:
        return None
    slope, offset = np.polyfit(at, values, 1)
    if np.abs(offset + slope * at - values).max() > 0.02 * spread or (slope > 0) == (run == "up"):
        return None
    step = Decimal(str(round(spread / (len(group) - 1), 6)))
    return _Axis(run, float(offset), float(slope), float(at.min()), float(at.max()), step)


def _series_colour(pixels: Rgb, labels: Sequence[_Label], box: BoxPt, scale: float, series: str, rtl: bool) -> Rgb:
    """Colour of the swatch beside a legend entry; with no name given, of the only label that has a swatch."""
    background = _background(pixels)
    named = [_find(labels, series, f"series {series!r}")] if series else list(labels)
    swatches = []
    for label in named:
        for side in (1, -1) if rtl else (-1, 1):
            colour = _swatch(pixels, label, box, scale, side)
            if colour is not None and np.linalg.norm(colour - background) > MIN_CONTRAST:
                swatches.append(colour)
                break
    if not swatches:
        raise ProofError("missing", f"a swatch of {series!r}" if series else "a legend")
    return swatches[0]


def _swatch(pixels: Rgb, label: _Label, box: BoxPt, scale: float, side: int) -> Rgb | None:
    """The even colour of a patch of 3 by 3 points beside a label, or None when what stands there is not even."""
    edge = label.box_pt[0] if side < 0 else label.box_pt[2]
    x, y = (edge + side * 6.5 - box[0]) * scale, (label.digits_y_pt - box[1]) * scale
    reach = max(1, int(1.5 * scale))
    patch = pixels[max(0, int(y) - reach) : int(y) + reach + 1, max(0, int(x) - reach) : int(x) + reach + 1].reshape(-1, 3)
    if not len(patch) or patch.std(axis=0).max() > 24:
        return None
    return np.median(patch, axis=0)


def _background(pixels: Rgb) -> Rgb:
    """The commonest bright colour, by the median of each channel over the brightest half."""
    flat = pixels.reshape(-1, 3)
    bright = flat[flat.sum(axis=1) >= np.median(flat.sum(axis=1))]
    return np.median(bright, axis=0)


@dataclass(frozen=True)
class _Plot:
    """Straight pixels of a figure with its axis and the colour looked for."""

    pixels: Rgb
    box_pt: BoxPt
    scale: float
    axis: _Axis
    colour: Rgb

    @cached_property
    def strip_axis(self) -> Rgb:
        """Pixels with the value axis along the first dimension, whatever way it runs."""
        return self.pixels if self.axis.run == "up" else self.pixels.transpose(1, 0, 2)

    def px(self, at_pt: float) -> float:
        """Index along the value axis of a position in points."""
        return (at_pt - (self.box_pt[1] if self.axis.run == "up" else self.box_pt[0])) * self.scale

    def across_px(self, at_pt: float) -> float:
        """Index along the category axis of a position in points."""
        return (at_pt - (self.box_pt[0] if self.axis.run == "up" else self.box_pt[1])) * self.scale

    def pt(self, index: float) -> float:
        """Position in points of an index along the value axis."""
        return index / self.scale + (self.box_pt[1] if self.axis.run == "up" else self.box_pt[0])

    @cached_property
    def cover(self) -> NDArray[np.float32]:
        """How much of each pixel has the colour, 0 to 1, by its place between background and colour; other colours count 0."""
        ground = _background(self.pixels)
        line = self.colour - ground
        offset = self.strip_axis - ground
        share = np.clip((offset @ line) / float(line @ line), 0.0, 1.0)
        aside = np.linalg.norm(offset - share[..., None] * line, axis=-1)
        return np.where(aside < 0.3 * np.linalg.norm(line), share, 0.0).astype(np.float32)


def _mark_end(plot: _Plot, across_pt: float, slot_pt: float, what: str) -> float:
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
    """The profile with all but its heaviest unbroken stretch of covered pixels set to 0: the marker, without axis lines of a like colour."""
    covered = np.concatenate(([False], profile > 0.2, [False]))
    edges = np.flatnonzero(covered[1:] != covered[:-1]).reshape(-1, 2)
    kept = np.zeros_like(profile)
    if len(edges):
        start, end = max(edges, key=lambda edge: float(profile[edge[0] : edge[1]].sum()))
        kept[start:end] = profile[start:end]
    return kept


def _bar_columns(plot: _Plot, middle: float, reach: float) -> slice | None:
    """Pixel columns of the inside of the bar in a category's slot; None when no bar of the colour stands on the zero line there."""
    zero = plot.px(plot.axis.position(0.0))
    near, far = (zero - 3.0 * plot.scale, zero - 0.8 * plot.scale) if plot.axis.run == "up" else (zero + 0.8 * plot.scale, zero + 3.0 * plot.scale)
    left, right = max(0, int(middle - reach)), min(plot.cover.shape[1], int(middle + reach) + 1)
    foot = plot.cover[max(0, int(near)) : max(1, int(far) + 1), left:right]
    if not foot.size:
        return None
    columns = np.flatnonzero(foot.mean(axis=0) > 0.6)
    if len(columns) < max(2, 2 * plot.scale):
        return None
    trim = len(columns) // 4
    inner = columns[trim : len(columns) - trim]
    return slice(left + int(inner[0]), left + int(inner[-1]) + 1)


def _bar_end(profile: NDArray[np.float32], plot: _Plot, first: int) -> float:
    """Index of the bar's end: from near the zero line outwards, the length covered without a break, counted between pixels."""
    zero = plot.px(plot.axis.position(0.0))
    away = max(2, int(plot.scale))
    if plot.axis.run == "up":
        start = int(zero) - away
        return start - _unbroken(profile[: start - first][::-1])
    start = int(zero) + away + 1
    return start + _unbroken(profile[start - first :])


def _unbroken(profile: NDArray[np.float32]) -> float:
    """Sum of coverage up to the first pixel that is hardly covered: frames and grid lines further out do not count."""
    bare = np.flatnonzero(profile < 0.15)
    return float(profile[: bare[0] if len(bare) else len(profile)].sum())


def _is_hatched(plot: _Plot, middle: float) -> bool:
    """Whether a texture of greys, which no bar or line has, covers the whole length of the axis at the category."""
    reach = max(2, int(2.5 * plot.scale))
    low, high = sorted((plot.px(plot.axis.low_pt), plot.px(plot.axis.high_pt)))
    columns = slice(max(0, int(middle) - reach), int(middle) + reach + 1)
    ground = _background(plot.pixels)
    for share in (0.12, 0.5, 0.88):
        at = int(low + share * (high - low))
        patch = plot.strip_axis[max(0, at - reach) : at + reach + 1, columns].reshape(-1, 3)
        colourless = float(np.ptp(patch, axis=1).mean()) < 20 + float(np.ptp(ground))
        if not (colourless and float(patch.mean(axis=1).std()) > 6 and float((ground - patch).mean()) > 18):
            return False
    return True
