"""Draws the HTML of an answer and says what is wrong with how it looks; `DataError` with one of `REASONS` where it cannot be used."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.errors import DataError
from schemas.page_likeness import Block
from schemas.sample import BoxPx
from synth.browser.page import Document, Drawn, draw_page
from synth.browser.snapshot import Element, Snapshot, Text
from synth.browser.typefaces import drawable
from synth.code.web_color import rgba_of

REASONS = (
    "too_large",
    "too_many_nodes",
    "page_crashes",
    "page_time",
    "too_tall",
    "too_wide",
    "blank_picture",
    "text_cut_off",
    "text_overlaps",
    "no_glyph",
    "not_self_contained",
    "unread_color",
)
"""Why a page cannot be used."""
FENCE = re.compile(r"```(?:html)?[ \t]*\n(.*?)```", re.DOTALL)
MAX_HEIGHT = 4_000
"""Pixels; taller pages are not shown whole (chosen: five screens)."""
LEAST_INK = 0.01
"""Share of pixels unlike the most frequent one below which a page is blank (chosen: a heading alone is about this)."""
SLACK_PX = 1.5
"""By which boxes, which are not whole pixels, may leave each other."""
OVERLAP_PX = 3.0
"""Lines of text that cover each other by more in both directions overlap."""
OVERLAP_SHARE = 0.2
"""Of the height of a line box, above and below, that letters seldom fill (measured on scripts with the highest boxes)."""
SLIVER_PX = 3.0
"""Of text that is cut off, so little may be seen of what is hidden on purpose: closed menus, texts for screen readers."""
INLINE = ("inline", "contents")


@dataclass(frozen=True, slots=True)
class Line:
    """Text that stands together in one block, as it is drawn.

    Attributes:
        element: Number of the element that is the block.
        text: With single spaces.
        boxes: One a line, or part of a line.
        color, ground: #rrggbb of the text, and of what is behind it.
        size_px: Of the type.
    """

    element: int
    text: str
    boxes: tuple[BoxPx, ...]
    color: str
    ground: str
    size_px: float

    @property
    def box_px(self) -> BoxPx:
        """The box around all its lines."""
        x0, y0, x1, y1 = zip(*self.boxes, strict=True)
        return (min(x0), min(y0), max(x1), max(y1))


def html_in(answer: str) -> str:
    """The last fenced block of an answer; the whole answer if it has none."""
    blocks = FENCE.findall(answer)
    return str(blocks[-1]) if blocks else answer


def fenced(html: str) -> str:
    """HTML as an answer gives it."""
    return f"```html\n{html.rstrip()}\n```"


def draw_whole(page: str | Document, width_px: int, height_px: int) -> Drawn:
    """The page at a window's width, at least as high as the window and as high as it needs; DataError `too_tall`, `too_wide`."""
    page = Document(page) if isinstance(page, str) else page
    first = draw_page(page, width_px, height_px, picture=False)
    height = max(height_px, int(np.ceil(first.snapshot.height_px)))
    if height > MAX_HEIGHT:
        raise DataError("too_tall", f"the page is {height} pixels high, more than {MAX_HEIGHT}")
    if first.snapshot.width_px > width_px + SLACK_PX:
        raise DataError("too_wide", f"the page is {first.snapshot.width_px:.0f} pixels wide in a window of {width_px}")
    return draw_page(page, width_px, height)


def check_drawn(drawn: Drawn) -> None:
    """DataError if the page is blank or its text is cut off, covered, or without glyphs."""
    flat = drawn.pixels.reshape(-1, 3).astype(np.uint32) @ np.array([1, 256, 65_536], np.uint32)
    counts = np.unique(flat, return_counts=True)[1]
    if 1 - counts.max() / counts.sum() < LEAST_INK:
        raise DataError("blank_picture", f"{counts.max() / counts.sum():.2%} of the page have one colour")
    snapshot, found = drawn.snapshot, lines_of(drawn.snapshot)
    height, width = drawn.pixels.shape[:2]
    for line in found:
        if missing := sorted({char for char in line.text if ord(char) not in drawable() and ord(char) >= 32}):
            raise DataError("no_glyph", f"no font has {missing[:5]}")
        for box in line.boxes:
            for room in _rooms(snapshot, line.element, (0.0, 0.0, float(width), float(height))):
                if not _inside(box, room):
                    raise DataError("text_cut_off", f"{line.text[:40]!r} leaves {tuple(round(v) for v in room)}")
    _check_overlap(found)


def _rooms(snapshot: Snapshot, number: int, page: BoxPx) -> list[BoxPx]:
    """Boxes that text in an element must lie in: the page, the element if it is no inline one, and all around it that cuts off."""
    around = snapshot.around(number)
    cutting = [one for one in around if one.box_px and one.style.get("overflow-x", "visible") != "visible"]
    own = [around[0]] if around[0].box_px else []
    return [page, *(one.box_px for one in (*cutting, *own) if one.box_px)]


def _inside(box: BoxPx, room: BoxPx) -> bool:
    # Line boxes may be higher than the element by the leading; across, text must stay in.
    return (
        box[0] >= room[0] - SLACK_PX
        and box[2] <= room[2] + SLACK_PX
        and (box[1] + box[3]) / 2 >= room[1]
        and (box[1] + box[3]) / 2 <= room[3]
    )


