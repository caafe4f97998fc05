"""Puts a finished shard into a data set's folder, once, whatever is killed when.

Bytes go to a temporary name, are flushed and hashed, and are linked under a name made of their hash; the folder is flushed; only then does
the commit record appear, by a link that fails if there is one already. So each state a kill can leave is harmless: a temporary file
(removed at the next start, or before the manifest), a shard without a record (the same bytes come again under the same name), or a whole
commit. A second attempt finds its own record, or another one: that is a `DeterminismError`. Nothing here knows Ray, families or what a
shard holds.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import AssayError, DeterminismError
from schemas.manifest import MANIFEST_NAME, PLAN_NAME, CommitRecord, Manifest

SHARDS, QUARANTINE, COMMITS, TEMPORARY = "shards", "quarantine", "commits", "tmp"
HASH_DIGITS = 16
"""Of a file's SHA-256 that stand in its name: 64 bits tell the attempts at one shard apart."""

PUBLISH_STEPS = ("written", "flushed", "linked", "folder flushed")
"""The moments inside `publish`, in order; a kill after each is a row of the crash matrix."""

STEPS = tuple(f"{what} {step}" for what in ("shard", "quarantine", "record") for step in PUBLISH_STEPS)
"""Every moment of a commit, in order, as given to `on_step`."""

OnStep = Callable[[str], None]
Bytes = bytes | memoryview


class StorageError(AssayError):
    """The disk or the file system refused: not the user's recipe and not our code. Exit code 3."""


@dataclass(frozen=True, slots=True)
class FinishedShard:
    """A shard in memory, ready to be committed: its record except for names, sizes and hashes, and the bytes."""

    shard: int
    data: Bytes
    quarantine: bytes | None
    sample_ids: tuple[str, ...]
    row_crc32: tuple[int, ...]
    planned: int
    text_tokens: int
    vision_tokens: int
    rejected: dict[str, int]
    quarantined: dict[str, int]
    verified_artefact: int
    verified_truth: int


def ignore_step(step: str) -> None:
    """The `on_step` of ordinary builds."""


def commit_shard(folder: Path, finished: FinishedShard, on_step: OnStep = ignore_step) -> CommitRecord:
    """Make one shard part of the data set in `folder`, or find that it is already.

    Raises:
        DeterminismError: Another attempt committed this shard with other bytes.
        StorageError: The disk is full or refuses; nothing is left half committed.
    """
    name = f"{finished.shard:06d}"
    file = publish(folder, SHARDS, name, finished.data, _named(on_step, "shard"))
    quarantine = None
    if finished.quarantine is not None:
        quarantine = publish(folder, QUARANTINE, name, finished.quarantine, _named(on_step, "quarantine"))
    record = CommitRecord(
        shard=finished.shard,
        file=file.path,
        rows=len(finished.sample_ids),
        bytes=len(finished.data),
        sha256=file.sha256,
        text_tokens=finished.text_tokens,
        vision_tokens=finished.vision_tokens,
        sample_ids=finished.sample_ids,
        row_crc32=finished.row_crc32,
        planned=finished.planned,
        rejected=finished.rejected,
        quarantined=finished.quarantined,
        quarantine_file=quarantine.path if quarantine else None,
        quarantine_sha256=quarantine.sha256 if quarantine else None,
        verified_artefact=finished.verified_artefact,
        verified_truth=finished.verified_truth,
    )
    record.check()
    _publish_record(folder, record, _named(on_step, "record"))
    return record


@dataclass(frozen=True, slots=True)
class Published:
    """A file in place: its path below the folder and its hash."""

    path: str
    sha256: str


def publish(folder: Path, kind: str, name: str, data: Bytes, on_step: OnStep) -> Published:
    """Write `data` as `<kind>/<name>-<hash>.arrow`, safely on disk before this returns. Present already is as good: the name says the
    content.
    """
    digest = hashlib.sha256(data).hexdigest()
    path = f"{kind}/{name}-{digest[:HASH_DIGITS]}.arrow"
    _put(folder, folder / path, data, on_step)
    return Published(path, digest)


