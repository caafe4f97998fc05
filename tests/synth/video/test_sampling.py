"""The rules of sampling against those of others, and against a second reading of our own rule, written apart from it."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import DataError
from schemas.tokens import count_text
from synth.video.sampling import Budget, length_adaptive, mark_tokens, qwen3_vl, qwen_vl_utils, shown_at

LENGTHS = (0.7, 3.0, 10.0, 61.3, 600.0, 3_600.0, 7_200.0)
STAGES = (8_192, 32_768, 262_144)


def steady(seconds: float, fps: float = 30.0) -> list[float]:
    return [k / fps for k in range(max(4, int(seconds * fps)))]


@given(st.integers(1, 300_000), st.floats(1, 120), st.sampled_from((0.5, 1.0, 2.0, 4.0)))
def test_qwens_rule_is_that_of_its_processor(frames: int, fps: float, rate: float) -> None:
    module = pytest.importorskip("transformers.models.qwen3_vl.video_processing_qwen3_vl")
    from transformers.video_utils import VideoMetadata

    settings = SimpleNamespace(fps=2, min_frames=4, max_frames=768)
    metadata = VideoMetadata(total_num_frames=frames, fps=fps)
    theirs = module.Qwen3VLVideoProcessor.sample_frames(settings, metadata, fps=rate)
    assert qwen3_vl(frames, fps, rate=rate) == tuple(theirs.tolist())


@given(st.integers(2, 300_000), st.floats(1, 120))
def test_qwen_vl_utils_rule_is_that_of_its_source(frames: int, fps: float) -> None:
    """`smart_nframes` of qwen_vl_utils/vision_process.py 0.0.14, written down again, and torch.linspace as its readers call it."""
    torch = pytest.importorskip("torch")

    def ceil_to(number: float) -> int:
        return -int(-number // 2) * 2

    def floor_to(number: float) -> int:
        return int(number // 2) * 2

    low, high = ceil_to(4), floor_to(min(768, frames))
    wanted = min(min(max(frames / fps * 2.0, low), high), frames)
    even = floor_to(wanted)
    theirs = torch.linspace(0, frames - 1, even).round().long()
    ours = qwen_vl_utils(frames, fps)
    assert len(ours) == even
    assert np.abs(np.array(ours) - theirs.numpy()).max() <= 1  # torch steps in single precision


def second_reading(duration: float, native: int, full: int, budget: Budget) -> int:
    """How many frames: the rule's words, by trying all numbers and halving an interval, without its formulas."""
    marks = count_text(f"<{duration:.1f} seconds>") + 2
    most = min(native, budget.max_frames, max(4, int(duration * budget.top_rate))) // 2 * 2

    def cost(count: float, pair: float) -> float:
        return count / 2 * (pair + marks)

    aim = max(4.0, duration * budget.rate)
    if cost(aim, full) <= budget.clip_tokens:
        count = max(aim, max(n for n in range(2, 200_000, 2) if cost(n, full) <= budget.clip_tokens))
    else:
        low, high = 0.0, 1.0
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if cost(aim * middle, full * middle) <= budget.clip_tokens else (low, middle)
        least = min(64, full)
        if full * low >= least:
            count = aim * low
        else:
            count = min(aim * low, budget.clip_tokens / (least + marks) * 2)
    return int(max(4, min(most, int(count + 1e-9) // 2 * 2)))


@pytest.mark.parametrize("context", STAGES)
@pytest.mark.parametrize("seconds", LENGTHS)
@pytest.mark.parametrize("size", [(1280, 720), (320, 240), (720, 1280), (64, 64)])
def test_the_adaptive_rule_read_twice_agrees(context: int, seconds: float, size: tuple[int, int]) -> None:
    times = steady(seconds)
    budget = Budget(context)
    chosen = length_adaptive(times, seconds, size, budget)
    full = min(768, (round(size[0] / 32)) * (round(size[1] / 32)))
    if size == (64, 64):
        full = 4
    assert len(chosen.indices) == second_reading(seconds, len(times), full, budget)


@pytest.mark.parametrize("context", STAGES)
@pytest.mark.parametrize("seconds", LENGTHS)
def test_what_is_chosen_keeps_its_promises(context: int, seconds: float) -> None:
    """Even number from 4 to 2,048, within the budget, numbers and times that belong together, and no stretch longer than is said."""
    times = steady(seconds)
    chosen = length_adaptive(times, seconds, (1280, 720), Budget(context))
    assert len(chosen.indices) % 2 == 0
    assert 4 <= len(chosen.indices) <= 2_048
    assert chosen.tokens <= Budget(context).clip_tokens
    assert list(chosen.indices) == sorted(set(chosen.indices))
    assert chosen.time_s == tuple(times[k] for k in chosen.indices)
    assert chosen.size_px[0] % 32 == chosen.size_px[1] % 32 == 0
    rng = np.random.default_rng(5)
    for start in rng.uniform(0, seconds - chosen.largest_gap_s, 200):
        assert any(start <= time <= start + chosen.largest_gap_s + 1e-9 for time in chosen.time_s)


def test_longer_films_lose_rate_and_detail_alike() -> None:
    at = [length_adaptive(steady(s), s, (1280, 720), Budget(32_768)) for s in (60, 600, 3_600)]
    rates, areas = [c.rate for c in at], [c.size_px[0] * c.size_px[1] for c in at]
    assert rates == sorted(rates, reverse=True)
    assert areas == sorted(areas, reverse=True)
    assert rates[0] / rates[1] == pytest.approx(areas[0] / areas[1], rel=0.35)


def test_films_of_variable_rate_are_sampled_evenly_in_time() -> None:
    """A burst of frames in the first second must not take most of the samples, as it does by number."""
    times = [k / 1000 for k in range(1000)] + [1 + k / 5 for k in range(300)]
    chosen = length_adaptive(times, 61.0, (640, 360), Budget(8_192))
    assert sum(time < 1 for time in chosen.time_s) <= 2
    assert sum(times[k] < 1 for k in qwen3_vl(len(times), len(times) / 61)) > 80


def test_scarce_frames_follow_the_shots() -> None:
    """Fifty shots of 4 s, then a still of 30 minutes: evenly, most short shots would show no frame."""
    cuts = [4.0 * k for k in range(1, 51)]
    seconds = 200.0 + 1_800.0
    times = steady(seconds)
    budget = Budget(8_192, max_frames=120)
    evenly, by_shots = length_adaptive(times, seconds, (640, 360), budget), length_adaptive(times, seconds, (640, 360), budget, cuts)

    def seen(indices: tuple[int, ...]) -> int:
        edges = [0.0, *cuts]
        return sum(any(a <= times[k] < a + 4 for k in indices) for a in edges[:50])

    assert (evenly.policy, by_shots.policy) == ("even", "shots")
    assert seen(evenly.indices) < 20
    assert seen(by_shots.indices) == 50
    assert len(by_shots.indices) == len(evenly.indices)


def test_stills_and_short_films_show_no_frame_twice() -> None:
    times = [0.0, 0.04, 0.08, 50.0, 50.04, 100.0]
    chosen = length_adaptive(times, 120.0, (320, 240), Budget(8_192))
    assert chosen.indices == (0, 1, 2, 3, 4, 5)
    with pytest.raises(DataError, match="too_few_frames"):
        length_adaptive([0.0, 1.0, 2.0], 3.0, (320, 240), Budget(8_192))
    with pytest.raises(DataError, match="over_budget"):
        length_adaptive(steady(5), 5.0, (320, 240), Budget(32, vision_share=0.5))


def test_a_frame_is_on_show_until_the_next() -> None:
    assert [shown_at([0.0, 1.0, 4.0], at) for at in (0.0, 0.99, 1.0, 3.9, 4.0, 99.0)] == [0, 0, 1, 1, 2, 2]
    assert mark_tokens(7_200) > mark_tokens(7)
