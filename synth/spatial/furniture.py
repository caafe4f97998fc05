"""Parametric furniture: (width, depth, height) in metres and a random stream -> parts and the surfaces on which things can stand.

Builders draw in the model frame of `shapes` around the origin, front towards -y, and need not fill the size exactly: `objects.build` fits
them. Knows nothing of scenes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from numpy.random import Generator

from synth.spatial.shapes import Part, ball, bar, cuboid, cylinder, lathe, tube


@dataclass(frozen=True, slots=True)
class Surface:
    """A free rectangle on which things can stand, in the model frame: metres; `headroom` is what fits under the next board."""

    x0: float
    y0: float
    x1: float
    y1: float
    z: float
    headroom: float = 10.0


@dataclass(frozen=True, slots=True)
class Model:
    """An object's parts and surfaces."""

    parts: list[Part]
    surfaces: list[Surface] = field(default_factory=list)


def _choice(rng: Generator, *options: str) -> str:
    return options[int(rng.integers(len(options)))]


def _legs(w: float, d: float, top: float, thick: float, inset: float, slot: str, *, round_legs: bool, taper: float = 1.0) -> list[Part]:
    x, y = w / 2 - inset - thick / 2, d / 2 - inset - thick / 2
    out = []
    for sx, sy in ((-x, -y), (x, -y), (-x, y), (x, y)):
        if round_legs:
            out.append(cylinder(thick / 2 * taper, 0, top, slot, top=thick / 2).moved((sx, sy, 0)))
        else:
            out.append(cuboid((sx - thick / 2, sy - thick / 2, 0), (sx + thick / 2, sy + thick / 2, top), slot))
    return out


def table(w: float, d: float, h: float, rng: Generator) -> Model:
    """Four legs, an apron, a top."""
    top, thick = 0.02 + 0.025 * float(rng.random()), 0.04 + 0.04 * float(rng.random())
    inset = float(rng.random()) * 0.06
    parts = [cuboid((-w / 2, -d / 2, h - top), (w / 2, d / 2, h), "top", 0.006)]
    parts += _legs(w, d, h - top, thick, inset, "frame", round_legs=bool(rng.random() < 0.4), taper=0.6)
    x, y, low = w / 2 - inset - thick / 2, d / 2 - inset - thick / 2, h - top - 0.07
    for side in (-1, 1):
        parts.append(cuboid((-x, side * y - 0.01, low), (x, side * y + 0.01, h - top), "frame"))
        parts.append(cuboid((side * x - 0.01, -y, low), (side * x + 0.01, y, h - top), "frame"))
    return Model(parts, [Surface(-w / 2, -d / 2, w / 2, d / 2, h)])


def round_table(w: float, d: float, h: float, rng: Generator) -> Model:
    """A disc on one foot."""
    top, stem = 0.03, 0.03 + 0.03 * float(rng.random())
    foot = [(w * 0.33, 0.0), (w * 0.33, 0.02), (stem, 0.06), (stem, h - top)]
    parts = [
        lathe([(w / 2 - 0.005, h - top), (w / 2, h - top + 0.005), (w / 2, h - 0.005), (w / 2 - 0.005, h)], "top", sides=40),
        lathe(foot, "frame"),
    ]
    inner = w / 2 * 0.7
    return Model(parts, [Surface(-inner, -inner, inner, inner, h)])


def desk(w: float, d: float, h: float, rng: Generator) -> Model:
    """A top on side walls, with drawers on one side; the drawers open to the front."""
    side, top = 0.03, 0.03
    parts = [cuboid((-w / 2, -d / 2, h - top), (w / 2, d / 2, h), "top", 0.005)]
    left = bool(rng.random() < 0.5)
    for sign in (-1, 1):
        x = sign * (w / 2 - side)
        parts.append(cuboid((min(x, sign * w / 2), -d / 2 + 0.02, 0), (max(x, sign * w / 2), d / 2 - 0.02, h - top), "frame"))
    parts.append(cuboid((-w / 2 + side, d / 2 - 0.06, h * 0.45), (w / 2 - side, d / 2 - 0.04, h - top), "frame"))
    x0, x1 = (-w / 2 + side, -w / 2 + side + w * 0.3) if left else (w / 2 - side - w * 0.3, w / 2 - side)
    parts.append(cuboid((x0, -d / 2 + 0.04, 0.08), (x1, d / 2 - 0.06, h - top), "frame"))
    parts += _drawers(x0, x1, -d / 2 + 0.04, 0.1, h - top - 0.02, 3)
    return Model(parts, [Surface(-w / 2, -d / 2, w / 2, d / 2, h)])


