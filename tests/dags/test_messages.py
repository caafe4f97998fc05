"""What the command says to those who mistype, name the wrong folder or the wrong file: the point first, and the way out."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dags.cli import main
from tests.synth.documents.real_pdf import write_pdf

TRAIN = """
model: {preset: tiny}
data: {mixture: %s}
optimizer: {learning_rate: 0.003}
steps: 4
"""
HEAVY = (
    "import sys\nfrom dags.cli import main\ncode = main(sys.argv[1:])\n"
    "print([name for name in ('torch', 'ray') if name in sys.modules], code)"
)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What is said of a mistake."""
    assert main([str(argument) for argument in arguments]) == 2
    return capsys.readouterr().err


def test_a_misspelt_command_is_told_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["biuld", "x.yaml"])
    assert ended.value.code == 2
    assert "did you mean 'build'?" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["verify", "show", "stats"])
def test_the_folder_above_a_data_set_is_told_what_is_below(command: str, built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"did you mean '{built}'?" in refused(capsys, command, built.parent)


def test_a_folder_without_a_build_is_not_told_to_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "it resumes" not in refused(capsys, "verify", tmp_path)
    (tmp_path / "plan.json").write_text("{}")
    assert "it resumes" in refused(capsys, "verify", tmp_path)


@pytest.mark.parametrize(
    ("options", "told", "never"),
    [
        (["--task", "smu"], ("no sample fits --task smu\n", "did you mean 'sum'?", "highest"), "--family"),
        (["--family", "tiny.meter"], ("no sample fits --family tiny.meter\n", "did you mean 'tiny.meters'?"), "--task"),
        (["--task", "sum", "--family", "a.b"], ("no sample fits --task sum --family a.b\n",), "did you mean 'sum'"),
    ],
)
def test_what_does_not_fit_is_named_with_the_nearest(
    options: list[str], told: tuple[str, ...], never: str, built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = refused(capsys, "show", built, *options)
    assert all(part in text for part in told)
    assert never not in text
    assert "None" not in text


def test_a_page_goes_into_a_new_folder_but_not_into_a_new_tree(built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(built), "-n", "1", "--out", str(tmp_path / "new" / "page.html")]) == 0
    capsys.readouterr()
    text = refused(capsys, "show", built, "--out", tmp_path / "tpyo" / "new" / "page.html")
    assert "--out" in text
    assert not (tmp_path / "tpyo").exists()
    assert "is a folder" in refused(capsys, "show", built, "--out", tmp_path)


def test_one_is_not_many(built: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    recipe = tmp_path / "one.yaml"
    recipe.write_text("seed: 1\nsources: [{family: tiny.meters, count: 1}]")
    assert main(["build", str(recipe), "--out", str(tmp_path / "set"), "--dry-run"]) == 0
    assert "\n1 sample in 1 shard, about" in capsys.readouterr().out


def test_a_pattern_that_names_no_pdf_is_refused_before_anything_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("no PDF")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"seed: 1\nsources: [{{family: documents.pdf, count: 1, params: {{pattern: '{tmp_path}/*.[pt]*'}}}}]")
    text = refused(capsys, "build", recipe, "--out", tmp_path / "set")
    assert "is a PDF (notes.txt)" in text
    assert f"where: {recipe}: sources.0.params.pattern" in text
    write_pdf(tmp_path / "good.pdf")
    recipe.write_text(recipe.read_text().replace("[pt]*'", "[pt][xd]*'"))
    assert main(["build", str(recipe), "--out", str(tmp_path / "set"), "--dry-run"]) == 0


# --- training ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", ["manifest.json", "plan.json"])
def test_a_run_in_the_folder_of_a_data_set_is_refused(left: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "train.yaml"
    config.write_text(TRAIN % "mixture.yaml")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / left).write_text("{}")
    text = refused(capsys, "train", config, "--out", tmp_path / "set")
    assert f"is the folder of a data set (it holds {left})" in text
    assert [path.name for path in (tmp_path / "set").iterdir()] == [left]


def test_wrong_paths_are_told_before_torch_is_imported(tmp_path: Path) -> None:
    """Which takes seconds."""
    config, mixture = tmp_path / "train.yaml", tmp_path / "mixture.yaml"
    config.write_text(TRAIN % mixture)
    mixture.write_text(f"datasets: [{{path: {tmp_path}/nowhere}}]")
    for arguments, said in (
        (["train", config, "--out", tmp_path / "run"], f"nowhere' is not a folder\n  where: {mixture}: "),
        (["train", tmp_path / "none.yaml"], "cannot read the config"),
        (["train", mixture], "this is a mixture, not a training config"),
        (["evaluate", tmp_path / "none"], "none' is not a folder"),
        (["evaluate", tmp_path], "holds no model"),
    ):
        command = [sys.executable, "-c", HEAVY, *map(str, arguments)]
        done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
        assert said in done.stderr
        assert done.stdout == "[] 2\n"
    assert not (tmp_path / "run").exists()


# --- families ------------------------------------------------------------------------------------------------------------------------


def test_one_family_is_told_with_types_ranges_and_meanings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["families", "documents.parse"]) == 0
    text = capsys.readouterr().out
    for part in ("one of qwenvl-html, qwenvl-markdown, both", "list of texts", "whole number", "From 1 to 40", '["en","zh"'):
        assert part in text
    assert "pinned" not in text
    assert main(["families", "documents.report", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert all(parameter["about"] and parameter["type"] for parameter in found["parameters"])


def test_all_families_tell_of_one_and_an_unknown_one_of_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["families"]) == 0
    assert "assay families code.chart" in capsys.readouterr().err
    assert "did you mean 'documents.report'?" in refused(capsys, "families", "documents.reprot")
