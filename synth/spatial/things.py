"""Parametric things that stand on furniture or on the floor: (width, depth, height) in metres and a random stream -> parts.

As `furniture`, whose frame and types they share.
"""

import math

from numpy.random import Generator

from synth.spatial.furniture import Model, Surface, rail
from synth.spatial.shapes import Part, ball, bar, cuboid, cylinder, lathe, tube


def mug(w: float, d: float, h: float, rng: Generator) -> Model:
    """A cup with a handle to its right."""
    r = d / 2
    foot = r * (0.7 + 0.3 * float(rng.random()))
    outer = [(foot, 0.0), (r, h * 0.35), (r, h), (r - 0.004, h), (r - 0.005, 0.012)]
    reach = w - 2 * r
    bow = [
        (r - 0.004, 0, h * 0.78),
        (r + reach * 0.7, 0, h * 0.76),
        (r + reach - 0.005, 0, h * 0.5),
        (r + reach * 0.7, 0, h * 0.25),
        (r - 0.004, 0, h * 0.24),
    ]
    return Model([lathe(outer, "body"), rail(bow, 0.005, "body")])


def bottle(w: float, d: float, h: float, rng: Generator) -> Model:
    """A body, a shoulder, a neck and a cap, with a label around."""
    r, neck = w / 2, w * (0.14 + 0.1 * float(rng.random()))
    shoulder = h * (0.52 + 0.16 * float(rng.random()))
    body = lathe([(r * 0.94, 0), (r, 0.006), (r, shoulder), (neck, shoulder + h * 0.16), (neck, h * 0.93)], "body")
    cap = cylinder(neck * 1.15, h * 0.92, h, "cap", bevel=0.001)
    label = lathe([(r * 1.004, shoulder * 0.25), (r * 1.004, shoulder * 0.8)], "label", sharp=True)
    return Model([body, cap, label])


def bowl(w: float, d: float, h: float, rng: Generator) -> Model:
    """An open bowl."""
    r, t = w / 2, 0.005
    steps = [k / 7 for k in range(8)]
    outer = [(r * (0.35 + 0.65 * math.sin(s * math.pi / 2)), h * (1 - math.cos(s * math.pi / 2))) for s in steps]
    inner = [(max(x - t, 0.0), min(z + t, h)) for x, z in reversed(outer[1:])]
    return Model([lathe([(r * 0.35, 0.0), *outer[1:], (r - t, h), *inner[1:]], "body")])


def plate(w: float, d: float, h: float, rng: Generator) -> Model:
    """A flat plate with a rim."""
    r = w / 2
    return Model([lathe([(r * 0.6, 0), (r * 0.65, h * 0.2), (r, h * 0.85), (r, h), (r * 0.97, h), (r * 0.66, h * 0.45)], "body", sides=40)])


def book(w: float, d: float, h: float, rng: Generator) -> Model:
    """Two covers, a spine on the left, pages."""
    t = min(0.003, h * 0.12)
    pages = cuboid((-w / 2 + t, -d / 2 + 0.004, t), (w / 2 - 0.004, d / 2 - 0.004, h - t), "pages", 0.0005)
    covers = [cuboid((-w / 2, -d / 2, z), (w / 2, d / 2, z + t), "cover", 0.0008) for z in (0.0, h - t)]
    return Model(
        [pages, *covers, cuboid((-w / 2, -d / 2, 0), (-w / 2 + t, d / 2, h), "cover", 0.0008)], [Surface(-w / 2, -d / 2, w / 2, d / 2, h)]
    )


def standing_book(w: float, d: float, h: float, rng: Generator) -> Model:
    """A book upright, its spine to the front: w is its thickness."""
    t = min(0.003, w * 0.12)
    pages = cuboid((-w / 2 + t, -d / 2 + t, 0.003), (w / 2 - t, d / 2 - 0.004, h - 0.003), "pages", 0.0005)
    covers = [cuboid((x, -d / 2, 0), (x + t, d / 2, h), "cover", 0.0008) for x in (-w / 2, w / 2 - t)]
    return Model([pages, *covers, cuboid((-w / 2, -d / 2, 0), (w / 2, -d / 2 + t, h), "cover", 0.0008)])


