"""Steps side by side on Ray: they wait for their inputs, and one that fails takes with it only what needs it."""

import os
import signal
from pathlib import Path

import pytest

from dags import ablation_ray
from dags.ablation_ray import run_side_by_side
from dags.ablation_run import Done, Machine, run_steps
from dags.ablation_steps import Step, make_step
from schemas.shard import read_manifest

RECIPE = "seed: 1\nsources:\n  - {family: tiny.meters, count: 6}\n"


@pytest.mark.timeout(300)  # Ray starts slowly on a busy machine
def test_steps_run_side_by_side_and_fail_alone(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    unhashed = {"recipe": str(tmp_path / "recipe.yaml"), "set": [], "samples": 6}
    built = make_step("build", "six", {"fingerprint": "of the test"}, unhashed=unhashed)
    noisy = make_step("noise", "six, noisy", {"share": 1.0, "seed": 0}, [built])
    shared = make_step("overlap", "six, in training?", {}, [built, noisy])
    wrong = make_step("build", "no recipe", {"fingerprint": "none"}, unhashed={"recipe": "not there.yaml", "set": []})
    after_wrong = make_step("overlap", "after it", {}, [wrong, built])
    machine = Machine(tmp_path / "steps", 1, "cpu")
    done = run_steps([built], machine, print)
    said: list[str] = []
    done = run_side_by_side([noisy, shared, wrong, after_wrong], done, machine, said.append)
    assert [done[one.fingerprint].outcome for one in (noisy, shared, wrong, after_wrong)] == ["done", "done", "failed", "skipped"]
    assert done[shared.fingerprint].measured["overlapping"] == read_manifest(noisy.folder(machine.store)).totals.rows
    assert any(line.startswith("failed build: no recipe") for line in said)


def dies(step: Step, machine: Machine, *inputs: Done) -> Done | str:
    """In the place of `_task`: the process of one step is killed each time it is run."""
    if step.name == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    return Done("done")


@pytest.mark.timeout(300)
def test_a_step_whose_process_dies_every_time_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ablation_ray, "_task", dies)
    monkeypatch.setattr(ablation_ray, "MAX_RETRIES", 1)
    first = make_step("overlap", "dies", {"is": 1})
    needs_it, lives = make_step("overlap", "needs it", {"is": 2}, [first]), make_step("overlap", "lives", {"is": 3})
    done = run_side_by_side([first, needs_it, lives], {}, Machine(tmp_path, 1, "cpu"), print)
    assert [done[one.fingerprint].outcome for one in (first, needs_it, lives)] == ["failed", "skipped", "done"]
    assert "WorkerCrashedError" in done[first.fingerprint].error
