"""Structure a reader finds in a document's text layer: headings, contents entries, captions, lists, and text between two other texts.

Page numbers returned here are 0-based indices. Texts are compared without white space. Nothing here knows how the document was made.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from synth.documents.reading import Flow, Line, ReadDocument, ReadPage
from synth.documents.reading_tables import best_caption, is_listed, segments
from synth.documents.reading_values import plain_digits

BULLETS = "•◦▪▫■□●○–—-*‣·∙➤►▸※・✓→◆◇"
"""Characters that begin list items."""

MAX_VALUE_CHARS = 240
"""Longest text looked for between two others (chosen: a fact, not a paragraph)."""

MAX_HEADING_LINES = 7
"""A heading in a narrow column may be broken over this many lines (chosen)."""

ITEM_SLACK_PT = 2.0
"""Lines of one pitch are this far from equally spaced, since a line's box depends on its fonts (chosen)."""

MAX_ENTRY_LINES = 3
"""A contents entry may be broken over this many lines (chosen)."""

LEADERS = r"[.·․…‥・\s]*"


@dataclass(frozen=True, slots=True)
class Found:
    """A text and the page it stands on."""

    page: int
    text: str


def fold(text: str) -> str:
    """Text for comparison: no white space, ASCII digits, case folded."""
    return plain_digits(re.sub(r"\s+", "", text)).casefold()


def between(document: ReadDocument, before: str, after: str) -> tuple[Found, ...]:
    """Every text that stands between two others in running text; pages are searched one by one, then over page breaks."""
    head, tail = re.sub(r"\s+", "", before), re.sub(r"\s+", "", after)
    found = [Found(page.index, text) for page in document.pages for _, _, text in _between(page.flow, head, tail)]
    if not found:
        for joint in document.joints():
            if joint.holds(head):
                hits = _between(joint.flow, head, tail)
                found += [Found(joint.page, text) for start, end, text in hits if start < joint.border < end]
    return tuple(found)


def _between(flow: Flow, head: str, tail: str) -> Iterator[tuple[int, int, str]]:
    """(start of head, end of tail, text between) of every place, counted in squeezed characters."""
    for start in flow.find_all(head):
        begin = start + len(head)
        end = flow.squeezed.find(tail, begin, begin + MAX_VALUE_CHARS + len(tail))
        if end >= 0:
            yield start, end + len(tail), flow.original(begin, end)


def pages_containing(document: ReadDocument, text: str) -> tuple[int, ...]:
    """Pages whose text holds `text`, white space aside."""
    wanted = re.sub(r"\s+", "", text)
    return tuple(page.index for page in document.pages if wanted in page.flow.squeezed)


def headings(document: ReadDocument, text: str) -> tuple[Found, ...]:
    """Places where `text` stands alone in a few lines in the largest type it is ever set alone in; running heads are smaller."""
    wanted = fold(text)
    hits: list[tuple[float, Found]] = []
    for page in document.pages:
        if wanted in page.flow.folded:
            hits += [(size, Found(page.index, whole)) for size, whole in _alone(page, wanted)]
    largest = max((size for size, _ in hits), default=0.0)
    return tuple(found for size, found in hits if size > 0.97 * largest)


def _alone(page: ReadPage, wanted: str) -> Iterator[tuple[float, str]]:
    for index, line in enumerate(page.lines):
        whole = ""
        for following in page.lines[index : index + MAX_HEADING_LINES]:
            whole += following.folded
            if whole == wanted:
                yield line.size_pt, line.text
            if not wanted.startswith(whole):
                break


def contents_labels(document: ReadDocument, text: str) -> tuple[Found, ...]:
    """Printed page numbers that contents entries give for a heading or caption: the entry's text, leaders, a number at the end of the
    line.
    """
    wanted = fold(text)
    pattern = re.compile(re.escape(wanted) + LEADERS + r"([0-9]+|[ivxlcdm]+)$")
    found = []
    for page in document.pages:
        lines = [line for line in page.lines if not page.is_furniture(line)]  # a running head ends with a page number too
        if wanted not in "".join(line.folded for line in lines):
            continue
        for index in range(len(lines)):
            whole = ""
            for last in range(index, min(index + MAX_ENTRY_LINES, len(lines))):
                whole += lines[last].folded
                if pattern.match(whole):
                    found.append(Found(page.index, lines[last].text.split()[-1].lstrip(".·․…‥・")))
                    break
                if not wanted.startswith(whole) and not whole.startswith(wanted):
                    break
    return tuple(found)


def captions(document: ReadDocument, prefix: str) -> tuple[tuple[str, Found], ...]:
    """(number, caption) of every label that begins with `prefix` and a number: `Table ` gives those of Table 1, Table 2, … in order of
    pages.

    Running text may begin a line with a label too, so of all lines with one label the one most like a caption counts, the first of several
    alike.
    """
    numbers = dict.fromkeys(number for page in document.pages for number in _caption_numbers(page, fold(prefix)))
    best = {number: best_caption(document, f"{prefix}{number}") for number in numbers}
    found = [(number, Found(hit[0].index, caption_text(*hit))) for number, hit in best.items() if hit]
    return tuple(sorted(found, key=lambda item: item[1].page))