def _check_overlap(found: list[Line]) -> None:
    boxes = np.array([box for line in found for box in line.boxes], np.float64).reshape(-1, 4)
    owners = np.array([place for place, line in enumerate(found) for _ in line.boxes])
    boxes[:, 1::2] += (boxes[:, 3:] - boxes[:, 1:2]) * (OVERLAP_SHARE, -OVERLAP_SHARE)  # line boxes are higher than ink
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    over = ((high - low) > OVERLAP_PX).all(axis=2) & (owners[:, None] < owners[None, :])
    if over.any():
        a, b = (int(place[0]) for place in np.nonzero(over))
        raise DataError("text_overlaps", f"{found[owners[a]].text[:30]!r} and {found[owners[b]].text[:30]!r} lie on one another")


def lines_of(snapshot: Snapshot) -> list[Line]:
    """All visible text, block by block in document order; what fields hold or hint at is text in them."""
    grouped: dict[int, list[tuple[str, tuple[BoxPx, ...], Element]]] = {}
    for text in snapshot.texts:
        element = snapshot.elements[text.element]
        if not text.lines or _unseen(snapshot, text):
            continue
        block = next(one for one in snapshot.around(text.element) if one.style.get("display") not in INLINE)
        grouped.setdefault(block.number, []).append((text.text, tuple(box for box, _ in text.lines), element))
    for element in snapshot.elements:
        shown = element.value or element.attributes.get("placeholder", "")
        if element.tag == "input" and element.box_px and shown and element.attributes.get("type") not in ("checkbox", "radio", "hidden"):
            grouped.setdefault(element.number, []).append((shown, (element.box_px,), element))
    found = []
    for number in sorted(grouped):
        parts = grouped[number]
        whole = " ".join("".join(part for part, _, _ in parts).split())
        if not whole:
            continue
        element = parts[0][2]
        style = element.style
        found.append(
            Line(
                number,
                whole,
                tuple(box for _, boxes, _ in parts for box in boxes),
                ink_of(snapshot, element.number),
                ground_of(snapshot, element.number),
                float(style.get("font-size", "0px").removesuffix("px")),
            )
        )
    return found


def _unseen(snapshot: Snapshot, text: Text) -> bool:
    """Whether a text is hidden on purpose: by its style, left of or above the page, or cut off but for a sliver."""
    around = snapshot.around(text.element)
    if around[0].style.get("visibility") == "hidden" or any(one.style.get("opacity") == "0" for one in around):
        return True
    if all(x1 <= 0 or y1 <= 0 for (_, _, x1, y1), _ in text.lines):
        return True
    cutting = [one.box_px for one in around if one.box_px and one.style.get("overflow-x", "visible") != "visible"]
    return any(all(_share(box, room) <= SLIVER_PX for box, _ in text.lines) for room in cutting)


def _share(box: BoxPx, room: BoxPx) -> float:
    """The shorter side of what two boxes have in common."""
    return min(min(box[2], room[2]) - max(box[0], room[0]), min(box[3], room[3]) - max(box[1], room[1]))


def ground_of(snapshot: Snapshot, number: int) -> str:
    """The colour behind an element, #rrggbb: that of the page's white with all around it laid on, as far as they let it through."""
    return _painted(snapshot, number)[1]


def ink_of(snapshot: Snapshot, number: int) -> str:
    """The colour in which an element's text is seen, #rrggbb: laid on its ground as far as it, or what it is in, covers that."""
    return _painted(snapshot, number)[0]


def _painted(snapshot: Snapshot, number: int) -> tuple[str, str]:
    """Colours of text and ground; "over" of Porter and Duff 1984, opacity for each element and what is in it together (CSS Color 4, 12)."""
    around = snapshot.around(number)[::-1]
    below: list[tuple[float, ...]] = []
    ground: tuple[float, ...] = (255.0, 255.0, 255.0)
    for one in around:
        below.append(ground)
        ground = _over(one.style.get("background-color", ""), ground)
    ink = _over(around[-1].style.get("color", "rgb(0, 0, 0)"), ground)
    for one, behind in zip(reversed(around), reversed(below), strict=True):
        seen = float(one.style.get("opacity", "1"))
        ink, ground = (tuple(seen * a + (1 - seen) * b for a, b in zip(top, behind, strict=True)) for top in (ink, ground))
    return _hex(ink), _hex(ground)


def _over(color: str, behind: tuple[float, ...]) -> tuple[float, ...]:
    if not color:  # of what is not laid out
        return behind
    parts, share = rgba_of(color)
    return tuple(share * part + (1 - share) * under for part, under in zip(parts, behind, strict=True))


def _hex(color: tuple[float, ...]) -> str:
    return "#" + "".join(f"{round(part):02x}" for part in color)


def blocks_of(snapshot: Snapshot, width_px: float, height_px: float) -> list[Block]:
    """Blocks as `schemas.page_likeness` compares them."""
    found = []
    for line in lines_of(snapshot):
        x0, y0, x1, y1 = line.box_px
        found.append(Block(line.text, (x0 / width_px, y0 / height_px, x1 / width_px, y1 / height_px), line.color))
    return found


PIXEL_STEP = 12
"""Difference of a channel, of 255, that an eye sees side by side (chosen)."""


def changed_pixels(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    """How many pixels differ visibly; all if the sizes do."""
    if one.shape != other.shape:
        return int(max(one.shape[0] * one.shape[1], other.shape[0] * other.shape[1]))
    return int((np.abs(one.astype(np.int16) - other.astype(np.int16)).max(axis=2) >= PIXEL_STEP).sum())
