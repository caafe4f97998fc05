"""Outside files that samples are made from: a path, glob or URI becomes a sorted list of assets with content hashes, and their bytes on
demand.

A run must not depend on when a file was looked at, so the list is made once (`resolve`) and every later read compares the content with
the hash in the list: a file that went away or changed is a `DataError` for the samples that need it. `.gz` files are read unpacked,
within a size limit. Nothing here knows what is inside the files.
"""

import hashlib
import zlib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from schemas.errors import DataError, UserError
from schemas.sample import AssetUse

MAX_ASSET_BYTES = 512 * 1024 * 1024
"""Largest unpacked file that is read (chosen: a worker may use 1.5 GiB, and a PDF is held about twice while it is cut)."""

_GZIP_WBITS = 16 + zlib.MAX_WBITS  # zlib's own code for "expect a gzip header"


@dataclass(frozen=True, slots=True)
class Asset:
    """One outside file.

    Attributes:
        path: Absolute path or URI as it is read, wherever the reading process runs.
        sha256: Hash of the stored file (of the packed file for `.gz`).
        licence: SPDX identifier, or `LicenseRef-user`.
        source: The pattern that found it, as it was given.
        name: The path below the folder that the pattern names, so that files of one pattern have different names; the file name if it
            names one file.
    """

    path: str
    sha256: str
    licence: str
    source: str
    name: str

    def use(self) -> AssetUse:
        """How a sample records that it used this asset."""
        return AssetUse(self.name, self.sha256, self.licence, self.source)


def resolve(pattern: str, licence: str = "LicenseRef-user") -> tuple[Asset, ...]:
    """All files that `pattern` names, hashed, sorted by path text.

    Args:
        pattern: A path, a glob (`*`, `?`, `[…]`, `**` for local folders), `file://…`, or another URI that PyArrow's file systems know
            (`s3://`, `gs://`).
        licence: SPDX identifier that all of them carry.

    Raises:
        UserError: Nothing matches, or the URI's scheme is unknown.
    """
    if not pattern.strip():
        raise UserError(
            "the pattern of input files is empty", where="params.pattern", todo="give a path, a glob such as docs/*.pdf, or a URI"
        )
    filesystem, path = _filesystem(pattern)
    paths = sorted(_matches(filesystem, path))
    if not paths:
        raise UserError(
            f"no file matches {pattern!r}",
            where="params.pattern",
            todo="check the path and quote globs so that the shell leaves them alone",
        )
    prefix = f"{pattern.split('://', 1)[0]}://" if _scheme(pattern) not in ("", "file") else ""
    folder = _fixed_folder(path).rstrip("/")
    return tuple(Asset(prefix + found, _hash(filesystem, found), licence, pattern, _name(found, folder)) for found in paths)


def read_asset(asset: Asset) -> bytes:
    """The content of an asset, unpacked if its name ends in `.gz`.

    Raises:
        DataError: `asset_missing`, `asset_changed` (other content than when the list was made), `too_large`, or `truncated` (a damaged
        `.gz`).
    """
    return _read_cached(asset)


def read_head(asset: Asset, size: int) -> bytes:
    """The first bytes of an asset, unpacked like those of `read_asset`; empty if they cannot be had. For a look before a run."""
    filesystem, path = _filesystem(asset.path)
    with filesystem.open_input_stream(path, compression=None) as file:
        data = file.read(size)
    if not asset.path.endswith(".gz"):
        return data
    try:
        return zlib.decompressobj(_GZIP_WBITS).decompress(data, size)
    except zlib.error:
        return b""


