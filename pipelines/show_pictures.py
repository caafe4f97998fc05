"""Draws what the HTML page embeds of a sample: previews of its images, and cuts around the evidence of each question.

Each image is decoded once. Nothing is drawn into pixels: a `Preview` keeps which part of the stored image it shows, so that boxes can be
laid over it.
"""

import base64
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image as PillowImage

from pipelines.show_clips import contact_sheet
from pipelines.show_cuts import Cut, Flags, cut_around, find_ink, group_boxes
from pipelines.show_exchange import Exchange
from schemas.sample import BoxPx, Evidence, Image, Sample

PAGE_SIDE_PX, OTHER_SIDE_PX, COVER_SIDE_PX = 1100, 480, 400
"""Longest sides of images with evidence, of the others, and on the contact sheet (chosen: evidence can be read, sixteen documents stay near
20 MB)."""
MAX_IMAGES, MAX_CROPS = 48, 6
"""Images of a sample and crops of a question that are shown; images with evidence come first."""
MANY, SPAN = 6, 0.6
"""An image with more evidence of one question than this, over more than this share of its height, is shown whole instead of cropped."""
COLORS = ("#b83b06", "#1864ab", "#237032", "#862e9c", "#c92a2a", "#0b7285", "#8a5a00", "#5f3dc4", "#a61e4d", "#4a6b0a")
"""One a question, in turn; white letters on them have a contrast of 4.5 or more (WCAG 2.2, 1.4.3)."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture as a data URI, and the part of the stored image that it shows."""

    uri: str
    part: Cut

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of that part in stored pixels."""
        return self.part[2] - self.part[0], self.part[3] - self.part[1]


@dataclass(frozen=True, slots=True)
class Crop:
    """Evidence of one question that lies together on one image, and the cuts that show it, from top to bottom."""

    image: int
    evidence: tuple[Evidence, ...]
    pieces: tuple[Preview, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is shown of a sample: its images by index, the crops by the question's number, a picture for the page's contents, and a contact
    sheet of each clip.
    """

    images: dict[int, Preview]
    crops: dict[int, list[Crop]]
    cover: Preview | None
    clips: tuple[Preview, ...] = ()


def color_of(question: int) -> str:
    """The colour of question number `question`, from 0."""
    return COLORS[question % len(COLORS)]


def draw(sample: Sample, asked: Sequence[Exchange]) -> Drawing:
    """Draw the previews and crops of a sample."""
    evidence = {exchange.number: _by_image(exchange.evidence) for exchange in asked}
    used = Counter(image for by_image in evidence.values() for image, items in by_image.items() for _ in items)
    telling = max(used, key=lambda image: (used[image], -image), default=0)  # a cover says little
    images: dict[int, Preview] = {}
    crops: dict[int, list[Crop]] = {exchange.number: [] for exchange in asked}
    cover = None
    for index in chosen_images(len(sample.images), used):
        picture = _decode(sample.images[index])
        images[index] = _shrink(picture, PAGE_SIDE_PX if used[index] else OTHER_SIDE_PX)
        cover = _shrink(picture, COVER_SIDE_PX) if index == telling else cover
        if used[index]:
            ink = find_ink(np.asarray(picture.convert("L")))
            for number, by_image in evidence.items():
                items = by_image.get(index, ())
                whole = _is_everywhere([item.box_px for item in items if item.box_px], picture.height)
                crops[number] += [Crop(index, tuple(items), (images[index],))] if whole else _crops(picture, ink, index, items)
    sheets = [contact_sheet(clip, number, asked, COLORS) for number, clip in enumerate(sample.clips)]
    clips = tuple(Preview(_encode(sheet), (0, 0, sheet.width, sheet.height)) for sheet in sheets)
    if sheets and cover is None:
        cover = _shrink(sheets[0], COVER_SIDE_PX)
    return Drawing(images, {number: found[:MAX_CROPS] for number, found in crops.items()}, cover, clips)


def chosen_images(number: int, used: Iterable[int]) -> list[int]:
    """Indices of the images to show, in order: at most `MAX_IMAGES`, those with evidence before others, early ones before late."""
    order = sorted(range(number), key=lambda index: (index not in set(used), index))
    return sorted(order[:MAX_IMAGES])


def _by_image(evidence: Iterable[Evidence]) -> dict[int, list[Evidence]]:
    found: dict[int, list[Evidence]] = {}
    for item in evidence:
        if item.image is not None and item.box_px is not None:
            found.setdefault(item.image, []).append(item)
    return found


def _is_everywhere(boxes: Sequence[BoxPx], height: int) -> bool:
    return len(boxes) > MANY and max(box[3] for box in boxes) - min(box[1] for box in boxes) > SPAN * height


def _crops(picture: PillowImage.Image, ink: Flags, index: int, evidence: Sequence[Evidence]) -> Iterable[Crop]:
    for boxes in group_boxes([item.box_px for item in evidence if item.box_px]):
        pieces = tuple(Preview(_encode(picture.crop(cut)), cut) for cut in cut_around(ink, boxes))
        yield Crop(index, tuple(item for item in evidence if item.box_px in boxes), pieces)


def _decode(image: Image) -> PillowImage.Image:
    picture = PillowImage.open(io.BytesIO(image.data))
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")


def _shrink(picture: PillowImage.Image, side_px: int) -> Preview:
    scale = min(1.0, side_px / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = picture.resize(size, PillowImage.Resampling.HAMMING, reducing_gap=2.0)
    return Preview(_encode(small), (0, 0, picture.width, picture.height))


def _encode(picture: PillowImage.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, format="WEBP", quality=42, method=1)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
