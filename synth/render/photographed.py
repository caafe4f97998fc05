"""Grounds from photographs: bricks, grass and gravel, laid side by side and tinted, and places seen out of focus.

The pictures lie in `photographs/`, whose README says where they are from; all are CC0. Every step works on whole numbers (Pillow's
resizing, tinting and box blurs), so that a ground is the same on any processor.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from numpy.random import Generator
from PIL import Image as Pillow
from PIL import ImageFilter, ImageOps

from schemas.sample import AssetUse, sha256_hex
from synth.render.planes import Planes

Ground: TypeAlias = Callable[[int, int, Generator], Planes]

FOLDER = Path(__file__).with_name("photographs")
SOURCES: Mapping[bool, str] = {True: "npm @pmndrs/assets 1.7.0", False: "scikit-image 0.26.0"}
"""Whether it is a place -> the package it was taken from."""
_TINTS: Mapping[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "brick": ((60, 22, 14), (224, 170, 140)),
    "grass": ((16, 32, 10), (196, 210, 120)),
    "gravel": ((34, 30, 28), (222, 214, 204)),
}
"""Colours of the darkest and the lightest tone (chosen by looking)."""


def surface(name: str, width: int, height: int, rng: Generator) -> Planes:
    """A wall or floor of a photographed surface, at a scale and in a tint of its own."""
    tile = _photograph(name)
    side = round(tile.width * (0.6 + 1.2 * float(rng.random())))
    tile = tile.resize((side, side), Pillow.Resampling.BICUBIC)
    shift = [int(rng.integers(0, 2 * side)) for _ in range(2)]
    wall = Pillow.new("L", (width, height))
    for row in range(-1, height // side + 2):
        for column in range(-1, width // side + 2):
            # Every other tile is a mirror image, so that edges meet.
            left, top = column * side - shift[0] % side, row * side - shift[1] % side
            part = ImageOps.mirror(tile) if (column + shift[0] // side) % 2 else tile
            wall.paste(ImageOps.flip(part) if (row + shift[1] // side) % 2 else part, (left, top))
    black, white = ([max(0, min(255, value + int(rng.integers(-18, 19)))) for value in tint] for tint in _TINTS[name])
    return Planes.of(ImageOps.colorize(wall, tuple(black), tuple(white)))


def place(name: str, width: int, height: int, rng: Generator) -> Planes:
    """Part of a panorama, out of focus, as behind a sign that the lens is set on."""
    panorama = _photograph(f"place-{name}")
    part_height = panorama.height * (0.55 + 0.45 * float(rng.random()))
    part_width = min(panorama.width - 1.0, part_height * width / height)
    part_height = part_width * height / width
    left = (panorama.width - part_width) * float(rng.random())
    top = (panorama.height - part_height) * float(rng.random())
    box = (round(left), round(top), round(left + part_width) + 1, round(top + part_height) + 1)
    seen = panorama.crop(box).resize((width, height), Pillow.Resampling.BICUBIC)
    blurred = seen.filter(ImageFilter.BoxBlur(max(1, round(0.9 * width / part_width))))
    return Planes.of(ImageOps.mirror(blurred) if rng.random() < 0.5 else blurred)


PLACES: Final = tuple(sorted(path.stem.removeprefix("place-") for path in FOLDER.glob("place-*.jpg")))
PHOTOGRAPHS: Final[Mapping[str, Ground]] = MappingProxyType(
    {
        **{f"photographed_{name}": partial(surface, name) for name in _TINTS},
        **{f"place_{name}": partial(place, name) for name in PLACES},
    }
)
"""Grounds from photographs, by the name that samples know them by."""


@cache
def photograph_use(ground: str) -> AssetUse:
    """How a sample records the photograph that a ground of `PHOTOGRAPHS` is from."""
    path = _path(ground.replace("place_", "place-").removeprefix("photographed_"))
    return AssetUse(f"photographs/{path.name}", sha256_hex(path.read_bytes()), "CC0-1.0", SOURCES[ground.startswith("place_")])


def _path(name: str) -> Path:
    return FOLDER / f"{name}.jpg"


@cache
def _photograph(name: str) -> Pillow.Image:
    with Pillow.open(_path(name)) as picture:
        picture.load()
        return picture
