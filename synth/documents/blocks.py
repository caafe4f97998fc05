"""The block model: what a document is between the words a writer chose and the pages a layout makes.

Writers (`chapters.py`) turn a world into a `Document` of blocks; `layout.py` turns blocks into pages and reports where every anchor landed.
An anchor is a name given to a stretch of text so that its page and box can be found later. The grammar of anchors:

    cell/<table>/<row>/<column>    caption/<table or figure>    note/<table>       head/<table>/<column>    bar/<figure>/<series>/<category>
    text/<statement>               heading/<section>            item/<list>/<n>    event/<event>    term/<acronym>   use/<acronym>
    limit/<attribute>              amend/<n>                    ref/<n>            footnote/<key>   contents/<section>
    folio/<page>  (the printed page number in head or foot, made by the layout)
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeAlias

from schemas.sample import AssetUse

BoxPt: TypeAlias = tuple[float, float, float, float]
"""(x0, y0, x1, y1) in PDF points, origin top left of the page, y down."""


@dataclass(frozen=True, slots=True)
class Text:
    """A run of text inside a block. `note` is the key of a footnote whose mark follows the run."""

    text: str
    anchor: str = ""
    bold: bool = False
    italic: bool = False
    note: str = ""


Inline: TypeAlias = tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A section heading. `number` is printed before the text (`3.2`), may be empty (front matter); `key` names anchors."""

    key: str
    level: int
    number: str
    text: str
    in_contents: bool = True


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; an `entry` is one of a glossary or another list of paragraphs that are set alike."""

    inlines: Inline
    role: Literal["body", "entry", "lead", "note", "title", "subtitle", "imprint"] = "body"


@dataclass(frozen=True, slots=True)
class Listing:
    """A bulleted or numbered list."""

    key: str
    items: tuple[Inline, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One table cell."""

    inlines: Inline
    align: Literal["start", "figures", "center"] = "start"
    bold: bool = False
    colspan: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption above it (`label` + caption); continues over pages with its head rows and a continuation caption repeated.

    Every body row has the same number of columns; cells of body rows never span. `note` is set in small type below (units, sources).
    """

    key: str
    label: str
    caption: Inline
    head: tuple[tuple[Cell, ...], ...]
    body: tuple[tuple[Cell, ...], ...]
    note: Inline = ()
    rotated_head: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """What a figure plots: one value per category and series, in printed units. `masked` categories are drawn without a readable value;
    `hidden` says so in the legend.
    """

    kind: Literal["bar", "barh", "line"]
    categories: tuple[str, ...]
    series: tuple[tuple[str, tuple[Decimal, ...]], ...]
    axis_title: str
    masked: tuple[str, ...] = ()
    hidden: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with a caption below it."""

    key: str
    label: str
    caption: Inline
    chart: Chart


@dataclass(frozen=True, slots=True)
class Contents:
    """A contents list; the layout fills in printed page labels."""

    title: str
    kind: Literal["sections", "tables", "figures"] = "sections"


Block: TypeAlias = Heading | Paragraph | Listing | Table | Figure | Contents


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of pages with one page style; starts on a new page.

    Attributes:
        numbering: `r` roman, `D` decimal (restarts where it changes), `` for unnumbered (cover).
        spare: Paragraphs and lists that say nothing of note. The layout sets as many of them, in order, as it takes to fill pages that
            would stay half empty, and leaves out the others.
        spare_before: Key of the heading before which they go; at the end of the section when empty.
        spare_head: Heading printed above the spare text there.
        spare_gaps: Whether spare text may also stand before headings that a page has no room for.
    """

    blocks: tuple[Block, ...]
    numbering: Literal["", "r", "D"] = "D"
    columns: int = 1
    page: Literal["a4", "letter", "a5", "slide"] = "a4"
    landscape: bool = False
    spare: tuple[Block, ...] = ()
    spare_before: str = ""
    spare_head: Heading | None = None
    spare_gaps: bool = True


@dataclass(frozen=True, slots=True)
class Document:
    """A document ready for layout, with the printed words the layout itself needs.

    `pages_wanted` makes the layout set type a little smaller or larger where that brings it nearer to so many pages; 0 leaves the look as
    it is.
    """

    language: str
    title: str
    sections: tuple[Section, ...]
    footnotes: dict[str, Inline] = field(default_factory=dict)
    running_head: str = ""
    continued: str = "(continued)"
    numerals: str = "latn"
    pages_wanted: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where something landed: 0-based page and box in points."""

    page: int
    box_pt: BoxPt


@dataclass(frozen=True, slots=True)
class Piece:
    """One laid-out element in reading order, as a page parser should report it.

    A block that runs over pages or columns gives one piece each. `level` is for headings; `rows` (texts, then header row count) for tables;
    `items` for lists.
    """

    kind: Literal["heading", "paragraph", "list", "table", "figure", "caption", "footnote", "head", "foot"]
    page: int
    box_pt: BoxPt
    text: str = ""
    level: int = 0
    items: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    head_rows: int = 0
    colspans: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class PageInfo:
    """One page: size in points, printed label (`iv`, `12`, or empty on a cover)."""

    width_pt: float
    height_pt: float
    label: str


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A finished PDF and where everything is in it.

    Attributes:
        places: Anchor -> every place it landed (text broken over lines or pages has several).
        charts: Figure key -> (page, plot area box in points), for people and tests; verifiers measure pixels instead.
        assets: The fonts used.
    """

    pdf: bytes
    pages: tuple[PageInfo, ...]
    places: dict[str, tuple[Place, ...]]
    pieces: tuple[Piece, ...]
    charts: dict[str, Place]
    assets: tuple[AssetUse, ...] = ()
