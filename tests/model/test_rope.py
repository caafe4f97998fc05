"""Positions and angles of interleaved MRoPE, against the report's rules and against transformers (parity tests compare whole models)."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.batch import Grid
from model.rope import IMAGE_PAD, VIDEO_PAD, mrope, mrope_axes, position_ids, rotate
from schemas.errors import DataError
from tests.model.rows import Sample, sample

EVEN = st.integers(1, 6).map(lambda half: 2 * half)
MEDIA = st.lists(
    st.one_of(
        st.tuples(st.just("image"), st.tuples(st.just(1), EVEN, EVEN)),
        st.tuples(st.just("video"), st.tuples(st.integers(1, 4), EVEN, EVEN)),
    ),
    max_size=4,
)


def by_hand(ids: list[int], grids: list[Grid]) -> list[tuple[int, int, int]]:
    """The rules of the report, one token at a time, sharing no code with the implementation."""
    blocks = iter([(h // 2, w // 2) for t, h, w in grids for _ in range(t)])
    result: list[tuple[int, int, int]] = []
    base, at = 0, 0
    while at < len(ids):
        if ids[at] in (IMAGE_PAD, VIDEO_PAD):
            rows, columns = next(blocks)
            result += [(base, base + row, base + column) for row in range(rows) for column in range(columns)]
            at += rows * columns
        else:
            result.append((base, base, base))
            at += 1
        base = 1 + max(max(position) for position in result)
    return result


@given(MEDIA, st.integers(0, 99))
def test_positions_follow_the_rules_of_the_report(media: list[tuple[str, Grid]], seed: int) -> None:
    made = sample(seed, media)
    assert [tuple(column) for column in position_ids(made.ids, made.grids).T.tolist()] == by_hand(made.ids.tolist(), list(made.grids))


@given(MEDIA, st.integers(0, 99))
def test_positions_equal_those_of_transformers(media: list[tuple[str, Grid]], seed: int) -> None:
    made = sample(seed, media)
    assert position_ids(made.ids, made.grids).tolist() == theirs(made).tolist()


def theirs(made: Sample) -> torch.Tensor:
    modeling = pytest.importorskip("transformers.models.qwen3_vl.modeling_qwen3_vl", reason="transformers is the reference")
    ids = torch.from_numpy(made.ids).long().unsqueeze(0)
    kinds = (ids == IMAGE_PAD).int() + 2 * (ids == VIDEO_PAD).int()
    images = [grid for grid, video in zip(made.grids, made.videos, strict=True) if not video]
    videos = [grid for grid, video in zip(made.grids, made.videos, strict=True) if video]

    class Itself:
        """The one thing that `get_rope_index` reads of its model."""

        class config:
            class vision_config:
                spatial_merge_size = 2

        get_vision_position_ids = modeling.Qwen3VLModel.get_vision_position_ids

    grids = (torch.tensor(found) if found else None for found in (images, videos))
    positions: torch.Tensor = modeling.Qwen3VLModel.get_rope_index(Itself(), ids, kinds, *grids)[0]
    return positions[:, 0]


def test_text_after_an_image_goes_on_from_its_longer_side() -> None:
    ids = np.array([7, 8, *[IMAGE_PAD] * 6, 9], np.int32)
    positions = position_ids(ids, [(1, 4, 6)])
    assert positions[:, 2:8].tolist() == [[2] * 6, [2, 2, 2, 3, 3, 3], [2, 3, 4, 2, 3, 4]]
    assert positions[:, 8].tolist() == [5, 5, 5]


def test_text_alone_counts_up_and_nothing_gives_nothing() -> None:
    assert position_ids(np.array([5, 6, 7], np.int32), []).tolist() == [[0, 1, 2]] * 3
    assert position_ids(np.array([], np.int32), []).shape == (3, 0)


@pytest.mark.parametrize(
    ("ids", "grids"),
    [
        ([1, IMAGE_PAD, 2], []),
        ([1, 2], [(1, 2, 2)]),
        ([1, IMAGE_PAD, 2], [(1, 2, 4)]),
        ([1, *[VIDEO_PAD] * 2, 2], [(2, 2, 2)]),  # two patches in time, but no timestamp between them
    ],
)
def test_placeholders_that_do_not_match_media_are_refused(ids: list[int], grids: list[Grid]) -> None:
    with pytest.raises(DataError, match="placeholders"):
        position_ids(np.array(ids, np.int32), grids)


def test_axes_are_those_of_the_released_models() -> None:
    axes = mrope_axes((24, 20, 20), 64).tolist()
    assert axes == [0, 1, 2] * 20 + [0] * 4  # (THW) x 20, then TTTT
    assert mrope_axes((12, 10, 10), 32).tolist() == [0, 1, 2] * 10 + [0, 0]


def test_angles_of_text_are_those_of_ordinary_rope() -> None:
    cos, sin = mrope(torch.tensor([[5, 70_000]] * 3), 5e6, (24, 20, 20), 128)
    angles = torch.tensor([[5.0], [70_000.0]]) * 5e6 ** (-torch.arange(64) / 64)
    assert torch.allclose(cos, angles.cos(), atol=2e-2)  # float32 angles near 7e4 are exact to 8e-3
    assert torch.allclose(cos**2 + sin**2, torch.ones(2, 64), atol=1e-6)


def test_scores_depend_on_distance_alone() -> None:
    """The point of RoPE: q at p and k at r score as q at p + n and k at r + n."""
    rng = torch.Generator().manual_seed(0)
    q, k = torch.randn(1, 3, 128, generator=rng), torch.randn(1, 3, 128, generator=rng)

    def score(p: list[int], r: list[int]) -> torch.Tensor:
        tables = [mrope(torch.tensor(at).unsqueeze(1), 1e4, (24, 20, 20), 128) for at in (p, r)]
        return (rotate(q, *tables[0]) * rotate(k, *tables[1])).sum(-1)

    assert torch.allclose(score([3, 9, 4], [1, 2, 2]), score([53, 59, 54], [51, 52, 52]), atol=1e-4)
    assert not torch.allclose(score([3, 9, 4], [1, 2, 2]), score([3, 4, 9], [1, 2, 2]), atol=1e-2)
