"""Our shaping and drawing beside Chromium's, in ink: lines of every language in every look, drawn by both with the same fonts and size.

Each line is set by `synth.render.typeset` and drawn by `synth.render.ink`; its runs go to headless Chromium as they are (text, font file,
axes, language, direction), which shapes and draws them by itself. The two pictures are laid over each other, at most `REACH_PX` apart, and
compared: correlation and IoU of ink, and the largest blot of ink of the one that has no ink of the other beside it. A dropped dot, a
wrong form of a letter and an order of letters that only one of them has show as blots. Fonts fall back by our rules in both, so that is not
compared. Vertical text is left out.

With `--read`, lines that the language's engine misreads beyond its limit are counted, too: as faults of the engine where the two renderings
agree, as faults of the rendering where they do not.

    PYTHONPATH=. python bench/second_renderer.py [--lines 16] [--languages km ur] [--read] [--keep FOLDER]

Needs Debian's `chromium` and `pip install playwright==1.65.2`. Prints one table; exit code 1 if a line of any language disagrees.
"""

import argparse
import html
import io
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import uharfbuzz as hb
from fontTools.ttLib import TTFont
from numpy.random import PCG64, Generator
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageFilter
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, sync_playwright

from bench.ocr_readers import read_back
from bench.pages_per_second import CHROMIUM_FLAGS
from dags.terminal import print_table
from schemas.errors import UserError
from schemas.languages import Language, load_languages
from synth.ocr.corpus import Writer
from synth.render.fonts import LOOKS, FontFamily, FontFile, font_path, load_face
from synth.render.ink import Placed, Plate, draw_plate, ink_box
from synth.render.shape import SIMPLE_SCRIPTS, Shaped, script_in
from synth.render.typeset import Line, Span, Style, Typesetter

