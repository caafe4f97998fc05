"""The model under FSDP2 on two processes, one of which sees no image: nothing hangs, and gradients are those of one process."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.model.rows import packed, random_model, sample, tiny

ROOT = Path(__file__).parents[2]
RANK = """
import sys
import torch, torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from tests.model.test_sharded import rows
from tests.model.rows import random_model, tiny

rank, store, out = int(sys.argv[1]), sys.argv[2], sys.argv[3]
dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
model = random_model(tiny())
mesh = init_device_mesh("cpu", (2,))
for block in model.blocks():
    fully_shard(block, mesh=mesh)
fully_shard(model, mesh=mesh)
model(rows()[rank]).loss.backward()
gradients = {name: parameter.grad.full_tensor() for name, parameter in model.named_parameters()}
if rank == 0:
    torch.save(gradients, out)
dist.destroy_process_group()
"""


def rows() -> list[object]:
    """What each rank sees."""
    return [packed([sample(0, [("image", (1, 4, 4))])]), packed([sample(1, text=30)])]


@pytest.mark.slow
def test_a_rank_without_images_joins_in(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RANK]
    ranks = [subprocess.Popen([*command, str(rank), str(tmp_path / "store"), str(tmp_path / "out")], cwd=ROOT) for rank in range(2)]
    try:
        assert [rank.wait(100) for rank in ranks] == [0, 0]
    finally:
        for rank in ranks:
            rank.kill()
    sharded = torch.load(tmp_path / "out")
    model = random_model(tiny())
    torch.stack([model(row).loss for row in rows()]).mean().backward()  # FSDP averages over ranks
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None
        assert (sharded[name] - parameter.grad).norm() <= 1e-5 * parameter.grad.norm(), name
