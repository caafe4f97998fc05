"""Arithmetic on 8-bit pictures held as NumPy arrays: the few functions of OpenCV that compute in whole numbers, and nothing else of it.

Equal input gives equal bytes on any processor: Intel's own kernels are switched off, and none of the functions here rounds a sum of
products of floats, whose last bit fused instructions change. `scaled` multiplies floats, but a product of bytes over 255 is never within
1/510 of a half. A grey picture is (height, width), a colour picture (height, width, 3).
"""

import math
from collections.abc import Callable, Sequence
from functools import cache
from statistics import NormalDist
from typing import Any, Final, TypeAlias, cast

import cv2
import numpy as np
from numpy.random import PCG64, Generator
from numpy.typing import NDArray

Grey: TypeAlias = NDArray[np.uint8]
"""(height, width)."""
Colour: TypeAlias = NDArray[np.uint8]
"""(height, width, 3)."""
Size: TypeAlias = tuple[int, int]
"""Width and height, in pixels."""
Sums: TypeAlias = NDArray[np.float64]
"""Whole numbers below 2^53."""

cv2.setNumThreads(1)  # workers are many already
cv2.ipp.setUseIPP(False)
_NOISE_BYTES: Final = 1 << 23
_BAND_PX: Final = 1 << 17
READ_PX: Final = 8
"""Rows between those for which `coordinates` takes exact coordinates."""
_HALF: Final = np.float32(0.5)
_QUARTER: Final = np.float32(0.25)
_SHARES: Final = (np.arange(READ_PX, dtype=np.float32) / READ_PX)[:, None]
_FINE: Final = 1 << 15
"""Factors of `weighted` are multiples of 1 / `_FINE`."""
NORMAL_SIGMA: Final = 32.0
"""Standard deviation of `normal_noise`."""


def noise(size: Size, rng: Generator) -> Grey:
    """Even noise, 0 to 255: a part of one field that a process draws once, where `rng` says."""
    count = size[0] * size[1]
    field = _noise_field()
    if count > len(field):
        return np.frombuffer(rng.bytes(count), np.uint8).reshape(size[::-1])
    start = int(rng.integers(len(field) - count + 1))
    return field[start : start + count].reshape(size[::-1])


@cache
def _noise_field() -> Grey:
    return np.frombuffer(Generator(PCG64(0)).bytes(_NOISE_BYTES), np.uint8)


def normal_noise(size: Size, rng: Generator) -> Grey:
    """Normal noise around 128 of `NORMAL_SIGMA`, as `noise` otherwise."""
    count = size[0] * size[1]
    field = _normal_field()
    if count > len(field):
        return looked_up(noise(size, rng), _normal_tones())
    start = int(rng.integers(len(field) - count + 1))
    return field[start : start + count].reshape(size[::-1])


@cache
def _normal_field() -> Grey:
    return looked_up(_noise_field().reshape(1, -1), _normal_tones()).reshape(-1)


@cache
def _normal_tones() -> Grey:
    """A table that makes even bytes normal."""
    inverse = NormalDist(128.0, NORMAL_SIGMA).inv_cdf
    return table(np.array([inverse((byte + 0.5) / 256) for byte in range(256)]))


def weighted(picture: Grey, bumps: Grey, height: float, middle: int) -> Grey:
    """A picture plus `height` times what bumps are above a middle, rounded and clipped.

    The factor, below 1, is taken in 32,768ths, so that a 32-bit float holds every sum: no processor rounds it otherwise.
    """
    factor = round(height * _FINE) / _FINE
    return _bytes(cv2.addWeighted(picture, 1.0, bumps, factor, -factor * middle))


def faded(colour: Grey, share: float) -> Grey:
    """A plane of colour with its distance from grey, 128, times a share of at most 1; exact sums, as in `weighted`."""
    factor = round(share * _FINE) / _FINE
    return _bytes(cv2.convertScaleAbs(colour, alpha=factor, beta=128.0 - 128.0 * factor))


def table(values: NDArray[np.floating]) -> Grey:
    """256 tones, rounded and clipped, for `looked_up`."""
    return _bytes(cv2.multiply(values, _of(1), dtype=cv2.CV_8U))  # which rounds halves to even, as NumPy does, and clips