SEED = 53
EM_PX = 48
MARGIN_PX = 12
ROW_EM = 5
"""Height of a line's place on Chromium's page; Nastaliq needs three."""
REACH_PX = 2
INK, FAINT = 144, 48
"""Grey levels of ink, from 0, that count as ink, and that count as some of it."""
BLOT_PX = 6
"""Side of the square in which ink without ink of the other beside it is counted: the dot of an i is as large."""
LEAST_BLOT = 9
"""Pixels of such ink in a square that are a disagreement (chosen: between the dot of an i, 30, and the worst of lines that agree)."""
_STYLES: tuple[tuple[FontFamily, bool], ...] = (("sans", False), ("serif", False), ("sans", True), ("serif", True))


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two pictures of a line are.

    Attributes:
        correlation: Pearson's, of ink.
        iou: Of pixels with ink.
        blot: Most pixels in a square of `BLOT_PX` where one of them has ink and the other none, not even a pixel beside.
    """

    correlation: float
    iou: float
    blot: int

    @property
    def agree(self) -> bool:
        """Whether neither has ink that the other lacks."""
        return self.blot < LEAST_BLOT


@dataclass(frozen=True, slots=True)
class Drawn:
    """A line as we draw it."""

    plate: Plate
    line: Line
    code: str
    rtl: bool


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=16, help="lines a language (default 16: one in each look, family and weight)")
    parser.add_argument("--languages", nargs="+", help="some languages only")
    parser.add_argument("--read", action="store_true", help="tell faults of the reading engine from faults of the rendering")
    parser.add_argument("--keep", type=Path, help="folder for pictures of lines that disagree")
    chosen = parser.parse_args()
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        flags = [*CHROMIUM_FLAGS, "--font-render-hinting=none", "--disable-lcd-text", "--allow-file-access-from-files", "--hide-scrollbars"]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        page = browser.new_page()
        for code, language in load_languages().items():
            if code in (chosen.languages or [code]):
                rows.append(table_row(page, Path(name), language, chosen.lines, read=chosen.read, keep=chosen.keep))
                print(*rows[-1], file=sys.stderr, flush=True)
        browser.close()
    columns = ["language", "lines", "fonts", "correlation", "IoU", "blot", "disagree", "engine faults", "rendering faults"]
    print_table("Our lines beside Chromium's: the worst of each language", columns, rows)
    return 1 if any(row[6] for row in rows) else 0


def table_row(page: Page, folder: Path, language: Language, count: int, *, read: bool, keep: Path | None) -> list[object]:
    """The figures of one language."""
    drawn = [draw(language.code, number) for number in range(count)]
    pictures = theirs(page, folder, drawn)
    found: list[Likeness] = []
    faults: Counter[str] = Counter()
    for number, (ours, picture) in enumerate(zip(drawn, pictures, strict=True)):
        laid = lay_over(255 - np.asarray(ours.plate.picture), picture)
        found.append(compare(255 - np.asarray(ours.plate.picture), laid))
        if not found[-1].agree and keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            both = np.stack([255 - laid, np.asarray(ours.plate.picture), np.full_like(laid, 255)], axis=2)
            Pillow.fromarray(both).save(keep / f"{language.code}-{number}.png")
        if read:
            faults[fault(ours.plate, limit=language.cer_limit, agree=found[-1].agree)] += 1
    fonts = {run.font for ours in drawn for line in ours.plate.layer.lines for word in line.words for run in word.runs}
    return [
        language.code,
        count,
        len(fonts),
        f"{min(one.correlation for one in found):.3f}",
        f"{min(one.iou for one in found):.3f}",
        max(one.blot for one in found),
        sum(not one.agree for one in found),
        faults["engine"] if read else "-",
        faults["rendering"] if read else "-",
    ]


def draw(code: str, number: int) -> Drawn:
    """The `number`-th line of a language: looks and styles by turns, words, prices, dates, names and numbers."""
    writer = Writer(code, Generator(PCG64(SEED + number)))
    look = tuple(LOOKS)[number % len(LOOKS)]
    family, bold = _STYLES[number // len(LOOKS) % len(_STYLES)]
    kinds = (writer.sentence, writer.sentence, writer.price, writer.sentence, writer.address, writer.date, writer.sentence, writer.person)
    text = kinds[number % len(kinds)]()
    setter = Typesetter(code, look=look)
    line = setter.lines([Span(text, Style(float(EM_PX), bold, family=family))], 38.0 * EM_PX)[0]
    rtl = setter.direction == "rtl"
    x0, y0, x1, y1 = ink_box(line)
    placed = Placed(line, MARGIN_PX - x0, MARGIN_PX - round(y0), code, rtl)
    return Drawn(draw_plate(round(x1 - x0) + 2 * MARGIN_PX, round(y1 - y0) + 2 * MARGIN_PX, [placed]), line, code, rtl)


def theirs(page: Page, folder: Path, drawn: Sequence[Drawn]) -> list[NDArray[np.uint8]]:
    """Chromium's ink of the lines, 0 to 255, (height, width) each."""
    faces: dict[FontFile, str] = {}
    rows = [_row(number, one, faces) for number, one in enumerate(drawn)]
    rules = [_face_rule(file, name, folder) for file, name in faces.items()]
    width, height = 44 * EM_PX, ROW_EM * EM_PX
    style = f"body{{margin:0}}p{{position:absolute;left:{EM_PX}px;margin:0;white-space:pre;font-size:{EM_PX}px;line-height:{height}px}}"
    features = "text-rendering:geometricPrecision;text-spacing-trim:space-all;text-autospace:no-autospace;font-optical-sizing:none"
    (folder / "lines.html").write_text(
        f"<!doctype html><meta charset=utf-8><style>{''.join(rules)}{style}p{{{features};font-synthesis:none}}</style>{''.join(rows)}",
        encoding="utf-8",
    )
    page.set_viewport_size({"width": width, "height": height * len(drawn)})
    page.goto((folder / "lines.html").as_uri())
    try:  # all by hand: a font that only spaces are in is not loaded otherwise
        page.evaluate("Promise.all([...document.fonts].map(face => face.load())).then(() => document.fonts.ready).then(() => 0)")
    except PlaywrightError as error:
        raise UserError(f"Chromium cannot load a font of {drawn[0].code}: {error.message}", where=str(folder / "lines.html")) from error
    grey = 255 - np.asarray(Pillow.open(io.BytesIO(page.screenshot())).convert("L"))
    return [grey[number * height : (number + 1) * height] for number in range(len(drawn))]


def _row(number: int, one: Drawn, faces: dict[FontFile, str]) -> str:
    """A paragraph of spans, one a run, in logical order. Every other has its font by another name, so that Chromium, like us, neither kerns
    nor joins over their ends.
    """
    spans = []
    for place, run in enumerate(_runs(one.line)):
        file = run.face.file
        name = faces.setdefault(file, f"f{len(faces)}") + "ab"[place % 2]
        axes = ",".join(f"'{axis}' {value:g}" for axis, value in file.axes) if file.axes else "normal"
        ligatures = "none" if script_in(run.text) in SIMPLE_SCRIPTS else "normal"
        style = f"font-family:{name};font-variation-settings:{axes};font-variant-ligatures:{ligatures}"
        # Of signs and spaces alone we tell HarfBuzz no script to localise for, but of Korean spaces.
        language = one.code if script_in(run.text) != "Zyyy" or (run.is_space and one.code == "ko") else ""
        spans.append(f'<span lang="{language}" style="{style}">{html.escape(run.text)}</span>')
    direction = "rtl" if one.rtl else "ltr"
    return f'<p dir="{direction}" style="top:{number * ROW_EM * EM_PX}px">{"".join(spans)}</p>'


