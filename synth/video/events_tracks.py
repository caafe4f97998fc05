"""Encoded film -> tracks: where each coloured thing is in every decoded frame, what shape it has, and when it comes, goes, turns and moves.

The verifier's side of `video.events`: it knows names of hues and shapes, and nothing of logs or drawing. Seconds count from the first
frame; pixels are those of the film, x right, y down.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.errors import DataError
from synth.video.decode import Film, frames_at, on_disk, probe

HUES = {"red": 0, "orange": 15, "yellow": 27, "green": 62, "turquoise": 90, "blue": 112, "purple": 135, "pink": 161}
"""OpenCV's hue (degrees / 2) in the middle of what people call so (chosen)."""
LEAST_SATURATION, LEAST_VALUE = 105, 95
LEAST_AREA_PX = 50
"""Smaller spots are seams where two colours meet (chosen)."""
BATCH_BYTES = 96 << 20
STILL_PX, WINDOW_S = 1.2, 0.2
"""A thing moves where it is so far from where it was so long before and will be so long after (chosen: noise of centres is 0.1 px)."""
TOUCH_PX = 4.0
SAME_PLACE_PX = 2.5
_GRID = 48


@dataclass(frozen=True)
class Spot:
    """One thing in one frame: colour, shape, centre, and its mask with the place of the mask's corner."""

    colour: str
    shape: str
    x: float
    y: float
    corner: tuple[int, int]
    mask: NDArray[np.uint8]


@dataclass
class Track:
    """One thing over time."""

    frames: list[int] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)
    turns: list[tuple[int, str]] = field(default_factory=list)
    comes: list[int] = field(default_factory=list)
    goes: list[int] = field(default_factory=list)

    @property
    def colours(self) -> set[str]:
        """All that it has had."""
        return {spot.colour for spot in self.spots}

    @property
    def shape(self) -> str:
        """What most frames show."""
        names = [spot.shape for spot in self.spots]
        return max(sorted(set(names)), key=names.count)


@dataclass(frozen=True)
class Motion:
    """One straight motion of a track: times in seconds, places in pixels."""

    start_s: float
    stop_s: float
    start: tuple[float, float]
    stop: tuple[float, float]


def read_tracks(data: bytes) -> tuple[Film, list[Track]]:
    """The film and its tracks.

    Raises:
        DataError: `broken_video` and the like, or `two_of_a_colour`: a frame shows two things of one colour.
    """
    film = probe(data)
    tracks: list[Track] = []
    active: dict[int, Spot] = {}
    for number, spots in enumerate(_spots(data, film)):
        active = _follow(number, spots, tracks, active)
    return film, tracks


def motions(track: Track, film: Film) -> list[Motion]:
    """All motions of a track, from lines fitted to its centres."""
    found: list[Motion] = []
    edges = [0, *(k for k in range(1, len(track.frames)) if track.frames[k] > track.frames[k - 1] + 1), len(track.frames)]
    for low, high in pairwise(edges):
        time = np.array([film.time_s[number] for number in track.frames[low:high]])
        place = np.array([(spot.x, spot.y) for spot in track.spots[low:high]])
        if len(time) > 2:
            found += _motions(time, place)
    return found


def gap_px(first: Spot, second: Spot) -> float:
    """Least distance of two masks."""
    x0, y0 = (min(a, b) - 8 for a, b in zip(first.corner, second.corner, strict=True))
    x1, y1 = (max(s.corner[k] + s.mask.shape[1 - k] for s in (first, second)) + 8 for k in (0, 1))
    away = np.ones((y1 - y0, x1 - x0), np.uint8)
    (height, width), (x, y) = first.mask.shape, first.corner
    away[y - y0 : y - y0 + height, x - x0 : x - x0 + width] -= first.mask
    distance = cv2.distanceTransform(away, cv2.DIST_L2, 5)
    (height, width), (x, y) = second.mask.shape, second.corner
    return float(distance[y - y0 : y - y0 + height, x - x0 : x - x0 + width][second.mask > 0].min())


def spots_of(frame: NDArray[np.uint8]) -> tuple[Spot, ...]:
    """All coloured things of a frame (height, width, 3)."""
    hsv = cv2.cvtColor(frame, cv2.COLOR_RGB2HSV)
    strong = (hsv[..., 1] >= LEAST_SATURATION) & (hsv[..., 2] >= LEAST_VALUE)
    kinds = np.where(strong, _nearest_hue()[hsv[..., 0]], 255).astype(np.uint8)
    found = []
    for number, colour in enumerate(HUES):
        mask = (kinds == number).astype(np.uint8)
        if cv2.countNonZero(mask) < LEAST_AREA_PX:
            continue
        count, _, stats, centres = cv2.connectedComponentsWithStats(mask, connectivity=8)
        large = [k for k in range(1, count) if stats[k, cv2.CC_STAT_AREA] >= LEAST_AREA_PX]
        if len(large) > 1:
            raise DataError("two_of_a_colour", f"a frame shows {len(large)} things in {colour}")
        for k in large:
            x, y, width, height = (int(value) for value in stats[k, :4])
            part = mask[y : y + height, x : x + width]
            found.append(Spot(colour, _shape(part), float(centres[k, 0]), float(centres[k, 1]), (x, y), part.copy()))
    return tuple(found)


