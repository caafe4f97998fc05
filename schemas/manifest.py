"""The two JSON records that make a folder a data set: one `CommitRecord` a shard, and the `Manifest`, written last.

Both are read strictly: an unknown key, a missing key or a wrong type is an `IntegrityError` naming the file and the key, an unknown
format or a newer version says what to do, and paths cannot leave the folder. The **ledger** of each shard must balance: planned = rows +
rejected + quarantined. Nothing here opens a shard.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, TypeVar

from pydantic import ConfigDict, JsonValue, TypeAdapter, ValidationError

from schemas.canonical import canonical_json
from schemas.errors import IntegrityError
from schemas.phrases import shortened
from schemas.sample import sha256_hex

FORMAT = "assay.dataset"
VERSION = 2
MANIFEST_NAME, PLAN_NAME = "manifest.json", "plan.json"

_STRICT = ConfigDict(extra="forbid", strict=True)
Record = TypeVar("Record", "CommitRecord", "Manifest")


@dataclass(frozen=True, slots=True)
class CommitRecord:
    """What one committed shard holds. It is written after the shard's bytes are safely in place.

    Attributes:
        shard: Number of the shard, from 0.
        file: Path below the data set's folder, with forward slashes.
        rows: Samples kept.
        bytes: Size of the file.
        sha256: Hash of the file.
        text_tokens: Sum over its samples.
        vision_tokens: Sum over its samples.
        sample_ids: In row order.
        row_crc32: CRC-32 of each row's record batch (`schemas.shard_rows.row_checksums`), which a trainer checks as it reads.
        planned: Samples the plan asked for.
        rejected: Reason to number of samples a filter or a verifier turned down.
        quarantined: Reason to number of samples that failed while they were made.
        quarantine_file: Path below the folder, or None when nothing was rejected or quarantined.
        quarantine_sha256: Hash of that file.
        verified_artefact: Answers proved from the stored bytes alone.
        verified_truth: Answers that could only be checked against the stored truth.
    """

    shard: int
    file: str
    rows: int
    bytes: int
    sha256: str
    text_tokens: int
    vision_tokens: int
    sample_ids: tuple[str, ...]
    row_crc32: tuple[int, ...]
    planned: int
    rejected: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    quarantine_file: str | None = None
    quarantine_sha256: str | None = None
    verified_artefact: int = 0
    verified_truth: int = 0
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    def check(self) -> None:
        """Raise `IntegrityError` unless the ledger balances, ids match rows, and paths stay inside the folder."""
        rejected, quarantined = sum(self.rejected.values()), sum(self.quarantined.values())
        if self.planned != self.rows + rejected + quarantined:
            raise IntegrityError(
                f"shard {self.shard}: the ledger does not balance: planned {self.planned} but kept {self.rows} + rejected {rejected} "
                f"+ quarantined {quarantined}; build the shard again"
            )
        counts = [self.shard, self.rows, self.bytes, self.text_tokens, self.vision_tokens, self.verified_artefact, self.verified_truth]
        if (least := min(*counts, *self.rejected.values(), *self.quarantined.values())) < 0:
            raise IntegrityError(f"shard {self.shard}: a count is negative: {least}")
        if len(self.sample_ids) != self.rows:
            raise IntegrityError(f"shard {self.shard}: {len(self.sample_ids)} sample ids for {self.rows} rows")
        if len(self.row_crc32) != self.rows:
            raise IntegrityError(f"shard {self.shard}: {len(self.row_crc32)} row checksums for {self.rows} rows")
        check_relative(self.file, f"file of shard {self.shard}")
        if (self.quarantine_file is None) != (self.quarantine_sha256 is None):
            raise IntegrityError(f"shard {self.shard}: quarantine_file and quarantine_sha256 must be given together")
        if self.quarantine_file is not None:
            check_relative(self.quarantine_file, f"quarantine_file of shard {self.shard}")

    def to_json(self) -> str:
        """Sorted, indented JSON with a closing newline: the bytes of `commits/<k>.json`."""
        return _dump(self)

    @classmethod
    def from_json(cls, text: str, where: str) -> "CommitRecord":
        """Read and check a record; `where` names the file in errors (`IntegrityError`)."""
        record = _parse(cls, text, where)
        record.check()
        return record


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What the bytes depend on besides the recipe: family versions, asset hashes, versions of libraries that can change pixels."""

    families: dict[str, int]
    assets: dict[str, str]
    libraries: dict[str, str]
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the shards."""

    rows: int
    bytes: int
    text_tokens: int
    vision_tokens: int
    verified_artefact: int
    verified_truth: int
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    @classmethod
    def of(cls, shards: Iterable[CommitRecord]) -> "Totals":
        """The sums over commit records."""
        records = list(shards)
        return cls(
            rows=sum(r.rows for r in records),
            bytes=sum(r.bytes for r in records),
            text_tokens=sum(r.text_tokens for r in records),
            vision_tokens=sum(r.vision_tokens for r in records),
            verified_artefact=sum(r.verified_artefact for r in records),
            verified_truth=sum(r.verified_truth for r in records),
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole data set on one page. A folder without it is unfinished."""

    fingerprint: str
    recipe: dict[str, JsonValue]
    ingredients: Ingredients
    shards: tuple[CommitRecord, ...]
    totals: Totals
    format: str = FORMAT
    version: int = VERSION
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    def check(self) -> None:
        """Raise `IntegrityError` unless every record checks, shards are numbered 0, 1, 2 …, no sample occurs twice, the totals are the sums
        over the shards, and the fingerprint is that of the recipe and the ingredients.
        """
        for record in self.shards:
            record.check()
        numbers = [record.shard for record in self.shards]
        if numbers != list(range(len(numbers))):
            raise IntegrityError(f"the manifest's shards are numbered {numbers[:12]}, not 0 to {len(numbers) - 1} in order")
        if (sums := Totals.of(self.shards)) != self.totals:
            raise IntegrityError(f"the manifest's totals {self.totals} are not the sums over its shards {sums}")
        ids = Counter(sample_id for record in self.shards for sample_id in record.sample_ids)
        if doubled := [sample_id for sample_id, number in ids.items() if number > 1]:
            raise IntegrityError(f"{len(doubled)} samples occur twice, first {doubled[0]}")
        if (found := fingerprint_of(self.recipe, self.ingredients)) != self.fingerprint:
            raise IntegrityError(
                f"the manifest's fingerprint is {self.fingerprint[:16]}, its recipe and ingredients give {found[:16]}: it was edited; "
                "restore it, or delete it and run the build again"
            )

    def to_json(self) -> str:
        """Sorted, indented JSON with a closing newline: the bytes of `manifest.json`."""
        return _dump(self)

    @classmethod
    def from_json(cls, text: str, where: str) -> "Manifest":
        """Read and check a manifest; `where` names the file in errors (`IntegrityError`)."""
        manifest = _parse(cls, text, where)
        manifest.check()
        return manifest


