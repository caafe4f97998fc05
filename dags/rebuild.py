"""Makes a data set again elsewhere and compares every hash, or makes one of its samples again and shows what happens."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dags.corpus import OnShard, build, ignore_shard
from pipelines.ledger import check_same_plan, read_records, recipe_of
from pipelines.plan import Item, Plan, plan
from pipelines.workers import Failure, attempt, draft_item, planned_id, verify_item
from schemas.errors import UserError
from schemas.manifest import PLAN_NAME, CommitRecord, inside
from schemas.phrases import shortened
from schemas.sample import Sample
from schemas.shard import file_sha256


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that came out unlike what is stored."""

    shard: int
    what: str
    stored: str
    rebuilt: str


def plan_of(folder: Path) -> Plan:
    """The plan a folder was built from; UserError, with the differences, if families, assets or libraries have changed since."""
    again = plan(recipe_of(folder), str(folder / PLAN_NAME))
    check_same_plan(folder, again)
    return again


def rebuild(folder: Path, *, workers: int, address: str | None = None, on_shard: OnShard = ignore_shard) -> tuple[int, list[Difference]]:
    """Build everything again in a temporary folder: the number of shards compared, and where they differ."""
    again = plan_of(folder)
    stored = read_records(folder)
    beside = folder.resolve().parent if address else None  # a cluster's nodes share the data set's file system, not this one's /tmp
    elsewhere = Path(tempfile.mkdtemp(prefix="assay-rebuild-", dir=beside))
    try:
        manifest = build(again, elsewhere, workers=workers, address=address, on_shard=on_shard)
        differences = [difference for record in manifest.shards for difference in compare(stored.get(record.shard), record)]
        differences += [difference for record in stored.values() for difference in compare_files(folder, record)]
    finally:
        shutil.rmtree(elsewhere, ignore_errors=True)
    return len(manifest.shards), differences


def compare(stored: CommitRecord | None, rebuilt: CommitRecord) -> list[Difference]:
    """Field by field, where two records of one shard differ."""
    if stored is None:
        return [Difference(rebuilt.shard, "record", "missing", "built")]
    pairs = {name: (getattr(stored, name), getattr(rebuilt, name)) for name in CommitRecord.__dataclass_fields__}
    return [Difference(rebuilt.shard, name, shortened(str(a), 80), shortened(str(b), 80)) for name, (a, b) in pairs.items() if a != b]


def compare_files(folder: Path, record: CommitRecord) -> list[Difference]:
    """The stored files of a shard that are gone or are not what its record says."""
    stated = {record.file: record.sha256}
    if record.quarantine_file is not None and record.quarantine_sha256 is not None:
        stated[record.quarantine_file] = record.quarantine_sha256
    paths = {file: inside(folder, file) for file in stated}
    found = {file: file_sha256(path) if path.is_file() else "missing" for file, path in paths.items()}
    return [Difference(record.shard, file, found[file], sha256) for file, sha256 in stated.items() if found[file] != sha256]


def replay(folder: Path, sample_id: str) -> Sample | Failure:
    """Make one planned sample again, in this process: the sample with its verdicts, or what went wrong."""
    again = plan_of(folder)
    item = _find(again, sample_id)

    def make() -> Sample:
        return verify_item(again, item, draft_item(again, item))

    return attempt(make)


def _find(again: Plan, sample_id: str) -> Item:
    for source, count in enumerate(again.counts):
        for index in range(count):
            if planned_id(again, item := Item(source, index))[0] == sample_id:
                return item
    raise UserError(
        f"no sample {sample_id!r} in this data set's plan",
        where="--sample",
        todo="copy an id from `assay show`, or the replay column of quarantine",
    )
