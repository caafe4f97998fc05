"""Files, folders and disks that people really have: each ends in a reason, none in a traceback, and nothing is half committed."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dags.cli import main
from dags.corpus import build
from pipelines.commit import prepare_folder, write_manifest
from pipelines.ledger import close_books, read_records, write_plan_text
from pipelines.plan import Plan, plan
from pipelines.quarantine import Reject, read_quarantine
from pipelines.workers import Job, make_shard
from schemas.recipe import parse_recipe
from schemas.shard import Dataset
from synth.documents.real_input import REASONS
from tests.synth.documents.bad_pdf import every_kind, many_pages
from tests.synth.documents.real_pdf import write_pdf

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Contents = Callable[[Path], dict[str, bytes]]

RECIPE = """
seed: 3
samples_per_shard: %d
sources: [{family: documents.pdf, count: %d, params: {pattern: "%s/*.pdf", questions: 3, language: en}}]
"""


def rejects_of(folder: Path) -> list[Reject]:
    return [reject for path in sorted((folder / "quarantine").iterdir()) for reject in read_quarantine(path)]


def is_consistent(folder: Path) -> None:
    """No temporary file, every file that is there belongs to a commit record, and every planned sample is accounted for."""
    records = read_records(folder)
    named = {record.file for record in records.values()} | {record.quarantine_file for record in records.values() if record.quarantine_file}
    found = {path.relative_to(folder).as_posix() for kind in ("shards", "quarantine") for path in (folder / kind).iterdir()}
    assert found == named
    assert list((folder / "tmp").iterdir()) == [] if (folder / "tmp").exists() else True
    for record in records.values():
        assert record.planned == record.rows + sum(record.rejected.values()) + sum(record.quarantined.values())


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bad PDF of every kind and one that is good."""
    folder = tmp_path_factory.mktemp("dump")
    good = write_pdf(folder / "good.pdf").read_bytes()
    for kind, data in every_kind(good).items():
        (folder / f"{kind}.pdf").write_bytes(data)
    return folder


def build_here(planned: Plan, folder: Path) -> None:
    """What the graph does, without the graph."""
    prepare_folder(folder, write_plan_text(planned))
    for shard in range(planned.num_shards):
        make_shard(Job(planned, folder), shard)
    write_manifest(folder, close_books(planned, read_records(folder)))


def is_built_around_the_bad(folder: Path, dump: Path) -> None:
    """Of a folder of bad PDFs the good one became a sample, and each other a row that names file and reason."""
    rejects = rejects_of(folder)
    assert sorted(reject.reason for reject in rejects) == sorted(REASONS)
    for reject in rejects:
        assert reject.detail.startswith(f"{reject.reason}.pdf")
        assert reject.kind == "quarantined"
    assert [json.loads(sample.truth)["asset"]["path"] for sample in Dataset(folder)] == [str(dump / "good.pdf")]
    is_consistent(folder)


