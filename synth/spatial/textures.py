"""Procedural textures: how much brighter or darker a surface is at a point of its own model frame.

Each is a function of position alone, so that no texture needs unwrapping, and of integer hashes, so that it is the same everywhere.
Patterns finer than two pixels fade out instead of flickering. Textures change brightness, hardly hue: the colour of a part stays what its
name says.
"""

import numpy as np
from numpy.typing import NDArray

from synth.spatial.shapes import Floats

Hashes = NDArray[np.uint32]


def brightness(texture: str, points: Floats, normals: Floats, footprint: Floats, seed: int) -> Floats:
    """Factors [n] around 1.

    Args:
        texture: A name of materials.yaml.
        points: [n, 3] model frame, metres.
        normals: [n, 3] of the surface, model frame.
        footprint: [n] metres that a pixel covers there.
        seed: Of the object's own pattern.
    """
    return np.asarray(_TEXTURES[texture](points, normals, footprint, seed), float)


def _hash(x: NDArray[np.int64], y: NDArray[np.int64], z: NDArray[np.int64], seed: int) -> Floats:
    """Numbers from 0 to 1, by lattice point (the finaliser of MurmurHash3)."""
    h = (x * 73856093 ^ y * 19349663 ^ z * 83492791 ^ seed * 2654435761).astype(np.uint32)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    return np.asarray(h / 4294967295.0, float)


def _noise(points: Floats, period: tuple[float, float, float] | float, footprint: Floats, seed: int) -> Floats:
    """Smooth noise from -1 to 1 whose waves are about `period` metres long, fading where they are below two pixels."""
    scale = np.broadcast_to(np.asarray(period, float), (3,))
    q = points / scale
    base = np.floor(q)
    f = q - base
    f = f * f * (3 - 2 * f)
    i = base.astype(np.int64)
    total = np.zeros(len(points))
    for corner in range(8):
        dx, dy, dz = corner & 1, corner >> 1 & 1, corner >> 2
        weight = (f[:, 0] if dx else 1 - f[:, 0]) * (f[:, 1] if dy else 1 - f[:, 1]) * (f[:, 2] if dz else 1 - f[:, 2])
        total += weight * _hash(i[:, 0] + dx, i[:, 1] + dy, i[:, 2] + dz, seed)
    return (2 * total - 1) * _fade(float(scale.min()), footprint)


def _fade(period: float, footprint: Floats) -> Floats:
    """1 where a wave spans four pixels or more, 0 where it spans two."""
    return np.asarray(np.clip(period / (2 * footprint) - 1, 0, 1), float)


def _wave(x: Floats) -> Floats:
    """A smooth wave of period 1 from -1 to 1, without the processor's own sine."""
    u: Floats = np.abs(2 * (x - np.floor(x)) - 1)
    return 2 * u * u * (3 - 2 * u) - 1


def _flat(points: Floats, normals: Floats) -> tuple[Floats, Floats]:
    """Two coordinates along the surface: (x, y) on what lies flat, and along the wall and up on what stands."""
    lying = np.abs(normals[:, 2]) > 0.7
    along = np.where(np.abs(normals[:, 0]) > np.abs(normals[:, 1]), points[:, 1], points[:, 0])
    return np.where(lying, points[:, 0], along), np.where(lying, points[:, 1], points[:, 2])


def _smooth(p: Floats, n: Floats, fp: Floats, seed: int) -> Floats:
    return 1 + 0.02 * _noise(p, 0.05, fp, seed)


def _wood(p: Floats, n: Floats, fp: Floats, seed: int) -> Floats:
    warp = _noise(p, (0.5, 0.06, 0.06), fp, seed)
    rings = _wave(p[:, 1] * 22 + p[:, 2] * 17 + 1.3 * warp) * _fade(0.045, fp)
    return 1 + 0.09 * rings + 0.1 * _noise(p, (0.12, 0.004, 0.004), fp, seed + 1) + 0.06 * _noise(p, (0.4, 0.05, 0.05), fp, seed + 2)


def _brushed(p: Floats, n: Floats, fp: Floats, seed: int) -> Floats:
    return 1 + 0.08 * _noise(p, (0.2, 0.2, 0.002), fp, seed) + 0.05 * _noise(p, 0.06, fp, seed + 1)


def _stone(p: Floats, n: Floats, fp: Floats, seed: int) -> Floats:
    coarse = _noise(p, 0.12, fp, seed)
    vein: Floats = 1 - np.abs(_noise(p + 0.05 * coarse[:, None], 0.09, fp, seed + 1))
    sharp = vein * vein * vein * vein
    return 1 + 0.1 * coarse - 0.35 * sharp * sharp + 0.06 * _noise(p, 0.01, fp, seed + 2)


def _weave(p: Floats, n: Floats, fp: Floats, seed: int) -> Floats:
    u, v = _flat(p, n)
    cross = _wave(u / 0.005) * _wave(v / 0.005) * _fade(0.005, fp)
    return 1 + 0.1 * cross + 0.07 * _noise(p, 0.004, fp, seed) + 0.05 * _noise(p, 0.15, fp, seed + 1)


