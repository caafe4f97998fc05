"""Grounds that text is painted, printed, cut or shown on: walls, metal, wood, signs, screens, cloth, and what lies behind a caption.

All drawn, nothing photographed.
"""

import math

from numpy.random import Generator
from PIL import Image as Pillow
from PIL import ImageChops, ImageDraw, ImageFilter

from synth.render.lens import blur
from synth.render.texture import (
    Rgb,
    between,
    cloud,
    cover,
    emboss,
    flat,
    grain,
    octave,
    pick,
    ramp,
    relief,
    shades,
    steeper,
    tiled,
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


def plaster(width: int, height: int, rng: Generator) -> Pillow.Image:
    """A painted wall of rough plaster."""
    size = (width, height)
    colour = pick(rng, ((226, 218, 200), (214, 200, 178), (190, 200, 204), (232, 208, 170), (206, 150, 120), (170, 184, 160)), 12)
    picture = ramp(cloud(size, (180, 140), rng), [shades(colour, 0.9), shades(colour, 1.06)])
    cell = between(rng, 7, 16)
    picture = emboss(picture, flat(relief(cloud(size, (cell, cell), rng, 2, 0.35), 1.2), between(rng, 30, 60)))
    return emboss(picture, grain(size, 7, rng))


def concrete(width: int, height: int, rng: Generator) -> Pillow.Image:
    """Grey, stained, with pores."""
    size = (width, height)
    tone = int(between(rng, 120, 185))
    warm = int(between(rng, -4, 8))
    colour = (tone + warm, tone, tone - warm)
    picture = ramp(cloud(size, (230, 260), rng, 5, 0.5), [shades(colour, 0.74), colour, shades(colour, 1.14)])
    pores = octave(size, (5, 5), rng).point([max(0, value - 236) * 12 for value in range(256)])
    cover(picture, shades(colour, 0.45), pores, 0.8)
    return emboss(picture, grain(size, 16, rng, 1.5))


def brick(width: int, height: int, rng: Generator) -> Pillow.Image:
    """A brick wall in running bond, each brick of its own tone."""
    size = (width, height)
    tall = max(14, round(between(rng, 0.055, 0.09) * max(size)))
    long, joint = round(2.9 * tall), max(2, tall // 9)
    colour = pick(rng, ((158, 78, 58), (172, 98, 70), (140, 88, 72), (196, 168, 140), (226, 222, 214)), 8)
    mortar = pick(rng, ((186, 178, 166), (160, 154, 146), (206, 200, 190)), 6)
    picture = Pillow.new("RGB", size, mortar)
    bumps = Pillow.new("L", size, 60)
    draw, high = ImageDraw.Draw(picture), ImageDraw.Draw(bumps)
    for row in range(-1, height // tall + 2):
        for column in range(-1, width // long + 2):
            x, y = column * long + (row % 2) * long // 2, row * tall
            box = (x + joint, y + joint, x + long - 1, y + tall - 1)
            draw.rounded_rectangle(box, max(1, joint // 2), fill=shades(colour, between(rng, 0.82, 1.12)))
            high.rounded_rectangle(box, joint, fill=int(between(rng, 160, 185)))
    picture = blur(picture, 0.5)
    bumps = ImageChops.add(bumps.filter(ImageFilter.BoxBlur(1)), flat(cloud(size, (11, 8), rng, 2), 34), offset=-128)
    picture = emboss(picture, flat(relief(bumps, 0.8), 96))
    cover(picture, (30, 24, 20), steeper(cloud(size, (120, 90), rng), 1.4), 0.16)
    return emboss(picture, grain(size, 12, rng))


def brushed_metal(width: int, height: int, rng: Generator) -> Pillow.Image:
    """Stainless steel, brass or aluminium, brushed level, with the room mirrored in bands."""
    size = (width, height)
    colour = pick(rng, ((186, 188, 192), (200, 200, 200), (196, 176, 128), (150, 154, 162)), 6)
    bands = octave(size, (between(rng, 0.25, 0.6) * width, height * 3.0), rng)
    picture = ramp(flat(bands, 128), [shades(colour, 0.72), colour, shades(colour, 1.22)])
    streaks = Pillow.blend(octave(size, (width / 2, 1.2), rng), octave(size, (width / 7, 1.0), rng), 0.5)
    return emboss(emboss(picture, flat(streaks, between(rng, 16, 30))), grain(size, 5, rng))


def wood(width: int, height: int, rng: Generator) -> Pillow.Image:
    """Planks: year rings cut lengthwise, pores, joints."""
    size = (width, height)
    colour = pick(rng, ((176, 124, 76), (150, 100, 62), (204, 164, 112), (108, 70, 44), (222, 196, 154)), 8)
    planks = int(rng.integers(1, 5))
    tall = -(-height // planks)
    picture = Pillow.new("RGB", size)
    for row in range(planks):
        plank = (width, tall)
        rings = octave(plank, (width * between(rng, 0.5, 0.9), tall * between(rng, 0.3, 0.8)), rng)
        # A ring is a level line of a slow hill: the grey tones run through light and dark a dozen times, gently up and steeply down.
        turns = between(rng, 9, 18)
        rings = rings.point([round(255 * min((value / 256 * turns) % 1, (1 - (value / 256 * turns) % 1) * 4)) for value in range(256)])
        rings = Pillow.blend(rings, octave(plank, (width / 4, 2.2), rng), 0.45).filter(ImageFilter.BoxBlur((2, 0.4)))
        tone = shades(colour, between(rng, 0.88, 1.1))
        strip = ramp(rings, [shades(tone, 1.16), tone, shades(tone, 0.74)])
        pores = octave(plank, (26, 1.3), rng).point([max(0, value - 200) * 4 for value in range(256)])
        cover(strip, shades(tone, 0.5), pores, 0.45)
        picture.paste(strip, (0, row * tall))
        if row:
            picture.paste(shades(colour, 0.3), (0, row * tall - 1, width, row * tall + 1))
    return emboss(picture, grain(size, 6, rng))


def painted_sign(width: int, height: int, rng: Generator) -> Pillow.Image:
    """An enamelled or painted board with a border and bolts in its corners; a little weathered."""
    size = (width, height)
    colour = pick(rng, _PAINTS, 10)
    picture = ramp(cloud(size, (220, 160), rng, 2), [shades(colour, 0.93), shades(colour, 1.05)])
    if min(size) >= 24:
        _frame(picture, colour, rng)
    dirt = steeper(cloud(size, (width / 14 + 4, height / 2), rng), 2.2, 150)
    cover(picture, (70, 58, 46), ImageChops.multiply(dirt, octave(size, (60, 60), rng)), between(rng, 0.08, 0.35))
    return emboss(blur(picture, 0.4), grain(size, 5, rng))


def _frame(picture: Pillow.Image, colour: Rgb, rng: Generator) -> None:
    """A border line, and a bolt in each corner."""
    width, height = picture.size
    short = min(picture.size)
    border = shades((245, 244, 240), 1) if sum(colour) < 420 else shades((34, 34, 38), 1)
    draw = ImageDraw.Draw(picture)
    inset, pen = max(2, round(short * between(rng, 0.02, 0.05))), max(1, round(short * between(rng, 0.008, 0.02)))
    if rng.random() < 0.75:
        draw.rounded_rectangle((inset, inset, width - 1 - inset, height - 1 - inset), round(short * 0.06), outline=border, width=pen)
    radius = max(2, round(short * 0.016))
    at = inset + pen + 2 * radius
    for x in (at, width - 1 - at):
        for y in (at, height - 1 - at):
            draw.ellipse((x - radius + 1, y - radius + 2, x + radius + 2, y + radius + 2), fill=shades(colour, 0.45))
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(150, 150, 152))
            draw.ellipse((x - radius / 2, y - radius / 2, x + radius / 4, y + radius / 4), fill=(220, 220, 222))


def rusty_metal(width: int, height: int, rng: Generator) -> Pillow.Image:
    """Painted sheet metal where rust breaks through at some places."""
    size = (width, height)
    colour = pick(rng, _PAINTS, 12)
    picture = ramp(cloud(size, (90, 200), rng), [shades(colour, 0.82), shades(colour, 1.06)])
    rust = cloud(size, (width / 4 + 9, height / 3 + 9), rng, 6, 0.62)
    mask = steeper(rust, 16, between(rng, 150, 168))
    patches = ramp(cloud(size, (14, 14), rng, 2), [(66, 36, 24), (128, 66, 34), (168, 98, 52)])
    cover(picture, shades(colour, 0.55), steeper(rust, 7, 146), 0.4)  # where paint lifts, it darkens
    picture.paste(patches, (0, 0), mask)
    return emboss(emboss(picture, flat(relief(mask, 0.5), 40)), grain(size, 10, rng, 1.5))


def screen(width: int, height: int, rng: Generator) -> Pillow.Image:
    """A display close up: its grid of red, green and blue, a window's reflection across it."""
    size = (width, height)
    low, high = ((14, 18, 26), (38, 48, 66)) if rng.random() < 0.6 else ((206, 214, 222), (240, 243, 246))
    slope = Pillow.new("L", (2, 2))
    slope.putdata([int(rng.integers(256)) for _ in range(4)])
    picture = ramp(slope.resize(size, Pillow.Resampling.BICUBIC), [low, high])
    tile = Pillow.new("RGB", (3, 3), (255, 255, 255))
    deep = int(between(rng, 190, 225))
    tile.putdata([(255, deep, deep), (deep, 255, deep), (deep, deep, 255)] * 2 + [(deep, deep, deep)] * 3)
    picture = ImageChops.multiply(picture, tiled(tile, size))
    gloss = Pillow.new("L", (width // 4 + 1, height // 4 + 1), 0)
    x, lean, broad = between(rng, -0.2, 1.0) * width / 4, between(rng, -0.3, 0.6) * height / 4, between(rng, 0.1, 0.35) * width / 4
    ImageDraw.Draw(gloss).polygon([(x, 0), (x + broad, 0), (x + broad - lean, height / 4), (x - lean, height / 4)], fill=255)
    gloss = gloss.filter(ImageFilter.BoxBlur(between(rng, 0.6, 6))).resize(size, Pillow.Resampling.BILINEAR)
    cover(picture, (255, 255, 255), gloss, between(rng, 0.03, 0.14))
    return emboss(picture, grain(size, 4, rng))


def fabric(width: int, height: int, rng: Generator) -> Pillow.Image:
    """Canvas, denim or linen: threads over and under, each of its own thickness."""
    size = (width, height)
    colour = pick(rng, ((56, 74, 110), (198, 186, 160), (120, 40, 44), (70, 92, 70), (60, 60, 64), (220, 214, 204)), 10)
    p = int(rng.integers(2, 5))
    # Twill: the pattern moves on by one thread a row; plain weave: by half.
    shift = p if rng.random() < 0.5 else 1
    cell = [[148 if ((x + shift * (y // 2)) % (2 * p)) < p else 108 for x in range(2 * p)] for y in range(4 * p)]
    tile = Pillow.new("L", (2 * p, 4 * p))
    tile.putdata([value for row in cell for value in row])
    weave = flat(tiled(tile, size).filter(ImageFilter.BoxBlur(0.6)), 90)
    threads = Pillow.blend(octave(size, (60, 2.2), rng), octave(size, (2.2, 60), rng), 0.5)
    picture = ramp(cloud(size, (140, 140), rng), [shades(colour, 0.84), shades(colour, 1.1)])
    return emboss(emboss(emboss(picture, weave), flat(threads, 34)), grain(size, 9, rng))


def sky(width: int, height: int, rng: Generator) -> Pillow.Image:
    """Blue above, pale at the horizon, with clouds."""
    size = (width, height)
    top, low = ((64, 118, 190), (176, 208, 236)) if rng.random() < 0.7 else ((80, 84, 120), (240, 178, 130))
    slope = Pillow.new("L", (1, 3))
    slope.putdata([0, 110, 255])
    picture = ramp(slope.resize(size, Pillow.Resampling.BICUBIC), [top, low])
    field = cloud(size, (width / 2.2 + 8, height / 3.2 + 8), rng, 6, 0.5)
    middle = between(rng, 110, 150)
    cover(picture, shades(low, 0.78), steeper(ImageChops.offset(field, 3, 6), 3.2, middle + 12), 0.6)
    cover(picture, (250, 250, 250), steeper(field, 3.2, middle + 28), 0.95)
    return emboss(picture, grain(size, 3, rng))


def street(width: int, height: int, rng: Generator) -> Pillow.Image:
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
    picture = ramp(steeper(cloud(small, (small[0] / 3 + 4, small[1] / 2 + 4), rng, 2), 1.3), stops).filter(ImageFilter.BoxBlur(4))
    radius = max(3.0, between(rng, 0.04, 0.09) * max(small))
    for _ in range(int(rng.integers(14, 40))):
        x, y = between(rng, 0, small[0]), between(rng, 0.05, 0.95) * small[1]
        r = radius * between(rng, 0.6, 1.15)
        side = math.ceil(2 * r) + 3
        disc = Pillow.new("L", (side, side), 0)
        strong = int(between(rng, 40, 170))
        # Brighter at the rim, as a real lens draws them.
        ImageDraw.Draw(disc).ellipse((1, 1, side - 2, side - 2), fill=round(strong * 0.8), outline=strong, width=max(1, round(r / 8)))
        picture.paste(pick(rng, lamps, 10), (round(x - r), round(y - r)), disc.filter(ImageFilter.BoxBlur(0.8)))
    return emboss(picture.resize((width, height), Pillow.Resampling.BICUBIC), grain((width, height), 6, rng))


def chalkboard(width: int, height: int, rng: Generator) -> Pillow.Image:
    """A blackboard that was wiped, not washed."""
    size = (width, height)
    colour = pick(rng, ((36, 58, 48), (40, 42, 44), (30, 50, 60)), 5)
    picture = ramp(cloud(size, (200, 90), rng), [shades(colour, 0.85), shades(colour, 1.15)])
    wiped = Pillow.blend(octave(size, (130, 9), rng), cloud(size, (170, 120), rng), 0.6)
    cover(picture, (214, 216, 210), steeper(wiped, 2.0, 160), between(rng, 0.08, 0.2))
    return emboss(picture, grain(size, 8, rng, 1.4))


def tiles(width: int, height: int, rng: Generator) -> Pillow.Image:
    """Glazed wall tiles, as in an underground station."""
    size = (width, height)
    side = max(20, round(between(rng, 0.09, 0.16) * max(size)))
    tall, joint = (side if rng.random() < 0.5 else side // 2), max(2, side // 28)
    colour = pick(rng, ((232, 234, 232), (196, 216, 220), (226, 214, 186), (60, 110, 120), (60, 80, 60)), 8)
    tile = Pillow.new("L", (side, tall), 90)
    ImageDraw.Draw(tile).rounded_rectangle((joint, joint, side - 1, tall - 1), joint, fill=150)
    tile = tile.filter(ImageFilter.BoxBlur(0.8))
    height_field = tiled(tile, size)
    shade_field = Pillow.frombytes("L", (width // side + 1, height // tall + 1), rng.bytes((width // side + 1) * (height // tall + 1)))
    wide = shade_field.resize((shade_field.width * side, shade_field.height * tall), Pillow.Resampling.NEAREST).crop((0, 0, width, height))
    picture = ramp(wide, [shades(colour, 0.95), shades(colour, 1.03)])
    cover(picture, (120, 116, 108), height_field.point([255 if value < 120 else max(0, (140 - value) * 12) for value in range(256)]), 0.85)
    picture = emboss(picture, flat(relief(height_field, 1.0, 2), 80))
    return emboss(emboss(picture, flat(octave(size, (width / 2, height / 2), rng), 16)), grain(size, 4, rng))


def label(width: int, height: int, rng: Generator) -> Pillow.Image:
    """A printed package: two colours that run into one another, broad bands, the gloss of foil."""
    size = (width, height)
    first, second = pick(rng, _PAINTS, 16), pick(rng, _PAINTS, 16)
    slope = Pillow.new("L", (2, 2))
    slope.putdata([int(rng.integers(60)), int(rng.integers(120)), int(rng.integers(60)), int(rng.integers(90))])
    picture = ramp(slope.resize(size, Pillow.Resampling.BICUBIC), [first, second])
    band = Pillow.new("L", (width // 2 + 1, height // 2 + 1), 0)
    draw = ImageDraw.Draw(band)
    for _ in range(int(rng.integers(1, 4))):
        r = between(rng, 0.5, 1.6) * max(band.size)
        x, y = between(rng, -0.3, 1.3) * band.width, band.height * between(rng, 0.3, 0.9) + r
        draw.ellipse((x - r, y - r * 1.05, x + r, y + r), fill=int(rng.integers(90, 230)))
    cover(picture, pick(rng, _PAINTS, 16), band.resize(size, Pillow.Resampling.BILINEAR))
    gloss = steeper(octave(size, (width / 3 + 4, height * 2.0), rng), 2.5, 190)
    cover(picture, (255, 255, 255), gloss, between(rng, 0.05, 0.25))
    return emboss(picture, grain(size, 3, rng))


def marble(width: int, height: int, rng: Generator) -> Pillow.Image:
    """Polished stone with veins."""
    size = (width, height)
    dark = rng.random() < 0.35
    stops = [(58, 62, 66), (40, 44, 48)] if dark else [(226, 226, 224), (244, 243, 240)]
    picture = ramp(cloud(size, (200, 160), rng), stops)
    for strength, cell in ((0.55, 0.5), (0.35, 0.22)):
        field = cloud(size, (cell * max(size), cell * 0.8 * max(size)), rng, 4, 0.42)
        # A vein is where the field crosses its middle.
        veins = field.point([max(0, 255 - round(abs(value - 128) * 255 / 7)) for value in range(256)])
        veins = ImageChops.multiply(veins, octave(size, (90, 90), rng))
        cover(picture, (206, 206, 200) if dark else (120, 122, 128), veins, strength)
    return emboss(picture, grain(size, 3, rng))


def asphalt(width: int, height: int, rng: Generator) -> Pillow.Image:
    """A road: grit in tar."""
    size = (width, height)
    picture = ramp(cloud(size, (160, 160), rng), [(58, 59, 62), (104, 105, 106)])
    picture = emboss(picture, flat(relief(octave(size, (3.2, 3.2), rng), 0.6), 110))
    cover(picture, (176, 172, 164), octave(size, (3, 3), rng).point([max(0, value - 215) * 8 for value in range(256)]), 0.55)
    return emboss(picture, grain(size, 18, rng))
