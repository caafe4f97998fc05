"""Tables of a page read from word positions: a caption line that begins with the table's label, rows below it, columns by white strips.

Columns are the gaps in the projection of the rows that have most cells. Heads are mapped to columns by overlap, rotated heads too. A table
that goes on over pages is the sequence of its parts, each under a caption with the same label.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from synth.documents.reading import BoxPt, Line, ReadDocument, ReadPage, Word, same_label, squeeze
from synth.documents.reading_lines import bounds, in_order, rows_of
from synth.documents.reading_values import plain_digits

CELL_GAP_PT = 6.0
"""Words closer than this are one cell; cells of neighbouring columns are at least 8 pt apart (chosen between that and a word space)."""

END_GAP_PITCHES = 1.5
"""White of more than this many row pitches ends a table (tables have 1.6 below them)."""


MAX_AWAY_PT = 60.0
"""A rotated head stands no further beside the texts of its column (chosen: half a wide column)."""

MAX_HEAD_ROWS = 10
"""Lines of a table's head looked through (chosen: narrow heads are broken over six)."""

MIN_LIKENESS = 3
"""Lines that look less like a caption than this are running text (see `caption_likeness`)."""


LED = re.compile(r"(?:[.·․…‥・]\s*){3,}[0-9ivxlcdm]+\s*$")
"""The end of a contents entry: leaders and a page number."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as printed, with its box in points."""

    text: str
    box_pt: BoxPt


@dataclass(frozen=True)
class TablePart:
    """The rows of a table on one page; columns in reading order, the first is where reading starts. Empty cells are None.

    `turned` holds the rotated head of each column or None.
    """

    page: int
    caption: str
    caption_box_pt: BoxPt
    rows: tuple[tuple[Cell | None, ...], ...]
    turned: tuple[Cell | None, ...]

    def find_column(self, heading: Sequence[str]) -> tuple[int, int] | None:
        """(column, number of head rows) of the column under the headings, outermost first; None when none or several match."""
        wanted = [_fold(text) for text in heading]
        turned = [index for index, cell in enumerate(self.turned) if cell and _fold(cell.text) == wanted[-1]]
        if len(turned) == 1 and len(wanted) == 1:
            return turned[0], self._head_rows(0)
        for depth in range(1, min(MAX_HEAD_ROWS, len(self.rows)) + 1):
            hits = [column for column in range(len(self.turned)) if self._is_headed(column, depth, wanted)]
            if len(hits) == 1:
                return hits[0], self._head_rows(depth)
        return None

    def _is_headed(self, column: int, depth: int, wanted: Sequence[str]) -> bool:
        """Whether the head cells of a column, read down to `depth` rows, are the wanted texts: each its own row, or one text over
        several.
        """
        texts = [_fold(row[column].text) for row in self.rows[:depth] if row[column]]  # type: ignore[union-attr]
        tails = {"".join(texts[start:]) for start in range(len(texts))}
        return texts[-len(wanted) :] == list(wanted) or (len(wanted) == 1 and wanted[0] in tails)

    def _head_rows(self, depth: int) -> int:
        """Head rows end where, from `depth` on, the first row with all cells begins."""
        for index in range(depth, len(self.rows)):
            if all(self.rows[index]):
                return index
        return depth

    def body(self, head_rows: int) -> tuple[tuple[Cell | None, ...], ...]:
        """Rows below the head, down to running text; the further lines of a cell that is broken over lines are joined to it."""
        merged: list[tuple[Cell | None, ...]] = []
        for row in self.rows[head_rows:]:
            if widest_span(row) > max(2, len(row) / 2):
                break
            if merged and row[0] is None:
                merged[-1] = tuple(_stack(above, below) for above, below in zip(merged[-1], row, strict=True))
            else:
                merged.append(row)
        return tuple(merged)


def widest_span(row: Sequence[Cell | None]) -> int:
    """Over how many columns the longest stretch of words of a row runs."""
    return max(Counter(cell.box_pt for cell in row if cell).values(), default=0)


