"""Grounds that text is painted, printed, cut or shown on: walls, metal, wood, signs, screens, cloth, and what lies behind a caption.

All drawn, nothing photographed.
"""

from functools import partial

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from synth.render.pixels import blended, blurred, enlarged, raised, scaled, shifted
from synth.render.planes import Planes, Rgb, ycc
from synth.render.texture import (
    Pen,
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
    steeper,
    tiled,
    toned,
)

_PAINTS: tuple[Rgb, ...] = (
    (196, 40, 36),
    (28, 84, 160),
    (20, 110, 70),
    (240, 190, 40),
    (232, 230, 222),
    (40, 42, 46),
    (230, 120, 40),
    (90, 60, 120),
    (120, 180, 200),
    (200, 190, 160),
)


def plaster(width: int, height: int, rng: Generator) -> Planes:
    """A painted wall of rough plaster."""
    size = (width, height)
    colour = pick(rng, ((226, 218, 200), (214, 200, 178), (190, 200, 204), (232, 208, 170), (206, 150, 120), (170, 184, 160)), 12)
    picture = ramp(cloud(size, (180, 140), rng), [shades(colour, 0.9), shades(colour, 1.06)])
    cell = between(rng, 7, 16)
    picture = emboss(picture, flat(relief(cloud(size, (cell, cell), rng, 2, 0.35), 1.2), between(rng, 30, 60)))
    return grain(picture, 7, rng)


def concrete(width: int, height: int, rng: Generator) -> Planes:
    """Grey, stained, with pores."""
    size = (width, height)
    tone = int(between(rng, 120, 185))
    warm = int(between(rng, -4, 8))
    colour = (tone + warm, tone, tone - warm)
    picture = ramp(cloud(size, (230, 260), rng, 5, 0.5), [shades(colour, 0.74), colour, shades(colour, 1.14)])
    pores = toned(octave(size, (7, 7), rng), lambda value: 12 * (value - 226))
    cover(picture, shades(colour, 0.45), pores, 0.8)
    return grain(picture, 16, rng, 1.5)


