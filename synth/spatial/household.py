"""Parametric fittings and household things: bathroom, kitchen, and what lies about. As `furniture`, whose frame and types they share."""

import math

from numpy.random import Generator

from synth.spatial.furniture import Model, Surface, rail
from synth.spatial.shapes import ball, bar, cuboid, cylinder, lathe, ring, tube


def toilet(w: float, d: float, h: float, rng: Generator) -> Model:
    """A foot, a bowl with its lid down, a cistern at the back."""
    seat, y = h * 0.52, -d * 0.14
    bowl = [(0.3, 0.0), (0.26, 0.3), (0.38, 0.6), (0.98, 0.92), (1.0, 1.0)]
    parts = [lathe([(x * w * 0.42, z * (seat - 0.03)) for x, z in bowl], "body").moved((0, y, 0))]
    parts.append(lathe([(w * 0.43, seat - 0.03), (w * 0.45, seat - 0.02), (w * 0.43, seat)], "body", sides=40).moved((0, y, 0)))
    parts.append(cuboid((-w * 0.2, 0, 0), (w * 0.2, d / 2 - 0.02, seat - 0.04), "body", 0.02))
    parts.append(cuboid((-w / 2, d / 2 - 0.19, seat - 0.02), (w / 2, d / 2, h - 0.02), "body", 0.025))
    parts.append(cuboid((-w / 2 + 0.005, d / 2 - 0.18, h - 0.02), (w / 2 - 0.005, d / 2 - 0.005, h - 0.006), "body", 0.008))
    return Model([*parts, cylinder(0.02, h - 0.01, h, "metal").moved((0, d / 2 - 0.1, 0))])


def wash_basin(w: float, d: float, h: float, rng: Generator) -> Model:
    """A basin on a column, with a tap at the back."""
    top = h - 0.12
    parts = [lathe([(w * 0.2, 0), (w * 0.13, 0.1), (w * 0.14, top - 0.15)], "body").moved((0, d * 0.12, 0))]
    rim, deep = 0.05, 0.13
    for x0, x1, y0, y1 in (
        (-w / 2, -w / 2 + rim, -d / 2, d / 2),
        (w / 2 - rim, w / 2, -d / 2, d / 2),
        (-w / 2 + rim, w / 2 - rim, -d / 2, -d / 2 + rim),
        (-w / 2 + rim, w / 2 - rim, d / 2 - 0.13, d / 2),
    ):
        parts.append(cuboid((x0, y0, top - deep), (x1, y1, top), "body", 0.012))
    parts.append(cuboid((-w / 2 + 0.03, -d / 2 + 0.03, top - deep - 0.03), (w / 2 - 0.03, d / 2 - 0.03, top - deep), "body", 0.015))
    spout = [(0, d / 2 - 0.07, top), (0, d / 2 - 0.07, h - 0.02), (0, d / 2 - 0.1, h - 0.012), (0, d / 2 - 0.19, h - 0.05)]
    return Model([*parts, tube(spout, 0.012, "metal"), cylinder(0.025, top, top + 0.015, "metal").moved((0, d / 2 - 0.07, 0))])


def bathtub(w: float, d: float, h: float, rng: Generator) -> Model:
    """A tub with a broad rim, empty, and a tap at one end."""
    top, rim = h - 0.09, 0.07
    parts = [cuboid((-w / 2 + 0.02, -d / 2 + 0.02, 0), (w / 2 - 0.02, d / 2 - 0.02, 0.12), "body", 0.02)]
    for x0, x1, y0, y1 in (
        (-w / 2, -w / 2 + rim, -d / 2, d / 2),
        (w / 2 - rim, w / 2, -d / 2, d / 2),
        (-w / 2 + rim, w / 2 - rim, -d / 2, -d / 2 + rim),
        (-w / 2 + rim, w / 2 - rim, d / 2 - rim, d / 2),
    ):
        parts.append(cuboid((x0, y0, 0.02), (x1, y1, top), "body", 0.025))
    tap = [(w / 2 - 0.04, 0, top - 0.01), (w / 2 - 0.04, 0, h - 0.02), (w / 2 - 0.08, 0, h - 0.012), (w / 2 - 0.17, 0, h - 0.05)]
    return Model([*parts, tube(tap, 0.014, "metal")])


