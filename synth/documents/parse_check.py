"""Checks a parsed page against the stored PDF, read with PDFium: every text where its box says, tables cell by cell, and every character
of the page in the answer exactly once.

This is the verifier's side of `documents.parse`; it shares no code with what read or laid out the page. Text is compared without white
space, because lines end elsewhere; every other character counts. What white space can say wrongly (tokens broken by a line end, lines and
indents of code, two running heads in one) is checked in `parse_lines`. Points have their origin at the top left of the page.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from schemas.elements import LEVEL, PICTURE_KINDS, RAISED, Element
from schemas.geometry import Box1000, BoxPt
from synth.documents.parse_chars import RUN, UNORDERED_SCRIPTS, Char, PageChars, around, bare
from synth.documents.parse_lines import code_fault, lines_fault, lines_of, whole_fault

APART = ("header", "footer", "footnote")
"""Elements that stand outside the reading order."""


BULLETS = "•●○▪▫■□◆◇▸►‣∙·*–—"
"""Marks before list items, which notations replace by their own; not counted as text of the page."""

_MARKS = BULLETS + "0123456789.()abcdefghij٠١٢٣٤٥٦٧٨٩०१२३४५६७८९．、"
MAX_MARK = 4  # characters of a list item's number with its point


MIN_WORDS = 0.7
"""Least share of a text in right-to-left or Indic script that must be found word by word (chosen)."""


Found: TypeAlias = tuple[list[BoxPt], list[tuple[Element, set[int]]]]
"""Boxes of the texts without one, in order; and which characters each element holds."""


def page_fault(elements: Sequence[Element], page: PageChars) -> str:
    """What is wrong with the elements of a page, or nothing."""
    covered: set[int] = set()
    excused: set[int] = set()
    placed: list[tuple[Element, set[int]]] = []
    for element in elements:
        if element.table and (fault := _table_fault(element, page, covered)):
            return f"table: {fault}"
        if element.kind in PICTURE_KINDS and element.box_1000:
            drawn = page.image_at(page.to_pt(element.box_1000))
            if drawn is None:
                return f"{element.kind}: no image is drawn in the box {element.box_1000}"
            excused.update({*page.inside(drawn)} & {*page.inside(page.to_pt(element.box_1000))})
    covered |= excused
    places: list[BoxPt] = []
    if fault := _texts_fault(elements, page, covered, (places, placed)):
        return fault
    missing = [number for number, char in enumerate(page.chars) if char.text not in BULLETS and number not in covered]
    if missing:
        return f"{len(missing)} characters of the page are not in the answer: {''.join(page.chars[n].text for n in missing)[:40]!r}"
    if again := [n for n, count in Counter(n for _, numbers in placed for n in numbers).items() if count > 1 and n not in excused]:
        return f"characters are in two elements: {''.join(page.chars[n].text for n in again)[:40]!r}"
    if fault := whole_fault(elements, page) or lines_fault(placed, elements, page):
        return fault
    return _order_fault([e.box_1000 for e in elements if e.box_1000 and e.kind not in APART]) or _order_fault(places)


def _texts_fault(elements: Sequence[Element], page: PageChars, covered: set[int], found_at: Found) -> str:
    """Texts with a box are held against it; others are looked up in what tables and pictures leave, those in spoilt order last.

    `found_at` gets the boxes, in points, of elements without a box of their own, in the order of the elements, and the characters of each.
    """
    places, placed = found_at
    free, spoilt = _Stream(page, covered), []
    for element in elements:
        mark = MAX_MARK if element.kind == "list" else 0
        for text, box in _texts(element):
            wanted = bare(text)
            if box is not None:
                inside = page.inside(page.to_pt(box))
                placed.append((element, set(inside)))
                if fault := _box_fault(text, page, inside, covered, mark):
                    return f"{element.kind}: {fault}"
                if element.kind == "code" and (fault := code_fault(element.text, page, inside)):
                    return f"code: {fault}"
            elif found := free.take(wanted, mark):
                covered.update(found)
                placed.append((element, found))
                if element.kind == "code" and (fault := code_fault(element.text, page, sorted(found))):
                    return f"code: {fault}"
                if element.kind not in APART:
                    places.append(around([page.chars[number].box_pt for number in found]))
            elif _unordered(wanted):
                spoilt.append(text)
                if element.kind not in APART:
                    places += page.lone_word(text)
            else:
                return f"{element.kind}: {text[:40]!r} is not on the page"
    whole = "".join(char.text for char in page.chars)
    for text in spoilt:
        found = free.take_letters(bare(text)) if _words_in(text, whole) else set()
        if not found:
            return f"{text[:40]!r} is not on the page, in any order"
        covered.update(found)
    return ""


def _texts(element: Element) -> Iterator[tuple[str, Box1000 | None]]:
    """The texts of an element with the box each must stand in. A caption inside a picture element is not looked for."""
    if element.kind == "list":
        yield from ((item.text, item.box_1000) for item in element.items)
    elif element.text and element.kind not in PICTURE_KINDS:
        yield element.text, element.box_1000


def _box_fault(text: str, page: PageChars, inside: Sequence[int], covered: set[int], mark: int) -> str:
    got = "".join(page.chars[number].text for number in inside)
    covered.update(inside)
    if same_text(text, got) or (mark and same_text(text, _without_marker(got, bare(text)))):
        return ""
    # PDFium gives some short lines as they stand, from left to right; read from the right they are the text.
    lines = lines_of(page.chars[number] for number in inside)
    from_right = "".join(char.text for line in lines for char in reversed(line))
    if _unordered(got) and same_text(text, from_right):
        return ""
    return f"the box holds {got[:60]!r}, the answer {bare(text)[:60]!r}"


def same_text(text: str, got: str) -> bool:
    """Whether bare print `got` is `text`: equal, or, where the script's order differs between readers, the same characters and the same
    words.
    """
    wanted = bare(text)
    if wanted == got:
        return True
    return _unordered(wanted) and Counter(wanted) == Counter(got) and _words_in(text, got)


def _words_in(text: str, got: str) -> bool:
    """Whether most of the text, by length, is runs of letters or of digits that stand in `got` unbroken."""
    words = [bare(word) for word in RUN.findall(text.replace(RAISED, "").replace(LEVEL, ""))]
    return sum(len(word) for word in words if word in got) >= MIN_WORDS * sum(map(len, words))


def _unordered(text: str) -> bool:
    return any(low <= ord(char) <= high for char in text for low, high in UNORDERED_SCRIPTS)


def _without_marker(got: str, wanted: str) -> str:
    """What stands in a list item's box without up to four characters of bullet or number before the text."""
    start = got.find(wanted[:8])
    return got[start:] if 0 < start <= MAX_MARK else got