def vase(w: float, d: float, h: float, rng: Generator) -> Model:
    """A turned vessel of a drawn outline."""
    r = w / 2
    belly, neck, lip = 0.3 + 0.3 * float(rng.random()), 0.35 + 0.3 * float(rng.random()), 0.5 + 0.4 * float(rng.random())
    outline = [(0.55, 0.0), (0.75, belly * 0.4), (1.0, belly), (0.8, belly + 0.2), (neck, 0.85), (lip, 1.0)]
    return Model([lathe([*((x * r, z * h) for x, z in outline), (lip * r - 0.006, h), (neck * r - 0.006, h * 0.85)], "body")])


def plant(w: float, d: float, h: float, rng: Generator) -> Model:
    """A pot with soil and leaves that bend outward."""
    pot_h, pot_r = h * 0.32, min(w, d) * 0.28
    parts = [lathe([(pot_r * 0.7, 0), (pot_r, pot_h), (pot_r * 0.9, pot_h), (pot_r * 0.85, pot_h * 0.85)], "body")]
    count = 9 + int(rng.integers(9))
    for k in range(count):
        angle = 2 * math.pi * (k + 0.6 * float(rng.random())) / count
        lean, top = (0.35 + 0.65 * float(rng.random())), h * (0.65 + 0.35 * float(rng.random()))
        reach = w * 0.42 * lean
        leaf = ball((0.014 + 0.03 * w, 0.004, (top - pot_h) * 0.52), (0, 0, (top - pot_h) * 0.5), "leaf", sides=12)
        tilt = math.atan2(reach, top - pot_h)
        parts.append(leaf.turned(0, -tilt).turned(2, angle).moved((0, 0, pot_h * 0.85)))
    return Model(parts)


def ball_toy(w: float, d: float, h: float, rng: Generator) -> Model:
    """A ball."""
    return Model([ball((w / 2, d / 2, h / 2), (0, 0, h / 2), "body", sides=36)])


def block(w: float, d: float, h: float, rng: Generator) -> Model:
    """A solid block."""
    return Model([cuboid((-w / 2, -d / 2, 0), (w / 2, d / 2, h), "body", 0.004)], [Surface(-w / 2, -d / 2, w / 2, d / 2, h)])


def carton(w: float, d: float, h: float, rng: Generator) -> Model:
    """A closed cardboard box with tape along its seam."""
    tape = cuboid((-w / 2 - 0.0008, -0.025, h * 0.8), (w / 2 + 0.0008, 0.025, h + 0.0008), "tape", 0.0003)
    return Model([cuboid((-w / 2, -d / 2, 0), (w / 2, d / 2, h), "body", 0.003), tape], [Surface(-w / 2, -d / 2, w / 2, d / 2, h)])


def crate(w: float, d: float, h: float, rng: Generator) -> Model:
    """An open crate of boards."""
    t, parts = 0.015, []
    rows = 3
    for k in range(rows):
        z0, z1 = k * h / rows + 0.008, (k + 1) * h / rows - 0.008
        parts += [
            cuboid((-w / 2, s * d / 2 - (t if s > 0 else 0), z0), (w / 2, s * d / 2 + (t if s < 0 else 0), z1), "body") for s in (-1, 1)
        ]
        parts += [
            cuboid((s * w / 2 - (t if s > 0 else 0), -d / 2, z0), (s * w / 2 + (t if s < 0 else 0), d / 2, z1), "body") for s in (-1, 1)
        ]
    x, y = w / 2 - t - 0.01, d / 2 - t - 0.01
    parts += [cuboid((sx * x - 0.01, sy * y - 0.01, 0), (sx * x + 0.01, sy * y + 0.01, h), "body") for sx in (-1, 1) for sy in (-1, 1)]
    return Model([*parts, cuboid((-w / 2, -d / 2, 0), (w / 2, d / 2, t), "body")])


def laptop(w: float, d: float, h: float, rng: Generator) -> Model:
    """Open; the keyboard to the front, the screen leaning back."""
    base, angle = 0.018, math.radians(8 + 18 * float(rng.random()))
    deep, tall = d * 0.75, h / math.cos(angle)
    y = -d / 2 + deep
    parts = [
        cuboid((-w / 2, -d / 2, 0), (w / 2, y, base), "body", 0.004),
        cuboid((-w * 0.44, -d / 2 + deep * 0.4, base), (w * 0.44, y - 0.02, base + 0.002), "keys", 0.0005),
    ]
    lid = cuboid((-w / 2, -0.006, 0), (w / 2, 0.006, tall - base), "body", 0.003)
    screen = cuboid((-w / 2 + 0.01, -0.008, 0.015), (w / 2 - 0.01, -0.006, tall - base - 0.01), "screen", 0.0005)
    return Model([*parts, *(part.turned(0, -angle).moved((0, y, base)) for part in (lid, screen))])


