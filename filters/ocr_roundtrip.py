"""Reads text in pictures back with an engine that had no part in drawing it, and scores how much comes back, of the clean rendering
(`similarity`) and of the stored picture beside it (`legibility`).

Which engine reads a language is said in `schemas.languages` (`reader`), and how much error is the engine's own, measured on clean lines, is
its `cer_limit`: a reader of a corpus drops samples below `1 - cer_limit`.
"""

import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from schemas.geometry import union_box
from schemas.languages import language
from schemas.sample import BoxPx, Sample
from schemas.text_layer import Cluster, TextLine, Word, clean_name, layer_name, read_layer
from synth.readers.engines import LINE_PX, MAX_LINE_ASPECT, read_line
from synth.readers.text import edits, fold
from synth.render.warp_file import WARP_NAME, stored_warp

MAX_LINES = 8
"""Lines read of a sample (chosen: a dense page costs less than half a second on one core)."""
MAX_TEXT_EM = 160.0
"""Text read of a sample, in ems of line length: PaddleOCR takes about 2.2 ms an em (measured), and eight lines share this."""
UNREAD_FONTS = frozenset({"NotoNastaliqUrdu-Regular.ttf"})
"""Fonts that no engine reads: Tesseract's `urd` has 39 % of the characters of clean lines in Nastaliq wrong, though a second renderer draws
them alike (`bench/second_renderer.py`)."""
LINE_EM = 1.5
"""Height of a line's picture in ems: 1.05 above the baseline and 0.45 below, or more where the ink needs it. Ink boxes alone would make
`aces` twice as large as `Ågypt`."""
_ABOVE_EM = 1.05
_MARGIN_EM = 0.25
"""White space left and right of a line (chosen)."""


def similarity(sample: Sample) -> float | None:
    """1 - CER of the clean renderings, 0 to 1: one minus the edits between what was drawn and what was read, as a share of the characters
    drawn, over all lines read. None for a sample without clean renderings or without text that an engine reads.

    At most `MAX_LINES` lines are read, spread evenly over all lines in reading order, and of each no more than its first whole words that
    fit its share of `MAX_TEXT_EM`; text without spaces ends between clusters. Words that the language's engine is not made for are left out
    (`readable`). Vertical lines are read with their clusters set side by side, from left to right, and without those that look different in
    a column: punctuation, the long vowel mark, letters that lie on their side. Both texts are folded (`synth.readers.text.fold`): spaces,
    the shapes of quotation marks, and widths do not count.

    Raises:
        NotInstalledError: An engine or its language data are not there.
    """
    read = [(_errors(_clean(sample, chosen.image), chosen), len(chosen.written)) for chosen in _chosen(sample)]
    return 1.0 - sum(wrong for wrong, _ in read) / sum(drawn for _, drawn in read) if read else None