def data_sets_below(folder: Path) -> str:
    """`did you mean 'demo/data'? `, or nothing: for errors about a folder that is not a data set, but has some in it."""
    found = sorted(str(path.parent) for path in folder.glob(f"*/{MANIFEST_NAME}"))[:3]
    return f"did you mean {' or '.join(map(repr, found))}? " if found else ""


def fingerprint_of(recipe: dict[str, Any], ingredients: Ingredients) -> str:
    """SHA-256, as hex digits, of the canonical JSON of a resolved recipe and its ingredients: equal fingerprints promise equal bytes."""
    return sha256_hex(canonical_json({"recipe": recipe, "ingredients": asdict(ingredients)}).encode())


def check_relative(path: str, where: str) -> None:
    """Raise `IntegrityError` unless `path` is relative, uses forward slashes and cannot leave the folder."""
    parts = PurePosixPath(path).parts
    if not parts or PurePosixPath(path).is_absolute() or ".." in parts or any(c in path for c in "\\:\0"):
        raise IntegrityError(f"{where} is {path!r}; it must be a relative path inside the data set's folder")


def inside(folder: Path, path: str) -> Path:
    """`folder / path`, once `check_relative` has agreed."""
    check_relative(path, f"path in {folder / MANIFEST_NAME}")
    return folder / path


def _dump(record: CommitRecord | Manifest) -> str:
    return json.dumps(asdict(record), sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _parse(cls: type[Record], text: str, where: str) -> Record:
    try:
        document: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise IntegrityError(
            f"{where} is not JSON ({error}); it was cut off or edited: restore it, or delete it and run the build again"
        ) from error
    if cls is Manifest:
        _check_version(document, where)
    try:
        return TypeAdapter(cls).validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"]) or "the top level"
        raise IntegrityError(f"{where}: {path}: {first['msg']} (found {shortened(repr(first['input']), 80)})") from error


def _check_version(document: Any, where: str) -> None:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        found = document.get("format") if isinstance(document, dict) else type(document).__name__
        raise IntegrityError(f"{where} has format {found!r}, not {FORMAT!r}: it is not the manifest of an Assay data set")
    version = document.get("version")
    if version != VERSION:
        todo = f"this Assay reads version {VERSION}; install a release that reads version {version!r}, or build it again with this one"
        raise IntegrityError(f"{where} has version {version!r}: {todo}")