def stove(w: float, d: float, h: float, rng: Generator) -> Model:
    """An oven with a window and a bar to open it, knobs, four plates on top."""
    front = -d / 2 + 0.045
    parts = [cuboid((-w / 2, front, 0), (w / 2, d / 2, h - 0.012), "body", 0.008)]
    parts.append(cuboid((-w * 0.47, front - 0.02, 0.12), (w * 0.47, front, h * 0.78), "body", 0.008))
    parts.append(cuboid((-w * 0.34, front - 0.022, h * 0.25), (w * 0.34, front - 0.02, h * 0.62), "screen", 0.001))
    parts.append(bar((-w * 0.4, -d / 2 + 0.009, h * 0.71), (w * 0.4, -d / 2 + 0.009, h * 0.71), 0.009, "metal"))
    for k in range(4):
        knob = lathe([(0.02, 0), (0.018, 0.02)], "metal", sides=16).turned(0, math.pi / 2)
        parts.append(knob.moved(((k - 1.5) * w * 0.2, front, h * 0.88)))
    for sx, sy, r in ((-1, -1, 0.085), (1, -1, 0.065), (-1, 1, 0.065), (1, 1, 0.085)):
        parts.append(cylinder(r, h - 0.013, h, "screen").moved((sx * w * 0.23, sy * d * 0.2 + 0.02, 0)))
    return Model(parts, [Surface(-w * 0.4, -d * 0.35, w * 0.4, d * 0.4, h)])


def microwave(w: float, d: float, h: float, rng: Generator) -> Model:
    """A box with a dark door on the left and buttons on the right."""
    front = -d / 2 + 0.03
    parts = [cuboid((-w / 2, front, 0), (w / 2, d / 2, h), "body", 0.008)]
    parts.append(cuboid((-w * 0.48, front - 0.012, h * 0.06), (w * 0.22, front, h * 0.94), "screen", 0.003))
    parts.append(bar((w * 0.19, -d / 2 + 0.008, h * 0.15), (w * 0.19, -d / 2 + 0.008, h * 0.85), 0.007, "metal"))
    parts += [
        cuboid((w * (0.28 + 0.07 * i), front - 0.004, h * (0.2 + 0.14 * k)), (w * (0.33 + 0.07 * i), front, h * (0.3 + 0.14 * k)), "metal")
        for i in range(3)
        for k in range(4)
    ]
    return Model(parts, [Surface(-w / 2 + 0.02, front + 0.02, w / 2 - 0.02, d / 2 - 0.02, h)])


def toaster(w: float, d: float, h: float, rng: Generator) -> Model:
    """A rounded box with two slots above and a lever at its right end."""
    parts = [cuboid((-w / 2, -d / 2, 0.01), (w / 2 - 0.02, d / 2, h), "body", 0.03)]
    parts += [cuboid((-w * 0.36, y - 0.012, h - 0.002), (w * 0.3, y + 0.012, h + 0.001), "dark", 0.0004) for y in (-d * 0.18, d * 0.18)]
    parts.append(cuboid((-w * 0.44, -d * 0.4, 0), (w * 0.4, d * 0.4, 0.012), "dark"))
    return Model([*parts, cuboid((w / 2 - 0.022, -0.02, h * 0.55), (w / 2, 0.02, h * 0.63), "dark")])


def kettle(w: float, d: float, h: float, rng: Generator) -> Model:
    """An electric jug: a foot, a tapering body, a spout to the left, a handle to the right."""
    r = d / 2
    body = lathe([(r, 0.02), (r * 0.95, h * 0.3), (r * 0.7, h * 0.85), (r * 0.6, h * 0.93), (r * 0.2, h * 0.96)], "body")
    foot, knob = cylinder(r, 0, 0.022, "dark"), ball((0.014, 0.014, h * 0.03), (0, 0, h * 0.97), "dark", sides=12)
    spout = tube([(-r * 0.6, 0, h * 0.75), (-r * 0.9, 0, h * 0.86), (-r * 1.05, 0, h * 0.92)], r * 0.16, "body")
    bow = [(r * 0.6, 0, h * 0.9), (w - r - 0.01, 0, h * 0.88), (w - r - 0.01, 0, h * 0.4), (r * 0.9, 0, h * 0.2)]
    return Model([body, foot, knob, spout, rail(bow, 0.011, "dark")])


def pan(w: float, d: float, h: float, rng: Generator) -> Model:
    """A frying pan, its handle to the right."""
    r = d / 2
    dish = lathe([(r * 0.75, 0), (r, h * 0.7), (r, h * 0.78), (r - 0.004, h * 0.78), (r * 0.74, 0.005)], "body", sides=40)
    return Model([dish, tube([(r - 0.01, 0, h * 0.6), (r + 0.04, 0, h * 0.85), (w - r, 0, h * 0.9)], 0.009, "dark")])


