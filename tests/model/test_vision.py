"""The plan of the vision tower against torch's own interpolation and transformers' helpers."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from model.batch import Grid
from model.vision import plan_vision
from tests.model.rows import packed, random_model, sample, tiny

EVEN = st.integers(1, 40).map(lambda half: 2 * half)
GRIDS = st.lists(st.tuples(st.integers(1, 3), EVEN, EVEN), min_size=1, max_size=4)


@given(GRIDS)
def test_the_plan_has_one_entry_a_patch_and_one_segment_a_frame(grids: list[Grid]) -> None:
    plan = plan_vision(grids)
    count = sum(t * h * w for t, h, w in grids)
    assert plan.corners.shape == plan.corner_weights.shape == (4, count)
    assert plan.rows_cols.shape == (count, 2)
    assert plan.cu_seqlens.diff().tolist() == [h * w for t, h, w in grids for _ in range(t)]
    assert plan.max_seqlen == plan.cu_seqlens.diff().max()
    assert torch.allclose(plan.corner_weights.sum(0), torch.ones(count))
    assert plan.corners.min() >= 0
    assert plan.corners.max() < 2304


@given(EVEN, EVEN)
def test_positions_are_torchs_bilinear_interpolation(h: int, w: int) -> None:
    table = torch.randn(48, 48, generator=torch.Generator().manual_seed(h * 100 + w), dtype=torch.float64)
    want = F.interpolate(table[None, None], size=(h, w), mode="bilinear", align_corners=True)[0, 0]
    plan = plan_vision([(1, h, w)])
    got = (table.flatten()[plan.corners] * plan.corner_weights).sum(0)
    rows, columns = plan.rows_cols.unbind(1)
    assert torch.allclose(got, want[rows, columns], atol=1e-5)


@given(GRIDS)
@settings(max_examples=25)
def test_the_plan_is_that_of_transformers(grids: list[Grid]) -> None:
    utils = pytest.importorskip("transformers.vision_utils", reason="transformers 5.x is the reference")
    plan, thw = plan_vision(grids), torch.tensor(grids)
    indices, weights = utils.get_vision_interpolation_indices_and_weights(thw, 48, "bilinear", True, 2)
    assert torch.allclose(plan.corner_weights.T, weights, atol=1e-5)
    sure = weights > 1e-4  # a sample point within rounding of a table line may name another neighbour with no weight
    assert torch.equal(plan.corners.T[sure], indices[sure])
    assert torch.equal(plan.rows_cols, utils.get_vision_position_ids(thw, 2))
    assert torch.equal(plan.cu_seqlens, utils.get_vision_cu_seqlens(thw))


def test_four_patches_in_a_row_make_one_token() -> None:
    rows_cols = plan_vision([(1, 4, 4)]).rows_cols.view(4, 4, 2)
    assert (rows_cols // 2).unique(dim=1).shape[1] == 1
    assert rows_cols[1].tolist() == [[0, 2], [0, 3], [1, 2], [1, 3]]


@pytest.mark.parametrize("grid", [(1, 3, 4), (1, 4, 5), (1, 0, 4)])
def test_an_odd_grid_is_refused(grid: Grid) -> None:
    with pytest.raises(ValueError, match="grid"):
        plan_vision([grid])


def test_frames_do_not_see_each_other() -> None:
    model = random_model(tiny())
    one = packed([sample(0, [("video", (2, 4, 6))])])
    changed = one.patches.clone()
    changed[24:] = 255 - changed[24:]  # the second frame
    assert one.plan is not None
    with torch.no_grad():
        before, after = model.vision(one.patches, one.plan)[0], model.vision(changed, one.plan)[0]
    assert torch.equal(before[:6], after[:6])
    assert not torch.allclose(before[6:], after[6:], atol=1e-2)
