"""Makes a clean plate of text look printed, scanned or photographed, and says where every pixel went.

ink over ground -> warp -> light -> lens -> sensor -> JPEG. The one geometric step is a `Warp`, which moves boxes as it moves pixels; all
else changes tones only, and never by more than text of the given size can bear. Nothing here knows what the text says.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.random import Generator
from PIL import Image as Pillow

from schemas.sample import Image
from synth.render.lens import add_noise, blur, smear
from synth.render.light import EVEN, NO_EDGE, Light, draw_glare, draw_light, glare, shade
from synth.render.pixels import Colour, Grey, faded, framed, halved, inverted, jpeg, looked_up, table, times, weighted
from synth.render.planes import BLACK, WHITE, Planes, Ycc, ycc
from synth.render.warp import Warp, product, scaling, shift, tilting, turning

Wear: TypeAlias = Literal["print", "scan", "photo", "harsh"]
Ink: TypeAlias = tuple[int, int, int]
_FOCUS = 2.5  # focal length of the camera, in halves of the longer side: about that of a phone at arm's length
_TEXT_PX = 18.0
_LEVELS = np.arange(256) / 255.0
_FAULTS = ("blurred", "shaken", "grainy", "dark", "coarse", "squeezed", "glaring")


@dataclass(frozen=True, slots=True)
class PhotoLook:
    """How a plate was printed and photographed; plain numbers.

    Attributes:
        warp: From pixels of the plate to pixels of the photo.
        width_px, height_px: Size of the photo.
        ink: Opacity of the ink, 0 to 1.
        light: How light falls.
        sensor: Pixels of the sensor a pixel of the photo, at most 1: below it, the photo was enlarged.
        blur_px: Standard deviation of the lens's blur, in sensor pixels.
        shake_px: The hand's movement, in whole sensor pixels.
        exposure: Factor on all tones.
        gamma: Exponent on all tones; above 1 darkens the middle.
        haze: Grey level of black, 0 to 255.
        white: Factors on red, green and blue, at most 1.
        noise_sigma: Of the sensor, in grey levels.
        grain_px: Size of a grain of noise, in sensor pixels.
        jpeg_quality: Pillow's quality.
        fine_colour: Whether JPEG keeps colours at full resolution.
    """

    warp: Warp
    width_px: int
    height_px: int
    ink: float = 1.0
    light: Light = EVEN
    sensor: float = 1.0
    blur_px: float = 0.0
    shake_px: tuple[int, int] = (0, 0)
    exposure: float = 1.0
    gamma: float = 1.0
    haze: float = 0.0
    white: tuple[float, float, float] = (1.0, 1.0, 1.0)
    noise_sigma: float = 0.0
    grain_px: float = 1.0
    jpeg_quality: int = 90
    fine_colour: bool = True

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the photo."""
        return (self.width_px, self.height_px)


def draw_photo(
    rng: Generator,
    wear: Wear,
    width_px: int,
    height_px: int,
    *,
    text_px: float | None = None,
    margin: float = 0.0,
    curved: bool | None = None,
) -> PhotoLook:
    """Draw how a plate was printed or photographed.

    Args:
        rng: Where the numbers come from.
        wear: `print` is a file as it left the program, `scan` a flat-bed scanner, `photo` a snapshot, `harsh` a snapshot with faults.
        width_px: Of the plate.
        height_px: Of the plate.
        text_px: Size of the smallest text that must stay readable, in pixels an em; by default 18, or 0.6 of a lower plate.
        margin: Room around the plate in a `photo` or `harsh` look, as a share of its shorter side, for what lies around a sheet of paper.
        curved: Whether the thing bends; by default one in three does.

    Returns:
        The look. Its photo is as large as the warped plate, so that nothing of the plate is cut off.
    """
    text = text_px if text_px is not None else min(_TEXT_PX, 0.6 * height_px)
    white = 1.0 - 0.03 * float(rng.random())
    if wear == "print":
        return PhotoLook(
            Warp(),
            width_px,
            height_px,
            ink=1.0 - 0.08 * float(rng.random()),
            white=(white, white, white),
            noise_sigma=1.5 * float(rng.random()),
            jpeg_quality=int(rng.integers(80, 96)),
        )
    if wear == "scan":
        return _draw_scan(rng, width_px, height_px, text)
    look, seen = _draw_snapshot(rng, wear, width_px, height_px, text, margin, rng.random() < 1 / 3 if curved is None else curved)
    return look if wear == "photo" else _spoil(rng, look, seen)


