"""Makes a clean page image look photocopied, faxed or scanned, and says where every pixel went.

The one geometric step is affine (skew and shift), so the matrix that comes back moves boxes exactly (`schemas.geometry.transform_box`);
its frame is pixels whose number i covers [i, i + 1). All else changes tones only: paper tint, bleed-through of the page behind, a stamp,
blur, noise, JPEG. Tones are changed on bytes by Pillow's C loops, several times faster than float arrays. Nothing here knows what the page
says.
"""

import io
import math
from dataclasses import dataclass
from statistics import NormalDist

from numpy.random import Generator
from PIL import Image as Pillow
from PIL import ImageChops, ImageDraw, ImageFilter

from schemas.geometry import Affine
from schemas.sample import Image


@dataclass(frozen=True, slots=True)
class ScanLook:
    """How a page was scanned.

    Attributes:
        skew_deg: Rotation, counter-clockwise as seen.
        shift: Displacement as a share of the page's width and height.
        dpi: Resolution of the scan (72 to 200): pages are drawn at it before `apply`, which keeps their size.
        noise_sigma: Standard deviation of the sensor's noise, in grey levels.
        bleed: Share of the reverse page's ink that shines through, 0 to 0.2.
        stamp: Whether an ink stamp lies on the page.
        blur_px: Gaussian blur, in pixels of the scan.
        jpeg_quality: Pillow's quality, 40 to 95.
        tint: Colour of white paper, 0 to 1 a channel.
        contrast: 1 keeps black black; 0.7 washes it out.
        gray: One channel. Leave it off where colours carry meaning (charts).
    """

    skew_deg: float
    shift: tuple[float, float]
    dpi: float
    noise_sigma: float
    bleed: float
    stamp: bool
    blur_px: float
    jpeg_quality: int
    tint: tuple[float, float, float]
    contrast: float
    gray: bool


def draw_scan(rng: Generator) -> ScanLook:
    """Draw a plausible office scanner; ranges chosen so that body type of 9 pt stays readable for people."""
    gray = bool(rng.random() < 0.35)
    warm = float(rng.random()) * 0.10  # yellowed paper loses blue first
    white = 0.92 + 0.08 * float(rng.random())
    tint = (white, white - 0.3 * warm, white - warm)
    return ScanLook(
        skew_deg=_spread(rng, 1.6),
        shift=(_spread(rng, 0.006), _spread(rng, 0.006)),
        dpi=float((72, 96, 110, 120, 144, 150, 170, 200)[int(rng.integers(8))]),
        noise_sigma=1.0 + 7.0 * float(rng.random()) ** 2,
        bleed=0.12 * float(rng.random()) if rng.random() < 0.4 else 0.0,
        stamp=bool(rng.random() < 0.15),
        blur_px=0.3 + 0.4 * float(rng.random()) if rng.random() < 0.5 else 0.0,
        jpeg_quality=int(rng.integers(50, 93)),
        tint=(white, white, white) if gray else tint,
        contrast=0.78 + 0.22 * float(rng.random()),
        gray=gray,
    )


def _spread(rng: Generator, width: float) -> float:
    """A number in (-width, width), more often near 0."""
    return width * float(rng.random() + rng.random() - 1.0)


def apply(page: Image, reverse: Image | None, look: ScanLook, rng: Generator) -> tuple[Image, Affine]:
    """Scan `page`.

    Args:
        page: The clean page, drawn at `look.dpi`.
        reverse: The page on the back of the leaf, for bleed-through; None for a blank back.
        look: How.
        rng: Noise and the place of the stamp.

    Returns:
        The JPEG, of the same size as `page`, and the affine matrix that maps pixels of `page` to pixels of the JPEG.
    """
    forward = _placement(page.width_px, page.height_px, look)
    # A page without colour stays in one channel until it gets its tint: a third of the work.
    sheet = _warp(_decode(page, gray=look.gray), forward)
    if reverse is not None and look.bleed > 0:
        sheet = ImageChops.subtract(sheet, _bleed(_decode(reverse, gray=True), sheet.size, look).convert(sheet.mode))
    if look.blur_px > 0:
        sheet = sheet.filter(ImageFilter.BoxBlur(_box_radius(look.blur_px)))
    sheet = _paper(sheet, look)
    if look.stamp:
        _stamp(sheet, rng)
    # add(a, b, offset=-128) is a + b - 128, clipped: noise centred on 128 leaves the mean alone.
    sheet = ImageChops.add(sheet, _noise(sheet.size, look.noise_sigma, rng).convert(sheet.mode), offset=-128)
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=look.jpeg_quality)
    return Image.of(buffer.getvalue(), "jpeg", page.width_px, page.height_px), forward


def _decode(image: Image, *, gray: bool) -> Pillow.Image:
    """The picture in one channel where that is asked for or all it has, else in three."""
    picture = Pillow.open(io.BytesIO(image.data))
    return picture.convert("L" if gray or picture.mode in ("1", "L") else "RGB")


