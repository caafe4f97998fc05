"""Values of charts measured from the pixels of a stored page image.

The figure is the picture above its caption. Its value axis is calibrated from tick labels of the text layer and where they stand, a
category is found by its label, a series by the colour of the swatch beside its name, and the bar's end or the marker's middle is measured
between pixels. A scanned page is straightened by the matrix stored with it. Nothing here knows how charts are drawn beyond that; bars grow
from zero.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image

from synth.documents.measure_marks import Axis, Drawing, Plot, Rgb, lengths, mark_end
from synth.documents.proof_values import ProofError, folded
from synth.documents.reading import BoxPt, Line, ReadDocument, ReadPage
from synth.documents.reading_lines import bounds, in_order, rows_of
from synth.documents.reading_structure import caption_text
from synth.documents.reading_tables import likely_captions
from synth.documents.reading_values import parse_number
from synth.documents.reading_words import Word

Affine: TypeAlias = tuple[float, float, float, float, float, float]
"""(a, b, c, d, e, f): x' = a x + b y + c, y' = d x + e y + f."""

TOLERANCE = Decimal("0.015")
"""Measured values are right within this share of the axis range (families.md, C1 row 4)."""

DIGIT_MIDDLE_EM = 0.35
"""Lining digits are 0.7 em high in nearly every typeface, so their middle is this far above the baseline."""

LABEL_GAP_EM = 0.33
"""Words of a figure closer than this are one label (a space is 0.2 to 0.3 em)."""

ALIKE_SHARE, MIN_ALIKE = 0.4, 20
"""Pixels nearer to a colour than this share of its distance from the background are alike; fewer than twenty say nothing (chosen)."""

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
        stored = Image.open(io.BytesIO(self.data))
        return stored if stored.mode == "RGB" else stored.convert("RGB")

    def to_px(self, at_pt: tuple[float, float]) -> tuple[float, float]:
        """A point of the page in pixels of the image."""
        a, b, c, d, e, f = self.matrix
        x, y = at_pt[0] * self.dpi / 72, at_pt[1] * self.dpi / 72
        return a * x + b * y + c, d * x + e * y + f

    def straight(self, box_pt: BoxPt) -> Drawing:
        """A box of the page as if it had not been scanned, at `dpi`."""
        scale = self.dpi / 72
        x0, y0, x1, y1 = (value * scale for value in box_pt)
        a, b, c, d, e, f = self.matrix
        crop = (a, b, a * x0 + b * y0 + c, d, e, d * x0 + e * y0 + f)
        size = (max(1, round(x1 - x0)), max(1, round(y1 - y0)))
        pixels = self._image.transform(size, Image.Transform.AFFINE, crop, Image.Resampling.BILINEAR)
        return Drawing(np.asarray(pixels, dtype=np.float32), box_pt, scale)


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
class Mark:
    """A measured value, right within `tolerance` (both in printed units), the 0-based page and caption of its figure, and where it ends,
    (x, y) in points.
    """

    value: Decimal
    tolerance: Decimal
    page: int
    caption: str
    at_pt: tuple[float, float]


def measure_bar(document: ReadDocument, pictures: Mapping[int, Picture], label: str, category: str, series: str = "") -> Mark:
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
    page, box, caption = find_figure(document, label)
    key = f"bar/{label}/{category}/{series}"
    if key not in page.memo:
        try:
            page.memo[key] = _measure(page, box, pictures, document.language, label, category, series, caption)
        except ProofError as error:
            page.memo[key] = error
    found: Mark | ProofError = page.memo[key]
    if isinstance(found, ProofError):
        raise ProofError(found.reason, found.detail)
    return found


def _measure(
    page: ReadPage, box: BoxPt, pictures: Mapping[int, Picture], language: str, label: str, category: str, series: str, caption: str
) -> Mark:
    """As `measure_bar`, on the page and inside the box of the figure."""
    if page.index not in pictures:
        raise ProofError("missing", f"an image of PDF page {page.index + 1}")
    labels = _labels(page, box, language)
    spot = _find(labels, category, f"category {category!r} in {label}")
    axis = _axis(labels, category, label)
    key = f"drawing/{box}"
    if key not in page.memo:
        page.memo[key] = pictures[page.index].straight(box)
    drawing: Drawing = page.memo[key]
    colour = _series_colour(drawing, labels, series, page.right_to_left)
    across = spot.middle_x_pt if axis.run == "up" else (spot.box_pt[1] + spot.box_pt[3]) / 2
    at_pt = mark_end(Plot(drawing, axis, colour), across, _slot_pt(labels, spot, axis), f"{category!r} in {label}")
    place = (across, at_pt) if axis.run == "up" else (at_pt, across)
    value, tolerance = Decimal(str(round(axis.value(at_pt), 6))), Decimal(str(round(axis.extent, 6))) * TOLERANCE
    return Mark(value, tolerance, page.index, caption, place)


def _slot_pt(labels: Sequence[_Label], spot: _Label, axis: Axis) -> float:
    """Distance of a category's label from its nearest neighbour along the category axis."""
    if axis.run == "up":
        others = [abs(label.middle_x_pt - spot.middle_x_pt) for label in labels if abs(label.baseline_pt - spot.baseline_pt) < 1.0]
    else:
        others = [abs(label.baseline_pt - spot.baseline_pt) for label in labels if abs(label.box_pt[2] - spot.box_pt[2]) < 1.0]
    return min((gap for gap in others if gap > 1.0), default=40.0)