def cooking_pot(w: float, d: float, h: float, rng: Generator) -> Model:
    """A pot with two handles and a lid with a knob."""
    r, top = d / 2, h * 0.78
    parts = [cylinder(r, 0, top, "body", sides=36), lathe([(r * 1.01, top), (r * 0.9, top + h * 0.08), (r * 0.1, top + h * 0.13)], "body")]
    for side in (-1, 1):
        bow = [(side * (r - 0.004), -0.035, top * 0.8), (side * w / 2, -0.03, top * 0.8), (side * w / 2, 0.03, top * 0.8)]
        parts.append(rail([*bow, (side * (r - 0.004), 0.035, top * 0.8)], 0.006, "dark"))
    return Model([*parts, ball((0.018, 0.018, h * 0.06), (0, 0, h * 0.94), "dark", sides=12)])


def jar(w: float, d: float, h: float, rng: Generator) -> Model:
    """A preserving jar with a lid and a label."""
    r, top = w / 2, h * 0.82
    body = lathe([(r * 0.92, 0), (r, 0.008), (r, top * 0.86), (r * 0.8, top)], "body")
    label = lathe([(r * 1.004, top * 0.2), (r * 1.004, top * 0.65)], "label", sharp=True)
    return Model([body, label, cylinder(r * 0.86, top, h, "cap")])


def packet(w: float, d: float, h: float, rng: Generator) -> Model:
    """A printed box of food, its name on the front."""
    body = cuboid((-w / 2, -d / 2 + 0.0006, 0), (w / 2, d / 2, h), "body", 0.0015)
    return Model([body, cuboid((-w * 0.42, -d / 2, h * 0.45), (w * 0.42, -d / 2 + 0.0006, h * 0.9), "label", 0.0002)])


def tumbler(w: float, d: float, h: float, rng: Generator) -> Model:
    """A beaker without a handle."""
    r, foot = w / 2, w / 2 * (0.72 + 0.2 * float(rng.random()))
    return Model([lathe([(foot, 0), (r, h), (r - 0.003, h), (foot - 0.003, 0.008)], "body")])


def pen_pot(w: float, d: float, h: float, rng: Generator) -> Model:
    """A pot with pens standing in it."""
    r, rim = w / 2, h * 0.62
    parts = [lathe([(r * 0.95, 0), (r, rim), (r - 0.003, rim), (r * 0.92, 0.005)], "body")]
    for k in range(4):
        angle = 1.5 * k + 0.8 * float(rng.random())
        top = (math.cos(angle) * r * 0.85, math.sin(angle) * r * 0.85, h if k == 0 else h * (0.8 + 0.15 * float(rng.random())))
        parts.append(bar((-top[0] * 0.4, -top[1] * 0.4, 0.008), top, 0.004, "pens"))
    return Model(parts)


def phone(w: float, d: float, h: float, rng: Generator) -> Model:
    """A mobile telephone on its back."""
    body = cuboid((-w / 2, -d / 2, 0), (w / 2, d / 2, h * 0.9), "body", 0.002)
    return Model([body, cuboid((-w * 0.46, -d * 0.47, h * 0.9), (w * 0.46, d * 0.47, h), "screen", 0.0003)])


def printer(w: float, d: float, h: float, rng: Generator) -> Model:
    """A box with a slanting sheet of paper at the back, a tray and a little screen in front."""
    low = h * 0.72
    parts = [cuboid((-w / 2, -d * 0.36, 0), (w / 2, d * 0.42, low), "body", 0.015)]
    parts.append(cuboid((-w * 0.36, -d / 2, h * 0.14), (w * 0.36, -d * 0.3, h * 0.2), "body", 0.004))
    parts.append(cuboid((-w * 0.3, -d * 0.48, h * 0.2), (w * 0.3, -d * 0.3, h * 0.22), "paper", 0.001))
    parts.append(cuboid((w * 0.2, -d * 0.37, h * 0.5), (w * 0.42, -d * 0.36, h * 0.64), "screen", 0.0004))
    sheet = cuboid((-w * 0.3, -0.002, 0), (w * 0.3, 0.002, h * 0.42), "paper", 0.0005).turned(0, -0.35)
    return Model([*parts, sheet.moved((0, d * 0.34, h * 0.62))])


def cushion(w: float, d: float, h: float, rng: Generator) -> Model:
    """A square cushion lying flat."""
    seam = cuboid((-w / 2, -d / 2, h * 0.36), (w / 2, d / 2, h * 0.64), "cover", 0.03)
    return Model([ball((w * 0.46, d * 0.46, h / 2), (0, 0, h / 2), "cover", sides=28), seam])