def looked_up(picture: Grey, tones: Grey) -> Grey:
    """Each byte replaced by that of a table; the table of a colour picture is (1, 256, 3)."""
    return _bytes(cv2.LUT(picture, tones))


def _of(value: int) -> Any:
    """A number where OpenCV's stubs want a picture."""
    return value


def raised(picture: Grey, bumps: Grey) -> Grey:
    """Add bumps to a picture, clipped: bumps of 128 change nothing."""
    return _bytes(cv2.addWeighted(picture, 1.0, bumps, 1.0, -128.0))  # whole numbers, which floats hold


def scaled(picture: Grey, share: Grey) -> Grey:
    """A picture times share / 255."""
    return _bytes(cv2.multiply(picture, share, scale=1 / 255))


def darken(canvas: Grey, ink: Grey) -> None:
    """Lay ink on a part of a canvas of its size, in place, where more is darker: overlapping ink takes the darker."""
    cv2.max(canvas, ink, canvas)


def inverted(picture: Grey) -> Grey:
    """255 less a picture."""
    return _bytes(cv2.bitwise_not(picture))


def mixed(picture: Grey, over: Grey | int, mask: Grey, rest: Grey | None = None) -> Grey:
    """`over` where the mask is 255, `picture` where it is 0, and between what lies between, to within one level; `rest` is the inverted
    mask, for those who have it.
    """
    under = scaled(picture, inverted(mask) if rest is None else rest)
    if isinstance(over, int):
        return _bytes(cv2.add(under, times(mask, over / 255))) if over else under
    return _bytes(cv2.add(under, scaled(over, mask)))


def times(picture: Grey, factor: float) -> Grey:
    """A picture times a factor of at least 0, rounded and clipped."""
    return _bytes(cv2.convertScaleAbs(picture, alpha=factor))


def risen(field: Grey, low: int, high: int) -> Grey:
    """From `low` where a field is 0 to `high` where it is 255, in a straight line; exact sums, as in `weighted`."""
    return _bytes(cv2.convertScaleAbs(field, alpha=round((high - low) / 255 * _FINE) / _FINE, beta=low))


def grained(picture: Grey, noise: Grey, height: float) -> Grey:
    """A picture with noise of 0 to 255 laid on it, `height` above and below."""
    return weighted(picture, noise, 2 * height / 255, 128)


def blended(first: Grey, second: Grey, share: float) -> Grey:
    """Of the second `share`, taken in 256ths, and of the first the rest."""
    weight = round(256 * share) / 256
    return _bytes(cv2.addWeighted(first, 1.0 - weight, second, weight, 0.0))  # exact sums, as in `weighted`


def difference(first: Grey, second: Grey) -> Grey:
    """The first less the second, around 128, clipped."""
    return _bytes(cv2.addWeighted(first, 1.0, second, -1.0, 128.0))  # whole numbers, which floats hold


def distance(first: Grey, second: Grey) -> Grey:
    """By how much pixels differ."""
    return _bytes(cv2.absdiff(first, second))


def summed(picture: NDArray[np.uint8 | np.uint16]) -> tuple[Sums, Sums]:
    """Summed-area tables (Crow 1984) of a picture and of its squares: (height + 1, width + 1), and the channels of a colour picture.

    Whole numbers in doubles, so that differences of four of them are exact sums over a window.
    """
    sums, squares = cv2.integral2(picture, sdepth=cv2.CV_64F, sqdepth=cv2.CV_64F)
    return cast(Sums, sums), cast(Sums, squares)


def fit_sums(first: Grey, second: Grey) -> Sums:
    """Summed-area tables, as `summed`, of two pictures, of the squares of each and of their products: (5, places), those of a row together.

    Five plain integrals: OpenCV's of a picture and its squares at once, of two channels, takes three times as long.
    """
    height, width = first.shape
    tables = np.empty((5, height + 1, width + 1))
    pairs = ((first, first), (second, second), (first, second))
    pictures = (first, second, *(np.multiply(a, b, dtype=np.uint16) for a, b in pairs))
    for picture, table in zip(pictures, tables, strict=True):
        cv2.integral(picture, table, sdepth=cv2.CV_64F)
    return tables.reshape(5, -1)


def total(picture: Grey) -> int:
    """The sum of a picture's tones."""
    return int(cv2.sumElems(picture)[0])


