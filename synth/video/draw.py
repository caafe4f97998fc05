"""Log -> pictures: the frame of a world at a time, RGB (height, width, 3) uint8.

Grounds are pale or dark and nearly grey, things are of one strong hue. All drawing is OpenCV's in whole numbers (positions in 16ths of a
pixel), so frames are equal on every processor.
"""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from synth.video.log import Run, World, outline_at

Frame: TypeAlias = NDArray[np.uint8]

RGB = {
    "red": (214, 36, 40),
    "orange": (245, 133, 20),
    "yellow": (236, 216, 30),
    "green": (44, 160, 52),
    "turquoise": (32, 196, 196),
    "blue": (36, 84, 214),
    "purple": (122, 46, 196),
    "pink": (240, 70, 176),
}
"""One hue a colour, at least 20 degrees apart (chosen)."""
SHIFT = 4


@dataclass(frozen=True, slots=True)
class Look:
    """How a clip is drawn: the two greys of its ground (top, bottom), strength of its texture, and its seed."""

    top: tuple[int, int, int]
    bottom: tuple[int, int, int]
    texture: int
    seed: int


def draw_look(rng: Generator) -> Look:
    """A ground: pale in two of three clips, else dark."""
    base = int(rng.integers(190, 250)) if rng.random() < 0.67 else int(rng.integers(20, 70))
    greys = []
    for _ in range(2):
        level = base + int(rng.integers(-15, 16))
        red, green, blue = (min(255, max(0, level + int(k))) for k in rng.integers(-6, 7, 3))
        greys.append((red, green, blue))
    return Look(greys[0], greys[1], int(rng.integers(0, 5)), int(rng.integers(1 << 31)))


def ground(look: Look, width: int, height: int) -> Frame:
    """The picture without things: a vertical blend of two greys with a faint texture."""
    down = np.arange(height)[:, None, None]
    blend = (np.array(look.top) * (height - 1 - down) + np.array(look.bottom) * down) // (height - 1)
    noise = np.random.Generator(np.random.PCG64(look.seed)).integers(-1, 2, (height // 8 + 1, width // 8 + 1, 1))
    grain = np.repeat(np.repeat(noise, 8, 0), 8, 1)[:height, :width] * look.texture
    return np.clip(blend + grain, 0, 255).astype(np.uint8)


class Drawing:
    """Draws frames of one world; a frame like the one before is the same array."""

    def __init__(self, world: World, run: Run, look: Look) -> None:
        self._world, self._run = world, run
        self._ground = ground(look, world.width_px, world.height_px)
        self._before: tuple[object, Frame] = (None, self._ground)

    def at(self, time_s: float) -> Frame:
        """The frame shown at a time; do not write into it."""
        state = self._state(time_s)
        if state != self._before[0]:
            self._before = (state, self._draw(state))
        return self._before[1]

    def _state(self, time_s: float) -> tuple[tuple[str, bytes], ...]:
        found = []
        for number, actor in enumerate(self._world.actors):
            if actor.appears_s <= time_s < actor.leaves_s:
                corners = np.rint(outline_at(actor, self._run.place(self._world, number, time_s)) * (1 << SHIFT) - (1 << SHIFT) / 2)
                found.append((actor.colour_at(time_s), corners.astype(np.int32).tobytes()))
        return tuple(found)

    def _draw(self, state: tuple[tuple[str, bytes], ...]) -> Frame:
        frame = self._ground.copy()
        for colour, corners in state:
            points = np.frombuffer(corners, np.int32).reshape(1, -1, 2)
            cv2.fillPoly(frame, [points], RGB[colour], cv2.LINE_AA, SHIFT)
        return frame
