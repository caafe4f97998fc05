"""Strips: what blocks are set into, and what pages are filled with.

A strip is a horizontal piece of a block that is never broken: a line of text, a table row, a chart. It carries drawing operations relative
to its top left corner (points, y down), the space it wants around itself, and a `Part`: what a page parser should report for it. Setters
make strips, `flow` places them, `emit` draws them. Nothing here knows about pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from synth.documents.blocks import BoxPt
from synth.render.typeset import Line, Style

Color: TypeAlias = tuple[float, float, float]
Kind: TypeAlias = Literal["heading", "paragraph", "list", "table", "figure", "caption", "footnote", "head", "foot"]

MARK_PREFIX = "mark/"
"""Anchors of footnote marks: `mark/<key>`. They tell the flow which strip carries which footnote."""


@dataclass(frozen=True, slots=True)
class TextOp:
    """A set line; `x_pt` is the left edge of the box it was set into."""

    line: Line
    x_pt: float
    baseline_pt: float


@dataclass(frozen=True, slots=True)
class TurnedOp:
    """A set line that reads upwards: its baseline is the vertical x = `x_pt`, and it starts at `y_pt`."""

    line: Line
    x_pt: float
    y_pt: float


@dataclass(frozen=True, slots=True)
class RuleOp:
    """A straight stroke."""

    x0_pt: float
    y0_pt: float
    x1_pt: float
    y1_pt: float
    color: Color
    width_pt: float


@dataclass(frozen=True, slots=True)
class RectOp:
    """A filled or stroked box."""

    box_pt: BoxPt
    fill: Color | None = None
    stroke: Color | None = None
    line_width_pt: float = 0.5


@dataclass(frozen=True, slots=True)
class ImageOp:
    """A PNG stretched over a box; `chart` is the key of the figure whose plot area `plot_pt` is reported, `marks` are anchors of its
    bars and markers with their boxes.
    """

    box_pt: BoxPt
    png: bytes
    chart: str
    plot_pt: BoxPt
    marks: tuple[tuple[str, BoxPt], ...] = ()


@dataclass(frozen=True, slots=True)
class LabelOp:
    """The page label of a contents entry, known only when all pages are filled.

    Attributes:
        target: Anchor of the heading or caption whose page is meant.
        anchor: Anchor of the entry.
        text_pt: The end of the entry's text (its right edge; the left edge in right-to-left documents).
        edge_pt: The edge the label is set flush to.
        link_pt: The box that is a link to the page.
    """

    target: str
    anchor: str
    text_pt: float
    edge_pt: float
    baseline_pt: float
    style: Style
    leader: str
    link_pt: BoxPt


Op: TypeAlias = TextOp | TurnedOp | RuleOp | RectOp | ImageOp | LabelOp


@dataclass(frozen=True, slots=True)
class Part:
    """What a strip adds to a piece. Strips of one block and kind that follow each other in a column make one piece.

    Attributes:
        block: Number of the block in the document.
        text: With the white space that joins it to the next strip's text.
        item: Number of the list item, -1 outside lists.
        row: Cell texts of a table row.
        is_head: Whether the row belongs to the table's head.
        colspans: Columns each cell covers.
    """

    kind: Kind
    block: int
    text: str = ""
    level: int = 0
    item: int = -1
    row: tuple[str, ...] = ()
    is_head: bool = False
    colspans: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Strip:
    """One unbreakable piece.

    Attributes:
        height_pt: Without the space around it.
        ops: Drawing operations in reading order.
        box_pt: Extent of what is drawn, for pieces.
        before_pt, after_pt: Least space to the neighbours; the larger of two meeting ones counts, and none counts at the ends of a column.
        keep: Stays in one column with the next strip.
        notes: Keys of the footnotes marked in it.
        resume: Strips repeated above it when it is the first in a column (a table's head rows).
    """

    height_pt: float
    ops: tuple[Op, ...] = ()
    box_pt: BoxPt = (0.0, 0.0, 0.0, 0.0)
    before_pt: float = 0.0
    after_pt: float = 0.0
    keep: bool = False
    notes: tuple[str, ...] = ()
    resume: "tuple[Strip, ...]" = ()
    part: Part | None = None


def notes_in(lines: Sequence[Line]) -> tuple[str, ...]:
    """Keys of the footnotes whose marks stand in these lines, in order and once each."""
    keys = (f.anchor.removeprefix(MARK_PREFIX) for line in lines for f in line.fragments if f.anchor.startswith(MARK_PREFIX))
    return tuple(dict.fromkeys(keys))


def line_box(line: Line, x_pt: float, baseline_pt: float) -> BoxPt:
    """Extent of a line's text when it is drawn at (x, baseline); a point at the baseline for an empty line."""
    if not line.fragments:
        return (x_pt, baseline_pt, x_pt, baseline_pt)
    left, last = line.fragments[0], line.fragments[-1]
    return (x_pt + left.x_pt, baseline_pt - line.ascent_pt, x_pt + last.x_pt + last.width_pt, baseline_pt + line.descent_pt)


def union(boxes: Sequence[BoxPt]) -> BoxPt:
    """The smallest box around all of `boxes` (at least one)."""
    return (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))
