"""What a stored film shows, found in its pixels as decord decodes them: labels, cuts, and whether stored frames are its frames.

The verifier's side of `video.clips`. Letters are drawn here by FreeType itself, glyph by glyph, and looked for by correlation; cuts are
steps in which most parts of the picture change. Shares no code with what drew labels and found cuts.
"""

import io
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import cv2
import freetype
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from schemas.sample import Clip
from synth.render.fonts import TYPEFACES, font_path
from synth.video.decode import Film, Frames, probe, second_frames_at

Grey = NDArray[np.uint8]
BATCH = 48
LETTERS_HEIGHT = 0.115
"""Size of a label's letters, in parts of the film's height, at least 18 px: what labels are by definition."""
ALIKE, UNLIKE = 0.9, 0.8
"""Correlation from which on a text is seen, and up to which it is not (chosen; what lies between is in doubt, and a text is
believed only if none with one other sign is as like, see `_is_read`)."""
PROPOSED = 0.6
"""Correlation from which on a place is looked at closely."""
PHASES = tuple((x, y) for x in (0, 1) for y in (0, 1))
SIGNS = string.ascii_uppercase + string.digits
EVERY_S = 0.4
"""The whole picture is searched so often; where a label is found, every frame is looked at there."""
LARGE_PX = 300
BLOCKS = 8
CHANGED = 10.0
"""Levels by which a part of the picture must differ to have changed."""
CUT, NO_CUT = 0.6, 0.4
"""Share of parts that change in a cut at least, and in any other step at most."""
SAME, BETTER = 7.0, 0.4
"""Mean difference of levels up to which a stored frame is a frame of the film, and by how much a neighbour may be nearer (both
chosen)."""


@dataclass(frozen=True)
class Watched:
    """A stored film as decord shows it.

    Attributes:
        time_s: Of each frame.
        duration_s: As the stored clip states it, checked against the last frame.
        height_px: Of its frames.
        grey: All frames, (n, height, width), at half size if they are large (`scale_of`).
        cuts: Numbers of frames at which shots begin.
        clear: Whether every step is a cut or none.
        shown_s: Times of the stored frames, checked against the film.
        fault: Why the stored frames are not this film's; empty if they are.
    """

    time_s: tuple[float, ...]
    duration_s: float
    height_px: int
    grey: Grey
    cuts: tuple[int, ...]
    clear: bool
    shown_s: tuple[float, ...]
    fault: str


