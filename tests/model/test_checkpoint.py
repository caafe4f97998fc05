import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from model.checkpoint import Checkpoints, write_json
from schemas.errors import AssayError, IntegrityError

ROOT = Path(__file__).parents[2]


def tensors(value: float) -> dict[str, dict[str, torch.Tensor]]:
    return {"parameters": {"a.weight": torch.full((5, 3), value), "b": torch.full((2,), value)}, "means": {"b": torch.full((2,), -value)}}


def made(folder: Path, steps: list[int], keep: int = 9) -> Checkpoints:
    checkpoints = Checkpoints(folder, keep, print)
    for step in steps:
        checkpoints.save(step, tensors(float(step)), {"loader": {"row": 10 * step}})
    checkpoints.finish()
    return checkpoints


def reopened(folder: Path) -> tuple[Checkpoints, list[str]]:
    told: list[str] = []
    return Checkpoints(folder, 9, told.append), told


def test_what_is_saved_comes_back_to_the_bit(tmp_path: Path) -> None:
    made(tmp_path, [1, 2])
    checkpoints, told = reopened(tmp_path)
    record = checkpoints.latest()
    assert record is not None
    assert (record["step"], record["loader"], told) == (2, {"row": 20}, [])
    target = tensors(0.0)
    checkpoints.load(2, target)
    wanted = tensors(2.0)
    assert all(torch.equal(target[kind][name], wanted[kind][name]) for kind in wanted for name in wanted[kind])


def test_tensors_may_change_once_save_returns(tmp_path: Path) -> None:
    checkpoints, target, held = Checkpoints(tmp_path, 1, print), tensors(0.0), tensors(7.0)
    checkpoints.save(1, held, {})
    held["parameters"]["b"].zero_()
    checkpoints.finish()
    checkpoints.load(1, target)
    assert target["parameters"]["b"].tolist() == [7.0, 7.0]


def test_the_last_few_are_kept(tmp_path: Path) -> None:
    made(tmp_path, [1, 2, 3, 4], keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000003", "00000003.json", "00000004", "00000004.json"]


def lose_record(folder: Path) -> None:
    (folder / "00000002.json").unlink()


def cut_record(folder: Path) -> None:
    text = (folder / "00000002.json").read_text()
    (folder / "00000002.json").write_text(text[: len(text) // 2])


def cut_data(folder: Path) -> None:
    path = next((folder / "00000002").glob("*.distcp"))
    path.write_bytes(path.read_bytes()[:-1])


def lose_data(folder: Path) -> None:
    next((folder / "00000002").glob("*.distcp")).unlink()


def leave_partial(folder: Path) -> None:
    lose_record(folder)
    (folder / "00000002").rename(folder / "00000002.partial")


@pytest.mark.parametrize("damage", [lose_record, cut_record, cut_data, lose_data, leave_partial])
def test_a_checkpoint_not_whole_is_passed_over_and_said_so(tmp_path: Path, damage: object) -> None:
    made(tmp_path, [1, 2])
    assert callable(damage)
    damage(tmp_path)
    checkpoints, told = reopened(tmp_path)
    record = checkpoints.latest()
    assert record is not None
    assert record["step"] == 1
    assert all("00000002" in line and "going on from step 1" in line for line in told)
    assert told
    assert not list(tmp_path.glob("00000002*"))
    checkpoints.load(1, tensors(0.0))


def test_without_any_whole_one_the_run_starts_over_and_says_so(tmp_path: Path) -> None:
    made(tmp_path, [2])
    lose_record(tmp_path)
    checkpoints, told = reopened(tmp_path)
    assert checkpoints.latest() is None
    assert "starts over" in told[0]


def test_a_reader_removes_nothing(tmp_path: Path) -> None:
    """Catches an evaluation that tidies up under a run that is writing."""
    made(tmp_path, [1, 2])
    leave_partial(tmp_path)
    record = Checkpoints(tmp_path, 1, print, readonly=True).latest()
    assert record is not None
    assert record["step"] == 1
    assert (tmp_path / "00000002.partial").exists()


DIE = """
import os, signal, sys
from pathlib import Path
from model.checkpoint import Checkpoints
from tests.model.test_checkpoint import tensors
import model.checkpoint as module

folder, where = Path(sys.argv[1]), sys.argv[2]
checkpoints = Checkpoints(folder, 9, print)
checkpoints.save(1, tensors(1.0), {})
checkpoints.finish()

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

target, name = {"write": (checkpoints, "_commit"), "rename": (module, "sync_folder"), "record": (module, "write_json")}[where]
setattr(target, name, die)
checkpoints.save(2, tensors(2.0), {})
checkpoints.finish()
"""


@pytest.mark.parametrize("where", ["write", "rename", "record"])
def test_killed_while_a_checkpoint_is_written(tmp_path: Path, where: str) -> None:
    """Killed once the data are there but not renamed, renamed, and before the record."""
    done = subprocess.run([sys.executable, "-c", DIE, str(tmp_path), where], cwd=ROOT, check=False)
    assert done.returncode == -9
    checkpoints, told = reopened(tmp_path)
    record = checkpoints.latest()
    assert record is not None
    assert record["step"] == 1
    assert "going on from step 1" in told[0]
    checkpoints.save(2, tensors(2.0), {})
    checkpoints.finish()
    assert (tmp_path / "00000002.json").exists()


def test_a_checkpoint_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, 9, print)
    (tmp_path / "00000001.partial").write_text("in the way")
    checkpoints_error = pytest.raises(AssayError, match="step 1 could not be written")
    with checkpoints_error:
        checkpoints.save(1, tensors(1.0), {})
        checkpoints.finish()


def test_a_checkpoint_of_other_tensors_is_refused(tmp_path: Path) -> None:
    checkpoints = made(tmp_path, [1])
    with pytest.raises(IntegrityError, match="cannot be read"):
        checkpoints.load(1, {"parameters": {"c": torch.zeros(2)}})
    with pytest.raises(IntegrityError, match="cannot be read"):
        checkpoints.load(1, {"parameters": {"b": torch.zeros(3)}})


def test_a_record_of_another_version_is_refused(tmp_path: Path) -> None:
    made(tmp_path, [1])
    record = json.loads((tmp_path / "00000001.json").read_text())
    write_json(tmp_path / "00000001.json", record | {"version": 99})
    with pytest.raises(IntegrityError, match="version 99"):
        reopened(tmp_path)[0].latest()
