"""How well the engines of `synth.readers.engines` read clean lines of each language: the error that is theirs and not the rendering's.

Draws lines at 32 pixels an em with the project's own typesetter, in all looks by turns, reads them as the filter
`ocr_roundtrip.similarity` does, and prints a table: character error (median, 95th percentile, worst), share of lines without error, lines
that came back empty, lines that could not be drawn, milliseconds of CPU a line, and the limit proposed for `cer_limit` in
`schemas/languages.yaml`.

    python bench/ocr_readers.py --lines 40                       # text of synth.ocr.corpus
    python bench/ocr_readers.py --texts FOLDER th km lo          # lines of FOLDER/th.txt, ...
    python bench/ocr_readers.py --reader tesseract:tur tr        # another engine for the same lines
"""

import argparse
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from filters.ocr_roundtrip import first_part, line_picture, readable
from schemas.errors import DataError
from schemas.languages import Language, load_languages
from synth.ocr.corpus import Writer
from synth.readers.engines import read_line
from synth.readers.text import edits, fold
from synth.render.fonts import LOOKS
from synth.render.ink import Placed, Plate, draw_plate, ink_box
from synth.render.typeset import Span, Style, Typesetter

EM_PX = 32.0
ROOM_EM = 40.0
MARGIN = 0.02
"""What the limit leaves above the 95th percentile (chosen); limits are rounded up to hundredths and at least `LEAST`."""
LEAST = 0.05


@dataclass(frozen=True, slots=True)
class Read:
    """One line drawn and read back."""

    written: str
    read: str
    cer: float
    cpu_ms: float


def draw(code: str, look: str, text: str) -> Plate:
    setter = Typesetter(code, look=look)
    line = setter.lines([Span(text, Style(EM_PX))], 1e6)[0]
    x0, y0, x1, y1 = ink_box(line)
    placed = Placed(line, 8 - x0, 8 - y0, code, rtl=setter.direction == "rtl")
    return draw_plate(int(x1 - x0) + 16, int(y1 - y0) + 16, [placed])


def read_back(plate: Plate, other_reader: str | None) -> Read | None:
    """None for a line without words that the filter reads."""
    line = plate.layer.lines[0]
    words, reader = readable(line)
    if not words:
        return None
    part = first_part(line, ROOM_EM, words)
    picture = line_picture(plate.picture, part)
    start = time.process_time()
    found = read_line(picture, other_reader or reader)
    spent = 1000 * (time.process_time() - start)
    written, read = fold(part.text), fold(found.text)
    return Read(written, read, min(1.0, edits(written, read) / len(written)), spent)


def limit(errors: Sequence[float]) -> float:
    """The 95th percentile and `MARGIN`, in hundredths."""
    return max(LEAST, math.ceil(100 * (float(np.percentile(errors, 95)) + MARGIN)) / 100)


def row(language: Language, other_reader: str | None, texts: Sequence[str], worst: int) -> str:
    read: list[Read] = []
    refused = 0
    for i, text in enumerate(texts):
        try:
            plate = draw(language.code, tuple(LOOKS)[i % len(LOOKS)], text)
        except DataError as error:
            refused += 1
            print(f"    {language.code}: not drawn: {error}")
            continue
        found = read_back(plate, other_reader)
        if found is not None:
            read.append(found)
    errors = [line.cer for line in read]
    for line in sorted(read, key=lambda line: -line.cer)[:worst]:
        print(f"    {line.cer:.2f} {line.written}\n         {line.read}")
    median, high = np.percentile(errors, [50, 95])
    exact, empty = sum(not error for error in errors) / len(errors), sum(not line.read for line in read)
    cpu = float(np.median([line.cpu_ms for line in read]))
    name = other_reader or language.reader
    return (
        f"{language.code:8} {name:20} {len(read):5} {median:7.3f} {high:7.3f} {max(errors):7.3f} {exact:6.0%} {empty:5} {refused:7} "
        f"{cpu:6.1f} {limit(errors):6.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("languages", nargs="*", help="codes; all without")
    parser.add_argument("--lines", type=int, default=40)
    parser.add_argument("--texts", type=Path, help="folder with a file of lines a language")
    parser.add_argument("--reader", help="instead of the language's own")
    parser.add_argument("--worst", type=int, default=0, help="worst lines to show a language")
    options = parser.parse_args()
    known = load_languages()
    print("text:", options.texts or "synth.ocr.corpus, three phrases of at most 40 characters to an address")
    print(f"{'language':8} {'reader':20} lines  median     95%   worst  exact empty refused     ms  limit")
    for code in options.languages or known:
        texts = _texts(code, options.lines, options.texts)
        print(row(known[code], options.reader, texts, options.worst), flush=True)


def _texts(code: str, lines: int, folder: Path | None) -> list[str]:
    if folder is not None:
        return (folder / f"{code}.txt").read_text(encoding="utf-8").splitlines()[:lines]
    writer = Writer(code, np.random.default_rng(0))
    return [writer.phrase(40) if i % 4 else writer.address() for i in range(lines)]


if __name__ == "__main__":
    main()
