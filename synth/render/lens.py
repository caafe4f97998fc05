"""What a lens and a sensor do to a picture: blur, a shaken hand, noise."""

from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.random import Generator

from synth.render.pixels import Grey, blended, blurred, enlarged, flipped, looked_up, raised, shifted, table, turned
from synth.render.pixels import noise as noise_field
from synth.render.planes import Planes

_NORMAL: Final = np.array([NormalDist().inv_cdf((byte + 0.5) / 256) for byte in range(256)])


def blur(picture: Grey, sigma: float) -> Grey:
    """A blur of that standard deviation, in pixels."""
    return blurred(picture, sigma)


def smear(picture: Grey, reach: tuple[int, int]) -> Grey:
    """A straight smear from -`reach` to `reach`: first short steps, then long ones, so that no ghosts remain."""
    if reach == (0, 0):
        return picture
    length = max(abs(reach[0]), abs(reach[1]))
    for part in range(length.bit_length() - 1, -1, -1):
        dx, dy = round(reach[0] / 2**part), round(reach[1] / 2**part)
        picture = blended(picture, shifted(picture, dx, dy), 0.5)
        picture = blended(picture, shifted(picture, -dx, -dy), 0.5)
    return picture


def add_noise(photo: Planes, sigma: float, grain_px: float, rng: Generator) -> Planes:
    """Noise in brightness of that standard deviation, in grains of that many pixels, and a third of it in colour.

    Uniform bytes through the inverse normal distribution.
    """
    width, height = (max(1, round(side / grain_px)) for side in photo.size)
    # Enlarging by interpolation evens noise out, to 2/3 of its height an axis at most.
    grain = noise_field((width, height), rng)
    noise = looked_up(grain, _normal(sigma * min(1.6, max(1.0, grain_px))))
    if (width, height) != photo.size:
        noise = enlarged(noise, photo.size)
    # The same grains, seen elsewhere: other places, other sizes, so nothing of it shows.
    rows, columns = photo.blue.shape
    part = grain[: min(rows, height), : min(columns, width)]
    mottle = looked_up(part, _normal(sigma / 3))
    if mottle.shape != photo.blue.shape:
        mottle = enlarged(mottle, (columns, rows))
    return Planes(raised(photo.luma, noise), raised(photo.blue, turned(mottle)), raised(photo.red, flipped(mottle)), photo.step)


def _normal(sigma: float) -> Grey:
    """A table that makes uniform bytes normal, around 128."""
    return table(128.0 + sigma * _NORMAL)
