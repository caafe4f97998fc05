"""How far two engines that agree on a line can be believed: the measurement behind `synth.ocr.images_labels.AGREEMENT`.

Pages and signs of Assay's own, whose text is known, are read as `ocr.images` reads a stranger's pictures: PaddleOCR finds and reads the
lines, a second engine reads each box again. Printed for limits on the difference between the two readings (edits as a share of the longer
one): the share of lines kept; of those kept, the share whose letters are the true ones, and whose spaces are, too, as each engine has them.

    python bench/ocr_agreement.py --samples 5                # 1,081 lines, some four minutes
    python bench/ocr_agreement.py --samples 5 --worst 12 en  # and lines both engines read alike, and wrong
"""

import argparse
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image as Pillow

from schemas.errors import DataError
from schemas.languages import language
from schemas.sample import BoxPx, Sample
from schemas.text_layer import read_layer
from synth.load import load_family
from synth.make import draft_sample
from synth.readers.engines import read_box, read_page
from synth.readers.models import UNWRITTEN, second_reader
from synth.readers.text import difference, fold
from synth.render.warp_file import stored_warp

SEED = 20261128
LIMITS = (0.0, 0.02, 0.05, 0.1, 0.2, 1.0)
LEAST_SHARE = 0.3
"""Clusters of a line in a box, as a share of those of the line that has most in it, from which they are meant (chosen)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line that PaddleOCR found: both readings, and what stands there."""

    first: str
    second: str
    true: str

    @property
    def text(self) -> str:
        """The first engine's reading, or the second one's if the first cannot write all of it."""
        return self.second if any(sign in self.second for sign in UNWRITTEN) else self.first


def true_text(sample: Sample, boxes: Sequence[BoxPx]) -> list[str]:
    """What stands in each box: the clusters whose middle lies in it, with spaces between words where the language has them.

    The upright box around a slanted line holds ends of its neighbours, which are left out.
    """
    layer, warp = read_layer(sample.stored), stored_warp(sample.stored)
    space = " " if language(sample.languages[0]).spaced else ""
    lines = [[(word, warp.boxes([cluster.box_px for cluster in word.clusters])) for word in line.words] for line in layer.lines]
    out = []
    for box in boxes:
        inside = []
        for line in lines:
            said = ["".join(c.text for c, at in zip(word.clusters, landed, strict=True) if holds(box, at)) for word, landed in line]
            inside.append(space.join(word for word in said if word))
        most = max(map(len, inside), default=0)
        out.append(space.join(text for text in inside if text and len(text) >= LEAST_SHARE * most))
    return out


def holds(box: BoxPx, other: BoxPx) -> bool:
    """Whether the middle of `other` lies in `box`."""
    x, y = (other[0] + other[2]) / 2, (other[1] + other[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def lines_of(sample: Sample) -> Iterator[Line]:
    with Pillow.open(io.BytesIO(sample.images[0].data)) as opened:
        picture = opened.convert("RGB")
    found = read_page(picture)
    reader = second_reader(sample.languages[0])
    for one, true in zip(found, true_text(sample, [one.box_px for one in found]), strict=True):
        yield Line(one.text, read_box(picture, one.box_px, reader).text, true)


def known(text: str) -> str:
    """Folded, and without signs that the first engine cannot write."""
    return fold(text.translate(dict.fromkeys(map(ord, UNWRITTEN))))


def spaced(text: str) -> str:
    """Folded, but for spaces."""
    return " ".join(fold(word) for word in text.split())


def report(name: str, found: Sequence[Line], worst: int = 0) -> None:
    for limit in LIMITS:
        kept = [line for line in found if fold(line.first) and difference(fold(line.first), known(line.second)) <= limit]
        right = sum(fold(line.text) == fold(line.true) for line in kept)
        first = sum(spaced(line.text) == spaced(line.true) for line in kept)
        second = sum(spaced(line.second) == spaced(line.true) for line in kept)
        shares = " ".join(f"{100 * number / max(1, len(kept)):8.1f}" for number in (right, first, second))
        print(f"{name:9} {limit:5.2f} {len(kept):6} {100 * len(kept) / max(1, len(found)):6.1f} {shares}", flush=True)
    wrong = [line for line in found if fold(line.first) == known(line.second) and spaced(line.text) != spaced(line.true)]
    for line in wrong[:worst]:
        print(f"    {line.first} | {line.second} | {line.true}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("languages", nargs="*", default=["en", "de", "fr", "zh-Hans", "ja"])
    parser.add_argument("--samples", type=int, default=5, help="pages and signs each a language")
    parser.add_argument("--worst", type=int, default=0, help="lines to show that both engines read alike and wrong")
    options = parser.parse_args()
    print("language  limit  lines kept %  letters right %, spaces too, as the first engine has them, as the second has them")
    everything: list[Line] = []
    for code in options.languages:
        mine: list[Line] = []
        for name in ("ocr.page", "ocr.scene"):
            family = load_family(name, {"languages": [code]})
            for index in range(options.samples):
                try:
                    mine += lines_of(draft_sample(family, name, index, SEED))
                except DataError:
                    continue  # a page whose text is too wide: another takes its place in no table
        report(code, mine, options.worst)
        everything += mine
    report("all", everything)


if __name__ == "__main__":
    main()
