"""Processes that make rows: they come and go with the trainer, and bring back what was made."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from model.batch import Batch
from model.pack import to_batch
from model.workers import Parcel, Workers
from schemas.errors import DataError
from tests.model.rows import packed, sample

ROOT = Path(__file__).parents[2]
TRAINER = """
import os
from model.workers import Workers
from tests.model.test_workers import number, opened
if __name__ == "__main__":
    workers = Workers(2, opened, 1)
    futures = [workers.submit(number, 0.2) for _ in range(4)]
    print(*{future.result() for future in futures}, flush=True)
    os.read(0, 1)
"""


def opened(value: int) -> int:
    return value


def number(value: int, pause: float) -> int:
    time.sleep(pause)
    return os.getpid()


def parcel(value: int, seed: int) -> Parcel:
    return Parcel.of(row(seed))


def fail(value: int, reason: str) -> int:
    raise DataError(reason, "detail")


def row(seed: int) -> Batch:
    return packed([sample(seed, [("image", (1, 4, 6)), ("video", (2, 2, 2))]), sample(seed + 1)], 128)


def test_a_row_comes_back_as_it_was_made_and_errors_as_they_were() -> None:
    workers = Workers(1, opened, 1)
    try:
        for batch, sent in [(row(seed), workers.submit(parcel, seed)) for seed in range(3)]:
            arrived = sent.result().open()
            assert arrived.patches.is_contiguous()
            assert torch.equal(arrived.patches, batch.patches)
            assert torch.equal(arrived.ids, batch.ids)
            assert arrived.plan is not None
            assert batch.plan is not None
            assert torch.equal(arrived.plan.corner_weights, batch.plan.corner_weights)
            assert arrived.sample_ids == batch.sample_ids
            assert arrived.max_seqlen == batch.max_seqlen
        with pytest.raises(DataError, match="odd: detail"):
            workers.submit(fail, "odd").result()
    finally:
        workers.close()


def test_a_row_without_media_comes_back_too() -> None:
    batch = to_batch([], 16)
    arrived = Parcel.of(batch).open()
    assert arrived.plan is None
    assert arrived.patches.shape == batch.patches.shape
    assert torch.equal(arrived.ids, batch.ids)


def test_workers_end_with_a_trainer_that_is_killed() -> None:
    trainer = subprocess.Popen(
        [sys.executable, "-c", TRAINER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert trainer.stdout is not None
    found = [int(text) for text in trainer.stdout.readline().split()]
    assert found
    assert trainer.pid not in found
    trainer.send_signal(signal.SIGKILL)
    trainer.communicate()
    until = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in found) and time.monotonic() < until:
        time.sleep(0.1)
    assert not [pid for pid in found if Path(f"/proc/{pid}").exists()]