def legibility(sample: Sample) -> float | None:
    """1 less what wear added to the reading error, 0 to 1: 1 where the stored picture reads as well as its clean rendering.

    What was added is the CER of the stored picture, laid flat by its stored warp, minus that of the clean rendering: the same words of the
    same lines, read by the same engines, as in `similarity`. That takes out what is the engine's own error. None where `similarity` is, and
    for a sample whose pictures have no warp.

    Raises:
        NotInstalledError: An engine or its language data are not there.
    """
    if not {WARP_NAME, clean_name(0)} <= {attachment.name for attachment in sample.attachments}:
        return None
    clean = _clean(sample, 0)
    flat = np.asarray(stored_warp(sample.stored).unwarp(_decoded(sample.images[0].data, "RGB"), clean.size))
    added = drawn = 0
    for chosen in _chosen(sample, hidden=False):
        if chosen.image == 0:  # the warp is that of the first picture
            added += _errors(_dark_on_white(flat, clean, chosen.part), chosen) - _errors(clean, chosen)
            drawn += len(chosen.written)
    return min(1.0, 1.0 - added / drawn) if drawn else None


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A part of a line that is read, by which engine, and what it should say, folded."""

    image: int
    part: "Part"
    reader: str
    written: str


def _chosen(sample: Sample, *, hidden: bool = True) -> Iterator[_Chosen]:
    """What is read of a sample, with or without words that its picture hides."""
    lines = [(image, line) for image in _with_layers(sample) for line in read_layer(sample.stored, image).lines if fold(line.text)]
    chosen = spread(len(lines), MAX_LINES)
    room_em = min(MAX_TEXT_EM / max(1, len(chosen)), 0.95 * MAX_LINE_ASPECT * LINE_EM)
    for image, line in (lines[i] for i in chosen):
        words, reader = readable(line)
        words = tuple(word for word in words if hidden or not word.hidden)
        part = first_part(line, room_em, words) if words else None
        if part and (written := fold(part.text)):  # nothing is left of a column of punctuation
            yield _Chosen(image, part, reader, written)


def _errors(plate: Pillow.Image, chosen: _Chosen) -> int:
    """Edits between what is read in the chosen part of a plate and what it should say, at most all of it."""
    read = read_line(line_picture(plate, chosen.part), chosen.reader)
    return min(len(chosen.written), edits(chosen.written, fold(read.text)))


def spread(count: int, most: int) -> list[int]:
    """At most `most` of `count` places, in order and evenly apart.

    >>> spread(3, 8), spread(100, 4)
    ([0, 1, 2], [12, 37, 62, 87])
    """
    taken = min(count, most)
    return [(2 * i + 1) * count // (2 * taken) for i in range(taken)]


def _with_layers(sample: Sample) -> Iterator[int]:
    names = {attachment.name for attachment in sample.attachments}
    return (image for image in range(len(sample.images)) if {clean_name(image), layer_name(image)} <= names)


def _clean(sample: Sample, image: int) -> Pillow.Image:
    return _decoded(sample.stored.attachment(clean_name(image)).data, "L")


def _dark_on_white(flat: NDArray[np.uint8], clean: Pillow.Image, part: "Part") -> Pillow.Image:
    """A picture laid flat, (height, width, 3), as engines like it: in the colour channel that shows this part best, light ink made dark,
    and the ground moved to 255, so that the white put around lines has no edge. Contrast stays.
    """
    x0, y0, x1, y1 = map(int, union_box(cluster.box_px for cluster in part.clusters))
    written = np.asarray(clean)[y0:y1, x0:x1] < 128
    if not written.any() or written.all():
        return Pillow.fromarray(flat).convert("L")
    seen = flat[y0:y1, x0:x1].astype(np.float64)
    ground, ink = np.median(seen[~written], axis=0), np.median(seen[written], axis=0)
    channel = int(np.argmax(np.abs(ground - ink)))
    darker = (ground - flat)[:, :, channel] * (1.0 if ink[channel] < ground[channel] else -1.0)
    return Pillow.fromarray(np.clip(np.rint(255.0 - darker), 0, 255).astype(np.uint8))


@lru_cache(maxsize=4)  # a plate is read from once a line
def _decoded(data: bytes, mode: str) -> Pillow.Image:
    with Pillow.open(io.BytesIO(data)) as picture:
        return picture.convert(mode)


def readable(line: TextLine) -> tuple[tuple[Word, ...], str]:
    """The words of a line that can be read back, perhaps none, and the reader for them.

    Tesseract's data of one script do not know another: of a line in, say, Thai, words in Latin letters are left out. Of a line without a
    word in its language's own letters, PaddleOCR reads what is Latin or ASCII, such as `View` and `443-862`. Tesseract's Arabic and Persian
    data misread the digits of these scripts (measured: half the characters of Arabic lines with such numbers, two of three Persian dates
    that stand alone), so that words with such digits and no letter are left out too, as are words in `UNREAD_FONTS`.
    """
    row = language(line.language)
    if row.reader == "paddle" or row.script == "Latn":
        return line.words, row.reader
    words = tuple(word for word in line.words if not any(run.font in UNREAD_FONTS for run in word.runs))
    own = tuple(word for word in words if not _is_latin(word.text) and not _is_arabic_number(word.text))
    if any(char.isalpha() or (char.isdigit() and not char.isascii()) for word in own for char in word.text):
        return own, row.reader
    return tuple(word for word in words if _is_latin(word.text) or word.text.isascii()), "paddle"


def _is_latin(text: str) -> bool:
    letters = [unicodedata.name(char, "") for char in text if char.isalpha()]
    return bool(letters) and all(name.startswith("LATIN") for name in letters)


def _is_arabic_number(text: str) -> bool:
    is_digit = any("\u0660" <= char <= "\u0669" or "\u06f0" <= char <= "\u06f9" for char in text)
    return is_digit and not any(char.isalpha() for char in text)


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a line that is read: its text, the clusters it is made of and those that stay out, the size of its letters, where its
    baseline lies.
    """

    text: str
    clusters: tuple[Cluster, ...]
    left_out: tuple[Word, ...]
    em_px: float
    baseline_px: float
    vertical: bool


