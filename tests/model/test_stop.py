"""Stopping a run by a signal: the step is finished and stored, the same command goes on from it, and what is said is true."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.parallel import World
from model.stop import ECHO_S, Stop, stop_signals
from model.train_config import CheckpointChoice, TrainConfig
from schemas.errors import StoppedError
from tests.model.test_train import folder_of, go, learnt

ROOT = Path(__file__).parents[2]
ALONE = World(0, 1, torch.device("cpu"), None)


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Signals heard as by a command in a terminal: what a script starts in the background ignores SIGINT, these tests too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def long(tmp_path: Path) -> TrainConfig:
    """A run whose first checkpoint would be its last."""
    return replace(folder_of(tmp_path), log_every=1, held_out=None, checkpoint=CheckpointChoice(every_steps=1000, export=False))


def signal_at(step: int, number: int, told: list[str]) -> Callable[[str], None]:
    def say(text: str) -> None:
        told.append(text)
        if text.startswith(f"step {step}/"):
            signal.raise_signal(number)

    return say


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_step_under_way_is_stored_and_the_same_command_goes_on(number: int, long: TrainConfig, tmp_path: Path) -> None:
    """Catches a run that says that what is committed is kept, though nothing was."""
    told: list[str] = []
    with pytest.raises(StoppedError) as caught:
        go(long, tmp_path / "run", signal_at(2, number, told))
    assert caught.value.number == number
    assert caught.value.told == "stopped; the checkpoint of step 3 of 6 is stored, and the same command goes on from there"
    assert told[0] == f"a new run of 6 steps in {tmp_path / 'run'}"
    assert signal.getsignal(number) is not None
    go(long, tmp_path / "run", told.append)
    assert "going on from step 3 of 6" in told
    go(long, tmp_path / "whole")
    assert learnt(tmp_path / "run") == learnt(tmp_path / "whole")


def test_before_the_first_step_nothing_is_stored_and_that_is_said(long: TrainConfig, tmp_path: Path) -> None:
    def say(text: str) -> None:
        if text.startswith("a new run"):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(StoppedError, match="nothing is stored, the same command starts over"):
        go(long, tmp_path / "run", say)


def test_a_run_that_starts_over_says_so(long: TrainConfig, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "train.json").write_text(json.dumps(long.resolved()))
    told: list[str] = []
    with pytest.raises(StoppedError):
        go(long, tmp_path / "run", signal_at(1, signal.SIGINT, told))
    assert told[0] == f"{tmp_path / 'run'} holds no checkpoint: starting over, with step 1 of 6"


def test_a_second_signal_ends_at_once(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    stop = Stop(ALONE)
    stop.in_steps = True
    stop.on_signal(signal.SIGTERM, None)
    assert (codes, stop.agreed(together=False)) == ([], True)
    stop.on_signal(signal.SIGINT, None)
    assert codes == [130]
    assert capfd.readouterr().err.splitlines()[0].startswith("stopping after this step, which is stored")


def test_a_launcher_that_passes_on_what_the_terminal_sent_is_no_second_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    stop = Stop(replace(ALONE, size=2, group=object()))  # type: ignore[arg-type]
    stop.in_steps = True
    stop.on_signal(signal.SIGINT, None)
    stop.on_signal(signal.SIGTERM, None)
    assert codes == []
    stop._since -= ECHO_S
    stop.on_signal(signal.SIGTERM, None)
    assert codes == [143]


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_signals(ALONE) as stop:
            signal.raise_signal(signal.SIGINT)
            assert not stop.asked
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.slow
def test_the_command_exits_with_the_signals_code(long: TrainConfig, tmp_path: Path) -> None:
    (tmp_path / "train.yaml").write_text(json.dumps(replace(long, steps=5000).resolved()))
    command = [sys.executable, "-m", "dags.cli", "train", str(tmp_path / "train.yaml"), "--out", str(tmp_path / "run"), "--device", "cpu"]
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        assert process.stderr is not None
        told = []
        for line in process.stderr:
            told.append(line)
            if line.startswith("step "):
                process.send_signal(number)
                break
        told += process.stderr.readlines()
        process.stderr.close()
        assert process.wait(60) == code, told
        assert "is stored, and the same command goes on from there" in told[-1]
    assert any(line.startswith("going on from step") for line in told)
