"""Parametric things of streets and gardens. As `furniture`, whose frame and types they share; vehicles look to the front, towards -y."""

import math

from numpy.random import Generator

from synth.spatial.furniture import Model, rail
from synth.spatial.shapes import Part, ball, bar, cuboid, cylinder, lathe, ring, tube


def car(w: float, d: float, h: float, rng: Generator) -> Model:
    """A body of two volumes with windows all around, four wheels, lamps before and behind."""
    r, floor, waist = 0.31, 0.19, h * 0.57
    nose, tail = 0.95 + 0.25 * float(rng.random()), 0.25 + 0.55 * float(rng.random())
    y0, y1, roof0, roof1 = -d / 2 + nose, d / 2 - tail, -d / 2 + nose + 0.75, d / 2 - tail - 0.45
    parts = [_wedge(w, (-d / 2 + 0.02, d / 2 - 0.02), (-d / 2 + 0.1, d / 2 - 0.06), floor, waist, 0.02, "body")]
    parts.append(_wedge(w - 0.16, (y0, y1), (roof0, roof1), waist - 0.02, h - 0.05, 0.17, "glass"))
    parts.append(cuboid((-w / 2 + 0.26, roof0 - 0.03, h - 0.055), (w / 2 - 0.26, roof1 + 0.03, h), "body", 0.02))
    for s in (-1, 1):
        x0, x1 = s * (w / 2 - 0.075), s * (w / 2 - 0.25)
        for ya, yb in ((y0 + 0.03, roof0), (y1 - 0.03, roof1), ((y0 + y1) / 2 + 0.1, (roof0 + roof1) / 2 + 0.1)):
            parts.append(bar((x0, ya, waist - 0.02), (x1, yb, h - 0.03), 0.032, "body"))
        for y in (-d * 0.31, d * 0.3):
            for size, slot, out in ((r, "tyre", 0.0), (r * 0.62, "metal", 0.006)):
                wheel = cylinder(size, -0.1, 0.1 + out, slot, bevel=0.02).turned(1, s * math.pi / 2)
                parts.append(wheel.moved((s * (w / 2 - 0.1), y, r)))
        for y, slot in ((-d / 2 + 0.03, "lamp"), (d / 2 - 0.03, "rear")):
            x = s * (w / 2 - 0.22)
            parts.append(cuboid((x - 0.15, y - 0.03, waist * 0.68), (x + 0.15, y + 0.03, waist * 0.86), slot, 0.012))
        x = s * (w / 2 - 0.05)
        parts.append(cuboid((min(x, s * w / 2), y0 + 0.3, waist), (max(x, s * w / 2), y0 + 0.42, waist + 0.1), "body", 0.01))
    for y in (-d / 2, d / 2 - 0.08):
        parts.append(cuboid((-w / 2 + 0.06, y, floor + 0.05), (w / 2 - 0.06, y + 0.08, floor + 0.22), "dark", 0.03))
    plate = cuboid((-0.26, -d / 2 - 0.004, floor + 0.1), (0.26, -d / 2, floor + 0.21), "plate", 0.001)
    return Model([*parts, plate])


def _wedge(w: float, low_y: tuple[float, float], high_y: tuple[float, float], z0: float, z1: float, inset: float, slot: str) -> Part:
    """A block whose upper face is shorter by the ends given and narrower by `inset` a side."""
    part = cuboid((-w / 2, 0, z0), (w / 2, 1, z1), slot, 0.02)
    points = part.vertices.copy()
    share = (points[:, 2] - z0) / (z1 - z0)
    front, back = (low_y[k] + (high_y[k] - low_y[k]) * share for k in (0, 1))
    points[:, 1] = front + (back - front) * points[:, 1]
    points[:, 0] *= 1 - share * inset * 2 / w
    return Part(points, part.normals, part.triangles, slot)


def bicycle(w: float, d: float, h: float, rng: Generator) -> Model:
    """Two wheels, a frame, a saddle, handlebars across the front."""
    r = 0.33
    front, back = (0.0, -d / 2 + r, r), (0.0, d / 2 - r, r)
    crank, seat, head = (0.0, 0.06, r - 0.03), (0.0, d * 0.14, h - 0.14), (0.0, -d * 0.21, h - 0.16)
    parts: list[Part] = []
    for _, y, z in (front, back):
        for size, thick, slot in ((r - 0.016, 0.016, "tyre"), (r - 0.04, 0.008, "metal")):
            parts.append(ring(size, thick, (0, 0, 0), slot).turned(1, math.pi / 2).moved((0, y, z)))
        for k in range(8):
            a = math.pi * k / 4
            parts.append(bar((0, y, z), (0, y + math.cos(a) * (r - 0.04), z + math.sin(a) * (r - 0.04)), 0.0022, "metal"))
    for start, end in ((front, head), (head, crank), (crank, seat), (seat, back), (back, crank)):
        parts.append(bar(start, end, 0.017, "frame"))
    parts.append(bar((0, head[1] + 0.03, head[2] - 0.08), (0, seat[1] - 0.02, seat[2] - 0.1), 0.017, "frame"))
    parts += [bar(head, (0, head[1] - 0.02, h - 0.03), 0.014, "metal"), bar(seat, (0, seat[1] + 0.02, seat[2] + 0.08), 0.014, "metal")]
    parts.append(
        rail(
            [
                (-w / 2, head[1] + 0.12, h - 0.02),
                (-0.1, head[1] - 0.02, h - 0.014),
                (0.1, head[1] - 0.02, h - 0.014),
                (w / 2, head[1] + 0.12, h - 0.02),
            ],
            0.013,
            "dark",
        )
    )
    parts.append(ball((0.075, 0.13, 0.032), (0, seat[1] + 0.03, seat[2] + 0.1), "dark", sides=16))
    parts.append(cylinder(0.09, -0.008, 0.008, "metal").turned(1, math.pi / 2).moved((0.03, crank[1], crank[2])))
    return Model(parts)