def _spots(data: bytes, film: Film) -> Iterator[tuple[Spot, ...]]:
    """Spots of every frame; a frame equal to the one before is not looked at again."""
    batch = max(16, BATCH_BYTES // (film.width_px * film.height_px * 3))
    before: NDArray[np.uint8] | None = None
    spots: tuple[Spot, ...] = ()
    with on_disk(data) as path:
        for start in range(0, len(film.ticks), batch):
            frames = frames_at(Path(path), film, range(start, min(start + batch, len(film.ticks))))
            for frame in frames:
                if before is None or not np.array_equal(before, frame):
                    spots = spots_of(frame)
                before = frame
                yield spots


def _follow(number: int, spots: Sequence[Spot], tracks: list[Track], active: dict[int, Spot]) -> dict[int, Spot]:
    """Give the spots of a frame to tracks: by colour, then a new colour at an old place, then as what comes anew."""
    left = list(spots)
    now: dict[int, Spot] = {}
    for known in (True, False):
        for key, last in active.items():
            if key in now:
                continue
            if known:
                same = [spot for spot in left if spot.colour == last.colour]
            else:
                same = [spot for spot in left if abs(spot.x - last.x) + abs(spot.y - last.y) < SAME_PLACE_PX]
            if same:
                now[key] = same[0]
                left.remove(same[0])
                if not known:
                    tracks[key].turns.append((number, same[0].colour))
    for key in active:
        if key not in now:
            tracks[key].goes.append(number)
    for spot in left:
        away = [key for key, track in enumerate(tracks) if key not in now and key not in active and track.spots[-1].colour == spot.colour]
        key = away[0] if away else len(tracks)
        if not away:
            tracks.append(Track())
        tracks[key].comes.append(number)
        now[key] = spot
    for key, spot in now.items():
        tracks[key].frames.append(number)
        tracks[key].spots.append(spot)
    return now


def _motions(time: NDArray[np.float64], place: NDArray[np.float64]) -> list[Motion]:
    early = np.stack([np.interp(time - WINDOW_S, time, place[:, k]) for k in (0, 1)], 1)
    late = np.stack([np.interp(time + WINDOW_S, time, place[:, k]) for k in (0, 1)], 1)
    moving = np.hypot(*(late - early).T) > STILL_PX
    edges = np.flatnonzero(np.diff(np.concatenate([[0], moving.astype(np.int8), [0]])))
    found = []
    for low, high in edges.reshape(-1, 2):
        before = place[max(0, low - 3) : max(1, low)].mean(0)
        after = place[high : high + 3].mean(0) if high < len(place) else place[-1]
        length = float(np.hypot(*(after - before)))
        if length < 5:
            continue
        along = (place[max(0, low - 1) : high + 1] - before) @ (after - before) / length
        span = time[max(0, low - 1) : high + 1]
        middle = (along > 0.08 * length) & (along < 0.92 * length)
        if middle.sum() < 2:
            continue
        slope, offset = np.polyfit(span[middle], along[middle], 1)
        if slope > 0:
            ends = (float(-offset / slope), float((length - offset) / slope))
            found.append(Motion(*ends, (float(before[0]), float(before[1])), (float(after[0]), float(after[1]))))
    return found


def _shape(mask: NDArray[np.uint8]) -> str:
    """The shape whose ideal picture in the same box overlaps best."""
    seen = cv2.resize(mask * 255, (_GRID, _GRID), interpolation=cv2.INTER_LINEAR) > 127
    shares = {name: float((seen & ideal).sum() / (seen | ideal).sum()) for name, ideal in _ideals().items()}
    return max(shares, key=lambda name: shares[name])


_IDEALS: dict[str, NDArray[np.bool_]] = {}


def _ideals() -> dict[str, NDArray[np.bool_]]:
    """Shapes by what lies inside them, in a box from -1 to 1."""
    if not _IDEALS:
        axis = (np.arange(_GRID) + 0.5) / _GRID * 2 - 1
        x, y = np.meshgrid(axis, axis)
        bar = 0.36
        _IDEALS["circle"] = x**2 + y**2 <= 1
        _IDEALS["square"] = np.ones_like(x, bool)
        _IDEALS["triangle"] = np.abs(x) <= (y + 1) / 2
        _IDEALS["diamond"] = np.abs(x) + np.abs(y) <= 1
        _IDEALS["cross"] = (np.abs(x) <= bar) | (np.abs(y) <= bar)
        # a pentagram's box is 2 sin 72 wide and 1 + cos 36 high about a centre 1 below its top
        across, down = x * np.sin(np.radians(72)), (y + 1) / 2 * (1 + np.cos(np.radians(36))) - 1
        turn = np.abs((np.arctan2(across, -down) + np.pi / 5) % (2 * np.pi / 5) - np.pi / 5)
        tip, dip = np.array([1.0, 0.0]), 0.42 * np.array([np.cos(np.pi / 5), np.sin(np.pi / 5)])
        radius = np.hypot(across, down)
        px, py = radius * np.cos(turn), radius * np.sin(turn)
        _IDEALS["star"] = (dip[0] - tip[0]) * (py - tip[1]) - (dip[1] - tip[1]) * (px - tip[0]) >= 0
    return _IDEALS


def _nearest_hue() -> NDArray[np.uint8]:
    """Number of the nearest hue of `HUES` for each of 256 values."""
    values = np.arange(256)[:, None] % 180
    away = np.abs(values - np.array(list(HUES.values())))
    nearest: NDArray[np.uint8] = np.minimum(away, 180 - away).argmin(1).astype(np.uint8)
    return nearest
