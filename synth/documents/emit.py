"""Writes filled pages to a PDF: strips, heads and feet, footnotes, contents labels and links; collects where anchors landed.

Reading order within a page is head, text, footnotes, foot. Nothing here decides what stands on which page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from synth.documents.blocks import BoxPt, Document, PageInfo, Piece, Place
from synth.documents.flow import Frame, Page, Placed
from synth.documents.setting import Setter, stack
from synth.documents.strips import ImageOp, LabelOp, Op, Part, RectOp, RuleOp, Strip, TextOp, TurnedOp, line_box, union
from synth.render.pdf import PdfWriter
from synth.render.typeset import Align, Line, Span

FOOT_DROP_EM, HEAD_LIFT_EM = 3.6, 2.4
"""Distance of the folio below the text area and of the running head above it, in ems of body type: more than the pitch of table rows."""

LEADER_GAP_EM = 0.3
"""Least space between a contents entry, its leader and its page label (chosen: a word space)."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """What furniture needs to know of a page: its setter, printed label, chapter title, and whether a chapter starts on it."""

    setter: Setter
    label: str
    chapter: str
    opens: bool


@dataclass(slots=True)
class Emitter:
    """Draws pages one after the other and keeps what it learns."""

    writer: PdfWriter
    document: Document
    labels: Sequence[str]
    targets: Mapping[str, int]
    places: dict[str, list[Place]] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    charts: dict[str, Place] = field(default_factory=dict)

    def draw_page(self, number: int, page: Page, leaf: Leaf, notes: Sequence[Strip], note_top: float) -> None:
        """Draw one page; `notes` are its footnotes' strips, set from `note_top` down."""
        self.writer.new_page(page.frame.width_pt, page.frame.height_pt)
        self._draw_head(number, page.frame, leaf)
        for x, top, bottom in page.separators:
            if leaf.setter.look.column_rule:
                self.writer.rule(number, x, top, x, bottom, color=(0.6, 0.6, 0.6), width_pt=0.4)
        for item in page.placed:
            self._draw_strip(number, item.strip, item.x_pt, item.y_pt, leaf.setter)
        self._collect_pieces(number, page.placed)
        if notes:
            self._draw_notes(number, page.frame, notes, note_top, leaf.setter)
        self._draw_foot(number, page.frame, leaf)

    # --- strips ---

    def _draw_strip(self, page: int, strip: Strip, x: float, y: float, setter: Setter) -> None:
        for op in strip.ops:
            self._draw_op(page, op, x, y, setter)

    def _draw_op(self, page: int, op: Op, x: float, y: float, setter: Setter) -> None:
        if isinstance(op, TextOp):
            self._record(page, self.writer.draw_line(page, op.line, x + op.x_pt, y + op.baseline_pt))
        elif isinstance(op, TurnedOp):
            self._record(page, self.writer.draw_line_rotated(page, op.line, x + op.x_pt, y + op.y_pt))
        elif isinstance(op, RuleOp):
            self.writer.rule(page, x + op.x0_pt, y + op.y0_pt, x + op.x1_pt, y + op.y1_pt, color=op.color, width_pt=op.width_pt)
        elif isinstance(op, RectOp):
            self.writer.rect(page, _moved(op.box_pt, x, y), fill=op.fill, stroke=op.stroke, line_width_pt=op.line_width_pt)
        elif isinstance(op, ImageOp):
            self.writer.image(page, _moved(op.box_pt, x, y), op.png)
            self.charts[op.chart] = Place(page, _moved(op.plot_pt, x, y))
            self._record(page, [(anchor, _moved(box, x, y)) for anchor, box in op.marks])
        else:
            self._draw_label(page, op, x, y, setter)

    def _draw_label(self, page: int, op: LabelOp, x: float, y: float, setter: Setter) -> None:
        """A contents entry's page label, with its leader and link."""
        target = self.targets[op.target]
        label = [Span(self.labels[target], op.style, op.anchor)]
        width = setter.typesetter.width(label)
        edge = x + op.edge_pt
        left = edge if setter.is_rtl else edge - width
        gap = LEADER_GAP_EM * op.style.size_pt
        free = (left + width + gap, x + op.text_pt - gap) if setter.is_rtl else (x + op.text_pt + gap, left - gap)
        dot, each = self._dots(op, setter)
        count = 1 + int((free[1] - free[0] - dot) / each) if op.leader != "none" else 0
        if count > 2:
            # What does not make a dot is shared out, so that the leader is as far from the entry as from its label; one dot of slack, so
            # that rounding cannot wrap it.
            text, room = ("." if op.leader == "dots" else ". ") * count, free[1] - free[0]
            (leader,) = setter.typesetter.lines([Span(text.strip(), op.style)], room + 2 * each, align="center")[:1]
            self.writer.draw_line(page, leader, free[0] - each, y + op.baseline_pt)
        (line,) = setter.typesetter.lines(label, width + 0.1)[:1]
        boxes = self.writer.draw_line(page, line, left, y + op.baseline_pt)
        self._join(page, boxes)
        self.writer.link(page, _moved(op.link_pt, x, y), target)

    def _dots(self, op: LabelOp, setter: Setter) -> tuple[float, float]:
        """Width of a leader's dot, and from one to the next."""
        key = ("leader", op.leader, op.style)
        if key not in setter.memo:
            dot, two = (setter.typesetter.width([Span(text, op.style)]) for text in (".", ".." if op.leader == "dots" else ". ."))
            setter.memo[key] = (dot, two - dot)
        found: tuple[float, float] = setter.memo[key]
        return found

    def _record(self, page: int, boxes: Sequence[tuple[str, BoxPt]]) -> None:
        """Keep one place for each anchor of a line: the box around all its fragments."""
        by_anchor: dict[str, list[BoxPt]] = {}
        for anchor, box in boxes:
            by_anchor.setdefault(anchor, []).append(box)
        for anchor, parts in by_anchor.items():
            self.places.setdefault(anchor, []).append(Place(page, union(parts)))

    def _join(self, page: int, boxes: Sequence[tuple[str, BoxPt]]) -> None:
        """Add boxes to the last place of their anchor: a contents entry is one line from its text to its label."""
        for anchor, box in boxes:
            places = self.places.get(anchor)
            if places and places[-1].page == page:
                places[-1] = Place(page, union([places[-1].box_pt, box]))
            else:
                self.places.setdefault(anchor, []).append(Place(page, box))

    # --- furniture ---

    def _draw_notes(self, page: int, frame: Frame, notes: Sequence[Strip], top: float, setter: Setter) -> None:
        length = min(110.0, frame.measure_pt / 3)
        left = frame.right_pt - length if setter.is_rtl else frame.left_pt
        self.writer.rule(page, left, top - 3.0, left + length, top - 3.0, color=(0.0, 0.0, 0.0), width_pt=0.4)
        placed = [Placed(strip, frame.left_pt, top + dy, 0) for dy, strip in stack(notes)[1]]
        for item in placed:
            self._draw_strip(page, item.strip, item.x_pt, item.y_pt, setter)
        self._collect_pieces(page, placed)

    def _draw_head(self, page: int, frame: Frame, leaf: Leaf) -> None:
        look, setter = leaf.setter.look.furniture, leaf.setter
        text = leaf.chapter if look.chapter and leaf.chapter else self.document.running_head or self.document.title
        baseline = frame.top_pt - HEAD_LIFT_EM * setter.size_pt
        style = setter.style(0.84, italic=look.running == "outer")
        folio_room = 4.0 * setter.size_pt if look.folio == "head_outer" else 0.0
        # Chapter openings and covers carry no running head, as in most books.
        if look.running != "none" and leaf.label and not leaf.opens and text:
            outer: Align = "end" if page % 2 == 0 else "start"
            align: Align = {"start": "start", "center": "center", "outer": outer}[look.running]  # type: ignore[assignment]  # a literal by key
            spans = [Span(text, style)]
            line = setter.typesetter.lines(spans, frame.measure_pt - 2 * folio_room, align=align)[0]
            self._furnish(page, line, frame.left_pt + folio_room, baseline, "head")
            if look.rule:
                y = baseline + 0.5 * setter.size_pt
                self.writer.rule(page, frame.left_pt, y, frame.right_pt, y, color=setter.look.accent, width_pt=0.5)
        if look.folio == "head_outer":
            self._draw_folio(page, frame, leaf, baseline, "head")

    def _draw_foot(self, page: int, frame: Frame, leaf: Leaf) -> None:
        if leaf.setter.look.furniture.folio != "head_outer":
            self._draw_folio(page, frame, leaf, frame.bottom_pt + FOOT_DROP_EM * leaf.setter.size_pt, "foot")

    def _draw_folio(self, page: int, frame: Frame, leaf: Leaf, baseline: float, kind: str) -> None:
        if not leaf.label:
            return
        look, style = leaf.setter.look.furniture, leaf.setter.style(0.88)
        spans = [Span(leaf.label, style, f"folio/{page}")]
        if look.dashes:
            spans = [Span("– ", style), *spans, Span(" –", style)]
        outer: Align = "end" if page % 2 == 0 else "start"
        align: Align = "center" if look.folio == "foot_center" else outer
        (line,) = leaf.setter.typesetter.lines(spans, frame.measure_pt, align=align)[:1]
        self._furnish(page, line, frame.left_pt, baseline, kind)

    def _furnish(self, page: int, line: Line, x: float, baseline: float, kind: str) -> None:
        self._record(page, self.writer.draw_line(page, line, x, baseline))
        self.pieces.append(Piece("foot" if kind == "foot" else "head", page, line_box(line, x, baseline), line.text))

    # --- pieces ---

    def _collect_pieces(self, page: int, placed: Sequence[Placed]) -> None:
        """One piece for strips of one block and kind that follow each other in a column."""
        group: list[tuple[Part, BoxPt]] = []
        key: tuple[int, str, int] | None = None
        for item in placed:
            part = item.strip.part
            if part is None:
                continue
            now = (part.block, part.kind, item.column)
            if now != key and group:
                self.pieces.append(_piece(page, group))
                group = []
            key = now
            group.append((part, _moved(item.strip.box_pt, item.x_pt, item.y_pt)))
        if group:
            self.pieces.append(_piece(page, group))


def _piece(page: int, group: Sequence[tuple[Part, BoxPt]]) -> Piece:
    parts = [part for part, _ in group]
    first, box = parts[0], union([box for _, box in group])
    if first.kind == "table":
        heads = sum(part.is_head for part in parts)
        return Piece("table", page, box, rows=tuple(p.row for p in parts), head_rows=heads, colspans=tuple(p.colspans for p in parts))
    text = "".join(part.text for part in parts).strip()
    if first.kind == "list":
        items: dict[int, str] = {}
        for number, part in enumerate(parts):
            index = part.item if part.item >= 0 else number
            items[index] = items.get(index, "") + part.text
        return Piece("list", page, box, text, items=tuple(item.strip() for item in items.values()))
    return Piece(first.kind, page, box, text, level=first.level)


def _moved(box: BoxPt, dx: float, dy: float) -> BoxPt:
    return (box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy)


def page_infos(pages: Sequence[Page], labels: Sequence[str]) -> tuple[PageInfo, ...]:
    """Size and label of every page."""
    return tuple(PageInfo(page.frame.width_pt, page.frame.height_pt, label) for page, label in zip(pages, labels, strict=True))
