"""Which frames of a film a model is shown, and how large: rules from a film's times and a budget of tokens to numbers of frames.

`qwen3_vl` and `qwen_vl_utils` are the rules of those programs, number for number. `length_adaptive` is Assay's: it lowers rate and
resolution together when a film is long for the budget, and gives every shot its frames when there are few. Sampling looks at times, never
at a rate assumed, so that films of variable rate are sampled evenly in time. Nothing here decodes.
"""

import heapq
import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from schemas.errors import DataError
from schemas.timecode import pair_times, write_mark
from schemas.tokens import FACTOR_PX, MAX_CLIP_PX, clip_size, count_text

MIN_FRAMES, MAX_FRAMES = 4, 2_048
"""Frames of a clip: the least of Qwen3-VL's processor, the most that its report evaluates with."""
RATE, TOP_RATE = 2.0, 8.0
"""Frames a second: Qwen3-VL's default, which is aimed at; and the most, for short films that leave tokens over (chosen)."""
PAIR_TOKENS = (64, 768)
"""Vision tokens of a pair of frames: the least with which small things can be told (256 x 256 px, chosen), and qwen-vl-utils' most."""
SCARCE_GAP_S = 2.0
"""Gap between frames from which on shots may be missed, so that frames follow the shots (chosen: a common shot lasts 2 to 5 s)."""
VISION_SHARE = 0.8
"""Part of the context that a clip may take; the rest is for the conversation (chosen)."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The frames of a film that are shown.

    Attributes:
        policy: Which rule chose them.
        indices: Numbers of the frames, rising.
        time_s: When each is shown, in seconds from the film's first frame.
        size_px: (width, height) to which they are scaled, multiples of 32.
        tokens: Of the clip, times in text included.
        rate: Frames a second that this comes to.
        largest_gap_s: Longest stretch of the film of which no frame is shown: what lasts as long is seen.
    """

    policy: str
    indices: tuple[int, ...]
    time_s: tuple[float, ...]
    size_px: tuple[int, int]
    tokens: int
    rate: float
    largest_gap_s: float


@dataclass(frozen=True, slots=True)
class Budget:
    """What a clip may cost, which follows the stage of training: contexts of 8,192, 32,768 or 262,144 tokens.

    Attributes:
        context_tokens: Of the whole sample.
        vision_share: Part of it for the clip.
        max_frames: At most so many.
        rate: Frames a second that are aimed at.
        top_rate: Most frames a second.
    """

    context_tokens: int
    vision_share: float = VISION_SHARE
    max_frames: int = MAX_FRAMES
    rate: float = RATE
    top_rate: float = TOP_RATE

    @property
    def clip_tokens(self) -> int:
        """Tokens of the clip, times in text included."""
        return int(self.context_tokens * self.vision_share)


def qwen3_vl(frames: int, fps: float, *, rate: float = RATE, min_frames: int = MIN_FRAMES, max_frames: int = 768) -> tuple[int, ...]:
    """Frames as `Qwen3VLVideoProcessor.sample_frames` of `transformers` chooses them: by number, evenly, the first and the last included.

    Args:
        frames: Of the film.
        fps: Its stated rate.
        rate: Wanted frames a second.
        min_frames: Least number, if the film has so many.
        max_frames: Greatest number.
    """
    wanted = min(max(int(frames / fps * rate), min_frames), max_frames, frames)
    return _even_numbers(frames, wanted)


def qwen_vl_utils(frames: int, fps: float, *, rate: float = RATE, min_frames: int = MIN_FRAMES, max_frames: int = 768) -> tuple[int, ...]:
    """Frames as `smart_nframes` and the readers of qwen-vl-utils 0.0.14 choose them: like `qwen3_vl`, but even in number.

    Raises:
        DataError: `too_few_frames`: the film has fewer than two.
    """
    low, high = math.ceil(min_frames / 2) * 2, math.floor(min(max_frames, frames) / 2) * 2
    wanted = frames / fps * rate
    wanted = min(min(max(wanted, low), high), frames)
    if (even := math.floor(wanted / 2) * 2) < 2:
        raise DataError("too_few_frames", f"the film has {frames} frames, and frames are read in pairs")
    return _even_numbers(frames, even)


