"""What `assay submit` sends, and what it refuses; the job server itself is Ray's."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dags import submit
from dags.session import MachineError
from schemas.errors import UserError

RECIPE = "seed: {seed}\nsources:\n  - {{family: tiny.meters, count: 4}}\n"


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE.format(seed=1), encoding="utf-8")
    return str(path)


def test_the_id_follows_what_is_made_and_where_and_nothing_else(recipe: str, tmp_path: Path) -> None:
    first = submit.submission_id(["build", recipe, "--out", str(tmp_path / "a"), "--workers", "1"])
    assert first.startswith("assay-build-")
    assert submit.submission_id(["build", recipe, "--out", str(tmp_path / "a"), "--workers", "2"]) == first
    assert submit.submission_id(["build", recipe, "--out", str(tmp_path / "b")]) != first
    assert submit.submission_id(["build", recipe, "--out", str(tmp_path / "a"), "--set", "seed=2"]) != first


def test_the_id_of_a_dry_run_is_another(recipe: str) -> None:
    command = ["build", recipe, "--out", "x"]
    assert submit.submission_id([*command, "--dry-run"]) != submit.submission_id(command)


def test_the_id_of_an_ablation_follows_the_recipes_it_names(tmp_path: Path) -> None:
    asked, trained = tmp_path / "asked.yaml", tmp_path / "trained.yaml"
    asked.write_text(RECIPE.format(seed=1), encoding="utf-8")
    trained.write_text(RECIPE.format(seed=2), encoding="utf-8")
    config = {
        "name": "test",
        "seeds": [1],
        "data": {"one": {"recipe": str(trained)}},
        "evaluation": {"one": {"recipe": str(asked)}},
        "train": {
            "model": {"preset": "tiny"},
            "steps": 1,
            "rows_per_step": 1,
            "sequence_length": 256,
            "optimizer": {"learning_rate": 0.003, "warmup_steps": 1},
        },
    }
    path = tmp_path / "ablation.yaml"
    path.write_text(json.dumps(config), encoding="utf-8")
    command = ["ablate", str(path), "--out", "x"]
    first = submit.submission_id(command)
    assert submit.submission_id([*command, "--workers", "2"]) == first
    others = [submit.submission_id([*command, *more]) for more in (["--dry-run"], ["--device", "cpu"], ["--device", "cuda"])]
    trained.write_text(RECIPE.format(seed=3), encoding="utf-8")
    assert len({first, *others, submit.submission_id(command)}) == 5


def test_other_commands_and_addresses_are_refused(recipe: str) -> None:
    with pytest.raises(UserError, match="did you mean 'build'"):
        submit.submission_id(["buil", recipe])
    with pytest.raises(UserError, match="decided by the cluster"):
        submit.submission_id(["build", recipe, "--out", "x", "--address", "auto"])


class Server:
    """A record of what is asked of a job server, with one job that stands as told."""

    def __init__(self, status: str) -> None:
        self.jobs = [SimpleNamespace(submission_id="assay-build-1", status=status)]
        self.sent: list[dict[str, Any]] = []

    def list_jobs(self) -> list[SimpleNamespace]:
        return self.jobs

    def delete_job(self, name: str) -> None:
        self.jobs = []

    def submit_job(self, **job: Any) -> str:
        self.sent.append(job)
        return str(job["submission_id"])


@pytest.mark.parametrize("status", ["PENDING", "RUNNING"])
def test_a_double_submission_is_refused(status: str) -> None:
    server = Server(status)
    with pytest.raises(UserError, match=f"submitted already.*{status}"):
        submit._begin(server, "assay-build-1", ["build", "r.yaml", "--out", "x"])
    assert not server.sent


@pytest.mark.parametrize("status", ["FAILED", "STOPPED", "SUCCEEDED"])
def test_what_is_over_goes_on_under_its_id(status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    server = Server(status)
    submit._begin(server, "assay-build-1", ["build", "my recipe.yaml", "--out", "x"])
    (job,) = server.sent
    assert job["entrypoint"].endswith("-m dags.cli build 'my recipe.yaml' --out x --address auto")
    assert job["runtime_env"]["env_vars"]["RAY_AUTH_MODE"] == "token"


def test_cancelling_waits_for_the_end_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    told = iter(["RUNNING", "RUNNING", "STOPPED"])
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    submit._ended(SimpleNamespace(get_job_status=lambda name: next(told)), "assay-build-1")
    assert not list(told)
    monkeypatch.setattr(submit, "STOPPING_S", 0.0)
    submit._ended(SimpleNamespace(get_job_status=lambda name: "RUNNING"), "assay-build-1")


def test_a_server_that_does_not_answer_is_the_machines_trouble() -> None:
    with pytest.raises(MachineError, match="did not answer"):
        submit._client("http://127.0.0.1:9")


def test_an_unknown_submission_is_named() -> None:
    with pytest.raises(UserError, match="did you mean 'assay-build-1'"):
        submit._info(Server("RUNNING"), "assay-build-2")