def watch(film_bytes: bytes, clip: Clip) -> Watched:
    """Decode a film from its first frame to its last, and hold the stored frames against it."""
    film = probe(film_bytes)
    times: list[float] = []
    greys, shares = [], []
    wanted = {number: place for place, number in enumerate(clip.frame_index)}
    stored = [np.asarray(Pillow.open(io.BytesIO(frame)).convert("RGB")) for frame in clip.frames]
    distances: dict[int, dict[int, float]] = {place: {} for place in range(len(stored))}
    before: NDArray[np.float32] | None = None
    for number, time, frame in _decoded(film_bytes, film):
        times.append(time)
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        scale = scale_of(grey.shape[0])
        greys.append(cv2.resize(grey, (grey.shape[1] // scale, grey.shape[0] // scale), interpolation=cv2.INTER_AREA))
        parts = cv2.resize(frame, (BLOCKS, BLOCKS), interpolation=cv2.INTER_AREA).astype(np.float32)
        if before is not None:
            shares.append(float((np.abs(parts - before).max(axis=-1) > CHANGED).mean()))
        before = parts
        for near in range(number - 2, number + 3):
            if near in wanted:
                distances[wanted[near]][number] = _distance(stored[wanted[near]], frame)
    cuts = tuple(number + 1 for number, share in enumerate(shares) if share >= CUT)
    clear = all(share >= CUT or share <= NO_CUT for share in shares)
    fault = _fault(clip, times, distances)
    return Watched(tuple(times), clip.duration_s, film.height_px, np.stack(greys), cuts, clear, clip.time_s, fault)


def _decoded(data: bytes, film: Film) -> Iterator[tuple[int, float, Frames]]:
    for begin in range(0, len(film.ticks), BATCH):
        numbers = range(begin, min(begin + BATCH, len(film.ticks)))
        pixels, times, _ = second_frames_at(data, film, numbers)
        yield from zip(numbers, times, pixels, strict=True)


def _distance(stored: Frames, frame: Frames) -> float:
    scaled = cv2.resize(frame, (stored.shape[1], stored.shape[0]), interpolation=cv2.INTER_AREA)
    return float(np.abs(stored.astype(np.int16) - scaled.astype(np.int16)).mean())


def _fault(clip: Clip, times: Sequence[float], distances: dict[int, dict[int, float]]) -> str:
    """Why stored frames, their numbers and times are not the film's; empty if they are."""
    usual = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    if not times or not 0 <= clip.duration_s - times[-1] <= 1.0 + 2 * max(usual, *np.diff(times)):
        return f"other_length: the clip is stated to last {clip.duration_s} s; its last frame is at {times[-1] if times else None} s"
    for place, (number, time) in enumerate(zip(clip.frame_index, clip.time_s, strict=True)):
        if not 0 <= number < len(times):
            return f"no_frame: frame {number} is stored, the film has {len(times)}"
        least = min((b - a for a, b in pairwise(times)), default=usual)
        if abs(times[number] - time) > least / 2:
            return f"other_time: frame {number} is stored as shown at {time} s, decord reads {times[number]} s"
        found = distances[place]
        if found[number] > SAME or found[number] > min(found.values()) + BETTER:
            return (
                f"other_frame: stored frame {place} is {found[number]:.1f} levels from frame {number} of the film, its neighbours {found}"
            )
    return ""


def spans_of(watched: Watched, text: str) -> list[tuple[int, int]] | None:
    """(first, last) numbers of the frames that show a label; None if that is in doubt somewhere."""
    template = template_of(text, watched.height_px)
    if template.shape[0] > watched.grey.shape[1] or template.shape[1] > watched.grey.shape[2]:
        return None
    step_s = watched.duration_s / max(1, len(watched.time_s))
    searched = [(*_best(watched.grey[number], template), number) for number in _searched(watched, step_s)]
    found = [(score, place, number) for score, place, number in searched if score > PROPOSED]
    scores = np.zeros(len(watched.grey))
    for place in sorted({place for _, place, _ in found}):
        first = max((score, number) for score, at, number in found if at == place)[1]
        phase = max(PHASES, key=lambda phase: _best(_window(watched.grey[first], place, template), _at(text, watched, phase))[0])
        for number, grey in enumerate(watched.grey):
            scores[number] = max(scores[number], _best(_window(grey, place, template), _at(text, watched, phase))[0])
    if any(UNLIKE < score < ALIKE for score in scores):
        return None
    if scores.max(initial=0.0) >= ALIKE and not _is_read(watched.grey[int(scores.argmax())], text, watched):
        return None
    seen = np.flatnonzero(np.diff(np.concatenate([[0], (scores >= ALIKE).astype(int), [0]])))
    return [(int(a), int(b) - 1) for a, b in zip(seen[::2], seen[1::2], strict=True)]


def _at(text: str, watched: Watched, phase: tuple[int, int]) -> Grey:
    return template_of(text, watched.height_px, phase)


def _window(grey: Grey, place: tuple[int, int], template: Grey, margin: int = 2) -> Grey:
    x, y = place
    return grey[max(0, y - margin) : y + template.shape[0] + margin, max(0, x - margin) : x + template.shape[1] + margin]


def _is_read(grey: Grey, text: str, watched: Watched) -> bool:
    """Whether no text that differs in one sign is more like what is there."""
    template = _at(text, watched, (0, 0))
    window = _window(grey, _best(grey, template)[1], template, 4)
    phase = max(PHASES, key=lambda phase: _best(window, _at(text, watched, phase))[0])
    score = _best(window, _at(text, watched, phase))[0]
    for place, sign in enumerate(text):
        for other in SIGNS:
            near = _at(text[:place] + other + text[place + 1 :], watched, phase)
            if other != sign and _best(window, near)[0] >= score:
                return False
    return True


def _searched(watched: Watched, step_s: float) -> range:
    return range(0, len(watched.grey), max(1, round(EVERY_S / step_s)) if step_s > 0 else 1)


def _best(grey: Grey, template: Grey) -> tuple[float, tuple[int, int]]:
    if any(a > b for a, b in zip(template.shape, grey.shape, strict=True)):
        return 0.0, (0, 0)
    _, score, _, place = cv2.minMaxLoc(cv2.matchTemplate(grey, template, cv2.TM_CCOEFF_NORMED))
    return (float(score) if np.isfinite(score) and score <= 1.001 else 0.0), (int(place[0]), int(place[1]))


def scale_of(film_height_px: int) -> int:
    """How many times smaller frames are searched: small films as they are, since their letters have 18 px."""
    return 2 if film_height_px >= LARGE_PX else 1


@lru_cache(maxsize=1024)
def template_of(text: str, film_height_px: int, phase: tuple[int, int] = (0, 0)) -> Grey:
    """A label's letters at the size of `Watched.grey`, black on a light ground, without the plate's rim and without kerning.

    Args:
        text: What it says.
        film_height_px: Height of the film.
        phase: (x, y), by which the letters lie off the raster of half size, 0 or 1.
    """
    size = max(18, round(film_height_px * LETTERS_HEIGHT))
    face = freetype.Face(str(font_path(TYPEFACES["dejavu-sans"].bold)))
    face.set_pixel_sizes(0, size)
    canvas = np.zeros((2 * size, size * (len(text) + 1)), np.uint8)
    x = size // 2
    for sign in text:
        face.load_char(sign, freetype.FT_LOAD_RENDER)
        bitmap, top = face.glyph.bitmap, round(1.4 * size) - face.glyph.bitmap_top
        pixels = np.array(bitmap.buffer, np.uint8).reshape(bitmap.rows, bitmap.pitch)[:, : bitmap.width]
        left = x + face.glyph.bitmap_left
        part = canvas[top : top + bitmap.rows, left : left + bitmap.width]
        np.maximum(part, pixels, out=part)
        x += (face.glyph.advance.x + 32) >> 6
    rows, columns = np.flatnonzero(canvas.any(axis=1)), np.flatnonzero(canvas.any(axis=0))
    edge = size // 6
    top, left = rows[0] - edge - phase[1], columns[0] - edge - phase[0]
    inked = canvas[top : rows[-1] + 1 + edge, left : columns[-1] + 1 + edge]
    scale = scale_of(film_height_px)
    small = cv2.resize(255 - inked, (inked.shape[1] // scale, inked.shape[0] // scale), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)
