"""Packing: whole samples, every slot accounted for, positions and segments per sample, and rows that are nearly full."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from model.batch import IGNORE, Batch, Tokens
from model.config import preset
from model.encode import encode
from model.pack import best_fit, even_rows, to_batch
from model.qwen3_vl import Qwen3VL
from schemas.sample import Turn
from tests.model.corpora import mixed, sample


@given(st.lists(st.integers(1, 100), max_size=60), st.integers(100, 150))
def test_rows_hold_every_sample_once_and_whole(lengths: list[int], capacity: int) -> None:
    """Catches a sample lost, doubled or cut, and rows more than best fit may need (11/9 of the least possible, and 4)."""
    rows = best_fit(lengths, capacity)
    assert sorted(number for row in rows for number in row) == list(range(len(lengths)))
    assert all(sum(lengths[number] for number in row) <= capacity for row in rows)
    assert len(rows) <= 11 / 9 * max(1, -(-sum(lengths) // capacity)) * 2 + 4


@given(st.lists(st.integers(1, 100), max_size=60), st.integers(100, 150))
def test_even_rows_hold_every_sample_in_as_few_rows(lengths: list[int], capacity: int) -> None:
    """Catches a sample lost, doubled or cut, and a row more than best fit needs."""
    rows = even_rows(lengths, capacity)
    assert sorted(number for row in rows for number in row) == list(range(len(lengths)))
    assert all(sum(lengths[number] for number in row) <= capacity for row in rows)
    assert len(rows) == len(best_fit(lengths, capacity))


def test_even_rows_mix_long_samples_with_short_ones() -> None:
    """Catches rows of one data set only, as best fit makes: there the short samples share the last rows."""
    lengths = [7_000] * 30 + [45] * 4_000
    packed = best_fit(lengths, 32_768), even_rows(lengths, 32_768)
    tight, even = ([sum(lengths[k] for k in row if lengths[k] < 100) / 32_768 for row in rows] for rows in packed)
    assert min(tight) < 0.2
    assert max(tight) > 0.9
    assert max(even) - min(even) < 0.25


def test_a_sample_above_the_row_is_refused() -> None:
    with pytest.raises(ValueError, match="sample 1 has 9 tokens, a row holds 8"):
        best_fit([3, 9], 8)


def tokens(number: int = 3, seed: int = 0) -> list[Tokens]:
    return [encode(made, source=k % 2) for k, made in enumerate(mixed(default_rng(seed), number, "s"))]


def test_a_row_is_its_samples_one_after_another() -> None:
    """Catches targets across a seam, positions that run on, padding that is trained, and visual slots of another sample."""
    samples = tokens(4)
    length = sum(len(sample.ids) for sample in samples) + 5
    batch = to_batch(samples, length)
    assert batch.cu_seqlens.tolist() == [*np.cumsum([0, *(len(sample.ids) for sample in samples)]), length]
    assert batch.sample_ids == tuple(sample.sample_id for sample in samples)
    for made, at, end in zip(samples, batch.cu_seqlens[:-2].tolist(), batch.cu_seqlens[1:-1].tolist(), strict=True):
        assert batch.ids[at:end].tolist() == made.ids.tolist()
        assert batch.positions[:, at:end].tolist() == made.positions.tolist()
        assert batch.sources[at:end].tolist() == [made.source] * (end - at)
        expected = [int(i) if w > 0 else IGNORE for i, w in zip(made.ids[1:], made.weights[1:], strict=True)]
        assert batch.targets[at:end].tolist() == [*expected, IGNORE]
        assert batch.loss_weight[at:end].tolist() == [*made.weights[1:].tolist(), 0.0]
    assert batch.ids[-5:].tolist() == [151643] * 5
    assert batch.targets[-5:].tolist() == [IGNORE] * 5
    assert batch.loss_weight[-5:].tolist() == [0.0] * 5
    assert batch.positions[:, -5:].tolist() == [[0] * 5] * 3
    assert len(batch.patches) == 4 * len(batch.visual) == sum(len(sample.patches) for sample in samples)
    assert batch.max_seqlen == int(batch.cu_seqlens.diff().max())


def test_a_full_row_has_no_padding_segment() -> None:
    samples = tokens(2)
    batch = to_batch(samples, sum(len(sample.ids) for sample in samples))
    assert len(batch.cu_seqlens) == 3


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_loss_weights(exponent: float) -> None:
    """Catches n counted over the row instead of the sample: every sample's weights sum to its turn's weight times n^(1 - p)."""
    samples = [encode(sample(f"s/{n}", [Turn("user", "?"), Turn("assistant", "yes " * n, weight=2.0)])) for n in (1, 7, 40)]
    batch = to_batch(samples, 300, exponent=exponent)
    for number, made in enumerate(samples):
        at, end = batch.cu_seqlens[number : number + 2].tolist()
        n = int((made.weights > 0).sum())
        assert float(batch.loss_weight[at:end].sum()) == pytest.approx(2.0 * n ** (1 - exponent), rel=1e-5)


def test_an_empty_row_and_a_row_of_words_alone() -> None:
    empty = to_batch([], 16)
    assert (empty.cu_seqlens.tolist(), empty.plan, tuple(empty.patches.shape), len(empty.visual)) == ([0, 16], None, (0, 1536), 0)
    words = to_batch([encode(sample("s/1", [Turn("user", "?"), Turn("assistant", "yes")]))], 16)
    assert words.plan is None


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit into 8 slots"):
        to_batch(tokens(1), 8)


# Lengths of mixed corpora: (weight, low, high), log-uniform between.
MIXES = {
    "documents and questions": [(0.3, 2_000, 8_000), (0.7, 150, 1_200)],
    "instruction tuning": [(0.55, 60, 600), (0.35, 400, 2_500), (0.1, 2_000, 8_192)],
    "image captions": [(0.8, 320, 1_400), (0.2, 40, 200)],
}
LONG = [(0.6, 3_000, 8_000), (0.4, 100, 1_500)]
"""So many samples above half a row that no packing fills 97 %."""


def windows(kinds: list[tuple[float, int, int]]) -> Iterator[list[int]]:
    """Lengths of 20 windows as the planner packs them: 64 rows' worth of samples at a time."""
    rng = default_rng(4)
    for _ in range(20):
        lengths: list[int] = []
        while sum(lengths) < 64 * 8_192:
            _, low, high = kinds[int(rng.choice(len(kinds), p=[weight for weight, _, _ in kinds]))]
            lengths.append(int(np.exp(rng.uniform(np.log(low), np.log(high)))))
        yield lengths


