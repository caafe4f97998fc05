"""The warp of photographs: forward and back are exact, boxes hold what they should, pixels land where the formula says."""

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageFilter
from pydantic import TypeAdapter

from schemas.errors import DataError
from synth.render.pixels import coarser
from synth.render.warp import Matrix, Points, Warp, adjugate, product, scaling, shift, sine, tilting, turning

WIDTH, HEIGHT = 480, 320


def reals(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_subnormal=False)


@st.composite
def homographies(draw: st.DrawFn) -> Matrix:
    """As a camera makes them: turned up to 40 degrees, tilted until one side is half as large again as the other, never mirrored."""
    stages = (
        shift(-WIDTH / 2, -HEIGHT / 2),
        tilting(draw(reals(-0.2, 0.2)), draw(reals(-0.2, 0.2)), WIDTH / 2),
        scaling(draw(reals(0.6, 1.5)), draw(reals(0.6, 1.5))),
        turning(draw(reals(-0.36, 0.36))),
        shift(WIDTH / 2 + draw(reals(-50, 50)), HEIGHT / 2 + draw(reals(-50, 50))),
    )
    matrix = stages[0]
    for stage in stages[1:]:
        matrix = product(stage, matrix)
    return matrix


@st.composite
def warps(draw: st.DrawFn) -> Warp:
    return Warp(
        middle_x_px=WIDTH / 2 + draw(reals(-80, 80)),
        half_px=WIDTH / 2,
        arc_px=draw(st.one_of(st.just(0.0), reals(-40, 40))),
        arc_at=draw(reals(-0.5, 0.5)),
        wave_px=draw(st.one_of(st.just(0.0), reals(0.1, 6))),
        wave_turns=draw(reals(0.2, 2)),
        wave_phase=draw(reals(0, 1)),
        squeeze=draw(st.one_of(st.just(0.0), reals(0.01, 1.0))),
        matrix=draw(homographies()),
    )


points = st.tuples(reals(0, WIDTH), reals(0, HEIGHT))


@st.composite
def boxes(draw: st.DrawFn) -> tuple[float, float, float, float]:
    x0, y0 = draw(reals(0, WIDTH - 5)), draw(reals(0, HEIGHT - 5))
    return (x0, y0, draw(reals(x0 + 1, WIDTH)), draw(reals(y0 + 1, HEIGHT)))


def dense_border(box: tuple[float, float, float, float]) -> Points:
    x0, y0, x1, y1 = box
    t = np.linspace(0, 1, 801)
    x, y = x0 + t * (x1 - x0), y0 + t * (y1 - y0)
    return np.concatenate([np.stack(np.broadcast_arrays(a, b), -1) for a, b in ((x, y0), (x, y1), (x0, y), (x1, y))])


@given(warps(), st.lists(points, min_size=1, max_size=20))
def test_forward_and_inverse_undo_each_other(warp: Warp, clean: list[tuple[float, float]]) -> None:
    # Catches: steps undone in the wrong order, a sign of the bend, an adjugate with two entries swapped.
    start = np.array(clean)
    assert np.max(np.abs(warp.inverse(warp.forward(start)) - start)) < 1e-6


@given(warps(), boxes())
def test_a_box_is_the_hull_of_its_warped_border(warp: Warp, box: tuple[float, float, float, float]) -> None:
    # Catches: corners alone (a sagging line leaves them by its arc), too few samples, x and y swapped.
    landed = warp.forward(dense_border(box))
    truth = (*landed.min(axis=0), *landed.max(axis=0))
    assert np.max(np.abs(np.array(warp.box(box)) - truth)) < 0.1


@given(warps(), boxes(), reals(0, 1), reals(0, 1))
def test_a_box_holds_every_point_of_the_clean_box(warp: Warp, box: tuple[float, float, float, float], s: float, t: float) -> None:
    x0, y0, x1, y1 = warp.box(box)
    x, y = warp.forward(np.array((box[0] + s * (box[2] - box[0]), box[1] + t * (box[3] - box[1]))))
    assert x0 - 0.1 <= x <= x1 + 0.1
    assert y0 - 0.1 <= y <= y1 + 0.1