def backpack(w: float, d: float, h: float, rng: Generator) -> Model:
    """A rucksack that stands: a body, a pocket in front, a loop above, straps behind."""
    parts = [cuboid((-w / 2, -d * 0.25, 0), (w / 2, d * 0.42, h * 0.92), "body", 0.07)]
    parts.append(cuboid((-w * 0.36, -d / 2, h * 0.08), (w * 0.36, -d * 0.2, h * 0.5), "body", 0.04))
    parts.append(cuboid((-w * 0.38, -d * 0.27, h * 0.6), (w * 0.38, -d * 0.24, h * 0.63), "dark", 0.002))
    parts.append(tube([(-0.04, 0.02, h * 0.9), (-0.03, 0.02, h - 0.008), (0.03, 0.02, h - 0.008), (0.04, 0.02, h * 0.9)], 0.008, "dark"))
    for x in (-w * 0.25, w * 0.25):
        parts.append(
            tube([(x, d * 0.4, h * 0.85), (x, d / 2 - 0.012, h * 0.6), (x, d / 2 - 0.012, h * 0.3), (x, d * 0.4, 0.08)], 0.012, "dark")
        )
    return Model(parts)


def suitcase(w: float, d: float, h: float, rng: Generator) -> Model:
    """A case on four wheels with ribs and a handle drawn out."""
    top = h * 0.72
    parts = [cuboid((-w / 2, -d / 2, 0.05), (w / 2, d / 2, top), "body", 0.035)]
    for k in range(5):
        x = (k - 2) * w * 0.18
        parts.append(cuboid((x - 0.012, -d / 2 + 0.004, 0.1), (x + 0.012, d / 2 - 0.004, top + 0.003), "body", 0.006))
    for sx in (-1, 1):
        parts += [ball((0.025, 0.025, 0.028), (sx * w * 0.36, sy * d * 0.3, 0.028), "dark", sides=12) for sy in (-1, 1)]
    bow = [(-w * 0.2, d * 0.3, top - 0.01), (-w * 0.2, d * 0.3, h - 0.012), (w * 0.2, d * 0.3, h - 0.012), (w * 0.2, d * 0.3, top - 0.01)]
    return Model([*parts, rail(bow, 0.009, "dark")])


def bucket(w: float, d: float, h: float, rng: Generator) -> Model:
    """A pail whose bail hangs to the front."""
    r, top = w / 2, h
    body = lathe([(r * 0.7, 0), (r, top), (r - 0.005, top), (r * 0.7 - 0.005, 0.01)], "body", sides=32)
    arc = [
        (math.cos(a) * r * 0.98, -math.sin(a) * r * 0.9, top - 0.02 - 0.3 * h * math.sin(a))
        for a in (0.0, 0.5, 1.0, 1.57, 2.14, 2.64, 3.14)
    ]
    return Model([body, tube(arc, 0.004, "metal")])


def laundry_basket(w: float, d: float, h: float, rng: Generator) -> Model:
    """A basket of slats, heaped with linen."""
    r, parts = w / 2, [lathe([(w * 0.4, 0), (w * 0.42, 0.02), (w * 0.4, 0.03)], "body", sides=36)]
    parts += [
        lathe([(w * 0.4 + k * w * 0.033, z), (w * 0.4 + k * w * 0.033 + 0.006, z + 0.03), (w * 0.4 + k * w * 0.033, z + 0.05)], "body")
        for k, z in enumerate((h * 0.22, h * 0.46, h * 0.7))
    ]
    parts += [
        bar(
            (math.cos(a) * w * 0.4, math.sin(a) * w * 0.4, 0.02), (math.cos(a) * r * 0.985, math.sin(a) * r * 0.985, h * 0.8), 0.007, "body"
        )
        for a in (2 * math.pi * k / 14 for k in range(14))
    ]
    parts.append(ring(r - 0.012, 0.012, (0, 0, h * 0.82), "body"))
    parts += [
        ball((w * 0.3, w * 0.26, h * 0.12), (x * w, y * w, h * 0.87), "linen", sides=16)
        for x, y in ((-0.1, 0.04), (0.12, -0.08), (0.02, 0.14))
    ]
    return Model(parts)


