"""Verifying finds every kind of damage: bytes, ids, sums, quarantine, answers, a family that has moved on."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.commit import Published
from pipelines.ledger import read_records
from pipelines.report import Report, check_sample, check_shard, check_shards, read_report
from schemas.manifest import CommitRecord
from schemas.sample import Sample
from schemas.shard import Dataset, write_shard
from schemas.shard_rows import row_checksums
from synth.load import family_class


@pytest.fixture
def copy(faulty_set: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(faulty_set, tmp_path / "copy"))


def test_a_good_shard_passes_with_counts(faulty_set: Path) -> None:
    record = read_records(faulty_set)[0]
    report = check_shard(faulty_set, record)
    assert report.passed, report.failures
    assert (report.samples, report.answers) == (4, {"sum/artefact": 4, "highest/artefact": 4})


def test_the_stage_gives_the_same_report(faulty_set: Path) -> None:
    records = read_records(faulty_set)
    rows = check_shards(pa.table({"item": [0]}), faulty_set, records).to_pylist()
    assert read_report(rows[0]["report"]) == check_shard(faulty_set, records[0])


def test_reports_add_up(faulty_set: Path) -> None:
    reports = [check_shard(faulty_set, record) for record in read_records(faulty_set).values()]
    total = sum(reports, Report())
    assert (total.shards, total.samples, total.proved("artefact"), total.proved("truth")) == (5, 13, 26, 0)


@pytest.mark.parametrize("file", ["file", "quarantine_file"])
@pytest.mark.parametrize("fault", ["flip", "cut", "gone"])
def test_damaged_files_are_named(copy: Path, file: str, fault: str) -> None:
    record = read_records(copy)[1]
    path = copy / getattr(record, file)
    data = bytearray(path.read_bytes())
    if fault == "gone":
        path.unlink()
    else:
        data[len(data) // 2] ^= 1
        path.write_bytes(data if fault == "flip" else data[:-100])
    report = check_shard(copy, record)
    assert not report.passed
    assert path.name in " ".join(report.failures)


def with_sample(folder: Path, change: Callable[[Sample], Sample]) -> tuple[Path, CommitRecord]:
    """The folder with a changed first sample in shard 0, hashes set right: only looking inside can find it."""
    record = read_records(folder)[0]
    samples = [sample for sample in Dataset(folder) if sample.sample_id in record.sample_ids]
    data = write_shard([change(samples[0]), *samples[1:]])
    from pipelines.commit import ignore_step, publish

    published: Published = publish(folder, "shards", "000000", data, ignore_step)
    checksums = row_checksums(memoryview(data))
    return folder, replace(record, file=published.path, sha256=published.sha256, row_crc32=checksums, bytes=len(data))


def test_a_record_with_other_row_checksums_is_told(faulty_set: Path) -> None:
    """A trainer would refuse these rows, though the file is whole."""
    record = read_records(faulty_set)[0]
    report = check_shard(faulty_set, replace(record, row_crc32=tuple(crc ^ 1 for crc in record.row_crc32)))
    assert "row checksums" in " ".join(report.failures)


def wrong_answer(sample: Sample) -> Sample:
    turns = list(sample.turns)
    turns[1] = replace(turns[1], text="1", proof=replace(turns[1].proof, answer=1) if turns[1].proof else None)
    return replace(sample, turns=tuple(turns))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (wrong_answer, "sum: wrong_answer"),
        (lambda s: replace(s, images=(replace(s.images[0], sha256="0" * 64),)), "image 0"),
        (lambda s: replace(s, attachments=(replace(s.attachments[0], sha256="0" * 64),)), "attachment panel.json"),
        (lambda s: replace(s, text_tokens=s.text_tokens + 1), "counting gives"),
        (lambda s: replace(s, sample_id="tiny.meters/v1/0"), "sample ids"),
        (lambda s: replace(s, verdicts=tuple(replace(v, how="truth") for v in s.verdicts)), "not those that were stored"),
        (lambda s: replace(s, family_version=2), "version"),
    ],
)
def test_what_hashes_cannot_see_is_found(copy: Path, change: Callable[[Sample], Sample], found: str) -> None:
    report = check_shard(*with_sample(copy, change))
    assert found in " ".join(report.failures)


def test_a_ledger_that_the_quarantine_contradicts_is_found(copy: Path) -> None:
    record = read_records(copy)[1]
    report = check_shard(copy, replace(record, quarantined={"renamed": 1}))
    assert "ledger" in " ".join(report.failures)


def test_a_verifier_that_breaks_is_a_failure_not_a_crash(faulty_set: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken verifier")

    monkeypatch.setattr(family_class("tiny.meters"), "verify", broken)
    answers, failures = check_sample(Dataset(faulty_set)[0])
    assert not answers
    assert "broken verifier" in failures[0]


def test_report_json_is_plain(faulty_set: Path) -> None:
    report = check_shard(faulty_set, read_records(faulty_set)[0])
    assert json.loads(json.dumps(report.to_json()))["verified_artefact"] == 8


def test_a_record_whose_token_sums_are_wrong_is_found(faulty_set: Path) -> None:
    report = check_shard(faulty_set, replace(read_records(faulty_set)[0], text_tokens=1))
    assert "tokens add up" in " ".join(report.failures)


@pytest.mark.parametrize(
    ("change", "found"),
    [({"bytes": 5}, "the commit record says 5"), ({"verified_artefact": 7, "verified_truth": 1}, "8 answers are proved by artefact")],
)
def test_a_record_that_overstates_is_found(faulty_set: Path, change: dict[str, int], found: str) -> None:
    """Catches forged sizes and proofs: hashes, rows and tokens are right."""
    report = check_shard(faulty_set, replace(read_records(faulty_set)[0], **change))  # type: ignore[arg-type]
    assert found in " ".join(report.failures)


def test_a_sample_whose_tokens_cannot_be_counted_is_a_failure_not_a_crash(faulty_set: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no such encoding")

    monkeypatch.setattr("pipelines.report.count_tokens", broken)
    report = check_shard(faulty_set, read_records(faulty_set)[0])
    assert report.num_failures >= 4
    assert "no such encoding" in report.failures[0]