def _stack(above: Cell | None, below: Cell | None) -> Cell | None:
    if above is None or below is None:
        return above or below
    return Cell(f"{above.text} {below.text}", bounds([above.box_pt, below.box_pt]))


def _fold(text: str) -> str:
    return plain_digits(squeeze(text)).casefold()


def _starts_with(line: Line, label: str) -> bool:
    """Whether a line begins with a folded label (`table4`) that does not go on (`table41`, `table4.2`)."""
    return line.folded.startswith(label) and not re.match(r"[0-9]|[.\-][0-9]", line.folded[len(label) :])


def is_contents_entry(line: Line) -> bool:
    """Whether a line looks like an entry of a contents list: leaders or a wide gap, then a page number at its end."""
    if LED.search(plain_digits(line.text)):
        return True
    words = [word for word in line.words if not word.mark]
    if len(words) < 2 or not re.fullmatch(r"[0-9]+|[ivxlcdm]+", plain_digits(words[-1].text)):
        return False
    gap = max(words[-1].box_pt[0] - words[-2].box_pt[2], words[-2].box_pt[0] - words[-1].box_pt[2])
    return gap > 0.8 * line.size_pt


def is_listed(page: ReadPage, line: Line) -> bool:
    """Whether a line is an entry of a contents list, or the first line of one that ends with leaders."""
    if is_contents_entry(line):
        return True
    lines = page.lines
    below = lines[page.line_numbers[id(line)] + 1 :][:1]
    return bool(below) and abs(below[0].size_pt - line.size_pt) < 0.2 and bool(LED.search(plain_digits(below[0].text)))


def caption_lines(page: ReadPage, label: str) -> tuple[Line, ...]:
    """Lines of a page that begin with a label and are not contents entries; running text that happens to begin with it is among them."""
    key = f"lines/{label}"
    if key not in page.memo:
        wanted = _fold(label)
        page.memo[key] = tuple(line for line in page.lines if _starts_with(line, wanted) and not is_listed(page, line))
    found: tuple[Line, ...] = page.memo[key]
    return found


def caption_likeness(page: ReadPage, line: Line, label: str, body_size_pt: float) -> int:
    """How much a line that begins with a label looks like a caption, 0 to 7: a separator after the label, small or bold type, no full stop
    at the end.
    """
    rest = line.folded[len(_fold(label)) :]
    sure = 3 if re.match(r"[:：–—]", rest) else 2 if rest.startswith(".") else 0  # a full stop may end a sentence too
    separator = sure or int(not rest or rest[0] in "(（" or _gap_after(line, label) > 0.38 * line.size_pt)
    is_small = line.size_pt < 0.97 * max(body_size_pt, page.body_size_pt)
    ends_open = not line.text.rstrip().endswith((".", "。", "।", "۔", ",", "，", "、", "،"))
    return separator + 2 * is_small + line.words[0].bold + ends_open


def _gap_after(line: Line, label: str) -> float:
    """White after the words that make up a label."""
    read = ""
    for word, following in pairwise(line.words):
        read += _fold(word.text)
        if len(read) >= len(_fold(label)):
            return max(following.box_pt[0] - word.box_pt[2], word.box_pt[0] - following.box_pt[2])
    return 0.0


def table_parts(document: ReadDocument, label: str) -> Iterator[TablePart]:
    """The parts of the table called `label`, in page order. A part whose extent is doubtful comes in several readings, the narrowest
    first.
    """
    best: tuple[ReadPage, Line] | None = None
    for page in document.pages:
        key = f"table/{label}"
        if key not in page.memo:
            best = best or best_caption(document, label)
            captions = [line for line in caption_lines(page, label) if best and _set_alike(line, best[1])]
            page.memo[key] = tuple(part for line in captions for part in read_table(page, line, captions))
        yield from page.memo[key]


def _set_alike(line: Line, caption: Line) -> bool:
    """Whether a line has the type of a caption: the captions of a table's further parts do, running text that begins with its label
    seldom.
    """
    return abs(line.size_pt - caption.size_pt) < 0.03 * caption.size_pt and line.words[0].bold == caption.words[0].bold


