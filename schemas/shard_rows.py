"""The columns a trainer reads, taken straight from a shard's mapped bytes: `ShardRows` for one file, `Conversations` for a data set.

`schemas.shard` rebuilds whole samples through pyarrow, which costs tens of microseconds a row, copies media, and parses the truth. A
trainer needs turns and media alone and reads rows in random order, so this module finds where they lie once a shard and then hands out
views. Layout: the Arrow columnar format, "Encapsulated message format" and "IPC File Format", with the tables of File.fbs and Message.fbs.
A conversation is given out only after the CRC-32 of its record batch was found to be the manifest's, in every reading: at some 10 GB/s that
costs little, where the SHA-256 of whole files, which `assay verify` computes, would take longer than everything else. Token counts and
scores are read without.
"""

import mmap
import struct
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from pathlib import Path
from threading import Lock
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from zlib_ng import zlib_ng

from schemas.errors import IntegrityError
from schemas.manifest import inside
from schemas.rows import SCORE_PREFIX
from schemas.shard import RESTORE, check_schema, read_manifest

OPEN_SHARDS: Final = 1024
"""Shards kept mapped at a time: well below Linux's default of 65,530 maps a process (vm.max_map_count)."""


_Item = TypeVar("_Item")
_new = tuple.__new__
_Entries: TypeAlias = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""Some entries of a column: the row each is in, and its number in that row's arrays."""


class Picture(NamedTuple):
    """One encoded picture: a view into the shard."""

    data: memoryview
    width_px: int
    height_px: int


class Film(NamedTuple):
    """The encoded frames of one clip and their presentation times."""

    frames: tuple[memoryview, ...]
    time_s: tuple[float, ...]


class Said(NamedTuple):
    """One message: a turn without task and proof."""

    role: str
    text: str
    weight: float


class Conversation(NamedTuple):
    """What a trainer sees of a sample."""

    sample_id: str
    turns: tuple[Said, ...]
    images: tuple[Picture, ...]
    clips: tuple[Film, ...]