def fan(w: float, d: float, h: float, rng: Generator) -> Model:
    """A fan on a foot: rings before and behind four blades."""
    r = w / 2
    z = h - r
    parts = [
        lathe([(w * 0.36, 0), (w * 0.36, 0.015), (0.02, 0.03), (0.014, z - 0.05)], "body"),
        ball((0.05, d * 0.3, 0.05), (0, 0.03, z), "body", sides=16),
    ]
    for y, size in ((-d / 2 + 0.006, 0.6), (-d / 2 + 0.006, 0.3), (0.0, 1.0), (d * 0.2, 0.7)):
        parts.append(ring(r * size - 0.005, 0.005, (0, 0, 0), "metal").turned(0, math.pi / 2).moved((0, y, z)))
    for k in range(12):
        x, up = math.cos(math.pi * k / 6), math.sin(math.pi * k / 6)
        parts.append(bar((x * 0.03, -d / 2 + 0.004, z + up * 0.03), (x * (r - 0.006), 0, z + up * (r - 0.006)), 0.0025, "metal"))
    for k in range(4):
        blade = ball((0.055, 0.006, r * 0.4), (0, 0, r * 0.42), "blade", sides=12).turned(2, 0.5).turned(1, 0.4 + k * math.pi / 2)
        parts.append(blade.moved((0, -d * 0.22, z)))
    return Model(parts)


def stepladder(w: float, d: float, h: float, rng: Generator) -> Model:
    """Two rails with steps, and two props behind."""
    parts, lean = [], d * 0.62
    for s in (-1, 1):
        parts.append(bar((s * (w / 2 - 0.02), -d / 2 + 0.02, 0), (s * w * 0.36, -d / 2 + lean, h - 0.04), 0.02, "metal"))
        parts.append(bar((s * (w / 2 - 0.02), d / 2 - 0.02, 0), (s * w * 0.36, -d / 2 + lean, h - 0.05), 0.015, "metal"))
    count = max(3, round(h / 0.27))
    for k in range(1, count):
        share = k / count
        y, x = -d / 2 + 0.02 + share * (lean - 0.02), w / 2 - 0.02 - share * (w * 0.14 - 0.02)
        parts.append(cuboid((-x, y - 0.04, share * h - 0.012), (x, y + 0.04, share * h + 0.012), "step"))
    top = -d / 2 + lean
    return Model([*parts, cuboid((-w * 0.38, top - 0.1, h - 0.04), (w * 0.38, top + 0.06, h), "step", 0.01)])


def toolbox(w: float, d: float, h: float, rng: Generator) -> Model:
    """A box with a lid, two catches in front and a handle."""
    body = [
        cuboid((-w / 2, -d / 2 + 0.008, 0), (w / 2, d / 2, h * 0.55), "body", 0.01),
        cuboid((-w / 2, -d / 2 + 0.008, h * 0.56), (w / 2, d / 2, h * 0.8), "lid", 0.015),
    ]
    body += [cuboid((x - 0.02, -d / 2, h * 0.45), (x + 0.02, -d / 2 + 0.01, h * 0.65), "metal") for x in (-w * 0.28, w * 0.28)]
    bow = [(-w * 0.18, 0, h * 0.78), (-w * 0.18, 0, h - 0.012), (w * 0.18, 0, h - 0.012), (w * 0.18, 0, h * 0.78)]
    return Model([*body, rail(bow, 0.012, "lid")])


def radiator(w: float, d: float, h: float, rng: Generator) -> Model:
    """Columns side by side, joined by two pipes."""
    count = max(5, round(w / 0.06))
    step = w / count
    parts = [
        cuboid((-w / 2 + k * step + 0.006, -d / 2, 0.1), (-w / 2 + (k + 1) * step - 0.006, d / 2, h), "body", 0.018) for k in range(count)
    ]
    parts += [bar((-w / 2, 0, z), (w / 2, 0, z), 0.022, "body") for z in (0.16, h - 0.06)]
    parts += [cuboid((x - 0.015, -0.03, 0), (x + 0.015, 0.03, 0.12), "body") for x in (-w * 0.4, w * 0.4)]
    return Model(parts)


def plain_shelf(w: float, d: float, h: float, rng: Generator) -> Model:
    """A board on two brackets on a wall, back at +y."""
    parts = [cuboid((-w / 2, -d / 2, h - 0.025), (w / 2, d / 2, h), "frame", 0.003)]
    for x in (-w * 0.36, w * 0.36):
        parts.append(cuboid((x - 0.012, -d * 0.3, h - 0.045), (x + 0.012, d / 2, h - 0.025), "metal"))
        parts.append(cuboid((x - 0.012, d / 2 - 0.02, 0), (x + 0.012, d / 2, h - 0.025), "metal"))
    return Model(parts, [Surface(-w / 2 + 0.01, -d / 2 + 0.01, w / 2 - 0.01, d / 2 - 0.02, h, 0.6)])
