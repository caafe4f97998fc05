"""Procedural textures: how much brighter or darker a surface is at a point of its own model frame.

Each is a function of position alone, so that no texture needs unwrapping, and of integer hashes, so that it is the same everywhere.
Patterns finer than two pixels fade out instead of flickering. Textures change brightness, hardly hue: the colour of a part stays what its
name says.
"""

import numpy as np
from numpy.typing import NDArray

from synth.spatial.rays import Singles, singles

Hashes = NDArray[np.uint32]
_PRIMES = (73856093, 19349663, 83492791)
"""Of the three axes (Teschner et al. 2003)."""


def brightness(texture: str, points: Singles, normals: Singles, footprint: Singles, seed: int) -> Singles:
    """Factors [n] around 1.

    Args:
        texture: A name of materials.yaml.
        points: [3, n] model frame, metres.
        normals: [3, n] of the surface, model frame.
        footprint: [n] metres that a pixel covers there.
        seed: Of the object's own pattern.
    """
    return np.asarray(_TEXTURES[texture](points, normals, footprint, seed), np.float32)


def _hash(h: Hashes) -> Singles:
    """Numbers from 0 to 1, by lattice point (the finaliser of MurmurHash3)."""
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    return h.astype(np.float32) * np.float32(1 / 4294967296)


def _cell(x: Singles, y: Singles, z: int, seed: int) -> Singles:
    """A number from 0 to 1 for each cell of a plane, by whole coordinates."""
    return _hash(_steps(x, 0) ^ _steps(y, 1) ^ _start(seed + 97 * z))


def _steps(whole: Singles, axis: int) -> Hashes:
    """What a whole coordinate adds to the hash."""
    return whole.astype(np.int32).view(np.uint32) * np.uint32(_PRIMES[axis])


def _start(seed: int) -> np.uint32:
    return np.uint32(seed * 2654435761 & 0xFFFFFFFF)


def _noise(points: Singles, period: tuple[float, float, float] | float, footprint: Singles, seed: int) -> Singles:
    """Smooth noise from -1 to 1 whose waves are about `period` metres long, fading where they are below two pixels."""
    scale = (period, period, period) if isinstance(period, float) else period
    fade = _fade(min(scale), footprint)
    shown = np.flatnonzero(fade > 0)
    if len(shown) == len(fade):
        return _waves(points, scale, seed) * fade
    out = np.zeros(len(fade), np.float32)
    if len(shown):
        out[shown] = _waves(np.take(points, shown, axis=1), scale, seed) * fade[shown]
    return out


def _waves(points: Singles, scale: tuple[float, float, float], seed: int) -> Singles:
    """Smooth noise from -1 to 1: random numbers at whole coordinates, and a blend of the eight around between them."""
    low, blend, sides = [], [], []
    for axis in range(3):
        q = points[axis] * np.float32(1 / scale[axis])
        base = np.floor(q)
        f = q - base
        blend.append(f * f * (3 - 2 * f))
        low.append(_steps(base, axis))
        sides.append(np.uint32(_PRIMES[axis]))
    start = _start(seed)
    planes = []
    for dz in (0, 1):
        z = (low[2] + sides[2] if dz else low[2]) ^ start
        rows = []
        for dy in (0, 1):
            y = (low[1] + sides[1] if dy else low[1]) ^ z
            first = _hash(low[0] ^ y)
            rows.append(first + (_hash((low[0] + sides[0]) ^ y) - first) * blend[0])
        planes.append(rows[0] + (rows[1] - rows[0]) * blend[1])
    total: Singles = planes[0] + (planes[1] - planes[0]) * blend[2]
    return 2 * total - 1


def _fade(period: float, footprint: Singles) -> Singles:
    """1 where a wave spans four pixels or more, 0 where it spans two."""
    return np.asarray(np.clip(np.float32(period / 2) / footprint - 1, 0, 1), np.float32)


def _wave(x: Singles) -> Singles:
    """A smooth wave of period 1 from -1 to 1, without the processor's own sine."""
    u: Singles = np.abs(2 * (x - np.floor(x)) - 1)
    return 2 * u * u * (3 - 2 * u) - 1