class ShardRows:
    """Rows of one shard by number, without a checksum: see `check`.

    Args:
        path: The shard's file.

    Raises:
        IntegrityError: The file is missing, is not a whole Arrow IPC file, or is not laid out as an Assay shard.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._view = memoryview(self._map)
            self._schema, self._columns, buffers = _read_schema(_schema_message(self._view))
            check_schema(self._schema, path)
            batches = _batches(self._view)
            self._spans = [(at, at + metadata + body) for at, metadata, body in batches]
            self._at = _buffer_offsets(self._view, [batch[:2] for batch in batches], buffers)
        except FileNotFoundError as error:
            raise IntegrityError(f"{path} is missing; {RESTORE}") from error
        except (ValueError, IndexError, OverflowError, OSError, struct.error, pa.ArrowException) as error:
            raise IntegrityError(f"{path} is not a whole Assay shard ({error}); {RESTORE}") from error

    def __len__(self) -> int:
        return len(self._at)

    def check(self, row: int, crc32: int) -> None:
        """Raise `IntegrityError` unless this is the checksum of everything that row `row` holds."""
        begin, end = self._spans[row]
        if (found := zlib_ng.crc32(self._view[begin:end])) != crc32:
            raise IntegrityError(f"{self.path} is damaged: row {row} has CRC-32 {found:08x}, the manifest says {crc32:08x}; {RESTORE}")

    def tokens(self) -> npt.NDArray[np.int32]:
        """int32 [R, 2]: text tokens and vision tokens of each row."""
        columns = [self._columns["text_tokens"], self._columns["vision_tokens"]]
        return np.frombuffer(self._view, np.int32, self._view.nbytes // 4)[self._at[:, columns] // 4]

    def score(self, name: str) -> npt.NDArray[np.float32]:
        """float32 [R], NaN where a row has no such score; KeyError if no row has."""
        column = self._columns[SCORE_PREFIX + name]
        values = np.frombuffer(self._view, np.float32, self._view.nbytes // 4)[self._at[:, column] // 4]
        absent = np.array([lies and not self._view[lies] & 1 for lies in self._at[:, column - 1].tolist()], dtype=bool)
        return np.where(absent, np.float32("nan"), values)

    @property
    def ids(self) -> list[str]:
        """The sample ids of all rows."""
        return self._index.ids

    @property
    def scores(self) -> tuple[str, ...]:
        """Names of the scores this shard has columns for."""
        return tuple(name.removeprefix(SCORE_PREFIX) for name in self._schema.names if name.startswith(SCORE_PREFIX))

    def __getitem__(self, row: int) -> Conversation:
        # Loops that append and `_new` read less well than comprehensions and constructors, and take two thirds of their time.
        view, index = self._view, self._index
        said: list[Said] = []
        pictures: list[Picture] = []
        try:
            for role, begin, end, weight in index.turns[row]:
                said.append(_new(Said, (role, str(view[begin:end], "utf-8"), weight)))
        except UnicodeDecodeError as error:  # only where nobody asked for the checksum
            raise IntegrityError(f"{self.path}: row {row} holds no UTF-8 ({error}); {RESTORE}") from error
        for begin, end, width, height in index.images[row]:
            pictures.append(_new(Picture, (view[begin:end], width, height)))
        clips = index.clips[row]
        return _new(Conversation, (index.ids[row], tuple(said), tuple(pictures), tuple(map(self._film, clips)) if clips else ()))

    @cached_property
    def _index(self) -> "_Index":
        try:
            return _Index(self._view, self._at, self._columns)
        except (ValueError, IndexError, OverflowError) as error:
            raise IntegrityError(f"{self.path} is not a whole Assay shard ({error}); {RESTORE}") from error

    def _film(self, number: int) -> Film:
        index = self._index
        first, end = index.films[number : number + 2]
        return Film(tuple([self._view[begin:end] for begin, end in index.frames[first:end]]), tuple(index.times[number]))


class _Index:
    """Where everything that `ShardRows` hands out lies, for all R rows at once, in lists: they are read an entry at a time.

    Attributes:
        ids: Each row's sample id.
        turns: Each row's (role, begin and end of the text, weight).
        images: Each row's (begin, end, width, height).
        clips: Each row's numbers of clips.
        films: Each clip owns the frames from its number in this list to before the next.
        frames: [begin, end] of each frame.
        times: Presentation times of each clip's frames.
    """

    def __init__(self, view: memoryview, at: npt.NDArray[np.int64], columns: dict[str, int]) -> None:
        self._view, self._at, self._columns = view, at, columns
        every = np.arange(len(at)), np.zeros(len(at), np.int64)
        self.ids = self._texts("sample_id", every)
        begins, turns = self._items("turns", every)
        texts, weights = self._spans("turns.text", turns).T.tolist(), self._values("turns.weight", np.float64, turns).tolist()
        self.turns = _parted(list(zip(self._texts("turns.role", turns), *texts, weights, strict=True)), begins)
        begins, images = self._items("images", every)
        sides = [self._values(f"images.{name}", np.int32, images).tolist() for name in ("width_px", "height_px")]
        self.images = _parted(list(zip(*self._spans("images.bytes", images, np.int64).T.tolist(), *sides, strict=True)), begins)
        begins, clips = self._items("clips", every)
        self.clips = _parted(range(begins[-1]), begins)
        self.films, frames = self._items("clips.frames", clips)
        self.frames: list[list[int]] = self._spans("clips.frames.item", frames, np.int64).tolist()
        begins, frames = self._items("clips.time_s", clips)
        times: list[float] = self._values("clips.time_s.item", np.float64, frames).tolist()
        self.times = _parted(times, begins)

    def _texts(self, name: str, which: _Entries) -> list[str]:
        # Interned, since a shard holds few different roles.
        return [sys.intern(str(self._view[begin:end], "utf-8")) for begin, end in self._spans(name, which).tolist()]

    def _values(self, name: str, kind: type[Any], which: _Entries, shift: int = 0) -> npt.NDArray[Any]:
        """Values of column `name`."""
        size = np.dtype(kind).itemsize
        at = self._at[which[0], self._columns[name]] // size + which[1] + shift
        found: npt.NDArray[Any] = np.frombuffer(self._view, kind, len(self._view) // size)[at]
        return found

    def _spans(self, name: str, which: _Entries, kind: type[Any] = np.int32) -> npt.NDArray[np.int64]:
        """int64 [K, 2]: begin and end in the file of texts or bytes."""
        ends = [self._values(f"{name}#", kind, which, shift).astype(np.int64) for shift in (0, 1)]
        spans: npt.NDArray[np.int64] = np.stack(ends, axis=1) + self._at[which[0], self._columns[name]][:, None]
        if len(spans) and not (0 <= spans.min() <= spans.max() <= len(self._view) and (spans[:, 0] <= spans[:, 1]).all()):
            raise ValueError(f"{name} lies outside the file")
        return spans

    def _items(self, name: str, which: _Entries) -> tuple[list[int], _Entries]:
        """What lists hold: K + 1 numbers of where each of the K lists begins among all items, and where each item is."""
        first, end = (self._values(f"{name}#", np.int32, which, shift).astype(np.int64) for shift in (0, 1))
        counts = end - first
        if (counts < 0).any() or counts.sum() > len(self._view):
            raise ValueError(f"the lists of {name} are not in order")
        begins = np.concatenate([[0], np.cumsum(counts)])
        inside = np.arange(begins[-1]) - np.repeat(begins[:-1], counts)
        return begins.tolist(), (np.repeat(which[0], counts), inside + np.repeat(first, counts))


def _parted(items: Sequence[_Item], begins: list[int]) -> list[Sequence[_Item]]:
    """The items of each row."""
    return [items[a:b] for a, b in pairwise(begins)]


class Conversations:
    """Every conversation of a finished data set by number, in shard order. Threads may share it.

    Args:
        folder: A folder that `assay build` has finished.
        open_shards: How many shards to keep mapped.

    Raises:
        UserError: The folder or its manifest does not exist.
        IntegrityError: The manifest is damaged.
    """

    def __init__(self, folder: Path | str, *, open_shards: int = OPEN_SHARDS) -> None:
        self.folder = Path(folder)
        self.manifest = read_manifest(self.folder)
        self.records = self.manifest.shards
        self._ends = list(accumulate(record.rows for record in self.records))
        self._length = self._ends[-1] if self._ends else 0
        self._limit = open_shards
        self._open: dict[int, ShardRows] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Conversation:
        """Conversation `index`; `IntegrityError` if one byte of it is not what the manifest says."""
        shard, row = self.locate(index)
        rows, record = self.shard(shard), self.records[shard]
        rows.check(row, record.row_crc32[row])
        conversation = rows[row]
        if conversation.sample_id != record.sample_ids[row]:
            named = f"row {row} is {conversation.sample_id}, the manifest says {record.sample_ids[row]}"
            raise IntegrityError(f"{rows.path}: {named}; {RESTORE}")
        return conversation

    def __iter__(self) -> Iterator[Conversation]:
        return (self[index] for index in range(len(self)))

    def locate(self, index: int) -> tuple[int, int]:
        """(shard, row) of conversation `index`."""
        if not 0 <= index < self._length:
            raise IndexError(f"index {index} is outside {self.folder}, which has {len(self)} samples")
        shard = bisect_right(self._ends, index)
        return shard, index - self._ends[shard] + self.records[shard].rows

    def shard(self, number: int) -> ShardRows:
        """Shard `number`, mapped but not verified; `IntegrityError` if its file is missing or broken."""
        rows = self._open.get(number)
        return rows if rows is not None else self._map_shard(number)

    def _map_shard(self, number: int) -> ShardRows:
        rows = ShardRows(inside(self.folder, self.records[number].file))
        if len(rows) != self.records[number].rows:
            raise IntegrityError(f"{rows.path} has {len(rows)} samples, the manifest says {self.records[number].rows}; {RESTORE}")
        with self._lock:
            while len(self._open) >= self._limit:
                del self._open[next(iter(self._open))]
            return self._open.setdefault(number, rows)


_BLOCK = struct.Struct("<qi4xq")  # Block of File.fbs: offset, metaDataLength, bodyLength
_INT32, _UINT32, _UINT16 = struct.Struct("<i"), struct.Struct("<I"), struct.Struct("<H")


def row_checksums(shard: memoryview) -> tuple[int, ...]:
    """CRC-32 (ISO 3309, as in zlib) of each record batch of a shard's bytes, from the batch's length to the end of its body."""
    return tuple(zlib_ng.crc32(shard[at : at + metadata + body]) for at, metadata, body in _batches(shard))


def _batches(view: memoryview) -> list[tuple[int, int, int]]:
    """(position, metadata length, body length) of each record batch, from the footer at the end of the file."""
    if bytes(view[:6]) != b"ARROW1" or bytes(view[-6:]) != b"ARROW1":
        raise ValueError("it does not begin and end with ARROW1")
    end = len(view) - 10
    footer = _indirect(view, end - _INT32.unpack_from(view, end)[0])
    found = _field(view, footer, 3)  # Footer.recordBatches
    if found is None:
        return []
    vector = _indirect(view, found)
    count = _UINT32.unpack_from(view, vector)[0]
    return [_BLOCK.unpack_from(view, vector + 4 + _BLOCK.size * number) for number in range(count)]


def _schema_message(view: memoryview) -> bytes:
    (size,) = _INT32.unpack_from(view, 12)
    return bytes(view[8 : 16 + size])


@lru_cache(maxsize=64)
def _read_schema(message: bytes) -> tuple[pa.Schema, dict[str, int], int]:
    """The schema; column path to the number of its buffer, `name#` for offsets and `name` for values; how many buffers there are."""
    schema = pa.ipc.read_schema(pa.py_buffer(message))
    names = [name for field in schema for name in _walk(field.name, field.type)]
    return schema, {name: number for number, name in enumerate(names) if name}, len(names)


def _buffer_offsets(view: memoryview, batches: list[tuple[int, int]], count: int) -> npt.NDArray[np.int64]:
    """int64 [R, B]: where each buffer of each record batch begins in the file; 0 for an empty one."""
    if not batches:
        return np.empty((0, count), np.int64)
    # Batches of one schema have metadata of one layout, so the list of buffers is looked up in the first and read from all at once.
    at, metadata = np.array(batches, np.int64).T
    vector = at + _buffer_list(view, batches[0][0])
    given = np.frombuffer(view, np.uint32, len(view) // 4)[vector // 4]
    if (metadata != metadata[0]).any() or (given != count).any():
        raise ValueError(f"its record batches do not all have {count} buffers")
    entries = (vector + 4)[:, None] // 8 + np.arange(2 * count)
    buffers = np.frombuffer(view, np.int64, len(view) // 8)[entries].reshape(-1, count, 2)
    offsets = np.where(buffers[:, :, 1] > 0, buffers[:, :, 0] + (at + metadata)[:, None], 0)
    if not 0 <= offsets.min() <= offsets.max() < len(view):
        raise ValueError("a buffer lies outside the file")
    return offsets


def _buffer_list(view: memoryview, at: int) -> int:
    """Where the list of buffers begins in a record batch's message, counted from the message's position `at`."""
    header = _field(view, _indirect(view, at + 8), 2)  # Message.header
    if header is None:
        raise ValueError("its first message is empty")
    batch = _indirect(view, header)
    found = _field(view, batch, 2)  # RecordBatch.buffers
    if found is None or _field(view, batch, 3) is not None:  # RecordBatch.compression
        raise ValueError("its record batches are compressed or have no buffers")
    return _indirect(view, found) - at


def _indirect(view: memoryview, at: int) -> int:
    return at + int(_UINT32.unpack_from(view, at)[0])


def _field(view: memoryview, table: int, slot: int) -> int | None:
    """Position of a field of a FlatBuffers table, or None where it is absent."""
    vtable = table - _INT32.unpack_from(view, table)[0]
    if 4 + 2 * slot >= _UINT16.unpack_from(view, vtable)[0]:
        return None
    offset = _UINT16.unpack_from(view, vtable + 4 + 2 * slot)[0]
    return table + int(offset) if offset else None


def _walk(path: str, kind: pa.DataType) -> list[str]:
    # Depth first, as the columnar format lays buffers out: validity, then offsets, then values or children.
    if pa.types.is_struct(kind):
        return ["", *(name for field in kind for name in _walk(f"{path}.{field.name}", field.type))]
    if pa.types.is_list(kind):
        return ["", f"{path}#", *_walk(path if pa.types.is_struct(kind.value_type) else f"{path}.item", kind.value_type)]
    if pa.types.is_large_binary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return ["", f"{path}#", path]
    return ["", path]