def find_figure(document: ReadDocument, label: str) -> tuple[ReadPage, BoxPt, str]:
    """The page and box of the picture just above the line most like a caption that begins with a label, and the caption. Prose may begin a
    line with `Figure 2:` too, but has no picture above it.
    """
    captions = likely_captions(document, label)
    if not captions:
        raise ProofError("missing", f"a caption {label!r}")
    pictures = [(likeness, page, box, line) for likeness, page, line in captions for box in page.images_pt if _is_above(box, line)]
    if not pictures:
        raise ProofError("missing", f"a picture above the caption {label!r}")
    _, page, box, line = max(pictures, key=lambda item: (item[0], item[2][3]))
    return page, box, caption_text(page, line)


def _is_above(box: BoxPt, caption: Line) -> bool:
    """Whether a picture ends just above a caption, at most four lines away, and spans some of its width."""
    gap = caption.box_pt[1] - box[3]
    return -3 <= gap < 4 * caption.size_pt and min(box[2], caption.box_pt[2]) > max(box[0], caption.box_pt[0])


def _labels(page: ReadPage, box: BoxPt, language: str) -> list[_Label]:
    """Texts over the figure; words close together are one, and lines of a label close below each other too."""
    inside = [
        word for word in page.words if word.upright and box[0] <= word.middle_pt[0] <= box[2] and box[1] <= word.middle_pt[1] <= box[3]
    ]
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


def _axis(labels: Sequence[_Label], category: str, figure: str) -> Axis:
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


def _calibrate(group: Sequence[_Label], run: Literal["up", "along"], category: str) -> Axis | None:
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
    return Axis(run, float(offset), float(slope), float(at.min()), float(at.max()))


def _series_colour(drawing: Drawing, labels: Sequence[_Label], series: str, rtl: bool) -> Rgb:
    """Colour of the swatch beside a legend entry; with no name given, of the only label that has a swatch."""
    named = [_find(labels, series, f"series {series!r}")] if series else list(labels)
    swatches = []
    for label in named:
        for side in (1, -1) if rtl else (-1, 1):
            colour = _swatch(drawing, label, side)
            if colour is not None and np.linalg.norm(colour - drawing.ground) > MIN_CONTRAST:
                swatches.append(colour)
                break
    if not swatches:
        raise ProofError("missing", f"a swatch of {series!r}" if series else "a legend")
    return _settled(drawing, swatches[0])


def _settled(drawing: Drawing, colour: Rgb) -> Rgb:
    """The colour inside the marks: JPEG smears the colour of a swatch of a few pixels, less that of a bar.

    The median of pixels like it whose four neighbours are like it too, so that the soft edges of thin lines do not count.
    """
    pixels = drawing.pixels
    reach = ALIKE_SHARE * float(np.linalg.norm(colour - drawing.ground))
    for _ in range(2):
        alike = lengths(pixels - colour) < reach
        inner = alike[1:-1, 1:-1] & alike[:-2, 1:-1] & alike[2:, 1:-1] & alike[1:-1, :-2] & alike[1:-1, 2:]
        if inner.sum() >= MIN_ALIKE:
            colour = np.median(pixels[1:-1, 1:-1][inner], axis=0)
    return colour


def _swatch(drawing: Drawing, label: _Label, side: int) -> Rgb | None:
    """The even colour of a patch of 3 by 3 points beside a label, or None when what stands there is not even."""
    edge = label.box_pt[0] if side < 0 else label.box_pt[2]
    x, y = (edge + side * 6.5 - drawing.box_pt[0]) * drawing.scale, (label.digits_y_pt - drawing.box_pt[1]) * drawing.scale
    reach = max(1, int(1.5 * drawing.scale))
    patch = drawing.pixels[max(0, int(y) - reach) : int(y) + reach + 1, max(0, int(x) - reach) : int(x) + reach + 1].reshape(-1, 3)
    if not len(patch) or patch.std(axis=0).max() > 24:
        return None
    return np.median(patch, axis=0)
