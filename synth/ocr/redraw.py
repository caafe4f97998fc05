"""Proves a plate from its text layer: every run is shaped and drawn again from its text alone, and must be the ink that is there.

The verifier's own path: HarfBuzz over whole runs and FreeType, without the typesetter's tokens, clusters and cache. What it states is thus
that the stored text, shaped by its script's rules in the stored font, is what the plate shows, and that the plate shows nothing else.
Nothing here knows how a plate is made, or the questions asked about it.
"""

import itertools
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import TypeAlias

import numpy as np
import uharfbuzz as hb
from bidi import get_display
from numpy.typing import NDArray

from schemas.geometry import union_box
from schemas.sample import BoxPx
from schemas.text_layer import Run, TextLayer, TextLine, Word
from synth.render.fonts import TYPEFACES, FontFile, font_path
from synth.render.glyphs import sized_font
from synth.render.pixels import darken, distance, inverted

TOLERANCE = 100
"""Grey levels by which a pixel of the plate may differ from the one drawn again. Glyphs land an eighth of a pixel off there and a sixteenth
here, along both axes, which moves the coverage of an edge by up to 90 levels; a missing dot moves it by 200 and more."""
BOX_TOLERANCE_PX = 1.0
EIGHTHS = 8
DOTTED_CIRCLE = 0x25CC
MAX_FAULTS = 5


_Glyph: TypeAlias = tuple[int, int, int, int]
"""One shaped glyph: its number, x and y from the run's pen in font units (y up), and the first character of its cluster."""


def plate_faults(clean: NDArray[np.uint8], layer: TextLayer) -> tuple[str, ...]:
    """What is wrong with a plate, most telling first; nothing if its text is proved.

    Args:
        clean: (height, width), 255 is paper.
        layer: What is said to stand there.
    """
    if clean.shape != (layer.height_px, layer.width_px):
        return (f"the plate is {clean.shape[1]}x{clean.shape[0]} pixels, its text layer says {layer.width_px}x{layer.height_px}",)
    canvas = np.zeros(clean.shape, np.uint8)
    faults: list[str] = []
    for line in layer.lines:
        faults += text_faults(line)
        for word in line.words:
            faults += _word_faults(canvas, word, line.language)
    if not faults:
        faults += _ink_faults(inverted(clean), canvas, layer)
    return tuple(faults[:MAX_FAULTS])


def text_faults(line: TextLine) -> Iterator[str]:
    """Whether a line's texts agree with each other, are in normal form, and stand in the order the bidirectional algorithm gives."""
    if not unicodedata.is_normalized("NFC", line.text):
        yield f"the line {line.text!r} is not in normal form C"
    if " ".join(word.text for word in line.words) != " ".join(line.text.split()):
        yield f"the words {[word.text for word in line.words]!r} are not the line {line.text!r}"
    for word in line.words:
        if "".join(run.text for run in word.runs) != word.text:
            yield f"the runs {[run.text for run in word.runs]!r} are not the word {word.text!r}"
    if not line.vertical:
        plain = line.text.isascii() and not line.rtl  # whose order no rule changes
        order = list(range(len(line.words))) if plain else visual_order([word.text for word in line.words], line.rtl)
        if order is None:
            yield f"a word of {line.text!r} has letters of both directions"
        else:
            lefts = [line.words[number].box_px[0] for number in order]
            if lefts != sorted(lefts):
                yield f"the words of {line.text!r} do not stand in the order in which they are read"
        if seen_text(line) != _folded(line.text if plain else get_display(line.text, base_dir="R" if line.rtl else "L")):
            yield f"the runs of {line.text!r} do not stand in the order in which they are read"


def seen_text(line: TextLine) -> str:
    """The line's characters from left to right as its runs place and turn them, without spaces."""
    runs = sorted((run for word in line.words for run in word.runs), key=lambda run: run.x_px)
    return _folded("".join(run.text[::-1] if run.rtl else run.text for run in runs))


def _folded(text: str) -> str:
    if text.isascii():
        return "".join(text.split())
    return "".join(char for char in text if not char.isspace() and unicodedata.category(char) != "Cf")