class _Stream:
    """The page's text in which pieces are looked up and used up, for notations without text boxes; `used` characters are out from the
    start.
    """

    def __init__(self, page: PageChars, used: set[int]) -> None:
        self.owner = [number for number, char in enumerate(page.chars) for _ in char.text]
        whole = "".join(char.text for char in page.chars)
        self.text = "".join("\0" if number in used else char for char, number in zip(whole, self.owner, strict=True))
        self.cursor = 0

    def take(self, wanted: str, mark: int) -> set[int]:
        """Numbers of the characters of the next unused occurrence, or of the first if there is none after the text before it.

        Up to `mark` characters of a list item's own number before it are taken along.
        """
        start = self.text.find(wanted, self.cursor) if wanted else -1
        start = self.text.find(wanted) if wanted and start < 0 else start
        if start < 0:
            return set()
        end = self.cursor = start + len(wanted)
        while mark and start and self.text[start - 1] in _MARKS:
            start, mark = start - 1, mark - 1
        self.text = self.text[:start] + "\0" * (end - start) + self.text[end:]
        return set(self.owner[start:end])

    def take_letters(self, wanted: str) -> set[int]:
        """As many unused characters as `wanted` has of each, wherever they are; none if there are too few."""
        found: set[int] = set()
        if Counter(wanted) - Counter(self.text):
            return found
        for char in wanted:
            at = self.text.index(char)
            self.text = self.text[:at] + "\0" + self.text[at + 1 :]
            found.add(self.owner[at])
        return found


def _table_fault(element: Element, page: PageChars, covered: set[int]) -> str:
    """Every cell found in the table's box; in each body row side by side, rows from top to bottom."""
    if element.box_1000 is None:
        return "no box"
    inside = page.inside(page.to_pt(element.box_1000))
    covered.update(inside)
    cells = [bare(cell.text) for row in element.table for cell in row]
    got = "".join(page.chars[n].text for n in inside)
    if Counter("".join(cells)) != Counter(got):
        printed = "".join((Counter(got) - Counter("".join(cells))).elements())
        written = "".join((Counter("".join(cells)) - Counter(got)).elements())
        return f"cells and print differ: {printed[:20]!r} only printed, {written[:20]!r} only in the answer"
    chars = [page.chars[n] for n in inside]
    return _spoilt_grid_fault(element, chars) if _unordered(got) else _grid_fault(element, chars)


