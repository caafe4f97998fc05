"""Samples in files: `ShardWriter` and `ShardReader` for one Arrow IPC file, `Dataset` for a folder of them with its manifest.

A shard holds one record batch a sample, so that reading one sample touches one sample's bytes. Media are compressed already, so the file
is not; equal samples give equal bytes. A shard opens with `pyarrow.ipc.open_file`, with `datasets.load_dataset("arrow", ...)` and, as a
table, with `ray.data.from_arrow`. Readers verify the whole file's SHA-256 once, before its first sample is given out. Nothing here
decides what goes into a shard or when it counts as committed.
"""

import hashlib
import io
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from schemas.errors import IntegrityError, UserError
from schemas.manifest import MANIFEST_NAME, PLAN_NAME, CommitRecord, Ingredients, Manifest, Totals, data_sets_below, inside
from schemas.rows import FORMAT, SCHEMA, SCORE_PREFIX, VERSION, row_to_sample, sample_to_row, schema_with
from schemas.sample import Sample

__all__ = [
    "SCHEMA",
    "CommitRecord",
    "Dataset",
    "Ingredients",
    "Manifest",
    "ShardReader",
    "ShardWriter",
    "Totals",
    "file_sha256",
    "read_manifest",
    "row_to_sample",
    "sample_to_row",
    "write_shard",
]

RESTORE = "restore the file, or delete it and run the build again"
"""What to do about a damaged shard."""


class ShardWriter:
    """Writes samples to an open binary file, one record batch each. Use as a context manager; the caller owns the file.

    Args:
        sink: Where the bytes go.
        scores: Names of every score the samples may carry, known before the first sample because they are columns.
    """

    def __init__(self, sink: io.BufferedIOBase, scores: Iterable[str] = ()) -> None:
        self._schema = schema_with(set(scores))
        self._writer = pa.ipc.new_file(sink, self._schema)

    def write(self, sample: Sample) -> None:
        """Append one sample; ValueError if it has a score that was not announced."""
        row = sample_to_row(sample)
        if unknown := sorted(set(row) - set(self._schema.names)):
            raise ValueError(f"sample {sample.sample_id} has {unknown}, which the shard was not opened with; name every score beforehand")
        self._writer.write_batch(pa.RecordBatch.from_pylist([row], schema=self._schema))

    def close(self) -> None:
        """Write the footer. A file without it is refused by every reader."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:  # after a failure the footer is left out, so that a half-written file cannot pass for a shard
            self.close()


def write_shard(samples: Sequence[Sample]) -> bytes:
    """The bytes of a shard of `samples`; its score columns are all the scores that any of them carries."""
    sink = io.BytesIO()
    with ShardWriter(sink, scores={name for sample in samples for name in sample.scores}) as writer:
        for sample in samples:
            writer.write(sample)
    return sink.getvalue()


class ShardReader:
    """Random access to the samples of one shard through a memory map. Opens on first use; can be pickled.

    Args:
        path: The shard's file.
        expected_sha256: Hash from the manifest or the commit record, verified before the first sample is given out.
    """

    def __init__(self, path: Path | str, expected_sha256: str | None = None) -> None:
        self.path = Path(path)
        self.expected_sha256 = expected_sha256

    def __reduce__(self) -> tuple[type["ShardReader"], tuple[Path, str | None]]:
        return (ShardReader, (self.path, self.expected_sha256))

    def __len__(self) -> int:
        return self._file.num_record_batches

    def __getitem__(self, index: int) -> Sample:
        return row_to_sample(self._row(_position(index, len(self), str(self.path))))

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    @property
    def scores(self) -> tuple[str, ...]:
        """Names of the scores this shard has columns for."""
        return tuple(name.removeprefix(SCORE_PREFIX) for name in self._file.schema.names if name.startswith(SCORE_PREFIX))

    def _row(self, index: int) -> dict[str, object]:
        rows = self._file.get_batch(index).to_pylist()
        if len(rows) != 1:
            raise IntegrityError(f"{self.path}: record batch {index} holds {len(rows)} rows; Assay writes one sample a batch")
        return rows[0]

    @cached_property
    def _file(self) -> pa.ipc.RecordBatchFileReader:
        if not self.path.is_file():
            raise IntegrityError(f"{self.path} is missing; {RESTORE}")
        if self.expected_sha256 is not None and (found := file_sha256(self.path)) != self.expected_sha256:
            raise IntegrityError(f"{self.path} is damaged: expected sha256 {self.expected_sha256}, found {found}; {RESTORE}")
        try:
            reader = pa.ipc.open_file(pa.memory_map(str(self.path)))
        except pa.ArrowInvalid as error:
            raise IntegrityError(f"{self.path} is not a whole Arrow IPC file ({error}); {RESTORE}") from error
        check_schema(reader.schema, self.path)
        return reader


class Dataset:
    """Random access to every sample of a finished data set, in shard order.

    Args:
        folder: A folder that `assay build` has finished, that is, one with a manifest.

    Raises:
        UserError: The folder or its manifest does not exist.
        IntegrityError: The manifest is damaged, of another version, or its ledger does not balance.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.manifest = read_manifest(self.folder)
        self.shards = tuple(ShardReader(inside(self.folder, r.file), r.sha256) for r in self.manifest.shards)
        self._ends = list(accumulate(record.rows for record in self.manifest.shards))

    def __reduce__(self) -> tuple[type["Dataset"], tuple[Path]]:
        return (Dataset, (self.folder,))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, index: int) -> Sample:
        index = _position(index, len(self), str(self.folder))
        shard = bisect_right(self._ends, index)
        record = self.manifest.shards[shard]
        row = index - self._ends[shard] + record.rows
        self._check_rows(shard)
        sample = self.shards[shard][row]
        if sample.sample_id != record.sample_ids[row]:
            raise IntegrityError(f"{self.shards[shard].path}: row {row} is {sample.sample_id}, the manifest says {record.sample_ids[row]}")
        return sample

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    def _check_rows(self, shard: int) -> None:
        reader, rows = self.shards[shard], self.manifest.shards[shard].rows
        if len(reader) != rows:
            raise IntegrityError(f"{reader.path} has {len(reader)} samples, the manifest says {rows}")


