"""Checkpoints of a run: tensors by torch.distributed.checkpoint, written in the background, and one JSON record each that makes them count.

`checkpoints/00000100.partial/` is renamed to `00000100/` once every file is on disk, and then `00000100.json` is written, which lists the
files with their sizes and holds the state of loader and counters. A checkpoint without a whole record does not exist: a kill at any moment
leaves the one before. Nothing random is stored because nothing in a step is. (`.metadata`, in torch's own format, is a pickle.)
"""

import json
import os
import re
import shutil
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import async_save

from schemas.errors import AssayError, IntegrityError

VERSION = 1
OURS = re.compile(r"\d{8}(\.partial|\.tmp|\.json)?")
"""Names that this module gives; whatever else lies in the folder is not touched."""
Tensors = Mapping[str, Mapping[str, torch.Tensor]]


@dataclass(frozen=True, slots=True)
class _Pending:
    step: int
    written: "Future[Any]"
    record: dict[str, Any]


class Checkpoints:
    """The checkpoints of one run. Every rank makes one and calls the same methods; rank 0 keeps the folder.

    Args:
        folder: Created if absent; all ranks must see it.
        keep: Newest checkpoints kept.
        say: Told, in one sentence each, what was found broken and what is used instead.
        group: A process group over the CPU for background collectives, where there are several ranks.
        readonly: Only read; what is broken is passed over and left as it is.
    """

    def __init__(
        self, folder: Path, keep: int, say: Callable[[str], None], group: dist.ProcessGroup | None = None, *, readonly: bool = False
    ) -> None:
        self.folder, self.keep, self.say, self.group = folder, keep, say, group
        self.is_first = not readonly and (group is None or dist.get_rank(group) == 0)
        self._pending: _Pending | None = None
        if self.is_first:
            folder.mkdir(parents=True, exist_ok=True)

    def latest(self) -> dict[str, Any] | None:
        """The record of the newest whole checkpoint, or None; removes what a kill left half written and says so."""
        records = {path.stem: self._read(path) for path in sorted(self.folder.glob("*.json"))}
        whole = [record for record in records.values() if record is not None]
        chosen = whole[-1] if whole else None
        if self.is_first:
            valid = {stem for stem, record in records.items() if record is not None}
            instead = f"going on from step {chosen['step']}" if chosen else "there is no earlier one, so the run starts over"
            for path in sorted(self.folder.iterdir()):
                if OURS.fullmatch(path.name) and (path.name.split(".")[0] not in valid or path.suffix in (".partial", ".tmp")):
                    self.say(f"checkpoint {path} was not finished and is removed; {instead}")
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        return chosen

    def load(self, step: int, tensors: Tensors) -> None:
        """Fill `tensors` in place from the checkpoint of `step`, whatever number of ranks wrote it.

        Raises:
            IntegrityError: The files do not hold these tensors.
        """
        _quiet()
        target = {kind: dict(group) for kind, group in tensors.items()}
        try:
            load(target, checkpoint_id=self._path(step), process_group=self.group, no_dist=self.group is None)
        except (CheckpointException, RuntimeError, ValueError, KeyError, EOFError) as error:
            raise IntegrityError(
                f"checkpoint {self._path(step)} cannot be read: {_first_cause(error)}; delete it to use the one before"
            ) from error

    def save(self, step: int, tensors: Tensors, record: Mapping[str, Any]) -> None:
        """Copy the tensors aside and begin to write them; returns before they are on disk.

        Args:
            step: Steps done; the checkpoint's name.
            tensors: Free to change once this returns.
            record: What else is needed to go on, as JSON.
        """
        self.finish()
        _quiet()
        partial = self._path(step).with_suffix(".partial")
        target = {kind: dict(group) for kind, group in tensors.items()}
        more: dict[str, Any] = {"no_dist": True} if self.group is None else {"process_group": self.group}
        written = async_save(target, checkpoint_id=partial, **more)
        if not isinstance(written, Future):
            raise TypeError(f"async_save returned {type(written).__name__}")
        self._pending = _Pending(step, written, {**record, "version": VERSION, "step": step})

    def poll(self) -> None:
        """Commit the checkpoint under way if it has been written."""
        if self._pending is not None and self._pending.written.done():
            self.finish()

    def finish(self) -> None:
        """Wait for the checkpoint under way and commit it.

        Raises:
            AssayError: It could not be written.
        """
        if self._pending is None:
            return
        pending, self._pending = self._pending, None
        try:
            pending.written.result()
            if self.is_first:
                self._commit(pending)
        except (CheckpointException, OSError, RuntimeError) as error:
            raise AssayError(
                f"the checkpoint of step {pending.step} could not be written to {self.folder}: {_first_cause(error)}; "
                "make room or mend the disk, then run the same command again"
            ) from error

    def _commit(self, pending: _Pending) -> None:
        path = self._path(pending.step)
        partial = path.with_suffix(".partial")
        if path.exists():  # left by a run that was killed before its record was written
            shutil.rmtree(path)
        partial.rename(path)
        sync_folder(self.folder)
        files = {file.name: file.stat().st_size for file in sorted(path.iterdir())}
        write_json(path.with_suffix(".json"), {**pending.record, "files": files})
        for old in sorted(self.folder.glob("*.json"))[: -self.keep]:
            old.unlink()
            shutil.rmtree(old.with_suffix(""), ignore_errors=True)

    def _read(self, path: Path) -> dict[str, Any] | None:
        """A record whose files are all there with their sizes, or None."""
        try:
            record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            found = {file.name: file.stat().st_size for file in path.with_suffix("").iterdir()}
        except (OSError, ValueError):
            return None
        if record.get("version") != VERSION:
            raise IntegrityError(f"{path} has version {record.get('version')!r}; this Assay reads {VERSION}")
        return record if found == record.get("files") else None

    def _path(self, step: int) -> Path:
        return self.folder / f"{step:08d}"


def newest_step(folder: Path) -> int | None:
    """The step of the newest checkpoint that has a record, or None; for telling, since files are not looked at."""
    return max((int(path.stem) for path in folder.glob("*.json") if path.stem.isdecimal()), default=None)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file so that after a kill either the old or the new one is there, whole."""
    partial = path.with_suffix(".tmp")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    sync_folder(path.parent)


def read_json(path: Path) -> Any:
    """What `write_json` wrote; IntegrityError if it is no longer JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise IntegrityError(f"{path} is not JSON: {error}; restore it") from error


def sync_folder(folder: Path) -> None:
    """Make renames inside `folder` last."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _quiet() -> None:
    # torch warns in every single-process save and load that it assumes a single process.
    warnings.filterwarnings("ignore", message="torch.distributed is disabled", category=UserWarning)


def _first_cause(error: BaseException) -> str:
    """The innermost message of torch's nested checkpoint errors, in one line."""
    failures = getattr(error, "failures", {})
    if failures:
        return _first_cause(next(iter(failures.values()))[0])
    return (str(error) or type(error).__name__).strip().splitlines()[-1]