def _drawers(x0: float, x1: float, front: float, low: float, high: float, count: int, slot: str = "door") -> list[Part]:
    """Fronts one above the other, 15 mm proud, each with a knob."""
    parts, step = [], (high - low) / count
    for k in range(count):
        z0, z1 = low + k * step + 0.006, low + (k + 1) * step - 0.006
        parts.append(cuboid((x0 + 0.008, front - 0.015, z0), (x1 - 0.008, front, z1), slot))
        middle = ((x0 + x1) / 2, front - 0.026, (z0 + z1) / 2)
        parts.append(ball((0.012, 0.012, 0.012), middle, "metal", sides=12))
    return parts


def cabinet(w: float, d: float, h: float, rng: Generator) -> Model:
    """A chest with two or three rows of drawers in one or two columns, on short legs."""
    foot = 0.06 + 0.08 * float(rng.random())
    parts = [cuboid((-w / 2, -d / 2 + 0.04, foot), (w / 2, d / 2, h), "frame", 0.006)]
    parts += _legs(w, d - 0.04, foot, 0.04, 0.02, "frame", round_legs=True)
    columns, rows = (2 if w > 0.75 else 1), 2 + int(rng.integers(2))
    for k in range(columns):
        x0, x1 = -w / 2 + 0.02 + k * (w - 0.04) / columns, -w / 2 + 0.02 + (k + 1) * (w - 0.04) / columns
        parts += _drawers(x0, x1, -d / 2 + 0.04, foot + 0.02, h - 0.02, rows)
    return Model(parts, [Surface(-w / 2, -d / 2 + 0.05, w / 2, d / 2, h)])


def wardrobe(w: float, d: float, h: float, rng: Generator) -> Model:
    """Two doors with bar handles."""
    parts = [cuboid((-w / 2, -d / 2 + 0.045, 0), (w / 2, d / 2, h), "frame", 0.006)]
    for sign in (-1, 1):
        x0, x1 = sorted((sign * 0.003, sign * (w / 2 - 0.01)))
        parts.append(cuboid((x0, -d / 2 + 0.025, 0.08), (x1, -d / 2 + 0.045, h - 0.01), "door"))
        parts.append(cuboid((sign * 0.05 - 0.008, -d / 2, h * 0.42), (sign * 0.05 + 0.008, -d / 2 + 0.025, h * 0.55), "metal"))
    return Model(parts)


def bookshelf(w: float, d: float, h: float, rng: Generator) -> Model:
    """Boards between two sides, open to the front, with a back."""
    t, rows = 0.02, max(2, round(h / (0.32 + 0.1 * float(rng.random()))))
    parts = [cuboid((s * w / 2 - (t if s > 0 else 0), -d / 2, 0), (s * w / 2 + (t if s < 0 else 0), d / 2, h), "frame") for s in (-1, 1)]
    parts.append(cuboid((-w / 2, d / 2 - 0.008, 0), (w / 2, d / 2, h), "frame", 0.001))
    step, surfaces = (h - t) / rows, []
    for k in range(rows + 1):
        z = k * step
        parts.append(cuboid((-w / 2 + t, -d / 2 + 0.003, z), (w / 2 - t, d / 2 - 0.008, z + t), "frame"))
        room = step - t - 0.01 if k < rows else 10.0
        surfaces.append(Surface(-w / 2 + t + 0.01, -d / 2 + 0.01, w / 2 - t - 0.01, d / 2 - 0.02, z + t, room))
    return Model(parts, surfaces)