def monitor(w: float, d: float, h: float, rng: Generator) -> Model:
    """A screen on a stand."""
    low, t = h * (0.2 + 0.12 * float(rng.random())), 0.03
    parts = [
        cuboid((-w / 2, -t / 2, low), (w / 2, t / 2, h), "body", 0.006),
        cuboid((-w / 2 + 0.012, -t / 2 - 0.002, low + 0.014), (w / 2 - 0.012, -t / 2, h - 0.012), "screen", 0.0005),
    ]
    parts.append(cuboid((-0.03, t / 2, 0.0), (0.03, t / 2 + 0.02, low + h * 0.3), "body"))
    return Model([*parts, cuboid((-w * 0.2, -d / 2, 0), (w * 0.2, d / 2, 0.012), "body")])


def television(w: float, d: float, h: float, rng: Generator) -> Model:
    """A wide screen on two feet."""
    parts = [
        cuboid((-w / 2, -0.025, 0.05), (w / 2, 0.025, h), "body", 0.006),
        cuboid((-w / 2 + 0.01, -0.027, 0.06), (w / 2 - 0.01, -0.025, h - 0.01), "screen", 0.0005),
    ]
    return Model([*parts, *(cuboid((x - 0.02, -d / 2, 0), (x + 0.02, d / 2, 0.06), "body") for x in (-w * 0.35, w * 0.35))])


def keyboard(w: float, d: float, h: float, rng: Generator) -> Model:
    """A tray with rows of keys."""
    parts = [cuboid((-w / 2, -d / 2, 0), (w / 2, d / 2, h * 0.6), "body", 0.002)]
    rows, columns = 5, 15
    dx, dy = (w - 0.014) / columns, (d - 0.014) / rows
    for r in range(rows):
        x, y = -w / 2 + 0.007, -d / 2 + 0.007 + r * dy
        parts += [
            cuboid((x + c * dx + 0.001, y + 0.001, h * 0.5), (x + (c + 1) * dx - 0.001, y + dy - 0.001, h), "keys", 0.001)
            for c in range(columns)
        ]
    return Model(parts)


def teapot(w: float, d: float, h: float, rng: Generator) -> Model:
    """Body, lid, a spout to the left and a handle to the right."""
    r = d / 2
    body = lathe([(r * 0.6, 0), (r * 0.95, h * 0.2), (r, h * 0.42), (r * 0.8, h * 0.7), (r * 0.45, h * 0.82), (r * 0.1, h * 0.9)], "body")
    knob = ball((r * 0.13, r * 0.13, h * 0.06), (0, 0, h * 0.94), "body", sides=12)
    spout = tube([(-r * 0.8, 0, h * 0.3), (-r * 1.2, 0, h * 0.45), (-w / 2 - r * 0.05, 0, h * 0.78)], r * 0.13, "body")
    bow = [(r * 0.8, 0, h * 0.68), (r * 1.35, 0, h * 0.7), (r * 1.55, 0, h * 0.45), (r * 1.2, 0, h * 0.22), (r * 0.85, 0, h * 0.2)]
    return Model([body, knob, spout, rail(bow, r * 0.08, "body")])


def clock(w: float, d: float, h: float, rng: Generator) -> Model:
    """A round desk clock facing the front."""
    r = min(w, h) / 2
    case = lathe([(r, 0), (r, d * 0.9), (r * 0.92, d)], "body").turned(0, math.pi / 2).moved((0, d / 2, r))
    face = lathe([(r * 0.88, d * 0.95), (r * 0.88, d + 0.001)], "face").turned(0, math.pi / 2).moved((0, d / 2, r))
    hands = []
    for length, thick, angle in ((0.5, 0.03, float(rng.random()) * 6.28), (0.75, 0.02, float(rng.random()) * 6.28)):
        hand = cuboid((-thick * r, -d / 2 - 0.004, 0), (thick * r, -d / 2 - 0.002, length * r), "hands", 0.0005)
        hands.append(hand.turned(1, angle).moved((0, 0, r)))
    return Model([case, face, *hands])


def bin_(w: float, d: float, h: float, rng: Generator) -> Model:
    """An open waste bin."""
    r, low = w / 2, w / 2 * (0.7 + 0.2 * float(rng.random()))
    return Model([lathe([(low, 0), (r, h), (r - 0.006, h), (low - 0.006, 0.01)], "body", sides=32)])


