"""A colour picture as brightness and, more coarsely, colour: what JPEG does anyway, and half of the work for everything before it."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from PIL import Image as Pillow

from synth.render.warp import Warp

Ycc: TypeAlias = tuple[int, int, int]
BLACK: Ycc = (0, 128, 128)
WHITE: Ycc = (255, 128, 128)


@dataclass(slots=True)
class Planes:
    """Y, Cb and Cr of JFIF as grey pictures, which the methods change in place.

    Attributes:
        luma: Brightness.
        blue, red: Colour, a pixel of which covers `step` x `step` pixels of brightness; the last of a row may reach beyond it.
        step: 1 or 2.
    """

    luma: Pillow.Image
    blue: Pillow.Image
    red: Pillow.Image
    step: int

    @classmethod
    def of(cls, picture: Pillow.Image, step: int) -> "Planes":
        """The planes of an RGB picture, which is left as it is."""
        luma, blue, red = picture.convert("YCbCr").split()
        return cls(luma, blue.reduce(step), red.reduce(step), step) if step > 1 else cls(luma, blue, red, step)

    @property
    def size(self) -> tuple[int, int]:
        """In pixels of brightness."""
        return self.luma.size

    def lay(self, what: "Ycc | Planes", mask: Pillow.Image, at: tuple[int, int] = (0, 0)) -> None:
        """Put a colour, or planes of the mask's size, where the mask is 255, and mix where it is between. `at`: multiples of `step`."""
        over = (what.luma, what.blue, what.red) if isinstance(what, Planes) else what
        self.luma.paste(over[0], (*at, at[0] + mask.width, at[1] + mask.height), mask)
        coarse = mask.reduce(self.step) if self.step > 1 else mask
        x, y = at[0] // self.step, at[1] // self.step
        for plane, value in ((self.blue, over[1]), (self.red, over[2])):
            plane.paste(value, (x, y, x + coarse.width, y + coarse.height), coarse)

    def mirrored(self, across: int, down: int) -> "Planes":
        """With strips of mirror images around: so many pixels, multiples of `step`, left and right, and at the top and bottom."""
        x, y = across // self.step, down // self.step
        return Planes(_mirrored(self.luma, across, down), _mirrored(self.blue, x, y), _mirrored(self.red, x, y), self.step)

    def warped(self, warp: Warp, size: tuple[int, int]) -> "Planes":
        """Resampled; outside is what is in the top left corner: a fill for what lies so far out that it is hardly seen."""
        coarse = (-(-size[0] // self.step), -(-size[1] // self.step))
        small = warp.in_pixels_of(self.step)
        parts = [
            move.apply(plane, to, int(np.asarray(plane.crop((0, 0, 1, 1)))[0, 0]))
            for plane, move, to in ((self.luma, warp, size), (self.blue, small, coarse), (self.red, small, coarse))
        ]
        return Planes(parts[0], parts[1], parts[2], self.step)

    def rgb(self) -> Pillow.Image:
        """As an RGB picture."""
        fine = [self.blue, self.red]
        if self.step > 1:
            box = (0.0, 0.0, self.luma.width / self.step, self.luma.height / self.step)
            fine = [plane.resize(self.luma.size, Pillow.Resampling.BILINEAR, box=box) for plane in fine]
        return Pillow.merge("YCbCr", (self.luma, *fine)).convert("RGB")


def ycc(colour: tuple[int, int, int]) -> Ycc:
    """One RGB colour."""
    y, blue, red = np.asarray(Pillow.new("RGB", (1, 1), colour).convert("YCbCr"))[0, 0].tolist()
    return (y, blue, red)


def _mirrored(plane: Pillow.Image, across: int, down: int) -> Pillow.Image:
    width, height = plane.size
    wide = Pillow.new("L", (width + 2 * across, height + 2 * down))
    wide.paste(plane, (across, down))
    if across:
        wide.paste(plane.crop((0, 0, across, height)).transpose(Pillow.Transpose.FLIP_LEFT_RIGHT), (0, down))
        wide.paste(plane.crop((width - across, 0, width, height)).transpose(Pillow.Transpose.FLIP_LEFT_RIGHT), (across + width, down))
    if down:
        above, below = (0, down, wide.width, 2 * down), (0, height, wide.width, height + down)
        wide.paste(wide.crop(above).transpose(Pillow.Transpose.FLIP_TOP_BOTTOM), (0, 0))
        wide.paste(wide.crop(below).transpose(Pillow.Transpose.FLIP_TOP_BOTTOM), (0, down + height))
    return wide
