"""Where a film cuts from one shot to the next: hard cuts, by how far each frame's colours stand from the one before. The generator's side.

A step between frames is a cut, none, or in doubt; a film with a step in doubt is asked nothing about its shots. Dissolves and fades are no
hard cuts; questions say so. `clips_proof_shots` decides in another way.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synth.video.decode import Film, Frames, frames_at

SMALL_PX = (32, 18)
"""Frames are compared at this size (chosen: noise and small motion vanish)."""
CUT, NO_CUT = 22.0, 9.0
"""Mean difference of levels, of 255, from which on a step is a cut if it stands out, and up to which it is none (chosen; what lies
between is in doubt)."""
STANDS_OUT = 4.0
"""How many times the median step of its neighbours a cut must be (chosen)."""
NEIGHBOURS = 6
"""Steps on each side that a step is compared with."""
BATCH = 512


@dataclass(frozen=True, slots=True)
class Shots:
    """Numbers of the frames at which shots begin, without 0, and whether every step was clear."""

    cuts: tuple[int, ...]
    clear: bool


def small_frames(source: bytes, film: Film) -> Frames:
    """All frames of a film, (n, 18, 32, 3)."""
    return np.concatenate(list(_batches(source, film)))


def _batches(source: bytes, film: Film) -> Iterator[Frames]:
    for begin in range(0, len(film.ticks), BATCH):
        yield frames_at(source, film, range(begin, min(begin + BATCH, len(film.ticks))), SMALL_PX)


def find_shots(small: Frames) -> Shots:
    """Cuts of a film from its small frames.

    Args:
        small: (n, height, width, 3).
    """
    steps = steps_of(small)
    cuts, clear = [], True
    for number, step in enumerate(steps):
        around = np.concatenate([steps[max(0, number - NEIGHBOURS) : number], steps[number + 1 : number + 1 + NEIGHBOURS]])
        usual = float(np.median(around)) if len(around) else 0.0
        if step >= CUT and step >= STANDS_OUT * usual:
            cuts.append(number + 1)
        elif step > NO_CUT:
            clear = False
    # A flash is two cuts in a row to the eye of a machine, none to people's: in doubt.
    clear = clear and all(b - a >= NEIGHBOURS for a, b in zip([0, *cuts], [*cuts, len(small)], strict=True))
    return Shots(tuple(cuts), clear)


def steps_of(small: Frames) -> NDArray[np.float64]:
    """How far each frame stands from the one before: mean absolute difference of levels."""
    wide = small.astype(np.int16)
    found: NDArray[np.float64] = np.abs(np.diff(wide, axis=0)).mean(axis=(1, 2, 3))
    return found
