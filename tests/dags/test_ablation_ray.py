"""Steps side by side on Ray: they wait for their inputs, and one that fails takes with it only what needs it."""

from pathlib import Path

import pytest

from dags.ablation_ray import run_side_by_side
from dags.ablation_run import Machine, run_steps
from dags.ablation_steps import make_step
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
