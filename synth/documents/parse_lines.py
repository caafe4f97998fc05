"""Checks of what white space says on a parsed page, against PDFium's characters: the rest of the verifier's side of `documents.parse`.

Tokens that a line end broke stand in one piece; code has the page's lines and indents, and what is set as code is in code elements; two
running heads on one line are two elements; pictures are told. Comparison of the texts themselves is `parse_check`'s.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence

from schemas.elements import PICTURE_KINDS, Element
from schemas.geometry import BoxPt
from synth.documents.parse_chars import Char, PageChars, bare, is_right_to_left

MAX_GAP_EM = 3.0
"""Widest gap within a line of an element that is not code (chosen: justified lines stay below two ems)."""

MIN_CODE_CHARS = 2
"""Shortest line that counts as code by its font."""

MIN_PICTURE_PT = 12.0
"""Pictures of a page must be in the answer from this size on."""


def whole_fault(elements: Sequence[Element], page: PageChars) -> str:
    """A token that goes on over a line end must stand in the answer in one piece."""
    texts = [element.text for element in elements]
    texts += [item.text for element in elements for item in element.items]
    texts += [cell.text for element in elements for row in element.table for cell in row]
    said = [bare_words(text) for text in texts]
    printed = [bare_words(line) for line in page.lines]
    for token, broken in Counter(map(bare_words, page.whole)).items():
        if sum(text.count(token) for text in said) < broken + sum(line.count(token) for line in printed):
            return f"{token!r} is broken by a line end of the page, but does not stand in one piece"
    return ""


def bare_words(text: str) -> str:
    """Bare words with one space between them."""
    return " ".join(bare(word) for word in text.split())


def lines_of(chars: Iterable[Char]) -> list[list[Char]]:
    """Characters by printed line, top to bottom, each from left to right: those whose baselines are close to the line's."""
    lines: list[list[Char]] = []
    for char in sorted(chars, key=lambda char: char.baseline_pt):
        if lines and char.baseline_pt - lines[-1][-1].baseline_pt < 0.4 * char.size_pt:
            lines[-1].append(char)
        else:
            lines.append([char])
    return [sorted(line, key=lambda char: char.box_pt[0]) for line in lines]


def code_fault(text: str, page: PageChars, numbers: Sequence[int]) -> str:
    """Whether code has other lines or indents than the page."""
    printed = lines_of(page.chars[n] for n in numbers)
    written = [line for line in text.split("\n") if line.strip()]
    if len(printed) != len(written):
        return f"{len(printed)} lines are printed, {len(written)} are in the answer ({text[:40]!r})"
    steps = [two.left_pt - one.left_pt for line in printed for one, two in itertools.pairwise(line)]
    step = min((step for step in steps if step > 1.0), default=0.0)
    left = min(line[0].left_pt for line in printed)
    for line, said in zip(printed, written, strict=True):
        if "".join(char.text for char in line) != bare(said):
            return f"the line {said!r} is printed as {''.join(char.text for char in line)!r}"
        indent = round((line[0].left_pt - left) / step) if step else 0
        if indent != len(said) - len(said.lstrip(" ")):
            return f"the line {said!r} is indented by {indent} on the page"
        for (one, two), (first, second) in zip(itertools.pairwise(line), itertools.pairwise(_columns(said)), strict=False):
            if step and abs((two.left_pt - one.left_pt) / step - (second - first)) > 0.5:
                return f"the columns of {said!r} are others on the page"
    return ""


def _columns(line: str) -> list[int]:
    return [column for column, char in enumerate(line) if bare(char)]


def lines_fault(placed: Sequence[tuple[Element, set[int]]], elements: Sequence[Element], page: PageChars) -> str:
    """Whether lines of code are in other elements, one element holds two running heads, or a picture is missing."""
    for element, numbers in placed:
        if element.kind == "code":
            continue
        for line in lines_of(page.chars[n] for n in numbers):
            text = "".join(char.text for char in line)
            alone = not any(_on_line(line, char) for n, char in enumerate(page.chars) if n not in numbers)
            if alone and len(line) >= MIN_CODE_CHARS and all(char.mono for char in line):
                return f"{element.kind}: the line {text[:40]!r} is set as code"
            for one, two in itertools.pairwise(line):
                if element.kind != "list" and not is_right_to_left(text) and two.box_pt[0] - one.box_pt[2] > MAX_GAP_EM * one.size_pt:
                    return f"{element.kind}: {text[:40]!r} is two texts on one line"
    told = [page.to_pt(element.box_1000) for element in elements if element.kind in PICTURE_KINDS and element.box_1000]
    for image in page.images_pt:
        size = image[2] - image[0], image[3] - image[1]
        shown = image[0] < page.width_pt and image[1] < page.height_pt and image[2] > 0 and image[3] > 0
        if shown and MIN_PICTURE_PT <= min(size) and not any(_covers(box, image) for box in told):
            return f"no picture is told of the one at {tuple(round(side) for side in image)}"
    return ""


def _on_line(line: Sequence[Char], char: Char) -> bool:
    return abs(line[0].baseline_pt - char.baseline_pt) < 0.4 * line[0].size_pt


def _covers(box: BoxPt, image: BoxPt) -> bool:
    x, y = (image[0] + image[2]) / 2, (image[1] + image[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