def _draw_scan(rng: Generator, width_px: int, height_px: int, text: float) -> PhotoLook:
    warp, size = _framed(Warp(matrix=turning(_spread(rng, 0.01))), width_px, height_px, 0.0)
    warmth = 0.06 * float(rng.random()) ** 2
    gutter = (1.0 if rng.random() < 0.5 else -1.0, 0.0, 1.0, 0.7, 0.3 * float(rng.random())) if rng.random() < 0.25 else NO_EDGE
    return PhotoLook(
        warp,
        *size,
        ink=1.0 - 0.15 * float(rng.random()),
        light=Light(slope=(_spread(rng, 0.02), _spread(rng, 0.02)), edge=gutter),
        blur_px=text * 0.035 * float(rng.random()),
        exposure=0.94 + 0.12 * float(rng.random()),
        gamma=0.9 + 0.25 * float(rng.random()),
        haze=30.0 * float(rng.random()) ** 2,
        white=(1.0, 1.0 - 0.3 * warmth, 1.0 - warmth),
        noise_sigma=1.0 + 5.0 * float(rng.random()) ** 2,
        jpeg_quality=int(rng.integers(50, 93)),
        fine_colour=bool(rng.random() < 0.5),
    )


def _draw_snapshot(
    rng: Generator, wear: Wear, width_px: int, height_px: int, text: float, margin: float, curved: bool
) -> tuple[PhotoLook, float]:
    """A snapshot without faults, and how large the smallest text is in it, in pixels an em."""
    strength = 2.0 if wear == "harsh" else 1.0
    warp = _draw_shape(rng, width_px, height_px, text, strength) if curved else Warp()
    tilt = (_spread(rng, 0.09 * strength), _spread(rng, 0.09 * strength))
    # A level of the photo's own: a line of text across 600 px that is turned by 5 degrees is a photo twice as high.
    turn = turning(_spread(rng, 0.035 * strength))
    # What leans away by the angle a looks shorter by cos a; the tilt is sin a / focus.
    lean = [math.sqrt(1.0 - min(0.8, (_FOCUS * value) ** 2)) for value in tilt]
    half = max(width_px, height_px) / 2
    zoom = _at_least(0.8 + 0.25 * float(rng.random()), text)
    camera = product(
        turn, product(scaling(zoom * lean[0], zoom * lean[1]), product(tilting(*tilt, half), shift(-width_px / 2, -height_px / 2)))
    )
    framed, size = _framed(warp.after(camera), width_px, height_px, margin * min(width_px, height_px))
    light = draw_light(rng, strength)
    if warp.squeeze:
        light = replace(light, rim=min(0.5, 0.5 * warp.squeeze + 0.1))
    warmth = _spread(rng, 0.12 * strength)
    white = (1.0 + warmth, 1.0 - _spread(rng, 0.03), 1.0 - warmth)
    look = PhotoLook(
        framed,
        *size,
        ink=1.0 - 0.12 * float(rng.random()),
        light=light,
        blur_px=text * zoom * (0.01 + 0.03 * float(rng.random()) ** 2),
        exposure=0.86 + 0.2 * float(rng.random()),
        gamma=0.9 + 0.25 * float(rng.random()),
        haze=16.0 * float(rng.random()),
        white=(white[0] / max(white), white[1] / max(white), white[2] / max(white)),
        noise_sigma=1.0 + 5.0 * float(rng.random()) ** 2,
        grain_px=1.0 + 0.6 * float(rng.random()),
        jpeg_quality=int(rng.integers(55, 93)),
        fine_colour=bool(rng.random() < 0.3),
    )
    return look, text * zoom * min(lean)


