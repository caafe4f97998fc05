"""From a plate to a stored picture: a ground, ink of a colour that stands out from it, rules, warp and wear; and the warp as an attachment.

All OCR families pass through here, so that their pictures wear alike. Knows nothing of text or questions.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from schemas.errors import DataError
from schemas.sample import BoxPx, Image, Rendering, Turn
from schemas.tokens import count_conversation, image_tokens
from synth.ocr.corpus import load_corpus
from synth.ocr.damage import Damage, spoil
from synth.ocr.questions import Scene, Task, write_turns
from synth.render.grounds import PAPERS, draw_ground, ground_uses, readable_ink
from synth.render.ink import Plate
from synth.render.photo import Ink, Wear, draw_photo, encode, take
from synth.render.pixels import to_rgb
from synth.render.planes import Planes, ycc
from synth.render.warp import Warp
from synth.render.warp_file import warp_attachment

LEAST_CONTEXT_TOKENS = 1_024


@dataclass(frozen=True, slots=True)
class Taken:
    """A stored picture of a plate, which says what of it is hidden; where its pixels went, what it lies on, and what happened to it."""

    plate: Plate
    image: Image
    warp: Warp
    ground: str
    damages: tuple[Damage, ...]


def take_picture(
    plate: Plate,
    rules: Sequence[BoxPx],
    wear: Wear,
    text_px: float,
    rng: Generator,
    *,
    grounds: Sequence[str] | None = None,
    damages: Sequence[Damage] = (),
    spared: Collection[int] = (),
) -> Taken:
    """Lay a plate on a ground and take its picture.

    Args:
        plate: The text.
        rules: Boxes filled with ink that are no text.
        wear: How the picture is taken.
        text_px: Size of the smallest text, pixels an em, which must stay readable.
        rng: Draws ground, ink and wear.
        grounds: Kinds of ground to choose from; any for photographs, and paper for scans, where none is named.
        damages: What makes some words unreadable.
        spared: Numbers of lines that stay readable.
    """
    width, height = plate.size
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
    return photograph(plate, ground, ink, name, wear, text_px, rng, damages=damages, spared=spared)


def photograph(
    plate: Plate,
    ground: Planes,
    ink: Ink | Planes,
    name: str,
    wear: Wear,
    text_px: float,
    rng: Generator,
    *,
    damages: Sequence[Damage] = (),
    spared: Collection[int] = (),
) -> Taken:
    """Take the picture of a plate on a ground of its size; `ink` is one colour, or a picture with that of each place."""
    printed = plate.pixels
    if damages:
        spoilt = spoil(plate, damages, _mean(ground), rng, spared)
        plate, printed = spoilt.plate, spoilt.printed
        for cover in spoilt.covers:
            ground.lay(ycc(cover.colour), cover.mask)
    look = draw_photo(rng, wear, *plate.size, text_px=text_px)
    photo, warp = take(printed, ground, ink, look, rng)
    return Taken(plate, encode(photo, look), warp, name, tuple(damages) if any(word.hidden for word in plate.layer.words) else ())


def _mean(ground: Planes) -> tuple[int, int, int]:
    means = (np.array([[round(float(plane.mean()))]], np.uint8) for plane in (ground.luma, ground.blue, ground.red))
    red, green, blue = to_rgb(*means)[0, 0].tolist()
    return (red, green, blue)


def rendering(taken: Taken, language: str, tags: Sequence[str]) -> Rendering[Taken]:
    """What an OCR family's `render` returns."""
    return Rendering(
        landed=taken,
        images=(taken.image,),
        attachments=(*taken.plate.attachments(), warp_attachment(taken.warp)),
        assets=(*taken.plate.assets, *load_corpus(language).sources, *ground_uses(taken.ground)),
        languages=(language,),
        tags=(*tags, f"ground:{taken.ground}", *sorted({f"damage:{damage.kind}" for damage in taken.damages})),
    )


def ask(taken: Taken, language: str, tasks: Sequence[Task], context_tokens: int, rng: Generator) -> tuple[Turn, ...]:
    """The conversation about a picture: as many of the tasks, in their order, as fit; a transcription, where none can be asked.

    Raises:
        DataError: `over_budget` if the first does not; `nothing_to_ask` if there is none.
    """
    image = taken.image
    scene = Scene(taken.plate.layer, taken.warp, image.width_px, image.height_px, language, load_corpus(language).words)
    turns = write_turns(scene, tasks, rng) or write_turns(scene, ("transcribe",), rng)
    if not turns:
        raise DataError("nothing_to_ask", f"none of {len(tasks)} questions fits the picture, and its text cannot be asked for")
    tokens = image_tokens(image.width_px, image.height_px)
    while count_conversation(turns, [tokens]) > context_tokens:
        if len(turns) == 2:
            raise DataError("over_budget", f"a picture of {tokens} tokens and one question about it do not fit {context_tokens} tokens")
        turns = turns[:-2]
    return turns
