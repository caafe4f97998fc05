"""Grounds made of paper and board: what documents, receipts, notes and parcels are written on. All drawn, nothing photographed."""

import itertools

from numpy.random import Generator
from PIL import Image as Pillow
from PIL import ImageChops, ImageDraw, ImageFilter

from synth.render.texture import Rgb, Size, between, cloud, cover, emboss, flat, grain, octave, pick, ramp, relief, shades, tiled

_WHITES: tuple[Rgb, ...] = ((250, 250, 248), (246, 244, 238), (243, 238, 226), (238, 230, 208), (244, 246, 250))


def paper(width: int, height: int, rng: Generator) -> Pillow.Image:
    """Office paper, white to cream, with the faint unevenness that a camera sees."""
    return _sheet((width, height), pick(rng, _WHITES, 5), between(rng, 0.97, 0.99), rng)


def aged_paper(width: int, height: int, rng: Generator) -> Pillow.Image:
    """Yellowed towards its edges, with foxing."""
    size = (width, height)
    colour = pick(rng, ((236, 220, 182), (228, 208, 164), (240, 228, 200)), 8)
    picture = _sheet(size, colour, 0.88, rng)
    edge = Pillow.new("L", (32, 32), 255)
    ImageDraw.Draw(edge).rectangle((3, 3, 28, 28), fill=0)
    edge = edge.filter(ImageFilter.BoxBlur(3)).filter(ImageFilter.BoxBlur(2)).resize(size, Pillow.Resampling.BICUBIC)
    cover(picture, shades(colour, 0.62), ImageChops.multiply(edge, cloud(size, (70, 70), rng)), 0.9)
    spots = octave(size, (14, 14), rng).point([max(0, (value - 225) * 6) if value > 225 else 0 for value in range(256)])
    cover(picture, (150, 104, 58), spots, 0.3)
    return picture


def ruled_paper(width: int, height: int, rng: Generator) -> Pillow.Image:
    """A writing pad: level lines and perhaps a red margin."""
    picture = _sheet((width, height), pick(rng, _WHITES, 4), 0.98, rng)
    pitch = int(between(rng, 22, 44))
    lines = Pillow.new("L", (width, height), 0)
    draw = ImageDraw.Draw(lines)
    for y in range(int(rng.integers(pitch)), height, pitch):
        draw.line((0, y, width, y), fill=255, width=1 + (pitch > 32))
    cover(picture, pick(rng, ((120, 160, 210), (150, 160, 180), (140, 190, 200))), lines, between(rng, 0.5, 0.9))
    if rng.random() < 0.5:
        at = int(between(rng, 0.04, 0.12) * width)
        cover(picture, (215, 110, 120), _bar((width, height), at, 2), 0.8)
    return picture


def squared_paper(width: int, height: int, rng: Generator) -> Pillow.Image:
    """A maths pad."""
    picture = _sheet((width, height), pick(rng, _WHITES, 4), 0.98, rng)
    pitch = int(between(rng, 14, 28))
    tile = Pillow.new("L", (pitch, pitch), 0)
    ImageDraw.Draw(tile).line((0, pitch - 1, 0, 0, pitch - 1, 0), fill=255)
    cover(picture, pick(rng, ((150, 180, 215), (170, 175, 185), (160, 200, 170))), tiled(tile, (width, height)), between(rng, 0.4, 0.8))
    return picture


def folded_paper(width: int, height: int, rng: Generator) -> Pillow.Image:
    """A letter that was folded, each panel leaning to the light in its own way."""
    size = (width, height)
    picture = _sheet(size, pick(rng, _WHITES, 5), 0.97, rng)
    bumps = Pillow.new("L", size, 128)
    for axis in (0, 1):
        folds = int(rng.integers(1, 3)) if axis else int(rng.integers(0, 3))
        marks = [0, *(round(size[axis] * (k + 1 + between(rng, -0.12, 0.12)) / (folds + 1)) for k in range(folds)), size[axis]]
        profile = Pillow.new("L", (size[axis], 1), 128)
        draw = ImageDraw.Draw(profile)
        for start, end in itertools.pairwise(marks):
            low, high = between(rng, -9, 9), between(rng, -9, 9)
            for x in range(start, end):
                draw.point((x, 0), round(128 + low + (high - low) * (x - start) / (end - start)))
            if start:
                draw.line((start - 3, 0, start - 1, 0), fill=112)
                draw.line((start, 0, start + 2, 0), fill=146)
        profile = profile.filter(ImageFilter.BoxBlur((1.2, 0)))
        strip = profile if axis == 0 else profile.transpose(Pillow.Transpose.ROTATE_270)
        bumps = ImageChops.add(bumps, strip.resize(size), offset=-128)
    return emboss(picture, bumps)


