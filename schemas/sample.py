"""What a sample is, in memory: one conversation over one set of media, with the truth it came from and the proof of every answer.

`schemas.shard` stores samples as Arrow rows. Families produce `Rendering` and `Turn`; verifiers see `Stored`. Nothing here knows about
folders, Ray or torch. Pixel boxes are (x0, y0, x1, y1) floats in the pixels of one image, origin top left, x right, y down, x1 and y1
exclusive.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeAlias, TypeVar

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
BoxPx: TypeAlias = tuple[float, float, float, float]
Landed = TypeVar("Landed")


def sha256_hex(data: bytes) -> str:
    """SHA-256 of `data` as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class Image:
    """One encoded picture."""

    data: bytes
    format: Literal["png", "jpeg", "webp"]
    width_px: int
    height_px: int
    sha256: str

    @classmethod
    def of(cls, data: bytes, format: Literal["png", "jpeg", "webp"], width_px: int, height_px: int) -> "Image":
        """An image with its hash computed."""
        return cls(data, format, width_px, height_px, sha256_hex(data))


@dataclass(frozen=True, slots=True)
class Clip:
    """Sampled frames of one video with their true presentation times in seconds."""

    frames: tuple[bytes, ...]
    time_s: tuple[float, ...]
    frame_index: tuple[int, ...]
    source_fps: float
    duration_s: float
    source_sha256: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """What the media were made from and a verifier reads (PDF, scene, code, encoded clip); never shown to the model."""

    name: str
    media_type: str
    data: bytes
    sha256: str

    @classmethod
    def of(cls, name: str, media_type: str, data: bytes) -> "Attachment":
        """An attachment with its hash computed."""
        return cls(name, media_type, data, sha256_hex(data))


@dataclass(frozen=True, slots=True)
class Evidence:
    """One place that supports an answer: a box in an image, or a time span in a clip.

    Attributes:
        image: Index into the sample's images, or None.
        box_px: Box in that image's pixels, or None for the whole image.
        time_s: (start, end) in seconds in clip `clip`, or None.
        note: What is there, for people (`Table 4, row K-104, 2021`).
    """

    image: int | None = None
    box_px: BoxPx | None = None
    clip: int | None = None
    time_s: tuple[float, float] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """How an answer follows: a small program over the artefact, its answer, and the evidence it needs."""

    program: Json
    answer: Json
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message. `<image>` and `<video>` in the text stand for the sample's media in order.

    Attributes:
        task: Name of the question type, on assistant turns (and on the user turn that asks).
        weight: Loss weight of an assistant turn.
        proof: Present on every assistant turn whose answer can be derived; stored inside the truth column.
    """

    role: Literal["system", "user", "assistant"]
    text: str
    task: str = ""
    weight: float = 1.0
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verifier found for one assistant turn. `how` is `artefact` (from stored bytes alone) or `truth` (only against the stored
    truth).
    """

    task: str
    passed: bool
    reason: str
    how: Literal["artefact", "truth"]


@dataclass(frozen=True, slots=True)
class AssetUse:
    """One outside file used by a sample: font, picture, PDF. `licence` is an SPDX identifier or `LicenseRef-user`."""

    name: str
    sha256: str
    licence: str
    source: str


@dataclass(frozen=True, slots=True)
class Rendering(Generic[Landed]):
    """Encoded media, and where each part of the truth landed in them (`landed`, the family's own type)."""

    landed: Landed
    images: tuple[Image, ...] = ()
    clips: tuple[Clip, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    assets: tuple[AssetUse, ...] = ()
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """What a reader of the shard sees and a verifier may use: the stored bytes."""

    images: tuple[Image, ...]
    clips: tuple[Clip, ...]
    attachments: tuple[Attachment, ...]

    def attachment(self, name: str) -> Attachment:
        """The attachment called `name`; KeyError if there is none."""
        for item in self.attachments:
            if item.name == name:
                return item
        raise KeyError(f"no attachment {name!r}; there are {[a.name for a in self.attachments]}")


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of a data set. Identity (`sample_id`) comes from family, version and seed, never from position."""

    sample_id: str
    family: str
    family_version: int
    index: int
    seed: int
    languages: tuple[str, ...]
    tags: tuple[str, ...]
    images: tuple[Image, ...]
    clips: tuple[Clip, ...]
    attachments: tuple[Attachment, ...]
    turns: tuple[Turn, ...]
    truth: str
    verdicts: tuple[Verdict, ...]
    provenance: str
    text_tokens: int
    vision_tokens: int
    scores: dict[str, float] = field(default_factory=dict)

    @property
    def stored(self) -> Stored:
        """The media and attachments, as a verifier sees them."""
        return Stored(self.images, self.clips, self.attachments)
