"""Is this the picture of this scene? Compares a stored picture with the verifier's own masks, without drawing light and shadow again.

Two things are asked of the pixels. Hue: where the scene has a part of a colour, the pixels must have it, up to one colour of light for all.
Outlines: where the masks end, brightness or colour must change, more than a few pixels beside; that tells a picture that is shifted,
mirrored, or of another scene, and a thing that is missing or elsewhere.
"""

import io
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from schemas.sample import Image
from synth.spatial.proof_facts import Facts
from synth.spatial.stored_scene import Floats, Integers

DARK, BRIGHT = 36, 246
"""Bytes below and above which a pixel's hue tells nothing."""
HUE_TOLERANCE = 0.09
"""How far a pixel's red and blue shares may be off: reflected colour, highlights, noise, JPEG."""
PALER = 0.5
"""How far towards white a colour may be drawn by reflections; grey in the place of red is then still no red."""
HUE_SHARE = 0.5
"""Share of a thing's pixels whose hue must be right: 0.62 at least of 636 things, spokes of a bicycle being the worst."""
PICTURE_HUE_SHARE = 0.9
"""The same for a whole picture: 0.93 at least in some 400 pictures, 0.79 in the median of 72 that are of another scene."""
SHIFT_PX = 4
"""Outlines are compared with themselves moved by so many pixels."""
EDGE_GAIN, THING_GAIN = 2.0, 1.3
"""How much more must change at the outlines of everything than beside them, and at those of one thing. Measured: 2.2 at least in 72
pictures of the scene, 1.3 at most in 72 of another; the generator asks about what shows with 1.5 in its own measure."""
Roots = NDArray[np.float32]
"""Square roots of linear light."""
_ROOTS: Roots = np.sqrt(np.array([c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in range(256)], np.float32))
"""Of sRGB bytes."""


class StoredPicture:
    """A stored picture beside the verifier's facts."""

    def __init__(self, image: Image, facts: Facts) -> None:
        with Pillow.open(io.BytesIO(image.data)) as picture:
            self.pixels: NDArray[np.uint8] = np.asarray(picture.convert("RGB"))
        self.facts = facts
        self.roots = _ROOTS[self.pixels]

    def fault(self) -> str:
        """What shows that the picture is not one of the scene; nothing if it may be."""
        camera = self.facts.camera
        if self.pixels.shape[:2] != (camera.height, camera.width):
            return f"the picture is {self.pixels.shape[1]}x{self.pixels.shape[0]}, the scene's camera takes {camera.width}x{camera.height}"
        known = ~np.isnan(self.hue_right)
        if known.sum() > 500 and self.hue_right[known].mean() < PICTURE_HUE_SHARE:
            return f"only {self.hue_right[known].mean():.2f} of the pixels have the hue of what the scene has there"
        gain = edge_gain(self.roots, self.facts.item_map)
        if gain < EDGE_GAIN:
            return f"outlines of the scene are not those of the picture: {gain:.2f} times what is beside them"
        return ""

    def thing_fault(self, number: int) -> str:
        """The same for one thing."""
        right = self.hue_right[self.facts.mask(number)]
        known = right[~np.isnan(right)]
        if len(known) > 60 and known.mean() < HUE_SHARE:
            return f"only {known.mean():.2f} of the pixels of the {self.facts.scene.items[number].label} have its hue"
        # what is around it, twice as wide and high
        x0, y0, x1, y1 = (round(v) for v in self.facts.box_px(number))
        wide, high = max(12, (x1 - x0) // 2), max(12, (y1 - y0) // 2)
        part = (slice(max(0, y0 - high), y1 + high), slice(max(0, x0 - wide), x1 + wide))
        gain = edge_gain(self.roots[part], self.facts.mask(number)[part].astype(np.int64))
        if gain < THING_GAIN:
            return f"no outline is seen where that of the {self.facts.scene.items[number].label} is: {gain:.2f} times what is beside it"
        return ""

    @cached_property
    def hue_right(self) -> Floats:
        """[h, w] 1 where a pixel has the hue of what is there, 0 where not, NaN where that cannot be told."""
        facts, bright = self.facts, self.pixels.max(axis=2)
        colours = np.concatenate([item.colour for item in facts.scene.items])
        shines = np.concatenate([item.shines for item in facts.scene.items])
        triangle = facts.buffer.triangle
        usable = (triangle >= 0) & ~shines[triangle] & (bright > DARK) & (bright < BRIGHT) & ~_near_edges(facts)
        if not usable.any():
            return np.full(triangle.shape, np.nan)
        told = _shares(np.sqrt(np.maximum(colours, 0)))[triangle[usable]]
        off = _shares(self.roots[usable]) - told
        off = off - np.median(off, axis=0)  # one colour of light for the whole picture
        # reflections of lamps and walls on what is glossy draw a colour towards white: part of that way is no fault
        pale = 1 / 3 - told
        length = pale[:, 0] * pale[:, 0] + pale[:, 1] * pale[:, 1]
        way = np.clip((off[:, 0] * pale[:, 0] + off[:, 1] * pale[:, 1]) / np.maximum(length, 1e-9), 0, PALER)
        off = np.abs(off - way[:, None] * pale)
        right = np.full(triangle.shape, np.nan)
        right[usable] = (off[:, 0] < HUE_TOLERANCE) & (off[:, 1] < HUE_TOLERANCE)
        return right


def edge_gain(roots: Roots, regions: Integers) -> float:
    """Change across the borders of regions [h, w], over the change across the same borders moved aside; 1 for an unrelated picture."""
    here, beside = [], []
    for axis in (0, 1):
        red, green, blue = (np.abs(np.diff(roots[..., k], axis=axis)) for k in range(3))
        change = red + green + blue
        border = np.diff(regions, axis=axis) != 0
        moved = np.zeros_like(border)
        for shift in (SHIFT_PX, -SHIFT_PX):
            for way in (0, 1):
                moved |= np.roll(border, shift, axis=way)
        here.append(change[border])
        beside.append(change[moved & ~border])
    at, off = np.concatenate(here), np.concatenate(beside)
    return float(at.mean() / max(1e-6, off.mean())) if len(at) and len(off) else 1.0


def _near_edges(facts: Facts) -> NDArray[np.bool_]:
    """Pixels within two of another item, whose colour is mixed."""
    items, near = facts.item_map, np.zeros(facts.item_map.shape, bool)
    for shift in (1, 2):
        for axis in (0, 1):
            for way in (shift, -shift):
                near |= np.roll(items, way, axis=axis) != items
    return near


def _shares(roots: NDArray[Any]) -> NDArray[Any]:
    """Red and blue [n, 2] as shares of the sum of all three, of the square root of each (so that dark and bright hues count alike)."""
    red, green, blue = (roots[:, k] for k in range(3))
    total = np.maximum(red + green + blue, 1e-6)
    return np.stack([red / total, blue / total], axis=1)