def tree(w: float, d: float, h: float, rng: Generator) -> Model:
    """A trunk that forks, and a crown of many clumps."""
    fork = h * (0.36 + 0.1 * float(rng.random()))
    parts = [lathe([(0.055 * h**0.5 + 0.05, 0), (0.05 * h**0.5, 0.25), (0.035 * h**0.5, fork)], "bark", sides=14)]
    for k in range(4):
        a = 1.57 * k + float(rng.random())
        parts.append(bar((0, 0, fork - 0.08), (math.cos(a) * w * 0.25, math.sin(a) * w * 0.25, fork + h * 0.25), 0.02 * h**0.5, "bark"))
    for k in range(16):
        a, up = 2.4 * k, (k + 0.5) / 16
        reach = w * 0.33 * math.sqrt(max(0.0, 1 - (2 * up - 1) ** 2)) * (0.7 + 0.5 * float(rng.random()))
        size = w * (0.16 + 0.08 * float(rng.random()))
        middle = (math.cos(a) * reach, math.sin(a) * reach, fork + (h - fork) * (0.12 + 0.76 * up))
        parts.append(ball((size, size, size * 0.8), middle, "leaf", sides=14))
    return Model(parts)


def bush(w: float, d: float, h: float, rng: Generator) -> Model:
    """Clumps of leaves on the ground."""
    parts = []
    for k in range(11):
        a = 2.4 * k
        reach, size = w * 0.3 * math.sqrt(k / 11), w * (0.17 + 0.06 * float(rng.random()))
        parts.append(ball((size, size, h * 0.34), (math.cos(a) * reach, math.sin(a) * reach, h * (0.62 - 0.28 * k / 11)), "leaf", sides=14))
    return Model([*parts, cylinder(0.02, 0, h * 0.4, "bark")])


def street_lamp(w: float, d: float, h: float, rng: Generator) -> Model:
    """A post with a lantern on top."""
    post = [(w * 0.32, 0), (w * 0.3, 0.3), (w * 0.16, 0.36), (w * 0.12, h - 0.5)]
    glass = [(w * 0.25, h - 0.5), (w * 0.42, h - 0.16)]
    return Model(
        [
            lathe(post, "metal"),
            lathe(glass, "glass"),
            lathe([(w / 2, h - 0.16), (w * 0.3, h - 0.06), (w * 0.06, h)], "metal"),
        ]
    )


def bollard(w: float, d: float, h: float, rng: Generator) -> Model:
    """A low post with a band."""
    r = w / 2
    body = lathe([(r, 0), (r * 0.8, 0.08), (r * 0.72, h * 0.85), (r * 0.85, h * 0.88), (r * 0.7, h * 0.96), (r * 0.3, h)], "metal")
    return Model([body, lathe([(r * 0.75, h * 0.7), (r * 0.745, h * 0.78)], "band", sharp=True)])


def traffic_cone(w: float, d: float, h: float, rng: Generator) -> Model:
    """A cone on a square foot, with two white bands."""
    base, r = 0.03, w * 0.38
    parts = [cuboid((-w / 2, -d / 2, 0), (w / 2, d / 2, base), "body", 0.008), lathe([(r, base), (w * 0.07, h), (w * 0.05, h)], "body")]
    for low, high in ((0.35, 0.5), (0.66, 0.78)):
        a, b = (r + (w * 0.07 - r) * share + 0.003 for share in (low, high))
        parts.append(lathe([(a, base + low * (h - base)), (b, base + high * (h - base))], "band", sharp=True))
    return Model(parts)