def chair(w: float, d: float, h: float, rng: Generator) -> Model:
    """Four legs, a seat and a back of slats, bars or a panel; the back stands at +y, since one sits looking to the front."""
    seat, leg = h * (0.48 + 0.06 * float(rng.random())), 0.03 + 0.012 * float(rng.random())
    parts = _legs(w, d, seat - 0.03, leg, 0.01, "frame", round_legs=bool(rng.random() < 0.5), taper=0.7)
    parts.append(cuboid((-w / 2, -d / 2, seat - 0.035), (w / 2, d / 2, seat), "seat", 0.012))
    y0, y1 = d / 2 - leg - 0.01, d / 2 - 0.01
    for sign in (-1, 1):
        x = sign * (w / 2 - 0.01 - leg / 2)
        parts.append(cuboid((x - leg / 2, y0, seat), (x + leg / 2, y1, h), "frame"))
    inner, style = w / 2 - 0.01 - leg, _choice(rng, "slats", "bars", "panel")
    if style == "panel":
        parts.append(cuboid((-inner, y0 + 0.005, seat + 0.12), (inner, y1 - 0.005, h), "seat", 0.01))
    elif style == "slats":
        parts += [cuboid((-inner, y0 + 0.006, z), (inner, y1 - 0.006, z + 0.05), "frame") for z in (seat + 0.14, seat + 0.24, h - 0.06)]
    else:
        parts.append(cuboid((-inner, y0 + 0.004, h - 0.06), (inner, y1 - 0.004, h), "frame"))
        parts += [
            bar((x, (y0 + y1) / 2, seat), (x, (y0 + y1) / 2, h - 0.05), 0.008, "frame")
            for x in (-inner * 0.6, -inner * 0.2, inner * 0.2, inner * 0.6)
        ]
    return Model(parts, [Surface(-w / 2 + 0.04, -d / 2 + 0.04, w / 2 - 0.04, y0 - 0.03, seat, h - seat)])


def office_chair(w: float, d: float, h: float, rng: Generator) -> Model:
    """Five feet on castors, a gas lift, a padded seat and back."""
    seat = h * 0.5
    parts = []
    reach = min(w, d) / 2 - 0.03
    for x, y in ((0.0, 1.0), (0.951, 0.309), (0.588, -0.809), (-0.588, -0.809), (-0.951, 0.309)):
        parts.append(bar((0, 0, 0.09), (x * reach, y * reach, 0.065), 0.018, "frame"))
        parts.append(ball((0.03, 0.03, 0.03), (x * reach, y * reach, 0.03), "frame", sides=12))
    parts.append(cylinder(0.025, 0.07, seat - 0.06, "metal"))
    parts.append(cuboid((-w / 2, -d / 2, seat - 0.08), (w / 2, d / 2 - 0.05, seat), "seat", 0.03))
    parts.append(cuboid((-w * 0.44, d / 2 - 0.09, seat + 0.1), (w * 0.44, d / 2 - 0.02, h), "seat", 0.03))
    parts.append(cuboid((-0.03, d / 2 - 0.03, seat - 0.06), (0.03, d / 2, seat + 0.25), "frame"))
    return Model(parts)


def stool(w: float, d: float, h: float, rng: Generator) -> Model:
    """A round seat on four slanting legs, joined by a ring."""
    parts = [lathe([(w * 0.4, h - 0.04), (w * 0.42, h - 0.035), (w * 0.42, h - 0.008), (w * 0.4, h)], "seat")]
    for sx, sy in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
        parts.append(bar((sx * w * 0.2, sy * d * 0.2, h - 0.03), (sx * w * 0.33, sy * d * 0.33, 0.0), 0.014, "frame"))
    inner = w * 0.25
    return Model(parts, [Surface(-inner, -inner, inner, inner, h)])


def armchair(w: float, d: float, h: float, rng: Generator) -> Model:
    """Padded arms, back, and as many seat cushions as a width of 0.65 m each takes: an armchair or a sofa."""
    seat, arm, back = h * 0.5, 0.12 + 0.06 * float(rng.random()), 0.16 + 0.05 * float(rng.random())
    foot = 0.05 + 0.06 * float(rng.random())
    parts = _legs(w, d, foot, 0.05, 0.03, "frame", round_legs=True, taper=0.7)
    parts.append(cuboid((-w / 2, -d / 2 + 0.02, foot), (w / 2, d / 2, seat - 0.12), "cover", 0.03))
    parts.append(cuboid((-w / 2, d / 2 - back, foot), (w / 2, d / 2, h), "cover", 0.05))
    high = seat + (h - seat) * (0.3 + 0.3 * float(rng.random()))
    parts += [
        cuboid((min(s * w / 2, s * (w / 2 - arm)), -d / 2, foot), (max(s * w / 2, s * (w / 2 - arm)), d / 2 - 0.02, high), "cover", 0.04)
        for s in (-1, 1)
    ]
    inner = w - 2 * arm
    count = max(1, round(inner / 0.65))
    for k in range(count):
        x0, x1 = -inner / 2 + k * inner / count, -inner / 2 + (k + 1) * inner / count
        parts.append(cuboid((x0 + 0.004, -d / 2 + 0.01, seat - 0.13), (x1 - 0.004, d / 2 - back, seat), "cover", 0.035))
        parts.append(cuboid((x0 + 0.01, d / 2 - back - 0.13, seat), (x1 - 0.01, d / 2 - back + 0.02, h - 0.04), "cover", 0.045))
    return Model(parts, [Surface(-inner / 2 + 0.05, -d / 2 + 0.06, inner / 2 - 0.05, d / 2 - back - 0.16, seat, 0.6)])


