"""Estimates how many pages blocks will fill, so that a writer knows how much filler a document of a given length needs.

The layout's type sizes and margins differ from look to look; the figures below are means over looks, and an estimate is good to about
15 per cent.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from synth.documents.blocks import Block, Contents, Figure, Heading, Listing, Paragraph, Table
from synth.documents.genres import PageFormat
from synth.documents.tables import ABREAST

PAGE_CHARS: Final[dict[PageFormat, int]] = {"a4": 3700, "letter": 3500, "a5": 1700, "slide": 900}
"""Latin characters of running text on a full page."""
PAGE_LINES: Final[dict[PageFormat, int]] = {"a4": 46, "letter": 44, "a5": 32, "slide": 18}
"""Lines of running text on a full page."""
DENSITY: Final = {"zh": 0.42, "ja": 0.45, "hi": 0.85, "ar": 0.95}
"""Characters on a page relative to Latin script."""
TEXT_SHARE: Final = 0.95
"""Share of a page of filler that is text; the rest is headings and the space around paragraphs."""
_A4_PT: Final = (595.0, 842.0)
_COMMON_LINES: Final = 51.0
"""Lines on an A4 page of 10 pt type with a pitch of 1.36 em between margins of 75 pt."""
_COMMON_EMS: Final = 46.0
"""Ems in a line of that page, with margins of 66 pt on either side."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much a page of a look holds relative to a common one: `chars` of running text, and `lines`."""

    chars: float = 1.0
    lines: float = 1.0

    @classmethod
    def of(cls, size_pt: float, leading: float, margins_pt: tuple[float, float, float, float]) -> "Room":
        """The room of a look with this type size, line pitch in ems, and margins (top, right, bottom, left) of an A4 page."""
        top, right, bottom, left = margins_pt
        lines = (_A4_PT[1] - top - bottom) / (size_pt * leading) / _COMMON_LINES
        return cls(lines * (_A4_PT[0] - left - right) / size_pt / _COMMON_EMS, lines)


@dataclass(frozen=True, slots=True)
class Budget:
    """Estimates for one page format, language and look."""

    page: PageFormat
    language: str
    room: Room

    def pages_of(self, blocks: Iterable[Block]) -> float:
        """Estimated pages of some blocks set one after the other."""
        return math.fsum(self._lines(block) for block in blocks) / (PAGE_LINES[self.page] * self.room.lines)

    def chars_of(self, pages: float) -> float:
        """Characters of running text, with the space between paragraphs and headings, that fill `pages` pages."""
        return pages * PAGE_CHARS[self.page] * self.density * self.room.chars * TEXT_SHARE

    @property
    def density(self) -> float:
        """Characters on a page relative to Latin script."""
        return DENSITY.get(self.language, 1.0)

    def _lines(self, block: Block) -> float:
        chars = PAGE_CHARS[self.page] / PAGE_LINES[self.page] * self.density * self.room.chars / self.room.lines
        if isinstance(block, Heading):
            return 4.0 if block.level == 1 else 2.6
        if isinstance(block, Paragraph):
            return 1.0 + sum(len(text.text) for text in block.inlines) / chars
        if isinstance(block, Listing):
            return 1.0 + sum(1.2 + sum(len(text.text) for text in item) // chars for item in block.items)
        if isinstance(block, Table):
            abreast = self.page != "slide" and 1.35 * len(block.body) > ABREAST * PAGE_LINES[self.page] * self.room.lines
            return 4.5 + 1.35 * len(block.body) / (1 + abreast) + 1.5 * len(block.head)
        if isinstance(block, Figure):
            return 0.38 * PAGE_LINES[self.page] * self.room.lines
        return 3.0 if isinstance(block, Contents) else 0.0
