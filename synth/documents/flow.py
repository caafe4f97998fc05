"""Fills pages with strips: columns, page breaks, repeated table heads, balanced columns, footnotes on the page of their mark.

A section is a sequence of runs. A run has one column or the section's columns, so that a wide table can cross the page between columns.
`fill` is pure; `Flow` keeps the pages. Nothing here knows what strips show, or of fonts and PDF.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from schemas.errors import DataError
from synth.documents.setting import stack
from synth.documents.strips import Strip

LEAST_FULL = 0.55
"""A section's last page that is emptier than this gets spare text (chosen: emptier pages look alike)."""

BALANCE_STEPS = 9
"""Bisections of a column height when columns are balanced: a page is cut to within 2 pt."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A page's kind and size, and where its text goes, in points from the top left corner."""

    page: str
    width_pt: float
    height_pt: float
    left_pt: float
    top_pt: float
    right_pt: float
    bottom_pt: float
    columns: int
    gap_pt: float
    is_rtl: bool

    @property
    def measure_pt(self) -> float:
        """Width of the text area."""
        return self.right_pt - self.left_pt

    def column_width(self, columns: int) -> float:
        """Width of one of `columns` columns."""
        return (self.measure_pt - (columns - 1) * self.gap_pt) / columns

    def column_left(self, columns: int, index: int) -> float:
        """Left edge of the `index`-th column in reading order."""
        place = columns - 1 - index if self.is_rtl else index
        return self.left_pt + place * (self.column_width(columns) + self.gap_pt)


@dataclass(frozen=True, slots=True)
class Run:
    """Strips that share a number of columns. `slot` is the strip before which a section's spare text goes, or -1."""

    strips: tuple[Strip, ...]
    columns: int
    slot: int = -1


@dataclass(frozen=True, slots=True)
class Spare:
    """Text that a section can do without: `set(n, columns)` gives the strips of block `n` below `count` in a column of so many.

    A section's last page that is emptier than `least` is filled up to about `fullness`: the first blocks go above tables that did not fit
    their page, the last ones to the run's slot, below the strips of `head`. Without `gaps`, what is above tables stays empty.
    """

    set: Callable[[int, int], Sequence[Strip]]
    count: int
    fullness: float
    least: float = LEAST_FULL
    head: Callable[[int], Sequence[Strip]] | None = None
    gaps: bool = True

    def last(self, number: int, columns: int) -> list[Strip]:
        """The last `number` blocks under their head."""
        head = self.head(columns) if self.head and number else ()
        return [*head, *(strip for n in range(self.count - number, self.count) for strip in self.set(n, columns))]


NO_SPARE = Spare(lambda number, columns: (), 0, 0.0)


@dataclass(frozen=True, slots=True)
class Placed:
    """A strip on a page: top left corner, and the number of its column on that page (strips of one column follow each other)."""

    strip: Strip
    x_pt: float
    y_pt: float
    column: int


