"""Verifies a data set on Ray: one row a shard, each proved from its stored bytes by `pipelines.report`."""

from collections.abc import Callable
from pathlib import Path

from dags.corpus import map_shards, ray_errors, shard_numbers
from dags.session import ray_session
from pipelines.report import Report, check_shard, check_shards, read_report
from schemas.shard import read_manifest


def verify(folder: Path, *, workers: int, address: str | None = None, on_report: Callable[[int, Report], None]) -> Report:
    """Prove every shard of a finished data set; `on_report` hears of each as it is done.

    Raises:
        UserError: The folder has no manifest.
        IntegrityError: The manifest is damaged or its ledger does not balance.
        MachineError: Ray gave up.
    """
    records = {record.shard: record for record in read_manifest(folder).shards}
    total = Report()
    if not records or (workers == 1 and address is None):  # proved in this process: starting Ray would take longer than most data sets
        for shard, record in records.items():
            found = check_shard(folder, record)
            on_report(shard, found)
            total += found
        return total
    with ray_session(workers, address) as ray, ray_errors(ray):
        arguments = {"folder": folder.resolve(), "records": records}
        for row in map_shards(ray, shard_numbers(ray, sorted(records)), check_shards, arguments, min(workers, len(records))).iter_rows():
            found = read_report(row["report"])
            on_report(row["shard"], found)
            total += found
    return total
