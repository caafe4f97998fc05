"""Building blocks of surfaces: value noise, streaks, relief, colour ramps. On bytes, by Pillow's C loops.

A *field* is a grey picture around 128: how high, how worn, how dark a place is. Noise is raw bytes of the generator, on a coarse grid, and
enlarged: what no NumPy release changes.
"""

from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from PIL import Image as Pillow
from PIL import ImageChops

Rgb: TypeAlias = tuple[int, int, int]
Size: TypeAlias = tuple[int, int]


def octave(size: Size, cell: tuple[float, float], rng: Generator, *, facets: bool = False) -> Pillow.Image:
    """Value noise: random heights at nodes `cell` pixels apart, across and down, and smooth between them (or straight, as `facets`)."""
    columns, rows = (max(1.0, side / step) for side, step in zip(size, cell, strict=True))
    nodes = (int(columns) + 4, int(rows) + 4)
    coarse = Pillow.frombytes("L", nodes, rng.bytes(nodes[0] * nodes[1]))
    method = Pillow.Resampling.BILINEAR if facets or min(cell) <= 2 else Pillow.Resampling.BICUBIC
    # A box that starts between nodes, so that no node always falls on the corner.
    x, y = 1 + float(rng.random()), 1 + float(rng.random())
    return coarse.resize(size, method, box=(x, y, x + columns, y + rows))


def cloud(size: Size, cell: tuple[float, float], rng: Generator, octaves: int = 3, rough: float = 0.4) -> Pillow.Image:
    """Noise on noise, each octave half as large as the last and `rough` times as high."""
    if min(cell) / 2**octaves >= 3:  # so smooth that a quarter of the pixels says it all
        half = (size[0] // 2 + 1, size[1] // 2 + 1)
        return cloud(half, (cell[0] / 2, cell[1] / 2), rng, octaves, rough).resize(size, Pillow.Resampling.BILINEAR)
    field = octave(size, cell, rng)
    height = total = 1.0
    for k in range(1, octaves):
        height *= rough
        total += height
        field = Pillow.blend(field, octave(size, (cell[0] / 2**k, cell[1] / 2**k), rng), height / total)
    return field


def relief(field: Pillow.Image, strength: float, step: int = 1) -> Pillow.Image:
    """The field as a landscape lit from the top left: 128 on level ground, lighter on slopes towards the light."""
    return ImageChops.subtract(field, ImageChops.offset(field, -step, -step), 1 / strength, 128)


def steeper(field: Pillow.Image, gain: float, middle: float = 128) -> Pillow.Image:
    """More contrast about a middle, which becomes 128."""
    return field.point(_bytes(128 + gain * (np.arange(256) - middle)))


def ramp(field: Pillow.Image, stops: list[Rgb]) -> Pillow.Image:
    """Colours by height: the first stop at 0, the last at 255, the others evenly between."""
    at = np.linspace(0, 255, len(stops))
    planes = [field.point(_bytes(np.interp(np.arange(256), at, [stop[k] for stop in stops]))) for k in range(3)]
    return Pillow.merge("RGB", planes)


def emboss(picture: Pillow.Image, bumps: Pillow.Image) -> Pillow.Image:
    """Add a field to all three colours: 128 changes nothing."""
    return ImageChops.add(picture, Pillow.merge("RGB", (bumps, bumps, bumps)), offset=-128)


def grain(size: Size, height: float, rng: Generator, cell: float = 1.0) -> Pillow.Image:
    """A field of fine noise that is at most `height` above or below 128."""
    if cell <= 1:
        noise = Pillow.frombytes("L", size, rng.bytes(size[0] * size[1]))
    else:
        noise = octave(size, (cell, cell), rng)
    return noise.point(_bytes(128 + (np.arange(256) - 127.5) * (height / 127.5)))


def flat(field: Pillow.Image, height: float) -> Pillow.Image:
    """The field with its whole range pressed into 128 - height to 128 + height."""
    return field.point(_bytes(128 + (np.arange(256) - 127.5) * (height / 127.5)))


def cover(picture: Pillow.Image, colour: Rgb, mask: Pillow.Image, share: float = 1.0) -> None:
    """Lay a colour over a picture, in place, as far as the mask and `share` say."""
    if share < 1:
        mask = mask.point(_bytes(np.arange(256) * share))
    picture.paste(colour, (0, 0, *picture.size), mask)


def tiled(tile: Pillow.Image, size: Size) -> Pillow.Image:
    """A tile repeated, by doubling."""
    picture = Pillow.new(tile.mode, size)
    picture.paste(tile, (0, 0))
    width, height = tile.size
    while width < size[0]:
        picture.paste(picture.crop((0, 0, width, height)), (width, 0))
        width *= 2
    while height < size[1]:
        picture.paste(picture.crop((0, 0, size[0], height)), (0, height))
        height *= 2
    return picture


def shades(colour: Rgb, factor: float) -> Rgb:
    """A colour made darker (below 1) or lighter."""
    red, green, blue = (max(0, min(255, round(value * factor))) for value in colour)
    return (red, green, blue)


def pick(rng: Generator, colours: tuple[Rgb, ...], jitter: int = 10) -> Rgb:
    """One of some colours, moved by up to `jitter` a channel."""
    chosen = colours[int(rng.integers(len(colours)))]
    red, green, blue = (max(0, min(255, value + int(rng.integers(-jitter, jitter + 1)))) for value in chosen)
    return (red, green, blue)


def between(rng: Generator, low: float, high: float) -> float:
    """A number from low to high."""
    return low + (high - low) * float(rng.random())


def _bytes(values: "np.typing.NDArray[np.floating]") -> list[int]:
    tones: list[int] = np.clip(np.rint(values), 0, 255).astype(int).tolist()
    return tones
