"""Colours as a browser computes them, whatever their notation (CSS Color 4): sRGB and how far they cover.

A browser writes what was given by name, hexadecimal, `rgb`, `hsl` or `hwb` as `rgb()` or `rgba()`; other notations keep their space.
Conversions and matrices are those of CSS Color 4, section 19; what lies outside of sRGB is clipped, as Chromium paints it (tested).
"""

import math
import re

import numpy as np
from numpy.typing import NDArray

from schemas.errors import DataError

Floats = NDArray[np.float64]
_LEGACY = re.compile(r"rgba?\((\d+), (\d+), (\d+)(?:, ([\d.e-]+))?\)")
_NUMBER = r"(none|[+-]?[\d.]+(?:e[+-]?\d+)?)"
_MODERN = re.compile(rf"(?:(oklab|oklch|lab|lch)\(|color\(([\w-]+) ){_NUMBER} {_NUMBER} {_NUMBER}(?: / {_NUMBER})?\)")
_OKLAB_TO_LMS: Floats = np.array(
    [[1.0, 0.3963377774, 0.2158037573], [1.0, -0.1055613458, -0.0638541728], [1.0, -0.0894841775, -1.2914855480]]
)
"""To the cube roots of cones' answers; B. Ottosson, "A perceptual color space for image processing", 2020."""
_LMS_TO_SRGB: Floats = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)
_XYZ_TO_SRGB: Floats = np.array(
    [[3.2409699419, -1.5373831776, -0.4986107603], [-0.9692436363, 1.8759675015, 0.0415550574], [0.0556300797, -0.2039769589, 1.0569715142]]
)
_D50_TO_D65: Floats = np.array(
    [[0.9554734215, -0.0230984549, 0.0632592432], [-0.0283697093, 1.0099953981, 0.0210414412], [0.0123140149, -0.0205076493, 1.3303659262]]
)
"""Bradford's adaptation to another white."""
_P3_TO_XYZ: Floats = np.array(
    [[0.4865709486, 0.2656676932, 0.1982172852], [0.2289745641, 0.6917385218, 0.0792869141], [0.0, 0.0451133819, 1.0439443689]]
)
_WHITE_D50: Floats = np.array([0.9642956764, 1.0, 0.8251046025])


def rgba_of(color: str) -> tuple[tuple[float, ...], float]:
    """Red, green and blue from 0 to 255, and opacity from 0 to 1, of a computed colour.

    Raises:
        DataError: `unread_color`, it is in a notation or space that is not read here.

    >>> rgba_of("rgba(1, 2, 3, 0.5)")
    ((1.0, 2.0, 3.0), 0.5)
    >>> rgba_of("color(srgb 1 0.2 0)")
    ((255.0, 51.0, 0.0), 1.0)
    """
    if found := _LEGACY.fullmatch(color):
        return tuple(float(part) for part in found.groups()[:3]), float(found[4] or 1)
    modern = _MODERN.fullmatch(color)
    if modern is None:
        raise DataError("unread_color", f"the colour {color[:60]!r} is in no notation that is read")
    parts = np.array([_number(part) for part in modern.groups()[2:5]])
    srgb = _srgb(modern[1] or modern[2], parts, color)
    return tuple(float(part) for part in np.clip(srgb, 0, 1) * 255), _number(modern[6]) if modern[6] else 1.0


def _number(text: str) -> float:
    """A component; one that is missing counts as zero (CSS Color 4, 4.4)."""
    return 0.0 if text == "none" else float(text)


def _srgb(space: str, parts: Floats, color: str) -> Floats:
    """Components of sRGB, which may lie outside of 0 to 1."""
    if space.endswith("lch"):
        angle = math.radians(parts[2])
        parts = np.array([parts[0], parts[1] * math.cos(angle), parts[1] * math.sin(angle)])
    if space in ("oklab", "oklch"):
        return _encoded(_LMS_TO_SRGB @ (_OKLAB_TO_LMS @ parts) ** 3)
    if space in ("lab", "lch"):
        return _encoded(_XYZ_TO_SRGB @ _D50_TO_D65 @ _xyz_of_lab(parts))
    if space == "srgb":
        return parts
    if space == "srgb-linear":
        return _encoded(parts)
    if space == "display-p3":  # which has the curve of sRGB
        return _encoded(_XYZ_TO_SRGB @ _P3_TO_XYZ @ _decoded(parts))
    if space in ("xyz", "xyz-d65", "xyz-d50"):
        return _encoded(_XYZ_TO_SRGB @ (_D50_TO_D65 @ parts if space == "xyz-d50" else parts))
    raise DataError("unread_color", f"the colour {color[:60]!r} is in a space that is not read")


def _xyz_of_lab(lab: Floats) -> Floats:
    """XYZ under D50 of CIE L*a*b* (CIE 15:2004)."""
    middle = (lab[0] + 16) / 116
    roots = np.array([middle + lab[1] / 500, middle, middle - lab[2] / 200])
    relative: Floats = np.where(roots > 6 / 29, roots**3, (116 * roots - 16) * 27 / 24389)
    return relative * _WHITE_D50


def _encoded(linear: Floats) -> Floats:
    size = np.abs(linear)
    curved: Floats = np.where(size <= 0.0031308, 12.92 * size, 1.055 * size ** (1 / 2.4) - 0.055)
    return np.copysign(curved, linear)


def _decoded(encoded: Floats) -> Floats:
    size = np.abs(encoded)
    linear: Floats = np.where(size <= 0.04045, size / 12.92, ((size + 0.055) / 1.055) ** 2.4)
    return np.copysign(linear, encoded)
