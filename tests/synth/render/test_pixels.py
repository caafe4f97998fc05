"""OpenCV's functions on bytes are what they are said to be, and equal on processors that lack what this one has."""

import hashlib
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import PCG64, Generator
from numpy.typing import NDArray

from synth.render import pixels

Reals = NDArray[np.float64]
sizes = st.tuples(st.integers(1, 90), st.integers(1, 70))
LESSER = ("AVX512_SKX", "AVX512_SKX,AVX2,FP16,AVX", "AVX512_SKX,AVX2,FP16,AVX,SSE4_2,SSE4_1,POPCNT,SSSE3")
"""Instructions that OpenCV is told to do without: as before AVX-512, before AVX, and the least that it runs on."""


def pictures(size: tuple[int, int], count: int, seed: int = 0) -> list[pixels.Grey]:
    rng = Generator(PCG64(seed))
    return [np.frombuffer(rng.bytes(size[0] * size[1]), np.uint8).reshape(size[::-1]) for _ in range(count)]


@settings(deadline=None, max_examples=40)
@given(sizes, st.integers(0, 255), st.floats(0, 1))
def test_arithmetic_is_that_of_numbers(size: tuple[int, int], tone: int, share: float) -> None:
    first, second, mask = pictures(size, 3, tone)
    a, b, m = (picture.astype(float) for picture in (first, second, mask))
    for found, wanted, off in (
        (pixels.raised(first, second), np.clip(a + b - 128, 0, 255), 0.0),
        (pixels.scaled(first, second), a * b / 255, 0.5),
        (pixels.mixed(first, second, mask), a + (b - a) * m / 255, 1.0),
        (pixels.mixed(first, tone, mask), a + (tone - a) * m / 255, 1.0),
        (pixels.blended(first, second, share), a + (b - a) * round(256 * share) / 256, 0.5),
        (pixels.difference(first, second), np.clip(a - b + 128, 0, 255), 0.0),
        (pixels.distance(first, second), np.abs(a - b), 0.0),
        (pixels.inverted(first), 255 - a, 0.0),
        (pixels.times(first, 1.7 * share), np.clip(1.7 * share * a, 0, 255), 0.5),
        (pixels.risen(first, tone, 200), tone + a * round((200 - tone) / 255 * 32768) / 32768, 0.5),
        (pixels.weighted(first, second, 0.7 * share, 100), np.clip(a + (b - 100) * round(0.7 * share * 32768) / 32768, 0, 255), 0.5),
        (pixels.faded(first, share), np.abs(128 + (a - 128) * round(share * 32768) / 32768), 0.5),
        (pixels.looked_up(first, pixels.table(255.0 - np.arange(256))), 255 - a, 0.0),
    ):
        assert found.dtype == np.uint8
        assert np.max(np.abs(found - wanted)) <= off + 1e-4


@settings(deadline=None, max_examples=30)
@given(sizes)
def test_half_a_picture_is_means_of_four(size: tuple[int, int]) -> None:
    (picture,) = pictures(size, 1)
    whole = np.pad(picture, ((0, size[1] % 2), (0, size[0] % 2)), mode="edge").astype(float)
    means = whole.reshape(whole.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3))
    assert np.max(np.abs(pixels.halved(picture) - means)) <= 0.75


def test_a_picture_is_read_at_the_places_told() -> None:
    # Catches: half a pixel lost, x for y, rows between exact ones counted from the wrong side. A ramp reads its own coordinates.
    across = np.broadcast_to(np.arange(200, dtype=np.uint8), (150, 200))
    down = np.broadcast_to(np.arange(150, dtype=np.uint8)[:, None], (150, 200))
    x, y = np.arange(0.5, 61), pixels.read_rows(43)[:, None]
    where = pixels.coordinates(7.25 + 2 * x + 0.5 * y, 3.0 + y, 43)
    found = pixels.read_at(where, [across, down])
    ys, xs = np.indices((43, 61)) + 0.5
    assert np.max(np.abs(found[0] - (7.25 + 2 * xs + 0.5 * ys - 0.5))) <= 0.55
    assert np.max(np.abs(found[1] - (3.0 + ys - 0.5))) <= 0.55
    (outside,) = pixels.read_at(pixels.coordinates(x - 500, y + 0 * x, 43), [across], 9)
    assert np.all(outside == 9)


def test_bands_are_the_whole() -> None:
    # Catches: a band that begins or ends a row too early. Wide enough for several bands.
    (picture,) = pictures((3000, 200), 1)
    x, y = np.arange(0.5, 3000), pixels.read_rows(197)[:, None]
    across, down = 3 + 0.99 * x + 0.01 * y, 0.98 * y + 0.001 * x
    (found,) = pixels.by_bands(across, down, 197, lambda where: pixels.read_at(where, [picture]))
    (wanted,) = pixels.read_at(pixels.coordinates(across, down, 197), [picture])
    assert np.array_equal(found, wanted)


def test_noise_is_even_and_taken_from_many_places() -> None:
    rng = Generator(PCG64(1))
    first, other = pixels.noise((300, 200), rng), pixels.noise((300, 200), rng)
    assert abs(np.mean(first) - 127.5) < 1
    assert np.std(first) == pytest.approx(73.9, abs=1)
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.02
    assert np.array_equal(first, pixels.noise((300, 200), Generator(PCG64(1))))