def bed(w: float, d: float, h: float, rng: Generator) -> Model:
    """A frame, a mattress, a blanket and pillows; the head is at +y."""
    low, mattress = 0.22, 0.42
    parts = [
        cuboid((-w / 2, -d / 2, 0.08), (w / 2, d / 2, low), "frame", 0.01),
        cuboid((-w / 2, d / 2 - 0.06, 0), (w / 2, d / 2, h), "frame", 0.01),
    ]
    parts += _legs(w, d, 0.1, 0.06, 0.04, "frame", round_legs=False)
    parts.append(cuboid((-w / 2 + 0.03, -d / 2 + 0.03, low), (w / 2 - 0.03, d / 2 - 0.07, mattress), "sheet", 0.05))
    parts.append(cuboid((-w / 2 + 0.01, -d / 2 + 0.01, low + 0.04), (w / 2 - 0.01, d / 2 - 0.65, mattress + 0.035), "cover", 0.045))
    count = 2 if w > 1.3 else 1
    for k in range(count):
        x = (k - (count - 1) / 2) * w / count
        parts.append(ball((w / count * 0.4, 0.2, 0.075), (x, d / 2 - 0.32, mattress + 0.06), "sheet", sides=24))
    return Model(parts)


def floor_lamp(w: float, d: float, h: float, rng: Generator) -> Model:
    """A foot, a pole, a shade open above and below."""
    shade = 0.22 + 0.1 * float(rng.random())
    ratio = 0.55 + 0.45 * float(rng.random())
    parts = [lathe([(w * 0.33, 0), (w * 0.33, 0.02), (0.02, 0.03), (0.012, 0.04), (0.012, h - shade * 0.6)], "metal")]
    return Model([*parts, _shade(w / 2, w / 2 * ratio, h - shade, h)])


def table_lamp(w: float, d: float, h: float, rng: Generator) -> Model:
    """A turned foot with a shade."""
    belly = 0.18 + 0.16 * float(rng.random())
    foot = [
        (w * 0.28, 0),
        (w * 0.28, 0.01),
        (w * 0.1, h * 0.08),
        (w * belly, h * 0.3),
        (w * 0.08, h * 0.5),
        (0.008, h * 0.55),
        (0.008, h * 0.7),
    ]
    return Model([lathe(foot, "foot"), _shade(w / 2, w * (0.28 + 0.2 * float(rng.random())), h * 0.58, h)])


def _shade(lower: float, upper: float, low: float, high: float) -> Part:
    t = 0.004
    inner = [(upper - t, high), (lower - t, low)]
    return lathe([(lower - t, low), (lower, low), (upper, high), *inner[:1]], "shade")


def bench(w: float, d: float, h: float, rng: Generator) -> Model:
    """Slats on two stands, with a back."""
    seat = h * 0.52
    parts = []
    for x in (-w / 2 + 0.15, w / 2 - 0.15):
        parts.append(cuboid((x - 0.03, -d / 2, 0), (x + 0.03, -d / 2 + 0.06, seat), "frame"))
        parts.append(cuboid((x - 0.03, d / 2 - 0.07, 0), (x + 0.03, d / 2, h), "frame"))
        parts.append(cuboid((x - 0.03, -d / 2, seat - 0.06), (x + 0.03, d / 2, seat), "frame"))
    for k in range(4):
        y = -d / 2 + 0.01 + k * (d - 0.08) / 4
        parts.append(cuboid((-w / 2, y, seat), (w / 2, y + (d - 0.08) / 4 - 0.02, seat + 0.03), "seat"))
    parts += [cuboid((-w / 2, d / 2 - 0.09, z), (w / 2, d / 2 - 0.06, z + 0.09), "seat") for z in (seat + 0.14, h - 0.11)]
    return Model(parts, [Surface(-w / 2 + 0.05, -d / 2 + 0.04, w / 2 - 0.05, d / 2 - 0.12, seat + 0.03, 0.6)])


def rail(points: Sequence[Sequence[float]], radius: float, slot: str) -> Part:
    """A bent bar, for handles."""
    return tube(points, radius, slot)