def write_manifest(folder: Path, manifest: Manifest, on_step: OnStep = ignore_step) -> None:
    """Write `manifest.json`, which makes the folder a data set. Atomic: readers see none or all of it."""
    write_atomically(folder, MANIFEST_NAME, manifest.to_json(), _named(on_step, "manifest"))


def write_atomically(folder: Path, name: str, text: str, on_step: OnStep = ignore_step) -> None:
    """Write a text file at the top of `folder`, replacing one of that name in a single step."""
    temporary = _write_temporary(folder, text.encode(), on_step)
    temporary.rename(folder / name)
    on_step(PUBLISH_STEPS[2])
    flush_folder(folder)
    on_step(PUBLISH_STEPS[3])


def prepare_folder(folder: Path, plan_text: str) -> None:
    """Make the folder and its parts, say in `plan.json` what it is for, and remove what a killed run left half written."""
    (folder / TEMPORARY).mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder)
    write_atomically(folder, PLAN_NAME, plan_text)
    for part in (SHARDS, QUARANTINE, COMMITS):
        (folder / part).mkdir(exist_ok=True)
    flush_folder(folder)


def forget_plan(folder: Path) -> None:
    """Leave the folder as if no build had been started in it, if no shard is there yet; for the folder's only builder."""
    if any(found for part in (COMMITS, QUARANTINE, SHARDS) for found in (folder / part).iterdir()):
        return
    remove_leftovers(folder)
    (folder / PLAN_NAME).unlink(missing_ok=True)
    with suppress(OSError):  # what is not empty stays, as does a folder that may not be removed
        for part in (TEMPORARY, COMMITS, QUARANTINE, SHARDS, ""):
            (folder / part).rmdir()


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left half written. For the folder's only builder, before its workers start or after they are done."""
    for leftover in (folder / TEMPORARY).iterdir():
        leftover.unlink(missing_ok=True)  # a worker of a killed run may still be tidying up


def flush_folder(folder: Path) -> None:
    """Make names in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _publish_record(folder: Path, record: CommitRecord, on_step: OnStep) -> None:
    target = folder / COMMITS / f"{record.shard:06d}.json"
    data = record.to_json().encode()
    _put(folder, target, data, on_step)
    if (found := target.read_bytes()) != data:
        other = CommitRecord.from_json(found.decode(), str(target))
        raise DeterminismError(
            f"shard {record.shard} was committed with sha256 {other.sha256} and came out as {record.sha256} this time: the same plan must "
            f"give the same bytes. Find what differs with `assay rebuild {folder} --check`; look for unseeded randomness, time or set order"
        )


def _put(folder: Path, target: Path, data: Bytes, on_step: OnStep) -> None:
    """Link `data` under `target` unless that exists; durable when this returns."""
    temporary = _write_temporary(folder, data, on_step)
    try:
        with suppress(FileExistsError):
            os.link(temporary, target)
    except OSError as error:
        raise _storage_error(error, target) from error
    finally:
        temporary.unlink(missing_ok=True)
    on_step(PUBLISH_STEPS[2])
    flush_folder(target.parent)
    on_step(PUBLISH_STEPS[3])


def _write_temporary(folder: Path, data: Bytes, on_step: OnStep) -> Path:
    """`data` in a new file below `folder/tmp`, flushed to the disk."""
    try:
        handle, name = tempfile.mkstemp(dir=folder / TEMPORARY)
    except OSError as error:
        raise _storage_error(error, folder / TEMPORARY) from error
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            on_step(PUBLISH_STEPS[0])
            file.flush()
            os.fsync(file.fileno())
        path.chmod(0o644)  # mkstemp's 0600 would keep a trainer of another user out
        on_step(PUBLISH_STEPS[1])
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _storage_error(error, path) from error
    return path


def _storage_error(error: OSError, path: Path) -> StorageError:
    return StorageError(
        f"cannot write {path}: {error.strerror or error}. Nothing is half committed; make room, or choose another --out on a file system "
        "with hard links, then run the same command again: it resumes"
    )


def _named(on_step: OnStep, what: str) -> OnStep:
    return lambda step: on_step(f"{what} {step}")
