"""`assay build --dry-run` over samples that fail: an estimate and a sentence, never a traceback."""

import json
from pathlib import Path

import pytest

from dags.cli import main
from dags.dry_run import START_S, wait_share

RECIPE = """
seed: 5
sources:
  - {family: tiny.meters, name: good, count: 8}
  - {family: tiny.meters, name: unstored, count: 8, params: {odd: nan}}
  - {family: tiny.meters, name: every, count: 2, params: {break_every: 1}}
"""


def test_samples_that_fail_are_said_and_left_out_of_the_estimate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Fails with a traceback when the pilot sample is made outside `attempt`."""
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE)
    assert main(["build", str(recipe), "--out", str(tmp_path / "set"), "--dry-run", "--json"]) == 0
    out, err = capsys.readouterr()
    found = {row["source"]: row for row in json.loads(out)["sources"]}
    assert {name: row["pilot_failed"] for name, row in found.items()} == {"good": 0, "unstored": 4, "every": 2}
    assert found["good"]["bytes"] > 0
    assert found["unstored"]["bytes"] == found["every"]["bytes"] == 0
    assert "unstored: 4 of 4 pilot samples failed" in err
    assert "index 0 breaks on purpose" in err


def test_the_time_holds_the_start_and_whole_rounds_of_shards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Catches half of the time: three shards take two workers two rounds, and Ray starts first."""
    assert wait_share(3, 2) == 2 / 3
    assert wait_share(0, 1) == 0
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE)
    command = ["build", str(recipe), "--out", str(tmp_path / "set"), "--dry-run", "--workers", "2"]
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["shards"] == 3
    assert found["seconds"] == pytest.approx(START_S + found["total"]["cpu_seconds"] * 2 / 3)
    assert main(command) == 0
    assert f"proofs and {START_S:.0f} s of start-up included" in capsys.readouterr().out
