"""Grounds made of paper and board: what documents, receipts, notes and parcels are written on. All drawn, nothing photographed."""

import itertools
from functools import partial

import numpy as np
from numpy.random import Generator
from PIL import ImageDraw

from synth.render.pixels import Size, blurred, enlarged, raised, scaled
from synth.render.planes import Planes, Rgb
from synth.render.texture import (
    between,
    cloud,
    cover,
    drawn,
    emboss,
    flat,
    grain,
    octave,
    pick,
    ramp,
    relief,
    shades,
    spread,
    tiled,
    toned,
)

_WHITES: tuple[Rgb, ...] = ((250, 250, 248), (246, 244, 238), (243, 238, 226), (238, 230, 208), (244, 246, 250))


def paper(width: int, height: int, rng: Generator) -> Planes:
    """Office paper, white to cream, with the faint unevenness that a camera sees."""
    return _sheet((width, height), pick(rng, _WHITES, 5), between(rng, 0.97, 0.99), rng)


def aged_paper(width: int, height: int, rng: Generator) -> Planes:
    """Yellowed towards its edges, with foxing."""
    size = (width, height)
    colour = pick(rng, ((236, 220, 182), (228, 208, 164), (240, 228, 200)), 8)
    picture = _sheet(size, colour, 0.88, rng)
    edge = drawn((32, 32), lambda pen: pen.rectangle((3, 3, 28, 28), fill=0), 255, softness=2.4)
    cover(picture, shades(colour, 0.62), scaled(enlarged(edge, size), cloud(size, (70, 70), rng)), 0.9)
    spots = toned(cloud(size, (16, 16), rng, 2), lambda value: 6 * (value - 198))
    cover(picture, (150, 104, 58), spots, 0.3)
    return picture


def ruled_paper(width: int, height: int, rng: Generator) -> Planes:
    """A writing pad: level lines and perhaps a red margin."""
    picture = _sheet((width, height), pick(rng, _WHITES, 4), 0.98, rng)
    pitch = int(between(rng, 22, 44))
    lines = np.zeros((height, width), np.uint8)
    for y in range(int(rng.integers(pitch)), height, pitch):
        lines[y : y + 1 + (pitch > 32)] = 255
    cover(picture, pick(rng, ((120, 160, 210), (150, 160, 180), (140, 190, 200))), lines, between(rng, 0.5, 0.9))
    if rng.random() < 0.5:
        at = int(between(rng, 0.04, 0.12) * width)
        bar = np.zeros((height, width), np.uint8)
        bar[:, at : at + 2] = 255
        cover(picture, (215, 110, 120), bar, 0.8)
    return picture


def squared_paper(width: int, height: int, rng: Generator) -> Planes:
    """A maths pad."""
    picture = _sheet((width, height), pick(rng, _WHITES, 4), 0.98, rng)
    pitch = int(between(rng, 14, 28))
    tile = np.zeros((pitch, pitch), np.uint8)
    tile[0] = tile[:, 0] = 255
    cover(picture, pick(rng, ((150, 180, 215), (170, 175, 185), (160, 200, 170))), tiled(tile, (width, height)), between(rng, 0.4, 0.8))
    return picture


def folded_paper(width: int, height: int, rng: Generator) -> Planes:
    """A letter that was folded, each panel leaning to the light in its own way."""
    size = (width, height)
    picture = _sheet(size, pick(rng, _WHITES, 5), 0.97, rng)
    for axis in (0, 1):
        folds = int(rng.integers(1, 3)) if axis else int(rng.integers(0, 3))
        marks = [0, *(round(size[axis] * (k + 1 + between(rng, -0.12, 0.12)) / (folds + 1)) for k in range(folds)), size[axis]]
        profile = np.full(size[axis], 128.0)
        for start, end in itertools.pairwise(marks):
            low, high = between(rng, -9, 9), between(rng, -9, 9)
            profile[start:end] = 128 + np.linspace(low, high, max(end - start, 1), endpoint=False)[: len(profile[start:end])]
            if start:
                profile[max(start - 3, 0) : start] = 112
                profile[start : start + 3] = 146
        strip = blurred(np.rint(profile).astype(np.uint8)[None], 0.9)
        strip = strip if axis == 0 else strip.T
        emboss(picture, np.ascontiguousarray(np.broadcast_to(strip, (height, width))))
    return picture


