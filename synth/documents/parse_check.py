"""Checks a parsed page against the stored PDF, read with PDFium: every text where its box says, tables cell by cell, nothing left out.

This is the verifier's side of `documents.parse`; it shares no code with what read or laid out the page. Text is compared without white space and hyphens,
because lines end elsewhere; every other character counts. Points have their origin at the top left of the page.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from schemas.elements import PICTURE_KINDS, Element
from schemas.geometry import Box1000, BoxPt
from synth.documents.real_reading import fold

MIN_COVERED = 0.98
"""Least share of a page's characters that the answer must account for."""

ROUNDING = 0.6
"""Half a thousandth of the page side is the error of an integer box; a little more, for pixels that do not divide the page evenly (thousandths)."""

UNORDERED_SCRIPTS = ((0x0590, 0x08FF), (0x0900, 0x0DFF), (0xFB1D, 0xFEFC))
"""Code points of right-to-left and Indic text, whose order in a text layer differs between readers: there the characters are compared, not their order."""


BULLETS = "•●○▪▫■□◆◇▸►‣∙·*–—"
"""Marks before list items, which notations replace by their own; not counted as text of the page."""

_MARKS = BULLETS + "0123456789.()abcdefghij٠١٢٣٤٥٦٧٨٩०१२३४५६७८९．、"
MAX_MARK = 4  # characters of a list item's number with its point


@dataclass(frozen=True, slots=True)
class Char:
    """One visible character and its box."""

    text: str
    box_pt: BoxPt


@dataclass(frozen=True)
class PageChars:
    """The characters of one page in PDFium's order."""

    chars: tuple[Char, ...]
    width_pt: float
    height_pt: float

    def to_pt(self, box: Box1000) -> BoxPt:
        """A box in thousandths as points, grown by the rounding error."""
        x0, y0, x1, y1 = box
        return (
            (x0 - ROUNDING) * self.width_pt / 1000,
            (y0 - ROUNDING) * self.height_pt / 1000,
            (x1 + ROUNDING) * self.width_pt / 1000,
            (y1 + ROUNDING) * self.height_pt / 1000,
        )

    def inside(self, box_pt: BoxPt) -> list[int]:
        """Numbers of the characters whose centre lies in the box."""
        x0, y0, x1, y1 = box_pt
        return [n for n, c in enumerate(self.chars) if x0 <= (c.box_pt[0] + c.box_pt[2]) / 2 <= x1 and y0 <= (c.box_pt[1] + c.box_pt[3]) / 2 <= y1]


def bare(text: str) -> str:
    """Text without white space, hyphens and invisible characters."""
    return "".join(char for char in fold(text) if char.isprintable() and not char.isspace() and char not in "-\u2011\u00ad")


def read_chars(data: bytes) -> tuple[PageChars, ...]:
    """The visible characters of every page."""
    document = pdfium.PdfDocument(data)
    try:
        return tuple(_page_chars(document[number]) for number in range(len(document)))
    finally:
        document.close()


def _page_chars(page: pdfium.PdfPage) -> PageChars:
    left, bottom, right, top = page.get_cropbox()
    textpage = page.get_textpage()
    chars = []
    for number in range(textpage.count_chars()):
        code = pdfium_c.FPDFText_GetUnicode(textpage.raw, number)
        text = bare(chr(code)) if code and not 0xD800 <= code <= 0xDFFF else ""
        if text:
            x0, y0, x1, y1 = textpage.get_charbox(number, loose=True)
            chars.append(Char(text, (x0 - left, top - y1, x1 - left, top - y0)))
    return PageChars(tuple(chars), right - left, top - bottom)


def page_fault(elements: Sequence[Element], page: PageChars) -> str:
    """What is wrong with the elements of a page, or nothing."""
    covered: set[int] = set()
    free = _Stream(page)
    for element in elements:
        for text, box in _texts(element):
            fault = _text_fault(text, box, page, free, covered, MAX_MARK if element.kind == "list" else 0)
            if fault:
                return f"{element.kind}: {fault}"
        if element.table and (fault := _table_fault(element, page, covered)):
            return f"table: {fault}"
        if element.kind in PICTURE_KINDS and element.box_1000:
            covered.update(page.inside(page.to_pt(element.box_1000)))
    counted = {number for number, char in enumerate(page.chars) if char.text not in BULLETS}
    share = len(covered & counted) / len(counted) if counted else 1.0
    if share < MIN_COVERED:
        missing = "".join(page.chars[number].text for number in sorted(counted - covered))
        return f"only {share:.3f} of the page's characters are accounted for; missing {missing[:40]!r}"
    return _order_fault(elements)


