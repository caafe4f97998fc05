"""Makes some words of a picture unreadable: a bar, a strip of tape, a blot or a thumb over them, or their ink smeared.

What is hidden is hidden whole, and no other word is touched, so that the right answer is clear: each word can be read, or cannot. The clean
rendering keeps all of its text; its layer says which words are hidden, and the verifier, which shares nothing with this module, proves that
from the picture (`visible.py`). Lengths are pixels of the plate.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter

from schemas.geometry import clip_box, union_box
from schemas.sample import BoxPx
from schemas.text_layer import TextLayer, Word
from synth.render.ink import Plate
from synth.render.photo import Wear

Kind = Literal["bar", "tape", "blot", "smear", "thumb"]
KINDS: Mapping[Wear, tuple[Kind, ...]] = {
    "print": ("bar", "smear"),
    "scan": ("bar", "tape", "blot", "smear"),
    "photo": ("tape", "blot", "smear", "thumb"),
    "harsh": ("tape", "blot", "smear", "thumb"),
}
"""What happens to text before a picture of it is taken so: nobody's thumb lies in a scanner."""
GAP_PX = 2.0
"""Room that a cover leaves to words that stay readable; a lens blurs its edge."""
MOST_HIDDEN = 0.34
"""Share of a picture's words that one damage may hide, if it is more than one word (chosen: enough is left to ask about)."""
SMEAR_TONE = 130
"""Coverage of smeared ink where it is darkest, of 255 (chosen: plain to see)."""
_LEAST_MARGIN_PX = 2.0

Grey: TypeAlias = NDArray[np.uint8]
Rgb: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Damage:
    """One damage.

    Attributes:
        kind: What it is.
        at: Which of the words that may be hidden it lies on, as a share of them in reading order.
        reach_em: How far it goes on to both sides.
    """

    kind: Kind
    at: float
    reach_em: float