def _flat(points: Singles, normals: Singles) -> tuple[Singles, Singles]:
    """Two coordinates along the surface: (x, y) on what lies flat, and along the wall and up on what stands."""
    lying = np.abs(normals[2]) > 0.7
    along = np.where(np.abs(normals[0]) > np.abs(normals[1]), points[1], points[0])
    return np.where(lying, points[0], along), np.where(lying, points[1], points[2])


def _smooth(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    return 1 + 0.02 * _noise(p, 0.05, fp, seed)


def _wood(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    warp = _noise(p, (0.5, 0.06, 0.06), fp, seed)
    rings = _wave(p[1] * 22 + p[2] * 17 + 1.3 * warp) * _fade(0.045, fp)
    return singles(
        1 + 0.09 * rings + 0.1 * _noise(p, (0.12, 0.004, 0.004), fp, seed + 1) + 0.06 * _noise(p, (0.4, 0.05, 0.05), fp, seed + 2)
    )


def _brushed(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    return 1 + 0.08 * _noise(p, (0.2, 0.2, 0.002), fp, seed) + 0.05 * _noise(p, 0.06, fp, seed + 1)


def _stone(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    coarse = _noise(p, 0.12, fp, seed)
    vein: Singles = 1 - np.abs(_noise(p + 0.05 * coarse, 0.09, fp, seed + 1))
    sharp = vein * vein * vein * vein
    return 1 + 0.1 * coarse - 0.35 * sharp * sharp + 0.06 * _noise(p, 0.01, fp, seed + 2)


def _weave(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    u, v = _flat(p, n)
    cross = _wave(u / 0.005) * _wave(v / 0.005) * _fade(0.005, fp)
    return singles(1 + 0.1 * cross + 0.07 * _noise(p, 0.004, fp, seed) + 0.05 * _noise(p, 0.15, fp, seed + 1))


def _leather(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    return 1 + 0.08 * _noise(p, 0.008, fp, seed) + 0.1 * _noise(p, 0.08, fp, seed + 1)


def _pages(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    return 0.95 + 0.08 * _wave(p[2] / 0.0025) * _fade(0.0025, fp)


def _card(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    flutes = 0.04 * _wave(p[0] / 0.008) * _fade(0.008, fp)
    return singles(1 + flutes + 0.05 * _noise(p, 0.05, fp, seed) + 0.04 * _noise(p, 0.004, fp, seed + 1))


def _stripes(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    return np.where(_wave(p[2] / 0.03) > 0.3, 0.65, 1.0)


def _print(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    """Soft shapes, as of a landscape seen through half-closed eyes."""
    land = p[2] + 0.12 * _noise(p, 0.25, fp, seed) + 0.04 * _noise(p, 0.07, fp, seed + 1)
    return singles(0.75 + 0.4 * np.clip((land - 0.15) * 5, 0, 1) + 0.2 * _noise(p, 0.1, fp, seed + 2))


def _planks(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    row = np.floor(p[1] / 0.13)
    shift = _cell(row, row, 0, seed)
    column = np.floor(p[0] / 1.2 + shift)
    tone = _cell(row, column, 1, seed)
    gap = _line(p[1] / 0.13, 0.0025 / 0.13, fp / 0.13) + _line(p[0] / 1.2 + shift, 0.002 / 1.2, fp / 1.2)
    grain = _wood(p + tone * 7, n, fp, seed)
    return singles(grain * (0.86 + 0.26 * tone) * (1 - 0.5 * np.minimum(gap, 1)))


def _tiles(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    side = 0.33
    u, v = _flat(p, n)
    tone = _cell(np.floor(u / side), np.floor(v / side), 0, seed)
    gap = np.minimum(_line(u / side, 0.005 / side, fp / side) + _line(v / side, 0.005 / side, fp / side), 1)
    return singles((0.93 + 0.1 * tone + 0.04 * _noise(p, 0.08, fp, seed)) * (1 - 0.35 * gap))


def _bricks(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    u, v = _flat(p, n)
    row = np.floor(v / 0.075)
    column = u / 0.24 + 0.5 * (row % 2)
    tone = _cell(row, np.floor(column), 0, seed)
    gap = np.minimum(_line(v / 0.075, 0.01 / 0.075, fp / 0.075) + _line(column, 0.01 / 0.24, fp / 0.24), 1)
    return singles((0.75 + 0.4 * tone + 0.12 * _noise(p, 0.01, fp, seed)) * (1 + 0.3 * gap))


def _line(x: Singles, width: float, footprint: Singles) -> Singles:
    """How much of a pixel a line of `width` at each whole number covers; lengths in units of the period."""
    off = np.abs(x - np.floor(x + 0.5))
    blur = np.maximum(footprint, 1e-6)
    return singles(np.clip((width / 2 + blur / 2 - off) / blur, 0, 1) * np.minimum(1, width / blur))


def _carpet(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    return singles(1 + 0.22 * _noise(p, 0.006, fp, seed) + 0.1 * _noise(p, 0.02, fp, seed + 1) + 0.07 * _noise(p, 0.4, fp, seed + 2))


def _plaster(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    return 1 + 0.02 * _noise(p, 0.015, fp, seed) + 0.025 * _noise(p, 0.5, fp, seed + 1)


def _wallpaper(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    u, _ = _flat(p, n)
    return 1 + 0.07 * np.clip(_wave(u / 0.16) * 6, -1, 1) + 0.02 * _noise(p, 0.01, fp, seed)


def _grass(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    blades = 0.3 * _noise(p, 0.012, fp, seed) + 0.25 * _noise(p, 0.045, fp, seed + 1)
    return singles(np.maximum(0.2, 1 + blades + 0.18 * _noise(p, 0.3, fp, seed + 2) + 0.12 * _noise(p, 1.5, fp, seed + 3)))


def _bark(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    return singles(1 + 0.3 * _noise(p, (0.03, 0.03, 0.15), fp, seed) + 0.15 * _noise(p, 0.01, fp, seed + 1))


def _foliage(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    """Leaves, light and dark, where each ends."""
    leaves = _noise(p, 0.045, fp, seed)
    sharp = np.clip(leaves * 3, -1, 1)
    return singles(0.85 + 0.4 * sharp + 0.25 * _noise(p, 0.02, fp, seed + 1) + 0.2 * _noise(p, 0.3, fp, seed + 2))


def _asphalt(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    return singles(1 + 0.25 * _noise(p, 0.008, fp, seed) + 0.12 * _noise(p, 0.03, fp, seed + 1) + 0.12 * _noise(p, 0.9, fp, seed + 2))


def _wall_tiles(p: Singles, n: Singles, fp: Singles, seed: int) -> Singles:
    """Tiles of 15 by 15 cm up to a height of 1.5 m, plaster above."""
    side = 0.15
    u, v = _flat(p, n)
    gap = np.minimum(_line(u / side, 0.004 / side, fp / side) + _line(v / side, 0.004 / side, fp / side), 1)
    tone = _cell(np.floor(u / side), np.floor(v / side), 2, seed)
    tiled = (0.96 + 0.05 * tone) * (1 - 0.3 * gap)
    return np.where(v < 1.5, singles(tiled), _plaster(p, n, fp, seed))


_TEXTURES = {
    "smooth": _smooth,
    "wood": _wood,
    "brushed": _brushed,
    "stone": _stone,
    "weave": _weave,
    "leather": _leather,
    "pages": _pages,
    "card": _card,
    "stripes": _stripes,
    "print": _print,
    "planks": _planks,
    "tiles": _tiles,
    "bricks": _bricks,
    "carpet": _carpet,
    "plaster": _plaster,
    "wallpaper": _wallpaper,
    "grass": _grass,
    "bark": _bark,
    "foliage": _foliage,
    "asphalt": _asphalt,
    "wall_tiles": _wall_tiles,
}
