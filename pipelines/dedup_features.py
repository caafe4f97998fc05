"""What deduplication needs to know of a shard's samples: hashes of their content and truth, a sketch of their text, hashes of pictures.

One pass a shard; the result is two arrays on disk, a few hundred bytes a sample and a picture, and no media. They are named by the shard's
hash, so that a run that was stopped, or one over a set that was looked at before, does not look again.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
from numpy.typing import NDArray

from filters.duplicates import NAMES, NUMBERS, TextRule, sketch_text
from pipelines.dedup_pictures import fixed_windows, sketch_picture
from schemas.canonical import canonical_json
from schemas.manifest import CommitRecord, inside
from schemas.sample import Image, Sample, sha256_hex
from schemas.shard import ShardReader

VERSION = 2
"""Raised whenever a sample would have other features."""

PICTURE: np.dtype[Any] = np.dtype(
    [
        ("row", "<u4"),
        ("number", "<u4"),
        ("sha", "<u8"),
        ("hashes", "<u8", (len(fixed_windows()) + 1,)),
        ("trimmed", "<f4", (4,)),
    ]
)
"""Row in the shard, number in the sample, start of the encoded picture's hash, `PictureSketch`."""

Table = NDArray[np.void]


def row_type(rule: TextRule) -> np.dtype[Any]:
    """`content`: start of the hash of media and conversation; `truth`: that of family, truth and answers; `media`: that of pictures and
    frames, 0 if there are none; `asked`: that of what the user says; `talk`: that of the answers, and of what was asked unless they have
    `rule.words` words, since a short answer is one to many questions; `tokens`: of the sample; `pictures`: how many; `answered`: words
    of the answers; the rest as in `TextSketch`.
    """
    return np.dtype(
        [
            ("content", "<u8"),
            ("truth", "<u8"),
            ("media", "<u8"),
            ("asked", "<u8"),
            ("talk", "<u8"),
            ("tokens", "<i8"),
            ("pictures", "<u4"),
            ("answered", "<u4"),
            ("words", "<u4"),
            ("signature", "<u4", (rule.permutations,)),
            ("numbers", "<u4", (NUMBERS,)),
            ("names", "<u4", (NAMES,)),
        ]
    )


@dataclass(frozen=True, slots=True)
class ShardFile:
    """One shard of one of the data sets, and whether it is of an older one, which is compared with and not written."""

    data_set: int
    folder: Path
    record: CommitRecord
    old: bool = False

    @property
    def path(self) -> Path:
        """Its file."""
        return inside(self.folder, self.record.file)


def write_features(shard: ShardFile, rule: TextRule, into: Path) -> None:
    """Look at every sample of a shard, unless that was done; IntegrityError if its file is not what its record says."""
    rows_path, pictures_path = feature_paths(shard, rule, into)
    if rows_path.is_file():  # written last
        return
    rows = np.zeros(shard.record.rows, row_type(rule))
    pictures: list[Table] = []
    for number, sample in enumerate(ShardReader(shard.path, shard.record.sha256)):
        sketch = sketch_text(written(sample), rule)
        asked, answers = (_said(sample, role) for role in ("user", "assistant"))
        answered = sum(len(text.split()) for text in answers)
        talk = _hash([answers] if answered >= rule.words else [asked, answers])
        hashes = (content_hash(sample), _truth_hash(sample), _media_hash(sample), _hash(asked), talk)
        counts = (sample.text_tokens + sample.vision_tokens, len(sample.images), answered, sketch.words)
        rows[number] = (*hashes, *counts, sketch.signature, sketch.numbers, sketch.names)
        pictures += [_picture(number, place, image) for place, image in enumerate(sample.images)]
    _save(np.concatenate(pictures) if pictures else np.zeros(0, PICTURE), pictures_path)
    _save(rows, rows_path)


def feature_paths(shard: ShardFile, rule: TextRule, into: Path) -> tuple[Path, Path]:
    """Where the arrays of rows and of pictures of a shard lie."""
    key = sha256_hex(canonical_json({"version": VERSION, "rule": asdict(rule), "shard": shard.record.sha256}).encode())[:24]
    return into / f"{key}.rows.npy", into / f"{key}.pictures.npy"


def written(sample: Sample) -> str:
    """The text that makes a sample what it is: of its PDFs, of its text files, and its answers. What is asked is the same in many."""
    parts = [text for attachment in sample.attachments for text in _text_of(attachment.media_type, attachment.data)]
    return "\n".join([*parts, *(turn.text for turn in sample.turns if turn.role == "assistant")])


def _text_of(media_type: str, data: bytes) -> Iterator[str]:
    if media_type == "application/pdf":
        with pymupdf.open(stream=data, filetype="pdf") as document:
            yield from (page.get_text() for page in document)
    elif media_type.startswith("text/"):
        yield data.decode("utf-8", "replace")


def content_hash(sample: Sample) -> int:
    """64 bits of the SHA-256 over media and conversation."""
    digest = _media_digest(sample)
    digest.update(canonical_json([[turn.role, turn.text] for turn in sample.turns]).encode())
    return int.from_bytes(digest.digest()[:8], "little")


def _media_digest(sample: Sample) -> "hashlib._Hash":
    digest = hashlib.sha256()
    for image in sample.images:
        digest.update(image.data)
    for clip in sample.clips:
        digest.update(b"".join(clip.frames) + canonical_json(list(clip.time_s)).encode())
    return digest


def _media_hash(sample: Sample) -> int:
    return int.from_bytes(_media_digest(sample).digest()[:8], "little") if sample.images or sample.clips else 0


def _truth_hash(sample: Sample) -> int:
    return _hash([sample.family, sample.truth, [turn.text for turn in sample.turns if turn.role == "assistant"]])


def _said(sample: Sample, role: str) -> list[str]:
    """What one side says, without regard to case and space."""
    return [" ".join(turn.text.casefold().split()) for turn in sample.turns if turn.role == role]


def _hash(said: object) -> int:
    return int.from_bytes(hashlib.sha256(canonical_json(said).encode()).digest()[:8], "little")


def _picture(row: int, number: int, image: Image) -> Table:
    sketch = sketch_picture(image)
    found: Table = np.array([(row, number, int(image.sha256[:16], 16), sketch.hashes, sketch.trimmed)], PICTURE)
    return found


def _save(table: Table, path: Path) -> None:
    """Under its name only when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        np.save(file, table, allow_pickle=False)
    temporary.replace(path)