@given(warps(), st.lists(boxes(), min_size=1, max_size=5))
def test_many_boxes_are_each_box(warp: Warp, several: list[tuple[float, float, float, float]]) -> None:
    for found, box in zip(warp.boxes(several), several, strict=True):
        assert np.max(np.abs(np.subtract(found, warp.box(box)))) < 0.1


@given(warps(), boxes())
def test_few_boxes_and_many_are_equal_to_the_last_bit(warp: Warp, box: tuple[float, float, float, float]) -> None:
    # Catches: a term of the bend in another order among the numbers than among the arrays.
    assert warp.boxes([box] * 64)[5] == warp.boxes([box])[0]


def centre_of_mass(picture: Pillow.Image) -> tuple[float, float]:
    """Of the light in a picture that is black elsewhere, in pixels whose number i covers [i, i + 1)."""
    light = np.asarray(picture, np.float64)
    ys, xs = np.indices(light.shape)
    return float(np.sum((xs + 0.5) * light) / np.sum(light)), float(np.sum((ys + 0.5) * light) / np.sum(light))


@settings(deadline=None, max_examples=25)
@given(warps(), st.integers(40, WIDTH - 40), st.integers(40, HEIGHT - 40))
def test_a_drawn_dot_lands_where_the_formula_says(warp: Warp, x: int, y: int) -> None:
    # Catches: Pillow given the forward map, corners of a cell in the wrong order, half a pixel lost between the two frames.
    x0, y0, x1, y1 = warp.box((0, 0, WIDTH, HEIGHT))
    warp = warp.after(shift(-x0, -y0))
    clean = Pillow.new("L", (WIDTH, HEIGHT), 0)
    clean.paste(255, (x - 6, y - 6, x + 7, y + 7))
    clean = clean.filter(ImageFilter.BoxBlur(3))  # soft, so that resampling does not move its middle by which pixels it happens to hit
    photo = warp.apply(clean, (math.ceil(x1 - x0), math.ceil(y1 - y0)), 0)
    expected = warp.forward(np.array((x + 0.5, y + 0.5)))
    assert math.dist(centre_of_mass(photo), expected) < 0.5
    assert math.dist(centre_of_mass(warp.unwarp(photo, clean.size)), (x + 0.5, y + 0.5)) < 0.5


@settings(deadline=None, max_examples=25)
@given(warps())
def test_pixels_are_read_within_a_quarter_of_a_pixel_of_the_formula(warp: Warp) -> None:
    # Two ramps say where each pixel was read: 1 a pixel, in 32-bit floats. Catches: too few rows of exact places, x for y.
    for axis, side in ((0, WIDTH), (1, HEIGHT)):
        ramp = np.arange(side, dtype=np.float32) + 0.5
        picture = Pillow.fromarray(np.ascontiguousarray(np.broadcast_to(ramp if axis == 0 else ramp[:, None], (HEIGHT, WIDTH))))
        read = np.asarray(warp.apply(picture, (WIDTH, HEIGHT), -1))
        ys, xs = np.indices(read.shape)
        at = warp.inverse(np.stack((xs + 0.5, ys + 0.5), -1))
        inside = np.all((at > 1) & (at < (WIDTH - 1, HEIGHT - 1)), axis=-1) & (read >= 0)
        assert np.max(np.abs(read - at[..., axis]), where=inside, initial=0.0) < 0.25


def test_the_identity_returns_the_very_picture_and_the_very_boxes() -> None:
    picture = Pillow.new("RGB", (30, 20))
    assert Warp().apply(picture, (30, 20), 0) is picture
    assert Warp().unwarp(picture, (30, 20)) is picture
    assert Warp().boxes([(1.0, 2.0, 3.0, 4.0)]) == [(1.0, 2.0, 3.0, 4.0)]


