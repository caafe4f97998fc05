"""What text stands on, and inks that can be read on it.

Papers and surfaces are drawn from noise; photographed grounds (`photographed.py`) are taken only where they are named. `draw_ground` picks
a kind; its name goes into a sample's tags, so that results can be told apart by ground, and its photograph into the ledger (`ground_uses`).
"""

from collections.abc import Collection, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.random import Generator

from schemas.errors import UserError
from schemas.sample import AssetUse
from synth.render import papers, surfaces
from synth.render.photographed import PHOTOGRAPHS, Ground, photograph_use
from synth.render.pixels import total
from synth.render.planes import Planes, Rgb, rgb

PAPERS: Final[Mapping[str, Ground]] = MappingProxyType(
    {
        "paper": papers.paper,
        "aged_paper": papers.aged_paper,
        "ruled_paper": papers.ruled_paper,
        "squared_paper": papers.squared_paper,
        "folded_paper": papers.folded_paper,
        "crumpled_paper": papers.crumpled_paper,
        "stained_paper": papers.stained_paper,
        "thermal_paper": papers.thermal_paper,
        "sticky_note": papers.sticky_note,
        "cardboard": papers.cardboard,
    }
)
"""Grounds of documents, receipts and notes: light, and nearly even."""
SURFACES: Final[Mapping[str, Ground]] = MappingProxyType(
    {
        "plaster": surfaces.plaster,
        "concrete": surfaces.concrete,
        "brick": surfaces.brick,
        "brushed_metal": surfaces.brushed_metal,
        "wood": surfaces.wood,
        "painted_sign": surfaces.painted_sign,
        "rusty_metal": surfaces.rusty_metal,
        "screen": surfaces.screen,
        "fabric": surfaces.fabric,
        "sky": surfaces.sky,
        "street": surfaces.street,
        "chalkboard": surfaces.chalkboard,
        "tiles": surfaces.tiles,
        "label": surfaces.label,
        "marble": surfaces.marble,
        "asphalt": surfaces.asphalt,
    }
)
"""Grounds of signs, walls, packages and screens."""
GROUNDS: Final[Mapping[str, Ground]] = MappingProxyType({**PAPERS, **SURFACES, **PHOTOGRAPHS})
_TRIES = 24


def draw_ground(rng: Generator, width: int, height: int, among: Collection[str] | None = None) -> tuple[str, Planes]:
    """A ground of some kind: its name and a picture of that many pixels. Drawn ones only, where no kind is named.

    Raises:
        UserError: `among` names a kind that does not exist, or none.
    """
    names = sorted([*PAPERS, *SURFACES] if among is None else among)
    unknown = [name for name in names if name not in GROUNDS]
    if unknown or not names:
        raise UserError(f"no ground is called {', '.join(unknown) or 'nothing'}; there are {', '.join(GROUNDS)}")
    name = names[int(rng.integers(len(names)))]
    return name, GROUNDS[name](width, height, rng)


def ground_uses(name: str) -> tuple[AssetUse, ...]:
    """The photograph that a ground is from, for the ledger; nothing for one that is drawn."""
    return (photograph_use(name),) if name in PHOTOGRAPHS else ()


def luminance(colour: tuple[float, float, float]) -> float:
    """Relative luminance of an sRGB colour, 0 to 1 (WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance)."""
    red, green, blue = colour
    return 0.2126 * _linear(red / 255.0) + 0.7152 * _linear(green / 255.0) + 0.0722 * _linear(blue / 255.0)


def contrast_ratio(first: tuple[float, float, float], second: tuple[float, float, float]) -> float:
    """From 1 (alike) to 21 (black and white), whichever is the lighter (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    one, other = luminance(first), luminance(second)
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def readable_ink(ground_patch: Planes, rng: Generator, low: float = 4.5, high: float = 21.0) -> Rgb:
    """An ink colour whose contrast with the mean of a patch lies between `low` and `high`, 4.5 being WCAG's limit for body text.

    On a patch of light and dark parts the ink stays on one side of nearly all of it, if any ink can. Where no ink reaches `low` it is black
    or white, whichever differs more; one of them always has 4.5.
    """
    mean, darkest, lightest = _tones_of(ground_patch)
    best: tuple[float, Rgb] | None = None
    for _ in range(_TRIES):
        ink = _candidate(rng, mean, low)
        if not low <= contrast_ratio(ink, mean) <= high:
            continue
        near = darkest if luminance(ink) < luminance(mean) else lightest
        worst = contrast_ratio(ink, (near, near, near))
        if worst >= 0.6 * low:
            return ink
        best = max(best or (0.0, ink), (worst, ink))
    if best is not None:
        return best[1]
    return _grey_ink(mean, low, high)


def _tones_of(patch: Planes) -> tuple[tuple[float, float, float], float, float]:
    """Mean colour, and the tenth darkest and the tenth lightest tone as greys, of a patch, of every so manieth pixel."""
    step = max(1, min(patch.luma.shape) // 24)
    tones = [np.ascontiguousarray(plane[::step, ::step]) for plane in (patch.luma, patch.blue, patch.red)]
    y, blue, red = (total(part) // part.size for part in tones)
    grey = np.sort(tones[0], axis=None, kind="stable")  # a radix sort, for bytes
    last = len(grey) - 1
    return rgb((y, blue, red)), float(grey[last // 10]), float(grey[last * 9 // 10])


def _candidate(rng: Generator, mean: tuple[float, ...], low: float) -> Rgb:
    """Black or white now and then, else any hue, pushed towards the end of the scale that is farther away."""
    ground = luminance((mean[0], mean[1], mean[2]))
    dark = ground > 0.18 if rng.random() < 0.85 else ground <= 0.18
    if rng.random() < 0.3:
        tone = int(rng.integers(0, 40))
        return (tone, tone, tone) if dark else (255 - tone, 255 - tone, 255 - tone)
    # Strong contrast leaves room for deep or pale inks only.
    depth = float(rng.random()) * (0.45 if low > 3 else 0.8)
    hue = [float(rng.random()) for _ in range(3)]
    top = max(hue)
    values = [value / top * depth if dark else 1.0 - (1.0 - value / top) * depth for value in hue]
    return (round(255 * values[0]), round(255 * values[1]), round(255 * values[2]))


def _grey_ink(mean: tuple[float, ...], low: float, high: float) -> Rgb:
    """The grey whose contrast is the lowest that reaches `low`, or else black or white."""
    ground = (mean[0], mean[1], mean[2])
    greys: list[Rgb] = [(tone, tone, tone) for tone in range(256)]
    fitting = [grey for grey in greys if low <= contrast_ratio(grey, ground) <= high]
    if fitting:
        return max(fitting, key=lambda grey: contrast_ratio(grey, ground))
    return max(greys, key=lambda grey: contrast_ratio(grey, ground))


@lru_cache(maxsize=1024)
def _linear(value: float) -> float:
    """The sRGB transfer curve undone."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