@lru_cache(maxsize=2)  # samples of one document come in a row; two, because a document may be compared with another
def _read_cached(asset: Asset) -> bytes:
    filesystem, path = _filesystem(asset.path)
    info = filesystem.get_file_info(path)
    if info.type != fs.FileType.File:
        raise DataError("asset_missing", f"{asset.path} was there when the run was planned and is gone")
    if info.size is not None and info.size > MAX_ASSET_BYTES:
        raise DataError("too_large", f"{asset.path} has {info.size} bytes, more than {MAX_ASSET_BYTES}")
    try:
        with filesystem.open_input_stream(path, compression=None) as file:
            data = file.read()
    except FileNotFoundError as error:
        raise DataError("asset_missing", f"{asset.path} was there when the run was planned and is gone") from error
    if (found := hashlib.sha256(data).hexdigest()) != asset.sha256:
        raise DataError("asset_changed", f"{asset.path} has sha256 {found[:16]}…, it had {asset.sha256[:16]}… when the run was planned")
    return unpack(data, asset.path) if asset.path.endswith(".gz") else data


def unpack(data: bytes, where: str, limit: int = MAX_ASSET_BYTES) -> bytes:
    """Unpack gzip data, refusing to grow beyond `limit` bytes (`too_large`) and refusing damaged data (`truncated`)."""
    if not data:
        return b""
    unpacker = zlib.decompressobj(_GZIP_WBITS)
    try:
        unpacked = unpacker.decompress(data, limit)
    except zlib.error as error:
        raise DataError("truncated", f"{where} is not a whole gzip file: {error}") from error
    if unpacker.unconsumed_tail:
        raise DataError("too_large", f"{where} unpacks to more than {limit} bytes")
    if not unpacker.eof:
        raise DataError("truncated", f"{where} ends in the middle of its gzip data")
    return unpacked


def _name(path: str, folder: str) -> str:
    return path[len(folder) + 1 :] if path.startswith(f"{folder}/") else path.rsplit("/", 1)[-1]


def _scheme(pattern: str) -> str:
    return pattern.split("://", 1)[0].lower() if "://" in pattern else ""


def _filesystem(pattern: str) -> tuple[fs.FileSystem, str]:
    """The file system of a path or URI, and the path inside it."""
    scheme = _scheme(pattern)
    if scheme in ("", "file"):
        return fs.LocalFileSystem(), str(Path(pattern.removeprefix("file://")).expanduser().absolute())
    head, _, rest = pattern.partition("://")
    bucket = rest.split("/", 1)[0]
    try:
        filesystem, _ = fs.FileSystem.from_uri(f"{head}://{bucket}")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise UserError(
            f"files behind {scheme}:// cannot be read ({error})",
            where=f"params.pattern: {pattern}",
            todo="use a local path, file://, s3:// or gs://, or copy the files here first",
        ) from error
    return filesystem, rest


def _matches(filesystem: fs.FileSystem, path: str) -> list[str]:
    if isinstance(filesystem, fs.LocalFileSystem):
        return _local_matches(path)
    fixed = _fixed_folder(path)
    if fixed == path:
        return [path] if filesystem.get_file_info(path).type == fs.FileType.File else []
    infos = filesystem.get_file_info(fs.FileSelector(fixed, recursive="/" in path[len(fixed) + 1 :], allow_not_found=True))
    return [info.path for info in infos if info.type == fs.FileType.File and fnmatchcase(info.path, path)]


def _local_matches(path: str) -> list[str]:
    fixed = _fixed_folder(path)
    if fixed == path:
        return [path] if Path(path).is_file() else []
    root = Path(fixed) if fixed else Path()
    return [str(found) for found in root.glob(path[len(fixed) :].lstrip("/")) if found.is_file()]


def _fixed_folder(path: str) -> str:
    """The part of a glob before its first folder with a wildcard; the whole path if it has none."""
    parts = path.split("/")
    wild = [number for number, part in enumerate(parts) if any(c in part for c in "*?[")]
    if not wild:
        return path
    return "/".join(parts[: wild[0]]) or ("/" if path.startswith("/") else "")


def _hash(filesystem: fs.FileSystem, path: str) -> str:
    digest = hashlib.sha256()
    with filesystem.open_input_stream(path, compression=None) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
