"""Building blocks of surfaces: value noise, streaks, relief, colour ramps.

A *field* is a grey picture around 128: how high, how worn, how dark a place is. Noise is raw bytes of a generator, on a coarse grid, and
enlarged: what no NumPy release changes. A process draws one large field of each kind, of which pictures take parts where their own
generator says. Coloured pictures are `Planes` with colour at half resolution, so that what changes brightness
alone, as relief and grain do, is a third of the work.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.random import PCG64, Generator
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from synth.render.pixels import (
    Grey,
    Size,
    blurred,
    difference,
    enlarged,
    grained,
    halved,
    looked_up,
    noise,
    raised,
    risen,
    shifted,
    table,
    times,
)
from synth.render.planes import Planes, Rgb, ycc

Pen: TypeAlias = ImageDraw.ImageDraw
_TONES = np.arange(256.0)
_FIELD_PX = 1024
_SAMPLES = 6
"""Of one octave alone, as `_samples`."""


def octave(size: Size, cell: tuple[float, float], rng: Generator, *, facets: bool = False) -> Grey:
    """Value noise: random heights at nodes `cell` pixels apart, across and down, and smooth between them (or straight, as `facets`)."""
    if max(cell) <= _SAMPLES:
        nodes = (max(2, round(size[0] / cell[0])), max(2, round(size[1] / cell[1])))
        return enlarged(noise(nodes, rng), size)
    if min(cell) <= _SAMPLES:  # streaks: each row, or column, of nodes is as good as a row of the field
        rows = _streaks()
        along, over = (0, 1) if cell[0] > cell[1] else (1, 0)
        window = (max(2, round(size[along] / cell[along] * _SAMPLES)), max(2, round(size[over] / cell[over])))
        part = _window(rows, window, rng)
        return enlarged(part if along == 0 else np.ascontiguousarray(part.T), size)
    return _scaled_window(_field(1, 1.0, facets), size, cell, _SAMPLES, rng)


def cloud(size: Size, cell: tuple[float, float], rng: Generator, octaves: int = 3, rough: float = 0.4) -> Grey:
    """Noise on noise, each octave half as large as the last and `rough` times as high."""
    finest = 2 ** (octaves - 1)
    return _scaled_window(_field(octaves, rough, False), size, (cell[0] / finest, cell[1] / finest), _samples(octaves), rng)


def _scaled_window(field: Grey, size: Size, cell: tuple[float, float], samples: int, rng: Generator) -> Grey:
    """A part of a field that has `samples` places a cell, such that its cells become so many pixels."""
    window = tuple(max(2, min(4 * side, round(side / step * samples))) for side, step in zip(size, cell, strict=True))
    return enlarged(_window(field, (window[0], window[1]), rng), size)


def _window(field: Grey, size: Size, rng: Generator) -> Grey:
    """A part of a field somewhere; the field repeats where the part is larger."""
    height, width = field.shape
    if size[0] > width or size[1] > height:
        field = np.pad(field, ((0, max(0, size[1] - height)), (0, max(0, size[0] - width))), mode="wrap")
        height, width = field.shape
    x, y = int(rng.integers(width - size[0] + 1)), int(rng.integers(height - size[1] + 1))
    return field[y : y + size[1], x : x + size[0]]


def _samples(octaves: int) -> int:
    """Places a cell of the finest octave at which noise is worked out; straight lines run between (chosen: no edge shows)."""
    return _SAMPLES if octaves == 1 else 4 if octaves <= 3 else 2


@cache
def _field(octaves: int, rough: float, facets: bool) -> Grey:
    """Noise of `_FIELD_PX` squared that a process draws once, for pictures to take parts of."""
    rng = Generator(PCG64(octaves))
    heights = [rough**k for k in range(octaves)]
    weights = [round(256 * height / sum(heights)) for height in heights]
    weights[0] += 256 - sum(weights)
    total = np.zeros((_FIELD_PX, _FIELD_PX), np.uint16)
    for k, weight in enumerate(weights):
        cell = _samples(octaves) * 2 ** (octaves - 1 - k)
        nodes = _FIELD_PX // cell + 3
        coarse = np.frombuffer(rng.bytes(nodes * nodes), np.uint8).reshape(nodes, nodes).astype(np.int16)
        total += _smooth(_smooth(coarse, cell, facets).T, cell, facets).T.astype(np.uint16) * np.uint16(weight)
    total >>= 8
    return total.astype(np.uint8)


@cache
def _streaks() -> Grey:
    """As `_field`, each row with heights of its own."""
    nodes = (_FIELD_PX, _FIELD_PX // _SAMPLES + 3)
    coarse = np.frombuffer(Generator(PCG64(0)).bytes(nodes[0] * nodes[1]), np.uint8).reshape(nodes).astype(np.int16)
    return _smooth(coarse, _SAMPLES, facets=False).astype(np.uint8)


def _smooth(nodes: NDArray[np.int16], cell: int, facets: bool) -> NDArray[np.int16]:
    """`_FIELD_PX` places along the second axis, `cell` of them from node to node."""
    at = (np.arange(_FIELD_PX) + 0.5) / cell
    node = at.astype(np.intp)
    share = at - node
    if not facets:
        share = share * share * (3.0 - 2.0 * share)
    left = nodes[:, node]
    left += (nodes[:, node + 1] - left) * np.rint(share * 128.0).astype(np.int16) >> 7
    return left


def relief(field: Grey, strength: float, step: int = 1) -> Grey:
    """The field as a landscape lit from the top left: 128 on level ground, lighter on slopes towards the light."""
    return steeper(difference(field, shifted(field, -step, -step)), strength)


def steeper(field: Grey, gain: float, middle: float = 128) -> Grey:
    """More contrast about a middle, which becomes 128."""
    return looked_up(field, table(128 + gain * (_TONES - middle)))


def flat(field: Grey, height: float) -> Grey:
    """The field with its whole range pressed into 128 - height to 128 + height."""
    return looked_up(field, table(128 + (_TONES - 127.5) * (height / 127.5)))


def toned(field: Grey, tone: Callable[[NDArray[np.float64]], NDArray[Any]]) -> Grey:
    """Each byte replaced by what a function makes of it, rounded and clipped."""
    return looked_up(field, table(tone(_TONES)))


def ramp(field: Grey, stops: Sequence[Rgb]) -> Planes:
    """Colours by height: the first stop at 0, the last at 255, the others evenly between."""
    coarse = halved(field)
    luma, *chroma = zip(*map(ycc, stops), strict=True)
    return Planes(_toned_by_stops(field, luma), _toned_by_stops(coarse, chroma[0]), _toned_by_stops(coarse, chroma[1]), 2)


def _toned_by_stops(field: Grey, stops: Sequence[int]) -> Grey:
    if len(stops) == 2:
        return risen(field, *stops)
    return looked_up(field, table(np.interp(_TONES, _places(len(stops)), stops)))


@cache
def _places(stops: int) -> NDArray[np.float64]:
    """Of so many stops, evenly from 0 to 255."""
    return np.linspace(0, 255, stops)


def emboss(picture: Planes, bumps: Grey) -> Planes:
    """Add a field to the brightness, in place: 128 changes nothing."""
    picture.luma = raised(picture.luma, bumps)
    return picture


def grain(picture: Planes, height: float, rng: Generator, cell: float = 1.0) -> Planes:
    """Lay fine noise on the brightness, in place, at most `height` above or below what it was."""
    field = noise(picture.size, rng) if cell <= 1 else octave(picture.size, (cell, cell), rng)
    picture.luma = grained(picture.luma, field, height)
    return picture


def cover(picture: Planes, colour: Rgb, mask: Grey, share: float = 1.0) -> None:
    """Lay a colour over a picture, in place, as far as the mask and `share` say."""
    picture.lay(ycc(colour), times(mask, share) if share < 1 else mask)


def tiled(tile: Grey, size: Size) -> Grey:
    """A tile repeated."""
    times = tuple(-(-side // part) for side, part in zip(size[::-1], tile.shape, strict=True))
    return np.ascontiguousarray(np.tile(tile, times)[: size[1], : size[0]])


def spread(rows: Sequence[Sequence[float]], size: Size) -> Grey:
    """A few tones, given by rows, spread over a picture."""
    return enlarged(np.array(rows, np.uint8), size)


def drawn(size: Size, paint: Callable[[Pen], object], ground: int = 0, softness: float = 0.0) -> Grey:
    """A grey picture drawn with Pillow's pen, then blurred by a standard deviation."""
    mask = Pillow.new("L", size, ground)
    paint(ImageDraw.Draw(mask))
    return blurred(np.asarray(mask), softness)


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
