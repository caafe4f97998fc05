"""Writes pages: set lines, rules, pictures, outline, labels and links -> the bytes of a PDF whose text layer is the text that was set.

Coordinates are points from the page's top left corner, x right, y down; boxes are (x0, y0, x1, y1). The same calls give the same bytes in
any process: no dates, identifiers from content, fonts and codes numbered by first use. Knows nothing of what the pages mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from schemas.sample import AssetUse
from synth.render.fonts import FontFile, asset_use
from synth.render.pdf_content import ContentEncoder, PdfFonts, PlacedLine, Rgb, rgb
from synth.render.pdf_objects import PdfObjects, number, text_string
from synth.render.pdf_structure import add_image, label_tree, write_outline
from synth.render.typeset import Line, Typesetter

BoxPt: TypeAlias = tuple[float, float, float, float]


@dataclass(slots=True)
class _Page:
    width_pt: float
    height_pt: float
    operations: list[str | PlacedLine] = field(default_factory=list)
    images: dict[str, int] = field(default_factory=dict)
    links: list[tuple[BoxPt, int]] = field(default_factory=list)


class PdfWriter:
    """A PDF under construction.

    Args:
        typesetter: The typesetter whose lines are drawn; its direction becomes the reading direction.
        title: Document title.
        language: BCP 47 tag stored in the catalogue.
    """

    def __init__(self, typesetter: Typesetter, *, title: str, language: str) -> None:
        self._direction = typesetter.direction
        self._title, self._language = title, language
        self._objects = PdfObjects()
        self._pages: list[_Page] = []
        self._fonts = PdfFonts()
        self._finished = False
        self._images: dict[bytes, int] = {}
        self._outline: list[tuple[int, str, int]] = []
        self._labels: list[tuple[int, str, int]] = []

    @property
    def assets(self) -> tuple[AssetUse, ...]:
        """Font files used so far, each once, in order of first use."""
        files: dict[tuple[str, str], FontFile] = {}
        for face in self._fonts.faces:
            files.setdefault((face.file.distribution, face.file.path), face.file)
        return tuple(asset_use(file) for file in files.values())

    def new_page(self, width_pt: float, height_pt: float) -> int:
        """Add a page; returns its 0-based number."""
        self._pages.append(_Page(width_pt, height_pt))
        return len(self._pages) - 1

    def draw_line(self, page: int, line: Line, x_pt: float, baseline_pt: float) -> list[tuple[str, BoxPt]]:
        """Draw a line with its left edge at `x_pt`; returns (anchor, box) of anchored fragments, from left to right."""
        sheet = self._pages[page]
        self._fonts.use(line)
        sheet.operations.append(PlacedLine(line.fragments, x_pt, sheet.height_pt - baseline_pt, 1, 0))
        return [
            (part.anchor, (x_pt + part.x_pt, baseline_pt - part.ascent_pt, x_pt + part.x_pt + part.width_pt, baseline_pt + part.descent_pt))
            for part in line.fragments
            if part.anchor
        ]

    def draw_line_rotated(self, page: int, line: Line, baseline_x_pt: float, bottom_pt: float) -> list[tuple[str, BoxPt]]:
        """Draw a line turned 90 degrees anticlockwise: it reads upwards from `bottom_pt`, ascenders to the left of `baseline_x_pt`."""
        sheet = self._pages[page]
        self._fonts.use(line)
        sheet.operations.append(PlacedLine(line.fragments, baseline_x_pt, sheet.height_pt - bottom_pt, 0, 1))
        return [
            (
                part.anchor,
                (
                    baseline_x_pt - part.ascent_pt,
                    bottom_pt - part.x_pt - part.width_pt,
                    baseline_x_pt + part.descent_pt,
                    bottom_pt - part.x_pt,
                ),
            )
            for part in line.fragments
            if part.anchor
        ]

    def rect(self, page: int, box_pt: BoxPt, *, fill: Rgb | None = None, stroke: Rgb | None = None, line_width_pt: float = 0.5) -> None:
        """Draw a rectangle, filled, stroked or both."""
        if fill is None and stroke is None:
            return
        x0, y0, x1, y1 = box_pt
        height = self._pages[page].height_pt
        paint = "B" if fill and stroke else "f" if fill else "S"
        style = (f"{rgb(fill)} rg " if fill else "") + (f"{rgb(stroke)} RG {number(line_width_pt)} w " if stroke else "")
        self._pages[page].operations.append(f"q {style}{number(x0)} {number(height - y1)} {number(x1 - x0)} {number(y1 - y0)} re {paint} Q")

    def rule(self, page: int, x0: float, y0: float, x1: float, y1: float, *, color: Rgb = (0.0, 0.0, 0.0), width_pt: float = 0.5) -> None:
        """Draw a straight line."""
        height = self._pages[page].height_pt
        path = f"{number(x0)} {number(height - y0)} m {number(x1)} {number(height - y1)} l S"
        self._pages[page].operations.append(f"q {rgb(color)} RG {number(width_pt)} w {path} Q")

    def image(self, page: int, box_pt: BoxPt, png: bytes) -> None:
        """Draw a picture (PNG or JPEG bytes) stretched over the box. Equal pictures are stored once."""
        if png not in self._images:
            self._images[png] = add_image(self._objects, png)
        sheet = self._pages[page]
        name = f"I{self._images[png]}"
        sheet.images[name] = self._images[png]
        x0, y0, x1, y1 = box_pt
        matrix = f"{number(x1 - x0)} 0 0 {number(y1 - y0)} {number(x0)} {number(sheet.height_pt - y1)}"
        sheet.operations.append(f"q {matrix} cm /{name} Do Q")

    def outline(self, entries: Sequence[tuple[int, str, int]]) -> None:
        """Set the outline: (level from 1, title, 0-based page) in reading order. A level is at most one deeper than the one before."""
        depth = 0
        for level, title, page in entries:
            if not 1 <= level <= depth + 1:
                raise ValueError(f"outline entry {title!r} has level {level} after level {depth}; levels start at 1 and deepen by one")
            if not 0 <= page < len(self._pages):
                raise ValueError(f"outline entry {title!r} points at page {page}; there are {len(self._pages)}")
            depth = level
        self._outline = list(entries)

    def page_labels(self, rules: Sequence[tuple[int, str, int]]) -> None:
        """Set page labels: (first page it holds for, style `D`, `r`, `R`, `a`, `A` or empty, number of that page)."""
        self._labels = sorted(rules)

    def link(self, page: int, box_pt: BoxPt, target_page: int) -> None:
        """Make a box jump to the top of another page, which may be added later."""
        self._pages[page].links.append((box_pt, target_page))

    def finish(self) -> bytes:
        """The file. Can be called once."""
        if self._finished:
            raise RuntimeError("finish() was called before; make a new PdfWriter for another file")
        self._finished = True
        objects = self._objects
        fonts = objects.add(self._fonts.embed(objects))
        encoder = ContentEncoder(self._fonts)
        tree = objects.reserve()
        numbers = [objects.reserve() for _ in self._pages]
        for page, reference in zip(self._pages, numbers, strict=True):
            content = objects.add_stream(encoder.encode(page.operations))
            objects.put(reference, self._page_body(page, f"/Parent {tree} 0 R/Contents {content} 0 R", fonts, numbers))
        objects.put(tree, f"<</Type/Pages/Count {len(numbers)}/Kids[{' '.join(f'{n} 0 R' for n in numbers)}]>>")
        info = objects.add(f"<</Title {text_string(self._title)}/Producer(Assay)>>")
        reading = "/R2L" if self._direction == "rtl" else "/L2R"
        root = objects.add(
            f"<</Type/Catalog/Pages {tree} 0 R/Lang {text_string(self._language)}"
            f"/ViewerPreferences<</Direction{reading}/DisplayDocTitle true>>"
            f"{write_outline(objects, self._outline, numbers)}{label_tree(self._labels)}>>"
        )
        return objects.finish(root, info)

    def _page_body(self, page: _Page, entries: str, fonts: int, numbers: Sequence[int]) -> str:
        """A page dictionary; `numbers` are the object numbers of all pages."""
        height = page.height_pt
        images = "".join(f"/{name} {image} 0 R" for name, image in page.images.items())
        annotations = "\n".join(
            f"<</Type/Annot/Subtype/Link/Border[0 0 0]/Rect[{number(x0)} {number(height - y1)} {number(x1)} {number(height - y0)}]"
            f"/Dest[{numbers[target]} 0 R/XYZ 0 {number(self._pages[target].height_pt)} 0]>>"
            for (x0, y0, x1, y1), target in page.links
        )
        return (
            f"<</Type/Page{entries}/MediaBox[0 0 {number(page.width_pt)} {number(height)}]/Resources<</Font {fonts} 0 R"
            f"{f'/XObject<<{images}>>' if images else ''}>>{f'/Annots[{annotations}]' if annotations else ''}>>"
        )