def test_colours_come_back_and_jpeg_is_read_as_written() -> None:
    ramp = np.arange(0, 256, 4, dtype=np.uint8)
    picture = np.stack(np.broadcast_arrays(ramp, ramp[:, None], np.uint8(90)), -1).copy()
    assert np.max(np.abs(pixels.to_rgb(*pixels.to_ycc(picture)).astype(int) - picture)) <= 2
    data = pixels.jpeg(picture, 95, fine_colour=True)
    assert np.max(np.abs(pixels.read_rgb(data).astype(int) - picture)) < 14
    assert np.max(np.abs(pixels.read_grey(data).astype(int) - pixels.to_ycc(picture)[0])) < 6
    with pytest.raises(ValueError, match="no picture"):
        pixels.read_grey(b"no picture")


def test_tables_of_sums_are_exact() -> None:
    # Catches: sums that run over, or are rounded, in a picture of white.
    a, b = (np.array(picture) for picture in pictures((70, 50), 2, 4))
    a[:20] = b[:20] = 255
    sums, squares = pixels.summed(pixels.stacked((a, b)))
    assert sums.shape == (51, 71, 2)
    for channel, picture in enumerate((a.astype(int), b.astype(int))):
        assert sums[40, 60, channel] == picture[:40, :60].sum()
        assert squares[40, 60, channel] == (picture[:40, :60] ** 2).sum()
    tables = pixels.fit_sums(a, b).reshape(5, 51, 71)
    assert (tables[:4] == np.concatenate((sums.transpose(2, 0, 1), squares.transpose(2, 0, 1)))).all()
    assert tables[4, 40, 60] == (a[:40, :60].astype(int) * b[:40, :60]).sum()


def test_means_in_and_out_of_a_mask() -> None:
    a, b, _ = pictures((30, 20), 3, 4)
    inside, outside = pixels.masked_means(a, b, 90)
    assert inside == pytest.approx(a[b > 90].mean())
    assert outside == pytest.approx(a[b <= 90].mean())
    assert pixels.masked_means(a, np.zeros_like(a), 0)[0] is None


def test_the_box_of_ink() -> None:
    blank = np.zeros((9, 12), np.uint8)
    assert pixels.inked_box(blank)[2:] == (0, 0)
    blank[3:5, 2:9] = 1
    assert pixels.inked_box(blank) == (2, 3, 7, 2)


def digest() -> str:
    """Of what every function makes of many sizes."""
    found = hashlib.sha256()
    rng = np.random.default_rng(5)
    for number in range(60):
        size = (int(rng.integers(1, 500)), int(rng.integers(1, 300)))
        a, b, m = pictures(size, 3, number)
        to = (int(rng.integers(1, 500)), int(rng.integers(1, 300)))
        x, y = np.arange(0.5, to[0]), pixels.read_rows(to[1])[:, None]
        w = 1 + 1e-4 * x + 2e-4 * y
        where = pixels.coordinates((0.9 * x + 0.02 * y + 1) / w, (0.01 * x + 0.97 * y - 2) / w, to[1])
        made: list[NDArray[Any]] = [
            pixels.raised(a, b),
            pixels.scaled(a, b),
            pixels.mixed(a, b, m),
            pixels.mixed(a, 77, m),
            pixels.blended(a, b, 0.37),
        ]
        made += [pixels.difference(a, b), pixels.enlarged(a, to), pixels.enlarged(a[:7, :9], to), pixels.halved(a), pixels.times(a, 0.613)]
        made += [pixels.risen(a, 200, 30), pixels.grained(a, b, 7.3), pixels.weighted(a, b, 0.37, 128), pixels.faded(a, 0.83)]
        made += [*(pixels.blurred(a, sigma) for sigma in (0.2, 0.5, 1.1, 2.3, 4.0))]
        made += [
            where,
            pixels.coarser(where[:, : to[1] // 2 * 2, : to[0] // 2 * 2]),
            *pixels.read_at(where, [a, b]),
            *pixels.read_at(where, [m], 9),
        ]
        made += [*pixels.to_ycc(np.dstack([a, b, m])), pixels.to_rgb(a, b, m), *pixels.unstacked(pixels.stacked((a, b)))]
        made += [*pixels.summed(pixels.stacked((a, b))), pixels.fit_sums(a, b), np.array(pixels.inked_box(a // 255))]
        made += [np.array(pixels.masked_means(a, b, 99), np.float64), *pixels.read_at(where, [pixels.stacked((a, b))])]
        data = pixels.jpeg(np.dstack([a, b, m]), 30 + number, fine_colour=bool(number % 2))
        found.update(data)
        made += [pixels.read_grey(data), pixels.read_rgb(data)]
        for item in made:
            found.update(np.ascontiguousarray(item).tobytes())
    return found.hexdigest()


@pytest.mark.parametrize("without", LESSER)
def test_other_processors_make_the_same_bytes(without: str) -> None:
    # Catches: a function whose vectors round in another way than its single numbers, or than narrower vectors do.
    environment = {**os.environ, "OPENCV_CPU_DISABLE": without}
    lesser = subprocess.run([sys.executable, __file__], env=environment, check=True, capture_output=True, text=True)
    assert lesser.stdout.split()[-1] == digest()


if __name__ == "__main__":
    print(digest())