def least_rows(lengths: list[int], capacity: int) -> int:
    """A number of rows that no packing can go below: bound L2 of Martello and Toth 1990, "Knapsack Problems", section 8.3.2."""
    least = -(-sum(lengths) // capacity)
    for small in sorted({length for length in lengths if length <= capacity // 2}):
        alone = sum(length > capacity - small for length in lengths)
        large = [length for length in lengths if capacity // 2 < length <= capacity - small]
        rest = sum(length for length in lengths if small <= length <= capacity // 2) - (len(large) * capacity - sum(large))
        least = max(least, alone + len(large) + max(0, -(-rest // capacity)))
    return least


@pytest.mark.parametrize("name", MIXES)
def test_rows_of_a_mixed_corpus_are_filled(name: str) -> None:
    """At least 97 % of the slots at 8,192."""
    packed = [(sum(lengths), 8_192 * len(best_fit(lengths, 8_192))) for lengths in windows(MIXES[name])]
    filled = sum(used for used, _ in packed) / sum(slots for _, slots in packed)
    print(f"{name}: {filled:.2%} of the slots filled")
    assert filled >= 0.97


def test_rows_of_long_samples_are_as_full_as_can_be() -> None:
    """Where no packing fills 97 %, at most 3 % more rows than the least possible."""
    rows = [(len(best_fit(lengths, 8_192)), least_rows(lengths, 8_192)) for lengths in windows(LONG)]
    ratio = sum(made for made, _ in rows) / sum(least for _, least in rows)
    print(f"long documents mostly: {ratio:.4f} times the least possible rows")
    assert ratio <= 1.03


def log_probabilities(model: Qwen3VL, batch: Batch) -> torch.Tensor:
    with torch.no_grad():
        return model.logits(batch).log_softmax(-1)


def furthest_apart(model: Qwen3VL, samples: list[Tokens], row: Batch) -> float:
    """Greatest difference between a sample's log-probabilities in the row and alone."""
    packed, ends = log_probabilities(model, row), np.cumsum([0, *(len(made.ids) for made in samples)])
    alone = [log_probabilities(model, to_batch([made], len(made.ids))) for made in samples]
    return max(float((packed[at:end] - one).abs().max()) for at, end, one in zip(ends, ends[1:], alone, strict=False))


def test_packed_and_alone_are_the_same_to_the_model() -> None:
    """Catches samples that see each other and patches of a neighbour, with words, images and clips in one row."""
    model = Qwen3VL(preset("tiny"))
    model.init_weights(0)
    samples = tokens(8, seed=11)
    assert {sum(t for t, _, _ in made.grids) > 1 for made in samples} == {True, False}
    row = to_batch(samples, sum(len(made.ids) for made in samples) + 9)
    assert furthest_apart(model, samples, row) < 1e-4
    joined = torch.cat([row.cu_seqlens[:1], row.cu_seqlens[2:]])
    assert furthest_apart(model, samples, replace(row, cu_seqlens=joined, max_seqlen=row.max_seqlen * 2)) > 1e-3
    assert furthest_apart(model, samples, replace(row, patches=row.patches.roll(4, 0))) > 1e-3
