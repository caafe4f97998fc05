"""An excerpt of the user's film with labels laid over it, encoded again: what is stored, and what its frames are drawn from.

The stored film has every frame of the excerpt at its own time, to 1/90,000 s, so that what a container states badly (AVI) is stated well. A
label is black letters on a plain plate, shown over whole frames from one time to another. Nothing here asks anything.
"""

import io
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import accumulate

import av
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from synth.render.fonts import TYPEFACES, FontFile, font_path
from synth.video.decode import Film, Frames, frames_at
from synth.video.encode import X264, picture_of

CLOCK = Fraction(1, 90_000)
"""Seconds a tick of stored films: that of MPEG, in which common rates are whole numbers."""
LONGEST_PX = 640
"""Side to which larger films are scaled down (chosen: frames of a clip are seldom shown larger)."""
CRF = "21"
BATCH = 64
TEXT_HEIGHT, PADDING = 0.115, 0.35
"""Of a label: letters' size in parts of the film's height, room around them in parts of that (chosen: legible at 320 x 180)."""
SMALLEST_PX = 18
LEAST_S = 0.5
"""Labels that would be on for less are left out (chosen: people need as long to read one)."""
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ2345679"
"""Of labels; those that are taken for each other are left out."""
FONT: FontFile = TYPEFACES["dejavu-sans"].bold


@dataclass(frozen=True, slots=True)
class Label:
    """Text laid over a film.

    Attributes:
        text: Five letters or digits with a hyphen.
        start: Where it begins, in parts of the film's length.
        length: For how long it is shown, likewise.
        place: (x, y) of its middle, in parts of the room there is.
    """

    text: str
    start: float
    length: float
    place: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Shown:
    """A label as the stored film has it.

    Attributes:
        text: What it says.
        first: Number of the first frame that shows it.
        last: Number of the last.
        start_s: When it appears.
        end_s: When it is gone: the time of the next frame, or the end of the film.
        box_px: In frames of the stored film.
    """

    text: str
    first: int
    last: int
    start_s: float
    end_s: float
    box_px: tuple[int, int, int, int]


def draw_text(rng: Generator) -> str:
    """A text that no film has of itself: `K7-QX4`."""
    letters = [LETTERS[int(n)] for n in rng.integers(len(LETTERS), size=5)]
    return "".join([*letters[:2], "-", *letters[2:]])


def draw_labels(count: int, rng: Generator) -> tuple[Label, ...]:
    """Labels one after another with gaps between them, all of different texts, at times of a continuous law."""
    cuts = np.sort(rng.uniform(0.02, 0.98, 2 * count))
    texts: list[str] = []
    while len(texts) < count:
        if (text := draw_text(rng)) not in texts:
            texts.append(text)
    places = rng.uniform(0, 1, (count, 2))
    return tuple(
        Label(text, float(cuts[2 * k]), float(cuts[2 * k + 1] - cuts[2 * k]), (float(places[k][0]), float(places[k][1])))
        for k, text in enumerate(texts)
    )


def stored_size(film: Film) -> tuple[int, int]:
    """(width, height) of the stored film: even numbers, at most `LONGEST_PX`."""
    scale = min(1.0, LONGEST_PX / max(film.width_px, film.height_px))
    width, height = (max(2, round(side * scale / 2) * 2) for side in (film.width_px, film.height_px))
    return width, height


def write_excerpt(source: bytes, film: Film, first: int, last: int, labels: tuple[Label, ...]) -> tuple[bytes, tuple[Shown, ...]]:
    """Frames `first` to `last` of a film as an MP4 of H.264, with labels.

    Returns:
        The film, and each label that at least one frame shows.
    """
    size = stored_size(film)
    begin = film.time_s[first]
    end = film.time_s[last + 1] if last + 1 < len(film.time_s) else film.duration_s
    ticks = [round(Fraction(time - begin) / CLOCK) for time in film.time_s[first : last + 1]]
    shown = tuple(found for label in labels if (found := _placed(label, ticks, round(Fraction(end - begin) / CLOCK), size)))
    sink = io.BytesIO()
    with av.open(sink, "w", format="mp4", options={"fflags": "+bitexact"}) as out:
        stream = out.add_stream("libx264", rate=max(1, round(film.rate)))
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.time_base = stream.codec_context.time_base = CLOCK
        stream.codec_context.thread_count = 1
        stream.options = {**X264, "crf": CRF, "g": "120", "bf": "2"}
        for number in range(first, last + 1, BATCH):
            batch = frames_at(source, film, range(number, min(number + BATCH, last + 1)), size)
            for place, pixels in enumerate(batch, number - first):
                picture = picture_of(_labelled(pixels, place, shown))
                picture.pts, picture.time_base = ticks[place], CLOCK
                out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    return sink.getvalue(), shown


def _placed(label: Label, ticks: list[int], end: int, size: tuple[int, int]) -> Shown | None:
    start, stop = label.start * end, (label.start + label.length) * end
    numbers = [number for number, tick in enumerate(ticks) if start <= tick < stop]
    if not numbers:
        return None
    after = ticks[numbers[-1] + 1] if numbers[-1] + 1 < len(ticks) else end
    height, width = plate(label.text, size[1]).shape
    if (after - ticks[numbers[0]]) * CLOCK < LEAST_S or width > size[0] or height > size[1]:
        return None
    x, y = round(label.place[0] * max(0, size[0] - width)), round(label.place[1] * max(0, size[1] - height))
    times = float(ticks[numbers[0]] * CLOCK), float(after * CLOCK)
    return Shown(label.text, numbers[0], numbers[-1], *times, (x, y, x + width, y + height))


def _labelled(pixels: Frames, number: int, shown: tuple[Shown, ...]) -> Frames:
    for label in shown:
        if label.first <= number <= label.last:
            x0, y0, x1, y1 = label.box_px
            part = plate(label.text, pixels.shape[0])[: pixels.shape[0] - y0, : pixels.shape[1] - x0]
            pixels[y0:y1, x0:x1] = part[..., None]
    return pixels


@cache
def plate(text: str, film_height_px: int) -> NDArray[np.uint8]:
    """A label's levels, (height, width): black on nearly white, with a black rim."""
    size = max(SMALLEST_PX, round(film_height_px * TEXT_HEIGHT))
    font = ImageFont.truetype(font_path(FONT), size, layout_engine=ImageFont.Layout.BASIC)
    advances = [round(font.getlength(sign)) for sign in text]
    _, top, _, bottom = font.getbbox(text, anchor="ls")
    pad = round(size * PADDING)
    picture = Image.new("L", (sum(advances) + 2 * pad, round(bottom - top) + 2 * pad), 245)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, picture.width - 1, picture.height - 1), outline=0, width=max(1, size // 12))
    for sign, x in zip(text, accumulate(advances, initial=pad), strict=False):  # no kerning, whole pixels: the same by any engine
        draw.text((x, pad - round(top)), sign, font=font, fill=0, anchor="ls")
    return np.asarray(picture)
