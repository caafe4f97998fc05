"""Contact sheets of clips: the frames that a model is shown, each with its time, and under it a bar in the colour of every question whose
evidence covers that time. Serves the HTML page; nothing here knows a family.
"""

import io
import math
from collections.abc import Sequence

from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from pipelines.show_exchange import Exchange
from schemas.sample import Clip

COLUMNS, MOST = 8, 64
"""Frames in a row and on a sheet; of longer clips evenly spaced ones (chosen)."""
THUMB_PX, FOOT_PX, BAR_PX = 168, 18, 5
"""Width of a frame, height of the line with its time, and of the bar of a question (chosen)."""


def spaced(count: int, most: int = MOST) -> list[int]:
    """Places of at most `most` of `count` frames, evenly spaced, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(k * (count - 1) / (most - 1)) for k in range(most)})


def contact_sheet(clip: Clip, number: int, asked: Sequence[Exchange], colors: Sequence[str]) -> PillowImage.Image:
    """The sheet of clip `number` of a sample.

    Args:
        clip: The clip.
        number: Its place among the sample's clips.
        asked: Questions; bars tell which frames lie in a span of their evidence.
        colors: One a question, in turn.
    """
    places = spaced(len(clip.frames))
    first = _opened(clip.frames[0])
    height = max(1, round(THUMB_PX * first.height / first.width))
    spans = [(colors[e.number % len(colors)], [i.time_s for i in e.evidence if i.clip == number and i.time_s]) for e in asked]
    spans = [(color, times) for color, times in spans if times]
    cell = height + FOOT_PX + BAR_PX * len(spans)
    columns = min(COLUMNS, len(places))
    sheet = PillowImage.new("RGB", (columns * (THUMB_PX + 4), math.ceil(len(places) / columns) * (cell + 4)), "#ffffff")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for place, index in enumerate(places):
        x, y = place % columns * (THUMB_PX + 4), place // columns * (cell + 4)
        sheet.paste(_opened(clip.frames[index]).resize((THUMB_PX, height), PillowImage.Resampling.HAMMING), (x, y))
        draw.text((x + 2, y + height + 1), f"{clip.time_s[index]:.2f} s · frame {clip.frame_index[index]}", font=font, fill="#333333")
        for row, (color, times) in enumerate(spans):
            if any(start <= clip.time_s[index] < end for start, end in times):
                top = y + height + FOOT_PX + row * BAR_PX
                draw.rectangle((x, top, x + THUMB_PX - 1, top + BAR_PX - 2), fill=color)
    return sheet


def _opened(frame: bytes) -> PillowImage.Image:
    return PillowImage.open(io.BytesIO(frame)).convert("RGB")