def _draw_shape(rng: Generator, width_px: int, height_px: int, text: float, strength: float) -> Warp:
    """A bottle, a page of an open book or rippled paper. Nothing is cut off whatever the shape, so its size is a matter of looks."""
    half = width_px / 2
    arc = _spread(rng, 0.09 * strength) * half
    kind = rng.random()
    if kind < 0.35:
        squeeze = 0.1 + 0.25 * strength * float(rng.random())
        return Warp(width_px * (0.5 + _spread(rng, 0.1)), half, arc_px=arc, squeeze=squeeze)
    turns = 0.3 + 0.6 * float(rng.random())
    # Of a ripple, the slope is what makes letters lean: 6.3 wave turns / half, here up to 0.06 (3 degrees) or twice that.
    wave = 0.06 * strength * float(rng.random()) * half / (6.3 * turns) if kind < 0.7 else 0.0
    return Warp(width_px / 2, half, arc, _spread(rng, 0.8), wave, turns, float(rng.random()))


def _framed(warp: Warp, width_px: int, height_px: int, margin_px: float) -> tuple[Warp, tuple[int, int]]:
    """Shift a warp so that the whole plate lies in the photo, and the size of that photo."""
    x0, y0, x1, y1 = warp.box((0.0, 0.0, float(width_px), float(height_px)))
    size = (math.ceil(x1 - x0 + 2 * margin_px), math.ceil(y1 - y0 + 2 * margin_px))
    return warp.after(shift((size[0] - x0 - x1) / 2, (size[1] - y0 - y1) / 2)), size


def _at_least(wanted: float, text: float) -> float:
    """A scale of at most 1 at which text keeps 11 pixels an em."""
    return min(1.0, max(wanted, 11.0 / text))


def _spoil(rng: Generator, look: PhotoLook, text: float) -> PhotoLook:
    """One or two real faults on top of a snapshot: all of them at once leave nothing to read."""
    faults = {_FAULTS[int(rng.integers(len(_FAULTS)))] for _ in range(2)}
    much = float(rng.random())
    if "coarse" in faults:
        look = replace(look, sensor=_at_least(0.5 + 0.3 * much, text))
    if "blurred" in faults:
        look = replace(look, blur_px=text * look.sensor * (0.04 + 0.03 * much))
    if "shaken" in faults:
        reach = max(1, round(text * look.sensor * (0.04 + 0.03 * much)))
        look = replace(look, shake_px=((reach, 0), (0, reach), (reach, reach), (reach, -reach))[int(rng.integers(4))])
    if "grainy" in faults:
        look = replace(look, noise_sigma=8.0 + 7.0 * much, grain_px=1.0 + float(rng.random()))
    if "dark" in faults:
        look = replace(look, exposure=0.4 + 0.25 * much, noise_sigma=look.noise_sigma + 3.0, haze=look.haze + 8.0)
    if "squeezed" in faults:
        look = replace(look, jpeg_quality=int(rng.integers(22, 45)), fine_colour=False)
    if "glaring" in faults:
        look = replace(look, light=replace(look.light, glare=draw_glare(rng)))
    # Noise as high as the ink is dark leaves nothing to read: a sixteenth of what is left of white's 255.
    return replace(look, noise_sigma=min(look.noise_sigma, 16.0 * look.exposure))