def masked_means(picture: Grey, by: Grey, above: int) -> tuple[float | None, float | None]:
    """Means of a picture where `by` is above a tone, and where it is not; None where there is no such place."""
    _, mask = cv2.threshold(by, above, 255, cv2.THRESH_BINARY)
    count, total = cv2.countNonZero(mask), int(cv2.sumElems(picture)[0])
    inside = int(cv2.sumElems(cv2.bitwise_and(picture, mask))[0])
    return inside / count if count else None, (total - inside) / (by.size - count) if count < by.size else None


def inked_box(picture: Grey) -> tuple[int, int, int, int]:
    """Left, top, width and height of the smallest box around what is not 0; all 0 where there is nothing."""
    left, top, width, height = cv2.boundingRect(picture)
    return left, top, width, height


def enlarged(picture: Grey, size: Size) -> Grey:
    """Resized by straight lines between the middles of pixels."""
    return _bytes(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR))


def halved(picture: Grey) -> Grey:
    """Means of 2x2 pixels, the last column and row doubled where a side is odd."""
    height, width = picture.shape[:2]
    if height % 2 or width % 2:
        picture = _bytes(cv2.copyMakeBorder(picture, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE))
    return _bytes(cv2.resize(picture, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA))


def blurred(picture: Grey, sigma: float) -> Grey:
    """A blur of that standard deviation in pixels, by OpenCV's Gaussian, which is in fixed point for bytes."""
    variance = sigma * sigma
    if variance < 0.01:
        return picture
    if variance > 0.4:
        return _bytes(cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))
    # Of three samples e, 1, e of a Gaussian the variance is 2 e / (1 + 2 e), less than that of the curve.
    outer = variance / (2.0 * (1.0 - variance))
    return _bytes(cv2.GaussianBlur(picture, (3, 3), math.sqrt(-0.5 / math.log(outer)), borderType=cv2.BORDER_REPLICATE))


def mirrored(picture: Grey, across: int, down: int) -> Grey:
    """With that many pixels of its mirror image to the left and right, and at the top and bottom."""
    return _bytes(cv2.copyMakeBorder(picture, down, down, across, across, cv2.BORDER_REFLECT))


def turned(picture: Grey) -> Grey:
    """Upside down: turned by half a turn."""
    return _bytes(cv2.flip(picture, -1))


def flipped(picture: Grey) -> Grey:
    """Left to right."""
    return _bytes(cv2.flip(picture, 1))


def shifted(picture: Grey, dx: int, dy: int) -> Grey:
    """Moved by whole pixels; what is at the edge goes on where nothing moves in."""
    height, width = picture.shape
    padded = cv2.copyMakeBorder(picture, max(dy, 0), max(-dy, 0), max(dx, 0), max(-dx, 0), cv2.BORDER_REPLICATE)
    return _bytes(padded[max(-dy, 0) :, max(-dx, 0) :][:height, :width])


def framed(picture: Grey, across: int, down: int) -> Grey:
    """As `mirrored`, with 0 around."""
    return _bytes(cv2.copyMakeBorder(picture, down, down, across, across, cv2.BORDER_CONSTANT, value=(0.0,)))


def coordinates(x_px: NDArray[np.float64], y_px: NDArray[np.float64], height: int) -> NDArray[np.float32]:
    """Where each pixel is read, (2, height, width): x and y, 0 being the middle of the first pixel.

    Args:
        x_px: Exact x in the rows that `read_rows` gives, (rows, width), in pixels whose number i covers [i, i + 1).
        y_px: Exact y.
        height: Rows wanted.
    """
    shape = x_px.shape if x_px.shape == y_px.shape else np.broadcast_shapes(x_px.shape, y_px.shape)
    nodes = np.empty((2, *shape), np.float32)
    nodes[0], nodes[1] = x_px, y_px
    nodes -= _HALF
    lines: NDArray[np.float32] = np.multiply((nodes[:, 1:] - nodes[:, :-1])[:, :, None], _SHARES, dtype=np.float32)
    lines += nodes[:, :-1, None]
    return lines.reshape(2, -1, nodes.shape[2])[:, :height]


