"""The graph of `assay dedup`: look at every shard, join keys part by part, compare pictures block by block, cluster, write again.

Stages are functions of a number and of files, in Ray tasks or, with one worker and no cluster, in this process. Keys and hashes go through
files below the new data set's folder, media through nothing. A stage done again gives the same bytes, so a stopped run goes on: what was
found in a shard stays, joins are done again, and shards that are committed are found there.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dags.corpus import map_shards, ray_errors, shard_numbers
from dags.session import ray_session
from filters.duplicates import TextRule
from pipelines import dedup
from pipelines.commit import prepare_folder, write_manifest
from pipelines.dedup_clusters import cluster
from pipelines.dedup_join import EDGE, JOIN_BYTES
from schemas.errors import UserError
from schemas.manifest import PLAN_NAME, CommitRecord, Manifest

RULE = TextRule()
MEMORY_BYTES = 512 << 20
"""What joining one part may take (chosen)."""
CLUSTERS_NAME, KEEP_NAME = "dedup/clusters.arrow", "dedup/keep.arrow"

Stage = Callable[..., bytes]
Tell = Callable[[str, int, int], None]


def ignore(stage: str, done: int, total: int) -> None:
    """The `tell` of a run nobody watches."""


def deduplicate(
    folders: list[Path],
    out: Path,
    *,
    older: tuple[Path, ...] = (),
    rule: TextRule = RULE,
    workers: int = 1,
    address: str | None = None,
    memory_bytes: int = MEMORY_BYTES,
    drop_same_media: bool = False,
    tell: Tell = ignore,
) -> tuple[Manifest, pa.Table]:
    """Write the data sets in `folders`, without duplicates in them and of those in `older`, as one data set into `out`.

    Args:
        folders: Finished data sets. Their order does not matter.
        out: Where; created if absent, gone on with if it is of the same inputs and rule.
        older: Data sets that are compared with and not written: no sample of theirs is dropped.
        rule: When texts are near-duplicates.
        workers: Tasks at the same time.
        address: A Ray cluster's address; with more than one worker Ray is started on this machine without it.
        memory_bytes: What joining one part of the keys may take.
        drop_same_media: Whether samples go that ask or answer other things of the same media; they are found, and stay otherwise.
        tell: Hears of each stage's progress: its name, how many of its tasks are done, how many there are.

    Returns:
        The manifest and the table of clusters (`pipelines.dedup_clusters.CLUSTERS`).

    Raises:
        UserError: A folder is no finished data set, or `out` holds something else.
        IntegrityError: A shard is damaged.
        StorageError, MachineError: The disk or Ray gave up; the same call again resumes.
    """
    inputs = dedup.Inputs.of(folders, older)
    samples = sum(shard.record.rows for shard in inputs.shards)
    work = dedup.Work(inputs, rule, out.resolve(), dedup.part_count(samples, rule, memory_bytes, JOIN_BYTES), drop_same_media)
    _claim(out, dedup.plan_text(work))
    if workers == 1 and address is None:
        return _run(work, lambda stage, count, extra: (stage(number, **extra) for number in range(count)), tell)
    with ray_session(workers, address) as ray, ray_errors(ray):
        return _run(work, lambda stage, count, extra: _on_ray(ray, workers, stage, count, extra), tell)


def _run(work: dedup.Work, run: Callable[[Stage, int, dict[str, Any]], Iterator[bytes]], tell: Tell) -> tuple[Manifest, pa.Table]:
    def each(name: str, stage: Stage, count: int, **extra: Any) -> list[bytes]:
        found = []
        for result in run(stage, count, {"work": work, **extra}) if count else ():
            found.append(result)
            tell(name, len(found), count)
        return found

    each("look", dedup.look, len(work.inputs.shards))
    rows = work.rows()
    joined = [np.frombuffer(part, EDGE) for part in each("join", dedup.join_part, work.parts)]
    different = len(dedup.Pictures.of(work).first()[0])
    tasks = len(dedup.block_pairs(dedup.block_count(different)))
    pairs = each("compare pictures", dedup.compare_pictures, tasks)
    edges = np.concatenate([*joined, dedup.picture_edges(pairs, work, rows)])
    clusters = cluster(edges, rows, work.inputs.shards, work.drop_same_media)
    _write_table(clusters, work.out / CLUSTERS_NAME)
    written = each("write", dedup.write_again, len(work.inputs.written), clusters=clusters)
    manifest = dedup.close(work, [CommitRecord.from_json(text.decode(), "record") for text in written])
    ids = [name for record in manifest.shards for name in record.sample_ids]
    _write_table(pa.table({"sample_id": pa.array(ids, pa.string())}), work.out / KEEP_NAME)
    write_manifest(work.out, manifest)
    return manifest, clusters


def _on_ray(ray: Any, workers: int, stage: Stage, count: int, extra: dict[str, Any]) -> Iterator[bytes]:
    arguments = {"stage": stage, "extra": extra}
    for row in map_shards(ray, shard_numbers(ray, list(range(count))), _stage_rows, arguments, min(workers, count)).iter_rows():
        yield row["found"]


def _stage_rows(rows: pa.Table, stage: Stage, extra: dict[str, Any]) -> pa.Table:
    found = [stage(row["item"], **extra) for row in rows.to_pylist()]
    return pa.table({"found": pa.array(found, pa.large_binary())})


def _claim(out: Path, text: str) -> None:
    """Make the folder, or find that it is of the same plan; UserError if it is not."""
    try:
        names = sorted(path.name for path in out.iterdir()) if out.exists() else []
    except OSError as error:
        raise UserError(f"cannot use {str(out)!r}: {error.strerror}", where="--out", todo="choose a folder") from error
    if names and PLAN_NAME not in names and set(names) - {"tmp"}:
        what = f"{str(out)!r} is not empty and not a data set of ours (it holds {', '.join(names[:5])})"
        raise UserError(what, where="--out", todo="choose an empty folder")
    if PLAN_NAME in names and _fingerprint(out) != json.loads(text)["fingerprint"]:
        what = f"{str(out)!r} was made from other data sets, by another rule, or with other versions"
        raise UserError(what, where="--out", todo="choose another folder, or give what it was made from")
    prepare_folder(out, text)


def _fingerprint(out: Path) -> object:
    try:
        return json.loads((out / PLAN_NAME).read_bytes()).get("fingerprint")
    except (ValueError, AttributeError):
        return None


def _write_table(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