def best_caption(document: ReadDocument, label: str) -> tuple[ReadPage, Line] | None:
    """The caption of `label` and its page: the first line set like the one that looks most like a caption."""
    likely = likely_captions(document, label)
    if not likely:
        return None
    best = max(likely, key=lambda item: item[0])[2]
    return next((page, line) for _, page, line in likely if _set_alike(line, best))


def likely_captions(document: ReadDocument, label: str) -> list[tuple[int, ReadPage, Line]]:
    """(likeness, page, line) of all lines that may be the caption of `label`, in page order."""
    found = [
        (caption_likeness(page, line, label, document.body_size_pt), page, line)
        for page in document.pages
        for line in caption_lines(page, label)
    ]
    return [item for item in found if item[0] >= MIN_LIKENESS]


def read_table(page: ReadPage, caption: Line, captions: Sequence[Line] = ()) -> Iterator[TablePart]:
    """The table below a caption line, read in the column the caption stands in and across the page, the narrower first.

    Nothing where less than two rows and columns stand. Rows end above the next of `captions`.
    """
    for left, right, words in _extents(page, caption):
        foot = min(
            (other.box_pt[1] for other in captions if other.box_pt[1] > caption.box_pt[3] and left < other.words[0].middle_pt[0] < right),
            default=page.height_pt,
        )
        under = (word for word in words if not word.mark and word.box_pt[3] > caption.box_pt[3])
        below = [word for word in under if caption.box_pt[3] < word.middle_pt[1] < foot and left < word.middle_pt[0] < right]
        rows = _until_white(rows_of(below))
        columns = _columns(rows)
        if len(columns) >= 2 and len(rows) >= 2:
            yield _part(page, caption, _fitting(page, rows, columns), columns)


def _extents(page: ReadPage, caption: Line) -> Iterator[tuple[float, float, Sequence[Word]]]:
    """(left, right, words) of the column the caption stands in, down to where its columns end, then of the whole page."""
    middle = (caption.box_pt[0] + caption.box_pt[2]) / 2
    for band in page.bands:
        if band.edges and any(word is caption.words[0] for row in band.rows for word in row):
            words = [word for row in band.rows for word in row]
            yield from ((left, right, words) for left, right in band.columns() if left < middle <= right)
    yield float("-inf"), float("inf"), page.words


def _part(page: ReadPage, caption: Line, rows: Sequence[Sequence[Word]], columns: list[tuple[float, float]]) -> TablePart:
    step = -1 if page.right_to_left else 1
    grid = tuple(tuple(_cells(row, columns)[::step]) for row in rows)
    return TablePart(page.index, caption.text, caption.box_pt, grid, tuple(_turned_heads(page, caption, rows, columns)[::step]))


def _until_white(rows: Sequence[list[Word]]) -> list[list[Word]]:
    """Rows down to the white that ends a table."""
    kept: list[list[Word]] = []
    pitches: list[float] = []
    for row in rows:
        if kept:
            pitch = _middle(row) - _middle(kept[-1])
            if len(kept) > 1 and pitch > END_GAP_PITCHES * median(pitches):
                break
            pitches.append(pitch)
        kept.append(row)
    return kept


def _middle(row: Sequence[Word]) -> float:
    return sum(word.middle_pt[1] for word in row) / len(row)


def segments(row: Sequence[Word]) -> list[BoxPt]:
    """Boxes of words that stand close together, left to right."""
    boxes: list[BoxPt] = []
    for word in row:
        if boxes and word.box_pt[0] - boxes[-1][2] < CELL_GAP_PT:
            boxes[-1] = bounds([boxes[-1], word.box_pt])
        else:
            boxes.append(word.box_pt)
    return boxes