def by_bands(
    x_px: NDArray[np.float64], y_px: NDArray[np.float64], height: int, read: Callable[[NDArray[np.float32]], Sequence[Grey]]
) -> list[Grey]:
    """Pictures put together from bands of rows whose coordinates stay in the processor's cache.

    Args:
        x_px: As of `coordinates`.
        y_px: The same.
        height: Rows wanted.
        read: Makes the rows of each picture from coordinates.
    """
    if x_px.shape != y_px.shape:
        x_px, y_px = np.broadcast_arrays(x_px, y_px)
    nodes = max(8, _BAND_PX // x_px.shape[1] // READ_PX)
    bands = []
    for at in range(0, -(-height // READ_PX), nodes):
        part = slice(at, at + nodes + 1)
        bands.append(read(coordinates(x_px[part], y_px[part], min(nodes * READ_PX, height - at * READ_PX))))
    return list(bands[0]) if len(bands) == 1 else [np.concatenate(rows) for rows in zip(*bands, strict=True)]


def coarser(fine: NDArray[np.float32]) -> NDArray[np.float32]:
    """Coordinates, of an even number of rows and columns, for pictures whose pixels are twice as large, read and written alike."""
    # The middle of a large pixel lies between the middles of four small ones; (m + 1/2) / 2 - 1/2 is its place among large pixels.
    coarse: NDArray[np.float32] = np.add(fine[:, ::2, ::2], fine[:, 1::2, 1::2], dtype=np.float32)
    coarse *= _QUARTER
    coarse -= _QUARTER
    return coarse


def read_rows(height: int) -> NDArray[np.float64]:
    """Middles of the rows for which `coordinates` wants exact places."""
    return np.arange(0.5, height + READ_PX, READ_PX)


def read_at(where: NDArray[np.float32], pictures: Sequence[Grey], outside: int | None = None) -> list[Grey]:
    """Pictures of one size resampled by straight lines between pixels, at 32nds of a pixel; beyond the edge is `outside`, or what is at the
    edge.
    """
    whole, parts = cv2.convertMaps(where[0], where[1], cv2.CV_16SC2)
    border = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
    beyond = (outside or 0,) * 3
    return [_bytes(cv2.remap(item, whole, parts, cv2.INTER_LINEAR, borderMode=border, borderValue=beyond)) for item in pictures]


def read_grey(data: bytes) -> Grey:
    """The brightness of an encoded picture; ValueError if it is none."""
    return _decoded(data, cv2.IMREAD_GRAYSCALE)


def read_rgb(data: bytes) -> Colour:
    """An encoded picture; ValueError if it is none."""
    return _bytes(_decoded(data, cv2.IMREAD_COLOR)[:, :, ::-1])


def _decoded(data: bytes, how: int) -> NDArray[np.uint8]:
    found = cv2.imdecode(np.frombuffer(data, np.uint8), how | cv2.IMREAD_IGNORE_ORIENTATION)
    if found is None:
        raise ValueError(f"these {len(data)} bytes are no picture that can be read")
    return _bytes(found)


def jpeg(picture: Colour, quality: int, *, fine_colour: bool) -> bytes:
    """An RGB picture as JPEG, with colours at full resolution or at half of it."""
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444 if fine_colour else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    options = (cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling)
    done, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise ValueError(f"a picture of {picture.shape[1]}x{picture.shape[0]} pixels cannot be written as JPEG")
    return data.tobytes()


def to_ycc(picture: Colour) -> tuple[Grey, Grey, Grey]:
    """Y, Cb and Cr of JFIF of an RGB picture."""
    luma, red, blue = cv2.split(cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb))
    return _bytes(luma), _bytes(blue), _bytes(red)


def to_rgb(luma: Grey, blue: Grey, red: Grey) -> Colour:
    """The inverse of `to_ycc`."""
    return _bytes(cv2.cvtColor(cv2.merge((luma, red, blue)), cv2.COLOR_YCrCb2RGB))


def stacked(planes: Sequence[Grey]) -> Colour:
    """Planes as one picture."""
    return _bytes(cv2.merge(tuple(planes)))


def unstacked(picture: Colour) -> Sequence[Grey]:
    """The planes of a picture."""
    return [_bytes(plane) for plane in cv2.split(picture)]


def _bytes(found: Any) -> NDArray[np.uint8]:
    """OpenCV's stubs know no element types."""
    picture: NDArray[np.uint8] = found
    return picture
