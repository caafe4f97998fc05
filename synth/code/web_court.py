"""One sample of a web page under examination: its stored picture, and its stored page drawn again."""

import io
from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from pydantic import BaseModel, ConfigDict, Field

from schemas.errors import DataError
from schemas.sample import Stored
from synth.browser.chromium import chromium_version
from synth.browser.page import MAX_AREA_PX, Drawn
from synth.browser.snapshot import Element, Snapshot
from synth.code.web_run import PIXEL_STEP, Line, check_drawn, draw_whole, lines_of
from synth.code.web_self_contained import check_self_contained

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
        """Whether pixels of a text's colour lie in its boxes."""
        ink = np.array([int(line.color[at : at + 2], 16) for at in (1, 3, 5)], np.int16)
        ground = np.array([int(line.ground[at : at + 2], 16) for at in (1, 3, 5)], np.int16)
        reach = max(int(np.abs(ink - ground).max()) // 3, PIXEL_STEP)
        for x0, y0, x1, y1 in line.boxes:
            part = self.picture[max(0, int(y0)) : int(y1) + 1, max(0, int(x0)) : int(x1) + 1].astype(np.int16)
            # of one colour there is no text, whatever colour it should have
            if part.size and (np.abs(part - ink).max(axis=2) <= reach).any() and np.ptp(part, axis=(0, 1)).max() >= LEAST_STEP:
                return True
        # what a field hints at is paler than its text
        return self.shown.snapshot.elements[line.element].tag == "input"


def text_in(snapshot: Snapshot, element: Element) -> str:
    """All text of an element as it is drawn, with single spaces."""
    return " ".join("".join(text.text for text in snapshot.texts if element in snapshot.around(text.element)).split())
