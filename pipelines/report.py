"""Proves a stored data set again, shard by shard: hashes, schema, ledger, tokens, and every answer from the stored bytes by its family's
verifier.

A shard's report holds counts and what failed; reports add up. Nothing is taken from the verdicts that were stored except to compare them.
"""

import json
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.quarantine import count_reasons, read_quarantine
from pipelines.workers import Failure, attempt, cached_family
from schemas.canonical import canonical_json
from schemas.errors import DataError, IntegrityError, UserError
from schemas.family import AnyFamily
from schemas.manifest import CommitRecord, inside
from schemas.sample import Sample, sha256_hex
from schemas.shard import ShardReader, file_sha256
from schemas.shard_rows import row_checksums
from synth.check import check_draft
from synth.make import count_tokens, verify_sample

_REPORT: list[tuple[str, pa.DataType]] = [("shard", pa.int64()), ("report", pa.large_string())]
REPORT: pa.Schema = pa.schema(_REPORT)
MAX_FAILURES = 100
"""Failures a report names; it counts them all."""


@dataclass(frozen=True, slots=True)
class Report:
    """What verifying found.

    Attributes:
        shards: Shards looked at.
        samples: Samples looked at.
        answers: `task/how` to number of answers proved; `how` is `artefact` or `truth`.
        num_failures: Checks that failed.
        failures: The first of them, each `where: what`.
    """

    shards: int = 0
    samples: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    num_failures: int = 0
    failures: tuple[str, ...] = ()

    def __add__(self, other: "Report") -> "Report":
        return Report(
            self.shards + other.shards,
            self.samples + other.samples,
            dict(sorted((Counter(self.answers) + Counter(other.answers)).items())),
            self.num_failures + other.num_failures,
            (self.failures + other.failures)[:MAX_FAILURES],
        )

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return self.num_failures == 0

    def proved(self, how: str) -> int:
        """Number of answers proved from `artefact` or against `truth`."""
        return _proved(self.answers, how)

    def to_json(self) -> dict[str, Any]:
        """The report with its sums, for `--json`."""
        sums = {"verified_artefact": self.proved("artefact"), "verified_truth": self.proved("truth")}
        return {"passed": self.passed, **asdict(self), **sums}


def check_shards(rows: pa.Table, folder: Path, records: dict[int, CommitRecord]) -> pa.Table:
    """The stage of the graph that verifies: shard numbers to reports."""
    shards: list[int] = [row["item"] for row in rows.to_pylist()]
    reports = [{"shard": shard, "report": json.dumps(asdict(check_shard(folder, records[shard])))} for shard in shards]
    return pa.Table.from_pylist(reports, schema=REPORT)


def read_report(text: str) -> Report:
    """A report that came out of `check_shards`."""
    fields = json.loads(text)
    return Report(**fields | {"failures": tuple(fields["failures"])})


def check_shard(folder: Path, record: CommitRecord) -> Report:
    """Verify one shard against its commit record. Damaged files are not read any further: their offsets may point anywhere."""
    failures = list(_check_files(folder, record))
    answers: Counter[str] = Counter()
    ids, text_tokens, vision_tokens = [], 0, 0
    try:
        for sample in ShardReader(inside(folder, record.file)) if not failures else ():
            ids.append(sample.sample_id)
            text_tokens += sample.text_tokens
            vision_tokens += sample.vision_tokens
            proved, broken = check_sample(sample)
            answers.update(proved)
            failures += [f"{sample.sample_id}: {failure}" for failure in broken]
        failures += _check_sums(record, tuple(ids), (text_tokens, vision_tokens), answers) if not failures else []
        failures += _check_quarantine(folder, record) if not failures else []
    except (IntegrityError, pa.ArrowException) as error:
        failures.append(str(error))
    return Report(
        1, len(ids), dict(answers), len(failures), tuple(f"shard {record.shard}: {failure}" for failure in failures[:MAX_FAILURES])
    )