def _runs(line: Line) -> Iterator[Shaped]:
    """Shaped runs of a line in logical order."""
    for fragment in sorted(line.fragments, key=lambda fragment: fragment.order):
        yield from fragment.shapes


def _face_rule(file: FontFile, name: str, folder: Path) -> str:
    """CSS rules for a font file."""
    path = _web_font(file, folder)
    return "".join(f"@font-face{{font-family:{each};src:url('{path.as_uri()}');font-weight:100 900}}" for each in (f"{name}a", f"{name}b"))


def _web_font(file: FontFile, folder: Path) -> Path:
    """The file itself; a copy of the face of a collection, which CSS cannot name faces of, and of a font with empty tables, which Chromium
    refuses.
    """
    path = font_path(file)
    copy = folder / f"{path.stem}-{file.index}.otf"
    if copy.exists():
        return copy
    if path.suffix == ".ttc":
        wanted = hb.SubsetInput()
        wanted.keep_everything()
        copy.write_bytes(bytes(hb.subset(load_face(file).hb_face, wanted).blob.data))
        return copy
    with TTFont(path, lazy=True, recalcBBoxes=False, recalcTimestamp=False) as font:
        empty = [tag for tag, entry in font.reader.tables.items() if entry.length == 0]
        if not empty:
            return path
        for tag in empty:
            del font[tag]
        font.save(copy)
    return copy


def lay_over(ours: NDArray[np.uint8], picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Their ink in the frame of ours: moved so that the inked boxes meet, and then to where the two are most alike."""
    wide = np.pad(picture, 4 * EM_PX)
    top, left = (int(np.nonzero((picture > FAINT).any(axis=axis))[0][0]) + 4 * EM_PX for axis in (1, 0))
    our_top, our_left = (int(np.nonzero((ours > FAINT).any(axis=axis))[0][0]) for axis in (1, 0))
    height, width = ours.shape
    shifts = [(dy, dx) for dy in range(-REACH_PX, REACH_PX + 1) for dx in range(-REACH_PX, REACH_PX + 1)]

    def moved(shift: tuple[int, int]) -> NDArray[np.uint8]:
        y, x = top - our_top + shift[0], left - our_left + shift[1]
        found = wide[y : y + height, x : x + width]
        return np.pad(found, ((0, height - found.shape[0]), (0, width - found.shape[1])))

    return moved(max(shifts, key=lambda shift: float((moved(shift).astype(np.float32) * ours).sum())))


def compare(ours: NDArray[np.uint8], other: NDArray[np.uint8]) -> Likeness:
    """How alike two pictures of ink in one frame are; both (height, width), 0 to 255."""
    correlation = float(np.corrcoef(ours.ravel(), other.ravel())[0, 1])
    one, two = ours >= INK, other >= INK
    iou = float((one & two).sum() / max(1, (one | two).sum()))
    return Likeness(correlation, iou, max(_blot(one, other), _blot(two, ours)))


def _blot(ink: NDArray[np.bool_], other: NDArray[np.uint8]) -> int:
    """The most pixels of ink in a square of `BLOT_PX` that have no ink of the other within a pixel."""
    near = np.asarray(Pillow.fromarray(other).filter(ImageFilter.MaxFilter(3))) >= FAINT
    sums = np.pad(ink & ~near, ((1, BLOT_PX), (1, BLOT_PX))).astype(np.int64).cumsum(axis=0).cumsum(axis=1)
    squares = sums[BLOT_PX:, BLOT_PX:] - sums[:-BLOT_PX, BLOT_PX:] - sums[BLOT_PX:, :-BLOT_PX] + sums[:-BLOT_PX, :-BLOT_PX]
    return int(squares.max())


def fault(plate: Plate, *, limit: float, agree: bool) -> str:
    """Whose fault a misread line is: the engine's where a second renderer draws the same ink; `none` if it is read within the limit."""
    found = read_back(plate, None)
    return "none" if found is None or found.cer <= limit else "engine" if agree else "rendering"


if __name__ == "__main__":
    sys.exit(main())