def visual_order(words: Sequence[str], rtl: bool) -> list[int] | None:
    """Numbers of a line's words from left to right, as UAX #9 orders them (W2, W7, N1, N2 and L2, for whole words without formatting
    characters); None if a word has letters of both directions, which are not words of one level.
    """
    counts: list[bool] = []  # whether each word counts as right-to-left
    units: list[bool | None] = []
    strong = rtl
    for word in words:
        kinds = {unicodedata.bidirectional(char) for char in word}
        right, left = bool(kinds & {"R", "AL"}), "L" in kinds
        if right and left:
            return None
        if right or left:
            strong = right
            units.append(right)
        else:
            # A number goes with the last strong word; other signs go with their neighbours, see below.
            units.append(strong if kinds & {"EN", "AN"} else None)
    for at, unit in enumerate(units):
        if unit is None:
            before = next((u for u in reversed(units[:at]) if u is not None), rtl)
            after = next((u for u in units[at + 1 :] if u is not None), rtl)
            unit = before if before == after else rtl
        counts.append(unit)
    order: list[int] = []
    start = 0
    for at in range(1, len(counts) + 1):
        if at == len(counts) or counts[at] != counts[start]:
            group = list(range(start, at))
            # Groups of the other direction are reversed within; the line as a whole is, too, if it runs from right to left.
            order += group if counts[start] == rtl else group[::-1]
            start = at
    return order[::-1] if rtl else order


def _word_faults(canvas: NDArray[np.uint8], word: Word, language: str) -> Iterator[str]:
    """Draw a word again; faults of shaping, and boxes that do not hold its ink."""
    found: list[tuple[str, BoxPx]] = []
    for run in word.runs:
        file = font_of(run)
        if file is None:
            yield f"the font {run.font} with axes {run.axes} of {run.text!r} is not one of synth/render/fonts.py"
            return
        glyphs = shape(run, file, language)
        circle = _dotted_circle(file)
        numbers = [number for number, _, _, _ in glyphs]
        if 0 in numbers:
            yield f"{run.font} has no glyph for a character of {run.text!r}"
        if circle and circle in numbers and chr(DOTTED_CIRCLE) not in run.text:
            yield f"a mark of {run.text!r} has no letter to sit on in {run.font}"
        starts = [start for _, _, _, start in glyphs]
        if starts != sorted(starts, reverse=run.rtl):
            yield f"the clusters of {run.text!r} do not run {'from right to left' if run.rtl else 'from left to right'}"
        found += _draw(canvas, run, file, glyphs)
    if not found:
        yield f"the word {word.text!r} draws nothing"
        return
    boxes = [box for _, box in found]
    hull = union_box(boxes)
    if _distance(hull, word.box_px) > BOX_TOLERANCE_PX:
        yield f"the box of {word.text!r} is {_rounded(word.box_px)}; its ink is in {_rounded(hull)}"
    if "".join([cluster.text for cluster in word.clusters]) != word.text:
        yield f"the clusters {[cluster.text for cluster in word.clusters]!r} are not the word {word.text!r}"
    more = itertools.repeat(boxes[-1], max(0, len(word.clusters) - len(boxes)))
    for cluster, likely in zip(word.clusters, itertools.chain(boxes, more), strict=False):  # most clusters are one glyph
        if not _inside(likely, cluster.box_px) and not any(_inside(box, cluster.box_px) for box in boxes):
            yield f"the box {_rounded(cluster.box_px)} of {cluster.text!r} in {word.text!r} holds no ink of its own"


def shape(run: Run, file: FontFile, language: str) -> list[_Glyph]:
    """The glyphs of a run, from left to right (from top to bottom, if it is vertical); the language decides regional forms."""
    buffer = hb.Buffer()
    buffer.add_str(run.text)
    buffer.guess_segment_properties()
    buffer.language = language
    buffer.direction = "ttb" if run.vertical else "rtl" if run.rtl else "ltr"
    buffer.cluster_level = hb.BufferClusterLevel.MONOTONE_GRAPHEMES
    hb.shape(_hb_font(file), buffer, {} if run.ligatures else {"liga": False, "clig": False, "calt": False})
    x = y = 0
    out = []
    for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        x_offset, y_offset, x_advance, y_advance = place.position
        out.append((info.codepoint, x + x_offset, y + y_offset, info.cluster))
        x, y = x + x_advance, y + y_advance
    return out


