"""Whether evidence boxes hold what the program read: the words in a box, or the end of a measured mark.

Words come from the text layer of the stored PDF and are moved to the pixels of the page image as its matrix says.
"""

import unicodedata
from collections.abc import Sequence
from itertools import accumulate, groupby

from schemas.sample import BoxPx, Evidence, Proof
from synth.documents.measure import Picture
from synth.documents.proof_leaves import Artefact, Seen
from synth.documents.proof_values import folded
from synth.documents.reading import ReadPage, Word

MARK_SLACK_PT = 3.0
"""A mark's end lies within this of the end, or of the middle, of its box (chosen: a marker is 5 pt high, its measured middle within 1)."""

MAX_EXTRA = 24
"""Characters that a box may hold beside what was read: a label, a section's number, a bullet (chosen)."""

NARROW_EM, GUESS_EM = 0.55, 1.2
"""Width of letters and digits beside those of one em, and how far places of characters guessed from it may be wrong (chosen)."""

LEADERS = ".·․…‥・"


def evidence_fault(proof: Proof, artefact: Artefact, seen: Sequence[Seen]) -> str:
    """What is wrong with the boxes of an answer whose program has read `seen`, empty when nothing is.

    The boxes of one piece of evidence, as broken over lines, are taken together. They hold what was read when their words are it, with a
    label or a number at most.
    """
    for (image, _), items in groupby(proof.evidence, key=lambda item: (item.image, item.note)):
        boxes = list(items)
        if image is None or any(item.box_px is None for item in boxes):
            return "no_box: evidence without an image and a box"
        picture = artefact.pictures[image]
        here = [item for item in seen if (item.document, item.page) == (picture.document, picture.page)]
        page = artefact.documents[picture.document].pages[picture.page]
        if not _holds(boxes, picture, page, here):
            words = " ".join(_text_in(item.box_px, picture, page) for item in boxes)
            return f"wrong_box: the box on page {picture.page + 1} holds {words[:60]!r}, which the program did not read there"
    return ""


def _holds(boxes: Sequence[Evidence], picture: Picture, page: ReadPage, seen: Sequence[Seen]) -> bool:
    text = folded("".join(_text_in(item.box_px, picture, page) for item in boxes)).translate(_NO_LEADERS)
    if any(_is(text, folded(item.text).translate(_NO_LEADERS)) for item in seen if item.text.strip()):
        return True
    return len(boxes) == 1 and any(_ends_at(boxes[0].box_px, picture, item.at_pt) for item in seen if item.at_pt)


_NO_LEADERS = str.maketrans("", "", LEADERS)


def _is(text: str, read: str) -> bool:
    """Whether the words of a box are what was read, with few others around."""
    return read in text and len(text) <= len(read) + MAX_EXTRA


def _text_in(box: BoxPx | None, picture: Picture, page: ReadPage) -> str:
    """What is printed in a box: words whose middle lies in it, and of words without spaces, as Han and kana are, the characters."""
    if box is None:
        return ""
    return " ".join(text for word in page.words if (text := _part_in(box, picture, word)))


def _part_in(box: BoxPx, picture: Picture, word: Word) -> str:
    x, y = picture.to_px(word.middle_pt)
    if not box[1] <= y <= box[3]:
        return ""
    if word.text.isascii() or not any(map(_is_wide, word.text)):
        return word.text if box[0] <= x <= box[2] else ""
    middle = (word.box_pt[1] + word.box_pt[3]) / 2
    (left, _), (right, _) = picture.to_px((word.box_pt[0], middle)), picture.to_px((word.box_pt[2], middle))
    if max(left, box[0]) >= min(right, box[2]):
        return ""
    widths = [1.0 if _is_wide(char) else NARROW_EM for char in word.text]
    unit, slack = (right - left) / sum(widths), GUESS_EM * word.size_pt * picture.dpi / 72
    ends = list(accumulate(widths))
    centres = [left + (end - width / 2) * unit for end, width in zip(ends, widths, strict=True)]
    return "".join(char for char, x in zip(word.text, centres, strict=True) if box[0] - slack <= x <= box[2] + slack)


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def _ends_at(box: BoxPx | None, picture: Picture, at_pt: tuple[float, float] | None) -> bool:
    """Whether a mark that ends at a point has this box: the point is near one of its sides, or near its middle."""
    if box is None or at_pt is None:
        return False
    x, y = picture.to_px(at_pt)
    slack = MARK_SLACK_PT * picture.dpi / 72
    near_x = min(abs(x - side) for side in (box[0], box[2], (box[0] + box[2]) / 2)) <= slack
    near_y = min(abs(y - side) for side in (box[1], box[3], (box[1] + box[3]) / 2)) <= slack
    return near_y if box[0] - slack <= x <= box[2] + slack and near_y else near_x and box[1] - slack <= y <= box[3] + slack
