"""What a lens and a sensor do to a picture: blur, a shaken hand, noise. On bytes, by Pillow's C loops."""

import math
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.random import Generator
from PIL import Image as Pillow
from PIL import ImageChops

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


def noise(size: tuple[int, int], sigma: float, grain_px: float, rng: Generator) -> Pillow.Image:
    """Noise around 128: uniform bytes through the inverse normal distribution. Raw bytes are what no NumPy release changes."""
    width, height = (max(1, round(side / grain_px)) for side in size)
    grain = Pillow.frombytes("L", (width, height), rng.bytes(width * height))
    # Enlarging by interpolation evens noise out, to 2/3 of its height an axis at most.
    sigma *= min(1.6, max(1.0, grain_px))
    grain = grain.point(np.clip(np.rint(128.0 + sigma * _NORMAL), 0, 255).astype(int).tolist())
    if grain.size != size:
        grain = grain.resize(size, Pillow.Resampling.BILINEAR)
    # Most of what a viewer sees is brightness; the rest differs by colour: the same grains, seen elsewhere.
    red, blue = ImageChops.offset(grain, size[0] // 3 + 1, size[1] // 5 + 1), ImageChops.offset(grain, size[0] // 7 + 2, 3)
    return Pillow.merge("RGB", (Pillow.blend(grain, red, 0.35), grain, Pillow.blend(grain, blue, 0.35)))
