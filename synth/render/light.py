"""How light falls on a photographed thing: maps of brightness and glare, worked out on a coarse grid and enlarged.

Coordinates run from -1 to 1 across the photo and from -1 to 1 down it. Light changes slowly, so a grid an eighth as fine as the pixels is
enough, and a hundredth of the work. Only + - * / on 32-bit floats: equal input gives equal bytes on any processor.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from synth.render.pixels import Grey, enlarged

_GRID = 8
"""Photo pixels a cell of the grid."""
Grid: TypeAlias = NDArray[np.floating]
Ellipse: TypeAlias = tuple[float, float, float, float, float]
"""Middle x, y, half width, half height, strength."""
NO_EDGE = (1.0, 0.0, 0.0, 1.0, 0.0)
NO_SPOT: Ellipse = (0.0, 0.0, 1.0, 1.0, 0.0)


@dataclass(frozen=True, slots=True)
class Light:
    """Plain numbers; the defaults are even light.

    Attributes:
        slope: Change of brightness from the middle to the right edge and to the lower edge.
        vignette: Loss in the corners.
        rim: Loss at the left and right edge, of a thing that turns away there.
        edge: A straight shadow: its normal (x, y), its distance from the middle along the normal, its softness (width of the penumbra) and
            its depth (0 no shadow, 1 black), the shadow being where the normal points.
        spot: A soft round shadow, of a head or a hand: middle x, y, half width, half height, depth.
        glare: A reflection of a lamp: middle x, y, half width, half height, strength (1 is white in its middle).
    """

    slope: tuple[float, float] = (0.0, 0.0)
    vignette: float = 0.0
    rim: float = 0.0
    edge: tuple[float, float, float, float, float] = NO_EDGE
    spot: Ellipse = NO_SPOT
    glare: Ellipse = NO_SPOT

    @property
    def is_even(self) -> bool:
        """Whether brightness is the same everywhere; glare aside."""
        return self.slope == (0.0, 0.0) and not (self.vignette or self.rim or self.edge[4] or self.spot[4])


EVEN = Light()


def draw_light(rng: Generator, strength: float) -> Light:
    """Room light, a window or a street lamp; `strength` 1 is uneven as in a snapshot, 2 as in one that went wrong."""
    side = _either(rng) * (0.1 + 0.9 * float(rng.random()))
    down = _either(rng) * (0.1 + 0.9 * float(rng.random()))
    edge, spot = NO_EDGE, NO_SPOT
    if rng.random() < 0.3 * strength:
        depth = min(0.6, (0.12 + 0.22 * float(rng.random())) * strength)
        edge = (side, down, 0.7 * float(rng.random()) - 0.1, 0.04 + 0.8 * float(rng.random()) ** 2, depth)
    if rng.random() < 0.2 * strength:
        depth = min(0.55, (0.1 + 0.2 * float(rng.random())) * strength)
        depth *= 0.5 if edge[4] else 1.0  # two shadows on one place leave little light
        spot = (_spread(rng, 1.2), _spread(rng, 1.2), 0.4 + 0.6 * float(rng.random()), 0.5 + 0.7 * float(rng.random()), depth)
    return Light(
        slope=(_spread(rng, 0.12 * strength), _spread(rng, 0.12 * strength)),
        vignette=0.22 * strength * float(rng.random()) ** 2,
        edge=edge,
        spot=spot,
    )


def draw_glare(rng: Generator) -> Ellipse:
    """A lamp or a window mirrored in something glossy; text under it loses up to half of its contrast."""
    return (
        _spread(rng, 1.0),
        _spread(rng, 1.0),
        0.15 + 0.4 * float(rng.random()),
        0.15 + 0.6 * float(rng.random()),
        0.25 + 0.25 * float(rng.random()),
    )


def shade(size: tuple[int, int], light: Light) -> Grey:
    """How opaque black must lie over a photo of `size`, as a grey picture: 0 where it is brightest."""
    x, y = _grid(size)
    across = 1.0 + light.slope[0] * x - np.float32(0.5 * light.vignette) * x * x
    level = across + (light.slope[1] * y - np.float32(0.5 * light.vignette) * y * y)
    if light.rim:
        level *= 1.0 - light.rim * (x * x) * (x * x)
    if light.edge[4]:
        nx, ny, at, soft, depth = light.edge
        # Two cells at least, or the grid would show as stairs.
        soft = max(soft, 4.0 * (abs(nx) / x.size + abs(ny) / y.size))
        level *= 1.0 - depth * _smooth((nx * x + ny * y - at) / soft + 0.5)
    if light.spot[4]:
        level *= 1.0 - light.spot[4] * _disc(x, y, light.spot)
    return _enlarged(1.0 - np.maximum(level / level.max(), 0.0), size)


def glare(size: tuple[int, int], light: Light) -> Grey:
    """How opaque white must lie over a photo of `size`, as a grey picture: 0 where there is no glare."""
    x, y = _grid(size)
    return _enlarged(light.glare[4] * _disc(x, y, light.glare), size)


def _grid(size: tuple[int, int]) -> tuple[Grid, Grid]:
    """Middles of the cells, as a row and a column."""
    columns, rows = (max(2, -(-side // _GRID)) for side in size)
    return _middles(columns)[None, :], _middles(rows)[:, None]


@lru_cache(maxsize=512)
def _middles(cells: int) -> Grid:
    return (2 * np.arange(cells, dtype=np.float32) + 1) / np.float32(cells) - 1


def _smooth(t: Grid) -> Grid:
    """0 below 0, 1 above 1, and a smooth step between."""
    clipped = np.clip(t, 0.0, 1.0)
    return clipped * clipped * (3.0 - 2.0 * clipped)


def _disc(x: Grid, y: Grid, place: Ellipse) -> Grid:
    """1 in the middle of an ellipse, 0 from its border on."""
    u, v = (x - place[0]) / place[2], (y - place[1]) / place[3]
    return _smooth(1.0 - (u * u + v * v))


def _enlarged(level: Grid, size: tuple[int, int]) -> Grey:
    return enlarged(np.rint(level * 255.0).astype(np.uint8), size)


def _spread(rng: Generator, width: float) -> float:
    """A number in (-width, width), more often near 0."""
    return width * float(rng.random() + rng.random() - 1.0)


def _either(rng: Generator) -> float:
    return 1.0 if rng.random() < 0.5 else -1.0