def frame(w: float, d: float, h: float, rng: Generator) -> Model:
    """A picture in a frame; hangs on a wall, back at +y."""
    b = 0.02 + 0.03 * float(rng.random())
    sides = [cuboid((-w / 2, -d / 2, 0), (w / 2, d / 2, b), "frame"), cuboid((-w / 2, -d / 2, h - b), (w / 2, d / 2, h), "frame")]
    sides += [
        cuboid((-w / 2, -d / 2, b), (-w / 2 + b, d / 2, h - b), "frame"),
        cuboid((w / 2 - b, -d / 2, b), (w / 2, d / 2, h - b), "frame"),
    ]
    return Model([*sides, cuboid((-w / 2 + b, -d / 2 + 0.008, b), (w / 2 - b, d / 2, h - b), "picture", 0.0005)])


def can(w: float, d: float, h: float, rng: Generator) -> Model:
    """A drinks can."""
    r = w / 2
    return Model(
        [
            lathe([(r * 0.8, 0), (r, h * 0.06), (r, h * 0.92), (r * 0.82, h)], "body"),
            lathe([(r * 0.8, h * 0.985), (r * 0.8, h * 1.003)], "metal"),
        ]
    )


def candle(w: float, d: float, h: float, rng: Generator) -> Model:
    """A candle on a dish."""
    return Model(
        [
            lathe([(w * 0.4, 0), (w / 2, 0.015), (w * 0.46, 0.015)], "metal"),
            cylinder(w * 0.25, 0.006, h * 0.92, "body"),
            bar((0, 0, h * 0.9), (0, 0, h), 0.002, "wick"),
        ]
    )


def speaker(w: float, d: float, h: float, rng: Generator) -> Model:
    """A box with two cones on its front."""
    parts: list[Part] = [cuboid((-w / 2, -d / 2 + 0.004, 0), (w / 2, d / 2, h), "body", 0.004)]
    for r, z in ((w * 0.36, h * 0.33), (w * 0.2, h * 0.76)):
        disc = lathe([(r, 0), (r, 0.004), (r * 0.8, 0.004)], "cone").turned(0, math.pi / 2)
        parts.append(disc.moved((0, -d / 2 + 0.004, z)))
    return Model(parts)


def fruit(w: float, d: float, h: float, rng: Generator) -> Model:
    """An apple or the like: a dented ball with a stalk."""
    r = w / 2
    outline = [(0.0, 0.08), (0.35, 0.0), (0.75, 0.15), (1.0, 0.5), (0.85, 0.82), (0.5, 0.96), (0.2, 0.92), (0.0, 0.84)]
    return Model([lathe([(x * r, z * h * 0.92) for x, z in outline], "body"), bar((0, 0, h * 0.76), (0.004, 0, h), 0.002, "wick")])


def fridge(w: float, d: float, h: float, rng: Generator) -> Model:
    """Two doors, one above the other, with handles on one side."""
    parts, side = [cuboid((-w / 2, -d / 2 + 0.06, 0), (w / 2, d / 2, h), "body", 0.01)], (1 if rng.random() < 0.5 else -1)
    split = h * (0.28 if rng.random() < 0.5 else 0.68)
    for z0, z1 in ((0.04, split - 0.005), (split + 0.005, h - 0.005)):
        parts.append(cuboid((-w / 2, -d / 2 + 0.025, z0), (w / 2, -d / 2 + 0.06, z1), "body", 0.012))
        x, low = side * (w / 2 - 0.06), z0 + (z1 - z0) * 0.3
        parts.append(cuboid((x - 0.01, -d / 2, low), (x + 0.01, -d / 2 + 0.025, low + (z1 - z0) * 0.4), "metal"))
    return Model(parts)


def washer(w: float, d: float, h: float, rng: Generator) -> Model:
    """A washing machine with a round door."""
    parts = [cuboid((-w / 2, -d / 2 + 0.03, 0), (w / 2, d / 2, h), "body", 0.01)]
    for r, depth, slot in ((w * 0.34, 0.025, "metal"), (w * 0.26, 0.03, "screen")):
        parts.append(lathe([(r, 0), (r, depth * 0.8), (r * 0.94, depth)], slot).turned(0, math.pi / 2).moved((0, -d / 2 + 0.03, h * 0.45)))
    parts.append(cuboid((-w * 0.46, -d / 2 + 0.025, h * 0.85), (w * 0.46, -d / 2 + 0.03, h * 0.96), "metal", 0.001))
    return Model(parts, [Surface(-w / 2 + 0.02, -d / 2 + 0.05, w / 2 - 0.02, d / 2 - 0.02, h)])