def take(plate: Pillow.Image | Grey, ground: Planes, ink: Ink | Planes, look: PhotoLook, rng: Generator) -> tuple[Colour, Warp]:
    """Print a plate and photograph it.

    Args:
        plate: Grey, black text on white.
        ground: What it is printed on, of the plate's size. It goes through the warp with the text, and on, mirrored, beyond its edges.
        ink: One colour, or a picture of the plate's size with the colour of each place, in the ground's `step`.
        look: How, drawn for the plate's size.
        rng: Noise.

    Returns:
        The photo, RGB, of `look`'s size, and the warp from pixels of the plate to its pixels.
    """
    cover = times(inverted(np.asarray(plate)), look.ink)
    size = (max(1, round(look.width_px * look.sensor)), max(1, round(look.height_px * look.sensor)))
    sensed = look.warp.after(scaling(size[0] / look.width_px, size[1] / look.height_px)) if size != look.size_px else look.warp
    photo = _endless(ground, ink if isinstance(ink, Planes) else ycc(ink), cover, sensed, size)
    if not look.light.is_even:
        photo.lay(BLACK, shade(size, look.light))
    if look.light.glare[4]:
        photo.lay(WHITE, glare(size, look.light))
    photo.luma = smear(blur(photo.luma, look.blur_px), look.shake_px)
    if look.noise_sigma > 0:
        # What exposure takes away below is given here, so that a dark photo is as noisy as the look says.
        photo = add_noise(photo, look.noise_sigma / min(1.0, look.exposure), look.grain_px, rng)
    picture = _toned(photo, look).rgb()
    if size != look.size_px:
        picture = np.asarray(Pillow.fromarray(picture).resize(look.size_px, Pillow.Resampling.BICUBIC))
    return picture, look.warp


def encode(picture: Colour, look: PhotoLook) -> Image:
    """The stored JPEG."""
    data = jpeg(picture, look.jpeg_quality, fine_colour=look.fine_colour)
    return Image.of(data, "jpeg", picture.shape[1], picture.shape[0])


def _endless(sheet: Planes, ink: Ycc | Planes, cover: Grey, warp: Warp, size: tuple[int, int]) -> Planes:
    """The sheet with its ink, warped, its ground going on mirrored beyond its edges as far as the photo sees."""
    if warp.is_identity:
        printed = replace(sheet)
        printed.lay(ink, cover)
        return printed
    x0, y0, x1, y1 = warp.seen(size)
    # Pixels to add to the left and right, and at the top and bottom, as few as needed; one mirror image at most, for the rim of a
    # cylinder goes on for ever.
    seen = zip((x0, y0), (x1, y1), sheet.size, strict=True)
    across, down = (min(side // 2 * 2, max(0, math.ceil(max(-a, b - side) / 2) * 2 + 2)) for a, b, side in seen)
    wide = sheet.mirrored(across, down)
    wide.lay(ink.mirrored(across, down) if isinstance(ink, Planes) else ink, framed(cover, across, down))
    return wide.warped(warp.on_wider(across, down), size)


def _toned(photo: Planes, look: PhotoLook) -> Planes:
    """Brightness becomes haze + (255 - haze) (exposure white tone / 255)^gamma; colours pale as it flattens, and take the white's tint, the
    more, the lighter they are.
    """
    red, green, blue = (look.haze + (255.0 - look.haze) * min(1.0, white * look.exposure) ** look.gamma for white in look.white)
    y, tint_blue, tint_red = ycc((round(red), round(green), round(blue)))
    mean_white = 0.299 * look.white[0] + 0.587 * look.white[1] + 0.114 * look.white[2]
    tones = look.haze + (255.0 - look.haze) * np.minimum(1.0, _LEVELS * (mean_white * look.exposure)) ** look.gamma
    luma = looked_up(photo.luma, table(tones))
    coarse = halved(luma) if photo.step > 1 else luma
    paler = (y - look.haze) / 255.0
    blue, red = faded(photo.blue, paler), faded(photo.red, paler)
    if (tint_blue, tint_red) != (128, 128):
        blue, red = weighted(blue, coarse, (tint_blue - 128) / 255.0, 0), weighted(red, coarse, (tint_red - 128) / 255.0, 0)
    return Planes(luma, blue, red, photo.step)


def _spread(rng: Generator, width: float) -> float:
    """A number in (-width, width), more often near 0."""
    return width * float(rng.random() + rng.random() - 1.0)