def _grid_fault(element: Element, chars: Sequence[Char]) -> str:
    """Cells are looked up one after the other; those of a row must stand side by side, and rows below each other."""
    stream, at, above = "".join(char.text for char in chars), 0, -1.0
    owner = [number for number, char in enumerate(chars) for _ in char.text]
    for row in element.table:
        boxes: list[BoxPt] = []
        for cell in row:
            text = bare(cell.text)
            found = at if text and stream.startswith(text, at) else stream.find(text, at) if text else -1
            if found >= 0:
                at = found + len(text)
                boxes.append(around([chars[owner[n]].box_pt for n in range(found, at)]))
        said = " | ".join(cell.text for cell in row)[:60]
        if len(boxes) < sum(bool(bare(cell.text)) for cell in row):
            return f"the row {said!r} is not printed in this order"
        if not _side_by_side(boxes):
            return f"the cells of the row {said!r} do not stand side by side"
        middle = sum((box[1] + box[3]) / 2 for box in boxes) / len(boxes) if boxes else above + 1
        if middle <= above:
            return f"the row {said!r} stands above the row before it"
        above = middle
    return ""


def _spoilt_grid_fault(element: Element, chars: Sequence[Char]) -> str:
    """Tables in scripts without a reliable order: every body row has lines of its own, whose characters, taken column by column, are those
    of its cells; the heads stand above. Within a cell the characters are compared, not their order.
    """
    heads = list(itertools.takewhile(lambda row: all(cell.header for cell in row), element.table))
    lines = _lines_of(chars)
    if heads and _take(lines, "".join(bare(cell.text) for row in heads for cell in row)) is None:
        return "the heads do not stand above the rows"
    directions = {1, -1}
    for row in element.table[len(heads) :]:
        said, cells = " | ".join(cell.text for cell in row)[:60], [bare(cell.text) for cell in row if bare(cell.text)]
        taken = _take(lines, "".join(cells))
        if taken is None:
            return f"the line of the row {said!r} prints something else"
        directions = {way for way in directions if _are_columns(taken, cells[::way])}
        if not directions:
            return f"the row {said!r} prints something else in its columns"
    return ""


def _lines_of(chars: Sequence[Char]) -> list[list[Char]]:
    """Characters grouped by height, top to bottom: those whose middle lies within a line's box are on it."""
    lines: list[list[Char]] = []
    for char in sorted(chars, key=_middle):
        if lines and _middle(char) < lines[-1][0].box_pt[3] - 0.25 * (lines[-1][0].box_pt[3] - lines[-1][0].box_pt[1]):
            lines[-1].append(char)
        else:
            lines.append([char])
    return lines


def _take(lines: list[list[Char]], wanted: str) -> list[Char] | None:
    """The characters of the next lines, taken away, that are exactly the wanted ones in any order; None if the lines hold others."""
    missing, taken = Counter(wanted), list[Char]()
    while missing:
        line = lines.pop(0) if lines else []
        printed = Counter("".join(char.text for char in line))
        if not line or printed - missing:
            return None
        missing -= printed
        taken += line
    return taken


def _are_columns(chars: Sequence[Char], cells: Sequence[str]) -> bool:
    """Whether characters, from left to right, are those of cells one after the other, in any order within a cell."""
    rest = sorted(chars, key=lambda char: (char.box_pt[0] + char.box_pt[2]) / 2)
    for cell in cells:
        missing = Counter(cell)
        while missing:
            printed = Counter(rest.pop(0).text) if rest else Counter()
            if not printed or printed - missing:
                return False
            missing -= printed
    return not rest


def _middle(char: Char) -> float:
    return (char.box_pt[1] + char.box_pt[3]) / 2


def _side_by_side(boxes: Sequence[BoxPt]) -> bool:
    """From left to right or from right to left, without overlap."""
    ahead = all(one[2] <= two[0] + 1 for one, two in itertools.pairwise(boxes))
    return ahead or all(two[2] <= one[0] + 1 for one, two in itertools.pairwise(boxes))


def _order_fault(boxes: Sequence[Sequence[float]]) -> str:
    """A box wholly above and not right of the one before it breaks the reading order, or, on pages read from the right, not left of it."""
    left_to_right = [f"box {two} comes after {one}" for one, two in itertools.pairwise(boxes) if two[3] <= one[1] and two[0] < one[2]]
    right_to_left = [f"box {two} comes after {one}" for one, two in itertools.pairwise(boxes) if two[3] <= one[1] and two[2] > one[0]]
    return left_to_right[0] if left_to_right and right_to_left else ""