def _leather(p: Floats, n: Floats, fp: Floats, seed: int) -> Floats:
    return 1 + 0.08 * _noise(p, 0.008, fp, seed) + 0.1 * _noise(p, 0.08, fp, seed + 1)


def _pages(p: Floats, n: Floats, fp: Floats, seed: int) -> Floats:
    return 0.95 + 0.08 * _wave(p[:, 2] / 0.0025) * _fade(0.0025, fp)


def _card(p: Floats, n: Floats, fp: Floats, seed: int) -> Floats:
    return 1 + 0.04 * _wave(p[:, 0] / 0.008) * _fade(0.008, fp) + 0.05 * _noise(p, 0.05, fp, seed) + 0.04 * _noise(p, 0.004, fp, seed + 1)


def _stripes(p: Floats, n: Floats, fp: Floats, seed: int) -> Floats:
    return np.where(_wave(p[:, 2] / 0.03) > 0.3, 0.65, 1.0)


def _print(p: Floats, n: Floats, fp: Floats, seed: int) -> Floats:
    """Soft shapes, as of a landscape seen through half-closed eyes."""
    land = p[:, 2] + 0.12 * _noise(p, 0.25, fp, seed) + 0.04 * _noise(p, 0.07, fp, seed + 1)
    return 0.75 + 0.4 * np.clip((land - 0.15) * 5, 0, 1) + 0.2 * _noise(p, 0.1, fp, seed + 2)


def _planks(p: Floats, n: Floats, fp: Floats, seed: int) -> Floats:
    row = np.floor(p[:, 1] / 0.13)
    shift = _hash(row.astype(np.int64), np.zeros(len(p), np.int64), np.zeros(len(p), np.int64), seed)
    column = np.floor(p[:, 0] / 1.2 + shift)
    tone = _hash(row.astype(np.int64), column.astype(np.int64), np.ones(len(p), np.int64), seed)
    gap = _line(p[:, 1] / 0.13, 0.0025 / 0.13, fp / 0.13) + _line(p[:, 0] / 1.2 + shift, 0.002 / 1.2, fp / 1.2)
    grain = _wood(p + tone[:, None] * 7.0, n, fp, seed)
    return grain * (0.86 + 0.26 * tone) * (1 - 0.5 * np.minimum(gap, 1))


def _tiles(p: Floats, n: Floats, fp: Floats, seed: int) -> Floats:
    side = 0.33
    u, v = _flat(p, n)
    tone = _hash(np.floor(u / side).astype(np.int64), np.floor(v / side).astype(np.int64), np.zeros(len(p), np.int64), seed)
    gap = np.minimum(_line(u / side, 0.005 / side, fp / side) + _line(v / side, 0.005 / side, fp / side), 1)
    return (0.93 + 0.1 * tone + 0.04 * _noise(p, 0.08, fp, seed)) * (1 - 0.35 * gap)


def _bricks(p: Floats, n: Floats, fp: Floats, seed: int) -> Floats:
    u, v = _flat(p, n)
    row = np.floor(v / 0.075)
    column = u / 0.24 + 0.5 * (row % 2)
    tone = _hash(row.astype(np.int64), np.floor(column).astype(np.int64), np.zeros(len(p), np.int64), seed)
    gap = np.minimum(_line(v / 0.075, 0.01 / 0.075, fp / 0.075) + _line(column, 0.01 / 0.24, fp / 0.24), 1)
    return (0.75 + 0.4 * tone + 0.12 * _noise(p, 0.01, fp, seed)) * (1 + 0.3 * gap)


def _line(x: Floats, width: float, footprint: Floats) -> Floats:
    """How much of a pixel a line of `width` at each whole number covers; lengths in units of the period."""
    off = np.abs(x - np.floor(x + 0.5))
    blur = np.maximum(footprint, 1e-6)
    return np.clip((width / 2 + blur / 2 - off) / blur, 0, 1) * np.minimum(1, width / blur)


def _carpet(p: Floats, n: Floats, fp: Floats, seed: int) -> Floats:
    return 1 + 0.22 * _noise(p, 0.006, fp, seed) + 0.1 * _noise(p, 0.02, fp, seed + 1) + 0.07 * _noise(p, 0.4, fp, seed + 2)


def _plaster(p: Floats, n: Floats, fp: Floats, seed: int) -> Floats:
    return 1 + 0.02 * _noise(p, 0.015, fp, seed) + 0.025 * _noise(p, 0.5, fp, seed + 1)


def _wallpaper(p: Floats, n: Floats, fp: Floats, seed: int) -> Floats:
    u, _ = _flat(p, n)
    return 1 + 0.07 * np.clip(_wave(u / 0.16) * 6, -1, 1) + 0.02 * _noise(p, 0.01, fp, seed)


def _grass(p: Floats, n: Floats, fp: Floats, seed: int) -> Floats:
    blades = 0.3 * _noise(p, 0.012, fp, seed) + 0.25 * _noise(p, 0.045, fp, seed + 1)
    return np.maximum(0.2, 1 + blades + 0.18 * _noise(p, 0.3, fp, seed + 2) + 0.12 * _noise(p, 1.5, fp, seed + 3))


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
}