def _placement(width_px: int, height_px: int, look: ScanLook) -> Affine:
    """Turn about the middle of the sheet, then shift."""
    angle = math.radians(look.skew_deg)
    cos, sin = math.cos(angle), math.sin(angle)
    mx, my = width_px / 2, height_px / 2
    # y points down, so a counter-clockwise turn as seen is [[cos, sin], [-sin, cos]].
    c = mx - cos * mx - sin * my + look.shift[0] * width_px
    f = my + sin * mx - cos * my + look.shift[1] * height_px
    return (cos, sin, c, -sin, cos, f)


def _warp(clean: Pillow.Image, forward: Affine) -> Pillow.Image:
    """Resample by `forward`; Pillow asks for the inverse, which is the transpose because `forward` is a rotation."""
    a, b, c, d, e, f = forward
    inverse = (a, d, -(a * c + d * f), b, e, -(b * c + e * f))
    paper = (255, 255, 255) if clean.mode == "RGB" else 255
    return clean.transform(clean.size, Pillow.Transform.AFFINE, inverse, resample=Pillow.Resampling.BILINEAR, fillcolor=paper)


def _box_radius(sigma: float) -> float:
    """Radius r of the box filter with the variance of a Gaussian: ((2r + 1)^2 - 1) / 12 = sigma^2."""
    return (math.sqrt(12 * sigma * sigma + 1) - 1) / 2


def _bleed(reverse: Pillow.Image, size: tuple[int, int], look: ScanLook) -> Pillow.Image:
    """Ink of the mirrored reverse page, softened by the paper. Worked out at a third of the size: it is blurred anyway."""
    mirrored = reverse.transpose(Pillow.Transpose.FLIP_LEFT_RIGHT).reduce(3)
    ink = mirrored.filter(ImageFilter.BoxBlur(1)).point([round((255 - tone) * look.bleed) for tone in range(256)])
    return ink.resize(size, Pillow.Resampling.BILINEAR)


def _paper(sheet: Pillow.Image, look: ScanLook) -> Pillow.Image:
    """Wash out the ink and tint the paper: tone -> 255 tint - contrast (255 - tone), a channel."""
    tables = [[max(0, min(255, round(255 * tint - look.contrast * (255 - tone)))) for tone in range(256)] for tint in look.tint]
    if look.gray:
        return sheet.point(tables[0])
    if sheet.mode == "L":
        return Pillow.merge("RGB", [sheet.point(table) for table in tables])
    return sheet.point([tone for table in tables for tone in table])


def _stamp(sheet: Pillow.Image, rng: Generator) -> None:
    """Press a double ring with a bar into a corner of the page: pale enough to read through, and it carries no text."""
    width, height = sheet.size
    radius = int(min(width, height) * (0.05 + 0.03 * float(rng.random())))
    side = 2 * radius
    left = int(rng.integers(0, width // 8 + 1)) if rng.random() < 0.5 else width - side - int(rng.integers(0, width // 8 + 1))
    top = int(rng.integers(0, height // 8 + 1)) if rng.random() < 0.5 else height - side - int(rng.integers(0, height // 8 + 1))
    pen = max(1, radius // 14)
    mark = Pillow.new("L", (side, side), 0)
    draw = ImageDraw.Draw(mark)
    draw.ellipse((1, 1, side - 2, side - 2), outline=255, width=pen)
    draw.ellipse((radius // 4, radius // 4, side - radius // 4, side - radius // 4), outline=255, width=pen)
    draw.rectangle((radius // 2, radius - 2 * pen, side - radius // 2, radius + 2 * pen), outline=255, width=pen)
    mark = mark.rotate(float(rng.integers(-25, 26)), resample=Pillow.Resampling.BILINEAR)
    # Blue or red ink takes the other channels away; in grey it is simply mid-grey.
    absorbs = ((0.55, 0.45, 0.10), (0.10, 0.55, 0.50))[int(rng.integers(2))] if sheet.mode == "RGB" else (0.35,)
    planes = [mark.point([round(tone * share) for tone in range(256)]) for share in absorbs]
    ink = Pillow.merge("RGB", planes) if sheet.mode == "RGB" else planes[0]
    box = (left, top, left + side, top + side)
    sheet.paste(ImageChops.subtract(sheet.crop(box), ink), box)


def _noise(size: tuple[int, int], sigma: float, rng: Generator) -> Pillow.Image:
    """Grey noise around 128: uniform bytes through the inverse normal distribution. Raw bytes are what no NumPy release changes."""
    normal = NormalDist(128, max(sigma, 1e-6))
    table = [max(0, min(255, round(normal.inv_cdf((byte + 0.5) / 256)))) for byte in range(256)]
    return Pillow.frombytes("L", size, rng.bytes(size[0] * size[1])).point(table)
