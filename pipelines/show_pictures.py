"""Draws evidence into pages for people to look at: downscaled pages with one colour a question, crops around each box, thumbnails. WebP
data URIs out.

The stored pixels are never changed, only copies. Boxes are in the pixels of the stored image.
"""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from schemas.sample import BoxPx, Image

PAGE_SIDE_PX, THUMB_SIDE_PX, CROP_SIDE_PX = 1100, 220, 560
"""Longest sides of what is embedded (chosen: a page of text is readable when zoomed, and 16 documents stay near 20 MB)."""
MARGIN_PX = (150, 44)
"""Of the surroundings that a crop shows left and right, above and below, in stored pixels."""
COLORS = ("#d9480f", "#1971c2", "#2f9e44", "#9c36b5", "#e03131", "#0c8599", "#f08c00", "#6741d9", "#c2255c", "#5c940d")
"""One a question, in turn; dark enough for white letters and for white paper (Open Color 7 to 9)."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One box to draw: where, in which colour, and the short text on its flag."""

    box_px: BoxPx
    color: str
    label: str


def color_of(question: int) -> str:
    """The colour of question number `question`, from 0."""
    return COLORS[question % len(COLORS)]


def draw_page(image: Image, marks: Sequence[Mark], side_px: int = PAGE_SIDE_PX) -> str:
    """The image, at most `side_px` long, with `marks` drawn in, as a data URI."""
    picture = _open(image)
    scale = min(1.0, side_px / max(picture.size))
    picture = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), PillowImage.Resampling.LANCZOS)
    return _encode(_draw(picture, [_scaled(mark, scale, (0.0, 0.0)) for mark in marks]))


def draw_crop(image: Image, mark: Mark) -> str:
    """The surroundings of one mark with the mark drawn in, as a data URI."""
    picture = _open(image)
    x0, y0, x1, y1 = mark.box_px
    left, top = max(0, int(x0) - MARGIN_PX[0]), max(0, int(y0) - MARGIN_PX[1])
    cut = picture.crop((left, top, min(picture.width, int(x1) + MARGIN_PX[0] + 1), min(picture.height, int(y1) + MARGIN_PX[1] + 1)))
    scale = min(1.0, CROP_SIDE_PX / max(cut.size))
    cut = cut.resize((max(1, round(cut.width * scale)), max(1, round(cut.height * scale))), PillowImage.Resampling.LANCZOS)
    return _encode(_draw(cut, [_scaled(Mark(mark.box_px, mark.color, ""), scale, (left, top))]))


def _open(image: Image) -> PillowImage.Image:
    return PillowImage.open(io.BytesIO(image.data)).convert("RGB")


def _scaled(mark: Mark, scale: float, origin: tuple[float, float]) -> Mark:
    x0, y0, x1, y1 = mark.box_px
    left, top = origin
    return Mark(((x0 - left) * scale, (y0 - top) * scale, (x1 - left) * scale, (y1 - top) * scale), mark.color, mark.label)


def _draw(picture: PillowImage.Image, marks: Sequence[Mark]) -> PillowImage.Image:
    pen = ImageDraw.Draw(picture, "RGBA")
    font = ImageFont.load_default(13)
    for mark in marks:
        x0, y0, x1, y1 = mark.box_px
        box = (x0 - 2, y0 - 2, x1 + 2, y1 + 2)
        pen.rectangle(box, outline=mark.color, width=2, fill=f"{mark.color}22")
        if mark.label:
            width = pen.textlength(mark.label, font=font) + 6
            left = min(max(0.0, box[0]), picture.width - width)
            top = box[1] - 16 if box[1] >= 16 else box[3]
            pen.rectangle((left, top, left + width, top + 16), fill=mark.color)
            pen.text((left + 3, top), mark.label, fill="white", font=font)
    return picture


def _encode(picture: PillowImage.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, format="WEBP", quality=62, method=3)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