def _caption_numbers(page: ReadPage, prefix: str) -> tuple[str, ...]:
    """The numbers after a folded prefix at the beginning of the page's lines, contents entries left out."""
    key = f"numbers/{prefix}"
    if key not in page.memo:
        lines = [line for line in page.lines if line.folded.startswith(prefix)]
        matches = [(line, re.match(r"[0-9]+(?:[.\-][0-9]+)*", line.folded[len(prefix) :])) for line in lines]
        page.memo[key] = tuple(match[0] for line, match in matches if match and not is_listed(page, line))
    found: tuple[str, ...] = page.memo[key]
    return found


def caption_text(page: ReadPage, line: Line) -> str:
    """A caption with the further lines it is broken over: those set alike, close below, and not in cells as a table's head is."""
    lines = list(page.lines)
    start = next(index for index, item in enumerate(lines) if item is line)
    texts, last = [line.text], line
    for following in lines[start + 1 : start + 4]:
        gap = following.box_pt[1] - last.box_pt[3]
        alike = abs(following.size_pt - line.size_pt) < 0.1 and following.bold == line.bold
        cells = segments(sorted(following.words, key=lambda word: word.box_pt[0]))
        if not alike or gap > 0.4 * line.size_pt or gap < -line.size_pt or len(cells) > 1:
            break
        texts.append(following.text)
        last = following
    return " ".join(texts)


def without_label(text: str, label: str) -> str:
    """A caption without its label and the separator after it."""
    read = 0
    wanted = fold(label)
    while read < len(text) and not fold(text[:read]).startswith(wanted):
        read += 1
    return re.sub(r"^[\s:：.–—-]+", "", text[read:])


def list_items(document: ReadDocument, after: str) -> tuple[tuple[Found, ...], ...]:
    """The bulleted or numbered lists that follow a line ending with `after`; one tuple of items a list."""
    wanted = fold(after)
    lists = []
    for page in document.pages:
        if wanted not in page.flow.folded:
            continue
        for index in range(len(page.lines)):
            if _ends_with(page.lines, index, wanted):
                body = {id(line) for line in page.body}
                rest = [(page.index, line) for line in page.lines[index + 1 :] if id(line) in body]
                if page.index + 1 < len(document.pages):
                    rest += [(page.index + 1, line) for line in document.pages[page.index + 1].body]
                items = tuple(_items(rest, 1.25 * page.line_pitch_pt))
                if items:
                    lists.append(items)
    return tuple(lists)


def _ends_with(lines: Sequence[Line], index: int, wanted: str) -> bool:
    """Whether the text of up to three lines ending with line `index` ends with the wanted text, and no shorter stretch would have
    before.
    """
    whole = ""
    for start in range(index, max(-1, index - 4), -1):
        whole = lines[start].folded + whole
        if whole.endswith(wanted):
            return True
        if len(whole) > len(wanted):
            return False
    return False


def _items(lines: Sequence[tuple[int, Line]], reach_pt: float) -> Iterator[Found]:
    """List items from the lines after an introduction, until the first line that neither begins an item nor continues one.

    A further line of an item has the item's indent and type and is at most `reach_pt` below the line before it, and no further than an
    item is: a paragraph after the list, its first line indented as an item is, stands further off.
    """
    current: list[str] = []
    page, mark_at, indent, top, size = 0, 0.0, 0.0, 0.0, 0.0
    pitch = reach_pt
    for number, line in lines:
        body = _item_body(line)
        moved = not current or number != page or line.box_pt[3] < top  # the next page or column: other margins
        if body is not None and (moved or abs(_start(line) - mark_at) < 4):
            if current:
                yield Found(page, " ".join(current))
                pitch = pitch if moved else min(pitch, line.box_pt[1] - top + ITEM_SLACK_PT)
            current, page = [body], number
            mark_at, indent, size = _start(line), _start(line, 1), line.size_pt
        elif current and not moved and abs(_start(line) - indent) < 2.5 and abs(line.size_pt - size) < 0.2 and line.box_pt[1] - top < pitch:
            current.append(line.text)
        else:
            break
        top = line.box_pt[1]
    if current:
        yield Found(page, " ".join(current))


def _start(line: Line, word: int = 0) -> float:
    """Where a word of a line starts in reading direction: its x, counted leftwards on right-to-left lines."""
    words = [item for item in line.words if not item.mark]
    box = words[min(word, len(words) - 1)].box_pt
    return -box[2] if len(words) > 1 and words[0].box_pt[0] > words[-1].box_pt[0] else box[0]


def _item_body(line: Line) -> str | None:
    """The text of a line after its bullet or number, or None when it has none."""
    words = [word.text for word in line.words if not word.mark]
    if len(words) > 1 and (words[0] in BULLETS or re.fullmatch(r"[0-9]{1,2}[.)]", plain_digits(words[0]))):
        return " ".join(words[1:])
    if words and words[0][0] in "•◦▪■●○‣➤►▸◆◇" and len(words[0]) > 1:
        return " ".join([words[0][1:], *words[1:]])
    return None