def _texts(element: Element) -> Iterator[tuple[str, Box1000 | None]]:
    """The texts of an element with the box each must stand in. A caption inside a picture element is not looked for."""
    if element.kind == "list":
        yield from ((item.text, item.box_1000) for item in element.items)
    elif element.text and element.kind not in PICTURE_KINDS:
        yield element.text, element.box_1000


def _text_fault(text: str, box: Box1000 | None, page: PageChars, free: "_Stream", covered: set[int], mark: int) -> str:
    wanted = bare(text)
    if box is None:
        found = free.take(wanted, mark)
        covered.update(found)
        return "" if found else f"{text[:40]!r} is not on the page"
    inside = page.inside(page.to_pt(box))
    got = "".join(page.chars[n].text for n in inside)
    covered.update(inside)
    if same_text(wanted, got) or (mark and same_text(wanted, _without_marker(got, wanted))):
        return ""
    return f"the box holds {got[:60]!r}, the answer {wanted[:60]!r}"


def same_text(one: str, two: str) -> bool:
    """Equal, or the same characters where the script's order differs between readers."""
    if one == two:
        return True
    return _unordered(one) and Counter(one) == Counter(two)


def _unordered(text: str) -> bool:
    return any(low <= ord(char) <= high for char in text for low, high in UNORDERED_SCRIPTS)


def _without_marker(got: str, wanted: str) -> str:
    """What stands in a list item's box without up to four characters of bullet or number before the text."""
    start = got.find(wanted[:8])
    return got[start:] if 0 < start <= MAX_MARK else got


class _Stream:
    """The page's text in which pieces are looked up and used up, for notations without text boxes."""

    def __init__(self, page: PageChars) -> None:
        self.text = "".join(char.text for char in page.chars)
        self.owner = [number for number, char in enumerate(page.chars) for _ in char.text]

    def take(self, wanted: str, mark: int) -> set[int]:
        """Numbers of the characters of the first unused occurrence; those spoilt by script order count as found if all are there."""
        start = self.text.find(wanted) if wanted else -1
        if start >= 0:
            end = start + len(wanted)
            while mark and start and self.text[start - 1] in _MARKS:  # the item's own number
                start, mark = start - 1, mark - 1
            self.text = self.text[:start] + "\0" * (end - start) + self.text[end:]
            return set(self.owner[start:end])
        if not _unordered(wanted) or Counter(wanted) - Counter(self.text):
            return set()
        found = set()
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
        surplus, lacking = Counter(got) - Counter("".join(cells)), Counter("".join(cells)) - Counter(got)
        return f"cells and print differ: {''.join(surplus.elements())[:20]!r} only printed, {''.join(lacking.elements())[:20]!r} only in the answer"
    return _grid_fault(element, [page.chars[n] for n in inside])


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
                boxes.append(_around([chars[owner[n]].box_pt for n in range(found, at)]))
        said = " | ".join(cell.text for cell in row)[:60]
        if len(boxes) < sum(bool(bare(cell.text)) for cell in row) and not _unordered(stream):
            return f"the row {said!r} is not printed in this order"
        if not _side_by_side(boxes):
            return f"the cells of the row {said!r} do not stand side by side"
        middle = sum((box[1] + box[3]) / 2 for box in boxes) / len(boxes) if boxes else above + 1
        if middle <= above:
            return f"the row {said!r} stands above the row before it"
        above = middle
    return ""


def _side_by_side(boxes: Sequence[BoxPt]) -> bool:
    """From left to right or from right to left, without overlap."""
    ahead = all(one[2] <= two[0] + 1 for one, two in zip(boxes, boxes[1:], strict=False))
    return ahead or all(two[2] <= one[0] + 1 for one, two in zip(boxes, boxes[1:], strict=False))


def _around(boxes: Sequence[BoxPt]) -> BoxPt:
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def _order_fault(elements: Sequence[Element]) -> str:
    """An element wholly above and not right of the one before it breaks the reading order; heads, feet and footnotes are apart."""
    boxes = [e.box_1000 for e in elements if e.box_1000 and e.kind not in ("header", "footer", "footnote")]
    left_to_right = [f"box {two} comes after {one}" for one, two in zip(boxes, boxes[1:], strict=False) if two[3] <= one[1] and two[0] < one[2]]
    right_to_left = [f"box {two} comes after {one}" for one, two in zip(boxes, boxes[1:], strict=False) if two[3] <= one[1] and two[2] > one[0]]
    return left_to_right[0] if left_to_right and right_to_left else ""