@settings(deadline=None, max_examples=25)
@given(warps(), st.integers(1, 200).map(lambda half: 2 * half), st.integers(1, 150).map(lambda half: 2 * half))
def test_pixels_twice_as_large_are_read_at_the_same_places(warp: Warp, width: int, height: int) -> None:
    warp = replace(warp, squeeze=min(warp.squeeze, 0.6))  # nearer its rim a cylinder turns away within a pixel
    parts: list[NDArray[np.float32]] = []

    def keep(where: NDArray[np.float32]) -> list[NDArray[np.uint8]]:
        parts.append(coarser(where))
        return []

    warp.read((width, height), keep)
    coarse = np.concatenate(parts, axis=1)
    ys, xs = np.indices(coarse.shape[1:])
    at = warp.inverse(np.stack((2.0 * xs + 1, 2.0 * ys + 1), -1))
    inside = np.all((at > 0) & (at < (WIDTH, HEIGHT)), axis=-1)
    assert np.max(np.abs(2 * coarse[0] + 1 - at[..., 0]), where=inside, initial=0.0) < 0.25
    assert np.max(np.abs(2 * coarse[1] + 1 - at[..., 1]), where=inside, initial=0.0) < 0.25


@settings(deadline=None, max_examples=25)
@given(warps(), boxes())
def test_a_part_laid_flat_is_the_part_of_the_whole(warp: Warp, box: tuple[float, float, float, float]) -> None:
    photo = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
    x0, y0, x1, y1 = int(box[0]), int(box[1]), math.ceil(box[2]), math.ceil(box[3])
    y0 = y0 // 8 * 8  # exact places are worked out in every eighth row
    whole = warp.flattened(photo, (0, 0, x1, y1))
    assert np.mean(np.abs(whole[y0:, x0:].astype(float) - warp.flattened(photo, (x0, y0, x1, y1)))) < 2


@given(warps())
def test_json_keeps_a_warp(warp: Warp) -> None:
    adapter = TypeAdapter(Warp)
    assert adapter.validate_json(adapter.dump_json(warp)) == warp
    assert adapter.validate_json(json.dumps(asdict(warp))) == warp


def test_behind_the_camera_is_an_error() -> None:
    with pytest.raises(DataError, match="behind_camera|camera"):
        Warp(matrix=tilting(-1.0, 0.0, 100.0)).forward(np.array([(0.0, 0.0), (150.0, 0.0)]))


def test_the_sine_is_nearly_one_and_smooth() -> None:
    turns = np.linspace(-2, 2, 4001)
    assert np.max(np.abs(sine(turns) - np.sin(2 * np.pi * turns))) < 0.0011


def test_the_cylinder_is_nearly_one() -> None:
    # A label wrapped around a bottle of radius R, seen from far away: x' = R sin(x / R).
    radius = 200.0
    x = np.linspace(-radius, radius, 201)
    warp = Warp(half_px=100.0, squeeze=100.0**2 / (3 * radius**2))
    landed = warp.forward(np.stack((x, np.zeros_like(x)), -1))[:, 0]
    assert np.max(np.abs(landed - radius * np.sin(x / radius))) < 0.03 * radius


@given(homographies())
def test_the_adjugate_inverts(matrix: Matrix) -> None:
    unit = np.array(product(adjugate(matrix), matrix)).reshape(3, 3)
    assert np.allclose(unit / unit[2, 2], np.eye(3), atol=1e-9)


def test_a_turn_is_clockwise_as_seen() -> None:
    quarter = Warp(matrix=turning(1.0))
    assert np.allclose(quarter.forward(np.array((1.0, 0.0))), (0.0, 1.0))
    assert replace(quarter, matrix=product(adjugate(quarter.matrix), quarter.matrix)).forward(np.array((3.0, 4.0))) == pytest.approx((3, 4))
