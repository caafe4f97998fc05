"""The photo look: ink lands where the warp says, stays readable, and comes out the same bytes each time."""

import io
import json
import math
from dataclasses import asdict, replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import PCG64, Generator
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw
from pydantic import TypeAdapter

from synth.render.lens import add_noise, blur, smear
from synth.render.light import EVEN, Light, draw_glare, draw_light, glare, shade
from synth.render.photo import PhotoLook, Wear, draw_photo, encode, take
from synth.render.planes import Planes, ycc
from synth.render.warp import Warp, shift

WEARS: tuple[Wear, ...] = get_args(Wear)


def random(seed: int = 0) -> Generator:
    return Generator(PCG64(seed))


def pixels(picture: Pillow.Image | NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.asarray(picture, np.float64)


def plate(width: int = 420, height: int = 300, mark: int = 9) -> tuple[Pillow.Image, list[tuple[int, int, int, int]]]:
    """Black squares in rows like words on a page, and their boxes."""
    picture = Pillow.new("L", (width, height), 255)
    boxes = [(x, y, x + 2 * mark, y + mark) for y in range(20, height - 20, 36) for x in range(20, width - 40, 60)]
    for box in boxes:
        picture.paste(0, box)
    return picture, boxes


def paper(size: tuple[int, int]) -> Planes:
    return Planes.plain(size, (236, 230, 214))


def grey(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    return pixels(Pillow.fromarray(picture).convert("L"))


def contrast_at(picture: NDArray[np.uint8], box: tuple[float, float, float, float]) -> float:
    """How much darker the middle of a box is than a frame around it, in grey levels."""
    light = grey(picture)
    x0, y0, x1, y1 = (round(v) for v in box)
    inner = light[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2]
    frame = light[max(0, y0 - 7) : y1 + 7, max(0, x0 - 7) : x1 + 7].copy()
    frame[5:-5, 5:-5] = np.nan
    return float(np.nanmean(frame) - np.mean(inner))


@pytest.mark.parametrize("wear", WEARS)
@pytest.mark.parametrize("seed", range(8))
def test_ink_lands_in_the_boxes_that_the_warp_gives(wear: Wear, seed: int) -> None:
    # Catches: a warp that is not the one applied (the sensor's scale or the mirrored border left out), tones turned over, ink left out.
    ink, boxes = plate()
    look = draw_photo(random(seed), wear, *ink.size)
    picture, warp = take(ink, paper(ink.size), (20, 20, 40), look, random(seed))
    assert picture.shape == (*look.size_px[::-1], 3)
    for box in warp.boxes(boxes):
        # Half of the ink's depth under the light that the look has: dark photos have less of it.
        assert contrast_at(picture, box) > 22 * look.exposure, (box, look)


@pytest.mark.parametrize("wear", WEARS)
@pytest.mark.parametrize("seed", range(6))
def test_the_photo_seen_straight_on_is_the_plate(wear: Wear, seed: int) -> None:
    ink, _ = plate()
    look = draw_photo(random(seed), wear, *ink.size)
    picture, warp = take(ink, paper(ink.size), (0, 0, 0), look, random(seed))
    straight = pixels(warp.unwarp(Pillow.fromarray(picture).convert("L"), ink.size)).reshape(-1)
    clean = pixels(ink).reshape(-1)
    assert np.corrcoef(straight, clean)[0, 1] > 0.58
    shifted = pixels(ink.transform(ink.size, Pillow.Transform.AFFINE, (1, 0, 5, 0, 1, 5), fillcolor=255)).reshape(-1)
    assert np.corrcoef(straight, shifted)[0, 1] < 0.6 * np.corrcoef(straight, clean)[0, 1]


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(WEARS), st.integers(20, 900), st.integers(16, 900), st.integers(0, 2**32), st.sampled_from((0.0, 0.08)))
def test_nothing_of_the_plate_is_cut_off(wear: Wear, width: int, height: int, seed: int, margin: float) -> None:
    look = draw_photo(random(seed), wear, width, height, margin=margin)
    room = margin * min(width, height) if wear in ("photo", "harsh") else 0.0
    x0, y0, x1, y1 = look.warp.box((0, 0, width, height))
    assert x0 >= room - 0.1
    assert y0 >= room - 0.1
    assert x1 <= look.width_px - room + 0.1
    assert y1 <= look.height_px - room + 0.1
    look.warp.inverse(np.array([(0, 0), (look.width_px, 0), (0, look.height_px), look.size_px], float))  # no horizon in sight
    assert look.width_px <= x1 - x0 + 2 * room + 1.1, "no more room than asked for"


@pytest.mark.parametrize("wear", WEARS)
@pytest.mark.parametrize("text", [12.0, 18.0, 40.0])
def test_small_text_stays_large_enough(wear: Wear, text: float) -> None:
    # 11 px an em on the sensor, and a fifth less where the sheet leans away.
    for seed in range(150):
        look = draw_photo(random(seed), wear, 600, 400, text_px=text, curved=False)
        (x0, y0), (x1, y1) = look.warp.forward(np.array([(295.0, 195.0), (305.0, 195.0)])).tolist()
        across = math.hypot(x1 - x0, y1 - y0) / 10
        assert across * look.sensor * text > 8.8
        assert look.blur_px <= 0.08 * text
        assert look.noise_sigma <= max(16 * look.exposure, 6)


@pytest.mark.parametrize("wear", WEARS)
def test_equal_draws_give_equal_bytes(wear: Wear) -> None:
    ink, _ = plate()
    stored = []
    for seed in (3, 3, 4):
        rng = random(seed)
        look = draw_photo(rng, wear, *ink.size)
        stored.append(encode(take(ink, paper(ink.size), (9, 9, 9), look, rng)[0], look).sha256)
    assert stored[0] == stored[1] != stored[2]


def test_what_comes_in_is_not_changed() -> None:
    ink, _ = plate()
    ground = paper(ink.size)
    before = (ink.tobytes(), ground.rgb().tobytes())
    for wear in WEARS:
        take(ink, ground, (0, 0, 0), draw_photo(random(5), wear, *ink.size), random(1))
    assert (ink.tobytes(), ground.rgb().tobytes()) == before


def test_json_keeps_a_look() -> None:
    for wear in WEARS:
        look = draw_photo(random(11), wear, 300, 200)
        adapter = TypeAdapter(PhotoLook)
        assert adapter.validate_json(adapter.dump_json(look)) == look
        assert adapter.validate_json(json.dumps(asdict(look))) == look


def test_ink_may_be_painted_beforehand() -> None:
    ink, boxes = plate()
    paint = Planes.plain(ink.size, (200, 0, 0))
    paint.put(Planes.plain((ink.width, ink.height - 150), (0, 0, 200)), (0, 150))
    look = draw_photo(random(2), "photo", *ink.size, curved=False)
    look = replace(look, noise_sigma=0.0, white=(1.0, 1.0, 1.0))
    picture, warp = take(ink, paper(ink.size), paint, look, random())
    for box, clean in zip(warp.boxes(boxes), boxes, strict=True):
        x, y = round((box[0] + box[2]) / 2), round((box[1] + box[3]) / 2)
        red, _, blue = pixels(picture)[y, x]
        assert (red > blue + 60) == (clean[1] < 150)


def test_the_ground_goes_on_beyond_the_sheet_and_ink_does_not() -> None:
    ink, _ = plate()
    ImageDraw.Draw(ink).rectangle((0, 0, ink.width - 1, 8), fill=0)  # would be mirrored into sight
    look = replace(draw_photo(random(0), "harsh", *ink.size, curved=True), light=EVEN, noise_sigma=0.0, exposure=1.0)
    picture, warp = take(ink, paper(ink.size), (0, 0, 0), look, random())
    ys, xs = np.indices(picture.shape[:2])
    clean = warp.inverse(np.stack((xs + 0.5, ys + 0.5), -1))
    outside = (clean[..., 1] < -6) | (clean[..., 1] > ink.height + 6)
    assert np.sum(outside) > 500
    assert np.min(grey(picture)[outside]) > 120


@pytest.mark.parametrize("sigma", [0.3, 0.6, 1.0, 1.5, 2.2])
def test_a_blur_has_its_standard_deviation_and_keeps_its_place(sigma: float) -> None:
    # Of a wide step, whose derivative is the kernel. Catches: a variance formula off by a factor, copies shifted one way only.
    step = np.zeros((20, 80), np.uint8)
    step[:, 40:] = 250
    kernel = np.diff(pixels(blur(step, sigma))[10])
    at = np.arange(1, 80) - 40
    middle = np.sum(at * kernel) / np.sum(kernel)
    assert abs(middle) < 0.1
    assert np.sqrt(np.sum((at - middle) ** 2 * kernel) / np.sum(kernel)) == pytest.approx(sigma, rel=0.08)


def test_a_smear_goes_along_its_direction_only() -> None:
    dot = np.zeros((41, 41), np.uint8)
    dot[19:22, 19:22] = 255
    light = pixels(smear(dot, (4, 0)))
    ys, xs = np.nonzero(light > 2)
    assert xs.max() - xs.min() >= 9
    assert ys.max() - ys.min() == 2
    row = light[20, xs.min() : xs.max() + 1]
    assert np.all(np.diff(np.sign(np.diff(row))) <= 0), "one hump, no ghosts"


@pytest.mark.parametrize("grain_px", [1.0, 1.5, 2.0])
def test_noise_has_its_height_and_no_bias(grain_px: float) -> None:
    noisy = add_noise(Planes.plain((301, 200), (128, 128, 128)), 6.0, grain_px, random(1))
    for plane, low, high in ((noisy.luma, 4.0, 7.0), (noisy.blue, 1.0, 3.0), (noisy.red, 1.0, 3.0)):
        found = pixels(plane) - 128
        assert abs(np.mean(found)) < 0.4
        assert low < np.std(found) < high
    assert abs(np.corrcoef(pixels(noisy.blue).ravel(), pixels(noisy.red).ravel())[0, 1]) < 0.1


@pytest.mark.parametrize("step", [1, 2])
def test_planes_are_the_picture(step: int) -> None:
    # Catches: colour shifted by half a coarse pixel, a mirror image that starts one pixel off. Odd sides on purpose.
    picture = Pillow.fromarray(np.stack(np.broadcast_arrays(np.arange(141) + 40, np.arange(101)[:, None] + 60, 120), -1).astype(np.uint8))
    planes = Planes.of(picture, step)
    assert np.max(np.abs(pixels(planes.rgb()) - pixels(picture))) <= 4
    moved = planes.warped(Warp(matrix=shift(10, 6)), picture.size).rgb()
    assert np.max(np.abs(pixels(moved)[8:, 12:] - pixels(picture)[2:-6, 2:-10])) <= 4
    wide = pixels(planes.mirrored(20, 10).rgb())
    expected = np.pad(pixels(picture), ((10, 10), (20, 20), (0, 0)), mode="symmetric")
    assert np.max(np.abs(wide[: -10 - step, : -20 - step] - expected[: wide.shape[0] - 10 - step, : wide.shape[1] - 20 - step])) <= 5
    mask = np.zeros((101, 141), np.uint8)
    mask[40:60, 40:60] = 255
    planes.lay(ycc((200, 30, 30)), mask)
    assert np.max(np.abs(pixels(planes.rgb())[44:56, 44:56] - (200, 30, 30))) <= 3


def test_light_falls_where_it_is_said_to() -> None:
    assert Light().is_even
    dark = pixels(shade((200, 100), Light(slope=(0.3, 0.0))))
    assert dark[50, 10] > dark[50, 100] > dark[50, 190], "brighter to the right: less black laid over it"
    shadow = pixels(shade((200, 100), Light(edge=(0.0, 1.0, 0.2, 0.1, 0.5))))
    assert shadow[90, 100] == pytest.approx(127, abs=3)
    assert shadow[20, 100] == 0
    spot = pixels(shade((200, 100), Light(spot=(-0.5, 0.0, 0.2, 0.5, 0.4))))
    assert spot[50, 50] == pytest.approx(102, abs=6)
    assert spot[50, 150] == 0
    lamp = pixels(glare((200, 100), Light(glare=(0.5, 0.0, 0.2, 0.5, 0.5))))
    assert lamp[50, 150] == pytest.approx(127, abs=8)
    assert lamp[50, 50] == 0


def test_a_hard_shadow_has_no_stairs() -> None:
    # Along the shadow's edge brightness must not change. Catches: a penumbra narrower than a cell of the coarse grid.
    dark = pixels(shade((640, 320), Light(edge=(0.5, 0.5, 0.0, 0.01, 0.6))))
    along = [dark[160 - round(k / 2), 320 + k] for k in range(-150, 151)]
    assert np.std(along) < 12


def test_drawn_light_never_leaves_blackness() -> None:
    for seed in range(200):
        light = draw_light(random(seed), 2.0)
        assert np.max(pixels(shade((160, 120), replace(light, glare=draw_glare(random(seed)))))) < 240


def test_stored_as_a_jpeg_of_its_size() -> None:
    ink, _ = plate()
    look = draw_photo(random(1), "scan", *ink.size)
    image = encode(take(ink, paper(ink.size), (0, 0, 0), look, random(1))[0], look)
    opened = Pillow.open(io.BytesIO(image.data))
    assert (opened.format, opened.size) == ("JPEG", (image.width_px, image.height_px)) == ("JPEG", look.size_px)


def test_every_fault_is_drawn() -> None:
    looks = [draw_photo(random(seed), "harsh", 400, 300) for seed in range(300)]
    shares = {
        "coarse": np.mean([look.sensor < 0.85 for look in looks]),
        "shaken": np.mean([look.shake_px != (0, 0) for look in looks]),
        "grainy": np.mean([look.noise_sigma > 8 for look in looks]),
        "dark": np.mean([look.exposure < 0.6 for look in looks]),
        "squeezed": np.mean([look.jpeg_quality < 45 for look in looks]),
        "glaring": np.mean([look.light.glare[4] > 0 for look in looks]),
        "blurred": np.mean([look.blur_px > 0.04 * 18 * look.sensor for look in looks]),
    }
    assert all(0.05 < share < 0.6 for share in shares.values()), shares