def _draw(canvas: NDArray[np.uint8], run: Run, file: FontFile, glyphs: Sequence[_Glyph]) -> list[tuple[str, BoxPx]]:
    """Draw a run where it says it stands; (text from there on, box) of each glyph with ink. Ink outside the plate is cut off."""
    scale = run.size_px / _units_per_em(file)
    font = sized_font(file, round(run.size_px * 64))
    rows, columns = canvas.shape
    found: list[tuple[str, BoxPx]] = []
    for number, from_pen, above, start in glyphs:
        x = round((run.x_px + from_pen * scale) * EIGHTHS)
        y = round((run.y_px - above * scale) * EIGHTHS)
        ink, over, down = font.ink(number, x % EIGHTHS * 8, y % EIGHTHS * 8)
        left, top = x // EIGHTHS + over, y // EIGHTHS + down
        height, width = ink.shape
        if not height:
            continue
        right, bottom = left + width, top + height
        if left >= 0 and top >= 0 and right <= columns and bottom <= rows:
            darken(canvas[top:bottom, left:right], ink)
        elif right > 0 and bottom > 0 and left < columns and top < rows:
            x0, y0 = max(left, 0), max(top, 0)
            under = canvas[y0:bottom, x0:right]
            darken(under, ink[y0 - top :, x0 - left :][: under.shape[0], : under.shape[1]])
        found.append((run.text[start:], (left, top, right, bottom)))
    return found


def text_ink(text: str, like: Run, language: str) -> NDArray[np.uint8] | None:
    """A text drawn alone as a run would be, (height, width) without empty edges, 255 is ink; None if its font has not all of it."""
    run = replace(like, text=text, x_px=0.0, y_px=0.0)
    file = font_of(run)
    glyphs = shape(run, file, language) if file else []
    if file is None or not glyphs or any(number == 0 for number, _, _, _ in glyphs):
        return None
    boxes = [box for _, box in _draw(np.zeros((0, 0), np.uint8), run, file, glyphs)]
    if not boxes:
        return None
    x0, y0, x1, y1 = (int(side) for side in union_box(boxes))
    canvas = np.zeros((y1 - y0, x1 - x0), np.uint8)
    _draw(canvas, replace(run, x_px=float(-x0), y_px=float(-y0)), file, glyphs)
    return canvas


def _ink_faults(plate: NDArray[np.uint8], redrawn: NDArray[np.uint8], layer: TextLayer) -> Iterator[str]:
    """Pixels that differ, told by the word they belong to."""
    apart = distance(plate, redrawn)
    if apart.max() <= TOLERANCE:
        return
    wrong = apart > TOLERANCE
    for line in layer.lines:
        for word in line.words:
            x0, y0, x1, y1 = (int(side) for side in word.box_px)
            count = int(wrong[max(y0 - 1, 0) : y1 + 1, max(x0 - 1, 0) : x1 + 1].sum())
            if count:
                yield f"{count} pixels of {word.text!r} at {_rounded(word.box_px)} are not those of its text"
    ys, xs = np.nonzero(wrong)
    yield f"{len(ys)} pixels, the first at ({xs[0]}, {ys[0]}), are not those of the text layer"


def font_of(run: Run) -> FontFile | None:
    """The font file a run names, among those that Assay sets text in; None if there is none."""
    return _font(run.font, run.face, run.axes)


@cache
def _font(name: str, face: int, axes: tuple[tuple[str, float], ...]) -> FontFile | None:
    for typeface in TYPEFACES.values():
        for file in (typeface.regular, typeface.bold, typeface.italic, typeface.bold_italic):
            if (file.path.rpartition("/")[2], file.index, file.axes) == (name, face, axes):
                return file
    return None


@cache
def _hb_font(file: FontFile) -> hb.Font:
    font = hb.Font(hb.Face(hb.Blob.from_file_path(str(font_path(file))), file.index))
    font.set_variations(dict(file.axes))
    return font


@cache
def _dotted_circle(file: FontFile) -> int:
    """Its glyph; 0 where the font has none."""
    return _hb_font(file).get_nominal_glyph(DOTTED_CIRCLE) or 0


@cache
def _units_per_em(file: FontFile) -> int:
    return int(_hb_font(file).face.upem)


def _distance(a: BoxPx, b: BoxPx) -> float:
    return max(abs(p - q) for p, q in zip(a, b, strict=True))


def _inside(inner: BoxPx, outer: BoxPx) -> bool:
    """Whether a glyph's ink lies in a box."""
    t = BOX_TOLERANCE_PX
    return inner[0] >= outer[0] - t and inner[1] >= outer[1] - t and inner[2] <= outer[2] + t and inner[3] <= outer[3] + t


def _rounded(box: BoxPx) -> tuple[int, ...]:
    return tuple(round(side) for side in box)
