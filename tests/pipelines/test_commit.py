"""A commit is all or nothing, once, and durable; a full disk and a drifting family are told apart."""

import errno
import os
from pathlib import Path

import pytest

from pipelines.commit import STEPS, FinishedShard, StorageError, commit_shard, forget_plan, prepare_folder
from pipelines.ledger import read_records
from schemas.errors import DeterminismError


def finished(data: bytes = b"shard", quarantine: bytes | None = b"lost") -> FinishedShard:
    lost = {"planted": 1} if quarantine else {}
    return FinishedShard(0, data, quarantine, ("a", "b"), (1, 2), 2 + len(lost), 10, 20, {}, lost, 3, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    prepare_folder(tmp_path / "set", "{}")
    return tmp_path / "set"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_steps_come_in_the_documented_order(folder: Path) -> None:
    seen: list[str] = []
    commit_shard(folder, finished(), seen.append)
    assert tuple(seen) == STEPS


@pytest.mark.parametrize("step", STEPS)
def test_an_attempt_cut_short_anywhere_leaves_nothing_that_counts_and_can_be_repeated(folder: Path, step: str) -> None:
    class Cut(BaseException):
        """Stands for a kill: no handler of ours catches it."""

    def cut(now: str) -> None:
        if now == step:
            raise Cut

    with pytest.raises(Cut):
        commit_shard(folder, finished(), cut)
    committed = STEPS.index(step) >= STEPS.index("record linked")
    assert bool(read_records(folder)) == committed
    prepare_folder(folder, "{}")
    record = commit_shard(folder, finished())
    undisturbed = folder.parent / "other"
    prepare_folder(undisturbed, "{}")
    assert commit_shard(undisturbed, finished()) == record
    assert contents(folder) == contents(undisturbed)


def test_a_second_attempt_with_equal_bytes_is_fine_and_with_others_is_not(folder: Path) -> None:
    assert commit_shard(folder, finished()) == commit_shard(folder, finished())
    with pytest.raises(DeterminismError, match="rebuild"):
        commit_shard(folder, finished(b"other"))
    assert read_records(folder)[0].sha256 == commit_shard(folder, finished()).sha256  # the first one stands


@pytest.mark.parametrize("what", ["write", "link"])
def test_a_full_disk_is_told_and_cleaned_up(folder: Path, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync" if what == "write" else "link", full)
    with pytest.raises(StorageError, match="No space left on device"):
        commit_shard(folder, finished())
    assert [name for name in contents(folder) if name != "plan.json"] == []


def test_leftovers_of_a_killed_run_are_removed(folder: Path) -> None:
    (folder / "tmp" / "half").write_bytes(b"half")
    prepare_folder(folder, "{}")
    assert list((folder / "tmp").iterdir()) == []


def test_files_can_be_read_by_others(folder: Path) -> None:
    record = commit_shard(folder, finished())
    assert (folder / record.file).stat().st_mode & 0o044 == 0o044


def test_a_leftover_that_another_process_removes_meanwhile_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a crash when a worker of a killed run still tidies up."""
    prepare_folder(tmp_path, "{}")
    monkeypatch.setattr(Path, "iterdir", lambda folder: iter([folder / "gone"]))
    prepare_folder(tmp_path, "{}")


def test_a_plan_is_forgotten_only_while_nothing_was_made(folder: Path) -> None:
    commit_shard(folder, finished())
    before = contents(folder)
    forget_plan(folder)
    assert contents(folder) == before
    other = folder.parent / "other"
    prepare_folder(other, "{}")
    (other / "tmp" / "half").write_bytes(b"x")
    forget_plan(other)
    assert not other.exists()
