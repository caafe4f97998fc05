"""From a plate to a stored picture: a ground, ink of a colour that stands out from it, rules, warp and wear; and the warp as an attachment.

All OCR families pass through here, so that their pictures wear alike. Knows nothing of text or questions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from schemas.sample import BoxPx, Image, Rendering, Stored, Turn
from synth.ocr.corpus import load_corpus
from synth.ocr.questions import Scene, Task, write_turns
from synth.render.grounds import PAPERS, draw_ground, ground_uses, readable_ink
from synth.render.ink import Plate
from synth.render.photo import Ink, Wear, draw_photo, encode, take
from synth.render.planes import Planes, ycc
from synth.render.warp import Warp
from synth.render.warp_file import stored_warp, warp_attachment


@dataclass(frozen=True, slots=True)
class Taken:
    """A stored picture of a plate, where its pixels went, and what it lies on."""

    image: Image
    warp: Warp
    ground: str


def take_picture(
    plate: Plate, rules: Sequence[BoxPx], wear: Wear, text_px: float, rng: Generator, *, grounds: Sequence[str] | None = None
) -> Taken:
    """Lay a plate on a ground and take its picture.

    Args:
        plate: The text.
        rules: Boxes filled with ink that are no text.
        wear: How the picture is taken.
        text_px: Size of the smallest text, pixels an em, which must stay readable.
        rng: Draws ground, ink and wear.
        grounds: Kinds of ground to choose from; any for photographs, and paper for scans, where none is named.
    """
    width, height = plate.picture.size
    if wear == "print":
        name, ground = "plain", Planes.plain((width, height), (255, 255, 255), 1)
        ink = (0, 0, 0) if rng.random() < 0.6 else readable_ink(ground, rng)
    else:
        name, ground = draw_ground(rng, width, height, among=tuple(PAPERS) if wear == "scan" else grounds)
        ink = readable_ink(ground, rng)
    if rules:
        lines = np.zeros((height, width), np.uint8)
        for x0, y0, x1, y1 in rules:
            lines[max(int(y0), 0) : int(y1), max(int(x0), 0) : int(x1)] = 255
        ground.lay(ycc(ink), lines)
    return photograph(plate, ground, ink, name, wear, text_px, rng)


def photograph(plate: Plate, ground: Planes, ink: Ink | Planes, name: str, wear: Wear, text_px: float, rng: Generator) -> Taken:
    """Take the picture of a plate on a ground of its size; `ink` is one colour, or a picture with that of each place."""
    look = draw_photo(rng, wear, *plate.picture.size, text_px=text_px)
    photo, warp = take(plate.picture, ground, ink, look, rng)
    return Taken(encode(photo, look), warp, name)


def rendering(plate: Plate, taken: Taken, language: str, tags: Sequence[str]) -> Rendering[Plate]:
    """What an OCR family's `render` returns."""
    return Rendering(
        landed=plate,
        images=(taken.image,),
        attachments=(*plate.attachments(), warp_attachment(taken.warp)),
        assets=(*plate.assets, *load_corpus(language).sources, *ground_uses(taken.ground)),
        languages=(language,),
        tags=(*tags, f"ground:{taken.ground}"),
    )


def ask(rendering: Rendering[Plate], language: str, tasks: Sequence[Task], rng: Generator) -> tuple[Turn, ...]:
    """The conversation about a rendering's one picture."""
    (image,) = rendering.images
    warp = stored_warp(Stored(rendering.images, (), rendering.attachments))
    scene = Scene(rendering.landed.layer, warp, image.width_px, image.height_px, language, load_corpus(language).words)
    return write_turns(scene, tasks, rng)