def test_bad_pdfs_are_quarantined_by_reason_and_can_be_replayed(dump: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    build_here(plan(parse_recipe(RECIPE % (5, len(REASONS) + 1, dump), "test")), tmp_path)
    assert capfd.readouterr().err == ""  # catches: MuPDF's own complaints on the user's terminal
    is_built_around_the_bad(tmp_path, dump)
    assert main(["verify", str(tmp_path)]) == 0
    for reject in rejects_of(tmp_path):
        assert main(["rebuild", str(tmp_path), "--sample", reject.sample_id]) == 1
        assert reject.reason in capfd.readouterr().out


@pytest.mark.slow
def test_the_command_builds_around_bad_pdfs(run: Run, dump: Path, tmp_path: Path) -> None:
    recipe, folder = tmp_path / "recipe.yaml", tmp_path / "set"
    recipe.write_text(RECIPE % (5, len(REASONS) + 1, dump))
    done = run("build", recipe, "--out", folder, "--workers", 2)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "MuPDF" not in done.stderr
    assert all(reason in done.stdout for reason in REASONS)
    is_built_around_the_bad(folder, dump)


def test_five_thousand_pages_are_refused_in_seconds_and_little_memory(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "dump.pdf").write_bytes(many_pages(5_000))
    code = (
        "import resource, sys\nfrom schemas.errors import DataError\nfrom schemas.seeds import stream\n"
        "from synth.documents.pdf import Pdf\n"
        "rss = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "before = rss()\n"
        "try: Pdf(sys.argv[1]).sample_truth(0, stream(1, 'truth'))\n"
        "except DataError as error: print(error.reason, '|', error.detail, '|', rss() - before)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "dump.pdf")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=True)
    reason, detail, megabytes = done.stdout.split(" | ")
    assert reason == "too_many_pages"
    assert "dump.pdf has 5000 pages, more than 2000; split it" in detail
    assert int(megabytes) < 200


def planned_pdfs(folder: Path) -> Plan:
    for name in "abc":
        write_pdf(folder / f"{name}.pdf", contents=name == "b")
    return plan(parse_recipe(RECIPE % (1, 3, folder), "test"))


def test_assets_that_go_or_change_during_a_run_cost_their_own_samples(run: Run, tmp_path: Path) -> None:
    pdfs, folder = tmp_path / "pdfs", tmp_path / "set"
    pdfs.mkdir()
    planned = planned_pdfs(pdfs)
    prepare_folder(folder, write_plan_text(planned))
    make_shard(Job(planned, folder), 0)
    (pdfs / "b.pdf").unlink()
    (pdfs / "c.pdf").write_bytes((pdfs / "a.pdf").read_bytes() + b"\n")
    make_shard(Job(planned, folder), 1)
    make_shard(Job(planned, folder), 2)
    write_manifest(folder, close_books(planned, read_records(folder)))
    assert [(reject.index, reject.reason) for reject in rejects_of(folder)] == [(1, "asset_missing"), (2, "asset_changed")]
    assert len(Dataset(folder)) == 1
    is_consistent(folder)
    assert main(["verify", str(folder)]) == 0  # what is stored needs none of the files
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE % (1, 3, pdfs))
    again = run("build", recipe, "--out", folder)  # the files are now others than those the folder was planned with
    assert again.returncode == 2
    assert "b.pdf" in again.stderr
    assert "Traceback" not in again.stderr


class Remover:
    """An `on_step` that removes a file once the first shard is committed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, step: str) -> None:
        if step == "record linked":
            self.path.unlink(missing_ok=True)


@pytest.mark.slow
def test_an_asset_that_goes_while_ray_builds(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", environment["PYTHONPATH"])
    (tmp_path / "pdfs").mkdir()
    planned = planned_pdfs(tmp_path / "pdfs")
    manifest = build(planned, tmp_path / "set", workers=1, on_step=Remover(tmp_path / "pdfs" / "c.pdf"))
    assert manifest.totals.rows == 2
    assert [reject.reason for reject in rejects_of(tmp_path / "set")] == ["asset_missing"]
    is_consistent(tmp_path / "set")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 96 kB; only root may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "none", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
def test_a_full_disk_ends_the_build_and_the_same_command_resumes(run: Run, small_disk: Path, tmp_path: Path, contents_of: Contents) -> None:
    recipe, folder = tmp_path / "recipe.yaml", small_disk / "set"
    recipe.write_text("seed: 11\nsamples_per_shard: 3\nsources: [{family: tiny.meters, count: 24}]")
    done = run("build", recipe, "--out", folder, "--workers", 1)
    assert done.returncode == 3, done.stderr
    assert "No space left on device" in done.stderr
    assert "it resumes" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "manifest.json").exists()
    committed = len(read_records(folder))
    assert 0 < committed < 8
    subprocess.run(["mount", "-o", "remount,size=4m", small_disk], check=True)
    again = run("build", recipe, "--out", folder, "--workers", 1)
    assert again.returncode == 0, again.stderr
    assert f"{committed} of 8 already there" in again.stderr
    is_consistent(folder)
    assert len(Dataset(folder)) == 24


def test_a_folder_with_other_things_in_it_is_left_alone(
    run: Run, recipe: Path, tmp_path: Path, contents_of: Contents, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.tex").write_text("ten years of work")
    before = contents_of(tmp_path)
    assert main(["build", str(recipe), "--out", str(tmp_path)]) == 2
    assert contents_of(tmp_path) == before
    assert "--out" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["a-file", "a-file/set", "/proc/set"])
def test_a_folder_that_cannot_be_made_is_told_without_a_traceback(
    out: str, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a-file").write_text("a file")
    folder = tmp_path / out
    assert main(["build", str(recipe), "--out", str(folder)]) in (2, 3)
    assert str(folder) in capsys.readouterr().err
    assert (tmp_path / "a-file").read_text() == "a file"


def test_a_plan_from_a_relative_pattern_is_built_and_replayed_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "elsewhere").mkdir()
    write_pdf(tmp_path / "docs" / "a.pdf")
    monkeypatch.chdir(tmp_path)
    planned = plan(parse_recipe(RECIPE % (1, 1, "./docs"), "test"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    build_here(planned, tmp_path / "set")
    (sample,) = Dataset(tmp_path / "set")
    assert main(["rebuild", str(tmp_path / "set"), "--sample", sample.sample_id]) == 0
    assert [use["name"] for use in json.loads(sample.provenance)["assets"]] == ["a.pdf"]