def crumpled_paper(width: int, height: int, rng: Generator) -> Planes:
    """Paper that was a ball: flat facets between sharp creases."""
    size = (width, height)
    picture = _sheet(size, pick(rng, _WHITES, 5), 0.97, rng)
    small = (width // 2 + 1, height // 2 + 1)
    cell = between(rng, 30, 60)
    bumps = np.full(small[::-1], 128, np.uint8)
    # Ridges of straight noise, each pass finer than the last.
    for fineness in (1.0, 0.55, 0.3):
        facets = octave(small, (cell * fineness, cell * fineness * between(rng, 0.7, 1.4)), rng, facets=True)
        bumps = raised(bumps, flat(relief(facets, 2.4 * fineness), 60))
    return emboss(picture, flat(enlarged(bumps, size), between(rng, 50, 90)))


def stained_paper(width: int, height: int, rng: Generator) -> Planes:
    """A cup stood here, once or twice."""
    size = (width, height)
    picture = _sheet(size, pick(rng, _WHITES, 5), 0.96, rng)
    half = (width // 2 + 1, height // 2 + 1)
    for _ in range(int(rng.integers(1, 4))):
        radius = between(rng, 0.16, 0.3) * min(max(half), 3 * min(half))
        x, y = between(rng, 0, half[0]), between(rng, 0, half[1])
        box = (x - radius, y - radius, x + radius, y + radius)
        filled = 46 if rng.random() < 0.4 else 0
        start = between(rng, 0, 360)
        arc = (start, start + between(rng, 200, 360))
        width_px = max(2, round(radius / 18))
        disc = drawn(half, partial(ImageDraw.ImageDraw.ellipse, xy=box, fill=filled))
        ring = drawn(half, partial(ImageDraw.ImageDraw.arc, xy=box, start=arc[0], end=arc[1], fill=190, width=width_px))
        mask = blurred(np.maximum(disc, ring), 0.6 * max(1.0, radius / 50))
        cover(
            picture,
            pick(rng, ((120, 76, 34), (134, 92, 50))),
            enlarged(scaled(mask, cloud(half, (radius / 3, radius / 3), rng, 3, 0.5)), size),
            0.75,
        )
    return picture


def thermal_paper(width: int, height: int, rng: Generator) -> Planes:
    """A till receipt: cool white, faint lengthwise streaks, curled edges."""
    size = (width, height)
    streaks = flat(octave(size, (9, height * 2.0), rng), 3)
    picture = ramp(streaks, [(236, 236, 240), (252, 252, 254)])
    curl = spread([[90, 30, 8, 0, 0, 0, 8, 30, 90]], size)
    cover(picture, (140, 140, 150), curl, between(rng, 0.3, 0.9))
    return grain(picture, 3, rng)


def cardboard(width: int, height: int, rng: Generator) -> Planes:
    """A parcel: brown board whose flutes show through, with dark fibres."""
    size = (width, height)
    colour = pick(rng, ((190, 150, 104), (176, 136, 92), (204, 168, 122)), 8)
    picture = ramp(cloud(size, (160, 40), rng), [shades(colour, 0.88), shades(colour, 1.08)])
    pitch = int(between(rng, 9, 16))
    flute = np.rint(128 + 5 * (np.abs(2 * np.arange(pitch) / pitch - 1) * 2 - 1)).astype(np.uint8)[None]
    emboss(picture, tiled(flute if rng.random() < 0.5 else flute.T, size))
    fibres = toned(octave(size, (9, 1.6), rng), lambda value: 4 * (value - 215))
    cover(picture, shades(colour, 0.55), fibres, 0.5)
    return grain(picture, 9, rng)


def sticky_note(width: int, height: int, rng: Generator) -> Planes:
    """Coloured paper, lighter where it lifts off."""
    size = (width, height)
    colour = pick(rng, ((250, 232, 110), (250, 180, 200), (170, 226, 150), (150, 210, 240), (250, 190, 110)), 8)
    lift = spread([[96], [128], [128], [140], [168]], size)
    picture = ramp(lift, [shades(colour, 0.86), colour, shades(colour, 1.06)])
    return emboss(grain(picture, 4, rng), flat(cloud(size, (90, 90), rng), 4))


def _sheet(size: Size, colour: Rgb, evenness: float, rng: Generator) -> Planes:
    """Clouds of the pulp, then fibres: light and short, in no direction."""
    picture = ramp(cloud(size, (90, 90), rng, 2), [shades(colour, evenness), shades(colour, 2 - evenness)])
    return grain(picture, between(rng, 2, 5), rng, 1.7 if rng.random() < 0.5 else 1.0)
