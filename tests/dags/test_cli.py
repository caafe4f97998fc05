"""The command as people use it: exit codes, messages, help, JSON, and nothing but data on stdout."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dags.cli import main, make_parser
from dags.doctor import Check
from pipelines.commit import prepare_folder
from pipelines.ledger import write_plan_text
from pipelines.plan import plan
from pipelines.workers import Job, make_shard
from schemas.recipe import parse_recipe

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ALL_BROKEN = "- {family: tiny.meters, name: broken, count: 2, params: {break_every: 1}}\n"
COMMANDS = ("build", "verify", "rebuild", "show", "stats", "families", "assets", "doctor")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_documents_exit_codes_and_ends_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        make_parser().parse_args([command, "--help"])
    text = capsys.readouterr().out
    assert "exit codes:" in text
    last = text.rstrip().splitlines()[-1].strip()
    assert last.startswith(f"assay {command}")
    make_parser().parse_args(last.split()[1:])  # the example is one that the parser takes


@pytest.mark.parametrize(
    ("recipe", "named"),
    [
        ("seed: 1\nsources: [{family: tiny.meters, cuont: 1}]", "count"),
        ("seed: 1\nsources: [{family: tiny.metres, count: 1}]", "tiny.meters"),
        ("seed: 1\nsources: [{family: tiny.meters, count: -1}]", ".count is -1"),
        ("seed: 1\nsources: [{family: tiny.meters, count: 1, params: {metres: 2}}]", "meters"),
        ("seed: 1\nsources: [{family: tiny.meters, count: 1, params: {meters: 1}}]", "at least 2"),
        ("seed: 1\nseed: 2\nsources: [{family: tiny.meters, count: 1}]", "twice"),
        ("seed: 1\nsources: [{count: 1}]", "'family' is missing"),
        ("seed: 1\nsources: [{family: tiny.meters, count: many}]", ".count is 'many'"),
        ("seed: 1\nsources: [{family: documents.report, count: 1, params: {langauges: [en]}}]", "languages"),
        ("seed: 1\nsources: [{family: documents.pdf, count: 1, params: {pattern: nowhere/*.pdf}}]", "nowhere/*.pdf"),
        ("seed: 1\nsources: [{family: tiny.meters, count: 1}", "recipe.yaml"),
        ("", "recipe.yaml"),
    ],
)
def test_mistakes_in_a_recipe_exit_2_without_a_traceback(
    recipe: str, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe)
    assert main(["build", str(path), "--out", str(tmp_path / "set")]) == 2
    message = capsys.readouterr().err
    assert named in message
    assert "where:" in message
    assert "to do:" in message
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(["nowhere.yaml"], "nowhere.yaml"), (["--set", "sources.0.cuont=3"], "count"), (["--set", "sources.7.count=3"], "7")],
)
def test_mistakes_in_arguments_exit_2(
    arguments: list[str], named: str, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = arguments if arguments[0].endswith(".yaml") else [str(recipe), *arguments]
    assert main(["build", *given, "--out", str(tmp_path / "set")]) == 2
    message = capsys.readouterr().err
    assert named in message
    assert "to do:" in message
    assert not (tmp_path / "set").exists()


def test_folder_of_another_recipe_exits_2_with_the_difference(
    built: Path, recipe: Path, contents_of: Callable[[Path], dict[str, bytes]], capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents_of(built)
    assert main(["build", str(recipe), "--out", str(built), "--set", "seed=12"]) == 2
    assert "recipe.seed: 11 -> 12" in capsys.readouterr().err
    assert contents_of(built) == before


def test_a_finished_set_says_so_and_exits_0(built: Path, recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", str(recipe), "--out", str(built), "--json"]) == 0
    captured = capsys.readouterr()
    assert "finished already" in captured.err
    assert json.loads(captured.out)["ledger"]["planned"] == 15


def test_dry_run_writes_nothing_and_estimates(recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", str(recipe), "--out", str(tmp_path / "set"), "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["shards"], found["total"]["samples"]) == (5, 15)
    assert 50_000 < found["total"]["bytes"] < 500_000
    assert not (tmp_path / "set").exists()


def test_verify_passes_and_then_finds_a_flipped_bit(run: Run, recipe: Path, built: Path, tmp_path: Path) -> None:
    done = run("verify", built, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["verified_artefact"] == 24
    assert run("verify", built, "--workers", 2, "--json").stdout == done.stdout  # on Ray
    shard = sorted((built / "shards").iterdir())[0]
    whole = shard.read_bytes()
    try:
        shard.write_bytes(whole[:2000] + bytes([whole[2000] ^ 1]) + whole[2001:])
        damaged = run("verify", built)
    finally:
        shard.write_bytes(whole)
    assert damaged.returncode == 1
    assert shard.name in damaged.stdout


def test_verify_of_an_unfinished_folder_exits_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path)]) == 2
    assert "manifest.json" in capsys.readouterr().err


def test_rebuild_check_is_equal_with_another_number_of_workers(run: Run, built: Path) -> None:
    done = run("rebuild", built, "--check", "--workers", 1, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"differences": [], "equal": True, "shards": 5}


def test_rebuild_replays_a_quarantined_sample(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pipelines.quarantine import read_quarantine

    rejects = [reject for path in sorted((built / "quarantine").iterdir()) for reject in read_quarantine(path)]
    for reject in rejects:
        assert main(["rebuild", str(built), "--sample", reject.sample_id]) == 1
        shown = capsys.readouterr().out
        assert ("fails on purpose" in shown) if reject.kind == "quarantined" else ("wrong_answer" in shown)
    assert {reject.kind for reject in rejects} == {"rejected", "quarantined"}


def test_rebuild_of_an_unknown_sample_exits_2(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rebuild", str(built), "--sample", "tiny.meters/v1/0"]) == 2
    assert "no sample" in capsys.readouterr().err


def test_show_and_stats_run(built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(built), "-n", "2"]) == 0
    assert capsys.readouterr().out.count("proved from the stored bytes") == 4
    assert main(["show", str(built), "-n", "2", "--out", str(tmp_path / "new" / "page.html")]) == 0
    assert (tmp_path / "new" / "page.html").read_text().count('class="sample"') == 2
    capsys.readouterr()
    assert main(["stats", str(built), "--json"]) == 0
    metrics = {metric["name"]: metric for metric in json.loads(capsys.readouterr().out)}
    assert {"Blind baselines", "Distinct-2", "Layout entropy", "Template collisions"} <= set(metrics)
    assert all(metric["definition"] for metric in metrics.values())


def test_a_reader_that_goes_away_is_no_error_message(built: Path, environment: dict[str, str]) -> None:
    """Catches a traceback, and code 0 for output that nobody got."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "dags.cli", "show", str(built)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], env=environment, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_mistake_in_parameters_names_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("seed: 1\nsources: [{family: tiny.meters, count: 1, params: {metres: 2}}]")
    assert main(["build", str(path), "--out", str(tmp_path / "set")]) == 2
    assert f"where: {path}: sources.0.params.metres" in capsys.readouterr().err


