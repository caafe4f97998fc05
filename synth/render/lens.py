"""What a lens and a sensor do to a picture: blur, a shaken hand, noise. On bytes, by Pillow's C loops."""

import math
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.random import Generator
from PIL import Image as Pillow
from PIL import ImageChops

from synth.render.planes import Planes

_NORMAL: Final = np.array([NormalDist().inv_cdf((byte + 0.5) / 256) for byte in range(256)])


def blur(picture: Pillow.Image, sigma: float) -> Pillow.Image:
    """A blur of that standard deviation, up to about 3 px, four times as fast as a box filter: pairs of shifted copies mixed in.

    Mixing a share a of a copy shifted by d, and then of one shifted by -d, adds a variance of 2 a (1 - a) d^2.
    """
    left = sigma * sigma
    for step in (1, 2, 4):
        variance = min(left, 0.5 * step * step)
        if variance < 0.01:  # a tenth of a pixel
            break
        share = (1.0 - math.sqrt(1.0 - 2.0 * variance / (step * step))) / 2.0
        picture = _mixed(_mixed(picture, step, 0, share), 0, step, share)
        left -= variance
    return picture


def smear(picture: Pillow.Image, reach: tuple[int, int]) -> Pillow.Image:
    """A straight smear from -`reach` to `reach`: first short steps, then long ones, so that no ghosts remain."""
    if reach == (0, 0):
        return picture
    length = max(abs(reach[0]), abs(reach[1]))
    for part in range(length.bit_length() - 1, -1, -1):
        picture = _mixed(picture, round(reach[0] / 2**part), round(reach[1] / 2**part), 0.5)
    return picture


def _mixed(picture: Pillow.Image, dx: int, dy: int, share: float) -> Pillow.Image:
    picture = Pillow.blend(picture, _shifted(picture, dx, dy), share)
    return Pillow.blend(picture, _shifted(picture, -dx, -dy), share)


def _shifted(picture: Pillow.Image, dx: int, dy: int) -> Pillow.Image:
    """Moved by whole pixels; where nothing moves in, what was there stays."""
    width, height = picture.size
    moved = ImageChops.offset(picture, dx, dy)  # wraps around
    if dx:
        x0, x1 = (0, dx) if dx > 0 else (width + dx, width)
        moved.paste(picture.crop((x0, 0, x1, height)), (x0, 0))
    if dy:
        y0, y1 = (0, dy) if dy > 0 else (height + dy, height)
        moved.paste(picture.crop((0, y0, width, y1)), (0, y0))
    return moved


def add_noise(photo: Planes, sigma: float, grain_px: float, rng: Generator) -> Planes:
    """Noise in brightness of that standard deviation, in grains of that many pixels, and a third of it in colour.

    Uniform bytes through the inverse normal distribution: raw bytes are what no NumPy release changes.
    """
    width, height = (max(1, round(side / grain_px)) for side in photo.size)
    # Enlarging by interpolation evens noise out, to 2/3 of its height an axis at most.
    grain = Pillow.frombytes("L", (width, height), rng.bytes(width * height))
    noise = grain.point(_normal(sigma * min(1.6, max(1.0, grain_px))))
    if noise.size != photo.size:
        noise = noise.resize(photo.size, Pillow.Resampling.BILINEAR)
    # add(a, b, offset=-128) is a + b - 128, clipped: noise centred on 128 leaves the mean alone.
    luma = ImageChops.add(photo.luma, noise, offset=-128)
    # The same grains, seen elsewhere: other places, other sizes, so nothing of it shows.
    mottle = grain.point(_normal(sigma / 3))
    colours = []
    for plane, turn in ((photo.blue, Pillow.Transpose.ROTATE_180), (photo.red, Pillow.Transpose.FLIP_LEFT_RIGHT)):
        part = mottle.crop((0, 0, *plane.size)) if min(*(a - b for a, b in zip(mottle.size, plane.size, strict=True))) >= 0 else mottle
        part = part if part.size == plane.size else part.resize(plane.size, Pillow.Resampling.BILINEAR)
        colours.append(ImageChops.add(plane, part.transpose(turn), offset=-128))
    return Planes(luma, colours[0], colours[1], photo.step)


def _normal(sigma: float) -> list[int]:
    """A table that makes uniform bytes normal, around 128."""
    tones: list[int] = np.clip(np.rint(128.0 + sigma * _NORMAL), 0, 255).astype(int).tolist()
    return tones