@dataclass(frozen=True, slots=True)
class Cover:
    """Something opaque over a ground: its colour, and where, (height, width), 255 being there."""

    colour: Rgb
    mask: Grey


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A plate that says which of its words are hidden, what is left of its ink (as the plate's pixels), and what lies on the ground."""

    plate: Plate
    printed: Grey
    covers: tuple[Cover, ...]


def draw_damage(share: float, wear: Wear, rng: Generator) -> tuple[Damage, ...]:
    """One damage, rarely two, in a share of pictures."""
    if rng.random() >= share:
        return ()
    kinds = KINDS[wear]
    count = 1 if rng.random() < 0.75 else 2
    return tuple(
        Damage(
            kinds[int(rng.integers(len(kinds)))],
            round(float(rng.random()), 4),
            0.0 if rng.random() < 0.5 else round(4.0 * float(rng.random()), 2),
        )
        for _ in range(count)
    )


def spoil(plate: Plate, damages: Sequence[Damage], ground: Rgb, rng: Generator, spared: Collection[int] = ()) -> Spoilt:
    """Hide words of a plate.

    Args:
        plate: The text; its pixels are left as they are.
        damages: What happens to it. One that would cover a part of a word that must stay readable does not happen.
        ground: Mean colour of what the text is printed on, from which covers differ.
        rng: Draws shapes and colours.
        spared: Numbers of lines that stay readable.
    """
    printed = plate.pixels
    words = plate.layer.words
    may = np.array([number not in spared for number, line in enumerate(plate.layer.lines) for _ in line.words])
    hidden: set[int] = set()
    covers: list[Cover] = []
    for damage in damages:
        chosen = _chosen(damage, words, may, (plate.layer.width_px, plate.layer.height_px))
        if chosen is None:
            continue
        numbers, inner, outer = chosen
        mask = _shape(damage.kind, inner, outer, printed.shape, rng)
        if damage.kind == "smear":
            printed = _smeared(printed, mask, _em(words[min(numbers)]), rng)
        else:
            printed = np.maximum(printed, mask)
            covers.append(Cover(_colour(damage.kind, ground, rng), mask))
        hidden |= numbers
    return Spoilt(replace(plate, layer=_told(plate.layer, hidden)), printed, tuple(covers))


def _told(layer: TextLayer, hidden: Collection[int]) -> TextLayer:
    """The layer with words of those numbers, in reading order, said to be hidden."""
    numbers = iter(range(len(layer.words)))
    lines = [replace(line, words=tuple(replace(word, hidden=next(numbers) in hidden) for word in line.words)) for line in layer.lines]
    return replace(layer, lines=tuple(lines))


def _chosen(damage: Damage, words: Sequence[Word], may: NDArray[np.bool_], size: tuple[int, int]) -> tuple[set[int], BoxPx, BoxPx] | None:
    """Numbers of the words that a damage hides, the box around their ink, and the box it must stay in; None if there is no such place."""
    lettered = [n for n in np.flatnonzero(may).tolist() if any(char.isalnum() for char in words[n].text)]
    if not lettered:
        return None
    first = lettered[int(damage.at * len(lettered))]
    em = _em(words[first])
    rim = 0.12 * em  # a picture that is covered all over shows no cover
    shown = (rim, rim, size[0] - rim, size[1] - rim)
    for reach in (damage.reach_em * em, 0.0):
        area = words[first].box_px
        if damage.kind == "thumb":
            area = (0.0, area[1], area[2], area[3]) if area[0] + area[2] < size[0] else (area[0], area[1], float(size[0]), area[3])
        area = union_box([area, clip_box((area[0] - reach, area[1] - reach / 2, area[2] + reach, area[3] + reach / 2), shown)])
        found = _grown(area, words, em)
        if found is None or not may[list(found[0])].all() or len(found[0]) > max(1.0, MOST_HIDDEN * len(words)):
            continue
        numbers, inner, outer = found
        room = (0.0, 0.0, float(size[0]), float(size[1])) if damage.kind == "thumb" else (rim, rim, size[0] - rim, size[1] - rim)
        return numbers, clip_box(inner, room), union_box([clip_box(inner, room), clip_box(outer, room)])
    return None


def _grown(area: BoxPx, words: Sequence[Word], em: float) -> tuple[set[int], BoxPx, BoxPx] | None:
    """Grow an area until every word that it comes near lies wholly inside; the words' numbers, that area, and the room around it."""
    boxes = np.array([word.box_px for word in words])
    for _ in range(len(words)):
        near = _meets(boxes, area, _LEAST_MARGIN_PX + GAP_PX)
        grown = union_box([area, *(words[n].box_px for n in np.flatnonzero(near).tolist())])
        if grown == area:
            others = boxes[~near]
            margin = 0.35 * em
            while margin > _LEAST_MARGIN_PX and _meets(others, area, margin + GAP_PX).any():
                margin -= 0.5
            m = max(margin, _LEAST_MARGIN_PX)
            return set(np.flatnonzero(near).tolist()), area, (area[0] - m, area[1] - m, area[2] + m, area[3] + m)
        area = grown
    return None


def _meets(boxes: NDArray[np.float64], area: BoxPx, margin: float) -> NDArray[np.bool_]:
    x0, y0, x1, y1 = area
    found: NDArray[np.bool_] = (
        (boxes[:, 0] < x1 + margin) & (boxes[:, 2] > x0 - margin) & (boxes[:, 1] < y1 + margin) & (boxes[:, 3] > y0 - margin)
    )
    return found


def _em(word: Word) -> float:
    return max(run.size_px for run in word.runs)


def _shape(kind: Kind, inner: BoxPx, outer: BoxPx, shape: tuple[int, ...], rng: Generator) -> Grey:
    """Where a damage is, (height, width): 255 all over `inner`, 0 outside `outer`."""
    mask = Pillow.new("L", (shape[1], shape[0]), 0)
    pen = ImageDraw.Draw(mask)
    x0, y0, x1, y1 = (round(side) for side in outer)
    pad = max(1, round(min(inner[0] - outer[0], inner[1] - outer[1], outer[2] - inner[2], outer[3] - inner[3])))
    if kind in ("bar", "tape"):
        pen.rectangle((x0, y0, x1 - 1, y1 - 1), fill=255)
    elif kind == "blot":
        pen.polygon(_wavy((x0, y0, x1, y1), pad, rng), fill=255)
    else:
        # A corner of radius r leaves that of a box inside by a margin m uncovered from r = 3.4 m on.
        pen.rounded_rectangle((x0, y0, x1 - 1, y1 - 1), radius=3 * pad, fill=255)
    found = np.array(mask)
    a, b, c, d = (int(inner[0]), int(inner[1]), int(np.ceil(inner[2])), int(np.ceil(inner[3])))
    found[b:d, a:c] = 255
    return found


def _wavy(box: tuple[int, int, int, int], depth: int, rng: Generator) -> list[tuple[float, float]]:
    """A box whose sides go in by up to `depth`, a point every five pixels or so."""
    x0, y0, x1, y1 = box
    across, down = np.linspace(x0, x1, max(4, (x1 - x0) // 5)), np.linspace(y0, y1, max(4, (y1 - y0) // 5))
    sides = [[(x, y0) for x in across], [(x1, y) for y in down], [(x, y1) for x in across[::-1]], [(x0, y) for y in down[::-1]]]
    inward = ((0, 1), (-1, 0), (0, -1), (1, 0))
    return [
        (x + dx * depth * share, y + dy * depth * share)
        for side, (dx, dy) in zip(sides, inward, strict=True)
        for (x, y), share in zip(side, rng.random(len(side)).tolist(), strict=True)
    ]


def _smeared(printed: Grey, mask: Grey, em: float, rng: Generator) -> Grey:
    """The ink under the mask, wiped to one side while wet."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    place = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    wide, high = round(em * (1.2 + 0.8 * float(rng.random()))), round(0.7 * em)
    wiped = Pillow.fromarray(np.where(mask > 0, 255 - printed, 0).astype(np.uint8)[place])
    for _ in range(3):
        wiped = wiped.filter(ImageFilter.BoxBlur((wide, high)))
    ink = np.asarray(wiped, np.float64)
    soft = np.asarray(Pillow.fromarray(mask[place]).filter(ImageFilter.GaussianBlur(0.12 * em)), np.float64) / 255.0
    smeared = printed.copy()
    tone = 255.0 - SMEAR_TONE / max(float(ink.max()), 1.0) * ink * soft
    smeared[place] = np.where(mask[place] > 0, tone, printed[place]).astype(np.uint8)
    return smeared


def _colour(kind: Kind, ground: Rgb, rng: Generator) -> Rgb:
    """A colour of a cover that stands out from the ground as far as any of its kind, or by `DISTANCE` at least."""
    colours = COLOURS[kind]
    apart = {colour: max(abs(a - b) for a, b in zip(colour, ground, strict=True)) for colour in colours}
    fitting = [colour for colour in colours if apart[colour] >= min(DISTANCE, max(apart.values()))]
    return fitting[int(rng.integers(len(fitting)))]


DISTANCE = 60
"""Levels, in one of red, green and blue, between a cover and its ground (chosen: plain to see on a dark photograph too)."""
COLOURS: Mapping[Kind, tuple[Rgb, ...]] = {
    "bar": ((0, 0, 0), (24, 24, 26), (235, 235, 235)),
    "tape": ((168, 150, 112), (188, 164, 96), (150, 116, 76), (120, 132, 140), (226, 220, 200)),
    "blot": ((20, 22, 40), (38, 44, 110), (96, 58, 30), (30, 30, 30), (228, 226, 220)),
    "thumb": ((196, 146, 120), (170, 120, 92), (120, 82, 60), (84, 56, 42)),
}
"""Redactions; paper, masking and packing tape; ink, coffee and correction fluid; skin."""