def hydrant(w: float, d: float, h: float, rng: Generator) -> Model:
    """A fire hydrant: a barrel with a dome, caps to both sides and one to the front."""
    r = w * 0.27
    parts = [
        lathe(
            [
                (r * 1.5, 0),
                (r * 1.5, 0.05),
                (r, 0.06),
                (r, h * 0.68),
                (r * 1.2, h * 0.7),
                (r * 1.15, h * 0.76),
                (r * 0.8, h * 0.92),
                (r * 0.2, h),
            ],
            "body",
        )
    ]
    for turned in (1, -1):
        cap = lathe([(r * 0.5, 0), (r * 0.5, w / 2 - 0.03), (r * 0.62, w / 2 - 0.03), (r * 0.6, w / 2)], "cap", sides=14)
        parts.append(cap.turned(1, turned * math.pi / 2).moved((0, 0, h * 0.52)))
    front = lathe([(r * 0.65, 0), (r * 0.65, d / 2 - 0.03), (r * 0.78, d / 2 - 0.03), (r * 0.75, d / 2)], "cap", sides=14)
    return Model([*parts, front.turned(0, math.pi / 2).moved((0, 0, h * 0.48))])


def post_box(w: float, d: float, h: float, rng: Generator) -> Model:
    """A pillar box with a slot and a notice in front."""
    r = w / 2
    body = lathe(
        [(r * 0.98, 0), (r * 0.98, 0.08), (r * 0.9, 0.1), (r * 0.9, h - 0.16), (r, h - 0.14), (r * 0.95, h - 0.08), (r * 0.3, h)],
        "body",
        sides=36,
    )
    slot = cuboid((-0.12, -r * 0.93, h - 0.34), (0.12, -r * 0.8, h - 0.3), "dark", 0.002)
    return Model([body, slot, cuboid((-0.1, -r * 0.93, h - 0.62), (0.1, -r * 0.8, h - 0.42), "plate", 0.002)])


def wheelie_bin(w: float, d: float, h: float, rng: Generator) -> Model:
    """A dustbin on two wheels: a tapering box, a lid, a bar to pull it by at the back."""
    part = cuboid((-w / 2 + 0.02, -d / 2 + 0.03, 0.06), (w / 2 - 0.02, d / 2 - 0.1, h - 0.08), "body", 0.02)
    points = part.vertices.copy()
    share = (points[:, 2] - 0.06) / (h - 0.14)
    points[:, :2] *= (0.78 + 0.22 * share)[:, None]
    parts = [
        Part(points, part.normals, part.triangles, "body"),
        cuboid((-w / 2, -d / 2, h - 0.08), (w / 2, d / 2 - 0.07, h - 0.02), "lid", 0.025),
    ]
    parts += [cylinder(0.1, -0.03, 0.03, "tyre").turned(1, math.pi / 2).moved((s * (w / 2 - 0.05), d * 0.3, 0.1)) for s in (-1, 1)]
    return Model([*parts, bar((-w * 0.4, d / 2 - 0.02, h - 0.02), (w * 0.4, d / 2 - 0.02, h - 0.02), 0.02, "body")])


def barrel(w: float, d: float, h: float, rng: Generator) -> Model:
    """A cask with hoops."""
    r = w / 2
    parts = [
        lathe(
            [
                (r * 0.8, 0),
                (r * 0.93, h * 0.22),
                (r * 0.985, h * 0.5),
                (r * 0.93, h * 0.78),
                (r * 0.8, h),
                (r * 0.77, h),
                (r * 0.77, h - 0.03),
            ],
            "body",
            sides=36,
        )
    ]
    hoops = ((0.06, 0.85), (0.28, 0.965), (0.66, 0.985), (0.88, 0.885))
    return Model(
        [
            *parts,
            *(
                lathe([(r * size, h * z), (r * (size + (0.02 if z < 0.5 else -0.02)), h * (z + 0.06))], "metal", sharp=True, sides=36)
                for z, size in hoops
            ),
        ]
    )


def watering_can(w: float, d: float, h: float, rng: Generator) -> Model:
    """A can with a long spout to the left and a bow to the right."""
    r = d / 2
    x = w / 2 - r - 0.04
    body = lathe([(r, 0), (r, h * 0.62), (r * 0.75, h * 0.7), (r * 0.7, h * 0.7)], "body").moved((x, 0, 0))
    spout = tube([(x - r * 0.9, 0, h * 0.18), (x - r * 1.6, 0, h * 0.5), (-w / 2 + 0.04, 0, h * 0.85)], 0.016, "body")
    rose = lathe([(0.015, 0), (0.04, 0.04)], "body", sides=16).turned(1, -0.9).moved((-w / 2 + 0.05, 0, h * 0.84))
    bow = [(x - r * 0.5, 0, h * 0.69), (x, 0, h - 0.01), (x + r * 0.8, 0, h * 0.9), (w / 2 - 0.01, 0, h * 0.6), (x + r, 0, h * 0.2)]
    return Model([body, spout, rose, rail(bow, 0.009, "body")])


def parasol(w: float, d: float, h: float, rng: Generator) -> Model:
    """A pole on a heavy foot under a round canopy."""
    r = w / 2
    canopy = [(r - 0.02, h * 0.78), (r, h * 0.775), (r * 0.6, h * 0.9), (0.05, h - 0.02), (0.03, h)]
    parts = [lathe([(0.26, 0), (0.25, 0.07), (0.03, 0.1), (0.022, h * 0.9)], "pole"), lathe(canopy, "cover", sides=16)]
    return Model(parts)