def test_show_of_an_unknown_task_names_the_known(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(built), "--task", "smu"]) == 2
    assert "highest" in capsys.readouterr().err


def test_doctor_tells_trouble_by_its_exit_code(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("dags.doctor.examine", lambda: [Check("disk", False, "1 MB free", "make room")])
    assert main(["doctor"]) == 3
    assert "make room" in capsys.readouterr().out


@pytest.mark.slow
def test_a_build_that_keeps_nothing_exits_1(run: Run, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("seed: 1\nsources: [{family: tiny.meters, count: 2, params: {fail_every: 1}}]")
    done = run("build", recipe, "--out", tmp_path / "set", "--workers", 1)
    assert done.returncode == 1
    assert "no sample was kept" in done.stderr
    assert "2 quarantined (planted)" in done.stdout


def test_a_source_that_lost_all_its_samples_exits_1_though_another_kept_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a KeyError in every sample that ends with code 0 and a corpus without that source."""
    planned = plan(parse_recipe("seed: 1\nsources:\n- {family: tiny.meters, count: 2}\n" + ALL_BROKEN, "test"))
    folder = tmp_path / "set"
    prepare_folder(folder, write_plan_text(planned))
    make_shard(Job(planned, folder), 0)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("seed: 1\nsources:\n- {family: tiny.meters, count: 2}\n" + ALL_BROKEN)
    assert main(["build", str(recipe), "--out", str(folder)]) == 1
    errors = capsys.readouterr().err
    assert "no sample was kept of the 2 of source 'broken': 2 quarantined (ZeroDivisionError)" in errors
    assert f"assay show {folder} --lost" in errors


@pytest.mark.parametrize("arguments", [["", "--lost"], ["quarantine"]])
def test_lost_samples_are_listed_with_commands_that_work_from_here(
    arguments: list[str], built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(built / arguments[0]), *arguments[1:]]) == 0
    shown, told = capsys.readouterr()
    commands = [line.strip() for line in shown.splitlines() if line.startswith("    assay rebuild ")]
    assert len(commands) == 3
    assert "1 rejected (wrong_answer), 2 quarantined (planted)" in told
    for command in commands:
        assert main(command.split()[1:]) == 1
    assert main(["show", str(built), "--lost", "--out", "x.html"]) == 2


@pytest.mark.parametrize("text", ["{}", "{", '{"fingerprint": "f", "recipe": {}, "ingredients": {}}'])
def test_a_plan_file_that_was_cut_off_exits_2(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plan.json").write_text(text)
    assert main(["rebuild", str(tmp_path), "--check"]) == 2
    assert "plan.json" in capsys.readouterr().err


@pytest.mark.parametrize(("address", "code"), [("nonsense", 2), ("127.0.0.1:99999", 2), ("127.0.0.1:1", 3), ("ray://127.0.0.1:1", 3)])
def test_an_address_without_a_cluster_is_one_message(
    address: str, code: int, built: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["verify", str(built), "--address", address]) == code
    assert "--address" in capsys.readouterr().err


def test_any_other_trouble_with_a_file_exits_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "x")

    monkeypatch.setattr("dags.commands.read_manifest", refused)
    assert main(["verify", "x"]) == 3
    assert capsys.readouterr().err == "assay: [Errno 13] Permission denied: 'x'\n"


def test_verify_of_an_empty_data_set_with_two_workers_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pipelines.commit import prepare_folder, write_manifest
    from pipelines.ledger import close_books, write_plan_text
    from pipelines.plan import Plan
    from schemas.manifest import Ingredients
    from schemas.recipe import parse_recipe

    empty = Plan(parse_recipe("{seed: 1, sources: [{family: tiny.meters, count: 0}]}", "test"), Ingredients({}, {}, {}))
    prepare_folder(tmp_path, write_plan_text(empty))
    write_manifest(tmp_path, close_books(empty, {}))
    assert main(["verify", str(tmp_path), "--workers", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["passed"]