def length_adaptive(
    time_s: Sequence[float],
    duration_s: float,
    size_px: tuple[int, int],
    budget: Budget,
    cuts_s: Sequence[float] = (),
) -> Chosen:
    """Rate, number and size of frames from a film's length and a budget of tokens.

    A film that is short for the budget is shown at its full size (at most 768 tokens a pair) and at 2 to 8 frames a second. Of one that
    would cost more at 2 frames a second and full size, rate and tokens a pair are lowered by the same factor: neither time nor detail pays
    alone. Where a pair comes down to 64 tokens, frames alone give way. The number is even, from 4 to 2,048. When frames lie more than 2 s
    apart and shots are known, each shot gets its share, the longest first (`_by_shots`).

    Args:
        time_s: Of each frame of the film, rising, from 0.
        duration_s: Of the film.
        size_px: (width, height) of its frames.
        budget: Tokens.
        cuts_s: Times at which shots begin, without 0.

    Raises:
        DataError: `too_few_frames`: the film has fewer than 4 frames; `over_budget`: not even 4 small frames fit; `clip_shape`.
    """
    if len(time_s) < MIN_FRAMES:
        raise DataError("too_few_frames", f"the film has {len(time_s)} frames; at least {MIN_FRAMES} are shown")
    most = min(len(time_s), budget.max_frames, max(MIN_FRAMES, int(duration_s * budget.top_rate))) // 2 * 2
    marks, full = mark_tokens(duration_s), min(PAIR_TOKENS[1], _pair_tokens(size_px))
    aim = max(MIN_FRAMES, duration_s * budget.rate)
    part = _affordable(aim / 2, full, marks, budget.clip_tokens)
    if part < 1:  # dear: both give way alike, until pairs are as small as they may be
        pair = max(min(PAIR_TOKENS[0], full), full * part)
        count = min(aim * part, 2 * budget.clip_tokens / (pair + marks))
    else:  # cheap: the rate rises as far as whole frames can be paid
        count = max(aim, 2 * budget.clip_tokens / (full + marks))
    frames = max(MIN_FRAMES, min(most, int(count) // 2 * 2))
    pair = min(full, int(budget.clip_tokens / (frames / 2) - marks))
    if pair < 1:
        raise DataError("over_budget", f"{frames} frames do not fit into {budget.clip_tokens} tokens")
    evenly = even_times(time_s, duration_s, frames)
    policy = "even"
    indices = evenly
    if cuts_s and _largest_gap([time_s[i] for i in evenly], duration_s) > SCARCE_GAP_S:
        policy, indices = "shots", _by_shots(time_s, duration_s, cuts_s, len(evenly))
    return _chosen(policy, indices, time_s, duration_s, fitted_size(size_px, pair))


def _pair_tokens(size_px: tuple[int, int]) -> int:
    try:
        height, width = clip_size(2, size_px[1], size_px[0], max_px=MAX_CLIP_PX)
    except ValueError as error:
        raise DataError("clip_shape", str(error)) from error
    return (height // FACTOR_PX) * (width // FACTOR_PX)


def mark_tokens(duration_s: float) -> int:
    """Tokens of a time in text with the marks around a pair, for the last and so the longest of a film."""
    return count_text(write_mark(duration_s)) + 2


def _affordable(pairs: float, full: float, marks: int, tokens: int) -> float:
    """x, so that x * pairs of x * full tokens each, and their marks, cost `tokens`: the root of pairs (full x^2 + marks x) = tokens."""
    return (math.sqrt(marks**2 + 4 * full * tokens / pairs) - marks) / (2 * full)


def even_times(time_s: Sequence[float], duration_s: float, count: int) -> tuple[int, ...]:
    """Numbers of frames that are on show at even times: the middles of `count` equal parts of the film, an even number of them.

    Where parts show the same frame, as in films of few frames or with long stills, it is taken once and others are added where the gap is
    widest.
    """
    chosen = {shown_at(time_s, duration_s * (part + 0.5) / count) for part in range(count)}
    return _filled(chosen, time_s, duration_s, min(count, len(time_s) // 2 * 2))


def _by_shots(time_s: Sequence[float], duration_s: float, cuts_s: Sequence[float], count: int) -> tuple[int, ...]:
    """Frames shot by shot: one in the middle of each, the longest shots first; each further one where a shot's frames lie widest apart."""
    edges = [0.0, *cuts_s, duration_s]
    shots = [(end - start, start) for start, end in pairwise(edges) if end > start]
    shots = sorted(sorted(shots, key=lambda shot: (-shot[0], shot[1]))[:count], key=lambda shot: shot[1])
    heap = [(-length, start, length, 1) for length, start in shots]
    heapq.heapify(heap)
    for _ in range(count - len(shots)):
        _, start, length, some = heapq.heappop(heap)
        heapq.heappush(heap, (-length / (some + 1), start, length, some + 1))
    chosen = {shown_at(time_s, start + length * (part + 0.5) / some) for _, start, length, some in heap for part in range(some)}
    return _filled(chosen, time_s, duration_s, count)


def _filled(chosen: set[int], time_s: Sequence[float], duration_s: float, count: int) -> tuple[int, ...]:
    """`chosen` and as many more as make up `count`, each in the middle of the widest gap between numbers of frames by time."""
    while len(chosen) < count:
        edges = [-1, *sorted(chosen), len(time_s)]
        gaps = [
            ((time_s[b] if b < len(time_s) else duration_s) - (time_s[a] if a >= 0 else 0.0), -a, a, b)
            for a, b in pairwise(edges)
            if b - a > 1
        ]
        _, _, a, b = max(gaps)
        chosen.add((a + b) // 2)
    return tuple(sorted(chosen))


def shown_at(time_s: Sequence[float], at_s: float) -> int:
    """Number of the frame that is on show at a time."""
    return max(0, bisect_right(time_s, at_s) - 1)


def _even_numbers(frames: int, count: int) -> tuple[int, ...]:
    return tuple(int(number) for number in np.linspace(0, frames - 1, count).round().astype(int))


def _largest_gap(times: Sequence[float], duration_s: float) -> float:
    return max(b - a for a, b in pairwise([0.0, *times, duration_s]))


def fitted_size(size_px: tuple[int, int], pair_tokens: int) -> tuple[int, int]:
    """The largest (width, height) in whole squares of 32 px, of the film's shape, of at most so many tokens and not above its own size."""
    width, height = size_px
    scale = min(1.0, math.sqrt(pair_tokens * FACTOR_PX**2 / (width * height)))
    while True:
        columns, rows = (max(1, round(side * scale / FACTOR_PX)) for side in (width, height))
        if columns * rows <= pair_tokens or columns == rows == 1:
            return columns * FACTOR_PX, rows * FACTOR_PX
        if min(columns, rows) == 1 and max(columns, rows) > pair_tokens:
            return min(columns, pair_tokens) * FACTOR_PX, min(rows, pair_tokens) * FACTOR_PX
        scale *= 0.98


def _chosen(policy: str, indices: tuple[int, ...], time_s: Sequence[float], duration_s: float, size_px: tuple[int, int]) -> Chosen:
    times = tuple(time_s[index] for index in indices)
    pair = (size_px[0] // FACTOR_PX) * (size_px[1] // FACTOR_PX)
    text = sum(count_text(write_mark(time)) + 2 for time in pair_times(times))
    tokens = text + pair * len(pair_times(times))
    return Chosen(policy, indices, times, size_px, tokens, len(times) / duration_s, _largest_gap(times, duration_s))


def from_indices(policy: str, indices: Sequence[int], time_s: Sequence[float], duration_s: float, size_px: tuple[int, int]) -> Chosen:
    """The record of frames that another rule chose, at a size of its own."""
    return _chosen(policy, tuple(indices), time_s, duration_s, size_px)