def _columns(rows: Sequence[Sequence[Word]]) -> list[tuple[float, float]]:
    """(left, right) of every column: the projection of the rows that have the commonest number of cells above one.

    Heads may stand where no body text is (aligned to the other side): rows at the top are left out until the columns are as many as the
    cells.
    """
    split = [segments(row) for row in rows]
    counts = [len(boxes) for boxes in split if len(boxes) > 1]
    if not counts:
        return []
    usual = max(sorted(set(counts)), key=counts.count)
    full = [boxes for boxes in split if len(boxes) == usual]
    for skip in range(min(MAX_HEAD_ROWS, len(full) - 1) + 1):
        columns = _project(full[skip:])
        if len(columns) == usual:
            return columns
    return _project(full)


def _project(rows: Sequence[Sequence[BoxPt]]) -> list[tuple[float, float]]:
    """Stretches of x that boxes cover."""
    columns: list[tuple[float, float]] = []
    for left, right in sorted((box[0], box[2]) for boxes in rows for box in boxes):
        if columns and left < columns[-1][1] + 1.0:
            columns[-1] = (columns[-1][0], max(right, columns[-1][1]))
        else:
            columns.append((left, right))
    return columns


def _fitting(page: ReadPage, rows: Sequence[list[Word]], columns: Sequence[tuple[float, float]]) -> list[list[Word]]:
    """The rows that are part of the table: from the first with several cells (a caption may have further lines) to the first that is
    running text, one stretch over several columns, or the page number.
    """
    kept: list[list[Word]] = []
    for row in rows:
        boxes = segments(row)
        across = sum(_share(boxes[0], column) > 0 for column in columns)
        if len(boxes) == 1 and (across > 1 or _is_folio(page, row)):
            if len(kept) > MAX_HEAD_ROWS or any(len(segments(above)) == len(columns) for above in kept):
                break
            if across > 2 or not kept:
                continue
        kept.append(row)
    return kept


def _is_folio(page: ReadPage, row: Sequence[Word]) -> bool:
    text = "".join(word.text for word in row).strip("–—-")
    return bool(text) and same_label(text, page.label)


def _share(box: BoxPt, column: tuple[float, float]) -> float:
    return min(box[2], column[1]) - max(box[0], column[0])


def _cells(row: Sequence[Word], columns: Sequence[tuple[float, float]]) -> list[Cell | None]:
    """What a row has in each column: one stretch of words a column where there are as many, else by overlap (a head over several is in
    each).
    """
    boxes = segments(row)
    places = [[index] for index in range(len(columns))] if len(boxes) == len(columns) else [_columns_of(box, columns) for box in boxes]
    cells: list[Cell | None] = []
    for index in range(len(columns)):
        chosen = [box for box, place in zip(boxes, places, strict=True) if index in place]
        inside = [word for box in chosen for word in row if box[0] <= word.middle_pt[0] <= box[2]]
        text = " ".join(word.text for word in in_order(inside))
        cells.append(Cell(text, bounds([word.box_pt for word in inside])) if inside else None)
    return cells


def _columns_of(box: BoxPt, columns: Sequence[tuple[float, float]]) -> list[int]:
    """The columns a stretch of words overlaps, or the nearest one."""
    shares = [_share(box, column) for column in columns]
    return [index for index, share in enumerate(shares) if share > 0.5] or [shares.index(max(shares))]


def _turned_heads(
    page: ReadPage, caption: Line, rows: Sequence[Sequence[Word]], columns: Sequence[tuple[float, float]]
) -> list[Cell | None]:
    """The rotated head of each column: rotated words between caption and rows, each given to the nearest column, in reading order."""
    foot = max(word.box_pt[3] for word in rows[0])
    turned = [word for word in page.words if not word.upright and caption.box_pt[3] <= word.box_pt[3] <= foot + 30]
    inside: list[list[Word]] = [[] for _ in columns]
    for word in turned:
        away = [max(left - word.middle_pt[0], word.middle_pt[0] - right, 0.0) for left, right in columns]
        if min(away) < MAX_AWAY_PT:
            inside[away.index(min(away))].append(word)
    return [Cell(" ".join(word.text for word in words), bounds([word.box_pt for word in words])) if words else None for words in inside]