@dataclass(slots=True)
class Page:
    """A page being filled. `used_pt` is the height of what stands on it, columns of unequal height at their mean."""

    frame: Frame
    section: int
    numbering: str
    cursor_pt: float
    used_pt: float = 0.0
    gap_pt: float = 0.0
    columns_used: int = 0
    placed: list[Placed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    separators: list[tuple[float, float, float]] = field(default_factory=list)  # (x, top, bottom) of the middle between two columns


@dataclass(frozen=True, slots=True)
class Column:
    """What `fill` put into one column: (top, strip) from its head, and the height used."""

    placed: tuple[tuple[float, Strip], ...]
    height_pt: float


def fill(strips: Sequence[Strip], start: int, columns: int, room_pt: float, *, force: bool) -> tuple[list[Column], int]:
    """Fill columns of height `room_pt` with strips from number `start` on; returns the columns and the number of the first strip left over.

    Strips held together move on together. With `force` (a whole page is free) a group higher than a column is broken all the same.

    Raises:
        DataError: `block_too_tall` when `force` is set and a single strip is higher than the column.
    """
    out: list[Column] = []
    for _ in range(columns):
        column, start = _fill_column(strips, start, room_pt, force)
        out.append(column)
    return out, start


def _fill_column(strips: Sequence[Strip], start: int, room_pt: float, force: bool) -> tuple[Column, int]:
    placed: list[tuple[float, Strip]] = []
    y = gap = 0.0
    if start < len(strips):
        for top, strip in stack(strips[start].resume)[1]:
            placed.append((top, strip))
            y, gap = top + strip.height_pt, strip.after_pt
    repeated = len(placed)
    while start < len(strips):
        end = start
        while strips[end].keep and end + 1 < len(strips):
            end += 1
        stop, added, y_after, gap_after = _stack_while(strips, start, end + 1, y, gap, bool(placed), room_pt)
        whole = stop == end + 1
        if not whole and not (force and len(placed) == repeated and stop > start):
            if force and len(placed) == repeated:
                what = f"a strip of {strips[start].height_pt:.0f} pt does not fit a column of {room_pt:.0f} pt"
                raise DataError("block_too_tall", f"{what}; use a larger page or a shorter text")
            break
        placed.extend(added)
        start, y, gap = stop, y_after, gap_after
    if len(placed) == repeated:
        return Column((), 0.0), start
    return Column(tuple(placed), y), start


def _stack_while(
    strips: Sequence[Strip], start: int, end: int, y: float, gap: float, below: bool, room_pt: float
) -> tuple[int, list[tuple[float, Strip]], float, float]:
    """Stack strips `start` to `end` under y while they fit: the first that did not, those placed, and the new y and gap."""
    placed: list[tuple[float, Strip]] = []
    for number in range(start, end):
        strip = strips[number]
        top = y + (max(gap, strip.before_pt) if below or placed else 0.0)
        if top + strip.height_pt > room_pt + 1e-6:
            return number, placed, y, gap
        placed.append((top, strip))
        y, gap = top + strip.height_pt, strip.after_pt
    return end, placed, y, gap


class Flow:
    """Pages filled so far.

    Args:
        note_height: Height of a page's footnotes with the rule above them, given their keys and the frame.

    Attributes:
        pages: In order.
        content: Pages each section needs without spare text: all but the last one, and the share of that which is used.
    """

    def __init__(self, note_height: Callable[[Sequence[str], Frame], float]) -> None:
        self.pages: list[Page] = []
        self.content: list[float] = []
        self._note_height = note_height
        self._noted: set[str] = set()

    def add_section(self, runs: Sequence[Run], frame: Frame, numbering: str, *, balance_last: bool, spare: Spare = NO_SPARE) -> None:
        """Set a section on pages of its own; where its pages would stay half empty, with some of its spare text."""
        section = self.pages[-1].section + 1 if self.pages else 0
        start, noted = len(self.pages), set(self._noted)
        self._set_section(runs, frame, section, numbering, balance_last=balance_last, spare=spare)
        kept, free = self.pages[start:], self._free(self.pages[-1])
        self.content.append(len(kept) - free)
        if not spare.count or free < 1 - spare.least:
            return
        for number in range(max(1, self._spare_that_fits(runs, spare, free - (1 - spare.fullness))), 0, -1):
            del self.pages[start:]
            self._noted = set(noted)
            longer = _with_spare(runs, spare, number)
            self._set_section(
                longer, frame, section, numbering, balance_last=balance_last, spare=replace(spare, count=spare.count - number)
            )
            if len(self.pages) - start <= len(kept):
                return
        self.pages[start:] = kept

    def _set_section(self, runs: Sequence[Run], frame: Frame, section: int, numbering: str, *, balance_last: bool, spare: Spare) -> None:
        self._new_page(frame, section, numbering)
        taken = 0
        for index, run in enumerate(runs):
            balance = run.columns > 1 and (balance_last or index < len(runs) - 1)
            at = 0
            while at < len(run.strips):
                end = self._fill_region(run, at, balance, dry=True)
                if spare.gaps and 0 < end < len(run.strips) and _opens(run.strips[end]):
                    run, taken = self._closed_gap(run, at, end, spare, taken)
                at = self._fill_region(run, at, balance)
                if at < len(run.strips):
                    self._new_page(frame, section, numbering)

    def _closed_gap(self, run: Run, start: int, end: int, spare: Spare, taken: int) -> tuple[Run, int]:
        """The run with spare text before strip `end`, as much as still fits the page, and the number of blocks taken so far."""
        while taken < spare.count:
            strips = tuple(spare.set(taken, run.columns))
            longer = replace(
                run, strips=(*run.strips[:end], *strips, *run.strips[end:]), slot=run.slot + len(strips) if run.slot >= end else run.slot
            )
            if self._fill_region(longer, start, False, dry=True) != end + len(strips):
                break
            run, end, taken = longer, end + len(strips), taken + 1
        return run, taken

    def _free(self, page: Page) -> float:
        """Share of a page that is empty below its text, all columns taken together."""
        height = page.frame.bottom_pt - page.frame.top_pt
        return (height - self._note_height(page.notes, page.frame) - page.used_pt) / height

    def _spare_that_fits(self, runs: Sequence[Run], spare: Spare, share: float) -> int:
        """How many of the last spare blocks fill a share of the last page."""
        frame = self.pages[-1].frame
        columns = next((run.columns for run in runs if run.slot >= 0), 1)
        room = share * (frame.bottom_pt - frame.top_pt) * columns
        room -= stack(spare.head(columns))[0] if spare.head else 0.0
        number = 0
        while number < spare.count:
            strips = spare.set(spare.count - 1 - number, columns)
            room -= stack(strips)[0] + (strips[-1].after_pt if strips else 0.0)
            if room < 0:
                break
            number += 1
        return number

    def _new_page(self, frame: Frame, section: int, numbering: str) -> None:
        self.pages.append(Page(frame, section, numbering, frame.top_pt))

    def _fill_region(self, run: Run, start: int, balance: bool, *, dry: bool = False) -> int:
        """Fill the rest of the last page from strip `start` on, or only see how far it goes; returns the first strip left over."""
        page = self.pages[-1]
        frame = page.frame
        fresh = not page.placed
        top = page.cursor_pt if fresh else page.cursor_pt + max(page.gap_pt, run.strips[start].before_pt)
        reserve = self._note_height(page.notes, frame)
        while True:
            room = frame.bottom_pt - reserve - top
            columns, end = fill(run.strips, start, run.columns, room, force=fresh)
            needed = self._note_height(page.notes + self._new_notes(columns), frame)
            if needed <= reserve:
                break
            reserve = needed  # grows at every turn and is bounded by the notes of one page, so this ends
        if dry:
            return end
        if balance and end == len(run.strips):
            columns = _balanced(run, start, room, columns)
        if any(column.placed for column in columns):
            self._place(page, run, columns, top, self._new_notes(columns))
        return end

    def _new_notes(self, columns: Sequence[Column]) -> list[str]:
        keys = (key for column in columns for _, strip in column.placed for key in strip.notes)
        return [key for key in dict.fromkeys(keys) if key not in self._noted]

    def _place(self, page: Page, run: Run, columns: Sequence[Column], top: float, notes: Sequence[str]) -> None:
        frame = page.frame
        bottom = top + max(column.height_pt for column in columns)
        for index, column in enumerate(columns):
            left = frame.column_left(run.columns, index)
            for dy, strip in column.placed:
                page.placed.append(Placed(strip, left, top + dy, page.columns_used + index))
        for index in range(1, sum(1 for column in columns if column.placed)):
            lefts = sorted(frame.column_left(run.columns, n) for n in (index - 1, index))
            page.separators.append((lefts[1] - frame.gap_pt / 2, top, bottom))
        page.columns_used += run.columns
        page.used_pt += top - page.cursor_pt + math.fsum(column.height_pt for column in columns) / run.columns
        page.cursor_pt = bottom
        page.gap_pt = max(column.placed[-1][1].after_pt for column in columns if column.placed)
        page.notes.extend(notes)
        self._noted.update(notes)


def _opens(strip: Strip) -> bool:
    """Whether a block begins here before which other text may stand: a heading, a table or a figure."""
    return strip.part is not None and (strip.part.kind == "heading" or (strip.part.kind in ("caption", "figure") and not strip.resume))


def _with_spare(runs: Sequence[Run], spare: Spare, number: int) -> list[Run]:
    """The runs with the last `number` spare blocks in the slot."""
    out = []
    for run in runs:
        if run.slot >= 0:
            run = replace(run, strips=(*run.strips[: run.slot], *spare.last(number, run.columns), *run.strips[run.slot :]))
        out.append(run)
    return out


def _balanced(run: Run, start: int, room_pt: float, columns: list[Column]) -> list[Column]:
    """The columns at the least common height that still holds all strips."""
    low, high = max(column.height_pt for column in columns) / run.columns, room_pt
    for _ in range(BALANCE_STEPS):
        middle = (low + high) / 2
        trial, end = fill(run.strips, start, run.columns, middle, force=False)
        if end == len(run.strips):
            columns, high = trial, middle
        else:
            low = middle
    return columns


def number_pages(pages: Sequence[Page]) -> list[int]:
    """Number of each page within its stretch: counts up through sections of one numbering and restarts at 1 where it changes."""
    out: list[int] = []
    for index, page in enumerate(pages):
        same = index > 0 and pages[index - 1].numbering == page.numbering
        out.append(out[-1] + 1 if same else 1)
    return out


def find_targets(pages: Sequence[Page], anchors: Callable[[Strip], Sequence[str]]) -> Mapping[str, int]:
    """Anchor -> first page it stands on."""
    out: dict[str, int] = {}
    for number, page in enumerate(pages):
        for item in page.placed:
            for anchor in anchors(item.strip):
                out.setdefault(anchor, number)
    return out