def first_part(line: TextLine, room_em: float, words: Sequence[Word]) -> Part:
    """The first of `words`, words of a line, that fit `room_em`, at least one; of a first word that does not, the first clusters."""
    em = max(run.size_px for word in line.words for run in word.runs)
    room_px = room_em * em
    taken: list[Word] = []
    for word in words:
        if taken and _length_px([*(w.box_px for w in taken), word.box_px], line.vertical) > room_px:
            break
        taken.append(word)
    clusters = [cluster for word in taken for cluster in word.clusters]
    if len(taken) == 1:
        while len(clusters) > 1 and _length_px([cluster.box_px for cluster in clusters], line.vertical) > room_px:
            clusters.pop()
    if line.vertical:
        clusters = [cluster for cluster in clusters if _stands_upright(cluster.text)]
    baseline = line.words[0].runs[0].y_px
    text = "".join(cluster.text for cluster in clusters)
    left_out = tuple(word for word in line.words if word not in taken)
    return Part(text, tuple(clusters), left_out, em, baseline, line.vertical)


def _stands_upright(text: str) -> bool:
    """Whether a cluster looks the same in a column as in a row: a letter or digit of East Asian width, other than a mark such as ー."""
    return unicodedata.category(text[0]) in ("Lo", "Nd", "No", "Nl") and unicodedata.east_asian_width(text[0]) in "WF"


def line_picture(plate: Pillow.Image, part: Part) -> Pillow.Image:
    """The part of the plate as a picture for an engine: black on white, `LINE_PX` high if its ink fits `LINE_EM`, with white around."""
    if part.vertical:
        strip = _side_by_side(plate, part)
    else:
        strip = _from_line(plate, part)
    scale = LINE_PX / (LINE_EM * part.em_px)
    width, height = max(1, round(strip.width * scale)), max(1, round(strip.height * scale))
    return strip if strip.size == (width, height) else strip.resize((width, height), Pillow.Resampling.LANCZOS)


def _from_line(plate: Pillow.Image, part: Part) -> Pillow.Image:
    x0, y0, x1, y1 = map(int, union_box([cluster.box_px for cluster in part.clusters]))
    ink = plate.crop((x0, y0, x1, y1))
    for word in part.left_out:  # what is not read may stand between
        left, top, right, bottom = map(int, word.box_px)
        ink.paste(255, (left - x0, top - y0, right - x0, bottom - y0))
    above = max(round(_ABOVE_EM * part.em_px), round(part.baseline_px) - y0 + 2)
    below = max(round((LINE_EM - _ABOVE_EM) * part.em_px), y1 - round(part.baseline_px) + 2)
    margin = round(_MARGIN_EM * part.em_px)
    strip = Pillow.new("L", (ink.width + 2 * margin, above + below), 255)
    strip.paste(ink, (margin, y0 - round(part.baseline_px) + above))
    return strip


def _side_by_side(plate: Pillow.Image, part: Part) -> Pillow.Image:
    """Clusters of a column, each in a square of an em, from left to right."""
    em = round(part.em_px)
    x0, _, x1, _ = union_box([cluster.box_px for cluster in part.clusters])
    strip = Pillow.new("L", (em * len(part.clusters) + em // 2, round(LINE_EM * em)), 255)
    for i, cluster in enumerate(part.clusters):
        left, top, right, bottom = map(int, cluster.box_px)
        ink = plate.crop((left, top, right, bottom))
        across = round((left + right) / 2 - (x0 + x1) / 2)
        strip.paste(ink, (em // 4 + em * i + (em - ink.width) // 2 + across, (strip.height - ink.height) // 2))
    return strip


def _length_px(boxes: list[BoxPx], vertical: bool) -> float:
    x0, y0, x1, y1 = union_box(boxes)
    return y1 - y0 if vertical else x1 - x0
