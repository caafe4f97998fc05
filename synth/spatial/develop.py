"""From linear light to a stored picture, as a camera does it: exposure, a soft shoulder, lens blur, darker corners, sensor noise, JPEG or
PNG.
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image as Pillow

from schemas.sample import Image
from synth.spatial.rays import Singles

PNG_SHARE = 0.2
"""Share of pictures stored without loss."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a picture is taken.

    Attributes:
        exposure: Linear value that the 70th percentile of brightness is brought to.
        blur: Weight of each neighbour in a three-tap lens blur, 0 to 1/3.
        corner: How much darker the corners are, 0 to 1.
        shot: Variance of noise for each unit of light.
        read: Standard deviation of noise in the dark.
        jpeg: Quality, or 0 for PNG.
    """

    exposure: float
    blur: float
    corner: float
    shot: float
    read: float
    jpeg: int


def draw_look(rng: Generator) -> Look:
    """A camera and a light meter."""
    noisy = float(rng.random()) ** 2
    return Look(
        exposure=0.34 + 0.22 * float(rng.random()),
        blur=0.04 + 0.12 * float(rng.random()),
        corner=0.22 * float(rng.random()),
        shot=2e-5 + 6e-4 * noisy,
        read=0.0005 + 0.004 * noisy,
        jpeg=0 if rng.random() < PNG_SHARE else 82 + int(rng.integers(14)),
    )


def develop(light: Singles, look: Look, rng: Generator) -> Image:
    """The stored picture of linear light [h, w, 3]."""
    h, w, _ = light.shape
    luminance = 0.2126 * light[..., 0] + 0.7152 * light[..., 1] + 0.0722 * light[..., 2]
    place = int(0.7 * h * w)
    scale = look.exposure / max(1e-6, float(np.partition(luminance, place, axis=None)[place]))
    x = _blurred(light * np.float32(scale), np.float32(look.blur))
    x *= np.float32(1) - np.float32(look.corner) * _corners(h, w)
    x += np.sqrt(np.float32(look.shot) * np.maximum(x, 0) + np.float32(look.read**2)) * rng.standard_normal((h, w, 3), np.float32)
    x = np.maximum(x, 0)
    bright = np.maximum(x.max(axis=2, keepdims=True), 1e-9)
    x *= _shoulder(bright) / bright  # all three alike, so that colours keep their hue
    pixels = _gamma(np.minimum(x, 1.0))
    buffer = io.BytesIO()
    picture = Pillow.fromarray(pixels, "RGB")
    if look.jpeg:
        picture.save(buffer, "JPEG", quality=look.jpeg, subsampling=0 if look.jpeg > 91 else 2)
    else:
        picture.save(buffer, "PNG", compress_level=4)
    return Image.of(buffer.getvalue(), "jpeg" if look.jpeg else "png", w, h)


def pixels_of(picture: Image) -> NDArray[np.uint8]:
    """SRGB bytes [h, w, 3] as they were stored."""
    with Pillow.open(io.BytesIO(picture.data)) as opened:
        return np.asarray(opened.convert("RGB"))


def _shoulder(x: Singles) -> Singles:
    """Straight up to 0.6, then bent so that it reaches 1 only at infinity."""
    over = np.maximum(x - 0.6, 0.0)
    return np.where(x <= 0.6, x, 0.6 + 0.4 * over / (over + 0.4))


def _gamma(x: Singles) -> NDArray[np.uint8]:
    """SRGB bytes by a table of 4,096 steps: the same on every processor, which powers are not."""
    steps = np.arange(4097) / 4096
    curve = np.where(steps <= 0.0031308, steps * 12.92, 1.055 * np.power(steps, 1 / 2.4) - 0.055)
    table = np.floor(np.round(curve, 9) * 255 + 0.5).astype(np.uint8)
    pixels: NDArray[np.uint8] = table[(x * 4096 + 0.5).astype(np.int32)]
    return pixels


def _corners(h: int, w: int) -> Singles:
    """Squared distance from the middle, 1 in the corners."""
    y, x = (np.arange(h) + 0.5) / h * 2 - 1, (np.arange(w) + 0.5) / w * 2 - 1
    return (((y * y)[:, None] + (x * x)[None, :])[:, :, None] / 2).astype(np.float32)


def _blurred(x: Singles, weight: np.float32) -> Singles:
    for axis in (0, 1):
        y = np.moveaxis(x, axis, 0)
        out = y * (1 - 2 * weight)
        out[1:-1] += weight * (y[:-2] + y[2:])
        out[0] += weight * (y[0] + y[1])
        out[-1] += weight * (y[-2] + y[-1])
        x = np.moveaxis(out, 0, axis)
    return x