def check_sample(sample: Sample) -> tuple[Counter[str], list[str]]:
    """Prove one stored sample: answers by `task/how`, and what failed."""
    failures = [
        f"{place}: bytes have sha256 {found[:16]}, stated {stated[:16]}" for place, found, stated in _hashes(sample) if found != stated
    ]
    tokens, stated = attempt(partial(count_tokens, sample.turns, sample.images, sample.clips)), (sample.text_tokens, sample.vision_tokens)
    if isinstance(tokens, Failure):
        failures.append(f"tokens cannot be counted: {tokens.reason}: {tokens.detail}")
    elif tokens != stated:
        failures.append(f"text and vision tokens are stated as {stated}; counting gives {tokens}")
    again = attempt(partial(_verify_again, sample))
    if isinstance(again, Failure):
        return Counter(), [*failures, f"cannot be verified: {again.reason}: {again.detail}"]
    failures += [f"{verdict.task}: {verdict.reason}" for verdict in again.verdicts if not verdict.passed]
    if again.verdicts != sample.verdicts:
        failures.append("the verdicts are not those that were stored")
    return Counter(f"{verdict.task}/{verdict.how}" for verdict in again.verdicts if verdict.passed), failures


def family_of(sample: Sample) -> AnyFamily:
    """The family that made a stored sample, with the parameters its provenance names; UserError if it is gone or has moved on."""
    family = cached_family(sample.family, canonical_json(json.loads(sample.provenance)["parameters"]))
    if family.version != sample.family_version:
        raise UserError(
            f"{sample.family} is at version {family.version}; the sample was made by version {sample.family_version}",
            where=sample.sample_id,
            todo="verify with the release that built the data set, or build it again",
        )
    return family


def _verify_again(sample: Sample) -> Sample:
    try:
        family = family_of(sample)
    except UserError as error:  # one sample's: another of the data set may be verified all the same
        raise DataError("family_unlike", str(error)) from error
    check_draft(sample, family)
    return verify_sample(family, replace(sample, verdicts=()))


def _proved(answers: Mapping[str, int], how: str) -> int:
    return sum(number for key, number in answers.items() if key.endswith(f"/{how}"))


def _check_files(folder: Path, record: CommitRecord) -> Iterator[str]:
    """What is wrong with the shard's files as bytes."""
    for file, stated in ((record.file, record.sha256), (record.quarantine_file, record.quarantine_sha256)):
        if file is None or stated is None:
            continue
        path = inside(folder, file)
        if not path.is_file():
            yield f"{file} is missing; restore it, or run the build again"
        elif (found := file_sha256(path)) != stated:
            yield f"{file} is damaged: sha256 {found[:16]}, stated {stated[:16]}; restore it, or delete it and run the build again"
        elif file == record.file and (size := path.stat().st_size) != record.bytes:
            yield f"{file} has {size} bytes, the commit record says {record.bytes}"
        elif file == record.file and not _rows_agree(path, record):
            yield f"{file} is whole, but the row checksums of the commit record are not its own; delete the record and run the build again"


def _rows_agree(path: Path, record: CommitRecord) -> bool:
    try:
        return row_checksums(memoryview(path.read_bytes())) == record.row_crc32
    except (ValueError, IndexError, struct.error):  # the record is of a file that is no shard
        return False


def _check_sums(record: CommitRecord, ids: tuple[str, ...], tokens: tuple[int, int], answers: Counter[str]) -> Iterator[str]:
    """What the record says of the samples and they do not."""
    if ids != record.sample_ids:
        yield "the sample ids are not those of the commit record"
    if tokens != (record.text_tokens, record.vision_tokens):
        yield f"text and vision tokens add up to {tokens}, the commit record says {(record.text_tokens, record.vision_tokens)}"
    for how, stated in (("artefact", record.verified_artefact), ("truth", record.verified_truth)):
        if (found := _proved(answers, how)) != stated:
            yield f"{found} answers are proved by {how}, the commit record says {stated}"


def _check_quarantine(folder: Path, record: CommitRecord) -> Iterator[str]:
    """What the record says of the quarantine and its file does not."""
    rejects = read_quarantine(inside(folder, record.quarantine_file)) if record.quarantine_file else []
    counted = {kind: count_reasons(rejects, kind) for kind in ("rejected", "quarantined")}
    if counted != {"rejected": record.rejected, "quarantined": record.quarantined}:
        yield f"the quarantine file holds {counted}, the ledger says {record.rejected} and {record.quarantined}"


def _hashes(sample: Sample) -> Iterator[tuple[str, str, str]]:
    for number, image in enumerate(sample.images):
        yield f"image {number}", sha256_hex(image.data), image.sha256
    for attachment in sample.attachments:
        yield f"attachment {attachment.name}", sha256_hex(attachment.data), attachment.sha256
