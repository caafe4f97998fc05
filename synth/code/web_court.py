"""One sample of a web page under examination: its stored picture, and its stored page drawn again."""

import io
import math
import re
from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from pydantic import BaseModel, ConfigDict, Field

from schemas.errors import DataError
from schemas.sample import BoxPx, Stored
from synth.browser.chromium import chromium_version
from synth.browser.page import MAX_AREA_PX, Drawn
from synth.browser.snapshot import Element, Snapshot
from synth.code.web_run import Line, check_drawn, draw_whole, lines_of
from synth.code.web_self_contained import check_self_contained

PIXEL_STEP = 12
"""Difference of a channel, of 255, that an eye sees side by side (chosen)."""
NO_LETTERS = "<style>*, ::before, ::after { -webkit-text-fill-color: transparent !important }</style>"
"""Letters are painted with this colour alone, which moves nothing and colours nothing else (Compatibility Standard, 3.11)."""
_START = re.compile(r"<head\b[^>]*>|(?=<(?:meta|title|link|style|body)\b)", re.IGNORECASE)
LEAST_STEP = 4
"""Difference of a channel, of 255, between a text and its ground below which there is none (chosen)."""


class _Spec(BaseModel):
    """What is stored about a page (`page.json`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    browser: str
    direction: str
    texts: list[str]
    window: tuple[Annotated[int, Field(ge=1, le=4_000)], Annotated[int, Field(ge=1, le=4_000)]]


def _picture(data: bytes) -> NDArray[np.uint8]:
    """A PNG's pixels, (height, width, 3); ValueError if it is larger than a page may be."""
    with PillowImage.open(io.BytesIO(data), formats=("PNG",)) as picture:
        if picture.width * picture.height > MAX_AREA_PX:
            raise ValueError(f"the picture is {picture.width} x {picture.height} pixels")
        return np.asarray(picture.convert("RGB"))


class Court:
    """One sample under examination."""

    def __init__(self, stored: Stored) -> None:
        """Read all stored parts; DataError `unreadable_sample` if one is missing or not what it should be."""
        try:
            self.source = stored.attachment("page.html").data.decode()
            self.spec = _Spec.model_validate_json(stored.attachment("page.json").data, strict=True)
            self.picture = _picture(stored.images[0].data)
        except (KeyError, IndexError, ValueError, OSError, SyntaxError, PillowImage.DecompressionBombError) as error:
            raise DataError("unreadable_sample", str(error)[:200]) from error

    def draw(self, html: str) -> Drawn:
        """A page as an answer gives it, in the window of the sample; DataError if it cannot be used."""
        check_self_contained(html)
        drawn = draw_whole(html, *self.spec.window)
        check_drawn(drawn)
        return drawn

    @cached_property
    def shown(self) -> Drawn:
        """The stored page, drawn again."""
        return self.draw(self.source)

    def same_picture(self, drawn: Drawn) -> bool:
        """Whether a page looks like the stored picture, to the pixel."""
        return np.array_equal(drawn.pixels, self.picture)

    def fault(self) -> str:
        """What is wrong with the sample itself; empty if nothing is.

        What is drawn in another build of the browser is not proved: no likeness tells it from
        one with a digit painted over.
        """
        if self.spec.browser != chromium_version():
            return "other_browser"
        if not self.same_picture(self.shown):
            return "draws_another_picture"
        lines = lines_of(self.shown.snapshot)
        if sorted(line.text for line in lines) != sorted(self.spec.texts):
            return "other_texts"
        root = self.shown.snapshot.elements[0]
        if root.style.get("direction") != self.spec.direction:
            return "other_direction"
        unseen = [line.text for line in lines if line.element and not self.inked(line)]
        return "text_unseen" if unseen else ""

    def inked(self, line: Line) -> bool:
        """Whether a text can be seen in its boxes.

        Where rows of pixels have its colour and another one; one alone is a ground that has the colour of the letters, or what covers
        them. Over a picture or a gradient, whose colours no style tells, the page must also look otherwise without its letters.
        """
        snapshot = self.shown.snapshot
        if snapshot.elements[line.element].tag == "input":  # what a field hints at is paler than its text
            return True
        ink = np.array([int(line.color[at : at + 2], 16) for at in (1, 3, 5)], np.int16)
        ground = np.array([int(line.ground[at : at + 2], 16) for at in (1, 3, 5)], np.int16)
        reach = max(int(np.abs(ink - ground).max()) // 3, PIXEL_STEP)
        on_picture = any(one.style.get("background-image", "none") != "none" for one in snapshot.around(line.element))
        for box in line.boxes:
            room = _within(box)
            part = self.picture[room].astype(np.int16)
            if not part.size:
                continue
            of_ink = (np.abs(part - ink).max(axis=2) <= reach).any(axis=1)
            of_two = np.ptp(part, axis=1).max(axis=1) >= LEAST_STEP
            if (of_ink & of_two).any() and (not on_picture or differing(self.picture[room], self.wordless[room])):
                return True
        return False

    @cached_property
    def wordless(self) -> NDArray[np.uint8]:
        """The stored page drawn without its letters; DataError `draws_another_picture` if that has another size."""
        page = _START.sub(lambda found: found[0] + NO_LETTERS, self.source, count=1)
        pixels = draw_whole(page, *self.spec.window).pixels
        if pixels.shape != self.picture.shape:
            raise DataError("draws_another_picture", "without its letters the page has another size")
        return pixels


def _within(box: BoxPx) -> tuple[slice, slice]:
    """Rows and columns of the pixels that lie in a box whole: those on its edge may show what is outside."""
    x0, y0, x1, y1 = box
    return slice(max(0, math.ceil(y0)), max(0, math.floor(y1))), slice(max(0, math.ceil(x0)), max(0, math.floor(x1)))


def differing(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    """How many pixels differ by `PIXEL_STEP` in a channel; all of the larger picture if the sizes differ."""
    if one.shape != other.shape:
        return max(one.size, other.size) // 3
    return int(np.count_nonzero((np.maximum(one, other) - np.minimum(one, other)).max(axis=2, initial=0) >= PIXEL_STEP))


def text_in(snapshot: Snapshot, element: Element) -> str:
    """All text of an element as it is drawn, with single spaces."""
    return " ".join("".join(text.text for text in snapshot.texts if element in snapshot.around(text.element)).split())
