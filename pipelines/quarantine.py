"""Samples that did not make it, as a data set of their own: at which stage, for what reason, with the traceback, and how to see it again.

A row says the same on every machine: paths in tracebacks are relative to the code, and the command to replay is written for the data set's
own folder.
"""

import errno
import io
import sysconfig
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeVar

import pyarrow as pa

import schemas
from pipelines.commit import StorageError
from schemas.errors import DataError, IntegrityError, UserError

Made = TypeVar("Made")

FORMAT = "assay.quarantine"
VERSION = 1

_COLUMNS: list[tuple[str, pa.DataType]] = [
    *((name, pa.string()) for name in ("kind", "sample_id", "source", "family")),
    ("index", pa.int64()),
    ("seed", pa.uint64()),
    ("shard", pa.int64()),
    *((name, pa.string()) for name in ("stage", "reason", "detail", "traceback", "replay")),
]
SCHEMA: pa.Schema = pa.schema(_COLUMNS, metadata={b"format": FORMAT.encode(), b"version": str(VERSION).encode()})


_MACHINE_ERRNOS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ESTALE}
)  # full, over quota, failing or gone storage, no memory, no file handles: any sample would fail there, and none once it is mended


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with one sample: a stable reason, the message, and the traceback. All three can be written as UTF-8."""

    reason: str
    detail: str
    traceback: str


def attempt(make: Callable[[], Made]) -> Made | Failure:
    """Call `make`; whatever goes wrong with this one sample is returned. Trouble of the machine and mistakes of the user go on up.

    Raises:
        StorageError: The disk, memory or file handles gave out; the build can be resumed.
        MemoryError: As Python raises it.
        UserError: As the family raises it.
    """
    try:
        return make()
    except DataError as error:
        return _failure(error.reason, error.detail, error)
    except (MemoryError, StorageError, UserError):  # the next sample would fare no better
        raise
    except OSError as error:
        if error.errno in _MACHINE_ERRNOS:
            raise StorageError(f"the machine gave out while a sample was made: {error}; mend that and run the build again") from error
        return _failure(type(error).__name__, str(error), error)  # a missing or broken input is the sample's own
    except Exception as error:  # noqa: BLE001 - the one place where a sample may fail in any way and the corpus goes on
        return _failure(type(error).__name__, str(error), error)


def _failure(reason: str, detail: str, error: Exception) -> Failure:
    return Failure(_encodable(reason), _encodable(detail), _encodable(describe_traceback(error)))


def _encodable(text: str) -> str:
    """`text` with each lone surrogate written out as its number, because it has no UTF-8 form and could not be stored."""
    return text.encode("utf-8", "backslashreplace").decode()


DEDUP = "dedup"
"""The stage at which `assay dedup` drops a sample."""


@dataclass(frozen=True, slots=True)
class Reject:
    """One sample that was planned and not kept.

    Attributes:
        kind: `rejected` if a verifier or a threshold turned it down, `quarantined` if making it failed.
        reason: Stable name it is counted under.
        detail: The message, with values.
        replay: Command that makes it again and shows what happens, run from the data set's folder.
    """

    kind: Literal["rejected", "quarantined"]
    sample_id: str
    source: str
    family: str
    index: int
    seed: int
    shard: int
    stage: str
    reason: str
    detail: str = ""
    traceback: str = ""
    replay: str = ""


def write_quarantine(rejects: Sequence[Reject]) -> bytes:
    """The rows as an Arrow IPC file; equal rows give equal bytes."""
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, SCHEMA) as writer:
        writer.write_table(pa.Table.from_pylist([asdict(reject) for reject in rejects], schema=SCHEMA))
    return sink.getvalue()


def read_quarantine(path: Path) -> list[Reject]:
    """The rows of one quarantine file; IntegrityError if it is not one."""
    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
    if (table.schema.metadata or {}) != SCHEMA.metadata:
        raise IntegrityError(f"{path} is not a quarantine file of version {VERSION}; its metadata are {table.schema.metadata}")
    return [Reject(**row) for row in table.to_pylist()]


def count_reasons(rejects: Iterable[Reject], kind: str) -> dict[str, int]:
    """Reason to number of samples, over those of one kind."""
    return dict(sorted(Counter(reject.reason for reject in rejects if reject.kind == kind).items()))


def describe_traceback(error: BaseException) -> str:
    """The traceback from where the sample's own code begins, with paths relative to where code is installed: the same on every machine."""
    lines = []
    for frame in traceback.extract_tb(error.__traceback__):
        if _relative(frame.filename).startswith(("pipelines/", "dags/")):  # how a sample is called is no part of it
            continue
        lines.append(f"{_relative(frame.filename)}:{frame.lineno} in {frame.name}\n    {frame.line or ''}")
    lines.append(f"{type(error).__name__}: {error}")
    return "\n".join(lines)


def _relative(filename: str) -> str:
    path = Path(filename)
    roots = [*(Path(root).parent for root in schemas.__path__), *map(Path, (sysconfig.get_path("purelib"), sysconfig.get_path("stdlib")))]
    for root in sorted(roots, key=lambda root: -len(root.parts)):  # the innermost: a virtual environment may lie inside the checkout
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return path.name
