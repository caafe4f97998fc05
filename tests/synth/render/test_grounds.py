"""Drawn grounds: every kind at every shape, repeatable, different by seed; inks that can be read."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import PCG64, Generator
from numpy.typing import NDArray

from schemas.errors import UserError
from synth.render.grounds import GROUNDS, PAPERS, SURFACES, contrast_ratio, draw_ground, ground_uses, luminance, readable_ink
from synth.render.photographed import PHOTOGRAPHS
from synth.render.planes import Planes
from synth.render.texture import cloud, octave, relief, tiled


def random(seed: int = 0) -> Generator:
    return Generator(PCG64(seed))


def pixels(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.asarray(picture, np.float64)


def plain(size: tuple[int, int], colour: tuple[int, int, int]) -> tuple[Planes, tuple[int, int, int]]:
    """A patch, and the colour that it has: planes keep one within a level or two."""
    patch = Planes.plain(size, colour)
    red, green, blue = patch.rgb()[0, 0].tolist()
    return patch, (red, green, blue)


@pytest.mark.parametrize("size", [(600, 48), (31, 20), (48, 500), (1, 1), (257, 255)], ids=str)
@pytest.mark.parametrize("name", GROUNDS)
def test_every_ground_fills_every_shape(name: str, size: tuple[int, int]) -> None:
    # Catches: a division by a side's share that is 0, a picture one pixel short, a mode other than RGB, black where nothing was drawn.
    picture = GROUNDS[name](*size, random(1))
    assert picture.size == size
    assert picture.rgb().shape == (size[1], size[0], 3)
    assert np.mean(pixels(picture.rgb())) > 3


@pytest.mark.parametrize("name", GROUNDS)
def test_equal_draws_give_equal_bytes_and_others_do_not(name: str) -> None:
    first, again, other = (GROUNDS[name](300, 200, random(seed)).rgb().tobytes() for seed in (5, 5, 6))
    assert first == again
    assert first != other


@pytest.mark.parametrize("name", GROUNDS)
def test_no_ground_is_a_flat_colour_or_mere_noise(name: str) -> None:
    # Neighbours look alike (correlation) more than far pixels do: a real surface has structure; and it is not uniform either.
    grey = pixels(GROUNDS[name](400, 300, random(7)).luma)
    assert np.std(grey) > 0.8
    smooth = grey.reshape(75, 4, 100, 4).mean(axis=(1, 3))
    assert np.std(smooth) > 0.15 * np.std(grey), "an average over 4x4 pixels of pure noise has a quarter of its spread"


@pytest.mark.parametrize("name", PAPERS)
def test_papers_are_light_and_nearly_even(name: str) -> None:
    for seed in range(3):
        grey = pixels(PAPERS[name](300, 400, random(seed)).luma)
        assert np.mean(grey) > 115
        assert np.std(grey) < 26


def test_the_registry_is_whole() -> None:
    assert len(GROUNDS) == len(PAPERS) + len(SURFACES) + len(PHOTOGRAPHS) >= 14
    assert len(PHOTOGRAPHS) >= 12


def test_photographs_are_in_the_ledger_and_only_where_they_are_named() -> None:
    assert all(ground_uses(name) == () for name in (*PAPERS, *SURFACES, "plain"))
    uses = [use for name in PHOTOGRAPHS for use in ground_uses(name)]
    assert len({use.sha256 for use in uses}) == len(PHOTOGRAPHS)
    assert {use.licence for use in uses} == {"CC0-1.0"}
    assert not {draw_ground(random(seed), 20, 20)[0] for seed in range(60)} & PHOTOGRAPHS.keys()
    assert draw_ground(random(), 20, 20, among=["place_venice"])[0] == "place_venice"


def test_draw_ground_reaches_every_kind_and_only_those_asked_for() -> None:
    rng = random(3)
    assert {draw_ground(rng, 12, 9)[0] for _ in range(400)} == {*PAPERS, *SURFACES}
    assert {draw_ground(rng, 12, 9, ("wood", "sky"))[0] for _ in range(20)} == {"wood", "sky"}
    # The order of a set of names, which differs from run to run, must not matter.
    assert draw_ground(random(4), 9, 9, ["sky", "wood", "brick"])[0] == draw_ground(random(4), 9, 9, ["brick", "wood", "sky"])[0]


@pytest.mark.parametrize("among", [("lava",), ()])
def test_an_unknown_ground_is_the_users_mistake(among: tuple[str, ...]) -> None:
    with pytest.raises(UserError, match="no ground is called"):
        draw_ground(random(), 10, 10, among)


def test_contrast_has_the_values_that_wcag_prints() -> None:
    assert contrast_ratio((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast_ratio((255, 255, 255), (0, 0, 0)) == pytest.approx(21)
    assert contrast_ratio((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)  # #777 on white, the classic near miss
    assert [luminance(tuple(row)) for row in np.eye(3) * 255] == pytest.approx([0.2126, 0.7152, 0.0722])


colours = st.tuples(*[st.integers(0, 255)] * 3)


@settings(deadline=None)
@given(colours, st.integers(0, 2**32))
def test_an_ink_has_the_contrast_asked_for(ground: tuple[int, int, int], seed: int) -> None:
    # Catches: a fallback that is never enough on mid-grey, where only black or white reach 4.5 at all.
    patch, ground = plain((20, 10), ground)
    assert contrast_ratio(readable_ink(patch, random(seed)), ground) >= 4.5


@settings(deadline=None)
@given(colours, st.integers(0, 2**32))
def test_a_harder_ink_stays_within_its_range(ground: tuple[int, int, int], seed: int) -> None:
    patch, ground = plain((20, 10), ground)
    assert 2.4 <= contrast_ratio(readable_ink(patch, random(seed), 2.5, 4.5), ground) <= 4.6


def test_inks_are_of_many_colours() -> None:
    inks = {readable_ink(Planes.plain((20, 10), (240, 238, 230)), random(seed)) for seed in range(60)}
    assert len(inks) > 30
    assert any(max(ink) - min(ink) > 60 for ink in inks)


def test_an_ink_keeps_clear_of_both_parts_of_a_patch_if_it_can() -> None:
    patch = Planes.plain((100, 40), (250, 250, 250))
    patch.put(Planes.plain((20, 40), (120, 120, 120)), (0, 0))
    for seed in range(20):
        assert contrast_ratio(readable_ink(patch, random(seed)), (120, 120, 120)) >= 2.5


def test_light_ink_keeps_clear_of_the_light_part() -> None:
    patch = Planes.plain((100, 40), (10, 10, 10))
    patch.put(Planes.plain((20, 40), (130, 130, 130)), (0, 0))
    for seed in range(30):
        assert contrast_ratio(readable_ink(patch, random(seed)), (130, 130, 130)) >= 2.5


def test_where_no_ink_is_enough_the_best_is_taken() -> None:
    assert readable_ink(Planes.plain((9, 9), (110, 110, 110)), random(), 15.0) == (255, 255, 255)
    assert readable_ink(Planes.plain((9, 9), (130, 130, 130)), random(), 15.0) == (0, 0, 0)


def test_an_octave_is_smooth_and_a_relief_is_level_on_average() -> None:
    field = pixels(octave((200, 120), (40, 30), random(2)))
    assert np.max(np.abs(np.diff(field, axis=1))) < 32
    assert np.std(field) > 20
    assert abs(np.mean(pixels(relief(cloud((200, 120), (20, 20), random(2)), 1.0))) - 128) < 2


def test_a_tile_repeats() -> None:
    tile = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert np.array_equal(tiled(tile, (8, 5)), np.tile(tile, (3, 3))[:5, :8])


@pytest.mark.parametrize("cell", [(3.0, 3.0), (60.0, 1.5), (1.5, 60.0), (9.0, 14.0), (0.5, 0.5)], ids=str)
def test_cells_of_noise_are_as_large_as_asked_for(cell: tuple[float, float]) -> None:
    # Catches: across and down swapped, parts of a field enlarged by another factor. A cell's noise is alike over a third of it and has
    # nothing to do with what is two cells away.
    field = pixels(octave((300, 240), cell, random(3)))
    for axis, step in enumerate(cell[::-1]):
        along = np.moveaxis(field - field.mean(), axis, 0)

        def alike(by: int, along: NDArray[np.float64] = along) -> float:
            return float(np.mean(along[by:] * along[:-by]) / np.mean(along * along))

        if step >= 6:
            assert alike(round(step / 4)) > 0.6
        if step <= 20:
            assert abs(alike(max(2, round(2.5 * step)))) < 0.45


def test_a_field_goes_on_where_a_picture_is_larger_than_it() -> None:
    field = octave((1500, 1300), (6.1, 6.1), random(1))
    assert field.shape == (1300, 1500)
    assert np.std(field[-100:, -100:]) > 20