def crumpled_paper(width: int, height: int, rng: Generator) -> Pillow.Image:
    """Paper that was a ball: flat facets between sharp creases."""
    size = (width, height)
    picture = _sheet(size, pick(rng, _WHITES, 5), 0.97, rng)
    small = (width // 2 + 1, height // 2 + 1)
    cell = between(rng, 30, 60)
    bumps = Pillow.new("L", small, 128)
    # Ridges of straight noise, each pass finer than the last.
    for fineness in (1.0, 0.55, 0.3):
        facets = octave(small, (cell * fineness, cell * fineness * between(rng, 0.7, 1.4)), rng, facets=True)
        bumps = ImageChops.add(bumps, flat(relief(facets, 2.4 * fineness), 60), offset=-128)
    return emboss(picture, flat(bumps.resize(size, Pillow.Resampling.BILINEAR), between(rng, 50, 90)))


def stained_paper(width: int, height: int, rng: Generator) -> Pillow.Image:
    """A cup stood here, once or twice."""
    size = (width, height)
    picture = _sheet(size, pick(rng, _WHITES, 5), 0.96, rng)
    half = (width // 2 + 1, height // 2 + 1)
    for _ in range(int(rng.integers(1, 4))):
        mask = Pillow.new("L", half, 0)
        draw = ImageDraw.Draw(mask)
        radius = between(rng, 0.16, 0.3) * min(max(half), 3 * min(half))
        x, y = between(rng, 0, half[0]), between(rng, 0, half[1])
        box = (x - radius, y - radius, x + radius, y + radius)
        if rng.random() < 0.4:
            draw.ellipse(box, fill=46)
        start = between(rng, 0, 360)
        draw.arc(box, start, start + between(rng, 200, 360), fill=190, width=max(2, round(radius / 18)))
        mask = mask.filter(ImageFilter.BoxBlur(max(1.0, radius / 50)))
        mask = ImageChops.multiply(mask, cloud(half, (radius / 3, radius / 3), rng, 3, 0.5)).resize(size, Pillow.Resampling.BILINEAR)
        cover(picture, pick(rng, ((120, 76, 34), (134, 92, 50))), mask, 0.75)
    return picture


def thermal_paper(width: int, height: int, rng: Generator) -> Pillow.Image:
    """A till receipt: cool white, faint lengthwise streaks, curled edges."""
    size = (width, height)
    streaks = flat(octave(size, (9, height * 2.0), rng), 3)
    edge = ramp(streaks, [(236, 236, 240), (252, 252, 254)])
    curl = Pillow.new("L", (9, 1), 0)
    curl.putdata([90, 30, 8, 0, 0, 0, 8, 30, 90])
    cover(edge, (140, 140, 150), curl.resize(size, Pillow.Resampling.BICUBIC), between(rng, 0.3, 0.9))
    return emboss(edge, grain(size, 3, rng))


def cardboard(width: int, height: int, rng: Generator) -> Pillow.Image:
    """A parcel: brown board whose flutes show through, with dark fibres."""
    size = (width, height)
    colour = pick(rng, ((190, 150, 104), (176, 136, 92), (204, 168, 122)), 8)
    picture = ramp(cloud(size, (160, 40), rng), [shades(colour, 0.88), shades(colour, 1.08)])
    pitch = int(between(rng, 9, 16))
    flute = Pillow.new("L", (pitch, 1), 128)
    flute.putdata([128 + round(5 * (abs(2 * k / pitch - 1) * 2 - 1)) for k in range(pitch)])
    picture = emboss(picture, tiled(flute, size) if rng.random() < 0.5 else tiled(flute.transpose(Pillow.Transpose.ROTATE_90), size))
    fibres = octave(size, (9, 1.6), rng).point([max(0, value - 215) * 4 for value in range(256)])
    cover(picture, shades(colour, 0.55), fibres, 0.5)
    return emboss(picture, grain(size, 9, rng))


def sticky_note(width: int, height: int, rng: Generator) -> Pillow.Image:
    """Coloured paper, lighter where it lifts off."""
    size = (width, height)
    colour = pick(rng, ((250, 232, 110), (250, 180, 200), (170, 226, 150), (150, 210, 240), (250, 190, 110)), 8)
    lift = Pillow.new("L", (1, 5), 0)
    lift.putdata([96, 128, 128, 140, 168])
    picture = ramp(lift.resize(size, Pillow.Resampling.BICUBIC), [shades(colour, 0.86), colour, shades(colour, 1.06)])
    return emboss(picture, ImageChops.add(grain(size, 4, rng), flat(cloud(size, (90, 90), rng), 4), offset=-128))


def _sheet(size: Size, colour: Rgb, evenness: float, rng: Generator) -> Pillow.Image:
    """Clouds of the pulp, then fibres: light and short, in no direction."""
    picture = ramp(cloud(size, (90, 90), rng, 2), [shades(colour, evenness), shades(colour, 2 - evenness)])
    return emboss(picture, grain(size, between(rng, 2, 5), rng, 1.7 if rng.random() < 0.5 else 1.0))


def _bar(size: Size, x: int, width: int) -> Pillow.Image:
    """An upright bar as a mask."""
    mask = Pillow.new("L", size, 0)
    mask.paste(255, (x, 0, x + width, size[1]))
    return mask