def brick(width: int, height: int, rng: Generator) -> Planes:
    """A brick wall in running bond, each brick of its own tone."""
    size = (width, height)
    tall = max(14, round(between(rng, 0.055, 0.09) * max(size)))
    long, joint = round(2.9 * tall), max(2, tall // 9)
    colour = pick(rng, ((158, 78, 58), (172, 98, 70), (140, 88, 72), (196, 168, 140), (226, 222, 214)), 8)
    mortar = pick(rng, ((186, 178, 166), (160, 154, 146), (206, 200, 190)), 6)
    tones, bumps = np.zeros((height, width), np.uint8), np.full((height, width), 60, np.uint8)
    rows, columns = range(-1, height // tall + 2), range(-1, width // long + 2)
    draws = rng.random((len(rows), len(columns), 2))
    drawn_tones, drawn_bumps = (1 + 255 * draws[..., 0]).astype(int).tolist(), (160 + 25 * draws[..., 1]).astype(int).tolist()
    for row, its_tones, its_bumps in zip(rows, drawn_tones, drawn_bumps, strict=True):
        level = slice(max(row * tall + joint, 0), max(row * tall + tall, 0))
        for column, tone, bump in zip(columns, its_tones, its_bumps, strict=True):
            x = column * long + (row % 2) * long // 2
            box = (level, slice(max(x + joint, 0), max(x + long, 0)))
            tones[box], bumps[box] = tone, bump
    picture = Planes.plain(size, mortar)
    bricks = ramp(np.maximum(tones, 1), [shades(colour, 0.82), shades(colour, 1.12)])
    picture.lay(bricks, blurred(toned(tones, lambda value: 255 * (value > 0)), 0.6))
    bumps = raised(blurred(bumps, 0.9), flat(cloud(size, (11, 8), rng, 2), 34))
    emboss(picture, flat(relief(bumps, 0.8), 96))
    cover(picture, (30, 24, 20), steeper(cloud(size, (120, 90), rng), 1.4), 0.16)
    return grain(picture, 12, rng)


def brushed_metal(width: int, height: int, rng: Generator) -> Planes:
    """Stainless steel, brass or aluminium, brushed level, with the room mirrored in bands."""
    size = (width, height)
    colour = pick(rng, ((186, 188, 192), (200, 200, 200), (196, 176, 128), (150, 154, 162)), 6)
    bands = octave(size, (between(rng, 0.25, 0.6) * width, height * 3.0), rng)
    picture = ramp(flat(bands, 128), [shades(colour, 0.72), colour, shades(colour, 1.22)])
    streaks = blended(octave(size, (width / 2, 1.2), rng), octave(size, (width / 7, 1.0), rng), 0.5)
    return grain(emboss(picture, flat(streaks, between(rng, 16, 30))), 5, rng)


def wood(width: int, height: int, rng: Generator) -> Planes:
    """Planks: year rings cut lengthwise, pores, joints."""
    size = (width, height)
    colour = pick(rng, ((176, 124, 76), (150, 100, 62), (204, 164, 112), (108, 70, 44), (222, 196, 154)), 8)
    planks = int(rng.integers(1, 5))
    tall = -(-height // planks)
    picture = Planes.plain(size, shades(colour, 0.3))
    for row in range(planks):
        top = row * tall
        plank = (width, min(tall, height - top))
        if plank[1] <= 0:
            break
        rings = octave(plank, (width * between(rng, 0.5, 0.9), tall * between(rng, 0.3, 0.8)), rng)
        # A ring is a level line of a slow hill: the grey tones run through light and dark a dozen times, gently up and steeply down.
        turns = between(rng, 9, 18)
        rings = toned(rings, partial(_ring, turns=turns))
        rings = blurred(blended(rings, octave(plank, (width / 4, 2.2), rng), 0.45), 0.8)
        tone = shades(colour, between(rng, 0.88, 1.1))
        strip = ramp(rings, [shades(tone, 1.16), tone, shades(tone, 0.74)])
        pores = toned(octave(plank, (26, 1.3), rng), lambda value: 4 * (value - 200))
        cover(strip, shades(tone, 0.5), pores, 0.45)
        picture.put(strip, (0, top + 2 * (row > 0)))
    return grain(picture, 6, rng)


def _ring(value: NDArray[np.float64], turns: float) -> NDArray[np.float64]:
    part = value / 256 * turns % 1
    return 255 * np.minimum(part, (1 - part) * 4)


def painted_sign(width: int, height: int, rng: Generator) -> Planes:
    """An enamelled or painted board with a border and bolts in its corners; a little weathered."""
    size = (width, height)
    colour = pick(rng, _PAINTS, 10)
    picture = ramp(cloud(size, (220, 160), rng, 2), [shades(colour, 0.93), shades(colour, 1.05)])
    if min(size) >= 24:
        _frame(picture, colour, rng)
    dirt = steeper(cloud(size, (width / 14 + 4, height / 2), rng), 2.2, 150)
    cover(picture, (70, 58, 46), scaled(dirt, octave(size, (60, 60), rng)), between(rng, 0.08, 0.35))
    return grain(picture, 5, rng)


def _frame(picture: Planes, colour: Rgb, rng: Generator) -> None:
    """A border line, and a bolt in each corner."""
    size = width, height = picture.size
    short = min(size)
    border = (245, 244, 240) if sum(colour) < 420 else (34, 34, 38)
    inset, pen_px = max(2, round(short * between(rng, 0.02, 0.05))), max(1, round(short * between(rng, 0.008, 0.02)))
    if rng.random() < 0.75:
        box = (inset, inset, width - 1 - inset, height - 1 - inset)
        line = drawn(size, lambda pen: pen.rounded_rectangle(box, round(short * 0.06), outline=255, width=pen_px), softness=0.4)
        cover(picture, border, line)
    radius = max(2, round(short * 0.016))
    at = inset + pen_px + 2 * radius
    corners = [(x, y) for x in (at, width - 1 - at) for y in (at, height - 1 - at)]
    # A shadow below, the bolt, the light on it.
    for tone, offset, r in (
        (shades(colour, 0.45), (1.5, 2.0), radius),
        ((150, 150, 152), (0.0, 0.0), radius),
        ((220, 220, 222), (-radius / 8, -radius / 8), 0.375 * radius),
    ):
        middles = [(x + offset[0], y + offset[1]) for x, y in corners]
        cover(picture, tone, drawn(size, partial(_discs, middles=middles, r=r), softness=0.4))


def _discs(pen: Pen, middles: list[tuple[float, float]], r: float) -> None:
    for x, y in middles:
        pen.ellipse((x - r, y - r, x + r, y + r), fill=255)


def rusty_metal(width: int, height: int, rng: Generator) -> Planes:
    """Painted sheet metal where rust breaks through at some places."""
    size = (width, height)
    colour = pick(rng, _PAINTS, 12)
    picture = ramp(cloud(size, (90, 200), rng), [shades(colour, 0.82), shades(colour, 1.06)])
    rust = cloud(size, (width / 4 + 9, height / 3 + 9), rng, 6, 0.62)
    mask = steeper(rust, 16, between(rng, 150, 168))
    patches = ramp(cloud(size, (14, 14), rng, 2), [(66, 36, 24), (128, 66, 34), (168, 98, 52)])
    cover(picture, shades(colour, 0.55), steeper(rust, 7, 146), 0.4)  # where paint lifts, it darkens
    picture.lay(patches, mask)
    return grain(emboss(picture, flat(relief(mask, 0.5), 40)), 10, rng, 1.5)


def screen(width: int, height: int, rng: Generator) -> Planes:
    """A display close up: its grid of red, green and blue, a window's reflection across it."""
    size = (width, height)
    low, high = ((14, 18, 26), (38, 48, 66)) if rng.random() < 0.6 else ((206, 214, 222), (240, 243, 246))
    corners = [[int(rng.integers(256)) for _ in range(2)] for _ in range(2)]
    picture = ramp(spread(corners, size), [low, high])
    deep = int(between(rng, 190, 225))
    # Stripes of red, green and blue, dark between the rows. Their colours are finer than planes hold, and than a camera sees.
    shares = [ycc(colour)[0] for colour in ((255, deep, deep), (deep, 255, deep), (deep, deep, 255))]
    tile = np.array([shares, shares, [deep] * 3], np.uint8)
    picture.luma = scaled(picture.luma, tiled(tile, size))
    x, lean, broad = between(rng, -0.2, 1.0) * width / 4, between(rng, -0.3, 0.6) * height / 4, between(rng, 0.1, 0.35) * width / 4
    corners_px = [(x, 0), (x + broad, 0), (x + broad - lean, height / 4), (x - lean, height / 4)]
    gloss = drawn((width // 4 + 1, height // 4 + 1), lambda pen: pen.polygon(corners_px, fill=255), softness=between(rng, 0.6, 3.6))
    cover(picture, (255, 255, 255), enlarged(gloss, size), between(rng, 0.03, 0.14))
    return grain(picture, 4, rng)


def fabric(width: int, height: int, rng: Generator) -> Planes:
    """Canvas, denim or linen: threads over and under, each of its own thickness."""
    size = (width, height)
    colour = pick(rng, ((56, 74, 110), (198, 186, 160), (120, 40, 44), (70, 92, 70), (60, 60, 64), (220, 214, 204)), 10)
    p = int(rng.integers(2, 5))
    # Twill: the pattern moves on by one thread a row; plain weave: by half.
    shift = p if rng.random() < 0.5 else 1
    cell = [[148 if ((x + shift * (y // 2)) % (2 * p)) < p else 108 for x in range(2 * p)] for y in range(4 * p)]
    weave = flat(blurred(tiled(np.array(cell, np.uint8), size), 0.6), 90)
    threads = blended(octave(size, (60, 2.2), rng), octave(size, (2.2, 60), rng), 0.5)
    picture = ramp(cloud(size, (140, 140), rng), [shades(colour, 0.84), shades(colour, 1.1)])
    return grain(emboss(emboss(picture, weave), flat(threads, 34)), 9, rng)


def sky(width: int, height: int, rng: Generator) -> Planes:
    """Blue above, pale at the horizon, with clouds."""
    size = (width, height)
    top, low = ((64, 118, 190), (176, 208, 236)) if rng.random() < 0.7 else ((80, 84, 120), (240, 178, 130))
    picture = ramp(spread([[0], [110], [255]], size), [top, low])
    field = cloud(size, (width / 2.2 + 8, height / 3.2 + 8), rng, 6, 0.5)
    middle = between(rng, 110, 150)
    cover(picture, shades(low, 0.78), steeper(shifted(field, 3, 6), 3.2, middle + 12), 0.6)
    cover(picture, (250, 250, 250), steeper(field, 3.2, middle + 28), 0.95)
    return grain(picture, 3, rng)


def street(width: int, height: int, rng: Generator) -> Planes:
    """A street at night or a park by day, far out of focus: discs of light as large as the lens is open."""
    small = (width // 3 + 1, height // 3 + 1)
    night = rng.random() < 0.6
    if night:
        stops, lamps = (
            [(10, 10, 18), (44, 38, 50), (92, 70, 60)],
            ((255, 196, 120), (255, 120, 90), (150, 200, 255), (255, 240, 200), (120, 230, 160)),
        )
    else:
        stops, lamps = (
            [(38, 62, 34), (96, 128, 70), (196, 206, 150)],
            ((236, 244, 196), (190, 222, 140), (250, 250, 236), (150, 190, 110), (220, 230, 180)),
        )
    picture = ramp(blurred(steeper(cloud(small, (small[0] / 3 + 4, small[1] / 2 + 4), rng, 2), 1.3), 2.6), stops)
    radius = max(3.0, between(rng, 0.04, 0.09) * max(small))
    discs: dict[Rgb, list[tuple[float, float, float, int]]] = {}
    for _ in range(int(rng.integers(14, 40))):
        x, y = between(rng, 0, small[0]), between(rng, 0.05, 0.95) * small[1]
        disc = (x, y, radius * between(rng, 0.6, 1.15), int(between(rng, 40, 170)))
        discs.setdefault(lamps[int(rng.integers(len(lamps)))], []).append(disc)
    for lamp, several in discs.items():
        cover(picture, pick(rng, (lamp,), 10), drawn(small, partial(_lamps, lamps=several), softness=0.7))
    return grain(picture.enlarged((width, height)), 6, rng)


def _lamps(pen: Pen, lamps: list[tuple[float, float, float, int]]) -> None:
    """Discs of x, y, radius and strength, brighter at the rim, as a real lens draws them."""
    for x, y, r, strong in lamps:
        pen.ellipse((x - r, y - r, x + r, y + r), fill=round(strong * 0.8), outline=strong, width=max(1, round(r / 8)))


def chalkboard(width: int, height: int, rng: Generator) -> Planes:
    """A blackboard that was wiped, not washed."""
    size = (width, height)
    colour = pick(rng, ((36, 58, 48), (40, 42, 44), (30, 50, 60)), 5)
    picture = ramp(cloud(size, (200, 90), rng), [shades(colour, 0.85), shades(colour, 1.15)])
    wiped = blended(octave(size, (130, 9), rng), cloud(size, (170, 120), rng), 0.6)
    cover(picture, (214, 216, 210), steeper(wiped, 2.0, 160), between(rng, 0.08, 0.2))
    return grain(picture, 8, rng, 1.4)


def tiles(width: int, height: int, rng: Generator) -> Planes:
    """Glazed wall tiles, as in an underground station."""
    size = (width, height)
    side = max(20, round(between(rng, 0.09, 0.16) * max(size)))
    tall, joint = (side if rng.random() < 0.5 else side // 2), max(2, side // 28)
    colour = pick(rng, ((232, 234, 232), (196, 216, 220), (226, 214, 186), (60, 110, 120), (60, 80, 60)), 8)
    tile = drawn((side, tall), lambda pen: pen.rounded_rectangle((joint, joint, side - 1, tall - 1), joint, fill=150), 90, softness=0.7)
    heights = tiled(tile, size)
    columns, rows = width // side + 1, height // tall + 1
    tones = np.frombuffer(rng.bytes(columns * rows), np.uint8).reshape(rows, columns)
    tones = tones.repeat(tall, axis=0)[:height].repeat(side, axis=1)[:, :width]
    picture = ramp(np.ascontiguousarray(tones), [shades(colour, 0.95), shades(colour, 1.03)])
    cover(picture, (120, 116, 108), toned(heights, lambda value: np.where(value < 120, 255, 12 * (140 - value))), 0.85)
    emboss(picture, flat(relief(heights, 1.0, 2), 80))
    return grain(emboss(picture, flat(octave(size, (width / 2, height / 2), rng), 16)), 4, rng)


def label(width: int, height: int, rng: Generator) -> Planes:
    """A printed package: two colours that run into one another, broad bands, the gloss of foil."""
    size = (width, height)
    first, second = pick(rng, _PAINTS, 16), pick(rng, _PAINTS, 16)
    corners = [[int(rng.integers(60)), int(rng.integers(120))], [int(rng.integers(60)), int(rng.integers(90))]]
    picture = ramp(spread(corners, size), [first, second])
    small = (width // 2 + 1, height // 2 + 1)
    bands = []
    for _ in range(int(rng.integers(1, 4))):
        r = between(rng, 0.5, 1.6) * max(small)
        x, y = between(rng, -0.3, 1.3) * small[0], small[1] * between(rng, 0.3, 0.9) + r
        bands.append(((x - r, y - r * 1.05, x + r, y + r), int(rng.integers(90, 230))))
    band = drawn(small, partial(_ellipses, ellipses=bands))
    cover(picture, pick(rng, _PAINTS, 16), enlarged(band, size))
    gloss = steeper(octave(size, (width / 3 + 4, height * 2.0), rng), 2.5, 190)
    cover(picture, (255, 255, 255), gloss, between(rng, 0.05, 0.25))
    return grain(picture, 3, rng)


def _ellipses(pen: Pen, ellipses: list[tuple[tuple[float, float, float, float], int]]) -> None:
    for box, tone in ellipses:
        pen.ellipse(box, fill=tone)


def marble(width: int, height: int, rng: Generator) -> Planes:
    """Polished stone with veins."""
    size = (width, height)
    dark = rng.random() < 0.35
    stops = [(58, 62, 66), (40, 44, 48)] if dark else [(226, 226, 224), (244, 243, 240)]
    picture = ramp(cloud(size, (200, 160), rng), stops)
    for strength, cell in ((0.55, 0.5), (0.35, 0.22)):
        field = cloud(size, (cell * max(size), cell * 0.8 * max(size)), rng, 4, 0.42)
        # A vein is where the field crosses its middle.
        veins = toned(field, lambda value: 255 - np.abs(value - 128) * 255 / 7)
        veins = scaled(veins, octave(size, (90, 90), rng))
        cover(picture, (206, 206, 200) if dark else (120, 122, 128), veins, strength)
    return grain(picture, 3, rng)


def asphalt(width: int, height: int, rng: Generator) -> Planes:
    """A road: grit in tar."""
    size = (width, height)
    picture = ramp(cloud(size, (160, 160), rng), [(58, 59, 62), (104, 105, 106)])
    picture = emboss(picture, flat(relief(octave(size, (3.2, 3.2), rng), 0.6), 110))
    cover(picture, (176, 172, 164), toned(octave(size, (3, 3), rng), lambda value: 8 * (value - 215)), 0.55)
    return grain(picture, 18, rng)
