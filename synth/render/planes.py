"""A colour picture as brightness and, more coarsely, colour: what JPEG does anyway, and half of the work for everything before it."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from synth.render import pixels
from synth.render.pixels import Colour, Grey
from synth.render.warp import Warp

Rgb: TypeAlias = tuple[int, int, int]
Ycc: TypeAlias = tuple[int, int, int]
BLACK: Ycc = (0, 128, 128)
WHITE: Ycc = (255, 128, 128)
_HALF = (128 << 14) + 8192


@dataclass(slots=True)
class Planes:
    """Y, Cb and Cr of JFIF, which the methods replace but never write into.

    Attributes:
        luma: Brightness, (height, width).
        blue, red: Colour, a pixel of which covers `step` x `step` pixels of brightness; the last of a row may reach beyond it.
        step: 1 or 2.
    """

    luma: Grey
    blue: Grey
    red: Grey
    step: int

    @classmethod
    def of(cls, picture: Pillow.Image, step: int = 2) -> "Planes":
        """The planes of an RGB picture."""
        luma, blue, red = pixels.to_ycc(np.asarray(picture.convert("RGB")))
        return cls(luma, pixels.halved(blue), pixels.halved(red), step) if step > 1 else cls(luma, blue, red, step)

    @classmethod
    def plain(cls, size: tuple[int, int], colour: Rgb, step: int = 2) -> "Planes":
        """One colour all over; `size` is width and height."""
        y, blue, red = ycc(colour)
        coarse = (-(-size[1] // step), -(-size[0] // step))
        return cls(np.full((size[1], size[0]), y, np.uint8), np.full(coarse, blue, np.uint8), np.full(coarse, red, np.uint8), step)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels of brightness."""
        return (self.luma.shape[1], self.luma.shape[0])

    def lay(self, what: "Ycc | Planes", mask: Grey) -> None:
        """Put a colour, or planes of this size, where the mask is 255, and mix where it is between."""
        over = (what.luma, what.blue, what.red) if isinstance(what, Planes) else what
        self.luma = pixels.mixed(self.luma, over[0], mask)
        coarse = pixels.halved(mask) if self.step > 1 else mask
        rest = pixels.inverted(coarse)
        self.blue, self.red = pixels.mixed(self.blue, over[1], coarse, rest), pixels.mixed(self.red, over[2], coarse, rest)

    def put(self, other: "Planes", at: tuple[int, int]) -> None:
        """Cover part with another picture of the same step, its left top corner at (x, y), rounded down to multiples of `step`."""
        left, top = (value // self.step for value in at)
        self.luma = _covered(self.luma, other.luma, left * self.step, top * self.step)
        self.blue, self.red = _covered(self.blue, other.blue, left, top), _covered(self.red, other.red, left, top)

    def mirrored(self, across: int, down: int) -> "Planes":
        """With strips of mirror images around: so many pixels, multiples of `step`, left and right, and at the top and bottom."""
        x, y = across // self.step, down // self.step
        return Planes(
            pixels.mirrored(self.luma, across, down), pixels.mirrored(self.blue, x, y), pixels.mirrored(self.red, x, y), self.step
        )

    def warped(self, warp: Warp, size: tuple[int, int]) -> "Planes":
        """Resampled; outside is what is at the edge."""
        if warp.is_identity and size == self.size:
            return self
        if self.step == 1:
            luma, blue, red = warp.read(size, lambda where: pixels.read_at(where, [self.luma, self.blue, self.red]))
            return Planes(luma, blue, red, 1)
        colour = pixels.stacked((self.blue, self.red))

        def rows(where: NDArray[np.float32]) -> list[Grey]:
            return [*pixels.read_at(where, [self.luma]), *pixels.read_at(pixels.coarser(where), [colour])]

        luma, chroma = warp.read((size[0] + size[0] % 2, size[1] + size[1] % 2), rows)
        blue, red = pixels.unstacked(chroma)
        return Planes(luma[: size[1], : size[0]], blue, red, 2)

    def enlarged(self, size: tuple[int, int]) -> "Planes":
        """Resized by straight lines."""
        coarse = (-(-size[0] // self.step), -(-size[1] // self.step))
        return Planes(pixels.enlarged(self.luma, size), pixels.enlarged(self.blue, coarse), pixels.enlarged(self.red, coarse), self.step)

    def rgb(self) -> Colour:
        """As an RGB picture."""
        blue, red = self.blue, self.red
        if self.step > 1:
            height, width = self.luma.shape
            whole = (blue.shape[1] * self.step, blue.shape[0] * self.step)
            blue, red = (pixels.enlarged(plane, whole)[:height, :width] for plane in (blue, red))
        return pixels.to_rgb(self.luma, blue, red)


def _covered(under: Grey, over: Grey, left: int, top: int) -> Grey:
    whole = under.copy()
    part = whole[top : top + over.shape[0], left : left + over.shape[1]]
    part[:] = over[: part.shape[0], : part.shape[1]]
    return whole


def ycc(colour: Rgb) -> Ycc:
    """One RGB colour."""
    red, green, blue = colour
    y = (4899 * red + 9617 * green + 1868 * blue + 8192) >> 14  # 14-bit fixed point, as OpenCV has them
    return (y, (9241 * (blue - y) + _HALF) >> 14, (11682 * (red - y) + _HALF) >> 14)


def rgb(colour: Ycc) -> Rgb:
    """The inverse of `ycc`, as OpenCV's for pictures."""
    y, blue, red = colour[0], colour[1] - 128, colour[2] - 128
    shares = (22987 * red, -11698 * red - 5636 * blue, 29049 * blue)
    r, g, b = (max(0, min(255, y + ((share + 8192) >> 14))) for share in shares)
    return (r, g, b)