def read_manifest(folder: Path) -> Manifest:
    """The checked manifest of a data set's folder; UserError if there is none."""
    path = folder / MANIFEST_NAME
    if not folder.is_dir():
        raise UserError(f"{str(folder)!r} is not a folder", where=str(folder), todo="give the folder that `assay build … --out` wrote")
    if not path.is_file():
        if (folder / PLAN_NAME).is_file():
            what, todo = "so its build has not finished", f"run the same `assay build … --out {folder}` again: it resumes"
        else:
            what, todo = "so it is not a data set", f"{data_sets_below(folder)}give the folder that `assay build … --out` wrote"
        raise UserError(f"{str(folder)!r} has no {MANIFEST_NAME}, {what}", where=str(path), todo=todo)
    return Manifest.from_json(path.read_text(encoding="utf-8"), str(path))


def file_sha256(path: Path) -> str:
    """SHA-256 of a file as 64 lower-case hex digits, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_schema(schema: pa.Schema, path: Path) -> None:
    """Raise `IntegrityError` unless `schema` is the format's, with its version; `path` names the file."""
    metadata = schema.metadata or {}
    name, version = metadata.get(b"format", b"").decode(), metadata.get(b"version", b"").decode()
    if name != FORMAT:
        raise IntegrityError(f"{path} has format {name!r}, not {FORMAT!r}: it is an Arrow file, but not an Assay shard")
    if version != str(VERSION):
        todo = f"this Assay reads version {VERSION}; install a release that reads version {version!r}"
        raise IntegrityError(f"{path} has format version {version!r}: {todo}")
    scores = {column.removeprefix(SCORE_PREFIX) for column in schema.names if column.startswith(SCORE_PREFIX)}
    if not schema.equals(schema_with(scores)):
        unlike = [f.name for f in schema if f.name not in SCHEMA.names or SCHEMA.field(f.name) != f]
        raise IntegrityError(f"{path} says format version {VERSION}, but its columns are not: see {unlike or schema.names}")


def _position(index: int, length: int, where: str) -> int:
    position = index + length if index < 0 else index
    if not 0 <= position < length:
        raise IndexError(f"index {index} is outside {where}, which has {length} samples")
    return position
